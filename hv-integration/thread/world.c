/* SPDX-License-Identifier: BSD-2-Clause */
/* A scenario on threads: set up, run, reported as the simulator reports. */
#include "thread_world.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "thread_log.h"

#define POLICIES_MAX 16u

/* ---- Setting up -------------------------------------------------------- */

static void world_domain_init(struct world *w, uint32_t i, uint32_t first_vcpu)
{
	const struct scenario_domain *from = &w->scenario->domain[i];
	struct domain *d = &w->domain[i];
	uint32_t k;

	d->scenario = from;
	d->load = &from->workload;
	d->result = &w->result->domain[i];
	d->vcpu = &w->vcpu[first_vcpu];
	d->vcpu_count = from->vcpu_count;
	d->id = i + w->first_id;
	d->affinity = allocate(from->vcpu_count, sizeof(*d->affinity));
	memcpy(d->affinity, from->affinity, from->vcpu_count * sizeof(*d->affinity));
	(void)pthread_mutex_init(&d->lock, NULL);
	for (k = 0; k < from->vcpu_count; k++) {
		d->vcpu[k].dom = d;
		d->vcpu[k].idx = (uint16_t)k;
		context_init(&d->vcpu[k].context);
	}
	if (from->workload.through_dom0_ns != 0 && w->domain[0].scenario->is_dom0)
		w->dom0 = &w->domain[0];
}

static void world_device_init(struct world *w)
{
	pthread_condattr_t kind;

	(void)pthread_mutex_init(&w->device.lock, NULL);
	(void)pthread_condattr_init(&kind);
	(void)pthread_condattr_setclock(&kind, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&w->device.changed, &kind);
	(void)pthread_condattr_destroy(&kind);
	w->device.heap = allocate(w->vcpu_count + 1, sizeof(struct vcpu *));
}

static void world_init(struct world *w, const struct scenario *s, struct sim_result *result)
{
	uint32_t i, first = 0;

	w->scenario = s;
	w->result = result;
	w->domain_count = s->domain_count;
	for (i = 0; i < s->domain_count; i++)
		w->vcpu_count += s->domain[i].vcpu_count;
	w->domain = allocate(w->domain_count, sizeof(*w->domain));
	w->vcpu = allocate(w->vcpu_count, sizeof(*w->vcpu));
	w->first_id = s->domain_count != 0 && s->domain[0].is_dom0 ? 0 : 1;
	for (i = 0; i < w->domain_count; i++) {
		world_domain_init(w, i, first);
		first += s->domain[i].vcpu_count;
	}
	world_device_init(w);
}

static void world_fini(struct world *w)
{
	uint32_t i;

	for (i = 0; i < w->domain_count; i++) {
		free(w->domain[i].affinity);
		request_queue_free(&w->domain[i].queue);
		(void)pthread_mutex_destroy(&w->domain[i].lock);
	}
	request_queue_free(&w->help);
	(void)pthread_cond_destroy(&w->device.changed);
	(void)pthread_mutex_destroy(&w->device.lock);
	free(w->device.heap);
	free(w->domain);
	free(w->vcpu);
	rig_fini(&w->machine);
	free(w);
}

/* The scenario's policy first, then all that it could switch to. */
static uint32_t world_policies(const struct scenario *s, const struct ration_policy **list)
{
	uint32_t count = 1, i;

	list[0] = s->policy;
	for (i = 0; i < scenario_policy_count && count < POLICIES_MAX; i++)
		if (scenario_policies[i] != s->policy)
			list[count++] = scenario_policies[i];
	return count;
}

static void world_config(const struct world *w, const struct ration_policy **policies,
                         struct ration_config *config)
{
	memset(config, 0, sizeof(*config));
	config->limits.cpu_count = w->scenario->topology.cpu_count;
	config->limits.dom_count = w->domain_count != 0 ? w->domain_count : 1;
	config->limits.vcpu_count = w->vcpu_count != 0 ? w->vcpu_count : 1;
	config->policies = policies;
	config->policy_count = world_policies(w->scenario, policies);
	config->params = w->scenario->params;
	config->margins = w->scenario->margins;
	config->topology = &w->scenario->topology;
}

/* All that is there from the beginning is admitted before anything happens. */
static bool world_admit(struct world *w)
{
	uint32_t i;

	for (i = 0; i < w->domain_count; i++)
		if (w->domain[i].scenario->start_ns == 0 && !control_come(w, &w->domain[i]))
			return false;
	return true;
}

/* ---- Reporting --------------------------------------------------------- */

/* The books as they stand now; the recording ends with them. */
static void world_books(struct world *w)
{
	struct ration_effects fx = { 0, RATION_NEVER };
	struct sim_result *r = w->result;
	uint32_t i;

	w->end_ns = ration_port_begin(&w->machine.port, RATION_CPU_NONE);
	r->cpu_count = w->machine.cpu_count;
	for (i = 0; i < r->cpu_count; i++) {
		ration_cpu_ledger_get(w->machine.ration, i, w->end_ns, &r->cpu[i]);
		r->dispatches += r->cpu[i].dispatches;
		r->preemptions += r->cpu[i].preemptions;
		r->migrations += r->cpu[i].migrations;
		r->refused_decisions += r->cpu[i].refusals;
	}
	for (i = 0; i < w->domain_count; i++) {
		if (w->domain[i].ration == NULL)
			continue;
		ration_dom_ledger_get(w->machine.ration, w->domain[i].ration, w->end_ns,
		                      &r->domain[i].ledger);
		ration_dom_shadow_get(w->machine.ration, w->domain[i].ration, w->end_ns,
		                      &r->domain[i].shadow);
	}
	r->broken = ration_check(w->machine.ration);
	ration_record_end(&w->machine.port.record, w->end_ns);
	fx.expire_ns = w->machine.port.expire_ns;
	ration_port_end(&w->machine.port, &fx);
}

/* What the programs counted; no thread runs any more. */
static void world_collect(const struct world *w, struct domain *d)
{
	struct sim_domain *r = d->result;
	uint32_t i;

	for (i = 0; i < d->vcpu_count; i++) {
		const struct vcpu *v = &d->vcpu[i];

		histogram_merge(&r->wake_ns, &v->wake_ns);
		histogram_merge(&r->response_ns, &v->response_ns);
		r->jobs += v->jobs;
		r->late += v->late;
		r->loops += v->loops;
		r->spin_ns += v->spin_ns;
		r->run_done_ns += v->context.run_done_ns;
		r->wait_done_ns += v->context.wait_done_ns;
		r->dispatches += v->context.dispatches;
		r->migrations += v->context.migrations;
	}
	r->helper_ns = d->helper_ns;
	r->misses = r->late + (d->gone ? d->late : program_late(w, d, w->end_ns));
}

/* Requests that dom0 holds, late already. */
static void world_help_late(const struct world *w, const struct request *request)
{
	struct domain *d = request->dom;

	if (d != NULL && d->there && request->vcpu == NULL && d->load->deadline_ns != 0 &&
	    w->end_ns > request->arrival_ns + d->load->deadline_ns)
		d->result->misses++;
}

static void world_report(struct world *w)
{
	struct sim_result *r = w->result;
	uint32_t i;

	r->sim_ns = w->end_ns;
	r->wall_s = (double)w->end_ns / 1e9;
	r->instance_bytes = w->machine.memory_size;
	r->events = flag_get(&w->wakes);
	for (i = 0; i < w->machine.cpu_count; i++)
		r->events += w->machine.cpu[i].entries;
	for (i = 0; i < w->domain_count; i++)
		world_collect(w, &w->domain[i]);
	for (i = 0; i < w->help.count; i++)
		world_help_late(w, request_at(&w->help, i));
	for (i = 0; w->dom0 != NULL && i < w->dom0->vcpu_count; i++)
		if (w->dom0->vcpu[i].context.activity == ACTIVITY_HELP)
			world_help_late(w, &w->dom0->vcpu[i].context.help);
}

/* ---- Running ----------------------------------------------------------- */

/* The signals that end a run early are the control thread's alone. */
static void world_signals(sigset_t *before)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &set, before);
	rig_signals_block();
}

static enum world_status world_threads(struct world *w, const struct control_options *options,
                                       struct world_account *account)
{
	if (!rig_begin(&w->machine))
		return WORLD_FAILED;
	rig_go(&w->machine);
	if (!device_begin(w)) {
		rig_end(&w->machine);
		return WORLD_FAILED;
	}
	account->signal = control_run(w, options);
	world_books(w);
	device_end(w);
	rig_end(&w->machine);
	world_report(w);
	return WORLD_DONE;
}

static enum world_status world_start(struct world *w, const struct world_options *options,
                                     struct world_account *account)
{
	if (!world_admit(w))
		return WORLD_REFUSED;
	return world_threads(w, &options->control, account);
}

static enum world_status world_recorded(struct world *w, const struct world_options *options,
                                        const struct ration_config *config,
                                        struct world_account *account)
{
	uint64_t words = options->log_words != 0 ? options->log_words : THREAD_LOG_WORDS;
	const char *machine = w->scenario->topology_name != NULL ? w->scenario->topology_name :
	                      "machine";
	struct ration_record *record = &w->machine.port.record;
	enum world_status status;
	struct thread_log log;

	if (options->log == NULL)
		return world_start(w, options, account);
	if (!thread_log_begin(&log, record, options->log, words, config, machine))
		return WORLD_FAILED;
	status = world_start(w, options, account);
	(void)thread_log_end(&log);
	account->log_events = ration_record_events(record);
	account->log_lost = ration_record_lost(record);
	account->log_bytes = log.bytes;
	account->log_error = log.error;
	return status;
}

enum world_status world_run(const struct scenario *s, const struct world_options *options,
                            struct sim_result *result, struct world_account *account)
{
	const struct ration_policy *policies[POLICIES_MAX];
	struct world *w = allocate(1, sizeof(*w));
	struct ration_config config;
	enum world_status status;
	sigset_t before;
	int error;

	memset(result, 0, sizeof(*result));
	memset(account, 0, sizeof(*account));
	result->policy = s->policy;
	result->domain_count = s->domain_count;
	result->domain = allocate(s->domain_count, sizeof(*result->domain));
	world_init(w, s, result);
	world_config(w, policies, &config);
	rig_init(&w->machine, &config, &program_guest, w);
	world_signals(&before);
	status = world_recorded(w, options, &config, account);
	error = errno;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	world_fini(w);
	errno = error;
	return status;
}
