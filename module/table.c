// SPDX-License-Identifier: GPL-2.0-only
/* (abi, nr) to name, entry point and category. */

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "compat.h"
#include "table_calls.h"

#if !defined(CONFIG_X86_64) && !defined(CONFIG_ARM64)
#error "syscount knows the system calls of 64-bit x86 and of arm64 kernels only"
#endif
#ifndef CONFIG_TRACEPOINTS
#error "syscount needs a kernel with CONFIG_TRACEPOINTS"
#endif

#ifdef CONFIG_X86_64

static const struct syscount_call calls_64[SYSCOUNT_SIZE_64] = {
#include "calls_64.h"
#define __SYSCALL_64(_nr, _entry)	__SYSCALL(_nr, _entry)
#define __SYSCALL_X32(_nr, _entry)
#include <asm/syscalls_64.h>
#undef __SYSCALL_64
#undef __SYSCALL_X32
};

/* Of the other abis the names are there in any case, the functions not. */
static const struct syscount_call calls_i386[SYSCOUNT_SIZE_I386] = {
#include "calls_32.h"
#ifdef CONFIG_IA32_EMULATION
#include <asm/syscalls_32.h>
#endif
};

static const struct syscount_call calls_x32[SYSCOUNT_SIZE_X32] = {
#include "calls_x32.h"
#ifdef CONFIG_X86_X32_ABI
#define __SYSCALL_64(_nr, _entry)
#define __SYSCALL_X32(_nr, _entry)	__SYSCALL(_nr, _entry)
#ifdef SYSCOUNT_X32_IN_SYSCALLS_64
#include <asm/syscalls_64.h>
#else
#include <asm/syscalls_x32.h>
#endif
#endif
};

#else

static const struct syscount_call calls_64[SYSCOUNT_SIZE_64] = {
#include "calls_64.h"
#ifdef SYSCOUNT_ARM64_TABLES
#include <asm/syscall_table_64.h>
#else
#include <asm/unistd.h>
#endif
};

#endif

static const struct {
	const struct syscount_call *calls;
	const char *prefix;	/* of the entry points: the kernel's syscall_*.c, sys*.c */
} abis[SYSCOUNT_ABIS] = {
#ifdef CONFIG_X86_64
	[SYSCOUNT_ABI_64] = { calls_64, "__x64_" },
	[SYSCOUNT_ABI_I386] = { calls_i386, "__ia32_" },
	[SYSCOUNT_ABI_X32] = { calls_x32, "__x64_" },
#else
	[SYSCOUNT_ABI_64] = { calls_64, "__arm64_" },
	[SYSCOUNT_ABI_ARM] = { syscount_calls_arm, "__arm64_" },
#endif
};

const char *const syscount_abi_names[SYSCOUNT_ABI_COUNT] = {
	[SYSCOUNT_ABI_64] = "64",
	[SYSCOUNT_ABI_I386] = "i386",
	[SYSCOUNT_ABI_X32] = "x32",
	[SYSCOUNT_ABI_ARM] = "arm",
};

const char *const syscount_category_names[SYSCOUNT_CAT_COUNT] = {
	[SYSCOUNT_CAT_PROCESS] = "process",
	[SYSCOUNT_CAT_FILE] = "file",
	[SYSCOUNT_CAT_DEVICE] = "device",
	[SYSCOUNT_CAT_INFO] = "info",
	[SYSCOUNT_CAT_COMMUNICATION] = "communication",
	[SYSCOUNT_CAT_UNKNOWN] = "unknown",
};

/* Bits of the abis that this kernel was built with. */
u32 syscount_abis_built(void)
{
	u32 abis = BIT(SYSCOUNT_ABI_64);

	if (IS_ENABLED(CONFIG_IA32_EMULATION))
		abis |= BIT(SYSCOUNT_ABI_I386);
	if (IS_ENABLED(CONFIG_X86_X32_ABI))
		abis |= BIT(SYSCOUNT_ABI_X32);
	if (IS_ENABLED(CONFIG_ARM64) && IS_ENABLED(CONFIG_COMPAT))
		abis |= BIT(SYSCOUNT_ABI_ARM);
	return abis;
}

static const struct syscount_call *call_at(unsigned int index)
{
	unsigned int abi;

	for (abi = 0; abi < SYSCOUNT_ABIS; abi++)
		if (index - syscount_abi_base(abi) < syscount_abi_size(abi))
			return &abis[abi].calls[index - syscount_abi_base(abi)];
	return NULL;
}

/* NULL for a number that the kernel has no name for. */
const char *syscount_call_name(unsigned int index)
{
	const struct syscount_call *call = call_at(index);

	return call ? call->name : NULL;
}

/* SYSCOUNT_CAT_UNKNOWN for a number without a name, and a name that the map lacks. */
unsigned int syscount_call_category(unsigned int index)
{
	const struct syscount_call *call = call_at(index);

	return call && call->name ? call->category : SYSCOUNT_CAT_UNKNOWN;
}

/* "-" for a call that the kernel has a name for, but no function. */
void syscount_call_entry(unsigned int abi, unsigned int index, char entry[SYSCOUNT_ENTRY_LEN])
{
	const struct syscount_call *call = call_at(index);
	const char *prefix = abis[abi].prefix;

	if (!call || !call->entry) {
		strscpy(entry, "-", SYSCOUNT_ENTRY_LEN);
		return;
	}
	if (abi == SYSCOUNT_ABI_X32 && strstarts(call->entry, "compat_"))
		prefix = SYSCOUNT_X32_COMPAT;
	snprintf(entry, SYSCOUNT_ENTRY_LEN, "%s%s", prefix, call->entry);
}
