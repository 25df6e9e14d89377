/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * topology_view.h - a machine as text: what it has in a line, its packages,
 * caches and cores as boxes in boxes, a table of its NUMA nodes, and how to
 * write it down.
 *
 * Up to 64 CPUs every core is a box with its CPUs in it.  Above, a line tells
 * of each cache, and equal ones share a line where there are many.
 */
#ifndef TOPOLOGY_VIEW_H
#define TOPOLOGY_VIEW_H

#include "canvas.h"
#include "table.h"
#include "topology_host.h"

#ifdef __cplusplus
extern "C" {
#endif

struct topology_view {
	const struct topology_host *host;
	const char *name;            /* as the user gave it */
	struct page page;
	bool utf8;                   /* box characters, else ASCII */
	bool physical;               /* the operating system's numbers of CPUs */
};

/* Print everything. */
void topology_view_print(const struct topology_view *view);

/* The boxes alone, on a canvas for canvas_fini() which is as wide as they need
 * and, where they can be, no wider than `width`. */
void topology_view_draw(const struct topology_view *view, unsigned width,
                        struct canvas *canvas);

/* How fast a CPU is beside the fastest, in percent, at least 1. */
unsigned topology_view_percent(const struct topology_view *view, uint32_t cpu);

/* Do CPUs differ in capacity?  Is any of them off line? */
bool topology_view_has_kinds(const struct topology_view *view);
bool topology_view_has_offline(const struct topology_view *view);

/*
 * The numbers of the CPUs whose `member` is set (an element for each CPU), as
 * the view counts them: "0-3,8"; "..." stands for what does not fit.
 */
void topology_view_list(const struct topology_view *view, const bool *member, char *text,
                        size_t size);

/* Why no synthetic string describes the machine, as "it has CPUs that are off
 * line"; NULL: one does. */
const char *topology_view_irregular(const struct topology_view *view);

/* "512 MiB", "18 GiB", "1.5 TiB": three digits at most before the unit. */
void topology_view_memory(uint64_t bytes, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
