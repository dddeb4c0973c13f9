// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and values, a line each. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "util.h"

/* One line of the output; JSON keeps lists apart that the table joins. */
struct fact {
	const char *name;
	char *value;
	struct json_object *json;
};

void facts_add_fact(struct facts *to, const char *name, char *value, struct json_object *json)
{
	to->facts = xreallocarray(to->facts, to->n + 1, sizeof(*to->facts));
	to->facts[to->n++] = (struct fact){ name, value, json };
}

void facts_add_text(struct facts *to, const char *name, const char *value)
{
	if (value)
		facts_add_fact(to, name, xstrdup(value), json_text(value));
}

void facts_add_number(struct facts *to, const char *name, uint64_t n)
{
	facts_add_fact(to, name, xasprintf("%" PRIu64, n), json_object_new_uint64(n));
}

void facts_add_real(struct facts *to, const char *name, double d, int digits)
{
	char *text = xasprintf("%.*f", digits, d);

	facts_add_fact(to, name, text, json_real(strtod(text, NULL)));
}

void facts_add_words(struct facts *to, const char *name, uint32_t bits,
		     const char *(*word)(unsigned int number))
{
	struct json_object *list = json_object_new_array();
	char *text = NULL;
	unsigned int i;

	for (i = 0; i < 32; i++) {
		if (!(bits & (1U << i)))
			continue;
		text = list_add(text, " ", word(i));
		json_object_array_add(list, json_text(word(i)));
	}
	facts_add_fact(to, name, text ? text : xstrdup(""), list);
}

void facts_add_origin(struct facts *to, const struct snapshot *s)
{
	facts_add_text(to, "host", s->host);
	facts_add_text(to, "kernel", s->kernel);
	facts_add_text(to, "machine", s->machine);
	if (s->cpus)
		facts_add_number(to, "cpus", s->cpus);
	facts_add_text(to, "tool", s->tool);
	facts_add_text(to, "module", s->module);
	facts_add_text(to, "boot_id", s->boot_id);
}

static void get_name(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_text(cell, ((const struct fact *)data)->name, "-");
}

static void get_value(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_text(cell, ((const struct fact *)data)->value, "-");
}

static const struct column columns[] = {
	{ "NAME", "name", "", 0, 0, get_name },
	{ "VALUE", "value", "", 0, 0, get_value },
};

static void print_lines(struct output *out, const struct facts *facts)
{
	struct table t = { .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	size_t i;

	columns_choose(&t, NULL, "NAME VALUE");
	t.no_heading = out->format == FORMAT_TABLE;
	t.nrows = facts->n;
	t.rows = xcalloc(t.nrows, sizeof(*t.rows));
	for (i = 0; i < t.nrows; i++)
		t.rows[i] = &facts->facts[i];
	table_print(out, &t);
	table_free(&t);
}

static void print_json(struct output *out, const struct facts *facts, enum kind kind)
{
	struct json_object *o, *outer = json_new(kind, &o);
	size_t i;

	for (i = 0; i < facts->n; i++) {
		if (strcmp(facts->facts[i].name, "kind") != 0)
			json_add(o, facts->facts[i].name, json_object_get(facts->facts[i].json));
	}
	output_json(out, outer, false);
}

void facts_print(struct output *out, const struct facts *facts, enum kind kind)
{
	if (out->format == FORMAT_JSON)
		print_json(out, facts, kind);
	else
		print_lines(out, facts);
}

void facts_free(struct facts *facts)
{
	size_t i;

	for (i = 0; i < facts->n; i++) {
		free(facts->facts[i].value);
		json_object_put(facts->facts[i].json);
	}
	free(facts->facts);
}
