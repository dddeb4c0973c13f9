#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The test of the tests: what scripts/test.sh makes of what a test program says.

export LC_ALL=C
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
failures=0
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
# shellcheck disable=SC2034 # ktap.sh's
print_lock=$tmp/lock recap=$tmp/recap
# shellcheck source-path=SCRIPTDIR source=../scripts/test.d/ktap.sh
. "$repo/scripts/test.d/ktap.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/vm.d/judge.sh
. "$repo/scripts/vm.d/judge.sh"
# shellcheck source-path=SCRIPTDIR source=same.sh
. "$repo/selftests/same.sh"

# counts NAME "PASSED FAILED SKIPPED" STATUS: with the program's output on stdin
counts()
{
	local line

	passed=0 failed=0 skipped=0
	test_begin program
	: > "$recap"
	while IFS= read -r line; do
		test_line "$line"
	done
	[[ $3 == none ]] || test_ended "$3"
	test_end > "$tmp/report"
	if [[ "$passed $failed $skipped" == "$2" ]]; then
		echo "ok $((++number)) - $1"
	else
		echo "not ok $((++number)) - $1"
		echo "# '$passed $failed $skipped' and not '$2'"
		sed 's/^/# /' "$tmp/report"
		failures=1
	fi
}

# reports NAME TEXT: so did the last one
reports()
{
	if grep -qF -- "$2" "$tmp/report"; then
		echo "ok $((++number)) - $1"
	else
		echo "not ok $((++number)) - $1"
		sed 's/^/# /' "$tmp/report"
		failures=1
	fi
}

# recalls NAME TEXT: what is said of the last one at the end of all tests
recalls()
{
	if [[ $2 == "$(<"$recap")" ]]; then
		echo "ok $((++number)) - $1"
	else
		echo "not ok $((++number)) - $1"
		sed 's/^/# /' "$recap"
		failures=1
	fi
}

echo "TAP version 13"
counts "all pass" "2 0 0" 0 <<< $'TAP version 13\n1..2\nok 1 a\nok 2 b'
recalls "... and nothing is named at the end" ""
counts "the plan at the end" "2 0 0" 0 <<< $'ok 1 a\nok 2 b\n1..2'
counts "one fails" "1 1 0" 1 <<< $'1..2\nok 1 a\n# why\nnot ok 2 b'
reports "... and all is shown" "    | # why"
recalls "... and it is named again at the end" $'failed: program\n    2 b\n        # why'
counts "one passes, then one fails" "1 1 0" 1 <<< $'1..2\n# of a\nok 1 a\n# of b\nnot ok 2 b'
recalls "... and what was said of it alone is named again" $'failed: program\n    2 b\n        # of b'
counts "one fails, and the status is 0" "1 1 0" 0 <<< $'1..2\nok 1 a\nnot ok 2 b'
counts "a skip" "1 0 1" 0 <<< $'1..2\nok 1 a\nok 2 b # SKIP no such device'
reports "... and its reason is shown" "skipped: b # SKIP no such device"
counts "skips with one reason" "0 0 2" 0 <<< $'1..2\nok 1 # SKIP no such device\nok 2 # SKIP no such device'
reports "... which is shown once" "skipped: # SKIP no such device (2 times)"
counts "a skip by exit status" "0 0 1" 0 <<< $'1..1\n#  RUN  a ...\n# no such device\n#  OK  a\nok 1 # SKIP unknown'
reports "... has the reason that the test gave" "skipped: # SKIP unknown: no such device"
counts "a skip by exit status without a word" "0 0 1" 0 <<< $'1..1\nok 1 # SKIP unknown'
counts "a skip that says not ok" "1 0 1" 0 <<< $'1..2\nok 1 a\nnot ok 2 b # skip'
counts "expected to fail" "1 0 0" 0 <<< $'1..3\nok 1 a\nnot ok 2 b # TODO later\nnot ok 3 c # XFAIL'
counts "expected to fail, and did not" "0 1 0" 0 <<< $'1..1\nok 1 b # TODO later'
counts "what a test did" "1 0 0" 0 <<< $'1..1\n# did: 7 of it\nok 1 a'
reports "... is shown when it passes" "    did: 7 of it"
counts "all skipped" "0 0 1" 4 <<< $'1..0 # SKIP not in the test VM'
reports "... and the reason is shown" "not in the test VM"
counts "skipped without a word" "0 0 1" 4 <<< "no"
counts "kselftest's skip status, with results" "1 1 0" 4 <<< $'1..1\nok 1 a'
counts "no plan" "2 1 0" 0 <<< $'ok 1 a\nok 2 b'
counts "a result too few" "1 1 0" 0 <<< $'1..2\nok 1 a'
counts "a result too many" "2 1 0" 0 <<< $'1..1\nok 1 a\nok 2 b'
counts "two plans" "1 1 0" 0 <<< $'1..1\n1..1\nok 1 a'
counts "out of order" "2 2 0" 0 <<< $'1..2\nok 2 b\nok 1 a'
counts "no number" "1 1 0" 0 <<< $'1..1\nok a'
counts "nothing at all" "0 1 0" 0 < /dev/null
counts "a crash after the last result" "1 1 0" 139 <<< $'1..1\nok 1 a'
reports "... is named" "it ended with status 139"
recalls "... also at the end" $'failed: program\n    it ended with status 139; '
counts "a crash in the middle" "1 1 0" 139 <<< $'1..3\nok 1 a'
counts "time-out" "1 1 0" 124 <<< $'1..2\nok 1 a'
reports "... is named" "time-out"
counts "gives up" "1 1 0" 1 <<< $'1..2\nok 1 a\nBail out! no device'
counts "no end" "1 1 0" none <<< $'1..1\nok 1 a'
counts "subtests are no results" "1 0 0" 0 <<< $'1..1\n    1..2\n    ok 1 x\n    not ok 2 y\n# ok 9 z\nok 1 a'
counts "words that only look like results" "1 0 0" 0 <<< $'1..1\nokay 1\nnot okay\nok1 a\n1..2 things\nok 1 a'

# race TITLE FRAME...: what KCSAN says; a frame that begins with "by" begins a stack
race()
{
	printf '[    1.5] %s\r\n' "==========" "BUG: KCSAN: data-race in $1"
	shift
	printf '[    1.5] %s\r\n' "${@/#by/read to 0xffff8880 of 8 bytes by}" "=========="
}

# Until here it is ktap.sh's, from here on same()'s.
failed=0
found="[    1.5] BUG: KCSAN: data-race in"
for line in "NMI watchdog: Watchdog detected hard LOCKUP on cpu 1" \
		"watchdog: BUG: soft lockup - CPU#1 stuck for 24s!" \
		"INFO: task a:1 blocked for more than 120 seconds." \
		"sysfs: cannot create duplicate filename '/kernel/slab/a'" \
		"kobject_add_internal failed for a with -EEXIST, don't try to register things with the same name in the same directory." \
		"kobject '(null)' (00): tried to add an uninitialized object, something is seriously wrong."; do
	same "a fault: ${line%% *} ${line#* }" "[    2.0] $line" "$(faults <<< "[    2.0] $line")"
done
same "none: a name that there was no memory for" "" \
	"$(faults <<< "[    2.0] kobject_add_internal failed for a (error: -12 parent: slab)")"
same "a warning is a fault" "[    2.0] WARNING: CPU: 0 PID: 1" "$(faults <<< $'[    2.0] WARNING: CPU: 0 PID: 1\r\nWARNINGS: none')"
same "a race of the module is one" "$found a / b" \
	"$(race "a / b" "by task 1 on cpu 0:" " a+0x1/0x2" "by task 2 on cpu 1:" " b+0x1/0x2 [syscount]" | faults)"
same "... also where the module called who reads" "$found a+0x1/0x2" \
	"$(race "a+0x1/0x2" "by task 1 on cpu 0:" " a+0x1/0x2" " b+0x1/0x2 [syscount]" | faults)"
same "one of the kernel's own is none" "" "$(race "a / b" "by task 1 on cpu 0:" " a+0x1/0x2" | faults)"
same "... nor one of an interrupt that came upon the module" "" \
	"$(race "a / b" "by interrupt on cpu 0:" " a+0x1/0x2" " asm_common_interrupt+0x1/0x2" " b+0x1/0x2 [syscount]" \
		"by task 1 on cpu 1:" " b+0x1/0x2" | faults)"
same "... but what it raced with may be" "$found a / b" \
	"$(race "a / b" "by interrupt on cpu 0:" " a+0x1/0x2" " asm_common_interrupt+0x1/0x2" "by task 1 on cpu 1:" \
		" b+0x1/0x2 [syscount]" | faults)"
same "the clock's, which its latch allows, is none" "" \
	"$(race "ktime_get_mono_fast_ns+0x1/0x2" "by task 1 on cpu 1:" " b+0x1/0x2 [syscount]" | faults)"
same "... nor that of a kprobe which ends while it is hit" "" \
	"$(race "__disable_kprobe / optimized_callback" "by task 1 on cpu 1:" " a+0x1/0x2" " b+0x1/0x2 [syscount]" | faults)"
same "... also where it is looked for among several" "" \
	"$(race "__disable_kprobe / opt_pre_handler" "by task 1 on cpu 1:" " a+0x1/0x2" " b+0x1/0x2 [syscount]" | faults)"
same "... but another one there is" "$found a / opt_pre_handler" \
	"$(race "a / opt_pre_handler" "by task 1 on cpu 1:" " a+0x1/0x2" " b+0x1/0x2 [syscount]" | faults)"
leak() # FUNCTION...
{
	printf 'unreferenced object 0x1 (size 16):\n  comm "a", pid 1\n  backtrace:\n'
	printf '    [<0>] %s+0x1/0x2\n' "$@"
}
same "a leak is one, and a name which sysfs_slab_add() leaves is none" "$(leak a "b [syscount]"; leak sysfs_slab_add)" \
	"$({ leak a "b [syscount]"; leak kobject_set_name_vargs sysfs_slab_add "b [syscount]"; leak sysfs_slab_add; } | leaks)"
same "... nor alone" "" "$(leak kobject_set_name_vargs kobject_init_and_add sysfs_slab_add | leaks)"
same "... but that of another object is" "$(leak kobject_set_name_vargs b)" "$(leak kobject_set_name_vargs b | leaks)"
same "a warning in the middle of a race is one" "[    2.0] WARNING: CPU: 1 PID: 1" \
	"$(race "a / b" "by task 1 on cpu 0:" $'a+0x1/0x2\r\n[    2.0] WARNING: CPU: 1 PID: 1' | faults)"

echo "1..$number"
exit $((failures | failed))
