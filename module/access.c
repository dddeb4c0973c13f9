// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may do what. Capabilities are always those of the initial user namespace:
 * root of another one is nobody here.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/printk.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "access.h"

static bool everybody;
static kgid_t group = INVALID_GID;

/* @gid: the group that may read, or -1 for none */
int syscount_access_init(bool public, long gid)
{
	everybody = public;
	if (gid == -1)
		return 0;
	if (gid >= 0 && gid == (gid_t)gid)
		group = make_kgid(&init_user_ns, gid);
	if (gid_valid(group))
		return 0;
	pr_err("gid: %ld is not a group id\n", gid);
	return -EINVAL;
}

/*
 * Is the caller in the group of the parameter "gid"? To be asked when a file is
 * opened: the kernel does not export how to ask it of a file's opener later.
 */
bool syscount_in_group(void)
{
	return gid_valid(group) && in_group_p(group);
}

/* May the caller read the counters? */
bool syscount_may_read(void)
{
	return everybody || syscount_in_group() || perfmon_capable();
}

/* May the opener of @file and the caller read the counters? */
bool syscount_file_may_read(const struct file *file, bool opener_in_group)
{
	bool opener = everybody || opener_in_group ||
		      file_ns_capable(file, &init_user_ns, CAP_PERFMON) ||
		      file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN);

	return opener && syscount_may_read();
}

/* May the caller switch and reset? */
bool syscount_may_control(void)
{
	return capable(CAP_SYS_ADMIN);
}

/* May the opener of @file and the caller switch and reset? */
bool syscount_file_may_control(const struct file *file)
{
	return file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN) && syscount_may_control();
}
