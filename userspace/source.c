// SPDX-License-Identifier: GPL-2.0-or-later
/* Where snapshots come from: the module, or a file given with --input. */
#include <err.h>
#include <stdlib.h>

#include "json.h"
#include "source.h"

struct source {
	const struct options *options;
	const char *name;		/* of the file */
	struct device *device;
	struct json_reader *reader;
	struct map *map;
	bool checked;			/* the names in -c and -e were */
	struct snapshot *table;		/* the module's, by --map */
};

struct source *source_open(const struct options *o)
{
	struct source *s = xcalloc(1, sizeof(*s));

	s->options = o;
	if (o->map)
		s->map = map_read(o->map);
	if (o->input) {
		s->reader = json_reader_open(o->input);
		s->name = json_reader_name(s->reader);
	} else {
		s->device = device_open();
	}
	return s;
}

void source_close(struct source *s)
{
	device_close(s->device);
	json_reader_close(s->reader);
	map_free(s->map);
	snapshot_free(s->table);
	free(s);
}

struct device *source_device(const struct source *s)
{
	return s->device;
}

static void require_kind(const struct snapshot *s, const char *file, bool list)
{
	if (s->kind == KIND_COUNTERS || s->kind == KIND_WATCH || (list && s->kind == KIND_LIST))
		return;
	errx(failure_status, "%s: a snapshot of kind '%s' holds no %s", file, kind_words[s->kind],
	     list ? "table of calls" : "counts");
}

static struct snapshot *table_copy(struct source *src)
{
	struct snapshot *table = snapshot_copy(device_table(src->device));

	if (src->map)
		map_apply(src->map, &table->counts);
	return table;
}

/* What -c and -e can name: the module's table, or what is in the file. */
static const struct counts *table_of(struct source *src, const struct snapshot *s)
{
	if (!src->device)
		return &s->counts;
	if (!src->table)
		src->table = table_copy(src);
	return &src->table->counts;
}

void source_check(struct source *src)
{
	filter_check(&src->options->filter, src->options->command->name, table_of(src, NULL),
		     true);
	src->checked = true;
}

void source_choose(struct source *src, struct snapshot *s)
{
	const struct filter *filter = &src->options->filter;
	const struct counts *table;
	size_t i;

	if (src->map) {
		map_apply(src->map, &s->counts);
		for (i = 0; i < s->ngroups; i++)
			map_apply(src->map, &s->groups[i].counts);
	}
	table = table_of(src, s);
	if (!src->checked)
		filter_check(filter, src->options->command->name, table,
			     src->device || s->kind == KIND_LIST);
	src->checked = true;
	for (i = 0; i < s->ngroups; i++)
		filter_apply(filter, &s->groups[i].counts, table);
	filter_apply(filter, &s->counts, table);
	if (filter->nitems) {
		struct selection selection = filter_selection(filter);

		snapshot_add_selection(s, &selection);
	}
}

struct snapshot *source_next(struct source *src)
{
	struct snapshot *s = json_reader_next(src->reader);

	if (!s)
		return NULL;
	require_kind(s, src->name, false);
	source_choose(src, s);
	return s;
}

static struct snapshot *last_of(struct json_reader *r)
{
	struct snapshot *last = NULL, *next;

	while ((next = json_reader_next(r))) {
		snapshot_free(last);
		last = next;
	}
	if (!last)
		errx(failure_status, "%s: empty: holds no snapshot", json_reader_name(r));
	return last;
}

struct snapshot *source_read(struct source *src)
{
	struct snapshot *s;

	if (!src->device) {
		s = last_of(src->reader);
		require_kind(s, src->name, false);
	} else if (src->options->by == BY_CPU) {
		s = device_read_cpus(src->device);
	} else {
		s = device_read(src->device, false);
	}
	source_choose(src, s);
	return s;
}

struct snapshot *source_table(struct source *src)
{
	struct snapshot *s;

	if (src->device) {
		s = snapshot_copy(device_table(src->device));
	} else {
		s = last_of(src->reader);
		require_kind(s, src->name, true);
		s->kind = KIND_LIST;
		/* The calls of all of them are in it. */
		while (s->ngroups)
			group_free(&s->groups[--s->ngroups]);
	}
	source_choose(src, s);
	return s;
}

struct snapshot *source_file(const char *file)
{
	struct json_reader *r = json_reader_open(file);
	struct snapshot *s = last_of(r);

	json_reader_close(r);
	return s;
}
