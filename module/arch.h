/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs by architecture when a call is counted. */
#ifndef _SYSCOUNT_ARCH_H
#define _SYSCOUNT_ARCH_H

#include <linux/compat.h>
#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/thread_info.h>
#include <linux/types.h>
#include <linux/syscount.h>

#include "table.h"

#ifdef CONFIG_X86_64

#include <asm/tsc.h>

/* Is the running task in a call of the abi for 32-bit programs? */
static __always_inline bool arch_in_compat(void)
{
	return in_ia32_syscall();
}

/*
 * The abi of a call of the running task, by the number that it entered with, from which
 * x32's bit is taken.
 */
static __always_inline unsigned int arch_entered_abi(s32 *nr)
{
	if (arch_in_compat())
		return SYSCOUNT_ABI_I386;
	/* Negative numbers are no x32 calls: do_syscall_x32() in arch/x86/entry/common.c */
	if (*nr <= 0 || !(*nr & SYSCOUNT_X32_BIT))
		return SYSCOUNT_ABI_64;
	*nr &= ~SYSCOUNT_X32_BIT;
	return SYSCOUNT_ABI_X32;
}

/* The number that a call was entered with: -1 once there is none any more. */
static __always_inline s32 arch_regs_nr(const struct pt_regs *regs)
{
	return regs->orig_ax;
}

/* Of this CPU, by one instruction: so it may be preempted. */
#define arch_cpu_read(variable)	raw_cpu_read(variable)

/* The processor's cycles, and how many there are in a millisecond; 0: not to be trusted. */
static __always_inline u64 arch_cycles(void)
{
	return rdtsc();
}

static inline unsigned int arch_cycles_khz(void)
{
	return boot_cpu_has(X86_FEATURE_TSC) && !check_tsc_unstable() ? tsc_khz : 0;
}

#else

static __always_inline bool arch_in_compat(void)
{
	return is_compat_task();
}

static __always_inline unsigned int arch_entered_abi(s32 *nr)
{
	return arch_in_compat() ? SYSCOUNT_ABI_ARM : SYSCOUNT_ABI_64;
}

static __always_inline s32 arch_regs_nr(const struct pt_regs *regs)
{
	return regs->syscallno;
}

/* Address and load are two instructions here. */
#define arch_cpu_read(variable)	this_cpu_read(variable)

static __always_inline u64 arch_cycles(void)
{
	return 0;
}

static inline unsigned int arch_cycles_khz(void)
{
	return 0;
}

#endif

#endif
