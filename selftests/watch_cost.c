// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What watches cost, in instructions: who is watched, and who is not meanwhile. For
 * `scripts/vm -i` only, as cost.c.
 */

#ifndef __x86_64__
#include "x86_only.h"
#else

#define _GNU_SOURCE
#include "../kselftest_harness.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch_test.h"

#define LOOP		1000	/* calls; few, so that most loops are without a timer tick */
#define LOOPS		50
#define PROCESSES	1000
#define SHORT_LIVED	201	/* processes, of which the median counts */
#define ROUNDS		11
#define NAMES		60000
#define CGROUPS		1000
#define CGROUP		"/sys/fs/cgroup/watch_cost"

static uint64_t getppids(void)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC);
	unsigned int i;

	for (i = 0; i < LOOP; i++)
		call_64(SYS_getppid, 0, 0, 0);
	return clock_ns(CLOCK_MONOTONIC) - begin;
}

/* The cheapest of many: interrupts only add. */
static uint64_t one_call(void)
{
	uint64_t best = UINT64_MAX, took;
	unsigned int i;

	for (i = 0; i < LOOPS; i++) {
		took = getppids();
		if (took < best)
			best = took;
	}
	return (best + LOOP / 2) / LOOP;
}

static int nothing(void *argument)
{
	(void)argument;
	return 0;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t median(int64_t *values, unsigned int count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/*
 * From clone() until it was waited for: the median, since who runs first is not always the
 * same. It shares the files: to copy and close one more, as that of a watch, takes 105.
 */
static int64_t one_process(void)
{
	static char stack[1 << 14] __attribute__((aligned(16)));
	int64_t took[SHORT_LIVED];
	unsigned int i;
	pid_t pid;

	for (i = 0; i < SHORT_LIVED; i++) {
		took[i] = clock_ns(CLOCK_MONOTONIC);
		pid = clone(nothing, stack + sizeof(stack),
			    CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, NULL);
		if (pid < 0)
			die("clone: %m");
		wait_success(pid);
		took[i] = clock_ns(CLOCK_MONOTONIC) - took[i];
	}
	return median(took, SHORT_LIVED);
}

static void job_measure(void)
{
	board->number[0] = one_call();
}

static void job_wait(void)
{
	board_arrive();
	board_step_wait(1);
}

static void take_name(unsigned int index)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", index);
	prctl(PR_SET_NAME, name);
}

/* Of taking a name that was had before, so that its group is looked for: the median. */
static int64_t one_name(unsigned int names)
{
	int64_t took[SHORT_LIVED];
	unsigned int i;

	for (i = 0; i < SHORT_LIVED; i++) {
		took[i] = clock_ns(CLOCK_MONOTONIC);
		take_name((uint64_t)i * names / SHORT_LIVED);
		took[i] = clock_ns(CLOCK_MONOTONIC) - took[i];
	}
	return median(took, SHORT_LIVED);
}

static void job_names(void)
{
	unsigned int i;

	for (i = 0; i < NAMES; i++) {
		if (i == NAMES / 60)
			board->number[0] = one_name(i);
		take_name(i);
		if (i % 8 == 0)
			usleep(1);	/* who has memory for more groups is let in */
	}
	board->number[1] = one_name(NAMES);
}

const struct job jobs[] = {
	{ "measure", job_measure },
	{ "names", job_names },
	{ "wait", job_wait },
	{ NULL, NULL }
};

struct limits;

FIXTURE(watch_cost)
{
	uint64_t bare;		/* module not loaded */
	uint64_t counted;	/* no watch */
	const struct limits *most;
};

FIXTURE_VARIANT(watch_cost)
{
	const char *hook;
};

FIXTURE_VARIANT_ADD(watch_cost, direct)
{
	.hook = "direct",
};

FIXTURE_VARIANT_ADD(watch_cost, tracepoint)
{
	.hook = "tracepoint",
};

/* The most that may be added to a call, of each kernel that was measured. */
static const struct limits {
	const char *series;
	const char *hook;
	uint64_t watched_calls, watched_all, all_by_process;
	uint64_t other_calls, other_all;
	int64_t other_process, other_switch;
} limits[] = {
	{ "6.1.", "direct", 30, 180, 30, 13, 95, 60, 30 },
	{ "6.1.", "tracepoint", 90, 170, 90, 75, 95, 60, 30 },
	{ "6.12.", "direct", 30, 187, 30, 13, 100, 60, 32 },
	{ "6.12.", "tracepoint", 95, 175, 95, 78, 95, 60, 32 },
	{ "7.2.", "direct", 30, 208, 30, 13, 121, 60, 34 },
	{ "7.2.", "tracepoint", 104, 198, 104, 87, 116, 60, 34 },
};

static const struct limits *limits_of(const char *hook)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++)
		if (kernel_is(limits[i].series) && !strcmp(limits[i].hook, hook))
			return &limits[i];
	return NULL;
}

FIXTURE_SETUP(watch_cost)
{
	char parameters[32];

	need_hook(variant->hook);
	self->most = limits_of(variant->hook);
	if (!self->most)
		skip_rest("no limits for this kernel");
	ASSERT_EQ(1, cpus_online())
		TH_LOG("run this by scripts/vm -i");
	if (module_loaded())
		ASSERT_EQ(0, module_remove());
	/* Some kernels are faster once a tracepoint was on and off. */
	ASSERT_EQ(0, module_insert("hook=tracepoint"));
	ASSERT_EQ(0, module_remove());
	self->bare = one_call();
	ASSERT_EQ(self->bare, one_call())
		TH_LOG("not deterministic: run this by scripts/vm -i");
	snprintf(parameters, sizeof(parameters), "hook=%s", variant->hook);
	ASSERT_EQ(0, module_insert(parameters));
	self->counted = one_call();
	board_new();
}

FIXTURE_TEARDOWN(watch_cost)
{
	module_fresh("hook=tracepoint");
}

/* What the probes of a watch that is closed cost goes a moment later. */
static void wait_until_it_costs(uint64_t instructions)
{
	while (one_call() != instructions)
		;
}

static uint64_t watched(unsigned int flags)
{
	struct arm arm = { .fd = watch_file(), .by = SYSCOUNT_BY_NONE, .flags = flags };

	wait_success(job_start(&arm, 1, "measure"));
	close(arm.fd);
	return board->number[0];
}

TEST_F_TIMEOUT(watch_cost, of_who_is_watched, 120)
{
	uint64_t calls = watched(0), errors = watched(ERRORS), all = watched(ERRORS | LATENCY);

	tell("%s, watched: calls %+jd, errors %+jd, errors and latency %+jd", variant->hook,
	     (intmax_t)(calls - self->bare), (intmax_t)(errors - self->bare),
	     (intmax_t)(all - self->bare));
	EXPECT_LT(self->counted, calls);
	EXPECT_LT(calls, errors);
	EXPECT_LT(errors, all);
	EXPECT_GE(self->bare + self->most->watched_calls, calls);
	EXPECT_GE(self->bare + self->most->watched_all, all);
	wait_until_it_costs(self->counted);
}

static uint64_t unwatched(unsigned int flags)
{
	struct arm arm = { .fd = watch_file(), .by = SYSCOUNT_BY_NONE, .flags = flags };
	uint64_t instructions;
	pid_t pid;

	board_new();
	pid = job_start(&arm, 1, "wait");
	board_await(1);
	instructions = one_call();
	board_step(1);
	wait_success(pid);
	close(arm.fd);
	return instructions;
}

TEST_F_TIMEOUT(watch_cost, of_who_is_not, 120)
{
	uint64_t calls = unwatched(0), all;

	wait_until_it_costs(self->counted);
	all = unwatched(ERRORS | LATENCY);
	tell("%s, not watched: calls %+jd, errors and latency %+jd", variant->hook,
	     (intmax_t)(calls - self->bare), (intmax_t)(all - self->bare));
	EXPECT_GE(self->bare + self->most->other_calls, calls);
	EXPECT_GE(self->bare + self->most->other_all, all);
	wait_until_it_costs(self->counted);
}

static void echo(int from, int to)
{
	char byte;

	while (read(from, &byte, 1) == 1)
		if (write(to, &byte, 1) != 1)
			_exit(1);
	_exit(0);
}

/* From one process to another, with what else the same always costs: the median. */
static int64_t one_switch(void)
{
	int64_t took[SHORT_LIVED];
	int there[2], back[2];
	unsigned int i;
	char byte = 0;
	pid_t pid;

	if (pipe(there) || pipe(back))
		die("pipe: %m");
	pid = fork();
	if (!pid) {
		close(there[1]);
		echo(there[0], back[1]);
	}
	for (i = 0; i < SHORT_LIVED; i++) {
		took[i] = clock_ns(CLOCK_MONOTONIC);
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			die("pipe: %m");
		took[i] = clock_ns(CLOCK_MONOTONIC) - took[i];
	}
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
	wait_success(pid);
	return median(took, SHORT_LIVED) / 2;
}

/* Of the only CPU, since it started. */
static int64_t changes(void)
{
	char line[4096];
	FILE *file = fopen("/proc/stat", "r");
	int64_t count = -1;

	while (count < 0 && file && fgets(line, sizeof(line), file))
		sscanf(line, "ctxt %" SCNd64, &count);
	if (count < 0)
		die("/proc/stat");
	fclose(file);
	return count;
}

struct prices {
	int64_t change;		/* from one process to another */
	int64_t process;	/* from start to end, without the changes */
};

static struct prices prices_more(pid_t other)
{
	int64_t before = changes(), process = one_process();
	int64_t each = (changes() - before) / SHORT_LIVED, change = one_switch();
	int fd = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_NONE, 0, other);
	struct prices more;

	more.change = one_switch() - change;
	more.process = one_process() - process - each * more.change;
	close(fd);
	while (tracepoint_has_probe("sched_process_fork"))
		usleep(10000);	/* takes no time, where instructions are the clock */
	return more;
}

/*
 * One that nobody watches, from its start to its end: some 70,000 instructions. It takes other
 * memory now and then, and with that some more or less, so this is the median, too.
 */
TEST_F_TIMEOUT(watch_cost, of_processes, 600)
{
	int64_t process[ROUNDS], change[ROUNDS];
	unsigned int round;
	pid_t pid = fork();

	if (!pid) {
		job_wait();
		_exit(0);
	}
	board_await(1);
	for (round = 0; round < ROUNDS; round++) {
		struct prices more = prices_more(pid);

		process[round] = more.process;
		change[round] = more.change;
	}
	board_step(1);
	wait_success(pid);
	tell("%s, a process not watched: fork and exit %+jd, a switch to it %+jd", variant->hook,
	     (intmax_t)median(process, ROUNDS), (intmax_t)median(change, ROUNDS));
	EXPECT_GE(self->most->other_process, median(process, ROUNDS));
	EXPECT_GE(self->most->other_switch, median(change, ROUNDS));
	/* Without a watch nobody is followed, and nothing costs more. */
	EXPECT_FALSE(tracepoint_has_probe("sched_switch"));
	EXPECT_FALSE(tracepoint_has_probe("sched_process_exec"));
	EXPECT_FALSE(tracepoint_has_probe("sched_process_exit"));
}

/* However many processes there are, and watches of others. */
TEST_F_TIMEOUT(watch_cost, of_everybody, 300)
{
	uint64_t few, many, none_more, others_more;
	static pid_t pids[PROCESSES];
	int fd, fds[PROCESSES];
	unsigned int i;

	fd = watch_open(SYSCOUNT_TARGET_ALL, SYSCOUNT_BY_PROCESS, 0, 0);
	few = one_call();
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			close(fd);	/* or the watch stays open with us */
			job_wait();
			_exit(0);
		}
	}
	board_await(PROCESSES);
	many = one_call();
	close(fd);
	wait_until_it_costs(self->counted);

	fds[0] = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_NONE, 0, pids[0]);
	none_more = one_call();
	for (i = 1; i < PROCESSES; i++)
		fds[i] = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_NONE, 0, pids[i]);
	others_more = one_call();
	for (i = 0; i < PROCESSES; i++)
		close(fds[i]);

	board_step(1);
	for (i = 0; i < PROCESSES; i++)
		wait_success(pids[i]);
	tell("%s, everybody by process: %+jd, with %u processes more %+jd", variant->hook,
	     (intmax_t)(few - self->bare), PROCESSES, (intmax_t)(many - self->bare));
	EXPECT_GE(self->bare + self->most->all_by_process, few);
	EXPECT_EQ(few, many);
	EXPECT_EQ(none_more, others_more);
	wait_until_it_costs(self->counted);
}

/* However many groups there are: they are looked for with interrupts off. */
TEST_F_TIMEOUT(watch_cost, of_many_groups, 300)
{
	struct arm arm = { .fd = watch_file(), .by = SYSCOUNT_BY_COMMAND };
	struct syscount_watch_read args = { .size = sizeof(args) };

	wait_success(job_start(&arm, 1, "names"));
	ASSERT_EQ(0, ioctl(arm.fd, SYSCOUNT_IOC_READ_WATCH, &args));
	close(arm.fd);
	tell("%s, a name: with %u groups %ju, with %u %ju", variant->hook, NAMES / 60,
	     (uintmax_t)board->number[0], args.group_count, (uintmax_t)board->number[1]);
	EXPECT_LE(NAMES, args.group_count);
	EXPECT_GE(board->number[0] + 300, board->number[1]);
}

static void watch_a_cgroup(unsigned int index)
{
	char path[64];
	int cgroup;

	snprintf(path, sizeof(path), CGROUP "/%u", index);
	mkdir(path, 0755);
	cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	watch_open(SYSCOUNT_TARGET_CGROUP, SYSCOUNT_BY_NONE, 0, cgroup);
	close(cgroup);
	rmdir(path);
}

/* Another one has them open: files that one has cost at a fork, too. */
static int64_t one_process_beside(unsigned int watches)
{
	int64_t took;
	pid_t pid;

	board_new();
	pid = fork();
	if (!pid) {
		while (watches--)
			watch_a_cgroup(watches);
		job_wait();
		_exit(0);
	}
	board_await(1);
	took = one_process();
	board_step(1);
	wait_success(pid);
	return took;
}

/* That none of them watches. */
TEST_F_TIMEOUT(watch_cost, of_processes_beside_cgroups, 300)
{
	int64_t one, all;

	mkdir(CGROUP, 0755);
	one = one_process_beside(1);
	all = one_process_beside(CGROUPS);
	rmdir(CGROUP);
	tell("%s, a process: with a watch of another cgroup %jd, with %u %jd", variant->hook,
	     (intmax_t)one, CGROUPS, (intmax_t)all);
	EXPECT_GE(one + 300, all);
}

TEST_HARNESS_MAIN

#endif
