// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All at once, again and again: what tasks do (begin, execute from another thread, change cgroup
 * and user, gain privileges, end and leave their number to others), what is done to watches of
 * them (opened, read and closed, by root and by nobody), and what is done to the module. Watches
 * that were there all the time have counted exactly, but for what a change of the hook may cost,
 * and nothing is left of the others.
 * The kernel's command line must have slab_nomerge.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "watch_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#define A		"/sys/fs/cgroup/watch_storm"
#define SUB		A "/sub"
#define PID_MAX		"/proc/sys/kernel/pid_max"
/* This program where everybody can reach it, and where it is root's for whoever executes it. */
#define PROGRAM		"/var/tmp/watch_storm"
#define GAINING		"/var/tmp/watch_storm.root"

#define NOBODY		65534
#define FLOCKS		3	/* each time that a task does something */

/*
 * What tasks do, each in a process that goes on until board->step is 2. board->member[]: .pid is
 * of who does it now, .calls of flock() in all; board->number[]: how often it was done.
 */
enum { BEGIN, EXECUTE, MOVE, GAIN, USE_AGAIN, DOERS };

static void *make_few(void *argument)
{
	make_flocks(FLOCKS);
	return argument;
}

static unsigned int begin(void)
{
	pthread_t thread;
	pid_t pid = fork_as(0);

	if (pid) {
		wait_success(pid);
		return 2 * FLOCKS;
	}
	board_sign(BEGIN);
	if (pthread_create(&thread, NULL, make_few, NULL))
		die("pthread_create");
	make_flocks(FLOCKS);
	pthread_join(thread, NULL);
	_exit(0);
}

static void *execute_again(void *argument)
{
	make_flocks(FLOCKS);
	job_exec("few");
}

static unsigned int execute(void)
{
	pthread_t thread;
	pid_t pid = fork_as(0);

	if (pid) {
		wait_success(pid);
		return 2 * FLOCKS;
	}
	board_sign(EXECUTE);
	if (pthread_create(&thread, NULL, execute_again, NULL))
		die("pthread_create");
	pause();
	_exit(1);
}

static unsigned int move(void)
{
	board_sign(MOVE);
	if (mkdir(SUB, 0755))
		die("mkdir " SUB ": %m");
	must_write(SUB "/cgroup.procs", "0");
	make_flocks(FLOCKS);
	must_write(A "/cgroup.procs", "0");
	if (rmdir(SUB))
		die("rmdir " SUB ": %m");
	return FLOCKS;
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		die("to become nobody: %m");
}

/* There and back; and for good, and by the execution of another's program back all the same. */
static unsigned int gain(void)
{
	pid_t pid = fork_as(0);

	if (pid) {
		wait_success(pid);
		return 3 * FLOCKS;
	}
	if (setresuid(NOBODY, NOBODY, 0))
		die("setresuid: %m");
	make_flocks(FLOCKS);
	if (setresuid(0, 0, 0))
		die("setresuid: %m");
	become_nobody();
	execl(PROGRAM, PROGRAM, "--job", "nobody", NULL);
	die("execve " PROGRAM ": %m");
}

static void job_nobody(void)
{
	board_sign(GAIN);
	make_flocks(FLOCKS);
	execl(GAINING, GAINING, "--job", "gained", NULL);
	die("execve " GAINING ": %m");
}

static void job_gained(void)
{
	if (geteuid())
		die(GAINING " is not root's");
	call_64(SYS_getpgid, -1, 0, 0);
	make_flocks(FLOCKS);
}

static unsigned int use_again(void)
{
	static pid_t number;
	pid_t pid = fork_as(number);

	if (pid < 0)
		pid = fork_as(0);
	if (pid) {
		number = pid;
		wait_success(pid);
		return FLOCKS;
	}
	board_sign(USE_AGAIN);
	make_flocks(FLOCKS);
	_exit(0);
}

static unsigned int (*const doer[DOERS])(void) = {
	[BEGIN] = begin,
	[EXECUTE] = execute,
	[MOVE] = move,
	[GAIN] = gain,
	[USE_AGAIN] = use_again,
};

/* board->number[] of this one: so many microseconds after all that is done. */
#define REST		(BOARD_MEMBERS - 1)

static uint64_t times(unsigned int index)
{
	return __atomic_load_n(&board->number[index], __ATOMIC_SEQ_CST);
}

static bool goes_on(void)
{
	return __atomic_load_n(&board->step, __ATOMIC_SEQ_CST) < 2;
}

static void rest(void)
{
	if (board->number[REST])
		usleep(board->number[REST]);
}

static void job_few(void)
{
	make_flocks(FLOCKS);
}

static void job_doers(void)
{
	unsigned int i;
	int status;

	must_write(A "/cgroup.procs", "0");
	for (i = 0; i < DOERS; i++) {
		if (fork_as(0))
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (goes_on()) {
			board->member[i].calls += doer[i]();
			__atomic_add_fetch(&board->number[i], 1, __ATOMIC_SEQ_CST);
			rest();
		}
		_exit(0);
	}
	/* Whoever fails is not to be waited for in vain. */
	for (i = 0; i < DOERS; i++)
		if (wait(&status) < 0 || status)
			die("one of those who do it: status %#x", status);
}

const struct job jobs[] = {
	{ "doers", job_doers },
	{ "few", job_few },
	{ "nobody", job_nobody },
	{ "gained", job_gained },
	{}
};

/*
 * Those who watch. board->number[DOERS + index]: how often.
 */
enum { ROOT, ANOTHER_ROOT, ONE_WITHOUT_RIGHTS, WALKERS };

/* board->number[] of this one: nobody is to open the device. */
#define KEEP_OUT	(DOERS + WALKERS)

static struct reading reading;
/* A call may count twice, or not, where the hook changes, as it also does soon after loading. */
static bool hook_changes;

/* Return: -1 where the module is not there, and need not be, or its device not everybody's yet. */
static int open_device(bool comes_and_goes)
{
	int fd = open(SYSCOUNT_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 && !(comes_and_goes && (errno == ENOENT || errno == ENODEV || errno == ENXIO ||
					   (errno == EACCES && geteuid()))))
		die("open " SYSCOUNT_DEVICE ": %m");
	return fd;
}

/* Of FLOCKS calls */
static void expect_flocks_between(uint64_t least, uint64_t most)
{
	uint64_t calls = calls_of(&reading, A64, SYS_flock);

	if (!hook_changes && (calls < least || calls > most))
		die("flock() was counted %llu times", (unsigned long long)calls);
}

/* Return: was there something to watch, and was it there still? */
static bool watch_one(int fd, unsigned int random)
{
	unsigned int flags = random % 8, by = random / 8 % (SYSCOUNT_BY_COMMAND + 1);
	unsigned int who = random / 64 % DOERS;
	int target, of = 0, err;

	switch (random / 512 % 4) {
	case 0:
		target = SYSCOUNT_TARGET_ALL;
		break;
	case 1:
		target = SYSCOUNT_TARGET_CGROUP;
		of = open(random / 2048 % 2 ? SUB : A, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (of < 0)
			return false;
		break;
	default:
		target = SYSCOUNT_TARGET_TASK;
		of = __atomic_load_n(&board->member[who].pid, __ATOMIC_SEQ_CST);
		break;
	}
	err = watch_make(fd, target, by, flags, of);
	if (target == SYSCOUNT_TARGET_CGROUP)
		close(of);
	if ((target == SYSCOUNT_TARGET_TASK && err == -ESRCH) ||
	    (target == SYSCOUNT_TARGET_CGROUP && err == -ENOENT))
		return false;
	if (err)
		die("SYSCOUNT_IOC_WATCH target %d by %u flags %#x: %s", target, by, flags,
		    strerror(-err));
	/* A number that is used again is another process, which is not watched. */
	if (target == SYSCOUNT_TARGET_TASK && who == USE_AGAIN) {
		uint64_t until = times(USE_AGAIN) + 3;

		while (times(USE_AGAIN) < until && goes_on())
			usleep(100);
	}
	err = watch_read_flags(fd, random / 4096 & SYSCOUNT_READ_FORGET, &reading);
	if (err)
		die("SYSCOUNT_IOC_READ_WATCH: %s", strerror(-err));
	if (target == SYSCOUNT_TARGET_TASK && who == USE_AGAIN)
		expect_flocks_between(0, FLOCKS);
	return true;
}

/* Return: is it a watch by now? */
static bool read_who_gains(int fd)
{
	int err = watch_read_flags(fd, 0, &reading);

	if (err == -EINVAL)
		return false;
	if (err)
		die("SYSCOUNT_IOC_READ_WATCH: %s", strerror(-err));
	expect_flocks_between(0, FLOCKS);
	if (calls_of(&reading, A64, SYS_getpgid))
		die("nobody sees what root calls");
	return true;
}

/* A child, until it gains what @fd's opener has not; or until some moment before. */
static bool watch_who_gains(int fd, unsigned int random)
{
	unsigned int readings = random / 64 % 64;
	pid_t pid = fork_as(0);
	int err;

	if (!pid) {
		/* There is a limit of so many in a second. */
		while ((err = watch_make(fd, SYSCOUNT_TARGET_SELF,
					 random / 8 % (SYSCOUNT_BY_COMMAND + 1), random % 8,
					 0)) == -EAGAIN)
			usleep(1000);
		if (err)
			die("SYSCOUNT_IOC_WATCH: %s", strerror(-err));
		execl(PROGRAM, PROGRAM, "--job", "nobody", NULL);
		die("execve " PROGRAM ": %m");
	}
	while (!read_who_gains(fd))
		no_child_failed();
	if (random / 4096 % 2) {
		wait_success(pid);
		pid = 0;
		read_who_gains(fd);
		expect_flocks_between(FLOCKS, FLOCKS);
		if (reading.head.left != 1)
			die("it has not left");
	}
	while (readings--)
		read_who_gains(fd);
	close(fd);
	if (pid)
		wait_success(pid);
	return true;
}

static bool watch_and_close(int fd, unsigned int random)
{
	bool watched = watch_one(fd, random);

	close(fd);
	return watched;
}

static pid_t start_walker(unsigned int index, bool comes_and_goes)
{
	bool (*walk)(int fd, unsigned int random) = watch_and_close;
	unsigned int seed = index + 1;
	pid_t pid = fork_as(0);
	int fd;

	if (pid)
		return pid;
	if (index == ONE_WITHOUT_RIGHTS) {
		become_nobody();
		walk = watch_who_gains;
	}
	/* Another user's is forgotten. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (goes_on()) {
		while (__atomic_load_n(&board->number[KEEP_OUT], __ATOMIC_SEQ_CST))
			usleep(1000);
		fd = open_device(comes_and_goes);
		if (fd >= 0 && walk(fd, rand_r(&seed)))
			__atomic_add_fetch(&board->number[DOERS + index], 1, __ATOMIC_SEQ_CST);
		rest();
		if (comes_and_goes)
			usleep(2000);	/* for who loads and unloads it */
	}
	_exit(0);
}

/*
 * What is done to the module
 */
static void nothing(unsigned int round)
{
	usleep(1000);
}

static void reset(unsigned int round)
{
	if (round % 2)
		reset_by_ioctl();
	else
		reset_by_sysfs();
}

static void other_hook(unsigned int round)
{
	static const char *const hooks[] = { "kprobe", "tracepoint", "direct" };

	hook_choose(hooks[round % ARRAY_SIZE(hooks)]);
}

static void cpu_away(unsigned int round)
{
	cpu_switch(cpus_present() - 1, false);
	cpu_switch(cpus_present() - 1, true);
}

static uint64_t watches(void)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < WALKERS; i++)
		sum += times(DOERS + i);
	return sum;
}

/* Once there were watches of the one that is there. */
static void other_module(unsigned int round)
{
	static const char *const parameters[] = { "hook=tracepoint", "hook=auto" };
	uint64_t before = watches();
	unsigned int refused = 0;
	int err;

	while (watches() < before + WALKERS) {
		no_child_failed();
		usleep(1000);
	}
	while ((err = module_remove()) == -EWOULDBLOCK) {
		no_child_failed();
		/* The moment may not come in which all have closed it. */
		board->number[KEEP_OUT] = ++refused > 100;
		usleep(100);
	}
	board->number[KEEP_OUT] = 0;
	if (!err)
		err = module_insert(parameters[round % ARRAY_SIZE(parameters)]);
	if (err)
		die("the module: %s", strerror(-err));
}

FIXTURE(storm) {
	char pid_max[16];
};

FIXTURE_VARIANT(storm) {
	const char *hook;	/* to begin with; NULL: the best */
	void (*disturb)(unsigned int round);
	unsigned int few;
	unsigned int many;
};

#define STORM(name, hook, disturb, few, many)	\
	FIXTURE_VARIANT_ADD(storm, name) { hook, disturb, few, many }

STORM(undisturbed, NULL, nothing, 0, 0);
STORM(undisturbed_tracepoint, "tracepoint", nothing, 0, 0);
STORM(undisturbed_kprobe, "kprobe", nothing, 0, 0);
STORM(reset, NULL, reset, 50, 600);
STORM(hook_changed, "direct", other_hook, 3, 60);
STORM(cpu_away, NULL, cpu_away, 3, 60);
STORM(unloaded, NULL, other_module, 2, 30);

FIXTURE_SETUP(storm)
{
	module_ready(variant->hook ? variant->hook : best_hook());
	board_new();
	/* Of a test that ended in the middle */
	cpu_switch(cpus_present() - 1, true);
	rmdir(SUB);
	slabs_await_empty();
	copy_program("/proc/self/exe", PROGRAM, 0755);
	copy_program("/proc/self/exe", GAINING, 04755);
	if (mkdir(A, 0755) && errno != EEXIST)
		die(A ": %m");
	/*
	 * Nobody but USE_AGAIN is to use a number again; small kernels (without CONFIG_BASE_FULL)
	 * have 32,768 at most, and then it is unlikely only.
	 */
	file_read(PID_MAX, self->pid_max, sizeof(self->pid_max));
	if (file_write(PID_MAX, "4194304"))
		must_write(PID_MAX, "32768");
}

FIXTURE_TEARDOWN(storm)
{
	must_write(PID_MAX, self->pid_max);
	unlink(PROGRAM);
	unlink(GAINING);
	cpu_switch(cpus_present() - 1, true);
	rmdir(A);
}

/* So often at least, each of them. */
static bool all_did(uint64_t rounds)
{
	unsigned int i;

	for (i = 0; i < DOERS + WALKERS; i++)
		if (times(i) < rounds)
			return false;
	return true;
}

static void expect_flocks(struct __test_metadata *_metadata, const struct arm *arm,
			  uint64_t tolerance)
{
	uint64_t calls = 0, counts;
	const char *flaw;
	unsigned int i;

	for (i = 0; i < DOERS; i++)
		calls += board->member[i].calls;
	watch_read(arm->fd, &reading);
	EXPECT_EQ(0, reading.head.lost + reading.head.lost_threads + reading.head.threads);
	counts = calls_of(&reading, A64, SYS_flock);
	EXPECT_GE(calls + tolerance, counts);
	EXPECT_LE(calls, counts + tolerance);
	if (tolerance)
		return;
	EXPECT_EQ(board->number[GAIN], calls_of(&reading, A64, SYS_getpgid));
	flaw = reading_flaw(&reading, arm->flags);
	EXPECT_EQ(NULL, flaw) {
		TH_LOG("%s", flaw);
	}
}

TEST_F(storm, on_all_that_tasks_do)
{
	bool comes_and_goes = variant->disturb == other_module;
	/* With each change a call of each thread can be lost, or count twice. */
	uint64_t tolerance = variant->disturb == other_hook ? 2 * DOERS : 0;
	unsigned int i, rounds = dose(variant->few, variant->many), least = dose(4, 30);
	struct arm arms[] = {
		{ -1, SYSCOUNT_BY_NONE, 0 }, { -1, SYSCOUNT_BY_COMMAND, ERRORS | LATENCY },
	};
	pid_t job, walkers[WALKERS];

	if (variant->disturb == cpu_away && cpus_present() == 1)
		SKIP(return, "there is one CPU only");
	hook_changes = tolerance || comes_and_goes;
	/*
	 * A change of the hook waits many times until all tasks slept or were in userspace. While
	 * none of them ever had to sleep, that was half a minute each with KASAN, and two with KCSAN.
	 */
	if (tolerance && kernel_slowness() > 1)
		board->number[REST] = 10000;
	for (i = 0; !comes_and_goes && i < ARRAY_SIZE(arms); i++)
		arms[i].fd = watch_file();
	job = job_start(arms, comes_and_goes ? 0 : ARRAY_SIZE(arms), "doers");
	for (i = 0; i < WALKERS; i++)
		walkers[i] = start_walker(i, comes_and_goes);
	for (i = 0; i < rounds || !all_did(least); i++) {
		variant->disturb(i);
		no_child_failed();
	}
	tolerance *= i;
	board_step(2);
	wait_success(job);
	for (i = 0; i < WALKERS; i++)
		wait_success(walkers[i]);
	tell("%llu begun, %llu executed, %llu moved, %llu gained, %llu used again; "
	     "%llu and %llu watches by root, %llu by nobody",
	     (unsigned long long)board->number[BEGIN], (unsigned long long)board->number[EXECUTE],
	     (unsigned long long)board->number[MOVE], (unsigned long long)board->number[GAIN],
	     (unsigned long long)board->number[USE_AGAIN],
	     (unsigned long long)board->number[DOERS + ROOT],
	     (unsigned long long)board->number[DOERS + ANOTHER_ROOT],
	     (unsigned long long)board->number[DOERS + ONE_WITHOUT_RIGHTS]);
	for (i = 0; !comes_and_goes && i < ARRAY_SIZE(arms); i++) {
		expect_flocks(_metadata, &arms[i], tolerance);
		close(arms[i].fd);
	}
	EXPECT_EQ(0, file_read_u64(SYSCOUNT_SYSFS "watches"));
	slabs_await_empty();
}

TEST_HARNESS_MAIN
