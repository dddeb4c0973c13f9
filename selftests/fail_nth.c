// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every allocation, and every copy from and to user space, of an operation fails once: the
 * n-th, for all n until there is none left. Each time it says so with an error or does
 * without, counting goes on exactly, and in the end nothing is left behind.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "watch_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#define FAULTS	"/sys/kernel/debug/"
#define CALLS	7
#define EACH	16
#define STEP	211
/* What the C library registers, though it may use less of it: its first version had so much. */
#define RSEQ_LENGTH	32
#define CGROUP	"/sys/fs/cgroup/fail_nth"
/*
 * This program, in memory: what the file system and the dynamic loader would allocate and copy at
 * an execve() is some thousands, and none of it the module's.
 */
#define PROGRAM	"/tmp/fail_nth"

/* What a job ends with, for its parent: was there an allocation that failed? */
enum { NOT_FAILED = 40, FAILED = 41 };

static int nth_fd = -1;

static void nth_open(void)
{
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		die("/proc/thread-self/fail-nth: %m");
}

/* Writing is a copy from user space, too, and can be the one that fails; but not twice. */
static void nth_set(unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(nth_fd, text, length, 0) != length &&
	    (errno != EFAULT || pwrite(nth_fd, text, length, 0) != length))
		die("/proc/thread-self/fail-nth: %m");
}

/* Has one failed? Reading tells by a copy to user space, which can be the one. */
static bool nth_failed(void)
{
	char text[16] = "";

	if (pread(nth_fd, text, sizeof(text) - 1, 0) < 0)
		return false;
	nth_set(0);
	return !strtoul(text, NULL, 10);
}

/*
 * The C library has asked the kernel to be told of preemption, and whom the kernel cannot tell, as
 * its copy to user space fails, it kills.
 */
static void forget_rseq(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (__rseq_size && syscall(SYS_rseq, area, RSEQ_LENGTH, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) &&
	    errno != EINVAL)
		die("rseq: %m");
}

/* All kinds of allocations, whatever they may do to get memory; and say nothing of it. */
static void faults_setup(void)
{
	must_write(FAULTS "failslab/ignore-gfp-wait", "0");
	must_write(FAULTS "failslab/verbose", "0");
	must_write(FAULTS "fail_page_alloc/ignore-gfp-wait", "0");
	must_write(FAULTS "fail_page_alloc/ignore-gfp-highmem", "0");
	must_write(FAULTS "fail_page_alloc/min-order", "0");
	must_write(FAULTS "fail_page_alloc/verbose", "0");
	must_write(FAULTS "fail_usercopy/verbose", "0");
	/* A fault in one's own memory is none of the module's. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		die("mlockall: %m");
	forget_rseq();
	nth_open();
}

/* One thing that can be done: what is open and needed is from before it. */
struct operation {
	const char *name;
	void (*prepare)(void);
	int (*run)(void);		/* 0 or -errno */
	void (*undo)(bool done);
	int errors[4];			/* that it may end with, besides ENOMEM and EFAULT */
	bool loads;			/* there is no module before it */
	unsigned int step;		/* of n in the full dose, if not 1 */
};

static bool may_end_with(const struct operation *op, int err)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (err && op->errors[i] == -err)
			return true;
	return err == 0 || err == -ENOMEM || err == -EFAULT;
}

/*
 * What there is beside an operation: a watch of this process, or none. It counts N calls as N, each
 * with its exit.
 */
static int beside = -1;
static uint64_t beside_calls;

/* N calls are N, by a reading that has all it needs. */
static void check_counting(struct __test_metadata *_metadata, const char *name, unsigned int n)
{
	uint64_t before = counted(A64, SYS_flock);

	make_flocks(CALLS);
	beside_calls += CALLS;
	EXPECT_EQ(before + CALLS, counted(A64, SYS_flock)) {
		TH_LOG("%s, after the %u-th failed", name, n);
	}
}

/* Of the operation, beside its name */
static char of_what[64];

struct tally {
	unsigned int failures;		/* of an allocation or a copy */
	unsigned int errors;		/* of the operation */
};

/* Return: was there an n-th? */
static bool fail_one(struct __test_metadata *_metadata, const struct operation *op, unsigned int n,
		     struct tally *tally)
{
	bool failed;
	int err;

	if (op->prepare)
		op->prepare();
	nth_set(n);
	err = op->run();
	failed = nth_failed();
	EXPECT_TRUE(may_end_with(op, err)) {
		TH_LOG("%s, the %u-th fails: %s", op->name, n, strerror(-err));
	}
	/* Nothing failed, so nothing is wrong. */
	EXPECT_TRUE(failed || !err) {
		TH_LOG("%s, of itself: %s", op->name, strerror(-err));
	}
	tally->failures += failed;
	tally->errors += !!err;
	if (op->undo)
		op->undo(!err);
	EXPECT_FALSE(op->loads && module_loaded());
	if (!op->loads)
		check_counting(_metadata, op->name, n);
	return failed && _metadata->passed;
}

/* All of them; as the short dose, the first, the last, and some of those between. */
static void fail_each(struct __test_metadata *_metadata, const struct operation *op,
		      struct tally *tally,
		      bool (*one)(struct __test_metadata *, const struct operation *, unsigned int n,
				  struct tally *))
{
	unsigned int n = 0, step = dose(STEP, op->step ?: 1);

	do
		n += n < EACH ? 1 : step;
	while (one(_metadata, op, n, tally));
	/* The last is between one that was there and one that was not. */
	for (step = n > EACH ? step : 1; step > 1 && _metadata->passed; step -= step / 2)
		if (!one(_metadata, op, n - step / 2, tally))
			n -= step / 2;
}

static void check_operation(struct __test_metadata *_metadata, const struct operation *op)
{
	struct tally tally = {};

	fail_each(_metadata, op, &tally, fail_one);
	tell("%s%s: %u times an allocation or a copy failed, and it said so %u times", op->name,
	     of_what, tally.failures, tally.errors);
	/* Else none was made to fail at all. */
	EXPECT_LT(0, tally.errors);
}

/*
 * Files
 */
static int a_file = -1;
static const char *path;

static int open_path(void)
{
	a_file = open(path, O_RDONLY | O_CLOEXEC);
	return a_file < 0 ? -errno : 0;
}

static void close_file(bool done)
{
	if (a_file >= 0)
		close(a_file);
	a_file = -1;
}

static void prepare_file(void)
{
	if (open_path())
		die("open %s: %m", path);
}

static char text[1 << 18];

static int read_file(void)
{
	ssize_t got;

	do {
		got = read(a_file, text, sizeof(text));
		if (got < 0)
			return -errno;
	} while (got);
	return 0;
}

/*
 * ioctls, on a file that is open
 */
static unsigned long command;
static union {
	struct syscount_info info;
	struct syscount_names names;
	struct syscount_read read;
	struct syscount_reset reset;
	struct syscount_switch switches;
	struct syscount_cost cost;
	struct syscount_watch watch;
} args;

static struct syscount_name names[2048];
static struct syscount_row rows[COUNTS_ROWS];
static struct syscount_switch_item items[2] = {
	{ .what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_INFO, .on = 0 },
	{ .what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_INFO, .on = 1 },
};

static int do_ioctl(void)
{
	return ioctl(a_file, command, &args) ? -errno : 0;
}

static void prepare_info(void)
{
	prepare_file();
	args.info = (struct syscount_info) { .size = sizeof(args.info) };
}

static void prepare_names(void)
{
	prepare_file();
	args.names = (struct syscount_names) {
		.size = sizeof(args.names), .capacity = 2048, .names = (uintptr_t)names,
	};
}

static void prepare_read(void)
{
	prepare_file();
	args.read = (struct syscount_read) {
		.size = sizeof(args.read), .capacity = COUNTS_ROWS, .rows = (uintptr_t)rows,
	};
}

static void prepare_reset(void)
{
	prepare_file();
	args.reset = (struct syscount_reset) { .size = sizeof(args.reset) };
}

static void prepare_switch(void)
{
	prepare_file();
	args.switches = (struct syscount_switch) {
		.size = sizeof(args.switches), .count = 2, .items = (uintptr_t)items,
	};
}

/* Nothing is hooked then, but what a watch needs. */
static struct syscount_switch_item all_off[SYSCOUNT_CAT_COUNT];

static void prepare_all_off(void)
{
	unsigned int i;

	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		all_off[i] = (struct syscount_switch_item) {
			.what = SYSCOUNT_SWITCH_CATEGORY, .category = i,
		};
	prepare_file();
	args.switches = (struct syscount_switch) {
		.size = sizeof(args.switches), .count = SYSCOUNT_CAT_COUNT,
		.items = (uintptr_t)all_off,
	};
}

static void prepare_cost(void)
{
	prepare_file();
	args.cost = (struct syscount_cost) { .size = sizeof(args.cost) };
}

/*
 * A watch, in every form
 */
static struct syscount_watch watch_args;
static int cgroup_fd = -1;

static void prepare_watch(void)
{
	prepare_file();
	args.watch = watch_args;
}

/* What could not be made a watch can be made one now; it counts, too. */
static void undo_watch(bool done)
{
	struct reading reading = {};

	if (!done && ioctl(a_file, SYSCOUNT_IOC_WATCH, &watch_args))
		die("a file that could not be made a watch cannot be made one again: %m");
	make_flocks(CALLS);
	watch_read(a_file, &reading);
	if ((watch_args.target == SYSCOUNT_TARGET_TASK || watch_args.target == SYSCOUNT_TARGET_ALL) &&
	    calls_of(&reading, A64, SYS_flock) != CALLS)
		die("it counted %llu and not %u",
		    (unsigned long long)calls_of(&reading, A64, SYS_flock), CALLS);
	reading_free(&reading);
	close_file(done);
}

/*
 * Reading a watch, as watch_read_flags() does it, but without a call of the C library
 */
static struct reading room;

static void prepare_read_watch(void)
{
	a_file = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_THREAD, ERRORS | LATENCY, getpid());
	make_flocks(CALLS);
}

static int read_watch(void)
{
	static struct syscount_watch_group group[64];
	static struct syscount_watch_row row[4096];
	static struct syscount_watch_detail detail[4096];

	room.head = (struct syscount_watch_read) {
		.size = sizeof(room.head),
		.group_capacity = 64, .groups = (uintptr_t)group,
		.row_capacity = 4096, .rows = (uintptr_t)row,
		.detail_capacity = 4096, .details = (uintptr_t)detail,
	};
	if (ioctl(a_file, SYSCOUNT_IOC_READ_WATCH, &room.head))
		return -errno;
	room.group = group;
	room.row = row;
	room.detail = detail;
	return calls_of(&room, A64, SYS_flock) == CALLS ? 0 : -EBADMSG;
}

/*
 * Children of a watched task
 */
static pid_t child;

static void prepare_fork(void)
{
	a_file = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_PROCESS, ERRORS, getpid());
}

static int fork_child(void)
{
	child = fork();
	if (child < 0)
		return -errno;
	if (!child) {
		make_flocks(CALLS);
		_exit(0);
	}
	return 0;
}

static void undo_fork(bool done)
{
	struct reading reading = {};

	if (done)
		wait_success(child);
	watch_read(a_file, &reading);
	if (calls_of(&reading, A64, SYS_flock) != (done ? CALLS : 0))
		die("it counted %llu", (unsigned long long)calls_of(&reading, A64, SYS_flock));
	if (reading.head.lost_threads || reading.head.lost)
		die("something was lost");
	reading_free(&reading);
	close_file(done);
}

static void job_flocks(void)
{
	make_flocks(job_number(0));
	nth_open();
	_exit(nth_failed() ? FAILED : NOT_FAILED);
}

const struct job jobs[] = {
	{ "flocks", job_flocks },
	{}
};

/*
 * Hooks
 */
static const char *hook, *hook_before;
static int hook_file = -1;

static void prepare_hook(void)
{
	must_write(SYSCOUNT_SYSFS "hook", hook_before);
	hook_file = open(SYSCOUNT_SYSFS "hook", O_WRONLY | O_CLOEXEC);
	if (hook_file < 0)
		die("hook: %m");
}

static int switch_hook(void)
{
	return write(hook_file, hook, strlen(hook)) < 0 ? -errno : 0;
}

static void watch_beside(void)
{
	beside = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_NONE, ERRORS, getpid());
	beside_calls = 0;
}

static void check_beside(void)
{
	struct syscount_watch_row row;
	struct reading reading = {};

	if (beside < 0)
		return;
	make_flocks(CALLS);
	beside_calls += CALLS;
	watch_read(beside, &reading);
	row = row_of(&reading, A64, SYS_flock);
	if (row.calls != beside_calls || row.exits != beside_calls || row.errors != beside_calls ||
	    row.refused)
		die("of %llu calls it has %llu, %llu exits, %llu errors, %llu refused",
		    (unsigned long long)beside_calls, (unsigned long long)row.calls,
		    (unsigned long long)row.exits, (unsigned long long)row.errors,
		    (unsigned long long)row.refused);
	reading_free(&reading);
}

static void leave_beside(void)
{
	if (beside >= 0)
		close(beside);
	beside = -1;
}

/* Without the memory for the tracepoint that the watch needs the hook stays, and counts nothing. */
static void undo_all_off(bool done)
{
	int category;

	make_flocks(done ? CALLS : 0);
	for (category = 0; category < SYSCOUNT_CAT_COUNT; category++)
		category_enable(category, true);
	check_beside();
	close_file(done);
}

/* A failure leaves the old one counting. */
static void undo_hook(bool done)
{
	struct syscount_info info = { .size = sizeof(info) };

	close(hook_file);
	check_beside();
	if (device_ioctl(SYSCOUNT_IOC_GET_INFO, &info))
		die("SYSCOUNT_IOC_GET_INFO: %m");
	if (strcmp(hook_names[info.hook], done ? hook : hook_before))
		die("the hook is %s", hook_names[info.hook]);
}

/*
 * Loading
 */
static const char *parameters;
static int module_file = -1;

/* Opening the file is none of the module's. */
static void prepare_load(void)
{
	module_file = open(getenv("SYSCOUNT_KO"), O_RDONLY | O_CLOEXEC);
	if (module_file < 0)
		die("SYSCOUNT_KO: %m");
}

static int load(void)
{
	return syscall(SYS_finit_module, module_file, parameters, 0) ? -errno : 0;
}

static void undo_load(bool done)
{
	close(module_file);
	if (done && module_remove())
		die("the module cannot be removed");
	if (!access("/sys/module/syscount", F_OK) || !access(SYSCOUNT_DEVICE, F_OK) ||
	    direct_hooked() || kprobe_hooked() || tracepoint_hooked())
		die("something of the module is left");
}

FIXTURE(fail_nth) {};

FIXTURE_SETUP(fail_nth)
{
	module_fresh("hook=tracepoint");
	faults_setup();
}

/* Nothing holds the module, and nothing of a watch is left. */
FIXTURE_TEARDOWN(fail_nth)
{
	slabs_await_empty();
	EXPECT_EQ(0, module_remove());
	EXPECT_EQ(0, module_insert("hook=tracepoint"));
}

TEST_F(fail_nth, open)
{
	static const struct operation op = {
		.name = "open", .run = open_path, .undo = close_file,
	};
	static const char *const paths[] = {
		SYSCOUNT_DEVICE, SYSCOUNT_PROC, SYSCOUNT_SYSFS "total", SYSCOUNT_SYSFS "hook",
	};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		path = paths[i];
		snprintf(of_what, sizeof(of_what), " %s", path);
		check_operation(_metadata, &op);
	}
}

TEST_F(fail_nth, read_files)
{
	static const struct operation op = {
		.name = "read", .prepare = prepare_file, .run = read_file,
		.undo = close_file,
	};
	static const char *const paths[] = {
		SYSCOUNT_PROC, SYSCOUNT_SYSFS "total", SYSCOUNT_SYSFS "hook",
		SYSCOUNT_SYSFS "category_file/calls",
	};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		path = paths[i];
		snprintf(of_what, sizeof(of_what), " %s", path);
		check_operation(_metadata, &op);
	}
}

TEST_F(fail_nth, ioctls)
{
	static const struct {
		const char *name;
		unsigned long command;
		void (*prepare)(void);
	} all[] = {
		{ "GET_INFO", SYSCOUNT_IOC_GET_INFO, prepare_info },
		{ "GET_NAMES", SYSCOUNT_IOC_GET_NAMES, prepare_names },
		{ "READ", SYSCOUNT_IOC_READ, prepare_read },
		{ "SWITCH", SYSCOUNT_IOC_SWITCH, prepare_switch },
		{ "COST", SYSCOUNT_IOC_COST, prepare_cost },
		{ "RESET", SYSCOUNT_IOC_RESET, prepare_reset },
	};
	unsigned int i;

	path = SYSCOUNT_DEVICE;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct operation op = {
			.name = all[i].name, .prepare = all[i].prepare,
			.run = do_ioctl, .undo = close_file,
		};

		command = all[i].command;
		check_operation(_metadata, &op);
	}
}

TEST_F(fail_nth, all_off_beside_a_watch)
{
	static const struct operation op = {
		.name = "all off", .prepare = prepare_all_off, .run = do_ioctl,
		.undo = undo_all_off,
	};

	watch_beside();
	path = SYSCOUNT_DEVICE;
	command = SYSCOUNT_IOC_SWITCH;
	check_operation(_metadata, &op);
	leave_beside();
}

FIXTURE(watch) {};

FIXTURE_VARIANT(watch)
{
	int target;
};

FIXTURE_VARIANT_ADD(watch, self) { SYSCOUNT_TARGET_SELF };
FIXTURE_VARIANT_ADD(watch, task) { SYSCOUNT_TARGET_TASK };
FIXTURE_VARIANT_ADD(watch, cgroup) { SYSCOUNT_TARGET_CGROUP };
FIXTURE_VARIANT_ADD(watch, all) { SYSCOUNT_TARGET_ALL };

FIXTURE_SETUP(watch)
{
	module_fresh("hook=tracepoint");
	mkdir(CGROUP, 0755);
	cgroup_fd = open(CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup_fd < 0)
		die("%s: %m", CGROUP);
	faults_setup();
}

FIXTURE_TEARDOWN(watch)
{
	close(cgroup_fd);
	rmdir(CGROUP);
	slabs_await_empty();
	EXPECT_EQ(0, module_remove());
	EXPECT_EQ(0, module_insert("hook=tracepoint"));
}

/*
 * The stock alone is 1,216 allocations, so each grouping with other details; and in the full
 * dose all n of one, every 16th of each with one target, and few with the others.
 */
static const struct {
	int by;
	unsigned int flags;
	int target;
	unsigned int step;
} forms[] = {
	{ SYSCOUNT_BY_NONE, 0, SYSCOUNT_TARGET_SELF, 16 },
	{ SYSCOUNT_BY_PROCESS, ERRORS, SYSCOUNT_TARGET_TASK, 16 },
	{ SYSCOUNT_BY_THREAD, LATENCY, SYSCOUNT_TARGET_CGROUP, 16 },
	{ SYSCOUNT_BY_CGROUP, 0, SYSCOUNT_TARGET_ALL, 16 },
	{ SYSCOUNT_BY_COMMAND, ERRORS | LATENCY | OBJECTS, SYSCOUNT_TARGET_ALL, 1 },
};

#define FORMS	(sizeof(forms) / sizeof(forms[0]))

TEST_F_TIMEOUT(watch, is_opened, 600)
{
	struct operation op = {
		.name = "WATCH", .prepare = prepare_watch, .run = do_ioctl, .undo = undo_watch,
	};
	/* As the short dose, two for each target. */
	unsigned int i = dose(variant->target, 0), end = i + dose(2, FORMS);

	path = SYSCOUNT_DEVICE;
	command = SYSCOUNT_IOC_WATCH;
	for (; i < end; i++) {
		op.step = variant->target == forms[i].target ? forms[i].step : STEP;
		watch_args = (struct syscount_watch) {
			.size = sizeof(watch_args), .target = variant->target,
			.by = forms[i].by, .flags = forms[i].flags,
			.pid = variant->target == SYSCOUNT_TARGET_TASK ? getpid() : 0,
			.fd = variant->target == SYSCOUNT_TARGET_CGROUP ? cgroup_fd : 0,
		};
		snprintf(of_what, sizeof(of_what), " target %d by %d flags %#x", variant->target,
			 forms[i].by, forms[i].flags);
		check_operation(_metadata, &op);
	}
}

TEST_F(fail_nth, read_watch)
{
	static const struct operation op = {
		.name = "READ_WATCH", .prepare = prepare_read_watch, .run = read_watch,
		.undo = close_file,
	};

	check_operation(_metadata, &op);
}

TEST_F(fail_nth, fork)
{
	static const struct operation op = {
		.name = "fork", .prepare = prepare_fork, .run = fork_child, .undo = undo_fork,
		.errors = { EAGAIN },
	};

	check_operation(_metadata, &op);
}

static void exec_program(void)
{
	char calls[16], *const argv[] = { PROGRAM, "--job", "flocks", calls, NULL };

	snprintf(calls, sizeof(calls), "%u", CALLS);
	execve(PROGRAM, argv, environ);
	die("execve " PROGRAM ": %m");
}

/* After its point of no return an execve() that fails is the end of the program. */
static bool fail_execve(struct __test_metadata *_metadata, const struct operation *op,
			unsigned int n, struct tally *tally)
{
	struct reading reading = {};
	int status, fd = watch_file();
	const struct arm own = { fd, SYSCOUNT_BY_PROCESS, ERRORS };
	bool ended, failed;
	const char *flaw;
	uint64_t calls;
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %m");
	if (!pid) {
		arm_all(&own, 1);
		nth_open();
		nth_set(n);
		exec_program();
	}
	status = wait_status(pid);
	watch_read(fd, &reading);
	flaw = reading_flaw(&reading, own.flags);
	EXPECT_EQ(NULL, flaw) {
		TH_LOG("the %u-th fails: %s", n, flaw);
	}
	EXPECT_EQ(0, reading.head.threads);
	calls = calls_of(&reading, A64, SYS_flock);
	/* Whatever else is a program that did not get so far. */
	ended = WIFEXITED(status) &&
		(WEXITSTATUS(status) == NOT_FAILED || WEXITSTATUS(status) == FAILED);
	EXPECT_TRUE(ended ? calls == CALLS : calls <= CALLS) {
		TH_LOG("the %u-th fails: %llu calls", n, (unsigned long long)calls);
	}
	failed = !ended || WEXITSTATUS(status) != NOT_FAILED;
	tally->failures += failed;
	tally->errors += !ended;
	reading_free(&reading);
	close(fd);
	check_counting(_metadata, op->name, n);
	return failed && _metadata->passed;
}

TEST_F(fail_nth, execve)
{
	static const struct operation op = { .name = "execve of a watched task" };
	struct tally tally = {};

	copy_program("/proc/self/exe", PROGRAM, 0755);
	fail_each(_metadata, &op, &tally, fail_execve);
	tell("%s: %u times an allocation or a copy failed, and it %u times", op.name,
	     tally.failures, tally.errors);
	EXPECT_LT(0, tally.errors);
}

FIXTURE(change) {};

FIXTURE_VARIANT(change)
{
	const char *from;
	const char *to;
	bool watched;
	unsigned int step;
};

/* From kprobe is disarm.sh's. */
FIXTURE_VARIANT_ADD(change, direct_to_tracepoint) { "direct", "tracepoint", false, 1 };
FIXTURE_VARIANT_ADD(change, tracepoint_to_kprobe) { "tracepoint", "kprobe", false, 1 };
/* Ftrace allocates for each function, a second or more each time. */
FIXTURE_VARIANT_ADD(change, tracepoint_to_direct) { "tracepoint", "direct", false, 16 };
/* The watch then needs a tracepoint that the old hook had. */
FIXTURE_VARIANT_ADD(change, tracepoint_to_direct_watched) { "tracepoint", "direct", true, STEP };

FIXTURE_SETUP(change)
{
	module_fresh("hook=tracepoint");
	if (variant->watched)
		watch_beside();
	faults_setup();
}

FIXTURE_TEARDOWN(change)
{
	leave_beside();
	slabs_await_empty();
	EXPECT_EQ(0, module_remove());
	EXPECT_EQ(0, module_insert("hook=tracepoint"));
}

TEST_F_TIMEOUT(change, hook, 600)
{
	const struct operation op = {
		.name = "hook", .prepare = prepare_hook, .run = switch_hook, .undo = undo_hook,
		.step = variant->step,
	};

	hook_before = variant->from;
	hook = variant->to;
	snprintf(of_what, sizeof(of_what), " %s to %s", hook_before, hook);
	check_operation(_metadata, &op);
}

FIXTURE(load) {};

FIXTURE_VARIANT(load)
{
	const char *parameters;
};

FIXTURE_VARIANT_ADD(load, tracepoint) { "hook=tracepoint" };
FIXTURE_VARIANT_ADD(load, kprobe) { "hook=kprobe" };

FIXTURE_SETUP(load)
{
	if (module_loaded() && module_remove())
		die("the module cannot be removed");
	faults_setup();
}

FIXTURE_TEARDOWN(load)
{
	EXPECT_EQ(0, module_insert("hook=tracepoint"));
}

TEST_F_TIMEOUT(load, module, 600)
{
	static const struct operation op = {
		.name = "load", .prepare = prepare_load, .run = load, .undo = undo_load, .loads = true,
	};

	parameters = variant->parameters;
	snprintf(of_what, sizeof(of_what), " %s", parameters);
	check_operation(_metadata, &op);
}

TEST_HARNESS_MAIN
