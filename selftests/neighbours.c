// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Others who want the same functions of the kernel as the hook direct: nobody breaks
 * anybody, whoever comes first, and every call is counted.
 */

#ifndef __x86_64__
#include "x86_only.h"
#else

#include "../kselftest_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscount_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#define A64	SYSCOUNT_ABI_64
#define CALLS	1009

#define TRACEFS	"/sys/kernel/tracing/"
#define PLACE	"__x64_sys_flock"
#define PROBES	"/sys/kernel/debug/kprobes/list"
#define ENABLED	"/proc/sys/kernel/ftrace_enabled"
#define KPROBES_ENABLED	"/sys/kernel/debug/kprobes/enabled"

static char text[1 << 20];

static unsigned int lines_with(const char *path, const char *word)
{
	unsigned int lines = 0;
	char *rest = text, *line;

	file_read(path, text, sizeof(text));
	while ((line = strsep(&rest, "\n")))
		lines += !!strstr(line, word);
	return lines;
}

static void clear(const char *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		die("open %s: %m", path);
	close(fd);
}

/* The module neighbour: 0 or -errno */
static int neighbour_insert(const char *parameters)
{
	char path[4096], ko[4096];
	int fd, err = 0;

	snprintf(ko, sizeof(ko), "%s", getenv("SYSCOUNT_KO") ?: "");
	snprintf(path, sizeof(path), "%s/neighbour.ko", dirname(ko));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("open %s: %m", path);
	if (syscall(SYS_finit_module, fd, parameters, 0))
		err = -errno;
	close(fd);
	return err;
}

static int neighbour_remove(void)
{
	return syscall(SYS_delete_module, "neighbour", O_NONBLOCK) ? -errno : 0;
}

/* CALLS of each, that end with @want, are so many more. */
static void count_exactly(struct __test_metadata *_metadata, long want)
{
	static const struct {
		int nr;
		long error;
		int flags;
	} calls[] = {
		{ SYS_flock, 0, LOCK_UN },	/* @want */
		{ SYS_fchdir, -EBADF, 0 },
		{ SYS_getsid, -ESRCH, 0 },
		{ SYS_umount2, -EFAULT, 0 },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		uint64_t before = counted(A64, calls[i].nr);

		for (j = 0; j < CALLS; j++)
			ASSERT_EQ(i ? calls[i].error : want,
				  call_64(calls[i].nr, -1, calls[i].flags, 0));
		EXPECT_EQ(before + CALLS, counted(A64, calls[i].nr)) {
			TH_LOG("call %d", calls[i].nr);
		}
	}
}

FIXTURE(neighbours) {};

FIXTURE_SETUP(neighbours)
{
	need_hook("direct");
	module_ready("tracepoint");
	hook_choose("direct");
	/* All probes that are there are those of the test and our own. */
	ASSERT_EQ(0, lines_with(PROBES, PLACE));
}

FIXTURE_TEARDOWN(neighbours)
{
	neighbour_remove();
	file_write(TRACEFS "current_tracer", "nop");
	clear(TRACEFS "set_ftrace_filter");
	file_write(TRACEFS "events/kprobes/test/enable", "0");
	clear(TRACEFS "kprobe_events");
	file_write(ENABLED, "1");
	file_write(KPROBES_ENABLED, "1");
}

TEST_F(neighbours, direct_call_that_comes_first)
{
	hook_choose("tracepoint");
	ASSERT_EQ(0, neighbour_insert("function=" PLACE));
	hook_choose("direct");
	EXPECT_TRUE(direct_hooked());
	EXPECT_EQ(1, lines_with(PROBES, PLACE));
	count_exactly(_metadata, -EBADF);
	EXPECT_EQ(1, lines_with(TRACEFS "enabled_functions", "neighbour_called"));

	/* Goes while we are there; and next time it is ours. */
	ASSERT_EQ(0, neighbour_remove());
	count_exactly(_metadata, -EBADF);
	hook_choose("tracepoint");
	EXPECT_EQ(0, lines_with(PROBES, PLACE));
	hook_choose("direct");
	EXPECT_EQ(0, lines_with(PROBES, PLACE));
	count_exactly(_metadata, -EBADF);
}

TEST_F(neighbours, direct_call_that_comes_later)
{
	EXPECT_EQ(-EBUSY, neighbour_insert("function=" PLACE));
	count_exactly(_metadata, -EBADF);
	/* The way out */
	hook_choose("tracepoint");
	EXPECT_EQ(0, neighbour_insert("function=" PLACE));
	count_exactly(_metadata, -EBADF);
}

TEST_F(neighbours, direct_calls_of_several_functions)
{
	unsigned int several;

	hook_choose("tracepoint");
	ASSERT_EQ(0, neighbour_insert("function=__x64_sys_f*k"));
	several = lines_with(TRACEFS "enabled_functions", "neighbour_called");
	ASSERT_LE(2, several);	/* flock, futimesat does not match, fork has another name */
	hook_choose("direct");
	EXPECT_TRUE(direct_hooked());
	EXPECT_EQ(1, lines_with(PROBES, PLACE));
	count_exactly(_metadata, -EBADF);
}

/* Then it is not worth it, and what counted counts on. */
TEST_F(neighbours, direct_calls_everywhere)
{
	hook_choose("tracepoint");
	ASSERT_EQ(0, neighbour_insert("function=__x64_sys_*"));
	EXPECT_EQ(-EBUSY, file_write(SYSCOUNT_SYSFS "hook", "direct"));
	EXPECT_FALSE(direct_hooked());
	EXPECT_TRUE(tracepoint_hooked());
	EXPECT_EQ(0, lines_with(PROBES, "sys_"));
	count_exactly(_metadata, -EBADF);
	EXPECT_EQ(0, file_write(SYSCOUNT_SYSFS "hook", "auto"));
	EXPECT_TRUE(tracepoint_hooked());
	count_exactly(_metadata, -EBADF);

	/* From everything off, too. */
	all_enable(false);
	EXPECT_FALSE(tracepoint_hooked());
	all_enable(true);
	EXPECT_TRUE(tracepoint_hooked());
	count_exactly(_metadata, -EBADF);
}

TEST_F(neighbours, patch_that_comes_first)
{
	hook_choose("tracepoint");
	ASSERT_EQ(0, neighbour_insert("patch=1 function=" PLACE));
	count_exactly(_metadata, -EXFULL);
	hook_choose("direct");
	EXPECT_TRUE(direct_hooked());
	EXPECT_EQ(0, lines_with(PROBES, PLACE));
	count_exactly(_metadata, -EXFULL);
	ASSERT_EQ(0, neighbour_remove());
	count_exactly(_metadata, -EBADF);
}

TEST_F(neighbours, patch_that_comes_later)
{
	ASSERT_EQ(0, neighbour_insert("patch=1 function=" PLACE));
	count_exactly(_metadata, -EXFULL);
	hook_choose("tracepoint");
	count_exactly(_metadata, -EXFULL);
	hook_choose("direct");
	count_exactly(_metadata, -EXFULL);
	ASSERT_EQ(0, neighbour_remove());
	count_exactly(_metadata, -EBADF);
}

static void expect_traced(struct __test_metadata *_metadata)
{
	clear(TRACEFS "trace");
	count_exactly(_metadata, -EBADF);
	EXPECT_EQ(CALLS, lines_with(TRACEFS "trace", "sys_flock"));
}

static void trace_before_and_after(struct __test_metadata *_metadata, const char *tracer)
{
	ASSERT_EQ(0, file_write(TRACEFS "set_ftrace_filter", PLACE));
	ASSERT_EQ(0, file_write(TRACEFS "current_tracer", tracer));
	expect_traced(_metadata);
	hook_choose("tracepoint");
	hook_choose("direct");
	expect_traced(_metadata);
	ASSERT_EQ(0, file_write(TRACEFS "current_tracer", "nop"));
	count_exactly(_metadata, -EBADF);
}

TEST_F(neighbours, function_tracer)
{
	trace_before_and_after(_metadata, "function");
}

TEST_F(neighbours, function_graph_tracer)
{
	trace_before_and_after(_metadata, "function_graph");
}

/* Hits of the event "test", by what the kernel says */
static unsigned long hits(void)
{
	char name[64];
	unsigned long number = 0;

	file_read(TRACEFS "kprobe_profile", text, sizeof(text));
	if (sscanf(text, "%63s %lu", name, &number) != 2 || strcmp(name, "test"))
		die("kprobe_profile: %s", text);
	return number;
}

TEST_F(neighbours, kprobes)
{
	unsigned long before;
	int i;

	ASSERT_EQ(0, file_write(TRACEFS "kprobe_events", "p:kprobes/test " PLACE "\n"));
	ASSERT_EQ(0, file_write(TRACEFS "events/kprobes/test/enable", "1"));
	for (i = 0; i < 2; i++) {
		before = hits();
		count_exactly(_metadata, -EBADF);
		EXPECT_EQ(before + CALLS, hits());
		/* Once more, with us coming later. */
		hook_choose("tracepoint");
		hook_choose("direct");
	}
	ASSERT_EQ(0, file_write(TRACEFS "events/kprobes/test/enable", "0"));
	count_exactly(_metadata, -EBADF);
}

static int perf_open(void)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = file_read_u64("/sys/bus/event_source/devices/kprobe/type"),
		.kprobe_func = (uintptr_t)PLACE,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		die("perf_event_open: %m");
	return fd;
}

TEST_F(neighbours, perf)
{
	uint64_t number;
	int i, fd;

	for (i = 0; i < 2; i++) {
		if (i)
			hook_choose("tracepoint");
		fd = perf_open();
		if (i)
			hook_choose("direct");
		count_exactly(_metadata, -EBADF);
		ASSERT_EQ(sizeof(number), read(fd, &number, sizeof(number)));
		EXPECT_EQ(CALLS, number);
		close(fd);
	}
}

TEST_F(neighbours, ftrace_cannot_be_switched_off_behind_our_back)
{
	EXPECT_EQ(-EBUSY, file_write(ENABLED, "0"));
	count_exactly(_metadata, -EBADF);
}

/* ftrace says yes to a direct call, and does nothing. */
TEST_F(neighbours, ftrace_that_is_off)
{
	hook_choose("tracepoint");
	ASSERT_EQ(0, file_write(ENABLED, "0"));
	EXPECT_EQ(-EBUSY, file_write(SYSCOUNT_SYSFS "hook", "direct"));
	EXPECT_TRUE(tracepoint_hooked());
	count_exactly(_metadata, -EBADF);
	EXPECT_EQ(0, file_write(SYSCOUNT_SYSFS "hook", "auto"));
	EXPECT_TRUE(tracepoint_hooked());
	count_exactly(_metadata, -EBADF);
	ASSERT_EQ(0, file_write(ENABLED, "1"));
	hook_choose("direct");
	EXPECT_TRUE(direct_hooked());
	count_exactly(_metadata, -EBADF);
}

/* And so it is with a kprobe. */
TEST_F(neighbours, kprobes_that_are_off)
{
	hook_choose("tracepoint");
	ASSERT_EQ(0, file_write(KPROBES_ENABLED, "0"));
	EXPECT_EQ(-EBUSY, file_write(SYSCOUNT_SYSFS "hook", "kprobe"));
	EXPECT_TRUE(tracepoint_hooked());
	count_exactly(_metadata, -EBADF);
	ASSERT_EQ(0, file_write(KPROBES_ENABLED, "1"));
	EXPECT_FALSE(kprobe_hooked());
	hook_choose("kprobe");
	EXPECT_TRUE(kprobe_hooked());
	count_exactly(_metadata, -EBADF);
}

/*
 * Stacks of an interrupted trampoline, from the samples of perf's clock
 */
#define RING_PAGES	64		/* besides the first */
#define SYMBOLS_MAX	400000

static struct symbol {
	uint64_t address;
	char name[32];
} symbols[SYMBOLS_MAX];

static unsigned int symbol_count;

static int compare_symbols(const void *a, const void *b)
{
	uint64_t x = ((const struct symbol *)a)->address, y = ((const struct symbol *)b)->address;

	return x < y ? -1 : x > y;
}

static void load_symbols(void)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], type;

	if (!file)
		die("/proc/kallsyms: %m");
	while (fgets(line, sizeof(line), file) && symbol_count < SYMBOLS_MAX)
		if (sscanf(line, "%lx %c %31s", &symbols[symbol_count].address, &type,
			   symbols[symbol_count].name) == 3 && (type == 't' || type == 'T'))
			symbol_count++;
	fclose(file);
	qsort(symbols, symbol_count, sizeof(symbols[0]), compare_symbols);
}

/* Is @address in the function @name? One with several names has one of them. */
static bool is_in(uint64_t address, const char *name)
{
	unsigned int low = 0, high = symbol_count, i;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (i = low; i > 0 && symbols[i - 1].address == symbols[low - 1].address; i--)
		if (!strncmp(symbols[i - 1].name, name, strlen(name)))
			return true;
	return false;
}

/* The kernel's part of a sample: does it say who called the trampoline, up to the entry? */
static bool chain_is_good(const uint64_t *ips, uint64_t count, const char *function,
			  const char *entry)
{
	uint64_t i;

	if (count < 4 || !is_in(ips[2], function))
		return false;
	for (i = 3; i < count; i++)
		if (is_in(ips[i], entry))
			return true;
	return false;
}

/* Goes on until one was seen that was interrupted in @trampoline, and looks at all of them. */
static void expect_stack(struct __test_metadata *_metadata, const char *trampoline, int abi, int nr,
			 const char *function, const char *entry)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr), .type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK, .sample_period = 20000,
		.sample_type = PERF_SAMPLE_CALLCHAIN, .exclude_callchain_user = 1,
	};
	size_t size = RING_PAGES * 4096;
	struct perf_event_mmap_page *page;
	unsigned int seen = 0, i;
	char *ring;
	int fd;

	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	ASSERT_LE(0, fd);
	page = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, page);
	ring = (char *)page + page->data_offset;
	while (!seen) {
		uint64_t head, tail;

		for (i = 0; i < 2000; i++)
			call(abi, nr, -1, 0, 0);
		head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
		for (tail = page->data_tail; tail < head;) {
			static uint64_t record[8192];
			struct perf_event_header header;

			/* Records go on at the start of the ring. */
			for (i = 0; i < sizeof(header); i++)
				((char *)&header)[i] = ring[(tail + i) % size];
			for (i = 0; i < header.size; i++)
				((char *)record)[i] = ring[(tail + i) % size];
			tail += header.size;
			/* The header, the number of addresses, then "kernel:" and these. */
			if (header.type != PERF_RECORD_SAMPLE || record[1] < 2 ||
			    !is_in(record[3], trampoline))
				continue;
			seen++;
			EXPECT_TRUE(chain_is_good(&record[2], record[1], function, entry)) {
				TH_LOG("%s: %lu addresses: %lx %lx %lx %lx", trampoline, record[1],
				       record[3], record[4], record[5], record[6]);
			}
		}
		__atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
	}
	munmap(page, size + 4096);
	close(fd);
}

TEST_F(neighbours, stack_through_a_trampoline)
{
	load_symbols();
	expect_stack(_metadata, "syscount_trampoline_64", A64, SYS_flock, "__x64_sys_flock",
		     "do_syscall_64");
	expect_stack(_metadata, "syscount_trampoline_any", A64, SYS_getppid, "__x64_sys_getppid",
		     "do_syscall_64");
	expect_stack(_metadata, "syscount_trampoline_i386", SYSCOUNT_ABI_I386, 143,
		     "__ia32_sys_flock", "do_int80_");
}

TEST_HARNESS_MAIN

#endif
