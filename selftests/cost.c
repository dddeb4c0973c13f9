// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What counting costs, in instructions. For `scripts/vm -i` only: there the clock
 * goes on by one nanosecond an instruction, the same in every run.
 */

#ifndef __x86_64__
#include "x86_only.h"
#else

#include "../kselftest_harness.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "syscount_test.h"

#define LOOP		1000	/* calls; few, so that most loops are without a timer tick */
#define LOOPS		50

#define MOST_READING	1200000
#define ROWS		400

/* The cheapest of many: interrupts only add. */
static uint64_t cheapest(void (*what)(void))
{
	uint64_t best = UINT64_MAX, begin, took;
	unsigned int i;

	for (i = 0; i < LOOPS; i++) {
		begin = clock_ns(CLOCK_MONOTONIC);
		what();
		took = clock_ns(CLOCK_MONOTONIC) - begin;
		if (took < best)
			best = took;
	}
	return best;
}

/*
 * The calls: those without arguments, whose one body serves all abis, cost the direct
 * hook a look at the task.
 */
static const struct call {
	const char *name;
	int abi;
	int nr;
	bool arguments;
} calls[] = {
	{ "getppid", SYSCOUNT_ABI_64, SYS_getppid, false },
	{ "dup", SYSCOUNT_ABI_64, SYS_dup, true },
	{ "getppid i386", SYSCOUNT_ABI_I386, 64, false },
	{ "dup i386", SYSCOUNT_ABI_I386, 41, true },
	{ "getppid x32", SYSCOUNT_ABI_X32, SYS_getppid, false },
	{ "dup x32", SYSCOUNT_ABI_X32, SYS_dup, true },
};	/* those of x32 come last */

#define NCALLS	ARRAY_SIZE(calls)

static int loop_nr;

static void loop_64(void)
{
	unsigned int i;
	long result;

	for (i = 0; i < LOOP; i++)
		asm volatile("syscall"
			     : "=a" (result)
			     : "a" (loop_nr), "D" (1000)
			     : "rcx", "r11", "memory");
}

static void loop_i386(void)
{
	unsigned int i;
	long result;

	for (i = 0; i < LOOP; i++)
		asm volatile("int $0x80"
			     : "=a" (result)
			     : "a" (loop_nr), "b" (1000)
			     : "r8", "r9", "r10", "r11", "memory");
}

/* Instructions of one call, the loop's own included. */
static uint64_t one_call(const struct call *call)
{
	loop_nr = call->nr | (call->abi == SYSCOUNT_ABI_X32 ? X32_BIT : 0);
	return (cheapest(call->abi == SYSCOUNT_ABI_I386 ? loop_i386 : loop_64) + LOOP / 2) / LOOP;
}

static void expect_instructions_are_counted(struct __test_metadata *_metadata)
{
	unsigned int i;
	uint64_t first = one_call(&calls[0]);

	ASSERT_EQ(1, cpus_online())
		TH_LOG("run this by scripts/vm -i");
	for (i = 0; i < 5; i++)
		ASSERT_EQ(first, one_call(&calls[0]))
			TH_LOG("not deterministic: run this by scripts/vm -i");
}

static void unload(struct __test_metadata *_metadata)
{
	if (module_loaded())
		ASSERT_EQ(0, module_remove());
}

FIXTURE(cost)
{
};

/* The most that counting may add, for each kernel that was measured. */
struct limits {
	uint64_t without_arguments;
	uint64_t with_arguments;
	uint64_t other_abis;
};

static const struct series {
	const char *release;
	struct limits direct, tracepoint, kprobe;
} series[] = {
	{ "6.1.", { 13, 10, 15 }, { 73, 73, 130 }, { 200, 200, 200 } },
	{ "6.12.", { 13, 10, 15 }, { 78, 78, 138 }, { 211, 211, 211 } },
	{ "7.2.", { 13, 10, 15 }, { 86, 86, 116 }, { 340, 340, 340 } },
};

static const struct series *this_series(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(series); i++)
		if (kernel_is(series[i].release))
			return &series[i];
	return NULL;
}

FIXTURE_VARIANT(cost)
{
	const char *hook;
	bool (*hooked)(void);
	size_t limits;		/* in struct series */
	bool exact;		/* what the module says */
};

FIXTURE_VARIANT_ADD(cost, direct)
{
	.hook = "direct",
	.hooked = direct_hooked,
	.limits = offsetof(struct series, direct),
	.exact = true,
};

FIXTURE_VARIANT_ADD(cost, tracepoint)
{
	.hook = "tracepoint",
	.hooked = tracepoint_hooked,
	.limits = offsetof(struct series, tracepoint),
	.exact = true,
};

FIXTURE_VARIANT_ADD(cost, kprobe)
{
	.hook = "kprobe",
	.hooked = kprobe_hooked,
	.limits = offsetof(struct series, kprobe),
};

FIXTURE_SETUP(cost)
{
	need_hook(variant->hook);
	unload(_metadata);
	expect_instructions_are_counted(_metadata);
}

FIXTURE_TEARDOWN(cost)
{
	module_fresh("hook=tracepoint");	/* as it was for the next test */
}

static uint64_t most(const struct limits *limits, const struct call *call)
{
	if (call->abi != SYSCOUNT_ABI_64)
		return limits->other_abis;
	return call->arguments ? limits->with_arguments : limits->without_arguments;
}

static void measure(uint64_t each[NCALLS])
{
	unsigned int i;

	for (i = 0; i < NCALLS && kernel_has_abi(calls[i].abi); i++)
		each[i] = one_call(&calls[i]);
}

/*
 * Some kernels take the jump of an optimised kprobe out in the background, after
 * unregister_kprobe() has returned. If it never did, this would be a time-out.
 */
static void wait_for_the_optimizer(bool kprobe, uint64_t bare)
{
	while (kprobe && one_call(&calls[0]) != bare)
		;
}

TEST_F(cost, of_a_call)
{
	uint64_t bare[NCALLS], on[NCALLS], off[NCALLS], all_off[NCALLS], unloaded[NCALLS];
	const struct series *kernel = this_series();
	const struct limits *limits;
	char parameters[32];
	unsigned int i;

	if (!kernel)
		SKIP(return, "no limits for this kernel");
	limits = (const void *)((const char *)kernel + variant->limits);
	snprintf(parameters, sizeof(parameters), "hook=%s", variant->hook);
	/* Some kernels are faster once a tracepoint was on and off. */
	ASSERT_EQ(0, module_insert("hook=tracepoint"));
	ASSERT_EQ(0, module_remove());
	measure(bare);
	ASSERT_EQ(0, module_insert(parameters));
	measure(on);
	category_enable(SYSCOUNT_CAT_INFO, false);
	category_enable(SYSCOUNT_CAT_FILE, false);
	measure(off);
	all_enable(false);
	while (variant->hooked())
		;
	wait_for_the_optimizer(variant->hooked == kprobe_hooked, bare[0]);
	measure(all_off);
	ASSERT_EQ(0, module_remove());
	measure(unloaded);

	for (i = 0; i < NCALLS && kernel_has_abi(calls[i].abi); i++) {
		tell("%s: %s: bare %ju; added: on %+jd, category off %+jd, all off %+jd, unloaded %+jd",
		     variant->hook, calls[i].name, (uintmax_t)bare[i],
		     (intmax_t)(on[i] - bare[i]), (intmax_t)(off[i] - bare[i]),
		     (intmax_t)(all_off[i] - bare[i]), (intmax_t)(unloaded[i] - bare[i]));
		EXPECT_LT(bare[i], on[i]);
		EXPECT_GE(bare[i] + most(limits, &calls[i]), on[i]);
		EXPECT_GE(on[i], off[i]);
		EXPECT_EQ(bare[i], all_off[i]);
		EXPECT_EQ(bare[i], unloaded[i]);
	}
}

/*
 * What the module says of itself is what the calls say, to an instruction: a function
 * of its own need not have the same beginning as the kernel's. Nor need the kernel patch it
 * in the same way for a kprobe: by a jump, say, where that is still a breakpoint.
 */
TEST_F(cost, as_the_module_says)
{
	struct syscount_cost args = { .size = sizeof(args) };
	struct syscount_bypass bypass = { .size = sizeof(bypass) };
	uint64_t bare, on, added;
	char parameters[32];

	snprintf(parameters, sizeof(parameters), "hook=%s", variant->hook);
	ASSERT_EQ(0, module_insert("hook=tracepoint"));
	ASSERT_EQ(0, module_remove());
	bare = one_call(&calls[0]);
	ASSERT_EQ(0, module_insert(parameters));
	on = one_call(&calls[0]);
	ASSERT_EQ(0, device_ioctl(SYSCOUNT_IOC_COST, &args));
	if (args.calls) {
		added = (args.hooked_ns - args.bare_ns + args.calls / 2) / args.calls;
		tell("%s: %ju added, the module says %ju", variant->hook, (uintmax_t)(on - bare),
		     (uintmax_t)added);
		EXPECT_LT(0, added);
		if (variant->exact) {
			EXPECT_LE(on - bare, added + 1);
			EXPECT_GE(on - bare + 1, added);
		}
	} else {
		ASSERT_EQ(0, device_ioctl(SYSCOUNT_IOC_BYPASS, &bypass));
		EXPECT_EQ(bare, one_call(&calls[0]));
	}
	ASSERT_EQ(0, module_remove());
	EXPECT_EQ(bare, one_call(&calls[0]));
}

static char text[1 << 17];

static void read_proc(void)
{
	file_read(SYSCOUNT_PROC, text, sizeof(text));
}

TEST_F(cost, of_a_reading)
{
	static struct counts counts;
	char parameters[32];
	uint64_t reading;

	snprintf(parameters, sizeof(parameters), "hook=%s", variant->hook);
	ASSERT_EQ(0, module_insert(parameters));
	load_names();
	call_all_numbers(SYSCOUNT_ABI_64, 480, 1);
	counts_read_proc(&counts);
	ASSERT_LE(ROWS, counts.rows);
	reading = cheapest(read_proc);
	tell("%s: %u rows: %ju instructions", variant->hook, counts.rows, (uintmax_t)reading);
	EXPECT_GT(MOST_READING, reading);
}

TEST_HARNESS_MAIN

#endif
