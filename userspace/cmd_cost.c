// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount cost: what counting costs on this machine. */
#include <inttypes.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "facts.h"
#include "interval.h"
#include "source.h"
#include "util.h"

#define CALL		"getppid"	/* does next to nothing in the kernel */
#define CALLS		1000		/* so few that most rounds are without an interrupt */
#define ROUNDS		100		/* of which the shortest counts */
#define BASELINES	20
/* Of the time without counting; the rest is for being late. */
#define BASELINE_NS	(SYSCOUNT_BASELINE_MS * 1000000ULL / 2)

struct cost {
	double counted_ns;
	double uncounted_ns;
	double added_ns;
};

static struct source *source;

static uint64_t time_round(void)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC);
	unsigned int i;

	for (i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	return clock_ns(CLOCK_MONOTONIC) - begin;
}

static void take_shorter(uint64_t *best, uint64_t ns)
{
	if (ns < *best)
		*best = ns;
}

/* In nanoseconds for one. */
static double time_counted(void)
{
	uint64_t best = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		take_shorter(&best, time_round());
	return (double)best / CALLS;
}

static double time_uncounted(struct device *d)
{
	uint64_t best = UINT64_MAX, begin;
	unsigned int i;

	for (i = 0; i < BASELINES; i++) {
		device_baseline(d);
		begin = clock_ns(CLOCK_MONOTONIC);
		do
			take_shorter(&best, time_round());
		while (clock_ns(CLOCK_MONOTONIC) - begin < BASELINE_NS);
	}
	return (double)best / CALLS;
}

/* CPUs can differ: all is timed on the one that we are on. If that fails, no matter. */
static void stay_here(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void measure(struct device *d, struct cost *cost)
{
	stay_here();
	cost->counted_ns = time_counted();
	if (device_cost(d, &cost->added_ns)) {
		cost->uncounted_ns = cost->counted_ns - cost->added_ns;
		return;
	}
	cost->uncounted_ns = time_uncounted(d);
	if (cost->counted_ns > cost->uncounted_ns)
		cost->added_ns = cost->counted_ns - cost->uncounted_ns;
}

static void print_answer(struct output *out, const struct snapshot *s, const struct cost *cost,
			 double rate, double percent)
{
	const double least = 0.0001;
	char text[32];

	output_begin(out);
	fputs("syscount: ", out->f);
	print_safe(out->f, s->host);
	fprintf(out->f, ": counting takes %.2f ns of a call; at %s calls/s that is %s%.4f%% of "
		"%" PRIu64 " CPU%s\n\n", cost->added_ns, rate_text(rate, text, sizeof(text)),
		percent > 0 && percent < least ? "less than " : "",
		percent > 0 && percent < least ? least : percent, s->cpus, s->cpus == 1 ? "" : "s");
}

/* @s: what was called in the interval before, in which this command slept. */
static void show_cost(struct output *out, const struct options *o, const struct snapshot *s)
{
	double seconds = (double)(s->duration_ns ? s->duration_ns : 1) / NSEC_PER_SEC;
	double rate = (double)s->counts.total / seconds, percent;
	struct facts facts = { 0 };
	struct cost cost = { 0 };

	(void)o;
	measure(source_device(source), &cost);
	percent = rate * cost.added_ns / NSEC_PER_SEC / (double)(s->cpus ? s->cpus : 1) * 100;
	facts_add_origin(&facts, s);
	facts_add_text(&facts, "time", s->time);
	facts_add_text(&facts, "hook", s->hook);
	facts_add_text(&facts, "syscall", CALL);
	facts_add_real(&facts, "counted_ns", cost.counted_ns, 3);
	facts_add_real(&facts, "uncounted_ns", cost.uncounted_ns, 3);
	facts_add_real(&facts, "added_ns", cost.added_ns, 3);
	facts_add_number(&facts, "duration_ns", s->duration_ns);
	facts_add_number(&facts, "calls", s->counts.total);
	facts_add_real(&facts, "calls_per_second", rate, 1);
	facts_add_real(&facts, "cpu_percent", percent, 6);
	if (out->format == FORMAT_TABLE && !out->noheadings)
		print_answer(out, s, &cost, rate, percent);
	facts_print(out, &facts, KIND_COST);
	facts_free(&facts);
}

int cmd_cost(struct options *o)
{
	struct output *out = output_open(o);

	if (!o->duration_ns)
		o->duration_ns = NSEC_PER_SEC;
	source = source_open(o);
	interval_loop(source, out, o, 1, show_cost);
	source_close(source);
	return output_close(out);
}
