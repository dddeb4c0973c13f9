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

#define NAMERS		100	/* threads */
#define NAME_US		200000	/* of which each takes one so often: the CPU is idle between */
#define CLOSES		400

#define EXECUTIONS	20
#define OPENS		1000
#define MANY		200003
#define REUSES		20
#define UNLOADS		4

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

	pin((uintptr_t)argument % cpus_present());
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
		usleep(NAME_US);
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

/* A thread that is not the first executes the program anew, which does so again. */
static void *execute_again(void *argument)
{
	char line[32];
	long left = (long)argument;

	make_flocks(FLOCKS);
	if (!left)
		_exit(0);
	snprintf(line, sizeof(line), "execute %ld", left - 1);
	job_exec(line);
}

static void job_execute(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, execute_again, (void *)job_number(0)))
		die("pthread_create");
	pause();
}

static void job_executers(void)
{
	pid_t pids[MAKERS];
	unsigned int i;
	char line[32];

	snprintf(line, sizeof(line), "execute %u", EXECUTIONS);
	board_step_wait(1);
	for (i = 0; i < MAKERS; i++) {
		pids[i] = fork();
		if (!pids[i])
			job_exec(line);
	}
	for (i = 0; i < MAKERS; i++)
		wait_success(pids[i]);
}

static void *make_many(void *argument)
{
	make_flocks(MANY);
	return argument;
}

static void *make_until_told(void *argument)
{
	struct board_member *self = argument;

	while (__atomic_load_n(&board->step, __ATOMIC_SEQ_CST) < 2) {
		make_flocks(FLOCKS);
		self->calls += FLOCKS;
	}
	return NULL;
}

/* All but the first, who waits for them. */
static void have_threads(void *(*run)(void *argument))
{
	pthread_t thread[MAKERS];
	unsigned int i;

	board_step_wait(1);
	for (i = 0; i < MAKERS; i++)
		if (pthread_create(&thread[i], NULL, run, &board->member[i]))
			die("pthread_create");
	for (i = 0; i < MAKERS; i++)
		pthread_join(thread[i], NULL);
}

static void job_flockers(void)
{
	have_threads(make_many);
}

static void job_until_told(void)
{
	have_threads(make_until_told);
}

/* On one CPU, as long as that is there. */
static void job_pinned(void)
{
	pin(cpus_present() - 1);
	board_step_wait(1);
	make_flocks(MANY);
}

const struct job jobs[] = {
	{ "makers", job_makers },
	{ "namers", job_namers },
	{ "execute", job_execute },
	{ "executers", job_executers },
	{ "flockers", job_flockers },
	{ "until_told", job_until_told },
	{ "pinned", job_pinned },
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
	cpu_switch(cpus_present() - 1, true);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {};

	if (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT))
		die("waitid: %m");
	return info.si_pid;
}

/* While the job that these watch does what it does, others watch it, too, and go. */
static void walk_over(struct __test_metadata *_metadata, const struct arm *arms, unsigned int count,
		      const char *line)
{
	pid_t job, walkers[WALKERS];
	unsigned int i;
	int cgroup;

	if (mkdir(A, 0755) && errno != EEXIST)
		die("%s: %m", A);
	cgroup = open(A, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	job = job_start(arms, count, line);
	wait_blocked(job, SYS_futex);
	for (i = 0; i < WALKERS; i++)
		walkers[i] = start_walker(i, job, cgroup, arms, count);
	board_step(1);
	wait_success(job);
	board_step(2);
	for (i = 0; i < WALKERS; i++) {
		wait_success(walkers[i]);
		EXPECT_LT(0, board->number[i]);
	}
	close(cgroup);
}

/* Of a job that has ended; @reading is the watch's then. */
static void expect_flocks(struct __test_metadata *_metadata, const struct arm *arm, uint64_t flocks)
{
	const char *flaw;

	watch_read(arm->fd, &reading);
	flaw = reading_flaw(&reading, arm->flags);
	EXPECT_EQ(NULL, flaw) {
		TH_LOG("%s", flaw);
	}
	EXPECT_EQ(flocks, calls_of(&reading, A64, SYS_flock)) {
		TH_LOG("by %d flags %#x", arm->by, arm->flags);
	}
}

static void expect_nothing_left(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, file_read_u64(SYSCOUNT_SYSFS "watches"));
	slabs_await_empty();
	rmdir(A);
}

/* A child with this pid, or any for 0, that waits for a byte, which says how often it calls. */
static int orders[2];

static pid_t fork_obedient(pid_t pid)
{
	uint8_t calls;
	pid_t child;

	if (!orders[0] && pipe(orders))
		die("pipe: %m");
	child = fork_as(pid);
	if (child)
		return child;
	if (read(orders[0], &calls, 1) != 1)
		die("read: %m");
	make_flocks(calls);
	_exit(0);
}

static void make_some_and_end(pid_t pid, uint8_t calls)
{
	if (write(orders[1], &calls, 1) != 1)
		die("write: %m");
	wait_success(pid);
}

static pid_t start_opener(unsigned int index)
{
	pid_t pid = fork();
	unsigned int round;
	int fd, err;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (round = index; __atomic_load_n(&board->step, __ATOMIC_SEQ_CST) < 1; round++) {
		fd = open(SYSCOUNT_DEVICE, O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			if (errno != ENOENT && errno != ENODEV && errno != ENXIO)
				die("open %s: %m", SYSCOUNT_DEVICE);
			usleep(1000);	/* for the module, that is being loaded */
			continue;
		}
		err = watch_make(fd, round & 1 ? SYSCOUNT_TARGET_ALL : SYSCOUNT_TARGET_SELF,
				 round % 5, round % 8, 0);
		if (err)
			die("SYSCOUNT_IOC_WATCH: %s", strerror(-err));
		close(fd);
		board->number[index]++;
		usleep(1000);		/* for who unloads it */
	}
	_exit(0);
}

/* Those that were there all the time have missed nothing, and nothing is left of the others. */
TEST_F(races, walked_over_while_threads_come_and_go)
{
	struct arm arms[] = {
		{ watch_file(), SYSCOUNT_BY_NONE, 0 },
		{ watch_file(), SYSCOUNT_BY_PROCESS, ERRORS | LATENCY },
	};
	unsigned int i;

	walk_over(_metadata, arms, ARRAY_SIZE(arms), "makers");
	for (i = 0; i < ARRAY_SIZE(arms); i++) {
		expect_flocks(_metadata, &arms[i], ALL_FLOCKS);
		EXPECT_EQ(MAKERS * (1 + THREADS), calls_of(&reading, A64, SYS_exit));
		EXPECT_EQ(1 + MAKERS * CHILDREN, calls_of(&reading, A64, SYS_exit_group));
		close(arms[i].fd);
	}
	expect_nothing_left(_metadata);
}

TEST_F(races, walked_over_while_threads_execute)
{
	struct arm arms[] = {
		{ watch_file(), SYSCOUNT_BY_THREAD, 0 },
		{ watch_file(), SYSCOUNT_BY_COMMAND, ERRORS | LATENCY },
	};
	unsigned int i;

	walk_over(_metadata, arms, ARRAY_SIZE(arms), "executers");
	for (i = 0; i < ARRAY_SIZE(arms); i++) {
		expect_flocks(_metadata, &arms[i], MAKERS * (EXECUTIONS + 1) * FLOCKS);
		EXPECT_EQ(1 + MAKERS * (EXECUTIONS + 1), calls_of(&reading, A64, SYS_execve));
		close(arms[i].fd);
	}
	expect_nothing_left(_metadata);
}

/* Whichever of its threads executes, and so takes over its id, it is there all the time. */
TEST_F(races, opened_while_threads_execute)
{
	pid_t job = job_start(NULL, 0, "execute 1000000");
	unsigned int opens = OPENS / kernel_slowness(), opened = 0;
	int fd, err = 0;

	/* No ASSERT before it is killed: it would outlive us. */
	while (!err && opened < opens) {
		fd = watch_file();
		err = watch_make(fd, SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_NONE, 0, job);
		opened += !err;
		close(fd);
	}
	EXPECT_EQ(opens, opened) {
		TH_LOG("%s", strerror(-err));
	}
	ASSERT_EQ(0, kill(job, SIGKILL));
	EXPECT_EQ(SIGKILL, WTERMSIG(wait_status(job)));
	expect_nothing_left(_metadata);
}

/* What is counted is in one cgroup or the other, also of one that is removed. */
TEST_F(races, moved_while_it_calls)
{
	struct arm arms[] = {
		{ watch_file(), SYSCOUNT_BY_CGROUP, 0 },
		{ watch_file(), SYSCOUNT_BY_CGROUP, ERRORS | LATENCY },
	};
	pid_t job = job_start(arms, ARRAY_SIZE(arms), "flockers");
	unsigned int i, moves = 0;
	char pid[16];

	mkdir(A, 0755);
	snprintf(pid, sizeof(pid), "%d", job);
	wait_blocked(job, SYS_futex);
	board_step(1);
	while (!has_ended(job)) {
		mkdir(A "/sub", 0755);
		moves += !file_write(A "/sub/cgroup.procs", pid);
		moves += !file_write(A "/cgroup.procs", pid);
		rmdir(A "/sub");
	}
	wait_success(job);
	EXPECT_LT(4, moves);
	for (i = 0; i < ARRAY_SIZE(arms); i++) {
		expect_flocks(_metadata, &arms[i], MAKERS * MANY);
		close(arms[i].fd);
	}
	expect_nothing_left(_metadata);
}

TEST_F(races, cpu_goes_while_its_task_is_watched)
{
	struct arm arms[2] = {
		{ -1, SYSCOUNT_BY_NONE, 0 }, { -1, SYSCOUNT_BY_THREAD, ERRORS | LATENCY },
	};
	unsigned int i, rounds = 0;
	pid_t job;

	if (cpus_present() == 1)
		SKIP(return, "there is one CPU only");
	ASSERT_LE(cpus_present(), cpus_online());
	for (i = 0; i < ARRAY_SIZE(arms); i++)
		arms[i].fd = watch_file();
	job = job_start(arms, ARRAY_SIZE(arms), "pinned");
	wait_blocked(job, SYS_futex);
	board_step(1);
	for (; !has_ended(job); rounds++) {
		int fd = watch_open(SYSCOUNT_TARGET_ALL, SYSCOUNT_BY_NONE, rounds & ERRORS, 0);

		cpu_switch(cpus_present() - 1, false);
		watch_read(fd, &reading);
		if (rounds & 2)
			close(fd);
		cpu_switch(cpus_present() - 1, true);
		if (!(rounds & 2))
			close(fd);
	}
	wait_success(job);
	EXPECT_LT(0, rounds);
	for (i = 0; i < ARRAY_SIZE(arms); i++) {
		expect_flocks(_metadata, &arms[i], MANY);
		close(arms[i].fd);
	}
	expect_nothing_left(_metadata);
}

/* A call of each thread can be lost or count twice with the hook, and no more than that. */
TEST_F(races, hook_changes_while_watches_come_and_go)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_PROCESS, ERRORS };
	static const char *const hooks[] = { "kprobe", "tracepoint", "direct", "tracepoint" };
	pid_t job = job_start(&arm, 1, "until_told"), walker;
	uint64_t calls = 0, counts;
	unsigned int i;
	int cgroup;

	mkdir(A, 0755);
	cgroup = open(A, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	wait_blocked(job, SYS_futex);
	walker = start_walker(0, job, cgroup, &arm, 1);
	close(cgroup);
	board_step(1);
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (kernel_has_hook(hooks[i]))
			hook_choose(hooks[i]);
	board_step(2);
	wait_success(job);
	wait_success(walker);
	for (i = 0; i < MAKERS; i++)
		calls += board->member[i].calls;
	watch_read(arm.fd, &reading);
	counts = calls_of(&reading, A64, SYS_flock);
	EXPECT_GE(calls + MAKERS * ARRAY_SIZE(hooks), counts);
	EXPECT_LE(calls, counts + MAKERS * ARRAY_SIZE(hooks));
	EXPECT_EQ(0, reading.head.lost + reading.head.lost_threads);
	close(arm.fd);
	expect_nothing_left(_metadata);
}

/* A number that is used again is another process. */
TEST_F(races, pids_are_used_again)
{
	int fd = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_PROCESS, 0, getpid()), one;
	uint64_t flocks = 0;
	pid_t pid = fork_obedient(0);
	unsigned int i, groups = 0;

	make_some_and_end(pid, 1);
	for (i = 1; i < REUSES; i++) {
		ASSERT_EQ(pid, fork_obedient(pid));
		one = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_NONE, 0, pid);
		make_some_and_end(pid, i + 1);
		watch_read(one, &reading);
		EXPECT_EQ(i + 1, calls_of(&reading, A64, SYS_flock));
		close(one);
	}
	watch_read(fd, &reading);
	for (i = 0; i < reading.head.group_count; i++) {
		if (reading.group[i].pid != pid)
			continue;
		groups++;
		flocks += group_calls(&reading, &reading.group[i], A64, SYS_flock);
		EXPECT_EQ(groups, group_calls(&reading, &reading.group[i], A64, SYS_flock));
	}
	EXPECT_EQ(REUSES, groups);
	EXPECT_EQ(REUSES * (REUSES + 1) / 2, flocks);
	close(fd);
	expect_nothing_left(_metadata);
}

/* Who opens the device meanwhile has the module, or finds none. */
TEST_F(races, unloaded_while_watches_are_opened)
{
	unsigned int i, removed = 0;
	pid_t pids[WALKERS];

	for (i = 0; i < WALKERS; i++)
		pids[i] = start_opener(i);
	while (removed < UNLOADS) {
		int err = module_remove();

		if (err && err != -EAGAIN && err != -EWOULDBLOCK)
			die("delete_module: %s", strerror(-err));
		usleep(100);
		if (err)
			continue;
		removed++;
		ASSERT_EQ(0, module_insert("hook=tracepoint"));
	}
	board_step(1);
	for (i = 0; i < WALKERS; i++) {
		wait_success(pids[i]);
		EXPECT_LT(0, board->number[i]);
	}
	expect_nothing_left(_metadata);
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
