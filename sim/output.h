/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output.h - files that appear whole or not at all: written beside the place
 * where they go, renamed when they are complete, removed when the run fails or
 * is interrupted.  What is no regular file (a pipe, /dev/null) is written to
 * directly.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OUTPUT_MAX 4u            /* open at a time */

struct output {
	FILE *file;                  /* NULL: not open */
	char *path;                  /* where it goes in the end */
	char *temporary;             /* NULL: written directly */
};

/* Open; "-" is standard output.  False, with errno set: it cannot be written. */
bool output_open(struct output *o, const char *path);
/* Complete: flush and rename.  False, with errno set: nothing is left of it. */
bool output_commit(struct output *o);
/* Away with it.  Nothing if it is not open. */
void output_discard(struct output *o);

#ifdef __cplusplus
}
#endif
#endif
