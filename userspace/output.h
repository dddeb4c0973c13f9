/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns to a table, raw lines or CSV; and JSON, to where -o says. */
#ifndef _SYSCOUNT_OUTPUT_H
#define _SYSCOUNT_OUTPUT_H

#include <json-c/json.h>
#include <stdio.h>

#include "syscount.h"

struct output {
	FILE *f;
	const char *file;	/* NULL: standard output */
	enum format format;
	bool noheadings;
	bool color;
	bool begun;
	int fd;
	int error;		/* why a write failed; EPIPE: nobody reads any more */
	size_t width;		/* of the terminal, 0: as wide as it needs */
	size_t height;
};

enum cell_type {
	CELL_NULL,		/* not known: @text stands for it, CSV leaves it out */
	CELL_TEXT,
	CELL_COUNT,
	CELL_NUMBER,
	CELL_DELTA,		/* @count with a sign */
	CELL_RATE,		/* per second */
	CELL_RATE_DELTA,	/* the same with a sign */
	CELL_PERCENT,
	CELL_CHANGE,		/* a percentage with a sign */
	CELL_DURATION,		/* @count in ns */
	CELL_DURATION_DELTA,	/* the same with a sign */
};

struct cell {
	enum cell_type type;
	const char *text;
	uint64_t count;
	bool negative;
	int32_t number;
	double real;
	const char *color;
};

#define COLUMN_RIGHT	0x1	/* numbers */
#define COLUMN_CUT	0x2	/* may be cut to fit the terminal */
#define COLUMN_KIND(n)	(0x4U << (n))	/* the table's own: when there is something in it */

struct column {
	const char *name;	/* heading, --columns, --sort */
	const char *key;	/* CSV; JSON's key where there is one */
	const char *help;
	unsigned int flags;
	size_t width;		/* at least */
	void (*get)(const struct column *column, const void *row, struct cell *cell);
};

struct table {
	const struct column *columns;
	size_t ncolumns;
	size_t *chosen;		/* of the columns, in the order to print */
	size_t nchosen;
	const void **rows;
	size_t nrows;
	size_t left_out;	/* rows that there are beside: --top */
	const void *strong;	/* the row to set off: a total */
	const char *none;	/* what a table says without a row; NULL: its heading */
	bool no_heading;	/* even if asked for: a table goes on */
};

struct output *output_open(const struct options *o);
/* Without options: for help. */
struct output *output_stdout(void);
/* Before the first byte: until then the file is as it was. */
void output_begin(struct output *out);
/* False: nobody reads any more. */
bool output_flush(struct output *out);
/* The exit status. */
int output_close(struct output *out);

/*
 * Sets @table's columns from --columns, or from @defaults, names with blanks
 * between. An unknown name in --columns is a usage error.
 */
void columns_choose(struct table *table, const struct options *o, const char *defaults);
void table_free(struct table *table);
/* The index of a name, @n when there is no such column. */
size_t columns_find(const struct column *columns, size_t n, const char *name);
void columns_help(FILE *f, const struct column *columns, size_t n);
/* A copy of those of the @n that have none of @flags; sets @n. */
struct column *columns_without(const struct column *columns, size_t *n, unsigned int flags);
/* Checks --columns and --sort before anything runs. */
void columns_check(const struct options *o, const struct column *columns, size_t n);
/* The same, of names that are right: @missing says what a column of these flags takes, or NULL. */
void columns_check_filled(const struct options *o, const struct column *columns, size_t n,
			  const char *(*missing)(const void *ctx, unsigned int flags),
			  const void *ctx);
/* --sort, or by @key, highest first; then --top. Rows with equal keys stay in order. */
void table_sort(struct table *table, const struct options *o, const char *key);
void table_top(struct table *table, const struct options *o);
void table_print(struct output *out, const struct table *table);
/* A word as a shell takes it back. */
void print_quoted(FILE *f, const char *word);
/* The same of a list of words, NULL behind the last: as far as it is no longer than @most. */
void print_words(FILE *f, char *const *words, size_t most);
void output_json(struct output *out, struct json_object *o, bool one_line);

#define CELL_SIZE	64
/* @machine: for programs, so without a percent sign and not rounded by size. */
const char *cell_format(const struct cell *cell, bool machine, char text[CELL_SIZE]);
/* --color and NO_COLOR, where the output is a terminal or is not. */
bool color_wanted(const struct options *o, bool terminal);
/* @null stands for @text that is NULL or empty: a blank would shift the columns of raw lines. */
void cell_text(struct cell *cell, const char *text, const char *null);
void cell_count(struct cell *cell, uint64_t count);
/* Of a call; NULL: of none. */
void cell_abi(struct cell *cell, const struct row *row);
void cell_nr(struct cell *cell, const struct row *row);
void cell_syscall(struct cell *cell, const struct row *row);
void cell_state(struct cell *cell, enum state state);
void cell_percent(struct cell *cell, uint64_t part, uint64_t whole);
void cell_rate(struct cell *cell, uint64_t count, uint64_t duration_ns);
/* "47964" or "3.1", as titles show a rate. */
const char *rate_text(double rate, char *text, size_t size);

#endif
