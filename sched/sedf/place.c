/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which server goes on which CPU: admission, by partitioning, then by splitting.
 *
 * First only those are placed that are new, changed or lost their CPU: whole,
 * where most is left, or else split.  If one finds no room, all are placed anew,
 * largest first, in a few orders: whole, then with long slots, then with short
 * ones.  The last order fills one CPU after the other and splits whatever
 * straddles two, as McNaughton's rule does.  The present placement holds if that
 * fails too.
 *
 * Shares are counted in 2^-60 of a CPU and rounded down, so that whatever sums
 * to 1 exactly fits.  The price: n servers may sum to 1 + n * 2^-60.  They are
 * late by less than n * t * 2^-60 after t of uninterrupted load, for a thousand
 * servers one nanosecond in 13 days.
 */
#include "sedf.h"

#define PLACE_NO_SLOT  UINT32_MAX
#define PLACE_WHOLE_NS 1u          /* a slot too short for any window: nobody is split */

/* ---- Who has to be placed ----------------------------------------------- */

/* What was placed and stays so. */
static void place_keep(const struct ration *r, const struct sedf_dom *ask,
                       struct sedf_plan_item *item, struct sedf_plan *plan)
{
	struct sedf_plan_cpu *cpu = &plan->cpu[item->home];

	if (item->peer != SEDF_HOME_NONE) {
		cpu->window[SEDF_TAIL] = sedf_cpu_of(r, item->home)->window[SEDF_TAIL].length_ns;
		plan->cpu[item->peer].window[SEDF_HEAD] =
		        sedf_cpu_of(r, item->peer)->window[SEDF_HEAD].length_ns;
		plan->slot_ns = sedf_of(r)->slot_ns;
		return;
	}
	cpu->used += ask->share;
	if (ask->first_ns < cpu->least_ns)
		cpu->least_ns = ask->first_ns;
}

static void place_mark(const struct ration *r, bool active, const struct ration_vcpu *v,
                       struct sedf_plan *plan)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	const struct sedf_dom *dom = sedf_dom_of(v->dom);
	struct sedf_plan_item *item = &plan->item[v->slot];
	bool known = active && (self->flags & SEDF_JOINED) != 0, same, placed;
	uint32_t narrow = RATION_CPU_MAX - ration_cpuset_count(sedf_allowed(r, v));
	struct sedf_dom ask;

	ration_sedf__ask(r, &v->dom->attr, &ask);
	same = known && dom->share == ask.share && dom->first_ns == ask.first_ns;
	placed = known && ration_cpuset_has(sedf_allowed(r, v), self->home) &&
	         (!sedf_is_split(v) || ration_cpuset_has(sedf_allowed(r, v), self->peer));
	item->mark = SEDF_MARK_SERVER | narrow << 24 |
	             (uint32_t)((ask.share < SEDF_ONE ? ask.share : SEDF_ONE) >> 45) << 8;
	if (placed) {
		item->home = self->home;
		item->peer = self->peer;
	}
	if (same && placed)
		place_keep(r, &ask, item, plan);
	else if (same && self->home == SEDF_HOME_NONE)
		item->mark |= SEDF_MARK_TODO;
	else
		item->mark |= SEDF_MARK_TODO | SEDF_MARK_MUST | SEDF_MARK_VARIES;
}

/* No server is placed. */
static void place_clear(const struct ration *r, struct sedf_plan *plan, ration_ns slot_ns)
{
	struct sedf_plan_cpu none = { .least_ns = SEDF_PERIOD_MAX_NS };
	struct sedf_dom reserve;

	plan->overhead_ns = 3 * (uint32_t)ration_margins_get(r)->overhead_ns / 2;
	plan->slot_ns = slot_ns;
	plan->anew = false;
	plan->opened = 0;
	ration_sedf__reserve(r, &reserve);
	none.used = reserve.share;
	if (reserve.slice_ns != 0)
		none.least_ns = reserve.period_ns;
	for (ration_cpu c = 0; c < RATION_CPU_MAX; c++)
		plan->cpu[c] = none;
}

static void place_collect(const struct ration *r, bool active, ration_ns slot_ns,
                          struct sedf_plan *plan)
{
	const uint32_t count = ration_limits_get(r)->vcpu_count;

	place_clear(r, plan, slot_ns);
	for (uint32_t i = 0; i < count; i++) {
		const struct ration_vcpu *v = ration_vcpu_slot(r, i);

		plan->item[i].home = plan->item[i].peer = SEDF_HOME_NONE;
		plan->item[i].mark = 0;
		if (v != NULL && v->dom->attr.slice_ns != 0)
			place_mark(r, active, v, plan);
	}
}

/* ---- In which order ------------------------------------------------------ */

static bool place_is_before(const struct sedf_plan *plan, uint32_t a, uint32_t b)
{
	uint32_t x = plan->item[a].mark, y = plan->item[b].mark;

	return x != y ? x > y : a < b;
}

/* Shell's sort with Knuth's gaps 1, 4, 13, ...: in place, and O(n * sqrt(n)). */
static void place_sort(struct sedf_plan *plan)
{
	struct sedf_plan_item *item = plan->item;

	for (uint32_t gap = 29524; gap > 0; gap /= 3)
		for (uint32_t i = gap; i < plan->count; i++) {
			uint16_t slot = item[i].order;
			uint32_t at = i;

			for (; at >= gap && place_is_before(plan, slot, item[at - gap].order); at -= gap)
				item[at].order = item[at - gap].order;
			item[at].order = slot;
		}
}

/* ---- Where --------------------------------------------------------------- */

/* Where v would rather be: where it is, then its soft affinity. */
static ration_cpuset place_preferred(const struct ration *r, const struct ration_vcpu *v,
                                     const struct sedf_plan_item *item)
{
	return item->home != SEDF_HOME_NONE ? ration_cpuset_of(item->home) :
	                                      ration_affinity_choose(v->affinity, sedf_allowed(r, v));
}

/* Place those in order.  plan->failed is the first that must be and cannot, or
 * PLACE_NO_SLOT; the rest is placed all the same. */
static bool place_all(const struct ration *r, struct sedf_plan *plan, enum sedf_fit fit)
{
	plan->failed = PLACE_NO_SLOT;
	place_sort(plan);
	for (uint32_t i = 0; i < plan->count; i++) {
		uint32_t slot = plan->item[i].order;
		struct sedf_plan_item *item = &plan->item[slot];
		const struct ration_vcpu *v = ration_vcpu_slot(r, slot);
		struct sedf_dom ask;

		ration_sedf__ask(r, &v->dom->attr, &ask);
		if (!ration_sedf__fit(plan, &ask, sedf_allowed(r, v), place_preferred(r, v, item), fit,
		                      item) &&
		    (item->mark & SEDF_MARK_MUST) != 0 && plan->failed == PLACE_NO_SLOT)
			plan->failed = slot;
	}
	return plan->failed == PLACE_NO_SLOT;
}

/* Place what place_collect() found to do. */
static bool place_some(const struct ration *r, struct sedf_plan *plan)
{
	const uint32_t count = ration_limits_get(r)->vcpu_count;

	plan->count = 0;
	for (uint32_t i = 0; i < count; i++)
		if ((plan->item[i].mark & SEDF_MARK_TODO) != 0)
			plan->item[plan->count++].order = (uint16_t)i;
	return place_all(r, plan, SEDF_FIT_WORST);
}

/* Place everything anew. */
static bool place_anew(const struct ration *r, struct sedf_plan *plan, enum sedf_fit fit,
                       ration_ns slot_ns)
{
	const uint32_t count = ration_limits_get(r)->vcpu_count;

	place_clear(r, plan, slot_ns);
	plan->anew = true;
	plan->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct sedf_plan_item *item = &plan->item[i];

		if (item->mark == 0)
			continue;
		if ((item->mark & SEDF_MARK_TODO) == 0)
			item->mark |= SEDF_MARK_MUST;
		item->home = item->peer = SEDF_HOME_NONE;
		plan->item[plan->count++].order = (uint16_t)i;
	}
	return place_all(r, plan, fit);
}

bool ration_sedf__plan(const struct ration *r, bool active, struct sedf_plan *plan)
{
	static const ration_ns slots[] = { PLACE_WHOLE_NS, SEDF_SLOT_LONG_NS, SEDF_SLOT_SHORT_NS };

	for (uint32_t s = 1; s < 3; s++) {
		place_collect(r, active, slots[s], plan);
		if (place_some(r, plan))
			return true;
	}
	for (uint32_t i = 0; i < 3 * SEDF_FIT_COUNT; i++)
		if (place_anew(r, plan, (enum sedf_fit)(i % SEDF_FIT_COUNT), slots[i / SEDF_FIT_COUNT]))
			return true;
	place_collect(r, active, SEDF_SLOT_SHORT_NS, plan);
	return place_some(r, plan);
}

void ration_sedf__plan_without(const struct ration *r, bool active, const struct ration_dom *except,
                               struct sedf_plan *plan)
{
	place_collect(r, active, SEDF_SLOT_SHORT_NS, plan);
	for (const struct ration_vcpu *v = except->first; v != NULL; v = v->next)
		if ((plan->item[v->slot].mark & SEDF_MARK_VARIES) != 0)
			plan->item[v->slot].mark &= ~(uint32_t)SEDF_MARK_TODO;
	(void)place_some(r, plan);
}
