#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Compares the description for syzkaller, Documentation/syscount.txt, with the UAPI
# header: structs and their members, commands and their arguments, constants.

set -u
export LC_ALL=C
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
header=$repo/module/uapi/linux/syscount.h
description=${1-$repo/Documentation/syscount.txt}
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
number=0 failures=0

# result NAME: after what it is a result of, which has left what it said in the log
result()
{
	local status=$?

	((status)) && failures=1 && printf 'not '
	echo "ok $((++number)) - $1"
	((!status)) || sed 's/^/# /' "$work/log"
}

compiles() { cc -Werror -isystem "$repo/module/uapi" -c -x c "$1" -o /dev/null 2> "$work/log"; }

# Each struct and member of the description, at its place, as C that says so or does not compile
layout()
{
	awk '
		function size_of(type) {
			if (type ~ /^array\[/) {
				match(type, /, [A-Z0-9_a-z]+\]$/)
				return "(" substr(type, RSTART + 2, RLENGTH - 3) ") * " \
				       size_of(substr(type, 7, RSTART - 7))
			}
			if (type ~ /^syscount_/) return "sizeof(struct " type ")"
			if (type ~ /^ptr64\[/) return 8
			if (type ~ /^(pid|fd_cgroup)$/) return 4
			if (match(type, /int(8|16|32|64)([[\]]|$)/))
				return substr(type, RSTART + 3) / 8
			return "unknown"
		}
		BEGIN { print "#include <stddef.h>\n#include <linux/syscount.h>" }
		/^syscount_[a-z_]+ \{$/ { name = $1; at = "0"; next }
		/^}/ {
			print "_Static_assert(sizeof(struct " name ") == " at ", \"" name "\");"
			name = ""
		}
		name != "" && NF {
			sub(/\t+\(out\)$/, "")
			member = $1
			sub(/^\t[a-z_]+\t+/, "")
			print "_Static_assert(offsetof(struct " name ", " member ") == " at ", \"" \
			      name "." member "\");"
			at = at " + " size_of($0)
		}' "$description"
}

# Every constant of the header's in the description, used once
constants() { grep -o 'SYSCOUNT_[A-Z0-9_]*' "$description" | sort -u; }

header_constants()
{
	# What says how many there are, or is for those who write programs by hand
	grep -oE '^(#define[[:space:]]+|[[:space:]]+)SYSCOUNT_[A-Z0-9_]+[[:space:]]+(=|0x|_IOWR)' "$header" |
		grep -o 'SYSCOUNT_[A-Z0-9_]*' |
		grep -vE '_(ROW|GROUP)_|_(OBJECT|DETAIL|HOOK)_|IOC_MAGIC|_(OFF|ON|PARTIAL)$' | sort -u
}

echo "TAP version 13"
layout > "$work/layout.c"
compiles "$work/layout.c"
result "structs have the members and sizes of the header"

[[ $(grep -c _Static_assert "$work/layout.c") -ge 100 ]]
result "... and all are compared"

{ grep -oE '^struct syscount_[a-z_]+ \{' "$header" | sed 's/^struct //' | sort; } > "$work/want"
grep -oE '^syscount_[a-z_]+ \{' "$description" | sort | diff "$work/want" - > "$work/log"
result "no struct is missing"

{
	echo "#include <linux/ioctl.h>"
	echo "#include <linux/syscount.h>"
	constants | sed 's/.*/unsigned long long value_&(void) { return &; }/'
} > "$work/constants.c"
compiles "$work/constants.c"
result "constants are those of the header"

header_constants > "$work/want"
constants | diff "$work/want" - | grep '^<' > "$work/log"
((PIPESTATUS[2] == 1))
result "no constant is missing"

# The struct that a command's size is of is the one that its argument points to.
sed -nE 's/^#define (SYSCOUNT_IOC_[A-Z_]+)[[:space:]]+_IOWR\(.*, struct (syscount_[a-z_]+)\)$/\1 \2/p' "$header" |
	sort > "$work/want"
# shellcheck disable=SC2016 # a dollar
sed -nE 's/^ioctl\$(SYSCOUNT_[A-Z_]+)\(fd fd_syscount, cmd const\[\1\], arg ptr\[inout, (syscount_[a-z_]+)\]\)$/\1 \2/p' "$description" |
	sort | diff "$work/want" - > "$work/log"
result "each command has its argument"

echo "1..$number"
exit $failures
