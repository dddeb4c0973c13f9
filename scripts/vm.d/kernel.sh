# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # names of scripts/vm
# Kernels for scripts/vm: which there are, and how they come into the cache.
#
# A cached kernel is a directory with
#   image            what QEMU boots
#   release          what uname -r will say
#   modules/         the tree for /lib/modules/RELEASE
#   sum              checksums: written last, tested on every use

# Series: the function that prints the directory of such a kernel, fetched if need be.
declare -A kernel_series=(
	[6.1]=kernel_of_headers
)

# kernel_find SERIES|IMAGE: sets image, release and modules (empty: none).
kernel_find()
{
	local dir

	if [[ -n ${kernel_series[$1]-} ]]; then
		dir=$("${kernel_series[$1]}" "$1") || exit "$EX_VM"
		image=$dir/image release=$(<"$dir/release") modules=$dir/modules
	elif [[ $1 == */* || -f $1 ]]; then
		kernel_of_path "$1"
	else
		usage "-k $1: no such kernel; known: ${!kernel_series[*]}, or the path of an image"
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
	local headers dir version

	headers=$(printf '%s\n' "/usr/src/linux-headers-$1".*-amd64 | sort -V | tail -n 1)
	[[ -d $headers ]] ||
		die "kernel $1" "its headers are not installed" "scripts/setup.sh build"
	version=${headers#/usr/src/linux-headers-}
	dir=$cache/kernels/$version

	if ! kernel_intact "$dir"; then
		exec {lock}> "$cache/kernels.lock"
		flock "$lock"
		# Another run may have fetched it while this one waited.
		kernel_intact "$dir" || kernel_fetch "$version" "$dir"
		exec {lock}>&-
	fi
	printf '%s\n' "$dir"
}

kernel_sum()
{
	(
		cd "$1" && sha256sum image release modules/modules.dep.bin &&
		find modules -type f -printf '%s %P\n' | sort | sha256sum
	) 2>/dev/null
}

kernel_intact()
{
	[[ -s $1/sum && $(kernel_sum "$1") == "$(<"$1/sum")" ]]
}

kernel_fetch()
{
	local version=$1 dir=$2 tmp

	say "fetching the kernel $version and unpacking it (once)"
	tmp=$cache/kernels/tmp
	rm -rf "$tmp"	# of a run that was killed: we hold the lock
	mkdir "$tmp" || exit "$EX_VM"
	if ! { apt_fetch "$tmp" "linux-image-$version" ||
	       apt_fetch "$tmp" "linux-image-$version-unsigned"; }; then
		cat "$tmp/log" >&2
		rm -rf "$tmp"
		die "linux-image-$version" "cannot be downloaded" \
		    "is there a network? If a newer kernel has replaced it: apt-get update && apt-get install linux-headers-amd64"
	fi

	if ! kernel_unpack "$tmp" "$version" >> "$tmp/log" 2>&1 ||
	   ! { rm -rf "$dir" && mv -T "$tmp/out" "$dir"; }; then
		cat "$tmp/log" >&2
		rm -rf "$tmp"
		die "kernel $version" "cannot be unpacked to $cache" "is there room? it takes 1 GB"
	fi
	rm -rf "$tmp"
}

kernel_unpack()
{
	local root=$1/root out=$1/out

	mkdir "$out" &&
	dpkg-deb -x "$1"/*.deb "$root" &&
	vmlinux_extract "$root/boot/vmlinuz-$2" > "$out/image" &&
	mv "$root/lib/modules/$2" "$out/modules" &&
	ln -sfn "/usr/src/linux-headers-$2" "$out/modules/build" &&
	# A place for our module in the index, so that no VM needs to run depmod.
	mkdir -p "$out/modules/extra" "$root/lib/modules" &&
	: > "$out/modules/extra/syscount.ko" &&
	ln -s "$out/modules" "$root/lib/modules/$2" &&
	depmod -b "$root" "$2" 2> /dev/null &&
	echo "$2" > "$out/release" &&
	kernel_sum "$out" > "$1/sum" &&
	mv "$1/sum" "$out/sum"
}

# apt_fetch DIR PACKAGE: its .deb into DIR, as the machine's apt knows it, which
# verifies it; if its lists lack it, then with fresh lists of our own, since
# those of the machine belong to root.
apt_fetch()
{
	local apt=(-qq -o APT::Sandbox::User=root)

	(
		cd "$1" || exit
		apt-get "${apt[@]}" download "$2" && exit
		mkdir -p state/lists/partial cache/archives/partial
		apt+=(-o "Dir::State=$PWD/state" -o "Dir::State::status=/var/lib/dpkg/status"
		      -o "Dir::Cache=$PWD/cache" -o Debug::NoLocking=true)
		[[ -e state/updated ]] || apt-get "${apt[@]}" update && : > state/updated &&
		apt-get "${apt[@]}" download "$2"
	) >> "$1/log" 2>&1
}

# The kernel inside a bzImage: decompressing it in the VM is half of the boot.
# Offsets: Documentation/x86/boot.rst (setup_sects, payload_offset, payload_length).
vmlinux_extract()
{
	local start length magic

	start=$((($(le "$1" 0x1f1 1) + 1) * 512 + $(le "$1" 0x248 4)))
	length=$(le "$1" 0x24c 4)
	magic=$(od -An -tx1 -j "$start" -N 4 "$1" | tr -d ' ')
	# The last four bytes are the size of what comes out.
	tail -c +$((start + 1)) "$1" | head -c $((length - 4)) |
	case $magic in
	fd377a58) xz -dc ;;
	1f8b*) gzip -dc ;;
	28b52ffd) zstd -dcq ;;
	*) false ;;
	esac
}
