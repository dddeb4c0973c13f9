// SPDX-License-Identifier: GPL-2.0-or-later
/* Watches of those who run already; the command's own calls are not in them. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach.h"
#include "cgroup.h"
#include "output.h"
#include "util.h"
#include "watch.h"

#define SETTLE_NS	(10 * NSEC_PER_SEC)

struct attached {
	struct source *src;
	const struct options *o;
	struct syscount_watch watch;
	struct device **devices;	/* one for each pid, NULL: another's watch has it */
	struct pollfd *fds;		/* pidfds; or of what is removed beside the cgroup */
	int events;			/* a file in the cgroup */
	size_t n, nfds;
	int32_t *pids;
	struct device *own;		/* NULL, or a watch of ourselves, to subtract */
	struct syscount_watch own_watch;
	struct snapshot **ended;	/* groups that had, in each device's last reading */
	struct counts past;		/* of those that the module has let go of since */
};

static bool is_listed(const struct attached *a, long pid)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (a->pids[i] == pid)
			return true;
	}
	return false;
}

/* 0: not known. */
static long parent_of(long pid)
{
	char *path = xasprintf("/proc/%ld/status", pid), *line = NULL;
	FILE *f = fopen(path, "re");
	size_t room = 0;
	long parent = 0;

	while (f && !parent && getline(&line, &room, f) >= 0)
		sscanf(line, "PPid: %ld", &parent);
	if (f)
		fclose(f);
	free(line);
	free(path);
	return parent;
}

/* A watch of its parent, or of theirs, counts for it too: two would count it twice. */
static bool is_covered(const struct attached *a, long pid)
{
	while (a->o->follow == FOLLOW_ALL && pid) {
		pid = parent_of(pid);
		if (pid && is_listed(a, pid))
			return true;
	}
	return false;
}

static void add_pid(struct attached *a, const char *text, size_t length)
{
	char *word = xasprintf("%.*s", (int)length, text), *end;
	long pid;

	errno = 0;
	pid = strtol(word, &end, 10);
	if (!length || *end || errno || pid < 1 || pid > INT32_MAX)
		usage_error(a->o->command, "--pid: '%s' is not the number of a process", word);
	free(word);
	if (is_listed(a, pid))
		return;
	a->pids = xreallocarray(a->pids, a->n + 1, sizeof(*a->pids));
	a->pids[a->n++] = (int32_t)pid;
}

static bool has_ended(int pidfd)
{
	struct pollfd fd = { .fd = pidfd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

/* NULL: opened. Else why not, which is no matter for the others. */
static const char *open_pidfd(struct attached *a, size_t i)
{
	int fd = (int)syscall(SYS_pidfd_open, a->pids[i], 0);

	if (fd < 0 && (errno == EINVAL || errno == ENOENT))
		return "a thread, not a process";
	if (fd < 0 && errno == ESRCH)
		return "no such process";
	if (fd < 0)
		err(failure_status, "process %" PRId32, a->pids[i]);
	a->fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return NULL;
}

/* The same. The pidfd comes first, so that after the watch is open it says whose it is. */
static const char *open_pid(struct attached *a, size_t i)
{
	const char *why = a->fds[i].fd < 0 ? open_pidfd(a, i) : NULL;
	int error;

	if (why || a->devices[i] || is_covered(a, a->pids[i]))
		return why;
	a->devices[i] = device_open();
	a->watch.pid = a->pids[i];
	error = device_try_watch(a->devices[i], &a->watch);
	if (error == ESRCH)
		return "no such process";
	if (error)
		device_watch_failed(error, xasprintf("process %" PRId32, a->pids[i]));
	return has_ended(a->fds[i].fd) ? "has ended" : NULL;
}

static void drop_pid(struct attached *a, size_t i)
{
	device_close(a->devices[i]);
	if (a->fds[i].fd >= 0)
		close(a->fds[i].fd);
	a->n--;
	memmove(&a->devices[i], &a->devices[i + 1], (a->n - i) * sizeof(*a->devices));
	memmove(&a->fds[i], &a->fds[i + 1], (a->n - i) * sizeof(*a->fds));
	memmove(&a->pids[i], &a->pids[i + 1], (a->n - i) * sizeof(*a->pids));
}

/* As strace does: those that there are. */
static void open_pids(struct attached *a)
{
	size_t i;

	a->devices = xcalloc(a->n, sizeof(*a->devices));
	a->fds = xcalloc(a->n, sizeof(*a->fds));
	a->watch.target = SYSCOUNT_TARGET_TASK;
	for (i = 0; i < a->n; i++)
		a->fds[i].fd = -1;
	for (i = 0; i < a->n; i++) {
		const char *why = open_pid(a, i);

		if (!why)
			continue;
		warnx("process %" PRId32 ": %s", a->pids[i], why);
		drop_pid(a, i);
		/* Its children count for themselves now: all over again. */
		i = SIZE_MAX;
	}
	if (!a->n)
		exit(failure_status);
	a->nfds = a->n;
}

/*
 * What we do ourselves is told apart by process, or by a name that nobody else has. By
 * cgroup it cannot be: a second watch counts it, to be subtracted.
 */
static void tell_apart(struct attached *a)
{
	char name[16];
	int error;

	if (a->watch.by == SYSCOUNT_BY_NONE)
		a->watch.by = SYSCOUNT_BY_PROCESS;
	snprintf(name, sizeof(name), "sysc:%d", getpid());
	if (a->watch.by == SYSCOUNT_BY_COMMAND)
		prctl(PR_SET_NAME, name);
	if (a->watch.by != SYSCOUNT_BY_CGROUP)
		return;
	a->own = device_open();
	a->own_watch = a->watch;
	a->own_watch.target = SYSCOUNT_TARGET_TASK;
	a->own_watch.pid = getpid();
	a->own_watch.fd = 0;
	error = device_try_watch(a->own, &a->own_watch);
	if (error)
		device_watch_failed(error, "watch");
}

static void open_one(struct attached *a, const char *what)
{
	int error;

	a->n = 1;
	a->devices = xcalloc(1, sizeof(*a->devices));
	a->devices[0] = device_open();
	tell_apart(a);
	error = device_try_watch(a->devices[0], &a->watch);
	if (error)
		device_watch_failed(error, what);
}

/*
 * Who polls a file of a cgroup is not told of its removal, and a directory that is held
 * open is not deleted for inotify: but an entry of the one above it is.
 */
static void open_removal(struct attached *a)
{
	char *above = xasprintf("/proc/self/fd/%d/..", a->watch.fd);
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	a->fds = xcalloc(1, sizeof(*a->fds));
	a->events = openat(a->watch.fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	if (a->events >= 0 && fd >= 0 && inotify_add_watch(fd, above, IN_DELETE) >= 0)
		a->fds[a->nfds++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	else if (fd >= 0)
		close(fd);
	free(above);
}

static void open_cgroup(struct attached *a)
{
	a->watch.target = SYSCOUNT_TARGET_CGROUP;
	a->watch.fd = cgroup_open(a->o->cgroup);
	open_removal(a);
	open_one(a, a->o->cgroup);
}

struct attached *attach_new(const struct options *o)
{
	struct attached *a = xcalloc(1, sizeof(*a));
	const char *list = o->pids;

	a->o = o;
	a->watch = watch_of_options(o);
	while (list) {
		size_t length = strcspn(list, ",");

		add_pid(a, list, length);
		list = list[length] ? list + length + 1 : NULL;
	}
	return a;
}

void attach_open(struct attached *a, struct source *src)
{
	size_t i;

	a->src = src;
	if (a->o->pids) {
		open_pids(a);
	} else if (a->o->cgroup) {
		open_cgroup(a);
	} else {
		a->watch.target = SYSCOUNT_TARGET_ALL;
		open_one(a, "everybody");
	}
	a->ended = xcalloc(a->n, sizeof(*a->ended));
	for (i = 0; i < a->n; i++)
		a->ended[i] = snapshot_new(KIND_WATCH);
}

static void drop_groups(struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->ngroups; i++)
		group_free(&s->groups[i]);
	s->ngroups = 0;
}

/* Groups of these never come again, as those of a name or a cgroup do. */
static bool by_tasks(const struct attached *a)
{
	return a->watch.by == SYSCOUNT_BY_PROCESS || a->watch.by == SYSCOUNT_BY_THREAD;
}

/*
 * Groups that ended would stay in the module's memory until the end. Those that nobody is to be
 * shown again it may let go of, since the sum of them is enough: all, if groups are not asked for;
 * with an interval, those that ended in one before.
 */
static bool forgets(const struct attached *a)
{
	return by_tasks(a) && (a->o->by <= BY_CPU || a->o->interval_ns);
}

static bool has_group(const struct snapshot *s, const struct group *group)
{
	size_t i;

	for (i = 0; i < s->ngroups; i++) {
		if (group_same(&s->groups[i], group))
			return true;
	}
	return false;
}

/* Not every group that has ended is let go of: what is not there any more was. */
static void keep_forgotten(struct attached *a, struct snapshot *ended, const struct snapshot *s)
{
	size_t i;

	for (i = 0; i < ended->ngroups; i++) {
		if (!has_group(s, &ended->groups[i]))
			counts_merge(&a->past, &ended->groups[i].counts);
	}
	drop_groups(ended);
	for (i = 0; i < s->ngroups; i++) {
		struct group *group;

		if (!s->groups[i].ended)
			continue;
		group = snapshot_add_group(ended);
		group_copy(group, &s->groups[i]);
		counts_merge(&group->counts, &s->groups[i].counts);
	}
}

static struct snapshot *read_one(struct attached *a, size_t i)
{
	struct snapshot *s = device_read_watch(a->devices[i], &a->watch, forgets(a));

	if (forgets(a))
		keep_forgotten(a, a->ended[i], s);
	return s;
}

static bool is_idle(const struct group *group, const void *ctx)
{
	(void)ctx;
	return !group->counts.total;
}

static bool is_ours(const struct group *group, const void *ctx)
{
	char name[16];

	(void)ctx;
	if (group->by != BY_COMMAND)
		return group->pid == getpid();
	return !prctl(PR_GET_NAME, name) && !strcmp(group->command, name);
}

/*
 * Ours is read first: then each has a call that the other has not, ours the one that made
 * the watch of all, that of all the one that reads it, which are of the same kind.
 */
static struct snapshot *read_without_own(struct attached *a)
{
	struct snapshot *own, *all, *s;

	own = device_read_watch(a->own, &a->own_watch, false);
	all = device_read_watch(a->devices[0], &a->watch, false);
	own->since_ns = all->since_ns;
	s = snapshot_subtract(all, own);
	free(s->since);
	s->since = xstrdup(all->since);
	s->since_ns = all->since_ns;
	s->duration_ns = all->duration_ns;
	snapshot_free(all);
	snapshot_free(own);
	/* Sums anew: a cgroup that is watched need not be the one that we are in. */
	snapshot_drop(s, is_idle, NULL);
	return s;
}

static struct snapshot *read_others(struct attached *a)
{
	struct snapshot *s;

	if (a->own)
		return read_without_own(a);
	s = read_one(a, 0);
	/* The sum is made up anew, from the groups. */
	snapshot_drop(s, is_ours, NULL);
	if (a->o->by <= BY_CPU)
		drop_groups(s);
	return s;
}

static struct snapshot *read_pids(struct attached *a)
{
	struct snapshot *s = NULL, *more;
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (!a->devices[i])
			continue;
		more = read_one(a, i);
		if (s) {
			snapshot_merge(s, more);
			snapshot_free(more);
		} else {
			s = more;
		}
	}
	return s;
}

struct snapshot *attach_read(struct attached *a)
{
	bool pids = a->watch.target == SYSCOUNT_TARGET_TASK;
	struct snapshot *s = pids ? read_pids(a) : read_others(a);
	struct watched *w = &s->watched;

	counts_merge(&s->counts, &a->past);
	w->target = pids ? TARGET_PROCESS : a->o->cgroup ? TARGET_CGROUP : TARGET_ALL;
	w->cgroup = xstrdup(a->o->cgroup);
	w->npids = pids ? a->n : 0;
	w->pids = xcalloc(w->npids, sizeof(*w->pids));
	if (w->npids)
		memcpy(w->pids, a->pids, w->npids * sizeof(*w->pids));
	source_choose(a->src, s);
	return s;
}

void attach_print_target(const struct attached *a, FILE *f)
{
	size_t i;

	if (!a->o->pids)
		print_safe(f, a->o->cgroup ? a->o->cgroup : "everybody");
	for (i = 0; a->o->pids && i < a->n; i++)
		fprintf(f, "%s%" PRId32, i ? "," : "", a->pids[i]);
}

uint64_t attach_settle_ns(const struct attached *a)
{
	return by_tasks(a) && a->o->by <= BY_CPU ? SETTLE_NS : UINT64_MAX;
}

void attach_settle(struct attached *a)
{
	snapshot_free(attach_read(a));
}

struct pollfd *attach_fds(struct attached *a, nfds_t *n)
{
	*n = a->nfds;
	return a->fds;
}

/* Something was: its files say whether it was this one. */
static bool cgroup_removed(const struct attached *a, int fd)
{
	char text[4096];

	while (read(fd, text, sizeof(text)) > 0)
		;
	return pread(a->events, text, sizeof(text), 0) < 0 && errno == ENODEV;
}

bool attach_ended(struct attached *a)
{
	bool pids = a->watch.target == SYSCOUNT_TARGET_TASK;
	size_t i, left = 0;

	for (i = 0; i < a->nfds; i++) {
		struct pollfd *fd = &a->fds[i];

		if (fd->fd >= 0 && fd->revents && (pids || cgroup_removed(a, fd->fd))) {
			close(fd->fd);
			fd->fd = -1;
		}
		fd->revents = 0;
		left += fd->fd >= 0;
	}
	return a->nfds && !left;
}

void attach_close(struct attached *a)
{
	size_t i;

	for (i = 0; i < a->nfds; i++) {
		if (a->fds[i].fd >= 0)
			close(a->fds[i].fd);
	}
	for (i = 0; i < a->n; i++)
		device_close(a->devices[i]);
	device_close(a->own);
	if (a->watch.target == SYSCOUNT_TARGET_CGROUP) {
		close(a->watch.fd);
		close(a->events);
	}
	for (i = 0; a->ended && i < a->n; i++)
		snapshot_free(a->ended[i]);
	free(a->ended);
	counts_free(&a->past);
	free(a->devices);
	free(a->fds);
	free(a->pids);
	free(a);
}
