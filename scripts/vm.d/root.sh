# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # names of scripts/vm
# A root file system for VMs of another architecture, whose programs are not this machine's,
# out of Debian's packages, in the cache of scripts/vm, with
#   root/       what it boots with
#   sum         checksums: written last, tested on every use

root_suites=(bookworm bookworm-security)
# What the VM, the selftests and the command need to run, and what that one is built with.
root_packages=(busybox-static kmod util-linux mount procps iproute2 hostname perl-base
	       libsmartcols-dev libjson-c-dev libncurses-dev libc6-dev)

# root_for ARCH: sets root, and busybox
root_for()
{
	local dir=$cache/userland/$1 lock tmp

	mkdir -p "$cache/userland"
	exec {lock}> "$cache/userland.lock"
	flock "$lock"
	root_intact "$dir" || root_fetch "$1"
	exec {lock}>&-
	root=$dir/root busybox=$dir/root/bin/busybox
}

root_sum()
{
	(
		cd "$1" && echo "${root_packages[*]}" &&
		find root \( -type f -o -type l \) -printf '%s %p %l\n' | LC_ALL=C sort
	) 2> /dev/null | sha256sum
}

root_intact() { [[ -s $1/sum && $(root_sum "$1") == "$(<"$1/sum")" ]]; }

root_fetch() # ARCH
{
	local apt apt_arch=$1 dir=$cache/userland/$1

	say "fetching a root file system of $1 and unpacking it (once)"
	tmp=$cache/userland/tmp.$1
	rm -rf "$tmp"	# of a run that was killed
	mkdir -p "$tmp/out" || exit "$EX_VM"
	if ! { apt_suites "$tmp/apt" "${root_suites[@]}" &&
	       apt_root "$tmp/out/root" "$tmp/archives" "${root_packages[@]}" &&
	       root_sum "$tmp/out" > "$tmp/sum" && mv "$tmp/sum" "$tmp/out/sum" &&
	       rm -rf "$dir" && mv -T "$tmp/out" "$dir"; } >> "$tmp/log" 2>&1; then
		fetch_failed "a root file system of $1" "cannot be made" "is there a network, and room?"
	fi
	rm -rf "$tmp"
}
