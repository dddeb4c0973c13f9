// SPDX-License-Identifier: GPL-2.0-or-later
/* Which rows are on the screen, in which order, and which of them the cursor is on. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"
#include "util.h"

/* What the rows are of. */
static enum by rows_by(const struct top *t)
{
	return t->focused ? BY_SYSCALL : t->view;
}

struct options *top_order(struct top *t)
{
	return &t->orders[rows_by(t)];
}

static const char *usual_sort(const struct top *t)
{
	return t->o->given & OPT_FAILED && !top_calls_are_errors(t->o, rows_by(t)) ?
	       "errors" : "calls/s";
}

const char *top_sort_column(struct top *t)
{
	const struct options *order = top_order(t);
	size_t i = columns_find(line_columns, nline_columns,
				order->sort ? order->sort : usual_sort(t));

	return i < nline_columns ? line_columns[i].name : "";
}

/* A filter is of words and of numbers that are names, not of counts. */
static bool matches(const struct top *t, const void *row)
{
	size_t i;

	for (i = 0; i < t->table.nchosen; i++) {
		const struct column *column = &line_columns[t->table.chosen[i]];
		struct cell cell = { .text = "" };
		char text[CELL_SIZE];

		column->get(column, row, &cell);
		if ((cell.type == CELL_TEXT || cell.type == CELL_NUMBER) &&
		    strcasestr(cell_format(&cell, false, text), t->filter))
			return true;
	}
	return false;
}

static void filter(struct top *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->table.nrows && t->filter; i++) {
		if (matches(t, t->table.rows[i]))
			t->table.rows[n++] = t->table.rows[i];
	}
	if (t->filter)
		t->table.nrows = n;
}

/* It stays on its row, wherever that goes; without one, where it is. */
static void find_cursor(struct top *t)
{
	size_t i, n = t->table.nrows;

	for (i = 0; i < n && t->cursor_on; i++) {
		char *identity = top_identity(t->table.rows[i]);
		bool same = !strcmp(identity, t->cursor_on);

		free(identity);
		if (same) {
			t->cursor = i;
			break;
		}
	}
	if (t->cursor >= n)
		t->cursor = n ? n - 1 : 0;
}

static void find_scroll(struct top *t)
{
	size_t room = top_room();

	if (t->scroll > t->cursor)
		t->scroll = t->cursor;
	if (t->cursor >= t->scroll + room)
		t->scroll = room ? t->cursor - room + 1 : t->cursor;
	/* No empty room while there are rows above. */
	if (t->scroll + room > t->table.nrows)
		t->scroll = t->table.nrows > room ? t->table.nrows - room : 0;
}

void top_forget(struct top *t)
{
	table_free(&t->table);
	free(t->lines);
	t->lines = NULL;
	t->table.nrows = 0;
	t->nlines = 0;
}

void top_arrange(struct top *t)
{
	const struct snapshot *recent = live_recent(t->live), *all = live_all(t->live);
	enum by by = rows_by(t);
	char *defaults;

	top_forget(t);
	if (!recent)
		return;
	t->table = (struct table){ .columns = line_columns, .ncolumns = nline_columns };
	t->lines = top_lines(t->o, t->view, t->focused ? &t->focus : NULL, all, recent, &t->nlines);
	defaults = top_columns(t->o, by, all);
	columns_choose(&t->table, by == t->first_view ? t->o : NULL, defaults);
	free(defaults);
	table_of_lines(&t->table, t->lines, t->nlines);
	filter(t);
	table_sort(&t->table, top_order(t), usual_sort(t));
	table_top(&t->table, top_order(t));
	find_cursor(t);
	find_scroll(t);
}
