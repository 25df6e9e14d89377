/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shadow caps: the books of a cap that holds nobody.
 *
 * The same budget is refilled on the same grid; whoever runs empties it, and what
 * runs on beyond it costs nothing, since it would not have run.  No timer is armed
 * and no decision made: the books are brought up to date before anything changes
 * that they depend on, over any number of periods at once, so that a domain under
 * a shadow cap is scheduled as if it had none.
 */
#include "credit.h"

/* What happens meanwhile. */
struct shadow_load {
	int64_t running;         /* so many vCPUs run: at most 65,536 */
	bool wants;              /* some run or would */
};

static void shadow_hold(struct credit_shadow *s, ration_ns ns, struct ration_shadow *sum)
{
	sum->held_ns += ns;
	if (!s->held)
		sum->held_count++;
	s->held = true;
}

/* `ns` pass without a refill. */
static void shadow_spend(struct credit_shadow *s, struct shadow_load load, ration_ns ns,
                         struct ration_shadow *sum)
{
	if (s->budget_ns > 0) {
		ration_ns lasts = load.running == 0 ? RATION_NEVER :
		                  (ration_ns)(s->budget_ns / load.running);

		if (ns <= lasts) {
			s->budget_ns -= load.running * (int64_t)ns;     /* no more than it is */
			return;
		}
		s->budget_ns = 0;
		ns -= lasts;
	}
	if (load.wants && ns != 0)
		shadow_hold(s, ns, sum);
}

static void shadow_refill(struct credit_shadow *s)
{
	s->budget_ns += s->quota_ns;
	if (s->budget_ns > s->most_ns)
		s->budget_ns = s->most_ns;
	if (s->budget_ns > 0)
		s->held = false;
}

/* The first of so many periods that are alike, of `periods`, each spent as `load`
 * has it and then refilled; returns how many.  Of products, the larger factor is
 * bounded by the quotient that the budget allows. */
static uint64_t shadow_alike(struct credit_shadow *s, struct shadow_load load, uint64_t periods,
                             struct ration_shadow *sum)
{
	int64_t spent = load.running * (int64_t)CREDIT_PERIOD_NS;     /* below 2^40 */
	int64_t gain = s->quota_ns - spent;
	uint64_t alike;

	if (s->budget_ns <= 0) {                  /* a debt is paid off */
		alike = (uint64_t)(-s->budget_ns / s->quota_ns) + 1;
		if (alike > periods)
			alike = periods;
		if (load.wants)
			shadow_hold(s, alike * CREDIT_PERIOD_NS, sum);
		s->budget_ns += (int64_t)(alike - 1) * s->quota_ns;
	} else if (s->budget_ns < spent) {        /* it does not last, nor will the next */
		alike = s->budget_ns == s->quota_ns ? periods : 1;
		sum->held_ns += alike * (CREDIT_PERIOD_NS - (ration_ns)(s->budget_ns / load.running));
		sum->held_count += alike;
		s->budget_ns = 0;
	} else if (gain < 0) {                    /* it lasts as long as there is more than that */
		alike = (uint64_t)((s->budget_ns - spent) / -gain) + 1;
		if (alike > periods)
			alike = periods;
		s->budget_ns += (int64_t)(alike - 1) * gain - spent;
	} else {                                  /* it fills */
		if (gain != 0 && (uint64_t)((s->most_ns - s->budget_ns) / gain) < periods)
			s->budget_ns = s->most_ns;
		else
			s->budget_ns += (int64_t)periods * gain;
		return periods;
	}
	shadow_refill(s);
	return alike;
}

/* Up to `to`. */
static void shadow_pass(struct credit_shadow *s, struct shadow_load load, ration_ns to,
                        struct ration_shadow *sum)
{
	uint64_t periods;

	if (s->refill_ns != 0 && s->refill_ns <= to) {
		shadow_spend(s, load, s->refill_ns - s->at_ns, sum);
		shadow_refill(s);
		periods = (to - s->refill_ns) / CREDIT_PERIOD_NS;
		s->at_ns = s->refill_ns + periods * CREDIT_PERIOD_NS;
		s->refill_ns = s->at_ns + CREDIT_PERIOD_NS;
		/* A debt, a rest, a budget like the last, or one that fills: at most four turns. */
		while (periods != 0)
			periods -= shadow_alike(s, load, periods, sum);
		if (load.running == 0 && s->budget_ns == s->most_ns)
			s->refill_ns = 0;         /* until somebody runs */
	}
	shadow_spend(s, load, to - s->at_ns, sum);
	s->at_ns = to;
}

static struct shadow_load shadow_load(const struct credit_dom *dom)
{
	struct shadow_load load = { dom->running_count, dom->active_count != 0 };

	return load;
}

void ration_credit__shadow_sum(const struct ration_dom *d, ration_ns now,
                               struct ration_shadow *sum)
{
	struct credit_shadow copy = credit_dom_of(d)->shadow;

	if (copy.quota_ns != 0)
		shadow_pass(&copy, shadow_load(credit_dom_of(d)), now, sum);
}

void ration_credit__shadow_pass(struct ration_dom *d, ration_ns now)
{
	struct credit_dom *dom = credit_dom_of(d);
	struct ration_shadow sum = { 0, 0 };

	if (dom->shadow.quota_ns == 0)
		return;
	shadow_pass(&dom->shadow, shadow_load(dom), now, &sum);
	ration_shadow_add(d, sum);
}

void ration_credit__shadow_run(struct ration_dom *d, bool runs, ration_ns now)
{
	struct credit_dom *dom = credit_dom_of(d);

	ration_credit__shadow_pass(d, now);
	dom->running_count += runs ? 1u : (uint32_t)-1;
	if (dom->shadow.quota_ns != 0 && dom->shadow.refill_ns == 0)
		dom->shadow.refill_ns = now + CREDIT_PERIOD_NS;
}

void ration_credit__shadow_spend(struct ration_dom *d, ration_ns ns, ration_ns now)
{
	struct credit_shadow *s = &credit_dom_of(d)->shadow;
	int64_t least = -(int64_t)CREDIT_DEBT_MAX_NS;

	if (s->quota_ns == 0)
		return;
	ration_credit__shadow_pass(d, now);
	s->budget_ns -= (int64_t)(ns < CREDIT_DEBT_MAX_NS ? ns : CREDIT_DEBT_MAX_NS);
	if (s->budget_ns < least)
		s->budget_ns = least;
	if (s->refill_ns == 0)
		s->refill_ns = now + CREDIT_PERIOD_NS;
}

void ration_credit__shadow_set(struct ration_dom *d, int64_t quota_ns, int64_t budget_ns,
                               ration_ns refill_ns, ration_ns now)
{
	struct credit_dom *dom = credit_dom_of(d);
	struct credit_shadow *s = &dom->shadow;

	s->quota_ns = quota_ns;
	s->most_ns = ration_credit__cap_most(d);
	s->budget_ns = budget_ns < s->most_ns ? budget_ns : s->most_ns;
	s->at_ns = now;
	/* A refill that is late, since its timer is, is left out; the grid stays. */
	if (refill_ns != 0 && refill_ns <= now)
		refill_ns += (1 + (now - refill_ns) / CREDIT_PERIOD_NS) * CREDIT_PERIOD_NS;
	s->refill_ns = refill_ns;
	if (refill_ns == 0 && (dom->running_count != 0 || budget_ns <= 0))
		s->refill_ns = now + CREDIT_PERIOD_NS;
}
