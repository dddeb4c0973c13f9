// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/syscount has the documented form, however it is read. */
#ifndef __x86_64__
#include "x86_only.h"
#else

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/syscount.h>

#include "../kselftest_harness.h"
#include "syscount_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#define TEXT_MAX	(256 * 1024)
#define ROWS_MAX	4096
#define COLUMNS		80
#define READERS		32
#define READINGS	12
#define RESETS		10
#define UNKNOWN_ROWS	32	/* each abi; what does not fit is '*' */

#define CATEGORY_HEAD	"category       state                  calls"
#define ROW_HEAD	"abi    nr syscall                      category      state                 calls"

static int index_of(const char *word, const char *const *list, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (!strcmp(list[i], word))
			return i;
	return -1;
}

/*
 * What a text says, if it has the form to the letter.
 */
struct reading {
	char hook[16];
	uint64_t since_ms, now_ms;
	uint64_t categories[SYSCOUNT_CAT_COUNT];
	char states[SYSCOUNT_CAT_COUNT][8];
	uint64_t total;
	unsigned int rows;
	unsigned int unknown_rows[SYSCOUNT_ABI_COUNT];
	uint64_t other[SYSCOUNT_ABI_COUNT];
	char error[256];
};

static bool wrong(struct reading *reading, const char *line, const char *format, ...)
{
	char why[128];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	snprintf(reading->error, sizeof(reading->error), "%s: '%.100s'", why, line);
	return false;
}

/* A number as the kernel prints it: no sign, no zeroes before it. */
static bool parse_number(const char *text, uint64_t *number)
{
	char again[32];

	if (sscanf(text, "%" SCNu64, number) != 1)
		return false;
	snprintf(again, sizeof(again), "%" PRIu64, *number);
	return !strcmp(text, again);
}

static bool parse_ms(const char *word, const char *key, uint64_t *ms)
{
	char again[64];
	uint64_t seconds;
	unsigned int rest;

	if (strncmp(word, key, strlen(key)) ||
	    sscanf(word + strlen(key), "%" SCNu64 ".%3u", &seconds, &rest) != 2)
		return false;
	*ms = seconds * 1000 + rest;
	snprintf(again, sizeof(again), "%s%" PRIu64 ".%03u", key, seconds, rest);
	return !strcmp(word, again);
}

static bool check_first(struct reading *reading, const char *line)
{
	char since[64], now[64], again[256];

	if (sscanf(line, "syscount 1 hook=%15s %63s %63s", reading->hook, since, now) != 3)
		return wrong(reading, line, "the first line");
	snprintf(again, sizeof(again), "syscount 1 hook=%s %s %s", reading->hook, since, now);
	if (strcmp(line, again))
		return wrong(reading, line, "the first line has more or other blanks");
	if (index_of(reading->hook, hook_names, SYSCOUNT_HOOK_COUNT) < 0)
		return wrong(reading, line, "no hook has that name");
	if (!parse_ms(since, "since=", &reading->since_ms) ||
	    !parse_ms(now, "now=", &reading->now_ms) || reading->since_ms > reading->now_ms)
		return wrong(reading, line, "the times");
	return true;
}

static bool check_category(struct reading *reading, const char *line, int category)
{
	const char *name = category < SYSCOUNT_CAT_COUNT ? category_names[category] : "total";
	char word[32], state[8], calls[32], again[128];
	uint64_t number;

	if (sscanf(line, "%31s %7s %31s", word, state, calls) != 3)
		return wrong(reading, line, "not a category");
	snprintf(again, sizeof(again), "%-14s %-7s %20s", name, state, calls);
	if (strcmp(line, again))
		return wrong(reading, line, "not as '%s'", again);
	if (!parse_number(calls, &number))
		return wrong(reading, line, "no number");
	if (category == SYSCOUNT_CAT_COUNT) {
		reading->total = number;
		return !strcmp(state, "-") || wrong(reading, line, "the total has a state");
	}
	if (strcmp(state, "on") && strcmp(state, "off") &&
	    !(category == SYSCOUNT_CAT_UNKNOWN && !strcmp(state, "partial")))
		return wrong(reading, line, "no such state");
	strcpy(reading->states[category], state);
	reading->categories[category] = number;
	return true;
}

struct row {
	int abi;
	bool other;
	int32_t nr;
	int category;
	uint64_t calls;
};

static bool check_row(struct reading *reading, const char *line, struct row *row)
{
	char abi[8], nr[16], name[64], category[32], state[8], calls[32], again[256];
	const struct syscount_name *named;
	int width;

	if (sscanf(line, "%7s %15s %63s %31s %7s %31s", abi, nr, name, category, state, calls) != 6)
		return wrong(reading, line, "not a row");
	/* A number that is too long takes its room from the name. */
	width = 28 - (strlen(nr) > 4 ? (int)strlen(nr) - 4 : 0);
	snprintf(again, sizeof(again), "%-4s %4s %-*s %-13s %-6s %20s", abi, nr, width, name,
		 category, state, calls);
	if (strcmp(line, again))
		return wrong(reading, line, "not as '%s'", again);
	if (strlen(line) != COLUMNS)
		return wrong(reading, line, "%zu columns", strlen(line));

	row->abi = index_of(abi, abi_names, SYSCOUNT_ABI_COUNT);
	if (row->abi < 0)
		return wrong(reading, line, "no such abi");
	row->other = !strcmp(nr, "*");
	row->nr = row->other ? INT32_MAX : atoi(nr);
	snprintf(again, sizeof(again), "%d", row->nr);
	if (!row->other && strcmp(nr, again))
		return wrong(reading, line, "the number");
	if (!parse_number(calls, &row->calls) || !row->calls)
		return wrong(reading, line, "the calls");

	named = row->other ? NULL : name_of(row->abi, row->nr);
	if (strcmp(name, named ? named->name : "?"))
		return wrong(reading, line, "the name is %s", named ? named->name : "?");
	row->category = named ? named->category : SYSCOUNT_CAT_UNKNOWN;
	if (strcmp(category, row->category == SYSCOUNT_CAT_UNKNOWN ? "-" :
		   category_names[row->category]))
		return wrong(reading, line, "not its category");
	/* What this test does switches no single calls. */
	if (strcmp(state, strcmp(reading->states[row->category], "off") ? "on" : "off"))
		return wrong(reading, line, "not the state of its category");
	return true;
}

static bool check_rows(struct reading *reading, char *line)
{
	uint64_t sums[SYSCOUNT_CAT_COUNT] = { 0 }, total = 0;
	struct row row, last = { .abi = -1 };
	int i;

	for (; line; line = strtok(NULL, "\n")) {
		if (!check_row(reading, line, &row))
			return false;
		if (row.abi < last.abi ||
		    (row.abi == last.abi && (last.other || (!row.other && row.nr <= last.nr))))
			return wrong(reading, line, "not in (abi, nr) order");
		last = row;
		reading->rows++;
		sums[row.category] += row.calls;
		if (row.other)
			reading->other[row.abi] = row.calls;
		else if (row.category == SYSCOUNT_CAT_UNKNOWN)
			reading->unknown_rows[row.abi]++;
	}
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++) {
		if (sums[i] != reading->categories[i])
			return wrong(reading, category_names[i], "the rows sum up to %" PRIu64
				     " and the category says %" PRIu64, sums[i],
				     reading->categories[i]);
		total += sums[i];
	}
	if (total != reading->total)
		return wrong(reading, "total", "the categories sum up to %" PRIu64, total);
	return true;
}

/* @text is changed. False: reading->error says what is wrong. */
static bool check(char *text, struct reading *reading)
{
	size_t length = strlen(text);
	char *line = text, *end;
	int i;

	memset(reading, 0, sizeof(*reading));
	if (!length || text[length - 1] != '\n')
		return wrong(reading, "", "it does not end with a line");
	for (i = 0; i < 4 + SYSCOUNT_CAT_COUNT + 2; i++) {
		static const int blank = 1, head = 2, first_category = 3;
		static const int blank_2 = 4 + SYSCOUNT_CAT_COUNT, head_2 = blank_2 + 1;
		bool good;

		end = strchr(line, '\n');
		if (!end)
			return wrong(reading, line, "it ends too early");
		*end = '\0';
		if (i == 0)
			good = check_first(reading, line);
		else if (i == blank || i == blank_2)
			good = !*line || wrong(reading, line, "not blank");
		else if (i == head || i == head_2)
			good = !strcmp(line, i == head ? CATEGORY_HEAD : ROW_HEAD) ||
			       wrong(reading, line, "not the heading");
		else
			good = check_category(reading, line, i - first_category);
		if (!good)
			return false;
		if (strlen(line) > COLUMNS)
			return wrong(reading, line, "too long");
		line = end + 1;
	}
	if (strstr(line, "\n\n") || *line == '\n')
		return wrong(reading, line, "a blank line among the rows");
	return check_rows(reading, strtok(line, "\n"));
}

/* Read on from where the file is, @chunk bytes at a time. */
static size_t read_rest(int fd, char *text, size_t chunk)
{
	size_t length = 0;
	ssize_t got;

	do {
		if (length + chunk >= TEXT_MAX)
			die("/proc/syscount is longer than %d bytes", TEXT_MAX);
		got = read(fd, text + length, chunk);
		if (got < 0)
			die("/proc/syscount: %m");
		length += got;
	} while (got);
	text[length] = '\0';
	return length;
}

static size_t read_all(char *text, size_t chunk)
{
	int fd = open(SYSCOUNT_PROC, O_RDONLY | O_CLOEXEC);
	size_t length;

	if (fd < 0)
		die("/proc/syscount: %m");
	length = read_rest(fd, text, chunk);
	close(fd);
	return length;
}

/* Some of everything that can have a row. */
static void make_rows(void)
{
	static const int numbers[] = { 400, 9999, -5, INT32_MIN, 0x3fffffff, -2 };
	unsigned int i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		call_64((unsigned int)numbers[i], 0, 0, 0);
	for (i = 0; i < 2 * UNKNOWN_ROWS; i++)
		call_i386(9000 + i, 0, 0, 0);
	call_i386(161, 0, 0, 0);	/* sched_rr_get_interval */
	call_i386(423, 0, 0, 0);	/* the longest name, sched_rr_get_interval_time64 */
	call_64(X32_BIT | 39, 0, 0, 0);
	call_64(X32_BIT | 520, 0, 0, 0);
	call_64(X32_BIT | 8000, 0, 0, 0);
	call_64(INT32_MAX, 0, 0, 0);	/* bit 30 is set in this one, too */
}

static char text[TEXT_MAX], again[TEXT_MAX];

FIXTURE(proc) {
	struct reading reading;
};

FIXTURE_SETUP(proc)
{
	module_fresh("hook=tracepoint");
	load_names();
}

FIXTURE_TEARDOWN(proc) {}

#define GOOD() do {						\
	EXPECT_TRUE(check(text, &self->reading)) {		\
		TH_LOG("%s", self->reading.error);		\
	}							\
} while (0)

TEST_F(proc, grammar)
{
	char state[8];
	int i;

	make_rows();
	read_all(text, TEXT_MAX / 2);
	GOOD();
	EXPECT_STREQ("tracepoint", self->reading.hook);
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++) {
		strcpy(state, self->reading.states[i]);
		EXPECT_STREQ("on", state);
	}
	EXPECT_EQ(6, self->reading.unknown_rows[SYSCOUNT_ABI_64]);
	EXPECT_EQ(0, self->reading.other[SYSCOUNT_ABI_64]);
	/* 32 of the 64 have a row, the others share one. */
	EXPECT_EQ(UNKNOWN_ROWS, self->reading.unknown_rows[SYSCOUNT_ABI_I386]);
	EXPECT_EQ(UNKNOWN_ROWS, self->reading.other[SYSCOUNT_ABI_I386]);
	EXPECT_EQ(2, self->reading.unknown_rows[SYSCOUNT_ABI_X32]);
	EXPECT_EQ(6 + 2 * UNKNOWN_ROWS + 2, self->reading.categories[SYSCOUNT_CAT_UNKNOWN]);
}

TEST_F(proc, grammar_with_the_kprobe)
{
	make_rows();
	hook_choose("kprobe");
	read_all(text, TEXT_MAX / 2);
	GOOD();
	EXPECT_STREQ("kprobe", self->reading.hook);
	EXPECT_STREQ("on", self->reading.states[SYSCOUNT_CAT_FILE]);
	EXPECT_STREQ("partial", self->reading.states[SYSCOUNT_CAT_UNKNOWN]);
}

TEST_F(proc, grammar_with_the_direct_hook)
{
	make_rows();
	hook_choose("direct");
	read_all(text, TEXT_MAX / 2);
	GOOD();
	EXPECT_STREQ("direct", self->reading.hook);
	EXPECT_STREQ("on", self->reading.states[SYSCOUNT_CAT_FILE]);
}

TEST_F(proc, grammar_with_some_off)
{
	make_rows();
	category_enable(SYSCOUNT_CAT_FILE, false);
	category_enable(SYSCOUNT_CAT_UNKNOWN, false);
	read_all(text, TEXT_MAX / 2);
	GOOD();
	EXPECT_STREQ("tracepoint", self->reading.hook);
	EXPECT_STREQ("off", self->reading.states[SYSCOUNT_CAT_FILE]);
	EXPECT_STREQ("on", self->reading.states[SYSCOUNT_CAT_INFO]);
	EXPECT_STREQ("off", self->reading.states[SYSCOUNT_CAT_UNKNOWN]);
	EXPECT_LT(0, self->reading.categories[SYSCOUNT_CAT_UNKNOWN]);
}

TEST_F(proc, grammar_with_nothing_to_show)
{
	int i;

	all_enable(false);
	reset_by_ioctl();
	read_all(text, TEXT_MAX / 2);
	GOOD();
	EXPECT_STREQ("none", self->reading.hook);
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		EXPECT_STREQ("off", self->reading.states[i]);
	EXPECT_EQ(0, self->reading.rows);
	EXPECT_EQ(0, self->reading.total);
}

TEST_F(proc, numbers_are_those_of_the_ioctl)
{
	static struct counts counts;
	unsigned int i;

	make_rows();
	all_enable(false);
	read_all(text, TEXT_MAX / 2);
	GOOD();
	counts_read_ioctl(&counts);
	EXPECT_EQ(counts.rows, self->reading.rows);
	EXPECT_EQ(counts.total, self->reading.total);
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		EXPECT_EQ(counts.categories[i].calls, self->reading.categories[i]);
	EXPECT_EQ(counts.since_ns / 1000000, self->reading.since_ms);
}

static uint64_t boottime_ms(void)
{
	return clock_ns(CLOCK_BOOTTIME) / 1000000;
}

TEST_F(proc, times)
{
	uint64_t before, after;

	before = boottime_ms();
	reset_by_ioctl();
	after = boottime_ms();
	read_all(text, TEXT_MAX / 2);
	GOOD();
	EXPECT_LE(before, self->reading.since_ms);
	EXPECT_GE(after, self->reading.since_ms);
	EXPECT_LE(after, self->reading.now_ms);
	EXPECT_GE(boottime_ms(), self->reading.now_ms);
}

/* What follows the first line, which has the time. */
static const char *below(const char *from)
{
	return strchr(from, '\n');
}

TEST_F(proc, short_reads)
{
	static const size_t chunks[] = { 1, 2, 3, 7, 80, 81, 1000, 4095, 4096, 4097, 65536 };
	unsigned int i;

	make_rows();
	all_enable(false);
	read_all(text, TEXT_MAX / 2);
	for (i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		read_all(again, chunks[i]);
		EXPECT_STREQ(below(text), below(again)) {
			TH_LOG("%zu bytes at a time", chunks[i]);
		}
	}
}

/* The text of one reading does not change while it is read bit by bit. */
TEST_F(proc, short_reads_while_calls_are_made)
{
	make_rows();
	read_all(text, 1);
	GOOD();
}

TEST_F(proc, pread)
{
	int fd = open(SYSCOUNT_PROC, O_RDONLY);
	uint32_t random = 12345;
	size_t length;
	unsigned int i;

	ASSERT_LE(0, fd);
	make_rows();
	all_enable(false);
	for (i = 0; i < 300; i++) {
		size_t offset, size, head, expected;
		ssize_t got;

		/* Each is a new reading, whose first line has another time. */
		length = read_all(text, TEXT_MAX / 2);
		head = below(text) - text;
		random = random * 1664525 + 1013904223;
		offset = head + (random >> 8) % (length - head + 100);
		size = 1 + (random >> 4) % 9000;
		got = pread(fd, again, size, offset);
		ASSERT_LE(0, got);
		if (below(text) - text != (ptrdiff_t)head)
			continue;
		expected = offset >= length ? 0 : length - offset < size ? length - offset : size;
		/* A read may be short, but for the last piece it is not nothing. */
		ASSERT_GE(expected, got);
		ASSERT_EQ(!expected, !got) {
			TH_LOG("%zu bytes at %zu of %zu", size, offset, length);
		}
		ASSERT_EQ(0, memcmp(text + offset, again, got)) {
			TH_LOG("%zu bytes at %zu of %zu", size, offset, length);
		}
	}
	EXPECT_EQ(0, pread(fd, again, 100, 1 << 20));
	EXPECT_EQ(-1, pread(fd, again, 100, -1));
	EXPECT_EQ(EINVAL, errno);
	/* It has not moved the file. */
	EXPECT_EQ(0, lseek(fd, 0, SEEK_CUR));
	close(fd);
}

TEST_F(proc, seek)
{
	int fd = open(SYSCOUNT_PROC, O_RDONLY);
	struct reading first;
	size_t length, head;
	int i;

	ASSERT_LE(0, fd);
	length = read_rest(fd, text, TEXT_MAX / 2);
	EXPECT_EQ(length, lseek(fd, 0, SEEK_CUR));
	GOOD();
	first = self->reading;

	/* Back to the start: a new reading, which has what was called since. */
	for (i = 0; i < 1009; i++)
		call_64(SYS_sysfs, 3, 0, 0);
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	read_rest(fd, text, TEXT_MAX / 2);
	GOOD();
	EXPECT_LT(first.now_ms, self->reading.now_ms);
	EXPECT_EQ(first.since_ms, self->reading.since_ms);
	EXPECT_LE(first.total + 1009, self->reading.total);

	/* Into the middle of a line, and on. */
	all_enable(false);
	read_all(again, TEXT_MAX / 2);
	head = below(again) - again + 40;
	ASSERT_EQ(head, lseek(fd, head, SEEK_SET));
	ASSERT_EQ(head + 7, lseek(fd, 7, SEEK_CUR));
	read_rest(fd, text, 11);
	EXPECT_STREQ(again + head + 7, text);
	EXPECT_EQ(-1, lseek(fd, -1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

/* Descriptors of one open file share their place; two open files do not. */
TEST_F(proc, files_are_their_own)
{
	int one = open(SYSCOUNT_PROC, O_RDONLY), two = open(SYSCOUNT_PROC, O_RDONLY);
	size_t length;

	ASSERT_LE(0, one);
	ASSERT_LE(0, two);
	all_enable(false);
	ASSERT_EQ(100, read(one, text, 100));
	length = read_rest(two, again, 1000);
	read_rest(one, text + 100, 1000);
	EXPECT_STREQ(below(again), below(text));
	EXPECT_EQ(length, strlen(again));
	close(one);
	close(two);
}

TEST_F(proc, cannot_be_written)
{
	struct stat st;
	int fd;

	ASSERT_EQ(0, stat(SYSCOUNT_PROC, &st));
	EXPECT_EQ(S_IFREG | 0444, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	fd = open(SYSCOUNT_PROC, O_RDWR);	/* root may, whatever the mode */
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, write(fd, "0", 1));
	EXPECT_EQ(EIO, errno);
	close(fd);
}

static unsigned int *resets;	/* shared by all processes of the test */

/* 0: all readings were good. They go on until there were enough resets meanwhile. */
static int read_many(unsigned int reader)
{
	static const size_t chunks[] = { 4096, 97, 65536, 1000 };
	struct reading reading;
	uint64_t since = 0;
	int i;

	for (i = 0; i < READINGS || __atomic_load_n(resets, __ATOMIC_RELAXED) < RESETS; i++) {
		read_all(text, chunks[(reader + i) % 4]);
		if (!check(text, &reading)) {
			dprintf(STDERR_FILENO, "# reader %u: %s\n", reader, reading.error);
			return 1;
		}
		if (reading.since_ms < since) {
			dprintf(STDERR_FILENO, "# reader %u: since= went back\n", reader);
			return 1;
		}
		since = reading.since_ms;
	}
	return 0;
}

TEST_F(proc, many_readers_while_it_is_reset)
{
	unsigned int i, left = READERS;
	pid_t readers[READERS];
	int status;

	resets = mmap(NULL, sizeof(*resets), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, resets);
	make_rows();
	for (i = 0; i < READERS; i++) {
		readers[i] = fork();
		ASSERT_LE(0, readers[i]);
		if (!readers[i])
			_exit(read_many(i));
	}
	while (left) {
		pid_t gone;

		if (*resets % 2)
			reset_by_ioctl();
		else
			reset_by_sysfs();
		__atomic_store_n(resets, *resets + 1, __ATOMIC_RELAXED);
		while (left && (gone = waitpid(-1, &status, WNOHANG)) > 0) {
			left--;
			EXPECT_EQ(0, status);
		}
		ASSERT_LE(0, gone);
		sched_yield();
	}
	EXPECT_LE(RESETS, *resets);
}

/*
 * The one-liners of selftests/one_liners, by /bin/sh with @awk for awk.
 */
static void run_line(const char *awk, const char *line, char *output, size_t size)
{
	char script[4096];
	size_t length = 0;
	int out[2], status;
	ssize_t got;
	pid_t child;

	snprintf(script, sizeof(script), "awk() { %s \"$@\"; }; %s", awk, line);
	if (pipe(out))
		die("pipe: %m");
	child = fork();
	if (!child) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(127);
	}
	close(out[1]);
	while ((got = read(out[0], output + length, size - 1 - length)) > 0)
		length += got;
	output[length] = '\0';
	close(out[0]);
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		die("'%s' with %s: status %#x", line, awk, status);
}

/* The next one-liner of the file, false at its end. */
static bool next_line(FILE *file, char *line, size_t size)
{
	while (fgets(line, size, file)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line && *line != '#')
			return true;
	}
	return false;
}

static uint64_t line_calls(const char *line)
{
	uint64_t calls;
	const char *last = strrchr(line, ' ');

	if (!last || sscanf(last, "%" SCNu64, &calls) != 1)
		die("no number at the end of '%s'", line);
	return calls;
}

static int compare_lines(const void *a, const void *b)
{
	uint64_t x = line_calls(*(char *const *)a), y = line_calls(*(char *const *)b);

	return x < y ? 1 : x > y ? -1 : 0;
}

/* What the lines of all rows are, each with an end of its own. */
static unsigned int split_rows(char *from, char **rows, unsigned int room)
{
	char *line = strstr(from, ROW_HEAD);
	unsigned int count = 0;

	line = strtok(line, "\n");
	while ((line = strtok(NULL, "\n")) && count < room)
		rows[count++] = line;
	return count;
}

/* Count of the row lines that satisfy a filter of one word, and their sum. */
static uint64_t sum_of(char **rows, unsigned int count, const char *format, const char *word)
{
	uint64_t sum = 0;
	unsigned int i;
	char column[64];

	for (i = 0; i < count; i++)
		if (sscanf(rows[i], format, column) == 1 && !strcmp(column, word))
			sum += line_calls(rows[i]);
	return sum;
}

static double calls_a_second(const struct counts *counts)
{
	return counts->total * 1e9 / (counts->now_ns - counts->since_ns);
}

FIXTURE(one_liners) {
	FILE *file;
	struct counts *counts;
	char *rows[ROWS_MAX];
	unsigned int count;
};

FIXTURE_VARIANT(one_liners) {
	const char *awk;
};

FIXTURE_VARIANT_ADD(one_liners, mawk) { .awk = "mawk" };
FIXTURE_VARIANT_ADD(one_liners, gawk) { .awk = "gawk" };

FIXTURE_SETUP(one_liners)
{
	char path[4096];
	int fd;

	module_fresh("hook=tracepoint");
	load_names();
	fd = open("/dev/null", O_RDONLY);
	close(fd);
	make_rows();
	call(SYSCOUNT_ABI_I386, 295, -1, 0, 0);	/* openat, as is 257 of abi 64 */
	call_i386(120, ~0u, 0, 0);		/* clone, refused */
	category_enable(SYSCOUNT_CAT_DEVICE, false);
	all_enable(false);

	snprintf(path, sizeof(path), "%s/one_liners", program_dir());
	self->file = fopen(path, "r");
	ASSERT_NE(NULL, self->file) {
		TH_LOG("%s: %m", path);
	}
	self->counts = malloc(sizeof(*self->counts));
	counts_read_proc(self->counts);
	read_all(text, TEXT_MAX / 2);
	self->count = split_rows(text, self->rows, ROWS_MAX);
	ASSERT_LT(10, self->count);
}

FIXTURE_TEARDOWN(one_liners)
{
	fclose(self->file);
}

/* As many one-liners as there are, in their order, each with what it must print. */
TEST_F(one_liners, print_what_they_say)
{
	static char line[1024], output[TEXT_MAX], expected[TEXT_MAX], *sorted[ROWS_MAX];
	unsigned int i, abi, lines = 0;
	uint64_t number;
	double most;
	char *at;

	/* the five busiest */
	ASSERT_TRUE(next_line(self->file, line, sizeof(line)));
	run_line(variant->awk, line, output, sizeof(output));
	memcpy(sorted, self->rows, sizeof(sorted));
	qsort(sorted, self->count, sizeof(*sorted), compare_lines);
	for (at = strtok(output, "\n"), i = 0; at; at = strtok(NULL, "\n"), i++)
		EXPECT_EQ(line_calls(sorted[i]), line_calls(at));
	EXPECT_EQ(5, i);

	/* openat of all abis */
	ASSERT_TRUE(next_line(self->file, line, sizeof(line)));
	run_line(variant->awk, line, output, sizeof(output));
	number = sum_of(self->rows, self->count, "%*s %*s %63s", "openat");
	ASSERT_LT(1, number);
	snprintf(expected, sizeof(expected), "%" PRIu64 "\n", number);
	EXPECT_STREQ(expected, output);

	/* a category */
	ASSERT_TRUE(next_line(self->file, line, sizeof(line)));
	run_line(variant->awk, line, output, sizeof(output));
	snprintf(expected, sizeof(expected), "%" PRIu64 "\n",
		 (uint64_t)self->counts->categories[SYSCOUNT_CAT_FILE].calls);
	EXPECT_STREQ(expected, output);

	/* calls a second, less and less while time goes on and nothing is counted */
	ASSERT_TRUE(next_line(self->file, line, sizeof(line)));
	counts_read_proc(self->counts);
	most = calls_a_second(self->counts);
	run_line(variant->awk, line, output, sizeof(output));
	counts_read_proc(self->counts);
	EXPECT_GE(most + 1, strtod(output, NULL));
	EXPECT_LE(calls_a_second(self->counts) - 1, strtod(output, NULL));

	/* shares, in no order */
	ASSERT_TRUE(next_line(self->file, line, sizeof(line)));
	run_line(variant->awk, line, output, sizeof(output));
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++) {
		snprintf(expected, sizeof(expected), "%s %.1f%%\n", category_names[i],
			 100.0 * self->counts->categories[i].calls / self->counts->total);
		EXPECT_NE(NULL, strstr(output, expected)) {
			TH_LOG("no '%s' in '%s'", expected, output);
		}
	}
	for (at = output, lines = 0; *at; at++)
		lines += *at == '\n';
	EXPECT_EQ(SYSCOUNT_CAT_COUNT, lines);

	/* by abi */
	ASSERT_TRUE(next_line(self->file, line, sizeof(line)));
	run_line(variant->awk, line, output, sizeof(output));
	for (abi = 0; abi <= SYSCOUNT_ABI_X32; abi++) {
		number = sum_of(self->rows, self->count, "%63s", abi_names[abi]);
		ASSERT_LT(0, number);
		snprintf(expected, sizeof(expected), "%s %" PRIu64 "\n", abi_names[abi], number);
		EXPECT_NE(NULL, strstr(output, expected)) {
			TH_LOG("no '%s' in '%s'", expected, output);
		}
	}

	/* without a name */
	ASSERT_TRUE(next_line(self->file, line, sizeof(line)));
	run_line(variant->awk, line, output, sizeof(output));
	for (i = 0, at = expected; i < self->count; i++)
		if (strstr(self->rows[i], " ? "))
			at += sprintf(at, "%s\n", self->rows[i]);
	EXPECT_LT(10 * COLUMNS, at - expected);
	EXPECT_STREQ(expected, output);

	/* off: all six and every row */
	ASSERT_TRUE(next_line(self->file, line, sizeof(line)));
	run_line(variant->awk, line, output, sizeof(output));
	for (at = output, lines = 0; *at; at++)
		lines += *at == '\n';
	EXPECT_EQ(SYSCOUNT_CAT_COUNT + self->count, lines);

	/* one call: its rows, in two abis, and no other whose name only has it in it */
	ASSERT_TRUE(next_line(self->file, line, sizeof(line)));
	run_line(variant->awk, line, output, sizeof(output));
	for (i = 0, at = expected; i < self->count; i++)
		if (strstr(self->rows[i], " clone "))
			at += sprintf(at, "%s\n", self->rows[i]);
	EXPECT_NE(0, at - expected);
	EXPECT_STREQ(expected, output);

	/* Each of the file is tested here. */
	EXPECT_FALSE(next_line(self->file, line, sizeof(line))) {
		TH_LOG("not tested: %s", line);
	}
}

TEST_HARNESS_MAIN

#endif
