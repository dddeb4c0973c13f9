// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SYSCOUNT_IOC_COST counts nothing that is no call, and SYSCOUNT_IOC_BYPASS leaves
 * out the calls of one thread for a moment and nobody else's. What they measure is in
 * cost.c, where instructions are counted.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"

#include "syscount_test.h"

#define A64		SYSCOUNT_ABI_64
#define CALLS		1009
/* A call that fails at once, and that nobody else makes here. */
#define QUIET		SYS_sched_setparam
#define TRACEFS		"/sys/kernel/tracing/"
#define WINDOW_NS	(SYSCOUNT_BYPASS_MS * 1000000ULL)

static void make_calls(unsigned int calls)
{
	while (calls--)
		call_64(QUIET, -1, -1, 0);
}

static int cost(struct syscount_cost *args)
{
	*args = (struct syscount_cost) { .size = sizeof(*args) };
	return device_ioctl(SYSCOUNT_IOC_COST, args);
}

static int bypass_with(uint32_t flags)
{
	struct syscount_bypass args = { .size = sizeof(args), .flags = flags };

	return device_ioctl(SYSCOUNT_IOC_BYPASS, &args);
}

static int bypass(void)
{
	return bypass_with(0);
}

/* Made by the calling thread, and how many of them are counted. */
static uint64_t counted_of(unsigned int calls)
{
	uint64_t before = counted(A64, QUIET);

	make_calls(calls);
	return counted(A64, QUIET) - before;
}

static void wait_until_counted(void)
{
	while (!counted_of(1))
		;
}

FIXTURE(rehearsed)
{
};

FIXTURE_VARIANT(rehearsed)
{
	const char *hook;
	enum syscount_hook_id id;
};

FIXTURE_VARIANT_ADD(rehearsed, direct)
{
	.hook = "direct",
	.id = SYSCOUNT_HOOK_DIRECT,
};

FIXTURE_VARIANT_ADD(rehearsed, kprobe)
{
	.hook = "kprobe",
	.id = SYSCOUNT_HOOK_KPROBE,
};

FIXTURE_SETUP(rehearsed)
{
	module_ready(variant->hook);
}

FIXTURE_TEARDOWN(rehearsed)
{
	all_enable(true);
}

static struct counts reading[4];

/* Calls of row @i of the last reading between two of them. */
static uint64_t between(unsigned int from, unsigned int i)
{
	const struct syscount_row *row = &reading[3].row[i];

	return counts_of(&reading[from + 1], row->abi, row->nr) -
	       counts_of(&reading[from], row->abi, row->nr);
}

TEST_F(rehearsed, counts_nothing)
{
	struct syscount_cost args;
	unsigned int i;

	wait_until_alone();
	counts_read_ioctl(&reading[0]);
	counts_read_ioctl(&reading[1]);
	ASSERT_EQ(0, cost(&args));
	counts_read_ioctl(&reading[2]);
	counts_read_ioctl(&reading[3]);

	EXPECT_EQ(variant->id, args.hook);
	EXPECT_LT(0, args.calls);
	EXPECT_LT(0, args.hooked_ns);
	EXPECT_LT(0, args.bare_ns);
	/* It is an open(), an ioctl() and a close(), as a reading is. */
	EXPECT_EQ(reading[1].total - reading[0].total, reading[3].total - reading[2].total);
	EXPECT_EQ(2 * (reading[1].total - reading[0].total), reading[2].total - reading[1].total);
	for (i = 0; i < reading[3].rows; i++)
		EXPECT_EQ(2 * between(0, i), between(1, i)) {
			TH_LOG("abi %u, number %d", reading[3].row[i].abi, reading[3].row[i].nr);
		}
}

TEST_F(rehearsed, costs_nothing_while_all_is_off)
{
	struct syscount_cost args;

	all_enable(false);
	ASSERT_EQ(0, cost(&args));
	EXPECT_EQ(SYSCOUNT_HOOK_NONE, args.hook);
	EXPECT_EQ(0, args.calls);
	EXPECT_EQ(0, args.hooked_ns);
	EXPECT_EQ(0, args.bare_ns);
	EXPECT_EQ(-EOPNOTSUPP, bypass());
}

TEST_F(rehearsed, has_no_bypass)
{
	EXPECT_EQ(-EOPNOTSUPP, bypass());
	EXPECT_EQ(-EOPNOTSUPP, bypass_with(SYSCOUNT_BYPASS_END));
	EXPECT_EQ(CALLS, counted_of(CALLS));
}

static void hammer(struct crew_member *me)
{
	while (!crew_told_to_stop(me))
		crew_call(me, A64, QUIET, -1, -1, 0);
}

/* All that others call while @measure is done again and again is counted. */
static void expect_no_loss(struct __test_metadata *_metadata, int (*measure)(void),
			   unsigned int times)
{
	struct crew *crew = crew_start(2, 2, hammer);
	uint64_t before = counted(A64, QUIET);

	crew_go(crew);
	while (!crew_begun(crew))
		;
	while (times--)
		ASSERT_EQ(0, measure());
	crew_stop(crew);
	crew_wait(crew);
	EXPECT_LT(0, crew_begun(crew));
	EXPECT_EQ(crew_begun(crew), counted(A64, QUIET) - before);
	crew_end(crew);
}

static int cost_of_something(void)
{
	struct syscount_cost args;

	return cost(&args);
}

TEST_F(rehearsed, loses_no_call_of_others)
{
	expect_no_loss(_metadata, cost_of_something, 20);
}

FIXTURE(tracepoint)
{
};

FIXTURE_SETUP(tracepoint)
{
	module_ready("tracepoint");
}

FIXTURE_TEARDOWN(tracepoint)
{
}

TEST_F(tracepoint, is_not_rehearsed)
{
	struct syscount_cost args;

	ASSERT_EQ(0, cost(&args));
	EXPECT_EQ(SYSCOUNT_HOOK_TRACEPOINT, args.hook);
	EXPECT_EQ(0, args.calls);
	EXPECT_EQ(0, args.hooked_ns);
	EXPECT_EQ(0, args.bare_ns);
}

/* Of calls made in a bypass; if they took longer than it lasts, once more. */
static uint64_t counted_in_bypass(unsigned int calls)
{
	uint64_t begin, counts;

	do {
		begin = clock_ns(CLOCK_MONOTONIC);
		if (bypass())
			die("SYSCOUNT_IOC_BYPASS failed");
		counts = counted_of(calls);
	} while (clock_ns(CLOCK_MONOTONIC) - begin >= WINDOW_NS);
	return counts;
}

TEST_F(tracepoint, bypass_is_not_counted_and_ends)
{
	EXPECT_EQ(0, counted_in_bypass(100));
	wait_until_counted();
	EXPECT_EQ(CALLS, counted_of(CALLS));
}

TEST_F(tracepoint, bypass_can_be_ended)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, bypass());
		ASSERT_EQ(0, bypass_with(SYSCOUNT_BYPASS_END));
		EXPECT_EQ(CALLS, counted_of(CALLS));
	}
	/* One that is none. */
	EXPECT_EQ(0, bypass_with(SYSCOUNT_BYPASS_END));
	EXPECT_EQ(CALLS, counted_of(CALLS));
}

TEST_F(tracepoint, bypass_can_be_had_again)
{
	unsigned int i;

	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, counted_in_bypass(10));
	wait_until_counted();
	EXPECT_EQ(CALLS, counted_of(CALLS));
}

TEST_F(tracepoint, bypass_loses_no_call_of_others)
{
	expect_no_loss(_metadata, bypass, 10);
}

/*
 * As long as there is another user of the tracepoints, the kernel leaves the tasks'
 * flags alone when the hook comes and goes: what is left behind stays.
 */
FIXTURE(shared)
{
};

FIXTURE_SETUP(shared)
{
	module_ready("tracepoint");
	ASSERT_EQ(0, file_write(TRACEFS "events/raw_syscalls/sys_exit/enable", "1"));
}

FIXTURE_TEARDOWN(shared)
{
	ASSERT_EQ(0, file_write(TRACEFS "events/raw_syscalls/sys_exit/enable", "0"));
	all_enable(true);
}

TEST_F(shared, bypass_ends_with_another_hook)
{
	/* Not need_hook(): what was set up is to be taken down. */
	if (!kernel_has_hook("direct"))
		SKIP(return, "this kernel has no other hook");
	ASSERT_EQ(0, bypass());
	hook_choose("direct");
	EXPECT_EQ(CALLS, counted_of(CALLS));
	ASSERT_EQ(-EOPNOTSUPP, bypass());
	hook_choose("tracepoint");
	EXPECT_EQ(CALLS, counted_of(CALLS));
}

TEST_F(shared, bypass_ends_when_all_is_off)
{
	struct syscount_switch_item items[SYSCOUNT_CAT_COUNT] = { 0 };
	struct syscount_switch args = {
		.size = sizeof(args), .count = SYSCOUNT_CAT_COUNT, .items = (uintptr_t)items,
	};
	unsigned int i;

	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		items[i].category = i;
	/* By one call each, so that it is not the end of its time. */
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, bypass());
		ASSERT_EQ(0, device_ioctl(SYSCOUNT_IOC_SWITCH, &args));
		all_enable(true);
		EXPECT_EQ(CALLS, counted_of(CALLS));
	}
}

TEST_F(shared, bypass_ends_with_the_module)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, bypass());
		ASSERT_EQ(0, module_remove());
		ASSERT_EQ(0, module_insert("hook=tracepoint"));
		EXPECT_EQ(CALLS, counted_of(CALLS));
	}
}

static void fork_some(unsigned int generations)
{
	pid_t child = generations ? fork() : 0;
	int status;

	if (!child && generations) {
		fork_some(generations - 1);
		_exit(0);
	}
	if (generations && (child < 0 || waitpid(child, &status, 0) != child || status))
		die("a child ended with status %#x", status);
	/* One after the other, the youngest first. */
	wait_until_counted();
	if (counted_of(CALLS) != CALLS)
		die("calls of generation %u are not counted", generations);
}

/* Processes that are made in it, and those that they make, are counted in the end. */
TEST_F(tracepoint, bypass_is_not_for_ever)
{
	ASSERT_EQ(0, bypass());
	fork_some(5);
}

static void *take_bypass(void *err)
{
	*(int *)err = bypass();
	return NULL;
}

TEST_F(tracepoint, bypass_is_one_threads)
{
	pthread_t thread;
	int err = -1;

	ASSERT_EQ(0, bypass());
	ASSERT_EQ(0, pthread_create(&thread, NULL, take_bypass, &err));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, err);
	/* That one has it, though it is gone. */
	EXPECT_EQ(CALLS, counted_of(CALLS));
}

/* From one to the next, and how often the hook had been changed at the first. */
static const enum syscount_hook_id turns[] = {
	SYSCOUNT_HOOK_TRACEPOINT, SYSCOUNT_HOOK_DIRECT, SYSCOUNT_HOOK_TRACEPOINT,
	SYSCOUNT_HOOK_KPROBE, SYSCOUNT_HOOK_DIRECT, SYSCOUNT_HOOK_KPROBE,
};
static uint64_t changes_before;

/* Counts as ended the answers that are not of the hook that their number says. */
static void measure_cost(struct crew_member *me)
{
	struct syscount_cost args;

	while (!crew_told_to_stop(me)) {
		int err = cost(&args);
		uint64_t changes = args.changes - changes_before;

		if (err && err != -EAGAIN)
			die("SYSCOUNT_IOC_COST: %s", strerror(-err));
		me->begun++;
		if (err)
			continue;
		if (changes % 2 || changes / 2 >= ARRAY_SIZE(turns) ||
		    turns[changes / 2] != args.hook ||
		    !args.calls != (args.hook == SYSCOUNT_HOOK_TRACEPOINT))
			me->ended++;
	}
}

/* An answer is of one hook, from its beginning to its end: a change counts two. */
TEST(no_answer_while_the_hook_is_changed)
{
	struct syscount_cost args;
	struct crew *crew;
	unsigned int i;

	need_hook("direct");
	module_ready("tracepoint");
	ASSERT_EQ(0, cost(&args));
	changes_before = args.changes;
	crew = crew_start(1, 1, measure_cost);
	crew_go(crew);
	for (i = 1; i < ARRAY_SIZE(turns); i++) {
		uint64_t before = crew_begun(crew);

		hook_choose(hook_names[turns[i]]);
		while (crew_begun(crew) < before + 2)
			;
	}
	crew_stop(crew);
	crew_wait(crew);
	EXPECT_EQ(0, crew_ended(crew));
	crew_end(crew);
	ASSERT_EQ(0, cost(&args));
	EXPECT_EQ(changes_before + 2 * (ARRAY_SIZE(turns) - 1), args.changes);
}

TEST_HARNESS_MAIN
