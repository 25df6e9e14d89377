/* SPDX-License-Identifier: BSD-2-Clause */
/* look.c - requests that look, and change nothing. */
#include "control.h"

/* Bytes of the log's body before those of the log, and of the status before all. */
#define LOG_BODY_HEAD 12u

static void look_text(char *to, size_t size, const char *from)
{
	for (size_t i = 0; i + 1 < size && from[i] != '\0'; i++)
		to[i] = from[i];
}

int ration_control__info(struct control_call *x)
{
	struct ration_control *control = x->control;
	const struct ration_config *config = control->config;
	struct ration_record *rec = &control->port->record;
	struct ration_control_info info = { .policy_count = config->policy_count };
	const struct ration_policy *policy;
	struct ration_params params;

	look_text(info.writer, sizeof info.writer, control->writer);
	look_text(info.machine, sizeof info.machine, control->machine);
	info.cpu_count = config->limits.cpu_count;
	info.dom_limit = config->limits.dom_count;
	info.vcpu_limit = config->limits.vcpu_count;
	info.start_ns = control->start_ns;
	info.log_at = control->log_at;
	info.now_ns = ration_port_begin(control->port, RATION_CPU_NONE);
	info.online = ration_cpu_online(rec->instance);
	policy = ration_policy_get(rec->instance);
	ration_params_get(rec->instance, &params);
	info.events = ration_record_events(rec);
	info.lost = ration_record_lost(rec);
	info.is_recording = ration_record_is_on(rec);
	ration_port_end(control->port, NULL);
	info.tslice_ns = params.tslice_ns;
	info.ratelimit_ns = params.ratelimit_ns;
	info.honoured = ration_attr_honoured(policy);
	for (uint32_t i = 0; i < config->policy_count && i < RATION_CONTROL_POLICY_MAX; i++) {
		look_text(info.policy_name[i], sizeof info.policy_name[i],
		          ration_policy_name(config->policies[i]));
		if (config->policies[i] == policy)
			info.policy = i;
	}
	(void)ration_control_wire_info(x->w, &info);
	return RATION_OK;
}

/* ---- Topology ---------------------------------------------------------- */

static struct ration_control_cpu look_cpu(struct ration_control *control, ration_cpu c)
{
	const struct ration_topology *t = control->config->topology;
	struct ration_control_cpu cpu = { .core = (uint16_t)c, .capacity = RATION_CAPACITY_FULL };
	struct ration *r = control->port->record.instance;
	struct ration_cpu_ledger books;
	ration_ns now;

	if (t != NULL) {
		cpu.core = t->cpu[c].core;
		cpu.llc = t->cpu[c].llc;
		cpu.package = t->cpu[c].package;
		cpu.node = t->cpu[c].node;
		cpu.capacity = t->cpu[c].capacity;
	}
	now = ration_port_begin(control->port, RATION_CPU_NONE);
	ration_cpu_ledger_get(r, c, now, &books);
	cpu.online = ration_cpuset_has(ration_cpu_online(r), c);
	ration_port_end(control->port, NULL);
	cpu.busy_ns = books.busy_ns;
	cpu.idle_ns = books.idle_ns;
	cpu.overhead_ns = books.overhead_ns;
	cpu.offline_ns = books.offline_ns;
	cpu.dispatches = books.dispatches;
	cpu.migrations = books.migrations;
	return cpu;
}

/* It fits: 64 CPUs of 60 bytes and 64 x 64 distances are less than an answer. */
int ration_control__topology(struct control_call *x)
{
	const struct ration_topology *t = x->control->config->topology;
	uint32_t cpus = x->control->config->limits.cpu_count, nodes = t != NULL ? t->node_count : 1;
	uint8_t local = RATION_DISTANCE_LOCAL;

	(void)ration_control_wire_u32(x->w, &cpus);
	(void)ration_control_wire_u32(x->w, &nodes);
	for (ration_cpu c = 0; c < cpus; c++) {
		struct ration_control_cpu cpu = look_cpu(x->control, c);

		(void)ration_control_wire_cpu(x->w, &cpu);
	}
	for (uint32_t from = 0; t != NULL && from < nodes; from++) {
		uint8_t row[RATION_TOPOLOGY_NODE_MAX];

		__builtin_memcpy(row, t->distance[from], nodes);
		(void)ration_control_wire_bytes(x->w, row, nodes);
	}
	if (t == NULL)
		(void)ration_control_wire_bytes(x->w, &local, 1);
	return RATION_OK;
}

/* ---- Domains ----------------------------------------------------------- */

static uint64_t look_waiting(const struct ration_ledger *books)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < RATION_WAIT_COUNT; i++)
		sum += books->wait_ns[i];
	return sum;
}

static struct ration_dom *look_next(const struct control_call *x, uint32_t first)
{
	struct ration *r = x->control->port->record.instance;
	struct ration_dom *best = NULL;

	if (!x->is_privileged)
		return first <= x->caller_dom ? ration_dom_find(r, x->caller_dom) : NULL;
	for (uint32_t slot = 0; slot < x->control->config->limits.dom_count; slot++) {
		struct ration_dom *dom = ration_dom_slot(r, slot);

		if (dom != NULL && ration_dom_id(dom) >= first &&
		    (best == NULL || ration_dom_id(dom) < ration_dom_id(best)))
			best = dom;
	}
	return best;
}

/* The domain of the least id that is not below `first`; false: there is none. */
static bool look_domain(struct control_call *x, uint32_t first,
                        struct ration_control_domain *domain)
{
	struct ration *r = x->control->port->record.instance;
	ration_ns now = ration_port_begin(x->control->port, RATION_CPU_NONE);
	struct ration_dom *dom = look_next(x, first);
	struct ration_ledger books;

	__builtin_memset(domain, 0, sizeof *domain);
	if (dom != NULL) {
		domain->id = ration_dom_id(dom);
		ration_dom_get(dom, &domain->attr);
		ration_dom_ledger_get(r, dom, now, &books);
		domain->running_ns = books.running_ns;
		domain->waiting_ns = look_waiting(&books);
		for (struct ration_vcpu *v = ration_vcpu_first(dom); v; v = ration_vcpu_next(v)) {
			struct ration_vcpu_info info;

			ration_vcpu_info_get(v, &info);
			domain->vcpu_count++;
			domain->running_count += info.state == RATION_STATE_RUNNING;
		}
	}
	ration_port_end(x->control->port, NULL);
	return dom != NULL;
}

int ration_control__list(struct control_call *x)
{
	const struct ration_control_host *host = &x->control->host;
	struct ration_control_domain domain;
	uint64_t first = x->q->dom;

	while (first <= UINT32_MAX && look_domain(x, (uint32_t)first, &domain)) {
		first = (uint64_t)domain.id + 1;
		/* One that the host forgets just now is on its way out. */
		if (host->describe(host->context, domain.id, &domain) != RATION_OK)
			domain.flags |= RATION_CONTROL_DYING;
		if (!ration_control_wire_domain(x->w, &domain))
			break;
	}
	/* What did not fit is asked for next. */
	x->w->is_short = false;
	return RATION_OK;
}

static void look_vcpu(struct ration *r, const struct ration_vcpu *v, ration_ns now,
                      struct ration_control_vcpu *vcpu)
{
	struct ration_vcpu_info info;
	struct ration_ledger books;

	ration_vcpu_info_get(v, &info);
	ration_vcpu_ledger_get(r, v, now, &books);
	vcpu->idx = ration_vcpu_idx(v);
	vcpu->state = (uint8_t)info.state;
	vcpu->cause = (uint8_t)info.cause;
	vcpu->online = info.online;
	vcpu->paused = info.pause_count != 0;
	vcpu->cpu = info.cpu;
	vcpu->affinity = info.affinity;
	vcpu->running_ns = books.running_ns;
	vcpu->waiting_ns = look_waiting(&books);
	vcpu->lag_ns = info.lag_ns;
}

int ration_control__vcpus(struct control_call *x)
{
	struct ration *r = x->control->port->record.instance;
	ration_ns now = ration_port_begin(x->control->port, RATION_CPU_NONE);
	struct ration_dom *dom = ration_dom_find(r, x->q->dom);
	struct ration_vcpu *v = dom != NULL ? ration_vcpu_first(dom) : NULL;
	uint32_t skip = x->q->vcpu;

	for (; v != NULL && skip != 0; skip--)
		v = ration_vcpu_next(v);
	for (; v != NULL; v = ration_vcpu_next(v)) {
		struct ration_control_vcpu vcpu;

		look_vcpu(r, v, now, &vcpu);
		if (!ration_control_wire_vcpu(x->w, &vcpu))
			break;
	}
	ration_port_end(x->control->port, NULL);
	x->w->is_short = false;
	return dom != NULL ? RATION_OK : ration_control__no_domain(x);
}

int ration_control__ledger(struct control_call *x)
{
	struct ration *r = x->control->port->record.instance;
	ration_ns now = ration_port_begin(x->control->port, RATION_CPU_NONE);
	struct ration_dom *dom = ration_dom_find(r, x->q->dom);
	struct ration_vcpu *v = dom != NULL ? ration_vcpu_first(dom) : NULL;
	struct ration_control_ledger books = { .now_ns = now };
	bool is_whole = x->q->vcpu == RATION_CONTROL_ALL;
	struct ration_shadow shadow;

	while (v != NULL && !is_whole && ration_vcpu_idx(v) != x->q->vcpu)
		v = ration_vcpu_next(v);
	if (dom != NULL && is_whole) {
		ration_dom_ledger_get(r, dom, now, &books.ledger);
		ration_dom_shadow_get(r, dom, now, &shadow);
		books.held_count = shadow.held_count;
		books.held_ns = shadow.held_ns;
		for (uint32_t kind = 0; kind < RATION_HELPER_COUNT; kind++)
			books.helper_ns[kind] = ration_dom_helper_get(dom, (enum ration_helper)kind);
	} else if (v != NULL) {
		ration_vcpu_ledger_get(r, v, now, &books.ledger);
	}
	ration_port_end(x->control->port, NULL);
	if (dom == NULL)
		return ration_control__no_domain(x);
	if (!is_whole && v == NULL)
		return ration_control__no_such(x, "vCPU", x->q->vcpu);
	(void)ration_control_wire_ledger(x->w, &books);
	return RATION_OK;
}

/* ---- The log ----------------------------------------------------------- */

static void log_end(struct ration_port *port)
{
	ration_ns now = ration_port_begin(port, RATION_CPU_NONE);

	if (ration_record_is_on(&port->record))
		ration_record_end(&port->record, now);
	ration_port_end(port, NULL);
}

/* The header first, which can be had again until more has been handed out. */
static uint32_t log_take(struct ration_control *control, uint8_t *to, size_t size)
{
	size_t count;

	if (control->log_at == 0)
		count = ration_record_header(control->config, control->start_ns, control->writer,
		                             control->machine, to, size);
	else
		count = ration_record_drain(&control->port->record, to, size);
	control->log_at += count;
	return (uint32_t)count;
}

int ration_control__log(struct control_call *x)
{
	struct ration_control *control = x->control;
	struct ration_control_wire *w = x->w;
	uint64_t from = x->q->from;
	uint32_t is_last = 0, length = 0;
	bool is_there;

	if (!ration_record_is_on(&control->port->record) &&
	    ration_record_events(&control->port->record) == 0) {
		ration_reason_text(&x->why, "nothing is recorded here");
		return RATION_E_INVALID;
	}
	if (x->q->on != 0)
		log_end(control->port);
	ration_lock_take(&control->log_lock);
	is_there = from == control->log_at || (from == 0 && !control->log_is_begun);
	if (is_there && w->size - w->at >= LOG_BODY_HEAD) {
		if (from == 0)
			control->log_at = 0;
		else
			control->log_is_begun = true;
		length = log_take(control, w->bytes + w->at + LOG_BODY_HEAD,
		                  w->size - w->at - LOG_BODY_HEAD);
		is_last = !ration_record_is_on(&control->port->record) &&
		          ration_record_pending(&control->port->record) == 0;
	}
	ration_lock_release(&control->log_lock);
	if (!is_there) {
		ration_reason_text(&x->why, "the log was read as far as byte ");
		ration_reason_number(&x->why, control->log_at);
		ration_reason_text(&x->why, ", and what was read is gone");
		return RATION_E_INVALID;
	}
	(void)ration_control_wire_u64(w, &from);
	(void)ration_control_wire_u32(w, &is_last);
	w->at += length;
	return RATION_OK;
}
