// SPDX-License-Identifier: GPL-2.0-or-later
/* What a live screen shows: the last interval, and all before it. */
#include <errno.h>
#include <stdlib.h>

#include "attach.h"
#include "live.h"
#include "util.h"

/* What only a watch knows. */
#define OPTS_DETAILS	(OPT_ERRORS | OPTS_ERRORS | OPT_LATENCY | OPT_OBJECTS)

struct reading_pair {
	struct snapshot *recent, *all;
};

struct live {
	const struct options *o;
	struct source *src;
	struct attached *attached;
	bool always;			/* a watch is open in each view */
	enum by by;			/* of the watch that is open; BY_DEFAULT: none is */
	bool ended;
	struct reading_pair now, frozen;
	bool freeze;
	struct group keep;
	bool keeps;
};

static void forget_pair(struct reading_pair *pair)
{
	snapshot_free(pair->recent);
	snapshot_free(pair->all);
	*pair = (struct reading_pair){ 0 };
}

struct live *live_open(const struct options *o)
{
	struct live *l = xcalloc(1, sizeof(*l));

	l->o = o;
	l->always = o->given & (OPTS_TARGET | OPTS_DETAILS);
	l->attached = attach_new(o);
	l->src = source_open(o);
	source_check(l->src);
	attach_find(l->attached, l->src);
	return l;
}

void live_close(struct live *l)
{
	live_keep(l, NULL);
	forget_pair(&l->now);
	forget_pair(&l->frozen);
	attach_close(l->attached);
	source_close(l->src);
	free(l);
}

bool live_watches(const struct live *l)
{
	return l->by != BY_DEFAULT;
}

bool live_always_watches(const struct live *l)
{
	return l->always;
}

/* Calls by themselves need no groups: any that there are make up the sum. */
static enum by grouping(const struct live *l, enum by view)
{
	if (view > BY_CPU)
		return view;
	if (!l->always)
		return BY_DEFAULT;
	return live_watches(l) ? l->by : BY_PROCESS;
}

static void begin_anew(struct live *l, enum by view)
{
	forget_pair(&l->now);
	live_freeze(l, false);
	l->by = view;
}

int live_look(struct live *l, enum by view, bool *anew)
{
	enum by needed = grouping(l, view);
	int error = ESRCH;

	*anew = needed != l->by || (!live_watches(l) && !l->now.all);
	if (!*anew)
		return 0;
	if (l->ended)
		return error;
	if (needed == BY_DEFAULT) {
		attach_leave(l->attached);
		begin_anew(l, BY_DEFAULT);
		l->now.all = source_read(l->src);
		return 0;
	}
	error = attach_regroup(l->attached, needed);
	/* Without a watch before, the counters are read on. */
	if (!error || live_watches(l))
		begin_anew(l, error ? BY_DEFAULT : needed);
	return error;
}

static void read_counters(struct live *l)
{
	struct snapshot *now = source_read(l->src);

	snapshot_free(l->now.recent);
	l->now.recent = snapshot_subtract(now, l->now.all);
	snapshot_free(l->now.all);
	l->now.all = now;
}

static void read_watch(struct live *l)
{
	struct snapshot *recent = attach_recent(l->attached);

	if (!recent)
		return;
	snapshot_free(l->now.recent);
	l->now.recent = recent;
	if (l->now.all)
		snapshot_append(l->now.all, recent, l->keeps ? &l->keep : NULL);
	else
		l->now.all = snapshot_copy(recent);
}

void live_read(struct live *l)
{
	if (live_watches(l))
		read_watch(l);
	else
		read_counters(l);
}

void live_freeze(struct live *l, bool freeze)
{
	forget_pair(&l->frozen);
	l->freeze = freeze && l->now.recent;
	if (!l->freeze)
		return;
	l->frozen.recent = snapshot_copy(l->now.recent);
	l->frozen.all = snapshot_copy(l->now.all);
}

const struct snapshot *live_recent(const struct live *l)
{
	return l->freeze ? l->frozen.recent : l->now.recent;
}

const struct snapshot *live_all(const struct live *l)
{
	return l->freeze ? l->frozen.all : l->now.all;
}

void live_keep(struct live *l, const struct group *group)
{
	if (l->keeps)
		group_free(&l->keep);
	l->keeps = group;
	if (group)
		group_copy(&l->keep, group);
}

struct pollfd *live_fds(struct live *l, nfds_t *n)
{
	return attach_fds(l->attached, n);
}

bool live_ended(struct live *l)
{
	if (!l->ended)
		l->ended = attach_ended(l->attached);
	return l->ended;
}
