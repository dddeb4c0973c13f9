// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watches that come and go and are read by others, while what they watch comes and goes too:
 * what a thread was watched by is another one's a moment later.
 * The kernel's command line must have slab_nomerge.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "watch_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

#define A		"/sys/fs/cgroup/watch_races"
#define MAKERS		4
#define THREADS		400	/* of each maker, one after the other */
#define A_CHILD_EACH	10	/* threads */
#define FLOCKS		3	/* of each thread and child */
#define WALKERS		2

#define NAMERS		200	/* threads */
#define CLOSES		100

#define CHILDREN	(THREADS / A_CHILD_EACH)
#define ALL_FLOCKS	(MAKERS * (THREADS + CHILDREN) * FLOCKS)

static void *make_few(void *argument)
{
	make_flocks(FLOCKS);
	return argument;
}

static void make_a_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, make_few, NULL) || pthread_join(thread, NULL))
		die("pthread_create");
}

static void make_a_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		make_flocks(FLOCKS);
		_exit(0);
	}
	wait_success(pid);
}

static void *make_threads(void *argument)
{
	unsigned int i;

	pin((uintptr_t)argument % CREW_CPUS);
	for (i = 0; i < THREADS; i++) {
		make_a_thread();
		if (i % A_CHILD_EACH == 0)
			make_a_child();
	}
	return NULL;
}

static void job_makers(void)
{
	pthread_t thread[MAKERS];
	uintptr_t i;

	must_write(A "/cgroup.procs", "0");
	board_step_wait(1);
	for (i = 0; i < MAKERS; i++)
		if (pthread_create(&thread[i], NULL, make_threads, (void *)i))
			die("pthread_create");
	for (i = 0; i < MAKERS; i++)
		pthread_join(thread[i], NULL);
}

static void *take_names(void *argument)
{
	unsigned int i;

	for (i = 0; __atomic_load_n(&board->step, __ATOMIC_SEQ_CST) < 1; i++) {
		prctl(PR_SET_NAME, i % 2 ? "one" : "other");
		usleep(1);
	}
	return argument;
}

static void job_namers(void)
{
	pthread_t thread[NAMERS];
	unsigned int i;

	pin(0);
	for (i = 0; i < NAMERS; i++)
		if (pthread_create(&thread[i], NULL, take_names, NULL))
			die("pthread_create");
	board->number[0] = 1;
	for (i = 0; i < NAMERS; i++)
		pthread_join(thread[i], NULL);
}

const struct job jobs[] = {
	{ "makers", job_makers },
	{ "namers", job_namers },
	{}
};

static struct reading reading;

/* Whose reading does not fit, dies. */
static void watch_and_go(unsigned int round, pid_t job, int cgroup)
{
	static const int targets[] = {
		SYSCOUNT_TARGET_TASK, SYSCOUNT_TARGET_CGROUP, SYSCOUNT_TARGET_ALL,
	};
	int target = targets[round % ARRAY_SIZE(targets)], fd = watch_file();
	int err = watch_make(fd, target, round % (SYSCOUNT_BY_COMMAND + 1), round % 8,
			     target == SYSCOUNT_TARGET_TASK ? job : cgroup);

	/* It may have ended, or be about to. */
	if (err && err != -ESRCH)
		die("target %d: %s", target, strerror(-err));
	if (!err && watch_read_flags(fd, round & SYSCOUNT_READ_FORGET, &reading))
		die("a reading");
	close(fd);
}

static pid_t start_walker(unsigned int index, pid_t job, int cgroup, const struct arm *arms,
			  unsigned int count)
{
	pid_t pid = fork();
	unsigned int round;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (round = index; __atomic_load_n(&board->step, __ATOMIC_SEQ_CST) < 2; round++) {
		watch_and_go(round, job, cgroup);
		watch_read(arms[round % count].fd, &reading);
		board->number[index]++;
	}
	_exit(0);
}

FIXTURE(races) {};

FIXTURE_VARIANT(races) {
	const char *hook;
};

FIXTURE_VARIANT_ADD(races, direct) { "direct" };
FIXTURE_VARIANT_ADD(races, tracepoint) { "tracepoint" };

FIXTURE_SETUP(races)
{
	module_ready(variant->hook);
	board_new();
	slabs_await_empty();
}

FIXTURE_TEARDOWN(races)
{
}

/* Those that were there all the time have missed nothing, and nothing is left of the others. */
TEST_F(races, walked_over_while_threads_come_and_go)
{
	struct arm arms[] = {
		{ watch_file(), SYSCOUNT_BY_NONE, 0 },
		{ watch_file(), SYSCOUNT_BY_PROCESS, ERRORS | LATENCY },
	};
	pid_t job, walkers[WALKERS];
	unsigned int i;
	int cgroup;

	if (mkdir(A, 0755) && errno != EEXIST)
		die("%s: %m", A);
	cgroup = open(A, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	job = job_start(arms, ARRAY_SIZE(arms), "makers");
	wait_blocked(job, SYS_futex);
	for (i = 0; i < WALKERS; i++)
		walkers[i] = start_walker(i, job, cgroup, arms, ARRAY_SIZE(arms));
	board_step(1);
	wait_success(job);
	board_step(2);
	for (i = 0; i < WALKERS; i++) {
		wait_success(walkers[i]);
		EXPECT_LT(10, board->number[i]);
	}
	for (i = 0; i < ARRAY_SIZE(arms); i++) {
		watch_read(arms[i].fd, &reading);
		EXPECT_EQ(NULL, reading_flaw(&reading, arms[i].flags)) {
			TH_LOG("%s", reading_flaw(&reading, arms[i].flags));
		}
		EXPECT_EQ(ALL_FLOCKS, calls_of(&reading, A64, SYS_flock));
		EXPECT_EQ(MAKERS * (1 + THREADS), calls_of(&reading, A64, SYS_exit));
		EXPECT_EQ(1 + MAKERS * CHILDREN, calls_of(&reading, A64, SYS_exit_group));
		close(arms[i].fd);
	}
	close(cgroup);
	EXPECT_EQ(0, file_read_u64(SYSCOUNT_SYSFS "watches"));
	slabs_await_empty();
	rmdir(A);
}

/*
 * Who closes a watch looks for members group by group, and lets others in between: nobody goes
 * to a group where he was already.
 */
TEST_F(races, closed_while_threads_take_names)
{
	struct sched_param param = {};
	pid_t job = job_start(NULL, 0, "namers");
	unsigned int i;
	int fd;

	while (!__atomic_load_n(&board->number[0], __ATOMIC_SEQ_CST))
		usleep(1000);
	/* Each of them takes the CPU from who closes as soon as that may be. */
	pin(0);
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_IDLE, &param));
	for (i = 0; i < CLOSES; i++) {
		fd = watch_file();
		ASSERT_EQ(0, watch_make(fd, SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_COMMAND, i % 2 * ERRORS, job));
		close(fd);
	}
	EXPECT_EQ(0, file_read_u64(SYSCOUNT_SYSFS "watches"));
	/* They live on, so none lets go of a member of its own. */
	slabs_await_empty();
	board_step(1);
	wait_success(job);
}

TEST_HARNESS_MAIN
