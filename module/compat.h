/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What older kernels have otherwise: the one file that names versions. A block
 * goes when the oldest kernel that the module is for has what the newer ones have.
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

#endif
