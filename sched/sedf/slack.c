/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What deadlines leave over, shared by weight: start-time fair queueing.
 *
 * A vCPU's virtual time moves by the CPU time that it gets, times the number
 * of its domain's vCPUs that compete, over its domain's weight; whoever is
 * least far runs next.  Each affinity class has a queue, a clock (where a vCPU
 * that was away comes in) and a base, which makes its times comparable with
 * those of other classes.
 *
 * Under pinning, and where a weight is more than its vCPUs can use, some fall
 * behind others for ever.  What they would be owed is forgotten beyond
 * SLACK_LAG quanta: within a class at the end of each run, between classes by
 * moving the base, which leaves the order inside of the class, and so its
 * weights, as it is.
 */
#include "sedf.h"

#define SLACK_LAG 4u

/* ns of CPU time in virtual time, with what the last division left over.
 * ns < 2^36, count <= 2^16, rest < 2^16: below 2^53. */
static uint64_t slack_stretch(const struct ration_vcpu *v, ration_ns ns, uint16_t *rest)
{
	uint32_t weight = v->dom->attr.weight, count = sedf_dom_of(v->dom)->slack_count;
	uint64_t sum = ns * (count == 0 ? 1 : count) + *rest;

	*rest = (uint16_t)(sum % weight);
	return sum / weight;
}

/* How far behind v another one may fall. */
static uint64_t slack_lag(const struct ration_vcpu *v)
{
	uint16_t rest = 0;

	return slack_stretch(v, SLACK_LAG * SEDF_QUANTUM_NS, &rest);
}

void ration_sedf__advance(struct ration_vcpu *v, ration_ns ns)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	struct sedf_dom *dom = sedf_dom_of(v->dom);
	ration_ns pay = dom->debt_ns < SEDF_QUANTUM_NS ? dom->debt_ns : SEDF_QUANTUM_NS;

	if (sedf_is_server(v))
		pay = 0;                        /* its budgets pay */
	dom->debt_ns -= pay;
	ns = ns < SEDF_RUN_MAX_NS - pay ? ns + pay : SEDF_RUN_MAX_NS;
	self->turn.key += slack_stretch(v, ns, &self->rest);
}

void ration_sedf__count(struct ration_vcpu *v, bool counted)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	struct sedf_dom *dom = sedf_dom_of(v->dom);

	if (((self->flags & SEDF_COUNTED) != 0) == counted)
		return;
	self->flags ^= SEDF_COUNTED;
	dom->slack_count += counted ? 1u : UINT32_MAX;
}

void ration_sedf__turn_set(struct ration *r, struct ration_vcpu *v, int64_t lag_ns)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	uint16_t rest = 0;
	bool owed = lag_ns > 0;
	uint64_t lag = slack_stretch(v, (ration_ns)(owed ? lag_ns : -lag_ns), &rest);

	self->turn_class = v->class_idx;
	self->turn.key = sedf_of(r)->clock[v->class_idx];
	self->turn.key += owed ? ~lag + 1 : lag;
}

/* Differences are kept below 2^40, and weights are below 2^16. */
int64_t ration_sedf__turn_lag(const struct ration *r, const struct ration_vcpu *v)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	const int64_t most = (int64_t)1 << 40;
	uint32_t count = sedf_dom_of(v->dom)->slack_count;
	int64_t lag = (int64_t)(sedf_of(r)->clock[self->turn_class] - self->turn.key);

	if (lag > most)
		lag = most;
	if (lag < -most)
		lag = -most;
	return lag * (int64_t)v->dom->attr.weight / (int64_t)(count == 0 ? 1 : count);
}

/* v's virtual time by the clock of the class that it is in now. */
static void slack_convert(const struct sedf *sedf, const struct ration_vcpu *v)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);

	self->turn.key += sedf->base[self->turn_class] - sedf->base[v->class_idx];
	self->turn_class = v->class_idx;
}

/* v, which is not queued, forgets what it is owed beyond the bound. */
static void slack_forget(const struct sedf *sedf, struct sedf_vcpu *self)
{
	struct heap_node *first = heap_first(&sedf->turns[0][self->turn_class]);
	uint64_t least;

	if (first == NULL)
		return;
	least = first->key - slack_lag(sedf_from_turn(first));
	if (heap_key_is_before(self->turn.key, least))
		self->turn.key = least;
}

void ration_sedf__turn_insert(struct ration *r, struct ration_vcpu *v, enum sedf_flag queue,
                              bool woke)
{
	struct sedf *sedf = sedf_of(r);
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	bool spare = queue == SEDF_SPARE;
	uint64_t key;

	slack_convert(sedf, v);
	if (!spare)
		slack_forget(sedf, self);
	key = self->turn.key;
	if (woke && heap_key_is_before(key, sedf->clock[v->class_idx]))
		key = sedf->clock[v->class_idx];
	ration_heap__insert(&sedf->turns[spare][v->class_idx], &self->turn, key);
	ration_classes_add(&sedf->waiting[spare], v->class_idx);
	self->flags |= (uint16_t)queue;
}

void ration_sedf__turn_remove(struct ration *r, struct ration_vcpu *v)
{
	struct sedf *sedf = sedf_of(r);
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	bool spare = (self->flags & SEDF_SPARE) != 0;
	struct heap *heap = &sedf->turns[spare][self->turn_class];

	ration_heap__remove(heap, &self->turn);
	if (heap->count == 0)
		ration_classes_remove(&sedf->waiting[spare], self->turn_class);
}

void ration_sedf__slack_start(struct ration *r, const struct ration_vcpu *v)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	uint64_t *clock = &sedf_of(r)->clock[self->turn_class];

	if (heap_key_is_before(*clock, self->turn.key))
		*clock = self->turn.key;
}

/* Virtual time, comparable between classes. */
static uint64_t slack_time(const struct sedf *sedf, const struct ration_vcpu *v)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);

	return self->turn.key + sedf->base[self->turn_class];
}

/* Walk the heads of the classes that are waiting and allowed. */
struct slack_range {
	struct ration_vcpu *least, *most;
	uint32_t count;            /* of all in those classes */
};

static void slack_widen(const struct sedf *sedf, struct slack_range *range, struct ration_vcpu *v)
{
	uint64_t time = slack_time(sedf, v);

	if (range->least == NULL || heap_key_is_before(time, slack_time(sedf, range->least)))
		range->least = v;
	if (range->most == NULL || heap_key_is_before(slack_time(sedf, range->most), time))
		range->most = v;
}

static void slack_heads(const struct ration *r, ration_cpu c, bool spare,
                        struct slack_range *range)
{
	const struct sedf *sedf = sedf_of(r);
	const struct ration_classes *allowed = &ration_cpu_get(r, c)->classes;

	for (uint32_t w = 0; w < RATION_CLASS_MAX / 64; w++) {
		uint64_t set = sedf->waiting[spare].word[w] & allowed->word[w];

		for (; set != 0; set &= set - 1) {
			uint32_t k = w * 64 + (uint32_t)__builtin_ctzll(set);

			slack_widen(sedf, range, sedf_from_turn(heap_first(&sedf->turns[spare][k])));
			range->count += sedf->turns[spare][k].count;
		}
	}
}

/* A class may be owed SLACK_LAG quanta of the one that is furthest, not more. */
static void slack_catch_up(struct sedf *sedf, const struct slack_range *range)
{
	uint32_t k = sedf_vcpu_of(range->least)->turn_class;
	uint64_t behind = slack_time(sedf, range->most) - slack_time(sedf, range->least);
	uint64_t lag = slack_lag(range->most);

	if (behind > lag && sedf_vcpu_of(range->most)->turn_class != k)
		sedf->base[k] += behind - lag;
}

struct ration_vcpu *ration_sedf__slack_next(struct ration *r, ration_cpu c,
                                            struct ration_vcpu *cur)
{
	struct sedf *sedf = sedf_of(r);
	struct slack_range range = { NULL, NULL, 0 };

	if (cur != NULL) {
		slack_forget(sedf, sedf_vcpu_of(cur));
		slack_widen(sedf, &range, cur);
	}
	slack_heads(r, c, false, &range);
	if (range.least != NULL)
		slack_catch_up(sedf, &range);
	return range.least;
}

struct ration_vcpu *ration_sedf__spare_next(const struct ration *r, ration_cpu c)
{
	struct slack_range range = { NULL, NULL, 0 };

	slack_heads(r, c, true, &range);
	return range.least;
}

bool ration_sedf__slack_waits(const struct ration *r, ration_cpu c,
                              const struct ration_vcpu *except)
{
	struct slack_range range = { NULL, NULL, 0 };
	bool own = except != NULL && (sedf_vcpu_of(except)->flags & SEDF_SLACK) != 0;

	slack_heads(r, c, false, &range);
	return range.count > own;
}
