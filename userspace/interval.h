/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readings at an interval, until Ctrl-C. */
#ifndef _SYSCOUNT_INTERVAL_H
#define _SYSCOUNT_INTERVAL_H

#include <poll.h>

#include "output.h"
#include "source.h"

/* From here on Ctrl-C ends interval_wait() and the loop, a second one the program. */
void interval_begin(void);
void interval_wait(uint64_t ns);
bool interval_interrupted(void);
/* Until Ctrl-C, CLOCK_MONOTONIC's @deadline, or, which returns true, one of @fds is ready. */
bool interval_poll(uint64_t deadline, struct pollfd *fds, nfds_t nfds);
/* When the next reading is due that the options ask for; UINT64_MAX: none is. */
uint64_t interval_deadline(const struct options *o, uint64_t start);
/* Calls @show with what came between two readings. */
void interval_difference(struct output *out, const struct options *o,
			 const struct snapshot *before, const struct snapshot *after,
			 void (*show)(struct output *out, const struct options *o,
				      const struct snapshot *s));

/*
 * Reads every --interval, for --duration, at most @count times (0: no limit), and
 * calls @show with what came between two readings. As JSON, with an interval, it
 * prints the readings themselves, the first one too.
 */
void interval_loop(struct source *src, struct output *out, const struct options *o, uint64_t count,
		   void (*show)(struct output *out, const struct options *o,
				const struct snapshot *s));

#endif
