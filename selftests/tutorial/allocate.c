// SPDX-License-Identifier: GPL-2.0-or-later
/* allocate SIZE TIMES: asks malloc() for SIZE bytes so many times, frees nothing. */
#include <err.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	static char *volatile last;

	if (argc != 3)
		errx(2, "usage: allocate SIZE TIMES");

	last = malloc(1);	/* the first one also sets up the heap */
	for (int times = atoi(argv[2]); times > 0; times--)
		last = malloc(atoi(argv[1]));
	return !last;
}
