// SPDX-License-Identifier: GPL-2.0-or-later
/* A table with a column for each category: one line per interval or per CPU. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "util.h"

/* Room for a million calls a second, so that the lines of stat stay aligned. */
#define NUMBER_WIDTH	9

static void get_time(const struct column *column, const void *row, struct cell *cell)
{
	(void)column;
	cell_text(cell, ((const struct matrix_row *)row)->time, "-");
}

static void get_cpu(const struct column *column, const void *row, struct cell *cell)
{
	(void)column;
	cell_count(cell, ((const struct matrix_row *)row)->cpu);
}

static void set_number(struct cell *cell, const struct matrix_row *row, uint64_t calls,
		       enum state state)
{
	if (state == STATE_OFF && !calls) {
		cell->type = CELL_NULL;
		cell->text = state_words[STATE_OFF];
		cell->color = "red";
		return;
	}
	if (row->duration_ns)
		cell_rate(cell, calls, row->duration_ns);
	else
		cell_count(cell, calls);
}

static void get_category(const struct column *column, const void *data, struct cell *cell)
{
	const struct matrix_row *row = data;
	const struct category *category = counts_category(row->counts, column->key);

	if (category)
		set_number(cell, row, category->calls, category->state);
	else
		cell_text(cell, NULL, "-");
}

static void get_unknown(const struct column *column, const void *data, struct cell *cell)
{
	const struct matrix_row *row = data;

	(void)column;
	set_number(cell, row, row->counts->unknown, row->counts->unknown_state);
}

static void get_total(const struct column *column, const void *data, struct cell *cell)
{
	const struct matrix_row *row = data;

	(void)column;
	set_number(cell, row, row->counts->total, STATE_NONE);
}

static void add(struct table *t, const char *key, unsigned int flags, size_t width,
		void (*get)(const struct column *column, const void *row, struct cell *cell))
{
	struct column *columns, *column;
	char *name = xstrdup(key), *c;

	for (c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	columns = xreallocarray((void *)t->columns, t->ncolumns + 1, sizeof(*columns));
	column = &columns[t->ncolumns++];
	memset(column, 0, sizeof(*column));
	column->name = name;
	column->key = xstrdup(key);
	column->flags = flags;
	column->get = get;
	/* The library takes it for the least width only if it is more than the name's. */
	if (width)
		column->width = strlen(key) < width ? width : strlen(key) + 1;
	t->columns = columns;
}

void matrix_columns(struct table *t, const char *first, const struct counts *c)
{
	size_t i;

	if (!strcmp(first, "cpu"))
		add(t, first, COLUMN_RIGHT, 0, get_cpu);
	else
		add(t, first, 0, 0, get_time);
	for (i = 0; i < c->ncategories; i++)
		add(t, c->categories[i].name, COLUMN_RIGHT, NUMBER_WIDTH, get_category);
	if (!c->no_unknown)
		add(t, "unknown", COLUMN_RIGHT, NUMBER_WIDTH, get_unknown);
	add(t, "total", COLUMN_RIGHT, NUMBER_WIDTH, get_total);
}

void matrix_free(struct table *t)
{
	size_t i;

	for (i = 0; i < t->ncolumns; i++) {
		free((char *)t->columns[i].name);
		free((char *)t->columns[i].key);
	}
	free((void *)t->columns);
	t->columns = NULL;
	t->ncolumns = 0;
	table_free(t);
}

char *matrix_defaults(const struct table *t, bool with_first)
{
	char *text = NULL;
	size_t i;

	for (i = with_first ? 0 : 1; i < t->ncolumns; i++)
		text = list_add(text, " ", t->columns[i].key);
	return text;
}
