/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What device.c and device_watch.c share. */
#ifndef _SYSCOUNT_DEVICE_PRIVATE_H
#define _SYSCOUNT_DEVICE_PRIVATE_H

#include "cgroup.h"
#include "device.h"
#include "util.h"

struct reading;

struct device {
	int fd;
	struct syscount_version version;
	struct snapshot *table;
	struct cgroup_paths *cgroups;
	uint32_t room;		/* rows that the last reading needed */
	struct reading *reading;	/* the last one of a watch, NULL: there was none */
};

void reading_free(struct reading *r);
int device_ioctl(const struct device *d, unsigned long command, void *arg);
/* One line for the errors that any command can meet. */
__noreturn void device_failed(const char *what, const char *need);
/* A module that is wrong, or another program's device. */
__noreturn void device_inconsistent(const char *what);
enum state device_state(unsigned int state);
void device_origin(const struct device *d, struct snapshot *s);
void device_times(struct snapshot *s, uint64_t since_ns, uint64_t now_ns);
/*
 * @from: all categories, unknown behind them, and behind that those of a module which knows
 * more: to this command they are unknown, as their rows are.
 */
void device_categories(struct counts *c, const struct syscount_total *from);
/* @row has its number; the name stays the table's. */
void device_name_row(struct device *d, struct row *row, unsigned int abi, unsigned int category,
		     unsigned int state, unsigned int flags);

#endif
