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
#include "json.h"
#include "output.h"
#include "source.h"
#include "util.h"

/* One line of the output; JSON keeps lists apart that the table joins. */
struct fact {
	const char *name;
	char *value;
	struct json_object *json;
};

struct facts {
	struct fact *facts;
	size_t n;
};

static void add_fact(struct facts *to, const char *name, char *value, struct json_object *json)
{
	to->facts = xreallocarray(to->facts, to->n + 1, sizeof(*to->facts));
	to->facts[to->n++] = (struct fact){ name, value, json };
}

static void add_text(struct facts *to, const char *name, const char *value)
{
	if (value)
		add_fact(to, name, xstrdup(value), json_text(value));
}

static void add_number(struct facts *to, const char *name, uint64_t n)
{
	add_fact(to, name, xasprintf("%" PRIu64, n), json_object_new_uint64(n));
}

static void add_words(struct facts *to, const char *name, uint32_t bits,
		      const char *(*word)(unsigned int number))
{
	struct json_object *list = json_object_new_array();
	char *text = xstrdup("");
	unsigned int i;

	for (i = 0; i < 32; i++) {
		char *longer;

		if (!(bits & (1U << i)))
			continue;
		longer = xasprintf("%s%s%s", text, *text ? " " : "", word(i));
		free(text);
		text = longer;
		json_object_array_add(list, json_text(word(i)));
	}
	add_fact(to, name, text, list);
}

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
	add_fact(to, "holders", text, list);
}

static void add_times(struct facts *to, const struct syscount_info *info)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	char text[ISO_TIME_SIZE];

	iso_time(now, text);
	add_text(to, "time", text);
	iso_time(now - (info->now_ns - info->loaded_ns), text);
	add_text(to, "loaded", text);
	iso_time(now - (info->now_ns - info->since_ns), text);
	add_text(to, "since", text);
	add_number(to, "loaded_ns", info->loaded_ns);
	add_number(to, "since_ns", info->since_ns);
	add_number(to, "now_ns", info->now_ns);
}

static void module_facts(struct facts *to, struct device *d)
{
	const struct snapshot *table = device_table(d);
	struct syscount_info info;

	add_text(to, "host", table->host);
	add_text(to, "kernel", table->kernel);
	add_text(to, "machine", table->machine);
	add_number(to, "cpus", table->cpus);
	add_text(to, "tool", SYSCOUNT_VERSION);
	add_text(to, "module", device_version(d)->module);
	add_number(to, "abi_version", device_version(d)->abi_version);
	add_text(to, "boot_id", table->boot_id);
	if (device_try_info(d, &info)) {
		add_text(to, "hook", hook_word(info.hook));
		add_text(to, "hook_chosen", hook_word(info.hook_chosen));
		add_words(to, "hooks", info.hooks, hook_word);
		add_words(to, "abis", info.abis, abi_word);
		add_number(to, "cpu_ids", info.cpu_ids);
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

	add_text(to, "kind", kind_words[s->kind]);
	add_text(to, "host", s->host);
	add_text(to, "kernel", s->kernel);
	add_text(to, "machine", s->machine);
	if (s->cpus)
		add_number(to, "cpus", s->cpus);
	add_text(to, "tool", s->tool);
	add_text(to, "module", s->module);
	add_text(to, "boot_id", s->boot_id);
	add_text(to, "hook", s->hook);
	add_text(to, "time", s->time);
	add_text(to, "since", s->since);
	if (s->timed) {
		add_number(to, "since_ns", s->since_ns);
		add_number(to, "now_ns", s->now_ns);
		add_number(to, "duration_ns", s->duration_ns);
	}
	snapshot_free(s);
}

static void get_name(const struct column *column, const void *data, struct cell *cell)
{
	(void)column;
	cell_text(cell, ((const struct fact *)data)->name, "-");
}

static void get_value(const struct column *column, const void *data, struct cell *cell)
{
	const char *value = ((const struct fact *)data)->value;

	(void)column;
	cell_text(cell, *value ? value : NULL, "-");
}

static const struct column columns[] = {
	{ "NAME", "name", "", 0, 0, get_name },
	{ "VALUE", "value", "", 0, 0, get_value },
};

static void print_facts(struct output *out, const struct facts *facts)
{
	struct table t = { .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	size_t i;

	columns_choose(&t, NULL, "NAME VALUE");
	t.no_heading = out->format == FORMAT_TABLE;
	t.nrows = facts->n;
	t.rows = xcalloc(t.nrows, sizeof(*t.rows));
	for (i = 0; i < t.nrows; i++)
		t.rows[i] = &facts->facts[i];
	table_print(out, &t);
	table_free(&t);
}

static void json_facts(struct output *out, struct facts *facts)
{
	struct json_object *o, *outer = json_new(KIND_INFO, &o);
	size_t i;

	for (i = 0; i < facts->n; i++) {
		if (strcmp(facts->facts[i].name, "kind") != 0)
			json_add(o, facts->facts[i].name, json_object_get(facts->facts[i].json));
	}
	output_json(out, outer, false);
}

int cmd_info(struct options *o)
{
	struct facts facts = { 0 };
	struct output *out = output_open(o);
	size_t i;

	if (o->input) {
		file_facts(&facts, o->input);
	} else {
		struct device *d = device_open();

		module_facts(&facts, d);
		device_close(d);
	}
	if (o->format == FORMAT_JSON)
		json_facts(out, &facts);
	else
		print_facts(out, &facts);
	for (i = 0; i < facts.n; i++) {
		free(facts.facts[i].value);
		json_object_put(facts.facts[i].json);
	}
	free(facts.facts);
	return output_close(out);
}
