/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ioctl interface of /dev/syscount, described for its users in syscount(4).
 *
 * Every struct starts with its own size and can grow at the end. The size that
 * a command encodes must equal the member: another one is EINVAL, as is one
 * below SYSCOUNT_SIZE_MIN. A caller with a smaller struct gets as much of the
 * answer as fits and zeroes for what it did not send; one with a larger struct
 * gets E2BIG if a byte that this module does not know is set. On return the
 * member holds the size that the module knows.
 *
 * Flags and reserved members that are not zero: EINVAL. Unknown commands: ENOTTY.
 * Bad addresses: EFAULT. A command that fails has changed nothing in the module.
 *
 * The layout is the same for 32-bit and 64-bit callers.
 */
#ifndef _UAPI_LINUX_SYSCOUNT_H
#define _UAPI_LINUX_SYSCOUNT_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SYSCOUNT_DEVICE		"/dev/syscount"
/* Counts up when a caller could tell the difference other than by a struct's size. */
#define SYSCOUNT_ABI_VERSION	1
#define SYSCOUNT_SIZE_MIN	8

/*
 * Values of every member "abi": by which table of the kernel a number is taken.
 * The words in the comments are the ones that /proc/syscount prints.
 */
enum syscount_abi {
	SYSCOUNT_ABI_64		= 0,	/* "64" */
	SYSCOUNT_ABI_I386	= 1,	/* "i386" */
	SYSCOUNT_ABI_X32	= 2,	/* "x32"; nr is without bit 30 */
	SYSCOUNT_ABI_ARM	= 3,	/* "arm": 32-bit programs on arm64 */
	SYSCOUNT_ABI_COUNT
};

/* Values of every member "category"; the words are the names in lower case. */
enum syscount_category {
	SYSCOUNT_CAT_PROCESS		= 0,
	SYSCOUNT_CAT_FILE		= 1,
	SYSCOUNT_CAT_DEVICE		= 2,
	SYSCOUNT_CAT_INFO		= 3,
	SYSCOUNT_CAT_COMMUNICATION	= 4,
	SYSCOUNT_CAT_UNKNOWN		= 5,	/* no call of the kernel, or not in the map */
	SYSCOUNT_CAT_COUNT
};

/* Room for categories in the structs below, so that a new one moves nothing. */
#define SYSCOUNT_CAT_ROOM	8

enum syscount_state {
	SYSCOUNT_OFF		= 0,
	SYSCOUNT_ON		= 1,
	SYSCOUNT_PARTIAL	= 2,	/* on, but this hook does not see all of it */
};

/* Values of every member "hook", and bit numbers in syscount_info.hooks. */
enum syscount_hook_id {
	SYSCOUNT_HOOK_NONE		= 0,	/* everything is off: nothing is hooked */
	SYSCOUNT_HOOK_DIRECT		= 1,
	SYSCOUNT_HOOK_TRACEPOINT	= 2,
	SYSCOUNT_HOOK_KPROBE		= 3,
	SYSCOUNT_HOOK_COUNT
};

/* SYSCOUNT_IOC_GET_VERSION: for anyone. */
struct syscount_version {
	__u32 size;
	__u32 flags;			/* in: 0 */
	__u32 abi_version;		/* out: SYSCOUNT_ABI_VERSION of the module */
	__u32 reserved;			/* in: 0 */
	char module[16];		/* out: the module's version, "1.0" */
};

/* SYSCOUNT_IOC_GET_INFO: for those who may read the counters, else EPERM. */
struct syscount_info {
	__u32 size;
	__u32 flags;			/* in: 0 */
	__u32 hook;			/* out: that counts now, SYSCOUNT_HOOK_NONE if all is off */
	__u32 hook_chosen;		/* out: that counts as soon as something is on */
	__u32 hooks;			/* out: bits of those that this kernel can have */
	__u32 abis;			/* out: bits of those that this kernel was built with */
	__u32 cpu_ids;			/* out: CPUs are numbered below this */
	__u32 reserved;			/* in: 0 */
	__u64 loaded_ns;		/* out: CLOCK_BOOTTIME, counting began */
	__u64 since_ns;			/* out: the same, or the last reset */
	__u64 now_ns;			/* out: CLOCK_BOOTTIME */
};

struct syscount_name {
	__s32 nr;
	__u8 abi;
	__u8 category;			/* SYSCOUNT_CAT_UNKNOWN: named, but not in the map */
	__u16 reserved;
	char name[40];			/* as in the kernel's headers, without __NR_ */
	char entry[64];			/* the kernel's function, never an address */
};

/*
 * SYSCOUNT_IOC_GET_NAMES: for anyone. All calls that the kernel has a name for,
 * in (abi, nr) order. The first @capacity of them are stored at @names; @count
 * is how many there are, so a call with @capacity 0 asks for the room needed.
 */
struct syscount_names {
	__u32 size;
	__u32 flags;			/* in: 0 */
	__u32 capacity;			/* in: struct syscount_name that fit at @names */
	__u32 count;			/* out */
	__aligned_u64 names;		/* in: struct syscount_name * */
};

/* Bits of syscount_row.flags */
#define SYSCOUNT_ROW_OTHER	0x01	/* nr is '*': the numbers that got no row of their own */
#define SYSCOUNT_ROW_NAMED	0x02	/* SYSCOUNT_IOC_GET_NAMES has it */
#define SYSCOUNT_ROW_SWITCHED	0x04	/* off by its own switch, whatever its category is */

struct syscount_row {
	__s32 nr;
	__u8 abi;
	__u8 category;
	__u8 state;			/* SYSCOUNT_ON if category and call are on */
	__u8 flags;			/* SYSCOUNT_ROW_* */
	__u64 calls;
};

struct syscount_total {
	__u32 state;
	__u32 reserved;
	__u64 calls;
};

/* Bits of syscount_read.flags */
#define SYSCOUNT_READ_ALL	0x01	/* rows without a call too */
#define SYSCOUNT_READ_CPU	0x02	/* of one CPU, since loading: see below */

/*
 * SYSCOUNT_IOC_READ: for those who may read the counters, else EPERM.
 *
 * Rows come in (abi, nr) order, '*' last in its abi. The first @capacity of them
 * are stored at @rows; @count is how many there are: when it is larger, ask again
 * with more room. All numbers of one reading are one snapshot: the sum over all
 * rows is @total, and so is the sum of @categories. It is not atomic across CPUs.
 * ENXIO: no such CPU.
 *
 * The counters of a single CPU are those since loading: a reset is not seen there.
 * Numbers outside the tables have no rows of their own there, but are in '*'.
 */
struct syscount_read {
	__u32 size;
	__u32 flags;			/* in: SYSCOUNT_READ_* */
	__u32 cpu;			/* in: with SYSCOUNT_READ_CPU, else 0 */
	__u32 capacity;			/* in: struct syscount_row that fit at @rows */
	__u32 count;			/* out */
	__u32 hook;			/* out: as in struct syscount_info */
	__aligned_u64 rows;		/* in: struct syscount_row * */
	__u64 since_ns;			/* out: CLOCK_BOOTTIME, load or last reset */
	__u64 now_ns;			/* out: CLOCK_BOOTTIME, of this reading */
	__u64 total;			/* out */
	struct syscount_total categories[SYSCOUNT_CAT_ROOM];	/* out */
};

/*
 * SYSCOUNT_IOC_RESET: CAP_SYS_ADMIN, else EPERM. All counters to zero, for
 * everybody. Calls made after it returns are all counted.
 */
struct syscount_reset {
	__u32 size;
	__u32 flags;			/* in: 0 */
};

/* Values of syscount_switch_item.what */
enum syscount_switch_what {
	SYSCOUNT_SWITCH_CATEGORY	= 0,	/* @category, SYSCOUNT_CAT_UNKNOWN too */
	SYSCOUNT_SWITCH_SYSCALL		= 1,	/* @abi and @nr: one that has a name */
};

struct syscount_switch_item {
	__u8 what;
	__u8 on;			/* 0 or 1 */
	__u8 category;			/* 0 unless @what is SYSCOUNT_SWITCH_CATEGORY */
	__u8 abi;			/* 0 unless @what is SYSCOUNT_SWITCH_SYSCALL */
	__s32 nr;			/* the same */
};

/*
 * SYSCOUNT_IOC_SWITCH: CAP_SYS_ADMIN, else EPERM. Switches all @count items in
 * their order or none. EINVAL: an item that is not valid. ENOENT: no such
 * syscall. E2BIG: more than SYSCOUNT_SWITCH_MAX items. Other errors: something
 * had to be hooked, and could not be.
 */
#define SYSCOUNT_SWITCH_MAX	4096
struct syscount_switch {
	__u32 size;
	__u32 flags;			/* in: 0 */
	__u32 count;			/* in: items at @items */
	__u32 reserved;			/* in: 0 */
	__aligned_u64 items;		/* in: const struct syscount_switch_item * */
};

/*
 * SYSCOUNT_IOC_COST: for those who may read the counters, else EPERM. What the hook
 * adds to a call: the time that @calls calls of a function of the module take, the
 * shortest of many rounds, with the hook's instructions in it and without. They run as
 * in a call, and count nothing. With @calls 0, nothing is hooked, or the hook
 * cannot be tried so: for SYSCOUNT_HOOK_TRACEPOINT see SYSCOUNT_IOC_BYPASS. Takes
 * milliseconds, with SYSCOUNT_HOOK_KPROBE more. EAGAIN: the hook is being changed, or
 * was meanwhile. EINTR: the caller is being killed.
 */
struct syscount_cost {
	__u32 size;
	__u32 flags;			/* in: 0 */
	__u32 hook;			/* out: as in struct syscount_info */
	__u32 calls;			/* out */
	__u64 hooked_ns;		/* out: of @calls calls */
	__u64 bare_ns;			/* out: the same */
	__u64 changes;			/* out: of the hook so far; the same later: none since */
};

/*
 * SYSCOUNT_IOC_BYPASS: CAP_SYS_ADMIN, else EPERM. For the next SYSCOUNT_BYPASS_MS, or
 * until the hook is changed, the calling thread's system calls are made as if there
 * was no tracepoint for them, to be timed: this module does not count them, and no
 * other user of sys_enter and sys_exit sees them. That goes for what it forks
 * meanwhile, too. One thread at a time: the one before is let go. Asked for again, it
 * goes on; with SYSCOUNT_BYPASS_END it ends. EOPNOTSUPP: the hook is not
 * SYSCOUNT_HOOK_TRACEPOINT.
 */
#define SYSCOUNT_BYPASS_MS	20
#define SYSCOUNT_BYPASS_END	0x01	/* bit of syscount_bypass.flags */
struct syscount_bypass {
	__u32 size;
	__u32 flags;			/* in: SYSCOUNT_BYPASS_* */
};

/* Values of syscount_watch.target: whose calls a watch counts. */
enum syscount_target {
	SYSCOUNT_TARGET_SELF	= 0,	/* the calling thread, from its next execve() on */
	SYSCOUNT_TARGET_TASK	= 1,	/* the process, or with NO_THREADS the thread, @pid */
	SYSCOUNT_TARGET_CGROUP	= 2,	/* who is in the cgroup (v2) @fd, or in one below it */
	SYSCOUNT_TARGET_ALL	= 3,	/* everybody */
};

/* Values of syscount_watch.by: what a watch has a group of its own for. */
enum syscount_by {
	SYSCOUNT_BY_NONE	= 0,	/* one group for all */
	SYSCOUNT_BY_PROCESS	= 1,
	SYSCOUNT_BY_THREAD	= 2,
	SYSCOUNT_BY_CGROUP	= 3,	/* where a thread is when it calls */
	SYSCOUNT_BY_COMMAND	= 4,	/* what a thread's name is when it calls */
};

/* Bits of syscount_watch.flags */
#define SYSCOUNT_WATCH_ERRORS		0x01	/* exits, and errors by their number */
#define SYSCOUNT_WATCH_LATENCY		0x02	/* exits, and how long calls take */
#define SYSCOUNT_WATCH_OBJECTS		0x04	/* rows by what the file descriptor is */
#define SYSCOUNT_WATCH_NO_CHILDREN	0x08	/* not the processes that a target starts or has */
#define SYSCOUNT_WATCH_NO_THREADS	0x10	/* nor its threads; needs NO_CHILDREN */

/*
 * SYSCOUNT_IOC_WATCH: makes the open file a watch, until it is closed: the module counts
 * the target's calls, and those of the processes and threads it starts, for this file
 * alone. They are read with SYSCOUNT_IOC_READ_WATCH. A call counts as it does in the
 * counters: what is switched off there is not counted here.
 *
 * SELF is for anyone whose credentials are those that the file was opened with. Counting
 * begins with the entry of the thread's next execve() or execveat(); what it forks before
 * that is not counted. Unless opener and caller have CAP_PERFMON, it ends for a task that an
 * execve() gives other credentials, or whose program its user may not read: see
 * syscount_watch_read.left.
 *
 * The other targets need CAP_PERFMON (or CAP_SYS_ADMIN), opener and caller, else EPERM.
 * Counting begins before the command returns; threads and descendants that there are
 * count from then on, too. @pid is of the caller's PID namespace.
 *
 * EINVAL: NO_CHILDREN or NO_THREADS with a target that they say nothing of. EBUSY: the file
 * is a watch already. EAGAIN: too many in a short time, try again. EMFILE: the user has
 * SYSCOUNT_WATCHES_MAX, or the thread is watched by so many, be they of several users.
 * ENOMEM: no memory, or more than SYSCOUNT_WATCH_BYTES_MAX for the user. These limits are
 * for callers without CAP_PERFMON. ESRCH: no such task. EBADF: @fd is no cgroup. ENOENT:
 * it is one that was removed. EINTR: a signal came before all tasks there are were found.
 * EOPNOTSUPP: this kernel cannot.
 */
#define SYSCOUNT_WATCHES_MAX		256
#define SYSCOUNT_WATCH_BYTES_MAX	(64 << 20)
struct syscount_watch {
	__u32 size;
	__u32 flags;			/* in: SYSCOUNT_WATCH_* */
	__u32 target;			/* in: SYSCOUNT_TARGET_* */
	__u32 by;			/* in: SYSCOUNT_BY_* */
	__s32 pid;			/* in: with SYSCOUNT_TARGET_TASK, else 0 */
	__s32 fd;			/* in: with SYSCOUNT_TARGET_CGROUP, else 0 */
};

/* Bits of syscount_watch_group.flags */
#define SYSCOUNT_GROUP_ENDED	0x01	/* nobody is in it now */

/* Members that the grouping does not set are 0. */
struct syscount_watch_group {
	__u32 flags;			/* SYSCOUNT_GROUP_* */
	__u32 threads;			/* that are in it now */
	__s32 pid;			/* PROCESS, THREAD: in the opener's namespace, 0: outside */
	__s32 tid;			/* THREAD: the same */
	__u64 start_ns;			/* PROCESS, THREAD: CLOCK_BOOTTIME, when it was started */
	__u64 cgroup;			/* CGROUP; PROCESS, THREAD: at first; its inode number */
	char command[16];		/* PROCESS, THREAD: its last name; COMMAND */
	__u32 first_row;		/* its rows in @rows, of all that there are */
	__u32 rows;
};

/* Values of syscount_watch_row.object */
enum syscount_object {
	SYSCOUNT_OBJECT_NONE	= 0,	/* not known: the call takes none, or a bad one */
	SYSCOUNT_OBJECT_FILE	= 1,	/* whatever is none of the others */
	SYSCOUNT_OBJECT_DEVICE	= 2,	/* character or block device: category device */
	SYSCOUNT_OBJECT_CHANNEL	= 3,	/* socket, pipe or fifo: category communication */
	SYSCOUNT_OBJECT_COUNT
};

/*
 * One call of one group. @nr, @abi, @category, @state, @flags: as in struct
 * syscount_row, @category after @object. Without SYSCOUNT_WATCH_ERRORS and
 * SYSCOUNT_WATCH_LATENCY @in_flight and all from @exits on are 0; without the latter the
 * times are.
 */
struct syscount_watch_row {
	__s32 nr;
	__u8 abi;
	__u8 category;
	__u8 state;
	__u8 flags;
	__u8 object;			/* SYSCOUNT_OBJECT_* */
	__u8 reserved[3];
	__u32 in_flight;		/* threads that are in the call now */
	__u64 calls;			/* entries */
	__u64 exits;			/* returns of these; a call that never returns has none */
	__u64 errors;			/* exits with one, those that are restarted apart */
	__u64 restarted;		/* exits by a signal, to be called again maybe */
	__u64 refused;			/* answered before entry: by seccomp, or by a tracer */
	__u64 oldest_ns;		/* how long the longest of @in_flight is in the call */
	__u64 total_ns;			/* of all exits */
	__u64 min_ns;
	__u64 max_ns;
	__u32 first_detail;		/* its details in @details, of all that there are */
	__u32 details;
};

/* Values of syscount_watch_detail.kind */
enum syscount_detail {
	SYSCOUNT_DETAIL_ERRNO	= 0,	/* @count of @errors had the number @value */
	SYSCOUNT_DETAIL_LATENCY	= 1,	/* @count of @exits took [2^(@value - 1), 2^@value) ns */
};

struct syscount_watch_detail {
	__u32 kind;			/* SYSCOUNT_DETAIL_* */
	__u32 value;
	__u64 count;
};

/* Bits of syscount_watch_read.flags */
#define SYSCOUNT_READ_FORGET	0x01	/* let go of the ended groups of this reading */

/*
 * SYSCOUNT_IOC_READ_WATCH: what a watch counted since it was opened. The reader has CAP_PERFMON;
 * or its user and user namespace are those of the opener, who had not; else EPERM.
 * EINVAL: the file is no watch.
 *
 * Groups come in the order in which they were made, rows in (abi, nr, object) order within
 * their group, details in (kind, value) order within their row. Of each as many are
 * stored as there is room for; if there are more than that, ask again with more room.
 * The first group has a row for each call that is off by its own switch, counted or not.
 * All numbers of one reading fit: the sum over all rows is @total, and so is that over
 * @categories. While the target runs, @exits and what goes with them may be one ahead
 * of each other in a thread.
 *
 * Groups that have ended stay until the watch is closed, or until a reading with
 * SYSCOUNT_READ_FORGET for which there was room has returned them; one that fails has not,
 * whatever it stored. The totals of this struct are then without them.
 */
struct syscount_watch_read {
	__u32 size;
	__u32 flags;			/* in: SYSCOUNT_READ_FORGET */
	__u32 group_capacity;		/* in: struct syscount_watch_group that fit at @groups */
	__u32 row_capacity;		/* in: struct syscount_watch_row that fit at @rows */
	__u32 detail_capacity;		/* in: struct syscount_watch_detail that fit at @details */
	__u32 group_count;		/* out */
	__u32 row_count;		/* out */
	__u32 detail_count;		/* out */
	__aligned_u64 groups;		/* in: struct syscount_watch_group * */
	__aligned_u64 rows;		/* in: struct syscount_watch_row * */
	__aligned_u64 details;		/* in: struct syscount_watch_detail * */
	__u64 since_ns;			/* out: CLOCK_BOOTTIME, SYSCOUNT_IOC_WATCH */
	__u64 now_ns;			/* out: CLOCK_BOOTTIME, of this reading */
	__u64 total;			/* out: calls */
	struct syscount_total categories[SYSCOUNT_CAT_ROOM];	/* out: calls */
	__u64 lost;			/* out: calls, details, changes of group without memory */
	__u64 lost_threads;		/* out: threads not watched: no memory */
	__u64 left;			/* out: threads not watched any more: see SELF */
	__u32 threads;			/* out: that are watched now */
	__u32 hook;			/* out: as in struct syscount_info */
};

/* 0xE8 00-0F: free in the kernel's Documentation/userspace-api/ioctl/ioctl-number.rst */
#define SYSCOUNT_IOC_MAGIC	0xE8

#define SYSCOUNT_IOC_GET_VERSION	_IOWR(SYSCOUNT_IOC_MAGIC, 0x00, struct syscount_version)
#define SYSCOUNT_IOC_GET_INFO		_IOWR(SYSCOUNT_IOC_MAGIC, 0x01, struct syscount_info)
#define SYSCOUNT_IOC_GET_NAMES		_IOWR(SYSCOUNT_IOC_MAGIC, 0x02, struct syscount_names)
#define SYSCOUNT_IOC_READ		_IOWR(SYSCOUNT_IOC_MAGIC, 0x03, struct syscount_read)
#define SYSCOUNT_IOC_RESET		_IOWR(SYSCOUNT_IOC_MAGIC, 0x04, struct syscount_reset)
#define SYSCOUNT_IOC_SWITCH		_IOWR(SYSCOUNT_IOC_MAGIC, 0x05, struct syscount_switch)
#define SYSCOUNT_IOC_COST		_IOWR(SYSCOUNT_IOC_MAGIC, 0x06, struct syscount_cost)
#define SYSCOUNT_IOC_BYPASS		_IOWR(SYSCOUNT_IOC_MAGIC, 0x07, struct syscount_bypass)
#define SYSCOUNT_IOC_WATCH		_IOWR(SYSCOUNT_IOC_MAGIC, 0x08, struct syscount_watch)
#define SYSCOUNT_IOC_READ_WATCH	_IOWR(SYSCOUNT_IOC_MAGIC, 0x09, struct syscount_watch_read)

#endif /* _UAPI_LINUX_SYSCOUNT_H */
