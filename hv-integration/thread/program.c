/* SPDX-License-Identifier: BSD-2-Clause */
/* What runs in the vCPUs: the common part; hogs, loops, periodic jobs, servers. */
#include "thread_world.h"

#include "distribution.h"

static const struct ration_port_exit exit_none = { RATION_EXIT_NONE, NULL };
static const struct ration_port_exit exit_block = { RATION_EXIT_BLOCK, NULL };
static const struct ration_port_exit exit_yield = { RATION_EXIT_YIELD, NULL };

/* ---- For all kinds ----------------------------------------------------- */

ration_ns program_draw(const struct world *w, struct vcpu *v, const struct scenario_dist *d,
                       enum random_purpose purpose, ration_ns least)
{
	uint64_t *draws = &v->draws[purpose != RANDOM_RUN];
	uint64_t r = 0;
	ration_ns ns;

	if (distribution_is_random(d) && v->dom->load->random == RANDOM_SPLITMIX)
		r = random_splitmix(&v->draws[0]);
	else if (distribution_is_random(d))
		r = random_draw(w->scenario->seed, v->entity, purpose, (*draws)++);
	ns = distribution_draw(d, r);
	return ns < least ? least : ns;
}

void program_wake(struct world *w, struct vcpu *v)
{
	if (!v->dom->there || !v->sleeping)
		return;
	v->sleeping = false;
	flag_set(&v->woken_ns, v->is_down || v->dom->pause_count != 0 ? 0 :
	                       rig_now(&w->machine) | 1);
	flag_set(&v->event, 1);
	(void)__atomic_fetch_add(&w->wakes, 1, __ATOMIC_RELAXED);
	ration_port_wake(&w->machine.port, RATION_CPU_NONE, v->ration);
}

void program_job_done(const struct world *w, struct vcpu *v, ration_ns arrival_ns)
{
	ration_ns now = rig_now(&w->machine), took = now > arrival_ns ? now - arrival_ns : 0;

	v->jobs++;
	histogram_add(&v->response_ns, took);
	if (v->dom->load->deadline_ns != 0 && took > v->dom->load->deadline_ns)
		v->late++;
}

static bool program_pending(void *world, struct context *home)
{
	(void)world;
	return flag_get(&program_of(home)->event) != 0;
}

/* ---- Looking for something to do --------------------------------------- */

static void program_burst(const struct world *w, struct vcpu *v, struct context *x)
{
	program_begin(x, ACTIVITY_WORK, program_draw(w, v, &v->dom->load->run, RANDOM_RUN, 1));
}

static bool periodic_find(const struct world *w, struct vcpu *v, struct context *x)
{
	if (v->released <= x->count)
		return false;
	x->arrival_ns = v->first_ns + x->count * v->dom->load->period_ns;
	program_burst(w, v, x);
	return true;
}

static bool server_find(struct vcpu *v, struct context *x)
{
	struct request request;

	if (v->dom->queue.count == 0 || v->is_down)
		return false;
	request = request_pop(&v->dom->queue);
	x->arrival_ns = request.arrival_ns;
	program_begin(x, ACTIVITY_WORK, request.work_ns);
	return true;
}

static bool program_find_own(struct world *w, struct vcpu *v, struct context *x)
{
	bool was_due = v->due;

	v->due = false;
	switch (v->dom->load->kind) {
	case WORKLOAD_PERIODIC:
		return periodic_find(w, v, x);
	case WORKLOAD_SERVER:
		return server_find(v, x);
	case WORKLOAD_BARRIER:
		if (program_barrier_find(w, v, x))
			return true;
		break;
	case WORKLOAD_HOG:
		program_begin(x, ACTIVITY_WORK, RATION_NEVER);
		return was_due;
	case WORKLOAD_IDLE:
	case WORKLOAD_LOOP:
	case WORKLOAD_SPINLOCK:
	case WORKLOAD_RECORDED:
		break;
	}
	if (was_due)
		program_burst(w, v, x);
	return was_due;
}

/* False: there is nothing, and it is taken for asleep. */
static bool program_find(struct world *w, struct vcpu *v, struct context *x)
{
	bool found;

	flag_set(&v->event, 0);
	(void)pthread_mutex_lock(&v->dom->lock);
	found = (v->dom == w->dom0 && program_help_take(w, v, x)) || program_find_own(w, v, x);
	if (!found)
		x->activity = ACTIVITY_NONE;
	v->sleeping = !found;
	(void)pthread_mutex_unlock(&v->dom->lock);
	return found;
}

/* ---- Something is done ------------------------------------------------- */

static void loop_done(struct world *w, struct vcpu *v, struct context *x)
{
	ration_ns block_ns = program_draw(w, v, &v->dom->load->block, RANDOM_BLOCK, 0);

	v->loops++;
	x->activity = ACTIVITY_NONE;
	device_arm(w, v, rig_now(&w->machine) + block_ns);
}

static struct ration_port_exit periodic_done(struct world *w, struct vcpu *v, struct context *x)
{
	program_job_done(w, v, x->arrival_ns);
	x->count++;
	x->activity = ACTIVITY_NONE;
	if (v->dom->load->yield && program_find(w, v, x))
		return exit_yield;
	return exit_none;
}

static struct ration_port_exit program_done(struct world *w, struct vcpu *v, struct context *x)
{
	if (x->activity == ACTIVITY_HELP) {
		program_help_done(w, v, x);
		return exit_none;
	}
	switch (v->dom->load->kind) {
	case WORKLOAD_LOOP:
		loop_done(w, v, x);
		break;
	case WORKLOAD_PERIODIC:
		return periodic_done(w, v, x);
	case WORKLOAD_SERVER:
		program_job_done(w, v, x->arrival_ns);
		x->activity = ACTIVITY_NONE;
		break;
	case WORKLOAD_SPINLOCK:
		return program_spinlock_done(w, v, x);
	case WORKLOAD_BARRIER:
		return program_barrier_done(w, v, x);
	case WORKLOAD_IDLE:
	case WORKLOAD_HOG:
	case WORKLOAD_RECORDED:
		break;
	}
	return exit_none;
}

/* ---- On a CPU ---------------------------------------------------------- */

enum outcome {
	OUTCOME_DONE,            /* left_ns is 0 */
	OUTCOME_LEAVE,           /* the CPU has to look at the port */
	OUTCOME_LOOK             /* help is wanted, or what it spun for has come */
};

/* Compute until there is a reason to stop. */
static enum outcome program_compute(struct world *w, struct rig_cpu *cpu, struct vcpu *v,
                                    struct context *x)
{
	const bool helps = v->dom == w->dom0 && x->activity != ACTIVITY_HELP;
	const bool spins = x->activity == ACTIVITY_SPIN;
	const ration_ns from_ns = rig_now(&w->machine);
	enum outcome outcome;
	ration_ns spent_ns = 0;

	for (;;) {
		if (spent_ns >= x->left_ns)
			outcome = OUTCOME_DONE;
		else if (flag_get(&cpu->leave) != 0)
			outcome = OUTCOME_LEAVE;
		else if ((helps && flag_get(&w->help_count) != 0) || (spins && program_lock_is_over(v, x)))
			outcome = OUTCOME_LOOK;
		else {
			rig_burn();
			spent_ns = rig_now(&w->machine) - from_ns;
			continue;
		}
		break;
	}
	if (spins)
		v->spin_ns += spent_ns;
	if (x->activity == ACTIVITY_HELP)
		x->help.cpu_ns += spent_ns;
	if (x->left_ns != RATION_NEVER)
		x->left_ns -= spent_ns < x->left_ns ? spent_ns : x->left_ns;
	return outcome;
}

/* It has got a CPU, or, where the block was undone, never left it. */
static void program_start(struct vcpu *v, const struct rig_cpu *cpu, struct context *x)
{
	ration_ns woken_ns = flag_take(&v->woken_ns), now = x->loaded_ns;

	if (cpu->fresh && x->blocked && woken_ns != 0) {
		histogram_add(&v->wake_ns, now > woken_ns ? now - woken_ns : 0);
		x->wait_done_ns += now > woken_ns ? now - woken_ns : 0;
	} else if (cpu->fresh && !x->blocked) {
		x->wait_done_ns += now - x->saved_ns;
	}
	x->blocked = false;
}

/* Somebody else may have been faster. */
static void program_offer(struct world *w, struct vcpu *v, struct context *x)
{
	(void)pthread_mutex_lock(&v->dom->lock);
	(void)program_help_take(w, v, x);
	(void)pthread_mutex_unlock(&v->dom->lock);
}

static struct ration_port_exit program_run(void *world, struct rig_cpu *cpu)
{
	struct vcpu *v = program_of(cpu->home);
	struct context *x = &cpu->live;
	struct ration_port_exit exit;
	struct world *w = world;

	program_start(v, cpu, x);
	for (;;) {
		if (x->activity == ACTIVITY_NONE && !program_find(w, v, x)) {
			x->blocked = true;
			return exit_block;
		}
		switch (program_compute(w, cpu, v, x)) {
		case OUTCOME_LEAVE:
			return exit_none;
		case OUTCOME_DONE:
			exit = program_done(w, v, x);
			if (exit.why != RATION_EXIT_NONE)
				return exit;
			break;
		case OUTCOME_LOOK:
			if (x->activity == ACTIVITY_SPIN && program_lock_is_over(v, x))
				program_lock_look(w, v, x);
			else
				program_offer(w, v, x);
			break;
		}
	}
}

const struct rig_guest program_guest = { program_run, program_pending };

/* ---- Events ------------------------------------------------------------ */

/* Arrivals are one stream for the domain, on the event of its first vCPU. */
static void server_expect(struct world *w, struct domain *d, ration_ns from_ns)
{
	const struct scenario_workload *load = d->load;

	if (load->arrival_ns == NULL)
		device_arm(w, &d->vcpu[0],
		           from_ns + program_draw(w, &d->vcpu[0], &load->gap, RANDOM_GAP, 1));
	else if (d->arrivals < load->arrival_count)
		device_arm(w, &d->vcpu[0], d->scenario->start_ns + load->arrival_ns[d->arrivals]);
}

static void program_release(struct world *w, struct vcpu *v, ration_ns at_ns)
{
	if (v->released++ == 0)
		v->first_ns = at_ns;
	device_arm(w, v, at_ns + v->dom->load->period_ns);
	program_wake(w, v);
}

void program_event(struct world *w, struct vcpu *v, ration_ns at_ns)
{
	struct domain *d = v->dom;
	struct request request = { at_ns, 0, d->load->through_dom0_ns, 0, d, NULL };

	(void)pthread_mutex_lock(&d->lock);
	if (!d->there) {
		(void)pthread_mutex_unlock(&d->lock);
		return;
	}
	if (d->load->kind == WORKLOAD_SERVER) {
		request.work_ns = program_draw(w, v, &d->load->run, RANDOM_RUN, 1);
		d->arrivals++;
		server_expect(w, d, at_ns);
		if (request.help_ns == 0)
			program_request(w, &request);
	} else if (d->load->kind == WORKLOAD_PERIODIC) {
		request.help_ns = 0;
		program_release(w, v, at_ns);
	} else if (request.help_ns == 0) {
		v->due = true;
		program_wake(w, v);
	} else {
		request.vcpu = v;
	}
	(void)pthread_mutex_unlock(&d->lock);
	if (request.help_ns != 0)
		program_help_ask(w, &request);
}

/* ---- Coming and going -------------------------------------------------- */

void program_come(struct world *w, struct vcpu *v, ration_ns now)
{
	const struct scenario_workload *load = v->dom->load;
	ration_ns phase_ns = scenario_phase(load, v->idx);

	if (load->random == RANDOM_SPLITMIX)
		v->draws[0] = load->splitmix_seed + v->idx;
	v->entity = random_entity(v->dom->scenario->name, v->idx);
	v->sleeping = true;
	v->dom->online++;
	if (load->kind != WORKLOAD_SERVER && load->kind != WORKLOAD_IDLE)
		device_arm(w, v, now + phase_ns);
	else if (load->kind == WORKLOAD_SERVER && v->idx == 0)
		server_expect(w, v->dom, now + (load->phase_ns != NULL ? load->phase_ns[0] : 0));
}

/* What another vCPU has to finish. */
static void server_down(struct world *w, struct vcpu *v)
{
	struct context *x = &v->context;
	struct request request = { x->arrival_ns, 0, 0, 0, v->dom, NULL };
	struct vcpu *other;

	if (x->activity == ACTIVITY_NONE)
		return;
	request.work_ns = x->left_ns == 0 ? 1 : x->left_ns;
	x->activity = ACTIVITY_NONE;
	request_push_back(&v->dom->queue, &request);
	other = program_sleeper(v->dom);
	if (other != NULL)
		program_wake(w, other);
}

void program_down(struct world *w, struct vcpu *v)
{
	if (v->context.activity == ACTIVITY_HELP)
		program_help_down(w, v);
	if (v->dom->load->kind == WORKLOAD_SERVER)
		server_down(w, v);
	else if (v->dom->load->kind == WORKLOAD_BARRIER)
		program_barrier_down(w, v);
	else if (flag_change(&v->dom->holder, v->idx + 1u, 0))
		v->context.holds = false;
}

void program_up(struct world *w, struct vcpu *v)
{
	v->is_down = false;
	v->dom->online++;
	if (v->dom->load->kind == WORKLOAD_BARRIER)
		program_barrier_up(w, v);
	else if (v->dom->queue.count != 0 || (v->dom == w->dom0 && flag_get(&w->help_count) != 0))
		program_wake(w, v);
}

static uint64_t server_late(const struct domain *d, ration_ns now)
{
	uint64_t late = 0;
	uint32_t i;

	for (i = 0; i < d->queue.count; i++)
		late += now > request_at(&d->queue, i)->arrival_ns + d->load->deadline_ns;
	for (i = 0; i < d->vcpu_count; i++)
		late += d->vcpu[i].context.activity != ACTIVITY_NONE &&
		        now > d->vcpu[i].context.arrival_ns + d->load->deadline_ns;
	return late;
}

/* Those released, not done, and past their deadline. */
static uint64_t periodic_late(const struct vcpu *v, ration_ns now)
{
	const struct scenario_workload *load = v->dom->load;
	uint64_t late = 0, job;

	for (job = v->context.count; job < v->released; job++)
		late += now > v->first_ns + job * load->period_ns + load->deadline_ns;
	return late;
}

uint64_t program_late(const struct world *w, struct domain *d, ration_ns now)
{
	uint64_t late = 0;
	uint32_t i;

	(void)w;
	if (d->load->deadline_ns == 0)
		return 0;
	if (d->load->kind == WORKLOAD_SERVER)
		return server_late(d, now);
	if (d->load->kind == WORKLOAD_PERIODIC)
		for (i = 0; i < d->vcpu_count; i++)
			late += periodic_late(&d->vcpu[i], now);
	return late;
}
