/* SPDX-License-Identifier: BSD-2-Clause */
#include "topology_fold.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"

#define BOXES_MAX 16u      /* more packages than that are lines, not boxes */
#define LINES_MAX 16u      /* more lines than that in one box share lines */

static uint32_t fold_part_count(const struct ration_topology *t, enum topology_part part)
{
	switch (part) {
	case PART_NODE:
		return t->node_count;
	case PART_PACKAGE:
		return t->package_count;
	default:
		return t->llc_count;
	}
}

bool topology_fold_is_leaf(const struct ration_topology *t, const struct topology_parts *parts,
                           unsigned level)
{
	if (level == parts->level_count)
		return true;
	return fold_part_count(t, parts->level[level]) > BOXES_MAX ||
	       (level > 0 && level + 1 == parts->level_count);
}

/* --- what a range of CPUs has ------------------------------------------------------ */

struct fold_census {
	uint32_t llcs, cores, least_threads, most_threads, offline;
	unsigned least_percent, most_percent;
};

static struct fold_census fold_count(const struct topology_view *view,
                                     struct topology_range cpus)
{
	const struct ration_topology *t = &view->host->model;
	struct fold_census census = { .least_threads = UINT32_MAX, .least_percent = 100 };
	uint32_t end = cpus.first + cpus.count;

	for (uint32_t c = cpus.first, threads = 0; c < end; c++) {
		unsigned percent = topology_view_percent(view, c);

		threads++;
		census.offline += !t->cpu[c].online;
		census.least_percent = percent < census.least_percent ? percent
		                                                      : census.least_percent;
		census.most_percent = percent > census.most_percent ? percent
		                                                    : census.most_percent;
		if (c + 1 == end || t->cpu[c + 1].llc != t->cpu[c].llc)
			census.llcs++;
		if (c + 1 < end && t->cpu[c + 1].core == t->cpu[c].core)
			continue;
		census.cores++;
		if (threads < census.least_threads)
			census.least_threads = threads;
		if (threads > census.most_threads)
			census.most_threads = threads;
		threads = 0;
	}
	return census;
}

__attribute__((format(printf, 3, 4)))
static void fold_append(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text + length, size - length, format, arguments);
	va_end(arguments);
}

static void fold_describe(const struct topology_view *view, struct topology_range cpus,
                          bool with_llcs, char *text, size_t size)
{
	struct fold_census census = fold_count(view, cpus);

	text[0] = '\0';
	if (with_llcs)
		fold_append(text, size, "%u L3, ", census.llcs);
	fold_append(text, size, "%u core%s", census.cores, census.cores == 1 ? "" : "s");
	if (census.least_threads != census.most_threads)
		fold_append(text, size, ", %u threads", cpus.count);
	else if (census.most_threads > 1)
		fold_append(text, size, " of %u threads", census.most_threads);
	if (census.offline > 0)
		fold_append(text, size, ", %u off line", census.offline);
	if (!topology_view_has_kinds(view))
		return;
	if (census.least_percent != census.most_percent)
		fold_append(text, size, ", %u-%u%%", census.least_percent, census.most_percent);
	else
		fold_append(text, size, ", %u%%", census.most_percent);
}

/* --- lines -------------------------------------------------------------------------- */

/* A run of parts that are told of in one line. */
struct fold_run {
	struct topology_range cpus;     /* of all of them */
	uint32_t index, count;          /* the first part's number, and how many */
	char what[128];                 /* of each */
};

/* "Package 3", "Packages 0-7". */
static void fold_name(char *text, size_t size, const char *const name[2], uint32_t index,
                      uint32_t count)
{
	fold_append(text, size, "%s %u", name[count > 1], index);
	if (count > 1)
		fold_append(text, size, "-%u", index + count - 1);
}

/* Is a part of this level a node as well, by another name? */
static bool fold_are_nodes(const struct topology_parts *parts, unsigned level)
{
	return level < parts->level_count && parts->node_is != PART_NODE &&
	       parts->node_is == parts->level[level];
}

static void fold_add(struct topology_fold *fold, const struct topology_view *view,
                     const struct topology_parts *parts, unsigned level,
                     const struct fold_run *run)
{
	static const char *const names[PART_COUNT][2] = {
		{ "Node", "Nodes" }, { "Package", "Packages" }, { "L3", "L3" }
	};
	static const char *const node_names[2] = { ", node", ", nodes" };
	bool member[RATION_TOPOLOGY_CPU_MAX] = { false };
	struct topology_fold_line *line;

	fold->line = allocate_room(fold->line, fold->line_count, sizeof(*fold->line));
	line = &fold->line[fold->line_count++];
	memset(line, 0, sizeof(*line));
	if (level < parts->level_count)
		fold_name(line->name, sizeof(line->name), names[parts->level[level]],
		          run->index, run->count);
	if (fold_are_nodes(parts, level))
		fold_name(line->name, sizeof(line->name), node_names,
		          view->host->model.cpu[run->cpus.first].node, run->count);
	for (uint32_t c = run->cpus.first; c < run->cpus.first + run->cpus.count; c++)
		member[c] = true;
	(void)snprintf(line->cpus, sizeof(line->cpus), "CPUs ");
	topology_view_list(view, member, line->cpus + 5, sizeof(line->cpus) - 5);
	fold_append(line->what, sizeof(line->what), "%s%s", run->what,
	            run->count > 1 ? " each" : "");
}

/* Does a part continue a run of equal ones?  Where they are nodes too, the
 * nodes must go on in step. */
static bool fold_joins(const struct ration_topology *t, bool are_nodes,
                       const struct fold_run *run, const struct fold_run *next)
{
	uint32_t last = run->cpus.first + run->cpus.count - 1;

	if (next->index != run->index + run->count ||
	    next->cpus.count != run->cpus.count / run->count ||
	    strcmp(next->what, run->what) != 0)
		return false;
	return !are_nodes || t->cpu[next->cpus.first].node == t->cpu[last].node + 1u;
}

static void fold_fill(const struct topology_view *view, const struct topology_parts *parts,
                      unsigned level, struct topology_range cpus, bool sharing,
                      struct topology_fold *fold)
{
	const struct ration_topology *t = &view->host->model;
	uint32_t end = cpus.first + cpus.count;
	struct fold_run run = { .count = 0 }, next;
	bool are_nodes = fold_are_nodes(parts, level);

	for (uint32_t c = cpus.first; c < end; c += next.cpus.count) {
		next = (struct fold_run){ .cpus = { c, end - c }, .count = 1 };
		if (level < parts->level_count) {
			next.cpus = topology_part_range(t, parts->level[level], c, end);
			next.index = topology_part_index(t, parts->level[level], c);
		}
		fold_describe(view, next.cpus, level + 1 < parts->level_count, next.what,
		              sizeof(next.what));
		if (sharing && run.count > 0 && fold_joins(t, are_nodes, &run, &next)) {
			run.cpus.count += next.cpus.count;
			run.count++;
			continue;
		}
		if (run.count > 0)
			fold_add(fold, view, parts, level, &run);
		run = next;
	}
	fold_add(fold, view, parts, level, &run);
}

static void fold_measure(struct topology_fold *fold)
{
	for (unsigned i = 0; i < fold->line_count; i++) {
		const struct topology_fold_line *line = &fold->line[i];

		if (strlen(line->name) > fold->name_width)
			fold->name_width = (unsigned)strlen(line->name);
		if (strlen(line->cpus) > fold->cpus_width)
			fold->cpus_width = (unsigned)strlen(line->cpus);
		if (strlen(line->what) > fold->what_width)
			fold->what_width = (unsigned)strlen(line->what);
	}
}

void topology_fold_fill(const struct topology_view *view, const struct topology_parts *parts,
                        unsigned level, struct topology_range cpus, struct topology_fold *fold)
{
	fold_fill(view, parts, level, cpus, false, fold);
	if (fold->line_count > LINES_MAX) {
		topology_fold_free(fold);
		fold_fill(view, parts, level, cpus, true, fold);
	}
	fold_measure(fold);
}

void topology_fold_free(struct topology_fold *fold)
{
	free(fold->line);
	memset(fold, 0, sizeof(*fold));
}

unsigned topology_fold_width(const struct topology_fold *fold)
{
	return fold->name_width + (fold->name_width > 0 ? 3 : 0) + fold->cpus_width + 3 +
	       fold->what_width;
}

void topology_fold_format(const struct topology_fold *fold, unsigned line,
                          char text[TOPOLOGY_FOLD_SIZE])
{
	const struct topology_fold_line *l = &fold->line[line];

	(void)snprintf(text, TOPOLOGY_FOLD_SIZE, "%-*s%s%-*s   %s", (int)fold->name_width, l->name,
	               fold->name_width > 0 ? "   " : "", (int)fold->cpus_width, l->cpus, l->what);
}
