// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of a live screen: what is now, beside what was before. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "top_lines.h"
#include "util.h"

/* Calls of @row that ended as those of @line did. */
static uint64_t calls_as(const struct line *line, const struct row *row)
{
	uint64_t failed = 0;
	size_t i;

	if (!line->split)
		return row->calls;
	for (i = 0; i < row->errnos.n; i++) {
		if (line->error && row->errnos.items[i].value == line->error)
			return row->errnos.items[i].count;
		failed += row->errnos.items[i].count;
	}
	return line->error || row->calls < failed ? 0 : row->calls - failed;
}

/* Of the interval, but for what is told of all times. */
static void set_measures(struct line *line, const struct measures *recent)
{
	static const enum measure of_all[] = { MEASURE_ERRORS, MEASURE_MIN_NS, MEASURE_MAX_NS };
	struct measures m = { .known = line->measures.known };
	size_t i;

	if (recent)
		memcpy(m.n, recent->n, sizeof(m.n));
	for (i = 0; i < ARRAY_SIZE(of_all); i++)
		m.n[of_all[i]] = line->measures.n[of_all[i]];
	line->measures = m;
}

/* @line has the calls of all times. */
static void set_recent(struct line *line, const struct snapshot *recent,
		       const struct counts *whole, uint64_t calls)
{
	calls = min_u64(calls, line->calls);
	line->before = line->calls - calls;
	line->calls = calls;
	line->snapshot = recent;
	line->counts = whole;
}

static struct line *lines_of_calls(const struct options *o, const struct group *focus,
				   const struct snapshot *all, const struct snapshot *recent,
				   size_t *n)
{
	const struct counts *whole = &recent->counts;
	const struct group *group = NULL;
	struct line *lines;
	size_t i, at = 0;

	if (focus) {
		focus = group_find(all, focus, &at);
		at = 0;
		group = focus ? group_find(recent, focus, &at) : NULL;
		whole = group ? &group->counts : NULL;
	}
	lines = call_lines(o, all, focus, n);
	for (i = 0; i < *n; i++) {
		struct line *line = &lines[i];
		const struct row *row = whole ? counts_find(whole, line->row) : NULL;

		set_recent(line, recent, whole ? whole : line->counts,
			   row ? calls_as(line, row) : 0);
		if (line->split)
			continue;
		set_measures(line, row ? &row->measures : NULL);
		line->buckets = row ? &row->buckets : NULL;
	}
	return lines;
}

static struct line *lines_of_groups(const struct options *o, const struct snapshot *all,
				    const struct snapshot *recent, size_t *n)
{
	struct line *lines = group_lines(all, n);
	size_t i, kept = 0, at = 0;

	for (i = 0; i < *n; i++) {
		struct line *line = &lines[i];
		const struct group *group = group_find(recent, line->group, &at);
		struct measures now = { .known = 0 };

		if (o->given & OPT_FAILED && !line->measures.n[MEASURE_ERRORS])
			continue;
		set_recent(line, recent, &recent->counts, group ? group->counts.total : 0);
		if (group)
			counts_measures(&now, &group->counts, NULL, true);
		set_measures(line, &now);
		/* Its busiest call is that of the interval, if it made any. */
		if (group && group->counts.total)
			line->group = group;
		lines[kept++] = *line;
	}
	*n = kept;
	return lines;
}

static struct line *lines_of_categories(const struct snapshot *all,
					const struct snapshot *recent, size_t *n)
{
	struct line *lines = category_lines(all, n, false), *now;
	size_t i, j, nrecent;

	now = category_lines(recent, &nrecent, false);
	for (i = 0; i < *n; i++) {
		for (j = 0; j < nrecent && strcmp(lines[i].category, now[j].category) != 0; j++)
			;
		set_recent(&lines[i], recent, &recent->counts, j < nrecent ? now[j].calls : 0);
		set_measures(&lines[i], j < nrecent ? &now[j].measures : NULL);
		lines[i].state = j < nrecent ? now[j].state : lines[i].state;
	}
	free(now);
	return lines;
}

struct line *top_lines(const struct options *o, enum by view, const struct group *focus,
		       const struct snapshot *all, const struct snapshot *recent, size_t *n)
{
	if (view == BY_CATEGORY)
		return lines_of_categories(all, recent, n);
	if (view > BY_CPU && !focus)
		return lines_of_groups(o, all, recent, n);
	return lines_of_calls(o, focus, all, recent, n);
}

static const char *who_columns(enum by view)
{
	switch (view) {
	case BY_PROCESS:
		return "PID COMMAND CALLS/S SHARE TOP";
	case BY_THREAD:
		return "PID TID COMMAND CALLS/S SHARE TOP";
	case BY_CGROUP:
		return "CGROUP CALLS/S SHARE CALLS TOP";
	case BY_COMMAND:
		return "COMMAND CALLS/S SHARE CALLS TOP";
	case BY_CATEGORY:
		return "CATEGORY STATE CALLS/S SHARE CALLS";
	default:
		return "SYSCALL CATEGORY CALLS/S SHARE CALLS";
	}
}

/* The columns of times leave no room for some of the others on a usual terminal. */
static char *latency_columns(enum by view, const char *errors)
{
	static const char times[] = " TOTAL AVG P50 P99 MAX";

	switch (view) {
	case BY_CATEGORY:
		return xasprintf("CATEGORY CALLS/S SHARE CALLS%s TOTAL AVG MAX", errors);
	case BY_PROCESS:
	case BY_THREAD:
		return xasprintf("PID%s COMMAND CALLS/S SHARE%s TOTAL AVG MAX TOP",
				 view == BY_THREAD ? " TID" : "", errors);
	case BY_CGROUP:
	case BY_COMMAND:
		return xasprintf("%s CALLS/S SHARE%s TOTAL AVG MAX TOP",
				 view == BY_CGROUP ? "CGROUP" : "COMMAND", errors);
	default:
		return xasprintf("SYSCALL CATEGORY CALLS/S SHARE%s%s", errors, times);
	}
}

bool top_calls_are_errors(const struct options *o, enum by view)
{
	return view == BY_SYSCALL && o->given & OPT_ERRNO && o->given & OPT_FAILED;
}

char *top_columns(const struct options *o, enum by view, const struct snapshot *all)
{
	bool measured = lines_measured(&all->counts, MEASURE_ERRORS);
	const char *errors = measured && !top_calls_are_errors(o, view) ? " ERRORS" : "";
	bool latency = lines_measured(&all->counts, MEASURE_TOTAL_NS), calls = view == BY_SYSCALL;
	struct telling tell = calls_telling(o, &all->counts);
	char *usual = latency ? latency_columns(view, errors) :
				xasprintf("%s%s", who_columns(view), errors);
	char *text = xasprintf("%s%s%s%s%s%s",
			       calls && tell.abi ? "ABI " : "",
			       calls && tell.nr ? "NR " : "",
			       calls && tell.object ? "OBJECT " : "", usual,
			       calls && o->given & OPT_ERRNO ? " ERRNO" : "",
			       view == BY_PROCESS || view == BY_THREAD ? " CGROUP" : "");

	free(usual);
	return text;
}

char *top_identity(const struct line *line)
{
	const struct group *group = line->row ? NULL : line->group;
	const struct row *row = line->row;

	if (row)
		return xasprintf("%s %" PRId32 "%s %d %d %" PRIu32, row->abi, row->nr,
				 row->other ? "*" : "", row->object, line->split, line->error);
	if (!group)
		return xstrdup(line->category);
	return xasprintf("%" PRId32 " %" PRId32 " %" PRIu64 " %" PRIu64 " %s", group->pid,
			 group->tid, group->start_ns,
			 group->by == BY_CGROUP ? group->cgroup_id : 0,
			 group->by == BY_COMMAND ? group->command : "");
}
