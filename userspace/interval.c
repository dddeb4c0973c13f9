// SPDX-License-Identifier: GPL-2.0-or-later
/* Readings at an interval, until Ctrl-C, or what kill(1), timeout(1) and a closed terminal send. */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "interval.h"
#include "json.h"
#include "util.h"

static volatile sig_atomic_t interrupted;
static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

/*
 * The first Ctrl-C ends the wait, the second one the program; not one that comes
 * together with the first, as from timeout(1), which signals child and group.
 */
#define TOGETHER_NS	100000000

static void on_interrupt(int number)
{
	static uint64_t first;
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
	if (!interrupted) {
		interrupted = 1;
		first = now;
	} else if (now - first > TOGETHER_NS) {
		signal(number, SIG_DFL);
		raise(number);
	}
}

void interval_begin(void)
{
	/* Output that waits for its reader goes on waiting; ppoll() never does. */
	struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = SA_RESTART }, old;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++)
		if (!sigaction(ends[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(ends[i], &action, NULL);
}

bool interval_interrupted(void)
{
	return interrupted;
}

/* They are blocked but for the wait itself: none is lost between test and sleep. */
bool interval_poll(uint64_t deadline, struct pollfd *fds, nfds_t nfds)
{
	sigset_t set, before;
	int ready = 0;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, &before);
	while (!interrupted && !ready) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC);
		struct timespec rest;

		if (now >= deadline)
			break;
		rest.tv_sec = (time_t)((deadline - now) / NSEC_PER_SEC);
		rest.tv_nsec = (long)((deadline - now) % NSEC_PER_SEC);
		ready = ppoll(fds, nfds, deadline == UINT64_MAX ? NULL : &rest, &before);
		if (ready < 0 && errno != EINTR)
			err(failure_status, "wait");
		ready = ready > 0;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ready;
}

static void wait_until(uint64_t deadline)
{
	interval_poll(deadline, NULL, 0);
}

void interval_wait(uint64_t ns)
{
	wait_until(clock_ns(CLOCK_MONOTONIC) + ns);
}

/* The next multiple of the interval that is still to come, but not after the end. */
uint64_t interval_deadline(const struct options *o, uint64_t start)
{
	uint64_t end = start + o->duration_ns, deadline = end;

	if (!o->interval_ns && !o->duration_ns)
		return UINT64_MAX;
	if (o->interval_ns) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC);

		deadline = start + ((now - start) / o->interval_ns + 1) * o->interval_ns;
	}
	return o->duration_ns && deadline > end ? end : deadline;
}

void interval_difference(struct output *out, const struct options *o,
			 const struct snapshot *before, const struct snapshot *after,
			 void (*show)(struct output *out, const struct options *o,
				      const struct snapshot *s))
{
	struct snapshot *s = snapshot_subtract(after, before);

	if (s->reset)
		warnx("the counters were reset in this interval: counted from the reset");
	show(out, o, s);
	snapshot_free(s);
}

void interval_loop(struct source *src, struct output *out, const struct options *o, uint64_t count,
		   void (*show)(struct output *out, const struct options *o,
				const struct snapshot *s))
{
	bool stream = o->format == FORMAT_JSON && o->interval_ns;
	struct snapshot *before, *after;
	uint64_t start;
	bool last;

	interval_begin();
	before = source_read(src);
	start = clock_ns(CLOCK_MONOTONIC);
	if (stream)
		output_json(out, json_snapshot(before), true);
	last = !output_flush(out);
	while (!last) {
		wait_until(interval_deadline(o, start));
		after = source_read(src);
		if (stream)
			output_json(out, json_snapshot(after), true);
		else
			interval_difference(out, o, before, after, show);
		snapshot_free(before);
		before = after;
		last = !output_flush(out) || interrupted || (count && !--count) ||
		       (o->duration_ns && clock_ns(CLOCK_MONOTONIC) >= start + o->duration_ns);
	}
	snapshot_free(before);
}
