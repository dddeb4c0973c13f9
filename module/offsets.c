// SPDX-License-Identifier: GPL-2.0-only
/* Numbers of C for trampolines.S, by way of the compiler's output: see Kbuild. */

#define COMPILE_OFFSETS

#include <linux/kbuild.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <asm/current.h>

#include "compat.h"
#include "hook.h"
#include "table.h"
#include "watch_internal.h"

void syscount_offsets(void);

void syscount_offsets(void)
{
#ifdef SYSCOUNT_HAVE_DIRECT
	OFFSET(PT_REGS_ORIG_AX, pt_regs, orig_ax);
	OFFSET(TASK_STATUS, task_struct, thread_info.status);
	DEFINE(CURRENT_OFFSET, SYSCOUNT_CURRENT_OFFSET);
	DEFINE(TASK_COMPAT, TS_COMPAT);
	DEFINE(X32_BIT, SYSCOUNT_X32_BIT);
	DEFINE(SIZE_64, SYSCOUNT_SIZE_64);
	DEFINE(SIZE_I386, SYSCOUNT_SIZE_I386);
	DEFINE(SIZE_ANY, (int)SYSCOUNT_SIZE_64 > (int)SYSCOUNT_SIZE_I386 ?
			 SYSCOUNT_SIZE_64 : SYSCOUNT_SIZE_I386);
	DEFINE(SIZE_X32, SYSCOUNT_SIZE_X32);
	DEFINE(BASE_64, SYSCOUNT_BASE_64);
	DEFINE(BASE_I386, SYSCOUNT_BASE_I386);
	DEFINE(BASE_X32, SYSCOUNT_BASE_X32);
	OFFSET(WATCHED_TABLE, syscount_watched, table);
	DEFINE(CELL_HASH, CELL_HASH);
	DEFINE(CELL_HASH_SHIFT, CELL_HASH_SHIFT);
	OFFSET(CELL_NEXT_AT, cell, next);
	OFFSET(CELL_KEY_AT, cell, key);
	OFFSET(CELL_CALLS_AT, cell, calls);
	DEFINE(WEIGHTS, (SYSCOUNT_HOOK_DIRECT - 1) * SYSCOUNT_INDEXES);
#endif
}
