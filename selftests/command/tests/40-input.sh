# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # set by run.sh
# Files that are no snapshot, and what is made of the others.

bad() { refuses "input-$1" "bad-$1.json: $2" show -i "bad-$1.json"; }
number="not a whole number from 0 to 18446744073709551615"
bad version "snapshot version 2, this command reads up to 1: use a newer syscount"
bad no-version "damaged: version: missing"
bad kind "kind 'nonsense' is not known to this command"
bad no-kind "damaged: kind: missing"
bad calls-negative "damaged: syscalls[1].calls: $number"
bad calls-double "damaged: syscalls[1].calls: $number"
bad calls-string "damaged: syscalls[1].calls: $number"
bad calls-null "damaged: syscalls[1].calls: $number"
bad no-calls "damaged: syscalls[1].calls: missing"
bad nr-range "damaged: syscalls[1].nr: not a whole number from -2147483648 to 2147483647"
bad nr-string "damaged: syscalls[1].nr: not a whole number from -2147483648 to 2147483647"
bad abi-long "damaged: syscalls[1].abi: not a word of 1 to 7 letters"
bad state "damaged: syscalls[1].state: not on, off or partial"
bad syscall-number "damaged: syscalls[1].syscall: not a string"
bad syscall-nul "damaged: syscalls[1].syscall: a string with a NUL byte"
bad no-syscalls "damaged: syscalls: missing"
bad syscalls-object "damaged: syscalls: not an array"
bad row-string "damaged: syscalls[1]: not an object"
bad twice "damaged: syscall 64 0 is there twice"
bad category-twice "damaged: categories[5].category: there twice"
bad times "damaged: now_ns: earlier than since_ns"
bad range "damaged: a number of more than 64 bits"
bad truncated "truncated: ends inside of a snapshot"
bad trailing "not a snapshot: no JSON object at byte 1309"
bad empty "empty: holds no snapshot"
bad blank "empty: holds no snapshot"
bad foreign "not a snapshot of syscount"
bad array "not a snapshot: no JSON object at byte 0"
bad deep "not JSON: nesting too deep at byte 44"
bad comma "not JSON: quoted object property name expected at byte 461"
bad nul "not JSON: unexpected end of data at byte 69"
# changed NAME JQ MESSAGE: a snapshot that is right, with one thing changed
changed()
{
	sh "input-$1" 1 "syscount: standard input: $3" "jq '.syscount $2' plain.json | syscount -i -"
}
changed total "|= (.total += 1)" "damaged: total: not the sum of the calls"
changed sum "|= (.syscalls[0].calls += 1)" "damaged: total: not the sum of the calls"
changed categories "|= (.categories[0].calls += 1)" \
	"damaged: total: not the sum of the categories and unknown"
changed unknown "|= (.unknown += 1)" "damaged: total: not the sum of the categories and unknown"
changed filters "|= (.filters = [{syscall: [\"a,b\"]}])" "damaged: filters[0].syscall: not a list of names"
changed filters-empty "|= (.filters = [{category: [\"!\"]}])" "damaged: filters[0].category: not a list of names"
changed category-empty "|= (.syscalls[0].category = \"\")" "damaged: syscalls[0].category: an empty name"
# Nothing that a terminal would take for a command.
changed abi-escape "|= (.syscalls[0].abi = \"\\u001b[2J\")" "damaged: syscalls[0].abi: not a word of 1 to 7 letters"
changed kind-escape "|= (.kind = \"\\u001b[2J\")" "kind '\\x1b[2J' is not known to this command"
sh input-name-escape 1 "syscount: list: --syscall: no syscall 'xyzreae'; did you mean 'xyzrea\\x1b'?" \
	"jq '.syscount.syscalls[0].syscall = \"xyzrea\\u001b\" | .syscount.kind = \"list\"' plain.json |
		syscount list -i - -e xyzreae"
refuses input-absent "no.json: No such file or directory" -i no.json
refuses input-directory ".: Is a directory" -i .
refuses input-zeroes "/dev/zero: not a snapshot: no JSON object at byte 0" -i /dev/zero
refuses input-program "/bin/true: not a snapshot: no JSON object at byte 0" -i /bin/true
sh input-huge 1 "syscount: standard input: a snapshot of more than 64 MiB" \
	"{ printf '{\"x\": \"'; head -c 70000000 /dev/zero | tr '\\0' x; } | syscount -i -"
sh input-stdin 0 "" "syscount -i - -T 1 <plain.json"
sh input-stdin-empty 1 "syscount: standard input: empty: holds no snapshot" "syscount -i - </dev/null"
sh input-slow 0 "" "{ head -c 500 plain.json; sleep 0.1; tail -c +501 plain.json; } | syscount -i - -T 1"
refuses input-no-times "db7.json: holds no times to sort by" -i db7.json -s p99
refuses input-no-errors "db7.json: holds no errors to sort by" -i db7.json -s errors
refuses input-list "list.json: a snapshot of kind 'list' holds no counts" -i list.json
refuses input-no-cpus "plain.json: holds no counts by CPU" -i plain.json --by cpu
misused input-interval "show: --interval does not go with --input" -i plain.json -I 1
misused input-duration "show: --duration does not go with --input" -i plain.json -d 1
# The last one of a stream.
prints stream-show -i stream.json
prints stream-stat stat -i stream.json
prints stream-stat-csv stat -i stream.json --csv
prints stream-stat-raw stat -i stream.json -r -U TOTAL,file
prints stream-stat-choose stat -t -n -i stream.json -c file
prints stream-stat-map stat -i stream.json --map names.map
refuses stream-one "plain.json: holds one snapshot; a rate needs two" stat -i plain.json
misused stream-seconds "stat: SECONDS does not go with --input" stat -i stream.json 1
misused stream-column "stat: --columns: no column 'CPUS'; there are: TIMESTAMP PROCESS FILE DEVICE INFO COMMUNICATION UNKNOWN TOTAL" \
	stat -i stream.json -U CPUS

for form in table raw csv json; do
	prints "list-$form" list -i list.json --format "$form"
	prints "info-$form" info -i db7.json --format "$form"
done
prints list-of-counters list -i db7.json
prints list-sort list -i list.json -s entry -T 2 -n
prints list-columns list -i list.json -U +STATE -e "'r*'"
prints list-choose list -i list.json -c unknown,info
refuses list-absent "list: --syscall: no syscall 'wread'; did you mean 'read'?" list -i list.json -e wread
prints list-map list -i list.json --map names.map
sh list-again 0 "" "syscount list -J -i list.json | syscount list -i - | cmp - $here/expected/list-table"
prints info-list info -i list.json
