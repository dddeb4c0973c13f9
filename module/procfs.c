// SPDX-License-Identifier: GPL-2.0-only
/* /proc/syscount: Documentation/ABI/testing/procfs-syscount */

#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "access.h"
#include "counters.h"
#include "hook.h"
#include "interfaces.h"
#include "switch.h"

#define FORMAT_VERSION	1

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

/*
 * Columns of a row: where text begins, and where a number ends. The heads are in
 * show_head(), and all of it in Documentation/ABI/testing/procfs-syscount.
 */
enum {
	ROW_ABI = 0, ROW_NR = 5, ROW_NR_END = 9, ROW_SYSCALL = 10, ROW_CATEGORY = 39,
	ROW_STATE = 53, ROW_END = 80
};

/*
 * Text at @column, or later if what stands before it went on to @end: no name is
 * cut, and there is a blank between. Returns where the text ends.
 */
static unsigned int put_text(char *row, unsigned int end, unsigned int column, const char *text)
{
	column = max(column, end + 1);
	while (*text)
		row[column++] = *text++;
	return column;
}

static void put_number(char *row, unsigned int end, u64 number)
{
	do {
		row[--end] = '0' + number % 10;
		number /= 10;
	} while (number);
}

/* Returns where the number ends: a long one takes its room from the name, a "?". */
static unsigned int put_nr(char *row, s32 nr)
{
	char text[12];

	if (nr >= 0 && nr <= 9999) {
		put_number(row, ROW_NR_END, nr);
		return ROW_NR_END;
	}
	snprintf(text, sizeof(text), "%4d", nr);
	return put_text(row, 0, ROW_NR, text);
}

/* By hand, since seq_printf() would take 3000 instructions a row, and this takes 400. */
static void show_row(struct seq_file *seq, const struct syscount_snapshot *snapshot,
		     unsigned int index)
{
	const char *name = "?", *category = "-";
	struct syscount_row row;
	char text[2 * ROW_END];
	unsigned int end;

	syscount_snapshot_row(snapshot, index, &row);
	if (row.flags & SYSCOUNT_ROW_NAMED)
		name = syscount_call_name(snapshot->order[index]);
	if (row.category != SYSCOUNT_CAT_UNKNOWN)
		category = syscount_category_names[row.category];

	memset(text, ' ', sizeof(text));
	end = put_text(text, -1, ROW_ABI, syscount_abi_names[row.abi]);
	if (row.flags & SYSCOUNT_ROW_OTHER)
		end = put_text(text, end, ROW_NR_END - 1, "*");
	else
		end = put_nr(text, row.nr);
	end = put_text(text, end, ROW_SYSCALL, name);
	end = put_text(text, end, ROW_CATEGORY, category);
	end = put_text(text, end, ROW_STATE, state_name(row.state));
	end = max_t(unsigned int, ROW_END, end + 21);
	put_number(text, end, row.calls);
	text[end++] = '\n';
	seq_write(seq, text, end);
}

/* Position 0 is all above the rows. */
static void *position(struct syscount_snapshot *snapshot, loff_t pos)
{
	return pos <= snapshot->rows ? snapshot : NULL;
}

static void *syscount_seq_start(struct seq_file *seq, loff_t *pos)
{
	/* Reading from the start is a new reading, as is going anywhere by a seek. */
	if (!*pos)
		syscount_snapshot_take(seq->private, SYSCOUNT_ALL_CPUS, false);
	return position(seq->private, *pos);
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
	const struct syscount_snapshot *snapshot = v;

	if (!seq->index)
		show_head(seq, snapshot);
	else
		show_row(seq, snapshot, seq->index - 1);
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
	if (!syscount_may_read())
		return -EPERM;
	return seq_open_private(file, &syscount_seq_ops, sizeof(struct syscount_snapshot));
}

static ssize_t syscount_proc_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	if (!syscount_file_may_read(iocb->ki_filp))
		return -EPERM;
	return seq_read_iter(iocb, to);
}

static const struct proc_ops syscount_proc_ops = {
	.proc_open = syscount_proc_open,
	.proc_read_iter = syscount_proc_read_iter,
	.proc_lseek = seq_lseek,
	.proc_release = seq_release_private,
};

int __init syscount_procfs_init(void)
{
	return proc_create("syscount", 0444, NULL, &syscount_proc_ops) ? 0 : -ENOMEM;
}

void syscount_procfs_exit(void)
{
	remove_proc_entry("syscount", NULL);
}
