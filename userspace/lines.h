/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows and columns of tables of counts. */
#ifndef _SYSCOUNT_LINES_H
#define _SYSCOUNT_LINES_H

#include "output.h"

/* A row of any such table: a call, a category, unknown, the total, or a group. */
struct line {
	const struct snapshot *snapshot;
	const struct counts *counts;
	const struct group *group;
	const struct row *row;		/* NULL: no call */
	const char *category;
	enum state state;
	uint64_t calls;
	uint64_t before;		/* CALLS has these too, but not CALLS/S and SHARE */
	struct measures measures;	/* of the call, or the sum of the calls */
	const struct tallies *buckets;	/* NULL: none of its own */
	bool split;			/* the calls that ended with @error, 0: with none */
	uint32_t error;
};

/* When there is something in a column. */
#define COLUMN_CPU	COLUMN_KIND(0)	/* of --by cpu */
#define COLUMN_ERRORS	COLUMN_KIND(1)	/* measured with --errors */
#define COLUMN_LATENCY	COLUMN_KIND(2)	/* with --latency */
#define COLUMN_EXITS	COLUMN_KIND(3)	/* with either */
#define COLUMN_ERRNO	COLUMN_KIND(4)	/* of --errno */
#define COLUMN_OBJECT	COLUMN_KIND(5)	/* of --objects */
#define COLUMN_GROUP	COLUMN_KIND(6)	/* of groups */
#define COLUMN_CALL	COLUMN_KIND(7)	/* of single calls: groups have it not */
#define COLUMN_WHO	COLUMN_KIND(8)	/* of groups: calls have it, too, as that of theirs */
#define COLUMNS_WATCH	(COLUMN_ERRORS | COLUMN_LATENCY | COLUMN_EXITS | COLUMN_ERRNO | \
			 COLUMN_OBJECT | COLUMN_GROUP)

extern const struct column line_columns[];
extern const size_t nline_columns;

/* Of --columns and --sort, before anything runs: that the command can fill them. */
void lines_check(const struct options *o);
void lines_check_file(const struct options *o, const struct counts *c);
void lines_help(FILE *f, const struct command *command);

/* Arrays to free. */
struct line *category_lines(const struct snapshot *s, size_t *n, bool total);
/* Of a group, NULL: of all. --errno and --failed are minded. */
struct line *call_lines(const struct options *o, const struct snapshot *s,
			const struct group *group, size_t *n);
/* What there is to tell of the calls that are shown: programs get all of it. */
struct telling {
	bool abi, nr, state, object;
};

struct telling calls_telling(const struct options *o, const struct counts *c);
/* Of those that made a call. */
struct line *group_lines(const struct snapshot *s, size_t *n);

/* ": N calls in S s (N/s)" of what a title names; and of which, if -c and -e left some out. */
void title_calls(FILE *f, const struct snapshot *s);
/* What a table without a row says. */
const char *none_text(const struct options *o);
/* With --by category, --columns, --sort and --top are of this one. */
void categories_print(struct output *out, const struct options *o, const struct snapshot *s,
		      const char *defaults);
/* By @key unless there is --sort, group by group; a group that is NULL is all. */
void calls_print(struct output *out, const struct options *o, const struct snapshot *s,
		 const struct group **groups, size_t ngroups, const char *key,
		 const char *defaults);
/* Drops those without an error: how many stay. */
size_t lines_failed(struct line *lines, size_t n);
void table_of_lines(struct table *t, const struct line *lines, size_t n);
/* There is something to show of it. */
bool lines_measured(const struct counts *c, enum measure what);

#endif
