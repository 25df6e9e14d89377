/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Caps.  A capped domain has a budget, filled by cap * period once a period, on
 * a grid without drift.  A vCPU that begins to run is granted an equal part of
 * it and gives back what it does not use; what it overruns is a debt.  The gate
 * shuts when there is nothing left to grant: the domain's queued vCPUs are held
 * until the gate opens with the next refill, or with what a vCPU gives back.
 */
#include "credit.h"

/* One period's budget.  cap_ppm <= 64,000,000: a product below 2^30. */
static int64_t cap_quota(const struct ration_dom *d)
{
	return (int64_t)d->attr.cap_ppm * (int64_t)(CREDIT_PERIOD_NS / RATION_PPM);
}

static int64_t cap_most(const struct ration_dom *d)
{
	return cap_quota(d) + (int64_t)d->attr.burst_ns;
}

void ration_credit__hold(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	credit_vcpu_of(v)->place = CREDIT_HELD;
	ration_wait_set(r, v, RATION_WAIT_CAP, now);
}

static void cap_shut(struct ration *r, struct ration_dom *d, ration_ns now)
{
	credit_dom_of(d)->shut = true;
	for (struct ration_vcpu *v = d->first; v != NULL; v = v->next) {
		uint8_t place = credit_vcpu_of(v)->place;

		if (place != CREDIT_QUEUED && place != CREDIT_RUSHING)
			continue;
		ration_credit__dequeue(r, v);
		ration_credit__hold(r, v, now);
	}
	ration_credit__rush_disarm(r, credit_dom_of(d));
}

static void cap_open(struct ration *r, struct ration_dom *d, ration_ns now,
                     struct ration_effects *fx)
{
	credit_dom_of(d)->shut = false;
	for (struct ration_vcpu *v = d->first; v != NULL; v = v->next) {
		struct credit_vcpu *self = credit_vcpu_of(v);

		if (self->place != CREDIT_HELD)
			continue;
		self->place = CREDIT_NOWHERE;
		ration_wait_set(r, v, RATION_WAIT_QUEUE, now);
		ration_credit__enqueue(r, v, now);
		ration_credit__place(r, v, true, now, fx);
	}
}

/* Shut the gate if there is nothing left; open it if there is `enough_ns`. */
static void cap_gate(struct ration *r, struct ration_dom *d, int64_t enough_ns, ration_ns now,
                     struct ration_effects *fx)
{
	const struct credit_dom *dom = credit_dom_of(d);

	if (!dom->shut && dom->capped && dom->budget_ns <= 0)
		cap_shut(r, d, now);
	else if (dom->shut && (!dom->capped || dom->budget_ns >= enough_ns))
		cap_open(r, d, now, fx);
}

ration_ns ration_credit__cap_offer(const struct ration_dom *d)
{
	const struct credit_dom *dom = credit_dom_of(d);
	int64_t part;

	if (!dom->capped)
		return RATION_NEVER;
	if (dom->budget_ns <= 0)
		return 0;
	part = dom->budget_ns / (int64_t)(dom->active_count == 0 ? 1 : dom->active_count);
	if (part < (int64_t)CREDIT_GRANT_MIN_NS)
		part = (int64_t)CREDIT_GRANT_MIN_NS;
	/* No more than it can use before the next refill: siblings may wake. */
	if (part > (int64_t)CREDIT_PERIOD_NS)
		part = (int64_t)CREDIT_PERIOD_NS;
	return (ration_ns)(part < dom->budget_ns ? part : dom->budget_ns);
}

void ration_credit__cap_grant(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	struct credit_dom *dom = credit_dom_of(v->dom);
	int64_t offer;

	if (!dom->capped)
		return;
	offer = (int64_t)ration_credit__cap_offer(v->dom);
	credit_vcpu_of(v)->grant_ns += offer;
	dom->budget_ns -= offer;
	if (dom->refill.key == 0)
		ration_credit__refill_arm(r, dom, now + CREDIT_PERIOD_NS);
	if (dom->budget_ns <= 0 && !dom->shut)
		cap_shut(r, v->dom, now);
}

void ration_credit__cap_return(struct ration *r, struct ration_vcpu *v, ration_ns now,
                               struct ration_effects *fx)
{
	struct credit_dom *dom = credit_dom_of(v->dom);
	struct credit_vcpu *self = credit_vcpu_of(v);

	dom->budget_ns += self->grant_ns;
	self->grant_ns = 0;
	cap_gate(r, v->dom, (int64_t)CREDIT_GRANT_MIN_NS, now, fx);
}

void ration_credit__cap_spend(struct ration *r, struct ration_dom *d, ration_ns ns, ration_ns now)
{
	struct credit_dom *dom = credit_dom_of(d);
	int64_t least = -(int64_t)CREDIT_DEBT_MAX_NS;

	if (!dom->capped)
		return;
	dom->budget_ns -= (int64_t)(ns < CREDIT_DEBT_MAX_NS ? ns : CREDIT_DEBT_MAX_NS);
	if (dom->budget_ns < least)
		dom->budget_ns = least;
	if (dom->refill.key == 0)
		ration_credit__refill_arm(r, dom, now + CREDIT_PERIOD_NS);
	if (dom->budget_ns <= 0 && !dom->shut)
		cap_shut(r, d, now);
}

int64_t ration_credit__cap_granted(const struct ration_dom *d, ration_ns now)
{
	int64_t granted = 0;

	for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next)
		granted += credit_vcpu_of(v)->grant_ns - (int64_t)ration_vcpu_uncharged(v, now);
	return granted;
}

void ration_credit__cap_refill(struct ration *r, struct ration_dom *d, ration_ns now,
                               struct ration_effects *fx)
{
	struct credit_dom *dom = credit_dom_of(d);
	int64_t room = cap_most(d) - ration_credit__cap_granted(d, now);
	ration_ns next = dom->refill.key + CREDIT_PERIOD_NS;

	ration_credit__refill_disarm(r, dom);
	dom->budget_ns += cap_quota(d);
	if (dom->budget_ns > room)
		dom->budget_ns = room;
	/* A full budget with nothing granted needs no timer until the next run. */
	if (dom->budget_ns < cap_most(d))
		ration_credit__refill_arm(r, dom, next);
	cap_gate(r, d, 1, now, fx);
}

void ration_credit__cap_set(struct ration *r, struct ration_dom *d, ration_ns now,
                            struct ration_effects *fx)
{
	struct credit_dom *dom = credit_dom_of(d);
	bool was = dom->capped;

	dom->capped = d->attr.cap_ppm != 0;
	if (!dom->capped) {
		ration_credit__refill_disarm(r, dom);
		for (struct ration_vcpu *v = d->first; v != NULL; v = v->next)
			credit_vcpu_of(v)->grant_ns = 0;
		dom->budget_ns = 0;
	} else if (!was) {
		dom->budget_ns = cap_quota(d);
	} else if (dom->budget_ns > cap_most(d) - ration_credit__cap_granted(d, now)) {
		dom->budget_ns = cap_most(d) - ration_credit__cap_granted(d, now);
	}
	cap_gate(r, d, 1, now, fx);
	/* Those that run were granted nothing, or too much: they decide anew. */
	for (struct ration_vcpu *v = d->first; v != NULL; v = v->next)
		if (ration_vcpu_is_current(v))
			ration_kick(r, v->cpu, NULL, now, fx);
}
