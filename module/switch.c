// SPDX-License-Identifier: GPL-2.0-only
/* What is counted, and that nothing is hooked when that is nothing. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "hook.h"
#include "switch.h"
#include "version.h"

struct switches {
	bool categories[SYSCOUNT_CAT_COUNT];
	DECLARE_BITMAP(calls_off, SYSCOUNT_CALLS);
};

/*
 * Serialises all that changes the switches or the hook. Readers look without it:
 * a switch is a byte or a bit.
 */
static DEFINE_MUTEX(switch_mutex);
static struct switches current_switches;

static u8 weight(const struct switches *switches, unsigned int index)
{
	return switches->categories[syscount_call_category(index)] &&
	       !(index < SYSCOUNT_CALLS && test_bit(index, switches->calls_off));
}

static bool counts_any(const struct switches *switches)
{
	unsigned int index;

	for (index = 0; index < SYSCOUNT_INDEXES; index++)
		if (weight(switches, index))
			return true;
	return false;
}

/* switch_mutex is held. Changes nothing if it fails. */
static int apply(const struct switches *switches)
{
	bool counts = counts_any(switches);
	unsigned int index;
	int err;

	if (counts) {
		err = syscount_hook_start();
		if (err)
			return err;
	}
	for (index = 0; index < SYSCOUNT_CAT_COUNT; index++)
		WRITE_ONCE(current_switches.categories[index], switches->categories[index]);
	/* Read without a lock, so by words, as bitmap_copy() need not do. */
	for (index = 0; index < BITS_TO_LONGS(SYSCOUNT_CALLS); index++)
		WRITE_ONCE(current_switches.calls_off[index], switches->calls_off[index]);
	for (index = 0; index < SYSCOUNT_INDEXES; index++)
		WRITE_ONCE(syscount_weights()[index], weight(switches, index));
	if (!counts)
		syscount_hook_stop();
	return 0;
}

static int switch_item(struct switches *switches, const struct syscount_switch_item *item)
{
	unsigned int index;

	if (item->on > 1)
		return -EINVAL;

	switch (item->what) {
	case SYSCOUNT_SWITCH_CATEGORY:
		if (item->category >= SYSCOUNT_CAT_COUNT || item->abi || item->nr)
			return -EINVAL;
		switches->categories[item->category] = item->on;
		return 0;
	case SYSCOUNT_SWITCH_SYSCALL:
		if (item->abi >= SYSCOUNT_ABI_COUNT || item->category)
			return -EINVAL;
		if ((u32)item->nr >= syscount_abi_size(item->abi))
			return -ENOENT;
		index = syscount_abi_base(item->abi) + item->nr;
		if (!syscount_call_name(index))
			return -ENOENT;
		__assign_bit(index, switches->calls_off, !item->on);
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * syscount_switch() - switch categories and calls on and off
 * @items: in this order
 * @count: how many
 *
 * Return: 0, or an error and nothing is switched: -EINVAL for an item that is not
 * valid, -ENOENT for a call that the kernel has no name for, else what hooking said
 */
int syscount_switch(const struct syscount_switch_item *items, unsigned int count)
{
	struct switches switches;
	unsigned int i;
	int err = 0;

	mutex_lock(&switch_mutex);
	switches = current_switches;
	for (i = 0; i < count && !err; i++)
		err = switch_item(&switches, &items[i]);
	if (!err)
		err = apply(&switches);
	mutex_unlock(&switch_mutex);
	return err;
}

/* Count by another hook: its name, or "auto". On error the old one goes on. */
int syscount_switch_hook(const char *name)
{
	int err;

	mutex_lock(&switch_mutex);
	err = syscount_hook_choose(name);
	mutex_unlock(&switch_mutex);
	return err;
}

/* Leave the calling thread uncounted for a moment, or no longer: SYSCOUNT_IOC_BYPASS. */
int syscount_switch_bypass(bool on)
{
	int err;

	mutex_lock(&switch_mutex);
	err = syscount_hook_bypass(on);
	mutex_unlock(&switch_mutex);
	return err;
}

bool syscount_category_on(unsigned int category)
{
	return READ_ONCE(current_switches.categories[category]);
}

bool syscount_index_switched_off(unsigned int index)
{
	return test_bit(index, current_switches.calls_off);
}

enum syscount_state syscount_category_state(unsigned int category)
{
	if (!syscount_category_on(category))
		return SYSCOUNT_OFF;
	if (category == SYSCOUNT_CAT_UNKNOWN && !syscount_hook_sees_out_of_range())
		return SYSCOUNT_PARTIAL;
	return SYSCOUNT_ON;
}

/* A list of names with commas between them; "all"; "none" or nothing. */
static int __init parse_categories(bool on[SYSCOUNT_CAT_COUNT], const char *list)
{
	char *copy, *rest, *word;
	int i, err = 0;

	copy = kstrdup(list, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;

	rest = strim(copy);
	if (!strcmp(rest, "all") || !strcmp(rest, "none") || !*rest) {
		for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
			on[i] = *rest == 'a';
		rest = NULL;
	}
	while ((word = strsep(&rest, ",")) != NULL) {
		i = match_string(syscount_category_names, SYSCOUNT_CAT_COUNT, strim(word));
		if (i < 0) {
			pr_err("categories: no category '%s'; there are process, file, device, info, communication, unknown; or all or none alone\n",
			       word);
			err = -EINVAL;
			break;
		}
		on[i] = true;
	}
	kfree(copy);
	return err;
}

static void say_loaded(void)
{
	pr_info("%s: hook %s\n", SYSCOUNT_VERSION, syscount_hook_name(syscount_hook_chosen()));
}

/* Moves on from the hook that was quick to attach to the best one. */
static void move_on(struct work_struct *work)
{
	if (!syscount_hook_prepare()) {
		mutex_lock(&switch_mutex);
		syscount_hook_move_on();
		mutex_unlock(&switch_mutex);
	}
	say_loaded();
}

static DECLARE_WORK(move_work, move_on);

int __init syscount_switch_init(const char *categories, const char *hook)
{
	struct switches switches = { };
	int err;

	err = parse_categories(switches.categories, categories);
	if (err)
		return err;

	mutex_lock(&switch_mutex);
	err = syscount_hook_init(hook);
	if (!err)
		err = apply(&switches);
	if (err)
		syscount_hook_exit();
	mutex_unlock(&switch_mutex);
	return err;
}

/* To be called when nothing can fail any more. */
void __init syscount_switch_started(void)
{
	bool can_move_on;

	mutex_lock(&switch_mutex);	/* sysfs is there already */
	can_move_on = syscount_hook_can_move_on();
	mutex_unlock(&switch_mutex);
	if (can_move_on)
		queue_work(system_long_wq, &move_work);
	else
		say_loaded();
}

/* Afterwards no probe runs, and none will. */
void syscount_switch_exit(void)
{
	cancel_work_sync(&move_work);
	mutex_lock(&switch_mutex);
	syscount_hook_exit();
	mutex_unlock(&switch_mutex);
}
