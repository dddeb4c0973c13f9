// SPDX-License-Identifier: GPL-2.0-or-later
/* The columns that show two snapshots side by side. */
#include <math.h>

#include "diff.h"
#include "util.h"

/* When there is something in a column. */
#define DIFF_INTERVAL	COLUMN_KIND(0)
#define DIFF_DELTA	COLUMN_KIND(1)
#define DIFF_ERRORS	COLUMN_KIND(2)
#define DIFF_LATENCY	COLUMN_KIND(3)
/* Of which snapshot; of neither: their difference. */
#define DIFF_BEFORE	COLUMN_KIND(4)
#define DIFF_AFTER	COLUMN_KIND(5)

static double per_second(uint64_t calls, const struct snapshot *s)
{
	return s->duration_ns ? (double)calls * NSEC_PER_SEC / (double)s->duration_ns : 0;
}

double change_before_rate(const struct change *c)
{
	return per_second(c->before, c->diff->from);
}

double change_after_rate(const struct change *c)
{
	return per_second(c->after, c->diff->to);
}

static uint64_t difference(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static uint64_t measure_difference(const struct change *c, enum measure what)
{
	return difference(c->measures[0].n[what], c->measures[1].n[what]);
}

double change_magnitude(const struct change *c)
{
	if (c->diff->mode == MODE_RATE)
		return fabs(change_after_rate(c) - change_before_rate(c));
	if (c->diff->latency)
		return (double)measure_difference(c, MEASURE_TOTAL_NS);
	return (double)difference(c->after, c->before);
}

bool change_any(const struct change *c)
{
	return c->before != c->after || (c->diff->mode == MODE_RATE && c->before) ||
	       (c->diff->errors && measure_difference(c, MEASURE_ERRORS)) ||
	       (c->diff->latency && measure_difference(c, MEASURE_TOTAL_NS));
}

static void get_abi(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_abi(cell, ((const struct change *)data)->row);
}

static void get_nr(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_nr(cell, ((const struct change *)data)->row);
}

static void get_syscall(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_syscall(cell, ((const struct change *)data)->row);
}

static void get_category(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_text(cell, ((const struct change *)data)->category, "-");
}

static void get_before(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_count(cell, ((const struct change *)data)->before);
}

static void get_after(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_count(cell, ((const struct change *)data)->after);
}

static void set_delta(struct cell *cell, uint64_t before, uint64_t after)
{
	cell->type = CELL_DELTA;
	cell->negative = after < before;
	cell->count = difference(before, after);
}

/* Of two different counters a difference of calls would say nothing. */
static void get_delta(const struct column *column, const void *data, struct cell *cell)
{
	const struct change *c = data;

	(void)column;
	cell_text(cell, NULL, "-");
	if (c->diff->mode != MODE_RATE)
		set_delta(cell, c->before, c->after);
}

void change_percent(const struct change *c, struct cell *cell)
{
	bool rate = c->diff->mode == MODE_RATE;
	double before = rate ? change_before_rate(c) : (double)c->before;
	double after = rate ? change_after_rate(c) : (double)c->after;

	cell_text(cell, NULL, after > 0 ? "new" : "-");
	if (before <= 0)
		return;
	cell->type = CELL_CHANGE;
	cell->real = 100.0 * (after - before) / before;
}

static void get_percent(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	change_percent(data, cell);
}

static void set_rate(struct cell *cell, double rate)
{
	cell->type = CELL_RATE;
	cell->real = rate;
}

static void get_before_rate(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	set_rate(cell, change_before_rate(data));
}

static void get_after_rate(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	set_rate(cell, change_after_rate(data));
}

static void get_delta_rate(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	set_rate(cell, change_after_rate(data) - change_before_rate(data));
	cell->type = CELL_RATE_DELTA;
}

static void get_calls(const struct column *column, const void *data, struct cell *cell)
{
	const struct change *c = data;

	(void)column;
	if (c->diff->mode == MODE_INTERVAL)
		cell_count(cell, c->after - c->before);
	else
		cell_text(cell, NULL, "-");
}

static void get_rate(const struct column *column, const void *data, struct cell *cell)
{
	const struct change *c = data;

	(void)column;
	if (c->diff->mode == MODE_INTERVAL)
		cell_rate(cell, c->after - c->before, c->diff->duration_ns);
	else
		cell_text(cell, NULL, "-");
}

static void get_share(const struct column *column, const void *data, struct cell *cell)
{
	const struct change *c = data;
	const struct diff *d = c->diff;
	uint64_t all = d->to->counts.total - d->from->counts.total;

	(void)column;
	if (d->mode == MODE_INTERVAL)
		cell_percent(cell, c->after - c->before, all);
	else
		cell_text(cell, NULL, "-");
}

static void get_object(const struct column *column, const void *data, struct cell *cell)
{
	const struct change *c = data;

	(void)column;
	cell_text(cell, c->row ? object_words[c->row->object] : NULL, "-");
}

/* The columns of a measure, by their flags: which, and of which snapshot. */
static void get_measure(const struct column *column, const void *data, struct cell *cell)
{
	const struct change *c = data;
	bool latency = column->flags & DIFF_LATENCY;
	enum measure what = latency ? MEASURE_TOTAL_NS : MEASURE_ERRORS;
	uint64_t before = c->measures[0].n[what], after = c->measures[1].n[what];

	cell_text(cell, NULL, "-");
	if (latency ? !c->diff->latency : !c->diff->errors)
		return;
	if (column->flags & DIFF_BEFORE)
		cell_count(cell, before);
	else if (column->flags & DIFF_AFTER)
		cell_count(cell, after);
	else
		set_delta(cell, before, after);
	if (latency)
		cell->type = cell->type == CELL_COUNT ? CELL_DURATION : CELL_DURATION_DELTA;
}

#define INTERVAL	(COLUMN_RIGHT | DIFF_INTERVAL)
#define ERRORS		(COLUMN_RIGHT | DIFF_ERRORS)
#define LATENCY		(COLUMN_RIGHT | DIFF_LATENCY)

const struct column diff_columns[] = {
	{ "ABI", "abi", "the table that the number is taken from: 64, i386, x32", 0, 0, get_abi },
	{ "NR", "nr", "the call's number; * for those that got no row", COLUMN_RIGHT, 0, get_nr },
	{ "SYSCALL", "syscall", "the call's name; ? when it has none", COLUMN_CUT, 0, get_syscall },
	{ "CATEGORY", "category", "its category; - when in none", COLUMN_CUT, 0, get_category },
	{ "OBJECT", "object", "of watches with --objects: file, device or channel", 0, 0,
	  get_object },
	{ "BEFORE", "before", "calls in the first snapshot", COLUMN_RIGHT, 0, get_before },
	{ "AFTER", "after", "calls in the second", COLUMN_RIGHT, 0, get_after },
	{ "DELTA", "delta", "AFTER - BEFORE", COLUMN_RIGHT | DIFF_DELTA, 0, get_delta },
	{ "BEFORE/S", "before_per_s", "calls per second in the first snapshot", COLUMN_RIGHT, 0,
	  get_before_rate },
	{ "AFTER/S", "after_per_s", "calls per second in the second", COLUMN_RIGHT, 0,
	  get_after_rate },
	{ "DELTA/S", "delta_per_s", "AFTER/S - BEFORE/S", COLUMN_RIGHT, 0, get_delta_rate },
	{ "%", "percent", "the change in percent of BEFORE", COLUMN_RIGHT, 0, get_percent },
	{ "CALLS", "calls", "of an interval: calls between the snapshots", INTERVAL, 0, get_calls },
	{ "CALLS/S", "calls_per_s", "the same per second", INTERVAL, 0, get_rate },
	{ "SHARE", "share", "percentage of the calls shown", INTERVAL, 0, get_share },
	{ "ERRORS-BEFORE", "errors_before", "of watches: calls that failed in the first",
	  ERRORS | DIFF_BEFORE, 0, get_measure },
	{ "ERRORS-AFTER", "errors_after", "in the second", ERRORS | DIFF_AFTER, 0, get_measure },
	{ "ERRORS-DELTA", "errors_delta", "their difference", ERRORS, 0, get_measure },
	{ "TOTAL-BEFORE", "total_ns_before", "with --latency: the time of all calls in the first",
	  LATENCY | DIFF_BEFORE, 0, get_measure },
	{ "TOTAL-AFTER", "total_ns_after", "in the second", LATENCY | DIFF_AFTER, 0, get_measure },
	{ "TOTAL-DELTA", "total_ns_delta", "their difference", LATENCY, 0, get_measure },
};

#undef INTERVAL
#undef ERRORS
#undef LATENCY

const size_t ndiff_columns = ARRAY_SIZE(diff_columns);

void diff_help_columns(FILE *f, const struct command *command)
{
	(void)command;
	columns_help(f, diff_columns, ndiff_columns);
}

const char *diff_missing(const void *ctx, unsigned int flags)
{
	const struct diff *d = ctx;

	if (flags & DIFF_INTERVAL && d->mode != MODE_INTERVAL)
		return "two readings of the same counters";
	if (flags & DIFF_DELTA && d->mode == MODE_RATE)
		return "a comparison of calls (--calls), not of rates";
	if (flags & DIFF_ERRORS && !d->errors)
		return "two watches with errors";
	if (flags & DIFF_LATENCY && !d->latency)
		return "two watches with times (--latency)";
	return NULL;
}

static bool any_error(const struct counts *c)
{
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		if (c->rows[i].measures.n[MEASURE_ERRORS])
			return true;
	}
	return false;
}

char *diff_defaults(const struct diff *d, bool machine)
{
	static const char *const usual[] = {
		[MODE_INTERVAL]	= "CALLS CALLS/S SHARE",
		[MODE_CALLS]	= "BEFORE AFTER DELTA %",
		[MODE_RATE]	= "BEFORE/S AFTER/S DELTA/S %",
	};
	const struct counts *a = &d->from->counts, *b = &d->to->counts;
	bool errors = d->errors && (machine || any_error(a) || any_error(b));

	return xasprintf("%s%s%s", usual[d->mode], errors ? " ERRORS-BEFORE ERRORS-AFTER" : "",
			 d->latency ? " TOTAL-BEFORE TOTAL-AFTER" : "");
}
