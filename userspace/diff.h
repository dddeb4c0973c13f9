/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two snapshots side by side: what changed, and the columns that show it. */
#ifndef _SYSCOUNT_DIFF_H
#define _SYSCOUNT_DIFF_H

#include "output.h"

enum mode {
	MODE_INTERVAL,	/* one counter read twice: calls between the readings */
	MODE_CALLS,	/* calls of each, and their difference */
	MODE_RATE,	/* calls per second of each */
};

struct diff {
	enum mode mode;
	const char *reason;	/* for the rates, when nobody asked for them */
	const char *names[2];
	struct snapshot *from, *to;
	bool errors, latency;	/* both have them, and they are compared */
	uint64_t duration_ns;	/* of the interval */
};

/* A call, a category, unknown or the total. */
struct change {
	const struct diff *diff;
	const struct row *row;		/* NULL: no call */
	const char *category;
	uint64_t before, after;
	struct measures measures[2];	/* before, after */
};

extern const struct column diff_columns[];
extern const size_t ndiff_columns;

double change_before_rate(const struct change *c);
double change_after_rate(const struct change *c);
/* What the rows are sorted by: how much changed, in either direction. */
double change_magnitude(const struct change *c);
/* False: there is nothing to tell of it. */
bool change_any(const struct change *c);
/* In percent of what was before; not a change if that was nothing. */
void change_percent(const struct change *c, struct cell *cell);
/* The usual columns behind the names; to free. */
char *diff_defaults(const struct diff *d, bool machine);
/* For columns_check_filled(), of a diff. */
const char *diff_missing(const void *ctx, unsigned int flags);

#endif
