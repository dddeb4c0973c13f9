// SPDX-License-Identifier: GPL-2.0-only
/* arm64: the calls of 32-bit programs, whose numbers have the names of the others. */

/* Asks the kernel's headers for no other numbers, as arch/arm64/kernel/sys32.c does. */
#define __COMPAT_SYSCALL_NR

#include "compat.h"
#include "table_calls.h"

const struct syscount_call syscount_calls_arm[SYSCOUNT_SIZE_ARM] = {
#include "calls_32.h"
#ifdef CONFIG_COMPAT
#ifdef SYSCOUNT_ARM64_TABLES
#include <asm/syscall_table_32.h>
#else
#include <asm/unistd32.h>
#endif
#endif
};
