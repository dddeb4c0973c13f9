/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a watch counted, in every form. */
#ifndef _SYSCOUNT_WATCH_OUTPUT_H
#define _SYSCOUNT_WATCH_OUTPUT_H

#include "output.h"

void watch_print(struct output *out, const struct options *o, const struct snapshot *s);
/* Whom it is of, as the title says it. */
void watch_print_target(FILE *f, const struct snapshot *s);
/* strace -c's table. */
void strace_print(struct output *out, const struct options *o, const struct snapshot *s);

#endif
