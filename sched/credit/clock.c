/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual clocks of the CPUs.  A CPU's clock is the latest virtual time with
 * which a slice began there; clocks of CPUs that are contended differently go at
 * different speeds.  What a vCPU is ahead or behind means something only against
 * the clocks of the CPUs that it may run on, and is bounded against them.
 */
#include "credit.h"

/* `ns` of CPU time of v, as virtual time, with as many of its siblings awake as are. */
static uint64_t clock_span(const struct ration_vcpu *v, ration_ns ns)
{
	uint32_t active = credit_dom_of(v->dom)->active_count, rest = 0;

	return ration_credit__advance(ns, active == 0 ? 1 : active, v->dom->attr.weight, &rest);
}

uint64_t ration_credit__vtime(const struct ration_vcpu *v, ration_ns now)
{
	ration_ns ran = ration_vcpu_uncharged(v, now) - credit_vcpu_of(v)->folded_ns;

	return credit_vcpu_of(v)->vtime + clock_span(v, ran);
}

void ration_credit__pay(struct ration_vcpu *v, ration_ns ns, ration_ns debt_ns)
{
	struct credit_vcpu *self = credit_vcpu_of(v);

	ns -= self->folded_ns;
	self->folded_ns = 0;
	if (ns > CREDIT_RUN_MAX_NS - CREDIT_DEBT_MAX_NS)
		ns = CREDIT_RUN_MAX_NS - CREDIT_DEBT_MAX_NS;
	self->vtime += ration_credit__advance(ns + debt_ns, credit_dom_of(v->dom)->active_count,
	                                      v->dom->attr.weight, &self->rest);
}

void ration_credit__fold(struct ration *r, struct ration_dom *d, ration_ns now)
{
	for (ration_cpu c = 0; c < ration_limits_get(r)->cpu_count; c++) {
		struct ration_vcpu *v = ration_cpu_get(r, c)->current;
		ration_ns ran;

		if (v == NULL || v->dom != d)
			continue;
		ran = ration_vcpu_uncharged(v, now);
		ration_credit__pay(v, ran, 0);
		credit_vcpu_of(v)->folded_ns = ran;
	}
}

static ration_ns clock_tslice(const struct ration *r)
{
	struct ration_params params;

	ration_params_get(r, &params);
	return params.tslice_ns;
}

uint64_t ration_credit__clock(const struct ration *r, const struct ration_vcpu *v)
{
	ration_cpuset set = v->affinity.hard & ration_cpu_online(r);
	uint64_t clock = 0;
	bool found = false, busy = false;

	for (set = set != 0 ? set : v->affinity.hard; set != 0; set = ration_cpuset_rest(set)) {
		ration_cpu c = ration_cpuset_first(set);
		uint64_t at = credit_cpu_of(r, c)->vclock;
		bool runs = ration_cpu_get(r, c)->current != NULL;

		if (!found || (runs && !busy) ||
		    (runs == busy && heap_key_is_before(at, clock) == busy))
			clock = at;
		found = true;
		busy = busy || runs;
	}
	return clock;
}

/* The least virtual time with which v may wake, or begin to run, where the clock
 * stands at that: one tslice of a vCPU of the default weight behind.  Who sleeps,
 * or comes from where virtual time is slower, has no larger claim. */
static void clock_raise(const struct ration *r, struct ration_vcpu *v, uint64_t clock)
{
	struct credit_vcpu *self = credit_vcpu_of(v);
	uint64_t least = clock - clock_tslice(r);

	if (heap_key_is_before(self->vtime, least))
		self->vtime = least;
}

void ration_credit__clock_start(struct ration *r, ration_cpu c, struct ration_vcpu *v)
{
	struct credit_cpu *cpu = credit_cpu_of(r, c);

	clock_raise(r, v, cpu->vclock);
	if (heap_key_is_before(cpu->vclock, credit_vcpu_of(v)->vtime))
		cpu->vclock = credit_vcpu_of(v)->vtime;
}

/* v is ahead of the furthest clock of where it may run by no more than so much. */
static void clock_lower(const struct ration *r, struct ration_vcpu *v, ration_ns ahead_ns)
{
	struct credit_vcpu *self = credit_vcpu_of(v);
	ration_cpuset set = v->affinity.hard & ration_cpu_online(r);
	uint64_t most;

	if (set == 0)
		return;
	most = credit_cpu_of(r, ration_cpuset_first(set))->vclock;
	for (; set != 0; set = ration_cpuset_rest(set)) {
		uint64_t at = credit_cpu_of(r, ration_cpuset_first(set))->vclock;

		if (heap_key_is_before(most, at))
			most = at;
	}
	most += clock_span(v, ahead_ns);
	if (heap_key_is_before(most, self->vtime))
		self->vtime = most;
}

void ration_credit__clock_move(const struct ration *r, struct ration_vcpu *v)
{
	clock_lower(r, v, clock_tslice(r));
}

void ration_credit__clock_wake(const struct ration *r, struct ration_vcpu *v)
{
	/* A slice and helper work: who seems further ahead has slept for so long that
	 * the clock, which wraps, has come round behind it. */
	clock_lower(r, v, clock_tslice(r) + CREDIT_DEBT_MAX_NS);
	clock_raise(r, v, ration_credit__clock(r, v));
}

void ration_credit__clock_reweigh(const struct ration *r, struct ration_vcpu *v, uint32_t weight)
{
	struct credit_vcpu *self = credit_vcpu_of(v);
	uint64_t clock = ration_credit__clock(r, v);
	int64_t ahead_ns = ration_credit__time((int64_t)(self->vtime - clock),
	                                       credit_dom_of(v->dom)->active_count, weight);

	self->rest = 0;            /* of a division by the old weight */
	if (ahead_ns < 0)
		self->vtime = clock - clock_span(v, (ration_ns)-ahead_ns);
	else
		self->vtime = clock + clock_span(v, (ration_ns)ahead_ns);
}
