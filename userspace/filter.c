// SPDX-License-Identifier: GPL-2.0-or-later
/* Which rows -c and -e choose. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "program.h"
#include "util.h"

#define UNKNOWN "unknown"

static bool parse_number(const char *text, int32_t *nr)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)text[text[0] == '-']))
		return false;
	errno = 0;
	n = strtol(text, &end, 10);
	*nr = (int32_t)n;
	return !*end && !errno && n == *nr;
}

bool filter_add(struct filter *f, const char *list, bool category)
{
	/* "!read,write" means neither, as strace's users expect. */
	bool exclude_all = *list == '!';

	for (;;) {
		size_t n = strcspn(list, ",");
		struct filter_item item = { .category = category };
		char *at;

		item.exclude = exclude_all || *list == '!';
		if (n && *list == '!') {
			list++;
			n--;
		}
		if (!n)
			return false;
		item.text = xasprintf("%.*s", (int)n, list);
		at = category ? NULL : strchr(item.text, '@');
		if (at) {
			*at = '\0';
			item.abi = at + 1;
		}
		item.number = !category && parse_number(item.text, &item.nr);
		f->items = xreallocarray(f->items, f->nitems + 1, sizeof(*f->items));
		f->items[f->nitems++] = item;
		if (!*item.text || (at && !*item.abi))
			return false;
		list += n;
		if (!*list++)
			return true;
	}
}

void filter_free(struct filter *f)
{
	size_t i;

	for (i = 0; i < f->nitems; i++)
		free(f->items[i].text);
	free(f->items);
	f->items = NULL;
	f->nitems = 0;
}

struct selection filter_selection(const struct filter *f)
{
	struct selection s = { .categories = NULL };
	size_t i;

	for (i = 0; i < f->nitems; i++) {
		const struct filter_item *item = &f->items[i];
		char ***words = item->category ? &s.categories : &s.syscalls;
		char *word = xasprintf("%s%s%s%s", item->exclude ? "!" : "", item->text,
				       item->abi ? "@" : "", item->abi ? item->abi : "");

		*words = words_add(*words, word);
		free(word);
	}
	return s;
}

struct filter filter_of(const struct selection *selection)
{
	struct filter f = { .nitems = 0 };
	size_t i;

	for (i = 0; selection->categories && selection->categories[i]; i++)
		filter_add(&f, selection->categories[i], true);
	for (i = 0; selection->syscalls && selection->syscalls[i]; i++)
		filter_add(&f, selection->syscalls[i], false);
	return f;
}

/* "32" is whatever 32-bit table the machine has. */
static bool abi_matches(const char *abi, const struct row *row)
{
	return !abi || !strcmp(abi, row->abi) ||
	       (!strcmp(abi, "32") && (!strcmp(row->abi, "i386") || !strcmp(row->abi, "arm")));
}

bool filter_item_matches(const struct filter_item *item, const struct row *row)
{
	if (item->category)
		return !strcmp(item->text, row->category ? row->category : UNKNOWN);
	if (!abi_matches(item->abi, row))
		return false;
	if (item->number)
		return !row->other && row->nr == item->nr;
	return row->name && !fnmatch(item->text, row->name, 0);
}

static bool item_known(const struct filter_item *item, const struct counts *table)
{
	size_t i;

	if (item->category)
		return !strcmp(item->text, UNKNOWN) || counts_category(table, item->text);
	for (i = 0; i < table->nrows; i++) {
		if (filter_item_matches(item, &table->rows[i]))
			return true;
	}
	return false;
}

void suggest_syscall(struct suggestion *s, const struct counts *table)
{
	size_t i;

	for (i = 0; i < table->nrows; i++) {
		if (table->rows[i].name)
			suggestion_try(s, table->rows[i].name);
	}
}

static __noreturn void no_category(const char *command, const struct filter_item *item,
				   const struct counts *table)
{
	struct suggestion s = { .word = item->text };
	char *all = xstrdup(UNKNOWN);
	const char *hint = "";
	int error;
	size_t i;

	suggestion_try(&s, UNKNOWN);
	for (i = table->ncategories; i-- > 0; ) {
		char *longer = list_add(safe_text(table->categories[i].name), ", ", all);

		suggestion_try(&s, table->categories[i].name);
		free(all);
		all = longer;
	}
	if (s.best)
		errx(failure_status, "%s: --category: no category '%s'%s", command, item->text,
		     suggestion_text(&s));
	if (!strcmp(command, "run") && program_find(item->text, &error))
		hint = " (-c is not strace's: run counts without it)";
	errx(failure_status, "%s: --category: no category '%s'%s; there are: %s", command,
	     item->text, hint, all);
}

/* Ends, if no call is of it. */
static void check_abi(const char *command, const char *abi, const struct counts *table)
{
	const char *last = "";
	char *all = NULL;
	size_t i;

	for (i = 0; i < table->nrows; i++) {
		if (abi_matches(abi, &table->rows[i])) {
			free(all);
			return;
		}
		if (strcmp(table->rows[i].abi, last) != 0)
			all = list_add(all, ", ", table->rows[i].abi);
		last = table->rows[i].abi;
	}
	errx(failure_status, "%s: --syscall: no abi '@%s'; there are: %s", command, abi, all);
}

static __noreturn void no_syscall(const char *command, const struct filter_item *item,
				  const struct suggestion *s, const struct counts *table)
{
	uint32_t number;

	if (item->abi)
		check_abi(command, item->abi, table);
	if (error_number(item->text, &number))
		errx(failure_status, "%s: --syscall: no syscall '%s', but an error: -x --errno "
		     "tells which calls fail so, where there is a watch", command, item->text);
	errx(failure_status, "%s: --syscall: no syscall '%s%s%s'%s", command, item->text,
	     item->abi ? "@" : "", item->abi ? item->abi : "", suggestion_text(s));
}

void filter_check(const struct filter *f, const char *command, const struct counts *table,
		  bool complete)
{
	size_t i;

	for (i = 0; i < f->nitems; i++) {
		const struct filter_item *item = &f->items[i];
		struct suggestion s = { .word = item->text };
		const char *at = item->abi ? "@" : "", *abi = item->abi ? item->abi : "";

		/* A number without a name may have been called all the same. */
		if (item->number || item_known(item, table))
			continue;
		if (item->category)
			no_category(command, item, table);
		if (counts_category(table, item->text) || !strcmp(item->text, UNKNOWN))
			errx(failure_status, "%s: --syscall: no syscall '%s', but a category: "
			     "-c %s", command, item->text, item->text);
		suggest_syscall(&s, table);
		if (complete)
			no_syscall(command, item, &s, table);
		warnx("no syscall '%s%s%s' in the snapshot%s", item->text, at, abi,
		      suggestion_text(&s));
	}
}

static bool any_positive(const struct filter *f)
{
	size_t i;

	for (i = 0; i < f->nitems; i++) {
		if (!f->items[i].exclude)
			return true;
	}
	return false;
}

static bool row_chosen(const struct row *row, const void *ctx)
{
	const struct filter *f = ctx;
	bool chosen = !any_positive(f);
	size_t i;

	for (i = 0; i < f->nitems; i++) {
		if (!filter_item_matches(&f->items[i], row))
			continue;
		if (f->items[i].exclude)
			return false;
		chosen = true;
	}
	return chosen;
}

/* A category stays if it is named, or if a row of it may appear. */
static bool category_chosen(const struct filter *f, const char *name, const struct counts *table)
{
	bool chosen = !any_positive(f);
	size_t i;

	for (i = 0; i < f->nitems; i++) {
		if (!f->items[i].category || strcmp(f->items[i].text, name))
			continue;
		if (f->items[i].exclude)
			return false;
		chosen = true;
	}
	for (i = 0; i < table->nrows && !chosen; i++) {
		const struct row *row = &table->rows[i];

		chosen = !strcmp(row->category ? row->category : UNKNOWN, name) &&
			 row_chosen(row, f);
	}
	return chosen;
}

void filter_apply(const struct filter *f, struct counts *c, const struct counts *table)
{
	size_t i, n = 0;

	if (!f->nitems)
		return;
	counts_keep(c, row_chosen, f);
	for (i = 0; i < c->ncategories; i++) {
		if (category_chosen(f, c->categories[i].name, table))
			c->categories[n++] = c->categories[i];
		else
			free(c->categories[i].name);
	}
	c->ncategories = n;
	counts_sum(c);
	c->no_unknown = !c->unknown && !category_chosen(f, UNKNOWN, table);
}
