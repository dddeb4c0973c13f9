/* SPDX-License-Identifier: GPL-2.0-only */
/* How the module sees a call. One hook counts at a time. */
#ifndef _SYSCOUNT_HOOK_H
#define _SYSCOUNT_HOOK_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/syscount.h>

#include "cost.h"
#include "table.h"

/* The hooks that there are have the ids from 1 to this. */
#define SYSCOUNT_HOOKS	SYSCOUNT_HOOK_KPROBE

/*
 * Which hook counts is one pointer, so that changing it is one store and no call
 * falls between two. The hook with the id 1 takes its weights where the pointer
 * points, 2 a block further. All blocks are zeroes but the one in the middle:
 *
 *	zeroes  weights  zeroes
 *	^ base: hook 2 counts, and 1 adds zeroes
 *	        ^ base: hook 1 counts, and 2 adds zeroes
 */
extern u8 syscount_weight_blocks[2 * SYSCOUNT_HOOKS - 1][SYSCOUNT_INDEXES];
extern const u8 *syscount_weight_base;

/* What is always zeroes: for what runs as if it counted. See cost.c. */
extern const u8 *syscount_weight_zeroes;

/*
 * What a call adds to its counter, by index: 1 if its category and its own
 * switch are on, else 0.
 */
static inline u8 *syscount_weights(void)
{
	return syscount_weight_blocks[SYSCOUNT_HOOKS - 1];
}

/* What a call adds. */
static __always_inline unsigned long syscount_weight(const u8 *weights, unsigned int index)
{
	/* A byte that is switched meanwhile is the old one or the new one. */
	return data_race(weights[index]);
}

/* What a call that this hook sees adds: for the probes. */
static __always_inline const u8 *syscount_hook_weights(enum syscount_hook_id id)
{
	return READ_ONCE(syscount_weight_base) +
	       (id - 1) * SYSCOUNT_INDEXES;
}

/**
 * struct syscount_hook - a way of hooking
 * @name: word for parameter, sysfs and /proc
 * @id: for the ioctls
 * @usable: can this kernel have it; asked once, at load
 * @sees_out_of_range: do numbers outside the kernel's tables reach it
 * @is_sys_enter: its probe calls syscount_watch_entered()
 * @prepare: what takes long and needs no lock, so that @attach finds it done; @attach
 *	does it otherwise. NULL: nothing does.
 * @attach: start calling the probes; may sleep
 * @detach: the exact mirror; probes may still run when it returns, until
 *	@drain
 * @rehearsal: what @attach could hook for cost.c besides, asked while it is attached.
 *	NULL: nothing.
 * @bypass: for the next SYSCOUNT_BYPASS_MS leave the calling thread alone; or no
 *	longer; @detach ends it too. NULL: it cannot be done.
 * @drain: after the last @detach: wait for probes that still run, so that text and
 *	memory can go, and free what @prepare made. NULL if @detach waits.
 *
 * The callbacks but @prepare are serialised by switch.c.
 */
struct syscount_hook {
	const char *name;
	enum syscount_hook_id id;
	bool (*usable)(void);
	bool (*sees_out_of_range)(void);
	bool is_sys_enter;
	int (*prepare)(void);
	int (*attach)(void);
	void (*detach)(void);
	enum syscount_rehearsal (*rehearsal)(void);
	void (*bypass)(bool on);
	void (*drain)(void);
};

extern const struct syscount_hook syscount_hook_direct;
extern const struct syscount_hook syscount_hook_tracepoint;
extern const struct syscount_hook syscount_hook_kprobe;

int syscount_hook_init(const char *name);
bool syscount_hook_can_move_on(void);
int syscount_hook_prepare(void);
void syscount_hook_move_on(void);
void syscount_hook_exit(void);

int syscount_hook_choose(const char *name);
int syscount_hook_start(void);
void syscount_hook_stop(void);

enum syscount_hook_id syscount_hook_chosen(void);
enum syscount_hook_id syscount_hook_active(void);
const char *syscount_hook_name(enum syscount_hook_id id);
u32 syscount_hook_available(void);
bool syscount_hook_sees_out_of_range(void);
unsigned long syscount_hook_changes(void);
enum syscount_rehearsal syscount_hook_rehearsal(void);
int syscount_hook_bypass(bool on);

/*
 * kprobes side by side; when it returns, none of them runs, and the kernel knows none,
 * whatever went wrong.
 */
#define SYSCOUNT_KPROBES_MAX	8

struct kprobe;

void syscount_unregister_kprobes(struct kprobe *kprobes, unsigned int count);

/* Is there a call, a breakpoint or a jump at @address, or nothing of a probe? */
bool syscount_text_patched(unsigned long address);

#endif
