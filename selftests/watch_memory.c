// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory of watches: how much it is for what is counted, whose it is, where it ends and
 * what is said then, and that none of it stays.
 * The kernel's command line must have slab_nomerge.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

#define MIB		(1ull << 20)
#define NOBODY		65534
#define WAIT_NS		(60000000000ull * kernel_slowness())

/* What a user with limits can have of one watch. */
#define GROUPS_MAX	(1 << 14)

/* What watches have in stock at most, which nobody uses. */
#define STOCK_BYTES	(4 * MIB)

#define A		"/sys/fs/cgroup/watch_memory"
#define MEMORY_MAX	A "/memory.max"

/*
 * Jobs
 */

/* Calls that fail of a descriptor that is none; flock() is the first. */
static const int kinds[] = {
	SYS_flock, SYS_read, SYS_write, SYS_fstat, SYS_lseek, SYS_pread64, SYS_pwrite64,
	SYS_readv, SYS_writev, SYS_dup, SYS_fallocate, SYS_fcntl, SYS_fsync, SYS_fdatasync,
	SYS_ftruncate, SYS_fchdir, SYS_fchmod, SYS_fchown, SYS_fstatfs, SYS_getdents64,
};

#define KINDS		20

static int call_kinds(void *argument)
{
	uintptr_t i;

	for (i = 0; i < (uintptr_t)argument; i++)
		call_64(kinds[i], -1, LOCK_UN, 0);
	return 0;
}

/* Processes one after the other, that make @count calls and exit(), and are cheap. */
static void make_processes(long processes, uintptr_t count)
{
	static char stack[1 << 14] __attribute__((aligned(16)));
	pid_t pid;

	while (processes--) {
		pid = clone(call_kinds, stack + sizeof(stack),
			    CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)count);
		if (pid < 0)
			die("clone: %m");
		wait_success(pid);
	}
}

/* processes KINDS: as many as ask_for() says, until that is 0 */
enum { COUNT, OPENED, ERROR };		/* in board->number */

static void job_processes(void)
{
	uint32_t step = 0;

	for (;;) {
		board_step_wait(++step);
		if (!board->number[COUNT])
			return;
		make_processes(board->number[COUNT], job_number(0));
		board_arrive();
	}
}

#define REST	8

/* names COUNT: with each, a call, and a rest after some */
static void job_names(void)
{
	long i, count = job_number(0);
	char name[32];

	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "name %ld", i);
		prctl(PR_SET_NAME, name);
		make_flocks(1);
		if (i % REST == 0)
			usleep(1);	/* who has memory for more groups is let in */
	}
}

const struct job jobs[] = {
	{ "processes", job_processes },
	{ "names", job_names },
	{}
};

static struct reading reading;

static pid_t start_processes(const struct arm *arms, unsigned int count, unsigned int of_kinds)
{
	char line[64];
	pid_t pid;

	snprintf(line, sizeof(line), "processes %u", of_kinds);
	pid = job_start(arms, count, line);
	/* It calls no other kinds by itself from then on. */
	wait_blocked(pid, SYS_futex);
	return pid;
}

/* They have ended when this returns. */
static void ask_for(uint64_t processes)
{
	uint32_t arrived = board->arrived;

	board->number[COUNT] = processes;
	board_step(board->step + 1);
	board_await(arrived + 1);
}

static void end_processes(pid_t pid)
{
	board->number[COUNT] = 0;
	board_step(board->step + 1);
	wait_success(pid);
}

/* From now on this process has limits, and what it executes. */
static void become_limited(void)
{
	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED))
		die("PR_SET_SECUREBITS: %m");
	set_caps(0);
}

static uint64_t objects(unsigned int which)
{
	return slab_read(slab_names[which]).objects;
}

static uint64_t size_of(unsigned int which)
{
	return slab_read(slab_names[which]).size;
}

/*
 * KASAN puts more behind each object, and there no size is what it is elsewhere. Looked at
 * first, as who has limits may not.
 */
static bool slabs_are_padded;

FIXTURE(memory) {};

FIXTURE_SETUP(memory)
{
	slabs_are_padded = kernel_has("kasan_report");
	module_ready("tracepoint");
	board_new();
	slabs_await_empty();
}

FIXTURE_TEARDOWN(memory)
{
}

static uint64_t at_most(uint64_t bytes)
{
	return slabs_are_padded ? UINT64_MAX : bytes;
}

/* What a group takes that ended, what one thread takes that lives, and each call of them. */
TEST_F(memory, of_one)
{
	if (slabs_are_padded)
		SKIP(return, "KASAN makes all objects larger");
	EXPECT_GE(512, size_of(SLAB_GROUP));
	EXPECT_GE(1024, size_of(SLAB_GROUP) + size_of(SLAB_MEMBER) + size_of(SLAB_WATCHED));
	EXPECT_EQ(64, size_of(SLAB_CELL));
}

#define PROCESSES	10000

TEST_F(memory, of_ten_thousand_processes)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_PROCESS, 0 };
	pid_t pid = start_processes(&arm, 1, KINDS);

	ask_for(PROCESSES);
	end_processes(pid);
	watch_read(arm.fd, &reading);
	EXPECT_EQ(NULL, reading_flaw(&reading, 0));
	ASSERT_EQ(PROCESSES + 1, reading.head.group_count);
	EXPECT_EQ(PROCESSES, calls_of(&reading, A64, SYS_getdents64));
	/* A cell for each row, and nothing else but what is in stock. */
	EXPECT_LE(reading.head.row_count, objects(SLAB_CELL));
	EXPECT_GE(at_most(PROCESSES * (512ull + 64 * (KINDS + 1)) + STOCK_BYTES), slabs_bytes());
	EXPECT_GE(32 * MIB, slabs_bytes());
	close(arm.fd);
	slabs_await_empty();
}

#define THOUSAND	1000

/* A watch keeps nothing of the kernel's of those that ended. */
TEST_F(memory, tasks_are_let_go)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_PROCESS, ERRORS };
	uint64_t before = slab_read("task_struct").objects, now, until;
	pid_t pid = start_processes(&arm, 1, 3);

	ask_for(THOUSAND);
	watch_read(arm.fd, &reading);
	EXPECT_EQ(THOUSAND + 1, reading.head.group_count);
	EXPECT_EQ(1, reading.head.threads);
	/* The job is one more, and the kernel may start some of its own. */
	until = clock_ns(CLOCK_MONOTONIC) + WAIT_NS;
	do
		now = slab_read("task_struct").objects;
	while (now > before + THOUSAND / 20 && clock_ns(CLOCK_MONOTONIC) < until);
	EXPECT_GE(before + THOUSAND / 20, now);
	end_processes(pid);
	close(arm.fd);
}

/*
 * What a task is watched by is one object for all watches: the first one gives it, and the
 * last one that is left takes it. What so goes from one to the other must not pile up.
 */
#define NESTED		5000

TEST_F(memory, nested_watches)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, 0 };
	int everybody = watch_open(SYSCOUNT_TARGET_ALL, SYSCOUNT_BY_NONE, 0, 0);
	pid_t pid = start_processes(&arm, 1, 1);
	uint64_t before;
	int task;

	task = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_NONE, 0, getpid());
	before = objects(SLAB_WATCHED);
	ask_for(NESTED);
	EXPECT_GE(before + NESTED / 5, objects(SLAB_WATCHED));
	end_processes(pid);
	watch_read(arm.fd, &reading);
	EXPECT_EQ(NULL, reading_flaw(&reading, 0));
	EXPECT_EQ(NESTED, calls_of(&reading, A64, SYS_flock));
	watch_read(task, &reading);
	EXPECT_EQ(NESTED, calls_of(&reading, A64, SYS_flock));
	watch_read(everybody, &reading);
	EXPECT_EQ(NESTED, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(0, reading.head.lost_threads);
	close(arm.fd);
	close(task);
	close(everybody);
	slabs_await_empty();
}

/*
 * Where it ends
 */

#define NAMES		20000

static unsigned int groups_called(const char *begin)
{
	unsigned int count = 0;
	uint32_t i;

	for (i = 0; i < reading.head.group_count; i++)
		count += !strncmp(reading.group[i].command, begin, strlen(begin));
	return count;
}

/* What is not in the reading, or not where it belongs, of who made NAMES steps. */
static uint64_t not_there(unsigned int flags)
{
	struct syscount_watch_row flocks = row_of(&reading, A64, SYS_flock);
	uint64_t calls = flocks.calls + calls_of(&reading, A64, SYS_prctl) +
			 calls_of(&reading, A64, SYS_exit_group) +
			 calls_of(&reading, A64, SYS_clock_nanosleep);
	uint64_t errors = flags & ERRORS ? errno_of(&reading, A64, SYS_flock, EBADF) : 0;
	uint64_t made = 2 * NAMES + NAMES / REST + 1;

	return made - calls + flocks.errors - errors + NAMES - groups_called("name ");
}

/* More names than there can be groups: who finds none stays where he was, and it is said. */
TEST_F(memory, names)
{
	static const unsigned int details[] = { 0, ERRORS };
	unsigned int i;
	char line[64];

	become_limited();
	for (i = 0; i < ARRAY_SIZE(details); i++) {
		struct arm arm = { watch_file(), SYSCOUNT_BY_COMMAND, details[i] };

		snprintf(line, sizeof(line), "names %u", NAMES);
		wait_success(job_start(&arm, 1, line));
		watch_read(arm.fd, &reading);
		EXPECT_GE(GROUPS_MAX, reading.head.group_count);
		EXPECT_LT(GROUPS_MAX / 2, reading.head.group_count);
		EXPECT_LT(0, reading.head.lost);
		EXPECT_EQ(not_there(details[i]), reading.head.lost);
		EXPECT_EQ(0, reading.head.lost_threads);
		EXPECT_GE(GROUPS_MAX, objects(SLAB_GROUP));
		close(arm.fd);
		slabs_await_empty();
	}
}

#define TOO_MANY	17000

/* Nobody reads, and groups end: those that there is room for are right, and it is said. */
TEST_F(memory, never_read)
{
	struct arm arm = { .by = SYSCOUNT_BY_PROCESS };
	uint64_t groups;
	pid_t pid;

	become_limited();
	arm.fd = watch_file();
	pid = start_processes(&arm, 1, 1);
	ask_for(TOO_MANY);
	EXPECT_GE(GROUPS_MAX, objects(SLAB_GROUP));
	EXPECT_GE(GROUPS_MAX * (512ull + 64 * 2) + STOCK_BYTES, slabs_bytes());
	ASSERT_EQ(0, watch_read_flags(arm.fd, SYSCOUNT_READ_FORGET, &reading));
	groups = reading.head.group_count;
	EXPECT_GE(GROUPS_MAX, groups);
	EXPECT_LT(GROUPS_MAX / 2, groups);
	EXPECT_EQ(TOO_MANY + 1, groups + reading.head.lost_threads);
	EXPECT_EQ(groups - 1, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(groups - 1, calls_of(&reading, A64, SYS_exit));
	EXPECT_EQ(0, reading.head.lost);

	/* What was read makes room for others. */
	ask_for(100);
	end_processes(pid);
	watch_read(arm.fd, &reading);
	EXPECT_EQ(1 + 100, reading.head.group_count);
	EXPECT_EQ(100, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(TOO_MANY + 1 - groups, reading.head.lost_threads);
	close(arm.fd);
	slabs_await_empty();
}

static void open_as_nobody(void)
{
	if (setresuid(NOBODY, NOBODY, NOBODY))
		die("setresuid: %m");
	board_step_wait(2);
	watch_open(SYSCOUNT_TARGET_SELF, SYSCOUNT_BY_NONE, 0, 0);
	_exit(0);
}

#define FULL		2400
#define SAME		8
#define PAGE		4096

/* What a user can have of all his watches. */
TEST_F(memory, of_a_user)
{
	struct arm arms[SAME];
	uint64_t lost = 0;
	pid_t nobody, pid;
	unsigned int i;
	int fd;

	nobody = fork();
	if (!nobody)
		open_as_nobody();
	become_limited();
	for (i = 0; i < SAME; i++)
		arms[i] = (struct arm) { watch_file(), SYSCOUNT_BY_PROCESS, ERRORS | LATENCY };
	pid = start_processes(arms, SAME, KINDS);
	ask_for(FULL);
	for (i = 0; i < SAME; i++) {
		watch_read(arms[i].fd, &reading);
		lost += reading.head.lost + reading.head.lost_threads;
	}
	EXPECT_LT(0, lost);
	/* What the job itself is watched by is nobody's, nor is the slab's own word beside each. */
	EXPECT_GE(at_most(SYSCOUNT_WATCH_BYTES_MAX + PAGE + objects(SLAB_WATCHED) * sizeof(void *)),
		  slabs_bytes());
	EXPECT_LE(SYSCOUNT_WATCH_BYTES_MAX - MIB, slabs_bytes());
	fd = watch_file();
	EXPECT_EQ(-ENOMEM, watch_make(fd, SYSCOUNT_TARGET_SELF, SYSCOUNT_BY_NONE, 0, 0));
	EXPECT_EQ(-EINVAL, watch_read_flags(fd, 0, &reading));
	/* Another one's is his own. */
	end_processes(pid);
	wait_success(nobody);

	for (i = 0; i < SAME; i++)
		close(arms[i].fd);
	slabs_await_empty();
	EXPECT_EQ(0, watch_make(fd, SYSCOUNT_TARGET_SELF, SYSCOUNT_BY_NONE, 0, 0));
	close(fd);
}

/*
 * Whose it is
 */

static uint64_t stat_of(const char *path, const char *word)
{
	char text[1 << 13], *line = text, *rest = text;

	file_read(path, text, sizeof(text));
	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, word, strlen(word)) && line[strlen(word)] == ' ')
			return strtoull(line + strlen(word), NULL, 10);
	die("%s: no %s", path, word);
}

/* Of the cgroup, in slabs. */
static uint64_t charged(void)
{
	return stat_of(A "/memory.stat", "slab_unreclaimable");
}

/* Newer kernels say it some time later. */
static bool charged_within(uint64_t least, uint64_t most)
{
	const uint64_t until = clock_ns(CLOCK_MONOTONIC) + WAIT_NS;
	uint64_t bytes;

	do {
		bytes = charged();
		if (bytes >= least && bytes <= most)
			return true;
		sched_yield();
	} while (clock_ns(CLOCK_MONOTONIC) < until);
	fprintf(stderr, "# %ju bytes in slabs, not %ju to %ju\n", (uintmax_t)bytes,
		(uintmax_t)least, (uintmax_t)most);
	return false;
}

static void limit_memory(uint64_t more)
{
	char text[32];

	snprintf(text, sizeof(text), "%ju",
		 (uintmax_t)(file_read_u64(A "/memory.current") + more));
	must_write(MEMORY_MAX, text);
}

/* With all of its memory, so that at the limit it takes none but the module's. */
static void move_here(void)
{
	must_write(A "/cgroup.procs", "0");
	if (mlockall(MCL_CURRENT))
		die("mlockall: %m");
}

FIXTURE(charged) {};

FIXTURE_SETUP(charged)
{
	module_ready("tracepoint");
	board_new();
	slabs_await_empty();
	must_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(A, 0755) && errno != EEXIST)
		die("%s: %m", A);
}

FIXTURE_TEARDOWN(charged)
{
	rmdir(A);
}

/* One in the cgroup, who watches @job and does nothing else. */
static pid_t start_opener(pid_t job)
{
	pid_t opener = fork();

	if (!opener) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		move_here();
		board->number[OPENED] = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_PROCESS, 0,
						   job);
		board_arrive();
		pause();
	}
	board_await(1);
	return opener;
}

static int file_of(pid_t opener)
{
	int fd = syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, opener, 0),
			 board->number[OPENED], 0);

	if (fd < 0)
		die("the opener's file: %m");
	return fd;
}

static void end_opener(pid_t opener)
{
	kill(opener, SIGKILL);
	wait_status(opener);
	slabs_await_empty();
}

#define FIRST		(100 << 10)	/* what a watch takes at least */
#define OF_OTHERS	(256 << 10)	/* slabs of the kernel's, which come and go */
#define GROWN		3000

/* All memory of a watch is the opener's, however much it becomes, and goes with it. */
TEST_F(charged, to_the_opener)
{
	const uint64_t before = charged(), cells = GROWN * 64 * (KINDS + 1);
	pid_t job = start_processes(NULL, 0, KINDS), opener = start_opener(job);

	EXPECT_TRUE(charged_within(before + FIRST, before + MIB));
	ask_for(GROWN);
	EXPECT_TRUE(charged_within(before + cells, before + cells + GROWN * 512 + STOCK_BYTES));
	end_processes(job);
	end_opener(opener);
	EXPECT_TRUE(charged_within(0, before + OF_OTHERS));
}

/* One more, until it and its calls are counted: one stock is filled up after the other. */
static void ask_until_counted(int fd)
{
	const uint64_t until = clock_ns(CLOCK_MONOTONIC) + WAIT_NS;
	const uint64_t flocks = calls_of(&reading, A64, SYS_flock);
	uint32_t groups = reading.head.group_count;

	do {
		if (clock_ns(CLOCK_MONOTONIC) > until)
			die("nothing is counted any more");
		ask_for(1);
		watch_read(fd, &reading);
	} while (reading.head.group_count == groups ||
		 calls_of(&reading, A64, SYS_flock) == flocks);
}

static uint64_t calls_of_kinds(void)
{
	uint64_t calls = calls_of(&reading, A64, SYS_exit);
	unsigned int i;

	for (i = 0; i < KINDS; i++)
		calls += calls_of(&reading, A64, kinds[i]);
	return calls;
}

/* Rather lost than somebody killed for it; when there is memory again, it goes on. */
TEST_F(charged, refill_at_the_limit)
{
	pid_t job = start_processes(NULL, 0, KINDS), opener = start_opener(job);
	uint64_t flocks, lost_threads;
	uint32_t groups;
	int fd = file_of(opener);

	ask_for(1);		/* the job itself lacks nothing from now on */
	limit_memory(MIB / 8);
	ask_for(GROWN);
	watch_read(fd, &reading);
	groups = reading.head.group_count;
	lost_threads = reading.head.lost_threads;
	/* Which stock is empty first, and how soon, is the kernel's allocator's affair. */
	EXPECT_LT(0, reading.head.lost + lost_threads);
	EXPECT_EQ(2 + GROWN, groups + lost_threads);
	EXPECT_EQ((groups - 1) * (KINDS + 1), calls_of_kinds() + reading.head.lost);
	EXPECT_EQ(0, stat_of(A "/memory.events", "oom_kill"));
	EXPECT_EQ(0, waitpid(opener, NULL, WNOHANG));

	must_write(MEMORY_MAX, "max");
	ask_until_counted(fd);
	groups = reading.head.group_count;
	lost_threads = reading.head.lost_threads;
	flocks = calls_of(&reading, A64, SYS_flock);
	ask_for(10);
	watch_read(fd, &reading);
	EXPECT_EQ(groups + 10, reading.head.group_count);
	EXPECT_EQ(flocks + 10, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(lost_threads, reading.head.lost_threads);
	end_processes(job);
	close(fd);
	end_opener(opener);
}

#define FILES		32
#define LIMITS		40		/* of so many pages, more than a watch takes */

/* As many as there is memory for; the one that failed can be had later. */
static void open_at_the_limit(void)
{
	int fds[FILES], i;

	move_here();
	for (i = 0; i < FILES; i++)
		fds[i] = watch_file();
	board_arrive();
	board_step_wait(1);
	for (i = 0; i < FILES; i++) {
		board->number[ERROR] = -watch_make(fds[i], SYSCOUNT_TARGET_SELF, 0, 0, 0);
		if (board->number[ERROR])
			break;
	}
	board->number[OPENED] = i;
	board_arrive();
	board_step_wait(2);
	_exit(i < FILES && watch_make(fds[i], SYSCOUNT_TARGET_SELF, 0, 0, 0));
}

TEST_F(charged, open_at_the_limit)
{
	unsigned int i;
	pid_t pid;

	for (i = 0; i < LIMITS; i++) {
		board_new();
		pid = fork();
		if (!pid)
			open_at_the_limit();
		board_await(1);
		limit_memory(i * PAGE);
		board_step(1);
		board_await(2);
		EXPECT_EQ(ENOMEM, board->number[ERROR]);
		EXPECT_GT(FILES, board->number[OPENED]);
		EXPECT_EQ(board->number[OPENED], file_read_u64(SYSCOUNT_SYSFS "watches"));
		must_write(MEMORY_MAX, "max");
		board_step(2);
		wait_success(pid);
		slabs_await_empty();
	}
	EXPECT_EQ(0, stat_of(A "/memory.events", "oom_kill"));
}

#define ENDED		100

static int read_all(int fd, uint32_t *groups, uint32_t *rows)
{
	static struct syscount_watch_group group[2 * ENDED];
	static struct syscount_watch_row row[2 * ENDED * KINDS];
	struct syscount_watch_read args = {
		.size = sizeof(args), .groups = (uintptr_t)group, .rows = (uintptr_t)row,
		.group_capacity = ARRAY_SIZE(group), .row_capacity = ARRAY_SIZE(row),
	};
	int err = ioctl(fd, SYSCOUNT_IOC_READ_WATCH, &args) ? errno : 0;

	*groups = args.group_count;
	*rows = args.row_count;
	return err;
}

static void read_at_the_limit(int fd, uint32_t groups, uint32_t rows)
{
	uint32_t g, r;

	move_here();
	board_arrive();
	board_step_wait(1);
	board->number[ERROR] = read_all(fd, &g, &r);
	board_arrive();
	board_step_wait(2);
	_exit(read_all(fd, &g, &r) || g != groups || r != rows);
}

TEST_F(charged, read_at_the_limit)
{
	pid_t job = start_processes(NULL, 0, KINDS), opener = start_opener(job), pid;
	unsigned int i, failed = 0;
	int fd = file_of(opener);
	uint32_t groups, rows;

	ask_for(ENDED);
	end_processes(job);
	ASSERT_EQ(0, read_all(fd, &groups, &rows));
	EXPECT_EQ(1 + ENDED, groups);
	EXPECT_LT(ENDED * (KINDS + 1), rows);
	for (i = 0; i < LIMITS; i++) {
		board_new();
		pid = fork();
		if (!pid)
			read_at_the_limit(fd, groups, rows);
		board_await(1);
		limit_memory(3 * i * PAGE);
		board_step(1);
		board_await(2);
		if (board->number[ERROR]) {
			EXPECT_EQ(ENOMEM, board->number[ERROR]);
			failed++;
		}
		must_write(MEMORY_MAX, "max");
		board_step(2);
		wait_success(pid);
	}
	EXPECT_LT(0, failed);
	EXPECT_GT(LIMITS, failed);
	EXPECT_EQ(0, stat_of(A "/memory.events", "oom_kill"));
	close(fd);
	end_opener(opener);
}

TEST_HARNESS_MAIN
