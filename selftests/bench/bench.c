// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What guest.sh measures with. In `scripts/vm -i` the clock goes on by one
 * nanosecond an instruction, so all times here are instructions, the same in
 * every run; whatever else that CPU does meanwhile is in them.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../syscount_test.h"

#define CALLS		1000	/* in a loop: few, so that most loops are without a timer tick */
#define LOOPS_MIN	5
#define LOOPS_MAX	50
#define BUDGET_NS	300000000ull
#define PATIENCE_NS	300000000000ull
#define ROUNDS		5	/* of what is no loop of calls */

static inline long raw(long nr, long a, long b, long c)
{
	register long d asm("r10") = 0;
	long result;

	asm volatile("syscall"
		     : "=a" (result)
		     : "a" (nr), "D" (a), "S" (b), "d" (c), "r" (d)
		     : "rcx", "r11", "memory");
	return result;
}

/*
 * The calls
 */

static int dev, zero, pipe_ends[2];
static char bytes[CALLS];

static void prepare(void)
{
	dev = open("/dev", O_PATH);
	zero = open("/dev/zero", O_RDONLY);
	if (dev < 0 || zero < 0 || pipe(pipe_ends))
		die("/dev, /dev/zero and a pipe: %s", strerror(errno));
}

static void loop_getppid(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		raw(SYS_getppid, 0, 0, 0);
}

static void loop_dup(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		raw(SYS_dup, 1000, 0, 0);
}

static void loop_read(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		raw(SYS_read, zero, (long)bytes, 1);
}

/* By a path that does not lead through the root file system, which is no usual one. */
static void loop_open_close(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		raw(SYS_close, raw(SYS_openat, dev, (long)"null", O_RDONLY), 0, 0);
}

static void loop_write(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		raw(SYS_write, pipe_ends[1], (long)bytes, 1);
}

static void drain(void)
{
	if (read(pipe_ends[0], bytes, CALLS) != CALLS)
		die("a pipe has not what was written to it");
}

static const struct call {
	const char *name;
	void (*loop)(void);
	void (*after)(void);	/* each loop, and not measured */
} calls[] = {
	{ .name = "getppid", .loop = loop_getppid },
	{ .name = "dup", .loop = loop_dup },
	{ .name = "read", .loop = loop_read },
	{ .name = "openat+close", .loop = loop_open_close },
	{ .name = "write", .loop = loop_write, .after = drain },
};

/* Not among those: what a peer must count of them is what was measured. */
static void loop_getpgrp(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		raw(SYS_getpgrp, 0, 0, 0);
}

static uint64_t one_loop(const struct call *call)
{
	uint64_t took = clock_ns(CLOCK_MONOTONIC);

	call->loop();
	took = clock_ns(CLOCK_MONOTONIC) - took;
	if (call->after)
		call->after();
	return took;
}

/*
 * The peer: the process that counts, if it has work to do for the calls that are made.
 */

static const char *peer;
static clockid_t peer_clock;

static void peer_is(const char *pid)
{
	static char parent[16];

	peer = pid;
	if (!strcmp(pid, "parent")) {
		snprintf(parent, sizeof(parent), "%d", getppid());
		peer = parent;
	}
	if (clock_getcpuclockid(atoi(peer), &peer_clock))
		die("no process %s", peer);
}

static void peer_lives(void)
{
	char path[64], text[1024], *state;

	snprintf(path, sizeof(path), "/proc/%s/stat", peer);
	if (access(path, F_OK))
		die("it has ended");
	file_read(path, text, sizeof(text));
	state = strrchr(text, ')');
	if (!state || state[2] == 'Z')
		die("it has ended");
}

/*
 * Has it nothing to do? Its state does not say: calls of our own, to look at it, may
 * wake it. Its time does: a tenth of what it could have had.
 */
static bool peer_is_idle(void)
{
	uint64_t before;

	peer_lives();
	before = clock_ns(peer_clock);
	usleep(20000);
	return clock_ns(peer_clock) - before < 2000000;
}

/* Until it has done what there was to do. */
static void peer_settles(void)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
	int idle = 0;

	while (idle < 3) {
		if (clock_ns(CLOCK_MONOTONIC) > end)
			die("always busy");
		idle = peer_is_idle() ? idle + 1 : 0;
	}
}

/* Of a loop, so thousandths of a call */
struct cost {
	uint64_t least;		/* interrupts only add */
	uint64_t mean;		/* CPU time of all loops, and of the peer for them */
	uint64_t made;		/* calls */
};

static struct cost cost_of(const struct call *call)
{
	struct cost cost = { .least = UINT64_MAX };
	uint64_t took, all = 0, own, peers = 0;
	int loops;

	one_loop(call);
	if (peer) {
		peer_settles();
		peers = clock_ns(peer_clock);
	}
	own = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (loops = 0; loops < LOOPS_MAX && (loops < LOOPS_MIN || all < BUDGET_NS); loops++) {
		took = one_loop(call);
		all += took;
		if (took < cost.least)
			cost.least = took;
	}
	own = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - own;
	if (peer) {
		peer_settles();
		peers = clock_ns(peer_clock) - peers;
	}
	cost.mean = (own + peers) / loops;
	cost.made = (loops + 1) * CALLS;
	return cost;
}

static void measure_calls(void)
{
	struct cost cost;
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		cost = cost_of(&calls[i]);
		printf("call %s %" PRIu64 ".%03" PRIu64 " %" PRIu64 ".%03" PRIu64 " %" PRIu64 "\n",
		       calls[i].name, cost.least / CALLS, cost.least % CALLS, cost.mean / CALLS,
		       cost.mean % CALLS, cost.made);
		fflush(stdout);
	}
}

/* Is this clock one that counts instructions? Then five bare measurements are equal. */
static void measure_equal(void)
{
	uint64_t first = cost_of(&calls[0]).least, next;
	int i;

	for (i = 1; i < ROUNDS; i++) {
		next = cost_of(&calls[0]).least;
		if (next != first)
			die("not deterministic, %" PRIu64 " and %" PRIu64 " for %u calls: is this scripts/vm -i?",
			    first, next, CALLS);
	}
	if (cpus_online() != 1)
		die("%d CPUs: this is not scripts/vm -i", cpus_online());
}

/*
 * Until every call costs more, and the peer is idle: then it waits for events or its
 * end. Several times, since it may be idle between attaching one thing and another.
 */
static void wait_attached(const char *bare)
{
	uint64_t limit = strtod(bare, NULL) * CALLS * 1.3;
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS, least, took;
	/* Where CPUs are not ours alone, a loop may take longer for that. */
	int attached = 0, loops = cpus_online() > 1 ? 20 : 3, i;

	while (attached < 5) {
		if (clock_ns(CLOCK_MONOTONIC) > end)
			die("not attached after 300 s of the guest's time");
		/* Busy with what the last loop gave it, or with attaching. */
		if (!peer_is_idle())
			continue;
		least = UINT64_MAX;
		for (i = 0; i < loops; i++) {
			/* Not the time of day: a peer that starts takes the CPU for long. */
			took = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
			loop_getpgrp();
			took = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - took;
			if (took < least)
				least = took;
		}
		attached = least > limit ? attached + 1 : 0;
	}
}

/*
 * Readings
 */

static char text[1 << 17];
static struct syscount_row rows[4096];

static uint64_t read_proc(void)
{
	uint64_t took = clock_ns(CLOCK_MONOTONIC);

	file_read(SYSCOUNT_PROC, text, sizeof(text));
	return clock_ns(CLOCK_MONOTONIC) - took;
}

static uint64_t read_ioctl(int device, uint32_t *count)
{
	struct syscount_read args = {
		.size = sizeof(args), .rows = (uintptr_t)rows,
		.capacity = sizeof(rows) / sizeof(rows[0]),
	};
	uint64_t took = clock_ns(CLOCK_MONOTONIC);

	if (ioctl(device, SYSCOUNT_IOC_READ, &args))
		die("SYSCOUNT_IOC_READ: %s", strerror(errno));
	took = clock_ns(CLOCK_MONOTONIC) - took;
	*count = args.count;
	return took;
}

/* "0-63" is 64 CPUs: the list of a VM has no holes. */
static int cpus_possible(void)
{
	const char *last;

	file_read("/sys/devices/system/cpu/possible", text, sizeof(text));
	last = strrchr(text, '-');
	return atoi(last ? last + 1 : text) + 1;
}

static void measure_reading(void)
{
	uint64_t proc = UINT64_MAX, by_ioctl = UINT64_MAX, took;
	uint32_t count;
	int device, i;

	device = open(SYSCOUNT_DEVICE, O_RDONLY);
	if (device < 0)
		die("open %s: %s", SYSCOUNT_DEVICE, strerror(errno));
	load_names();
	call_all_numbers(SYSCOUNT_ABI_64, 480, 1);
	for (i = 0; i < LOOPS_MAX; i++) {
		took = read_proc();
		if (took < proc)
			proc = took;
		took = read_ioctl(device, &count);
		if (took < by_ioctl)
			by_ioctl = took;
	}
	printf("reading %d %" PRIu32 " %" PRIu64 " %" PRIu64 "\n", cpus_possible(), count, proc,
	       by_ioctl);
}

/*
 * Loading, switching, unloading
 */

static const char *hook;
static char parameters[64];

static void load(void)
{
	int err = module_insert(parameters);

	if (err)
		die("finit_module %s: %s", parameters, strerror(-err));
}

static void unload(void)
{
	int err = module_remove();

	if (err)
		die("delete_module: %s", strerror(-err));
}

static void one_off(void) { category_enable(SYSCOUNT_CAT_FILE, false); }
static void one_on(void) { category_enable(SYSCOUNT_CAT_FILE, true); }

static void all_but_one_off(void)
{
	int i;

	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		if (i != SYSCOUNT_CAT_FILE)
			category_enable(i, false);
}

static void measure_times(void)
{
	static const struct {
		const char *name;
		void (*act)(void);
	} steps[] = {
		{ "load", load },
		{ "category-off", one_off },
		{ "category-on", one_on },
		{ NULL, all_but_one_off },
		{ "last-category-off", one_off },
		{ "first-category-on", one_on },
		{ "unload", unload },
	};
	uint64_t least[sizeof(steps) / sizeof(steps[0])], took;
	size_t i;
	int round;

	snprintf(parameters, sizeof(parameters), "hook=%s", hook);
	memset(least, 0xff, sizeof(least));
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			took = clock_ns(CLOCK_MONOTONIC);
			steps[i].act();
			took = clock_ns(CLOCK_MONOTONIC) - took;
			if (took < least[i])
				least[i] = took;
		}
	}
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].name)
			printf("time %s %s %" PRIu64 "\n", hook, steps[i].name, least[i]);
}

/*
 * All CPUs at once
 */

#define THREADS_MAX	64
#define PARALLEL_LOOPS	20
#define PARALLEL_ROUNDS	15

static int threads, ready;
static bool go;

static void *caller(void *number)
{
	int i;

	pin((intptr_t)number);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		;
	for (i = 0; i < PARALLEL_LOOPS; i++)
		loop_getppid();
	return NULL;
}

static uint64_t together(void)
{
	pthread_t ids[THREADS_MAX];
	uint64_t took;
	int i;

	__atomic_store_n(&ready, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&go, false, __ATOMIC_SEQ_CST);
	for (i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, caller, (void *)(intptr_t)i))
			die("no thread for CPU %d", i);
	while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < threads)
		usleep(1000);
	took = clock_ns(CLOCK_MONOTONIC);
	__atomic_store_n(&go, true, __ATOMIC_RELEASE);
	for (i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return clock_ns(CLOCK_MONOTONIC) - took;
}

/* Nanoseconds that a thread needs for a call, when one on every CPU makes them */
static void measure_parallel(void)
{
	uint64_t least = UINT64_MAX, took;
	int round;

	threads = cpus_online();
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	for (round = 0; round < PARALLEL_ROUNDS; round++) {
		took = together();
		if (took < least)
			least = took;
	}
	printf("parallel %d %.1f %" PRIu64 "\n", threads,
	       (double)least / (PARALLEL_LOOPS * CALLS),
	       (uint64_t)threads * PARALLEL_LOOPS * CALLS * PARALLEL_ROUNDS);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	prepare();
	if (!strcmp(what, "calls") && (argc == 2 || argc == 3)) {
		if (argc == 3)
			peer_is(argv[2]);
		measure_calls();
	} else if (!strcmp(what, "equal") && argc == 2) {
		measure_equal();
	} else if (!strcmp(what, "wait") && argc == 4) {
		peer_is(argv[2]);
		wait_attached(argv[3]);
	} else if (!strcmp(what, "reading") && argc == 2) {
		measure_reading();
	} else if (!strcmp(what, "times") && argc == 3) {
		hook = argv[2];
		measure_times();
	} else if (!strcmp(what, "parallel") && argc == 2) {
		measure_parallel();
	} else {
		fprintf(stderr,
			"Usage: bench calls [PID|parent] | equal | wait PID BARE | reading | times HOOK | parallel\n");
		return 2;
	}
	return 0;
}
