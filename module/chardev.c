// SPDX-License-Identifier: GPL-2.0-only
/* /dev/syscount: the ioctls of uapi/linux/syscount.h */

#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/syscount.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "access.h"
#include "cost.h"
#include "counters.h"
#include "hook.h"
#include "interfaces.h"
#include "switch.h"
#include "version.h"
#include "watch.h"

static_assert(sizeof(struct syscount_version) == 32);
static_assert(sizeof(struct syscount_info) == 56);
static_assert(sizeof(struct syscount_name) == 112);
static_assert(sizeof(struct syscount_names) == 24);
static_assert(sizeof(struct syscount_row) == 16);
static_assert(sizeof(struct syscount_read) == 184);
static_assert(sizeof(struct syscount_reset) == 8);
static_assert(sizeof(struct syscount_switch_item) == 8);
static_assert(sizeof(struct syscount_switch) == 24);
static_assert(sizeof(struct syscount_cost) == 40);
static_assert(sizeof(struct syscount_bypass) == 8);
static_assert(sizeof(struct syscount_watch) == 24);
static_assert(sizeof(struct syscount_watch_group) == 56);
static_assert(sizeof(struct syscount_watch_row) == 96);
static_assert(sizeof(struct syscount_watch_detail) == 16);
static_assert(sizeof(struct syscount_watch_read) == 240);

/* Rows copied to the user at a time; they are on the stack. */
#define ROWS_PER_COPY	32

static int get_version(struct file *file, void *data)
{
	struct syscount_version *args = data;

	if (args->reserved)
		return -EINVAL;

	args->abi_version = SYSCOUNT_ABI_VERSION;
	strscpy_pad(args->module, SYSCOUNT_VERSION, sizeof(args->module));
	return 0;
}

static int get_info(struct file *file, void *data)
{
	struct syscount_info *args = data;

	if (args->reserved)
		return -EINVAL;

	args->hook = syscount_hook_active();
	args->hook_chosen = syscount_hook_chosen();
	args->hooks = syscount_hook_available();
	args->abis = syscount_abis_built();
	args->cpu_ids = nr_cpu_ids;
	args->loaded_ns = syscount_counters_loaded_ns();
	args->since_ns = syscount_counters_since_ns();
	args->now_ns = ktime_get_boottime_ns();
	return 0;
}

static void fill_name(struct syscount_name *name, unsigned int abi, unsigned int nr)
{
	unsigned int index = syscount_abi_base(abi) + nr;

	memset(name, 0, sizeof(*name));
	name->nr = nr;
	name->abi = abi;
	name->category = syscount_call_category(index);
	strscpy(name->name, syscount_call_name(index), sizeof(name->name));
	syscount_call_entry(abi, index, name->entry);
}

static int get_names(struct file *file, void *data)
{
	struct syscount_names *args = data;
	struct syscount_name __user *to = u64_to_user_ptr(args->names);
	unsigned int abi, nr;

	args->count = 0;
	for (abi = 0; abi < SYSCOUNT_ABIS; abi++) {
		for (nr = 0; nr < syscount_abi_size(abi); nr++) {
			struct syscount_name name;

			if (!syscount_call_name(syscount_abi_base(abi) + nr))
				continue;
			if (args->count++ >= args->capacity)
				continue;
			fill_name(&name, abi, nr);
			if (copy_to_user(to++, &name, sizeof(name)))
				return -EFAULT;
			cond_resched();
		}
	}
	return 0;
}

static int put_rows(const struct syscount_snapshot *snapshot, struct syscount_row __user *to,
		    unsigned int count)
{
	struct syscount_row rows[ROWS_PER_COPY];
	unsigned int first, i, some;

	for (first = 0; first < count; first += some) {
		some = min_t(unsigned int, count - first, ROWS_PER_COPY);
		for (i = 0; i < some; i++)
			syscount_snapshot_row(snapshot, first + i, &rows[i]);
		if (copy_to_user(to + first, rows, some * sizeof(rows[0])))
			return -EFAULT;
	}
	return 0;
}

static int read_cpu(const struct syscount_read *args, int *cpu)
{
	*cpu = SYSCOUNT_ALL_CPUS;
	if (!(args->flags & SYSCOUNT_READ_CPU))
		return args->cpu ? -EINVAL : 0;
	if (args->cpu >= nr_cpu_ids || !cpu_possible(args->cpu))
		return -ENXIO;
	*cpu = array_index_nospec(args->cpu, nr_cpu_ids);
	return 0;
}

static int read_counters(struct file *file, void *data)
{
	struct syscount_read *args = data;
	struct syscount_snapshot *snapshot;
	unsigned int i;
	int cpu, err;

	err = read_cpu(args, &cpu);
	if (err)
		return err;

	snapshot = syscount_snapshot_alloc();
	if (!snapshot)
		return -ENOMEM;
	syscount_snapshot_take(snapshot, cpu, args->flags & SYSCOUNT_READ_ALL);
	err = put_rows(snapshot, u64_to_user_ptr(args->rows),
		       min(args->capacity, snapshot->rows));

	args->count = snapshot->rows;
	args->hook = syscount_hook_active();
	args->since_ns = snapshot->since_ns;
	args->now_ns = snapshot->now_ns;
	args->total = snapshot->total;
	memset(args->categories, 0, sizeof(args->categories));
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++) {
		args->categories[i].state = syscount_category_state(i);
		args->categories[i].calls = snapshot->categories[i];
	}
	syscount_snapshot_free(snapshot);
	return err;
}

static int reset(struct file *file, void *data)
{
	syscount_counters_reset();
	return 0;
}

static int switch_items(struct file *file, void *data)
{
	struct syscount_switch *args = data;
	struct syscount_switch_item *items;
	int err;

	if (args->reserved)
		return -EINVAL;
	if (args->count > SYSCOUNT_SWITCH_MAX)
		return -E2BIG;

	items = vmemdup_user(u64_to_user_ptr(args->items),
			     array_size(args->count, sizeof(*items)));
	if (IS_ERR(items))
		return PTR_ERR(items);
	err = syscount_switch(items, args->count);
	kvfree(items);
	return err;
}

static int cost(struct file *file, void *data)
{
	return syscount_cost_measure(data);
}

static int bypass(struct file *file, void *data)
{
	const struct syscount_bypass *args = data;

	return syscount_switch_bypass(!(args->flags & SYSCOUNT_BYPASS_END));
}

/* What a file is a watch of is set once, and stays until it is closed. */
static int watch(struct file *file, void *data)
{
	const struct syscount_watch *args = data;
	struct watch *watch;

	if (READ_ONCE(file->private_data))
		return -EBUSY;
	watch = syscount_watch_open(file, args);
	if (IS_ERR(watch))
		return PTR_ERR(watch);
	if (cmpxchg(&file->private_data, NULL, (void *)watch)) {
		syscount_watch_close(watch);	/* another thread was faster */
		return -EBUSY;
	}
	return 0;
}

enum access { ACCESS_ANYONE, ACCESS_READ, ACCESS_CONTROL, ACCESS_WATCH };

/*
 * When the answer is stored, if it can be. What changes something answers nothing but the size,
 * and answers first: if that fails, nothing has changed. A command that answers and changes
 * something stores the answer itself, in between.
 */
enum answers { ANSWERS_LAST, ANSWERS_FIRST, ANSWERS_ITSELF };

union args {
	struct {
		__u32 size;
		__u32 flags;
	} head;				/* of each of the others */
	struct syscount_version version;
	struct syscount_info info;
	struct syscount_names names;
	struct syscount_read read;
	struct syscount_reset reset;
	struct syscount_switch switches;
	struct syscount_cost cost;
	struct syscount_bypass bypass;
	struct syscount_watch watch;
	struct syscount_watch_read read_watch;
};

struct command {
	int (*run)(struct file *file, void *args);
	enum access access;
	u32 size;
	u32 flags;			/* that the command knows */
	enum answers answers;
};

struct call {
	union args args;
	const struct command *command;
	void __user *to;
	size_t usize;			/* of the caller's struct */
};

static int get_args(struct call *call)
{
	int err;

	if (call->usize < SYSCOUNT_SIZE_MIN)
		return -EINVAL;
	if (call->usize > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&call->args, call->command->size, call->to, call->usize);
	if (err)
		return err;
	if (call->args.head.size != call->usize || call->args.head.flags & ~call->command->flags)
		return -EINVAL;
	return 0;
}

static int put_args(struct call *call)
{
	size_t size = call->command->size;

	call->args.head.size = size;
	return copy_to_user(call->to, &call->args, min(call->usize, size)) ? -EFAULT : 0;
}

static int store(struct syscount_watch_read *args)
{
	return put_args(container_of(args, struct call, args.read_watch));
}

static int read_watch(struct file *file, void *data)
{
	/* Made by watch() of another thread maybe. */
	struct watch *watch = smp_load_acquire(&file->private_data);

	if (!watch)
		return -EINVAL;
	/* Again: it may be one only since the arguments were copied, which takes its time. */
	if (!syscount_watch_may_read(file))
		return -EPERM;
	return syscount_watch_read(watch, data, store);
}

static const struct command commands[] = {
	[_IOC_NR(SYSCOUNT_IOC_GET_VERSION)] = {
		get_version, ACCESS_ANYONE, sizeof(struct syscount_version)
	},
	[_IOC_NR(SYSCOUNT_IOC_GET_INFO)] = {
		get_info, ACCESS_READ, sizeof(struct syscount_info)
	},
	[_IOC_NR(SYSCOUNT_IOC_GET_NAMES)] = {
		get_names, ACCESS_ANYONE, sizeof(struct syscount_names)
	},
	[_IOC_NR(SYSCOUNT_IOC_READ)] = {
		read_counters, ACCESS_READ, sizeof(struct syscount_read),
		SYSCOUNT_READ_ALL | SYSCOUNT_READ_CPU
	},
	[_IOC_NR(SYSCOUNT_IOC_RESET)] = {
		reset, ACCESS_CONTROL, sizeof(struct syscount_reset),
		.answers = ANSWERS_FIRST
	},
	[_IOC_NR(SYSCOUNT_IOC_SWITCH)] = {
		switch_items, ACCESS_CONTROL, sizeof(struct syscount_switch),
		.answers = ANSWERS_FIRST
	},
	[_IOC_NR(SYSCOUNT_IOC_COST)] = {
		cost, ACCESS_READ, sizeof(struct syscount_cost)
	},
	[_IOC_NR(SYSCOUNT_IOC_BYPASS)] = {
		bypass, ACCESS_CONTROL, sizeof(struct syscount_bypass),
		SYSCOUNT_BYPASS_END, .answers = ANSWERS_FIRST
	},
	[_IOC_NR(SYSCOUNT_IOC_WATCH)] = {
		watch, ACCESS_ANYONE, sizeof(struct syscount_watch),
		SYSCOUNT_WATCH_ERRORS | SYSCOUNT_WATCH_LATENCY | SYSCOUNT_WATCH_OBJECTS |
		SYSCOUNT_WATCH_NO_CHILDREN | SYSCOUNT_WATCH_NO_THREADS, .answers = ANSWERS_FIRST
	},
	[_IOC_NR(SYSCOUNT_IOC_READ_WATCH)] = {
		read_watch, ACCESS_WATCH, sizeof(struct syscount_watch_read),
		SYSCOUNT_READ_FORGET, .answers = ANSWERS_ITSELF
	},
};

static bool may(const struct file *file, enum access access)
{
	switch (access) {
	case ACCESS_ANYONE:
		return true;
	case ACCESS_READ:
		return syscount_file_may_read(file);
	case ACCESS_CONTROL:
		return syscount_file_may_control(file);
	case ACCESS_WATCH:
		return syscount_watch_may_read(file);
	}
	return false;
}

/*
 * A command is its type and number. Its size is that of the caller's struct,
 * which may be of another version of the interface (as in seccomp's ioctls).
 */
static long syscount_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct command *command;
	struct call call;
	int err;

	if (_IOC_TYPE(cmd) != SYSCOUNT_IOC_MAGIC || _IOC_NR(cmd) >= ARRAY_SIZE(commands))
		return -ENOTTY;
	command = &commands[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(commands))];
	if (!may(file, command->access))
		return -EPERM;

	call.command = command;
	call.to = (void __user *)arg;
	call.usize = _IOC_SIZE(cmd);
	err = get_args(&call);
	if (!err && command->answers == ANSWERS_FIRST)
		err = put_args(&call);
	if (!err)
		err = command->run(file, &call.args);
	if (!err && command->answers == ANSWERS_LAST)
		err = put_args(&call);
	return err;
}

/* A misc device's file begins with the device there. */
static int syscount_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return nonseekable_open(inode, file);
}

static int syscount_release(struct inode *inode, struct file *file)
{
	if (file->private_data)
		syscount_watch_close(file->private_data);
	return 0;
}

static const struct file_operations syscount_fops = {
	.owner = THIS_MODULE,
	.open = syscount_open,
	.release = syscount_release,
	.unlocked_ioctl = syscount_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice syscount_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &syscount_fops,
	.mode = 0666,		/* every command asks for the caller's rights */
	.groups = syscount_sysfs_groups,
};

int __init syscount_chardev_init(void)
{
	return misc_register(&syscount_misc);
}

void syscount_chardev_exit(void)
{
	misc_deregister(&syscount_misc);
}
