/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a vCPU is: with the policy, on a CPU, or away; and what moves it. */
#include "core.h"

/* What the time of a vCPU that cannot run is booked to. */
static uint8_t place_rest_book(const struct ration_vcpu *v)
{
	const unsigned down = RATION_VCPU_OFFLINE | RATION_VCPU_LEAVING;

	if ((v->flags & down) != 0 || v->pause_count != 0 || v->dom->pause_count != 0)
		return RATION_BOOK_DOWN;
	return RATION_BOOK_BLOCKED;
}

void ration_core__ready(struct ration *r, struct ration_vcpu *v, enum ration_ready why,
                        ration_ns now, struct ration_effects *fx)
{
	if ((v->affinity.hard & r->online) == 0) {
		ration_core__book(r, v, RATION_WAIT_OFFLINE, now);
		ration_core__retire(r, v, now, fx);
		return;
	}
	v->flags = (uint8_t)((v->flags & ~RATION_VCPU_STARTED) | RATION_VCPU_READY);
	ration_core__book(r, v, RATION_WAIT_QUEUE, now);
	r->policy->ready(r, v, why, now, fx);
}

void ration_core__kick_forget(struct ration *r, const struct ration_vcpu *v)
{
	if (v->book != RATION_WAIT_KICK)
		return;
	for (ration_cpuset s = r->kicked; s != 0; s = ration_cpuset_rest(s)) {
		struct ration_cpu_state *cpu = &r->cpu[ration_cpuset_first(s)];

		if (cpu->kicked_for == v)
			cpu->kicked_for = NULL;
	}
}

void ration_core__unready(struct ration *r, struct ration_vcpu *v, ration_ns now,
                          struct ration_effects *fx)
{
	ration_core__kick_forget(r, v);
	v->flags &= (uint8_t)~RATION_VCPU_READY;
	ration_core__book(r, v, place_rest_book(v), now);
	r->policy->unready(r, v, now, fx);
}

void ration_core__retire(struct ration *r, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx)
{
	if ((v->flags & RATION_VCPU_STARTED) == 0)
		return;
	v->flags &= (uint8_t)~RATION_VCPU_STARTED;
	r->policy->unready(r, v, now, fx);
}

void ration_core__settle(struct ration *r, struct ration_vcpu *v, enum ration_ready why,
                         ration_ns now, struct ration_effects *fx)
{
	bool eligible = core_is_eligible(v);

	RATION_ASSERT((v->flags & RATION_VCPU_USED) != 0);
	if ((v->flags & RATION_VCPU_CURRENT) != 0) {
		if (!eligible)
			ration_kick(r, v->cpu, NULL, now, fx);
	} else if ((v->flags & RATION_VCPU_UNSAVED) != 0) {
		v->ready_why = (uint8_t)why;
		ration_core__book(r, v, eligible ? RATION_WAIT_SWITCH : place_rest_book(v), now);
	} else if (eligible) {
		if ((v->flags & RATION_VCPU_READY) == 0)
			ration_core__ready(r, v, why, now, fx);
	} else if ((v->flags & RATION_VCPU_READY) != 0) {
		ration_core__unready(r, v, now, fx);
	} else {
		ration_core__book(r, v, place_rest_book(v), now);
		ration_core__retire(r, v, now, fx);
	}
}

void ration_kick(struct ration *r, ration_cpu c, struct ration_vcpu *v, ration_ns now,
                 struct ration_effects *fx)
{
	struct ration_cpu_state *cpu = &r->cpu[c];

	RATION_ASSERT(c < r->limits.cpu_count);
	if (!ration_cpuset_has(r->kicked, c))
		fx->resched |= ration_cpuset_of(c);
	r->kicked |= ration_cpuset_of(c);
	if (r->adopting || v == NULL || cpu->kicked_for != NULL)
		return;
	if (v->book == RATION_WAIT_QUEUE || v->book == RATION_WAIT_RATELIMIT) {
		cpu->kicked_for = v;
		ration_core__book(r, v, RATION_WAIT_KICK, now);
	}
}

void ration_wait_set(struct ration *r, struct ration_vcpu *v, enum ration_wait cause,
                     ration_ns now)
{
	bool held = cause == RATION_WAIT_CAP || cause == RATION_WAIT_BUDGET;

	RATION_ASSERT((v->flags & RATION_VCPU_READY) != 0);
	RATION_ASSERT(held || cause == RATION_WAIT_RATELIMIT || cause == RATION_WAIT_QUEUE);
	if (v->book == cause || (v->book == RATION_WAIT_KICK && !held))
		return;
	ration_core__kick_forget(r, v);
	ration_core__book(r, v, (uint8_t)cause, now);
}

bool ration_wait_is_held(const struct ration_vcpu *v)
{
	return v->book == RATION_WAIT_CAP || v->book == RATION_WAIT_BUDGET;
}

/* How well idle CPU c suits v: more is better.  A wholly idle core counts
 * most, then nearness to where v last ran. */
static unsigned place_score(const struct ration *r, const struct ration_vcpu *v, ration_cpu c)
{
	const struct ration_cpu_state *cpu = &r->cpu[c];
	unsigned score = ration_cpuset_within(cpu->core_cpus & r->online, r->idle) ? 8 : 0;

	if (v->cpu == RATION_CPU_NONE)
		return score;
	if (v->cpu == c)
		return score + 4;
	if (ration_cpuset_has(cpu->core_cpus, v->cpu))
		return score + 3;
	if (ration_cpuset_has(cpu->llc_cpus, v->cpu))
		return score + 2;
	return score + (ration_cpuset_has(cpu->node_cpus, v->cpu) ? 1 : 0);
}

ration_cpu ration_idle_pick(const struct ration *r, const struct ration_vcpu *v)
{
	ration_cpuset set = ration_affinity_choose(v->affinity, r->idle & ~r->kicked);
	ration_cpu best = RATION_CPU_NONE;
	unsigned best_score = 0;

	if (set == 0)
		return RATION_CPU_NONE;
	if (ration_cpuset_rest(set) == 0)
		return ration_cpuset_first(set);
	for (; set != 0; set = ration_cpuset_rest(set)) {
		ration_cpu c = ration_cpuset_first(set);
		unsigned score = place_score(r, v, c);

		if (best == RATION_CPU_NONE || score > best_score) {
			best = c;
			best_score = score;
		}
	}
	return best;
}
