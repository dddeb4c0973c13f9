/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table with a column for each category: one line per interval or per CPU. */
#ifndef _SYSCOUNT_MATRIX_H
#define _SYSCOUNT_MATRIX_H

#include "output.h"
#include "snapshot.h"

struct matrix_row {
	const struct counts *counts;
	const char *time;
	unsigned int cpu;
	uint64_t duration_ns;	/* 0: counts, else rates */
};

/* @first (timestamp or cpu), the categories of @c, UNKNOWN, TOTAL; sets @table's columns. */
void matrix_columns(struct table *table, const char *first, const struct counts *c);
void matrix_free(struct table *table);
/* The usual columns, the first of all @with_first: the caller frees the text. */
char *matrix_defaults(const struct table *table, bool with_first);

#endif
