#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by the name of a kernel
# Does the debug kernel report bugs, and does scripts/vm make a failure of each report?
# Plants one of each kind (planted.c); prints KTAP.
#
# Usage: planted.sh kasan|kcsan

set -u
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
# shellcheck source-path=SCRIPTDIR source=../../scripts/vm.d/judge.sh
. "$repo/scripts/vm.d/judge.sh"
number=0 failed=0
export VM_TEST_MODULES=planted

result() # "" or "not ", NAME
{
	[[ ! $1 ]] || failed=1
	echo "$1ok $((++number)) - $2"
}

# plant WORDS BUG...: in one VM, whose log goes to $tmp/log
plant()
{
	local words=$1 status

	shift
	# shellcheck disable=SC2016 # for the shell in the VM
	"$repo/scripts/vm" -k "$kernel" -t 600 -a "$words" -- bash -c '
		for bug; do
			echo "planted: begin $bug" > /dev/kmsg
			insmod "${SYSCOUNT_KO%/*}/planted.ko" bug=$bug && rmmod planted
			[[ $bug != leak ]] || for scan in 1 2; do
				sleep 6	# what is younger is not suspected
				echo scan > /sys/kernel/debug/kmemleak
			done
			echo "planted: end $bug" > /dev/kmsg
		done
		dmesg' planted "$@" > "$tmp/log" 2> "$tmp/err" < /dev/null
	status=$?
	if [[ $status == 123 ]]; then
		result "" "scripts/vm ends with 123 for: $*"
	else
		tail -n 20 "$tmp/err" | sed 's/^/# /'
		result "not " "scripts/vm ends with $status and not with 123 for: $*"
	fi
}

# reported BUG WORDS: among the lines that the judge takes for a report
reported()
{
	local log

	log=$(sed -n "/planted: begin $1\$/,/planted: end $1\$/p" "$tmp/log")
	if faults <<< "$log" | grep -qF -- "$2"; then
		result "" "$1: $2"
	else
		head -n 30 <<< "$log" | sed 's/^/# /'
		result "not " "$1: $2"
	fi
}

unreported() # BUG
{
	if sed -n "/planted: begin $1\$/,/planted: end $1\$/p" "$tmp/log" | faults | grep .; then
		result "not " "$1: nothing is reported"
	else
		result "" "$1: nothing is reported"
	fi
}

# After lockdep's first report, and after any of KASAN's, lockdep is silent.
plant_all_kasan()
{
	plant "" none cpu_while_preemptible sleep_in_atomic rcu_unlocked rcu_list_unlocked \
		circular_locks active_object list_added_twice shift out_of_bounds \
		use_after_free out_of_vmalloc out_of_stack
	unreported none
	reported cpu_while_preemptible "BUG: using smp_processor_id() in preemptible"
	reported sleep_in_atomic "BUG: sleeping function called from invalid context"
	reported rcu_unlocked "WARNING: suspicious RCU usage"
	reported rcu_list_unlocked "WARNING: suspicious RCU usage"
	reported circular_locks "WARNING: possible circular locking dependency detected"
	reported active_object "ODEBUG: init active"
	reported list_added_twice "list_add double add"
	reported shift "UBSAN: shift-out-of-bounds"
	reported out_of_bounds "BUG: KASAN: slab-out-of-bounds"
	reported use_after_free "BUG: KASAN: use-after-free"
	reported out_of_vmalloc "BUG: KASAN: vmalloc-out-of-bounds"
	reported out_of_stack "BUG: KASAN: stack-out-of-bounds"
	plant kmemleak=on none leak
	unreported none
	reported leak "kmemleak: 1 new suspected memory leaks"
}

plant_all_kcsan()
{
	plant "" none race
	unreported none
	reported race "BUG: KCSAN: data-race in count_on [planted]"
}

kernel=${1-}
case $kernel in
kasan | kcsan) ;;
*) echo "usage: planted.sh kasan|kcsan" >&2; exit 2 ;;
esac
echo "TAP version 13"
"plant_all_$kernel"
echo "1..$number"
exit "$failed"
