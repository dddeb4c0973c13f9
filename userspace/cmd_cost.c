// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount cost: what counting costs on this machine. */
#include <err.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "facts.h"
#include "interval.h"
#include "util.h"

#define CALL		"getppid"	/* does next to nothing in the kernel */
#define CALLS		1000		/* so few that most rounds are without an interrupt */
#define ROUNDS		100		/* of which the shortest counts */
#define BYPASSES	20
#define TRIES		10		/* if the hook is changed meanwhile */
/* Of the time without counting; the rest is for being late. */
#define BYPASS_NS	(SYSCOUNT_BYPASS_MS * NSEC_PER_SEC / 1000 / 2)

struct cost {
	uint32_t hook;
	uint64_t changes;	/* of the hook, so far */
	double counted_ns;
	double uncounted_ns;
	double added_ns;
	uint64_t calls;
	uint64_t duration_ns;
	double rate;		/* calls a second */
	double percent;		/* of the time of all CPUs */
};

static void time_round(double *best)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC);
	double ns;
	unsigned int i;

	for (i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	ns = (double)(clock_ns(CLOCK_MONOTONIC) - begin) / CALLS;
	if (!*best || ns < *best)
		*best = ns;
}

/* At least one round. */
static void time_rounds(double *best, uint64_t ns)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC);

	do
		time_round(best);
	while (clock_ns(CLOCK_MONOTONIC) - begin < ns);
}

/* By turns, since the speed of a CPU changes. */
static bool measure_bypassed(struct device *d, struct cost *cost)
{
	unsigned int i;

	for (i = 0; i < BYPASSES; i++) {
		if (!device_bypass(d, true))
			return false;
		time_rounds(&cost->uncounted_ns, BYPASS_NS);
		if (!device_bypass(d, false))
			return false;
		time_rounds(&cost->counted_ns, BYPASS_NS);
	}
	cost->added_ns = cost->counted_ns - cost->uncounted_ns;
	return true;
}

static void measure_rehearsed(struct cost *cost, const struct syscount_cost *rehearsal)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		time_round(&cost->counted_ns);
	cost->added_ns = ((double)rehearsal->hooked_ns - (double)rehearsal->bare_ns) /
			 rehearsal->calls;
	cost->uncounted_ns = cost->counted_ns - cost->added_ns;
}

/* False: the hook was changed meanwhile. */
static bool measure_once(struct device *d, struct cost *cost)
{
	struct syscount_cost before, after;
	unsigned int i;

	memset(cost, 0, sizeof(*cost));
	device_cost(d, &before);
	cost->hook = before.hook;
	if (before.hook == SYSCOUNT_HOOK_NONE) {
		for (i = 0; i < ROUNDS; i++)
			time_round(&cost->uncounted_ns);
	} else if (before.calls) {
		measure_rehearsed(cost, &before);
	} else if (before.hook != SYSCOUNT_HOOK_TRACEPOINT) {
		errx(failure_status, "cost: the hook %s cannot be measured here",
		     hook_word(before.hook));
	} else if (!measure_bypassed(d, cost)) {
		return false;
	}
	device_cost(d, &after);
	cost->changes = after.changes;
	return after.changes == before.changes;
}

static void measure(struct device *d, struct cost *cost)
{
	unsigned int tries = TRIES;

	while (!measure_once(d, cost)) {
		if (!--tries)
			errx(failure_status, "cost: the hook is changed again and again");
	}
	if (cost->added_ns < 0) {
		warnx("cost: no difference can be seen: the machine is too busy, or its clock too "
		      "uneven; try again");
		cost->added_ns = 0;
	}
}

/* CPUs can differ: all is timed on the one that we are on. If that fails, no matter. */
static void pin_while(void (*what)(struct device *d, struct cost *cost), struct device *d,
		      struct cost *cost)
{
	int cpu = sched_getcpu();
	cpu_set_t before, here;

	CPU_ZERO(&here);
	if (cpu < 0 || cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof(before), &before)) {
		what(d, cost);
		return;
	}
	CPU_SET(cpu, &here);
	sched_setaffinity(0, sizeof(here), &here);
	what(d, cost);
	sched_setaffinity(0, sizeof(before), &before);
}

static void count_calls(struct device *d, struct cost *cost, uint64_t ns, uint64_t cpus)
{
	struct syscount_read before, after;
	struct syscount_cost now;

	device_read_totals(d, &before);
	interval_wait(ns);
	device_read_totals(d, &after);
	cost->calls = after.total - before.total;
	cost->duration_ns = after.now_ns - before.now_ns;
	if (after.since_ns != before.since_ns) {
		warnx("the counters were reset in this interval: counted from the reset");
		cost->calls = after.total;
		cost->duration_ns = after.now_ns - after.since_ns;
	}
	device_cost(d, &now);
	if (now.changes != cost->changes)
		warnx("cost: the hook was changed meanwhile: what is said is of %s",
		      hook_word(cost->hook));
	if (!cost->duration_ns)
		cost->duration_ns = 1;
	cost->rate = (double)cost->calls * NSEC_PER_SEC / (double)cost->duration_ns;
	cost->percent = cost->rate * cost->added_ns / NSEC_PER_SEC * 100 /
			(double)(cpus ? cpus : 1);
}

/* The hook costs them the same, but their rate is not known. */
static void warn_of_off(const struct counts *c)
{
	char *off = xstrdup(c->unknown_state == STATE_OFF ? ", unknown" : ""), *longer;
	size_t i, single = 0;

	for (i = c->ncategories; i--;) {
		if (c->categories[i].state != STATE_OFF)
			continue;
		longer = xasprintf(", %s%s", c->categories[i].name, off);
		free(off);
		off = longer;
	}
	for (i = 0; i < c->nrows; i++) {
		const struct row *row = &c->rows[i];
		const struct category *category =
			row->category ? counts_category(c, row->category) : NULL;

		single += category && category->state != STATE_OFF && row->state == STATE_OFF;
	}
	if (single) {
		longer = xasprintf("%s, %zu single call%s", off, single, plural(single));
		free(off);
		off = longer;
	}
	if (*off)
		warnx("cost: off, so not in the rate, though the hook costs these calls the "
		      "same: %s", off + 2);
	free(off);
}

static void print_answer(struct output *out, const struct snapshot *s, const struct cost *cost)
{
	const double least = 0.0001;
	bool little = cost->percent > 0 && cost->percent < least;
	char text[32];

	output_begin(out);
	fputs("syscount: ", out->f);
	print_safe(out->f, s->host);
	if (cost->hook == SYSCOUNT_HOOK_NONE) {
		fputs(": all is off and nothing is hooked: a call costs what it costs without "
		      "the module\n\n", out->f);
		return;
	}
	fprintf(out->f, ": hook %s adds %.2f ns to a call of %.2f ns; at %s calls/s that is "
		"%s%.4f%% of the time of %" PRIu64 " CPU%s\n\n", hook_word(cost->hook),
		cost->added_ns, cost->uncounted_ns, rate_text(cost->rate, text, sizeof(text)),
		little ? "less than " : "", little ? least : cost->percent, s->cpus,
		plural(s->cpus));
}

static void print_cost(struct output *out, const struct snapshot *s, const struct cost *cost)
{
	struct facts facts = { 0 };

	facts_add_text(&facts, "hook", hook_word(cost->hook));
	facts_add_text(&facts, "syscall", CALL);
	facts_add_real(&facts, "uncounted_ns", cost->uncounted_ns, 3);
	facts_add_real(&facts, "added_ns", cost->added_ns, 3);
	if (cost->hook != SYSCOUNT_HOOK_NONE) {
		facts_add_real(&facts, "counted_ns", cost->counted_ns, 3);
		facts_add_number(&facts, "calls", cost->calls);
		facts_add_number(&facts, "duration_ns", cost->duration_ns);
		facts_add_real(&facts, "calls_per_second", cost->rate, 1);
		facts_add_real(&facts, "cpu_percent", cost->percent, 9);
	}
	facts_add_origin(&facts, s);
	facts_add_text(&facts, "time", s->time);
	if (out->format == FORMAT_TABLE && !out->noheadings)
		print_answer(out, s, cost);
	facts_print(out, &facts, KIND_COST);
	facts_free(&facts);
}

int cmd_cost(struct options *o)
{
	struct output *out = output_open(o);
	struct device *d = device_open();
	struct snapshot *s = device_read(d, true);
	struct cost cost = { 0 };

	interval_begin();
	/* First, so that who may not need not wait to be told so. */
	pin_while(measure, d, &cost);
	if (cost.hook != SYSCOUNT_HOOK_NONE) {
		warn_of_off(&s->counts);
		count_calls(d, &cost, o->duration_ns ? o->duration_ns : NSEC_PER_SEC, s->cpus);
	}
	print_cost(out, s, &cost);
	snapshot_free(s);
	device_close(d);
	return output_close(out);
}
