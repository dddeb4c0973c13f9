// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON to snapshots: the file is not trusted. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "json.h"
#include "json_read.h"
#include "util.h"

#define OBJECT_MIB	64

struct json_reader {
	const char *name;
	int fd;
	struct json_tokener *tokener;
	uint64_t offset;	/* of buf[pos] in the file */
	size_t pos, len;
	char buf[65536];
};

/* Looks for numbers that json-c would cut down to 64 bits without a word. */
struct number_scan {
	bool string, escaped, fraction;
	size_t ndigits;
	char digits[20];
};

void json_read_bad(const struct place *p, const char *key, const char *why)
{
	if (p->list)
		errx(failure_status, "%s: damaged: %s[%zu].%s: %s",
		     p->file, p->list, p->index, key, why);
	errx(failure_status, "%s: damaged: %s: %s", p->file, key, why);
}

struct json_reader *json_reader_open(const char *file)
{
	struct json_reader *r = xcalloc(1, sizeof(*r));
	bool is_stdin = !strcmp(file, "-");

	r->name = is_stdin ? "standard input" : file;
	r->fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0)
		err(failure_status, "%s", file);
	r->tokener = json_tokener_new();
	if (!r->tokener)
		err(failure_status, "memory");
	json_tokener_set_flags(r->tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	return r;
}

void json_reader_close(struct json_reader *r)
{
	if (!r)
		return;
	json_tokener_free(r->tokener);
	if (r->fd != STDIN_FILENO)
		close(r->fd);
	free(r);
}

const char *json_reader_name(const struct json_reader *r)
{
	return r->name;
}

static bool fill(struct json_reader *r)
{
	ssize_t n;

	if (r->pos < r->len)
		return true;
	do
		n = read(r->fd, r->buf, sizeof(r->buf));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		err(failure_status, "%s", r->name);
	r->pos = 0;
	r->len = (size_t)n;
	return n > 0;
}

static bool skip_blanks(struct json_reader *r)
{
	while (fill(r)) {
		if (!memchr(" \t\r\n", r->buf[r->pos], 4))
			return true;
		r->pos++;
		r->offset++;
	}
	return false;
}

static bool scan_string(struct number_scan *scan, char c)
{
	bool was_string = scan->string;

	if (c == '"' && !scan->escaped)
		scan->string = !scan->string;
	scan->escaped = was_string && c == '\\' && !scan->escaped;
	return was_string;
}

/* False: @text ends a whole number of more than 64 bits. */
static bool scan_numbers(struct number_scan *scan, const char *text, size_t n)
{
	static const char limit[] = "18446744073709551615";
	size_t i;

	for (i = 0; i < n; i++) {
		if (scan_string(scan, text[i]))
			continue;
		if (isdigit((unsigned char)text[i]) && !scan->fraction) {
			if (scan->ndigits < sizeof(scan->digits))
				scan->digits[scan->ndigits] = text[i];
			scan->ndigits++;
			continue;
		}
		if (scan->ndigits > sizeof(scan->digits) ||
		    (scan->ndigits == sizeof(scan->digits) &&
		     memcmp(scan->digits, limit, sizeof(scan->digits)) > 0))
			return false;
		scan->ndigits = 0;
		scan->fraction = text[i] && (strchr(".eE", text[i]) ||
				 (scan->fraction && strchr("+-0123456789", text[i])));
	}
	return true;
}

static struct json_object *next_object(struct json_reader *r)
{
	struct number_scan scan = { 0 };
	uint64_t start = r->offset;

	if (r->buf[r->pos] != '{')
		errx(failure_status, "%s: not a snapshot: no JSON object at byte %" PRIu64,
		     r->name, r->offset);
	json_tokener_reset(r->tokener);
	while (fill(r)) {
		struct json_object *o;
		enum json_tokener_error error;
		size_t n;

		o = json_tokener_parse_ex(r->tokener, r->buf + r->pos, (int)(r->len - r->pos));
		error = json_tokener_get_error(r->tokener);
		n = json_tokener_get_parse_end(r->tokener);
		if (!scan_numbers(&scan, r->buf + r->pos, n))
			errx(failure_status, "%s: damaged: a number of more than 64 bits", r->name);
		r->pos += n;
		r->offset += n;
		if (error == json_tokener_success)
			return o;
		if (error != json_tokener_continue)
			errx(failure_status, "%s: not JSON: %s at byte %" PRIu64,
			     r->name, json_tokener_error_desc(error), r->offset);
		if (r->offset - start > OBJECT_MIB * UINT64_C(1048576))
			errx(failure_status, "%s: a snapshot of more than %d MiB", r->name,
			     OBJECT_MIB);
	}
	errx(failure_status, "%s: truncated: ends inside of a snapshot", r->name);
}

bool json_read_u64(const struct place *p, struct json_object *from, const char *key, uint64_t *n)
{
	struct json_object *o;

	if (!json_object_object_get_ex(from, key, &o))
		return false;
	if (!json_object_is_type(o, json_type_int) || json_object_get_int64(o) < 0)
		json_read_bad(p, key, "not a whole number from 0 to 18446744073709551615");
	*n = json_object_get_uint64(o);
	return true;
}

char *json_read_text(const struct place *p, struct json_object *from, const char *key)
{
	struct json_object *o;

	if (!json_object_object_get_ex(from, key, &o) || !o)
		return NULL;
	if (!json_object_is_type(o, json_type_string))
		json_read_bad(p, key, "not a string");
	if (strlen(json_object_get_string(o)) != (size_t)json_object_get_string_len(o))
		json_read_bad(p, key, "a string with a NUL byte");
	return xstrdup(json_object_get_string(o));
}

static enum state get_state(const struct place *p, struct json_object *from, const char *key)
{
	char *text = json_read_text(p, from, key);
	enum state state;

	if (!text)
		return STATE_NONE;
	for (state = STATE_OFF; state < STATE_COUNT; state++) {
		if (!strcmp(text, state_words[state]))
			break;
	}
	free(text);
	if (state == STATE_COUNT)
		json_read_bad(p, key, "not on, off or partial");
	return state;
}

static void get_nr(const struct place *p, struct json_object *from, struct row *row)
{
	struct json_object *o;
	int64_t n;

	if (!json_object_object_get_ex(from, "nr", &o))
		json_read_bad(p, "nr", "missing");
	row->other = !o;
	if (!o)
		return;
	n = json_object_get_int64(o);
	if (!json_object_is_type(o, json_type_int) || n < INT32_MIN || n > INT32_MAX)
		json_read_bad(p, "nr", "not a whole number from -2147483648 to 2147483647");
	row->nr = (int32_t)n;
}

/* "?" is that of a module which knows more of them. */
static bool is_abi(const char *s)
{
	size_t n = 0;

	while (isgraph((unsigned char)s[n]))
		n++;
	return n && !s[n] && n < sizeof(((struct row *)NULL)->abi);
}

static void get_row(const struct place *p, struct json_object *from, enum kind kind,
		    struct counts *c)
{
	struct row row = { .calls = 0 };
	char *abi = json_read_text(p, from, "abi");

	if (!abi || !is_abi(abi))
		json_read_bad(p, "abi", "not a word of 1 to 7 letters");
	strcpy(row.abi, abi);
	get_nr(p, from, &row);
	/* A list has no calls, whatever its file says. */
	if (kind != KIND_LIST && !json_read_u64(p, from, "calls", &row.calls))
		json_read_bad(p, "calls", "missing");
	row.state = get_state(p, from, "state");
	row.name = json_read_text(p, from, "syscall");
	row.category = json_read_text(p, from, "category");
	if (row.category && !*row.category)
		json_read_bad(p, "category", "an empty name");
	row.entry = json_read_text(p, from, "entry");
	json_read_row(p, from, counts_add_row(c, &row));
	free(row.name);
	free(row.category);
	free(row.entry);
	free(abi);
}

static void get_category(const struct place *p, struct json_object *from, struct counts *c)
{
	char *name = json_read_text(p, from, "category");
	struct category *category;

	if (!name || !*name)
		json_read_bad(p, "category", "missing");
	if (counts_category(c, name))
		json_read_bad(p, "category", "there twice");
	category = counts_add_category(c, name, get_state(p, from, "state"));
	json_read_u64(p, from, "calls", &category->calls);
	free(name);
}

struct json_object *json_read_list(const struct place *p, struct json_object *from,
				   const char *key)
{
	struct json_object *o;

	if (!json_object_object_get_ex(from, key, &o))
		return NULL;
	if (!json_object_is_type(o, json_type_array))
		json_read_bad(p, key, "not an array");
	return o;
}

char **json_read_words(const struct place *p, struct json_object *from, const char *key)
{
	struct json_object *list;
	char **words;
	size_t i, n;

	if (!json_object_object_get_ex(from, key, &list) || !list)
		return NULL;
	list = json_read_list(p, from, key);
	n = json_object_array_length(list);
	words = xcalloc(n + 1, sizeof(*words));
	for (i = 0; i < n; i++) {
		struct json_object *word = json_object_array_get_idx(list, i);

		if (!json_object_is_type(word, json_type_string) ||
		    strlen(json_object_get_string(word)) !=
		    (size_t)json_object_get_string_len(word))
			json_read_bad(p, key, "not a list of strings");
		words[i] = xstrdup(json_object_get_string(word));
	}
	return words;
}

static struct json_object *get_item(struct place *p, struct json_object *list, size_t i)
{
	struct json_object *o = json_object_array_get_idx(list, i);

	p->index = i;
	if (!json_object_is_type(o, json_type_object))
		errx(failure_status, "%s: damaged: %s[%zu]: not an object", p->file, p->list, i);
	return o;
}

static void get_rows(const struct place *top, struct json_object *from, enum kind kind,
		     struct counts *c)
{
	struct place p = { .file = top->file, .list = "syscalls" };
	struct json_object *list = json_read_list(top, from, "syscalls");
	const struct row *twice;
	size_t i;

	if (!list)
		json_read_bad(top, "syscalls", "missing");
	for (i = 0; i < json_object_array_length(list); i++)
		get_row(&p, get_item(&p, list, i), kind, c);
	for (i = 0; i < c->nrows; i++)
		c->known |= c->rows[i].measures.known & measures_taken(true, true);
	counts_sort(c);
	twice = counts_twice(c);
	if (twice)
		errx(failure_status, "%s: damaged: syscall %s %" PRId32 " is there twice",
		     p.file, twice->abi, twice->nr);
}

/* Sums that the file does not give are taken from the rows. */
static void get_counts(const struct place *top, struct json_object *from, enum kind kind,
		       struct counts *c)
{
	struct place p = { .file = top->file, .list = "categories" };
	struct json_object *list = json_read_list(top, from, "categories");
	const char *total = top->list ? "calls" : "total";
	size_t i;

	get_rows(top, from, kind, c);
	for (i = 0; list && i < json_object_array_length(list); i++)
		get_category(&p, get_item(&p, list, i), c);
	if (!list)
		counts_sum(c);
	c->unknown_state = get_state(top, from, "unknown_state");
	c->no_unknown = !json_read_u64(top, from, "unknown", &c->unknown) && list;
	/* A list has no sums either: those of no calls. */
	if (kind == KIND_LIST || !json_read_u64(top, from, total, &c->total))
		counts_sum(c);
	/* Calls of no category, which that found, have a place. */
	c->no_unknown = c->no_unknown && !c->unknown;
	if (!counts_rows_agree(c))
		json_read_bad(top, total, "not the sum of the calls");
	if (!counts_categories_agree(c))
		json_read_bad(top, total, "not the sum of the categories and unknown");
}

static void get_groups(const struct place *top, struct json_object *from, struct snapshot *s)
{
	struct place p = { .file = top->file, .list = "groups" };
	struct json_object *list = json_read_list(top, from, "groups");
	size_t i, n = list ? json_object_array_length(list) : 0;

	for (i = 0; i < n; i++) {
		struct json_object *o = get_item(&p, list, i);
		char *text = json_read_text(&p, o, "by");
		enum by by = BY_CPU;
		struct group *group;

		while (text && by < BY_COUNT && strcmp(text, by_words[by]) != 0)
			by++;
		/* Groups of another kind are none of this command's. */
		if (text && by < BY_COUNT) {
			group = snapshot_add_group(s);
			group->by = by;
			json_read_group(&p, o, group);
			group->counts.known = s->counts.known;
			get_counts(&p, o, s->kind, &group->counts);
			group->counts.unknown_state = s->counts.unknown_state;
		}
		free(text);
	}
}

/* As -c and -e take them, one by one. */
static char **get_filters(const struct place *p, struct json_object *from, const char *key,
			  bool category)
{
	char **words = json_read_words(p, from, key);
	struct filter f = { .nitems = 0 };
	size_t i;

	for (i = 0; words && words[i]; i++) {
		if (!filter_add(&f, words[i], category) || f.nitems != i + 1)
			json_read_bad(p, key, "not a list of names");
	}
	filter_free(&f);
	return words;
}

static void get_selections(const struct place *top, struct json_object *from, struct snapshot *s)
{
	struct place p = { .file = top->file, .list = "filters" };
	struct json_object *list = json_read_list(top, from, "filters");
	size_t i, n = list ? json_object_array_length(list) : 0;

	for (i = 0; i < n; i++) {
		struct json_object *o = get_item(&p, list, i);
		struct selection selection = {
			.categories = get_filters(&p, o, "category", true),
			.syscalls = get_filters(&p, o, "syscall", false),
		};

		snapshot_add_selection(s, &selection);
	}
}

static enum kind get_kind(const struct place *p, struct json_object *from)
{
	char *text = json_read_text(p, from, "kind");
	enum kind kind;

	if (!text)
		json_read_bad(p, "kind", "missing");
	for (kind = 0; kind < KIND_COUNT; kind++) {
		if (!strcmp(text, kind_words[kind]))
			break;
	}
	if (kind == KIND_COUNT)
		errx(failure_status, "%s: kind '%s' is not known to this command", p->file,
		     safe_text(text));
	free(text);
	return kind;
}

static void check_version(const struct place *p, struct json_object *from)
{
	uint64_t version;

	if (!json_read_u64(p, from, "version", &version))
		json_read_bad(p, "version", "missing");
	if (version > SNAPSHOT_VERSION)
		errx(failure_status, "%s: snapshot version %" PRIu64 ", this command reads up to "
		     "%d: use a newer syscount", p->file, version, SNAPSHOT_VERSION);
}

static void get_times(const struct place *p, struct json_object *from, struct snapshot *s)
{
	s->timed = json_read_u64(p, from, "since_ns", &s->since_ns);
	s->timed = json_read_u64(p, from, "now_ns", &s->now_ns) && s->timed;
	if (s->timed && s->now_ns < s->since_ns)
		json_read_bad(p, "now_ns", "earlier than since_ns");
	if (!json_read_u64(p, from, "duration_ns", &s->duration_ns))
		s->duration_ns = s->now_ns - s->since_ns;
	s->time = json_read_text(p, from, "time");
	s->since = json_read_text(p, from, "since");
}

static struct snapshot *read_snapshot(const struct place *p, struct json_object *o)
{
	struct snapshot *s;

	check_version(p, o);
	s = snapshot_new(get_kind(p, o));
	s->host = json_read_text(p, o, "host");
	s->kernel = json_read_text(p, o, "kernel");
	s->machine = json_read_text(p, o, "machine");
	json_read_u64(p, o, "cpus", &s->cpus);
	s->tool = json_read_text(p, o, "tool");
	s->module = json_read_text(p, o, "module");
	s->boot_id = json_read_text(p, o, "boot_id");
	s->hook = json_read_text(p, o, "hook");
	get_times(p, o, s);
	json_read_u64(p, o, "lost", &s->lost);
	json_read_watched(p, o, &s->watched);
	get_selections(p, o, s);
	if (s->kind != KIND_DIFF && s->kind != KIND_INFO && s->kind != KIND_COST) {
		s->counts.known = json_read_details(p, o);
		get_counts(p, o, s->kind, &s->counts);
		get_groups(p, o, s);
	}
	return s;
}

struct snapshot *json_reader_next(struct json_reader *r)
{
	struct place p = { .file = r->name };
	struct json_object *outer, *o;
	struct snapshot *s;

	if (!skip_blanks(r))
		return NULL;
	outer = next_object(r);
	if (!json_object_object_get_ex(outer, "syscount", &o) ||
	    !json_object_is_type(o, json_type_object))
		errx(failure_status, "%s: not a snapshot of syscount", r->name);
	s = read_snapshot(&p, o);
	json_object_put(outer);
	return s;
}
