// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount attach: the calls of those who run already. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "attach.h"
#include "interval.h"
#include "json.h"
#include "lines.h"
#include "util.h"
#include "watch_output.h"

/* From here on, exactly. */
static void say_so(const struct attached *a, const struct options *o)
{
	fprintf(stderr, "%s: attach: counting: ", program_invocation_short_name);
	attach_print_target(a, stderr);
	fprintf(stderr, "%s\n", o->duration_ns ? "" : "; Ctrl-C ends");
}

/* Of the whole time, unless there is an interval. */
static void print_reading(struct output *out, const struct options *o,
			  const struct snapshot *before, const struct snapshot *now)
{
	if (o->format == FORMAT_JSON)
		output_json(out, json_snapshot(now), o->interval_ns);
	else if (o->interval_ns && before)
		interval_difference(out, o, before, now, watch_print);
	else
		watch_print(out, o, now);
}

/* The target ended, or there was Ctrl-C, or the time is over. */
static bool wait_for_end(struct attached *a, const struct options *o, uint64_t start)
{
	uint64_t deadline = interval_deadline(o, start);
	uint64_t settle_ns = attach_settle_ns(a), now = clock_ns(CLOCK_MONOTONIC);
	struct pollfd *fds;
	nfds_t n;

	fds = attach_fds(a, &n);
	while (now < deadline && !interval_interrupted()) {
		uint64_t next = deadline - now > settle_ns ? now + settle_ns : deadline;

		if (interval_poll(next, fds, n)) {
			if (attach_ended(a))
				return true;
		} else if (next < deadline && !interval_interrupted()) {
			attach_settle(a);
		}
		now = clock_ns(CLOCK_MONOTONIC);
	}
	return interval_interrupted() ||
	       (o->duration_ns && clock_ns(CLOCK_MONOTONIC) >= start + o->duration_ns);
}

static void count(struct attached *a, struct output *out, const struct options *o)
{
	struct snapshot *before = NULL, *now;
	uint64_t start;
	bool last;

	if (o->interval_ns)
		before = attach_read(a);
	start = clock_ns(CLOCK_MONOTONIC);
	if (before && o->format == FORMAT_JSON)
		print_reading(out, o, NULL, before);
	say_so(a, o);
	do {
		last = wait_for_end(a, o, start);
		now = attach_read(a);
		print_reading(out, o, before, now);
		snapshot_free(before);
		before = now;
		last = !output_flush(out) || last;
	} while (!last);
	snapshot_free(before);
}

int cmd_attach(struct options *o)
{
	struct attached *a;
	struct output *out;
	struct source *src;

	if (!(o->given & OPTS_TARGET))
		usage_error(o->command, "whose calls? --pid LIST, --cgroup PATH or --all");
	attach_check(o);
	a = attach_new(o);
	lines_check(o);
	out = output_open(o);
	src = source_open(o);
	source_check(src);
	interval_begin();
	attach_open(a, src);
	count(a, out, o);
	attach_close(a);
	source_close(src);
	return output_close(out);
}
