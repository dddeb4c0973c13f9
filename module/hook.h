/* SPDX-License-Identifier: GPL-2.0-only */
/* How the module sees a call. One hook counts at a time. */
#ifndef _SYSCOUNT_HOOK_H
#define _SYSCOUNT_HOOK_H

#include <linux/types.h>
#include <linux/syscount.h>

/**
 * struct syscount_hook - a way of hooking
 * @name: word for parameter, sysfs and /proc
 * @id: for the ioctls
 * @sees_out_of_range: numbers outside the kernel's tables reach it
 * @weights: what its probes pass to syscount_count(): syscount_weights while it
 *	is this hook that counts, else zeroes. So a hook can be attached and
 *	detached at leisure, and taking over is a store.
 * @usable: can this kernel have it; asked once, at load
 * @attach: start calling the probes; may sleep
 * @detach: the exact mirror; probes may still run when it returns, until
 *	@drain
 * @drain: wait for probes that still run after @detach, so that text and memory
 *	can go. NULL if @detach waits.
 *
 * The callbacks are serialised by switch.c.
 */
struct syscount_hook {
	const char *name;
	enum syscount_hook_id id;
	bool sees_out_of_range;
	const u8 *weights;
	bool (*usable)(void);
	int (*attach)(struct syscount_hook *hook);
	void (*detach)(struct syscount_hook *hook);
	void (*drain)(void);
};

extern struct syscount_hook syscount_hook_tracepoint;
extern struct syscount_hook syscount_hook_kprobe;

int syscount_hook_init(const char *name);
void syscount_hook_exit(void);

int syscount_hook_choose(const char *name);
int syscount_hook_start(void);
void syscount_hook_stop(void);

enum syscount_hook_id syscount_hook_chosen(void);
enum syscount_hook_id syscount_hook_active(void);
const char *syscount_hook_name(enum syscount_hook_id id);
u32 syscount_hook_available(void);
bool syscount_hook_sees_out_of_range(void);

#endif
