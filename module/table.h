/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every counter has an index: the calls of each abi by number, abi after abi,
 * then for each abi the slots that unknown numbers claim, then its '*'.
 */
#ifndef _SYSCOUNT_TABLE_H
#define _SYSCOUNT_TABLE_H

#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/syscount.h>

#define SYSCOUNT_CALL(nr, name, category) SYSCOUNT_64_##name = nr,
enum {
#include "calls_64.h"
	SYSCOUNT_SIZE_64	/* the generated calls are sorted: the highest number + 1 */
};

#undef SYSCOUNT_CALL

#ifdef CONFIG_X86_64

#define SYSCOUNT_CALL(nr, name, category) SYSCOUNT_I386_##name = nr,
enum {
#include "calls_32.h"
	SYSCOUNT_SIZE_I386
};

#undef SYSCOUNT_CALL

#define SYSCOUNT_CALL(nr, name, category) SYSCOUNT_X32_##name = nr,
enum {
#include "calls_x32.h"
	SYSCOUNT_SIZE_X32
};

#undef SYSCOUNT_CALL

#define SYSCOUNT_X32_BIT	0x40000000	/* __X32_SYSCALL_BIT of a user's <asm/unistd.h> */

enum {
	SYSCOUNT_BASE_64	= 0,
	SYSCOUNT_BASE_I386	= SYSCOUNT_BASE_64 + SYSCOUNT_SIZE_64,
	SYSCOUNT_BASE_X32	= SYSCOUNT_BASE_I386 + SYSCOUNT_SIZE_I386,
	SYSCOUNT_CALLS		= SYSCOUNT_BASE_X32 + SYSCOUNT_SIZE_X32,
	SYSCOUNT_ABIS		= SYSCOUNT_ABI_X32 + 1	/* those of others have no calls */
};

#else

#define SYSCOUNT_CALL(nr, name, category) SYSCOUNT_ARM_##name = nr,
enum {
#include "calls_32.h"
	SYSCOUNT_SIZE_ARM
};

#undef SYSCOUNT_CALL

enum {
	SYSCOUNT_BASE_64	= 0,
	SYSCOUNT_BASE_ARM	= SYSCOUNT_BASE_64 + SYSCOUNT_SIZE_64,
	SYSCOUNT_CALLS		= SYSCOUNT_BASE_ARM + SYSCOUNT_SIZE_ARM,
	SYSCOUNT_ABIS		= SYSCOUNT_ABI_ARM + 1
};

#endif

/* Rows for numbers outside the tables, each abi. */
#define SYSCOUNT_SLOTS	32

enum {
	SYSCOUNT_INDEXES	= SYSCOUNT_CALLS + SYSCOUNT_ABIS * (SYSCOUNT_SLOTS + 1)
};

/* Room for an entry point's prefix, name and final zero, as in the UAPI. */
#define SYSCOUNT_ENTRY_LEN	sizeof_field(struct syscount_name, entry)

extern const char *const syscount_category_names[SYSCOUNT_CAT_COUNT];
extern const char *const syscount_abi_names[SYSCOUNT_ABI_COUNT];

u32 syscount_abis_built(void);
const char *syscount_call_name(unsigned int index);
unsigned int syscount_call_category(unsigned int index);
void syscount_call_entry(unsigned int abi, unsigned int index, char entry[SYSCOUNT_ENTRY_LEN]);

/* An abi that this machine has not has no calls. */
static __always_inline unsigned int syscount_abi_base(unsigned int abi)
{
	switch (abi) {
#ifdef CONFIG_X86_64
	case SYSCOUNT_ABI_I386:
		return SYSCOUNT_BASE_I386;
	case SYSCOUNT_ABI_X32:
		return SYSCOUNT_BASE_X32;
#else
	case SYSCOUNT_ABI_ARM:
		return SYSCOUNT_BASE_ARM;
#endif
	default:
		return SYSCOUNT_BASE_64;
	}
}

/* Numbers below this have a counter of their own. */
static __always_inline unsigned int syscount_abi_size(unsigned int abi)
{
	switch (abi) {
	case SYSCOUNT_ABI_64:
		return SYSCOUNT_SIZE_64;
#ifdef CONFIG_X86_64
	case SYSCOUNT_ABI_I386:
		return SYSCOUNT_SIZE_I386;
	case SYSCOUNT_ABI_X32:
		return SYSCOUNT_SIZE_X32;
#else
	case SYSCOUNT_ABI_ARM:
		return SYSCOUNT_SIZE_ARM;
#endif
	default:
		return 0;
	}
}

static inline unsigned int syscount_slot_base(unsigned int abi)
{
	return SYSCOUNT_CALLS + abi * (SYSCOUNT_SLOTS + 1);
}

#endif
