/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroups of version 2: from path to file, from number to path. */
#ifndef _SYSCOUNT_CGROUP_H
#define _SYSCOUNT_CGROUP_H

#include <stdint.h>

struct cgroup_paths;

/* As given, or relative to the mount. Ends the program with one line if there is none. */
int cgroup_open(const char *path);
/*
 * The path below the mount of the cgroup that has this number, "(removed)" if there is
 * none any more. NULL: version 2 is not mounted. @paths keeps what was found for the
 * next time; it points to NULL before the first.
 */
const char *cgroup_path(struct cgroup_paths **paths, uint64_t id);
/* Forgets those that nobody asked for since the last time: they may be removed by now. */
void cgroup_paths_sweep(struct cgroup_paths *paths);
void cgroup_paths_free(struct cgroup_paths *paths);

#endif
