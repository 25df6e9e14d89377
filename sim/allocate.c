/* SPDX-License-Identifier: BSD-2-Clause */
#include "allocate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate_checked(void *memory)
{
	if (memory == NULL) {
		fputs("ration: out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

void *allocate(size_t count, size_t size)
{
	return allocate_checked(calloc(count != 0 ? count : 1, size != 0 ? size : 1));
}

void *allocate_again(void *old, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return allocate_checked(NULL);
	return allocate_checked(realloc(old, count * size != 0 ? count * size : 1));
}

char *allocate_text(const char *text, size_t length)
{
	char *copy = allocate(length + 1, 1);

	if (length != 0)
		memcpy(copy, text, length);
	return copy;
}

void *allocate_room(void *old, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return old;
	return allocate_again(old, count != 0 ? count * 2 : 1, size);
}
