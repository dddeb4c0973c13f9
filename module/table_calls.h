/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines of calls_*.h and of the kernel's own tables, as initialisers: for table*.c. */
#ifndef _SYSCOUNT_TABLE_CALLS_H
#define _SYSCOUNT_TABLE_CALLS_H

#include <linux/types.h>

#include "table.h"

struct syscount_call {
	const char *name;
	const char *entry;	/* without the abi's prefix */
	u8 category;
};

#define SYSCOUNT_CALL(_nr, _name, _category) \
	[_nr].name = #_name, [_nr].category = SYSCOUNT_CAT_##_category,

#undef __SYSCALL
#define __SYSCALL(_nr, _entry) \
	[_nr].entry = #_entry,
#define __SYSCALL_NORETURN(_nr, _entry) \
	__SYSCALL(_nr, _entry)
/* arch/x86/entry/syscall_32.c, arch/arm64/kernel/sys32.c: a 64-bit kernel runs that. */
#define __SYSCALL_WITH_COMPAT(_nr, _native, _compat) \
	__SYSCALL(_nr, _compat)

extern const struct syscount_call syscount_calls_arm[];

#endif
