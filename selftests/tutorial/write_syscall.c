// SPDX-License-Identifier: GPL-2.0-or-later
/* One write, second way: syscall(2) puts number and arguments into registers. */
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	return syscall(SYS_write, 1, "hello, world\n", 13) != 13;
}
