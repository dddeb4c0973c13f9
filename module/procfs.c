// SPDX-License-Identifier: GPL-2.0-only
/* /proc/syscount: Documentation/ABI/testing/procfs-syscount */

#include <linux/math64.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/time64.h>

#include "access.h"
#include "counters.h"
#include "hook.h"
#include "interfaces.h"
#include "switch.h"

#define FORMAT_VERSION	1

struct reading {
	struct syscount_snapshot *snapshot;
	bool opener_in_group;
};

static const char *state_name(enum syscount_state state)
{
	static const char *const names[] = {
		[SYSCOUNT_OFF] = "off", [SYSCOUNT_ON] = "on", [SYSCOUNT_PARTIAL] = "partial",
	};

	return names[state];
}

static void show_seconds(struct seq_file *seq, const char *key, u64 ns)
{
	u32 rest;
	u64 seconds = div_u64_rem(ns, NSEC_PER_SEC, &rest);

	seq_printf(seq, " %s=%llu.%03u", key, seconds, rest / (u32)NSEC_PER_MSEC);
}

static void show_head(struct seq_file *seq, const struct syscount_snapshot *snapshot)
{
	unsigned int i;

	seq_printf(seq, "syscount %d hook=%s", FORMAT_VERSION,
		   syscount_hook_name(syscount_hook_active()));
	show_seconds(seq, "since", snapshot->since_ns);
	show_seconds(seq, "now", snapshot->now_ns);
	seq_printf(seq, "\n\n%-14s %-7s %20s\n", "category", "state", "calls");
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		seq_printf(seq, "%-14s %-7s %20llu\n", syscount_category_names[i],
			   state_name(syscount_category_state(i)), snapshot->categories[i]);
	seq_printf(seq, "%-14s %-7s %20llu\n", "total", "-", snapshot->total);
	seq_printf(seq, "\n%-4s %4s %-28s %-13s %-6s %20s\n",
		   "abi", "nr", "syscall", "category", "state", "calls");
}

static void show_row(struct seq_file *seq, const struct syscount_snapshot *snapshot,
		     unsigned int index)
{
	const char *name, *category = "-";
	struct syscount_row row;
	char nr[12] = "*";
	int len = 1;

	syscount_snapshot_row(snapshot, index, &row);
	if (!(row.flags & SYSCOUNT_ROW_OTHER))
		len = snprintf(nr, sizeof(nr), "%d", row.nr);
	name = row.flags & SYSCOUNT_ROW_NAMED ?
	       syscount_call_name(snapshot->order[index]) : "?";
	if (row.category != SYSCOUNT_CAT_UNKNOWN)
		category = syscount_category_names[row.category];

	/* A number that is too long takes its room from the name, a "?". */
	seq_printf(seq, "%-4s %4s %-*s %-13s %-6s %20llu\n", syscount_abi_names[row.abi], nr,
		   28 - max(len - 4, 0), name, category, state_name(row.state), row.calls);
}

/* Position 0 is all above the rows. */
static void *position(struct reading *reading, loff_t pos)
{
	return pos <= reading->snapshot->rows ? reading : NULL;
}

static void *syscount_seq_start(struct seq_file *seq, loff_t *pos)
{
	struct reading *reading = seq->private;

	/* Reading from the start, again after a seek too, is a new reading. */
	if (!*pos)
		syscount_snapshot_take(reading->snapshot, SYSCOUNT_ALL_CPUS, false);
	return position(reading, *pos);
}

static void *syscount_seq_next(struct seq_file *seq, void *v, loff_t *pos)
{
	++*pos;
	return position(seq->private, *pos);
}

static void syscount_seq_stop(struct seq_file *seq, void *v)
{
}

static int syscount_seq_show(struct seq_file *seq, void *v)
{
	struct reading *reading = v;

	if (!seq->index)
		show_head(seq, reading->snapshot);
	else
		show_row(seq, reading->snapshot, seq->index - 1);
	return 0;
}

static const struct seq_operations syscount_seq_ops = {
	.start = syscount_seq_start,
	.next = syscount_seq_next,
	.stop = syscount_seq_stop,
	.show = syscount_seq_show,
};

static int syscount_proc_open(struct inode *inode, struct file *file)
{
	struct reading *reading;

	if (!syscount_may_read())
		return -EPERM;

	reading = __seq_open_private(file, &syscount_seq_ops, sizeof(*reading));
	if (!reading)
		return -ENOMEM;
	reading->opener_in_group = syscount_in_group();
	reading->snapshot = syscount_snapshot_alloc();
	if (!reading->snapshot) {
		seq_release_private(inode, file);
		return -ENOMEM;
	}
	return 0;
}

static ssize_t syscount_proc_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	const struct seq_file *seq = iocb->ki_filp->private_data;
	const struct reading *reading = seq->private;

	if (!syscount_file_may_read(iocb->ki_filp, reading->opener_in_group))
		return -EPERM;
	return seq_read_iter(iocb, to);
}

static int syscount_proc_release(struct inode *inode, struct file *file)
{
	const struct seq_file *seq = file->private_data;
	struct reading *reading = seq->private;

	syscount_snapshot_free(reading->snapshot);
	return seq_release_private(inode, file);
}

static const struct proc_ops syscount_proc_ops = {
	.proc_open = syscount_proc_open,
	.proc_read_iter = syscount_proc_read_iter,
	.proc_lseek = seq_lseek,
	.proc_release = syscount_proc_release,
};

int syscount_procfs_init(void)
{
	return proc_create("syscount", 0444, NULL, &syscount_proc_ops) ? 0 : -ENOMEM;
}

void syscount_procfs_exit(void)
{
	remove_proc_entry("syscount", NULL);
}
