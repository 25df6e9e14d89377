/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diagnostics.h - saying where input is wrong: one line an error, as
 *
 *     file:line:column: what, and what was expected
 *
 * A reader goes on after an error where it can, so that one run names several;
 * after DIAGNOSTICS_MAX of them the rest is counted and not printed.
 */
#ifndef DIAGNOSTICS_H
#define DIAGNOSTICS_H

#include <stddef.h>
#include <stdio.h>

#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DIAGNOSTICS_MAX 10u

struct diagnostics {
	FILE *out;           /* where the lines go; NULL: nowhere, they are only counted */
	unsigned count;      /* errors so far */
};

/* Write one error.  Control characters of the input come out as '?', so that a
 * hostile file cannot drive the terminal. */
__attribute__((format(printf, 3, 4)))
void diagnostics_error(struct diagnostics *d, struct scenario_mark at, const char *format, ...);

/* The mark of a whole file, or of a later column of the same line. */
struct scenario_mark mark_file(const char *file);
struct scenario_mark mark_column(struct scenario_mark mark, size_t columns);

/*
 * The name among `names` that `word` was probably meant to be, or NULL: at most
 * two letters wrong, missing, added or swapped, fewer in short words.
 */
const char *suggest(const char *word, const char *const *names, size_t name_count);

#ifdef __cplusplus
}
#endif
#endif
