/* SPDX-License-Identifier: BSD-2-Clause */
/* Why something cannot be promised, who holds what is missing, and what would fit. */
#include "sedf.h"

/* share * 10^6: by 20 bits less, so that it does not wrap (2^41 * 2^20). */
static uint64_t refuse_ppm(uint64_t share)
{
	return ((share >> 20) * RATION_PPM) >> 40;
}

/* Could the vCPUs of d that vary have that much each, all else staying? */
static bool refuse_fits(const struct ration *r, struct sedf_plan *plan, const struct ration_dom *d,
                        uint64_t ppm, ration_ns slot_ns)
{
	struct sedf_dom ask;

	ration_sedf__ask(r, &d->attr, &ask);
	ask.share += ration_sedf__share(ppm, RATION_PPM);
	ask.share -= ration_sedf__share(ask.slice_ns, ask.period_ns);
	plan->slot_ns = slot_ns;
	__builtin_memcpy(plan->cpu, plan->kept, sizeof(plan->cpu));
	for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next) {
		struct sedf_plan_item item;
		ration_cpuset allowed = sedf_allowed(r, v);

		if ((plan->item[v->slot].mark & SEDF_MARK_VARIES) != 0 &&
		    !ration_sedf__fit(plan, &ask, allowed, allowed, SEDF_FIT_WORST, &item))
			return false;
	}
	return true;
}

/* The largest share that the vCPUs of d that vary could have, in ppm. */
static uint64_t refuse_largest(const struct ration *r, struct sedf_plan *plan,
                               const struct ration_dom *d)
{
	uint64_t low = 0, high = RATION_PPM;
	ration_ns slot_ns = plan->slot_ns;

	__builtin_memcpy(plan->kept, plan->cpu, sizeof(plan->kept));
	while (low < high) {                    /* 20 steps */
		uint64_t ppm = (low + high + 1) / 2;

		if (refuse_fits(r, plan, d, ppm, slot_ns))
			low = ppm;
		else
			high = ppm - 1;
	}
	return low;
}

/* What d has on those CPUs, in 2^-52: 2^16 vCPUs do not wrap. */
static uint64_t refuse_held(const struct ration *r, const struct sedf_plan *plan,
                            const struct ration_dom *d, ration_cpuset cpus)
{
	uint64_t sum = 0;
	struct sedf_dom ask;

	ration_sedf__ask(r, &d->attr, &ask);
	for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next) {
		const struct sedf_plan_item *item = &plan->item[v->slot];

		if ((item->mark & SEDF_MARK_VARIES) == 0 &&
		    (ration_cpuset_has(cpus, item->home) || ration_cpuset_has(cpus, item->peer)))
			sum += ask.share >> 8;
	}
	return sum;
}

static void refuse_holders(const struct ration *r, const struct sedf_plan *plan,
                           struct ration_refusal *why)
{
	const uint32_t count = ration_limits_get(r)->dom_count;
	uint64_t held[RATION_HOLDERS_MAX];

	why->holder_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct ration_dom *d = ration_dom_slot(r, i);
		uint64_t sum = d == NULL ? 0 : refuse_held(r, plan, d, why->cpus);
		uint32_t at = why->holder_count;

		if (sum == 0 || (at == RATION_HOLDERS_MAX && sum <= held[at - 1]))
			continue;
		if (at < RATION_HOLDERS_MAX)
			why->holder_count++;
		else
			at--;
		for (; at > 0 && held[at - 1] < sum; at--) {
			held[at] = held[at - 1];
			why->holder[at] = why->holder[at - 1];
		}
		held[at] = sum;
		why->holder[at] = d->id;
	}
}

static void refuse_explain(const struct ration *r, bool active, struct sedf_plan *plan,
                           struct ration_refusal *why)
{
	const struct ration_vcpu *v = ration_vcpu_slot(r, plan->failed);
	const struct ration_attr *attr = &v->dom->attr;
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	ration_cpuset gone = v->affinity.hard & ~ration_cpu_online(r);
	uint64_t wanted_ppm = refuse_ppm(ration_sedf__share(attr->slice_ns, attr->period_ns) +
	                                 SEDF_ONE / RATION_PPM);

	why->reason = RATION_REFUSED_DEADLINE;
	if (active && (self->flags & SEDF_JOINED) != 0 &&
	    (ration_cpuset_has(gone, self->home) || ration_cpuset_has(gone, self->peer)))
		why->reason = RATION_REFUSED_CPU;
	why->cpus = sedf_allowed(r, v) != 0 ? sedf_allowed(r, v) : v->affinity.hard;
	ration_sedf__plan_without(r, active, v->dom, plan);
	refuse_holders(r, plan, why);
	why->fit_ppm = refuse_largest(r, plan, v->dom);
	why->missing_ppm = wanted_ppm > why->fit_ppm ? wanted_ppm - why->fit_ppm : 1;
}

int ration_sedf__admit(const struct ration *r, bool active, void *scratch,
                       struct ration_refusal *why)
{
	struct sedf_plan *plan = scratch;

	if (ration_sedf__plan(r, active, plan))
		return RATION_OK;
	refuse_explain(r, active, plan, why);
	return RATION_E_CAPACITY;
}
