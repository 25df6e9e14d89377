/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a CPU runs next, in this order:
 *   1. whoever has a window here that is open, on its budget;
 *   2. the earliest deadline among its own servers that have budget, where what
 *      is set aside for slack is one of them;
 *   3. slack: the least virtual time of those that may run here;
 *   4. a pull: a server with budget and extratime that waits elsewhere, where
 *      an earlier deadline runs.  It pays from its budget, as if at home.
 * A decision holds until its end, or until this CPU is told that things changed.
 */
#include "sedf.h"

/* What is known of CPU c, and what comes out. */
struct decide {
	struct ration *r;
	struct sedf_cpu *cpu;
	const struct ration_cpu_state *state;
	struct ration_vcpu *cur;   /* the current vCPU, if it may go on and did not yield */
	struct ration_vcpu *v;     /* runs next */
	ration_ns now, until_ns;
	ration_cpu c;
	bool in_window;            /* v runs because its window is open */
	bool goes_on;              /* v is cur, in its present quantum of slack */
};

/* This CPU decides again by then. */
static void decide_by(struct decide *d, ration_ns at_ns)
{
	if (at_ns < d->until_ns)
		d->until_ns = at_ns;
}

/* The server of this CPU that comes first, or NULL. */
static struct ration_vcpu *decide_head(const struct sedf_cpu *cpu)
{
	struct heap_node *n = heap_first(&cpu->due);

	return n == NULL ? NULL : sedf_from_due(n);
}

static ration_ns decide_deadline(const struct ration_vcpu *v)
{
	return v == NULL ? RATION_NEVER : sedf_vcpu_of(v)->due.key;
}

/* How v would run here, its windows aside. */
static enum sedf_mode decide_mode(const struct ration_vcpu *v, ration_cpu c)
{
	if (!sedf_has_budget(v))
		return SEDF_BY_SLACK;
	return sedf_vcpu_of(v)->home == c && !sedf_is_split(v) ? SEDF_BY_DEADLINE : SEDF_BY_PULL;
}

static bool decide_is(const struct ration_vcpu *v, ration_cpu c, enum sedf_mode mode)
{
	return v != NULL && decide_mode(v, c) == mode &&
	       (mode == SEDF_BY_DEADLINE || sedf_has_extra(v));
}

/* Its budget may be due to be filled while it runs on slack: the CPU's own
 * decision does that.  It competes for slack exactly without a budget. */
static void decide_refresh(struct ration_vcpu *v, ration_ns now)
{
	struct sedf_vcpu *self = sedf_vcpu_of(v);

	if (sedf_is_server(v) && self->budget_ns <= 0 && now >= self->due.key)
		ration_sedf__refill(sedf_dom_of(v->dom), self, now);
	ration_sedf__count(v, !sedf_has_budget(v) && sedf_has_extra(v));
}

/* ---- Windows --------------------------------------------------------------- */

/* Whose window is open?  Before the next one opens this CPU decides again, if
 * its owner wants it. */
static void decide_window(struct decide *d)
{
	for (uint32_t side = 0; side < 2; side++) {
		struct ration_vcpu *v = d->cpu->window[side].v;
		ration_ns at_ns;

		if (v == NULL || (v->flags & RATION_VCPU_RUNNABLE) == 0 || !sedf_has_budget(v))
			continue;
		at_ns = ration_sedf__window_begin(d->r, d->c, side, d->now);
		if (at_ns <= d->now && (v == d->cur || (v->flags & RATION_VCPU_READY) != 0)) {
			d->v = v;
			d->in_window = true;
			at_ns += d->cpu->window[side].open_ns;
		} else if (at_ns <= d->now) {
			at_ns += sedf_of(d->r)->slot_ns;
		}
		decide_by(d, at_ns);
	}
}

/* ---- What is set aside for slack ------------------------------------------- */

/* It is a server that wants to run while anybody waits for slack here, or has it. */
static void decide_reserve(struct decide *d)
{
	struct sedf_dom *ask = &sedf_of(d->r)->reserve;
	struct sedf_vcpu *self = &d->cpu->reserve;
	bool wanted = decide_is(d->cur, d->c, SEDF_BY_SLACK) ||
	              ration_sedf__slack_waits(d->r, d->c, NULL);

	if (ask->slice_ns == 0)
		return;
	if (wanted && !d->cpu->reserve_wanted)
		ration_sedf__wake(ask, self, d->now);
	if (wanted && self->budget_ns <= 0 && d->now >= self->due.key)
		ration_sedf__refill(ask, self, d->now);
	d->cpu->reserve_wanted = wanted;
}

static ration_ns decide_reserve_deadline(const struct sedf_cpu *cpu)
{
	return cpu->reserve_wanted && cpu->reserve.budget_ns > 0 ? cpu->reserve.due.key :
	                                                           RATION_NEVER;
}

/* ---- Whom ------------------------------------------------------------------- */

static void decide_slack(struct decide *d)
{
	bool slack = decide_is(d->cur, d->c, SEDF_BY_SLACK);
	bool pull = decide_is(d->cur, d->c, SEDF_BY_PULL), same;

	same = (slack || pull) && d->cpu->mode == (uint8_t)decide_mode(d->cur, d->c);
	if (same && (slack || decide_head(d->cpu) == NULL) &&
	    d->now < d->cpu->slack_from_ns + SEDF_QUANTUM_NS) {
		d->v = d->cur;
		d->goes_on = true;
		return;
	}
	d->v = ration_sedf__slack_next(d->r, d->c, slack ? d->cur : NULL);
	if (d->v == NULL && pull)
		d->v = d->cur;
	if (d->v == NULL)
		d->v = ration_sedf__spare_next(d->r, d->c);
	d->goes_on = d->v != NULL && d->v == d->cur && same &&
	             d->now < d->cpu->slack_from_ns + SEDF_ALONE_NS &&
	             !ration_sedf__slack_waits(d->r, d->c, d->cur);
}

/* A hint is followed where that delays no deadline: nobody else is due here, or
 * it is the first of those. */
static bool decide_follows(const struct decide *d)
{
	const struct ration_vcpu *head = decide_head(d->cpu);

	return d->state->hint != NULL && (head == NULL || head == d->state->hint);
}

static void decide_pick(struct decide *d)
{
	struct ration_vcpu *first = decide_head(d->cpu);

	if (decide_is(d->cur, d->c, SEDF_BY_DEADLINE) &&
	    decide_deadline(d->cur) <= decide_deadline(first))
		first = d->cur;
	if (decide_follows(d))
		d->v = d->state->hint;
	else if (first != NULL && decide_deadline(first) < decide_reserve_deadline(d->cpu))
		d->v = first;
	else
		decide_slack(d);
}

static void decide_whom(struct decide *d)
{
	decide_window(d);
	if (d->v == NULL)
		decide_pick(d);
}

/* ---- Until when --------------------------------------------------------------- */

/* A CPU that runs for a deadline looks after slack in time. */
static void decide_until_deadline(struct decide *d)
{
	const struct sedf_vcpu *reserve = &d->cpu->reserve;

	if (sedf_of(d->r)->reserve.slice_ns != 0)
		decide_by(d, d->cpu->reserve_wanted && reserve->due.key > d->now ?
		             reserve->due.key : d->now + SEDF_RESERVE_NS);
}

static void decide_until_slack(struct decide *d)
{
	const struct ration_vcpu *old = d->state->stay ? d->state->current : NULL;
	bool waits = ration_sedf__slack_waits(d->r, d->c, d->v) ||
	             (old != d->v && decide_is(old, d->c, SEDF_BY_SLACK));

	if (!waits)
		sedf_of(d->r)->alone |= ration_cpuset_of(d->c);
	decide_by(d, d->cpu->slack_from_ns + (waits ? SEDF_QUANTUM_NS : SEDF_ALONE_NS));
	if (decide_reserve_deadline(d->cpu) != RATION_NEVER)
		decide_by(d, d->now + (ration_ns)d->cpu->reserve.budget_ns);
}

static void decide_until(struct decide *d)
{
	const struct sedf_vcpu *self = sedf_vcpu_of(d->v);

	if (d->cpu->mode != SEDF_BY_SLACK)
		decide_by(d, d->now + (ration_ns)self->budget_ns);
	else if (sedf_is_server(d->v))
		decide_by(d, self->due.key);    /* its budget is filled then */
	if (d->cpu->mode == SEDF_BY_DEADLINE)
		decide_until_deadline(d);
	else
		decide_until_slack(d);
}

/* ---- The decision --------------------------------------------------------------- */

/* v, or nobody, runs here. */
static void decide_enter(struct decide *d)
{
	struct sedf_cpu *cpu = d->cpu;

	cpu->mode = SEDF_IDLE;
	cpu->run_deadline_ns = RATION_NEVER;
	if (d->v == NULL)
		return;
	cpu->mode = d->in_window ? SEDF_BY_DEADLINE : (uint8_t)decide_mode(d->v, d->c);
	if (cpu->mode == SEDF_BY_DEADLINE)
		cpu->run_deadline_ns = d->in_window ? 0 : decide_deadline(d->v);
	else if (cpu->mode == SEDF_BY_SLACK)
		cpu->run_deadline_ns = decide_reserve_deadline(cpu);
	if (!d->goes_on) {
		cpu->slack_from_ns = d->now;
		if (cpu->mode == SEDF_BY_SLACK)
			ration_sedf__slack_start(d->r, d->v);
	}
	decide_until(d);
}

void ration_sedf__decide(struct ration *r, ration_cpu c, ration_ns now,
                         struct ration_decision *out, struct ration_effects *fx)
{
	const struct ration_cpu_state *state = ration_cpu_get(r, c);
	struct decide d = { .r = r, .cpu = sedf_cpu_of(r, c), .state = state, .c = c, .now = now,
	                    .until_ns = RATION_NEVER };
	struct heap_node *held = heap_first(&sedf_of(r)->held);

	if (held != NULL && held->key <= now)
		ration_sedf__expire(r, now, fx);
	if (state->stay && !state->yielded && !d.cpu->told && now < state->until_ns) {
		out->vcpu = state->current;
		out->until_ns = state->until_ns;
		return;
	}
	if (state->stay)
		decide_refresh(state->current, now);
	d.cur = state->stay && !state->yielded ? state->current : NULL;
	sedf_of(r)->alone &= ~ration_cpuset_of(c);
	decide_reserve(&d);
	decide_whom(&d);
	if (d.v == NULL && state->yielded && state->stay) {
		d.cur = state->current;         /* nobody wants the CPU */
		decide_whom(&d);
	}
	decide_enter(&d);
	if (d.v == NULL && !d.cpu->told && state->current == NULL && now < state->until_ns)
		d.until_ns = state->until_ns;
	d.cpu->told = false;
	out->vcpu = d.v;
	out->until_ns = d.until_ns;
}

/* v is out of its queues now.  When the policy has just been switched to, no decision
 * has been made: the CPU makes one next. */
void ration_sedf__start(struct ration *r, struct ration_vcpu *v, ration_cpu c, ration_ns now)
{
	struct sedf_cpu *cpu = sedf_cpu_of(r, c);

	(void)now;
	ration_sedf__unfile(r, v);
	if (cpu->mode == SEDF_IDLE)
		cpu->mode = (uint8_t)decide_mode(v, c);
	if (cpu->mode == SEDF_BY_PULL)
		sedf_vcpu_of(v)->flags |= SEDF_PULLED;
}
