/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * allocate.h - memory for the command: it has it, or it ends the program with
 * a message (exit 1), so that no caller tests for NULL.
 */
#ifndef ALLOCATE_H
#define ALLOCATE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `count` things of `size` bytes, zeroed; for free(). */
void *allocate(size_t count, size_t size);

/* Grow or shrink; what is new is not zeroed. */
void *allocate_again(void *old, size_t count, size_t size);

/* `length` bytes of `text` as a string. */
char *allocate_text(const char *text, size_t length);

/* Room for one more behind `count` things of `size` bytes: the block grows by
 * doubling whenever `count` is 0 or a power of two. */
void *allocate_room(void *old, size_t count, size_t size);

#ifdef __cplusplus
}
#endif
#endif
