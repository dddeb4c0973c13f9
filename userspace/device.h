/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/syscount: device.c and device_watch.c are the only files that know the ioctls. */
#ifndef _SYSCOUNT_DEVICE_H
#define _SYSCOUNT_DEVICE_H

#include <linux/syscount.h>
#include <sys/types.h>

#include "snapshot.h"

struct device;

/* All of these end the program with one line when they fail. */
struct device *device_open(void);
void device_close(struct device *d);
const struct syscount_version *device_version(const struct device *d);
dev_t device_number(const struct device *d);
/* False: not permitted. */
bool device_try_info(struct device *d, struct syscount_info *info);
/* The module's table of calls, kind list. */
const struct snapshot *device_table(struct device *d);
/* With @all, the rows without a call too. */
struct snapshot *device_read(struct device *d, bool all);
/* Counts since loading, a group for each CPU. */
struct snapshot *device_read_cpus(struct device *d);
/* What the hook adds to calls, once it is not being changed: as the module says. */
void device_cost(struct device *d, struct syscount_cost *cost);
/*
 * The calling thread's calls are not counted for SYSCOUNT_BYPASS_MS; or are again.
 * False: the hook is not the tracepoint.
 */
bool device_bypass(struct device *d, bool on);
/* Categories and total alone, by a single call. */
void device_read_totals(struct device *d, struct syscount_read *get);
void device_reset(struct device *d);
void device_switch(struct device *d, const struct syscount_switch_item *items, size_t n);

/* Makes the device's file a watch: 0, or the error number. */
int device_try_watch(const struct device *d, const struct syscount_watch *watch);
/* What that error number of a watch of @what means. */
void device_watch_failed(int error, const char *what) __attribute__((__noreturn__));
/*
 * What that watch counted: groups, and the sum of all. Who is watched is not filled in. With
 * @forget the module lets go of the groups that have ended: they are in no later reading.
 */
struct snapshot *device_read_watch(struct device *d, const struct syscount_watch *watch,
				   bool forget);
/*
 * The same in two steps, so that between the readings of two watches no call is made.
 * With @forget the module lets go of the groups that ended. False: there was not room
 * enough, and now there is: ask again.
 */
bool device_try_reading(struct device *d, bool forget);
struct snapshot *device_reading(struct device *d, const struct syscount_watch *watch);

const char *hook_word(unsigned int hook);
const char *abi_word(unsigned int abi);
const char *category_word(unsigned int category);	/* NULL: unknown */

#endif
