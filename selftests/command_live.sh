#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # functions that others call
# The command with the module: what it shows is what /proc and sysfs show, what it
# switches is switched, and who may not is told so.

export LC_ALL=C
sysfs=/sys/class/misc/syscount
# What the kernel's version can have; the first is what "auto" comes to.
case $(uname -r) in
5.*) hooks="tracepoint" ;;
*) hooks="direct tracepoint kprobe" ;;
esac
NOT_LOADED="syscount: /dev/syscount: the module is not loaded; to load it: modprobe syscount"
NEED_READ="not permitted: needs CAP_PERFMON, CAP_SYS_ADMIN or the group of the module's parameter gid"
NEED_ADMIN="not permitted: needs CAP_SYS_ADMIN"

here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
# shellcheck source-path=SCRIPTDIR source=same.sh
. "$here/same.sh"

echo "TAP version 13"
only_in_vm
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
cd "$tmp" || exit

# run COMMAND...: its status, what it said on stderr, what on stdout
run()
{
	local status

	"$@" > out 2> err
	status=$?
	echo "$status $(<err)"
}

# says NAME STATUS LINE COMMAND...: that status, that line and no other on stderr
says()
{
	same "$1" "$2 $3" "$(run "${@:4}")"
}

as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

switches() { cat "$sysfs"/category_{process,file,device,info,communication}/enabled "$sysfs"/unknown/enabled | tr -d '\n'; }

# The rows of /proc/syscount, one blank between columns.
proc_rows() { awk 'NF == 6 && $1 != "abi" { print $1, $2, $3, $4, $5, $6 }' /proc/syscount; }
proc_categories() { awk 'NF == 3 && $1 != "category" { print $1, $2, $3 }' /proc/syscount; }

json_rows()
{
	jq -r '.syscount.syscalls[] | [.abi, .nr // "*", .syscall // "?", .category // "-",
		.state, .calls] | map(tostring) | join(" ")' "$@"
}
json_categories()
{
	jq -r '.syscount | (.categories[] | "\(.category) \(.state) \(.calls)"),
		"unknown \(.unknown_state) \(.unknown)", "total - \(.total)"' "$@"
}

# Until a process sleeps in one of these calls, by number.
wait_sleeping() # PID NR...
{
	local nr

	while [[ -e /proc/$1 ]]; do
		read -r nr _ < "/proc/$1/syscall"
		[[ " ${*:2} " != *" $nr "* ]] || return 0
	done
	return 1
}

sleeps="230 35 7 271 270 23 232 281"	# nanosleep, poll, select and epoll, each old and new

test_shows_what_proc_shows()
{
	# Numbers that nothing has a name for, in the table of each abi, have rows too.
	syscount disable all
	same "all off" 000000 "$(switches)"
	syscount show --json > a.json
	same "JSON: rows as in /proc" "$(proc_rows)" "$(json_rows a.json)"
	same "JSON: categories as in /proc" "$(proc_categories)" "$(json_categories a.json)"
	same "JSON: totals as in sysfs" "$(<$sysfs/total)" "$(jq -r .syscount.total a.json)"
	same "JSON: no hook counts" none "$(jq -r .syscount.hook a.json)"
	same "JSON: since as in /proc" "$(sed -n 's/.* since=\([0-9.]*\) .*/\1/p' /proc/syscount)" \
		"$(jq -r '.syscount.since_ns / 1000000 | floor | "\(. / 1000 | floor).\("\(. % 1000 + 1000)"[1:])"' a.json)"
	same "raw: as many rows as /proc" "$(proc_rows | wc -l)" \
		"$(syscount show --raw --noheadings | wc -l)"
	same "CSV: the sum of rows is the total" "$(<$sysfs/total)" \
		"$(syscount show --csv -U SYSCALL,CALLS | awk -F, 'NR > 1 { sum += $2 } END { printf "%.0f\n", sum }')"
	same "table: the busiest first" "$(proc_rows | sort -rnk6,6 | awk 'NR == 1 { print $6 }')" \
		"$(syscount show --raw --noheadings -T 1 -U CALLS)"
	same "show is the default" "$(syscount show | tail -n +3)" "$(syscount | tail -n +3)"
	same "filter: one category" "$(proc_categories | awk '$1 == "file" { print $3 }')" \
		"$(syscount show -c file --csv -U SYSCALL,CALLS | awk -F, 'NR > 1 { sum += $2 } END { printf "%.0f\n", sum }')"
	same "filter: one call" "$(proc_rows | awk '$1 == 64 && $3 == "openat" { print $6 }')" \
		"$(syscount show -e openat@64 --raw --noheadings -U CALLS)"
	# By CPU is since loading, so before a reset it is the same sum.
	same "by CPU: the same total" "$(<$sysfs/total)" "$(syscount show --by cpu --json | jq .syscount.total)"
	syscount enable all
	same "all on" 111111 "$(switches)"
}

test_switches()
{
	says "disable a category" 0 "" syscount disable file
	same "... and only that" 101111 "$(switches)"
	says "disable two" 0 "" syscount disable info unknown
	same "... and only those" 101010 "$(switches)"
	says "enable" 0 "" syscount enable file unknown
	same "... and only those" 111011 "$(switches)"
	says "enable all" 0 "" syscount enable all

	says "disable a call" 0 "" syscount disable getppid@64
	same "... which is off" off "$(syscount show --json > c.json; syscount list -e getppid@64 --raw --noheadings -U STATE)"
	same "... and of the other abis on" "on on" \
		"$(syscount list -e getppid@i386,getppid@x32 --raw --noheadings -U STATE | xargs)"
	says "enable a call" 0 "" syscount enable getppid
	same "... which is on" "on on on" "$(syscount list -e getppid --raw --noheadings -U STATE | xargs)"

	says "no such name" 1 "syscount: no category and no call 'nonsense'" syscount disable nonsense
	says "one bad name among good ones" 1 "syscount: no category and no call 'nonsense'" \
		syscount disable file nonsense info
	same "... switches none" 111111 "$(switches)"
	same "no name is wrong use" 2 "$(run syscount disable | cut -d' ' -f1)"
}

test_list_and_info()
{
	same "list: as many as the kernel's headers have" \
		"$(cat "/lib/modules/$(uname -r)/build/arch/x86/include/generated/uapi/asm"/unistd_{64,32,x32}.h |
			grep '^#define __NR_' | grep -cv -e __NR_syscalls -e __NR_syscall_max)" \
		"$(syscount list --raw --noheadings | wc -l)"
	same "list: a line" "64 1 write file __x64_sys_write" \
		"$(syscount list -e write@64 --raw --noheadings)"
	same "list: JSON" "i386 4 write file" \
		"$(syscount list -e write@i386 --json | jq -r '.syscount.syscalls[] | "\(.abi) \(.nr) \(.syscall) \(.category)"')"
	same "info: hooks" "${hooks%% *} $hooks" \
		"$(syscount info --json | jq -r '.syscount | [.hook, .hooks[]] | join(" ")')"
	same "info: abis" "64 i386 x32" "$(syscount info --json | jq -r '.syscount.abis | join(" ")')"
	sleep 1000 3<> /dev/syscount &
	same "info: who has the device open" yes "$(wait_sleeping $! "$sleeps" && syscount info | grep -qw "$!" && echo yes)"
	kill $!
	wait $! 2> /dev/null
	same "-V" "syscount $(</sys/module/syscount/version)" "$(syscount -V)"
}

test_reset_and_diff()
{
	local i

	syscount show --json > a.json
	for i in {1..1009}; do
		ulimit -c "$((i % 2))"	# bash's own: prlimit64, twice
	done
	syscount show --json > b.json
	same "diff: what was called between" yes \
		"$(syscount diff a.json b.json -e prlimit64@64 --raw --noheadings -U CALLS | awk '$1 >= 1009 { print "yes" }')"
	same "diff: the exact difference" \
		"$(($(jq .syscount.total b.json) - $(jq .syscount.total a.json)))" \
		"$(syscount diff a.json b.json --json | jq .syscount.calls)"
	same "diff: since one" 0 "$(run syscount diff a.json | cut -d' ' -f1)"

	syscount disable all
	says "reset" 0 "" syscount reset
	same "... all are zero" "process off 0 file off 0 device off 0 info off 0 communication off 0 unknown off 0 total - 0" \
		"$(proc_categories | xargs)"
	syscount enable all
	syscount show --json > c.json
	same "diff over a reset compares rates" "rate a reset or a reload between" \
		"$(syscount diff a.json c.json --json | jq -r '.syscount | "\(.mode) \(.reason)"')"
}

test_intervals()
{
	local pid lines

	same "stat: as many lines as asked for, and a heading" 4 "$(syscount stat 0.2 3 | wc -l)"
	same "show -d: of that time only" yes \
		"$(syscount show -d 0.3 --json | jq -r '.syscount | if .duration_ns >= 300000000 and .total > 0 and .total < 5000 then "yes" else . end')"

	# A job of a script ignores SIGINT.
	env --default-signal=INT syscount show -d 1000 > out 2> err &
	pid=$!
	wait_sleeping $pid "$sleeps"
	kill -INT $pid
	wait $pid
	same "show -d: Ctrl-C prints what there is, and is no failure" "0 1 " \
		"$? $(grep -cw '^total' out) $(<err)"

	env --default-signal=INT syscount show -I 0.1 > out 2> err &
	pid=$!
	while (($(grep -cw '^total' out) < 3)) && [[ -e /proc/$pid ]]; do
		:
	done
	lines=$(grep -cw '^total' out)
	kill -INT $pid
	wait $pid
	same "show -I: Ctrl-C ends it, and is no failure" "0 " "$? $(<err)"
	same "... and what was printed remains" yes \
		"$([[ $(grep -cw '^total' out) -ge $lines ]] && echo yes)"

	env --default-signal=INT syscount stat 1000 > out 2> err &
	pid=$!
	wait_sleeping $pid "$sleeps"
	kill -INT $pid
	wait $pid
	same "stat: Ctrl-C ends it, and is no failure" "0 " "$? $(<err)"
}

test_attach()
{
	local pid dead by attach

	true &
	dead=$!
	wait $dead
	sleep 1000 &
	pid=$!
	wait_sleeping $pid "$sleeps"
	same "attach: the processes that there are" "0 syscount: process $dead: no such process
syscount: attach: counting: $pid" "$(run syscount attach -p $dead,$pid -d 0.1)"
	same "... of which the title names those" 1 "$(grep -c "^syscount: process $pid: 0 calls" out)"
	kill $pid
	same "attach: none there is" "1 syscount: process $dead: no such process" "$(run syscount attach -p $dead)"
	same "attach: a kernel thread" "1 syscount: process 2: a kernel thread, which makes no system calls" \
		"$(run syscount attach -p 2 -d 0.1)"
	same "attach: the root of all cgroups" "0 syscount: attach: counting: /" "$(run syscount attach -g / -d 0.1)"
	# The shell, its children and theirs: bash makes none of these calls.
	for by in '' process thread command cgroup; do
		same "attach: of who started it, without its own calls${by:+, by $by}" "0 syscount: attach: counting: $$" \
			"$(run syscount attach -p $$ -d 0.1 -J ${by:+--by "$by"})"
		same "... as its system calls show" 0 \
			"$(jq '[.. | objects | select((.syscall | strings) | test("^(ioctl|p?poll|clock_gettime)$"))] | length' out)"
	done

	# While others make calls and ours are taken out: never below zero nor below the reading before.
	# A reading can come between an exit and its time, but that is with the next one; so the calls of
	# those that have ended are all in the histogram, and the time fits to it.
	while [[ ! -e enough ]]; do
		ls > /dev/null
	done &
	pid=$!
	syscount attach -a -L --by cgroup -I 0.2 -J > out 2> err &
	attach=$!
	until (($(wc -l < out) >= 10)) || [[ ! -e /proc/$attach ]]; do
		:
	done
	touch enough
	wait $pid
	kill -TERM $attach
	wait $attach
	rm enough
	same "attach --by cgroup: times of calls, without its own" "yes []" "$(jq -scr '
		def sum(f): map(f) | add // 0;
		[.[].syscount | { threads, groups: (.groups // [] | map({ key: .cgroup, value: (.syscalls | map({ key: "\(.abi) \(.nr)", value: . }) | from_entries) }) | from_entries) }] |
		(if any(.[-1].groups[]; .["64 217"].calls > 0) then "yes" else . end),
		[range(length) as $i | .[$i] as $now | (if $i > 0 then .[$i - 1].groups else {} end) as $before |
			$now.groups | to_entries[] | .key as $cgroup | .value | to_entries[] |
			.key as $call | .value as $row | ($before[$cgroup][$call].latency // { total_ns: 0 }) as $old |
			select($row.calls > 1e9 or $row.latency.total_ns < $old.total_ns or
				($row.latency.buckets | sum(.[1]) - $row.exits | fabs > $now.threads)) |
				[$i, $now.threads, $cgroup, $call, $row]] +
		[.[-1].groups | to_entries[] | .key as $cgroup | .value["64 217"] // empty |
			select((.latency.buckets | sum(.[1])) != .exits or
				.latency.total_ns > (.latency.buckets | sum(.[0] * .[1]))) | [$cgroup, .]]' out | paste -sd ' ')"

	same "run --by command: the first call is the command's, too" "sleep 1" \
		"$(syscount run -o - --by command -e execve -rn -U COMMAND,CALLS -- sleep 0)"

	# Processes that ended are let go of, but not their calls.
	syscount attach -a --by process -J -e gettid@64 -I 0.2 > out 2> err &
	pid=$!
	until grep -q counting err; do
		:
	done
	for _ in {1..20}; do
		perl -e 'syscall(186) for 1..100'
	done
	until tail -n +2 out | tail -n 1 | jq -e '.syscount.groups // [] | all(.calls != 100)' > /dev/null; do
		:
	done
	kill -TERM $pid
	wait $pid
	same "attach -I: the calls of those that ended are in the sum" 2000 "$(tail -n 1 out | jq .syscount.total)"
	same "... and all have been groups" 20 \
		"$(jq -s '[.[].syscount.groups // [] | .[] | select(.calls == 100) | .pid] | unique | length' out)"
}

# On a busy machine the hook's part of a call may not be seen, which is said; that it is there
# cost.c counts in instructions.
run_cost()
{
	local said

	said=$(run ${as-} syscount cost -d 0.01 "$@")
	echo "${said%% *} $(grep -v 'cost: no difference can be seen' err)"
}

test_cost()
{
	local hook

	for hook in $hooks; do
		echo "$hook" > $sysfs/hook
		same "cost: $hook" "0 " "$(run_cost -J)"
		same "... counted is uncounted and added" "cost $hook getppid yes" \
			"$(jq -r '.syscount | "\(.kind) \(.hook) \(.syscall) \(if .uncounted_ns > 0 and (.added_ns == 0 or
				(.counted_ns - .uncounted_ns - .added_ns | fabs < 0.01)) then "yes" else . end)"' out)"
		same "... and what that is of the CPUs" yes "$(jq -r '.syscount |
			if (.calls_per_second * .added_ns / 1e9 / .cpus * 100 - .cpu_percent | fabs < 0.00001)
			then "yes" else . end' out)"
	done
	echo auto > $sysfs/hook
	syscount disable all
	same "cost: all off" "none 0 no" "$(syscount cost -J -d 0.01 |
		jq -r '.syscount | "\(.hook) \(.added_ns) \(if has("calls") then .calls else "no" end)"')"
	same "cost: all off, for eyes" "syscount: $(uname -n): all is off and nothing is hooked: a call costs what it costs without the module" \
		"$(syscount cost -d 0.01 | head -n 1)"
	syscount enable all
	syscount disable file getppid@64
	same "cost: some off" "0 syscount: cost: off, so not in the rate, though the hook costs these calls the same: file, 1 single call" \
		"$(run_cost)"
	syscount enable getppid
	syscount enable all
}

test_not_permitted()
{
	syscount show --json > a.json
	chmod 644 a.json
	says "nobody: show" 1 "syscount: counters: $NEED_READ" as_nobody syscount show
	says "nobody: stat" 1 "syscount: counters: $NEED_READ" as_nobody syscount stat 0.1 1
	says "nobody: diff since one" 1 "syscount: counters: $NEED_READ" as_nobody syscount diff a.json
	says "nobody: cost" 1 "syscount: counters: $NEED_READ" as_nobody syscount cost -d 0.01
	says "nobody: enable" 1 "syscount: switch: $NEED_ADMIN" as_nobody syscount enable all
	says "nobody: disable" 1 "syscount: switch: $NEED_ADMIN" as_nobody syscount disable file
	says "nobody: reset" 1 "syscount: reset: $NEED_ADMIN" as_nobody syscount reset
	same "nothing was switched" 111111 "$(switches)"
	says "nobody may list" 0 "" as_nobody syscount list
	same "... all of it" "$(syscount list | wc -l)" "$(wc -l < out)"
	says "nobody may look at a file" 0 "" as_nobody syscount show --input a.json
	same "nobody: info says what it may" 0 "$(run as_nobody syscount info | cut -d' ' -f1)"
	exec {held}< /dev/syscount
	run as_nobody syscount info > /dev/null
	same "... and nothing of who holds the device" 0 "$(grep -c '^holders' out)"
	same "root: info says who holds it" 1 "$(syscount info | grep -c "^holders .*\b$$ (")"
	exec {held}<&-
	rmmod syscount
	insmod "$SYSCOUNT_KO" gid=65534 hook="${hooks%% *}"
	says "a member: show" 0 "" as_nobody syscount show
	[[ $hooks == tracepoint ]] ||
		same "a member: cost" "0 " "$(as=as_nobody run_cost)"
	echo tracepoint > $sysfs/hook
	says "a member: cost of the tracepoint" 1 "syscount: cost of the hook tracepoint: $NEED_ADMIN" \
		as_nobody syscount cost -d 1000
	says "a member: reset" 1 "syscount: reset: $NEED_ADMIN" as_nobody syscount reset
	rmmod syscount
	insmod "$SYSCOUNT_KO"
}

test_not_loaded()
{
	local command

	syscount show --json > a.json
	rmmod syscount
	for command in "" show list info "enable file" "disable read" reset "stat 0.1 1" "diff a.json" cost \
		       "show --json" "show -d 0.1"; do
		# shellcheck disable=SC2086 # words
		says "not loaded: syscount $command" 1 "$NOT_LOADED" syscount $command
	done
	says "not loaded: a file can be looked at" 0 "" syscount show --input a.json
	says "not loaded: two files can be compared" 0 "" syscount diff a.json a.json
	says "not loaded: -V" 0 "" syscount -V
	says "not loaded: --help" 0 "" syscount --help
	insmod "$SYSCOUNT_KO"
	says "loaded again" 0 "" syscount show
}

test_shows_what_proc_shows
test_switches
test_list_and_info
test_reset_and_diff
test_intervals
test_attach
test_cost
test_not_permitted
test_not_loaded
same_end
