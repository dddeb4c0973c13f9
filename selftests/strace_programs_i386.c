// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A 32-bit program without a C library, for strace_agreement.sh: some calls, some
 * that fail, a child, and in the end it becomes a 64-bit program.
 */

#include <asm/unistd.h>

#define GETPPIDS	101
#define CLOSES		13

static int call(int nr, long a, long b, long c)
{
	int result;

	asm volatile("int $0x80" : "=a" (result) : "a" (nr), "b" (a), "c" (b), "d" (c) : "memory");
	return result;
}

__attribute__((noreturn))
void _start(void)
{
	static const char path[] = "/bin/true";
	static const char *const args[] = { path, 0 };
	int i, pid;

	for (i = 0; i < GETPPIDS; i++)
		call(__NR_getppid, 0, 0, 0);
	for (i = 0; i < CLOSES; i++)
		call(__NR_close, -1, 0, 0);
	pid = call(__NR_fork, 0, 0, 0);
	if (pid)
		call(__NR_waitpid, pid, 0, 0);
	while (!pid)
		call(__NR_exit, 0, 0, 0);
	call(__NR_execve, (long)path, (long)args, 0);
	for (;;)
		call(__NR_exit, 1, 0, 0);
}
