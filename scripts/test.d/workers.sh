# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # queue is of those who read this in
# Jobs that are numbered from 0, done by several workers. queue: a file of the caller's,
# which holds the number of the next.

next_job()
{
	local i

	{
		flock 9
		i=$(<"$queue") && [[ $i ]] || return
		echo $((i + 1)) > "$queue"
	} 9< "$queue"
	echo "$i"
}

# work COUNT FUNCTION: so many at a time, each given its number, until all have ended. Status 1
# if one of them failed.
work()
{
	local number pid status=0 pids=()

	echo 0 > "$queue"
	# Groups of their own, so that an interrupt can end all that they started.
	set -m
	for ((number = 0; number < $1; number++)); do
		"$2" "$number" < /dev/null &
		pids+=($!)
	done
	set +m
	trap 'kill -- "${pids[@]/#/-}" 2> /dev/null; wait; exit 130' INT TERM HUP
	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
	done
	trap - INT TERM HUP
	return "$status"
}

# The fewest of these numbers
least()
{
	printf '%s\n' "$@" | sort -n | head -n 1
}
