// SPDX-License-Identifier: GPL-2.0-or-later
/* The attributes under /sys/class/misc/syscount: layout, modes, values, and what they refuse. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/syscount.h>

#include "../kselftest_harness.h"
#include "syscount_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#define ARRAY_LEN(array)	(sizeof(array) / sizeof((array)[0]))
#define PAGE			4096
#define HUGE			(64 * 1024)

static const char *const directories[SYSCOUNT_CAT_COUNT] = {
	"category_process", "category_file", "category_device", "category_info",
	"category_communication", "unknown",
};

static const char *in(const char *directory, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s%s/%s", SYSCOUNT_SYSFS, directory, name);
	return path;
}

/* One write() of @size bytes: what it returns, or -errno. */
static ssize_t put(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t written;

	if (fd < 0)
		die("%s: %m", path);
	written = write(fd, bytes, size);
	if (written < 0)
		written = -errno;
	close(fd);
	return written;
}

/* Everything that a write could have changed. */
struct state {
	char hook[64];
	bool enabled[SYSCOUNT_CAT_COUNT];
	uint64_t since_ns;
};

static struct state take_state(void)
{
	struct syscount_read args = { .size = sizeof(args) };
	struct state state;
	int i;

	memset(&state, 0, sizeof(state));
	file_read(SYSCOUNT_SYSFS "hook", state.hook, sizeof(state.hook));
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		state.enabled[i] = file_read_u64(in(directories[i], "enabled"));
	if (device_ioctl(SYSCOUNT_IOC_READ, &args))
		die("SYSCOUNT_IOC_READ");
	state.since_ns = args.since_ns;
	return state;
}

static void refused(struct __test_metadata *_metadata, int line, const char *path,
		    const void *bytes, size_t size, int error)
{
	struct state before = take_state(), after;

	EXPECT_EQ(-error, put(path, bytes, size)) {
		TH_LOG("%s: '%.20s', %zu bytes, from line %d", path, (const char *)bytes, size,
		       line);
	}
	after = take_state();
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before))) {
		TH_LOG("%s: '%.20s', %zu bytes, from line %d: something changed", path,
		       (const char *)bytes, size, line);
	}
}

#define REFUSED(path, bytes, size, error) refused(_metadata, __LINE__, path, bytes, size, error)

/* What no attribute takes: @word is one that it does. */
static void refuses_rubbish(struct __test_metadata *_metadata, const char *path, const char *word)
{
	static const char *const words[] = {
		"\n", " ", "\t\n", "2", "-1", "\n1", "0x1", "enable", "\xff\xfe", "%s%n",
		"../../../etc/passwd", "2147483648", "18446744073709551616",
	};
	static char huge[HUGE];
	char bytes[256];
	size_t length = strlen(word), i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		REFUSED(path, words[i], strlen(words[i]), EINVAL);

	/* Zero bytes are no value: nothing is called. */
	EXPECT_EQ(0, put(path, word, 0));

	/* A good word, and more. */
	snprintf(bytes, sizeof(bytes), "%s %s", word, word);
	REFUSED(path, bytes, strlen(bytes), EINVAL);
	snprintf(bytes, sizeof(bytes), "%s\n\n", word);
	REFUSED(path, bytes, strlen(bytes), EINVAL);
	snprintf(bytes, sizeof(bytes), "%s\n%s\n", word, word);
	REFUSED(path, bytes, strlen(bytes), EINVAL);
	snprintf(bytes, sizeof(bytes), " %s", word);
	REFUSED(path, bytes, strlen(bytes), EINVAL);
	snprintf(bytes, sizeof(bytes), "%s ", word);
	REFUSED(path, bytes, strlen(bytes), EINVAL);

	/* Zero bytes in it, before it, after it. */
	memset(bytes, 0, sizeof(bytes));
	REFUSED(path, bytes, 1, EINVAL);
	REFUSED(path, bytes, sizeof(bytes), EINVAL);
	memcpy(bytes, word, length);
	REFUSED(path, bytes, length + 1, EINVAL);
	REFUSED(path, bytes, sizeof(bytes), EINVAL);
	bytes[length] = '\n';
	REFUSED(path, bytes, length + 2, EINVAL);
	bytes[length] = '\0';
	bytes[length + 1] = 'x';
	REFUSED(path, bytes, length + 2, EINVAL);
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes + 1, word, length);
	REFUSED(path, bytes, length + 1, EINVAL);

	/* All bytes there are. */
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	REFUSED(path, bytes, sizeof(bytes), EINVAL);

	/* More than a page, of which sysfs hands on the first. */
	memset(huge, '1', sizeof(huge));
	REFUSED(path, huge, sizeof(huge), EINVAL);
	memset(huge, ' ', sizeof(huge));
	memcpy(huge, word, length);
	REFUSED(path, huge, PAGE - 1, EINVAL);
	REFUSED(path, huge, PAGE, EINVAL);
	REFUSED(path, huge, PAGE + 1, EINVAL);
	memset(huge, '\n', sizeof(huge));
	memcpy(huge, word, length);
	REFUSED(path, huge, sizeof(huge), EINVAL);
	memset(huge, 0, sizeof(huge));
	memcpy(huge, word, length);
	REFUSED(path, huge, sizeof(huge), EINVAL);

	REFUSED(path, (void *)1, 1, EFAULT);
}

FIXTURE(sysfs) {};

FIXTURE_SETUP(sysfs)
{
	module_ready("auto");
}

FIXTURE_TEARDOWN(sysfs)
{
	module_ready("auto");
}

/* "d 755 category_file", one entry a line, sorted, below @path. */
static void list(const char *path, const char *prefix, char *out, size_t size)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort), i;

	if (count < 0)
		die("%s: %m", path);
	for (i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		size_t length = strlen(out);
		char child[512];
		struct stat st;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, name);
		if (lstat(child, &st))
			die("%s: %m", child);
		if (st.st_uid || st.st_gid)
			die("%s: not root's", child);
		snprintf(out + length, size - length, "%c %03o %s%s\n",
			 S_ISDIR(st.st_mode) ? 'd' : S_ISLNK(st.st_mode) ? 'l' : '-',
			 st.st_mode & 07777, prefix, name);
		/* The core's own directory. */
		if (S_ISDIR(st.st_mode) && strcmp(name, "power")) {
			char below[512];

			snprintf(below, sizeof(below), "%s%s/", prefix, name);
			list(child, below, out, size);
		}
		free(entries[i]);
	}
	free(entries);
}

TEST_F(sysfs, layout)
{
	static char found[PAGE];

	list(SYSCOUNT_SYSFS, "", found, sizeof(found));
	EXPECT_STREQ("d 755 category_communication\n"
		     "- 400 category_communication/calls\n"
		     "- 600 category_communication/enabled\n"
		     "d 755 category_device\n"
		     "- 400 category_device/calls\n"
		     "- 600 category_device/enabled\n"
		     "d 755 category_file\n"
		     "- 400 category_file/calls\n"
		     "- 600 category_file/enabled\n"
		     "d 755 category_info\n"
		     "- 400 category_info/calls\n"
		     "- 600 category_info/enabled\n"
		     "d 755 category_process\n"
		     "- 400 category_process/calls\n"
		     "- 600 category_process/enabled\n"
		     "- 444 dev\n"
		     "- 600 hook\n"
		     "d 755 power\n"
		     "- 200 reset\n"
		     "l 777 subsystem\n"
		     "- 400 total\n"
		     "- 644 uevent\n"
		     "d 755 unknown\n"
		     "- 400 unknown/calls\n"
		     "- 600 unknown/enabled\n"
		     "- 400 watches\n", found);
}

TEST_F(sysfs, device_node)
{
	char dev[32], expected[32];
	struct stat st;

	ASSERT_EQ(0, stat(SYSCOUNT_DEVICE, &st));
	EXPECT_EQ(S_IFCHR | 0666, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	snprintf(expected, sizeof(expected), "%u:%u\n", (unsigned int)(st.st_rdev >> 8 & 0xfff),
		 (unsigned int)(st.st_rdev & 0xff) | (unsigned int)(st.st_rdev >> 12 & 0xfff00));
	file_read(SYSCOUNT_SYSFS "dev", dev, sizeof(dev));
	EXPECT_STREQ(expected, dev);
}

/* One place to write: the parameters are for loading only. */
TEST_F(sysfs, parameters)
{
	static char found[PAGE];
	char value[32];

	list("/sys/module/syscount/parameters", "", found, sizeof(found));
	EXPECT_STREQ("- 444 gid\n- 444 public\n", found);
	file_read("/sys/module/syscount/parameters/gid", value, sizeof(value));
	EXPECT_STREQ("-1\n", value);
	file_read("/sys/module/syscount/parameters/public", value, sizeof(value));
	EXPECT_STREQ("N\n", value);
}

TEST_F(sysfs, modes_hold_for_files_of_one_direction)
{
	char byte;
	int i, fd;

	/* root passes the modes; then there is no method. */
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++) {
		fd = open(in(directories[i], "calls"), O_RDWR);
		EXPECT_EQ(-1, fd);
		EXPECT_EQ(EACCES, errno);
	}
	EXPECT_EQ(-1, open(SYSCOUNT_SYSFS "total", O_WRONLY));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, open(SYSCOUNT_SYSFS "reset", O_RDONLY));
	EXPECT_EQ(EACCES, errno);
	fd = open(SYSCOUNT_SYSFS "hook", O_RDWR);
	EXPECT_LE(0, fd);
	EXPECT_EQ(1, read(fd, &byte, 1));
	EXPECT_EQ('[', byte);
	close(fd);
}

TEST_F(sysfs, calls_and_total)
{
	uint64_t sum = 0, before[SYSCOUNT_CAT_COUNT], total;
	static const int called[SYSCOUNT_CAT_COUNT] = {
		[SYSCOUNT_CAT_PROCESS] = SYS_sched_yield,
		[SYSCOUNT_CAT_FILE] = SYS_umask,
		[SYSCOUNT_CAT_DEVICE] = SYS_ioctl,
		[SYSCOUNT_CAT_INFO] = SYS_getsid,
		[SYSCOUNT_CAT_COMMUNICATION] = SYS_listen,
		[SYSCOUNT_CAT_UNKNOWN] = 400,
	};
	struct syscount_read args = { .size = sizeof(args) };
	int category, i;

	for (category = 0; category < SYSCOUNT_CAT_COUNT; category++) {
		before[category] = file_read_u64(in(directories[category], "calls"));
		for (i = 0; i < 100003; i++)
			syscall(called[category], -1, 0, 0);
		EXPECT_LE(before[category] + 100003,
			  file_read_u64(in(directories[category], "calls"))) {
			TH_LOG("%s", directories[category]);
		}
	}
	for (category = 0; category < SYSCOUNT_CAT_COUNT; category++)
		category_enable(category, false);
	ASSERT_EQ(0, device_ioctl(SYSCOUNT_IOC_READ, &args));
	for (category = 0; category < SYSCOUNT_CAT_COUNT; category++) {
		total = file_read_u64(in(directories[category], "calls"));
		EXPECT_EQ(args.categories[category].calls, total);
		sum += total;
	}
	EXPECT_EQ(sum, file_read_u64(SYSCOUNT_SYSFS "total"));
	EXPECT_EQ(sum, args.total);
}

TEST_F(sysfs, values_have_one_line)
{
	static const char *const one[] = { "hook", "total", "watches" };
	char text[256], expected[256];
	int i;

	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++) {
		file_read(in(directories[i], "enabled"), text, sizeof(text));
		EXPECT_STREQ("1\n", text);
		file_read(in(directories[i], "calls"), text, sizeof(text));
		snprintf(expected, sizeof(expected), "%llu\n", strtoull(text, NULL, 10));
		EXPECT_STREQ(expected, text);
	}
	for (i = 0; i < (int)ARRAY_LEN(one); i++) {
		file_read(in(".", one[i]), text, sizeof(text));
		EXPECT_EQ(text + strlen(text) - 1, strchr(text, '\n'));
	}
}

FIXTURE(category) {
	const char *enabled;
};

FIXTURE_VARIANT(category) {
	int category;
};

FIXTURE_VARIANT_ADD(category, process) { .category = SYSCOUNT_CAT_PROCESS };
FIXTURE_VARIANT_ADD(category, file) { .category = SYSCOUNT_CAT_FILE };
FIXTURE_VARIANT_ADD(category, device) { .category = SYSCOUNT_CAT_DEVICE };
FIXTURE_VARIANT_ADD(category, info) { .category = SYSCOUNT_CAT_INFO };
FIXTURE_VARIANT_ADD(category, communication) { .category = SYSCOUNT_CAT_COMMUNICATION };
FIXTURE_VARIANT_ADD(category, unknown) { .category = SYSCOUNT_CAT_UNKNOWN };

FIXTURE_SETUP(category)
{
	module_ready("auto");
	self->enabled = strdup(in(directories[variant->category], "enabled"));
}

FIXTURE_TEARDOWN(category)
{
	module_ready("auto");
}

TEST_F(category, takes_the_words_of_kstrtobool)
{
	static const struct {
		const char *word;
		bool on;
	} words[] = {
		{ "0", false }, { "1", true }, { "0\n", false }, { "1\n", true },
		{ "n", false }, { "y", true }, { "N\n", false }, { "Y\n", true },
		{ "off", false }, { "on", true }, { "off\n", false }, { "on\n", true },
		{ "no", false }, { "yes", true }, { "no\n", false }, { "yes\n", true },
		{ "f", false }, { "t", true }, { "false\n", false }, { "true\n", true },
	};
	unsigned int i;
	int other;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		ssize_t length = strlen(words[i].word);

		EXPECT_EQ(length, put(self->enabled, words[i].word, length)) {
			TH_LOG("'%s'", words[i].word);
		}
		EXPECT_EQ(words[i].on, file_read_u64(self->enabled)) {
			TH_LOG("'%s'", words[i].word);
		}
		for (other = 0; other < SYSCOUNT_CAT_COUNT; other++)
			if (other != variant->category)
				EXPECT_EQ(1, file_read_u64(in(directories[other], "enabled")));
	}
}

TEST_F(category, refuses_other_words)
{
	static const char *const words[] = {
		"10", "01", "00", "o", "of", "offf", "onn", "one", "none", "yess", "ye", "nn",
		"all", "partial",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		REFUSED(self->enabled, words[i], strlen(words[i]), EINVAL);
}

TEST_F(category, refuses_rubbish)
{
	refuses_rubbish(_metadata, self->enabled, "0");
}

TEST_F(category, refuses_rubbish_while_off)
{
	ASSERT_EQ(1, put(self->enabled, "0", 1));
	refuses_rubbish(_metadata, self->enabled, "1");
}

/* Off it does not count, on again it goes on from where it stood. */
TEST_F(category, switches)
{
	char *calls = strdup(in(directories[variant->category], "calls"));
	uint64_t stood;

	category_enable(variant->category, false);
	EXPECT_FALSE(category_enabled(variant->category));
	stood = file_read_u64(calls);
	EXPECT_EQ(stood, file_read_u64(calls));
	category_enable(variant->category, true);
	EXPECT_TRUE(category_enabled(variant->category));
	EXPECT_LE(stood, file_read_u64(calls));
}

TEST_F(sysfs, hook)
{
	char text[64];

	need_hook("direct");
	file_read(SYSCOUNT_SYSFS "hook", text, sizeof(text));
	EXPECT_STREQ("[direct] tracepoint kprobe\n", text);
	EXPECT_TRUE(direct_hooked());
	EXPECT_FALSE(tracepoint_hooked());
	EXPECT_FALSE(kprobe_hooked());

	EXPECT_EQ(6, put(SYSCOUNT_SYSFS "hook", "kprobe", 6));
	file_read(SYSCOUNT_SYSFS "hook", text, sizeof(text));
	EXPECT_STREQ("direct tracepoint [kprobe]\n", text);
	EXPECT_FALSE(tracepoint_hooked());
	EXPECT_TRUE(kprobe_hooked());

	/* What it is already. */
	EXPECT_EQ(7, put(SYSCOUNT_SYSFS "hook", "kprobe\n", 7));
	file_read(SYSCOUNT_SYSFS "hook", text, sizeof(text));
	EXPECT_STREQ("direct tracepoint [kprobe]\n", text);

	EXPECT_EQ(11, put(SYSCOUNT_SYSFS "hook", "tracepoint\n", 11));
	file_read(SYSCOUNT_SYSFS "hook", text, sizeof(text));
	EXPECT_STREQ("direct [tracepoint] kprobe\n", text);

	EXPECT_EQ(7, put(SYSCOUNT_SYSFS "hook", "kprobe\n", 7));
	EXPECT_EQ(5, put(SYSCOUNT_SYSFS "hook", "auto\n", 5));
	file_read(SYSCOUNT_SYSFS "hook", text, sizeof(text));
	EXPECT_STREQ("[direct] tracepoint kprobe\n", text);
	EXPECT_TRUE(direct_hooked());
	EXPECT_FALSE(kprobe_hooked());
}

/* While all is off it is chosen, and hooked when something is on. */
TEST_F(sysfs, hook_while_all_is_off)
{
	char text[64];

	need_hook("kprobe");
	all_enable(false);
	EXPECT_FALSE(direct_hooked());
	EXPECT_EQ(7, put(SYSCOUNT_SYSFS "hook", "kprobe\n", 7));
	file_read(SYSCOUNT_SYSFS "hook", text, sizeof(text));
	EXPECT_STREQ("direct tracepoint [kprobe]\n", text);
	EXPECT_FALSE(tracepoint_hooked());
	EXPECT_FALSE(kprobe_hooked());
	category_enable(SYSCOUNT_CAT_DEVICE, true);
	EXPECT_FALSE(tracepoint_hooked());
	EXPECT_TRUE(kprobe_hooked());
}

TEST_F(sysfs, hook_refuses_what_it_does_not_know)
{
	static const char *const words[] = {
		"tracepoin", "tracepoints", "Kprobe", "[kprobe]", "none", "1", "kprobe,tracepoint",
		"tracepoint kprobe", "[direct] tracepoint kprobe\n", "Direct",
		"a word of more than sixteen letters",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		REFUSED(SYSCOUNT_SYSFS "hook", words[i], strlen(words[i]), EINVAL);
	refuses_rubbish(_metadata, SYSCOUNT_SYSFS "hook", "kprobe");
}

TEST_F(sysfs, reset)
{
	struct syscount_read args = { .size = sizeof(args) }, after = { .size = sizeof(after) };
	static const char *const good[] = { "1", "1\n" };
	unsigned int i;

	all_enable(false);
	ASSERT_EQ(0, device_ioctl(SYSCOUNT_IOC_READ, &args));
	ASSERT_LT(0, args.total);
	for (i = 0; i < ARRAY_LEN(good); i++) {
		ASSERT_EQ(strlen(good[i]), put(SYSCOUNT_SYSFS "reset", good[i], strlen(good[i])));
		ASSERT_EQ(0, device_ioctl(SYSCOUNT_IOC_READ, &after));
		EXPECT_LT(args.since_ns, after.since_ns);
		EXPECT_EQ(0, after.total);
		EXPECT_EQ(0, file_read_u64(SYSCOUNT_SYSFS "total"));
		args = after;
	}
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		EXPECT_EQ(0, file_read_u64(in(directories[i], "calls")));
}

TEST_F(sysfs, reset_refuses_all_but_one_word)
{
	static const char *const words[] = { "0", "y", "on", "true", "11", "01", "+1", "1.0" };
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		REFUSED(SYSCOUNT_SYSFS "reset", words[i], strlen(words[i]), EINVAL);
	refuses_rubbish(_metadata, SYSCOUNT_SYSFS "reset", "1");
}

/* Reading bit by bit, and again from the start. */
TEST_F(sysfs, short_reads)
{
	char text[64] = "", byte;
	int fd = open(SYSCOUNT_SYSFS "hook", O_RDONLY), length = 0;

	need_hook("direct");
	ASSERT_LE(0, fd);
	while (read(fd, &byte, 1) == 1 && length < (int)sizeof(text) - 1)
		text[length++] = byte;
	EXPECT_STREQ("[direct] tracepoint kprobe\n", text);
	hook_choose("kprobe");
	memset(text, 0, sizeof(text));
	EXPECT_EQ(27, pread(fd, text, sizeof(text) - 1, 0));
	EXPECT_STREQ("direct tracepoint [kprobe]\n", text);
	close(fd);
}

TEST_HARNESS_MAIN
