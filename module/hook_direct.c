// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hook that costs least: the kernel's own functions for system calls call a
 * trampoline of ten instructions (trampolines.S), by ftrace's direct calls. Functions
 * that ftrace cannot patch, or where another direct call is already, get a kprobe.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "compat.h"
#include "hook.h"

#ifdef SYSCOUNT_HAVE_DIRECT

#include <linux/bits.h>
#include <linux/err.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "cost.h"
#include "counters.h"
#include "table.h"
#include "trampolines.h"

/*
 * Functions by who enters them, which is what their trampoline must tell apart; and
 * those that get a kprobe.
 */
enum kind { KIND_64, KIND_I386, KIND_ANY, KIND_PROBE, KINDS };

#define TRAMPOLINES	KIND_PROBE

static void (*const trampolines[TRAMPOLINES])(void) = {
	[KIND_64] = syscount_trampoline_64,
	[KIND_I386] = syscount_trampoline_i386,
	[KIND_ANY] = syscount_trampoline_any,
};

/*
 * Every function that a table of the kernel's names, each once, kind after kind. From
 * prepare() on until the module goes, made under prepare_mutex.
 */
static unsigned long *addresses;
static unsigned int kind_count[KINDS];
static DEFINE_MUTEX(prepare_mutex);

/*
 * The function for numbers without a call. Where it is among the functions of the
 * entry code, which ftrace leaves alone, the compiler has put its body into the entry
 * code for numbers outside the tables, which then do not come by here.
 */
#define NI_SYSCALL	"sys_ni_syscall"

static bool ni_syscall_sees_all;

/* Attached direct calls. ftrace fills in an ops and takes it once only. */
struct patch {
	struct list_head list;
	struct ftrace_ops ops;
	unsigned long trampoline;
};

static LIST_HEAD(patches);

/* How many functions they are of, together */
static unsigned int patched_count;

/*
 * Functions without a direct call. Finding one splits the list that ftrace is given,
 * and each part takes its time to be let go; so not many.
 */
static struct kprobe probes[SYSCOUNT_KPROBES_MAX];
static unsigned int probe_count;

/*
 * Symbols are looked up by kprobes that are never armed. One by one, since the first
 * that is not there would fail all; let go so many together, since that waits for a
 * grace period.
 */
#define LOOKUPS		256

struct function {
	unsigned long address;
	u8 kind;			/* bits of those that apply, then the one */
};

struct lookup {
	struct kprobe kprobe[LOOKUPS];
	struct kprobe *registered[LOOKUPS];
	char symbol[LOOKUPS][SYSCOUNT_ENTRY_LEN];
	u8 kinds[LOOKUPS];
	unsigned int count;

	struct function found[SYSCOUNT_CALLS + 1];
	unsigned int found_count;

	struct ftrace_ops scratch;	/* to ask ftrace what it can patch */
};

static int look_up_all(struct lookup *lookup)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < lookup->count; i++) {
		struct kprobe *kprobe = &lookup->kprobe[i];

		memset(kprobe, 0, sizeof(*kprobe));
		kprobe->symbol_name = lookup->symbol[i];
		kprobe->flags = KPROBE_FLAG_DISABLED;
		err = register_kprobe(kprobe);
		if (err) {
			pr_notice("hook direct: %s: cannot be found (%d)\n", lookup->symbol[i],
				  err);
			break;
		}
		lookup->registered[i] = kprobe;
		lookup->found[lookup->found_count].address = (unsigned long)kprobe->addr;
		lookup->found[lookup->found_count++].kind = lookup->kinds[i];
	}
	unregister_kprobes(lookup->registered, i);
	lookup->count = 0;
	cond_resched();
	return err;
}

/* Is it the same function as number @nr of abi 64 has? Most of x32's are. */
static bool is_that_of_64(unsigned int nr, const char *symbol)
{
	char other[SYSCOUNT_ENTRY_LEN];

	if (nr >= syscount_abi_size(SYSCOUNT_ABI_64))
		return false;
	syscount_call_entry(SYSCOUNT_ABI_64, syscount_abi_base(SYSCOUNT_ABI_64) + nr, other);
	return !strcmp(symbol, other);
}

/* The kinds of the function of a call, or 0 if it is none or known already. */
static u8 kinds_of_call(unsigned int abi, unsigned int nr, const char *symbol)
{
	if (*symbol == '-' || strstr(symbol, NI_SYSCALL))
		return 0;
	/* x32 is told from 64 by the number, not by the function. */
	if (abi == SYSCOUNT_ABI_X32)
		return is_that_of_64(nr, symbol) ? 0 : BIT(KIND_64);
	return abi == SYSCOUNT_ABI_I386 ? BIT(KIND_I386) : BIT(KIND_64);
}

/* Addresses of all functions, with the bits of their kinds. */
static int look_up_functions(struct lookup *lookup)
{
	unsigned int abi, nr;
	int err;

	strscpy(lookup->symbol[0], "__x64_" NI_SYSCALL, SYSCOUNT_ENTRY_LEN);
	lookup->kinds[0] = BIT(KIND_PROBE);
	lookup->count = 1;
	for (abi = 0; abi < SYSCOUNT_ABIS; abi++) {
		for (nr = 0; nr < syscount_abi_size(abi); nr++) {
			char *symbol = lookup->symbol[lookup->count];

			syscount_call_entry(abi, syscount_abi_base(abi) + nr, symbol);
			lookup->kinds[lookup->count] = kinds_of_call(abi, nr, symbol);
			if (!lookup->kinds[lookup->count] || ++lookup->count < LOOKUPS)
				continue;
			err = look_up_all(lookup);
			if (err)
				return err;
		}
	}
	return look_up_all(lookup);
}

static int compare_addresses(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static enum kind kind_of(u8 kinds, bool patchable)
{
	if (!patchable || kinds & BIT(KIND_PROBE))
		return KIND_PROBE;
	if (kinds == (BIT(KIND_64) | BIT(KIND_I386)))
		return KIND_ANY;
	return kinds == BIT(KIND_64) ? KIND_64 : KIND_I386;
}

/* One address can have several names and belong to several abis. */
static int merge_functions(struct lookup *lookup)
{
	struct function *found = lookup->found;
	unsigned int from, to = 0;
	int err = 0;

	sort(found, lookup->found_count, sizeof(found[0]), compare_addresses, NULL);
	for (from = 0; from < lookup->found_count; from++) {
		if (to && found[to - 1].address == found[from].address)
			found[to - 1].kind |= found[from].kind;
		else
			found[to++] = found[from];
	}
	lookup->found_count = to;

	for (to = 0; to < lookup->found_count; to++) {
		err = ftrace_set_filter_ip(&lookup->scratch, found[to].address, 0, 1);
		if (err && err != -EINVAL)	/* EINVAL: it is no place of ftrace's */
			break;
		if (found[to].kind & BIT(KIND_PROBE))
			ni_syscall_sees_all = !err;
		found[to].kind = kind_of(found[to].kind, !err);
		err = 0;
		cond_resched();
	}
	ftrace_free_filter(&lookup->scratch);
	return err;
}

static int keep_addresses(const struct lookup *lookup)
{
	unsigned int kind, i, count = 0;

	addresses = kvmalloc_array(lookup->found_count, sizeof(addresses[0]), GFP_KERNEL);
	if (!addresses)
		return -ENOMEM;
	for (kind = 0; kind < KINDS; kind++) {
		kind_count[kind] = 0;
		for (i = 0; i < lookup->found_count; i++) {
			if (lookup->found[i].kind != kind)
				continue;
			addresses[count++] = lookup->found[i].address;
			kind_count[kind]++;
		}
	}
	return 0;
}

static int prepare_once(void)
{
	struct lookup *lookup;
	int err;

	lookup = kvzalloc(sizeof(*lookup), GFP_KERNEL);
	if (!lookup)
		return -ENOMEM;
	err = look_up_functions(lookup) ?: merge_functions(lookup) ?: keep_addresses(lookup);
	kvfree(lookup);
	return err;
}

static int syscount_direct_prepare(void)
{
	int err = 0;

	mutex_lock(&prepare_mutex);
	if (!addresses)
		err = prepare_once();
	mutex_unlock(&prepare_mutex);
	return err;
}

/* What a kprobe sees of one of the functions is what a trampoline sees. */
static notrace int syscount_enter_probed(struct kprobe *kprobe, struct pt_regs *regs)
{
	const struct pt_regs *call = (const struct pt_regs *)regs_get_kernel_argument(regs, 0);

	syscount_count_entered(syscount_hook_weights(SYSCOUNT_HOOK_DIRECT), call->orig_ax);
	return 0;
}
NOKPROBE_SYMBOL(syscount_enter_probed);

static int attach_probe(unsigned long address)
{
	struct kprobe *probe;
	int err;

	if (probe_count == SYSCOUNT_KPROBES_MAX)
		return -EBUSY;
	probe = &probes[probe_count];
	memset(probe, 0, sizeof(*probe));
	probe->addr = (kprobe_opcode_t *)address;
	probe->pre_handler = syscount_enter_probed;
	err = register_kprobe(probe);
	if (!err)
		probe_count++;
	return err;
}

/*
 * Asked by ftrace when a livepatch and this share a function. They can: a trampoline
 * returns to the function, and never calls the original. The parameters differ by
 * version, so there are two, and the type of the pointer says which is right.
 */
static int __maybe_unused share_two(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	return 0;
}

static int __maybe_unused share_three(struct ftrace_ops *ops, unsigned long ip,
				      enum ftrace_ops_cmd cmd)
{
	return 0;
}

#define SHARE									\
	__builtin_choose_expr(__builtin_types_compatible_p(ftrace_ops_func_t,	\
							   typeof(share_two) *),	\
			      share_two, share_three)

static bool abandoned;

/*
 * ftrace found a fault in itself and does nothing any more, be it in the middle: what
 * it has of us it keeps, so it must stay.
 */
static void abandon(void)
{
	if (abandoned)
		return;
	abandoned = true;
	pr_err("hook direct: ftrace has failed: this module can never be unloaded\n");
	__module_get(THIS_MODULE);
}

static int attach_patch(unsigned long *list, unsigned int count, void (*trampoline)(void))
{
	struct patch *patch = kzalloc(sizeof(*patch), GFP_KERNEL);
	int err;

	if (!patch)
		return -ENOMEM;
	patch->trampoline = (unsigned long)trampoline;
	patch->ops.ops_func = SHARE;
	err = ftrace_set_filter_ips(&patch->ops, list, count, 0, 0);
	if (err)
		goto err_free;
	err = register_ftrace_direct(&patch->ops, patch->trampoline);
	if (err == -ENODEV) {
		abandon();
		return err;
	}
	if (err)
		goto err_filter;
	/*
	 * So that kernel.ftrace_enabled cannot be switched off behind our back. Not
	 * before: some kernels lose the flag in registering, and some say EBUSY then,
	 * as they do for another direct call, when it is off already.
	 */
	patch->ops.flags |= FTRACE_OPS_FL_PERMANENT;
	list_add(&patch->list, &patches);
	patched_count += count;
	return 0;

err_filter:
	ftrace_free_filter(&patch->ops);
err_free:
	kfree(patch);
	return err;
}

/*
 * A portion at once; if one of them has a direct call already, look by halves which it is,
 * and take a kprobe for that one.
 */
static int attach_patches(unsigned long *list, unsigned int count, enum kind kind)
{
	int err = attach_patch(list, count, trampolines[kind]);

	if (err != -EBUSY)
		return err;
	if (count > 1) {
		err = attach_patches(list, count / 2, kind);
		return err ?: attach_patches(list + count / 2, count - count / 2, kind);
	}
	err = attach_probe(list[0]);
	if (!err)
		pr_notice("hook direct: %ps: has a direct call already, so a kprobe counts it\n",
			  (void *)list[0]);
	return err;
}

/*
 * How many of @count functions to register in one call. The kernel's table has 32 lists
 * at first, and gets twice as many when one comes to more than two for each: to 65, 129,
 * 257. With fewer than are there already it grows once in a call at most, and a kernel
 * that frees only the last one outgrown loses none.
 */
static unsigned int portion_of(unsigned int count)
{
	if (!SYSCOUNT_DIRECT_LEAKS)
		return count;
	return min(count, max(patched_count, 65U) - 1);
}

static int attach_kind(unsigned long *list, enum kind kind)
{
	unsigned int done, portion;
	int err = 0;

	for (done = 0; !err && done < kind_count[kind]; done += portion) {
		portion = portion_of(kind_count[kind] - done);
		err = attach_patches(list + done, portion, kind);
	}
	return err;
}

/* ftrace can succeed and have done nothing: while kernel.ftrace_enabled is 0. */
static bool all_patched(unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!syscount_text_patched(addresses[i])) {
			pr_notice("hook direct: %ps: not patched; is kernel.ftrace_enabled or kprobes/enabled 0?\n",
				  (void *)addresses[i]);
			return false;
		}
	}
	return true;
}

static bool rehearsed;

/*
 * The function that cost.c times. Its address is known, and it is not looked up as the
 * others are: while a kprobe is being registered in it, this module has a user, and
 * could not be unloaded. Without it the hook counts as well.
 */
static void attach_rehearsal(void)
{
	unsigned long address = (unsigned long)syscount_rehearsal_traced;

	WRITE_ONCE(rehearsed, !attach_patch(&address, 1, syscount_trampoline_rehearsal));
}

static enum syscount_rehearsal syscount_direct_rehearsal(void)
{
	return READ_ONCE(rehearsed) ? SYSCOUNT_REHEARSAL_TRACED : SYSCOUNT_REHEARSAL_NONE;
}

static int attach_all(void)
{
	unsigned long *list = addresses;
	unsigned int kind, i;
	int err;

	for (kind = 0; kind < TRAMPOLINES; kind++) {
		err = attach_kind(list, kind);
		if (err)
			return err;
		list += kind_count[kind];
	}
	for (i = 0; i < kind_count[KIND_PROBE]; i++) {
		err = attach_probe(*list++);
		if (err)
			return err;
	}
	if (!all_patched(list - addresses))
		return -EBUSY;
	attach_rehearsal();
	return 0;
}

static void syscount_direct_detach(void)
{
	struct patch *patch, *next;

	syscount_unregister_kprobes(probes, probe_count);
	probe_count = 0;
	list_for_each_entry_safe(patch, next, &patches, list) {
		list_del(&patch->list);
		if (unregister_ftrace_direct(&patch->ops, patch->trampoline, true))
			abandon();
		else
			kfree(patch);
	}
	patched_count = 0;
}

static int syscount_direct_attach(void)
{
	int err;

	err = syscount_direct_prepare();
	if (err)
		return err;
	err = attach_all();
	if (err)
		syscount_direct_detach();
	return err;
}

/* For tasks that were preempted in a trampoline; without addresses there was no patch. */
static void syscount_direct_drain(void)
{
	/* Who unloads it, or fails to load it, would free it, whatever references there are. */
	while (abandoned)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
	if (!addresses)
		return;
	synchronize_rcu_tasks();
	kvfree(addresses);
}

static bool syscount_direct_usable(void)
{
	return true;
}

static bool syscount_direct_sees_out_of_range(void)
{
	return ni_syscall_sees_all;
}

const struct syscount_hook syscount_hook_direct = {
	.name = "direct",
	.id = SYSCOUNT_HOOK_DIRECT,
	.usable = syscount_direct_usable,
	.sees_out_of_range = syscount_direct_sees_out_of_range,
	.prepare = syscount_direct_prepare,
	.attach = syscount_direct_attach,
	.detach = syscount_direct_detach,
	.rehearsal = syscount_direct_rehearsal,
	.drain = syscount_direct_drain,
};

#else

static bool syscount_direct_usable(void)
{
	return false;
}

const struct syscount_hook syscount_hook_direct = {
	.name = "direct",
	.id = SYSCOUNT_HOOK_DIRECT,
	.usable = syscount_direct_usable,
};

#endif
