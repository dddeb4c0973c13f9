# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # names of bench.sh
# The peers that `make bench` measures, in a root file system of their own: of a
# newer Debian than this machine's, in the cache of scripts/vm, with
#   root/       what scripts/vm -R boots with
#   packages    the packages in it, with their versions
#   sum         checksums: written last, tested on every use

# shellcheck source-path=SCRIPTDIR source=../../scripts/vm.d/kernel-fetch.sh
. "$repo/scripts/vm.d/kernel-fetch.sh"

userland_suites=(trixie trixie-security)
userland_packages=(bpftrace libbpf-tools linux-perf strace)
# and what the command needs
userland_libraries=(libjson-c5 libncursesw6 libsmartcols1)

# userland: sets userland to the directory; 1 if it cannot be had.
userland()
{
	local lock tmp

	userland=$cache/userland/${userland_suites[0]}
	mkdir -p "$cache/userland" || return
	exec {lock}> "$cache/userland.lock"
	flock "$lock"
	userland_intact "$userland" || userland_fetch
	exec {lock}>&-
	userland_intact "$userland"
}

userland_sum()
{
	(
		cd "$1" && echo "${userland_packages[*]} ${userland_libraries[*]}" && cat packages &&
		find root \( -type f -o -type l \) -printf '%s %p %l\n' | LC_ALL=C sort
	) 2> /dev/null | sha256sum
}

userland_intact() { [[ -s $1/sum && $(userland_sum "$1") == "$(<"$1/sum")" ]]; }

userland_fetch()
{
	local apt

	say "fetching ${userland_packages[*]} of ${userland_suites[0]}, and unpacking them (once)"
	tmp=$cache/userland/tmp
	rm -rf "$tmp"	# of a run that was killed
	mkdir -p "$tmp/out" || return
	if ! { apt_suites "$tmp/apt" "${userland_suites[@]}" &&
	       apt_root "$tmp/out/root" "$tmp/archives" "${userland_packages[@]}" \
			"${userland_libraries[@]}" &&
	       userland_names > "$tmp/out/packages" && userland_sum "$tmp/out" > "$tmp/sum" &&
	       mv "$tmp/sum" "$tmp/out/sum" && rm -rf "$userland" && mv -T "$tmp/out" "$userland"; } \
			>> "$tmp/log" 2>&1; then
		cat "$tmp/log" >&2
	fi
	rm -rf "$tmp"
}

userland_names()
{
	local package

	for package in "$tmp/archives"/*.deb; do
		# shellcheck disable=SC2016 # dpkg's
		dpkg-deb -W --showformat '${Package} ${Version}\n' "$package" || return
	done
}
