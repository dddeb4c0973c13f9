// SPDX-License-Identifier: GPL-2.0-or-later
/* By object: what a descriptor is decides of which category a call is that moves bytes. */
#ifndef __x86_64__
#include "x86_only.h"
#else

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "watch_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#define FILES		SYSCOUNT_CAT_FILE
#define I386_READ	3
#define I386_WRITE	4
#define X32_READV	515

enum { FILE_FD, DEVICE_FD, PIPE_FD, FIFO_FD, SOCKET_FD, BAD_FD, KINDS };

static const struct {
	const char *name;
	int object;
	int category;
} kinds[KINDS] = {
	[FILE_FD] = { "file", SYSCOUNT_OBJECT_FILE, SYSCOUNT_CAT_FILE },
	[DEVICE_FD] = { "device", SYSCOUNT_OBJECT_DEVICE, SYSCOUNT_CAT_DEVICE },
	[PIPE_FD] = { "pipe", SYSCOUNT_OBJECT_CHANNEL, SYSCOUNT_CAT_COMMUNICATION },
	[FIFO_FD] = { "fifo", SYSCOUNT_OBJECT_CHANNEL, SYSCOUNT_CAT_COMMUNICATION },
	[SOCKET_FD] = { "socket", SYSCOUNT_OBJECT_CHANNEL, SYSCOUNT_CAT_COMMUNICATION },
	[BAD_FD] = { "no descriptor", SYSCOUNT_OBJECT_NONE, SYSCOUNT_CAT_FILE },
};

/* Of each kind so many, and so many of each call. */
static const unsigned int times[KINDS] = { 11, 103, 1009, 107, 109, 113 };

static const struct {
	int abi;
	int nr;
} moving[] = {
	{ A64, SYS_read }, { A64, SYS_write }, { A64, SYS_readv }, { A64, SYS_writev },
	{ AI386, I386_READ }, { AI386, I386_WRITE }, { AX32, SYS_read }, { AX32, X32_READV },
};	/* those of x32 come last */

static int fds[KINDS];

static void open_all(void)
{
	char path[] = "/tmp/watch_objects.XXXXXX";
	int pipes[2], sockets[2];

	fds[FILE_FD] = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	fds[DEVICE_FD] = open("/dev/zero", O_RDWR);
	if (pipe(pipes) || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		die("pipe or socketpair: %m");
	fds[PIPE_FD] = pipes[0];
	fds[SOCKET_FD] = sockets[0];
	if (!mktemp(path) || mkfifo(path, 0600))
		die("%s: %m", path);
	fds[FIFO_FD] = open(path, O_RDWR);
	unlink(path);
	fds[BAD_FD] = 99;
	if (fds[FILE_FD] < 0 || fds[DEVICE_FD] < 0 || fds[FIFO_FD] < 0)
		die("open: %m");
}

/* Of no bytes: nothing waits, and where they would go or come from does not matter. */
static void job_move(void)
{
	unsigned int i, kind, j;

	open_all();
	for (i = 0; i < ARRAY_SIZE(moving); i++)
		for (kind = 0; kind < KINDS; kind++)
			for (j = 0; j < times[kind]; j++)
				call(moving[i].abi, moving[i].nr, fds[kind], 0, 0);
}

const struct job jobs[] = {
	{ "move", job_move },
	{}
};

static struct reading reading;

FIXTURE(objects) {};

FIXTURE_VARIANT(objects) {
	const char *hook;
};

FIXTURE_VARIANT_ADD(objects, direct) { "direct" };
FIXTURE_VARIANT_ADD(objects, tracepoint) { "tracepoint" };
FIXTURE_VARIANT_ADD(objects, kprobe) { "kprobe" };

FIXTURE_SETUP(objects)
{
	module_ready(variant->hook);
}

FIXTURE_TEARDOWN(objects)
{
}

static uint64_t calls_of_object(int abi, int nr, int object)
{
	const struct syscount_watch_row *row =
		group_row_object(&reading, &reading.group[0], abi, nr, object);

	return row ? row->calls : 0;
}

static void expect_objects(struct __test_metadata *_metadata, int abi, int nr, uint64_t more_files)
{
	uint64_t channels = times[PIPE_FD] + times[FIFO_FD] + times[SOCKET_FD];

	EXPECT_EQ(times[FILE_FD] + more_files,
		  calls_of_object(abi, nr, SYSCOUNT_OBJECT_FILE)) {
		TH_LOG("abi %d nr %d", abi, nr);
	}
	EXPECT_EQ(times[DEVICE_FD], calls_of_object(abi, nr, SYSCOUNT_OBJECT_DEVICE)) {
		TH_LOG("abi %d nr %d", abi, nr);
	}
	EXPECT_EQ(channels, calls_of_object(abi, nr, SYSCOUNT_OBJECT_CHANNEL)) {
		TH_LOG("abi %d nr %d", abi, nr);
	}
	EXPECT_EQ(times[BAD_FD], calls_of_object(abi, nr, SYSCOUNT_OBJECT_NONE)) {
		TH_LOG("abi %d nr %d", abi, nr);
	}
}

static void expect_categories(struct __test_metadata *_metadata)
{
	unsigned int i, kind;

	for (i = 0; i < ARRAY_SIZE(moving) && kernel_has_abi(moving[i].abi); i++)
		for (kind = 0; kind < KINDS; kind++) {
			const struct syscount_watch_row *row =
				group_row_object(&reading, &reading.group[0], moving[i].abi,
						 moving[i].nr, kinds[kind].object);

			ASSERT_NE(NULL, row);
			EXPECT_EQ(kinds[kind].category, row->category) {
				TH_LOG("%s, abi %d nr %d", kinds[kind].name, moving[i].abi,
				       moving[i].nr);
			}
		}
}

/* What the C library reads when a program starts is of files. */
static uint64_t reads_at_start(void)
{
	return calls_of_object(A64, SYS_read, SYSCOUNT_OBJECT_FILE) - times[FILE_FD];
}

static void objects_are_right(struct __test_metadata *_metadata, unsigned int flags)
{
	struct arm arms[] = {
		{ watch_file(), SYSCOUNT_BY_NONE, flags | OBJECTS },
		{ watch_file(), SYSCOUNT_BY_NONE, flags },
	};
	uint64_t all, total, reads;
	unsigned int i;

	wait_success(job_start(arms, 2, "move"));
	watch_read(arms[1].fd, &reading);
	EXPECT_EQ(NULL, reading_flaw(&reading, flags));
	all = calls_of(&reading, A64, SYS_read);
	total = reading.head.total;
	EXPECT_EQ(all, calls_of_object(A64, SYS_read, SYSCOUNT_OBJECT_NONE));

	watch_read(arms[0].fd, &reading);
	EXPECT_EQ(NULL, reading_flaw(&reading, flags));
	EXPECT_EQ(all, calls_of(&reading, A64, SYS_read));
	/* Calls without code, which with the hooks alone nobody sees, a watch of objects has. */
	if (kernel_has_x32())
		EXPECT_EQ(total, reading.head.total);
	reads = reads_at_start();
	for (i = 0; i < ARRAY_SIZE(moving) && kernel_has_abi(moving[i].abi); i++)
		expect_objects(_metadata, moving[i].abi, moving[i].nr,
			       moving[i].abi == A64 && moving[i].nr == SYS_read ? reads : 0);
	expect_categories(_metadata);
	EXPECT_EQ(flags & ERRORS ? times[BAD_FD] : 0,
		  errno_of(&reading, A64, SYS_readv, EBADF));
	/* A call that moves nothing is not told apart. */
	EXPECT_EQ(calls_of(&reading, A64, SYS_openat),
		  calls_of_object(A64, SYS_openat, SYSCOUNT_OBJECT_NONE));
	close(arms[0].fd);
	close(arms[1].fd);
}

TEST_F(objects, each_kind)
{
	objects_are_right(_metadata, 0);
}

TEST_F(objects, with_errors_and_latency)
{
	objects_are_right(_metadata, ERRORS);
	objects_are_right(_metadata, LATENCY);
	objects_are_right(_metadata, ERRORS | LATENCY);
}

TEST_HARNESS_MAIN

#endif
