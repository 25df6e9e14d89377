/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dom0's work for others, before a request or a wake-up reaches its guest.  It
 * comes as an interrupt would: a sleeping vCPU of dom0 is woken for it, else
 * one that runs something of its own puts that aside, else it waits for the
 * first that gets a CPU or finishes another.
 */
#include "engine.h"

/* v, asleep or running (and synced), turns to the request. */
static void help_begin(struct sim *s, struct vcpu *v, const struct request *request)
{
	v->help = *request;
	if (v->activity != ACTIVITY_HELP) {
		v->own_activity = v->activity;
		v->own_left_ns = v->left_ns;
		v->own_carry = v->carry;
	}
	v->activity = ACTIVITY_HELP;
	v->left_ns = request->help_ns;
	v->carry = 0;
	if (v->cpu != NULL)
		machine_rearm(s, v->cpu);
	else if (v->asleep)
		machine_wake(s, v);
}

/* v goes on with its own doing, if there is any. */
static void help_end_of(struct sim *s, struct vcpu *v)
{
	v->activity = v->own_activity;
	v->left_ns = v->own_left_ns;
	v->carry = v->own_carry;
	if (v->cpu == NULL)
		return;
	if (v->activity == ACTIVITY_NONE) {
		guest_rest(s, v);
		return;
	}
	if (v->activity == ACTIVITY_SPIN)
		guest_look(s, v);
	machine_rearm(s, v->cpu);
}

/* Who could do it now: asleep, or running something of its own. */
static struct vcpu *help_volunteer(const struct sim *s)
{
	const struct domain *d = s->dom0;
	ration_cpuset set;
	struct vcpu *v = domain_sleeper(d);

	if (v != NULL)
		return v;
	for (set = d->running; set != 0; set = ration_cpuset_rest(set)) {
		v = s->cpu[ration_cpuset_first(set)].running;
		if (v->activity != ACTIVITY_HELP && !v->is_down && !v->leaving)
			return v;
	}
	return NULL;
}

static void help_deliver(struct sim *s, const struct request *request)
{
	if (request->dom == NULL)
		return;
	if (request->vcpu != NULL)
		guest_helped(s, request->vcpu);
	else
		server_request(s, request);
}

void help_ask(struct sim *s, const struct request *request)
{
	struct vcpu *v;

	if (s->dom0 == NULL || request->dom == s->dom0) {
		help_deliver(s, request);
		return;
	}
	v = help_volunteer(s);
	if (v == NULL) {
		request_push(&s->help, request);
		return;
	}
	if (v->cpu != NULL)
		machine_sync(s, v->cpu);
	help_begin(s, v, request);
}

static void help_book(struct sim *s, const struct request *request)
{
	struct domain *d = request->dom;
	struct ration_effects fx;

	if (d == NULL)
		return;
	d->result->helper_ns += request->cpu_ns;
	if (!d->load->helper_charged || d->ration == NULL)
		return;
	ration_record_dom_charge(&s->record, d->ration, request->cpu_ns, RATION_HELPER_BACKEND,
	                         s->now_ns, &fx);
	sim_effects(s, &fx, RATION_CPU_NONE);
}

void help_done(struct sim *s, struct vcpu *v)
{
	struct request request = v->help;

	v->help.dom = NULL;
	help_book(s, &request);
	help_deliver(s, &request);
	if (!help_take(s, v))
		help_end_of(s, v);
}

bool help_take(struct sim *s, struct vcpu *v)
{
	struct request request;

	if (s->help.count == 0 || v->is_down || v->leaving)
		return false;
	request = request_pop(&s->help);
	help_begin(s, v, &request);
	return true;
}

void help_down(struct sim *s, struct vcpu *v)
{
	struct request request = v->help;
	struct vcpu *other;

	if (v->cpu != NULL)
		machine_sync(s, v->cpu);
	request.cpu_ns = v->help.cpu_ns;
	request.help_ns = v->left_ns == 0 ? 1 : v->left_ns;
	v->help.dom = NULL;
	v->activity = v->own_activity;
	v->left_ns = v->own_left_ns;
	v->carry = v->own_carry;
	if (v->cpu != NULL)
		machine_rearm(s, v->cpu);
	request_push_back(&s->help, &request);
	other = help_volunteer(s);
	if (other == NULL)
		return;
	if (other->cpu != NULL)
		machine_sync(s, other->cpu);
	(void)help_take(s, other);
}

void help_forget(struct sim *s, struct domain *d)
{
	uint32_t i;

	for (i = 0; i < s->help.count; i++)
		if (request_at(&s->help, i)->dom == d)
			request_at(&s->help, i)->dom = NULL;
	for (i = 0; s->dom0 != NULL && i < s->dom0->vcpu_count; i++)
		if (s->dom0->vcpu[i].help.dom == d)
			s->dom0->vcpu[i].help.dom = NULL;
}

static void help_late(struct sim *s, const struct request *request)
{
	const struct domain *d = request->dom;

	if (d != NULL && request->vcpu == NULL && d->load->deadline_ns != 0 &&
	    s->now_ns - request->arrival_ns > d->load->deadline_ns)
		d->result->misses++;
}

void help_end(struct sim *s)
{
	uint32_t i;

	for (i = 0; i < s->help.count; i++)
		help_late(s, request_at(&s->help, i));
	for (i = 0; s->dom0 != NULL && i < s->dom0->vcpu_count; i++)
		if (s->dom0->vcpu[i].activity == ACTIVITY_HELP)
			help_late(s, &s->dom0->vcpu[i].help);
}
