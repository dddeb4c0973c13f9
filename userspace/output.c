// SPDX-License-Identifier: GPL-2.0-or-later
/* Columns to a table, raw lines or CSV; and JSON, to where -o says. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "output.h"
#include "util.h"

#define DURATION_SIZE	32

bool color_wanted(const struct options *o, bool terminal)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (o->color != WHEN_AUTO)
		return o->color == WHEN_ALWAYS;
	return terminal && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

static void terminal_size(struct output *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = { 0 };

	ioctl(out->fd, TIOCGWINSZ, &size);
	out->width = size.ws_col;
	out->height = size.ws_row;
	if (columns && atoi(columns) > 0)
		out->width = (size_t)atoi(columns);
	if (!out->width)
		out->width = 80;
}

/* Our own, since stdio keeps that a write failed, but not why. */
static ssize_t write_all(void *cookie, const char *data, size_t size)
{
	struct output *out = cookie;
	size_t done = 0;

	while (done < size) {
		ssize_t n = write(out->fd, data + done, size - done);

		if (n >= 0) {
			done += (size_t)n;
		} else if (errno != EINTR) {
			out->error = errno;
			return 0;
		}
	}
	return (ssize_t)size;
}

/* Some file systems say only here that there was no room. Messages may still follow. */
static int close_file(void *cookie)
{
	struct output *out = cookie;

	if (out->fd != STDERR_FILENO && close(out->fd) && !out->error)
		out->error = errno;
	return out->error ? -1 : 0;
}

static struct output *output_new(int fd)
{
	const cookie_io_functions_t functions = { .write = write_all, .close = close_file };
	struct output *out = xcalloc(1, sizeof(*out));

	out->fd = fd;
	out->f = fopencookie(out, "w", functions);
	if (!out->f)
		err(failure_status, "memory");
	return out;
}

struct output *output_stdout(void)
{
	return output_new(STDOUT_FILENO);
}

static int open_file(const struct options *o)
{
	int fd;

	if (!o->output)
		return o->command->on_stderr ? STDERR_FILENO : STDOUT_FILENO;
	if (!strcmp(o->output, "-"))
		return STDOUT_FILENO;
	fd = open(o->output, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		err(failure_status, "%s", o->output);
	return fd;
}

struct output *output_open(const struct options *o)
{
	struct output *out = output_new(open_file(o));
	bool terminal = isatty(out->fd);

	out->format = o->format;
	out->noheadings = o->given & OPT_NOHEADINGS;
	if (o->output && strcmp(o->output, "-") != 0)
		out->file = o->output;
	out->color = color_wanted(o, terminal);
	if (terminal)
		terminal_size(out);
	return out;
}

void output_begin(struct output *out)
{
	if (out->begun)
		return;
	out->begun = true;
	/* EINVAL: a device or a pipe. */
	if (out->file && ftruncate(out->fd, 0) && errno != EINVAL)
		err(failure_status, "%s", out->file);
}

static void write_error(const struct output *out)
{
	errno = out->error;
	warn("%s", out->file ? out->file : "write error");
}

bool output_flush(struct output *out)
{
	if (!fflush(out->f) && !ferror(out->f))
		return true;
	if (out->error == EPIPE)
		return false;
	write_error(out);
	exit(failure_status);
}

int output_close(struct output *out)
{
	int status = EXIT_SUCCESS;

	output_begin(out);
	/* What is left in the buffer is written here. */
	fclose(out->f);
	if (out->error && out->error != EPIPE) {
		write_error(out);
		status = failure_status;
	}
	free(out);
	return status;
}

static const struct column *column_find(const struct column *columns, size_t n, const char *name,
					size_t length)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if ((!strncasecmp(columns[i].name, name, length) && !columns[i].name[length]) ||
		    (!strncasecmp(columns[i].key, name, length) && !columns[i].key[length]))
			return &columns[i];
	}
	return NULL;
}

size_t columns_find(const struct column *columns, size_t n, const char *name)
{
	const struct column *column = column_find(columns, n, name, strlen(name));

	return column ? (size_t)(column - columns) : n;
}

static __noreturn void no_column(const struct options *o, const char *what,
				 const struct column *columns, size_t n,
				 const char *name, int length)
{
	char *all = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		all = list_add(all, " ", columns[i].name);
	usage_error(o->command, "--%s: no column '%.*s'; there are: %s", what, length, name, all);
}

static void columns_add(struct table *t, const struct column *column)
{
	size_t index = (size_t)(column - t->columns), i;

	for (i = 0; i < t->nchosen; i++) {
		if (t->chosen[i] == index)
			return;
	}
	t->chosen = xreallocarray(t->chosen, t->nchosen + 1, sizeof(*t->chosen));
	t->chosen[t->nchosen++] = index;
}

void table_free(struct table *t)
{
	free(t->chosen);
	free(t->rows);
	t->chosen = NULL;
	t->rows = NULL;
}

void columns_choose(struct table *t, const struct options *o, const char *defaults)
{
	const char *list = o && o->given & OPT_COLUMNS ? o->columns : NULL;
	const struct column *column;
	size_t n;

	t->nchosen = 0;
	for (; (!list || *list == '+') && *defaults; defaults += n + (defaults[n] == ' ')) {
		n = strcspn(defaults, " ");
		column = column_find(t->columns, t->ncolumns, defaults, n);
		if (column)
			columns_add(t, column);
	}
	if (list && *list == '+')
		list++;
	for (; list; list = list[n] ? list + n + 1 : NULL) {
		n = strcspn(list, ",");
		column = column_find(t->columns, t->ncolumns, list, n);
		if (!column)
			no_column(o, "columns", t->columns, t->ncolumns, list, (int)n);
		columns_add(t, column);
	}
}

void columns_check(const struct options *o, const struct column *columns, size_t n)
{
	struct table t = { .columns = columns, .ncolumns = n };

	columns_choose(&t, o, "");
	if (o->sort && !column_find(columns, n, o->sort, strlen(o->sort)))
		no_column(o, "sort", columns, n, o->sort, (int)strlen(o->sort));
	table_free(&t);
}

static void check_filled(const struct options *o, const char *option, const struct column *column,
			 const char *what)
{
	if (what)
		usage_error(o->command, "--%s: column %s takes %s", option, column->name, what);
}

void columns_check_filled(const struct options *o, const struct column *columns, size_t n,
			  const char *(*missing)(const void *ctx, unsigned int flags),
			  const void *ctx)
{
	struct table t = { .columns = columns, .ncolumns = n };
	const struct column *column;
	size_t i;

	columns_choose(&t, o, "");
	for (i = 0; i < t.nchosen; i++) {
		column = &columns[t.chosen[i]];
		check_filled(o, "columns", column, missing(ctx, column->flags));
	}
	table_free(&t);
	if (!o->sort)
		return;
	column = &columns[columns_find(columns, n, o->sort)];
	check_filled(o, "sort", column, missing(ctx, column->flags));
}

struct column *columns_without(const struct column *columns, size_t *n, unsigned int flags)
{
	struct column *chosen = xcalloc(*n, sizeof(*chosen));
	size_t i, kept = 0;

	for (i = 0; i < *n; i++) {
		if (!(columns[i].flags & flags))
			chosen[kept++] = columns[i];
	}
	*n = kept;
	return chosen;
}

void columns_help(FILE *f, const struct column *columns, size_t n)
{
	size_t i;

	fputs("\nColumns:\n", f);
	for (i = 0; i < n; i++)
		fprintf(f, "  %-13s  %s\n", columns[i].name, columns[i].help);
}

struct sorter {
	const struct column *column;
	int sign;
};

struct sort_row {
	const void *row;
	size_t place;
	struct cell cell;
};

static int cell_compare(const struct cell *a, const struct cell *b)
{
	int d = (a->type != CELL_NULL) - (b->type != CELL_NULL);

	if (d || a->type == CELL_NULL)
		return d;
	switch (a->type) {
	case CELL_TEXT:
		return strcmp(a->text, b->text);
	case CELL_COUNT:
	case CELL_DURATION:
		return (a->count > b->count) - (a->count < b->count);
	case CELL_NUMBER:
		return (a->number > b->number) - (a->number < b->number);
	case CELL_DELTA:
	case CELL_DURATION_DELTA:
		if (a->negative != b->negative)
			return b->negative - a->negative;
		d = (a->count > b->count) - (a->count < b->count);
		return a->negative ? -d : d;
	default:
		return (a->real > b->real) - (a->real < b->real);
	}
}

static int sort_compare(const void *a, const void *b, void *ctx)
{
	const struct sort_row *x = a, *y = b;
	const struct sorter *s = ctx;
	int d = s->sign * cell_compare(&x->cell, &y->cell);

	return d ? d : (x->place > y->place) - (x->place < y->place);
}

void table_sort(struct table *t, const struct options *o, const char *key)
{
	struct sorter s = { .sign = o->ascending ? 1 : -1 };
	struct sort_row *rows;
	size_t i;

	if (o->sort)
		key = o->sort;
	s.column = key ? column_find(t->columns, t->ncolumns, key, strlen(key)) : NULL;
	if (!s.column)
		return;
	rows = xcalloc(t->nrows, sizeof(*rows));
	for (i = 0; i < t->nrows; i++) {
		rows[i].row = t->rows[i];
		rows[i].place = i;
		s.column->get(s.column, t->rows[i], &rows[i].cell);
	}
	qsort_r(rows, t->nrows, sizeof(*rows), sort_compare, &s);
	for (i = 0; i < t->nrows; i++)
		t->rows[i] = rows[i].row;
	free(rows);
}

void table_top(struct table *t, const struct options *o)
{
	if (!o->top || t->nrows <= o->top)
		return;
	t->left_out += t->nrows - o->top;
	t->nrows = o->top;
}

void cell_text(struct cell *cell, const char *text, const char *null)
{
	bool known = text && *text;

	cell->type = known ? CELL_TEXT : CELL_NULL;
	cell->text = known ? text : null;
}

void cell_count(struct cell *cell, uint64_t count)
{
	cell->type = CELL_COUNT;
	cell->count = count;
}

void cell_abi(struct cell *cell, const struct row *row)
{
	cell_text(cell, row ? row->abi : NULL, "-");
}

void cell_nr(struct cell *cell, const struct row *row)
{
	cell_text(cell, NULL, row ? "*" : "-");
	if (!row || row->other)
		return;
	cell->type = CELL_NUMBER;
	cell->number = row->nr;
}

void cell_syscall(struct cell *cell, const struct row *row)
{
	cell_text(cell, row ? row->name : NULL, row ? "?" : "-");
}

void cell_state(struct cell *cell, enum state state)
{
	cell_text(cell, state_words[state], "-");
	if (state == STATE_OFF)
		cell->color = "red";
	else if (state == STATE_PARTIAL)
		cell->color = "brown";
}

void cell_percent(struct cell *cell, uint64_t part, uint64_t whole)
{
	cell->type = whole ? CELL_PERCENT : CELL_NULL;
	cell->text = "-";
	cell->real = whole ? 100.0 * (double)part / (double)whole : 0;
}

void cell_rate(struct cell *cell, uint64_t count, uint64_t duration_ns)
{
	cell->type = duration_ns ? CELL_RATE : CELL_NULL;
	cell->text = "-";
	cell->real = duration_ns ? (double)count * NSEC_PER_SEC / (double)duration_ns : 0;
}

const char *rate_text(double rate, char *text, size_t size)
{
	snprintf(text, size, "%.*f", rate > -99.95 && rate < 99.95 && rate != 0 ? 1 : 0, rate);
	return text;
}

/* Three digits, in the unit that fits; @machine: in ns. */
static void format_duration(uint64_t ns, bool machine, char text[DURATION_SIZE])
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double n = (double)ns;
	size_t i = 0;

	if (machine) {
		snprintf(text, DURATION_SIZE, "%" PRIu64, ns);
		return;
	}
	while (i + 1 < ARRAY_SIZE(units) && n >= 999.5) {
		n /= 1000;
		i++;
	}
	snprintf(text, DURATION_SIZE, "%.*f%s", !i || n >= 99.95 ? 0 : n >= 9.995 ? 1 : 2, n,
		 units[i]);
}

static const char *sign(const struct cell *cell, bool machine)
{
	return cell->negative ? "-" : cell->count && !machine ? "+" : "";
}

/* @machine: for programs, so without a percent sign and not rounded by size. */
const char *cell_format(const struct cell *cell, bool machine, char text[CELL_SIZE])
{
	char ns[DURATION_SIZE];

	switch (cell->type) {
	case CELL_NULL:
	case CELL_TEXT:
		return cell->text;
	case CELL_COUNT:
		snprintf(text, CELL_SIZE, "%" PRIu64, cell->count);
		break;
	case CELL_NUMBER:
		snprintf(text, CELL_SIZE, "%" PRId32, cell->number);
		break;
	case CELL_DELTA:
		snprintf(text, CELL_SIZE, "%s%" PRIu64, sign(cell, machine), cell->count);
		break;
	case CELL_RATE:
		snprintf(text, CELL_SIZE, machine ? "%.3f" : "%.1f", cell->real);
		break;
	case CELL_RATE_DELTA:
		snprintf(text, CELL_SIZE, machine ? "%.3f" :
			 fabs(cell->real) < 0.05 ? "0.0" : "%+.1f", cell->real);
		break;
	case CELL_PERCENT:
		snprintf(text, CELL_SIZE, machine ? "%.3f" : "%.1f%%", cell->real);
		break;
	case CELL_CHANGE:
		snprintf(text, CELL_SIZE, machine ? "%.3f" :
			 fabs(cell->real) < 0.05 ? "0.0%%" : "%+.1f%%", cell->real);
		break;
	case CELL_DURATION:
		format_duration(cell->count, machine, text);
		break;
	case CELL_DURATION_DELTA:
		format_duration(cell->count, machine, ns);
		snprintf(text, CELL_SIZE, "%s%s", sign(cell, machine), ns);
		break;
	}
	return text;
}

static void csv_field(FILE *f, const char *s)
{
	if (!s[strcspn(s, ",\"\r\n")]) {
		fputs(s, f);
		return;
	}
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		fputc(*s, f);
	}
	fputc('"', f);
}

static void print_csv(struct output *out, const struct table *t)
{
	char text[CELL_SIZE];
	size_t i, j;

	for (j = 0; j < t->nchosen && !out->noheadings && !t->no_heading; j++) {
		csv_field(out->f, t->columns[t->chosen[j]].key);
		fputs(j + 1 < t->nchosen ? "," : "\r\n", out->f);
	}
	for (i = 0; i < t->nrows; i++) {
		for (j = 0; j < t->nchosen; j++) {
			const struct column *column = &t->columns[t->chosen[j]];
			struct cell cell = { .text = "" };

			column->get(column, t->rows[i], &cell);
			if (cell.type != CELL_NULL)
				csv_field(out->f, cell_format(&cell, true, text));
			fputs(j + 1 < t->nchosen ? "," : "\r\n", out->f);
		}
	}
}

static void check(bool ok)
{
	if (!ok)
		err(failure_status, "table");
}

static void add_columns(struct output *out, struct libscols_table *tb, const struct table *t)
{
	size_t i;

	for (i = 0; i < t->nchosen; i++) {
		const struct column *column = &t->columns[t->chosen[i]];
		struct libscols_column *cl;
		int flags = 0;

		if (column->flags & COLUMN_RIGHT)
			flags |= SCOLS_FL_RIGHT;
		if (column->flags & COLUMN_CUT)
			flags |= SCOLS_FL_TRUNC;
		if (column->width)
			flags |= SCOLS_FL_STRICTWIDTH;
		cl = scols_table_new_column(tb, column->name, (double)column->width, flags);
		check(cl);
		if (out->color)
			scols_cell_set_color(scols_column_get_header(cl), "bold");
	}
}

/*
 * The library shows what does not print as \x and digits, but lets pass what turns text round,
 * and there is no way to say \x ourselves. To free.
 */
static char *without_turns(const char *s)
{
	static const char instead[] = "\xef\xbf\xbd";	/* U+FFFD */
	char *copy = xcalloc(2 * strlen(s) + 1, 1), *to = copy;
	mbstate_t state = { 0 };
	size_t n;

	for (; *s; s += n) {
		wchar_t c;

		n = mbrtowc(&c, s, MB_CUR_MAX, &state);
		if (n && n < (size_t)-2 && turns_text((wint_t)c)) {
			to = stpcpy(to, instead);
			continue;
		}
		if (!n || n >= (size_t)-2) {
			memset(&state, 0, sizeof(state));
			n = 1;
		}
		to = mempcpy(to, s, n);
	}
	return copy;
}

static void add_row(struct output *out, struct libscols_table *tb, const struct table *t,
		    const void *row)
{
	struct libscols_line *line = scols_table_new_line(tb, NULL);
	char text[CELL_SIZE];
	size_t i;

	check(line);
	for (i = 0; i < t->nchosen; i++) {
		const struct column *column = &t->columns[t->chosen[i]];
		struct cell cell = { .text = "" };
		char *shown;

		column->get(column, row, &cell);
		shown = out->format == FORMAT_RAW ? xstrdup(cell_format(&cell, true, text)) :
						    without_turns(cell_format(&cell, false, text));
		check(!scols_line_refer_data(line, i, shown));
		if (out->color && cell.color)
			scols_cell_set_color(scols_line_get_cell(line, i), cell.color);
	}
	if (out->color && row == t->strong)
		scols_line_set_color(line, "bold");
}

static void print_none(struct output *out, const struct table *t)
{
	size_t i;

	if (t->none && out->format == FORMAT_TABLE) {
		fprintf(out->f, "%s\n", t->none);
		return;
	}
	for (i = 0; i < t->nchosen; i++)
		fprintf(out->f, "%s%s", t->columns[t->chosen[i]].name,
			i + 1 < t->nchosen ? " " : "\n");
}

/*
 * The library cuts columns that may be cut, and breaks lines all the same if that is not enough:
 * then nothing is cut, and it is the terminal that breaks them.
 */
static bool fits(const struct output *out, struct libscols_table *tb)
{
	char *text = NULL;
	const char *c;
	size_t width = 0, widest = 0;

	scols_table_enable_colors(tb, false);
	check(!scols_print_table_to_string(tb, &text));
	scols_table_enable_colors(tb, out->color);
	for (c = text; c && *c; c++) {
		/* What goes on with a character of UTF-8 takes no room. */
		width = *c == '\n' ? 0 : width + ((*c & 0xc0) != 0x80);
		widest = width > widest ? width : widest;
	}
	free(text);
	return widest <= out->width;
}

static void print_scols(struct output *out, const struct table *t)
{
	struct libscols_table *tb = scols_new_table();
	size_t i;

	check(tb);
	scols_table_set_stream(tb, out->f);
	scols_table_enable_raw(tb, out->format == FORMAT_RAW);
	scols_table_enable_colors(tb, out->color);
	scols_table_enable_noheadings(tb, out->noheadings || t->no_heading);
	/* By itself the library looks at standard output, which may be another file. */
	scols_table_set_termforce(tb, out->width ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (out->width)
		scols_table_set_termwidth(tb, out->width);
	add_columns(out, tb, t);
	for (i = 0; i < t->nrows; i++)
		add_row(out, tb, t, t->rows[i]);
	/* Without a row the library prints nothing at all. */
	if (!t->nrows && !out->noheadings && !t->no_heading)
		print_none(out, t);
	if (out->width && !fits(out, tb))
		scols_table_set_termforce(tb, SCOLS_TERMFORCE_NEVER);
	check(!scols_print_table(tb));
	if (t->left_out && out->format == FORMAT_TABLE && !out->noheadings)
		fprintf(out->f, "... and %zu more\n", t->left_out);
	scols_unref_table(tb);
}

void table_print(struct output *out, const struct table *t)
{
	output_begin(out);
	if (out->format == FORMAT_CSV)
		print_csv(out, t);
	else
		print_scols(out, t);
}

static bool all_plain(const char *s)
{
	mbstate_t state = { 0 };

	while (*s) {
		wchar_t c;
		size_t n = mbrtowc(&c, s, MB_CUR_MAX, &state);

		if (n >= (size_t)-2 || !is_plain((wint_t)c))
			return false;
		s += n;
	}
	return true;
}

/* In $'...' print_safe()'s \x says the bytes, and a backslash is written twice. */
static void print_escaped(FILE *f, const char *word)
{
	char *text = xcalloc(2 * strlen(word) + 1, 1), *to = text;

	for (; *word; word++) {
		if (*word == '\\' || *word == '\'')
			*to++ = '\\';
		*to++ = *word;
	}
	fputs("$'", f);
	print_safe(f, text);
	fputc('\'', f);
	free(text);
}

/* Nothing in it means anything to a shell. */
static bool is_bare(const char *word)
{
	while (*word && isascii(*word) && (isalnum(*word) || strchr("_@%+=:,./-", *word)))
		word++;
	return !*word;
}

void print_quoted(FILE *f, const char *word)
{
	if (*word && is_bare(word)) {
		fputs(word, f);
		return;
	}
	if (!all_plain(word)) {
		print_escaped(f, word);
		return;
	}
	fputc('\'', f);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\'", f);
		fputc(*word, f);
	}
	fputc('\'', f);
}

static char *quoted(const char *word)
{
	struct text text;

	print_quoted(text_open(&text), word);
	return text_close(&text);
}

void print_words(FILE *f, char *const *words, size_t most)
{
	size_t i, length = 0;

	for (i = 0; words[i]; i++) {
		char *text = quoted(words[i]);

		length += strlen(text) + 1;
		if (i && length > most) {
			fputs(" ...", f);
			free(text);
			return;
		}
		fprintf(f, "%s%s", i ? " " : "", text);
		free(text);
	}
}

void output_json(struct output *out, struct json_object *o, bool one_line)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE | JSON_C_TO_STRING_SPACED;
	const char *text;

	if (!one_line)
		flags |= JSON_C_TO_STRING_PRETTY;
	text = json_object_to_json_string_ext(o, flags);
	if (!text)
		errx(failure_status, "memory: JSON could not be built");
	output_begin(out);
	fprintf(out->f, "%s\n", text);
	json_object_put(o);
}
