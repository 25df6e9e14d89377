/* SPDX-License-Identifier: BSD-2-Clause */
/* What a run came to, for programs: docs/scenario.md lists the keys. */
#include <inttypes.h>

#include "refusal.h"
#include "report.h"

#define JSON_DIGITS 9

static json_t *json_count(uint64_t value)
{
	return json_integer(value <= INT64_MAX ? (json_int_t)value : (json_int_t)INT64_MAX);
}

static void put_count(json_t *object, const char *key, uint64_t value)
{
	(void)json_object_set_new(object, key, json_count(value));
}

static void put_real(json_t *object, const char *key, double value)
{
	(void)json_object_set_new(object, key, json_real(value));
}

/* A name in another encoding than UTF-8 is no reason to lose the document. */
static json_t *json_text(const char *text)
{
	json_t *value = json_string(text);

	return value != NULL ? value : json_string("?");
}

static void put_text(json_t *object, const char *key, const char *text)
{
	(void)json_object_set_new(object, key, json_text(text));
}

static void put_share(json_t *object, const char *key, ration_ns ns, const struct sim_result *r)
{
	put_real(object, key, r->sim_ns == 0 ? 0.0 : 100.0 * (double)ns / (double)r->sim_ns);
}

static json_t *json_latency(const struct histogram *h)
{
	json_t *latency = json_object();

	put_count(latency, "count", h->count);
	put_count(latency, "p50", histogram_quantile(h, 500000));
	put_count(latency, "p99", histogram_quantile(h, 990000));
	put_count(latency, "p999", histogram_quantile(h, 999000));
	put_count(latency, "max", h->max);
	return latency;
}

static void put_attr(json_t *domain, const struct scenario_domain *d,
                     const struct ration_policy *policy)
{
	static const char *const name[] = {
		"weight", "cap", "floor", "burst", "period", "slice", "latency", "extratime",
		"shadow"
	};
	uint32_t unheard = report_unheard(d, policy);
	json_t *list = json_array();

	put_count(domain, "weight", d->attr.weight);
	put_real(domain, "cap", (double)d->attr.cap_ppm / 10000.0);
	put_real(domain, "floor", (double)d->attr.floor_ppm / 10000.0);
	put_count(domain, "burst_ns", d->attr.burst_ns);
	put_count(domain, "period_ns", d->attr.period_ns);
	put_count(domain, "slice_ns", d->attr.slice_ns);
	put_count(domain, "latency_ns", d->attr.latency_ns);
	(void)json_object_set_new(domain, "extratime", json_boolean(d->attr.extratime));
	(void)json_object_set_new(domain, "shadow", json_boolean(d->attr.shadow));
	for (uint32_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if ((unheard >> i & 1) != 0)
			(void)json_array_append_new(list, json_string(name[i]));
	(void)json_object_set_new(domain, "not_honoured", list);
}

static json_t *json_wait(const struct ration_ledger *ledger, const struct sim_result *r)
{
	json_t *wait = json_object();

	for (uint32_t w = 0; w < RATION_WAIT_COUNT; w++)
		put_share(wait, ration_wait_name((enum ration_wait)w), ledger->wait_ns[w], r);
	return wait;
}

/* How the jobs of each vCPU fared. */
static json_t *json_jobs(const struct scenario_domain *d, const struct sim_domain *x)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		json_t *vcpu = json_object();

		put_count(vcpu, "jobs", x->vcpu[i].done);
		put_count(vcpu, "misses", x->vcpu[i].misses);
		(void)json_object_set_new(vcpu, "response_ns", json_latency(&x->vcpu[i].response_ns));
		(void)json_object_set_new(vcpu, "tardiness_ns", json_latency(&x->vcpu[i].tardiness_ns));
		(void)json_array_append_new(list, vcpu);
	}
	return list;
}

static json_t *json_domain(const struct scenario *s, const struct sim_result *r, uint32_t i)
{
	const struct scenario_domain *d = &s->domain[i];
	const struct sim_domain *x = &r->domain[i];
	json_t *domain = json_object();

	put_text(domain, "name", d->name);
	put_count(domain, "id", report_domain_id(s, i));
	put_count(domain, "vcpus", d->vcpu_count);
	put_attr(domain, d, r->policy);
	put_share(domain, "used", x->ledger.running_ns, r);
	if (r->is_entitled)
		put_real(domain, "entitled", 100.0 * x->entitled);
	(void)json_object_set_new(domain, "wait", json_wait(&x->ledger, r));
	put_share(domain, "blocked", x->ledger.blocked_ns, r);
	put_share(domain, "down", x->ledger.down_ns, r);
	put_share(domain, "in_dom0", x->helper_ns, r);
	put_share(domain, "spun", x->spin_ns, r);
	put_count(domain, "shadow_held_count", x->shadow.held_count);
	put_real(domain, "shadow_held_s", (double)x->shadow.held_ns / (double)RATION_NS_PER_S);
	(void)json_object_set_new(domain, "wake_ns", json_latency(&x->wake_ns));
	(void)json_object_set_new(domain, "response_ns", json_latency(&x->response_ns));
	put_count(domain, "jobs", x->jobs);
	put_count(domain, "misses", x->misses);
	put_count(domain, "late", x->late);
	put_count(domain, "loops", x->loops);
	if (x->vcpu != NULL)
		(void)json_object_set_new(domain, "vcpu_jobs", json_jobs(d, x));
	put_count(domain, "run_ns", x->ledger.running_ns);
	put_count(domain, "run_done_ns", x->run_done_ns);
	put_count(domain, "wait_done_ns", x->wait_done_ns);
	put_count(domain, "dispatches", x->dispatches);
	put_count(domain, "migrations", x->migrations);
	return domain;
}

static json_t *json_cpu(const struct sim_result *r, uint32_t c)
{
	json_t *cpu = json_object();

	put_count(cpu, "id", c);
	put_share(cpu, "busy", r->cpu[c].busy_ns, r);
	put_share(cpu, "idle", r->cpu[c].idle_ns, r);
	put_share(cpu, "overhead", r->cpu[c].overhead_ns, r);
	put_share(cpu, "offline", r->cpu[c].offline_ns, r);
	put_count(cpu, "dispatches", r->cpu[c].dispatches);
	return cpu;
}

static json_t *json_totals(const struct scenario *s, const struct sim_result *r)
{
	json_t *totals = json_object();
	uint64_t vcpu_count = 0;
	char hash[24];

	for (uint32_t i = 0; i < s->domain_count; i++)
		vcpu_count += s->domain[i].vcpu_count;

	(void)snprintf(hash, sizeof(hash), "%016" PRIx64, r->trace_hash);
	put_count(totals, "events", r->events);
	put_real(totals, "wall_s", r->wall_s);
	put_real(totals, "events_per_s", r->wall_s > 0.0 ? (double)r->events / r->wall_s : 0.0);
	put_count(totals, "dispatches", r->dispatches);
	put_count(totals, "preemptions", r->preemptions);
	put_count(totals, "migrations", r->migrations);
	put_count(totals, "refused_decisions", r->refused_decisions);
	put_text(totals, "trace_hash", hash);
	put_count(totals, "instance_bytes", r->instance_bytes);
	put_count(totals, "heap_bytes", r->heap_bytes);
	put_count(totals, "bytes_per_vcpu", vcpu_count != 0 ? r->heap_bytes / vcpu_count : 0);
	return totals;
}

static json_t *json_refusal(const struct sim_refusal *x)
{
	json_t *refusal = json_object();

	put_count(refusal, "at_ns", x->at_ns);
	put_text(refusal, "file", x->mark.file != NULL ? x->mark.file : "");
	put_count(refusal, "line", x->mark.line);
	put_count(refusal, "column", x->mark.column);
	put_text(refusal, "text", x->text);
	return refusal;
}

static json_t *json_params(const struct scenario *s)
{
	json_t *params = json_object();

	put_count(params, "tslice_ns", s->params.tslice_ns);
	put_count(params, "ratelimit_ns", s->params.ratelimit_ns);
	put_count(params, "overhead_ns", s->margins.overhead_ns);
	put_real(params, "reserve", s->margins.reserve_ppm / 10000.0);
	return params;
}

json_t *report_json(const struct scenario *s, const struct sim_result *r)
{
	json_t *document = json_object();
	json_t *domains = json_array(), *cpus = json_array(), *refusals = json_array();

	put_count(document, "schema", 1);
	put_text(document, "policy", ration_policy_name(r->policy));
	(void)json_object_set_new(document, "params", json_params(s));
	put_text(document, "topology", s->topology_name);
	put_count(document, "seed", s->seed);
	put_count(document, "sim_ns", r->sim_ns);
	(void)json_object_set_new(document, "totals", json_totals(s, r));
	for (uint32_t i = 0; i < r->domain_count; i++)
		(void)json_array_append_new(domains, json_domain(s, r, i));
	for (uint32_t c = 0; c < r->cpu_count; c++)
		(void)json_array_append_new(cpus, json_cpu(r, c));
	for (uint32_t i = 0; i < r->refusal_count; i++)
		(void)json_array_append_new(refusals, json_refusal(&r->refusal[i]));
	(void)json_object_set_new(document, "domains", domains);
	(void)json_object_set_new(document, "cpus", cpus);
	(void)json_object_set_new(document, "refusals", refusals);
	return document;
}

json_t *report_json_runs(const struct scenario *s, const struct sim_result *run,
                         uint32_t run_count)
{
	json_t *document, *runs;

	if (run_count == 1)
		return report_json(s, &run[0]);
	document = json_object();
	runs = json_array();
	put_count(document, "schema", 1);
	for (uint32_t k = 0; k < run_count; k++)
		(void)json_array_append_new(runs, report_json(s, &run[k]));
	(void)json_object_set_new(document, "runs", runs);
	return document;
}

static json_t *json_ideal_domain(const struct scenario *s, const struct report_owed *x, uint32_t i)
{
	const struct scenario_domain *d = &s->domain[i];
	const struct oracle_share *share = &x->result->share[i];
	json_t *domain = json_object(), *vcpus = json_array();

	put_text(domain, "name", d->name);
	put_count(domain, "id", report_domain_id(s, i));
	put_attr(domain, d, x->policy);
	put_real(domain, "demand", 100.0 * x->demand[i]);
	put_real(domain, "entitled", 100.0 * share->entitled);
	for (uint32_t v = 0; v < d->vcpu_count; v++)
		(void)json_array_append_new(vcpus, json_real(100.0 * share->vcpu[v]));
	(void)json_object_set_new(domain, "vcpus", vcpus);
	return domain;
}

json_t *report_json_ideal(const struct scenario *s, const struct report_owed *x)
{
	json_t *document = json_object(), *domains = json_array();

	put_count(document, "schema", 1);
	put_text(document, "policy", ration_policy_name(x->policy));
	put_text(document, "topology", s->topology_name);
	for (uint32_t i = 0; i < s->domain_count; i++)
		if (report_ideal_has(s, x, i))
			(void)json_array_append_new(domains, json_ideal_domain(s, x, i));
	(void)json_object_set_new(document, "domains", domains);
	return document;
}

/* Where each promise is kept. */
static json_t *json_placement(const struct scenario *s, const struct sim_result *r)
{
	json_t *list = json_array();
	char cpus[RATION_CPULIST_SIZE];

	for (uint32_t i = 0; i < s->domain_count; i++)
		for (uint32_t v = 0; r->domain[i].promised != NULL && v < s->domain[i].vcpu_count; v++) {
			json_t *one = json_object();

			(void)ration_cpulist_format(r->domain[i].promised[v], cpus, sizeof(cpus));
			put_text(one, "domain", s->domain[i].name);
			put_count(one, "vcpu", v);
			put_text(one, "cpus", cpus);
			(void)json_array_append_new(list, one);
		}
	return list;
}

json_t *report_json_admission(const struct scenario *s, const struct sim_result *r, bool admitted)
{
	const struct ration_refusal *why = admitted ? NULL : &r->refusal[0].why;
	json_t *document = json_object(), *held_by = json_array();
	char cpus[RATION_CPULIST_SIZE] = "";

	put_count(document, "schema", 1);
	put_text(document, "policy", ration_policy_name(r->policy));
	put_text(document, "topology", s->topology_name);
	(void)json_object_set_new(document, "admitted", json_boolean(admitted));
	put_text(document, "reason", admitted ? "" : r->refusal[0].text);
	for (uint32_t i = 0; why != NULL && i < why->holder_count && i < RATION_HOLDERS_MAX; i++)
		(void)json_array_append_new(held_by, json_text(refusal_name(s, why->holder[i])));
	if (why != NULL)
		(void)ration_cpulist_format(why->cpus, cpus, sizeof(cpus));
	put_real(document, "missing", why != NULL ? (double)why->missing_ppm / 10000.0 : 0.0);
	put_text(document, "cpus", cpus);
	(void)json_object_set_new(document, "held_by", held_by);
	(void)json_object_set_new(document, "placement", json_placement(s, r));
	if (why != NULL && why->reason != RATION_REFUSED_NOTHING)
		put_real(document, "would_fit", (double)why->fit_ppm / 10000.0);
	else
		(void)json_object_set_new(document, "would_fit", json_null());
	return document;
}

bool report_json_write(json_t *document, FILE *out)
{
	return json_dumpf(document, out, JSON_INDENT(1) | JSON_REAL_PRECISION(JSON_DIGITS)) == 0 &&
	       fputc('\n', out) != EOF;
}
