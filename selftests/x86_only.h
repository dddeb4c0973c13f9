/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instead of a test that is about x86, or makes calls of each of its abis, elsewhere. */
#ifndef _SYSCOUNT_X86_ONLY_H
#define _SYSCOUNT_X86_ONLY_H

#include <stdio.h>

#include "watch_test.h"

const struct job jobs[] = { {} };

int main(void)
{
	printf("TAP version 13\n1..0 # SKIP it is about x86, or makes calls of its other abis\n");
	return 4;
}

#endif
