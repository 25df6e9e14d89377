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

int64_t ration_credit__cap_most(const struct ration_dom *d)
{
	int64_t quota = cap_quota(d), most = quota + (int64_t)d->attr.burst_ns;

	/* What it could not use since others ran, it may use in the next period. */
	return most + (quota < (int64_t)CREDIT_CARRY_NS ? quota : (int64_t)CREDIT_CARRY_NS);
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
	/* Who ran on for long after its grant, past refills that found the budget
	 * full, gives back a debt when no refill is due any more. */
	if (credit_dom_of(d)->refill.key == 0)
		ration_credit__refill_arm(r, credit_dom_of(d), now + CREDIT_PERIOD_NS);
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
		ration_credit__place(r, v, false, now, fx);
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
	int64_t room = ration_credit__cap_most(d) - ration_credit__cap_granted(d, now);
	ration_ns next = dom->refill.key + CREDIT_PERIOD_NS;

	ration_credit__refill_disarm(r, dom);
	dom->budget_ns += cap_quota(d);
	if (dom->budget_ns > room)
		dom->budget_ns = room;
	/* A full budget with nothing granted needs no timer until the next run. */
	if (dom->budget_ns < ration_credit__cap_most(d))
		ration_credit__refill_arm(r, dom, next);
	cap_gate(r, d, 1, now, fx);
}

void ration_credit__cap_set(struct ration *r, struct ration_dom *d, ration_ns now,
                            struct ration_effects *fx)
{
	struct credit_dom *dom = credit_dom_of(d);
	bool shadow = d->attr.cap_ppm != 0 && d->attr.shadow;
	int64_t granted_ns = dom->capped ? ration_credit__cap_granted(d, now) : 0;
	int64_t left_ns = cap_quota(d), most_ns = ration_credit__cap_most(d);
	ration_ns refill_ns = dom->refill.key;

	ration_credit__shadow_pass(d, now);
	if (dom->capped) {
		left_ns = dom->budget_ns + granted_ns;
	} else if (dom->shadow.quota_ns != 0) {
		left_ns = dom->shadow.budget_ns;
		refill_ns = dom->shadow.refill_ns;
	}
	if (left_ns > most_ns)
		left_ns = most_ns;
	dom->capped = credit_cap_ppm(d) != 0;
	ration_credit__shadow_set(d, shadow ? cap_quota(d) : 0, left_ns, refill_ns, now);
	if (!dom->capped) {
		ration_credit__refill_disarm(r, dom);
		for (struct ration_vcpu *v = d->first; v != NULL; v = v->next)
			credit_vcpu_of(v)->grant_ns = 0;
		dom->budget_ns = 0;
	} else {
		dom->budget_ns = left_ns - granted_ns;
		if (dom->refill.key == 0 && refill_ns != 0)
			ration_credit__refill_arm(r, dom, refill_ns);
	}
	cap_gate(r, d, 1, now, fx);
	/* Those that run were granted nothing, or too much: they decide anew. */
	for (struct ration_vcpu *v = d->first; v != NULL; v = v->next)
		if (ration_vcpu_is_current(v))
			ration_kick(r, v->cpu, NULL, now, fx);
}
