// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text that is read line by line: the first byte says whether it is a --map or the kernel's
 * list of mounts.
 */
#include <string.h>

#include "cgroup.h"
#include "filter.h"
#include "fuzz.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_map(void)
{
	static const char *const names[] = { "read", "futex", "newcomer" };
	struct map *map = map_read("map");
	struct counts c = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct row row = {
			.abi = "64", .nr = (int32_t)i, .name = (char *)names[i], .calls = i + 1,
		};

		counts_add_row(&c, &row);
	}
	map_apply(map, &c);
	check_counts(&c);
	require(c.ncategories && c.total == 6);
	require(!counts_category(&c, "unknown") && !counts_category(&c, "total"));
	counts_free(&c);
	map_free(map);
}

static void read_mounts(void)
{
	struct cgroup_paths *paths = NULL;

	require(!cgroup_path(&paths, 1));
	cgroup_paths_free(paths);
}

static void read_text(void *ctx)
{
	struct input *in = ctx;
	bool mounts = input_byte(in) & 1;

	fuzz_file(in->data, in->size);
	if (mounts)
		read_mounts();
	else
		read_map();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	fuzz_run(read_text, &in);
	return 0;
}
