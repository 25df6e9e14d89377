/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * canvas.h - a page of character cells to draw boxes and text on.
 *
 * Lines are kept as the arms that leave each cell's middle, so that boxes which
 * share an edge grow into one another: a grid is nothing but boxes side by
 * side.  What a junction looks like is decided when it is printed, in box
 * characters or in ASCII.
 */
#ifndef CANVAS_H
#define CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "table.h"

#ifdef __cplusplus
extern "C" {
#endif

struct canvas_cell {
	char text;                   /* 0: none */
	uint8_t arms;                /* of lines */
	uint8_t style;
};

struct canvas {
	unsigned width, height;
	struct canvas_cell *cell;    /* row by row */
};

/* A corner and a size, in cells; width and height at least 2 for a box. */
struct canvas_area {
	unsigned x, y, width, height;
};

/* What is drawn outside of the canvas is cut off. */
void canvas_init(struct canvas *canvas, unsigned width, unsigned height);
void canvas_fini(struct canvas *canvas);
void canvas_box(struct canvas *canvas, struct canvas_area area);
/* One line of ASCII text, over whatever is there. */
void canvas_text(struct canvas *canvas, unsigned x, unsigned y, const char *text,
                 enum style style);

/* Print, without blanks at the ends of lines; every line after `indent` blanks. */
void canvas_print(const struct canvas *canvas, const struct page *page, bool utf8,
                  unsigned indent);

#ifdef __cplusplus
}
#endif
#endif
