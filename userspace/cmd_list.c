// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount list: the table of calls. */
#include <stdlib.h>

#include "json.h"
#include "output.h"
#include "source.h"
#include "util.h"

static void get_abi(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_abi(cell, data);
}

static void get_nr(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_nr(cell, data);
}

static void get_syscall(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_syscall(cell, data);
}

static void get_category(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_text(cell, ((const struct row *)data)->category, "-");
}

static void get_entry(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_text(cell, ((const struct row *)data)->entry, "-");
}

static void get_state(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_state(cell, ((const struct row *)data)->state);
}

static const struct column columns[] = {
	{ "ABI", "abi", "the table: 64, i386, x32", 0, 0, get_abi },
	{ "NR", "nr", "the call's number", COLUMN_RIGHT, 0, get_nr },
	{ "SYSCALL", "syscall", "the call's name", COLUMN_CUT, 0, get_syscall },
	{ "CATEGORY", "category", "its category; - when in none", COLUMN_CUT, 0, get_category },
	{ "ENTRY", "entry", "the kernel's function", COLUMN_CUT, 0, get_entry },
	{ "STATE", "state", "on, off or partial; needs the right to read the counters", 0, 0,
	  get_state },
};

#define DEFAULT_COLUMNS	"ABI NR SYSCALL CATEGORY ENTRY"
#define COLUMN_STATE	5

void list_help_columns(FILE *f, const struct command *command)
{
	(void)command;
	columns_help(f, columns, ARRAY_SIZE(columns));
}

/* Names are for anyone, states are not: read them only when asked for. */
static void fill_states(struct snapshot *s, struct device *d)
{
	struct snapshot *counters = device_read(d, true);
	size_t i;

	for (i = 0; i < s->counts.nrows; i++) {
		const struct row *row = counts_find(&counters->counts, &s->counts.rows[i]);

		if (row)
			s->counts.rows[i].state = row->state;
	}
	snapshot_free(counters);
}

static bool state_wanted(const struct options *o, const struct table *t)
{
	size_t i;

	for (i = 0; i < t->nchosen; i++) {
		if (t->chosen[i] == COLUMN_STATE)
			return true;
	}
	return o->sort && columns_find(columns, ARRAY_SIZE(columns), o->sort) == COLUMN_STATE;
}

static void print_list(struct output *out, const struct options *o, struct source *src,
		       struct snapshot *s)
{
	struct table t = { .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	size_t i;

	columns_choose(&t, o, DEFAULT_COLUMNS);
	if (source_device(src) && state_wanted(o, &t))
		fill_states(s, source_device(src));
	t.nrows = s->counts.nrows;
	t.rows = xcalloc(t.nrows, sizeof(*t.rows));
	for (i = 0; i < t.nrows; i++)
		t.rows[i] = &s->counts.rows[i];
	table_sort(&t, o, NULL);
	table_top(&t, o);
	table_print(out, &t);
	table_free(&t);
}

int cmd_list(struct options *o)
{
	struct output *out;
	struct source *src;
	struct snapshot *s;

	columns_check(o, columns, ARRAY_SIZE(columns));
	out = output_open(o);
	src = source_open(o);
	s = source_table(src);
	if (o->format == FORMAT_JSON)
		output_json(out, json_snapshot(s), false);
	else
		print_list(out, o, src, s);
	snapshot_free(s);
	source_close(src);
	return output_close(out);
}
