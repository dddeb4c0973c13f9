// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hook for those who need the syscall tracepoint's slow entry path to stay
 * off: kprobes on the functions that dispatch a number; on x86 one for each abi, which
 * are entered for numbers inside the kernel's tables only, holes included.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/printk.h>
#include <linux/ptrace.h>
#include <linux/string.h>

#include "arch.h"
#include "cost.h"
#include "counters.h"
#include "hook.h"

#ifdef CONFIG_X86_64

#include <asm/text-patching.h>

/* long x64_sys_call(const struct pt_regs *regs, unsigned int nr) and its likes */
static __always_inline void count(struct pt_regs *regs, unsigned int abi)
{
	const u8 *weights = syscount_hook_weights(SYSCOUNT_HOOK_KPROBE);

	syscount_count_other(weights, abi, regs_get_kernel_argument(regs, 1));
}

static notrace int syscount_enter_64(struct kprobe *kprobe, struct pt_regs *regs)
{
	count(regs, SYSCOUNT_ABI_64);
	return 0;
}
NOKPROBE_SYMBOL(syscount_enter_64);

static notrace int syscount_enter_i386(struct kprobe *kprobe, struct pt_regs *regs)
{
	count(regs, SYSCOUNT_ABI_I386);
	return 0;
}
NOKPROBE_SYMBOL(syscount_enter_i386);

static notrace int syscount_enter_x32(struct kprobe *kprobe, struct pt_regs *regs)
{
	count(regs, SYSCOUNT_ABI_X32);
	return 0;
}
NOKPROBE_SYMBOL(syscount_enter_x32);

static const struct {
	const char *symbol;
	kprobe_pre_handler_t handler;
} places[] = {
	{ "x64_sys_call", syscount_enter_64 },
#ifdef CONFIG_IA32_EMULATION
	{ "ia32_sys_call", syscount_enter_i386 },
#endif
#ifdef CONFIG_X86_X32_ABI
	{ "x32_sys_call", syscount_enter_x32 },
#endif
};

static bool syscount_kprobe_sees_out_of_range(void)
{
	return false;
}

/*
 * Registering succeeds, and arms nothing, while kernel.ftrace_enabled or
 * /sys/kernel/debug/kprobes/enabled is 0. So look whether something is there: the
 * call of ftrace, the breakpoint of a kprobe, or the jump of an optimised one.
 */
bool syscount_text_patched(unsigned long address)
{
	u8 opcode = READ_ONCE(*(const u8 *)address);

	return opcode == CALL_INSN_OPCODE || opcode == INT3_INSN_OPCODE ||
	       opcode == JMP32_INSN_OPCODE;
}

#else

#include <asm/debug-monitors.h>

/*
 * void invoke_syscall(struct pt_regs *regs, unsigned int scno, ...): of all abis, and
 * entered for numbers outside the tables, too.
 */
static notrace int syscount_enter(struct kprobe *kprobe, struct pt_regs *regs)
{
	syscount_count_entered(syscount_hook_weights(SYSCOUNT_HOOK_KPROBE),
			       regs_get_kernel_argument(regs, 1));
	return 0;
}
NOKPROBE_SYMBOL(syscount_enter);

static const struct {
	const char *symbol;
	kprobe_pre_handler_t handler;
} places[] = {
	{ "invoke_syscall", syscount_enter },
};

static bool syscount_kprobe_sees_out_of_range(void)
{
	return true;
}

/* Is a kprobe's breakpoint there? There is none while kprobes are switched off. */
bool syscount_text_patched(unsigned long address)
{
	return le32_to_cpu(READ_ONCE(*(const __le32 *)address)) == BRK64_OPCODE_KPROBES;
}

#endif

/*
 * unregister_kprobes() does not say when ftrace had no memory to let go of a place, and then leaves
 * the kprobe where the kernel looks for them, in memory that will be somebody else's. Of its two
 * halves disable_kprobe() is the one that can fail. By then the place is counted as let go
 * (__disarm_kprobe_ftrace() in kernel/kprobes.c), and must not be again: of one that is disabled it
 * is not. It stays traced, and no kprobe is found there. Nobody else changes these flags.
 */
void syscount_unregister_kprobes(struct kprobe *kprobes, unsigned int count)
{
	struct kprobe *list[SYSCOUNT_KPROBES_MAX];
	unsigned int i;

	for (i = 0; i < count; i++) {
		list[i] = &kprobes[i];
		if (disable_kprobe(list[i]))
			list[i]->flags |= KPROBE_FLAG_DISABLED;
	}
	unregister_kprobes(list, count);
}

/* All or none, as register_kprobes() has it, which leaves some where none can be let go. */
static int register_all(struct kprobe *kprobes, unsigned int count)
{
	unsigned int i;
	int err;

	for (i = 0; i < count; i++) {
		err = register_kprobe(&kprobes[i]);
		if (err) {
			syscount_unregister_kprobes(kprobes, i);
			return err;
		}
	}
	return 0;
}

static struct kprobe kprobes[ARRAY_SIZE(places)];

static int register_places(u32 flags)
{
	unsigned int i;

	/* A kprobe that was registered before is not fit to be registered again. */
	memset(kprobes, 0, sizeof(kprobes));
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		kprobes[i].symbol_name = places[i].symbol;
		kprobes[i].pre_handler = places[i].handler;
		kprobes[i].flags = flags;
	}
	return register_all(kprobes, ARRAY_SIZE(kprobes));
}

static void unregister_places(void)
{
	syscount_unregister_kprobes(kprobes, ARRAY_SIZE(kprobes));
}

/* Some kernels dispatch by a table, and have none of the functions. */
static bool syscount_kprobe_usable(void)
{
	if (register_places(KPROBE_FLAG_DISABLED))
		return false;
	unregister_places();
	return true;
}

/*
 * The functions that cost.c times. Kernels differ in whether ftrace has a place in those
 * that dispatch, which a kprobe takes then; so there are two. Without them the hook
 * counts as well.
 */
static struct kprobe rehearsals[2];
static enum syscount_rehearsal rehearsal;

/* What the other handlers do, of what is no call. */
static notrace int syscount_enter_rehearsal(struct kprobe *kprobe, struct pt_regs *regs)
{
	syscount_count_other(syscount_weight_zeroes, SYSCOUNT_ABI_64,
			     regs_get_kernel_argument(regs, 1));
	return 0;
}
NOKPROBE_SYMBOL(syscount_enter_rehearsal);

static void attach_rehearsals(void)
{
	enum syscount_rehearsal kind = kprobe_ftrace(&kprobes[0]) ?
		SYSCOUNT_REHEARSAL_TRACED : SYSCOUNT_REHEARSAL_UNTRACED;

	memset(rehearsals, 0, sizeof(rehearsals));
	rehearsals[0].addr = (kprobe_opcode_t *)syscount_rehearsal_traced;
	rehearsals[0].pre_handler = syscount_enter_rehearsal;
	rehearsals[1].addr = (kprobe_opcode_t *)syscount_rehearsal_untraced;
	rehearsals[1].pre_handler = syscount_enter_rehearsal;
	if (register_all(rehearsals, ARRAY_SIZE(rehearsals)))
		kind = SYSCOUNT_REHEARSAL_NONE;
	WRITE_ONCE(rehearsal, kind);
}

static void detach_rehearsals(void)
{
	if (rehearsal != SYSCOUNT_REHEARSAL_NONE)
		syscount_unregister_kprobes(rehearsals, ARRAY_SIZE(rehearsals));
	WRITE_ONCE(rehearsal, SYSCOUNT_REHEARSAL_NONE);
}

static enum syscount_rehearsal syscount_kprobe_rehearsal(void)
{
	return READ_ONCE(rehearsal);
}

static int syscount_kprobe_attach(void)
{
	unsigned int i;
	int err;

	err = register_places(0);
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		if (!syscount_text_patched((unsigned long)kprobes[i].addr)) {
			unregister_places();
			return -EBUSY;
		}
	}
	attach_rehearsals();
	return 0;
}

static void syscount_kprobe_detach(void)
{
	/* Waits for handlers that run. */
	detach_rehearsals();
	unregister_places();
}

/*
 * The jump of an optimised kprobe is taken out in the background, after
 * unregister_kprobe() has returned. If the module's text goes first, the kernel keeps
 * a dead entry (kill_optimized_kprobe() in kernel/kprobes.c forgets to free it), and
 * warns when another module comes to lie there. Nothing tells when the jump is gone but
 * the text. What the kernel does about the entry then, it does before it lets go of the
 * mutex that it needs to hear of a module that goes.
 */
#define OPTIMIZER_POLL_MS	10
#define OPTIMIZER_PATIENCE_MS	10000

static void syscount_kprobe_drain(void)
{
#ifdef CONFIG_OPTPROBES
	unsigned int i, ms = 0;

	for (i = 0; i < ARRAY_SIZE(rehearsals); i++) {
		const u8 *place = (const u8 *)rehearsals[i].addr;

		while (place && READ_ONCE(*place) == JMP32_INSN_OPCODE) {
			if (ms > OPTIMIZER_PATIENCE_MS) {
				pr_warn("hook kprobe: %ps: still has the jump of a kprobe\n",
					place);
				return;
			}
			msleep(OPTIMIZER_POLL_MS);
			ms += OPTIMIZER_POLL_MS;
		}
	}
#endif
}

const struct syscount_hook syscount_hook_kprobe = {
	.name = "kprobe",
	.id = SYSCOUNT_HOOK_KPROBE,
	.usable = syscount_kprobe_usable,
	.sees_out_of_range = syscount_kprobe_sees_out_of_range,
	.attach = syscount_kprobe_attach,
	.detach = syscount_kprobe_detach,
	.rehearsal = syscount_kprobe_rehearsal,
	.drain = syscount_kprobe_drain,
};
