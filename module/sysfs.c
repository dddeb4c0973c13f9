// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of the misc device: Documentation/ABI/testing/sysfs-class-misc-syscount */

#include <linux/bits.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "access.h"
#include "counters.h"
#include "hook.h"
#include "interfaces.h"
#include "switch.h"
#include "watch.h"

struct category_attribute {
	struct device_attribute attr;
	unsigned int category;		/* SYSCOUNT_CAT_COUNT: all */
};

static unsigned int attribute_category(struct device_attribute *attr)
{
	return container_of(attr, struct category_attribute, attr)->category;
}

/*
 * The words of kstrtobool(), which looks at the first letter only and would take
 * "none" for "no" and "1000" for "1", and on older kernels does not know "true".
 */
static int parse_switch(const char *buf, bool *on)
{
	static const char *const words[][2] = {
		{ "0", "1" }, { "n", "y" }, { "N", "Y" }, { "f", "t" }, { "F", "T" },
		{ "no", "yes" }, { "off", "on" }, { "false", "true" },
	};
	unsigned int i, state;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		for (state = 0; state < 2; state++) {
			if (sysfs_streq(buf, words[i][state])) {
				*on = state;
				return 0;
			}
		}
	}
	return -EINVAL;
}

/* Text, and all of it: sysfs hands on whatever bytes were written. */
static bool is_text(const char *buf, size_t count)
{
	return strnlen(buf, count) == count;
}

static ssize_t syscount_enabled_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", syscount_category_on(attribute_category(attr)));
}

static ssize_t syscount_enabled_store(struct device *dev, struct device_attribute *attr,
				      const char *buf, size_t count)
{
	struct syscount_switch_item item = {
		.what = SYSCOUNT_SWITCH_CATEGORY,
		.category = attribute_category(attr),
	};
	bool on;
	int err;

	if (!syscount_may_control())
		return -EPERM;
	if (!is_text(buf, count) || parse_switch(buf, &on))
		return -EINVAL;
	item.on = on;
	err = syscount_switch(&item, 1);
	return err ?: count;
}

static ssize_t syscount_calls_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	unsigned int category = attribute_category(attr);
	struct syscount_snapshot *snapshot;
	u64 calls;

	if (!syscount_may_read())
		return -EPERM;
	snapshot = syscount_snapshot_alloc();
	if (!snapshot)
		return -ENOMEM;
	syscount_snapshot_take(snapshot, SYSCOUNT_ALL_CPUS, false);
	calls = category == SYSCOUNT_CAT_COUNT ? snapshot->total : snapshot->categories[category];
	syscount_snapshot_free(snapshot);
	return sysfs_emit(buf, "%llu\n", calls);
}

#define CATEGORY_GROUP(_word, _dir, _category)				\
static struct category_attribute _word##_enabled = {				\
	__ATTR(enabled, 0600, syscount_enabled_show, syscount_enabled_store),	\
	_category								\
};										\
static struct category_attribute _word##_calls = {				\
	__ATTR(calls, 0400, syscount_calls_show, NULL), _category		\
};										\
static struct attribute *_word##_attrs[] = {					\
	&_word##_enabled.attr.attr, &_word##_calls.attr.attr, NULL		\
};										\
static const struct attribute_group _word##_group = {				\
	.name = _dir,								\
	.attrs = _word##_attrs,							\
}

CATEGORY_GROUP(process, "category_process", SYSCOUNT_CAT_PROCESS);
CATEGORY_GROUP(file, "category_file", SYSCOUNT_CAT_FILE);
CATEGORY_GROUP(device, "category_device", SYSCOUNT_CAT_DEVICE);
CATEGORY_GROUP(info, "category_info", SYSCOUNT_CAT_INFO);
CATEGORY_GROUP(communication, "category_communication", SYSCOUNT_CAT_COMMUNICATION);
CATEGORY_GROUP(unknown, "unknown", SYSCOUNT_CAT_UNKNOWN);

static struct category_attribute total = {
	__ATTR(total, 0400, syscount_calls_show, NULL), SYSCOUNT_CAT_COUNT
};

static ssize_t syscount_hook_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	enum syscount_hook_id id, chosen = syscount_hook_chosen();
	int len = 0;

	for (id = 0; id < SYSCOUNT_HOOK_COUNT; id++)
		if (syscount_hook_available() & BIT(id))
			len += sysfs_emit_at(buf, len, id == chosen ? "%s[%s]" : "%s%s",
					     len ? " " : "", syscount_hook_name(id));
	len += sysfs_emit_at(buf, len, "\n");
	return len;
}

static ssize_t syscount_hook_store(struct device *dev, struct device_attribute *attr,
				   const char *buf, size_t count)
{
	char word[16];
	size_t len = count;
	int err;

	if (!syscount_may_control())
		return -EPERM;
	if (len && buf[len - 1] == '\n')
		len--;
	if (!len || len >= sizeof(word) || !is_text(buf, count))
		return -EINVAL;
	memcpy(word, buf, len);
	word[len] = '\0';
	err = syscount_switch_hook(word);
	return err ?: count;
}

static struct device_attribute hook =
	__ATTR(hook, 0600, syscount_hook_show, syscount_hook_store);

static ssize_t syscount_reset_store(struct device *dev, struct device_attribute *attr,
				    const char *buf, size_t count)
{
	if (!syscount_may_control())
		return -EPERM;
	if (!is_text(buf, count) || !sysfs_streq(buf, "1"))
		return -EINVAL;
	syscount_counters_reset();
	return count;
}

static struct device_attribute reset = __ATTR(reset, 0200, NULL, syscount_reset_store);

static ssize_t syscount_watches_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	if (!syscount_may_read())
		return -EPERM;
	return sysfs_emit(buf, "%u\n", syscount_watches());
}

static struct device_attribute watches = __ATTR(watches, 0400, syscount_watches_show, NULL);

static struct attribute *top_attrs[] = {
	&total.attr.attr, &hook.attr, &reset.attr, &watches.attr, NULL
};

static const struct attribute_group top_group = {
	.attrs = top_attrs,
};

const struct attribute_group *syscount_sysfs_groups[] = {
	&top_group,
	&process_group,
	&file_group,
	&device_group,
	&info_group,
	&communication_group,
	&unknown_group,
	NULL
};
