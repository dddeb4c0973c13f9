// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands in for the module (LD_PRELOAD), so that the command's side of the ioctls
 * is tested where no module may be loaded. Between two readings a second goes by,
 * with 100 calls of read, 10 of futex and 1 of number 400. FAKE chooses a fault.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/syscount.h>

#define SECOND		1000000000ULL
#define LOADED		(5 * SECOND)

static int device = -1;
static unsigned int readings;

static int faulty(const char *fault)
{
	const char *now = getenv("FAKE");

	return now && !strcmp(now, fault);
}

static int fake_open(const char *path, int flags)
{
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");

	if (strcmp(path, SYSCOUNT_DEVICE) != 0)
		return real(path, flags, 0666);
	device = real("/dev/zero", O_RDWR | O_CLOEXEC);
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
	get->now_ns = LOADED + readings * SECOND;
	get->hook = SYSCOUNT_HOOK_DIRECT;
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
	return 0;
}

static int cost(struct syscount_cost *cost)
{
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
	if (fd != device)
		return real(fd, command, arg);
	if (command == SYSCOUNT_IOC_GET_VERSION)
		return get_version(arg);
	if (command == SYSCOUNT_IOC_GET_NAMES)
		return get_names(arg);
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
