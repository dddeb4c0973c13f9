#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The static checks: `make check`. Prints a line for each, and what it says when
# it fails; exits with 1 if one failed.
#
# Usage: check.sh [NAME...]

# shellcheck disable=SC2317 # the checks are called by their names, found below
set -u
cd "$(dirname "$0")/.." || exit

# shellcheck source-path=SCRIPTDIR source=test.d/clang.sh
. scripts/test.d/clang.sh
# shellcheck source-path=SCRIPTDIR source=test.d/workers.sh
. scripts/test.d/workers.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sources() {
	git ls-files -- "$@" | while read -r file; do [ -e "$file" ] && echo "$file"; done
}

# Bad input for the tests may hold anything.
no_data=(:{!selftests/command/data,!selftests/fuzzers/corpus,!selftests/fuzzers/regressions})

scripts() {
	sources "${no_data[@]}" |
		xargs awk 'FNR == 1 && /^#! ?\/(usr\/)?bin\/(env )?(ba)?sh/ { print FILENAME } { nextfile }'
}

# Files of the kernel's source package that no other package has.
kernel_script() {
	local tree=$work/linux lock

	exec {lock}> "$work/linux.lock"
	flock "$lock"
	if [ ! -e "$tree/scripts/$1" ]; then
		mkdir -p "$tree"
		tar -C "$tree" --strip-components=1 -xf /usr/src/linux-source-6.1.tar.xz --wildcards \
			'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
			'*/scripts/const_structs.checkpatch' '*/scripts/kernel-doc' || return
	fi
	exec {lock}>&-
	echo "$tree/scripts/$1"
}

check_version() {
	local version
	version=$(sed -n 's/^#define SYSCOUNT_VERSION "\(.*\)"/\1/p' module/version.h)
	[ -n "$version" ] && grep -qx "PACKAGE_VERSION=\"$version\"" dkms.conf
}

# One category for each name, a known one, and one for each name of the headers.
check_categories() {
	awk '
		/^#/ || !NF { next }
		NF != 2 || $1 !~ /^(process|file|device|info|communication)$/ { print "not an entry: " $0; bad = 1 }
		$2 in seen { print "twice: " $2; bad = 1 }
		{ seen[$2] = 1 }
		END { exit bad }' scripts/categories.txt || return
	local headers abi
	# shellcheck disable=SC2016 # make's
	headers=$(make -s --eval 'print-%: ; @echo $($*)' print-KDIR)/arch/x86/include/generated/uapi/asm
	for abi in 64 32 x32; do
		{ scripts/gen-tables.sh gcc scripts/categories.txt "$headers/unistd_$abi.h" > /dev/null; } 2>&1
	done > "$work/categories.log"
	cat "$work/categories.log"
	[ ! -s "$work/categories.log" ]
}

check_module_gcc() {
	make -s module BUILD="$work/gcc" W=1 C=2 KCFLAGS=-Werror CF=-Wsparse-error \
		> "$work/gcc.log" 2>&1 || { cat "$work/gcc.log"; return 1; }
	# sparse's exit status does not reach us, and it complains of the kernel's headers too.
	! grep -E "$work/gcc/[^ ]*: (warning|error):" "$work/gcc.log"
}

check_module_clang() {
	make -s module BUILD="$work/clang" "${clang_words[@]}" 2>&1
}

check_tool_gcc() {
	make -s -C userspace O="$work/tool-gcc" CC=gcc 2>&1
}

check_tool_clang() {
	make -s -C userspace O="$work/tool-clang" CC=clang 2>&1
}

# checkpatch FILES TYPES-TO-IGNORE [OPTION]
checkpatch() {
	local script
	script=$(kernel_script checkpatch.pl) || { echo "checkpatch.pl: cannot be had"; return; }
	# LINE_SPACING is right but for NOKPROBE_SYMBOL(), which the kernel puts right
	# below a function as it does EXPORT_SYMBOL().
	sources "$1" | xargs perl "$script" --no-tree --terse --show-types --max-line-length=100 \
		${3:+"$3"} --ignore "$2" -f > "$work/checkpatch.said" 2>&1 ||
		[ -s "$work/checkpatch.said" ] || echo "checkpatch.pl failed, and did not say why"
	grep -v '^total:' "$work/checkpatch.said" |
	while IFS=: read -r name line rest; do
		sed -n "${line}p" "$name" | grep -q '^NOKPROBE_SYMBOL' ||
			echo "$name:$line:$rest"
	done
}

check_checkpatch() {
	# COMPLEX_MACRO: the generated tables are lists of designated initialisers.
	# MACRO_ARG_REUSE: their arguments are constants.
	# compat.h is where versions may be named, and nowhere else.
	checkpatch 'module/*.[ch]' COMPLEX_MACRO,MACRO_ARG_REUSE --strict |
		grep -vE '^module/compat\.h:.*:(LINUX_VERSION_CODE|CONSTANT_COMPARISON):' > "$work/checkpatch.log"
	# In user space: PRIu64, messages of more than a line, the C library's types
	# and attributes.
	local user=CAMELCASE,SPLIT_STRING,PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO
	user+=,VOLATILE,MACRO_ARG_REUSE,COMPLEX_MACRO
	checkpatch 'userspace/*.[ch]' "$user" --strict >> "$work/checkpatch.log"
	# Tests compare errno, which is positive, are not linked with the kernel's
	# macros, and the harness's FIXTURE() is not indented as code is.
	user+=,ENOSYS,AVOID_EXTERNS,NEW_TYPEDEFS,USE_NEGATIVE_ERRNO,ARRAY_SIZE,LEADING_SPACE
	user+=,FUNCTION_ARGUMENTS,SINGLE_STATEMENT_DO_WHILE_MACRO
	checkpatch 'selftests/*.[ch]' "$user" >> "$work/checkpatch.log"
	cat "$work/checkpatch.log"
	[ ! -s "$work/checkpatch.log" ]
}

check_kernel_doc() {
	local script
	script=$(kernel_script kernel-doc) || return
	sources 'module/*.[ch]' | xargs perl "$script" -none 2>&1 | tee "$work/kernel-doc.log"
	[ ! -s "$work/kernel-doc.log" ]
}

check_shellcheck() {
	scripts | xargs shellcheck -x
}

check_cppcheck() {
	sources 'userspace/*.c' | xargs cppcheck --quiet --std=c11 \
		--enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
		--suppress=missingInclude -Imodule/uapi
}

check_manual() {
	make -s man BUILD="$work" 2>&1 | tee "$work/man.log"
	[ ! -s "$work/man.log" ] || return
	for page in "$work"/man/*; do
		LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null |
			tee -a "$work/man.log"
	done
	[ ! -s "$work/man.log" ]
}

# Nothing of the machine that it was written on: its paths, its mirror.
check_tree() {
	{
		git ls-files -ci --exclude-standard | sed 's/^/tracked but ignored: /'
		sources "${no_data[@]}" | xargs grep -laP '\x00' | sed 's/^/binary: /'
		sources '*.[ch]' '*.sh' '*Makefile' '*Kbuild' | xargs awk '
			FNR <= 3 && /SPDX-License-Identifier/ { tagged[FILENAME] }
			END { for (i = 1; i < ARGC; i++) if (!(ARGV[i] in tagged)) print "no SPDX tag: " ARGV[i] }'
	} > "$work/tree.log"
	cat "$work/tree.log"
	[ ! -s "$work/tree.log" ]
}

mapfile -t all < <(declare -F | sed -n 's/^declare -f check_//p')
case ${1-} in
-h | --help) echo "Usage: scripts/check.sh [CHECK...], of: ${all[*]}"; exit 0 ;;
esac
[ $# -gt 0 ] || set -- "${all[@]}"
for name; do
	declare -F "check_$name" > /dev/null ||
		{ echo "check: no check '$name'; there are: ${all[*]}" >&2; exit 2; }
done

worker()
{
	local i name log=$work/log.$1

	while i=$(next_job) && ((i < ${#wanted[@]})); do
		name=${wanted[i]}
		if "check_$name" > "$log" 2>&1; then
			echo "check: $name: ok" > "$work/said.$1"
			touch "$work/passed.$i"
		else
			{ echo "check: $name: FAILED"; sed 's/^/    /' "$log"; } > "$work/said.$1"
		fi
		touch "$work/ended.$i"
		# In one piece: others print, too.
		flock "$queue" cat "$work/said.$1"
	done
}

wanted=("$@") queue=$work/queue
work "$(nproc)" worker
failed=0
for i in "${!wanted[@]}"; do
	[ -e "$work/passed.$i" ] || failed=1
	[ -e "$work/ended.$i" ] || echo "check: ${wanted[i]}: FAILED: it did not come to an end"
done
exit $failed
