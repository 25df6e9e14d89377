/* SPDX-License-Identifier: BSD-2-Clause */
#define _DEFAULT_SOURCE
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "allocate.h"

#define PAGE_WIDTH 120u
#define GAP        2u        /* between columns */
#define GROUP_GAP  3u        /* between groups of them */
#define CELL_SIZE  256u

/* ---- Pages ------------------------------------------------------------ */

struct page page_of(FILE *out)
{
	struct page page = { out, PAGE_WIDTH, false };
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	struct winsize size;

	if (!isatty(fileno(out)))
		return page;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col != 0)
		page.width = size.ws_col;
	page.colour = (no_colour == NULL || no_colour[0] == '\0') && term != NULL &&
	              strcmp(term, "dumb") != 0;
	return page;
}

const char *page_begin(const struct page *page, enum style style)
{
	static const char *const begin[STYLE_COUNT] = {
		[STYLE_PLAIN] = "",
		[STYLE_DIM] = "\033[2m",
		[STYLE_HEAD] = "\033[1m",
		[STYLE_GOOD] = "\033[32m",
		[STYLE_WARN] = "\033[33m",
		[STYLE_BAD] = "\033[1;31m",
	};

	return page->colour ? begin[style] : "";
}

const char *page_end(const struct page *page, enum style style)
{
	return page->colour && style != STYLE_PLAIN ? "\033[0m" : "";
}

size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* ---- Filling ---------------------------------------------------------- */

void table_add_column(struct table *t, const char *group, const char *name, enum table_align align)
{
	struct table_column *column;

	t->column = allocate_room(t->column, t->column_count, sizeof(*t->column));
	column = &t->column[t->column_count++];
	column->group = group;
	column->name = allocate_text(name, strlen(name));
	column->align = align;
	column->width = text_width(name);
}

void table_add_cell(struct table *t, enum style style, const char *format, ...)
{
	struct table_column *column = &t->column[t->cell_count % t->column_count];
	char text[CELL_SIZE];
	va_list arguments;
	size_t width;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	width = text_width(text);
	if (width > column->width)
		column->width = width;
	t->cell = allocate_room(t->cell, t->cell_count, sizeof(*t->cell));
	t->cell[t->cell_count].text = allocate_text(text, strlen(text));
	t->cell[t->cell_count].style = style;
	t->cell_count++;
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->column_count; i++)
		free(t->column[i].name);
	for (size_t i = 0; i < t->cell_count; i++)
		free(t->cell[i].text);
	free(t->column);
	free(t->cell);
	memset(t, 0, sizeof(*t));
}

/* ---- Printing --------------------------------------------------------- */

/* A block: column 0, and columns from..to-1. */
struct block {
	size_t from, to;
	bool grouped;
};

/* A blank group only keeps its columns together. */
static bool group_is_blank(const char *group)
{
	return group == NULL || group[0] == '\0' || group[0] == ' ';
}

static size_t table_gap(const struct table *t, size_t column)
{
	bool same = t->column[column].group == t->column[column - 1].group;

	return same ? GAP : GROUP_GAP;
}

/* A line under way: blanks are written only when something follows them. */
struct line {
	const struct page *page;
	size_t blanks;
};

static void line_text(struct line *l, const char *text, enum style style)
{
	if (text[0] == '\0')
		return;
	for (; l->blanks > 0; l->blanks--)
		fputc(' ', l->page->out);
	fprintf(l->page->out, "%s%s%s", page_begin(l->page, style), text,
	        page_end(l->page, style));
}

static void line_field(struct line *l, const char *text, enum style style,
                       enum table_align align, size_t width)
{
	size_t blanks = width - text_width(text);

	if (align == TABLE_RIGHT)
		l->blanks += blanks;
	line_text(l, text, style);
	if (align == TABLE_LEFT)
		l->blanks += blanks;
}

static void line_end(struct line *l)
{
	fputc('\n', l->page->out);
	l->blanks = 0;
}

/* Does a heading stand over both this column and the one before? */
static bool table_joined(const struct table *t, size_t column)
{
	return !group_is_blank(t->column[column].group) &&
	       t->column[column].group == t->column[column - 1].group;
}

/* As many columns as fit, at least one; a group is torn only where it does not
 * fit by itself. */
static struct block table_block(const struct table *t, const struct page *page, size_t from)
{
	struct block b = { from, from, false };
	size_t width = t->column[0].width, whole;

	while (b.to < t->column_count) {
		width += table_gap(t, b.to) + t->column[b.to].width;
		if (page->width != 0 && width > page->width && b.to > from)
			break;
		b.to++;
	}
	whole = b.to;
	while (whole < t->column_count && whole > from && table_joined(t, whole))
		whole--;
	if (whole > from)
		b.to = whole;
	for (size_t i = from; i < b.to; i++)
		b.grouped |= !group_is_blank(t->column[i].group);
	return b;
}

/* The width of the columns from `i` on that stand under one heading. */
static size_t table_group_width(const struct table *t, const struct block *b, size_t i,
                                size_t *next)
{
	size_t width = t->column[i].width;

	for (*next = i + 1; *next < b->to; ++*next) {
		if (t->column[*next].group != t->column[i].group || t->column[i].group == NULL)
			break;
		width += GAP + t->column[*next].width;
	}
	return width;
}

/* The heading over a group: its name between two rules, or alone where there
 * is no room for them. */
static void print_group(struct line *l, const char *name, size_t width)
{
	char text[CELL_SIZE];
	size_t length = text_width(name), left, at = 0;

	if (length + 4 > width || width >= sizeof(text) - strlen(name)) {
		line_field(l, name, STYLE_HEAD, TABLE_RIGHT, length < width ? width : length);
		return;
	}
	left = (width - length - 2) / 2;
	while (at < left)
		text[at++] = '-';
	at += (size_t)snprintf(text + at, sizeof(text) - at, " %s ", name);
	for (size_t i = left + length + 2; i < width; i++)
		text[at++] = '-';
	text[at] = '\0';
	line_text(l, text, STYLE_HEAD);
}

static void print_groups(const struct table *t, struct line *l, const struct block *b)
{
	size_t next;

	l->blanks = t->column[0].width;
	for (size_t i = b->from; i < b->to; i = next) {
		size_t width = table_group_width(t, b, i, &next);

		l->blanks += table_gap(t, i);
		if (group_is_blank(t->column[i].group))
			l->blanks += width;
		else
			print_group(l, t->column[i].group, width);
	}
	line_end(l);
}

/* One row of a block: column 0 and those of the block.  Row -1: the names. */
static void print_row(const struct table *t, struct line *l, const struct block *b, long row)
{
	for (size_t k = b->from - 1; k < b->to; k++) {
		size_t i = k == b->from - 1 ? 0 : k;
		const struct table_column *column = &t->column[i];
		const struct table_cell *cell;

		if (i != 0)
			l->blanks += table_gap(t, i);
		if (row < 0) {
			line_field(l, column->name, STYLE_HEAD, column->align, column->width);
			continue;
		}
		cell = &t->cell[(size_t)row * t->column_count + i];
		line_field(l, cell->text, cell->style, column->align, column->width);
	}
	line_end(l);
}

static void print_block(const struct table *t, const struct page *page, const struct block *b)
{
	struct line l = { page, 0 };

	if (b->grouped)
		print_groups(t, &l, b);
	for (long row = -1; row < (long)(t->cell_count / t->column_count); row++)
		print_row(t, &l, b, row);
}

/* No group narrower than its heading. */
static void table_fit(struct table *t)
{
	struct block all = { 1, t->column_count, false };
	size_t next;

	for (size_t i = 1; i < t->column_count; i = next) {
		size_t width = table_group_width(t, &all, i, &next);
		size_t name = t->column[i].group != NULL ? text_width(t->column[i].group) : 0;

		if (width < name)
			t->column[i].width += name - width;
	}
}

void table_print(struct table *t, const struct page *page)
{
	table_fit(t);
	for (size_t from = 1; from < t->column_count;) {
		struct block b = table_block(t, page, from);

		if (from != 1)
			fputc('\n', page->out);
		print_block(t, page, &b);
		from = b.to;
	}
}
