#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Signatures and lockdown, on a kernel that trusts a key of our own: signed it is loaded, with
# another signature or none it is not, and all interfaces and hooks work. Boots VMs;
# prints KTAP.
#
# Usage: signed.sh kasan|kcsan

set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
home=~	# right without HOME, too
cache=${XDG_CACHE_HOME:-$home/.cache}/syscount
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
# shellcheck source-path=SCRIPTDIR source=same.sh
. "$repo/selftests/same.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/vm.d/kernel.sh
. "$repo/scripts/vm.d/kernel.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/vm.d/kernel-build.sh
. "$repo/scripts/vm.d/kernel-build.sh"

# sign_as NAME KEY CERT: the module, built for the kernel, as $tmp/NAME.ko
sign_as()
{
	make -s -C "$repo" sign BUILD="$tmp/build" KVER="$release" KDIR="$dir/build" \
		CONFIG_DEBUG_INFO_BTF_MODULES= KEY="$2" CERT="$3" > "$tmp/log" 2>&1 &&
		cp "$tmp/build/$release/syscount.ko" "$tmp/share/$1.ko" && return
	sed 's/^/# /' "$tmp/log"
}

# What the VM runs; each line that it prints is one fact.
# shellcheck disable=SC2016 # for the shell in the VM
in_vm='
try() { insmod "$1" 2>&1 | sed "s/.*: //"; test -e /sys/module/syscount && echo loaded; }
mount -t securityfs securityfs /sys/kernel/security
sed "s/.*\[\(.*\)\].*/lockdown \1/" /sys/kernel/security/lockdown
echo "unsigned: $(try "$SYSCOUNT_KO")"
echo "of a stranger: $(try /host/stranger.ko)"
echo "signed: $(try /host/trusted.ko)"
echo "taint $(cat /proc/sys/kernel/tainted)"
cd /sys/class/misc/syscount || exit
for hook in direct tracepoint kprobe; do
	echo $hook > hook && echo "hook $(sed "s/.*\[\(.*\)\].*/\1/" hook)"
	before=$(awk "\$3 == \"getppid\" && \$1 == 64 { print \$6 }" /proc/syscount)
	perl -e "getppid() for 1 .. 1009"
	after=$(awk "\$3 == \"getppid\" && \$1 == 64 { print \$6 }" /proc/syscount)
	echo "counted $((after - before >= 1009 && after - before < 1009 + 50))"
	echo "watched $(syscount run -r -n -e getppid -U calls -- perl -e "getppid() for 1 .. 1009" 2>&1 | grep -c 1009)"
done
echo "total $(($(cat total) > 3000))"
echo 0 > category_info/enabled && echo "switched $(cat category_info/enabled)"
echo 1 > reset && echo reset
cd / && rmmod syscount && echo unloaded'

# as_promised LOCKDOWN: boots with it, and compares
as_promised()
{
	local status

	"$repo/scripts/vm" -k "$kernel" -t 900 -s "$tmp/share" \
		-a "module.sig_enforce=1 lockdown=$1" -- bash -c "$in_vm" \
		> "$tmp/out" 2> "$tmp/err" < /dev/null
	status=$?
	same "lockdown=$1: signed modules alone, and all of it works" "$(
		echo "lockdown $1"
		echo "unsigned: Key was rejected by service"
		echo "of a stranger: Key was rejected by service"
		printf '%s\n' "signed: loaded" "taint 4096"
		for hook in direct tracepoint kprobe; do
			printf '%s\n' "hook $hook" "counted 1" "watched 1"
		done
		printf '%s\n' "total 1" "switched 0" reset unloaded)" "$(<"$tmp/out")"
	same "lockdown=$1: the kernel has nothing to say" 0 "$status"
	((!status)) || sed 's/^/# /' "$tmp/err"
}

kernel=${1-}
case $kernel in
kasan | kcsan) ;;
*) echo "usage: signed.sh kasan|kcsan" >&2; exit 2 ;;
esac
echo "TAP version 13"
mkdir "$tmp/share"
dir=$(kernel_cached "$(kernel_build_name "$kernel")") || { echo "Bail out! scripts/vm -k $kernel -- true builds the kernel"; exit 1; }
release=$(<"$dir/release")
openssl req -new -x509 -nodes -newkey rsa:2048 -days 1 -subj "/CN=stranger" \
	-keyout "$tmp/stranger.key" -outform DER -out "$tmp/stranger.cert" 2> /dev/null
sign_as stranger "$tmp/stranger.key" "$tmp/stranger.cert"
sign_as trusted "$dir/headers/certs/signing_key.pem" "$dir/headers/certs/signing_key.x509"
as_promised integrity
as_promised confidentiality
same_end
