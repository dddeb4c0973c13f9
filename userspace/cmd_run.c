// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount run: a program, and the calls it made. */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lines.h"
#include "program.h"
#include "source.h"
#include "util.h"
#include "watch.h"
#include "watch_output.h"

struct run {
	struct device *device;
	struct syscount_watch watch;
	struct program program;
};

static int arm(void *ctx)
{
	const struct run *run = ctx;

	return device_try_watch(run->device, &run->watch);
}

static __noreturn void cannot_run(const char *name, int error)
{
	if (error == ENOEXEC)
		errx(EXIT_CANNOT, "%s: %s: no program of this machine, and no script that begins "
		     "with #!", name, strerror(error));
	errx(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT, "%s: %s", *name ? name : "''",
	     strerror(error));
}

static void start(struct run *run, struct options *o)
{
	char *path;
	bool armed;
	int error;

	path = program_find(o->args[0], &error);
	if (!path)
		cannot_run(o->args[0], error);
	if (!program_start(&run->program, path, o->args, arm, run, &error, &armed)) {
		if (!armed)
			device_watch_failed(error, "watch");
		cannot_run(o->args[0], error);
	}
	free(path);
}

static void fill_watched(struct watched *w, const struct run *run, const struct options *o)
{
	int status = run->program.status;

	w->target = TARGET_COMMAND;
	w->command = words_copy(o->args);
	w->ended = true;
	if (WIFSIGNALED(status)) {
		w->signal = (unsigned int)WTERMSIG(status);
		w->status = 128 + w->signal;
	} else {
		w->status = (unsigned int)WEXITSTATUS(status);
	}
}

int cmd_run(struct options *o)
{
	struct run run = { 0 };
	struct output *out;
	struct source *src;
	struct snapshot *s;
	const char *file;
	bool failed;

	/* Who looks at one program wants to know, and it alone pays for it. */
	o->given |= OPT_ERRORS;
	lines_check(o);
	out = output_open(o);
	src = source_open(o);
	source_check(src);
	run.device = source_device(src);
	run.watch = watch_of_options(o);
	run.watch.target = SYSCOUNT_TARGET_SELF;
	start(&run, o);
	program_wait(&run.program);
	/* From here on only what prints can fail, and the status is to be the program's. */
	signal(SIGPIPE, SIG_IGN);
	s = device_read_watch(run.device, &run.watch, false);
	fill_watched(&s->watched, &run, o);
	source_choose(src, s);
	watch_print(out, o, s);
	file = out->file;
	failed = output_close(out);
	/* The program does not run again only because a disk was full. */
	if (failed && file) {
		o->output = NULL;
		out = output_open(o);
		watch_print(out, o, s);
		output_close(out);
	}
	snapshot_free(s);
	source_close(src);
	return failed ? failure_status : program_exit(&run.program);
}
