// SPDX-License-Identifier: GPL-2.0-or-later
/* See calls.h; a 32-bit program, for abi_compat. */

#define CALLS	101

static int call(int nr, int a)
{
	int result;

	asm volatile("int $0x80" : "=a" (result) : "a" (nr), "b" (a), "c" (0), "d" (0) : "memory");
	return result;
}

#include "calls.h"
