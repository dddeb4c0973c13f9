// SPDX-License-Identifier: GPL-2.0-or-later
/* As calls_i386.c, in the x32 abi. */

#include <asm/unistd.h>

#define CALLS	103

static int call(int nr, int a)
{
	long result;

	asm volatile("syscall"
		     : "=a" (result)
		     : "a" (nr), "D" (a), "S" (0), "d" (0)
		     : "rcx", "r11", "memory");
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
