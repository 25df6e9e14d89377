/* SPDX-License-Identifier: BSD-2-Clause */
/* text.h - bytes, words and numbers, for a program without a C library. */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>

#include "ration_types.h"

size_t text_length(const char *text);
bool text_equal(const char *a, const char *b);
/* Does the text begin with `head`?  Then what follows it, else NULL. */
const char *text_after(const char *text, const char *head);
/* Copy what fits and end it; false if that was not all. */
bool text_copy(char *to, size_t size, const char *from);

/* The next word (no blanks) at *at, of at most size - 1 bytes, which is moved behind it;
 * false at the end, or if it is too long. */
bool text_word(const char **at, char *word, size_t size);

/* A whole decimal number, at most `most`. */
bool text_number(const char *text, uint64_t most, uint64_t *value);
/* "5ms", "2s", "100us", "7ns", or a bare number in `unit_ns`. */
bool text_time(const char *text, uint64_t unit_ns, ration_ns *value);

/* %s %c %d %u %x %lu %lx %%, with a width and 0; what does not fit is cut off.
 * Returns the length, without the end. */
size_t text_format(char *to, size_t size, const char *format, va_list list);
size_t text_print(char *to, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
