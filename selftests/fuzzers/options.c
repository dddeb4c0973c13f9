// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command lines, a word a line: what they say is within its limits, and -c and -e, applied to
 * a table, leave what they name and sums that hold. Nothing is run.
 */
#include <getopt.h>
#include <string.h>

#include "fuzz.h"
#include "lines.h"
#include "util.h"

#define WORDS	32
#define MS	UINT64_C(1000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_duration(uint64_t ns)
{
	require(!ns || (ns >= MS && ns <= UINT64_C(1000000000) * NSEC_PER_SEC));
}

static void check_options(const struct options *o)
{
	const struct command *c = o->command;

	check_duration(o->interval_ns);
	check_duration(o->duration_ns);
	require(!(o->given & ~c->options));
	require(o->format < FORMAT_COUNT && (c->strace || o->format != FORMAT_STRACE));
	require(!(o->given & OPT_BY) || c->by & BIT(o->by));
	require(o->follow < FOLLOW_COUNT && o->color < WHEN_COUNT);
	require(!(o->given & OPT_TOP) || o->top);
	require(o->nargs >= c->min_args && o->nargs <= c->max_args);
	require(!(o->given & (OPT_CATEGORY | OPT_SYSCALL)) == !o->filter.nitems);
}

static void fill_table(struct counts *c)
{
	char read[] = "read", futex[] = "futex", file[] = "file", process[] = "process";
	const struct row rows[] = {
		{ .abi = "64", .nr = 0, .name = read, .category = file, .calls = 100 },
		{ .abi = "64", .nr = 202, .name = futex, .category = process, .calls = 10 },
		{ .abi = "64", .nr = 400, .calls = 1 },
		{ .abi = "64", .other = true, .calls = 7 },
		{ .abi = "i386", .nr = 3, .name = read, .category = file, .calls = 2 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		counts_add_row(c, &rows[i]);
	counts_sum(c);
}

static void check_filter(const struct filter *f)
{
	struct selection selection = filter_selection(f);
	struct filter again = filter_of(&selection);
	struct counts table = { 0 }, chosen = { 0 };
	size_t i, categories = 0;

	require(again.nitems == f->nitems);
	/* Those of -c come first there. */
	for (i = 0; i < f->nitems; i++)
		categories += f->items[i].category;
	for (i = 0; i < again.nitems; i++) {
		require(again.items[i].category == (i < categories));
		require(*again.items[i].text);
	}
	fill_table(&table);
	fill_table(&chosen);
	filter_apply(f, &chosen, &table);
	check_counts(&chosen);
	require(chosen.nrows <= table.nrows);
	filter_free(&again);
	words_free(selection.categories);
	words_free(selection.syscalls);
	counts_free(&table);
	counts_free(&chosen);
}

static void parse(void *ctx)
{
	static char text[4096];
	char *words[WORDS + 1] = { (char *)"syscount" }, *save = NULL, *word;
	const struct command *command;
	struct input *in = ctx;
	struct options o;
	int n = 1;

	command = &commands[input_byte(in) % ncommands];
	snprintf(text, sizeof(text), "%.*s", (int)in->size, (const char *)in->data);
	for (word = strtok_r(text, "\n", &save); word && n < WORDS;
	     word = strtok_r(NULL, "\n", &save))
		words[n++] = word;
	/* getopt() begins anew. */
	optind = 0;
	options_parse(&o, command, n, words);
	check_options(&o);
	check_filter(&o.filter);
	lines_check(&o);
	if (o.nargs)
		check_duration(parse_seconds(&o, "SECONDS", o.args[0]));
	if (o.nargs > 1)
		require(parse_count(&o, "COUNT", o.args[1]));
	options_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	fuzz_run(parse, &in);
	return 0;
}
