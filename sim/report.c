/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of one run. */
#include "report.h"

#include <inttypes.h>
#include <string.h>

#include "quantity.h"

/* ---- Pieces ----------------------------------------------------------- */

char *report_count(uint64_t value, char buffer[REPORT_COUNT_SIZE])
{
	char digits[REPORT_COUNT_SIZE];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, value), at = 0;

	for (int i = 0; i < length; i++) {
		if (i != 0 && (length - i) % 3 == 0)
			buffer[at++] = ',';
		buffer[at++] = digits[i];
	}
	buffer[at] = '\0';
	return buffer;
}

uint32_t report_domain_id(const struct scenario *s, uint32_t index)
{
	return index + (s->domain_count != 0 && s->domain[0].is_dom0 ? 0 : 1);
}

void report_policy(const struct page *page, const struct scenario *s,
                   const struct ration_policy *policy)
{
	uint32_t honoured = ration_attr_honoured(policy);
	char time[QUANTITY_SIZE];

	fprintf(page->out, "%s%s%s", page_begin(page, STYLE_HEAD), ration_policy_name(policy),
	        page_end(page, STYLE_HEAD));
	if ((honoured & RATION_ATTR_TSLICE) != 0)
		fprintf(page->out, ", tslice %s", quantity_time_format(s->params.tslice_ns, time));
	if ((honoured & RATION_ATTR_RATELIMIT) != 0)
		fprintf(page->out, ", ratelimit %s",
		        quantity_time_format(s->params.ratelimit_ns, time));
	if ((honoured & RATION_ATTR_SLICE) != 0 && s->margins.reserve_ppm != 0)
		fprintf(page->out, ", reserve %s %%",
		        quantity_percent_format(s->margins.reserve_ppm, time));
}

static void machine_part(const struct page *page, uint32_t count, const char *name)
{
	fprintf(page->out, ", %" PRIu32 " %s%s", count, name, count == 1 ? "" : "s");
}

void report_machine(const struct page *page, const struct scenario *s)
{
	const struct ration_topology *t = &s->topology;

	fprintf(page->out, "%s", s->topology_name);
	machine_part(page, t->cpu_count, "CPU");
	if (t->core_count != t->cpu_count)
		machine_part(page, t->core_count, "core");
	if (t->package_count > 1)
		machine_part(page, t->package_count, "package");
	if (t->node_count > 1)
		machine_part(page, t->node_count, "NUMA node");
}

static double share(ration_ns ns, const struct sim_result *r)
{
	return r->sim_ns == 0 ? 0.0 : 100.0 * (double)ns / (double)r->sim_ns;
}

static void share_cell(struct table *t, ration_ns ns, const struct sim_result *r,
                       enum style style)
{
	if (ns == 0)
		table_add_cell(t, STYLE_DIM, "-");
	else
		table_add_cell(t, style, "%.2f", share(ns, r));
}

/* What is owed; CPUs. */
static void entitled_cell(struct table *t, double cpus)
{
	if (cpus <= 0.0)
		table_add_cell(t, STYLE_DIM, "-");
	else
		table_add_cell(t, STYLE_PLAIN, "%.2f", 100.0 * cpus);
}

void report_time_cell(struct table *t, ration_ns ns, bool any)
{
	char text[QUANTITY_SIZE];

	table_add_cell(t, any ? STYLE_PLAIN : STYLE_DIM, "%s",
	               any ? quantity_time_round(ns, text) : "-");
}

/* ---- The domains ------------------------------------------------------ */

/* Which columns have anything in them. */
struct shown {
	struct report_attr attr;
	bool wait[RATION_WAIT_COUNT];
	bool entitled, helper, spin, shadow, wake, jobs;
};

static bool domain_has_jobs(const struct scenario_domain *d, const struct sim_domain *x)
{
	return d->workload.kind == WORKLOAD_PERIODIC || d->workload.kind == WORKLOAD_SERVER ||
	       x->jobs != 0 || x->misses != 0;
}

/* A hog never sleeps: the one time that it began is no wake-up latency. */
static bool domain_has_wakes(const struct scenario_domain *d, const struct sim_domain *x)
{
	return x->wake_ns.count != 0 && d->workload.kind != WORKLOAD_HOG;
}

/* Now, or at the start: an event may have changed it. */
static bool domain_has_shadow(const struct scenario_domain *d, const struct sim_domain *x)
{
	return x->shadow.held_count != 0 || (d->attr.shadow && d->attr.cap_ppm != 0);
}

static bool shown_any_wait(const struct shown *shown)
{
	for (uint32_t w = 0; w < RATION_WAIT_COUNT; w++)
		if (shown->wait[w])
			return true;
	return false;
}

static void shown_find(struct shown *shown, const struct scenario *s, const struct sim_result *r)
{
	shown->entitled = r->is_entitled;
	for (uint32_t i = 0; i < r->domain_count; i++) {
		const struct sim_domain *d = &r->domain[i];

		for (uint32_t w = 0; w < RATION_WAIT_COUNT; w++)
			shown->wait[w] |= d->ledger.wait_ns[w] != 0;
		shown->helper |= d->helper_ns != 0;
		shown->spin |= d->spin_ns != 0;
		shown->shadow |= domain_has_shadow(&s->domain[i], d);
		shown->wake |= domain_has_wakes(&s->domain[i], d);
		shown->jobs |= domain_has_jobs(&s->domain[i], d);
	}
}

static void domain_columns(struct table *t, struct shown *shown, const struct scenario *s)
{
	static const char wait[] = "wait %", wake[] = "wake-up", jobs[] = "jobs", hold[] = "would hold";

	table_add_column(t, NULL, "domain", TABLE_LEFT);
	shown->attr = report_attr_columns(t, s);
	table_add_column(t, NULL, "CPU %", TABLE_RIGHT);
	if (shown->entitled)
		table_add_column(t, NULL, "entitled", TABLE_RIGHT);
	if (shown->spin)
		table_add_column(t, NULL, "spun %", TABLE_RIGHT);
	if (shown->helper)
		table_add_column(t, NULL, "dom0 %", TABLE_RIGHT);
	for (uint32_t w = 0; w < RATION_WAIT_COUNT; w++)
		if (shown->wait[w])
			table_add_column(t, wait, ration_wait_name((enum ration_wait)w), TABLE_RIGHT);
	if (!shown_any_wait(shown))
		table_add_column(t, NULL, "wait %", TABLE_RIGHT);
	if (shown->shadow) {
		table_add_column(t, hold, "times", TABLE_RIGHT);
		table_add_column(t, hold, "time %", TABLE_RIGHT);
	}
	if (shown->wake) {
		table_add_column(t, wake, "p50", TABLE_RIGHT);
		table_add_column(t, wake, "p99", TABLE_RIGHT);
		table_add_column(t, wake, "max", TABLE_RIGHT);
	}
	if (shown->jobs) {
		table_add_column(t, jobs, "p99", TABLE_RIGHT);
		table_add_column(t, jobs, "done", TABLE_RIGHT);
		table_add_column(t, jobs, "missed", TABLE_RIGHT);
	}
}

static void domain_share_cells(struct table *t, const struct shown *shown,
                               const struct sim_result *r, const struct sim_domain *d)
{
	char count[REPORT_COUNT_SIZE];

	share_cell(t, d->ledger.running_ns, r, STYLE_HEAD);
	if (shown->entitled)
		entitled_cell(t, d->entitled);
	if (shown->spin)
		share_cell(t, d->spin_ns, r, STYLE_PLAIN);
	if (shown->helper)
		share_cell(t, d->helper_ns, r, STYLE_PLAIN);
	for (uint32_t w = 0; w < RATION_WAIT_COUNT; w++)
		if (shown->wait[w])
			share_cell(t, d->ledger.wait_ns[w], r, STYLE_PLAIN);
	if (!shown_any_wait(shown))
		table_add_cell(t, STYLE_DIM, "-");
	if (!shown->shadow)
		return;
	table_add_cell(t, d->shadow.held_count != 0 ? STYLE_PLAIN : STYLE_DIM, "%s",
	               d->shadow.held_count != 0 ? report_count(d->shadow.held_count, count) : "-");
	share_cell(t, d->shadow.held_ns, r, STYLE_PLAIN);
}

/* What of a row's latencies there is to show. */
struct latency {
	bool wakes, jobs;
};

static void domain_latency_cells(struct table *t, const struct shown *shown, struct latency has,
                                 const struct sim_domain *d)
{
	char count[REPORT_COUNT_SIZE];

	if (shown->wake) {
		report_time_cell(t, histogram_quantile(&d->wake_ns, 500000), has.wakes);
		report_time_cell(t, histogram_quantile(&d->wake_ns, 990000), has.wakes);
		report_time_cell(t, d->wake_ns.max, has.wakes);
	}
	if (!shown->jobs)
		return;
	report_time_cell(t, histogram_quantile(&d->response_ns, 990000), d->response_ns.count != 0);
	if (!has.jobs) {
		table_add_cell(t, STYLE_DIM, "-");
		table_add_cell(t, STYLE_DIM, "-");
		return;
	}
	table_add_cell(t, STYLE_PLAIN, "%s", report_count(d->jobs, count));
	table_add_cell(t, d->misses != 0 ? STYLE_BAD : STYLE_DIM, "%s", report_count(d->misses, count));
}

static void domain_sum(const struct scenario *s, const struct sim_result *r,
                       struct sim_domain *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (uint32_t i = 0; i < r->domain_count; i++) {
		const struct sim_domain *d = &r->domain[i];

		sum->ledger.running_ns += d->ledger.running_ns;
		sum->entitled += d->entitled;
		for (uint32_t w = 0; w < RATION_WAIT_COUNT; w++)
			sum->ledger.wait_ns[w] += d->ledger.wait_ns[w];
		sum->helper_ns += d->helper_ns;
		sum->spin_ns += d->spin_ns;
		sum->shadow.held_count += d->shadow.held_count;
		sum->shadow.held_ns += d->shadow.held_ns;
		sum->jobs += d->jobs;
		sum->misses += d->misses;
		if (domain_has_wakes(&s->domain[i], d))
			histogram_merge(&sum->wake_ns, &d->wake_ns);
		histogram_merge(&sum->response_ns, &d->response_ns);
	}
}

/* The sum over the domains, as a row of its own. */
static void domain_total(struct table *t, const struct shown *shown, const struct scenario *s,
                         const struct sim_result *r, uint32_t vcpus)
{
	struct latency has = { true, true };
	struct sim_domain sum;

	domain_sum(s, r, &sum);
	table_add_cell(t, STYLE_HEAD, "all");
	table_add_cell(t, STYLE_PLAIN, "%" PRIu32, vcpus);
	for (uint32_t i = 0; i < 3u + shown->attr.burst + shown->attr.slice; i++)
		table_add_cell(t, STYLE_PLAIN, "%s", "");
	domain_share_cells(t, shown, r, &sum);
	domain_latency_cells(t, shown, has, &sum);
}

static void report_domains(const struct page *page, const struct scenario *s,
                           const struct sim_result *r)
{
	struct table t = { NULL, 0, NULL, 0 };
	struct shown shown;
	uint32_t vcpus = 0;

	memset(&shown, 0, sizeof(shown));
	shown_find(&shown, s, r);
	domain_columns(&t, &shown, s);
	for (uint32_t i = 0; i < r->domain_count; i++) {
		const struct scenario_domain *d = &s->domain[i];
		struct latency has = { domain_has_wakes(d, &r->domain[i]),
		                       domain_has_jobs(d, &r->domain[i]) };

		table_add_cell(&t, STYLE_HEAD, "%s", d->name);
		report_attr_cells(&t, d, shown.attr, r->policy);
		domain_share_cells(&t, &shown, r, &r->domain[i]);
		domain_latency_cells(&t, &shown, has, &r->domain[i]);
		vcpus += d->vcpu_count;
	}
	if (r->domain_count > 1)
		domain_total(&t, &shown, s, r, vcpus);
	table_print(&t, page);
	table_free(&t);
	report_attr_notes(page, s, r->policy);
}

/* ---- The CPUs --------------------------------------------------------- */

/* Neighbours of which every figure prints the same stand in one row. */
struct cpu_rows {
	ration_cpu first[RATION_CPU_MAX + 1];   /* and one past the last */
	uint32_t count;
	bool offline;                           /* some CPU was off line */
};

static bool cpu_prints_same(const struct sim_result *r, ration_ns a, ration_ns b)
{
	char text[2][QUANTITY_SIZE];

	(void)snprintf(text[0], sizeof(text[0]), "%.2f", share(a, r));
	(void)snprintf(text[1], sizeof(text[1]), "%.2f", share(b, r));
	return strcmp(text[0], text[1]) == 0 && (a == 0) == (b == 0);
}

static bool cpu_same(const struct sim_result *r, ration_cpu x, ration_cpu y)
{
	const struct ration_cpu_ledger *a = &r->cpu[x], *b = &r->cpu[y];

	return cpu_prints_same(r, a->busy_ns, b->busy_ns) &&
	       cpu_prints_same(r, a->idle_ns, b->idle_ns) &&
	       cpu_prints_same(r, a->overhead_ns, b->overhead_ns) &&
	       cpu_prints_same(r, a->offline_ns, b->offline_ns);
}

static void cpu_rows_find(struct cpu_rows *rows, const struct sim_result *r)
{
	rows->count = 0;
	rows->offline = false;
	for (ration_cpu c = 0; c < r->cpu_count; c++) {
		if (c == 0 || !cpu_same(r, c - 1, c))
			rows->first[rows->count++] = c;
		rows->offline |= r->cpu[c].offline_ns != 0;
	}
	rows->first[rows->count] = r->cpu_count;
}

static void cpu_columns(struct table *t, const char *group, bool offline)
{
	table_add_column(t, group, "CPU", TABLE_RIGHT);
	table_add_column(t, group, "busy %", TABLE_RIGHT);
	table_add_column(t, group, "idle %", TABLE_RIGHT);
	table_add_column(t, group, "overhead %", TABLE_RIGHT);
	if (offline)
		table_add_column(t, group, "offline %", TABLE_RIGHT);
}

static void cpu_cells(struct table *t, const struct sim_result *r, const struct cpu_rows *rows,
                      uint32_t row)
{
	const struct ration_cpu_ledger *c;

	if (row >= rows->count) {
		for (uint32_t i = 0; i < 4u + rows->offline; i++)
			table_add_cell(t, STYLE_PLAIN, "%s", "");
		return;
	}
	c = &r->cpu[rows->first[row]];
	if (rows->first[row + 1] - rows->first[row] == 1)
		table_add_cell(t, STYLE_HEAD, "%" PRIu32, rows->first[row]);
	else
		table_add_cell(t, STYLE_HEAD, "%" PRIu32 "-%" PRIu32, rows->first[row],
		               rows->first[row + 1] - 1);
	share_cell(t, c->busy_ns, r, STYLE_PLAIN);
	share_cell(t, c->idle_ns, r, STYLE_PLAIN);
	share_cell(t, c->overhead_ns, r, STYLE_PLAIN);
	if (rows->offline)
		share_cell(t, c->offline_ns, r, STYLE_WARN);
}

/* Side by side in so many columns as the page holds, downwards first. */
static void report_cpus(const struct page *page, const struct sim_result *r)
{
	/* the widths of the columns and of the gaps before them */
	static const uint32_t width = 5 + 3 + 8 + 8 + 12, offline_width = 11;
	static const char *const apart[] = { NULL, "", " ", "  " };
	struct table t = { NULL, 0, NULL, 0 };
	struct cpu_rows rows;
	uint32_t columns, height;

	cpu_rows_find(&rows, r);
	columns = page->width / (width + (rows.offline ? offline_width : 0));
	if (columns > (rows.count + 7) / 8)
		columns = (rows.count + 7) / 8;
	if (columns > sizeof(apart) / sizeof(apart[0]))
		columns = sizeof(apart) / sizeof(apart[0]);
	if (columns == 0)
		columns = 1;
	height = (rows.count + columns - 1) / columns;
	for (uint32_t k = 0; k < columns; k++)
		cpu_columns(&t, apart[k], rows.offline);
	for (uint32_t i = 0; i < height; i++)
		for (uint32_t k = 0; k < columns; k++)
			cpu_cells(&t, r, &rows, k * height + i);
	table_print(&t, page);
	table_free(&t);
}

static void report_cpu_total(const struct page *page, const struct sim_result *r)
{
	ration_ns busy = 0, idle = 0, overhead = 0, offline = 0;
	double all;

	for (uint32_t c = 0; c < r->cpu_count; c++) {
		busy += r->cpu[c].busy_ns;
		idle += r->cpu[c].idle_ns;
		overhead += r->cpu[c].overhead_ns;
		offline += r->cpu[c].offline_ns;
	}
	all = (double)(busy + idle + overhead + offline) / 100.0;
	if (all <= 0.0)
		return;
	fprintf(page->out, "%" PRIu32 " CPU%s: %.2f %% busy, %.2f %% idle, %.2f %% overhead",
	        r->cpu_count, r->cpu_count == 1 ? "" : "s", (double)busy / all,
	        (double)idle / all, (double)overhead / all);
	if (offline != 0)
		fprintf(page->out, ", %.2f %% off line", (double)offline / all);
	fputc('\n', page->out);
}

/* ---- The run ---------------------------------------------------------- */

void report_refusals(const struct page *page, const struct sim_result *r)
{
	char when[QUANTITY_SIZE];

	for (uint32_t i = 0; i < r->refusal_count; i++) {
		const struct sim_refusal *x = &r->refusal[i];

		fprintf(page->out, "%s%s refused at %s%s: %s", page_begin(page, STYLE_WARN),
		        ration_policy_name(r->policy), quantity_time_format(x->at_ns, when),
		        page_end(page, STYLE_WARN), x->mark.file);
		if (x->mark.line != 0)
			fprintf(page->out, ":%u:%u", x->mark.line, x->mark.column);
		fprintf(page->out, ": %s\n", x->text);
	}
	if (r->refusal_count != 0)
		fputc('\n', page->out);
}

static void report_work(const struct page *page, const struct sim_result *r)
{
	char a[REPORT_COUNT_SIZE], b[REPORT_COUNT_SIZE], c[REPORT_COUNT_SIZE];

	fprintf(page->out, "%s dispatches, %s preemptions, %s migrations\n",
	        report_count(r->dispatches, a), report_count(r->preemptions, b),
	        report_count(r->migrations, c));
}

void report_speed(const struct page *page, uint64_t events, double sim_s, double wall_s)
{
	char text[REPORT_COUNT_SIZE], rate[REPORT_COUNT_SIZE], ratio[REPORT_COUNT_SIZE];
	double wall = wall_s > 1e-9 ? wall_s : 1e-9;

	if (sim_s / wall < 10.0)
		(void)snprintf(ratio, sizeof(ratio), "%.2f", sim_s / wall);
	else
		(void)report_count((uint64_t)(sim_s / wall), ratio);
	fprintf(page->out, "%s events in %.3f s: %s events/s, %s simulated s per wall s\n",
	        report_count(events, text), wall_s, report_count((uint64_t)((double)events / wall),
	                                                         rate), ratio);
}

/* All but the first line and the last. */
static void report_body(const struct page *page, const struct scenario *s,
                        const struct sim_result *r)
{
	report_machine(page, s);
	fputs("\n\n", page->out);
	report_domains(page, s, r);
	fputc('\n', page->out);
	if ((ration_attr_honoured(r->policy) & RATION_ATTR_SLICE) != 0)
		report_jobs(page, s, r);
	report_cpus(page, r);
	fputc('\n', page->out);
	report_refusals(page, r);
	report_cpu_total(page, r);
	report_work(page, r);
}

void report_run(const struct page *page, const struct scenario *s, const struct sim_result *r)
{
	char time[QUANTITY_SIZE];

	report_policy(page, s, r->policy);
	fprintf(page->out, "; %s simulated, seed %" PRIu64 "\n", quantity_time_format(r->sim_ns, time),
	        s->seed);
	report_body(page, s, r);
	report_speed(page, r->events, (double)r->sim_ns / (double)RATION_NS_PER_S, r->wall_s);
}

void report_replay(const struct page *page, const struct scenario *s, const struct sim_result *r,
                   const struct report_log *log)
{
	char time[QUANTITY_SIZE], events[REPORT_COUNT_SIZE], decisions[REPORT_COUNT_SIZE];

	report_policy(page, s, r->policy);
	fprintf(page->out, "; %s recorded by %s\n", r->sim_ns % RATION_NS_PER_US == 0 ?
	        quantity_time_format(r->sim_ns, time) : quantity_time_round(r->sim_ns, time),
	        log->writer);
	report_body(page, s, r);
	fprintf(page->out, "%s events, %s decisions: all the same (in %.3f s)\n",
	        report_count(r->events, events), report_count(log->decisions, decisions), r->wall_s);
}

void report_threads(const struct page *page, const struct scenario *s,
                    const struct sim_result *r)
{
	char time[QUANTITY_SIZE], count[REPORT_COUNT_SIZE], rate[REPORT_COUNT_SIZE];

	report_policy(page, s, r->policy);
	fprintf(page->out, "; %s on threads, seed %" PRIu64 "\n",
	        quantity_time_round(r->sim_ns, time), s->seed);
	report_body(page, s, r);
	fprintf(page->out, "the scheduler was entered %s times, %s times a second\n",
	        report_count(r->events, count),
	        report_count((uint64_t)((double)r->events / (r->wall_s > 1e-9 ? r->wall_s : 1e-9)),
	                     rate));
}
