#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tests of the command, built with AddressSanitizer, which looks for leaks too, and
# UndefinedBehaviorSanitizer: what they find is written to standard error and changes the
# status, so the test fails.

set -u
repo=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..") || exit 1
build=$repo/build/sanitized

mkdir -p "$build" || exit
{
	clang -Wall -Wextra -Werror -c -o "$build/leaks.o" "$repo/selftests/command/leaks.c" &&
	make -s -C "$repo/userspace" O="$build" CC=clang LDFLAGS="$build/leaks.o" \
		CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
} >"$build/log" 2>&1 ||
	{ cat "$build/log"; exit 1; }
export SYSCOUNT=$build/syscount UBSAN_OPTIONS=print_stacktrace=1
exec "$repo/selftests/command/run.sh"
