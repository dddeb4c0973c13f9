#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2317 # quoted for others, called by others
# Installing and DKMS, into directories of our own: exactly the files that are
# expected come, and go. Needs no VM; loads nothing.

export LC_ALL=C
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT

# shellcheck source-path=SCRIPTDIR source=same.sh
. "$repo/selftests/same.sh"

# works NAME COMMAND...
works()
{
	local status

	"${@:2}" > "$tmp/log" 2>&1
	status=$?
	((!status)) || sed 's/^/# /' "$tmp/log"
	same "$1" 0 "$status"
}

build() { make -s -C "$repo" "$@"; }

# MODE PATH of every file below a directory
files() { (cd "$1" && find . ! -type d -printf '%m %P\n' | sort -k2); }

version=$(sed -n 's/^#define SYSCOUNT_VERSION "\(.*\)"/\1/p' "$repo/module/version.h")
release=$(make -s -C "$repo" -f Makefile --eval 'print-%: ; @echo $($*)' print-KVER)
manuals=$(cd "$repo/Documentation/man" 2> /dev/null && ls ./*.adoc 2> /dev/null)

# man1/syscount.1 for syscount.1.adoc
manual_files() # PREFIX
{
	local page

	for page in $manuals; do
		page=${page#./} page=${page%.adoc}
		echo "644 $1/share/man/man${page##*.}/$page"
	done
}

# What belongs to an installation in PREFIX
expected_files() # PREFIX
{
	{
		echo "755 $1/bin/syscount"
		echo "644 $1/include/linux/syscount.h"
		echo "644 $1/share/bash-completion/completions/syscount"
		manual_files "$1"
		echo "644 lib/modules/$release/extra/syscount.ko"
	} | sort -k2
}

echo "TAP version 13"

works "make" build
same "the versions are one" "$version $version $version" \
	"$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$repo/dkms.conf") $("$repo/build/syscount" -V | cut -d' ' -f2) $(modinfo -F version "$repo/build/$release/syscount.ko")"
same "the module is for the kernel it was built for" "$release" \
	"$(modinfo -F vermagic "$repo/build/$release/syscount.ko" | cut -d' ' -f1)"
same "there is a manual" yes "$([[ $manuals == *syscount.1.adoc* && $manuals == *syscount.4.adoc* ]] && echo yes)"

# install, uninstall
touch "$tmp/before"
works "make install" build install DESTDIR="$tmp/root"
same "... exactly these files" "$(expected_files usr/local)" "$(files "$tmp/root")"
same "... the command runs" "syscount $version" "$("$tmp/root/usr/local/bin/syscount" -V)"
works "... again over itself" build install DESTDIR="$tmp/root"
works "make uninstall" build uninstall DESTDIR="$tmp/root"
same "... leaves nothing" "" "$(files "$tmp/root")"
works "... again, when nothing is there" build uninstall DESTDIR="$tmp/root"

works "make install PREFIX=/usr" build install DESTDIR="$tmp/root" PREFIX=/usr
same "... exactly these files" "$(expected_files usr)" "$(files "$tmp/root")"
touch "$tmp/root/usr/bin/other" "$tmp/root/lib/modules/$release/extra/other.ko"
works "make uninstall PREFIX=/usr" build uninstall DESTDIR="$tmp/root" PREFIX=/usr
same "... leaves what is not ours" \
	"$(printf '%s\n' "lib/modules/$release/extra/other.ko" usr/bin/other)" \
	"$(files "$tmp/root" | cut -d' ' -f2)"
rm -rf "$tmp/root"
same "nothing was installed outside" "" \
	"$(find /usr/local /usr/src /var/lib/dkms /lib/modules /usr/include/linux -name '*syscount*' \
		-newer "$tmp/before" 2> /dev/null)"

# DKMS
works "make dkms-install" build dkms-install DESTDIR="$tmp/root"
source=$tmp/root/usr/src/syscount-$version
same "... what DKMS needs, as it is here" "" \
	"$(cd "$source" && find . -type f -print0 | sort -z |
		xargs -0 -I FILE sh -c 'cmp -s "FILE" "$0/FILE" || echo "FILE differs"' "$repo")"
same "... not less and not more" \
	"$(cd "$repo" && printf '%s\n' Kbuild dkms.conf module/*.[chS] module/uapi/linux/syscount.h \
		scripts/categories.txt scripts/gen-tables.sh | sort)" \
	"$(files "$source" | cut -d' ' -f2)"
dkms_here()
{
	dkms "$@" --dkmstree "$tmp/dkms" --sourcetree "$tmp/root/usr/src" -k "$release" \
		--kernelsourcedir "/usr/src/linux-headers-$release" \
		--config "/usr/src/linux-headers-$release/.config"
}
mkdir "$tmp/dkms"
works "dkms add" dkms_here add "syscount/$version"
works "dkms build" dkms_here build "syscount/$version"
same "... it says so" "syscount/$version, $release, x86_64: built" \
	"$(dkms_here status "syscount/$version" 2>&1)"
built=$(find "$tmp/dkms/syscount/$version/$release" -name 'syscount.ko*')
same "... the module is for that kernel" "$release" \
	"$(modinfo -F vermagic "$built" | cut -d' ' -f1)"
same "... the sources stay clean" "" \
	"$(cd "$source" && find . -name '*.o' -o -name '*.ko' -o -name generated)"
works "make dkms-uninstall" build dkms-uninstall DESTDIR="$tmp/root"
same "... leaves nothing" "" "$(files "$tmp/root")"

# A kernel that lacks what the hooks need is left alone, and not with a failed build.
works "make dkms-install, once more" build dkms-install DESTDIR="$tmp/root"
rm -rf "$tmp/dkms" && mkdir "$tmp/dkms" "$tmp/kernel"
grep -v '^CONFIG_TRACEPOINTS=' "/usr/src/linux-headers-$release/.config" > "$tmp/kernel/.config"
dkms_here add "syscount/$version" > /dev/null 2>&1
dkms build "syscount/$version" --dkmstree "$tmp/dkms" --sourcetree "$tmp/root/usr/src" \
	-k "$release" --kernelsourcedir "$tmp/kernel" > "$tmp/log" 2>&1
same "dkms: a kernel without tracepoints is excluded" yes \
	"$(grep -q 'BUILD_EXCLUSIVE' "$tmp/log" && [[ -z $(find "$tmp/dkms" -name 'syscount.ko*') ]] && echo yes)"

# Nor is it a riddle what a build by hand lacks.
echo "#undef CONFIG_TRACEPOINTS" > "$tmp/lacking.h"
build module BUILD="$tmp/lacking" KCFLAGS="-include $tmp/lacking.h" > "$tmp/log" 2>&1
same "a kernel without tracepoints: the build fails, and says what is missing" \
	'2 #error "syscount needs a kernel with CONFIG_TRACEPOINTS"' \
	"$? $(sed -n 's/.*error: \(#error .*\)/\1/p' "$tmp/log")"

# Signing, of a module of its own: scripts/vm takes the one in build/ for unsigned.
sign() { build sign BUILD="$tmp/build" "$@"; }
key_pair() # NAME
{
	openssl req -new -x509 -nodes -newkey rsa:2048 -days 1 -subj "/CN=$1" \
		-keyout "$tmp/$1.key" -outform DER -out "$tmp/$1.cert" 2> /dev/null
}
key_pair one && key_pair two
works "make sign" sign KEY="$tmp/one.key" CERT="$tmp/one.cert"
same "... with that key, and the kernel's digest" \
	"one $(sed -n 's/^CONFIG_MODULE_SIG_HASH="\(.*\)"/\1/p' "/usr/src/linux-headers-$release/.config")" \
	"$(modinfo -F signer "$tmp/build/$release/syscount.ko") $(modinfo -F sig_hashalgo "$tmp/build/$release/syscount.ko")"
works "make sign, with another key" sign KEY="$tmp/two.key" CERT="$tmp/two.cert"
same "... which is the one that counts" two "$(modinfo -F signer "$tmp/build/$release/syscount.ko")"
sign KEY= CERT= > "$tmp/log" 2>&1
same "make sign without a key: one line says what is missing" \
	"make: sign: '' cannot be read: KEY= is the private key (PEM), CERT= its certificate" \
	"$(grep '^make: sign' "$tmp/log")"
same "the module in build/ is not signed" "" "$(modinfo -F signer "$repo/build/$release/syscount.ko")"

same_end
