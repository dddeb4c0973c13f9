# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # names of scripts/vm
# Kernels for scripts/vm: which there are, and how they come into the cache.
#
# A cached kernel is a directory with
#   image            what QEMU boots
#   release          what uname -r will say
#   modules/         the tree for /lib/modules/RELEASE
#   build            link to its headers, if they are not this machine's, which are in
#   headers/         if this machine's compiler is what the module is built with, or
#   root/            a root file system with all that building takes
#   sum              checksums: written last, tested on every use

# Name: the function that prints the directory of such a kernel, fetched or built if need be.
# Of Debian's: its series, what tells the release of its Debian from others ("-": nothing), its flavour, and
# the suites of Debian that may have it, the best first.
declare -A kernel_series=(
	[5.10]="kernel_of_suites 5.10 - amd64 bullseye-security bullseye"
	[6.1]="kernel_of_headers 6.1"
	[6.1-cloud]="kernel_of_suites 6.1 - cloud-amd64 bookworm-security bookworm"
	[6.1-arm64]="kernel_of_suites 6.1 - arm64 bookworm-security bookworm"
	[6.12-arm64]="kernel_of_suites 6.12 +deb12 arm64 bookworm-security"
	[6.12]="kernel_of_suites 6.12 +deb12 amd64 bookworm-security"
	[6.12-rt]="kernel_of_suites 6.12 +deb12 rt-amd64 bookworm-security"
	[6.12-trixie]="kernel_of_suites 6.12 +deb13 amd64 trixie-security trixie"
	[7.2]="kernel_of_suites 7.2 +deb14 amd64 sid forky"
	[kasan]="kernel_of_source kasan"
	[kcsan]="kernel_of_source kcsan"
	[gcov]="kernel_of_source gcov"
)

kernel_names() { printf '%s\n' "${!kernel_series[@]}" | sort -V | xargs; }

# Those of the plain flavour, one of each series
kernel_names_plain() { kernel_names | tr ' ' '\n' | grep -x '[0-9.]*' | xargs; }

# Is it one that kernel_find takes? An image need not be there.
kernel_check() # SERIES|IMAGE
{
	[[ -n ${kernel_series[$1]-} || $1 == */* || -f $1 ]] ||
		usage "-k $1: no such kernel; known: $(kernel_names), or the path of an image"
}

# kernel_find SERIES|IMAGE: sets image, release, modules (empty: none), arch (x86 or arm64), and
# kernel_make, what make needs to know to build a module for it.
kernel_find()
{
	local dir how

	kernel_check "$1"
	kernel_make=() arch=x86
	[[ $1 != *-arm64 ]] || arch=arm64
	if [[ -n ${kernel_series[$1]-} ]]; then
		read -r -a how <<< "${kernel_series[$1]}"
		dir=$("${how[@]}") || exit "$EX_VM"
		image=$dir/image release=$(<"$dir/release") modules=$dir/modules
		if [[ -e $dir/root ]]; then
			kernel_make=(KROOT="$dir/root" KDIR="/usr/src/linux-headers-$release")
		elif [[ -e $dir/build ]]; then
			# Without BTF, which would take pahole to make.
			kernel_make=(KDIR="$dir/build" CONFIG_DEBUG_INFO_BTF_MODULES=)
			[[ $arch == x86 ]] || kernel_make+=(ARCH="$arch" CROSS_COMPILE=aarch64-linux-gnu-)
		fi
		# Of what is built here UBSAN is to look at the modules alone.
		[[ ${how[0]} != kernel_of_source ]] || kernel_make+=(UBSAN_SANITIZE=y)
	else
		kernel_of_path "$1"
	fi
}

# The modules of a kernel that somebody built, or unpacked from a package: beside
# the image, where `make modules_install INSTALL_MOD_PATH=` puts them, one
# directory up, or installed on the host.
kernel_of_path()
{
	local dir

	[[ -f $1 && -r $1 ]] ||
		die "-k $1" "no such image, or not readable" "name a bzImage or vmlinux"
	image=$(realpath -- "$1")
	release=$(image_release "$image")
	[[ -n $release ]] ||
		die "-k $1" "not an x86 kernel image" "name a bzImage or vmlinux"
	# A kernel that somebody built keeps its tree beside the image.
	[[ ! -e ${image%/*}/build ]] || kernel_make=(KDIR="${image%/*}/build")
	modules=
	for dir in "${image%/*}" "${image%/*}/.." ""; do
		if [[ -e $dir/lib/modules/$release/modules.order ]]; then
			modules=$(realpath -- "$dir/lib/modules/$release")
			break
		fi
	done
}

# A bzImage keeps the address of its version string at 0x20e, less 0x200.
image_release()
{
	local release

	if [[ $(le "$1" 0x202 4) == 1400005704 ]]; then	# "HdrS"
		release=$(tail -c +$(($(le "$1" 0x20e 2) + 0x200 + 1)) "$1" | head -z -n 1 | tr -d '\0')
	else
		release=$(grep -a -m 1 -o 'Linux version [0-9][^ ]*' "$1")
		release=${release#Linux version }
	fi
	printf '%s\n' "${release%% *}"
}

# le FILE OFFSET SIZE: the little-endian number there.
le()
{
	od -An -v -tu"$3" -j "$(($2))" -N "$3" --endian=little "$1" 2>/dev/null | tr -d ' '
}

# The image of the headers that are installed, so that the module that is built
# against them fits.
kernel_of_headers()
{
	local headers release

	headers=$(printf '%s\n' "/usr/src/linux-headers-$1".*-amd64 | sort -V | tail -n 1)
	[[ -d $headers ]] ||
		die "kernel $1" "its headers are not installed" "scripts/setup.sh build"
	release=${headers#/usr/src/linux-headers-}
	kernel_cached "$release" || kernel_locked kernel_fetch "$release" "$release"
}

# The newest of a series when it was fetched: what is in the cache needs no network.
kernel_of_suites() # SERIES DEBIAN FLAVOUR SUITE...
{
	local pattern="$1.+([-.0-9])${2#-}*([.0-9])-$3"

	kernel_cached "$pattern" || kernel_locked kernel_fetch_series "$pattern" "$1" "${@:3}"
}

# The directory of the newest intact kernel in the cache whose release fits.
kernel_cached() # EXTENDED-PATTERN
{
	local dir

	shopt -s extglob

	while read -r dir; do
		if kernel_intact "$dir"; then
			printf '%s\n' "$dir"
			return
		fi
	done < <(compgen -G "$cache/kernels/$1" | sort -rV)
	return 1
}

# In $tmp/out, where one is put together: a place for our module in the index, so that no VM
# needs to run depmod.
kernel_modules_ready() # RELEASE
{
	mkdir -p "$tmp/out/modules/extra" "$tmp/depmod/lib/modules" &&
	: > "$tmp/out/modules/extra/syscount.ko" &&
	ln -s "$tmp/out/modules" "$tmp/depmod/lib/modules/$1" &&
	depmod -b "$tmp/depmod" "$1" 2> /dev/null
}

# Another run may have fetched it while this one waited.
kernel_locked() # COMMAND PATTERN [ARGUMENT...]
{
	local lock

	exec {lock}> "$cache/${cache_lock-kernels.lock}"
	flock "$lock"
	kernel_cached "$2" || { "$1" "${@:3}" && kernel_cached "$2"; }
	exec {lock}>&-
}

kernel_sum()
{
	(
		cd "$1" && shopt -s nullglob && sha256sum image release modules/modules.dep.bin &&
		find modules headers* root* -type f -printf '%s %P\n' | sort | sha256sum
	) 2>/dev/null
}

kernel_intact()
{
	[[ -s $1/sum && $(kernel_sum "$1") == "$(<"$1/sum")" ]]
}
