// SPDX-License-Identifier: GPL-2.0-only
/* Choose a hook, start and stop it, change it while calls are made. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "hook.h"
#include "switch.h"
#include "watch.h"

/* In the order in which "auto" prefers them, which is that of their ids, from 1 on. */
static const struct syscount_hook *const hooks[] = {
	&syscount_hook_direct,
	&syscount_hook_tracepoint,
	&syscount_hook_kprobe,
};

/* All of this is changed under switch_mutex only (switch.c). */
static const struct syscount_hook *chosen;
static const struct syscount_hook *active;	/* NULL: nothing is hooked */
static bool automatic;				/* if chosen cannot be had, another will do */
static unsigned long changes;			/* odd: one is under way */
static u32 available __ro_after_init;		/* bits of those that this kernel can have */

u8 syscount_weight_blocks[2 * SYSCOUNT_HOOKS - 1][SYSCOUNT_INDEXES] __read_mostly;
const u8 *syscount_weight_base __read_mostly = syscount_weight_blocks[0];
const u8 *syscount_weight_zeroes __ro_after_init = syscount_weight_blocks[0];

/*
 * For those who look without the mutex: as with a seqcount, what was seen between two
 * equal, even numbers belongs together. Written by one at a time, who may sleep.
 */
static void change_begin(void)
{
	WRITE_ONCE(changes, changes + 1);
	smp_wmb();	/* odd before anything is attached or detached */
}

static void change_end(void)
{
	smp_wmb();	/* and even after it */
	WRITE_ONCE(changes, changes + 1);
}

static bool is_available(const struct syscount_hook *hook)
{
	return available & BIT(hook->id);
}

static const struct syscount_hook *find_hook(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!strcmp(name, hooks[i]->name))
			return is_available(hooks[i]) ? hooks[i] : ERR_PTR(-EOPNOTSUPP);
	return ERR_PTR(-EINVAL);
}

/* The one that "auto" prefers, and if @quick, of those that are attached at once. */
static const struct syscount_hook *best_hook(bool quick)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (is_available(hooks[i]) && !(quick && hooks[i]->prepare))
			return hooks[i];
	return ERR_PTR(-EOPNOTSUPP);
}

/*
 * Watches need the tracepoint sys_enter, which a hook may be already: from before another
 * one counts they have it themselves, and until after that hook does.
 */
static int let_watches_know(const struct syscount_hook *hook)
{
	int err = hook->is_sys_enter ? 0 : syscount_watch_hook_changes(false);

	if (err)
		hook->detach();
	return err;
}

/*
 * Take over from the active hook, if there is one. The new one is attached
 * before the old one is let go, so a failure leaves the old one counting.
 *
 * A call that is between the places of the two hooks at the store is lost or
 * counted twice: at most one for each thread.
 */
static int take_over(const struct syscount_hook *hook)
{
	int err;

	change_begin();
	err = hook->attach() ?: let_watches_know(hook);
	if (err) {
		pr_err("hook %s: cannot be attached (%d)\n", hook->name, err);
		goto out;
	}

	syscount_watch_hook_settle();
	WRITE_ONCE(syscount_weight_base,
		   syscount_weight_blocks[SYSCOUNT_HOOKS - hook->id]);
	/* Whoever asked before this has entered before more is switched on, and not twice. */
	syscount_watch_hook_settle();

	if (active)
		active->detach();
	WRITE_ONCE(active, hook);
	WRITE_ONCE(chosen, hook);
	if (hook->is_sys_enter)
		syscount_watch_hook_changes(true);
out:
	change_end();
	return err;
}

/*
 * Count by @hook; or, with "auto", by another one if that cannot be attached, first
 * those behind it in order of preference.
 */
static int take_over_first(const struct syscount_hook *hook, bool others)
{
	unsigned int i, first = hook->id - 1;
	int err = -EOPNOTSUPP;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		hook = hooks[(first + i) % ARRAY_SIZE(hooks)];
		if (!is_available(hook))
			continue;
		err = hook == active ? 0 : take_over(hook);
		if (!err || !others)
			break;
	}
	return err;
}

/* Start counting. Nothing to do if it goes on already. */
int syscount_hook_start(void)
{
	return active ? 0 : take_over_first(chosen, automatic);
}

void syscount_hook_stop(void)
{
	if (!active)
		return;
	change_begin();
	/*
	 * Watches see entries as before, though there is nothing to count. If they cannot by
	 * themselves, for want of memory, the hook stays.
	 */
	if (active->is_sys_enter) {
		if (syscount_watch_hook_changes(false))
			goto out;
		syscount_watch_hook_settle();
		WRITE_ONCE(syscount_weight_base,
			   syscount_weight_blocks[SYSCOUNT_HOOKS - SYSCOUNT_HOOK_DIRECT]);
	}
	active->detach();
	WRITE_ONCE(active, NULL);
out:
	change_end();
}

/**
 * syscount_hook_choose() - count by another hook from now on
 * @name: "auto" takes the first that can be attached
 *
 * Return: 0; -EINVAL: no hook of that name; -EOPNOTSUPP: not on this kernel; else
 * why it could not be attached. On error nothing has changed.
 */
int syscount_hook_choose(const char *name)
{
	bool any = !strcmp(name, "auto");
	const struct syscount_hook *hook = any ? best_hook(false) : find_hook(name);
	int err = 0;

	if (IS_ERR(hook))
		return PTR_ERR(hook);
	if (active)
		err = take_over_first(hook, any);
	else
		WRITE_ONCE(chosen, hook);
	if (!err)
		automatic = any;
	return err;
}

/*
 * At load "auto" begins with a hook that is attached at once, so that no call is
 * missed meanwhile, and leaves the better one to syscount_hook_move_on().
 */
int __init syscount_hook_init(const char *name)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i]->usable())
			available |= BIT(hooks[i]->id);

	automatic = !strcmp(name, "auto");
	if (automatic) {
		chosen = best_hook(true);
		if (!IS_ERR(chosen))
			return 0;
		err = PTR_ERR(chosen);
	} else {
		err = syscount_hook_choose(name);
	}
	if (err == -EINVAL)
		pr_err("hook: no hook '%s'; there are direct, tracepoint, kprobe, or auto\n", name);
	else if (err && automatic)
		pr_err("hook: this kernel can have none of direct, tracepoint, kprobe (%d)\n", err);
	else if (err)
		pr_err("hook: this kernel cannot have '%s' (%d)\n", name, err);
	return err;
}

bool syscount_hook_can_move_on(void)
{
	return automatic && best_hook(false) != chosen;
}

/* Needs no lock, so that nobody waits for what takes long. */
int syscount_hook_prepare(void)
{
	const struct syscount_hook *hook = best_hook(false);

	return hook->prepare ? hook->prepare() : 0;
}

/* From the hook of the load to the best, unless somebody chose one since. */
void syscount_hook_move_on(void)
{
	const struct syscount_hook *hook = best_hook(false);

	if (!automatic || chosen == hook)
		return;
	if (active)
		take_over(hook);
	else
		WRITE_ONCE(chosen, hook);
}

void syscount_hook_exit(void)
{
	unsigned int i;

	syscount_hook_stop();
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i]->drain)
			hooks[i]->drain();
}

/* Counts, or will count as soon as something is switched on. */
enum syscount_hook_id syscount_hook_chosen(void)
{
	return READ_ONCE(chosen)->id;
}

/* SYSCOUNT_HOOK_NONE while everything is off. */
enum syscount_hook_id syscount_hook_active(void)
{
	const struct syscount_hook *hook = READ_ONCE(active);

	return hook ? hook->id : SYSCOUNT_HOOK_NONE;
}

/* NULL for a hook that this module does not have. */
const char *syscount_hook_name(enum syscount_hook_id id)
{
	unsigned int i;

	if (id == SYSCOUNT_HOOK_NONE)
		return "none";
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i]->id == id)
			return hooks[i]->name;
	return NULL;
}

/* Bits of those that this kernel can have. */
u32 syscount_hook_available(void)
{
	return available;
}

bool syscount_hook_sees_out_of_range(void)
{
	return READ_ONCE(chosen)->sees_out_of_range();
}

/* How often hooks were changed; odd while one is. */
unsigned long syscount_hook_changes(void)
{
	unsigned long now;

	smp_rmb();	/* what the caller has seen belongs to it ... */
	now = READ_ONCE(changes);
	smp_rmb();	/* ... and so does what it will see */
	return now;
}

/* Of the active hook: good if syscount_hook_changes() is even, before and after. */
enum syscount_rehearsal syscount_hook_rehearsal(void)
{
	const struct syscount_hook *hook = READ_ONCE(active);

	return hook && hook->rehearsal ? hook->rehearsal() : SYSCOUNT_REHEARSAL_NONE;
}

/* As struct syscount_hook says; -EOPNOTSUPP without one that can. */
int syscount_hook_bypass(bool on)
{
	if (!active || !active->bypass)
		return -EOPNOTSUPP;
	active->bypass(on);
	return 0;
}
