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

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sources() {
	git ls-files -- "$@" | while read -r file; do [ -e "$file" ] && echo "$file"; done
}

scripts() {
	sources | while read -r file; do
		head -c 64 "$file" | grep -qE '^#! ?/(usr/)?bin/(env )?(ba)?sh' && echo "$file"
	done
}

# Files of the kernel's source package that no other package has.
kernel_script() {
	local tree=$work/linux

	if [ ! -d "$tree" ]; then
		mkdir "$tree"
		tar -C "$tree" --strip-components=1 -xf /usr/src/linux-source-6.1.tar.xz --wildcards \
			'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
			'*/scripts/const_structs.checkpatch' '*/scripts/kernel-doc' || return
	fi
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
	make -s module BUILD="$work/tables" 2>&1 | grep 'not in categories.txt'
	[ "${PIPESTATUS[1]}" -eq 1 ]
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
	script=$(kernel_script checkpatch.pl) || return
	# LINE_SPACING is right but for NOKPROBE_SYMBOL(), which the kernel puts right
	# below a function as it does EXPORT_SYMBOL().
	sources "$1" | while read -r file; do
		perl "$script" --no-tree --terse --show-types --max-line-length=100 ${3:+"$3"} \
			--ignore "$2" -f "$file" | grep -v '^total:' |
		while IFS=: read -r name line rest; do
			sed -n "${line}p" "$name" | grep -q '^NOKPROBE_SYMBOL' ||
				echo "$name:$line:$rest"
		done
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
	local bad=0 file
	while read -r file; do
		git check-ignore -q "$file" && { echo "tracked but ignored: $file"; bad=1; }
		# Bad input for the tests may hold anything.
		[[ $file == selftests/@(command/data|fuzzers/corpus|fuzzers/regressions)/* ]] ||
			[ "$(head -c 4096 "$file" | tr -d '\000' | wc -c)" = "$(head -c 4096 "$file" | wc -c)" ] ||
			{ echo "binary: $file"; bad=1; }
		case $file in *.[ch] | *.sh | */Makefile | Makefile | Kbuild)
			head -3 "$file" | grep -q 'SPDX-License-Identifier' ||
				{ echo "no SPDX tag: $file"; bad=1; } ;;
		esac
	done < <(sources)
	return "$bad"
}

mapfile -t all < <(declare -F | sed -n 's/^declare -f check_//p')
case ${1-} in
-h | --help) echo "Usage: scripts/check.sh [CHECK...], of: ${all[*]}"; exit 0 ;;
esac
[ $# -gt 0 ] || set -- "${all[@]}"
failed=0
for name; do
	declare -F "check_$name" > /dev/null ||
		{ echo "check: no check '$name'; there are: ${all[*]}" >&2; exit 2; }
	if "check_$name" > "$work/log" 2>&1; then
		echo "check: $name: ok"
	else
		echo "check: $name: FAILED"
		sed 's/^/    /' "$work/log"
		failed=1
	fi
done
exit $failed
