// SPDX-License-Identifier: GPL-2.0-only
/* The hook that every kernel with syscall tracepoints has: raw_syscalls:sys_enter. */

#include <linux/cache.h>
#include <linux/kprobes.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/syscalls.h>

#include "counters.h"
#include "hook.h"

static struct tracepoint *sys_enter __ro_after_init;

/*
 * The kernel passes the low half of orig_ax, as it dispatches on it. From 6.13 on
 * this runs preemptible.
 */
static notrace void syscount_sys_enter(void *data, struct pt_regs *regs, long id)
{
	if (likely(!in_ia32_syscall() && (u32)id < SYSCOUNT_SIZE_64))
		syscount_count(syscount_hook_weights(SYSCOUNT_HOOK_TRACEPOINT),
			       SYSCOUNT_BASE_64 + (u32)id);
	else
		syscount_count_entered(syscount_hook_weights(SYSCOUNT_HOOK_TRACEPOINT), id);
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

	return tracepoint_probe_register(sys_enter, syscount_sys_enter, NULL);
}

static void syscount_tracepoint_detach(void)
{
	tracepoint_probe_unregister(sys_enter, syscount_sys_enter, NULL);
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
	.attach = syscount_tracepoint_attach,
	.detach = syscount_tracepoint_detach,
	.drain = syscount_tracepoint_drain,
};
