// SPDX-License-Identifier: GPL-2.0-or-later
/* What holds of every snapshot. */
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "util.h"

void check_counts(const struct counts *c)
{
	uint64_t rows = 0, categories = c->unknown;
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		rows += c->rows[i].calls;
		require(*c->rows[i].abi && c->rows[i].abi[sizeof(c->rows[i].abi) - 1] == '\0');
		require(!i || row_compare(&c->rows[i - 1], &c->rows[i]) < 0);
	}
	for (i = 0; i < c->ncategories; i++) {
		categories += c->categories[i].calls;
		require(counts_category(c, c->categories[i].name) == &c->categories[i]);
	}
	require(rows == c->total);
	require(categories == c->total);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_tallies(const struct tallies *a, const struct tallies *b)
{
	size_t i;

	for (i = 0; i < a->n && i < b->n; i++) {
		if (a->items[i].value != b->items[i].value ||
		    a->items[i].count != b->items[i].count)
			return false;
	}
	return a->n == b->n;
}

static void check_same_row(const struct row *a, const struct row *b)
{
	require(!row_compare(a, b) && a->state == b->state && a->calls == b->calls);
	require(same_text(a->name, b->name) && same_text(a->category, b->category));
	require(same_text(a->entry, b->entry));
	require(a->measures.known == b->measures.known);
	require(!memcmp(a->measures.n, b->measures.n, sizeof(a->measures.n)));
	require(same_tallies(&a->errnos, &b->errnos));
	require(same_tallies(&a->buckets, &b->buckets));
}

/* @b was written: it has no row that nothing is to be told of. */
static void check_same_counts(const struct counts *a, const struct counts *b, enum kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < a->nrows; i++) {
		if (kind != KIND_LIST && !row_busy(&a->rows[i]))
			continue;
		require(n < b->nrows);
		check_same_row(&a->rows[i], &b->rows[n++]);
	}
	require(n == b->nrows);
	require(a->ncategories == b->ncategories);
	for (i = 0; i < a->ncategories; i++) {
		require(!strcmp(a->categories[i].name, b->categories[i].name));
		require(a->categories[i].state == b->categories[i].state);
		require(kind == KIND_LIST || a->categories[i].calls == b->categories[i].calls);
	}
	if (kind == KIND_LIST)
		return;
	require(a->no_unknown == b->no_unknown && a->unknown == b->unknown);
	require(a->total == b->total);
}

static void check_same_group(const struct group *a, const struct group *b, enum kind kind)
{
	require(a->by == b->by && a->cpu == b->cpu);
	if (a->by == BY_PROCESS || a->by == BY_THREAD)
		require(a->pid == b->pid && a->start_ns == b->start_ns);
	if (a->by == BY_THREAD)
		require(a->tid == b->tid);
	if (a->by != BY_CPU) {
		require(same_text(a->command, b->command) && same_text(a->cgroup, b->cgroup));
		require(a->cgroup_id == b->cgroup_id && a->threads == b->threads);
		require(a->ended == b->ended);
	}
	check_same_counts(&a->counts, &b->counts, kind);
}

static void check_same(const struct snapshot *a, const struct snapshot *b)
{
	size_t i;

	require(a->kind == b->kind && a->timed == b->timed && a->cpus == b->cpus);
	require(same_text(a->host, b->host) && same_text(a->hook, b->hook));
	require(same_text(a->time, b->time) && same_text(a->since, b->since));
	if (a->timed)
		require(a->since_ns == b->since_ns && a->now_ns == b->now_ns &&
			a->duration_ns == b->duration_ns);
	if (a->kind != KIND_LIST)
		require(a->lost == b->lost && a->watched.target == b->watched.target);
	check_same_counts(&a->counts, &b->counts, a->kind);
	require(a->ngroups == b->ngroups);
	for (i = 0; i < a->ngroups; i++)
		check_same_group(&a->groups[i], &b->groups[i], a->kind);
}

static bool is_utf8(const char *s)
{
	while (*s && utf8_length(s))
		s += utf8_length(s);
	return !*s;
}

static char *text_of(const struct snapshot *s)
{
	struct json_object *o = json_snapshot(s);
	char *text = xstrdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));

	json_object_put(o);
	return text;
}

static struct snapshot *read_text(const char *text)
{
	struct json_reader *r;
	struct snapshot *s;

	fuzz_must_succeed(true);
	fuzz_stdin(text, strlen(text), SIZE_MAX);
	r = json_reader_open("-");
	s = json_reader_next(r);
	require(s && !json_reader_next(r));
	json_reader_close(r);
	fuzz_must_succeed(false);
	return s;
}

char *check_written(const struct snapshot *s)
{
	char *text = text_of(s), *again;
	struct snapshot *copy = read_text(text);

	again = text_of(copy);
	/* Bytes that are no UTF-8 are written as the characters of their numbers. */
	if (is_utf8(again) && !strstr(text, "\\u00")) {
		check_same(s, copy);
		require(!strcmp(text, again));
	}
	free(again);
	snapshot_free(copy);
	return text;
}
