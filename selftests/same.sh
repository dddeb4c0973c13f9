# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests in shell: cases of KTAP, counted in $number; $failed is 1 when one has failed.

number=0 failed=0

# same NAME EXPECTED ACTUAL
same()
{
	if [[ $2 == "$3" ]]; then
		echo "ok $((++number)) - $1"
	else
		echo "not ok $((++number)) - $1"
		printf '# expected: %s\n' "${2//$'\n'/$'\n# expected: '}"
		printf '# but it is: %s\n' "${3//$'\n'/$'\n# but it is: '}"
		failed=1
	fi
}

# After the last case: the plan, and the end.
same_end()
{
	echo "1..$number"
	exit "$failed"
}

# As syscount_test.c does: what needs the module is skipped elsewhere.
only_in_vm()
{
	grep -qw syscount_vm=1 /proc/cmdline && return
	echo "1..0 # SKIP not in the test VM: scripts/vm -- COMMAND"
	exit 4
}
