// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * count COMMAND...: runs COMMAND and says on stderr what was counted meanwhile,
 * on the whole machine. What this program does itself between its two readings
 * is taken off: one vfork, one wait4, one ioctl.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/syscount.h>

#define ROWS 2048

struct reading {
	struct syscount_read head;
	struct syscount_row rows[ROWS];
};

static const char *const categories[] = {
	"process", "file", "device", "info", "communication", "unknown"
};
static const char *const abis[] = { "64", "i386", "x32" };
static struct syscount_name names[ROWS];
static struct syscount_names name_list = {
	.size = sizeof(name_list), .capacity = ROWS, .names = (__u64)names
};

static void take(int device, struct reading *reading)
{
	reading->head.size = sizeof(reading->head);
	reading->head.capacity = ROWS;
	reading->head.rows = (__u64)reading->rows;
	if (ioctl(device, SYSCOUNT_IOC_READ, &reading->head))
		err(125, "cannot read the counters");
}

static __u64 calls_before(const struct reading *before, const struct syscount_row *row)
{
	for (__u32 i = 0; i < before->head.count; i++)
		if (before->rows[i].abi == row->abi && before->rows[i].nr == row->nr &&
		    before->rows[i].flags == row->flags)
			return before->rows[i].calls;
	return 0;
}

static int is_ours(const struct syscount_row *row)
{
	return row->abi == SYSCOUNT_ABI_64 &&
	       (row->nr == SYS_vfork || row->nr == SYS_wait4 || row->nr == SYS_ioctl);
}

static const char *name_of(const struct syscount_row *row)
{
	for (__u32 i = 0; i < name_list.count; i++)
		if (names[i].abi == row->abi && names[i].nr == row->nr)
			return names[i].name;
	return "?";
}

static void print_difference(const struct reading *a, const struct reading *b)
{
	__u64 sums[SYSCOUNT_CAT_COUNT] = { 0 };

	fprintf(stderr, "%-4s %6s %-20s %-13s %7s\n", "abi", "nr", "syscall", "category", "calls");
	for (__u32 i = 0; i < b->head.count; i++) {
		const struct syscount_row *row = &b->rows[i];
		__u64 calls = row->calls - calls_before(a, row) - is_ours(row);

		sums[row->category] += calls;
		if (calls)
			fprintf(stderr, "%-4s %6d %-20s %-13s %7llu\n", abis[row->abi], row->nr,
				name_of(row), categories[row->category], calls);
	}
	for (int i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		if (sums[i])
			fprintf(stderr, "all calls of category %-22s %7llu\n", categories[i], sums[i]);
}

int main(int argc, char **argv)
{
	static struct reading before, after;
	int device = open(SYSCOUNT_DEVICE, O_RDONLY | O_CLOEXEC), status;

	if (argc < 2)
		errx(125, "usage: count COMMAND...");
	if (device < 0 || ioctl(device, SYSCOUNT_IOC_GET_NAMES, &name_list))
		err(125, SYSCOUNT_DEVICE);

	take(device, &before);
	if (!vfork()) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	wait(&status);
	take(device, &after);

	print_difference(&before, &after);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
