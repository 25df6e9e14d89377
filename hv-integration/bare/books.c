/* SPDX-License-Identifier: BSD-2-Clause */
#include "books.h"

#include "domain.h"
#include "steal.h"
#include "text.h"

#define KEPT_MAX 64u

struct books_domain {
	char name[DOMAIN_NAME_SIZE];
	uint32_t id, vcpu_count;
	uint64_t exits;
	bool gone;
	struct ration_ledger ledger, vcpu[DOMAIN_VCPU_MAX];
};

/* Under hv.admin. */
static struct books_domain books_list[KEPT_MAX + DOMAIN_MAX];
static uint32_t books_kept;
static struct ration_cpu_ledger books_cpus[RATION_CPU_MAX];

/* The books at `now`, with the port's lock held. */
static void books_take(const struct domain *d, ration_ns now, struct books_domain *r)
{
	uint32_t i;

	ration_dom_ledger_get(hv.ration, d->ration, now, &r->ledger);
	(void)text_copy(r->name, sizeof(r->name), d->config.name);
	r->id = d->id;
	r->vcpu_count = d->config.vcpu_count;
	r->gone = false;
	r->exits = 0;
	for (i = 0; i < d->config.vcpu_count; i++) {
		ration_vcpu_ledger_get(hv.ration, d->vcpu[i]->ration, now, &r->vcpu[i]);
		r->exits += d->vcpu[i]->exits;
	}
}

void books_keep(const struct domain *d)
{
	ration_ns now;

	if (books_kept == KEPT_MAX)
		return;
	now = ration_port_begin(&hv.port, cpu_self()->id);
	books_take(d, now, &books_list[books_kept]);
	ration_port_end(&hv.port, NULL);
	books_list[books_kept++].gone = true;
}

static void books_domain(const struct books_domain *r)
{
	char waits[320];
	size_t length = 0;
	uint32_t i;

	for (i = 0; i < RATION_WAIT_COUNT; i++)
		length += text_print(waits + length, sizeof(waits) - length, " %s_ns=%lu",
		                     ration_wait_name((enum ration_wait)i), r->ledger.wait_ns[i]);
	say("ledger domain=%s id=%u vcpus=%u exits=%lu running_ns=%lu blocked_ns=%lu down_ns=%lu "
	    "waiting_ns=%lu%s gone=%u", r->name, r->id, r->vcpu_count, r->exits,
	    r->ledger.running_ns, r->ledger.blocked_ns, r->ledger.down_ns,
	    steal_waiting(&r->ledger), waits, r->gone ? 1u : 0u);
	for (i = 0; i < r->vcpu_count; i++)
		say("ledger vcpu=%s.%u running_ns=%lu waiting_ns=%lu blocked_ns=%lu down_ns=%lu", r->name,
		    i, r->vcpu[i].running_ns, steal_waiting(&r->vcpu[i]), r->vcpu[i].blocked_ns,
		    r->vcpu[i].down_ns);
}

static void books_cpu(uint32_t c)
{
	const struct ration_cpu_ledger *l = &books_cpus[c];

	say("ledger cpu=%u busy_ns=%lu idle_ns=%lu overhead_ns=%lu offline_ns=%lu dispatches=%lu "
	    "preemptions=%lu migrations=%lu exits=%lu interrupts=%lu", c, l->busy_ns, l->idle_ns,
	    l->overhead_ns, l->offline_ns, l->dispatches, l->preemptions, l->migrations,
	    hv.cpu[c].exits, hv.cpu[c].interrupts);
}

/* All of one moment; then said, with the lock free. */
void books_print(void)
{
	ration_ns now = ration_port_begin(&hv.port, cpu_self()->id);
	uint32_t i, count = books_kept;

	for (i = 0; i < DOMAIN_MAX; i++)
		if (FLAG_GET(domain_list[i].state) != DOMAIN_NONE)
			books_take(&domain_list[i], now, &books_list[count++]);
	for (i = 0; i < hv.cpu_count; i++)
		ration_cpu_ledger_get(hv.ration, i, now, &books_cpus[i]);
	ration_port_end(&hv.port, NULL);
	say("ledger time_ns=%lu policy=%s", now, ration_policy_name(ration_policy_get(hv.ration)));
	for (i = 0; i < count; i++)
		books_domain(&books_list[i]);
	for (i = 0; i < hv.cpu_count; i++)
		books_cpu(i);
}
