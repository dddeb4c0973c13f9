/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one data structure that every command prints, saves and subtracts. */
#ifndef _SYSCOUNT_SNAPSHOT_H
#define _SYSCOUNT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNAPSHOT_VERSION	1

enum kind {
	KIND_COUNTERS,
	KIND_WATCH,
	KIND_LIST,	/* the table of calls, without counts */
	KIND_DIFF,
	KIND_INFO,
	KIND_COST,
	KIND_COUNT
};

enum state {
	STATE_NONE,	/* not known */
	STATE_OFF,
	STATE_ON,
	STATE_PARTIAL,
	STATE_COUNT
};

/* What only a watch knows of calls, and of those only what it was asked for. */
enum measure {
	MEASURE_EXITS,
	MEASURE_ERRORS,
	MEASURE_REFUSED,
	MEASURE_RESTARTED,
	MEASURE_IN_FLIGHT,
	MEASURE_OLDEST_NS,
	MEASURE_TOTAL_NS,	/* from here on: of the latency */
	MEASURE_MIN_NS,
	MEASURE_MAX_NS,
	MEASURE_COUNT
};

struct measures {
	unsigned int known;	/* a bit for each measure: the others were not measured */
	uint64_t n[MEASURE_COUNT];
};

/* How many there are of a value: an error number, or 2^value ns that calls took less than. */
struct tally {
	uint32_t value;
	uint64_t count;
};

struct tallies {
	struct tally *items;	/* in order of their values, no value twice */
	size_t n;
};

/* What the file descriptor is: the words in object_words[]. */
enum object {
	OBJECT_NONE,		/* not told apart */
	OBJECT_FILE,
	OBJECT_DEVICE,
	OBJECT_CHANNEL,
	OBJECT_COUNT
};

struct row {
	char abi[8];
	int32_t nr;
	bool other;		/* nr is '*' */
	enum object object;
	enum state state;
	char *name;		/* NULL: the kernel has no call of this number */
	char *category;		/* NULL: unknown */
	char *entry;
	uint64_t calls;
	struct measures measures;
	struct tallies errnos, buckets;
};

struct category {
	char *name;
	enum state state;
	uint64_t calls;
};

struct counts {
	struct row *rows;	/* in row_compare() order, no key twice */
	size_t nrows;
	struct category *categories;
	size_t ncategories;
	bool no_unknown;	/* left out by a filter */
	enum state unknown_state;
	uint64_t unknown;
	uint64_t total;
	unsigned int known;	/* a bit for each measure that was taken, were there calls or not */
};

enum by {
	BY_DEFAULT,
	BY_SYSCALL,
	BY_CATEGORY,
	BY_CPU,
	BY_PROCESS,
	BY_THREAD,
	BY_CGROUP,
	BY_COMMAND,
	BY_COUNT
};

/* The counts of one CPU, or of one of those whom a watch tells apart. */
struct group {
	enum by by;
	unsigned int cpu;
	int32_t pid, tid;	/* 0: not known, or outside of the PID namespace */
	uint64_t start_ns;	/* CLOCK_BOOTTIME */
	uint64_t cgroup_id;	/* 0: not measured */
	char *cgroup;		/* its path */
	char *command;
	bool ended;
	uint64_t threads;	/* that are in it now */
	struct counts counts;
};

/* Whom a watch was of. */
enum target {
	TARGET_NONE,
	TARGET_COMMAND,
	TARGET_PROCESS,
	TARGET_CGROUP,
	TARGET_ALL,
	TARGET_COUNT
};

struct watched {
	enum target target;
	int32_t *pids;
	size_t npids;
	char *cgroup;		/* the path */
	char **command;		/* its words, NULL at the end; NULL: not a command */
	bool ended;		/* the two below are known */
	unsigned int status;	/* of the command, as a shell says it */
	unsigned int signal;	/* that killed it, 0: none */
	bool measured;		/* the three below are known */
	uint64_t lost_threads;
	uint64_t left;		/* threads that are not counted any more */
	uint64_t threads;	/* that are watched now */
};

/* The items of a -c and -e: a row that they do not choose is not in a snapshot. */
struct selection {
	char **categories, **syscalls;	/* as they are written, NULL at the end */
};

/* A string that is NULL was not measured. */
struct snapshot {
	enum kind kind;
	char *host, *kernel, *machine, *tool, *module, *boot_id;
	char *time, *since, *hook;
	uint64_t cpus;		/* 0: not measured */
	bool timed;		/* the three below are known */
	uint64_t since_ns, now_ns, duration_ns;
	uint64_t lost;
	struct watched watched;
	bool reset;		/* of a difference: a reset came between */
	struct selection *selections;	/* one upon the other: all of them choose its rows */
	size_t nselections;
	struct counts counts;
	struct group *groups;
	size_t ngroups;
};

extern const char *const kind_words[KIND_COUNT];
extern const char *const state_words[STATE_COUNT];
extern const char *const by_words[BY_COUNT];
extern const char *const target_words[TARGET_COUNT];	/* none: NULL */
extern const char *const object_words[OBJECT_COUNT];	/* none: NULL */
extern const char *const measure_words[MEASURE_COUNT];

struct snapshot *snapshot_new(enum kind kind);
struct snapshot *snapshot_copy(const struct snapshot *from);
void snapshot_free(struct snapshot *s);
void counts_free(struct counts *c);

struct row *counts_add_row(struct counts *c, const struct row *row);
struct category *counts_add_category(struct counts *c, const char *name, enum state state);
struct category *counts_category(const struct counts *c, const char *name);
/* By (abi, nr, object), '*' last in its abi. */
int row_compare(const void *a, const void *b);
void counts_sort(struct counts *c);
const struct row *counts_find(const struct counts *c, const struct row *key);
/* Sums of categories, unknown and total from the rows. */
void counts_sum(struct counts *c);
/* Is the total that of the rows, and of the categories with unknown? */
bool counts_rows_agree(const struct counts *c);
bool counts_categories_agree(const struct counts *c);
/* A row whose key is there twice, NULL: none. They are sorted. */
const struct row *counts_twice(const struct counts *c);
/* The rows of @from too, in @to's rows of the same key; then counts_sum(). */
void counts_merge(struct counts *to, const struct counts *from);
/* See row_take_out(); and without the extremes of calls that are in @part, too. */
void counts_take_out(struct counts *c, const struct counts *part);
void counts_forget_extremes(struct counts *c, const struct counts *part);
/* Are objects told apart. */
bool counts_objects(const struct counts *c);
/* Tells them apart no more: the category is that of @plain's row, if it has one. */
void counts_fold_objects(struct counts *c, const struct counts *plain);
void counts_keep(struct counts *c, bool (*keep)(const struct row *row, const void *ctx),
		 const void *ctx);

#define ERROR_MAX	4095
/* "ENOENT"; of a number that has no name, its digits. */
const char *error_name(uint32_t number);
bool error_number(const char *text, uint32_t *number);
/* What the calls of a bucket took less than, in ns. */
uint64_t bucket_bound(uint32_t value);
/* What @percent of the calls took less than, by estimate. */
uint64_t quantile_ns(const struct tallies *buckets, const struct measures *m,
		     unsigned int percent);

/* What is taken of errors and of latency; without the extremes, which an interval has not. */
unsigned int measures_taken(bool errors, bool latency);
bool measured(const struct measures *m, enum measure what);
void measure_set(struct measures *m, enum measure what, uint64_t n);
void measures_merge(struct measures *to, const struct measures *from);
/* Of the rows of @category, NULL: of unknown; with @all, of all rows. */
void counts_measures(struct measures *to, const struct counts *c, const char *category, bool all);
void row_merge(struct row *to, const struct row *from);
void row_subtract(struct row *row, const struct row *before);
/*
 * @row without the calls of @part, which counted some of the same, but not quite the same ones:
 * never below zero, and what the calls took together fits to the buckets that stay.
 */
void row_take_out(struct row *row, const struct row *part);
/* MIN and MAX are not known. */
void measures_forget_extremes(struct measures *m);
/*
 * Something is in it, if only what took time: a reading can come between an exit and its time,
 * which the next interval then has alone.
 */
bool row_counted(const struct row *row);
/* Something is to be told of it. */
bool row_busy(const struct row *row);
void tallies_add(struct tallies *to, uint32_t value, uint64_t count);

/* Makes room for one more, which is zeroes. */
struct group *snapshot_add_group(struct snapshot *s);
void snapshot_add_group_copy(struct snapshot *s, const struct group *from);
/*
 * @group's like in @s: the same CPU, process, thread, cgroup or command; NULL: none. @at, 0
 * at first, remembers where to begin next time.
 */
struct group *group_find(const struct snapshot *s, const struct group *group, size_t *at);
/* All but the counts. */
void group_copy(struct group *to, const struct group *from);
void group_free(struct group *group);
/* Lists of strings with NULL at their end, as a command line; NULL: none. */
char **words_copy(char *const *words);
char **words_add(char **words, const char *word);
void words_free(char **words);
/* Takes the lists of @selection. */
void snapshot_add_selection(struct snapshot *s, const struct selection *selection);

/* All of @from in @to, too: as if one watch had counted for both. */
void snapshot_merge(struct snapshot *to, const struct snapshot *from);
/* Without the groups that @drop says; those that stay make up the sum. */
void snapshot_drop(struct snapshot *s, bool (*drop)(const struct group *group, const void *ctx),
		   const void *ctx);

/* What was counted from @before to @after; rows without a call are left out. */
struct snapshot *snapshot_subtract(const struct snapshot *after, const struct snapshot *before);
/*
 * The same of a watch that lets go of groups which ended: the sum is that of the groups of
 * @after, all of which are in it, and MIN and MAX are those of all times.
 */
struct snapshot *snapshot_recent(const struct snapshot *after, const struct snapshot *before);
/*
 * Adds such an interval to those before it. Groups that are not in it go, but for @keep,
 * which may be NULL; what they counted stays in the sum.
 */
void snapshot_append(struct snapshot *s, const struct snapshot *recent, const struct group *keep);

#endif
