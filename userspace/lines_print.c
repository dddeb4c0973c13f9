// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of counts: by category, by call. */
#include <inttypes.h>
#include <stdlib.h>

#include "lines.h"
#include "util.h"

static void print_list(FILE *f, const char *option, char *const *words)
{
	char *list = NULL;
	size_t i;

	for (i = 0; words && words[i]; i++)
		list = list_add(list, ",", words[i]);
	if (list) {
		fputs(option, f);
		print_quoted(f, list);
	}
	free(list);
}

void title_calls(FILE *f, const struct snapshot *s)
{
	uint64_t calls = s->counts.total;
	size_t i;

	fprintf(f, ": %" PRIu64 " call%s", calls, plural(calls));
	for (i = 0; i < s->nselections; i++) {
		const struct selection *chosen = &s->selections[i];

		fputs(i ? ", of these" : " of", f);
		print_list(f, " -c ", chosen->categories);
		print_list(f, " -e ", chosen->syscalls);
	}
	if (s->timed && s->duration_ns) {
		double seconds = (double)s->duration_ns / NSEC_PER_SEC;
		char rate[32];

		fprintf(f, " in %.3f s (%s/s)", seconds,
			rate_text((double)calls / seconds, rate, sizeof(rate)));
	}
}

const char *none_text(const struct options *o)
{
	return o->given & OPT_FAILED ? "no call failed" : "no calls";
}

void categories_print(struct output *out, const struct options *o, const struct snapshot *s,
		      const char *defaults)
{
	struct table t = { .columns = line_columns, .ncolumns = nline_columns };
	bool only = o->by == BY_CATEGORY, machine = o->format != FORMAT_TABLE;
	struct line *lines;
	size_t n;

	lines = category_lines(s, &n, !machine);
	if (o->given & OPT_FAILED) {
		/* The total stays, and is that of all. */
		size_t kept = lines_failed(lines, machine ? n : n - 1);

		if (!machine)
			lines[kept++] = lines[n - 1];
		n = kept;
	}
	columns_choose(&t, only ? o : NULL, defaults);
	table_of_lines(&t, lines, n);
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

/* Of one group, or of all when there is none; appended to @all. */
static void add_calls(struct table *all, const struct options *o, struct line *lines, size_t n,
		      const char *key)
{
	struct table t = { .columns = line_columns, .ncolumns = nline_columns };
	size_t i;

	table_of_lines(&t, lines, n);
	table_sort(&t, o, key);
	table_top(&t, o);
	all->rows = xreallocarray(all->rows, all->nrows + t.nrows, sizeof(*all->rows));
	for (i = 0; i < t.nrows; i++)
		all->rows[all->nrows++] = t.rows[i];
	all->left_out += t.left_out;
	table_free(&t);
}

/* The module sees them return before it is known whether they are made again. */
static void note_interrupted(struct output *out, const struct options *o, const struct snapshot *s)
{
	struct measures all = { .known = 0 };
	uint64_t calls;

	if (!(o->given & OPT_FAILED) || o->format != FORMAT_TABLE || out->noheadings)
		return;
	counts_measures(&all, &s->counts, NULL, true);
	calls = all.n[MEASURE_RESTARTED];
	if (calls)
		fprintf(out->f, "%" PRIu64 " call%s interrupted by a signal, made again or failed "
			"with EINTR: -U +RESTARTED\n", calls, plural(calls));
}

void calls_print(struct output *out, const struct options *o, const struct snapshot *s,
		 const struct group **groups, size_t ngroups, const char *key,
		 const char *defaults)
{
	struct table t = { .columns = line_columns, .ncolumns = nline_columns,
			   .none = none_text(o) };
	struct line **lines = xcalloc(ngroups, sizeof(*lines));
	size_t i, n;

	for (i = 0; i < ngroups; i++) {
		lines[i] = call_lines(o, s, groups[i], &n);
		add_calls(&t, o, lines[i], n, key);
	}
	columns_choose(&t, o, defaults);
	t.no_heading = o->format != FORMAT_TABLE && out->begun;
	table_print(out, &t);
	table_free(&t);
	note_interrupted(out, o, s);
	for (i = 0; i < ngroups; i++)
		free(lines[i]);
	free(lines);
}
