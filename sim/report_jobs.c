/* SPDX-License-Identifier: BSD-2-Clause */
/* How the periodic jobs of each vCPU fared: a row for each, where deadlines are promised. */
#include <inttypes.h>

#include "report.h"

#define JOBS_ROWS 32u        /* more of them stand in the JSON only */

static void jobs_cell(struct table *t, const struct histogram *h, uint32_t ppm)
{
	report_time_cell(t, ppm == RATION_PPM ? h->max : histogram_quantile(h, ppm), h->count != 0);
}

static void jobs_row(struct table *t, const struct scenario_domain *d, uint32_t idx,
                     const struct sim_jobs *x)
{
	char count[REPORT_COUNT_SIZE];

	table_add_cell(t, STYLE_HEAD, "%s.%" PRIu32, d->name, idx);
	table_add_cell(t, STYLE_PLAIN, "%s", report_count(x->done, count));
	table_add_cell(t, x->misses != 0 ? STYLE_BAD : STYLE_DIM, "%s",
	               report_count(x->misses, count));
	jobs_cell(t, &x->response_ns, 500000);
	jobs_cell(t, &x->response_ns, 990000);
	jobs_cell(t, &x->response_ns, RATION_PPM);
	jobs_cell(t, &x->tardiness_ns, 500000);
	jobs_cell(t, &x->tardiness_ns, RATION_PPM);
}

static void jobs_columns(struct table *t)
{
	static const char response[] = "response", tardiness[] = "tardiness";

	table_add_column(t, NULL, "vCPU", TABLE_LEFT);
	table_add_column(t, NULL, "jobs", TABLE_RIGHT);
	table_add_column(t, NULL, "missed", TABLE_RIGHT);
	table_add_column(t, response, "p50", TABLE_RIGHT);
	table_add_column(t, response, "p99", TABLE_RIGHT);
	table_add_column(t, response, "max", TABLE_RIGHT);
	table_add_column(t, tardiness, "p50", TABLE_RIGHT);
	table_add_column(t, tardiness, "max", TABLE_RIGHT);
}

void report_jobs(const struct page *page, const struct scenario *s, const struct sim_result *r)
{
	struct table t = { NULL, 0, NULL, 0 };
	uint32_t rows = 0;

	jobs_columns(&t);
	for (uint32_t i = 0; i < r->domain_count; i++)
		for (uint32_t v = 0; r->domain[i].vcpu != NULL && v < s->domain[i].vcpu_count; v++)
			if (rows++ < JOBS_ROWS)
				jobs_row(&t, &s->domain[i], v, &r->domain[i].vcpu[v]);
	if (rows != 0) {
		table_print(&t, page);
		if (rows > JOBS_ROWS)
			fprintf(page->out, "... and %" PRIu32 " more: --json has them all\n", rows - JOBS_ROWS);
		fputc('\n', page->out);
	}
	table_free(&t);
}
