#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel finds that the processors' cycles are no clock, after the module was loaded: watches
# that are open stay with them, later ones have another, and the times of all are right. The
# VM's cycles stay right in truth: what this sees is a time by one clock on the scale of the
# other, which is too short. Boots a VM; prints KTAP.

set -u
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
tmp=$(mktemp -d) || exit
export VM_TEST_MODULES=planted
trap 'rm -rf "$tmp"' EXIT
# shellcheck source-path=SCRIPTDIR source=same.sh
. "$repo/selftests/same.sh"

# shellcheck disable=SC2016 # for the shell in the VM
said=$("$repo/scripts/vm" -t 300 -c 2 -a tsc=reliable -- bash -c '
# What SECONDS of sleep took is no less, and some seconds more at most.
slept()
{
	perl -0ne "/\"clock_nanosleep\".*?\"total_ns\": *(\d+)/s or next;
		print \$1 >= $2 * 1e9 && \$1 < ($2 + 60) * 1e9 ? \"$1: right\n\" : \"$1: \$1 ns\n\"" "$3"
}
once() { syscount run -LJ -o /tmp/once sleep 0.7; slept "$1" 0.7 /tmp/once; }
insmod "$SYSCOUNT_KO" || exit
mkfifo /tmp/go
once before
syscount run -LJ -o /tmp/long sh -c "sleep 0.5; read go < /tmp/go; sleep 0.5" &
until [[ $(< /sys/class/misc/syscount/watches) == 1 ]]; do :; done
insmod "${SYSCOUNT_KO%/*}/planted.ko" bug=tsc_unstable || exit
dmesg | sed -n "s/^.*\(tsc: Marking\)/\1/p"
once beside
echo > /tmp/go
wait
slept long 1 /tmp/long
once after
once "after that"
rmmod syscount' 2> "$tmp/err" < /dev/null || cat "$tmp/err")

echo "TAP version 13"
same "times are right before and after" "before: right
tsc: Marking TSC unstable due to planted
beside: right
long: right
after: right
after that: right" "$said"

same_end
