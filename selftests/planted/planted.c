// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bugs, one of each kind that a debug kernel is to report, for planted.sh, and one each that
 * ftrace.sh and clock.sh have use for: they are made while it is being loaded. Never installed.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#ifdef CONFIG_X86_TSC
#include <asm/tsc.h>
#endif

static char *bug = "none";
module_param(bug, charp, 0);
MODULE_PARM_DESC(bug, "which");

/* Where the compiler does not see what it will be. */
static int seven = 7;
module_param(seven, int, 0);
MODULE_PARM_DESC(seven, "seven");

static void none(void)
{
}

static void out_of_bounds(void)
{
	char *bytes = kmalloc(seven, GFP_KERNEL);

	if (bytes)
		WRITE_ONCE(bytes[seven], 1);
	kfree(bytes);
}

static void use_after_free(void)
{
	char *bytes = kmalloc(64, GFP_KERNEL);

	kfree(bytes);
	if (bytes)
		WRITE_ONCE(bytes[seven], 1);
}

static void out_of_vmalloc(void)
{
	char *bytes = vmalloc(PAGE_SIZE - seven);

	if (bytes)
		WRITE_ONCE(bytes[PAGE_SIZE - seven], 1);
	vfree(bytes);
}

static void out_of_stack(void)
{
	char bytes[8] = { }, *at = bytes;

	OPTIMIZER_HIDE_VAR(at);
	(void)READ_ONCE(at[seven + 1]);
}

static void shift(void)
{
	static volatile int result;

	result = 1 << (seven * 7);
}

static DEFINE_SPINLOCK(spinlock);

static void sleep_in_atomic(void)
{
	spin_lock(&spinlock);
	kfree(kmalloc(64, GFP_KERNEL));
	spin_unlock(&spinlock);
}

static DEFINE_MUTEX(mutex_a);
static DEFINE_MUTEX(mutex_b);

static void circular_locks(void)
{
	mutex_lock(&mutex_a);
	mutex_lock(&mutex_b);
	mutex_unlock(&mutex_b);
	mutex_unlock(&mutex_a);
	mutex_lock(&mutex_b);
	mutex_lock(&mutex_a);
	mutex_unlock(&mutex_a);
	mutex_unlock(&mutex_b);
}

static void rcu_unlocked(void)
{
	static int __rcu *pointer;

	(void)rcu_dereference(pointer);
}

static void rcu_list_unlocked(void)
{
	static LIST_HEAD(list);
	struct { struct list_head list; } *item;

	list_for_each_entry_rcu(item, &list, list)
		;
}

static void cpu_while_preemptible(void)
{
	(void)smp_processor_id();
}

static void nothing(struct work_struct *work)
{
}

static void active_object(void)
{
	static struct delayed_work work;

	INIT_DELAYED_WORK(&work, nothing);
	schedule_delayed_work(&work, HZ);
	INIT_DELAYED_WORK(&work, nothing);
	msleep(2000);
	cancel_delayed_work_sync(&work);
}

static void list_added_twice(void)
{
	static LIST_HEAD(list);
	static struct list_head item;

	list_add(&item, &list);
	list_add(&item, &list);
}

static void leak(void)
{
	/* kmemleak takes for used what any register or stack may still name. */
	char *bytes = kmalloc(5000, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(bytes);
}

static int shared;

static int count_on(void *unused)
{
	while (!kthread_should_stop()) {
		shared++;
		cond_resched();
	}
	return 0;
}

static void race(void)
{
	struct task_struct *one = kthread_run(count_on, NULL, "planted/1");
	struct task_struct *two = kthread_run(count_on, NULL, "planted/2");

	msleep(5000);
	if (!IS_ERR(one))
		kthread_stop(one);
	if (!IS_ERR(two))
		kthread_stop(two);
}

/* As when ftrace finds a fault in itself: it does nothing any more. For ftrace.sh. */
static void ftrace_dead(void)
{
	struct kprobe probe = { .symbol_name = "ftrace_kill", .flags = KPROBE_FLAG_DISABLED };
	void (*ftrace_kill)(void);

	if (register_kprobe(&probe))
		return;
	ftrace_kill = (void *)probe.addr;
	unregister_kprobe(&probe);
	ftrace_kill();
	pr_info("ftrace is dead\n");
}

/* As when the kernel's watchdog of clocks finds it wrong. For clock.sh. */
static void tsc_unstable(void)
{
#ifdef CONFIG_X86_TSC
	mark_tsc_unstable("planted");
#endif
}

static const struct {
	const char *name;
	void (*make)(void);
} bugs[] = {
	{ "none", none },
	{ "out_of_bounds", out_of_bounds },
	{ "use_after_free", use_after_free },
	{ "out_of_vmalloc", out_of_vmalloc },
	{ "out_of_stack", out_of_stack },
	{ "shift", shift },
	{ "sleep_in_atomic", sleep_in_atomic },
	{ "circular_locks", circular_locks },
	{ "rcu_unlocked", rcu_unlocked },
	{ "rcu_list_unlocked", rcu_list_unlocked },
	{ "cpu_while_preemptible", cpu_while_preemptible },
	{ "active_object", active_object },
	{ "list_added_twice", list_added_twice },
	{ "leak", leak },
	{ "race", race },
	{ "ftrace_dead", ftrace_dead },
	{ "tsc_unstable", tsc_unstable },
};

static int __init planted_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		if (strcmp(bugs[i].name, bug))
			continue;
		bugs[i].make();
		return 0;
	}
	return -EINVAL;
}

/* Nothing is left to take down, but it can be unloaded and loaded with the next bug. */
static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);

MODULE_DESCRIPTION("For the tests of syscount only");
MODULE_LICENSE("GPL");
