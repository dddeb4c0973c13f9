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
		errx(failure_status, "memory: JSON could not be built");
	return o;
}

void json_add(struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_object_add(to, key, value))
		errx(failure_status, "memory: JSON could not be built");
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
	json_add_text(o, "object", object_words[row->object]);
	return o;
}

static struct json_object *json_errnos(const struct tallies *errnos)
{
	struct json_object *o = check(json_object_new_object());
	size_t i;

	for (i = 0; i < errnos->n; i++)
		json_add_u64(o, error_name(errnos->items[i].value), errnos->items[i].count);
	return o;
}

static struct json_object *json_latency(const struct row *row)
{
	struct json_object *o = check(json_object_new_object());
	struct json_object *buckets = check(json_object_new_array());
	enum measure m;
	size_t i;

	for (m = MEASURE_TOTAL_NS; m < MEASURE_COUNT; m++) {
		if (measured(&row->measures, m))
			json_add_u64(o, measure_words[m], row->measures.n[m]);
	}
	for (i = 0; i < row->buckets.n; i++) {
		const struct tally *t = &row->buckets.items[i];
		struct json_object *pair = check(json_object_new_array());

		json_object_array_add(pair, check(json_object_new_uint64(bucket_bound(t->value))));
		json_object_array_add(pair, check(json_object_new_uint64(t->count)));
		json_object_array_add(buckets, pair);
	}
	json_add(o, "buckets", buckets);
	return o;
}

static void json_watch_row(struct json_object *o, const struct row *row)
{
	enum measure m;

	for (m = 0; m < MEASURE_TOTAL_NS; m++) {
		if (measured(&row->measures, m))
			json_add_u64(o, measure_words[m], row->measures.n[m]);
		if (m == MEASURE_ERRORS && measured(&row->measures, m))
			json_add(o, "errno", json_errnos(&row->errnos));
	}
	if (measured(&row->measures, MEASURE_TOTAL_NS))
		json_add(o, "latency", json_latency(row));
}

static struct json_object *json_rows(const struct counts *c, enum kind kind)
{
	struct json_object *rows = check(json_object_new_array());
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		const struct row *row = &c->rows[i];
		struct json_object *o;

		if (kind != KIND_LIST && !row_busy(row))
			continue;
		o = json_row_key(row);
		json_add_text(o, "entry", row->entry);
		json_add_text(o, "state", state_words[row->state]);
		if (kind != KIND_LIST)
			json_add_u64(o, "calls", row->calls);
		json_watch_row(o, row);
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

static void json_group_identity(struct json_object *o, const struct group *group)
{
	json_add_text(o, "by", by_words[group->by]);
	if (group->by == BY_CPU) {
		json_add_u64(o, "cpu", group->cpu);
		return;
	}
	if (group->by == BY_PROCESS || group->by == BY_THREAD) {
		json_add_u64(o, "pid", (uint32_t)group->pid);
		if (group->by == BY_THREAD)
			json_add_u64(o, "tid", (uint32_t)group->tid);
		json_add_u64(o, "start_ns", group->start_ns);
	}
	json_add_text(o, "command", group->command);
	json_add_text(o, "cgroup", group->cgroup);
	if (group->cgroup_id)
		json_add_u64(o, "cgroup_id", group->cgroup_id);
	json_add_u64(o, "threads", group->threads);
	json_add(o, "ended", check(json_object_new_boolean(group->ended)));
}

static struct json_object *json_groups(const struct snapshot *s)
{
	struct json_object *groups = check(json_object_new_array());
	size_t i;

	for (i = 0; i < s->ngroups; i++) {
		const struct group *group = &s->groups[i];
		struct json_object *o = check(json_object_new_object());

		json_group_identity(o, group);
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

static struct json_object *json_target(const struct watched *w)
{
	struct json_object *o, *pids;
	size_t i;

	if (w->target == TARGET_NONE)
		return NULL;
	o = check(json_object_new_object());
	json_add_text(o, "type", target_words[w->target]);
	json_add_text(o, "path", w->cgroup);
	if (!w->npids)
		return o;
	pids = check(json_object_new_array());
	for (i = 0; i < w->npids; i++)
		json_object_array_add(pids, check(json_object_new_int(w->pids[i])));
	json_add(o, "pids", pids);
	return o;
}

struct json_object *json_words(char *const *words)
{
	struct json_object *list;

	if (!words)
		return NULL;
	list = check(json_object_new_array());
	for (; *words; words++)
		json_object_array_add(list, json_text(*words));
	return list;
}

/* What was asked to be measured beside the calls: a row may have had none. */
static struct json_object *json_details(const struct counts *c)
{
	struct json_object *list = check(json_object_new_array());

	if (c->known & BIT(MEASURE_ERRORS))
		json_object_array_add(list, json_text("errors"));
	if (c->known & BIT(MEASURE_TOTAL_NS))
		json_object_array_add(list, json_text("latency"));
	return list;
}

static struct json_object *json_selections(const struct snapshot *s)
{
	struct json_object *list = check(json_object_new_array());
	size_t i;

	for (i = 0; i < s->nselections; i++) {
		const struct selection *selection = &s->selections[i];
		struct json_object *o = check(json_object_new_object());

		if (selection->categories)
			json_add(o, "category", json_words(selection->categories));
		if (selection->syscalls)
			json_add(o, "syscall", json_words(selection->syscalls));
		json_object_array_add(list, o);
	}
	return list;
}

void json_add_subject(struct json_object *to, const struct snapshot *s)
{
	json_add(to, "target", json_target(&s->watched));
	json_add(to, "command", json_words(s->watched.command));
	if (s->nselections)
		json_add(to, "filters", json_selections(s));
}

static void json_watched(struct json_object *o, const struct watched *w)
{
	if (w->ended)
		json_add_u64(o, "status", w->status);
	if (w->signal)
		json_add_u64(o, "signal", w->signal);
	if (!w->measured)
		return;
	json_add_u64(o, "lost_threads", w->lost_threads);
	json_add_u64(o, "left", w->left);
	json_add_u64(o, "threads", w->threads);
}

struct json_object *json_snapshot(const struct snapshot *s)
{
	struct json_object *o, *outer = json_new(s->kind, &o);

	json_add_origin(o, s);
	if (s->kind != KIND_LIST) {
		json_add_subject(o, s);
		json_add_u64(o, "lost", s->lost);
	}
	if (s->kind == KIND_WATCH) {
		json_watched(o, &s->watched);
		json_add(o, "details", json_details(&s->counts));
	}
	json_add_counts(o, &s->counts, s->kind);
	if (s->ngroups)
		json_add(o, "groups", json_groups(s));
	return outer;
}
