/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and values, a line each: what a command says that is no table of counts. */
#ifndef _SYSCOUNT_FACTS_H
#define _SYSCOUNT_FACTS_H

#include "json.h"
#include "output.h"

struct fact;

struct facts {
	struct fact *facts;
	size_t n;
};

/* In the order to print. @value and @json become the list's. */
void facts_add_fact(struct facts *to, const char *name, char *value, struct json_object *json);
/* NULL: not known, and no line. */
void facts_add_text(struct facts *to, const char *name, const char *value);
void facts_add_number(struct facts *to, const char *name, uint64_t n);
/* With @digits behind the point. */
void facts_add_real(struct facts *to, const char *name, double d, int digits);
void facts_add_words(struct facts *to, const char *name, uint32_t bits,
		     const char *(*word)(unsigned int number));
/* Where it was: host, kernel, machine, versions. */
void facts_add_origin(struct facts *to, const struct snapshot *s);
void facts_print(struct output *out, const struct facts *facts, enum kind kind);
void facts_free(struct facts *facts);

#endif
