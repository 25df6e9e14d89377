/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * topology_fold.h - machines too large to draw core by core: a line for each
 * cache (or package), and one line for a run of equal ones where there are
 * many.
 *
 *     L3 0      CPUs 0-15     8 cores of 2 threads
 *     L3 1-15   CPUs 16-255   8 cores of 2 threads each
 */
#ifndef TOPOLOGY_FOLD_H
#define TOPOLOGY_FOLD_H

#include "topology_parts.h"
#include "topology_view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TOPOLOGY_FOLD_SIZE 256u    /* of a line, more than any has */

struct topology_fold_line {
	char name[32], cpus[64], what[128];
};

/* Zeroed: no lines. */
struct topology_fold {
	struct topology_fold_line *line;
	unsigned line_count;
	unsigned name_width, cpus_width, what_width;
};

/* Are the parts of this level (of parts->level) written as lines, not drawn as
 * boxes?  level_count stands for the cores. */
bool topology_fold_is_leaf(const struct ration_topology *t, const struct topology_parts *parts,
                           unsigned level);

/* The lines of a range of CPUs. */
void topology_fold_fill(const struct topology_view *view, const struct topology_parts *parts,
                        unsigned level, struct topology_range cpus, struct topology_fold *fold);
void topology_fold_free(struct topology_fold *fold);

/* Columns that all lines need; a line in its columns. */
unsigned topology_fold_width(const struct topology_fold *fold);
void topology_fold_format(const struct topology_fold *fold, unsigned line,
                          char text[TOPOLOGY_FOLD_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
