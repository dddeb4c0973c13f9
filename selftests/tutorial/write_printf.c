// SPDX-License-Identifier: GPL-2.0-or-later
/* One write, first way: the C library formats, buffers, and writes at the end. */
#include <stdio.h>

int main(void)
{
	printf("hello, %s\n", "world");
	return 0;
}
