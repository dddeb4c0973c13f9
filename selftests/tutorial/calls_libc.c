// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * calls_libc NAME TIMES: the calls that textbooks name, made by functions of the
 * C library. calls_raw.c does the same without them: read the two side by side.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static int zero;	/* an open file: /dev/zero */

static void call(const char *name)
{
	char byte = 0;
	int fds[2], id;
	void *page;

	if (!strcmp(name, "fork") || !strcmp(name, "exit")) {
		if (!fork())
			exit(0);
		wait(NULL);
	} else if (!strcmp(name, "exec")) {
		if (!fork())
			execl("./write_bare", "write_bare", NULL);
		wait(NULL);
	} else if (!strcmp(name, "open")) {
		close(open("/dev/null", O_RDONLY));
	} else if (!strcmp(name, "read")) {
		byte += read(zero, &byte, 1);
	} else if (!strcmp(name, "write")) {
		byte += write(zero, &byte, 1);
	} else if (!strcmp(name, "close")) {
		close(-1);			/* fails, and is a call all the same */
	} else if (!strcmp(name, "ioctl")) {
		ioctl(zero, FIONREAD, &id);	/* fails: zeroes are not counted */
	} else if (!strcmp(name, "getpid")) {
		getpid();
	} else if (!strcmp(name, "alarm")) {
		alarm(0);
	} else if (!strcmp(name, "sleep")) {
		sleep(0);
	} else if (!strcmp(name, "pipe")) {
		if (!pipe(fds))
			close(fds[0]), close(fds[1]);
	} else if (!strcmp(name, "shmget")) {
		id = shmget(IPC_PRIVATE, 4096, 0600);
		shmctl(id, IPC_RMID, NULL);
	} else if (!strcmp(name, "mmap")) {
		page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(page, 4096);
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
