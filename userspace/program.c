// SPDX-License-Identifier: GPL-2.0-or-later
/* A program that is run and waited for; its signals, terminal and status stay its own. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"
#include "util.h"

#define PATH_DEFAULT	"/bin:/usr/bin"	/* execvp()'s, when there is no PATH */

/* As far as one can see. What is there, but may not be run, is an @error of its own. */
static bool may_run(const char *path, int *error)
{
	struct stat st;

	if (stat(path, &st)) {
		if (errno == EACCES)
			*error = EACCES;
		return false;
	}
	if (S_ISREG(st.st_mode) && !access(path, X_OK))
		return true;
	*error = EACCES;
	return false;
}

char *program_find(const char *name, int *error)
{
	const char *dir = getenv("PATH");
	size_t n;

	/* With a slash, it is execve() that says what is wrong. */
	if (strchr(name, '/'))
		return xstrdup(name);
	*error = ENOENT;
	for (dir = dir ? dir : PATH_DEFAULT; *name && dir; dir = dir[n] ? dir + n + 1 : NULL) {
		char *path;

		n = strcspn(dir, ":");
		path = xasprintf("%.*s%s%s", (int)n, dir, n ? "/" : "./", name);
		if (may_run(path, error))
			return path;
		free(path);
	}
	return NULL;
}

/* The signals that program_wait() waits for, and those that a terminal sends to both. */
static void block_signals(struct program *p)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, usual = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/*
	 * Blocked over fork(), so that the program gets one of these that comes before it
	 * has its own disposition back: the kernel drops none that is blocked.
	 */
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, &p->mask);
	sigaction(SIGINT, &ignore, &p->interrupt);
	sigaction(SIGQUIT, &ignore, &p->quit);
	/* Ignored, as some start us, it would leave nothing to wait for. */
	sigaction(SIGCHLD, &usual, &p->child);
}

static void restore_signals(const struct program *p)
{
	sigaction(SIGINT, &p->interrupt, NULL);
	sigaction(SIGQUIT, &p->quit, NULL);
	sigaction(SIGCHLD, &p->child, NULL);
	sigprocmask(SIG_SETMASK, &p->mask, NULL);
}

struct failure {
	int error;
	bool armed;
};

static __noreturn void be_program(const struct program *p, const char *path, char *const *args,
				  int (*arm)(void *ctx), void *ctx, int pipe)
{
	const char *slash = strrchr(path, '/');
	struct failure failure = { .error = 0 };

	/* As execve() will: its own call is counted under a name, too. */
	prctl(PR_SET_NAME, slash ? slash + 1 : path);
	failure.error = arm(ctx);
	if (!failure.error) {
		restore_signals(p);
		/* The first call that is counted. */
		execv(path, args);
		failure.error = errno;
		failure.armed = true;
	}
	if (write(pipe, &failure, sizeof(failure)) < 0)
		_exit(failure_status);
	_exit(0);
}

bool program_start(struct program *p, const char *path, char *const *args,
		   int (*arm)(void *ctx), void *ctx, int *error, bool *armed)
{
	struct failure failure;
	int pipe[2];
	ssize_t n;

	if (pipe2(pipe, O_CLOEXEC))
		err(failure_status, "pipe");
	block_signals(p);
	p->pid = fork();
	if (p->pid < 0)
		err(failure_status, "fork");
	if (!p->pid)
		be_program(p, path, args, arm, ctx, pipe[1]);
	close(pipe[1]);
	/* Ends with nothing read when execve() closes the other end. */
	do
		n = read(pipe[0], &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	close(pipe[0]);
	if (n != sizeof(failure))
		return true;
	*error = failure.error;
	*armed = failure.armed;
	waitpid(p->pid, NULL, 0);
	return false;
}

/* Not what the program has already: from the terminal, or from itself to its group. */
static void pass_on(const struct program *p, const siginfo_t *info)
{
	if (info->si_code != SI_KERNEL && info->si_pid != p->pid)
		kill(p->pid, info->si_signo);
}

void program_wait(struct program *p)
{
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	for (;;) {
		pid = waitpid(p->pid, &p->status, WNOHANG);
		if (pid == p->pid)
			return;
		if (pid < 0)
			err(failure_status, "wait");
		if (sigwaitinfo(&set, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD)
			pass_on(p, &info);
	}
}

int program_exit(const struct program *p)
{
	const struct rlimit none = { 0 };
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t set;
	int number;

	if (!WIFSIGNALED(p->status))
		return WEXITSTATUS(p->status);
	number = WTERMSIG(p->status);
	/* The program left a core if there was to be one. A pipe of core_pattern has no limit. */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	sigaction(number, &usual, NULL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	return 128 + number;
}
