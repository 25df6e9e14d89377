/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recorded arrivals: a text file, one time a line since the start of the run,
 * ascending; "12.5ms", or a bare number of seconds.  '#' begins a comment.
 */
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "input.h"
#include "scenario_reader.h"

#define EXPECTED_ARRIVAL "expected a time such as 12.5ms or 0.0125 (seconds)"

struct arrivals {
	struct reader *r;
	const char *path;
	ration_ns *time_ns;
	size_t count;
};

/* Cut off the comment and the blanks around; *text moves forward. */
static size_t arrival_trim(const char **text, size_t length)
{
	const char *comment = memchr(*text, '#', length);

	if (comment != NULL)
		length = (size_t)(comment - *text);
	while (length > 0 && strchr(" \t\r", (*text)[length - 1]) != NULL)
		length--;
	while (length > 0 && strchr(" \t", **text) != NULL) {
		(*text)++;
		length--;
	}
	return length;
}

static bool arrival_parse(const char *text, size_t length, ration_ns *ns,
                          struct quantity_error *error)
{
	char seconds[40];

	if (strspn(text, "0123456789.") < length || length + 2 > sizeof(seconds))
		return quantity_time(text, length, ns, error);
	memcpy(seconds, text, length);
	seconds[length] = 's';
	return quantity_time(seconds, length + 1, ns, error);
}

static bool arrival_line(struct arrivals *a, const char *line, size_t length, unsigned number)
{
	const char *text = line;
	size_t used = arrival_trim(&text, length);
	struct scenario_mark mark = { a->path, number, (unsigned)(text - line) + 1 };
	struct quantity_error error;
	ration_ns ns;

	if (used == 0)
		return true;
	if (!arrival_parse(text, used, &ns, &error)) {
		diagnostics_error(a->r->errors, mark, "'%.*s' is no arrival, " EXPECTED_ARRIVAL,
		                  used < 60 ? (int)used : 60, text);
		return false;
	}
	if (a->count > 0 && ns < a->time_ns[a->count - 1]) {
		diagnostics_error(a->r->errors, mark, "'%.*s' is before the arrival above it, "
		                  "expected times in ascending order", used < 60 ? (int)used : 60,
		                  text);
		return false;
	}
	a->time_ns = allocate_room(a->time_ns, a->count, sizeof(*a->time_ns));
	a->time_ns[a->count++] = ns;
	return true;
}

static void arrivals_lines(struct arrivals *a, const struct input *input)
{
	size_t at = 0;

	for (unsigned number = 1; at < input->length; number++) {
		const char *line = input->data + at;
		const char *end = memchr(line, '\n', input->length - at);
		size_t length = end != NULL ? (size_t)(end - line) : input->length - at;

		if (!arrival_line(a, line, length, number))
			return;
		at += length + 1;
	}
	if (a->count == 0)
		diagnostics_error(a->r->errors, mark_file(a->path),
		                  "holds no arrivals, " EXPECTED_ARRIVAL " on each line");
}

void reader_arrivals_read(struct reader *r, const struct tree_text *at, const char *name,
                          size_t length, struct scenario_workload *w)
{
	struct arrivals a = { r, NULL, NULL, 0 };
	char reason[INPUT_REASON_SIZE];
	char *relative = allocate_text(name, length);
	struct input input;

	a.path = reader_keep(r, input_path_beside(r->tree.file, relative));
	free(relative);
	if (!input_read(a.path, &input, reason)) {
		diagnostics_error(r->errors, tree_text_mark(at, 0), "arrivals '%.200s': %s", a.path,
		                  reason);
		return;
	}
	arrivals_lines(&a, &input);
	input_free(&input);
	w->arrival_ns = reader_keep(r, a.time_ns);
	w->arrival_count = a.count;
}
