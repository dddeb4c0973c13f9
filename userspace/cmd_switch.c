// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount enable and disable: what is counted. */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "syscount.h"
#include "util.h"

struct items {
	struct syscount_switch_item *items;
	size_t n;
	bool on;
};

static void add_item(struct items *to, struct syscount_switch_item item)
{
	size_t i;

	item.on = to->on;
	for (i = 0; i < to->n; i++) {
		if (!memcmp(&to->items[i], &item, sizeof(item)))
			return;
	}
	to->items = xreallocarray(to->items, to->n + 1, sizeof(*to->items));
	to->items[to->n++] = item;
}

static unsigned int abi_number(const char *word)
{
	unsigned int abi;

	for (abi = 0; abi < SYSCOUNT_ABI_COUNT; abi++) {
		if (!strcmp(abi_word(abi), word))
			break;
	}
	return abi;
}

static bool add_categories(struct items *to, const char *name)
{
	bool found = false;
	unsigned int i;

	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++) {
		const char *word = i == SYSCOUNT_CAT_UNKNOWN ? "unknown" : category_word(i);

		if (strcmp(name, "all") != 0 && strcmp(name, word) != 0)
			continue;
		add_item(to, (struct syscount_switch_item){
			.what = SYSCOUNT_SWITCH_CATEGORY,
			.category = (__u8)i,
		});
		found = true;
	}
	return found;
}

static bool add_syscalls(struct items *to, const struct filter_item *item,
			 const struct counts *table)
{
	bool found = false;
	size_t i;

	for (i = 0; i < table->nrows; i++) {
		const struct row *row = &table->rows[i];

		if (!filter_item_matches(item, row))
			continue;
		add_item(to, (struct syscount_switch_item){
			.what = SYSCOUNT_SWITCH_SYSCALL,
			.abi = (__u8)abi_number(row->abi),
			.nr = row->nr,
		});
		found = true;
	}
	return found;
}

static __noreturn void no_such_name(const struct filter_item *item, const struct counts *table)
{
	struct suggestion s = { .word = item->text };
	unsigned int c;

	suggest_syscall(&s, table);
	suggestion_try(&s, "all");
	suggestion_try(&s, "unknown");
	for (c = 0; c < SYSCOUNT_CAT_UNKNOWN; c++)
		suggestion_try(&s, category_word(c));
	errx(failure_status, "no category and no call '%s%s%s'%s", item->text,
	     item->abi ? "@" : "", item->abi ? item->abi : "", suggestion_text(&s));
}

/* As for -e, there may be several with commas between. */
static void add_list(struct items *to, const char *list, struct device *d)
{
	struct filter f = { 0 };
	size_t i;

	if (strchr(list, '!') || !filter_add(&f, list, false))
		errx(failure_status, "'%s' is no category and no call", list);
	for (i = 0; i < f.nitems; i++) {
		const struct filter_item *item = &f.items[i];

		if (!item->abi && add_categories(to, item->text))
			continue;
		if (!add_syscalls(to, item, &device_table(d)->counts))
			no_such_name(item, &device_table(d)->counts);
	}
	filter_free(&f);
}

int cmd_switch(struct options *o)
{
	struct items items = { .on = !strcmp(o->command->name, "enable") };
	struct device *d = device_open();
	int i;

	for (i = 0; i < o->nargs; i++)
		add_list(&items, o->args[i], d);
	device_switch(d, items.items, items.n);
	free(items.items);
	device_close(d);
	return EXIT_SUCCESS;
}
