/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watches of those who run already; the command's own calls are not in them. */
#ifndef _SYSCOUNT_ATTACH_H
#define _SYSCOUNT_ATTACH_H

#include <poll.h>

#include "source.h"
#include "syscount.h"

struct attached;

/* That the options which name somebody fit together: else a usage error. */
void attach_check(const struct options *o);
/* Whom the options name; wrong numbers are a usage error. */
struct attached *attach_new(const struct options *o);
/* Counts from here on. Ends the program with one line if that cannot be. */
void attach_open(struct attached *a, struct source *src);
/* Of whom: of processes, those that are left. */
void attach_print_target(const struct attached *a, FILE *f);
struct snapshot *attach_read(struct attached *a);
/* How often to let go of what has ended, and to do so. */
uint64_t attach_settle_ns(const struct attached *a);
void attach_settle(struct attached *a);

/*
 * The same in steps, for one that looks again and again: whom, which ends the program if
 * there is none; groups of @by, from now on, whatever was counted before, which is 0 or the
 * error number; what was counted since the last time, with these groups, after which the
 * module lets go of those that ended (NULL: nobody of them was there any more).
 */
void attach_find(struct attached *a, struct source *src);
int attach_regroup(struct attached *a, enum by by);
struct snapshot *attach_recent(struct attached *a);
/* Counts nothing until it is grouped anew. */
void attach_leave(struct attached *a);

/* What to wait for with poll(). */
struct pollfd *attach_fds(struct attached *a, nfds_t *n);
/* After poll(): is the last one that it was of gone. */
bool attach_ended(struct attached *a);
void attach_close(struct attached *a);

#endif
