/* SPDX-License-Identifier: BSD-2-Clause */
/* The queues of ready vCPUs, one and an urgent one for each affinity class,
 * and the choice of a CPU for a vCPU that has just been queued. */
#include "credit.h"

void ration_credit__enqueue(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	struct credit *credit = credit_of(r);
	struct credit_vcpu *self = credit_vcpu_of(v);

	RATION_ASSERT(self->place == CREDIT_NOWHERE);
	if (ration_credit__floor_is_due(v->dom, now)) {
		self->place = CREDIT_RUSHING;
		ration_heap__insert(&credit->urgent[v->class_idx], &self->node, now);
		ration_classes_add(&credit->rushing, v->class_idx);
		return;
	}
	self->place = CREDIT_QUEUED;
	ration_heap__insert(&credit->queue[v->class_idx], &self->node, self->vtime);
	ration_classes_add(&credit->waiting, v->class_idx);
	ration_credit__floor_arm(r, v->dom, now);
}

void ration_credit__dequeue(struct ration *r, struct ration_vcpu *v)
{
	struct credit *credit = credit_of(r);
	struct credit_vcpu *self = credit_vcpu_of(v);
	uint32_t k = v->class_idx;

	if (self->place == CREDIT_QUEUED) {
		ration_heap__remove(&credit->queue[k], &self->node);
		if (credit->queue[k].count == 0)
			ration_classes_remove(&credit->waiting, k);
	} else if (self->place == CREDIT_RUSHING) {
		ration_heap__remove(&credit->urgent[k], &self->node);
		if (credit->urgent[k].count == 0)
			ration_classes_remove(&credit->rushing, k);
	}
	self->place = CREDIT_NOWHERE;
	self->limited_by = 0;
}

/* The first of the heaps of those classes that are in both sets. */
static struct heap_node *queue_first(const struct heap *heaps, const struct ration_classes *used,
                                     const struct ration_classes *allowed)
{
	struct heap_node *best = NULL;

	for (uint32_t w = 0; w < RATION_CLASS_MAX / 64; w++) {
		uint64_t set = used->word[w] & allowed->word[w];

		for (; set != 0; set &= set - 1) {
			struct heap_node *n =
				heap_first(&heaps[w * 64 + (uint32_t)__builtin_ctzll(set)]);

			if (best == NULL || heap_is_before(n, best))
				best = n;
		}
	}
	return best;
}

struct ration_vcpu *ration_credit__best(struct ration *r, ration_cpu c, ration_ns now)
{
	struct credit *credit = credit_of(r);
	const struct ration_classes *allowed = &ration_cpu_get(r, c)->classes;
	struct heap_node *n;

	/* Siblings may have used up the floor since a vCPU became urgent: it is
	 * not any more, and joins the others.  Each does so once, then ends the
	 * loop or leaves the urgent queue. */
	while ((n = queue_first(credit->urgent, &credit->rushing, allowed)) != NULL) {
		struct ration_vcpu *v = credit_vcpu_from(n);

		if (ration_credit__floor_is_due(v->dom, now))
			return v;
		ration_credit__dequeue(r, v);
		ration_credit__enqueue(r, v, now);
	}
	n = queue_first(credit->queue, &credit->waiting, allowed);
	return n == NULL ? NULL : credit_vcpu_from(n);
}

/* By how much v is better than what runs on c, in CPU time that has been
 * overdrawn: above 0 it may preempt. */
static int64_t queue_lead(const struct ration *r, const struct ration_vcpu *v, ration_cpu c,
                          ration_ns now)
{
	const struct ration_vcpu *cur = ration_cpu_get(r, c)->current;
	uint64_t lead = ration_credit__vtime(cur, now) - credit_vcpu_of(v)->vtime;

	return ration_credit__time((int64_t)lead, credit_dom_of(cur->dom)->active_count,
	                           cur->dom->attr.weight);
}

/* Should v rather have CPU a than CPU b?  The one whose vCPU has overdrawn most;
 * for an urgent v, which beats every vCPU that is not, the one whose vCPU has run
 * longest, since the rate limit protects it least. */
static bool queue_prefers(const struct ration *r, const struct ration_vcpu *v, ration_cpu a,
                          ration_cpu b, ration_ns now)
{
	if (credit_vcpu_of(v)->place == CREDIT_RUSHING)
		return ration_cpu_get(r, a)->since_ns < ration_cpu_get(r, b)->since_ns;
	return queue_lead(r, v, a, now) > queue_lead(r, v, b, now);
}

/* The busy CPU that v takes over, or RATION_CPU_NONE.  Not one that another
 * wake-up has asked for already: that would bring v nothing. */
static ration_cpu queue_victim(const struct ration *r, const struct ration_vcpu *v, ration_ns now)
{
	bool urgent = credit_vcpu_of(v)->place == CREDIT_RUSHING;
	ration_cpuset set = v->affinity.hard & ration_cpu_online(r);
	ration_cpu victim = RATION_CPU_NONE;

	for (; set != 0; set = ration_cpuset_rest(set)) {
		ration_cpu c = ration_cpuset_first(set);
		const struct credit_cpu *cpu = credit_cpu_of(r, c);

		if (ration_cpu_get(r, c)->current == NULL || cpu->rushing || cpu->contested)
			continue;
		if (!urgent && queue_lead(r, v, c, now) <= 0)
			continue;
		if (victim == RATION_CPU_NONE || queue_prefers(r, v, c, victim, now))
			victim = c;
	}
	return victim;
}

void ration_credit__place(struct ration *r, struct ration_vcpu *v, bool preempts, ration_ns now,
                          struct ration_effects *fx)
{
	ration_cpu c = ration_idle_pick(r, v);

	if (c == RATION_CPU_NONE && preempts) {
		c = queue_victim(r, v, now);
		if (c != RATION_CPU_NONE)
			credit_cpu_of(r, c)->contested = true;
	}
	if (c != RATION_CPU_NONE)
		ration_kick(r, c, v, now, fx);
}
