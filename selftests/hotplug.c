// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPUs go and come while calls are counted, watched and read: what was counted stays, and
 * N calls are N.
 * The kernel's command line must have slab_nomerge.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "watch_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 3600

/* Times that a CPU is taken away: as a fixed short dose, and by syscount_dose=full. */
#define CYCLES_FEW	12
#define CYCLES_MANY	200

const struct job jobs[] = { {} };

/* Two for each CPU that can go; one who is on one that goes is put elsewhere. */
static void hammer(struct crew_member *me)
{
	while (!crew_told_to_stop(me)) {
		crew_call(me, A64, SYS_getppid, 0, 0, 0);
		if (me->begun % 32 == 0)
			sched_yield();
	}
}

/* Reads all there is, for ever; no number goes back. */
static pid_t start_reader(int watch)
{
	uint64_t calls, of_all = 0, of_watch = 0;
	static struct reading reading;
	static struct counts counts;
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		counts_read_proc(&counts);
		calls = counts_of(&counts, A64, SYS_getppid);
		if (calls < of_all)
			die("%" PRIu64 " calls after %" PRIu64, calls, of_all);
		of_all = calls;
		watch_read(watch, &reading);
		calls = calls_of(&reading, A64, SYS_getppid);
		if (calls < of_watch)
			die("%" PRIu64 " watched calls after %" PRIu64, calls, of_watch);
		of_watch = calls;
		board->number[0]++;
	}
}

/* Another watch that is opened, read and closed, for ever. */
static pid_t start_watcher(void)
{
	static struct reading reading;
	pid_t pid = fork();
	unsigned int i;
	int fd;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0;; i++) {
		fd = watch_open(SYSCOUNT_TARGET_ALL, i % (SYSCOUNT_BY_COMMAND + 1), i % 8, 0);
		watch_read(fd, &reading);
		close(fd);
		board->number[1]++;
	}
}

FIXTURE(hotplug) {};

FIXTURE_VARIANT(hotplug)
{
	const char *hook;
};

FIXTURE_VARIANT_ADD(hotplug, direct) { "direct" };
FIXTURE_VARIANT_ADD(hotplug, tracepoint) { "tracepoint" };
FIXTURE_VARIANT_ADD(hotplug, kprobe) { "kprobe" };

FIXTURE_SETUP(hotplug)
{
	module_ready(variant->hook);
	board_new();
	slabs_await_empty();
	ASSERT_LE(2, cpus_present());
	ASSERT_EQ(cpus_present(), cpus_online());
}

FIXTURE_TEARDOWN(hotplug)
{
	int cpu;

	for (cpu = 1; cpu < cpus_present(); cpu++)
		cpu_switch(cpu, true);
}

TEST_F(hotplug, while_counted_watched_and_read)
{
	struct crew *crew = crew_start(2 * cpus_present(), 1, hammer);
	unsigned int i, cycles = dose(CYCLES_FEW, CYCLES_MANY);
	uint64_t before = counted(A64, SYS_getppid);
	struct reading reading = {};
	pid_t reader, watcher;
	int watch;

	watch = watch_open(SYSCOUNT_TARGET_ALL, SYSCOUNT_BY_PROCESS, ERRORS | LATENCY, 0);
	reader = start_reader(watch);
	watcher = start_watcher();
	crew_go(crew);
	for (i = 0; i < cycles; i++) {
		uint64_t made = crew_ended(crew), rounds = board->number[0] + board->number[1];

		cpu_switch(1 + i % (cpus_present() - 1), false);
		/* Two at once, now and then. */
		if (i % 4 == 0)
			cpu_switch(1 + (i + 1) % (cpus_present() - 1), false);
		while (crew_ended(crew) == made ||
		       __atomic_load_n(&board->number[0], __ATOMIC_SEQ_CST) +
		       __atomic_load_n(&board->number[1], __ATOMIC_SEQ_CST) == rounds) {
			no_child_failed();
			sched_yield();
		}
		cpu_switch(1 + i % (cpus_present() - 1), true);
		if (i % 4 == 0)
			cpu_switch(1 + (i + 1) % (cpus_present() - 1), true);
	}
	crew_stop(crew);
	crew_wait(crew);
	EXPECT_EQ(0, waitpid(reader, NULL, WNOHANG));
	EXPECT_EQ(0, waitpid(watcher, NULL, WNOHANG));
	kill(reader, SIGKILL);
	kill(watcher, SIGKILL);
	EXPECT_EQ(SIGKILL, WTERMSIG(wait_status(reader)));
	EXPECT_EQ(SIGKILL, WTERMSIG(wait_status(watcher)));

	EXPECT_EQ(before + crew_ended(crew), counted(A64, SYS_getppid));
	watch_read(watch, &reading);
	EXPECT_EQ(crew_ended(crew), calls_of(&reading, A64, SYS_getppid));
	EXPECT_EQ(0, reading.head.lost);
	EXPECT_EQ(0, reading.head.lost_threads);
	tell("hook %s: %u times a CPU went and came, with %" PRIu64 " calls, %" PRIu64
	     " readings, %" PRIu64 " watches", variant->hook, cycles + (cycles + 3) / 4,
	     crew_ended(crew), board->number[0], board->number[1]);
	crew_end(crew);
	reading_free(&reading);
	close(watch);
	slabs_await_empty();
}

TEST_HARNESS_MAIN
