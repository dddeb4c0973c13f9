// SPDX-License-Identifier: GPL-2.0-only
/* The always-on counters: allocate, count the unknown, sum, reset. */

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/kprobes.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "arch.h"
#include "counters.h"
#include "switch.h"
#include "watch.h"

u64 __percpu *syscount_counters __ro_after_init;

/*
 * What the counters showed at the last reset, under reset_sem, as is reset_ns.
 * Readers hold it shared, so that no reading has rows from both sides of a reset.
 */
static u64 baseline[SYSCOUNT_INDEXES];
static DECLARE_RWSEM(reset_sem);
static u64 reset_ns;
static u64 loaded_ns __ro_after_init;

/*
 * The unknown numbers that have a row: SLOT_USED | (u32)nr, 0 while it is free. A
 * slot is claimed by the first call of a number and freed by a reset, since anybody
 * can fill them all. A call that is between its slot and its counter at the reset
 * is counted for whoever claims the slot next: at most one for each thread.
 */
#define SLOT_USED	BIT_ULL(32)
static u64 slots[SYSCOUNT_ABIS][SYSCOUNT_SLOTS];

int __init syscount_counters_init(void)
{
	BUILD_BUG_ON(SYSCOUNT_INDEXES * sizeof(u64) > SZ_16K);
	BUILD_BUG_ON(SYSCOUNT_INDEXES > U16_MAX);

	syscount_counters = __alloc_percpu(SYSCOUNT_INDEXES * sizeof(u64), sizeof(u64));
	if (!syscount_counters)
		return -ENOMEM;
	loaded_ns = ktime_get_boottime_ns();
	reset_ns = loaded_ns;
	return 0;
}

void syscount_counters_exit(void)
{
	free_percpu(syscount_counters);
}

/**
 * syscount_find_slot() - the index of an unknown number, which claims a slot if need be
 * @slots: of @abi; SLOT_USED | (u32)nr, or 0
 * @abi: SYSCOUNT_ABI_*
 * @nr: the number
 *
 * Return: an index of a slot, or of '*' if all are taken
 */
notrace unsigned int syscount_find_slot(u64 slots[SYSCOUNT_SLOTS], unsigned int abi, s32 nr)
{
	u64 key = SLOT_USED | (u32)nr;
	unsigned int i;

	for (i = 0; i < SYSCOUNT_SLOTS; i++) {
		u64 old = READ_ONCE(slots[i]);

		if (!old)
			old = cmpxchg64(&slots[i], 0, key);
		if (!old || old == key)
			break;
	}
	return syscount_slot_base(abi) + i;
}
NOKPROBE_SYMBOL(syscount_find_slot);

/* Of syscount_count_other(), for numbers outside the tables */
notrace void syscount_count_unknown(const u8 *weights, unsigned int abi, s32 nr)
{
	if (!syscount_weight(weights, syscount_slot_base(abi)))
		return;
	this_cpu_inc(syscount_counters[syscount_find_slot(slots[abi], abi, nr)]);
	if (unlikely(arch_cpu_read(syscount_watched)))
		syscount_watch_unknown(abi, nr, 1);
}
NOKPROBE_SYMBOL(syscount_count_unknown);

/**
 * syscount_count_entered() - count a call of the running task
 * @weights: as for syscount_count()
 * @nr: that it entered with; -1, ptrace's skip, is no call
 *
 * Called from probes, as syscount_count_other().
 */
notrace void syscount_count_entered(const u8 *weights, s32 nr)
{
	if (nr == -1)
		return;
	/* Each by constants */
	switch (arch_entered_abi(&nr)) {
	case SYSCOUNT_ABI_64:
		syscount_count_other(weights, SYSCOUNT_ABI_64, nr);
		break;
	case SYSCOUNT_ABI_I386:
		syscount_count_other(weights, SYSCOUNT_ABI_I386, nr);
		break;
	case SYSCOUNT_ABI_X32:
		syscount_count_other(weights, SYSCOUNT_ABI_X32, nr);
		break;
	case SYSCOUNT_ABI_ARM:
		syscount_count_other(weights, SYSCOUNT_ABI_ARM, nr);
		break;
	}
}
NOKPROBE_SYMBOL(syscount_count_entered);

/* CLOCK_BOOTTIME */
u64 syscount_counters_loaded_ns(void)
{
	return loaded_ns;
}

/* CLOCK_BOOTTIME of loading or of the last reset */
u64 syscount_counters_since_ns(void)
{
	return READ_ONCE(reset_ns);
}

static void add_cpu(u64 sums[SYSCOUNT_INDEXES], int cpu)
{
	const u64 *counters = per_cpu_ptr(syscount_counters, cpu);
	unsigned int index;

	for (index = 0; index < SYSCOUNT_INDEXES; index++)
		sums[index] += READ_ONCE(counters[index]);
	cond_resched();
}

static void add_all_cpus(u64 sums[SYSCOUNT_INDEXES])
{
	int cpu;

	/* Possible and not online: what a CPU counted stays when it goes. */
	for_each_possible_cpu(cpu)
		add_cpu(sums, cpu);
}

static void free_slots(void)
{
	unsigned int abi, i;

	for (abi = 0; abi < SYSCOUNT_ABIS; abi++)
		for (i = 0; i < SYSCOUNT_SLOTS; i++)
			WRITE_ONCE(slots[abi][i], 0);
}

/**
 * syscount_counters_reset() - all counters to zero, as readers see them
 *
 * No counter is written, so no call is lost: one that is made after this
 * returns is in no baseline.
 */
void syscount_counters_reset(void)
{
	down_write(&reset_sem);
	/* First, so that what their old numbers counted is all below the baseline. */
	free_slots();
	memset(baseline, 0, sizeof(baseline));
	add_all_cpus(baseline);
	WRITE_ONCE(reset_ns, ktime_get_boottime_ns());
	up_write(&reset_sem);
}

struct syscount_snapshot *syscount_snapshot_alloc(void)
{
	return kvmalloc(sizeof(struct syscount_snapshot), GFP_KERNEL_ACCOUNT);
}

void syscount_snapshot_free(struct syscount_snapshot *snapshot)
{
	kvfree(snapshot);
}

static int compare_slots(const void *a, const void *b)
{
	s32 x = (s32)*(const u64 *)a, y = (s32)*(const u64 *)b;

	return x < y ? -1 : x > y;
}

/*
 * Where the calls of slot @i are shown: in the first slot of this number. Two can
 * have it since a reset that frees slots while find_slot() looks at them.
 */
static unsigned int shown_in(const u64 *slot, unsigned int i)
{
	unsigned int first;

	if (!slot[i])
		return SYSCOUNT_SLOTS;
	for (first = 0; slot[first] != slot[i]; first++)
		;
	return first;
}

/*
 * After the counters, since a slot is claimed before it is counted in. What was
 * counted in a slot that is free by now goes to '*'; so does all that a single CPU
 * has counted in slots, as their numbers are those since the reset only.
 */
static void take_slots(struct syscount_snapshot *snapshot, bool one_cpu)
{
	unsigned int abi, i, to;

	for (abi = 0; abi < SYSCOUNT_ABIS; abi++) {
		u64 *calls = &snapshot->calls[syscount_slot_base(abi)];
		u64 *slot = snapshot->slots[abi];

		for (i = 0; i < SYSCOUNT_SLOTS; i++) {
			slot[i] = one_cpu ? 0 : READ_ONCE(slots[abi][i]);
			to = shown_in(slot, i);
			if (to != i) {
				calls[to] += calls[i];
				calls[i] = 0;
			}
		}
	}
}

static void add_row(struct syscount_snapshot *snapshot, unsigned int index, bool all)
{
	if (all || snapshot->calls[index])
		snapshot->order[snapshot->rows++] = index;
}

/* The slots of @abi in the order of their numbers, from @from below @below. */
static void add_slots(struct syscount_snapshot *snapshot, unsigned int abi, s64 from, s64 below)
{
	u64 sorted[SYSCOUNT_SLOTS];
	unsigned int i, used = 0;

	for (i = 0; i < SYSCOUNT_SLOTS; i++) {
		u64 slot = snapshot->slots[abi][i];

		if (slot && (s32)slot >= from && (s32)slot < below)
			/* The slot's place rides above the bits that are compared. */
			sorted[used++] = (u64)i << 32 | (u32)slot;
	}
	sort(sorted, used, sizeof(sorted[0]), compare_slots, NULL);
	for (i = 0; i < used; i++)
		add_row(snapshot, syscount_slot_base(abi) + (sorted[i] >> 32), false);
}

static void order_rows(struct syscount_snapshot *snapshot, bool all)
{
	unsigned int abi, i;

	for (abi = 0; abi < SYSCOUNT_ABIS; abi++) {
		unsigned int base = syscount_abi_base(abi), size = syscount_abi_size(abi);

		add_slots(snapshot, abi, S32_MIN, 0);
		for (i = base; i < base + size; i++)
			add_row(snapshot, i, all && syscount_call_name(i));
		add_slots(snapshot, abi, size, (s64)S32_MAX + 1);
		add_row(snapshot, syscount_slot_base(abi) + SYSCOUNT_SLOTS, false);
	}
}

/**
 * syscount_snapshot_take() - read the counters
 * @snapshot: is filled
 * @cpu: a possible CPU, whose counters are read as they are since loading, or
 *	SYSCOUNT_ALL_CPUS
 * @all: rows for named calls without a call too
 *
 * May sleep. The reader's right to see it is the caller's to check.
 */
void syscount_snapshot_take(struct syscount_snapshot *snapshot, int cpu, bool all)
{
	unsigned int index;

	memset(snapshot, 0, sizeof(*snapshot));

	down_read(&reset_sem);
	if (cpu == SYSCOUNT_ALL_CPUS) {
		add_all_cpus(snapshot->calls);
		for (index = 0; index < SYSCOUNT_INDEXES; index++)
			snapshot->calls[index] -= baseline[index];
	} else {
		add_cpu(snapshot->calls, cpu);
	}
	take_slots(snapshot, cpu != SYSCOUNT_ALL_CPUS);
	snapshot->since_ns = cpu == SYSCOUNT_ALL_CPUS ? reset_ns : loaded_ns;
	snapshot->now_ns = ktime_get_boottime_ns();
	up_read(&reset_sem);

	for (index = 0; index < SYSCOUNT_INDEXES; index++)
		if (snapshot->calls[index])
			snapshot->categories[syscount_call_category(index)] +=
				snapshot->calls[index];
	for (index = 0; index < SYSCOUNT_CAT_COUNT; index++)
		snapshot->total += snapshot->categories[index];
	order_rows(snapshot, all);
}

static unsigned int index_abi(unsigned int index)
{
	unsigned int abi = 0;

	if (index >= SYSCOUNT_CALLS)
		return (index - SYSCOUNT_CALLS) / (SYSCOUNT_SLOTS + 1);
	while (index - syscount_abi_base(abi) >= syscount_abi_size(abi))
		abi++;
	return abi;
}

/* All but the calls of the row of @index; @slots has the numbers of its abi's slots. */
void syscount_index_row(unsigned int index, const u64 slots[SYSCOUNT_ABIS][SYSCOUNT_SLOTS],
			struct syscount_row *row)
{
	unsigned int abi = index_abi(index), category = syscount_call_category(index);
	/* Looked at once, so that state and flag agree while it is switched. */
	bool switched_off = index < SYSCOUNT_CALLS && syscount_index_switched_off(index);

	*row = (struct syscount_row) {
		.abi = abi,
		.category = category,
		.state = switched_off || !syscount_category_on(category) ?
			 SYSCOUNT_OFF : SYSCOUNT_ON,
	};

	if (index < SYSCOUNT_CALLS) {
		row->nr = index - syscount_abi_base(abi);
		if (syscount_call_name(index))
			row->flags |= SYSCOUNT_ROW_NAMED;
		if (switched_off)
			row->flags |= SYSCOUNT_ROW_SWITCHED;
	} else if (index < syscount_slot_base(abi) + SYSCOUNT_SLOTS) {
		row->nr = (s32)READ_ONCE(slots[abi][index - syscount_slot_base(abi)]);
	} else {
		row->flags |= SYSCOUNT_ROW_OTHER;
	}
}

/* What the row says, @row below snapshot->rows. */
void syscount_snapshot_row(const struct syscount_snapshot *snapshot, unsigned int row,
			   struct syscount_row *out)
{
	unsigned int index = snapshot->order[row];

	syscount_index_row(index, snapshot->slots, out);
	out->calls = snapshot->calls[index];
}
