/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * topology_draw.c - boxes in boxes: a tree of regions is built, measured from
 * the inside out, and placed from the outside in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "topology_fold.h"
#include "topology_parts.h"
#include "topology_view.h"

#define TITLE_SIZE      64u
#define FOLD_ABOVE      RATION_CPU_MAX
#define COLUMNS_MAX     16u        /* of boxes side by side that are tried */
#define THREADS_ABREAST 8u         /* of one core, in one line */
#define FRAME_WIDTH     4u         /* a line and a blank on either side */
#define FRAME_HEIGHT    2u
#define GAP             1u         /* between boxes side by side */

struct region {
	char title[TITLE_SIZE], short_title[TITLE_SIZE];
	bool framed;
	struct topology_range cpus;
	struct region *child;          /* none: cores, or lines where folded */
	unsigned child_count;
	unsigned columns;              /* of children, or of cores */
	struct topology_fold fold;
	struct canvas_area area;
};

/* What holds for the whole drawing. */
struct drawing {
	const struct topology_view *view;
	const struct ration_topology *t;
	struct topology_parts parts;
	bool folded, has_offline, has_kinds;
	unsigned digits;               /* of the largest CPU number */
	unsigned abreast;              /* threads in one line of a core */
	unsigned core_width, core_height;   /* inside of the lines */
};

/* --- sizes ------------------------------------------------------------------------ */

static unsigned draw_digits(uint32_t number)
{
	unsigned digits = 1;

	for (; number >= 10; number /= 10)
		digits++;
	return digits;
}

static uint32_t draw_label(const struct drawing *d, uint32_t cpu)
{
	return d->view->physical ? d->view->host->os_index[cpu] : cpu;
}

/* The CPUs of the core that CPU `cpu` begins. */
static uint32_t draw_core_count(const struct drawing *d, uint32_t cpu, uint32_t end)
{
	uint32_t count = 1;

	while (cpu + count < end && d->t->cpu[cpu + count].core == d->t->cpu[cpu].core)
		count++;
	return count;
}

/* "50%", or "50-100%" where the threads of a core differ. */
static void draw_capacity(const struct drawing *d, struct topology_range core, char *text,
                          size_t size)
{
	unsigned least = 100, most = 0;

	for (uint32_t c = core.first; c < core.first + core.count; c++) {
		unsigned percent = topology_view_percent(d->view, c);

		least = percent < least ? percent : least;
		most = percent > most ? percent : most;
	}
	if (least == most)
		(void)snprintf(text, size, "%u%%", most);
	else
		(void)snprintf(text, size, "%u-%u%%", least, most);
}

/* Between the left edges of two threads of a core: a number with a blank on
 * either side, which neighbours share unless it may be a parenthesis. */
static unsigned draw_thread_width(const struct drawing *d)
{
	return d->digits + (d->has_offline ? 2 : 1);
}

static void draw_measure_core(struct drawing *d)
{
	uint32_t most = 1;

	for (uint32_t c = 0, count; c < d->t->cpu_count; c += count) {
		char capacity[16];

		count = draw_core_count(d, c, d->t->cpu_count);
		most = count > most ? count : most;
		draw_capacity(d, (struct topology_range){ c, count }, capacity, sizeof(capacity));
		if (d->has_kinds && strlen(capacity) + 2 > d->core_width)
			d->core_width = (unsigned)strlen(capacity) + 2;
	}
	d->abreast = most < THREADS_ABREAST ? most : THREADS_ABREAST;
	most = (most + d->abreast - 1) / d->abreast;
	if (d->core_width < d->abreast * draw_thread_width(d) + (d->has_offline ? 0 : 1))
		d->core_width = d->abreast * draw_thread_width(d) + (d->has_offline ? 0 : 1);
	d->core_height = most + (d->has_kinds ? 1 : 0);
}

static struct drawing drawing_of(const struct topology_view *view)
{
	struct drawing d = {
		.view = view,
		.t = &view->host->model,
		.parts = topology_parts_of(&view->host->model),
		.folded = view->host->model.cpu_count > FOLD_ABOVE,
		.has_offline = topology_view_has_offline(view),
		.has_kinds = topology_view_has_kinds(view),
		.digits = 1,
	};

	for (uint32_t c = 0; c < d.t->cpu_count; c++)
		if (draw_digits(draw_label(&d, c)) > d.digits)
			d.digits = draw_digits(draw_label(&d, c));
	draw_measure_core(&d);
	return d;
}

/* --- building --------------------------------------------------------------------- */

static void region_name_node(const struct drawing *d, struct region *r, bool alone)
{
	uint32_t node = d->t->cpu[r->cpus.first].node;
	uint64_t bytes = d->view->host->node_memory[node];
	size_t length = strlen(r->short_title);
	char memory[16];

	(void)snprintf(r->short_title + length, TITLE_SIZE - length, "%s %u",
	               alone ? "Node" : ", node", node);
	topology_view_memory(bytes, memory, sizeof(memory));
	(void)snprintf(r->title, sizeof(r->title), "%.40s%s%s", r->short_title,
	               bytes != 0 ? ", " : "", bytes != 0 ? memory : "");
}

static void region_name(const struct drawing *d, struct region *r, enum topology_part part)
{
	uint32_t index = topology_part_index(d->t, part, r->cpus.first);

	r->framed = true;
	if (part == PART_NODE) {
		region_name_node(d, r, true);
		return;
	}
	(void)snprintf(r->short_title, sizeof(r->short_title), "%s %u",
	               part == PART_PACKAGE ? "Package" : "L3", index);
	(void)snprintf(r->title, sizeof(r->title), "%.40s", r->short_title);
	if (d->parts.node_is == part)
		region_name_node(d, r, false);
}

/* Split a region into the parts of level `level` and deeper. */
static void region_build(const struct drawing *d, struct region *r, unsigned level)
{
	uint32_t end = r->cpus.first + r->cpus.count;

	if (d->folded && topology_fold_is_leaf(d->t, &d->parts, level)) {
		topology_fold_fill(d->view, &d->parts, level, r->cpus, &r->fold);
		return;
	}
	if (level == d->parts.level_count)
		return;
	for (uint32_t c = r->cpus.first; c < end;) {
		struct region *child;

		r->child = allocate_room(r->child, r->child_count, sizeof(*r->child));
		child = &r->child[r->child_count++];
		memset(child, 0, sizeof(*child));
		child->cpus = topology_part_range(d->t, d->parts.level[level], c, end);
		region_name(d, child, d->parts.level[level]);
		c += child->cpus.count;
	}
	for (unsigned i = 0; i < r->child_count; i++)
		region_build(d, &r->child[i], level + 1);
}

static void region_free(struct region *r)
{
	for (unsigned i = 0; i < r->child_count; i++)
		region_free(&r->child[i]);
	free(r->child);
	topology_fold_free(&r->fold);
}

/* --- measuring ---------------------------------------------------------------------- */

static void region_measure(const struct drawing *d, struct region *r, unsigned width);

static unsigned draw_rows(unsigned count, unsigned columns)
{
	return (count + columns - 1) / columns;
}

/* How many columns for `count` equal boxes where `most` fit: as few rows as
 * can be, and full ones where less than twice as many will do. */
static unsigned draw_columns(unsigned count, unsigned most)
{
	unsigned rows;

	if (most < 1)
		most = 1;
	if (most >= count)
		return count;
	for (unsigned columns = most; columns * 2 > most; columns--)
		if (count % columns == 0)
			return columns;
	rows = draw_rows(count, most);
	return draw_rows(count, rows);
}

static void region_measure_cores(const struct drawing *d, struct region *r, unsigned width)
{
	uint32_t end = r->cpus.first + r->cpus.count;
	unsigned cores = 0;

	for (uint32_t c = r->cpus.first; c < end; c += draw_core_count(d, c, end))
		cores++;
	r->columns = draw_columns(cores, width > 1 ? (width - 1) / (d->core_width + 1) : 1);
	r->area.width = r->columns * (d->core_width + 1) + 1;
	r->area.height = draw_rows(cores, r->columns) * (d->core_height + 1) + 1;
}

/* Measure the children for so many columns; all become as wide as the widest,
 * and those of a row as high as the highest. */
static void region_measure_columns(const struct drawing *d, struct region *r, unsigned width,
                                   unsigned columns)
{
	unsigned gaps = (columns - 1) * GAP, widest = 0;

	r->columns = columns;
	r->area.height = 0;
	for (unsigned i = 0; i < r->child_count; i++) {
		region_measure(d, &r->child[i], width > gaps ? (width - gaps) / columns : 1);
		if (r->child[i].area.width > widest)
			widest = r->child[i].area.width;
	}
	for (unsigned row = 0; row < r->child_count; row += columns) {
		unsigned highest = 0;

		for (unsigned i = row; i < row + columns && i < r->child_count; i++)
			if (r->child[i].area.height > highest)
				highest = r->child[i].area.height;
		for (unsigned i = row; i < row + columns && i < r->child_count; i++)
			r->child[i].area.height = highest;
		r->area.height += highest;
	}
	for (unsigned i = 0; i < r->child_count; i++)
		r->child[i].area.width = widest;
	r->area.width = columns * widest + gaps;
}

/* Of all numbers of columns that fit, the one that takes the fewest lines. */
static void region_measure_children(const struct drawing *d, struct region *r, unsigned width)
{
	unsigned best = 1, height = 0;

	for (unsigned columns = 1; columns <= r->child_count && columns <= COLUMNS_MAX; columns++) {
		region_measure_columns(d, r, width, columns);
		if (columns > 1 && (r->area.width > width || r->area.height >= height))
			continue;
		best = columns;
		height = r->area.height;
	}
	region_measure_columns(d, r, width, best);
}

static void region_measure(const struct drawing *d, struct region *r, unsigned width)
{
	unsigned title = (unsigned)strlen(r->short_title) + FRAME_WIDTH;
	unsigned frame = r->framed ? FRAME_WIDTH : 0;
	unsigned inside = width > frame ? width - frame : 1;

	if (r->fold.line_count > 0) {
		r->area.width = topology_fold_width(&r->fold);
		r->area.height = r->fold.line_count;
	} else if (r->child_count > 0) {
		region_measure_children(d, r, inside);
	} else {
		region_measure_cores(d, r, inside);
	}
	if (!r->framed)
		return;
	r->area.width += FRAME_WIDTH;
	r->area.height += FRAME_HEIGHT;
	if (r->area.width < title + 2)
		r->area.width = title + 2;
}

/* --- drawing -------------------------------------------------------------------------- */

static void draw_core(const struct drawing *d, struct canvas *canvas, struct canvas_area at,
                      struct topology_range core)
{
	char text[16];
	unsigned lines = draw_rows(core.count, d->abreast);

	canvas_box(canvas, at);
	for (uint32_t i = 0; i < core.count; i++) {
		uint32_t c = core.first + i;
		bool online = d->t->cpu[c].online;

		(void)snprintf(text, sizeof(text), online ? "%u" : "(%u)", draw_label(d, c));
		canvas_text(canvas, at.x + 2 + i % d->abreast * draw_thread_width(d) + d->digits +
		            (online ? 0 : 1) - (unsigned)strlen(text),
		            at.y + 1 + i / d->abreast, text, online ? STYLE_PLAIN : STYLE_BAD);
	}
	if (!d->has_kinds)
		return;
	draw_capacity(d, core, text, sizeof(text));
	canvas_text(canvas, at.x + 1 + (d->core_width - (unsigned)strlen(text)) / 2,
	            at.y + 1 + lines, text, STYLE_WARN);
}

static void draw_cores(const struct drawing *d, struct canvas *canvas, const struct region *r)
{
	struct canvas_area at = { .x = r->area.x, .y = r->area.y,
		.width = d->core_width + 2, .height = d->core_height + 2 };
	uint32_t end = r->cpus.first + r->cpus.count, count;
	unsigned column = 0;

	if (r->framed) {
		at.x += FRAME_WIDTH / 2;
		at.y++;
	}
	for (uint32_t c = r->cpus.first; c < end; c += count) {
		count = draw_core_count(d, c, end);
		draw_core(d, canvas, at, (struct topology_range){ c, count });
		at.x += d->core_width + 1;
		if (++column == r->columns) {
			at.x -= column * (d->core_width + 1);
			at.y += d->core_height + 1;
			column = 0;
		}
	}
}

static void region_draw(const struct drawing *d, struct canvas *canvas, struct region *r)
{
	unsigned x = r->area.x, y = r->area.y;

	if (r->framed) {
		bool fits = strlen(r->title) + FRAME_WIDTH + 2 <= r->area.width;

		canvas_box(canvas, r->area);
		canvas_text(canvas, x + 2, y, " ", STYLE_PLAIN);
		canvas_text(canvas, x + 3, y, fits ? r->title : r->short_title, STYLE_HEAD);
		canvas_text(canvas, x + 3 + (unsigned)strlen(fits ? r->title : r->short_title), y,
		            " ", STYLE_PLAIN);
		x += FRAME_WIDTH / 2;
		y++;
	}
	if (r->fold.line_count > 0) {
		for (unsigned i = 0; i < r->fold.line_count; i++) {
			char line[TOPOLOGY_FOLD_SIZE];

			topology_fold_format(&r->fold, i, line);
			canvas_text(canvas, x, y + i, line, STYLE_PLAIN);
		}
	} else if (r->child_count == 0) {
		draw_cores(d, canvas, r);
	}
	for (unsigned i = 0; i < r->child_count; i++) {
		struct region *child = &r->child[i];

		child->area.x = x + i % r->columns * (child->area.width + GAP);
		child->area.y = y;
		region_draw(d, canvas, child);
		if (i % r->columns == r->columns - 1)
			y += child->area.height;
	}
}

void topology_view_draw(const struct topology_view *view, unsigned width,
                        struct canvas *canvas)
{
	struct drawing d = drawing_of(view);
	struct region root;

	memset(&root, 0, sizeof(root));
	root.cpus.count = d.t->cpu_count;
	region_build(&d, &root, 0);
	region_measure(&d, &root, width);
	canvas_init(canvas, root.area.width, root.area.height);
	region_draw(&d, canvas, &root);
	region_free(&root);
}
