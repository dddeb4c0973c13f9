// SPDX-License-Identifier: GPL-2.0-or-later
/* What a watch knows of a call beside how often it was made: to sum and to subtract. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"
#include "util.h"

#define EXTREMES	(BIT(MEASURE_MIN_NS) | BIT(MEASURE_MAX_NS))

const char *const measure_words[MEASURE_COUNT] = {
	[MEASURE_EXITS]		= "exits",
	[MEASURE_ERRORS]	= "errors",
	[MEASURE_REFUSED]	= "refused",
	[MEASURE_RESTARTED]	= "restarted",
	[MEASURE_IN_FLIGHT]	= "in_flight",
	[MEASURE_OLDEST_NS]	= "oldest_ns",
	[MEASURE_TOTAL_NS]	= "total_ns",
	[MEASURE_MIN_NS]	= "min_ns",
	[MEASURE_MAX_NS]	= "max_ns",
};

const char *error_name(uint32_t number)
{
	static char *numbers[ERROR_MAX + 1];
	const char *name = strerrorname_np((int)number);

	if (name || number > ERROR_MAX)
		return name ? name : "?";
	if (!numbers[number])
		numbers[number] = xasprintf("%" PRIu32, number);
	return numbers[number];
}

bool error_number(const char *text, uint32_t *number)
{
	uint32_t i;

	for (i = 1; i <= ERROR_MAX; i++) {
		const char *name = strerrorname_np((int)i);

		if (name ? !strcmp(name, text) : !strcmp(error_name(i), text)) {
			*number = i;
			return true;
		}
	}
	return false;
}

uint64_t bucket_bound(uint32_t value)
{
	return UINT64_C(1) << (value < 64 ? value : 63);
}

/* As if the calls of a bucket lay evenly between its bounds. */
uint64_t quantile_ns(const struct tallies *buckets, const struct measures *m, unsigned int percent)
{
	double all = 0, want, ns = 0;
	size_t i;

	for (i = 0; i < buckets->n; i++)
		all += (double)buckets->items[i].count;
	want = all * percent / 100;
	for (i = 0; i < buckets->n; i++) {
		double count = (double)buckets->items[i].count;
		double bound = (double)bucket_bound(buckets->items[i].value);

		ns = bound / 2 + bound / 2 * (count > 0 ? want / count : 0);
		if (want <= count)
			break;
		want -= count;
	}
	if (measured(m, MEASURE_TOTAL_NS) && m->n[MEASURE_EXITS] == 1)
		return m->n[MEASURE_TOTAL_NS];
	/* None took longer than all together. */
	if (measured(m, MEASURE_TOTAL_NS) && ns > (double)m->n[MEASURE_TOTAL_NS])
		ns = (double)m->n[MEASURE_TOTAL_NS];
	if (measured(m, MEASURE_MIN_NS) && ns < (double)m->n[MEASURE_MIN_NS])
		return m->n[MEASURE_MIN_NS];
	if (measured(m, MEASURE_MAX_NS) && ns > (double)m->n[MEASURE_MAX_NS])
		return m->n[MEASURE_MAX_NS];
	return (uint64_t)ns;
}

unsigned int measures_taken(bool errors, bool latency)
{
	unsigned int known = 0;

	if (errors || latency)
		known |= BIT(MEASURE_EXITS) | BIT(MEASURE_REFUSED) | BIT(MEASURE_RESTARTED) |
			 BIT(MEASURE_IN_FLIGHT);
	if (errors)
		known |= BIT(MEASURE_ERRORS);
	if (latency)
		known |= BIT(MEASURE_OLDEST_NS) | BIT(MEASURE_TOTAL_NS);
	return known;
}

bool measured(const struct measures *m, enum measure what)
{
	return m->known & BIT(what);
}

void measure_set(struct measures *m, enum measure what, uint64_t n)
{
	m->known |= BIT(what);
	m->n[what] = n;
}

/* A call that did not return yet took no time: its minimum is none. */
static void merge_minimum(struct measures *to, const struct measures *from)
{
	if (!from->n[MEASURE_EXITS])
		return;
	if (!to->n[MEASURE_EXITS] || from->n[MEASURE_MIN_NS] < to->n[MEASURE_MIN_NS])
		to->n[MEASURE_MIN_NS] = from->n[MEASURE_MIN_NS];
}

/* Of calls that returned: those of a sum are not known if they are not of a part. */
static unsigned int unknown_extremes(const struct measures *m)
{
	return m->n[MEASURE_EXITS] ? EXTREMES & ~m->known : 0;
}

void measures_merge(struct measures *to, const struct measures *from)
{
	unsigned int unknown = unknown_extremes(to) | unknown_extremes(from);
	enum measure i;

	/* Before the exits are added up, which say whether there is one. */
	merge_minimum(to, from);
	for (i = 0; i < MEASURE_COUNT; i++) {
		if (i == MEASURE_MIN_NS)
			continue;
		if (i == MEASURE_OLDEST_NS || i == MEASURE_MAX_NS)
			to->n[i] = from->n[i] > to->n[i] ? from->n[i] : to->n[i];
		else
			to->n[i] += from->n[i];
	}
	to->known = (to->known | from->known) & ~unknown;
}

static bool same_word(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : !a && !b;
}

void counts_measures(struct measures *to, const struct counts *c, const char *category, bool all)
{
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		if (all || same_word(c->rows[i].category, category))
			measures_merge(to, &c->rows[i].measures);
	}
	/* A category that was not called has no errors: it was watched all the same. */
	to->known |= c->known;
}

void measures_forget_extremes(struct measures *m)
{
	m->known &= ~EXTREMES;
	m->n[MEASURE_MIN_NS] = 0;
	m->n[MEASURE_MAX_NS] = 0;
}

static void measures_subtract(struct measures *m, const struct measures *before)
{
	enum measure i;

	for (i = 0; i < MEASURE_COUNT; i++) {
		if (i != MEASURE_IN_FLIGHT && i != MEASURE_OLDEST_NS)
			m->n[i] -= before->n[i];
	}
	/* The shortest and the longest of an interval are not known. */
	measures_forget_extremes(m);
}

void tallies_add(struct tallies *to, uint32_t value, uint64_t count)
{
	size_t i = 0;

	while (i < to->n && to->items[i].value < value)
		i++;
	if (i == to->n || to->items[i].value != value) {
		to->items = xreallocarray(to->items, to->n + 1, sizeof(*to->items));
		memmove(&to->items[i + 1], &to->items[i], (to->n - i) * sizeof(*to->items));
		to->items[i] = (struct tally){ .value = value };
		to->n++;
	}
	to->items[i].count += count;
}

static void tallies_subtract(struct tallies *t, const struct tallies *before)
{
	size_t i, n = 0;

	for (i = 0; i < before->n; i++)
		tallies_add(t, before->items[i].value, -before->items[i].count);
	for (i = 0; i < t->n; i++) {
		if (t->items[i].count)
			t->items[n++] = t->items[i];
	}
	t->n = n;
}

void row_merge(struct row *to, const struct row *from)
{
	size_t i;

	to->calls += from->calls;
	measures_merge(&to->measures, &from->measures);
	for (i = 0; i < from->errnos.n; i++)
		tallies_add(&to->errnos, from->errnos.items[i].value, from->errnos.items[i].count);
	for (i = 0; i < from->buckets.n; i++)
		tallies_add(&to->buckets, from->buckets.items[i].value,
			    from->buckets.items[i].count);
}

void row_subtract(struct row *row, const struct row *before)
{
	row->calls -= before->calls;
	measures_subtract(&row->measures, &before->measures);
	tallies_subtract(&row->errnos, &before->errnos);
	tallies_subtract(&row->buckets, &before->buckets);
}

/* Of the value, or of those that are nearest to it. */
static void tallies_take(struct tallies *t, uint32_t value, uint64_t count)
{
	while (count) {
		struct tally *nearest = NULL;
		uint32_t away, least = UINT32_MAX;
		uint64_t taken;
		size_t i;

		for (i = 0; i < t->n; i++) {
			struct tally *item = &t->items[i];

			away = item->value > value ? item->value - value : value - item->value;
			if (item->count && away < least) {
				nearest = item;
				least = away;
			}
		}
		if (!nearest)
			return;
		taken = min_u64(count, nearest->count);
		nearest->count -= taken;
		count -= taken;
	}
}

static void take_tallies_out(struct tallies *t, const struct tallies *part)
{
	size_t i, n = 0;

	for (i = 0; i < part->n; i++)
		tallies_take(t, part->items[i].value, part->items[i].count);
	for (i = 0; i < t->n; i++) {
		if (t->items[i].count)
			t->items[n++] = t->items[i];
	}
	t->n = n;
}

/* Not what is of a single call */
static bool adds_up(enum measure i)
{
	return i != MEASURE_OLDEST_NS && i != MEASURE_MIN_NS && i != MEASURE_MAX_NS;
}

/* A time that calls of these buckets can have taken together. */
static uint64_t possible_time(const struct tallies *buckets, uint64_t ns)
{
	uint64_t least = 0, most = 0;
	size_t i;

	for (i = 0; i < buckets->n; i++) {
		uint64_t bound = bucket_bound(buckets->items[i].value);

		least += bound / 2 * buckets->items[i].count;
		most += bound * buckets->items[i].count;
	}
	return ns < least ? least : min_u64(ns, most);
}

void row_take_out(struct row *row, const struct row *part)
{
	uint64_t *n = row->measures.n;
	enum measure i;

	row->calls -= min_u64(row->calls, part->calls);
	for (i = 0; i < MEASURE_COUNT; i++) {
		if (adds_up(i))
			n[i] -= min_u64(n[i], part->measures.n[i]);
	}
	if (!n[MEASURE_IN_FLIGHT])
		n[MEASURE_OLDEST_NS] = 0;
	take_tallies_out(&row->errnos, &part->errnos);
	take_tallies_out(&row->buckets, &part->buckets);
	n[MEASURE_TOTAL_NS] = possible_time(&row->buckets, n[MEASURE_TOTAL_NS]);
}

bool row_counted(const struct row *row)
{
	enum measure i;

	for (i = 0; i < MEASURE_COUNT; i++) {
		if (adds_up(i) && row->measures.n[i])
			return true;
	}
	return row->calls || row->errnos.n || row->buckets.n;
}

bool row_busy(const struct row *row)
{
	const struct measures *m = &row->measures;

	return row->calls || m->n[MEASURE_EXITS] || m->n[MEASURE_REFUSED] ||
	       m->n[MEASURE_IN_FLIGHT];
}
