// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * refused WHAT [ADDRESS]: does what only the kernel may do. The processor refuses
 * and the kernel sends SIGSEGV, so nothing after it runs.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned long value = 0;

	if (!strcmp(what, "nothing"))
		return 0;
	else if (!strcmp(what, "cli"))		/* no more interrupts, please */
		__asm__ volatile("cli");
	else if (!strcmp(what, "hlt"))		/* stop the processor */
		__asm__ volatile("hlt");
	else if (!strcmp(what, "cr3"))		/* where are the page tables? */
		__asm__ volatile("mov %%cr3, %0" : "=r" (value));
	else if (!strcmp(what, "read") && argc == 3)
		value = *(volatile char *)strtoul(argv[2], NULL, 16);
	else
		errx(2, "usage: refused nothing|cli|hlt|cr3|read ADDRESS");

	printf("not refused: %#lx\n", value);
	return 1;
}
