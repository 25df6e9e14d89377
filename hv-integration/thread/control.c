/* SPDX-License-Identifier: BSD-2-Clause */
/* What the scenario makes happen: domains come and go, attributes change. */
#include "thread_world.h"

#include <assert.h>
#include <stdio.h>

#include "refusal.h"

#define CONTROL_PAUSE_NS 20000L      /* between two looks at what a CPU must do first */
#define CONTROL_STEP_NS  (100 * RATION_NS_PER_MS)

static struct ration_record *control_record(struct world *w)
{
	return &w->machine.port.record;
}

static ration_ns control_begin(struct world *w)
{
	return ration_port_begin(&w->machine.port, RATION_CPU_NONE);
}

static void control_end(struct world *w, const struct ration_effects *fx)
{
	ration_port_end(&w->machine.port, fx);
}

static void control_pause(void)
{
	struct timespec moment = { 0, CONTROL_PAUSE_NS };

	(void)nanosleep(&moment, NULL);
}

static void control_refuse(struct world *w, struct scenario_mark mark, const char *subject,
                           int status, const struct ration_refusal *why,
                           const struct ration_attr *attr)
{
	(void)refusal_add(w->result, w->scenario, rig_now(&w->machine), mark, subject, status, why,
	                  attr);
}

static void control_refuse_because(struct world *w, struct scenario_mark mark,
                                   const char *subject, const char *reason)
{
	(void)refusal_add_because(w->result, rig_now(&w->machine), mark, subject, reason);
}

/* Its CPU has been told; until it has saved v, nobody may touch the context. */
static void control_off_cpu(struct world *w, const struct vcpu *v)
{
	while (rig_is_on_cpu(&w->machine, v->ration))
		control_pause();
}

/* ---- Domains come ------------------------------------------------------ */

/* The vCPUs that have come go again; nothing of them has run. */
static void control_undo(struct world *w, struct domain *d, uint32_t count, ration_ns now,
                         struct ration_effects *fx)
{
	int status;

	while (count-- != 0) {
		status = ration_record_leave(control_record(w), d->vcpu[count].ration, now, fx);
		assert(status == RATION_OK);
		ration_port_effects(&w->machine.port, fx);
		d->vcpu[count].ration = NULL;
	}
	status = ration_record_dom_leave(control_record(w), d->ration, now, fx);
	assert(status == RATION_OK);
	(void)status;
	d->ration = NULL;
}

/* All of it in one hold of the lock.  False: what `*idx` asked for is refused. */
static bool control_admit(struct world *w, struct domain *d, uint32_t *idx, int *status,
                          struct ration_refusal *why)
{
	ration_ns now = control_begin(w);
	struct ration_effects fx;
	uint32_t i;

	*idx = 0;
	*status = ration_record_dom_admit(control_record(w), d->id, &d->scenario->attr, now, &fx,
	                                  &d->ration);
	if (*status == RATION_OK)
		ration_record_name(control_record(w), d->ration, d->scenario->name);
	for (i = 0; *status == RATION_OK && i < d->vcpu_count; i++) {
		struct vcpu *v = &d->vcpu[i];

		ration_port_effects(&w->machine.port, &fx);
		*status = ration_record_admit(control_record(w), d->ration, i, d->affinity[i], now,
		                              &fx, &v->ration, why);
		*idx = i;
		if (*status == RATION_OK)
			rig_home_set(&w->machine, v->ration, &v->context);
	}
	if (*status != RATION_OK && d->ration != NULL) {
		ration_port_effects(&w->machine.port, &fx);
		control_undo(w, d, *idx, now, &fx);
	}
	control_end(w, &fx);
	return *status == RATION_OK;
}

bool control_come(struct world *w, struct domain *d)
{
	struct ration_refusal why = { 0 };
	char subject[REFUSAL_SUBJECT_SIZE];
	ration_ns now;
	uint32_t i;
	int status;

	if (!control_admit(w, d, &i, &status, &why)) {
		refusal_subject(subject, d->scenario, i);
		control_refuse(w, d->scenario->mark, subject, status, &why, &d->scenario->attr);
		return false;
	}
	(void)pthread_mutex_lock(&d->lock);
	d->there = true;
	now = rig_now(&w->machine);
	for (i = 0; i < d->vcpu_count; i++)
		program_come(w, &d->vcpu[i], now);
	(void)pthread_mutex_unlock(&d->lock);
	return true;
}

/* ---- Domains go -------------------------------------------------------- */

static void control_leave(struct world *w, struct vcpu *v)
{
	struct ration_effects fx;
	int status;

	for (;;) {
		ration_ns now = control_begin(w);

		status = ration_record_leave(control_record(w), v->ration, now, &fx);
		control_end(w, &fx);
		if (status == RATION_OK)
			break;
		assert(status == RATION_E_BUSY);
		control_pause();
	}
	v->ration = NULL;
}

/* One that spins may be about to yield to another one of its domain, which must
 * be there until that is done: first they all leave their CPUs. */
static void control_still(struct world *w, struct domain *d)
{
	ration_ns now = control_begin(w);
	struct ration_effects fx;
	uint32_t i;

	ration_record_dom_pause(control_record(w), d->ration, now, &fx);
	control_end(w, &fx);
	for (i = 0; i < d->vcpu_count; i++)
		control_off_cpu(w, &d->vcpu[i]);
}

static void control_destroy(struct world *w, struct domain *d)
{
	struct ration_effects fx;
	ration_ns now;
	uint32_t i;
	int status;

	(void)pthread_mutex_lock(&d->lock);
	d->there = false;
	(void)pthread_mutex_unlock(&d->lock);
	for (i = 0; i < d->vcpu_count; i++)
		device_cancel(w, &d->vcpu[i]);
	if (d->load->kind == WORKLOAD_SPINLOCK)
		control_still(w, d);
	for (i = 0; i < d->vcpu_count; i++)
		control_leave(w, &d->vcpu[i]);
	now = control_begin(w);
	ration_dom_ledger_get(w->machine.ration, d->ration, now, &d->result->ledger);
	ration_dom_shadow_get(w->machine.ration, d->ration, now, &d->result->shadow);
	status = ration_record_dom_leave(control_record(w), d->ration, now, &fx);
	control_end(w, &fx);
	assert(status == RATION_OK);
	(void)status;
	d->late = program_late(w, d, now);
	d->ration = NULL;
	d->gone = true;
}

/* ---- Domains change ---------------------------------------------------- */

static void control_set(struct world *w, struct domain *d, const struct scenario_event *e)
{
	struct ration_refusal why = { 0 };
	char subject[REFUSAL_SUBJECT_SIZE];
	ration_ns now = control_begin(w);
	struct ration_effects fx;
	struct ration_attr attr;
	int status;

	ration_dom_get(d->ration, &attr);
	scenario_attr_change(&attr, e);
	status = ration_record_dom_set(control_record(w), d->ration, &attr, now, &fx, &why);
	control_end(w, &fx);
	if (status == RATION_OK)
		return;
	(void)snprintf(subject, sizeof subject, "domain %.80s: new attributes", d->scenario->name);
	control_refuse(w, e->mark, subject, status, &why, &attr);
}

/* All of the vCPUs that it names, or none. */
static void control_pin(struct world *w, struct domain *d, const struct scenario_event *e)
{
	uint32_t first = e->vcpu == SCENARIO_ALL ? 0 : e->vcpu;
	uint32_t end = e->vcpu == SCENARIO_ALL ? d->vcpu_count : e->vcpu + 1, i, refused;
	struct ration_refusal why = { 0 };
	char subject[REFUSAL_SUBJECT_SIZE];
	struct ration_effects fx = { 0, RATION_NEVER };
	ration_ns now = control_begin(w);
	int status = RATION_OK, back;

	for (i = first; i < end && status == RATION_OK; i++) {
		struct ration_affinity to = d->affinity[i];

		scenario_affinity_change(&to, e);
		status = ration_record_pin(control_record(w), d->vcpu[i].ration, to, now, &fx,
		                           &why);
		ration_port_effects(&w->machine.port, &fx);
	}
	refused = i - 1;
	for (i = refused; status != RATION_OK && i-- > first;) {
		back = ration_record_pin(control_record(w), d->vcpu[i].ration, d->affinity[i], now,
		                         &fx, NULL);
		assert(back == RATION_OK);
		(void)back;
		ration_port_effects(&w->machine.port, &fx);
	}
	control_end(w, &fx);
	for (i = first; status == RATION_OK && i < end; i++)
		scenario_affinity_change(&d->affinity[i], e);
	if (status == RATION_OK)
		return;
	(void)snprintf(subject, sizeof subject, "domain %.80s: new affinity of vCPU %u",
	               d->scenario->name, refused);
	control_refuse(w, e->mark, subject, status, &why, NULL);
}

static void control_dom_pause(struct world *w, struct domain *d, bool pause)
{
	struct ration_effects fx;
	ration_ns now;
	uint32_t i;

	(void)pthread_mutex_lock(&d->lock);
	d->pause_count += pause ? 1 : UINT32_MAX;
	for (i = 0; pause && i < d->vcpu_count; i++)
		flag_set(&d->vcpu[i].woken_ns, 0);
	now = control_begin(w);
	if (pause)
		ration_record_dom_pause(control_record(w), d->ration, now, &fx);
	else
		ration_record_dom_resume(control_record(w), d->ration, now, &fx);
	control_end(w, &fx);
	(void)pthread_mutex_unlock(&d->lock);
}

static void control_down(struct world *w, struct vcpu *v)
{
	struct ration_effects fx;
	ration_ns now;

	(void)pthread_mutex_lock(&v->dom->lock);
	v->is_down = true;
	flag_set(&v->woken_ns, 0);
	v->dom->online--;
	if (v->stands == flag_get(&v->dom->round) + 1)
		v->dom->arrived--;
	(void)pthread_mutex_unlock(&v->dom->lock);
	now = control_begin(w);
	ration_record_down(control_record(w), v->ration, now, &fx);
	control_end(w, &fx);
	control_off_cpu(w, v);
	(void)pthread_mutex_lock(&v->dom->lock);
	program_down(w, v);
	(void)pthread_mutex_unlock(&v->dom->lock);
}

static void control_up(struct world *w, struct vcpu *v)
{
	struct ration_effects fx;
	ration_ns now;

	(void)pthread_mutex_lock(&v->dom->lock);
	now = control_begin(w);
	ration_record_up(control_record(w), v->ration, now, &fx);
	control_end(w, &fx);
	program_up(w, v);
	(void)pthread_mutex_unlock(&v->dom->lock);
}

static void control_count(struct world *w, struct domain *d, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < d->vcpu_count; i++) {
		if (d->vcpu[i].is_down && i < count)
			control_up(w, &d->vcpu[i]);
		else if (!d->vcpu[i].is_down && i >= count)
			control_down(w, &d->vcpu[i]);
	}
}

/* ---- CPUs and the policy ----------------------------------------------- */

static void control_cpu_down(struct world *w, const struct scenario_event *e)
{
	struct ration_refusal why = { 0 };
	char subject[REFUSAL_SUBJECT_SIZE];
	ration_ns now = control_begin(w);
	struct ration_effects fx;
	int status = ration_record_cpu_down(control_record(w), e->cpu, e->force, now, &fx, &why);

	control_end(w, &fx);
	if (status == RATION_OK)
		return;
	(void)snprintf(subject, sizeof subject, "CPU %u off line", e->cpu);
	if (status == RATION_E_INVALID)
		control_refuse_because(w, e->mark, subject, "it is off line already");
	else
		control_refuse(w, e->mark, subject, status, &why, NULL);
}

/* One that has not let go of its last vCPU yet comes back as soon as it has. */
static void control_cpu_up(struct world *w, const struct scenario_event *e)
{
	char subject[REFUSAL_SUBJECT_SIZE];
	struct ration_effects fx;
	bool online;
	int status;

	for (;;) {
		ration_ns now = control_begin(w);

		online = ration_cpuset_has(ration_cpu_online(w->machine.ration), e->cpu);
		status = ration_record_cpu_up(control_record(w), e->cpu, now, &fx);
		control_end(w, &fx);
		if (status == RATION_OK)
			return;
		if (online)
			break;
		control_pause();
	}
	(void)snprintf(subject, sizeof subject, "CPU %u on line", e->cpu);
	control_refuse_because(w, e->mark, subject, "it is on line already");
}

static void control_policy(struct world *w, const struct scenario_event *e)
{
	struct ration_refusal why = { 0 };
	char subject[REFUSAL_SUBJECT_SIZE];
	struct ration_effects fx = { 0, RATION_NEVER };
	struct ration_params params;
	ration_ns now = control_begin(w);
	int status = RATION_OK;

	fx.expire_ns = w->machine.port.expire_ns;
	if (e->policy != NULL && e->policy != ration_policy_get(w->machine.ration)) {
		status = ration_record_policy_set(control_record(w), e->policy, now, &fx, &why);
		ration_port_effects(&w->machine.port, &fx);
		(void)snprintf(subject, sizeof subject, "policy %s", ration_policy_name(e->policy));
	}
	if (status == RATION_OK && e->params_given != 0) {
		ration_params_get(w->machine.ration, &params);
		scenario_params_change(&params, e);
		status = ration_record_params_set(control_record(w), &params, now, &fx);
		(void)snprintf(subject, sizeof subject, "new tslice or ratelimit");
	}
	control_end(w, &fx);
	if (status != RATION_OK)
		control_refuse(w, e->mark, subject, status, &why, NULL);
}

/* ---- One after the other ----------------------------------------------- */

static void control_domain(struct world *w, const struct scenario_event *e)
{
	struct domain *d = &w->domain[e->domain];
	char subject[REFUSAL_SUBJECT_SIZE];

	if (d->ration == NULL) {
		(void)snprintf(subject, sizeof subject, "event for domain %.80s", d->scenario->name);
		control_refuse_because(w, e->mark, subject, "the domain is not there");
	} else if (e->kind == EVENT_DOM_SET) {
		control_set(w, d, e);
	} else if (e->kind == EVENT_DOM_PIN) {
		control_pin(w, d, e);
	} else if (e->kind == EVENT_DOM_PAUSE || e->kind == EVENT_DOM_RESUME) {
		control_dom_pause(w, d, e->kind == EVENT_DOM_PAUSE);
	} else if (e->kind == EVENT_DOM_DESTROY) {
		control_destroy(w, d);
	} else {
		control_count(w, d, e->count);
	}
}

static void control_event(struct world *w, const struct scenario_event *e)
{
	if (e->kind == EVENT_CPU_OFFLINE)
		control_cpu_down(w, e);
	else if (e->kind == EVENT_CPU_ONLINE)
		control_cpu_up(w, e);
	else if (e->kind == EVENT_POLICY)
		control_policy(w, e);
	else
		control_domain(w, e);
}

/* The next domain that comes later than at the start; NULL: none. */
static struct domain *control_next(struct world *w, ration_ns after_ns, uint32_t after)
{
	struct domain *next = NULL;
	uint32_t i;

	for (i = 0; i < w->domain_count; i++) {
		struct domain *d = &w->domain[i];
		ration_ns at_ns = d->scenario->start_ns;

		if (at_ns == 0 || at_ns < after_ns || (at_ns == after_ns && i <= after))
			continue;
		if (next == NULL || at_ns < next->scenario->start_ns)
			next = d;
	}
	return next;
}

/* Sleep until at_ns, in steps.  Returns a signal that came, or 0. */
static int control_wait(struct world *w, ration_ns at_ns, const struct control_options *options)
{
	struct timespec step = { 0, 0 };
	ration_ns now, left_ns;
	sigset_t set;
	int number;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	while ((now = rig_now(&w->machine)) < at_ns) {
		left_ns = at_ns - now < CONTROL_STEP_NS ? at_ns - now : CONTROL_STEP_NS;
		step.tv_nsec = (long)left_ns;
		number = sigtimedwait(&set, NULL, &step);
		if (number > 0)
			return number;
		if (options->progress != NULL)
			options->progress(options->progress_context, now);
	}
	return 0;
}

int control_run(struct world *w, const struct control_options *options)
{
	const struct scenario *s = w->scenario;
	struct domain *come = control_next(w, 0, UINT32_MAX);
	uint32_t next = 0;
	int number = 0;

	while (number == 0) {
		ration_ns at_ns = next < s->event_count ? s->event[next].at_ns : RATION_NEVER;
		ration_ns come_ns = come != NULL ? come->scenario->start_ns : RATION_NEVER;
		ration_ns first_ns = come_ns <= at_ns ? come_ns : at_ns;

		if (first_ns >= s->time_ns)
			return control_wait(w, s->time_ns, options);
		number = control_wait(w, first_ns, options);
		if (number != 0)
			break;
		if (come_ns <= at_ns) {
			(void)control_come(w, come);
			come = control_next(w, come_ns, (uint32_t)(come - w->domain));
		} else {
			control_event(w, &s->event[next++]);
		}
	}
	return number;
}
