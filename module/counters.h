/* SPDX-License-Identifier: GPL-2.0-only */
/* The always-on counters: one array per CPU, and readings of them. */
#ifndef _SYSCOUNT_COUNTERS_H
#define _SYSCOUNT_COUNTERS_H

#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/types.h>

#include "hook.h"
#include "table.h"
#include "watch.h"

/* Only its CPU ever writes a counter; it wraps at 2^64. */
extern u64 __percpu *syscount_counters;

int syscount_counters_init(void);
void syscount_counters_exit(void);

unsigned int syscount_find_slot(u64 slots[SYSCOUNT_SLOTS], unsigned int abi, s32 nr);
void syscount_count_unknown(const u8 *weights, unsigned int abi, s32 nr);
void syscount_count_entered(const u8 *weights, s32 nr);

/*
 * Count one call, or none if @weights says 0 for it; @counters are syscount_counters,
 * which some have at hand. Safe in any context and preemptible: no migration
 * can come in between. Returns what was added.
 */
static __always_inline unsigned long syscount_add(u64 __percpu *counters, const u8 *weights,
						  unsigned int index)
{
	unsigned long weight = syscount_weight(weights, index);

	this_cpu_add(counters[index], weight);
	return weight;
}

/* The same, and for who watches the task. */
static __always_inline void syscount_count(const u8 *weights, unsigned int index)
{
	syscount_watch_check(index, syscount_add(syscount_counters, weights, index));
}

/**
 * syscount_count_other() - count a call that is not known to be in a table
 * @weights: as for syscount_count()
 * @abi: SYSCOUNT_ABI_*, which the compiler knows
 * @nr: as the kernel takes it, x32's without bit 30
 *
 * Called from probes: takes no lock, allocates nothing, may be preempted.
 */
static __always_inline void syscount_count_other(const u8 *weights, unsigned int abi, s32 nr)
{
	if (likely((u32)nr < syscount_abi_size(abi)))
		syscount_count(weights, syscount_abi_base(abi) + nr);
	else
		syscount_count_unknown(weights, abi, nr);
}

void syscount_index_row(unsigned int index, const u64 slots[SYSCOUNT_ABIS][SYSCOUNT_SLOTS],
			struct syscount_row *row);
u64 syscount_counters_loaded_ns(void);
u64 syscount_counters_since_ns(void);
void syscount_counters_reset(void);

/* syscount_snapshot_take() of all CPUs, less what was reset. */
#define SYSCOUNT_ALL_CPUS	(-1)

/*
 * One reading. Not atomic across CPUs, but all numbers in it fit: the sum of
 * calls[] is the sum of categories[] is total.
 */
struct syscount_snapshot {
	u64 since_ns;
	u64 now_ns;
	u64 total;
	u64 categories[SYSCOUNT_CAT_COUNT];
	u64 calls[SYSCOUNT_INDEXES];
	u64 slots[SYSCOUNT_ABIS][SYSCOUNT_SLOTS];	/* as counters.c has them */
	unsigned int rows;
	u16 order[SYSCOUNT_INDEXES];	/* rows in (abi, nr) order: their index */
};

struct syscount_snapshot *syscount_snapshot_alloc(void);
void syscount_snapshot_free(struct syscount_snapshot *snapshot);
void syscount_snapshot_take(struct syscount_snapshot *snapshot, int cpu, bool all);
void syscount_snapshot_row(const struct syscount_snapshot *snapshot, unsigned int row,
			   struct syscount_row *out);

#endif
