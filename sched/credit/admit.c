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

/* d holds so much: among the holders, most first, if it is one of the largest. */
static void admit_hold(struct ration_refusal *why, uint64_t *held_ppm, const struct ration_dom *d)
{
	uint64_t ppm = admit_wants_ppm(d);
	uint32_t i = why->holder_count;

	if (i == RATION_HOLDERS_MAX && ppm <= held_ppm[--i])
		return;
	for (; i > 0 && held_ppm[i - 1] < ppm; i--) {
		held_ppm[i] = held_ppm[i - 1];
		why->holder[i] = why->holder[i - 1];
	}
	held_ppm[i] = ppm;
	why->holder[i] = d->id;
	if (why->holder_count < RATION_HOLDERS_MAX)
		why->holder_count++;
}

/* Do the floors confined to `cpus` fit there?  If not, and no set of CPUs lacks
 * more, that is why.  A domain without any CPU on line asks for nothing while
 * it waits for one. */
static void admit_try(const struct ration *r, ration_cpuset cpus, struct ration_refusal *why)
{
	uint64_t have_ppm = (uint64_t)ration_cpuset_count(cpus) * RATION_PPM, wanted_ppm = 0;
	uint64_t held_ppm[RATION_HOLDERS_MAX];
	struct ration_refusal lack = { .reason = RATION_REFUSED_FLOOR, .cpus = cpus };

	for (uint32_t i = 0; i < ration_limits_get(r)->dom_count; i++) {
		const struct ration_dom *d = ration_dom_slot(r, i);
		ration_cpuset own;

		if (d == NULL || d->attr.floor_ppm == 0)
			continue;
		own = admit_cpus(r, d);
		if (own == 0 || !ration_cpuset_within(own, cpus))
			continue;
		wanted_ppm += admit_wants_ppm(d);
		admit_hold(&lack, held_ppm, d);
	}
	if (wanted_ppm <= have_ppm + why->missing_ppm)
		return;
	lack.missing_ppm = wanted_ppm - have_ppm;
	*why = lack;
}

int ration_credit__admit(const struct ration *r, bool active, void *scratch,
                         struct ration_refusal *why)
{
	(void)active, (void)scratch;
	admit_try(r, ration_cpu_online(r), why);
	for (uint32_t i = 0; i < ration_limits_get(r)->dom_count; i++) {
		const struct ration_dom *d = ration_dom_slot(r, i);

		if (d != NULL && d->attr.floor_ppm != 0)
			admit_try(r, admit_cpus(r, d), why);
	}
	return why->missing_ppm == 0 ? RATION_OK : RATION_E_CAPACITY;
}
