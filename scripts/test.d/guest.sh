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
	if ! insmod "$SYSCOUNT_KO"; then
		echo "## fault the module cannot be loaded"
	# Left alone, it would move on to the best hook in the middle of the test.
	elif ! echo auto > /sys/class/misc/syscount/hook; then
		echo "## fault the hook cannot be chosen"
	fi
}

kmemleak=/sys/kernel/debug/kmemleak

# With kmemleak=on: what nothing names any more. What is younger than 5 s is not looked at,
# and a first look may still find what a CPU had at hand. How many it found the kernel says
# on the console, where it would be a fault, before it is known whose they are.
leaked()
{
	local found

	sleep 6
	dmesg --console-level notice
	# It may have given up, or not be there.
	if ! echo scan > $kmemleak || ! echo scan > $kmemleak; then
		echo "## fault there was no search for leaks"
	fi
	dmesg --console-level debug
	found=$(leaks < $kmemleak)
	echo clear > $kmemleak
	[[ $found ]] || return
	echo "## fault memory is leaked, see below"
	# shellcheck disable=SC2001 # of each line
	sed 's/^/# /' <<< "$found"
}

after()
{
	local taint

	taint=$(</proc/sys/kernel/tainted)
	[[ $taint == 12288 ]] || echo "## fault the kernel's taint is $taint and not 12288"
	if ! loaded; then
		echo "## fault the test left the module unloaded"
	elif ! rmmod syscount; then
		echo "## fault the module cannot be unloaded"
	fi
	# What only the module knew of is lost now, too.
	! ((search)) || leaked
	dmesg | grep -v 'kmemleak: [0-9]* new suspected' | faults | sed 's/^/## fault the kernel said: /'
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
# It is told when to look.
search=0
if grep -qw kmemleak=on /proc/cmdline; then
	search=1
	echo scan=off > $kmemleak
fi
# Of one test, in seconds, for selftests/settings. Some are only for slow kernels, where they take
# as long as a VM may, or have more to do: the VM's own limit is vm_limit in scripts/test.sh.
slow=$(grep -o 'syscount_slow=[0-9]*' /proc/cmdline | head -n 1)
slow=${slow#*=}
export SYSCOUNT_TIMEOUT=600
if ((${slow:-1} > 1)) || grep -qw syscount_dose=full /proc/cmdline; then
	SYSCOUNT_TIMEOUT=$((3000 * ${slow:-1}))
fi
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
