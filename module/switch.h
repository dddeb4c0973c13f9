/* SPDX-License-Identifier: GPL-2.0-only */
/* What is counted: the switches of categories and of single calls. */
#ifndef _SYSCOUNT_SWITCH_H
#define _SYSCOUNT_SWITCH_H

#include <linux/types.h>

#include "table.h"

int syscount_switch_init(const char *categories, const char *hook);
void syscount_switch_started(void);
void syscount_switch_exit(void);

int syscount_switch(const struct syscount_switch_item *items, unsigned int count);
int syscount_switch_hook(const char *name);
int syscount_switch_bypass(bool on);

bool syscount_category_on(unsigned int category);
bool syscount_index_switched_off(unsigned int index);
enum syscount_state syscount_category_state(unsigned int category);

#endif
