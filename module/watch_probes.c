// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches: the tracepoints that follow watched tasks, and counting. All of this is
 * called in the context of the task it is about, but for sched_switch and
 * cgroup_attach_task. From 6.13 on it can be preempted.
 */

#include <linux/binfmts.h>
#include <linux/bitmap.h>
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/thread_info.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <linux/uidgid.h>
#include <asm/syscall.h>
#include <asm/tsc.h>
#include <trace/events/cgroup.h>
#include <trace/events/sched.h>
#include <trace/events/syscalls.h>
#include <trace/events/task.h>

#include "compat.h"
#include "counters.h"
#include "hook.h"
#include "watch_internal.h"

/* After the last watch that needs them, probes stay so long: the next may come soon. */
#define LINGER_MS	1000

/*
 * The clock of latencies: the processor's cycles, where the kernel trusts them; else what
 * the kernel has that may be read anywhere.
 */
#define CLOCK_SHIFT	24

static bool clock_is_tsc __read_mostly;
static u64 first_cycles __ro_after_init, first_ns __ro_after_init;

static __always_inline u64 clock_now(void)
{
	return likely(clock_is_tsc) ? rdtsc() : ktime_get_mono_fast_ns();
}

u64 watch_clock(void)
{
	return clock_now();
}

/*
 * How long a cycle is the kernel says at boot; better is what it was since the module was
 * loaded, by the clock that programs see, unless the cycles have begun anew meanwhile.
 */
void watch_clock_init(struct watch *watch)
{
	u64 cycles, ns, mult;

	watch->shift = CLOCK_SHIFT;
	watch->mult = 1 << CLOCK_SHIFT;
	if (!clock_is_tsc)
		return;
	watch->mult = div_u64(1000000ull << CLOCK_SHIFT, tsc_khz);
	ns = ktime_get_ns() - first_ns;
	cycles = rdtsc() - first_cycles;
	if (ns < NSEC_PER_SEC)
		return;
	mult = mul_u64_u64_div_u64(ns, 1 << CLOCK_SHIFT, cycles);
	if (abs((s64)(mult - watch->mult)) < watch->mult / 64)
		watch->mult = mult;
}

static void __init clock_init(void)
{
	clock_is_tsc = boot_cpu_has(X86_FEATURE_TSC) && tsc_khz && !check_tsc_unstable();
	first_cycles = clock_is_tsc ? rdtsc() : 0;
	first_ns = ktime_get_ns();
}

/*
 * Counting
 */

struct call {
	unsigned int abi;
	s32 nr;
	unsigned int index;		/* NO_INDEX: each watch has its own for the number */
	unsigned int weight;
};

#define NO_INDEX	U16_MAX

/* The calls whose first argument is a descriptor that bytes come from or go to. */
static DECLARE_BITMAP(moves_bytes, SYSCOUNT_CALLS) __ro_after_init;

static notrace bool is_exec(unsigned int index)
{
	switch (index) {
	case SYSCOUNT_BASE_64 + SYSCOUNT_64_execve:
	case SYSCOUNT_BASE_64 + SYSCOUNT_64_execveat:
	case SYSCOUNT_BASE_I386 + SYSCOUNT_I386_execve:
	case SYSCOUNT_BASE_I386 + SYSCOUNT_I386_execveat:
	case SYSCOUNT_BASE_X32 + SYSCOUNT_X32_execve:
	case SYSCOUNT_BASE_X32 + SYSCOUNT_X32_execveat:
		return true;
	}
	return false;
}
NOKPROBE_SYMBOL(is_exec);

static notrace unsigned int index_for(struct member *member, const struct call *call)
{
	if (likely(call->index != NO_INDEX))
		return call->index;
	return syscount_find_slot(member->watch->slots[call->abi], call->abi, call->nr);
}
NOKPROBE_SYMBOL(index_for);

/* A cell that the running task does not have yet; or NULL, and something is lost. */
static noinline notrace struct cell *new_cell(struct member *member, u32 key)
{
	struct watch *watch = member->watch;
	struct cell *cell = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&watch->lock, flags);
	if (member->watched) {
		cell = table_get(&member->table, key, &watch->source);
		watch->lost += !cell;
	}
	raw_spin_unlock_irqrestore(&watch->lock, flags);
	return cell;
}
NOKPROBE_SYMBOL(new_cell);

static __always_inline struct cell *cell_of(struct member *member, u32 key)
{
	struct cell *cell = member->table.heads[cell_head(key)];

	if (likely(cell->key == key))
		return cell;
	return table_find(&member->table, key) ?: new_cell(member, key);
}

/* Of a member that waits for an execve: is it that? */
static notrace bool still_armed(struct member *member, const struct call *call)
{
	if (!is_exec(call->index))
		return true;
	member_rearm(member);
	return false;
}
NOKPROBE_SYMBOL(still_armed);

/* For all watches that are told of calls by the hook that counts. */
static noinline notrace void count_call(struct syscount_watched *watched, const struct call *call)
{
	struct member *member;

	if (!call->weight)
		return;
	list_for_each_entry_rcu(member, &watched->members, of_task, true) {
		struct cell *cell;

		if (member->watch->flags & WATCH_BY_TRACEPOINTS)
			continue;
		if (unlikely(member->armed) && still_armed(member, call))
			continue;
		cell = cell_of(member, cell_key(CELL_CALLS, index_for(member, call), 0));
		if (cell)
			cell->calls += call->weight;
	}
}
NOKPROBE_SYMBOL(count_call);

/**
 * syscount_watch_call() - count a call of the running task for its watches
 * @index: of its counter, inside the tables
 * @weight: what the counter was increased by
 *
 * From probes and trampolines: may be preempted. That the task is still watched is looked
 * at again, as it may have been on another CPU before.
 */
notrace void syscount_watch_call(unsigned int index, unsigned int weight)
{
	struct syscount_watched *watched = raw_cpu_read(syscount_watched);
	struct call call = { .index = index, .weight = weight };
	struct cell *cell;

	if (unlikely(!watched))
		return;
	/* Most are watched once, for calls, and have called before. */
	cell = READ_ONCE(watched->table)->heads[index % TABLE_HEADS];
	if (likely(cell->key == index))
		cell->calls += weight;
	else
		count_call(watched, &call);
}
NOKPROBE_SYMBOL(syscount_watch_call);

/* The same for a number outside the tables. */
notrace void syscount_watch_unknown(unsigned int abi, s32 nr, unsigned int weight)
{
	struct syscount_watched *watched = raw_cpu_read(syscount_watched);
	struct call call = { .abi = abi, .nr = nr, .index = NO_INDEX, .weight = weight };

	if (watched)
		count_call(watched, &call);
}
NOKPROBE_SYMBOL(syscount_watch_unknown);

/* By the number that a task enters with, or leaves with; -1 gives the number '*'. */
static notrace void resolve(struct call *call, s32 nr)
{
	if (likely(!in_ia32_syscall() && (u32)nr < SYSCOUNT_SIZE_64)) {
		call->index = SYSCOUNT_BASE_64 + nr;
		call->weight = syscount_weights()[call->index];
		return;
	}
	call->abi = SYSCOUNT_ABI_64;
	if (in_ia32_syscall()) {
		call->abi = SYSCOUNT_ABI_I386;
	} else if (nr > 0 && nr & SYSCOUNT_X32_BIT) {
		call->abi = SYSCOUNT_ABI_X32;
		nr &= ~SYSCOUNT_X32_BIT;
	}
	call->nr = nr;
	call->index = NO_INDEX;
	if ((u32)nr < syscount_abi_size(call->abi))
		call->index = syscount_abi_base(call->abi) + nr;
	else if (nr == -1)
		call->index = syscount_slot_base(call->abi) + SYSCOUNT_SLOTS;
	call->weight = syscount_weights()[call->index == NO_INDEX ?
					  syscount_slot_base(call->abi) : call->index];
}
NOKPROBE_SYMBOL(resolve);

static notrace unsigned int object_of(struct pt_regs *regs, const struct call *call)
{
	unsigned long args[6];
	struct file *file;
	umode_t mode;

	if (call->index >= SYSCOUNT_CALLS || !test_bit(call->index, moves_bytes))
		return SYSCOUNT_OBJECT_NONE;
	syscall_get_arguments(current, regs, args);
	file = fget(args[0]);
	if (!file)
		return SYSCOUNT_OBJECT_NONE;
	mode = file_inode(file)->i_mode;
	fput(file);
	if (S_ISSOCK(mode) || S_ISFIFO(mode))
		return SYSCOUNT_OBJECT_CHANNEL;
	return S_ISCHR(mode) || S_ISBLK(mode) ? SYSCOUNT_OBJECT_DEVICE : SYSCOUNT_OBJECT_FILE;
}
NOKPROBE_SYMBOL(object_of);

static __always_inline void member_enter(struct member *member, struct pt_regs *regs,
					 const struct call *call)
{
	struct watch *watch = member->watch;
	struct cell *cell = NULL;
	u32 key;

	if (unlikely(member->armed) && still_armed(member, call))
		return;
	member->begun = true;
	if (likely(call->weight)) {
		key = cell_key(CELL_CALLS, index_for(member, call), 0);
		if (watch->flags & SYSCOUNT_WATCH_OBJECTS)
			key |= object_of(regs, call) << 16;
		cell = cell_of(member, key);
		if (likely(cell))
			cell->calls++;
	}
	if (watch->flags & SYSCOUNT_WATCH_LATENCY)
		member->entered = clock_now();
	/* After the time, for who reads it: smp_store_release() costs nothing on x86. */
	smp_store_release(&member->flying, cell ?: &syscount_no_cell);
}

static noinline notrace void enter(struct syscount_watched *watched, struct pt_regs *regs, s32 nr)
{
	struct member *member;
	struct call call;

	if (nr == -1)	/* a tracer has answered it */
		return;
	resolve(&call, nr);
	list_for_each_entry_rcu(member, &watched->members, of_task, true)
		if (member->watch->flags & WATCH_BY_TRACEPOINTS)
			member_enter(member, regs, &call);
}
NOKPROBE_SYMBOL(enter);

static notrace void syscount_watch_sys_enter(void *data, struct pt_regs *regs, long id)
{
	struct syscount_watched *watched = raw_cpu_read(syscount_watched);

	if (unlikely(watched))
		enter(watched, regs, id);
}
NOKPROBE_SYMBOL(syscount_watch_sys_enter);

static notrace void count_odd(struct member *member, u32 call, unsigned int what)
{
	struct cell *cell = cell_of(member, cell_key(CELL_ODD, call, 0));

	if (cell)
		cell->value[what]++;
}
NOKPROBE_SYMBOL(count_odd);

/* Answered by seccomp or a tracer, before the call was entered: its number is what is left. */
static noinline notrace void refused(struct member *member, struct pt_regs *regs)
{
	struct call call;
	u32 key;

	resolve(&call, regs->orig_ax);
	if (!call.weight)
		return;
	key = cell_key(CELL_CALLS, index_for(member, &call), 0);
	if (cell_of(member, key))
		count_odd(member, CELL_CALL(key), ODD_REFUSED);
}
NOKPROBE_SYMBOL(refused);

static noinline notrace void count_error(struct member *member, struct cell *cell,
					 unsigned int error)
{
	struct watch *watch = member->watch;
	unsigned long flags;

	if (is_restart(error)) {
		count_odd(member, CELL_CALL(cell->key), ODD_RESTARTED);
		return;
	}
	cell->errors++;
	if (!(watch->flags & SYSCOUNT_WATCH_ERRORS))
		return;
	raw_spin_lock_irqsave(&watch->lock, flags);
	if (member->watched &&
	    !table_add_errno(&member->table, CELL_CALL(cell->key), error, 1, &watch->source))
		watch->lost++;
	raw_spin_unlock_irqrestore(&watch->lock, flags);
}
NOKPROBE_SYMBOL(count_error);

static __always_inline void count_time(struct member *member, struct cell *cell, u64 cycles)
{
	/* Clocks of two CPUs may differ by less than moving from one to the other takes. */
	u64 ns = (s64)cycles < 0 ? 0 : watch_ns(member->watch, cycles);
	unsigned int bucket = fls64(ns);
	struct cell *times;

	cell->total_ns += ns;
	if (ns < cell->min_ns)
		cell->min_ns = ns;
	if (ns > cell->max_ns)
		cell->max_ns = ns;
	times = cell_of(member, cell_key(CELL_TIMES, CELL_CALL(cell->key), bucket / CELL_VALUES));
	if (likely(times))
		times->value[bucket % CELL_VALUES]++;
}

static __always_inline void member_leave(struct member *member, struct pt_regs *regs, long ret)
{
	u32 flags = member->watch->flags;
	struct cell *cell = member->flying;

	if (!(flags & (SYSCOUNT_WATCH_ERRORS | SYSCOUNT_WATCH_LATENCY)))
		return;
	if (unlikely(!cell)) {
		/* Its first event is the end of the call that it began in, or was born in. */
		if (member->begun && !member->armed)
			refused(member, regs);
		member->begun = true;
		return;
	}
	WRITE_ONCE(member->flying, NULL);
	if (unlikely(cell == &syscount_no_cell))
		return;
	cell->exits++;
	/* What rt_sigreturn returns is the result of the call that was interrupted. */
	if (unlikely(IS_ERR_VALUE(ret)) && (s32)regs->orig_ax != -1)
		count_error(member, cell, -ret);
	if (flags & SYSCOUNT_WATCH_LATENCY)
		count_time(member, cell, clock_now() - member->entered);
}

static noinline notrace void leave(struct syscount_watched *watched, struct pt_regs *regs, long ret)
{
	struct member *member;

	list_for_each_entry_rcu(member, &watched->members, of_task, true)
		member_leave(member, regs, ret);
}
NOKPROBE_SYMBOL(leave);

static notrace void syscount_watch_sys_exit(void *data, struct pt_regs *regs, long ret)
{
	struct syscount_watched *watched = raw_cpu_read(syscount_watched);

	if (unlikely(watched))
		leave(watched, regs, ret);
}
NOKPROBE_SYMBOL(syscount_watch_sys_exit);

/*
 * Following tasks
 */

/* Under a run-queue lock. */
static notrace void syscount_watch_sched_switch(void *data, bool preempt, struct task_struct *prev,
						struct task_struct *next SYSCOUNT_PREV_STATE)
{
	struct syscount_watched *watched = NULL;

	if (likely(!(next->flags & PF_KTHREAD)))
		watched = watched_find(next);
	this_cpu_write(syscount_watched, watched);
}
NOKPROBE_SYMBOL(syscount_watch_sched_switch);

static void join_child(struct watch *watch, struct task_struct *child)
{
	unsigned long flags;

	if (watch_join(watch, child, false) != -ENOMEM)
		return;
	raw_spin_lock_irqsave(&watch->lock, flags);
	watch->lost_threads++;
	raw_spin_unlock_irqrestore(&watch->lock, flags);
}

static bool inherited(const struct member *member, struct task_struct *child)
{
	const struct watch *watch = member->watch;

	if (watch->target > SYSCOUNT_TARGET_TASK || READ_ONCE(member->armed))
		return false;
	return !(watch->flags & (thread_group_leader(child) ? SYSCOUNT_WATCH_NO_CHILDREN :
							      SYSCOUNT_WATCH_NO_THREADS));
}

/* The parent is running, the child not yet. */
static void syscount_watch_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct syscount_watched *watched;
	struct member *member;
	struct watch *watch;

	if (child->flags & PF_KTHREAD)
		return;
	rcu_read_lock();
	watched = watched_find(parent);
	if (watched)
		list_for_each_entry_rcu(member, &watched->members, of_task)
			if (inherited(member, child))
				join_child(member->watch, child);
	list_for_each_entry_rcu(watch, &watches_everywhere, everywhere)
		if (watch_wants(watch, child))
			join_child(watch, child);
	rcu_read_unlock();
}

/*
 * Has the program that the running task executes now more rights than the one who opened
 * the watch, or secrets from him? In an RCU read section.
 */
static bool gained(const struct watch *watch, const struct linux_binprm *bprm)
{
	return bprm->secureexec || bprm->interp_flags & BINPRM_FLAGS_ENFORCE_NONDUMP ||
	       !compat_dumpable_to_user() ||
	       !watch_creds_equal(current_cred(), watch->cred);
}

static void leave_watch(struct member *member)
{
	struct watch *watch = member->watch;
	unsigned long flags;

	member_end(member);
	raw_spin_lock_irqsave(&watch->lock, flags);
	watch->left++;
	raw_spin_unlock_irqrestore(&watch->lock, flags);
}

static void syscount_watch_exec(void *data, struct task_struct *task, pid_t old_pid,
				struct linux_binprm *bprm)
{
	struct syscount_watched *watched;
	struct member *member, *next;
	struct watch *watch;
	unsigned long flags;

	rcu_read_lock();
	watched = watched_find(task);
	if (watched)
		list_for_each_entry_safe(member, next, &watched->members, of_task)
			if (!member->watch->privileged && gained(member->watch, bprm))
				leave_watch(member);
	/* A helper that the kernel starts was no task of user space until now. */
	list_for_each_entry_rcu(watch, &watches_everywhere, everywhere)
		if (watch_wants(watch, task))
			join_child(watch, task);
	local_irq_save(flags);
	watched = watched_find(task);
	this_cpu_write(syscount_watched, watched);
	local_irq_restore(flags);
	rcu_read_unlock();
}

static void syscount_watch_task_exit(void *data, struct task_struct *task SYSCOUNT_GROUP_DEAD)
{
	struct syscount_watched *watched;
	struct member *member;

	rcu_read_lock();
	while ((watched = watched_find(task)) != NULL) {
		member = list_first_or_null_rcu(&watched->members, struct member, of_task);
		if (member)
			member_end(member);
	}
	rcu_read_unlock();
}

/* Called before it has the name. */
static void syscount_watch_task_rename(void *data, struct task_struct *task, const char *command)
{
	struct syscount_watched *watched;
	struct member *member, *next;

	/*
	 * A name that another thread gives it counts from the next one on that it gives
	 * itself: it may be in a probe now.
	 */
	if (task != current)
		return;
	rcu_read_lock();
	watched = watched_find(task);
	if (watched)
		list_for_each_entry_safe(member, next, &watched->members, of_task)
			if (member->watch->by == SYSCOUNT_BY_COMMAND)
				member_move(member, task, command);
	rcu_read_unlock();
}

#ifdef CONFIG_CGROUPS
static void cgroup_moved(struct task_struct *task)
{
	struct syscount_watched *watched = watched_find(task);
	struct member *member, *next;
	struct watch *watch;

	if (task->flags & PF_KTHREAD)
		return;
	if (watched)
		list_for_each_entry_safe(member, next, &watched->members, of_task) {
			if (member->watch->target == SYSCOUNT_TARGET_CGROUP &&
			    !watch_wants(member->watch, task))
				member_end_other(member);
			else if (member->watch->by == SYSCOUNT_BY_CGROUP)
				member_move(member, task, task->comm);
		}
	list_for_each_entry_rcu(watch, &watches_everywhere, everywhere)
		if (watch_wants(watch, task))
			watch_join_running(watch, task);
}

/*
 * After the move, with interrupts off. One that runs on another CPU is told soon: it
 * counts from then on, or from when it is switched to.
 */
static void syscount_watch_cgroup_attach(void *data, struct cgroup *cgroup, const char *path,
					 struct task_struct *task, bool threadgroup)
{
	struct task_struct *thread = task;

	rcu_read_lock();
	if (threadgroup)
		for_each_thread(task, thread)
			cgroup_moved(thread);
	else
		cgroup_moved(task);
	rcu_read_unlock();
	watches_tell_soon();
}
#else
static void syscount_watch_cgroup_attach(void *data, struct cgroup *cgroup, const char *path,
					 struct task_struct *task, bool threadgroup)
{
}
#endif

/*
 * Which of them are registered
 */

enum set { SET_FOLLOW, SET_CALLS, SET_NAMES, SET_CGROUPS, SETS };

static struct probe {
	const char *name;
	void *function;
	enum set set;
	struct tracepoint *tracepoint;
} probes[] = {
	/* In this order: who ends or is switched to is known before there are members. */
	{ "sched_switch", syscount_watch_sched_switch, SET_FOLLOW },
	{ "sched_process_exit", syscount_watch_task_exit, SET_FOLLOW },
	{ "sched_process_exec", syscount_watch_exec, SET_FOLLOW },
	{ "sched_process_fork", syscount_watch_fork, SET_FOLLOW },
	{ "sys_enter", syscount_watch_sys_enter, SET_CALLS },
	{ "sys_exit", syscount_watch_sys_exit, SET_CALLS },
	{ "task_rename", syscount_watch_task_rename, SET_NAMES },
	{ "cgroup_attach_task", syscount_watch_cgroup_attach, SET_CGROUPS },
};

static unsigned int users[SETS];
static bool registered[SETS];

static void __maybe_unused check_prototypes(void)
{
	check_trace_callback_type_sched_switch(syscount_watch_sched_switch);
	check_trace_callback_type_sched_process_exit(syscount_watch_task_exit);
	check_trace_callback_type_sched_process_exec(syscount_watch_exec);
	check_trace_callback_type_sched_process_fork(syscount_watch_fork);
	check_trace_callback_type_sys_enter(syscount_watch_sys_enter);
	check_trace_callback_type_sys_exit(syscount_watch_sys_exit);
	check_trace_callback_type_task_rename(syscount_watch_task_rename);
	check_trace_callback_type_cgroup_attach_task(syscount_watch_cgroup_attach);
}

static bool needs(const struct watch *watch, enum set set)
{
	switch (set) {
	case SET_FOLLOW:
		return true;
	case SET_CALLS:
		return watch->flags & WATCH_BY_TRACEPOINTS;
	case SET_NAMES:
		return watch->by == SYSCOUNT_BY_COMMAND;
	case SET_CGROUPS:
		return watch->by == SYSCOUNT_BY_CGROUP || watch->target == SYSCOUNT_TARGET_CGROUP;
	default:
		return false;
	}
}

static void unregister(enum set set, unsigned int below)
{
	while (below--)
		if (probes[below].set == set)
			tracepoint_probe_unregister(probes[below].tracepoint,
						    probes[below].function, NULL);
	registered[set] = false;
}

static int register_set(enum set set)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].set != set)
			continue;
		err = probes[i].tracepoint ?
			tracepoint_probe_register(probes[i].tracepoint, probes[i].function, NULL) :
			-EOPNOTSUPP;
		if (err) {
			unregister(set, i);
			return err;
		}
	}
	registered[set] = true;
	return 0;
}

/**
 * watch_probes_get() - register what a watch needs
 * @watch: is being opened; watches_mutex is held
 *
 * If it is there already, or still, nothing in the machine changes.
 *
 * Return: 0, or why it cannot be had
 */
int watch_probes_get(const struct watch *watch)
{
	unsigned int set;
	int err;

	for (set = 0; set < SETS; set++) {
		if (!needs(watch, set) || registered[set])
			continue;
		err = register_set(set);
		if (err)
			return err;
	}
	for (set = 0; set < SETS; set++)
		users[set] += needs(watch, set);
	return 0;
}

static void trim(struct work_struct *work)
{
	unsigned int set;

	mutex_lock(&watches_mutex);
	for (set = 0; set < SETS; set++)
		if (registered[set] && !users[set])
			unregister(set, ARRAY_SIZE(probes));
	mutex_unlock(&watches_mutex);
}

static DECLARE_DELAYED_WORK(trim_work, trim);

/* watches_mutex is held. */
void watch_probes_put(const struct watch *watch)
{
	unsigned int set;

	for (set = 0; set < SETS; set++)
		users[set] -= needs(watch, set);
	mod_delayed_work(syscount_watch_wq, &trim_work, msecs_to_jiffies(LINGER_MS));
}

static void match(struct tracepoint *tracepoint, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tracepoint->name, probes[i].name))
			probes[i].tracepoint = tracepoint;
}

static void __init find_movers(void)
{
	static const char *const names[] = {
		"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev",
		"preadv2", "pwritev2", "sendfile", "sendfile64", "splice", "tee", "vmsplice",
	};
	unsigned int index;

	for (index = 0; index < SYSCOUNT_CALLS; index++) {
		const char *name = syscount_call_name(index);

		if (name && match_string(names, ARRAY_SIZE(names), name) >= 0)
			__set_bit(index, moves_bytes);
	}
}

void __init watch_probes_init(void)
{
	clock_init();
	find_movers();
	for_each_kernel_tracepoint(match, NULL);
}

/* No watch is open. */
void watch_probes_exit(void)
{
	unsigned int set;

	cancel_delayed_work_sync(&trim_work);
	for (set = 0; set < SETS; set++)
		if (registered[set])
			unregister(set, ARRAY_SIZE(probes));
	tracepoint_synchronize_unregister();
}
