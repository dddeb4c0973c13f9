// SPDX-License-Identifier: GPL-2.0-or-later
/* /dev/syscount: with device_watch.c, the only file that knows the ioctls. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "../module/version.h"
#include "device_private.h"
#include "util.h"

/* Tables never come near; a module that says so is not to be believed. */
#define ROWS_MAX	1000000
#define CPUS_MAX	65536
#define MS		UINT64_C(1000000)
#define NEED_READ	\
	"not permitted: needs CAP_PERFMON, CAP_SYS_ADMIN or the group of the module's parameter gid"
#define NEED_ADMIN	"not permitted: needs CAP_SYS_ADMIN"

static const char *const hook_words[] = {
	[SYSCOUNT_HOOK_NONE]		= "none",
	[SYSCOUNT_HOOK_TRACEPOINT]	= "tracepoint",
	[SYSCOUNT_HOOK_KPROBE]		= "kprobe",
	[SYSCOUNT_HOOK_DIRECT]		= "direct",
};

static const char *const abi_words[] = {
	[SYSCOUNT_ABI_64]	= "64",
	[SYSCOUNT_ABI_I386]	= "i386",
	[SYSCOUNT_ABI_X32]	= "x32",
	[SYSCOUNT_ABI_ARM]	= "arm",
};

static const char *const category_words[] = {
	[SYSCOUNT_CAT_PROCESS]		= "process",
	[SYSCOUNT_CAT_FILE]		= "file",
	[SYSCOUNT_CAT_DEVICE]		= "device",
	[SYSCOUNT_CAT_INFO]		= "info",
	[SYSCOUNT_CAT_COMMUNICATION]	= "communication",
};

const char *hook_word(unsigned int hook)
{
	return hook < ARRAY_SIZE(hook_words) ? hook_words[hook] : "?";
}

const char *abi_word(unsigned int abi)
{
	return abi < ARRAY_SIZE(abi_words) ? abi_words[abi] : "?";
}

const char *category_word(unsigned int category)
{
	return category < ARRAY_SIZE(category_words) ? category_words[category] : NULL;
}

enum state device_state(unsigned int state)
{
	switch (state) {
	case SYSCOUNT_OFF:
		return STATE_OFF;
	case SYSCOUNT_ON:
		return STATE_ON;
	case SYSCOUNT_PARTIAL:
		return STATE_PARTIAL;
	default:
		return STATE_NONE;
	}
}

int device_ioctl(const struct device *d, unsigned long command, void *arg)
{
	int result;

	do
		result = ioctl(d->fd, command, arg);
	while (result < 0 && errno == EINTR);
	return result;
}

/* One line for the errors that any command can meet. */
__noreturn void device_failed(const char *what, const char *need)
{
	if (errno == EPERM || errno == EACCES)
		errx(failure_status, "%s: %s", what, need);
	if (errno == ENOTTY)
		errx(failure_status, "%s: not known to the loaded module: it is older than this "
		     "command; load the one that belongs to syscount %s", what, SYSCOUNT_VERSION);
	if (errno == EINVAL || errno == E2BIG)
		errx(failure_status, "%s: not understood by the loaded module: it is not of this "
		     "command's version; load the one that belongs to syscount %s", what,
		     SYSCOUNT_VERSION);
	err(failure_status, "%s", what);
}

__noreturn void device_inconsistent(const char *what)
{
	errx(failure_status, "%s: the module's answer does not fit together", what);
}

static void check_version(struct device *d)
{
	d->version.size = sizeof(d->version);
	if (device_ioctl(d, SYSCOUNT_IOC_GET_VERSION, &d->version)) {
		if (errno == ENOTTY)
			errx(failure_status, "%s: not the device of the syscount module",
			     SYSCOUNT_DEVICE);
		device_failed("version of the module", NEED_READ);
	}
	d->version.module[sizeof(d->version.module) - 1] = '\0';
	if (d->version.abi_version != SYSCOUNT_ABI_VERSION)
		errx(failure_status, "%s: the loaded module %s speaks ABI %" PRIu32 ", this "
		     "command ABI %d: use the two of one version", SYSCOUNT_DEVICE,
		     safe_text(d->version.module), d->version.abi_version, SYSCOUNT_ABI_VERSION);
}

struct device *device_open(void)
{
	struct device *d = xcalloc(1, sizeof(*d));

	d->fd = open(SYSCOUNT_DEVICE, O_RDWR | O_CLOEXEC);
	if (d->fd < 0 && (errno == EACCES || errno == EROFS))
		d->fd = open(SYSCOUNT_DEVICE, O_RDONLY | O_CLOEXEC);
	if (d->fd < 0) {
		if (errno == ENOENT && !access("/sys/module/syscount", F_OK))
			errx(failure_status, "%s: no such file, though the module is loaded: not "
			     "in this container or chroot", SYSCOUNT_DEVICE);
		if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
			errx(failure_status, "%s: the module is not loaded; to load it: "
			     "modprobe syscount", SYSCOUNT_DEVICE);
		err(failure_status, "%s", SYSCOUNT_DEVICE);
	}
	check_version(d);
	return d;
}

void device_close(struct device *d)
{
	if (!d)
		return;
	snapshot_free(d->table);
	cgroup_paths_free(d->cgroups);
	reading_free(d->reading);
	close(d->fd);
	free(d);
}

const struct syscount_version *device_version(const struct device *d)
{
	return &d->version;
}

dev_t device_number(const struct device *d)
{
	struct stat st;

	if (fstat(d->fd, &st))
		err(failure_status, "%s", SYSCOUNT_DEVICE);
	return st.st_rdev;
}

bool device_try_info(struct device *d, struct syscount_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	if (!device_ioctl(d, SYSCOUNT_IOC_GET_INFO, info))
		return true;
	if (errno == EPERM)
		return false;
	device_failed("info", NEED_READ);
}

static void get_info(struct device *d, struct syscount_info *info)
{
	if (!device_try_info(d, info)) {
		errno = EPERM;
		device_failed("counters", NEED_READ);
	}
}

static void add_categories(struct counts *c)
{
	unsigned int i;

	for (i = 0; i < SYSCOUNT_CAT_UNKNOWN; i++)
		counts_add_category(c, category_word(i), STATE_NONE);
}

static struct syscount_name *get_names(struct device *d, uint32_t *count)
{
	struct syscount_names get = { .size = sizeof(get) };
	struct syscount_name *names = NULL;

	do {
		get.capacity = get.count;
		names = xreallocarray(names, get.capacity, sizeof(*names));
		get.names = (uintptr_t)names;
		if (device_ioctl(d, SYSCOUNT_IOC_GET_NAMES, &get))
			device_failed("table of calls", NEED_READ);
		if (get.count > ROWS_MAX)
			errx(failure_status, "table of calls: the module says %" PRIu32 " rows",
			     get.count);
	} while (get.count > get.capacity);
	*count = get.count;
	return names;
}

static char *read_word(const char *path)
{
	char word[64];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	n = read(fd, word, sizeof(word) - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	word[n] = '\0';
	word[strcspn(word, "\n")] = '\0';
	return xstrdup(word);
}

void device_origin(const struct device *d, struct snapshot *s)
{
	struct utsname uts;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (uname(&uts))
		err(failure_status, "uname");
	s->host = xstrdup(uts.nodename);
	s->kernel = xstrdup(uts.release);
	s->machine = xstrdup(uts.machine);
	s->cpus = cpus > 0 ? (uint64_t)cpus : 0;
	s->tool = xstrdup(SYSCOUNT_VERSION);
	s->module = xstrdup(d->version.module);
	s->boot_id = read_word("/proc/sys/kernel/random/boot_id");
}

/*
 * How far CLOCK_REALTIME is ahead of CLOCK_BOOTTIME, which is the same until somebody sets
 * the clock: of some tries, the one with the least time between its readings.
 */
static uint64_t realtime_offset(void)
{
	uint64_t best = UINT64_MAX, offset = 0;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		uint64_t before = clock_ns(CLOCK_BOOTTIME), now = clock_ns(CLOCK_REALTIME);
		uint64_t between = clock_ns(CLOCK_BOOTTIME) - before;

		if (between >= best)
			continue;
		best = between;
		offset = now - before - between / 2;
	}
	return offset;
}

void device_times(struct snapshot *s, uint64_t since_ns, uint64_t now_ns)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	char text[ISO_TIME_SIZE];

	if (now_ns < since_ns)
		device_inconsistent(s->kind == KIND_WATCH ? "watch" : "counters");
	s->timed = true;
	s->since_ns = since_ns;
	s->now_ns = now_ns;
	s->duration_ns = now_ns - since_ns;
	iso_time(now, text);
	s->time = xstrdup(text);
	/* To the millisecond, so that readings of the same counters agree. */
	iso_time((since_ns + realtime_offset() + MS / 2) / MS * MS, text);
	s->since = xstrdup(text);
}

const struct snapshot *device_table(struct device *d)
{
	struct syscount_name *names;
	uint32_t i, count;

	if (d->table)
		return d->table;
	d->table = snapshot_new(KIND_LIST);
	device_origin(d, d->table);
	add_categories(&d->table->counts);
	names = get_names(d, &count);
	for (i = 0; i < count; i++) {
		struct row row = { .nr = names[i].nr };

		names[i].name[sizeof(names[i].name) - 1] = '\0';
		names[i].entry[sizeof(names[i].entry) - 1] = '\0';
		snprintf(row.abi, sizeof(row.abi), "%s", abi_word(names[i].abi));
		row.name = names[i].name;
		row.entry = names[i].entry;
		row.category = (char *)category_word(names[i].category);
		counts_add_row(&d->table->counts, &row);
	}
	counts_sort(&d->table->counts);
	if (counts_twice(&d->table->counts))
		device_inconsistent("table of calls");
	free(names);
	return d->table;
}

/* Rows of @get, which says what of; they are the caller's to free. */
static struct syscount_row *get_rows(struct device *d, struct syscount_read *get)
{
	struct syscount_row *rows = NULL;

	get->size = sizeof(*get);
	get->count = d->room;
	do {
		get->capacity = get->count;
		rows = xreallocarray(rows, get->capacity, sizeof(*rows));
		get->rows = (uintptr_t)rows;
		get->count = 0;
		if (device_ioctl(d, SYSCOUNT_IOC_READ, get)) {
			if (errno != ENXIO)
				device_failed("counters", NEED_READ);
			free(rows);
			return NULL;
		}
		if (get->count > ROWS_MAX)
			errx(failure_status, "counters: the module says %" PRIu32 " rows",
			     get->count);
	} while (get->count > get->capacity);
	d->room = get->count > d->room ? get->count + 16 : d->room;
	return rows;
}

void device_name_row(struct device *d, struct row *row, unsigned int abi, unsigned int category,
		     unsigned int state, unsigned int flags)
{
	const struct row *named;

	snprintf(row->abi, sizeof(row->abi), "%s", abi_word(abi));
	row->other = flags & SYSCOUNT_ROW_OTHER;
	row->state = device_state(state);
	row->category = (char *)category_word(category);
	named = counts_find(&device_table(d)->counts, row);
	if (named && flags & SYSCOUNT_ROW_NAMED)
		row->name = named->name;
}

static void add_row(struct device *d, struct counts *c, const struct syscount_row *from)
{
	struct row row = { .nr = from->nr, .calls = from->calls };

	device_name_row(d, &row, from->abi, from->category, from->state, from->flags);
	counts_add_row(c, &row);
}

void device_categories(struct counts *c, const struct syscount_total *from)
{
	uint32_t i;

	for (i = 0; i < SYSCOUNT_CAT_UNKNOWN; i++) {
		counts_add_category(c, category_word(i), device_state(from[i].state));
		c->categories[i].calls = from[i].calls;
	}
	c->unknown_state = device_state(from[SYSCOUNT_CAT_UNKNOWN].state);
	c->unknown = 0;
	for (; i < SYSCOUNT_CAT_ROOM; i++)
		c->unknown += from[i].calls;
}

static void fill_counts(struct device *d, struct counts *c, const struct syscount_read *get,
			const struct syscount_row *rows)
{
	uint32_t i;

	device_categories(c, get->categories);
	c->total = get->total;
	for (i = 0; i < get->count; i++)
		add_row(d, c, &rows[i]);
	counts_sort(c);
	if (counts_twice(c) || !counts_rows_agree(c) || !counts_categories_agree(c))
		device_inconsistent("counters");
}

struct snapshot *device_read(struct device *d, bool all)
{
	struct syscount_read get = { .flags = all ? SYSCOUNT_READ_ALL : 0 };
	struct snapshot *s = snapshot_new(KIND_COUNTERS);
	struct syscount_row *rows;

	device_table(d);
	rows = get_rows(d, &get);
	if (!rows)
		err(failure_status, "counters");
	device_origin(d, s);
	device_times(s, get.since_ns, get.now_ns);
	s->hook = xstrdup(hook_word(get.hook));
	fill_counts(d, &s->counts, &get, rows);
	free(rows);
	return s;
}

struct snapshot *device_read_cpus(struct device *d)
{
	struct snapshot *s = snapshot_new(KIND_COUNTERS);
	struct syscount_info info;
	uint32_t cpu, now_hook = SYSCOUNT_HOOK_NONE;

	device_table(d);
	get_info(d, &info);
	if (info.cpu_ids > CPUS_MAX)
		errx(failure_status, "counters: the module says %" PRIu32 " CPUs", info.cpu_ids);
	for (cpu = 0; cpu < info.cpu_ids; cpu++) {
		struct syscount_read get = { .flags = SYSCOUNT_READ_CPU, .cpu = cpu };
		struct syscount_row *rows = get_rows(d, &get);
		struct group *group;

		if (!rows)
			continue;
		group = snapshot_add_group(s);
		group->by = BY_CPU;
		group->cpu = cpu;
		fill_counts(d, &group->counts, &get, rows);
		free(rows);
		/* What all CPUs counted, so that the snapshot agrees with its groups. */
		counts_merge(&s->counts, &group->counts);
		now_hook = get.hook;
		info.now_ns = get.now_ns;
		if (!group->counts.total) {
			group_free(group);
			s->ngroups--;
		}
	}
	device_origin(d, s);
	device_times(s, info.loaded_ns, info.now_ns);
	s->hook = xstrdup(hook_word(now_hook));
	return s;
}

void device_reset(struct device *d)
{
	struct syscount_reset reset = { .size = sizeof(reset) };

	if (device_ioctl(d, SYSCOUNT_IOC_RESET, &reset))
		device_failed("reset", NEED_ADMIN);
}

void device_switch(struct device *d, const struct syscount_switch_item *items, size_t n)
{
	struct syscount_switch get = {
		.size = sizeof(get),
		.count = (uint32_t)n,
		.items = (uintptr_t)items,
	};

	if (n > SYSCOUNT_SWITCH_MAX)
		errx(failure_status, "switch: %zu calls at once, the module takes %d",
		     n, SYSCOUNT_SWITCH_MAX);
	if (device_ioctl(d, SYSCOUNT_IOC_SWITCH, &get))
		device_failed("switch", NEED_ADMIN);
}

void device_cost(struct device *d, struct syscount_cost *cost)
{
	const struct timespec moment = { .tv_nsec = 10000000 };

	for (;;) {
		memset(cost, 0, sizeof(*cost));
		cost->size = sizeof(*cost);
		if (!device_ioctl(d, SYSCOUNT_IOC_COST, cost))
			return;
		if (errno != EAGAIN)
			device_failed("cost", NEED_READ);
		if (nanosleep(&moment, NULL))
			errx(failure_status, "cost: interrupted while the hook is being changed");
	}
}

bool device_bypass(struct device *d, bool on)
{
	struct syscount_bypass bypass = {
		.size = sizeof(bypass), .flags = on ? 0 : SYSCOUNT_BYPASS_END,
	};

	if (!device_ioctl(d, SYSCOUNT_IOC_BYPASS, &bypass))
		return true;
	if (errno == EOPNOTSUPP)
		return false;
	device_failed("cost of the hook tracepoint", NEED_ADMIN);
}

void device_read_totals(struct device *d, struct syscount_read *get)
{
	memset(get, 0, sizeof(*get));
	get->size = sizeof(*get);
	if (device_ioctl(d, SYSCOUNT_IOC_READ, get))
		device_failed("counters", NEED_READ);
}
