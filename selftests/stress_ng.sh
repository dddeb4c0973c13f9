#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stress-ng's calls, forks, signals, tracers and filters, with watches of everybody and
# everything: the counters fit afterwards as before, what another program calls meanwhile is
# counted exactly, and nothing holds the module.

export LC_ALL=C.UTF-8
sysfs=/sys/class/misc/syscount
here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
# shellcheck source-path=SCRIPTDIR source=same.sh
. "$here/same.sh"

# Seconds with each hook: as a fixed short dose, and by syscount_dose=full.
seconds=20
! grep -qw syscount_dose=full /proc/cmdline || seconds=200

# Two of each at a time: more would wait for the four CPUs.
sets=("--enosys 2 --syscall 2" "--fork 2 --vfork 2" "--clone 2 --pthread 2"
      "--signal 2 --sigsuspend 2" "--sigq 2 --sigsegv 2" "--sigchld 2 --kill 2"
      "--seccomp 2 --ptrace 2" "--exec 2 --zombie 2" "--usersyscall 2 --x86syscall 2"
      "--affinity 2 --daemon 2")

# Not one of the counters may be more than the sum of its parts.
fits()
{
	awk '
	NF == 3 && $1 == "total" { total = $3; next }
	NF == 3 && $1 != "category" && $1 != "syscount" { categories += $3 }
	NF == 6 && $1 != "abi" { rows += $6 }
	END { print (total == categories && total == rows && total > 0) ? "fits" : "does not fit" }' /proc/syscount
}

# Calls of i386, which stress-ng has none of: so many flock() each time, as its status says.
readonly CALLS=101
call_beside()
{
	local rounds=0

	while "$here/calls_i386"; (($? == CALLS)); do
		rounds=$((rounds + 1))
		[[ ! -e enough ]] || break
	done
	echo "$((rounds * CALLS))" > made
}

counted_beside() { awk '$1 == "i386" && $3 == "flock" { print $NF }' /proc/syscount; }

# Of the last reading: calls of that program; "lost" if there was no memory to watch a thread
watched_beside()
{
	tail -n 1 watch.interval | jq -r '.syscount | if .lost_threads > 0 then "lost" else
		[.groups[] | select(.command == "calls_i386").syscalls[] | select(.abi == "i386" and .syscall == "flock").calls] | add end'
}

echo "TAP version 13"
only_in_vm
tmp=$(mktemp -d) || exit
trap 'kill "${watchers[@]}" 2> /dev/null; rm -rf "$tmp"' EXIT
cd "$tmp" || exit

for hook in direct tracepoint kprobe; do
	echo "$hook" > "$sysfs/hook"
	watchers=() ended='' all=0
	for by in process cgroup command; do
		env --default-signal=INT syscount attach -a --errors -L --objects --by "$by" -o "watch.$by" 2> "said.$by" &
		watchers+=($!)
	done
	env --default-signal=INT syscount attach -a --by command --interval 1 --json -o watch.interval 2> said.interval &
	watchers+=($!)
	until [[ $(grep -l counting said.* | wc -l) == 4 ]]; do
		kill -0 "${watchers[@]}" || break
	done
	for set in "${sets[@]}"; do
		before=$(counted_beside)
		call_beside &
		beside=$!
		# shellcheck disable=SC2086 # words
		stress-ng --quiet --oom-avoid --temp-path "$tmp" --timeout "$((seconds / ${#sets[@]}))" $set \
			> log 2>&1
		status=$?
		ended+="$status "
		((status == 0)) || sed 's/^/# /' log
		touch enough
		wait "$beside"
		rm enough
		all=$((all + $(<made)))
		same "$hook: $set: /proc/syscount" fits "$(fits)"
		same "$hook: $set: calls beside it" "$(<made)" "$(($(counted_beside) - before))"
	done
	# 2: a stressor could not do what it wanted; 3: it has not what it takes.
	same "$hook: stress-ng was not killed" "" "$(tr ' ' '\n' <<< "$ended" | grep -vxE '0|2|3|' )"
	same "$hook: most of its sets ran as they should" yes \
		"$( (($(tr ' ' '\n' <<< "$ended" | grep -cx 0) > ${#sets[@]} / 2)) && echo yes)"
	echo "# did: hook $hook: stress-ng's statuses: $ended"
	kill -INT "${watchers[@]}"
	echo "# did: hook $hook: stress-ng for $seconds s with 4 watches of everybody"
	statuses=''
	for watcher in "${watchers[@]}"; do
		wait "$watcher"
		statuses+="$? "
	done
	same "$hook: the watches were read to the end" "0 0 0 0 " "$statuses"
	same "$hook: the calls beside it are watched" "$all" "$(watched_beside)"
	for by in process cgroup command; do
		same "$hook: the watch by $by has calls" yes "$(grep -q 'calls in' "watch.$by" && echo yes)"
	done
done
watchers=()
rmmod syscount
same "nothing holds the module" 0 $?
insmod "$SYSCOUNT_KO"
same "it is loaded again" 0 $?

same_end
