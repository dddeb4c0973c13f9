/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What syscount top is showing. */
#ifndef _SYSCOUNT_TOP_H
#define _SYSCOUNT_TOP_H

#include "live.h"
#include "top_lines.h"

#define TOP_COLUMNS_MAX	64	/* more than there are */

/* What the last line asks for. */
enum prompt {
	PROMPT_NONE,
	PROMPT_FILTER,
	PROMPT_FILE,
};

struct top {
	const struct options *o;
	struct live *live;
	enum by view, first_view;
	struct options orders[BY_COUNT];	/* --sort and --top of each view */
	struct group focus;			/* whose calls alone, if @focused */
	char *groups_filter;			/* the filter where that was chosen */
	bool focused, paused, help, quit;
	size_t help_scroll;
	char *filter;				/* NULL: none */
	enum prompt prompt;
	wchar_t typed[256];
	size_t ntyped;
	char *message;				/* until the next key */
	uint64_t read_at;			/* CLOCK_REALTIME */
	uint64_t shown_at;			/* the same, of what is shown */

	/* What is on the screen: rows of @lines. */
	struct line *lines;
	struct table table;
	size_t nlines;
	size_t cursor, scroll;
	char *cursor_on;			/* the row's identity, NULL: whichever is first */
	size_t widths[TOP_COLUMNS_MAX];		/* of the columns; they do not shrink */
};

/* Fills in what is on the screen. */
void top_arrange(struct top *t);
/* The order of the present view. */
struct options *top_order(struct top *t);
const char *top_sort_column(struct top *t);
void top_forget(struct top *t);
/* Rows of the table that there is room for. */
size_t top_room(void);
/* Lines of the frame that are worth to stay. */
size_t top_frame_lines(const struct top *t);
void top_draw(struct top *t);
const char *top_word(enum by view);

#endif
