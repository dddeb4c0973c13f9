// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A 32-bit program for arm64 without a C library: makes CALLS each of flock() and
 * getpgid() that fail, and says how many in its exit status.
 */

#include <asm/unistd.h>

#define CALLS	101

static int call(int nr, int a)
{
	register int r7 asm("r7") = nr;
	register int r0 asm("r0") = a;
	register int r1 asm("r1") = 0;
	register int r2 asm("r2") = 0;

	asm volatile("svc 0" : "+r" (r0) : "r" (r7), "r" (r1), "r" (r2) : "memory");
	return r0;
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
