/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program that is run and waited for; its signals, terminal and status stay its own. */
#ifndef _SYSCOUNT_PROGRAM_H
#define _SYSCOUNT_PROGRAM_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * What execvp() would run, found before there is a call to count. NULL, with @error set:
 * there is none, ENOENT, or none that may be run.
 */
char *program_find(const char *name, int *error);

struct program {
	pid_t pid;
	int status;			/* as of waitpid() */
	sigset_t mask;			/* what the program is to have of these */
	struct sigaction interrupt, quit, child;
};

/*
 * Runs @path with @args once @arm has returned 0 in the new process. From here on Ctrl-C
 * is the program's alone. False: it did not start; @error says why, and @armed whether
 * it was for the program's file.
 */
bool program_start(struct program *p, const char *path, char *const *args,
		   int (*arm)(void *ctx), void *ctx, int *error, bool *armed);
/* Until it ends. What ends this process is passed on to it. */
void program_wait(struct program *p);
/* Ends as the program did: by its signal, or with its status, which is returned. */
int program_exit(const struct program *p);

#endif
