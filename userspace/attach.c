// SPDX-License-Identifier: GPL-2.0-or-later
/* Watches of those who run already; the command's own calls are not in them. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
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
#define PF_KTHREAD	0x00200000U	/* in proc(5)'s flags, as include/linux/sched.h has it */

struct attached {
	struct source *src;
	const struct options *o;
	struct syscount_watch watch;
	/* One for each pid, NULL: another's watch has it, or it ended; or one for all. */
	struct device **devices;
	struct snapshot **before;	/* of each the last reading, without what it let go */
	struct pollfd *fds;		/* pidfds; or of what is removed beside the cgroup */
	int events;			/* a file in the cgroup */
	size_t n, nfds, ndevices;
	int32_t *pids;
	struct device *own;		/* NULL, or a watch of ourselves, to subtract */
	size_t ours;			/* from what that device counts */
	struct snapshot *own_before;
	char name[16];			/* ours, while we have another to be told apart by */
	struct snapshot *rest;		/* of all readings so far, without what we did */
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

/* A number of /proc/PID/status, behind that word. 0: not known. */
static long status_of(long pid, const char *word)
{
	char *path = xasprintf("/proc/%ld/status", pid), *line = NULL;
	FILE *f = fopen(path, "re");
	size_t room = 0;
	long n = 0;

	while (f && !n && getline(&line, &room, f) >= 0) {
		if (!strncmp(line, word, strlen(word)))
			n = strtol(line + strlen(word), NULL, 10);
	}
	if (f)
		fclose(f);
	free(line);
	free(path);
	return n;
}

static long parent_of(long pid)
{
	return status_of(pid, "PPid:");
}

static bool is_kernel_thread(long pid)
{
	char *path = xasprintf("/proc/%ld/stat", pid), *line = NULL, *end = NULL;
	FILE *f = fopen(path, "re");
	unsigned int flags = 0;
	size_t room = 0;

	/* Its name may have blanks and brackets. */
	if (f && getline(&line, &room, f) >= 0)
		end = strrchr(line, ')');
	if (end)
		sscanf(end, ") %*c %*d %*d %*d %*d %*d %u", &flags);
	if (f)
		fclose(f);
	free(line);
	free(path);
	return flags & PF_KTHREAD;
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

static char *thread_text(long tid)
{
	long pid = status_of(tid, "Tgid:");

	if (!pid)
		return xstrdup("a thread, not a process");
	return xasprintf("a thread of process %ld: -p %ld --by thread counts each of its threads",
			 pid, pid);
}

/* NULL: opened, before the watch is, so that it says whose that is. Else why not, to free. */
static char *open_pidfd(struct attached *a, size_t i)
{
	int fd = (int)syscall(SYS_pidfd_open, a->pids[i], 0);

	if (fd < 0 && (errno == EINVAL || errno == ENOENT))
		return thread_text(a->pids[i]);
	if (fd < 0 && errno == ESRCH)
		return xstrdup("no such process");
	if (fd < 0)
		err(failure_status, "process %" PRId32, a->pids[i]);
	a->fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	if (is_kernel_thread(a->pids[i]))
		return xstrdup("a kernel thread, which makes no system calls");
	return NULL;
}

/* It is of no matter for the others. */
static void drop_pid(struct attached *a, size_t i, const char *why)
{
	warnx("process %" PRId32 ": %s", a->pids[i], why);
	if (a->fds[i].fd >= 0)
		close(a->fds[i].fd);
	a->n--;
	memmove(&a->fds[i], &a->fds[i + 1], (a->n - i) * sizeof(*a->fds));
	memmove(&a->pids[i], &a->pids[i + 1], (a->n - i) * sizeof(*a->pids));
}

static void check_pids(struct attached *a)
{
	if (!a->n)
		exit(failure_status);
	a->nfds = a->n;
}

static void find_pids(struct attached *a)
{
	size_t i = 0;

	a->fds = xcalloc(a->n, sizeof(*a->fds));
	a->watch.target = SYSCOUNT_TARGET_TASK;
	while (i < a->n) {
		char *why;

		a->fds[i].fd = -1;
		why = open_pidfd(a, i);
		if (why)
			drop_pid(a, i, why);
		else
			i++;
		free(why);
	}
	check_pids(a);
}

/*
 * Who polls a file of a cgroup is not told of its removal, and a directory that is held
 * open is not deleted for inotify: but an entry of the one above it is.
 */
static void find_removal(struct attached *a)
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

static void find_target(struct attached *a)
{
	if (a->o->pids) {
		find_pids(a);
	} else if (a->o->cgroup) {
		a->watch.target = SYSCOUNT_TARGET_CGROUP;
		a->watch.fd = cgroup_open(a->o->cgroup);
		find_removal(a);
	} else {
		a->watch.target = SYSCOUNT_TARGET_ALL;
	}
}

/* The watch that counts for us too: of processes, that of the one that started us. */
static bool find_ours(struct attached *a)
{
	long pid = getpid();

	if (a->watch.target != SYSCOUNT_TARGET_TASK)
		return true;
	for (; pid; pid = a->o->follow == FOLLOW_ALL ? parent_of(pid) : 0) {
		for (a->ours = 0; a->ours < a->n; a->ours++) {
			if (a->pids[a->ours] == pid && !is_covered(a, pid))
				return true;
		}
	}
	a->ours = 0;
	return false;
}

/*
 * What we do ourselves is told apart by process, or by a name that nobody else has. By
 * cgroup it cannot be: a second watch counts it, to be subtracted.
 */
static int tell_apart(struct attached *a)
{
	char name[16];

	snprintf(name, sizeof(name), "sysc:%d", getpid());
	if (a->watch.by == SYSCOUNT_BY_COMMAND) {
		prctl(PR_GET_NAME, a->name);
		prctl(PR_SET_NAME, name);
	}
	if (a->watch.by != SYSCOUNT_BY_CGROUP || !find_ours(a))
		return 0;
	a->own = device_open();
	a->own_watch = a->watch;
	a->own_watch.target = SYSCOUNT_TARGET_TASK;
	a->own_watch.pid = getpid();
	a->own_watch.fd = 0;
	return device_try_watch(a->own, &a->own_watch);
}

/* 0, ESRCH: it is gone, since its number may be another's already, or another error */
static int open_pid(struct attached *a, size_t i)
{
	struct device *device = device_open();
	int error;

	a->watch.pid = a->pids[i];
	error = device_try_watch(device, &a->watch);
	if (!error && has_ended(a->fds[i].fd))
		error = ESRCH;
	if (error)
		device_close(device);
	else
		a->devices[i] = device;
	return error;
}

/* The one at @i is gone. If it started us, nobody counts for us any more. */
static void forget_ours(struct attached *a, size_t i)
{
	if (!a->own)
		return;
	if (i < a->ours) {
		a->ours--;
	} else if (i == a->ours) {
		device_close(a->own);
		a->own = NULL;
	}
}

/* As strace does: those that there are. With @drop the others are none of ours any more. */
static int open_pids(struct attached *a, bool drop)
{
	size_t i = 0;
	int error;

	a->ndevices = a->n;
	while (i < a->n) {
		error = 0;
		if (a->fds[i].fd >= 0 && !a->devices[i] && !is_covered(a, a->pids[i]))
			error = open_pid(a, i);
		if (error && error != ESRCH)
			return error;
		if (!error || !drop) {
			i++;
			continue;
		}
		drop_pid(a, i, "has ended");
		memmove(&a->devices[i], &a->devices[i + 1], (a->n - i) * sizeof(*a->devices));
		a->ndevices = a->n;
		forget_ours(a, i);
		/* Its children count for themselves now: all over again. */
		i = 0;
	}
	return 0;
}

/* Ours is opened last but for the one that it is subtracted from. */
static int open_watches(struct attached *a, bool apart, bool drop)
{
	bool pids = a->watch.target == SYSCOUNT_TARGET_TASK;
	int error = 0;

	a->devices = xcalloc(pids ? a->n : 1, sizeof(*a->devices));
	a->before = xcalloc(pids ? a->n : 1, sizeof(struct snapshot *));
	if (!pids) {
		a->ndevices = 1;
		a->devices[0] = device_open();
	}
	if (apart)
		error = tell_apart(a);
	if (error)
		return error;
	return pids ? open_pids(a, drop) : device_try_watch(a->devices[0], &a->watch);
}

static void close_watches(struct attached *a)
{
	size_t i;

	if (*a->name)
		prctl(PR_SET_NAME, a->name);
	*a->name = '\0';
	for (i = 0; i < a->ndevices; i++) {
		device_close(a->devices[i]);
		snapshot_free(a->before[i]);
	}
	device_close(a->own);
	snapshot_free(a->own_before);
	snapshot_free(a->rest);
	free(a->devices);
	free(a->before);
	a->own = NULL;
	a->own_before = NULL;
	a->rest = NULL;
	a->devices = NULL;
	a->before = NULL;
	a->ndevices = 0;
}

void attach_check(const struct options *o)
{
	unsigned int targets = o->given & OPTS_TARGET;

	if (targets & (targets - 1))
		usage_error(o->command, "--pid, --cgroup and --all exclude each other");
	/* What a script has in "$CGROUP" that is not set is not everybody. */
	if (o->cgroup && !*o->cgroup)
		usage_error(o->command, "--cgroup: the path is empty; / is the root of all");
	if (o->follow != FOLLOW_ALL && !(targets & OPT_PID))
		usage_error(o->command, "--follow %s goes with --pid%s",
			    o->follow == FOLLOW_NONE ? "none" : "threads",
			    targets & OPT_ALL ? ", not with --all" :
			    targets & OPT_CGROUP ? ", not with --cgroup" : "");
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

void attach_find(struct attached *a, struct source *src)
{
	a->src = src;
	find_target(a);
}

void attach_open(struct attached *a, struct source *src)
{
	char *process;
	size_t i;
	int error;
	bool apart;

	attach_find(a, src);
	apart = !a->o->pids || find_ours(a);
	if (a->watch.by == SYSCOUNT_BY_NONE && apart)
		a->watch.by = SYSCOUNT_BY_PROCESS;
	error = open_watches(a, apart, true);
	process = xasprintf("process %" PRId32, a->watch.pid);
	if (error)
		device_watch_failed(error, a->o->pids ? process :
				    a->o->cgroup ? a->o->cgroup : "everybody");
	free(process);
	if (a->o->pids)
		check_pids(a);
	a->ended = xcalloc(a->ndevices, sizeof(*a->ended));
	for (i = 0; i < a->ndevices; i++)
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

/* Not every group that has ended is let go of: what is not there any more was. */
static void keep_forgotten(struct attached *a, struct snapshot *ended, const struct snapshot *s)
{
	size_t i, at = 0;

	for (i = 0; i < ended->ngroups; i++) {
		if (!group_find(s, &ended->groups[i], &at))
			counts_merge(&a->past, &ended->groups[i].counts);
	}
	drop_groups(ended);
	for (i = 0; i < s->ngroups; i++) {
		if (s->groups[i].ended)
			snapshot_add_group_copy(ended, &s->groups[i]);
	}
}

static bool is_idle(const struct group *group, const void *ctx)
{
	(void)ctx;
	return !group->counts.total;
}

static bool is_ended(const struct group *group, const void *ctx)
{
	(void)ctx;
	return group->ended;
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
 * No call comes between the two readings. Ours is read first: then each has a call that
 * the other has not, ours the one that made the watch of all, or read it the last time,
 * that of all the one that reads it, which are of the same kind, but take other times.
 */
static void read_both(struct attached *a, bool forget)
{
	struct device *other = a->devices[a->ours];
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	while (!device_try_reading(a->own, false) || !device_try_reading(other, forget))
		;
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* What @own counted is not in @s any more, which is of the same time; @ever: what it ever did. */
static void take_out(struct snapshot *s, const struct snapshot *own, const struct snapshot *ever)
{
	size_t i, at = 0;

	for (i = 0; i < s->ngroups; i++) {
		struct counts *c = &s->groups[i].counts;
		const struct group *group = group_find(own, &s->groups[i], &at);

		if (group)
			counts_take_out(c, &group->counts);
		group = group_find(ever, &s->groups[i], &at);
		if (group)
			counts_forget_extremes(c, &group->counts);
	}
}

/* As if there had been a reading when it was opened. */
static struct snapshot *nothing_before(const struct snapshot *s)
{
	struct snapshot *nothing = snapshot_new(s->kind);

	nothing->timed = true;
	nothing->since_ns = s->since_ns;
	nothing->now_ns = s->since_ns;
	nothing->time = xstrdup(s->since);
	return nothing;
}

/* What @now has more than *@before, which it becomes but for what the module let go. */
static struct snapshot *recent_of(struct snapshot **before, struct snapshot *now, bool forget)
{
	struct snapshot *recent;

	if (!*before)
		*before = nothing_before(now);
	recent = snapshot_recent(now, *before);
	snapshot_free(*before);
	if (forget)
		snapshot_drop(now, is_ended, NULL);
	*before = now;
	return recent;
}

/* Of the device that counts for us, too. */
static struct snapshot *recent_without_own(struct attached *a, bool forget)
{
	struct snapshot *recent, *own;

	read_both(a, forget);
	recent = recent_of(&a->before[a->ours],
			   device_reading(a->devices[a->ours], &a->watch), forget);
	own = recent_of(&a->own_before, device_reading(a->own, &a->own_watch), false);
	take_out(recent, own, a->own_before);
	snapshot_free(own);
	return recent;
}

/* Added up, so that no reading is below the one before. */
static struct snapshot *read_without_own(struct attached *a)
{
	struct snapshot *recent = recent_without_own(a, false), *s;

	if (a->rest) {
		snapshot_append(a->rest, recent, NULL);
		snapshot_free(recent);
	} else {
		a->rest = recent;
	}
	s = snapshot_copy(a->rest);
	/* Sums anew: a cgroup that is watched need not be the one that we are in. */
	snapshot_drop(s, is_idle, NULL);
	return s;
}

static struct snapshot *read_one(struct attached *a, size_t i)
{
	struct snapshot *s;

	if (a->own && i == a->ours)
		return read_without_own(a);
	s = device_read_watch(a->devices[i], &a->watch, forgets(a));
	if (forgets(a))
		keep_forgotten(a, a->ended[i], s);
	return s;
}

/* Of all devices together; NULL: there is none. */
static struct snapshot *read_each(struct attached *a,
				  struct snapshot *(*reading)(struct attached *a, size_t i))
{
	struct snapshot *s = NULL, *more;
	size_t i;

	for (i = 0; i < a->ndevices; i++) {
		if (!a->devices[i])
			continue;
		more = reading(a, i);
		if (s) {
			snapshot_merge(s, more);
			snapshot_free(more);
		} else {
			s = more;
		}
	}
	return s;
}

/* Whom it is of. */
static void fill_target(const struct attached *a, struct snapshot *s)
{
	bool pids = a->watch.target == SYSCOUNT_TARGET_TASK;
	struct watched *w = &s->watched;

	w->target = pids ? TARGET_PROCESS : a->o->cgroup ? TARGET_CGROUP : TARGET_ALL;
	free(w->cgroup);
	free(w->pids);
	w->cgroup = xstrdup(a->o->cgroup);
	w->npids = pids ? a->n : 0;
	w->pids = xcalloc(w->npids, sizeof(*w->pids));
	if (w->npids)
		memcpy(w->pids, a->pids, w->npids * sizeof(*w->pids));
}

struct snapshot *attach_read(struct attached *a)
{
	struct snapshot *s = read_each(a, read_one);

	/* The sum is made up anew, from the groups. */
	if (a->watch.by != SYSCOUNT_BY_NONE)
		snapshot_drop(s, is_ours, NULL);
	if (a->o->by <= BY_CPU)
		drop_groups(s);
	counts_merge(&s->counts, &a->past);
	fill_target(a, s);
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

static struct snapshot *recent_of_device(struct attached *a, size_t i)
{
	if (a->own && i == a->ours)
		return recent_without_own(a, true);
	return recent_of(&a->before[i], device_read_watch(a->devices[i], &a->watch, true), true);
}

/* Where ours is subtracted, both begin with the same reading. */
static void read_first(struct attached *a)
{
	if (!a->own || !a->devices[a->ours])
		return;
	read_both(a, true);
	a->own_before = device_reading(a->own, &a->own_watch);
	a->before[a->ours] = device_reading(a->devices[a->ours], &a->watch);
	snapshot_drop(a->before[a->ours], is_ended, NULL);
}

int attach_regroup(struct attached *a, enum by by)
{
	struct options o = { .by = by };
	int error;

	close_watches(a);
	a->watch.by = watch_of_options(&o).by;
	error = open_watches(a, true, false);
	if (error)
		close_watches(a);
	else
		read_first(a);
	return error;
}

void attach_leave(struct attached *a)
{
	close_watches(a);
}

struct snapshot *attach_recent(struct attached *a)
{
	struct snapshot *s = read_each(a, recent_of_device);

	if (!s)
		return NULL;
	snapshot_drop(s, is_ours, NULL);
	fill_target(a, s);
	source_choose(a->src, s);
	return s;
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

	for (i = 0; a->ended && i < a->ndevices; i++)
		snapshot_free(a->ended[i]);
	free(a->ended);
	counts_free(&a->past);
	close_watches(a);
	for (i = 0; i < a->nfds; i++) {
		if (a->fds[i].fd >= 0)
			close(a->fds[i].fd);
	}
	if (a->watch.target == SYSCOUNT_TARGET_CGROUP) {
		close(a->watch.fd);
		close(a->events);
	}
	free(a->fds);
	free(a->pids);
	free(a);
}
