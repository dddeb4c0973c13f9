/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where snapshots come from: the module, or a file given with --input. */
#ifndef _SYSCOUNT_SOURCE_H
#define _SYSCOUNT_SOURCE_H

#include "device.h"
#include "snapshot.h"
#include "syscount.h"

struct source;

struct source *source_open(const struct options *o);
void source_close(struct source *s);
/* NULL when reading from a file. */
struct device *source_device(const struct source *s);
/* Checks the names in -c and -e by the module's table, before anything runs. */
void source_check(struct source *s);
/* --map, then -c and -e: for a snapshot that the source did not read itself. */
void source_choose(struct source *src, struct snapshot *s);
/* Counts, by --map and of what -c and -e choose. The last snapshot of a file. */
struct snapshot *source_read(struct source *s);
/* The next snapshot of a file, NULL at its end. */
struct snapshot *source_next(struct source *s);
/* The table of calls; of a file, the calls that its last snapshot names. */
struct snapshot *source_table(struct source *s);
/* The last snapshot of @file as it is. */
struct snapshot *source_file(const char *file);

#endif
