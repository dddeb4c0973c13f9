// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * calls_raw NAME TIMES: the calls that textbooks name, by their numbers, so that
 * the C library cannot take another one for them as it does in calls_libc.c.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int zero;	/* an open file: /dev/zero */

static void call(const char *name)
{
	struct timespec no_time = { 0, 0 };
	char byte = 0, *argv[] = { "write_bare", NULL };
	int fds[2], id;
	long page;

	if (!strcmp(name, "fork") || !strcmp(name, "exit")) {
		if (!syscall(SYS_fork))
			syscall(SYS_exit, 0);
		syscall(SYS_wait4, -1, NULL, 0, NULL);
	} else if (!strcmp(name, "exec")) {
		if (!syscall(SYS_fork))
			syscall(SYS_execve, "./write_bare", argv, NULL);
		syscall(SYS_wait4, -1, NULL, 0, NULL);
	} else if (!strcmp(name, "open")) {
		syscall(SYS_close, syscall(SYS_open, "/dev/null", O_RDONLY));
	} else if (!strcmp(name, "read")) {
		syscall(SYS_read, zero, &byte, 1);
	} else if (!strcmp(name, "write")) {
		syscall(SYS_write, zero, &byte, 1);
	} else if (!strcmp(name, "close")) {
		syscall(SYS_close, -1);
	} else if (!strcmp(name, "ioctl")) {
		syscall(SYS_ioctl, zero, FIONREAD, &id);
	} else if (!strcmp(name, "getpid")) {
		syscall(SYS_getpid);
	} else if (!strcmp(name, "alarm")) {
		syscall(SYS_alarm, 0);
	} else if (!strcmp(name, "sleep")) {
		syscall(SYS_nanosleep, &no_time, NULL);
	} else if (!strcmp(name, "pipe")) {
		if (!syscall(SYS_pipe, fds))
			syscall(SYS_close, fds[0]), syscall(SYS_close, fds[1]);
	} else if (!strcmp(name, "shmget")) {
		id = syscall(SYS_shmget, IPC_PRIVATE, 4096, 0600);
		syscall(SYS_shmctl, id, IPC_RMID, NULL);
	} else if (!strcmp(name, "mmap")) {
		page = syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		syscall(SYS_munmap, page, 4096);
	} else {
		exit(2);
	}
}

int main(int argc, char **argv)
{
	zero = open("/dev/zero", O_RDWR);
	for (int times = argc == 3 ? atoi(argv[2]) : 0; times > 0; times--)
		call(argv[1]);
	return 0;
}
