/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a vCPU wants: the part of a CPU that it would use if it never waited.  That
 * is the time that it ran against the time that it ran or slept, without the time
 * that it waited; both fade by an eighth from look to look, so that the last
 * tenth of a second counts.
 */
#include "credit.h"

#define DEMAND_ONE   65535u
#define DEMAND_SHIFT 14             /* 16,384 ns */
#define DEMAND_MAX   8192u          /* of one look, 134 ms: a sum stays within 2^16 */

/* Runs between two sleeps may be longer than from look to look: one without sleep says
 * nothing yet, so many do. */
#define DEMAND_RESTLESS 2u

/* So near to nothing, or to all, it counts as there. */
#define DEMAND_SAME  512u

/* `sum`, faded, and what came since the counter stood at *was. */
static uint16_t demand_sum(uint16_t sum, uint32_t *was, ration_ns now_ns, uint32_t fade)
{
	uint32_t is = (uint32_t)(now_ns >> DEMAND_SHIFT), more = is - *was;

	*was = is;
	if (more > DEMAND_MAX)
		more = DEMAND_MAX;
	/* At most 8192 * 8, since more than that fades by more than comes. */
	more += sum - (sum + fade - 1) / fade;
	return (uint16_t)(more < UINT16_MAX ? more : UINT16_MAX);
}

uint32_t ration_credit__demand_look(const struct ration *r, struct ration_vcpu *v, ration_ns now,
                                    bool *settled)
{
	struct credit_vcpu *self = credit_vcpu_of(v);
	struct ration_ledger ledger;
	ration_ns slept_ns;
	uint32_t all, demand;
	bool slept, ran;

	ration_vcpu_ledger_get(r, v, now, &ledger);
	slept_ns = ledger.blocked_ns + ledger.down_ns;
	slept = (uint32_t)(slept_ns >> DEMAND_SHIFT) != self->slept || !self->active;
	ran = (uint32_t)(ledger.running_ns >> DEMAND_SHIFT) != self->ran || self->active;
	self->run_sum = demand_sum(self->run_sum, &self->ran, ledger.running_ns, 8);
	/* Who did not sleep for long may want all there is: what was, fades fast. */
	if (slept)
		self->restless = 0;
	else if (self->restless < DEMAND_RESTLESS)
		self->restless++;
	self->sleep_sum = demand_sum(self->sleep_sum, &self->slept, slept_ns,
	                             self->restless < DEMAND_RESTLESS ? 8 : 2);
	all = (uint32_t)self->run_sum + self->sleep_sum;
	demand = all == 0 ? DEMAND_ONE : self->run_sum * DEMAND_ONE / all;
	*settled = (slept || demand > DEMAND_ONE - DEMAND_SAME) && (ran || demand < DEMAND_SAME);
	return demand;
}

uint64_t ration_credit__demand_ppb(const struct ration_vcpu *v)
{
	return (uint64_t)credit_vcpu_of(v)->demand * RATION_PPB / DEMAND_ONE;
}
