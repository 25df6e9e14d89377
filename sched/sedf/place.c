/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which server fits on which CPU: admission, by partitioning.
 *
 * Earliest deadline first on one CPU misses no deadline as long as the shares
 * on it sum to at most 1 (Liu & Layland), so a set is promised if each server
 * finds a CPU with room.  First only those are placed that are new, changed or
 * lost their CPU, each where most is left.  If one finds no room, all are
 * placed anew, largest first, in a few orders; the present placement holds if
 * that fails too.
 *
 * Shares are counted in 2^-60 of a CPU and rounded down, so that whatever sums
 * to 1 exactly fits.  The price: n servers may sum to 1 + n * 2^-60.  They are
 * late by less than n * t * 2^-60 after t of uninterrupted load, for a thousand
 * servers one nanosecond in 13 days.
 */
#include "sedf.h"

#define PLACE_NO_SLOT UINT32_MAX

enum place_mark {
	PLACE_SERVER = 1u << 0,
	PLACE_TODO = 1u << 1,      /* has no CPU in the plan yet */
	PLACE_MUST = 1u << 2,      /* else the plan fails; not so what had no CPU before */
	PLACE_VARIES = 1u << 3     /* it is new, or its share or CPU changes */
};

enum place_fit { PLACE_BEST, PLACE_FIRST, PLACE_WORST };

struct place_rule {
	enum place_fit fit;
	bool narrow_first;         /* those with the fewest CPUs to choose from, then the largest */
};

static uint64_t place_share(const struct ration_vcpu *v)
{
	return ration_sedf__share(v->dom->attr.slice_ns, v->dom->attr.period_ns);
}

static ration_cpuset place_allowed(const struct ration *r, const struct ration_vcpu *v)
{
	return v->affinity.hard & ration_cpu_online(r);
}

/* ---- Who has to be placed ----------------------------------------------- */

static void place_mark(const struct ration *r, bool active, const struct ration_vcpu *v,
                       struct sedf_plan *plan)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	struct sedf_plan_item *item = &plan->item[v->slot];
	bool known = active && (self->flags & SEDF_JOINED) != 0;
	uint64_t share = place_share(v);
	bool same = known && sedf_dom_of(v->dom)->share == share;
	uint8_t home = known ? self->home : (uint8_t)SEDF_HOME_NONE;

	item->coarse = (uint16_t)(share >> 45);
	item->mark = PLACE_SERVER;
	if (ration_cpuset_has(place_allowed(r, v), home))
		item->home = home;
	if (same && item->home != SEDF_HOME_NONE)
		plan->used[home] += share;
	else if (same && home == SEDF_HOME_NONE)
		item->mark |= PLACE_TODO;
	else
		item->mark |= PLACE_TODO | PLACE_MUST | PLACE_VARIES;
}

/* What changed its share stays where it is, if it can. */
static void place_stay(const struct ration_vcpu *v, struct sedf_plan *plan)
{
	struct sedf_plan_item *item = &plan->item[v->slot];

	if ((item->mark & PLACE_VARIES) == 0 || item->home == SEDF_HOME_NONE)
		return;
	if (place_share(v) <= SEDF_ONE - plan->used[item->home]) {
		plan->used[item->home] += place_share(v);
		item->mark &= (uint8_t)~PLACE_TODO;
	} else {
		item->home = SEDF_HOME_NONE;
	}
}

static void place_collect(const struct ration *r, bool active, struct sedf_plan *plan)
{
	const uint32_t count = ration_limits_get(r)->vcpu_count;

	for (ration_cpu c = 0; c < RATION_CPU_MAX; c++)
		plan->used[c] = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct ration_vcpu *v = ration_vcpu_slot(r, i);

		plan->item[i].home = SEDF_HOME_NONE;
		plan->item[i].mark = 0;
		if (v != NULL && v->dom->attr.slice_ns != 0)
			place_mark(r, active, v, plan);
	}
	for (uint32_t i = 0; i < count; i++)
		if (plan->item[i].mark != 0)
			place_stay(ration_vcpu_slot(r, i), plan);
}

/* ---- In which order ------------------------------------------------------ */

static bool place_is_before(const struct ration *r, const struct sedf_plan *plan,
                            const struct place_rule *rule, uint32_t a, uint32_t b)
{
	const struct sedf_plan_item *x = &plan->item[a], *y = &plan->item[b];
	const struct ration_vcpu *v = ration_vcpu_slot(r, a), *w = ration_vcpu_slot(r, b);
	uint8_t must = (x->mark ^ y->mark) & PLACE_MUST;

	if (must != 0)
		return (x->mark & PLACE_MUST) != 0;
	if (rule->narrow_first) {
		uint32_t m = ration_cpuset_count(place_allowed(r, v));
		uint32_t n = ration_cpuset_count(place_allowed(r, w));

		if (m != n)
			return m < n;
	}
	if (x->coarse != y->coarse)
		return x->coarse > y->coarse;
	if (place_share(v) != place_share(w))
		return place_share(v) > place_share(w);
	return a < b;
}

/* order[at] sinks in the heap order[0..count-1], whose root is the last of all. */
static void place_sink(const struct ration *r, struct sedf_plan *plan,
                       const struct place_rule *rule, uint32_t at, uint32_t count)
{
	uint32_t slot = plan->item[at].order, child;

	for (child = 2 * at + 1; child < count; child = 2 * at + 1) {
		if (child + 1 < count && place_is_before(r, plan, rule, plan->item[child].order,
		                                         plan->item[child + 1].order))
			child++;
		if (!place_is_before(r, plan, rule, slot, plan->item[child].order))
			break;
		plan->item[at].order = plan->item[child].order;
		at = child;
	}
	plan->item[at].order = slot;
}

/* Heap sort: in place, and O(n log n) whatever the order before. */
static void place_sort(const struct ration *r, struct sedf_plan *plan,
                       const struct place_rule *rule)
{
	for (uint32_t i = plan->count / 2; i > 0; i--)
		place_sink(r, plan, rule, i - 1, plan->count);
	for (uint32_t i = plan->count; i > 1; i--) {
		uint32_t last = plan->item[0].order;

		plan->item[0].order = plan->item[i - 1].order;
		plan->item[i - 1].order = last;
		place_sink(r, plan, rule, 0, i - 1);
	}
}

/* ---- Where --------------------------------------------------------------- */

static ration_cpu place_choose(const struct sedf_plan *plan, ration_cpuset set, uint64_t share,
                               enum place_fit fit)
{
	ration_cpu best = RATION_CPU_NONE;

	for (; set != 0; set = ration_cpuset_rest(set)) {
		ration_cpu c = ration_cpuset_first(set);

		if (share > SEDF_ONE - plan->used[c])
			continue;
		if (best == RATION_CPU_NONE || (fit == PLACE_BEST && plan->used[c] > plan->used[best]) ||
		    (fit == PLACE_WORST && plan->used[c] < plan->used[best]))
			best = c;
	}
	return best;
}

/* Place those in order; returns the first that must be and cannot, or
 * PLACE_NO_SLOT.  `soft`: soft affinity is looked at first. */
static uint32_t place_all(const struct ration *r, struct sedf_plan *plan,
                          const struct place_rule *rule, bool soft)
{
	uint32_t failed = PLACE_NO_SLOT;

	place_sort(r, plan, rule);
	for (uint32_t i = 0; i < plan->count; i++) {
		uint32_t slot = plan->item[i].order;
		struct sedf_plan_item *item = &plan->item[slot];
		const struct ration_vcpu *v = ration_vcpu_slot(r, slot);
		ration_cpuset allowed = place_allowed(r, v);
		uint64_t share = place_share(v);
		ration_cpu c = RATION_CPU_NONE;

		if (soft)
			c = place_choose(plan, ration_affinity_choose(v->affinity, allowed), share,
			                 rule->fit);
		if (c == RATION_CPU_NONE)
			c = place_choose(plan, allowed, share, rule->fit);
		if (c != RATION_CPU_NONE) {
			item->home = (uint8_t)c;
			plan->used[c] += share;
		} else if ((item->mark & PLACE_MUST) != 0 && failed == PLACE_NO_SLOT) {
			failed = slot;
		}
	}
	return failed;
}

/* Place what place_collect() found to do. */
static bool place_some(const struct ration *r, struct sedf_plan *plan)
{
	const uint32_t count = ration_limits_get(r)->vcpu_count;
	const struct place_rule rule = { PLACE_WORST, false };

	plan->count = 0;
	for (uint32_t i = 0; i < count; i++)
		if ((plan->item[i].mark & PLACE_TODO) != 0)
			plan->item[plan->count++].order = i;
	plan->failed = place_all(r, plan, &rule, true);
	return plan->failed == PLACE_NO_SLOT;
}

/* Place everything anew. */
static bool place_anew(const struct ration *r, struct sedf_plan *plan,
                       const struct place_rule *rule)
{
	const uint32_t count = ration_limits_get(r)->vcpu_count;

	plan->count = 0;
	for (ration_cpu c = 0; c < RATION_CPU_MAX; c++)
		plan->used[c] = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct sedf_plan_item *item = &plan->item[i];

		if (item->mark == 0)
			continue;
		if ((item->mark & PLACE_TODO) == 0)
			item->mark |= PLACE_MUST;
		item->home = SEDF_HOME_NONE;
		plan->item[plan->count++].order = i;
	}
	return place_all(r, plan, rule, false) == PLACE_NO_SLOT;
}

bool ration_sedf__plan(const struct ration *r, bool active, struct sedf_plan *plan)
{
	static const struct place_rule rules[] = {
		{ PLACE_BEST, false }, { PLACE_FIRST, false }, { PLACE_BEST, true }, { PLACE_WORST, true },
	};

	place_collect(r, active, plan);
	if (place_some(r, plan))
		return true;
	for (uint32_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (place_anew(r, plan, &rules[i]))
			return true;
	place_collect(r, active, plan);
	return place_some(r, plan);
}

/* ---- Why not -------------------------------------------------------------- */

/* share * 10^6: by 20 bits less, so that it does not wrap (2^40 * 2^20). */
static uint64_t place_ppm_floor(uint64_t share)
{
	return ((share >> 20) * RATION_PPM) >> 40;
}

static uint64_t place_ppm_ceil(uint64_t share)
{
	uint64_t ppm = place_ppm_floor(share);

	return ration_sedf__share(ppm, RATION_PPM) < share ? ppm + 1 : ppm;
}

/* Could the vCPUs of d that vary have that share each, all else staying? */
static bool place_fits(const struct ration *r, struct sedf_plan *plan, const struct ration_dom *d,
                       uint64_t share)
{
	bool fits = true;

	for (const struct ration_vcpu *v = d->first; v != NULL && fits; v = v->next) {
		struct sedf_plan_item *item = &plan->item[v->slot];
		ration_cpu c;

		if ((item->mark & PLACE_VARIES) == 0)
			continue;
		c = place_choose(plan, place_allowed(r, v), share, PLACE_WORST);
		fits = c != RATION_CPU_NONE;
		item->home = fits ? (uint8_t)c : (uint8_t)SEDF_HOME_NONE;
		if (fits)
			plan->used[c] += share;
	}
	for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next) {
		struct sedf_plan_item *item = &plan->item[v->slot];

		if ((item->mark & PLACE_VARIES) == 0 || item->home == SEDF_HOME_NONE)
			continue;
		plan->used[item->home] -= share;
		item->home = SEDF_HOME_NONE;
	}
	return fits;
}

/* The largest share that the vCPUs of d that vary could have, in ppm. */
static uint64_t place_largest(const struct ration *r, struct sedf_plan *plan,
                              const struct ration_dom *d)
{
	uint64_t low = 0, high = RATION_PPM;

	for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next) {
		struct sedf_plan_item *item = &plan->item[v->slot];

		if ((item->mark & PLACE_VARIES) == 0 || item->home == SEDF_HOME_NONE)
			continue;
		plan->used[item->home] -= place_share(v);
		item->home = SEDF_HOME_NONE;
	}
	while (low < high) {                    /* 20 steps */
		uint64_t ppm = (low + high + 1) / 2;

		if (place_fits(r, plan, d, ration_sedf__share(ppm, RATION_PPM)))
			low = ppm;
		else
			high = ppm - 1;
	}
	return low;
}

/* What d has on those CPUs, in 2^-52: 2^16 vCPUs do not wrap. */
static uint64_t place_holds(const struct sedf_plan *plan, const struct ration_dom *d,
                            ration_cpuset cpus)
{
	uint64_t sum = 0;

	for (const struct ration_vcpu *v = d->first; v != NULL; v = v->next)
		if ((plan->item[v->slot].mark & PLACE_VARIES) == 0 &&
		    ration_cpuset_has(cpus, plan->item[v->slot].home))
			sum += place_share(v) >> 8;
	return sum;
}

static void place_holders(const struct ration *r, const struct sedf_plan *plan,
                          struct ration_refusal *why)
{
	const uint32_t count = ration_limits_get(r)->dom_count;
	uint64_t held[RATION_HOLDERS_MAX];

	why->holder_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct ration_dom *d = ration_dom_slot(r, i);
		uint64_t sum = d == NULL ? 0 : place_holds(plan, d, why->cpus);
		uint32_t at = why->holder_count;

		if (sum == 0 || (at == RATION_HOLDERS_MAX && sum <= held[at - 1]))
			continue;
		if (at < RATION_HOLDERS_MAX)
			why->holder_count++;
		else
			at--;
		for (; at > 0 && held[at - 1] < sum; at--) {
			held[at] = held[at - 1];
			why->holder[at] = why->holder[at - 1];
		}
		held[at] = sum;
		why->holder[at] = d->id;
	}
}

static void place_explain(const struct ration *r, bool active, struct sedf_plan *plan,
                          struct ration_refusal *why)
{
	const struct ration_vcpu *v = ration_vcpu_slot(r, plan->failed);
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	ration_cpuset allowed = place_allowed(r, v);
	uint64_t room = 0;

	for (ration_cpuset s = allowed; s != 0; s = ration_cpuset_rest(s)) {
		uint64_t left = SEDF_ONE - plan->used[ration_cpuset_first(s)];

		room = left > room ? left : room;
	}
	why->reason = RATION_REFUSED_DEADLINE;
	if (active && (self->flags & SEDF_JOINED) != 0 &&
	    ration_cpuset_has(v->affinity.hard & ~ration_cpu_online(r), self->home))
		why->reason = RATION_REFUSED_CPU;
	why->cpus = allowed != 0 ? allowed : v->affinity.hard;
	why->missing_ppm = place_ppm_ceil(place_share(v) - room);
	place_holders(r, plan, why);
	why->fit_ppm = place_largest(r, plan, v->dom);
}

int ration_sedf__admit(const struct ration *r, bool active, void *scratch,
                       struct ration_refusal *why)
{
	struct sedf_plan *plan = scratch;

	if (ration_sedf__plan(r, active, plan))
		return RATION_OK;
	place_explain(r, active, plan, why);
	return RATION_E_CAPACITY;
}
