/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of a live screen: what is now, beside what was before. */
#ifndef _SYSCOUNT_TOP_LINES_H
#define _SYSCOUNT_TOP_LINES_H

#include "lines.h"

/*
 * What there is to see by @by, an array to free: CALLS, ERRORS, MIN and MAX are of @all,
 * the others of @recent. With @focus, the calls of that group alone.
 */
struct line *top_lines(const struct options *o, enum by view, const struct group *focus,
		       const struct snapshot *all, const struct snapshot *recent, size_t *n);
/* A row is of one error of a call then: ERRORS would be CALLS once more. */
bool top_calls_are_errors(const struct options *o, enum by view);
/* Names of the columns for it, to free. */
char *top_columns(const struct options *o, enum by view, const struct snapshot *all);
/* The same for the same row of another reading, to free. */
char *top_identity(const struct line *line);

#endif
