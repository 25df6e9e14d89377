/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Placements put into force: servers come to a CPU, leave it, and change there.
 *
 * A server that has used more of its period than its share, and leaves, leaves
 * a ghost behind: until its deadline its share still counts, because the time
 * was taken in advance.  Whoever comes meanwhile and does not fit beside the
 * ghost waits until it is gone.  So no change delays those that stay.
 */
#include "sedf.h"

static bool home_differs(const struct ration_dom *d)
{
	const struct sedf_dom *dom = sedf_dom_of(d);

	return dom->slice_ns != d->attr.slice_ns || dom->period_ns != d->attr.period_ns ||
	       dom->latency_ns != d->attr.latency_ns || dom->extratime != d->attr.extratime;
}

void ration_sedf__dom_copy(struct ration_dom *d)
{
	struct sedf_dom *dom = sedf_dom_of(d);

	dom->slice_ns = d->attr.slice_ns;
	dom->period_ns = d->attr.period_ns;
	dom->latency_ns = d->attr.latency_ns;
	dom->extratime = d->attr.extratime;
	dom->share = ration_sedf__share(dom->slice_ns, dom->period_ns);
}

/* What v has run on its budget and not paid for yet; nothing while its CPU still
 * switches to it, however long that takes: that is not charged. */
static int64_t home_unpaid(const struct ration *r, const struct ration_vcpu *v, ration_ns now)
{
	ration_ns ran = ration_vcpu_uncharged(v, now);

	if (!ration_vcpu_is_current(v) || sedf_cpu_of(r, v->cpu)->mode == SEDF_BY_SLACK)
		return 0;
	return (int64_t)(ran < SEDF_RUN_MAX_NS ? ran : SEDF_RUN_MAX_NS);
}

/* Has it used more of its present period than its share? */
static bool home_is_ahead(const struct ration *r, const struct ration_vcpu *v, ration_ns now)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	ration_ns fluid = ration_sedf__fluid(sedf_dom_of(v->dom), self, now);

	return self->budget_ns - home_unpaid(r, v, now) < (int64_t)fluid;
}

/* The share of v counts on its home until its deadline, or that part of it. */
static void home_haunt(struct ration *r, const struct ration_vcpu *v, uint64_t share, ration_ns now)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	struct sedf_cpu *cpu = sedf_cpu_of(r, self->home);

	if (now >= cpu->ghost_until_ns) {
		cpu->ghost = 0;
		cpu->ghost_until_ns = now;
	}
	if (share == 0)
		return;
	cpu->ghost = share < SEDF_ONE - cpu->ghost ? cpu->ghost + share : SEDF_ONE;
	if (cpu->ghost_until_ns < self->due.key)
		cpu->ghost_until_ns = self->due.key;
}

/* Its next period begins when it is next ready; or, if it runs, at its CPU's
 * next decision, where it first pays for its run. */
static void home_restart(const struct ration *r, const struct ration_vcpu *v, ration_ns now)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	int64_t unpaid = home_unpaid(r, v, now);

	self->due.key = now;
	if (self->budget_ns > 0)
		self->budget_ns = 0;
	if (self->budget_ns < unpaid)
		self->budget_ns = self->budget_ns < 0 ? self->budget_ns + unpaid : unpaid;
}

/* v has come to its home, or changed there: does it have to wait for a ghost?
 * One that has not moved has its old share until its deadline. */
static void home_settle(const struct ration *r, const struct ration_vcpu *v, bool moved,
                        ration_ns now)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	const struct sedf_cpu *cpu = sedf_cpu_of(r, self->home);

	if (now >= cpu->ghost_until_ns || cpu->ghost <= SEDF_ONE - cpu->used)
		return;
	if (!moved && self->due.key >= cpu->ghost_until_ns)
		return;
	if (self->due.key < cpu->ghost_until_ns)
		self->due.key = cpu->ghost_until_ns;
	if (self->budget_ns > 0)
		self->budget_ns = 0;
}

/* v, at home here, changes from its old attributes to others of that share.
 * What it has used too much of its old share counts until its deadline; else
 * a new period can begin. */
static void home_change(struct ration *r, struct ration_vcpu *v, uint64_t share, ration_ns now)
{
	uint64_t old = sedf_dom_of(v->dom)->share;

	if (home_is_ahead(r, v, now))
		home_haunt(r, v, old > share ? old - share : 0, now);
	else
		home_restart(r, v, now);
}

/* v's budget in the bounds of another slice. */
static void home_clip(const struct ration *r, const struct ration_vcpu *v, ration_ns now)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	int64_t slice = (int64_t)v->dom->attr.slice_ns, most = slice + home_unpaid(r, v, now);

	if (self->budget_ns > most)
		self->budget_ns = most;
	if (self->budget_ns < -slice)
		self->budget_ns = -slice;
}

/* v goes from one home, or none, to another, or none.  What is left of its
 * period goes along unless that is more than its share. */
static void home_move(struct ration *r, struct ration_vcpu *v, uint8_t home, ration_ns now)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	bool ahead = sedf_is_server(v) && home_is_ahead(r, v, now);

	if (sedf_is_server(v))
		sedf_cpu_of(r, self->home)->used -= sedf_dom_of(v->dom)->share;
	if (ahead)
		home_haunt(r, v, sedf_dom_of(v->dom)->share, now);
	if (!ahead || home == SEDF_HOME_NONE)
		home_restart(r, v, now);
	self->home = home;
	if (home != SEDF_HOME_NONE)
		self->flags |= SEDF_MOVED;
}

/* First pass: what v was. */
static void home_part(struct ration *r, struct ration_vcpu *v, const struct ration_dom *d,
                      uint8_t home, ration_ns now)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	bool differs = v->dom == d && home_differs(d);
	bool moves = home != self->home;

	if (!differs && !moves)
		return;
	ration_sedf__unfile(r, v);
	self->flags |= SEDF_CHANGED;
	if (moves)
		home_move(r, v, home, now);
	if (!differs)
		return;
	if (moves)
		home_restart(r, v, now);
	else if (home != SEDF_HOME_NONE)
		home_change(r, v, ration_sedf__share(d->attr.slice_ns, d->attr.period_ns), now);
	home_clip(r, v, now);
	self->scale = SEDF_SCALE_FULL;
}

/* Second pass: what v is now. */
static void home_join(struct ration *r, struct ration_vcpu *v, ration_ns now,
                      struct ration_effects *fx)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	bool moved = (self->flags & SEDF_MOVED) != 0;

	if ((self->flags & SEDF_CHANGED) == 0)
		return;
	self->flags &= (uint16_t)~(SEDF_CHANGED | SEDF_MOVED);
	if (sedf_is_server(v))
		home_settle(r, v, moved, now);
	if ((v->flags & RATION_VCPU_READY) != 0) {
		ration_sedf__file(r, v, false, now);
		ration_sedf__tell(r, v, now, fx);
	} else if (ration_vcpu_is_current(v)) {
		sedf_cpu_of(r, v->cpu)->stale = true;
		ration_sedf__kick(r, v->cpu, NULL, now, fx);
	}
}

/* What is used is what stayed so far, and will be `used`.  If nobody stayed,
 * nobody can be delayed, and ghosts are gone. */
static void home_use(struct sedf_cpu *cpu, uint64_t used)
{
	if (cpu->used == 0)
		cpu->ghost_until_ns = 0;
	cpu->used = used;
}

void ration_sedf__replace(struct ration *r, struct ration_dom *d, ration_ns now,
                          struct ration_effects *fx)
{
	struct sedf_plan *plan = ration_policy_scratch(r);
	const struct ration_limits *limits = ration_limits_get(r);
	struct ration_vcpu *v;

	(void)ration_sedf__plan(r, true, plan);
	for (uint32_t i = 0; i < limits->vcpu_count; i++) {
		v = ration_vcpu_slot(r, i);
		if (v != NULL && (sedf_vcpu_of(v)->flags & SEDF_JOINED) != 0)
			home_part(r, v, d, plan->item[i].home, now);
	}
	if (d != NULL)
		ration_sedf__dom_copy(d);
	for (ration_cpu c = 0; c < limits->cpu_count; c++)
		home_use(sedf_cpu_of(r, c), plan->used[c]);
	for (uint32_t i = 0; i < limits->vcpu_count; i++) {
		v = ration_vcpu_slot(r, i);
		if (v != NULL)
			home_join(r, v, now, fx);
	}
}

void ration_sedf__home_take(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	const struct sedf_plan *plan = ration_policy_scratch(r);
	struct sedf_vcpu *self = sedf_vcpu_of(v);

	self->home = plan->item[v->slot].home;
	self->due.key = now;
	if (sedf_is_server(v))
		home_settle(r, v, true, now);
}

void ration_sedf__home_try(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	ration_cpuset set = v->affinity.hard & ration_cpu_online(r);
	uint64_t share = sedf_dom_of(v->dom)->share;

	for (; set != 0; set = ration_cpuset_rest(set)) {
		ration_cpu c = ration_cpuset_first(set);
		struct sedf_cpu *cpu = sedf_cpu_of(r, c);

		if (share > SEDF_ONE - cpu->used)
			continue;
		sedf_vcpu_of(v)->home = (uint8_t)c;
		cpu->used += share;
		home_restart(r, v, now);
		home_settle(r, v, true, now);
		return;
	}
}

void ration_sedf__home_leave(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	struct sedf_cpu *cpu;

	if (!sedf_is_server(v))
		return;
	cpu = sedf_cpu_of(r, sedf_vcpu_of(v)->home);
	home_move(r, v, SEDF_HOME_NONE, now);
	home_use(cpu, cpu->used);
}
