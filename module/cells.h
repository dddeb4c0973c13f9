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
#include <linux/log2.h>
#include <linux/types.h>

/*
 * What a cell is for: which call, by its index in the counters (one of a slot is the
 * watch's own), the object, what is counted of it, and which part of that.
 */
#define CELL_INDEX(key)		((key) & 0xffff)
#define CELL_OBJECT(key)	((key) >> 16 & 0xf)
#define CELL_KIND(key)		((key) >> 28)
/* Of the same call and object */
#define CELL_CALL(key)		((key) & 0xfffff)
/* Of CELL_ERRNOS: room for all errors that Linux has (include/uapi/asm-generic/errno.h) */
#define CELL_ERRNO_PARTS	24

enum cell_kind {
	CELL_CALLS,
	CELL_ERRNOS,	/* errors by number; parts are filled in the order in which those are met */
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
			u64 errors;	/* that are in no cell of CELL_ERRNOS: no room */
			u64 total_ns;
			u64 min_ns;
			u64 max_ns;
		};
		u64 value[CELL_VALUES];
	};
};

#define TABLE_HEADS		32
/*
 * What it takes to add one of CELL_ERRNOS to a table, where adding any other is 1: each number is
 * looked for in all parts, which are in chains of their own.
 */
#define CELL_ERRNOS_WEIGHT	DIV_ROUND_UP(CELL_VALUES * CELL_ERRNO_PARTS, TABLE_HEADS)
/* In one table, as chains are walked with interrupts off. Who makes all calls has some thousand. */
#define TABLE_CELLS		8192

/*
 * The head of a key is the upper bits of this times the key. Of all odd numbers it is one
 * that puts the fewest of the calls that programs make most into one chain: of x86-64's
 * read, write, close, openat, futex, epoll_wait, mmap, recvfrom, sendto and twenty more.
 */
#define CELL_HASH		0xe7d31675u
#define CELL_HASH_SHIFT		(32 - ilog2(TABLE_HEADS))

struct table {
	struct cell *heads[TABLE_HEADS];
	unsigned int cells;
	unsigned int errnos;		/* of these, of CELL_ERRNOS */
};

/*
 * What a chain ends with; its next is NULL. Nobody looks for its key, so what is found first
 * is compared at once.
 */
extern struct cell syscount_no_cell;

static __always_inline u32 cell_key(enum cell_kind kind, u32 call, unsigned int part)
{
	return (u32)kind << 28 | part << 20 | call;
}

static __always_inline unsigned int cell_head(u32 key)
{
	return key * CELL_HASH >> CELL_HASH_SHIFT;
}

static __always_inline struct cell *table_find(const struct table *table, u32 key)
{
	struct cell *cell = READ_ONCE(table->heads[cell_head(key)]);

	while (unlikely(cell->key != key)) {
		if (cell == &syscount_no_cell)
			return NULL;
		cell = cell->next;
	}
	/* Saves whoever asks whether there was one two instructions. */
	if (!cell)
		__builtin_unreachable();
	return cell;
}

/* Errors that mean that the call is made again, or would be, after a signal: none to a user. */
static inline bool is_restart(unsigned int error)
{
	return error == ERESTARTSYS || error == ERESTARTNOINTR ||
	       error == ERESTARTNOHAND || error == ERESTART_RESTARTBLOCK;
}

/* false: it is full of other errors. */
static __always_inline bool cell_add_errno(struct cell *cell, unsigned int error, u64 count)
{
	unsigned int i;

	for (i = 0; i < CELL_VALUES; i++) {
		u64 old = cell->value[i];

		if (old && old >> ERRNO_SHIFT != error)
			continue;
		WRITE_ONCE(cell->value[i], (old ?: (u64)error << ERRNO_SHIFT) + count);
		return true;
	}
	return false;
}

/* Where the cells of a table come from, and go to. */
struct cell_source {
	unsigned int most;	/* in one table */
	bool patient;		/* not of probes: who takes from it can be made to wait */
	struct cell *(*get)(struct cell_source *source);	/* NULL: there is none */
	void (*put)(struct cell_source *source, struct cell *cell);
};

void table_init(struct table *table);
struct cell *table_get(struct table *table, u32 key, struct cell_source *source);
unsigned int table_merge(struct table *to, const struct table *from, struct cell_source *source);
bool table_move(struct table *to, struct table *from, unsigned int most, u64 *lost,
		struct cell_source *source);
bool table_drain(struct table *table, unsigned int most, struct cell_source *source);

#endif
