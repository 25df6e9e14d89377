/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs: how they come and go, wake and block, pause and move. */
#include "core.h"

uint32_t ration_vcpu_slot_of(const struct ration_vcpu *v)
{
	return v->slot;
}

struct ration_vcpu *ration_vcpu_slot(const struct ration *r, uint32_t slot)
{
	struct ration_vcpu *v = core_vcpu_at(r, slot);

	RATION_ASSERT(slot < r->limits.vcpu_count);
	return (v->flags & RATION_VCPU_USED) != 0 ? v : NULL;
}

static struct ration_vcpu *vcpu_free_find(const struct ration *r, uint32_t *slot)
{
	for (*slot = 0; *slot < r->limits.vcpu_count; ++*slot)
		if ((core_vcpu_at(r, *slot)->flags & RATION_VCPU_USED) == 0)
			return core_vcpu_at(r, *slot);
	return NULL;
}

static bool vcpu_exists(const struct ration_dom *dom, uint32_t idx)
{
	for (const struct ration_vcpu *v = dom->first; v != NULL; v = v->next)
		if (v->idx == idx)
			return true;
	return false;
}

static void vcpu_link(struct ration_dom *dom, struct ration_vcpu *v)
{
	if (dom->first == NULL)
		dom->first = v;
	else
		dom->last->next = v;
	dom->last = v;
	dom->vcpu_count++;
}

static void vcpu_unlink(struct ration_dom *dom, struct ration_vcpu *v)
{
	struct ration_vcpu *before = NULL;

	for (struct ration_vcpu *u = dom->first; u != v; u = u->next)
		before = u;
	if (before == NULL)
		dom->first = v->next;
	else
		before->next = v->next;
	if (dom->last == v)
		dom->last = before;
	dom->vcpu_count--;
}

/* v, whose affinity is set, is written down, or crossed out. */
static void vcpu_attach(struct ration *r, struct ration_vcpu *v, uint32_t class_idx, ration_ns now)
{
	vcpu_link(v->dom, v);
	ration_core__class_take(r, v, class_idx, now);
}

static void vcpu_detach(struct ration *r, struct ration_vcpu *v)
{
	vcpu_unlink(v->dom, v);
	ration_core__class_drop(r, v);
}

static void vcpu_make(struct ration *r, struct ration_vcpu *v, struct ration_dom *dom,
                      uint32_t slot, uint32_t idx, ration_ns now)
{
	__builtin_memset(v, 0, r->vcpu_stride);
	v->dom = dom;
	v->slot = slot;
	v->idx = (uint16_t)idx;
	v->flags = RATION_VCPU_USED;
	v->cpu = RATION_CPU_NONE;
	v->book = dom->pause_count != 0 ? RATION_BOOK_DOWN : RATION_BOOK_BLOCKED;
	v->admitted_ns = v->since_ns = now;
}

int ration_vcpu_admit(struct ration *r, struct ration_dom *dom, uint32_t idx,
                      struct ration_affinity affinity, ration_ns now, struct ration_effects *fx,
                      struct ration_vcpu **vcpu, struct ration_refusal *why)
{
	struct ration_refusal unread;
	struct ration_vcpu *v;
	uint32_t slot, class_idx;
	int status;

	core_enter(r, now, fx);
	core_exit(r, fx);
	RATION_ASSERT(dom->used);
	status = ration_affinity_check(affinity, r->limits.cpu_count);
	if (status != RATION_OK)
		return status;
	if (idx > UINT16_MAX)
		return RATION_E_RANGE;
	if (vcpu_exists(dom, idx))
		return RATION_E_EXISTS;
	v = vcpu_free_find(r, &slot);
	class_idx = ration_core__class_find(r, affinity.hard);
	if (v == NULL || class_idx == RATION_CLASS_MAX)
		return RATION_E_FULL;
	vcpu_make(r, v, dom, slot, idx, now);
	v->affinity = affinity;
	vcpu_attach(r, v, class_idx, now);
	why = why != NULL ? why : &unread;
	status = ration_core__admit(r, dom, why);
	if (status != RATION_OK) {
		vcpu_detach(r, v);
		v->flags = 0;
		if (!ration_core__lacked(r, why))
			return status;
		v->flags = RATION_VCPU_USED;
		v->next = NULL;
		vcpu_attach(r, v, class_idx, now);
	}
	r->policy->join(r, v, now);
	core_exit(r, fx);
	*vcpu = v;
	return RATION_OK;
}

int ration_vcpu_leave(struct ration *r, struct ration_vcpu *v, ration_ns now,
                      struct ration_effects *fx)
{
	core_enter(r, now, fx);
	RATION_ASSERT((v->flags & RATION_VCPU_USED) != 0);
	v->flags |= RATION_VCPU_LEAVING;
	ration_core__settle(r, v, RATION_READY_RESUME, now, fx);
	core_exit(r, fx);
	if ((v->flags & (RATION_VCPU_CURRENT | RATION_VCPU_UNSAVED)) != 0)
		return RATION_E_BUSY;
	r->policy->leave(r, v, now);
	for (ration_cpu c = 0; c < r->limits.cpu_count; c++)
		if (r->cpu[c].hint == v)
			r->cpu[c].hint = NULL;
	ration_core__book(r, v, RATION_BOOK_DOWN, now);
	ration_core__ledger_add(&v->dom->left, &v->ledger);
	vcpu_detach(r, v);
	v->flags = 0;
	core_exit(r, fx);
	return RATION_OK;
}

void ration_vcpu_wake(struct ration *r, struct ration_vcpu *v, ration_ns now,
                      struct ration_effects *fx)
{
	core_enter(r, now, fx);
	RATION_ASSERT((v->flags & RATION_VCPU_USED) != 0);
	if ((v->flags & RATION_VCPU_RUNNABLE) == 0) {
		v->flags |= RATION_VCPU_RUNNABLE;
		ration_core__settle(r, v, RATION_READY_WAKE, now, fx);
	}
	core_exit(r, fx);
}

/* The CPU that v runs on; v runs, and not only since the last decide. */
static struct ration_cpu_state *vcpu_running_cpu(const struct ration *r,
                                                 const struct ration_vcpu *v)
{
	RATION_ASSERT((v->flags & RATION_VCPU_CURRENT) != 0);
	RATION_ASSERT(!r->cpu[v->cpu].switching);
	return &r->cpu[v->cpu];
}

void ration_vcpu_block(struct ration *r, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx)
{
	core_enter(r, now, fx);
	(void)vcpu_running_cpu(r, v);
	v->flags &= (uint8_t)~RATION_VCPU_RUNNABLE;
	core_exit(r, fx);
}

void ration_vcpu_yield(struct ration *r, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx)
{
	core_enter(r, now, fx);
	vcpu_running_cpu(r, v)->yielded = true;
	core_exit(r, fx);
}

void ration_vcpu_yield_to(struct ration *r, struct ration_vcpu *v, struct ration_vcpu *other,
                          ration_ns now, struct ration_effects *fx)
{
	struct ration_cpu_state *cpu;

	core_enter(r, now, fx);
	RATION_ASSERT((other->flags & RATION_VCPU_USED) != 0);
	cpu = vcpu_running_cpu(r, v);
	cpu->yielded = true;
	cpu->hint = other;
	core_exit(r, fx);
}

void ration_vcpu_pause(struct ration *r, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx)
{
	core_enter(r, now, fx);
	RATION_ASSERT(v->pause_count < UINT16_MAX);
	v->pause_count++;
	ration_core__settle(r, v, RATION_READY_RESUME, now, fx);
	core_exit(r, fx);
}

void ration_vcpu_resume(struct ration *r, struct ration_vcpu *v, ration_ns now,
                        struct ration_effects *fx)
{
	core_enter(r, now, fx);
	RATION_ASSERT(v->pause_count > 0);
	v->pause_count--;
	ration_core__settle(r, v, RATION_READY_RESUME, now, fx);
	core_exit(r, fx);
}

void ration_vcpu_down(struct ration *r, struct ration_vcpu *v, ration_ns now,
                      struct ration_effects *fx)
{
	core_enter(r, now, fx);
	v->flags |= RATION_VCPU_OFFLINE;
	ration_core__settle(r, v, RATION_READY_RESUME, now, fx);
	core_exit(r, fx);
}

void ration_vcpu_up(struct ration *r, struct ration_vcpu *v, ration_ns now,
                    struct ration_effects *fx)
{
	core_enter(r, now, fx);
	v->flags &= (uint8_t)~RATION_VCPU_OFFLINE;
	ration_core__settle(r, v, RATION_READY_RESUME, now, fx);
	core_exit(r, fx);
}

/* Put v into another class: out of the policy's queue of the old one, into
 * that of the new one. */
static void vcpu_move(struct ration *r, struct ration_vcpu *v, uint32_t class_idx, ration_ns now,
                      struct ration_effects *fx)
{
	uint8_t waiting = v->flags & RATION_VCPU_READY;

	if (waiting != 0)
		ration_core__unready(r, v, now, fx);
	ration_core__class_drop(r, v);
	ration_core__class_take(r, v, class_idx, now);
	r->policy->dom_set(r, v->dom, now, fx);
	if ((v->flags & RATION_VCPU_CURRENT) != 0 && !core_is_allowed(r, v, v->cpu))
		ration_kick(r, v->cpu, NULL, now, fx);
	ration_core__settle(r, v, RATION_READY_MOVE, now, fx);
}

int ration_vcpu_pin(struct ration *r, struct ration_vcpu *v, struct ration_affinity affinity,
                    ration_ns now, struct ration_effects *fx, struct ration_refusal *why)
{
	struct ration_affinity old = v->affinity;
	struct ration_refusal unread;
	uint32_t class_idx;
	int status;

	core_enter(r, now, fx);
	core_exit(r, fx);
	RATION_ASSERT((v->flags & RATION_VCPU_USED) != 0);
	status = ration_affinity_check(affinity, r->limits.cpu_count);
	if (status != RATION_OK)
		return status;
	if (affinity.hard == old.hard) {
		v->affinity.soft = affinity.soft;
		return RATION_OK;
	}
	class_idx = ration_core__class_find(r, affinity.hard);
	/* The only vCPU of its class leaves a free one behind. */
	if (class_idx == RATION_CLASS_MAX && r->class_of[v->class_idx].vcpu_count == 1)
		class_idx = v->class_idx;
	if (class_idx == RATION_CLASS_MAX)
		return RATION_E_FULL;
	v->affinity = affinity;
	why = why != NULL ? why : &unread;
	status = ration_core__admit(r, v->dom, why);
	if (status != RATION_OK) {
		v->affinity = old;
		if (!ration_core__lacked(r, why))
			return status;
		v->affinity = affinity;
	}
	vcpu_move(r, v, class_idx, now, fx);
	core_exit(r, fx);
	return RATION_OK;
}

void ration_vcpu_info_get(const struct ration_vcpu *v, struct ration_vcpu_info *info)
{
	switch (v->book) {
	case RATION_BOOK_RUNNING:
		info->state = RATION_STATE_RUNNING;
		break;
	case RATION_BOOK_BLOCKED:
		info->state = RATION_STATE_BLOCKED;
		break;
	case RATION_BOOK_DOWN:
		info->state = RATION_STATE_DOWN;
		break;
	default:
		info->state = RATION_STATE_WAITING;
	}
	info->cause = info->state == RATION_STATE_WAITING ? (enum ration_wait)v->book :
	                                                    RATION_WAIT_QUEUE;
	info->cpu = v->cpu;
	info->pause_count = v->pause_count;
	info->online = (v->flags & RATION_VCPU_OFFLINE) == 0;
	info->affinity = v->affinity;
	info->lag_ns = v->lag_ns;
}

struct ration_dom *ration_vcpu_dom(const struct ration_vcpu *v)
{
	return v->dom;
}

uint32_t ration_vcpu_idx(const struct ration_vcpu *v)
{
	return v->idx;
}

struct ration_vcpu *ration_vcpu_first(const struct ration_dom *dom)
{
	return dom->first;
}

struct ration_vcpu *ration_vcpu_next(const struct ration_vcpu *v)
{
	return v->next;
}
