// SPDX-License-Identifier: GPL-2.0-or-later
/* The terminal as a screen: the only file that knows curses. */
#include <curses.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "top_screen.h"
#include "util.h"

/* How long a byte may come behind an escape and still belong to the same key, in ms. */
#define ESCAPE_MS	25

static SCREEN *screen;
static int signals = -1, kept = -1, real_stderr = -1;
static bool colored;
static wchar_t **frame;		/* what stays */
static size_t frame_lines;

static attr_t attributes(enum style style)
{
	static const struct {
		attr_t with, without;
	} styles[STYLE_COUNT] = {
		[STYLE_BOLD]	= { A_BOLD, A_BOLD },
		[STYLE_CHOSEN]	= { A_REVERSE, A_REVERSE },
		[STYLE_BAR]	= { COLOR_PAIR(1), A_NORMAL },
		[STYLE_BAD]	= { COLOR_PAIR(2) | A_BOLD, A_BOLD },
		[STYLE_WARN]	= { COLOR_PAIR(3), A_NORMAL },
	};

	return colored ? styles[style].with : styles[style].without;
}

/* Else it would be written across the screen, and be gone with it. */
static void hold_stderr(void)
{
	kept = memfd_create("stderr", MFD_CLOEXEC);
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (kept < 0 || real_stderr < 0 || dup2(kept, STDERR_FILENO) < 0)
		err(failure_status, "standard error");
}

static void release_stderr(void)
{
	char text[4096];
	ssize_t n;

	dup2(real_stderr, STDERR_FILENO);
	lseek(kept, 0, SEEK_SET);
	while ((n = read(kept, text, sizeof(text))) > 0) {
		if (write(STDERR_FILENO, text, (size_t)n) < 0)
			break;
	}
	close(kept);
	close(real_stderr);
}

static bool can(const char *capability)
{
	const char *sequence = tigetstr(capability);

	return sequence && sequence != (const char *)-1 && *sequence;
}

static void keep_frame(size_t lines)
{
	size_t y, width = screen_width();

	if (lines > screen_height())
		lines = screen_height();
	frame = xcalloc(lines, sizeof(*frame));
	for (y = 0; y < lines; y++) {
		wchar_t *line = xcalloc(width + 1, sizeof(*line));
		size_t n;

		if (mvinnwstr((int)y, 0, line, (int)width) == ERR)
			line[0] = L'\0';
		n = wcslen(line);
		while (n && line[n - 1] == L' ')
			line[--n] = L'\0';
		frame[y] = line;
		if (n)
			frame_lines = y + 1;
	}
	while (lines > frame_lines)
		free(frame[--lines]);
}

static void print_frame(void)
{
	size_t y;

	for (y = 0; y < frame_lines; y++) {
		printf("%ls\n", frame[y]);
		free(frame[y]);
	}
	fflush(stdout);
	free(frame);
}

static void restore(void)
{
	if (!screen)
		return;
	endwin();
	print_frame();
	delscreen(screen);
	screen = NULL;
	release_stderr();
	close(signals);
}

void screen_close(size_t lines)
{
	/* Where the screen is one beside the usual, what stays is printed on the usual. */
	if (can("smcup")) {
		keep_frame(lines);
	} else {
		move((int)lines, 0);
		clrtobot();
		refresh();
	}
	restore();
}

static void start_colors(void)
{
	colored = has_colors() && start_color() == OK;
	if (!colored)
		return;
	use_default_colors();
	init_pair(1, COLOR_GREEN, -1);
	init_pair(2, COLOR_RED, -1);
	init_pair(3, COLOR_YELLOW, -1);
}

/* By a file instead of a handler: then they come between keys and readings. */
static void open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		err(failure_status, "signals");
}

void screen_open(bool color)
{
	const char *term = getenv("TERM");

	if (!term || !*term)
		errx(failure_status, "terminal: TERM does not say which it is; without a screen: "
		     "'syscount show -d SECONDS'");
	open_signals();
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		errx(failure_status, "terminal: '%s' (TERM) is not known; without a screen: "
		     "'syscount show -d SECONDS'", term);
	if (!can("cup") || !can("clear")) {
		endwin();
		errx(failure_status, "terminal: '%s' (TERM) cannot move its cursor; without a "
		     "screen: 'syscount show -d SECONDS'", term);
	}
	hold_stderr();
	atexit(restore);
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	if (color)
		start_colors();
}

static int key_of(wint_t code)
{
	static const struct {
		wint_t code;
		int key;
	} keys[] = {
		{ KEY_UP, SCREEN_UP }, { KEY_DOWN, SCREEN_DOWN },
		{ KEY_PPAGE, SCREEN_PAGE_UP }, { KEY_NPAGE, SCREEN_PAGE_DOWN },
		{ KEY_HOME, SCREEN_HOME }, { KEY_END, SCREEN_END },
		{ KEY_ENTER, SCREEN_ENTER }, { KEY_BACKSPACE, SCREEN_ERASE },
		{ KEY_DC, SCREEN_ERASE },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].code == code)
			return keys[i].key;
	}
	return SCREEN_REDRAW;
}

int screen_key(void)
{
	wint_t c;

	switch (get_wch(&c)) {
	case KEY_CODE_YES:
		return key_of(c);
	case OK:
		break;
	default:
		return SCREEN_NONE;
	}
	if (c == L'\r' || c == L'\n')
		return SCREEN_ENTER;
	if (c == L'\b' || c == 0x7f)
		return SCREEN_ERASE;
	if (c == 0x1b)
		return SCREEN_ESCAPE;
	return c == ('L' & 0x1f) ? SCREEN_REDRAW : (int)c;
}

int screen_fd(void)
{
	return signals;
}

void screen_fd_ready(void)
{
	struct signalfd_siginfo info;
	struct winsize size;

	while (read(signals, &info, sizeof(info)) > 0)
		;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	/* Whatever others wrote meanwhile. */
	clearok(curscr, TRUE);
}

size_t screen_height(void)
{
	return (size_t)LINES;
}

size_t screen_width(void)
{
	return (size_t)COLS;
}

void screen_begin(void)
{
	erase();
	curs_set(0);
}

void screen_end(void)
{
	refresh();
}

/* The next character of @text as it is shown, in @shown; how many bytes it was. */
static size_t next_character(const char *text, mbstate_t *state, wchar_t shown[5])
{
	wchar_t c;
	size_t n = mbrtowc(&c, text, MB_CUR_MAX, state);

	if (n && n < (size_t)-2 && is_plain((wint_t)c) && wcwidth(c) >= 0) {
		shown[0] = c;
		shown[1] = L'\0';
		return n;
	}
	memset(state, 0, sizeof(*state));
	swprintf(shown, 5, L"\\x%02x", (unsigned char)*text);
	return 1;
}

size_t screen_text_width(const char *text)
{
	mbstate_t state = { 0 };
	wchar_t shown[5];
	size_t width = 0;

	while (*text) {
		text += next_character(text, &state, shown);
		width += (size_t)wcswidth(shown, 5);
	}
	return width;
}

size_t screen_text(size_t y, size_t x, size_t end, enum style style, const char *text)
{
	mbstate_t state = { 0 };
	wchar_t shown[5];

	if (end > screen_width())
		end = screen_width();
	if (y >= screen_height())
		return x;
	attrset(attributes(style));
	while (*text) {
		size_t width;

		text += next_character(text, &state, shown);
		width = (size_t)wcswidth(shown, 5);
		if (x + width > end)
			break;
		mvaddwstr((int)y, (int)x, shown);
		x += width;
	}
	attrset(A_NORMAL);
	return x;
}

void screen_text_right(size_t y, size_t x, size_t end, enum style style, const char *text)
{
	size_t width = screen_text_width(text);

	screen_text(y, width < end - x ? end - width : x, end, style, text);
}

void screen_style_line(size_t y, enum style style)
{
	mvchgat((int)y, 0, -1, attributes(style), 0, NULL);
}

void screen_cursor(size_t y, size_t x)
{
	curs_set(1);
	move((int)y, (int)x);
}
