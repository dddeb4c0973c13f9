// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots of files: each that is read holds together, is the same when it was written and
 * read again, and can be subtracted from the one before, copied and added. The first byte
 * says how much comes with each read().
 */
#include <stdlib.h>

#include "fuzz.h"
#include "json.h"
#include "util.h"

#define SNAPSHOTS	4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool holds_counts(const struct snapshot *s)
{
	return s->kind == KIND_COUNTERS || s->kind == KIND_WATCH || s->kind == KIND_LIST;
}

static void check(const struct snapshot *s)
{
	size_t i;

	require(s->kind < KIND_COUNT && (!s->timed || s->since_ns <= s->now_ns));
	if (!holds_counts(s))
		return;
	check_counts(&s->counts);
	for (i = 0; i < s->ngroups; i++) {
		const struct group *group = &s->groups[i];

		require(group->by >= BY_CPU && group->by < BY_COUNT);
		require(group->pid >= 0 && group->tid >= 0);
		require(group->by != BY_COMMAND || group->command);
		check_counts(&group->counts);
	}
}

static void check_together(const struct snapshot *before, const struct snapshot *after)
{
	struct snapshot *difference = snapshot_subtract(after, before);
	struct snapshot *copy = snapshot_copy(after);
	struct snapshot *recent = snapshot_recent(after, before);
	size_t i;

	check_counts(&difference->counts);
	for (i = 0; i < difference->ngroups; i++)
		check_counts(&difference->groups[i].counts);
	check_counts(&recent->counts);
	snapshot_append(copy, recent, NULL);
	check_counts(&copy->counts);
	snapshot_merge(copy, before);
	check_counts(&copy->counts);
	snapshot_free(difference);
	snapshot_free(copy);
	snapshot_free(recent);
}

static void read_all(void *ctx)
{
	struct snapshot *snapshots[SNAPSHOTS], *s;
	struct input *in = ctx;
	struct json_reader *r;
	size_t chunk = input_byte(in), n = 0, i;

	fuzz_stdin(in->data, in->size, chunk ? chunk : SIZE_MAX);
	r = json_reader_open("-");
	while ((s = json_reader_next(r))) {
		check(s);
		if (n < SNAPSHOTS)
			snapshots[n++] = s;
		else
			snapshot_free(s);
	}
	json_reader_close(r);
	for (i = 0; i < n; i++) {
		if (holds_counts(snapshots[i]))
			free(check_written(snapshots[i]));
		if (i && holds_counts(snapshots[i]) && snapshots[i - 1]->kind == snapshots[i]->kind)
			check_together(snapshots[i - 1], snapshots[i]);
	}
	while (n)
		snapshot_free(snapshots[--n]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	fuzz_run(read_all, &in);
	return 0;
}
