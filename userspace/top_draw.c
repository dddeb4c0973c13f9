// SPDX-License-Identifier: GPL-2.0-or-later
/* A frame of syscount top: head, rows, foot. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "top.h"
#include "top_screen.h"
#include "util.h"

#define HEAD_LINES	3
#define FOOT_LINES	2
#define BAR_MAX		40	/* columns */
#define BAR_MIN		4
#define CUT_MIN		8	/* a column that is cut has so much */
#define NAME_MIN	11	/* and the one that says what the row is: most calls' names */

/* Where the columns that are shown are, of those that are chosen the first @n. */
struct layout {
	size_t widths[TOP_COLUMNS_MAX];
	size_t n, sum;		/* @sum: the columns of the screen that they all take */
};

size_t top_room(void)
{
	size_t height = screen_height();

	return height > HEAD_LINES + FOOT_LINES ? height - HEAD_LINES - FOOT_LINES : 0;
}

size_t top_frame_lines(const struct top *t)
{
	size_t rows = t->table.nrows - t->scroll, room = top_room();

	/* That there is none takes a line, too. */
	if (!rows)
		rows = 1;
	return HEAD_LINES + (rows < room ? rows : room);
}

const char *top_word(enum by view)
{
	switch (view) {
	case BY_PROCESS:
		return "processes";
	case BY_THREAD:
		return "threads";
	case BY_CGROUP:
		return "containers";
	case BY_COMMAND:
		return "commands";
	case BY_CATEGORY:
		return "categories";
	default:
		return "syscalls";
	}
}

static char *uptime_text(void)
{
	uint64_t minutes = clock_ns(CLOCK_BOOTTIME) / NSEC_PER_SEC / 60, hours = minutes / 60;

	if (hours >= 24)
		return xasprintf("up %" PRIu64 "d%02" PRIu64 "h", hours / 24, hours % 24);
	if (hours)
		return xasprintf("up %" PRIu64 "h%02" PRIu64 "m", hours, minutes % 60);
	return xasprintf("up %" PRIu64 "m", minutes);
}

static char *clock_text(const struct top *t, const struct snapshot *s)
{
	time_t seconds = (time_t)(t->shown_at / NSEC_PER_SEC);
	char text[16] = "";
	struct tm tm;

	if (t->o->given & OPT_TIMESTAMP && s && s->time)
		return xstrdup(s->time);
	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	return xstrdup(text);
}

static char *interval_text(const struct top *t)
{
	uint64_t ms = t->o->interval_ns / 1000000;

	if (t->paused)
		return xstrdup("paused");
	if (ms % 100)
		return xasprintf("every %.3f s", (double)ms / 1000);
	return xasprintf("every %.1f s", (double)ms / 1000);
}

/* Where there is not room for all, the least important go. */
static void draw_title(const struct top *t, const struct snapshot *s)
{
	enum { NAME, HOST, KERNEL, UPTIME, HOOK, INTERVAL, CLOCK, PARTS };
	static const size_t leave_out[] = { UPTIME, KERNEL, HOOK, HOST };
	char *parts[PARTS] = {
		[NAME]		= xstrdup("syscount"),
		[HOST]		= xstrdup(s && s->host ? s->host : ""),
		[KERNEL]	= xstrdup(s && s->kernel ? s->kernel : ""),
		[UPTIME]	= uptime_text(),
		[HOOK]		= xasprintf("hook %s", s && s->hook ? s->hook : "?"),
		[INTERVAL]	= interval_text(t),
		[CLOCK]		= clock_text(t, s),
	};
	size_t i, x = 0, width = 0;

	for (i = 0; i < PARTS; i++)
		width += screen_text_width(parts[i]) + (i ? 2 : 0);
	for (i = 0; i < ARRAY_SIZE(leave_out) && width > screen_width(); i++) {
		char **part = &parts[leave_out[i]];

		width -= screen_text_width(*part) + 2;
		free(*part);
		*part = NULL;
	}
	for (i = 0; i < PARTS; i++) {
		if (parts[i])
			x = screen_text(0, x, screen_width(),
					i == INTERVAL && t->paused ? STYLE_CHOSEN :
					i == NAME ? STYLE_BOLD : STYLE_PLAIN, parts[i]) + 2;
		free(parts[i]);
	}
}

/* Number @i of the categories, unknown behind them. */
static char *share_text(const struct counts *c, size_t i, bool *off)
{
	bool named = i < c->ncategories;
	enum state state = named ? c->categories[i].state : c->unknown_state;
	uint64_t calls = named ? c->categories[i].calls : c->unknown;

	*off = state == STATE_OFF && !calls;
	if (*off)
		return xstrdup(" off");
	return xasprintf(" %.0f%%", c->total ? 100.0 * (double)calls / (double)c->total : 0);
}

/* Each @gap columns behind the one before. The column behind the last; @end 0: draw nothing. */
static size_t draw_shares(const struct counts *c, size_t x, size_t gap, size_t end)
{
	size_t i, n = c->ncategories + (c->unknown || c->unknown_state == STATE_OFF);

	for (i = 0; i < n; i++) {
		const char *name = i < c->ncategories ? c->categories[i].name : "unknown";
		bool off;
		char *text = share_text(c, i, &off);

		if (end) {
			screen_text(1, x + gap, end, STYLE_PLAIN, name);
			screen_text(1, x + gap + strlen(name), end, off ? STYLE_BAD : STYLE_BOLD,
				    text);
		}
		x += gap + strlen(name) + strlen(text);
		free(text);
	}
	return x;
}

static void draw_totals(const struct snapshot *s)
{
	const struct counts *c = &s->counts;
	char rate[CELL_SIZE];
	char *text;
	size_t x;

	rate_text(s->duration_ns ? (double)c->total * NSEC_PER_SEC / (double)s->duration_ns : 0,
		  rate, sizeof(rate));
	text = xasprintf(" %s/s", rate);
	x = screen_text(1, 0, screen_width(), STYLE_PLAIN, "total");
	x = screen_text(1, x, screen_width(), STYLE_BOLD, text);
	draw_shares(c, x, draw_shares(c, x, 2, 0) > screen_width() ? 1 : 2, screen_width());
	free(text);
}

static const char *text_of(const struct column *column, const void *row, struct cell *cell,
			   char text[CELL_SIZE])
{
	*cell = (struct cell){ .text = "" };
	column->get(column, row, cell);
	if (cell->type == CELL_RATE)
		return rate_text(cell->real, text, CELL_SIZE);
	return cell_format(cell, false, text);
}

/* So that they do not move with each number, columns of numbers begin wide. */
static size_t usual_width(const struct column *column)
{
	static const struct {
		const char *name;
		size_t width;
	} widths[] = {
		{ "SYSCALL", 14 }, { "CATEGORY", 13 }, { "COMMAND", 15 }, { "TOP", 12 },
		{ "CALLS/S", 9 }, { "SHARE", 6 }, { "CALLS", 13 }, { "PID", 7 }, { "TID", 7 },
		{ "ERRORS", 7 }, { "TOTAL", 6 }, { "AVG", 6 }, { "P50", 6 }, { "P99", 6 },
		{ "MAX", 6 }, { "CGROUP", CUT_MIN },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		if (!strcmp(widths[i].name, column->name))
			return widths[i].width;
	}
	return strlen(column->name);
}

/* The first that may be cut: what the row is. */
static size_t name_column(const struct table *table)
{
	size_t i;

	for (i = 0; i < table->nchosen; i++) {
		if (line_columns[table->chosen[i]].flags & COLUMN_CUT)
			break;
	}
	return i;
}

static size_t widest_to_cut(const struct table *table, const struct layout *layout, size_t name)
{
	size_t i, widest = layout->n;

	for (i = 0; i < layout->n; i++) {
		size_t width = layout->widths[i];

		if (i != name && line_columns[table->chosen[i]].flags & COLUMN_CUT &&
		    width > CUT_MIN && (widest == layout->n || width > layout->widths[widest]))
			widest = i;
	}
	if (widest == layout->n && name < widest && layout->widths[name] > NAME_MIN)
		widest = name;
	return widest;
}

/*
 * The names of the rows give way last. Then the last columns are left out, since a part of
 * a number would be another one.
 */
static void fit(const struct table *table, struct layout *layout)
{
	size_t name = name_column(table), wanted = name < layout->n ? layout->widths[name] : 0;
	size_t i, room = screen_width(), keep = name < layout->n ? name + 1 : 1;

	layout->sum = layout->n ? layout->n - 1 : 0;
	for (i = 0; i < layout->n; i++)
		layout->sum += layout->widths[i];
	while (layout->sum > room) {
		i = widest_to_cut(table, layout, name);
		if (i == layout->n)
			break;
		layout->widths[i]--;
		layout->sum--;
	}
	while (layout->sum > room && layout->n > keep)
		layout->sum -= layout->widths[--layout->n] + 1;
	while (name < layout->n && layout->widths[name] < wanted && layout->sum < room) {
		layout->widths[name]++;
		layout->sum++;
	}
}

static void find_layout(struct top *t, struct layout *layout)
{
	const struct table *table = &t->table;
	size_t i, j;

	layout->n = table->nchosen;
	for (i = 0; i < table->nchosen; i++) {
		const struct column *column = &line_columns[table->chosen[i]];
		size_t *width = &t->widths[table->chosen[i]];
		struct cell cell;
		char text[CELL_SIZE];

		if (*width < usual_width(column))
			*width = usual_width(column);
		for (j = 0; j < table->nrows; j++) {
			size_t needed = screen_text_width(text_of(column, table->rows[j], &cell,
								  text));

			if (*width < needed)
				*width = needed;
		}
		layout->widths[i] = *width;
	}
	fit(table, layout);
}

static void draw_heading(struct top *t, const struct layout *layout)
{
	const char *sort = top_sort_column(t);
	size_t i, x = 0;

	for (i = 0; i < layout->n; i++) {
		const struct column *column = &line_columns[t->table.chosen[i]];
		enum style style = strcmp(column->name, sort) ? STYLE_BOLD : STYLE_CHOSEN;
		size_t end = x + layout->widths[i];

		if (column->flags & COLUMN_RIGHT)
			screen_text_right(2, x, end, style, column->name);
		else
			screen_text(2, x, end, style, column->name);
		x = end + 1;
	}
}

static void draw_bar(const struct line *line, size_t y, size_t x)
{
	size_t room = screen_width() > x + 1 ? screen_width() - x - 1 : 0, n;
	char bar[BAR_MAX + 1];

	if (room > BAR_MAX)
		room = BAR_MAX;
	if (room < BAR_MIN || !line->counts->total)
		return;
	n = (size_t)((double)line->calls / (double)line->counts->total * (double)room + 0.5);
	memset(bar, '|', n);
	bar[n] = '\0';
	screen_text(y, x + 1, screen_width(), STYLE_BAR, bar);
}

static enum style style_of(const struct cell *cell)
{
	if (!cell->color)
		return STYLE_PLAIN;
	return !strcmp(cell->color, "red") ? STYLE_BAD : STYLE_WARN;
}

static void draw_row(struct top *t, size_t row, size_t y, const struct layout *layout)
{
	const struct table *table = &t->table;
	size_t i, x = 0;

	for (i = 0; i < layout->n; i++) {
		const struct column *column = &line_columns[table->chosen[i]];
		size_t end = x + layout->widths[i];
		char text[CELL_SIZE];
		struct cell cell;
		const char *shown = text_of(column, table->rows[row], &cell, text);

		if (column->flags & COLUMN_RIGHT)
			screen_text_right(y, x, end, style_of(&cell), shown);
		else
			screen_text(y, x, end, style_of(&cell), shown);
		x = end + 1;
	}
	draw_bar(table->rows[row], y, layout->sum);
	if (row == t->cursor)
		screen_style_line(y, STYLE_CHOSEN);
}

static void draw_table(struct top *t)
{
	size_t i, room = top_room();
	struct layout layout;

	find_layout(t, &layout);
	draw_heading(t, &layout);
	for (i = 0; i < room && t->scroll + i < t->table.nrows; i++)
		draw_row(t, t->scroll + i, HEAD_LINES + i, &layout);
	if (!t->table.nrows && room)
		screen_text(HEAD_LINES, 0, screen_width(), STYLE_PLAIN,
			    t->filter ? "no row has that" : none_text(t->o));
}

/* Who is watched, which others pay for; NULL: nobody is. */
static char *watch_text(const struct top *t)
{
	char *text, *whom;

	if (!live_watches(t->live))
		return NULL;
	whom = t->o->pids ? xasprintf("process %s", t->o->pids) :
	       t->o->cgroup ? xasprintf("cgroup %s", t->o->cgroup) : xstrdup("everybody");
	if (live_ended(t->live))
		text = xasprintf("%s has ended", whom);
	else
		text = xasprintf("watching %s%s", whom,
				 live_always_watches(t->live) ? "" : t->focused ?
				 " in this view" : " until you leave this view");
	free(whom);
	return text;
}

static char *group_text(const struct group *group)
{
	switch (group->by) {
	case BY_PROCESS:
		return xasprintf("syscalls of process %" PRId32 " %s", group->pid, group->command);
	case BY_THREAD:
		return xasprintf("syscalls of thread %" PRId32 " %s", group->tid, group->command);
	case BY_CGROUP:
		return xasprintf("syscalls of container %s", group->cgroup ? group->cgroup : "?");
	default:
		return xasprintf("syscalls of command %s", group->command);
	}
}

static char *view_line(struct top *t, const char *back, const char *rows, const char *filtered,
		       const char *watch)
{
	return xasprintf("%s%s%s by %s%s%s%s", back, rows, filtered, top_sort_column(t),
			 top_order(t)->ascending ? ", lowest first" : "", watch ? "; " : "",
			 watch ? watch : "");
}

/* What the rows are, and what it takes to see them. */
static char *view_text(struct top *t)
{
	char *rows = t->focused ? group_text(&t->focus) : xstrdup(top_word(t->view));
	char *filtered = t->filter ? xasprintf(" with '%s'", t->filter) : xstrdup("");
	char *watch = watch_text(t);
	const char *back = t->focused ? "Esc: back; " : "";
	char *text = view_line(t, back, rows, filtered, watch);

	/* Where there is not room for all, how it is sorted is seen in the heading, too. */
	if (screen_text_width(text) > screen_width() && watch) {
		free(text);
		text = xasprintf("%s%s%s; %s", back, rows, filtered, watch);
	}
	free(rows);
	free(filtered);
	free(watch);
	return text;
}

static void draw_status(struct top *t, const struct snapshot *recent, size_t y)
{
	const struct snapshot *all = live_all(t->live);
	enum style style = STYLE_WARN;
	char *text;

	if (t->message) {
		text = xstrdup(t->message);
	} else if (recent && recent->reset) {
		text = xstrdup("the counters were reset in this interval: counted from the reset");
	} else if (all && (all->lost || all->watched.lost_threads)) {
		text = xasprintf("lost for want of memory, so the counts are too low: %" PRIu64
				 " (calls, returns, details), and all of %" PRIu64 " (threads)",
				 all->lost, all->watched.lost_threads);
	} else {
		text = view_text(t);
		style = STYLE_PLAIN;
	}
	screen_text(y, 0, screen_width(), style, text);
	free(text);
}

static void draw_keys(size_t y)
{
	static const char *const forms[] = {
		"[s]yscalls [p]rocesses [c]ontainers c[a]tegories  s[o]rt  / filter  space pause  w write  ? help",
		"[s]yscalls [p]rocesses [c]ontainers c[a]tegories s[o]rt /filter [w]rite ?help",
		"s p c a views  o sort  / filter  ? help",
		"? help",
	};
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(forms) && strlen(forms[i]) > screen_width())
		i++;
	screen_text(y, 0, screen_width(), STYLE_BOLD, forms[i]);
}

static void draw_prompt(const struct top *t, size_t y)
{
	char *typed = xasprintf("%s: %ls", t->prompt == PROMPT_FILTER ? "filter" :
				"write to file", t->typed);
	size_t width = screen_text_width(typed), skip = 0;

	/* What is typed last is seen. */
	while (width - skip >= screen_width() && typed[skip])
		skip++;
	screen_cursor(y, screen_text(y, 0, screen_width(), STYLE_BOLD, typed + skip));
	free(typed);
}

/* Lines that begin with blanks: a key, and from HELP_TEXT on what it does. */
static const char *const help_lines[] = {
	"syscount top: what is called now, and how often",
	"",
	"  s  syscalls      p  processes       t  threads",
	"  c  containers    n  command names   a  categories",
	"  Enter            the syscalls of that process, thread, container or command",
	"  Esc              no filter; back",
	"  o, O, r          sort by the next column, by the one before; turn round",
	"  /                filter: rows that have this in a word",
	"  arrows, PgUp, PgDn, Home, End",
	"  space            pause; counting goes on",
	"  w                write a snapshot, for 'syscount show -i' and 'diff'",
	"  q, Ctrl-C        quit; the last frame stays",
	"",
	"CALLS/S, SHARE, TOTAL, AVG, P50, P99: of the last interval. CALLS, ERRORS, MIN, "
	"MAX: since counting began, with the module, or for a watch when it was opened.",
	"Syscalls and categories are the module's counters, and cost nothing more. The "
	"other views open a watch: each call costs a little more until they are left.",
	"",
	"Any key goes back; arrows scroll where there is not room for all.",
};

#define HELP_TEXT	19

/* How much of @text is in a line of @width columns: whole words, if the first one fits. */
static size_t help_fitting(const char *text, size_t width)
{
	size_t n = strlen(text);

	if (n <= width)
		return n;
	for (n = width; n && text[n] != ' '; n--)
		;
	return n ?: width;
}

/* Draws @room lines of what there is from line @first on, and returns how many there are. */
static size_t help_lines_draw(size_t first, size_t room)
{
	size_t i, y = 0, width = screen_width();

	for (i = 0; i < ARRAY_SIZE(help_lines); i++) {
		const char *text = help_lines[i];
		size_t x = 0, indent = *text == ' ' && width > 2 * HELP_TEXT ? HELP_TEXT : 0;

		do {
			size_t n = help_fitting(text, width - x);

			if (y >= first && y < first + room) {
				char *part = xasprintf("%.*s", (int)n, text);

				screen_text(y - first, x, width, i ? STYLE_PLAIN : STYLE_BOLD,
					    part);
				free(part);
			}
			y++;
			text += n;
			text += strspn(text, " ");
			x = indent;
		} while (*text);
	}
	return y;
}

static void draw_help(struct top *t)
{
	size_t n = help_lines_draw(0, 0), room = screen_height();

	if (t->help_scroll + room > n)
		t->help_scroll = n > room ? n - room : 0;
	help_lines_draw(t->help_scroll, room);
}

static void draw_frame(struct top *t)
{
	const struct snapshot *recent = live_recent(t->live), *all = live_all(t->live);
	size_t height = screen_height();

	draw_title(t, recent ? recent : all);
	if (!recent)
		screen_text(1, 0, screen_width(), STYLE_PLAIN, "counting...");
	else
		draw_totals(recent);
	if (recent)
		draw_table(t);
	if (height > HEAD_LINES + FOOT_LINES)
		draw_status(t, recent, height - 2);
	if (t->prompt != PROMPT_NONE)
		draw_prompt(t, height - 1);
	else if (height > HEAD_LINES)
		draw_keys(height - 1);
}

void top_draw(struct top *t)
{
	screen_begin();
	if (t->help)
		draw_help(t);
	else
		draw_frame(t);
	screen_end();
}
