/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What json_read.c and json_read_watch.c share. */
#ifndef _SYSCOUNT_JSON_READ_H
#define _SYSCOUNT_JSON_READ_H

#include <json-c/json.h>

#include "snapshot.h"
#include "util.h"

/* Where in the file a value stands, for messages. */
struct place {
	const char *file;
	const char *list;	/* NULL: at the top */
	size_t index;
};

__noreturn void json_read_bad(const struct place *p, const char *key, const char *why);
/* These leave what is absent as it is: false, NULL. */
bool json_read_u64(const struct place *p, struct json_object *from, const char *key, uint64_t *n);
char *json_read_text(const struct place *p, struct json_object *from, const char *key);
struct json_object *json_read_list(const struct place *p, struct json_object *from,
				   const char *key);
/* A list of strings; absent or null: NULL. */
char **json_read_words(const struct place *p, struct json_object *from, const char *key);

/* What only watches have: of a row, of a group, at the top. */
void json_read_row(const struct place *p, struct json_object *from, struct row *row);
void json_read_group(const struct place *p, struct json_object *from, struct group *group);
void json_read_watched(const struct place *p, struct json_object *from, struct watched *w);
/* Which measures were taken, by what was asked for. */
unsigned int json_read_details(const struct place *p, struct json_object *from);

#endif
