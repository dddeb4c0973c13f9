/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches: whose calls are counted besides, for an open file. What hooks, readers and
 * main.c know of them.
 */
#ifndef _SYSCOUNT_WATCH_H
#define _SYSCOUNT_WATCH_H

#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/syscount.h>

#include "arch.h"

struct file;
struct pt_regs;
struct watch;
struct syscount_watched;

/*
 * What the running task is watched by on each CPU, NULL for most tasks. The probes of all
 * hooks look at it from the start, so that opening a watch changes no code.
 */
DECLARE_PER_CPU(struct syscount_watched *, syscount_watched);

void syscount_watch_call(unsigned int index, unsigned long weight);
void syscount_watch_unknown(unsigned int abi, s32 nr, unsigned long weight);
void syscount_watch_entered(unsigned long weight, struct pt_regs *regs, long id);
void syscount_watch_entered_besides(struct pt_regs *regs, long id);
int syscount_watch_hook_changes(bool stands_in);
void syscount_watch_hook_settle(void);

/* A call with the counter's @index was counted by @weight. Preemptible. */
static __always_inline void syscount_watch_check(unsigned int index, unsigned long weight)
{
	if (unlikely(arch_cpu_read(syscount_watched)))
		syscount_watch_call(index, weight);
}

int syscount_watch_init(void);
void syscount_watch_exit(void);

struct watch *syscount_watch_open(const struct file *file, const struct syscount_watch *args);
void syscount_watch_close(struct watch *watch);
int syscount_watch_read(struct watch *watch, struct syscount_watch_read *args,
			int (*store)(struct syscount_watch_read *args));
bool syscount_watch_may_read(const struct file *file);
unsigned int syscount_watches(void);

#endif
