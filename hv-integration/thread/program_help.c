/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests, and dom0's work on them before they (or a wake-up) reach their
 * guest.  It comes as an interrupt would: a sleeping vCPU of dom0 is woken for
 * it; else one that runs something of its own sees help_count and puts that
 * aside; else it waits for the first that gets a CPU or finishes another.
 */
#include "thread_world.h"

struct vcpu *program_sleeper(const struct domain *d)
{
	uint32_t i;

	for (i = 0; i < d->vcpu_count; i++)
		if (d->vcpu[i].sleeping && !d->vcpu[i].is_down)
			return &d->vcpu[i];
	return NULL;
}

void program_request(struct world *w, const struct request *request)
{
	struct domain *d = request->dom;
	struct vcpu *v = program_sleeper(d);

	request_push(&d->queue, request);
	if (v != NULL)
		program_wake(w, v);
}

/* What it was for; nothing if that has left. */
static void program_help_deliver(struct world *w, const struct request *request)
{
	struct domain *d = request->dom;

	(void)pthread_mutex_lock(&d->lock);
	if (d->there && request->vcpu != NULL) {
		request->vcpu->due = true;
		program_wake(w, request->vcpu);
	} else if (d->there) {
		program_request(w, request);
	}
	(void)pthread_mutex_unlock(&d->lock);
}

void program_help_ask(struct world *w, const struct request *request)
{
	struct domain *d = w->dom0;
	struct vcpu *v;

	if (d == NULL || request->dom == d) {
		program_help_deliver(w, request);
		return;
	}
	(void)pthread_mutex_lock(&d->lock);
	request_push(&w->help, request);
	flag_set(&w->help_count, w->help.count);
	v = program_sleeper(d);
	if (v != NULL)
		program_wake(w, v);
	(void)pthread_mutex_unlock(&d->lock);
}

bool program_help_take(struct world *w, struct vcpu *v, struct context *x)
{
	if (w->help.count == 0 || v->is_down)
		return false;
	x->help = request_pop(&w->help);
	flag_set(&w->help_count, w->help.count);
	x->own_activity = x->activity;
	x->own_left_ns = x->left_ns;
	program_begin(x, ACTIVITY_HELP, x->help.help_ns);
	return true;
}

static void program_help_book(struct world *w, const struct request *request)
{
	struct domain *d = request->dom;
	struct ration_effects fx;
	ration_ns now;

	(void)pthread_mutex_lock(&d->lock);
	d->helper_ns += request->cpu_ns;
	if (d->load->helper_charged && d->there) {
		now = ration_port_begin(&w->machine.port, RATION_CPU_NONE);
		ration_record_dom_charge(&w->machine.port.record, d->ration, request->cpu_ns,
		                         RATION_HELPER_BACKEND, now, &fx);
		ration_port_end(&w->machine.port, &fx);
	}
	(void)pthread_mutex_unlock(&d->lock);
}

void program_help_done(struct world *w, struct vcpu *v, struct context *x)
{
	(void)v;
	program_help_book(w, &x->help);
	program_help_deliver(w, &x->help);
	x->activity = x->own_activity;
	x->left_ns = x->own_left_ns;
}

void program_help_down(struct world *w, struct vcpu *v)
{
	struct context *x = &v->context;
	struct vcpu *other;

	x->help.help_ns = x->left_ns == 0 ? 1 : x->left_ns;
	request_push_back(&w->help, &x->help);
	flag_set(&w->help_count, w->help.count);
	x->activity = x->own_activity;
	x->left_ns = x->own_left_ns;
	other = program_sleeper(w->dom0);
	if (other != NULL)
		program_wake(w, other);
}
