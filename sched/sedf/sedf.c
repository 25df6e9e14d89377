/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy's table, and its callbacks but for decide. */
#include "sedf.h"

_Static_assert(sizeof(struct sedf_vcpu) + sizeof(struct sedf_plan_item) <= 88,
               "a vCPU of the core's has 168 bytes, and 256 is the limit");
_Static_assert(sizeof(struct sedf_dom) <= 100, "private bytes of a domain");
_Static_assert(sizeof(struct sedf_cpu) <= 512, "private bytes of a CPU");

/* Before a policy switch admit() has found a placement, and nothing has changed
 * since: the plan made here is that one, and the vCPUs that join take it up. */
static void sedf_init(struct ration *r, ration_ns now)
{
	struct sedf *sedf = sedf_of(r);
	const struct ration_limits *limits = ration_limits_get(r);

	(void)now;
	sedf->kick_all_ns = RATION_NEVER;
	ration_sedf__reserve(r, &sedf->reserve);
	(void)ration_sedf__plan(r, false, ration_policy_scratch(r));
	ration_sedf__apply(r);
	for (uint32_t i = 0; i < limits->vcpu_count; i++)
		if (ration_vcpu_slot(r, i) != NULL)
			sedf->adopt_count++;
}

static void sedf_cpu_set(struct ration *r, ration_cpu c, bool online, ration_ns now,
                         struct ration_effects *fx)
{
	struct sedf *sedf = sedf_of(r);
	struct sedf_cpu *cpu = sedf_cpu_of(r, c);

	sedf->alone &= ~ration_cpuset_of(c);
	if (online) {
		cpu->mode = SEDF_IDLE;
		cpu->run_deadline_ns = RATION_NEVER;
	}
	if (sedf->adopt_count == 0)
		ration_sedf__replace(r, NULL, now, fx);
}

static void sedf_dom_set(struct ration *r, struct ration_dom *d, ration_ns now,
                         struct ration_effects *fx)
{
	if (sedf_of(r)->adopt_count != 0 || d->vcpu_count == 0)
		ration_sedf__ask(r, &d->attr, sedf_dom_of(d));
	else
		ration_sedf__replace(r, d, now, fx);
}

static void sedf_dom_leave(struct ration *r, struct ration_dom *d, ration_ns now)
{
	(void)r, (void)d, (void)now;
}

/* What it got beyond its due is a debt.  What it is owed a server gets by
 * beginning a period, and the others by their virtual time. */
static void sedf_join(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	struct sedf *sedf = sedf_of(r);
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	int64_t slice = (int64_t)v->dom->attr.slice_ns;

	if (sedf->adopt_count != 0)
		sedf->adopt_count--;
	else
		ration_sedf__replace(r, NULL, now, NULL);
	self->flags = SEDF_JOINED | SEDF_NEW;
	self->scale = SEDF_SCALE_FULL;
	self->home = self->peer = SEDF_HOME_NONE;
	if (v->lag_ns < 0)
		self->budget_ns = v->lag_ns > -slice ? v->lag_ns : -slice;
	self->turn_class = v->class_idx;
	ration_sedf__home_take(r, v, now);
}

static void sedf_leave(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);

	ration_lag_set(v, sedf_is_server(v) ? ration_sedf__lag(sedf_dom_of(v->dom), self, now) :
	                                      ration_sedf__turn_lag(r, v));
	ration_sedf__unfile(r, v);
	ration_sedf__count(v, false);
	ration_sedf__home_leave(r, v, now);
	self->flags = 0;
}

static void sedf_ready(struct ration *r, struct ration_vcpu *v, enum ration_ready why,
                       ration_ns now, struct ration_effects *fx)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	bool woke = why == RATION_READY_WAKE || why == RATION_READY_RESUME;

	if (why == RATION_READY_YIELD && sedf_has_budget(v))
		ration_sedf__yield(sedf_dom_of(v->dom), self, now);
	if (woke && sedf_is_server(v)) {
		/* Who wakes more than once in a period pays for the switches. */
		if (now < self->due.key && self->budget_ns > 0)
			self->budget_ns -= (int64_t)ration_margins_get(r)->overhead_ns;
		ration_sedf__wake(sedf_dom_of(v->dom), self, now);
	}
	if ((self->flags & SEDF_NEW) != 0)
		ration_sedf__turn_set(r, v, v->lag_ns);
	woke = woke && (self->flags & SEDF_NEW) == 0;
	self->flags &= (uint16_t)~SEDF_NEW;
	ration_sedf__file(r, v, woke, now);
	ration_sedf__tell(r, v, now, fx);
}

static void sedf_unready(struct ration *r, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx)
{
	(void)now, (void)fx;
	ration_sedf__unfile(r, v);
	ration_sedf__count(v, false);
}

/* A budget is never overdrawn by more than a slice. */
static void sedf_spend(struct ration_vcpu *v, ration_ns ns)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	int64_t least = -(int64_t)sedf_dom_of(v->dom)->slice_ns;

	self->budget_ns -= (int64_t)(ns < SEDF_RUN_MAX_NS ? ns : SEDF_RUN_MAX_NS);
	if (self->budget_ns < least)
		self->budget_ns = least;
}

/* Helper work: the next budgets of the domain pay, or its virtual time. */
static void sedf_owe(struct ration_dom *d, ration_ns ns)
{
	struct sedf_dom *dom = sedf_dom_of(d);
	ration_ns most = dom->slice_ns == 0 ? SEDF_DEBT_MAX_NS : dom->slice_ns * d->vcpu_count;

	/* A sum of two times does not wrap; most is below 2^34 * 2^16. */
	dom->debt_ns += ns;
	if (dom->debt_ns > most)
		dom->debt_ns = most;
}

static void sedf_charge(struct ration *r, struct ration_dom *d, struct ration_vcpu *v, ration_ns ns,
                        ration_ns now, struct ration_effects *fx)
{
	struct sedf_cpu *cpu;

	(void)now, (void)fx;
	if (v == NULL) {
		sedf_owe(d, ns);
		return;
	}
	cpu = sedf_cpu_of(r, v->cpu);
	if (cpu->mode == SEDF_BY_SLACK || !sedf_is_server(v))
		ration_sedf__advance(v, ns);
	else
		sedf_spend(v, ns);
	if (cpu->mode == SEDF_BY_SLACK)
		cpu->reserve.budget_ns -= (int64_t)ns < cpu->reserve.budget_ns ?
		                          (int64_t)ns : cpu->reserve.budget_ns;
}

ration_cpuset ration_sedf_cpus(const struct ration_vcpu *v)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);

	return (sedf_is_server(v) ? ration_cpuset_of(self->home) : 0) |
	       (sedf_is_split(v) ? ration_cpuset_of(self->peer) : 0);
}

static void sedf_shadow(const struct ration_dom *d, ration_ns now, struct ration_shadow *sum)
{
	(void)d, (void)now, (void)sum;          /* it has no caps */
}

const struct ration_policy ration_sedf = {
	.name = "sedf",
	.abi = RATION_POLICY_ABI,
	.honours = RATION_ATTR_WEIGHT | RATION_ATTR_PERIOD | RATION_ATTR_SLICE |
	           RATION_ATTR_LATENCY | RATION_ATTR_EXTRATIME,
	.instance_size = sizeof(struct sedf),
	.cpu_size = sizeof(struct sedf_cpu),
	.dom_size = sizeof(struct sedf_dom),
	.vcpu_size = sizeof(struct sedf_vcpu),
	.scratch_size = sizeof(struct sedf_plan),
	.scratch_cpu_size = 0,
	.scratch_dom_size = 0,
	.scratch_vcpu_size = sizeof(struct sedf_plan_item),
	.admit = ration_sedf__admit,
	.init = sedf_init,
	.cpu_set = sedf_cpu_set,
	.dom_set = sedf_dom_set,
	.dom_leave = sedf_dom_leave,
	.join = sedf_join,
	.leave = sedf_leave,
	.ready = sedf_ready,
	.unready = sedf_unready,
	.charge = sedf_charge,
	.decide = ration_sedf__decide,
	.start = ration_sedf__start,
	.expire = ration_sedf__expire,
	.check = ration_sedf__check,
	.shadow = sedf_shadow,
};
