// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may do what: everybody by every interface, and with files that somebody else opened. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/syscount.h>

#include "../kselftest_harness.h"
#include "syscount_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#define NOBODY		65534
#define GROUP		4242
#define ALL_CAPS	(~0ULL)
#define CAP(cap)	(1ULL << CAP_##cap)

/*
 * Who
 */
enum who {
	ROOT, ROOT_WITHOUT_CAPS, PERFMON, SYS_ADMIN, OTHER_CAPS, USERNS_ROOT, MEMBER,
	MEMBER_BY_GID, MEMBER_IN_USERNS, NOBODY_AT_ALL
};

static const struct {
	const char *name;
	uid_t uid;
	gid_t gid;
	bool in_group;
	bool userns;
	uint64_t caps;
} people[] = {
	[ROOT] = { "root", .caps = ALL_CAPS },
	[ROOT_WITHOUT_CAPS] = { "root without a capability" },
	[PERFMON] = { "CAP_PERFMON", NOBODY, NOBODY, .caps = CAP(PERFMON) },
	[SYS_ADMIN] = { "CAP_SYS_ADMIN", NOBODY, NOBODY, .caps = CAP(SYS_ADMIN) },
	[OTHER_CAPS] = { "all other capabilities", NOBODY, NOBODY,
			 .caps = ALL_CAPS & ~CAP(PERFMON) & ~CAP(SYS_ADMIN) },
	[USERNS_ROOT] = { "root of a user namespace", NOBODY, NOBODY, .userns = true },
	[MEMBER] = { "a member of the group", NOBODY, NOBODY, .in_group = true },
	[MEMBER_BY_GID] = { "one whose group it is", NOBODY, GROUP },
	[MEMBER_IN_USERNS] = { "a member, root of a user namespace", NOBODY, NOBODY,
			       .in_group = true, .userns = true },
	[NOBODY_AT_ALL] = { "nobody", NOBODY, NOBODY },
};

static void become(enum who who)
{
	const gid_t group = GROUP;

	if (prctl(PR_SET_KEEPCAPS, 1) || setgroups(people[who].in_group, &group) ||
	    setresgid(people[who].gid, people[who].gid, people[who].gid) ||
	    setresuid(people[who].uid, people[who].uid, people[who].uid))
		die("%s: %m", people[who].name);
	set_caps(people[who].caps);
	if (people[who].userns)
		become_root_of_userns();
}

/*
 * What: each in two steps, open and use, that need not be of the same person
 */
static int by_read(int fd)
{
	char text[512];

	return read(fd, text, sizeof(text)) < 0 ? errno : 0;
}

static int by_pread(int fd)
{
	char byte;

	return pread(fd, &byte, 1, 20) < 0 ? errno : 0;
}

static int by_readv(int fd)
{
	char text[512];
	struct iovec iov = { text, sizeof(text) };

	return readv(fd, &iov, 1) < 0 ? errno : 0;
}

static int by_splice(int fd)
{
	int ends[2], error;

	if (pipe(ends))
		return errno;
	error = splice(fd, NULL, ends[1], NULL, 512, 0) < 0 ? errno : 0;
	close(ends[0]);
	close(ends[1]);
	return error;
}

static int version(int fd)
{
	struct syscount_version args = { .size = sizeof(args) };

	return ioctl(fd, SYSCOUNT_IOC_GET_VERSION, &args) ? errno : 0;
}

static int names(int fd)
{
	static struct syscount_name names[4096];
	struct syscount_names args = {
		.size = sizeof(args), .capacity = 4096, .names = (uintptr_t)names,
	};
	unsigned int i;

	if (ioctl(fd, SYSCOUNT_IOC_GET_NAMES, &args))
		return errno;
	/* Symbols for everybody, addresses for nobody. */
	for (i = 0; i < args.count && i < 4096; i++)
		if (strstr(names[i].entry, "0x") || strstr(names[i].entry, "ffff"))
			return EBADMSG;
	return 0;
}

static int info(int fd)
{
	struct syscount_info args = { .size = sizeof(args) };

	return ioctl(fd, SYSCOUNT_IOC_GET_INFO, &args) ? errno : 0;
}

static int read_counters(int fd)
{
	struct syscount_read args = { .size = sizeof(args) };

	return ioctl(fd, SYSCOUNT_IOC_READ, &args) ? errno : 0;
}

static int read_cpu(int fd)
{
	struct syscount_read args = { .size = sizeof(args), .flags = SYSCOUNT_READ_CPU };

	return ioctl(fd, SYSCOUNT_IOC_READ, &args) ? errno : 0;
}

static int reset(int fd)
{
	struct syscount_reset args = { .size = sizeof(args) };

	return ioctl(fd, SYSCOUNT_IOC_RESET, &args) ? errno : 0;
}

static int cost(int fd)
{
	struct syscount_cost args = { .size = sizeof(args) };

	return ioctl(fd, SYSCOUNT_IOC_COST, &args) ? errno : 0;
}

/* Not every hook has it, but one has to have the right to be told so. */
static int bypass(int fd)
{
	struct syscount_bypass args = { .size = sizeof(args) };

	return ioctl(fd, SYSCOUNT_IOC_BYPASS, &args) && errno != EOPNOTSUPP ? errno : 0;
}

static int switch_nothing(int fd)
{
	struct syscount_switch args = { .size = sizeof(args) };

	return ioctl(fd, SYSCOUNT_IOC_SWITCH, &args) ? errno : 0;
}

static int switch_one(int fd)
{
	struct syscount_switch_item item = { .category = SYSCOUNT_CAT_INFO };
	struct syscount_switch args = {
		.size = sizeof(args), .count = 1, .items = (uintptr_t)&item,
	};

	return ioctl(fd, SYSCOUNT_IOC_SWITCH, &args) ? errno : 0;
}

static int put_0(int fd) { return write(fd, "0", 1) < 0 ? errno : 0; }
static int put_1(int fd) { return write(fd, "1", 1) < 0 ? errno : 0; }
static int put_auto(int fd) { return write(fd, "auto", 4) < 0 ? errno : 0; }
static int put_rubbish(int fd) { return write(fd, "rubbish", 7) < 0 ? errno : 0; }

/* The right that a use takes, of the opener and of the user of the file. */
enum right {
	ANYBODY,		/* with the file's mode */
	READ,			/* the user */
	READ_BOTH,		/* the opener and the user */
	CONTROL,
	CONTROL_BOTH,
};

static const struct {
	char name[24];
	const char *path;
	int flags;
	int (*use)(int fd);
	enum right right;
} interfaces[] = {
	{ "/proc", SYSCOUNT_PROC, O_RDONLY, by_read, READ_BOTH },
	{ "/proc by pread", SYSCOUNT_PROC, O_RDONLY, by_pread, READ_BOTH },
	{ "/proc by readv", SYSCOUNT_PROC, O_RDONLY, by_readv, READ_BOTH },
	{ "/proc by splice", SYSCOUNT_PROC, O_RDONLY, by_splice, READ_BOTH },
	{ "GET_VERSION", SYSCOUNT_DEVICE, O_RDWR, version, ANYBODY },
	{ "GET_NAMES", SYSCOUNT_DEVICE, O_RDONLY, names, ANYBODY },
	{ "GET_INFO", SYSCOUNT_DEVICE, O_RDWR, info, READ_BOTH },
	{ "READ", SYSCOUNT_DEVICE, O_RDWR, read_counters, READ_BOTH },
	{ "READ without writing", SYSCOUNT_DEVICE, O_RDONLY, read_counters, READ_BOTH },
	{ "READ of a CPU", SYSCOUNT_DEVICE, O_RDWR, read_cpu, READ_BOTH },
	{ "COST", SYSCOUNT_DEVICE, O_RDWR, cost, READ_BOTH },
	{ "BYPASS", SYSCOUNT_DEVICE, O_RDWR, bypass, CONTROL_BOTH },
	{ "RESET", SYSCOUNT_DEVICE, O_RDWR, reset, CONTROL_BOTH },
	{ "SWITCH of nothing", SYSCOUNT_DEVICE, O_RDWR, switch_nothing, CONTROL_BOTH },
	{ "SWITCH", SYSCOUNT_DEVICE, O_RDWR, switch_one, CONTROL_BOTH },
	{ "calls", SYSCOUNT_SYSFS "category_file/calls", O_RDONLY, by_read, READ },
	{ "unknown calls", SYSCOUNT_SYSFS "unknown/calls", O_RDONLY, by_read, READ },
	{ "total", SYSCOUNT_SYSFS "total", O_RDONLY, by_read, READ },
	{ "total by pread", SYSCOUNT_SYSFS "total", O_RDONLY, by_pread, READ },
	{ "enabled", SYSCOUNT_SYSFS "category_file/enabled", O_RDONLY, by_read, ANYBODY },
	{ "enabled to 1", SYSCOUNT_SYSFS "category_file/enabled", O_WRONLY, put_1, CONTROL },
	{ "unknown enabled to 0", SYSCOUNT_SYSFS "unknown/enabled", O_WRONLY, put_0, CONTROL },
	{ "hook", SYSCOUNT_SYSFS "hook", O_RDONLY, by_read, ANYBODY },
	{ "hook to auto", SYSCOUNT_SYSFS "hook", O_WRONLY, put_auto, CONTROL },
	{ "reset", SYSCOUNT_SYSFS "reset", O_WRONLY, put_1, CONTROL },
};

#define INTERFACES	((int)(sizeof(interfaces) / sizeof(interfaces[0])))

/* Results of a child for its parent. */
static int *results;

static void share_results(void)
{
	results = mmap(NULL, INTERFACES * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		die("mmap: %m");
	memset(results, -1, INTERFACES * sizeof(*results));
}

static void wait_for(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || status)
		die("a child ended with status %#x", status);
}

/* Minus the error of open(), or the file. */
static int open_one(int i)
{
	int fd = open(interfaces[i].path, interfaces[i].flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void use(int i, int fd)
{
	if (fd < 0) {
		results[i] = -fd;
		return;
	}
	results[i] = interfaces[i].use(fd);
	/* The right is asked before the value: who may not learns nothing. */
	if (results[i] && interfaces[i].flags == O_WRONLY && put_rubbish(fd) != results[i])
		die("'%s' has another error for rubbish", interfaces[i].name);
}

/*
 * Each person, alone
 */

struct rights {
	bool may_read;
	bool may_control;
	bool passes_modes;	/* of sysfs */
};

static int expected(int i, struct rights opener, struct rights user)
{
	bool sysfs = !strncmp(interfaces[i].path, SYSCOUNT_SYSFS, strlen(SYSCOUNT_SYSFS));

	if (sysfs && !opener.passes_modes)
		return EACCES;
	switch (interfaces[i].right) {
	case ANYBODY:
		return 0;
	case READ:
		return user.may_read ? 0 : EPERM;
	case READ_BOTH:
		return opener.may_read && user.may_read ? 0 : EPERM;
	case CONTROL:
		return user.may_control ? 0 : EPERM;
	case CONTROL_BOTH:
		return opener.may_control && user.may_control ? 0 : EPERM;
	}
	return -1;
}

static void check(struct __test_metadata *_metadata, struct rights opener, struct rights user)
{
	int i;

	for (i = 0; i < INTERFACES; i++)
		EXPECT_EQ(expected(i, opener, user), results[i]) {
			TH_LOG("%s", interfaces[i].name);
		}
}

/* A new load for other parameters only: it takes its time. */
static void load_with(const char *parameters)
{
	static const char *const gid = "/sys/module/syscount/parameters/gid";
	static const char *const public = "/sys/module/syscount/parameters/public";
	char now[128] = "", gid_now[32], public_now[32];

	if (module_loaded()) {
		file_read(gid, gid_now, sizeof(gid_now));
		file_read(public, public_now, sizeof(public_now));
		snprintf(now, sizeof(now), "%s%.*s%s",
			 strcmp(gid_now, "-1\n") ? "gid=" : "",
			 strcmp(gid_now, "-1\n") ? (int)strcspn(gid_now, "\n") : 0, gid_now,
			 public_now[0] == 'Y' ? "public=1" : "");
	}
	if (!module_loaded() || strcmp(now, parameters)) {
		snprintf(now, sizeof(now), "%s hook=tracepoint", parameters);
		module_fresh(now);
	}
	module_ready("tracepoint");
}

FIXTURE(alone) {};

FIXTURE_VARIANT(alone) {
	enum who who;
	const char *parameters;
	struct rights rights;
};

FIXTURE_VARIANT_ADD(alone, root) { ROOT, "", { true, true, true } };
FIXTURE_VARIANT_ADD(alone, root_without_caps) { ROOT_WITHOUT_CAPS, "", { false, false, true } };
FIXTURE_VARIANT_ADD(alone, perfmon) { PERFMON, "", { true, false, false } };
FIXTURE_VARIANT_ADD(alone, sys_admin) { SYS_ADMIN, "", { true, true, false } };
/* Among them CAP_DAC_OVERRIDE. */
FIXTURE_VARIANT_ADD(alone, other_caps) { OTHER_CAPS, "", { false, false, true } };
FIXTURE_VARIANT_ADD(alone, userns_root) { USERNS_ROOT, "", { false, false, false } };
FIXTURE_VARIANT_ADD(alone, no_member) { MEMBER, "", { false, false, false } };
FIXTURE_VARIANT_ADD(alone, nobody) { NOBODY_AT_ALL, "", { false, false, false } };
FIXTURE_VARIANT_ADD(alone, member) { MEMBER, "gid=4242", { true, false, false } };
FIXTURE_VARIANT_ADD(alone, member_by_gid) { MEMBER_BY_GID, "gid=4242", { true, false, false } };
FIXTURE_VARIANT_ADD(alone, member_in_userns) {
	MEMBER_IN_USERNS, "gid=4242", { true, false, false }
};
FIXTURE_VARIANT_ADD(alone, nobody_with_gid) { NOBODY_AT_ALL, "gid=4242", { false, false, false } };
FIXTURE_VARIANT_ADD(alone, other_group) { MEMBER, "gid=4243", { false, false, false } };
FIXTURE_VARIANT_ADD(alone, root_with_gid) { ROOT, "gid=4242", { true, true, true } };
/* Group 0 is one, and root without capabilities is in it. */
FIXTURE_VARIANT_ADD(alone, gid_0) { ROOT_WITHOUT_CAPS, "gid=0", { true, false, true } };
FIXTURE_VARIANT_ADD(alone, nobody_with_gid_0) { NOBODY_AT_ALL, "gid=0", { false, false, false } };
FIXTURE_VARIANT_ADD(alone, nobody_public) { NOBODY_AT_ALL, "public=1", { true, false, false } };
FIXTURE_VARIANT_ADD(alone, userns_root_public) { USERNS_ROOT, "public=1", { true, false, false } };
FIXTURE_VARIANT_ADD(alone, root_without_caps_public) {
	ROOT_WITHOUT_CAPS, "public=1", { true, false, true }
};

FIXTURE_SETUP(alone)
{
	load_with(variant->parameters);
	share_results();
}

FIXTURE_TEARDOWN(alone) {}

TEST_F(alone, uses_each_interface)
{
	pid_t child = fork();
	int i;

	if (!child) {
		become(variant->who);
		for (i = 0; i < INTERFACES; i++)
			use(i, open_one(i));
		_exit(0);
	}
	wait_for(child);
	check(_metadata, variant->rights, variant->rights);
}

/*
 * One opens, the other one uses
 */

FIXTURE(handed) {};

FIXTURE_VARIANT(handed) {
	enum who opener;
	enum who user;
	const char *parameters;
	struct rights opener_rights;
	struct rights user_rights;
};

#define HANDED(name, ...) FIXTURE_VARIANT_ADD(handed, name) { __VA_ARGS__ }

HANDED(root_to_nobody, ROOT, NOBODY_AT_ALL, "", { true, true, true }, { false, false, false });
HANDED(root_to_other_caps, ROOT, OTHER_CAPS, "", { true, true, true }, { false, false, true });
HANDED(root_to_root_without_caps, ROOT, ROOT_WITHOUT_CAPS, "", { true, true, true },
       { false, false, true });
HANDED(root_to_userns_root, ROOT, USERNS_ROOT, "", { true, true, true }, { false, false, false });
HANDED(root_to_perfmon, ROOT, PERFMON, "", { true, true, true }, { true, false, false });
HANDED(root_to_sys_admin, ROOT, SYS_ADMIN, "", { true, true, true }, { true, true, false });
HANDED(nobody_to_root, NOBODY_AT_ALL, ROOT, "", { false, false, false }, { true, true, true });
HANDED(userns_root_to_root, USERNS_ROOT, ROOT, "", { false, false, false }, { true, true, true });
HANDED(other_caps_to_root, OTHER_CAPS, ROOT, "", { false, false, true }, { true, true, true });
HANDED(perfmon_to_root, PERFMON, ROOT, "", { true, false, false }, { true, true, true });
HANDED(sys_admin_to_root, SYS_ADMIN, ROOT, "", { true, true, false }, { true, true, true });
HANDED(perfmon_to_sys_admin, PERFMON, SYS_ADMIN, "", { true, false, false }, { true, true, false });
HANDED(perfmon_to_nobody, PERFMON, NOBODY_AT_ALL, "", { true, false, false },
       { false, false, false });
HANDED(member_to_root, MEMBER, ROOT, "gid=4242", { true, false, false }, { true, true, true });
HANDED(member_to_nobody, MEMBER, NOBODY_AT_ALL, "gid=4242", { true, false, false },
       { false, false, false });
HANDED(nobody_to_member, NOBODY_AT_ALL, MEMBER, "gid=4242", { false, false, false },
       { true, false, false });
HANDED(root_to_member, ROOT, MEMBER, "gid=4242", { true, true, true }, { true, false, false });
HANDED(member_to_perfmon, MEMBER, PERFMON, "gid=4242", { true, false, false },
       { true, false, false });
HANDED(root_to_nobody_public, ROOT, NOBODY_AT_ALL, "public=1", { true, true, true },
       { true, false, false });
HANDED(nobody_to_root_public, NOBODY_AT_ALL, ROOT, "public=1", { true, false, false },
       { true, true, true });

FIXTURE_SETUP(handed)
{
	load_with(variant->parameters);
	share_results();
}

FIXTURE_TEARDOWN(handed) {}

static void send_file(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { &fd, sizeof(fd) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *header;

	/* An error goes as plain bytes. */
	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	if (sendmsg(socket, &message, 0) != sizeof(fd))
		die("sendmsg: %m");
}

static int receive_file(int socket)
{
	int fd;
	char control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { &fd, sizeof(fd) };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	if (recvmsg(socket, &message, 0) != sizeof(fd))
		die("recvmsg: %m");
	if (fd >= 0)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

TEST_F(handed, over_a_socket)
{
	pid_t opener, user;
	int ends[2], i;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	opener = fork();
	if (!opener) {
		become(variant->opener);
		for (i = 0; i < INTERFACES; i++)
			send_file(ends[0], open_one(i));
		_exit(0);
	}
	user = fork();
	if (!user) {
		become(variant->user);
		for (i = 0; i < INTERFACES; i++)
			use(i, receive_file(ends[1]));
		_exit(0);
	}
	wait_for(opener);
	wait_for(user);
	check(_metadata, variant->opener_rights, variant->user_rights);
}

/* The same process, before and after it became another one. */
FIXTURE(inherited) {};

FIXTURE_VARIANT(inherited) {
	enum who user;
	const char *parameters;
	struct rights rights;
};

#define INHERITED(name, ...) FIXTURE_VARIANT_ADD(inherited, name) { __VA_ARGS__ }

INHERITED(by_nobody, NOBODY_AT_ALL, "", { false, false, false });
INHERITED(by_other_caps, OTHER_CAPS, "", { false, false, true });
INHERITED(by_root_without_caps, ROOT_WITHOUT_CAPS, "", { false, false, true });
INHERITED(by_userns_root, USERNS_ROOT, "", { false, false, false });
INHERITED(by_perfmon, PERFMON, "", { true, false, false });
INHERITED(by_sys_admin, SYS_ADMIN, "", { true, true, false });
INHERITED(by_member, MEMBER, "gid=4242", { true, false, false });
INHERITED(by_nobody_public, NOBODY_AT_ALL, "public=1", { true, false, false });

FIXTURE_SETUP(inherited)
{
	load_with(variant->parameters);
	share_results();
}

FIXTURE_TEARDOWN(inherited) {}

TEST_F(inherited, from_root)
{
	const struct rights root = { true, true, true };
	int fds[INTERFACES], i;
	pid_t child = fork();

	if (!child) {
		for (i = 0; i < INTERFACES; i++)
			fds[i] = open_one(i);
		become(variant->user);
		for (i = 0; i < INTERFACES; i++)
			use(i, fds[i]);
		_exit(0);
	}
	wait_for(child);
	check(_metadata, root, variant->rights);
}

/*
 * A set-user-ID program whose standard input is the file: this one, by another
 * name. Its status is the error, as of "NAME INDEX".
 */
#define SET_USER_ID	"/var/tmp/syscount-permissions"

__attribute__((constructor))
static void be_set_user_id(int argc, char **argv)
{
	int i;

	if (argc != 2 || strcmp(argv[0], SET_USER_ID))
		return;
	i = atoi(argv[1]);
	if (geteuid() || getuid() != NOBODY)
		_exit(255);
	/* It is privileged indeed: its own files are good for it. */
	if (interfaces[i].use(open_one(i)))
		_exit(254);
	_exit(interfaces[i].use(STDIN_FILENO));
}

/* The error that it gets with a file that @who opened, or minus that of the open. */
static int run_set_user_id(enum who who, int i)
{
	pid_t child = fork();
	int status, fd;

	if (!child) {
		char number[16];

		become(who);
		fd = open_one(i);
		if (fd < 0)
			_exit(200 + -fd);
		dup2(fd, STDIN_FILENO);
		snprintf(number, sizeof(number), "%d", i);
		execl(SET_USER_ID, SET_USER_ID, number, NULL);
		_exit(253);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		die("%s: status %#x", SET_USER_ID, status);
	status = WEXITSTATUS(status);
	if (status >= 253)
		die("%s: status %d", SET_USER_ID, status);
	return status > 200 ? 200 - status : status;
}

FIXTURE(set_user_id) {};
FIXTURE_SETUP(set_user_id)
{
	copy_program("/proc/self/exe", SET_USER_ID, 04755);
}
FIXTURE_TEARDOWN(set_user_id)
{
	unlink(SET_USER_ID);
}

TEST_F(set_user_id, gives_nobody_nothing)
{
	int i, error;

	load_with("");
	for (i = 0; i < INTERFACES; i++) {
		if (!strcmp(interfaces[i].path, SYSCOUNT_PROC))
			error = -EPERM;
		else if (strcmp(interfaces[i].path, SYSCOUNT_DEVICE))
			error = -EACCES;
		else
			error = interfaces[i].right == ANYBODY ? 0 : EPERM;
		EXPECT_EQ(error, run_set_user_id(NOBODY_AT_ALL, i)) {
			TH_LOG("%s", interfaces[i].name);
		}
	}
}

TEST_F(set_user_id, gives_a_member_what_is_his)
{
	int i, error;

	load_with("gid=4242");
	for (i = 0; i < INTERFACES; i++) {
		if (!strncmp(interfaces[i].path, "/sys/", 5))
			error = -EACCES;
		else
			error = interfaces[i].right == CONTROL_BOTH ? EPERM : 0;
		EXPECT_EQ(error, run_set_user_id(MEMBER, i)) {
			TH_LOG("%s", interfaces[i].name);
		}
	}
}

/* What is refused has done nothing. */
TEST(refused_changes_nothing)
{
	struct syscount_read before = { .size = sizeof(before) }, after = { .size = sizeof(after) };
	pid_t child;
	int i;

	load_with("");
	ASSERT_EQ(0, device_ioctl(SYSCOUNT_IOC_READ, &before));
	child = fork();
	if (!child) {
		become(NOBODY_AT_ALL);
		for (i = 0; i < INTERFACES; i++) {
			int fd = open_one(i);

			if (fd >= 0)
				interfaces[i].use(fd);
		}
		_exit(0);
	}
	wait_for(child);
	ASSERT_EQ(0, device_ioctl(SYSCOUNT_IOC_READ, &after));
	EXPECT_EQ(before.since_ns, after.since_ns);
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		EXPECT_EQ(SYSCOUNT_ON, after.categories[i].state);
}

/* Fixtures run in their order: this is the last one. */
FIXTURE(end) {};
FIXTURE_SETUP(end) {}
FIXTURE_TEARDOWN(end) {}

TEST_F(end, module_as_it_was)
{
	module_fresh("hook=tracepoint");
	EXPECT_TRUE(module_loaded());
}

TEST_HARNESS_MAIN
