/* SPDX-License-Identifier: BSD-2-Clause */
#include "load_cost.h"

#include <stdlib.h>
#include <string.h>

static void samples_add(struct load_cost_samples *samples, ration_ns ns)
{
	samples->ns[samples->count++ % LOAD_COST_SAMPLES] = ns;
}

static int samples_order(const void *a, const void *b)
{
	const ration_ns *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static ration_ns samples_median(struct load_cost_samples *samples)
{
	size_t count = samples->count < LOAD_COST_SAMPLES ? (size_t)samples->count :
	               LOAD_COST_SAMPLES;

	if (count == 0)
		return 0;
	qsort(samples->ns, count, sizeof(samples->ns[0]), samples_order);
	return samples->ns[count / 2];
}

/* Does the verb end what a CPU runs, so that it decides next in any case? */
static bool cost_is_own(const struct log_record *record)
{
	return record->verb == RECORD_BLOCK || record->verb == RECORD_YIELD ||
	       record->verb == RECORD_YIELD_TO;
}

static void cost_effects(struct load_cost *cost, const struct replay *r,
                         const struct log_record *record)
{
	ration_cpuset set = r->answer.fx.resched;
	struct ration_vcpu_info info;

	if (cost_is_own(record)) {
		ration_vcpu_info_get(r->answer.vcpu, &info);
		set &= info.cpu < RATION_CPU_MAX ? ~ration_cpuset_of(info.cpu) : set;
	} else if (record->cpu < RATION_CPU_MAX) {
		set &= ~ration_cpuset_of(record->cpu);
	}
	for (; set != 0; set = ration_cpuset_rest(set)) {
		struct load_cost_cpu *c = &cost->cpu[ration_cpuset_first(set)];

		if (c->kicked_ns == RATION_NEVER)
			c->kicked_ns = record->now_ns;
	}
	cost->expire_ns = r->answer.fx.expire_ns;
}

static void cost_decide(struct load_cost *cost, const struct replay *r,
                        const struct log_record *record)
{
	struct load_cost_cpu *c = &cost->cpu[record->cpu];

	if (c->kicked_ns != RATION_NEVER)
		samples_add(&cost->ipi, record->now_ns - c->kicked_ns);
	else if (c->until_ns <= record->now_ns)
		samples_add(&cost->timer, record->now_ns - c->until_ns);
	c->kicked_ns = RATION_NEVER;
	c->decided_ns = record->now_ns;
	c->until_ns = r->answer.decision.until_ns;
}

static void cost_after(void *context, const struct replay *r, const struct log_record *record)
{
	struct load_cost *cost = context;

	if (!replay_is_event(record))
		return;
	if (record->verb == RECORD_SAVED) {
		cost->switches++;
		cost->switch_ns += record->now_ns - cost->cpu[record->cpu].decided_ns;
	} else if (record->verb == RECORD_EXPIRE && cost->expire_ns <= record->now_ns) {
		samples_add(&cost->timer, record->now_ns - cost->expire_ns);
	} else if (record->verb == RECORD_DECIDE || record->verb == RECORD_IDLE) {
		cost_decide(cost, r, record);
	}
	if (r->answer.status == RATION_OK || record->verb == RECORD_LEAVE)
		cost_effects(cost, r, record);
}

void load_cost_init(struct load_cost *cost)
{
	memset(cost, 0, sizeof(*cost));
	cost->expire_ns = RATION_NEVER;
	for (uint32_t i = 0; i < RATION_CPU_MAX; i++) {
		cost->cpu[i].until_ns = RATION_NEVER;
		cost->cpu[i].kicked_ns = RATION_NEVER;
	}
}

struct replay_observer load_cost_observer(struct load_cost *cost)
{
	struct replay_observer observer = { cost, NULL, cost_after };

	return observer;
}

void load_cost_get(struct load_cost *cost, struct scenario_costs *costs)
{
	costs->switch_ns = cost->switches != 0 ? cost->switch_ns / cost->switches : 0;
	costs->ipi_ns = samples_median(&cost->ipi);
	costs->timer_ns = samples_median(&cost->timer);
}
