// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a watch says of exits: each belongs to the call that was entered, with its
 * error or its restart, and what is still in a call is in flight and nothing else.
 */
#ifndef __x86_64__
#include "x86_only.h"
#else

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "watch_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

#define TIMES		101
#define SIGNALS		7
#define CALLS_64	107	/* of the program of this name */
#define I386_FORK	2
#define I386_EXECVE	11
#define X32_EXECVE	520

/* What exits are needed for; without them, calls are what they are all the same. */
static const unsigned int with_exits[] = { ERRORS, LATENCY, ERRORS | LATENCY };

/*
 * Jobs
 */

#define BADF	107
#define INVAL	103
#define SPIPE	109
#define GOOD	113

static void job_errors(void)
{
	int ends[2], file = open("/proc/self/exe", O_RDONLY), i;

	if (file < 0 || pipe(ends))
		die("job: %m");
	for (i = 0; i < BADF; i++)
		call_64(SYS_lseek, -1, 0, SEEK_SET);
	for (i = 0; i < INVAL; i++)
		call_64(SYS_lseek, file, 0, 99);
	for (i = 0; i < SPIPE; i++)
		call_64(SYS_lseek, ends[0], 0, SEEK_SET);
	for (i = 0; i < GOOD; i++)
		call_64(SYS_lseek, file, 0, SEEK_SET);
}

/*
 * every_error: setsockopt with the errors 101 to 250 by a child, and then 1 to 150, in a cgroup where
 * a program answers it by the error that the option's number is
 */
#define ERROR_CGROUP	"/sys/fs/cgroup/every_error"
#define CHILD_FROM	101
#define CHILD_TO	250
#define OWN_FROM	1
#define OWN_TO		150

static unsigned int times_of_error(int error)
{
	return error % 5 + 1;
}

static uint64_t times_of_errors(int from, int to)
{
	uint64_t times = 0;

	for (; from <= to; from++)
		times += times_of_error(from);
	return times;
}

static void make_errors(int from, int to)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	unsigned int i;

	for (; from <= to; from++)
		for (i = 0; i < times_of_error(from); i++)
			if (syscall(SYS_setsockopt, fd, SOL_SOCKET, from, NULL, 0) != -1 || errno != from)
				die("setsockopt: %m, and not %d", from);
	close(fd);
}

static void job_every_error(void)
{
	pid_t child;

	must_write(ERROR_CGROUP "/cgroup.procs", "0");
	child = fork();
	if (child < 0)
		die("job: %m");
	if (!child) {
		make_errors(CHILD_FROM, CHILD_TO);
		_exit(0);
	}
	wait_success(child);
	make_errors(OWN_FROM, OWN_TO);
}

/* results: values close to those of errors, that are none */
static void job_results(void)
{
	int file = open("/proc/self/mem", O_RDONLY), i;

	/* A file of so many bytes that a position looks like -4096, or less. */
	for (i = 0; i < TIMES; i++)
		if (call_64(SYS_lseek, file, -4096, SEEK_SET) != -4096)
			die("lseek");
	for (i = 0; i < TIMES; i++)
		if (call_64(SYS_lseek, file, -8192, SEEK_SET) != -8192)
			die("lseek");
}

static void *nothing(void *argument)
{
	return argument;
}

static void job_threads(void)
{
	pthread_t one;
	int i;

	for (i = 0; i < TIMES; i++)
		if (pthread_create(&one, NULL, nothing, NULL) || pthread_join(one, NULL))
			die("pthread_create");
}

static void on_signal(int signal)
{
	(void)signal;
	board->number[0]++;
}

static void handle(int signal, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	if (sigaction(signal, &action, NULL))
		die("sigaction: %m");
}

static void job_signals(void)
{
	int i;

	handle(SIGUSR1, 0);
	for (i = 0; i < TIMES; i++)
		kill(getpid(), SIGUSR1);
}

/* What is interrupted, until the test has sent its signals and a byte. */
static int pipe_from_test;

static long wait_in_readv(void)
{
	char byte;
	struct iovec to = { &byte, 1 };

	return call_64(SYS_readv, pipe_from_test, (long)&to, 1);
}

static long wait_in_epoll(void)
{
	static int epoll = -1;
	struct epoll_event event = { .events = EPOLLIN };

	if (epoll < 0) {
		epoll = epoll_create1(0);
		if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, pipe_from_test, &event))
			die("epoll: %m");
	}
	return syscall(SYS_epoll_pwait, epoll, &event, 1, -1, NULL, 8) < 0 ? -errno : 1;
}

static long wait_in_nanosleep(void)
{
	const struct timespec time = { board->number[1] ? 0 : 1000, 0 };

	return call_64(SYS_nanosleep, (long)&time, 0, 0) ? -EINTR : 1;
}

static long wait_in_poll(void)
{
	struct pollfd one = { .fd = pipe_from_test, .events = POLLIN };

	return call_64(SYS_poll, (long)&one, 1, 1000000);
}

static const struct {
	const char *name;
	int nr;
	long (*wait)(void);
} waits[] = {
	{ "readv", SYS_readv, wait_in_readv },
	{ "epoll_pwait", SYS_epoll_pwait, wait_in_epoll },
	{ "nanosleep", SYS_nanosleep, wait_in_nanosleep },
	{ "poll", SYS_poll, wait_in_poll },
};

/* wait INDEX SA_FLAGS FD: goes on until it is not interrupted any more */
static void job_wait(void)
{
	int index = job_number(0);
	long result;

	pipe_from_test = job_number(2);
	handle(SIGUSR1, job_number(1));
	board_arrive();
	do {
		result = waits[index].wait();
		if (result == -EINTR)
			board->number[2]++;
	} while (result == -EINTR);
	if (result != 1)
		die("%s: %ld", waits[index].name, result);
}

static void job_pause(void)
{
	pause();
}

static void *pause_in_thread(void *argument)
{
	board_sign((uintptr_t)argument);
	board_arrive();
	pause();
	return NULL;
}

/* pauses: three threads and a child in a call each, and flocks besides */
static void job_pauses(void)
{
	pthread_t thread;
	uintptr_t i;
	pid_t pid;

	for (i = 0; i < 3; i++)
		pthread_create(&thread, NULL, pause_in_thread, (void *)i);
	pid = fork();
	if (!pid)
		pause_in_thread((void *)i);
	make_flocks(101);
	board_arrive();
	board_step_wait(1);
	make_flocks(103);
	kill(pid, SIGKILL);
	if (WTERMSIG(wait_status(pid)) != SIGKILL)
		die("the child was not killed");
}

static __attribute__((noinline)) pid_t child_by_vfork(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	return pid;
}

static pid_t child_by_fork(void)
{
	return syscall(SYS_fork, SIGCHLD, NULL, NULL, NULL, NULL);
}

static pid_t child_by_clone(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static pid_t child_by_i386_fork(void)
{
	return call_i386(I386_FORK, 0, 0, 0);
}

static void job_forks(void)
{
	pid_t (*const ways[])(void) = {
		child_by_fork, child_by_clone, child_by_i386_fork, child_by_vfork,
	};
	unsigned int i, j;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		for (j = 0; j < TIMES; j++) {
			pid = ways[i]();
			if (pid < 0)
				die("way %u to fork: %d", i, pid);
			if (!pid)
				_exit(0);
			wait_success(pid);
		}
}

static void *exec_program(void *argument)
{
	char *const argv[] = { argument, NULL };

	execve(argv[0], argv, environ);
	die("execve: %m");
}

/* exec_in_thread NAME */
static void job_exec_by_thread(void)
{
	pthread_t one;

	/* Its name is looked for here: the thread makes no other call. */
	pthread_create(&one, NULL, exec_program, (void *)program_beside(job_word(0)));
	pause();
}

/* chain: by way of a program that is not there to one of another abi */
static void job_chain(void)
{
	char *const argv[] = { (char *)program_beside(job_word(0)), NULL };

	execve("/nonexistent", argv, environ);
	execve("/proc", argv, environ);
	execve(argv[0], argv, environ);
}

/* Calls whose @what, a member of struct seccomp_data, is @value. */
static int confine_calls(size_t what, uint32_t value, uint32_t action, unsigned int flags)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, what),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("PR_SET_NO_NEW_PRIVS: %m");
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (fd < 0)
		die("seccomp: %m");
	return fd;
}

static int confine(uint32_t action, unsigned int flags)
{
	return confine_calls(offsetof(struct seccomp_data, nr), SYS_flock, action, flags);
}

/* Children with so many different calls that adding them up takes long. */
#define ALL_NUMBERS	335
#define X32		(1 << 30)
#define REFUSED_BY	20
#define REFUSED		0x5ca1ab1e

static void make_each_call(void)
{
	int nr;

	for (nr = 0; nr < ALL_NUMBERS; nr++) {
		syscall(nr, 0, 0, 0, 0, 0, REFUSED);
		syscall(X32 + nr, 0, 0, 0, 0, 0, REFUSED);
	}
	/* _exit() would leave the sixth argument as it is. */
	syscall(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

static void job_each_number(void)
{
	unsigned int i;

	confine_calls(offsetof(struct seccomp_data, args[5]), REFUSED, SECCOMP_RET_ERRNO | EPERM, 0);
	for (i = 0; i < REFUSED_BY; i++) {
		pid_t pid = fork();

		if (!pid)
			make_each_call();
		wait_success(pid);
	}
}

/* seccomp ACTION */
static void job_seccomp(void)
{
	handle(SIGSYS, 0);
	make_flocks(11);
	confine(job_number(0), 0);
	make_flocks(TIMES);
}

/* More numbers outside the tables than have rows of their own; each once more often. */
#define NUMBERS		40
#define ROWS		32
#define FIRST_NUMBER	9000

static void job_numbers(void)
{
	int i, j;

	for (i = 0; i < NUMBERS; i++)
		for (j = 0; j <= i; j++)
			call_64(FIRST_NUMBER + i, 0, 0, 0);
}

/* calls: without an end, until the test has it */
enum { BEGUN, ENDED };

static void job_calls(void)
{
	while (!__atomic_load_n(&board->step, __ATOMIC_SEQ_CST)) {
		__atomic_add_fetch(&board->number[BEGUN], 1, __ATOMIC_SEQ_CST);
		make_flocks(1);
		__atomic_add_fetch(&board->number[ENDED], 1, __ATOMIC_SEQ_CST);
	}
}

static int listener = -1;

static void *flock_notified(void *argument)
{
	int fd = confine(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	int i;

	__atomic_store_n(&listener, fd, __ATOMIC_SEQ_CST);
	for (i = 0; i < TIMES; i++)
		if (call_64(SYS_flock, -1, LOCK_UN, 0) != 7)
			die("the call was not answered");
	return argument;
}

static void job_seccomp_notify(void)
{
	pthread_t one;
	int i;

	pthread_create(&one, NULL, flock_notified, NULL);
	while (__atomic_load_n(&listener, __ATOMIC_SEQ_CST) < 0)
		;
	for (i = 0; i < TIMES; i++) {
		struct seccomp_notif request = {};
		struct seccomp_notif_resp answer = { .val = 7 };

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request))
			die("SECCOMP_IOCTL_NOTIF_RECV: %m");
		answer.id = request.id;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer))
			die("SECCOMP_IOCTL_NOTIF_SEND: %m");
	}
	pthread_join(one, NULL);
}

#define SLEEPS		20
#define SLEEP_NS	10000000

/* What the clock says of each: the least, the most and all of it */
enum { LEAST, MOST, ALL };

static void job_sleeps(void)
{
	const struct timespec time = { 0, SLEEP_NS };
	uint64_t before, took;
	int i;

	board->number[LEAST] = UINT64_MAX;
	for (i = 0; i < SLEEPS; i++) {
		before = clock_ns(CLOCK_MONOTONIC);
		call_64(SYS_nanosleep, (long)&time, 0, 0);
		took = clock_ns(CLOCK_MONOTONIC) - before;
		board->number[ALL] += took;
		if (took < board->number[LEAST])
			board->number[LEAST] = took;
		if (took > board->number[MOST])
			board->number[MOST] = took;
	}
}

const struct job jobs[] = {
	{ "errors", job_errors },
	{ "every_error", job_every_error },
	{ "results", job_results },
	{ "threads", job_threads },
	{ "signals", job_signals },
	{ "wait", job_wait },
	{ "pause", job_pause },
	{ "pauses", job_pauses },
	{ "forks", job_forks },
	{ "exec_in_thread", job_exec_by_thread },
	{ "chain", job_chain },
	{ "each_number", job_each_number },
	{ "seccomp", job_seccomp },
	{ "seccomp_notify", job_seccomp_notify },
	{ "numbers", job_numbers },
	{ "calls", job_calls },
	{ "sleeps", job_sleeps },
	{}
};

/*
 * Tests
 */

static struct reading reading;
static struct syscount_watch_row row;

FIXTURE(exits) {};

FIXTURE_VARIANT(exits) {
	const char *hook;
};

FIXTURE_VARIANT_ADD(exits, direct) { "direct" };
FIXTURE_VARIANT_ADD(exits, tracepoint) { "tracepoint" };
FIXTURE_VARIANT_ADD(exits, kprobe) { "kprobe" };

FIXTURE_SETUP(exits)
{
	module_ready(variant->hook);
	board_new();
}

FIXTURE_TEARDOWN(exits)
{
}

static void read_ended(struct __test_metadata *_metadata, const struct arm *arm)
{
	const char *flaw;

	watch_read(arm->fd, &reading);
	flaw = reading_flaw(&reading, arm->flags);
	EXPECT_EQ(NULL, flaw) {
		TH_LOG("flags %#x: %s", arm->flags, flaw);
	}
	close(arm->fd);
}

/* The whole life of a job that needs nothing from us. */
static int watch_job(struct __test_metadata *_metadata, unsigned int flags, const char *line)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, flags };
	int status = wait_status(job_start(&arm, 1, line));

	read_ended(_metadata, &arm);
	return status;
}

static void expect_row(struct __test_metadata *_metadata, int abi, int nr, uint64_t calls,
		       uint64_t exits, uint64_t errors, uint64_t restarted)
{
	row = row_of(&reading, abi, nr);
	EXPECT_EQ(calls, row.calls) {
		TH_LOG("abi %d nr %d", abi, nr);
	}
	EXPECT_EQ(exits, row.exits) {
		TH_LOG("abi %d nr %d", abi, nr);
	}
	EXPECT_EQ(errors, row.errors) {
		TH_LOG("abi %d nr %d", abi, nr);
	}
	EXPECT_EQ(restarted, row.restarted) {
		TH_LOG("abi %d nr %d", abi, nr);
	}
}

static void expect_none_refused(struct __test_metadata *_metadata)
{
	uint32_t i;

	for (i = 0; i < reading.head.row_count; i++) {
		EXPECT_EQ(0, reading.row[i].refused) {
			TH_LOG("abi %d nr %d", reading.row[i].abi, reading.row[i].nr);
		}
	}
}

/* '*' of abi 64; a row that is not there has nothing in it. */
static void expect_other(struct __test_metadata *_metadata, uint64_t calls, uint64_t exits,
			 uint64_t refused)
{
	struct syscount_watch_row other = {};
	uint32_t i;

	for (i = 0; i < reading.head.row_count; i++)
		if (reading.row[i].flags & SYSCOUNT_ROW_OTHER && reading.row[i].abi == A64)
			other = reading.row[i];
	EXPECT_EQ(calls, other.calls);
	EXPECT_EQ(exits, other.exits);
	EXPECT_EQ(exits, other.errors);
	EXPECT_EQ(refused, other.refused);
}

TEST_F(exits, errors_by_number)
{
	unsigned int i, by_number;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		ASSERT_EQ(0, watch_job(_metadata, with_exits[i], "errors"));
		expect_row(_metadata, A64, SYS_lseek, BADF + INVAL + SPIPE + GOOD,
			   BADF + INVAL + SPIPE + GOOD, BADF + INVAL + SPIPE, 0);
		expect_none_refused(_metadata);
		by_number = !!(with_exits[i] & ERRORS);
		EXPECT_EQ(by_number * BADF, errno_of(&reading, A64, SYS_lseek, EBADF));
		EXPECT_EQ(by_number * INVAL, errno_of(&reading, A64, SYS_lseek, EINVAL));
		EXPECT_EQ(by_number * SPIPE, errno_of(&reading, A64, SYS_lseek, ESPIPE));
	}
}

/* The cgroup's program: bpf_set_retval(-(optname & 4095)), and no further. */
static void answer_by_option(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_1,
		  .off = offsetof(struct bpf_sockopt, optname) },
		/* Linux 7.2 wants to see that it is an error's number. */
		{ .code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = BPF_REG_1, .imm = 4095 },
		{ .code = BPF_ALU64 | BPF_NEG, .dst_reg = BPF_REG_1 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_set_retval },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SOCKOPT,
		.expected_attach_type = BPF_CGROUP_SETSOCKOPT,
		.insn_cnt = ARRAY_SIZE(code),
		.insns = (uintptr_t)code,
		.license = (uintptr_t)"GPL",
	};
	union bpf_attr attach = { .attach_type = BPF_CGROUP_SETSOCKOPT };

	attach.attach_bpf_fd = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	attach.target_fd = open(ERROR_CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if ((int)attach.attach_bpf_fd < 0 || (int)attach.target_fd < 0 ||
	    syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)))
		die("a program for " ERROR_CGROUP ": %m");
	close(attach.attach_bpf_fd);
	close(attach.target_fd);
}

/*
 * Of one call a thread, and a group, can tell 144 errors apart, which is more than Linux has; of
 * others it is known that they were errors. The child's first are 101 to 244, which is what its group
 * has then; the own first are 1 to 144, of which those from 101 on find a place there.
 */
#define ROOM		144
#define CHILD_LAST	(CHILD_FROM + ROOM - 1)
#define OWN_LAST	(OWN_FROM + ROOM - 1)

TEST_F(exits, more_errors_than_there_are)
{
	uint64_t calls = times_of_errors(CHILD_FROM, CHILD_TO) + times_of_errors(OWN_FROM, OWN_TO);
	struct arm arm;
	int error;

	if (kernel_is("5.10."))
		SKIP(return, "Linux 5.10 has no bpf_set_retval()");
	ASSERT_EQ(0, mkdir(ERROR_CGROUP, 0755));
	answer_by_option();
	arm = (struct arm) { watch_file(), SYSCOUNT_BY_NONE, ERRORS };
	ASSERT_EQ(0, wait_status(job_start(&arm, 1, "every_error")));
	ASSERT_EQ(0, rmdir(ERROR_CGROUP));
	watch_read(arm.fd, &reading);
	close(arm.fd);

	expect_row(_metadata, A64, SYS_setsockopt, calls, calls, calls, 0);
	EXPECT_EQ(0, reading.head.lost);
	for (error = OWN_FROM; error <= CHILD_TO; error++) {
		unsigned int times = (error >= CHILD_FROM && error <= CHILD_LAST) +
				     (error >= CHILD_FROM && error <= OWN_LAST);

		EXPECT_EQ(times * times_of_error(error),
			  errno_of(&reading, A64, SYS_setsockopt, error)) {
			TH_LOG("error %d", error);
		}
	}
}

/* Errors are -4095 to -1. */
TEST_F(exits, results_that_are_no_errors)
{
	ASSERT_EQ(0, watch_job(_metadata, ERRORS, "results"));
	expect_row(_metadata, A64, SYS_lseek, 2 * TIMES, 2 * TIMES, 0, 0);
}

TEST_F(exits, calls_that_never_return)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		ASSERT_EQ(0, watch_job(_metadata, with_exits[i], "threads"));
		expect_row(_metadata, A64, SYS_exit, TIMES, 0, 0, 0);
		expect_row(_metadata, A64, SYS_exit_group, 1, 0, 0, 0);
		expect_row(_metadata, A64, SYS_clone3, TIMES, TIMES, 0, 0);
		expect_none_refused(_metadata);
	}
}

TEST_F(exits, rt_sigreturn)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		ASSERT_EQ(0, watch_job(_metadata, with_exits[i], "signals"));
		expect_row(_metadata, A64, SYS_rt_sigreturn, TIMES, TIMES, 0, 0);
		expect_row(_metadata, A64, SYS_kill, TIMES, TIMES, 0, 0);
		expect_none_refused(_metadata);
	}
}

/* Signals for a job that waits, each when it waits again. */
static void interrupt(pid_t pid, int nr)
{
	uint64_t i;

	board_await(1);
	for (i = 1; i <= SIGNALS; i++) {
		wait_blocked(pid, nr);
		kill(pid, SIGUSR1);
		while (__atomic_load_n(&board->number[0], __ATOMIC_SEQ_CST) < i)
			sched_yield();
	}
	wait_blocked(pid, nr);
}

static void interrupted_job(struct __test_metadata *_metadata, unsigned int index, int sa_flags)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, ERRORS | LATENCY };
	char line[64];
	int ends[2];
	pid_t pid;

	board_new();
	ASSERT_EQ(0, pipe(ends));
	snprintf(line, sizeof(line), "wait %u %d %d", index, sa_flags, ends[0]);
	pid = job_start(&arm, 1, line);
	interrupt(pid, waits[index].nr);
	ASSERT_EQ(1, write(ends[1], "x", 1));
	wait_success(pid);
	close(ends[0]);
	close(ends[1]);
	read_ended(_metadata, &arm);
	expect_none_refused(_metadata);
	/* Its result is that of the interrupted call, and none of its own. */
	expect_row(_metadata, A64, SYS_rt_sigreturn, SIGNALS, SIGNALS, 0, 0);
	EXPECT_EQ(sa_flags ? 0 : SIGNALS, board->number[2]);
}

/* Whether it is called again or answers EINTR is decided after the exit. */
TEST_F(exits, interrupted_and_called_again)
{
	interrupted_job(_metadata, 0, SA_RESTART);
	expect_row(_metadata, A64, SYS_readv, SIGNALS + 1, SIGNALS + 1, 0, SIGNALS);
}

TEST_F(exits, interrupted)
{
	interrupted_job(_metadata, 0, 0);
	expect_row(_metadata, A64, SYS_readv, SIGNALS + 1, SIGNALS + 1, 0, SIGNALS);
	EXPECT_EQ(0, errno_of(&reading, A64, SYS_readv, EINTR));
}

/* poll() with a time-out is called again only where no handler ran. */
TEST_F(exits, interrupted_poll)
{
	interrupted_job(_metadata, 3, 0);
	expect_row(_metadata, A64, SYS_poll, SIGNALS + 1, SIGNALS + 1, 0, SIGNALS);
}

/* This one says EINTR itself. */
TEST_F(exits, interrupted_with_an_error)
{
	interrupted_job(_metadata, 1, 0);
	expect_row(_metadata, A64, SYS_epoll_pwait, SIGNALS + 1, SIGNALS + 1, SIGNALS, 0);
	EXPECT_EQ(SIGNALS, errno_of(&reading, A64, SYS_epoll_pwait, EINTR));
}

static void stop_and_continue(pid_t pid)
{
	int status;

	kill(pid, SIGSTOP);
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		die("it does not stop: %#x", status);
	kill(pid, SIGCONT);
}

/* Stopped and continued, the kernel goes on by a call of its own. */
TEST_F(exits, restart_syscall)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, ERRORS | LATENCY };
	char line[64];
	int ends[2], i;
	pid_t pid;

	ASSERT_EQ(0, pipe(ends));
	snprintf(line, sizeof(line), "wait 3 0 %d", ends[0]);
	pid = job_start(&arm, 1, line);
	board_await(1);
	wait_blocked(pid, SYS_poll);
	for (i = 0; i < 3; i++) {
		stop_and_continue(pid);
		/* While it is about to go on it looks as if it was in that call already. */
		do
			watch_read(arm.fd, &reading);
		while (calls_of(&reading, A64, SYS_restart_syscall) != i + 1);
		wait_blocked(pid, SYS_restart_syscall);
	}
	watch_read(arm.fd, &reading);	/* it is counted before it is in flight */
	EXPECT_EQ(1, row_of(&reading, A64, SYS_restart_syscall).in_flight);
	EXPECT_EQ(0, row_of(&reading, A64, SYS_poll).in_flight);
	ASSERT_EQ(1, write(ends[1], "x", 1));
	wait_success(pid);
	read_ended(_metadata, &arm);
	expect_row(_metadata, A64, SYS_poll, 1, 1, 0, 1);
	expect_row(_metadata, A64, SYS_restart_syscall, 3, 3, 0, 2);
	expect_none_refused(_metadata);
}

/* A sleep that a handler interrupts has an end, with what is left of it. */
TEST_F(exits, interrupted_nanosleep)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, ERRORS };
	pid_t pid = job_start(&arm, 1, "wait 2 0 0");

	board_await(1);
	wait_blocked(pid, SYS_nanosleep);
	board->number[1] = 1;		/* the next one is of no time */
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	wait_success(pid);
	read_ended(_metadata, &arm);
	expect_row(_metadata, A64, SYS_nanosleep, 2, 2, 0, 1);
	EXPECT_EQ(0, errno_of(&reading, A64, SYS_nanosleep, EINTR));
	expect_row(_metadata, A64, SYS_rt_sigreturn, 1, 1, 0, 0);
}

TEST_F(exits, first_exit_of_a_child)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		ASSERT_EQ(0, watch_job(_metadata, with_exits[i], "forks"));
		expect_none_refused(_metadata);
		expect_row(_metadata, A64, SYS_fork, TIMES, TIMES, 0, 0);
		expect_row(_metadata, A64, SYS_clone, TIMES, TIMES, 0, 0);
		expect_row(_metadata, AI386, I386_FORK, TIMES, TIMES, 0, 0);
		expect_row(_metadata, A64, SYS_vfork, TIMES, TIMES, 0, 0);
		expect_row(_metadata, A64, SYS_exit_group, 1 + 4 * TIMES, 0, 0, 0);
		expect_row(_metadata, A64, SYS_wait4, 4 * TIMES, 4 * TIMES, 0, 0);
	}
}

/* It ends as another number of another abi, where that abi has it. */
static void program_of_abi(struct __test_metadata *_metadata, const char *name, unsigned int flags)
{
	char line[64];
	int status;

	snprintf(line, sizeof(line), "chain %s", name);
	status = watch_job(_metadata, flags, line);
	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) > 100);
	expect_row(_metadata, A64, SYS_execve, 4, 4, 2, 0);
	EXPECT_EQ(!!(flags & ERRORS), errno_of(&reading, A64, SYS_execve, ENOENT));
	EXPECT_EQ(!!(flags & ERRORS), errno_of(&reading, A64, SYS_execve, EACCES));
	expect_row(_metadata, AI386, I386_EXECVE, 0, 0, 0, 0);
	expect_row(_metadata, AX32, X32_EXECVE, 0, 0, 0, 0);
	expect_none_refused(_metadata);
}

TEST_F(exits, execve_of_another_abi)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		program_of_abi(_metadata, "calls_64", with_exits[i]);
		program_of_abi(_metadata, "calls_i386", with_exits[i]);
		if (kernel_has_x32())
			program_of_abi(_metadata, "calls_x32", with_exits[i]);
	}
}

/* It enters as one thread and leaves as another, whose call never comes to an end. */
static void exec_by_thread(struct __test_metadata *_metadata, int by, unsigned int flags)
{
	struct arm arm = { watch_file(), by, flags };
	int status;
	pid_t pid;

	pid = job_start(&arm, 1, "exec_in_thread calls_64");
	status = wait_status(pid);
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(CALLS_64, WEXITSTATUS(status));
	read_ended(_metadata, &arm);
	expect_none_refused(_metadata);
	expect_row(_metadata, A64, SYS_execve, 2, 2, 0, 0);
	expect_row(_metadata, A64, SYS_exit_group, 1, 0, 0, 0);
	expect_row(_metadata, A64, SYS_getpgid, CALLS_64, CALLS_64, CALLS_64, 0);
	EXPECT_GE(1, row_of(&reading, A64, SYS_pause).calls);
	if (by == SYSCOUNT_BY_PROCESS) {
		EXPECT_EQ(1, reading.head.group_count);
		EXPECT_EQ(pid, reading.group[0].pid);
		EXPECT_STREQ("calls_64", reading.group[0].command);
	}
}

TEST_F(exits, execve_by_another_thread)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		exec_by_thread(_metadata, SYSCOUNT_BY_NONE, with_exits[i]);
		exec_by_thread(_metadata, SYSCOUNT_BY_PROCESS, with_exits[i]);
		exec_by_thread(_metadata, SYSCOUNT_BY_THREAD, with_exits[i]);
	}
}

static void seccomp_job(struct __test_metadata *_metadata, unsigned int flags, uint32_t action,
			uint64_t handlers)
{
	char line[64];

	snprintf(line, sizeof(line), "seccomp %u", action);
	ASSERT_EQ(0, watch_job(_metadata, flags, line));
	expect_row(_metadata, A64, SYS_flock, 11, 11, 11, 0);
	EXPECT_EQ(TIMES, row.refused);
	EXPECT_EQ(flags & ERRORS ? 11 : 0, errno_of(&reading, A64, SYS_flock, EBADF));
	EXPECT_EQ(0, errno_of(&reading, A64, SYS_flock, EPERM));
	expect_row(_metadata, A64, SYS_rt_sigreturn, handlers, handlers, 0, 0);
	EXPECT_EQ(0, row.refused);
}

TEST_F(exits, refused_by_seccomp)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		seccomp_job(_metadata, with_exits[i], SECCOMP_RET_ERRNO | EPERM, 0);
		/* Answered with success is answered, too. */
		seccomp_job(_metadata, with_exits[i], SECCOMP_RET_ERRNO, 0);
		seccomp_job(_metadata, with_exits[i], SECCOMP_RET_TRAP, TIMES);
	}
	ASSERT_EQ(0, watch_job(_metadata, 0, "seccomp 0x00050001"));
	EXPECT_EQ(11, calls_of(&reading, A64, SYS_flock));
}

/* The same of all calls, by some who are not added up at once when they end, so memory can be missing. */
TEST_F(exits, each_number_refused)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, ERRORS };
	pid_t job = job_start(&arm, 1, "each_number");
	uint64_t refused;
	unsigned int i, again;
	int status;

	while (!waitpid(job, &status, WNOHANG))
		watch_read_flags(arm.fd, 0, &reading);
	ASSERT_EQ(0, status);
	for (again = 0; again < 2; again++) {
		watch_read(arm.fd, &reading);
		for (refused = i = 0; i < reading.head.row_count; i++)
			refused += reading.row[i].refused;
		/* What is lost can be another call of theirs, too. */
		EXPECT_LE(REFUSED_BY * ALL_NUMBERS * 2, refused + reading.head.lost);
		EXPECT_GE(REFUSED_BY * ALL_NUMBERS * 2, refused);
		EXPECT_LT(ALL_NUMBERS * 2, refused);
	}
	close(arm.fd);
}

TEST_F(exits, allowed_by_seccomp)
{
	ASSERT_EQ(0, watch_job(_metadata, ERRORS, "seccomp 0x7fff0000"));
	expect_row(_metadata, A64, SYS_flock, 11 + TIMES, 11 + TIMES, 11 + TIMES, 0);
	expect_none_refused(_metadata);
}

TEST_F(exits, answered_by_a_supervisor)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		ASSERT_EQ(0, watch_job(_metadata, with_exits[i], "seccomp_notify"));
		expect_row(_metadata, A64, SYS_flock, 0, 0, 0, 0);
		EXPECT_EQ(TIMES, row.refused);
	}
}

/* A tracer that skips a call leaves no number of it: it is one of '*'. */
static void traced(struct __test_metadata *_metadata, unsigned int flags, long to)
{
	pid_t pid = traced_child(TIMES, SYS_flock);
	struct arm arm = { .flags = flags };

	arm.fd = watch_open(SYSCOUNT_TARGET_TASK, SYSCOUNT_BY_NONE, flags, pid);
	trace_child(pid, SYS_flock, to);
	read_ended(_metadata, &arm);
	expect_row(_metadata, A64, SYS_flock, 0, 0, 0, 0);
	EXPECT_EQ(0, row.refused);
	EXPECT_EQ(1, calls_of(&reading, A64, SYS_exit_group));
}

TEST_F(exits, skipped_by_a_tracer)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		traced(_metadata, with_exits[i], -1);
		expect_other(_metadata, 0, 0, TIMES);
	}
	traced(_metadata, 0, -1);
	expect_other(_metadata, 0, 0, 0);
	EXPECT_EQ(1, reading.head.total);
}

TEST_F(exits, changed_by_a_tracer)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		traced(_metadata, with_exits[i], SYS_getpgid);
		expect_row(_metadata, A64, SYS_getpgid, TIMES, TIMES, TIMES, 0);
		expect_none_refused(_metadata);
	}
	traced(_metadata, 0, SYS_getpgid);
	EXPECT_EQ(TIMES, calls_of(&reading, A64, SYS_getpgid));
	EXPECT_EQ(TIMES + 1, reading.head.total);
}

/* What finds no row of its own is in '*', and nothing is nowhere. */
static void numbers(struct __test_metadata *_metadata, unsigned int flags)
{
	uint64_t calls = 0, other = 0;
	int i;

	ASSERT_EQ(0, watch_job(_metadata, flags, "numbers"));
	for (i = 0; i < NUMBERS; i++) {
		calls = i < ROWS ? i + 1 : 0;
		other += i + 1 - calls;
		expect_row(_metadata, A64, FIRST_NUMBER + i, calls, flags ? calls : 0,
			   flags ? calls : 0, 0);
	}
	expect_other(_metadata, other, flags ? other : 0, 0);
	EXPECT_EQ(NUMBERS * (NUMBERS + 1) / 2,
		  reading.head.categories[SYSCOUNT_CAT_UNKNOWN].calls);
	expect_none_refused(_metadata);
}

TEST_F(exits, more_numbers_than_rows)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++)
		numbers(_metadata, with_exits[i]);
	/* Without exits it is a matter of the hook. */
	if (reading.head.categories[SYSCOUNT_CAT_UNKNOWN].state == SYSCOUNT_ON)
		numbers(_metadata, 0);
}

static uint64_t calls_so_far(int which)
{
	return __atomic_load_n(&board->number[which], __ATOMIC_SEQ_CST);
}

static void let_it_call(void)
{
	uint64_t until = calls_so_far(ENDED) + 100;

	while (calls_so_far(ENDED) < until)
		sched_yield();
}

/*
 * While nothing is on, nothing is hooked; but entries are seen, so that no exit is without
 * one, and looks as if the call had been refused.
 */
static void switched_while_it_calls(struct __test_metadata *_metadata, unsigned int flags)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, flags };
	uint64_t least = 0, most = 0, before;
	unsigned int i;
	pid_t pid;

	board_new();
	all_enable(false);
	pid = job_start(&arm, 1, "calls");
	for (i = 0; i < 10; i++) {
		let_it_call();
		before = calls_so_far(ENDED);
		all_enable(true);
		most -= before;
		least -= calls_so_far(BEGUN);
		let_it_call();
		least += calls_so_far(ENDED);
		all_enable(false);
		most += calls_so_far(BEGUN);
	}
	let_it_call();
	board_step(1);
	wait_success(pid);
	all_enable(true);
	read_ended(_metadata, &arm);
	expect_none_refused(_metadata);
	row = row_of(&reading, A64, SYS_flock);
	EXPECT_LE(least, row.calls);
	EXPECT_GE(most, row.calls);
	EXPECT_EQ(row.calls, row.exits);
	EXPECT_EQ(row.calls, row.errors);
}

TEST(all_switched_while_calls_are_made)
{
	unsigned int i;

	module_ready("tracepoint");
	for (i = 0; i < ARRAY_SIZE(with_exits); i++)
		switched_while_it_calls(_metadata, with_exits[i]);
}

/* Killed in the call, it leaves by a way of the kernel that is no return to the program. */
TEST_F(exits, killed_in_a_call)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		struct arm arm = { watch_file(), SYSCOUNT_BY_NONE, with_exits[i] };
		pid_t pid = job_start(&arm, 1, "pause");

		wait_blocked(pid, SYS_pause);
		watch_read(arm.fd, &reading);
		expect_row(_metadata, A64, SYS_pause, 1, 0, 0, 0);
		EXPECT_EQ(1, row.in_flight);
		ASSERT_EQ(0, kill(pid, SIGKILL));
		EXPECT_EQ(SIGKILL, WTERMSIG(wait_status(pid)));
		read_ended(_metadata, &arm);
		row = row_of(&reading, A64, SYS_pause);
		EXPECT_EQ(1, row.calls);
		EXPECT_EQ(0, row.errors);
		EXPECT_EQ(row.exits, row.restarted);
		EXPECT_EQ(0, row.in_flight);
		EXPECT_EQ(0, calls_of(&reading, A64, SYS_exit_group));
	}
}

static void expect_in_flight(struct __test_metadata *_metadata, int nr, uint32_t threads,
			     unsigned int flags)
{
	row = row_of(&reading, A64, nr);
	EXPECT_EQ(threads, row.in_flight) {
		TH_LOG("nr %d", nr);
	}
	EXPECT_EQ(threads && flags & LATENCY, !!row.oldest_ns) {
		TH_LOG("nr %d", nr);
	}
}

TEST_F(exits, in_flight)
{
	uint64_t oldest, since;
	unsigned int i, j;

	for (j = 0; j < ARRAY_SIZE(with_exits); j++) {
		struct arm arm = { watch_file(), SYSCOUNT_BY_PROCESS, with_exits[j] };
		pid_t pid;

		board_new();
		pid = job_start(&arm, 1, "pauses");
		board_await(5);
		wait_blocked(pid, SYS_futex);
		for (i = 0; i < 4; i++)
			wait_blocked(board->member[i].tid, SYS_pause);
		since = clock_ns(CLOCK_MONOTONIC);
		watch_read(arm.fd, &reading);
		expect_row(_metadata, A64, SYS_pause, 4, 0, 0, 0);
		expect_in_flight(_metadata, SYS_pause, 4, with_exits[j]);
		oldest = row.oldest_ns;
		expect_in_flight(_metadata, SYS_futex, 1, with_exits[j]);
		expect_row(_metadata, A64, SYS_flock, 101, 101, 101, 0);
		expect_in_flight(_metadata, SYS_flock, 0, with_exits[j]);
		EXPECT_EQ(5, reading.head.threads);

		/* It grows as the clock does. */
		watch_read(arm.fd, &reading);
		row = row_of(&reading, A64, SYS_pause);
		EXPECT_GE(oldest + (clock_ns(CLOCK_MONOTONIC) - since), row.oldest_ns);
		EXPECT_LE(oldest, row.oldest_ns);

		board_step(1);
		wait_success(pid);
		read_ended(_metadata, &arm);
		expect_row(_metadata, A64, SYS_flock, 204, 204, 204, 0);
		EXPECT_EQ(4, calls_of(&reading, A64, SYS_pause));
		EXPECT_EQ(1, calls_of(&reading, A64, SYS_exit_group));
		expect_none_refused(_metadata);
	}
}

/* The one test here that measures time: by two clocks, of which neither waits for us. */
TEST_F(exits, nanosleep_takes_its_time)
{
	const struct syscount_watch_row *one;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(with_exits); i++) {
		board_new();
		ASSERT_EQ(0, watch_job(_metadata, with_exits[i], "sleeps"));
		expect_row(_metadata, A64, SYS_nanosleep, SLEEPS, SLEEPS, 0, 0);
		if (!(with_exits[i] & LATENCY))
			continue;
		EXPECT_LE(SLEEP_NS, row.min_ns);
		EXPECT_GE(board->number[LEAST], row.min_ns);
		EXPECT_GE(board->number[MOST], row.max_ns);
		EXPECT_GE(board->number[ALL], row.total_ns);
		EXPECT_LE((uint64_t)SLEEPS * SLEEP_NS, row.total_ns);
		one = group_row(&reading, &reading.group[0], A64, SYS_nanosleep);
		EXPECT_EQ(SLEEPS, details_sum(&reading, one, SYSCOUNT_DETAIL_LATENCY));
	}
}

TEST_HARNESS_MAIN

#endif
