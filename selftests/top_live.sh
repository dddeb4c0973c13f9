#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `syscount top` with the module, on a terminal: what it shows is what was called, and
# its keys do what they say.

export LC_ALL=C.UTF-8
sysfs=/sys/class/misc/syscount
GETPPID=110 ACCESS=21

here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
# shellcheck source-path=SCRIPTDIR source=same.sh
. "$here/same.sh"

echo "TAP version 13"
only_in_vm
tmp=$(mktemp -d) || exit
chmod 755 "$tmp"
cd "$tmp" || exit

# shellcheck source-path=SCRIPTDIR source=screen.sh
. "$here/screen.sh"

trap 'screen_close; rm -rf "$tmp"' EXIT

# A program that makes the calls that it is told, and says when it has.
counted_start()
{
	coproc counted {
		exec perl -e '$0 = "counted"; $| = 1; $path = "/no/such";
			while (<STDIN>) { ($n, $nr) = split; syscall($nr + 0, $path, 0) for 1 .. $n; print "done\n" }'
	}
	# shellcheck disable=SC2154 # the shell's
	pid=$counted_PID
	make_calls 0 0
}

make_calls() # N NR
{
	echo "$1 $2" >&"${counted[1]}"
	read -r <&"${counted[0]}"
}

counted_end()
{
	local input=${counted[1]}

	exec {input}>&-
	wait "$pid"
}

# shell_runs COMMAND: which says then how it ended; what was on the screen before is not.
shell_runs()
{
	type_line clear
	screen_without '^(status|total)'
	type_line "$1; echo status \$?"
}

# top ARGUMENT...: on the screen, until it shows rows, or that it looks for some
top()
{
	on_screen clear-history
	shell_runs "syscount top $*"
	screen_until '^total'
}

# quit: its exit status
quit()
{
	keys q
	ended
}

ended()
{
	screen_until '^status' && screen_lines '^status'
}

# The rows of the table: below its heading, above what is empty.
table() { sed 's/ *$//' | awk 'heading && (!NF || / by [A-Z]/) { exit } heading { print } /SHARE/ { heading = 1 }'; }
rows() { screen | table; }
# Of what was waited for: the programs that look at the rows are not among them yet.
rows_shown() { table <<< "$shown"; }
# row NAME COLUMN...: of the rows whose first column is that
row() { rows | awk -v name="$1" -v columns="${*:2}" '$1 == name { n = split(columns, c, " ")
	for (i = 1; i <= n; i++) printf "%s%s", $c[i], i < n ? " " : "\n" }'; }
another_second() { screen_without "  $(screen | sed -n '1s/.*  //p')\$"; }
# Until one has begun, and another: a number of intervals
frames()
{
	another_second && another_second
}
watches() { cat $sysfs/watches; }
top_pid() { cat "/proc/$(on_screen display-message -p '#{pane_pid}')/task/"*/children; }

test_process()
{
	counted_start
	top -p "$pid" -e getppid,access --errors 0.2
	same "of a process: a watch is open" 1 "$(watches)"
	make_calls 1009 $GETPPID
	screen_until '^getppid .* 1009 '
	same "of a process: N calls are N" "info 1009 0" "$(row getppid 2 5 6)"
	make_calls 503 $ACCESS
	screen_until '^access .* 503 '
	same "... and errors" "file 503 503" "$(row access 2 5 6)"

	keys Space
	screen_until paused
	make_calls 1009 $GETPPID
	same "paused: the screen stays as it is" "info 1009 0" "$(row getppid 2 5 6)"
	keys Space
	screen_until '^getppid .* 2018 '
	same "... and nothing is lost" "info 2018 0 file 503 503" "$(row getppid 2 5 6) $(row access 2 5 6)"

	counted_end
	screen_until 'has ended'
	same "... nor when it has ended" "info 2018 0" "$(row getppid 2 5 6)"
	frames
	same "... and later" "info 2018 0" "$(row getppid 2 5 6)"
	keys c
	screen_until 'who was watched has ended'
	same "... when nobody is there to be grouped anew" "status 0" "$(quit)"
	same "the last frame stays" "info 2018 0" "$(row getppid 2 5 6)"
	same "... without the keys" "" "$(screen_lines 'filter|watching')"
	same "no watch is left" 0 "$(watches)"
}

# One of them started top.
test_processes()
{
	counted_start
	top -p "$(on_screen display-message -p '#{pane_pid}'),$pid" -t -e getppid,ioctl,ppoll 0.2
	same "of two processes: a watch of each" 2 "$(watches)"
	make_calls 1009 $GETPPID
	screen_until '^getppid .* 1009\b'
	same "-t: when it was read" 1 "$(screen_lines '^syscount .*  [0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9.]*Z$' | wc -l)"
	another_second
	same "... and what top does itself is not there" "getppid info 1009" "$(rows | awk '{ print $1, $2, $5 }')"
	same "of two processes: quits" "status 0" "$(quit)"
	counted_end
}

test_failed()
{
	counted_start
	top -p "$pid" -x --errno 0.2
	make_calls 1009 $GETPPID
	make_calls 503 $ACCESS
	screen_until '^access .* 503 '
	same "failed: only these, by errno" "access file 503 ENOENT" \
		"$(rows | awk '{ print $1, $2, $5, $6 }')"
	same "... by a column that is there" "syscalls by CALLS/S" "$(screen | grep -o '^syscalls by [A-Z/]*')"
	same "failed: quits" "status 0" "$(quit)"
	counted_end
}

test_everybody()
{
	counted_start
	top 0.2
	same "syscalls: no watch" 0 "$(watches)"
	keys p
	screen_until 'watching everybody until you leave this view'
	same "processes: a watch" 1 "$(watches)"
	make_calls 1009 $GETPPID
	keys / COUNTED
	screen_until "filter: COUNTED"
	screen_until "^ *$pid "
	same "a filter works while it is typed" "$pid counted getppid /" "$(rows | awk '{ print $1, $2, $5, $6 }')"
	keys Enter Enter
	screen_until "syscalls of process $pid counted"
	screen_until '^getppid .* 1009\b'
	same "Enter: the calls of that process" "info 1009" "$(row getppid 2 5)"
	make_calls 1009 $GETPPID
	counted_end
	screen_until '^getppid .* 2018\b'
	frames
	same "... stay when it has ended" "info 2018" "$(row getppid 2 5)"
	keys Escape
	screen_until "^processes with 'COUNTED'"
	frames
	same "Esc: back to its filter, and who has ended goes" "no row has that" "$(rows)"
	keys Escape
	screen_until "^processes by"
	keys / tmux
	screen_until ' tmux: server '
	keys BSpace BSpace BSpace BSpace sysc
	screen_until 'filter: sysc'
	frames
	same "what top does itself is not there" "no row has that" "$(rows)"
	keys Escape
	screen_until '^processes by'
	keys s
	screen_until '^syscalls by'
	same "leaving the view closes the watch" 0 "$(watches)"
	same "everybody: quits" "status 0" "$(quit)"
}

test_threads_and_commands()
{
	counted_start
	top --by thread -e getppid 0.2
	make_calls 1009 $GETPPID
	screen_until ' counted '
	same "by thread" "$pid $pid counted getppid /" \
		"$(rows_shown | awk '{ print $1, $2, $3, $6, $7 }')"
	keys n
	screen_until '^commands by'
	make_calls 1009 $GETPPID
	screen_until '^counted .* 1009 '
	same "by command" "counted 1009 getppid" "$(rows_shown | awk '{ print $1, $4, $5 }')"
	keys a
	screen_until '^categories by'
	same "categories: no watch" 0 "$(watches)"
	same "... all of them that -e leaves" info "$(rows | awk '{ print $1 }')"
	same "threads: quits" "status 0" "$(quit)"
	counted_end
}

# Its own calls are told apart by a name, which it has no longer than that.
test_own_name()
{
	local own

	top 0.2
	read -r own < <(top_pid)
	keys n
	screen_until 'commands by'
	same "by command: top's own name" "sysc:$own" "$(< "/proc/$own/comm")"
	keys s
	screen_until 'syscalls by'
	same "... and its usual one afterwards" syscount "$(< "/proc/$own/comm")"
	same "... ends well" "status 0" "$(quit)"
}

test_containers()
{
	mkdir /sys/fs/cgroup/top-{a,b}
	counted_start
	echo "$pid" > /sys/fs/cgroup/top-a/cgroup.procs
	on_screen display-message -p '#{pane_pid}' > /sys/fs/cgroup/top-b/cgroup.procs
	top --by cgroup -e getppid,ioctl,ppoll 0.2
	make_calls 1009 $GETPPID
	screen_until '^/top-a .* 1009 '
	same "containers: N calls are N" "1009 getppid" "$(row /top-a 4 5)"
	frames
	same "... and what top does itself is not there" "" "$(row /top-b 4)"
	keys / top-a Enter Enter
	screen_until 'syscalls of container /top-a'
	same "... Enter: its calls" "getppid info 1009" "$(rows | awk '{ print $1, $2, $5 }')"
	same "containers: quits" "status 0" "$(quit)"
	top -g top-a -e getppid 0.2
	make_calls 1013 $GETPPID
	screen_until '^getppid .* 1013\b'
	same "of a cgroup: N calls are N" "info 1013" "$(row getppid 2 5)"
	counted_end
	rmdir /sys/fs/cgroup/top-a
	screen_until 'cgroup top-a has ended'
	same "... which is removed" "status 0" "$(quit)"
	on_screen display-message -p '#{pane_pid}' > /sys/fs/cgroup/cgroup.procs
	rmdir /sys/fs/cgroup/top-b
}

test_order()
{
	local sorted='echo sorted || echo not'

	top 1
	screen_until '^SYSCALL'
	frames
	keys Space
	screen_until paused
	same "busiest first" sorted "$(rows | awk '{ print $3 }' | sort -c -rn 2>&1 && eval "$sorted")"
	keys o
	screen_until 'syscalls by SHARE'
	keys o
	screen_until 'syscalls by CALLS$'
	same "o: by the next column" sorted "$(rows | awk '{ print $5 }' | sort -c -rn 2>&1 && eval "$sorted")"
	keys o
	screen_until 'syscalls by SYSCALL, lowest first'
	same "... names from their beginning" sorted "$(rows | awk '{ print $1 }' | LC_ALL=C sort -c 2>&1 && eval "$sorted")"
	keys r
	screen_until 'syscalls by SYSCALL$'
	same "r: the other way round" sorted "$(rows | awk '{ print $1 }' | LC_ALL=C sort -c -r 2>&1 && eval "$sorted")"
	keys O
	screen_until 'syscalls by CALLS$'
	same "O: back" sorted "$(rows | awk '{ print $5 }' | sort -c -rn 2>&1 && eval "$sorted")"
	keys End
	screen_until '^[a-z0-9_]+ .* 1$'
	same "End: the rarest" 1 "$(rows | tail -n 1 | awk '{ print $5 }')"
	same "... as many rows as there is room for" 19 "$(rows | wc -l)"
	quit > /dev/null
	top -s calls:asc -T 3 1
	screen_until '^SYSCALL'
	same "--sort and --top" "3 1" "$(rows | wc -l) $(rows | awk 'NR == 1 { print $5 }')"
	same "order: quits" "status 0" "$(quit)"
}

test_sizes()
{
	local size

	top 0.5
	screen_until '^SYSCALL'
	on_screen resize-window -x 40 -y 10
	screen_until '^s p c a views  o sort  / filter  \? help$'
	same "smaller: five rows" 5 "$(rows | wc -l)"
	same "... names in whole, and numbers" "SYSCALL        CATEGORY   CALLS/S  SHARE" \
		"$(screen | grep '^SYSCALL' | sed 's/ *$//')"
	same "... and the head" "syscount" "$(screen | awk 'NR == 1 { print $1 }')"
	keys '?'
	screen_until '^syscount top: what'
	screen_until '^ {19}container or command$'
	# shellcheck disable=SC2046 # words
	keys $(printf 'Down %.0s' {1..30})
	screen_until '^there is not room for all\.$'
	keys x
	screen_until '^s p c a views'
	for size in "20 4" "5 2" "1 1" "200 3" "3 50"; do
		# shellcheck disable=SC2086 # words
		set -- $size
		on_screen resize-window -x "$1" -y "$2"
		keys p '?' x / a Escape c End Home a s
	done
	on_screen resize-window -x 120 -y 30
	screen_until 'space pause  w write  \? help$'
	screen_until '^SYSCALL'
	same "larger again" 30 "$(screen | wc -l)"
	keys '?'
	screen_until 'Any key goes back'
	keys x
	screen_until '^syscalls by'
	same "sizes: quits" "status 0" "$(quit)"
	on_screen resize-window -x 80 -y 24
}

test_ends()
{
	local signal

	type_line "clear; stty -a > before"
	for signal in INT TERM HUP; do
		top 0.5
		screen_until '^SYSCALL'
		# shellcheck disable=SC2046 # one number
		kill -$signal $(top_pid)
		same "$signal: ends well" "status 0" "$(ended)"
		same "... and the last frame stays" 1 "$(screen | grep -c '^SYSCALL')"
	done
	type_line "stty -a > after; echo written"
	screen_until '^written'
	same "... and the terminal is as it was" "$(<before)" "$(<after)"
	top -d 0.7 0.5
	screen_until '^status 0'
	same "--duration: ends by itself" 1 "$(screen | grep -c '^SYSCALL')"

	top 0.5
	screen_until '^SYSCALL'
	keys C-z
	screen_until 'Stopped'
	shell_runs "fg"
	screen_until '^\[s\]yscalls'
	screen_until '^SYSCALL'
	same "stopped and continued: goes on" "status 0" "$(quit)"
}

test_write()
{
	top 0.5
	screen_until '^SYSCALL'
	keys Space w
	screen_until '^write to file:'
	keys a.json Enter
	screen_until '^a.json: written'
	same "w: a snapshot" "counters $(row openat 5)" \
		"$(jq -r '.syscount | "\(.kind) \(.syscalls[] | select(.syscall == "openat") | .calls)"' a.json)"
	echo precious > b.json
	keys w b.json Enter
	screen_until '^b.json: File exists: not overwritten'
	same "... overwrites nothing" precious "$(<b.json)"
	mkdir full && mount -t tmpfs -o size=4k none full
	keys BSpace BSpace BSpace BSpace BSpace BSpace full/a Enter
	screen_until '^full/a: No space left on device'
	same "... leaves nothing where there is no room" "" "$(ls full)"
	umount full
	keys Escape
	screen_until '^\[s\]yscalls'
	same "w: quits" "status 0" "$(quit)"

	counted_start
	top --by process -e getppid 0.3
	make_calls 1009 $GETPPID
	screen_until ' counted '
	keys w w.json Enter
	screen_until '^w.json: written'
	same "w: of a watch" "watch all 1009 counted 1009" "$(jq -r '.syscount |
		"\(.kind) \(.target.type) \(.total) \(.groups[] | select(.calls > 0) | "\(.command) \(.calls)")"' w.json)"
	same "... that show reads" 1009 "$(syscount show -i w.json --raw -n -U CALLS)"
	same "w: of a watch: quits" "status 0" "$(quit)"
	counted_end
}

test_reset()
{
	top 3
	screen_until '^SYSCALL'
	syscount reset
	screen_until 'the counters were reset in this interval'
	same "a reset: nothing below zero" "" "$({ screen_lines '^total'; rows; } | grep -E '[0-9]{12}|-[0-9]')"
	same "... and counted from there" yes \
		"$(rows | awk '{ sum += $5 } END { print sum < 100000 ? "yes" : sum }')"
	same "reset: quits" "status 0" "$(quit)"
	syscount disable device
	top 0.5
	screen_until 'device off'
	same "what is off" 1 "$(screen_lines '^total' | grep -c ' device off ')"
	quit > /dev/null
	syscount enable device
}

test_refused()
{
	local instead="for a file or a program: syscount show -d SECONDS [--json]"
	local nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"

	same "without a terminal" "2 syscount: top: standard output is not a terminal; $instead" \
		"$(screen_close; script -qec "syscount top 2> err | cat; echo \${PIPESTATUS[0]}" /dev/null | tr -d '\r\n') $(<err)"
	screen_open 80 24
	shell_runs "TERM=nosuch syscount top 2> err"
	same "a terminal that nobody knows" "status 1 syscount: terminal: 'nosuch' (TERM) is not known; without a screen: 'syscount show -d SECONDS'" \
		"$(ended) $(<err)"
	shell_runs "TERM=dumb syscount top 2> err"
	same "one that cannot" "status 1 syscount: terminal: 'dumb' (TERM) cannot move its cursor; without a screen: 'syscount show -d SECONDS'" \
		"$(ended) $(<err)"
	shell_runs "$nobody syscount top 2> err"
	same "nobody" "status 1 syscount: counters: not permitted: needs CAP_PERFMON, CAP_SYS_ADMIN or the group of the module's parameter gid" \
		"$(ended) $(<err)"
	rmmod syscount
	insmod "$SYSCOUNT_KO" gid=65534
	shell_runs "$nobody syscount top 0.5"
	screen_until '^SYSCALL'
	keys p
	screen_until "^processes: needs CAP_PERFMON, like 'attach -p'; 'syscount run' needs nothing *\$"
	frames
	same "a member: no processes, but syscalls" 1 "$(screen_lines '^SYSCALL' | wc -l)"
	same "a member: quits" "status 0" "$(quit)"
	rmmod syscount
	insmod "$SYSCOUNT_KO"
}

screen_open 80 24
test_process
test_processes
test_failed
test_everybody
test_threads_and_commands
test_own_name
test_containers
test_order
test_sizes
test_ends
test_write
test_reset
test_refused
same_end
