// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading and unloading, while calls are made and files are open, with good and
 * bad parameters: no trace remains, and one clear line says what is wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/syscount.h>

#include "../kselftest_harness.h"
#include "syscount_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 60

#define LOADS		100
/* A module from outside the kernel's tree, unsigned. */
#define TAINT		12288
/* Each load has 12 KiB a CPU or so: what that many of them would leak. */
#define LEAK_LIMIT_KIB	512

/*
 * The kernel's log, from log_mark() on
 */
static int log_fd = -1;

static void log_mark(void)
{
	if (log_fd < 0)
		log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_fd < 0 || lseek(log_fd, 0, SEEK_END) < 0)
		die("/dev/kmsg: %m");
}

/* All lines of the module since then, with their ends. */
static const char *log_lines(void)
{
	static char lines[8192];
	char record[2048], *text;
	size_t length = 0;
	ssize_t got;

	lines[0] = '\0';
	for (;;) {
		got = read(log_fd, record, sizeof(record) - 1);
		if (got < 0 && errno == EPIPE)
			continue;
		if (got < 0 && errno == EAGAIN)
			return lines;
		if (got < 0)
			die("/dev/kmsg: %m");
		record[got] = '\0';
		text = strchr(record, ';');
		if (!text || strncmp(text + 1, "syscount: ", 10))
			continue;
		text[strcspn(text, "\n") + 1] = '\0';
		length += snprintf(lines + length, sizeof(lines) - length, "%s", text + 1);
		if (length >= sizeof(lines))
			die("the log of the module is too long");
	}
}

/* As soon as there is one. */
static const char *log_wait(void)
{
	struct pollfd record = { .events = POLLIN };
	const char *lines;

	for (;;) {
		lines = log_lines();
		if (*lines)
			return lines;
		record.fd = log_fd;
		if (poll(&record, 1, 30000 * kernel_slowness()) < 1)
			die("the module says nothing");
	}
}

static bool file_has(const char *path, const char *word)
{
	static char text[1 << 16];

	file_read(path, text, sizeof(text));
	return strstr(text, word);
}

/* Nothing of it is left. */
static void check_gone(struct __test_metadata *_metadata)
{
	static const char *const entries[] = {
		SYSCOUNT_PROC, SYSCOUNT_DEVICE, "/sys/class/misc/syscount",
		"/sys/devices/virtual/misc/syscount", "/sys/module/syscount",
	};
	unsigned int i;

	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		EXPECT_EQ(-1, access(entries[i], F_OK)) {
			TH_LOG("%s", entries[i]);
		}
	}
	EXPECT_FALSE(file_has("/proc/modules", "syscount"));
	EXPECT_FALSE(file_has("/proc/misc", "syscount"));
	EXPECT_FALSE(tracepoint_hooked());
	EXPECT_FALSE(kprobe_hooked());
	EXPECT_FALSE(direct_hooked());
	EXPECT_EQ(TAINT, file_read_u64("/proc/sys/kernel/tainted"));
}

static uint64_t meminfo_kib(const char *key)
{
	char text[8192], *at;

	file_read("/proc/meminfo", text, sizeof(text));
	at = strstr(text, key);
	if (!at)
		die("no %s in /proc/meminfo", key);
	return strtoull(at + strlen(key), NULL, 10);
}

FIXTURE(load) {};

FIXTURE_SETUP(load)
{
	if (module_loaded() && module_remove())
		die("the module cannot be removed");
	log_mark();
}

/* As the test was found. */
FIXTURE_TEARDOWN(load)
{
	module_fresh("hook=tracepoint");
}

TEST_F(load, says_so_in_one_line)
{
	char text[64];

	ASSERT_EQ(0, module_insert(""));
	snprintf(text, sizeof(text), "syscount: 1.0: hook %s\n", best_hook());
	EXPECT_STREQ(text, log_wait());
	EXPECT_EQ(-EEXIST, module_insert(""));
	ASSERT_EQ(0, module_remove());
	EXPECT_EQ(-ENOENT, module_remove());
	EXPECT_STREQ("", log_lines());
	check_gone(_metadata);
}

/* From the first moment, and on while another hook takes over: but for one call. */
TEST_F(load, counts_at_once_and_moves_on)
{
	struct syscount_info info = { .size = sizeof(info) };
	unsigned int made = 0;

	need_hook("direct");
	ASSERT_EQ(0, module_insert("hook=auto"));
	ASSERT_EQ(0, device_ioctl(SYSCOUNT_IOC_GET_INFO, &info));
	EXPECT_NE(SYSCOUNT_HOOK_NONE, info.hook);
	do {
		call_64(SYS_flock, -1, 0, 0);
		made++;
	} while (!*log_lines());
	EXPECT_LT(1, made);
	EXPECT_LE(made - 1, counted(SYSCOUNT_ABI_64, SYS_flock));
	EXPECT_GE(made + 1, counted(SYSCOUNT_ABI_64, SYS_flock));
	EXPECT_TRUE(direct_hooked());
	EXPECT_FALSE(tracepoint_hooked());
}

/* What somebody chose meanwhile stays. */
TEST_F(load, does_not_move_on_from_what_was_chosen)
{
	char text[64];

	need_hook("direct");
	ASSERT_EQ(0, module_insert(""));
	hook_choose("kprobe");
	EXPECT_STREQ("syscount: 1.0: hook kprobe\n", log_wait());
	file_read(SYSCOUNT_SYSFS "hook", text, sizeof(text));
	EXPECT_STREQ("direct tracepoint [kprobe]\n", text);
	EXPECT_TRUE(kprobe_hooked());
	EXPECT_FALSE(direct_hooked());
}

/* At load in one line; later as an error, and what counts goes on. */
TEST_F(load, a_hook_that_the_kernel_cannot_have_is_refused)
{
	static const char *const names[] = { "direct", "tracepoint", "kprobe" };
	char text[128], before[64], after[64];
	unsigned int i, lacking = 0;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (kernel_has_hook(names[i]))
			continue;
		lacking++;
		snprintf(text, sizeof(text), "hook=%s", names[i]);
		EXPECT_EQ(-EOPNOTSUPP, module_insert(text));
		snprintf(text, sizeof(text),
			 "syscount: hook: this kernel cannot have '%s' (-95)\n", names[i]);
		EXPECT_STREQ(text, log_lines());
		check_gone(_metadata);

		module_fresh("");
		file_read(SYSCOUNT_SYSFS "hook", before, sizeof(before));
		EXPECT_EQ(-EOPNOTSUPP, file_write(SYSCOUNT_SYSFS "hook", names[i]));
		file_read(SYSCOUNT_SYSFS "hook", after, sizeof(after));
		EXPECT_STREQ(before, after);
		EXPECT_EQ(NULL, strstr(after, names[i]));
		EXPECT_LT(0, counted(SYSCOUNT_ABI_64, SYS_ioctl));
		ASSERT_EQ(0, module_remove());
		log_mark();
	}
	if (!lacking)
		SKIP(return, "this kernel can have every hook");
}

/* An emulator that runs all CPUs in one thread goes on to the next one at this. */
static void relax(void)
{
	cpu_relax();
}

static void hammer(struct crew_member *me)
{
	while (!crew_told_to_stop(me)) {
		crew_call(me, SYSCOUNT_ABI_64, SYS_getppid, 0, 0, 0);
		if (me->begun % 32 == 0)
			relax();
	}
}

/* Those with the direct hook take seconds here, so they are fewer. */
static const char *hook_of_load(int i)
{
	switch (i % 20) {
	case 3:
		return "hook=auto";
	case 13:
		return kernel_has_hook("direct") ? "hook=direct" : "hook=tracepoint";
	default:
		return i % 2 && kernel_has_hook("kprobe") ? "hook=kprobe" : "hook=tracepoint";
	}
}

TEST_F_TIMEOUT(load, while_calls_run_on_all_cpus, 240)
{
	uint64_t percpu = 0;
	struct crew *crew;
	int i;

	ASSERT_EQ(cpus_present(), cpus_online());
	crew = crew_start(cpus_present(), 1, hammer);
	crew_go(crew);
	for (i = 0; i < LOADS; i++) {
		/* Once the allocator has what it keeps for itself. */
		if (i == LOADS / 4)
			percpu = meminfo_kib("Percpu:");
		ASSERT_EQ(0, module_insert(hook_of_load(i))) {
			TH_LOG("load %d", i);
		}
		EXPECT_LT(0, counted(SYSCOUNT_ABI_64, SYS_ioctl));
		ASSERT_EQ(0, module_remove()) {
			TH_LOG("unload %d", i);
		}
		if (i % 10 == 0)
			check_gone(_metadata);
	}
	EXPECT_GT(percpu + LEAK_LIMIT_KIB, meminfo_kib("Percpu:"));
	crew_stop(crew);
	crew_wait(crew);
	EXPECT_LT(LOADS, crew_ended(crew));
	crew_end(crew);
	check_gone(_metadata);
}

TEST_F(load, unload_is_refused_while_the_device_is_open)
{
	struct syscount_version args = { .size = sizeof(args) };
	int one, two;

	ASSERT_EQ(0, module_insert(""));
	one = open(SYSCOUNT_DEVICE, O_RDONLY);
	two = open(SYSCOUNT_DEVICE, O_RDWR);
	ASSERT_LE(0, one);
	ASSERT_LE(0, two);
	EXPECT_EQ(-EWOULDBLOCK, module_remove());
	close(one);
	EXPECT_EQ(-EWOULDBLOCK, module_remove());
	EXPECT_EQ(0, ioctl(two, SYSCOUNT_IOC_GET_VERSION, &args));
	EXPECT_LT(0, counted(SYSCOUNT_ABI_64, SYS_ioctl));
	close(two);
	EXPECT_EQ(0, module_remove());
	check_gone(_metadata);
}

/* These do not hold it: the files go dead. */
TEST_F(load, unload_goes_on_while_proc_and_sysfs_are_open)
{
	char text[256];
	int proc, total, hook;

	ASSERT_EQ(0, module_insert(""));
	proc = open(SYSCOUNT_PROC, O_RDONLY);
	total = open(SYSCOUNT_SYSFS "total", O_RDONLY);
	hook = open(SYSCOUNT_SYSFS "hook", O_RDWR);
	ASSERT_LE(0, proc);
	ASSERT_LE(0, total);
	ASSERT_LE(0, hook);
	EXPECT_EQ(100, read(proc, text, 100));
	EXPECT_LT(0, read(total, text, sizeof(text)));
	EXPECT_EQ(0, module_remove());
	check_gone(_metadata);

	EXPECT_EQ(-1, read(proc, text, sizeof(text)));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pread(total, text, sizeof(text), 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, pread(hook, text, sizeof(text), 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, pwrite(hook, "kprobe", 6, 0));
	EXPECT_EQ(ENODEV, errno);

	/* Nor do they come to life with the next one. */
	ASSERT_EQ(0, module_insert(""));
	EXPECT_EQ(-1, read(proc, text, sizeof(text)));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pread(total, text, sizeof(text), 0));
	EXPECT_EQ(ENODEV, errno);
	close(proc);
	close(total);
	close(hook);
	EXPECT_EQ(0, module_remove());
}

/* Files are opened and read all the time while it comes and goes. */
static void open_and_read(struct crew_member *me)
{
	static const char *const paths[] = {
		SYSCOUNT_PROC, SYSCOUNT_SYSFS "total", SYSCOUNT_SYSFS "hook",
		SYSCOUNT_SYSFS "category_file/enabled",
	};
	char text[4096];
	int fd;

	while (!crew_told_to_stop(me)) {
		relax();
		fd = open(paths[me->index % 4], O_RDONLY);
		if (fd < 0)
			continue;
		while (read(fd, text, sizeof(text)) > 0)
			me->ended++;
		close(fd);
	}
}

TEST_F_TIMEOUT(load, while_files_are_read, 120)
{
	struct crew *crew = crew_start(4, 1, open_and_read);
	uint64_t reads;
	int i;

	crew_go(crew);
	for (i = 0; i < 20; i++) {
		reads = crew_ended(crew);
		/* In the middle of moving on to another hook, now and then. */
		ASSERT_EQ(0, module_insert(i % 5 ? "hook=tracepoint" : ""));
		while (crew_ended(crew) < reads + 4)
			relax();
		ASSERT_EQ(0, module_remove()) {
			TH_LOG("unload %d", i);
		}
	}
	crew_stop(crew);
	crew_wait(crew);
	EXPECT_LT(0, crew_ended(crew));
	crew_end(crew);
	check_gone(_metadata);
}

FIXTURE(bad) {};

FIXTURE_VARIANT(bad) {
	const char *parameters;
	int error;
	const char *line;
};

#define NO_CATEGORY(word) "syscount: categories: no category '" word "'; there are process, file, " \
	"device, info, communication, unknown; or all or none alone\n"
#define NO_HOOK(word) "syscount: hook: no hook '" word "'; there are direct, tracepoint, kprobe, or auto\n"
#define NO_GROUP(number) "syscount: gid: " number " is not a group id\n"
#define KERNELS(name, value) "syscount: `" value "' invalid for parameter `" name "'\n"
#define WORD_50	"a234567890b234567890c234567890d234567890e234567890"
#define WORD_250	WORD_50 WORD_50 WORD_50 WORD_50 WORD_50
#define BAD(name, ...) FIXTURE_VARIANT_ADD(bad, name) { __VA_ARGS__ }

BAD(category, "categories=foo", EINVAL, NO_CATEGORY("foo"));
BAD(category_of_many, "categories=file,foo,info", EINVAL, NO_CATEGORY("foo"));
BAD(category_missing, "categories=file,,info", EINVAL, NO_CATEGORY(""));
BAD(category_at_the_end, "categories=file,", EINVAL, NO_CATEGORY(""));
BAD(category_in_capitals, "categories=File", EINVAL, NO_CATEGORY("File"));
BAD(category_all_and_one, "categories=all,file", EINVAL, NO_CATEGORY("all"));
BAD(category_format, "categories=%s%n", EINVAL, NO_CATEGORY("%s%n"));
BAD(category_long, "categories=" WORD_250 WORD_250, EINVAL, NO_CATEGORY(WORD_250 WORD_250));
BAD(category_no_value, "categories", EINVAL, KERNELS("categories", ""));
BAD(hook, "hook=foo", EINVAL, NO_HOOK("foo"));
BAD(hook_empty, "hook=", EINVAL, NO_HOOK(""));
BAD(hook_format, "hook=%s", EINVAL, NO_HOOK("%s"));
BAD(hook_in_capitals, "hook=Direct", EINVAL, NO_HOOK("Direct"));
BAD(hook_with_a_blank, "hook=\" direct\"", EINVAL, NO_HOOK(" direct"));
BAD(hook_of_many, "hook=tracepoint,kprobe", EINVAL, NO_HOOK("tracepoint,kprobe"));
BAD(gid_negative, "gid=-2", EINVAL, NO_GROUP("-2"));
BAD(gid_too_large, "gid=99999999999", EINVAL, NO_GROUP("99999999999"));
BAD(gid_invalid, "gid=4294967295", EINVAL, NO_GROUP("4294967295"));
BAD(gid_huge, "gid=99999999999999999999", ERANGE, KERNELS("gid", "99999999999999999999"));
BAD(gid_name, "gid=adm", EINVAL, KERNELS("gid", "adm"));
BAD(gid_empty, "gid=", EINVAL, KERNELS("gid", ""));
BAD(gid_with_more, "gid=1x", EINVAL, KERNELS("gid", "1x"));
BAD(public_empty, "public=", EINVAL, KERNELS("public", ""));
BAD(public, "public=maybe", EINVAL, KERNELS("public", "maybe"));
/* The first that is wrong is named, and only that. */
BAD(two, "gid=-2 categories=foo hook=foo", EINVAL, NO_GROUP("-2"));

FIXTURE_SETUP(bad)
{
	if (module_loaded() && module_remove())
		die("the module cannot be removed");
	log_mark();
}

FIXTURE_TEARDOWN(bad) {}

TEST_F(bad, parameter_is_refused_in_one_line)
{
	EXPECT_EQ(-variant->error, module_insert(variant->parameters));
	EXPECT_STREQ(variant->line, log_lines());
	check_gone(_metadata);
}

FIXTURE(good) {};

FIXTURE_VARIANT(good) {
	const char *parameters;
	int on;			/* bits of categories */
	const char *hook;
};

#define ALL	((1 << SYSCOUNT_CAT_COUNT) - 1)
#define ON(word) (1 << SYSCOUNT_CAT_##word)
#define GOOD(name, ...) FIXTURE_VARIANT_ADD(good, name) { __VA_ARGS__ }

GOOD(nothing, "", ALL, "auto");
GOOD(all, "categories=all hook=tracepoint", ALL, "tracepoint");
GOOD(none, "categories=none", 0, "auto");
GOOD(empty, "categories= hook=tracepoint", 0, "tracepoint");
GOOD(one, "categories=file hook=tracepoint", ON(FILE), "tracepoint");
GOOD(two, "categories=info,device hook=tracepoint", ON(INFO) | ON(DEVICE), "tracepoint");
GOOD(twice, "categories=file,file hook=tracepoint", ON(FILE), "tracepoint");
GOOD(unknown, "categories=unknown hook=tracepoint", ON(UNKNOWN), "tracepoint");
GOOD(each, "categories=process,file,device,info,communication,unknown hook=tracepoint", ALL,
     "tracepoint");
GOOD(blanks, "categories=\" communication , process \" hook=tracepoint",
     ON(COMMUNICATION) | ON(PROCESS),
     "tracepoint");
GOOD(kprobe, "hook=kprobe", ALL, "kprobe");
GOOD(tracepoint, "hook=tracepoint", ALL, "tracepoint");
GOOD(direct, "hook=direct", ALL, "direct");
GOOD(automatic, "hook=auto", ALL, "auto");
GOOD(kprobe_and_none, "hook=kprobe categories=none", 0, "kprobe");
GOOD(gid, "gid=4294967294 hook=tracepoint", ALL, "tracepoint");
GOOD(no_gid, "gid=-1 hook=tracepoint", ALL, "tracepoint");
GOOD(public, "public=1 hook=tracepoint", ALL, "tracepoint");
GOOD(public_word, "public hook=tracepoint", ALL, "tracepoint");
GOOD(not_public, "public=n hook=tracepoint", ALL, "tracepoint");

FIXTURE_SETUP(good)
{
	need_hook(variant->hook);
	if (module_loaded() && module_remove())
		die("the module cannot be removed");
	log_mark();
}

FIXTURE_TEARDOWN(good)
{
	EXPECT_EQ(0, module_remove());
	check_gone(_metadata);
}

TEST_F(good, parameter_is_taken)
{
	const char *want = strcmp(variant->hook, "auto") ? variant->hook : best_hook();
	struct syscount_info info = { .size = sizeof(info) };
	char hook[64], text[64];
	int i, on = 0;

	ASSERT_EQ(0, module_insert(variant->parameters));
	snprintf(text, sizeof(text), "syscount: 1.0: hook %s\n", want);
	EXPECT_STREQ(text, log_wait());
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		on |= category_enabled(i) << i;
	EXPECT_EQ(variant->on, on);
	file_read(SYSCOUNT_SYSFS "hook", hook, sizeof(hook));
	snprintf(text, sizeof(text), "[%s]", want);
	EXPECT_NE(NULL, strstr(hook, text)) {
		TH_LOG("%s", hook);
	}
	EXPECT_EQ(variant->on && !strcmp(want, "direct"), direct_hooked());
	EXPECT_EQ(variant->on && !strcmp(want, "tracepoint"), tracepoint_hooked());
	EXPECT_EQ(variant->on && !strcmp(want, "kprobe"), kprobe_hooked());
	ASSERT_EQ(0, device_ioctl(SYSCOUNT_IOC_GET_INFO, &info));
	EXPECT_STREQ(variant->on ? want : "none", hook_names[info.hook]);
	EXPECT_EQ(info.loaded_ns, info.since_ns);
}

/* Fixtures run in their order: this is the last one. */
FIXTURE(end) {};
FIXTURE_SETUP(end) {}
FIXTURE_TEARDOWN(end) {}

TEST_F(end, module_as_it_was)
{
	module_fresh("hook=tracepoint");
	EXPECT_TRUE(module_loaded());
}

TEST_HARNESS_MAIN
