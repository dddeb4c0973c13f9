// SPDX-License-Identifier: GPL-2.0-or-later
/* syscount info: versions, hook, abis, since when, and who has the device open. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../module/version.h"
#include "facts.h"
#include "json.h"
#include "output.h"
#include "source.h"
#include "util.h"

static char *command_of(const char *pid)
{
	char path[64], name[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
	if (fd >= 0)
		close(fd);
	name[n > 0 ? n : 0] = '\0';
	if (n > 0 && name[n - 1] == '\n')
		name[n - 1] = '\0';
	return xstrdup(name);
}

/* @hidden, and false: a process that we may not look into. */
static bool holds(const char *pid, dev_t device, bool *hidden)
{
	struct dirent *entry;
	bool found = false;
	char path[64];
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	if (!dir) {
		*hidden = *hidden || errno == EACCES;
		return false;
	}
	while (!found && (entry = readdir(dir)))
		found = !fstatat(dirfd(dir), entry->d_name, &st, 0) && S_ISCHR(st.st_mode) &&
			st.st_rdev == device;
	closedir(dir);
	return found;
}

static void add_holders(struct facts *to, struct device *d)
{
	struct json_object *list = json_object_new_array();
	char *text = xstrdup(""), *longer;
	dev_t number = device_number(d);
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	bool hidden = false;

	while (dir && (entry = readdir(dir))) {
		struct json_object *o;
		char *command;

		if (!isdigit((unsigned char)*entry->d_name) || atol(entry->d_name) == getpid() ||
		    !holds(entry->d_name, number, &hidden))
			continue;
		command = command_of(entry->d_name);
		longer = xasprintf("%s%s%s (%s)", text, *text ? ", " : "", entry->d_name, command);
		free(text);
		text = longer;
		o = json_object_new_object();
		json_add_u64(o, "pid", strtoul(entry->d_name, NULL, 10));
		json_add_text(o, "command", command);
		json_object_array_add(list, o);
		free(command);
	}
	if (dir)
		closedir(dir);
	/* Nobody that is seen is not nobody. */
	if (hidden && !*text) {
		free(text);
		json_object_put(list);
		return;
	}
	facts_add_fact(to, "holders", text, list);
}

static void add_times(struct facts *to, const struct syscount_info *info)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	char text[ISO_TIME_SIZE];

	iso_time(now, text);
	facts_add_text(to, "time", text);
	iso_time(now - (info->now_ns - info->loaded_ns), text);
	facts_add_text(to, "loaded", text);
	iso_time(now - (info->now_ns - info->since_ns), text);
	facts_add_text(to, "since", text);
	facts_add_number(to, "loaded_ns", info->loaded_ns);
	facts_add_number(to, "since_ns", info->since_ns);
	facts_add_number(to, "now_ns", info->now_ns);
}

static void module_facts(struct facts *to, struct device *d)
{
	const struct snapshot *table = device_table(d);
	struct syscount_info info;

	facts_add_origin(to, table);
	facts_add_number(to, "abi_version", device_version(d)->abi_version);
	if (device_try_info(d, &info)) {
		facts_add_text(to, "hook", hook_word(info.hook));
		facts_add_text(to, "hook_chosen", hook_word(info.hook_chosen));
		facts_add_words(to, "hooks", info.hooks, hook_word);
		facts_add_words(to, "abis", info.abis, abi_word);
		facts_add_number(to, "cpu_ids", info.cpu_ids);
		add_times(to, &info);
	} else {
		warnx("hook, abis and times: not permitted: needs CAP_PERFMON, CAP_SYS_ADMIN or "
		      "the group of the module's parameter gid");
	}
	add_holders(to, d);
}

static void file_facts(struct facts *to, const char *file)
{
	struct snapshot *s = source_file(file);

	facts_add_text(to, "kind", kind_words[s->kind]);
	facts_add_origin(to, s);
	facts_add_text(to, "hook", s->hook);
	facts_add_text(to, "time", s->time);
	facts_add_text(to, "since", s->since);
	if (s->timed) {
		facts_add_number(to, "since_ns", s->since_ns);
		facts_add_number(to, "now_ns", s->now_ns);
		facts_add_number(to, "duration_ns", s->duration_ns);
	}
	snapshot_free(s);
}

int cmd_info(struct options *o)
{
	struct facts facts = { 0 };
	struct output *out = output_open(o);

	if (o->input) {
		file_facts(&facts, o->input);
	} else {
		struct device *d = device_open();

		module_facts(&facts, d);
		device_close(d);
	}
	facts_print(out, &facts, KIND_INFO);
	facts_free(&facts);
	return output_close(out);
}
