/* SPDX-License-Identifier: GPL-2.0-only */
/* trampolines.S: called by the kernel's functions for system calls, and by nothing else. */
#ifndef _SYSCOUNT_TRAMPOLINES_H
#define _SYSCOUNT_TRAMPOLINES_H

void syscount_trampoline_64(void);
void syscount_trampoline_i386(void);
void syscount_trampoline_any(void);
void syscount_trampoline_rehearsal(void);

#endif
