/* SPDX-License-Identifier: GPL-2.0-only */
/* What counting one call costs, measured without a call of the user's. */
#ifndef _SYSCOUNT_COST_H
#define _SYSCOUNT_COST_H

#include <linux/types.h>

struct pt_regs;
struct syscount_cost;

/* Which pair of functions a hook rehearses on: see cost.c. */
enum syscount_rehearsal {
	SYSCOUNT_REHEARSAL_NONE,
	SYSCOUNT_REHEARSAL_TRACED,	/* that begins with ftrace's call, or its no-op */
	SYSCOUNT_REHEARSAL_UNTRACED,
};

/* Called as the functions are that the hooks know, and by nobody but cost.c. */
void syscount_rehearsal_traced(const struct pt_regs *regs, unsigned int nr);
void syscount_rehearsal_untraced(const struct pt_regs *regs, unsigned int nr);

int syscount_cost_measure(struct syscount_cost *cost);

#endif
