# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # names of scripts/vm
# Kernels that are built here, since no distribution has them: from Debian's
# linux-source, each with the options of vm.d/kernel.config/base and its own.

kernel_source=linux-source-6.1

# kernel_of_source NAME: as kernel_of_suites, for one of vm.d/kernel.config.
kernel_of_source()
{
	local name

	name=$(kernel_build_name "$1") || exit "$EX_VM"
	kernel_cached "$name" ||
		cache_lock=kernels-built.lock kernel_locked kernel_build "$name" "$1" "$name"
}

# kernel_built NAME: is it in the cache?
kernel_built()
{
	local name

	name=$(kernel_build_name "$1") && kernel_cached "$name" > /dev/null
}

# In the cache a kernel is known by what it is made from.
kernel_build_name() # NAME
{
	local here=$repo/scripts/vm.d version key

	version=$(dpkg-query -W -f '${Version}' "$kernel_source") || return
	key=$({ gcc -dumpfullversion && echo "$version" &&
		cat "$here/kernel.config/base" "$here/kernel.config/$1"; } |
		sha256sum | cut -c 1-16)
	echo "built-$1-$key"
}

kernel_build() # NAME NAME-IN-CACHE
{
	local tmp=$cache/kernels/built.tmp

	"$repo/scripts/setup.sh" debug || exit "$EX_VM"
	say "building the kernel $1 from $kernel_source (once; some 20 minutes on two CPUs)"
	rm -rf "$tmp"	# of a run that was killed
	mkdir -p "$tmp/out" "$tmp/source" || exit "$EX_VM"
	if ! { kernel_compile "$1" && kernel_pack "$cache/kernels/$2"; } > "$tmp/log" 2>&1; then
		tail -n 40 "$tmp/log" >&2
		die "kernel $1" "cannot be built; all that was said is in $tmp/log" "is there room? it takes 4 GB"
	fi
	rm -rf "$cache/kernels/$2"
	mv -T "$tmp/out" "$cache/kernels/$2" && rm -rf "$tmp" || exit "$EX_VM"
}

# The compiler's cache finds what it has compiled by what these give the kernel.
kernel_compile() # NAME
{
	local config=$repo/scripts/vm.d/kernel.config

	tar -C "$tmp/source" --strip-components=1 -xJf "/usr/src/$kernel_source.tar.xz" &&
	grep -h ^CONFIG_ "$config/base" "$config/$1" > "$tmp/wanted" || return
	source_make KCONFIG_ALLCONFIG="$tmp/wanted" allnoconfig || return
	if grep -vxFf "$tmp/source/.config" "$tmp/wanted"; then
		echo "what is named above cannot be had"
		return 1
	fi
	source_make -j "$(nproc)" bzImage modules &&
	source_make INSTALL_MOD_PATH="$tmp/installed" modules_install
}

source_make()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u KVER -u KDIR \
		CCACHE_DIR="$cache/ccache" CCACHE_MAXSIZE=2G \
		KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=syscount KBUILD_BUILD_HOST=syscount \
		nice -n 19 make -s -C "$tmp/source" CC="ccache gcc" "$@"
}

# What scripts/vm takes (see vm.d/kernel.sh), and in headers/certs the key that the
# kernel trusts, which it made itself.
kernel_pack() # DIRECTORY
{
	local out=$tmp/out release

	release=$(source_make kernelrelease) &&
	echo "$release" > "$out/release" &&
	cp "$tmp/source/arch/x86/boot/bzImage" "$out/image" &&
	mv "$tmp/installed/lib/modules/$release" "$out/modules" &&
	rm -f "$out/modules/source" &&
	kernel_modules_ready "$release" &&
	ln -sfn "$1/build" "$out/modules/build" &&
	mkdir "$out/headers" && ln -s headers "$out/build" &&
	(
		cd "$tmp/source" &&
		{
			find . arch/x86 -maxdepth 1 -name 'Makefile*'
			find include scripts arch/x86/include -type f ! -name '*.o' -o -type l
			find arch/x86 -name Kbuild.platforms -o -name Platform
			printf '%s\n' .config Module.symvers tools/objtool/objtool \
				certs/signing_key.pem certs/signing_key.x509
		} | sort -u | tar -cf - -T - | tar -C "$out/headers" -xf -
	) &&
	kernel_sum "$out" > "$tmp/sum" && mv "$tmp/sum" "$out/sum"
}
