/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floors.  A domain's floor fills a bucket at its rate, to one period's worth;
 * running empties it.  While there is something in it, the domain's ready vCPUs
 * are urgent: they run before all that are not, subject to the rate limit.
 */
#include "credit.h"

/* One period's worth of the floor in force.  floor_ppm <= 64,000,000: a product below 2^30. */
static int64_t floor_most(const struct ration_dom *d)
{
	return (int64_t)credit_dom_of(d)->floor_ppm * (int64_t)(CREDIT_PERIOD_NS / RATION_PPM);
}

int64_t ration_credit__floor_left(struct ration_dom *d, ration_ns now)
{
	struct credit_dom *dom = credit_dom_of(d);
	ration_ns spent = now - dom->floor_at_ns;
	uint64_t gain;

	if (dom->floor_ppm == 0)
		return 0;
	/* The bucket is full after one period, so that more than 2^34 ns do not
	 * matter: times 2^26 ppm, plus the rest below 2^20, they fit. */
	if (spent > (ration_ns)1 << 34)
		spent = (ration_ns)1 << 34;
	gain = spent * dom->floor_ppm + dom->floor_rest;
	dom->floor_ns += (int64_t)(gain / RATION_PPM);
	dom->floor_rest = (uint32_t)(gain % RATION_PPM);
	dom->floor_at_ns = now;
	if (dom->floor_ns > floor_most(d))
		dom->floor_ns = floor_most(d);
	return dom->floor_ns;
}

void ration_credit__floor_set(struct ration_dom *d, ration_ns now)
{
	struct credit_dom *dom = credit_dom_of(d);
	uint32_t before_ppm = dom->floor_ppm;

	(void)ration_credit__floor_left(d, now);        /* so far at the old rate */
	dom->floor_ppm = d->attr.floor_ppm;
	dom->floor_at_ns = now;
	/* A new floor begins full: its domain need not wait for it first. */
	if (before_ppm == 0 || dom->floor_ns > floor_most(d))
		dom->floor_ns = floor_most(d);
}

void ration_credit__floor_spend(struct ration_dom *d, ration_ns ns, bool urgent, ration_ns now)
{
	struct credit_dom *dom = credit_dom_of(d);
	int64_t least = urgent ? -(int64_t)CREDIT_PERIOD_NS * RATION_CPU_MAX : 0;

	if (dom->floor_ppm == 0)
		return;
	(void)ration_credit__floor_left(d, now);
	if (least > dom->floor_ns)
		least = dom->floor_ns;
	dom->floor_ns -= (int64_t)(ns < CREDIT_RUN_MAX_NS ? ns : CREDIT_RUN_MAX_NS);
	/* Siblings that run at once overdraw it together, and pay; what a domain
	 * gets in its turn, beyond its floor, is no debt of the floor's. */
	if (dom->floor_ns < least)
		dom->floor_ns = least;
}

/* What makes a run worth a switch: small floors are given in two pieces a period. */
static int64_t floor_piece(const struct ration_dom *d)
{
	int64_t half = (floor_most(d) + 1) / 2;

	return half < (int64_t)CREDIT_RUSH_NS ? half : (int64_t)CREDIT_RUSH_NS;
}

bool ration_credit__floor_is_due(struct ration_dom *d, ration_ns now)
{
	return credit_dom_of(d)->floor_ppm != 0 && ration_credit__floor_left(d, now) >= floor_piece(d);
}

void ration_credit__floor_arm(struct ration *r, struct ration_dom *d, ration_ns now)
{
	struct credit_dom *dom = credit_dom_of(d);
	int64_t lacks;

	if (dom->floor_ppm == 0 || dom->rush.key != 0)
		return;
	lacks = floor_piece(d) - ration_credit__floor_left(d, now);
	if (lacks < 1)
		lacks = 1;
	/* lacks <= 10^6 and 10^6: below 2^40; rounded up */
	ration_credit__rush_arm(r, dom,
	                        now + ((uint64_t)lacks * RATION_PPM + dom->floor_ppm - 1) /
	                               dom->floor_ppm);
}

void ration_credit__floor_rush(struct ration *r, struct ration_dom *d, ration_ns now,
                               struct ration_effects *fx)
{
	ration_credit__rush_disarm(r, credit_dom_of(d));
	for (struct ration_vcpu *v = d->first; v != NULL; v = v->next) {
		if (credit_vcpu_of(v)->place != CREDIT_QUEUED)
			continue;
		ration_credit__dequeue(r, v);
		ration_credit__enqueue(r, v, now);
		ration_credit__place(r, v, false, now, fx);
	}
}
