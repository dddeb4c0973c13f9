// SPDX-License-Identifier: GPL-2.0-or-later
/* The one data structure that every command prints, saves and subtracts. */
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"
#include "util.h"

const char *const kind_words[KIND_COUNT] = {
	[KIND_COUNTERS]	= "counters",
	[KIND_WATCH]	= "watch",
	[KIND_LIST]	= "list",
	[KIND_DIFF]	= "diff",
	[KIND_INFO]	= "info",
	[KIND_COST]	= "cost",
};

const char *const state_words[STATE_COUNT] = {
	[STATE_OFF]	= "off",
	[STATE_ON]	= "on",
	[STATE_PARTIAL]	= "partial",
};

const char *const by_words[BY_COUNT] = {
	[BY_DEFAULT]	= "",
	[BY_SYSCALL]	= "syscall",
	[BY_CATEGORY]	= "category",
	[BY_CPU]	= "cpu",
	[BY_PROCESS]	= "process",
	[BY_THREAD]	= "thread",
	[BY_CGROUP]	= "cgroup",
	[BY_COMMAND]	= "command",
};

const char *const target_words[TARGET_COUNT] = {
	[TARGET_COMMAND]	= "command",
	[TARGET_PROCESS]	= "process",
	[TARGET_CGROUP]		= "cgroup",
	[TARGET_ALL]		= "all",
};

const char *const object_words[OBJECT_COUNT] = {
	[OBJECT_FILE]		= "file",
	[OBJECT_DEVICE]		= "device",
	[OBJECT_CHANNEL]	= "channel",
};

struct snapshot *snapshot_new(enum kind kind)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));

	s->kind = kind;
	return s;
}

static void row_free(struct row *row)
{
	free(row->name);
	free(row->category);
	free(row->entry);
	free(row->errnos.items);
	free(row->buckets.items);
}

void counts_free(struct counts *c)
{
	size_t i;

	for (i = 0; i < c->nrows; i++)
		row_free(&c->rows[i]);
	for (i = 0; i < c->ncategories; i++)
		free(c->categories[i].name);
	free(c->rows);
	free(c->categories);
	memset(c, 0, sizeof(*c));
}

void group_free(struct group *group)
{
	free(group->cgroup);
	free(group->command);
	counts_free(&group->counts);
}

void words_free(char **words)
{
	size_t i;

	for (i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

char **words_add(char **words, const char *word)
{
	size_t n = 0;

	while (words && words[n])
		n++;
	words = xreallocarray(words, n + 2, sizeof(*words));
	words[n] = xstrdup(word);
	words[n + 1] = NULL;
	return words;
}

static void watched_free(struct watched *w)
{
	words_free(w->command);
	free(w->pids);
	free(w->cgroup);
}

void snapshot_free(struct snapshot *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->ngroups; i++)
		group_free(&s->groups[i]);
	for (i = 0; i < s->nselections; i++) {
		words_free(s->selections[i].categories);
		words_free(s->selections[i].syscalls);
	}
	free(s->selections);
	watched_free(&s->watched);
	counts_free(&s->counts);
	free(s->groups);
	free(s->host);
	free(s->kernel);
	free(s->machine);
	free(s->tool);
	free(s->module);
	free(s->boot_id);
	free(s->time);
	free(s->since);
	free(s->hook);
	free(s);
}

/* Room grows by doubling: at each power of two. */
static void *grow(void *array, size_t n, size_t size)
{
	if (n & (n - 1))
		return array;
	return xreallocarray(array, n ? 2 * n : 1, size);
}

static struct tallies tallies_copy(const struct tallies *from)
{
	struct tallies to = { .n = from->n };

	if (!from->n)
		return to;
	to.items = xcalloc(from->n, sizeof(*to.items));
	memcpy(to.items, from->items, from->n * sizeof(*to.items));
	return to;
}

struct row *counts_add_row(struct counts *c, const struct row *row)
{
	struct row *new;

	c->rows = grow(c->rows, c->nrows, sizeof(*c->rows));
	new = &c->rows[c->nrows++];
	*new = *row;
	new->name = xstrdup(row->name);
	new->category = xstrdup(row->category);
	new->entry = xstrdup(row->entry);
	new->errnos = tallies_copy(&row->errnos);
	new->buckets = tallies_copy(&row->buckets);
	return new;
}

struct category *counts_add_category(struct counts *c, const char *name, enum state state)
{
	struct category *new;

	c->categories = grow(c->categories, c->ncategories, sizeof(*c->categories));
	new = &c->categories[c->ncategories++];
	new->name = xstrdup(name);
	new->state = state;
	new->calls = 0;
	return new;
}

struct category *counts_category(const struct counts *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->ncategories; i++) {
		if (!strcmp(c->categories[i].name, name))
			return &c->categories[i];
	}
	return NULL;
}

/* The order of the kernel's ABI numbers; a word of another machine comes last. */
static int abi_rank(const char *abi)
{
	static const char *const words[] = { "64", "i386", "x32", "arm", "32" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(abi, words[i]))
			break;
	}
	return (int)i;
}

int row_compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int d = abi_rank(x->abi) - abi_rank(y->abi);

	if (!d)
		d = strcmp(x->abi, y->abi);
	if (!d)
		d = x->other - y->other;
	if (!d && !x->other)
		d = (x->nr > y->nr) - (x->nr < y->nr);
	if (!d)
		d = (int)x->object - (int)y->object;
	return d;
}

void counts_sort(struct counts *c)
{
	if (c->nrows)
		qsort(c->rows, c->nrows, sizeof(*c->rows), row_compare);
}

const struct row *counts_find(const struct counts *c, const struct row *key)
{
	if (!c->nrows)
		return NULL;
	return bsearch(key, c->rows, c->nrows, sizeof(*c->rows), row_compare);
}

void counts_sum(struct counts *c)
{
	struct category *category;
	size_t i;

	c->total = 0;
	c->unknown = 0;
	for (i = 0; i < c->ncategories; i++)
		c->categories[i].calls = 0;
	for (i = 0; i < c->nrows; i++) {
		const struct row *row = &c->rows[i];

		c->total += row->calls;
		if (!row->category) {
			c->unknown += row->calls;
			continue;
		}
		category = counts_category(c, row->category);
		if (!category)
			category = counts_add_category(c, row->category, STATE_NONE);
		category->calls += row->calls;
	}
}

bool counts_rows_agree(const struct counts *c)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < c->nrows; i++)
		sum += c->rows[i].calls;
	return sum == c->total;
}

bool counts_categories_agree(const struct counts *c)
{
	uint64_t sum = c->unknown;
	size_t i;

	for (i = 0; i < c->ncategories; i++)
		sum += c->categories[i].calls;
	return sum == c->total;
}

const struct row *counts_twice(const struct counts *c)
{
	size_t i;

	for (i = 1; i < c->nrows; i++) {
		if (!row_compare(&c->rows[i - 1], &c->rows[i]))
			return &c->rows[i];
	}
	return NULL;
}

/* Kept in order by the caller. */
static void add_or_merge(struct counts *c, const struct row *row)
{
	struct row *old = (struct row *)counts_find(c, row);

	if (old)
		row_merge(old, row);
	else
		counts_add_row(c, row);
}

bool counts_objects(const struct counts *c)
{
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		if (c->rows[i].object != OBJECT_NONE)
			return true;
	}
	return false;
}

void counts_fold_objects(struct counts *c, const struct counts *plain)
{
	struct counts old = *c;
	size_t i;

	c->rows = NULL;
	c->nrows = 0;
	/* Those of one call follow each other: the order stays. */
	for (i = 0; i < old.nrows; i++) {
		struct row *row = &old.rows[i];
		const struct row *named;

		row->object = OBJECT_NONE;
		named = counts_find(plain, row);
		if (named) {
			free(row->category);
			row->category = xstrdup(named->category);
		}
		add_or_merge(c, row);
		row_free(row);
	}
	free(old.rows);
	counts_sum(c);
}

void counts_keep(struct counts *c, bool (*keep)(const struct row *row, const void *ctx),
		 const void *ctx)
{
	size_t i, n = 0;

	for (i = 0; i < c->nrows; i++) {
		if (keep(&c->rows[i], ctx))
			c->rows[n++] = c->rows[i];
		else
			row_free(&c->rows[i]);
	}
	c->nrows = n;
}

static bool keep_counted(const struct row *row, const void *ctx)
{
	(void)ctx;
	return row_counted(row);
}

void counts_take_out(struct counts *c, const struct counts *part)
{
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		const struct row *row = counts_find(part, &c->rows[i]);

		if (row)
			row_take_out(&c->rows[i], row);
	}
	counts_keep(c, keep_counted, NULL);
	counts_sum(c);
}

void counts_forget_extremes(struct counts *c, const struct counts *part)
{
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		if (counts_find(part, &c->rows[i]))
			measures_forget_extremes(&c->rows[i].measures);
	}
}

/* Their names and states, without calls. */
static void copy_categories(struct counts *to, const struct counts *from)
{
	size_t i;

	for (i = 0; i < from->ncategories; i++)
		counts_add_category(to, from->categories[i].name, from->categories[i].state);
	to->unknown_state = from->unknown_state;
}

void counts_merge(struct counts *to, const struct counts *from)
{
	size_t i;

	if (!to->ncategories)
		copy_categories(to, from);
	to->known |= from->known;
	for (i = 0; i < from->nrows; i++) {
		size_t before = to->nrows;

		add_or_merge(to, &from->rows[i]);
		if (to->nrows > before)
			counts_sort(to);
	}
	counts_sum(to);
}

/* The shortest and the longest of all times, where those of the interval are not known. */
static void keep_extremes(struct row *row, const struct row *after)
{
	enum measure i;

	for (i = MEASURE_MIN_NS; i <= MEASURE_MAX_NS; i++) {
		if (measured(&after->measures, i))
			measure_set(&row->measures, i, after->measures.n[i]);
	}
}

static void counts_subtract(struct counts *to, const struct counts *after,
			    const struct counts *before, bool extremes)
{
	size_t i;

	copy_categories(to, after);
	to->no_unknown = after->no_unknown;
	to->known = after->known;
	for (i = 0; i < after->nrows; i++) {
		const struct row *row = &after->rows[i];
		const struct row *old = before ? counts_find(before, row) : NULL;

		if (old)
			row_subtract(counts_add_row(to, row), old);
		else if (row_counted(row))
			counts_add_row(to, row);
		if (old && !row_counted(&to->rows[to->nrows - 1]))
			row_free(&to->rows[--to->nrows]);
		else if (old && extremes)
			keep_extremes(&to->rows[to->nrows - 1], row);
	}
	counts_sum(to);
}

static bool group_same(const struct group *a, const struct group *b)
{
	return a->by == b->by && a->cpu == b->cpu && a->pid == b->pid && a->tid == b->tid &&
	       a->start_ns == b->start_ns &&
	       (a->by != BY_CGROUP || a->cgroup_id == b->cgroup_id) &&
	       (a->by != BY_COMMAND || !strcmp(a->command, b->command));
}

struct group *group_find(const struct snapshot *s, const struct group *group, size_t *at)
{
	size_t i;

	for (i = 0; i < s->ngroups; i++) {
		size_t place = (*at + i) % s->ngroups;

		if (group_same(&s->groups[place], group)) {
			*at = place + 1;
			return &s->groups[place];
		}
	}
	return NULL;
}

void group_copy(struct group *to, const struct group *from)
{
	*to = *from;
	to->cgroup = xstrdup(from->cgroup);
	to->command = xstrdup(from->command);
	memset(&to->counts, 0, sizeof(to->counts));
}

struct group *snapshot_add_group(struct snapshot *s)
{
	struct group *group;

	s->groups = grow(s->groups, s->ngroups, sizeof(*s->groups));
	group = &s->groups[s->ngroups++];
	memset(group, 0, sizeof(*group));
	return group;
}

static void groups_subtract(struct snapshot *to, const struct snapshot *after,
			    const struct snapshot *before, bool live)
{
	size_t i, at = 0;

	for (i = 0; i < after->ngroups; i++) {
		struct group *group = snapshot_add_group(to);
		const struct group *old;

		group_copy(group, &after->groups[i]);
		old = before ? group_find(before, group, &at) : NULL;
		counts_subtract(&group->counts, &after->groups[i].counts,
				old ? &old->counts : NULL, live);
		if (!live && !group->counts.total) {
			group_free(group);
			to->ngroups--;
		}
	}
}

char **words_copy(char *const *words)
{
	char **copy;
	size_t n = 0;

	if (!words)
		return NULL;
	while (words[n])
		n++;
	copy = xcalloc(n + 1, sizeof(*copy));
	while (n--)
		copy[n] = xstrdup(words[n]);
	return copy;
}

void snapshot_add_selection(struct snapshot *s, const struct selection *selection)
{
	s->selections = grow(s->selections, s->nselections, sizeof(*s->selections));
	s->selections[s->nselections++] = *selection;
}

static void watched_copy(struct watched *to, const struct watched *from)
{
	*to = *from;
	to->cgroup = xstrdup(from->cgroup);
	to->command = words_copy(from->command);
	to->pids = xcalloc(from->npids, sizeof(*to->pids));
	if (from->npids)
		memcpy(to->pids, from->pids, from->npids * sizeof(*to->pids));
}

void snapshot_merge(struct snapshot *to, const struct snapshot *from)
{
	size_t i, at = 0;

	for (i = 0; i < from->ngroups; i++) {
		const struct group *other = &from->groups[i];
		struct group *group = group_find(to, other, &at);

		if (group) {
			group->threads += other->threads;
			group->ended = group->ended && other->ended;
		} else {
			group = snapshot_add_group(to);
			group_copy(group, other);
		}
		counts_merge(&group->counts, &other->counts);
	}
	counts_merge(&to->counts, &from->counts);
	to->lost += from->lost;
	to->watched.lost_threads += from->watched.lost_threads;
	to->watched.left += from->watched.left;
	to->watched.threads += from->watched.threads;
}

/* Its counts are those of its groups. */
static void sum_groups(struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->counts.nrows; i++)
		row_free(&s->counts.rows[i]);
	s->counts.nrows = 0;
	for (i = 0; i < s->ngroups; i++)
		counts_merge(&s->counts, &s->groups[i].counts);
	counts_sum(&s->counts);
}

void snapshot_drop(struct snapshot *s, bool (*drop)(const struct group *group, const void *ctx),
		   const void *ctx)
{
	size_t i, n = 0;

	for (i = 0; i < s->ngroups; i++) {
		if (drop(&s->groups[i], ctx))
			group_free(&s->groups[i]);
		else
			s->groups[n++] = s->groups[i];
	}
	s->ngroups = n;
	sum_groups(s);
}

static struct snapshot *copy_origin(const struct snapshot *from)
{
	struct snapshot *s = snapshot_new(from->kind);
	size_t i;

	s->host = xstrdup(from->host);
	s->kernel = xstrdup(from->kernel);
	s->machine = xstrdup(from->machine);
	s->tool = xstrdup(from->tool);
	s->module = xstrdup(from->module);
	s->boot_id = xstrdup(from->boot_id);
	s->time = xstrdup(from->time);
	s->hook = xstrdup(from->hook);
	s->cpus = from->cpus;
	watched_copy(&s->watched, &from->watched);
	for (i = 0; i < from->nselections; i++) {
		struct selection copy = {
			.categories = words_copy(from->selections[i].categories),
			.syscalls = words_copy(from->selections[i].syscalls),
		};

		snapshot_add_selection(s, &copy);
	}
	return s;
}

static void counts_copy(struct counts *to, const struct counts *from)
{
	size_t i;

	copy_categories(to, from);
	for (i = 0; i < from->nrows; i++)
		counts_add_row(to, &from->rows[i]);
	to->no_unknown = from->no_unknown;
	to->known = from->known;
	counts_sum(to);
}

void snapshot_add_group_copy(struct snapshot *s, const struct group *from)
{
	struct group *group = snapshot_add_group(s);

	group_copy(group, from);
	counts_copy(&group->counts, &from->counts);
}

struct snapshot *snapshot_copy(const struct snapshot *from)
{
	struct snapshot *s = copy_origin(from);
	size_t i;

	s->since = xstrdup(from->since);
	s->timed = from->timed;
	s->since_ns = from->since_ns;
	s->now_ns = from->now_ns;
	s->duration_ns = from->duration_ns;
	s->lost = from->lost;
	s->reset = from->reset;
	counts_copy(&s->counts, &from->counts);
	for (i = 0; i < from->ngroups; i++)
		snapshot_add_group_copy(s, &from->groups[i]);
	return s;
}

/* All but the counts. */
static struct snapshot *interval_of(const struct snapshot *after, const struct snapshot *before)
{
	struct snapshot *s = copy_origin(after);

	s->timed = after->timed && before->timed;
	s->lost = after->lost - before->lost;
	s->watched.lost_threads -= before->watched.lost_threads;
	s->watched.left -= before->watched.left;
	s->reset = after->since_ns != before->since_ns;
	s->now_ns = after->now_ns;
	/* After a reset only what came later is known, and it is all in @after. */
	s->since = xstrdup(s->reset ? after->since : before->time);
	s->since_ns = s->reset ? after->since_ns : before->now_ns;
	s->duration_ns = s->now_ns - s->since_ns;
	return s;
}

struct snapshot *snapshot_subtract(const struct snapshot *after, const struct snapshot *before)
{
	struct snapshot *s = interval_of(after, before);

	counts_subtract(&s->counts, &after->counts, s->reset ? NULL : &before->counts, false);
	groups_subtract(s, after, s->reset ? NULL : before, false);
	return s;
}

struct snapshot *snapshot_recent(const struct snapshot *after, const struct snapshot *before)
{
	struct snapshot *s = interval_of(after, before);

	copy_categories(&s->counts, &after->counts);
	groups_subtract(s, after, before, true);
	sum_groups(s);
	return s;
}

/* Those that ended and were let go, or are another's. */
static void drop_others(struct snapshot *s, const struct snapshot *recent,
			const struct group *keep)
{
	size_t i, n = 0, at = 0;

	for (i = 0; i < s->ngroups; i++) {
		struct group *group = &s->groups[i];

		if (group_find(recent, group, &at)) {
			s->groups[n++] = *group;
		} else if (keep && group_same(group, keep)) {
			group->ended = true;
			group->threads = 0;
			s->groups[n++] = *group;
		} else {
			group_free(group);
		}
	}
	s->ngroups = n;
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = xstrdup(by);
}

static void append_group(struct snapshot *s, const struct group *recent, size_t *at)
{
	struct group *group = group_find(s, recent, at);

	if (!group) {
		snapshot_add_group_copy(s, recent);
		return;
	}
	/* What may be another by now: its name, its threads. */
	replace(&group->command, recent->command);
	replace(&group->cgroup, recent->cgroup);
	group->threads = recent->threads;
	group->ended = recent->ended;
	counts_merge(&group->counts, &recent->counts);
}

void snapshot_append(struct snapshot *s, const struct snapshot *recent, const struct group *keep)
{
	size_t i, at = 0;

	drop_others(s, recent, keep);
	for (i = 0; i < recent->ngroups; i++)
		append_group(s, &recent->groups[i], &at);
	counts_merge(&s->counts, &recent->counts);
	replace(&s->time, recent->time);
	replace(&s->hook, recent->hook);
	s->now_ns = recent->now_ns;
	s->duration_ns = s->now_ns - s->since_ns;
	s->lost += recent->lost;
	s->watched.lost_threads += recent->watched.lost_threads;
	s->watched.left += recent->watched.left;
	s->watched.threads = recent->watched.threads;
}
