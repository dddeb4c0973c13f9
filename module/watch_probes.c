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
#include <linux/jump_label.h>
#include <linux/kprobes.h>
#include <linux/nospec.h>
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
#include <trace/events/cgroup.h>
#include <trace/events/sched.h>
#include <trace/events/syscalls.h>
#include <trace/events/task.h>

#include "arch.h"
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

static DEFINE_STATIC_KEY_FALSE(clock_is_cycles);
static u32 clock_mult __read_mostly = 1 << CLOCK_SHIFT;
static u64 first_cycles __ro_after_init, first_ns __ro_after_init;

static __always_inline u64 clock_now(void)
{
	return static_branch_likely(&clock_is_cycles) ? arch_cycles() : ktime_get_mono_fast_ns();
}

static __always_inline u64 clock_ns(u64 clock)
{
	return mul_u64_u32_shr(clock, clock_mult, CLOCK_SHIFT);
}

/* Do enter_single() and leave_single() do for its members? */
bool watch_is_simple(const struct watch *watch)
{
	return !(watch->flags & SYSCOUNT_WATCH_OBJECTS) &&
	       (!(watch->flags & SYSCOUNT_WATCH_LATENCY) || static_key_enabled(&clock_is_cycles));
}

u64 watch_clock(void)
{
	return clock_now();
}

u64 watch_ns(u64 clock)
{
	return clock_ns(clock);
}

/*
 * How long a cycle is the kernel says at boot; better is what it was since the module was
 * loaded, by the clock that programs see, unless the cycles have begun anew meanwhile. Once the
 * kernel trusts them no more they are let go, as soon as no call is under way that they are
 * to be the time of.
 */
static void clock_adjust(bool unused)
{
	unsigned int khz = arch_cycles_khz();
	u64 cycles, ns, mult, khz_mult;

	if (!static_key_enabled(&clock_is_cycles))
		return;
	if (!khz) {
		if (unused) {
			static_branch_disable(&clock_is_cycles);
			WRITE_ONCE(clock_mult, 1 << CLOCK_SHIFT);
		}
		return;
	}
	khz_mult = div_u64(1000000ull << CLOCK_SHIFT, khz);
	ns = ktime_get_ns() - first_ns;
	cycles = arch_cycles() - first_cycles;
	/* x86 cannot have a quotient this large: the cycles began anew just now. */
	mult = ns < NSEC_PER_SEC || cycles < ns >> 16 ? khz_mult :
		mul_u64_u64_div_u64(ns, 1 << CLOCK_SHIFT, cycles);
	if (abs((s64)(mult - khz_mult)) > khz_mult / 64)
		mult = khz_mult;
	WRITE_ONCE(clock_mult, mult);
}

static void __init clock_init(void)
{
	if (!arch_cycles_khz())
		return;
	static_branch_enable(&clock_is_cycles);
	first_cycles = arch_cycles();
	first_ns = ktime_get_ns();
}

/*
 * Counting
 */

struct call {
	unsigned int abi;
	s32 nr;
	unsigned int index;		/* NO_INDEX: each watch has its own for the number */
	unsigned long weight;
};

#define NO_INDEX	U16_MAX

/* The calls whose first argument is a descriptor that bytes come from or go to. */
static DECLARE_BITMAP(moves_bytes, SYSCOUNT_CALLS) __ro_after_init;
static DECLARE_BITMAP(executes, SYSCOUNT_CALLS) __ro_after_init;

/*
 * Past a mispredicted comparison with a table's size, an index that user space chose leads to
 * memory behind the weights. Where a weight is only added that tells nothing; here it decides
 * what is run next.
 */
static __always_inline unsigned long weight_of(unsigned int index)
{
	return syscount_weight(syscount_weights(), array_index_nospec(index, SYSCOUNT_INDEXES));
}

/* The same of one that was loaded already. */
static __always_inline unsigned long decisive(unsigned long weight, unsigned int index)
{
	return weight & array_index_mask_nospec(index, SYSCOUNT_INDEXES);
}

static __always_inline bool is_in(const unsigned long *calls, unsigned int index)
{
	return index < SYSCOUNT_CALLS && test_bit(array_index_nospec(index, SYSCOUNT_CALLS), calls);
}

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

	lock_in_call_irqsave(&watch->lock, flags);
	/*
	 * One that another task ends at this moment is still read; but an exit would not come
	 * back there.
	 */
	if (member->watched || !(member->flags & WATCH_BY_TRACEPOINTS)) {
		cell = table_get(&member->table, key, &watch->source);
		watch->lost += !cell;
	}
	raw_spin_unlock_irqrestore(&watch->lock, flags);
	return cell;
}
NOKPROBE_SYMBOL(new_cell);

static __always_inline struct cell *cell_of(struct member *member, u32 key)
{
	return table_find(&member->table, key) ?: new_cell(member, key);
}

/* Of a member that waits for an execve: is it that? */
static notrace bool still_armed(struct member *member, unsigned int index)
{
	if (!is_in(executes, index))
		return true;
	member_disarm(member);
	return false;
}
NOKPROBE_SYMBOL(still_armed);

/*
 * The members of the running task, where the one at hand may be replaced; the others can come and
 * go meanwhile, by tasks that open and close watches.
 */
#define for_each_member_safe(member, next, watched) \
	for (member = list_entry_rcu((watched)->members.next, struct member, of_task), \
	     next = list_entry_rcu(member->of_task.next, struct member, of_task); \
	     &member->of_task != &(watched)->members; \
	     member = next, \
	     next = list_entry_rcu(member->of_task.next, struct member, of_task))

/* Of the watches that count entries in the same way: what was moved while it was in no call. */
static __always_inline void move_before(struct syscount_watched *watched, bool by_tracepoints)
{
	struct member *member, *next;
	unsigned long steps = FOLD_STEPS;

	if (unlikely(READ_ONCE(watched->moved)))
		watched_move(watched);
	for_each_member_safe(member, next, watched)
		if (unlikely(READ_ONCE(member->moving)) &&
		    !(member->flags & WATCH_BY_TRACEPOINTS) == !by_tracepoints)
			member_move(member, current->comm, &steps);
}

/* For all watches that are told of calls by the hook that counts. */
static noinline notrace void count_call(struct syscount_watched *watched, const struct call *call)
{
	struct member *member;

	move_before(watched, false);
	list_for_each_entry_rcu(member, &watched->members, of_task, true) {
		struct cell *cell;

		if (member->flags & WATCH_BY_TRACEPOINTS)
			continue;
		if (unlikely(member->armed) && still_armed(member, call->index))
			continue;
		if (!call->weight)
			continue;
		cell = cell_of(member, cell_key(CELL_CALLS, index_for(member, call), 0));
		if (cell)
			cell->calls += call->weight;
	}
}
NOKPROBE_SYMBOL(count_call);

static noinline notrace void count_index(struct syscount_watched *watched, unsigned int index,
					 unsigned long weight)
{
	struct call call = { .index = index, .weight = decisive(weight, index) };

	count_call(watched, &call);
}
NOKPROBE_SYMBOL(count_index);

/* Most tasks are watched once, for calls, and have called before. */
static __always_inline bool count_quickly(struct table *table, unsigned int index,
					  unsigned long weight)
{
	struct cell *cell = table_find(table, index);

	if (unlikely(!cell))
		return false;
	cell->calls += weight;
	return true;
}

/**
 * syscount_watch_call() - count a call of the running task for its watches
 * @index: of its counter, inside the tables
 * @weight: what the counter was increased by
 *
 * From probes and trampolines: may be preempted. That the task is still watched is looked
 * at again, as it may have been on another CPU before.
 */
notrace void syscount_watch_call(unsigned int index, unsigned long weight)
{
	struct syscount_watched *watched = arch_cpu_read(syscount_watched);
	struct table *table;

	if (unlikely(!watched))
		return;
	table = READ_ONCE(watched->table);
	if (table && !count_quickly(table, index, weight))
		count_index(watched, index, weight);
}
NOKPROBE_SYMBOL(syscount_watch_call);

/* The same for a number outside the tables. */
notrace void syscount_watch_unknown(unsigned int abi, s32 nr, unsigned long weight)
{
	struct syscount_watched *watched = arch_cpu_read(syscount_watched);
	struct call call = { .abi = abi, .nr = nr, .index = NO_INDEX, .weight = weight };

	if (watched)
		count_call(watched, &call);
}
NOKPROBE_SYMBOL(syscount_watch_unknown);

/* By the number that a task enters with, or leaves with; -1 gives the number '*'. */
static notrace void resolve(struct call *call, s32 nr)
{
	if (likely(!arch_in_compat() && (u32)nr < SYSCOUNT_SIZE_64)) {
		call->index = SYSCOUNT_BASE_64 + nr;
		call->weight = weight_of(call->index);
		return;
	}
	call->abi = arch_entered_abi(&nr);
	call->nr = nr;
	call->index = NO_INDEX;
	if ((u32)nr < syscount_abi_size(call->abi))
		call->index = syscount_abi_base(call->abi) + nr;
	else if (nr == -1)
		call->index = syscount_slot_base(call->abi) + SYSCOUNT_SLOTS;
	call->weight = weight_of(call->index == NO_INDEX ? syscount_slot_base(call->abi) :
							  call->index);
}
NOKPROBE_SYMBOL(resolve);

static noinline notrace unsigned int object_of(struct pt_regs *regs, unsigned int index)
{
	unsigned long args[6];
	struct file *file;
	umode_t mode;

	if (!is_in(moves_bytes, index))
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
					 unsigned int index, unsigned long weight)
{
	u32 key = cell_key(CELL_CALLS, index, 0);
	struct cell *cell = NULL;

	member->begun = true;
	if (weight) {
		if (member->flags & SYSCOUNT_WATCH_OBJECTS)
			key |= object_of(regs, index) << 16;
		cell = cell_of(member, key);
		if (cell)
			cell->calls++;
	}
	if (member->flags & SYSCOUNT_WATCH_LATENCY)
		member->entered = clock_now();
	/* After the time, for who reads it. */
	smp_store_release(&member->flying, cell ?: NOT_COUNTED);
}

/* A tracer has answered it: there is no call, but an exit that is of none before. */
static notrace void enter_none(struct syscount_watched *watched)
{
	struct member *member;

	list_for_each_entry_rcu(member, &watched->members, of_task, true)
		if (member->flags & WATCH_BY_TRACEPOINTS)
			member->begun = true;
}
NOKPROBE_SYMBOL(enter_none);

static noinline notrace void enter_all(struct syscount_watched *watched, struct pt_regs *regs,
				       s32 nr)
{
	struct member *member;
	struct call call;

	if (nr == -1) {
		enter_none(watched);
		return;
	}
	resolve(&call, nr);
	move_before(watched, true);
	list_for_each_entry_rcu(member, &watched->members, of_task, true) {
		if (!(member->flags & WATCH_BY_TRACEPOINTS))
			continue;
		if (unlikely(member->armed) && still_armed(member, call.index))
			continue;
		member_enter(member, regs, index_for(member, &call), call.weight);
	}
}
NOKPROBE_SYMBOL(enter_all);

static noinline notrace void enter_slowly(struct member *member, struct pt_regs *regs,
					  unsigned int index)
{
	member_enter(member, regs, index, weight_of(index));
}
NOKPROBE_SYMBOL(enter_slowly);

/*
 * The same as member_enter(), of what it does nearly always, for a call that counts. What is rare
 * is called last, so that nothing needs to be kept over a call.
 */
static noinline notrace void enter_single(struct member *member, struct pt_regs *regs,
					  unsigned int index)
{
	struct cell *cell = table_find(&member->table, index);

	if (unlikely(!cell)) {
		enter_slowly(member, regs, index);
		return;
	}
	cell->calls++;
	if (member->flags & SYSCOUNT_WATCH_LATENCY)
		member->entered = arch_cycles();
	/* After the time, for who reads it. */
	smp_store_release(&member->flying, cell);
}
NOKPROBE_SYMBOL(enter_single);

static __always_inline void enter(struct syscount_watched *watched, struct pt_regs *regs, long id)
{
	struct member *member = READ_ONCE(watched->single);

	if (likely(member && !arch_in_compat() && (unsigned long)id < SYSCOUNT_SIZE_64 &&
		   weight_of(SYSCOUNT_BASE_64 + id)))
		enter_single(member, regs, SYSCOUNT_BASE_64 + id);
	else
		enter_all(watched, regs, id);
}

/*
 * While the hook is the tracepoint sys_enter, that hook's probe stands in for the one of
 * this file: two probes cost everybody much more than one. When the hook is changed both
 * can be there, and one counts.
 */
static __always_inline bool hook_enters(void)
{
	return READ_ONCE(syscount_weight_base) ==
	       syscount_weight_blocks[SYSCOUNT_HOOKS - SYSCOUNT_HOOK_TRACEPOINT];
}

static noinline notrace void enter_by_hook(struct syscount_watched *watched, struct pt_regs *regs,
					   long id)
{
	if (hook_enters())
		enter(watched, regs, id);
}
NOKPROBE_SYMBOL(enter_by_hook);

static noinline notrace void entered_slowly(unsigned long weight, struct pt_regs *regs, long id)
{
	struct syscount_watched *watched = arch_cpu_read(syscount_watched);

	if (!watched)
		return;
	if (READ_ONCE(watched->table))
		count_index(watched, SYSCOUNT_BASE_64 + id, weight);
	enter_by_hook(watched, regs, id);
}
NOKPROBE_SYMBOL(entered_slowly);

/**
 * syscount_watch_entered() - the same as syscount_watch_call(), and sys_enter besides
 * @weight: what the counter was increased by
 * @regs: of the call
 * @id: a number inside the table of abi 64
 */
notrace void syscount_watch_entered(unsigned long weight, struct pt_regs *regs, long id)
{
	struct syscount_watched *watched = arch_cpu_read(syscount_watched);
	struct member *single;
	struct table *table;

	if (unlikely(!watched))
		return;
	table = READ_ONCE(watched->table);
	if (table && likely(count_quickly(table, SYSCOUNT_BASE_64 + id, weight)))
		return;
	single = READ_ONCE(watched->single);
	/* A hook that does not count adds nothing. */
	if (likely(single && decisive(weight, SYSCOUNT_BASE_64 + id)))
		enter_single(single, regs, SYSCOUNT_BASE_64 + id);
	else
		entered_slowly(weight, regs, id);
}
NOKPROBE_SYMBOL(syscount_watch_entered);

/* The same after syscount_watch_call(), for any number. */
notrace void syscount_watch_entered_besides(struct pt_regs *regs, long id)
{
	struct syscount_watched *watched = arch_cpu_read(syscount_watched);

	if (watched)
		enter_by_hook(watched, regs, id);
}
NOKPROBE_SYMBOL(syscount_watch_entered_besides);

static noinline notrace void enter_by_probe(struct syscount_watched *watched, struct pt_regs *regs,
					    long id)
{
	if (!hook_enters())
		enter(watched, regs, id);
}
NOKPROBE_SYMBOL(enter_by_probe);

static notrace void syscount_watch_sys_enter(void *data, struct pt_regs *regs, long id)
{
	struct syscount_watched *watched = arch_cpu_read(syscount_watched);

	if (unlikely(watched))
		enter_by_probe(watched, regs, id);
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

	resolve(&call, arch_regs_nr(regs));
	if (!call.weight)
		return;
	key = cell_key(CELL_CALLS, index_for(member, &call), 0);
	if (cell_of(member, key))
		count_odd(member, CELL_CALL(key), ODD_REFUSED);
}
NOKPROBE_SYMBOL(refused);

/* false: there was no cell for it. */
static __always_inline bool count_errno(struct member *member, u32 call, unsigned int error)
{
	unsigned int part;

	for (part = 0; part < CELL_ERRNO_PARTS; part++) {
		struct cell *cell = cell_of(member, cell_key(CELL_ERRNOS, call, part));

		if (unlikely(!cell))
			return false;
		if (likely(cell_add_errno(cell, error, 1)))
			return true;
	}
	return false;
}

static noinline notrace void count_error(struct member *member, struct cell *cell,
					 unsigned int error)
{
	smp_wmb();	/* as in member_leave() */
	if (is_restart(error))
		count_odd(member, CELL_CALL(cell->key), ODD_RESTARTED);
	else if (!(member->flags & SYSCOUNT_WATCH_ERRORS) ||
		 !count_errno(member, CELL_CALL(cell->key), error))
		cell->errors++;
}
NOKPROBE_SYMBOL(count_error);

static __always_inline u64 elapsed(const struct member *member, u64 now)
{
	u64 clock = now - member->entered;

	/* Clocks of two CPUs may differ by less than moving from one to the other takes. */
	return unlikely((s64)clock < 0) ? 0 : clock_ns(clock);
}

static __always_inline void add_time(struct cell *cell, u64 ns)
{
	cell->total_ns += ns;
	if (ns < cell->min_ns)
		cell->min_ns = ns;
	if (ns > cell->max_ns)
		cell->max_ns = ns;
}

static noinline notrace void add_to_bucket(struct member *member, u32 key, unsigned int bucket)
{
	struct cell *cell = cell_of(member, key);

	if (cell)
		cell->value[bucket % CELL_BUCKETS]++;
}
NOKPROBE_SYMBOL(add_to_bucket);

/* @call: what the key of @cell is, as the compiler need not know that of most. */
static __always_inline void count_time(struct member *member, struct cell *cell, u32 call, u64 ns)
{
	unsigned int bucket = fls64(ns), part = bucket / CELL_BUCKETS;
	u32 key = cell_key(CELL_TIMES, call, part);
	struct cell *times = table_find(&member->table, key);

	add_time(cell, ns);
	if (likely(times))
		times->value[bucket % CELL_BUCKETS]++;
	else
		add_to_bucket(member, key, bucket);
}

/* An exit without an entry. */
static noinline notrace void leave_unentered(struct member *member, struct pt_regs *regs)
{
	/* Its first event is the end of the call that it began in, or was born in. */
	if (member->begun && !member->armed)
		refused(member, regs);
	member->begun = true;
}
NOKPROBE_SYMBOL(leave_unentered);

static __always_inline void member_leave(struct member *member, struct pt_regs *regs, long ret)
{
	bool exits = member->flags & (SYSCOUNT_WATCH_ERRORS | SYSCOUNT_WATCH_LATENCY);
	struct cell *cell = READ_ONCE(member->flying);

	if (!cell) {
		if (exits)
			leave_unentered(member, regs);
		return;
	}
	WRITE_ONCE(member->flying, NULL);
	if (!is_counted(cell) || !exits)
		return;
	smp_wmb();	/* calls, exits, errors: in this order, see merge_cell() */
	cell->exits++;
	/* What rt_sigreturn returns is the result of the call that was interrupted. */
	if (IS_ERR_VALUE(ret) && arch_regs_nr(regs) != -1)
		count_error(member, cell, -ret);
	if (member->flags & SYSCOUNT_WATCH_LATENCY)
		count_time(member, cell, CELL_CALL(cell->key), elapsed(member, clock_now()));
}

static noinline notrace void leave_all(struct syscount_watched *watched, struct pt_regs *regs,
				       long ret)
{
	struct member *member, *next;
	unsigned long steps = FOLD_STEPS;

	if (unlikely(READ_ONCE(watched->moved)))
		watched_move(watched);
	for_each_member_safe(member, next, watched) {
		if (!(member->flags & WATCH_BY_TRACEPOINTS))
			continue;
		member_leave(member, regs, ret);
		if (unlikely(READ_ONCE(member->moving)))
			member_move(member, current->comm, &steps);
	}
}
NOKPROBE_SYMBOL(leave_all);

static noinline notrace void leave_slowly(struct member *member, struct pt_regs *regs, long ret)
{
	member_leave(member, regs, ret);
}
NOKPROBE_SYMBOL(leave_slowly);

/* What enter_single() is to member_enter(). */
static noinline notrace void leave_single(struct member *member, struct pt_regs *regs, long ret)
{
	struct cell *cell = READ_ONCE(member->flying);

	if (!likely(is_counted(cell)) || IS_ERR_VALUE(ret)) {
		leave_slowly(member, regs, ret);
		return;
	}
	WRITE_ONCE(member->flying, NULL);
	smp_wmb();	/* as in member_leave() */
	cell->exits++;
	if (member->flags & SYSCOUNT_WATCH_LATENCY)
		count_time(member, cell, cell->key, elapsed(member, arch_cycles()));
}
NOKPROBE_SYMBOL(leave_single);

static notrace void syscount_watch_sys_exit(void *data, struct pt_regs *regs, long ret)
{
	struct syscount_watched *watched = arch_cpu_read(syscount_watched);
	struct member *member;

	if (likely(!watched))
		return;
	member = READ_ONCE(watched->single);
	if (likely(member))
		leave_single(member, regs, ret);
	else
		leave_all(watched, regs, ret);
}
NOKPROBE_SYMBOL(syscount_watch_sys_exit);

/*
 * Following tasks
 */

/* Under a run-queue lock. */
static notrace void syscount_watch_sched_switch(void *data, bool preempt, struct task_struct *prev,
						struct task_struct *SYSCOUNT_NEXT(next))
{
	struct syscount_watched *watched = NULL;

	if (unlikely(!watched_by_none(next)))
		watched = watched_find(next);
	this_cpu_write(syscount_watched, watched);
}
NOKPROBE_SYMBOL(syscount_watch_sched_switch);

/*
 * Is the running task watched by none, nor what it forks? In this order: who is made a member while
 * a watch gathers is told before that is over, so the pointer that is read afterwards says so.
 */
static __always_inline bool nothing_to_follow(void)
{
	if (unlikely(READ_ONCE(watches_gathering)))
		return false;
	barrier();	/* a CPU is told by an interrupt, or is switched: no smp_rmb() is needed */
	return likely(!arch_cpu_read(syscount_watched));
}

static bool inherited(const struct member *member, struct task_struct *child)
{
	const struct watch *watch = member->watch;

	if (watch_is_everywhere(watch) || READ_ONCE(member->armed))
		return false;
	return !(watch->flags & (thread_group_leader(child) ? SYSCOUNT_WATCH_NO_CHILDREN :
							      SYSCOUNT_WATCH_NO_THREADS));
}

static noinline void follow(struct task_struct *parent, struct task_struct *child)
{
	struct syscount_watched *watched;
	struct member *member;

	if (child->flags & PF_KTHREAD)
		return;
	rcu_read_lock();
	watched = watched_find(parent);
	if (watched)
		list_for_each_entry_rcu(member, &watched->members, of_task)
			if (inherited(member, child))
				watch_join_child(member->watch, child);
	if (READ_ONCE(watches_gathering))
		watches_join(child);
	rcu_read_unlock();
}

/* The parent is running, the child not yet. */
static void syscount_watch_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	/* The child is in the list of tasks, and in its cgroup: pairs with gathering_begins(). */
	smp_mb();
	if (!nothing_to_follow())
		follow(parent, child);
}

/*
 * Has the program that the running task executes now more rights than the one who opened
 * the watch, or secrets from him? In an RCU read section.
 */
static bool gained(const struct watch *watch, const struct linux_binprm *bprm)
{
	return bprm->secureexec || bprm->interp_flags & BINPRM_FLAGS_ENFORCE_NONDUMP ||
	       !compat_dumpable_to_user() ||
	       !watch_creds_within(current_cred(), watch->cred);
}

static struct member *first_gained(const struct task_struct *task, const struct linux_binprm *bprm)
{
	struct syscount_watched *watched = watched_find(task);
	struct member *member;

	if (watched)
		list_for_each_entry_rcu(member, &watched->members, of_task)
			if (!member->watch->privileged && gained(member->watch, bprm))
				return member;
	return NULL;
}

static void leave_watches(struct task_struct *task, struct linux_binprm *bprm)
{
	unsigned long flags, steps = FOLD_STEPS;
	struct member *member;
	struct watch *watch;

	while ((member = first_gained(task, bprm)) != NULL) {
		watch = member->watch;
		if (!member_end(member, &steps))
			continue;
		raw_spin_lock_irqsave(&watch->lock, flags);
		watch->left++;
		raw_spin_unlock_irqrestore(&watch->lock, flags);
	}
}

static void syscount_watch_exec(void *data, struct task_struct *task, pid_t old_pid,
				struct linux_binprm *bprm)
{
	unsigned long flags;

	if (nothing_to_follow())
		return;
	rcu_read_lock();
	leave_watches(task, bprm);
	/* A helper that the kernel starts was no task of user space until now. */
	watches_join(task);
	local_irq_save(flags);
	watch_take_up(NULL);
	local_irq_restore(flags);
	rcu_read_unlock();
}

static noinline void leave_all_watches(struct task_struct *task)
{
	struct syscount_watched *watched;
	unsigned long steps = FOLD_STEPS;
	struct member *member;

	rcu_read_lock();
	while ((watched = watched_find(task)) != NULL) {
		member = list_first_or_null_rcu(&watched->members, struct member, of_task);
		if (member)
			member_end(member, &steps);
	}
	rcu_read_unlock();
}

static void syscount_watch_task_exit(void *data, struct task_struct *SYSCOUNT_TASK(task))
{
	if (!nothing_to_follow())
		leave_all_watches(task);
}

/* An exit belongs where its entry is, so one that is in a call is moved after it. */
static void rename(struct member *member, const char *command, unsigned long *steps)
{
	if (member->flags & WATCH_BY_TRACEPOINTS && READ_ONCE(member->flying))
		member_move_later(member);
	else
		member_move(member, command, steps);
}

/* Called before it has the name. */
static void syscount_watch_task_rename(void *data, struct task_struct *task, const char *command)
{
	struct syscount_watched *watched;
	struct member *member, *next;
	unsigned long steps = FOLD_STEPS;

	/*
	 * A name that another thread gives it counts from the next one on that it gives
	 * itself: it may be in a probe now.
	 */
	if (task != current)
		return;
	rcu_read_lock();
	watched = watched_find(task);
	if (watched)
		for_each_member_safe(member, next, watched)
			if (member->watch->by == SYSCOUNT_BY_COMMAND)
				rename(member, command, &steps);
	rcu_read_unlock();
}

#ifdef CONFIG_CGROUPS
/*
 * After the move, where nobody can be waited for. One that joins while it runs on another CPU
 * is told soon: it counts from then on, or from when it is switched to.
 */
static void syscount_watch_cgroup_attach(void *data, struct cgroup *cgroup, const char *path,
					 struct task_struct *task, bool threadgroup)
{
	unsigned long flags;
	bool joined;

	if (READ_ONCE(task->flags) & PF_KTHREAD)
		return;
	rcu_read_lock();
	joined = watches_cgroup_moved(cgroup, task, threadgroup);
	local_irq_save(flags);
	watch_take_up(NULL);	/* it may have moved itself */
	local_irq_restore(flags);
	rcu_read_unlock();
	if (joined)
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

enum set { SET_FOLLOW, SET_EXITS, SET_ENTRIES, SET_NAMES, SET_CGROUPS, SETS };

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
	{ "sys_enter", syscount_watch_sys_enter, SET_ENTRIES },
	{ "sys_exit", syscount_watch_sys_exit, SET_EXITS },
	{ "task_rename", syscount_watch_task_rename, SET_NAMES },
	{ "cgroup_attach_task", syscount_watch_cgroup_attach, SET_CGROUPS },
};

/* Under watches_mutex */
static unsigned int users[SETS];
static bool registered[SETS];
static bool hook_stands_in;		/* for SET_ENTRIES */

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
	case SET_EXITS:
	case SET_ENTRIES:
		return watch->flags & WATCH_BY_TRACEPOINTS;
	case SET_NAMES:
		return watch->by == SYSCOUNT_BY_COMMAND;
	case SET_CGROUPS:
		return watch_minds_cgroups(watch);
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

static bool wanted(enum set set)
{
	return users[set] && !(set == SET_ENTRIES && hook_stands_in);
}

static int register_wanted(void)
{
	unsigned int set;
	int err;

	for (set = 0; set < SETS; set++) {
		if (!wanted(set) || registered[set])
			continue;
		err = register_set(set);
		if (err)
			return err;
	}
	return 0;
}

static void trim(struct work_struct *work)
{
	unsigned int set;

	mutex_lock(&watches_mutex);
	for (set = 0; set < SETS; set++)
		if (registered[set] && !wanted(set))
			unregister(set, ARRAY_SIZE(probes));
	mutex_unlock(&watches_mutex);
}

static DECLARE_DELAYED_WORK(trim_work, trim);

static void trim_soon(void)
{
	mod_delayed_work(syscount_watch_wq, &trim_work, msecs_to_jiffies(LINGER_MS));
}

/* watches_mutex is held. */
void watch_probes_put(const struct watch *watch)
{
	unsigned int set;

	for (set = 0; set < SETS; set++)
		users[set] -= needs(watch, set);
	trim_soon();
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

	clock_adjust(!users[SET_EXITS]);
	for (set = 0; set < SETS; set++)
		users[set] += needs(watch, set);
	err = register_wanted();
	if (err)
		watch_probes_put(watch);
	return err;
}

/**
 * syscount_watch_hook_changes() - before another hook counts
 * @stands_in: by its own probe it says what sys_enter would
 *
 * Return: 0, or why that tracepoint cannot be had, if it is needed
 */
int syscount_watch_hook_changes(bool stands_in)
{
	bool before;
	int err = 0;

	mutex_lock(&watches_mutex);
	before = hook_stands_in;
	hook_stands_in = stands_in;
	if (stands_in)
		trim_soon();
	else
		err = register_wanted();
	if (err)
		hook_stands_in = before;
	mutex_unlock(&watches_mutex);
	return err;
}

/**
 * syscount_watch_hook_settle() - wait for who is told of entries by old probes alone
 *
 * Between two hooks that are both there and the moment when the other one counts: one who
 * still has only the old probe, and asks it after that moment, would find no entry. His exit
 * would look like that of a call that was refused.
 */
void syscount_watch_hook_settle(void)
{
	if (READ_ONCE(users[SET_ENTRIES]))
		tracepoint_synchronize_unregister();
}

static void match(struct tracepoint *tracepoint, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tracepoint->name, probes[i].name))
			probes[i].tracepoint = tracepoint;
}

static void __init find_calls(void)
{
	static const char *const movers[] = {
		"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev",
		"preadv2", "pwritev2", "sendfile", "sendfile64", "splice", "tee", "vmsplice",
	};
	unsigned int index;

	for (index = 0; index < SYSCOUNT_CALLS; index++) {
		const char *name = syscount_call_name(index);

		if (!name)
			continue;
		if (match_string(movers, ARRAY_SIZE(movers), name) >= 0)
			__set_bit(index, moves_bytes);
		if (!strcmp(name, "execve") || !strcmp(name, "execveat"))
			__set_bit(index, executes);
	}
}

void __init watch_probes_init(void)
{
	clock_init();
	find_calls();
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
