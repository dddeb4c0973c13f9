#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The half of bench.sh that runs in the VM. Prints what it finds as lines that report.py
# reads; bench.sh has a look at them too, to know how far this is.
#
# Usage: guest.sh calls|parallel PATTERN... (of names in configurations)
#        guest.sh reading | times

# shellcheck disable=SC2317 # called by their names
set -u
here=$(dirname "$0")
bench=$here/bench
busybox=/run/vm/busybox
tracing=/sys/kernel/tracing
sysfs=/sys/class/misc/syscount
out=/tmp/bench	# of the peer; with its errors

declare -A numbers=([read]=0 [write]=1 [close]=3 [dup]=32 [getppid]=110 [openat]=257)

fail() { echo "failed $(tr -s '\n\t ' ' ' <<< "$*")"; return 1; }

# What a program said that failed: the line with the error, else the last.
why()
{
	{ grep -m 1 -iE 'error|fail|cannot|unable|not (found|supported|permitted)' "$1" ||
		grep . "$1" | tail -n 1; } | tr -d '#'
}

# run COMMAND...: or fails with what it said.
run()
{
	"$@" > "$out.log" 2>&1 || fail "$1: $(why "$out.log")"
}

insert() { run "$busybox" insmod "$SYSCOUNT_KO" "$@"; }
remove() { run "$busybox" rmmod syscount; }

#
# The kinds of configurations: title, start, stop, and then counted, which prints
# how often it saw each call, by name or number, or "total" and all of them.
#

title_module() { echo "syscount, ${1/hook=/hook }"; }
start_module()
{
	insert "$1" || return
	[[ $1 == hook=auto ]] || grep -qF "[${1#hook=}]" "$sysfs/hook" ||
		{ remove; fail "the module does not count by $1"; }
}
stop_module()
{
	cat /proc/syscount > "$out"
	remove
}
counted_module() { awk '$1 == "64" { print $3, $NF }' "$out"; }

title_off() { echo "syscount, everything off"; }
start_off()
{
	local switch

	# Attached when insmod returns; "auto" would be at it while we measure.
	insert hook=direct > /dev/null || insert || return
	for switch in "$sysfs"/*/enabled; do
		echo 0 > "$switch" || { remove; fail "$switch"; return; }
	done
}
stop_off() { remove; }
counted_off() { :; }

# The words of a watch are the module's parameter and those of the command.
raw='-r -n -U SYSCALL,CALLS'
title_run() { echo "syscount ${1#* }, ${1%% *}" | sed 's/hook=/hook /'; }
start_run()
{
	start_module "${1%% *}" && tracer="syscount ${1#* } $raw"
}
stop_run()
{
	tracer=''
	remove
}
counted_run() { cat "$out"; }

title_attach() { title_run "$@"; }
start_attach()
{
	start_module "${1%% *}" || return
	# shellcheck disable=SC2086 # words
	syscount ${1#* } $raw > "$out" 2>&1 < /dev/null &
	peer=$!
	until grep -q ': counting: ' "$out"; do
		if ! kill -0 "$peer" 2> /dev/null; then
			remove
			fail "$(why "$out")"
			return
		fi
	done
}
# In the background SIGINT is ignored, and it leaves it so.
end_attach()
{
	kill -TERM "$peer"
	wait "$peer"
}
stop_attach()
{
	end_attach
	remove
}
counted_attach()
{
	awk '$2 ~ /^[0-9]+$/ { calls[$1] += $2 } END { for (name in calls) print name, calls[name] }' "$out"
}

# The calls of a process that makes none, while others make theirs.
title_other() { title_run "${1/ attach/ attach -p another}"; }
start_other()
{
	sleep 3600 &
	idle=$!
	start_attach "$1 -p $idle" || { kill "$idle"; return 1; }
}
stop_other()
{
	end_attach
	kill "$idle"
	stop_module
}
counted_other() { counted_module; }

# A command that counts for the whole machine, until an interrupt ends it.
title_command() { echo "$1"; }
start_command()
{
	eval "exec $1" > "$out" 2>&1 < /dev/null &
	peer=$!
	if ! "$bench" wait "$peer" "$least" 2> "$out.log"; then
		kill -KILL "$peer" 2> /dev/null
		wait "$peer" 2> /dev/null
		fail "$(why "$out.log"): $(why "$out")"
	fi
}
stop_command()
{
	local watchdog

	kill -INT "$peer"
	# One that does not end is ended: "sleep" is what the shell waits for.
	(exec sleep 300) > /dev/null &
	watchdog=$!
	wait -n "$peer" "$watchdog" 2> /dev/null
	kill -KILL "$peer" "$watchdog" 2> /dev/null
	wait "$peer" "$watchdog" 2> /dev/null
	return 0
}
counted_command()
{
	case $1 in
	perf\ stat*) awk '$2 == "raw_syscalls:sys_enter" { gsub(",", "", $1); print "total", $1 }' "$out" ;;
	# A table for each thread.
	perf\ trace*) awk '$2 ~ /^[0-9]+$/ { calls[$1] += $2 } END { for (name in calls) print name, calls[name] }' "$out" ;;
	syscount*\ -P*) awk '$2 == "bench" { total += $3 } END { print "total", total }' "$out" ;;
	syscount*) awk '$2 ~ /^[0-9]+$/ { print $1, $2 }' "$out" ;;
	bpftrace*) sed -n 's/^@\[\([0-9]*\)\]: /\1 /p' "$out" ;;
	esac
}

# A command that runs the program that makes the calls, and traces it.
title_tracer() { echo "$1"; }
start_tracer() { tracer=$1; }
stop_tracer() { tracer=''; }
counted_tracer() { awk '$4 ~ /^[0-9]+$/ && $NF != "total" { print $NF, $4 }' "$out"; }

title_trigger() { echo "ftrace: $1"; }
start_trigger() { echo "$1" > "$tracing/events/raw_syscalls/sys_enter/trigger" || fail "no such trigger"; }
stop_trigger()
{
	cat "$tracing/events/raw_syscalls/sys_enter/hist" > "$out"
	echo "!$1" > "$tracing/events/raw_syscalls/sys_enter/trigger"
}
counted_trigger() { sed -n 's/^{ id: *\([0-9]*\) } hitcount: */\1 /p' "$out"; }

title_event() { echo "ftrace: ring buffer, raw_syscalls:$1"; }
start_event()
{
	echo > "$tracing/trace"
	echo 1 > "$tracing/events/raw_syscalls/$1/enable" || fail "no such event"
}
stop_event()
{
	echo 0 > "$tracing/events/raw_syscalls/$1/enable"
	# Written, of which the buffer keeps the last.
	cat "$tracing"/per_cpu/cpu*/stats > "$out"
	echo > "$tracing/trace"
}
counted_event() { awk '/^(entries|overrun):/ { total += $2 } END { print "total", total }' "$out"; }

#
# One configuration
#

# lines PATTERN...: these lines of the table, with a line for each hook.
lines()
{
	local name figure kind words hook hooks pattern

	if insert > /dev/null; then
		hooks=$(tr -d '[]' < "$sysfs/hook")
		remove > /dev/null
	else
		hooks=auto	# which says why it does not work
	fi
	while IFS='|' read -r name figure kind words; do
		# Without the blanks around them
		read -r name <<< "$name"; read -r figure <<< "$figure"
		read -r kind <<< "$kind"; read -r words <<< "$words"
		[[ $name && $name != '#'* ]] || continue
		# A kernel may have none: Debian's 5.10.
		[[ $kind != trigger ]] || grep -q hist "$tracing/README" || continue
		if [[ $name == *'*'* ]]; then
			for hook in $hooks; do
				echo "${name/\*/$hook}|$figure|$kind|${words/\*/$hook}"
			done
		else
			echo "$name|$figure|$kind|$words"
		fi
	done < "$here/configurations" |
	while IFS='|' read -r name words; do
		for pattern; do
			# shellcheck disable=SC2053 # a pattern
			[[ $name != $pattern ]] || { echo "$name|$words"; break; }
		done
	done
}

# Did it see all calls that were made? Others make some too, but nobody dup().
check_counted()
{
	local call counted made total=0 all

	declare -A seen=()
	while read -r call counted; do
		seen[$call]=$counted
	done < "$out.counted"
	all=${seen[total]-}
	while read -r call made; do
		total=$((total + made))
		counted=${seen[$call]-${seen[${numbers[$call]}]-0}}
		[[ ! $all ]] || continue
		echo "counted $call $counted $made"
		if ((counted < made)) || [[ $call == dup && $counted != "$made" ]]; then
			fail "it counted $counted for $made calls of $call"
		fi
	done < "$out.made"
	[[ $all ]] || return
	echo "counted total $all $total"
	((all >= total)) || fail "it counted $all of $total calls"
}

# measure FUNCTION LINE: the configuration of that line, measured by that function,
# which leaves in $out.made how many calls of which name were made.
measure()
{
	local name figure kind words tracer='' peer=''

	IFS='|' read -r name figure kind words <<< "$2"
	echo "begin $name $figure $kind $("title_$kind" "$words")"
	rm -f "$out.made" "$out"
	if "start_$kind" "$words"; then
		"$1"
		"stop_$kind" "$words"
		if [[ -e $out.made ]]; then
			"counted_$kind" "$words" > "$out.counted"
			[[ $kind == off ]] || check_counted
		fi
	fi
	echo "end $name"
}

#
# The parts of the bench
#

# A line of the program, "call NAME LEAST MEAN MADE", goes on as one of another kind.
bare()
{
	"$bench" calls > "$out.bare"
	least=$(awk '$2 == "getppid" { print $3 }' "$out.bare")
	sed 's/^call/bare/' "$out.bare"
}

calls_with()
{
	# shellcheck disable=SC2086 # words
	${tracer:+$tracer -o "$out"} "$bench" calls ${peer:-${tracer:+parent}} > "$out.with" 2> "$out.log" ||
		{ fail "$(why "$out.log")"; return; }
	sed 's/^call/with/' "$out.with"
	while read -r _ call _ _ made; do
		# Two calls a time
		for call in ${call//+/ }; do
			echo "$call $made"
		done
	done < "$out.with" > "$out.made"
}

part_calls()
{
	local list line

	# Some kernels' calls are cheaper after a tracepoint was on once.
	echo 1 > "$tracing/events/raw_syscalls/enable"
	echo 0 > "$tracing/events/raw_syscalls/enable"
	if "$bench" equal 2> "$out.log"; then
		echo "info deterministic yes"
	else
		echo "info deterministic $(why "$out.log")"
	fi
	mapfile -t list < <(lines "$@")
	echo "list ${list[*]%%|*}"
	bare
	for line in "${list[@]}"; do
		measure calls_with "$line"
		bare
	done
}

parallel_with()
{
	"$bench" parallel > "$out.with"
	sed "s/^parallel/with/" "$out.with"
	awk '{ print "getppid", $4 }' "$out.with" > "$out.made"
}

part_parallel()
{
	local list line

	echo 1 > "$tracing/events/raw_syscalls/enable"
	echo 0 > "$tracing/events/raw_syscalls/enable"
	least=$("$bench" calls | awk '$2 == "getppid" { print $3 }')
	mapfile -t list < <(lines "$@")
	echo "list ${list[*]%%|*}"
	"$bench" parallel | sed 's/^parallel/bare/'
	for line in "${list[@]}"; do
		measure parallel_with "$line"
		"$bench" parallel | sed 's/^parallel/bare/'
	done
}

part_reading()
{
	insert || return
	run "$bench" reading && cat "$out.log"
	remove
}

part_times()
{
	local line hook

	while IFS='|' read -r _ _ _ line; do
		hook=${line#hook=}
		run "$bench" times "$hook" && cat "$out.log"
	done < <(lines 'hook-*')
}

echo "info kernel $(uname -r)"
"part_$1" "${@:2}"
