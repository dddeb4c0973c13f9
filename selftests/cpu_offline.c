// SPDX-License-Identifier: GPL-2.0-or-later
/* What a CPU counted stays counted when the CPU goes, and goes on when it is back. */

#include "../kselftest_harness.h"

#include <sys/syscall.h>

#include "syscount_test.h"

#define CALLS		10007

FIXTURE(cpu_offline)
{
	int cpu;
};

FIXTURE_VARIANT(cpu_offline)
{
	const char *hook;
};

FIXTURE_VARIANT_ADD(cpu_offline, direct)
{
	.hook = "direct",
};

FIXTURE_VARIANT_ADD(cpu_offline, tracepoint)
{
	.hook = "tracepoint",
};

FIXTURE_VARIANT_ADD(cpu_offline, kprobe)
{
	.hook = "kprobe",
};

FIXTURE_SETUP(cpu_offline)
{
	if (cpus_present() == 1)
		skip_rest("there is one CPU only");
	module_ready(variant->hook);
	self->cpu = cpus_present() - 1;
	ASSERT_EQ(cpus_present(), cpus_online());
}

FIXTURE_TEARDOWN(cpu_offline)
{
	cpu_switch(self->cpu, true);
}

static void make_calls_on(int cpu)
{
	unsigned int i;

	pin(cpu);
	for (i = 0; i < CALLS; i++)
		call_64(SYS_flock, -1, 0, 0);
	pin(0);
}

static uint64_t counted_on(int cpu)
{
	static struct syscount_row rows[COUNTS_ROWS];
	struct syscount_read args = {
		.size = sizeof(args), .flags = SYSCOUNT_READ_CPU, .cpu = cpu,
		.capacity = COUNTS_ROWS, .rows = (uintptr_t)rows,
	};
	unsigned int i;
	int err = device_ioctl(SYSCOUNT_IOC_READ, &args);

	if (err)
		die("SYSCOUNT_IOC_READ of CPU %d: %s", cpu, strerror(-err));
	for (i = 0; i < args.count; i++)
		if (rows[i].abi == SYSCOUNT_ABI_64 && rows[i].nr == SYS_flock)
			return rows[i].calls;
	return 0;
}

TEST_F(cpu_offline, counts_stay)
{
	static struct counts before, after;
	uint64_t on_cpu;

	on_cpu = counted_on(self->cpu);
	counts_read_proc(&before);
	make_calls_on(self->cpu);
	cpu_switch(self->cpu, false);
	EXPECT_EQ(cpus_present() - 1, cpus_online());

	counts_read_proc(&after);
	EXPECT_EQ(CALLS, counts_of(&after, SYSCOUNT_ABI_64, SYS_flock) -
			 counts_of(&before, SYSCOUNT_ABI_64, SYS_flock));
	counts_read_ioctl(&after);
	EXPECT_EQ(CALLS, counts_of(&after, SYSCOUNT_ABI_64, SYS_flock) -
			 counts_of(&before, SYSCOUNT_ABI_64, SYS_flock));
	EXPECT_EQ(CALLS, counted_on(self->cpu) - on_cpu);

	cpu_switch(self->cpu, true);
	EXPECT_EQ(CALLS, counted_on(self->cpu) - on_cpu);
	make_calls_on(self->cpu);
	EXPECT_EQ(2 * CALLS, counted_on(self->cpu) - on_cpu);
	counts_read_proc(&after);
	EXPECT_EQ(2 * CALLS, counts_of(&after, SYSCOUNT_ABI_64, SYS_flock) -
			     counts_of(&before, SYSCOUNT_ABI_64, SYS_flock));
}

/* A reset and the hook's coming and going while the CPU is away. */
TEST_F(cpu_offline, changes_meanwhile)
{
	make_calls_on(self->cpu);
	cpu_switch(self->cpu, false);
	reset_by_ioctl();
	EXPECT_EQ(0, counted(SYSCOUNT_ABI_64, SYS_flock));
	all_enable(false);
	all_enable(true);
	cpu_switch(self->cpu, true);
	EXPECT_EQ(0, counted(SYSCOUNT_ABI_64, SYS_flock));
	make_calls_on(self->cpu);
	EXPECT_EQ(CALLS, counted(SYSCOUNT_ABI_64, SYS_flock));
}

TEST_HARNESS_MAIN
