// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A call counts when the kernel enters it: once, whether it returns, returns
 * twice, never or elsewhere. What is refused before it is entered does not count.
 */

#include "../kselftest_harness.h"

#include <limits.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "syscount_test.h"

#define A64	SYSCOUNT_ABI_64
#define TIMES	101

static struct counts before, after;

static uint64_t more(int nr)
{
	return counts_of(&after, A64, nr) - counts_of(&before, A64, nr);
}

/* Run @child in a process of its own, ended by exit_group(). */
static pid_t start(void (*child)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		/* A case that fails leaves none behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		child();
		_exit(0);
	}
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("waitpid: %s", strerror(errno));
	return status;
}

FIXTURE(counted_once)
{
};

FIXTURE_VARIANT(counted_once)
{
	const char *hook;
};

FIXTURE_VARIANT_ADD(counted_once, direct)
{
	.hook = "direct",
};

FIXTURE_VARIANT_ADD(counted_once, tracepoint)
{
	.hook = "tracepoint",
};

FIXTURE_VARIANT_ADD(counted_once, kprobe)
{
	.hook = "kprobe",
};

FIXTURE_SETUP(counted_once)
{
	module_ready(variant->hook);
	wait_until_alone();
	counts_read_ioctl(&before);
}

FIXTURE_TEARDOWN(counted_once)
{
}

static void do_nothing(void)
{
}

TEST_F(counted_once, fork_and_exit_group)
{
	unsigned int i;

	for (i = 0; i < TIMES; i++)
		ASSERT_EQ(0, wait_for(start(do_nothing)));
	counts_read_ioctl(&after);
	EXPECT_EQ(TIMES, more(SYS_clone));	/* what the C library makes of fork() */
	EXPECT_EQ(TIMES, more(SYS_exit_group));
	EXPECT_EQ(TIMES, more(SYS_wait4));
	EXPECT_EQ(0, more(SYS_exit));
}

static void *thread(void *argument)
{
	return argument;
}

static void clone_a_thread(void)
{
	pthread_t one;

	if (pthread_create(&one, NULL, thread, NULL) || pthread_join(one, NULL))
		die("pthread_create");
}

TEST_F(counted_once, thread_and_exit)
{
	unsigned int i;

	for (i = 0; i < TIMES; i++)
		clone_a_thread();
	counts_read_ioctl(&after);
	/* The C library makes the one or the other of it. */
	EXPECT_EQ(TIMES, more(SYS_clone3) + more(SYS_clone));
	EXPECT_EQ(TIMES, more(SYS_exit));
	EXPECT_EQ(0, more(SYS_exit_group));
}

TEST_F(counted_once, clone3_process)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	unsigned int i;
	pid_t pid;

	for (i = 0; i < TIMES; i++) {
		pid = syscall(SYS_clone3, &args, sizeof(args));
		ASSERT_LE(0, pid);
		if (!pid)
			_exit(0);
		ASSERT_EQ(0, wait_for(pid));
	}
	counts_read_ioctl(&after);
	EXPECT_EQ(TIMES, more(SYS_clone3));
	EXPECT_EQ(TIMES, more(SYS_exit_group));
}

static __attribute__((noinline)) pid_t start_by_vfork(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	return pid;
}

TEST_F(counted_once, vfork_child)
{
	unsigned int i;

	for (i = 0; i < TIMES; i++)
		ASSERT_EQ(0, wait_for(start_by_vfork()));
	counts_read_ioctl(&after);
	EXPECT_EQ(TIMES, more(SYS_vfork));
	EXPECT_EQ(TIMES, more(SYS_exit_group));
}

static void fail_and_succeed_in_execve(void)
{
	char path[PATH_MAX];

	execl("/nonexistent", "nonexistent", NULL);
	snprintf(path, sizeof(path), "%s/" PROGRAM_32, program_dir());
	execl(path, path, NULL);
}

/* One that fails and one that leaves as another program of another abi. */
TEST_F(counted_once, execve)
{
	int status = wait_for(start(fail_and_succeed_in_execve));

	ASSERT_TRUE(WIFEXITED(status));
	ASSERT_LT(100, WEXITSTATUS(status));
	counts_read_ioctl(&after);
	EXPECT_EQ(2, more(SYS_execve));
	EXPECT_EQ(0, more(SYS_exit_group));
	EXPECT_EQ(1, counts_of(&after, ABI_32, EXIT_GROUP_32) -
		     counts_of(&before, ABI_32, EXIT_GROUP_32));
}

static void *exec_from_a_thread(void *argument)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" PROGRAM_32, program_dir());
	execl(path, path, NULL);
	return argument;
}

static void exec_by_a_thread(void)
{
	pthread_t one;

	pthread_create(&one, NULL, exec_from_a_thread, NULL);
	pause();
}

/* It enters under one thread id and leaves under another; the leader's call never returns. */
TEST_F(counted_once, execve_by_another_thread)
{
	int status = wait_for(start(exec_by_a_thread));

	ASSERT_TRUE(WIFEXITED(status));
	ASSERT_LT(100, WEXITSTATUS(status));
	counts_read_ioctl(&after);
	EXPECT_EQ(1, more(SYS_execve));
	EXPECT_GE(1, more(SYS_pause));
}

static void sleep_for_ever(void)
{
	pause();
}

TEST_F(counted_once, killed_in_a_call)
{
	pid_t pid = start(sleep_for_ever);

	wait_blocked(pid, SYS_pause);
	counts_read_ioctl(&after);
	EXPECT_EQ(1, more(SYS_pause));

	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, WTERMSIG(wait_for(pid)));
	counts_read_ioctl(&after);
	EXPECT_EQ(1, more(SYS_pause));
	EXPECT_EQ(0, more(SYS_exit_group));
}

static int pipe_fds[2];

static void read_vector(void)
{
	char byte;
	struct iovec to = { &byte, 1 };

	if (readv(pipe_fds[0], &to, 1) != 1)
		_exit(1);
}

/* Counted while it waits, and not again when it ends. */
TEST_F(counted_once, blocked_read)
{
	pid_t pid;

	ASSERT_EQ(0, pipe(pipe_fds));
	pid = start(read_vector);
	wait_blocked(pid, SYS_readv);
	counts_read_ioctl(&after);
	EXPECT_EQ(1, more(SYS_readv));
	ASSERT_EQ(1, write(pipe_fds[1], "x", 1));
	EXPECT_EQ(0, wait_for(pid));
	counts_read_ioctl(&after);
	EXPECT_EQ(1, more(SYS_readv));
}

static volatile sig_atomic_t signals;

static void handler(int signal)
{
	(void)signal;
	signals++;
}

static void handle(int signal, int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	if (sigaction(signal, &action, NULL))
		die("sigaction: %s", strerror(errno));
}

TEST_F(counted_once, rt_sigreturn)
{
	unsigned int i;

	handle(SIGUSR1, 0);
	for (i = 0; i < TIMES; i++)
		ASSERT_EQ(0, kill(getpid(), SIGUSR1));
	ASSERT_EQ(TIMES, signals);
	counts_read_ioctl(&after);
	EXPECT_EQ(TIMES, more(SYS_rt_sigreturn));
	EXPECT_EQ(TIMES, more(SYS_kill));
}

static void read_vector_restarted(void)
{
	handle(SIGUSR1, SA_RESTART);
	read_vector();
	_exit(signals != 1);
}

/* The kernel enters the call again after the handler: two entries. */
TEST_F(counted_once, restarted_after_a_handler)
{
	pid_t pid;

	ASSERT_EQ(0, pipe(pipe_fds));
	pid = start(read_vector_restarted);
	wait_blocked(pid, SYS_readv);
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	/* The second entry is the event: it is counted before it blocks. */
	while (counted(A64, SYS_readv) - counts_of(&before, A64, SYS_readv) < 2)
		sched_yield();
	wait_blocked(pid, SYS_readv);
	ASSERT_EQ(1, write(pipe_fds[1], "x", 1));
	EXPECT_EQ(0, wait_for(pid));
	counts_read_ioctl(&after);
	EXPECT_EQ(2, more(SYS_readv));
	EXPECT_EQ(1, more(SYS_rt_sigreturn));
	EXPECT_EQ(0, more(SYS_restart_syscall));
}

static void read_vector_interrupted(void)
{
	char byte;
	struct iovec to = { &byte, 1 };

	handle(SIGUSR1, 0);
	_exit(readv(pipe_fds[0], &to, 1) != -1 || errno != EINTR);
}

TEST_F(counted_once, interrupted)
{
	pid_t pid;

	ASSERT_EQ(0, pipe(pipe_fds));
	pid = start(read_vector_interrupted);
	wait_blocked(pid, SYS_readv);
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	EXPECT_EQ(0, wait_for(pid));
	counts_read_ioctl(&after);
	EXPECT_EQ(1, more(SYS_readv));
	EXPECT_EQ(1, more(SYS_rt_sigreturn));
}

static void poll_with_timeout(void)
{
	struct pollfd one = { .fd = pipe_fds[0], .events = POLLIN };

	_exit(poll(&one, 1, 1000000) != 1);
}

/* Stopped and continued: the kernel goes on by a call of its own, restart_syscall. */
TEST_F(counted_once, restart_syscall)
{
	pid_t pid;
	int status;

#ifndef __x86_64__
	SKIP(return, "the C library's poll() is ppoll(), which is made anew");
#endif
	ASSERT_EQ(0, pipe(pipe_fds));
	pid = start(poll_with_timeout);
	wait_blocked(pid, SYS_poll);
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	wait_blocked(pid, SYS_restart_syscall);
	counts_read_ioctl(&after);
	EXPECT_EQ(1, more(SYS_poll));
	EXPECT_EQ(1, more(SYS_restart_syscall));
	ASSERT_EQ(1, write(pipe_fds[1], "x", 1));
	EXPECT_EQ(0, wait_for(pid));
	counts_read_ioctl(&after);
	EXPECT_EQ(1, more(SYS_poll));
	EXPECT_EQ(1, more(SYS_restart_syscall));
}

static uint32_t filter_action;

/* All calls are let through but flock(), which gets filter_action. */
static void confine(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_flock, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, filter_action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("seccomp: %s", strerror(errno));
}

static void flock_confined(void)
{
	unsigned int i;

	handle(SIGSYS, 0);
	confine();
	for (i = 0; i < TIMES; i++)
		call_64(SYS_flock, -1, 0, 0);
	_exit(signals);
}

static int flock_with(uint32_t action)
{
	int status;

	filter_action = action;
	status = wait_for(start(flock_confined));
	counts_read_ioctl(&after);
	return status;
}

TEST_F(counted_once, allowed_by_seccomp)
{
	EXPECT_EQ(0, flock_with(SECCOMP_RET_ALLOW));
	EXPECT_EQ(TIMES, more(SYS_flock));
}

TEST_F(counted_once, refused_by_seccomp)
{
	int status;

	EXPECT_EQ(0, flock_with(SECCOMP_RET_ERRNO | EPERM));
	EXPECT_EQ(0, more(SYS_flock));

	status = flock_with(SECCOMP_RET_TRAP);
	EXPECT_EQ(TIMES, WEXITSTATUS(status));
	EXPECT_EQ(0, more(SYS_flock));
	EXPECT_EQ(TIMES, more(SYS_rt_sigreturn));

	EXPECT_EQ(SIGSYS, WTERMSIG(flock_with(SECCOMP_RET_KILL_PROCESS)));
	EXPECT_EQ(0, more(SYS_flock));
	/* Of the three children one never came to its exit. */
	EXPECT_EQ(2, more(SYS_exit_group));
}

static volatile char selector;

static void dispatched(int signal)
{
	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	handler(signal);
}

static void flock_dispatched(void)
{
	struct sigaction action = { .sa_handler = dispatched };
	unsigned int i;

	sigaction(SIGSYS, &action, NULL);
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector))
		die("syscall user dispatch: %s", strerror(errno));
	call_64(SYS_flock, -1, 0, 0);		/* let through */
	for (i = 0; i < TIMES; i++) {
		selector = SYSCALL_DISPATCH_FILTER_BLOCK;
		call_64(SYS_flock, -1, 0, 0);
	}
	_exit(signals);
}

TEST_F(counted_once, syscall_user_dispatch)
{
	int status;

	if (!kernel_has_hook("direct"))
		SKIP(return, "before Linux 5.11 there is none");
	status = wait_for(start(flock_dispatched));
	EXPECT_EQ(TIMES, WEXITSTATUS(status));
	counts_read_ioctl(&after);
	EXPECT_EQ(1, more(SYS_flock));
	EXPECT_EQ(TIMES, more(SYS_rt_sigreturn));
}

TEST_HARNESS_MAIN
