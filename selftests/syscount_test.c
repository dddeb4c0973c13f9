// SPDX-License-Identifier: GPL-2.0-or-later
/* What the C tests share: see syscount_test.h. */

#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "syscount_test.h"

#define EXIT_FAIL	1
#define EXIT_SKIP	4	/* kselftest.h: KSFT_SKIP */

const char *const category_names[SYSCOUNT_CAT_COUNT] = {
	"process", "file", "device", "info", "communication", "unknown",
};

const char *const abi_names[SYSCOUNT_ABI_COUNT] = { "64", "i386", "x32", "arm" };

const char *const hook_names[SYSCOUNT_HOOK_COUNT] = {
	[SYSCOUNT_HOOK_NONE] = "none", [SYSCOUNT_HOOK_DIRECT] = "direct",
	[SYSCOUNT_HOOK_TRACEPOINT] = "tracepoint", [SYSCOUNT_HOOK_KPROBE] = "kprobe",
};

__attribute__((format(printf, 2, 0)))
static void say(const char *before, const char *format, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, args);
	dprintf(STDERR_FILENO, "# %s%s\n", before, text);
}

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
	_exit(EXIT_FAIL);
}

void tell(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("did: ", format, args);
	va_end(args);
}

/* The harness's own exit status for a test that is skipped. */
#define HARNESS_SKIP	255

void skip_rest(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
	exit(HARNESS_SKIP);
}

uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	if (clock_gettime(clock, &time))
		die("clock %d: %m", clock);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/*
 * Files
 */

size_t file_read(const char *path, char *text, size_t size)
{
	size_t length = 0;
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY);
	if (fd < 0)
		die("open %s: %s", path, strerror(errno));
	do {
		if (length == size - 1)
			die("%s: longer than %zu bytes", path, size);
		got = read(fd, text + length, size - 1 - length);
		if (got < 0)
			die("read %s: %s", path, strerror(errno));
		length += got;
	} while (got);
	close(fd);
	text[length] = '\0';
	return length;
}

uint64_t file_read_u64(const char *path)
{
	char text[64], *end;
	uint64_t value;

	file_read(path, text, sizeof(text));
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || strcmp(end, "\n"))
		die("%s: not a number: '%s'", path, text);
	return value;
}

int file_write(const char *path, const char *text)
{
	int fd, err = 0;

	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = -errno;
	close(fd);
	return err;
}

void must_write(const char *path, const char *text)
{
	int err = file_write(path, text);

	if (err)
		die("write '%s' to %s: %s", text, path, strerror(-err));
}

void copy_program(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	ssize_t length;

	if (in < 0)
		die("%s: %m", from);
	/* It may be there, run, or be another's. */
	unlink(to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (out < 0)
		die("%s: %m", to);
	while ((length = sendfile(out, in, NULL, 1 << 20)) > 0)
		;
	/* Once it has been written, which takes set-user-ID away. */
	if (length || fchmod(out, mode) || close(out))
		die("%s: %m", to);
	close(in);
}

void set_caps(uint64_t caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int last = prctl(PR_CAPBSET_READ, CAP_LAST_CAP) < 0 ? CAP_LAST_CAP - 1 : CAP_LAST_CAP;
	int i;

	caps &= (2ULL << last) - 1;
	for (i = 0; i < 2; i++) {
		data[i].effective = caps >> 32 * i;
		data[i].permitted = caps >> 32 * i;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data))
		die("capset: %m");
}

void become_root_of_userns(void)
{
	uid_t id = getuid();
	char map[64];

	/* Its files in /proc are its own again, after a change of its ids. */
	if (prctl(PR_SET_DUMPABLE, 1) || unshare(CLONE_NEWUSER))
		die("a user namespace: %m");
	must_write("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", id);
	must_write("/proc/self/uid_map", map);
	must_write("/proc/self/gid_map", map);
	if (getuid() || setresuid(0, 0, 0))
		die("%u is not root of its user namespace: %m", id);
}

bool kernel_has_word(const char *word)
{
	char line[4096], *rest = line, *one;

	file_read("/proc/cmdline", line, sizeof(line));
	while ((one = strsep(&rest, "\n ")))
		if (!strcmp(one, word))
			return true;
	return false;
}

unsigned int kernel_slowness(void)
{
	static unsigned int times;
	char line[4096], *word;

	if (!times) {
		file_read("/proc/cmdline", line, sizeof(line));
		word = strstr(line, "syscount_slow=");
		times = word ? strtoul(word + strlen("syscount_slow="), NULL, 10) : 1;
	}
	return times;
}

unsigned int dose(unsigned int few, unsigned int many)
{
	return kernel_has_word("syscount_dose=full") ? many : few;
}

/*
 * The harness calls this for its time limits, which are for the small dose, and for kernels that
 * are not slow.
 */
unsigned int alarm(unsigned int seconds)
{
	const struct itimerval limit = {
		.it_value.tv_sec = (time_t)seconds * kernel_slowness() * dose(1, 20),
	};
	struct itimerval before;

	if (setitimer(ITIMER_REAL, &limit, &before))
		die("setitimer: %m");
	return before.it_value.tv_sec;
}

/* These tests load and unload a kernel module and switch CPUs off. */
__attribute__((constructor))
static void only_in_the_vm(void)
{
	if (kernel_has_word("syscount_vm=1"))
		return;
	printf("TAP version 13\n1..0 # SKIP not in the test VM: scripts/vm -- COMMAND\n");
	fflush(stdout);
	_exit(EXIT_SKIP);
}

const char *program_dir(void)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length < 0)
		die("readlink /proc/self/exe: %s", strerror(errno));
	path[length] = '\0';
	return dirname(path);
}

/*
 * The module
 */

bool module_loaded(void)
{
	return !access(SYSCOUNT_PROC, F_OK);
}

int module_insert(const char *parameters)
{
	const char *path = getenv("SYSCOUNT_KO");
	int fd, err = 0;

	if (!path)
		die("SYSCOUNT_KO: not set; it is the module's file");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("open %s: %s", path, strerror(errno));
	if (syscall(SYS_finit_module, fd, parameters, 0))
		err = -errno;
	close(fd);
	return err;
}

int module_remove(void)
{
	return syscall(SYS_delete_module, "syscount", O_NONBLOCK) ? -errno : 0;
}

void module_fresh(const char *parameters)
{
	int err;

	if (!strncmp(parameters, "hook=", 5))
		need_hook(parameters + 5);
	if (module_loaded()) {
		err = module_remove();
		if (err)
			die("delete_module: %s", strerror(-err));
	}
	err = module_insert(parameters);
	if (err)
		die("finit_module '%s': %s", parameters, strerror(-err));
	/* Left alone, it would move on to the best hook in the middle of the test. */
	if (!strstr(parameters, "hook="))
		hook_choose("auto");
}

void module_ready(const char *hook)
{
	struct syscount_switch_item items[SYSCOUNT_SWITCH_MAX] = {};
	static struct counts all;
	unsigned int i, count = 0;

	if (!module_loaded())
		module_fresh("");
	counts_read_ioctl(&all);
	for (i = 0; i < all.rows; i++)
		if (all.row[i].flags & SYSCOUNT_ROW_SWITCHED)
			items[count++] = (struct syscount_switch_item) {
				.what = SYSCOUNT_SWITCH_SYSCALL, .on = 1,
				.abi = all.row[i].abi, .nr = all.row[i].nr,
			};
	if (count) {
		struct syscount_switch args = {
			.size = sizeof(args), .count = count, .items = (uintptr_t)items,
		};

		if (device_ioctl(SYSCOUNT_IOC_SWITCH, &args))
			die("calls that are off cannot be switched on");
	}
	hook_choose(hook);
	all_enable(true);
}

/*
 * Reading
 */

static void add_row(struct counts *counts, const struct syscount_row *row, const char *name)
{
	if (counts->rows == COUNTS_ROWS)
		die("more than %d rows", COUNTS_ROWS);
	counts->row[counts->rows] = *row;
	snprintf(counts->name[counts->rows], sizeof(counts->name[0]), "%s", name);
	counts->rows++;
}

static int find_word(const char *const *words, int count, const char *word)
{
	int i;

	for (i = 0; i < count; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

/* The state's word, or -1. */
static int find_state(const char *word)
{
	static const char *const states[] = { "off", "on", "partial" };

	return find_word(states, 3, word);
}

/* Cut the next line off. */
static char *next_line(char **rest)
{
	char *line = strsep(rest, "\n");

	if (!line || !*rest)
		die("%s: ends early", SYSCOUNT_PROC);
	return line;
}

static void want_line(char **rest, const char *want)
{
	const char *line = next_line(rest);

	if (strcmp(line, want))
		die("%s: '%s' instead of '%s'", SYSCOUNT_PROC, line, want);
}

static void parse_head(struct counts *counts, const char *line)
{
	unsigned int version, since_ms, now_ms;
	uint64_t since, now;
	char hook[16];
	int end = 0;

	if (sscanf(line, "syscount %u hook=%15s since=%" SCNu64 ".%3u now=%" SCNu64 ".%3u%n",
		   &version, hook, &since, &since_ms, &now, &now_ms, &end) != 6 ||
	    line[end] || version != 1)
		die("%s: first line '%s'", SYSCOUNT_PROC, line);
	if (find_word(hook_names, SYSCOUNT_HOOK_COUNT, hook) < 0)
		die("%s: hook '%s'", SYSCOUNT_PROC, hook);
	counts->hook = find_word(hook_names, SYSCOUNT_HOOK_COUNT, hook);
	counts->since_ns = since * 1000000000 + since_ms * 1000000;
	counts->now_ns = now * 1000000000 + now_ms * 1000000;
}

static uint64_t parse_category(const char *line, const char *want, int *state)
{
	char name[16], word[16];
	uint64_t calls;
	int end = 0;

	if (sscanf(line, "%15s %15s %" SCNu64 "%n", name, word, &calls, &end) != 3 ||
	    line[end] || strcmp(name, want))
		die("%s: '%s' is not the line of %s", SYSCOUNT_PROC, line, want);
	*state = find_state(word);
	if (*state < 0 && strcmp(word, "-"))
		die("%s: state in '%s'", SYSCOUNT_PROC, line);
	return calls;
}

static void parse_row(struct counts *counts, const char *line)
{
	char abi[8], nr[16], name[40], category[16], state[16], *after;
	struct syscount_row row = {};
	uint64_t calls;
	int end = 0;

	if (sscanf(line, "%7s %15s %39s %15s %15s %" SCNu64 "%n",
		   abi, nr, name, category, state, &calls, &end) != 6 || line[end])
		die("%s: row '%s'", SYSCOUNT_PROC, line);
	if (find_word(abi_names, SYSCOUNT_ABI_COUNT, abi) < 0 || find_state(state) < 0)
		die("%s: abi or state in '%s'", SYSCOUNT_PROC, line);
	row.abi = find_word(abi_names, SYSCOUNT_ABI_COUNT, abi);
	row.state = find_state(state);
	row.calls = calls;
	row.category = SYSCOUNT_CAT_UNKNOWN;
	if (strcmp(category, "-")) {
		if (find_word(category_names, SYSCOUNT_CAT_UNKNOWN, category) < 0)
			die("%s: category in '%s'", SYSCOUNT_PROC, line);
		row.category = find_word(category_names, SYSCOUNT_CAT_UNKNOWN, category);
	}
	if (!strcmp(nr, "*")) {
		row.flags |= SYSCOUNT_ROW_OTHER;
	} else {
		row.nr = strtol(nr, &after, 10);
		if (*after)
			die("%s: number in '%s'", SYSCOUNT_PROC, line);
	}
	if (strcmp(name, "?"))
		row.flags |= SYSCOUNT_ROW_NAMED;
	add_row(counts, &row, name);
}

void counts_read_proc(struct counts *counts)
{
	static char text[COUNTS_ROWS * 90];
	char *rest = text;
	int i, state;

	file_read(SYSCOUNT_PROC, text, sizeof(text));
	counts->rows = 0;
	parse_head(counts, next_line(&rest));
	want_line(&rest, "");
	want_line(&rest, "category       state                  calls");
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++) {
		counts->categories[i].calls = parse_category(next_line(&rest), category_names[i],
							     &state);
		counts->categories[i].state = state;
	}
	counts->total = parse_category(next_line(&rest), "total", &state);
	want_line(&rest, "");
	want_line(&rest, "abi    nr syscall                      "
			 "category      state                 calls");
	while (*rest)
		parse_row(counts, next_line(&rest));
}

int device_ioctl(unsigned long command, void *args)
{
	int fd, err = 0;

	fd = open(SYSCOUNT_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("open %s: %s", SYSCOUNT_DEVICE, strerror(errno));
	if (ioctl(fd, command, args))
		err = -errno;
	close(fd);
	return err;
}

void counts_read_ioctl(struct counts *counts)
{
	struct syscount_read args = {
		.size = sizeof(args), .capacity = COUNTS_ROWS, .rows = (uintptr_t)counts->row,
	};
	int i, err;

	err = device_ioctl(SYSCOUNT_IOC_READ, &args);
	if (err)
		die("SYSCOUNT_IOC_READ: %s", strerror(-err));
	if (args.count > COUNTS_ROWS)
		die("more than %d rows", COUNTS_ROWS);
	counts->hook = args.hook;
	counts->since_ns = args.since_ns;
	counts->now_ns = args.now_ns;
	counts->total = args.total;
	counts->rows = args.count;
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		counts->categories[i] = args.categories[i];
	for (i = SYSCOUNT_CAT_COUNT; i < SYSCOUNT_CAT_ROOM; i++)
		if (args.categories[i].calls || args.categories[i].state)
			die("SYSCOUNT_IOC_READ: category %d is not empty", i);
}

static const char *category_path(int category, const char *attribute)
{
	static char path[96];

	snprintf(path, sizeof(path), SYSCOUNT_SYSFS "%s%s/%s",
		 category == SYSCOUNT_CAT_UNKNOWN ? "" : "category_",
		 category_names[category], attribute);
	return path;
}

void counts_read_sysfs(struct counts *counts)
{
	int i;

	memset(counts, 0, offsetof(struct counts, row));
	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		counts->categories[i].calls = file_read_u64(category_path(i, "calls"));
	counts->total = file_read_u64(SYSCOUNT_SYSFS "total");
}

const struct syscount_row *counts_row(const struct counts *counts, int abi, int nr)
{
	unsigned int i;

	for (i = 0; i < counts->rows; i++)
		if (counts->row[i].abi == abi && counts->row[i].nr == nr &&
		    !(counts->row[i].flags & SYSCOUNT_ROW_OTHER))
			return &counts->row[i];
	return NULL;
}

const struct syscount_row *counts_row_other(const struct counts *counts, int abi)
{
	unsigned int i;

	for (i = 0; i < counts->rows; i++)
		if (counts->row[i].abi == abi && counts->row[i].flags & SYSCOUNT_ROW_OTHER)
			return &counts->row[i];
	return NULL;
}

uint64_t counts_of(const struct counts *counts, int abi, int nr)
{
	const struct syscount_row *row = counts_row(counts, abi, nr);

	return row ? row->calls : 0;
}

uint64_t counts_other(const struct counts *counts, int abi)
{
	const struct syscount_row *row = counts_row_other(counts, abi);

	return row ? row->calls : 0;
}

/* Of a reading of /proc; "" without a row. */
const char *counts_name(const struct counts *counts, int abi, int nr)
{
	const struct syscount_row *row = counts_row(counts, abi, nr);

	return row ? counts->name[row - counts->row] : "";
}

uint64_t counts_rows_sum(const struct counts *counts)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < counts->rows; i++)
		sum += counts->row[i].calls;
	return sum;
}

uint64_t counts_categories_sum(const struct counts *counts)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		sum += counts->categories[i].calls;
	return sum;
}

uint64_t counted(int abi, int nr)
{
	static struct counts counts;

	counts_read_ioctl(&counts);
	return counts_of(&counts, abi, nr);
}

/*
 * Switching
 */

bool kernel_has_hook(const char *hook)
{
	struct utsname name;
	unsigned int major, minor;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		die("uname: %m");
#ifndef __x86_64__
	if (!strcmp(hook, "direct"))
		return false;
#endif
	return !strcmp(hook, "tracepoint") || !strcmp(hook, "auto") || major >= 6;
}

void need_hook(const char *hook)
{
	if (!kernel_has_hook(hook))
		skip_rest("this kernel cannot have the hook %s", hook);
}

const char *best_hook(void)
{
	return kernel_has_hook("direct") ? "direct" : "tracepoint";
}

void hook_choose(const char *hook)
{
	need_hook(hook);
	must_write(SYSCOUNT_SYSFS "hook", hook);
}

void category_enable(int category, bool on)
{
	must_write(category_path(category, "enabled"), on ? "1" : "0");
}

bool category_enabled(int category)
{
	return file_read_u64(category_path(category, "enabled"));
}

void all_enable(bool on)
{
	int i;

	for (i = 0; i < SYSCOUNT_CAT_COUNT; i++)
		category_enable(i, on);
}

void reset_by_sysfs(void)
{
	must_write(SYSCOUNT_SYSFS "reset", "1");
}

void reset_by_ioctl(void)
{
	struct syscount_reset args = { .size = sizeof(args) };
	int err = device_ioctl(SYSCOUNT_IOC_RESET, &args);

	if (err)
		die("SYSCOUNT_IOC_RESET: %s", strerror(-err));
}

static int switch_item(const struct syscount_switch_item *item)
{
	struct syscount_switch args = {
		.size = sizeof(args), .count = 1, .items = (uintptr_t)item,
	};

	return device_ioctl(SYSCOUNT_IOC_SWITCH, &args);
}

int switch_category(int category, bool on)
{
	struct syscount_switch_item item = {
		.what = SYSCOUNT_SWITCH_CATEGORY, .on = on, .category = category,
	};

	return switch_item(&item);
}

int switch_syscall(int abi, int nr, bool on)
{
	struct syscount_switch_item item = {
		.what = SYSCOUNT_SWITCH_SYSCALL, .on = on, .abi = abi, .nr = nr,
	};

	return switch_item(&item);
}

/*
 * What the kernel says of the probes
 */

/* 0: there is none */
static uint64_t symbol_find(const char *symbol)
{
	char line[256], name[128];
	uint64_t address;
	FILE *file;

	file = fopen("/proc/kallsyms", "r");
	if (!file)
		die("/proc/kallsyms: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 " %*c %127s", &address, name) != 2 ||
		    strcmp(name, symbol))
			continue;
		fclose(file);
		if (!address)
			die("/proc/kallsyms hides the address of %s", symbol);
		return address;
	}
	fclose(file);
	return 0;
}

bool kernel_has(const char *symbol)
{
	return symbol_find(symbol);
}

/* Of data: the names of some kernels are those of functions only. */
static uint64_t symbol_address(const char *symbol)
{
	uint64_t address = symbol_find(symbol);

	if (!address && symbol_find("sys_call_table"))
		die("/proc/kallsyms: no %s", symbol);
	if (!address)
		skip_rest("/proc/kallsyms: no %s, nor other data", symbol);
	return address;
}

static void kernel_read(uint64_t address, void *to, size_t size)
{
	Elf64_Phdr header;
	Elf64_Ehdr elf;
	int fd, i;

	fd = open("/proc/kcore", O_RDONLY);
	if (fd < 0 || pread(fd, &elf, sizeof(elf), 0) != sizeof(elf))
		die("/proc/kcore: %s", strerror(errno));
	for (i = 0; i < elf.e_phnum; i++) {
		if (pread(fd, &header, sizeof(header), elf.e_phoff + i * sizeof(header)) !=
		    sizeof(header))
			die("/proc/kcore: program header %d", i);
		if (header.p_type != PT_LOAD || address < header.p_vaddr ||
		    address - header.p_vaddr + size > header.p_memsz)
			continue;
		if (pread(fd, to, size, header.p_offset + (address - header.p_vaddr)) !=
		    (ssize_t)size)
			die("/proc/kcore: %s", strerror(errno));
		close(fd);
		return;
	}
	die("/proc/kcore: nothing at %#" PRIx64, address);
}

/* struct tracepoint: a pointer to its name, then how many use its static key. */
bool tracepoint_has_probe(const char *name)
{
	static char symbol[64];		/* the last one, as looking for it takes long */
	static uint64_t address;
	char wanted[64];
	int32_t users;

	snprintf(wanted, sizeof(wanted), "__tracepoint_%s", name);
	if (strcmp(symbol, wanted)) {
		address = symbol_address(wanted);
		strcpy(symbol, wanted);
	}
	kernel_read(address + 8, &users, sizeof(users));
	if (users < 0 || users > 1)
		die("%s: %d users", symbol, users);
	return users;
}

bool tracepoint_hooked(void)
{
	return tracepoint_has_probe("sys_enter");
}

/* Where the kernel finds the function of a number: one for each abi that it has, or for all. */
#ifdef __x86_64__
static const char *const places[] = { "x64_sys_call", "ia32_sys_call", "x32_sys_call" };
#else
static const char *const places[] = { "invoke_syscall" };
#endif

static int places_there(void)
{
	static int there;
	unsigned int i;

	if (!there)
		for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
			there += !!symbol_find(places[i]);
	return there;
}

bool kprobe_hooked(void)
{
	static char list[1 << 16];
	int found = 0;
	unsigned int i;

	if (access("/sys/kernel/debug/kprobes/list", F_OK))
		mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	file_read("/sys/kernel/debug/kprobes/list", list, sizeof(list));
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		found += !!strstr(list, places[i]);
	if (found && found != places_there())
		die("kprobes on %d of %d functions:\n%s", found, places_there(), list);
	return found;
}

bool direct_hooked(void)
{
	static char list[1 << 18];
	unsigned int found = 0;
	const char *place;

	file_read("/sys/kernel/tracing/enabled_functions", list, sizeof(list));
	for (place = list; (place = strstr(place, "syscount_trampoline_")); place++)
		found++;
	if (found && found < 500)
		die("direct calls in %u functions only", found);
	return found;
}

/*
 * Calls
 */

#ifdef __x86_64__

long call_64(unsigned long rax, long a, long b, long c)
{
	register long d asm("r10") = 0;
	register long e asm("r8") = 0;
	register long f asm("r9") = 0;
	long result;

	asm volatile("syscall"
		     : "=a" (result), "+r" (d), "+r" (e), "+r" (f)
		     : "a" (rax), "D" (a), "S" (b), "d" (c)
		     : "rcx", "r11", "memory", "cc");
	return result;
}

long call_i386(unsigned long rax, long a, long b, long c)
{
	long result;

	asm volatile("int $0x80"
		     : "=a" (result)
		     : "a" (rax), "b" (a), "c" (b), "d" (c), "S" (0L), "D" (0L)
		     : "r8", "r9", "r10", "r11", "memory", "cc");
	return result;
}

long call(int abi, int nr, long a, long b, long c)
{
	switch (abi) {
	case SYSCOUNT_ABI_64:
		return call_64((long)nr, a, b, c);
	case SYSCOUNT_ABI_I386:
		return (int)call_i386((unsigned int)nr, a, b, c);
	case SYSCOUNT_ABI_X32:
		return call_64((unsigned int)nr | X32_BIT, a, b, c);
	}
	die("no abi %d", abi);
}

#else

long call_64(unsigned long nr, long a, long b, long c)
{
	register unsigned long x8 asm("x8") = nr;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;
	register long x2 asm("x2") = c;
	register long x3 asm("x3") = 0;
	register long x4 asm("x4") = 0;
	register long x5 asm("x5") = 0;

	asm volatile("svc 0"
		     : "+r" (x0)
		     : "r" (x8), "r" (x1), "r" (x2), "r" (x3), "r" (x4), "r" (x5)
		     : "memory", "cc");
	return x0;
}

/* A process has one abi here. */
long call(int abi, int nr, long a, long b, long c)
{
	if (abi != SYSCOUNT_ABI_64)
		die("no abi %d", abi);
	return call_64((long)nr, a, b, c);
}

#endif

/*
 * Tasks and CPUs
 */

#define NUMBERS_MAX	4096
static const struct syscount_name *name_table[SYSCOUNT_ABI_COUNT][NUMBERS_MAX];

void load_names(void)
{
	static struct syscount_name names[NUMBERS_MAX];
	struct syscount_names args = {
		.size = sizeof(args), .capacity = NUMBERS_MAX, .names = (uintptr_t)names,
	};
	unsigned int i;

	if (device_ioctl(SYSCOUNT_IOC_GET_NAMES, &args))
		die("SYSCOUNT_IOC_GET_NAMES");
	for (i = 0; i < args.count; i++)
		name_table[names[i].abi][names[i].nr] = &names[i];
}

const struct syscount_name *name_of(int abi, int nr)
{
	return nr >= 0 && nr < NUMBERS_MAX ? name_table[abi][nr] : NULL;
}

/*
 * Not the calls that would not come back, come back twice, stop what the test is made
 * of, or do more than fail with such arguments.
 */
bool is_harmless(int abi, int nr)
{
	static const char *const bold[] = {
		"exit", "exit_group", "fork", "vfork", "clone", "clone3", "pause", "rt_sigreturn",
		"sigreturn", "restart_syscall", "vhangup", "reboot", "kexec_load",
		"kexec_file_load", "sync", "kill", "rt_sigsuspend", "sigsuspend", "alarm",
		"waitpid", "wait4", "waitid", "setsid", "munmap", "brk", "mprotect",
		"idle", "nice", "select", "_newselect", "uprobe", "uretprobe",
	};
	const struct syscount_name *name = name_of(abi, nr);
	unsigned int i;

	for (i = 0; name && i < sizeof(bold) / sizeof(bold[0]); i++)
		if (!strcmp(name->name, bold[i]))
			return false;
	return true;
}

void call_all_numbers(int abi, int numbers, int most)
{
	int nr, i, status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		for (nr = 0; nr < numbers; nr++)
			for (i = 0; is_harmless(abi, nr) && i <= nr % most; i++)
				call(abi, nr, -1, -1, -1);
		call_64(SYS_exit_group, 0, 0, 0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		die("the calls of abi %d: status %#x", abi, status);
}

pid_t traced_child(unsigned int calls, long from)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork: %m");
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		while (calls--)
			call_64(from, -1, 0, 0);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD))
		die("a child to trace: %m");
	return pid;
}

/* False: it has ended. */
static bool trace_on(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, pid, 0, 0) || waitpid(pid, &status, 0) != pid)
		die("the traced child: %m");
	if (WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80))
		return true;
	if (status)
		die("the traced child: status %#x", status);
	return false;
}

/* The call that it enters, or -1 where it leaves one. */
static long call_entered(pid_t pid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		die("PTRACE_GET_SYSCALL_INFO: %m");
	return info.op == PTRACE_SYSCALL_INFO_ENTRY ? (long)info.entry.nr : -1;
}

static void change_call(pid_t pid, long to)
{
#ifdef __x86_64__
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), to))
		die("PTRACE_POKEUSER: %m");
#else
	int nr = to;
	struct iovec part = { .iov_base = &nr, .iov_len = sizeof(nr) };

	if (ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &part))
		die("PTRACE_SETREGSET: %m");
#endif
}

void trace_child(pid_t pid, long from, long to)
{
	while (trace_on(pid))
		if (call_entered(pid) == from)
			change_call(pid, to);
}

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("CPU %d: %s", cpu, strerror(errno));
}

bool kernel_has_x32(void)
{
#ifdef __x86_64__
	return call_64(X32_BIT | SYS_getppid, 0, 0, 0) != -ENOSYS;
#else
	return false;
#endif
}

bool kernel_has_abi(int abi)
{
	return abi != SYSCOUNT_ABI_X32 || kernel_has_x32();
}

bool kernel_is(const char *series)
{
	struct utsname name;

	if (uname(&name))
		die("uname: %m");
	return !strncmp(name.release, series, strlen(series));
}

void cpu_switch(int cpu, bool on)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	if (cpu || !on)
		must_write(path, on ? "1" : "0");
}

int cpus_online(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

int cpus_present(void)
{
	return sysconf(_SC_NPROCESSORS_CONF);
}

/* Whatever blocks will block: there is nothing to wait for but that, so look again. */
void wait_blocked(pid_t pid, int nr)
{
	char path[64], text[256], want[16];

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	snprintf(want, sizeof(want), "%d ", nr);
	do {
		sched_yield();
		file_read(path, text, sizeof(text));
	} while (strncmp(text, want, strlen(want)));
}

/* Is it a process of others, not a thread of the kernel, and awake? */
static bool awake(const char *pid)
{
	char path[300], text[512], state;
	const char *after;
	int fd, group;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return true;	/* it ended just now */
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return true;
	text[got] = '\0';
	after = strrchr(text, ')');
	if (!after || sscanf(after, ") %c %*d %d", &state, &group) != 2)
		die("%s: '%s'", path, text);
	return group && group != getpgrp() && (state == 'R' || state == 'D');
}

void wait_until_alone(void)
{
	unsigned int quiet = 0;
	struct dirent *entry;
	DIR *proc;

	while (quiet < 3) {
		quiet++;
		proc = opendir("/proc");
		if (!proc)
			die("/proc: %s", strerror(errno));
		while ((entry = readdir(proc)))
			if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
			    awake(entry->d_name))
				quiet = 0;
		closedir(proc);
		sched_yield();
	}
}

/*
 * Crews
 */

struct crew {
	unsigned int processes;
	unsigned int threads;
	unsigned int cpus;
	void (*work)(struct crew_member *me);
	pid_t pids[CREW_MAX];
	unsigned int ready;
	unsigned int done;
	bool go;
	bool stop;
	bool leave;
	bool marked;
	struct crew_member members[CREW_MAX];
};

#define LOAD(what)		__atomic_load_n(&(what), __ATOMIC_SEQ_CST)
#define STORE(what, value)	__atomic_store_n(&(what), value, __ATOMIC_SEQ_CST)

static void spin_until(bool *flag)
{
	while (!LOAD(*flag))
		cpu_relax();
}

static void spin_until_all(unsigned int *count, unsigned int all)
{
	while (LOAD(*count) != all)
		cpu_relax();
}

static void *crew_thread(void *argument)
{
	struct crew_member *me = argument;
	struct crew *crew = me->crew;

	pin(me->index % crew->cpus);
	__atomic_add_fetch(&crew->ready, 1, __ATOMIC_SEQ_CST);
	spin_until(&crew->go);
	crew->work(me);
	__atomic_add_fetch(&crew->done, 1, __ATOMIC_SEQ_CST);
	spin_until(&crew->leave);
	return NULL;
}

static void crew_process(struct crew *crew, unsigned int process)
{
	struct crew_member *members = &crew->members[process * crew->threads];
	pthread_t threads[CREW_MAX];
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 1; i < crew->threads; i++)
		if (pthread_create(&threads[i], NULL, crew_thread, &members[i]))
			die("pthread_create");
	crew_thread(&members[0]);
	for (i = 1; i < crew->threads; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

struct crew *crew_start(unsigned int processes, unsigned int threads,
			void (*work)(struct crew_member *me))
{
	struct crew *crew;
	unsigned int i;
	pid_t pid;

	if (processes * threads > CREW_MAX)
		die("a crew of %u", processes * threads);
	crew = mmap(NULL, sizeof(*crew), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crew == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	crew->processes = processes;
	crew->threads = threads;
	crew->cpus = cpus_present();
	crew->work = work;
	for (i = 0; i < processes * threads; i++) {
		crew->members[i].crew = crew;
		crew->members[i].index = i;
	}
	for (i = 0; i < processes; i++) {
		pid = fork();
		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (!pid)
			crew_process(crew, i);
		crew->pids[i] = pid;
	}
	spin_until_all(&crew->ready, crew_size(crew));
	return crew;
}

void crew_go(struct crew *crew)
{
	STORE(crew->go, true);
}

void crew_stop(struct crew *crew)
{
	STORE(crew->stop, true);
}

void crew_wait(struct crew *crew)
{
	spin_until_all(&crew->done, crew_size(crew));
}

void crew_end(struct crew *crew)
{
	unsigned int i;
	int status;

	crew_wait(crew);
	STORE(crew->leave, true);
	for (i = 0; i < crew->processes; i++) {
		if (waitpid(crew->pids[i], &status, 0) < 0)
			die("process %u of the crew: %s", i, strerror(errno));
		if (status)
			die("process %u of the crew: status %#x", i, status);
	}
	munmap(crew, sizeof(*crew));
}

unsigned int crew_size(const struct crew *crew)
{
	return crew->processes * crew->threads;
}

struct crew_member *crew_member(struct crew *crew, unsigned int index)
{
	return &crew->members[index];
}

bool crew_told_to_stop(const struct crew_member *me)
{
	return LOAD(me->crew->stop);
}

void crew_mark(struct crew *crew, bool mark)
{
	STORE(crew->marked, mark);
}

bool crew_marked(const struct crew_member *me)
{
	return LOAD(me->crew->marked);
}

void crew_call(struct crew_member *me, int abi, int nr, long a, long b, long c)
{
	if (crew_marked(me))
		STORE(me->begun_late, me->begun_late + 1);
	STORE(me->begun, me->begun + 1);
	call(abi, nr, a, b, c);
	STORE(me->ended, me->ended + 1);
}

#define CREW_SUM(crew, what) ({							\
	uint64_t _sum = 0;							\
	unsigned int _i;							\
										\
	for (_i = 0; _i < crew_size(crew); _i++)				\
		_sum += LOAD((crew)->members[_i].what);				\
	_sum;									\
})

uint64_t crew_begun(struct crew *crew)
{
	return CREW_SUM(crew, begun);
}

uint64_t crew_ended(struct crew *crew)
{
	return CREW_SUM(crew, ended);
}

uint64_t crew_begun_late(struct crew *crew)
{
	return CREW_SUM(crew, begun_late);
}
