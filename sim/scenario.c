/* SPDX-License-Identifier: BSD-2-Clause */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

#include "ration_credit.h"
#include "ration_rr.h"
#include "ration_sedf.h"

const struct ration_policy *const scenario_policies[] = {
	&ration_credit,
	&ration_sedf,
	&ration_rr,
};
const uint32_t scenario_policy_count = sizeof(scenario_policies) / sizeof(scenario_policies[0]);

const struct ration_policy *scenario_policy_find(const char *name)
{
	for (uint32_t i = 0; i < scenario_policy_count; i++)
		if (strcmp(ration_policy_name(scenario_policies[i]), name) == 0)
			return scenario_policies[i];
	return NULL;
}

void scenario_attr_change(struct ration_attr *attr, const struct scenario_event *e)
{
	if (e->attr_given & RATION_ATTR_WEIGHT)
		attr->weight = e->attr.weight;
	if (e->attr_given & RATION_ATTR_CAP)
		attr->cap_ppm = e->attr.cap_ppm;
	if (e->attr_given & RATION_ATTR_FLOOR)
		attr->floor_ppm = e->attr.floor_ppm;
	if (e->attr_given & RATION_ATTR_BURST)
		attr->burst_ns = e->attr.burst_ns;
	if (e->attr_given & RATION_ATTR_PERIOD)
		attr->period_ns = e->attr.period_ns;
	if (e->attr_given & RATION_ATTR_SLICE)
		attr->slice_ns = e->attr.slice_ns;
	if (e->attr_given & RATION_ATTR_LATENCY)
		attr->latency_ns = e->attr.latency_ns;
	if (e->attr_given & RATION_ATTR_EXTRATIME)
		attr->extratime = e->attr.extratime;
	if (e->attr_given & RATION_ATTR_SHADOW)
		attr->shadow = e->attr.shadow;
}

void scenario_affinity_change(struct ration_affinity *affinity, const struct scenario_event *e)
{
	if (e->hard_given)
		affinity->hard = e->affinity.hard;
	if (e->soft_given)
		affinity->soft = e->affinity.soft;
}

void scenario_params_change(struct ration_params *params, const struct scenario_event *e)
{
	if (e->params_given & RATION_ATTR_TSLICE)
		params->tslice_ns = e->params.tslice_ns;
	if (e->params_given & RATION_ATTR_RATELIMIT)
		params->ratelimit_ns = e->params.ratelimit_ns;
}

uint32_t scenario_attr_differ(const struct ration_attr *a, const struct ration_attr *b)
{
	return (a->weight != b->weight ? RATION_ATTR_WEIGHT : 0u) |
	       (a->cap_ppm != b->cap_ppm ? RATION_ATTR_CAP : 0u) |
	       (a->floor_ppm != b->floor_ppm ? RATION_ATTR_FLOOR : 0u) |
	       (a->burst_ns != b->burst_ns ? RATION_ATTR_BURST : 0u) |
	       (a->period_ns != b->period_ns ? RATION_ATTR_PERIOD : 0u) |
	       (a->slice_ns != b->slice_ns ? RATION_ATTR_SLICE : 0u) |
	       (a->latency_ns != b->latency_ns ? RATION_ATTR_LATENCY : 0u) |
	       (a->extratime != b->extratime ? RATION_ATTR_EXTRATIME : 0u) |
	       (a->shadow != b->shadow ? RATION_ATTR_SHADOW : 0u);
}

ration_ns scenario_phase(const struct scenario_workload *w, uint32_t idx)
{
	ration_ns phase_ns = w->phase_step_ns * idx;

	if (w->phase_ns != NULL)
		return w->phase_ns[idx];
	return w->phase_wrap_ns != 0 ? phase_ns % w->phase_wrap_ns : phase_ns;
}

void scenario_free(struct scenario *s)
{
	for (size_t i = 0; i < s->owned_count; i++)
		free(s->owned[i]);
	free(s->owned);
	free(s->domain);
	free(s->event);
	memset(s, 0, sizeof(*s));
}
