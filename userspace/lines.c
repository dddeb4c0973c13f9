// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows and columns of tables of counts. */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "util.h"

static void get_time(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_text(cell, ((const struct line *)data)->snapshot->time, "-");
}

static void get_cpu(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_text(cell, NULL, "-");
	if (line->group && line->group->by == BY_CPU)
		cell_count(cell, line->group->cpu);
}

static void get_pid(const struct column *column, const void *data, struct cell *cell)
{
	const struct group *group = ((const struct line *)data)->group;

	(void)column;
	cell_text(cell, NULL, "-");
	if (!group || (group->by != BY_PROCESS && group->by != BY_THREAD))
		return;
	cell->type = CELL_NUMBER;
	cell->number = group->pid;
}

static void get_tid(const struct column *column, const void *data, struct cell *cell)
{
	const struct group *group = ((const struct line *)data)->group;

	(void)column;
	cell_text(cell, NULL, "-");
	if (!group || group->by != BY_THREAD)
		return;
	cell->type = CELL_NUMBER;
	cell->number = group->tid;
}

static void get_command(const struct column *column, const void *data, struct cell *cell)
{
	const struct group *group = ((const struct line *)data)->group;

	(void)column;
	cell_text(cell, group ? group->command : NULL, "-");
}

static void get_cgroup(const struct column *column, const void *data, struct cell *cell)
{
	const struct group *group = ((const struct line *)data)->group;

	(void)column;
	cell_text(cell, group ? group->cgroup : NULL, "-");
}

static void get_abi(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_abi(cell, ((const struct line *)data)->row);
}

static void get_nr(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_nr(cell, ((const struct line *)data)->row);
}

static void get_syscall(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_syscall(cell, ((const struct line *)data)->row);
}

static void get_category(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_text(cell, ((const struct line *)data)->category, "-");
}

static void get_state(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_state(cell, ((const struct line *)data)->state);
}

static void get_calls(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_count(cell, line->calls + line->before);
}

static void get_rate(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_rate(cell, line->calls, line->snapshot->timed ? line->snapshot->duration_ns : 0);
}

static void get_share(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_percent(cell, line->calls, line->counts->total);
}

static void get_object(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_text(cell, line->row ? object_words[line->row->object] : NULL, "-");
}

static void get_error(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_text(cell, line->error ? error_name(line->error) : NULL, "-");
}

static const struct row *busiest(const struct counts *c)
{
	const struct row *row = NULL;
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		if (!row || c->rows[i].calls > row->calls)
			row = &c->rows[i];
	}
	return row;
}

static void get_busiest(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;
	const struct row *row = line->group ? busiest(&line->group->counts) : NULL;

	(void)column;
	cell_text(cell, row ? row->name : NULL, row ? "?" : "-");
}

static void get_threads(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;

	(void)column;
	cell_text(cell, NULL, "-");
	if (line->group && line->group->by != BY_CPU)
		cell_count(cell, line->group->threads);
}

/* The columns that are a measure, by their keys. */
static void get_measure(const struct column *column, const void *data, struct cell *cell)
{
	const struct line *line = data;
	enum measure m = 0;

	while (m < MEASURE_COUNT - 1 && strcmp(column->key, measure_words[m]) != 0)
		m++;
	cell_text(cell, NULL, "-");
	if (!measured(&line->measures, m))
		return;
	cell_count(cell, line->measures.n[m]);
	if (m == MEASURE_TOTAL_NS)
		cell->type = CELL_DURATION;
}

static void set_duration(struct cell *cell, bool known, uint64_t ns)
{
	cell_text(cell, NULL, "-");
	if (!known)
		return;
	cell->type = CELL_DURATION;
	cell->count = ns;
}

/*
 * Of calls that returned: of none, there is nothing to measure. A live screen has those of
 * all times beside the calls of an interval.
 */
static void get_extreme(const void *data, struct cell *cell, enum measure what, enum measure of)
{
	const struct measures *m = &((const struct line *)data)->measures;

	set_duration(cell, measured(m, what) && (m->n[of] || m->n[what]), m->n[what]);
}

static void get_shortest(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	get_extreme(data, cell, MEASURE_MIN_NS, MEASURE_EXITS);
}

static void get_longest(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	get_extreme(data, cell, MEASURE_MAX_NS, MEASURE_EXITS);
}

static void get_oldest(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	get_extreme(data, cell, MEASURE_OLDEST_NS, MEASURE_IN_FLIGHT);
}

static void get_average(const struct column *column, const void *data, struct cell *cell)
{
	const struct measures *m = &((const struct line *)data)->measures;
	uint64_t exits = m->n[MEASURE_EXITS];

	(void)column;
	set_duration(cell, measured(m, MEASURE_TOTAL_NS) && exits,
		     exits ? m->n[MEASURE_TOTAL_NS] / exits : 0);
}

static void get_quantile(const void *data, struct cell *cell, unsigned int percent)
{
	const struct line *line = data;
	bool known = line->buckets && line->buckets->n;

	set_duration(cell, known,
		     known ? quantile_ns(line->buckets, &line->measures, percent) : 0);
}

static void get_p50(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	get_quantile(data, cell, 50);
}

static void get_p99(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	get_quantile(data, cell, 99);
}

#define CALL	COLUMN_CALL
#define EXITS	(COLUMN_RIGHT | COLUMN_EXITS)
#define WHO	(COLUMN_GROUP | COLUMN_WHO)
#define LATENCY	(COLUMN_RIGHT | COLUMN_LATENCY)

const struct column line_columns[] = {
	{ "TIMESTAMP", "timestamp", "of the reading, UTC", 0, 0, get_time },
	{ "CPU", "cpu", "with --by cpu", COLUMN_RIGHT | COLUMN_CPU, 0, get_cpu },
	{ "ABI", "abi", "the table that the number is taken from: 64, i386, x32", CALL, 0,
	  get_abi },
	{ "NR", "nr", "the call's number; * for those that got no row", COLUMN_RIGHT | CALL, 0,
	  get_nr },
	{ "SYSCALL", "syscall", "the call's name; ? when it has none", COLUMN_CUT | CALL, 0,
	  get_syscall },
	{ "CATEGORY", "category", "its category; - when in none", COLUMN_CUT | CALL, 0,
	  get_category },
	{ "STATE", "state", "on, off or partial", CALL, 0, get_state },
	{ "CALLS", "calls", "how often it was called", COLUMN_RIGHT, 0, get_calls },
	{ "CALLS/S", "calls_per_s", "calls per second", COLUMN_RIGHT, 0, get_rate },
	{ "SHARE", "share", "percentage of the calls shown", COLUMN_RIGHT, 0, get_share },
	{ "ERRORS", "errors", "of a watch: calls that failed", COLUMN_RIGHT | COLUMN_ERRORS, 0,
	  get_measure },
	{ "ERRNO", "errno", "with --errno: how; - when not", COLUMN_ERRNO | CALL, 0, get_error },
	{ "OBJECT", "object", "with --objects: file, device or channel", COLUMN_OBJECT | CALL, 0,
	  get_object },
	{ "TOTAL", "total_ns", "with --latency: the time that all calls took together", LATENCY, 0,
	  get_measure },
	{ "AVG", "avg_ns", "a call on average", LATENCY, 0, get_average },
	{ "P50", "p50_ns", "half of the calls took less (estimated)", LATENCY | CALL, 0, get_p50 },
	{ "P99", "p99_ns", "99 of 100 calls took less (estimated)", LATENCY | CALL, 0, get_p99 },
	{ "MIN", "min_ns", "the shortest", LATENCY, 0, get_shortest },
	{ "MAX", "max_ns", "the longest", LATENCY, 0, get_longest },
	{ "EXITS", "exits", "calls that returned", EXITS, 0, get_measure },
	{ "REFUSED", "refused", "calls that seccomp or a tracer answered", EXITS, 0, get_measure },
	{ "RESTARTED", "restarted", "calls that a signal ended, to be made again", EXITS, 0,
	  get_measure },
	{ "INFLIGHT", "in_flight", "threads that are in the call", EXITS, 0, get_measure },
	{ "OLDEST", "oldest_ns", "how long the longest of them is", LATENCY, 0, get_oldest },
	{ "PID", "pid", "with --by process, thread", COLUMN_RIGHT | WHO, 0, get_pid },
	{ "TID", "tid", "with --by thread", COLUMN_RIGHT | WHO, 0, get_tid },
	{ "COMMAND", "command", "with --by process, thread, command", COLUMN_CUT | WHO,
	  0, get_command },
	{ "CGROUP", "cgroup", "with --by process, thread, cgroup", COLUMN_CUT | WHO, 0,
	  get_cgroup },
	{ "THREADS", "threads", "of a group, that there are now", COLUMN_RIGHT | COLUMN_GROUP, 0,
	  get_threads },
	{ "TOP", "top", "of a group: its busiest call", COLUMN_CUT | COLUMN_GROUP, 0,
	  get_busiest },
};

#undef CALL
#undef EXITS
#undef WHO
#undef LATENCY

const size_t nline_columns = ARRAY_SIZE(line_columns);

/* Those that the command can fill. */
static struct column *columns_of(const struct command *command, size_t *n)
{
	*n = nline_columns;
	return columns_without(line_columns, n, command->by & BIT(BY_CPU) ? 0 : COLUMN_CPU);
}

/* What a column takes that was not given; NULL: nothing. */
static const char *missing(const void *ctx, unsigned int flags)
{
	const struct options *o = ctx;
	bool errors = o->given & (OPT_ERRORS | OPTS_ERRORS);

	if (flags & COLUMN_CPU && o->by != BY_CPU)
		return "--by cpu";
	if (!(o->command->options & OPTS_WATCH) && flags & COLUMNS_WATCH)
		return "a watch: 'syscount run', 'syscount attach', or --input";
	if (flags & COLUMN_ERRNO && !(o->given & OPT_ERRNO))
		return "--errno";
	if (flags & COLUMN_OBJECT && !(o->given & OPT_OBJECTS))
		return "--objects";
	if (flags & COLUMN_GROUP && o->by <= BY_CPU)
		return "--by process, thread, cgroup or command";
	if (flags & COLUMN_CALL && o->given & OPT_GROUPS)
		return "the calls, which --groups leaves out";
	if (o->format == FORMAT_STRACE)
		return NULL;
	if (flags & COLUMN_LATENCY && !(o->given & OPT_LATENCY))
		return "--latency";
	if (flags & COLUMN_ERRORS && !errors)
		return "--errors";
	if (flags & COLUMN_EXITS && !errors && !(o->given & OPT_LATENCY))
		return "--errors or --latency";
	return NULL;
}

void lines_check(const struct options *o)
{
	size_t n;
	struct column *columns = columns_of(o->command, &n);

	columns_check(o, columns, n);
	/* What a file holds is not known yet. */
	if (!o->input)
		columns_check_filled(o, columns, n, missing, o);
	free(columns);
}

/* The same of a file, once it is read: sorted by what it has not would be in no order. */
void lines_check_file(const struct options *o, const struct counts *c)
{
	unsigned int flags;
	const char *what = NULL;

	if (!o->input || !o->sort)
		return;
	flags = line_columns[columns_find(line_columns, nline_columns, o->sort)].flags;
	if (flags & COLUMN_LATENCY && !lines_measured(c, MEASURE_TOTAL_NS))
		what = "times";
	else if (flags & COLUMN_ERRORS && !lines_measured(c, MEASURE_ERRORS))
		what = "errors";
	if (what)
		errx(failure_status, "%s: holds no %s to sort by", o->input, what);
}

void lines_help(FILE *f, const struct command *command)
{
	size_t n;
	struct column *columns = columns_of(command, &n);

	columns_help(f, columns, n);
	free(columns);
}

struct line *category_lines(const struct snapshot *s, size_t *n, bool total)
{
	const struct counts *c = &s->counts;
	struct line *lines = xcalloc(c->ncategories + 2, sizeof(*lines)), *line = lines;
	size_t i;

	for (i = 0; i < c->ncategories; i++, line++) {
		*line = (struct line){ .category = c->categories[i].name,
				       .state = c->categories[i].state,
				       .calls = c->categories[i].calls };
		counts_measures(&line->measures, c, line->category, false);
	}
	if (!c->no_unknown) {
		*line = (struct line){ .category = "unknown", .state = c->unknown_state,
				       .calls = c->unknown };
		counts_measures(&line++->measures, c, NULL, false);
	}
	if (total) {
		*line = (struct line){ .category = "total", .calls = c->total };
		counts_measures(&line++->measures, c, NULL, true);
	}
	*n = (size_t)(line - lines);
	for (i = 0; i < *n; i++) {
		lines[i].snapshot = s;
		lines[i].counts = c;
	}
	return lines;
}

static uint64_t failed_calls(const struct row *row)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < row->errnos.n; i++)
		n += row->errnos.items[i].count;
	return n;
}

/* The calls of @base that failed, by how; and before them, unless @failed, the others. */
static struct line *split_line(struct line *to, const struct line *base, bool failed)
{
	const struct row *row = base->row;
	uint64_t errors = failed_calls(row);
	size_t i;

	for (i = 0; i <= row->errnos.n; i++) {
		const struct tally *t = i ? &row->errnos.items[i - 1] : NULL;
		uint64_t calls = row->calls > errors ? row->calls - errors : 0;

		if (!t && (failed || (!calls && errors)))
			continue;
		*to = *base;
		to->split = true;
		to->error = t ? t->value : 0;
		to->calls = t ? t->count : calls;
		/* What else was measured is not known of each. */
		memset(&to->measures, 0, sizeof(to->measures));
		to->buckets = NULL;
		if (measured(&row->measures, MEASURE_ERRORS))
			measure_set(&to->measures, MEASURE_ERRORS, t ? t->count : 0);
		to++;
	}
	return to;
}

struct line *call_lines(const struct options *o, const struct snapshot *s,
			const struct group *group, size_t *n)
{
	const struct counts *c = group ? &group->counts : &s->counts;
	bool failed = o->given & OPT_FAILED;
	struct line *lines, *line;
	size_t i, room = c->nrows;

	for (i = 0; i < c->nrows; i++)
		room += c->rows[i].errnos.n;
	lines = xcalloc(room, sizeof(*lines));
	line = lines;
	for (i = 0; i < c->nrows; i++) {
		const struct row *row = &c->rows[i];
		struct line base = { .snapshot = s, .counts = c, .group = group, .row = row,
				     .category = row->category, .state = row->state,
				     .calls = row->calls, .measures = row->measures,
				     .buckets = &row->buckets };

		if (!row_busy(row))
			continue;
		if (o->given & OPT_ERRNO)
			line = split_line(line, &base, failed);
		else if (!failed || row->measures.n[MEASURE_ERRORS])
			*line++ = base;
	}
	*n = (size_t)(line - lines);
	return lines;
}

struct telling calls_telling(const struct options *o, const struct counts *c)
{
	bool machine = o->format != FORMAT_TABLE;
	struct telling tell = { machine, machine, machine, o->given & OPT_OBJECTS };
	const struct row *first = NULL;
	size_t i;

	for (i = 0; i < c->nrows; i++) {
		const struct row *row = &c->rows[i];

		if (!row_busy(row))
			continue;
		if (!first)
			first = row;
		tell.abi = tell.abi || strcmp(row->abi, first->abi) != 0;
		tell.nr = tell.nr || !row->name;
		tell.state = tell.state || row->state == STATE_OFF || row->state == STATE_PARTIAL;
		tell.object = tell.object || row->object != OBJECT_NONE;
	}
	return tell;
}

struct line *group_lines(const struct snapshot *s, size_t *n)
{
	struct line *lines = xcalloc(s->ngroups, sizeof(*lines)), *line = lines;
	size_t i;

	for (i = 0; i < s->ngroups; i++) {
		const struct group *group = &s->groups[i];

		if (!group->counts.total)
			continue;
		*line = (struct line){ .snapshot = s, .counts = &s->counts, .group = group,
				       .calls = group->counts.total };
		counts_measures(&line++->measures, &group->counts, NULL, true);
	}
	*n = (size_t)(line - lines);
	return lines;
}

void table_of_lines(struct table *t, const struct line *lines, size_t n)
{
	size_t i;

	t->rows = xcalloc(n, sizeof(*t->rows));
	t->nrows = n;
	for (i = 0; i < n; i++)
		t->rows[i] = &lines[i];
}

size_t lines_failed(struct line *lines, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		if (lines[i].measures.n[MEASURE_ERRORS])
			lines[kept++] = lines[i];
	}
	return kept;
}

bool lines_measured(const struct counts *c, enum measure what)
{
	return c->known & BIT(what);
}
