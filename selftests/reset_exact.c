// SPDX-License-Identifier: GPL-2.0-or-later
/* A reset forgets what was counted before, and nothing that is counted after it returned. */

#include "../kselftest_harness.h"

#include <sys/syscall.h>
#include <time.h>

#include "syscount_test.h"

#define CALL		SYS_flock
#define TIMES		20
#define A_WHILE		2000	/* calls */
#define MANY		100003

static void hammer(struct crew_member *me)
{
	while (!crew_told_to_stop(me))
		crew_call(me, SYSCOUNT_ABI_64, CALL, -1, 0, 0);
}

static void wait_for_calls(struct crew *crew, uint64_t more)
{
	uint64_t enough = crew_ended(crew) + more;

	while (crew_ended(crew) < enough)
		cpu_relax();
}

FIXTURE(reset_exact)
{
	void (*reset)(void);
};

FIXTURE_VARIANT(reset_exact)
{
	const char *hook;
	void (*reset)(void);
};

FIXTURE_VARIANT_ADD(reset_exact, direct_sysfs)
{
	.hook = "direct",
	.reset = reset_by_sysfs,
};

FIXTURE_VARIANT_ADD(reset_exact, direct_ioctl)
{
	.hook = "direct",
	.reset = reset_by_ioctl,
};

FIXTURE_VARIANT_ADD(reset_exact, tracepoint_sysfs)
{
	.hook = "tracepoint",
	.reset = reset_by_sysfs,
};

FIXTURE_VARIANT_ADD(reset_exact, tracepoint_ioctl)
{
	.hook = "tracepoint",
	.reset = reset_by_ioctl,
};

FIXTURE_VARIANT_ADD(reset_exact, kprobe_sysfs)
{
	.hook = "kprobe",
	.reset = reset_by_sysfs,
};

FIXTURE_VARIANT_ADD(reset_exact, kprobe_ioctl)
{
	.hook = "kprobe",
	.reset = reset_by_ioctl,
};

FIXTURE_SETUP(reset_exact)
{
	module_ready(variant->hook);
	ASSERT_EQ(cpus_present(), cpus_online());
}

FIXTURE_TEARDOWN(reset_exact)
{
}

TEST_F_TIMEOUT(reset_exact, under_load, 120)
{
	uint64_t ended, late, begun, calls;
	struct crew *crew;
	unsigned int i;

	for (i = 0; i < TIMES; i++) {
		crew = crew_start(4, 2, hammer);
		crew_go(crew);
		wait_for_calls(crew, A_WHILE);
		ended = crew_ended(crew);
		variant->reset();
		crew_mark(crew, true);
		wait_for_calls(crew, A_WHILE);
		crew_stop(crew);
		crew_wait(crew);

		calls = counted(SYSCOUNT_ABI_64, CALL);
		late = crew_begun_late(crew);
		begun = crew_begun(crew);
		crew_end(crew);

		EXPECT_LT(0, late);
		EXPECT_LE(late, calls);
		EXPECT_LE(calls, begun - ended);
	}
}

TEST_F(reset_exact, when_quiet)
{
	static struct counts proc, by_ioctl;
	uint64_t before, after;
	unsigned int i;

	for (i = 0; i < MANY; i++)
		call_64(CALL, -1, 0, 0);
	call_64(400, 0, 0, 0);
	before = clock_ns(CLOCK_BOOTTIME);
	variant->reset();
	after = clock_ns(CLOCK_BOOTTIME);
	counts_read_ioctl(&by_ioctl);
	EXPECT_EQ(NULL, counts_row(&by_ioctl, SYSCOUNT_ABI_64, CALL));
	EXPECT_EQ(NULL, counts_row(&by_ioctl, SYSCOUNT_ABI_64, 400));
	EXPECT_EQ(0, by_ioctl.categories[SYSCOUNT_CAT_UNKNOWN].calls);
	/* What others called meanwhile, who are not as many. */
	EXPECT_GT(MANY, by_ioctl.total);
	EXPECT_LE(before, by_ioctl.since_ns);
	EXPECT_GE(after, by_ioctl.since_ns);

	for (i = 0; i < 997; i++)
		call_64(CALL, -1, 0, 0);
	counts_read_proc(&proc);
	EXPECT_EQ(997, counts_of(&proc, SYSCOUNT_ABI_64, CALL));
	EXPECT_EQ(by_ioctl.since_ns / 1000000, proc.since_ns / 1000000);
}

static void hammer_unknown(struct crew_member *me)
{
	unsigned int i;

	for (i = me->index; !crew_told_to_stop(me); i++)
		crew_call(me, SYSCOUNT_ABI_64, 1000 + i * 7 % 12, 0, 0, 0);
}

/* A reset frees the rows of unknown numbers, and each has one row then as before. */
TEST_F_TIMEOUT(reset_exact, one_row_for_a_number, 120)
{
	static struct counts counts;
	struct crew *crew;
	unsigned int i, row;

	crew = crew_start(4, 2, hammer_unknown);
	crew_go(crew);
	for (i = 0; i < 100; i++) {
		variant->reset();
		wait_for_calls(crew, 50);
		counts_read_ioctl(&counts);
		for (row = 1; row < counts.rows; row++)
			EXPECT_TRUE(counts.row[row - 1].abi != counts.row[row].abi ||
				    counts.row[row - 1].nr != counts.row[row].nr ||
				    counts.row[row].flags & SYSCOUNT_ROW_OTHER) {
				TH_LOG("two rows for %d", counts.row[row].nr);
			}
	}
	crew_stop(crew);
	crew_end(crew);
}

TEST_HARNESS_MAIN
