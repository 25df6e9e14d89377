/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Caps.  A capped domain's budget is filled by cap * period once a period, on a
 * grid without drift.  Each vCPU is given its part of it, as much as it is owed;
 * what nobody is owed, and what a vCPU cannot use, lies in the domain's pool, and
 * who has used up its part draws from that.  (Were all the budget the pool's,
 * those who get a CPU first would use up what the others are owed.)  With nothing
 * of its own and nothing in the pool a vCPU is held until the next period.  What
 * is overrun is the pool's debt.
 */
#include "credit.h"

/* One period's budget.  cap_ppm <= 64,000,000: a product below 2^30. */
static int64_t cap_quota(const struct ration_dom *d)
{
	return (int64_t)d->attr.cap_ppm * (int64_t)(CREDIT_PERIOD_NS / RATION_PPM);
}

/* What makes a run worth a switch. */
static int64_t cap_piece(const struct ration_dom *d)
{
	int64_t quota = cap_quota(d);

	return quota < (int64_t)CREDIT_GRANT_MIN_NS ? quota : (int64_t)CREDIT_GRANT_MIN_NS;
}

/* What it could not use since others ran, it may use in the next period: so much, for
 * each CPU of its cap.  A product below 2^54. */
static int64_t cap_carry(const struct ration_dom *d)
{
	int64_t quota = cap_quota(d), carry = (int64_t)CREDIT_CARRY_NS;

	if (quota > (int64_t)CREDIT_PERIOD_NS)
		carry = carry * quota / (int64_t)CREDIT_PERIOD_NS;
	return quota < carry ? quota : carry;
}

int64_t ration_credit__cap_most(const struct ration_dom *d)
{
	return cap_quota(d) + cap_carry(d) + (int64_t)d->attr.burst_ns;
}

bool ration_credit__cap_holds(const struct ration_vcpu *v)
{
	const struct credit_dom *dom = credit_dom_of(v->dom);

	return dom->shut && credit_vcpu_of(v)->grant_ns < cap_piece(v->dom);
}

static void cap_arm(struct ration *r, struct credit_dom *dom, ration_ns now)
{
	if (dom->refill.key == 0)
		ration_credit__refill_arm(r, dom, now + CREDIT_PERIOD_NS);
}

void ration_credit__hold(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	credit_vcpu_of(v)->place = CREDIT_HELD;
	ration_wait_set(r, v, RATION_WAIT_CAP, now);
	cap_arm(r, credit_dom_of(v->dom), now);
}

static void cap_free(struct ration *r, struct ration_vcpu *v, ration_ns now,
                     struct ration_effects *fx)
{
	credit_vcpu_of(v)->place = CREDIT_NOWHERE;
	ration_wait_set(r, v, RATION_WAIT_QUEUE, now);
	ration_credit__enqueue(r, v, now);
	ration_credit__place(r, v, false, now, fx);
}

/* Hold who must not run any more, and free who may. */
static void cap_judge(struct ration *r, struct ration_dom *d, ration_ns now,
                      struct ration_effects *fx)
{
	credit_dom_of(d)->shut = credit_dom_of(d)->capped &&
	                         credit_dom_of(d)->budget_ns < cap_piece(d);
	for (struct ration_vcpu *v = d->first; v != NULL; v = v->next) {
		uint8_t place = credit_vcpu_of(v)->place;

		if (place == CREDIT_NOWHERE ||
		    ration_credit__cap_holds(v) == (place == CREDIT_HELD))
			continue;
		if (place == CREDIT_HELD) {
			cap_free(r, v, now, fx);
			continue;
		}
		ration_credit__dequeue(r, v);
		ration_credit__hold(r, v, now);
	}
}

/* The pool has lost `ns`.  That frees nobody, so that there are no effects. */
static void cap_take(struct ration *r, struct ration_dom *d, int64_t ns, ration_ns now)
{
	struct credit_dom *dom = credit_dom_of(d);

	dom->budget_ns -= ns;
	if (dom->budget_ns < -(int64_t)CREDIT_DEBT_MAX_NS)
		dom->budget_ns = -(int64_t)CREDIT_DEBT_MAX_NS;
	cap_arm(r, dom, now);
	if (!dom->shut && dom->budget_ns < cap_piece(d))
		cap_judge(r, d, now, NULL);
}

/* What v may draw from the pool: with some of its own, nothing. */
static int64_t cap_draw(const struct ration_vcpu *v)
{
	const struct credit_dom *dom = credit_dom_of(v->dom);
	int64_t part;

	if (dom->shut || credit_vcpu_of(v)->grant_ns >= cap_piece(v->dom))
		return 0;
	part = dom->budget_ns / (int64_t)(dom->active_count == 0 ? 1 : dom->active_count);
	if (part < (int64_t)CREDIT_GRANT_MIN_NS)
		part = (int64_t)CREDIT_GRANT_MIN_NS;
	/* No more than it can use before the next refill: siblings may wake. */
	if (part > (int64_t)CREDIT_PERIOD_NS)
		part = (int64_t)CREDIT_PERIOD_NS;
	return part < dom->budget_ns ? part : dom->budget_ns;
}

ration_ns ration_credit__cap_offer(const struct ration_vcpu *v)
{
	if (!credit_dom_of(v->dom)->capped)
		return RATION_NEVER;
	return (ration_ns)(credit_vcpu_of(v)->grant_ns + cap_draw(v));
}

void ration_credit__cap_grant(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	int64_t draw;

	if (!credit_dom_of(v->dom)->capped)
		return;
	draw = cap_draw(v);
	credit_vcpu_of(v)->grant_ns += draw;
	cap_take(r, v->dom, draw, now);
}

void ration_credit__cap_settle(struct ration *r, struct ration_vcpu *v, ration_ns now,
                               struct ration_effects *fx)
{
	struct credit_dom *dom = credit_dom_of(v->dom);
	int64_t *own = &credit_vcpu_of(v)->grant_ns, left = *own;

	if (!dom->capped || (left >= 0 && credit_vcpu_of(v)->active))
		return;
	*own = 0;
	dom->budget_ns += left;
	if (dom->shut != (dom->budget_ns < cap_piece(v->dom)))
		cap_judge(r, v->dom, now, fx);
}

void ration_credit__cap_spend(struct ration *r, struct ration_dom *d, ration_ns ns, ration_ns now)
{
	if (credit_dom_of(d)->capped)
		cap_take(r, d, (int64_t)(ns < CREDIT_DEBT_MAX_NS ? ns : CREDIT_DEBT_MAX_NS), now);
}

/* What v has not used of its own. */
static int64_t cap_own(const struct ration_vcpu *v, ration_ns now)
{
	return credit_vcpu_of(v)->grant_ns - (int64_t)ration_vcpu_uncharged(v, now);
}

int64_t ration_credit__cap_granted(const struct ration_dom *d, ration_ns now)
{
	int64_t granted = 0;

	for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next)
		granted += cap_own(v, now);
	return granted;
}

/* What v is owed in a period: nothing while it sleeps. */
static int64_t cap_part(const struct ration_vcpu *v)
{
	const struct credit_vcpu *self = credit_vcpu_of(v);
	uint64_t rate = CREDIT_PACE_ONE * CREDIT_PACE_ONE / self->pace;     /* <= 2^16 */

	if (!self->active)
		return 0;
	return (int64_t)(rate * CREDIT_PERIOD_NS >> CREDIT_PACE_SHIFT);
}

/* v is given its part, but does not hoard: it keeps its share of what carries over, and
 * the rest goes to the pool, or stays there.  A product below 2^53. */
static void cap_give(struct ration_vcpu *v, int64_t part, ration_ns now)
{
	int64_t more = cap_carry(v->dom) * part / cap_quota(v->dom), room;

	if (more < cap_piece(v->dom))
		more = cap_piece(v->dom);
	room = part + more - cap_own(v, now);
	if (part > room)
		part = room;
	credit_vcpu_of(v)->grant_ns += part;
	credit_dom_of(v->dom)->budget_ns -= part;
}

/* Of one period's quota, and no more than the pool has. */
static void cap_share(struct ration_dom *d, ration_ns now)
{
	int64_t quota = cap_quota(d), claims = 0;

	if (quota > credit_dom_of(d)->budget_ns)
		quota = credit_dom_of(d)->budget_ns;
	if (quota < 0)
		quota = 0;
	for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next)
		claims += cap_part(v);
	/* All of it, where no more than rounding is left over. */
	if (claims < quota - quota / 256)
		quota = claims;
	/* A part is at most 10^7, a quota below 2^30. */
	for (struct ration_vcpu *v = d->first; v != NULL && claims != 0; v = v->next)
		cap_give(v, cap_part(v) * quota / claims, now);
}

void ration_credit__cap_refill(struct ration *r, struct ration_dom *d, ration_ns now,
                               struct ration_effects *fx)
{
	struct credit_dom *dom = credit_dom_of(d);
	ration_ns next = dom->refill.key + CREDIT_PERIOD_NS;
	int64_t room;

	ration_credit__refill_disarm(r, dom);
	dom->budget_ns += cap_quota(d);
	cap_share(d, now);
	room = ration_credit__cap_most(d) - ration_credit__cap_granted(d, now);
	if (dom->budget_ns > room)
		dom->budget_ns = room > 0 ? room : 0;
	/* A full budget that nobody uses needs no timer until the next run. */
	if (dom->active_count != 0 || dom->budget_ns < room)
		ration_credit__refill_arm(r, dom, next);
	cap_judge(r, d, now, fx);
}

void ration_credit__cap_set(struct ration *r, struct ration_dom *d, ration_ns now,
                            struct ration_effects *fx)
{
	struct credit_dom *dom = credit_dom_of(d);
	bool shadow = d->attr.cap_ppm != 0 && d->attr.shadow;
	int64_t left_ns = cap_quota(d), most_ns = ration_credit__cap_most(d);
	ration_ns refill_ns = dom->refill.key;

	ration_credit__shadow_pass(d, now);
	if (dom->capped) {
		left_ns = dom->budget_ns + ration_credit__cap_granted(d, now);
	} else if (dom->shadow.quota_ns != 0) {
		left_ns = dom->shadow.budget_ns;
		refill_ns = dom->shadow.refill_ns;
	}
	if (left_ns > most_ns)
		left_ns = most_ns;
	dom->capped = credit_cap_ppm(d) != 0;
	ration_credit__shadow_set(d, shadow ? cap_quota(d) : 0, left_ns, refill_ns, now);
	dom->budget_ns = dom->capped ? left_ns : 0;
	if (!dom->capped)
		ration_credit__refill_disarm(r, dom);
	else if (dom->refill.key == 0 && refill_ns != 0)
		ration_credit__refill_arm(r, dom, refill_ns);
	/* All is in the pool.  Those that run decide anew; what they ran so far is paid. */
	for (struct ration_vcpu *v = d->first; v != NULL; v = v->next) {
		credit_vcpu_of(v)->grant_ns =
			dom->capped ? (int64_t)ration_vcpu_uncharged(v, now) : 0;
		if (ration_vcpu_is_current(v))
			ration_kick(r, v->cpu, NULL, now, fx);
	}
	cap_judge(r, d, now, fx);
}
