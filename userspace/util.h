/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small things that every part of the command needs. */
#ifndef _SYSCOUNT_UTIL_H
#define _SYSCOUNT_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <wchar.h>

#ifndef __noreturn
#define __noreturn	__attribute__((__noreturn__))
#endif
#define __printf(f, a)	__attribute__((__format__(printf, f, a)))

#define BIT(n)		(1U << (n))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define NSEC_PER_SEC	1000000000ULL
#define EXIT_USAGE	2
/* As env(1) has them: who runs a program leaves it the others. */
#define EXIT_OURSELVES	125
#define EXIT_CANNOT	126
#define EXIT_NOT_FOUND	127

/* The exit status when the command fails: 1, but for 'run'. */
extern int failure_status;

/* These do not return without memory. */
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);	/* NULL gives NULL */
__printf(1, 2) char *xasprintf(const char *fmt, ...);

/* A list with one more word; takes @list, NULL is none yet. */
char *list_add(char *list, const char *separator, const char *word);

/* One that is written as a file is. */
struct text {
	char *s;
	size_t size;
	FILE *f;
};

FILE *text_open(struct text *text);
char *text_close(struct text *text);	/* what was written: the caller's */

/* The candidate nearest to @word, NULL when none is near. */
struct suggestion {
	const char *word;
	const char *best;
	size_t distance;
};

void suggestion_try(struct suggestion *s, const char *candidate);
/* "; did you mean 'read'?" or nothing. The text lives until the next call. */
const char *suggestion_text(const struct suggestion *s);

#define ISO_TIME_SIZE	32
/* UTC with microseconds, as everywhere in snapshots. */
void iso_time(uint64_t ns_since_1970, char text[ISO_TIME_SIZE]);
uint64_t clock_ns(int clock);

/* What a noun has behind that many. */
const char *plural(uint64_t n);

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* One that turns round the text beside it; and neither that nor a command to a terminal. */
bool turns_text(wint_t c);
bool is_plain(wint_t c);

/* Bytes of the UTF-8 character at @s, 0 when there is none. */
size_t utf8_length(const char *s);

/* A line of text from data: what a terminal could take for a command is shown, not sent. */
void print_safe(FILE *f, const char *s);
/* The same, as a text of its own. */
char *safe_text(const char *s);

#endif
