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

struct row {
	char abi[8];
	int32_t nr;
	bool other;		/* nr is '*' */
	enum state state;
	char *name;		/* NULL: the kernel has no call of this number */
	char *category;		/* NULL: unknown */
	char *entry;
	uint64_t calls;
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
};

/* The counts of one CPU. */
struct group {
	unsigned int cpu;
	struct counts counts;
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
	bool reset;		/* of a difference: a reset came between */
	struct counts counts;
	struct group *groups;
	size_t ngroups;
};

extern const char *const kind_words[KIND_COUNT];
extern const char *const state_words[STATE_COUNT];

struct snapshot *snapshot_new(enum kind kind);
/* Without its groups. */
struct snapshot *snapshot_copy(const struct snapshot *from);
void snapshot_free(struct snapshot *s);
void counts_free(struct counts *c);

struct row *counts_add_row(struct counts *c, const struct row *row);
struct category *counts_add_category(struct counts *c, const char *name, enum state state);
struct category *counts_category(const struct counts *c, const char *name);
/* By (abi, nr), '*' last in its abi. */
int row_compare(const void *a, const void *b);
void counts_sort(struct counts *c);
const struct row *counts_find(const struct counts *c, const struct row *key);
/* Sums of categories, unknown and total from the rows. */
void counts_sum(struct counts *c);
void counts_keep(struct counts *c, bool (*keep)(const struct row *row, const void *ctx),
		 const void *ctx);

/* What was counted from @before to @after; rows without a call are left out. */
struct snapshot *snapshot_subtract(const struct snapshot *after, const struct snapshot *before);

#endif
