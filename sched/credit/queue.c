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

/* Those that may run on c, at home there or not. */
static struct ration_classes queue_classes(const struct ration *r, ration_cpu c, bool at_home)
{
	const struct ration_classes *all = &ration_cpu_get(r, c)->classes;
	const struct ration_classes *away = &credit_cpu_of(r, c)->away;
	struct ration_classes set;

	for (uint32_t w = 0; w < RATION_CLASS_MAX / 64; w++)
		set.word[w] = all->word[w] & (at_home ? ~away->word[w] : away->word[w]);
	return set;
}

static struct ration_vcpu *queue_calm(struct ration *r, const struct ration_classes *allowed)
{
	struct heap_node *n = queue_first(credit_of(r)->queue, &credit_of(r)->waiting, allowed);

	return n == NULL ? NULL : credit_vcpu_from(n);
}

struct ration_vcpu *ration_credit__best_calm(struct ration *r, ration_cpu c)
{
	struct ration_classes home = queue_classes(r, c, true);
	struct ration_vcpu *v = queue_calm(r, &home);

	return v != NULL ? v : queue_calm(r, &ration_cpu_get(r, c)->classes);
}

static struct ration_vcpu *queue_best(struct ration *r, const struct ration_classes *allowed,
                                      ration_ns now)
{
	struct credit *credit = credit_of(r);
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
	return queue_calm(r, allowed);
}

struct ration_vcpu *ration_credit__best(struct ration *r, ration_cpu c, ration_ns now)
{
	struct ration_classes set = queue_classes(r, c, true);
	struct ration_vcpu *v = queue_best(r, &set, now);

	if (v != NULL)
		return v;
	set = queue_classes(r, c, false);
	return queue_best(r, &set, now);
}

bool ration_credit__is_away(const struct ration *r, ration_cpu c, const struct ration_vcpu *v)
{
	return ration_classes_has(&credit_cpu_of(r, c)->away, v->class_idx);
}

bool ration_credit__shielded(const struct ration *r, ration_cpu c, const struct ration_vcpu *v,
                             ration_ns now)
{
	const struct ration_vcpu *cur = ration_cpu_get(r, c)->current;
	uint64_t behind = credit_vcpu_of(v)->vtime - ration_credit__vtime(cur, now);
	int64_t owed_ns = ration_credit__time((int64_t)behind, credit_vcpu_of(cur)->pace);
	ration_cpuset whole = credit_of(r)->whole;
	ration_cpuset others = v->affinity.hard & credit_of(r)->busy & ~whole;

	if (!credit_vcpu_of(v)->woken && ration_cpuset_has(whole, c) && others != 0)
		return true;
	return owed_ns > (int64_t)CREDIT_SHIELD_NS &&
	       owed_ns > (int64_t)ration_credit__tslice(r);
}

/* Might an idle CPU, perhaps one that is kicked already, take what runs on c? */
static bool queue_may_give_way(const struct ration *r, ration_cpu c)
{
	ration_cpuset idle = ration_cpu_online(r) & ~credit_of(r)->busy;

	return (ration_cpu_get(r, c)->current->affinity.hard & idle) != 0;
}

bool ration_credit__gives_way(const struct ration *r, ration_cpu c)
{
	return queue_may_give_way(r, c) &&
	       ration_idle_pick(r, ration_cpu_get(r, c)->current) != RATION_CPU_NONE;
}

/* By how much what runs on c is ahead of v: more than by any time if only v is at
 * home there, and less if only the other is. */
static int64_t queue_lead(const struct ration *r, ration_cpu c, const struct ration_vcpu *v,
                          ration_ns now)
{
	const int64_t far = (int64_t)1 << 62;
	bool away = ration_credit__is_away(r, c, v);
	int64_t lead = (int64_t)(ration_credit__clock_turn(r, c, now) -
	                         credit_vcpu_of(v)->node.key);

	if (away == ration_credit__is_away(r, c, ration_cpu_get(r, c)->current))
		return lead;
	return away ? -far : far + lead / 2;
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
		int64_t lead = queue_lead(r, c, v, now);

		if (lead > most &&
		    !(urgent && ration_credit__shielded(r, c, v, now))) {
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
	const struct ration_vcpu *cur = ration_cpu_get(r, c)->current;

	if (ration_credit__is_away(r, c, cur) && !ration_credit__is_away(r, c, v))
		return true;
	return heap_key_is_before(credit_vcpu_of(v)->node.key + ration_credit__tslice(r),
	                          ration_credit__vtime(cur, now));
}

/* A CPU of v's whose vCPU, which v cannot follow, can go to an idle one; or
 * RATION_CPU_NONE.  Asks once for one that surely can, lest it be O(c^2). */
static ration_cpu queue_mover(const struct ration *r, const struct ration_vcpu *v)
{
	ration_cpuset set = v->affinity.hard & credit_of(r)->open;

	for (; set != 0; set = ration_cpuset_rest(set)) {
		ration_cpu c = ration_cpuset_first(set);

		if (queue_may_give_way(r, c))
			return ration_credit__gives_way(r, c) ? c : RATION_CPU_NONE;
	}
	return RATION_CPU_NONE;
}

void ration_credit__place(struct ration *r, struct ration_vcpu *v, bool ran, ration_ns now,
                          struct ration_effects *fx)
{
	ration_cpu c = ration_idle_pick(r, v);

	if (c != RATION_CPU_NONE) {
		ration_kick(r, c, v, now, fx);
		return;
	}
	c = queue_mover(r, v);
	if (c != RATION_CPU_NONE) {
		queue_contest(r, c, v, now, fx);
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
