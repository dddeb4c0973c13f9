// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands that show a file, on standard input: the first byte chooses which of them,
 * and how. What is printed as a snapshot can be read.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "util.h"

#define WORDS	9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const lines[][WORDS] = {
	{ "show", "-i", "-" },
	{ "show", "-i", "-", "-r" },
	{ "show", "-i", "-", "--csv" },
	{ "show", "-i", "-", "-J" },
	{ "show", "-i", "-", "--format", "strace" },
	{ "show", "-i", "-", "--by", "cpu" },
	{ "show", "-i", "-", "--by", "process", "-x" },
	{ "show", "-i", "-", "--by", "thread", "--csv", "--errno" },
	{ "show", "-i", "-", "--by", "cgroup", "-s", "p99:asc" },
	{ "show", "-i", "-", "--by", "command", "-T", "2" },
	{ "show", "-i", "-", "--by", "category", "-t", "-r" },
	{ "show", "-i", "-", "--errno", "-x" },
	{ "show", "-i", "-", "-U", "+avg,p50,max,oldest,object", "-s", "nr" },
	{ "show", "-i", "-", "-c", "file,!device", "-J" },
	{ "show", "-i", "-", "-e", "r*,!futex,3@i386" },
	{ "show", "-i", "-", "--map", "map" },
	{ "stat", "-i", "-" },
	{ "stat", "-i", "-", "--csv" },
	{ "stat", "-i", "-", "-J" },
	{ "list", "-i", "-" },
	{ "list", "-i", "-", "-J" },
	{ "list", "-i", "-", "-e", "open", "-s", "entry", "-U", "+state" },
	{ "info", "-i", "-" },
	{ "info", "-i", "-", "-J" },
	{ "diff", "-", "other" },
	{ "diff", "other", "-", "-J" },
	{ "diff", "-", "other", "--csv", "--rate" },
	{ "diff", "other", "-", "--calls", "-s", "delta:asc" },
	{ "diff", "-", "other", "-c", "file", "-U", "+errors-delta,total-after" },
};

/* What a file is compared with that is named "other". */
static const char other[] =
	"{\"syscount\":{\"version\":1,\"kind\":\"watch\",\"host\":\"a\",\"since_ns\":5,"
	"\"now_ns\":9000,\"target\":{\"type\":\"command\"},\"command\":[\"ls\"],"
	"\"details\":[\"errors\",\"latency\"],\"total\":12,\"unknown\":0,"
	"\"categories\":[{\"category\":\"file\",\"state\":\"on\",\"calls\":12}],"
	"\"syscalls\":[{\"abi\":\"64\",\"nr\":0,\"syscall\":\"read\",\"category\":\"file\","
	"\"calls\":10,\"exits\":10,\"errors\":3,\"errno\":{\"ENOENT\":2,\"EIO\":1},"
	"\"latency\":{\"total_ns\":700,\"min_ns\":5,\"max_ns\":90,"
	"\"buckets\":[[64,8],[128,2]]}},"
	"{\"abi\":\"64\",\"nr\":1,\"syscall\":\"write\",\"category\":\"file\",\"calls\":2}]}}";

static void read_output(void *ctx)
{
	struct json_reader *r = json_reader_open("-");
	struct snapshot *s;
	int n = 0;

	(void)ctx;
	while ((s = json_reader_next(r))) {
		snapshot_free(s);
		n++;
	}
	json_reader_close(r);
	require(n);
}

static void run_line(void *ctx)
{
	const char *const *words = ctx;
	int n = 0;

	while (n < WORDS && words[n])
		n++;
	fuzz_command(words, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char map[] = "one read\ntwo futex\n";
	struct input in = { data, size };
	const char *const *words = lines[input_byte(&in) % ARRAY_SIZE(lines)];
	const char *output;
	size_t n;

	fuzz_file(map, sizeof(map) - 1);
	if (!strcmp(words[0], "diff"))
		fuzz_file(other, sizeof(other) - 1);
	fuzz_stdin(in.data, in.size, SIZE_MAX);
	if (!fuzz_run(run_line, (void *)words) && words[3] && !strcmp(words[3], "-J")) {
		char *copy;

		output = fuzz_output(&n);
		copy = xstrdup(output);
		fuzz_stdin(copy, n, SIZE_MAX);
		require(!fuzz_run(read_output, NULL));
		free(copy);
	}
	return 0;
}
