/* SPDX-License-Identifier: BSD-2-Clause */
/* look.c - commands that look: list, vcpus, ledger, info, topology. */
#include "hvctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "quantity.h"

static const struct ration_control_info *look_info(const struct hvctl *h)
{
	return &h->link.info;
}

/* Seconds with three decimals. */
static void look_seconds(struct table *t, uint64_t ns)
{
	uint64_t whole = ns / RATION_NS_PER_S, ms = ns % RATION_NS_PER_S / RATION_NS_PER_MS;

	table_add(t, "%" PRIu64 ".%03" PRIu64, whole, ms);
}

/* An attribute that the policy in force does not honour stands in brackets. */
static void look_attr(const struct hvctl *h, struct table *t, uint32_t bit, const char *text)
{
	table_add(t, (look_info(h)->honoured & bit) != 0 ? "%s" : "(%s)", text);
}

/* ---- Domains -------------------------------------------------------------- */

static const char *look_domain_state(const struct ration_control_domain *domain)
{
	if ((domain->flags & RATION_CONTROL_DYING) != 0)
		return "dying";
	if ((domain->flags & RATION_CONTROL_PAUSED) != 0)
		return "paused";
	return domain->running_count != 0 ? "running" : "-";
}

static int look_list_row(struct hvctl *h, const struct ration_control_domain *domain,
                         void *context)
{
	const struct ration_attr *attr = &domain->attr;
	struct table *t = context;
	char text[QUANTITY_SIZE];

	table_add(t, "%s", domain->name);
	table_add(t, "%" PRIu32, domain->id);
	table_add(t, "%" PRIu64, domain->memory_bytes >> 20);
	table_add(t, "%" PRIu32, domain->vcpu_count);
	table_add(t, "%s", look_domain_state(domain));
	look_seconds(t, domain->running_ns);
	look_seconds(t, domain->waiting_ns);
	(void)snprintf(text, sizeof text, "%" PRIu32, attr->weight);
	look_attr(h, t, RATION_ATTR_WEIGHT, text);
	if (attr->cap_ppm == 0)
		table_add(t, "-");
	else
		look_attr(h, t, RATION_ATTR_CAP, quantity_percent_format(attr->cap_ppm, text));
	if (attr->floor_ppm == 0)
		table_add(t, "-");
	else
		look_attr(h, t, RATION_ATTR_FLOOR, quantity_percent_format(attr->floor_ppm, text));
	if (attr->slice_ns == 0)
		table_add(t, "-");
	else
		look_attr(h, t, RATION_ATTR_SLICE, quantity_time_format(attr->slice_ns, text));
	if (attr->slice_ns == 0)
		table_add(t, "-");
	else
		look_attr(h, t, RATION_ATTR_PERIOD, quantity_time_format(attr->period_ns, text));
	return HVCTL_OK;
}

static int look_list(struct hvctl *h)
{
	static const char *const head[] = { "Name", "ID", "MiB", "VCPUs", "State", "Ran (s)",
		"Waited (s)", "Weight", "Cap (%)", "Floor (%)", "Slice", "Period" };
	struct table t = { .columns = 12, .left = 1 };
	int status;

	for (uint32_t i = 0; i < t.columns; i++)
		table_add(&t, "%s", head[i]);
	status = hvctl_domains(h, look_list_row, &t);
	table_print(&t);
	return status;
}

/* ---- vCPUs ---------------------------------------------------------------- */

static const char *look_vcpu_state(const struct ration_control_vcpu *v, char text[TABLE_CELL])
{
	if (v->state == RATION_STATE_RUNNING)
		return "running";
	if (v->state == RATION_STATE_BLOCKED)
		return "blocked";
	if (v->state == RATION_STATE_DOWN)
		return v->online == 0 ? "off line" : "down";
	(void)snprintf(text, TABLE_CELL, "waits: %s", v->cause < RATION_WAIT_COUNT ?
	               ration_wait_name((enum ration_wait)v->cause) : "?");
	return text;
}

static void look_cpus(const struct hvctl *h, struct table *t, ration_cpuset set)
{
	ration_cpuset all = ration_cpuset_first_count(look_info(h)->cpu_count);
	char list[RATION_CPULIST_SIZE];

	(void)ration_cpulist_format(set & all, list, sizeof list);
	table_add(t, "%s", (set & all) == all ? "all" : list);
}

static int look_vcpu_rows(struct hvctl *h, const struct ration_control_domain *domain,
                          void *context)
{
	struct ration_control_request q = { .op = RATION_CONTROL_VCPUS, .dom = domain->id };
	struct table *t = context;
	uint32_t before;

	do {
		struct ration_control_vcpu v;
		struct link_answer a;
		char text[TABLE_CELL];
		int status = link_ask(&h->link, &q, &a);

		if (status != HVCTL_OK)
			return status;
		before = q.vcpu;
		for (; ration_control_wire_vcpu(&a.body, &v); q.vcpu++) {
			table_add(t, "%s", domain->name);
			table_add(t, "%" PRIu32, v.idx);
			if (v.cpu == RATION_CPU_NONE)
				table_add(t, "-");
			else
				table_add(t, "%" PRIu32, v.cpu);
			table_add(t, "%s", look_vcpu_state(&v, text));
			look_seconds(t, v.running_ns);
			look_seconds(t, v.waiting_ns);
			look_cpus(h, t, v.affinity.hard);
			look_cpus(h, t, v.affinity.soft);
		}
	} while (q.vcpu != before);
	return HVCTL_OK;
}

static int look_vcpus(struct hvctl *h)
{
	static const char *const head[] = { "Name", "VCPU", "CPU", "State", "Ran (s)",
		"Waited (s)", "Hard", "Soft" };
	struct table t = { .columns = 8, .left = 1 };
	struct ration_control_domain domain;
	int status;

	for (uint32_t i = 0; i < t.columns; i++)
		table_add(&t, "%s", head[i]);
	if (h->count == 0) {
		status = hvctl_domains(h, look_vcpu_rows, &t);
	} else {
		status = hvctl_domain(h, h->argument[0], &domain);
		if (status == HVCTL_OK)
			status = look_vcpu_rows(h, &domain, &t);
	}
	if (status == HVCTL_OK)
		table_print(&t);
	return status;
}

/* ---- The ledger ----------------------------------------------------------- */

static int look_books(struct hvctl *h, uint32_t dom, uint32_t vcpu,
                      struct ration_control_ledger *books)
{
	struct ration_control_request q = { .op = RATION_CONTROL_LEDGER, .dom = dom, .vcpu = vcpu };
	struct link_answer a;
	int status = link_ask(&h->link, &q, &a);

	if (status == HVCTL_OK && !ration_control_wire_ledger(&a.body, books))
		return hvctl_fail("the answer is cut off");
	return status;
}

static int look_ledger_row(struct hvctl *h, const struct ration_control_domain *domain,
                           void *context)
{
	struct ration_control_ledger books;
	struct table *t = context;
	int status = look_books(h, domain->id, RATION_CONTROL_ALL, &books);

	if (status != HVCTL_OK)
		return status;
	table_add(t, "%s", domain->name);
	look_seconds(t, books.ledger.running_ns);
	for (uint32_t i = 0; i < RATION_WAIT_COUNT; i++)
		look_seconds(t, books.ledger.wait_ns[i]);
	look_seconds(t, books.ledger.blocked_ns);
	look_seconds(t, books.ledger.down_ns);
	return HVCTL_OK;
}

static int look_ledger_all(struct hvctl *h)
{
	struct table t = { .columns = RATION_WAIT_COUNT + 4, .left = 1 };
	int status;

	table_add(&t, "Name (s)");
	table_add(&t, "running");
	for (uint32_t i = 0; i < RATION_WAIT_COUNT; i++)
		table_add(&t, "%s", ration_wait_name((enum ration_wait)i));
	table_add(&t, "blocked");
	table_add(&t, "down");
	status = hvctl_domains(h, look_ledger_row, &t);
	table_print(&t);
	return status;
}

static void look_line(struct table *t, const char *name, uint64_t ns, uint64_t all)
{
	/* ns * 1000 could wrap after 213 days: per mille by division. */
	uint64_t mille = all == 0 ? 0 : all >= 1000 ? ns / (all / 1000) : 0;

	table_add(t, "%s", name);
	look_seconds(t, ns);
	table_add(t, "%" PRIu64 ".%" PRIu64, mille / 10, mille % 10);
}

/* One domain's, or one vCPU's: exact, in a column. */
static int look_ledger(struct hvctl *h)
{
	struct table t = { .columns = 3, .left = 1 };
	struct ration_control_ledger books;
	struct ration_control_domain domain;
	uint32_t vcpu = RATION_CONTROL_ALL;
	uint64_t all, held_ms;
	int status;

	if (h->count == 0)
		return look_ledger_all(h);
	status = hvctl_domain(h, h->argument[0], &domain);
	if (status == HVCTL_OK && h->count == 2)
		status = hvctl_vcpu(h, h->argument[1], true, &vcpu);
	if (status == HVCTL_OK)
		status = look_books(h, domain.id, vcpu, &books);
	if (status != HVCTL_OK)
		return status;
	all = books.ledger.running_ns + books.ledger.blocked_ns + books.ledger.down_ns;
	for (uint32_t i = 0; i < RATION_WAIT_COUNT; i++)
		all += books.ledger.wait_ns[i];
	table_add(&t, "Where"), table_add(&t, "Time (s)"), table_add(&t, "%%");
	look_line(&t, "running", books.ledger.running_ns, all);
	for (uint32_t i = 0; i < RATION_WAIT_COUNT; i++)
		look_line(&t, ration_wait_name((enum ration_wait)i), books.ledger.wait_ns[i], all);
	look_line(&t, "blocked", books.ledger.blocked_ns, all);
	look_line(&t, "down", books.ledger.down_ns, all);
	look_line(&t, "in all", all, all);
	table_print(&t);
	held_ms = books.held_ns / RATION_NS_PER_MS;
	if (books.held_count != 0)
		(void)printf("A cap would have held it %" PRIu64 " times, %" PRIu64 " ms in all.\n",
		             books.held_count, held_ms);
	return HVCTL_OK;
}

/* ---- The machine ---------------------------------------------------------- */

static int look_info_all(struct hvctl *h)
{
	const struct ration_control_info *i = look_info(h);
	uint64_t whole = i->now_ns / RATION_NS_PER_S;
	uint64_t ms = i->now_ns % RATION_NS_PER_S / RATION_NS_PER_MS;
	char list[RATION_CPULIST_SIZE], tslice[QUANTITY_SIZE], ratelimit[QUANTITY_SIZE];

	(void)ration_cpulist_format(i->online, list, sizeof list);
	(void)printf("Hypervisor   %s\n", i->writer);
	(void)printf("Machine      %s\n", i->machine);
	(void)printf("CPUs         %" PRIu32 ", on line %s\n", i->cpu_count, list);
	(void)printf("Policy       %s (of", i->policy < RATION_CONTROL_POLICY_MAX ?
	             i->policy_name[i->policy] : "?");
	for (uint32_t k = 0; k < i->policy_count && k < RATION_CONTROL_POLICY_MAX; k++)
		(void)printf(" %s", i->policy_name[k]);
	(void)printf(")\nHonours     ");
	for (uint32_t bit = 1; bit <= RATION_ATTR_RATELIMIT; bit <<= 1)
		if ((i->honoured & bit) != 0)
			(void)printf(" %s", ration_reason_attr_name((enum ration_attr_bit)bit));
	(void)printf("\nTslice       %s\n", quantity_time_format(i->tslice_ns, tslice));
	(void)printf("Ratelimit    %s\n", quantity_time_format(i->ratelimit_ns, ratelimit));
	(void)printf("Room         %" PRIu32 " domains, %" PRIu32 " vCPUs\n", i->dom_limit,
	             i->vcpu_limit);
	(void)printf("Time         %" PRIu64 ".%03" PRIu64 " s\n", whole, ms);
	(void)printf("Recorder     %s, %" PRIu64 " events, %" PRIu64 " lost, %" PRIu64
	             " bytes read\n", i->is_recording ? "on" : "off", i->events, i->lost, i->log_at);
	return HVCTL_OK;
}

static int look_topology(struct hvctl *h)
{
	static const char *const head[] = { "CPU", "Core", "Cache", "Package", "Node", "State",
		"Busy (s)", "Idle (s)", "Switch (s)", "Dispatches", "Migrations" };
	struct ration_control_request q = { .op = RATION_CONTROL_TOPOLOGY };
	struct table t = { .columns = 11 };
	struct ration_control_cpu cpu;
	struct link_answer a;
	uint32_t cpus = 0, nodes = 0;
	int status = link_ask(&h->link, &q, &a);

	if (status != HVCTL_OK)
		return status;
	(void)ration_control_wire_u32(&a.body, &cpus);
	(void)ration_control_wire_u32(&a.body, &nodes);
	for (uint32_t i = 0; i < t.columns; i++)
		table_add(&t, "%s", head[i]);
	for (uint32_t c = 0; c < cpus && ration_control_wire_cpu(&a.body, &cpu); c++) {
		table_add(&t, "%" PRIu32, c);
		table_add(&t, "%u", cpu.core), table_add(&t, "%u", cpu.llc);
		table_add(&t, "%u", cpu.package), table_add(&t, "%u", cpu.node);
		table_add(&t, "%s", cpu.online ? "on line" : "off line");
		look_seconds(&t, cpu.busy_ns);
		look_seconds(&t, cpu.idle_ns);
		look_seconds(&t, cpu.overhead_ns);
		table_add(&t, "%" PRIu64, cpu.dispatches);
		table_add(&t, "%" PRIu64, cpu.migrations);
	}
	table_print(&t);
	for (uint32_t from = 0; from < nodes; from++) {
		uint8_t row[RATION_TOPOLOGY_NODE_MAX];

		if (nodes > sizeof row || !ration_control_wire_bytes(&a.body, row, nodes))
			return hvctl_fail("the answer is cut off");
		(void)printf("Node %" PRIu32 ", distances:", from);
		for (uint32_t to = 0; to < nodes; to++)
			(void)printf(" %u", row[to]);
		(void)putchar('\n');
	}
	return HVCTL_OK;
}

const struct hvctl_command hvctl_look[] = {
	{ "list", "", 0, 0, look_list, { NULL } },
	{ "vcpus", "[NAME]", 0, 1, look_vcpus, { NULL } },
	{ "ledger", "[NAME [VCPU]]", 0, 2, look_ledger, { NULL } },
	{ "info", "", 0, 0, look_info_all, { NULL } },
	{ "topology", "", 0, 0, look_topology, { NULL } },
	{ NULL, NULL, 0, 0, NULL, { NULL } }
};
