# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # set by run.sh
# Command lines, and where output goes.

prints help --help
prints help-short -h
sh help-word 0 "" "syscount help | cmp - $here/expected/help; syscount help run | cmp - $here/expected/help-run
	syscount --help top | cmp - $here/expected/help-top; syscount -h run | cmp - $here/expected/help-run"
for command in show run attach top stat diff enable disable reset list info cost; do
	prints "help-$command" "$command" --help
done
prints version -V
prints version-command list --version
misused command-unknown "no command 'ls'; did you mean: syscount run -- ls" ls -l
misused command-nowhere "no command 'zzzzzz'; there are: show run attach top stat diff enable disable reset list info cost" zzzzzz
misused command-help "no command 'zzzzzz'; there are: show run attach top stat diff enable disable reset list info cost" help zzzzzz
misused command-help-option "no command '--foo'; there are: show run attach top stat diff enable disable reset list info cost" help --foo
misused command-near "no command 'shwo'; did you mean 'show'?" shwo
misused command-empty "no command ''; there are: show run attach top stat diff enable disable reset list info cost" "''"
misused option-unknown "show: no option '--foo'; see syscount show --help" --foo
misused option-letter "show: no option '-z'; see syscount show --help" -nz
misused option-dash "show: no option '-top'; did you mean '--top'?" -top 5
misused option-dash-value "attach: no option '-format'; did you mean '--format'?" attach -format=json -p 1
misused option-dash-cluster "attach: no option '-follow'; did you mean '--follow'?" attach -follow -p 1
misused option-elsewhere "show: option --rate does not belong here; it is for: diff" --rate
misused option-elsewhere-list "list: option --interval does not belong here; it is for: show attach top stat" list -I 1
misused option-elsewhere-reset "reset: option --json does not belong here; it is for: show run attach stat diff list info cost" reset -J
misused option-argument "show: option '-T' needs an argument" -T
misused option-no-argument "show: option '--json=x' takes no argument" --json=x
misused argument "show: one argument too many: 'ls'" -J ls
misused command-last "the command comes first: syscount cost -d 1" -d 1 cost
misused command-last-option "the command comes first: syscount attach -p 1 -J" -p 1 attach -J
misused command-last-list "the command comes first: syscount list -J" -J list
misused strace-class "show: --syscall: '%file' is written for strace: -e takes names of calls alone (-e open,openat); categories are -c" -e %file
refuses strace-category "show: --syscall: no syscall 'file', but a category: -c file" -e file -i db7.json
misused argument-reset "reset: one argument too many: 'now'" reset now
misused enable-nothing "enable: an argument is missing: NAME..." enable
misused format-word "show: --format: 'xml' is not one of: table, raw, csv, json, strace" --format xml
misused format-strace-stat "stat: --format: 'strace' is not one of: table, raw, csv, json" stat --format strace
misused format-two "show: --json and --csv exclude each other" --json --csv
misused by-word "show: --by: 'user' is not one of: syscall, category, cpu, process, thread, cgroup, command" --by user
misused json-columns "show: --columns does not go with --json" -J -U CALLS
misused json-sort "show: --sort does not go with --json" -J -s calls
misused json-top "show: --top does not go with --json" -J -T 1
misused json-noheadings "list: --noheadings does not go with --json" list -J -n
misused json-by "show: --by category does not go with --json" -J --by category
seconds="is not a number of seconds"
misused seconds-word "show: --interval: 'x' $seconds" -I x
misused seconds-negative "show: --duration: '-1' $seconds" -d -1
misused seconds-hex "show: --duration: '0x10' $seconds" -d 0x10
misused seconds-inf "show: --duration: 'inf' $seconds" -d inf
misused seconds-points "show: --duration: '1.2.3' $seconds" -d 1.2.3
misused seconds-zero "show: --interval: '0' is not from 0.001 to 1000000000 seconds" -I 0
misused stat-seconds "stat: SECONDS: 'x' $seconds" stat x
misused stat-count "stat: COUNT: '0' is not a whole number from 1" stat 1 0
misused stat-three "stat: one argument too many: '3'" stat 1 2 3
sh errno-latency 125 "syscount: run: --errno and --latency exclude each other" "syscount run -L --errno true"
misused stat-twice "stat: SECONDS and --interval exclude each other" stat -I 1 1

sh output-file 0 "" "syscount -i plain.json -T 1 -o $tmp/o && cat $tmp/o"
sh output-shorter 0 "" "seq 1000 >$tmp/o; syscount -i plain.json -T 1 -o $tmp/o && cat $tmp/o"
sh output-dash 0 "" "syscount -i plain.json -T 1 -o -"
sh output-same 0 "" "cp plain.json $tmp/same; syscount -J -i $tmp/same -o $tmp/same && syscount -i $tmp/same -rn"
sh output-kept 1 "syscount: bad-empty.json: empty: holds no snapshot" \
	"echo old >$tmp/o; syscount -i bad-empty.json -o $tmp/o; s=\$?; cat $tmp/o; exit \$s"
refuses output-directory "/nowhere/x: No such file or directory" -i plain.json -o /nowhere/x
for form in table raw csv json; do
	sh "full-$form" 1 "syscount: write error: No space left on device" \
		"syscount -i db7.json --format $form >/dev/full"
done
# More than a buffer of stdio: it is not the last write that fails.
jq -c '.syscount |= (del(.total, .categories, .unknown) |
	.syscalls = [range(2000) | {abi: "64", nr: ., syscall: "call_\(.)", category: "file", calls: 1}])' \
	plain.json >"$tmp/large.json"
for form in table raw csv json; do
	sh "full-large-$form" 1 "syscount: write error: No space left on device" \
		"syscount -i $tmp/large.json --format $form >/dev/full"
	sh "full-large-file-$form" 1 "syscount: /dev/full: No space left on device" \
		"syscount -i $tmp/large.json --format $form -o /dev/full"
done
sh full-large-list 1 "syscount: write error: No space left on device" "syscount list -i $tmp/large.json >/dev/full"
sh full-file 1 "syscount: /dev/full: No space left on device" "syscount -i db7.json -o /dev/full"
sh full-help 1 "syscount: write error: No space left on device" "syscount --help >/dev/full"
sh full-command-help 1 "syscount: write error: No space left on device" "syscount show --help >/dev/full"
sh full-version 1 "syscount: write error: No space left on device" "syscount -V >/dev/full"
sh full-stat 1 "syscount: write error: No space left on device" "syscount stat -i stream.json >/dev/full"
sh closed-stdout 1 "syscount: write error: Bad file descriptor" "syscount -i plain.json >&-"
# The reader of a pipe goes away: no word about it, as with any filter.
printers=("show -i db7.json" "show -i cpus.json --by cpu -J" "stat -i stream.json" "stat -i stream.json -J"
	"diff db7.json db7-later.json" "diff db7.json db7-later.json -J" "list -i list.json" "list -i list.json -J"
	"info -i db7.json" "info -i db7.json -J" "show -i watch-a.json" "--help" "-V" "top --help")
for command in "${printers[@]}"; do
	name=${command//[^a-zA-Z0-9]/}
	sh "pipe-$name" 0 "" "[[ \$(python3 $here/to-nobody.py default syscount $command) == -13 ]]"
	sh "pipe-$name-ignored" 0 "" "[[ \$(python3 $here/to-nobody.py ignored syscount $command) == 0 ]]"
	sh "full-$name" 1 "syscount: write error: No space left on device" "syscount $command >/dev/full"
	sh "closed-$name" 1 "syscount: write error: Bad file descriptor" "syscount $command >&-"
done
