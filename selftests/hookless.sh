#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by others
# Kernels that lack what hooks need: the tracepoint, whose name is changed in a copy of the
# kernel's image, and all of them, where there was that one alone. The next hook counts, or
# the module is refused in one line. Boots a VM; prints KTAP.
#
# Usage: hookless.sh [KERNEL]

set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
home=~	# right without HOME, too
cache=${XDG_CACHE_HOME:-$home/.cache}/syscount
readonly EX_VM=125
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
# shellcheck source-path=SCRIPTDIR source=same.sh
. "$repo/selftests/same.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/vm.d/kernel.sh
. "$repo/scripts/vm.d/kernel.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/vm.d/kernel-fetch.sh
. "$repo/scripts/vm.d/kernel-fetch.sh"

# What kernel.sh calls
say() { echo "# $*"; }
die()
{
	echo "Bail out! $1: $2${3:+ ($3)}"
	exit "$EX_VM"
}
usage() { die "$1" "it is what scripts/vm -k takes"; }

# What the VM runs; each line that it prints is one fact.
# shellcheck disable=SC2016 # for the shell in the VM
in_vm='
said() { dmesg | sed -n "s/^.*\(syscount: hook.*\)/\1/p"; dmesg --clear; }
grep "^raw_syscalls:" /sys/kernel/tracing/available_events | LC_ALL=C sort
said > /dev/null
for hook in tracepoint kprobe direct auto; do
	if insmod "$SYSCOUNT_KO" hook=$hook 2> /tmp/err; then
		cd /sys/class/misc/syscount
		echo auto > hook
		echo "$hook: $(cat hook)"
		cd /
		rmmod syscount
		said > /dev/null
	else
		echo "$hook: $(sed "s/.*: //" /tmp/err), $(said)"
	fi
	[ ! -e /proc/syscount ] || echo "/proc/syscount is there"
done
insmod "$SYSCOUNT_KO" 2> /tmp/err || exit 0
cd /sys/class/misc/syscount
for hook in tracepoint kprobe direct; do
	echo $hook 2> /tmp/err > hook || sed "s/.*: /$hook: /" /tmp/err
	before=$(awk "\$3 == \"flock\" && \$1 == 64 { print \$6 }" /proc/syscount)
	perl -e "flock(STDIN, 8) for 1 .. 1009"
	after=$(awk "\$3 == \"flock\" && \$1 == 64 { print \$6 }" /proc/syscount)
	echo "counted $((after - before))"
done
syscount run -c process -- true 2>&1
syscount run --errors -- true 2>&1
echo "total $(($(cat total) > 3000))"
cd / && rmmod syscount && echo unloaded'

# What it is to print where the other hooks are, and where there are none.
others_promised()
{
	echo "tracepoint: Operation not supported, syscount: hook: this kernel cannot have 'tracepoint' (-95)"
	printf '%s: [direct] kprobe\n' kprobe direct auto
	echo "tracepoint: Operation not supported"
	printf 'counted %s\n' 1009 1009 1009
	printf 'syscount: watch: this kernel cannot do that\n%.0s' calls errors
	printf '%s\n' "total 1" unloaded
}

none_promised()
{
	local hook

	for hook in tracepoint kprobe direct; do
		echo "$hook: Operation not supported, syscount: hook: this kernel cannot have '$hook' (-95)"
	done
	echo "auto: Operation not supported, syscount: hook: this kernel can have none of direct, tracepoint, kprobe (-95)"
}

echo "TAP version 13"
(kernel_find "${1:-6.1}") || exit
kernel_find "${1:-6.1}"
name=sys_enter other=sys_Enter
perl -0777 -pe "s/\\0$name\\0/\\0$other\\0/g" "$modules/../image" > "$tmp/image"
mkdir -p "$tmp/lib/modules"
ln -s "$modules" "$tmp/lib/modules/$release"
[[ ! -e $modules/../build ]] || ln -s "$modules/../build" "$tmp/build"
"$repo/scripts/vm" -k "$tmp/image" -- bash -c "$in_vm" > "$tmp/out" 2> "$tmp/err" < /dev/null
status=$?
[[ $release == 5.* ]] && promised=none_promised || promised=others_promised
same "$release without its tracepoint" "$(
	printf 'raw_syscalls:%s\n' "$other" sys_exit
	$promised)" "$(<"$tmp/out")"
same "the kernel has nothing to say" 0 "$status"
((!status)) || sed 's/^/# /' "$tmp/err"
same_end
