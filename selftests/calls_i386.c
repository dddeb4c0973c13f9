// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A 32-bit program without a C library, for abi_compat: makes CALLS each of
 * flock() and getpgid() that fail, and says how many in its exit status.
 */

#include <asm/unistd.h>

#define CALLS	101

static int call(int nr, int a)
{
	int result;

	asm volatile("int $0x80" : "=a" (result) : "a" (nr), "b" (a), "c" (0), "d" (0) : "memory");
	return result;
}

__attribute__((noreturn))
void _start(void)
{
	int i;

	for (i = 0; i < CALLS; i++) {
		call(__NR_flock, -1);
		call(__NR_getpgid, -1);
	}
	for (;;)
		call(__NR_exit_group, CALLS);
}
