// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A watch counts every call of its target, once, and nobody else's: with each hook,
 * detail and grouping, whoever of the target makes it.
 * The kernel's command line must have syscall.x32=y.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "watch_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

#define CALLS		1000003	/* prime, as the smaller ones */
#define SOME_CALLS	20011
#define THREADS		16

/* Calls of the programs calls_64, calls_i386 and calls_x32. */
#define CALLS_64	107
#define CALLS_X32	103


static const unsigned int details[] = { 0, ERRORS, LATENCY, ERRORS | LATENCY };
static const int groupings[] = {
	SYSCOUNT_BY_NONE, SYSCOUNT_BY_PROCESS, SYSCOUNT_BY_THREAD, SYSCOUNT_BY_COMMAND,
};

/*
 * Jobs
 */

static struct {
	uint64_t calls;
	unsigned int threads;
} crowd;

static void *make_share(void *argument)
{
	unsigned int index = (uintptr_t)argument;
	char name[16];

	snprintf(name, sizeof(name), "w%u", index);
	prctl(PR_SET_NAME, name);
	board_sign(index);
	make_flocks(share_of(crowd.calls, index, crowd.threads));
	return NULL;
}

static void run_crowd(void)
{
	pthread_t thread[THREADS];
	unsigned int i;

	for (i = 0; i < crowd.threads; i++)
		if (pthread_create(&thread[i], NULL, make_share, (void *)(uintptr_t)i))
			die("pthread_create");
	for (i = 0; i < crowd.threads; i++)
		pthread_join(thread[i], NULL);
}

/* threads CALLS THREADS: all in all CALLS by that many threads, besides the first one */
static void job_threads(void)
{
	crowd.calls = job_number(0);
	crowd.threads = job_number(1);
	run_crowd();
}

static pid_t child_by_fork(void)
{
	return fork();
}

static pid_t child_by_clone(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static pid_t child_by_clone3(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	return syscall(SYS_clone3, &args, sizeof(args));
}

static pid_t child_by_raw_fork(void)
{
	return syscall(SYS_fork, SIGCHLD, NULL, NULL, NULL, NULL);
}

static pid_t (*const ways_to_fork[])(void) = {
	child_by_fork, child_by_clone, child_by_clone3, child_by_raw_fork,
};

#define WAYS_TO_FORK	4
#define OWN_FLOCKS	11
#define CHILD_FLOCKS	101	/* and the number of the way */
#define GRANDCHILD_FLOCKS 211
#define VFORK_FLOCKS	307

static __attribute__((noinline)) pid_t vfork_and_make_flocks(void)
{
	pid_t pid = vfork();

	if (!pid) {
		make_flocks(VFORK_FLOCKS);
		_exit(0);
	}
	return pid;
}

static void grandchild(unsigned int way)
{
	board_sign(WAYS_TO_FORK + way);
	make_flocks(GRANDCHILD_FLOCKS + way);
	_exit(0);
}

static void child(unsigned int way)
{
	pid_t pid;

	board_sign(way);
	make_flocks(CHILD_FLOCKS + way);
	pid = ways_to_fork[way]();
	if (!pid)
		grandchild(way);
	wait_success(pid);
	_exit(0);
}

static void spawn_calls_64(void)
{
	const char *path = program_beside("calls_64");
	char *const argv[] = { (char *)path, NULL };
	pid_t pid;
	int err;

	err = posix_spawn(&pid, path, NULL, NULL, argv, environ);
	if (err)
		die("posix_spawn: %s", strerror(err));
	board->member[3 * WAYS_TO_FORK].pid = pid;
	if (WEXITSTATUS(wait_status(pid)) != CALLS_64)
		die("calls_64");
}

/* children: of each kind one, with one of its own */
static void job_children(void)
{
	unsigned int way;
	pid_t pid;

	make_flocks(OWN_FLOCKS);
	for (way = 0; way < WAYS_TO_FORK; way++) {
		pid = ways_to_fork[way]();
		if (!pid)
			child(way);
		wait_success(pid);
	}
	pid = vfork_and_make_flocks();
	wait_success(pid);
	board->member[2 * WAYS_TO_FORK].pid = pid;
	spawn_calls_64();
}

static uint64_t flocks_of_children(void)
{
	uint64_t sum = VFORK_FLOCKS + CALLS_64;
	unsigned int way;

	for (way = 0; way < WAYS_TO_FORK; way++)
		sum += CHILD_FLOCKS + GRANDCHILD_FLOCKS + 2 * way;
	return sum;
}

/* short_lived CHILDREN CALLS: one after the other */
static void job_short_lived(void)
{
	long children = job_number(0), calls = job_number(1);
	pid_t pid;

	while (children--) {
		pid = fork();
		if (!pid) {
			make_flocks(calls);
			_exit(0);
		}
		wait_success(pid);
	}
}

/* orphan CALLS: by a grandchild that outlives its parent and us */
static void job_orphan(void)
{
	pid_t pid = fork(), parent = getpid();

	if (pid) {
		wait_success(pid);
		return;
	}
	if (fork())
		_exit(0);
	while (getppid() == parent)
		sched_yield();
	board_sign(0);
	board_arrive();
	board_step_wait(1);
	make_flocks(job_number(0));
	_exit(0);
}

/* steps CALLS...: that many at each step, which it says when it is done */
static void job_steps(void)
{
	int step, steps = job_number(0);

	for (step = 0; step < steps; step++) {
		board_step_wait(step);
		make_flocks(job_number(1 + step));
		board_arrive();
	}
	board_step_wait(steps);
}

/* abis: the same calls of each abi, by one thread */
static void job_abis(void)
{
	unsigned int i;

	for (i = 0; i < 101; i++)
		call_64(SYS_flock, -1, LOCK_UN, 0);
#ifdef __x86_64__
	for (i = 0; i < 103; i++)
		call_i386(FLOCK_32, -1, LOCK_UN, 0);
	for (i = 0; i < 107; i++)
		call_64(X32_BIT | SYS_flock, -1, LOCK_UN, 0);
#endif
	for (i = 0; i < 109; i++)
		call_64(0x100000000 | SYS_flock, -1, LOCK_UN, 0);
}

/* Inside the tables, without a call */
#ifdef __x86_64__
#define HOLE_TOO	340
#else
#define HOLE_TOO	244
#endif

static const struct {
	int abi;
	int nr;
	unsigned int times;
	bool inside;		/* the kernel's tables: every hook sees it */
} no_calls[] = {
	{ A64, 400, 31, true },
	{ A64, HOLE_TOO, 37, true },
	{ A64, 9999, 41, false },
	{ A64, -5, 43, false },
#ifdef __x86_64__
	{ AI386, 222, 47, true },
	{ AI386, 9998, 53, false },
	{ AX32, 13, 59, true },
	{ AX32, 600, 61, false },
#endif
};

static void job_no_calls(void)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(no_calls); i++)
		for (j = 0; j < no_calls[i].times; j++)
			call(no_calls[i].abi, no_calls[i].nr, -1, -1, -1);
	for (i = 0; i < 3; i++)
		call_64(-1, 0, 0, 0);
}

/*
 * tree: two threads, two children of which one has a child, each at work when
 * and only when the test lets them. Member 0 is the process itself.
 */
#define TREE	6
enum { TREE_LEADER, TREE_THREAD, TREE_THREAD_TOO, TREE_CHILD, TREE_CHILD_TOO, TREE_GRANDCHILD };

static void be_in_the_tree(unsigned int index)
{
	board_sign(index);
	make_flocks(1000);		/* before anybody looks */
	board_arrive();
	board_step_wait(1);
	make_flocks(101 + index);
	board_arrive();
	board_step_wait(2);
}

static void *thread_in_the_tree(void *argument)
{
	be_in_the_tree((uintptr_t)argument);
	return NULL;
}

static pid_t child_in_the_tree(unsigned int index, unsigned int of_its_own)
{
	pid_t grandchild = 0, pid = fork();

	if (pid)
		return pid;
	if (of_its_own)
		grandchild = child_in_the_tree(of_its_own, 0);
	be_in_the_tree(index);
	if (grandchild)
		wait_success(grandchild);
	_exit(0);
}

static void job_tree(void)
{
	pid_t child, child_too;
	pthread_t one, two;

	child = child_in_the_tree(TREE_CHILD, 0);
	child_too = child_in_the_tree(TREE_CHILD_TOO, TREE_GRANDCHILD);
	pthread_create(&one, NULL, thread_in_the_tree, (void *)TREE_THREAD);
	pthread_create(&two, NULL, thread_in_the_tree, (void *)TREE_THREAD_TOO);
	be_in_the_tree(TREE_LEADER);
	pthread_join(one, NULL);
	pthread_join(two, NULL);
	wait_success(child);
	wait_success(child_too);
}

const struct job jobs[] = {
	{ "threads", job_threads },
	{ "children", job_children },
	{ "short_lived", job_short_lived },
	{ "orphan", job_orphan },
	{ "steps", job_steps },
	{ "abis", job_abis },
	{ "no_calls", job_no_calls },
	{ "tree", job_tree },
	{}
};

/*
 * Tests
 */

static struct reading reading;

/* What a watch has to say when its target is gone. */
static void read_ended(struct __test_metadata *_metadata, int fd, unsigned int flags)
{
	const char *flaw;

	watch_read(fd, &reading);
	flaw = reading_flaw(&reading, flags);
	EXPECT_EQ(NULL, flaw) {
		TH_LOG("flags %#x: %s", flags, flaw);
	}
}

/* A new watch of a job that has come to its end. */
static int watch_job(int by, unsigned int flags, const char *line)
{
	struct arm arm = { watch_file(), by, flags };

	wait_success(job_start(&arm, 1, line));
	return arm.fd;
}

FIXTURE(exact) {};

FIXTURE_VARIANT(exact) {
	const char *hook;
};

FIXTURE_VARIANT_ADD(exact, direct) { "direct" };
FIXTURE_VARIANT_ADD(exact, tracepoint) { "tracepoint" };
FIXTURE_VARIANT_ADD(exact, kprobe) { "kprobe" };

#define OPTIMIZATION	"/proc/sys/debug/kprobes-optimization"

FIXTURE_SETUP(exact)
{
	module_ready(variant->hook);
	board_new();
}

FIXTURE_TEARDOWN(exact)
{
	if (!access(OPTIMIZATION, W_OK))
		must_write(OPTIMIZATION, "1");
}

/* All flocks, looked at from everywhere. */
static void expect_flocks(struct __test_metadata *_metadata, uint64_t calls, unsigned int flags)
{
	struct syscount_watch_row row = row_of(&reading, A64, SYS_flock);

	EXPECT_EQ(calls, row.calls);
	EXPECT_EQ(flags & (ERRORS | LATENCY) ? calls : 0, row.exits);
	EXPECT_EQ(flags & (ERRORS | LATENCY) ? calls : 0, row.errors);
	EXPECT_EQ(flags & ERRORS ? calls : 0, errno_of(&reading, A64, SYS_flock, EBADF));
	EXPECT_EQ(SYSCOUNT_CAT_FILE, row.category);
	EXPECT_EQ(SYSCOUNT_ON, row.state);
	EXPECT_EQ(SYSCOUNT_ROW_NAMED, row.flags);
	EXPECT_EQ(0, row.refused);
	EXPECT_EQ(0, row.restarted);
}

static void expect_groups(struct __test_metadata *_metadata, int by, uint64_t calls,
			  pid_t pid, unsigned int threads)
{
	const struct syscount_watch_group *group;
	char name[16];
	unsigned int i;

	if (by == SYSCOUNT_BY_NONE)
		EXPECT_EQ(1, reading.head.group_count);
	if (by == SYSCOUNT_BY_PROCESS) {
		EXPECT_EQ(1, reading.head.group_count);
		EXPECT_EQ(calls, group_calls(&reading, group_by_pid(&reading, pid), A64,
					     SYS_flock));
	}
	if (by == SYSCOUNT_BY_THREAD)
		EXPECT_EQ(1 + threads, reading.head.group_count);
	for (i = 0; i < threads; i++) {
		if (by == SYSCOUNT_BY_THREAD) {
			group = group_by_tid(&reading, board->member[i].tid);
			ASSERT_NE(NULL, group);
			EXPECT_EQ(pid, group->pid);
		} else if (by == SYSCOUNT_BY_COMMAND) {
			snprintf(name, sizeof(name), "w%u", i);
			group = group_by_command(&reading, name);
			ASSERT_NE(NULL, group);
		} else {
			continue;
		}
		EXPECT_EQ(share_of(calls, i, threads),
			  group_calls(&reading, group, A64, SYS_flock)) {
			TH_LOG("by %d, thread %u", by, i);
		}
		snprintf(name, sizeof(name), "w%u", i);
		EXPECT_STREQ(name, group->command);
	}
}

static void threads_are_exact(struct __test_metadata *_metadata, int by, unsigned int flags,
			      uint64_t calls)
{
	struct arm arm = { watch_file(), by, flags };
	char line[64];
	pid_t pid;

	snprintf(line, sizeof(line), "threads %ju %u", (uintmax_t)calls, THREADS);
	pid = job_start(&arm, 1, line);
	wait_success(pid);
	read_ended(_metadata, arm.fd, flags);
	expect_flocks(_metadata, calls, flags);
	expect_groups(_metadata, by, calls, pid, THREADS);
	EXPECT_EQ(1, calls_of(&reading, A64, SYS_execve));
	close(arm.fd);
}

TEST_F(exact, million)
{
	threads_are_exact(_metadata, SYSCOUNT_BY_NONE, 0, CALLS);
}

TEST_F(exact, million_with_errors_and_latency)
{
	threads_are_exact(_metadata, SYSCOUNT_BY_THREAD, ERRORS | LATENCY, CALLS);
}

TEST_F(exact, each_detail_and_grouping)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(details); i++)
		for (j = 0; j < ARRAY_SIZE(groupings); j++)
			threads_are_exact(_metadata, groupings[j], details[i], SOME_CALLS);
}

/* Watches of one task know nothing of each other: two, and all of them. */
static void many_are_exact(struct __test_metadata *_metadata, unsigned int first,
			   unsigned int count)
{
	struct arm arms[ARRAY_SIZE(details) * ARRAY_SIZE(groupings)];
	char line[64];
	unsigned int i;
	pid_t pid;

	for (i = 0; i < count; i++)
		arms[i] = (struct arm) {
			watch_file(), groupings[(first + i) % ARRAY_SIZE(groupings)],
			details[(first + i) / ARRAY_SIZE(groupings) % ARRAY_SIZE(details)],
		};
	snprintf(line, sizeof(line), "threads %u 4", SOME_CALLS);
	pid = job_start(arms, count, line);
	wait_success(pid);
	for (i = 0; i < count; i++) {
		read_ended(_metadata, arms[i].fd, arms[i].flags);
		expect_flocks(_metadata, SOME_CALLS, arms[i].flags);
		expect_groups(_metadata, arms[i].by, SOME_CALLS, pid, 4);
		EXPECT_EQ(1, calls_of(&reading, A64, SYS_execve));
		close(arms[i].fd);
	}
}

TEST_F(exact, two_watches)
{
	many_are_exact(_metadata, 0, 2);
	many_are_exact(_metadata, 3, 2);
}

TEST_F(exact, sixteen_watches)
{
	many_are_exact(_metadata, 0, 16);
}

/* The whole reading, of programs that make no call but these. */
static void program_is_exact(struct __test_metadata *_metadata, const char *name, int abi,
			     const int nrs[3], uint64_t calls, unsigned int flags)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_PROCESS, flags };
	struct syscount_watch_row row;
	int status, i;

	status = wait_status(program_start(&arm, 1, program_beside(name)));
	ASSERT_TRUE(WIFEXITED(status));
	ASSERT_EQ(calls, WEXITSTATUS(status));
	read_ended(_metadata, arm.fd, flags);
	EXPECT_EQ(1, reading.head.group_count);
	EXPECT_EQ(4, reading.head.row_count);
	EXPECT_EQ(2 + 2 * calls, reading.head.total);
	EXPECT_EQ(2, reading.head.categories[SYSCOUNT_CAT_PROCESS].calls);
	EXPECT_EQ(calls, reading.head.categories[SYSCOUNT_CAT_FILE].calls);
	EXPECT_EQ(calls, reading.head.categories[SYSCOUNT_CAT_INFO].calls);
	row = row_of(&reading, A64, SYS_execve);
	EXPECT_EQ(1, row.calls);
	EXPECT_EQ(!!flags, row.exits);
	EXPECT_EQ(0, row.errors);
	for (i = 0; i < 2; i++) {
		row = row_of(&reading, abi, nrs[i]);
		EXPECT_EQ(calls, row.calls);
		EXPECT_EQ(flags ? calls : 0, row.exits);
	}
	row = row_of(&reading, abi, nrs[2]);
	EXPECT_EQ(1, row.calls);
	EXPECT_EQ(0, row.exits);
	close(arm.fd);
}

TEST_F(exact, program_of_each_abi)
{
	static const int nrs_64[] = { SYS_flock, SYS_getpgid, SYS_exit_group };
	static const int nrs_32[] = { FLOCK_32, GETPGID_32, EXIT_GROUP_32 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		program_is_exact(_metadata, "calls_64", A64, nrs_64, CALLS_64, details[i]);
		program_is_exact(_metadata, PROGRAM_32, ABI_32, nrs_32, CALLS_32, details[i]);
		if (kernel_has_x32())
			program_is_exact(_metadata, "calls_x32", AX32, nrs_64, CALLS_X32, details[i]);
	}
}

/* It is called with one name and returns with another: it counts where it was called. */
TEST_F(exact, execve_by_command)
{
	const struct syscount_watch_group *group;
	const struct syscount_watch_row *row;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		struct arm arm = { watch_file(), SYSCOUNT_BY_COMMAND, details[i] };

		wait_status(program_start(&arm, 1, program_beside("calls_64")));
		read_ended(_metadata, arm.fd, details[i]);
		EXPECT_EQ(2, reading.head.group_count);
		group = group_by_command(&reading, "watch_exact");
		ASSERT_NE(NULL, group);
		EXPECT_EQ(1, group->rows);
		row = group_row(&reading, group, A64, SYS_execve);
		ASSERT_NE(NULL, row);
		EXPECT_EQ(1, row->calls);
		EXPECT_EQ(!!details[i], row->exits);
		group = group_by_command(&reading, "calls_64");
		ASSERT_NE(NULL, group);
		EXPECT_EQ(3, group->rows);
		EXPECT_EQ(CALLS_64, group_calls(&reading, group, A64, SYS_flock));
		EXPECT_EQ(1, group_calls(&reading, group, A64, SYS_exit_group));
		close(arm.fd);
	}
}

/* Named by another thread; then by itself. */
static void *be_named(void *unused)
{
	board_sign(0);
	board_arrive();
	board_step_wait(2);
	make_flocks(7);
	prctl(PR_SET_NAME, "own name");
	make_flocks(11);
	return NULL;
}

static void name_another(void)
{
	pthread_t thread;
	char path[64];

	if (pthread_create(&thread, NULL, be_named, NULL))
		die("thread: %m");
	board_step_wait(1);
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", board->member[0].tid);
	must_write(path, "given name");
	board_step(2);
	pthread_join(thread, NULL);
	_exit(0);
}

/* Since it can be counting at that moment, it goes to another group when it names itself. */
TEST_F(exact, named_by_another_thread)
{
	const struct syscount_watch_group *group;
	unsigned int i;
	pid_t pid;
	int fd;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		board_new();
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			name_another();
		board_await(1);
		fd = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_COMMAND, details[i], pid);
		board_step(1);
		wait_success(pid);
		read_ended(_metadata, fd, details[i]);
		EXPECT_EQ(2, reading.head.group_count);
		group = group_by_command(&reading, "watch_exact");
		ASSERT_NE(NULL, group);
		EXPECT_EQ(7, group_calls(&reading, group, A64, SYS_flock));
		EXPECT_EQ(1, group_calls(&reading, group, A64, SYS_prctl));
		group = group_by_command(&reading, "own name");
		ASSERT_NE(NULL, group);
		EXPECT_EQ(11, group_calls(&reading, group, A64, SYS_flock));
		EXPECT_EQ(0, group_calls(&reading, group, A64, SYS_prctl));
		close(fd);
	}
}

TEST_F(exact, calls_of_each_abi)
{
	int fd = watch_job(SYSCOUNT_BY_NONE, ERRORS, "abis");

	read_ended(_metadata, fd, ERRORS);
	EXPECT_EQ(101 + 109, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(101 + 109, errno_of(&reading, A64, SYS_flock, EBADF));
#ifdef __x86_64__
	EXPECT_EQ(103, calls_of(&reading, AI386, FLOCK_32));
	EXPECT_EQ(103, errno_of(&reading, AI386, FLOCK_32, EBADF));
	EXPECT_EQ(107, calls_of(&reading, AX32, SYS_flock));
	EXPECT_EQ(107, errno_of(&reading, AX32, SYS_flock, kernel_has_x32() ? EBADF : ENOSYS));
#endif
}

static void count_no_calls(struct __test_metadata *_metadata)
{
	unsigned int i, j, sees_all;
	uint64_t want;

	for (j = 0; j < ARRAY_SIZE(details); j++) {
		int fd = watch_job(SYSCOUNT_BY_NONE, details[j], "no_calls");

		read_ended(_metadata, fd, details[j]);
		/* Not every hook sees every number, but what needs exits is no hook's matter. */
		sees_all = details[j] ||
			   reading.head.categories[SYSCOUNT_CAT_UNKNOWN].state == SYSCOUNT_ON;
		want = 0;
		for (i = 0; i < ARRAY_SIZE(no_calls); i++) {
			struct syscount_watch_row row =
				row_of(&reading, no_calls[i].abi, no_calls[i].nr);

			if (!sees_all && !(no_calls[i].inside &&
					   (no_calls[i].abi != AX32 || kernel_has_x32())))
				continue;
			want += no_calls[i].times;
			EXPECT_EQ(no_calls[i].times, row.calls) {
				TH_LOG("details %#x abi %d nr %d", details[j], no_calls[i].abi,
				       no_calls[i].nr);
			}
			EXPECT_EQ(SYSCOUNT_CAT_UNKNOWN, row.category);
			EXPECT_EQ(0, row.flags & SYSCOUNT_ROW_NAMED);
			EXPECT_EQ(details[j] & ERRORS ? row.calls : 0,
				  errno_of(&reading, no_calls[i].abi, no_calls[i].nr, ENOSYS));
		}
		EXPECT_EQ(0, calls_of(&reading, A64, -1));
		EXPECT_EQ(want, reading.head.categories[SYSCOUNT_CAT_UNKNOWN].calls);
		close(fd);
	}
}

TEST_F(exact, numbers_without_a_call)
{
	count_no_calls(_metadata);
}

/* As kprobes are until the kernel has made jumps of them: what is called there is as in an NMI. */
TEST_F(exact, counted_by_breakpoint)
{
	if (access(OPTIMIZATION, W_OK))
		SKIP(return, "this kernel makes no jumps of kprobes");
	must_write(OPTIMIZATION, "0");
	count_no_calls(_metadata);
}

/* Counting begins with the next execve(), even if that one fails. */
TEST_F(exact, from_the_execve_on)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, details[i] };
		pid_t pid = fork();

		if (!pid) {
			arm_all(&arm, 1);
			make_flocks(1009);
			execl("/nonexistent", "nonexistent", NULL);
			make_flocks(13);
			job_exec("steps 0");
		}
		wait_success(pid);
		read_ended(_metadata, arm.fd, details[i]);
		expect_flocks(_metadata, 13, details[i]);
		EXPECT_EQ(2, calls_of(&reading, A64, SYS_execve));
		EXPECT_EQ(!!details[i], row_of(&reading, A64, SYS_execve).errors);
		EXPECT_EQ(details[i] & ERRORS ? 1 : 0,
			  errno_of(&reading, A64, SYS_execve, ENOENT));
		EXPECT_EQ(0, calls_of(&reading, A64, SYS_ioctl));
		close(arm.fd);
	}
}

TEST_F(exact, never_executes)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_PROCESS, ERRORS };
	pid_t pid = fork();

	if (!pid) {
		arm_all(&arm, 1);
		make_flocks(1009);
		_exit(0);
	}
	wait_success(pid);
	watch_read(arm.fd, &reading);
	EXPECT_EQ(0, reading.head.total);
	EXPECT_EQ(0, reading.head.row_count);
	EXPECT_EQ(0, reading.head.threads);
}

TEST_F(exact, children)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		int fd = watch_job(SYSCOUNT_BY_NONE, details[i], "children");

		read_ended(_metadata, fd, details[i]);
		expect_flocks(_metadata, OWN_FLOCKS + flocks_of_children(), details[i]);
		EXPECT_EQ(2, calls_of(&reading, A64, SYS_execve));
		EXPECT_EQ(CALLS_64, calls_of(&reading, A64, SYS_getpgid));
		/* Of it, 4 children, 4 grandchildren, after vfork(), after posix_spawn(). */
		EXPECT_EQ(11, calls_of(&reading, A64, SYS_exit_group));
		close(fd);
	}
}

TEST_F(exact, children_by_process)
{
	unsigned int way;
	int fd;

	fd = watch_job(SYSCOUNT_BY_PROCESS, 0, "children");
	read_ended(_metadata, fd, 0);
	expect_flocks(_metadata, OWN_FLOCKS + flocks_of_children(), 0);
	EXPECT_EQ(11, reading.head.group_count);
	for (way = 0; way < WAYS_TO_FORK; way++) {
		EXPECT_EQ(CHILD_FLOCKS + way,
			  group_calls(&reading, group_by_pid(&reading, board->member[way].pid),
				      A64, SYS_flock));
		EXPECT_EQ(GRANDCHILD_FLOCKS + way,
			  group_calls(&reading, group_by_pid(&reading,
				      board->member[WAYS_TO_FORK + way].pid), A64, SYS_flock));
	}
	EXPECT_EQ(VFORK_FLOCKS,
		  group_calls(&reading, group_by_pid(&reading,
			      board->member[2 * WAYS_TO_FORK].pid), A64, SYS_flock));
	EXPECT_EQ(CALLS_64,
		  group_calls(&reading, group_by_pid(&reading,
			      board->member[3 * WAYS_TO_FORK].pid), A64, SYS_flock));
	EXPECT_NE(NULL, group_by_command(&reading, "calls_64"));
	close(fd);
}

TEST_F(exact, no_children)
{
	int fd = watch_job(SYSCOUNT_BY_PROCESS, NO_CHILDREN | ERRORS, "children");

	read_ended(_metadata, fd, ERRORS);
	EXPECT_EQ(1, reading.head.group_count);
	expect_flocks(_metadata, OWN_FLOCKS, ERRORS);
	EXPECT_EQ(1, calls_of(&reading, A64, SYS_exit_group));
	EXPECT_EQ(1, calls_of(&reading, A64, SYS_execve));

	/* Threads are not children. */
	fd = watch_job(SYSCOUNT_BY_THREAD, NO_CHILDREN, "threads 1009 4");
	read_ended(_metadata, fd, 0);
	EXPECT_EQ(5, reading.head.group_count);
	expect_flocks(_metadata, 1009, 0);
}

TEST_F(exact, no_threads)
{
	int fd = watch_job(SYSCOUNT_BY_THREAD, NO_CHILDREN | NO_THREADS | ERRORS,
			   "threads 1009 4");

	read_ended(_metadata, fd, ERRORS);
	EXPECT_EQ(1, reading.head.group_count);
	EXPECT_EQ(0, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(1, calls_of(&reading, A64, SYS_execve));
	/* Which of them a C library makes depends on the architecture. */
	EXPECT_EQ(4, calls_of(&reading, A64, SYS_clone3) + calls_of(&reading, A64, SYS_clone));
	EXPECT_EQ(0, calls_of(&reading, A64, SYS_exit));
	EXPECT_EQ(1, calls_of(&reading, A64, SYS_exit_group));
}

#define CHILDREN	1000

TEST_F(exact, thousand_short_lived_children)
{
	static const int by[] = { SYSCOUNT_BY_NONE, SYSCOUNT_BY_PROCESS };
	uint32_t i, j, right = 0;

	for (i = 0; i < ARRAY_SIZE(by); i++) {
		int fd = watch_job(by[i], ERRORS, "short_lived 1000 3");

		read_ended(_metadata, fd, ERRORS);
		expect_flocks(_metadata, 3 * CHILDREN, ERRORS);
		EXPECT_EQ(1 + CHILDREN, calls_of(&reading, A64, SYS_exit_group));
		for (j = 0; j < reading.head.group_count; j++)
			right += group_calls(&reading, &reading.group[j], A64, SYS_flock) == 3;
		close(fd);
	}
	EXPECT_EQ(CHILDREN, right);
	EXPECT_EQ(1 + CHILDREN, reading.head.group_count);
}

TEST_F(exact, child_outlives_its_parents)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_PROCESS, ERRORS };
	const struct syscount_watch_group *group;
	pid_t pid;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = job_start(&arm, 1, "orphan 127");
	wait_success(pid);
	board_await(1);
	watch_read(arm.fd, &reading);
	EXPECT_EQ(1, reading.head.threads);
	group = group_by_pid(&reading, pid);
	ASSERT_NE(NULL, group);
	EXPECT_EQ(SYSCOUNT_GROUP_ENDED, group->flags);
	group = group_by_pid(&reading, board->member[0].pid);
	ASSERT_NE(NULL, group);
	EXPECT_EQ(0, group->flags);
	EXPECT_EQ(1, group->threads);
	board_step(1);
	wait_success(board->member[0].pid);
	read_ended(_metadata, arm.fd, ERRORS);
	expect_flocks(_metadata, 127, ERRORS);
	EXPECT_EQ(3, reading.head.group_count);
}

static void start_steps(struct arm *arms, unsigned int count, pid_t *pid)
{
	*pid = job_start(arms, count, "steps 4 101 1000 10007 13");
	board_await(1);
}

static void next_step(uint32_t step)
{
	board_step(step);
	board_await(step + 1);
}

static void end_steps(pid_t pid)
{
	board_step(4);
	wait_success(pid);
}

/* What is switched off is not counted, and goes on from where it stood. */
static void switched_is_not_counted(struct __test_metadata *_metadata, unsigned int flags,
				    int (*turn)(bool on))
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, flags };
	pid_t pid;

	board_new();
	start_steps(&arm, 1, &pid);
	ASSERT_EQ(0, turn(false));
	next_step(1);
	watch_read(arm.fd, &reading);
	EXPECT_EQ(101, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(SYSCOUNT_OFF, row_of(&reading, A64, SYS_flock).state);
	ASSERT_EQ(0, turn(true));
	next_step(2);
	watch_read(arm.fd, &reading);
	EXPECT_EQ(101 + 10007, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(SYSCOUNT_ON, row_of(&reading, A64, SYS_flock).state);
	next_step(3);
	end_steps(pid);
	watch_read(arm.fd, &reading);
	EXPECT_EQ(101 + 10007 + 13, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(flags & ERRORS ? 101 + 10007 + 13 : 0,
		  errno_of(&reading, A64, SYS_flock, EBADF));
	close(arm.fd);
}

static int turn_category(bool on)
{
	return switch_category(SYSCOUNT_CAT_FILE, on);
}

static int turn_call(bool on)
{
	return switch_syscall(A64, SYS_flock, on);
}

TEST_F(exact, category_switched)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++)
		switched_is_not_counted(_metadata, details[i], turn_category);
}

TEST_F(exact, call_switched)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++)
		switched_is_not_counted(_metadata, details[i], turn_call);
}

/* Counting begins with an execve, though that is not counted itself. */
TEST_F(exact, execve_switched_off)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, details[i] };
		pid_t pid;

		ASSERT_EQ(0, switch_category(SYSCOUNT_CAT_PROCESS, false));
		pid = program_start(&arm, 1, program_beside("calls_64"));
		EXPECT_EQ(CALLS_64, WEXITSTATUS(wait_status(pid)));
		ASSERT_EQ(0, switch_category(SYSCOUNT_CAT_PROCESS, true));
		watch_read(arm.fd, &reading);
		EXPECT_EQ(CALLS_64, calls_of(&reading, A64, SYS_flock));
		EXPECT_EQ(0, calls_of(&reading, A64, SYS_execve));
		close(arm.fd);
	}
}

/* Who may not look at the switches sees in a reading what is off by its own. */
TEST_F(exact, call_that_is_off_has_a_row)
{
	const struct syscount_watch_row *row;
	int fd;

	ASSERT_EQ(0, switch_syscall(A64, SYS_acct, false));
	fd = watch_job(SYSCOUNT_BY_NONE, 0, "no_calls");
	watch_read(fd, &reading);
	ASSERT_EQ(0, switch_syscall(A64, SYS_acct, true));
	row = group_row(&reading, &reading.group[0], A64, SYS_acct);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(SYSCOUNT_OFF, row->state);
	EXPECT_EQ(SYSCOUNT_ROW_NAMED | SYSCOUNT_ROW_SWITCHED, row->flags);
	EXPECT_EQ(0, row->calls);
	watch_read(fd, &reading);
	EXPECT_EQ(NULL, group_row(&reading, &reading.group[0], A64, SYS_acct));
	close(fd);
}

/* With nothing on, nothing is hooked: and again when something is. */
TEST_F(exact, all_switched)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, 0 };
	pid_t pid;

	start_steps(&arm, 1, &pid);
	all_enable(false);
	next_step(1);
	all_enable(true);
	next_step(2);
	next_step(3);
	end_steps(pid);
	watch_read(arm.fd, &reading);
	EXPECT_EQ(101 + 10007 + 13, calls_of(&reading, A64, SYS_flock));
	close(arm.fd);
}

/* The hook may change under a watch: of the calls between two steps all count. */
TEST_F(exact, hook_changed)
{
	static const char *const others[] = { "tracepoint", "direct", "kprobe" };
	struct arm arms[] = {
		{ watch_file(), SYSCOUNT_BY_NONE, 0 },
		{ watch_file(), SYSCOUNT_BY_NONE, ERRORS | LATENCY },
	};
	unsigned int i;
	pid_t pid;

	if (!kernel_has_hook("direct"))
		SKIP(return, "there is one hook only");
	start_steps(arms, 2, &pid);
	for (i = 0; i < 3; i++) {
		hook_choose(others[i]);
		next_step(1 + i);
	}
	end_steps(pid);
	for (i = 0; i < 2; i++) {
		read_ended(_metadata, arms[i].fd, arms[i].flags);
		expect_flocks(_metadata, 101 + 1000 + 10007 + 13, arms[i].flags);
	}
}

/* One is closed and another opened in the middle: of others. */
TEST_F(exact, closed_and_opened_in_the_middle)
{
	struct arm arms[] = {
		{ watch_file(), SYSCOUNT_BY_NONE, ERRORS },
		{ watch_file(), SYSCOUNT_BY_PROCESS, LATENCY },
		{ watch_file(), SYSCOUNT_BY_NONE, 0 },
	};
	pid_t pid;
	int late;

	start_steps(arms, 3, &pid);
	close(arms[1].fd);
	late = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_THREAD, ERRORS | LATENCY, pid);
	next_step(1);
	close(arms[0].fd);
	next_step(2);
	watch_read(late, &reading);
	EXPECT_EQ(1000 + 10007, calls_of(&reading, A64, SYS_flock));
	close(late);
	late = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_NONE, 0, pid);
	next_step(3);
	end_steps(pid);
	read_ended(_metadata, arms[2].fd, 0);
	expect_flocks(_metadata, 101 + 1000 + 10007 + 13, 0);
	read_ended(_metadata, late, 0);
	expect_flocks(_metadata, 13, 0);
}

/*
 * Tasks that are there already
 */

static uint64_t tree_flocks(unsigned int first, unsigned int last)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = first; i <= last; i++)
		sum += 101 + i;
	return sum;
}

static pid_t start_tree(void)
{
	pid_t pid;

	board_new();
	pid = job_start(NULL, 0, "tree");
	board_await(TREE);
	return pid;
}

static void end_tree(pid_t pid)
{
	board_step(1);
	board_await(2 * TREE);
	board_step(2);
	wait_success(pid);
}

static void attached_is_exact(struct __test_metadata *_metadata, int by, unsigned int flags,
			      unsigned int groups)
{
	pid_t pid = start_tree();
	int fd = watch_open(SYSCOUNT_TARGET_TASK, by, flags, pid);
	unsigned int i;

	watch_read(fd, &reading);
	EXPECT_EQ(TREE, reading.head.threads);
	EXPECT_EQ(0, calls_of(&reading, A64, SYS_flock));
	end_tree(pid);
	read_ended(_metadata, fd, flags);
	expect_flocks(_metadata, tree_flocks(0, TREE - 1), flags);
	EXPECT_EQ(0, calls_of(&reading, A64, SYS_execve));
	EXPECT_EQ(groups, reading.head.group_count);
	for (i = 0; i < TREE; i++) {
		if (by == SYSCOUNT_BY_THREAD)
			EXPECT_EQ(101 + i, group_calls(&reading,
				  group_by_tid(&reading, board->member[i].tid), A64, SYS_flock));
		if (by == SYSCOUNT_BY_PROCESS && i >= TREE_CHILD)
			EXPECT_EQ(101 + i, group_calls(&reading,
				  group_by_pid(&reading, board->member[i].pid), A64, SYS_flock));
	}
	/* They were in a call when we came: its exit is none of ours, and no refusal. */
	for (i = 0; i < reading.head.row_count; i++)
		EXPECT_EQ(0, reading.row[i].refused);
	close(fd);
}

TEST_F(exact, attached_to_a_tree)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		attached_is_exact(_metadata, SYSCOUNT_BY_NONE, details[i], 1);
		attached_is_exact(_metadata, SYSCOUNT_BY_PROCESS, details[i], 4);
		attached_is_exact(_metadata, SYSCOUNT_BY_THREAD, details[i], TREE);
	}
}

TEST_F(exact, attached_without_children)
{
	pid_t pid = start_tree();
	int fd, thread;

	fd = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_THREAD, NO_CHILDREN, pid);
	thread = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_THREAD, NO_CHILDREN | NO_THREADS,
			    board->member[TREE_THREAD_TOO].tid);
	watch_read(fd, &reading);
	EXPECT_EQ(3, reading.head.threads);
	watch_read(thread, &reading);
	EXPECT_EQ(1, reading.head.threads);
	end_tree(pid);
	read_ended(_metadata, fd, 0);
	EXPECT_EQ(3, reading.head.group_count);
	expect_flocks(_metadata, tree_flocks(TREE_LEADER, TREE_THREAD_TOO), 0);
	read_ended(_metadata, thread, 0);
	EXPECT_EQ(1, reading.head.group_count);
	expect_flocks(_metadata, tree_flocks(TREE_THREAD_TOO, TREE_THREAD_TOO), 0);
	EXPECT_EQ(pid, reading.group[0].pid);
	EXPECT_EQ(board->member[TREE_THREAD_TOO].tid, reading.group[0].tid);
}

/* A process by the number of one of its threads is the same process. */
TEST_F(exact, what_starts_later_is_counted)
{
	int fd = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_PROCESS, ERRORS, getpid());
	const struct syscount_watch_group *group;
	pid_t pid;

	pid = job_start(NULL, 0, "children");
	wait_success(pid);
	make_flocks(17);
	watch_read(fd, &reading);
	EXPECT_EQ(17 + OWN_FLOCKS + flocks_of_children(), calls_of(&reading, A64, SYS_flock));
	group = group_by_pid(&reading, pid);
	ASSERT_NE(NULL, group);
	EXPECT_EQ(OWN_FLOCKS, group_calls(&reading, group, A64, SYS_flock));
	EXPECT_EQ(SYSCOUNT_GROUP_ENDED, group->flags);
	group = group_by_pid(&reading, getpid());
	ASSERT_NE(NULL, group);
	EXPECT_EQ(17, group_calls(&reading, group, A64, SYS_flock));
	EXPECT_EQ(0, group->flags);
}

/* Calls begun after the ioctl returned are counted, those ended before it are not. */
static void hammer(struct crew_member *me)
{
	while (!crew_told_to_stop(me))
		crew_call(me, A64, SYS_flock, -1, LOCK_UN, 0);
}

static void call_a_few(struct crew *crew)
{
	const uint64_t until = crew_ended(crew) + 2000;

	while (crew_ended(crew) < until)
		sched_yield();
}

static void attached_under_load(struct __test_metadata *_metadata, unsigned int flags)
{
	struct crew *crew = crew_start(2, 4, hammer);
	uint64_t begun, ended, counted;
	int fd;

	crew_go(crew);
	call_a_few(crew);
	ended = crew_ended(crew);
	fd = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_PROCESS, flags, getpid());
	crew_mark(crew, true);
	call_a_few(crew);
	crew_stop(crew);
	crew_wait(crew);
	begun = crew_begun(crew);
	watch_read(fd, &reading);
	counted = calls_of(&reading, A64, SYS_flock);
	EXPECT_LE(crew_begun_late(crew), counted);
	EXPECT_GE(begun - ended, counted);
	crew_end(crew);
	close(fd);
}

TEST_F(exact, attached_while_calls_are_made)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(details); i++)
		attached_under_load(_metadata, details[i]);
}

/*
 * Everybody
 */

TEST_F(exact, everybody_has_a_child)
{
	const struct syscount_watch_group *group;
	unsigned int i;
	pid_t pid;
	int fd;

	for (i = 0; i < ARRAY_SIZE(details); i++) {
		fd = watch_open(SYSCOUNT_TARGET_ALL, SYSCOUNT_BY_PROCESS, details[i], 0);
		pid = job_start(NULL, 0, "threads 10007 4");
		wait_success(pid);
		watch_read(fd, &reading);
		EXPECT_EQ(0, reading.head.lost);
		EXPECT_EQ(0, reading.head.lost_threads);
		group = group_by_pid(&reading, pid);
		ASSERT_NE(NULL, group);
		EXPECT_EQ(10007, group_calls(&reading, group, A64, SYS_flock));
		EXPECT_EQ(1, group_calls(&reading, group, A64, SYS_execve));
		EXPECT_EQ(SYSCOUNT_GROUP_ENDED, group->flags);
		/* We are one of them, too. */
		EXPECT_LE(1, group_calls(&reading, group_by_pid(&reading, getpid()), A64,
					 SYS_wait4));
		close(fd);
	}
}

TEST_F(exact, everybody_who_is_there)
{
	pid_t pid = start_tree();
	unsigned int i;
	int fd;

	fd = watch_open(SYSCOUNT_TARGET_ALL, SYSCOUNT_BY_THREAD, 0, 0);
	end_tree(pid);
	watch_read(fd, &reading);
	EXPECT_EQ(tree_flocks(0, TREE - 1), calls_of(&reading, A64, SYS_flock));
	for (i = 0; i < TREE; i++)
		EXPECT_EQ(101 + i, group_calls(&reading,
			  group_by_tid(&reading, board->member[i].tid), A64, SYS_flock));
}

TEST_HARNESS_MAIN
