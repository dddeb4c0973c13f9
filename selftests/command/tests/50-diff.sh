# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # set by run.sh

for form in table raw csv json; do
	prints "diff-interval-$form" diff db7.json db7-later.json --format "$form"
	prints "diff-rate-$form" diff db7.json db7-reset.json --format "$form"
	prints "diff-calls-$form" diff watch-a.json watch-b.json --format "$form"
done
prints diff-host diff db7.json db8.json -T 2
prints diff-reboot diff db7.json db7-reboot.json -T 2
prints diff-kinds diff watch-a.json plain.json -T 2
prints diff-forced-rate diff --rate db7.json db7-later.json -T 2
prints diff-forced-calls diff --calls db7.json db7-later.json -T 2
prints diff-forced-other diff --calls db7.json db7-reset.json -T 2
prints diff-watch-rate diff --rate watch-a.json watch-b.json
prints diff-nothing diff db7.json db7.json
prints diff-sort diff db7.json db7-later.json -rn -U SYSCALL,CALLS -s syscall:asc
prints diff-sort-delta diff watch-a.json watch-b.json -rn -U SYSCALL,DELTA -s delta
prints diff-columns diff watch-a.json watch-b.json --csv -U +before/s,percent
prints diff-choose diff db7.json db7-later.json -e read,execve -n
prints diff-choose-absent diff watch-a.json watch-b.json -e getrandom
prints diff-map diff db7.json db7-later.json --map names.map
prints diff-extremes diff extremes.json extremes.json --calls
prints diff-from-zero diff --calls zero.json extremes.json
prints diff-to-zero diff --calls extremes.json zero.json
sh diff-stdin 0 "" "syscount diff - db7-later.json -rn -T 1 <db7.json"
sh diff-never-negative 0 "" "syscount diff db7.json db7-reset.json -J |
	jq -c '[.. | numbers] | min < 0, (.[0] != null)' ; syscount diff db7.json db7-reset.json -J |
	jq -c '.syscount | [.syscalls[] | has(\"calls\")] | any'"
refuses diff-order "db7.json: is older than db7-later.json: name the older one first" \
	diff db7-later.json db7.json
# Who left rows out says so, and they are not taken for 0: neither in the one nor in the other.
sh diff-chosen 0 "" "syscount -J -i db7-later.json -e read -o $tmp/chosen.json; cd $tmp
	syscount diff $here/data/db7.json chosen.json; syscount diff chosen.json chosen.json --calls | sed -n 2,3p"
sh diff-chosen-before 0 "" "syscount -J -i db7.json -c '!file,device' -e '!futex,*@x32' -o $tmp/chosen.json; cd $tmp
	syscount diff chosen.json $here/data/db7-later.json; syscount diff chosen.json $here/data/db7-later.json -J |
	jq -c '.syscount.from.filters, [.syscount.syscalls[].syscall]'"
sh diff-chosen-twice 0 "" "syscount -J -i db7.json -e read,write -o $tmp/a.json; syscount -J -i $tmp/a.json -c file -e '!write' |
	jq -c '.syscount | .filters, [.syscalls[].syscall]'"
sh diff-damaged 1 "syscount: standard input: fewer calls of write than in db7.json: one of the two is damaged, or holds chosen rows only" \
	"syscount -J -i db7-later.json -e read | jq 'del(.syscount.filters)' | syscount diff db7.json - --csv"
misused diff-column-interval "diff: --columns: column CALLS takes two readings of the same counters" diff watch-a.json watch-b.json -U calls
misused diff-column-delta "diff: --sort: column DELTA takes a comparison of calls (--calls), not of rates" diff db7.json db8.json -s delta
misused diff-stdin-twice "diff: '-' is standard input, which there is one of" diff - -
misused diff-column-errors "diff: --columns: column ERRORS-AFTER takes two watches with errors" diff watch-a.json watch-b.json -U +errors-after
misused diff-column-latency "diff: --columns: column TOTAL-DELTA takes two watches with times (--latency)" diff db7.json db7-later.json -U total-delta
refuses diff-list "list.json: a snapshot of kind 'list' holds no counts" diff db7.json list.json
sh diff-of-diff 1 "syscount: $tmp/diff.json: a snapshot of kind 'diff' holds no counts" \
	"syscount diff db7.json db8.json -J -o $tmp/diff.json; syscount diff db7.json $tmp/diff.json"
refuses diff-no-duration "minimal.json: says no duration, so there is no rate; see --calls" \
	diff minimal.json plain.json
refuses diff-absent "no.json: No such file or directory" diff db7.json no.json
misused diff-no-file "diff: an argument is missing: A.json [B.json]" diff
misused diff-three "diff: one argument too many: 'c'" diff a b c
misused diff-both "diff: --rate and --calls exclude each other" diff --rate --calls a b
misused diff-input "diff: option --input does not belong here; it is for: show stat list info" diff -i a
