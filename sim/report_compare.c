/* SPDX-License-Identifier: BSD-2-Clause */
/* Several policies side by side. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "quantity.h"
#include "report.h"

enum measure {
	MEASURE_USED, MEASURE_ENTITLED, MEASURE_WAIT, MEASURE_SHADOW, MEASURE_WAKE,
	MEASURE_RESPONSE, MEASURE_MISSES, MEASURE_COUNT
};

static const char *const measure_name[MEASURE_COUNT] = {
	"CPU %", "entitled", "wait %", "would hold %", "wake-up p99", "job p99", "jobs missed"
};

static const char *compare_name(const struct sim_result *r)
{
	return r->label != NULL ? r->label : ration_policy_name(r->policy);
}

static ration_ns waited(const struct sim_domain *d)
{
	ration_ns sum = 0;

	for (uint32_t w = 0; w < RATION_WAIT_COUNT; w++)
		sum += d->ledger.wait_ns[w];
	return sum;
}

static bool measure_applies(enum measure m, const struct scenario_domain *d,
                            const struct sim_domain *x)
{
	switch (m) {
	case MEASURE_ENTITLED:
		return x->entitled > 0.0;
	case MEASURE_USED:
	case MEASURE_WAIT:
		return true;
	case MEASURE_SHADOW:
		return x->shadow.held_count != 0;
	case MEASURE_WAKE:
		return x->wake_ns.count != 0 && d->workload.kind != WORKLOAD_HOG;
	case MEASURE_RESPONSE:
		return x->response_ns.count != 0;
	case MEASURE_MISSES:
		return d->workload.kind == WORKLOAD_PERIODIC ||
		       d->workload.kind == WORKLOAD_SERVER;
	case MEASURE_COUNT:
		break;
	}
	return false;
}

static void measure_cell(struct table *t, enum measure m, const struct sim_result *r,
                         const struct sim_domain *d)
{
	char text[QUANTITY_SIZE], count[REPORT_COUNT_SIZE];

	switch (m) {
	case MEASURE_USED:
		table_add_cell(t, STYLE_HEAD, "%.2f",
		               100.0 * (double)d->ledger.running_ns / (double)r->sim_ns);
		break;
	case MEASURE_ENTITLED:
		table_add_cell(t, STYLE_PLAIN, "%.2f", 100.0 * d->entitled);
		break;
	case MEASURE_WAIT:
		table_add_cell(t, STYLE_PLAIN, "%.2f", 100.0 * (double)waited(d) / (double)r->sim_ns);
		break;
	case MEASURE_SHADOW:
		table_add_cell(t, STYLE_PLAIN, "%.2f",
		               100.0 * (double)d->shadow.held_ns / (double)r->sim_ns);
		break;
	case MEASURE_WAKE:
		table_add_cell(t, STYLE_PLAIN, "%s",
		               quantity_time_round(histogram_quantile(&d->wake_ns, 990000), text));
		break;
	case MEASURE_RESPONSE:
		table_add_cell(t, STYLE_PLAIN, "%s",
		               quantity_time_round(histogram_quantile(&d->response_ns, 990000), text));
		break;
	case MEASURE_MISSES:
		table_add_cell(t, d->misses != 0 ? STYLE_BAD : STYLE_DIM, "%s",
		               report_count(d->misses, count));
		break;
	case MEASURE_COUNT:
		break;
	}
}

/* How many columns each measure has: as many as runs, or none; one where all
 * runs have the same. */
static void measure_columns(const struct scenario *s, const struct sim_result *run,
                            uint32_t run_count, uint32_t columns[MEASURE_COUNT])
{
	bool same = true;

	for (uint32_t k = 0; k < run_count; k++)
		for (uint32_t i = 0; i < s->domain_count; i++) {
			const struct sim_domain *d = &run[k].domain[i];

			same &= fabs(d->entitled - run[0].domain[i].entitled) < 1e-6;
			for (uint32_t m = 0; m < MEASURE_COUNT; m++)
				if (measure_applies((enum measure)m, &s->domain[i], d))
					columns[m] = run_count;
		}
	if (same && columns[MEASURE_ENTITLED] != 0)
		columns[MEASURE_ENTITLED] = 1;
}

static void compare_row(struct table *t, const struct scenario *s, const struct sim_result *run,
                        const uint32_t columns[MEASURE_COUNT], uint32_t i,
                        struct report_attr attr)
{
	table_add_cell(t, STYLE_HEAD, "%s", s->domain[i].name);
	report_attr_cells(t, &s->domain[i], attr, NULL);
	for (uint32_t m = 0; m < MEASURE_COUNT; m++)
		for (uint32_t k = 0; k < columns[m]; k++) {
			const struct sim_domain *d = &run[k].domain[i];

			if (measure_applies((enum measure)m, &s->domain[i], d))
				measure_cell(t, (enum measure)m, &run[k], d);
			else
				table_add_cell(t, STYLE_DIM, "-");
		}
}

static void compare_domains(const struct page *page, const struct scenario *s,
                            const struct sim_result *run, uint32_t run_count)
{
	struct table t = { NULL, 0, NULL, 0 };
	uint32_t columns[MEASURE_COUNT] = { 0 };
	struct report_attr attr;

	measure_columns(s, run, run_count, columns);
	table_add_column(&t, NULL, "domain", TABLE_LEFT);
	attr = report_attr_columns(&t, s);
	for (uint32_t m = 0; m < MEASURE_COUNT; m++)
		for (uint32_t k = 0; k < columns[m]; k++)
			table_add_column(&t, columns[m] == run_count ? measure_name[m] : NULL,
			                 columns[m] == run_count ? compare_name(&run[k]) :
			                 measure_name[m], TABLE_RIGHT);
	for (uint32_t i = 0; i < s->domain_count; i++)
		compare_row(&t, s, run, columns, i, attr);
	table_print(&t, page);
	table_free(&t);
}

/* The machine as a whole, a row for each policy. */
static void compare_machine(const struct page *page, const struct sim_result *run,
                            uint32_t run_count)
{
	struct table t = { NULL, 0, NULL, 0 };
	char text[REPORT_COUNT_SIZE];

	table_add_column(&t, NULL, run[0].label != NULL ? "" : "policy", TABLE_LEFT);
	table_add_column(&t, NULL, "busy %", TABLE_RIGHT);
	table_add_column(&t, NULL, "overhead %", TABLE_RIGHT);
	table_add_column(&t, NULL, "dispatches", TABLE_RIGHT);
	table_add_column(&t, NULL, "preemptions", TABLE_RIGHT);
	table_add_column(&t, NULL, "migrations", TABLE_RIGHT);
	table_add_column(&t, NULL, "refused", TABLE_RIGHT);
	/* those of a log are other ones than those of a simulation */
	if (run[0].label == NULL)
		table_add_column(&t, NULL, "events", TABLE_RIGHT);
	for (uint32_t k = 0; k < run_count; k++) {
		const struct sim_result *r = &run[k];
		double busy = 0.0, overhead = 0.0;
		double whole = (double)r->sim_ns * (r->cpu_count != 0 ? r->cpu_count : 1) / 100.0;

		for (uint32_t c = 0; c < r->cpu_count; c++) {
			busy += (double)r->cpu[c].busy_ns;
			overhead += (double)r->cpu[c].overhead_ns;
		}
		table_add_cell(&t, STYLE_HEAD, "%s", compare_name(r));
		table_add_cell(&t, STYLE_PLAIN, "%.2f", busy / whole);
		table_add_cell(&t, STYLE_PLAIN, "%.2f", overhead / whole);
		table_add_cell(&t, STYLE_PLAIN, "%s", report_count(r->dispatches, text));
		table_add_cell(&t, STYLE_PLAIN, "%s", report_count(r->preemptions, text));
		table_add_cell(&t, STYLE_PLAIN, "%s", report_count(r->migrations, text));
		table_add_cell(&t, r->refusal_count != 0 ? STYLE_WARN : STYLE_DIM, "%" PRIu32,
		               r->refusal_count);
		if (run[0].label == NULL)
			table_add_cell(&t, STYLE_PLAIN, "%s", report_count(r->events, text));
	}
	table_print(&t, page);
	table_free(&t);
}

void report_compare_tables(const struct page *page, const struct scenario *s,
                           const struct sim_result *run, uint32_t run_count)
{
	compare_domains(page, s, run, run_count);
	fputc('\n', page->out);
	compare_machine(page, run, run_count);
	fputc('\n', page->out);
	for (uint32_t k = 0; k < run_count; k++)
		report_refusals(page, &run[k]);
}

void report_compare(const struct page *page, const struct scenario *s,
                    const struct sim_result *run, uint32_t run_count)
{
	double sim_s = 0.0, wall_s = 0.0;
	uint64_t events = 0;
	char time[QUANTITY_SIZE];

	for (uint32_t k = 0; k < run_count; k++) {
		fputs(k == 0 ? "" : " | ", page->out);
		report_policy(page, s, run[k].policy);
	}
	fprintf(page->out, "; %s simulated, seed %" PRIu64 "\n",
	        quantity_time_format(s->time_ns, time), s->seed);
	report_machine(page, s);
	fputs("\n\n", page->out);
	report_compare_tables(page, s, run, run_count);
	for (uint32_t k = 0; k < run_count; k++) {
		events += run[k].events;
		sim_s += (double)run[k].sim_ns / (double)RATION_NS_PER_S;
		wall_s += run[k].wall_s;
	}
	report_speed(page, events, sim_s, wall_s);
}
