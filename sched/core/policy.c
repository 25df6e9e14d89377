/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy in force: its admission, its switch, and the services it may call. */
#include "core.h"

/* The largest floor of dom that would fit beside the others', of which some may
 * lack by themselves.  A vCPU without a CPU on line cannot use any of it.
 * Counts fit: 65,536 * 10^6 < 2^37. */
static uint64_t policy_floor_fit(struct ration *r, struct ration_dom *dom, uint64_t missing_ppm)
{
	struct ration_refusal others = { .reason = RATION_REFUSED_NOTHING };
	const uint32_t floor_ppm = dom->attr.floor_ppm;
	uint64_t usable_ppm = 0, wanted_ppm;

	for (const struct ration_vcpu *v = dom->first; v != NULL; v = v->next)
		usable_ppm += (v->affinity.hard & r->online) != 0 ? RATION_PPM : 0;
	wanted_ppm = floor_ppm < usable_ppm ? floor_ppm : usable_ppm;
	dom->attr.floor_ppm = 0;
	r->scratch_uses++;
	(void)r->policy->admit(r, true, r->scratch, &others);
	dom->attr.floor_ppm = floor_ppm;
	missing_ppm -= others.missing_ppm < missing_ppm ? others.missing_ppm : missing_ppm;
	return wanted_ppm > missing_ppm ? wanted_ppm - missing_ppm : 0;
}

int ration_core__admit(struct ration *r, struct ration_dom *dom, struct ration_refusal *why)
{
	int status;

	__builtin_memset(why, 0, sizeof(*why));
	r->scratch_uses++;
	status = r->policy->admit(r, true, r->scratch, why);
	if (status != RATION_OK && why->reason == RATION_REFUSED_FLOOR && dom != NULL)
		why->fit_ppm = policy_floor_fit(r, dom, why->missing_ppm);
	return status;
}

bool ration_core__lacked(struct ration *r, const struct ration_refusal *why)
{
	struct ration_refusal before;

	if (why->reason != RATION_REFUSED_FLOOR)
		return false;
	return ration_core__admit(r, NULL, &before) != RATION_OK &&
	       before.missing_ppm >= why->missing_ppm;
}

const struct ration_policy *ration_policy_get(const struct ration *r)
{
	return r->policy;
}

const char *ration_policy_name(const struct ration_policy *policy)
{
	return policy->name;
}

uint32_t ration_attr_honoured(const struct ration_policy *policy)
{
	return policy->honours;
}

void ration_expire_set(struct ration *r, ration_ns at_ns)
{
	r->expire_ns = at_ns;
}

void ration_lag_set(struct ration_vcpu *v, int64_t lag_ns)
{
	if (lag_ns > CORE_LAG_MAX_NS)
		lag_ns = CORE_LAG_MAX_NS;
	if (lag_ns < -CORE_LAG_MAX_NS)
		lag_ns = -CORE_LAG_MAX_NS;
	v->lag_ns = lag_ns;
}

void ration_shadow_add(struct ration_dom *d, struct ration_shadow more)
{
	d->shadow.held_count += more.held_count;
	d->shadow.held_ns += more.held_ns;
}

/* The old policy says what it owes; then nothing of it is left. */
static void policy_drop(struct ration *r, ration_ns now)
{
	for (uint32_t i = 0; i < r->limits.vcpu_count; i++) {
		struct ration_vcpu *v = core_vcpu_at(r, i);

		if ((v->flags & RATION_VCPU_USED) == 0)
			continue;
		r->policy->leave(r, v, now);
		v->flags &= (uint8_t)~RATION_VCPU_STARTED;
		__builtin_memset(v + 1, 0, r->vcpu_stride - sizeof(*v));
	}
	for (uint32_t i = 0; i < r->limits.dom_count; i++) {
		struct ration_dom *d = core_dom_at(r, i);

		__builtin_memset(d + 1, 0, r->dom_stride - sizeof(*d));
	}
	__builtin_memset(r->instance_private, 0, r->private_size[0]);
	__builtin_memset(r->cpu_private, 0, r->private_size[1]);
	for (ration_cpu c = 0; c < r->limits.cpu_count; c++) {
		if (r->cpu[c].kicked_for != NULL)
			ration_core__book(r, r->cpu[c].kicked_for, RATION_WAIT_QUEUE, now);
		r->cpu[c].kicked_for = NULL;
		r->cpu[c].until_ns = now;       /* the old policy's slices end here */
	}
	r->expire_ns = RATION_NEVER;
}

/* Tell the new policy of a vCPU that waits or runs. */
static void policy_adopt(struct ration *r, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx)
{
	uint8_t book = v->book;

	if ((v->flags & RATION_VCPU_READY) != 0) {
		ration_core__book(r, v, RATION_WAIT_QUEUE, now);
		r->policy->ready(r, v, RATION_READY_MOVE, now, fx);
	} else if ((v->flags & RATION_VCPU_CURRENT) != 0) {
		v->flags |= RATION_VCPU_READY;
		ration_core__book(r, v, RATION_WAIT_QUEUE, now);
		r->policy->ready(r, v, RATION_READY_MOVE, now, fx);
		v->flags = (uint8_t)((v->flags & ~RATION_VCPU_READY) | RATION_VCPU_STARTED);
		ration_core__book(r, v, book, now);
		r->policy->start(r, v, v->cpu, now);
	}
}

static void policy_take(struct ration *r, const struct ration_policy *policy, ration_ns now,
                        struct ration_effects *fx)
{
	r->policy = policy;
	policy->init(r, now);
	for (ration_cpuset s = r->online; s != 0; s = ration_cpuset_rest(s))
		policy->cpu_set(r, ration_cpuset_first(s), true, now, fx);
	for (uint32_t i = 0; i < r->limits.dom_count; i++)
		if (core_dom_at(r, i)->used)
			policy->dom_set(r, core_dom_at(r, i), now, fx);
	for (uint32_t i = 0; i < r->limits.vcpu_count; i++)
		if ((core_vcpu_at(r, i)->flags & RATION_VCPU_USED) != 0)
			policy->join(r, core_vcpu_at(r, i), now);
	for (uint32_t i = 0; i < r->limits.vcpu_count; i++)
		policy_adopt(r, core_vcpu_at(r, i), now, fx);
}

int ration_policy_set(struct ration *r, const struct ration_policy *policy, ration_ns now,
                      struct ration_effects *fx, struct ration_refusal *why)
{
	struct ration_refusal unread;
	bool known = false;
	int status;

	core_enter(r, now, fx);
	core_exit(r, fx);
	for (uint32_t i = 0; i < r->policy_count; i++)
		known = known || r->policies[i] == policy;
	if (!known)
		return RATION_E_INVALID;
	if (policy == r->policy)
		return RATION_OK;
	if (why == NULL)
		why = &unread;
	__builtin_memset(why, 0, sizeof(*why));
	r->scratch_uses++;
	status = policy->admit(r, false, r->scratch, why);
	if (status != RATION_OK)
		return status;
	for (ration_cpu c = 0; c < r->limits.cpu_count; c++)
		if (r->cpu[c].current != NULL)
			ration_core__charge(r, r->cpu[c].current, now, fx);
	policy_drop(r, now);
	r->adopting = true;
	policy_take(r, policy, now, fx);
	r->adopting = false;
	fx->resched = r->online;
	r->kicked |= r->online;
	core_exit(r, fx);
	return RATION_OK;
}
