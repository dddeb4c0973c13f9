// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands in for the module (LD_PRELOAD), so that the command's side of the ioctls
 * is tested where no module may be loaded. Between two readings a second goes by,
 * with 100 calls of read, 10 of futex and 1 of number 400. FAKE chooses faults, with
 * commas between.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/syscount.h>

#define SECOND		1000000000ULL
#define LOADED		(5 * SECOND)
#define FILES		256
/* No process has such a number or a higher one, so it is never the command's. */
#define PID_MAX_LIMIT	4194304

static int device = -1;
static unsigned int readings;

static int faulty(const char *fault)
{
	const char *now = getenv("FAKE");
	size_t n = strlen(fault);

	for (; now; now = strchr(now, ',') ? strchr(now, ',') + 1 : NULL) {
		if (!strncmp(now, fault, n) && (!now[n] || now[n] == ','))
			return 1;
	}
	return 0;
}

/* An open file is one for the child, too, which makes it a watch. */
static struct watched_file {
	int fd;
	unsigned int readings;
	int forgotten;			/* the group that ended */
	struct syscount_watch watch;
} *files;

static struct watched_file *watched_file(int fd)
{
	return fd >= 0 && fd < FILES && files && files[fd].fd == fd ? &files[fd] : NULL;
}

static void fake_watch_open(int fd)
{
	if (!files)
		files = mmap(NULL, FILES * sizeof(*files), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fd >= 0 && fd < FILES)
		files[fd] = (struct watched_file){ .fd = fd };
}

static int fake_open(const char *path, int flags)
{
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");

	if (strcmp(path, SYSCOUNT_DEVICE) != 0)
		return real(path, flags, 0666);
	device = real("/dev/zero", O_RDWR | O_CLOEXEC);
	fake_watch_open(device);
	return device;
}

int open(const char *path, int flags, ...)
{
	return fake_open(path, flags);
}

int open64(const char *path, int flags, ...)
{
	return fake_open(path, flags);
}

static int get_version(struct syscount_version *v)
{
	v->abi_version = faulty("abi") ? 2 : SYSCOUNT_ABI_VERSION;
	strcpy(v->module, "1.0");
	return 0;
}

static int get_info(struct syscount_info *info)
{
	info->hook = SYSCOUNT_HOOK_DIRECT;
	info->hook_chosen = SYSCOUNT_HOOK_DIRECT;
	info->hooks = 1 << SYSCOUNT_HOOK_DIRECT | 1 << SYSCOUNT_HOOK_TRACEPOINT;
	info->abis = 1 << SYSCOUNT_ABI_64 | 1 << SYSCOUNT_ABI_I386;
	info->cpu_ids = 3;
	info->loaded_ns = LOADED;
	info->since_ns = LOADED;
	info->now_ns = LOADED + SECOND;
	return 0;
}

static const struct syscount_name table[] = {
	{ 0, SYSCOUNT_ABI_64, SYSCOUNT_CAT_FILE, 0, "read", "__x64_sys_read" },
	{ 1, SYSCOUNT_ABI_64, SYSCOUNT_CAT_FILE, 0, "write", "__x64_sys_write" },
	{ 202, SYSCOUNT_ABI_64, SYSCOUNT_CAT_PROCESS, 0, "futex", "__x64_sys_futex" },
	{ 500, SYSCOUNT_ABI_64, SYSCOUNT_CAT_UNKNOWN, 0, "newcomer", "-" },
	{ 3, SYSCOUNT_ABI_I386, SYSCOUNT_CAT_FILE, 0, "read", "__ia32_sys_read" },
};

#define TABLE_ROWS (sizeof(table) / sizeof(table[0]))

static int get_names(struct syscount_names *get)
{
	unsigned int i;

	get->count = TABLE_ROWS;
	for (i = 0; i < TABLE_ROWS && i < get->capacity; i++)
		((struct syscount_name *)(unsigned long)get->names)[i] = table[i];
	return 0;
}

static void put_row(struct syscount_read *get, struct syscount_row row)
{
	struct syscount_row *rows = (struct syscount_row *)(unsigned long)get->rows;

	if (get->count < get->capacity)
		rows[get->count] = row;
	get->count++;
	get->total += row.calls;
	get->categories[row.category].calls += row.calls;
}

static int read_counters(struct syscount_read *get)
{
	unsigned int i, times;
	int state = SYSCOUNT_ON;

	if (get->flags & SYSCOUNT_READ_CPU && get->cpu == 1) {
		errno = ENXIO;
		return -1;
	}
	/* One that asks for the room needed is not a reading yet. */
	if (!(get->flags & SYSCOUNT_READ_CPU) && (get->capacity >= 3 || !get->rows))
		readings++;
	times = readings;
	get->since_ns = LOADED;
	if ((faulty("reset") && readings >= 2) || (faulty("reset-late") && readings >= 3)) {
		get->since_ns = LOADED + 1500000000;
		times = 1;
	}
	get->now_ns = faulty("back") ? LOADED - 1 : LOADED + readings * SECOND;
	get->hook = faulty("newer") ? SYSCOUNT_HOOK_COUNT : SYSCOUNT_HOOK_DIRECT;
	get->count = 0;
	get->total = 0;
	memset(get->categories, 0, sizeof(get->categories));
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		get->categories[i].state = state;
	if (faulty("off"))
		get->categories[SYSCOUNT_CAT_DEVICE].state = SYSCOUNT_OFF;
	if (get->flags & SYSCOUNT_READ_CPU) {
		get->now_ns = LOADED + SECOND;
		times = get->cpu + 1;
	}
	put_row(get, (struct syscount_row){ 0, SYSCOUNT_ABI_64, SYSCOUNT_CAT_FILE, state,
					    SYSCOUNT_ROW_NAMED, 100ULL * times });
	put_row(get, (struct syscount_row){ 202, SYSCOUNT_ABI_64, SYSCOUNT_CAT_PROCESS,
					    faulty("off") ? SYSCOUNT_OFF : state,
					    SYSCOUNT_ROW_NAMED, 10ULL * times });
	put_row(get, (struct syscount_row){ 400, SYSCOUNT_ABI_64, SYSCOUNT_CAT_UNKNOWN, state, 0,
					    times });
	if (faulty("twice"))
		put_row(get, (struct syscount_row){ 202, SYSCOUNT_ABI_64, SYSCOUNT_CAT_PROCESS,
						    state, 0, times });
	/* Of a category and a state that the command has no word for, in a struct with more. */
	if (faulty("newer")) {
		get->size += 64;
		put_row(get, (struct syscount_row){ 401, SYSCOUNT_ABI_64, SYSCOUNT_CAT_COUNT,
						    SYSCOUNT_PARTIAL + 1, 0, 3 * times });
	}
	get->total += faulty("sum");
	return 0;
}

/* What a reading of a watch has room for, and what there is. */
struct answer {
	struct syscount_watch_read *get;
	const struct syscount_watch *watch;
	unsigned int times;
};

static int is_asked(const struct answer *a, unsigned int flag)
{
	return !!(a->watch->flags & flag);
}

static void put_detail(const struct answer *a, struct syscount_watch_row *row, unsigned int kind,
		       unsigned int value, unsigned long long count)
{
	struct syscount_watch_detail *details = (void *)(unsigned long)a->get->details;

	if (!is_asked(a, kind == SYSCOUNT_DETAIL_ERRNO ? SYSCOUNT_WATCH_ERRORS :
							 SYSCOUNT_WATCH_LATENCY) || !count)
		return;
	if (a->get->detail_count < a->get->detail_capacity)
		details[a->get->detail_count] = (struct syscount_watch_detail){ kind, value, count };
	if (!row->details++)
		row->first_detail = a->get->detail_count;
	a->get->detail_count++;
}

static void put_watch_row(const struct answer *a, struct syscount_watch_group *group,
			  struct syscount_watch_row row)
{
	struct syscount_watch_row *rows = (void *)(unsigned long)a->get->rows;
	unsigned int exits = SYSCOUNT_WATCH_ERRORS | SYSCOUNT_WATCH_LATENCY;

	if (!is_asked(a, exits))
		row.exits = row.errors = row.restarted = row.refused = row.in_flight = 0;
	if (!is_asked(a, SYSCOUNT_WATCH_LATENCY))
		row.total_ns = row.min_ns = row.max_ns = row.oldest_ns = 0;
	if (a->get->row_count < a->get->row_capacity)
		rows[a->get->row_count] = row;
	if (!group->rows++)
		group->first_row = a->get->row_count;
	a->get->row_count++;
	a->get->total += row.calls;
	a->get->categories[row.category].calls += row.calls;
}

static void put_reads(const struct answer *a, struct syscount_watch_group *group, unsigned int k,
		      unsigned int object)
{
	struct syscount_watch_row row = {
		.nr = 0, .abi = SYSCOUNT_ABI_64, .category = SYSCOUNT_CAT_FILE,
		.state = SYSCOUNT_ON, .flags = SYSCOUNT_ROW_NAMED, .object = object,
		.calls = 100 * k, .exits = 100 * k, .errors = 12 * k,
		.total_ns = 5000000ULL * k, .min_ns = 200, .max_ns = 500000,
	};

	if (faulty("off-twice"))
		row.state = SYSCOUNT_OFF;
	if (faulty("one"))
		row.calls = row.exits = row.errors = 1;
	if (faulty("ties"))
		row.calls = row.exits = 10 * k;
	if (object == SYSCOUNT_OBJECT_CHANNEL)
		row.category = SYSCOUNT_CAT_COMMUNICATION;
	put_detail(a, &row, SYSCOUNT_DETAIL_ERRNO, ENOENT, 2 * k);
	put_detail(a, &row, SYSCOUNT_DETAIL_ERRNO, EAGAIN, 10 * k);
	put_detail(a, &row, SYSCOUNT_DETAIL_LATENCY, 8, 60 * k);
	put_detail(a, &row, SYSCOUNT_DETAIL_LATENCY, 10, 30 * k);
	put_detail(a, &row, SYSCOUNT_DETAIL_LATENCY, 19, 10 * k);
	put_watch_row(a, group, row);
}

static int of_ourselves(const struct answer *a)
{
	return a->watch->pid == getpid();
}

/*
 * The call that reads, which is long or short by turns. Of the one that goes on, the watch of
 * ourselves has not the end yet, but has the call that opened the other watch.
 */
static void put_reader(const struct answer *a, struct syscount_watch_group *group)
{
	unsigned int own = of_ourselves(a), ended = a->times - own;
	unsigned int slow = (ended + 1) / 2, fast = ended / 2;
	unsigned int others = own || faulty("reader-alone") ? 0 : 2 * a->times;
	struct syscount_watch_row row = {
		.nr = 1, .abi = SYSCOUNT_ABI_64, .category = SYSCOUNT_CAT_FILE,
		.state = SYSCOUNT_ON, .flags = SYSCOUNT_ROW_NAMED, .in_flight = 1,
		.calls = a->times + others, .exits = a->times + others, .min_ns = 500,
		.max_ns = 3000000, .oldest_ns = 3000,
		.total_ns = 3000000ULL * slow + 500 * fast + 100000 * own + 1000 * others,
	};

	put_detail(a, &row, SYSCOUNT_DETAIL_LATENCY, 9, fast);
	put_detail(a, &row, SYSCOUNT_DETAIL_LATENCY, 10, others);
	put_detail(a, &row, SYSCOUNT_DETAIL_LATENCY, 17, own);
	put_detail(a, &row, SYSCOUNT_DETAIL_LATENCY, 22, slow);
	put_watch_row(a, group, row);
}

/* Calls that are off, of which there were none. */
static void put_off(const struct answer *a, struct syscount_watch_group *group)
{
	struct syscount_watch_row row = {
		.nr = 1, .abi = SYSCOUNT_ABI_64, .category = SYSCOUNT_CAT_FILE,
		.state = SYSCOUNT_OFF, .flags = SYSCOUNT_ROW_NAMED,
	};

	put_watch_row(a, group, row);
	row.nr = 3;
	row.abi = SYSCOUNT_ABI_I386;
	put_watch_row(a, group, row);
}

static void put_rows(const struct answer *a, struct syscount_watch_group *group, unsigned int k)
{
	struct syscount_watch_row futex = {
		.nr = 202, .abi = SYSCOUNT_ABI_64, .category = SYSCOUNT_CAT_PROCESS,
		.state = faulty("off") ? SYSCOUNT_OFF : SYSCOUNT_ON, .flags = SYSCOUNT_ROW_NAMED,
		.in_flight = 1, .calls = 10 * k, .exits = 10 * k - 1, .restarted = k,
		.oldest_ns = 2500000000, .total_ns = 40000000ULL * k, .min_ns = 1500,
		.max_ns = 9000000,
	};
	struct syscount_watch_row odd = {
		.nr = 400, .abi = SYSCOUNT_ABI_64, .category = SYSCOUNT_CAT_UNKNOWN,
		.state = SYSCOUNT_ON, .calls = 2 * k, .exits = 2 * k, .errors = 2 * k,
		.refused = 3, .total_ns = 200 * k, .min_ns = 100, .max_ns = 100,
	};
	struct syscount_watch_row other = {
		.nr = 3, .abi = SYSCOUNT_ABI_I386, .category = SYSCOUNT_CAT_FILE,
		.state = SYSCOUNT_ON, .flags = SYSCOUNT_ROW_NAMED, .calls = 7, .exits = 7,
		.total_ns = 7000, .min_ns = 1000, .max_ns = 1000,
	};

	if (faulty("ties")) {
		futex.exits = odd.calls = odd.exits = 10 * k;
		futex.total_ns = odd.total_ns = other.total_ns = 5000000ULL * k;
		odd.errors = 12 * k;
		other.calls = other.exits = 10 * k;
	}
	put_reads(a, group, k, is_asked(a, SYSCOUNT_WATCH_OBJECTS) ? SYSCOUNT_OBJECT_FILE : 0);
	if (is_asked(a, SYSCOUNT_WATCH_OBJECTS))
		put_reads(a, group, k, SYSCOUNT_OBJECT_CHANNEL);
	if (faulty("one"))
		return;
	if ((faulty("reader") || faulty("reader-alone")) && group->cgroup == 1)
		put_reader(a, group);
	put_detail(a, &futex, SYSCOUNT_DETAIL_LATENCY, 11, 10 * k - 1);
	put_watch_row(a, group, futex);
	put_detail(a, &odd, SYSCOUNT_DETAIL_ERRNO, ENOSYS, k);
	put_detail(a, &odd, SYSCOUNT_DETAIL_ERRNO, 524, k);
	put_detail(a, &odd, SYSCOUNT_DETAIL_LATENCY, 7, 2 * k);
	put_watch_row(a, group, odd);
	if (faulty("off-quiet") || faulty("off-twice"))
		put_off(a, group);
	if (!faulty("i386"))
		return;
	put_detail(a, &other, SYSCOUNT_DETAIL_LATENCY, 10, 7);
	put_watch_row(a, group, other);
}

static int first_ends(void)
{
	return !faulty("idle") && !faulty("kept");
}

/* The second one has twice the calls of the first, and so on; the third is the command itself. */
static void put_group(const struct answer *a, unsigned int k)
{
	struct syscount_watch_group *groups = (void *)(unsigned long)a->get->groups;
	struct syscount_watch_group group = { .threads = k - 1 };
	unsigned int by = a->watch->by;
	int idle = k == 1 && faulty("idle");	/* since the first reading */

	if (k == 1 && first_ends())
		group.flags = SYSCOUNT_GROUP_ENDED;
	if (by == SYSCOUNT_BY_PROCESS || by == SYSCOUNT_BY_THREAD) {
		group.pid = k == 3 ? getpid() : (int)(PID_MAX_LIMIT + k);
		group.tid = by == SYSCOUNT_BY_THREAD ? group.pid : 0;
		group.start_ns = LOADED + k;
	}
	if (by == SYSCOUNT_BY_CGROUP)
		group.cgroup = k == 1 && !of_ourselves(a) ? ~0ULL : 1;
	else if (by == SYSCOUNT_BY_COMMAND && k == 3)
		prctl(PR_GET_NAME, group.command);
	else if (by != SYSCOUNT_BY_NONE)
		strcpy(group.command, faulty("nameless") ? "" :
		       faulty("turned") ? "\342\200\256x" : k == 1 ? "sh" : "worker 2");
	if (!faulty("empty"))
		put_rows(a, &group, k * (idle ? 1 : a->times));
	if (faulty("inconsistent"))
		group.rows += 1000;
	if (a->get->group_count < a->get->group_capacity)
		groups[a->get->group_count] = group;
	a->get->group_count++;
}

static int read_watch(struct watched_file *file, struct syscount_watch_read *get)
{
	struct answer a = { get, &file->watch, ++file->readings };
	unsigned int i, n;

	get->since_ns = LOADED;
	get->now_ns = LOADED + file->readings * SECOND / 250;
	get->hook = SYSCOUNT_HOOK_DIRECT;
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		get->categories[i].state = SYSCOUNT_ON;
	if (faulty("off"))
		get->categories[SYSCOUNT_CAT_DEVICE].state = SYSCOUNT_OFF;
	n = file->watch.by == SYSCOUNT_BY_NONE ? 1 : 2;
	if (file->watch.by == SYSCOUNT_BY_CGROUP && file->watch.pid == getpid())
		n = 1;
	else if (file->watch.by != SYSCOUNT_BY_CGROUP && n == 2 &&
		 file->watch.target >= SYSCOUNT_TARGET_CGROUP)
		n = 3;
	for (i = file->forgotten ? 2 : 1; i <= n; i++)
		put_group(&a, i);
	if (faulty("lost")) {
		get->lost = 5;
		get->lost_threads = 2;
	}
	file->forgotten |= get->flags & SYSCOUNT_READ_FORGET && first_ends() &&
			   get->row_count <= get->row_capacity;
	if (faulty("lost-one"))
		get->lost = get->lost_threads = 1;
	get->left = faulty("left");
	get->threads = faulty("running") ? 3 : faulty("running-one");
	/* One that has not what comes behind, which stays as the caller had it. */
	if (faulty("smaller")) {
		get->size = offsetof(struct syscount_watch_read, lost);
		get->hook = 0;
	}
	return 0;
}

static int open_watch(struct watched_file *file, const struct syscount_watch *w)
{
	static const struct {
		const char *fault;
		int error;
	} faults[] = {
		{ "no-perm", EPERM }, { "no-more", EMFILE }, { "too-fast", EAGAIN },
		{ "no-memory", ENOMEM }, { "no-task", ESRCH }, { "no-cgroup", EBADF },
		{ "cannot", EOPNOTSUPP }, { "older", ENOTTY },
	};
	unsigned int i;

	if (faulty("say"))
		dprintf(STDERR_FILENO, "watch flags=%#x target=%u by=%u pid=%d\n", w->flags,
			w->target, w->by, w->pid);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (faulty(faults[i].fault)) {
			errno = faults[i].error;
			return -1;
		}
	}
	file->watch = *w;
	return 0;
}

static int cost(struct syscount_cost *cost)
{
	if (faulty("changing")) {
		errno = EAGAIN;
		return -1;
	}
	cost->hook = faulty("tracepoint") ? SYSCOUNT_HOOK_TRACEPOINT :
		     faulty("none") ? SYSCOUNT_HOOK_NONE :
		     faulty("kprobe") ? SYSCOUNT_HOOK_KPROBE : SYSCOUNT_HOOK_DIRECT;
	cost->calls = cost->hook == SYSCOUNT_HOOK_DIRECT ? 1000 : 0;
	cost->changes = faulty("changed") ? 2 * readings : 0;
	cost->bare_ns = faulty("noise") ? 7000 : 2000;
	cost->hooked_ns = 4500;
	return 0;
}

static int do_switch(const struct syscount_switch *get)
{
	const struct syscount_switch_item *items = (const void *)(unsigned long)get->items;
	unsigned int i;

	for (i = 0; i < get->count; i++) {
		if (items[i].what == SYSCOUNT_SWITCH_CATEGORY)
			printf("category %u: %u\n", items[i].category, items[i].on);
		else
			printf("syscall %u %d: %u\n", items[i].abi, items[i].nr, items[i].on);
	}
	return 0;
}

int ioctl(int fd, unsigned long command, ...)
{
	int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	if (!watched_file(fd))
		return real(fd, command, arg);
	if (command == SYSCOUNT_IOC_GET_VERSION)
		return get_version(arg);
	errno = faulty("enotty") ? ENOTTY : faulty("einval") ? EINVAL : faulty("e2big") ? E2BIG : 0;
	if (errno)
		return -1;
	if (command == SYSCOUNT_IOC_GET_NAMES)
		return get_names(arg);
	/* These are for anyone. */
	if (command == SYSCOUNT_IOC_WATCH)
		return open_watch(&files[fd], arg);
	if (command == SYSCOUNT_IOC_READ_WATCH)
		return read_watch(&files[fd], arg);
	errno = faulty("old") ? ENOTTY : EPERM;
	if (faulty("old") || faulty("eperm"))
		return -1;
	if (command == SYSCOUNT_IOC_GET_INFO)
		return get_info(arg);
	if (command == SYSCOUNT_IOC_READ)
		return read_counters(arg);
	if (command == SYSCOUNT_IOC_SWITCH)
		return do_switch(arg);
	if (command == SYSCOUNT_IOC_COST)
		return cost(arg);
	if (command == SYSCOUNT_IOC_BYPASS) {
		errno = EPERM;
		return -1;
	}
	if (command == SYSCOUNT_IOC_RESET)
		return printf("reset\n"), 0;
	errno = ENOTTY;
	return -1;
}
