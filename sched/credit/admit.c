/* SPDX-License-Identifier: BSD-2-Clause */
/* Can all floors be kept?  By flow: a floor counts as far as its domain's vCPUs
 * that have a CPU on line can take it, wherever pins let them run. */
#include "credit.h"

/* The floors, and whose they are; is there any? */
static bool admit_fill(const struct ration *r, struct ration_entitle *e)
{
	bool any = false;

	ration_entitle_begin(e, ration_cpu_online(r));
	for (uint32_t i = 0; i < ration_limits_get(r)->dom_count; i++) {
		const struct ration_dom *d = ration_dom_slot(r, i);

		if (d == NULL || d->attr.floor_ppm == 0)
			continue;
		any = true;
		ration_entitle_dom(e, i, d->attr.weight, (uint64_t)credit_cap_ppm(d) * CREDIT_PPB,
		                   (uint64_t)d->attr.floor_ppm * CREDIT_PPB);
		for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next)
			ration_entitle_vcpu(e, v->affinity.hard, RATION_PPB);
	}
	return any;
}

/* d holds so much: among the holders, most first, if it is one of the largest. */
static void admit_hold(struct ration_refusal *why, uint64_t *held_ppb, uint32_t id, uint64_t ppb)
{
	uint32_t i = why->holder_count;

	if (i == RATION_HOLDERS_MAX && ppb <= held_ppb[--i])
		return;
	for (; i > 0 && held_ppb[i - 1] < ppb; i--) {
		held_ppb[i] = held_ppb[i - 1];
		why->holder[i] = why->holder[i - 1];
	}
	held_ppb[i] = ppb;
	why->holder[i] = id;
	if (why->holder_count < RATION_HOLDERS_MAX)
		why->holder_count++;
}

int ration_credit__admit(const struct ration *r, bool active, void *scratch,
                         struct ration_refusal *why)
{
	struct ration_entitle *e;
	struct ration_entitle_lack lack;
	uint64_t held_ppb[RATION_HOLDERS_MAX];

	(void)active;
	e = ration_entitle_init(scratch, ration_limits_get(r));
	if (!admit_fill(r, e) || ration_entitle_floors_fit(e, &lack))
		return RATION_OK;
	*why = (struct ration_refusal){
		.reason = RATION_REFUSED_FLOOR, .cpus = lack.cpus,
		.missing_ppm = (lack.missing_ppb + CREDIT_PPB - 1) / CREDIT_PPB
	};
	for (uint32_t i = 0; i < ration_limits_get(r)->dom_count; i++) {
		uint64_t ppb = ration_entitle_held_ppb(e, i);

		if (ppb != 0)
			admit_hold(why, held_ppb, ration_dom_slot(r, i)->id, ppb);
	}
	return RATION_E_CAPACITY;
}
