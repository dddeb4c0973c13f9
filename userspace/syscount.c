// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount: counts of system calls, by call and by category. */
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "program.h"
#include "syscount.h"
#include "util.h"

#define BYS_WATCH	(BIT(BY_SYSCALL) | BIT(BY_CATEGORY) | BIT(BY_PROCESS) | \
			 BIT(BY_THREAD) | BIT(BY_CGROUP) | BIT(BY_COMMAND))

const struct command commands[] = {
	{
		.name = "show",
		.args = "",
		.summary = "show the counts: categories, then calls, busiest first",
		.options = OPTS_SELECT | OPTS_TABLE | OPTS_OUTPUT | OPT_INPUT | OPT_INTERVAL |
			   OPT_DURATION | OPT_TIMESTAMP | OPT_BY | OPT_GROUPS | OPTS_ERRORS |
			   OPT_COMMON,
		.by = BYS_WATCH | BIT(BY_CPU),
		.strace = true,
		.run = cmd_show,
		.help_columns = lines_help,
	}, {
		.name = "run",
		.args = "[--] CMD [ARG]...",
		.summary = "run CMD and show the calls it made, on standard error",
		.details = "Counts the calls of CMD, its threads and its children, until CMD\n"
			   "ends, then ends as CMD did. Needs no right.",
		.options = OPTS_SELECT | OPTS_TABLE | OPTS_OUTPUT | OPTS_WATCH | OPTS_ERRORS |
			   OPT_BY | OPT_GROUPS | OPT_COMMON,
		.by = BYS_WATCH,
		.strace = true,
		.words = true,
		.on_stderr = true,
		.failure = EXIT_OURSELVES,
		.min_args = 1,
		.max_args = INT_MAX,
		.run = cmd_run,
		.help_columns = lines_help,
	}, {
		.name = "attach",
		.target = "{-p PID[,PID]...|-g PATH|-a}",
		.args = "",
		.summary = "show the calls of processes, of a cgroup, or of everybody",
		.details = "One of -p, -g and -a says whose. Until Ctrl-C, the end of the target,\n"
			   "or --duration. Needs CAP_PERFMON or CAP_SYS_ADMIN.",
		.options = OPTS_SELECT | OPTS_TABLE | OPTS_OUTPUT | OPTS_WATCH | OPTS_ERRORS |
			   OPTS_TARGET | OPT_BY | OPT_GROUPS | OPT_INTERVAL | OPT_DURATION |
			   OPT_TIMESTAMP | OPT_COMMON,
		.by = BYS_WATCH,
		.strace = true,
		.run = cmd_attach,
		.help_columns = lines_help,
	}, {
		.name = "top",
		.args = "[SECONDS]",
		.summary = "a live screen: calls, processes, containers, categories",
		.details = "SECONDS is the interval, 2 unless given. The key ? tells the others.\n"
			   "Calls and categories cost nothing more. The other views need\n"
			   "CAP_PERFMON, as -p, -g, -a and what only watches know do.",
		.prints = "syscount show -d SECONDS [--json]",
		.options = OPTS_SELECT | OPT_SORT | OPT_TOP | OPT_COLUMNS | OPTS_WATCH |
			   OPTS_ERRORS | OPTS_TARGET | OPT_BY | OPT_INTERVAL | OPT_DURATION |
			   OPT_TIMESTAMP | OPT_COMMON,
		.by = BYS_WATCH,
		.max_args = 1,
		.run = cmd_top,
		.help_columns = lines_help,
	}, {
		.name = "stat",
		.args = "[SECONDS [COUNT]]",
		.summary = "a line of calls per second of each category, again and again",
		.details = "SECONDS is the interval, 1 unless given; COUNT is how many lines.\n"
			   "The first line comes when the first interval is over.",
		.options = OPTS_SELECT | OPT_COLUMNS | OPT_NOHEADINGS | OPTS_OUTPUT | OPT_INPUT |
			   OPT_INTERVAL | OPT_DURATION | OPT_TIMESTAMP | OPT_COMMON,
		.max_args = 2,
		.run = cmd_stat,
		.help_columns = stat_help_columns,
	}, {
		.name = "diff",
		.args = "A.json [B.json]",
		.summary = "what changed between two snapshots, or since one",
		.details = "Snapshots are what --json prints; - is standard input.",
		.options = OPTS_SELECT | OPTS_TABLE | OPTS_OUTPUT | OPT_RATE | OPT_CALLS |
			   OPT_COMMON,
		.min_args = 1,
		.max_args = 2,
		.run = cmd_diff,
		.help_columns = diff_help_columns,
	}, {
		.name = "enable",
		.args = "NAME...",
		.summary = "count categories, unknown, all, or calls",
		.details = "A call is counted when its category and the call itself are enabled.\n"
			   "NAME: a category, unknown, all (of these), or calls: name, glob or\n"
			   "number, @64, @i386, @x32 or @32 for one table.",
		.options = OPT_COMMON,
		.min_args = 1,
		.max_args = INT_MAX,
		.run = cmd_switch,
	}, {
		.name = "disable",
		.args = "NAME...",
		.summary = "do not count categories, unknown, all, or calls",
		.details = "Takes the same names as 'syscount enable'.",
		.options = OPT_COMMON,
		.min_args = 1,
		.max_args = INT_MAX,
		.run = cmd_switch,
	}, {
		.name = "reset",
		.args = "",
		.summary = "set all counters to zero, for everybody",
		.details = "To measure an interval without a reset: 'syscount show --duration' or\n"
			   "'syscount diff'.",
		.options = OPT_COMMON,
		.run = cmd_reset,
	}, {
		.name = "list",
		.args = "",
		.summary = "the table of calls: abi, number, name, category, entry point",
		.options = OPTS_SELECT | OPTS_TABLE | OPTS_OUTPUT | OPT_INPUT | OPT_COMMON,
		.run = cmd_list,
		.help_columns = list_help_columns,
	}, {
		.name = "info",
		.args = "",
		.summary = "versions, hook, abis, since when, and who has the device open",
		.options = OPT_NOHEADINGS | OPTS_OUTPUT | OPT_INPUT | OPT_COMMON,
		.run = cmd_info,
	}, {
		.name = "cost",
		.args = "",
		.summary = "what counting costs on this machine, at its present rate of calls",
		.details = "Times a cheap call, counted and not, then sees how many calls there\n"
			   "are in a second, or in --duration. No count is lost by that, and\n"
			   "its own calls are among the others.",
		.options = OPT_NOHEADINGS | OPTS_OUTPUT | OPT_DURATION | OPT_COMMON,
		.run = cmd_cost,
	},
};

const size_t ncommands = ARRAY_SIZE(commands);

static __noreturn void no_command(const char *word)
{
	struct suggestion s = { .word = word };
	char *all = NULL;
	int error;
	size_t i;

	for (i = 0; i < ncommands; i++) {
		suggestion_try(&s, commands[i].name);
		all = list_add(all, " ", commands[i].name);
	}
	if (s.best)
		usage_error(NULL, "no command '%s'%s", word, suggestion_text(&s));
	if (*word && program_find(word, &error))
		usage_error(NULL, "no command '%s'; did you mean: syscount run -- %s", word, word);
	usage_error(NULL, "no command '%s'; there are: %s", word, all);
}

static const struct command *find_command(const char *word)
{
	const struct command *command = command_named(word);

	if (!command)
		no_command(word);
	return command;
}

/*
 * The next file that is opened would take the place of a standard one that is closed,
 * and get its output. What takes it instead is open the other way round: EBADF. For a
 * program that is run it is closed as it was.
 */
static void hold_standard_files(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", (fd ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
	}
}

static bool asks_help(const char *word)
{
	return !strcmp(word, "-h") || !strcmp(word, "--help") || !strcmp(word, "help");
}

int main(int argc, char **argv)
{
	const struct command *command = &commands[0];
	struct options o;
	int status;

	hold_standard_files();
	/* Not LC_NUMERIC: programs read these numbers. */
	setlocale(LC_CTYPE, "");
	if (argc == 2 && asks_help(argv[1])) {
		struct output *out = output_stdout();

		help_all(out->f);
		return output_close(out);
	}
	/* "help run" and "--help run" are "run --help"; "--help -J" is "show --help". */
	if (argc == 3 && asks_help(argv[1]) && (argv[1][0] != '-' || argv[2][0] != '-')) {
		find_command(argv[2]);
		argv[1] = argv[2];
		argv[2] = (char *)"--help";
	}
	if (argc > 1 && argv[1][0] != '-') {
		command = find_command(argv[1]);
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	if (command->failure)
		failure_status = command->failure;
	options_parse(&o, command, argc, argv);
	status = command->run(&o);
	options_free(&o);
	return status;
}
