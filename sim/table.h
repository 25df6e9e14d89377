/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - text tables that line up: columns with a heading, under a common
 * heading where several belong together; what is too wide for the page goes on
 * below, the first column repeated.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where text goes, and what it can show there. */
struct page {
	FILE *out;
	unsigned width;              /* columns; 0: any */
	bool colour;
};

/* A terminal has its own width, and colour unless NO_COLOR is set or TERM is
 * dumb; anything else 120 columns and none. */
struct page page_of(FILE *out);

enum style {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_HEAD,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_COUNT
};

/* Escape sequences to begin and end a style: "" where the page has no colour. */
const char *page_begin(const struct page *page, enum style style);
const char *page_end(const struct page *page, enum style style);

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
	const char *group;           /* the heading above, or NULL */
	char *name;
	enum table_align align;
	size_t width;                /* of the widest cell, in characters */
};

struct table_cell {
	char *text;
	enum style style;
};

struct table {
	struct table_column *column;
	size_t column_count;
	struct table_cell *cell;     /* row by row */
	size_t cell_count;
};

/* A zeroed struct is an empty table.  All columns come before the first cell.
 * Columns of one group stand side by side and have the same pointer as group; a
 * blank group has no heading and only sets its columns apart. */
void table_add_column(struct table *t, const char *group, const char *name, enum table_align align);
__attribute__((format(printf, 3, 4)))
void table_add_cell(struct table *t, enum style style, const char *format, ...);
void table_print(struct table *t, const struct page *page);
void table_free(struct table *t);

/* Characters that a UTF-8 text takes. */
size_t text_width(const char *text);

#ifdef __cplusplus
}
#endif
#endif
