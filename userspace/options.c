// SPDX-License-Identifier: GPL-2.0-or-later
/* The one table of options: a letter means one thing in all commands. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../module/version.h"
#include "output.h"
#include "syscount.h"
#include "util.h"

enum {
	LETTER_CSV = 256,
	LETTER_FORMAT,
	LETTER_BY,
	LETTER_MAP,
	LETTER_RATE,
	LETTER_CALLS,
	LETTER_COLOR,
	LETTER_FOLLOW,
	LETTER_ERRORS,
	LETTER_ERRNO,
	LETTER_OBJECTS,
	LETTER_GROUPS,
};

struct option_line {
	unsigned int bit;
	int letter;
	const char *name;	/* NULL: it has a letter only */
	const char *arg;	/* NULL: none; "[=...": may be left out */
	const char *help;	/* NULL: the words that the command takes */
};

static const struct option_line lines[] = {
	{ OPT_PID, 'p', "pid", "LIST", "of these processes, with commas between" },
	{ OPT_CGROUP, 'g', "cgroup", "PATH", "of all in this cgroup and below" },
	{ OPT_ALL, 'a', "all", NULL, "of everybody" },
	{ OPT_FOLLOW, LETTER_FOLLOW, "follow", "WHOM",
	  "count its children and threads too: all, threads, none" },
	{ OPT_FOLLOW, 'f', NULL, NULL, "the same as --follow all, which is the default" },
	{ OPT_CATEGORY, 'c', "category", "LIST", "rows of these categories; !NAME leaves one out" },
	{ OPT_SYSCALL, 'e', "syscall", "LIST", "rows of these calls: name, glob, number, @ABI, !" },
	{ OPT_SORT, 's', "sort", "KEY", "by this column, highest first; KEY:asc for lowest" },
	{ OPT_TOP, 'T', "top", "N", "the first N rows only" },
	{ OPT_COLUMNS, 'U', "columns", "LIST", "these columns; +LIST adds to the usual ones" },
	{ OPT_NOHEADINGS, 'n', "noheadings", NULL, "no headings" },
	{ OPT_OUTPUT, 'o', "output", "FILE", "to FILE; - is standard output" },
	{ OPT_INPUT, 'i', "input", "FILE", "from a saved snapshot instead of the module" },
	{ OPT_FORMAT, 'J', "json", NULL, "JSON" },
	{ OPT_FORMAT, 'r', "raw", NULL, "raw lines, a blank between columns" },
	{ OPT_FORMAT, LETTER_CSV, "csv", NULL, "CSV (RFC 4180)" },
	{ OPT_FORMAT, LETTER_FORMAT, "format", "NAME", NULL },
	{ OPT_INTERVAL, 'I', "interval", "SEC", "of every SEC seconds, again and again" },
	{ OPT_DURATION, 'd', "duration", "SEC", "of the next SEC seconds, then end" },
	{ OPT_TIMESTAMP, 't', "timestamp", NULL, "say when (UTC)" },
	{ OPT_BY, LETTER_BY, "by", "WHAT", NULL },
	{ OPT_GROUPS, LETTER_GROUPS, "groups", NULL, "with --by: who, without the calls of each" },
	{ OPT_ERRORS, LETTER_ERRORS, "errors", NULL, "how many calls failed" },
	{ OPT_ERRNO, LETTER_ERRNO, "errno", NULL, "a row for each error number of a call" },
	{ OPT_FAILED, 'x', "failed", NULL, "only what failed" },
	{ OPT_LATENCY, 'L', "latency", NULL, "how long calls take" },
	{ OPT_OBJECTS, LETTER_OBJECTS, "objects", NULL, "rows by what the file descriptor is" },
	{ OPT_MAP, LETTER_MAP, "map", "FILE", "other categories, as in categories.txt" },
	{ OPT_RATE, LETTER_RATE, "rate", NULL, "calls per second of each" },
	{ OPT_CALLS, LETTER_CALLS, "calls", NULL, "calls of each, and their difference" },
	{ OPT_COMMON, LETTER_COLOR, "color", "[=WHEN]", "auto, always or never" },
	{ OPT_COMMON, 'h', "help", NULL, "this text" },
	{ OPT_COMMON, 'V', "version", NULL, "the version" },
};

static const char *const format_words[FORMAT_COUNT] = { "table", "raw", "csv", "json", "strace" };
static const char *const follow_words[FOLLOW_COUNT] = { "all", "threads", "none" };
static const char *const when_words[WHEN_COUNT] = { "auto", "always", "never" };

void usage_error(const struct command *command, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	if (command)
		fprintf(stderr, "%s: ", command->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(command && command->failure ? command->failure : EXIT_USAGE);
}

const struct command *command_named(const char *name)
{
	size_t i;

	for (i = 0; i < ncommands; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static unsigned int formats(const struct command *command)
{
	unsigned int all = BIT(FORMAT_COUNT) - 1;

	return command->strace ? all : all & ~BIT(FORMAT_STRACE);
}

/* "a, b, c", of those that have a bit. */
static char *word_list(const char *const *words, int n, unsigned int bits)
{
	char *all = NULL;
	int i;

	for (i = 0; i < n; i++) {
		if (bits & BIT(i) && *words[i])
			all = list_add(all, ", ", words[i]);
	}
	return all;
}

static void help_option(FILE *f, const struct command *command, const struct option_line *line)
{
	char left[40], letter[8] = "    ", *words = NULL;

	if (command && line->letter == LETTER_FORMAT)
		words = word_list(format_words, FORMAT_COUNT, formats(command));
	else if (command && line->letter == LETTER_BY)
		words = word_list(by_words, BY_COUNT, command->by);
	if (line->letter < 256)
		snprintf(letter, sizeof(letter), "-%c%c ", line->letter, line->name ? ',' : ' ');
	snprintf(left, sizeof(left), "%s%s%s%s%s", letter, line->name ? "--" : "",
		 line->name ? line->name : "", line->arg && *line->arg != '[' ? " " : "",
		 line->arg ? line->arg : "");
	fprintf(f, "  %-24s  %s\n", left, words ? words : line->help);
	free(words);
}

static __noreturn void help_command(const struct command *command)
{
	struct output *out = output_stdout();
	size_t i;

	fprintf(out->f, "\nUsage:\n  syscount %s%s%s%s%s%s\n\n%c%s.\n", command->name,
		command->target ? " " : "", command->target ? command->target : "",
		command->options & ~OPT_COMMON ? " [options]" : "", *command->args ? " " : "",
		command->args, toupper((unsigned char)*command->summary), command->summary + 1);
	if (command->details)
		fprintf(out->f, "\n%s\n", command->details);
	fputs("\nOptions:\n", out->f);
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		if (lines[i].bit & command->options)
			help_option(out->f, command, &lines[i]);
	}
	if (command->help_columns)
		command->help_columns(out->f, command);
	fputs("\nFor more details see syscount(1).\n", out->f);
	exit(output_close(out));
}

void help_all(FILE *f)
{
	size_t i;

	fputs("\nUsage:\n  syscount [show] [options]\n  syscount COMMAND [options] [arguments]\n\n"
	      "Counts of system calls, by call and by category.\n\nCommands:\n", f);
	for (i = 0; i < ncommands; i++)
		fprintf(f, "  %-8s  %s\n", commands[i].name, commands[i].summary);
	fputs("\nOptions:\n", f);
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		if (lines[i].bit == OPT_COMMON)
			help_option(f, NULL, &lines[i]);
	}
	fputs("\nFor the options of a command: syscount COMMAND --help\n"
	      "For more details see syscount(1).\n", f);
}

static int word_index(const char *const *words, int n, const char *word)
{
	int i;

	for (i = 0; i < n; i++) {
		if (*words[i] && !strcmp(words[i], word))
			return i;
	}
	return -1;
}

static int parse_word(const struct options *o, const char *option, const char *const *words, int n,
		      unsigned int bits, const char *word)
{
	int i = word_index(words, n, word);

	if (i >= 0 && bits & BIT(i))
		return i;
	usage_error(o->command, "--%s: '%s' is not one of: %s", option, word,
		    word_list(words, n, bits));
}

/* Decimals, but none of the other things that strtod() takes. */
uint64_t parse_seconds(const struct options *o, const char *what, const char *text)
{
	double seconds;

	if (text[strspn(text, "0123456789.")] || !isdigit((unsigned char)text[strspn(text, ".")]) ||
	    strchr(text, '.') != strrchr(text, '.'))
		usage_error(o->command, "%s: '%s' is not a number of seconds", what, text);
	seconds = strtod(text, NULL);
	if (seconds < 0.001 || seconds > 1e9)
		usage_error(o->command, "%s: '%s' is not from 0.001 to 1000000000 seconds",
			    what, text);
	return (uint64_t)(seconds * NSEC_PER_SEC + 0.5);
}

uint64_t parse_count(const struct options *o, const char *what, const char *text)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || !n)
		usage_error(o->command, "%s: '%s' is not a whole number from 1", what, text);
	return n;
}

static void parse_sort(struct options *o, const char *text)
{
	char *colon;

	free(o->sort);
	o->sort = xstrdup(text);
	o->ascending = false;
	colon = strchr(o->sort, ':');
	if (!colon)
		return;
	*colon++ = '\0';
	o->ascending = !strcmp(colon, "asc");
	if (!o->ascending && strcmp(colon, "desc") != 0)
		usage_error(o->command, "--sort: '%s' is not asc or desc", colon);
}

/* Most of them are options of their own, too. */
static const char *format_option(enum format format)
{
	return format == FORMAT_TABLE || format == FORMAT_STRACE ? "format " : "";
}

static void set_format(struct options *o, enum format format)
{
	if (o->given & OPT_FORMAT && o->format != format)
		usage_error(o->command, "--%s%s and --%s%s exclude each other",
			    format_option(o->format), format_words[o->format],
			    format_option(format), format_words[format]);
	o->format = format;
}

static __noreturn void print_version(void)
{
	struct output *out = output_stdout();

	fprintf(out->f, "syscount %s\n", SYSCOUNT_VERSION);
	exit(output_close(out));
}

static void parse_list(struct options *o, const char *list, bool category)
{
	if (!category && list[strcspn(list, "=%")])
		usage_error(o->command, "--syscall: '%s' is written for strace: -e takes names of "
			    "calls alone (-e open,openat); categories are -c", list);
	if (!filter_add(&o->filter, list, category))
		usage_error(o->command, "--%s: '%s' has an empty name",
			    category ? "category" : "syscall", list);
}

static void parse_common(struct options *o, int letter, const char *arg)
{
	switch (letter) {
	case 'f':
		o->follow = FOLLOW_ALL;
		break;
	case LETTER_FOLLOW:
		o->follow = parse_word(o, "follow", follow_words, FOLLOW_COUNT, ~0U, arg);
		break;
	case LETTER_COLOR:
		o->color = arg ? parse_word(o, "color", when_words, WHEN_COUNT,
					     ~0U, arg) : WHEN_AUTO;
		break;
	case 'h':
		help_command(o->command);
	case 'V':
		print_version();
	}
}

static void parse_option(struct options *o, int letter, const char *arg)
{
	switch (letter) {
	case 'c':
	case 'e':
		parse_list(o, arg, letter == 'c');
		break;
	case 's':
		parse_sort(o, arg);
		break;
	case 'T':
		o->top = parse_count(o, "--top", arg);
		break;
	case 'U':
		o->columns = arg;
		break;
	case 'o':
		o->output = arg;
		break;
	case 'i':
		o->input = arg;
		break;
	case 'p':
		o->pids = arg;
		break;
	case 'g':
		o->cgroup = arg;
		break;
	case 'J':
		set_format(o, FORMAT_JSON);
		break;
	case 'r':
		set_format(o, FORMAT_RAW);
		break;
	case LETTER_CSV:
		set_format(o, FORMAT_CSV);
		break;
	case LETTER_FORMAT:
		set_format(o, parse_word(o, "format", format_words, FORMAT_COUNT,
					 formats(o->command), arg));
		break;
	case 'I':
		o->interval_ns = parse_seconds(o, "--interval", arg);
		break;
	case 'd':
		o->duration_ns = parse_seconds(o, "--duration", arg);
		break;
	case LETTER_BY:
		o->by = parse_word(o, "by", by_words, BY_COUNT, o->command->by, arg);
		break;
	case LETTER_MAP:
		o->map = arg;
		break;
	default:
		parse_common(o, letter, arg);
	}
}

static const struct option_line *line_of(int letter)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		if (lines[i].letter == letter)
			return &lines[i];
	}
	return NULL;
}

/* Why it is not, where that is not plain. */
static const struct {
	const char *command;
	unsigned int bit;
	const char *text;
} hints[] = {
	{ "run", OPT_DURATION,
	  "run counts until CMD ends; to end it before: syscount run -- timeout SEC CMD" },
	{ "run", OPT_INTERVAL,
	  "run shows the calls when CMD has ended; before: syscount attach -p PID -I SEC" },
	{ "attach", OPT_INPUT,
	  "a saved snapshot is shown by: syscount show -i FILE; an interval is -I SEC" },
};

static __noreturn void not_here(const struct options *o, const struct option_line *line)
{
	char *all = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hints); i++) {
		if (hints[i].bit == line->bit && !strcmp(hints[i].command, o->command->name))
			usage_error(o->command, "no option --%s: %s", line->name, hints[i].text);
	}
	for (i = 0; i < ncommands; i++) {
		if (commands[i].options & line->bit)
			all = list_add(all, " ", commands[i].name);
	}
	if (line->bit & OPTS_OUTPUT && o->command->prints)
		usage_error(o->command, "option --%s does not belong here; for a file or a "
			    "program: %s", line->name, o->command->prints);
	if (!line->name)
		usage_error(o->command, "option -%c does not belong here; it is for: %s",
			    line->letter, all);
	usage_error(o->command, "option --%s does not belong here; it is for: %s", line->name, all);
}

static __noreturn void bad_option(const struct options *o, int code, char **argv)
{
	const char *arg = argv[optind - 1];

	if (code == ':')
		usage_error(o->command, "option '%s' needs an argument", arg);
	if (optopt == 'S' && o->command->options & OPT_SORT)
		usage_error(o->command, "no option '-S', as strace has it: -s KEY sorts");
	if (optopt && optopt < 256 && !line_of(optopt))
		usage_error(o->command, "no option '-%c'; see syscount %s --help", optopt,
			    o->command->name);
	if (optopt)
		usage_error(o->command, "option '%s' takes no argument", arg);
	usage_error(o->command, "no option '%s'; see syscount %s --help", arg, o->command->name);
}

/* getopt's two forms of the table. */
static void getopt_tables(const struct command *command, char *letters, struct option *names)
{
	size_t i;

	if (command->words)
		*letters++ = '+';
	*letters++ = ':';
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		const struct option_line *line = &lines[i];

		if (line->name) {
			names->name = line->name;
			names->val = line->letter;
			if (line->arg)
				names->has_arg = *line->arg == '[' ? optional_argument :
								     required_argument;
			names++;
		}
		if (line->letter >= 256)
			continue;
		*letters++ = (char)line->letter;
		if (line->arg)
			*letters++ = ':';
	}
}

/* That table is strace's, and has no room for more. */
static void check_strace(const struct options *o)
{
	const unsigned int wrong = OPT_COLUMNS | OPT_BY | OPT_ERRNO | OPT_OBJECTS;
	size_t i;

	for (i = 0; o->format == FORMAT_STRACE && i < ARRAY_SIZE(lines); i++) {
		if (lines[i].bit & wrong & o->given)
			usage_error(o->command, "--%s does not go with --format strace",
				    lines[i].name);
	}
}

static __noreturn void extra_argument(const struct options *o, const char *word)
{
	if (o->command->options & OPTS_TARGET && !o->command->max_args && *word &&
	    !word[strspn(word, "0123456789")])
		usage_error(o->command, "one argument too many: '%s'; of a process: -p %s", word,
			    word);
	usage_error(o->command, "one argument too many: '%s'", word);
}

/* JSON is a snapshot: what lays out a table does not apply to it. */
static void check_options(const struct options *o)
{
	unsigned int wrong = o->given & (OPTS_TABLE | OPT_GROUPS);
	const char *errors;
	size_t i;

	if (o->given & OPT_GROUPS && o->by <= BY_CPU)
		usage_error(o->command, "--groups goes with --by process, thread, cgroup or "
			    "command");
	if (o->given & OPT_GROUPS && o->given & OPT_ERRNO)
		usage_error(o->command, "--errno takes the calls, which --groups leaves out");
	for (i = 0; o->format == FORMAT_JSON && i < ARRAY_SIZE(lines); i++) {
		if (lines[i].bit & wrong)
			usage_error(o->command, "--%s does not go with --json", lines[i].name);
	}
	if (o->format == FORMAT_JSON && (o->by == BY_SYSCALL || o->by == BY_CATEGORY))
		usage_error(o->command, "--by %s does not go with --json", by_words[o->by]);
	errors = o->given & OPT_ERRNO ? "errno" : "failed";
	if (o->format == FORMAT_JSON && o->given & OPTS_ERRORS)
		usage_error(o->command, "--%s does not go with --json, which holds all; of what "
			    "it saved: show -i FILE --%s", errors, errors);
	check_strace(o);
	/* How long those took that failed so, nobody has measured. */
	if (o->given & OPT_ERRNO && o->given & OPT_LATENCY)
		usage_error(o->command, "--errno and --latency exclude each other");
	if (o->input && o->given & (OPT_INTERVAL | OPT_DURATION))
		usage_error(o->command, "--%s does not go with --input",
			    o->interval_ns ? "interval" : "duration");
	if (o->given & OPT_RATE && o->given & OPT_CALLS)
		usage_error(o->command, "--rate and --calls exclude each other");
	if (o->nargs > o->command->max_args)
		extra_argument(o, o->args[o->command->max_args]);
	if (o->nargs < o->command->min_args)
		usage_error(o->command, "an argument is missing: %s", o->command->args);
}

/* "-follow" is -f and "-o llow" for getopt, which would be written. */
static void check_dashes(const struct options *o, const char *word)
{
	int length = (int)strcspn(word, "=");
	size_t i;

	if (word[0] != '-' || word[1] == '-')
		return;
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		if (lines[i].name && !strncmp(lines[i].name, word + 1, length - 1) &&
		    !lines[i].name[length - 1])
			usage_error(o->command, "no option '%.*s'; did you mean '-%.*s'?", length,
				    word, length, word);
	}
}

/* "syscount -d 1 cost": without a command it is show's options. Words from @from on. */
static void check_order(const struct options *o, int from, int argc, char **argv)
{
	char *rest = NULL;
	int i, at = from;

	while (at < argc && !command_named(argv[at]))
		at++;
	if (o->command != &commands[0] || at >= argc)
		return;
	for (i = 1; i < argc; i++) {
		if (i != at)
			rest = list_add(rest, " ", argv[i]);
	}
	usage_error(NULL, "the command comes first: syscount %s %s", argv[at], rest);
}

void options_parse(struct options *o, const struct command *command, int argc, char **argv)
{
	struct option names[ARRAY_SIZE(lines) + 1] = { 0 };
	char letters[2 * ARRAY_SIZE(lines) + 3] = "";
	int letter;

	memset(o, 0, sizeof(*o));
	o->command = command;
	getopt_tables(command, letters, names);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct option_line *line = line_of(letter);

		if (letter == '?' || letter == ':')
			bad_option(o, letter, argv);
		/* The argument's own word may be anything. */
		if (optarg && optarg != argv[optind - 1])
			check_dashes(o, argv[optind - 1]);
		if (!(line->bit & command->options)) {
			check_order(o, optind, argc, argv);
			not_here(o, line);
		}
		parse_option(o, letter, optarg);
		o->given |= line->bit;
	}
	o->nargs = argc - optind;
	o->args = argv + optind;
	check_order(o, optind, argc, argv);
	check_options(o);
}

void options_free(struct options *o)
{
	filter_free(&o->filter);
	free(o->sort);
}
