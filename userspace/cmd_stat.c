// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount stat: a line of calls per second of each category per interval. */
#include <err.h>
#include <stdlib.h>

#include "interval.h"
#include "json.h"
#include "matrix.h"
#include "source.h"
#include "util.h"

#define HEIGHT_MIN	10

/* A heading for every screen. */
static size_t lines_printed;

void stat_help_columns(FILE *f, const struct command *command)
{
	(void)command;
	fputs("\nColumns:\n"
	      "  TIMESTAMP      of the end of the interval, UTC\n"
	      "  one for each category, UNKNOWN and TOTAL: calls per second\n", f);
}

/* Before the first interval is over. */
static void check_columns(struct source *src, const struct options *o)
{
	struct snapshot *table = source_table(src);
	struct table t = { .nrows = 0 };

	matrix_columns(&t, "timestamp", &table->counts);
	columns_check(o, t.columns, t.ncolumns);
	matrix_free(&t);
	snapshot_free(table);
}

static bool heading_due(const struct output *out)
{
	if (out->format != FORMAT_TABLE || out->height < HEIGHT_MIN)
		return !lines_printed;
	return lines_printed % (out->height - 2) == 0;
}

static void print_line(struct output *out, const struct options *o, const struct snapshot *s)
{
	struct matrix_row row = { .counts = &s->counts, .time = s->time };
	bool time = o->given & OPT_TIMESTAMP || o->format != FORMAT_TABLE;
	struct table t = { .nrows = 1 };
	char *defaults;

	/* Two readings within a nanosecond: no rate, but no division by it either. */
	row.duration_ns = s->duration_ns ? s->duration_ns : 1;
	t.rows = xcalloc(1, sizeof(*t.rows));
	t.rows[0] = &row;
	matrix_columns(&t, "timestamp", &s->counts);
	defaults = matrix_defaults(&t, time);
	columns_choose(&t, o, defaults);
	t.no_heading = !heading_due(out);
	table_print(out, &t);
	lines_printed++;
	free(defaults);
	matrix_free(&t);
}

static void print_file(struct source *src, struct output *out, const struct options *o)
{
	struct snapshot *before = source_next(src), *after, *s;

	if (!before)
		errx(failure_status, "%s: empty: holds no snapshot", o->input);
	while ((after = source_next(src))) {
		if (o->format == FORMAT_JSON) {
			if (!out->begun)
				output_json(out, json_snapshot(before), true);
			output_json(out, json_snapshot(after), true);
		} else {
			s = snapshot_subtract(after, before);
			print_line(out, o, s);
			snapshot_free(s);
		}
		snapshot_free(before);
		before = after;
	}
	snapshot_free(before);
	if (!out->begun)
		errx(failure_status, "%s: holds one snapshot; a rate needs two", o->input);
}

int cmd_stat(struct options *o)
{
	uint64_t count = 0;
	struct output *out;
	struct source *src;

	if (o->nargs && o->input)
		usage_error(o->command, "SECONDS does not go with --input");
	if (o->nargs && o->interval_ns)
		usage_error(o->command, "SECONDS and --interval exclude each other");
	if (o->nargs)
		o->interval_ns = parse_seconds(o, "SECONDS", o->args[0]);
	if (o->nargs > 1)
		count = parse_count(o, "COUNT", o->args[1]);
	if (!o->interval_ns)
		o->interval_ns = NSEC_PER_SEC;
	out = output_open(o);
	src = source_open(o);
	if (o->input) {
		print_file(src, out, o);
	} else {
		check_columns(src, o);
		interval_loop(src, out, o, count, print_line);
	}
	source_close(src);
	return output_close(out);
}
