// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for probes, which cannot allocate: sched_process_fork and the like are not
 * allowed to sleep, and on PREEMPT_RT not to allocate at all. Each watch has a stock of each
 * kind of object, that a work item fills up when part of it is gone, as the opener's memory.
 */

#include <linux/cgroup.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "watch_internal.h"

static const struct {
	const char *name;
	size_t size;
	unsigned int first;		/* in stock at first */
	unsigned int most;		/* in all */
	unsigned int most_limited;	/* the same, of a user with limits */
	slab_flags_t slab_flags;
} kinds[POOLS] = {
	/* Who looks for another task's can stand on one that is given back to the slab. */
	[POOL_WATCHED] = { "syscount_watched", sizeof(struct syscount_watched), 64, 1 << 18,
			   1 << 16, SLAB_TYPESAFE_BY_RCU },
	[POOL_MEMBER] = { "syscount_member", sizeof(struct member), 64, 1 << 18, 1 << 16 },
	[POOL_GROUP] = { "syscount_group", sizeof(struct group), 64, 1 << 18, 1 << 14 },
	[POOL_CELL] = { "syscount_cell", sizeof(struct cell), 1024, 1 << 22, 1 << 20 },
};

/*
 * When so much of the stock is gone more is asked for; if so much is gone by the time that
 * it comes, the stock becomes larger.
 */
#define ASK_PART	4	/* a fourth */
#define GROW_PART	2	/* half */
#define STOCK_MOST	32	/* times what there is at first */
#define PORTION		256u	/* that probes have before the rest is there */
#define SURPLUS		2	/* times the stock, above which some is given back */
#define RETRY_MS	100	/* after there was no memory ... */
#define RETRY_LIMIT_MS	1000	/* ... or it might have no more */

static struct kmem_cache *caches[POOLS];

int watch_pools_init(void)
{
	unsigned int id;

	for (id = 0; id < POOLS; id++) {
		caches[id] = kmem_cache_create(kinds[id].name, kinds[id].size, 0,
					       SLAB_ACCOUNT | kinds[id].slab_flags, NULL);
		if (!caches[id]) {
			watch_pools_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

void watch_pools_exit(void)
{
	unsigned int id;

	for (id = 0; id < POOLS; id++)
		kmem_cache_destroy(caches[id]);
}

/* A group of its own is all that a watch without groups needs. */
static unsigned int stock(const struct watch *watch, enum pool_id id)
{
	return id == POOL_GROUP && watch->by == SYSCOUNT_BY_NONE ? 1 : kinds[id].first;
}

/* For a look at the pools, and at who ended. watch->lock is held. */
notrace void watch_pools_ask(struct watch *watch)
{
	if (watch->refill_asked || watch->closing)
		return;
	watch->refill_asked = true;
	irq_work_queue(&watch->refill_irq);
}
NOKPROBE_SYMBOL(watch_pools_ask);

/* An object, or NULL. watch->lock is held. */
notrace void *pool_get(struct watch *watch, enum pool_id id)
{
	struct pool *pool = &watch->pools[id];
	void *object = pool->free;

	if (pool->count <= pool->target - pool->target / ASK_PART && pool->target > 1)
		watch_pools_ask(watch);
	if (!object)
		return NULL;
	pool->free = *(void **)object;
	pool->count--;
	return object;
}
NOKPROBE_SYMBOL(pool_get);

/* watch->lock is held, or nobody else knows the watch. */
notrace void pool_put(struct watch *watch, enum pool_id id, void *object)
{
	struct pool *pool = &watch->pools[id];

	*(void **)object = pool->free;
	pool->free = object;
	pool->count++;
}
NOKPROBE_SYMBOL(pool_put);

/*
 * What several watches share is nobody's while it is in use: who began with it need not be
 * the one who has it at the end. pool_get() was called for it.
 */
notrace void pool_give_away(struct watch *watch, enum pool_id id)
{
	watch->pools[id].total--;
	watch_user_uncharge(watch->user, kinds[id].size);
}
NOKPROBE_SYMBOL(pool_give_away);

notrace void pool_put_other(struct watch *watch, enum pool_id id, void *object)
{
	struct pool *pool = &watch->pools[id];

	pool_put(watch, id, object);
	pool->total++;
	watch_user_charge_anyway(watch->user, kinds[id].size);
	if (pool->count > SURPLUS * pool->target)
		watch_pools_ask(watch);
}
NOKPROBE_SYMBOL(pool_put_other);

/* How many are missing. watch->lock is held. */
static unsigned int pool_wants(struct watch *watch, enum pool_id id)
{
	struct pool *pool = &watch->pools[id];

	if (pool->count >= pool->target)
		return 0;
	if (pool->count < pool->target - pool->target / GROW_PART)
		pool->target = max(pool->target,
				   min(2 * pool->target, STOCK_MOST * stock(watch, id)));
	return pool->target - pool->count;
}

static unsigned int pool_may(const struct watch *watch, enum pool_id id)
{
	unsigned int most = watch->user ? kinds[id].most_limited : kinds[id].most;
	unsigned int total = watch->pools[id].total;

	return total < most ? most - total : 0;
}

/* More than is ever needed, which came from other watches. */
static void drop_surplus(struct watch *watch, enum pool_id id)
{
	struct pool *pool = &watch->pools[id];
	unsigned long flags;
	void *object;

	do {
		object = NULL;
		raw_spin_lock_irqsave(&watch->lock, flags);
		if (pool->count > SURPLUS * pool->target) {
			object = pool->free;
			pool->free = *(void **)object;
			pool->count--;
			pool->total--;
			watch_user_uncharge(watch->user, kinds[id].size);
		}
		raw_spin_unlock_irqrestore(&watch->lock, flags);
		if (object)
			kmem_cache_free(caches[id], object);
		cond_resched();
	} while (object);
}

struct objects {
	void *first;
	void **last;			/* its first word is for what comes behind it */
	unsigned int count;
};

/* Returns 0; -ENOMEM; -EDQUOT: the user may have no more. */
static int alloc_objects(struct watch *watch, enum pool_id id, unsigned int want,
			 struct objects *got)
{
	*got = (struct objects) { };
	while (got->count < want) {
		void **object;

		if (!watch_user_charge(watch->user, kinds[id].size))
			return -EDQUOT;
		/* Without it calls are "lost" until the next try. */
		object = kmem_cache_alloc(caches[id], WATCH_GFP);
		if (!object) {
			watch_user_uncharge(watch->user, kinds[id].size);
			return -ENOMEM;
		}
		if (!got->count++)
			got->last = object;
		*object = got->first;
		got->first = object;
	}
	return 0;
}

/* Returns what alloc_objects() does; -EDQUOT: or the watch may have no more. */
static int fill_pool(struct watch *watch, enum pool_id id)
{
	struct pool *pool = &watch->pools[id];
	unsigned int want, may, left;
	struct objects got;
	unsigned long flags;
	int err = 0;

	drop_surplus(watch, id);
	raw_spin_lock_irqsave(&watch->lock, flags);
	want = pool_wants(watch, id);
	may = pool_may(watch, id);
	raw_spin_unlock_irqrestore(&watch->lock, flags);

	for (left = min(want, may); left && !err; left -= got.count) {
		err = alloc_objects(watch, id, min(left, PORTION), &got);
		if (!got.count)
			continue;
		raw_spin_lock_irqsave(&watch->lock, flags);
		*got.last = pool->free;
		pool->free = got.first;
		pool->count += got.count;
		pool->total += got.count;
		raw_spin_unlock_irqrestore(&watch->lock, flags);
	}
	return err ?: want > may ? -EDQUOT : 0;
}

/* All that can be filled, whichever cannot. */
static int fill_pools(struct watch *watch)
{
	unsigned int id;
	int err = 0;

	for (id = 0; id < POOLS; id++)
		err = fill_pool(watch, id) ?: err;
	return err;
}

/**
 * watch_pools_fill() - make room for probes
 * @watch: whose; in the context of the opener
 * @threads: that will join at once
 *
 * Return: 0; -ENOMEM: there is none, or the user may have no more
 */
int watch_pools_fill(struct watch *watch, unsigned int threads)
{
	unsigned int id;
	unsigned long flags;

	raw_spin_lock_irqsave(&watch->lock, flags);
	for (id = 0; id < POOLS; id++)
		watch->pools[id].target = max(watch->pools[id].target,
					      stock(watch, id) +
					      (stock(watch, id) > 1 ? threads : 0));
	raw_spin_unlock_irqrestore(&watch->lock, flags);
	return fill_pools(watch) ? -ENOMEM : 0;
}

static void refill(struct work_struct *work)
{
	struct watch *watch = container_of(to_delayed_work(work), struct watch, refill_work);
	struct mem_cgroup *old = set_active_memcg(watch->memcg);
	int err = fill_pools(watch);
	unsigned long flags;
	bool again;

	set_active_memcg(old);
	if (!list_empty(&watch->ended))
		watch_fold_late(watch);
	/* Without memory probes need not ask for it, and it is tried again after a while. */
	raw_spin_lock_irqsave(&watch->lock, flags);
	again = (err || !list_empty(&watch->ended)) && !watch->closing;
	watch->refill_asked = again;
	raw_spin_unlock_irqrestore(&watch->lock, flags);
	if (again)
		queue_delayed_work(syscount_refill_wq, &watch->refill_work,
				   msecs_to_jiffies(err == -EDQUOT ? RETRY_LIMIT_MS : RETRY_MS));
}

/* Probes can wake nobody up, since some run with a run queue locked. */
static void refill_soon(struct irq_work *work)
{
	struct watch *watch = container_of(work, struct watch, refill_irq);

	queue_delayed_work(syscount_refill_wq, &watch->refill_work, 0);
}

static struct cell *source_get(struct cell_source *source)
{
	return pool_get(container_of(source, struct watch, source), POOL_CELL);
}

static void source_put(struct cell_source *source, struct cell *cell)
{
	pool_put(container_of(source, struct watch, source), POOL_CELL, cell);
}

/* In the context of the opener. */
void watch_pools_setup(struct watch *watch)
{
	watch->memcg = get_mem_cgroup_from_mm(current->mm);
	watch->source.most = TABLE_CELLS;
	watch->source.get = source_get;
	watch->source.put = source_put;
	init_irq_work(&watch->refill_irq, refill_soon);
	INIT_DELAYED_WORK(&watch->refill_work, refill);
}

/* When no probe asks for more. */
void watch_pools_stop(struct watch *watch)
{
	irq_work_sync(&watch->refill_irq);
	cancel_delayed_work_sync(&watch->refill_work);
}

/* When all objects are back. */
void watch_pools_free(struct watch *watch)
{
	unsigned int id;

	for (id = 0; id < POOLS; id++) {
		while (watch->pools[id].free) {
			void *object = watch->pools[id].free;

			watch->pools[id].free = *(void **)object;
			kmem_cache_free(caches[id], object);
			cond_resched();
		}
		watch_user_uncharge(watch->user, watch->pools[id].total * kinds[id].size);
	}
	mem_cgroup_put(watch->memcg);
}

/* Cells of a reading, as memory of the reader. */
struct cell *scratch_cell_alloc(void)
{
	return kmem_cache_alloc(caches[POOL_CELL], WATCH_GFP);
}

void scratch_cell_free(struct cell *cell)
{
	kmem_cache_free(caches[POOL_CELL], cell);
}
