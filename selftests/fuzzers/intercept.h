/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Put before every file of the command when it is built for the fuzzers: what would reach the
 * system, or end the process, comes to fuzz.c. Included first, so that the headers of the C
 * library are read before their names mean something else.
 */
#ifndef _SYSCOUNT_INTERCEPT_H
#define _SYSCOUNT_INTERCEPT_H

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int fuzz_open(const char *path, int flags, ...);
int fuzz_close(int fd);
ssize_t fuzz_read(int fd, void *to, size_t size);
ssize_t fuzz_write(int fd, const void *from, size_t size);
int fuzz_ioctl(int fd, unsigned long command, void *arg);
FILE *fuzz_fopen(const char *path, const char *mode);
FILE *fuzz_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions);
int fuzz_fclose(FILE *f);
void fuzz_exit(int status) __attribute__((__noreturn__));
void fuzz_err(int status, const char *fmt, ...)
	__attribute__((__noreturn__, __format__(printf, 2, 3)));
void fuzz_warn(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));
void fuzz_vwarnx(const char *fmt, va_list args);

/* Where the command says what is wrong. */
extern FILE *fuzz_stderr;

#undef stderr
#define stderr			fuzz_stderr
/* With their parentheses, so that members of these names stay. */
#define open(...)		fuzz_open(__VA_ARGS__)
#define close(fd)		fuzz_close(fd)
#define read(...)		fuzz_read(__VA_ARGS__)
#define write(...)		fuzz_write(__VA_ARGS__)
#define ioctl(...)		fuzz_ioctl(__VA_ARGS__)
#define fopen(...)		fuzz_fopen(__VA_ARGS__)
#define fopencookie(...)	fuzz_fopencookie(__VA_ARGS__)
#define fclose(f)		fuzz_fclose(f)
#define exit(status)		fuzz_exit(status)
#define err(...)		fuzz_err(__VA_ARGS__)
#define errx(...)		fuzz_err(__VA_ARGS__)
#define warn(...)		fuzz_warn(__VA_ARGS__)
#define warnx(...)		fuzz_warn(__VA_ARGS__)
#define vwarnx(...)		fuzz_vwarnx(__VA_ARGS__)

#endif
