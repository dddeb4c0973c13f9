/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One write, third way: no C library, not even main(). Two system calls in all. */

	.globl	_start
_start:
	mov	$1, %eax		/* the number: write */
	mov	$1, %edi		/* 1st argument: standard output */
	lea	text(%rip), %rsi	/* 2nd: where the text is */
	mov	$13, %edx		/* 3rd: its length */
	syscall				/* into the kernel and back */

	mov	$60, %eax		/* exit */
	xor	%edi, %edi		/* with status 0 */
	syscall				/* comes not back */

	.section .rodata
text:	.ascii	"hello, world\n"

	.section .note.GNU-stack, "", @progbits
