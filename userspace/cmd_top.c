// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount top: a live screen. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "device.h"
#include "interval.h"
#include "json.h"
#include "top.h"
#include "top_screen.h"
#include "util.h"

#define INTERVAL_NS	(2 * NSEC_PER_SEC)
/* The first numbers come sooner, but not from so short a time that they mean nothing. */
#define FIRST_NS	(NSEC_PER_SEC / 2)

/* When the next reading is due, and when all is over: CLOCK_MONOTONIC. */
struct times {
	uint64_t next, end;
};

static __printf(2, 3) void say(struct top *t, const char *fmt, ...)
{
	va_list args;

	free(t->message);
	va_start(args, fmt);
	if (vasprintf(&t->message, fmt, args) < 0)
		err(failure_status, "memory");
	va_end(args);
}

static void forget_cursor(struct top *t)
{
	free(t->cursor_on);
	t->cursor_on = NULL;
	t->cursor = 0;
	t->scroll = 0;
}

static void leave_focus(struct top *t)
{
	if (t->focused)
		group_free(&t->focus);
	t->focused = false;
	free(t->groups_filter);
	t->groups_filter = NULL;
	live_keep(t->live, NULL);
	forget_cursor(t);
}

static void set_filter(struct top *t, const char *text)
{
	free(t->filter);
	t->filter = text && *text ? xstrdup(text) : NULL;
	forget_cursor(t);
}

static void schedule_first(const struct top *t, struct times *times)
{
	times->next = clock_ns(CLOCK_MONOTONIC) + min_u64(t->o->interval_ns, FIRST_NS);
}

static void view_failed(struct top *t, enum by view, int error)
{
	if (error == EPERM)
		say(t, "%s: needs CAP_PERFMON, like 'attach -p'; 'syscount run' needs nothing",
		    top_word(view));
	else if (error == ESRCH)
		say(t, "%s: who was watched has ended", top_word(view));
	else
		say(t, "%s: a watch cannot be opened: %s", top_word(view), strerror(error));
}

static void set_view(struct top *t, struct times *times, enum by view)
{
	bool anew, again;
	int error = live_look(t->live, view, &anew);

	leave_focus(t);
	set_filter(t, NULL);
	if (error) {
		view_failed(t, view, error);
		if (error == ESRCH)
			return;
		if (live_always_watches(t->live))
			device_watch_failed(error, "watch");
		if (t->view > BY_CPU)
			t->view = BY_SYSCALL;
		live_look(t->live, t->view, &again);
		anew = again;
	} else {
		t->view = view;
	}
	memset(t->widths, 0, sizeof(t->widths));
	if (!anew)
		return;
	t->paused = false;
	schedule_first(t, times);
}

static void set_paused(struct top *t, bool paused)
{
	t->paused = paused && live_recent(t->live);
	live_freeze(t->live, t->paused);
	if (!t->paused)
		t->shown_at = t->read_at;
}

static const struct line *cursor_line(const struct top *t)
{
	return t->cursor < t->table.nrows ? t->table.rows[t->cursor] : NULL;
}

static void enter(struct top *t)
{
	const struct line *line = cursor_line(t);

	if (t->focused || t->view <= BY_CPU || !line || !line->group)
		return;
	group_copy(&t->focus, line->group);
	t->focused = true;
	live_keep(t->live, &t->focus);
	t->groups_filter = t->filter;
	t->filter = NULL;
	forget_cursor(t);
	memset(t->widths, 0, sizeof(t->widths));
}

static void move_cursor(struct top *t, int key)
{
	size_t n = t->table.nrows, room = top_room(), step = room > 1 ? room - 1 : 1;
	size_t to = t->cursor;

	switch (key) {
	case SCREEN_UP:
		to = to ? to - 1 : 0;
		break;
	case SCREEN_DOWN:
		to++;
		break;
	case SCREEN_PAGE_UP:
		to = to > step ? to - step : 0;
		break;
	case SCREEN_PAGE_DOWN:
		to += step;
		break;
	case SCREEN_HOME:
		to = 0;
		break;
	case SCREEN_END:
		to = n;
		break;
	}
	if (to >= n)
		to = n ? n - 1 : 0;
	free(t->cursor_on);
	t->cursor_on = NULL;
	t->cursor = to;
	/* At the top it stays there, whichever row comes. */
	if (to)
		t->cursor_on = top_identity(cursor_line(t));
}

/* By the next column, or the one before: names from their beginning, numbers from the highest. */
static void sort_next(struct top *t, bool back)
{
	struct options *order = top_order(t);
	const char *now = top_sort_column(t);
	size_t i, n = t->table.nchosen;
	const struct column *column;

	if (!n)
		return;
	for (i = 0; i < n && strcmp(line_columns[t->table.chosen[i]].name, now) != 0; i++)
		;
	i = i == n ? 0 : (i + (back ? n - 1 : 1)) % n;
	column = &line_columns[t->table.chosen[i]];
	free(order->sort);
	order->sort = xstrdup(column->name);
	order->ascending = !(column->flags & COLUMN_RIGHT);
	forget_cursor(t);
}

static void ask(struct top *t, enum prompt prompt)
{
	t->prompt = prompt;
	t->ntyped = 0;
	t->typed[0] = L'\0';
}

/* Without a name there, so that no file is lost, and without a part of one. */
static int write_file(const char *name, const struct snapshot *s)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), error = 0;
	struct output out = { .f = fd < 0 ? NULL : fdopen(fd, "w") };

	if (!out.f)
		return errno;
	errno = 0;
	output_json(&out, json_snapshot(s), false);
	if (fflush(out.f) || ferror(out.f))
		error = errno ? errno : EIO;
	if (fclose(out.f) && !error)
		error = errno;
	if (error)
		unlink(name);
	return error;
}

static void write_snapshot(struct top *t, const char *name)
{
	const struct snapshot *s = live_all(t->live);
	int error;

	if (!s) {
		say(t, "nothing is counted yet");
		return;
	}
	error = write_file(name, s);
	if (error)
		say(t, "%s: %s%s", name, strerror(error),
		    error == EEXIST ? ": not overwritten; another name?" : "");
	else
		say(t, "%s: written", name);
	if (!error)
		t->prompt = PROMPT_NONE;
}

static void answer(struct top *t)
{
	char *text = xasprintf("%ls", t->typed);

	if (t->prompt == PROMPT_FILTER || !*text)
		t->prompt = PROMPT_NONE;
	else
		write_snapshot(t, text);
	free(text);
}

/* A filter works while it is typed. */
static void typed(struct top *t)
{
	char *text;

	t->typed[t->ntyped] = L'\0';
	if (t->prompt != PROMPT_FILTER)
		return;
	text = xasprintf("%ls", t->typed);
	set_filter(t, text);
	free(text);
}

static void prompt_key(struct top *t, int key)
{
	switch (key) {
	case SCREEN_ENTER:
		answer(t);
		break;
	case SCREEN_ESCAPE:
		if (t->prompt == PROMPT_FILTER)
			set_filter(t, NULL);
		t->prompt = PROMPT_NONE;
		break;
	case SCREEN_ERASE:
		if (t->ntyped)
			t->ntyped--;
		typed(t);
		break;
	case SCREEN_UP ... SCREEN_END:
		move_cursor(t, key);
		break;
	default:
		if (key < ' ' || key >= SCREEN_NONE || t->ntyped + 1 >= ARRAY_SIZE(t->typed))
			break;
		t->typed[t->ntyped++] = (wchar_t)key;
		typed(t);
	}
}

static bool view_key(struct top *t, struct times *times, int key)
{
	static const struct {
		int key;
		enum by by;
	} views[] = {
		{ 's', BY_SYSCALL }, { 'p', BY_PROCESS }, { 'c', BY_CGROUP }, { 'a', BY_CATEGORY },
		{ 't', BY_THREAD }, { 'n', BY_COMMAND },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(views); i++) {
		if (views[i].key == key) {
			set_view(t, times, views[i].by);
			return true;
		}
	}
	return false;
}

static void escape(struct top *t)
{
	if (t->filter || !t->focused) {
		set_filter(t, NULL);
		return;
	}
	t->filter = t->groups_filter;
	t->groups_filter = NULL;
	leave_focus(t);
}

static void plain_key(struct top *t, struct times *times, int key)
{
	if (view_key(t, times, key))
		return;
	switch (key) {
	case SCREEN_UP ... SCREEN_END:
		move_cursor(t, key);
		break;
	case SCREEN_ENTER:
		enter(t);
		break;
	case SCREEN_ESCAPE:
	case SCREEN_ERASE:
		escape(t);
		break;
	case 'o':
	case 'O':
		sort_next(t, key == 'O');
		break;
	case 'r':
		top_order(t)->ascending = !top_order(t)->ascending;
		break;
	case '/':
		ask(t, PROMPT_FILTER);
		set_filter(t, NULL);
		break;
	case 'w':
		ask(t, PROMPT_FILE);
		break;
	case ' ':
		set_paused(t, !t->paused);
		break;
	case '?':
	case 'h':
		t->help = true;
		t->help_scroll = 0;
		break;
	case 'q':
		t->quit = true;
		break;
	}
}

/* How far it goes is known when it is drawn. */
static void help_key(struct top *t, int key)
{
	switch (key) {
	case SCREEN_UP:
		t->help_scroll -= t->help_scroll ? 1 : 0;
		break;
	case SCREEN_DOWN:
		t->help_scroll++;
		break;
	default:
		t->help = false;
	}
}

static void take_keys(struct top *t, struct times *times)
{
	int key;

	while (!t->quit && (key = screen_key()) != SCREEN_NONE) {
		if (key == SCREEN_REDRAW)
			continue;
		free(t->message);
		t->message = NULL;
		if (t->help)
			help_key(t, key);
		else if (t->prompt != PROMPT_NONE)
			prompt_key(t, key);
		else
			plain_key(t, times, key);
		/* The next key may be about the rows. */
		top_arrange(t);
	}
}

/* Keys, the screen's signals, then what tells that the target ended. */
static void wait_for_something(struct top *t, struct times *times)
{
	nfds_t ntarget;
	struct pollfd *target = live_fds(t->live, &ntarget);
	struct pollfd *fds = xcalloc(2 + ntarget, sizeof(*fds));

	fds[0] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = screen_fd(), .events = POLLIN };
	if (ntarget)
		memcpy(&fds[2], target, ntarget * sizeof(*fds));
	if (interval_poll(min_u64(times->next, times->end), fds, 2 + ntarget)) {
		if (ntarget)
			memcpy(target, &fds[2], ntarget * sizeof(*fds));
		live_ended(t->live);
		if (fds[1].revents)
			screen_fd_ready();
		if (fds[0].revents & POLLIN)
			take_keys(t, times);
		/* Nobody is there any more. */
		if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			t->quit = true;
	}
	free(fds);
}

/* True: it was the last one. */
static bool read_if_due(struct top *t, struct times *times)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (now < times->next && now < times->end)
		return false;
	live_read(t->live);
	t->read_at = clock_ns(CLOCK_REALTIME);
	if (!t->paused)
		t->shown_at = t->read_at;
	/* Not those that were missed while the terminal was stopped. */
	while (times->next <= now)
		times->next += t->o->interval_ns;
	return now >= times->end;
}

static void loop(struct top *t, struct times *times)
{
	bool last;

	/* Also of the shortest time there is a reading. */
	do {
		top_arrange(t);
		top_draw(t);
		wait_for_something(t, times);
		last = t->quit || interval_interrupted();
		last = read_if_due(t, times) || last;
	} while (!last);
	t->help = false;
	t->prompt = PROMPT_NONE;
	top_arrange(t);
	top_draw(t);
}

static enum by first_view(const struct options *o)
{
	return o->by == BY_DEFAULT ? BY_SYSCALL : o->by;
}

static void check_options(struct options *o)
{
	attach_check(o);
	if (o->nargs && o->interval_ns)
		usage_error(o->command, "SECONDS and --interval exclude each other");
	if (o->nargs)
		o->interval_ns = parse_seconds(o, "SECONDS", o->args[0]);
	if (!o->interval_ns)
		o->interval_ns = INTERVAL_NS;
	lines_check(o);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		usage_error(o->command, "standard %s is not a terminal; for a file or a program: "
			    "%s", isatty(STDIN_FILENO) ? "output" : "input", o->command->prints);
}

static void set_orders(struct top *t)
{
	enum by by;

	for (by = BY_DEFAULT; by < BY_COUNT; by++)
		t->orders[by].top = t->o->top;
	t->orders[t->view].sort = xstrdup(t->o->sort);
	t->orders[t->view].ascending = t->o->ascending;
}

static void free_top(struct top *t)
{
	enum by by;

	top_forget(t);
	leave_focus(t);
	set_filter(t, NULL);
	for (by = BY_DEFAULT; by < BY_COUNT; by++)
		free(t->orders[by].sort);
	free(t->message);
	live_close(t->live);
}

int cmd_top(struct options *o)
{
	struct top t = { .o = o, .view = first_view(o), .first_view = first_view(o) };
	struct times times = { .end = UINT64_MAX };
	bool anew;
	int error;

	check_options(o);
	t.live = live_open(o);
	set_orders(&t);
	interval_begin();
	error = live_look(t.live, t.view, &anew);
	if (error)
		device_watch_failed(error, "watch");
	t.read_at = clock_ns(CLOCK_REALTIME);
	t.shown_at = t.read_at;
	schedule_first(&t, &times);
	if (o->duration_ns)
		times.end = clock_ns(CLOCK_MONOTONIC) + o->duration_ns;
	screen_open(color_wanted(o, true));
	loop(&t, &times);
	screen_close(top_frame_lines(&t));
	free_top(&t);
	return output_close(output_stdout());
}
