/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_scenario.c - a scenario is refused with a message, or it is what the
 * engine relies on: attributes and pins in range, events in order.
 */
#include <stdlib.h>
#include <string.h>

#include "scenario_read.h"

void ration_panic(const char *file, int line, const char *text)
{
	(void)file, (void)line, (void)text;
	abort();
}

static void check_domain(const struct scenario *s, const struct scenario_domain *d)
{
	RATION_ASSERT(d->name != NULL && d->name[0] != '\0');
	RATION_ASSERT(d->vcpu_count >= 1 && d->vcpu_count <= SCENARIO_VCPU_MAX);
	RATION_ASSERT(ration_attr_check(&d->attr, NULL) == RATION_OK);
	RATION_ASSERT(d->attr.cap_ppm <= (uint64_t)d->vcpu_count * RATION_PPM);
	for (uint32_t v = 0; v < d->vcpu_count; v++)
		RATION_ASSERT(ration_affinity_check(d->affinity[v], s->topology.cpu_count) ==
		              RATION_OK);
}

static void check_event(const struct scenario *s, uint32_t i)
{
	const struct scenario_event *e = &s->event[i];

	RATION_ASSERT(i == 0 || s->event[i - 1].at_ns <= e->at_ns);
	RATION_ASSERT(e->domain < s->domain_count);
	RATION_ASSERT(e->cpu < s->topology.cpu_count);
	if (e->kind == EVENT_DOM_PIN) {
		RATION_ASSERT(e->hard_given || e->soft_given);
		RATION_ASSERT(!e->hard_given || e->affinity.hard != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ration_topology machine;
	struct scenario_options options;
	struct diagnostics errors = { NULL, 0 };
	struct scenario s;

	memset(&options, 0, sizeof(options));
	ration_topology_flat(&machine, 4);
	options.topology = &machine;
	options.topology_name = "four";
	if (!scenario_read_text("/nowhere/s.yaml", (const char *)data, size, &options, &s,
	                        &errors)) {
		RATION_ASSERT(errors.count > 0);
		return 0;
	}
	RATION_ASSERT(errors.count == 0 && s.domain_count > 0 && s.time_ns > 0);
	for (uint32_t i = 0; i < s.domain_count; i++)
		check_domain(&s, &s.domain[i]);
	for (uint32_t i = 0; i < s.event_count; i++)
		check_event(&s, i);
	scenario_free(&s);
	return 0;
}
