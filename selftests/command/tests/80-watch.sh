# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # set by run.sh
# run, and what it shows of a watch, with the module's stand-in.

# The summary comes on standard error: here on standard output, after the program's own.
# shellcheck disable=SC2016
watch_setup='syscount() { LD_PRELOAD=$tmp/fake.so command syscount "$@"; }
	run() { syscount run -o $tmp/summary "$@"; s=$?; cat $tmp/summary; return $s; }
	origin() { jq -c ".syscount | del(.host, .kernel, .machine, .boot_id, .time, .since, .cpus)"; }'

# misused_run NAME MESSAGE ARGUMENT...: as misused, with the status that leaves the others to CMD
misused_run() { sh "$1" 125 "syscount: $2" "syscount ${*:3}"; }

# watch NAME STATUS STDERR SCRIPT
watch() { sh "watch-$1" "$2" "$3" "$watch_setup; $4"; }

forms()
{
	local form

	for form in table raw csv; do
		watch "run-$form" 0 "" "run --format $form true"
		watch "run-latency-$form" 0 "" "run -L --format $form true"
		watch "run-process-$form" 0 "" "run --by process --format $form true"
	done
	watch run-json 0 "" "run -J -L true | origin"
	watch run-json-process 0 "" "run -J --by process true | origin"
	watch run-json-command 0 "" "run -J -- echo 'a b' '' | tail -n +2 | jq -c '.syscount | .target, .command, .status'"
	watch run-objects 0 "" "run --objects true"
	watch run-thread 0 "" "run --by thread true"
	watch run-command 0 "" "run --by command -T 1 true"
	# A name is what a program makes it: it shifts no columns, and turns round no line.
	watch run-nameless 0 "" "FAKE=nameless run --by process -rn -T 1 -U PID,COMMAND,CALLS true; FAKE=nameless run --by process -T 1 true | sed -n 3,4p"
	watch run-turned 0 "" "FAKE=turned run --by process -T 1 true | sed -n 4p | cat -v; FAKE=turned run --by process -T 1 -rn -U COMMAND,NR true | sed -n 1p
		FAKE=turned run --by process --csv -n -U COMMAND,NR true | sed -n 2p; run true \$'\u202e' | sed -n 1p"
	watch run-cgroup 0 "" "run --by cgroup --csv true | sed -E 's|^[^,(]*,|PATH,|'"
	watch run-syscall 0 "" "run --by syscall true"
	watch run-category 0 "" "run --by category true"
	watch run-errno 0 "" "run --errno true"
	watch run-errno-csv 0 "" "run --errno --csv true"
	watch run-failed 0 "" "run -x true"
	watch run-failed-errno 0 "" "run -x --errno -r true"
	watch run-columns 0 "" "run -L -r -s calls -U SYSCALL,EXITS,REFUSED,RESTARTED,INFLIGHT,MIN -n true"
	watch run-oldest 0 "" "run -L -U +OLDEST,CALLS/S -n true"
	watch run-sort 0 "" "run -L -rn -s p99 -U SYSCALL,P99 true"
	# What counts is the order: that of the columns that were asked for, then abi and nr.
	watch run-sort-latency 0 "" "run -L -rn -U SYSCALL,TOTAL,CALLS true; run -L --by process -n -T 1 true | tail -n 6"
	watch run-sort-groups 0 "" "run --by process -rn -U PID,CALLS -s calls:asc true; run --by process -rn -U PID,NR -s nr true"
	watch run-ties 0 "" "FAKE=ties,i386 run -L --objects -rn -U ABI,NR,OBJECT,TOTAL true; FAKE=ties,i386 run --errno -x -rn -U ABI,NR,ERRORS,ERRNO true"
	watch run-abis 0 "" "FAKE=i386 run true"
	watch run-choose 0 "" "run -e read -c '!process' true"
	# What the sums are of: of what -c and -e choose, whatever else is listed.
	watch run-chosen 0 "" "run -x -T 1 -c file -e '!write' true; run -x true | sed -n 2p; syscount run -e read -J -o $tmp/a true; syscount -i $tmp/a -c '!unknown' | sed -n 1p"
	# The command line can be pasted, if it is not cut.
	# No call took longer than all together, nor one alone another time.
	watch run-one-time 0 "" "syscount run -L -J -o $tmp/a true
		jq '.syscount |= del(.total, .categories, .unknown) | .syscount.syscalls |= [.[0] | .calls = 1 | .exits = 1 | .latency = {total_ns: 552000000, buckets: [[1073741824, 1]]}]' $tmp/a | syscount -i - -rn -U CALLS,TOTAL,AVG,P50,P99
		jq '.syscount |= del(.total, .categories, .unknown) | .syscount.syscalls |= [.[0] | .calls = 2 | .exits = 2 | .latency = {total_ns: 560000000, buckets: [[1048576, 1], [1073741824, 1]]}]' $tmp/a | syscount -i - -rn -U P50,P99"
	# Of the two tables each has its own columns; and that of groups alone, in every form.
	watch run-groups 0 "" "run --by process --groups -T 1 true; for form in raw csv; do run --by process --groups --errors -L --format \$form true; done
		run --by command --groups -s calls:asc -U COMMAND,CALLS,THREADS,TOP -n true; FAKE=empty run --by process --groups true | tail -n 1"
	watch run-groups-columns 0 "" "for list in PID,CALLS,COMMAND,TOP SYSCALL,CALLS +THREADS +NR PID,SYSCALL,SHARE; do
		run --by process -T 1 -U \$list true | tail -n +3; done"
	misused_run run-groups-nobody "run: --groups goes with --by process, thread, cgroup or command" run --groups true
	misused_run run-groups-json "run: --groups does not go with --json" run --groups --by process -J true
	misused_run run-groups-calls "run: --columns: column SYSCALL takes the calls, which --groups leaves out" run --groups --by process -U PID,SYSCALL true
	# What is not listed is said, and that there is nothing.
	watch run-more 0 "" "run -T 1 true | tail -n 4; run --by process -T 1 true | tail -n +3; FAKE=empty run -x --by process true | tail -n +3; run -T 1 -n true | tail -n 1"
	watch run-title 0 "" "run -- true 'a b' '' \$'it\\'s' '*' \$'\\e[1m\\\\' a=b | sed -n 1p; run true \$(seq 1000) | sed -n 1p
		syscount run -J -o $tmp/a true \$(seq 1000); jq '.syscount.command | length' $tmp/a"
	watch run-map 0 "" "run --map names.map true"
	watch run-empty 0 "" "FAKE=empty run true; FAKE=empty run --csv --by process true"
	# Who made no call is in no table, but in the snapshot; what was measured is known of both.
	watch run-idle 0 "" "FAKE=empty run --by process true; FAKE=empty syscount run --by process -J -o $tmp/a true
		jq -c '.syscount | .details, (.groups | length)' $tmp/a; syscount -i $tmp/a --by process | cmp - $tmp/summary"
	watch run-failed-group 0 "" "run -x --by process -e futex true; run -x --by category -r true"
	watch run-strace 0 "" "run --format strace true"
	watch run-strace-abis 0 "" "FAKE=i386 run --format strace -e read true"
	watch run-strace-top 0 "" "run --format strace -T 1 true; run --format strace -x true"
	misused_run run-strace-json "run: --format strace and --json exclude each other" run --format strace -J true
	watch run-strace-plain 0 "" "run --format strace -n -T 1 true"
	watch run-notes 0 "" "FAKE=lost,left,running,off run true"
	# Columns are there for the rows that are shown, and a call is named once.
	watch run-off 0 "" "FAKE=off-quiet run -e read,write true; FAKE=off-twice run -e read,write true"
	# Where there is no title, what must be known is said all the same.
	watch run-notes-csv 0 "syscount: the counts are too low: memory was short for 5 calls, returns or details, and for all that 2 threads did
syscount: 1 thread started a program that runs with more rights than you have (set-user-ID, capabilities), or that you may not read: from then on it and its children are not counted; with CAP_PERFMON (root) they are
syscount: off, so not counted: device, futex
syscount: 3 threads outlived the command: what they do from now on is not counted; --by process -U +THREADS tells whose" "FAKE=lost,left,running,off run --csv true"
	watch run-one 0 "" "FAKE=one,lost-one,running-one run true"
	watch run-stderr 0 "" "syscount run true 2>&1 | head -n 1"
	watch run-stdout 0 "" "syscount run -o - true | head -n 1"
	watch run-asks 0 "watch flags=0x1 target=0 by=0 pid=0
watch flags=0xb target=0 by=1 pid=0
watch flags=0x1d target=0 by=3 pid=0
watch flags=0x3 target=0 by=0 pid=0
watch flags=0x1 target=0 by=0 pid=0" "export FAKE=say; run true >$tmp/o
		run --follow threads -L --by process true >$tmp/o
		run --follow none --objects --by cgroup true >$tmp/o
		run --format strace true >$tmp/o; run -f --errno true >$tmp/o"
}

# What run wrote is what show reads.
round_trip()
{
	local how

	for how in "-L --objects" "--by process" "--by thread" "--by command" "--by cgroup"; do
		watch "same${how// /}" 0 "" "FAKE=lost,left,running,i386 syscount run $how -J -o $tmp/a -- sh -c 'exit 3'
			syscount show -i $tmp/a -J | cmp - $tmp/a"
		watch "same-table${how// /}" 0 "" "syscount run $how -J -o $tmp/a true
			syscount run $how -o $tmp/b true
			syscount show -i $tmp/a ${how##-L*} | cmp - $tmp/b"
	done
	# What is counted, and how that is shown: live and from a file it is the same, in the same order.
	for how in "-L/" "-L --objects/" "-L --by process/--by process" "/-x" "/--errno" "--by command/-x --errno --by command"; do
		watch "same-ties${how//[ \/]/}" 0 "" "FAKE=ties,i386 run ${how/\// } true >$tmp/b
			FAKE=ties,i386 syscount run -J -o $tmp/a ${how%/*} true
			syscount show -i $tmp/a ${how#*/} | cmp - $tmp/b"
	done
	watch show-errno-of-times 0 "" "run -L --errors -J true >$tmp/b; syscount -i $tmp/b --errno -T 2"
	watch show-sort-of-none 0 "" "FAKE=empty run -J true >$tmp/b; syscount -i $tmp/b -s p99"
	watch show-strace 0 "" "run --format strace true >$tmp/a; run -L -J true >$tmp/b
		syscount -i $tmp/b --format strace | cmp - $tmp/a"
	watch show-errno 0 "" "run --errno -x true >$tmp/a; run -J true >$tmp/b; syscount -i $tmp/b -x --errno | cmp - $tmp/a"
	watch diff 0 "" "syscount run -J -o $tmp/a true; FAKE=i386 syscount run -J --objects -o $tmp/b true; syscount diff $tmp/a $tmp/b"
	watch diff-commands 0 "" "syscount run -L -J -o $tmp/a true; FAKE=ties syscount run -L -J -o $tmp/b -- echo 'a b'
		syscount diff $tmp/a $tmp/b; syscount diff $tmp/a $tmp/b -rn -s errors-delta -U SYSCALL,ERRORS-DELTA,TOTAL-DELTA
		syscount diff $tmp/a $tmp/b -J | jq -c '.syscount | .from.command, .to.command, .errors_before, .errors_after, .total_ns_delta,
			(.syscalls[0] | .nr, .errors_delta, .total_ns_before, .total_ns_after)'"
	watch diff-errors-csv 0 "" "syscount run -J -o $tmp/a true; FAKE=ties syscount run -L -J -o $tmp/b true; syscount diff $tmp/a $tmp/b --csv"
	watch diff-objects 0 "" "syscount run --objects -J -o $tmp/a true; FAKE=ties syscount run --objects -J -o $tmp/b true; syscount diff $tmp/a $tmp/b | tail -n 6"
	refuses watch-no-errors "watch-a.json: holds no errors" -i watch-a.json -x
	refuses watch-no-latency "watch-a.json: holds no times (--latency)" -i watch-a.json --format strace
	refuses watch-no-groups "watch-a.json: holds no counts by thread" -i watch-a.json --by thread
	refuses watch-no-watch "db7.json: a snapshot of kind 'counters' holds no watch" -i db7.json --errno
	misused watch-module-errno "show: --errno is for watches: 'syscount run', 'syscount attach', or --input" --errno
	misused watch-module-by "show: --by process is for watches: 'syscount run', 'syscount attach', or --input" --by process
	misused watch-module-strace "show: --format strace is for watches: 'syscount run', 'syscount attach', or --input" --format strace
}

# bad_watch NAME JQ MESSAGE: a snapshot with one thing changed
bad_watch()
{
	sh "watch-bad-$1" 1 "syscount: standard input: damaged: $3" \
		"jq '.syscount $2' $tmp/watch.json | syscount -i -"
}

damaged()
{
	local u64="not a whole number from 0 to 18446744073709551615"
	local pair="not a list of pairs of a power of 2 and a count"

	bash -c "$watch_setup; syscount run -L --objects --by process -J -o $tmp/watch.json true"
	bad_watch errors "|= (.syscalls[0].errors = -1)" "syscalls[0].errors: $u64"
	bad_watch errno "|= (.syscalls[0].errno = 3)" "syscalls[0].errno: not an object"
	bad_watch errno-alone "|= del(.syscalls[0].errors)" "syscalls[0].errors: missing"
	bad_watch latency-alone "|= del(.syscalls[0].latency.total_ns)" "syscalls[0].total_ns: missing"
	bad_watch group-sum "|= (.groups[0].calls += 1)" "groups[0].calls: not the sum of the calls"
	bad_watch errno-name "|= (.syscalls[0].errno = {EFOO: 1})" "syscalls[0].errno: a name that is no error's"
	bad_watch errno-count "|= (.syscalls[0].errno = {EIO: \"1\"})" "syscalls[0].EIO: $u64"
	bad_watch object "|= (.syscalls[0].object = \"pipe\")" "syscalls[0].object: not file, device or channel"
	bad_watch latency "|= (.syscalls[0].latency = [])" "syscalls[0].latency: not an object"
	bad_watch latency-min "|= (.syscalls[0].latency.min_ns = 0.5)" "syscalls[0].min_ns: $u64"
	bad_watch buckets "|= (.syscalls[0].latency.buckets = {})" "syscalls[0].buckets: not an array"
	bad_watch bucket-bound "|= (.syscalls[0].latency.buckets[0][0] = 1000)" "syscalls[0].buckets: $pair"
	bad_watch bucket-zero "|= (.syscalls[0].latency.buckets[0][0] = 0)" "syscalls[0].buckets: $pair"
	bad_watch bucket-pair "|= (.syscalls[0].latency.buckets[0] = [1])" "syscalls[0].buckets: $pair"
	bad_watch bucket-count "|= (.syscalls[0].latency.buckets[0][1] = null)" "syscalls[0].buckets: $pair"
	bad_watch details "|= (.details = [1])" "details: not a list of strings"
	bad_watch filters "|= (.filters = [1])" "filters[0]: not an object"
	bad_watch filters-words "|= (.filters = [{syscall: \"read\"}])" "filters[0].syscall: not an array"
	bad_watch command "|= (.command = [1])" "command: not a list of strings"
	bad_watch command-text "|= (.command = \"ls\")" "command: not an array"
	bad_watch target "|= (.target = 1)" "target: not an object"
	bad_watch target-type "|= (.target = {})" "target: without a type"
	bad_watch pids "|= (.target.pids = [0])" "pids: not a list of process ids"
	bad_watch status "|= (.status = 4294967296)" "status: not a whole number from 0 to 4294967295"
	bad_watch group-pid "|= (.groups[1].pid = 2147483648)" "groups[1].pid: not a whole number from 0 to 2147483647"
	bad_watch group-ended "|= (.groups[0].ended = 1)" "groups[0].ended: not true or false"
	bad_watch group-command "|= (.groups[0] |= (.by = \"command\" | del(.command)))" "groups[0].command: missing"
	bad_watch group-rows "|= del(.groups[0].syscalls)" "groups[0].syscalls: missing"
	# A table of calls has no groups.
	sh watch-list 0 "" "syscount list -J -i $tmp/watch.json | jq '.syscount.groups'"
	sh watch-unknown-target 0 "" "jq '.syscount.target.type = \"galaxy\"' $tmp/watch.json | syscount -i - -n"
	sh watch-unknown-group 0 "" "jq '.syscount.groups[0].by = \"user\"' $tmp/watch.json | syscount -i - --by process -rn -U PID,CALLS"
	sh watch-unknown-key 0 "" "jq '.syscount.syscalls[0].news = {}' $tmp/watch.json | syscount -i - -n"
}

statuses()
{
	local ours="no memory, or all that your watches may have (64 MiB): end some, or get CAP_PERFMON"

	watch status 3 "" "syscount run -o $tmp/o sh -c 'exit 3'"
	watch status-files 0 "" "echo in | syscount run -o $tmp/o cat; syscount run -o $tmp/o sh -c 'echo err >&2' 2>&1"
	# What was closed is closed, not a file of ours; and no other is open.
	watch status-closed 0 "" "syscount run -o $tmp/o ls /proc/self/fd >$tmp/a; ls /proc/self/fd >$tmp/b; cmp $tmp/a $tmp/b
		syscount run -o $tmp/o sh -c 'for i in 0 1 2 3 4 5; do [ -e /proc/self/fd/\$i ] && echo \$i; done; true' <&-"
	watch status-environment 0 "" "syscount run -o $tmp/o sh -c 'cat /proc/self/status' | grep -E '^(SigBlk|SigIgn)' >$tmp/a
		sh -c 'cat /proc/self/status' | grep -E '^(SigBlk|SigIgn)' | cmp - $tmp/a"
	watch status-ignored 0 "" "trap '' CHLD INT HUP; grep SigIgn /proc/self/status >$tmp/a
		syscount run -o $tmp/o grep SigIgn /proc/self/status | cmp - $tmp/a"
	watch status-killed 0 "" "python3 -c '
import subprocess, sys
print(subprocess.run(sys.argv[1:]).returncode)' env LD_PRELOAD=$tmp/fake.so $SYSCOUNT run -o $tmp/o sh -c 'kill -SEGV \$\$'
		head -n 1 $tmp/o; [[ ! -e core ]]"
	watch status-not-found 127 "syscount: no-such-command: No such file or directory" "syscount run no-such-command"
	watch status-not-found-path 127 "syscount: /no/such: No such file or directory" "syscount run /no/such"
	watch status-empty 127 "syscount: '': No such file or directory" "syscount run ''"
	watch status-cannot 126 "syscount: /etc/passwd: Permission denied" "syscount run /etc/passwd"
	watch status-cannot-path 126 "syscount: plain.json: Permission denied" "PATH=$PWD:\$PATH syscount run plain.json"
	watch status-directory 126 "syscount: /: Permission denied" "syscount run /"
	watch status-format 126 "syscount: $tmp/noexec: Exec format error: no program of this machine, and no script that begins with #!" "echo true >$tmp/noexec; chmod +x $tmp/noexec; syscount run $tmp/noexec"
	# Nothing is printed of a command that did not start, and the file is as it was.
	watch status-kept 127 "syscount: no-such: No such file or directory" "echo old >$tmp/o; syscount run -o $tmp/o no-such; s=\$?; cat $tmp/o; exit \$s"
	watch status-output 125 "syscount: /nowhere/x: No such file or directory" "syscount run -o /nowhere/x touch $tmp/ran; s=\$?; ls $tmp/ran 2>&1 | sed 's/.*: //'; exit \$s"
	watch status-full 125 "" "syscount run -o /dev/full true 2>&1"
	watch status-full-strace 125 "" "syscount run --format strace -o /dev/full true 2>&1"
	watch status-full-stderr 125 "" "syscount run true 2>/dev/full"
	watch status-pipe 3 "" "syscount run -o - sh -c 'exit 3' | :; exit \${PIPESTATUS[0]}"
	watch status-typo 125 "syscount: run: --syscall: no syscall 'raed'; did you mean 'read'?" "syscount run -e raed touch $tmp/ran"
	watch status-eperm 125 "syscount: watch: not permitted: needs CAP_PERFMON or CAP_SYS_ADMIN; 'syscount run' needs neither" "FAKE=no-perm syscount run true"
	watch status-emfile 125 "syscount: watch: there are 256 watches of yours or of this thread, as many as may be: end some, or get CAP_PERFMON" "FAKE=no-more syscount run true"
	watch status-eagain 125 "syscount: watch: too many watches in a short time: try again in a moment" "FAKE=too-fast syscount run true"
	watch status-enomem 125 "syscount: watch: $ours" "FAKE=no-memory syscount run true"
	watch status-old 125 "syscount: watch: not known to the loaded module: it is older than this command; load the one that belongs to syscount 1.0" "FAKE=older syscount run true"
	watch status-inconsistent 125 "syscount: watch: the module's answer does not fit together" "FAKE=inconsistent syscount run true"
	# Who may not read the counters may count what he runs.
	watch status-unprivileged 0 "" "FAKE=eperm syscount run -o $tmp/o true; head -n 1 $tmp/o"
	misused_run run-nothing "run: an argument is missing: [--] CMD [ARG]..." run
	misused_run run-option "run: no option '--foo'; see syscount run --help" run --foo
	misused_run run-sort-time "run: --sort: no column 'time'; there are: TIMESTAMP ABI NR SYSCALL CATEGORY STATE CALLS CALLS/S SHARE ERRORS ERRNO OBJECT TOTAL AVG P50 P99 MIN MAX EXITS REFUSED RESTARTED INFLIGHT OLDEST PID TID COMMAND CGROUP THREADS TOP" run -L -s time true
	misused_run run-sort-total "run: --sort: column TOTAL takes --latency" run -s total true
	misused_run run-columns-errno "run: --columns: column ERRNO takes --errno" run -U SYSCALL,errno true
	misused_run run-columns-pid "run: --columns: column PID takes --by process, thread, cgroup or command" run -U +pid true
	misused attach-columns-errors "attach: --columns: column ERRORS takes --errors" attach -a -U +errors
	misused attach-columns-exits "attach: --sort: column EXITS takes --errors or --latency" attach -a -s exits
	misused show-columns-watch "show: --columns: column TOTAL takes a watch: 'syscount run', 'syscount attach', or --input" -U total
	misused show-columns-cpu "show: --columns: column CPU takes --by cpu" -U cpu
	misused_run run-duration "run: no option --duration: run counts until CMD ends; to end it before: syscount run -- timeout SEC CMD" run -d 1 true
	misused_run run-interval "run: no option --interval: run shows the calls when CMD has ended; before: syscount attach -p PID -I SEC" run --interval 1 true
	watch status-category 125 "syscount: run: --category: no category 'bogus'; there are: process, file, device, info, communication, unknown" "syscount run -c bogus true"
	watch status-category-program 125 "syscount: run: --category: no category 'ls' (-c is not strace's: run counts without it); there are: process, file, device, info, communication, unknown" "syscount run -c ls /"
	watch status-error-name 125 "syscount: run: --syscall: no syscall 'ENOENT', but an error: -x --errno tells which calls fail so, where there is a watch" "syscount run -e ENOENT true"
	misused_run run-sort-strace "run: no option '-S', as strace has it: -s KEY sorts" run -S calls true
	misused_run run-strace-e "run: --syscall: 'trace=open' is written for strace: -e takes names of calls alone (-e open,openat); categories are -c" run -e trace=open true
	misused_run run-follow "run: --follow: 'me' is not one of: all, threads, none" run --follow me true
	misused_run run-by "run: --by: 'cpu' is not one of: syscall, category, process, thread, cgroup, command" run --by cpu true
	misused_run run-json-errno "run: --errno does not go with --json, which holds all; of what it saved: show -i FILE --errno" run -J --errno true
	misused_run run-groups-errno "run: --errno takes the calls, which --groups leaves out" run --groups --by process --errno true
	misused_run run-strace-columns "run: --columns does not go with --format strace" run --format strace -U CALLS true
	misused_run run-strace-by "run: --by does not go with --format strace" run --format strace --by process true
	misused run-follow-elsewhere "show: option -f does not belong here; it is for: run attach top" -f
	# Options behind the command are its own.
	watch status-options 0 "" "syscount run -o $tmp/o echo -J --help -- x; syscount run -o $tmp/o -- echo -n y"
}

signals()
{
	sh watch-signals 0 "" "LD_PRELOAD=$tmp/fake.so python3 $here/run-signals.py $SYSCOUNT"
}

if [[ -e $tmp/fake.so ]]; then
	forms
	round_trip
	damaged
	statuses
	signals
else
	skip watch "no compiler for the stand-in"
fi
if [[ ! -e /dev/syscount ]]; then
	sh watch-no-module 125 "syscount: /dev/syscount: the module is not loaded; to load it: modprobe syscount" "syscount run touch $tmp/ran"
fi
