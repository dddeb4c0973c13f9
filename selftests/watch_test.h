/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of watches share, on top of syscount_test.h: watches and their
 * readings, and jobs: what a test program does when it is executed anew, since a
 * task that watches itself is counted from an execve() on.
 */
#ifndef _WATCH_TEST_H
#define _WATCH_TEST_H

#include "syscount_test.h"

#define ERRORS		SYSCOUNT_WATCH_ERRORS
#define LATENCY		SYSCOUNT_WATCH_LATENCY
#define OBJECTS		SYSCOUNT_WATCH_OBJECTS
#define NO_CHILDREN	SYSCOUNT_WATCH_NO_CHILDREN
#define NO_THREADS	SYSCOUNT_WATCH_NO_THREADS

#define A64	SYSCOUNT_ABI_64
#define AI386	SYSCOUNT_ABI_I386
#define AX32	SYSCOUNT_ABI_X32

/* A file of the device that no execve() hands on; @of is a pid or an fd, where one is due. */
int watch_file(void);
int watch_make(int fd, int target, int by, unsigned int flags, int of);	/* 0 or -errno */
int watch_open(int target, int by, unsigned int flags, int of);		/* both, or dies */

/* All that a reading has, whatever the room it takes. */
struct reading {
	struct syscount_watch_read head;
	struct syscount_watch_group *group;
	struct syscount_watch_row *row;
	struct syscount_watch_detail *detail;
};

/*
 * The form is looked at each time: groups and rows next to each other and in
 * order, sums that fit. @reading is freed by the next one into it.
 */
int watch_read_flags(int fd, unsigned int flags, struct reading *reading);	/* 0 or -errno */
void watch_read(int fd, struct reading *reading);
void reading_free(struct reading *reading);

/* Of a target that has ended: exits, errors and times fit too. NULL, or what does not. */
const char *reading_flaw(const struct reading *reading, unsigned int flags);

/* A row of one group, NULL if there is none; all rows of a call, added up. */
const struct syscount_watch_row *group_row(const struct reading *reading,
					   const struct syscount_watch_group *group,
					   int abi, int nr);
const struct syscount_watch_row *group_row_object(const struct reading *reading,
						  const struct syscount_watch_group *group,
						  int abi, int nr, int object);
uint64_t group_calls(const struct reading *reading, const struct syscount_watch_group *group,
		     int abi, int nr);
struct syscount_watch_row row_of(const struct reading *reading, int abi, int nr);
uint64_t calls_of(const struct reading *reading, int abi, int nr);

/* How many of the errors of a call were this one, of all groups. */
uint64_t errno_of(const struct reading *reading, int abi, int nr, int error);
uint64_t details_sum(const struct reading *reading, const struct syscount_watch_row *row,
		     unsigned int kind);

/* NULL: there is none, or more than one. */
const struct syscount_watch_group *group_by_pid(const struct reading *reading, pid_t pid);
const struct syscount_watch_group *group_by_tid(const struct reading *reading, pid_t tid);
const struct syscount_watch_group *group_by_command(const struct reading *reading,
						    const char *command);
const struct syscount_watch_group *group_by_cgroup(const struct reading *reading, uint64_t id);

/*
 * Jobs: the test program has the table, which a member without a name ends. They
 * end with _exit(0) when @run returns.
 */
struct job {
	const char *name;
	void (*run)(void);
};

extern const struct job jobs[];

const char *job_word(unsigned int index);	/* of those after its name; dies without */
long job_number(unsigned int index);

/* A watch to make of oneself. */
struct arm {
	int fd;
	int by;
	unsigned int flags;
};

/*
 * A child that makes these watches of itself and becomes the job, or another program:
 * the next call that it makes is that execve(). @line: name and words, a blank between.
 */
pid_t job_start(const struct arm *arms, unsigned int count, const char *line);
pid_t program_start(const struct arm *arms, unsigned int count, const char *path);
__attribute__((noreturn)) void job_exec(const char *line);
void arm_all(const struct arm *arms, unsigned int count);
const char *program_beside(const char *name);	/* path of one in program_dir() */

/* fork() that does not fail, for a child with this number, or any for 0. -EEXIST: it is used. */
pid_t fork_as(pid_t pid);

int wait_status(pid_t pid);
void wait_success(pid_t pid);

/*
 * Memory that a test and its jobs share. Waiting is by futex, and for a minute at
 * most, times kernel_slowness().
 */
#define BOARD_MEMBERS	64

struct board {
	uint32_t step;		/* test to jobs */
	uint32_t arrived;	/* jobs to test */
	uint64_t number[BOARD_MEMBERS];
	struct board_member {
		int32_t pid;
		int32_t tid;
		uint64_t calls;
	} member[BOARD_MEMBERS];
};

extern struct board *board;

void board_new(void);				/* by the test, before its jobs start */
void board_step(uint32_t step);
void board_step_wait(uint32_t step);
void board_arrive(void);
void board_await(uint32_t arrived);
void no_child_failed(void);			/* for who waits: one that died will never come */
void board_sign(unsigned int index);		/* pid and tid of the caller */

/*
 * What the kernel has in a slab cache, by /proc/slabinfo. Caches that look alike must not be one:
 * the kernel's command line must have slab_nomerge. Those of the module are of
 * nobody's if no watch is open: but its memory is freed some time after a watch is closed.
 */
struct slab {
	uint64_t objects;	/* in use; nothing that only waits to be used again */
	uint64_t size;		/* of one, in bytes */
};

enum { SLAB_WATCHED, SLAB_MEMBER, SLAB_GROUP, SLAB_CELL, SLABS };

extern const char *const slab_names[SLABS];

struct slab slab_read(const char *cache);
uint64_t slabs_bytes(void);			/* of all objects of the module's caches */
void slabs_await_empty(void);

/* @count calls that fail with EBADF, and that nobody else makes. */
void make_flocks(uint64_t count);

/* Member @index of @all has so many of @calls. */
uint64_t share_of(uint64_t calls, unsigned int index, unsigned int all);

#endif
