// SPDX-License-Identifier: GPL-2.0-or-later
/* See calls.h; in the x32 abi. */

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

#include "calls.h"
