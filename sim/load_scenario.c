/* SPDX-License-Identifier: BSD-2-Clause */
/* What was gathered of a log, as a scenario. */
#include "load_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "quantity.h"

#define LOAD_VCPU_MAX 65536u     /* of an instance */
#define LOAD_TIME_MIN_NS RATION_NS_PER_US
#define NOWHERE UINT32_MAX       /* the place of a domain that is left out */

static void *load_keep(struct scenario *s, void *memory)
{
	s->owned = allocate_room(s->owned, s->owned_count, sizeof(*s->owned));
	s->owned[s->owned_count++] = memory;
	return memory;
}

/* ---- Domains ----------------------------------------------------------- */

/* One without vCPUs, or that was refused, and so went when it came, is none. */
static bool domain_counts(const struct load_domain *d)
{
	if (d->vcpu_count == 0)
		return false;
	if (d->gone_ns != d->come_ns)
		return true;
	for (uint32_t i = 0; i < d->vcpu_count; i++)
		if (d->vcpu[i]->first_ns != RATION_NEVER)
			return true;
	return false;
}

static enum scenario_workload_kind domain_kind(const struct load_domain *d)
{
	uint32_t idle = 0, hogs = 0;

	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		idle += d->vcpu[i]->first_ns == RATION_NEVER;
		hogs += d->vcpu[i]->first_ns != RATION_NEVER && d->vcpu[i]->count == 0;
	}
	return idle == d->vcpu_count ? WORKLOAD_IDLE :
	       hogs == d->vcpu_count ? WORKLOAD_HOG : WORKLOAD_RECORDED;
}

/* The bursts change hands. */
static void domain_workload(struct scenario *s, const struct load_domain *d,
                            struct scenario_workload *w)
{
	w->kind = domain_kind(d);
	w->phase_ns = load_keep(s, allocate(d->vcpu_count, sizeof(*w->phase_ns)));
	w->recorded = load_keep(s, allocate(d->vcpu_count, sizeof(*w->recorded)));
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct load_vcpu *v = d->vcpu[i];

		/* one that never wanted to run begins after the end */
		w->phase_ns[i] = v->first_ns != RATION_NEVER ? v->first_ns - d->start_ns : s->time_ns;
		w->recorded[i].count = v->count;
		if (v->count == 0)
			continue;
		w->recorded[i].burst = load_keep(s, allocate_again(v->burst, (size_t)v->count,
		                                                   sizeof(*v->burst)));
		v->burst = NULL;
	}
}

static void domain_build(struct scenario *s, const struct load_domain *from, const char *file)
{
	struct scenario_domain *d = &s->domain[s->domain_count];
	struct ration_attr usual;

	ration_attr_default(&usual);
	d->name = load_keep(s, allocate_text(from->name, strlen(from->name)));
	d->mark.file = file;
	d->is_dom0 = s->domain_count == 0 && from->id == 0;
	d->vcpu_count = from->vcpu_count;
	d->attr = from->attr;
	d->attr_given = scenario_attr_differ(&usual, &from->attr);
	d->start_ns = from->start_ns;
	d->affinity = load_keep(s, allocate(from->vcpu_count, sizeof(*d->affinity)));
	for (uint32_t i = 0; i < from->vcpu_count; i++)
		d->affinity[i] = from->vcpu[i]->affinity;
	domain_workload(s, from, &d->workload);
	s->domain_count++;
}

/* place[i]: of load->domain[i] in the scenario. */
static bool domains_build(struct load *load, struct scenario *s, uint32_t *place,
                          char message[LOAD_MESSAGE_SIZE])
{
	uint64_t vcpus = 0;
	uint32_t count = 0;

	for (uint32_t i = 0; i < load->domain_count; i++) {
		place[i] = domain_counts(load->domain[i]) ? count++ : NOWHERE;
		vcpus += place[i] != NOWHERE ? load->domain[i]->vcpu_count : 0;
	}
	if (count == 0 || count > SCENARIO_DOMAIN_MAX || vcpus > LOAD_VCPU_MAX) {
		(void)snprintf(message, LOAD_MESSAGE_SIZE, "the log has %" PRIu32 " domains with %"
		               PRIu64 " vCPUs, one after the other, expected 1 to %u with at most %u",
		               count, vcpus, SCENARIO_DOMAIN_MAX, LOAD_VCPU_MAX);
		return false;
	}
	s->domain = allocate(count, sizeof(*s->domain));
	load->place = allocate(count, sizeof(*load->place));
	for (uint32_t i = 0; i < load->domain_count; i++) {
		if (place[i] == NOWHERE)
			continue;
		load->place[s->domain_count] = i;
		domain_build(s, load->domain[i], s->file);
	}
	return true;
}

uint32_t load_place(const struct load *load, uint32_t i)
{
	return load->place[i];
}

/* ---- Events ------------------------------------------------------------ */

static bool event_counts(const struct load *load, const uint32_t *place,
                         const struct scenario_event *e)
{
	if (e->kind == EVENT_POLICY || e->kind == EVENT_CPU_OFFLINE || e->kind == EVENT_CPU_ONLINE)
		return true;
	return place[e->domain] != NOWHERE &&
	       (e->at_ns <= load->domain[e->domain]->gone_ns);
}

/* By time: only the end of a domain is not where it belongs, and not far from it. */
static void events_build(const struct load *load, struct scenario *s, const uint32_t *place)
{
	s->event = allocate(load->event_count, sizeof(*s->event));
	for (uint32_t i = 0; i < load->event_count; i++) {
		struct scenario_event e = load->event[i];
		uint32_t at = s->event_count;

		if (!event_counts(load, place, &e))
			continue;
		if (e.kind != EVENT_POLICY && place[e.domain] != NOWHERE)
			e.domain = place[e.domain];
		e.mark.file = s->file;
		while (at != 0 && s->event[at - 1].at_ns > e.at_ns) {
			s->event[at] = s->event[at - 1];
			at--;
		}
		s->event[at] = e;
		s->event_count++;
	}
}

/* ---- The whole --------------------------------------------------------- */

/* A host may run an instance on the first CPUs of its machine. */
static void machine_cut(struct ration_topology *t, uint32_t cpu_count)
{
	const struct ration_topology_cpu *last = &t->cpu[cpu_count - 1];

	if (t->cpu_count <= cpu_count)
		return;
	t->cpu_count = cpu_count;
	t->core_count = last->core + 1u;
	t->llc_count = last->llc + 1u;
	t->package_count = last->package + 1u;
}

static void machine_build(const struct load *load, struct scenario *s)
{
	const struct ration_config *config = &load->log->config;

	if (config->topology != NULL)
		s->topology = *config->topology;
	else
		ration_topology_flat(&s->topology, config->limits.cpu_count);
	machine_cut(&s->topology, config->limits.cpu_count);
	/* a burst's CPU time has in it how fast its CPU was */
	for (uint32_t i = 0; i < s->topology.cpu_count; i++)
		s->topology.cpu[i].capacity = RATION_CAPACITY_FULL;
	s->topology_name = load_keep(s, allocate_text(load->log->machine,
	                                              strlen(load->log->machine)));
	s->topology_mark.file = s->file;
	s->costs.smt_ppm = RATION_PPM;
	s->policy = config->policies[0];
	s->params = config->params;
	s->margins = config->margins;
}

bool load_scenario(struct load *load, const char *file, struct scenario *s,
                   char message[LOAD_MESSAGE_SIZE])
{
	uint32_t *place;
	bool ok;

	memset(s, 0, sizeof(*s));
	if (load->end_ns < LOAD_TIME_MIN_NS || load->end_ns > QUANTITY_TIME_MAX) {
		(void)snprintf(message, LOAD_MESSAGE_SIZE, "the log has %s in it, expected 1 us to "
		               "366 days", load->end_ns < LOAD_TIME_MIN_NS ? "no time" : "years");
		return false;
	}
	s->file = load_keep(s, allocate_text(file, strlen(file)));
	s->time_ns = load->end_ns;
	machine_build(load, s);
	place = allocate(load->domain_count, sizeof(*place));
	ok = domains_build(load, s, place, message);
	if (ok)
		events_build(load, s, place);
	free(place);
	if (!ok)
		scenario_free(s);
	return ok;
}
