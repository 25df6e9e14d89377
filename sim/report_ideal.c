/* SPDX-License-Identifier: BSD-2-Clause */
/* What domains are owed, and whether they can be admitted: no run behind it. */
#include <inttypes.h>
#include <string.h>

#include "quantity.h"
#include "report.h"

/* ---- Owed ------------------------------------------------------------- */

#define VCPUS_SIZE  80u      /* holds so many, at 2^32 CPUs */
#define VCPUS_SHOWN 3u

bool report_ideal_has(const struct scenario *s, const struct report_owed *x, uint32_t i)
{
	return x->all || s->domain[i].start_ns == 0;
}

/* Do two vCPUs print the same? */
static bool vcpus_print_same(const struct oracle_share *share, uint32_t a, uint32_t b)
{
	char text[2][VCPUS_SIZE];

	(void)snprintf(text[0], sizeof(text[0]), "%.2f", 100.0 * share->vcpu[a]);
	(void)snprintf(text[1], sizeof(text[1]), "%.2f", 100.0 * share->vcpu[b]);
	return strcmp(text[0], text[1]) == 0;
}

/* "50.00" if all have that, else "2 x 50.00, 10.00": neighbours together. */
static void vcpus_cell(struct table *t, const struct oracle_share *share, uint32_t vcpu_count)
{
	char text[VCPUS_SIZE] = "", times[16];
	uint32_t from, end, shown = 0;
	size_t length = 0;

	for (from = 0; from < vcpu_count && shown < VCPUS_SHOWN; from = end, shown++) {
		for (end = from + 1; end < vcpu_count && vcpus_print_same(share, from, end); end++)
			;
		(void)snprintf(times, sizeof(times), "%" PRIu32 " x ", end - from);
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s%.2f",
		                           shown != 0 ? ", " : "",
		                           end - from == 1 || end - from == vcpu_count ? "" : times,
		                           100.0 * share->vcpu[from]);
	}
	table_add_cell(t, STYLE_PLAIN, "%s%s", text, from < vcpu_count ? ", ..." : "");
}

static double ideal_domains(const struct page *page, const struct scenario *s,
                            const struct report_owed *x)
{
	struct table t = { NULL, 0, NULL, 0 };
	struct report_attr attr;
	double sum = 0.0;

	table_add_column(&t, NULL, "domain", TABLE_LEFT);
	attr = report_attr_columns(&t, s);
	table_add_column(&t, NULL, "demand", TABLE_RIGHT);
	table_add_column(&t, NULL, "entitled", TABLE_RIGHT);
	table_add_column(&t, NULL, "each vCPU", TABLE_LEFT);
	for (uint32_t i = 0; i < s->domain_count; i++) {
		const struct scenario_domain *d = &s->domain[i];

		if (!report_ideal_has(s, x, i))
			continue;
		table_add_cell(&t, STYLE_HEAD, "%s", d->name);
		report_attr_cells(&t, d, attr, x->policy);
		table_add_cell(&t, STYLE_PLAIN, "%.2f", 100.0 * x->demand[i]);
		table_add_cell(&t, STYLE_HEAD, "%.2f", 100.0 * x->result->share[i].entitled);
		vcpus_cell(&t, &x->result->share[i], d->vcpu_count);
		sum += 100.0 * x->result->share[i].entitled;
	}
	table_print(&t, page);
	table_free(&t);
	return sum;
}

void report_ideal(const struct page *page, const struct scenario *s, const struct report_owed *x)
{
	uint32_t online = 0, later = 0;
	double sum;

	report_machine(page, s);
	fputs("\n\n", page->out);
	sum = ideal_domains(page, s, x);
	for (uint32_t i = 0; i < s->domain_count; i++)
		later += !report_ideal_has(s, x, i);
	report_attr_notes(page, s, x->policy);
	for (ration_cpu c = 0; c < s->topology.cpu_count; c++)
		online += s->topology.cpu[c].online;
	fprintf(page->out, "\n%" PRIu32 " CPU%s on line: %.2f %% owed, %.2f %% left over\n", online,
	        online == 1 ? "" : "s", sum, 100.0 * online - sum > 0.0 ? 100.0 * online - sum : 0.0);
	if (later != 0)
		fprintf(page->out, "%" PRIu32 " domain%s later, see --all\n", later,
		        later == 1 ? " comes" : "s come");
}

/* ---- Admitted --------------------------------------------------------- */

/* Where each promise is kept: two CPUs where it is split. */
static void admission_placement(const struct page *page, const struct scenario *s,
                                const struct sim_result *r)
{
	struct table t = { NULL, 0, NULL, 0 };
	char slice[QUANTITY_SIZE], period[QUANTITY_SIZE], cpus[RATION_CPULIST_SIZE];
	bool any = false;

	table_add_column(&t, NULL, "vCPU", TABLE_LEFT);
	table_add_column(&t, NULL, "slice", TABLE_RIGHT);
	table_add_column(&t, NULL, "period", TABLE_RIGHT);
	table_add_column(&t, NULL, "CPUs", TABLE_LEFT);
	for (uint32_t i = 0; i < s->domain_count; i++) {
		const struct scenario_domain *d = &s->domain[i];

		for (uint32_t v = 0; r->domain[i].promised != NULL && v < d->vcpu_count; v++) {
			(void)ration_cpulist_format(r->domain[i].promised[v], cpus, sizeof(cpus));
			table_add_cell(&t, STYLE_HEAD, "%s.%" PRIu32, d->name, v);
			table_add_cell(&t, STYLE_PLAIN, "%s", quantity_time_format(d->attr.slice_ns, slice));
			table_add_cell(&t, STYLE_PLAIN, "%s", quantity_time_format(d->attr.period_ns, period));
			table_add_cell(&t, STYLE_PLAIN, "%s", cpus);
			any = true;
		}
	}
	if (any) {
		fputc('\n', page->out);
		table_print(&t, page);
	}
	table_free(&t);
}

void report_admission(const struct page *page, const struct scenario *s,
                      const struct sim_result *r, bool admitted)
{
	const struct sim_refusal *x = &r->refusal[0];

	fprintf(page->out, "%s%s%s by %s", page_begin(page, admitted ? STYLE_GOOD : STYLE_BAD),
	        admitted ? "admitted" : "not admitted",
	        page_end(page, admitted ? STYLE_GOOD : STYLE_BAD), ration_policy_name(r->policy));
	if (admitted) {
		fprintf(page->out, ": %" PRIu32 " domain%s on ", s->domain_count,
		        s->domain_count == 1 ? "" : "s");
		report_machine(page, s);
		fputc('\n', page->out);
		admission_placement(page, s, r);
		return;
	}
	fprintf(page->out, ": %s:%u:%u: %s\n", x->mark.file, x->mark.line, x->mark.column, x->text);
}
