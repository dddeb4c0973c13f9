/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rows -c and -e choose, and --map's other categories. */
#ifndef _SYSCOUNT_FILTER_H
#define _SYSCOUNT_FILTER_H

#include "snapshot.h"
#include "util.h"

struct filter_item {
	char *text;		/* without '!' and '@ABI' */
	char *abi;		/* NULL: any */
	bool category;
	bool exclude;
	bool number;
	int32_t nr;
};

struct filter {
	struct filter_item *items;
	size_t nitems;
};

/* The items of one LIST. False: one is empty. */
bool filter_add(struct filter *f, const char *list, bool category);
void filter_free(struct filter *f);
/* The two forms of the same. */
struct selection filter_selection(const struct filter *f);
struct filter filter_of(const struct selection *selection);
bool filter_item_matches(const struct filter_item *item, const struct row *row);
/*
 * Every item of @command's must name something in @table. When that table is not complete, as
 * in a snapshot that holds no row without a call, a name not in it is a warning.
 */
void filter_check(const struct filter *f, const char *command, const struct counts *table,
		  bool complete);
void filter_apply(const struct filter *f, struct counts *c, const struct counts *table);
void suggest_syscall(struct suggestion *s, const struct counts *table);

struct map;

struct map *map_read(const char *file);
void map_free(struct map *map);
void map_apply(const struct map *map, struct counts *c);

#endif
