/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program without a C library, of one abi: makes CALLS each of flock() and getpgid()
 * that fail, by call(), and says how many in its exit status. Whoever includes this has both.
 */
#ifndef _SYSCOUNT_CALLS_H
#define _SYSCOUNT_CALLS_H

#include <asm/unistd.h>

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

#endif
