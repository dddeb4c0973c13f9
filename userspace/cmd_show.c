// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount show: categories, then calls by count. */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "interval.h"
#include "json.h"
#include "lines.h"
#include "matrix.h"
#include "source.h"
#include "util.h"
#include "watch_output.h"

static void print_title(struct output *out, const struct options *o, const struct snapshot *s)
{
	if (out->noheadings)
		return;
	if (o->given & OPT_TIMESTAMP && s->time) {
		print_safe(out->f, s->time);
		fputc(' ', out->f);
	}
	fputs("syscount: ", out->f);
	print_safe(out->f, s->host ? s->host : "?");
	title_calls(out->f, s);
	if (o->by == BY_CPU && !o->interval_ns && !o->duration_ns)
		fputs(" since loading, by CPU", out->f);
	if (s->lost)
		fprintf(out->f, ", %" PRIu64 " lost", s->lost);
	fputs("\n\n", out->f);
}

/* In a table the title says it. */
static bool time_wanted(const struct options *o)
{
	return o->format != FORMAT_TABLE && (o->interval_ns || o->given & OPT_TIMESTAMP);
}

/* Programs get the same columns whatever was counted, people those that tell something. */
static void default_columns(const struct options *o, const struct counts *c, char text[80])
{
	struct telling tell = calls_telling(o, c);

	snprintf(text, 80, "%s%s%s%sSYSCALL CATEGORY %sCALLS SHARE",
		 time_wanted(o) ? "TIMESTAMP " : "", o->by == BY_CPU ? "CPU " : "",
		 tell.abi ? "ABI " : "", tell.nr ? "NR " : "", tell.state ? "STATE " : "");
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
	matrix_columns(&t, "cpu", &s->counts);
	defaults = matrix_defaults(&t, true);
	columns_choose(&t, NULL, defaults);
	table_print(out, &t);
	free(defaults);
	matrix_free(&t);
	free(rows);
}

static void print_calls(struct output *out, const struct options *o, const struct snapshot *s)
{
	size_t i, n = o->by == BY_CPU ? s->ngroups : 1;
	const struct group **groups = xcalloc(n, sizeof(*groups));
	char defaults[80];

	for (i = 0; i < n && o->by == BY_CPU; i++)
		groups[i] = &s->groups[i];
	default_columns(o, &s->counts, defaults);
	calls_print(out, o, s, groups, n, "calls", defaults);
	free(groups);
}

static void print_categories(struct output *out, const struct options *o, const struct snapshot *s)
{
	categories_print(out, o, s, time_wanted(o) ? "TIMESTAMP CATEGORY STATE CALLS SHARE" :
						     "CATEGORY STATE CALLS SHARE");
}

static void show(struct output *out, const struct options *o, const struct snapshot *s)
{
	if (s->kind == KIND_WATCH) {
		watch_print(out, o, s);
		return;
	}
	if (o->format == FORMAT_STRACE || o->given & OPTS_ERRORS || o->by > BY_CPU)
		errx(failure_status, "%s: a snapshot of kind '%s' holds no watch", o->input,
		     kind_words[s->kind]);
	lines_check_file(o, &s->counts);
	if (o->by == BY_CPU && !s->ngroups && s->counts.total)
		errx(failure_status, "%s: holds no counts by CPU", o->input ? o->input : "module");
	if (o->format == FORMAT_JSON) {
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

/* The counters of all know nobody, and nothing of returns. */
static void check_watch(const struct options *o)
{
	const char *what = NULL;

	if (o->format == FORMAT_STRACE)
		what = "format strace";
	else if (o->given & OPTS_ERRORS)
		what = o->given & OPT_ERRNO ? "errno" : "failed";
	if (!o->input && what)
		usage_error(o->command, "--%s is for watches: 'syscount run', 'syscount attach', "
			    "or --input", what);
	if (!o->input && o->by > BY_CPU)
		usage_error(o->command, "--by %s is for watches: 'syscount run', 'syscount "
			    "attach', or --input", by_words[o->by]);
}

int cmd_show(struct options *o)
{
	struct output *out;
	struct source *src;

	check_watch(o);
	lines_check(o);
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
