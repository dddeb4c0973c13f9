// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of strace -c, as its users know it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "util.h"
#include "watch_output.h"

#define RULE	"------ ----------- ----------- --------- --------- ----------------\n"

/* What a signal interrupted is an error to strace, be it made again or not. */
static void print_line(FILE *f, const struct measures *m, uint64_t calls, uint64_t all_ns)
{
	uint64_t ns = m->n[MEASURE_TOTAL_NS], exits = m->n[MEASURE_EXITS];
	uint64_t errors = m->n[MEASURE_ERRORS] + m->n[MEASURE_RESTARTED];

	fprintf(f, "%6.2f %11.6f %11" PRIu64 " %9" PRIu64 " ",
		all_ns ? 100.0 * (double)ns / (double)all_ns : 0.0, (double)ns / NSEC_PER_SEC,
		exits ? ns / exits / 1000 : 0, calls);
	if (errors)
		fprintf(f, "%9" PRIu64 " ", errors);
	else
		fprintf(f, "%9s ", "");
}

static void print_name(FILE *f, const struct row *row)
{
	if (row->name)
		print_safe(f, row->name);
	else if (row->other)
		fputs("syscall_*", f);
	else
		fprintf(f, "syscall_0x%" PRIx32, (uint32_t)row->nr);
	fputc('\n', f);
}

/* The calls of one abi, as strace has a table for each. */
static void print_abi(struct output *out, const struct table *t, const struct counts *c,
		      const char *abi)
{
	struct measures all = { 0 };
	uint64_t calls = 0;
	size_t i;

	/* Of those, too, that -x and -T leave out */
	for (i = 0; i < c->nrows; i++) {
		const struct row *row = &c->rows[i];

		if (strcmp(row->abi, abi) != 0)
			continue;
		measures_merge(&all, &row->measures);
		calls += row->calls;
	}
	if (!out->noheadings)
		fputs("% time     seconds  usecs/call     calls    errors syscall\n" RULE,
		      out->f);
	for (i = 0; i < t->nrows; i++) {
		const struct line *line = t->rows[i];

		if (strcmp(line->row->abi, abi) != 0)
			continue;
		print_line(out->f, &line->measures, line->calls, all.n[MEASURE_TOTAL_NS]);
		print_name(out->f, line->row);
	}
	if (out->noheadings)
		return;
	fputs(RULE, out->f);
	print_line(out->f, &all, calls, all.n[MEASURE_TOTAL_NS]);
	fputs("total\n", out->f);
}

void strace_print(struct output *out, const struct options *o, const struct snapshot *s)
{
	static const struct {
		const char *abi, *title;
	} abis[] = { { "64", NULL }, { "i386", "32 bit" }, { "x32", "x32" },
		    { "arm", "32 bit" } };
	struct table t = { .columns = line_columns, .ncolumns = nline_columns };
	struct line *lines;
	size_t i, j, n;

	lines = call_lines(o, s, NULL, &n);
	table_of_lines(&t, lines, n);
	table_sort(&t, o, "total_ns");
	table_top(&t, o);
	output_begin(out);
	for (i = 0; i < ARRAY_SIZE(abis); i++) {
		for (j = 0; j < t.nrows; j++) {
			if (!strcmp(((const struct line *)t.rows[j])->row->abi, abis[i].abi))
				break;
		}
		if (j == t.nrows && abis[i].title)
			continue;
		if (abis[i].title && !out->noheadings)
			fprintf(out->f, "System call usage summary for %s mode:\n", abis[i].title);
		print_abi(out, &t, &s->counts, abis[i].abi);
	}
	table_free(&t);
	free(lines);
}
