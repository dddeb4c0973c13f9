# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # set by run.sh
# top, with the module's stand-in: its last frame, which it leaves on the terminal when
# the time is over. The keys are tried with the module.

# What comes behind the screen, without what differs from run to run.
frame='python3 -c "
import re, sys
text = sys.stdin.read().rsplit(\"\\x1b[?1049l\", 1)[-1]
text = re.sub(\"\\x1b[^a-zA-Z>]*[a-zA-Z>]|\\r\", \"\", text)
print(re.sub(\"^(syscount  ).*?(hook|every) (.*)  .*\", r\"\\1\\2 \\3\", text), end=\"\")"'

# top NAME COLUMNS ARGUMENT...: FAKE is as the caller has it
top()
{
	sh "top-$1" 0 "" "LD_PRELOAD=$tmp/fake.so python3 $here/on-terminal.py $2 $SYSCOUNT top -d 0.01 ${*:3} | $frame"
}

tops()
{
	top syscalls 80
	top wide 150 --color=never
	top narrow 40
	top very-narrow 12
	top narrow-numbers 16 -U CALLS,SHARE
	top sort 80 -s syscall:asc
	top choose 80 -c process
	top columns 80 -U NR,SYSCALL,CALLS
	top first 80 -T 1
	FAKE=off top off 80
	top categories 80 --by category
	top processes 80 --by process
	top threads 100 --by thread
	top commands 80 --by command
	FAKE=turned top turned 80 --by process
	FAKE=kept top containers 80 --by cgroup
	top everybody 80 -a
	top latency 80 -a -L
	top latency-processes 110 -L --by process
	top errno 80 -a --errno
	top failed 80 -a -x
	top failed-errno 80 -a -x --errno
	top none 80 -a -e newcomer
	top objects 80 -a --objects
	FAKE=i386 top abis 80 -a
	FAKE=empty top empty 80 -a
	FAKE=reset top reset 80
	# Between two readings nothing that ended is subtracted: it was let go of.
	sh top-forgets 0 "" "LD_PRELOAD=$tmp/fake.so python3 $here/on-terminal.py 80 \
		$SYSCOUNT top --by process -I 0.05 -d 0.6 | $frame"
	# Each has its own times, also beside one that makes no calls.
	sh top-idle 0 "" "FAKE=idle LD_PRELOAD=$tmp/fake.so python3 $here/on-terminal.py 110 \
		$SYSCOUNT top --by process -L -I 0.05 -d 0.6 | $frame"
	sh top-terminal-small 0 "" "TERM=vt100 LD_PRELOAD=$tmp/fake.so python3 $here/on-terminal.py 80 \
		$SYSCOUNT top -d 0.01 | grep -ao 'every 0.0 s\|every 2.0 s' | sort -u"
	sh top-no-perm 1 "" "FAKE=no-perm LD_PRELOAD=$tmp/fake.so python3 $here/on-terminal.py 200 $SYSCOUNT top -p 1"
	sh top-eperm 1 "" "FAKE=eperm LD_PRELOAD=$tmp/fake.so python3 $here/on-terminal.py 200 $SYSCOUNT top"
	# What ends the program in the middle is said where it can be read.
	sh top-inconsistent 1 "" "FAKE=inconsistent LD_PRELOAD=$tmp/fake.so python3 $here/on-terminal.py 200 \
		$SYSCOUNT top -d 0.01 --by process | $frame"
	sh top-unknown-terminal 1 "" "TERM=nosuch LD_PRELOAD=$tmp/fake.so python3 $here/on-terminal.py 200 $SYSCOUNT top"
	sh top-dumb-terminal 1 "" "TERM=dumb LD_PRELOAD=$tmp/fake.so python3 $here/on-terminal.py 200 $SYSCOUNT top"
	sh top-no-terminal 1 "" "TERM= LD_PRELOAD=$tmp/fake.so python3 $here/on-terminal.py 200 $SYSCOUNT top"
}

if [[ -e $tmp/fake.so ]] && python3 -c 'import os; os.login_tty' 2>/dev/null; then
	tops
else
	skip top "no compiler for the stand-in, or python3 is older than 3.11"
fi
instead="for a file or a program: syscount show -d SECONDS [--json]"
misused top-not-a-terminal "top: standard input is not a terminal; $instead" top
misused top-json "top: option --json does not belong here; $instead" top -J
misused top-output "top: option --output does not belong here; $instead" top -o file
misused top-input "top: option --input does not belong here; it is for: show stat list info" top -i db7.json
misused top-two-targets "top: --pid, --cgroup and --all exclude each other" top -a -p 1
misused top-follow "top: --follow none goes with --pid, not with --all" top --follow none -a
misused top-follow-nobody "top: --follow threads goes with --pid" top --follow threads
misused top-cgroup-empty "top: --cgroup: the path is empty; / is the root of all" top -g "''"
misused top-by-cpu "top: --by: 'cpu' is not one of: syscall, category, process, thread, cgroup, command" top --by cpu
misused top-seconds "top: SECONDS: 'x' is not a number of seconds" top x
misused top-twice "top: SECONDS and --interval exclude each other" top -I 1 1
misused top-sort-unknown "top: --sort: no column 'x'; there are: TIMESTAMP ABI NR SYSCALL CATEGORY STATE CALLS CALLS/S SHARE ERRORS ERRNO OBJECT TOTAL AVG P50 P99 MIN MAX EXITS REFUSED RESTARTED INFLIGHT OLDEST PID TID COMMAND CGROUP THREADS TOP" top -s x
misused top-sort-cpu "top: --sort: no column 'CPU'; there are: TIMESTAMP ABI NR SYSCALL CATEGORY STATE CALLS CALLS/S SHARE ERRORS ERRNO OBJECT TOTAL AVG P50 P99 MIN MAX EXITS REFUSED RESTARTED INFLIGHT OLDEST PID TID COMMAND CGROUP THREADS TOP" top -s CPU
misused top-sort-total "top: --sort: column TOTAL takes --latency" top -s total
misused top-columns-pid "top: --columns: column PID takes --by process, thread, cgroup or command" top -U +pid
misused top-errno-latency "top: --errno and --latency exclude each other" top -L --errno
