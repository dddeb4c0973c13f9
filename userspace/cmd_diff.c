// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount diff: what changed between two snapshots, or since one. */
#include <err.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "json.h"
#include "source.h"
#include "util.h"
#include "watch_output.h"

static const char *const mode_words[] = {
	[MODE_INTERVAL]	= "interval",
	[MODE_CALLS]	= "calls",
	[MODE_RATE]	= "rate",
};

static bool differ(const char *a, const char *b)
{
	return !a || !b || strcmp(a, b) != 0;
}

/* Why the two are not readings of one counter; NULL: they are. */
static const char *not_comparable(const struct diff *d)
{
	const struct snapshot *a = d->from, *b = d->to;

	if (a->kind != b->kind)
		return a->kind == KIND_WATCH ? "a watch, then counters" : "counters, then a watch";
	if (a->host && b->host && differ(a->host, b->host))
		return "another host";
	if (differ(a->boot_id, b->boot_id))
		return "another boot";
	if (!a->timed || !b->timed || a->since_ns != b->since_ns)
		return "a reset or a reload between";
	return NULL;
}

static bool both_measured(const struct diff *d, enum measure what)
{
	return d->from->counts.known & d->to->counts.known & BIT(what);
}

static void choose_mode(struct diff *d, const struct options *o)
{
	int i;

	if (o->given & OPT_RATE) {
		d->mode = MODE_RATE;
	} else if (o->given & OPT_CALLS ||
		   (d->from->kind == KIND_WATCH && d->to->kind == KIND_WATCH)) {
		d->mode = MODE_CALLS;
	} else {
		d->reason = not_comparable(d);
		d->mode = d->reason ? MODE_RATE : MODE_INTERVAL;
	}
	d->errors = d->mode == MODE_CALLS && both_measured(d, MEASURE_ERRORS);
	d->latency = d->mode == MODE_CALLS && both_measured(d, MEASURE_TOTAL_NS);
	for (i = 0; i < 2 && d->mode == MODE_RATE; i++) {
		if (!(i ? d->to : d->from)->duration_ns)
			errx(failure_status, "%s: says no duration, so there is no rate; "
			     "see --calls", d->names[i]);
	}
	if (d->mode != MODE_INTERVAL)
		return;
	if (d->to->now_ns < d->from->now_ns)
		errx(failure_status, "%s: is older than %s: name the older one first",
		     d->names[1], d->names[0]);
	d->duration_ns = d->to->now_ns - d->from->now_ns;
}

static struct snapshot *read_one(const struct options *o, const char *file,
				 struct snapshot **table)
{
	struct options plain = *o;
	struct source *src;
	struct snapshot *s;

	/* -c and -e are for both together: a call may be missing in one. */
	plain.filter = (struct filter){ 0 };
	plain.input = file;
	src = source_open(&plain);
	s = source_read(src);
	if (!file)
		*table = source_table(src);
	source_close(src);
	return s;
}

static void add_to_table(struct snapshot *table, const struct counts *c)
{
	size_t i;

	for (i = 0; i < c->ncategories; i++) {
		if (!counts_category(&table->counts, c->categories[i].name))
			counts_add_category(&table->counts, c->categories[i].name, STATE_NONE);
	}
	for (i = 0; i < c->nrows; i++)
		counts_add_row(&table->counts, &c->rows[i]);
}

/* What one was made without, there is nothing to compare with in the other. */
static void apply_selections(struct snapshot *to, const struct snapshot *from,
			     const struct counts *table)
{
	size_t i;

	for (i = 0; i < from->nselections; i++) {
		struct filter f = filter_of(&from->selections[i]);

		filter_apply(&f, &to->counts, table);
		filter_free(&f);
	}
}

static const char *name_of(const char *file)
{
	return strcmp(file, "-") != 0 ? file : "standard input";
}

/* Objects that only one tells apart are not measured in the other. */
static void match_objects(struct diff *d)
{
	struct counts *a = &d->from->counts, *b = &d->to->counts;

	if (counts_objects(a) && !counts_objects(b))
		counts_fold_objects(a, b);
	else if (counts_objects(b) && !counts_objects(a))
		counts_fold_objects(b, a);
}

static void read_both(struct diff *d, const struct options *o)
{
	struct snapshot *table = NULL;
	bool complete = o->nargs == 1;

	if (!complete && !strcmp(o->args[0], "-") && !strcmp(o->args[1], "-"))
		usage_error(o->command, "'-' is standard input, which there is one of");
	d->names[0] = name_of(o->args[0]);
	d->names[1] = complete ? "the module" : name_of(o->args[1]);
	d->from = read_one(o, o->args[0], &table);
	d->to = read_one(o, complete ? NULL : o->args[1], &table);
	if (!table)
		table = snapshot_new(KIND_LIST);
	add_to_table(table, &d->from->counts);
	add_to_table(table, &d->to->counts);
	match_objects(d);
	apply_selections(d->from, d->to, &table->counts);
	apply_selections(d->to, d->from, &table->counts);
	filter_check(&o->filter, o->command->name, &table->counts, complete);
	filter_apply(&o->filter, &d->from->counts, &table->counts);
	filter_apply(&o->filter, &d->to->counts, &table->counts);
	snapshot_free(table);
}

static void check_order(const struct change *c)
{
	const struct diff *d = c->diff;

	if (d->mode != MODE_INTERVAL || c->after >= c->before)
		return;
	errx(failure_status, "%s: fewer calls of %s than in %s: one of the two is damaged, or "
	     "holds chosen rows only", d->names[1],
	     c->row ? c->row->name ? c->row->name : "?" : c->category, d->names[0]);
}

static int change_compare(const void *a, const void *b)
{
	double x = change_magnitude(a), y = change_magnitude(b);

	if (x < y || x > y)
		return x < y ? 1 : -1;
	return row_compare(((const struct change *)a)->row, ((const struct change *)b)->row);
}

/* Both are in the same order: merge them. */
static struct change *call_changes(const struct diff *d, size_t *n)
{
	const struct counts *a = &d->from->counts, *b = &d->to->counts;
	struct change *changes = xcalloc(a->nrows + b->nrows, sizeof(*changes));
	size_t i = 0, j = 0;

	*n = 0;
	while (i < a->nrows || j < b->nrows) {
		struct change *c = &changes[*n];
		int order = i == a->nrows ? 1 : j == b->nrows ? -1 :
			    row_compare(&a->rows[i], &b->rows[j]);

		*c = (struct change){ .diff = d };
		c->row = order > 0 ? &b->rows[j] : &a->rows[i];
		c->category = c->row->category;
		if (order <= 0) {
			c->before = a->rows[i].calls;
			c->measures[0] = a->rows[i++].measures;
		}
		if (order >= 0) {
			c->after = b->rows[j].calls;
			c->measures[1] = b->rows[j++].measures;
		}
		check_order(c);
		if (change_any(c))
			(*n)++;
	}
	if (*n)
		qsort(changes, *n, sizeof(*changes), change_compare);
	return changes;
}

static void add_category(struct change *changes, size_t *n, const struct diff *d, const char *name)
{
	const struct category *a = counts_category(&d->from->counts, name);
	const struct category *b = counts_category(&d->to->counts, name);
	size_t i;

	for (i = 0; i < *n; i++) {
		if (!strcmp(changes[i].category, name))
			return;
	}
	changes[(*n)++] = (struct change){ .category = name, .before = a ? a->calls : 0,
					   .after = b ? b->calls : 0 };
}

static struct change *category_changes(const struct diff *d, size_t *n)
{
	const struct counts *a = &d->from->counts, *b = &d->to->counts;
	struct change *changes = xcalloc(a->ncategories + b->ncategories + 2, sizeof(*changes));
	size_t i;

	*n = 0;
	for (i = 0; i < a->ncategories; i++)
		add_category(changes, n, d, a->categories[i].name);
	for (i = 0; i < b->ncategories; i++)
		add_category(changes, n, d, b->categories[i].name);
	if (!a->no_unknown || !b->no_unknown)
		changes[(*n)++] = (struct change){ .category = "unknown", .before = a->unknown,
						   .after = b->unknown };
	changes[(*n)++] = (struct change){ .category = "total", .before = a->total,
					   .after = b->total };
	for (i = 0; i < *n; i++) {
		struct change *c = &changes[i];
		bool all = i + 1 == *n, unknown = !strcmp(c->category, "unknown");

		c->diff = d;
		counts_measures(&c->measures[0], a, unknown ? NULL : c->category, all);
		counts_measures(&c->measures[1], b, unknown ? NULL : c->category, all);
		check_order(c);
	}
	return changes;
}

static void print_interval(FILE *f, const struct change *total)
{
	double seconds = (double)total->diff->duration_ns / NSEC_PER_SEC;
	uint64_t calls = total->after - total->before;

	fprintf(f, "%" PRIu64 " call%s in %.3f s", calls, plural(calls), seconds);
	if (seconds > 0) {
		char rate[32];

		fprintf(f, " (%s/s)", rate_text((double)calls / seconds, rate, sizeof(rate)));
	}
}

static void print_rates(FILE *f, const struct change *total)
{
	const struct diff *d = total->diff;
	char before[32], after[32];

	if (d->reason)
		fprintf(f, "%s: ", d->reason);
	fprintf(f, "calls per second of each: %s/s before, %s/s after",
		rate_text(change_before_rate(total), before, sizeof(before)),
		rate_text(change_after_rate(total), after, sizeof(after)));
}

static void print_side(FILE *f, const struct change *total, int side)
{
	uint64_t calls = side ? total->after : total->before;
	uint64_t errors = total->measures[side].n[MEASURE_ERRORS];

	fprintf(f, "%" PRIu64 " call%s", calls, plural(calls));
	if (total->diff->errors)
		fprintf(f, ", %" PRIu64 " error%s", errors, plural(errors));
	fputs(side ? " after" : " before", f);
}

static char *target_text(const struct snapshot *s)
{
	struct text text;

	watch_print_target(text_open(&text), s);
	return text_close(&text);
}

/* Whom each is of, unless it is the same. */
static void print_calls_of_each(FILE *f, const struct change *total)
{
	const struct diff *d = total->diff;
	char *before = target_text(d->from), *after = target_text(d->to);
	bool same = !strcmp(before, after);

	fprintf(f, "%s: ", before);
	print_side(f, total, 0);
	fprintf(f, "; %s%s", same ? "" : after, same ? "" : ": ");
	print_side(f, total, 1);
	free(before);
	free(after);
}

static void print_list(FILE *f, const char *option, char *const *words)
{
	size_t i;

	for (i = 0; words && words[i]; i++) {
		fputs(i ? "," : option, f);
		print_safe(f, words[i]);
	}
}

static void print_selections(FILE *f, const char *name, const struct snapshot *s)
{
	size_t i;

	if (!s->nselections)
		return;
	fputs("syscount: ", f);
	print_safe(f, name);
	fputs(" was made with", f);
	for (i = 0; i < s->nselections; i++) {
		print_list(f, " -c ", s->selections[i].categories);
		print_list(f, " -e ", s->selections[i].syscalls);
	}
	fputs(": only these calls are compared\n", f);
}

static void print_title(struct output *out, const struct change *total)
{
	const struct diff *d = total->diff;
	struct cell cell = { .text = "-" };

	if (out->noheadings)
		return;
	fputs("syscount: diff: ", out->f);
	if (d->mode == MODE_INTERVAL)
		print_interval(out->f, total);
	else if (d->mode == MODE_RATE)
		print_rates(out->f, total);
	else
		print_calls_of_each(out->f, total);
	change_percent(total, &cell);
	if (cell.type == CELL_CHANGE && fabs(cell.real) >= 0.05 && d->mode != MODE_INTERVAL)
		fprintf(out->f, " (%+.1f%%)", cell.real);
	fputc('\n', out->f);
	print_selections(out->f, d->names[0], d->from);
	print_selections(out->f, d->names[1], d->to);
	fputc('\n', out->f);
}

static void table_rows(struct table *t, const struct change *changes, size_t n)
{
	size_t i;

	t->rows = xcalloc(n, sizeof(*t->rows));
	t->nrows = n;
	for (i = 0; i < n; i++)
		t->rows[i] = &changes[i];
}

static void print_categories(struct output *out, const struct diff *d)
{
	struct table t = { .columns = diff_columns, .ncolumns = ndiff_columns };
	char *usual = diff_defaults(d, false), *defaults = xasprintf("CATEGORY %s", usual);
	struct change *changes;
	size_t n;

	changes = category_changes(d, &n);
	output_begin(out);
	print_title(out, &changes[n - 1]);
	columns_choose(&t, NULL, defaults);
	table_rows(&t, changes, n);
	t.strong = &changes[n - 1];
	table_print(out, &t);
	fputc('\n', out->f);
	table_free(&t);
	free(changes);
	free(defaults);
	free(usual);
}

static char *default_columns(const struct diff *d, bool machine, const struct change *changes,
			     size_t n)
{
	char *usual = diff_defaults(d, machine), *text;
	bool abi = machine, nr = machine;
	bool object = counts_objects(&d->from->counts) || counts_objects(&d->to->counts);
	size_t i;

	for (i = 0; i < n; i++) {
		abi = abi || strcmp(changes[i].row->abi, changes[0].row->abi) != 0;
		nr = nr || !changes[i].row->name;
	}
	text = xasprintf("%s%sSYSCALL CATEGORY %s%s", abi ? "ABI " : "", nr ? "NR " : "",
			 object ? "OBJECT " : "", usual);
	free(usual);
	return text;
}

static void print_calls(struct output *out, const struct diff *d, const struct options *o)
{
	struct table t = { .columns = diff_columns, .ncolumns = ndiff_columns,
			   .none = "no change" };
	struct change *changes;
	char *defaults;
	size_t n;

	changes = call_changes(d, &n);
	defaults = default_columns(d, o->format != FORMAT_TABLE, changes, n);
	columns_choose(&t, o, defaults);
	table_rows(&t, changes, n);
	table_sort(&t, o, NULL);
	table_top(&t, o);
	table_print(out, &t);
	table_free(&t);
	free(changes);
	free(defaults);
}

static void json_delta(struct json_object *o, const char *key, uint64_t before, uint64_t after)
{
	if (after >= before)
		json_add_u64(o, key, after - before);
	else
		json_add(o, key, json_object_new_int64(-(int64_t)(before - after)));
}

static void json_measure(struct json_object *o, const struct change *c, enum measure what)
{
	uint64_t before = c->measures[0].n[what], after = c->measures[1].n[what];
	char key[64];

	snprintf(key, sizeof(key), "%s_before", measure_words[what]);
	json_add_u64(o, key, before);
	snprintf(key, sizeof(key), "%s_after", measure_words[what]);
	json_add_u64(o, key, after);
	snprintf(key, sizeof(key), "%s_delta", measure_words[what]);
	json_delta(o, key, before, after);
}

static void json_change(struct json_object *o, const struct change *c)
{
	json_add_u64(o, "before", c->before);
	json_add_u64(o, "after", c->after);
	if (c->diff->mode == MODE_RATE) {
		json_add_real(o, "before_per_s", change_before_rate(c));
		json_add_real(o, "after_per_s", change_after_rate(c));
		json_add_real(o, "delta_per_s", change_after_rate(c) - change_before_rate(c));
	} else {
		json_delta(o, "calls", c->before, c->after);
	}
	if (c->diff->errors)
		json_measure(o, c, MEASURE_ERRORS);
	if (c->diff->latency)
		json_measure(o, c, MEASURE_TOTAL_NS);
}

static struct json_object *json_origin(const struct snapshot *s)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "kind", kind_words[s->kind]);
	json_add_origin(o, s);
	json_add_subject(o, s);
	return o;
}

static struct json_object *json_changes(const struct change *changes, size_t n)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < n; i++) {
		struct json_object *o = changes[i].row ? json_row_key(changes[i].row) :
							 json_object_new_object();

		if (!changes[i].row)
			json_add_text(o, "category", changes[i].category);
		json_change(o, &changes[i]);
		json_object_array_add(list, o);
	}
	return list;
}

static void print_json(struct output *out, const struct diff *d)
{
	struct json_object *o, *outer = json_new(KIND_DIFF, &o);
	struct change *categories, *calls;
	size_t n, ncalls;

	categories = category_changes(d, &n);
	calls = call_changes(d, &ncalls);
	json_add_text(o, "mode", mode_words[d->mode]);
	json_add_text(o, "reason", d->reason);
	json_add(o, "from", json_origin(d->from));
	json_add(o, "to", json_origin(d->to));
	if (d->mode == MODE_INTERVAL)
		json_add_u64(o, "duration_ns", d->duration_ns);
	json_change(o, &categories[--n]);
	if (n && !strcmp(categories[n - 1].category, "unknown")) {
		struct json_object *unknown = json_object_new_object();

		json_change(unknown, &categories[--n]);
		json_add(o, "unknown", unknown);
	}
	json_add(o, "categories", json_changes(categories, n));
	json_add(o, "syscalls", json_changes(calls, ncalls));
	output_json(out, outer, false);
	free(categories);
	free(calls);
}

int cmd_diff(struct options *o)
{
	struct diff d = { 0 };
	struct output *out;

	columns_check(o, diff_columns, ndiff_columns);
	out = output_open(o);
	read_both(&d, o);
	choose_mode(&d, o);
	columns_check_filled(o, diff_columns, ndiff_columns, diff_missing, &d);
	if (o->format == FORMAT_JSON) {
		print_json(out, &d);
	} else {
		if (o->format == FORMAT_TABLE)
			print_categories(out, &d);
		print_calls(out, &d, o);
	}
	snapshot_free(d.from);
	snapshot_free(d.to);
	return output_close(out);
}
