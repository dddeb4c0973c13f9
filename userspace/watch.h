/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the command line to what the module is asked for. */
#ifndef _SYSCOUNT_WATCH_H
#define _SYSCOUNT_WATCH_H

#include <linux/syscount.h>

#include "syscount.h"

/* Details, whom to follow and grouping; the target is the caller's to fill in. */
struct syscount_watch watch_of_options(const struct options *o);

#endif
