// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another user of the kernel's functions for system calls, for selftests/neighbours.c.
 * It does to one function what the others do, without their tools: a direct call (as
 * a BPF program's fentry), or another function in its place (as a livepatch).
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/init.h>
#include <linux/linkage.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/string.h>

#include "compat.h"

#ifdef SYSCOUNT_HAVE_DIRECT

#include <asm/ibt.h>

static char *function = "__x64_sys_flock";
module_param(function, charp, 0);
MODULE_PARM_DESC(function, "which");

static bool patch;
module_param(patch, bool, 0);
MODULE_PARM_DESC(patch, "put another function in its place, else call one before it");

static struct ftrace_ops ops;

void neighbour_called(void);

asm(".pushsection .text\n"
    ".type neighbour_called, @function\n"
    ".globl neighbour_called\n"
    "neighbour_called:\n\t"
    ASM_ENDBR
    ASM_RET
    ".size neighbour_called, . - neighbour_called\n"
    ".popsection\n");

/* An error that none of the functions gives. */
static long in_its_place(const struct pt_regs *regs)
{
	return -EXFULL;
}

static void notrace divert(unsigned long ip, unsigned long parent, struct ftrace_ops *unused,
			   struct ftrace_regs *fregs)
{
	ftrace_get_regs(fregs)->ip = (unsigned long)in_its_place;
}

static int __init neighbour_init(void)
{
	int err;

	err = ftrace_set_filter(&ops, (unsigned char *)function, strlen(function), 1);
	if (err)
		return err;
	if (patch) {
		ops.func = divert;
		ops.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY | ops.flags;
		return register_ftrace_function(&ops);
	}
	return register_ftrace_direct(&ops, (unsigned long)neighbour_called);
}

static void __exit neighbour_exit(void)
{
	if (patch)
		unregister_ftrace_function(&ops);
	else
		unregister_ftrace_direct(&ops, (unsigned long)neighbour_called, true);
}

#else

/* Without direct calls there is nothing to get in the way of. */
static int __init neighbour_init(void)
{
	return -EOPNOTSUPP;
}

static void __exit neighbour_exit(void)
{
}

#endif

module_init(neighbour_init);
module_exit(neighbour_exit);

MODULE_DESCRIPTION("For the tests of syscount only");
MODULE_LICENSE("GPL");
