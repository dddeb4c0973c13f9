// SPDX-License-Identifier: GPL-2.0-or-later
/* Watches of cgroups, and groups by cgroup: whoever comes, goes, or is born there. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "watch_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#define ROOT	"/sys/fs/cgroup"
#define A	ROOT "/watch_a"
#define BELOW_A	A "/below"
#define B	ROOT "/watch_b"
#define C	ROOT "/watch_c"
#define THREADS_OF_C C "/threads"	/* a threaded one */

/* Of each step another number, so that one of another step is seen. */
static const unsigned int calls[] = { 11, 101, 1009, 10007 };

#define STEPS	4
#define THREADS	3

static const unsigned int details[] = { 0, ERRORS, LATENCY, ERRORS | LATENCY };

const struct job jobs[] = { {} };

static struct reading reading;

static void make_cgroup(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		die("%s: %m", path);
}

static void write_number(const char *path, const char *file, pid_t number)
{
	char name[128], text[16];

	snprintf(name, sizeof(name), "%s/%s", path, file);
	snprintf(text, sizeof(text), "%d", number);
	must_write(name, text);
}

static void move(const char *path, pid_t pid)
{
	write_number(path, "cgroup.procs", pid);
}

/* Within a threaded subtree. */
static void move_thread(const char *path, pid_t tid)
{
	write_number(path, "cgroup.threads", tid);
}

static int open_cgroup(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %m", path);
	return fd;
}

static uint64_t id_of(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		die("%s: %m", path);
	return status.st_ino;
}

static int watch_cgroup(const char *path, int by, unsigned int flags)
{
	int cgroup = open_cgroup(path);
	int fd = watch_open(SYSCOUNT_TARGET_CGROUP, by, flags, cgroup);

	close(cgroup);
	return fd;
}

FIXTURE(cgroup) {};

FIXTURE_VARIANT(cgroup) {
	const char *hook;
};

FIXTURE_VARIANT_ADD(cgroup, direct) { "direct" };
FIXTURE_VARIANT_ADD(cgroup, tracepoint) { "tracepoint" };
FIXTURE_VARIANT_ADD(cgroup, kprobe) { "kprobe" };

FIXTURE_SETUP(cgroup)
{
	module_ready(variant->hook);
	board_new();
	make_cgroup(A);
	make_cgroup(BELOW_A);
	make_cgroup(B);
}

FIXTURE_TEARDOWN(cgroup)
{
	rmdir(BELOW_A);
	rmdir(A);
	rmdir(B);
}

static void take_steps(void)
{
	unsigned int step;

	for (step = 0; step < STEPS; step++) {
		board_step_wait(step + 1);
		make_flocks(calls[step]);
		board_arrive();
	}
	board_step_wait(STEPS + 1);
	_exit(0);
}

/* It waits for the first step. */
static pid_t start_caller(void)
{
	pid_t pid = fork();

	if (!pid)
		take_steps();
	wait_blocked(pid, SYS_futex);
	return pid;
}

/* @callers of them make the calls of that step; it is over when we return. */
static void step(unsigned int number, unsigned int callers)
{
	uint32_t arrived = board->arrived;

	board_step(number + 1);
	board_await(arrived + callers);
}

/*
 * The same of one caller alone. It waits for the next step when we return: who runs while he is
 * moved is told of it later.
 */
static void step_of(pid_t pid, unsigned int number)
{
	step(number, 1);
	wait_blocked(pid, SYS_futex);
}

static void end_caller(pid_t pid)
{
	board_step(STEPS + 1);
	wait_success(pid);
}

static void expect_flocks(struct __test_metadata *_metadata, int fd, uint64_t want)
{
	watch_read(fd, &reading);
	EXPECT_EQ(want, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(0, reading.head.lost);
	EXPECT_EQ(0, reading.head.lost_threads);
}

static void expect_no_flaw(struct __test_metadata *_metadata, unsigned int flags)
{
	const char *flaw = reading_flaw(&reading, flags);

	EXPECT_EQ(NULL, flaw) {
		TH_LOG("flags %#x: %s", flags, flaw);
	}
}

TEST_F(cgroup, who_is_in_it)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		pid_t inside, below, outside;
		int fd;

		board_new();
		inside = start_caller();
		below = start_caller();
		outside = start_caller();
		move(A, inside);
		move(BELOW_A, below);
		move(B, outside);
		step(0, 3);
		fd = watch_cgroup(A, SYSCOUNT_BY_PROCESS, details[i]);
		watch_read(fd, &reading);
		EXPECT_EQ(2, reading.head.threads);
		step(1, 3);
		step(2, 3);
		expect_flocks(_metadata, fd, 2 * (calls[1] + calls[2]));
		step(3, 3);
		end_caller(inside);
		end_caller(below);
		end_caller(outside);
		expect_flocks(_metadata, fd, 2 * (calls[1] + calls[2] + calls[3]));
		expect_no_flaw(_metadata, details[i]);
		EXPECT_EQ(2, reading.head.group_count);
		EXPECT_EQ(calls[1] + calls[2] + calls[3],
			  group_calls(&reading, group_by_pid(&reading, below), A64, SYS_flock));
		EXPECT_EQ(id_of(A), group_by_pid(&reading, inside)->cgroup);
		EXPECT_EQ(id_of(BELOW_A), group_by_pid(&reading, below)->cgroup);
		close(fd);
	}
}

TEST_F(cgroup, who_comes_and_goes)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		int fd = watch_cgroup(A, SYSCOUNT_BY_NONE, details[i]);
		pid_t pid;

		board_new();
		pid = start_caller();
		step_of(pid, 0);
		expect_flocks(_metadata, fd, 0);
		move(A, pid);
		step_of(pid, 1);
		expect_flocks(_metadata, fd, calls[1]);
		/* Below it is still in it. */
		move(BELOW_A, pid);
		step_of(pid, 2);
		expect_flocks(_metadata, fd, calls[1] + calls[2]);
		move(B, pid);
		step_of(pid, 3);
		expect_flocks(_metadata, fd, calls[1] + calls[2]);
		EXPECT_EQ(0, reading.head.threads);
		end_caller(pid);
		expect_flocks(_metadata, fd, calls[1] + calls[2]);
		close(fd);
	}
}

static void *thread_takes_steps(void *argument)
{
	unsigned int step;

	board_sign((uintptr_t)argument);
	board_arrive();
	for (step = 0; step < STEPS; step++) {
		board_step_wait(step + 1);
		make_flocks(calls[step]);
		board_arrive();
	}
	return argument;
}

static pthread_t thread[THREADS];

static void start_threads(void *(*run)(void *argument))
{
	uintptr_t i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, run, (void *)i))
			die("pthread_create");
}

static void take_steps_by_threads(void)
{
	unsigned int i;

	start_threads(thread_takes_steps);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	_exit(0);
}

static void wait_for_step(void)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		wait_blocked(board->member[i].tid, SYS_futex);
}

/* What step_of() is to one caller. */
static void step_of_threads(unsigned int number)
{
	step(number, THREADS);
	wait_for_step();
}

/* A process is moved with all of its threads, of which one event tells. */
TEST_F(cgroup, threads_move)
{
	int fd = watch_cgroup(A, SYSCOUNT_BY_THREAD, ERRORS);
	pid_t pid = fork();

	if (!pid)
		take_steps_by_threads();
	board_await(THREADS);
	step_of_threads(0);
	move(A, pid);
	step_of_threads(1);
	expect_flocks(_metadata, fd, THREADS * calls[1]);
	EXPECT_EQ(1 + THREADS, reading.head.threads);
	EXPECT_EQ(1 + THREADS, reading.head.group_count);
	move(B, pid);
	step_of_threads(2);
	expect_flocks(_metadata, fd, THREADS * calls[1]);
	EXPECT_EQ(0, reading.head.threads);
	move(BELOW_A, pid);
	step(3, THREADS);
	wait_success(pid);
	expect_flocks(_metadata, fd, THREADS * (calls[1] + calls[3]));
	expect_no_flaw(_metadata, ERRORS);
	close(fd);
}

/* Ended, while other threads of its process go on. */
static void wait_zombie(pid_t pid)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		sched_yield();
		file_read(path, text, sizeof(text));
	} while (!strstr(text, ") Z "));
}

static void *thread_of_ended_leader(void *argument)
{
	wait_zombie(getpid());
	return thread_takes_steps(argument);
}

/* The kernel leaves a leader that has ended where it was. */
TEST_F(cgroup, threads_move_without_their_leader)
{
	int fd = watch_cgroup(A, SYSCOUNT_BY_THREAD, ERRORS);
	pid_t pid = fork();

	if (!pid) {
		start_threads(thread_of_ended_leader);
		pthread_exit(NULL);
	}
	board_await(THREADS);
	wait_for_step();
	move(A, pid);
	step_of_threads(0);
	expect_flocks(_metadata, fd, THREADS * calls[0]);
	EXPECT_EQ(THREADS, reading.head.threads);
	move(B, pid);
	step_of_threads(1);
	expect_flocks(_metadata, fd, THREADS * calls[0]);
	EXPECT_EQ(0, reading.head.threads);
	move(BELOW_A, pid);
	step(2, THREADS);
	step(3, THREADS);
	wait_success(pid);
	expect_flocks(_metadata, fd, THREADS * (calls[0] + calls[2] + calls[3]));
	expect_no_flaw(_metadata, ERRORS);
	close(fd);
}

/* In a threaded cgroup a thread is without its process. */
static void a_thread_moves(struct __test_metadata *_metadata, unsigned int flags)
{
	int whole = watch_cgroup(C, SYSCOUNT_BY_CGROUP, flags);
	int fd = watch_cgroup(THREADS_OF_C, SYSCOUNT_BY_THREAD, flags), late;
	uint64_t inside = 0, all = 0;
	pid_t pid, tid;

	board_new();
	pid = fork();
	if (!pid)
		take_steps_by_threads();
	board_await(THREADS);
	tid = board->member[1].tid;
	move(C, pid);
	step_of_threads(0);
	expect_flocks(_metadata, fd, inside);
	all += THREADS * calls[0];
	expect_flocks(_metadata, whole, all);

	move_thread(THREADS_OF_C, tid);
	late = watch_cgroup(THREADS_OF_C, SYSCOUNT_BY_NONE, flags);
	step_of_threads(1);
	inside += calls[1];
	all += THREADS * calls[1];
	expect_flocks(_metadata, whole, all);
	expect_flocks(_metadata, fd, inside);
	EXPECT_EQ(1, reading.head.threads);

	move_thread(C, tid);
	step_of_threads(2);
	all += THREADS * calls[2];
	expect_flocks(_metadata, fd, inside);
	EXPECT_EQ(0, reading.head.threads);

	move_thread(THREADS_OF_C, tid);
	step(3, THREADS);
	wait_success(pid);
	inside += calls[3];
	all += THREADS * calls[3];
	expect_flocks(_metadata, late, inside);
	expect_no_flaw(_metadata, flags);
	expect_flocks(_metadata, fd, inside);
	expect_no_flaw(_metadata, flags);
	EXPECT_EQ(1, reading.head.group_count);
	EXPECT_EQ(tid, reading.group[0].tid);
	EXPECT_EQ(pid, reading.group[0].pid);
	expect_flocks(_metadata, whole, all);
	expect_no_flaw(_metadata, flags);
	EXPECT_EQ(inside, group_calls(&reading, group_by_cgroup(&reading, id_of(THREADS_OF_C)),
				      A64, SYS_flock));
	close(fd);
	close(late);
	close(whole);
}

TEST_F(cgroup, threaded)
{
	unsigned int i;

	make_cgroup(C);
	make_cgroup(THREADS_OF_C);
	must_write(THREADS_OF_C "/cgroup.type", "threaded");
	for (i = 0; i < ARRAY_SIZE(details); i++)
		a_thread_moves(_metadata, details[i]);
	EXPECT_EQ(0, rmdir(THREADS_OF_C));
	EXPECT_EQ(0, rmdir(C));
}

/* One that runs all the time, if nothing else needs its CPU: it takes orders from memory. */
#define GIVEN_UP_NS	(60000000000ull * kernel_slowness())

enum { ORDER, ORDERS, DONE };

static uint64_t orders_seen(int which)
{
	cpu_relax();
	return __atomic_load_n(&board->number[which], __ATOMIC_SEQ_CST);
}

static void take_orders(void)
{
	uint64_t done = 0;

	pin(cpus_present() - 1);
	for (;;) {
		while (orders_seen(ORDERS) == done)
			;
		if (!board->number[ORDER])
			_exit(0);
		make_flocks(board->number[ORDER]);
		__atomic_store_n(&board->number[DONE], ++done, __ATOMIC_SEQ_CST);
	}
}

/* So many calls are made when we return; 0 ends it. */
static void order(uint64_t flocks)
{
	board->number[ORDER] = flocks;
	__atomic_add_fetch(&board->number[ORDERS], 1, __ATOMIC_SEQ_CST);
	while (flocks && orders_seen(DONE) != board->number[ORDERS])
		sched_yield();
}

/* How often something else had its CPU. */
static uint64_t switches(pid_t pid)
{
	static const char word[] = "nonvoluntary_ctxt_switches:";
	char path[32], text[4096], *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file_read(path, text, sizeof(text));
	at = strstr(text, word);
	if (!at)
		die("%s: no %s", path, word);
	return strtoull(at + strlen(word), NULL, 10);
}

/* Its CPU is told soon; from then on it counts. */
static void order_until_counted(int fd, uint64_t before)
{
	const uint64_t until = clock_ns(CLOCK_MONOTONIC) + GIVEN_UP_NS;

	do {
		if (clock_ns(CLOCK_MONOTONIC) > until)
			die("the CPU was not told");
		order(1);
		watch_read(fd, &reading);
	} while (calls_of(&reading, A64, SYS_flock) == before);
}

/* Returns how often it was counted without being switched to. */
static unsigned int moved_while_it_runs(struct __test_metadata *_metadata, int by,
					unsigned int flags)
{
	int fd = watch_cgroup(A, by, flags);
	uint64_t before, count = 0;
	unsigned int i, told = 0;
	pid_t pid;

	board_new();
	pid = fork();
	if (!pid)
		take_orders();
	order(11);
	for (i = 0; i < 3; i++) {
		before = switches(pid);
		move(i & 1 ? BELOW_A : A, pid);
		order_until_counted(fd, count);
		told += switches(pid) == before;
		order(1009);
		count += 1 + 1009;
		expect_flocks(_metadata, fd, count);
		EXPECT_EQ(1, reading.head.threads);
		/* Whoever leaves is gone at once. */
		move(B, pid);
		order(101);
		expect_flocks(_metadata, fd, count);
		EXPECT_EQ(0, reading.head.threads);
	}
	order(0);
	wait_success(pid);
	expect_flocks(_metadata, fd, count);
	expect_no_flaw(_metadata, flags);
	close(fd);
	return told;
}

TEST_F(cgroup, moved_while_it_runs)
{
	const uint64_t until = clock_ns(CLOCK_MONOTONIC) + GIVEN_UP_NS;
	unsigned int i, told = 0;

	if (cpus_present() == 1)
		SKIP(return, "nothing runs all the time where there is one CPU only");
	pin(0);
	/* Who was off its CPU meanwhile counts anyhow, and on a busy machine that can be all. */
	do {
		for (i = 0; i < ARRAY_SIZE(details); i++) {
			told += moved_while_it_runs(_metadata, SYSCOUNT_BY_NONE, details[i]);
			told += moved_while_it_runs(_metadata, SYSCOUNT_BY_PROCESS, details[i]);
		}
	} while (!told && clock_ns(CLOCK_MONOTONIC) < until);
	EXPECT_LT(0, told);
}

static pid_t born_in(const char *path)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = open_cgroup(path),
	};
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		die("CLONE_INTO_CGROUP: %m");
	if (!pid) {
		make_flocks(101);
		_exit(0);
	}
	close(args.cgroup);
	return pid;
}

/* No event tells of it but that it was started. */
TEST_F(cgroup, who_is_born_there)
{
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		fd = watch_cgroup(A, SYSCOUNT_BY_NONE, details[i]);
		wait_success(born_in(A));
		wait_success(born_in(BELOW_A));
		wait_success(born_in(B));
		expect_flocks(_metadata, fd, 2 * 101);
		/* The exit of its clone3() is of no call that it made. */
		expect_no_flaw(_metadata, details[i]);
		EXPECT_EQ(0, row_of(&reading, A64, SYS_clone3).refused);
		EXPECT_EQ(2, calls_of(&reading, A64, SYS_exit_group));
		close(fd);
	}
}

static void fork_and_leave(void)
{
	pid_t pid;

	move(A, getpid());
	pid = fork();
	if (!pid) {
		make_flocks(103);
		_exit(0);
	}
	wait_success(pid);
	make_flocks(107);
	/* It stays there, whatever becomes of us. */
	pid = fork();
	move(B, pid ? getpid() : 0);
	make_flocks(pid ? 1009 : 10007);
	if (pid)
		wait_success(pid);
	_exit(0);
}

/* Children are where their parents are, and are moved alone. */
TEST_F(cgroup, children)
{
	int fd = watch_cgroup(A, SYSCOUNT_BY_NONE, ERRORS);
	pid_t pid = fork();

	if (!pid)
		fork_and_leave();
	wait_success(pid);
	expect_flocks(_metadata, fd, 103 + 107);
	expect_no_flaw(_metadata, ERRORS);
	close(fd);
}

/* Removed while it is watched: what was counted stays. */
TEST_F(cgroup, removed)
{
	int fd = watch_cgroup(A, SYSCOUNT_BY_CGROUP, ERRORS);
	int below = watch_cgroup(BELOW_A, SYSCOUNT_BY_NONE, 0);
	uint64_t id = id_of(A), id_below = id_of(BELOW_A);

	wait_success(born_in(A));
	wait_success(born_in(BELOW_A));
	ASSERT_EQ(0, rmdir(BELOW_A));
	expect_flocks(_metadata, below, 101);
	ASSERT_EQ(0, rmdir(A));
	expect_flocks(_metadata, fd, 2 * 101);
	EXPECT_EQ(2, reading.head.group_count);
	EXPECT_EQ(101, group_calls(&reading, group_by_cgroup(&reading, id), A64, SYS_flock));
	EXPECT_EQ(101, group_calls(&reading, group_by_cgroup(&reading, id_below), A64, SYS_flock));
	expect_flocks(_metadata, below, 101);

	/* One of the same name is another one. */
	make_cgroup(A);
	wait_success(born_in(A));
	expect_flocks(_metadata, fd, 2 * 101);
	close(fd);
	close(below);
}

/* By a descriptor from when it was there. */
TEST_F(cgroup, removed_before)
{
	int cgroup = open_cgroup(BELOW_A), fd = watch_file();

	ASSERT_EQ(0, rmdir(BELOW_A));
	EXPECT_EQ(-ENOENT, watch_make(fd, SYSCOUNT_TARGET_CGROUP, 0, 0, cgroup));
	close(cgroup);
	/* And the file is none yet. */
	cgroup = open_cgroup(A);
	EXPECT_EQ(0, watch_make(fd, SYSCOUNT_TARGET_CGROUP, 0, 0, cgroup));
	close(cgroup);
	close(fd);
}

/* Groups by cgroup: where a thread is when it calls. */
static void grouped(struct __test_metadata *_metadata, int target, unsigned int flags)
{
	const struct syscount_watch_group *group;
	pid_t pid;
	int fd;

	board_new();
	pid = start_caller();
	move(A, pid);
	fd = watch_open(target, SYSCOUNT_BY_CGROUP, flags,
			target == SYSCOUNT_TARGET_TASK ? pid : 0);
	step_of(pid, 0);
	move(BELOW_A, pid);
	step_of(pid, 1);
	move(B, pid);
	step_of(pid, 2);
	move(A, pid);
	step_of(pid, 3);
	watch_read(fd, &reading);
	group = group_by_cgroup(&reading, id_of(A));
	ASSERT_NE(NULL, group);
	EXPECT_EQ(calls[0] + calls[3], group_calls(&reading, group, A64, SYS_flock));
	EXPECT_EQ(0, group->flags);
	EXPECT_EQ(1, group->threads);
	EXPECT_EQ(0, group->pid);
	group = group_by_cgroup(&reading, id_of(BELOW_A));
	ASSERT_NE(NULL, group);
	EXPECT_EQ(calls[1], group_calls(&reading, group, A64, SYS_flock));
	EXPECT_EQ(SYSCOUNT_GROUP_ENDED, group->flags);
	group = group_by_cgroup(&reading, id_of(B));
	ASSERT_NE(NULL, group);
	EXPECT_EQ(calls[2], group_calls(&reading, group, A64, SYS_flock));
	EXPECT_EQ(SYSCOUNT_GROUP_ENDED, group->flags);
	end_caller(pid);
	watch_read(fd, &reading);
	EXPECT_EQ(calls[0] + calls[1] + calls[2] + calls[3], calls_of(&reading, A64, SYS_flock));
	if (target == SYSCOUNT_TARGET_TASK)
		expect_no_flaw(_metadata, flags);
	close(fd);
}

TEST_F(cgroup, groups)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		grouped(_metadata, SYSCOUNT_TARGET_TASK, details[i]);
		grouped(_metadata, SYSCOUNT_TARGET_ALL, details[i]);
	}
}

/* Whoever moves himself is in a call then. */
static void move_about(void)
{
	unsigned int i;

	for (i = 0; i < 50; i++) {
		move(A, getpid());
		make_flocks(11);
		move(B, getpid());
		make_flocks(13);
	}
	_exit(0);
}

/* The exit of the write() that moved it belongs where it was called. */
static void expect_exits(struct __test_metadata *_metadata, const char *path, unsigned int flags)
{
	const struct syscount_watch_group *group = group_by_cgroup(&reading, id_of(path));
	const struct syscount_watch_row *row;

	ASSERT_NE(NULL, group);
	row = group_row(&reading, group, A64, SYS_write);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(strcmp(path, A) ? 49 : 50, row->calls);
	EXPECT_EQ(flags ? row->calls : 0, row->exits) {
		TH_LOG("%s flags %#x", path, flags);
	}
}

TEST_F(cgroup, moves_itself)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		int in_a = watch_cgroup(A, SYSCOUNT_BY_PROCESS, details[i]);
		int by = watch_open(SYSCOUNT_TARGET_ALL, SYSCOUNT_BY_CGROUP, details[i], 0);
		pid_t pid = fork();

		if (!pid)
			move_about();
		wait_success(pid);
		expect_flocks(_metadata, in_a, 50 * 11);
		watch_read(by, &reading);
		EXPECT_EQ(50 * 11, group_calls(&reading, group_by_cgroup(&reading, id_of(A)), A64,
					       SYS_flock));
		EXPECT_EQ(50 * 13, group_calls(&reading, group_by_cgroup(&reading, id_of(B)), A64,
					       SYS_flock));
		expect_exits(_metadata, A, details[i]);
		expect_exits(_metadata, B, details[i]);
		close(in_a);
		close(by);
	}
}

#define MOVERS	8

/* At once, so that what one move has to tell other CPUs of meets that of another. */
TEST_F(cgroup, many_move_themselves)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		int in_a = watch_cgroup(A, SYSCOUNT_BY_NONE, details[i]);
		pid_t pids[MOVERS];

		for (j = 0; j < MOVERS; j++) {
			pids[j] = fork();
			if (!pids[j]) {
				pin(j % cpus_present());
				move_about();
			}
		}
		for (j = 0; j < MOVERS; j++)
			wait_success(pids[j]);
		expect_flocks(_metadata, in_a, MOVERS * 50 * 11);
		close(in_a);
	}
}

TEST_HARNESS_MAIN
