/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may do what. Counts of other people's programs tell secrets (CVE-2011-2495:
 * password lengths), so every reading asks for the right of the one who opened
 * the file and of the one who reads: a file that was handed on, or is the stdin
 * of a set-user-ID program, gives nobody a right that he did not have.
 */
#ifndef _SYSCOUNT_ACCESS_H
#define _SYSCOUNT_ACCESS_H

#include <linux/types.h>

struct file;

int syscount_access_init(bool public, long gid);

bool syscount_may_read(void);
bool syscount_file_may_read(const struct file *file);
bool syscount_file_may_watch(const struct file *file);
bool syscount_may_control(void);
bool syscount_file_may_control(const struct file *file);

#endif
