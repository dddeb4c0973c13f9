// SPDX-License-Identifier: GPL-2.0-or-later
/* Every call is counted, and once, whoever makes it and wherever it is looked at. */

#include "../kselftest_harness.h"

#include <sys/syscall.h>

#include "syscount_test.h"

#define CALLS		100003	/* prime: no rounding, no batch makes it come out right */
#define PROCESSES	4
#define THREADS		2	/* each */

/*
 * Calls that end at once, change nothing, wait for nobody (beside others, the lock of msgget()
 * is by far the most of it on a real-time kernel), and that nobody else here makes.
 */
static const struct {
	int nr;
	int category;
	long a, b, c;
} calls[] = {
	{ SYS_setpgid, SYSCOUNT_CAT_PROCESS, -1, -1, 0 },
	{ SYS_sched_setparam, SYSCOUNT_CAT_PROCESS, -1, 0, 0 },
	{ SYS_sched_setscheduler, SYSCOUNT_CAT_PROCESS, -1, -1, 0 },
	{ SYS_dup3, SYSCOUNT_CAT_FILE, -1, -1, 0 },
	{ SYS_flock, SYSCOUNT_CAT_FILE, -1, 0, 0 },
	{ SYS_fadvise64, SYSCOUNT_CAT_FILE, -1, 0, 0 },
	{ SYS_swapoff, SYSCOUNT_CAT_DEVICE, -1, 0, 0 },
	{ SYS_pivot_root, SYSCOUNT_CAT_DEVICE, -1, -1, 0 },
	{ SYS_umount2, SYSCOUNT_CAT_DEVICE, 0, -1, 0 },
	{ SYS_getpgid, SYSCOUNT_CAT_INFO, -1, 0, 0 },
	{ SYS_getsid, SYSCOUNT_CAT_INFO, -1, 0, 0 },
	{ SYS_times, SYSCOUNT_CAT_INFO, 0, 0, 0 },
	{ SYS_listen, SYSCOUNT_CAT_COMMUNICATION, -1, 0, 0 },
	{ SYS_shutdown, SYSCOUNT_CAT_COMMUNICATION, -1, 0, 0 },
	{ SYS_getpeername, SYSCOUNT_CAT_COMMUNICATION, -1, 0, 0 },
};

#define EACH_CATEGORY	3

enum { BY_PROC, BY_IOCTL, BY_SYSFS, WAYS };

static void (*const ways[WAYS])(struct counts *) = {
	[BY_PROC] = counts_read_proc,
	[BY_IOCTL] = counts_read_ioctl,
	[BY_SYSFS] = counts_read_sysfs,
};

/* Three rounds; the same calls are made between any two of them, and the crew's. */
static struct counts warm[WAYS], before[WAYS], after[WAYS];

static void read_all(struct counts round[WAYS])
{
	int way;

	for (way = 0; way < WAYS; way++)
		ways[way](&round[way]);
}

/* Thread i's part of the CALLS, of every call. */
static unsigned int share(unsigned int index)
{
	const unsigned int all = PROCESSES * THREADS;

	return CALLS / all + (index < CALLS % all);
}

static void make_calls(struct crew_member *me)
{
	unsigned int i, j;

	for (i = share(me->index); i; i--)
		for (j = 0; j < ARRAY_SIZE(calls); j++)
			call_64(calls[j].nr, calls[j].a, calls[j].b, calls[j].c);
}

FIXTURE(count_exact)
{
	struct crew *crew;
};

FIXTURE_VARIANT(count_exact)
{
	const char *hook;
};

FIXTURE_VARIANT_ADD(count_exact, direct)
{
	.hook = "direct",
};

FIXTURE_VARIANT_ADD(count_exact, tracepoint)
{
	.hook = "tracepoint",
};

FIXTURE_VARIANT_ADD(count_exact, kprobe)
{
	.hook = "kprobe",
};

FIXTURE_SETUP(count_exact)
{
	unsigned int j;

	module_ready(variant->hook);
	ASSERT_EQ(cpus_present(), cpus_online());
	self->crew = crew_start(PROCESSES, THREADS, make_calls);

	/* So that the rows are there, and a reading is as long before as after. */
	for (j = 0; j < ARRAY_SIZE(calls); j++)
		call_64(calls[j].nr, calls[j].a, calls[j].b, calls[j].c);
	wait_until_alone();
	read_all(warm);
	read_all(before);
	crew_go(self->crew);
	crew_wait(self->crew);
	read_all(after);
}

FIXTURE_TEARDOWN(count_exact)
{
	crew_end(self->crew);
}

TEST_F_TIMEOUT(count_exact, every_way, 120)
{
	unsigned int j, category;
	int way;

	for (j = 0; j < ARRAY_SIZE(calls); j++)
		for (way = 0; way < BY_SYSFS; way++) {
			EXPECT_EQ(CALLS, counts_of(&after[way], SYSCOUNT_ABI_64, calls[j].nr) -
					 counts_of(&before[way], SYSCOUNT_ABI_64, calls[j].nr))
				TH_LOG("call %d, way %d", calls[j].nr, way);
			EXPECT_EQ(calls[j].category,
				  counts_row(&after[way], SYSCOUNT_ABI_64, calls[j].nr)->category)
				TH_LOG("call %d, way %d", calls[j].nr, way);
		}

	for (way = 0; way < WAYS; way++) {
		for (category = 0; category < SYSCOUNT_CAT_COUNT; category++) {
			uint64_t quiet = before[way].categories[category].calls -
					 warm[way].categories[category].calls;
			uint64_t busy = after[way].categories[category].calls -
					before[way].categories[category].calls;
			uint64_t made = category == SYSCOUNT_CAT_UNKNOWN ?
					0 : EACH_CATEGORY * CALLS;

			EXPECT_EQ(made, busy - quiet)
				TH_LOG("%s, way %d", category_names[category], way);
		}
		EXPECT_EQ(ARRAY_SIZE(calls) * CALLS, (after[way].total - before[way].total) -
						     (before[way].total - warm[way].total))
			TH_LOG("way %d", way);
	}
}

/* What the test above rests on: nobody else makes calls meanwhile, and reading makes a few. */
TEST_F_TIMEOUT(count_exact, nobody_else, 120)
{
	unsigned int i;
	int way;

	for (i = 0; i < after[BY_IOCTL].rows; i++) {
		const struct syscount_row *row = &after[BY_IOCTL].row[i];
		uint64_t quiet = counts_of(&before[BY_IOCTL], row->abi, row->nr) -
				 counts_of(&warm[BY_IOCTL], row->abi, row->nr);
		uint64_t busy = row->calls - counts_of(&before[BY_IOCTL], row->abi, row->nr);

		EXPECT_TRUE(busy == quiet || busy == quiet + CALLS)
			TH_LOG("abi %u nr %d: %ju, and %ju when it is quiet",
			       row->abi, row->nr, (uintmax_t)busy, (uintmax_t)quiet);
	}
	for (way = 0; way < WAYS; way++)
		EXPECT_GT(100, before[way].total - warm[way].total);
}

TEST_HARNESS_MAIN
