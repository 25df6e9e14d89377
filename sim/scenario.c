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
