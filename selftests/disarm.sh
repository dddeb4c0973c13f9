#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where ftrace has no memory to let go of a kprobe, the kernel warns, which fails a VM; so
# this has one of its own. But for that warning all must be well: the hooks change, count,
# and are gone with the module, and the kernel has no kprobe left in memory that is
# somebody else's. Prints KTAP.
#
# Usage: disarm.sh kasan

set -u
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
# shellcheck source-path=SCRIPTDIR source=../scripts/vm.d/judge.sh
. "$repo/scripts/vm.d/judge.sh"
# shellcheck source-path=SCRIPTDIR source=same.sh
. "$repo/selftests/same.sh"

# In the VM. The shell itself is who has no memory, so what it does with the file is open before.
# shellcheck disable=SC2016 # for the shell in the VM
readonly in_vm='
	trap "dmesg >&2" EXIT
	faults=/sys/kernel/debug
	hook=/sys/devices/virtual/misc/syscount/hook
	echo 0 | tee $faults/failslab/{ignore-gfp-wait,verbose} \
		$faults/fail_page_alloc/{ignore-gfp-wait,ignore-gfp-highmem,min-order,verbose} \
		$faults/fail_usercopy/verbose > /dev/null
	modprobe syscount hook=tracepoint || exit
	n=0 refused=0
	exec 6> /dev/null
	while :; do
		echo kprobe > $hook || exit
		exec 3> $hook 4> /proc/self/fail-nth 5< /proc/self/fail-nth
		echo $((++n)) >&4
		echo tracepoint >&3 2>&6 || ((++refused))
		read -r left <&5
		echo 0 >&4
		exec 3>&- 4>&- 5<&-
		echo tracepoint > $hook || exit
		((!left)) || break	# there was no n-th
	done
	echo "failed $((n - 1)) refused $refused"
	echo kprobe > $hook
	grep -c . /proc/syscount
	rmmod syscount || exit
	echo "unloaded"
	# What walks the hash that ours were in, and puts others at their places
	for name in x64_sys_call ia32_sys_call do_sys_openat2; do
		echo "p:$name $name" >> /sys/kernel/debug/tracing/kprobe_events || exit
		echo 1 > /sys/kernel/debug/tracing/events/kprobes/$name/enable || exit
	done
	cat /sys/kernel/debug/kprobes/list
	echo 0 | tee /sys/kernel/debug/tracing/events/kprobes/*/enable > /dev/null
	echo > /sys/kernel/debug/tracing/kprobe_events
	modprobe syscount hook=kprobe && rmmod syscount || exit
	echo "done"
'

if [[ ${1-} != kasan ]]; then
	echo "usage: disarm.sh kasan" >&2
	exit 2
fi
echo "TAP version 13"
"$repo/scripts/vm" -k "$1" -t 600 -- bash -c "$in_vm" > "$tmp/out" 2> "$tmp/log" < /dev/null
# What the kernel found fault with, each once: that warning by the function it is of
reported=$(faults < "$tmp/log" | grep -v 'cut here' |
	sed 's/.*WARNING: .*\(__disarm_kprobe_ftrace\).*/\1/' | sort -u)
same "the kernel warns that it had no memory to disarm a kprobe, and of nothing else" \
	__disarm_kprobe_ftrace "$reported"
same "the module can be unloaded then, and others' kprobes, and its next ones, be where its were" \
	"failed unloaded done" \
	"$(grep -ohE '^(failed [1-9]|unloaded$|done$)' "$tmp/out" | sed 's/ .*//' | xargs)"
((!failed)) || tail -n 50 "$tmp/out" "$tmp/log" | sed 's/^/# /'
same_end
