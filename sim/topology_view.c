/* SPDX-License-Identifier: BSD-2-Clause */
#include "topology_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"

#define INDENT       2u      /* of everything below the headline */
#define STRING_SIZE  256u    /* of a synthetic string, more than any has */
#define CPUS_SIZE    49u     /* of a list of CPUs in the table of nodes */
#define UNIFORM_MIN  9u      /* nodes from which equal distances are said once */

/* --- facts ------------------------------------------------------------------------ */

unsigned topology_view_percent(const struct topology_view *view, uint32_t cpu)
{
	/* At most 1024 * 100. */
	unsigned percent = (view->host->model.cpu[cpu].capacity * 100u + RATION_CAPACITY_FULL / 2)
	                   / RATION_CAPACITY_FULL;

	return percent > 0 ? percent : 1;
}

bool topology_view_has_kinds(const struct topology_view *view)
{
	const struct ration_topology *t = &view->host->model;

	for (uint32_t c = 1; c < t->cpu_count; c++)
		if (t->cpu[c].capacity != t->cpu[0].capacity)
			return true;
	return false;
}

static uint32_t view_offline_count(const struct topology_view *view)
{
	const struct ration_topology *t = &view->host->model;
	uint32_t count = 0;

	for (uint32_t c = 0; c < t->cpu_count; c++)
		count += !t->cpu[c].online;
	return count;
}

bool topology_view_has_offline(const struct topology_view *view)
{
	return view_offline_count(view) > 0;
}

/* Are all distances 10 to the node itself and 20 to any other? */
static bool view_has_plain_distances(const struct ration_topology *t)
{
	for (uint32_t from = 0; from < t->node_count; from++)
		for (uint32_t to = 0; to < t->node_count; to++)
			if (t->distance[from][to] != (from == to ? RATION_DISTANCE_LOCAL
			                                         : 2 * RATION_DISTANCE_LOCAL))
				return false;
	return true;
}

const char *topology_view_irregular(const struct topology_view *view)
{
	char text[STRING_SIZE];

	if (ration_topology_format(&view->host->model, text, sizeof(text)) >= 0)
		return NULL;
	if (topology_view_has_offline(view))
		return "it has CPUs that are off line";
	if (topology_view_has_kinds(view))
		return "its cores differ in capacity";
	if (!view_has_plain_distances(&view->host->model))
		return "its nodes are not at distances 10 and 20";
	return "its parts are not all alike";
}

/* --- numbers in words --------------------------------------------------------------- */

void topology_view_memory(uint64_t bytes, char *text, size_t size)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
	unsigned unit = 0;
	uint64_t tenths;

	while (unit < 4 && bytes >> 10 * (unit + 2) > 0)
		unit++;
	/* Shifted by 10 at least before it is multiplied: no overflow. */
	tenths = ((bytes >> 10 * unit) * 10 + 512) >> 10;
	if (tenths >= 1000 || tenths % 10 == 0)
		(void)snprintf(text, size, "%llu %s", (unsigned long long)(tenths + 5) / 10,
		               units[unit]);
	else
		(void)snprintf(text, size, "%llu.%llu %s", (unsigned long long)tenths / 10,
		               (unsigned long long)tenths % 10, units[unit]);
}

static int view_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void topology_view_list(const struct topology_view *view, const bool *member, char *text,
                        size_t size)
{
	uint32_t number[RATION_TOPOLOGY_CPU_MAX], count = 0;
	size_t length = 0;

	for (uint32_t c = 0; c < view->host->model.cpu_count; c++)
		if (member[c])
			number[count++] = view->physical ? view->host->os_index[c] : c;
	qsort(number, count, sizeof(number[0]), view_compare);
	text[0] = '\0';
	for (uint32_t first = 0, next; first < count; first = next) {
		char item[32];

		next = first + 1;
		while (next < count && number[next] == number[next - 1] + 1)
			next++;
		(void)snprintf(item, sizeof(item), next - first > 1 ? "%s%u-%u" : "%s%u",
		               first > 0 ? "," : "", number[first], number[next - 1]);
		if (length + strlen(item) + (next < count ? 4 : 0) >= size) {
			(void)snprintf(text + length, size - length, ",...");
			return;
		}
		length += strlen(item);
		memcpy(text + length - strlen(item), item, strlen(item) + 1);
	}
}

/* --- the headline --------------------------------------------------------------------- */

/* ", 12 cores" */
static void view_print_count(const struct topology_view *view, uint32_t count,
                             const char *singular, const char *plural)
{
	fprintf(view->page.out, ", %u %s", count, count == 1 ? singular : plural);
}

static void view_print_memory(const struct topology_view *view)
{
	const struct topology_host *host = view->host;
	uint64_t bytes = 0, bytes_free = 0;
	char text[16];

	for (uint32_t n = 0; n < host->model.node_count; n++) {
		bytes += host->node_memory[n];
		bytes_free += host->node_free[n];
	}
	if (bytes == 0)
		return;
	topology_view_memory(bytes, text, sizeof(text));
	fprintf(view->page.out, ", %s", text);
	if (bytes_free == 0)
		return;
	topology_view_memory(bytes_free, text, sizeof(text));
	fprintf(view->page.out, " (%s free)", text);
}

static void view_print_head(const struct topology_view *view)
{
	const struct ration_topology *t = &view->host->model;
	uint32_t offline = view_offline_count(view);
	FILE *out = view->page.out;

	fputs(page_begin(&view->page, STYLE_HEAD), out);
	/* A name from outside must not drive the terminal. */
	for (const char *c = view->name; *c != '\0'; c++)
		fputc((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c, out);
	fprintf(out, "%s\n", page_end(&view->page, STYLE_HEAD));
	fprintf(out, "%*s%u CPU%s", (int)INDENT, "", t->cpu_count, t->cpu_count == 1 ? "" : "s");
	if (offline > 0)
		fprintf(out, " (%u off line)", offline);
	view_print_count(view, t->core_count, "core", "cores");
	if (t->llc_count > t->package_count)
		view_print_count(view, t->llc_count, "L3 cache", "L3 caches");
	view_print_count(view, t->package_count, "package", "packages");
	view_print_count(view, t->node_count, "NUMA node", "NUMA nodes");
	view_print_memory(view);
	fputc('\n', out);
}

/* --- the table of nodes ----------------------------------------------------------------- */

/* Many nodes, all alike: a matrix would say nothing more. */
static bool view_is_uniform(const struct ration_topology *t)
{
	if (t->node_count < UNIFORM_MIN)
		return false;
	for (uint32_t from = 0; from < t->node_count; from++)
		for (uint32_t to = 0; to < t->node_count; to++)
			if (t->distance[from][to] != t->distance[0][from == to ? 0 : 1])
				return false;
	return true;
}

static void view_cell_memory(struct table *table, uint64_t bytes)
{
	char text[16] = "-";

	if (bytes > 0)
		topology_view_memory(bytes, text, sizeof(text));
	table_add_cell(table, STYLE_PLAIN, "%s", text);
}

/* What the table of nodes tells of each. */
struct view_columns {
	bool memory, bytes_free, distances;
};

static struct view_columns view_columns_of(const struct topology_host *host)
{
	struct view_columns columns = { .distances = !view_is_uniform(&host->model) };

	for (uint32_t n = 0; n < host->model.node_count; n++) {
		columns.memory = columns.memory || host->node_memory[n] > 0;
		columns.bytes_free = columns.bytes_free || host->node_free[n] > 0;
	}
	return columns;
}

static void view_add_node(const struct topology_view *view, struct table *table, uint32_t node,
                          struct view_columns columns)
{
	const struct topology_host *host = view->host;
	bool member[RATION_TOPOLOGY_CPU_MAX] = { false };
	char cpus[CPUS_SIZE];

	for (uint32_t c = 0; c < host->model.cpu_count; c++)
		member[c] = host->model.cpu[c].node == node;
	topology_view_list(view, member, cpus, sizeof(cpus));
	table_add_cell(table, STYLE_PLAIN, "%*s%u", (int)INDENT, "", node);
	if (view->physical)
		table_add_cell(table, STYLE_PLAIN, "%u", host->node_os_index[node]);
	table_add_cell(table, STYLE_PLAIN, "%s", cpus[0] != '\0' ? cpus : "none");
	if (columns.memory)
		view_cell_memory(table, host->node_memory[node]);
	if (columns.bytes_free)
		view_cell_memory(table, host->node_free[node]);
	for (uint32_t to = 0; to < host->model.node_count && columns.distances; to++)
		table_add_cell(table, to == node ? STYLE_DIM : STYLE_PLAIN, "%u",
		           host->model.distance[node][to]);
}

static void view_print_nodes(const struct topology_view *view)
{
	static const char distance[] = "distance";
	const struct topology_host *host = view->host;
	struct view_columns columns = view_columns_of(host);
	struct table table;
	char name[16];

	memset(&table, 0, sizeof(table));
	(void)snprintf(name, sizeof(name), "%*snode", (int)INDENT, "");
	table_add_column(&table, NULL, name, TABLE_RIGHT);
	if (view->physical)
		table_add_column(&table, NULL, "P#", TABLE_RIGHT);
	table_add_column(&table, NULL, "CPUs", TABLE_LEFT);
	if (columns.memory)
		table_add_column(&table, NULL, "memory", TABLE_RIGHT);
	if (columns.bytes_free)
		table_add_column(&table, NULL, "free", TABLE_RIGHT);
	for (uint32_t to = 0; to < host->model.node_count && columns.distances; to++) {
		(void)snprintf(name, sizeof(name), "%u", to);
		table_add_column(&table, distance, name, TABLE_RIGHT);
	}
	for (uint32_t n = 0; n < host->model.node_count; n++)
		view_add_node(view, &table, n, columns);
	table_print(&table, &view->page);
	table_free(&table);
	if (!columns.distances)
		fprintf(view->page.out, "%*sdistance %u to itself, %u to any other\n",
		        (int)INDENT, "", host->model.distance[0][0], host->model.distance[0][1]);
	fputc('\n', view->page.out);
}

/* --- below ------------------------------------------------------------------------------- */

static bool view_differs_from_physical(const struct topology_host *host)
{
	for (uint32_t c = 0; c < host->model.cpu_count; c++)
		if (host->os_index[c] != c)
			return true;
	return false;
}

static void view_print_note(const struct topology_view *view, const char *what,
                            const char *explained)
{
	fprintf(view->page.out, "%*s%s%-9s%s %s\n", (int)INDENT, "",
	        page_begin(&view->page, STYLE_DIM), what, page_end(&view->page, STYLE_DIM),
	        explained);
}

static void view_print_notes(const struct topology_view *view)
{
	const char *why = topology_view_irregular(view);
	char text[STRING_SIZE];

	if (topology_view_has_offline(view))
		view_print_note(view, "(n)", "CPU n is off line");
	if (topology_view_has_kinds(view))
		view_print_note(view, "n%", "capacity of a core, where the fastest has 100%");
	if (view->physical)
		view_print_note(view, "numbers", "of CPUs are the operating system's");
	else if (view_differs_from_physical(view->host))
		view_print_note(view, "numbers", "are logical; --physical shows the operating "
		                "system's");
	if (why != NULL) {
		(void)snprintf(text, sizeof(text), "none, since %s: see --xml", why);
		view_print_note(view, "string", text);
	} else {
		(void)ration_topology_format(&view->host->model, text, sizeof(text));
		view_print_note(view, "string", text);
	}
}

void topology_view_print(const struct topology_view *view)
{
	unsigned width = view->page.width != 0 ? view->page.width : 80;
	struct canvas canvas;

	view_print_head(view);
	fputc('\n', view->page.out);
	topology_view_draw(view, width > INDENT ? width - INDENT : 1, &canvas);
	canvas_print(&canvas, &view->page, view->utf8, INDENT);
	canvas_fini(&canvas);
	fputc('\n', view->page.out);
	if (view->host->model.node_count > 1)
		view_print_nodes(view);
	view_print_notes(view);
}
