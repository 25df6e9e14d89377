/* SPDX-License-Identifier: BSD-2-Clause */
/* The invariants of credit.h, in their order. */
#include "credit.h"

static const char *check_vcpu(const struct ration_vcpu *v)
{
	const struct credit_vcpu *self = credit_vcpu_of(v);
	bool ready = (v->flags & RATION_VCPU_READY) != 0;

	if (ready != (self->place != CREDIT_NOWHERE))
		return "credit: a ready vCPU is in no queue, or one that is not ready is in one";
	if (ready && (self->place == CREDIT_HELD) != ration_credit__cap_holds(v))
		return "credit: a vCPU is held and may run, or the reverse";
	if (self->place == CREDIT_HELD && v->book != RATION_WAIT_CAP)
		return "credit: a vCPU is held and not booked to its cap";
	if ((ready || (v->flags & RATION_VCPU_STARTED) != 0) != self->active)
		return "credit: a vCPU that wants to run is not active, or the reverse";
	return NULL;
}

static const char *check_dom(const struct ration_dom *d, ration_ns now)
{
	const struct credit_dom *dom = credit_dom_of(d);
	uint32_t active = 0, running = 0, held = 0;

	for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next) {
		active += credit_vcpu_of(v)->active;
		running += (v->flags & RATION_VCPU_STARTED) != 0;
		held += credit_vcpu_of(v)->place == CREDIT_HELD;
	}
	if (active != dom->active_count || running != dom->running_count)
		return "credit: a domain's active vCPUs are miscounted";
	if (dom->capped && dom->budget_ns > ration_credit__cap_most(d) +
	                                    (int64_t)(CREDIT_GRANT_MIN_NS * d->vcpu_count) -
	                                    ration_credit__cap_granted(d, now))
		return "credit: a domain's budget exceeds its cap";
	if (dom->shut && !dom->capped)
		return "credit: a pool is empty without a cap";
	if (dom->shadow.quota_ns != 0 &&
	    (dom->capped || dom->shadow.budget_ns > dom->shadow.most_ns ||
	     (dom->shadow.refill_ns != 0 ? dom->shadow.refill_ns <= dom->shadow.at_ns :
	      running != 0)))
		return "credit: a shadow cap's books are wrong";
	if (held != 0 && dom->refill.key == 0)
		return "credit: a vCPU is held for ever";
	return NULL;
}

static const char *check_queues(const struct credit *credit)
{
	const char *broken = NULL;

	for (uint32_t k = 0; broken == NULL && k < RATION_CLASS_MAX; k++) {
		if (ration_classes_has(&credit->waiting, k) != (credit->queue[k].count != 0) ||
		    ration_classes_has(&credit->rushing, k) != (credit->urgent[k].count != 0))
			return "credit: a class is marked without a queue, or the reverse";
		broken = ration_heap__check(&credit->queue[k]);
		if (broken == NULL)
			broken = ration_heap__check(&credit->urgent[k]);
	}
	if (broken == NULL)
		broken = ration_heap__check(&credit->refills);
	return broken != NULL ? broken : ration_heap__check(&credit->rushes);
}

static const char *check_cpus(const struct ration *r)
{
	const struct credit *credit = credit_of(r);

	for (ration_cpuset set = ration_cpu_online(r); set != 0; set = ration_cpuset_rest(set))
		if (ration_cpuset_has(credit->busy, ration_cpuset_first(set)) !=
		    (ration_cpu_get(r, ration_cpuset_first(set))->current != NULL))
			return "credit: a CPU that runs something is not busy, or the reverse";
	return (credit->open & ~credit->busy) != 0 ? "credit: an idle CPU is open" : NULL;
}

const char *ration_credit__check(const struct ration *r)
{
	const struct ration_limits *limits = ration_limits_get(r);
	const char *broken = NULL;

	for (uint32_t i = 0; broken == NULL && i < limits->vcpu_count; i++)
		if (ration_vcpu_slot(r, i) != NULL)
			broken = check_vcpu(ration_vcpu_slot(r, i));
	for (uint32_t i = 0; broken == NULL && i < limits->dom_count; i++)
		if (ration_dom_slot(r, i) != NULL)
			broken = check_dom(ration_dom_slot(r, i), ration_now(r));
	if (broken == NULL)
		broken = check_cpus(r);
	return broken != NULL ? broken : check_queues(credit_of(r));
}
