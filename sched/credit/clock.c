/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual clocks of the CPUs.  A CPU's clock goes as fast as time, and follows the
 * virtual times with which slices begin there; clocks of CPUs that are contended
 * differently may go at different speeds.  What a vCPU is ahead or behind means
 * something only against the clocks of the CPUs that it may run on, and is bounded
 * against them.
 */
#include "credit.h"

/* Who sleeps keeps a claim of a tslice, or this if it is more.  In virtual time:
 * a vCPU that is owed a quarter of a CPU can claim a quarter of it. */
#define CLOCK_CLAIM_NS (30 * RATION_NS_PER_MS)

/* Who moves is ahead by no more slices: more than turns bring with them. */
#define CLOCK_AHEAD_SLICES 4

/* Who waits for long, as pins may demand, is behind by this at most. */
#define CLOCK_BEHIND_MAX_NS RATION_NS_PER_S

#define CLOCK_TURN_NS      RATION_NS_PER_S
#define CLOCK_SLICE_MIN_NS (250 * RATION_NS_PER_US)

/* Who is owed (nearly) a whole CPU can never make up for what it loses, so that
 * its turn comes this much earlier. */
#define CLOCK_WHOLE    (CREDIT_PACE_ONE + CREDIT_PACE_ONE / 64)
#define CLOCK_EARLY_NS (5 * RATION_NS_PER_MS)

/* A CPU's clock goes as fast as time, which is right where all that run are owed
 * all there is; where less is, or more, it follows the virtual times with which
 * slices begin, at twice the speed of time at most, and at least standing still: who
 * runs only because nobody else can here may be ahead of all by minutes.  Who has
 * just woken does not move it, unless nobody else has run for so long. */
#define CLOCK_QUIET_NS (100 * RATION_NS_PER_MS)

/* `ns` of CPU time of v, as virtual time. */
static uint64_t clock_span(const struct ration_vcpu *v, ration_ns ns)
{
	uint16_t rest = 0;

	return ration_credit__advance(ns, credit_vcpu_of(v)->pace, &rest);
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
	self->vtime += ration_credit__advance(ns, self->pace, &self->rest);
	if (debt_ns != 0)
		self->vtime += clock_span(v, debt_ns);
}

ration_ns ration_credit__tslice(const struct ration *r)
{
	struct ration_params params;

	ration_params_get(r, &params);
	return params.tslice_ns;
}

/* A tslice; of a capped domain's vCPU, no more than its cap lets it run in one go. */
static ration_ns clock_tslice_of(const struct ration *r, const struct ration_vcpu *v)
{
	ration_ns tslice_ns = ration_credit__tslice(r), quota_ns;

	/* cap_ppm <= 64,000,000: a product below 2^30 */
	quota_ns = credit_cap_ppm(v->dom) * (CREDIT_PERIOD_NS / RATION_PPM);
	return quota_ns != 0 && quota_ns < tslice_ns ? quota_ns : tslice_ns;
}

/* Who is owed little has shorter turns, for the sake of more than one a second. */
ration_ns ration_credit__slice(const struct ration *r, const struct ration_vcpu *v)
{
	ration_ns slice_ns = clock_tslice_of(r, v), part_ns;

	part_ns = CLOCK_TURN_NS * CREDIT_PACE_ONE / credit_vcpu_of(v)->pace;
	if (part_ns < CLOCK_SLICE_MIN_NS)
		part_ns = CLOCK_SLICE_MIN_NS;
	return slice_ns < part_ns ? slice_ns : part_ns;
}

/* The same, half of it, as virtual time: 2^30 * 2^32 fits. */
static uint64_t clock_half(const struct ration *r, const struct ration_vcpu *v)
{
	uint64_t pace = credit_vcpu_of(v)->pace;
	uint64_t slice = clock_tslice_of(r, v) * pace >> CREDIT_PACE_SHIFT;
	uint64_t least = CLOCK_SLICE_MIN_NS * pace >> CREDIT_PACE_SHIFT;

	if (pace <= CLOCK_WHOLE)
		return slice / 2 - CLOCK_EARLY_NS;
	if (slice > CLOCK_TURN_NS && slice > least)
		slice = least > CLOCK_TURN_NS ? least : CLOCK_TURN_NS;
	return slice / 2;
}

uint64_t ration_credit__turn(const struct ration *r, const struct ration_vcpu *v, ration_ns now)
{
	uint64_t vtime = ration_credit__vtime(v, now);

	if (credit_vcpu_of(v)->woken)
		return vtime + (uint64_t)((int64_t)clock_half(r, v) / (int64_t)UINT16_MAX *
		                           credit_vcpu_of(v)->demand);
	return vtime + clock_half(r, v);
}

void ration_credit__clock_after(const struct ration *r, struct ration_vcpu *v, uint64_t turn)
{
	uint64_t least = turn + 1 - clock_half(r, v);

	if (heap_key_is_before(credit_vcpu_of(v)->vtime, least))
		credit_vcpu_of(v)->vtime = least;
}

void ration_credit__clock_run(struct ration *r, ration_cpu c, const struct ration_vcpu *v,
                              ration_ns now)
{
	struct credit_clock *clock = &credit_of(r)->clock[c];

	clock->turn = ration_credit__turn(r, v, now);
	clock->turn_at_ns = now;
	clock->pace = credit_vcpu_of(v)->pace;
	if (clock->pace <= CLOCK_WHOLE)
		credit_of(r)->whole |= ration_cpuset_of(c);
	else
		credit_of(r)->whole &= ~ration_cpuset_of(c);
}

uint64_t ration_credit__clock_turn(const struct ration *r, ration_cpu c, ration_ns now)
{
	const struct credit_clock *clock = &credit_of(r)->clock[c];
	ration_ns ran = now - clock->turn_at_ns;

	if (ran > CREDIT_RUN_MAX_NS)
		ran = CREDIT_RUN_MAX_NS;
	return clock->turn + (ran * clock->pace >> CREDIT_PACE_SHIFT);     /* see share.c */
}

static uint64_t clock_at(const struct credit_clock *clock, ration_ns now)
{
	return clock->vtime + (now - clock->vtime_at_ns);
}

uint64_t ration_credit__clock(const struct ration *r, const struct ration_vcpu *v)
{
	const struct credit *credit = credit_of(r);
	ration_ns now = ration_now(r);
	ration_cpuset hard = v->affinity.hard, set = hard & ration_cpu_online(r);
	bool busy = (set & credit->busy) != 0;
	uint64_t clock;

	set = busy ? set & credit->busy : set != 0 ? set : hard;
	clock = clock_at(&credit->clock[ration_cpuset_first(set)], now);
	for (set = ration_cpuset_rest(set); set != 0; set = ration_cpuset_rest(set)) {
		uint64_t at = clock_at(&credit->clock[ration_cpuset_first(set)], now);

		if (heap_key_is_before(at, clock) == busy)
			clock = at;
	}
	return clock;
}

/* v wakes, or begins to run, where the clock stands at that: it is behind by no
 * more than its claim. */
static void clock_raise(struct ration_vcpu *v, uint64_t clock, ration_ns claim_ns)
{
	struct credit_vcpu *self = credit_vcpu_of(v);
	uint64_t least = clock - claim_ns;

	if (heap_key_is_before(self->vtime, least))
		self->vtime = least;
}

void ration_credit__clock_start(struct ration *r, ration_cpu c, struct ration_vcpu *v,
                                ration_ns now)
{
	struct credit_clock *cpu = &credit_of(r)->clock[c];
	ration_ns room_ns = now - cpu->vtime_at_ns;
	uint64_t clock = clock_at(cpu, now);
	int64_t ahead;

	clock_raise(v, clock, CLOCK_BEHIND_MAX_NS);
	/* Who has woken has its claim, which is not to grow by itself. */
	if (credit_vcpu_of(v)->woken && room_ns < CLOCK_QUIET_NS)
		return;
	if (room_ns > CLOCK_BEHIND_MAX_NS)
		room_ns = CLOCK_BEHIND_MAX_NS;
	ahead = (int64_t)(credit_vcpu_of(v)->vtime - clock);
	if (ahead > (int64_t)room_ns)
		ahead = (int64_t)room_ns;
	else if (ahead < -(int64_t)room_ns)
		ahead = -(int64_t)room_ns;
	cpu->vtime = clock + (uint64_t)ahead;
	cpu->vtime_at_ns = now;
}

void ration_credit__clock_join(struct ration *r, struct ration_vcpu *v)
{
	struct credit_vcpu *self = credit_vcpu_of(v);

	self->vtime = ration_credit__clock(r, v);
	if (v->lag_ns < 0)
		self->vtime += clock_span(v, (ration_ns)-v->lag_ns);
	else
		self->vtime -= clock_span(v, (ration_ns)v->lag_ns);
}

void ration_credit__clock_move(const struct ration *r, struct ration_vcpu *v)
{
	const struct credit_clock *clock = credit_of(r)->clock;
	struct credit_vcpu *self = credit_vcpu_of(v);
	ration_cpuset set = v->affinity.hard & ration_cpu_online(r);
	ration_ns now = ration_now(r);
	uint64_t most;

	if (set == 0)
		return;
	most = clock_at(&clock[ration_cpuset_first(set)], now);
	for (set = ration_cpuset_rest(set); set != 0; set = ration_cpuset_rest(set)) {
		uint64_t at = clock_at(&clock[ration_cpuset_first(set)], now);

		if (heap_key_is_before(most, at))
			most = at;
	}
	most += clock_span(v, CLOCK_AHEAD_SLICES * ration_credit__tslice(r));
	if (heap_key_is_before(most, self->vtime))
		self->vtime = most;
}

void ration_credit__clock_wake(const struct ration *r, struct ration_vcpu *v)
{
	ration_ns claim_ns = ration_credit__tslice(r);

	clock_raise(v, ration_credit__clock(r, v),
	            claim_ns > CLOCK_CLAIM_NS ? claim_ns : CLOCK_CLAIM_NS);
}

/* v's pace was `before`: what it is ahead or behind stays the same CPU time.  However
 * small the change: of many small ones back and one large one forth, each time that it
 * sleeps, a vCPU would drift away. */
static void clock_rescale(struct ration_vcpu *v, uint64_t before, uint64_t clock)
{
	struct credit_vcpu *self = credit_vcpu_of(v);
	int64_t ahead_ns = ration_credit__time((int64_t)(self->vtime - clock), before);

	self->rest = 0;
	if (ahead_ns < 0)
		self->vtime = clock - clock_span(v, (ration_ns)-ahead_ns);
	else
		self->vtime = clock + clock_span(v, (ration_ns)ahead_ns);
}

void ration_credit__clock_pace(struct ration *r, struct ration_vcpu *v, uint64_t pace,
                               uint64_t clock, ration_ns now)
{
	struct credit_vcpu *self = credit_vcpu_of(v);
	uint64_t before = self->pace;
	ration_ns ran;

	if (ration_vcpu_is_current(v)) {
		ran = ration_vcpu_uncharged(v, now);
		ration_credit__pay(v, ran, 0);
		self->folded_ns = ran < UINT32_MAX ? (uint32_t)ran : UINT32_MAX;
	}
	self->pace = pace;
	clock_rescale(v, before, clock);
	if (ration_vcpu_is_current(v))
		ration_credit__clock_run(r, v->cpu, v, now);
}
