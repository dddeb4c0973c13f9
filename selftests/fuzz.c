// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random use of all interfaces by several processes at once, some as root, some as nobody,
 * some as nobody with CAP_PERFMON, which die in the middle of it and come again. By hand:
 *
 *	scripts/vm -c 4 -l -- build/selftests/install/syscount/fuzz -s 7 -n 0
 *
 * What an operation does depends on the seed, the process and the number of the operation
 * alone; what comes of it, on what the others do meanwhile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch_test.h"

/* If nobody asks for others: as a fixed dose, some 15 s, emulated; by syscount_dose=full. */
#define OPERATIONS_FEW	50000
#define OPERATIONS_MANY	1000000
#define PROCESSES	6
#define PROCESSES_MAX	64
#define NOBODY_ID	65534
#define LIFE_MS_MOST	900	/* of a process, until it is killed */
#define STUCK_SECONDS	(120 * kernel_slowness())
#define CALLS		1009
#define CGROUPS		3
#define CGROUP		"/sys/fs/cgroup/syscount_fuzz"

enum role { ROOT, NOBODY, PERFMON, ROLES };

static const char *const role_names[ROLES] = { "root", "nobody", "nobody with CAP_PERFMON" };

/* What all processes see. */
static struct shared {
	bool stop;
	struct worker {
		enum role role;
		pid_t pid;
		uint64_t operation;
		const char *doing;
	} worker[PROCESSES_MAX];
} *shared;

static uint64_t seed = 1;
static bool verbose;
static unsigned int me;			/* of the workers */
static enum role role;
static int mail[2];			/* a socket that files are passed over */
static const char *program;		/* to be executed */

/*
 * Random numbers
 */

static uint64_t random_state;

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static uint64_t number(void)
{
	random_state += 0x9e3779b97f4a7c15;
	return mix(random_state);
}

static unsigned int below(unsigned int limit)
{
	return number() % limit;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

#define ONE_OF(array)	((array)[below(sizeof(array) / sizeof((array)[0]))])

/* A number that something may stumble over. */
static uint64_t odd(void)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 7, 8, 63, 64, 4095, 4096, 4097, 65535, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, -1, -2, -4096,
	};

	return one_in(4) ? number() : ONE_OF(numbers);
}

/*
 * Memory: places that structs are put to. Behind each of the two is a page that faults. Of the one
 * that all share others change what the kernel is about to read.
 */

#define PAGE		4096
#define PLACE_SIZE	(2 * PAGE)
#define ANSWER_SIZE	(64 * PAGE)

static uint8_t *private_place, *common_place, *answers;

struct spot {
	uint8_t *at;
	size_t room;			/* 0: not ours to write to */
	bool own;			/* stays what it is */
};

static uint8_t *map_place(size_t size, int how)
{
	uint8_t *place = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE, how | MAP_ANONYMOUS, -1,
			      0);

	if (place == MAP_FAILED || mprotect(place + size, PAGE, PROT_NONE))
		die("mmap: %m");
	return place;
}

static struct spot spot_for(size_t size)
{
	struct spot spot = { .at = private_place, .own = true };

	size = size < PLACE_SIZE ? size : PLACE_SIZE;
	switch (below(16)) {
	case 0:
		return (struct spot) { .at = (uint8_t *)odd() };
	case 1:
		return (struct spot) { .at = (uint8_t *)(0xffff800000000000 | number()) };
	case 2:
		spot.at += PLACE_SIZE - below(size + 1);	/* the end is missing */
		break;
	case 3:
		spot.at += PLACE_SIZE - size;
		break;
	case 4:
		spot.at += 1 + below(PAGE);
		break;
	case 5:
	case 6:
		spot = (struct spot) { .at = common_place };
		break;
	}
	spot.room = (spot.own ? private_place : common_place) + PLACE_SIZE - spot.at;
	return spot;
}

static void put(const struct spot *spot, const void *what, size_t size)
{
	memcpy(spot->at, what, size < spot->room ? size : spot->room);
}

/*
 * Open files
 */

enum kind { NONE, DEVICE, PROC, SYSFS };

#define SLOTS	12

static struct slot {
	enum kind kind;
	enum role opener;
	int fd;
} slots[SLOTS];

static struct slot *any_slot(void)
{
	return &ONE_OF(slots);
}

/* Of a kind, if there is one; else one that is a bad number, maybe. */
static struct slot *slot_of(enum kind kind)
{
	unsigned int i, first = below(SLOTS);

	for (i = 0; i < SLOTS; i++)
		if (slots[(first + i) % SLOTS].kind == kind)
			return &slots[(first + i) % SLOTS];
	return any_slot();
}

static void slot_close(struct slot *slot)
{
	if (slot->kind != NONE)
		close(slot->fd);
	*slot = (struct slot) { .fd = -1 };
}

static void slot_fill(int fd, enum kind kind, enum role opener)
{
	struct slot *slot = any_slot();

	slot_close(slot);
	if (fd >= 0)
		*slot = (struct slot) { .kind = kind, .opener = opener, .fd = fd };
}

static int open_randomly(const char *path)
{
	static const int modes[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_NONBLOCK, O_RDWR | O_APPEND,
	};

	return open(path, ONE_OF(modes) | (one_in(4) ? 0 : O_CLOEXEC));
}

/* What must not be, was. */
#define MUST(condition, ...)							\
	do {									\
		if (!(condition))						\
			die(__VA_ARGS__);					\
	} while (0)

static void open_device(void)
{
	int fd = open_randomly(SYSCOUNT_DEVICE);

	MUST(fd >= 0, "open %s: %m", SYSCOUNT_DEVICE);
	slot_fill(fd, DEVICE, role);
}

static void open_proc(void)
{
	int fd = open(SYSCOUNT_PROC, O_RDONLY | O_CLOEXEC);

	MUST(role == NOBODY ? fd < 0 && errno == EPERM : fd >= 0, "open %s: %m", SYSCOUNT_PROC);
	slot_fill(fd, PROC, role);
}

static void close_any(void)
{
	slot_close(any_slot());
}

static void dup_any(void)
{
	struct slot *slot = any_slot();

	if (slot->kind != NONE)
		slot_fill(dup(slot->fd), slot->kind, slot->opener);
}

static void give_away(void)
{
	struct slot *slot = any_slot();
	uint8_t data[2] = { slot->kind, slot->opener };
	struct iovec iov = { data, sizeof(data) };
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {};
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	if (slot->kind == NONE)
		return;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &slot->fd, sizeof(int));
	sendmsg(mail[0], &message, MSG_DONTWAIT);
}

static void receive(void)
{
	uint8_t data[2];
	struct iovec iov = { data, sizeof(data) };
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(mail[1], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof(data))
		return;
	header = CMSG_FIRSTHDR(&message);
	if (!header)
		return;
	memcpy(&fd, CMSG_DATA(header), sizeof(int));
	slot_fill(fd, data[0], data[1]);
}

/* What the files of the device, of /proc and of sysfs are not made for. */
static void misuse(void)
{
	struct slot *slot = any_slot();
	struct pollfd poll_fd = { .fd = slot->fd, .events = POLLIN | POLLOUT | POLLPRI };
	void *mapped;
	char byte = '1';

	if (slot->kind == NONE)
		return;
	switch (below(8)) {
	case 0:
		mapped = mmap(NULL, PAGE, PROT_READ, one_in(2) ? MAP_SHARED : MAP_PRIVATE,
			      slot->fd, 0);
		MUST(mapped == MAP_FAILED, "mmap of kind %d", slot->kind);
		break;
	case 1:
		poll(&poll_fd, 1, 0);
		break;
	case 2:
		if (slot->kind == DEVICE)
			MUST(read(slot->fd, &byte, 1) < 0, "read of the device");
		break;
	case 3:
		if (slot->kind != SYSFS)
			MUST(write(slot->fd, &byte, 1) < 0, "write of kind %d", slot->kind);
		break;
	case 4:
		fcntl(slot->fd, F_SETFL, below(2) ? O_NONBLOCK : O_ASYNC | O_APPEND);
		break;
	case 5:
		fsync(slot->fd);
		break;
	case 6:
		ftruncate(slot->fd, odd());
		break;
	case 7:
		ioctl(slot->fd, odd(), odd());
		break;
	}
}

/*
 * ioctls
 */

union args {
	struct {
		uint32_t size;
		uint32_t flags;
	} head;
	struct syscount_version version;
	struct syscount_info info;
	struct syscount_names names;
	struct syscount_read read;
	struct syscount_reset reset;
	struct syscount_switch switches;
	struct syscount_cost cost;
	struct syscount_bypass bypass;
	struct syscount_watch watch;
	struct syscount_watch_read read_watch;
	uint8_t bytes[2 * PAGE];
};

static const unsigned long commands[] = {
	SYSCOUNT_IOC_GET_VERSION, SYSCOUNT_IOC_GET_INFO, SYSCOUNT_IOC_GET_NAMES,
	SYSCOUNT_IOC_READ, SYSCOUNT_IOC_RESET, SYSCOUNT_IOC_SWITCH, SYSCOUNT_IOC_WATCH,
	SYSCOUNT_IOC_READ_WATCH,
	/* Their turn comes again: the others take longer. */
	SYSCOUNT_IOC_GET_VERSION, SYSCOUNT_IOC_GET_INFO, SYSCOUNT_IOC_READ_WATCH,
	SYSCOUNT_IOC_SWITCH, SYSCOUNT_IOC_READ_WATCH, SYSCOUNT_IOC_GET_VERSION,
	SYSCOUNT_IOC_GET_INFO, SYSCOUNT_IOC_READ_WATCH, SYSCOUNT_IOC_GET_INFO,
};

static unsigned long any_command(void)
{
	if (one_in(256))
		return SYSCOUNT_IOC_COST;
	if (one_in(64))
		return SYSCOUNT_IOC_BYPASS;
	return ONE_OF(commands);
}

/* Room for an answer, mostly. */
static uint64_t answer(void)
{
	return one_in(8) ? (uintptr_t)spot_for(PAGE).at : (uintptr_t)answers;
}

static uint32_t capacity(void)
{
	return one_in(8) ? odd() : below(64);
}

static void fill_switch(struct syscount_switch *args)
{
	struct syscount_switch_item items[8];
	struct spot spot = spot_for(sizeof(items));
	unsigned int i;

	for (i = 0; i < 8; i++) {
		items[i] = (struct syscount_switch_item) {
			.what = one_in(16) ? odd() : below(2),
			.on = one_in(16) ? odd() : !one_in(8),
		};
		if (items[i].what == SYSCOUNT_SWITCH_CATEGORY) {
			items[i].category = one_in(32) ? odd() : below(SYSCOUNT_CAT_COUNT);
		} else {
			items[i].abi = one_in(32) ? odd() : below(SYSCOUNT_ABI_COUNT);
			items[i].nr = one_in(32) ? odd() : below(300);
		}
	}
	put(&spot, items, sizeof(items));
	args->count = one_in(16) ? odd() : below(4);
	args->items = (uintptr_t)spot.at;
}

static int cgroups[CGROUPS];

static const char *cgroup_path(unsigned int index, const char *file)
{
	static char path[64];

	snprintf(path, sizeof(path), CGROUP "/%u%s", index, file);
	return path;
}

static pid_t any_pid(void)
{
	return one_in(16) ? (pid_t)odd() : ONE_OF(shared->worker).pid;
}

static void fill_watch(struct syscount_watch *args)
{
	args->target = one_in(16) ? odd() : below(4);
	args->by = one_in(16) ? odd() : below(5);
	args->flags = one_in(16) ? odd() : number() & 7;
	if (args->target <= SYSCOUNT_TARGET_TASK && one_in(3))
		args->flags |= one_in(2) ? NO_CHILDREN : NO_CHILDREN | NO_THREADS;
	if (args->target == SYSCOUNT_TARGET_TASK)
		args->pid = any_pid();
	if (args->target == SYSCOUNT_TARGET_CGROUP)
		args->fd = one_in(8) ? (int)odd() : ONE_OF(cgroups);
}

static void fill(union args *args, unsigned long command)
{
	switch (command) {
	case SYSCOUNT_IOC_GET_NAMES:
		args->names.capacity = one_in(32) ? odd() : below(8);
		args->names.names = answer();
		break;
	case SYSCOUNT_IOC_READ:
		args->read.flags = below(4);
		if (args->read.flags & SYSCOUNT_READ_CPU)
			args->read.cpu = one_in(8) ? odd() : below(cpus_present());
		args->read.capacity = capacity();
		args->read.rows = answer();
		break;
	case SYSCOUNT_IOC_SWITCH:
		fill_switch(&args->switches);
		break;
	case SYSCOUNT_IOC_BYPASS:
		args->bypass.flags = below(2);
		break;
	case SYSCOUNT_IOC_WATCH:
		fill_watch(&args->watch);
		break;
	case SYSCOUNT_IOC_READ_WATCH:
		args->read_watch.flags = below(2);
		args->read_watch.group_capacity = capacity();
		args->read_watch.row_capacity = capacity();
		args->read_watch.detail_capacity = capacity();
		args->read_watch.groups = answer();
		args->read_watch.rows = answer();
		args->read_watch.details = answer();
		break;
	}
}

/* Returns the size that the command encodes from now on. */
static unsigned int spoil(union args *args, unsigned int size)
{
	unsigned int wrong = one_in(2) ? below(size + 16) : odd() & _IOC_SIZEMASK;

	switch (below(12)) {
	case 0:
		args->head.size = wrong;
		return size;
	case 1:
		return wrong;
	case 2:		/* of another version */
		args->head.size = wrong;
		return wrong;
	case 3:
		args->bytes[below(size)] ^= 1 << below(8);
		return size;
	case 4:
		args->bytes[size] = below(2);
		args->head.size = size + 8;
		return size + 8;
	case 5:
		while (size--)
			args->bytes[size] = number();
		return wrong;
	default:
		return size;
	}
}

/* May a command that is well formed do nothing but say EPERM? */
static bool is_forbidden(unsigned long command, enum role opener)
{
	switch (command) {
	case SYSCOUNT_IOC_RESET:
	case SYSCOUNT_IOC_SWITCH:
	case SYSCOUNT_IOC_BYPASS:
		return role != ROOT || opener != ROOT;
	case SYSCOUNT_IOC_GET_INFO:
	case SYSCOUNT_IOC_READ:
	case SYSCOUNT_IOC_COST:
		return role == NOBODY || opener == NOBODY;
	case SYSCOUNT_IOC_READ_WATCH:	/* the others are one user, and it may be no watch */
		return role == NOBODY && opener == ROOT;
	}
	return false;
}

/* @size: of what was sent; the rest is taken for zeroes */
static void check_watch(const struct syscount_watch *args, unsigned int size, enum role opener)
{
	bool self = size <= offsetof(struct syscount_watch, target) ||
		    args->target == SYSCOUNT_TARGET_SELF;

	if (role != NOBODY && opener != NOBODY)
		return;
	MUST(role == opener && self, "a %s made a %s's file a watch of target %u",
	     role_names[role], role_names[opener], args->target);
}

static void any_ioctl(void)
{
	static union args args;
	struct slot *slot = slot_of(DEVICE);
	unsigned long command = any_command();
	unsigned int size = _IOC_SIZE(command);
	struct spot spot;
	int result;

	memset(&args, 0, size + 16);
	args.head.size = size;
	fill(&args, command);
	size = spoil(&args, size);
	spot = spot_for(size);
	put(&spot, &args, size);
	result = ioctl(slot->fd, _IOC(below(4), SYSCOUNT_IOC_MAGIC, _IOC_NR(command), size),
		       spot.at) ? -errno : 0;
	if (slot->kind != DEVICE)
		return;
	if (is_forbidden(command, slot->opener))
		MUST(result == -EPERM, "command %lu of a %s's file: %d", _IOC_NR(command),
		     role_names[slot->opener], result);
	if (command == SYSCOUNT_IOC_WATCH && spot.own && !result)
		check_watch(&args.watch, size, slot->opener);
	if (command == SYSCOUNT_IOC_READ_WATCH && role == NOBODY)
		MUST(result || slot->opener == NOBODY, "nobody read a watch of a %s's file",
		     role_names[slot->opener]);
}

/* The form of the answer is looked at. */
static void read_whole_watch(void)
{
	static struct reading reading;
	struct slot *slot = slot_of(DEVICE);
	int err;

	if (slot->kind != DEVICE)
		return;
	err = watch_read_flags(slot->fd, below(2), &reading);
	MUST(!err || err == -EINVAL || err == -EPERM, "a reading: %s", strerror(-err));
}

/*
 * /proc and sysfs
 */

static void use_proc(void)
{
	struct slot *slot = slot_of(PROC);
	size_t size = one_in(8) ? odd() % ANSWER_SIZE : below(3000);
	void *to = (void *)(uintptr_t)answer();
	bool forbidden = role == NOBODY || slot->opener == NOBODY;
	ssize_t got = -1;

	if (slot->kind != PROC)
		return;
	switch (below(8)) {
	case 0:
		lseek(slot->fd, one_in(2) ? below(20000) : odd(), below(5));
		break;
	case 1:
	case 2:
		got = pread(slot->fd, to, size, one_in(4) ? odd() : below(40000));
		break;
	case 3:
		got = sendfile(mail[0], slot->fd, NULL, below(200));
		break;
	default:
		got = read(slot->fd, to, size);
	}
	MUST(!forbidden || got <= 0, "%zd bytes of a %s's %s", got, role_names[slot->opener],
	     SYSCOUNT_PROC);
}

static const char *attribute(void)
{
	static const char *const values[] = {
		"hook", "reset", "total", "watches", "unknown/calls", "category_file/calls",
	};
	static const char *const switches[] = {
		"category_process/enabled", "category_file/enabled", "category_device/enabled",
		"category_info/enabled", "category_communication/enabled", "unknown/enabled",
	};

	return one_in(2) ? ONE_OF(values) : ONE_OF(switches);
}

static void open_sysfs(void)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), SYSCOUNT_SYSFS "%s", attribute());
	fd = open_randomly(path);
	MUST(role == ROOT || (fd < 0 && errno == EACCES), "open %s: %m", path);
	slot_fill(fd, SYSFS, role);
}

/* Changing the hook takes its time, so hooks are rare among the words. */
static size_t any_words(char *text, size_t size)
{
	static const char *const words[] = {
		"1", "1\n", "on", "y", "true", "1", "Y\n", "0", "", "\n", "2", "-1", "10", "none",
		"direct tracepoint", "directt", "tracepoint\n\n", "1\n1", " 1", "\xff\xfe",
	};
	static const char *const hooks[] = { "direct", "tracepoint\n", "kprobe", "auto" };
	size_t length = below(size);

	switch (below(16)) {
	case 0:
		memset(text, 'x', length);
		return length;
	case 1:
		memset(text, 0, length);
		return length;
	case 2:
		return snprintf(text, size, "%s", one_in(4) ? ONE_OF(hooks) : "1");
	default:
		return snprintf(text, size, "%s", ONE_OF(words));
	}
}

static void use_sysfs(void)
{
	static char text[3 * PAGE];
	struct slot *slot = slot_of(SYSFS);
	size_t length = any_words(text, sizeof(text));
	ssize_t written;

	if (slot->kind != SYSFS)
		return;
	switch (below(4)) {
	case 0:
		pread(slot->fd, (void *)(uintptr_t)answer(), below(PAGE), one_in(4) ? odd() : 0);
		return;
	case 1:
		lseek(slot->fd, odd(), below(3));
		return;
	}
	written = pwrite(slot->fd, one_in(16) ? (void *)odd() : text, length, 0);
	MUST(role == ROOT || written <= 0, "wrote %zd bytes to sysfs", written);
}

/*
 * What happens to those who are watched
 */

/* Where a program that is not of that abi can make such a call. */
static void call_32(unsigned int nr, long argument)
{
#ifdef __x86_64__
	call_i386(nr, argument, argument, argument);
#endif
}

static void make_calls(void)
{
	make_flocks(below(8));
	call_32(20, 0);			/* getpid */
}

static void make_unknown_calls(void)
{
	call_64(600 + below(1000), -1, -1, -1);
	call_32(600 + odd() % 0x7ffff000, -1);
}

static void take_a_name(void)
{
	static const char *const names[] = {
		"", "fuzz", "a\nb", "\x1b[31m", "\xff\xff\xff", "%s%n", "\"quoted\"",
		"123456789012345",
	};
	char name[16];

	snprintf(name, sizeof(name), "%s%u", ONE_OF(names), below(100));
	prctl(PR_SET_NAME, name);
}

static void go_elsewhere(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(below(cpus_present()), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void change_cgroups(void)
{
	unsigned int index = below(CGROUPS);
	char pid[16];

	if (one_in(8)) {
		rmdir(cgroup_path(index, ""));
		mkdir(cgroup_path(index, ""), 0755);
		close(cgroups[index]);
		cgroups[index] = open(cgroup_path(index, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return;
	}
	snprintf(pid, sizeof(pid), "%d", one_in(2) ? 0 : ONE_OF(shared->worker).pid);
	file_write(cgroup_path(index, "/cgroup.procs"), pid);
}

static void execute(void)
{
	char *const argv[] = { (char *)program, NULL };

	execve(program, argv, argv + 1);
	_exit(0);
}

static void *execute_in_thread(void *unused)
{
	execute();
	return unused;
}

static void *end_at_once(void *unused)
{
	return unused;
}

static void be_a_child(unsigned int how)
{
	pthread_t thread;

	if (how & 1)
		watch_make(slots[0].fd, SYSCOUNT_TARGET_SELF, below(5), number() & 7, 0);
	if (how & 2 && role == ROOT && setresuid(NOBODY_ID, one_in(2) ? 0 : NOBODY_ID, NOBODY_ID))
		_exit(0);
	make_flocks(below(8));
	if (how & 4 && !pthread_create(&thread, NULL, how & 8 ? execute_in_thread : end_at_once,
				       NULL))
		pthread_join(thread, NULL);
	if (how & 16)
		execute();
	_exit(0);
}

static void have_a_child(void)
{
	unsigned int how = below(32);
	pid_t pid = fork();

	if (!pid)
		be_a_child(how);
	if (pid < 0)
		return;
	if (one_in(4))
		watch_make(slots[1].fd, SYSCOUNT_TARGET_TASK, below(5), number() & 31, pid);
	if (one_in(4))
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/*
 * Processes
 */

static const struct operation {
	const char *name;
	unsigned int weight;
	void (*run)(void);
} operations[] = {
	{ "ioctl", 400, any_ioctl },
	{ "open of the device", 60, open_device },
	{ "close", 40, close_any },
	{ "dup", 30, dup_any },
	{ "sending a file", 20, give_away },
	{ "receiving a file", 30, receive },
	{ "misuse of a file", 100, misuse },
	{ "whole reading", 3, read_whole_watch },
	{ "open of /proc", 15, open_proc },
	{ "use of /proc", 60, use_proc },
	{ "open of sysfs", 10, open_sysfs },
	{ "use of sysfs", 60, use_sysfs },
	{ "calls", 150, make_calls },
	{ "unknown calls", 60, make_unknown_calls },
	{ "renaming", 20, take_a_name },
	{ "another CPU", 1, go_elsewhere },
	{ "cgroups", 2, change_cgroups },
	{ "child", 2, have_a_child },
};

#define KINDS	(sizeof(operations) / sizeof(operations[0]))

static unsigned int weights(void)
{
	unsigned int i, sum = 0;

	for (i = 0; i < KINDS; i++)
		sum += operations[i].weight;
	return sum;
}

static const struct operation *any_operation(void)
{
	unsigned int i, at = below(weights());

	for (i = 0; at >= operations[i].weight; i++)
		at -= operations[i].weight;
	return &operations[i];
}

static void become(enum role new_role)
{
	role = new_role;
	if (role == ROOT)
		return;
	if (prctl(PR_SET_KEEPCAPS, 1) || setgroups(0, NULL) ||
	    setresgid(NOBODY_ID, NOBODY_ID, NOBODY_ID) ||
	    setresuid(NOBODY_ID, NOBODY_ID, NOBODY_ID))
		die("to be nobody: %m");
	set_caps(role == PERFMON ? 1ULL << CAP_PERFMON : 0);
}

/* A life: until the kernel ends it, somewhere in an operation, or there is nothing left to do. */
static void live(struct worker *self, uint64_t operations)
{
	struct itimerval life = {};
	unsigned int i;

	me = self - shared->worker;
	random_state = mix(seed) + mix(me + 1) * 31 + self->operation;
	life.it_value.tv_usec = 1000 * (1 + below(LIFE_MS_MOST));
	for (i = 0; i < CGROUPS; i++)
		cgroups[i] = open(cgroup_path(i, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < SLOTS; i++)
		slots[i].fd = -1;
	private_place = map_place(PLACE_SIZE, MAP_PRIVATE);
	answers = map_place(ANSWER_SIZE, MAP_PRIVATE);
	become(self->role);
	signal(SIGALRM, SIG_DFL);
	setitimer(ITIMER_REAL, &life, NULL);
	while (self->operation < operations && !__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		const struct operation *operation;

		random_state = mix(seed) + mix(me + 1) * 31 + mix(++self->operation);
		operation = any_operation();
		self->doing = operation->name;
		if (verbose)
			dprintf(STDERR_FILENO, "# %u %" PRIu64 " %s\n", me, self->operation,
				operation->name);
		operation->run();
	}
	_exit(0);
}

static void spawn(struct worker *worker, uint64_t operations)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %m");
	if (!pid)
		live(worker, operations);
	worker->pid = pid;
}

static uint64_t done(unsigned int processes)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < processes; i++)
		sum += __atomic_load_n(&shared->worker[i].operation, __ATOMIC_RELAXED);
	return sum;
}

static void say_where(unsigned int index)
{
	const struct worker *worker = &shared->worker[index];

	printf("# process %u (%s) at operation %" PRIu64 " (%s), seed %" PRIu64 "\n", index,
	       role_names[worker->role], worker->operation, worker->doing, seed);
}

static struct worker *worker_of(pid_t pid, unsigned int processes)
{
	unsigned int i;

	for (i = 0; i < processes; i++)
		if (shared->worker[i].pid == pid)
			return &shared->worker[i];
	return NULL;
}

/* The next process that ends, 0 if none is left. Dies if all stand still. */
static pid_t next_end(int *status, unsigned int processes)
{
	static uint64_t last;
	uint64_t now;
	unsigned int i;
	pid_t pid;

	while ((pid = waitpid(-1, status, 0)) < 0 && errno == EINTR) {
		now = done(processes);
		if (now == last && !shared->stop) {
			for (i = 0; i < processes; i++)
				say_where(i);
			die("nothing is done for %u seconds", STUCK_SECONDS);
		}
		last = now;
	}
	return pid < 0 ? 0 : pid;
}

/* All of them, each in its life after life. False: one ended otherwise. */
static bool fuzz(const enum role *roles, unsigned int role_count, unsigned int processes,
		 uint64_t operations)
{
	struct worker *worker;
	unsigned int i;
	bool good = true;
	int status;
	pid_t pid;

	for (i = 0; i < processes; i++) {
		shared->worker[i].role = roles[i % role_count];
		spawn(&shared->worker[i], operations);
	}
	while ((pid = next_end(&status, processes))) {
		worker = worker_of(pid, processes);
		if (!worker || !status)
			continue;
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
			spawn(worker, operations);
			continue;
		}
		say_where(worker - shared->worker);
		printf("# ended with status %#x\n", status);
		shared->stop = true;
		good = false;
	}
	return good;
}

/*
 * What must hold afterwards
 */

/* What root alone may change. */
struct control {
	char hook[64];
	bool enabled[SYSCOUNT_CAT_COUNT];
	uint64_t since_ns;
	unsigned int switched_off;
};

static struct control control(void)
{
	static struct syscount_row rows[COUNTS_ROWS];
	struct syscount_read args = {
		.size = sizeof(args), .flags = SYSCOUNT_READ_ALL, .capacity = COUNTS_ROWS,
		.rows = (uintptr_t)rows,
	};
	struct control control;
	unsigned int i;

	memset(&control, 0, sizeof(control));
	file_read(SYSCOUNT_SYSFS "hook", control.hook, sizeof(control.hook));
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		control.enabled[i] = category_enabled(i);
	if (device_ioctl(SYSCOUNT_IOC_READ, &args))
		die("SYSCOUNT_IOC_READ: %m");
	control.since_ns = args.since_ns;
	for (i = 0; i < args.count; i++)
		control.switched_off += !!(rows[i].flags & SYSCOUNT_ROW_SWITCHED);
	return control;
}

static bool is_exact(const char *hook)
{
	struct arm arm = { .by = SYSCOUNT_BY_PROCESS, .flags = ERRORS | LATENCY };
	static struct reading reading;
	uint64_t before, counts;
	const char *flaw;

	if (!kernel_has_hook(hook))
		return true;
	module_ready(hook);
	before = counted(A64, SYS_flock);
	make_flocks(CALLS);
	counts = counted(A64, SYS_flock) - before;

	arm.fd = watch_file();
	wait_success(job_start(&arm, 1, "flocks"));
	watch_read(arm.fd, &reading);
	close(arm.fd);
	flaw = reading_flaw(&reading, arm.flags);
	printf("# hook %s: of %d calls %" PRIu64 " were counted, %" PRIu64 " by a watch%s%s\n",
	       hook, CALLS, counts, calls_of(&reading, A64, SYS_flock), flaw ? ", and " : "",
	       flaw ? flaw : "");
	return counts == CALLS && calls_of(&reading, A64, SYS_flock) == CALLS && !flaw &&
	       errno_of(&reading, A64, SYS_flock, EBADF) == CALLS;
}

static bool all_are_exact(void)
{
	return is_exact("tracepoint") && is_exact("direct") && is_exact("kprobe");
}

static void job_flocks(void)
{
	make_flocks(CALLS);
}

const struct job jobs[] = {
	{ "flocks", job_flocks },
	{ NULL, NULL }
};

static unsigned int results;
static bool failed;

static void result(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++results, name);
	failed |= !good;
}

static void clean_up(void)
{
	unsigned int i;

	for (i = 0; i < CGROUPS; i++)
		rmdir(cgroup_path(i, ""));
	rmdir(CGROUP);
	/* Files that nobody received go with the last end of the socket. */
	close(mail[0]);
	close(mail[1]);
}

static void set_up(void)
{
	unsigned int i;

	module_ready("auto");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		die("mmap: %m");
	common_place = map_place(PLACE_SIZE, MAP_SHARED);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, mail))
		die("socketpair: %m");
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		die("%s: %m", CGROUP);
	for (i = 0; i < CGROUPS; i++)
		mkdir(cgroup_path(i, ""), 0755);
	program = strdup(program_beside("calls_64"));
	/* Whose parent was killed is reaped here. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void stop(int unused)
{
	shared->stop = true;
}

static void look_again(int unused)
{
}

static void handle(int signal, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigaction(signal, &action, NULL);
}

static void usage(void)
{
	printf("Usage: fuzz [-s SEED] [-n OPERATIONS] [-p PROCESSES] [-v]\n\n"
	       " -s SEED        of the random numbers (default 1)\n"
	       " -n OPERATIONS  of all processes together (default %u, or by syscount_dose=full\n"
	       "                %u); 0: until Ctrl-C\n"
	       " -p PROCESSES   at once, up to %u (default %u)\n"
	       " -v             say each operation before it is done\n",
	       OPERATIONS_FEW, OPERATIONS_MANY, PROCESSES_MAX, PROCESSES);
	exit(2);
}

static uint64_t number_of(const char *text, uint64_t most)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (end == text || *end || value > most)
		usage();
	return value;
}

int main(int argc, char **argv)
{
	static const enum role unprivileged[] = { NOBODY, PERFMON };
	static const enum role everybody[] = { ROOT, NOBODY, ROOT, PERFMON };
	struct itimerval watchdog = { { STUCK_SECONDS, 0 }, { STUCK_SECONDS, 0 } };
	uint64_t operations = dose(OPERATIONS_FEW, OPERATIONS_MANY), begin;
	unsigned int processes = PROCESSES;
	struct control before, after;
	bool good;
	int option;

	while ((option = getopt(argc, argv, "s:n:p:v")) >= 0) {
		switch (option) {
		case 's':
			seed = number_of(optarg, UINT64_MAX);
			break;
		case 'n':
			operations = number_of(optarg, UINT64_MAX);
			break;
		case 'p':
			processes = number_of(optarg, PROCESSES_MAX);
			break;
		case 'v':
			verbose = true;
			break;
		default:
			usage();
		}
	}
	if (optind != argc || !processes)
		usage();

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..7\n");
	printf("# seed %" PRIu64 ", %" PRIu64 " operations, %u processes\n", seed, operations,
	       processes);
	set_up();
	handle(SIGINT, stop);
	handle(SIGALRM, look_again);
	setitimer(ITIMER_REAL, &watchdog, NULL);
	operations = operations ? operations / processes + 1 : UINT64_MAX;
	begin = clock_ns(CLOCK_MONOTONIC);

	before = control();
	good = fuzz(unprivileged, 2, processes, operations / 4 < 50000 ? operations / 4 : 50000);
	after = control();
	result(good, "by those without rights");
	result(!memcmp(&before, &after, sizeof(before)), "... which changes nothing of root's");
	result(good && fuzz(everybody, 4, processes, operations), "by everybody");
	tell("seed %" PRIu64 ": %" PRIu64 " operations, %" PRIu64 " in a second", seed,
	     done(processes),
	     done(processes) * 1000 / ((clock_ns(CLOCK_MONOTONIC) - begin) / 1000000 + 1));

	clean_up();
	result(!file_read_u64(SYSCOUNT_SYSFS "watches"), "no watch is left");
	result(all_are_exact(), "what is counted afterwards is exact");
	if (kernel_has_word("slab_nomerge"))
		slabs_await_empty();
	result(!module_remove(), "nothing is left, and the module can be unloaded");
	module_fresh("");
	result(all_are_exact(), "... and loaded again");
	return failed;
}
