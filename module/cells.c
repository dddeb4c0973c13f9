// SPDX-License-Identifier: GPL-2.0-only
/* Tables of cells: find or add one, add up two tables. */

#include <linux/kprobes.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "cells.h"

struct cell syscount_no_cell = { .key = U32_MAX };

void table_init(struct table *table)
{
	unsigned int i;

	for (i = 0; i < TABLE_HEADS; i++)
		table->heads[i] = &syscount_no_cell;
	table->cells = 0;
	table->errnos = 0;
}

static notrace void table_add(struct table *table, struct cell *cell)
{
	struct cell **head = &table->heads[cell_head(cell->key)];

	cell->next = *head;
	table->cells++;
	table->errnos += CELL_KIND(cell->key) == CELL_ERRNOS;
	smp_store_release(head, cell);	/* a reader finds it whole */
}
NOKPROBE_SYMBOL(table_add);

/**
 * table_get() - the cell of a key, a new one if it has none
 * @table: nobody else adds to it meanwhile
 * @key: of the cell
 * @source: of a new one
 *
 * Return: the cell; NULL: @source had none, or the table has as many as it may have
 */
notrace struct cell *table_get(struct table *table, u32 key, struct cell_source *source)
{
	struct cell *cell = table_find(table, key);

	if (likely(cell))
		return cell;
	cell = table->cells < source->most ? source->get(source) : NULL;
	if (!cell)
		return NULL;
	memset(cell, 0, sizeof(*cell));
	cell->key = key;
	if (CELL_KIND(key) == CELL_CALLS)
		cell->min_ns = U64_MAX;
	table_add(table, cell);
	return cell;
}
NOKPROBE_SYMBOL(table_get);

static notrace bool merge_errno(struct table *to, u32 call, unsigned int error, u64 count,
				struct cell_source *source)
{
	struct cell *cell;
	unsigned int part;

	for (part = 0; part < CELL_ERRNO_PARTS; part++) {
		cell = table_get(to, cell_key(CELL_ERRNOS, call, part), source);
		if (!cell)
			return false;
		if (cell_add_errno(cell, error, count))
			return true;
	}
	/* As count_error() does where there is no room. */
	cell = table_get(to, cell_key(CELL_CALLS, call, 0), source);
	if (cell)
		cell->errors += count;
	return cell;
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
	/* As they are written in the other order, no reading has more exits than calls. */
	cell->errors += READ_ONCE(from->errors);
	smp_rmb();	/* in this order: see member_leave() */
	cell->exits += READ_ONCE(from->exits);
	smp_rmb();	/* the same */
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
		if (source->patient)
			cond_resched();
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

/* Returns how much was lost. */
static notrace u64 move_cell(struct table *to, struct cell *from, struct cell_source *source)
{
	u64 worth = CELL_KIND(from->key) == CELL_CALLS ? from->calls : 1;
	struct cell copy;

	if (!table_find(to, from->key) && to->cells < source->most) {
		table_add(to, from);
		return 0;
	}
	/* Given back first: should one more cell be needed, here it is. */
	copy = *from;
	source->put(source, from);
	return merge_cell(to, &copy, source) ? 0 : worth;
}
NOKPROBE_SYMBOL(move_cell);

/* Any one of a table that has some: those of @head, which is 0 at first, and then of the next. */
static notrace struct cell *table_take(struct table *table, unsigned int *head)
{
	struct cell *cell;

	while (table->heads[*head] == &syscount_no_cell)
		++*head;
	cell = table->heads[*head];
	table->heads[*head] = cell->next;
	table->cells--;
	table->errnos -= CELL_KIND(cell->key) == CELL_ERRNOS;
	return cell;
}
NOKPROBE_SYMBOL(table_take);

/**
 * table_move() - the same as table_merge(), with which @from becomes empty
 * @to: nobody else adds to it meanwhile
 * @from: nobody else uses it any more
 * @most: so many cells only
 * @lost: more, by the calls, and details, that there was no room for
 * @source: of cells that are not needed any more. Nobody else takes one meanwhile.
 *
 * Return: whether it is empty now
 */
notrace bool table_move(struct table *to, struct table *from, unsigned int most, u64 *lost,
			struct cell_source *source)
{
	unsigned int head = 0;

	while (from->cells && most--)
		*lost += move_cell(to, table_take(from, &head), source);
	return !from->cells;
}
NOKPROBE_SYMBOL(table_move);

/* Give so many cells of a table back, or all. Returns whether it is empty now. */
notrace bool table_drain(struct table *table, unsigned int most, struct cell_source *source)
{
	unsigned int head = 0;

	while (table->cells && most--)
		source->put(source, table_take(table, &head));
	return !table->cells;
}
NOKPROBE_SYMBOL(table_drain);
