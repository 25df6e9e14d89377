/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a CPU can promise, and how a vCPU is split over two.
 *
 * A constant bandwidth server wants at most share * t of any time t, from its
 * next period on and whenever it sleeps and wakes.  Windows of W in each slot
 * of S leave (1 - W/S) * (t - W) of any time t to the servers at home beside
 * them, if the two windows meet at the slot's end.  So all deadlines are met where
 *
 *      the sum of the shares  <=  (1 - W/S) * (1 - W/P),
 *
 * P: the shortest period of them.  Without windows that is Liu & Layland's 1.
 *
 * A split vCPU has its windows, r * S in each slot, for itself: what it gets of
 * any time t is at least r * (t - (1 - r) * S).  For its share u of its shortest
 * period T that has to be u * T.  With r = u + 4/3 * u * (1 - u) * S/T it is, as
 * long as S <= T/4: r - r * (1 - r) * S/T grows by at least 1 - S/T >= 3/4 for
 * each 1 of r, and is u less u * (1 - u) * S/T at u.
 */
#include "sedf.h"

#define FIT_ONE ((uint64_t)1 << 30)        /* a whole CPU, where 30 bits are enough */

/* The sum of shares that fits beside windows of that length. */
static uint64_t fit_limit(const struct sedf_plan *plan, uint32_t gone_ns, ration_ns least_ns)
{
	uint64_t left, lost;

	if (gone_ns == 0)
		return SEDF_ONE;
	if (gone_ns >= plan->slot_ns || gone_ns >= least_ns)
		return 0;
	left = ration_sedf__share(plan->slot_ns - gone_ns, plan->slot_ns);
	lost = (ration_sedf__scale(left >> 28, gone_ns, least_ns) + 1) << 28;
	return lost < left ? left - lost : 0;
}

uint64_t ration_sedf__room(const struct sedf_plan *plan, ration_cpu c, ration_ns least_ns)
{
	const struct sedf_plan_cpu *cpu = &plan->cpu[c];
	uint64_t limit = fit_limit(plan, cpu->window[SEDF_HEAD] + cpu->window[SEDF_TAIL],
	                           least_ns < cpu->least_ns ? least_ns : cpu->least_ns);

	return cpu->used < limit ? limit - cpu->used : 0;
}

/* ---- Whole --------------------------------------------------------------- */

static bool fit_whole(struct sedf_plan *plan, const struct sedf_dom *ask, ration_cpuset set,
                      enum sedf_fit fit, struct sedf_plan_item *item)
{
	ration_cpu best = RATION_CPU_NONE;
	uint64_t best_room = 0;

	for (; set != 0; set = ration_cpuset_rest(set)) {
		ration_cpu c = ration_cpuset_first(set);
		uint64_t room = ration_sedf__room(plan, c, ask->first_ns);

		if (ask->share > room)
			continue;
		if (best == RATION_CPU_NONE || (fit == SEDF_FIT_BEST && room < best_room) ||
		    (fit == SEDF_FIT_WORST && room > best_room)) {
			best = c;
			best_room = room;
		}
	}
	if (best == RATION_CPU_NONE)
		return false;
	plan->cpu[best].used += ask->share;
	if (ask->first_ns < plan->cpu[best].least_ns)
		plan->cpu[best].least_ns = ask->first_ns;
	plan->opened |= ration_cpuset_of(best);
	item->home = (uint8_t)best;
	return true;
}

/* ---- Split ---------------------------------------------------------------- */

/* How long one more window could be. */
static uint32_t fit_window(const struct sedf_plan *plan, const struct sedf_plan_cpu *cpu)
{
	uint32_t taken = cpu->window[SEDF_HEAD] + cpu->window[SEDF_TAIL];
	uint32_t low = taken, high = (uint32_t)plan->slot_ns;

	while (low < high) {                    /* 21 steps */
		uint32_t mid = (low + high + 1) / 2;

		if (cpu->used <= fit_limit(plan, mid, cpu->least_ns))
			low = mid;
		else
			high = mid - 1;
	}
	return low - taken;
}

/* What both windows have to be together; the share is at most a whole CPU, the
 * slot below 2^21 ns: 2^30 * 2^21. */
static uint32_t fit_both(const struct sedf_plan *plan, const struct sedf_dom *ask)
{
	uint64_t part = (ask->share >> 30) + 1;
	uint64_t spare = part < FIT_ONE ? FIT_ONE - part : 0;

	part += ration_sedf__scale(part * spare >> 30, plan->slot_ns, ask->first_ns) * 4 / 3 + 2;
	return (uint32_t)(part * plan->slot_ns >> 30) + 1 + 2 * plan->overhead_ns;
}

/* Two CPUs that have as little more than that as possible. */
static bool fit_pair(struct sedf_plan *plan, uint32_t both_ns, ration_cpuset from, ration_cpuset to,
                     struct sedf_plan_item *item)
{
	const uint32_t least_ns = (uint32_t)SEDF_WINDOW_NS + plan->overhead_ns;
	uint32_t best_ns = UINT32_MAX, tail_ns;

	if (both_ns > plan->slot_ns || both_ns < 2 * least_ns)
		return false;
	for (ration_cpuset s = from | to; s != 0; s = ration_cpuset_rest(s)) {
		ration_cpu c = ration_cpuset_first(s);

		plan->cpu[c].room_ns = fit_window(plan, &plan->cpu[c]);
		if (plan->cpu[c].room_ns < least_ns || plan->cpu[c].window[SEDF_TAIL] != 0)
			from &= ~ration_cpuset_of(c);
		if (plan->cpu[c].room_ns < least_ns || plan->cpu[c].window[SEDF_HEAD] != 0)
			to &= ~ration_cpuset_of(c);
	}
	for (; from != 0; from = ration_cpuset_rest(from)) {
		ration_cpu home = ration_cpuset_first(from);

		for (ration_cpuset s = to & ~ration_cpuset_of(home); s != 0; s = ration_cpuset_rest(s)) {
			ration_cpu peer = ration_cpuset_first(s);
			uint32_t sum_ns = plan->cpu[home].room_ns + plan->cpu[peer].room_ns;

			if (sum_ns < both_ns || sum_ns >= best_ns)
				continue;
			best_ns = sum_ns;
			item->home = (uint8_t)home;
			item->peer = (uint8_t)peer;
		}
	}
	if (best_ns == UINT32_MAX)
		return false;
	tail_ns = plan->cpu[item->home].room_ns;
	if (tail_ns > both_ns - least_ns)
		tail_ns = both_ns - least_ns;
	plan->cpu[item->home].window[SEDF_TAIL] = tail_ns;
	plan->cpu[item->peer].window[SEDF_HEAD] = both_ns - tail_ns;
	return true;
}

static bool fit_split(struct sedf_plan *plan, const struct sedf_dom *ask, ration_cpuset from,
                      ration_cpuset to, struct sedf_plan_item *item)
{
	return ask->share <= SEDF_ONE && 4 * plan->slot_ns <= ask->first_ns &&
	       fit_pair(plan, fit_both(plan, ask), from, to, item);
}

bool ration_sedf__fit(struct sedf_plan *plan, const struct sedf_dom *ask, ration_cpuset allowed,
                      ration_cpuset preferred, enum sedf_fit fit, struct sedf_plan_item *item)
{
	ration_cpuset opened = allowed & plan->opened, next = allowed & ~plan->opened;

	item->home = item->peer = SEDF_HOME_NONE;
	next &= ~next + 1;
	if (fit == SEDF_FIT_WRAP) {
		if (fit_whole(plan, ask, opened, fit, item))
			return true;
		if (fit_split(plan, ask, opened, next, item)) {
			plan->opened |= next;
			return true;
		}
	}
	return fit_whole(plan, ask, preferred, fit, item) ||
	       fit_whole(plan, ask, allowed, fit, item) ||
	       fit_split(plan, ask, allowed, allowed, item);
}
