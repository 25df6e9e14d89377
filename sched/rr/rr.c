/* SPDX-License-Identifier: BSD-2-Clause */
#include "ration_rr.h"

#include "list.h"

/*
 * One queue for each affinity class, oldest first.  Every vCPU that joins a
 * queue gets a ticket; a CPU takes the lowest ticket at the heads of the
 * queues that it may serve, so that the queues together are first in, first out.
 */
struct rr_vcpu {
	struct list_node node;
	uint64_t ticket;
};

struct rr {
	uint64_t next_ticket;
	struct ration_classes waiting;          /* classes whose queue is not empty */
	struct list_node queue[RATION_CLASS_MAX];
};

static int rr_admit(const struct ration *r, bool active, void *scratch, struct ration_refusal *why)
{
	(void)r, (void)active, (void)scratch, (void)why;
	return RATION_OK;                       /* rr promises nothing */
}

static void rr_init(struct ration *r, ration_ns now)
{
	struct rr *rr = ration_policy_instance(r);

	(void)now;
	for (uint32_t k = 0; k < RATION_CLASS_MAX; k++)
		list_init(&rr->queue[k]);
}

static void rr_cpu_set(struct ration *r, ration_cpu c, bool online, ration_ns now,
                       struct ration_effects *fx)
{
	(void)r, (void)c, (void)online, (void)now, (void)fx;
}

static void rr_dom_set(struct ration *r, struct ration_dom *d, ration_ns now,
                       struct ration_effects *fx)
{
	(void)r, (void)d, (void)now, (void)fx;
}

static void rr_dom_leave(struct ration *r, struct ration_dom *d, ration_ns now)
{
	(void)r, (void)d, (void)now;
}

static void rr_join(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	(void)r, (void)v, (void)now;
}

static void rr_dequeue(struct ration *r, struct ration_vcpu *v)
{
	struct rr *rr = ration_policy_instance(r);
	struct rr_vcpu *self = ration_policy_vcpu(v);

	if (!list_is_linked(&self->node))
		return;
	list_remove(&self->node);
	if (list_is_empty(&rr->queue[v->class_idx]))
		ration_classes_remove(&rr->waiting, v->class_idx);
}

static void rr_leave(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	(void)now;
	rr_dequeue(r, v);
}

static void rr_ready(struct ration *r, struct ration_vcpu *v, enum ration_ready why, ration_ns now,
                     struct ration_effects *fx)
{
	struct rr *rr = ration_policy_instance(r);
	struct rr_vcpu *self = ration_policy_vcpu(v);
	ration_cpu c = ration_idle_pick(r, v);

	(void)why;
	self->ticket = rr->next_ticket++;
	list_insert(&rr->queue[v->class_idx], &self->node);
	ration_classes_add(&rr->waiting, v->class_idx);
	if (c != RATION_CPU_NONE)
		ration_kick(r, c, v, now, fx);
}

static void rr_unready(struct ration *r, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx)
{
	(void)now, (void)fx;
	rr_dequeue(r, v);
}

static void rr_charge(struct ration *r, struct ration_dom *d, struct ration_vcpu *v, ration_ns ns,
                      ration_ns now, struct ration_effects *fx)
{
	(void)r, (void)d, (void)v, (void)ns, (void)now, (void)fx;
}

/* The vCPU that has waited longest of those that may run on this CPU, or NULL. */
static struct ration_vcpu *rr_oldest(const struct rr *rr, const struct ration_cpu_state *cpu)
{
	const struct rr_vcpu *oldest = NULL;

	for (uint32_t w = 0; w < RATION_CLASS_MAX / 64; w++) {
		uint64_t set = rr->waiting.word[w] & cpu->classes.word[w];

		for (; set != 0; set &= set - 1) {
			const struct list_node *head = &rr->queue[w * 64 + (uint32_t)__builtin_ctzll(set)];
			const struct rr_vcpu *first = (const void *)head->next;

			if (oldest == NULL || first->ticket < oldest->ticket)
				oldest = first;
		}
	}
	return oldest == NULL ? NULL : ration_vcpu_of(oldest);
}

static void rr_decide(struct ration *r, ration_cpu c, ration_ns now, struct ration_decision *out,
                      struct ration_effects *fx)
{
	const struct ration_cpu_state *cpu = ration_cpu_get(r, c);
	struct ration_params params;

	(void)fx;
	if (cpu->stay && !cpu->yielded && now < cpu->until_ns) {
		out->vcpu = cpu->current;       /* a spare call renews nothing */
		out->until_ns = cpu->until_ns;
		return;
	}
	out->vcpu = cpu->hint != NULL ? cpu->hint : rr_oldest(ration_policy_instance(r), cpu);
	if (out->vcpu == NULL && cpu->stay)
		out->vcpu = cpu->current;       /* nobody else: another slice */
	if (out->vcpu == NULL)
		return;
	ration_params_get(r, &params);
	out->until_ns = now + params.tslice_ns;
}

static void rr_start(struct ration *r, struct ration_vcpu *v, ration_cpu c, ration_ns now)
{
	(void)c, (void)now;
	rr_dequeue(r, v);
}

static void rr_expire(struct ration *r, ration_ns now, struct ration_effects *fx)
{
	(void)r, (void)now, (void)fx;           /* never asked for */
}

static void rr_shadow(const struct ration_dom *d, ration_ns now, struct ration_shadow *sum)
{
	(void)d, (void)now, (void)sum;          /* no caps */
}

static const char *rr_check(const struct ration *r)
{
	const struct rr *rr = ration_policy_instance(r);
	const uint32_t count = ration_limits_get(r)->vcpu_count;

	for (uint32_t k = 0; k < RATION_CLASS_MAX; k++)
		if (ration_classes_has(&rr->waiting, k) == list_is_empty(&rr->queue[k]))
			return "rr: a class is marked waiting without a vCPU, or the reverse";
	for (uint32_t i = 0; i < count; i++) {
		const struct ration_vcpu *v = ration_vcpu_slot(r, i);
		const struct rr_vcpu *self = v == NULL ? NULL : ration_policy_vcpu(v);

		if (v != NULL && list_is_linked(&self->node) != ((v->flags & RATION_VCPU_READY) != 0))
			return "rr: a ready vCPU is in no queue, or one that is not ready is in one";
	}
	return NULL;
}

const struct ration_policy ration_rr = {
	.name = "rr",
	.abi = RATION_POLICY_ABI,
	.honours = RATION_ATTR_TSLICE,
	.instance_size = sizeof(struct rr),
	.vcpu_size = sizeof(struct rr_vcpu),
	.cpu_size = 0, .dom_size = 0,
	.scratch_size = 0, .scratch_cpu_size = 0, .scratch_dom_size = 0, .scratch_vcpu_size = 0,
	.admit = rr_admit,
	.init = rr_init,
	.cpu_set = rr_cpu_set,
	.dom_set = rr_dom_set,
	.dom_leave = rr_dom_leave,
	.join = rr_join,
	.leave = rr_leave,
	.ready = rr_ready,
	.unready = rr_unready,
	.charge = rr_charge,
	.decide = rr_decide,
	.start = rr_start,
	.expire = rr_expire,
	.check = rr_check,
	.shadow = rr_shadow,
};
