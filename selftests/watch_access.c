// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may watch whom and read what, and what bad input and too much of everything lead to. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/userfaultfd.h>

#include "../kselftest_harness.h"
#include "watch_test.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

#define NOBODY		65534
#define SOMEBODY	65533
#define GROUP		4242
#define ALL_CAPS	(~0ULL)
#define CAP(cap)	(1ULL << CAP_##cap)
#define CALLS_64	107	/* of the program of this name */
#define BAD_POINTER	8

static const char suid_dumpable[] = "/proc/sys/fs/suid_dumpable";

/*
 * Who
 */
enum who {
	ROOT, ROOT_WITHOUT_CAPS, PERFMON, SYS_ADMIN, OTHER_CAPS, USERNS_ROOT, SOMEBODY_ELSE,
	NOBODY_AT_ALL, PEOPLE
};

static const struct {
	const char *name;
	uid_t uid;
	bool userns;
	uint64_t caps;
} people[PEOPLE] = {
	[ROOT] = { "root", .caps = ALL_CAPS },
	[ROOT_WITHOUT_CAPS] = { "root without a capability" },
	[PERFMON] = { "CAP_PERFMON", NOBODY, .caps = CAP(PERFMON) },
	[SYS_ADMIN] = { "CAP_SYS_ADMIN", NOBODY, .caps = CAP(SYS_ADMIN) },
	[OTHER_CAPS] = { "all other capabilities", NOBODY,
			 .caps = ALL_CAPS & ~CAP(PERFMON) & ~CAP(SYS_ADMIN) },
	[USERNS_ROOT] = { "root of a user namespace", NOBODY, .userns = true },
	[SOMEBODY_ELSE] = { "somebody else", SOMEBODY },
	[NOBODY_AT_ALL] = { "nobody", NOBODY },
};

static void become(enum who who)
{
	const uid_t id = people[who].uid;

	if (who == ROOT)
		return;
	if (prctl(PR_SET_KEEPCAPS, 1) || setgroups(0, NULL) || setresgid(id, id, id) ||
	    setresuid(id, id, id))
		die("%s: %m", people[who].name);
	set_caps(people[who].caps);
	if (people[who].userns)
		become_root_of_userns();
}

/*
 * Programs that may be given privileges: in a directory that nosuid is no option of,
 * and that everybody can reach.
 */
static char dir[32], self_copy[64], other_copy[64];

static void make_programs(void)
{
	mkdir("/opt", 0755);
	snprintf(dir, sizeof(dir), "/opt/watch_access.XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0755))
		die("%s: %m", dir);
	snprintf(self_copy, sizeof(self_copy), "%s/self", dir);
	snprintf(other_copy, sizeof(other_copy), "%s/other", dir);
	copy_program("/proc/self/exe", self_copy, 0755);
	copy_program(program_beside("calls_64"), other_copy, 0755);
}

static void remove_programs(void)
{
	unlink(self_copy);
	unlink(other_copy);
	rmdir(dir);
}

/* As setcap cap_net_raw+ep, of which no library is needed. */
static void give_file_caps(const char *path)
{
	struct vfs_cap_data caps = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0].permitted = CAP(NET_RAW),
	};

	if (setxattr(path, "security.capability", &caps, XATTR_CAPS_SZ_2, 0))
		die("security.capability of %s: %m", path);
}

/*
 * Jobs
 */

/* flocks COUNT */
static void job_flocks(void)
{
	make_flocks(job_number(0));
}

/* becomes PATH: after 101 calls, and another program */
static void job_becomes(void)
{
	char *const argv[] = { (char *)job_word(0), NULL };

	make_flocks(101);
	execve(argv[0], argv, environ);
	die("execve %s: %m", argv[0]);
}

/* has PATH: as a child, between calls */
static void job_has(void)
{
	char *const argv[] = { (char *)job_word(0), NULL };
	pid_t pid;

	make_flocks(101);
	pid = fork();
	if (!pid) {
		execve(argv[0], argv, environ);
		die("execve %s: %m", argv[0]);
	}
	if (WEXITSTATUS(wait_status(pid)) != CALLS_64)
		die("%s", argv[0]);
	make_flocks(103);
}

/* bomb CHILDREN: at once */
static void job_bomb(void)
{
	long i, children = job_number(0);
	pid_t pid;

	for (i = 0; i < children; i++) {
		pid = fork();
		if (pid < 0)
			die("fork %ld: %m", i);
		if (!pid) {
			make_flocks(3);
			board_arrive();
			board_step_wait(1);
			_exit(0);
		}
	}
	for (i = 0; i < children; i++)
		if (wait(NULL) < 0)
			die("wait: %m");
}

const struct job jobs[] = {
	{ "flocks", job_flocks },
	{ "becomes", job_becomes },
	{ "has", job_has },
	{ "bomb", job_bomb },
	{}
};

/*
 * One person does this in a child, and says what comes of it.
 */
static int *answer;

static void share_answer(void)
{
	answer = mmap(NULL, PEOPLE * sizeof(*answer), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (answer == MAP_FAILED)
		die("mmap: %m");
}

#define AS(who, expression) ({					\
	pid_t _pid = fork();					\
								\
	if (!_pid) {						\
		become(who);					\
		*answer = (expression);				\
		_exit(0);					\
	}							\
	wait_success(_pid);					\
	*answer;						\
})

static struct reading reading;

/* A file that @who has opened, to be used by others. */
static int opened_by(enum who who)
{
	int ends[2], fd = -1;
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
		die("socketpair: %m");
	pid = fork();
	if (!pid) {
		become(who);
		fd = watch_file();
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
		if (sendmsg(ends[1], &message, 0) != 1)
			die("sendmsg: %m");
		_exit(0);
	}
	wait_success(pid);
	if (recvmsg(ends[0], &message, MSG_CMSG_CLOEXEC) != 1)
		die("recvmsg: %m");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	close(ends[0]);
	close(ends[1]);
	return fd;
}

/* Of a file that @opener opened, or of his own. */
static int try_watch(int fd, int target, int of)
{
	if (fd < 0)
		fd = watch_file();
	return -watch_make(fd, target, SYSCOUNT_BY_NONE, 0, of);
}

static int try_read(int fd)
{
	return -watch_read_flags(fd, 0, &reading);
}

FIXTURE(access) {};

FIXTURE_SETUP(access)
{
	module_ready("tracepoint");
	make_programs();
	share_answer();
	board_new();
}

FIXTURE_TEARDOWN(access)
{
	remove_programs();
}

static bool has_perfmon(enum who who)
{
	return who == ROOT || who == PERFMON || who == SYS_ADMIN;
}

TEST_F(access, everybody_may_watch_himself)
{
	enum who who;

	for (who = 0; who < PEOPLE; who++) {
		EXPECT_EQ(0, AS(who, try_watch(-1, SYSCOUNT_TARGET_SELF, 0))) {
			TH_LOG("%s", people[who].name);
		}
	}
}

TEST_F(access, others_need_perfmon)
{
	int cgroup = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = getpid();
	enum who who;

	ASSERT_LE(0, cgroup);
	for (who = 0; who < PEOPLE; who++) {
		int want = has_perfmon(who) ? 0 : EPERM;

		EXPECT_EQ(want, AS(who, try_watch(-1, SYSCOUNT_TARGET_ALL, 0))) {
			TH_LOG("%s", people[who].name);
		}
		EXPECT_EQ(want, AS(who, try_watch(-1, SYSCOUNT_TARGET_TASK, pid))) {
			TH_LOG("%s", people[who].name);
		}
		EXPECT_EQ(want, AS(who, try_watch(-1, SYSCOUNT_TARGET_CGROUP, cgroup))) {
			TH_LOG("%s", people[who].name);
		}
		/* Not even himself this way; and what is no task is not told. */
		EXPECT_EQ(want, AS(who, try_watch(-1, SYSCOUNT_TARGET_TASK, getpid()))) {
			TH_LOG("%s", people[who].name);
		}
		EXPECT_EQ(want ? want : ESRCH,
			  AS(who, try_watch(-1, SYSCOUNT_TARGET_TASK, 0x3ffffff))) {
			TH_LOG("%s", people[who].name);
		}
	}
}

/* Both have to have the right: who opened the file and who makes it a watch. */
TEST_F(access, watch_with_the_file_of_another)
{
	static const enum who pairs[][2] = {
		{ ROOT, NOBODY_AT_ALL }, { NOBODY_AT_ALL, ROOT }, { ROOT, ROOT_WITHOUT_CAPS },
		{ ROOT_WITHOUT_CAPS, ROOT }, { PERFMON, SOMEBODY_ELSE }, { USERNS_ROOT, ROOT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		const char *opener = people[pairs[i][0]].name, *user = people[pairs[i][1]].name;
		int fd = opened_by(pairs[i][0]);

		EXPECT_EQ(EPERM, AS(pairs[i][1], try_watch(fd, SYSCOUNT_TARGET_SELF, 0))) {
			TH_LOG("oneself: %s by the file of %s", user, opener);
		}
		EXPECT_EQ(EPERM, AS(pairs[i][1], try_watch(fd, SYSCOUNT_TARGET_ALL, 0))) {
			TH_LOG("all: %s by the file of %s", user, opener);
		}
		EXPECT_EQ(EPERM, AS(pairs[i][1], try_watch(fd, SYSCOUNT_TARGET_TASK, getpid()))) {
			TH_LOG("a task: %s by the file of %s", user, opener);
		}
		/* Nothing came of it: it is no watch. */
		EXPECT_EQ(EINVAL, try_read(fd));
		close(fd);
	}
	/* Two with the right need not be the same. */
	EXPECT_EQ(0, AS(PERFMON, try_watch(opened_by(ROOT), SYSCOUNT_TARGET_ALL, 0)));
}

static const char *const ids[] = {
	"none", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid", "a capability",
};

/* Of NOBODY, who may: the one and no other. euid and egid take the one for files along. */
static void change_id(const char *id)
{
	int err = 0;

	if (!strcmp(id, "uid"))
		err = setresuid(SOMEBODY, -1, -1);
	else if (!strcmp(id, "euid"))
		err = setresuid(-1, SOMEBODY, -1) || setfsuid(NOBODY) != SOMEBODY;
	else if (!strcmp(id, "suid"))
		err = setresuid(-1, -1, SOMEBODY);
	else if (!strcmp(id, "fsuid"))
		err = setfsuid(SOMEBODY) != NOBODY;
	else if (!strcmp(id, "gid"))
		err = setresgid(SOMEBODY, -1, -1);
	else if (!strcmp(id, "egid"))
		err = setresgid(-1, SOMEBODY, -1) || setfsgid(NOBODY) != SOMEBODY;
	else if (!strcmp(id, "sgid"))
		err = setresgid(-1, -1, SOMEBODY);
	else if (!strcmp(id, "fsgid"))
		err = setfsgid(SOMEBODY) != NOBODY;
	else if (!strcmp(id, "a capability"))
		set_caps(people[OTHER_CAPS].caps & ~CAP(NET_RAW));
	if (err)
		die("%s: %m", id);
}

static int try_watch_with_other(const char *id)
{
	int fd = watch_file();

	change_id(id);
	return try_watch(fd, SYSCOUNT_TARGET_SELF, 0);
}

/* Who opened the file had all of them, the others as well. */
TEST_F(access, watch_with_one_other_id)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(i ? EPERM : 0, AS(OTHER_CAPS, try_watch_with_other(ids[i]))) {
			TH_LOG("%s", ids[i]);
		}
	}
}

/* A watch of oneself by @opener, whose file the reader has come by. */
TEST_F(access, read_the_watch_of_another)
{
	static const struct {
		enum who opener, reader;
		int error;
	} pairs[] = {
		{ NOBODY_AT_ALL, NOBODY_AT_ALL, 0 },
		{ NOBODY_AT_ALL, ROOT, 0 },
		{ NOBODY_AT_ALL, PERFMON, 0 },
		{ NOBODY_AT_ALL, SOMEBODY_ELSE, EPERM },
		{ NOBODY_AT_ALL, ROOT_WITHOUT_CAPS, EPERM },
		{ NOBODY_AT_ALL, USERNS_ROOT, EPERM },
		{ SOMEBODY_ELSE, OTHER_CAPS, EPERM },
		{ SOMEBODY_ELSE, PERFMON, 0 },
		{ USERNS_ROOT, NOBODY_AT_ALL, EPERM },
		{ USERNS_ROOT, ROOT, 0 },
		/* What took a right to open takes it to be read. */
		{ ROOT, ROOT_WITHOUT_CAPS, EPERM },
		{ PERFMON, NOBODY_AT_ALL, EPERM },
		{ ROOT, NOBODY_AT_ALL, EPERM },
		{ ROOT, SOMEBODY_ELSE, EPERM },
		{ ROOT, PERFMON, 0 },
	};
	unsigned int i;
	pid_t pid;
	int fd;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		int ends[2], go[2];
		char byte;

		ASSERT_EQ(0, pipe(ends));
		ASSERT_EQ(0, pipe(go));
		pid = fork();
		if (!pid) {
			become(pairs[i].opener);
			fd = watch_open(SYSCOUNT_TARGET_SELF, 0, 0, 0);
			if (write(ends[1], &fd, sizeof(fd)) != sizeof(fd) ||
			    read(go[0], &byte, 1) != 1)
				die("the test is gone");
			_exit(0);
		}
		ASSERT_EQ(sizeof(fd), read(ends[0], &fd, sizeof(fd)));
		fd = syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), fd, 0);
		ASSERT_LE(0, fd);
		EXPECT_EQ(pairs[i].error, AS(pairs[i].reader, try_read(fd))) {
			TH_LOG("%s reads the watch of %s", people[pairs[i].reader].name,
			       people[pairs[i].opener].name);
		}
		ASSERT_EQ(1, write(go[1], "x", 1));
		wait_success(pid);
		close(fd);
	}
}

/*
 * What is not privileged, and becomes it
 */

/* @who watches himself and becomes a job of ours; returns a file that root can read. */
static int run_watched(enum who who, int by, unsigned int flags, const char *job,
		       const char *word)
{
	char *const argv[] = { self_copy, "--job", (char *)job, (char *)word, NULL };
	int fd, ends[2], status;
	char byte;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		die("pipe: %m");
	pid = fork();
	if (!pid) {
		struct arm arm = { .by = by, .flags = flags };

		become(who);
		arm.fd = watch_file();
		arm_all(&arm, 1);
		/* The number, and time for the test to take it. */
		answer[1] = arm.fd;
		if (read(ends[0], &byte, 1) < 0)
			die("read: %m");
		execve(self_copy, argv, environ);
		die("execve: %m");
	}
	wait_blocked(pid, SYS_read);
	fd = syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), answer[1], 0);
	if (fd < 0 || write(ends[1], "x", 1) != 1)
		die("the file of the child: %m");
	status = wait_status(pid);
	if (status && WEXITSTATUS(status) != CALLS_64)
		die("%s %s: status %#x", job, word, status);
	close(ends[0]);
	close(ends[1]);
	watch_read(fd, &reading);
	return fd;
}

/* A plain program gives nothing and takes nothing. */
TEST_F(access, plain_program)
{
	static const enum who plain[] = { NOBODY_AT_ALL, SOMEBODY_ELSE, USERNS_ROOT, ROOT };
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(plain); i++) {
		fd = run_watched(plain[i], SYSCOUNT_BY_NONE, ERRORS, "becomes", other_copy);
		EXPECT_EQ(0, reading.head.left) {
			TH_LOG("%s", people[plain[i]].name);
		}
		EXPECT_EQ(NULL, reading_flaw(&reading, ERRORS));
		EXPECT_EQ(101 + CALLS_64, calls_of(&reading, A64, SYS_flock));
		EXPECT_EQ(CALLS_64, calls_of(&reading, A64, SYS_getpgid));
		EXPECT_EQ(2, row_of(&reading, A64, SYS_execve).exits);
		close(fd);
	}
}

/* Nothing of what it did after that execve() is there. */
static void expect_left(struct __test_metadata *_metadata, enum who who, unsigned int flags)
{
	int fd = run_watched(who, SYSCOUNT_BY_NONE, flags, "becomes", other_copy);

	EXPECT_EQ(1, reading.head.left) {
		TH_LOG("%s flags %#x", people[who].name, flags);
	}
	EXPECT_EQ(0, reading.head.threads);
	EXPECT_EQ(101, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(0, calls_of(&reading, A64, SYS_getpgid));
	EXPECT_EQ(0, calls_of(&reading, A64, SYS_exit_group));
	EXPECT_EQ(2, calls_of(&reading, A64, SYS_execve));
	EXPECT_EQ(flags ? 1 : 0, row_of(&reading, A64, SYS_execve).exits);
	EXPECT_EQ(0, row_of(&reading, A64, SYS_execve).in_flight);
	close(fd);
}

static void expect_all_left(struct __test_metadata *_metadata)
{
	expect_left(_metadata, NOBODY_AT_ALL, 0);
	expect_left(_metadata, NOBODY_AT_ALL, ERRORS | LATENCY);
	expect_left(_metadata, SOMEBODY_ELSE, ERRORS);
}

/* With the right, it goes on. */
static void expect_stays(struct __test_metadata *_metadata, enum who who)
{
	int fd = run_watched(who, SYSCOUNT_BY_NONE, ERRORS, "becomes", other_copy);

	EXPECT_EQ(0, reading.head.left) {
		TH_LOG("%s", people[who].name);
	}
	EXPECT_EQ(101 + CALLS_64, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(CALLS_64, calls_of(&reading, A64, SYS_getpgid));
	EXPECT_EQ(2, row_of(&reading, A64, SYS_execve).exits);
	close(fd);
}

TEST_F(access, set_user_id_program)
{
	ASSERT_EQ(0, chmod(other_copy, 04755));
	expect_all_left(_metadata);
	expect_stays(_metadata, ROOT);
	expect_stays(_metadata, PERFMON);

	/* Of another user than root, too; of the user himself it is nothing. */
	ASSERT_EQ(0, chown(other_copy, SOMEBODY, SOMEBODY));
	ASSERT_EQ(0, chmod(other_copy, 04755));
	expect_left(_metadata, NOBODY_AT_ALL, ERRORS);
	expect_stays(_metadata, SOMEBODY_ELSE);
}

#define P	"/sys/fs/cgroup/watch_access"
#define P_ONE	P "/one"
#define P_TWO	P "/two"
#define MOVED	40

static void make_cgroup(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		die("%s: %m", path);
}

/* Whoever is there, one by one; some end meanwhile. */
static void move_all(const char *from, const char *to)
{
	char text[4096], procs[64], *rest = text, *pid;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", from);
	file_read(procs, text, sizeof(text));
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", to);
	while ((pid = strsep(&rest, "\n")) && *pid)
		if (!file_write(procs, pid))
			__atomic_add_fetch(&board->number[0], 1, __ATOMIC_SEQ_CST);
}

static pid_t start_mover(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	must_write("/sys/fs/cgroup/cgroup.procs", "0");
	for (;;) {
		move_all(P_ONE, P_TWO);
		move_all(P_TWO, P_ONE);
	}
}

/*
 * Somebody moves it about: a watch by cgroup gives it a new membership each time, of which
 * none may outlive the execve(). The watch of somebody with the right goes on.
 */
TEST_F(access, set_user_id_program_while_moved)
{
	unsigned int i, flags;
	pid_t mover;
	int cgroup, all, fd;

	make_cgroup(P);
	make_cgroup(P_ONE);
	make_cgroup(P_TWO);
	must_write(P_ONE "/cgroup.procs", "0");
	ASSERT_EQ(0, chmod(other_copy, 04755));
	cgroup = open(P, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, cgroup);
	all = watch_open(SYSCOUNT_TARGET_CGROUP, SYSCOUNT_BY_CGROUP, ERRORS, cgroup);
	mover = start_mover();
	for (i = 0; i < MOVED; i++) {
		/* Those with exits are moved when the call has returned. */
		flags = i & 1 ? i / 2 % 4 : 0;
		fd = run_watched(NOBODY_AT_ALL, SYSCOUNT_BY_CGROUP, flags, "becomes", other_copy);
		EXPECT_EQ(1, reading.head.left);
		EXPECT_EQ(0, reading.head.threads);
		EXPECT_EQ(101, calls_of(&reading, A64, SYS_flock));
		EXPECT_EQ(0, calls_of(&reading, A64, SYS_getpgid));
		EXPECT_EQ(0, calls_of(&reading, A64, SYS_exit_group));
		EXPECT_EQ(2, calls_of(&reading, A64, SYS_execve));
		close(fd);
	}
	ASSERT_EQ(0, kill(mover, SIGKILL));
	wait_status(mover);
	watch_read(all, &reading);
	EXPECT_EQ(MOVED * (101 + CALLS_64), calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(MOVED * CALLS_64, calls_of(&reading, A64, SYS_getpgid));
	EXPECT_EQ(0, reading.head.lost);
	EXPECT_LT(MOVED, board->number[0]);
	close(all);
	close(cgroup);
	must_write("/sys/fs/cgroup/cgroup.procs", "0");
	rmdir(P_ONE);
	rmdir(P_TWO);
	rmdir(P);
}

TEST_F(access, set_group_id_program)
{
	ASSERT_EQ(0, chown(other_copy, 0, GROUP));
	ASSERT_EQ(0, chmod(other_copy, 02755));
	expect_all_left(_metadata);
	expect_stays(_metadata, ROOT);
}

TEST_F(access, program_with_file_capabilities)
{
	give_file_caps(other_copy);
	expect_all_left(_metadata);
	expect_stays(_metadata, ROOT);
	expect_stays(_metadata, PERFMON);
}

TEST_F(access, unreadable_program)
{
	ASSERT_EQ(0, chmod(other_copy, 0111));
	expect_all_left(_metadata);
	expect_stays(_metadata, PERFMON);
}

/* Then the kernel itself takes such a program for one that its user may look into. */
TEST_F(access, suid_dumpable)
{
	static const char *const values[] = { "1", "2" };
	char before[16];
	unsigned int i;

	file_read(suid_dumpable, before, sizeof(before));
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		must_write(suid_dumpable, values[i]);
		ASSERT_EQ(0, chmod(other_copy, 0111));
		expect_left(_metadata, NOBODY_AT_ALL, ERRORS);
		ASSERT_EQ(0, chmod(other_copy, 04111));
		expect_left(_metadata, NOBODY_AT_ALL, ERRORS);
		ASSERT_EQ(0, chmod(other_copy, 04755));
		expect_left(_metadata, NOBODY_AT_ALL, 0);
		/* Only what gains something is left alone. */
		ASSERT_EQ(0, chmod(other_copy, 0755));
		expect_stays(_metadata, NOBODY_AT_ALL);
	}
	must_write(suid_dumpable, before);
}

/* The first one already is: root gets its capabilities back. */
TEST_F(access, root_without_caps_gets_them)
{
	int fd = run_watched(ROOT_WITHOUT_CAPS, SYSCOUNT_BY_NONE, ERRORS, "flocks", "101");

	EXPECT_EQ(1, reading.head.left);
	EXPECT_EQ(0, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(1, calls_of(&reading, A64, SYS_execve));
	EXPECT_EQ(1, reading.head.total);
	close(fd);
}

/* Only who gains something is left: its parent is watched on. */
TEST_F(access, privileged_child)
{
	int fd;

	ASSERT_EQ(0, chmod(other_copy, 04755));
	fd = run_watched(NOBODY_AT_ALL, SYSCOUNT_BY_PROCESS, ERRORS, "has", other_copy);
	EXPECT_EQ(1, reading.head.left);
	EXPECT_EQ(0, reading.head.threads);
	EXPECT_EQ(101 + 103, calls_of(&reading, A64, SYS_flock));
	EXPECT_EQ(0, calls_of(&reading, A64, SYS_getpgid));
	EXPECT_EQ(1, calls_of(&reading, A64, SYS_exit_group));
	EXPECT_EQ(2, calls_of(&reading, A64, SYS_execve));
	EXPECT_EQ(2, reading.head.group_count);
	close(fd);
}

/*
 * Bad input
 */

FIXTURE(bad) {
	int fd;
};

FIXTURE_SETUP(bad)
{
	module_ready("tracepoint");
	share_answer();
	board_new();
	self->fd = watch_file();
}

FIXTURE_TEARDOWN(bad)
{
	close(self->fd);
}

static int command(int fd, unsigned long code, size_t size, void *args)
{
	return ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, SYSCOUNT_IOC_MAGIC, _IOC_NR(code), size),
		     args) ? errno : 0;
}

#define SELF	SYSCOUNT_TARGET_SELF
#define TASK	SYSCOUNT_TARGET_TASK
#define CGROUP	SYSCOUNT_TARGET_CGROUP
#define ALL	SYSCOUNT_TARGET_ALL

TEST_F(bad, watch)
{
	const struct {
		struct syscount_watch args;
		int error;
	} bad[] = {
		{ { .flags = 0x20 }, EINVAL },
		{ { .flags = 0x80000000 }, EINVAL },
		{ { .flags = NO_THREADS }, EINVAL },
		{ { .flags = NO_THREADS, .target = TASK, .pid = getpid() }, EINVAL },
		{ { .target = 4 }, EINVAL },
		{ { .target = -1 }, EINVAL },
		{ { .by = 5 }, EINVAL },
		{ { .by = -1 }, EINVAL },
		{ { .pid = getpid() }, EINVAL },
		{ { .pid = -1 }, EINVAL },
		{ { .fd = 1 }, EINVAL },
		{ { .target = ALL, .pid = getpid() }, EINVAL },
		{ { .target = ALL, .fd = 1 }, EINVAL },
		{ { .target = TASK, .pid = getpid(), .fd = 1 }, EINVAL },
		{ { .target = CGROUP, .pid = getpid(), .fd = 1 }, EINVAL },
		{ { .target = TASK, .pid = 0x3ffffff }, ESRCH },
		{ { .target = TASK, .pid = 0x7fffffff }, ESRCH },
		{ { .target = TASK, .pid = 0 }, ESRCH },
		{ { .target = TASK, .pid = -1 }, ESRCH },
		{ { .target = TASK, .pid = -getpid() }, ESRCH },
		{ { .target = TASK, .pid = 0x80000000 }, ESRCH },
		{ { .target = CGROUP, .fd = -1 }, EBADF },
		{ { .target = CGROUP, .fd = 999 }, EBADF },
		{ { .target = CGROUP, .fd = self->fd }, EBADF },
	};
	struct syscount_watch args;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		args = bad[i].args;
		args.size = sizeof(args);
		EXPECT_EQ(bad[i].error, command(self->fd, SYSCOUNT_IOC_WATCH, sizeof(args), &args)) {
			TH_LOG("number %u", i);
		}
		EXPECT_EQ(EINVAL, try_read(self->fd));
	}
	/* And it can still become one. */
	EXPECT_EQ(0, watch_make(self->fd, ALL, 0, 0, 0));
}

TEST_F(bad, cgroup)
{
	static const char *const paths[] = {
		"/sys/fs/cgroup/cgroup.procs", "/proc", "/tmp", "/dev/null", "/proc/self/exe",
	};
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		EXPECT_EQ(-EBADF, watch_make(self->fd, CGROUP, 0, 0, fd)) {
			TH_LOG("%s", paths[i]);
		}
		close(fd);
	}
}

/* A process that has ended, waited for or not, is none any more. */
TEST_F(bad, task_that_is_gone)
{
	pid_t pid = fork();
	siginfo_t info;

	if (!pid)
		_exit(0);
	ASSERT_EQ(0, waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(-ESRCH, watch_make(self->fd, TASK, 0, 0, pid));
	wait_success(pid);
	EXPECT_EQ(-ESRCH, watch_make(self->fd, TASK, 0, 0, pid));
}

/* A namespace has numbers of its own, and what is outside has none. */
static int watch_from_inside(int fd, pid_t outside)
{
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		die("unshare: %m");
	pid = fork();
	if (!pid) {
		*answer = -watch_make(fd, TASK, 0, 0, outside ? outside : 1);
		_exit(0);
	}
	wait_success(pid);
	return *answer;
}

TEST_F(bad, pid_of_a_namespace)
{
	pid_t pid = getpid();

	EXPECT_EQ(ESRCH, AS(ROOT, watch_from_inside(self->fd, pid)));
	EXPECT_EQ(0, AS(ROOT, watch_from_inside(self->fd, 0)));
}

TEST_F(bad, twice)
{
	ASSERT_EQ(0, watch_make(self->fd, SELF, 0, 0, 0));
	EXPECT_EQ(-EBUSY, watch_make(self->fd, SELF, 0, 0, 0));
	EXPECT_EQ(-EBUSY, watch_make(self->fd, ALL, 0, 0, 0));
	EXPECT_EQ(0, try_read(self->fd));
}

TEST_F(bad, read_of_no_watch)
{
	EXPECT_EQ(EINVAL, try_read(self->fd));
}

TEST_F(bad, read_flags)
{
	unsigned int bit;

	ASSERT_EQ(0, watch_make(self->fd, SELF, 0, 0, 0));
	for (bit = 1; bit < 32; bit++) {
		EXPECT_EQ(-EINVAL, watch_read_flags(self->fd, 1u << bit, &reading)) {
			TH_LOG("bit %u", bit);
		}
	}
	EXPECT_EQ(0, watch_read_flags(self->fd, SYSCOUNT_READ_FORGET, &reading));
}

/* As all structs of this interface: see ioctl_abi. */
static void sizes(struct __test_metadata *_metadata, unsigned long code, size_t known)
{
	uint32_t args[1024] = {};
	size_t size;
	int fd;

	for (size = 0; size <= known + 64; size += 4) {
		fd = watch_file();
		if (_IOC_NR(code) == _IOC_NR(SYSCOUNT_IOC_READ_WATCH))
			ASSERT_EQ(0, watch_make(fd, SELF, 0, 0, 0));
		memset(args, 0, sizeof(args));
		args[0] = size + 4;
		EXPECT_EQ(EINVAL, command(fd, code, size, args)) {
			TH_LOG("%zu, and the member is %zu", size, size + 4);
		}
		args[0] = size;
		if (size > known) {
			((char *)args)[size - 1] = 1;
			EXPECT_EQ(E2BIG, command(fd, code, size, args)) {
				TH_LOG("%zu with something in it", size);
			}
			((char *)args)[size - 1] = 0;
		}
		EXPECT_EQ(size < SYSCOUNT_SIZE_MIN ? EINVAL : 0, command(fd, code, size, args)) {
			TH_LOG("%zu", size);
		}
		if (size >= SYSCOUNT_SIZE_MIN)
			EXPECT_EQ(known, args[0]);
		EXPECT_EQ(0, args[(size + 3) / 4]);
		close(fd);
	}
}

TEST_F(bad, sizes_of_watch)
{
	sizes(_metadata, SYSCOUNT_IOC_WATCH, sizeof(struct syscount_watch));
}

TEST_F(bad, sizes_of_read_watch)
{
	sizes(_metadata, SYSCOUNT_IOC_READ_WATCH, sizeof(struct syscount_watch_read));
}

/* A watch that has a job's two groups, all ended. */
static int ended_watch(void)
{
	struct arm arm = { watch_file(), SYSCOUNT_BY_PROCESS, ERRORS };
	char line[128];

	snprintf(line, sizeof(line), "has %s", program_beside("calls_64"));
	wait_success(job_start(&arm, 1, line));
	return arm.fd;
}

static struct syscount_watch_read whole_of(const struct reading *all)
{
	return (struct syscount_watch_read) {
		.size = sizeof(struct syscount_watch_read),
		.group_capacity = all->head.group_count,
		.row_capacity = all->head.row_count,
		.detail_capacity = all->head.detail_count,
		.groups = (uintptr_t)calloc(all->head.group_count, sizeof(*all->group)),
		.rows = (uintptr_t)calloc(all->head.row_count, sizeof(*all->row)),
		.details = (uintptr_t)calloc(all->head.detail_count, sizeof(*all->detail)),
	};
}

static bool same_reading(const struct syscount_watch_read *args, const struct reading *all)
{
	return args->total == all->head.total && args->group_count == all->head.group_count &&
	       args->row_count == all->head.row_count &&
	       args->detail_count == all->head.detail_count &&
	       !memcmp((void *)(uintptr_t)args->groups, all->group,
		       args->group_count * sizeof(*all->group)) &&
	       !memcmp((void *)(uintptr_t)args->rows, all->row,
		       args->row_count * sizeof(*all->row)) &&
	       !memcmp((void *)(uintptr_t)args->details, all->detail,
		       args->detail_count * sizeof(*all->detail));
}

/* A file whose caller cannot be told that it is a watch is none. */
TEST_F(bad, answer_that_cannot_be_stored)
{
	struct syscount_watch *args = mmap(NULL, sizeof(*args), PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, args);
	args->size = sizeof(*args);
	args->target = SYSCOUNT_TARGET_ALL;
	ASSERT_EQ(0, mprotect(args, sizeof(*args), PROT_READ));
	EXPECT_EQ(EFAULT, command(self->fd, SYSCOUNT_IOC_WATCH, sizeof(*args), args));
	EXPECT_EQ(0, watch_make(self->fd, SYSCOUNT_TARGET_ALL, SYSCOUNT_BY_NONE, 0, 0));
	munmap(args, sizeof(*args));
}

TEST_F(bad, pointers)
{
	struct syscount_watch_read good, args, *fixed;
	unsigned int flags;
	int fd = ended_watch();

	EXPECT_EQ(EFAULT, command(self->fd, SYSCOUNT_IOC_WATCH, sizeof(struct syscount_watch),
				  NULL));
	EXPECT_EQ(EFAULT, command(self->fd, SYSCOUNT_IOC_WATCH, sizeof(struct syscount_watch),
				  (void *)BAD_POINTER));
	EXPECT_EQ(EFAULT, command(fd, SYSCOUNT_IOC_READ_WATCH, sizeof(args), NULL));
	watch_read(fd, &reading);
	good = whole_of(&reading);
	for (flags = 0; flags <= SYSCOUNT_READ_FORGET; flags++) {
		args = good;
		args.flags = flags;
		args.groups = BAD_POINTER;
		EXPECT_EQ(EFAULT, command(fd, SYSCOUNT_IOC_READ_WATCH, sizeof(args), &args));
		args = good;
		args.flags = flags;
		args.rows = BAD_POINTER;
		EXPECT_EQ(EFAULT, command(fd, SYSCOUNT_IOC_READ_WATCH, sizeof(args), &args));
		args = good;
		args.flags = flags;
		args.details = BAD_POINTER;
		EXPECT_EQ(EFAULT, command(fd, SYSCOUNT_IOC_READ_WATCH, sizeof(args), &args));
	}
	/* All is stored but the struct itself, which can only be read. */
	fixed = mmap(NULL, sizeof(*fixed), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	ASSERT_NE(MAP_FAILED, fixed);
	*fixed = good;
	fixed->flags = SYSCOUNT_READ_FORGET;
	ASSERT_EQ(0, mprotect(fixed, sizeof(*fixed), PROT_READ));
	EXPECT_EQ(EFAULT, command(fd, SYSCOUNT_IOC_READ_WATCH, sizeof(*fixed), fixed));
	EXPECT_EQ(0, memcmp((void *)(uintptr_t)good.details, reading.detail,
			    good.detail_capacity * sizeof(*reading.detail)));
	munmap(fixed, sizeof(*fixed));
	/* A failed reading lets go of nothing. */
	args = good;
	EXPECT_EQ(0, command(fd, SYSCOUNT_IOC_READ_WATCH, sizeof(args), &args));
	EXPECT_TRUE(same_reading(&args, &reading));
	/* Where there is no room, no pointer is looked at. */
	args = (struct syscount_watch_read) {
		.size = sizeof(args),
		.groups = BAD_POINTER, .rows = BAD_POINTER, .details = BAD_POINTER,
	};
	EXPECT_EQ(0, command(fd, SYSCOUNT_IOC_READ_WATCH, sizeof(args), &args));
	EXPECT_EQ(reading.head.group_count, args.group_count);
	EXPECT_EQ(reading.head.row_count, args.row_count);
	EXPECT_EQ(reading.head.detail_count, args.detail_count);
	EXPECT_EQ(reading.head.total, args.total);
}

/* What fits is stored, and of the rest nothing: also not with FORGET. */
static void room_for_less(struct __test_metadata *_metadata, int fd, unsigned int flags,
			  uint32_t *capacity, uint32_t less, struct syscount_watch_read *args)
{
	*capacity -= less;
	args->flags = flags;
	ASSERT_EQ(0, command(fd, SYSCOUNT_IOC_READ_WATCH, sizeof(*args), args));
	EXPECT_EQ(reading.head.total, args->total);
	EXPECT_EQ(reading.head.group_count, args->group_count);
	EXPECT_EQ(reading.head.row_count, args->row_count);
	EXPECT_EQ(reading.head.detail_count, args->detail_count);
}

TEST_F(bad, room_for_less)
{
	struct syscount_watch_read args;
	unsigned int flags;
	int fd = ended_watch();

	watch_read(fd, &reading);
	ASSERT_EQ(2, reading.head.group_count);
	ASSERT_LT(4, reading.head.row_count);
	ASSERT_LT(1, reading.head.detail_count);
	for (flags = 0; flags <= SYSCOUNT_READ_FORGET; flags++) {
		struct syscount_watch_group *groups, no_group = {};
		struct syscount_watch_row *rows, no_row = {};
		struct syscount_watch_detail *details, no_detail = {};

		args = whole_of(&reading);
		groups = (void *)(uintptr_t)args.groups;
		room_for_less(_metadata, fd, flags, &args.group_capacity, 1, &args);
		EXPECT_EQ(0, memcmp(&reading.group[0], &groups[0], sizeof(*groups)));
		EXPECT_EQ(0, memcmp(&no_group, &groups[1], sizeof(*groups)));

		args = whole_of(&reading);
		rows = (void *)(uintptr_t)args.rows;
		room_for_less(_metadata, fd, flags, &args.row_capacity, 2, &args);
		EXPECT_EQ(0, memcmp(reading.row, rows, args.row_capacity * sizeof(*rows)));
		EXPECT_EQ(0, memcmp(&no_row, &rows[args.row_capacity], sizeof(*rows)));

		args = whole_of(&reading);
		details = (void *)(uintptr_t)args.details;
		room_for_less(_metadata, fd, flags, &args.detail_capacity, 1, &args);
		EXPECT_EQ(0, memcmp(reading.detail, details,
				    args.detail_capacity * sizeof(*details)));
		EXPECT_EQ(0, memcmp(&no_detail, &details[args.detail_capacity],
				    sizeof(*details)));
	}
}

/* Ended groups are returned once, others each time. */
TEST_F(bad, forget)
{
	int fd = watch_open(TASK, SYSCOUNT_BY_PROCESS, ERRORS, getpid());
	uint64_t flocks;
	pid_t pid;

	make_flocks(11);
	pid = job_start(NULL, 0, "flocks 101");
	wait_success(pid);
	watch_read(fd, &reading);
	EXPECT_EQ(2, reading.head.group_count);
	ASSERT_EQ(0, watch_read_flags(fd, SYSCOUNT_READ_FORGET, &reading));
	EXPECT_EQ(2, reading.head.group_count);
	EXPECT_EQ(101, group_calls(&reading, group_by_pid(&reading, pid), A64, SYS_flock));
	flocks = calls_of(&reading, A64, SYS_flock);
	EXPECT_EQ(112, flocks);

	ASSERT_EQ(0, watch_read_flags(fd, SYSCOUNT_READ_FORGET, &reading));
	EXPECT_EQ(1, reading.head.group_count);
	EXPECT_EQ(getpid(), reading.group[0].pid);
	EXPECT_EQ(11, calls_of(&reading, A64, SYS_flock));

	pid = job_start(NULL, 0, "flocks 103");
	wait_success(pid);
	watch_read(fd, &reading);
	EXPECT_EQ(2, reading.head.group_count);
	EXPECT_EQ(103, group_calls(&reading, group_by_pid(&reading, pid), A64, SYS_flock));
	EXPECT_EQ(114, calls_of(&reading, A64, SYS_flock));
}

/*
 * Of many calls, more of them in all than those after which a watch asks for more memory: it
 * does not, as each uses that of the one before.
 */
TEST_F(bad, forget_many_calls)
{
	unsigned int i, rows = 0;
	uint64_t cells;
	int fd;

	load_names();
	slabs_await_empty();	/* of watches that were closed before */
	fd = watch_open(TASK, SYSCOUNT_BY_PROCESS, 0, getpid());
	cells = slab_read(slab_names[SLAB_CELL]).objects;
	for (i = 0; i < 10; i++) {
		call_all_numbers(A64, 100, 1);
		ASSERT_EQ(0, watch_read_flags(fd, SYSCOUNT_READ_FORGET, &reading));
		ASSERT_EQ(2, reading.head.group_count);
		EXPECT_LT(40, reading.group[1].rows);
		EXPECT_EQ(0, reading.head.lost);
		rows += reading.group[1].rows;
	}
	EXPECT_LT(400, rows);
	EXPECT_EQ(cells, slab_read(slab_names[SLAB_CELL]).objects);
	ASSERT_EQ(0, watch_read_flags(fd, SYSCOUNT_READ_FORGET, &reading));
	EXPECT_EQ(1, reading.head.group_count);
	close(fd);
}

/* A page that is not there until it is given: who touches it waits. */
static void *awaited_page(int *uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .range.len = getpagesize(), .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *page = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	area.range.start = (uintptr_t)page;
	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (page == MAP_FAILED || *uffd < 0 || ioctl(*uffd, UFFDIO_API, &api) ||
	    ioctl(*uffd, UFFDIO_REGISTER, &area))
		die("a page to wait for: %m");
	return page;
}

struct slow_reader {
	int fd;
	void *page;
	int err;
};

static void *read_slowly(void *data)
{
	struct slow_reader *reader = data;
	struct syscount_watch_group group;
	struct syscount_watch_read args = {
		.size = sizeof(args), .group_capacity = 1, .groups = (uintptr_t)&group,
		.row_capacity = getpagesize() / sizeof(struct syscount_watch_row),
		.rows = (uintptr_t)reader->page,
	};

	reader->err = command(reader->fd, SYSCOUNT_IOC_READ_WATCH, sizeof(args), &args);
	return NULL;
}

/* One reads at a time; who waits for another, who waits for memory, can be killed. */
TEST_F(bad, reader_that_waits_is_killed)
{
	int fd = watch_open(TASK, SYSCOUNT_BY_NONE, 0, getpid()), uffd;
	struct slow_reader slow = { fd, awaited_page(&uffd), -1 };
	struct uffdio_zeropage zero = { .range.len = getpagesize() };
	struct uffd_msg touched;
	pthread_t thread;
	pid_t pid;

	make_flocks(11);
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_slowly, &slow));
	ASSERT_EQ(sizeof(touched), read(uffd, &touched, sizeof(touched)));
	pid = fork();
	if (!pid) {
		watch_read(fd, &reading);
		_exit(0);
	}
	wait_blocked(pid, SYS_ioctl);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, wait_status(pid));

	zero.range.start = (uintptr_t)slow.page;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_ZEROPAGE, &zero));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, slow.err);
	watch_read(fd, &reading);
	EXPECT_EQ(11, calls_of(&reading, A64, SYS_flock));
	munmap(slow.page, getpagesize());
	close(uffd);
	close(fd);
}

static void *read_without_caps(void *data)
{
	struct slow_reader *reader = data;

	set_caps(0);	/* of this thread */
	reader->err = command(reader->fd, SYSCOUNT_IOC_READ_WATCH,
			      sizeof(struct syscount_watch_read), reader->page);
	return NULL;
}

/* The file is no watch when he is let in, and is one of everybody when his arguments are there. */
TEST_F(bad, watch_of_all_while_arguments_are_awaited)
{
	struct syscount_watch_group group = {};
	int fd = watch_file(), uffd;
	struct slow_reader slow = { fd, awaited_page(&uffd), -1 };
	struct uffdio_copy copy = { .dst = (uintptr_t)slow.page, .len = getpagesize() };
	union {
		struct syscount_watch_read args;
		char page[1 << 16];
	} *from = calloc(1, sizeof(*from));
	struct uffd_msg touched;
	pthread_t thread;

	ASSERT_NE(NULL, from);
	from->args = (struct syscount_watch_read) {
		.size = sizeof(from->args), .group_capacity = 1, .groups = (uintptr_t)&group,
	};
	copy.src = (uintptr_t)from;
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_without_caps, &slow));
	ASSERT_EQ(sizeof(touched), read(uffd, &touched, sizeof(touched)));
	ASSERT_EQ(0, watch_make(fd, SYSCOUNT_TARGET_ALL, SYSCOUNT_BY_NONE, 0, 0));
	make_flocks(11);
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_COPY, &copy));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(EPERM, slow.err);
	EXPECT_EQ(0, group.rows);
	free(from);
	munmap(slow.page, getpagesize());
	close(uffd);
	close(fd);
}

#define NAMES	500

/* A reader is killed in the middle of many groups, and they are there for the next. */
TEST_F(bad, reader_is_killed)
{
	int fd = watch_open(TASK, SYSCOUNT_BY_COMMAND, 0, getpid()), i;
	uint32_t groups;
	char name[16];
	pid_t pid;

	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "reader %d", i);
		ASSERT_EQ(0, prctl(PR_SET_NAME, name));
		make_flocks(3);
	}
	/* Without the memory for a name its calls are with another one; that of the readers has it. */
	do {
		ASSERT_EQ(0, prctl(PR_SET_NAME, "readers"));
		watch_read(fd, &reading);
	} while (!group_by_command(&reading, "readers"));
	groups = reading.head.group_count;
	EXPECT_LE(NAMES / 10, groups);
	for (i = 0; i < 20; i++) {
		pid = fork();
		if (!pid) {
			board_arrive();
			for (;;)
				watch_read(fd, &reading);
		}
		board_await(i + 1);
		ASSERT_EQ(0, kill(pid, SIGKILL));
		EXPECT_EQ(SIGKILL, wait_status(pid));
	}
	watch_read(fd, &reading);
	EXPECT_EQ(groups, reading.head.group_count);
	EXPECT_EQ(3 * NAMES, calls_of(&reading, A64, SYS_flock));
	close(fd);
}

static void do_nothing(int signal) { }

/* Opened until a signal interrupts that, and nothing is left of it. */
TEST_F(bad, signal_while_it_is_opened)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = {};
	const struct sigaction action = { .sa_handler = do_nothing };
	int fd = watch_file(), err, tries = 0;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	do {
		ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
		err = watch_make(fd, ALL, SYSCOUNT_BY_NONE, 0, 0);
		ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
		if (!err) {
			close(fd);
			fd = watch_file();
		}
	} while (!err && ++tries < 1000);
	EXPECT_EQ(-EINTR, err);
	EXPECT_EQ(EINVAL, try_read(fd));
	EXPECT_EQ(0, file_read_u64(SYSCOUNT_SYSFS "watches"));
	slabs_await_empty();

	ASSERT_EQ(0, watch_make(fd, TASK, SYSCOUNT_BY_NONE, 0, getpid()));
	make_flocks(11);
	watch_read(fd, &reading);
	EXPECT_EQ(11, calls_of(&reading, A64, SYS_flock));
	close(fd);
}

/* Until the last file of it is closed. */
TEST_F(bad, file_of_a_child)
{
	int ends[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, watch_make(self->fd, TASK, 0, 0, getpid()));
	pid = fork();
	if (!pid) {
		char byte;

		if (read(ends[0], &byte, 1) != 1)
			_exit(1);
		make_flocks(13);
		watch_read(self->fd, &reading);
		_exit(calls_of(&reading, A64, SYS_flock));
	}
	make_flocks(17);
	close(self->fd);
	ASSERT_EQ(1, write(ends[1], "x", 1));
	EXPECT_EQ(13 + 17, WEXITSTATUS(wait_status(pid)));
}

/*
 * Too much of it
 */

FIXTURE(many) {};

FIXTURE_SETUP(many)
{
	struct rlimit files = { 8192, 8192 };

	module_ready("tracepoint");
	share_answer();
	board_new();
	if (setrlimit(RLIMIT_NOFILE, &files))
		die("RLIMIT_NOFILE: %m");
}

FIXTURE_TEARDOWN(many)
{
}

/* Too fast for him is not too many: EAGAIN ends by itself. */
static int open_one(int *fd)
{
	int err;

	*fd = watch_file();
	do {
		err = watch_make(*fd, SELF, 0, 0, 0);
		if (err == -EAGAIN)
			sched_yield();
	} while (err == -EAGAIN);
	return err;
}

static int all_that_he_may(void)
{
	int fds[SYSCOUNT_WATCHES_MAX], one, i;

	for (i = 0; i < SYSCOUNT_WATCHES_MAX; i++)
		if (open_one(&fds[i]))
			return 1000 + i;
	for (i = 0; i < 3; i++)
		if (open_one(&one) != -EMFILE)
			return 2000 + i;
	/* Memory is freed later than close() returns: that is a matter of time, not of how many. */
	close(fds[7]);
	if (open_one(&fds[7]))
		return 2500;
	if (open_one(&one) != -EMFILE)
		return 3000;
	for (i = 0; i < SYSCOUNT_WATCHES_MAX; i++)
		close(fds[i]);
	return open_one(&one) ? 4000 : 0;
}

TEST_F(many, watches_of_nobody)
{
	EXPECT_EQ(0, AS(NOBODY_AT_ALL, all_that_he_may()));
	/* Somebody else's are not his. */
	EXPECT_EQ(0, AS(SOMEBODY_ELSE, all_that_he_may()));
}

static int open_as(uid_t uid, int *fd)
{
	return setresuid(uid, -1, -1) ? 1 : open_one(fd);
}

/* Who owns a range of users opens as one and the other, and has a right to all of them. */
static int all_that_a_thread_may(void)
{
	static const uid_t users[] = { NOBODY, SOMEBODY };
	int fds[SYSCOUNT_WATCHES_MAX], one, i;

	for (i = 0; i < SYSCOUNT_WATCHES_MAX; i++)
		if (open_as(users[i % 2], &fds[i]))
			return 1000 + i;
	for (i = 0; i < 2; i++)
		if (open_as(users[i], &one) != -EMFILE)
			return 2000 + i;
	if (AS(ROOT_WITHOUT_CAPS, open_one(&one)) || AS(OTHER_CAPS, open_as(NOBODY, &one)))
		return 2500;
	close(fds[7]);
	return open_as(users[0], &fds[7]) || open_as(users[1], &one) != -EMFILE;
}

TEST_F(many, watches_of_a_thread)
{
	EXPECT_EQ(0, AS(OTHER_CAPS, all_that_a_thread_may()));
}

#define TASKS	100
#define EACH	10

static void be_a_task(unsigned int index)
{
	board_arrive();
	board_step_wait(1);
	make_flocks(101 + index);
	_exit(0);
}

TEST_F(many, thousand_watches)
{
	static int fds[TASKS][EACH];
	static pid_t pids[TASKS];
	unsigned int i, j, right = 0;

	for (i = 0; i < TASKS; i++) {
		pids[i] = fork();
		if (!pids[i])
			be_a_task(i);
	}
	board_await(TASKS);
	for (i = 0; i < TASKS; i++)
		for (j = 0; j < EACH; j++)
			fds[i][j] = watch_open(TASK, SYSCOUNT_BY_NONE, j & 1 ? ERRORS : 0, pids[i]);
	EXPECT_LE(TASKS * EACH, file_read_u64(SYSCOUNT_SYSFS "watches"));
	board_step(1);
	for (i = 0; i < TASKS; i++)
		wait_success(pids[i]);
	for (i = 0; i < TASKS; i++)
		for (j = 0; j < EACH; j++) {
			watch_read(fds[i][j], &reading);
			right += calls_of(&reading, A64, SYS_flock) == 101 + i;
			close(fds[i][j]);
		}
	EXPECT_EQ(TASKS * EACH, right);
}

/* All of them of one task, which is counted a thousand times. */
TEST_F(many, thousand_watches_of_a_task)
{
	static struct arm arms[TASKS * EACH];
	unsigned int i, right = 0;

	for (i = 0; i < ARRAY_SIZE(arms); i++)
		arms[i].fd = watch_file();
	wait_success(job_start(arms, ARRAY_SIZE(arms), "flocks 101"));
	for (i = 0; i < ARRAY_SIZE(arms); i++) {
		watch_read(arms[i].fd, &reading);
		right += calls_of(&reading, A64, SYS_flock) == 101;
		close(arms[i].fd);
	}
	EXPECT_EQ(ARRAY_SIZE(arms), right);
}

#define THREADS	200

static void *call_at_each_step(void *unused)
{
	uint32_t step;

	for (step = 1; step <= 3; step++) {
		board_arrive();
		board_step_wait(step);
		make_flocks(7);
	}
	return NULL;
}

static void be_threads(void)
{
	pthread_t threads[THREADS];
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, call_at_each_step, NULL))
			die("thread %u: %m", i);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

/* More at once than there are objects in stock, when they are met and when they are left. */
static void watch_threads(struct __test_metadata *_metadata, int by, unsigned int groups)
{
	unsigned int i, right = 0;
	pid_t pid;
	int fd;

	board_new();
	pid = fork();
	if (!pid)
		be_threads();
	board_await(THREADS);
	fd = watch_open(TASK, by, ERRORS, pid);
	board_step(1);
	board_await(2 * THREADS);
	watch_read(fd, &reading);
	EXPECT_EQ(1 + THREADS, reading.head.threads);
	EXPECT_EQ(groups, reading.head.group_count);
	for (i = 0; i < reading.head.group_count; i++)
		right += group_calls(&reading, &reading.group[i], A64, SYS_flock) == 7;
	EXPECT_EQ(by == SYSCOUNT_BY_THREAD ? THREADS : 0, right);
	EXPECT_EQ(7 * THREADS, calls_of(&reading, A64, SYS_flock));
	board_step(2);
	close(fd);
	board_await(3 * THREADS);
	slabs_await_empty();
	board_step(3);
	wait_success(pid);
}

TEST_F(many, threads_of_a_process)
{
	watch_threads(_metadata, SYSCOUNT_BY_NONE, 1);
	watch_threads(_metadata, SYSCOUNT_BY_THREAD, 1 + THREADS);
}

#define BOMB	1000

/* Probes cannot allocate: what is lost is said, and of the others nothing is. */
TEST_F(many, fork_bomb)
{
	struct arm arms[] = {
		{ watch_file(), SYSCOUNT_BY_PROCESS, ERRORS | LATENCY },
		{ watch_file(), SYSCOUNT_BY_NONE, 0 },
	};
	unsigned int i;
	pid_t pid;

	pid = job_start(arms, 2, "bomb 1000");
	board_await(BOMB);
	for (i = 0; i < 2; i++) {
		watch_read(arms[i].fd, &reading);
		EXPECT_EQ(1 + BOMB, reading.head.threads + reading.head.lost_threads);
	}
	board_step(1);
	wait_success(pid);
	for (i = 0; i < 2; i++) {
		uint64_t watched, calls;

		watch_read(arms[i].fd, &reading);
		watched = BOMB - reading.head.lost_threads;
		calls = calls_of(&reading, A64, SYS_flock);
		EXPECT_EQ(0, reading.head.threads);
		EXPECT_GE(3 * watched, calls);
		EXPECT_LE(3 * watched, calls + reading.head.lost) {
			TH_LOG("lost threads %ju, lost %ju",
			       (uintmax_t)reading.head.lost_threads,
			       (uintmax_t)reading.head.lost);
		}
		EXPECT_LT(BOMB / 2, watched);
	}
}

/* Its target in the middle of everything, the file is closed, and closed by the kernel. */
TEST_F(many, closed_in_the_middle)
{
	unsigned int i;
	pid_t pid;

	for (i = 0; i < 50; i++) {
		struct arm arms[] = {
			{ watch_file(), SYSCOUNT_BY_PROCESS, i % 4 },
			{ watch_file(), SYSCOUNT_BY_THREAD, ~i % 4 },
		};

		board->step = 0;
		pid = job_start(arms, 2, "bomb 5");
		close(arms[0].fd);
		/* It may not be a watch yet. */
		watch_read_flags(arms[1].fd, 0, &reading);
		board_await(5 * i + 5);
		close(arms[1].fd);
		board_step(1);
		wait_success(pid);
	}
	/* Who has the file is killed. */
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		watch_open(ALL, SYSCOUNT_BY_PROCESS, ERRORS | LATENCY, 0);
		board_arrive();
		pause();
	}
	board_await(5 * i + 1);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	wait_status(pid);
}

/* The kernel's log, from log_mark() on */
static int log_fd;

static void log_mark(void)
{
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_fd < 0 || lseek(log_fd, 0, SEEK_END) < 0)
		die("/dev/kmsg: %m");
}

/*
 * Lines but for the one of each loading; the last such is in @text. A kernel that looks for data
 * races says at any time that it found one of its own: there only lines of the module.
 */
static unsigned int log_others(char *text, size_t size)
{
	bool any = access("/sys/kernel/debug/kcsan", F_OK);
	unsigned int others = 0;
	char record[4096];
	ssize_t got;

	while ((got = read(log_fd, record, sizeof(record) - 1)) > 0) {
		record[got] = '\0';
		if (strstr(record, ";syscount: 1.0: hook ") ||
		    (!any && !strstr(record, ";syscount: ")))
			continue;
		snprintf(text, size, "%.200s", record);
		others++;
	}
	return others;
}

TEST_F(many, unloaded_after_the_last_is_closed)
{
	char line[512] = "";
	unsigned int i;
	int task, all;
	pid_t pid;

	log_mark();
	for (i = 0; i < 10; i++) {
		const char *hook = i & 1 && kernel_has_hook("direct") ? "direct" : "tracepoint";

		module_ready(hook);
		board_new();
		pid = job_start(NULL, 0, "bomb 5");
		board_await(5);
		task = watch_open(TASK, SYSCOUNT_BY_PROCESS, ERRORS | LATENCY, pid);
		all = watch_open(ALL, SYSCOUNT_BY_THREAD, i & 2 ? ERRORS : 0, 0);
		EXPECT_EQ(-EAGAIN, module_remove());
		watch_read(all, &reading);
		close(all);
		EXPECT_EQ(-EAGAIN, module_remove());
		close(task);
		EXPECT_EQ(0, module_remove());
		EXPECT_FALSE(module_loaded());
		board_step(1);
		wait_success(pid);
		ASSERT_EQ(0, module_insert("hook=tracepoint"));
	}
	EXPECT_EQ(0, log_others(line, sizeof(line))) {
		TH_LOG("%s", line);
	}
}

TEST_HARNESS_MAIN
