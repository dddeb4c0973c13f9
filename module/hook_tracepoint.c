// SPDX-License-Identifier: GPL-2.0-only
/* The hook that every kernel with syscall tracepoints has: raw_syscalls:sys_enter. */

#include <linux/cache.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/thread_info.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <trace/events/syscalls.h>

#include "arch.h"
#include "compat.h"
#include "counters.h"
#include "hook.h"
#include "watch.h"

static struct tracepoint *sys_enter __ro_after_init;

static noinline notrace void count_other(void *unused, struct pt_regs *regs, long id)
{
	syscount_count_entered(syscount_hook_weights(SYSCOUNT_HOOK_TRACEPOINT), id);
	if (unlikely(arch_cpu_read(syscount_watched)))
		syscount_watch_entered_besides(regs, id);
}
NOKPROBE_SYMBOL(count_other);

/*
 * The kernel passes the low half of orig_ax, as it dispatches on it; the whole @id is
 * compared, and @counters are at hand, which saves an instruction each; what is rare is
 * called last and with what is at hand, so that nothing needs to be moved. From 6.13 on
 * this runs preemptible.
 */
static notrace void syscount_sys_enter(void *counters, struct pt_regs *regs, long id)
{
	unsigned long weight;

	if (unlikely(arch_in_compat() || (unsigned long)id >= SYSCOUNT_SIZE_64)) {
		count_other(counters, regs, id);
		return;
	}
	weight = syscount_add((u64 __percpu *)(unsigned long)counters,
			      syscount_hook_weights(SYSCOUNT_HOOK_TRACEPOINT),
			      SYSCOUNT_BASE_64 + id);
	if (unlikely(arch_cpu_read(syscount_watched)))
		syscount_watch_entered(weight, regs, id);
}
NOKPROBE_SYMBOL(syscount_sys_enter);

static void match_sys_enter(struct tracepoint *tp, void *found)
{
	if (!strcmp(tp->name, "sys_enter"))
		*(struct tracepoint **)found = tp;
}

/* The tracepoint is not exported to modules, so it is looked up by its name. */
static bool syscount_tracepoint_usable(void)
{
	for_each_kernel_tracepoint(match_sys_enter, &sys_enter);
	return sys_enter;
}

static bool syscount_tracepoint_sees_out_of_range(void)
{
	return true;
}

static int syscount_tracepoint_attach(void)
{
	check_trace_callback_type_sys_enter(syscount_sys_enter);

	return tracepoint_probe_register(sys_enter, syscount_sys_enter,
					 (void *)(unsigned long)syscount_counters);
}

/*
 * The thread that for a moment takes the kernel's fast way into a call: its flag that
 * says that there are tracepoints is cleared. There are, as long as this hook is
 * attached, so every task is to have it again before that ends. Under switch_mutex, or
 * the work item's, which is cancelled before it is looked at there.
 */
static struct task_struct *bypass_task;

/* True if one had not. */
static bool flag_all_tasks(void)
{
	struct task_struct *process, *task;
	bool any = false;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		if (!test_task_syscall_work(task, SYSCALL_TRACEPOINT)) {
			set_task_syscall_work(task, SYSCALL_TRACEPOINT);
			any = true;
		}
	}
	rcu_read_unlock();
	return any;
}

/*
 * A child begins with the flag that its parent has while it is made: copy_process() puts
 * it into the list of tasks and then gives it the flag, under tasklist_lock, which is
 * an RCU read side. So once the parent has its flag, and a grace period later, no child
 * is without that is not in the list; one is looked for until there is none.
 */
static void end_bypass(struct work_struct *work)
{
	if (!bypass_task)
		return;
	set_task_syscall_work(bypass_task, SYSCALL_TRACEPOINT);
	put_task_struct(bypass_task);
	bypass_task = NULL;
	do
		synchronize_rcu();
	while (flag_all_tasks());
}

static DECLARE_DELAYED_WORK(end_bypass_work, end_bypass);

/*
 * Let in one by one by switch.c, as is detach. The last thread that asked for it has
 * it; one that has it not can end it as well, since all that is lost is time.
 */
static void syscount_tracepoint_bypass(bool on)
{
	cancel_delayed_work_sync(&end_bypass_work);
	if (!on || bypass_task != current)
		end_bypass(NULL);
	if (!on)
		return;
	if (!bypass_task)
		bypass_task = get_task_struct(current);
	clear_task_syscall_work(current, SYSCALL_TRACEPOINT);
	schedule_delayed_work(&end_bypass_work, msecs_to_jiffies(SYSCOUNT_BYPASS_MS));
}

static void syscount_tracepoint_detach(void)
{
	cancel_delayed_work_sync(&end_bypass_work);
	end_bypass(NULL);
	tracepoint_probe_unregister(sys_enter, syscount_sys_enter,
				    (void *)(unsigned long)syscount_counters);
}

static void syscount_tracepoint_drain(void)
{
	tracepoint_synchronize_unregister();
}

const struct syscount_hook syscount_hook_tracepoint = {
	.name = "tracepoint",
	.id = SYSCOUNT_HOOK_TRACEPOINT,
	.usable = syscount_tracepoint_usable,
	.sees_out_of_range = syscount_tracepoint_sees_out_of_range,
	.is_sys_enter = true,
	.attach = syscount_tracepoint_attach,
	.detach = syscount_tracepoint_detach,
	.bypass = syscount_tracepoint_bypass,
	.drain = syscount_tracepoint_drain,
};
