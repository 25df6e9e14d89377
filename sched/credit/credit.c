/* SPDX-License-Identifier: BSD-2-Clause */
/* The credit policy's table: what happens when.  See ration_credit.h for the
 * algorithm, credit.h for the data. */
#include "credit.h"

static void credit_init(struct ration *r, ration_ns now)
{
	(void)now;                     /* else, zeroed memory is the initial state */
	credit_of(r)->rates.at_ns = RATION_NEVER;
}

/* Who waits for the rate limit on c waits for its turn, until it is judged anew. */
static void credit_unlimit(struct ration *r, ration_cpu c, ration_ns now)
{
	struct ration_vcpu *v = ration_vcpu_slot(r, credit_cpu_of(r, c)->limited);

	if (v == NULL || credit_vcpu_of(v)->limited_by != c + 1)
		return;
	credit_vcpu_of(v)->limited_by = 0;
	ration_wait_set(r, v, RATION_WAIT_QUEUE, now);
}

/* v is measured by other clocks than before.  If it queues, its place there
 * follows; true if it does. */
static bool credit_measure(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	uint8_t place = credit_vcpu_of(v)->place;
	bool queued = place == CREDIT_QUEUED || place == CREDIT_RUSHING;

	if (queued)
		ration_credit__dequeue(r, v);
	ration_credit__clock_move(r, v);
	if (queued)
		ration_credit__enqueue(r, v, now);
	return queued;
}

static void credit_cpu_set(struct ration *r, ration_cpu c, bool online, ration_ns now,
                           struct ration_effects *fx)
{
	uint32_t count = credit_of(r)->vcpu_count == 0 ? 0 : ration_limits_get(r)->vcpu_count;

	(void)online, (void)fx;
	credit_cpu_of(r, c)->contested = false;
	/* It comes back idle; and of one that goes, nobody asks any more. */
	credit_of(r)->busy &= ~ration_cpuset_of(c);
	credit_of(r)->open &= ~ration_cpuset_of(c);
	credit_unlimit(r, c, now);
	/* Whoever used this CPU is now measured by others, or by this one again. */
	for (uint32_t i = 0; i < count; i++) {
		struct ration_vcpu *v = ration_vcpu_slot(r, i);

		if (v != NULL && ration_cpuset_has(v->affinity.hard, c))
			(void)credit_measure(r, v, now);
	}
	ration_credit__rates_dirty(r, now);
}

static void credit_dom_set(struct ration *r, struct ration_dom *d, ration_ns now,
                           struct ration_effects *fx)
{
	ration_credit__rates_dom(r, d, false, now);
	ration_credit__cap_set(r, d, now, fx);
	ration_credit__rush_disarm(r, credit_dom_of(d));
	ration_credit__floor_set(d, now);
	/* Queued vCPUs may have become urgent, or ceased to be. */
	for (struct ration_vcpu *v = d->first; v != NULL; v = v->next)
		if (credit_measure(r, v, now))
			ration_credit__place(r, v, false, now, fx);
}

static void credit_dom_leave(struct ration *r, struct ration_dom *d, ration_ns now)
{
	ration_credit__rates_dom(r, d, true, now);
	ration_credit__refill_disarm(r, credit_dom_of(d));
	ration_credit__rush_disarm(r, credit_dom_of(d));
}

static void credit_join(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	credit_of(r)->vcpu_count++;
	ration_credit__rates_join(r, v, now);
	ration_credit__clock_join(r, v);
}

static void credit_activate(struct ration *r, struct ration_vcpu *v, bool active, ration_ns now)
{
	struct credit_vcpu *self = credit_vcpu_of(v);

	if (self->active == active)
		return;
	ration_credit__shadow_pass(v->dom, now);
	self->active = active;
	credit_dom_of(v->dom)->active_count += active ? 1u : (uint32_t)-1;
	ration_credit__rates_stir(r, now);
}

static void credit_leave(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	uint64_t behind = ration_credit__clock(r, v) - credit_vcpu_of(v)->vtime;

	credit_dom_of(v->dom)->budget_ns += credit_vcpu_of(v)->grant_ns;
	credit_vcpu_of(v)->grant_ns = 0;

	ration_credit__shadow_pass(v->dom, now);
	credit_of(r)->vcpu_count--;
	ration_lag_set(v, ration_credit__time((int64_t)behind, credit_vcpu_of(v)->pace));
	ration_credit__dequeue(r, v);
	ration_credit__rates_leave(r, v);
}

static void credit_ready(struct ration *r, struct ration_vcpu *v, enum ration_ready why,
                         ration_ns now, struct ration_effects *fx)
{
	struct credit_vcpu *self = credit_vcpu_of(v);
	bool ran = why == RATION_READY_PREEMPT || why == RATION_READY_YIELD;

	if (self->active)
		ration_credit__shadow_run(v->dom, false, now);
	credit_activate(r, v, true, now);
	ration_credit__cap_settle(r, v, now, fx);
	if (why == RATION_READY_WAKE || why == RATION_READY_RESUME) {
		ration_credit__clock_wake(r, v);
		self->woken = true;
	}
	if (ration_credit__cap_holds(v)) {
		ration_credit__hold(r, v, now);
		return;
	}
	ration_credit__enqueue(r, v, now);
	ration_credit__place(r, v, ran && self->place != CREDIT_RUSHING, now, fx);
}

static void credit_unready(struct ration *r, struct ration_vcpu *v, ration_ns now,
                           struct ration_effects *fx)
{
	if (credit_vcpu_of(v)->active && credit_vcpu_of(v)->place == CREDIT_NOWHERE)
		ration_credit__shadow_run(v->dom, false, now);
	ration_credit__dequeue(r, v);
	credit_activate(r, v, false, now);
	ration_credit__cap_settle(r, v, now, fx);
}

static void credit_charge(struct ration *r, struct ration_dom *d, struct ration_vcpu *v,
                          ration_ns ns, ration_ns now, struct ration_effects *fx)
{
	struct credit_dom *dom = credit_dom_of(d);
	ration_ns paid;

	(void)fx;
	ration_credit__floor_spend(d, ns, v != NULL && credit_cpu_of(r, v->cpu)->rushing, now);
	if (v == NULL) {
		ration_credit__cap_spend(r, d, ns, now);
		ration_credit__shadow_spend(d, ns, now);
		paid = ns < CREDIT_DEBT_MAX_NS ? ns : CREDIT_DEBT_MAX_NS;
		dom->debt_ns += paid;
		if (dom->debt_ns > CREDIT_DEBT_MAX_NS)
			dom->debt_ns = CREDIT_DEBT_MAX_NS;
		return;
	}
	if (dom->capped)
		credit_vcpu_of(v)->grant_ns -= (int64_t)(ns < CREDIT_RUN_MAX_NS ? ns : CREDIT_RUN_MAX_NS);
	ration_credit__pay(v, ns, dom->debt_ns);
	dom->debt_ns = 0;
}

/* Does `other`, the best that waits, come before what runs on c? */
static bool credit_beats(const struct ration *r, const struct ration_vcpu *other, ration_cpu c,
                         const struct ration_vcpu *cur, ration_ns now)
{
	bool urgent = credit_vcpu_of(other)->place == CREDIT_RUSHING;
	bool away = ration_credit__is_away(r, c, other);

	if (ration_credit__gives_way(r, c))
		return true;
	if (away != ration_credit__is_away(r, c, cur))
		return !away;
	if (urgent != credit_cpu_of(r, c)->rushing)
		return urgent;
	return heap_key_is_before(credit_vcpu_of(other)->node.key, ration_credit__turn(r, cur, now));
}

/* May the current vCPU go on as far as its cap is concerned?  A used-up grant
 * is renewed if there is something left. */
static bool credit_may_go_on(struct ration *r, struct ration_vcpu *cur, ration_ns now,
                             struct ration_effects *fx)
{
	if (!credit_dom_of(cur->dom)->capped || credit_vcpu_of(cur)->grant_ns > 0)
		return true;
	ration_credit__cap_settle(r, cur, now, fx);
	if (ration_credit__cap_holds(cur))
		return false;
	ration_credit__cap_grant(r, cur, now);
	return true;
}

/* What the current vCPU has left to run before it must decide again. */
static ration_ns credit_until(const struct ration_vcpu *cur, ration_ns until_ns, ration_ns now)
{
	int64_t grant = credit_vcpu_of(cur)->grant_ns;

	if (credit_dom_of(cur->dom)->capped && now + (ration_ns)grant < until_ns)
		return now + (ration_ns)grant;
	return until_ns;
}

/* Nobody has asked for c; who wakes may, unless a floor is being served. */
static void credit_calm(struct ration *r, ration_cpu c)
{
	struct credit_cpu *self = credit_cpu_of(r, c);

	self->contested = false;
	if (self->rushing)
		credit_of(r)->open &= ~ration_cpuset_of(c);
	else
		credit_of(r)->open |= ration_cpuset_of(c);
}

/* A wake-up or a floor against the vCPU that is in mid-slice on c: true if
 * `other` takes over; else *until_ns is when to look again. */
static bool credit_contest(struct ration *r, ration_cpu c, struct ration_vcpu *other, ration_ns now,
                           ration_ns *until_ns)
{
	const struct ration_cpu_state *cpu = ration_cpu_get(r, c);
	struct credit_cpu *self = credit_cpu_of(r, c);
	struct ration_params params;
	ration_ns protected_ns;

	*until_ns = self->slice_end_ns;
	if (!self->contested || other == NULL || !credit_beats(r, other, c, cpu->current, now)) {
		credit_calm(r, c);
		return false;
	}
	ration_params_get(r, &params);
	protected_ns = cpu->since_ns + params.ratelimit_ns;
	if (now >= protected_ns)
		return true;
	if (protected_ns < *until_ns)
		*until_ns = protected_ns;
	ration_wait_set(r, other, RATION_WAIT_RATELIMIT, now);
	self->limited = other->slot;
	credit_vcpu_of(other)->limited_by = (uint8_t)(c + 1);
	return false;
}

/* A new slice on c for v, which has been granted `offer_ns` by its cap. */
static ration_ns credit_slice(struct ration *r, ration_cpu c, struct ration_vcpu *v, bool urgent,
                              ration_ns offer_ns, ration_ns now)
{
	struct credit_cpu *self = credit_cpu_of(r, c);
	ration_ns slice_ns = ration_credit__slice(r, v);

	if (urgent) {
		ration_ns left = (ration_ns)ration_credit__floor_left(v->dom, now);   /* due: > 0 */

		if (left < slice_ns)
			slice_ns = left;
	}
	self->slice_end_ns = now + slice_ns;
	self->rushing = urgent;
	credit_calm(r, c);
	return now + (offer_ns < slice_ns ? offer_ns : slice_ns);
}

/* The vCPU to run on c if the current one does not go on: the one that it yielded
 * to, unless a floor is due, or that one is far ahead: two that yield to each other get
 * what they are owed, and no more.  A turn that is given away is paid for: who gives it
 * comes after the one whose turn it would have been. */
static struct ration_vcpu *credit_pick(struct ration *r, ration_cpu c, ration_ns now)
{
	const struct ration_cpu_state *cpu = ration_cpu_get(r, c);
	struct ration_vcpu *best = ration_credit__best(r, c, now), *hint = cpu->hint;

	/* The cap may have shut on the hinted one since the core looked at it. */
	if (hint == NULL || hint == best || credit_vcpu_of(hint)->place == CREDIT_HELD ||
	    credit_vcpu_of(best)->place == CREDIT_RUSHING ||
	    heap_key_is_before(credit_vcpu_of(best)->node.key + CREDIT_HINT_NS,
	                       credit_vcpu_of(hint)->vtime))
		return best;
	if (cpu->current != NULL)
		ration_credit__clock_after(r, cpu->current, credit_vcpu_of(best)->node.key);
	return hint;
}

static void credit_decide(struct ration *r, ration_cpu c, ration_ns now,
                          struct ration_decision *out, struct ration_effects *fx)
{
	const struct ration_cpu_state *cpu = ration_cpu_get(r, c);
	struct ration_vcpu *cur = cpu->current, *best;
	bool keep = cpu->stay && credit_may_go_on(r, cur, now, fx), rushing;
	ration_ns until_ns;

	credit_unlimit(r, c, now);
	best = credit_pick(r, c, now);
	if (keep && best != NULL && credit_vcpu_of(best)->place == CREDIT_RUSHING &&
	    !credit_cpu_of(r, c)->rushing &&
	    (ration_credit__shielded(r, c, best, now) ||
	     (!credit_cpu_of(r, c)->contested && ration_credit__divert(r, best, c, now, fx))))
		best = ration_credit__best_calm(r, c);
	if (keep && !cpu->yielded && now < credit_cpu_of(r, c)->slice_end_ns) {
		if (!credit_contest(r, c, best, now, &until_ns)) {
			out->vcpu = cur;
			out->until_ns = credit_until(cur, until_ns, now);
			return;
		}
	} else if (keep) {
		credit_cpu_of(r, c)->rushing = ration_credit__floor_is_due(cur->dom, now);
		if (best == NULL || (!cpu->yielded && !credit_beats(r, best, c, cur, now))) {
			out->vcpu = cur;
			until_ns = credit_slice(r, c, cur, credit_cpu_of(r, c)->rushing,
			                        RATION_NEVER, now);
			ration_credit__clock_start(r, c, cur, now);
			ration_credit__clock_run(r, c, cur, now);
			out->until_ns = credit_until(cur, until_ns, now);
			return;
		}
	}
	credit_cpu_of(r, c)->rushing = false;
	if (best == NULL) {
		credit_of(r)->busy &= ~ration_cpuset_of(c);
		credit_of(r)->open &= ~ration_cpuset_of(c);
		return;
	}
	/* Here and not in start: who runs when the policy is switched begins no slice. */
	ration_credit__clock_start(r, c, best, now);
	out->vcpu = best;
	rushing = ration_credit__floor_is_due(best->dom, now);
	out->until_ns = credit_slice(r, c, best, rushing, ration_credit__cap_offer(best), now);
}

static void credit_start(struct ration *r, struct ration_vcpu *v, ration_cpu c, ration_ns now)
{
	ration_credit__dequeue(r, v);
	ration_credit__cap_grant(r, v, now);
	ration_credit__shadow_run(v->dom, true, now);
	credit_vcpu_of(v)->woken = false;
	credit_of(r)->busy |= ration_cpuset_of(c);
	ration_credit__clock_run(r, c, v, now);
}

const struct ration_policy ration_credit = {
	.name = "credit",
	.abi = RATION_POLICY_ABI,
	.honours = RATION_ATTR_WEIGHT | RATION_ATTR_CAP | RATION_ATTR_FLOOR | RATION_ATTR_BURST |
	           RATION_ATTR_SHADOW | RATION_ATTR_TSLICE | RATION_ATTR_RATELIMIT,
	.instance_size = sizeof(struct credit),
	.cpu_size = sizeof(struct credit_cpu),
	.dom_size = sizeof(struct credit_dom),
	.vcpu_size = sizeof(struct credit_vcpu),
	.scratch_size = RATION_ENTITLE_SIZE,
	.scratch_cpu_size = RATION_ENTITLE_CPU_SIZE,
	.scratch_dom_size = RATION_ENTITLE_DOM_SIZE,
	.scratch_vcpu_size = RATION_ENTITLE_VCPU_SIZE,
	.admit = ration_credit__admit,
	.init = credit_init,
	.cpu_set = credit_cpu_set,
	.dom_set = credit_dom_set,
	.dom_leave = credit_dom_leave,
	.join = credit_join,
	.leave = credit_leave,
	.ready = credit_ready,
	.unready = credit_unready,
	.charge = credit_charge,
	.decide = credit_decide,
	.start = credit_start,
	.expire = ration_credit__expire,
	.check = ration_credit__check,
	.shadow = ration_credit__shadow_sum,
};
