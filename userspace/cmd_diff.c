// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount diff: what changed between two snapshots, or since one. */
#include <err.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "output.h"
#include "source.h"
#include "util.h"

enum mode {
	MODE_INTERVAL,	/* one counter read twice: calls between the readings */
	MODE_CALLS,	/* calls of each, and their difference */
	MODE_RATE,	/* calls per second of each */
};

static const char *const mode_words[] = {
	[MODE_INTERVAL]	= "interval",
	[MODE_CALLS]	= "calls",
	[MODE_RATE]	= "rate",
};

struct diff {
	enum mode mode;
	const char *reason;	/* for the rates, when nobody asked for them */
	const char *names[2];
	struct snapshot *from, *to;
	uint64_t duration_ns;	/* of the interval */
};

/* A call, a category, unknown or the total. */
struct change {
	const struct diff *diff;
	const struct row *row;		/* NULL: no call */
	const char *category;
	uint64_t before, after;
};

static double per_second(uint64_t calls, const struct snapshot *s)
{
	return s->duration_ns ? (double)calls * NSEC_PER_SEC / (double)s->duration_ns : 0;
}

static double before_rate(const struct change *c)
{
	return per_second(c->before, c->diff->from);
}

static double after_rate(const struct change *c)
{
	return per_second(c->after, c->diff->to);
}

/* What the rows are sorted by: how much changed, in either direction. */
static double magnitude(const struct change *c)
{
	if (c->diff->mode == MODE_RATE)
		return fabs(after_rate(c) - before_rate(c));
	return (double)(c->after > c->before ? c->after - c->before : c->before - c->after);
}

static void get_abi(const struct column *column, const void *data, struct cell *cell)
{
	const struct change *c = data;

	(void)column;
	cell_text(cell, c->row ? c->row->abi : NULL, "-");
}

static void get_nr(const struct column *column, const void *data, struct cell *cell)
{
	const struct change *c = data;

	(void)column;
	cell_text(cell, NULL, c->row ? "*" : "-");
	if (!c->row || c->row->other)
		return;
	cell->type = CELL_NUMBER;
	cell->number = c->row->nr;
}

static void get_syscall(const struct column *column, const void *data, struct cell *cell)
{
	const struct change *c = data;

	(void)column;
	cell_text(cell, c->row ? c->row->name : NULL, c->row ? "?" : "-");
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

/* Of two different counters a difference of calls would say nothing. */
static void get_delta(const struct column *column, const void *data, struct cell *cell)
{
	const struct change *c = data;

	(void)column;
	cell_text(cell, NULL, "-");
	if (c->diff->mode == MODE_RATE)
		return;
	cell->type = CELL_DELTA;
	cell->negative = c->after < c->before;
	cell->count = cell->negative ? c->before - c->after : c->after - c->before;
}

static void get_percent(const struct column *column, const void *data, struct cell *cell)
{
	const struct change *c = data;
	bool rate = c->diff->mode == MODE_RATE;
	double before = rate ? before_rate(c) : (double)c->before;
	double after = rate ? after_rate(c) : (double)c->after;

	(void)column;
	cell_text(cell, NULL, after > 0 ? "new" : "-");
	if (before <= 0)
		return;
	cell->type = CELL_CHANGE;
	cell->real = 100.0 * (after - before) / before;
}

static void set_rate(struct cell *cell, double rate)
{
	cell->type = CELL_RATE;
	cell->real = rate;
}

static void get_before_rate(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	set_rate(cell, before_rate(data));
}

static void get_after_rate(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	set_rate(cell, after_rate(data));
}

static void get_delta_rate(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	set_rate(cell, after_rate(data) - before_rate(data));
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

static const struct column columns[] = {
	{ "ABI", "abi", "the table that the number is taken from: 64, i386, x32", 0, 0, get_abi },
	{ "NR", "nr", "the call's number; * for those that got no row", COLUMN_RIGHT, 0, get_nr },
	{ "SYSCALL", "syscall", "the call's name; ? when it has none", COLUMN_CUT, 0, get_syscall },
	{ "CATEGORY", "category", "its category; - when in none", COLUMN_CUT, 0, get_category },
	{ "BEFORE", "before", "calls in the first snapshot", COLUMN_RIGHT, 0, get_before },
	{ "AFTER", "after", "calls in the second", COLUMN_RIGHT, 0, get_after },
	{ "DELTA", "delta", "AFTER - BEFORE", COLUMN_RIGHT, 0, get_delta },
	{ "BEFORE/S", "before_per_s", "calls per second in the first snapshot", COLUMN_RIGHT, 0,
	  get_before_rate },
	{ "AFTER/S", "after_per_s", "calls per second in the second", COLUMN_RIGHT, 0,
	  get_after_rate },
	{ "DELTA/S", "delta_per_s", "AFTER/S - BEFORE/S", COLUMN_RIGHT, 0, get_delta_rate },
	{ "%", "percent", "the change in percent of BEFORE", COLUMN_RIGHT, 0, get_percent },
	{ "CALLS", "calls", "calls between the snapshots", COLUMN_RIGHT, 0, get_calls },
	{ "CALLS/S", "calls_per_s", "the same per second", COLUMN_RIGHT, 0, get_rate },
	{ "SHARE", "share", "percentage of the calls shown", COLUMN_RIGHT, 0, get_share },
};

static const char *const mode_columns[] = {
	[MODE_INTERVAL]	= "CALLS CALLS/S SHARE",
	[MODE_CALLS]	= "BEFORE AFTER DELTA %",
	[MODE_RATE]	= "BEFORE/S AFTER/S DELTA/S %",
};

void diff_help_columns(FILE *f, const struct command *command)
{
	(void)command;
	columns_help(f, columns, ARRAY_SIZE(columns));
}

static bool differ(const char *a, const char *b)
{
	return !a || !b || strcmp(a, b) != 0;
}

/* Why the two are not readings of one counter; NULL: they are. */
static const char *not_comparable(const struct diff *d)
{
	const struct snapshot *a = d->from, *b = d->to;

	if (a->kind != b->kind)
		return "counters and a watch";
	if (a->host && b->host && differ(a->host, b->host))
		return "another host";
	if (differ(a->boot_id, b->boot_id))
		return "another boot";
	if (!a->timed || !b->timed || a->since_ns != b->since_ns)
		return "a reset or a reload between";
	return NULL;
}

static void choose_mode(struct diff *d, const struct options *o)
{
	int i;

	if (o->given & OPT_RATE) {
		d->mode = MODE_RATE;
	} else if (o->given & OPT_CALLS ||
		   (d->from->kind == KIND_WATCH && d->to->kind == KIND_WATCH)) {
		d->mode = MODE_CALLS;
	} else {
		d->reason = not_comparable(d);
		d->mode = d->reason ? MODE_RATE : MODE_INTERVAL;
	}
	for (i = 0; i < 2 && d->mode == MODE_RATE; i++) {
		if (!(i ? d->to : d->from)->duration_ns)
			errx(failure_status, "%s: says no duration, so there is no rate; "
			     "see --calls", d->names[i]);
	}
	if (d->mode != MODE_INTERVAL)
		return;
	if (d->to->now_ns < d->from->now_ns)
		errx(failure_status, "%s: is older than %s: name the older one first",
		     d->names[1], d->names[0]);
	d->duration_ns = d->to->now_ns - d->from->now_ns;
}

static struct snapshot *read_one(const struct options *o, const char *file,
				 struct snapshot **table)
{
	struct options plain = *o;
	struct source *src;
	struct snapshot *s;

	/* -c and -e are for both together: a call may be missing in one. */
	plain.filter = (struct filter){ 0 };
	plain.input = file;
	src = source_open(&plain);
	s = source_read(src);
	if (!file)
		*table = source_table(src);
	source_close(src);
	return s;
}

static void add_to_table(struct snapshot *table, const struct counts *c)
{
	size_t i;

	for (i = 0; i < c->ncategories; i++) {
		if (!counts_category(&table->counts, c->categories[i].name))
			counts_add_category(&table->counts, c->categories[i].name, STATE_NONE);
	}
	for (i = 0; i < c->nrows; i++)
		counts_add_row(&table->counts, &c->rows[i]);
}

static void read_both(struct diff *d, const struct options *o)
{
	struct snapshot *table = NULL;
	bool complete = o->nargs == 1;

	d->names[0] = o->args[0];
	d->names[1] = complete ? "the module" : o->args[1];
	d->from = read_one(o, o->args[0], &table);
	d->to = read_one(o, complete ? NULL : o->args[1], &table);
	if (!table)
		table = snapshot_new(KIND_LIST);
	add_to_table(table, &d->from->counts);
	add_to_table(table, &d->to->counts);
	filter_check(&o->filter, &table->counts, complete);
	filter_apply(&o->filter, &d->from->counts, &table->counts);
	filter_apply(&o->filter, &d->to->counts, &table->counts);
	snapshot_free(table);
}

static void check_order(const struct change *c)
{
	const struct diff *d = c->diff;

	if (d->mode != MODE_INTERVAL || c->after >= c->before)
		return;
	errx(failure_status, "%s: fewer calls of %s than in %s: one of the two is damaged, or "
	     "holds chosen rows only", d->names[1],
	     c->row ? c->row->name ? c->row->name : "?" : c->category, d->names[0]);
}

static int change_compare(const void *a, const void *b)
{
	double x = magnitude(a), y = magnitude(b);

	if (x < y || x > y)
		return x < y ? 1 : -1;
	return row_compare(((const struct change *)a)->row, ((const struct change *)b)->row);
}

/* Both are in the same order: merge them. */
static struct change *call_changes(const struct diff *d, size_t *n)
{
	const struct counts *a = &d->from->counts, *b = &d->to->counts;
	struct change *changes = xcalloc(a->nrows + b->nrows, sizeof(*changes));
	size_t i = 0, j = 0;

	*n = 0;
	while (i < a->nrows || j < b->nrows) {
		struct change *c = &changes[*n];
		int order = i == a->nrows ? 1 : j == b->nrows ? -1 :
			    row_compare(&a->rows[i], &b->rows[j]);

		c->diff = d;
		c->row = order > 0 ? &b->rows[j] : &a->rows[i];
		c->category = c->row->category;
		c->before = order <= 0 ? a->rows[i++].calls : 0;
		c->after = order >= 0 ? b->rows[j++].calls : 0;
		check_order(c);
		if (c->before != c->after || (d->mode == MODE_RATE && c->before))
			(*n)++;
	}
	if (*n)
		qsort(changes, *n, sizeof(*changes), change_compare);
	return changes;
}

static void add_category(struct change *changes, size_t *n, const struct diff *d, const char *name)
{
	const struct category *a = counts_category(&d->from->counts, name);
	const struct category *b = counts_category(&d->to->counts, name);
	size_t i;

	for (i = 0; i < *n; i++) {
		if (!strcmp(changes[i].category, name))
			return;
	}
	changes[(*n)++] = (struct change){ .category = name, .before = a ? a->calls : 0,
					   .after = b ? b->calls : 0 };
}

static struct change *category_changes(const struct diff *d, size_t *n)
{
	const struct counts *a = &d->from->counts, *b = &d->to->counts;
	struct change *changes = xcalloc(a->ncategories + b->ncategories + 2, sizeof(*changes));
	size_t i;

	*n = 0;
	for (i = 0; i < a->ncategories; i++)
		add_category(changes, n, d, a->categories[i].name);
	for (i = 0; i < b->ncategories; i++)
		add_category(changes, n, d, b->categories[i].name);
	if (!a->no_unknown || !b->no_unknown)
		changes[(*n)++] = (struct change){ .category = "unknown", .before = a->unknown,
						   .after = b->unknown };
	changes[(*n)++] = (struct change){ .category = "total", .before = a->total,
					   .after = b->total };
	for (i = 0; i < *n; i++) {
		changes[i].diff = d;
		check_order(&changes[i]);
	}
	return changes;
}

static void print_interval(FILE *f, const struct change *total)
{
	double seconds = (double)total->diff->duration_ns / NSEC_PER_SEC;
	uint64_t calls = total->after - total->before;

	fprintf(f, "%" PRIu64 " call%s in %.3f s", calls, plural(calls), seconds);
	if (seconds > 0) {
		char rate[32];

		fprintf(f, " (%s/s)", rate_text((double)calls / seconds, rate, sizeof(rate)));
	}
}

static void print_rates(FILE *f, const struct change *total)
{
	const struct diff *d = total->diff;
	char before[32], after[32];

	if (d->reason)
		fprintf(f, "%s: ", d->reason);
	fprintf(f, "calls per second of each: %s/s before, %s/s after",
		rate_text(before_rate(total), before, sizeof(before)),
		rate_text(after_rate(total), after, sizeof(after)));
}

static void print_title(struct output *out, const struct change *total)
{
	struct cell cell = { .text = "-" };

	if (out->noheadings)
		return;
	fputs("syscount: diff: ", out->f);
	if (total->diff->mode == MODE_INTERVAL)
		print_interval(out->f, total);
	else if (total->diff->mode == MODE_RATE)
		print_rates(out->f, total);
	else
		fprintf(out->f, "%" PRIu64 " calls before, %" PRIu64 " after", total->before,
			total->after);
	get_percent(NULL, total, &cell);
	if (cell.type == CELL_CHANGE && fabs(cell.real) >= 0.05 &&
	    total->diff->mode != MODE_INTERVAL)
		fprintf(out->f, " (%+.1f%%)", cell.real);
	fputs("\n\n", out->f);
}

static void table_rows(struct table *t, const struct change *changes, size_t n)
{
	size_t i;

	t->rows = xcalloc(n, sizeof(*t->rows));
	t->nrows = n;
	for (i = 0; i < n; i++)
		t->rows[i] = &changes[i];
}

static void print_categories(struct output *out, const struct diff *d)
{
	struct table t = { .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	char defaults[80];
	struct change *changes;
	size_t n;

	changes = category_changes(d, &n);
	output_begin(out);
	print_title(out, &changes[n - 1]);
	snprintf(defaults, sizeof(defaults), "CATEGORY %s", mode_columns[d->mode]);
	columns_choose(&t, NULL, defaults);
	table_rows(&t, changes, n);
	t.strong = &changes[n - 1];
	table_print(out, &t);
	fputc('\n', out->f);
	table_free(&t);
	free(changes);
}

static void default_columns(const struct diff *d, const struct options *o,
			    const struct change *changes, size_t n, char text[80])
{
	bool abi = o->format != FORMAT_TABLE, nr = abi;
	size_t i;

	for (i = 0; i < n; i++) {
		abi = abi || strcmp(changes[i].row->abi, changes[0].row->abi) != 0;
		nr = nr || !changes[i].row->name;
	}
	snprintf(text, 80, "%s%sSYSCALL CATEGORY %s", abi ? "ABI " : "", nr ? "NR " : "",
		 mode_columns[d->mode]);
}

static void print_calls(struct output *out, const struct diff *d, const struct options *o)
{
	struct table t = { .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	struct change *changes;
	char defaults[80];
	size_t n;

	changes = call_changes(d, &n);
	default_columns(d, o, changes, n, defaults);
	columns_choose(&t, o, defaults);
	table_rows(&t, changes, n);
	table_sort(&t, o, NULL);
	table_top(&t, o);
	table_print(out, &t);
	table_free(&t);
	free(changes);
}

static void json_change(struct json_object *o, const struct change *c)
{
	json_add_u64(o, "before", c->before);
	json_add_u64(o, "after", c->after);
	if (c->diff->mode == MODE_RATE) {
		json_add_real(o, "before_per_s", before_rate(c));
		json_add_real(o, "after_per_s", after_rate(c));
		json_add_real(o, "delta_per_s", after_rate(c) - before_rate(c));
	} else if (c->after >= c->before) {
		json_add_u64(o, "calls", c->after - c->before);
	} else {
		json_add(o, "calls", json_object_new_int64(-(int64_t)(c->before - c->after)));
	}
}

static struct json_object *json_origin(const struct snapshot *s)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "kind", kind_words[s->kind]);
	json_add_origin(o, s);
	return o;
}

static struct json_object *json_changes(const struct change *changes, size_t n)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < n; i++) {
		struct json_object *o = changes[i].row ? json_row_key(changes[i].row) :
							 json_object_new_object();

		if (!changes[i].row)
			json_add_text(o, "category", changes[i].category);
		json_change(o, &changes[i]);
		json_object_array_add(list, o);
	}
	return list;
}

static void print_json(struct output *out, const struct diff *d)
{
	struct json_object *o, *outer = json_new(KIND_DIFF, &o);
	struct change *categories, *calls;
	size_t n, ncalls;

	categories = category_changes(d, &n);
	calls = call_changes(d, &ncalls);
	json_add_text(o, "mode", mode_words[d->mode]);
	json_add_text(o, "reason", d->reason);
	json_add(o, "from", json_origin(d->from));
	json_add(o, "to", json_origin(d->to));
	if (d->mode == MODE_INTERVAL)
		json_add_u64(o, "duration_ns", d->duration_ns);
	json_change(o, &categories[--n]);
	if (n && !strcmp(categories[n - 1].category, "unknown")) {
		struct json_object *unknown = json_object_new_object();

		json_change(unknown, &categories[--n]);
		json_add(o, "unknown", unknown);
	}
	json_add(o, "categories", json_changes(categories, n));
	json_add(o, "syscalls", json_changes(calls, ncalls));
	output_json(out, outer, false);
	free(categories);
	free(calls);
}

int cmd_diff(struct options *o)
{
	struct diff d = { 0 };
	struct output *out;

	columns_check(o, columns, ARRAY_SIZE(columns));
	out = output_open(o);
	read_both(&d, o);
	choose_mode(&d, o);
	if (o->format == FORMAT_JSON) {
		print_json(out, &d);
	} else {
		if (o->format == FORMAT_TABLE)
			print_categories(out, &d);
		print_calls(out, &d, o);
	}
	snapshot_free(d.from);
	snapshot_free(d.to);
	return output_close(out);
}
