/* SPDX-License-Identifier: BSD-2-Clause */
/* When a capped domain is refilled, when a floor is worth a run again, and when the
 * slow loop goes on. */
#include "credit.h"

/* Tell the core of the earliest. */
static void timer_tell(struct ration *r)
{
	const struct heap_node *refill = heap_first(&credit_of(r)->refills);
	const struct heap_node *rush = heap_first(&credit_of(r)->rushes);
	ration_ns at_ns = refill == NULL ? RATION_NEVER : refill->key;

	if (rush != NULL && rush->key < at_ns)
		at_ns = rush->key;
	if (credit_of(r)->rates.at_ns < at_ns)
		at_ns = credit_of(r)->rates.at_ns;
	ration_expire_set(r, at_ns);
}

static void timer_arm(struct ration *r, struct heap *timers, struct heap_node *n, ration_ns at_ns)
{
	RATION_ASSERT(n->key == 0 && at_ns != 0);
	ration_heap__insert(timers, n, at_ns);
	timer_tell(r);
}

static void timer_disarm(struct ration *r, struct heap *timers, struct heap_node *n)
{
	if (n->key == 0)
		return;
	ration_heap__remove(timers, n);
	n->key = 0;
	timer_tell(r);
}

void ration_credit__refill_arm(struct ration *r, struct credit_dom *dom, ration_ns at_ns)
{
	timer_arm(r, &credit_of(r)->refills, &dom->refill, at_ns);
}

void ration_credit__refill_disarm(struct ration *r, struct credit_dom *dom)
{
	timer_disarm(r, &credit_of(r)->refills, &dom->refill);
}

void ration_credit__rush_arm(struct ration *r, struct credit_dom *dom, ration_ns at_ns)
{
	timer_arm(r, &credit_of(r)->rushes, &dom->rush, at_ns);
}

void ration_credit__rush_disarm(struct ration *r, struct credit_dom *dom)
{
	timer_disarm(r, &credit_of(r)->rushes, &dom->rush);
}

void ration_credit__rates_arm(struct ration *r, ration_ns at_ns)
{
	credit_of(r)->rates.at_ns = at_ns;
	timer_tell(r);
}

static struct ration_dom *timer_dom(const struct heap_node *n, size_t offset)
{
	return ration_dom_of((const char *)n - offset);
}

void ration_credit__expire(struct ration *r, ration_ns now, struct ration_effects *fx)
{
	struct credit *credit = credit_of(r);
	uint32_t dom_count = ration_limits_get(r)->dom_count;
	struct heap_node *n;

	/* At most once for each domain and kind: a call that comes late leaves
	 * the periods that it missed to the next call, at once. */
	for (uint32_t i = 0; i < dom_count; i++) {
		n = heap_first(&credit->refills);
		if (n == NULL || n->key > now)
			break;
		ration_credit__cap_refill(r, timer_dom(n, offsetof(struct credit_dom, refill)), now,
		                          fx);
	}
	if (credit->rates.at_ns <= now)
		ration_credit__rates_step(r, now);
	for (uint32_t i = 0; i < dom_count; i++) {
		n = heap_first(&credit->rushes);
		if (n == NULL || n->key > now)
			break;
		ration_credit__floor_rush(r, timer_dom(n, offsetof(struct credit_dom, rush)), now,
		                          fx);
	}
}
