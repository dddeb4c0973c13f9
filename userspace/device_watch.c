// SPDX-License-Identifier: GPL-2.0-or-later
/* Watches: to open one, and to read it. */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "device_private.h"

/* A module that says there is more is not to be believed. */
#define WATCH_ROWS_MAX	(UINT32_C(1) << 24)
#define NEED_WATCH	\
	"not permitted: needs CAP_PERFMON or CAP_SYS_ADMIN; 'syscount run' needs neither"

/* What a reading returns: three lists, of which each points into the next. */
struct reading {
	struct syscount_watch_read get;
	struct syscount_watch_group *groups;
	struct syscount_watch_row *rows;
	struct syscount_watch_detail *details;
	uint32_t group_room, row_room, detail_room;
};

void reading_free(struct reading *r)
{
	if (!r)
		return;
	free(r->groups);
	free(r->rows);
	free(r->details);
	free(r);
}

int device_try_watch(const struct device *d, const struct syscount_watch *watch)
{
	struct syscount_watch w = *watch;

	w.size = sizeof(w);
	return device_ioctl(d, SYSCOUNT_IOC_WATCH, &w) ? errno : 0;
}

void device_watch_failed(int error, const char *what)
{
	switch (error) {
	case EAGAIN:
		errx(failure_status, "%s: too many watches in a short time: try again in a moment",
		     what);
	case EMFILE:
		errx(failure_status, "%s: there are %d watches of yours or of this thread, as "
		     "many as may be: end some, or get CAP_PERFMON", what, SYSCOUNT_WATCHES_MAX);
	case ENOMEM:
		errx(failure_status, "%s: no memory, or all that your watches may have (%d MiB): "
		     "end some, or get CAP_PERFMON", what, SYSCOUNT_WATCH_BYTES_MAX >> 20);
	case ESRCH:
		errx(failure_status, "%s: no such process", what);
	case EBADF:
		errx(failure_status, "%s: no cgroup of version 2", what);
	case EOPNOTSUPP:
		errx(failure_status, "%s: this kernel cannot do that", what);
	}
	errno = error;
	device_failed(what, NEED_WATCH);
}

static void *make_room(void *list, uint32_t *room, uint32_t needed, size_t size)
{
	if (needed > WATCH_ROWS_MAX)
		errx(failure_status, "watch: the module says %" PRIu32 " rows", needed);
	if (needed <= *room && *room)
		return list;
	/* The target goes on: leave room for what it does meanwhile. */
	*room = needed + needed / 4 + 64;
	return xreallocarray(list, *room, size);
}

static void make_all_room(struct reading *r)
{
	const struct syscount_watch_read *get = &r->get;

	r->groups = make_room(r->groups, &r->group_room, get->group_count, sizeof(*r->groups));
	r->rows = make_room(r->rows, &r->row_room, get->row_count, sizeof(*r->rows));
	r->details = make_room(r->details, &r->detail_room, get->detail_count,
			       sizeof(*r->details));
}

bool device_try_reading(struct device *d, bool forget)
{
	struct reading *r = d->reading;
	struct syscount_watch_read *get;

	if (!r) {
		r = xcalloc(1, sizeof(*r));
		d->reading = r;
		make_all_room(r);
	}
	get = &r->get;
	memset(get, 0, sizeof(*get));
	get->size = sizeof(*get);
	get->flags = forget ? SYSCOUNT_READ_FORGET : 0;
	get->group_capacity = r->group_room;
	get->row_capacity = r->row_room;
	get->detail_capacity = r->detail_room;
	get->groups = (uintptr_t)r->groups;
	get->rows = (uintptr_t)r->rows;
	get->details = (uintptr_t)r->details;
	if (device_ioctl(d, SYSCOUNT_IOC_READ_WATCH, get))
		device_failed("watch", "not permitted: it was opened by another user");
	if (get->group_count <= get->group_capacity && get->row_count <= get->row_capacity &&
	    get->detail_count <= get->detail_capacity)
		return true;
	make_all_room(r);
	return false;
}

static unsigned int known_of(unsigned int details)
{
	return measures_taken(details & SYSCOUNT_WATCH_ERRORS, details & SYSCOUNT_WATCH_LATENCY);
}

/* What was not asked for is not measured, whatever is there in @from. */
static void fill_measures(struct row *row, const struct syscount_watch_row *from,
			  unsigned int details)
{
	enum measure m;

	row->measures = (struct measures){
		.known = known_of(details),
		.n = {
			[MEASURE_EXITS]		= from->exits,
			[MEASURE_ERRORS]	= from->errors,
			[MEASURE_REFUSED]	= from->refused,
			[MEASURE_RESTARTED]	= from->restarted,
			[MEASURE_IN_FLIGHT]	= from->in_flight,
			[MEASURE_OLDEST_NS]	= from->oldest_ns,
			[MEASURE_TOTAL_NS]	= from->total_ns,
		},
	};
	for (m = 0; m < MEASURE_COUNT; m++) {
		if (!measured(&row->measures, m))
			row->measures.n[m] = 0;
	}
	if (!(details & SYSCOUNT_WATCH_LATENCY))
		return;
	measure_set(&row->measures, MEASURE_MIN_NS, from->min_ns);
	measure_set(&row->measures, MEASURE_MAX_NS, from->max_ns);
}

/* What was not asked for is left out here, too, as is a kind of a newer module's. */
static void add_detail(struct row *row, const struct syscount_watch_detail *detail)
{
	switch (detail->kind) {
	case SYSCOUNT_DETAIL_ERRNO:
		if (!detail->value || detail->value > ERROR_MAX)
			device_inconsistent("watch");
		if (measured(&row->measures, MEASURE_ERRORS))
			tallies_add(&row->errnos, detail->value, detail->count);
		break;
	case SYSCOUNT_DETAIL_LATENCY:
		if (detail->value >= 64)
			device_inconsistent("watch");
		if (measured(&row->measures, MEASURE_TOTAL_NS))
			tallies_add(&row->buckets, detail->value, detail->count);
		break;
	}
}

static void add_details(struct row *row, const struct reading *r,
			const struct syscount_watch_row *from)
{
	uint32_t i;

	if (from->first_detail > r->get.detail_count ||
	    from->details > r->get.detail_count - from->first_detail)
		device_inconsistent("watch");
	for (i = 0; i < from->details; i++)
		add_detail(row, &r->details[from->first_detail + i]);
}

static void add_rows(struct device *d, struct counts *c, const struct reading *r,
		     const struct syscount_watch_group *group, unsigned int details)
{
	uint32_t i;

	if (group->first_row > r->get.row_count ||
	    group->rows > r->get.row_count - group->first_row)
		device_inconsistent("watch");
	for (i = 0; i < group->rows; i++) {
		const struct syscount_watch_row *from = &r->rows[group->first_row + i];
		struct row row = { .nr = from->nr, .calls = from->calls }, *new;

		device_name_row(d, &row, from->abi, from->category, from->state, from->flags);
		/* The table of names tells no objects apart: set after the look-up there. */
		if (from->object < OBJECT_COUNT)
			row.object = (enum object)from->object;
		new = counts_add_row(c, &row);
		fill_measures(new, from, details);
		add_details(new, r, from);
	}
	c->known = known_of(details);
	counts_sort(c);
	if (counts_twice(c))
		device_inconsistent("watch");
	counts_sum(c);
}

static enum by group_by(unsigned int by)
{
	static const enum by words[] = {
		[SYSCOUNT_BY_PROCESS]	= BY_PROCESS,
		[SYSCOUNT_BY_THREAD]	= BY_THREAD,
		[SYSCOUNT_BY_CGROUP]	= BY_CGROUP,
		[SYSCOUNT_BY_COMMAND]	= BY_COMMAND,
	};

	return by < ARRAY_SIZE(words) ? words[by] : BY_DEFAULT;
}

static struct group *add_group(struct device *d, struct snapshot *s, unsigned int by,
			       const struct syscount_watch_group *from)
{
	struct group *group = snapshot_add_group(s);

	if (from->pid < 0 || from->tid < 0)
		device_inconsistent("watch");
	group->by = group_by(by);
	group->pid = from->pid;
	group->tid = from->tid;
	group->start_ns = from->start_ns;
	group->cgroup_id = from->cgroup;
	if (from->cgroup)
		group->cgroup = xstrdup(cgroup_path(&d->cgroups, from->cgroup));
	if (by != SYSCOUNT_BY_CGROUP)
		group->command = xasprintf("%.*s", (int)sizeof(from->command), from->command);
	group->threads = from->threads;
	group->ended = from->flags & SYSCOUNT_GROUP_ENDED;
	return group;
}

struct snapshot *device_reading(struct device *d, const struct syscount_watch *watch)
{
	struct snapshot *s = snapshot_new(KIND_WATCH);
	const struct reading *r = d->reading;
	uint32_t i;

	device_table(d);
	device_origin(d, s);
	device_times(s, r->get.since_ns, r->get.now_ns);
	s->hook = xstrdup(hook_word(r->get.hook));
	s->lost = r->get.lost;
	s->watched.measured = true;
	s->watched.lost_threads = r->get.lost_threads;
	s->watched.left = r->get.left;
	s->watched.threads = r->get.threads;
	device_categories(&s->counts, r->get.categories);
	for (i = 0; i < r->get.group_count; i++) {
		struct counts one = { 0 }, *c = &one;

		if (watch->by != SYSCOUNT_BY_NONE)
			c = &add_group(d, s, watch->by, &r->groups[i])->counts;
		device_categories(c, r->get.categories);
		add_rows(d, c, r, &r->groups[i], watch->flags);
		counts_merge(&s->counts, c);
		counts_free(&one);
	}
	cgroup_paths_sweep(d->cgroups);
	s->counts.known = known_of(watch->flags);
	counts_sum(&s->counts);
	return s;
}

struct snapshot *device_read_watch(struct device *d, const struct syscount_watch *watch,
				   bool forget)
{
	device_table(d);
	while (!device_try_reading(d, forget))
		;
	return device_reading(d, watch);
}
