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

/* In one of the two heaps that go by deadline. */
static struct heap *file_heap(struct ration *r, const struct ration_vcpu *v)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);

	if ((self->flags & SEDF_HELD) != 0)
		return &sedf_of(r)->held;
	return (self->flags & SEDF_DUE) != 0 && !sedf_is_split(v) ? &sedf_cpu_of(r, self->home)->due :
	                                                            NULL;
}

void ration_sedf__file(struct ration *r, struct ration_vcpu *v, bool woke, ration_ns now)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	bool due, extra = sedf_has_extra(v);
	struct heap *heap;

	if (sedf_is_server(v) && self->budget_ns <= 0 && now >= self->due.key)
		ration_sedf__refill(sedf_dom_of(v->dom), self, now);
	due = sedf_has_budget(v);
	if (sedf_is_server(v))
		self->flags |= due ? SEDF_DUE : SEDF_HELD;
	heap = file_heap(r, v);
	if (heap != NULL)
		ration_heap__insert(heap, &self->due, self->due.key);
	file_arm(r);
	ration_sedf__count(v, extra && !due);
	if (extra && (!due || (self->flags & SEDF_PULLED) == 0 ||
	              ration_margins_get(r)->overhead_ns == 0))
		ration_sedf__turn_insert(r, v, due ? SEDF_SPARE : SEDF_SLACK, woke && !due);
	ration_wait_set(r, v, due || extra ? RATION_WAIT_QUEUE : RATION_WAIT_BUDGET, now);
}

void ration_sedf__unfile(struct ration *r, struct ration_vcpu *v)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	struct heap *heap = file_heap(r, v);

	if (heap != NULL)
		ration_heap__remove(heap, &self->due);
	if ((self->flags & (SEDF_SLACK | SEDF_SPARE)) != 0)
		ration_sedf__turn_remove(r, v);
	self->flags &= (uint16_t)~SEDF_FILED;
	file_arm(r);
}

void ration_sedf__kick(struct ration *r, ration_cpu c, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx)
{
	if (fx != NULL) {
		sedf_cpu_of(r, c)->told = true;
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
	c = ration_cpuset_first(set);
	sedf->alone &= ~ration_cpuset_of(c);
	ration_sedf__kick(r, c, NULL, now, fx);
}

ration_ns ration_sedf__window_begin(const struct ration *r, ration_cpu c, uint32_t side,
                                    ration_ns now)
{
	const struct sedf_window *window = &sedf_cpu_of(r, c)->window[side];
	ration_ns slot_ns = sedf_of(r)->slot_ns, begin_ns = now - now % slot_ns;

	if (side == SEDF_TAIL)
		begin_ns += slot_ns - window->length_ns;
	return now < begin_ns + window->open_ns ? begin_ns : begin_ns + slot_ns;
}

/* v is split: a CPU where its window is open runs it; one where it opens before
 * that CPU would decide has to know. */
static bool file_tell_window(struct ration *r, struct ration_vcpu *v, uint32_t side, ration_ns now,
                             struct ration_effects *fx)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	ration_cpu c = side == SEDF_HEAD ? self->peer : self->home;
	ration_ns begin_ns = ration_sedf__window_begin(r, c, side, now);

	if (begin_ns <= now)
		ration_sedf__kick(r, c, v, now, fx);
	else if (begin_ns < ration_cpu_get(r, c)->until_ns)
		ration_sedf__kick(r, c, NULL, now, fx);
	return begin_ns <= now;
}

/* v is due: is there a CPU that should run it? */
static bool file_tell_due(struct ration *r, struct ration_vcpu *v, ration_ns now,
                          struct ration_effects *fx)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	bool told;

	if (sedf_is_split(v)) {
		/* Both: the one that is open may be closed by the time that its CPU looks. */
		told = file_tell_window(r, v, SEDF_HEAD, now, fx);
		return file_tell_window(r, v, SEDF_TAIL, now, fx) || told;
	}
	if (self->due.key >= sedf_cpu_of(r, self->home)->run_deadline_ns)
		return false;
	ration_sedf__kick(r, self->home, v, now, fx);
	return true;
}

void ration_sedf__tell(struct ration *r, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	ration_cpu idle;

	if ((self->flags & SEDF_DUE) != 0 && file_tell_due(r, v, now, fx))
		return;
	if ((self->flags & (SEDF_SLACK | SEDF_SPARE)) == 0)
		return;
	idle = ration_idle_pick(r, v);
	if (idle != RATION_CPU_NONE)
		ration_sedf__kick(r, idle, v, now, fx);
	else if ((self->flags & SEDF_SLACK) != 0)
		file_tell_alone(r, v, now, fx);
}

/* What a verb without effects changed. */
static void file_catch_up(struct ration *r, ration_ns now, struct ration_effects *fx)
{
	sedf_of(r)->kick_all_ns = RATION_NEVER;
	if (sedf_of(r)->homeless_count != 0)
		ration_sedf__replace(r, NULL, now, fx);
	for (ration_cpuset s = ration_cpu_online(r); s != 0; s = ration_cpuset_rest(s))
		ration_sedf__kick(r, ration_cpuset_first(s), NULL, now, fx);
}

void ration_sedf__expire(struct ration *r, ration_ns now, struct ration_effects *fx)
{
	struct sedf *sedf = sedf_of(r);
	struct heap_node *first;

	if (sedf->kick_all_ns <= now)
		file_catch_up(r, now, fx);
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
