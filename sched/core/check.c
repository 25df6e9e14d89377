/* SPDX-License-Identifier: BSD-2-Clause */
/* ration_check(): the invariants of core.h, in their order. */
#include "core.h"

static const char *check_vcpu_place(const struct ration *r, const struct ration_vcpu *v)
{
	bool current = (v->flags & RATION_VCPU_CURRENT) != 0;
	bool unsaved = (v->flags & RATION_VCPU_UNSAVED) != 0;
	bool ready = (v->flags & RATION_VCPU_READY) != 0;

	if (current + unsaved + ready > 1)
		return "core: a vCPU is in two places";
	if (current && r->cpu[v->cpu].current != v)
		return "core: a running vCPU is not its CPU's current one";
	if (unsaved && r->cpu[v->cpu].unsaved != v)
		return "core: an unsaved vCPU is not its CPU's unsaved one";
	if (ready && !core_is_eligible(v))
		return "core: a vCPU is ready and cannot run";
	if (ready && (v->affinity.hard & r->online) == 0)
		return "core: a vCPU is ready and has no CPU on line";
	if (current && !core_is_allowed(r, v, v->cpu) && !ration_cpuset_has(r->kicked, v->cpu))
		return "core: a vCPU runs where it may not";
	if (!ready && !current && !unsaved && core_is_eligible(v) &&
	    (v->affinity.hard & r->online) != 0)
		return "core: a vCPU can run and is nowhere";
	return NULL;
}

static const char *check_vcpu_books(const struct ration *r, const struct ration_vcpu *v)
{
	unsigned kicks = 0;

	if (v->since_ns > r->now_ns)
		return "core: a vCPU is booked into the future";
	if (ration_core__ledger_total(&v->ledger) != v->since_ns - v->admitted_ns)
		return "core: a vCPU's ledger is not conserved";
	if (r->class_of[v->class_idx].hard != v->affinity.hard)
		return "core: a vCPU's class has another mask";
	for (ration_cpu c = 0; c < r->limits.cpu_count; c++)
		kicks += r->cpu[c].kicked_for == v;
	if (kicks != (v->book == RATION_WAIT_KICK ? 1u : 0u))
		return "core: a vCPU waits for a kick that is not under way";
	return NULL;
}

static const char *check_cpu(const struct ration *r, ration_cpu c)
{
	const struct ration_cpu_state *cpu = &r->cpu[c];
	const struct ration_cpu_ledger *l = &cpu->ledger;
	bool online = ration_cpuset_has(r->online, c);

	if (ration_cpuset_has(r->idle, c) != (online && cpu->current == NULL))
		return "core: the set of idle CPUs is wrong";
	if (cpu->current != NULL && ((cpu->current->flags & RATION_VCPU_CURRENT) == 0 ||
	                             cpu->current->cpu != c))
		return "core: a CPU's current vCPU does not know it";
	if (cpu->unsaved != NULL && (!cpu->switching ||
	                             (cpu->unsaved->flags & RATION_VCPU_UNSAVED) == 0))
		return "core: a CPU saves a vCPU that does not know it";
	if (l->busy_ns + l->idle_ns + l->overhead_ns + l->offline_ns !=
	    cpu->booked_ns - r->begin_ns)
		return "core: a CPU's ledger is not conserved";
	for (uint32_t k = 0; k < RATION_CLASS_MAX; k++) {
		bool in = r->class_of[k].vcpu_count != 0 &&
		          ration_cpuset_has(r->class_of[k].hard, c);

		if (ration_classes_has(&cpu->classes, k) != in)
			return "core: a CPU's class set is wrong";
	}
	return NULL;
}

static const char *check_domains(const struct ration *r, uint32_t *vcpu_count)
{
	*vcpu_count = 0;
	for (uint32_t i = 0; i < r->limits.dom_count; i++) {
		const struct ration_dom *d = core_dom_at(r, i);
		uint32_t count = 0;

		if (!d->used)
			continue;
		for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next) {
			if (v->dom != d || (v->flags & RATION_VCPU_USED) == 0)
				return "core: a domain lists a vCPU that is not its own";
			if (++count > d->vcpu_count)
				break;
		}
		if (count != d->vcpu_count)
			return "core: a domain's vCPUs are miscounted";
		*vcpu_count += count;
	}
	return NULL;
}

static const char *check_vcpus(const struct ration *r, uint32_t listed)
{
	uint32_t class_count[RATION_CLASS_MAX] = { 0 }, used = 0;

	for (uint32_t i = 0; i < r->limits.vcpu_count; i++) {
		const struct ration_vcpu *v = core_vcpu_at(r, i);
		const char *broken;

		if ((v->flags & RATION_VCPU_USED) == 0)
			continue;
		used++;
		class_count[v->class_idx]++;
		broken = check_vcpu_place(r, v);
		if (broken == NULL)
			broken = check_vcpu_books(r, v);
		if (broken != NULL)
			return broken;
	}
	if (used != listed)
		return "core: a vCPU is in no domain";
	for (uint32_t k = 0; k < RATION_CLASS_MAX; k++)
		if (r->class_of[k].vcpu_count != class_count[k])
			return "core: a class's vCPUs are miscounted";
	return NULL;
}

const char *ration_check(const struct ration *r)
{
	uint32_t listed;
	const char *broken = check_domains(r, &listed);

	if (broken == NULL)
		broken = check_vcpus(r, listed);
	for (ration_cpu c = 0; broken == NULL && c < r->limits.cpu_count; c++)
		broken = check_cpu(r, c);
	return broken != NULL ? broken : r->policy->check(r);
}
