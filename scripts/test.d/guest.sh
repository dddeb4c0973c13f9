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
fault='WARNING: |BUG: |Oops|stall|lockup|blocked for more|circular|suspicious RCU'

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

after()
{
	local taint

	taint=$(</proc/sys/kernel/tainted)
	loaded || echo "## fault the test left the module unloaded"
	[[ $taint == 12288 ]] || echo "## fault the kernel's taint is $taint and not 12288"
	dmesg | grep -E "$fault" | sed 's/^/## fault the kernel said: /'
}

for name; do
	echo "## start $name"
	fresh
	dmesg --clear
	"$dir/run_kselftest.sh" -t "syscount:$name"
	echo
	after
	echo "## end $name"
done
