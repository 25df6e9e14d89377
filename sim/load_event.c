/* SPDX-License-Identifier: BSD-2-Clause */
/* What a log says happened to domains, to CPUs and to the policy. */
#include "load_parts.h"

#include <string.h>

#include "allocate.h"

struct scenario_event *load_event(struct load *load, enum scenario_event_kind kind,
                                  ration_ns at_ns, const struct load_domain *d)
{
	struct scenario_event *e;

	load->event = allocate_room(load->event, load->event_count, sizeof(*load->event));
	e = &load->event[load->event_count++];
	memset(e, 0, sizeof(*e));
	e->at_ns = at_ns;
	e->kind = kind;
	e->domain = d != NULL ? d->place : 0;
	e->vcpu = SCENARIO_ALL;
	return e;
}

/* Was each vCPU of d, one after the other, pinned alike just now?  Then that is
 * one event: decisions come behind it, and all of it is refused, or none. */
static void event_pin_all(struct load *load, const struct load_domain *d)
{
	const struct scenario_event *last = &load->event[load->event_count - 1], *e;
	uint32_t count = d->vcpu_count, i;

	if (count > load->event_count)
		return;
	for (i = 0; i < count; i++) {
		e = last - (count - 1 - i);
		if (e->kind != EVENT_DOM_PIN || e->domain != d->place || e->vcpu != i ||
		    e->at_ns != last->at_ns || e->affinity.hard != last->affinity.hard ||
		    e->affinity.soft != last->affinity.soft)
			return;
	}
	load->event_count -= count - 1;
	load->event[load->event_count - 1].vcpu = SCENARIO_ALL;
}

void load_event_pin(struct load *load, const struct load_vcpu *v, struct ration_affinity affinity,
                    ration_ns at_ns)
{
	struct scenario_event *e = load_event(load, EVENT_DOM_PIN, at_ns, v->domain);

	e->vcpu = v->place;
	e->affinity = affinity;
	e->hard_given = e->soft_given = true;
	event_pin_all(load, v->domain);
}

void load_event_set(struct load *load, struct load_domain *d, struct ration_attr attr,
                    ration_ns at_ns)
{
	uint32_t given = scenario_attr_differ(&d->attr_now, &attr);
	struct scenario_event *e;

	d->attr_now = attr;
	if (given == 0)
		return;
	e = load_event(load, EVENT_DOM_SET, at_ns, d);
	e->attr = attr;
	e->attr_given = given;
}

static void event_params(struct load *load, const struct log_record *record, ration_ns at_ns)
{
	struct ration_params params = { record->arg[0], record->arg[1] };
	struct scenario_event *e = load->event_count != 0 ? &load->event[load->event_count - 1] : NULL;

	/* of a switch just before, it is a part */
	if (e == NULL || e->kind != EVENT_POLICY || e->at_ns != at_ns || e->params_given != 0)
		e = load_event(load, EVENT_POLICY, at_ns, NULL);
	e->params = params;
	e->params_given = (params.tslice_ns != load->params_now.tslice_ns ?
	                   RATION_ATTR_TSLICE : 0u) |
	                  (params.ratelimit_ns != load->params_now.ratelimit_ns ?
	                   RATION_ATTR_RATELIMIT : 0u);
	load->params_now = params;
}

void load_event_machine(struct load *load, const struct replay *r,
                        const struct log_record *record, ration_ns at_ns)
{
	struct scenario_event *e;

	if (r->answer.status != RATION_OK)
		return;
	if (record->verb == RECORD_PARAMS) {
		event_params(load, record, at_ns);
		return;
	}
	if (record->verb == RECORD_POLICY) {
		e = load_event(load, EVENT_POLICY, at_ns, NULL);
		e->policy = ration_policy_get(r->instance);
		return;
	}
	e = load_event(load, record->verb == RECORD_CPU_UP ? EVENT_CPU_ONLINE : EVENT_CPU_OFFLINE,
	               at_ns, NULL);
	e->cpu = record->cpu;
	e->force = record->verb == RECORD_CPU_DOWN && record->slot != 0;
}
