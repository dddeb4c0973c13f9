// SPDX-License-Identifier: GPL-2.0-only
/* Watches: nothing opens one yet, so the running task never has one. */

#include <linux/compiler.h>
#include <linux/kprobes.h>

#include "watch.h"

DEFINE_PER_CPU(struct syscount_watch *, syscount_watch);

/* A call of a task that is watched, by the counter's @index. Preemptible. */
notrace void syscount_watch_call(unsigned int index)
{
}
NOKPROBE_SYMBOL(syscount_watch_call);
