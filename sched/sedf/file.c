/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a ready vCPU waits, which CPU is told, and budgets that come due. */
#include "sedf.h"

static void file_arm(struct ration *r)
{
	const struct sedf *sedf = sedf_of(r);
	const struct heap_node *first = heap_first(&sedf->held);
	ration_ns at_ns = sedf->kick_all_ns;

	if (first != NULL && first->key < at_ns)
		at_ns = first->key;
	ration_expire_set(r, at_ns);
}

static void file_due(struct ration *r, struct ration_vcpu *v)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);

	ration_sedf__count(v, false);
	ration_heap__insert(&sedf_cpu_of(r, self->home)->due, &self->due, self->due.key);
	self->flags |= SEDF_DUE;
	if (sedf_dom_of(v->dom)->extratime)
		ration_sedf__spare_insert(r, v);
}

static void file_held(struct ration *r, struct ration_vcpu *v)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);

	ration_heap__insert(&sedf_of(r)->held, &self->due, self->due.key);
	self->flags |= SEDF_HELD;
	file_arm(r);
}

void ration_sedf__file(struct ration *r, struct ration_vcpu *v, bool woke, ration_ns now)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);

	RATION_ASSERT((self->flags & SEDF_FILED) == 0);
	if (sedf_is_server(v) && self->budget_ns <= 0 && now >= self->due.key)
		ration_sedf__refill(sedf_dom_of(v->dom), self, now);
	if (sedf_has_budget(v)) {
		file_due(r, v);
		ration_wait_set(r, v, RATION_WAIT_QUEUE, now);
		return;
	}
	if (sedf_is_server(v))
		file_held(r, v);
	ration_sedf__count(v, sedf_has_extra(v));
	if (sedf_has_extra(v))
		ration_sedf__slack_insert(r, v, woke);
	ration_wait_set(r, v, sedf_has_extra(v) ? RATION_WAIT_QUEUE : RATION_WAIT_BUDGET, now);
}

void ration_sedf__unfile(struct ration *r, struct ration_vcpu *v)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);

	if ((self->flags & SEDF_DUE) != 0)
		ration_heap__remove(&sedf_cpu_of(r, self->home)->due, &self->due);
	if ((self->flags & SEDF_HELD) != 0) {
		ration_heap__remove(&sedf_of(r)->held, &self->due);
		file_arm(r);
	}
	if ((self->flags & SEDF_SLACK) != 0)
		ration_sedf__slack_remove(r, v);
	if ((self->flags & SEDF_SPARE) != 0)
		ration_sedf__spare_remove(r, v);
	if ((self->flags & SEDF_ASIDE) != 0)
		sedf_cpu_of(r, self->home)->aside = NULL;
	self->flags &= (uint16_t)~SEDF_FILED;
}

void ration_sedf__step_aside(struct ration *r, struct ration_vcpu *v)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	struct sedf_cpu *cpu = sedf_cpu_of(r, self->home);

	RATION_ASSERT(cpu->aside == NULL);
	cpu->aside = v;
	self->flags |= SEDF_ASIDE;
}

void ration_sedf__kick(struct ration *r, ration_cpu c, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx)
{
	if (fx != NULL) {
		ration_kick(r, c, v, now, fx);
		return;
	}
	sedf_of(r)->kick_all_ns = now;
	file_arm(r);
}

/* All CPUs are busy.  One that thought itself alone with its vCPU is told that
 * it is not, so that quanta get short. */
static void file_tell_alone(struct ration *r, const struct ration_vcpu *v, ration_ns now,
                            struct ration_effects *fx)
{
	struct sedf *sedf = sedf_of(r);
	ration_cpuset set = ration_affinity_choose(v->affinity, sedf->alone & ration_cpu_online(r));
	ration_cpu c;

	if (set == 0)
		return;
	c = ration_cpuset_has(set, v->cpu) ? v->cpu : ration_cpuset_first(set);
	sedf->alone &= ~ration_cpuset_of(c);
	ration_sedf__kick(r, c, NULL, now, fx);
}

void ration_sedf__tell(struct ration *r, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	ration_cpu idle;

	if ((self->flags & SEDF_DUE) != 0) {
		struct sedf_cpu *cpu = sedf_cpu_of(r, self->home);

		if (self->due.key < cpu->ask_deadline_ns) {
			cpu->ask_deadline_ns = self->due.key;
			ration_sedf__kick(r, self->home, v, now, fx);
			return;
		}
	}
	if ((self->flags & (SEDF_SLACK | SEDF_SPARE)) == 0)
		return;
	idle = ration_idle_pick(r, v);
	if (idle != RATION_CPU_NONE)
		ration_sedf__kick(r, idle, v, now, fx);
	else if ((self->flags & SEDF_SLACK) != 0)
		file_tell_alone(r, v, now, fx);
}

void ration_sedf__expire(struct ration *r, ration_ns now, struct ration_effects *fx)
{
	struct sedf *sedf = sedf_of(r);
	struct heap_node *first;

	if (sedf->kick_all_ns <= now) {
		sedf->kick_all_ns = RATION_NEVER;
		for (ration_cpuset s = ration_cpu_online(r); s != 0; s = ration_cpuset_rest(s))
			ration_kick(r, ration_cpuset_first(s), NULL, now, fx);
	}
	/* Bounded by the held: whoever is filed again has a deadline after now. */
	for (first = heap_first(&sedf->held); first != NULL && first->key <= now;
	     first = heap_first(&sedf->held)) {
		struct ration_vcpu *v = sedf_from_due(first);

		ration_sedf__unfile(r, v);
		ration_sedf__file(r, v, false, now);
		ration_sedf__tell(r, v, now, fx);
	}
	file_arm(r);
}
