// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests of watches share: see watch_test.h. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "watch_test.h"

#define BOARD_FD	100
#define WAIT_SECONDS	(60 * kernel_slowness())
#define WORDS_MAX	16

/*
 * Watches
 */

int watch_file(void)
{
	int fd = open(SYSCOUNT_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("open %s: %m", SYSCOUNT_DEVICE);
	return fd;
}

int watch_make(int fd, int target, int by, unsigned int flags, int of)
{
	struct syscount_watch args = {
		.size = sizeof(args), .flags = flags, .target = target, .by = by,
		.pid = target == SYSCOUNT_TARGET_TASK ? of : 0,
		.fd = target == SYSCOUNT_TARGET_CGROUP ? of : 0,
	};

	return ioctl(fd, SYSCOUNT_IOC_WATCH, &args) ? -errno : 0;
}

int watch_open(int target, int by, unsigned int flags, int of)
{
	int fd = watch_file();
	int err = watch_make(fd, target, by, flags, of);

	if (err)
		die("SYSCOUNT_IOC_WATCH target %d by %d flags %#x of %d: %s",
		    target, by, flags, of, strerror(-err));
	return fd;
}

/*
 * Readings
 */

void reading_free(struct reading *reading)
{
	free(reading->group);
	free(reading->row);
	free(reading->detail);
	memset(reading, 0, sizeof(*reading));
}

static void *more_room(void *old, unsigned int count, size_t size)
{
	void *room;

	free(old);
	room = calloc(count ? count : 1, size);
	if (!room)
		die("no memory for a reading");
	return room;
}

static void row_form(const struct reading *reading, uint32_t index, uint32_t *detail)
{
	const struct syscount_watch_row *row = &reading->row[index];
	uint32_t i;

	if (row->first_detail != *detail)
		die("row %u: details from %u and not %u", index, row->first_detail, *detail);
	for (i = 1; i < row->details; i++) {
		const struct syscount_watch_detail *one = &reading->detail[*detail + i];

		if (one->kind < one[-1].kind ||
		    (one->kind == one[-1].kind && one->value <= one[-1].value))
			die("row %u: detail %u is out of order", index, i);
	}
	for (i = 0; i < row->details; i++)
		if (!reading->detail[*detail + i].count)
			die("row %u: detail %u is empty", index, i);
	*detail += row->details;
	if (row->reserved[0] || row->reserved[1] || row->reserved[2])
		die("row %u: reserved is not 0", index);
	if (row->abi >= SYSCOUNT_ABI_COUNT || row->category >= SYSCOUNT_CAT_COUNT ||
	    row->object >= SYSCOUNT_OBJECT_COUNT)
		die("row %u: abi %u category %u object %u",
		    index, row->abi, row->category, row->object);
}

/* '*' comes last in its abi. */
static bool in_order(const struct syscount_watch_row *one, const struct syscount_watch_row *next)
{
	bool other = one->flags & SYSCOUNT_ROW_OTHER, next_other = next->flags & SYSCOUNT_ROW_OTHER;

	if (one->abi != next->abi)
		return one->abi < next->abi;
	if (other != next_other)
		return next_other;
	if (one->nr != next->nr)
		return one->nr < next->nr;
	return one->object < next->object;
}

static void group_form(const struct reading *reading, uint32_t index, uint32_t *row,
		       uint32_t *detail)
{
	const struct syscount_watch_group *group = &reading->group[index];
	uint32_t i;

	if (group->first_row != *row)
		die("group %u: rows from %u and not %u", index, group->first_row, *row);
	for (i = 1; i < group->rows; i++)
		if (!in_order(&reading->row[*row + i - 1], &reading->row[*row + i]))
			die("group %u: row %u is out of order", index, i);
	for (i = 0; i < group->rows; i++)
		row_form(reading, *row + i, detail);
	*row += group->rows;
}

static void reading_form(const struct reading *reading)
{
	uint64_t rows = 0, categories = 0, by_category[SYSCOUNT_CAT_ROOM] = {};
	const struct syscount_watch_read *head = &reading->head;
	uint32_t i, row = 0, detail = 0;

	for (i = 0; i < head->group_count; i++)
		group_form(reading, i, &row, &detail);
	if (row != head->row_count || detail != head->detail_count)
		die("%u rows and %u details in groups, %u and %u in all",
		    row, detail, head->row_count, head->detail_count);
	for (i = 0; i < head->row_count; i++) {
		rows += reading->row[i].calls;
		by_category[reading->row[i].category] += reading->row[i].calls;
	}
	for (i = 0; i < SYSCOUNT_CAT_ROOM; i++) {
		categories += head->categories[i].calls;
		if (by_category[i] != head->categories[i].calls)
			die("category %u: rows have %" PRIu64 ", the total is %" PRIu64,
			    i, by_category[i], (uint64_t)head->categories[i].calls);
	}
	if (rows != head->total || categories != head->total)
		die("rows have %" PRIu64 ", categories %" PRIu64 ", the total is %" PRIu64,
		    rows, categories, (uint64_t)head->total);
}

int watch_read_flags(int fd, unsigned int flags, struct reading *reading)
{
	struct syscount_watch_read args = {}, *head = &reading->head;
	uint32_t groups = 4, rows = 64, details = 64;

	for (;;) {
		reading->group = more_room(reading->group, groups, sizeof(*reading->group));
		reading->row = more_room(reading->row, rows, sizeof(*reading->row));
		reading->detail = more_room(reading->detail, details, sizeof(*reading->detail));
		args = (struct syscount_watch_read) {
			.size = sizeof(args), .flags = flags, .group_capacity = groups,
			.row_capacity = rows, .detail_capacity = details,
			.groups = (uintptr_t)reading->group, .rows = (uintptr_t)reading->row,
			.details = (uintptr_t)reading->detail,
		};
		if (ioctl(fd, SYSCOUNT_IOC_READ_WATCH, &args))
			return -errno;
		if (args.group_count <= groups && args.row_count <= rows &&
		    args.detail_count <= details)
			break;
		/* Twice as many, since the target may be running, and faster than this reads. */
		if (args.group_count > groups)
			groups = 2 * args.group_count;
		if (args.row_count > rows)
			rows = 2 * args.row_count;
		if (args.detail_count > details)
			details = 2 * args.detail_count;
	}
	*head = args;
	reading_form(reading);
	return 0;
}

void watch_read(int fd, struct reading *reading)
{
	int err = watch_read_flags(fd, 0, reading);

	if (err)
		die("SYSCOUNT_IOC_READ_WATCH: %s", strerror(-err));
}

uint64_t details_sum(const struct reading *reading, const struct syscount_watch_row *row,
		     unsigned int kind)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < row->details; i++)
		if (reading->detail[row->first_detail + i].kind == kind)
			sum += reading->detail[row->first_detail + i].count;
	return sum;
}

/* Is @ns in the bucket: less than 2^value, not less than half of it? */
static bool in_bucket(uint64_t ns, uint32_t value)
{
	return value < 64 && ns < 1ull << value && (ns >= (1ull << value) / 2 || !value);
}

static const char *latency_flaw(const struct reading *reading, const struct syscount_watch_row *row)
{
	const struct syscount_watch_detail *first = NULL, *last = NULL;
	uint32_t i;

	for (i = 0; i < row->details; i++) {
		const struct syscount_watch_detail *one = &reading->detail[row->first_detail + i];

		if (one->kind != SYSCOUNT_DETAIL_LATENCY)
			continue;
		first = first ? first : one;
		last = one;
	}
	if (!row->exits)
		return first || row->total_ns || row->min_ns || row->max_ns ?
		       "times without an exit" : NULL;
	if (details_sum(reading, row, SYSCOUNT_DETAIL_LATENCY) != row->exits)
		return "the histogram's sum is not exits";
	if (row->min_ns > row->max_ns)
		return "min > max";
	if (row->total_ns < row->exits * row->min_ns || row->total_ns > row->exits * row->max_ns)
		return "total is not between exits * min and exits * max";
	if (!in_bucket(row->min_ns, first->value))
		return "min is not in the first bucket";
	return in_bucket(row->max_ns, last->value) ? NULL : "max is not in the last bucket";
}

static const char *row_flaw(const struct reading *reading, const struct syscount_watch_row *row,
			    unsigned int flags)
{
	if (row->in_flight || row->oldest_ns)
		return "in flight";
	if (!(flags & (ERRORS | LATENCY)))
		return row->exits || row->errors || row->restarted || row->refused ||
		       row->details || row->total_ns || row->min_ns || row->max_ns ?
		       "details that nobody asked for" : NULL;
	if (row->exits > row->calls)
		return "exits > calls";
	if (row->errors + row->restarted > row->exits)
		return "errors + restarted > exits";
	if (flags & ERRORS && details_sum(reading, row, SYSCOUNT_DETAIL_ERRNO) != row->errors)
		return "the sum by error number is not errors";
	if (flags & LATENCY)
		return latency_flaw(reading, row);
	return row->total_ns || row->min_ns || row->max_ns ||
	       details_sum(reading, row, SYSCOUNT_DETAIL_LATENCY) ?
	       "times that nobody asked for" : NULL;
}

const char *reading_flaw(const struct reading *reading, unsigned int flags)
{
	static char text[128];
	const char *flaw;
	uint32_t i;

	if (reading->head.threads)
		return "threads that are watched";
	if (reading->head.lost || reading->head.lost_threads || reading->head.left) {
		snprintf(text, sizeof(text), "lost %" PRIu64 " lost_threads %" PRIu64
			 " left %" PRIu64, (uint64_t)reading->head.lost,
			 (uint64_t)reading->head.lost_threads, (uint64_t)reading->head.left);
		return text;
	}
	for (i = 0; i < reading->head.group_count; i++)
		if (!(reading->group[i].flags & SYSCOUNT_GROUP_ENDED) || reading->group[i].threads)
			return "a group that has not ended";
	for (i = 0; i < reading->head.row_count; i++) {
		flaw = row_flaw(reading, &reading->row[i], flags);
		if (!flaw)
			continue;
		snprintf(text, sizeof(text), "abi %u nr %d: %s",
			 reading->row[i].abi, reading->row[i].nr, flaw);
		return text;
	}
	return NULL;
}

const struct syscount_watch_row *group_row_object(const struct reading *reading,
						  const struct syscount_watch_group *group,
						  int abi, int nr, int object)
{
	const struct syscount_watch_row *row = &reading->row[group->first_row];
	uint32_t i;

	for (i = 0; i < group->rows; i++, row++)
		if (row->abi == abi && row->nr == nr && !(row->flags & SYSCOUNT_ROW_OTHER) &&
		    (object < 0 || row->object == object))
			return row;
	return NULL;
}

const struct syscount_watch_row *group_row(const struct reading *reading,
					   const struct syscount_watch_group *group,
					   int abi, int nr)
{
	return group_row_object(reading, group, abi, nr, -1);
}

uint64_t group_calls(const struct reading *reading, const struct syscount_watch_group *group,
		     int abi, int nr)
{
	const struct syscount_watch_row *row = group ? group_row(reading, group, abi, nr) : NULL;

	return row ? row->calls : 0;
}

struct syscount_watch_row row_of(const struct reading *reading, int abi, int nr)
{
	struct syscount_watch_row sum = { .abi = abi, .nr = nr };
	uint32_t i;

	for (i = 0; i < reading->head.row_count; i++) {
		const struct syscount_watch_row *row = &reading->row[i];

		if (row->abi != abi || row->nr != nr || row->flags & SYSCOUNT_ROW_OTHER)
			continue;
		sum.category = row->category;
		sum.state = row->state;
		sum.flags = row->flags;
		sum.in_flight += row->in_flight;
		sum.calls += row->calls;
		sum.exits += row->exits;
		sum.errors += row->errors;
		sum.restarted += row->restarted;
		sum.refused += row->refused;
		sum.total_ns += row->total_ns;
		if (row->exits && (!sum.min_ns || row->min_ns < sum.min_ns))
			sum.min_ns = row->min_ns;
		if (row->max_ns > sum.max_ns)
			sum.max_ns = row->max_ns;
		if (row->oldest_ns > sum.oldest_ns)
			sum.oldest_ns = row->oldest_ns;
	}
	return sum;
}

uint64_t calls_of(const struct reading *reading, int abi, int nr)
{
	return row_of(reading, abi, nr).calls;
}

uint64_t errno_of(const struct reading *reading, int abi, int nr, int error)
{
	uint64_t sum = 0;
	uint32_t i, j;

	for (i = 0; i < reading->head.row_count; i++) {
		const struct syscount_watch_row *row = &reading->row[i];

		for (j = 0; row->abi == abi && row->nr == nr && j < row->details; j++) {
			const struct syscount_watch_detail *one =
				&reading->detail[row->first_detail + j];

			if (one->kind == SYSCOUNT_DETAIL_ERRNO && one->value == (uint32_t)error)
				sum += one->count;
		}
	}
	return sum;
}

#define THE_GROUP(reading, condition) ({					\
	const struct syscount_watch_group *_found = NULL, *_group;		\
	unsigned int _times = 0;						\
	uint32_t _i;								\
										\
	for (_i = 0; _i < (reading)->head.group_count; _i++) {			\
		_group = &(reading)->group[_i];					\
		if (condition(_group)) {					\
			_found = _group;					\
			_times++;						\
		}								\
	}									\
	_times == 1 ? _found : NULL;						\
})

const struct syscount_watch_group *group_by_pid(const struct reading *reading, pid_t pid)
{
#define HAS_PID(group)	((group)->pid == pid)
	return THE_GROUP(reading, HAS_PID);
}

const struct syscount_watch_group *group_by_tid(const struct reading *reading, pid_t tid)
{
#define HAS_TID(group)	((group)->tid == tid)
	return THE_GROUP(reading, HAS_TID);
}

const struct syscount_watch_group *group_by_command(const struct reading *reading,
						    const char *command)
{
#define HAS_NAME(group)	(!strncmp((group)->command, command, sizeof((group)->command)))
	return THE_GROUP(reading, HAS_NAME);
}

const struct syscount_watch_group *group_by_cgroup(const struct reading *reading, uint64_t id)
{
#define IS_CGROUP(group) ((group)->cgroup == id)
	return THE_GROUP(reading, IS_CGROUP);
}

/*
 * Jobs
 */

static char **words;
static int words_count;

const char *job_word(unsigned int index)
{
	if ((int)index >= words_count)
		die("job: word %u is missing", index);
	return words[index];
}

long job_number(unsigned int index)
{
	return strtol(job_word(index), NULL, 0);
}

static void board_map(void)
{
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED, BOARD_FD, 0);
	if (board == MAP_FAILED)
		die("the board: %m");
}

/* Before main(), which is the harness's. */
__attribute__((constructor))
static void become_a_job(int argc, char **argv)
{
	const struct job *job;

	if (argc < 3 || strcmp(argv[1], "--job"))
		return;
	words = argv + 3;
	words_count = argc - 3;
	if (fcntl(BOARD_FD, F_GETFD) >= 0)
		board_map();
	for (job = jobs; job->name; job++)
		if (!strcmp(job->name, argv[2])) {
			job->run();
			_exit(0);
		}
	die("no job '%s'", argv[2]);
}

const char *program_beside(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", program_dir(), name);
	return path;
}

static const char *own_path(void)
{
	static char path[PATH_MAX];
	ssize_t length;

	if (path[0])
		return path;
	length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (length < 0)
		die("readlink /proc/self/exe: %m");
	return path;
}

/* No call but execve(), if own_path() was asked before. */
void job_exec(const char *line)
{
	char *argv[WORDS_MAX + 1] = { (char *)own_path(), "--job" }, text[512], *rest = text;
	int count = 2;

	snprintf(text, sizeof(text), "%s", line);
	while (count < WORDS_MAX && (argv[count] = strsep(&rest, " ")))
		count++;
	execve(argv[0], argv, environ);
	die("execve %s: %m", argv[0]);
}

void arm_all(const struct arm *arms, unsigned int count)
{
	unsigned int i;
	int err;

	for (i = 0; i < count; i++) {
		err = watch_make(arms[i].fd, SYSCOUNT_TARGET_SELF, arms[i].by, arms[i].flags, 0);
		if (err)
			die("a watch of oneself by %d flags %#x: %s",
			    arms[i].by, arms[i].flags, strerror(-err));
	}
}

static pid_t fork_armed(const struct arm *arms, unsigned int count)
{
	pid_t pid;

	own_path();
	pid = fork();
	if (pid < 0)
		die("fork: %m");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	arm_all(arms, count);
	return 0;
}

pid_t job_start(const struct arm *arms, unsigned int count, const char *line)
{
	pid_t pid = fork_armed(arms, count);

	if (!pid)
		job_exec(line);
	return pid;
}

pid_t program_start(const struct arm *arms, unsigned int count, const char *path)
{
	char *const argv[] = { (char *)path, NULL };
	pid_t pid = fork_armed(arms, count);

	if (pid)
		return pid;
	execve(path, argv, environ);
	die("execve %s: %m", path);
}

pid_t fork_as(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD, .set_tid = pid ? (uintptr_t)&pid : 0, .set_tid_size = !!pid,
	};
	pid_t child = pid ? syscall(SYS_clone3, &args, sizeof(args)) : fork();

	if (child < 0 && pid && errno == EEXIST)
		return -EEXIST;
	if (child < 0)
		die("fork: %m");
	return child;
}

int wait_status(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("waitpid %d: %m", pid);
	return status;
}

void wait_success(pid_t pid)
{
	int status = wait_status(pid);

	if (status)
		die("process %d ended with status %#x", pid, status);
}

/*
 * The board
 */

struct board *board;

void board_new(void)
{
	int fd;

	if (board)
		munmap(board, sizeof(*board));
	fd = syscall(SYS_memfd_create, "board", 0);
	if (fd < 0 || ftruncate(fd, sizeof(*board)) || dup2(fd, BOARD_FD) != BOARD_FD)
		die("the board: %m");
	close(fd);
	board_map();
	/* A harness whose time is over goes, and would leave us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void no_child_failed(void)
{
	siginfo_t info = {};

	if (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid &&
	    (info.si_code != CLD_EXITED || info.si_status))
		die("process %d ended, status %d", info.si_pid, info.si_status);
}

static void wait_for_least(uint32_t *word, uint32_t least, const char *what)
{
	const struct timespec second = { .tv_sec = 1 };
	unsigned int seconds = 0;
	uint32_t now;

	while ((now = __atomic_load_n(word, __ATOMIC_SEQ_CST)) < least) {
		if (!syscall(SYS_futex, word, FUTEX_WAIT, now, &second, NULL, 0) ||
		    errno != ETIMEDOUT)
			continue;
		no_child_failed();
		if (++seconds == WAIT_SECONDS)
			die("%s is %u after %u seconds and not %u", what, now, seconds, least);
	}
}

static void wake_all(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void board_step(uint32_t step)
{
	__atomic_store_n(&board->step, step, __ATOMIC_SEQ_CST);
	wake_all(&board->step);
}

void board_step_wait(uint32_t step)
{
	wait_for_least(&board->step, step, "the step");
}

void board_arrive(void)
{
	__atomic_add_fetch(&board->arrived, 1, __ATOMIC_SEQ_CST);
	wake_all(&board->arrived);
}

void board_await(uint32_t arrived)
{
	wait_for_least(&board->arrived, arrived, "the number of those that arrived");
}

void board_sign(unsigned int index)
{
	board->member[index].pid = getpid();
	board->member[index].tid = syscall(SYS_gettid);
}

/*
 * Slab caches
 */

const char *const slab_names[SLABS] = {
	[SLAB_WATCHED] = "syscount_watched", [SLAB_MEMBER] = "syscount_member",
	[SLAB_GROUP] = "syscount_group", [SLAB_CELL] = "syscount_cell",
};

struct slab slab_read(const char *cache)
{
	char path[128], text[1 << 16], *line;
	size_t length = strlen(cache);
	struct slab slab;

	if (!kernel_has_word("slab_nomerge"))
		die("slab_nomerge is not on the kernel's command line");
	/* Else what CPUs have at hand would be in use. */
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	must_write(path, "1");
	file_read("/proc/slabinfo", text, sizeof(text));
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, cache, length) &&
		    sscanf(line + length, " %" SCNu64 " %*u %" SCNu64, &slab.objects,
			   &slab.size) == 2)
			return slab;
	}
	die("/proc/slabinfo has no %s", cache);
}

uint64_t slabs_bytes(void)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < SLABS; i++) {
		struct slab slab = slab_read(slab_names[i]);

		bytes += slab.objects * slab.size;
	}
	return bytes;
}

void slabs_await_empty(void)
{
	const uint64_t until = clock_ns(CLOCK_MONOTONIC) + WAIT_SECONDS * 1000000000ull;

	while (slabs_bytes()) {
		if (clock_ns(CLOCK_MONOTONIC) > until)
			die("%" PRIu64 " bytes of watches after %u seconds", slabs_bytes(),
			    WAIT_SECONDS);
		sched_yield();
	}
}

void make_flocks(uint64_t count)
{
	while (count--)
		call_64(SYS_flock, -1, LOCK_UN, 0);
}

uint64_t share_of(uint64_t calls, unsigned int index, unsigned int all)
{
	return calls / all + (index < calls % all);
}
