// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs for strace_agreement.sh that know what they call: the first argument
 * says which one. How many calls of what, the script says beside their names.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS		8
#define GETPPIDS	251
#define DUPS		127
#define CHILDREN	1000
#define SPAWNS		20

static void pause_a_little(void)
{
	usleep(2000);
}

/* "PID (name) S ...": the name has no parenthesis here. */
static char state_of(pid_t tid)
{
	char path[64], text[256] = "", *end;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || pread(fd, text, sizeof(text) - 1, 0) < 0)
		err(1, "%s", path);
	close(fd);
	end = strchr(text, ')');
	return end ? end[2] : '?';
}

static int call_of(pid_t tid)
{
	char path[64], text[256] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || pread(fd, text, sizeof(text) - 1, 0) < 0)
		err(1, "%s", path);
	close(fd);
	return text[0] >= '0' && text[0] <= '9' ? atoi(text) : -1;
}

/*
 * Until it sleeps in this call. A tracer stops it before it enters, and one that is
 * killed there never enters: that is another state.
 */
static void wait_inside(pid_t tid, int nr)
{
	while (call_of(tid) != nr || state_of(tid) != 'S')
		pause_a_little();
}

static void *call_much(void *unused)
{
	int i;

	for (i = 0; i < GETPPIDS; i++)
		syscall(SYS_getppid);
	for (i = 0; i < DUPS; i++)
		syscall(SYS_dup, -1);
	return NULL;
}

static volatile pid_t sleeper;

static void *sleep_for_ever(void *unused)
{
	sleeper = (pid_t)syscall(SYS_gettid);
	for (;;)
		syscall(SYS_pause);
	return NULL;
}

/* One more thread is killed in its call. */
static int threads(void)
{
	pthread_t all[THREADS], other;
	int i;

	for (i = 0; i < THREADS; i++)
		pthread_create(&all[i], NULL, call_much, NULL);
	for (i = 0; i < THREADS; i++)
		pthread_join(all[i], NULL);
	pthread_create(&other, NULL, sleep_for_ever, NULL);
	while (!sleeper)
		pause_a_little();
	wait_inside(sleeper, SYS_pause);
	return 0;
}

static int forks(void)
{
	int i;

	for (i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return 0;
}

static int channel[2];
static volatile int handled;

static void just_handle(int sig)
{
	handled++;
}

static void handle_and_write(int sig)
{
	handled++;
	if (write(channel[1], "x", 1) < 0)
		_exit(1);
}

/* A child that sends the caller a signal when it sleeps in that call. */
static pid_t signal_inside(int nr, int sig)
{
	pid_t self = getpid(), pid = fork();

	if (pid)
		return pid;
	wait_inside(self, nr);
	kill(self, sig);
	_exit(0);
}

static void catch_alarm(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
}

/* readv() and nanosleep(), since the C library uses read() and clock_nanosleep(). */
static int signals(void)
{
	struct timespec hour = { .tv_sec = 3600 };
	char byte;
	struct iovec place = { .iov_base = &byte, .iov_len = 1 };
	sigset_t set;
	pid_t pid;

	/* A tracer makes one that nobody handles interrupt, too. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (pipe(channel))
		err(1, "pipe");

	/* EINTR */
	catch_alarm(just_handle, 0);
	pid = signal_inside(SYS_readv, SIGALRM);
	if (readv(channel[0], &place, 1) != -1 || errno != EINTR || handled != 1)
		errx(1, "readv was not interrupted");
	waitpid(pid, NULL, 0);

	/* Called again after the handler */
	catch_alarm(handle_and_write, SA_RESTART);
	pid = signal_inside(SYS_readv, SIGALRM);
	if (readv(channel[0], &place, 1) != 1 || handled != 2)
		errx(1, "readv was not restarted");
	waitpid(pid, NULL, 0);

	/* EINTR in spite of SA_RESTART */
	catch_alarm(just_handle, SA_RESTART);
	pid = signal_inside(SYS_nanosleep, SIGALRM);
	if (syscall(SYS_nanosleep, &hour, NULL) != -1 || errno != EINTR || handled != 3)
		errx(1, "nanosleep was not interrupted");
	waitpid(pid, NULL, 0);

	/* restart_syscall(), when no handler was called */
	pid = fork();
	if (!pid) {
		wait_inside(getppid(), SYS_nanosleep);
		kill(getppid(), SIGSTOP);
		while (state_of(getppid()) != 'T' && state_of(getppid()) != 't')
			pause_a_little();
		kill(getppid(), SIGCONT);
		wait_inside(getppid(), SYS_restart_syscall);
		kill(getppid(), SIGALRM);
		_exit(0);
	}
	if (syscall(SYS_nanosleep, &hour, NULL) != -1 || errno != EINTR || handled != 4)
		errx(1, "nanosleep did not go on");
	waitpid(pid, NULL, 0);

	/* Handlers that interrupt nothing */
	raise(SIGUSR1);
	raise(SIGUSR1);
	if (handled != 6)
		errx(1, "no handler was called");
	raise(SIGTERM);
	return 1;
}

static int killed_in_a_call(void)
{
	char byte;
	struct iovec place = { .iov_base = &byte, .iov_len = 1 };
	pid_t pid;

	if (pipe(channel))
		err(1, "pipe");
	pid = fork();
	if (!pid) {
		readv(channel[0], &place, 1);
		_exit(1);
	}
	wait_inside(pid, SYS_readv);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

static int spawns(void)
{
	static char *const args[] = { "true", NULL }, *const env[] = { NULL };
	pid_t pid;
	int i;

	for (i = 0; i < SPAWNS; i++) {
		if (posix_spawn(&pid, "/bin/true", NULL, NULL, args, env))
			errx(1, "posix_spawn");
		waitpid(pid, NULL, 0);
	}
	for (i = 0; i < SPAWNS; i++) {
		pid = vfork();
		if (!pid) {
			execve("/there/is/none", args, env);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}

static int fault(void)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 1;
	return 0;
}

static void *execute(void *unused)
{
	static char *const args[] = { "true", NULL }, *const env[] = { NULL };

	wait_inside(getpid(), SYS_futex);
	execve("/bin/true", args, env);
	return NULL;
}

/* The leader is killed in futex(), and the thread takes its number. */
static int thread_executes(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, execute, NULL);
	pthread_join(thread, NULL);
	return 1;
}

static const struct {
	const char *name;
	int (*run)(void);
} programs[] = {
	{ "threads", threads },
	{ "forks", forks },
	{ "signals", signals },
	{ "killed", killed_in_a_call },
	{ "spawns", spawns },
	{ "fault", fault },
	{ "thread_executes", thread_executes },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (argc == 2 && !strcmp(argv[1], programs[i].name))
			return programs[i].run();
	}
	errx(2, "which program?");
}
