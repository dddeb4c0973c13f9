// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount show: categories, then calls by count. */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "interval.h"
#include "json.h"
#include "matrix.h"
#include "source.h"
#include "util.h"

/* A row of either table: a call, a category, unknown or the total. */
struct line {
	const struct snapshot *snapshot;
	const struct counts *counts;
	const struct group *group;
	const struct row *row;		/* NULL: no call */
	const char *category;
	enum state state;
	uint64_t calls;
};

static void get_time(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_text(cell, ((const struct line *)data)->snapshot->time, "-");
}

static void get_cpu(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	if (line->group)
		cell_count(cell, line->group->cpu);
	else
		cell_text(cell, NULL, "-");
}

static void get_abi(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_text(cell, line->row ? line->row->abi : NULL, "-");
}

static void get_nr(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_text(cell, NULL, line->row ? "*" : "-");
	if (!line->row || line->row->other)
		return;
	cell->type = CELL_NUMBER;
	cell->number = line->row->nr;
}

static void get_syscall(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_text(cell, line->row ? line->row->name : NULL, line->row ? "?" : "-");
}

static void get_category(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_text(cell, ((const struct line *)data)->category, "-");
}

static void get_state(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_state(cell, ((const struct line *)data)->state);
}

static void get_calls(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_count(cell, ((const struct line *)data)->calls);
}

static void get_rate(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_rate(cell, line->calls, line->snapshot->timed ? line->snapshot->duration_ns : 0);
}

static void get_share(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_percent(cell, line->calls, line->counts->total);
}

static const struct column columns[] = {
	{ "TIME", "time", "of the reading, UTC", 0, 0, get_time },
	{ "CPU", "cpu", "with --by cpu", COLUMN_RIGHT, 0, get_cpu },
	{ "ABI", "abi", "the table that the number is taken from: 64, i386, x32", 0, 0, get_abi },
	{ "NR", "nr", "the call's number; * for those that got no row", COLUMN_RIGHT, 0, get_nr },
	{ "SYSCALL", "syscall", "the call's name; ? when it has none", COLUMN_CUT, 0, get_syscall },
	{ "CATEGORY", "category", "its category; - when in none", COLUMN_CUT, 0, get_category },
	{ "STATE", "state", "on, off or partial", 0, 0, get_state },
	{ "CALLS", "calls", "how often it was called", COLUMN_RIGHT, 0, get_calls },
	{ "CALLS/S", "calls_per_s", "calls per second", COLUMN_RIGHT, 0, get_rate },
	{ "SHARE", "share", "percentage of the calls shown", COLUMN_RIGHT, 0, get_share },
};

void show_help_columns(FILE *f)
{
	columns_help(f, columns, ARRAY_SIZE(columns));
}

static void print_title(struct output *out, const struct options *o, const struct snapshot *s)
{
	uint64_t calls = s->counts.total;

	if (out->noheadings)
		return;
	if (o->given & OPT_TIMESTAMP && s->time) {
		print_safe(out->f, s->time);
		fputc(' ', out->f);
	}
	fputs("syscount: ", out->f);
	print_safe(out->f, s->host ? s->host : "?");
	fprintf(out->f, ": %" PRIu64 " calls", calls);
	if (s->timed && s->duration_ns) {
		double seconds = (double)s->duration_ns / NSEC_PER_SEC;
		char rate[32];

		fprintf(out->f, " in %.3f s (%s/s)", seconds,
			rate_text((double)calls / seconds, rate, sizeof(rate)));
	}
	if (o->by == BY_CPU && !o->interval_ns && !o->duration_ns)
		fputs(" since loading, by CPU", out->f);
	if (s->lost)
		fprintf(out->f, ", %" PRIu64 " lost", s->lost);
	fputs("\n\n", out->f);
}

static struct line *category_lines(const struct snapshot *s, size_t *n, bool total)
{
	const struct counts *c = &s->counts;
	struct line *lines = xcalloc(c->ncategories + 2, sizeof(*lines));
	size_t i;

	*n = 0;
	for (i = 0; i < c->ncategories; i++)
		lines[(*n)++] = (struct line){ .category = c->categories[i].name,
					       .state = c->categories[i].state,
					       .calls = c->categories[i].calls };
	if (!c->no_unknown)
		lines[(*n)++] = (struct line){ .category = "unknown", .state = c->unknown_state,
					       .calls = c->unknown };
	if (total)
		lines[(*n)++] = (struct line){ .category = "total", .calls = c->total };
	for (i = 0; i < *n; i++) {
		lines[i].snapshot = s;
		lines[i].counts = c;
	}
	return lines;
}

static struct line *call_lines(const struct snapshot *s, const struct group *group, size_t *n)
{
	const struct counts *c = group ? &group->counts : &s->counts;
	struct line *lines = xcalloc(c->nrows, sizeof(*lines));
	size_t i;

	*n = 0;
	for (i = 0; i < c->nrows; i++) {
		const struct row *row = &c->rows[i];

		if (row->calls)
			lines[(*n)++] = (struct line){ .snapshot = s, .counts = c, .group = group,
						       .row = row, .category = row->category,
						       .state = row->state, .calls = row->calls };
	}
	return lines;
}

static void table_rows(struct table *t, const struct line *lines, size_t n)
{
	size_t i;

	t->rows = xcalloc(n, sizeof(*t->rows));
	t->nrows = n;
	for (i = 0; i < n; i++)
		t->rows[i] = &lines[i];
}

/* In a table the title says it. */
static bool time_wanted(const struct options *o)
{
	return o->format != FORMAT_TABLE && (o->interval_ns || o->given & OPT_TIMESTAMP);
}

/* Programs get the same columns whatever was counted, people those that tell something. */
static void default_columns(const struct options *o, const struct counts *c, char text[80])
{
	bool machine = o->format != FORMAT_TABLE, abi = machine, nr = machine, state = machine;
	bool time = time_wanted(o);
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		const struct row *row = &c->rows[i];

		abi = abi || strcmp(row->abi, c->rows[0].abi) != 0;
		nr = nr || !row->name;
		state = state || row->state == STATE_OFF || row->state == STATE_PARTIAL;
	}
	snprintf(text, 80, "%s%s%s%sSYSCALL CATEGORY %sCALLS SHARE", time ? "TIME " : "",
		 o->by == BY_CPU ? "CPU " : "", abi ? "ABI " : "", nr ? "NR " : "",
		 state ? "STATE " : "");
}

static void print_categories(struct output *out, const struct options *o, const struct snapshot *s)
{
	struct table t = { .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	bool only = o->by == BY_CATEGORY, machine = o->format != FORMAT_TABLE;
	struct line *lines;
	size_t n;

	lines = category_lines(s, &n, !machine);
	columns_choose(&t, only ? o : NULL, time_wanted(o) ? "TIME CATEGORY STATE CALLS SHARE" :
							     "CATEGORY STATE CALLS SHARE");
	table_rows(&t, lines, n);
	if (!machine) {
		t.strong = t.rows[n - 1];
		t.nrows--;
	}
	if (only) {
		table_sort(&t, o, NULL);
		table_top(&t, o);
	}
	if (!machine)
		t.rows[t.nrows++] = t.strong;
	t.no_heading = machine && out->begun;
	table_print(out, &t);
	table_free(&t);
	free(lines);
}

/* A line for each CPU, a column for each category. */
static void print_cpus(struct output *out, const struct snapshot *s)
{
	struct matrix_row *rows = xcalloc(s->ngroups, sizeof(*rows));
	struct table t = { .nrows = s->ngroups };
	char *defaults;
	size_t i;

	t.rows = xcalloc(s->ngroups, sizeof(*t.rows));
	for (i = 0; i < s->ngroups; i++) {
		rows[i].counts = &s->groups[i].counts;
		rows[i].cpu = s->groups[i].cpu;
		t.rows[i] = &rows[i];
	}
	matrix_columns(&t, &s->counts);
	defaults = matrix_defaults(&t, "CPU");
	columns_choose(&t, NULL, defaults);
	table_print(out, &t);
	free(defaults);
	matrix_free(&t);
	free(rows);
}

/* Of one CPU, or of all when there is no group; appended to @all. */
static void add_calls(struct table *all, const struct options *o, struct line *lines, size_t n)
{
	struct table t = { .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	size_t i;

	table_rows(&t, lines, n);
	table_sort(&t, o, "calls");
	table_top(&t, o);
	all->rows = xreallocarray(all->rows, all->nrows + t.nrows, sizeof(*all->rows));
	for (i = 0; i < t.nrows; i++)
		all->rows[all->nrows++] = t.rows[i];
	table_free(&t);
}

static void print_calls(struct output *out, const struct options *o, const struct snapshot *s)
{
	struct table t = { .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	size_t i, n, ngroups = o->by == BY_CPU ? s->ngroups : 1;
	struct line **lines = xcalloc(ngroups, sizeof(*lines));
	char defaults[80];

	for (i = 0; i < ngroups; i++) {
		lines[i] = call_lines(s, o->by == BY_CPU ? &s->groups[i] : NULL, &n);
		add_calls(&t, o, lines[i], n);
	}
	default_columns(o, &s->counts, defaults);
	columns_choose(&t, o, defaults);
	t.no_heading = o->format != FORMAT_TABLE && out->begun;
	table_print(out, &t);
	table_free(&t);
	for (i = 0; i < ngroups; i++)
		free(lines[i]);
	free(lines);
}

static void show(struct output *out, const struct options *o, const struct snapshot *s)
{
	if (o->by == BY_CPU && !s->ngroups && s->counts.total)
		errx(EXIT_FAILURE, "%s: holds no counts by CPU", o->input ? o->input : "module");
	if (o->format == FORMAT_JSON) {
		if (s->kind != KIND_COUNTERS)
			errx(EXIT_FAILURE, "%s: a snapshot of kind '%s' cannot be written again",
			     o->input, kind_words[s->kind]);
		output_json(out, json_snapshot(s), false);
		return;
	}
	if (o->format == FORMAT_TABLE) {
		bool more = out->begun;

		output_begin(out);
		if (more)
			fputc('\n', out->f);
		print_title(out, o, s);
		if (o->by == BY_CPU)
			print_cpus(out, s);
		if (o->by == BY_DEFAULT)
			print_categories(out, o, s);
		if (o->by == BY_DEFAULT || o->by == BY_CPU)
			fputc('\n', out->f);
	}
	if (o->by == BY_CATEGORY)
		print_categories(out, o, s);
	else
		print_calls(out, o, s);
}

int cmd_show(struct options *o)
{
	struct output *out;
	struct source *src;

	columns_check(o, columns, ARRAY_SIZE(columns));
	out = output_open(o);
	src = source_open(o);
	if (o->interval_ns || o->duration_ns) {
		interval_loop(src, out, o, 0, show);
	} else {
		struct snapshot *s = source_read(src);

		show(out, o, s);
		snapshot_free(s);
	}
	source_close(src);
	return output_close(out);
}
