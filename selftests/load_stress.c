// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading and unloading many times, with calls on all CPUs, and with watches being opened,
 * read and closed; and out of every state that the module can be in.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "watch_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

/*
 * Loads with each of the four: as a fixed short dose, and by syscount_dose=full, 500 in all.
 * Each takes some six seconds on emulated CPUs, mostly waiting for RCU.
 */
#define LOADS_FEW	10
#define LOADS_MANY	125
/* Rounds of each watcher with each load. */
#define ROUNDS		2

const struct job jobs[] = { {} };

static void hammer(struct crew_member *me)
{
	while (!crew_told_to_stop(me)) {
		crew_call(me, A64, SYS_getppid, 0, 0, 0);
		if (me->begun % 32 == 0)
			cpu_relax();
	}
}

/*
 * A process that opens, reads and closes watches of everybody and of itself, while it may:
 * board->step is odd then.
 */
static uint32_t step_now(void)
{
	return __atomic_load_n(&board->step, __ATOMIC_SEQ_CST);
}

/* Return: was there a watch? */
static bool watch_once(unsigned int round)
{
	static struct reading reading;
	int target = round % 2 ? SYSCOUNT_TARGET_ALL : SYSCOUNT_TARGET_TASK;
	int by = round % (SYSCOUNT_BY_COMMAND + 1);
	uint32_t step = step_now();
	int fd = open(SYSCOUNT_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		/* It may be about to go. */
		if ((step % 2 && step == step_now()) ||
		    (errno != ENOENT && errno != ENODEV && errno != ENXIO))
			die("open %s: %m", SYSCOUNT_DEVICE);
		return false;
	}
	if (watch_make(fd, target, by, round % 8, getpid()))
		die("a watch of %d by %d", target, by);
	make_flocks(3);
	watch_read(fd, &reading);
	if (calls_of(&reading, A64, SYS_flock) < 3)
		die("a watch of %d by %d has missed some", target, by);
	close(fd);
	return true;
}

static pid_t start_watcher(unsigned int index)
{
	pid_t pid = fork();
	unsigned int round = index, made;
	uint32_t step;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (step = 1;; step += 2) {
		board_step_wait(step);
		/* On until it goes, so that some are open then. */
		for (made = 0; made < ROUNDS || step_now() == step;)
			if (watch_once(round++)) {
				__atomic_add_fetch(&board->number[index], 1, __ATOMIC_SEQ_CST);
				if (++made == ROUNDS)
					board_arrive();
			}
	}
}

static uint64_t rounds_of(unsigned int index)
{
	return __atomic_load_n(&board->number[index], __ATOMIC_SEQ_CST);
}

/* Once the last of those who have it open has closed it, and not a moment later. */
static int remove_when_closed(void)
{
	int err;

	while ((err = module_remove()) == -EWOULDBLOCK)
		sched_yield();
	return err;
}

static bool anything_left(void)
{
	return !access(SYSCOUNT_PROC, F_OK) || !access(SYSCOUNT_DEVICE, F_OK) ||
	       !access("/sys/module/syscount", F_OK) || tracepoint_hooked() || kprobe_hooked() ||
	       direct_hooked();
}

FIXTURE(stress) {
	struct crew *crew;
};

FIXTURE_VARIANT(stress)
{
	const char *parameters;
};

FIXTURE_VARIANT_ADD(stress, direct) { "hook=direct" };
FIXTURE_VARIANT_ADD(stress, tracepoint) { "hook=tracepoint" };
FIXTURE_VARIANT_ADD(stress, kprobe) { "hook=kprobe" };
FIXTURE_VARIANT_ADD(stress, automatic) { "hook=auto" };

FIXTURE_SETUP(stress)
{
	if (module_loaded() && module_remove())
		die("the module cannot be removed");
	board_new();
	self->crew = crew_start(cpus_present(), 1, hammer);
	crew_go(self->crew);
}

FIXTURE_TEARDOWN(stress)
{
	crew_stop(self->crew);
	crew_wait(self->crew);
	crew_end(self->crew);
	EXPECT_FALSE(anything_left());
	module_fresh("hook=tracepoint");
}

TEST_F_TIMEOUT(stress, load_and_unload, 7200)
{
	unsigned int i, watcher, loads = dose(LOADS_FEW, LOADS_MANY);
	pid_t watchers[2];

	for (watcher = 0; watcher < 2; watcher++)
		watchers[watcher] = start_watcher(watcher);
	for (i = 0; i < loads; i++) {
		ASSERT_EQ(0, module_insert(variant->parameters)) {
			TH_LOG("load %u", i);
		}
		board_step(2 * i + 1);
		board_await(2 * (i + 1));
		board_step(2 * i + 2);
		ASSERT_EQ(0, remove_when_closed()) {
			TH_LOG("unload %u", i);
		}
		ASSERT_FALSE(anything_left());
	}
	for (watcher = 0; watcher < 2; watcher++) {
		kill(watchers[watcher], SIGKILL);
		EXPECT_EQ(SIGKILL, WTERMSIG(wait_status(watchers[watcher])));
	}
	tell("%s: loaded and unloaded %u times, with %llu watches", variant->parameters, loads,
	     (unsigned long long)(rounds_of(0) + rounds_of(1)));
}

/*
 * States to unload it in
 */
static void just_loaded(void)
{
}

static void all_off(void)
{
	all_enable(false);
}

static void some_off(void)
{
	category_enable(SYSCOUNT_CAT_FILE, false);
	if (switch_syscall(A64, SYS_getppid, false))
		die("getppid cannot be switched off");
}

static void hook_changed(void)
{
	must_write(SYSCOUNT_SYSFS "hook", "kprobe");
	must_write(SYSCOUNT_SYSFS "hook", "tracepoint");
}

static void hook_moved_on(void)
{
	must_write(SYSCOUNT_SYSFS "hook", "auto");
}

static void just_reset(void)
{
	reset_by_ioctl();
}

static void slots_claimed(void)
{
	int nr;

	for (nr = 5000; nr < 5040; nr++)
		call_64(nr, 0, 0, 0);
}

static void cost_measured(void)
{
	struct syscount_cost args = { .size = sizeof(args) };

	device_ioctl(SYSCOUNT_IOC_COST, &args);
}

/* Its 20 ms are not over. */
static void bypassing(void)
{
	struct syscount_bypass args = { .size = sizeof(args) };

	must_write(SYSCOUNT_SYSFS "hook", "tracepoint");
	if (device_ioctl(SYSCOUNT_IOC_BYPASS, &args))
		die("SYSCOUNT_IOC_BYPASS");
}

static void watches_closed(void)
{
	int i;

	for (i = 0; i < 16; i++)
		close(watch_open(i % 2 ? SYSCOUNT_TARGET_ALL : SYSCOUNT_TARGET_TASK,
				 i % (SYSCOUNT_BY_COMMAND + 1), i % 8, getpid()));
}

/* It has a watch that nobody closed, and ends in the middle of calls. */
static void watcher_killed(void)
{
	pid_t pid = fork();

	if (!pid) {
		watch_open(SYSCOUNT_TARGET_ALL, SYSCOUNT_BY_THREAD, ERRORS | LATENCY, 0);
		board_arrive();
		for (;;)
			make_flocks(1);
	}
	board_await(1);
	kill(pid, SIGKILL);
	wait_status(pid);
}

static void files_open(void)
{
	static const char *const paths[] = {
		SYSCOUNT_PROC, SYSCOUNT_SYSFS "total", SYSCOUNT_SYSFS "hook",
		SYSCOUNT_SYSFS "category_file/enabled",
	};
	char text[100];
	unsigned int i;

	/* The end of this process closes them, after the module is gone. */
	for (i = 0; i < 4; i++)
		if (read(open(paths[i], O_RDONLY), text, sizeof(text)) < 1)
			die("%s: %m", paths[i]);
}

static void cpu_off(void)
{
	cpu_switch(cpus_present() - 1, false);
}

static void cpu_off_and_on(void)
{
	cpu_off();
	cpu_switch(cpus_present() - 1, true);
}

static void (*const states[])(void) = {
	just_loaded, all_off, some_off, hook_changed, hook_moved_on, just_reset, slots_claimed,
	cost_measured, bypassing, watches_closed, watcher_killed, files_open, cpu_off_and_on,
	cpu_off,
};

TEST_F_TIMEOUT(stress, unload_in_every_state, 1200)
{
	unsigned int i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		board_new();
		ASSERT_EQ(0, module_insert(variant->parameters));
		states[i]();
		ASSERT_EQ(0, remove_when_closed()) {
			TH_LOG("state %u", i);
		}
		cpu_switch(cpus_present() - 1, true);
		ASSERT_FALSE(anything_left()) {
			TH_LOG("state %u", i);
		}
	}
	tell("%s: unloaded in %u states", variant->parameters, i);
}

TEST_HARNESS_MAIN
