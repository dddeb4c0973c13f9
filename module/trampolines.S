/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's functions for system calls call first while the hook direct is
 * attached: see hook_direct.c, and Documentation/design.md for why this is safe.
 *
 * On entry %rdi is the function's only argument, the pt_regs of the call; the return
 * address is the function's own place after its call. Changed are %rax, %r10, %r11 and
 * the flags, which nothing holds a value in at the entry of a function.
 *
 * The kernel dispatches on the low half of orig_ax. It is range-checked here again,
 * since an emulated vsyscall enters with -1. Past a mispredicted check a weight is
 * loaded from anywhere, but what is loaded becomes neither an address nor a condition.
 */

#include "compat.h"
#include "offsets.h"

#ifdef SYSCOUNT_HAVE_DIRECT

#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/frame.h>
#include <asm/percpu.h>

/*
 * Without the ENDBR that SYM_FUNC_START() of some kernels has: a trampoline is reached
 * by the call in a patched function, or by the return of ftrace's own trampoline
 * (arch/x86/kernel/ftrace_64.S), and never by an indirect branch.
 */
#define TRAMPOLINE(name)	SYM_START(name, SYM_L_GLOBAL, SYM_A_ALIGN)

	.text

/*
 * Count the call with the number %rax of an abi whose indexes begin at @base; for a
 * rehearsal take other weights, and show no watch a call that is none.
 */
.macro COUNT base:req, weights=syscount_weight_base, rehearsal=0
	movq	\weights(%rip), %r11
	movq	syscount_counters(%rip), %r10
	movzbl	(WEIGHTS + \base)(%r11, %rax), %r11d
	addq	%r11, %__percpu_seg:(8 * \base)(%r10, %rax, 8)
	cmpq	$0, PER_CPU_VAR(syscount_watched)
	jne	.Lwatched\@
	RET
.Lwatched\@:
	.if !\rehearsal
	addl	$\base, %eax
	jmp	count_watched
	.else
	RET
	.endif
.endm

/* The same for a number that abi 64 does not have. */
.macro COUNT_X32
	subl	$X32_BIT, %eax
	cmpl	$SIZE_X32, %eax
	jae	.Lnone\@
	COUNT	BASE_X32
.Lnone\@:
	RET
.endm

/*
 * The same for a call that any abi can have entered by: the task knows which it is. One
 * whose number neither abi 64 nor i386 has goes to @x32.
 */
.macro COUNT_ANY x32:req, weights=syscount_weight_base, rehearsal=0
	movl	PT_REGS_ORIG_AX(%rdi), %eax
	cmpl	$SIZE_ANY, %eax
	jae	\x32
	movq	PER_CPU_VAR(SYSCOUNT_CURRENT_TASK + CURRENT_OFFSET), %r11
	testl	$TASK_COMPAT, TASK_STATUS(%r11)
	jnz	.Li386\@
	COUNT	BASE_64, \weights, \rehearsal
.Li386\@:
	COUNT	BASE_I386, \weights, \rehearsal
.endm

/*
 * Count the call with the index %rax by %r11 for the running task's watch, if that has a
 * cell for it, as count_quickly() in watch_probes.c does; else let C do it. %rcx and
 * whatever else a function in C may change is not an argument, so nobody holds anything in
 * it.
 */
SYM_START(count_watched, SYM_L_LOCAL, SYM_A_ALIGN)
	movq	PER_CPU_VAR(syscount_watched), %r10
	testq	%r10, %r10
	jz	.Lnot_watched
	movq	WATCHED_TABLE(%r10), %r10
	testq	%r10, %r10
	jz	.Lnot_watched
	imull	$CELL_HASH, %eax, %ecx
	shrl	$CELL_HASH_SHIFT, %ecx
	movq	(%r10, %rcx, 8), %r10
.Lsearch:
	cmpl	%eax, CELL_KEY_AT(%r10)
	jne	.Lnext
	addq	%r11, CELL_CALLS_AT(%r10)
.Lnot_watched:
	RET
.Lnext:
	movq	CELL_NEXT_AT(%r10), %r10
	testq	%r10, %r10
	jnz	.Lsearch
	FRAME_BEGIN
	pushq	%rdi
	movl	%eax, %edi
	movq	%r11, %rsi
	call	syscount_watch_call
	popq	%rdi
	FRAME_END
	RET
SYM_FUNC_END(count_watched)

/* Functions that abi i386 enters, and no other. */
TRAMPOLINE(syscount_trampoline_i386)
	ANNOTATE_NOENDBR
	movl	PT_REGS_ORIG_AX(%rdi), %eax
	cmpl	$SIZE_I386, %eax
	jae	.Lnot_i386
	COUNT	BASE_I386
.Lnot_i386:
	RET
SYM_FUNC_END(syscount_trampoline_i386)

/* Functions that abi 64 or x32 enters. */
TRAMPOLINE(syscount_trampoline_64)
	ANNOTATE_NOENDBR
	movl	PT_REGS_ORIG_AX(%rdi), %eax
	cmpl	$SIZE_64, %eax
	jae	.Lnot_64
	COUNT	BASE_64
.Lnot_64:
	COUNT_X32
SYM_FUNC_END(syscount_trampoline_64)

/*
 * Functions that all abis enter, which are those without arguments. The number is
 * inside the table of its abi, or the kernel would not have come here; so for a number
 * of abi 64 or i386 the larger table's size will do.
 */
TRAMPOLINE(syscount_trampoline_any)
	ANNOTATE_NOENDBR
	COUNT_ANY .Lany_x32
.Lany_x32:
	COUNT_X32
SYM_FUNC_END(syscount_trampoline_any)

/* The same with weights that are all zero: for the function that cost.c times. */
TRAMPOLINE(syscount_trampoline_rehearsal)
	ANNOTATE_NOENDBR
	COUNT_ANY .Lrehearsal_x32, syscount_weight_zeroes, 1
.Lrehearsal_x32:
	RET
SYM_FUNC_END(syscount_trampoline_rehearsal)

#endif
