/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a CPU runs next, in this order:
 *   1. the earliest deadline among its own servers that have budget;
 *   2. slack: the least virtual time of those that may run here;
 *   3. a pull: a server with budget and extratime that waits elsewhere, where
 *      an earlier deadline runs.  It pays from its budget, as if at home.
 */
#include "sedf.h"

struct decide_pick {
	struct ration_vcpu *v;
	bool goes_on;              /* it is current, in its present quantum of slack */
};

/* The server of CPU c that comes first, or NULL. */
static struct ration_vcpu *decide_head(const struct sedf_cpu *cpu)
{
	struct heap_node *n = heap_first(&cpu->due);

	return n == NULL ? NULL : sedf_from_due(n);
}

static ration_ns decide_deadline(const struct ration_vcpu *v)
{
	return v == NULL ? RATION_NEVER : sedf_vcpu_of(v)->due.key;
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

/* The present decision is for a length of its own: while someone stands aside, or
 * while nobody competes for slack.  It holds until then, or until this CPU is
 * told that things have changed. */
static bool decide_holds(const struct ration *r, ration_cpu c, ration_ns now)
{
	const struct ration_cpu_state *state = ration_cpu_get(r, c);
	const struct sedf_cpu *cpu = sedf_cpu_of(r, c);

	return (cpu->brief || ration_cpuset_has(sedf_of(r)->alone, c)) && state->stay &&
	       !state->yielded && !cpu->stale && now < state->until_ns &&
	       decide_deadline(decide_head(cpu)) >= cpu->run_deadline_ns;
}

/* Whoever stood aside competes again, by the rule of one that was blocked. */
static struct ration_vcpu *decide_return(struct ration *r, struct sedf_cpu *cpu, ration_ns now)
{
	struct ration_vcpu *v = cpu->aside;

	cpu->brief = cpu->lent = false;
	if (v == NULL)
		return NULL;
	ration_sedf__unfile(r, v);
	ration_sedf__wake(sedf_dom_of(v->dom), sedf_vcpu_of(v), now);
	ration_sedf__file(r, v, true, now);
	return v;
}

/* A hint is followed where no deadline here comes before the yielder's own. */
static bool decide_follows(const struct ration_cpu_state *state, const struct sedf_cpu *cpu,
                         const struct ration_vcpu *cur, ration_cpu c)
{
	const struct ration_vcpu *head = decide_head(cpu);
	ration_ns right;

	if (state->hint == NULL || ration_wait_is_held(state->hint))
		return false;                   /* held since the core looked: it was aside */
	if (head == NULL || head == state->hint)
		return true;
	right = cur != NULL && sedf_mode_on(cur, c) == SEDF_BY_DEADLINE ? decide_deadline(cur) :
	                                                                   RATION_NEVER;
	return right <= decide_deadline(head);
}

static struct decide_pick decide_slack(struct ration *r, ration_cpu c, struct ration_vcpu *cur,
                                       ration_ns now)
{
	const struct sedf_cpu *cpu = sedf_cpu_of(r, c);
	bool slack = cur != NULL && !sedf_has_budget(cur) && sedf_has_extra(cur);
	bool pull = cur != NULL && sedf_mode_on(cur, c) == SEDF_BY_PULL && sedf_has_extra(cur);
	struct decide_pick pick = { NULL, false };

	if ((slack || pull) && cpu->mode == (uint8_t)sedf_mode_on(cur, c) &&
	    now < cpu->slack_from_ns + SEDF_QUANTUM_NS) {
		pick.v = cur;
		pick.goes_on = true;
		return pick;
	}
	pick.v = ration_sedf__slack_next(r, c, slack ? cur : NULL);
	if (pick.v == NULL && pull)
		pick.v = cur;
	if (pick.v == NULL)
		pick.v = ration_sedf__spare_next(r, c);
	pick.goes_on = pick.v != NULL && pick.v == cur &&
	               cpu->mode == (uint8_t)sedf_mode_on(cur, c) &&
	               now < cpu->slack_from_ns + SEDF_ALONE_NS &&
	               !ration_sedf__slack_waits(r, c, cur);
	return pick;
}

/* cur: the current vCPU if it may stay. */
static struct decide_pick decide_pick(struct ration *r, ration_cpu c, struct ration_vcpu *cur,
                                      bool yielded, ration_ns now)
{
	struct ration_vcpu *head = decide_head(sedf_cpu_of(r, c));
	struct ration_vcpu *rival = yielded ? NULL : cur;
	struct decide_pick pick = { NULL, false };

	if (rival != NULL && sedf_mode_on(rival, c) == SEDF_BY_DEADLINE &&
	    decide_deadline(rival) <= decide_deadline(head))
		pick.v = rival;
	else if (head != NULL)
		pick.v = head;
	else
		pick = decide_slack(r, c, rival, now);
	if (pick.v == NULL && yielded && cur != NULL &&
	    (sedf_mode_on(cur, c) == SEDF_BY_DEADLINE || sedf_has_extra(cur)))
		pick.v = cur;                   /* it yielded, and nobody wants the CPU */
	return pick;
}

static ration_ns decide_min(ration_ns a, ration_ns b)
{
	return a < b ? a : b;
}

/* When the CPU decides again if it runs v in that mode. */
static ration_ns decide_until(struct ration *r, ration_cpu c, const struct ration_vcpu *v,
                              enum sedf_mode mode, ration_ns now)
{
	const struct sedf_cpu *cpu = sedf_cpu_of(r, c);
	const struct ration_vcpu *cur = ration_cpu_get(r, c)->stay ? ration_cpu_get(r, c)->current :
	                                                             NULL;
	const struct sedf_vcpu *self = sedf_vcpu_of(v);
	ration_ns until = RATION_NEVER;
	bool waits;

	if (mode != SEDF_BY_SLACK)
		until = now + (ration_ns)self->budget_ns;
	else if (sedf_is_server(v))
		until = self->due.key;          /* its budget is filled then */
	if (mode == SEDF_BY_DEADLINE)
		return until;
	waits = ration_sedf__slack_waits(r, c, v) ||
	        (cur != NULL && cur != v && !sedf_has_budget(cur) && sedf_has_extra(cur));
	if (!waits)
		sedf_of(r)->alone |= ration_cpuset_of(c);
	return decide_min(until, cpu->slack_from_ns + (waits ? SEDF_QUANTUM_NS : SEDF_ALONE_NS));
}

/* The current server yielded its place to v.  It waits for one quantum at most;
 * where v runs before its turn, out of the yielder's budget. */
static void decide_yield(const struct ration_cpu_state *state, struct sedf_cpu *cpu,
                         const struct ration_vcpu *v, ration_ns now, struct ration_decision *out)
{
	const struct ration_vcpu *head = decide_head(cpu);
	const struct ration_vcpu *yielder = state->current;

	cpu->brief = true;
	out->until_ns = decide_min(out->until_ns, now + SEDF_QUANTUM_NS);
	if (v != state->hint || head == NULL || head == v)
		return;
	cpu->lent = true;
	cpu->run_deadline_ns = decide_min(cpu->run_deadline_ns, decide_deadline(yielder));
	out->until_ns = decide_min(out->until_ns,
	                           now + (ration_ns)sedf_vcpu_of(yielder)->budget_ns);
}

/* The decision is made: write it down. */
static void decide_write(struct ration *r, ration_cpu c, const struct decide_pick *pick,
                         ration_ns now, struct ration_decision *out)
{
	struct sedf_cpu *cpu = sedf_cpu_of(r, c);
	const struct ration_cpu_state *state = ration_cpu_get(r, c);
	struct ration_vcpu *v = pick->v;

	sedf_of(r)->alone &= ~ration_cpuset_of(c);
	cpu->stale = false;
	cpu->mode = v == NULL ? (uint8_t)SEDF_IDLE : (uint8_t)sedf_mode_on(v, c);
	if (!pick->goes_on)
		cpu->slack_from_ns = now;
	if (!pick->goes_on && cpu->mode == SEDF_BY_SLACK)
		ration_sedf__slack_start(r, v);
	cpu->run_deadline_ns = cpu->mode == SEDF_BY_DEADLINE ? decide_deadline(v) : RATION_NEVER;
	out->vcpu = v;
	if (v != NULL) {
		out->until_ns = decide_until(r, c, v, (enum sedf_mode)cpu->mode, now);
		if (pick->goes_on && state->until_ns > now)
			out->until_ns = decide_min(out->until_ns, state->until_ns);
		if (state->yielded && state->stay && v != state->current &&
		    sedf_mode_on(state->current, c) == SEDF_BY_DEADLINE)
			decide_yield(state, cpu, v, now, out);
	}
	cpu->ask_deadline_ns = cpu->run_deadline_ns;
}

void ration_sedf__decide(struct ration *r, ration_cpu c, ration_ns now,
                         struct ration_decision *out, struct ration_effects *fx)
{
	const struct ration_cpu_state *state = ration_cpu_get(r, c);
	struct sedf_cpu *cpu = sedf_cpu_of(r, c);
	struct decide_pick pick = { NULL, false };
	struct ration_vcpu *cur = state->stay ? state->current : NULL, *back;
	struct heap_node *held = heap_first(&sedf_of(r)->held);

	if (held != NULL && held->key <= now)
		ration_sedf__expire(r, now, fx);
	if (decide_holds(r, c, now)) {
		cpu->ask_deadline_ns = cpu->run_deadline_ns;
		out->vcpu = cur;
		out->until_ns = state->until_ns;
		return;
	}
	back = decide_return(r, cpu, now);
	if (cur != NULL)
		decide_refresh(cur, now);
	if (decide_follows(state, cpu, cur, c))
		pick.v = state->hint;
	else
		pick = decide_pick(r, c, cur, state->yielded, now);
	decide_write(r, c, &pick, now, out);
	if (back != NULL && back != pick.v)
		ration_sedf__tell(r, back, now, fx);
}

/* After a decision this only takes v out of its queues; when the policy has just
 * been switched to, no decision has been made. */
void ration_sedf__start(struct ration *r, struct ration_vcpu *v, ration_cpu c, ration_ns now)
{
	struct sedf_cpu *cpu = sedf_cpu_of(r, c);

	ration_sedf__unfile(r, v);
	cpu->mode = (uint8_t)sedf_mode_on(v, c);
	cpu->slack_from_ns = now;
	if (cpu->mode == SEDF_BY_SLACK)
		ration_sedf__slack_start(r, v);
	if (cpu->lent)
		return;
	cpu->run_deadline_ns = cpu->mode == SEDF_BY_DEADLINE ? decide_deadline(v) : RATION_NEVER;
	cpu->ask_deadline_ns = cpu->run_deadline_ns;
}
