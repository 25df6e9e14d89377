/* SPDX-License-Identifier: BSD-2-Clause */
#include "entitled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "demand.h"

#define SPEED_ROUNDS  20u
#define SPEED_SETTLED 1e-4

/* A domain as it is now. */
struct owed {
	const struct scenario_domain *from;
	bool is_there;
	uint32_t pause_count;
	uint32_t online;                 /* vCPUs 0..online-1 */
	struct ration_attr attr;
	ration_cpuset *hard;             /* of each vCPU */
	struct oracle_vcpu *vcpu;        /* for the oracle */
};

struct state {
	const struct scenario *s;
	const struct ration_policy *policy;
	ration_cpuset cpus;
	struct demand_when when;
	struct owed *owed;
	struct oracle_domain *domain;
};

/* ---- The state --------------------------------------------------------- */

static void owed_init(struct owed *o, const struct scenario_domain *d)
{
	o->from = d;
	o->is_there = d->start_ns == 0;
	o->online = d->vcpu_count;
	o->attr = d->attr;
	o->hard = allocate(d->vcpu_count, sizeof(*o->hard));
	o->vcpu = allocate(d->vcpu_count, sizeof(*o->vcpu));
	for (uint32_t v = 0; v < d->vcpu_count; v++)
		o->hard[v] = d->affinity[v].hard;
}

static void state_init(struct state *state, const struct scenario *s,
                       const struct ration_policy *policy, ration_ns sim_ns)
{
	memset(state, 0, sizeof(*state));
	state->s = s;
	state->policy = policy;
	state->when.sim_ns = sim_ns;
	for (ration_cpu c = 0; c < s->topology.cpu_count && c < RATION_CPU_MAX; c++)
		if (s->topology.cpu[c].online)
			state->cpus |= ration_cpuset_of(c);
	state->owed = allocate(s->domain_count, sizeof(*state->owed));
	state->domain = allocate(s->domain_count, sizeof(*state->domain));
	for (uint32_t i = 0; i < s->domain_count; i++)
		owed_init(&state->owed[i], &s->domain[i]);
}

static void state_fini(struct state *state)
{
	for (uint32_t i = 0; i < state->s->domain_count; i++) {
		free(state->owed[i].hard);
		free(state->owed[i].vcpu);
	}
	free(state->owed);
	free(state->domain);
}

static bool owed_runs(const struct owed *o)
{
	return o->is_there && o->pause_count == 0;
}

/* What dom0 does for those that run, for each of its vCPUs. */
static double state_help(const struct state *state)
{
	double help = 0.0;

	for (uint32_t i = 0; i < state->s->domain_count; i++)
		if (owed_runs(&state->owed[i]))
			help += demand_in_dom0(state->owed[i].from, state->when) *
			        state->owed[i].online / state->owed[i].from->vcpu_count;
	return state->owed[0].online != 0 ? help / state->owed[0].online : 0.0;
}

static void state_domain(struct state *state, uint32_t i, double help)
{
	struct owed *o = &state->owed[i];
	struct oracle_domain *d = &state->domain[i];
	double slice = 0.0, floor = 0.0, demand = 0.0;

	if ((ration_attr_honoured(state->policy) & RATION_ATTR_SLICE) != 0 && o->attr.slice_ns != 0)
		slice = (double)o->attr.slice_ns / (double)o->attr.period_ns;
	for (uint32_t v = 0; v < o->from->vcpu_count; v++) {
		struct oracle_vcpu *to = &o->vcpu[v];

		if (v == 0 || o->from->workload.kind == WORKLOAD_RECORDED)
			demand = fmin(1.0, demand_vcpu(o->from, v, state->when) + help);
		to->hard = o->hard[v];
		to->demand = v < o->online ? demand : 0.0;
		floor += fmin(slice, to->demand);
		if (slice > 0.0 && !o->attr.extratime)
			to->demand = fmin(to->demand, slice);
	}
	d->weight = o->attr.weight;
	d->cap = o->attr.shadow ? 0.0 : (double)o->attr.cap_ppm / RATION_PPM;
	d->floor = fmax(floor, (double)o->attr.floor_ppm / RATION_PPM);
	d->vcpu = o->vcpu;
	d->vcpu_count = o->from->vcpu_count;
	d->absent = !owed_runs(o);
}

static void state_solve_once(struct state *state, struct oracle_result *result)
{
	struct oracle_machine machine = { state->cpus, state->domain, state->s->domain_count };
	double help = 0.0;

	if (state->s->domain_count != 0 && state->s->domain[0].is_dom0)
		help = state_help(state);
	for (uint32_t i = 0; i < state->s->domain_count; i++)
		state_domain(state, i, state->s->domain[i].is_dom0 ? help : 0.0);
	(void)oracle_solve(&machine, result);
}

/* How busy a CPU is when everybody has what they are owed. */
static double state_busy(const struct state *state, const struct oracle_result *result)
{
	double sum = 0.0;

	for (uint32_t i = 0; i < state->s->domain_count; i++)
		sum += result->share[i].entitled;
	return sum > 0.0 ? fmin(1.0, sum / ration_cpuset_count(state->cpus)) : 0.0;
}

/* Busy CPUs are slower where siblings share a core, and slower ones are busier:
 * around until that settles. */
static enum oracle_status state_solve(struct state *state, struct oracle_result *result)
{
	double busy = 0.0, speed;

	state->when.speed = demand_speed(state->s, state->cpus, busy);
	state_solve_once(state, result);
	for (uint32_t i = 0; i < SPEED_ROUNDS; i++) {
		busy = state_busy(state, result);
		speed = demand_speed(state->s, state->cpus, busy);
		if (result->status == ORACLE_FAILED || fabs(speed - state->when.speed) < SPEED_SETTLED)
			break;
		state->when.speed = speed;
		oracle_result_free(result);
		state_solve_once(state, result);
	}
	return result->status;
}

enum oracle_status entitled_at_start(const struct scenario *s, const struct ration_policy *policy,
                                     bool all, struct oracle_result *result, double *demand)
{
	enum oracle_status status;
	struct state state;

	state_init(&state, s, policy, s->time_ns);
	for (uint32_t i = 0; i < s->domain_count; i++)
		state.owed[i].is_there |= all;
	status = state_solve(&state, result);
	for (uint32_t i = 0; i < s->domain_count; i++) {
		demand[i] = 0.0;
		for (uint32_t v = 0; v < state.domain[i].vcpu_count; v++)
			demand[i] += state.domain[i].vcpu[v].demand;
	}
	state_fini(&state);
	return status;
}

/* ---- What changes ------------------------------------------------------ */

static void change_domain(struct owed *o, const struct scenario_event *e)
{
	switch (e->kind) {
	case EVENT_DOM_SET:
		scenario_attr_change(&o->attr, e);
		break;
	case EVENT_DOM_PIN:
		for (uint32_t v = 0; v < o->from->vcpu_count && e->hard_given; v++)
			if (e->vcpu == SCENARIO_ALL || e->vcpu == v)
				o->hard[v] = e->affinity.hard;
		break;
	case EVENT_DOM_PAUSE:
		o->pause_count++;
		break;
	case EVENT_DOM_RESUME:
		o->pause_count -= o->pause_count != 0;
		break;
	case EVENT_DOM_DESTROY:
		o->is_there = false;
		break;
	case EVENT_VCPU_COUNT:
		o->online = e->count;
		break;
	case EVENT_CPU_OFFLINE:
	case EVENT_CPU_ONLINE:
	case EVENT_POLICY:
		break;
	}
}

static void change(struct state *state, const struct scenario_event *e)
{
	if (e->kind == EVENT_CPU_OFFLINE)
		state->cpus &= ~ration_cpuset_of(e->cpu);
	else if (e->kind == EVENT_CPU_ONLINE)
		state->cpus |= ration_cpuset_of(e->cpu);
	else if (e->kind == EVENT_POLICY && e->policy != NULL)
		state->policy = e->policy;
	else if (e->kind != EVENT_POLICY)
		change_domain(&state->owed[e->domain], e);
}

/* Was what is asked for there refused then? */
static bool was_refused(const struct sim_result *r, ration_ns at_ns, struct scenario_mark mark)
{
	for (uint32_t i = 0; i < r->refusal_count; i++) {
		const struct scenario_mark *x = &r->refusal[i].mark;

		if (r->refusal[i].at_ns == at_ns && x->line == mark.line &&
		    x->column == mark.column && x->file == mark.file)
			return true;
	}
	return false;
}

/* All that happens at that time; returns the time when something happens next,
 * RATION_NEVER: nothing.  `event` is the next one. */
static ration_ns change_all(struct state *state, const struct sim_result *r, ration_ns at_ns,
                            uint32_t *event)
{
	const struct scenario *s = state->s;
	ration_ns next_ns = RATION_NEVER;

	for (uint32_t i = 0; i < s->domain_count; i++) {
		const struct scenario_domain *d = &s->domain[i];

		if (d->start_ns == at_ns && at_ns != 0)
			state->owed[i].is_there = !was_refused(r, at_ns, d->mark);
		if (d->start_ns > at_ns && d->start_ns < next_ns)
			next_ns = d->start_ns;
	}
	for (; *event < s->event_count && s->event[*event].at_ns <= at_ns; ++*event)
		if (!was_refused(r, s->event[*event].at_ns, s->event[*event].mark))
			change(state, &s->event[*event]);
	if (*event < s->event_count && s->event[*event].at_ns < next_ns)
		next_ns = s->event[*event].at_ns;
	return next_ns;
}

void entitled_over_run(const struct scenario *s, struct sim_result *r)
{
	struct oracle_result result;
	struct state state;
	ration_ns now_ns = 0, next_ns;
	uint32_t event = 0;

	state_init(&state, s, r->policy, r->sim_ns);
	for (uint32_t i = 0; i < s->domain_count; i++)
		r->domain[i].entitled = 0.0;
	r->is_entitled = r->sim_ns != 0;
	while (now_ns < r->sim_ns && r->is_entitled) {
		next_ns = change_all(&state, r, now_ns, &event);
		if (next_ns > r->sim_ns)
			next_ns = r->sim_ns;
		r->is_entitled = state_solve(&state, &result) != ORACLE_FAILED;
		for (uint32_t i = 0; i < s->domain_count; i++)
			r->domain[i].entitled += result.share[i].entitled *
			                         (double)(next_ns - now_ns) / (double)r->sim_ns;
		oracle_result_free(&result);
		now_ns = next_ns;
	}
	state_fini(&state);
}
