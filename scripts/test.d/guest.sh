#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs selftests in the VM, each with the module freshly loaded, and looks at the
# kernel after each. Lines that begin with '##' are for scripts/test.sh; what a
# test prints never does, since the kernel's runner puts '# ' before it.
#
# Usage: guest.sh DIRECTORY NAME...

set -u
dir=$1
shift
# shellcheck source-path=SCRIPTDIR source=../vm.d/judge.sh
. "$dir/judge.sh"

loaded() { [[ -e /sys/module/syscount ]]; }

fresh()
{
	if loaded && ! rmmod syscount; then
		echo "## fault the module cannot be unloaded"
	elif ! insmod "$SYSCOUNT_KO"; then
		echo "## fault the module cannot be loaded"
	# Left alone, it would move on to the best hook in the middle of the test.
	elif ! echo auto > /sys/class/misc/syscount/hook; then
		echo "## fault the hook cannot be chosen"
	fi
}

kmemleak=/sys/kernel/debug/kmemleak

looks_for_leaks() { grep -qw kmemleak=on /proc/cmdline; }

# What is younger than 5 s is not looked at, and a first look may still find what a CPU had
# at hand.
scan()
{
	sleep 6
	echo scan > $kmemleak
	echo scan > $kmemleak
}

# Linux 6.1 loses a table of its own each time but the last that its hash of direct calls grows
# during one registration (ftrace_add_rec_direct() in kernel/trace/ftrace.c): some 900 bytes with
# the first direct hook after a boot, and none with others. Those are not to be found later.
let_kernel_lose()
{
	fresh
	echo direct > /sys/class/misc/syscount/hook
	scan
	sed 's/^/# before all tests: /' $kmemleak
	echo clear > $kmemleak
}

# What nothing names any more
leaked()
{
	looks_for_leaks || return
	scan
	grep -q . $kmemleak || return
	echo "## fault memory is leaked, see below"
	sed 's/^/# /' $kmemleak
	echo clear > $kmemleak
}

after()
{
	local taint

	taint=$(</proc/sys/kernel/tainted)
	loaded || echo "## fault the test left the module unloaded"
	[[ $taint == 12288 ]] || echo "## fault the kernel's taint is $taint and not 12288"
	leaked
	dmesg | faults | sed 's/^/## fault the kernel said: /'
}

# With VM_COVERAGE (see scripts/vm): what of the module ran until now, also while it was loaded
# before. After each test, as a later one may take the VM down.
keep_coverage()
{
	local from=/sys/kernel/debug/gcov files file

	mapfile -t files < <(find $from -name '*.gcda' -print 2> /dev/null)
	((${#files[@]})) || return 0
	mkdir -p "$dir/coverage.tmp/$first"
	for file in "${files[@]}"; do
		# Of no size, as all files there, so cat
		cat "$file" > "$dir/coverage.tmp/$first/${file##*/}"
	done
	mkdir -p "$dir/coverage"
	rm -rf "$dir/coverage/$first"
	mv "$dir/coverage.tmp/$first" "$dir/coverage/"
}

first=$1
! looks_for_leaks || let_kernel_lose
for name; do
	echo "## start $name"
	fresh
	dmesg --clear
	"$dir/run_kselftest.sh" -t "syscount:$name"
	echo
	after
	keep_coverage
	echo "## end $name"
done
# The last unloading, too
! loaded || rmmod syscount
keep_coverage
