/* SPDX-License-Identifier: BSD-2-Clause */
/* Gathers the load of a log, record by record. */
#include "load_parts.h"

#include <stdlib.h>
#include <string.h>

#include "allocate.h"

/* ---- Bursts ------------------------------------------------------------ */

static ration_ns vcpu_ran_ns(const struct replay *r, const struct ration_vcpu *v, ration_ns now_ns)
{
	struct ration_ledger ledger;

	ration_vcpu_ledger_get(r->instance, v, now_ns, &ledger);
	return ledger.running_ns;
}

/* What it ran since the last burst is one; `ran_ns` by the ledger. */
static void vcpu_burst(struct load_vcpu *v, ration_ns ran_ns, ration_ns then_ns)
{
	v->burst = allocate_room(v->burst, v->count, sizeof(*v->burst));
	v->burst[v->count].run_ns = ran_ns - v->mark_ns;
	v->burst[v->count].then_ns = then_ns;
	v->count++;
	v->mark_ns = ran_ns;
}

/* Something has changed: does it still want to run, or does it again? */
static void vcpu_settle(struct load_vcpu *v, ration_ns now_ns, ration_ns ran_ns)
{
	bool wants = !v->blocked && v->pause_count == 0 && v->online && !v->left;

	if (wants == v->wants)
		return;
	v->wants = wants;
	if (!wants) {
		vcpu_burst(v, ran_ns, BURST_SLEEPS);
		v->since_ns = now_ns;
	} else if (v->first_ns == RATION_NEVER) {
		v->first_ns = now_ns;
	} else {
		v->burst[v->count - 1].then_ns = now_ns - v->since_ns;
	}
}

/* The list ends here, and what is cut off counts as far as it went. */
static void vcpu_cut(struct load_vcpu *v, ration_ns now_ns, ration_ns ran_ns)
{
	if (v->wants && v->count != 0 && ran_ns != v->mark_ns)
		vcpu_burst(v, ran_ns, BURST_GOES_ON);
	else if (!v->wants && v->count != 0)
		v->burst[v->count - 1].then_ns = now_ns - v->since_ns;
}

static void vcpu_wake(struct load_vcpu *v, const struct replay *r, ration_ns now_ns,
                      ration_ns ran_ns)
{
	struct ration_vcpu_info info;
	bool slept = v->blocked && !v->wants;

	v->blocked = false;
	ration_vcpu_info_get(r->answer.vcpu, &info);
	if (!slept || info.state != RATION_STATE_RUNNING) {
		vcpu_settle(v, now_ns, ran_ns);
		return;
	}
	/* it had not let go of its CPU yet: the block is undone */
	v->count--;
	v->mark_ns -= v->burst[v->count].run_ns;
	v->wants = true;
}

/* ---- vCPUs ------------------------------------------------------------- */

static struct load_vcpu *vcpu_new(struct load_domain *d, uint32_t idx)
{
	struct load_vcpu *v = allocate(1, sizeof(*v));

	v->domain = d;
	v->idx = idx;
	v->place = d->vcpu_count;
	v->first_ns = RATION_NEVER;
	d->vcpu = allocate_room(d->vcpu, d->vcpu_count, sizeof(struct load_vcpu *));
	d->vcpu[d->vcpu_count++] = v;
	return v;
}

/* One that was there before, under its number, is the same one again. */
static void vcpu_come(struct load *load, struct load_domain *d, const struct replay *r,
                      const struct log_record *record, ration_ns now_ns)
{
	struct ration_affinity affinity = { record->arg[1], record->arg[2] };
	struct load_vcpu *v = NULL;

	if (r->answer.status != RATION_OK)
		return;
	for (uint32_t i = 0; i < d->vcpu_count && v == NULL; i++)
		if (d->vcpu[i]->idx == (uint32_t)record->arg[0])
			v = d->vcpu[i];
	if (v == NULL) {
		v = vcpu_new(d, (uint32_t)record->arg[0]);
		v->affinity = affinity;
	} else {
		load_event_pin(load, v, affinity, now_ns);
	}
	v->mark_ns = 0;
	v->pause_count = 0;
	v->blocked = v->online = true;
	v->left = false;
	load->vcpu[ration_vcpu_slot_of(r->answer.vcpu)] = v;
}

/* It leaves as soon as that is asked for the first time: from then on it is not
 * dispatched again.  Called before the verb, after which there may be none. */
static void vcpu_leave(struct load_vcpu *v, ration_ns now_ns, ration_ns ran_ns)
{
	if (v->left)
		return;
	v->left = true;
	v->left_wanting = v->wants;
	v->leave_ns = now_ns;
	vcpu_settle(v, now_ns, ran_ns);
}

static void vcpu_record(struct load_vcpu *v, const struct replay *r,
                        const struct log_record *record, ration_ns now_ns)
{
	ration_ns ran_ns = vcpu_ran_ns(r, r->answer.vcpu, record->now_ns);

	switch (record->verb) {
	case RECORD_WAKE:
		vcpu_wake(v, r, now_ns, ran_ns);
		return;
	case RECORD_YIELD:
	case RECORD_YIELD_TO:
		if (v->wants)
			vcpu_burst(v, ran_ns, BURST_YIELDS);
		return;
	case RECORD_BLOCK:
		v->blocked = true;
		break;
	case RECORD_PAUSE:
		v->pause_count++;
		break;
	case RECORD_RESUME:
		v->pause_count--;
		break;
	case RECORD_DOWN:
	case RECORD_UP:
		v->online = record->verb == RECORD_UP;
		break;
	default:
		return;
	}
	vcpu_settle(v, now_ns, ran_ns);
}

/* ---- Domains ----------------------------------------------------------- */

static void domain_come(struct load *load, const struct replay *r, ration_ns now_ns)
{
	struct load_domain *d;
	char name[32];
	const char *text;

	if (r->answer.status != RATION_OK)
		return;
	d = allocate(1, sizeof(*d));
	text = replay_dom_name(r, r->answer.dom, name, sizeof(name));
	d->name = allocate_text(text, strlen(text));
	d->place = load->domain_count;
	d->id = ration_dom_id(r->answer.dom);
	ration_dom_get(r->answer.dom, &d->attr);
	d->attr_now = d->attr;
	d->come_ns = now_ns;
	d->start_ns = load->has_woken ? now_ns : 0;
	d->gone_ns = RATION_NEVER;
	load->domain = allocate_room(load->domain, load->domain_count,
	                             sizeof(struct load_domain *));
	load->domain[load->domain_count++] = d;
	load->dom[ration_dom_slot_of(r->answer.dom)] = d;
}

/* The name comes behind the domain. */
static void domain_name(struct load_domain *d, const struct replay *r)
{
	char name[32];
	const char *text = replay_dom_name(r, r->answer.dom, name, sizeof(name));

	free(d->name);
	d->name = allocate_text(text, strlen(text));
}

/* It went when its last vCPU did; those that left just before went with it. */
static void domain_gone(struct load *load, struct load_domain *d, ration_ns now_ns)
{
	ration_ns gone_ns = d->vcpu_count == 0 ? now_ns : 0;

	for (uint32_t i = 0; i < d->vcpu_count; i++)
		if (d->vcpu[i]->leave_ns > gone_ns)
			gone_ns = d->vcpu[i]->leave_ns;
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct load_vcpu *v = d->vcpu[i];

		if (v->count == 0 || v->leave_ns + LOAD_REMOVAL_NS < gone_ns)
			continue;
		v->burst[v->count - 1].then_ns = v->left_wanting ? BURST_GOES_ON :
		                                 v->leave_ns - v->since_ns;
		if (v->left_wanting && v->count == 1)
			v->count = 0;            /* a hog all its life */
	}
	d->gone_ns = gone_ns;
	load_event(load, EVENT_DOM_DESTROY, gone_ns, d);
}

static void domain_record(struct load *load, struct load_domain *d, const struct replay *r,
                          const struct log_record *record, ration_ns now_ns)
{
	switch (record->verb) {
	case RECORD_NAME:
		domain_name(d, r);
		break;
	case RECORD_ADMIT:
		vcpu_come(load, d, r, record, now_ns);
		break;
	case RECORD_DOM_LEAVE:
		if (r->answer.status == RATION_OK)
			domain_gone(load, d, now_ns);
		break;
	case RECORD_DOM_SET:
		if (r->answer.status == RATION_OK)
			load_event_set(load, d, replay_attr(record), now_ns);
		break;
	case RECORD_DOM_PAUSE:
		(void)load_event(load, EVENT_DOM_PAUSE, now_ns, d);
		break;
	case RECORD_DOM_RESUME:
		(void)load_event(load, EVENT_DOM_RESUME, now_ns, d);
		break;
	default:
		break;
	}
}

/* ---- Record by record -------------------------------------------------- */

static void load_before(void *context, const struct replay *r, const struct log_record *record)
{
	struct load *load = context;
	struct load_vcpu *v;

	if (record->verb != RECORD_LEAVE)
		return;
	v = load->vcpu[record->slot];
	vcpu_leave(v, record->now_ns - load->log->start_ns,
	           vcpu_ran_ns(r, r->answer.vcpu, record->now_ns));
}

static void load_end(struct load *load, const struct replay *r, const struct log_record *record)
{
	load->end_ns = record->now_ns - load->log->start_ns;
	for (uint32_t i = 0; i < load->log->config.limits.vcpu_count; i++) {
		const struct ration_vcpu *at = ration_vcpu_slot(r->instance, i);

		if (at != NULL && !load->vcpu[i]->left)
			vcpu_cut(load->vcpu[i], load->end_ns, vcpu_ran_ns(r, at, record->now_ns));
	}
}

static void load_after(void *context, const struct replay *r, const struct log_record *record)
{
	struct load *load = context;
	ration_ns now_ns = record->now_ns - load->log->start_ns;

	switch (record->verb) {
	case RECORD_END:
		load_end(load, r, record);
		break;
	case RECORD_DOM_ADMIT:
		domain_come(load, r, now_ns);
		break;
	case RECORD_NAME:
	case RECORD_ADMIT:
	case RECORD_DOM_LEAVE:
	case RECORD_DOM_SET:
	case RECORD_DOM_PAUSE:
	case RECORD_DOM_RESUME:
		domain_record(load, load->dom[record->slot], r, record, now_ns);
		break;
	case RECORD_PIN:
		if (r->answer.status == RATION_OK)
			load_event_pin(load, load->vcpu[record->slot], replay_affinity(record), now_ns);
		break;
	case RECORD_CPU_DOWN:
	case RECORD_CPU_UP:
	case RECORD_PARAMS:
	case RECORD_POLICY:
		load_event_machine(load, r, record, now_ns);
		break;
	case RECORD_WAKE:
	case RECORD_BLOCK:
	case RECORD_YIELD:
	case RECORD_YIELD_TO:
	case RECORD_PAUSE:
	case RECORD_RESUME:
	case RECORD_DOWN:
	case RECORD_UP:
		load->has_woken |= record->verb == RECORD_WAKE;
		vcpu_record(load->vcpu[record->slot], r, record, now_ns);
		break;
	default:
		break;
	}
}

struct load *load_new(const struct log *log)
{
	struct load *load = allocate(1, sizeof(*load));

	load->log = log;
	load->params_now = log->config.params;
	load->vcpu = allocate(log->config.limits.vcpu_count, sizeof(struct load_vcpu *));
	load->dom = allocate(log->config.limits.dom_count, sizeof(struct load_domain *));
	return load;
}

struct replay_observer load_observer(struct load *load)
{
	struct replay_observer observer = { load, load_before, load_after };

	return observer;
}

void load_free(struct load *load)
{
	for (uint32_t i = 0; i < load->domain_count; i++) {
		struct load_domain *d = load->domain[i];

		for (uint32_t k = 0; k < d->vcpu_count; k++) {
			free(d->vcpu[k]->burst);
			free(d->vcpu[k]);
		}
		free(d->vcpu);
		free(d->name);
		free(d);
	}
	free(load->domain);
	free(load->place);
	free(load->event);
	free(load->vcpu);
	free(load->dom);
	free(load);
}
