// SPDX-License-Identifier: GPL-2.0-or-later
/* messages COUNT: a parent tells its child COUNT numbers through a message queue. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

struct message {
	long type;
	long number;
};

static void receive(int queue, long count)
{
	struct message message;
	long sum = 0;

	for (long i = 0; i < count; i++) {
		if (msgrcv(queue, &message, sizeof(message.number), 0, 0) < 0)
			err(1, "msgrcv");
		sum += message.number;
	}
	printf("the sum is %ld\n", sum);
	exit(0);
}

int main(int argc, char **argv)
{
	struct message message = { .type = 1 };
	long count = argc == 2 ? atol(argv[1]) : 0;
	int queue = msgget(IPC_PRIVATE, 0600);

	if (queue < 0)
		err(1, "msgget");
	if (!fork())
		receive(queue, count);
	for (long i = 1; i <= count; i++) {
		message.number = i;
		if (msgsnd(queue, &message, sizeof(message.number), 0))
			err(1, "msgsnd");
	}
	wait(NULL);
	msgctl(queue, IPC_RMID, NULL);
	return 0;
}
