/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzzers share: the input, the system as the command sees it, how it ended. */
#ifndef _SYSCOUNT_FUZZ_H
#define _SYSCOUNT_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"
#include "syscount.h"

/* A property of the command that must hold, whatever the input. */
#define require(condition)						\
	do {								\
		if (!(condition))					\
			fuzz_broken(__FILE__, __LINE__, #condition);	\
	} while (0)

void fuzz_broken(const char *file, int line, const char *what) __attribute__((__noreturn__));

/* What is left of the input; zeroes behind its end. */
struct input {
	const uint8_t *data;
	size_t size;
};

void input_take(struct input *in, void *to, size_t size);
uint8_t input_byte(struct input *in);

/* The command's standard input, and at most so many bytes of it with each read(). */
void fuzz_stdin(const void *data, size_t size, size_t chunk);
/* What is found under any name; nothing if @size is 0. */
void fuzz_file(const void *data, size_t size);
/* Answers the ioctls of /dev/syscount, which is not there without it: 0, or an error number. */
void fuzz_device(int (*answer)(unsigned long command, void *arg));
/* What was written so far. */
const char *fuzz_output(size_t *size);

/*
 * Runs @body until it returns or the command ends. Then all memory that it took is to be
 * free; where it ended with an error, it has said so in one line. Its exit status, 0 when it
 * returned.
 */
int fuzz_run(void (*body)(void *ctx), void *ctx);

/* While @must, an error of the command is one of its properties. */
void fuzz_must_succeed(bool must);

/* A command line, without the program's name; ends as the command does. */
void fuzz_command(const char *const *words, int n);

/* What can be told of any snapshot: sums, order, limits. */
void check_counts(const struct counts *c);
/* @s is written and read again: it must be the same. Its text is the caller's. */
char *check_written(const struct snapshot *s);

#endif
