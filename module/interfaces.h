/* SPDX-License-Identifier: GPL-2.0-only */
/* The readers, which main.c sets up and takes down, and nothing else knows. */
#ifndef _SYSCOUNT_INTERFACES_H
#define _SYSCOUNT_INTERFACES_H

struct attribute_group;

int syscount_procfs_init(void);
void syscount_procfs_exit(void);

/* /dev/syscount and, with it, the sysfs attributes of the misc device. */
int syscount_chardev_init(void);
void syscount_chardev_exit(void);

extern const struct attribute_group *syscount_sysfs_groups[];

#endif
