// SPDX-License-Identifier: GPL-2.0-or-later
/* From the command line to what the module is asked for. */
#include "watch.h"

static unsigned int group_of(enum by by)
{
	switch (by) {
	case BY_PROCESS:
		return SYSCOUNT_BY_PROCESS;
	case BY_THREAD:
		return SYSCOUNT_BY_THREAD;
	case BY_CGROUP:
		return SYSCOUNT_BY_CGROUP;
	case BY_COMMAND:
		return SYSCOUNT_BY_COMMAND;
	default:
		return SYSCOUNT_BY_NONE;
	}
}

struct syscount_watch watch_of_options(const struct options *o)
{
	struct syscount_watch watch = { .by = group_of(o->by) };

	if (o->given & (OPT_ERRORS | OPTS_ERRORS) || o->format == FORMAT_STRACE)
		watch.flags |= SYSCOUNT_WATCH_ERRORS;
	if (o->given & OPT_LATENCY || o->format == FORMAT_STRACE)
		watch.flags |= SYSCOUNT_WATCH_LATENCY;
	if (o->given & OPT_OBJECTS)
		watch.flags |= SYSCOUNT_WATCH_OBJECTS;
	if (o->follow != FOLLOW_ALL)
		watch.flags |= SYSCOUNT_WATCH_NO_CHILDREN;
	if (o->follow == FOLLOW_NONE)
		watch.flags |= SYSCOUNT_WATCH_NO_THREADS;
	return watch;
}
