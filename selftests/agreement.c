// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All hooks count the same: every number of every abi is called, with each hook, and
 * the rows are the same but for numbers outside the tables.
 */

#ifndef __x86_64__
#include "x86_only.h"
#else

#include "../kselftest_harness.h"

#include "syscount_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

/* More than any table has */
#define NUMBERS	620
#define ROWS_FOR_UNKNOWN	32

static const char *const hooks[] = { "tracepoint", "direct", "kprobe" };

FIXTURE(agreement) {};

FIXTURE_VARIANT(agreement)
{
	int abi;
};

FIXTURE_VARIANT_ADD(agreement, 64) { SYSCOUNT_ABI_64 };
FIXTURE_VARIANT_ADD(agreement, i386) { SYSCOUNT_ABI_I386 };
FIXTURE_VARIANT_ADD(agreement, x32) { SYSCOUNT_ABI_X32 };

FIXTURE_SETUP(agreement)
{
	need_hook("direct");	/* alone, one agrees with itself */
	module_ready("tracepoint");
	ASSERT_TRUE(kernel_has_word("syscall.x32=y"));
	/* Whoever has no code for them does not agree with who sees all numbers. */
	if (!kernel_has_abi(variant->abi))
		skip_rest("this kernel has no calls of x32");
	wait_until_alone();
}

FIXTURE_TEARDOWN(agreement) {}

TEST_F(agreement, of_all_hooks)
{
	static struct counts counts[ARRAY_SIZE(hooks)], before;
	unsigned int hook, nr, seen[ARRAY_SIZE(hooks)] = { 0 };

	load_names();
	for (hook = 0; hook < ARRAY_SIZE(hooks); hook++) {
		hook_choose(hooks[hook]);
		reset_by_ioctl();
		counts_read_ioctl(&before);
		call_all_numbers(variant->abi, NUMBERS, 10);
		counts_read_ioctl(&counts[hook]);
		for (nr = 0; nr < counts[hook].rows; nr++) {
			struct syscount_row *row = &counts[hook].row[nr];

			row->calls -= counts_of(&before, row->abi, row->nr);
		}
	}

	for (nr = 0; nr < NUMBERS; nr++) {
		uint64_t want = counts_of(&counts[0], variant->abi, nr);

		for (hook = 0; hook < ARRAY_SIZE(hooks); hook++) {
			uint64_t calls = counts_of(&counts[hook], variant->abi, nr);

			seen[hook] += !!calls;
			if (hook && !calls && !name_of(variant->abi, nr))
				continue;	/* perhaps outside the kernel's table */
			EXPECT_EQ(want, calls) {
				TH_LOG("%s: abi %d number %u", hooks[hook], variant->abi, nr);
			}
		}
		if (want && is_harmless(variant->abi, nr))
			EXPECT_LE(nr % 10 + 1, want);
	}
	TH_LOG("numbers seen: %u by the tracepoint, %u by the direct hook, %u by the kprobe",
	       seen[0], seen[1], seen[2]);
	/* The holes inside are seen by all; so many others get rows. */
	EXPECT_EQ(seen[0], seen[2] + ROWS_FOR_UNKNOWN);
	EXPECT_EQ(seen[0], seen[1] + (counts[1].categories[SYSCOUNT_CAT_UNKNOWN].state ==
				      SYSCOUNT_PARTIAL ? ROWS_FOR_UNKNOWN : 0));
}

TEST_HARNESS_MAIN

#endif
