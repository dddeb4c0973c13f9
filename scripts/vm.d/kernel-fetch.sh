# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # names of scripts/vm
# How kernels come into the cache (see vm.d/kernel.sh): out of Debian's packages,
# which apt verifies. All are called with the cache's lock held.

# kernel_fetch RELEASE: only its image and modules, as the machine's apt has them.
kernel_fetch()
{
	local release=$1 tmp

	fetch_begin "the kernel $release"
	if ! { apt_fetch "$tmp" "linux-image-$release" ||
	       apt_fetch "$tmp" "linux-image-$release-unsigned"; }; then
		fetch_failed "linux-image-$release" "cannot be downloaded" \
			"is there a network? If a newer kernel has replaced it: apt-get update && apt-get install linux-headers-amd64"
	fi
	fetch_end "$release" ln -sfn "/usr/src/linux-headers-$release" "$tmp/out/modules/build"
}

# kernel_fetch_series SERIES FLAVOUR SUITE...: the newest, and what the module is built with.
kernel_fetch_series()
{
	local series=$1 suite release='' tmp apt_arch=${2##*-}

	fetch_begin "the newest kernel $series of $2 with its headers"
	for suite in "${@:3}"; do
		apt_suites "$tmp/$suite" "$suite" || continue
		release=$(apt_newest "$series" "$2")
		[[ -z $release ]] || break
	done
	[[ $release ]] ||
		fetch_failed "kernel $series" "not in Debian's ${*:3}, where this machine's apt gets its packages" \
			"is there a network, and are Debian and its security updates in /etc/apt?"
	apt_packages "$release" ||
		fetch_failed "kernel $release" "cannot be downloaded" "is there a network?"
	fetch_end "$release" build_tree "$release" "$suite"
}

# fetch_begin WHAT: sets tmp, where fetch_end unpacks all packages that are there.
fetch_begin()
{
	say "fetching $1 and unpacking it (once)"
	tmp=$cache/kernels/tmp
	rm -rf "$tmp"	# of a run that was killed
	mkdir -p "$tmp/out" || exit "$EX_VM"
}

fetch_failed() # WHAT WHY WHAT-TO-DO
{
	cat "$tmp/log" >&2
	rm -rf "$tmp"
	die "$@"
}

# fetch_end RELEASE COMMAND...: unpacks, has COMMAND do the rest, and puts it in place.
fetch_end()
{
	local dir=$cache/kernels/$1

	if ! { kernel_unpack "$1" && "${@:2}" && kernel_sum "$tmp/out" > "$tmp/sum" &&
	       mv "$tmp/sum" "$tmp/out/sum" && rm -rf "$dir" && mv -T "$tmp/out" "$dir"; } \
			>> "$tmp/log" 2>&1; then
		fetch_failed "kernel $1" "cannot be unpacked to $cache" "is there room, and still a network? it takes 1 GB"
	fi
	rm -rf "$tmp"
}

kernel_unpack() # RELEASE
{
	local root=$tmp/root out=$tmp/out package place image modules

	for package in "$tmp"/*.deb; do
		dpkg-deb -x "$package" "$root" || return
	done
	for place in "$root/boot/vmlinuz-$1" "$root/usr/lib/modules/$1/vmlinuz"; do
		[[ ! -f $place ]] || image=$place
	done
	for place in "$root/lib" "$root/usr/lib"; do
		[[ ! -d $place/modules/$1/kernel ]] || modules=$place/modules/$1
	done
	if [[ $1 == *-arm64 ]]; then
		cp "$image" "$out/image"
	else
		# What is compressed in another way, as those for clouds, boots as well.
		vmlinux_extract "$image" > "$out/image" || cp "$image" "$out/image"
	fi &&
	mv "$modules" "$out/modules" &&
	kernel_modules_ready "$1" &&
	echo "$1" > "$out/release"
}

# What the module is built with: the headers, if their programs run on this machine,
# else a root file system that has them, their compiler and what else they call.
build_tree() # RELEASE SUITE
{
	local tools

	ln -sfn "$cache/kernels/$1/build" "$tmp/out/modules/build"
	mapfile -t tools < <(find "$tmp/root/usr/lib" -path '*/linux-kbuild-*' -type f \
		\( -name fixdep -o -name modpost -o -name 'objtool*' ! -name '*-powerpc' \))
	if [[ ! ${tools[*]} ]]; then
		echo "no linux-kbuild among the packages"
		return 1
	elif ldd "${tools[@]}" 2>&1 | grep 'not found'; then
		root_unpack "$@"
	else
		headers_unpack "$1"
	fi
}

# The headers, so that they work where they lie.
headers_unpack() # RELEASE
{
	local dir=$cache/kernels/$1 out=$tmp/out headers=$tmp/out/headers/src/linux-headers-$1

	mkdir -p "$out/headers/lib" &&
	mv "$tmp/root/usr/src" "$out/headers/" &&
	mv "$tmp/root/usr/lib"/linux-kbuild-* "$out/headers/lib/" &&
	ln -s "headers/src/linux-headers-$1" "$out/build" &&
	sed -i "s|/usr/src/|$dir/headers/src/|" "$headers/Makefile" || return
	# The compiler that it wants, or this machine's.
	command -v "$(sed -n 's/^CC = .*)//p' "$headers/.kernelvariables")" > /dev/null ||
		sed -i '/^CC = /s/gcc-[0-9]*$/gcc/' "$headers/.kernelvariables"
}

root_unpack() # RELEASE SUITE
{
	# Security updates alone have no compiler.
	[[ $2 != *-security ]] || apt_suites "$tmp/apt" "$2" "${2%-security}" || return
	# What is there already is not downloaded again.
	mkdir -p "$tmp/root-archives" && ln "$tmp"/*.deb "$tmp/root-archives" &&
	apt_root "$tmp/out/root" "$tmp/root-archives" "linux-headers-$1" make perl &&
	ln -s "root/usr/src/linux-headers-$1" "$tmp/out/build"
}

# apt_root ROOT DIR PACKAGE...: a root file system of packages of the suites of apt,
# with a shell and what it calls, downloaded into DIR. No script of a package is run.
apt_root()
{
	local root=$1 archives=$2 package

	mkdir -p "$archives/partial" &&
	apt-get "${apt[@]}" -o "Dir::Cache::archives=$archives" install -y --download-only \
		--no-install-recommends base-files dash bash coreutils diffutils sed mawk grep findutils \
		"${@:3}" || return
	# That has the links of a merged /usr, which the others go through.
	for package in "$archives"/base-files_*.deb "$archives"/*.deb; do
		# What the headers depend on or come with, and is unpacked elsewhere
		[[ $package != */linux-@(image|modules|binary)-* ]] || continue
		dpkg-deb -x "$package" "$root" || return
	done
	# What the packages' scripts would have done.
	ln -sfn mawk "$root/usr/bin/awk"
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

# apt_suites DIR SUITE...: sets apt to the options that make apt see those suites
# alone, from the mirror that the machine gets Debian from, verified by the
# installed keyring; of apt_arch, if that is set. 1 if one cannot be had.
apt_suites()
{
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg uri suite arch

	mkdir -p "$1/lists/partial" "$1/cache/archives/partial" && : > "$1/status" || return
	for suite in "${@:2}"; do
		uri=$(apt_mirror "$suite")
		[[ $uri ]] || return
		echo "deb [signed-by=$keyring] $uri $suite main"
	done > "$1/sources.list"
	apt=(-qq -o "Dir::State=$1" -o "Dir::State::lists=$1/lists" -o "Dir::State::status=$1/status"
	     -o "Dir::Cache=$1/cache" -o "Dir::Etc::sourcelist=$1/sources.list"
	     -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferences=/dev/null
	     -o Dir::Etc::preferencesparts=/dev/null -o APT::Default-Release=
	     -o APT::Sandbox::User=root -o Debug::NoLocking=true -o Acquire::Languages=none
	     # That of an old release is not signed anew.
	     -o Acquire::Check-Valid-Until=false)
	# Programs that run while building are those of this machine.
	for arch in ${apt_arch:+"$apt_arch" "$(dpkg --print-architecture)"}; do
		apt+=(-o "APT::Architectures::=$arch")
	done
	apt+=(${apt_arch:+-o APT::Architecture="$apt_arch"})
	apt-get "${apt[@]}" update >> "$tmp/log" 2>&1
}

# Where this machine gets Debian, or Debian's security updates, from.
apt_mirror() # SUITE
{
	local codename security=''

	[[ $1 != *-security ]] || security=-security
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016 # apt's
	apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
		'Created-By: Packages' 2>> "$tmp/log" |
	awk -v pattern="^($codename|stable|oldstable)$security\$" \
		'$1 ~ pattern && $2 == "main" { print $3; exit }'
}

# The newest release of a series.
apt_newest() # SERIES FLAVOUR
{
	apt-cache "${apt[@]}" search --names-only \
		"^linux-headers-${1/./\\.}\.[0-9.]+(-[0-9]+|\+deb[0-9.]+)?-$2$" 2>> "$tmp/log" |
	sed 's/^linux-headers-\([^ ]*\).*/\1/' | sort -V | tail -n 1
}

# Image, modules and headers, which some releases have in several packages each.
apt_packages() # RELEASE
{
	local list=("linux-image-$1" "linux-headers-$1")

	# A new kernel is there some time before it is there signed, too.
	apt-cache "${apt[@]}" policy "${list[0]}" 2>> "$tmp/log" | grep -q 'Candidate: [0-9]' ||
		list[0]+=-unsigned
	mapfile -t -O 2 list < <(apt-cache "${apt[@]}" depends "${list[@]}" 2>> "$tmp/log" |
		sed -n 's/^ .*Depends: \(linux-\(base\|binary\|modules\|headers\|kbuild\)-[^ :]*\).*$/\1/p' |
		sed "/^linux-kbuild/s/\$/:$(dpkg --print-architecture)/")
	(cd "$tmp" && apt-get "${apt[@]}" download "${list[@]}") >> "$tmp/log" 2>&1
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
