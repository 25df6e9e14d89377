/* SPDX-License-Identifier: BSD-2-Clause */
/* The queues of ready vCPUs, one and an urgent one for each affinity class,
 * and the choice of a CPU for a vCPU that has just been queued. */
#include "credit.h"

void ration_credit__enqueue(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	struct credit *credit = credit_of(r);
	struct credit_vcpu *self = credit_vcpu_of(v);
	uint64_t turn = ration_credit__turn(r, v, now);

	RATION_ASSERT(self->place == CREDIT_NOWHERE);
	if (ration_credit__floor_is_due(v->dom, now)) {
		self->place = CREDIT_RUSHING;
		ration_heap__insert(&credit->urgent[v->class_idx], &self->node, turn);
		ration_classes_add(&credit->rushing, v->class_idx);
		return;
	}
	self->place = CREDIT_QUEUED;
	ration_heap__insert(&credit->queue[v->class_idx], &self->node, turn);
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

struct ration_vcpu *ration_credit__best_calm(struct ration *r, ration_cpu c)
{
	struct heap_node *n = queue_first(credit_of(r)->queue, &credit_of(r)->waiting,
	                                  &ration_cpu_get(r, c)->classes);

	return n == NULL ? NULL : credit_vcpu_from(n);
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
	return ration_credit__best_calm(r, c);
}

bool ration_credit__shielded(const struct ration *r, const struct ration_vcpu *cur,
                             const struct ration_vcpu *v, ration_ns now)
{
	uint64_t behind = credit_vcpu_of(v)->vtime - ration_credit__vtime(cur, now);
	int64_t owed_ns = ration_credit__time((int64_t)behind, credit_vcpu_of(cur)->pace);

	return owed_ns > (int64_t)CREDIT_SHIELD_NS &&
	       owed_ns > (int64_t)ration_credit__tslice(r);
}

/* The busy CPU that v takes over, or RATION_CPU_NONE: the one whose vCPU is
 * ahead most, and if v is urgent even if it is not ahead, but not shielded.  Not one that another
 * wake-up has asked for already: that would bring v nothing. */
static ration_cpu queue_victim(const struct ration *r, const struct ration_vcpu *v, ration_ns now)
{
	bool urgent = credit_vcpu_of(v)->place == CREDIT_RUSHING;
	ration_cpuset set = v->affinity.hard & credit_of(r)->open;
	ration_cpu victim = RATION_CPU_NONE;
	int64_t most = urgent ? INT64_MIN : 0;

	for (; set != 0; set = ration_cpuset_rest(set)) {
		ration_cpu c = ration_cpuset_first(set);
		int64_t lead = (int64_t)(ration_credit__clock_turn(r, c, now) -
		                         credit_vcpu_of(v)->node.key);

		if (lead > most &&
		    !(urgent && ration_credit__shielded(r, ration_cpu_get(r, c)->current, v, now))) {
			most = lead;
			victim = c;
		}
	}
	return victim;
}

/* Have c, which runs something, decide for v. */
static void queue_contest(struct ration *r, ration_cpu c, struct ration_vcpu *v, ration_ns now,
                          struct ration_effects *fx)
{
	credit_cpu_of(r, c)->contested = true;
	credit_of(r)->open &= ~ration_cpuset_of(c);
	ration_kick(r, c, v, now, fx);
}

/* Is what runs on c, not its turn, more than a tslice beyond v's turn? */
static bool queue_is_far_ahead(const struct ration *r, ration_cpu c, const struct ration_vcpu *v,
                               ration_ns now)
{
	return heap_key_is_before(credit_vcpu_of(v)->node.key + ration_credit__tslice(r),
	                          ration_credit__vtime(ration_cpu_get(r, c)->current, now));
}

void ration_credit__place(struct ration *r, struct ration_vcpu *v, bool ran, ration_ns now,
                          struct ration_effects *fx)
{
	ration_cpu c = ration_idle_pick(r, v);

	if (c != RATION_CPU_NONE) {
		ration_kick(r, c, v, now, fx);
		return;
	}
	c = queue_victim(r, v, now);
	if (c != RATION_CPU_NONE && (!ran || queue_is_far_ahead(r, c, v, now)))
		queue_contest(r, c, v, now, fx);
}

bool ration_credit__divert(struct ration *r, struct ration_vcpu *v, ration_cpu c, ration_ns now,
                           struct ration_effects *fx)
{
	ration_cpu other;

	if (ration_wait_is_kicked(v) || credit_vcpu_of(v)->limited_by != 0)
		return true;
	other = queue_victim(r, v, now);
	if (other == RATION_CPU_NONE || other == c)
		return false;
	queue_contest(r, other, v, now, fx);
	return true;
}
