// SPDX-License-Identifier: GPL-2.0-or-later
/* See calls.h; a 32-bit program for arm64. */

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

#include "calls.h"
