/* SPDX-License-Identifier: BSD-2-Clause */
/* Can all floors be kept?  A set of CPUs must have room for the floors of the
 * domains that are confined to it; it is tried for all CPUs, and for the CPUs
 * of each domain with a floor.  (Necessary, not sufficient where pins overlap
 * without one holding the other.) */
#include "credit.h"

/* Where the vCPUs of d may run, together; those that are off line left out. */
static ration_cpuset admit_cpus(const struct ration *r, const struct ration_dom *d)
{
	ration_cpuset cpus = 0;

	for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next)
		cpus |= v->affinity.hard;
	return cpus & ration_cpu_online(r);
}

/* What d's floor asks for as long as it has no more vCPUs than now: each can
 * use one CPU.  Counts fit: 65,536 * 10^6 < 2^37. */
static uint64_t admit_wants_ppm(const struct ration_dom *d)
{
	uint64_t usable_ppm = (uint64_t)d->vcpu_count * RATION_PPM;

	return d->attr.floor_ppm < usable_ppm ? d->attr.floor_ppm : usable_ppm;
}

static void admit_hold(struct ration_refusal *why, const struct ration_dom *d)
{
	if (why->holder_count < RATION_HOLDERS_MAX)
		why->holder[why->holder_count++] = d->id;
}

/* Do the floors confined to `cpus` fit there?  A domain without any CPU on
 * line asks for nothing while it waits for one. */
static bool admit_fits(const struct ration *r, ration_cpuset cpus, struct ration_refusal *why)
{
	uint64_t have_ppm = (uint64_t)ration_cpuset_count(cpus) * RATION_PPM, wanted_ppm = 0;

	why->holder_count = 0;
	for (uint32_t i = 0; i < ration_limits_get(r)->dom_count; i++) {
		const struct ration_dom *d = ration_dom_slot(r, i);
		ration_cpuset own;

		if (d == NULL || d->attr.floor_ppm == 0)
			continue;
		own = admit_cpus(r, d);
		if (own == 0 || !ration_cpuset_within(own, cpus))
			continue;
		wanted_ppm += admit_wants_ppm(d);
		admit_hold(why, d);
	}
	if (wanted_ppm <= have_ppm)
		return true;
	why->reason = RATION_REFUSED_FLOOR;
	why->cpus = cpus;
	why->missing_ppm = wanted_ppm - have_ppm;
	return false;
}

int ration_credit__admit(const struct ration *r, bool active, void *scratch,
                         struct ration_refusal *why)
{
	(void)active, (void)scratch;
	if (!admit_fits(r, ration_cpu_online(r), why))
		return RATION_E_CAPACITY;
	for (uint32_t i = 0; i < ration_limits_get(r)->dom_count; i++) {
		const struct ration_dom *d = ration_dom_slot(r, i);

		if (d != NULL && d->attr.floor_ppm != 0 &&
		    !admit_fits(r, admit_cpus(r, d), why))
			return RATION_E_CAPACITY;
	}
	return RATION_OK;
}
