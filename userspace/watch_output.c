// SPDX-License-Identifier: GPL-2.0-or-later
/* What a watch counted: a title, what must be known of it, the tables. */
#include <err.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "lines.h"
#include "util.h"
#include "watch_output.h"

#define COMMAND_MOST	200	/* bytes of a command line in a title */

void watch_print_target(FILE *f, const struct snapshot *s)
{
	const struct watched *w = &s->watched;
	size_t i;

	if (w->command) {
		print_words(f, w->command, COMMAND_MOST);
	} else if (w->target == TARGET_PROCESS) {
		fputs(w->npids == 1 ? "process" : "processes", f);
		for (i = 0; i < w->npids; i++)
			fprintf(f, "%s %" PRId32, i ? "," : "", w->pids[i]);
	} else if (w->target == TARGET_CGROUP && w->cgroup) {
		fputs("cgroup ", f);
		print_safe(f, w->cgroup);
	} else if (w->target == TARGET_ALL) {
		fputs("everybody", f);
	} else {
		print_safe(f, s->host ? s->host : "?");
	}
}

static void print_end(FILE *f, const struct watched *w)
{
	const char *name = w->signal ? sigabbrev_np((int)w->signal) : NULL;

	if (!w->ended)
		return;
	if (name)
		fprintf(f, ", killed by SIG%s", name);
	else if (w->signal)
		fprintf(f, ", killed by signal %u", w->signal);
	else
		fprintf(f, ", exit %u", w->status);
}

static void print_title(struct output *out, const struct options *o, const struct snapshot *s)
{
	const struct counts *c = &s->counts;
	struct measures all = { 0 };

	if (o->given & OPT_TIMESTAMP && s->time) {
		print_safe(out->f, s->time);
		fputc(' ', out->f);
	}
	fputs("syscount: ", out->f);
	watch_print_target(out->f, s);
	title_calls(out->f, s);
	counts_measures(&all, c, NULL, true);
	if (lines_measured(c, MEASURE_ERRORS))
		fprintf(out->f, ", %" PRIu64 " error%s", all.n[MEASURE_ERRORS],
			plural(all.n[MEASURE_ERRORS]));
	print_end(out->f, &s->watched);
	fputc('\n', out->f);
	if (o->given & OPT_FAILED)
		fprintf(out->f, "syscount: only what failed is listed: the line above, SHARE and "
			"total are of all %scalls\n", s->nselections ? "of these " : "");
}

/* A line below the title; where there is none, a warning. */
static __printf(3, 4) void note(struct output *out, bool title, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (title) {
		fputs("syscount: ", out->f);
		vfprintf(out->f, fmt, args);
		fputc('\n', out->f);
	} else {
		vwarnx(fmt, args);
	}
	va_end(args);
}

/* Off by its own switch: its category is not. */
static bool switched_alone(const struct counts *c, const struct row *row)
{
	const struct category *category = row->category ? counts_category(c, row->category) : NULL;

	return row->state == STATE_OFF && row->name &&
	       (category ? category->state : c->unknown_state) != STATE_OFF;
}

/* The same call of another abi is. */
static bool named_before(const struct counts *c, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++) {
		if (switched_alone(c, &c->rows[j]) && !strcmp(c->rows[j].name, c->rows[i].name))
			return true;
	}
	return false;
}

/* The usual abi comes first and is not named: another one is off by itself. */
static char *add_call(char *names, const struct row *row)
{
	bool usual = !strcmp(row->abi, "64");
	char *name = xasprintf("%s%s%s", row->name, usual ? "" : "@", usual ? "" : row->abi);

	names = list_add(names, ", ", name);
	free(name);
	return names;
}

/* Names of what is switched off, NULL: nothing is. */
static char *switched_off(const struct counts *c)
{
	char *names = NULL;
	size_t i;

	for (i = 0; i < c->ncategories; i++) {
		if (c->categories[i].state == STATE_OFF)
			names = list_add(names, ", ", c->categories[i].name);
	}
	if (!c->no_unknown && c->unknown_state == STATE_OFF)
		names = list_add(names, ", ", "unknown");
	for (i = 0; i < c->nrows; i++) {
		if (switched_alone(c, &c->rows[i]) && !named_before(c, i))
			names = add_call(names, &c->rows[i]);
	}
	return names;
}

static void print_notes(struct output *out, const struct options *o, bool title,
			const struct snapshot *s)
{
	const struct watched *w = &s->watched;
	char *off = switched_off(&s->counts);

	if (s->lost || w->lost_threads)
		note(out, title, "the counts are too low: memory was short for %" PRIu64 " call%s, "
		     "return%s or detail%s, and for all that %" PRIu64 " thread%s did", s->lost,
		     plural(s->lost), plural(s->lost), plural(s->lost), w->lost_threads,
		     plural(w->lost_threads));
	if (w->left)
		note(out, title, "%" PRIu64 " thread%s started a program that runs with more "
		     "rights than you have (set-user-ID, capabilities), or that you may not read: "
		     "from then on it and its children are not counted; with CAP_PERFMON (root) "
		     "they are", w->left, plural(w->left));
	if (off)
		note(out, title, "off, so not counted: %s", off);
	if (w->ended && w->threads)
		note(out, title, "%" PRIu64 " thread%s outlived the command: what %s from now on "
		     "is not counted%s", w->threads, plural(w->threads),
		     w->threads == 1 ? "it does" : "they do",
		     o->by > BY_CPU ? "" : "; --by process -U +THREADS tells whose");
	free(off);
}

static bool any_off(const struct counts *c)
{
	size_t i;

	for (i = 0; i < c->ncategories; i++) {
		if (c->categories[i].state == STATE_OFF || c->categories[i].state == STATE_PARTIAL)
			return true;
	}
	return c->unknown_state == STATE_OFF;
}

static const char *group_columns(enum by by)
{
	switch (by) {
	case BY_PROCESS:
		return "PID COMMAND ";
	case BY_THREAD:
		return "PID TID COMMAND ";
	case BY_CGROUP:
		return "CGROUP ";
	case BY_COMMAND:
		return "COMMAND ";
	default:
		return "";
	}
}

/* In a table the title says it. */
static bool time_wanted(const struct options *o)
{
	return o->format != FORMAT_TABLE && (o->given & OPT_TIMESTAMP || o->interval_ns);
}

/* Programs get what was measured, people that of it which tells something. */
static char *call_columns(const struct options *o, const struct counts *c)
{
	struct telling tell = calls_telling(o, c);
	/* How long those took that failed so, nobody has measured. */
	bool times = lines_measured(c, MEASURE_TOTAL_NS) &&
		     !(o->given & OPT_ERRNO && o->format == FORMAT_TABLE);

	return xasprintf("%s%s%s%sSYSCALL CATEGORY %s%sCALLS SHARE%s%s%s",
			 time_wanted(o) ? "TIMESTAMP " : "",
			 group_columns(o->by), tell.abi ? "ABI " : "", tell.nr ? "NR " : "",
			 tell.object ? "OBJECT " : "", tell.state ? "STATE " : "",
			 lines_measured(c, MEASURE_ERRORS) ? " ERRORS" : "",
			 o->given & OPT_ERRNO ? " ERRNO" : "",
			 times ? " TOTAL AVG P50 P99 MAX" : "");
}

static void print_categories(struct output *out, const struct options *o, const struct snapshot *s)
{
	bool machine = o->format != FORMAT_TABLE;
	char *defaults;

	defaults = xasprintf("%sCATEGORY %sCALLS SHARE%s%s",
			     machine && o->interval_ns ? "TIMESTAMP " : "",
			     machine || any_off(&s->counts) ? "STATE " : "",
			     lines_measured(&s->counts, MEASURE_ERRORS) ? " ERRORS" : "",
			     lines_measured(&s->counts, MEASURE_TOTAL_NS) ? " TOTAL" : "");
	categories_print(out, o, s, defaults);
	free(defaults);
}

/* What the tables are sorted by unless --sort says it: what was asked for. */
static const char *usual_order(const struct options *o, const struct counts *c)
{
	if (o->given & OPT_FAILED)
		return "errors";
	/* How long those took that failed so, nobody has measured. */
	if (lines_measured(c, MEASURE_TOTAL_NS) && !(o->given & OPT_ERRNO))
		return "total_ns";
	return "calls";
}

/* A group has none of the columns of single calls. */
static bool sorts_groups(const char *key)
{
	size_t i = columns_find(line_columns, nline_columns, key);

	return !(line_columns[i].flags & COLUMN_CALL);
}

/*
 * --columns, of the two tables that there are: columns of groups and those of calls are for one of
 * them each. NULL: it names none of this one's @own. To free.
 */
static char *columns_for(const struct options *o, unsigned int own, unsigned int others)
{
	bool adds = *o->columns == '+', any = adds;
	const char *list = o->columns + adds;
	char *mine = NULL, *all = NULL;
	size_t n;

	for (; list; list = list[n] ? list + n + 1 : NULL) {
		char *name;
		unsigned int flags;

		n = strcspn(list, ",");
		name = xasprintf("%.*s", (int)n, list);
		flags = line_columns[columns_find(line_columns, nline_columns, name)].flags;
		any = any || flags & own;
		/* Who it is of is in both. */
		if (!(flags & others) || flags & COLUMN_WHO)
			mine = list_add(mine, ",", name);
		free(name);
	}
	if (any && mine)
		all = xasprintf("%s%s", adds ? "+" : "", mine);
	free(mine);
	return all;
}

static void print_group_table(struct output *out, const struct options *o, struct table *t,
			      const char *defaults)
{
	struct options mine = *o;
	char *list;

	if (o->given & OPT_GROUPS) {
		columns_choose(t, o, defaults);
		t->none = none_text(o);
		t->no_heading = o->format != FORMAT_TABLE && out->begun;
		table_print(out, t);
		return;
	}
	/* Without a group the table of calls says so. */
	if (o->format != FORMAT_TABLE || !t->nrows)
		return;
	list = o->given & OPT_COLUMNS ? columns_for(o, COLUMN_GROUP, COLUMN_CALL) : NULL;
	mine.columns = list;
	columns_choose(t, list ? &mine : NULL, defaults);
	free(list);
	table_print(out, t);
	fputc('\n', out->f);
}

/* The groups, busiest first, into @chosen; as a table, too, where there is room. */
static size_t print_groups(struct output *out, const struct options *o, const struct snapshot *s,
			   const struct group **chosen)
{
	struct table t = { .columns = line_columns, .ncolumns = nline_columns };
	struct options order = *o;
	struct line *lines;
	char *defaults;
	size_t i, n;

	lines = group_lines(s, &n);
	if (o->given & OPT_FAILED)
		n = lines_failed(lines, n);
	table_of_lines(&t, lines, n);
	if (o->sort && !sorts_groups(o->sort)) {
		order.sort = NULL;
		order.ascending = false;
	}
	table_sort(&t, &order, usual_order(o, &s->counts));
	table_top(&t, o);
	for (i = 0; i < t.nrows; i++)
		chosen[i] = ((const struct line *)t.rows[i])->group;
	defaults = xasprintf("%s%sCALLS SHARE%s%s TOP%s", time_wanted(o) ? "TIMESTAMP " : "",
			     group_columns(o->by),
			     lines_measured(&s->counts, MEASURE_ERRORS) ? " ERRORS" : "",
			     lines_measured(&s->counts, MEASURE_TOTAL_NS) ? " TOTAL" : "",
			     o->by == BY_PROCESS || o->by == BY_THREAD ? " CGROUP" : "");
	print_group_table(out, o, &t, defaults);
	n = t.nrows;
	table_free(&t);
	free(defaults);
	free(lines);
	return n;
}

static void print_calls(struct output *out, const struct options *o, const struct snapshot *s)
{
	const struct group **groups = xcalloc(s->ngroups + 1, sizeof(*groups));
	char *defaults = call_columns(o, &s->counts), *list = NULL;
	struct options calls = *o;
	size_t n = 1;

	if (o->by > BY_CPU)
		n = print_groups(out, o, s, groups);
	if (o->by > BY_CPU && o->given & OPT_COLUMNS && o->format == FORMAT_TABLE) {
		list = columns_for(o, COLUMN_CALL, COLUMN_GROUP);
		calls.columns = list;
		calls.given &= list ? ~0U : ~OPT_COLUMNS;
	}
	if (!(o->given & OPT_GROUPS))
		calls_print(out, &calls, s, groups, n, usual_order(o, &s->counts), defaults);
	free(list);
	free(defaults);
	free(groups);
}

/* A file may hold less than what is asked for. */
static void check_contents(const struct options *o, const struct snapshot *s)
{
	const char *name = o->input ? o->input : "watch";
	const char *what = NULL;

	if (!s->counts.total)
		return;
	if (o->by >= BY_CPU && (!s->ngroups || s->groups[0].by != o->by))
		errx(failure_status, "%s: holds no counts by %s", name,
		     o->by == BY_CPU ? "CPU" : by_words[o->by]);
	if (o->given & OPTS_ERRORS && !lines_measured(&s->counts, MEASURE_ERRORS))
		what = "errors";
	if (o->format == FORMAT_STRACE && !lines_measured(&s->counts, MEASURE_TOTAL_NS))
		what = "times (--latency)";
	if (what)
		errx(failure_status, "%s: holds no %s", name, what);
	lines_check_file(o, &s->counts);
}

void watch_print(struct output *out, const struct options *o, const struct snapshot *s)
{
	bool table = o->format == FORMAT_TABLE, title = table && !out->noheadings;
	bool more = out->begun;

	if (o->format == FORMAT_JSON) {
		output_json(out, json_snapshot(s), false);
		return;
	}
	check_contents(o, s);
	if (table) {
		output_begin(out);
		if (more)
			fputc('\n', out->f);
	}
	if (title)
		print_title(out, o, s);
	print_notes(out, o, title, s);
	if (title)
		fputc('\n', out->f);
	if (o->format == FORMAT_STRACE) {
		strace_print(out, o, s);
		return;
	}
	if (o->by == BY_CATEGORY || (table && o->by == BY_DEFAULT))
		print_categories(out, o, s);
	if (table && o->by == BY_DEFAULT)
		fputc('\n', out->f);
	if (o->by != BY_CATEGORY)
		print_calls(out, o, s);
}
