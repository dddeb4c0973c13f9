// SPDX-License-Identifier: GPL-2.0-or-later
/* The ioctls of /dev/syscount do what <linux/syscount.h> says, sentence by sentence. */
#ifndef __x86_64__
#include "x86_only.h"
#else

#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/syscount.h>

#include "../kselftest_harness.h"
#include "syscount_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#define ARRAY_LEN(array)	(sizeof(array) / sizeof((array)[0]))
#define PAGE			4096
#define HUGE_SIZE		16383	/* the largest that a command can encode */
#define CANARY			0xa5
#define NAMES_MAX		4096
/* A call that nothing in the VM makes. */
#define QUIET_CALL		SYS_sysfs

static const struct {
	unsigned int nr;
	size_t size;
} commands[] = {	/* those of watches: watch_access.c */
	{ _IOC_NR(SYSCOUNT_IOC_GET_VERSION), sizeof(struct syscount_version) },
	{ _IOC_NR(SYSCOUNT_IOC_GET_INFO), sizeof(struct syscount_info) },
	{ _IOC_NR(SYSCOUNT_IOC_GET_NAMES), sizeof(struct syscount_names) },
	{ _IOC_NR(SYSCOUNT_IOC_READ), sizeof(struct syscount_read) },
	{ _IOC_NR(SYSCOUNT_IOC_RESET), sizeof(struct syscount_reset) },
	{ _IOC_NR(SYSCOUNT_IOC_SWITCH), sizeof(struct syscount_switch) },
	{ _IOC_NR(SYSCOUNT_IOC_COST), sizeof(struct syscount_cost) },
	{ _IOC_NR(SYSCOUNT_IOC_BYPASS), sizeof(struct syscount_bypass) },
};

/* A command as a struct of any size encodes it: 0 or -errno. */
static int command(int fd, unsigned int nr, size_t size, void *args)
{
	unsigned long code = _IOC(_IOC_READ | _IOC_WRITE, SYSCOUNT_IOC_MAGIC, nr, size);

	return ioctl(fd, code, args) ? -errno : 0;
}

static void set_u32(void *args, size_t offset, uint32_t value)
{
	memcpy((char *)args + offset, &value, sizeof(value));
}

static uint32_t get_u32(const void *args, size_t offset)
{
	uint32_t value;

	memcpy(&value, (const char *)args + offset, sizeof(value));
	return value;
}

/* Two pages, then one that is not there. */
static char *pages_before_hole(void)
{
	char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || munmap(pages + 2 * PAGE, PAGE))
		die("mmap: %m");
	return pages;
}

/* What a command could have changed: no counts, since those go on. */
struct state {
	uint64_t since_ns;
	uint32_t hook;
	uint32_t count;
	uint32_t states[SYSCOUNT_CAT_ROOM];
	struct syscount_row rows[NAMES_MAX];
};

static void read_state(int fd, bool with_rows, struct state *state)
{
	struct syscount_read args = {
		.size = sizeof(args),
		.flags = SYSCOUNT_READ_ALL,
		.capacity = with_rows ? NAMES_MAX : 0,
		.rows = (uintptr_t)state->rows,
	};
	unsigned int i;

	if (command(fd, _IOC_NR(SYSCOUNT_IOC_READ), sizeof(args), &args))
		die("SYSCOUNT_IOC_READ: %m");
	state->since_ns = args.since_ns;
	state->hook = args.hook;
	state->count = 0;
	for (i = 0; i < SYSCOUNT_CAT_ROOM; i++)
		state->states[i] = args.categories[i].state;
	/* Only what has a name is sure to have a row each time. */
	for (i = 0; with_rows && i < args.count; i++) {
		if (!(state->rows[i].flags & SYSCOUNT_ROW_NAMED))
			continue;
		state->rows[state->count] = state->rows[i];
		state->rows[state->count++].calls = 0;
	}
}

/* The command fails with @error, and nothing is changed. */
static void refused(struct __test_metadata *_metadata, int line, int fd, unsigned int nr,
		    size_t size, void *args, int error)
{
	bool with_rows = nr == _IOC_NR(SYSCOUNT_IOC_SWITCH);
	static struct state before, after;

	read_state(fd, with_rows, &before);
	ASSERT_EQ(-error, command(fd, nr, size, args)) {
		TH_LOG("command %u, struct of %zu, from line %d", nr, size, line);
	}
	read_state(fd, with_rows, &after);
	ASSERT_EQ(before.count, after.count);
	ASSERT_EQ(0, memcmp(&before, &after, offsetof(struct state, rows[before.count]))) {
		TH_LOG("command %u, struct of %zu, from line %d: the module is", nr, size, line);
	}
}

#define REFUSED(fd, nr, size, args, error) \
	refused(_metadata, __LINE__, fd, nr, size, args, error)

/* All commands alike, with zeroes for arguments: that is a good call of each. */
FIXTURE(each) {
	int fd;
};

FIXTURE_VARIANT(each) {
	unsigned int index;
};

FIXTURE_VARIANT_ADD(each, version) { .index = 0 };
FIXTURE_VARIANT_ADD(each, info) { .index = 1 };
FIXTURE_VARIANT_ADD(each, names) { .index = 2 };
FIXTURE_VARIANT_ADD(each, read) { .index = 3 };
FIXTURE_VARIANT_ADD(each, reset) { .index = 4 };
FIXTURE_VARIANT_ADD(each, switch) { .index = 5 };
FIXTURE_VARIANT_ADD(each, cost) { .index = 6 };
FIXTURE_VARIANT_ADD(each, bypass) { .index = 7 };

FIXTURE_SETUP(each)
{
	module_ready("tracepoint");
	self->fd = open(SYSCOUNT_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(each)
{
	close(self->fd);
}

TEST_F(each, works_and_says_its_size)
{
	unsigned int nr = commands[variant->index].nr;
	size_t size = commands[variant->index].size;
	char args[PAGE] = { 0 };

	set_u32(args, 0, size);
	ASSERT_EQ(0, command(self->fd, nr, size, args));
	EXPECT_EQ(size, get_u32(args, 0));
	EXPECT_EQ(0, get_u32(args, 4));
}

TEST_F(each, direction_is_no_matter)
{
	unsigned int nr = commands[variant->index].nr;
	size_t size = commands[variant->index].size;
	unsigned int direction;

	for (direction = 0; direction < 4; direction++) {
		char args[PAGE] = { 0 };

		set_u32(args, 0, size);
		EXPECT_EQ(0, ioctl(self->fd, _IOC(direction, SYSCOUNT_IOC_MAGIC, nr, size), args));
	}
}

TEST_F(each, size_below_the_least_is_refused)
{
	unsigned int nr = commands[variant->index].nr;
	char args[PAGE] = { 0 };
	size_t size;

	for (size = 0; size < SYSCOUNT_SIZE_MIN; size++) {
		set_u32(args, 0, size);
		REFUSED(self->fd, nr, size, args, EINVAL);
	}
}

TEST_F(each, size_that_is_not_the_encoded_one_is_refused)
{
	unsigned int nr = commands[variant->index].nr;
	size_t size = commands[variant->index].size;
	char args[PAGE] = { 0 };

	set_u32(args, 0, 0);
	REFUSED(self->fd, nr, size, args, EINVAL);
	set_u32(args, 0, size - 1);
	REFUSED(self->fd, nr, size, args, EINVAL);
	set_u32(args, 0, size + 1);
	REFUSED(self->fd, nr, size, args, EINVAL);
	set_u32(args, 0, UINT32_MAX);
	REFUSED(self->fd, nr, size, args, EINVAL);
	set_u32(args, 0, size);
	REFUSED(self->fd, nr, size + 8, args, EINVAL);
	if (size > SYSCOUNT_SIZE_MIN)
		REFUSED(self->fd, nr, SYSCOUNT_SIZE_MIN, args, EINVAL);
}

/* The answer to a smaller struct is the beginning of the answer to the whole one. */
TEST_F(each, smaller_struct_gets_what_fits)
{
	unsigned int nr = commands[variant->index].nr;
	size_t size, i;

	for (size = SYSCOUNT_SIZE_MIN; size < commands[variant->index].size; size++) {
		char args[PAGE], whole[PAGE] = { 0 };

		memset(args, 0, size);
		memset(args + size, CANARY, sizeof(args) - size);
		set_u32(args, 0, size);
		ASSERT_EQ(0, command(self->fd, nr, size, args)) {
			TH_LOG("struct of %zu", size);
		}
		EXPECT_EQ(commands[variant->index].size, get_u32(args, 0));
		for (i = size; i < sizeof(args); i++)
			ASSERT_EQ(CANARY, (unsigned char)args[i]) {
				TH_LOG("struct of %zu, byte %zu", size, i);
			}
		/* Without counts and times, which go on, what is said stays the same. */
		set_u32(whole, 0, commands[variant->index].size);
		ASSERT_EQ(0, command(self->fd, nr, commands[variant->index].size, whole));
		if (nr == _IOC_NR(SYSCOUNT_IOC_READ))
			memcpy(whole + 16, args + 16, 4);	/* count */
		for (i = 8; i < size && i < 32; i++)
			EXPECT_EQ(whole[i], args[i]) {
				TH_LOG("struct of %zu, byte %zu", size, i);
			}
	}
}

TEST_F(each, larger_struct_with_zeroes_works)
{
	const size_t more[] = { 1, 2, 4, 7, 8, 100, PAGE - commands[variant->index].size };
	unsigned int nr = commands[variant->index].nr;
	size_t i, byte;

	for (i = 0; i < ARRAY_LEN(more); i++) {
		size_t known = commands[variant->index].size, size = known + more[i];
		char args[PAGE + 8] = { 0 };

		memset(args + size, CANARY, sizeof(args) - size);
		set_u32(args, 0, size);
		ASSERT_EQ(0, command(self->fd, nr, size, args)) {
			TH_LOG("struct of %zu", size);
		}
		EXPECT_EQ(known, get_u32(args, 0));
		for (byte = known; byte < sizeof(args); byte++)
			ASSERT_EQ(byte < size ? 0 : CANARY, (unsigned char)args[byte]);
	}
}

TEST_F(each, larger_struct_with_unknown_bytes_is_refused)
{
	unsigned int nr = commands[variant->index].nr;
	size_t known = commands[variant->index].size, size = known + 72, byte;

	for (byte = known; byte < size; byte++) {
		char args[PAGE] = { 0 };

		set_u32(args, 0, size);
		args[byte] = 1;
		REFUSED(self->fd, nr, size, args, E2BIG);
	}
}

TEST_F(each, struct_larger_than_a_page_is_refused)
{
	unsigned int nr = commands[variant->index].nr;
	char args[HUGE_SIZE + 1] = { 0 };

	set_u32(args, 0, PAGE + 1);
	REFUSED(self->fd, nr, PAGE + 1, args, E2BIG);
	set_u32(args, 0, HUGE_SIZE);
	REFUSED(self->fd, nr, HUGE_SIZE, args, E2BIG);
}

TEST_F(each, unknown_flags_are_refused)
{
	unsigned int nr = commands[variant->index].nr, bit;
	size_t size = commands[variant->index].size;

	for (bit = 0; bit < 32; bit++) {
		char args[PAGE] = { 0 };

		if (nr == _IOC_NR(SYSCOUNT_IOC_READ) &&
		    1u << bit & (SYSCOUNT_READ_ALL | SYSCOUNT_READ_CPU))
			continue;
		if (nr == _IOC_NR(SYSCOUNT_IOC_BYPASS) && 1u << bit & SYSCOUNT_BYPASS_END)
			continue;
		set_u32(args, 0, size);
		set_u32(args, 4, 1u << bit);
		REFUSED(self->fd, nr, size, args, EINVAL);
	}
}

TEST_F(each, reserved_members_are_refused)
{
	static const struct {
		unsigned int nr;
		size_t offset;
	} reserved[] = {
		{ _IOC_NR(SYSCOUNT_IOC_GET_VERSION), offsetof(struct syscount_version, reserved) },
		{ _IOC_NR(SYSCOUNT_IOC_GET_INFO), offsetof(struct syscount_info, reserved) },
		{ _IOC_NR(SYSCOUNT_IOC_SWITCH), offsetof(struct syscount_switch, reserved) },
		/* Without SYSCOUNT_READ_CPU it is one. */
		{ _IOC_NR(SYSCOUNT_IOC_READ), offsetof(struct syscount_read, cpu) },
	};
	size_t size = commands[variant->index].size;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_LEN(reserved); i++) {
		if (reserved[i].nr != commands[variant->index].nr)
			continue;
		for (bit = 0; bit < 32; bit++) {
			char args[PAGE] = { 0 };

			set_u32(args, 0, size);
			set_u32(args, reserved[i].offset, 1u << bit);
			REFUSED(self->fd, reserved[i].nr, size, args, EINVAL);
		}
	}
}

TEST_F(each, bad_addresses_are_refused)
{
	unsigned int nr = commands[variant->index].nr;
	size_t size = commands[variant->index].size;
	char *pages = pages_before_hole(), *args = pages + 2 * PAGE - size + 1;

	EXPECT_EQ(-EFAULT, command(self->fd, nr, size, NULL));
	EXPECT_EQ(-EFAULT, command(self->fd, nr, size, (void *)1));
	EXPECT_EQ(-EFAULT, command(self->fd, nr, size, pages + 2 * PAGE));
	EXPECT_EQ(-EFAULT, command(self->fd, nr, size, (void *)0xffff888000001000));
	EXPECT_EQ(-EFAULT, command(self->fd, nr, size, (void *)0x7fffffffefff));

	/* One byte of it is not there; of what is not known, one byte is not. */
	set_u32(args, 0, size);
	REFUSED(self->fd, nr, size, args, EFAULT);
	args = pages + 2 * PAGE - (size + 16);
	memset(args, 0, size + 16);
	set_u32(args, 0, size + 17);
	REFUSED(self->fd, nr, size + 17, args, EFAULT);
}

TEST_F(each, answer_that_cannot_be_stored_changes_nothing)
{
	unsigned int nr = commands[variant->index].nr;
	size_t size = commands[variant->index].size;
	char *args = pages_before_hole();
	struct syscount_switch_item item = {
		.what = SYSCOUNT_SWITCH_CATEGORY,
		.category = SYSCOUNT_CAT_INFO,
	};

	set_u32(args, 0, size);
	if (nr == _IOC_NR(SYSCOUNT_IOC_SWITCH)) {
		((struct syscount_switch *)args)->count = 1;
		((struct syscount_switch *)args)->items = (uintptr_t)&item;
	}
	ASSERT_EQ(0, mprotect(args, 2 * PAGE, PROT_READ));
	REFUSED(self->fd, nr, size, args, EFAULT);
}

FIXTURE(device) {
	int fd;
};

FIXTURE_SETUP(device)
{
	module_ready("tracepoint");
	self->fd = open(SYSCOUNT_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(device)
{
	close(self->fd);
	all_enable(true);
}

TEST_F(device, unknown_commands)
{
	unsigned int nr, type;
	char args[PAGE] = { 0 };

	set_u32(args, 0, 32);
	for (nr = _IOC_NR(SYSCOUNT_IOC_READ_WATCH) + 1; nr < 256; nr++)
		REFUSED(self->fd, nr, 32, args, ENOTTY);
	for (type = 0; type < 256; type++) {
		if (type == SYSCOUNT_IOC_MAGIC)
			continue;
		/* These the kernel answers for any file: FIONREAD, FS_IOC_* and their like. */
		errno = 0;
		if (type == 'T' || type == 'f' || type == 'X' || type == 0 || type == 0x12)
			continue;
		EXPECT_EQ(-1, ioctl(self->fd, _IOC(_IOC_READ | _IOC_WRITE, type, 0, 32), args));
		EXPECT_EQ(ENOTTY, errno) {
			TH_LOG("type %#x", type);
		}
	}
	EXPECT_EQ(-1, ioctl(self->fd, 0x5401 /* TCGETS */, args));
	EXPECT_EQ(ENOTTY, errno);
	/* A command is told by its low half alone, whatever rides above. */
	EXPECT_EQ(-1, ioctl(self->fd, 0, args));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(device, no_other_use_of_the_file)
{
	char byte = 0;

	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(ENODEV, errno);
}

/* What other programs are compiled with cannot change any more. */
TEST(layout)
{
	EXPECT_EQ(0xc020e800, SYSCOUNT_IOC_GET_VERSION);
	EXPECT_EQ(0xc038e801, SYSCOUNT_IOC_GET_INFO);
	EXPECT_EQ(0xc018e802, SYSCOUNT_IOC_GET_NAMES);
	EXPECT_EQ(0xc0b8e803, SYSCOUNT_IOC_READ);
	EXPECT_EQ(0xc008e804, SYSCOUNT_IOC_RESET);
	EXPECT_EQ(0xc018e805, SYSCOUNT_IOC_SWITCH);
	EXPECT_EQ(0xc028e806, SYSCOUNT_IOC_COST);
	EXPECT_EQ(0xc008e807, SYSCOUNT_IOC_BYPASS);
	EXPECT_EQ(112, sizeof(struct syscount_name));
	EXPECT_EQ(16, sizeof(struct syscount_row));
	EXPECT_EQ(8, sizeof(struct syscount_switch_item));
	EXPECT_EQ(32, offsetof(struct syscount_info, loaded_ns));
	EXPECT_EQ(24, offsetof(struct syscount_read, rows));
	EXPECT_EQ(56, offsetof(struct syscount_read, categories));
	EXPECT_EQ(8, offsetof(struct syscount_name, name));
	EXPECT_EQ(48, offsetof(struct syscount_name, entry));
	EXPECT_EQ(8, offsetof(struct syscount_row, calls));
	EXPECT_EQ(4, offsetof(struct syscount_switch_item, nr));
}

TEST_F(device, version)
{
	struct syscount_version args = { .size = sizeof(args), .abi_version = 99 };
	char loaded[64], *end;
	size_t i;

	memset(args.module, 'x', sizeof(args.module));
	ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_GET_VERSION, &args));
	EXPECT_EQ(SYSCOUNT_ABI_VERSION, args.abi_version);
	/* The rest of the member is zero. */
	for (i = strnlen(args.module, sizeof(args.module)); i < sizeof(args.module); i++)
		EXPECT_EQ(0, args.module[i]);
	ASSERT_LT(0, file_read("/sys/module/syscount/version", loaded, sizeof(loaded)));
	end = strchr(loaded, '\n');
	ASSERT_NE(NULL, end);
	*end = '\0';
	EXPECT_STREQ(loaded, args.module);
}

TEST_F(device, info)
{
	struct syscount_info args = { .size = sizeof(args) };
	char possible[64];
	uint64_t before, after;
	const char *last;

	hook_choose("direct");
	before = clock_ns(CLOCK_BOOTTIME);
	ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_GET_INFO, &args));
	after = clock_ns(CLOCK_BOOTTIME);

	EXPECT_EQ(SYSCOUNT_HOOK_DIRECT, args.hook);
	EXPECT_EQ(SYSCOUNT_HOOK_DIRECT, args.hook_chosen);
	EXPECT_EQ(1 << SYSCOUNT_HOOK_DIRECT | 1 << SYSCOUNT_HOOK_TRACEPOINT |
		  1 << SYSCOUNT_HOOK_KPROBE, args.hooks);
	EXPECT_EQ(1 << SYSCOUNT_ABI_64 | 1 << SYSCOUNT_ABI_I386 |
		  kernel_has_x32() << SYSCOUNT_ABI_X32, args.abis);
	ASSERT_LT(0, file_read("/sys/devices/system/cpu/possible", possible, sizeof(possible)));
	last = strrchr(possible, '-');
	EXPECT_EQ(atoi(last ? last + 1 : possible) + 1, args.cpu_ids);
	EXPECT_LE(before, args.now_ns);
	EXPECT_GE(after, args.now_ns);
	EXPECT_LT(0, args.loaded_ns);
	EXPECT_LE(args.loaded_ns, args.since_ns);
	EXPECT_LE(args.since_ns, args.now_ns);

	/* All off: nothing is hooked, and what will be is still known. */
	all_enable(false);
	ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_GET_INFO, (args.flags = 0, &args)));
	EXPECT_EQ(SYSCOUNT_HOOK_NONE, args.hook);
	EXPECT_EQ(SYSCOUNT_HOOK_DIRECT, args.hook_chosen);
	hook_choose("kprobe");
	ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_GET_INFO, &args));
	EXPECT_EQ(SYSCOUNT_HOOK_NONE, args.hook);
	EXPECT_EQ(SYSCOUNT_HOOK_KPROBE, args.hook_chosen);
	all_enable(true);
	ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_GET_INFO, &args));
	EXPECT_EQ(SYSCOUNT_HOOK_KPROBE, args.hook);
}

static struct syscount_name names[NAMES_MAX];

static unsigned int get_names(struct __test_metadata *_metadata, int fd)
{
	struct syscount_names args = {
		.size = sizeof(args),
		.capacity = NAMES_MAX,
		.names = (uintptr_t)names,
	};

	ASSERT_EQ(0, ioctl(fd, SYSCOUNT_IOC_GET_NAMES, &args));
	ASSERT_LT(1000, args.count);
	ASSERT_GT(NAMES_MAX, args.count);
	return args.count;
}

TEST_F(device, names_and_their_room)
{
	struct syscount_names args = { .size = sizeof(args) };
	static struct syscount_name some[NAMES_MAX];
	unsigned int count, room[4], i, byte;
	const unsigned char *after;

	count = get_names(_metadata, self->fd);

	/* With no capacity nothing is stored, so the address does not matter. */
	args.names = 1;
	ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_GET_NAMES, &args));
	EXPECT_EQ(count, args.count);
	EXPECT_EQ(1, args.names);
	EXPECT_EQ(0, args.capacity);

	room[0] = 1;
	room[1] = count - 1;
	room[2] = count;
	room[3] = count + 1;
	for (i = 0; i < ARRAY_LEN(room); i++) {
		unsigned int stored = room[i] < count ? room[i] : count;

		memset(some, CANARY, sizeof(some));
		args = (struct syscount_names) {
			.size = sizeof(args), .capacity = room[i], .names = (uintptr_t)some,
		};
		ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_GET_NAMES, &args));
		EXPECT_EQ(count, args.count);
		EXPECT_EQ(0, memcmp(some, names, stored * sizeof(some[0])));
		after = (const unsigned char *)&some[stored];
		for (byte = 0; byte < sizeof(some[0]); byte++)
			ASSERT_EQ(CANARY, after[byte]);
	}

	args.names = (uintptr_t)(pages_before_hole() + 2 * PAGE - sizeof(some[0]));
	args.capacity = 1;
	EXPECT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_GET_NAMES, &args));
	args.capacity = 2;
	REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_GET_NAMES), sizeof(args), &args,
		EFAULT);
	args.capacity = UINT32_MAX;
	REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_GET_NAMES), sizeof(args), &args,
		EFAULT);
}

/* The map itself, whose lines are "CATEGORY NAME". */
static struct {
	char category[32];
	char name[64];
} map[NAMES_MAX];
static unsigned int map_size;

static void load_map(void)
{
	char path[4096], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/categories.txt", program_dir());
	file = fopen(path, "r");
	if (!file)
		die("%s: %m", path);
	while (map_size < NAMES_MAX && fgets(line, sizeof(line), file))
		if (line[0] != '#' && sscanf(line, "%31s %63s", map[map_size].category,
					     map[map_size].name) == 2)
			map_size++;
	fclose(file);
}

static int map_category(const char *name)
{
	unsigned int i, category;

	for (i = 0; i < map_size; i++) {
		if (strcmp(map[i].name, name))
			continue;
		for (category = 0; category < SYSCOUNT_CAT_UNKNOWN; category++)
			if (!strcmp(map[i].category, category_names[category]))
				return category;
	}
	return SYSCOUNT_CAT_UNKNOWN;
}

/* "#define __NR_read 0", x32's "(__X32_SYSCALL_BIT + 0)" */
static bool header_line(const char *line, char name[64], int *nr)
{
	return sscanf(line, "#define __NR_%63s (__X32_SYSCALL_BIT + %d)", name, nr) == 2 ||
	       sscanf(line, "#define __NR_%63s %d", name, nr) == 2;
}

static const char *const headers[SYSCOUNT_ABI_COUNT] = {
	[SYSCOUNT_ABI_64] = "unistd_64.h",
	[SYSCOUNT_ABI_I386] = "unistd_32.h",
	[SYSCOUNT_ABI_X32] = "unistd_x32.h",
};

TEST_F(device, names_are_those_of_the_kernels_headers)
{
	unsigned int count = get_names(_metadata, self->fd), abi, at, found, in_headers = 0;
	struct utsname uts;

	uname(&uts);
	for (abi = 0; abi < SYSCOUNT_ABI_COUNT; abi++) {
		char path[4096], line[256], name[64];
		FILE *header;
		int nr;

		if (!headers[abi])
			continue;	/* of arm64 */
		snprintf(path, sizeof(path),
			 "/lib/modules/%s/build/arch/x86/include/generated/uapi/asm/%s",
			 uts.release, headers[abi]);
		header = fopen(path, "r");
		ASSERT_NE(NULL, header) {
			TH_LOG("%s: %m", path);
		}
		while (fgets(line, sizeof(line), header)) {
			/* How many there are; Linux 5.10 has another word for that. */
			if (!header_line(line, name, &nr) || !strcmp(name, "syscalls") ||
			    !strcmp(name, "syscall_max"))
				continue;
			in_headers++;
			for (at = 0, found = 0; at < count; at++)
				if (names[at].abi == abi && names[at].nr == nr) {
					found++;
					EXPECT_STREQ(name, names[at].name);
				}
			EXPECT_EQ(1, found) {
				TH_LOG("%s: %s %d", headers[abi], name, nr);
			}
		}
		fclose(header);
	}
	EXPECT_EQ(in_headers, count);
}

TEST_F(device, names_have_order_categories_and_no_rubbish)
{
	unsigned int count = get_names(_metadata, self->fd), i, byte;

	load_map();
	for (i = 0; i < count; i++) {
		const struct syscount_name *name = &names[i];

		if (i) {
			EXPECT_LT((int64_t)name[-1].abi << 32 | name[-1].nr,
				  (int64_t)name->abi << 32 | name->nr);
		}
		EXPECT_EQ(0, name->reserved);
		EXPECT_EQ(map_category(name->name), name->category) {
			TH_LOG("%s", name->name);
		}
		/* This kernel is known: the map has all of it. */
		EXPECT_NE(SYSCOUNT_CAT_UNKNOWN, name->category) {
			TH_LOG("%s", name->name);
		}
		for (byte = strnlen(name->name, sizeof(name->name)); byte < sizeof(name->name); byte++)
			ASSERT_EQ(0, name->name[byte]);
		for (byte = strnlen(name->entry, sizeof(name->entry));
		     byte < sizeof(name->entry); byte++)
			ASSERT_EQ(0, name->entry[byte]);
		EXPECT_EQ(0, name->name[sizeof(name->name) - 1]);
		EXPECT_EQ(0, name->entry[sizeof(name->entry) - 1]);
	}
}

static const struct syscount_name *find_name(unsigned int count, unsigned int abi, const char *name)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (names[i].abi == abi && !strcmp(names[i].name, name))
			return &names[i];
	return NULL;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

TEST_F(device, entry_points_are_functions_of_the_kernel)
{
	static const struct {
		unsigned int abi;
		const char *name, *entry, *old;
	} some[] = {
		{ SYSCOUNT_ABI_64, "read", "__x64_sys_read", NULL },
		{ SYSCOUNT_ABI_64, "stat", "__x64_sys_newstat", NULL },
		{ SYSCOUNT_ABI_64, "uselib", "__x64_sys_ni_syscall", "-" },
		{ SYSCOUNT_ABI_I386, "execve", "__ia32_compat_sys_execve", NULL },
		{ SYSCOUNT_ABI_I386, "read", "__ia32_sys_read", NULL },
		{ SYSCOUNT_ABI_X32, "execve", "__x64_compat_sys_execve",
		  "__x32_compat_sys_execve" },
		{ SYSCOUNT_ABI_X32, "read", "__x64_sys_read", NULL },
	};
	/* Linux 5.10 does not build uselib in, and has another prefix for x32. */
	bool old = !kernel_has_hook("direct");
	unsigned int count = get_names(_metadata, self->fd), i;
	size_t symbols = 0, room = 0;
	char line[512], **symbol = NULL;
	const char *entry;
	FILE *kallsyms = fopen("/proc/kallsyms", "r");

	for (i = 0; i < ARRAY_LEN(some); i++) {
		const struct syscount_name *name = find_name(count, some[i].abi, some[i].name);

		ASSERT_NE(NULL, name);
		entry = old && some[i].old ? some[i].old : some[i].entry;
		if (!kernel_has_abi(some[i].abi))
			entry = "-";
		EXPECT_STREQ(entry, name->entry) {
			TH_LOG("abi %u %s", some[i].abi, some[i].name);
		}
	}

	ASSERT_NE(NULL, kallsyms);
	while (fgets(line, sizeof(line), kallsyms)) {
		char word[256];

		if (sscanf(line, "%*s %*s %255s", word) != 1 || !strstr(word, "sys_"))
			continue;
		if (symbols == room) {
			room = room ? 2 * room : 4096;
			symbol = reallocarray(symbol, room, sizeof(*symbol));
			ASSERT_NE(NULL, symbol);
		}
		symbol[symbols++] = strdup(word);
	}
	fclose(kallsyms);
	qsort(symbol, symbols, sizeof(*symbol), compare_text);
	for (i = 0; i < count; i++) {
		const char *entry = names[i].entry;

		if (!strcmp(entry, "-"))
			continue;
		EXPECT_NE(NULL, bsearch(&entry, symbol, symbols, sizeof(*symbol), compare_text)) {
			TH_LOG("abi %u %s: %s", names[i].abi, names[i].name, entry);
		}
	}
}

static struct syscount_row rows[NAMES_MAX];

static void check_reading(struct __test_metadata *_metadata, const struct syscount_read *args)
{
	uint64_t categories[SYSCOUNT_CAT_ROOM] = { 0 }, total = 0;
	unsigned int i;

	EXPECT_LE(args->since_ns, args->now_ns);
	for (i = 0; i < args->count; i++) {
		const struct syscount_row *row = &rows[i];

		ASSERT_GT(SYSCOUNT_ABI_COUNT, row->abi);
		ASSERT_GE(SYSCOUNT_CAT_UNKNOWN, row->category);
		EXPECT_EQ(0, row->flags & ~7);
		if (row->flags & SYSCOUNT_ROW_OTHER)
			EXPECT_EQ(0, row->nr);
		if (i && row[-1].abi == row->abi) {
			EXPECT_FALSE(row[-1].flags & SYSCOUNT_ROW_OTHER);
			if (!(row->flags & SYSCOUNT_ROW_OTHER))
				EXPECT_LT(row[-1].nr, row->nr);
		} else if (i) {
			EXPECT_LT(row[-1].abi, row->abi);
		}
		if (!(args->flags & SYSCOUNT_READ_ALL))
			EXPECT_NE(0, row->calls);
		categories[row->category] += row->calls;
		total += row->calls;
	}
	EXPECT_EQ(args->total, total);
	for (i = 0; i < SYSCOUNT_CAT_ROOM; i++) {
		EXPECT_EQ(categories[i], args->categories[i].calls);
		EXPECT_EQ(0, args->categories[i].reserved);
		if (i >= SYSCOUNT_CAT_COUNT)
			EXPECT_EQ(0, args->categories[i].state);
	}
}

static void take(struct __test_metadata *_metadata, int fd, uint32_t flags, uint32_t cpu,
		 struct syscount_read *args)
{
	*args = (struct syscount_read) {
		.size = sizeof(*args), .flags = flags, .cpu = cpu,
		.capacity = NAMES_MAX, .rows = (uintptr_t)rows,
	};
	ASSERT_EQ(0, ioctl(fd, SYSCOUNT_IOC_READ, args));
	ASSERT_GT(NAMES_MAX, args->count);
	EXPECT_EQ(flags, args->flags);
	check_reading(_metadata, args);
}

TEST_F(device, read_is_one_snapshot)
{
	struct syscount_read args, again;
	unsigned int i;

	syscall(400);
	syscall(9999);
	take(_metadata, self->fd, 0, 0, &args);
	EXPECT_EQ(SYSCOUNT_HOOK_TRACEPOINT, args.hook);
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		EXPECT_EQ(SYSCOUNT_ON, args.categories[i].state);
	EXPECT_LE(2, args.categories[SYSCOUNT_CAT_UNKNOWN].calls);
	take(_metadata, self->fd, 0, 0, &again);
	EXPECT_EQ(args.since_ns, again.since_ns);
	EXPECT_LT(args.now_ns, again.now_ns);
	EXPECT_LT(args.total, again.total);
}

TEST_F(device, read_and_its_room)
{
	struct syscount_read args, whole;
	static struct syscount_row some[NAMES_MAX];
	unsigned int room[4], i, byte;
	const unsigned char *after;

	all_enable(false);
	take(_metadata, self->fd, 0, 0, &whole);
	ASSERT_LT(2, whole.count);

	args = (struct syscount_read) { .size = sizeof(args), .rows = 1 };
	ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_READ, &args));
	EXPECT_EQ(whole.count, args.count);
	EXPECT_EQ(whole.total, args.total);
	EXPECT_EQ(1, args.rows);

	room[0] = 1;
	room[1] = whole.count - 1;
	room[2] = whole.count;
	room[3] = whole.count + 1;
	for (i = 0; i < ARRAY_LEN(room); i++) {
		unsigned int stored = room[i] < whole.count ? room[i] : whole.count;

		memset(some, CANARY, sizeof(some));
		args = (struct syscount_read) {
			.size = sizeof(args), .capacity = room[i], .rows = (uintptr_t)some,
		};
		ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_READ, &args));
		EXPECT_EQ(whole.count, args.count);
		EXPECT_EQ(whole.total, args.total);
		EXPECT_EQ(0, memcmp(whole.categories, args.categories, sizeof(args.categories)));
		EXPECT_EQ(0, memcmp(some, rows, stored * sizeof(some[0])));
		after = (const unsigned char *)&some[stored];
		for (byte = 0; byte < sizeof(some[0]); byte++)
			ASSERT_EQ(CANARY, after[byte]);
	}

	args.rows = (uintptr_t)(pages_before_hole() + 2 * PAGE - sizeof(some[0]));
	args.capacity = 1;
	EXPECT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_READ, &args));
	args.capacity = 2;
	REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_READ), sizeof(args), &args, EFAULT);
	args.capacity = UINT32_MAX;
	REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_READ), sizeof(args), &args, EFAULT);

	/* A smaller struct has no room for the address, which then is zero. */
	args.size = offsetof(struct syscount_read, rows);
	args.capacity = 1;
	REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_READ), args.size, &args, EFAULT);
}

TEST_F(device, read_all_has_every_name)
{
	unsigned int count = get_names(_metadata, self->fd), at, i;
	struct syscount_read args;

	reset_by_ioctl();
	take(_metadata, self->fd, SYSCOUNT_READ_ALL, 0, &args);
	ASSERT_LE(count, args.count);
	for (i = 0, at = 0; i < args.count; i++) {
		if (!(rows[i].flags & SYSCOUNT_ROW_NAMED)) {
			/* Only named calls have a row without a call. */
			EXPECT_NE(0, rows[i].calls);
			continue;
		}
		ASSERT_LT(at, count);
		EXPECT_EQ(names[at].abi, rows[i].abi);
		EXPECT_EQ(names[at].nr, rows[i].nr);
		EXPECT_EQ(names[at].category, rows[i].category);
		EXPECT_EQ(SYSCOUNT_ON, rows[i].state);
		at++;
	}
	EXPECT_EQ(count, at);
}

#define CPUS_MAX	64

TEST_F(device, read_of_each_cpu)
{
	struct syscount_info info = { .size = sizeof(info) };
	struct syscount_read args, whole;
	uint64_t total = 0, calls[CPUS_MAX] = { 0 };
	unsigned int cpu, i, made, cpus = cpus_present();

	close(self->fd);
	module_fresh("hook=tracepoint");
	self->fd = open(SYSCOUNT_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_GET_INFO, &info));
	ASSERT_LE(cpus, info.cpu_ids);
	ASSERT_GE(CPUS_MAX, cpus);

	for (cpu = 0; cpu < cpus; cpu++) {
		pin(cpu);
		for (made = 0; made < 101 + cpu; made++)
			syscall(QUIET_CALL, 3, 0, 0);
	}
	all_enable(false);
	take(_metadata, self->fd, 0, 0, &whole);
	for (cpu = 0; cpu < info.cpu_ids; cpu++) {
		take(_metadata, self->fd, SYSCOUNT_READ_CPU, cpu, &args);
		EXPECT_EQ(info.loaded_ns, args.since_ns);
		total += args.total;
		for (i = 0; i < args.count; i++)
			if (cpu < cpus && !rows[i].abi && rows[i].nr == QUIET_CALL)
				calls[cpu] = rows[i].calls;
	}
	EXPECT_EQ(whole.total, total);
	for (cpu = 0; cpu < cpus; cpu++)
		EXPECT_EQ(101 + cpu, calls[cpu]);

	/* A reset is not seen here. */
	reset_by_ioctl();
	take(_metadata, self->fd, 0, 0, &args);
	EXPECT_EQ(0, args.total);
	EXPECT_EQ(0, args.count);
	EXPECT_LT(info.loaded_ns, args.since_ns);
	for (cpu = 0, total = 0; cpu < info.cpu_ids; cpu++) {
		take(_metadata, self->fd, SYSCOUNT_READ_CPU, cpu, &args);
		EXPECT_EQ(info.loaded_ns, args.since_ns);
		total += args.total;
	}
	EXPECT_EQ(whole.total, total);

	take(_metadata, self->fd, SYSCOUNT_READ_CPU | SYSCOUNT_READ_ALL, 0, &args);
	EXPECT_EQ(get_names(_metadata, self->fd), args.count);
}

TEST_F(device, read_of_no_cpu)
{
	struct syscount_info info = { .size = sizeof(info) };
	struct syscount_read args = { .size = sizeof(args), .flags = SYSCOUNT_READ_CPU };
	uint32_t cpus[4], i;

	ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_GET_INFO, &info));
	cpus[0] = info.cpu_ids;
	cpus[1] = info.cpu_ids + 1;
	cpus[2] = INT32_MAX;
	cpus[3] = UINT32_MAX;
	for (i = 0; i < ARRAY_LEN(cpus); i++) {
		args.cpu = cpus[i];
		REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_READ), sizeof(args), &args,
			ENXIO);
	}
}

TEST_F(device, reset)
{
	struct syscount_reset args = { .size = sizeof(args) };
	struct syscount_info info = { .size = sizeof(info) };
	struct syscount_read reading;
	uint64_t before, after;

	all_enable(false);
	take(_metadata, self->fd, 0, 0, &reading);
	ASSERT_LT(0, reading.total);

	before = clock_ns(CLOCK_BOOTTIME);
	ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_RESET, &args));
	after = clock_ns(CLOCK_BOOTTIME);

	take(_metadata, self->fd, 0, 0, &reading);
	EXPECT_LE(before, reading.since_ns);
	EXPECT_GE(after, reading.since_ns);
	EXPECT_EQ(0, reading.total);
	EXPECT_EQ(0, reading.count);
	ASSERT_EQ(0, ioctl(self->fd, SYSCOUNT_IOC_GET_INFO, &info));
	EXPECT_EQ(reading.since_ns, info.since_ns);
	EXPECT_GT(reading.since_ns, info.loaded_ns);
}

/* 0 or -errno */
static int switch_items(int fd, const struct syscount_switch_item *items, uint32_t count)
{
	struct syscount_switch args = {
		.size = sizeof(args), .count = count, .items = (uintptr_t)items,
	};

	return ioctl(fd, SYSCOUNT_IOC_SWITCH, &args) ? -errno : 0;
}

TEST_F(device, switch_takes_items_in_their_order)
{
	const struct syscount_switch_item items[] = {
		{ .what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_FILE },
		{ .what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_FILE, .on = 1 },
		{ .what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_INFO, .on = 1 },
		{ .what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_INFO },
		{ .what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_UNKNOWN },
		{ .what = SYSCOUNT_SWITCH_SYSCALL, .nr = SYS_read },
		{ .what = SYSCOUNT_SWITCH_SYSCALL, .abi = SYSCOUNT_ABI_I386, .nr = 3, .on = 1 },
		{ .what = SYSCOUNT_SWITCH_SYSCALL, .abi = SYSCOUNT_ABI_I386, .nr = 3 },
		{ .what = SYSCOUNT_SWITCH_SYSCALL, .abi = SYSCOUNT_ABI_X32, .nr = 520 },
		{ .what = SYSCOUNT_SWITCH_SYSCALL, .abi = SYSCOUNT_ABI_X32, .nr = 520, .on = 1 },
	};
	struct syscount_read args;
	unsigned int i, seen = 0;

	ASSERT_EQ(0, switch_items(self->fd, items, ARRAY_LEN(items)));
	take(_metadata, self->fd, SYSCOUNT_READ_ALL, 0, &args);
	EXPECT_EQ(SYSCOUNT_ON, args.categories[SYSCOUNT_CAT_FILE].state);
	EXPECT_EQ(SYSCOUNT_OFF, args.categories[SYSCOUNT_CAT_INFO].state);
	EXPECT_EQ(SYSCOUNT_OFF, args.categories[SYSCOUNT_CAT_UNKNOWN].state);
	EXPECT_EQ(SYSCOUNT_ON, args.categories[SYSCOUNT_CAT_PROCESS].state);
	for (i = 0; i < args.count; i++) {
		const struct syscount_row *row = &rows[i];
		bool switched = (row->abi == SYSCOUNT_ABI_64 && row->nr == SYS_read) ||
				(row->abi == SYSCOUNT_ABI_I386 && row->nr == 3);

		switched = switched && row->flags & SYSCOUNT_ROW_NAMED;
		seen += switched;
		EXPECT_EQ(switched, !!(row->flags & SYSCOUNT_ROW_SWITCHED));
		EXPECT_EQ(!switched && args.categories[row->category].state, row->state) {
			TH_LOG("abi %u nr %d", row->abi, row->nr);
		}
	}
	EXPECT_EQ(2, seen);
	EXPECT_EQ(0, switch_syscall(SYSCOUNT_ABI_64, SYS_read, true));
	EXPECT_EQ(0, switch_syscall(SYSCOUNT_ABI_I386, 3, true));
}

TEST_F(device, switch_takes_all_or_none)
{
	static const struct {
		struct syscount_switch_item item;
		int error;
	} bad[] = {
		{ { .what = 2 }, EINVAL },
		{ { .what = 255 }, EINVAL },
		{ { .what = SYSCOUNT_SWITCH_CATEGORY, .on = 2 }, EINVAL },
		{ { .what = SYSCOUNT_SWITCH_CATEGORY, .on = 255 }, EINVAL },
		{ { .what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_COUNT }, EINVAL },
		{ { .what = SYSCOUNT_SWITCH_CATEGORY, .category = 255 }, EINVAL },
		{ { .what = SYSCOUNT_SWITCH_CATEGORY, .abi = 1 }, EINVAL },
		{ { .what = SYSCOUNT_SWITCH_CATEGORY, .nr = 1 }, EINVAL },
		{ { .what = SYSCOUNT_SWITCH_SYSCALL, .on = 2 }, EINVAL },
		{ { .what = SYSCOUNT_SWITCH_SYSCALL, .category = 1 }, EINVAL },
		{ { .what = SYSCOUNT_SWITCH_SYSCALL, .abi = SYSCOUNT_ABI_COUNT }, EINVAL },
		{ { .what = SYSCOUNT_SWITCH_SYSCALL, .abi = 255 }, EINVAL },
		{ { .what = SYSCOUNT_SWITCH_SYSCALL, .nr = 400 }, ENOENT },
		{ { .what = SYSCOUNT_SWITCH_SYSCALL, .nr = -1 }, ENOENT },
		{ { .what = SYSCOUNT_SWITCH_SYSCALL, .nr = INT32_MAX }, ENOENT },
		{ { .what = SYSCOUNT_SWITCH_SYSCALL, .nr = INT32_MIN }, ENOENT },
		{ { .what = SYSCOUNT_SWITCH_SYSCALL, .abi = SYSCOUNT_ABI_I386, .nr = 9998 }, ENOENT },
		{ { .what = SYSCOUNT_SWITCH_SYSCALL, .abi = SYSCOUNT_ABI_X32, .nr = X32_BIT }, ENOENT },
		/* A number of abi 64 that x32 does not have. */
		{ { .what = SYSCOUNT_SWITCH_SYSCALL, .abi = SYSCOUNT_ABI_X32, .nr = 59 }, ENOENT },
	};
	struct syscount_switch_item items[4] = {
		{ .what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_FILE },
		{ .what = SYSCOUNT_SWITCH_SYSCALL, .nr = SYS_getpid },
	};
	unsigned int i, place;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		for (place = 0; place < 4; place += 3) {
			struct syscount_switch args = {
				.size = sizeof(args), .count = 4, .items = (uintptr_t)items,
			};

			items[3 - place] = (struct syscount_switch_item) {
				.what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_INFO,
			};
			items[place] = bad[i].item;
			REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_SWITCH), sizeof(args), &args,
				bad[i].error);
		}
	}
}

TEST_F(device, switch_and_its_items)
{
	const uint32_t many = SYSCOUNT_SWITCH_MAX + 1;
	struct syscount_switch_item *items = calloc(many, sizeof(*items)), *near_hole;
	struct syscount_switch args = { .size = sizeof(args), .items = (uintptr_t)items };
	unsigned int i;

	ASSERT_NE(NULL, items);
	for (i = 0; i < many; i++)
		items[i].category = SYSCOUNT_CAT_DEVICE;
	args.count = many;
	REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_SWITCH), sizeof(args), &args, E2BIG);
	args.count = UINT32_MAX;
	REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_SWITCH), sizeof(args), &args, E2BIG);

	EXPECT_EQ(0, switch_items(self->fd, items, SYSCOUNT_SWITCH_MAX));
	EXPECT_FALSE(category_enabled(SYSCOUNT_CAT_DEVICE));
	EXPECT_EQ(0, switch_items(self->fd, NULL, 0));
	EXPECT_EQ(0, switch_items(self->fd, (void *)1, 0));

	near_hole = (void *)(pages_before_hole() + 2 * PAGE - sizeof(*near_hole));
	*near_hole = (struct syscount_switch_item) { .category = SYSCOUNT_CAT_DEVICE, .on = 1 };
	args.count = 2;
	args.items = (uintptr_t)near_hole;
	REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_SWITCH), sizeof(args), &args, EFAULT);
	args.items = 0;
	REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_SWITCH), sizeof(args), &args, EFAULT);
	args.items = 0xffff888000001000;
	REFUSED(self->fd, _IOC_NR(SYSCOUNT_IOC_SWITCH), sizeof(args), &args, EFAULT);
	EXPECT_EQ(0, switch_items(self->fd, near_hole, 1));
	EXPECT_TRUE(category_enabled(SYSCOUNT_CAT_DEVICE));
}

/* A file that is open stays good while others switch, and each has its own. */
TEST_F(device, many_files)
{
	struct syscount_version args = { .size = sizeof(args) };
	int fds[64];
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = open(SYSCOUNT_DEVICE, i % 3 ? O_RDWR : O_RDONLY);
		ASSERT_LE(0, fds[i]);
	}
	for (i = 0; i < ARRAY_LEN(fds); i++) {
		EXPECT_EQ(0, ioctl(fds[i], SYSCOUNT_IOC_GET_VERSION, &args));
		close(fds[i]);
	}
}

/* Programs of the other abis, which see the same layout and the same answers. */
static int run(const char *name)
{
	char path[4096];
	pid_t child;
	int status;

	snprintf(path, sizeof(path), "%s/%s", program_dir(), name);
	child = fork();
	if (!child) {
		execl(path, name, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		die("%s: %m", path);
	return status;
}

TEST_F(device, i386_program)
{
	/* Its status is the number of the check that failed. */
	EXPECT_EQ(0, run("ioctl_abi_i386"));
}

TEST_F(device, x32_program)
{
	ASSERT_TRUE(kernel_has_word("syscall.x32=y"));
	if (!kernel_has_x32())
		SKIP(return, "this kernel executes no programs of x32");
	EXPECT_EQ(0, run("ioctl_abi_x32"));
}

TEST_HARNESS_MAIN

#endif
