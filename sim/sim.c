/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's loop: sets a scenario up, takes event after event, and reports. */
#include "allocate.h"
#include "engine.h"
#include "ration_sedf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* As many events at one instant mean that time stands still. */
#define INSTANT_EVENTS_MAX 4000000u
#define PROGRESS_MASK      0xFFFFu
#define POLICIES_MAX       64u

/* jemalloc's statistics, where it is the allocator. */
extern int mallctl(const char *name, void *old, size_t *old_size, void *new, size_t new_size)
	__attribute__((weak));

/* ---- Effects ----------------------------------------------------------- */

void sim_kick(struct sim *s, ration_cpuset set)
{
	for (; set != 0; set = ration_cpuset_rest(set)) {
		struct event *kick = &s->cpu[ration_cpuset_first(set)].kick;

		if (!event_is_armed(kick))
			sim_arm(s, kick, s->now_ns + s->costs.ipi_ns);
	}
}

void sim_expire_set(struct sim *s, ration_ns at_ns)
{
	s->expire_ns = at_ns;
	if (at_ns == RATION_NEVER) {
		event_cancel(&s->queue, &s->expire);
		return;
	}
	at_ns += s->costs.timer_ns;
	sim_arm(s, &s->expire, at_ns < s->now_ns ? s->now_ns : at_ns);
}

void sim_broken(struct sim *s, const char *text)
{
	s->kicked = 0;
	if (s->result->broken == NULL)
		s->result->broken = text;
}

/* ---- Setting up -------------------------------------------------------- */

static void sim_domain_init(struct sim *s, uint32_t i, uint32_t first_vcpu)
{
	const struct scenario_domain *from = &s->scenario->domain[i];
	struct domain *d = &s->domain[i];
	uint32_t v;

	d->scenario = from;
	d->load = &from->workload;
	d->result = &s->result->domain[i];
	d->vcpu = &s->vcpu[first_vcpu];
	d->vcpu_count = from->vcpu_count;
	d->id = i + s->first_id;
	d->sleeping = allocate((from->vcpu_count + 63) / 64, sizeof *d->sleeping);
	d->affinity = allocate(from->vcpu_count, sizeof *d->affinity);
	memcpy(d->affinity, from->affinity, from->vcpu_count * sizeof *d->affinity);
	event_init(&s->queue, &d->come, EVENT_KIND_COME, i);
	for (v = 0; v < from->vcpu_count; v++) {
		struct vcpu *vcpu = &d->vcpu[v];

		vcpu->dom = d;
		vcpu->idx = (uint16_t)v;
		vcpu->last_cpu = RATION_CPU_NONE;
		vcpu->woken_ns = RATION_NEVER;
		event_init(&s->queue, &vcpu->event, EVENT_KIND_WAKE, first_vcpu + v);
	}
	if (from->workload.through_dom0_ns != 0 && s->domain[0].scenario->is_dom0)
		s->dom0 = &s->domain[0];
}

static void sim_queue_init(struct sim *s)
{
	uint32_t count[EVENT_KIND_COUNT];

	count[EVENT_KIND_COMPLETION] = s->cpu_count;
	count[EVENT_KIND_TIMER] = s->cpu_count;
	count[EVENT_KIND_KICK] = s->cpu_count;
	count[EVENT_KIND_SAVED] = s->cpu_count;
	count[EVENT_KIND_EXPIRE] = 1;
	count[EVENT_KIND_WAKE] = s->vcpu_count;
	count[EVENT_KIND_COME] = s->domain_count;
	count[EVENT_KIND_SCENARIO] = 1;
	if (!event_queue_init(&s->queue, count))
		(void)allocate_again(NULL, SIZE_MAX, 2);      /* says so and ends */
	event_init(&s->queue, &s->expire, EVENT_KIND_EXPIRE, 0);
	event_init(&s->queue, &s->action, EVENT_KIND_SCENARIO, 0);
}

static void sim_init(struct sim *s, const struct scenario *scenario,
                     const struct sim_options *options, struct sim_result *result)
{
	uint32_t i, first = 0;

	s->scenario = scenario;
	s->options = options;
	s->costs = scenario->costs;
	s->result = result;
	s->expire_ns = RATION_NEVER;
	s->cpu_count = scenario->topology.cpu_count;
	s->domain_count = scenario->domain_count;
	for (i = 0; i < s->domain_count; i++)
		s->vcpu_count += scenario->domain[i].vcpu_count;
	sim_queue_init(s);
	machine_init(s);
	s->domain = allocate(s->domain_count, sizeof *s->domain);
	s->vcpu = allocate(s->vcpu_count, sizeof *s->vcpu);
	s->first_id = s->domain_count != 0 && scenario->domain[0].is_dom0 ? 0 : 1;
	for (i = 0; i < s->domain_count; i++) {
		sim_domain_init(s, i, first);
		first += scenario->domain[i].vcpu_count;
	}
	if (scenario->event_count != 0)
		sim_arm(s, &s->action, scenario->event[0].at_ns);
	s->trace = trace_open(options, scenario->topology_name != NULL ?
	                      scenario->topology_name : "machine", s->cpu_count);
}

/* The policies that this scenario can ever use, the first one first. */
static uint32_t sim_policies(const struct scenario *scenario, const struct ration_policy **list)
{
	uint32_t count = 1, i, k;

	list[0] = scenario->policy;
	for (i = 0; i < scenario->event_count && count < POLICIES_MAX; i++) {
		const struct ration_policy *policy = scenario->event[i].policy;

		if (scenario->event[i].kind != EVENT_POLICY || policy == NULL)
			continue;
		for (k = 0; k < count && list[k] != policy; k++)
			;
		if (k == count)
			list[count++] = policy;
	}
	return count;
}

static void sim_instance_init(struct sim *s, const struct ration_policy **policies)
{
	struct ration_config config = { 0 };
	int status;

	config.limits.cpu_count = s->cpu_count;
	config.limits.dom_count = s->domain_count != 0 ? s->domain_count : 1;
	config.limits.vcpu_count = s->vcpu_count != 0 ? s->vcpu_count : 1;
	config.policies = policies;
	config.policy_count = sim_policies(s->scenario, policies);
	config.params = s->scenario->params;
	config.margins = s->scenario->margins;
	config.topology = &s->scenario->topology;
	s->result->instance_bytes = ration_size(policies, config.policy_count, &config.limits);
	assert(s->result->instance_bytes != 0);
	s->memory = allocate(1, s->result->instance_bytes);
	status = ration_init(s->memory, s->result->instance_bytes, &config, 0, &s->ration);
	assert(status == RATION_OK);
	(void)status;
	recording_begin(s, &config);
}

/* All that is there from the beginning is admitted before anything happens;
 * `all`: what comes later, too. */
static bool sim_admit(struct sim *s, bool all)
{
	uint32_t i;

	for (i = 0; i < s->domain_count; i++) {
		struct domain *d = &s->domain[i];

		if (d->scenario->start_ns != 0 && !all)
			sim_arm(s, &d->come, d->scenario->start_ns);
		else if (!action_come(s, d))
			return false;
		if (s->recording != NULL)
			recording_drain(s);
	}
	return true;
}

/* ---- Running ----------------------------------------------------------- */

static void sim_expire(struct sim *s)
{
	struct ration_effects fx;

	s->expire_ns = RATION_NEVER;
	ration_record_expire(&s->record, s->now_ns, &fx);
	sim_effects(s, &fx, RATION_CPU_NONE);
}

static void sim_dispatch(struct sim *s, const struct event *e)
{
	s->record.from = e->kind <= EVENT_KIND_SAVED ? e->id : RATION_CPU_NONE;
	switch ((enum event_kind)e->kind) {
	case EVENT_KIND_COMPLETION:
		machine_completion(s, &s->cpu[e->id]);
		break;
	case EVENT_KIND_TIMER:
	case EVENT_KIND_KICK:
		machine_decide(s, &s->cpu[e->id]);
		break;
	case EVENT_KIND_SAVED:
		machine_saved(s, &s->cpu[e->id]);
		break;
	case EVENT_KIND_EXPIRE:
		sim_expire(s);
		break;
	case EVENT_KIND_WAKE:
		guest_event(s, &s->vcpu[e->id]);
		break;
	case EVENT_KIND_COME:
		(void)action_come(s, &s->domain[e->id]);
		break;
	case EVENT_KIND_SCENARIO:
		action_next(s);
		break;
	case EVENT_KIND_COUNT:
		break;
	}
}

/* After each event: what is out of the ordinary. */
static void sim_watch(struct sim *s)
{
	const char *broken;

	if (s->options->check) {
		broken = ration_check(s->ration);
		if (broken == NULL)
			broken = engine_check(s);
		if (broken != NULL)
			sim_broken(s, broken);
	}
	if (s->options->progress != NULL && (s->events & PROGRESS_MASK) == 0)
		s->options->progress(s->options->progress_context, s->now_ns);
	if (s->recording != NULL)
		recording_drain(s);
}

static void sim_loop(struct sim *s)
{
	const bool is_watched = s->options->check || s->options->progress != NULL ||
	                        s->recording != NULL;
	uint32_t at_once = 0;
	struct event *e;

	machine_kicks(s);
	while (s->result->broken == NULL && (e = event_next(&s->queue)) != NULL) {
		at_once = e->time_ns == s->now_ns ? at_once + 1 : 0;
		if (at_once > INSTANT_EVENTS_MAX)
			sim_broken(s, "time stands still");
		s->now_ns = e->time_ns;
		s->events++;
		sim_dispatch(s, e);
		if (s->kicked != 0)
			machine_kicks(s);
		if (is_watched)
			sim_watch(s);
	}
	s->now_ns = s->scenario->time_ns;
}

/* ---- Reporting --------------------------------------------------------- */

static void sim_report_cpus(struct sim *s)
{
	struct sim_result *result = s->result;
	uint32_t i;

	result->cpu_count = s->cpu_count;
	for (i = 0; i < s->cpu_count; i++) {
		struct ration_cpu_ledger *ledger = &result->cpu[i];

		if (s->cpu[i].running != NULL)
			machine_sync(s, &s->cpu[i]);
		ration_cpu_ledger_get(s->ration, i, s->now_ns, ledger);
		result->dispatches += ledger->dispatches;
		result->preemptions += ledger->preemptions;
		result->migrations += ledger->migrations;
		result->refused_decisions += ledger->refusals;
	}
}

static void sim_report(struct sim *s)
{
	uint32_t i;

	sim_report_cpus(s);
	s->result->events = s->events;
	s->result->trace_hash = s->hash;
	s->result->sim_ns = s->now_ns;
	help_end(s);
	for (i = 0; i < s->domain_count; i++) {
		struct domain *d = &s->domain[i];

		if (d->ration == NULL)
			continue;
		if (!d->leaving)
			guest_end(s, d);
		ration_dom_ledger_get(s->ration, d->ration, s->now_ns, &d->result->ledger);
		ration_dom_shadow_get(s->ration, d->ration, s->now_ns, &d->result->shadow);
	}
}

static void sim_fini(struct sim *s)
{
	uint32_t i;

	trace_close(s->trace, s->now_ns);
	for (i = 0; i < s->domain_count; i++) {
		free(s->domain[i].sleeping);
		free(s->domain[i].affinity);
		request_queue_free(&s->domain[i].queue);
	}
	request_queue_free(&s->help);
	event_queue_free(&s->queue);
	free(s->domain);
	free(s->vcpu);
	free(s->memory);
	free(s->recording);
	free(s);
}

static size_t sim_heap(void)
{
	uint64_t epoch = 1;
	size_t bytes = 0, size = sizeof bytes;

	if (mallctl == NULL || mallctl("epoch", NULL, NULL, &epoch, sizeof epoch) != 0 ||
	    mallctl("stats.allocated", &bytes, &size, NULL, 0) != 0)
		return 0;
	return bytes;
}

static double sim_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sim_result_init(struct sim_result *result, const struct scenario *scenario)
{
	memset(result, 0, sizeof *result);
	result->policy = scenario->policy;
	result->domain_count = scenario->domain_count;
	result->domain = allocate(scenario->domain_count, sizeof *result->domain);
	for (uint32_t i = 0; i < scenario->domain_count; i++)
		if (scenario->domain[i].workload.kind == WORKLOAD_PERIODIC)
			result->domain[i].vcpu = allocate(scenario->domain[i].vcpu_count,
			                                  sizeof *result->domain[i].vcpu);
}

bool sim_run(const struct scenario *scenario, const struct sim_options *options,
             struct sim_result *result)
{
	const struct ration_policy *policies[POLICIES_MAX];
	size_t heap = sim_heap(), heap_now;
	struct sim *s = allocate(1, sizeof *s);
	double start;
	bool ok;

	sim_result_init(result, scenario);
	sim_init(s, scenario, options, result);
	sim_instance_init(s, policies);
	ok = sim_admit(s, false);
	if (ok) {
		start = sim_clock();
		sim_loop(s);
		result->wall_s = sim_clock() - start;
		recording_end(s);
		sim_report(s);
		heap_now = sim_heap();
		result->heap_bytes = heap_now > heap ? heap_now - heap : 0;
	}
	sim_fini(s);
	return ok;
}

/* Where sedf keeps what it promised. */
static void sim_promised(const struct sim *s)
{
	if (ration_policy_get(s->ration) != &ration_sedf)
		return;
	for (uint32_t i = 0; i < s->domain_count; i++) {
		const struct domain *d = &s->domain[i];

		if (d->ration == NULL || d->scenario->attr.slice_ns == 0)
			continue;
		d->result->promised = allocate(d->vcpu_count, sizeof *d->result->promised);
		for (uint32_t v = 0; v < d->vcpu_count; v++)
			d->result->promised[v] = ration_sedf_cpus(d->vcpu[v].ration);
	}
}

bool sim_admission(const struct scenario *scenario, bool all, struct sim_result *result)
{
	const struct ration_policy *policies[POLICIES_MAX];
	const struct sim_options options = { 0 };
	struct sim *s = allocate(1, sizeof *s);
	bool ok;

	sim_result_init(result, scenario);
	sim_init(s, scenario, &options, result);
	sim_instance_init(s, policies);
	ok = sim_admit(s, all);
	if (ok)
		sim_promised(s);
	sim_fini(s);
	return ok;
}

void sim_result_free(struct sim_result *result)
{
	for (uint32_t i = 0; i < result->domain_count; i++) {
		free(result->domain[i].vcpu);
		free(result->domain[i].promised);
	}
	free(result->domain);
	free(result->refusal);
	result->domain = NULL;
	result->refusal = NULL;
	result->domain_count = result->refusal_count = 0;
}
