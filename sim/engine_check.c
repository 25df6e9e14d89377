/* SPDX-License-Identifier: BSD-2-Clause */
/* Does the engine agree with itself, and with the library? */
#include "engine.h"

static const char *check_cpu(const struct sim *s, const struct cpu *c)
{
	const struct vcpu *on = c->switching ? c->next : c->running;
	const struct ration_vcpu *held = ration_cpu_vcpu(s->ration, c->id);

	if (c->running != NULL && c->running->cpu != c)
		return "engine: a CPU runs a vCPU that does not say so";
	if (c->switching && (c->running != NULL || event_is_armed(&c->completion) ||
	                     event_is_armed(&c->timer)))
		return "engine: a CPU runs something while it switches";
	if (event_is_armed(&c->completion) && event_is_armed(&c->timer))
		return "engine: of a CPU's completion and timer only the earlier one is pending";
	if (held != (on == NULL ? NULL : on->ration))
		return "engine: a CPU runs what the library decided";
	return NULL;
}

static const char *check_vcpu(const struct vcpu *v)
{
	bool is_held = v->dom->pause_count != 0 || v->is_down || v->leaving;
	struct ration_vcpu_info info;

	if (v->cpu != NULL && v->cpu->running != v)
		return "engine: a vCPU runs on a CPU that does not say so";
	if (v->cpu != NULL && v->asleep)
		return "engine: a vCPU runs and sleeps";
	if (v->ration == NULL)
		return v->cpu == NULL ? NULL : "engine: a vCPU that has left runs";
	ration_vcpu_info_get(v->ration, &info);
	if (v->cpu != NULL && info.state != RATION_STATE_RUNNING)
		return "engine: what runs here runs in the library";
	if (v->asleep && !is_held && info.state != RATION_STATE_BLOCKED)
		return "engine: who sleeps here is blocked in the library";
	if (!v->asleep && info.state == RATION_STATE_BLOCKED)
		return "engine: who is blocked in the library sleeps here";
	return NULL;
}

static const char *check_domain(const struct sim *s, const struct domain *d)
{
	uint32_t i;

	for (i = 0; i < s->cpu_count; i++) {
		const struct vcpu *v = s->cpu[i].running;

		if (ration_cpuset_has(d->running, i) != (v != NULL && v->dom == d))
			return "engine: a domain knows where its vCPUs run";
	}
	for (i = 0; i < d->vcpu_count; i++) {
		const struct vcpu *v = &d->vcpu[i];
		bool is_free = v->asleep && !v->is_down && !v->leaving;

		if (((d->sleeping[i / 64] >> i % 64 & 1) != 0) != is_free)
			return "engine: a domain knows which of its vCPUs sleep";
	}
	return NULL;
}

const char *engine_check(const struct sim *s)
{
	const char *broken = event_queue_check(&s->queue);
	uint32_t i;

	for (i = 0; broken == NULL && i < s->cpu_count; i++)
		broken = check_cpu(s, &s->cpu[i]);
	for (i = 0; broken == NULL && i < s->vcpu_count; i++)
		broken = check_vcpu(&s->vcpu[i]);
	for (i = 0; broken == NULL && i < s->domain_count; i++)
		broken = check_domain(s, &s->domain[i]);
	return broken;
}
