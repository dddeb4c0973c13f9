/* SPDX-License-Identifier: GPL-2.0-only */
/* The room for watches: what the running task's calls are counted for besides. */
#ifndef _SYSCOUNT_WATCH_H
#define _SYSCOUNT_WATCH_H

#include <linux/percpu.h>

struct syscount_watch;

/*
 * The running task's watch on each CPU, NULL for most tasks. The trampolines of the
 * hook direct look at it from the start, so that opening a watch changes no code.
 */
DECLARE_PER_CPU(struct syscount_watch *, syscount_watch);

void syscount_watch_call(unsigned int index);

#endif
