// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What counting costs, in instructions. For `scripts/vm -i` only: there the clock
 * goes on by one nanosecond an instruction, the same in every run.
 */

#include "../kselftest_harness.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>

#include "syscount_test.h"

#define LOOP		1000	/* calls; few, so that most loops are without a timer tick */
#define LOOPS		50

#define MOST_DIRECT	13	/* getppid() has no arguments; with some it is 10 */
#define MOST_TRACEPOINT	75
#define MOST_KPROBE	200
#define MOST_READING	1200000
#define ROWS		400

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* The cheapest of many: interrupts only add. */
static uint64_t cheapest(void (*what)(void))
{
	uint64_t best = UINT64_MAX, begin, took;
	unsigned int i;

	for (i = 0; i < LOOPS; i++) {
		begin = now();
		what();
		took = now() - begin;
		if (took < best)
			best = took;
	}
	return best;
}

static void loop(void)
{
	unsigned int i;
	long result;

	for (i = 0; i < LOOP; i++)
		asm volatile("syscall"
			     : "=a" (result)
			     : "a" (SYS_getppid)
			     : "rcx", "r11", "memory");
}

/* Instructions of one getppid(), the loop's own included. */
static uint64_t one_call(void)
{
	return (cheapest(loop) + LOOP / 2) / LOOP;
}

static void expect_instructions_are_counted(struct __test_metadata *_metadata)
{
	unsigned int i;
	uint64_t first = one_call();

	ASSERT_EQ(1, cpus_online())
		TH_LOG("run this by scripts/vm -i");
	for (i = 0; i < 5; i++)
		ASSERT_EQ(first, one_call())
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

FIXTURE_VARIANT(cost)
{
	const char *hook;
	bool (*hooked)(void);
	uint64_t most;
};

FIXTURE_VARIANT_ADD(cost, direct)
{
	.hook = "direct",
	.hooked = direct_hooked,
	.most = MOST_DIRECT,
};

FIXTURE_VARIANT_ADD(cost, tracepoint)
{
	.hook = "tracepoint",
	.hooked = tracepoint_hooked,
	.most = MOST_TRACEPOINT,
};

FIXTURE_VARIANT_ADD(cost, kprobe)
{
	.hook = "kprobe",
	.hooked = kprobe_hooked,
	.most = MOST_KPROBE,
};

FIXTURE_SETUP(cost)
{
	unload(_metadata);
	expect_instructions_are_counted(_metadata);
}

FIXTURE_TEARDOWN(cost)
{
	module_fresh("");	/* as it was for the next test */
}

TEST_F(cost, of_a_call)
{
	uint64_t bare, on, one_off, category_off, all_off, on_again, unloaded;
	char parameters[32];

	bare = one_call();
	snprintf(parameters, sizeof(parameters), "hook=%s", variant->hook);
	ASSERT_EQ(0, module_insert(parameters));
	on = one_call();
	ASSERT_EQ(0, switch_syscall(SYSCOUNT_ABI_64, SYS_getppid, false));
	one_off = one_call();
	ASSERT_EQ(0, switch_syscall(SYSCOUNT_ABI_64, SYS_getppid, true));
	category_enable(SYSCOUNT_CAT_INFO, false);
	category_off = one_call();
	all_enable(false);
	while (variant->hooked())
		;
	all_off = one_call();
	all_enable(true);
	on_again = one_call();
	ASSERT_EQ(0, module_remove());
	unloaded = one_call();

	TH_LOG("%s: bare %ju; added: on %+jd, call off %+jd, category off %+jd", variant->hook,
	       (uintmax_t)bare, (intmax_t)(on - bare), (intmax_t)(one_off - bare),
	       (intmax_t)(category_off - bare));
	TH_LOG("%s: added: all off %+jd, on again %+jd, unloaded %+jd", variant->hook,
	       (intmax_t)(all_off - bare), (intmax_t)(on_again - bare),
	       (intmax_t)(unloaded - bare));

	/* Some kernels are faster after a tracepoint was on and off: hence unloaded, not bare. */
	EXPECT_LT(unloaded, on);
	EXPECT_GE(unloaded + variant->most, on);
	EXPECT_GE(on, one_off);
	EXPECT_GE(on, category_off);
	EXPECT_EQ(unloaded, all_off);
	EXPECT_GE(bare, unloaded);
	EXPECT_GE(on, on_again);
}

/* Calls that would not come back, come back twice, or do more than fail with -1, -1, -1. */
static bool too_bold(int nr)
{
	switch (nr) {
	case SYS_exit:
	case SYS_exit_group:
	case SYS_fork:
	case SYS_vfork:
	case SYS_clone:
	case SYS_clone3:
	case SYS_pause:
	case SYS_rt_sigreturn:
	case SYS_restart_syscall:
	case SYS_vhangup:
	case SYS_reboot:
	case SYS_kexec_load:
	case SYS_kexec_file_load:
	case SYS_sync:
	case SYS_kill:
		return true;
	}
	return false;
}

/* In a child, since some of them change the process. */
static void make_many_calls(void)
{
	int nr, status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		for (nr = 0; nr < 480; nr++)
			if (!too_bold(nr))
				call_64(nr, -1, -1, -1);
		call_64(SYS_exit_group, 0, 0, 0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		die("many calls: status %#x", status);
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
	make_many_calls();
	counts_read_proc(&counts);
	ASSERT_LE(ROWS, counts.rows);
	reading = cheapest(read_proc);
	TH_LOG("%s: %u rows: %ju instructions", variant->hook, counts.rows, (uintmax_t)reading);
	EXPECT_GT(MOST_READING, reading);
}

TEST_HARNESS_MAIN
