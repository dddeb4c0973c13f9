// SPDX-License-Identifier: GPL-2.0-or-later
/* shared COUNT: a parent tells its child COUNT numbers through shared memory. */
#include <err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

struct board {
	atomic_long written;	/* so many numbers are there */
	long numbers[];
};

static void receive(struct board *board, long count)
{
	long sum = 0;

	for (long i = 0; i < count; i++) {
		while (atomic_load(&board->written) <= i)
			;	/* look again: no call, but a busy processor */
		sum += board->numbers[i];
	}
	printf("the sum is %ld\n", sum);
	exit(0);
}

int main(int argc, char **argv)
{
	long count = argc == 2 ? atol(argv[1]) : 0;
	int segment = shmget(IPC_PRIVATE, sizeof(struct board) + count * sizeof(long), 0600);
	struct board *board = shmat(segment, NULL, 0);

	if (board == (void *)-1)
		err(1, "shared memory");
	shmctl(segment, IPC_RMID, NULL);	/* goes when the last process has left */
	if (!fork())
		receive(board, count);
	for (long i = 0; i < count; i++) {
		board->numbers[i] = i + 1;
		atomic_store(&board->written, i + 1);
	}
	wait(NULL);
	return 0;
}
