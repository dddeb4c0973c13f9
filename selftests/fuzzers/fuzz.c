// SPDX-License-Identifier: GPL-2.0-or-later
/* The system as the command sees it, and how it ended. */
#include <errno.h>
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <sanitizer/allocator_interface.h>
#include <sanitizer/asan_interface.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "intercept.h"
#include "util.h"

/* The real ones, here. */
#undef stderr
#undef open
#undef close
#undef read
#undef write
#undef fopen
#undef fopencookie
#undef fclose
#undef exit

#define DEVICE_FD	1000
#define FILE_FD		1001
#define STATUS_RETURNED	-1
#define BLOCKS_BITS	16
#define BLOCKS		(1U << BLOCKS_BITS)
#define FILES		16
#define OUTPUT_MAX	(1U << 20)

FILE *fuzz_stderr;

static const uint8_t *stdin_data, *file_data;
static size_t stdin_left, stdin_chunk, file_size, file_left;
static int (*device_answer)(unsigned long command, void *arg);
static char output[OUTPUT_MAX], messages[8192];
static size_t output_size, messages_size;
static jmp_buf end;
static int end_status;
static bool complained, must_succeed;

static bool tracking;

void fuzz_broken(const char *file, int line, const char *what)
{
	tracking = false;
	/* The command's standard error is not this one. */
	dprintf(STDERR_FILENO, "%s:%d: does not hold: %s\nit said: %s\n", file, line, what,
		messages);
	__builtin_trap();
}

void input_take(struct input *in, void *to, size_t size)
{
	size_t n = size < in->size ? size : in->size;

	memset(to, 0, size);
	if (n)
		memcpy(to, in->data, n);
	in->data += n;
	in->size -= n;
}

uint8_t input_byte(struct input *in)
{
	uint8_t byte;

	input_take(in, &byte, 1);
	return byte;
}

/*
 * Memory of a run: what is left when it ended early is freed here, as the end of a process
 * would; after a run to its end there must be none. A table of addresses, as a hook of the
 * allocator must not allocate.
 */
static const volatile void *blocks[BLOCKS];
static size_t nblocks;

static size_t block_slot(const volatile void *p)
{
	return (size_t)((uintptr_t)p / 16 * UINT64_C(0x9e3779b97f4a7c15) >>
			(64 - BLOCKS_BITS));
}

static void on_malloc(const volatile void *p, size_t size)
{
	size_t i = block_slot(p);

	(void)size;
	if (!tracking || !p)
		return;
	require(nblocks < BLOCKS / 2);
	while (blocks[i])
		i = (i + 1) % BLOCKS;
	blocks[i] = p;
	nblocks++;
}

static void on_free(const volatile void *p)
{
	size_t i = block_slot(p), j, home;

	if (!tracking || !p)
		return;
	while (blocks[i] && blocks[i] != p)
		i = (i + 1) % BLOCKS;
	if (!blocks[i])
		return;
	/* Those behind it that would not be found any more move up. */
	for (j = (i + 1) % BLOCKS; blocks[j]; j = (j + 1) % BLOCKS) {
		home = block_slot(blocks[j]);
		if ((j - home) % BLOCKS < (j - i) % BLOCKS)
			continue;
		blocks[i] = blocks[j];
		i = j;
	}
	blocks[i] = NULL;
	nblocks--;
}

/* The allocator knows where they are from. */
static void check_freed(void)
{
	size_t i = 0;

	tracking = false;
	if (!nblocks)
		return;
	while (!blocks[i])
		i++;
	__asan_describe_address((void *)blocks[i]);
	require(!nblocks);
}

static void free_blocks(void)
{
	size_t i;

	tracking = false;
	for (i = 0; nblocks && i < BLOCKS; i++) {
		if (!blocks[i])
			continue;
		free((void *)blocks[i]);
		blocks[i] = NULL;
		nblocks--;
	}
}

/* Open files are known to the C library: they are closed before their memory is freed. */
static FILE *files[FILES];

static FILE *remember_file(FILE *f)
{
	size_t i = 0;

	while (i < FILES && files[i])
		i++;
	require(i < FILES);
	files[i] = f;
	return f;
}

int fuzz_fclose(FILE *f)
{
	size_t i;

	for (i = 0; i < FILES; i++) {
		if (files[i] == f)
			files[i] = NULL;
	}
	return fclose(f);
}

static void close_files(void)
{
	size_t i;

	for (i = 0; i < FILES; i++) {
		if (files[i])
			fuzz_fclose(files[i]);
	}
}

FILE *fuzz_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions)
{
	return remember_file(fopencookie(cookie, mode, functions));
}

FILE *fuzz_fopen(const char *path, const char *mode)
{
	(void)path;
	(void)mode;
	errno = ENOENT;
	return file_data ? remember_file(fmemopen((void *)file_data, file_size, "r")) : NULL;
}

int fuzz_open(const char *path, int flags, ...)
{
	if (device_answer && !strcmp(path, "/dev/syscount"))
		return DEVICE_FD;
	file_left = file_size;
	if (file_data && !(flags & O_DIRECTORY))
		return FILE_FD;
	errno = ENOENT;
	return -1;
}

int fuzz_close(int fd)
{
	(void)fd;
	return 0;
}

static ssize_t read_file(void *to, size_t size)
{
	size_t n = file_left < size ? file_left : size;

	if (n)
		memcpy(to, file_data + file_size - file_left, n);
	file_left -= n;
	return (ssize_t)n;
}

ssize_t fuzz_read(int fd, void *to, size_t size)
{
	size_t n = stdin_left < size ? stdin_left : size;

	if (fd == FILE_FD)
		return read_file(to, size);
	require(fd == STDIN_FILENO);
	if (n > stdin_chunk)
		n = stdin_chunk;
	memcpy(to, stdin_data, n);
	stdin_data += n;
	stdin_left -= n;
	return (ssize_t)n;
}

ssize_t fuzz_write(int fd, const void *from, size_t size)
{
	size_t room = OUTPUT_MAX - 1 - output_size, n = size < room ? size : room;

	require(fd == STDOUT_FILENO);
	memcpy(output + output_size, from, n);
	output_size += n;
	output[output_size] = '\0';
	return (ssize_t)size;
}

int fuzz_ioctl(int fd, unsigned long command, void *arg)
{
	require(fd == DEVICE_FD);
	errno = device_answer(command, arg);
	return errno ? -1 : 0;
}

void fuzz_stdin(const void *data, size_t size, size_t chunk)
{
	stdin_data = data;
	stdin_left = size;
	stdin_chunk = chunk ? chunk : 1;
}

void fuzz_file(const void *data, size_t size)
{
	file_data = size ? data : NULL;
	file_size = size;
}

void fuzz_device(int (*answer)(unsigned long command, void *arg))
{
	device_answer = answer;
}

const char *fuzz_output(size_t *size)
{
	*size = output_size;
	return output;
}

static void add_message(const char *text, size_t size)
{
	if (size > sizeof(messages) - 1 - messages_size)
		size = sizeof(messages) - 1 - messages_size;
	memcpy(messages + messages_size, text, size);
	messages_size += size;
	messages[messages_size] = '\0';
}

static ssize_t write_message(void *cookie, const char *text, size_t size)
{
	(void)cookie;
	add_message(text, size);
	return (ssize_t)size;
}

/* What comes out of a file goes to a terminal: no line of its own, no command for it. */
static void say(const char *fmt, va_list args)
{
	char text[2048];
	const char *c;

	vsnprintf(text, sizeof(text), fmt, args);
	add_message(text, strlen(text));
	add_message("\n", 1);
	for (c = text; *c; c++)
		require((unsigned char)*c >= ' ' && *c != 0x7f);
}

void fuzz_must_succeed(bool must)
{
	must_succeed = must;
}

void fuzz_exit(int status)
{
	require(!must_succeed);
	end_status = status;
	longjmp(end, 1);
}

void fuzz_err(int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	complained = true;
	fuzz_exit(status);
}

void fuzz_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

void fuzz_vwarnx(const char *fmt, va_list args)
{
	say(fmt, args);
}

/* What is made once and stays is made before the first run. */
static void prepare(void)
{
	cookie_io_functions_t functions = { .write = write_message };
	char text[ISO_TIME_SIZE];
	uint32_t number;

	if (fuzz_stderr)
		return;
	fuzz_stderr = fopencookie(NULL, "w", functions);
	setvbuf(fuzz_stderr, NULL, _IONBF, 0);
	setlocale(LC_CTYPE, "C.UTF-8");
	mblen("x", 1);
	iso_time(0, text);
	error_number("", &number);
	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

int fuzz_run(void (*body)(void *ctx), void *ctx)
{
	prepare();
	output_size = 0;
	messages_size = 0;
	messages[0] = '\0';
	complained = false;
	end_status = STATUS_RETURNED;
	tracking = true;
	if (!setjmp(end)) {
		body(ctx);
		check_freed();
	}
	close_files();
	free_blocks();
	if (end_status == STATUS_RETURNED)
		return 0;
	require(end_status == 0 || end_status == EXIT_FAILURE || end_status == EXIT_USAGE ||
		end_status == EXIT_OURSELVES);
	require(!end_status || messages_size);
	/* The line of wrong use holds the words of the command line, which nobody else wrote. */
	require(!end_status || complained ||
		strchr(messages, '\n') == messages + messages_size - 1);
	return end_status;
}

void fuzz_command(const char *const *words, int n)
{
	const struct command *command = command_named(words[0]);
	/* getopt() changes their order. */
	const char *args[16];
	struct options o;

	require(command && n < (int)ARRAY_SIZE(args));
	memcpy(args, words, (size_t)n * sizeof(*words));
	args[n] = NULL;
	/* getopt() begins anew. */
	optind = 0;
	failure_status = command->failure ? command->failure : EXIT_FAILURE;
	options_parse(&o, command, n, (char **)args);
	n = command->run(&o);
	options_free(&o);
	if (n)
		fuzz_exit(n);
}
