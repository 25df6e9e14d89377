/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c - tables whose columns line up. */
#include "hvctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"

void table_add(struct table *t, const char *format, ...)
{
	va_list arguments;

	t->cell = allocate_room(t->cell, t->count, sizeof *t->cell);
	va_start(arguments, format);
	(void)vsnprintf(t->cell[t->count++], TABLE_CELL, format, arguments);
	va_end(arguments);
}

void table_print(struct table *t)
{
	int width[TABLE_COLUMNS] = { 0 };
	uint32_t i;

	for (i = 0; i < t->count; i++) {
		int length = (int)strlen(t->cell[i]);

		if (length > width[i % t->columns])
			width[i % t->columns] = length;
	}
	for (i = 0; i < t->count; i++) {
		uint32_t column = i % t->columns;
		bool is_last = column + 1 == t->columns;

		if (column < t->left)
			(void)printf("%-*s", is_last ? 0 : width[column], t->cell[i]);
		else
			(void)printf("%*s", width[column], t->cell[i]);
		(void)fputs(is_last ? "\n" : "  ", stdout);
	}
	free(t->cell);
	t->cell = NULL;
	t->count = 0;
}
