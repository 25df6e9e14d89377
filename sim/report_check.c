/* SPDX-License-Identifier: BSD-2-Clause */
/* What would run. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "quantity.h"
#include "report.h"

#define TEXT_SIZE 250u

/* ---- Pieces of text --------------------------------------------------- */

struct text {
	char *buffer;
	size_t length;
};

__attribute__((format(printf, 2, 3)))
static void text_add(struct text *t, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(t->buffer + t->length, TEXT_SIZE - t->length, format, arguments);
	va_end(arguments);
	t->length += (size_t)length;
	if (t->length >= TEXT_SIZE)
		t->length = TEXT_SIZE - 1;
}

static void text_time(struct text *t, const char *name, ration_ns ns)
{
	char time[QUANTITY_SIZE];

	text_add(t, ", %s %s", name, quantity_time_format(ns, time));
}

static void text_dist(struct text *t, const char *name, const struct scenario_dist *dist)
{
	char text[QUANTITY_DIST_SIZE];

	text_add(t, ", %s %s", name, quantity_dist_format(dist, text));
}

static void text_server(struct text *t, const struct scenario_workload *w)
{
	if (w->arrival_ns != NULL)
		text_add(t, ", %zu recorded arrivals", w->arrival_count);
	else
		text_dist(t, "every", &w->gap);
	text_dist(t, "service", &w->run);
	if (w->deadline_ns != 0)
		text_time(t, "deadline", w->deadline_ns);
}

static void text_workload(struct text *t, const struct scenario_workload *w)
{
	static const char *const name[] = {
		[WORKLOAD_IDLE] = "idle", [WORKLOAD_HOG] = "hog", [WORKLOAD_LOOP] = "loop",
		[WORKLOAD_PERIODIC] = "periodic", [WORKLOAD_SERVER] = "server",
		[WORKLOAD_SPINLOCK] = "spinlock", [WORKLOAD_BARRIER] = "barrier",
		[WORKLOAD_RECORDED] = "recorded",
	};

	text_add(t, "%s", name[w->kind]);
	if (w->kind == WORKLOAD_SERVER)
		text_server(t, w);
	else if (w->kind != WORKLOAD_IDLE && w->kind != WORKLOAD_HOG &&
	         w->kind != WORKLOAD_RECORDED)
		text_dist(t, "run", &w->run);
	if (w->kind == WORKLOAD_LOOP)
		text_dist(t, "block", &w->block);
	if (w->kind == WORKLOAD_PERIODIC)
		text_time(t, "period", w->period_ns);
	if (w->kind == WORKLOAD_PERIODIC && w->deadline_ns != w->period_ns)
		text_time(t, "deadline", w->deadline_ns);
	if (w->kind == WORKLOAD_SPINLOCK)
		text_dist(t, "hold", &w->hold);
	if (w->kind == WORKLOAD_BARRIER)
		text_add(t, ", %s", w->spin ? "spins" : "blocks");
	if (w->spin_ns != 0)
		text_time(t, "yields after", w->spin_ns);
	if (w->through_dom0_ns != 0)
		text_time(t, "through dom0", w->through_dom0_ns);
	if (w->helper_charged)
		text_add(t, " (charged)");
}

/* ---- The domains ------------------------------------------------------ */

static void cpus_text(struct text *t, const struct scenario *s, ration_cpuset set)
{
	char list[RATION_CPULIST_SIZE];

	if (set == ration_cpuset_first_count(s->topology.cpu_count)) {
		text_add(t, "all");
		return;
	}
	(void)ration_cpulist_format(set, list, sizeof(list));
	text_add(t, "%s", list[0] != '\0' ? list : "none");
}

/* One list, or one for each vCPU; `soft` chooses the half. */
static void affinity_cell(struct table *t, const struct scenario *s,
                          const struct scenario_domain *d, bool soft)
{
	char buffer[TEXT_SIZE] = "";
	struct text text = { buffer, 0 };
	uint32_t shown = 1;

	for (uint32_t i = 1; i < d->vcpu_count; i++)
		if ((soft ? d->affinity[i].soft : d->affinity[i].hard) !=
		    (soft ? d->affinity[0].soft : d->affinity[0].hard))
			shown = d->vcpu_count;
	for (uint32_t i = 0; i < shown && text.length < 32; i++) {
		text_add(&text, "%s", i == 0 ? "" : "; ");
		cpus_text(&text, s, soft ? d->affinity[i].soft : d->affinity[i].hard);
		if (text.length >= 32 && i + 1 < shown)
			text_add(&text, "; ...");
	}
	table_add_cell(t, STYLE_PLAIN, "%s", buffer);
}

static void check_domains(const struct page *page, const struct scenario *s)
{
	struct table t = { NULL, 0, NULL, 0 };
	bool soft = false, start = false;
	struct report_attr attr;
	char time[QUANTITY_SIZE];

	for (uint32_t i = 0; i < s->domain_count; i++) {
		start |= s->domain[i].start_ns != 0;
		for (uint32_t v = 0; v < s->domain[i].vcpu_count; v++)
			soft |= ration_affinity_is_soft(s->domain[i].affinity[v]);
	}
	table_add_column(&t, NULL, "domain", TABLE_LEFT);
	attr = report_attr_columns(&t, s);
	table_add_column(&t, NULL, "CPUs", TABLE_LEFT);
	if (soft)
		table_add_column(&t, NULL, "soft CPUs", TABLE_LEFT);
	if (start)
		table_add_column(&t, NULL, "starts", TABLE_RIGHT);
	table_add_column(&t, NULL, "workload", TABLE_LEFT);
	for (uint32_t i = 0; i < s->domain_count; i++) {
		const struct scenario_domain *d = &s->domain[i];
		char buffer[TEXT_SIZE] = "";
		struct text text = { buffer, 0 };

		table_add_cell(&t, STYLE_HEAD, "%s", d->name);
		report_attr_cells(&t, d, attr, s->policy);
		affinity_cell(&t, s, d, false);
		if (soft)
			affinity_cell(&t, s, d, true);
		if (start)
			table_add_cell(&t, STYLE_PLAIN, "%s", d->start_ns == 0 ? "-" :
			               quantity_time_format(d->start_ns, time));
		text_workload(&text, &d->workload);
		table_add_cell(&t, STYLE_PLAIN, "%s", buffer);
	}
	table_print(&t, page);
	table_free(&t);
}

static void check_notes(const struct page *page, const struct scenario *s)
{
	report_attr_notes(page, s, s->policy);
	for (uint32_t i = 0; i < s->domain_count; i++)
		if (s->domain[i].ignored != NULL &&
		    (i == 0 || s->domain[i].ignored != s->domain[i - 1].ignored))
			fprintf(page->out, "%s: its Xen file also has %s, without effect here\n",
			        s->domain[i].name, s->domain[i].ignored);
}

/* ---- The events ------------------------------------------------------- */

static void event_set_text(struct text *t, const struct scenario_event *e)
{
	char number[QUANTITY_SIZE];

	if ((e->attr_given & RATION_ATTR_WEIGHT) != 0)
		text_add(t, ", weight %" PRIu32, e->attr.weight);
	if ((e->attr_given & RATION_ATTR_CAP) != 0)
		text_add(t, ", cap %s", quantity_percent_format(e->attr.cap_ppm, number));
	if ((e->attr_given & RATION_ATTR_FLOOR) != 0)
		text_add(t, ", floor %s", quantity_percent_format(e->attr.floor_ppm, number));
	if ((e->attr_given & RATION_ATTR_BURST) != 0)
		text_time(t, "burst", e->attr.burst_ns);
	if ((e->attr_given & RATION_ATTR_PERIOD) != 0)
		text_time(t, "period", e->attr.period_ns);
	if ((e->attr_given & RATION_ATTR_SLICE) != 0)
		text_time(t, "slice", e->attr.slice_ns);
	if ((e->attr_given & RATION_ATTR_LATENCY) != 0)
		text_time(t, "latency", e->attr.latency_ns);
	if ((e->attr_given & RATION_ATTR_EXTRATIME) != 0)
		text_add(t, ", extratime %s", e->attr.extratime ? "on" : "off");
	if ((e->attr_given & RATION_ATTR_SHADOW) != 0)
		text_add(t, ", shadow %s", e->attr.shadow ? "on" : "off");
}

static void event_pin_text(struct text *t, const struct scenario *s,
                           const struct scenario_event *e)
{
	if (e->vcpu != SCENARIO_ALL)
		text_add(t, ", vCPU %" PRIu32, e->vcpu);
	if (e->hard_given) {
		text_add(t, ", CPUs ");
		cpus_text(t, s, e->affinity.hard);
	}
	if (e->soft_given) {
		text_add(t, ", soft CPUs ");
		cpus_text(t, s, e->affinity.soft);
	}
}

static void event_policy_text(struct text *t, const struct scenario_event *e)
{
	text_add(t, "policy");
	if (e->policy != NULL)
		text_add(t, " %s", ration_policy_name(e->policy));
	if ((e->params_given & RATION_ATTR_TSLICE) != 0)
		text_time(t, "tslice", e->params.tslice_ns);
	if ((e->params_given & RATION_ATTR_RATELIMIT) != 0)
		text_time(t, "ratelimit", e->params.ratelimit_ns);
}

static void event_text(struct text *t, const struct scenario *s, const struct scenario_event *e)
{
	switch (e->kind) {
	case EVENT_CPU_OFFLINE:
		text_add(t, "CPU %" PRIu32 " goes off line%s", e->cpu, e->force ? ", by force" : "");
		return;
	case EVENT_CPU_ONLINE:
		text_add(t, "CPU %" PRIu32 " comes on line", e->cpu);
		return;
	case EVENT_POLICY:
		event_policy_text(t, e);
		return;
	default:
		break;
	}
	text_add(t, "%s", s->domain[e->domain].name);
	switch (e->kind) {
	case EVENT_DOM_SET:
		event_set_text(t, e);
		break;
	case EVENT_DOM_PIN:
		event_pin_text(t, s, e);
		break;
	case EVENT_DOM_PAUSE:
		text_add(t, " is paused");
		break;
	case EVENT_DOM_RESUME:
		text_add(t, " is resumed");
		break;
	case EVENT_DOM_DESTROY:
		text_add(t, " is destroyed");
		break;
	case EVENT_VCPU_COUNT:
		text_add(t, ", %" PRIu32 " vCPUs on line", e->count);
		break;
	default:
		break;
	}
}

static void check_events(const struct page *page, const struct scenario *s)
{
	struct table t = { NULL, 0, NULL, 0 };

	if (s->event_count == 0)
		return;
	table_add_column(&t, NULL, "at", TABLE_RIGHT);
	table_add_column(&t, NULL, "event", TABLE_LEFT);
	for (uint32_t i = 0; i < s->event_count; i++) {
		const struct scenario_event *e = &s->event[i];
		char buffer[TEXT_SIZE] = "", time[QUANTITY_SIZE];
		struct text text = { buffer, 0 };

		table_add_cell(&t, STYLE_HEAD, "%s", quantity_time_format(e->at_ns, time));
		event_text(&text, s, e);
		if (e->at_ns >= s->time_ns)
			text_add(&text, " (after the end)");
		table_add_cell(&t, e->at_ns >= s->time_ns ? STYLE_DIM : STYLE_PLAIN, "%s", buffer);
	}
	fputc('\n', page->out);
	table_print(&t, page);
	table_free(&t);
}

/* ---- The whole -------------------------------------------------------- */

static void check_line(const struct page *page, const char *name, const char *buffer)
{
	if (buffer[0] != '\0')
		fprintf(page->out, "%-8s %s\n", name, buffer + 2);
}

static void check_costs(const struct page *page, const struct scenario_costs *c)
{
	static const char *const where[] = {
		[RATION_SAME_CORE] = "core", [RATION_SAME_LLC] = "cache",
		[RATION_SAME_PACKAGE] = "package", [RATION_SAME_NODE] = "node",
		[RATION_REMOTE] = "remote",
	};
	char buffer[2][TEXT_SIZE] = { "", "" };
	struct text costs = { buffer[0], 0 }, moves = { buffer[1], 0 };

	if (c->switch_ns != 0)
		text_time(&costs, "switch", c->switch_ns);
	if (c->ipi_ns != 0)
		text_time(&costs, "IPI", c->ipi_ns);
	if (c->timer_ns != 0)
		text_time(&costs, "timer", c->timer_ns);
	if (c->smt_ppm != RATION_PPM)
		text_add(&costs, ", busy SMT siblings at %g each", (double)c->smt_ppm / RATION_PPM);
	for (unsigned i = RATION_SAME_CORE; i < RATION_DISTANCE_COUNT; i++)
		if (c->migrate_ns[i] != 0)
			text_time(&moves, where[i], c->migrate_ns[i]);
	if (costs.length + moves.length == 0)
		text_add(&costs, ", none");
	check_line(page, "costs", buffer[0]);
	check_line(page, "moves", buffer[1]);
}

void report_check(const struct page *page, const struct scenario *s)
{
	char time[QUANTITY_SIZE];

	fputs("machine  ", page->out);
	report_machine(page, s);
	fputc('\n', page->out);
	check_costs(page, &s->costs);
	fputs("policy   ", page->out);
	report_policy(page, s, s->policy);
	fprintf(page->out, "\ntime     %s, seed %" PRIu64 "\n\n",
	        quantity_time_format(s->time_ns, time), s->seed);
	check_domains(page, s);
	check_notes(page, s);
	check_events(page, s);
}
