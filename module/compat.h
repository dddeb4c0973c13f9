/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What older kernels have otherwise: the one file that names versions. A block
 * goes when the oldest kernel that the module is for has what the newer ones have.
 * For C and assembly.
 */
#ifndef _SYSCOUNT_COMPAT_H
#define _SYSCOUNT_COMPAT_H

#include <linux/version.h>

/*
 * 5.14, commit 6218d0f6b8de ("x86/syscalls: Switch to generic syscalltbl.sh"): x32 has
 * a header of its own, where before one header had macros that said for which of
 * the two a line was; commit 2e958a8a510d ("x86/entry/x32: Rename
 * __x32_compat_sys_* to __x64_compat_sys_*").
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 14, 0)
#define SYSCOUNT_X32_IN_SYSCALLS_64
#define SYSCOUNT_X32_COMPAT	"__x32_"
#define __SYSCALL_COMMON(nr, entry)	__SYSCALL(nr, entry)
#define __SYSCALL_I386(nr, entry)	__SYSCALL(nr, entry)
#else
#define SYSCOUNT_X32_COMPAT	"__x64_"
#endif

/*
 * 6.11 ("arm64: generate 64-bit syscall.tbl"): arm64 has tables, where before the headers of
 * numbers had its functions, too.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define SYSCOUNT_ARM64_TABLES
#endif

/*
 * 5.11, commit 3136b93c3fb2 ("entry: Expose helpers to migrate TIF to SYSCALL_WORK
 * flags"): the flags of work to do for a system call have words of their own.
 */
#if !defined(__ASSEMBLY__) && !defined(__ASSEMBLER__) && \
	LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define set_task_syscall_work(task, work)	set_tsk_thread_flag(task, TIF_##work)
#define clear_task_syscall_work(task, work)	clear_tsk_thread_flag(task, TIF_##work)
#define test_task_syscall_work(task, work)	test_tsk_thread_flag(task, TIF_##work)
#endif

/*
 * Without preemption the kernel makes RCU tasks RCU (linux/rcupdate.h), and forgets this
 * one. Up to 5.12 set_active_memcg() does not export what it needs.
 */
#if !defined(__ASSEMBLY__) && !defined(__ASSEMBLER__)
#ifndef CONFIG_TASKS_RCU
#define rcu_barrier_tasks	rcu_barrier
#endif
/* 6.2 ("rcu: Make call_rcu() lazy to save power"): before, none waits for long. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define call_rcu_hurry		call_rcu
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 13, 0) && defined(CONFIG_MEMCG)
#define set_active_memcg(memcg)		xchg(&current->active_memcg, memcg)
#endif
#endif

/*
 * 7.2 moved a program's dumpability from the mm to the task (linux/sched/exec_state.h), and
 * exports no function that tells it.
 */
#if !defined(__ASSEMBLY__) && !defined(__ASSEMBLER__)
#ifdef __has_include		/* sparse has it not, and checks older kernels */
#if __has_include("linux/sched/exec_state.h")
#define SYSCOUNT_HAVE_EXEC_STATE
#endif
#endif
#ifdef SYSCOUNT_HAVE_EXEC_STATE
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/exec_state.h>
/* Of the running task, in an RCU read section */
#define compat_dumpable_to_user() \
	(rcu_dereference(current->exec_state)->dumpable == TASK_DUMPABLE_OWNER)
#else
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#define compat_dumpable_to_user()	(get_dumpable(current->mm) == SUID_DUMP_USER)
#endif
#endif

/*
 * 5.16 brought direct calls for many functions of one ftrace_ops, 6.0 its ops_func and
 * ftrace_set_filter_ips(). The trampolines' per-CPU addresses are those of SMP.
 */
#if defined(CONFIG_X86_64) && defined(CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS) && \
	defined(CONFIG_KPROBES) && defined(CONFIG_SMP) && \
	LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
#define SYSCOUNT_HAVE_DIRECT
#endif

/*
 * 6.2 ("x86: Put hot per CPU variables into a struct") moved the pointer to the running
 * task into struct pcpu_hot, 6.15 ("x86/percpu: Move current_task to percpu hot
 * section") out of it again.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0) && \
	LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define SYSCOUNT_CURRENT_TASK	pcpu_hot
#define SYSCOUNT_CURRENT_OFFSET	offsetof(struct pcpu_hot, current_task)
#else
#define SYSCOUNT_CURRENT_TASK	current_task
#define SYSCOUNT_CURRENT_OFFSET	0
#endif

/*
 * 5.18, commit 9c2136be0878 ("sched/tracing: Append prev_state to tp args instead"); 6.16,
 * "exit: move and extend sched_process_exit() tracepoint": more parameters of tracepoints,
 * after those of these names.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0)
#define SYSCOUNT_NEXT(next)	next, unsigned int prev_state
#else
#define SYSCOUNT_NEXT(next)	next
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define SYSCOUNT_TASK(task)	task, bool group_dead
#else
#define SYSCOUNT_TASK(task)	task
#endif

#if !defined(__ASSEMBLY__) && !defined(__ASSEMBLER__) && defined(SYSCOUNT_HAVE_DIRECT)

#include <linux/ftrace.h>

/*
 * 6.4 gave the functions for an ftrace_ops the names without "_multi" ("ftrace: Rename
 * _ftrace_direct_multi APIs to _ftrace_direct APIs"), and the second one its last
 * parameter ("ftrace: Let unregister_ftrace_direct_multi() call ftrace_free_filter()").
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
static inline int compat_unregister_ftrace_direct(struct ftrace_ops *ops, unsigned long addr,
						  bool free_filters)
{
	int err = unregister_ftrace_direct_multi(ops, addr);

	if (!err && free_filters)
		ftrace_free_filter(ops);
	return err;
}

#define register_ftrace_direct		register_ftrace_direct_multi
#define unregister_ftrace_direct	compat_unregister_ftrace_direct
#endif

/*
 * 6.7, commit d05cb470663a ("ftrace: Fix modification of direct_function hash while in
 * use"): before it the table of all direct calls grew while one call of
 * register_ftrace_direct() filled it, and only the last that was outgrown was freed. Where
 * a stable kernel has that, too, attaching only takes longer than it must.
 */
#define SYSCOUNT_DIRECT_LEAKS	(LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0))

#endif

#endif
