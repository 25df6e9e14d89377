/* SPDX-License-Identifier: BSD-2-Clause */
/* The accounts of a replay, kept as machine.c keeps those of a run. */
#include "replay_table.h"

#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "ration_policy.h"

struct replay_vcpu {
	ration_ns since_ns;          /* runs, or wants to run, since */
	ration_ns woken_ns;          /* RATION_NEVER: not waiting after a wake-up */
	ration_cpu last_cpu;         /* RATION_CPU_NONE: never ran */
	uint32_t row;
};

/* ---- Rows -------------------------------------------------------------- */

static struct replay_vcpu *vcpu_of(struct replay_table *t, const struct ration_vcpu *v)
{
	return &t->vcpu[ration_vcpu_slot_of(v)];
}

static struct sim_domain *domain_of(struct replay_table *t, const struct replay_vcpu *v)
{
	return &t->result.domain[v->row];
}

static const char *name_of(struct replay_table *t, const struct replay_vcpu *v)
{
	return t->scenario.domain[v->row].name;
}

/* A text of the scenario's, freed with it. */
static char *table_text(struct replay_table *t, const char *text)
{
	struct scenario *s = &t->scenario;

	s->owned = allocate_room(s->owned, s->owned_count, sizeof(*s->owned));
	s->owned[s->owned_count] = allocate_text(text, strlen(text));
	return s->owned[s->owned_count++];
}

static void row_add(struct replay_table *t, const struct log_record *record)
{
	const struct ration_dom *dom = t->replay->answer.dom;
	struct scenario *s = &t->scenario;
	struct scenario_domain *d;
	struct ration_attr usual;
	char name[32];

	s->domain = allocate_room(s->domain, s->domain_count, sizeof(*s->domain));
	t->result.domain = allocate_room(t->result.domain, s->domain_count,
	                                 sizeof(*t->result.domain));
	t->present = allocate_room(t->present, s->domain_count, sizeof(*t->present));
	t->present[s->domain_count] = 0;
	memset(&t->result.domain[s->domain_count], 0, sizeof(*t->result.domain));
	d = &s->domain[s->domain_count];
	memset(d, 0, sizeof(*d));
	t->row[ration_dom_slot_of(dom)] = s->domain_count++;
	t->result.domain_count = s->domain_count;
	d->name = table_text(t, replay_dom_name(t->replay, dom, name, sizeof(name)));
	d->is_dom0 = ration_dom_id(dom) == 0;
	d->mark.file = s->file;
	ration_attr_default(&usual);
	d->attr = replay_attr(record);
	d->attr_given = scenario_attr_differ(&usual, &d->attr);
	d->workload.kind = WORKLOAD_HOG;
	d->start_ns = record->now_ns - t->start_ns;
}

static void row_ledger(struct replay_table *t, const struct ration_dom *dom, ration_ns now_ns)
{
	struct sim_domain *row = &t->result.domain[t->row[ration_dom_slot_of(dom)]];

	ration_dom_ledger_get(t->replay->instance, dom, now_ns, &row->ledger);
	ration_dom_shadow_get(t->replay->instance, dom, now_ns, &row->shadow);
}

static void vcpu_come(struct replay_table *t, const struct log_record *record)
{
	struct replay_vcpu *v = vcpu_of(t, t->replay->answer.vcpu);
	struct scenario_domain *d;

	v->since_ns = record->now_ns;
	v->woken_ns = RATION_NEVER;
	v->last_cpu = RATION_CPU_NONE;
	v->row = t->row[record->slot];
	d = &t->scenario.domain[v->row];
	if (++t->present[v->row] > d->vcpu_count)
		d->vcpu_count = t->present[v->row];
}

/* ---- Running ----------------------------------------------------------- */

/* A dispatch: one word of history, the same as in machine.c. */
static void table_hash(struct replay_table *t, const struct log_record *record,
                       const struct ration_vcpu *v)
{
	uint32_t dom_id = v == NULL ? UINT32_MAX : ration_dom_id(v->dom);

	t->result.trace_hash = sim_hash(t->result.trace_hash, record->now_ns - t->start_ns,
	                                record->cpu, dom_id, v == NULL ? UINT32_MAX : v->idx);
}

static void slice_end(struct replay_table *t, struct replay_vcpu *v, ration_ns now_ns)
{
	domain_of(t, v)->run_done_ns += now_ns - v->since_ns;
	v->since_ns = now_ns;
}

static void latency_end(struct replay_table *t, struct replay_vcpu *v, ration_ns now_ns)
{
	if (v->woken_ns == RATION_NEVER)
		return;
	histogram_add(&domain_of(t, v)->wake_ns, now_ns - v->woken_ns);
	v->woken_ns = RATION_NEVER;
}

static void vcpu_start(struct replay_table *t, const struct log_record *record,
                       const struct ration_vcpu *rv)
{
	struct replay_vcpu *v = vcpu_of(t, rv);
	struct sim_domain *d = domain_of(t, v);

	if (v->last_cpu != RATION_CPU_NONE && v->last_cpu != record->cpu)
		d->migrations++;
	v->last_cpu = record->cpu;
	latency_end(t, v, record->now_ns);
	if (t->trace != NULL)
		trace_start(t->trace, record->now_ns - t->start_ns, record->cpu, name_of(t, v),
		            rv->idx, v->since_ns - t->start_ns);
	d->wait_done_ns += record->now_ns - v->since_ns;
	d->dispatches++;
	v->since_ns = record->now_ns;
	table_hash(t, record, rv);
}

/* What the CPU ran goes on: with a new slice? */
static void vcpu_continue(struct replay_table *t, const struct log_record *record,
                          const struct ration_vcpu *rv)
{
	struct replay_vcpu *v = vcpu_of(t, rv);

	latency_end(t, v, record->now_ns);       /* woken before it had let go */
	if (!t->decide.slice_ends)
		return;
	slice_end(t, v, record->now_ns);
	domain_of(t, v)->dispatches++;
	table_hash(t, record, rv);
	if (t->trace != NULL)
		trace_again(t->trace, record->now_ns - t->start_ns, record->cpu);
}

/* ---- Before and after an event ----------------------------------------- */

static void note(struct replay_table *t, const struct log_record *record, ration_cpu c,
                 const char *what, const struct ration_dom *dom, uint32_t idx)
{
	if (t->trace != NULL)
		trace_note(t->trace, record->now_ns - t->start_ns, c, what, dom == NULL ? NULL :
		           t->scenario.domain[t->row[ration_dom_slot_of(dom)]].name, idx);
}

static void before_wake(struct replay_table *t, const struct log_record *record)
{
	const struct ration_vcpu *rv = t->replay->answer.vcpu;
	struct replay_vcpu *v = vcpu_of(t, rv);
	bool held = (rv->flags & (RATION_VCPU_OFFLINE | RATION_VCPU_LEAVING)) != 0 ||
	            rv->pause_count != 0 || rv->dom->pause_count != 0;

	if ((rv->flags & RATION_VCPU_RUNNABLE) != 0)
		return;                  /* not remembered */
	if (!ration_vcpu_is_current(rv))
		v->since_ns = record->now_ns;
	v->woken_ns = held ? RATION_NEVER : record->now_ns;
	note(t, record, v->last_cpu, "wake", rv->dom, rv->idx);
}

static void before_decide(struct replay_table *t, const struct log_record *record)
{
	const struct ration_cpu_state *cpu = ration_cpu_get(t->replay->instance, record->cpu);

	t->decide.continues = cpu->current != NULL;
	t->decide.slice_ends = cpu->yielded || record->now_ns >= t->until_ns[record->cpu];
}

static void table_before(void *context, const struct replay *r, const struct log_record *record)
{
	struct replay_table *t = context;

	switch (record->verb) {
	case RECORD_WAKE:
		before_wake(t, record);
		break;
	case RECORD_IDLE:
	case RECORD_DECIDE:
		before_decide(t, record);
		break;
	case RECORD_BLOCK:
		t->scenario.domain[vcpu_of(t, r->answer.vcpu)->row].workload.kind = WORKLOAD_LOOP;
		break;
	case RECORD_DOM_LEAVE:
		row_ledger(t, r->answer.dom, record->now_ns);
		break;
	default:
		break;
	}
}

/* They do not wait after a wake-up any more: somebody took them away. */
static void forget_dom(struct replay_table *t, const struct ration_dom *dom)
{
	const struct ration_vcpu *v;

	for (v = ration_vcpu_first(dom); v != NULL; v = ration_vcpu_next(v))
		vcpu_of(t, v)->woken_ns = RATION_NEVER;
}

static void after_decide(struct replay_table *t, const struct log_record *record,
                         const struct ration_vcpu *before)
{
	const struct ration_decision *d = &t->replay->answer.decision;

	t->until_ns[record->cpu] = d->until_ns;
	if (!d->switched) {
		if (d->vcpu != NULL)
			vcpu_continue(t, record, d->vcpu);
		return;
	}
	if (before == NULL)
		return;
	slice_end(t, vcpu_of(t, before), record->now_ns);
	if (t->trace != NULL)
		trace_stop(t->trace, record->now_ns - t->start_ns, record->cpu);
}

static void after_cpu(struct replay_table *t, const struct log_record *record)
{
	const struct ration_cpu_state *cpu = ration_cpu_get(t->replay->instance, record->cpu);

	if (record->verb != RECORD_SAVED)
		after_decide(t, record, t->decide.continues ? cpu->unsaved : NULL);
	else if (cpu->current != NULL)
		vcpu_start(t, record, cpu->current);
	else
		table_hash(t, record, NULL);
}

static void after_name(struct replay_table *t, const struct log_record *record)
{
	const struct ration_dom *dom = t->replay->answer.dom;
	char name[32];

	t->scenario.domain[t->row[record->slot]].name =
		table_text(t, replay_dom_name(t->replay, dom, name, sizeof(name)));
}

/* What the trace shows of things that happen to domains and CPUs. */
static void after_note(struct replay_table *t, const struct log_record *record)
{
	static const char *const what[RECORD_VERB_COUNT] = {
		[RECORD_DOM_PAUSE] = "pause", [RECORD_DOM_RESUME] = "resume", [RECORD_DOM_SET] = "set",
		[RECORD_CPU_DOWN] = "offline", [RECORD_CPU_UP] = "online", [RECORD_POLICY] = "policy"
	};
	bool is_cpu = record->verb == RECORD_CPU_DOWN || record->verb == RECORD_CPU_UP;

	if (t->replay->answer.status == RATION_OK && what[record->verb] != NULL)
		note(t, record, is_cpu ? record->cpu : RATION_CPU_NONE, what[record->verb],
		     t->replay->answer.dom, UINT32_MAX);
}

static void after_leave(struct replay_table *t, const struct log_record *record)
{
	struct replay_vcpu *v = &t->vcpu[record->slot];

	v->woken_ns = RATION_NEVER;
	if (t->replay->answer.status == RATION_OK)
		t->present[v->row]--;
}

static void table_after(void *context, const struct replay *r, const struct log_record *record)
{
	const struct replay_answer *a = &r->answer;
	struct replay_table *t = context;

	t->result.events += replay_is_event(record);
	switch (record->verb) {
	case RECORD_IDLE:
	case RECORD_DECIDE:
	case RECORD_SAVED:
		after_cpu(t, record);
		break;
	case RECORD_NAME:
		after_name(t, record);
		break;
	case RECORD_DOM_ADMIT:
		if (a->status == RATION_OK)
			row_add(t, record);
		break;
	case RECORD_ADMIT:
		if (a->status == RATION_OK)
			vcpu_come(t, record);
		break;
	case RECORD_LEAVE:
		after_leave(t, record);
		break;
	case RECORD_PAUSE:
	case RECORD_DOWN:
		t->vcpu[record->slot].woken_ns = RATION_NEVER;
		break;
	case RECORD_DOM_PAUSE:
		forget_dom(t, a->dom);
		break;
	case RECORD_DOM_CHARGE:
		t->result.domain[t->row[record->slot]].helper_ns += record->arg[0];
		break;
	default:
		break;
	}
	if (t->trace != NULL)
		after_note(t, record);
}

/* ---- Begin and end ----------------------------------------------------- */

void replay_table_init(struct replay_table *t, struct replay *r, const struct sim_options *options)
{
	const struct ration_config *config = &r->log->config;
	struct replay_observer observer = { t, table_before, table_after };
	struct scenario *s = &t->scenario;
	uint32_t c;

	memset(t, 0, sizeof(*t));
	t->replay = r;
	t->start_ns = r->log->start_ns;
	for (c = 0; c < RATION_CPU_MAX; c++)
		t->until_ns[c] = RATION_NEVER;
	t->vcpu = allocate(config->limits.vcpu_count, sizeof(*t->vcpu));
	t->row = allocate(config->limits.dom_count, sizeof(*t->row));
	s->file = table_text(t, r->log->name);
	s->topology_name = table_text(t, r->log->machine[0] != '\0' ? r->log->machine : "machine");
	if (config->topology != NULL)
		s->topology = *config->topology;
	else
		ration_topology_flat(&s->topology, config->limits.cpu_count);
	s->policy = config->policies[0];
	s->params = config->params;
	s->margins = config->margins;
	s->costs.smt_ppm = RATION_PPM;
	t->result.policy = s->policy;
	t->result.cpu_count = config->limits.cpu_count;
	t->result.instance_bytes = ration_size(config->policies, config->policy_count,
	                                       &config->limits);
	t->trace = trace_open(options, s->topology_name, config->limits.cpu_count);
	replay_observe(r, observer);
}

void replay_table_end(struct replay_table *t)
{
	const struct ration *instance = t->replay->instance;
	ration_ns now_ns = t->replay->log->now_ns;
	struct sim_result *result = &t->result;
	uint32_t i;

	result->sim_ns = t->scenario.time_ns = now_ns - t->start_ns;
	for (i = 0; i < result->cpu_count; i++) {
		ration_cpu_ledger_get(instance, i, now_ns, &result->cpu[i]);
		result->dispatches += result->cpu[i].dispatches;
		result->preemptions += result->cpu[i].preemptions;
		result->migrations += result->cpu[i].migrations;
		result->refused_decisions += result->cpu[i].refusals;
	}
	for (i = 0; i < t->replay->log->config.limits.dom_count; i++)
		if (ration_dom_slot(instance, i) != NULL)
			row_ledger(t, ration_dom_slot(instance, i), now_ns);
	trace_close(t->trace, result->sim_ns);
	t->trace = NULL;
}

void replay_table_fini(struct replay_table *t)
{
	trace_close(t->trace, 0);
	sim_result_free(&t->result);
	scenario_free(&t->scenario);
	free(t->vcpu);
	free(t->row);
	free(t->present);
}
