/* SPDX-License-Identifier: BSD-2-Clause */
/* The protocol of a CPU: decide, saved, expire; and CPUs that go and come. */
#include "core.h"

void ration_core__charge(struct ration *r, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx)
{
	ration_ns ran = ration_vcpu_uncharged(v, now);

	if (ran == 0)
		return;
	ration_core__book(r, v, RATION_BOOK_RUNNING, now);
	r->policy->charge(r, v->dom, v, ran, now, fx);
}

/* The kick is answered: whoever it was for queues again, until the policy says more. */
static struct ration_vcpu *cpu_kick_take(struct ration *r, ration_cpu c, ration_ns now)
{
	struct ration_vcpu *v = r->cpu[c].kicked_for;

	r->kicked &= ~ration_cpuset_of(c);
	r->cpu[c].kicked_for = NULL;
	if (v != NULL)
		ration_core__book(r, v, RATION_WAIT_QUEUE, now);
	return v;
}

static bool cpu_accepts(const struct ration *r, ration_cpu c, ration_ns now,
                        const struct ration_decision *d)
{
	const struct ration_cpu_state *cpu = &r->cpu[c];

	if (d->until_ns <= now)
		return false;
	if (d->vcpu == NULL)
		return true;
	if (d->vcpu == cpu->current)
		return cpu->stay;
	return (d->vcpu->flags & RATION_VCPU_READY) != 0 && core_is_allowed(r, d->vcpu, c) &&
	       !ration_wait_is_held(d->vcpu);
}

/* The policy's decision, or, if it is wrong, one that does no harm: go on with
 * the current vCPU or idle, and ask again after a slice. */
static void cpu_ask(struct ration *r, ration_cpu c, ration_ns now, struct ration_decision *d,
                    struct ration_effects *fx)
{
	struct ration_cpu_state *cpu = &r->cpu[c];

	d->vcpu = NULL;
	d->until_ns = RATION_NEVER;
	d->switched = false;
	if (!ration_cpuset_has(r->online, c))
		return;
	if (cpu->hint != NULL && ((cpu->hint->flags & RATION_VCPU_READY) == 0 ||
	                          !core_is_allowed(r, cpu->hint, c) ||
	                          ration_wait_is_held(cpu->hint)))
		cpu->hint = NULL;
	r->policy->decide(r, c, now, d, fx);
	if (cpu_accepts(r, c, now, d))
		return;
	cpu->ledger.refusals++;
	d->vcpu = cpu->stay ? cpu->current : NULL;
	d->until_ns = now + r->params.tslice_ns;
}

/* The vCPU that leaves CPU c, whose context is now to be saved. */
static void cpu_vacate(struct ration *r, ration_cpu c, ration_ns now)
{
	struct ration_cpu_state *cpu = &r->cpu[c];
	struct ration_vcpu *v = cpu->current;
	bool eligible = core_is_eligible(v);

	v->flags = (uint8_t)((v->flags & ~RATION_VCPU_CURRENT) | RATION_VCPU_UNSAVED);
	if (cpu->yielded)
		v->ready_why = RATION_READY_YIELD;
	else
		v->ready_why = cpu->stay ? RATION_READY_PREEMPT : RATION_READY_MOVE;
	if (eligible && cpu->stay && !cpu->yielded && now < cpu->until_ns)
		cpu->ledger.preemptions++;
	cpu->unsaved = v;
	ration_core__settle(r, v, (enum ration_ready)v->ready_why, now, NULL);
}

/* The vCPU that CPU c will run once the old context is saved. */
static void cpu_occupy(struct ration *r, struct ration_vcpu *v, ration_cpu c, ration_ns now)
{
	struct ration_cpu_state *cpu = &r->cpu[c];

	ration_core__kick_forget(r, v);
	v->flags = (uint8_t)((v->flags & ~RATION_VCPU_READY) | RATION_VCPU_CURRENT |
	                     RATION_VCPU_STARTED);
	ration_core__book(r, v, RATION_WAIT_SWITCH, now);
	if (v->cpu != RATION_CPU_NONE && v->cpu != c)
		cpu->ledger.migrations++;
	v->cpu = c;
	cpu->ledger.dispatches++;
	r->policy->start(r, v, c, now);
}

static void cpu_switch(struct ration *r, ration_cpu c, struct ration_vcpu *next, ration_ns now)
{
	struct ration_cpu_state *cpu = &r->cpu[c];
	ration_cpuset self = ration_cpuset_of(c);

	ration_core__cpu_book(r, c, now);
	if (cpu->current != NULL)
		cpu_vacate(r, c, now);
	cpu->switching = true;
	cpu->current = next;
	if (next != NULL)
		cpu_occupy(r, next, c, now);
	ration_core__idle_set(r, next == NULL ? r->idle | (self & r->online) : r->idle & ~self, now);
}

void ration_decide(struct ration *r, ration_cpu c, ration_ns now,
                   struct ration_decision *decision, struct ration_effects *fx)
{
	struct ration_cpu_state *cpu = &r->cpu[c];
	struct ration_vcpu *v, *kicked;

	RATION_ASSERT(c < r->limits.cpu_count);
	RATION_ASSERT(!cpu->switching);
	core_enter(r, now, fx);
	v = cpu->current;
	if (v != NULL)
		ration_core__charge(r, v, now, fx);
	kicked = cpu_kick_take(r, c, now);
	cpu->stay = v != NULL && core_is_eligible(v) && core_is_allowed(r, v, c);
	if (v != NULL && !core_is_eligible(v))
		ration_core__retire(r, v, now, fx);
	cpu_ask(r, c, now, decision, fx);
	if (decision->vcpu != v) {
		decision->switched = true;
		cpu_switch(r, c, decision->vcpu, now);
	} else if (v != NULL && (now >= cpu->until_ns || cpu->yielded)) {
		cpu->ledger.dispatches++;
	}
	cpu->until_ns = decision->until_ns;
	cpu->hint = NULL;
	cpu->yielded = false;
	/* A CPU that rather idles is no place for it, nor is another one then,
	 * unless it idles because it went off line. */
	if (kicked != NULL && (decision->vcpu != NULL || !ration_cpuset_has(r->online, c)) &&
	    (kicked->flags & RATION_VCPU_READY) != 0 && !ration_wait_is_held(kicked)) {
		ration_cpu other = ration_idle_pick(r, kicked);

		if (other != RATION_CPU_NONE)
			ration_kick(r, other, kicked, now, fx);
	}
	core_exit(r, fx);
}

void ration_cpu_saved(struct ration *r, ration_cpu c, ration_ns now, struct ration_effects *fx)
{
	struct ration_cpu_state *cpu = &r->cpu[c];
	struct ration_vcpu *old;

	RATION_ASSERT(c < r->limits.cpu_count);
	RATION_ASSERT(cpu->switching);
	core_enter(r, now, fx);
	old = cpu->unsaved;
	ration_core__cpu_book(r, c, now);
	cpu->switching = false;
	cpu->unsaved = NULL;
	if (cpu->current != NULL) {
		ration_core__book(r, cpu->current, RATION_BOOK_RUNNING, now);
		cpu->since_ns = now;
	}
	if (old != NULL) {
		old->flags &= (uint8_t)~RATION_VCPU_UNSAVED;
		ration_core__settle(r, old, (enum ration_ready)old->ready_why, now, fx);
	}
	core_exit(r, fx);
}

void ration_expire(struct ration *r, ration_ns now, struct ration_effects *fx)
{
	core_enter(r, now, fx);
	if (now >= r->expire_ns)
		r->policy->expire(r, now, fx);
	core_exit(r, fx);
}

/* vCPUs that queue and have no CPU left wait for one to come back. */
static void cpu_strand(struct ration *r, ration_ns now, struct ration_effects *fx)
{
	for (uint32_t i = 0; i < r->limits.vcpu_count; i++) {
		struct ration_vcpu *v = core_vcpu_at(r, i);

		if ((v->flags & RATION_VCPU_READY) == 0 || (v->affinity.hard & r->online) != 0)
			continue;
		ration_core__unready(r, v, now, fx);
		ration_core__book(r, v, RATION_WAIT_OFFLINE, now);
	}
}

int ration_cpu_down(struct ration *r, ration_cpu c, bool force, ration_ns now,
                    struct ration_effects *fx, struct ration_refusal *why)
{
	struct ration_refusal unread;
	ration_cpuset self;
	int status;

	core_enter(r, now, fx);
	core_exit(r, fx);
	if (c >= r->limits.cpu_count || !ration_cpuset_has(r->online, c))
		return RATION_E_INVALID;
	self = ration_cpuset_of(c);
	ration_core__cpu_book(r, c, now);
	r->online &= ~self;
	status = force ? RATION_OK : ration_core__admit(r, NULL, why != NULL ? why : &unread);
	if (status != RATION_OK) {
		r->online |= self;
		return status;
	}
	ration_core__idle_set(r, r->idle & ~self, now);
	r->policy->cpu_set(r, c, false, now, fx);
	cpu_strand(r, now, fx);
	ration_kick(r, c, NULL, now, fx);
	core_exit(r, fx);
	return RATION_OK;
}

int ration_cpu_up(struct ration *r, ration_cpu c, ration_ns now, struct ration_effects *fx)
{
	core_enter(r, now, fx);
	core_exit(r, fx);
	if (c >= r->limits.cpu_count || ration_cpuset_has(r->online, c) ||
	    r->cpu[c].current != NULL || r->cpu[c].switching)
		return RATION_E_INVALID;
	ration_core__cpu_book(r, c, now);
	r->online |= ration_cpuset_of(c);
	ration_core__idle_set(r, r->idle | ration_cpuset_of(c), now);
	r->policy->cpu_set(r, c, true, now, fx);
	for (uint32_t i = 0; i < r->limits.vcpu_count; i++) {
		struct ration_vcpu *v = core_vcpu_at(r, i);

		if ((v->flags & RATION_VCPU_USED) != 0 && v->book == RATION_WAIT_OFFLINE &&
		    ration_cpuset_has(v->affinity.hard, c))
			ration_core__ready(r, v, RATION_READY_RESUME, now, fx);
	}
	ration_kick(r, c, NULL, now, fx);
	core_exit(r, fx);
	return RATION_OK;
}
