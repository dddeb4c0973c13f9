// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshots to JSON. */
#include <err.h>
#include <inttypes.h>
#include <json-c/printbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util.h"

static struct json_object *check(struct json_object *o)
{
	if (!o)
		errx(EXIT_FAILURE, "memory: JSON could not be built");
	return o;
}

void json_add(struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_object_add(to, key, value))
		errx(EXIT_FAILURE, "memory: JSON could not be built");
}

/* json-c would pass bytes that are not UTF-8 on as they are. */
static int print_bytes(struct json_object *o, struct printbuf *pb, int level, int flags)
{
	const char *s = json_object_get_string(o);
	char code[8];

	(void)level;
	(void)flags;
	printbuf_memappend(pb, "\"", 1);
	while (*s) {
		size_t n = utf8_length(s);

		if (!n || (unsigned char)*s < ' ') {
			snprintf(code, sizeof(code), "\\u%04x", (unsigned char)*s);
			printbuf_memappend(pb, code, 6);
			s++;
			continue;
		}
		if (*s == '"' || *s == '\\')
			printbuf_memappend(pb, "\\", 1);
		printbuf_memappend(pb, s, (int)n);
		s += n;
	}
	return printbuf_memappend(pb, "\"", 1);
}

struct json_object *json_text(const char *s)
{
	struct json_object *o;

	if (!s)
		return NULL;
	o = check(json_object_new_string(s));
	while (*s && utf8_length(s))
		s += utf8_length(s);
	if (*s)
		json_object_set_serializer(o, print_bytes, NULL, NULL);
	return o;
}

/* A string that was not measured has no key. */
void json_add_text(struct json_object *to, const char *key, const char *s)
{
	if (s)
		json_add(to, key, json_text(s));
}

void json_add_u64(struct json_object *to, const char *key, uint64_t n)
{
	json_add(to, key, check(json_object_new_uint64(n)));
}

struct json_object *json_real(double d)
{
	struct json_object *o = check(json_object_new_double(d));

	json_object_set_serializer(o, json_object_double_to_json_string, (void *)"%.9g", NULL);
	return o;
}

void json_add_real(struct json_object *to, const char *key, double d)
{
	json_add(to, key, json_real(d));
}

struct json_object *json_row_key(const struct row *row)
{
	struct json_object *o = check(json_object_new_object());

	json_add_text(o, "abi", row->abi);
	json_add(o, "nr", row->other ? NULL : check(json_object_new_int(row->nr)));
	json_add(o, "syscall", json_text(row->name));
	json_add(o, "category", json_text(row->category));
	return o;
}

static struct json_object *json_rows(const struct counts *c, enum kind kind)
{
	struct json_object *rows = check(json_object_new_array());
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		const struct row *row = &c->rows[i];
		struct json_object *o;

		if (kind != KIND_LIST && !row->calls)
			continue;
		o = json_row_key(row);
		json_add_text(o, "entry", row->entry);
		json_add_text(o, "state", state_words[row->state]);
		if (kind != KIND_LIST)
			json_add_u64(o, "calls", row->calls);
		json_object_array_add(rows, o);
	}
	return rows;
}

static struct json_object *json_categories(const struct counts *c, enum kind kind)
{
	struct json_object *categories = check(json_object_new_array());
	size_t i;

	for (i = 0; i < c->ncategories; i++) {
		struct json_object *o = check(json_object_new_object());

		json_add_text(o, "category", c->categories[i].name);
		json_add_text(o, "state", state_words[c->categories[i].state]);
		if (kind != KIND_LIST)
			json_add_u64(o, "calls", c->categories[i].calls);
		json_object_array_add(categories, o);
	}
	return categories;
}

static void json_add_counts(struct json_object *to, const struct counts *c, enum kind kind)
{
	if (!c->no_unknown && kind != KIND_LIST) {
		json_add_text(to, "unknown_state", state_words[c->unknown_state]);
		json_add_u64(to, "unknown", c->unknown);
	}
	if (kind != KIND_LIST)
		json_add_u64(to, "total", c->total);
	json_add(to, "categories", json_categories(c, kind));
	json_add(to, "syscalls", json_rows(c, kind));
}

static struct json_object *json_groups(const struct snapshot *s)
{
	struct json_object *groups = check(json_object_new_array());
	size_t i;

	for (i = 0; i < s->ngroups; i++) {
		const struct group *group = &s->groups[i];
		struct json_object *o = check(json_object_new_object());

		json_add_text(o, "by", "cpu");
		json_add_u64(o, "cpu", group->cpu);
		json_add_u64(o, "calls", group->counts.total);
		if (!group->counts.no_unknown)
			json_add_u64(o, "unknown", group->counts.unknown);
		json_add(o, "categories", json_categories(&group->counts, s->kind));
		json_add(o, "syscalls", json_rows(&group->counts, s->kind));
		json_object_array_add(groups, o);
	}
	return groups;
}

void json_add_origin(struct json_object *to, const struct snapshot *s)
{
	json_add_text(to, "host", s->host);
	json_add_text(to, "kernel", s->kernel);
	json_add_text(to, "machine", s->machine);
	if (s->cpus)
		json_add_u64(to, "cpus", s->cpus);
	json_add_text(to, "tool", s->tool);
	json_add_text(to, "module", s->module);
	json_add_text(to, "boot_id", s->boot_id);
	json_add_text(to, "time", s->time);
	json_add_text(to, "since", s->since);
	if (s->timed) {
		json_add_u64(to, "since_ns", s->since_ns);
		json_add_u64(to, "now_ns", s->now_ns);
		json_add_u64(to, "duration_ns", s->duration_ns);
	}
	json_add_text(to, "hook", s->hook);
}

struct json_object *json_new(enum kind kind, struct json_object **inner)
{
	struct json_object *outer = check(json_object_new_object());

	*inner = check(json_object_new_object());
	json_add(outer, "syscount", *inner);
	json_add_u64(*inner, "version", SNAPSHOT_VERSION);
	json_add_text(*inner, "kind", kind_words[kind]);
	return outer;
}

struct json_object *json_snapshot(const struct snapshot *s)
{
	struct json_object *o, *outer = json_new(s->kind, &o);

	json_add_origin(o, s);
	if (s->kind == KIND_COUNTERS) {
		json_add(o, "target", NULL);
		json_add(o, "command", NULL);
		json_add_u64(o, "lost", s->lost);
	}
	json_add_counts(o, &s->counts, s->kind);
	if (s->ngroups)
		json_add(o, "groups", json_groups(s));
	return outer;
}
