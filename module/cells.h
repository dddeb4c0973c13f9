/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a watch counts: a table for each thread, and one for each group of those that
 * ended. A table is a small hash of cells of one size, so that a thread has as many as
 * it makes different calls.
 */
#ifndef _SYSCOUNT_CELLS_H
#define _SYSCOUNT_CELLS_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/types.h>

/*
 * What a cell is for: which call, by its index in the counters (one of a slot is the
 * watch's own), the object, what is counted of it, and which part of that.
 */
#define CELL_INDEX(key)		((key) & 0xffff)
#define CELL_OBJECT(key)	((key) >> 16 & 0xf)
#define CELL_PART(key)		((key) >> 20 & 0xff)
#define CELL_KIND(key)		((key) >> 28)
/* Of the same call and object */
#define CELL_CALL(key)		((key) & 0xfffff)

enum cell_kind {
	CELL_CALLS,
	CELL_ERRNOS,	/* parts are filled in the order in which errors are met */
	CELL_TIMES,	/* each part has the next CELL_BUCKETS buckets */
	CELL_ODD,
	CELL_FLIGHT,	/* in readings only */
	CELL_KINDS
};

#define CELL_VALUES		6
/* So many are quick to find, which is worth more than the room. */
#define CELL_BUCKETS		4

/* Places in value[] of CELL_ODD and CELL_FLIGHT */
enum { ODD_REFUSED, ODD_RESTARTED };
enum { FLIGHT_THREADS, FLIGHT_OLDEST };

/* In value[] of CELL_ERRNOS: the number above, how often below. */
#define ERRNO_SHIFT		48

/*
 * While it is in a thread's table it is written by that thread alone, without a lock,
 * and can be read meanwhile.
 */
struct cell {
	struct cell *next;
	u32 key;
	u32 reserved;
	union {
		struct {
			u64 calls;
			u64 exits;
			u64 errors;
			u64 total_ns;
			u64 min_ns;
			u64 max_ns;
		};
		u64 value[CELL_VALUES];
	};
};

#define TABLE_HEADS		32

struct table {
	struct cell *heads[TABLE_HEADS];
};

/* What a chain ends with. Nobody looks for its key, so what is found first is compared at once. */
extern struct cell syscount_no_cell;

static __always_inline u32 cell_key(enum cell_kind kind, u32 call, unsigned int part)
{
	return (u32)kind << 28 | part << 20 | call;
}

/* Of the parts that the kinds have, those of a call are side by side. */
static __always_inline unsigned int cell_head(u32 key)
{
	return (key ^ CELL_PART(key)) % TABLE_HEADS;
}

static __always_inline struct cell *table_find(const struct table *table, u32 key)
{
	struct cell *cell = READ_ONCE(table->heads[cell_head(key)]);

	while (cell->key != key) {
		if (cell == &syscount_no_cell)
			return NULL;
		cell = cell->next;
	}
	return cell;
}

/* Errors that mean that the call is made again, or would be, after a signal: none to a user. */
static inline bool is_restart(unsigned int error)
{
	return error == ERESTARTSYS || error == ERESTARTNOINTR ||
	       error == ERESTARTNOHAND || error == ERESTART_RESTARTBLOCK;
}

/* Where the cells of a table come from, and go to. */
struct cell_source {
	struct cell *(*get)(struct cell_source *source);	/* NULL: there is none */
	void (*put)(struct cell_source *source, struct cell *cell);
};

void table_init(struct table *table);
struct cell *table_get(struct table *table, u32 key, struct cell_source *source);
bool table_add_errno(struct table *table, u32 call, unsigned int error, u64 count,
		     struct cell_source *source);
unsigned int table_merge(struct table *to, const struct table *from, struct cell_source *source);
void table_move(struct table *to, struct table *from, struct cell_source *source);
void table_drain(struct table *table, struct cell_source *source);

#endif
