/* SPDX-License-Identifier: BSD-2-Clause */
/* What runs in the vCPUs: the common part; loops and periodic jobs. */
#include "distribution.h"
#include "engine.h"
#include "random.h"

/* ---- For all kinds ----------------------------------------------------- */

ration_ns guest_draw(struct sim *s, struct vcpu *v, const struct scenario_dist *d,
                     enum random_purpose purpose, ration_ns least)
{
	uint64_t *draws = &v->draws[purpose != RANDOM_RUN];
	uint64_t r = 0;
	ration_ns ns;

	if (!distribution_is_random(d))
		r = 0;
	else if (v->dom->load->random == RANDOM_SPLITMIX)
		r = random_splitmix(&v->draws[0]);
	else
		r = random_draw(s->scenario->seed, v->entity, purpose, (*draws)++);
	ns = distribution_draw(d, r);
	return ns < least ? least : ns;
}

void guest_begin(struct sim *s, struct vcpu *v, enum activity activity, ration_ns left_ns)
{
	if (v->activity == ACTIVITY_HELP) {
		v->own_activity = (uint8_t)activity;
		v->own_left_ns = left_ns;
		v->own_carry = 0;
		return;
	}
	if (v->cpu != NULL)
		machine_sync(s, v->cpu);
	v->activity = (uint8_t)activity;
	v->left_ns = left_ns;
	v->carry = 0;
	if (v->cpu != NULL)
		machine_rearm(s, v->cpu);
	else if (v->asleep && !v->leaving)
		machine_wake(s, v);
}

void guest_rest(struct sim *s, struct vcpu *v)
{
	v->activity = ACTIVITY_NONE;
	v->left_ns = 0;
	if (v->dom == s->dom0 && help_take(s, v))
		return;
	if (v->dom->load->kind == WORKLOAD_SERVER && server_take(s, v))
		return;
	machine_block(s, v);
}

void guest_job_done(struct sim *s, struct vcpu *v, ration_ns arrival_ns)
{
	ration_ns took = s->now_ns - arrival_ns, due = v->dom->load->deadline_ns;
	struct sim_domain *result = v->dom->result;
	struct sim_jobs *jobs = result->vcpu == NULL ? NULL : &result->vcpu[v->idx];
	bool late = due != 0 && took > due;

	result->jobs++;
	result->late += late;
	result->misses += late;
	histogram_add(&result->response_ns, took);
	if (jobs == NULL)
		return;
	jobs->done++;
	jobs->misses += late;
	histogram_add(&jobs->response_ns, took);
	if (late)
		histogram_add(&jobs->tardiness_ns, took - due);
}

/* ---- Loops and periodic jobs ------------------------------------------- */

static void loop_begin(struct sim *s, struct vcpu *v)
{
	guest_begin(s, v, ACTIVITY_WORK, guest_draw(s, v, &v->dom->load->run, RANDOM_RUN, 1));
}

static void loop_event(struct sim *s, struct vcpu *v)
{
	struct domain *d = v->dom;
	struct request request = { s->now_ns, 0, d->load->through_dom0_ns, 0, d, v };

	if (request.help_ns != 0)
		help_ask(s, &request);
	else
		loop_begin(s, v);
}

static void loop_done(struct sim *s, struct vcpu *v)
{
	ration_ns block_ns = guest_draw(s, v, &v->dom->load->block, RANDOM_BLOCK, 0);

	v->dom->result->loops++;
	if (!v->leaving)
		sim_arm(s, &v->event, s->now_ns + block_ns);
	guest_rest(s, v);
}

static void periodic_release(struct sim *s, struct vcpu *v)
{
	sim_arm(s, &v->event, s->now_ns + v->dom->load->period_ns);
	if (guest_own(v) != ACTIVITY_NONE) {
		v->pending++;
		return;
	}
	v->arrival_ns = s->now_ns;
	loop_begin(s, v);
}

static void periodic_done(struct sim *s, struct vcpu *v)
{
	const struct scenario_workload *load = v->dom->load;

	guest_job_done(s, v, v->arrival_ns);
	if (v->pending == 0) {
		guest_rest(s, v);
		return;
	}
	v->pending--;
	v->arrival_ns += load->period_ns;
	if (!load->yield) {
		loop_begin(s, v);
		return;
	}
	v->left_ns = guest_draw(s, v, &load->run, RANDOM_RUN, 1);
	v->carry = 0;
	machine_yield(s, v, NULL);
}

static void periodic_end(struct sim *s, struct vcpu *v)
{
	const struct scenario_workload *load = v->dom->load;
	ration_ns at_ns = v->arrival_ns + load->deadline_ns, end_ns = s->now_ns;
	uint64_t missed;

	if (load->deadline_ns == 0 || guest_own(v) == ACTIVITY_NONE || end_ns <= at_ns)
		return;
	/* its own, and of those that wait the ones released early enough */
	at_ns = (end_ns - at_ns - 1) / load->period_ns;
	missed = 1 + (at_ns < v->pending ? at_ns : v->pending);
	v->dom->result->misses += missed;
	v->dom->result->vcpu[v->idx].misses += missed;
}

/* ---- The kinds, one by one --------------------------------------------- */

void guest_come(struct sim *s, struct vcpu *v)
{
	const struct scenario_workload *load = v->dom->load;
	ration_ns phase_ns = scenario_phase(load, v->idx);

	if (load->random == RANDOM_SPLITMIX)
		v->draws[0] = load->splitmix_seed + v->idx;
	v->entity = random_entity(v->dom->scenario->name, v->idx);
	v->asleep = true;
	v->dom->sleeping[v->idx / 64] |= (uint64_t)1 << v->idx % 64;
	v->dom->online++;
	if (load->kind == WORKLOAD_SERVER)
		server_come(s, v);
	else if (load->kind != WORKLOAD_IDLE)
		sim_arm(s, &v->event, s->now_ns + phase_ns);
}

void guest_event(struct sim *s, struct vcpu *v)
{
	switch (v->dom->load->kind) {
	case WORKLOAD_IDLE:
		break;
	case WORKLOAD_HOG:
		guest_begin(s, v, ACTIVITY_WORK, RATION_NEVER);
		break;
	case WORKLOAD_LOOP:
		loop_event(s, v);
		break;
	case WORKLOAD_PERIODIC:
		periodic_release(s, v);
		break;
	case WORKLOAD_SERVER:
		server_arrival(s, v);
		break;
	case WORKLOAD_SPINLOCK:
	case WORKLOAD_BARRIER:
		loop_begin(s, v);
		break;
	case WORKLOAD_RECORDED:
		recorded_event(s, v);
		break;
	}
}

void guest_helped(struct sim *s, struct vcpu *v)
{
	loop_begin(s, v);
}

void guest_done(struct sim *s, struct vcpu *v)
{
	if (v->activity == ACTIVITY_HELP) {
		help_done(s, v);
		return;
	}
	if (v->activity == ACTIVITY_NONE) {
		guest_rest(s, v);
		return;
	}
	switch (v->dom->load->kind) {
	case WORKLOAD_LOOP:
		loop_done(s, v);
		break;
	case WORKLOAD_PERIODIC:
		periodic_done(s, v);
		break;
	case WORKLOAD_SERVER:
		server_done(s, v);
		break;
	case WORKLOAD_SPINLOCK:
		spinlock_done(s, v);
		break;
	case WORKLOAD_BARRIER:
		barrier_done(s, v);
		break;
	case WORKLOAD_RECORDED:
		recorded_done(s, v);
		break;
	case WORKLOAD_IDLE:
	case WORKLOAD_HOG:
		break;
	}
}

void guest_look(struct sim *s, struct vcpu *v)
{
	if (v->dom->load->kind == WORKLOAD_SPINLOCK)
		spinlock_look(s, v);
	else if (v->dom->load->kind == WORKLOAD_BARRIER)
		barrier_look(s, v);
}

void guest_start(struct sim *s, struct vcpu *v)
{
	if (v->dom == s->dom0 && v->activity != ACTIVITY_HELP && help_take(s, v))
		return;
	if (v->activity == ACTIVITY_SPIN)
		guest_look(s, v);
}

/* ---- Coming and going -------------------------------------------------- */

void guest_down(struct sim *s, struct vcpu *v)
{
	struct domain *d = v->dom;

	v->is_down = true;
	v->woken_ns = RATION_NEVER;
	d->online--;
	d->sleeping[v->idx / 64] &= ~((uint64_t)1 << v->idx % 64);
	if (v->activity == ACTIVITY_HELP)
		help_down(s, v);
	if (d->load->kind == WORKLOAD_SERVER)
		server_down(s, v);
	else if (d->load->kind == WORKLOAD_SPINLOCK)
		spinlock_down(s, v);
	else if (d->load->kind == WORKLOAD_BARRIER)
		barrier_down(s, v);
}

void guest_up(struct sim *s, struct vcpu *v)
{
	struct domain *d = v->dom;

	v->is_down = false;
	d->online++;
	if (v->asleep)
		d->sleeping[v->idx / 64] |= (uint64_t)1 << v->idx % 64;
	if (d->load->kind == WORKLOAD_SERVER)
		server_up(s, v);
	else if (d->load->kind == WORKLOAD_BARRIER)
		barrier_up(s, v);
}

void guest_end(struct sim *s, struct domain *d)
{
	uint32_t i;

	if (d->load->kind == WORKLOAD_SERVER)
		server_end(s, d);
	for (i = 0; i < d->vcpu_count; i++)
		if (d->load->kind == WORKLOAD_PERIODIC && d->vcpu[i].ration != NULL)
			periodic_end(s, &d->vcpu[i]);
}
