/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the C tests share. Helpers that fail say why and end the process, which
 * fails the test. A program that is linked with this ends as skipped outside
 * the test VM, before main().
 */
#ifndef _SYSCOUNT_TEST_H
#define _SYSCOUNT_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>

#include <linux/syscount.h>

#define SYSCOUNT_PROC	"/proc/syscount"
#define SYSCOUNT_SYSFS	"/sys/class/misc/syscount/"

#define X32_BIT		0x40000000u

__attribute__((format(printf, 1, 2), noreturn))
void die(const char *format, ...);

/* What a test did, and how often, for those who read that it passed. */
__attribute__((format(printf, 1, 2)))
void tell(const char *format, ...);

/*
 * For a fixture, where the harness's SKIP() leaves the fixture only and the test runs without
 * it; and for functions. The test ends as skipped at once: no teardown, and what it has found
 * wrong before is lost.
 */
__attribute__((format(printf, 1, 2), noreturn))
void skip_rest(const char *format, ...);

uint64_t clock_ns(clockid_t clock);

/* Files of /proc and sysfs, read and written by one open(), read() or write(), close(). */
size_t file_read(const char *path, char *text, size_t size);
uint64_t file_read_u64(const char *path);
int file_write(const char *path, const char *text);	/* 0 or -errno */
void must_write(const char *path, const char *text);

/* The file is written anew; @mode may give whom executes it another id. */
void copy_program(const char *from, const char *to, mode_t mode);

/* The capabilities of the caller, permitted and effective, by their bits. */
void set_caps(uint64_t caps);
void become_root_of_userns(void);	/* by whoever the caller is; his ids are 0 there */

/*
 * The module. A test that needs it fresh, or other parameters, loads it anew; without
 * a hook in them, module_fresh() waits for the one that it settles on; one that the
 * kernel cannot have is as for need_hook().
 */
bool module_loaded(void);
int module_insert(const char *parameters);		/* 0 or -errno */
int module_remove(void);				/* 0 or -errno */
void module_fresh(const char *parameters);

/* Loaded, everything on, counting by @hook. */
void module_ready(const char *hook);

/* One reading. Parts that a way of reading does not have are zero. */
#define COUNTS_ROWS	2048
struct counts {
	enum syscount_hook_id hook;
	uint64_t since_ns;
	uint64_t now_ns;
	uint64_t total;
	struct syscount_total categories[SYSCOUNT_CAT_COUNT];
	unsigned int rows;
	struct syscount_row row[COUNTS_ROWS];
	char name[COUNTS_ROWS][40];			/* /proc only */
};

/*
 * They make the same calls each time, so what they add to a later reading is the
 * same; no memory is allocated. /proc is read strictly: what does not fit the
 * documented form is an error.
 */
void counts_read_proc(struct counts *counts);
void counts_read_ioctl(struct counts *counts);
void counts_read_sysfs(struct counts *counts);		/* hook, categories, total */

/* NULL, 0: no call of it was counted. */
const struct syscount_row *counts_row(const struct counts *counts, int abi, int nr);
const struct syscount_row *counts_row_other(const struct counts *counts, int abi);
uint64_t counts_of(const struct counts *counts, int abi, int nr);
uint64_t counts_other(const struct counts *counts, int abi);
const char *counts_name(const struct counts *counts, int abi, int nr);
uint64_t counts_rows_sum(const struct counts *counts);
uint64_t counts_categories_sum(const struct counts *counts);

/*
 * Wait until every other process sleeps: who reads our output may still be at it,
 * or be starting. From then on two readings differ by what the first one and the
 * test made. Processes of the test's own group do not matter.
 */
void wait_until_alone(void);

/* How many calls of it are counted now, by ioctl. */
uint64_t counted(int abi, int nr);

extern const char *const category_names[SYSCOUNT_CAT_COUNT];
extern const char *const abi_names[SYSCOUNT_ABI_COUNT];
extern const char *const hook_names[SYSCOUNT_HOOK_COUNT];

/*
 * What the kernel's version can have, whatever the module says: Linux 5.10 has the
 * tracepoint alone. A test that needs another hook ends as skipped there.
 */
bool kernel_has_hook(const char *hook);
void need_hook(const char *hook);
const char *best_hook(void);				/* that "auto" comes to */

/* sysfs; with need_hook() */
void hook_choose(const char *hook);
void category_enable(int category, bool on);
bool category_enabled(int category);
void all_enable(bool on);
void reset_by_sysfs(void);

/* ioctls: 0 or -errno */
int device_ioctl(unsigned long command, void *args);
void reset_by_ioctl(void);
int switch_category(int category, bool on);
int switch_syscall(int abi, int nr, bool on);

/* Is the probe there, by what the kernel itself says? */
bool tracepoint_has_probe(const char *name);
bool tracepoint_hooked(void);				/* sys_enter */
bool kprobe_hooked(void);
bool direct_hooked(void);

/*
 * Of some calls arm64 has a newer form only, and the C library's functions make that. All
 * that it gets but what is named is zero.
 */
#ifndef SYS_pause
#define SYS_pause	SYS_ppoll
#define SYS_poll	SYS_ppoll
#define SYS_fork	SYS_clone
#define SYS_vfork	SYS_clone
#endif

/* One that a processor makes that waits for another one. */
static inline void cpu_relax(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#else
	asm volatile("yield" : : : "memory");
#endif
}

/* The abi for 32-bit programs, a program of it, and the numbers of its calls. */
#ifdef __x86_64__
#define ABI_32		SYSCOUNT_ABI_I386
#define FLOCK_32	143
#define GETPGID_32	132
#define EXIT_GROUP_32	252
#define PROGRAM_32	"calls_i386"
#else
#define ABI_32		SYSCOUNT_ABI_ARM
#define FLOCK_32	143
#define GETPGID_32	132
#define EXIT_GROUP_32	248
#define PROGRAM_32	"calls_arm"
#endif
#define CALLS_32	101	/* of FLOCK_32 and GETPGID_32 each, by PROGRAM_32 */

/* Calls, made raw: what is in the registers is what the kernel gets. */
long call_64(unsigned long nr, long a, long b, long c);
#ifdef __x86_64__
long call_i386(unsigned long rax, long a, long b, long c);	/* int $0x80 */
#endif
long call(int abi, int nr, long a, long b, long c);

/* What the module knows of a number; NULL: it has no name. After load_names(). */
void load_names(void);
const struct syscount_name *name_of(int abi, int nr);

/*
 * In a child, since they change the process: all numbers of @abi below @numbers that
 * are harmless, with -1 for every argument; number nr is called nr % @most + 1 times.
 */
void call_all_numbers(int abi, int numbers, int most);
bool is_harmless(int abi, int nr);

/*
 * A child that will make @calls of @from, stopped before them; its tracer makes @to of
 * them, in orig_rax, until it has ended.
 */
pid_t traced_child(unsigned int calls, long from);
void trace_child(pid_t pid, long from, long to);

void pin(int cpu);
int cpus_online(void);
void cpu_switch(int cpu, bool on);			/* CPU 0 is always on */
int cpus_present(void);					/* online or not: 0 to this less one */
bool kernel_has_x32(void);				/* built in, and switched on */
bool kernel_has_abi(int abi);
bool kernel_is(const char *series);			/* "6.1.", say */
bool kernel_has(const char *symbol);
bool kernel_has_word(const char *word);			/* on its command line */
/* How many times longer than on an ordinary one things take, by syscount_slow=. */
unsigned int kernel_slowness(void);
/* How often a test does what it does many times: less, without syscount_dose=full. */
unsigned int dose(unsigned int few, unsigned int many);

/* The directory of the running program, to find others beside it. */
const char *program_dir(void);

/* Wait until a task sleeps in call @nr of abi 64 (/proc/PID/syscall). */
void wait_blocked(pid_t pid, int nr);

/*
 * Threads that make calls: @processes times @threads of them, number i pinned to
 * CPU i % cpus_present(). They wait, tell and are told by memory alone, so that only
 * what @work does is counted between crew_start() and crew_end().
 */
struct crew;
struct crew_member {
	struct crew *crew;
	unsigned int index;
	uint64_t begun;		/* calls, kept up by @work if the test wants it */
	uint64_t ended;
	uint64_t begun_late;	/* begun after crew_mark() */
} __attribute__((aligned(64)));

#define CREW_MAX	64

struct crew *crew_start(unsigned int processes, unsigned int threads,
			void (*work)(struct crew_member *me));
void crew_go(struct crew *crew);		/* @work begins */
void crew_stop(struct crew *crew);		/* crew_told_to_stop() says yes from now on */
void crew_wait(struct crew *crew);		/* until every @work has returned */
void crew_end(struct crew *crew);		/* they are gone */
unsigned int crew_size(const struct crew *crew);
struct crew_member *crew_member(struct crew *crew, unsigned int index);
bool crew_told_to_stop(const struct crew_member *me);
void crew_mark(struct crew *crew, bool mark);
bool crew_marked(const struct crew_member *me);

/* For @work that hammers: one call, kept in begun, ended and begun_late. */
void crew_call(struct crew_member *me, int abi, int nr, long a, long b, long c);
uint64_t crew_begun(struct crew *crew);
uint64_t crew_ended(struct crew *crew);
uint64_t crew_begun_late(struct crew *crew);

#endif
