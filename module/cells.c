// SPDX-License-Identifier: GPL-2.0-only
/* Tables of cells: find or add one, add up two tables. */

#include <linux/kprobes.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "cells.h"

struct cell syscount_no_cell = { .key = U32_MAX };

void table_init(struct table *table)
{
	unsigned int i;

	for (i = 0; i < TABLE_HEADS; i++)
		table->heads[i] = &syscount_no_cell;
}

/**
 * table_get() - the cell of a key, a new one if it has none
 * @table: nobody else adds to it meanwhile
 * @key: of the cell
 * @source: of a new one
 *
 * Return: the cell; NULL: @source had none
 */
notrace struct cell *table_get(struct table *table, u32 key, struct cell_source *source)
{
	struct cell **head = &table->heads[cell_head(key)];
	struct cell *cell = table_find(table, key);

	if (likely(cell))
		return cell;
	cell = source->get(source);
	if (!cell)
		return NULL;
	memset(cell, 0, sizeof(*cell));
	cell->key = key;
	if (CELL_KIND(key) == CELL_CALLS)
		cell->min_ns = U64_MAX;
	cell->next = *head;
	smp_store_release(head, cell);	/* a reader finds it whole */
	return cell;
}
NOKPROBE_SYMBOL(table_get);

static notrace bool merge_errno(struct table *to, u32 call, unsigned int error, u64 count,
				struct cell_source *source)
{
	unsigned int part;

	for (part = 0; part <= CELL_LAST_PART; part++) {
		struct cell *cell = table_get(to, cell_key(CELL_ERRNOS, call, part), source);

		if (!cell)
			return false;
		if (cell_add_errno(cell, error, count))
			return true;
	}
	return false;
}
NOKPROBE_SYMBOL(merge_errno);

static notrace bool merge_errnos(struct table *to, const struct cell *from,
				 struct cell_source *source)
{
	unsigned int i;

	for (i = 0; i < CELL_VALUES; i++) {
		u64 value = READ_ONCE(from->value[i]);

		if (value && !merge_errno(to, CELL_CALL(from->key), value >> ERRNO_SHIFT,
					  value & (BIT_ULL(ERRNO_SHIFT) - 1), source))
			return false;
	}
	return true;
}
NOKPROBE_SYMBOL(merge_errnos);

static notrace bool merge_cell(struct table *to, const struct cell *from,
			       struct cell_source *source)
{
	struct cell *cell;
	unsigned int i;

	if (CELL_KIND(from->key) == CELL_ERRNOS)
		return merge_errnos(to, from, source);
	cell = table_get(to, from->key, source);
	if (!cell)
		return false;
	if (CELL_KIND(from->key) != CELL_CALLS) {
		for (i = 0; i < CELL_VALUES; i++)
			cell->value[i] += READ_ONCE(from->value[i]);
		return true;
	}
	/* As they are written in this order, no reading has more exits than calls. */
	cell->errors += READ_ONCE(from->errors);
	cell->exits += READ_ONCE(from->exits);
	cell->calls += READ_ONCE(from->calls);
	cell->total_ns += READ_ONCE(from->total_ns);
	cell->min_ns = min(cell->min_ns, READ_ONCE(from->min_ns));
	cell->max_ns = max(cell->max_ns, READ_ONCE(from->max_ns));
	return true;
}
NOKPROBE_SYMBOL(merge_cell);

static notrace unsigned int merge_cells(struct table *to, const struct table *from, bool calls,
					struct cell_source *source)
{
	unsigned int i, failed = 0;

	for (i = 0; i < TABLE_HEADS; i++) {
		/* A cell that its thread adds meanwhile is seen whole. */
		const struct cell *cell = smp_load_acquire(&from->heads[i]);

		for (; cell != &syscount_no_cell; cell = cell->next)
			if ((CELL_KIND(cell->key) == CELL_CALLS) == calls)
				failed += !merge_cell(to, cell, source);
	}
	return failed;
}
NOKPROBE_SYMBOL(merge_cells);

/**
 * table_merge() - add what a table has to another one
 * @to: nobody else adds to it meanwhile
 * @from: stays as it is, and may be written meanwhile
 * @source: of new cells
 *
 * Return: how many cells of @from could not be added
 */
notrace unsigned int table_merge(struct table *to, const struct table *from,
				 struct cell_source *source)
{
	unsigned int failed;

	failed = merge_cells(to, from, false, source);
	smp_rmb();	/* calls are counted before their errors: no sum has these alone */
	return failed + merge_cells(to, from, true, source);
}
NOKPROBE_SYMBOL(table_merge);

static notrace void move_cell(struct table *to, struct cell *from, struct cell_source *source)
{
	struct cell **head = &to->heads[cell_head(from->key)];
	struct cell copy;

	if (!table_find(to, from->key)) {
		from->next = *head;
		/* As table_get() does. */
		smp_store_release(head, from);
		return;
	}
	/* Given back first: should one more cell be needed, here it is. */
	copy = *from;
	source->put(source, from);
	merge_cell(to, &copy, source);
}
NOKPROBE_SYMBOL(move_cell);

/**
 * table_move() - the same as table_merge(), after which @from is empty
 * @to: nobody else adds to it meanwhile
 * @from: nobody else uses it any more
 * @source: of cells that are not needed any more. Nobody else takes one meanwhile.
 */
notrace void table_move(struct table *to, struct table *from, struct cell_source *source)
{
	unsigned int i;

	for (i = 0; i < TABLE_HEADS; i++) {
		while (from->heads[i] != &syscount_no_cell) {
			struct cell *cell = from->heads[i];

			from->heads[i] = cell->next;
			move_cell(to, cell, source);
		}
	}
}
NOKPROBE_SYMBOL(table_move);

/* Give all cells of a table back. */
notrace void table_drain(struct table *table, struct cell_source *source)
{
	unsigned int i;

	for (i = 0; i < TABLE_HEADS; i++) {
		while (table->heads[i] != &syscount_no_cell) {
			struct cell *cell = table->heads[i];

			table->heads[i] = cell->next;
			source->put(source, cell);
		}
	}
}
NOKPROBE_SYMBOL(table_drain);
