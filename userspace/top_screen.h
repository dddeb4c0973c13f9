/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal as a screen: the only file that knows curses. */
#ifndef _SYSCOUNT_TOP_SCREEN_H
#define _SYSCOUNT_TOP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

/* What has no character; characters are their own keys. */
enum {
	SCREEN_NONE = 0x110000,
	SCREEN_UP,
	SCREEN_DOWN,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_HOME,
	SCREEN_END,
	SCREEN_ENTER,
	SCREEN_ERASE,
	SCREEN_ESCAPE,
	SCREEN_REDRAW,
};

enum style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_CHOSEN,		/* what stands out most */
	STYLE_BAR,
	STYLE_BAD,
	STYLE_WARN,
	STYLE_COUNT
};

/*
 * From here on until it is closed, or the program ends, what is written to standard error
 * is kept for then. Ends the program with one line if the terminal cannot.
 */
void screen_open(bool color);
/* @lines: so many of the frame stay on the terminal. */
void screen_close(size_t lines);
/* The next key, SCREEN_NONE when there is none. */
int screen_key(void);
/* What to wait for besides keys, which tells of a new size or of coming back. */
int screen_fd(void);
void screen_fd_ready(void);
size_t screen_height(void);
size_t screen_width(void);

void screen_begin(void);
void screen_end(void);
/*
 * Text in columns from @x up to, but not including, @end: what does not fit is left out, and
 * what a terminal could take for a command is shown. The column behind it.
 */
size_t screen_text(size_t y, size_t x, size_t end, enum style style, const char *text);
/* The same at the right end. */
void screen_text_right(size_t y, size_t x, size_t end, enum style style, const char *text);
/* All of a line looks like this. */
void screen_style_line(size_t y, enum style style);
void screen_cursor(size_t y, size_t x);
/* How many columns it takes. */
size_t screen_text_width(const char *text);

#endif
