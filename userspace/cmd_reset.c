// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount reset: all counters to zero. */
#include <stdlib.h>

#include "device.h"
#include "syscount.h"

int cmd_reset(struct options *o)
{
	struct device *d = device_open();

	(void)o;
	device_reset(d);
	device_close(d);
	return EXIT_SUCCESS;
}
