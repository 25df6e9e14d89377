/* SPDX-License-Identifier: BSD-2-Clause */
/* What the scenario makes happen: domains come and go, attributes change. */
#include "engine.h"
#include "refusal.h"

#include <assert.h>
#include <stdio.h>

static void action_note(struct sim *s, const char *what, const struct domain *d, ration_cpu c)
{
	if (s->trace != NULL)
		trace_note(s->trace, s->now_ns, c, what, d == NULL ? NULL : d->scenario->name,
		           UINT32_MAX);
}

/* ---- Domains come ------------------------------------------------------ */

/* The vCPUs that have come go again; nothing of them has run. */
static void action_undo(struct sim *s, struct domain *d, uint32_t count)
{
	struct ration_effects fx;
	int status;

	while (count-- != 0) {
		status = ration_record_leave(&s->record, d->vcpu[count].ration, s->now_ns, &fx);
		assert(status == RATION_OK);
		sim_effects(s, &fx, RATION_CPU_NONE);
		d->vcpu[count].ration = NULL;
	}
	status = ration_record_dom_leave(&s->record, d->ration, s->now_ns, &fx);
	assert(status == RATION_OK);
	(void)status;
	sim_effects(s, &fx, RATION_CPU_NONE);
	d->ration = NULL;
}

static bool action_admit(struct sim *s, struct domain *d)
{
	struct ration_refusal why = { 0 };
	struct ration_effects fx;
	char subject[REFUSAL_SUBJECT_SIZE];
	uint32_t i;
	int status;

	status = ration_record_dom_admit(&s->record, d->id, &d->scenario->attr, s->now_ns, &fx,
	                                 &d->ration);
	if (status != RATION_OK) {
		refusal_subject(subject, d->scenario, 0);
		refuse(s, d->scenario->mark, subject, status, NULL, NULL);
		return false;
	}
	sim_effects(s, &fx, RATION_CPU_NONE);
	ration_record_name(&s->record, d->ration, d->scenario->name);
	for (i = 0; i < d->vcpu_count; i++) {
		status = ration_record_admit(&s->record, d->ration, i, d->affinity[i], s->now_ns, &fx,
		                             &d->vcpu[i].ration, &why);
		if (status != RATION_OK) {
			refusal_subject(subject, d->scenario, i);
			refuse(s, d->scenario->mark, subject, status, &why, &d->scenario->attr);
			action_undo(s, d, i);
			return false;
		}
		sim_effects(s, &fx, RATION_CPU_NONE);
	}
	return true;
}

bool action_come(struct sim *s, struct domain *d)
{
	uint32_t i;

	if (!action_admit(s, d))
		return false;
	if (d->scenario->start_ns != 0)
		action_note(s, "come", d, RATION_CPU_NONE);
	d->present = d->vcpu_count;
	for (i = 0; i < d->vcpu_count; i++)
		guest_come(s, &d->vcpu[i]);
	return true;
}

/* ---- Domains go -------------------------------------------------------- */

static void action_gone(struct sim *s, struct domain *d)
{
	struct ration_effects fx;
	int status;

	ration_dom_ledger_get(s->ration, d->ration, s->now_ns, &d->result->ledger);
	ration_dom_shadow_get(s->ration, d->ration, s->now_ns, &d->result->shadow);
	status = ration_record_dom_leave(&s->record, d->ration, s->now_ns, &fx);
	assert(status == RATION_OK);
	(void)status;
	sim_effects(s, &fx, RATION_CPU_NONE);
	d->ration = NULL;
}

void action_leave(struct sim *s, struct vcpu *v)
{
	struct ration_effects fx;
	int status = ration_record_leave(&s->record, v->ration, s->now_ns, &fx);

	sim_effects(s, &fx, RATION_CPU_NONE);
	if (status == RATION_E_BUSY)
		return;                  /* again, once it is saved */
	assert(status == RATION_OK);
	v->ration = NULL;
	if (--v->dom->present == 0)
		action_gone(s, v->dom);
}

static void action_destroy(struct sim *s, struct domain *d)
{
	uint32_t i;

	assert(d != s->dom0);            /* the reader sees to that */
	action_note(s, "destroy", d, RATION_CPU_NONE);
	guest_end(s, d);
	d->leaving = true;
	help_forget(s, d);
	for (i = 0; i < d->vcpu_count; i++) {
		event_cancel(&s->queue, &d->vcpu[i].event);
		d->vcpu[i].leaving = true;
		d->vcpu[i].woken_ns = RATION_NEVER;
	}
	for (i = 0; i < (d->vcpu_count + 63) / 64; i++)
		d->sleeping[i] = 0;
	for (i = 0; i < d->vcpu_count; i++)
		action_leave(s, &d->vcpu[i]);
}

/* ---- Domains change ---------------------------------------------------- */

static void action_set(struct sim *s, struct domain *d, const struct scenario_event *e)
{
	struct ration_refusal why = { 0 };
	struct ration_effects fx;
	struct ration_attr attr;
	char subject[REFUSAL_SUBJECT_SIZE];
	int status;

	ration_dom_get(d->ration, &attr);
	scenario_attr_change(&attr, e);
	status = ration_record_dom_set(&s->record, d->ration, &attr, s->now_ns, &fx, &why);
	sim_effects(s, &fx, RATION_CPU_NONE);
	if (status == RATION_OK) {
		action_note(s, "set", d, RATION_CPU_NONE);
		return;
	}
	(void)snprintf(subject, sizeof subject, "domain %.80s: new attributes", d->scenario->name);
	refuse(s, e->mark, subject, status, &why, &attr);
}

static int action_pin_one(struct sim *s, struct domain *d, uint32_t idx,
                          struct ration_affinity to, struct ration_refusal *why)
{
	struct ration_effects fx;
	int status = ration_record_pin(&s->record, d->vcpu[idx].ration, to, s->now_ns, &fx, why);

	sim_effects(s, &fx, RATION_CPU_NONE);
	return status;
}

/* All of the vCPUs that it names, or none. */
static void action_pin(struct sim *s, struct domain *d, const struct scenario_event *e)
{
	uint32_t first = e->vcpu == SCENARIO_ALL ? 0 : e->vcpu;
	uint32_t end = e->vcpu == SCENARIO_ALL ? d->vcpu_count : e->vcpu + 1, i;
	struct ration_refusal why = { 0 };
	char subject[REFUSAL_SUBJECT_SIZE];
	int status = RATION_OK;

	for (i = first; i < end; i++) {
		struct ration_affinity to = d->affinity[i];

		scenario_affinity_change(&to, e);
		status = action_pin_one(s, d, i, to, &why);
		if (status != RATION_OK)
			break;
	}
	if (status == RATION_OK) {
		action_note(s, "pin", d, RATION_CPU_NONE);
		for (i = first; i < end; i++)
			scenario_affinity_change(&d->affinity[i], e);
		return;
	}
	(void)snprintf(subject, sizeof subject, "domain %.80s: new affinity of vCPU %u",
	               d->scenario->name, i);
	refuse(s, e->mark, subject, status, &why, &d->scenario->attr);
	while (i-- > first) {
		status = action_pin_one(s, d, i, d->affinity[i], NULL);
		assert(status == RATION_OK);
	}
}

static void action_pause(struct sim *s, struct domain *d)
{
	struct ration_effects fx;
	uint32_t i;

	action_note(s, "pause", d, RATION_CPU_NONE);
	d->pause_count++;
	for (i = 0; i < d->vcpu_count; i++)
		d->vcpu[i].woken_ns = RATION_NEVER;
	ration_record_dom_pause(&s->record, d->ration, s->now_ns, &fx);
	sim_effects(s, &fx, RATION_CPU_NONE);
}

static void action_resume(struct sim *s, struct domain *d)
{
	struct ration_effects fx;

	assert(d->pause_count != 0);     /* the reader sees to that */
	action_note(s, "resume", d, RATION_CPU_NONE);
	d->pause_count--;
	ration_record_dom_resume(&s->record, d->ration, s->now_ns, &fx);
	sim_effects(s, &fx, RATION_CPU_NONE);
}

static void action_count(struct sim *s, struct domain *d, uint32_t count)
{
	struct ration_effects fx;
	uint32_t i;

	action_note(s, "vcpus", d, RATION_CPU_NONE);
	for (i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = &d->vcpu[i];

		if (v->is_down == (i >= count))
			continue;
		if (v->is_down) {
			ration_record_up(&s->record, v->ration, s->now_ns, &fx);
			sim_effects(s, &fx, RATION_CPU_NONE);
			guest_up(s, v);
		} else {
			ration_record_down(&s->record, v->ration, s->now_ns, &fx);
			sim_effects(s, &fx, RATION_CPU_NONE);
			guest_down(s, v);
		}
	}
}

/* ---- CPUs and the policy ----------------------------------------------- */

static void action_cpu_down(struct sim *s, const struct scenario_event *e)
{
	struct ration_refusal why = { 0 };
	struct ration_effects fx;
	char subject[REFUSAL_SUBJECT_SIZE];
	int status;

	s->up_wanted &= ~ration_cpuset_of(e->cpu);
	status = ration_record_cpu_down(&s->record, e->cpu, e->force, s->now_ns, &fx, &why);
	sim_effects(s, &fx, RATION_CPU_NONE);
	if (status == RATION_OK) {
		action_note(s, "offline", NULL, e->cpu);
		return;
	}
	(void)snprintf(subject, sizeof subject, "CPU %u off line", e->cpu);
	if (status == RATION_E_INVALID)
		refuse_because(s, e->mark, subject, "it is off line already");
	else
		refuse(s, e->mark, subject, status, &why, NULL);
}

static int action_cpu_up(struct sim *s, ration_cpu c)
{
	struct ration_effects fx;
	int status = ration_record_cpu_up(&s->record, c, s->now_ns, &fx);

	sim_effects(s, &fx, RATION_CPU_NONE);
	if (status == RATION_OK)
		action_note(s, "online", NULL, c);
	return status;
}

/* One that has not let go of its last vCPU yet comes back as soon as it has. */
static void action_cpu_back(struct sim *s, const struct scenario_event *e)
{
	const struct cpu *c = &s->cpu[e->cpu];
	char subject[REFUSAL_SUBJECT_SIZE];
	int status;

	if (!ration_cpuset_has(ration_cpu_online(s->ration), c->id) &&
	    (c->running != NULL || c->switching)) {
		s->up_wanted |= ration_cpuset_of(c->id);
		return;
	}
	status = action_cpu_up(s, c->id);
	if (status == RATION_OK)
		return;
	(void)snprintf(subject, sizeof subject, "CPU %u on line", c->id);
	refuse_because(s, e->mark, subject, "it is on line already");
}

void action_cpu_idle(struct sim *s, ration_cpu c)
{
	if (!ration_cpuset_has(s->up_wanted, c))
		return;
	s->up_wanted &= ~ration_cpuset_of(c);
	(void)action_cpu_up(s, c);
}

static void action_policy(struct sim *s, const struct scenario_event *e)
{
	struct ration_refusal why = { 0 };
	struct ration_effects fx;
	struct ration_params params;
	char subject[REFUSAL_SUBJECT_SIZE];
	int status = RATION_OK;

	if (e->policy != NULL && e->policy != ration_policy_get(s->ration)) {
		status = ration_record_policy_set(&s->record, e->policy, s->now_ns, &fx, &why);
		sim_effects(s, &fx, RATION_CPU_NONE);
		(void)snprintf(subject, sizeof subject, "policy %s", ration_policy_name(e->policy));
	}
	if (status == RATION_OK && e->params_given != 0) {
		ration_params_get(s->ration, &params);
		scenario_params_change(&params, e);
		status = ration_record_params_set(&s->record, &params, s->now_ns, &fx);
		sim_effects(s, &fx, RATION_CPU_NONE);
		(void)snprintf(subject, sizeof subject, "new tslice or ratelimit");
	}
	if (status != RATION_OK)
		refuse(s, e->mark, subject, status, &why, NULL);
	else
		action_note(s, "policy", NULL, RATION_CPU_NONE);
}

/* ---- One after the other ----------------------------------------------- */

static void action_domain(struct sim *s, const struct scenario_event *e)
{
	struct domain *d = &s->domain[e->domain];
	char subject[REFUSAL_SUBJECT_SIZE];

	if (d->ration == NULL || d->leaving) {
		(void)snprintf(subject, sizeof subject, "event for domain %.80s", d->scenario->name);
		refuse_because(s, e->mark, subject, "the domain is not there");
	} else if (e->kind == EVENT_DOM_SET) {
		action_set(s, d, e);
	} else if (e->kind == EVENT_DOM_PIN) {
		action_pin(s, d, e);
	} else if (e->kind == EVENT_DOM_PAUSE) {
		action_pause(s, d);
	} else if (e->kind == EVENT_DOM_RESUME) {
		action_resume(s, d);
	} else if (e->kind == EVENT_DOM_DESTROY) {
		action_destroy(s, d);
	} else {
		action_count(s, d, e->count);
	}
}

void action_next(struct sim *s)
{
	const struct scenario_event *e = &s->scenario->event[s->next_action++];

	if (s->next_action < s->scenario->event_count)
		sim_arm(s, &s->action, s->scenario->event[s->next_action].at_ns);
	if (e->kind == EVENT_CPU_OFFLINE)
		action_cpu_down(s, e);
	else if (e->kind == EVENT_CPU_ONLINE)
		action_cpu_back(s, e);
	else if (e->kind == EVENT_POLICY)
		action_policy(s, e);
	else
		action_domain(s, e);
}
