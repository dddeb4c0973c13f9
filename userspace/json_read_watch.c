// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON to snapshots: what only watches have. The file is not trusted. */
#include <stdlib.h>
#include <string.h>

#include "json_read.h"

#define PAIR	"not a list of pairs of a power of 2 and a count"

static struct json_object *get_object(const struct place *p, struct json_object *from,
				      const char *key)
{
	struct json_object *o;

	if (!json_object_object_get_ex(from, key, &o) || !o)
		return NULL;
	if (!json_object_is_type(o, json_type_object))
		json_read_bad(p, key, "not an object");
	return o;
}

static void get_errnos(const struct place *p, struct json_object *from, struct row *row)
{
	struct json_object *errnos = get_object(p, from, "errno");

	if (!errnos)
		return;
	if (!measured(&row->measures, MEASURE_ERRORS))
		json_read_bad(p, "errors", "missing");
	json_object_object_foreach(errnos, name, value) {
		uint64_t count = 0;
		uint32_t number;

		(void)value;
		if (!error_number(name, &number))
			json_read_bad(p, "errno", "a name that is no error's");
		json_read_u64(p, errnos, name, &count);
		tallies_add(&row->errnos, number, count);
	}
}

static uint64_t get_number(const struct place *p, struct json_object *list, size_t i)
{
	struct json_object *o = json_object_array_get_idx(list, i);

	if (!json_object_is_type(o, json_type_int) || json_object_get_int64(o) < 0)
		json_read_bad(p, "buckets", PAIR);
	return json_object_get_uint64(o);
}

static void get_buckets(const struct place *p, struct json_object *from, struct row *row)
{
	struct json_object *list = json_read_list(p, from, "buckets");
	size_t i;

	for (i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *pair = json_object_array_get_idx(list, i);
		uint64_t bound;

		if (!json_object_is_type(pair, json_type_array) ||
		    json_object_array_length(pair) != 2)
			json_read_bad(p, "buckets", PAIR);
		bound = get_number(p, pair, 0);
		if (!bound || bound & (bound - 1))
			json_read_bad(p, "buckets", PAIR);
		tallies_add(&row->buckets, (uint32_t)__builtin_ctzll(bound),
			    get_number(p, pair, 1));
	}
}

static void get_object_kind(const struct place *p, struct json_object *from, struct row *row)
{
	char *text = json_read_text(p, from, "object");

	if (!text)
		return;
	for (row->object = OBJECT_FILE; row->object < OBJECT_COUNT; row->object++) {
		if (!strcmp(text, object_words[row->object]))
			break;
	}
	free(text);
	if (row->object == OBJECT_COUNT)
		json_read_bad(p, "object", "not file, device or channel");
}

void json_read_row(const struct place *p, struct json_object *from, struct row *row)
{
	struct json_object *latency = get_object(p, from, "latency");
	enum measure m;
	uint64_t n;

	get_object_kind(p, from, row);
	for (m = 0; m < MEASURE_TOTAL_NS; m++) {
		if (json_read_u64(p, from, measure_words[m], &n))
			measure_set(&row->measures, m, n);
	}
	get_errnos(p, from, row);
	if (!latency)
		return;
	for (m = MEASURE_TOTAL_NS; m < MEASURE_COUNT; m++) {
		if (json_read_u64(p, latency, measure_words[m], &n))
			measure_set(&row->measures, m, n);
	}
	if (!measured(&row->measures, MEASURE_TOTAL_NS))
		json_read_bad(p, measure_words[MEASURE_TOTAL_NS], "missing");
	get_buckets(p, latency, row);
}

unsigned int json_read_details(const struct place *p, struct json_object *from)
{
	char **words = json_read_words(p, from, "details");
	bool errors = false, latency = false;
	size_t i;

	for (i = 0; words && words[i]; i++) {
		errors = errors || !strcmp(words[i], "errors");
		latency = latency || !strcmp(words[i], "latency");
	}
	words_free(words);
	return measures_taken(errors, latency);
}

static uint32_t get_u32(const struct place *p, struct json_object *from, const char *key)
{
	uint64_t n = 0;

	json_read_u64(p, from, key, &n);
	if (n > UINT32_MAX)
		json_read_bad(p, key, "not a whole number from 0 to 4294967295");
	return (uint32_t)n;
}

static int32_t get_pid(const struct place *p, struct json_object *from, const char *key)
{
	uint32_t n = get_u32(p, from, key);

	if (n > INT32_MAX)
		json_read_bad(p, key, "not a whole number from 0 to 2147483647");
	return (int32_t)n;
}

static bool get_bool(const struct place *p, struct json_object *from, const char *key)
{
	struct json_object *o;

	if (!json_object_object_get_ex(from, key, &o))
		return false;
	if (!json_object_is_type(o, json_type_boolean))
		json_read_bad(p, key, "not true or false");
	return json_object_get_boolean(o);
}

void json_read_group(const struct place *p, struct json_object *from, struct group *group)
{
	uint64_t cpu;

	if (group->by == BY_CPU) {
		if (!json_read_u64(p, from, "cpu", &cpu) || cpu > UINT32_MAX)
			json_read_bad(p, "cpu", "not the number of a CPU");
		group->cpu = (unsigned int)cpu;
		return;
	}
	group->pid = get_pid(p, from, "pid");
	group->tid = get_pid(p, from, "tid");
	json_read_u64(p, from, "start_ns", &group->start_ns);
	group->command = json_read_text(p, from, "command");
	group->cgroup = json_read_text(p, from, "cgroup");
	json_read_u64(p, from, "cgroup_id", &group->cgroup_id);
	json_read_u64(p, from, "threads", &group->threads);
	group->ended = get_bool(p, from, "ended");
	if (group->by == BY_COMMAND && !group->command)
		json_read_bad(p, "command", "missing");
}

static void get_pids(const struct place *p, struct json_object *target, struct watched *w)
{
	struct json_object *list = json_read_list(p, target, "pids");
	size_t i, n = list ? json_object_array_length(list) : 0;

	w->pids = xcalloc(n, sizeof(*w->pids));
	for (i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		int64_t pid = json_object_get_int64(o);

		if (!json_object_is_type(o, json_type_int) || pid < 1 || pid > INT32_MAX)
			json_read_bad(p, "pids", "not a list of process ids");
		w->pids[w->npids++] = (int32_t)pid;
	}
}

/* A target of a kind that this command does not know is somebody all the same. */
static void get_target(const struct place *p, struct json_object *from, struct watched *w)
{
	struct json_object *o = get_object(p, from, "target");
	char *text;

	if (!o)
		return;
	text = json_read_text(p, o, "type");
	if (!text)
		json_read_bad(p, "target", "without a type");
	for (w->target = TARGET_COMMAND; w->target < TARGET_COUNT; w->target++) {
		if (!strcmp(text, target_words[w->target]))
			break;
	}
	free(text);
	if (w->target == TARGET_COUNT)
		w->target = TARGET_NONE;
	w->cgroup = json_read_text(p, o, "path");
	get_pids(p, o, w);
}

void json_read_watched(const struct place *p, struct json_object *from, struct watched *w)
{
	struct json_object *status;

	get_target(p, from, w);
	w->command = json_read_words(p, from, "command");
	w->ended = json_object_object_get_ex(from, "status", &status) && status;
	if (w->ended)
		w->status = get_u32(p, from, "status");
	w->signal = get_u32(p, from, "signal");
	json_read_u64(p, from, "lost_threads", &w->lost_threads);
	json_read_u64(p, from, "left", &w->left);
	w->measured = json_read_u64(p, from, "threads", &w->threads);
}
