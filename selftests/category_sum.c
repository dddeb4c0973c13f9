// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every single reading adds up, whatever goes on meanwhile: the categories and
 * unknown are the total, and so are the rows. No counter goes back but by a reset.
 */

#include "../kselftest_harness.h"

#include <sys/syscall.h>

#include "syscount_test.h"

#define READINGS	200

#ifdef __x86_64__
#define OTHER_ABI	SYSCOUNT_ABI_I386
#else
#define OTHER_ABI	SYSCOUNT_ABI_64
#endif

/* One of each category and unknown. They fail at once, and change nothing. */
static const int hammered[SYSCOUNT_CAT_COUNT] = {
	SYS_sched_setparam, SYS_flock, SYS_swapoff, SYS_getpgid, SYS_listen, 400,
};

static void hammer(struct crew_member *me)
{
	unsigned int i;

	while (!crew_told_to_stop(me))
		for (i = 0; i < SYSCOUNT_CAT_COUNT; i++) {
			call(SYSCOUNT_ABI_64, hammered[i], -1, 0, 0);
			call(OTHER_ABI, 9000 + i, -1, 0, 0);
		}
}

static void toggle(unsigned int round)
{
	unsigned int category = round % SYSCOUNT_CAT_COUNT;

	category_enable(category, false);
	switch_syscall(SYSCOUNT_ABI_64, hammered[(category + 1) % SYSCOUNT_CAT_UNKNOWN], false);
	category_enable(category, true);
	switch_syscall(SYSCOUNT_ABI_64, hammered[(category + 1) % SYSCOUNT_CAT_UNKNOWN], true);
	if (round % 10 == 9) {
		all_enable(false);
		all_enable(true);
	}
}

static bool hooks_too;

/* From each to each */
static const char *const turns[] = {
	"tracepoint", "kprobe", "direct", "tracepoint", "direct", "kprobe",
};

static void change_hook(uint64_t turn)
{
	const char *hook = turns[turn % ARRAY_SIZE(turns)];

	if (hooks_too && kernel_has_hook(hook))
		hook_choose(hook);
}

static void trouble(struct crew_member *me)
{
	while (!crew_told_to_stop(me)) {
		toggle(me->ended);
		if (me->ended % 2)
			reset_by_sysfs();
		else
			reset_by_ioctl();
		change_hook(me->ended);
		__atomic_add_fetch(&me->ended, 1, __ATOMIC_SEQ_CST);
	}
}

static void trouble_without_reset(struct crew_member *me)
{
	while (!crew_told_to_stop(me)) {
		toggle(me->ended);
		change_hook(me->ended);
		__atomic_add_fetch(&me->ended, 1, __ATOMIC_SEQ_CST);
	}
}

FIXTURE(category_sum)
{
	struct crew *hammers;
	struct crew *troubles;
};

FIXTURE_VARIANT(category_sum)
{
	const char *hook;
	bool hooks_too;
	unsigned int rounds;	/* of the trouble, at least; changing hooks takes its time */
};

FIXTURE_VARIANT_ADD(category_sum, direct)
{
	.hook = "direct",
	.rounds = 8,
};

FIXTURE_VARIANT_ADD(category_sum, tracepoint)
{
	.hook = "tracepoint",
	.rounds = 30,
};

FIXTURE_VARIANT_ADD(category_sum, kprobe)
{
	.hook = "kprobe",
	.rounds = 30,
};

FIXTURE_VARIANT_ADD(category_sum, all)
{
	.hook = "tracepoint",
	.hooks_too = true,
	.rounds = 8,
};

FIXTURE_SETUP(category_sum)
{
	module_ready(variant->hook);
	ASSERT_EQ(cpus_present(), cpus_online());
	hooks_too = variant->hooks_too;
	self->hammers = crew_start(4, 2, hammer);
	crew_go(self->hammers);
}

FIXTURE_TEARDOWN(category_sum)
{
	crew_stop(self->troubles);
	crew_end(self->troubles);
	crew_stop(self->hammers);
	crew_end(self->hammers);
	all_enable(true);
}

static void expect_sums(struct __test_metadata *_metadata, const struct counts *counts)
{
	uint64_t by_category[SYSCOUNT_CAT_COUNT] = {};
	unsigned int i;

	ASSERT_EQ(counts->total, counts_categories_sum(counts));
	ASSERT_EQ(counts->total, counts_rows_sum(counts));
	for (i = 0; i < counts->rows; i++)
		by_category[counts->row[i].category] += counts->row[i].calls;
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		ASSERT_EQ(by_category[i], counts->categories[i].calls);
}

static void expect_no_way_back(struct __test_metadata *_metadata, const struct counts *old,
			       const struct counts *new)
{
	unsigned int i;

	for (i = 0; i < old->rows; i++) {
		const struct syscount_row *row = &old->row[i];

		ASSERT_LE(row->calls, row->flags & SYSCOUNT_ROW_OTHER ?
				      counts_other(new, row->abi) :
				      counts_of(new, row->abi, row->nr))
			TH_LOG("%s %d", abi_names[row->abi], row->nr);
	}
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		ASSERT_LE(old->categories[i].calls, new->categories[i].calls);
	ASSERT_LE(old->total, new->total);
}

static bool enough(struct crew *troubles, unsigned int readings, unsigned int rounds)
{
	return readings >= READINGS && crew_ended(troubles) >= rounds;
}

TEST_F_TIMEOUT(category_sum, while_it_is_reset, 200)
{
	static struct counts proc, by_ioctl[2];
	unsigned int readings, resets = 0;

	self->troubles = crew_start(1, 1, trouble);
	crew_go(self->troubles);
	counts_read_ioctl(&by_ioctl[1]);
	for (readings = 0; !enough(self->troubles, readings, variant->rounds); readings++) {
		struct counts *old = &by_ioctl[(readings + 1) % 2];
		struct counts *new = &by_ioctl[readings % 2];

		counts_read_proc(&proc);
		expect_sums(_metadata, &proc);
		counts_read_ioctl(new);
		expect_sums(_metadata, new);
		if (old->since_ns == new->since_ns)
			expect_no_way_back(_metadata, old, new);
		else
			resets++;
	}
	EXPECT_LT(0, resets);
}

TEST_F_TIMEOUT(category_sum, while_it_is_switched, 200)
{
	static struct counts counts[2];
	unsigned int readings;

	self->troubles = crew_start(1, 1, trouble_without_reset);
	crew_go(self->troubles);
	counts_read_proc(&counts[1]);
	for (readings = 0; !enough(self->troubles, readings, variant->rounds); readings++) {
		struct counts *old = &counts[(readings + 1) % 2], *new = &counts[readings % 2];

		if (readings / 2 % 2)
			counts_read_ioctl(new);
		else
			counts_read_proc(new);
		expect_sums(_metadata, new);
		expect_no_way_back(_metadata, old, new);
	}
}

TEST_HARNESS_MAIN
