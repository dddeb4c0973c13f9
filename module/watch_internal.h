/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the watches share.
 *
 *	watch.c		opening, closing; who is a member of a watch
 *	watch_probes.c	the tracepoints that follow tasks, and counting
 *	watch_pool.c	memory for probes, which cannot allocate
 *	watch_read.c	reading
 *	watch_user.c	what one user may have of it
 *
 * Locks, in the order in which they are taken:
 *
 *	watches_mutex (watch.c)	opening and closing; which probes are registered
 *	watch->read_mutex	one reading at a time
 *	watch->lock		groups, members and pools of one watch; taken by probes
 *	watched_lock (watch.c)	the hash of watched tasks and their lists; taken by probes
 *
 * The last two are raw and taken with interrupts off. The probe of sched_switch takes
 * none, as it runs under a run-queue lock.
 *
 * What the running task's pointer leads to can be used without a lock: probes and
 * trampolines may be preempted, so it is freed behind an RCU grace period, after which no
 * CPU takes up the pointer any more, and then one of RCU tasks, after which nobody
 * who was preempted has it either. No such wait is needed for what only the task itself can
 * lead to, when it is that task that lets go: it can be another task's at once. So whoever
 * looks at the members of another task holds watched_lock, and goes on with a member only as
 * long as it holds the lock of its watch.
 */
#ifndef _SYSCOUNT_WATCH_INTERNAL_H
#define _SYSCOUNT_WATCH_INTERNAL_H

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rbtree.h>
#include <linux/rculist.h>
#include <linux/rculist_nulls.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>
#include <asm/processor.h>

#include "cells.h"
#include "table.h"
#include "watch.h"

/* What needs the entry with its registers, or the exit: sys_enter and sys_exit then count. */
#define WATCH_BY_TRACEPOINTS \
	(SYSCOUNT_WATCH_ERRORS | SYSCOUNT_WATCH_LATENCY | SYSCOUNT_WATCH_OBJECTS)

/* A task that is watched by one watch or more. */
struct syscount_watched {
	/* Of the only member, if it counts calls alone; NULL: no member needs the hook */
	struct table *table;
	struct member *single;		/* the only one, if enter_single() does for it */
	struct list_head members;	/* RCU: of this task, those for a cgroup first */
	struct hlist_nulls_node node;
	struct task_struct *task;	/* a reference; NULL: in no hash any more */
	struct watch *closing;		/* that frees this */
	struct list_head closed;
	unsigned int limited;		/* members of watches of users with limits */
	bool moved;			/* to another cgroup: its task tells its members */
};

/* For member->flying: it is in a call that is not counted. */
#define NOT_COUNTED		((struct cell *)1)

static __always_inline bool is_counted(const struct cell *flying)
{
	return (unsigned long)flying > (unsigned long)NOT_COUNTED;
}

/* A thread that is watched by one watch. */
struct member {
	struct table table;
	struct watch *watch;
	struct syscount_watched *watched;	/* NULL: its calls are not counted any more */
	struct group *group;
	struct list_head of_task;
	struct list_head of_group;
	struct cell *flying;		/* of the call it is in, or NOT_COUNTED; NULL: in none */
	u64 entered;			/* watch_clock() */
	u32 flags;			/* of the watch */
	bool armed;			/* counts from the next execve on */
	bool begun;			/* an entry or an exit was seen */
	bool moving;			/* to another group, by its task */
	struct list_head ended;		/* of the watch, until it is folded */
};

struct group_key {
	u64 a, b;
};

struct group {
	struct table table;		/* of the members that ended */
	struct list_head list;
	struct rb_node node;
	struct group_key key;
	struct list_head members;	/* RCU */
	unsigned int threads;
	s32 pid, tid;
	u64 start_ns;
	u64 cgroup;
	char command[TASK_COMM_LEN];
	bool returned;			/* by this reading, and nobody was in it */
};

/* A kind of objects for probes to take. */
struct pool {
	void *free;			/* the first; the first word of each leads to the next */
	unsigned int count;		/* of these */
	unsigned int target;
	unsigned int total;		/* with those that are in use */
};

enum pool_id { POOL_WATCHED, POOL_MEMBER, POOL_GROUP, POOL_CELL, POOLS };

struct watch_user;

struct watch {
	u32 flags;			/* SYSCOUNT_WATCH_* */
	u32 target;
	u32 by;
	bool privileged;		/* goes on whatever a member becomes */
	bool closing;
	const struct cred *cred;	/* of the opener */
	struct pid_namespace *pid_ns;
	struct cgroup *cgroup;
	const struct signal_struct *origin;	/* whose threads join, while that is under way */
	struct mem_cgroup *memcg;
	struct watch_user *user;
	struct list_head everywhere;	/* RCU: of those for everybody */
	struct hlist_node of_cgroup;	/* RCU: of those for a cgroup */

	raw_spinlock_t lock;
	bool reading;			/* members that end stay where they are ... */
	struct list_head ended;		/* ... and are folded afterwards, as what takes long is */
	struct list_head groups;	/* RCU */
	struct rb_root group_tree;	/* by key: there may be 2^18, and interrupts are off */
	unsigned int threads;
	struct pool pools[POOLS];
	bool refill_asked;
	u64 lost, lost_threads, left;
	struct cell_source source;	/* lock is held */

	struct mutex read_mutex;	/* one reading at a time */
	u64 slots[SYSCOUNT_ABIS][SYSCOUNT_SLOTS];	/* as in counters.c */
	u64 since_ns;

	struct irq_work refill_irq;
	struct delayed_work refill_work;
	struct work_struct free_work;
	struct list_head closed;	/* struct syscount_watched, struct member: to be freed */
	struct list_head closed_members;
	struct rcu_head rcu;
};

/* Is it for whoever is somewhere, and not for one task and what that starts? */
static inline bool watch_is_everywhere(const struct watch *watch)
{
	return watch->target > SYSCOUNT_TARGET_TASK;
}

/* Does it tell of calls that are in flight, and of those that have returned? */
static inline bool watch_sees_exits(const struct watch *watch)
{
	return watch->flags & (SYSCOUNT_WATCH_ERRORS | SYSCOUNT_WATCH_LATENCY);
}

/* Does it matter to it where a member goes? */
static inline bool watch_minds_cgroups(const struct watch *watch)
{
	return watch->by == SYSCOUNT_BY_CGROUP || watch->target == SYSCOUNT_TARGET_CGROUP;
}

extern struct workqueue_struct *syscount_watch_wq, *syscount_refill_wq;

/*
 * For all that is called when a call is counted. Where the hook is a kprobe by a breakpoint the
 * kernel has it that this is an NMI, in which to wait for a lock is a deadlock. This is none: who
 * holds these locks makes no call.
 */
static __always_inline void lock_in_call(raw_spinlock_t *lock)
{
	if (likely(!in_nmi())) {
		raw_spin_lock(lock);
		return;
	}
	while (!raw_spin_trylock(lock))
		cpu_relax();
}

#define lock_in_call_irqsave(lock, flags)	\
	do {					\
		local_irq_save(flags);		\
		lock_in_call(lock);		\
	} while (0)

/* watch.c */
/*
 * How many cells a probe may compare when it adds a task's members to their groups, if all were in
 * one chain: preemption is off, and interrupts. Who has a few hundred gives them back at once, for
 * others to use.
 */
#define FOLD_STEPS	BIT(20)

/*
 * Who is at the limit of his memory gets an error, or calls are lost, and nobody is killed for it.
 * Nor does kvmalloc() try hard to find much of it in one piece.
 */
#define WATCH_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN)

/*
 * All watched tasks. What is let go by its own task can be another task's at once, and in
 * another list; so one who looks without the lock must see that he ended in the list he
 * began with.
 */
extern struct hlist_nulls_head *watched_hash;
extern unsigned int watched_shift;

/* As hash_ptr(); the probes look here at each switch to a task. */
static __always_inline struct hlist_nulls_head *watched_bucket(const struct task_struct *task)
{
	return &watched_hash[(u64)(uintptr_t)task * GOLDEN_RATIO_64 >> watched_shift];
}

/* Is it unwatched, to be seen at once? Most tasks are: nothing is dereferenced, nor RCU needed. */
static __always_inline bool watched_by_none(const struct task_struct *task)
{
	return is_a_nulls(READ_ONCE(watched_bucket(task)->first));
}

/*
 * How many watches take up who comes to where they are, or look at this moment for those who are
 * there. Without any, a running task is watched by what its CPU's pointer says, if that is read
 * afterwards, and by nothing else.
 */
extern unsigned int watches_gathering;

/* Opening and closing; which probes are registered. */
extern struct mutex watches_mutex;

struct syscount_watched *watched_find(const struct task_struct *task);
void watch_join_child(struct watch *watch, struct task_struct *child);
void watches_join(struct task_struct *task);
bool watches_cgroup_moved(struct cgroup *cgroup, struct task_struct *task, bool threadgroup);
void member_disarm(struct member *member);
bool member_end(struct member *member, unsigned long *steps);
void member_move(struct member *member, const char *command, unsigned long *steps);
void member_move_later(struct member *member);
void watched_move(struct syscount_watched *watched);
void watch_take_up(void *unused);
void watches_tell_soon(void);
void watch_hold_ended(struct watch *watch);
void watch_fold_ended(struct watch *watch);
void watch_fold_late(struct watch *watch);
void watch_group_rename(struct watch *watch, struct group *group);
void watch_forget(struct watch *watch);
bool watch_creds_within(const struct cred *cred, const struct cred *opener);

/* watch_probes.c */
void watch_probes_init(void);
int watch_probes_get(const struct watch *watch);
void watch_probes_put(const struct watch *watch);
void watch_probes_exit(void);
bool watch_is_simple(const struct watch *watch);
u64 watch_clock(void);
u64 watch_ns(u64 clock);

/* watch_pool.c */
int watch_pools_init(void);
void watch_pools_exit(void);
int watch_pools_fill(struct watch *watch, unsigned int threads);
void watch_pools_ask(struct watch *watch);
void watch_pools_setup(struct watch *watch);
void watch_pools_stop(struct watch *watch);
void watch_pools_free(struct watch *watch);
void *pool_get(struct watch *watch, enum pool_id id);
void pool_put(struct watch *watch, enum pool_id id, void *object);
void pool_give_away(struct watch *watch, enum pool_id id);
void pool_put_other(struct watch *watch, enum pool_id id, void *object);
struct cell *scratch_cell_alloc(void);
void scratch_cell_free(struct cell *cell);

/* watch_user.c */
struct watch_user *watch_user_get(kuid_t uid, bool limited);
void watch_user_closes(struct watch_user *user);
void watch_user_put(struct watch_user *user);
bool watch_user_charge(struct watch_user *user, size_t bytes);
void watch_user_charge_anyway(struct watch_user *user, size_t bytes);
void watch_user_uncharge(struct watch_user *user, size_t bytes);
void watch_users_exit(void);

#endif
