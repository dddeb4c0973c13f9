// SPDX-License-Identifier: GPL-2.0-only
/* Counts every system call: parameters, and the order of setting up and taking down. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>
#include <linux/printk.h>

#include "access.h"
#include "counters.h"
#include "interfaces.h"
#include "switch.h"
#include "version.h"
#include "watch.h"

static char *categories = "all";
module_param(categories, charp, 0);
MODULE_PARM_DESC(categories, "what to count at first: process, file, device, info, communication, unknown with commas between them, or all, or none (default: all)");

static char *hook = "auto";
module_param(hook, charp, 0);
MODULE_PARM_DESC(hook, "how to see the calls: auto, direct, tracepoint, kprobe (default: auto)");

static bool public;
module_param(public, bool, 0444);
MODULE_PARM_DESC(public, "everybody may read the counters (default: no)");

static long gid = -1;
module_param(gid, long, 0444);
MODULE_PARM_DESC(gid, "members of this group may read the counters (default: -1, no group)");

static int __init syscount_init(void)
{
	int err;

	err = syscount_access_init(public, gid);
	if (err)
		return err;
	err = syscount_counters_init();
	if (err)
		return err;
	err = syscount_watch_init();
	if (err)
		goto err_counters;
	err = syscount_switch_init(categories, hook);
	if (err)
		goto err_watch;
	err = syscount_procfs_init();
	if (err) {
		pr_err("/proc/syscount: cannot be made (%d)\n", err);
		goto err_switch;
	}
	err = syscount_chardev_init();
	if (err) {
		pr_err("/dev/syscount: cannot be made (%d)\n", err);
		goto err_procfs;
	}

	syscount_switch_started();
	return 0;

err_procfs:
	syscount_procfs_exit();
err_switch:
	syscount_switch_exit();
err_watch:
	syscount_watch_exit();
err_counters:
	syscount_counters_exit();
	return err;
}

static void __exit syscount_exit(void)
{
	syscount_chardev_exit();
	syscount_procfs_exit();
	syscount_switch_exit();
	syscount_watch_exit();
	syscount_counters_exit();
}

module_init(syscount_init);
module_exit(syscount_exit);

MODULE_DESCRIPTION("System calls counted by call and category");
MODULE_AUTHOR("The syscount authors");
MODULE_VERSION(SYSCOUNT_VERSION);
MODULE_LICENSE("GPL");
