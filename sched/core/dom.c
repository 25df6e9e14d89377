/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains: what they ask for, and when they pause. */
#include "core.h"

void ration_attr_default(struct ration_attr *attr)
{
	attr->weight = RATION_WEIGHT_DEFAULT;
	attr->cap_ppm = 0;
	attr->floor_ppm = 0;
	attr->burst_ns = 0;
	attr->period_ns = RATION_PERIOD_DEFAULT_NS;
	attr->slice_ns = 0;
	attr->latency_ns = 0;
	attr->extratime = true;
	attr->shadow = false;
}

static bool attr_fails(enum ration_attr_bit bit, enum ration_attr_bit *bad)
{
	if (bad != NULL)
		*bad = bit;
	return true;
}

int ration_attr_check(const struct ration_attr *a, enum ration_attr_bit *bad)
{
	const uint32_t all_ppm = RATION_CPU_MAX * RATION_PPM;

	if ((a->weight < 1 || a->weight > RATION_WEIGHT_MAX) && attr_fails(RATION_ATTR_WEIGHT, bad))
		return RATION_E_RANGE;
	if (a->cap_ppm > all_ppm && attr_fails(RATION_ATTR_CAP, bad))
		return RATION_E_RANGE;
	if ((a->floor_ppm > all_ppm || (a->cap_ppm != 0 && a->floor_ppm > a->cap_ppm)) &&
	    attr_fails(RATION_ATTR_FLOOR, bad))
		return RATION_E_RANGE;
	if (a->burst_ns > 10 * RATION_NS_PER_S && attr_fails(RATION_ATTR_BURST, bad))
		return RATION_E_RANGE;
	if ((a->period_ns < 10 * RATION_NS_PER_US || a->period_ns > 10 * RATION_NS_PER_S) &&
	    attr_fails(RATION_ATTR_PERIOD, bad))
		return RATION_E_RANGE;
	if (a->slice_ns != 0 &&
	    (a->slice_ns < 5 * RATION_NS_PER_US || a->slice_ns > a->period_ns) &&
	    attr_fails(RATION_ATTR_SLICE, bad))
		return RATION_E_RANGE;
	if (a->latency_ns > a->period_ns && attr_fails(RATION_ATTR_LATENCY, bad))
		return RATION_E_RANGE;
	return RATION_OK;
}

/* The attributes that differ, as RATION_ATTR_x. */
static uint32_t attr_changed(const struct ration_attr *a, const struct ration_attr *b)
{
	uint32_t changed = 0;

	if (a->weight != b->weight)
		changed |= RATION_ATTR_WEIGHT;
	if (a->cap_ppm != b->cap_ppm)
		changed |= RATION_ATTR_CAP;
	if (a->floor_ppm != b->floor_ppm)
		changed |= RATION_ATTR_FLOOR;
	if (a->burst_ns != b->burst_ns)
		changed |= RATION_ATTR_BURST;
	if (a->period_ns != b->period_ns)
		changed |= RATION_ATTR_PERIOD;
	if (a->slice_ns != b->slice_ns)
		changed |= RATION_ATTR_SLICE;
	if (a->latency_ns != b->latency_ns)
		changed |= RATION_ATTR_LATENCY;
	if (a->extratime != b->extratime)
		changed |= RATION_ATTR_EXTRATIME;
	if (a->shadow != b->shadow)
		changed |= RATION_ATTR_SHADOW;
	return changed;
}

struct ration_dom *ration_dom_find(const struct ration *r, uint32_t id)
{
	for (uint32_t i = 0; i < r->limits.dom_count; i++) {
		struct ration_dom *d = core_dom_at(r, i);

		if (d->used && d->id == id)
			return d;
	}
	return NULL;
}

uint32_t ration_dom_slot_of(const struct ration_dom *dom)
{
	return dom->slot;
}

struct ration_dom *ration_dom_slot(const struct ration *r, uint32_t slot)
{
	struct ration_dom *d = core_dom_at(r, slot);

	RATION_ASSERT(slot < r->limits.dom_count);
	return d->used ? d : NULL;
}

/* The lowest free slot, so that slots do not depend on history more than they must. */
static struct ration_dom *dom_free_find(const struct ration *r, uint32_t *slot)
{
	for (*slot = 0; *slot < r->limits.dom_count; ++*slot)
		if (!core_dom_at(r, *slot)->used)
			return core_dom_at(r, *slot);
	return NULL;
}

int ration_dom_admit(struct ration *r, uint32_t id, const struct ration_attr *attr, ration_ns now,
                     struct ration_effects *fx, struct ration_dom **dom)
{
	struct ration_dom *d;
	uint32_t slot;

	core_enter(r, now, fx);
	core_exit(r, fx);
	if (ration_attr_check(attr, NULL) != RATION_OK)
		return RATION_E_RANGE;
	if (ration_dom_find(r, id) != NULL)
		return RATION_E_EXISTS;
	d = dom_free_find(r, &slot);
	if (d == NULL)
		return RATION_E_FULL;
	__builtin_memset(d, 0, r->dom_stride);
	d->used = true;
	d->id = id;
	d->slot = slot;
	d->attr = *attr;
	r->policy->dom_set(r, d, now, fx);
	core_exit(r, fx);
	*dom = d;
	return RATION_OK;
}

int ration_dom_leave(struct ration *r, struct ration_dom *dom, ration_ns now,
                     struct ration_effects *fx)
{
	core_enter(r, now, fx);
	core_exit(r, fx);
	RATION_ASSERT(dom->used);
	if (dom->vcpu_count != 0)
		return RATION_E_BUSY;
	r->policy->dom_leave(r, dom, now);
	dom->used = false;
	core_exit(r, fx);
	return RATION_OK;
}

int ration_dom_set(struct ration *r, struct ration_dom *dom, const struct ration_attr *attr,
                   ration_ns now, struct ration_effects *fx, struct ration_refusal *why)
{
	struct ration_attr old = dom->attr;
	struct ration_refusal unread;
	int status;

	core_enter(r, now, fx);
	core_exit(r, fx);
	RATION_ASSERT(dom->used);
	if (ration_attr_check(attr, NULL) != RATION_OK)
		return RATION_E_RANGE;
	if ((attr_changed(attr, &old) & ~r->policy->honours) != 0)
		return RATION_E_POLICY;
	/* What they ran so far they ran under the old attributes. */
	for (struct ration_vcpu *v = dom->first; v != NULL; v = v->next)
		ration_core__charge(r, v, now, fx);
	dom->attr = *attr;
	why = why != NULL ? why : &unread;
	status = ration_core__admit(r, dom, why);
	if (status != RATION_OK) {
		dom->attr = old;
		if (!ration_core__lacked(r, why))
			return status;
		dom->attr = *attr;
	}
	r->policy->dom_set(r, dom, now, fx);
	core_exit(r, fx);
	return RATION_OK;
}

void ration_dom_get(const struct ration_dom *dom, struct ration_attr *attr)
{
	*attr = dom->attr;
}

void ration_dom_pause(struct ration *r, struct ration_dom *dom, ration_ns now,
                      struct ration_effects *fx)
{
	core_enter(r, now, fx);
	RATION_ASSERT(dom->used);
	RATION_ASSERT(dom->pause_count < UINT32_MAX);
	dom->pause_count++;
	if (dom->pause_count == 1)
		for (struct ration_vcpu *v = dom->first; v != NULL; v = v->next)
			ration_core__settle(r, v, RATION_READY_RESUME, now, fx);
	core_exit(r, fx);
}

void ration_dom_resume(struct ration *r, struct ration_dom *dom, ration_ns now,
                       struct ration_effects *fx)
{
	core_enter(r, now, fx);
	RATION_ASSERT(dom->pause_count > 0);
	dom->pause_count--;
	if (dom->pause_count == 0)
		for (struct ration_vcpu *v = dom->first; v != NULL; v = v->next)
			ration_core__settle(r, v, RATION_READY_RESUME, now, fx);
	core_exit(r, fx);
}

void ration_dom_charge(struct ration *r, struct ration_dom *dom, ration_ns ns,
                       enum ration_helper kind, ration_ns now, struct ration_effects *fx)
{
	ration_ns *total;

	core_enter(r, now, fx);
	RATION_ASSERT(dom->used);
	RATION_ASSERT(kind < RATION_HELPER_COUNT);
	RATION_ASSERT(ns <= RATION_TIME_MAX);
	total = &dom->helper_ns[kind];
	*total = ns > RATION_TIME_MAX - *total ? RATION_TIME_MAX : *total + ns;
	if (ns != 0)
		r->policy->charge(r, dom, NULL, ns, now, fx);
	core_exit(r, fx);
}

ration_ns ration_dom_helper_get(const struct ration_dom *dom, enum ration_helper kind)
{
	RATION_ASSERT(kind < RATION_HELPER_COUNT);
	return dom->helper_ns[kind];
}

void ration_dom_shadow_get(const struct ration *r, const struct ration_dom *dom, ration_ns now,
                           struct ration_shadow *shadow)
{
	RATION_ASSERT(dom->used);
	RATION_ASSERT(now >= r->now_ns);
	*shadow = dom->shadow;
	r->policy->shadow(dom, now, shadow);
}

uint32_t ration_dom_id(const struct ration_dom *dom)
{
	return dom->id;
}
