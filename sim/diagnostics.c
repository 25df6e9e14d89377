/* SPDX-License-Identifier: BSD-2-Clause */
#include "diagnostics.h"

#include <stdarg.h>
#include <string.h>

#define MESSAGE_SIZE 2048u
#define WORD_MAX     24u        /* longer words get no suggestion */

struct scenario_mark mark_file(const char *file)
{
	struct scenario_mark mark = { file, 0, 0 };

	return mark;
}

struct scenario_mark mark_column(struct scenario_mark mark, size_t columns)
{
	mark.column += (unsigned)columns;
	return mark;
}

static void diagnostics_sanitize(char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte == 0x7f)
			*text = '?';
	}
}

void diagnostics_error(struct diagnostics *d, struct scenario_mark at, const char *format, ...)
{
	char text[MESSAGE_SIZE];
	va_list arguments;

	d->count++;
	if (d->out == NULL || d->count > DIAGNOSTICS_MAX + 1)
		return;
	if (d->count > DIAGNOSTICS_MAX) {
		fprintf(d->out, "%s: more errors follow\n", at.file);
		return;
	}
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	diagnostics_sanitize(text);
	if (at.line == 0)
		fprintf(d->out, "%s: %s\n", at.file, text);
	else
		fprintf(d->out, "%s:%u:%u: %s\n", at.file, at.line, at.column, text);
}

static unsigned suggest_least(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters must be changed, added, dropped or swapped with their
 * neighbour to make `a` of `b` (optimal string alignment). */
static unsigned suggest_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned row[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b_length; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *now = row[i % 3];
		const unsigned *last = row[(i - 1) % 3], *before = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned differ = a[i - 1] != b[j - 1];

			now[j] = suggest_least(last[j] + 1, now[j - 1] + 1, last[j - 1] + differ);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
	}
	return row[a_length % 3][b_length];
}

const char *suggest(const char *word, const char *const *names, size_t name_count)
{
	size_t length = strlen(word);
	unsigned best = length <= 3 ? 2 : 3;    /* one more than is tolerated */
	const char *found = NULL;

	if (length == 0 || length > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < name_count; i++) {
		size_t name_length = strlen(names[i]);
		unsigned distance;

		if (name_length > WORD_MAX)
			continue;
		distance = suggest_distance(word, length, names[i], name_length);
		if (distance < best && distance < length) {
			best = distance;
			found = names[i];
		}
	}
	return found;
}
