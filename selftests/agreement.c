// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All hooks count the same: every number of every abi is called, with each hook, and
 * the rows are the same but for numbers outside the tables.
 */

#include "../kselftest_harness.h"

#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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
	module_ready("tracepoint");
	ASSERT_TRUE(kernel_has_word("syscall.x32=y"));
	wait_until_alone();
}

FIXTURE_TEARDOWN(agreement) {}

/*
 * By name: calls that would not come back, come back twice, stop what the test is made
 * of, or do more than fail with such arguments.
 */
static bool too_bold(const char *name)
{
	static const char *const names[] = {
		"exit", "exit_group", "fork", "vfork", "clone", "clone3", "pause", "rt_sigreturn",
		"sigreturn", "restart_syscall", "vhangup", "reboot", "kexec_load",
		"kexec_file_load", "sync", "kill", "rt_sigsuspend", "sigsuspend", "alarm",
		"waitpid", "wait4", "waitid", "setsid", "munmap", "brk", "mprotect",
		"idle", "nice", "select", "_newselect", "uprobe", "uretprobe",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static struct syscount_name names[COUNTS_ROWS];
static unsigned int name_count;

static void load_names(void)
{
	struct syscount_names args = {
		.size = sizeof(args), .capacity = COUNTS_ROWS, .names = (uintptr_t)names,
	};

	if (device_ioctl(SYSCOUNT_IOC_GET_NAMES, &args))
		die("the names cannot be had");
	name_count = args.count;
}

static const char *name_of(int abi, int nr)
{
	unsigned int i;

	for (i = 0; i < name_count; i++)
		if (names[i].abi == abi && names[i].nr == nr)
			return names[i].name;
	return "";
}

/* In a child, since they change the process; each number as often as its last digit + 1. */
static void call_all(int abi)
{
	int nr, i, status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		for (nr = 0; nr < NUMBERS; nr++)
			if (!too_bold(name_of(abi, nr)))
				for (i = 0; i <= nr % 10; i++)
					call(abi, nr, -1, -1, -1);
		call_64(SYS_exit_group, 0, 0, 0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		die("the calls of abi %d: status %#x", abi, status);
}

TEST_F(agreement, of_all_hooks)
{
	static struct counts counts[ARRAY_SIZE(hooks)], before;
	unsigned int hook, nr, seen[ARRAY_SIZE(hooks)] = { 0 };

	load_names();
	for (hook = 0; hook < ARRAY_SIZE(hooks); hook++) {
		hook_choose(hooks[hook]);
		reset_by_ioctl();
		counts_read_ioctl(&before);
		call_all(variant->abi);
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
			if (hook && !calls && !*name_of(variant->abi, nr))
				continue;	/* perhaps outside the kernel's table */
			EXPECT_EQ(want, calls) {
				TH_LOG("%s: abi %d number %u %s", hooks[hook], variant->abi, nr,
				       name_of(variant->abi, nr));
			}
		}
		if (want && !too_bold(name_of(variant->abi, nr)))
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
