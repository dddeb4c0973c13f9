/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots to JSON and back. */
#ifndef _SYSCOUNT_JSON_H
#define _SYSCOUNT_JSON_H

#include <json-c/json.h>

#include "snapshot.h"

struct json_reader;

/* "-" is standard input. A file that is no snapshot ends the program with one line. */
struct json_reader *json_reader_open(const char *file);
/* The next snapshot of the file, NULL at its end. */
struct snapshot *json_reader_next(struct json_reader *r);
void json_reader_close(struct json_reader *r);
/* The file's name, for messages. */
const char *json_reader_name(const struct json_reader *r);

/* A string that need not be UTF-8; NULL gives null. */
struct json_object *json_text(const char *s);
struct json_object *json_real(double d);
void json_add(struct json_object *to, const char *key, struct json_object *value);
void json_add_text(struct json_object *to, const char *key, const char *s);
void json_add_u64(struct json_object *to, const char *key, uint64_t n);
void json_add_real(struct json_object *to, const char *key, double d);
/* What a row is the count of: abi, nr, syscall, category. */
struct json_object *json_row_key(const struct row *row);
/* Where and when a snapshot was taken. */
void json_add_origin(struct json_object *to, const struct snapshot *s);
/* Of whom it is, and which of the calls. */
void json_add_subject(struct json_object *to, const struct snapshot *s);
/* An object with version and kind, and around it {"syscount": ...}. */
struct json_object *json_new(enum kind kind, struct json_object **inner);
/* A list of strings; NULL gives null. */
struct json_object *json_words(char *const *words);
struct json_object *json_snapshot(const struct snapshot *s);

#endif
