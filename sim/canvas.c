/* SPDX-License-Identifier: BSD-2-Clause */
#include "canvas.h"

#include <stdlib.h>
#include <string.h>

#include "allocate.h"

enum { ARM_UP = 1, ARM_DOWN = 2, ARM_LEFT = 4, ARM_RIGHT = 8 };

void canvas_init(struct canvas *canvas, unsigned width, unsigned height)
{
	canvas->width = width;
	canvas->height = height;
	canvas->cell = allocate((size_t)width * height + 1, sizeof(*canvas->cell));
}

void canvas_fini(struct canvas *canvas)
{
	free(canvas->cell);
	memset(canvas, 0, sizeof(*canvas));
}

static struct canvas_cell *canvas_at(struct canvas *canvas, unsigned x, unsigned y)
{
	return x < canvas->width && y < canvas->height
		? &canvas->cell[(size_t)y * canvas->width + x] : NULL;
}

static void canvas_add_arms(struct canvas *canvas, unsigned x, unsigned y, unsigned arms)
{
	struct canvas_cell *cell = canvas_at(canvas, x, y);

	if (cell != NULL)
		cell->arms |= (uint8_t)arms;
}

void canvas_box(struct canvas *canvas, struct canvas_area area)
{
	unsigned right = area.x + area.width - 1, bottom = area.y + area.height - 1;

	for (unsigned x = area.x; x <= right; x++) {
		unsigned arms = (x > area.x ? ARM_LEFT : 0) | (x < right ? ARM_RIGHT : 0);

		canvas_add_arms(canvas, x, area.y, arms);
		canvas_add_arms(canvas, x, bottom, arms);
	}
	for (unsigned y = area.y; y <= bottom; y++) {
		unsigned arms = (y > area.y ? ARM_UP : 0) | (y < bottom ? ARM_DOWN : 0);

		canvas_add_arms(canvas, area.x, y, arms);
		canvas_add_arms(canvas, right, y, arms);
	}
}

void canvas_text(struct canvas *canvas, unsigned x, unsigned y, const char *text,
                 enum style style)
{
	for (; *text != '\0'; text++, x++) {
		struct canvas_cell *cell = canvas_at(canvas, x, y);

		if (cell == NULL)
			return;
		cell->text = *text;
		cell->style = (uint8_t)style;
	}
}

/* What a cell without text looks like; NULL: blank. */
static const char *canvas_line(unsigned arms, bool utf8)
{
	static const char *const boxes[16] = {
		[0] = NULL,
		[ARM_UP] = "╵", [ARM_DOWN] = "╷", [ARM_LEFT] = "╴", [ARM_RIGHT] = "╶",
		[ARM_UP | ARM_DOWN] = "│", [ARM_LEFT | ARM_RIGHT] = "─",
		[ARM_DOWN | ARM_RIGHT] = "┌", [ARM_DOWN | ARM_LEFT] = "┐",
		[ARM_UP | ARM_RIGHT] = "└", [ARM_UP | ARM_LEFT] = "┘",
		[ARM_UP | ARM_DOWN | ARM_RIGHT] = "├", [ARM_UP | ARM_DOWN | ARM_LEFT] = "┤",
		[ARM_DOWN | ARM_LEFT | ARM_RIGHT] = "┬", [ARM_UP | ARM_LEFT | ARM_RIGHT] = "┴",
		[ARM_UP | ARM_DOWN | ARM_LEFT | ARM_RIGHT] = "┼",
	};

	if (utf8 || arms == 0)
		return boxes[arms];
	if ((arms & (ARM_LEFT | ARM_RIGHT)) == 0)
		return "|";
	return (arms & (ARM_UP | ARM_DOWN)) == 0 ? "-" : "+";
}

static bool canvas_is_blank(const struct canvas_cell *cell)
{
	return cell->arms == 0 && (cell->text == '\0' || cell->text == ' ');
}

static enum style canvas_style(const struct canvas_cell *cell)
{
	if (cell->text != '\0')
		return (enum style)cell->style;
	return cell->arms != 0 ? STYLE_DIM : STYLE_PLAIN;
}

void canvas_print(const struct canvas *canvas, const struct page *page, bool utf8,
                  unsigned indent)
{
	for (unsigned y = 0; y < canvas->height; y++) {
		const struct canvas_cell *row = &canvas->cell[(size_t)y * canvas->width];
		unsigned end = canvas->width;
		enum style style = STYLE_PLAIN;

		while (end > 0 && canvas_is_blank(&row[end - 1]))
			end--;
		if (end > 0)
			fprintf(page->out, "%*s", (int)indent, "");
		for (unsigned x = 0; x < end; x++) {
			/* A blank looks the same in any style: no need to change it. */
			if (!canvas_is_blank(&row[x]) && canvas_style(&row[x]) != style) {
				fputs(page_end(page, style), page->out);
				style = canvas_style(&row[x]);
				fputs(page_begin(page, style), page->out);
			}
			if (row[x].text != '\0')
				fputc(row[x].text, page->out);
			else if (row[x].arms != 0)
				fputs(canvas_line(row[x].arms, utf8), page->out);
			else
				fputc(' ', page->out);
		}
		fputs(page_end(page, style), page->out);
		fputc('\n', page->out);
	}
}
