# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # set by run.sh
# attach, with the module's stand-in: of its three processes the last is the command itself.

# attach NAME HOW ARGUMENT...: see attach-until.py; FAKE is as the caller has it
attach()
{
	sh "attach-$1" 0 "" "LD_PRELOAD=$tmp/fake.so python3 $here/attach-until.py $2 $SYSCOUNT attach ${*:3}${then:+ | $then}"
}

attaches()
{
	local form then=

	attach end end -p PID
	attach interrupt INT -a
	attach terminate TERM -a
	attach hangup HUP -a
	attach duration time -a -d 0.01 --errors --csv
	for form in table raw csv strace; do
		attach "form-$form" end -p PID -L --errors --format "$form"
	done
	FAKE=say attach asks end -p PID --follow none -L -x --by thread -d 1000 -n
	# Two watches, summed; none for a child whose parent has one.
	FAKE=say attach several INT -p SELF,PID,SELF --errors
	FAKE=say attach several-alone INT -p SELF,PID --follow threads --by command --errors
	FAKE=lost,left,running attach notes end -p PID
	attach own-process INT -a --by process
	attach own-thread INT -a --by thread --csv
	FAKE=say then="sed -E 's|^[^:,]*,64|PATH,64|; s/pid=[1-9][0-9]*/pid=OWN/'" attach own-cgroup INT -a --by cgroup --csv
	# A call that ended between the two readings is in one of them only: nothing goes below zero,
	# no reading is below the one before, and what calls took lies where the calls do.
	for form in reader reader-alone; do
		then="grep -v 'syscount:' | sed -E 's|^[^:,]*,64|PATH,64|'" FAKE=$form attach "own-$form" INT -a -L --by cgroup --csv -e write,newcomer \
			-U CGROUP,ABI,SYSCALL,CALLS,EXITS,TOTAL,AVG,P50,P99,MIN,MAX,INFLIGHT
		then="grep -v 'status\|syscount:' | jq -sc 'range(6) as \$i | .[\$i].syscount.syscalls[] | [.calls, .exits, .latency.total_ns, .latency.buckets]'" \
			FAKE=$form attach "own-$form-interval" time -a -I 0.01 -d 1 -J -L --by cgroup -e write
		then="sed -n 2,7p" FAKE=$form attach "own-$form-recent" time -a -I 0.01 -d 1 --csv -n -L --by cgroup -e write -U CALLS,TOTAL,P99
	done
	then="grep -v '^sysc'" attach own-command INT -a --by command --csv
	then="grep -vE '(\"[a-z]+_id|host|kernel|machine|time|since)\":|cpus'" attach json end -p PID -J -e futex -L
	then="sed -n 1,3p" attach interval time -a -I 0.02 -d 0.05 --csv -U CALLS
	# Many readings take no more room than one.
	then="tail -n 1" attach long time -a -I 0.001 -d 2 -n
	then="grep -v 'status\\|syscount:' | jq -sc '[.[0, 1].syscount | [.kind, .target.type, .total, .now_ns]]'" \
		attach interval-json time -a -I 0.01 -d 0.1 -J
	FAKE=no-perm attach eperm INT -a
	FAKE=no-task attach race INT -p PID
	FAKE=cannot attach cannot INT -a
	# Those that there are; none is a failure.
	FAKE=say attach some-dead INT -p 2147483647,PID,2147483646 --errors
	attach all-dead INT -p 2147483647,2147483646
	attach root INT -g / -n
	# Who ended is in one reading more, then only in the sums.
	then="grep -v 'status\|syscount:' | jq -sc '[.[0, 1, 2].syscount | [(.groups | length), .total]]'" \
		attach ended time -a --by process -I 0.01 -d 0.5 -J
	attach no-process INT -p 2147483647
	attach no-cgroup INT -g /proc
	attach no-cgroup-path INT -g no/such/path
	misused attach-nobody "attach: whose calls? --pid LIST, --cgroup PATH or --all" attach
	misused attach-both "attach: --pid, --cgroup and --all exclude each other" attach -a -p 1
	misused attach-pid "attach: --pid: 'x' is not the number of a process" attach -p x
	misused attach-pid-empty "attach: --pid: '' is not the number of a process" attach -p 1,
	misused attach-cgroup-empty "attach: --cgroup: the path is empty; / is the root of all" attach -g "''"
	misused attach-follow-all "attach: --follow none goes with --pid, not with --all" attach -a --follow none
	misused attach-follow-cgroup "attach: --follow threads goes with --pid, not with --cgroup" attach -g / --follow threads
	attach follow-everything INT -a -f -n
	sh attach-thread 1 "syscount: process TID: a thread of process PID: -p PID --by thread counts each of its threads" \
		"LD_PRELOAD=$tmp/fake.so python3 -c '
import os, subprocess, sys, threading
def look():
    said = subprocess.run(sys.argv[1:] + [str(threading.get_native_id())], stderr=subprocess.PIPE, text=True)
    sys.stderr.write(said.stderr.replace(str(threading.get_native_id()), \"TID\").replace(str(os.getpid()), \"PID\"))
    os._exit(said.returncode)
threading.Thread(target=look).start()' $SYSCOUNT attach -p"
	misused attach-number "attach: one argument too many: '184'; of a process: -p 184" attach 184
	misused attach-thread-option "attach: one argument too many: '1'; of a process: -p 1" attach -t 1
	misused attach-input "attach: no option --input: a saved snapshot is shown by: syscount show -i FILE; an interval is -I SEC" attach -a -i 1
	misused attach-argument "attach: one argument too many: 'ls'" attach -a ls
}

if [[ -e $tmp/fake.so ]]; then
	attaches
else
	skip attach "no compiler for the stand-in"
fi
