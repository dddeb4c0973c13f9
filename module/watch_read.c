// SPDX-License-Identifier: GPL-2.0-only
/* Watches: reading one. */

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "counters.h"
#include "hook.h"
#include "switch.h"
#include "watch_internal.h"

/* What goes to the caller of one kind. */
struct out {
	void *items;
	size_t size;		/* of one */
	u32 room;		/* for so many */
	u32 count;		/* that there are */
	u32 capacity;		/* of the caller */
	void __user *to;
};

enum { OUT_GROUPS, OUT_ROWS, OUT_DETAILS, OUTS };

struct sorted {
	u64 order;
	const struct cell *cell;
};

struct reading {
	struct watch *watch;
	struct out out[OUTS];
	struct syscount_watch_read *args;
	int (*store)(struct syscount_watch_read *args);

	/* The sums of one group; cells that were used for another one. */
	struct table table;
	struct cell_source source;
	struct cell *spare;

	struct sorted calls[SYSCOUNT_INDEXES * SYSCOUNT_OBJECT_COUNT];
	u64 errnos[CELL_ERRNO_PARTS * CELL_VALUES];
};

static struct cell *get_spare(struct cell_source *source)
{
	struct reading *reading = container_of(source, struct reading, source);
	struct cell *cell = reading->spare;

	if (!cell)
		return scratch_cell_alloc();
	reading->spare = cell->next;
	return cell;
}

static void put_spare(struct cell_source *source, struct cell *cell)
{
	struct reading *reading = container_of(source, struct reading, source);

	cell->next = reading->spare;
	reading->spare = cell;
}

static void out_put(struct out *out, const void *item)
{
	if (out->count < out->room)
		memcpy(out->items + out->count * out->size, item, out->size);
	out->count++;
}

static void put_detail(struct reading *reading, u32 kind, u32 value, u64 count)
{
	struct syscount_watch_detail detail = {
		.kind = kind,
		.value = value,
		.count = count,
	};

	out_put(&reading->out[OUT_DETAILS], &detail);
}

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Returns how many there are. */
static u64 put_errnos(struct reading *reading, u32 call)
{
	unsigned int part, i, count = 0;
	u64 errors = 0;

	for (part = 0; part < CELL_ERRNO_PARTS; part++) {
		const struct cell *cell = table_find(&reading->table,
						     cell_key(CELL_ERRNOS, call, part));

		if (!cell)
			break;
		for (i = 0; i < CELL_VALUES && cell->value[i]; i++)
			reading->errnos[count++] = cell->value[i];
	}
	sort(reading->errnos, count, sizeof(u64), compare_u64, NULL);
	for (i = 0; i < count; i++) {
		u64 times = reading->errnos[i] & (BIT_ULL(ERRNO_SHIFT) - 1);

		put_detail(reading, SYSCOUNT_DETAIL_ERRNO, reading->errnos[i] >> ERRNO_SHIFT,
			   times);
		errors += times;
	}
	return errors;
}

static void put_times(struct reading *reading, u32 call)
{
	unsigned int part, i;

	for (part = 0; part <= 64 / CELL_BUCKETS; part++) {
		const struct cell *cell = table_find(&reading->table,
						     cell_key(CELL_TIMES, call, part));

		for (i = 0; cell && i < CELL_BUCKETS; i++)
			if (cell->value[i])
				put_detail(reading, SYSCOUNT_DETAIL_LATENCY,
					   part * CELL_BUCKETS + i, cell->value[i]);
	}
}

/* What a descriptor is decides, where that is known. */
static u8 category(unsigned int index, unsigned int object)
{
	switch (object) {
	case SYSCOUNT_OBJECT_FILE:
		return SYSCOUNT_CAT_FILE;
	case SYSCOUNT_OBJECT_DEVICE:
		return SYSCOUNT_CAT_DEVICE;
	case SYSCOUNT_OBJECT_CHANNEL:
		return SYSCOUNT_CAT_COMMUNICATION;
	}
	return syscount_call_category(index);
}

static void put_row(struct reading *reading, const struct cell *cell)
{
	u32 call = CELL_CALL(cell->key), index = CELL_INDEX(cell->key);
	const struct cell *odd = table_find(&reading->table, cell_key(CELL_ODD, call, 0));
	const struct cell *flight = table_find(&reading->table, cell_key(CELL_FLIGHT, call, 0));
	struct syscount_row key;
	struct syscount_watch_row row = {
		.object = CELL_OBJECT(cell->key),
		.category = category(index, CELL_OBJECT(cell->key)),
		.calls = cell->calls,
		.exits = cell->exits,
		.errors = cell->errors,
		.total_ns = cell->total_ns,
		.min_ns = cell->min_ns == U64_MAX ? 0 : cell->min_ns,
		.max_ns = cell->max_ns,
		.first_detail = reading->out[OUT_DETAILS].count,
	};

	syscount_index_row(index, reading->watch->slots, &key);
	row.nr = key.nr;
	row.abi = key.abi;
	row.state = key.state;
	row.flags = key.flags;
	if (odd) {
		row.refused = odd->value[ODD_REFUSED];
		row.restarted = odd->value[ODD_RESTARTED];
	}
	if (flight) {
		row.in_flight = flight->value[FLIGHT_THREADS];
		row.oldest_ns = flight->value[FLIGHT_OLDEST];
	}
	row.errors += put_errnos(reading, call);
	if (reading->watch->flags & SYSCOUNT_WATCH_LATENCY)
		put_times(reading, call);
	row.details = reading->out[OUT_DETAILS].count - row.first_detail;
	out_put(&reading->out[OUT_ROWS], &row);

	reading->args->total += row.calls;
	reading->args->categories[row.category].calls += row.calls;
}

/* By (abi, nr, object), '*' last in its abi. */
static u64 order_of(const struct reading *reading, u32 key)
{
	struct syscount_row row;
	u64 nr;

	syscount_index_row(CELL_INDEX(key), reading->watch->slots, &row);
	nr = row.flags & SYSCOUNT_ROW_OTHER ? BIT_ULL(32) : (u32)row.nr ^ BIT(31);
	return (u64)row.abi << 48 | nr << 8 | CELL_OBJECT(key);
}

static void put_rows(struct reading *reading)
{
	unsigned int i, count = 0;
	const struct cell *cell;

	for (i = 0; i < TABLE_HEADS; i++) {
		for (cell = reading->table.heads[i]; cell != &syscount_no_cell; cell = cell->next) {
			if (CELL_KIND(cell->key) != CELL_CALLS)
				continue;
			reading->calls[count].order = order_of(reading, cell->key);
			reading->calls[count++].cell = cell;
		}
	}
	sort(reading->calls, count, sizeof(reading->calls[0]), compare_u64, NULL);
	for (i = 0; i < count; i++) {
		put_row(reading, reading->calls[i].cell);
		cond_resched();
	}
}

/* The call that a thread is in. Its cell stays while there is a reading. */
static int add_flight(struct reading *reading, const struct member *member, u64 clock)
{
	/* Before the time that was stored before it. */
	const struct cell *flying = smp_load_acquire(&member->flying);
	u64 ns = clock - READ_ONCE(member->entered);
	struct cell *cell;

	/* One that is let go by another task can be entering a call at that moment. */
	if (!watch_sees_exits(reading->watch) || !is_counted(flying) || !READ_ONCE(member->watched))
		return 0;
	smp_rmb();	/* if it is still in it, the time is of this one */
	if (READ_ONCE(member->flying) != flying)
		return 0;
	cell = table_get(&reading->table, cell_key(CELL_FLIGHT, CELL_CALL(flying->key), 0),
			 &reading->source);
	if (!cell)
		return -ENOMEM;
	cell->value[FLIGHT_THREADS]++;
	if (reading->watch->flags & SYSCOUNT_WATCH_LATENCY && (s64)ns > 0)
		cell->value[FLIGHT_OLDEST] = max(cell->value[FLIGHT_OLDEST], watch_ns(ns));
	return 0;
}

/* A row for each call that is off by its own switch, so that who may not look there knows. */
static int add_switched_off(struct reading *reading)
{
	unsigned int index;

	for (index = 0; index < SYSCOUNT_CALLS; index++)
		if (syscount_index_switched_off(index) &&
		    !table_get(&reading->table, cell_key(CELL_CALLS, index, 0), &reading->source))
			return -ENOMEM;
	return 0;
}

static int sum_group(struct reading *reading, const struct group *group)
{
	const struct member *member;
	u64 clock = watch_clock();

	table_drain(&reading->table, UINT_MAX, &reading->source);
	if (table_merge(&reading->table, &group->table, &reading->source))
		return -ENOMEM;
	list_for_each_entry_rcu(member, &group->members, of_group, true) {
		/* First, so that its call is among those counted, if it is to be shown. */
		if (add_flight(reading, member, clock) ||
		    table_merge(&reading->table, &member->table, &reading->source))
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

static void describe(struct watch *watch, struct group *group, struct syscount_watch_group *to)
{
	raw_spin_lock_irq(&watch->lock);
	watch_group_rename(watch, group);
	group->returned = list_empty(&group->members);
	*to = (struct syscount_watch_group) {
		.flags = group->threads ? 0 : SYSCOUNT_GROUP_ENDED,
		.threads = group->threads,
		.pid = group->pid,
		.tid = group->tid,
		.start_ns = group->start_ns,
		.cgroup = group->cgroup,
	};
	memcpy(to->command, group->command, sizeof(to->command));
	raw_spin_unlock_irq(&watch->lock);
}

static int read_group(struct reading *reading, struct group *group)
{
	struct syscount_watch_group item;
	int err;

	describe(reading->watch, group, &item);
	item.first_row = reading->out[OUT_ROWS].count;
	err = sum_group(reading, group);
	if (!err && !reading->out[OUT_GROUPS].count)
		err = add_switched_off(reading);
	if (err)
		return err;
	put_rows(reading);
	item.rows = reading->out[OUT_ROWS].count - item.first_row;
	out_put(&reading->out[OUT_GROUPS], &item);
	return 0;
}

static void begin(struct reading *reading)
{
	struct syscount_watch_read *args = reading->args;
	unsigned int i;

	for (i = 0; i < OUTS; i++)
		reading->out[i].count = 0;
	memset(args->categories, 0, sizeof(args->categories));
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		args->categories[i].state = syscount_category_state(i);
	args->total = 0;
	args->since_ns = reading->watch->since_ns;
	args->now_ns = ktime_get_boottime_ns();
	args->hook = syscount_hook_active();
	watch_hold_ended(reading->watch);
}

static void finish(struct reading *reading)
{
	struct syscount_watch_read *args = reading->args;
	struct watch *watch = reading->watch;

	raw_spin_lock_irq(&watch->lock);
	args->lost = watch->lost;
	args->lost_threads = watch->lost_threads;
	args->left = watch->left;
	args->threads = watch->threads;
	raw_spin_unlock_irq(&watch->lock);
	watch_fold_ended(watch);
}

/* Groups do not go while there is a reading, and members neither. */
static int read_groups(struct reading *reading)
{
	struct group *group;
	int err = 0;

	begin(reading);
	list_for_each_entry_rcu(group, &reading->watch->groups, list, true) {
		err = read_group(reading, group);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		if (err)
			break;
		cond_resched();
	}
	finish(reading);
	return err;
}

/* Room for what the caller has room for, but for no more than there is. */
static int make_room(struct out *out)
{
	u32 room = min(out->capacity, out->count + out->count / 4);

	if (room <= out->room)
		return 0;
	kvfree(out->items);
	out->room = 0;
	out->items = kvmalloc_array(room, out->size, WATCH_GFP);
	if (!out->items)
		return -ENOMEM;
	out->room = room;
	return 0;
}

static int read_with_room(struct reading *reading)
{
	bool enough;
	int i, err;

	do {
		err = read_groups(reading);
		if (err)
			return err;
		enough = true;
		for (i = 0; i < OUTS; i++) {
			struct out *out = &reading->out[i];

			if (out->room >= min(out->count, out->capacity))
				continue;
			enough = false;
			err = make_room(out);
			if (err)
				return err;
		}
	} while (!enough);
	return 0;
}

static int copy_out(const struct out *out)
{
	return copy_to_user(out->to, out->items, min(out->count, out->capacity) * out->size) ?
		-EFAULT : 0;
}

static bool all_fit(const struct reading *reading)
{
	unsigned int i;

	for (i = 0; i < OUTS; i++)
		if (reading->out[i].count > reading->out[i].capacity)
			return false;
	return true;
}

static int read_and_copy(struct reading *reading)
{
	struct syscount_watch_read *args = reading->args;
	unsigned int i;
	int err;

	err = read_with_room(reading);
	for (i = 0; i < OUTS && !err; i++)
		err = copy_out(&reading->out[i]);
	if (err)
		return err;
	args->group_count = reading->out[OUT_GROUPS].count;
	args->row_count = reading->out[OUT_ROWS].count;
	args->detail_count = reading->out[OUT_DETAILS].count;
	err = reading->store(args);
	if (!err && args->flags & SYSCOUNT_READ_FORGET && all_fit(reading))
		watch_forget(reading->watch);
	return err;
}

static struct reading *reading_alloc(struct watch *watch, struct syscount_watch_read *args,
				     int (*store)(struct syscount_watch_read *args))
{
	struct reading *reading = kvzalloc(sizeof(*reading), WATCH_GFP);

	if (!reading)
		return NULL;
	reading->watch = watch;
	reading->args = args;
	reading->store = store;
	reading->source.most = UINT_MAX;
	reading->source.patient = true;
	reading->source.get = get_spare;
	reading->source.put = put_spare;
	table_init(&reading->table);
	reading->out[OUT_GROUPS] = (struct out) {
		.size = sizeof(struct syscount_watch_group),
		.capacity = args->group_capacity,
		.to = u64_to_user_ptr(args->groups),
	};
	reading->out[OUT_ROWS] = (struct out) {
		.size = sizeof(struct syscount_watch_row),
		.capacity = args->row_capacity,
		.to = u64_to_user_ptr(args->rows),
	};
	reading->out[OUT_DETAILS] = (struct out) {
		.size = sizeof(struct syscount_watch_detail),
		.capacity = args->detail_capacity,
		.to = u64_to_user_ptr(args->details),
	};
	return reading;
}

static void reading_free(struct reading *reading)
{
	unsigned int i;

	table_drain(&reading->table, UINT_MAX, &reading->source);
	while (reading->spare) {
		struct cell *cell = reading->spare;

		reading->spare = cell->next;
		scratch_cell_free(cell);
	}
	for (i = 0; i < OUTS; i++)
		kvfree(reading->out[i].items);
	kvfree(reading);
}

/**
 * syscount_watch_read() - read a watch
 * @watch: nobody closes it meanwhile
 * @args: SYSCOUNT_IOC_READ_WATCH's; filled
 * @store: gives @args to the caller, or returns -EFAULT: then nothing is forgotten
 *
 * The reader's right to see it is the caller's to check.
 *
 * Return: 0; -EFAULT; -ENOMEM; -EINTR: the caller is being killed
 */
int syscount_watch_read(struct watch *watch, struct syscount_watch_read *args,
			int (*store)(struct syscount_watch_read *args))
{
	struct reading *reading;
	int err = -EINTR;

	reading = reading_alloc(watch, args, store);
	if (!reading)
		return -ENOMEM;
	if (!mutex_lock_killable(&watch->read_mutex)) {
		err = read_and_copy(reading);
		mutex_unlock(&watch->read_mutex);
	}
	reading_free(reading);
	return err;
}
