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

/* That share counts on CPU c until then. */
static void home_haunt(struct ration *r, ration_cpu c, uint64_t share, ration_ns until_ns,
                       ration_ns now)
{
	struct sedf_cpu *cpu = sedf_cpu_of(r, c);

	if (now >= cpu->ghost_until_ns) {
		cpu->ghost = 0;
		cpu->ghost_until_ns = now;
	}
	cpu->ghost = share < SEDF_ONE - cpu->ghost ? cpu->ghost + share : SEDF_ONE;
	if (cpu->ghost_until_ns < until_ns)
		cpu->ghost_until_ns = until_ns;
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

/* v has come to its CPUs, or changed there: does it have to wait for a ghost?
 * One that has not moved has its old share until its deadline. */
static void home_settle(const struct ration *r, const struct ration_vcpu *v, bool moved,
                        ration_ns now)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	const ration_cpu at[2] = { self->home, self->peer };

	for (uint32_t i = 0; i < 2 && at[i] != SEDF_HOME_NONE; i++) {
		const struct sedf_cpu *cpu = sedf_cpu_of(r, at[i]);

		if (now >= cpu->ghost_until_ns || cpu->ghost <= cpu->room)
			continue;
		if (!moved && self->due.key >= cpu->ghost_until_ns)
			continue;
		if (self->due.key < cpu->ghost_until_ns)
			self->due.key = cpu->ghost_until_ns;
		if (self->budget_ns > 0)
			self->budget_ns = 0;
	}
}

/* v, whole and at home here, changes from its old attributes to others of that
 * share.  What it has used too much of its old share counts until its deadline;
 * else a new period can begin. */
static void home_change(struct ration *r, struct ration_vcpu *v, uint64_t share, ration_ns now)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	uint64_t old = sedf_dom_of(v->dom)->share;

	if (!home_is_ahead(r, v, now))
		home_restart(r, v, now);
	else if (old > share)
		home_haunt(r, self->home, old - share, self->due.key, now);
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

/* That window of a split vCPU goes.  It may have had this slot's already, if it ever ran. */
static void home_shut(struct ration *r, ration_cpu c, uint32_t side, ration_ns now)
{
	struct sedf_window *window = &sedf_cpu_of(r, c)->window[side];
	ration_ns slot_ns = sedf_of(r)->slot_ns;

	if ((sedf_vcpu_of(window->v)->flags & SEDF_NEW) == 0)
		home_haunt(r, c, ration_sedf__share(window->length_ns, slot_ns), now + slot_ns, now);
	window->v = NULL;
	window->length_ns = 0;
}

/* v goes from one place, or none, to another, or none.  What is left of its
 * period goes along unless that is more than its share. */
static void home_move(struct ration *r, struct ration_vcpu *v, uint8_t home, uint8_t peer,
                      ration_ns now)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	bool ahead = false;

	if (sedf_is_split(v)) {
		home_shut(r, self->home, SEDF_TAIL, now);
		home_shut(r, self->peer, SEDF_HEAD, now);
	} else if (sedf_is_server(v)) {
		ahead = home_is_ahead(r, v, now);
		sedf_cpu_of(r, self->home)->used -= sedf_dom_of(v->dom)->share;
		if (ahead)
			home_haunt(r, self->home, sedf_dom_of(v->dom)->share, self->due.key, now);
	}
	if (!ahead || home == SEDF_HOME_NONE)
		home_restart(r, v, now);
	self->home = home;
	self->peer = peer;
	if (home != SEDF_HOME_NONE)
		self->flags |= SEDF_MOVED;
}

/* First pass: what v was. */
static void home_part(struct ration *r, struct ration_vcpu *v, const struct ration_dom *d,
                      const struct sedf_plan *plan, ration_ns now)
{
	const struct sedf_plan_item *item = &plan->item[v->slot];
	struct sedf_vcpu *self = sedf_vcpu_of(v);
	bool differs = v->dom == d && home_differs(d);
	bool moves = item->home != self->home || item->peer != self->peer ||
	             (sedf_is_split(v) && (differs || plan->anew));
	struct sedf_dom ask;

	if (!differs && !moves)
		return;
	ration_sedf__unfile(r, v);
	self->flags |= SEDF_CHANGED;
	if (moves)
		home_move(r, v, item->home, item->peer, now);
	if (!differs)
		return;
	ration_sedf__ask(r, &d->attr, &ask);
	if (moves)
		home_restart(r, v, now);
	else if (item->home != SEDF_HOME_NONE)
		home_change(r, v, ask.share, now);
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
	home_settle(r, v, moved, now);
	if ((v->flags & RATION_VCPU_READY) != 0) {
		ration_sedf__file(r, v, false, now);
		ration_sedf__tell(r, v, now, fx);
	} else if (ration_vcpu_is_current(v)) {
		ration_sedf__kick(r, v->cpu, NULL, now, fx);
	}
}

/* If nobody stayed on CPU c, nobody can be delayed, and ghosts are gone. */
static void home_forget(struct ration *r, ration_cpu c)
{
	struct sedf_cpu *cpu = sedf_cpu_of(r, c);

	if (cpu->used <= sedf_of(r)->reserve.share && cpu->window[SEDF_HEAD].v == NULL &&
	    cpu->window[SEDF_TAIL].v == NULL)
		cpu->ghost_until_ns = 0;
}

void ration_sedf__apply(struct ration *r)
{
	const struct sedf_plan *plan = ration_policy_scratch(r);
	const struct ration_limits *limits = ration_limits_get(r);
	struct sedf *sedf = sedf_of(r);

	sedf->slot_ns = plan->slot_ns;
	sedf->homeless_count = 0;
	for (ration_cpu c = 0; c < limits->cpu_count; c++) {
		struct sedf_cpu *cpu = sedf_cpu_of(r, c);

		cpu->used = plan->cpu[c].used;
		cpu->room = ration_sedf__room(plan, c, SEDF_PERIOD_MAX_NS);
		for (uint32_t side = 0; side < 2; side++) {
			struct sedf_window *window = &cpu->window[side];

			window->v = NULL;
			window->length_ns = plan->cpu[c].window[side];
			window->open_ns = window->length_ns - plan->overhead_ns / 3;
		}
	}
	for (uint32_t i = 0; i < limits->vcpu_count; i++) {
		const struct sedf_plan_item *item = &plan->item[i];

		if (item->mark != 0 && item->home == SEDF_HOME_NONE)
			sedf->homeless_count++;
		if (item->mark == 0 || item->peer == SEDF_HOME_NONE)
			continue;
		sedf_cpu_of(r, item->home)->window[SEDF_TAIL].v = ration_vcpu_slot(r, i);
		sedf_cpu_of(r, item->peer)->window[SEDF_HEAD].v = ration_vcpu_slot(r, i);
	}
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
			home_part(r, v, d, plan, now);
	}
	if (d != NULL)
		ration_sedf__ask(r, &d->attr, sedf_dom_of(d));
	for (ration_cpu c = 0; c < limits->cpu_count; c++)
		home_forget(r, c);
	ration_sedf__apply(r);
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
	self->peer = plan->item[v->slot].peer;
	self->due.key = now;
	home_settle(r, v, true, now);
}

void ration_sedf__home_leave(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	home_move(r, v, SEDF_HOME_NONE, SEDF_HOME_NONE, now);
	/* Somebody may fit now. */
	if (sedf_of(r)->homeless_count != 0)
		ration_sedf__kick(r, 0, NULL, now, NULL);
}
