/* SPDX-License-Identifier: BSD-2-Clause */
/* The level of each part: the highest at which its domains together do not take
 * more than there is.  Newton's method within brackets: what they take is a
 * sum of straight lines, each cut off below and above. */
#include "entitle.h"

/* Sweeps after which every other one halves the bracket. */
#define LEVEL_PATIENCE 12u

static uint64_t level_max(const struct ration_entitle *e)
{
	return e->floors ? LEVEL_MAX_FLOORS : LEVEL_MAX;
}

static uint32_t level_shift(const struct ration_entitle *e)
{
	return e->floors ? LEVEL_SHIFT_FLOORS : LEVEL_SHIFT;
}

/* What rises with the level. */
static uint32_t level_weight(const struct ration_entitle *e, const struct entitle_dom *d)
{
	return e->floors ? d->floor : d->weight;
}

static uint32_t level_least(const struct entitle_dom *d)
{
	return d->least > d->outside ? d->least : d->outside;
}

uint32_t ration_entitle__amount(const struct ration_entitle *e, const struct entitle_dom *d,
                                uint64_t level)
{
	uint64_t amount = level_weight(e, d) * level >> level_shift(e);    /* see LEVEL_MAX */

	if (amount >= d->most)
		return d->most;
	return amount > level_least(d) ? (uint32_t)amount : level_least(d);
}

void ration_entitle__level_begin(struct ration_entitle *e, struct entitle_part *p)
{
	p->state = PART_LEVEL;
	p->level = p->above = level_max(e);
	p->below = 0;
	p->sum = 0;
	p->slope = p->rising = 0;
	p->pass_count = 0;
}

/* Sums of at most 4,096 amounts below 2^32, or weights, which floors can be: below 2^44. */
void ration_entitle__level_visit(struct ration_entitle *e, struct entitle_dom *d)
{
	struct entitle_part *p = &e->part[d->part];
	uint32_t amount = ration_entitle__amount(e, d, p->level);

	p->sum += (int64_t)amount - d->outside;
	/* The first sweep is to tell where the second should be. */
	if (p->pass_count == 0 || (amount > level_least(d) && amount < d->most)) {
		p->slope += level_weight(e, d);
		p->rising++;
	}
}

/* In the middle of the bracket; by magnitude, while it is wide. */
static uint64_t level_middle(const struct entitle_part *p)
{
	if (p->above >> 8 > p->below)
		return p->above >> 8;
	return p->below + (p->above - p->below) / 2;
}

/* How much the level must rise for so much more, which is below 2^44: shifted by
 * 16, below 2^60.  Were a small floor alone to rise, the result could wrap: it is
 * a guess, and the bracket judges it. */
static uint64_t level_of(const struct entitle_part *p, int64_t amount, uint32_t shift)
{
	return ((uint64_t)amount << LEVEL_SHIFT) / p->slope << (shift - LEVEL_SHIFT);
}

/* Where the straight line through what was just measured meets the room. */
static uint64_t level_newton(const struct entitle_part *p, uint32_t shift)
{
	int64_t lacks = p->room - p->sum;

	if (p->slope == 0)
		return p->above;
	if (p->pass_count == 0)
		return level_of(p, p->room, shift);
	if (lacks >= 0)
		return p->level + level_of(p, lacks, shift);
	return p->level - level_of(p, -lacks, shift) - 1;
}

/* The level after p->level, which was measured; false if that is the one. */
static bool level_go_on(struct entitle_part *p, uint64_t max, uint32_t shift)
{
	uint64_t next;

	if (p->sum <= p->room) {
		p->below = p->level;
		/* What each domain lost by rounding is not worth a sweep. */
		if (p->level == max || p->room - p->sum <= p->rising)
			return false;
	} else {
		p->above = p->level;
	}
	if (p->above - p->below <= 1) {
		p->level = p->below;
		return false;
	}
	next = level_newton(p, shift);
	if (next <= p->below || next >= p->above ||
	    (p->pass_count > LEVEL_PATIENCE && p->pass_count % 2 == 0))
		next = level_middle(p);
	p->level = next;
	p->pass_count++;
	p->sum = 0;
	p->slope = p->rising = 0;
	return true;
}

bool ration_entitle__level_next(struct ration_entitle *e)
{
	bool again = false;

	for (uint32_t i = 0; i < e->part_count; i++) {
		struct entitle_part *p = &e->part[i];

		if (p->state != PART_LEVEL)
			continue;
		if (level_go_on(p, level_max(e), level_shift(e)))
			again = true;
		else
			p->state = PART_FLOW;
	}
	return again;
}

uint64_t ration_entitle_level_ppb(const struct ration_entitle *e, uint32_t slot,
                                  ration_cpuset hard)
{
	const struct entitle_dom *d = &e->dom[slot];
	uint32_t k = ration_entitle__class_find(e, hard & e->online);

	RATION_ASSERT(e->phase == PHASE_DONE && slot < e->limits.dom_count);
	if (!entitle_is_in(e, d) || k == e->class_end)
		return 0;
	return ((uint64_t)d->weight * e->part[e->class_of[k].part].level >> LEVEL_SHIFT) * GRAIN_PPB;
}
