// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a module answers, be it older, newer or wrong: the command takes nothing that does not
 * fit together. Each answer is an error number, or the bytes of the struct, then those of the
 * lists.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "fuzz.h"
#include "util.h"

#define LIST_MAX	4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct input in;

/* So many that it is refused, or so few that it does not take long. */
static uint32_t bounded(uint32_t n)
{
	return n > UINT32_MAX / 2 ? n : n % LIST_MAX;
}

/* As far as there is room. */
static void fill(uint64_t list, uint32_t count, uint32_t capacity, size_t size)
{
	char *to = (char *)(uintptr_t)list;
	uint32_t i;

	for (i = 0; i < count && i < capacity; i++)
		input_take(&in, to + i * size, size);
}

/* The members that say how many there are, between those that are the caller's. */
static void take_members(void *arg, size_t from, size_t to)
{
	input_take(&in, (char *)arg + from, to - from);
}

static void answer_names(struct syscount_names *get)
{
	take_members(get, offsetof(struct syscount_names, count),
		     offsetof(struct syscount_names, names));
	get->count = bounded(get->count);
	fill(get->names, get->count, get->capacity, sizeof(struct syscount_name));
}

static void answer_read(struct syscount_read *get)
{
	get->count = input_byte(&in);
	if (get->count == UINT8_MAX)
		input_take(&in, &get->count, sizeof(get->count));
	get->count = bounded(get->count);
	get->hook = input_byte(&in);
	take_members(get, offsetof(struct syscount_read, since_ns), sizeof(*get));
	fill(get->rows, get->count, get->capacity, sizeof(struct syscount_row));
}

static void answer_watch(struct syscount_watch_read *get)
{
	take_members(get, offsetof(struct syscount_watch_read, group_count),
		     offsetof(struct syscount_watch_read, groups));
	get->group_count = bounded(get->group_count);
	get->row_count = bounded(get->row_count);
	get->detail_count = bounded(get->detail_count);
	take_members(get, offsetof(struct syscount_watch_read, since_ns), sizeof(*get));
	fill(get->groups, get->group_count, get->group_capacity,
	     sizeof(struct syscount_watch_group));
	fill(get->rows, get->row_count, get->row_capacity, sizeof(struct syscount_watch_row));
	fill(get->details, get->detail_count, get->detail_capacity,
	     sizeof(struct syscount_watch_detail));
}

static int answer(unsigned long command, void *arg)
{
	static const int errors[] = { ENOTTY, EPERM, EINVAL, EAGAIN, ENOMEM, ENXIO, E2BIG };
	uint8_t error = input_byte(&in);

	if (error)
		return errors[error % ARRAY_SIZE(errors)];
	switch (command) {
	case SYSCOUNT_IOC_GET_VERSION:
		take_members(arg, offsetof(struct syscount_version, abi_version),
			     sizeof(struct syscount_version));
		break;
	case SYSCOUNT_IOC_GET_INFO:
		take_members(arg, offsetof(struct syscount_info, hook),
			     sizeof(struct syscount_info));
		break;
	case SYSCOUNT_IOC_GET_NAMES:
		answer_names(arg);
		break;
	case SYSCOUNT_IOC_READ:
		answer_read(arg);
		break;
	case SYSCOUNT_IOC_READ_WATCH:
		answer_watch(arg);
		break;
	}
	return 0;
}

static void check_groups(const struct snapshot *s)
{
	size_t i;

	check_counts(&s->counts);
	for (i = 0; i < s->ngroups; i++)
		check_counts(&s->groups[i].counts);
	free(check_written(s));
}

static void read_watch(struct device *d)
{
	struct syscount_watch watch = { .size = sizeof(watch) };
	struct snapshot *s;

	watch.flags = input_byte(&in) & (SYSCOUNT_WATCH_ERRORS | SYSCOUNT_WATCH_LATENCY |
					 SYSCOUNT_WATCH_OBJECTS);
	watch.by = input_byte(&in) % (SYSCOUNT_BY_COMMAND + 1);
	s = device_read_watch(d, &watch, input_byte(&in) & 1);
	check_groups(s);
	snapshot_free(s);
}

static void read_device(void *ctx)
{
	uint8_t what = input_byte(&in);
	struct syscount_info info;
	struct device *d;
	struct snapshot *s;

	(void)ctx;
	d = device_open();
	require(device_version(d)->abi_version == SYSCOUNT_ABI_VERSION);
	switch (what % 4) {
	case 0:
		s = device_read(d, what & 4);
		check_groups(s);
		snapshot_free(s);
		break;
	case 1:
		s = device_read_cpus(d);
		check_groups(s);
		snapshot_free(s);
		break;
	case 2:
		read_watch(d);
		break;
	default:
		device_try_info(d, &info);
		check_counts(&device_table(d)->counts);
		free(check_written(device_table(d)));
	}
	device_close(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = (struct input){ data, size };
	fuzz_device(answer);
	fuzz_run(read_device, NULL);
	return 0;
}
