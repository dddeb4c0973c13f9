#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs the Debian packages that are missing. Silent when none is.

set -u

# The one list: what each group of packages is for, and what it takes.
declare -A packages=(
	[build]="make gcc libc6-dev linux-headers-amd64 libsmartcols-dev libjson-c-dev
		 libncurses-dev pkg-config"
	[vm]="qemu-system-x86 busybox-static cpio kmod xz-utils zstd"
	[test]="linux-source-6.1 openssl rsync strace ltrace gawk mawk jq python3 perl
		xz-utils binutils git sqlite3 tmux clang libclang-rt-dev valgrind"
	[fuzz]="make clang libclang-rt-dev libsmartcols-dev libjson-c-dev libncurses-dev
		pkg-config"
	[check]="sparse shellcheck clang clang-tidy cppcheck dkms git linux-source-6.1
		 xz-utils perl python3-minimal"
	[doc]="asciidoctor"
	[arm64]="clang qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross
		 gcc-arm-linux-gnueabihf libc6-dev-armhf-cross"
	[bench]="python3"
	# A kernel's build (vm.d/kernel-build.sh), and what is run on it.
	[debug]="bc bison ccache cpio flex gcc libc6-dev libelf-dev libssl-dev linux-source-6.1
		 make openssl perl rsync stress-ng xz-utils"
	[coverage]="gcc gcovr python3"
)
# Without being asked for, all but what only some targets need
groups=(build vm test check doc fuzz)

help()
{
	cat <<-END
	Usage: scripts/setup.sh [--check] [GROUP...]

	Install, as root, the Debian packages of GROUP (${groups[*]}, or arm64,
	bench, coverage, debug; default: all but the last four) that are missing. SETUP=no in
	the environment, or --check, installs nothing: it says what is missing and how to get
	it. Exit status 1 then, 0 if all is there.
	END
}

say() { echo "setup: $*" >&2; }

check=''
case ${1-} in
-h | --help) help; exit 0 ;;
--check) check=yes; shift ;;
-*) say "$1: no such option (--check, -h)"; exit 2 ;;
esac

wanted=()
for group in "${@:-"${groups[@]}"}"; do
	if [[ -z ${packages[$group]-} ]]; then
		say "$group: no such group of packages; there are: ${!packages[*]}"
		exit 2
	fi
	read -r -d '' -a list <<< "${packages[$group]}"
	wanted+=("${list[@]}")
done

if ! command -v dpkg-query apt-get > /dev/null; then
	say "apt and dpkg: not found (this needs Debian 12 or a relative; else install by hand: ${wanted[*]})"
	exit 1
fi

declare -A installed=()
while read -r name status; do
	[[ $status != installed ]] || installed[$name]=yes
done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2> /dev/null)
missing=()
for name in "${wanted[@]}"; do
	if [[ -z ${installed[$name]-} ]]; then
		missing+=("$name")
		installed[$name]=named
	fi
done
if ((!${#missing[@]})); then
	exit 0
fi

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if [[ $check || ${SETUP-} == no ]] || ((EUID)); then
	say "missing packages: ${missing[*]}"
	say "as root, type: apt-get update && ${install[*]}"
	exit 1
fi

say "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
{
	# An update takes time and network: only if what apt knows is not enough.
	{ apt-get -qq -s install --no-install-recommends "${missing[@]}" > /dev/null 2>&1 && "${install[@]}" -qq; } ||
	{ apt-get -qq update && "${install[@]}" -qq; }
} >&2 || {
	say "apt-get: could not install them all, see above (is there a network? type: apt-get update && ${install[*]})"
	exit 1
}
