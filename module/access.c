// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may do what. Capabilities are always those of the initial user namespace:
 * root of another one is nobody here.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cache.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "access.h"

static bool everybody __ro_after_init;
static kgid_t group __ro_after_init = INVALID_GID;

/* @gid: the group that may read, or -1 for none */
int __init syscount_access_init(bool public, long gid)
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

/* May the caller read the counters? */
bool syscount_may_read(void)
{
	return everybody || (gid_valid(group) && in_group_p(group)) || perfmon_capable();
}

/* May the caller switch and reset? */
bool syscount_may_control(void)
{
	return capable(CAP_SYS_ADMIN);
}

static bool opener_and_caller(const struct file *file, bool (*may)(void))
{
	const struct cred *caller = override_creds(file->f_cred);
	bool opener = may();

	revert_creds(caller);
	return opener && may();
}

/* May the opener of @file and the caller read the counters? */
bool syscount_file_may_read(const struct file *file)
{
	return opener_and_caller(file, syscount_may_read);
}

/* May the opener of @file and the caller watch others? */
bool syscount_file_may_watch(const struct file *file)
{
	return opener_and_caller(file, perfmon_capable);
}

/* May the opener of @file and the caller switch and reset? */
bool syscount_file_may_control(const struct file *file)
{
	return opener_and_caller(file, syscount_may_control);
}
