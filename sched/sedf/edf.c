/* SPDX-License-Identifier: BSD-2-Clause */
/* One constant bandwidth server: its share, its periods, its budget. */
#include "sedf.h"

/*
 * By 17 bits of b at a time: each product is below 2^34 * 2^17 = 2^51, each
 * remainder below 2^34, and shifted by 17 below 2^51.
 */
uint64_t ration_sedf__scale(uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t mask = ((uint64_t)1 << 17) - 1;
	uint64_t high = a * (b >> 17), low;

	low = ((high % c) << 17) + a * (b & mask);
	return ((high / c) << 17) + low / c;
}

/*
 * 60 bits, 30 at a time: slice and remainder are below 2^34, so that neither
 * shift wraps (10 s is below 2^33.3 ns).
 */
uint64_t ration_sedf__share(ration_ns slice_ns, ration_ns period_ns)
{
	uint64_t high = slice_ns << 30;
	uint64_t low = (high % period_ns) << 30;

	return (high / period_ns << 30) + low / period_ns;
}

/* The length of the present period: where it is not full, latency << scale is below it. */
static ration_ns edf_period(const struct sedf_dom *dom, uint8_t scale)
{
	return scale == SEDF_SCALE_FULL ? dom->period_ns : dom->latency_ns << scale;
}

static ration_ns edf_slice(const struct sedf_dom *dom, ration_ns period_ns)
{
	return period_ns == dom->period_ns ?
	       dom->slice_ns : ration_sedf__scale(dom->slice_ns, period_ns, dom->period_ns);
}

/* The shortest period to begin with: latency, or what gives it a slice worth a switch. */
static uint8_t edf_scale_first(const struct sedf_dom *dom)
{
	uint8_t scale = 0;

	if (dom->latency_ns == 0)
		return SEDF_SCALE_FULL;
	while (scale < 34 && dom->latency_ns << scale < dom->period_ns) {
		if (edf_slice(dom, dom->latency_ns << scale) >= SEDF_SLICE_MIN_NS)
			return scale;
		scale++;
	}
	return SEDF_SCALE_FULL;
}

static uint8_t edf_scale_next(const struct sedf_dom *dom, uint8_t scale)
{
	if (scale == SEDF_SCALE_FULL || dom->latency_ns << scale << 1 >= dom->period_ns)
		return SEDF_SCALE_FULL;
	return (uint8_t)(scale + 1);
}

/* What that is of a CPU.  One that is pulled away from home comes back once in a
 * period.  Of periods that are shorter than the overhead none fits. */
static void edf_price(const struct ration *r, struct sedf_dom *ask)
{
	ration_ns overhead_ns = ration_margins_get(r)->overhead_ns << ask->extratime;

	ask->first_ns = edf_period(ask, edf_scale_first(ask));
	ask->share = 0;
	if (ask->slice_ns == 0)
		return;
	ask->share = ration_sedf__share(ask->slice_ns, ask->period_ns);
	ask->share += overhead_ns < ask->first_ns ?
	              ration_sedf__share(overhead_ns, ask->first_ns) : SEDF_ONE;
}

void ration_sedf__ask(const struct ration *r, const struct ration_attr *attr, struct sedf_dom *ask)
{
	ask->period_ns = attr->period_ns;
	ask->slice_ns = attr->slice_ns;
	ask->latency_ns = attr->latency_ns;
	ask->extratime = attr->extratime;
	edf_price(r, ask);
}

void ration_sedf__reserve(const struct ration *r, struct sedf_dom *ask)
{
	ask->period_ns = SEDF_RESERVE_NS;
	ask->slice_ns = ration_margins_get(r)->reserve_ppm * (SEDF_RESERVE_NS / RATION_PPM);
	ask->latency_ns = 0;
	ask->extratime = false;
	edf_price(r, ask);
}

/* A budget for a period: less what is owed, by the vCPU and by its domain. */
static void edf_fill(struct sedf_dom *dom, struct sedf_vcpu *self, ration_ns period_ns)
{
	int64_t debt = self->budget_ns < 0 ? self->budget_ns : 0;
	ration_ns pay;

	self->flags &= (uint16_t)~SEDF_PULLED;
	self->budget_ns = (int64_t)edf_slice(dom, period_ns) + debt;
	if (self->budget_ns <= 0)
		return;
	pay = dom->debt_ns < (ration_ns)self->budget_ns ? dom->debt_ns :
	                                                  (ration_ns)self->budget_ns;
	dom->debt_ns -= pay;
	self->budget_ns -= (int64_t)pay;
}

void ration_sedf__renew(struct sedf_dom *dom, struct sedf_vcpu *self, ration_ns now)
{
	ration_ns period_ns;

	self->scale = edf_scale_first(dom);
	period_ns = edf_period(dom, self->scale);
	self->due.key = now + period_ns;
	edf_fill(dom, self, period_ns);
}

void ration_sedf__refill(struct sedf_dom *dom, struct sedf_vcpu *self, ration_ns now)
{
	ration_ns period_ns, late_ns = now - self->due.key;

	self->scale = edf_scale_next(dom, self->scale);
	period_ns = edf_period(dom, self->scale);
	/* From the old deadline, not from now: no period is ever late. */
	self->due.key += period_ns + late_ns / period_ns * period_ns;
	edf_fill(dom, self, period_ns);
}

ration_ns ration_sedf__fluid(const struct sedf_dom *dom, const struct sedf_vcpu *self,
                             ration_ns now)
{
	ration_ns left;

	if (now >= self->due.key)
		return 0;
	left = self->due.key - now;
	if (left > SEDF_PERIOD_MAX_NS)
		left = SEDF_PERIOD_MAX_NS;
	return ration_sedf__scale(left, dom->slice_ns, dom->period_ns);
}

/*
 * A budget that could be used up before the deadline only by taking more than
 * the share would delay others; a later deadline does not (Abeni & Buttazzo).
 * An integer is above floor(x) exactly if it is above x.
 */
void ration_sedf__wake(struct sedf_dom *dom, struct sedf_vcpu *self, ration_ns now)
{
	if (now >= self->due.key ||
	    (self->budget_ns > 0 &&
	     (ration_ns)self->budget_ns > ration_sedf__fluid(dom, self, now)))
		ration_sedf__renew(dom, self, now);
}

/*
 * Then a new period begins, as after a sleep: so it is held until it would be
 * owed as much as it got, slice * (elapsed / period), had it slept from here on.
 */
void ration_sedf__yield(const struct sedf_dom *dom, struct sedf_vcpu *self, ration_ns now)
{
	ration_ns even_ns = self->due.key - ration_sedf__scale((ration_ns)self->budget_ns,
	                                                       dom->period_ns, dom->slice_ns);

	self->due.key = now + SEDF_QUANTUM_NS;
	if (self->due.key < even_ns)
		self->due.key = even_ns;
	self->budget_ns = 0;
}

int64_t ration_sedf__lag(const struct sedf_dom *dom, const struct sedf_vcpu *self, ration_ns now)
{
	if (now >= self->due.key)
		return 0;
	return self->budget_ns - (int64_t)ration_sedf__fluid(dom, self, now);
}
