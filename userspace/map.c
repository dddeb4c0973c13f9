// SPDX-License-Identifier: GPL-2.0-or-later
/* --map: other categories, in the format of categories.txt. */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "util.h"

struct map_line {
	char *name;
	const char *category;
};

struct map {
	struct map_line *lines;
	size_t nlines;
	char **categories;	/* in the order in which they first appear */
	size_t ncategories;
};

static int line_compare(const void *a, const void *b)
{
	return strcmp(((const struct map_line *)a)->name, ((const struct map_line *)b)->name);
}

static const char *map_category(struct map *map, const char *name)
{
	size_t i;

	for (i = 0; i < map->ncategories; i++) {
		if (!strcmp(map->categories[i], name))
			return map->categories[i];
	}
	map->categories = xreallocarray(map->categories, i + 1, sizeof(*map->categories));
	map->categories[map->ncategories++] = xstrdup(name);
	return map->categories[i];
}

static bool good_word(const char *s)
{
	for (; *s; s++) {
		if (!isalnum((unsigned char)*s) && *s != '_' && *s != '-')
			return false;
	}
	return true;
}

static void map_line(struct map *map, const char *file, unsigned long number, char *text)
{
	static const char blanks[] = " \t\r\n";
	char *save, *category, *name;

	text[strcspn(text, "#")] = '\0';
	category = strtok_r(text, blanks, &save);
	if (!category)
		return;
	name = strtok_r(NULL, blanks, &save);
	if (!name || strtok_r(NULL, blanks, &save) || !good_word(category) || !good_word(name))
		errx(failure_status, "%s: line %lu: not 'CATEGORY NAME'", file, number);
	if (!strcmp(category, "unknown") || !strcmp(category, "total") || !strcmp(category, "all"))
		errx(failure_status, "%s: line %lu: '%s' cannot be the name of a category",
		     file, number, category);
	map->lines = xreallocarray(map->lines, map->nlines + 1, sizeof(*map->lines));
	map->lines[map->nlines].name = xstrdup(name);
	map->lines[map->nlines++].category = map_category(map, category);
}

static void check_map(const struct map *map, const char *file)
{
	size_t i;

	if (!map->nlines)
		errx(failure_status, "%s: holds no line 'CATEGORY NAME'", file);
	for (i = 1; i < map->nlines; i++) {
		const struct map_line *a = &map->lines[i - 1], *b = &map->lines[i];

		if (!strcmp(a->name, b->name))
			errx(failure_status, "%s: '%s' is there twice", file, a->name);
	}
}

struct map *map_read(const char *file)
{
	struct map *map = xcalloc(1, sizeof(*map));
	unsigned long number = 0;
	char *text = NULL;
	size_t room = 0;
	FILE *f = fopen(file, "re");

	if (!f)
		err(failure_status, "%s", file);
	while (getline(&text, &room, f) >= 0)
		map_line(map, file, ++number, text);
	if (ferror(f))
		err(failure_status, "%s", file);
	fclose(f);
	free(text);
	if (map->nlines)
		qsort(map->lines, map->nlines, sizeof(*map->lines), line_compare);
	check_map(map, file);
	return map;
}

void map_free(struct map *map)
{
	size_t i;

	if (!map)
		return;
	for (i = 0; i < map->nlines; i++)
		free(map->lines[i].name);
	for (i = 0; i < map->ncategories; i++)
		free(map->categories[i]);
	free(map->lines);
	free(map->categories);
	free(map);
}

static void map_row(const struct map *map, struct row *row)
{
	struct map_line key = { .name = row->name };
	const struct map_line *line = NULL;

	if (row->name)
		line = bsearch(&key, map->lines, map->nlines, sizeof(key), line_compare);
	free(row->category);
	row->category = line ? xstrdup(line->category) : NULL;
}

void map_apply(const struct map *map, struct counts *c)
{
	size_t i;

	for (i = 0; i < c->ncategories; i++)
		free(c->categories[i].name);
	c->ncategories = 0;
	/* Switches belong to the module's categories, so these have no state. */
	for (i = 0; i < map->ncategories; i++)
		counts_add_category(c, map->categories[i], STATE_NONE);
	c->unknown_state = STATE_NONE;
	for (i = 0; i < c->nrows; i++)
		map_row(map, &c->rows[i]);
	counts_sum(c);
}
