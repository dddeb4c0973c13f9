// SPDX-License-Identifier: GPL-2.0-only
/* Watches: opening and closing one, and who is a member of it. */

#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/kprobes.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "access.h"
#include "compat.h"
#include "watch_internal.h"

/* Of the hash of watched tasks: as many heads as a machine with so much memory may want. */
#define WATCHED_BITS_LEAST	10
#define WATCHED_BITS_MOST	16
#define WATCHED_BITS_LESS	6	/* than of its pages */
/* Members, or groups, whose turn it is before interrupts may come in again. */
#define BATCH		32

DEFINE_PER_CPU(struct syscount_watched *, syscount_watched);

struct hlist_nulls_head *watched_hash __ro_after_init;
unsigned int watched_shift __ro_after_init;
static DEFINE_RAW_SPINLOCK(watched_lock);

/* See watch_internal.h. */
DEFINE_MUTEX(watches_mutex);
static unsigned int watches;
static LIST_HEAD(watches_of_all);		/* RCU, as the next */
/* Those of a cgroup, by that: nobody's fork or move asks those of cgroups he is not in. */
static DEFINE_HASHTABLE(watches_of_cgroups, 10);
unsigned int watches_gathering;

/* Where a task's calls are counted that need more than one addition: nowhere. */
static struct table no_table;

struct workqueue_struct *syscount_watch_wq;
/* Of its own: who is over the limit memory.high is made to sleep when he takes memory. */
struct workqueue_struct *syscount_refill_wq;

/**
 * watched_find() - what a task is watched by
 * @task: is not let go meanwhile
 *
 * In an RCU read section or with watched_lock held. Return: NULL for most tasks
 */
notrace struct syscount_watched *watched_find(const struct task_struct *task)
{
	struct hlist_nulls_head *head = watched_bucket(task);
	const struct hlist_nulls_node *node;
	struct syscount_watched *watched;

	do {
		hlist_nulls_for_each_entry_rcu(watched, node, head, node)
			/* Pairs with watched_init(). */
			if (smp_load_acquire(&watched->task) == task)
				return watched;
	} while (get_nulls_value(node) != head - watched_hash);
	return NULL;
}
NOKPROBE_SYMBOL(watched_find);

/*
 * The short way of the probes, for a task that one watch watches, or none any more.
 * watched_lock is held.
 */
static void choose_way(struct syscount_watched *watched)
{
	struct member *member = list_first_entry_or_null(&watched->members, struct member, of_task);
	struct member *single = NULL;
	struct table *table = member ? &no_table : NULL;

	if (list_is_singular(&watched->members) && !member->armed && !member->moving &&
	    !watched->moved) {
		if (member->flags & WATCH_BY_TRACEPOINTS) {
			single = watch_is_simple(member->watch) ? member : NULL;
			table = NULL;
		} else {
			table = &member->table;
		}
	}
	/* The task can be running, and takes these without looking at the list: they are whole. */
	smp_wmb();
	WRITE_ONCE(watched->table, table);
	WRITE_ONCE(watched->single, single);
}

static void set_and_choose(struct member *member, bool *flag, bool value)
{
	unsigned long flags;

	lock_in_call_irqsave(&watched_lock, flags);
	WRITE_ONCE(*flag, value);
	if (member->watched)
		choose_way(member->watched);
	raw_spin_unlock_irqrestore(&watched_lock, flags);
}

/* When its task returns from the call that it is in, or from the next. */
void member_move_later(struct member *member)
{
	set_and_choose(member, &member->moving, true);
}

static struct member *member_of(const struct syscount_watched *watched, const struct watch *watch)
{
	struct member *member;

	list_for_each_entry_rcu(member, &watched->members, of_task,
				lockdep_is_held(&watched_lock)) {
		if (member->watch == watch)
			return member;
		/* Here it matters: who moves a task can be under a lock of the kernel's. */
		if (watch->target == SYSCOUNT_TARGET_CGROUP &&
		    member->watch->target != SYSCOUNT_TARGET_CGROUP)
			break;
	}
	return NULL;
}

/* A task's name can change meanwhile; what is copied then is one that ends. */
static void copy_command(char to[TASK_COMM_LEN], const char *command)
{
	size_t length = strnlen(command, TASK_COMM_LEN - 1);

	memset(to, 0, TASK_COMM_LEN);
	memcpy(to, command, length);
}

static u64 cgroup_of(struct task_struct *task)
{
	u64 id = 0;

#ifdef CONFIG_CGROUPS
	rcu_read_lock();
	id = cgroup_id(task_dfl_cgroup(task));
	rcu_read_unlock();
#endif
	return id;
}

static struct group_key key_of(const struct watch *watch, struct task_struct *task,
			       const char *command)
{
	struct group_key key = { };

	BUILD_BUG_ON(sizeof(key) != TASK_COMM_LEN);
	switch (watch->by) {
	case SYSCOUNT_BY_PROCESS:
		key.a = task_tgid_nr(task);
		key.b = task->group_leader->start_boottime;
		break;
	case SYSCOUNT_BY_THREAD:
		key.a = task_pid_nr(task);
		key.b = task->start_boottime;
		break;
	case SYSCOUNT_BY_CGROUP:
		key.a = cgroup_of(task);
		break;
	case SYSCOUNT_BY_COMMAND:
		copy_command((char *)&key, command);
		break;
	}
	return key;
}

static void describe_group(const struct watch *watch, struct group *group,
			   struct task_struct *task)
{
	switch (watch->by) {
	case SYSCOUNT_BY_THREAD:
		group->tid = task_pid_nr_ns(task, watch->pid_ns);
		fallthrough;
	case SYSCOUNT_BY_PROCESS:
		group->pid = task_tgid_nr_ns(task, watch->pid_ns);
		group->start_ns = group->key.b;
		group->cgroup = cgroup_of(task);
		break;
	case SYSCOUNT_BY_CGROUP:
		group->cgroup = group->key.a;
		break;
	case SYSCOUNT_BY_COMMAND:
		memcpy(group->command, &group->key, TASK_COMM_LEN);
		break;
	}
}

static int compare_keys(const struct group_key *a, const struct group_key *b)
{
	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	return a->b < b->b ? -1 : a->b > b->b;
}

/* What @task, called @command, belongs to: a new group if need be. watch->lock is held. */
static struct group *group_get(struct watch *watch, struct task_struct *task, const char *command)
{
	struct group_key key = key_of(watch, task, command);
	struct rb_node **place = &watch->group_tree.rb_node, *above = NULL;
	struct group *group;

	while (*place) {
		int order;

		group = rb_entry(*place, struct group, node);
		order = compare_keys(&key, &group->key);
		if (!order)
			return group;
		above = *place;
		place = order < 0 ? &above->rb_left : &above->rb_right;
	}
	group = pool_get(watch, POOL_GROUP);
	if (!group)
		return NULL;
	memset(group, 0, sizeof(*group));
	table_init(&group->table);
	INIT_LIST_HEAD(&group->members);
	group->key = key;
	describe_group(watch, group, task);
	rb_link_node(&group->node, above, place);
	rb_insert_color(&group->node, &watch->group_tree);
	list_add_tail_rcu(&group->list, &watch->groups);
	return group;
}

/* Its last name is the one that it ends with. watch->lock is held. */
static void group_rename(const struct watch *watch, struct group *group,
			 const struct task_struct *task)
{
	if (watch->by == SYSCOUNT_BY_PROCESS)
		copy_command(group->command, task->group_leader->comm);
	else if (watch->by == SYSCOUNT_BY_THREAD)
		copy_command(group->command, task->comm);
}

static void watched_init(struct syscount_watched *watched, struct task_struct *task)
{
	watched->table = &no_table;
	watched->single = NULL;
	watched->limited = 0;
	watched->moved = false;
	INIT_LIST_HEAD(&watched->members);
	WRITE_ONCE(watched->closing, NULL);
	/* Who has found another task's when this was that sees all of it or none. */
	smp_store_release(&watched->task, get_task_struct(task));
	hlist_nulls_add_head_rcu(&watched->node, watched_bucket(task));
}

static void member_init(struct member *member, struct watch *watch, struct group *group,
			bool armed)
{
	table_init(&member->table);
	member->watch = watch;
	member->flags = watch->flags;
	member->watched = NULL;
	member->group = group;
	member->flying = NULL;
	member->entered = 0;
	member->armed = armed;
	member->begun = false;
	member->moving = false;
}

/* watch->lock is held. */
static void join_group(struct member *member, struct group *group)
{
	list_add_rcu(&member->of_group, &group->members);
	group->threads++;
	group->returned = false;
}

/* watch->lock and watched_lock are held. */
static int join(struct watch *watch, struct task_struct *task, bool armed)
{
	struct syscount_watched *watched = watched_find(task), *fresh = NULL;
	struct member *member;
	struct group *group;

	if (watched && member_of(watched, watch))
		return -EEXIST;
	if (watched && watch->user && watched->limited >= SYSCOUNT_WATCHES_MAX)
		return -EMFILE;
	member = pool_get(watch, POOL_MEMBER);
	if (!member)
		return -ENOMEM;
	if (!watched) {
		fresh = pool_get(watch, POOL_WATCHED);
		if (!fresh)
			goto err_member;
		watched = fresh;
	}
	group = group_get(watch, task, task->comm);
	if (!group)
		goto err_fresh;

	if (fresh) {
		pool_give_away(watch, POOL_WATCHED);
		watched_init(fresh, task);
	}
	member_init(member, watch, group, armed);
	member->watched = watched;
	watched->limited += !!watch->user;
	if (watch->target == SYSCOUNT_TARGET_CGROUP)
		list_add_rcu(&member->of_task, &watched->members);
	else
		list_add_tail_rcu(&member->of_task, &watched->members);
	choose_way(watched);
	join_group(member, group);
	watch->threads++;
	return 0;

err_fresh:
	if (fresh)
		pool_put(watch, POOL_WATCHED, fresh);
err_member:
	pool_put(watch, POOL_MEMBER, member);
	return -ENOMEM;
}

/**
 * watch_join() - make a task a member
 * @watch: of which
 * @task: is not running yet, or is the running one, or is told afterwards
 * @armed: counts from its next execve on
 *
 * Return: 0; -EEXIST: it is one; -ENOMEM: the pools have run dry; -EMFILE: it is one of too
 * many; -ESRCH: the watch is being closed
 */
static int watch_join(struct watch *watch, struct task_struct *task, bool armed)
{
	unsigned long flags;
	int err = -ESRCH;

	raw_spin_lock_irqsave(&watch->lock, flags);
	if (!watch->closing) {
		raw_spin_lock(&watched_lock);
		err = join(watch, task, armed);
		raw_spin_unlock(&watched_lock);
	}
	raw_spin_unlock_irqrestore(&watch->lock, flags);
	return err;
}

/*
 * Add to the group what it counted, so many cells, and let it go when that is all.
 * watch->lock is held. Return: whether it was all
 */
static bool fold(struct member *member, unsigned int cells)
{
	struct watch *watch = member->watch;

	if (!table_move(&member->group->table, &member->table, cells, &watch->lost,
			&watch->source))
		return false;
	list_del_rcu(&member->of_group);
	pool_put(watch, POOL_MEMBER, member);
	return true;
}

/* For each cell one is looked for among those that are there, and in the same chain at worst. */
static unsigned long fold_steps(const struct member *member)
{
	const struct table *table = &member->table;

	return (table->cells + table->errnos * CELL_ERRNOS_WEIGHT) *
		(unsigned long)(table->cells + member->group->table.cells);
}

/*
 * The same for one that ended; but not under a reader's eyes, and what takes more than @steps,
 * of which it takes what it needs, is done by a work item. watch->lock is held, by the member's
 * own task.
 */
static void put_away(struct member *member, unsigned long *steps)
{
	unsigned long needed = fold_steps(member);
	struct watch *watch = member->watch;

	if (!watch->reading && needed <= *steps) {
		*steps -= needed;
		fold(member, UINT_MAX);
		return;
	}
	list_add(&member->ended, &watch->ended);
	if (!watch->reading)
		watch_pools_ask(watch);
}

/*
 * The member's calls are not counted any more. watch->lock is held. Return: what its
 * task was watched by, if that was this watch alone
 */
static struct syscount_watched *detach(struct member *member)
{
	struct syscount_watched *watched = member->watched;

	raw_spin_lock(&watched_lock);
	WRITE_ONCE(member->watched, NULL);
	list_del_rcu(&member->of_task);
	watched->limited -= !!member->watch->user;
	choose_way(watched);
	if (list_empty(&watched->members))
		hlist_nulls_del_rcu(&watched->node);
	else
		watched = NULL;
	raw_spin_unlock(&watched_lock);
	member->group->threads--;
	member->watch->threads--;
	return watched;
}

static struct member *member_find(const struct watch *watch, const struct task_struct *task)
{
	struct syscount_watched *watched = watched_find(task);

	return watched ? member_of(watched, watch) : NULL;
}

/*
 * The member of any task. watch->lock is held, so that it stays that task's: nobody is let
 * go, or moved, without it.
 */
static struct member *member_find_locked(const struct watch *watch, const struct task_struct *task)
{
	struct member *member;

	raw_spin_lock(&watched_lock);
	member = member_find(watch, task);
	raw_spin_unlock(&watched_lock);
	return member;
}

/* Of the running task: it begins to count. */
void member_disarm(struct member *member)
{
	set_and_choose(member, &member->armed, false);
}

/*
 * Nobody but the running task itself uses what its CPU's pointer leads to, so all of it
 * can be used again at once. watch->lock is held.
 */
static void end_own(struct member *member, unsigned long *steps)
{
	struct watch *watch = member->watch;
	struct syscount_watched *watched = detach(member);

	if (watched) {
		this_cpu_write(syscount_watched, NULL);
		put_task_struct(current);
		pool_put_other(watch, POOL_WATCHED, watched);
	}
	if (!member->group->threads)
		group_rename(watch, member->group, current);
	WRITE_ONCE(member->flying, NULL);
	put_away(member, steps);
}

/*
 * Another task may be in a probe at this very moment: what it has counted and what its
 * CPU's pointer leads to stay until the watch is closed; the task itself does not, which
 * the caller sees to that it is not the last to leave. watch->lock is held.
 */
static void end_other(struct member *member)
{
	struct watch *watch = member->watch;
	struct syscount_watched *watched = detach(member);

	if (watched) {
		put_task_struct(watched->task);
		WRITE_ONCE(watched->task, NULL);
		WRITE_ONCE(watched->closing, watch);
		list_add(&watched->closed, &watch->closed);
	}
	WRITE_ONCE(member->flying, NULL);
}

static void end(struct member *member, struct task_struct *task)
{
	unsigned long steps = FOLD_STEPS;

	if (task == current)
		end_own(member, &steps);
	else
		end_other(member);
}

/**
 * member_end() - the running task is a member no more
 * @member: of its own
 * @steps: what of FOLD_STEPS is left for its members together
 *
 * Return: false: it was not already, as another task ended it, or closes the watch
 */
bool member_end(struct member *member, unsigned long *steps)
{
	struct watch *watch = member->watch;
	unsigned long flags;
	bool was;

	raw_spin_lock_irqsave(&watch->lock, flags);
	was = member->watched;
	if (was)
		end_own(member, steps);
	raw_spin_unlock_irqrestore(&watch->lock, flags);
	return was;
}

static void end_any(struct watch *watch, struct task_struct *task)
{
	struct member *member;
	unsigned long flags;

	raw_spin_lock_irqsave(&watch->lock, flags);
	member = member_find_locked(watch, task);
	if (member)
		end(member, task);
	raw_spin_unlock_irqrestore(&watch->lock, flags);
}

/* One that is in no call: an exit belongs where its entry is. */
static void move(struct member *from, struct member *to, struct group *group)
{
	struct watch *watch = from->watch;

	member_init(to, watch, group, from->armed);
	to->begun = from->begun;

	lock_in_call(&watched_lock);
	to->watched = from->watched;
	WRITE_ONCE(from->watched, NULL);
	list_replace_rcu(&from->of_task, &to->of_task);
	choose_way(to->watched);
	raw_spin_unlock(&watched_lock);

	join_group(to, group);
	from->group->threads--;
}

/*
 * To the group that the running task, whose member it is, belongs to now, as a new member;
 * without memory it stays where it is, which is a detail lost. watch->lock is held.
 */
static void regroup(struct member *member, const char *command, unsigned long *steps)
{
	struct watch *watch = member->watch;
	struct member *moved = NULL;
	struct group *group;

	/* Who closes it would not find one more in a group that he has been through. */
	if (watch->closing)
		return;
	group = group_get(watch, current, command);
	if (group && group != member->group)
		moved = pool_get(watch, POOL_MEMBER);
	if (!moved) {
		watch->lost += group != member->group;
		set_and_choose(member, &member->moving, false);
		return;
	}
	move(member, moved, group);
	put_away(member, steps);
}

/**
 * member_move() - give the running task another group, if that is where it belongs now
 * @member: of its own
 * @command: its name
 * @steps: as for member_end()
 */
void member_move(struct member *member, const char *command, unsigned long *steps)
{
	struct watch *watch = member->watch;
	unsigned long flags;

	lock_in_call_irqsave(&watch->lock, flags);
	if (member->watched)
		regroup(member, command, steps);
	raw_spin_unlock_irqrestore(&watch->lock, flags);
}

/* By one of the first members that lives; else it keeps its name. watch->lock is held. */
void watch_group_rename(struct watch *watch, struct group *group)
{
	struct member *member;
	unsigned int count = 0;

	list_for_each_entry(member, &group->members, of_group) {
		if (count++ == BATCH)
			break;
		if (!member->watched)
			continue;
		/* It cannot end before it has the lock, and has a leader until then. */
		group_rename(watch, group, member->watched->task);
		break;
	}
}

/* In the middle of a long way with watch->lock held. */
static void let_others_in(struct watch *watch, unsigned long *flags)
{
	raw_spin_unlock_irqrestore(&watch->lock, *flags);
	cond_resched();
	raw_spin_lock_irqsave(&watch->lock, *flags);
}

/* Groups that the reading has returned, and that nobody was in since. */
void watch_forget(struct watch *watch)
{
	struct group *group, *next;
	unsigned long flags;

	if (watch->by == SYSCOUNT_BY_NONE)
		return;
	raw_spin_lock_irqsave(&watch->lock, flags);
	list_for_each_entry_safe(group, next, &watch->groups, list) {
		if (group->returned && list_empty(&group->members)) {
			list_del_rcu(&group->list);
			rb_erase(&group->node, &watch->group_tree);
			while (!table_drain(&group->table, BATCH, &watch->source))
				let_others_in(watch, &flags);
			pool_put(watch, POOL_GROUP, group);
		}
		let_others_in(watch, &flags);
	}
	raw_spin_unlock_irqrestore(&watch->lock, flags);
}

/* Members that end stay where they are, until watch_fold_ended(). */
void watch_hold_ended(struct watch *watch)
{
	raw_spin_lock_irq(&watch->lock);
	watch->reading = true;
	raw_spin_unlock_irq(&watch->lock);
}

/* How many cells may be added up before interrupts may come in again. */
static unsigned int fold_batch(const struct member *member)
{
	unsigned int weight = member->table.errnos ? CELL_ERRNOS_WEIGHT : 1;

	return FOLD_STEPS / (weight * (member->group->table.cells + member->table.cells + BATCH));
}

/* After a reading: those that ended meanwhile. Who ends from now on sees to itself. */
void watch_fold_ended(struct watch *watch)
{
	struct member *member;
	unsigned long flags;
	LIST_HEAD(ended);
	bool done;

	raw_spin_lock_irqsave(&watch->lock, flags);
	list_splice_init(&watch->ended, &ended);
	watch->reading = false;
	while (!list_empty(&ended)) {
		member = list_first_entry(&ended, struct member, ended);
		list_del(&member->ended);
		do {
			/* Its cells may be in the group before the next of them is. */
			done = fold(member, fold_batch(member));
			let_others_in(watch, &flags);
		} while (!done);
	}
	raw_spin_unlock_irqrestore(&watch->lock, flags);
}

/*
 * Those that no probe had the time for; but not while somebody reads, who may wait for a page
 * of his for as long as another user likes.
 */
void watch_fold_late(struct watch *watch)
{
	if (!mutex_trylock(&watch->read_mutex))
		return;
	watch_hold_ended(watch);
	watch_fold_ended(watch);
	mutex_unlock(&watch->read_mutex);
}

static bool is_exiting(const struct task_struct *task)
{
	return READ_ONCE(task->flags) & PF_EXITING;
}

/*
 * One that ends meanwhile either sees that it is a member, or is seen to end here; the
 * order is that of PF_EXITING and sched_process_exit in do_exit().
 */
static int join_running(struct watch *watch, struct task_struct *task)
{
	int err;

	if (READ_ONCE(task->flags) & (PF_KTHREAD | PF_EXITING))
		return -ESRCH;
	err = watch_join(watch, task, false);
	if (err)
		return err;
	/* Pairs with atomic_dec_and_test(&signal->live), between these two in do_exit(). */
	smp_mb();
	if (!is_exiting(task))
		return 0;
	end_any(watch, task);
	return -ESRCH;
}

static bool is_member(const struct watch *watch, const struct task_struct *task)
{
	unsigned long flags;
	bool is;

	raw_spin_lock_irqsave(&watched_lock, flags);
	is = member_find(watch, task);
	raw_spin_unlock_irqrestore(&watched_lock, flags);
	return is;
}

/* Is @task in what the watch is for, apart from what it inherits? In an RCU read section. */
static bool watch_wants(const struct watch *watch, struct task_struct *task)
{
	if (watch->target == SYSCOUNT_TARGET_ALL)
		return true;
	/* By what stays when a thread executes a program and so becomes the leader: de_thread() */
	if (watch->target == SYSCOUNT_TARGET_TASK)
		return task->signal == watch->origin;
#ifdef CONFIG_CGROUPS
	if (watch->target == SYSCOUNT_TARGET_CGROUP)
		return cgroup_is_descendant(task_dfl_cgroup(task), watch->cgroup);
#endif
	return false;
}

/*
 * Make a task a member of a watch for what is everywhere, if that wants it. In an RCU read
 * section. Who leaves the cgroup meanwhile sees that it is a member, or is seen to be gone
 * here. Returns what watch_join() does.
 */
static int watch_join_wanted(struct watch *watch, struct task_struct *task)
{
	int err;

	if (!watch_wants(watch, task))
		return 0;
	err = join_running(watch, task);
	if (!err && !watch_wants(watch, task))
		end_any(watch, task);
	return err;
}

static void say_lost(struct watch *watch, int err)
{
	unsigned long flags;

	if (err != -ENOMEM && err != -EMFILE)
		return;
	raw_spin_lock_irqsave(&watch->lock, flags);
	watch->lost_threads++;
	raw_spin_unlock_irqrestore(&watch->lock, flags);
}

static bool join_and_say(struct watch *watch, struct task_struct *task)
{
	int err = watch_join_wanted(watch, task);

	say_lost(watch, err);
	return !err;
}

#ifdef CONFIG_CGROUPS
/* The same for it, or all threads of its process: whether there may be one that was none. */
static bool join_threads(struct watch *watch, struct task_struct *task, bool threadgroup)
{
	struct task_struct *thread;
	bool joined = false;

	if (!threadgroup)
		return join_and_say(watch, task);
	for_each_thread(task, thread)
		joined |= join_and_say(watch, thread);
	return joined;
}

/*
 * To the watches of @cgroup and of those above it; @task, or all threads of its process. Both
 * can be thousands, so threads are walked for a watch that is found, and not for each cgroup.
 * In an RCU read section. Returns whether there may be one that has joined.
 */
static bool join_of_cgroups(struct cgroup *cgroup, struct task_struct *task, bool threadgroup)
{
	struct watch *watch;
	bool joined = false;

	for (; cgroup; cgroup = cgroup_parent(cgroup))
		hash_for_each_possible_rcu(watches_of_cgroups, watch, of_cgroup,
					   (unsigned long)cgroup)
			if (watch->cgroup == cgroup)
				joined |= join_threads(watch, task, threadgroup);
	return joined;
}
#endif

/**
 * watches_join() - make a task a member of all watches that want it by where it is
 * @task: as for watch_join(), or the caller tells it. In an RCU read section
 */
void watches_join(struct task_struct *task)
{
	struct watch *watch;

	list_for_each_entry_rcu(watch, &watches_of_all, everywhere)
		join_and_say(watch, task);
#ifdef CONFIG_CGROUPS
	join_of_cgroups(task_dfl_cgroup(task), task, false);
#endif
}

/* To a watch of the task that made it. */
void watch_join_child(struct watch *watch, struct task_struct *child)
{
	say_lost(watch, watch_join(watch, child, false));
}

/* Of the running task, which was moved since its last call began. */
void watched_move(struct syscount_watched *watched)
{
	struct member *member;
	unsigned long flags;

	lock_in_call_irqsave(&watched_lock, flags);
	WRITE_ONCE(watched->moved, false);
	list_for_each_entry(member, &watched->members, of_task)
		if (member->watch->by == SYSCOUNT_BY_CGROUP)
			WRITE_ONCE(member->moving, true);
	choose_way(watched);
	raw_spin_unlock_irqrestore(&watched_lock, flags);
}

#ifdef CONFIG_CGROUPS
/*
 * Its members go to other groups by themselves, when it calls next or returns: here a lock of the
 * kernel's is held for all threads of a process, each a member as often as its user likes.
 */
static void move_members_later(struct task_struct *task)
{
	struct syscount_watched *watched;
	unsigned long flags;

	raw_spin_lock_irqsave(&watched_lock, flags);
	watched = watched_find(task);
	if (watched) {
		WRITE_ONCE(watched->moved, true);
		choose_way(watched);
	}
	raw_spin_unlock_irqrestore(&watched_lock, flags);
}

/* A watch of a cgroup that @task is not in any more: there as long as the RCU read section. */
static struct watch *watch_left(struct task_struct *task)
{
	struct syscount_watched *watched;
	struct watch *left = NULL;
	struct member *member;
	unsigned long flags;

	raw_spin_lock_irqsave(&watched_lock, flags);
	watched = watched_find(task);
	if (watched) {
		list_for_each_entry(member, &watched->members, of_task) {
			if (member->watch->target != SYSCOUNT_TARGET_CGROUP)
				break;
			if (!watch_wants(member->watch, task)) {
				left = member->watch;
				break;
			}
		}
	}
	raw_spin_unlock_irqrestore(&watched_lock, flags);
	return left;
}

static void leave_cgroups(struct task_struct *task)
{
	struct watch *watch;

	move_members_later(task);
	while ((watch = watch_left(task)) != NULL)
		end_any(watch, task);
}

/**
 * watches_cgroup_moved() - a task is in another cgroup now
 * @cgroup: in this one, of any hierarchy; but not a thread that has ended
 * @task: the running one or another; of a process, its leader. In an RCU read section
 * @threadgroup: all threads of its process are
 *
 * Interrupts can be off, and forks wait. So cgroups are not walked up for each thread.
 *
 * Return: whether one may have joined a watch, so that its CPU is to be told if it runs
 */
bool watches_cgroup_moved(struct cgroup *cgroup, struct task_struct *task, bool threadgroup)
{
	struct task_struct *thread;

	if (threadgroup)
		for_each_thread(task, thread)
			leave_cgroups(thread);
	else
		leave_cgroups(task);
	/* It is in its new cgroup: pairs with gathering_begins(). */
	smp_mb();
	return READ_ONCE(watches_gathering) && join_of_cgroups(cgroup, task, threadgroup);
}
#endif

/* Would @task be a member, had the watch been there when it was made? */
static bool inherits(const struct watch *watch, struct task_struct *task)
{
	if (watch_is_everywhere(watch))
		return false;
	if (task != task->group_leader)
		return !(watch->flags & SYSCOUNT_WATCH_NO_THREADS) &&
		       is_member(watch, task->group_leader);
	return !(watch->flags & SYSCOUNT_WATCH_NO_CHILDREN) &&
	       is_member(watch, rcu_dereference(task->real_parent));
}

/* Returns how many joined; @missed: how many there was no memory for. */
static unsigned int join_pass(struct watch *watch, unsigned int *missed)
{
	struct task_struct *process, *task;
	unsigned int joined = 0;

	*missed = 0;
	rcu_read_lock();
	for_each_process_thread(process, task) {
		int err;

		if (is_member(watch, task) || !(watch_wants(watch, task) || inherits(watch, task)))
			continue;
		err = watch_is_everywhere(watch) ? watch_join_wanted(watch, task) :
						   join_running(watch, task);
		joined += !err;
		*missed += err == -ENOMEM;
	}
	rcu_read_unlock();
	return joined;
}

/*
 * All that are there, or that come from those that are members: what is forked from now
 * on joins by itself, and what was before is in the list of tasks.
 */
static int join_all(struct watch *watch)
{
	unsigned int missed;
	int err;

	while (join_pass(watch, &missed) || missed) {
		if (missed) {
			err = watch_pools_fill(watch, missed);
			if (err)
				return err;
		}
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* The running task of this CPU may be watched by now. Interrupts are off. */
void watch_take_up(void *unused)
{
	struct syscount_watched *watched = watched_find(current);

	this_cpu_write(syscount_watched, watched);
}

/*
 * Members that run are told, as they will not be switched to; one that goes to another CPU
 * meanwhile is. That a member is not running cannot be known: it may be about to, past
 * the probe of sched_switch.
 */
static int tell_members(struct watch *watch)
{
	struct task_struct *process, *task;
	cpumask_var_t cpus;

	if (!zalloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	rcu_read_lock();
	for_each_process_thread(process, task)
		if (is_member(watch, task))
			cpumask_set_cpu(task_cpu(task), cpus);
	rcu_read_unlock();
	on_each_cpu_mask(cpus, watch_take_up, NULL, true);
	free_cpumask_var(cpus);
	return 0;
}

static void tell_all(struct work_struct *work)
{
	on_each_cpu(watch_take_up, NULL, true);
}

static DECLARE_WORK(tell_work, tell_all);

/* From where no other CPU can be waited for. */
void watches_tell_soon(void)
{
	queue_work(syscount_watch_wq, &tell_work);
}

static int add_self(struct watch *watch)
{
	int err = watch_join(watch, current, true);

	local_irq_disable();
	watch_take_up(NULL);
	local_irq_enable();
	return err;
}

static void gathering_begins(void)
{
	WRITE_ONCE(watches_gathering, watches_gathering + 1);
	/* Who is forked, ends or is moved from now on looks; others are in the list of tasks. */
	smp_mb();
}

static void gathering_ends(void)
{
	WRITE_ONCE(watches_gathering, watches_gathering - 1);
}

static int add_task(struct watch *watch, pid_t nr)
{
	struct pid *pid = find_get_pid(nr);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	int err = -ESRCH;

	if (!task)
		goto out;
	gathering_begins();
	if (watch->flags & SYSCOUNT_WATCH_NO_THREADS) {
		rcu_read_lock();
		err = join_running(watch, task);
		rcu_read_unlock();
	} else if (task_tgid(task) == pid) {
		watch->origin = task->signal;
		err = join_all(watch);
		watch->origin = NULL;
		if (!err && !READ_ONCE(watch->threads))
			err = -ESRCH;
	}
	put_task_struct(task);
	if (!err)
		err = tell_members(watch);
	gathering_ends();
out:
	put_pid(pid);
	return err;
}

static int add_everywhere(struct watch *watch)
{
	int err;

	if (watch->target == SYSCOUNT_TARGET_CGROUP)
		hash_add_rcu(watches_of_cgroups, &watch->of_cgroup, (unsigned long)watch->cgroup);
	else
		list_add_rcu(&watch->everywhere, &watches_of_all);
	gathering_begins();
	err = join_all(watch);
	if (!err)
		on_each_cpu(watch_take_up, NULL, true);
	return err;
}

static int add_target(struct watch *watch, const struct syscount_watch *args)
{
	switch (watch->target) {
	case SYSCOUNT_TARGET_SELF:
		return add_self(watch);
	case SYSCOUNT_TARGET_TASK:
		return add_task(watch, args->pid);
	default:
		return add_everywhere(watch);
	}
}

/* Are the ids of the opener, and no capability that he has not? */
bool watch_creds_within(const struct cred *cred, const struct cred *opener)
{
	return cred->user_ns == opener->user_ns &&
	       uid_eq(cred->uid, opener->uid) && uid_eq(cred->euid, opener->euid) &&
	       uid_eq(cred->suid, opener->suid) && uid_eq(cred->fsuid, opener->fsuid) &&
	       gid_eq(cred->gid, opener->gid) && gid_eq(cred->egid, opener->egid) &&
	       gid_eq(cred->sgid, opener->sgid) && gid_eq(cred->fsgid, opener->fsgid) &&
	       cap_issubset(cred->cap_permitted, opener->cap_permitted);
}

static int check(const struct file *file, const struct syscount_watch *args, bool privileged)
{
	if (args->target > SYSCOUNT_TARGET_ALL || args->by > SYSCOUNT_BY_COMMAND)
		return -EINVAL;
	if (args->target != SYSCOUNT_TARGET_TASK && args->pid)
		return -EINVAL;
	if (args->target != SYSCOUNT_TARGET_CGROUP && args->fd)
		return -EINVAL;
	if (args->flags & SYSCOUNT_WATCH_NO_THREADS &&
	    !(args->flags & SYSCOUNT_WATCH_NO_CHILDREN))
		return -EINVAL;
	if (args->flags & SYSCOUNT_WATCH_NO_CHILDREN && args->target > SYSCOUNT_TARGET_TASK)
		return -EINVAL;
	if (privileged)
		return 0;
	if (args->target != SYSCOUNT_TARGET_SELF)
		return -EPERM;
	return watch_creds_within(current_cred(), file->f_cred) &&
	       watch_creds_within(file->f_cred, current_cred()) ? 0 : -EPERM;
}

static int take_cgroup(struct watch *watch, int fd)
{
#ifdef CONFIG_CGROUPS
	struct cgroup *cgroup = cgroup_get_from_fd(fd);

	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup);
	watch->cgroup = cgroup;
	return 0;
#else
	return -EOPNOTSUPP;
#endif
}

static void drop_cgroup(struct watch *watch)
{
#ifdef CONFIG_CGROUPS
	if (watch->cgroup)
		cgroup_put(watch->cgroup);
#endif
}

static void free_members(struct watch *watch)
{
	struct syscount_watched *watched, *next_watched;
	struct member *member, *next;
	struct group *group, *next_group;

	list_for_each_entry_safe(watched, next_watched, &watch->closed, closed) {
		if (watched->task)
			put_task_struct(watched->task);
		pool_put_other(watch, POOL_WATCHED, watched);
		cond_resched();
	}
	list_for_each_entry_safe(member, next, &watch->closed_members, of_group) {
		table_drain(&member->table, UINT_MAX, &watch->source);
		pool_put(watch, POOL_MEMBER, member);
		cond_resched();
	}
	list_for_each_entry_safe(group, next_group, &watch->groups, list) {
		table_drain(&group->table, UINT_MAX, &watch->source);
		pool_put(watch, POOL_GROUP, group);
		cond_resched();
	}
}

static void watch_free(struct watch *watch)
{
	watch_pools_stop(watch);
	free_members(watch);
	watch_pools_free(watch);
	watch_user_put(watch->user);
	drop_cgroup(watch);
	put_pid_ns(watch->pid_ns);
	put_cred(watch->cred);
	kfree(watch);
}

/* What has to be put may sleep. */
static void free_work(struct work_struct *work)
{
	watch_free(container_of(work, struct watch, free_work));
}

static void free_soon(struct rcu_head *rcu)
{
	struct watch *watch = container_of(rcu, struct watch, rcu);

	queue_work(syscount_watch_wq, &watch->free_work);
}

/*
 * No switch that is under way takes up what is closed any more, and what CPUs have is
 * taken from them. Those in the middle of using it are waited for. A CPU that goes
 * offline switches first, one that is off has what it had: so all that are possible.
 */
static void clear_pointers(struct rcu_head *rcu)
{
	struct watch *watch = container_of(rcu, struct watch, rcu);
	int cpu;

	if (!list_empty(&watch->closed)) {
		rcu_read_lock();	/* what it points to may be given back just now */
		for_each_possible_cpu(cpu) {
			struct syscount_watched **pointer = per_cpu_ptr(&syscount_watched, cpu);
			struct syscount_watched *watched = READ_ONCE(*pointer);

			if (watched && READ_ONCE(watched->closing) == watch)
				cmpxchg(pointer, watched, NULL);
		}
		rcu_read_unlock();
	}
	call_rcu_tasks(&watch->rcu, free_soon);
}

static void close_member(struct watch *watch, struct member *member)
{
	struct syscount_watched *watched;

	list_move(&member->of_group, &watch->closed_members);
	if (!member->watched)
		return;
	watched = detach(member);
	if (watched) {
		WRITE_ONCE(watched->closing, watch);
		list_add(&watched->closed, &watch->closed);
	}
}

static void close_members(struct watch *watch)
{
	unsigned int count = 0;
	unsigned long flags;
	struct group *group;

	raw_spin_lock_irqsave(&watch->lock, flags);
	watch->closing = true;
	list_for_each_entry(group, &watch->groups, list) {
		while (!list_empty(&group->members)) {
			close_member(watch, list_first_entry(&group->members, struct member,
							     of_group));
			if (!(++count % BATCH))
				let_others_in(watch, &flags);
		}
		/* Most may have ended. */
		if (!(++count % BATCH))
			let_others_in(watch, &flags);
	}
	raw_spin_unlock_irqrestore(&watch->lock, flags);
}

static struct watch *watch_alloc(const struct file *file, const struct syscount_watch *args,
				 bool privileged)
{
	struct watch_user *user;
	struct watch *watch;

	user = watch_user_get(file->f_cred->uid, !privileged);
	if (IS_ERR(user))
		return ERR_CAST(user);
	watch = kzalloc(sizeof(*watch), WATCH_GFP);
	if (!watch) {
		watch_user_closes(user);
		watch_user_put(user);
		return ERR_PTR(-ENOMEM);
	}
	watch->user = user;
	watch->flags = args->flags;
	watch->target = args->target;
	watch->by = args->by;
	watch->privileged = privileged;
	watch->cred = get_cred(file->f_cred);
	watch->pid_ns = get_pid_ns(task_active_pid_ns(current));
	watch->since_ns = ktime_get_boottime_ns();
	raw_spin_lock_init(&watch->lock);
	mutex_init(&watch->read_mutex);
	watch->group_tree = RB_ROOT;
	INIT_LIST_HEAD(&watch->everywhere);
	INIT_LIST_HEAD(&watch->ended);
	INIT_LIST_HEAD(&watch->groups);
	INIT_LIST_HEAD(&watch->closed);
	INIT_LIST_HEAD(&watch->closed_members);
	INIT_WORK(&watch->free_work, free_work);
	watch_pools_setup(watch);
	return watch;
}

/* The group that is there even while nobody is in it. */
static int add_first_group(struct watch *watch)
{
	struct group *group = NULL;

	if (watch->by != SYSCOUNT_BY_NONE)
		return 0;
	raw_spin_lock_irq(&watch->lock);
	group = group_get(watch, current, current->comm);
	raw_spin_unlock_irq(&watch->lock);
	return group ? 0 : -ENOMEM;
}

/* Waits for no grace period: what probes may still use is freed later. */
void syscount_watch_close(struct watch *watch)
{
	watch_user_closes(watch->user);
	mutex_lock(&watches_mutex);
	if (!list_empty(&watch->everywhere) || hash_hashed(&watch->of_cgroup))
		gathering_ends();
	list_del_rcu(&watch->everywhere);
	hash_del_rcu(&watch->of_cgroup);
	mutex_unlock(&watches_mutex);
	close_members(watch);
	/* Not before: while there are members they are followed. */
	mutex_lock(&watches_mutex);
	WRITE_ONCE(watches, watches - 1);
	watch_probes_put(watch);
	mutex_unlock(&watches_mutex);
	call_rcu_hurry(&watch->rcu, clear_pointers);	/* the user may want to open others */
}

/**
 * syscount_watch_open() - begin to count for a file
 * @file: that was opened
 * @args: what it is to count, the flags known to be valid
 *
 * Return: the watch, or what SYSCOUNT_IOC_WATCH fails with
 */
struct watch *syscount_watch_open(const struct file *file, const struct syscount_watch *args)
{
	bool privileged = syscount_file_may_watch(file);
	struct watch *watch;
	int err;

	err = check(file, args, privileged);
	if (err)
		return ERR_PTR(err);
	watch = watch_alloc(file, args, privileged);
	if (IS_ERR(watch))
		return watch;
	if (watch->target == SYSCOUNT_TARGET_CGROUP)
		err = take_cgroup(watch, args->fd);
	err = err ?: watch_pools_fill(watch, 1) ?: add_first_group(watch);
	if (err)
		goto err_free;

	mutex_lock(&watches_mutex);
	err = watch_probes_get(watch);
	if (err) {
		mutex_unlock(&watches_mutex);
		goto err_free;
	}
	WRITE_ONCE(watches, watches + 1);
	err = add_target(watch, args);
	mutex_unlock(&watches_mutex);
	if (err) {
		syscount_watch_close(watch);
		return ERR_PTR(err);
	}
	return watch;

err_free:
	watch_user_closes(watch->user);
	watch_free(watch);
	return ERR_PTR(err);
}

/*
 * May the caller read the watch, if it is one, that @file is? What took a right to open takes it
 * to be read, too: it can be of others.
 */
bool syscount_watch_may_read(const struct file *file)
{
	const struct watch *watch = READ_ONCE(file->private_data);
	const struct cred *cred = current_cred();

	if (perfmon_capable())
		return true;
	return !(watch && watch->privileged) && uid_eq(cred->euid, file->f_cred->euid) &&
	       cred->user_ns == file->f_cred->user_ns;
}

/* How many are open. */
unsigned int syscount_watches(void)
{
	return READ_ONCE(watches);
}

static int __init hash_init_watched(void)
{
	unsigned int bits, i;

	bits = clamp_t(int, ilog2(totalram_pages()) - WATCHED_BITS_LESS, WATCHED_BITS_LEAST,
		       WATCHED_BITS_MOST);
	watched_shift = 64 - bits;
	watched_hash = kvmalloc_array(1 << bits, sizeof(*watched_hash), GFP_KERNEL);
	if (!watched_hash)
		return -ENOMEM;
	for (i = 0; i < 1 << bits; i++)
		INIT_HLIST_NULLS_HEAD(&watched_hash[i], i);
	return 0;
}

int __init syscount_watch_init(void)
{
	int err;

	table_init(&no_table);
	watch_probes_init();
	err = hash_init_watched();
	if (err)
		return err;
	err = watch_pools_init();
	if (err)
		goto err_hash;
	syscount_watch_wq = alloc_workqueue("syscount", WQ_UNBOUND, 0);
	if (!syscount_watch_wq) {
		err = -ENOMEM;
		goto err_pools;
	}
	syscount_refill_wq = alloc_workqueue("syscount_refill", WQ_UNBOUND, 0);
	if (!syscount_refill_wq) {
		err = -ENOMEM;
		goto err_watch_wq;
	}
	return 0;

err_watch_wq:
	destroy_workqueue(syscount_watch_wq);
err_pools:
	watch_pools_exit();
err_hash:
	kvfree(watched_hash);
	return err;
}

/* No file is open any more. */
void syscount_watch_exit(void)
{
	watch_probes_exit();
	rcu_barrier();		/* clear_pointers() */
	rcu_barrier_tasks();	/* free_soon(), which that asks for */
	destroy_workqueue(syscount_watch_wq);
	destroy_workqueue(syscount_refill_wq);
	watch_pools_exit();
	watch_users_exit();
	kvfree(watched_hash);
}
