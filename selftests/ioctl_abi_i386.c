// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ioctls of /dev/syscount from a program of another abi than the kernel's,
 * without a C library: i386, and x32 by ioctl_abi_x32.c. The exit status is 0, or
 * the line of the check that failed, modulo 256 (and never 0).
 */
#include <asm/unistd.h>
#include <linux/syscount.h>

#define O_RDWR	2
#define PAGE	4096

#define CHECK(good) do {			\
	if (!(good))				\
		finish(__LINE__ % 256 ?: 1);	\
} while (0)

#define SAME_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)

SAME_SIZE(struct syscount_version, 32);
SAME_SIZE(struct syscount_info, 56);
SAME_SIZE(struct syscount_name, 112);
SAME_SIZE(struct syscount_names, 24);
SAME_SIZE(struct syscount_row, 16);
SAME_SIZE(struct syscount_read, 184);
SAME_SIZE(struct syscount_reset, 8);
SAME_SIZE(struct syscount_switch_item, 8);
SAME_SIZE(struct syscount_switch, 24);
SAME_SIZE(struct syscount_cost, 40);
SAME_SIZE(struct syscount_bypass, 8);
_Static_assert(sizeof(long) == 4, "this is for the abis whose long has 32 bits");

static int call(unsigned int nr, unsigned int a, unsigned int b, unsigned int c)
{
	int result;

#ifdef __i386__
	__asm__ volatile("int $0x80" : "=a" (result)
			 : "0" (nr), "b" (a), "c" (b), "d" (c) : "memory");
#else
	__asm__ volatile("syscall" : "=a" (result)
			 : "0" (nr), "D" (a), "S" (b), "d" (c) : "rcx", "r11", "memory");
#endif
	return result;
}

static void __attribute__((noreturn)) finish(int status)
{
	for (;;)
		call(__NR_exit_group, status, 0, 0);
}

static int do_ioctl(int fd, unsigned int command, void *args)
{
	return call(__NR_ioctl, fd, command, (unsigned long)args);
}

/* gcc makes calls of it, whatever it is told. */
void *memset(void *to, int byte, __SIZE_TYPE__ size)
{
	char *bytes = to;

	while (size--)
		*bytes++ = byte;
	return to;
}

static struct syscount_name names[4096];
static struct syscount_row rows[4096];

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static void check_names(int fd)
{
	struct syscount_names args = {
		.size = sizeof(args), .capacity = 4096, .names = (unsigned long)names,
	};

	CHECK(!do_ioctl(fd, SYSCOUNT_IOC_GET_NAMES, &args));
	CHECK(args.count > 1000 && args.count < 4096);
	CHECK(names[0].abi == SYSCOUNT_ABI_64 && names[0].nr == 0 && same(names[0].name, "read"));
	CHECK(same(names[0].entry, "__x64_sys_read"));
	CHECK(names[args.count - 1].abi == SYSCOUNT_ABI_X32);
	CHECK(!names[args.count].name[0]);
}

static void take(int fd, struct syscount_read *args)
{
	*args = (struct syscount_read) {
		.size = sizeof(*args), .capacity = 4096, .rows = (unsigned long)rows,
	};
	CHECK(!do_ioctl(fd, SYSCOUNT_IOC_READ, args));
	CHECK(args->size == sizeof(*args) && args->count && args->count < 4096);
	CHECK(args->since_ns && args->since_ns <= args->now_ns);
}

/* Calls of this abi's getppid, which is this program's own business. */
static __u64 getppids(const struct syscount_read *args)
{
#ifdef __i386__
	const __u8 abi = SYSCOUNT_ABI_I386;
	const __s32 nr = __NR_getppid;
#else
	const __u8 abi = SYSCOUNT_ABI_X32;
	const __s32 nr = __NR_getppid & ~0x40000000;
#endif
	unsigned int i;

	for (i = 0; i < args->count; i++)
		if (rows[i].abi == abi && rows[i].nr == nr)
			return rows[i].calls;
	return 0;
}

static void check_read(int fd)
{
	struct syscount_read args;
	__u64 before, total = 0;
	unsigned int i;

	take(fd, &args);
	before = getppids(&args);
	for (i = 0; i < 1009; i++)
		call(__NR_getppid, 0, 0, 0);
	take(fd, &args);
	CHECK(getppids(&args) - before == 1009);
	for (i = 0; i < args.count; i++)
		total += rows[i].calls;
	CHECK(total == args.total);
}

static void check_switch(int fd)
{
	struct syscount_switch_item item = {
		.what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_DEVICE,
	};
	struct syscount_switch args = {
		.size = sizeof(args), .count = 1, .items = (unsigned long)&item,
	};
	struct syscount_read reading;

	CHECK(!do_ioctl(fd, SYSCOUNT_IOC_SWITCH, &args));
	take(fd, &reading);
	CHECK(reading.categories[SYSCOUNT_CAT_DEVICE].state == SYSCOUNT_OFF);
	CHECK(reading.categories[SYSCOUNT_CAT_FILE].state == SYSCOUNT_ON);
	item.on = 1;
	CHECK(!do_ioctl(fd, SYSCOUNT_IOC_SWITCH, &args));
	take(fd, &reading);
	CHECK(reading.categories[SYSCOUNT_CAT_DEVICE].state == SYSCOUNT_ON);

	/* The upper half of an address is not cut off. */
	args.items |= 1ULL << 32;
	CHECK(do_ioctl(fd, SYSCOUNT_IOC_SWITCH, &args) == -14 /* EFAULT */);
}

void __attribute__((noreturn, used)) start(void)
{
	struct syscount_version version = { .size = sizeof(version) };
	struct syscount_info info = { .size = sizeof(info) };
	struct syscount_reset reset = { .size = sizeof(reset) };
	struct syscount_cost cost = { .size = sizeof(cost) };
	struct syscount_bypass bypass = { .size = sizeof(bypass) };
	struct syscount_read reading;
	int fd = call(__NR_open, (unsigned long)SYSCOUNT_DEVICE, O_RDWR, 0);

	CHECK(fd >= 0);
	CHECK(!do_ioctl(fd, SYSCOUNT_IOC_GET_VERSION, &version));
	CHECK(version.size == sizeof(version) && version.abi_version == SYSCOUNT_ABI_VERSION);
	CHECK(!do_ioctl(fd, SYSCOUNT_IOC_GET_INFO, &info));
	CHECK(info.size == sizeof(info) && info.hook == SYSCOUNT_HOOK_TRACEPOINT);
	CHECK(info.now_ns >= info.since_ns && info.since_ns >= info.loaded_ns && info.loaded_ns);
	check_names(fd);
	check_read(fd);
	check_switch(fd);
	CHECK(!do_ioctl(fd, SYSCOUNT_IOC_RESET, &reset));
	take(fd, &reading);
	CHECK(reading.since_ns > info.since_ns);

	CHECK(!do_ioctl(fd, SYSCOUNT_IOC_COST, &cost));
	CHECK(cost.size == sizeof(cost) && cost.hook == SYSCOUNT_HOOK_TRACEPOINT && !cost.calls);
	CHECK(!do_ioctl(fd, SYSCOUNT_IOC_BYPASS, &bypass));

	CHECK(do_ioctl(fd, SYSCOUNT_IOC_RESET + 0x100, &reset) == -25 /* ENOTTY */);
	CHECK(do_ioctl(fd, SYSCOUNT_IOC_RESET, (void *)0) == -14);
	reset.flags = 1;
	CHECK(do_ioctl(fd, SYSCOUNT_IOC_RESET, &reset) == -22 /* EINVAL */);
	finish(0);
}

/* The kernel's stack is aligned, a function's is one address less. */
__asm__(".globl _start\n_start:\n\tcall start\n");
