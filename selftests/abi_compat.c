// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same number is another call in another abi, or none: each counts where the
 * kernel takes it, and what the kernel does not take for a call counts nowhere.
 * The kernel's command line must have syscall.x32=y and no vsyscall=none.
 */

#ifndef __x86_64__
#include "x86_only.h"
#else

#include "../kselftest_harness.h"

#include <limits.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>

#include "syscount_test.h"

#define A64	SYSCOUNT_ABI_64
#define AI386	SYSCOUNT_ABI_I386
#define AX32	SYSCOUNT_ABI_X32

#define PROCESS	SYSCOUNT_CAT_PROCESS
#define FILES	SYSCOUNT_CAT_FILE
#define DEVICE	SYSCOUNT_CAT_DEVICE
#define INFO	SYSCOUNT_CAT_INFO
#define COMM	SYSCOUNT_CAT_COMMUNICATION

struct named {
	int abi;
	int nr;
	const char *name;
	int category;
};

/* Calls that fail at once with the arguments -1, 0, 0. */
static const struct named with_code[] = {
	{ A64, 73, "flock", FILES },
	{ A64, 121, "getpgid", INFO },
	{ A64, 142, "sched_setparam", PROCESS },
	{ A64, 50, "listen", COMM },
	{ A64, 69, "msgsnd", COMM },

	{ AI386, 73, "sigpending", PROCESS },
	{ AI386, 101, "ioperm", DEVICE },
	{ AI386, 132, "getpgid", INFO },
	{ AI386, 143, "flock", FILES },
	{ AI386, 154, "sched_setparam", PROCESS },
	{ AI386, 197, "fstat64", FILES },
	{ AI386, 199, "getuid32", INFO },
	{ AI386, 221, "fcntl64", FILES },
	{ AI386, 363, "listen", COMM },
	{ AI386, 400, "msgsnd", COMM },		/* nothing in abi 64 */
	{ AI386, 407, "clock_nanosleep_time64", INFO },

	{ AX32, 73, "flock", FILES },
	{ AX32, 121, "getpgid", INFO },
	{ AX32, 142, "sched_setparam", PROCESS },
	{ AX32, 514, "ioctl", DEVICE },
	{ AX32, 515, "readv", FILES },
	{ AX32, 541, "setsockopt", COMM },
};

/* Calls that the kernel has a name for, and no code on x86. */
static const struct named without_code[] = {
	{ A64, 174, "create_module", DEVICE },
	{ A64, 177, "get_kernel_syms", DEVICE },
	{ A64, 178, "query_module", DEVICE },
	{ A64, 180, "nfsservctl", FILES },
	{ A64, 181, "getpmsg", COMM },
	{ A64, 182, "putpmsg", COMM },
	{ A64, 183, "afs_syscall", FILES },
	{ A64, 184, "tuxcall", COMM },
	{ A64, 185, "security", PROCESS },
	{ A64, 205, "set_thread_area", PROCESS },
	{ A64, 214, "epoll_ctl_old", COMM },
	{ A64, 215, "epoll_wait_old", COMM },
	{ A64, 236, "vserver", PROCESS },

	{ AI386, 17, "break", PROCESS },
	{ AI386, 31, "stty", DEVICE },
	{ AI386, 32, "gtty", DEVICE },
	{ AI386, 35, "ftime", INFO },
	{ AI386, 44, "prof", PROCESS },
	{ AI386, 53, "lock", PROCESS },
	{ AI386, 56, "mpx", PROCESS },
	{ AI386, 58, "ulimit", PROCESS },
	{ AI386, 98, "profil", PROCESS },
	{ AI386, 112, "idle", PROCESS },
	{ AI386, 127, "create_module", DEVICE },
	{ AI386, 137, "afs_syscall", FILES },
	{ AI386, 188, "getpmsg", COMM },
	{ AI386, 273, "vserver", PROCESS },

	{ AX32, 181, "getpmsg", COMM },
	{ AX32, 183, "afs_syscall", FILES },
	{ AX32, 185, "security", PROCESS },
};

/* Numbers without a name. Those inside the kernel's tables reach every hook. */
static const struct {
	int abi;
	int nr;
	bool inside;
} unnamed[] = {
	{ A64, 340, true },
	{ A64, 400, true },
	{ A64, 500, false },
	{ A64, 520, false },		/* a call of x32, with its bit */
	{ A64, 9999, false },
	{ A64, -5, false },
	{ A64, INT_MIN, false },

	{ AI386, 222, true },
	{ AI386, 223, true },
	{ AI386, 500, false },
	{ AI386, 9998, false },
	{ AI386, INT_MAX, false },	/* bit 30 means nothing here */
	{ AI386, -5, false },
	{ AI386, -2, false },

	{ AX32, 13, true },		/* calls of abi 64 that x32 has in another place */
	{ AX32, 59, true },
	{ AX32, 548, false },
	{ AX32, 600, false },
	{ AX32, 0x3fffffff, false },
};

static struct counts before, after;

/* All numbers of tests differ, so that one in the wrong place is seen. */
static unsigned int times(unsigned int i)
{
	return 101 + i;
}

static uint64_t more(int abi, int nr)
{
	return counts_of(&after, abi, nr) - counts_of(&before, abi, nr);
}

static uint64_t more_unknown(void)
{
	return after.categories[SYSCOUNT_CAT_UNKNOWN].calls -
	       before.categories[SYSCOUNT_CAT_UNKNOWN].calls;
}

/*
 * Has the kernel them (cloud kernels have not), and does the hook see them then, or all the same?
 * Asked before the counts are read, as to ask is a call of x32.
 */
static bool has_x32, sees_x32;

FIXTURE(abi_compat)
{
	bool sees_all;
};

FIXTURE_VARIANT(abi_compat)
{
	const char *hook;
	bool sees_all;
};

FIXTURE_VARIANT_ADD(abi_compat, direct)
{
	.hook = "direct",
};

FIXTURE_VARIANT_ADD(abi_compat, tracepoint)
{
	.hook = "tracepoint",
	.sees_all = true,
};

FIXTURE_VARIANT_ADD(abi_compat, kprobe)
{
	.hook = "kprobe",
};

/* Fresh, since a number that got a row of its own keeps it. */
FIXTURE_SETUP(abi_compat)
{
	char parameters[32];

	snprintf(parameters, sizeof(parameters), "hook=%s", variant->hook);
	module_fresh(parameters);
	ASSERT_TRUE(kernel_has_word("syscall.x32=y"))
		TH_LOG("boot with it: scripts/vm -a syscall.x32=y");
	wait_until_alone();
	has_x32 = kernel_has_x32();
	counts_read_proc(&before);
	/* The direct hook sees them where the kernel's entry code lets it. */
	self->sees_all = before.categories[SYSCOUNT_CAT_UNKNOWN].state == SYSCOUNT_ON;
	if (strcmp(variant->hook, "direct"))
		ASSERT_EQ(variant->sees_all, self->sees_all);
	sees_x32 = has_x32 || self->sees_all;
}

FIXTURE_TEARDOWN(abi_compat)
{
}

static void expect_named(struct __test_metadata *_metadata, const struct named *calls,
			 unsigned int count)
{
	uint64_t by_category[SYSCOUNT_CAT_COUNT] = {};
	unsigned int i;

	counts_read_proc(&after);
	for (i = 0; i < count; i++) {
		const struct syscount_row *row = counts_row(&after, calls[i].abi, calls[i].nr);

		if (calls[i].abi == AX32 && !sees_x32) {
			EXPECT_EQ(NULL, row);
			continue;
		}
		ASSERT_NE(NULL, row)
			TH_LOG("%s %d", abi_names[calls[i].abi], calls[i].nr);
		EXPECT_EQ(times(i), more(calls[i].abi, calls[i].nr))
			TH_LOG("%s %s", abi_names[calls[i].abi], calls[i].name);
		EXPECT_STREQ(calls[i].name, counts_name(&after, calls[i].abi, calls[i].nr));
		EXPECT_EQ(calls[i].category, row->category)
			TH_LOG("%s %s", abi_names[calls[i].abi], calls[i].name);
		by_category[calls[i].category] += times(i);
	}
	/* Of these nobody else makes any. */
	EXPECT_EQ(0, more_unknown());
	EXPECT_EQ(by_category[DEVICE], after.categories[DEVICE].calls -
				       before.categories[DEVICE].calls);
	EXPECT_EQ(by_category[COMM], after.categories[COMM].calls -
				     before.categories[COMM].calls);
}

TEST_F(abi_compat, names_and_categories)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(with_code); i++)
		for (j = 0; j < times(i); j++)
			ASSERT_EQ(with_code[i].abi == AX32 && !has_x32,
				  call(with_code[i].abi, with_code[i].nr, -1, 0, 0) == -ENOSYS);
	expect_named(_metadata, with_code, ARRAY_SIZE(with_code));
}

TEST_F(abi_compat, names_without_code)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(without_code); i++)
		for (j = 0; j < times(i); j++)
			ASSERT_EQ(-ENOSYS, call(without_code[i].abi, without_code[i].nr, -1, 0, 0));
	expect_named(_metadata, without_code, ARRAY_SIZE(without_code));
}

TEST_F(abi_compat, no_such_number)
{
	unsigned int i, j;
	uint64_t all = 0;

	for (i = 0; i < ARRAY_SIZE(unnamed); i++)
		for (j = 0; j < times(i); j++)
			ASSERT_EQ(-ENOSYS, call(unnamed[i].abi, unnamed[i].nr, -1, 0, 0));
	counts_read_proc(&after);

	EXPECT_EQ(self->sees_all ? SYSCOUNT_ON : SYSCOUNT_PARTIAL,
		  after.categories[SYSCOUNT_CAT_UNKNOWN].state);
	for (i = 0; i < ARRAY_SIZE(unnamed); i++) {
		bool seen = self->sees_all ||
			    (unnamed[i].inside && (has_x32 || unnamed[i].abi != AX32));
		const struct syscount_row *row = counts_row(&after, unnamed[i].abi, unnamed[i].nr);

		EXPECT_EQ(seen, !!row)
			TH_LOG("%s %d", abi_names[unnamed[i].abi], unnamed[i].nr);
		if (!row)
			continue;
		EXPECT_EQ(times(i), row->calls)
			TH_LOG("%s %d", abi_names[unnamed[i].abi], unnamed[i].nr);
		EXPECT_EQ(SYSCOUNT_CAT_UNKNOWN, row->category);
		EXPECT_EQ(SYSCOUNT_ON, row->state);
		EXPECT_STREQ("?", counts_name(&after, unnamed[i].abi, unnamed[i].nr));
		all += times(i);
	}
	EXPECT_EQ(all, more_unknown());
}

#define ROWS_FOR_UNKNOWN	32
#define NUMBERS			40
#define EACH			11

static int many_abi;

static void call_many_numbers(struct crew_member *me)
{
	unsigned int i, j;

	for (j = 0; j < EACH; j++)
		for (i = 0; i < NUMBERS; i++)
			call(many_abi, 1000 + (i + me->index * 5) % NUMBERS, 0, 0, 0);
}

/* All threads want a row for all numbers at once. */
TEST_F(abi_compat, more_numbers_than_rows)
{
	unsigned int i, rows;
	struct crew *crew;
	uint64_t calls;

	ASSERT_EQ(cpus_present(), cpus_online());
	for (many_abi = 0; many_abi <= SYSCOUNT_ABI_X32; many_abi++) {
		crew = crew_start(4, 2, call_many_numbers);
		calls = crew_size(crew) * EACH;
		crew_go(crew);
		crew_end(crew);

		counts_read_proc(&after);
		rows = 0;
		for (i = 0; i < NUMBERS; i++) {
			if (!counts_row(&after, many_abi, 1000 + i))
				continue;
			rows++;
			EXPECT_EQ(calls, counts_of(&after, many_abi, 1000 + i));
		}
		if (self->sees_all) {
			EXPECT_EQ(ROWS_FOR_UNKNOWN, rows);
			EXPECT_EQ((NUMBERS - ROWS_FOR_UNKNOWN) * calls,
				  counts_other(&after, many_abi));
		} else {
			EXPECT_EQ(0, rows);
			EXPECT_EQ(NULL, counts_row_other(&after, many_abi));
		}
	}
	EXPECT_EQ(self->sees_all ? (SYSCOUNT_ABI_X32 + 1) * NUMBERS * calls : 0, more_unknown());
}

/* The calls in '*' of CPU @cpu, since loading. */
static uint64_t other_of_cpu(int cpu)
{
	static struct syscount_row row[COUNTS_ROWS];
	struct syscount_read args = {
		.size = sizeof(args),
		.flags = SYSCOUNT_READ_CPU,
		.cpu = cpu,
		.capacity = COUNTS_ROWS,
		.rows = (uintptr_t)row,
	};
	uint64_t other = 0;
	unsigned int i;

	if (device_ioctl(SYSCOUNT_IOC_READ, &args))
		die("the counters of CPU %d cannot be read", cpu);
	for (i = 0; i < args.count; i++)
		if (row[i].abi == A64 && row[i].nr >= 1000)
			die("CPU %d has a row for %d", cpu, row[i].nr);
		else if (row[i].abi == A64 && row[i].flags & SYSCOUNT_ROW_OTHER)
			other = row[i].calls;
	return other;
}

TEST_F(abi_compat, rows_are_kept_until_a_reset)
{
	uint64_t other = 0;
	unsigned int i;

	if (!self->sees_all)
		return;
	for (i = 0; i < 2 * NUMBERS; i++)
		call(A64, 2000 + i % NUMBERS, 0, 0, 0);
	counts_read_proc(&after);
	for (i = 0; i < NUMBERS; i++)
		EXPECT_EQ(i < ROWS_FOR_UNKNOWN ? 2 : 0, counts_of(&after, A64, 2000 + i));
	EXPECT_EQ(2 * (NUMBERS - ROWS_FOR_UNKNOWN), counts_other(&after, A64));

	reset_by_ioctl();
	counts_read_proc(&after);
	EXPECT_EQ(NULL, counts_row_other(&after, A64));
	EXPECT_EQ(0, after.categories[SYSCOUNT_CAT_UNKNOWN].calls);

	/* Other numbers, so that none can have kept its row. */
	for (i = 0; i < NUMBERS; i++)
		call(A64, 3000 - i, 0, 0, 0);
	counts_read_proc(&after);
	for (i = 0; i < NUMBERS; i++)
		EXPECT_EQ(i < ROWS_FOR_UNKNOWN ? 1 : 0, counts_of(&after, A64, 3000 - i));
	EXPECT_EQ(NUMBERS - ROWS_FOR_UNKNOWN, counts_other(&after, A64));
	EXPECT_EQ(NUMBERS, after.categories[SYSCOUNT_CAT_UNKNOWN].calls);

	/* A single CPU's counters are since loading, and know no numbers here. */
	for (i = 0; i < cpus_present(); i++)
		other += other_of_cpu(i);
	EXPECT_EQ(3 * NUMBERS, other);
}

TEST_F(abi_compat, low_half_of_rax)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(-EBADF, call_64(0x100000000 | SYS_dup, -1, 0, 0));
		ASSERT_EQ(-EBADF, call_64(0xffffffff00000000 | SYS_fsync, -1, 0, 0));
		ASSERT_EQ(has_x32 ? -EBADF : -ENOSYS,
			  call_64(0x8000000000000000 | X32_BIT | SYS_fsync, -1, 0, 0));
		ASSERT_EQ(-EBADF, (int)call_i386(0x4000000000000000 | 118, -1, 0, 0));
		ASSERT_EQ(-ENOSYS, call_64(0x00000000fffffff0, 0, 0, 0));
		ASSERT_EQ(-ENOSYS, call_64(0xfffffffffffffff0, 0, 0, 0));
		ASSERT_EQ(-ENOSYS, call_64(0x12345678fffffff0, 0, 0, 0));
	}
	counts_read_proc(&after);
	EXPECT_EQ(1000, more(A64, SYS_dup));
	EXPECT_EQ(1000, more(A64, SYS_fsync));
	EXPECT_EQ(sees_x32 ? 1000 : 0, more(AX32, SYS_fsync));
	EXPECT_EQ(1000, more(AI386, 118));
	EXPECT_EQ(self->sees_all ? 3000 : 0, more(A64, -16));
	EXPECT_EQ(self->sees_all ? 3000 : 0, more_unknown());
}

/* The kernel uses it for "no call". */
TEST_F(abi_compat, minus_one)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		call_64(-1L, 0, 0, 0);
		call_64(0xffffffff, 0, 0, 0);
		call_i386(0xffffffff, 0, 0, 0);
		call_i386(-1L, 0, 0, 0);
	}
	counts_read_proc(&after);
	EXPECT_EQ(0, more_unknown());
	EXPECT_EQ(NULL, counts_row(&after, A64, -1));
	EXPECT_EQ(NULL, counts_row(&after, AI386, -1));
}

TEST_F(abi_compat, skipped_by_a_tracer)
{
	trace_child(traced_child(101, SYS_flock), SYS_flock, -1);
	counts_read_proc(&after);
	EXPECT_EQ(0, more(A64, SYS_flock));
	EXPECT_EQ(0, more_unknown());
	EXPECT_EQ(NULL, counts_row(&after, A64, -1));
}

TEST_F(abi_compat, changed_by_a_tracer)
{
	trace_child(traced_child(101, SYS_flock), SYS_flock, SYS_getpgid);
	counts_read_proc(&after);
	EXPECT_EQ(0, more(A64, SYS_flock));
	EXPECT_EQ(101, more(A64, SYS_getpgid));
	EXPECT_EQ(0, more_unknown());
}

TEST_F(abi_compat, emulated_vsyscalls)
{
	long (*const vgettimeofday)(struct timeval *, void *) = (void *)0xffffffffff600000;
	long (*const vtime)(long *) = (void *)0xffffffffff600400;
	long (*const vgetcpu)(unsigned int *, void *, void *) = (void *)0xffffffffff600800;
	struct timeval now = {};
	unsigned int i, cpu;

	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, vgettimeofday(&now, NULL));
		ASSERT_LT(0, vtime(NULL));
		ASSERT_EQ(0, vgetcpu(&cpu, NULL, NULL));
	}
	EXPECT_LT(0, now.tv_sec);
	counts_read_proc(&after);
	EXPECT_EQ(0, more(A64, SYS_gettimeofday));
	EXPECT_EQ(0, more(A64, SYS_time));
	EXPECT_EQ(0, more(A64, SYS_getcpu));
	EXPECT_EQ(0, more_unknown());
}

/* The program makes as many calls as its exit status says. */
static void run_elf(struct __test_metadata *_metadata, const char *name, int *calls)
{
	char path[PATH_MAX];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", program_dir(), name);
	counts_read_proc(&before);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		execl(path, path, NULL);
		die("%s: %s", path, strerror(errno));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	*calls = WEXITSTATUS(status);
	ASSERT_LT(100, *calls);
	counts_read_proc(&after);
	EXPECT_EQ(1, more(A64, SYS_execve));
	EXPECT_EQ(0, more(A64, SYS_exit_group));
	EXPECT_EQ(0, more_unknown());
}

TEST_F(abi_compat, program_i386)
{
	int calls;

	run_elf(_metadata, "calls_i386", &calls);
	EXPECT_EQ(calls, more(AI386, 143));
	EXPECT_EQ(calls, more(AI386, 132));
	EXPECT_EQ(1, more(AI386, 252));
	EXPECT_STREQ("flock", counts_name(&after, AI386, 143));
	EXPECT_STREQ("exit_group", counts_name(&after, AI386, 252));
	EXPECT_EQ(0, more(A64, 143));
	EXPECT_EQ(0, more(AI386, 11));		/* execve leaves as it, and enters as 64 59 */
}

TEST_F(abi_compat, program_x32)
{
	int calls;

	if (!has_x32)
		SKIP(return, "this kernel executes no programs of x32");
	run_elf(_metadata, "calls_x32", &calls);
	EXPECT_EQ(calls, more(AX32, SYS_flock));
	EXPECT_EQ(calls, more(AX32, SYS_getpgid));
	EXPECT_EQ(1, more(AX32, SYS_exit_group));
	EXPECT_STREQ("exit_group", counts_name(&after, AX32, SYS_exit_group));
	EXPECT_EQ(0, more(A64, SYS_flock));
	EXPECT_EQ(0, more(AX32, 520));
}

TEST_HARNESS_MAIN

#endif
