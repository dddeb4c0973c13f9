# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # set by run.sh
# Forms of output, columns, order and choice of rows.

for form in table raw csv json; do
	prints "show-$form" show -i db7.json --format "$form"
	prints "extremes-$form" -i extremes.json --format "$form"
	prints "zero-$form" -i zero.json --format "$form"
	prints "cpus-$form" -i cpus.json --by cpu --format "$form"
done
sh short-forms 0 "" '[[ $(syscount -J -i db7.json) == "{"* ]] || exit; for f in J:json r:raw -csv:csv; do
	cmp <(syscount -i db7.json "-${f%:*}") <(syscount -i db7.json --format "${f#*:}") || exit; done'
prints plain -i plain.json
prints minimal -i minimal.json
prints minimal-json -i minimal.json -J
prints watch -i watch-a.json
prints timestamp -t -i plain.json -T 1
prints timestamp-csv -t -i plain.json -T 1 --csv
prints noheadings -n -i plain.json
prints noheadings-csv -n -i plain.json --csv
prints noheadings-raw -n -i plain.json -r
prints by-category --by category -i db7.json
prints by-category-csv --by category -i db7.json --csv
prints by-category-sort --by category -s calls -T 2 -i db7.json
prints by-syscall --by syscall -i plain.json

prints columns -i db7.json -r -U syscall,Calls
prints columns-add -i db7.json -r -U +calls/s,CALLS_PER_S
prints columns-all -i db7.json --csv -U timestamp,cpu,abi,nr,syscall,category,state,calls,calls/s,share
misused columns-unknown "show: --columns: no column 'CALL'; there are: TIMESTAMP CPU ABI NR SYSCALL CATEGORY STATE CALLS CALLS/S SHARE ERRORS ERRNO OBJECT TOTAL AVG P50 P99 MIN MAX EXITS REFUSED RESTARTED INFLIGHT OLDEST PID TID COMMAND CGROUP THREADS TOP" \
	-i db7.json -U SYSCALL,CALL
misused columns-empty "show: --columns: no column ''; there are: TIMESTAMP CPU ABI NR SYSCALL CATEGORY STATE CALLS CALLS/S SHARE ERRORS ERRNO OBJECT TOTAL AVG P50 P99 MIN MAX EXITS REFUSED RESTARTED INFLIGHT OLDEST PID TID COMMAND CGROUP THREADS TOP" \
	-i db7.json -U "''"
prints sort-name -i db7.json -rn -U SYSCALL,ABI -s syscall
prints sort-name-asc -i db7.json -rn -U SYSCALL,ABI -s syscall:asc
prints sort-nr -i db7.json -rn -U NR,ABI -s NR:asc
prints sort-calls-desc -i db7.json -rn -U CALLS -s calls:desc
prints sort-share -i extremes.json -rn -U CALLS,SHARE -s share:asc
misused sort-unknown "show: --sort: no column 'x'; there are: TIMESTAMP CPU ABI NR SYSCALL CATEGORY STATE CALLS CALLS/S SHARE ERRORS ERRNO OBJECT TOTAL AVG P50 P99 MIN MAX EXITS REFUSED RESTARTED INFLIGHT OLDEST PID TID COMMAND CGROUP THREADS TOP" \
	-i db7.json -s x
misused sort-order "show: --sort: 'up' is not asc or desc" -i db7.json -s calls:up
prints top -i db7.json -T 2
prints top-cpus -i cpus.json --by cpu -T 1
misused top-zero "show: --top: '0' is not a whole number from 1" -T 0
misused top-word "show: --top: 'x' is not a whole number from 1" -T x
misused top-huge "show: --top: '99999999999999999999' is not a whole number from 1" -T 99999999999999999999

# name, what to choose; rows as abi, nr, name, calls
choose() { prints "choose-$1" -i db7.json -rn -U ABI,NR,SYSCALL,CALLS "${@:2}"; }
choose category -c file,unknown
choose category-not -c "'!file,device'"
choose name -e read
choose name-abi -e read@64
choose name-32 -e read@32,ioctl@i386
choose name-x32 -e execve@x32
choose glob -e "'*e*,!open'"
choose glob-set -e "'[fg]*'"
choose not -e "'!read,write'"
choose number -e 400,-7@i386
choose number-named -e 0
choose number-absent -e 12345
choose united -c info -e futex
choose united-not -c file -e "'!read@i386'"
choose twice -e read@64 -e write
prints choose-sums -i db7.json -c file -e futex@64
prints choose-json -i db7.json -J -e 400
prints choose-cpus -i cpus.json --by cpu -e getpid,futex
sh choose-absent 0 "syscount: no syscall 'raed' in the snapshot; did you mean 'read'?" \
	"syscount -i db7.json -rn -e raed,futex"
refuses choose-no-category "show: --category: no category 'fiel'; did you mean 'file'?" -i db7.json -c fiel
refuses choose-nonsense "show: --category: no category 'xyz'; there are: process, file, device, info, communication, unknown" \
	-i db7.json -c xyz
misused choose-empty "show: --syscall: 'read,,write' has an empty name" -e read,,write
misused choose-no-abi "show: --syscall: 'read@' has an empty name" -e read@
misused choose-bang "show: --category: '!' has an empty name" -c "'!'"

prints map -i db7.json --map names.map
prints map-json -i plain.json -J --map names.map
prints map-choose -i db7.json -rn -U SYSCALL,CATEGORY --map names.map -c wait
prints map-cpus -i cpus.json --by cpu --map names.map
prints map-ours -i db7.json -rn -U SYSCALL,CATEGORY --map "$map"
refuses map-category "show: --category: no category 'file'; there are: io, wait, unknown" -i db7.json --map names.map -c file
refuses map-line "bad-words.map: line 2: not 'CATEGORY NAME'" -i db7.json --map bad-words.map
refuses map-twice "bad-twice.map: 'read' is there twice" -i db7.json --map bad-twice.map
refuses map-empty "bad-empty.map: holds no line 'CATEGORY NAME'" -i db7.json --map bad-empty.map
refuses map-unknown "bad-unknown.map: line 1: 'unknown' cannot be the name of a category" \
	-i db7.json --map bad-unknown.map
refuses map-absent "no.map: No such file or directory" -i db7.json --map no.map
refuses map-directory ".: Is a directory" -i db7.json --map .
