/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPUs: what they run, how fast, and the library's protocol. */
#include "engine.h"

#include <assert.h>

/* More decisions than this at one instant go on for ever. */
#define DECISIONS_MAX 1000000u

/* ---- Speed ------------------------------------------------------------- */

void machine_init(struct sim *s)
{
	const struct ration_topology *t = &s->scenario->topology;
	uint32_t i, capacity_max = 1;
	bool is_smt = s->costs.smt_ppm != RATION_PPM;

	for (i = 0; i < s->cpu_count; i++)
		if (t->cpu[i].capacity > capacity_max)
			capacity_max = t->cpu[i].capacity;
	s->speed_unit = RATION_PPM * capacity_max;       /* < 2^30 */
	for (i = 0; i < s->cpu_count; i++) {
		struct cpu *c = &s->cpu[i];

		c->id = i;
		c->full_speed = RATION_PPM * t->cpu[i].capacity;
		c->shared_speed = s->costs.smt_ppm * t->cpu[i].capacity;
		c->siblings = ration_topology_core_cpus(t, i) & ~ration_cpuset_of(i);
		if (!is_smt)
			c->siblings = 0;
		if (c->siblings != 0 || t->cpu[i].capacity != capacity_max)
			s->scaled = true;
		c->speed = c->full_speed;
		c->until_ns = RATION_NEVER;
		event_init(&s->queue, &c->completion, EVENT_KIND_COMPLETION, i);
		event_init(&s->queue, &c->timer, EVENT_KIND_TIMER, i);
		event_init(&s->queue, &c->kick, EVENT_KIND_KICK, i);
		event_init(&s->queue, &c->saved, EVENT_KIND_SAVED, i);
	}
}

/* The work done in `elapsed` at the CPU's speed.  Speeds are at most the unit,
 * the unit and carry below 2^30: products stay below 2^60. */
static ration_ns machine_work(const struct sim *s, const struct cpu *c, ration_ns elapsed)
{
	uint64_t unit = s->speed_unit;
	uint64_t part = elapsed % unit * c->speed + c->running->carry;

	c->running->carry = (uint32_t)(part % unit);
	return elapsed / unit * c->speed + part / unit;
}

/* How long the work left takes at the CPU's speed: the least time after which
 * machine_work() gives all of it. */
static ration_ns machine_duration(const struct sim *s, const struct cpu *c)
{
	uint64_t unit = s->speed_unit, speed = c->speed;
	uint64_t whole = c->running->left_ns / speed;
	uint64_t rest = c->running->left_ns % speed * unit, carry = c->running->carry;

	if (whole > RATION_TIME_MAX / unit / 2)
		return RATION_TIME_MAX;
	if (rest >= carry)
		return whole * unit + (rest - carry + speed - 1) / speed;
	return whole * unit - (whole != 0 ? (carry - rest) / speed : 0);
}

static uint32_t machine_speed(const struct sim *s, const struct cpu *c)
{
	ration_cpuset set;

	for (set = c->siblings; set != 0; set = ration_cpuset_rest(set))
		if (s->cpu[ration_cpuset_first(set)].running != NULL)
			return c->shared_speed;
	return c->full_speed;
}

/* c began or ceased to run something: so it and its siblings change speed. */
static void machine_rescale(struct sim *s, struct cpu *c)
{
	ration_cpuset set;

	c->speed = machine_speed(s, c);
	for (set = c->siblings; set != 0; set = ration_cpuset_rest(set)) {
		struct cpu *sibling = &s->cpu[ration_cpuset_first(set)];
		uint32_t speed = machine_speed(s, sibling);

		if (sibling->running == NULL || sibling->speed == speed)
			continue;
		machine_sync(s, sibling);
		sibling->speed = speed;
		machine_rearm(s, sibling);
	}
}

/* ---- What runs --------------------------------------------------------- */

static void machine_arm(struct sim *s, struct event *e, ration_ns at_ns)
{
	if (e->time_ns != at_ns || !event_is_armed(e))
		sim_arm(s, e, at_ns);
}

void machine_sync(struct sim *s, struct cpu *c)
{
	struct vcpu *v = c->running;
	ration_ns elapsed = s->now_ns - c->synced_ns, done = elapsed;

	c->synced_ns = s->now_ns;
	if (v->activity == ACTIVITY_SPIN)
		v->dom->result->spin_ns += elapsed;
	else if (v->activity == ACTIVITY_HELP)
		v->help.cpu_ns += elapsed;
	if (v->left_ns == RATION_NEVER)
		return;
	if (s->scaled && v->activity != ACTIVITY_SPIN)
		done = machine_work(s, c, elapsed);
	assert(done <= v->left_ns);
	v->left_ns -= done;
}

void machine_rearm(struct sim *s, struct cpu *c)
{
	struct vcpu *v = c->running;
	ration_ns timer_ns = c->until_ns, done_ns = RATION_NEVER;

	if (timer_ns != RATION_NEVER) {
		timer_ns += s->costs.timer_ns;
		if (timer_ns < s->now_ns)
			timer_ns = s->now_ns;
	}
	if (v != NULL && v->left_ns < RATION_TIME_MAX)
		done_ns = c->synced_ns + (s->scaled && v->activity != ACTIVITY_SPIN ?
		                          machine_duration(s, c) : v->left_ns);
	if (done_ns <= timer_ns) {
		event_cancel(&s->queue, &c->timer);
		machine_arm(s, &c->completion, done_ns);
	} else {
		event_cancel(&s->queue, &c->completion);
		machine_arm(s, &c->timer, timer_ns);
	}
}

/* A dispatch: one word of history. */
static void machine_record(struct sim *s, const struct cpu *c, const struct vcpu *v)
{
	s->hash = v == NULL ? sim_hash(s->hash, s->now_ns, c->id, UINT32_MAX, UINT32_MAX) :
	          sim_hash(s->hash, s->now_ns, c->id, v->dom->id, v->idx);
}

/* A slice of v ends, or it leaves the CPU. */
static void machine_slice_end(struct sim *s, struct vcpu *v)
{
	v->dom->result->run_done_ns += s->now_ns - v->since_ns;
	v->since_ns = s->now_ns;
}

static void machine_stop(struct sim *s, struct cpu *c)
{
	struct vcpu *v = c->running;

	machine_sync(s, c);
	machine_slice_end(s, v);
	v->dom->running &= ~ration_cpuset_of(c->id);
	v->last_cpu = c->id;
	v->cpu = NULL;
	c->running = NULL;
	c->old = v;
	if (s->trace != NULL)
		trace_stop(s->trace, s->now_ns, c->id);
}

static void machine_moved(struct sim *s, struct cpu *c, struct vcpu *v)
{
	enum ration_distance far;

	if (v->last_cpu == RATION_CPU_NONE || v->last_cpu == c->id)
		return;
	v->dom->result->migrations++;
	far = ration_topology_between(&s->scenario->topology, v->last_cpu, c->id);
	if (v->left_ns < RATION_TIME_MAX && v->activity != ACTIVITY_SPIN)
		v->left_ns += s->costs.migrate_ns[far];
}

static void machine_start(struct sim *s, struct cpu *c, struct vcpu *v)
{
	struct sim_domain *result = v->dom->result;

	c->running = v;
	c->synced_ns = s->now_ns;
	v->cpu = c;
	v->dom->running |= ration_cpuset_of(c->id);
	if (v->last_cpu != c->id)
		machine_moved(s, c, v);
	if (v->woken_ns != RATION_NEVER) {
		histogram_add(&result->wake_ns, s->now_ns - v->woken_ns);
		v->woken_ns = RATION_NEVER;
	}
	if (s->trace != NULL)
		trace_start(s->trace, s->now_ns, c->id, v->dom->scenario->name, v->idx, v->since_ns);
	result->wait_done_ns += s->now_ns - v->since_ns;
	result->dispatches++;
	v->since_ns = s->now_ns;
	machine_record(s, c, v);
	if (s->scaled)
		machine_rescale(s, c);
	guest_start(s, v);
	machine_rearm(s, c);
}

/* ---- The protocol ------------------------------------------------------ */

/* The CPU goes on with what it runs; perhaps with a new slice. */
static void machine_continue(struct sim *s, struct cpu *c, const struct ration_decision *d,
                             bool yielded)
{
	struct vcpu *v = c->running;

	if (v != NULL && (yielded || s->now_ns >= c->until_ns)) {
		machine_slice_end(s, v);
		v->dom->result->dispatches++;
		machine_record(s, c, v);
		if (s->trace != NULL)
			trace_again(s->trace, s->now_ns, c->id);
	}
	c->until_ns = d->until_ns;
	machine_rearm(s, c);
}

static void machine_ask(struct sim *s, struct cpu *c, bool yielded)
{
	struct ration_decision d;
	struct ration_effects fx;

	s->kicked &= ~ration_cpuset_of(c->id);
	ration_record_decide(&s->record, c->id, s->now_ns, &d, &fx);
	sim_effects(s, &fx, RATION_CPU_NONE);
	if (!d.switched) {
		machine_continue(s, c, &d, yielded);
		return;
	}
	c->until_ns = d.until_ns;
	if (c->running != NULL)
		machine_stop(s, c);
	c->next = d.vcpu == NULL ? NULL : sim_vcpu(s, d.vcpu);
	c->switching = true;
	if (s->costs.switch_ns == 0) {
		machine_saved(s, c);
		return;
	}
	event_cancel(&s->queue, &c->completion);
	event_cancel(&s->queue, &c->timer);
	if (s->scaled)
		machine_rescale(s, c);
	machine_arm(s, &c->saved, s->now_ns + s->costs.switch_ns);
}

void machine_decide(struct sim *s, struct cpu *c)
{
	if (c->switching)
		c->again = true;
	else
		machine_ask(s, c, false);
}

void machine_saved(struct sim *s, struct cpu *c)
{
	struct ration_effects fx;
	struct vcpu *old = c->old, *next = c->next;

	c->switching = false;
	c->old = NULL;
	c->next = NULL;
	ration_record_saved(&s->record, c->id, s->now_ns, &fx);
	sim_effects(s, &fx, RATION_CPU_NONE);
	if (old != NULL && old->leaving)
		action_leave(s, old);
	if (next != NULL) {
		machine_start(s, c, next);
	} else {
		machine_record(s, c, NULL);
		if (s->scaled)
			machine_rescale(s, c);
		machine_rearm(s, c);
		action_cpu_idle(s, c->id);
	}
	if (c->again) {
		c->again = false;
		s->kicked |= ration_cpuset_of(c->id);
	}
}

void machine_completion(struct sim *s, struct cpu *c)
{
	machine_sync(s, c);
	guest_done(s, c->running);
}

void machine_kicks(struct sim *s)
{
	uint32_t decisions = 0;

	while (s->kicked != 0) {
		struct cpu *c = &s->cpu[ration_cpuset_first(s->kicked)];

		if (++decisions > DECISIONS_MAX) {
			sim_broken(s, "the policy asks for decisions without end");
			return;
		}
		s->record.from = c->id;
		if (event_is_armed(&c->completion) && c->completion.time_ns == s->now_ns) {
			event_cancel(&s->queue, &c->completion);
			s->events++;
			machine_completion(s, c);       /* completion before kick, now too */
		}
		if (ration_cpuset_has(s->kicked, c->id)) {
			s->kicked &= ~ration_cpuset_of(c->id);
			machine_decide(s, c);
		}
	}
}

/* ---- For guests -------------------------------------------------------- */

static void machine_sleeping_set(struct vcpu *v)
{
	if (!v->is_down && !v->leaving)
		v->dom->sleeping[v->idx / 64] |= (uint64_t)1 << v->idx % 64;
}

void machine_block(struct sim *s, struct vcpu *v)
{
	struct cpu *c = v->cpu;
	struct ration_effects fx;

	v->activity = ACTIVITY_NONE;
	v->left_ns = 0;
	v->asleep = true;
	machine_sleeping_set(v);
	ration_record_block(&s->record, v->ration, s->now_ns, &fx);
	sim_effects(s, &fx, c->id);
	machine_ask(s, c, false);
}

void machine_yield(struct sim *s, struct vcpu *v, struct vcpu *other)
{
	struct cpu *c = v->cpu;
	struct ration_effects fx;

	if (other != NULL && other->ration != NULL)
		ration_record_yield_to(&s->record, v->ration, other->ration, s->now_ns, &fx);
	else
		ration_record_yield(&s->record, v->ration, s->now_ns, &fx);
	sim_effects(s, &fx, c->id);
	machine_ask(s, c, true);
}

void machine_wake(struct sim *s, struct vcpu *v)
{
	struct ration_effects fx;

	assert(v->asleep);
	v->asleep = false;
	v->dom->sleeping[v->idx / 64] &= ~((uint64_t)1 << v->idx % 64);
	v->since_ns = s->now_ns;
	v->woken_ns = v->is_down || v->leaving || v->dom->pause_count != 0 ?
	              RATION_NEVER : s->now_ns;
	if (s->trace != NULL)
		trace_note(s->trace, s->now_ns, v->last_cpu, "wake", v->dom->scenario->name, v->idx);
	ration_record_wake(&s->record, v->ration, s->now_ns, &fx);
	sim_effects(s, &fx, RATION_CPU_NONE);
}
