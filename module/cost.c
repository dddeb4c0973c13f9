// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the hook adds to a call, in nanoseconds. A call of the kernel's that is not
 * counted is not to be had without losing counts, so it is rehearsed: the hook is
 * attached to a function of this file as to the kernel's, runs the same instructions,
 * and adds zeroes. Timed are that function and one that differs in nothing else.
 */

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/syscount.h>
#include <linux/timekeeping.h>

#include "cost.h"
#include "hook.h"

#define CALLS	1000		/* so few that most rounds are without an interrupt */
#define ROUNDS	100		/* of which the shortest counts */

#ifdef CONFIG_X86_64
#include <asm/nops.h>
#define REHEARSAL_BODY	ASM_NOP8
#else
#define REHEARSAL_BODY	"nop\n\tnop\n"
#endif

/*
 * Two and two alike: a body of its own keeps the compiler from making two of them one,
 * none is static since those may begin otherwise, and each has a cache line. The
 * length of the body is what an optimised kprobe needs.
 */
#define REHEARSAL(attributes, name)						\
noinline __noclone attributes __aligned(64)					\
void name(const struct pt_regs *regs, unsigned int nr);				\
void name(const struct pt_regs *regs, unsigned int nr)				\
{										\
	asm volatile(REHEARSAL_BODY "// " #name : : "r" (regs), "r" (nr) : "memory");	\
}

REHEARSAL(, syscount_rehearsal_traced)
REHEARSAL(, syscount_rehearsal_traced_bare)
REHEARSAL(notrace, syscount_rehearsal_untraced)
REHEARSAL(notrace, syscount_rehearsal_untraced_bare)

/* Inlined, so that what is timed is called as the kernel calls its own: by its name. */
static __always_inline u64 time_round(void (*function)(const struct pt_regs *, unsigned int))
{
	struct pt_regs regs = {};	/* the number 0, that every abi has */
	u64 begin = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < CALLS; i++)
		function(&regs, 0);
	return ktime_get_ns() - begin;
}

static void time_rounds(bool traced, u64 *hooked, u64 *bare)
{
	if (traced) {
		*hooked = min(*hooked, time_round(syscount_rehearsal_traced));
		*bare = min(*bare, time_round(syscount_rehearsal_traced_bare));
	} else {
		*hooked = min(*hooked, time_round(syscount_rehearsal_untraced));
		*bare = min(*bare, time_round(syscount_rehearsal_untraced_bare));
	}
}

static int measure(struct syscount_cost *cost, enum syscount_rehearsal rehearsal)
{
	u64 hooked = U64_MAX, bare = U64_MAX;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		time_rounds(rehearsal == SYSCOUNT_REHEARSAL_TRACED, &hooked, &bare);
		if (fatal_signal_pending(current))
			return -EINTR;
		/* Who changes a hook waits for RCU tasks: not for all the rounds. */
		cond_resched_tasks_rcu_qs();
	}
	cost->calls = CALLS;
	cost->hooked_ns = hooked;
	cost->bare_ns = bare;
	return 0;
}

/**
 * syscount_cost_measure() - time what the active hook adds to a call
 * @cost: is filled; @calls is 0 if the hook cannot be rehearsed or nothing is hooked
 *
 * One at a time, as others on all CPUs would be no measurement.
 *
 * Return: 0; -EAGAIN: the hook is being changed or was meanwhile; -EINTR: the caller is
 * being killed
 */
int syscount_cost_measure(struct syscount_cost *cost)
{
	static DEFINE_MUTEX(cost_mutex);
	enum syscount_rehearsal rehearsal;
	int err = 0;

	if (mutex_lock_killable(&cost_mutex))
		return -EINTR;
	cost->calls = 0;
	cost->hooked_ns = 0;
	cost->bare_ns = 0;
	cost->changes = syscount_hook_changes();
	cost->hook = syscount_hook_active();
	rehearsal = syscount_hook_rehearsal();
	if (rehearsal != SYSCOUNT_REHEARSAL_NONE)
		err = measure(cost, rehearsal);
	if (!err && (cost->changes % 2 || cost->changes != syscount_hook_changes()))
		err = -EAGAIN;
	mutex_unlock(&cost_mutex);
	return err;
}
