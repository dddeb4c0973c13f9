#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # what other functions are told to call
# What Documentation/tutorial.md says is so: its programs run, and what they add
# to the counters is compared number by number.

export LC_ALL=C
number=0 failed=0

# Beside this script, or in a folder of their own.
cd "$(dirname -- "${BASH_SOURCE[0]}")" || exit
[[ ! -x tutorial/count ]] || cd tutorial || exit
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
output=$tmp/out

skip_all()
{
	echo "1..0 # SKIP $*"
	exit 4
}

# result STATUS NAME
result()
{
	local word=ok

	(($1 == 0)) || word="not ok" failed=1
	echo "$word $((++number)) - $2"
}

skip() { echo "ok $((++number)) - $1 # SKIP $2"; }

# same NAME EXPECTED ACTUAL
same()
{
	if [[ $2 != "$3" ]]; then
		printf '# expected:  %s\n' "${2//$'\n'/$'\n# expected:  '}"
		printf '# but it is: %s\n' "${3//$'\n'/$'\n# but it is: '}"
	fi
	[[ $2 == "$3" ]]
	result $? "$1"
}

# count's table as lines "ABI NR SYSCALL CATEGORY CALLS" and "all CATEGORY CALLS".
# Standard output of COMMAND is $output, its status is $status.
count_once()
{
	./count "$@" > "$output" 2> "$tmp/err"
	status=$?
	awk '$1 == "all" { print $1, $5, $6 }
	     $1 ~ /^(64|i386|x32)$/ && $2 ~ /^-?[0-9]+$/ { print $1, $2, $3, $4, $5 }' "$tmp/err"
}

# steady FILE COMMAND...: what COMMAND prints, when it was the same twice. The rest
# of the machine is counted, too, and is busy now and then, as with what was printed
# last.
steady()
{
	local file=$1 tries=9

	shift
	"$@" > "$file"
	while ((tries-- > 0)); do
		mv "$file" "$file.before"
		"$@" > "$file"
		! cmp -s "$file" "$file.before" || return 0
	done
	echo "# never twice the same: $*; is something else running here?"
	return 1
}

# counted FILE COMMAND...
counted()
{
	local file=$1

	shift
	steady "$file" count_once "$@"
}

# added FILE FILE: the difference between two of counted()
added()
{
	awk '{ calls = $NF; $NF = ""; key = $0 }
	     FNR == NR { sum[key] -= calls; next }
	     { sum[key] += calls }
	     END { for (key in sum) if (sum[key]) print key sum[key] }' "$1" "$2" | sort
}

# rows TIMES NR/SYSCALL/CATEGORY[/EACH]...: what added() should say
rows()
{
	local times=$1 row

	shift
	for row; do
		echo "$row"
	done | awk -F / -v times="$times" '
		{ calls = times * (NF > 3 ? $4 : 1); sum[$3] += calls; print 64, $1, $2, $3, calls }
		END { for (category in sum) if (sum[category]) print "all", category, sum[category] }' |
		sort
}

# until_true COMMAND...: waits for what comes soon
until_true()
{
	local tries=20000

	until "$@"; do
		((tries-- > 0)) || return
	done
}

# calls libc|raw NAME TIMES ROW...: those TIMES calls add these rows and nothing else
calls()
{
	local by=$1 name=$2 times=$3

	shift 3
	counted "$tmp/some" "./calls_$by" "$name" "$times"
	same "$name of a textbook, by $by" "$(rows "$times" "$@")" "$(added "$tmp/$by" "$tmp/some")"
}

test_textbook_calls()
{
	local wait=61/wait4/process exits=60/exit/process fork=57/fork/process
	local clone="56/clone/process 273/set_robust_list/process"
	local close=3/close/file mmap="9/mmap/communication 11/munmap/communication"
	local shm="29/shmget/communication 31/shmctl/communication"
	local bare="59/execve/process 1/write/file"

	for by in libc raw; do
		counted "$tmp/$by" "./calls_$by" nothing 0
	done
	# shellcheck disable=SC2086 # rows are words
	{
		calls libc fork 31 $clone $wait 231/exit_group/process
		calls raw fork 31 $fork $wait $exits
		calls libc exit 31 $clone $wait 231/exit_group/process
		calls raw exit 31 $fork $wait $exits
		calls libc exec 31 $clone $wait $exits $bare
		calls raw exec 31 $fork $wait $exits $bare
		calls libc open 1009 257/openat/file $close
		calls raw open 1009 2/open/file $close
		calls libc mmap 1009 $mmap
		calls raw mmap 1009 $mmap
		calls libc shmget 1009 $shm
		calls raw shmget 1009 $shm
	}
	calls libc pipe 1009 293/pipe2/communication $close/2
	calls raw pipe 1009 22/pipe/communication $close/2
	calls libc sleep 1009 230/clock_nanosleep/info
	calls raw sleep 1009 35/nanosleep/info
	for by in libc raw; do
		calls $by read 1009 0/read/file
		calls $by write 1009 1/write/file
		calls $by close 1009 $close
		calls $by ioctl 1009 16/ioctl/device
		calls $by getpid 1009 39/getpid/info
		calls $by alarm 1009 37/alarm/info
	done
}

test_three_writes()
{
	local way

	for way in printf syscall bare; do
		counted "$tmp/write" "./write_$way"
		same "one write, by $way" "hello, world 64 1 write file 1" \
			"$(cat "$tmp/out") $(grep ' write ' "$tmp/write")"
	done
	same "without a C library there are three calls" \
		"$(rows 1 59/execve/process 1/write/file 60/exit/process)" "$(sort "$tmp/write")"
}

test_list()
{
	local line

	if ! command -v syscount > /dev/null; then
		skip "the table of calls" "there is no command syscount"
		return
	fi
	line=$(syscount list --raw 2> "$tmp/err" | awk '$3 == "write" { print $1, $2, $3, $4, $5 }')
	same "write in the table of calls" "64 1 write file __x64_sys_write
i386 4 write file __ia32_sys_write
x32 1 write file __x64_sys_write" "$line"
}

# The names in /proc/PID/stack, outermost last. Later kernels made two of pipe_read(),
# one for what both kinds of pipes do and one for what only named ones need. Where the compiler
# does not make a jump of a call, as for KCSAN, there is x64_sys_call() too.
stack_of()
{
	sed -n 's/^\[<0>\] \([a-z0-9_A-Z]*\)+.*/\1/p' "/proc/$1/stack" |
		sed 's/^anon_pipe_read$/pipe_read/; /^fifo_pipe_read$/d; /^x64_sys_call$/d'
}
blocked_in() { stack_of "$1" 2> /dev/null | grep -qx "$2"; }

test_stack()
{
	local reader sleeper

	mkfifo "$tmp/fifo"
	cat "$tmp/fifo" > "$tmp/out" & reader=$!
	exec {writer}> "$tmp/fifo"
	until_true blocked_in $reader pipe_read
	same "the chain below a blocked read" \
		"pipe_read vfs_read ksys_read do_syscall_64 entry_SYSCALL_64_after_hwframe " \
		"$(stack_of $reader | grep -vx 'new_sync_read\|__x64_sys_read' | tr '\n' ' ')"

	sleep 1000 {writer}>&- & sleeper=$!
	until_true blocked_in $sleeper hrtimer_nanosleep
	same "the chain below a sleep" \
		"__x64_sys_clock_nanosleep do_syscall_64 entry_SYSCALL_64_after_hwframe " \
		"$(stack_of $sleeper | tail -n 3 | tr '\n' ' ')"
	kill $sleeper

	test_strace $reader
	exec {writer}>&-
	wait
}

# How often has it gone to sleep?
sleeps_of() { awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$1/status"; }
# strace is there when the process has left its call, and waits in it again.
blocked_again() { (($(sleeps_of "$1") > $2)) && blocked_in "$1" pipe_read; }

# Goes on with the reader that is blocked.
test_strace()
{
	local said='' sleeps

	if ! command -v strace > /dev/null; then
		skip "strace attaches to a running process" "there is no strace"
		return
	fi
	mkfifo "$tmp/strace"
	sleeps=$(sleeps_of "$1")
	strace -o "$tmp/log" -p "$1" 2> "$tmp/strace" {writer}>&- &
	read -r said < "$tmp/strace"
	until_true blocked_again "$1" "$sleeps"
	echo "good morning" >&"$writer"
	exec {writer}>&-
	wait
	same "strace attaches to a running process" "strace: Process $1 attached
read(fifo, \"good morning\\n\", 131072) = 13
write(1, \"good morning\\n\", 13) = 13
read(fifo, \"\", 131072) = 0" "$said
$(grep -E '^(read|write)' "$tmp/log" | sed 's/read([0-9]*/read(fifo/; s/)  *= /) = /')"
}

test_refused()
{
	local banner what

	banner=$(awk '$3 == "linux_banner" { print $1 }' /proc/kallsyms)
	counted "$tmp/nothing" ./refused nothing
	for what in cli hlt cr3 "read $banner"; do
		# shellcheck disable=SC2086 # two words
		counted "$tmp/refused" ./refused $what
		same "refused ${what% *}: SIGSEGV ($((128 + 11))), and no call more" \
			"139 $(rows -1 231/exit_group/process)" \
			"$status $(added "$tmp/nothing" "$tmp/refused")"
	done
}

test_malloc()
{
	counted "$tmp/none" ./allocate 100 0
	counted "$tmp/small" ./allocate 100 10000
	counted "$tmp/large" ./allocate 1000000 10
	same "10000 small mallocs are 8 brk" "$(rows 8 12/brk/process)" \
		"$(added "$tmp/none" "$tmp/small")"
	same "10 large mallocs are 10 mmap" "$(rows 10 9/mmap/communication)" \
		"$(added "$tmp/none" "$tmp/large")"
}

test_communication()
{
	counted "$tmp/none" ./messages 1
	counted "$tmp/some" ./messages 1010
	same "1009 numbers by messages" \
		"$(rows 1009 69/msgsnd/communication 70/msgrcv/communication)" \
		"$(added "$tmp/none" "$tmp/some")"
	same "and they all arrive" "the sum is 510555" "$(cat "$tmp/out")"
	counted "$tmp/none" ./shared 1
	counted "$tmp/some" ./shared 1010
	same "1009 numbers by shared memory" "" "$(added "$tmp/none" "$tmp/some")"
	same "and they all arrive, too" "the sum is 510555" "$(cat "$tmp/out")"
}

test_files()
{
	counted "$tmp/none" dash -c :
	counted "$tmp/some" dash -c "echo hello world > $tmp/my_file.txt"
	same "echo hello world > my_file.txt" \
		"$(rows 1 257/openat/file 72/fcntl/file/2 3/close/file/3 33/dup2/file/2 1/write/file)" \
		"$(added "$tmp/none" "$tmp/some")"

	: > "$tmp/empty"
	output=/dev/null
	counted "$tmp/none" cat "$tmp/empty"
	counted "$tmp/some" cat "$tmp/my_file.txt"
	same "cat my_file.txt: a read and a write more than of an empty file" \
		"$(rows 1 0/read/file 1/write/file)" "$(added "$tmp/none" "$tmp/some")"
	counted "$tmp/some" cat /proc/meminfo
	same "cat /proc/meminfo: the same" \
		"$(rows 1 0/read/file 1/write/file)" "$(added "$tmp/none" "$tmp/some")"
	output=$tmp/out
	counted "$tmp/some" cat "$tmp/my_file.txt"
	same "cat from file to file: no write, copy_file_range (the read is of the C library)" \
		"$(printf '%s\n' "64 0 read file 1" "64 326 copy_file_range file 2")" \
		"$(grep -E ' (read|write|copy_file_range) ' "$tmp/some")"
}

# What the second of two readings has more than the first.
read_twice()
{
	# shellcheck disable=SC2016 # dash's
	dash -c '/bin/cat /proc/syscount > "$1"; /bin/cat /proc/syscount > "$2"; :' \
		sh "$tmp/a" "$tmp/b"
	for reading in a b; do
		awk '$1 ~ /^(64|i386|x32)$/ { print $1, $2, $3, $4, $6 }
		     NF == 3 && $3 ~ /^[0-9]+$/ { print "all", $1, $3 }' "$tmp/$reading" > "$tmp/$reading.rows"
	done
	added "$tmp/a.rows" "$tmp/b.rows"
}

# A read() of /proc/syscount returns whole lines, less than a page; the lines above
# the calls count as one.
pages_of()
{
	awk '{ length_of = length($0) + 1 }
	     !rows { head += length_of; rows = /^abi/; if (rows) page = head; next }
	     page + length_of >= 4096 { pages++; page = 0 }
	     { page += length_of }
	     END { print pages + 1 }' "$1"
}

test_counts_itself()
{
	local cat shell pages

	steady "$tmp/twice" read_twice
	pages=$(pages_of "$tmp/b")
	same "cat /proc/syscount makes a read and a write a page: $pages" \
		"$((pages + 2)) $pages" \
		"$(awk '$3 == "read" { r = $5 } $3 == "write" { w = $5 } END { print r, w }' "$tmp/twice")"

	cat="0/read/file/$((pages + 2)) 1/write/file/$pages 3/close/file/5 9/mmap/communication/9
		10/mprotect/process/3 11/munmap/communication/2 12/brk/process/3 17/pread64/file/2
		21/access/file 59/execve/process 158/arch_prctl/process 218/set_tid_address/process
		221/fadvise64/file 231/exit_group/process 257/openat/file/3 262/newfstatat/file/4
		273/set_robust_list/process 302/prlimit64/process 318/getrandom/info
		326/copy_file_range/file 334/rseq/process"
	shell="257/openat/file 72/fcntl/file/2 33/dup2/file/2 3/close/file/3
		14/rt_sigprocmask/process/3 58/vfork/process 61/wait4/process/2 15/rt_sigreturn/process"
	# shellcheck disable=SC2086 # rows are words
	rows 1 $cat > "$tmp/cat"
	# shellcheck disable=SC2086
	rows -1 $shell > "$tmp/shell"
	added "$tmp/shell" "$tmp/cat" > "$tmp/period"
	same "cat /proc/syscount twice: it counts itself and its shell" \
		"$(cat "$tmp/period"; awk '$1 == "all" { n += $3 } END { print "all total", n }' "$tmp/period")" \
		"$(cat "$tmp/twice")"
}

main()
{
	grep -qsw syscount_vm=1 /proc/cmdline || skip_all "this is not the test VM"
	[[ -e /proc/syscount ]] || insmod "${SYSCOUNT_KO:-syscount.ko}" || modprobe syscount || exit
	# Processes that wait for each other on two emulated processors crawl.
	taskset -cp 0 $$ > /dev/null
	for enabled in /sys/class/misc/syscount/*/enabled; do
		echo 1 > "$enabled" || exit
	done

	echo "TAP version 13"
	test_textbook_calls
	test_three_writes
	test_list
	test_stack
	test_refused
	test_malloc
	test_communication
	test_files
	test_counts_itself
	echo "1..$number"
	exit "$failed"
}

main
