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

#endif /* _UAPI_LINUX_SYSCOUNT_H */
