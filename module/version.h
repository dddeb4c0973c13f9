/* SPDX-License-Identifier: GPL-2.0-only */
/* The project's one version number: module, command, package and manual. */
#ifndef _SYSCOUNT_VERSION_H
#define _SYSCOUNT_VERSION_H

#define SYSCOUNT_VERSION "1.0"

#endif
