// SPDX-License-Identifier: GPL-2.0-or-later
/* Small things that every part of the command needs. */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "util.h"

int failure_status = EXIT_FAILURE;

static void *check(void *p)
{
	if (!p)
		err(failure_status, "memory");
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return check(calloc(n ? n : 1, size));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	return check(reallocarray(p, n ? n : 1, size));
}

char *xstrdup(const char *s)
{
	return s ? check(strdup(s)) : NULL;
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *s;

	va_start(args, fmt);
	if (vasprintf(&s, fmt, args) < 0)
		err(failure_status, "memory");
	va_end(args);
	return s;
}

char *list_add(char *list, const char *separator, const char *word)
{
	char *longer = list ? xasprintf("%s%s%s", list, separator, word) : xstrdup(word);

	free(list);
	return longer;
}

FILE *text_open(struct text *text)
{
	text->f = check(open_memstream(&text->s, &text->size));
	return text->f;
}

char *text_close(struct text *text)
{
	if (fclose(text->f))
		err(failure_status, "memory");
	return text->s;
}

#define WORD_MAX 64

/* Edits between two words; a swap of neighbours, the common slip, is one. */
static size_t distance(const char *a, const char *b)
{
	size_t row[3][WORD_MAX + 1], i, j, n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	for (j = 0; j <= m; j++)
		row[0][j] = j;
	for (i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3];

		now[0] = i;
		for (j = 1; j <= m; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && row[(i + 1) % 3][j - 2] + 1 < best)
				best = row[(i + 1) % 3][j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}

void suggestion_try(struct suggestion *s, const char *candidate)
{
	size_t length = strlen(s->word), limit = length < 6 ? 1 : length / 3;
	size_t d = distance(s->word, candidate);

	if (d <= limit && (!s->best || d < s->distance)) {
		s->best = candidate;
		s->distance = d;
	}
}

const char *suggestion_text(const struct suggestion *s)
{
	static char text[5 * WORD_MAX];
	char *best;

	if (!s->best)
		return "";
	best = safe_text(s->best);
	snprintf(text, sizeof(text), "; did you mean '%s'?", best);
	free(best);
	return text;
}

void iso_time(uint64_t ns, char text[ISO_TIME_SIZE])
{
	time_t seconds = (time_t)(ns / NSEC_PER_SEC);
	struct tm tm;
	size_t n;

	if (!gmtime_r(&seconds, &tm)) {
		text[0] = '\0';
		return;
	}
	n = strftime(text, ISO_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, ISO_TIME_SIZE - n, ".%06uZ",
		 (unsigned int)(ns % NSEC_PER_SEC / 1000));
}

uint64_t clock_ns(int clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		err(failure_status, "clock");
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

bool turns_text(wint_t c)
{
	/* The marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm. */
	static const struct {
		wint_t first, last;
	} turns[] = {
		{ 0x061c, 0x061c }, { 0x200e, 0x200f }, { 0x202a, 0x202e }, { 0x2066, 0x2069 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(turns); i++) {
		if (c >= turns[i].first && c <= turns[i].last)
			return true;
	}
	return false;
}

bool is_plain(wint_t c)
{
	return iswprint(c) && !turns_text(c);
}

size_t utf8_length(const char *s)
{
	const unsigned char *c = (const unsigned char *)s;
	size_t n, i;

	if (c[0] < 0x80)
		return 1;
	if (c[0] < 0xc2 || c[0] > 0xf4)
		return 0;
	n = c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
	for (i = 1; i < n; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	}
	/* overlong forms, surrogates, beyond U+10FFFF */
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
	    (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return n;
}

void print_safe(FILE *f, const char *s)
{
	mbstate_t state = { 0 };
	size_t left = strlen(s);

	while (left) {
		wchar_t c;
		size_t n = mbrtowc(&c, s, left, &state);

		if (n == 0 || n > left || !is_plain((wint_t)c)) {
			fprintf(f, "\\x%02x", (unsigned char)*s);
			memset(&state, 0, sizeof(state));
			n = 1;
		} else {
			fwrite(s, 1, n, f);
		}
		s += n;
		left -= n;
	}
}

char *safe_text(const char *s)
{
	struct text text;

	print_safe(text_open(&text), s);
	return text_close(&text);
}
