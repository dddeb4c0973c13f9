// SPDX-License-Identifier: GPL-2.0-or-later
/* Cgroups of version 2: from path to file, from number to path. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroup.h"
#include "util.h"

#define REMOVED "(removed)"

struct cgroup_path {
	uint64_t id;		/* the inode number of its directory */
	char *path;
	bool wanted;		/* since the last sweep */
};

struct cgroup_paths {
	struct cgroup_path *items;
	size_t n;
};

/* The kernel writes blanks and the like in mount points as \ooo. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (*s == '\\' && strspn(s + 1, "01234567") >= 3) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* A line: numbers, root, mount point, options, fields up to a "-", then the type. */
static char *mount_point(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *point = NULL;
	size_t room = 0;

	while (f && !point && getline(&line, &room, f) >= 0) {
		const char *type = strstr(line, " - cgroup2 ");

		if (type && sscanf(line, "%*s %*s %*s %*s %ms", &point) == 1)
			unescape(point);
	}
	if (f)
		fclose(f);
	free(line);
	return point;
}

static int open_directory(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool is_cgroup(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* As it is; else, and that goes for "/", from the mount on. */
int cgroup_open(const char *path)
{
	int fd = open_directory(path), error = errno;
	bool found = fd >= 0;
	char *mount, *full;

	if (found && is_cgroup(fd))
		return fd;
	if (found)
		close(fd);
	else if (error != ENOENT)
		errx(failure_status, "%s: %s", path, strerror(error));
	mount = mount_point();
	if (!mount)
		errx(failure_status, "%s: no cgroups of version 2 are mounted; of everybody: --all",
		     path);
	full = xasprintf("%s/%s", mount, path + (*path == '/'));
	fd = open_directory(full);
	if (fd < 0)
		errx(failure_status, "%s: %s", path,
		     found ? "no cgroup of version 2" : strerror(errno));
	free(full);
	free(mount);
	return fd;
}

static void add_path(struct cgroup_paths *paths, uint64_t id, const char *path)
{
	size_t i;

	for (i = 0; i < paths->n; i++) {
		if (paths->items[i].id != id)
			continue;
		free(paths->items[i].path);
		paths->items[i].path = xstrdup(path);
		return;
	}
	paths->items = xreallocarray(paths->items, paths->n + 1, sizeof(*paths->items));
	paths->items[paths->n++] = (struct cgroup_path){ .id = id, .path = xstrdup(path) };
}

/* Takes @fd. @path is that below the mount, without a slash at its end. */
static void walk(struct cgroup_paths *paths, int fd, const char *path)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		char *below;
		int down;

		if (entry->d_type != DT_DIR || *entry->d_name == '.')
			continue;
		below = xasprintf("%s/%s", path, entry->d_name);
		add_path(paths, entry->d_ino, below);
		down = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (down >= 0)
			walk(paths, down, below);
		free(below);
	}
	closedir(dir);
}

static bool read_paths(struct cgroup_paths *paths)
{
	char *mount = mount_point();
	int fd = mount ? open_directory(mount) : -1;
	struct stat st;

	free(mount);
	if (fd < 0)
		return false;
	if (!fstat(fd, &st))
		add_path(paths, st.st_ino, "/");
	walk(paths, fd, "");
	return true;
}

static const char *find_path(struct cgroup_paths *paths, uint64_t id)
{
	size_t i;

	for (i = 0; i < paths->n; i++) {
		if (paths->items[i].id != id)
			continue;
		paths->items[i].wanted = true;
		return paths->items[i].path;
	}
	return NULL;
}

const char *cgroup_path(struct cgroup_paths **paths, uint64_t id)
{
	const char *path;

	if (!*paths)
		*paths = xcalloc(1, sizeof(**paths));
	path = find_path(*paths, id);
	if (path)
		return path;
	if (!read_paths(*paths))
		return NULL;
	/* Numbers are not used again: what is not there now never will be. */
	if (!find_path(*paths, id))
		add_path(*paths, id, REMOVED);
	return find_path(*paths, id);
}

void cgroup_paths_sweep(struct cgroup_paths *paths)
{
	size_t i, n = 0;

	for (i = 0; paths && i < paths->n; i++) {
		struct cgroup_path *path = &paths->items[i];

		if (path->wanted) {
			paths->items[n] = *path;
			paths->items[n++].wanted = false;
		} else {
			free(path->path);
		}
	}
	if (paths)
		paths->n = n;
}

void cgroup_paths_free(struct cgroup_paths *paths)
{
	size_t i;

	for (i = 0; paths && i < paths->n; i++)
		free(paths->items[i].path);
	if (paths)
		free(paths->items);
	free(paths);
}
