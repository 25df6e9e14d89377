/* SPDX-License-Identifier: BSD-2-Clause */
/* The invariants of credit.h, in their order. */
#include "credit.h"

static const char *check_vcpu(const struct ration_vcpu *v)
{
	const struct credit_vcpu *self = credit_vcpu_of(v);
	const struct credit_dom *dom = credit_dom_of(v->dom);
	bool ready = (v->flags & RATION_VCPU_READY) != 0;

	if (ready != (self->place != CREDIT_NOWHERE))
		return "credit: a ready vCPU is in no queue, or one that is not ready is in one";
	if (self->place == CREDIT_HELD && !(dom->shut && v->book == RATION_WAIT_CAP))
		return "credit: a vCPU is held and its domain's gate is open";
	if (self->place != CREDIT_HELD && ready && dom->shut)
		return "credit: a vCPU queues before a shut gate";
	if ((ready || (v->flags & RATION_VCPU_STARTED) != 0) != self->active)
		return "credit: a vCPU that wants to run is not active, or the reverse";
	return NULL;
}

static const char *check_dom(const struct ration_dom *d, ration_ns now)
{
	const struct credit_dom *dom = credit_dom_of(d);
	int64_t most = (int64_t)d->attr.cap_ppm * (int64_t)(CREDIT_PERIOD_NS / RATION_PPM) +
	               (int64_t)d->attr.burst_ns;
	uint32_t active = 0;

	for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next)
		active += credit_vcpu_of(v)->active;
	if (active != dom->active_count)
		return "credit: a domain's active vCPUs are miscounted";
	if (dom->capped && dom->budget_ns + ration_credit__cap_granted(d, now) > most)
		return "credit: a domain's budget exceeds its cap";
	if (dom->shut && !dom->capped)
		return "credit: a gate is shut without a cap";
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
	return broken != NULL ? broken : check_queues(credit_of(r));
}
