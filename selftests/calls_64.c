// SPDX-License-Identifier: GPL-2.0-or-later
/* See calls.h; for watch_exact. */

#define CALLS	107
#define LOCK_UN	8

static int call(int nr, int a)
{
#ifdef __x86_64__
	long result;

	asm volatile("syscall"
		     : "=a" (result)
		     : "a" (nr), "D" (a), "S" (LOCK_UN), "d" (0)
		     : "rcx", "r11", "memory");
	return result;
#else
	register long x8 asm("x8") = nr;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = LOCK_UN;
	register long x2 asm("x2") = 0;

	asm volatile("svc 0" : "+r" (x0) : "r" (x8), "r" (x1), "r" (x2) : "memory");
	return x0;
#endif
}

#include "calls.h"
