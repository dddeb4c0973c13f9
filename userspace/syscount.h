/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command line says, and the commands that it can name. */
#ifndef _SYSCOUNT_SYSCOUNT_H
#define _SYSCOUNT_SYSCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "filter.h"

/* One bit per option: what a command takes, and what was given. */
#define OPT_CATEGORY	BIT(0)
#define OPT_SYSCALL	BIT(1)
#define OPT_SORT	BIT(2)
#define OPT_TOP		BIT(3)
#define OPT_COLUMNS	BIT(4)
#define OPT_NOHEADINGS	BIT(5)
#define OPT_OUTPUT	BIT(6)
#define OPT_INPUT	BIT(7)
#define OPT_FORMAT	BIT(8)
#define OPT_INTERVAL	BIT(9)
#define OPT_DURATION	BIT(10)
#define OPT_TIMESTAMP	BIT(11)
#define OPT_BY		BIT(12)
#define OPT_MAP		BIT(13)
#define OPT_RATE	BIT(14)
#define OPT_CALLS	BIT(15)
#define OPT_COMMON	BIT(16)	/* --color, --help, --version */
#define OPT_FOLLOW	BIT(17)
#define OPT_ERRORS	BIT(18)
#define OPT_ERRNO	BIT(19)
#define OPT_FAILED	BIT(20)
#define OPT_LATENCY	BIT(21)
#define OPT_OBJECTS	BIT(22)
#define OPT_PID		BIT(23)
#define OPT_CGROUP	BIT(24)
#define OPT_ALL		BIT(25)
#define OPT_GROUPS	BIT(26)

/* What a table of rows takes. */
#define OPTS_TABLE	(OPT_SORT | OPT_TOP | OPT_COLUMNS | OPT_NOHEADINGS)
#define OPTS_OUTPUT	(OPT_OUTPUT | OPT_FORMAT)
#define OPTS_SELECT	(OPT_CATEGORY | OPT_SYSCALL | OPT_MAP)
/* What a watch is asked for; and how its errors are shown. */
#define OPTS_WATCH	(OPT_FOLLOW | OPT_ERRORS | OPT_LATENCY | OPT_OBJECTS)
#define OPTS_ERRORS	(OPT_ERRNO | OPT_FAILED)
#define OPTS_TARGET	(OPT_PID | OPT_CGROUP | OPT_ALL)

enum format {
	FORMAT_TABLE,
	FORMAT_RAW,
	FORMAT_CSV,
	FORMAT_JSON,
	FORMAT_STRACE,
	FORMAT_COUNT
};

/* Who is watched with a target: its threads and children, its threads, it alone. */
enum follow {
	FOLLOW_ALL,
	FOLLOW_THREADS,
	FOLLOW_NONE,
	FOLLOW_COUNT
};

enum when {
	WHEN_AUTO,
	WHEN_ALWAYS,
	WHEN_NEVER,
	WHEN_COUNT
};

struct command;

struct options {
	const struct command *command;
	unsigned int given;
	struct filter filter;
	char *sort;
	bool ascending;
	uint64_t top;			/* 0: all */
	const char *columns;
	const char *output;
	const char *input;
	const char *map;
	enum format format;
	uint64_t interval_ns;		/* 0: not given */
	uint64_t duration_ns;		/* 0: not given */
	enum by by;
	enum follow follow;
	const char *pids;
	const char *cgroup;
	enum when color;
	int nargs;
	char **args;
};

struct column;

struct command {
	const char *name;
	const char *target;		/* for the usage line: what must be given, or NULL */
	const char *args;		/* the same, behind the options */
	const char *summary;
	const char *details;		/* more lines for --help, or NULL */
	const char *prints;		/* which one does, if this one does not; or NULL */
	unsigned int options;
	unsigned int by;		/* a bit for each that --by takes */
	bool strace;			/* --format takes it */
	bool words;			/* all behind the first argument is the argument's */
	bool on_stderr;			/* output, unless there is -o */
	int failure;			/* exit status, for wrong use too; 0: 1 and EXIT_USAGE */
	int min_args, max_args;
	int (*run)(struct options *o);
	/* NULL: it has no table of columns */
	void (*help_columns)(FILE *f, const struct command *command);
};

extern const struct command commands[];
extern const size_t ncommands;

/* Does not return when the command line is wrong or asks for --help or --version. */
void options_parse(struct options *o, const struct command *command, int argc, char **argv);
void options_free(struct options *o);
/* NULL: there is none of that name. */
const struct command *command_named(const char *name);
void help_all(FILE *f);
uint64_t parse_seconds(const struct options *o, const char *what, const char *text);
uint64_t parse_count(const struct options *o, const char *what, const char *text);

/* One line, then exit status 2, or that of the command's failures. */
__noreturn __printf(2, 3) void usage_error(const struct command *command, const char *fmt, ...);

int cmd_show(struct options *o);
int cmd_run(struct options *o);
int cmd_attach(struct options *o);
int cmd_top(struct options *o);
int cmd_stat(struct options *o);
int cmd_diff(struct options *o);
int cmd_switch(struct options *o);
int cmd_reset(struct options *o);
int cmd_list(struct options *o);
int cmd_info(struct options *o);
int cmd_cost(struct options *o);

void diff_help_columns(FILE *f, const struct command *command);
void list_help_columns(FILE *f, const struct command *command);
void stat_help_columns(FILE *f, const struct command *command);

#endif
