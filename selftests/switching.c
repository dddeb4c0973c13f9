// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is off is not counted, and goes on from where it stood. With everything
 * off nothing is hooked; the kernel itself is asked whether that is so.
 */

#include "../kselftest_harness.h"

#include <limits.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "syscount_test.h"

#define A64	SYSCOUNT_ABI_64
#define CALLS	1009

/* Two of each category, and of none. They fail at once, and nobody else here makes them. */
static const struct {
	int nr;
	int other_nr;
} calls[SYSCOUNT_CAT_COUNT] = {
	[SYSCOUNT_CAT_PROCESS] = { SYS_sched_setparam, SYS_setpgid },
	[SYSCOUNT_CAT_FILE] = { SYS_flock, SYS_dup3 },
	[SYSCOUNT_CAT_DEVICE] = { SYS_swapoff, SYS_pivot_root },
	[SYSCOUNT_CAT_INFO] = { SYS_getpgid, SYS_getsid },
	[SYSCOUNT_CAT_COMMUNICATION] = { SYS_listen, SYS_shutdown },
	[SYSCOUNT_CAT_UNKNOWN] = { 400, 340 },
};

static void make_calls(int nr)
{
	unsigned int i;

	for (i = 0; i < CALLS; i++)
		call_64(nr, -1, -1, 0);
}

static struct counts before, after;

FIXTURE(switching)
{
	bool sees_all;
};

FIXTURE_VARIANT(switching)
{
	const char *hook;
	const char *other_hook;
	bool (*hooked)(void);
	bool (*other_hooked)(void);
	bool sees_all;
};

/* Each hook, and another one, so that all pairs are there. */
FIXTURE_VARIANT_ADD(switching, direct)
{
	.hook = "direct",
	.other_hook = "kprobe",
	.hooked = direct_hooked,
	.other_hooked = kprobe_hooked,
};

FIXTURE_VARIANT_ADD(switching, tracepoint)
{
	.hook = "tracepoint",
	.other_hook = "direct",
	.hooked = tracepoint_hooked,
	.other_hooked = direct_hooked,
	.sees_all = true,
};

FIXTURE_VARIANT_ADD(switching, kprobe)
{
	.hook = "kprobe",
	.other_hook = "tracepoint",
	.hooked = kprobe_hooked,
	.other_hooked = tracepoint_hooked,
#ifndef __x86_64__
	.sees_all = true,
#endif
};

FIXTURE_SETUP(switching)
{
	module_ready(variant->hook);
	wait_until_alone();
	counts_read_proc(&before);
	/* The tracepoint does, the kprobe on arm64 only; direct: abi_compat. */
	self->sees_all = before.categories[SYSCOUNT_CAT_UNKNOWN].state == SYSCOUNT_ON;
	if (variant->hooked != direct_hooked)
		ASSERT_EQ(variant->sees_all, self->sees_all);
}

FIXTURE_TEARDOWN(switching)
{
	module_ready(variant->hook);
}

static uint64_t more(int nr)
{
	return counts_of(&after, A64, nr) - counts_of(&before, A64, nr);
}

static void by_sysfs(int category, bool on)
{
	category_enable(category, on);
}

static void by_ioctl(int category, bool on)
{
	int err = switch_category(category, on);

	if (err)
		die("SYSCOUNT_IOC_SWITCH: %s", strerror(-err));
}

static void expect_category(struct __test_metadata *_metadata,
			    bool sees_all, int off)
{
	int category;

	for (category = 0; category < SYSCOUNT_CAT_COUNT; category++) {
		const struct syscount_row *row = counts_row(&after, A64, calls[category].nr);
		enum syscount_state on = category == SYSCOUNT_CAT_UNKNOWN && !sees_all ?
					 SYSCOUNT_PARTIAL : SYSCOUNT_ON;

		ASSERT_NE(NULL, row);
		EXPECT_EQ(category == off ? CALLS : 2 * CALLS, more(calls[category].nr))
			TH_LOG("%s with %s off", category_names[category], category_names[off]);
		EXPECT_EQ(category == off ? SYSCOUNT_OFF : on,
			  after.categories[category].state);
		EXPECT_EQ(category == off ? SYSCOUNT_OFF : SYSCOUNT_ON, row->state);
		EXPECT_EQ(category != off, category_enabled(category));
	}
}

/* Only the category that is off stands still; the others go on. */
static void switch_each(struct __test_metadata *_metadata,
			bool sees_all, void (*by)(int category, bool on))
{
	int off, category;

	for (off = 0; off < SYSCOUNT_CAT_COUNT; off++) {
		counts_read_proc(&before);
		for (category = 0; category < SYSCOUNT_CAT_COUNT; category++)
			make_calls(calls[category].nr);
		by(off, false);
		for (category = 0; category < SYSCOUNT_CAT_COUNT; category++)
			make_calls(calls[category].nr);
		counts_read_proc(&after);
		expect_category(_metadata, sees_all, off);

		by(off, true);
		make_calls(calls[off].nr);
		counts_read_proc(&after);
		EXPECT_EQ(2 * CALLS, more(calls[off].nr));
		EXPECT_NE(SYSCOUNT_OFF, after.categories[off].state);
	}
}

TEST_F_TIMEOUT(switching, category_by_sysfs, 60)
{
	switch_each(_metadata, self->sees_all, by_sysfs);
}

TEST_F_TIMEOUT(switching, category_by_ioctl, 60)
{
	switch_each(_metadata, self->sees_all, by_ioctl);
}

/* A number first seen while unknown is off takes no row, then or later. */
TEST_F(switching, unknown_out_of_range)
{
	category_enable(SYSCOUNT_CAT_UNKNOWN, false);
	make_calls(7777);
	counts_read_proc(&after);
	EXPECT_EQ(NULL, counts_row(&after, A64, 7777));
	EXPECT_EQ(before.categories[SYSCOUNT_CAT_UNKNOWN].calls,
		  after.categories[SYSCOUNT_CAT_UNKNOWN].calls);
	category_enable(SYSCOUNT_CAT_UNKNOWN, true);
	counts_read_proc(&after);
	EXPECT_EQ(NULL, counts_row(&after, A64, 7777));
	make_calls(8888);
	counts_read_proc(&after);
	EXPECT_EQ(self->sees_all ? CALLS : 0, more(8888));
}

static void expect_row(struct __test_metadata *_metadata, int nr,
		       uint64_t calls, enum syscount_state state, bool switched)
{
	const struct syscount_row *row;

	counts_read_proc(&after);
	row = counts_row(&after, A64, nr);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(calls, more(nr))
		TH_LOG("call %d", nr);
	EXPECT_EQ(state, row->state)
		TH_LOG("call %d", nr);
	counts_read_ioctl(&after);
	row = counts_row(&after, A64, nr);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(state, row->state);
	EXPECT_EQ(switched, !!(row->flags & SYSCOUNT_ROW_SWITCHED));
}

static void run_program_32(void)
{
	char path[PATH_MAX];
	pid_t pid;
	int status;

	snprintf(path, sizeof(path), "%s/" PROGRAM_32, program_dir());
	pid = fork();
	if (!pid) {
		execl(path, path, NULL);
		_exit(1);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != CALLS_32)
		die("%s: status %#x", path, status);
}

/* A call counts if it and its category are on; neither switch moves the other. */
TEST_F(switching, single_call_under_its_category)
{
	int nr = SYS_flock, other = SYS_dup3;

	make_calls(nr);
	make_calls(other);
	EXPECT_EQ(0, switch_syscall(A64, nr, false));
	make_calls(nr);
	make_calls(other);
	run_program_32();				/* flock of the other abi */
	counts_read_proc(&after);
	EXPECT_EQ(CALLS_32, counts_of(&after, ABI_32, FLOCK_32) -
			    counts_of(&before, ABI_32, FLOCK_32));
	expect_row(_metadata, nr, CALLS, SYSCOUNT_OFF, true);
	expect_row(_metadata, other, 2 * CALLS, SYSCOUNT_ON, false);
	EXPECT_TRUE(category_enabled(SYSCOUNT_CAT_FILE));

	category_enable(SYSCOUNT_CAT_FILE, false);
	expect_row(_metadata, other, 2 * CALLS, SYSCOUNT_OFF, false);
	category_enable(SYSCOUNT_CAT_FILE, true);
	make_calls(nr);
	make_calls(other);
	expect_row(_metadata, nr, CALLS, SYSCOUNT_OFF, true);
	expect_row(_metadata, other, 3 * CALLS, SYSCOUNT_ON, false);

	category_enable(SYSCOUNT_CAT_FILE, false);
	EXPECT_EQ(0, switch_syscall(A64, nr, true));
	EXPECT_FALSE(category_enabled(SYSCOUNT_CAT_FILE));
	make_calls(nr);
	expect_row(_metadata, nr, CALLS, SYSCOUNT_OFF, false);
	category_enable(SYSCOUNT_CAT_FILE, true);
	make_calls(nr);
	expect_row(_metadata, nr, 2 * CALLS, SYSCOUNT_ON, false);
}

/* The whole list or nothing of it. */
TEST_F(switching, all_items_or_none)
{
	struct syscount_switch_item items[] = {
		{ .what = SYSCOUNT_SWITCH_CATEGORY, .category = SYSCOUNT_CAT_INFO },
		{ .what = SYSCOUNT_SWITCH_SYSCALL, .abi = A64, .nr = SYS_flock },
		{ .what = SYSCOUNT_SWITCH_SYSCALL, .abi = A64, .nr = 400 },
	};
	struct syscount_switch args = {
		.size = sizeof(args), .count = ARRAY_SIZE(items), .items = (uintptr_t)items,
	};

	EXPECT_EQ(-ENOENT, device_ioctl(SYSCOUNT_IOC_SWITCH, &args));
	EXPECT_TRUE(category_enabled(SYSCOUNT_CAT_INFO));
	make_calls(SYS_flock);
	expect_row(_metadata, SYS_flock, CALLS, SYSCOUNT_ON, false);

	args.count--;
	EXPECT_EQ(0, device_ioctl(SYSCOUNT_IOC_SWITCH, &args));
	EXPECT_FALSE(category_enabled(SYSCOUNT_CAT_INFO));
	make_calls(SYS_flock);
	expect_row(_metadata, SYS_flock, CALLS, SYSCOUNT_OFF, true);
}

/* "Within 2 seconds": there is no event to wait for, so ask until it is so. */
static void wait_until(bool (*hooked)(void), bool want)
{
	while (hooked() != want)
		;
}

/* Everything off: by sysfs, and by one ioctl. */
static void expect_nothing_hooked(struct __test_metadata *_metadata, const char *hook,
				  bool (*hooked)(void))
{
	int category;

	wait_until(hooked, false);
	counts_read_proc(&before);
	EXPECT_EQ(SYSCOUNT_HOOK_NONE, before.hook);
	for (category = 0; category < SYSCOUNT_CAT_COUNT; category++)
		make_calls(calls[category].nr);
	counts_read_proc(&after);
	EXPECT_EQ(before.total, after.total);

	all_enable(true);
	EXPECT_TRUE(hooked());
	counts_read_proc(&before);
	EXPECT_STREQ(hook, hook_names[before.hook]);
	for (category = 0; category < SYSCOUNT_CAT_COUNT; category++)
		make_calls(calls[category].nr);
	counts_read_proc(&after);
	for (category = 0; category < SYSCOUNT_CAT_COUNT; category++)
		EXPECT_EQ(CALLS, more(calls[category].nr));
}

TEST_F_TIMEOUT(switching, nothing_hooked, 60)
{
	struct syscount_switch_item items[SYSCOUNT_CAT_COUNT] = {};
	struct syscount_switch args = {
		.size = sizeof(args), .count = ARRAY_SIZE(items), .items = (uintptr_t)items,
	};
	unsigned int i;

	EXPECT_TRUE(variant->hooked());
	EXPECT_FALSE(variant->other_hooked());
	all_enable(false);
	expect_nothing_hooked(_metadata, variant->hook, variant->hooked);

	for (i = 0; i < ARRAY_SIZE(items); i++)
		items[i].category = i;
	EXPECT_EQ(0, device_ioctl(SYSCOUNT_IOC_SWITCH, &args));
	expect_nothing_hooked(_metadata, variant->hook, variant->hooked);
}

/* One that is left on keeps the hook, whichever it is. */
TEST_F_TIMEOUT(switching, last_one_on, 60)
{
	int last, category;

	for (last = 0; last < SYSCOUNT_CAT_COUNT; last++) {
		all_enable(true);
		for (category = 0; category < SYSCOUNT_CAT_COUNT; category++)
			if (category != last)
				category_enable(category, false);
		counts_read_proc(&before);
		EXPECT_STREQ(variant->hook, hook_names[before.hook]);
		EXPECT_TRUE(variant->hooked());
		make_calls(calls[last].nr);
		make_calls(calls[(last + 1) % SYSCOUNT_CAT_COUNT].nr);
		counts_read_proc(&after);
		EXPECT_EQ(CALLS, more(calls[last].nr));
		EXPECT_EQ(0, more(calls[(last + 1) % SYSCOUNT_CAT_COUNT].nr));
	}
}

/* Chosen while everything is off: it waits; then it counts. */
TEST_F_TIMEOUT(switching, hook_chosen_while_off, 60)
{
	char text[64], want[16];

	need_hook(variant->other_hook);
	all_enable(false);
	hook_choose(variant->other_hook);
	wait_until(variant->hooked, false);
	EXPECT_FALSE(variant->other_hooked());
	counts_read_proc(&after);
	EXPECT_EQ(SYSCOUNT_HOOK_NONE, after.hook);
	file_read(SYSCOUNT_SYSFS "hook", text, sizeof(text));
	snprintf(want, sizeof(want), "[%s]", variant->other_hook);
	EXPECT_NE(NULL, strstr(text, want));

	category_enable(SYSCOUNT_CAT_FILE, true);
	EXPECT_TRUE(variant->other_hooked());
	EXPECT_FALSE(variant->hooked());
	counts_read_proc(&before);
	EXPECT_STREQ(variant->other_hook, hook_names[before.hook]);
	make_calls(SYS_flock);
	counts_read_proc(&after);
	EXPECT_EQ(CALLS, more(SYS_flock));
}

TEST_F_TIMEOUT(switching, hook_changed, 60)
{
	hook_choose(variant->other_hook);
	EXPECT_TRUE(variant->other_hooked());
	wait_until(variant->hooked, false);
	counts_read_proc(&before);
	EXPECT_STREQ(variant->other_hook, hook_names[before.hook]);
	make_calls(SYS_flock);
	counts_read_proc(&after);
	EXPECT_EQ(CALLS, more(SYS_flock));

	hook_choose(variant->hook);
	EXPECT_TRUE(variant->hooked());
	wait_until(variant->other_hooked, false);
	counts_read_proc(&before);
	EXPECT_STREQ(variant->hook, hook_names[before.hook]);
	make_calls(SYS_flock);
	counts_read_proc(&after);
	EXPECT_EQ(CALLS, more(SYS_flock));
}

TEST_F(switching, hook_that_is_not_there)
{
	EXPECT_EQ(-EINVAL, file_write(SYSCOUNT_SYSFS "hook", "nonsense"));
	EXPECT_TRUE(variant->hooked());
	make_calls(SYS_flock);
	counts_read_proc(&after);
	EXPECT_STREQ(variant->hook, hook_names[after.hook]);
	EXPECT_EQ(CALLS, more(SYS_flock));
}

static void hammer(struct crew_member *me)
{
	while (!crew_told_to_stop(me))
		crew_call(me, A64, SYS_flock, -1, 0, 0);
}

#define CHANGES		6
#define BETWEEN		2000

/*
 * A call that is on its way between the places of the two hooks when they change
 * is lost or counted twice: one call of each thread a change, at most.
 */
TEST_F_TIMEOUT(switching, hook_changed_under_load, 120)
{
	struct crew *crew;
	uint64_t enough;
	unsigned int i;
	int64_t off;

	need_hook(variant->other_hook);
	ASSERT_EQ(cpus_present(), cpus_online());
	crew = crew_start(4, 2, hammer);
	crew_go(crew);
	for (i = 0; i < CHANGES; i++) {
		enough = crew_ended(crew) + BETWEEN;
		while (crew_ended(crew) < enough)
			cpu_relax();
		hook_choose(i % 2 ? variant->hook : variant->other_hook);
	}
	crew_stop(crew);
	crew_wait(crew);
	counts_read_proc(&after);
	off = more(SYS_flock) - crew_begun(crew);
	TH_LOG("%d changes, %ju calls, counted %+jd", CHANGES, (uintmax_t)crew_begun(crew),
	       (intmax_t)off);
	EXPECT_LE(-(int64_t)(crew_size(crew) * CHANGES), off);
	EXPECT_GE((int64_t)(crew_size(crew) * CHANGES), off);
	crew_end(crew);
}

/* Off and on again under load: what is counted is between what was surely on and what was made. */
TEST_F_TIMEOUT(switching, category_under_load, 120)
{
	uint64_t begun_on = 0, enough, mark, all;
	struct crew *crew;
	unsigned int i;

	ASSERT_EQ(cpus_present(), cpus_online());
	crew = crew_start(4, 2, hammer);
	crew_go(crew);
	for (i = 0; i < CHANGES; i++) {
		/* On: what begins and ends in here is counted. */
		mark = crew_begun(crew);
		enough = mark + BETWEEN;
		while (crew_ended(crew) < enough)
			cpu_relax();
		begun_on += crew_ended(crew) - mark;
		category_enable(SYSCOUNT_CAT_FILE, false);
		enough = crew_ended(crew) + BETWEEN;
		while (crew_ended(crew) < enough)
			cpu_relax();
		category_enable(SYSCOUNT_CAT_FILE, true);
	}
	crew_stop(crew);
	crew_wait(crew);
	counts_read_proc(&after);
	all = crew_begun(crew);
	EXPECT_LE(begun_on, more(SYS_flock));
	/* While it was off, all but what was on its way then is not counted. */
	EXPECT_GE(all - CHANGES * (BETWEEN - crew_size(crew)), more(SYS_flock));
	crew_end(crew);
}

static void switch_to_and_fro(struct crew_member *me)
{
	bool on = false;

	while (!crew_told_to_stop(me)) {
		if (switch_syscall(A64, SYS_flock, on))
			die("SWITCH: %m");
		on = !on;
	}
	if (switch_syscall(A64, SYS_flock, true))
		die("SWITCH: %m");
}

#define READINGS	300

/* Who reads has no lock: what is not switched stays on. KCSAN looks at how that is read. */
TEST_F_TIMEOUT(switching, call_while_it_is_read, 120)
{
	const struct syscount_row *row;
	struct crew *crew;
	unsigned int i;

	make_calls(SYS_flock);
	make_calls(SYS_dup3);
	crew = crew_start(1, 2, switch_to_and_fro);
	crew_go(crew);
	for (i = 0; i < READINGS; i++) {
		counts_read_ioctl(&after);
		row = counts_row(&after, A64, SYS_flock);
		ASSERT_NE(NULL, row);
		ASSERT_EQ(row->state == SYSCOUNT_OFF, !!(row->flags & SYSCOUNT_ROW_SWITCHED));
		row = counts_row(&after, A64, SYS_dup3);
		ASSERT_NE(NULL, row);
		ASSERT_EQ(SYSCOUNT_ON, row->state);
		ASSERT_EQ(0, row->flags & SYSCOUNT_ROW_SWITCHED);
	}
	crew_stop(crew);
	crew_wait(crew);
	expect_row(_metadata, SYS_flock, CALLS, SYSCOUNT_ON, false);
	expect_row(_metadata, SYS_dup3, CALLS, SYSCOUNT_ON, false);
	crew_end(crew);
}

TEST_HARNESS_MAIN
