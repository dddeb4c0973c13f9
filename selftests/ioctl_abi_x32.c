// SPDX-License-Identifier: GPL-2.0-or-later
/* The same for x32. */
#include "ioctl_abi_i386.c"
