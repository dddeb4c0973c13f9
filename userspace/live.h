/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a live screen shows: the last interval, and all before it. */
#ifndef _SYSCOUNT_LIVE_H
#define _SYSCOUNT_LIVE_H

#include <poll.h>

#include "snapshot.h"
#include "syscount.h"

struct live;

/* Ends the program with one line if the options name nobody, or nothing may be read. */
struct live *live_open(const struct options *o);
void live_close(struct live *l);
/*
 * Reads from here on what a view by @by needs: the counters, or a watch, which is closed as
 * soon as no view needs it. True in @anew: readings begin anew. An error number: that
 * watch cannot be, and the one before is closed.
 */
int live_look(struct live *l, enum by view, bool *anew);
/* A watch is open. */
bool live_watches(const struct live *l);
/* The view does not choose: whom or what the options ask for takes a watch. */
bool live_always_watches(const struct live *l);
void live_read(struct live *l);
/* While it is frozen, what is read is not shown. */
void live_freeze(struct live *l, bool freeze);
/* The last interval; NULL: none is over. And all since the counters or the watch began. */
const struct snapshot *live_recent(const struct live *l);
const struct snapshot *live_all(const struct live *l);
/* That group stays in what is shown when it has ended; NULL: none does. */
void live_keep(struct live *l, const struct group *group);
/* What to wait for with poll(), beside the time; after it: the target has ended. */
struct pollfd *live_fds(struct live *l, nfds_t *n);
bool live_ended(struct live *l);

#endif
