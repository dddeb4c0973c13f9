#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # what awk, perl and other shells are to expand
# `syscount run` counts what `strace -c -f` counts, of real programs.
#
# Most programs do not make the same calls twice, so both look at one run: strace
# traces syscount, and logs each call. What the command does, from its execve() on,
# are the lines of all tasks but syscount's own first one, whose calls a table made by
# `strace -c` would mix with them. -C has that table at the end of the same log: the
# log's lines, all of them, must add up to it, so that it is strace's count, and not
# ours of its lines, that syscount is compared with. The log also has what the table has
# not: exit, exit_group, and calls that a signal ended together with their task.
#
# Programs that do the same each time run twice more, once with strace and once with
# syscount, which nobody traces then.

export LC_ALL=C LANG=C HOME=/tmp GIT_CONFIG_NOSYSTEM=1 PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 PERL_HASH_SEED=0 TZ=UTC
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.c GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.c
ulimit -c 0

echo "TAP version 13"
skip_all()
{
	echo "1..0 # SKIP $*"
	exit 4
}
grep -qw syscount_vm=1 /proc/cmdline || skip_all "not in the test VM: scripts/vm -- COMMAND"
here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/cases" "$tmp/work"
cd "$tmp/work" || exit
# Not from the shared folder, and by short names
cp "$here/strace_programs" "$here/strace_programs_i386" .

# shellcheck source-path=SCRIPTDIR source=same.sh
. "$here/same.sh"

# The input of all commands: what is in it does not matter.
make_input()
{
	local i

	for i in {1..12}; do
		mkdir -p "tree/$i/deep/deeper"
		seq "$i" 3000 > "tree/$i/file"
		seq "$((i * 7))" > "tree/$i/deep/another"
		ln -s ../file "tree/$i/deep/link"
	done
	seq 280000 > big
	for i in 1 2 3 4; do
		printf '#include <stdio.h>\nint f%d(void) { return puts("%d"); }\n' "$i" "$i" > "part$i.c"
	done
	printf '%s\n' 'all: part1.o part2.o part3.o part4.o' $'\techo $^ | xargs ls -l' \
		'%.o: %.c' $'\tgcc -c -o $@ $<' > Makefile
	printf '%s\n' '#!/bin/sh' 'echo "$0"' '/bin/false' 'exit 3' > script
	chmod 755 script
}

cases=0

# of [-k KNOWN] [-s STATUS] [-2] NAME COMMAND...: see strace_compare.py. -2: twice the same
of()
{
	local dir=$tmp/cases/$((++cases)) name known='' expected=0 twice='' OPTIND option

	while getopts k:s:2 option; do
		case $option in
		k) known=$OPTARG ;;
		s) expected=$OPTARG ;;
		*) twice=yes ;;
		esac
	done
	shift $((OPTIND - 1))
	name=$1
	shift
	mkdir "$dir"
	{
		# In numbers, so that no string of the program's looks like a part of a line.
		strace -f -n -C -e raw=all -U name,calls,errors -o "$dir/log" \
			syscount run -J -o "$dir/json" -- "$@" < /dev/null > "$dir/out"
		echo $? > "$dir/status"
		if [[ $twice ]]; then
			# -R: where the heap begins decides how often it grows.
			setarch -R strace -c -f -U name,calls,errors -o "$dir/table" "$@" < /dev/null > "$dir/out"
			setarch -R syscount run -J -o "$dir/plain" -- "$@" < /dev/null > "$dir/out"
		fi
	} 2> "$dir/err"
	printf 'inside\t%s\t%s\t%s\t%s\n' "$name" "$dir" "$expected" "$known"
	[[ ! $twice ]] || printf 'apart\t%s\t%s\t\t\n' "$name" "$dir"
}

all_cases()
{
	of -2 "ls -R" ls -R tree
	of -2 "ls -l" ls -l /etc
	of "tar c" tar cf tree.tar tree
	mkdir out
	of "tar x" tar xf tree.tar -C out
	of "tar cz" tar czf tree.tgz tree
	of -2 "gzip -c" gzip -c big
	gzip -k big
	of "gunzip" gunzip -c big.gz
	of "xz of two threads" xz -k -0 -T2 --block-size=200000 big
	of -2 "find" find tree -type f -name 'an*'
	of "find -exec" find tree -type f -exec wc -l '{}' +
	of "sort of four threads" sort --parallel=4 -S 64M -r -o sorted big
	of -2 "grep -r" grep -r 299 tree
	of "sed -i" sed -i 's/1/one/' tree/1/file tree/2/file
	of -2 "awk" awk '{ sum += $1 } END { print sum }' tree/3/file
	of "git init" git init -q repository
	cp -r tree repository/
	of "git add" git -C repository add .
	of "git commit" git -C repository commit -q -m message
	of -2 "git log" git -C repository log --stat
	of -2 "python3" python3 -c 'import json, os; print(json.dumps(os.listdir("tree")))'
	of -2 "perl" perl -e 'use File::Find; find(sub { print -s, "\n" }, "tree")'
	of "sqlite3" sqlite3 database "create table t (a, b); insert into t values (1, 2), (3, 4); select sum(a) from t;"
	of -2 "sqlite3, reading" sqlite3 database "select * from t as x, t as y;"
	of "make -j4, gcc" make -j4
	of "a pipeline" sh -c 'cat big | tr 1 2 | sort -n | uniq -c | head -n 3'
	of "xargs -P4" sh -c 'find tree -type f | xargs -P4 -n 6 wc -c'
	of -2 "dd" dd if=/dev/zero of=/dev/null bs=1k count=1009
	of "cp -a" cp -a tree copy
	of -2 "sha256sum" sha256sum big tree.tar sorted
	of "mv, ln, chmod" sh -c 'mv copy copied; ln -s copied copy; chmod -R go= copied'
	of "rm -r" rm -r copied out
	of -k "execve=2 exit_group=2" -s 3 "a script" ./script
	of "a shell's loop" bash -c 'for ((i = 0; i < 30; i++)); do (exit 1); echo "$(echo $i)"; done'
	of -k "getppid=2008 dup=1016/1016 exit=8 pause=1/0/1 exit_group=1" "threads" ./strace_programs threads
	of -2 -k "i386:getppid=101 i386:close=13/13 i386:fork=1 i386:waitpid=1 i386:exit=1 i386:execve=1 execve=1 exit_group=1" \
		"a 32-bit program" ./strace_programs_i386
	of -k "clone=1000 wait4=1000 exit_group=1001" "1000 children" ./strace_programs forks
	of -k "readv=3/0/2 nanosleep=2/0/2 restart_syscall=+ rt_sigreturn=6 exit_group=4" -s 143 \
		"signals" ./strace_programs signals
	of -2 -k "execve=41/20 vfork=20 wait4=40 exit_group=41" "posix_spawn and vfork" ./strace_programs spawns
	of -2 -k "exit_group=0" -s 139 "SIGSEGV" ./strace_programs fault
	of -k "readv=1/0/1 exit_group=1 kill=1" "killed in a call" ./strace_programs killed
	of -k "execve=2 futex=1/0/1 exit_group=1" "execve by a thread" ./strace_programs thread_executes
}

test_statuses()
{
	local sum

	same "status 0" 0 "$(syscount run -o summary true; echo $?)"
	same "status 3" 3 "$(syscount run -o summary ./script > out; echo $?)"
	same "not found: 127" 127 "$(syscount run -o summary no-such-program 2> err; echo $?)"
	same "cannot be run: 126" 126 "$(syscount run -o summary ./big 2> err; echo $?)"
	# A shell's $? does not tell a signal from a status.
	same "dies by SIGTERM, as the command did" "15 0" \
		"$(perl -e 'system(@ARGV); print $? & 127, " ", $? >> 8' \
			syscount run -o summary perl -e 'kill("TERM", $$); sleep(10)')"
	sum=$(md5sum < big.gz)
	same "standard input and output are the command's" "$sum" "$(syscount run -o summary cat < big.gz | md5sum)"
	same "... and pipes" "$(md5sum < big)" "$(gzip -c big | syscount run -o summary gunzip | gzip | gunzip -c | md5sum)"
	same "the summary on standard error" "$sum" "$({ syscount run cat < big.gz | md5sum; } 2> err)"
	same "... is that, and nothing else is" "syscount: cat:" "$(head -n 1 err | cut -d' ' -f1-2)"
}

make_input
syscount list --raw --noheadings > "$tmp/list"
all_cases | python3 "$here/strace_compare.py" 1 "$tmp/list" "$tmp/next"
((PIPESTATUS[1] == 0)) || failed=1
number=$(($(<"$tmp/next") - 1))
test_statuses
same_end
