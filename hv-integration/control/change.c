/* SPDX-License-Identifier: BSD-2-Clause */
/* change.c - requests that change the scheduler: verbs of the port, and why they refused. */
#include "control.h"

/* The vCPUs of a domain that can be pinned at once, or not at all. */
#define CHANGE_PIN_MAX 48u

#define CHANGE_PARAMS (RATION_ATTR_TSLICE | RATION_ATTR_RATELIMIT)

static struct ration_record *change_record(const struct control_call *x)
{
	return &x->control->port->record;
}

/* Why the verb refused, unless that is known already. */
static int change_refused(struct control_call *x, int status, const struct ration_refusal *why)
{
	if (status != RATION_OK && x->why.length == 0)
		ration_reason_refusal(&x->why, status, why, NULL, ration_control__name, x->control);
	return status;
}

/* Which of the attributes that were asked for the policy in force does not honour. */
static void change_names(struct control_call *x, uint32_t set)
{
	const char *between = "";

	for (uint32_t bit = 1; bit <= RATION_ATTR_RATELIMIT; bit <<= 1) {
		if ((set & bit) == 0)
			continue;
		ration_reason_text(&x->why, between);
		ration_reason_text(&x->why, ration_reason_attr_name((enum ration_attr_bit)bit));
		between = ", ";
	}
}

static void change_unhonoured(struct control_call *x, uint32_t set)
{
	const struct ration_policy *policy = ration_policy_get(change_record(x)->instance);

	ration_reason_text(&x->why, ration_policy_name(policy));
	ration_reason_text(&x->why, ", the policy in force, does not honour ");
	change_names(x, set & ~ration_attr_honoured(policy));
}

static struct ration_vcpu *change_find(const struct ration_dom *dom, uint32_t idx)
{
	struct ration_vcpu *v = dom != NULL ? ration_vcpu_first(dom) : NULL;

	while (v != NULL && ration_vcpu_idx(v) != idx)
		v = ration_vcpu_next(v);
	return v;
}

/* ---- Domains ----------------------------------------------------------- */

/* The fields that the set names, out of *from. */
static void change_attr(struct ration_attr *to, const struct ration_attr *from, uint32_t set)
{
	if ((set & RATION_ATTR_WEIGHT) != 0)
		to->weight = from->weight;
	if ((set & RATION_ATTR_CAP) != 0)
		to->cap_ppm = from->cap_ppm;
	if ((set & RATION_ATTR_FLOOR) != 0)
		to->floor_ppm = from->floor_ppm;
	if ((set & RATION_ATTR_BURST) != 0)
		to->burst_ns = from->burst_ns;
	if ((set & RATION_ATTR_PERIOD) != 0)
		to->period_ns = from->period_ns;
	if ((set & RATION_ATTR_SLICE) != 0)
		to->slice_ns = from->slice_ns;
	if ((set & RATION_ATTR_LATENCY) != 0)
		to->latency_ns = from->latency_ns;
	if ((set & RATION_ATTR_EXTRATIME) != 0)
		to->extratime = from->extratime;
	if ((set & RATION_ATTR_SHADOW) != 0)
		to->shadow = from->shadow;
}

int ration_control__set(struct control_call *x)
{
	struct ration_refusal why = { .reason = RATION_REFUSED_NOTHING };
	uint32_t set = x->q->attr_set;
	struct ration_effects fx;
	struct ration_dom *dom;
	struct ration_attr attr;
	int status = RATION_OK;
	ration_ns now;

	if (set == 0 || set >= RATION_ATTR_TSLICE) {
		ration_reason_text(&x->why, "a set of attributes, expected 1 to 511");
		return RATION_E_RANGE;
	}
	now = ration_port_begin(x->control->port, RATION_CPU_NONE);
	dom = ration_dom_find(change_record(x)->instance, x->q->dom);
	if (dom != NULL) {
		ration_dom_get(dom, &attr);
		change_attr(&attr, &x->q->attr, set);
		status = ration_record_dom_set(change_record(x), dom, &attr, now, &fx, &why);
		if (status == RATION_E_POLICY)
			change_unhonoured(x, set);
	}
	ration_port_end(x->control->port, dom != NULL ? &fx : NULL);
	if (dom == NULL)
		return ration_control__no_domain(x);
	if (status == RATION_E_RANGE)
		ration_reason_attr(&x->why, &attr);
	return change_refused(x, status, &why);
}

/* ---- vCPUs ------------------------------------------------------------- */

/* One of them, or all or none: those before the one that is refused go back. */
static int change_pin(struct control_call *x, struct ration_dom *dom, ration_ns now,
                      struct ration_refusal *why)
{
	struct ration_affinity before[CHANGE_PIN_MAX], to = x->q->affinity;
	struct ration_vcpu *v = ration_vcpu_first(dom);
	struct ration_record *rec = change_record(x);
	struct ration_effects fx;
	struct ration_vcpu_info info;
	int status = RATION_OK;
	uint32_t count = 0;

	for (; v != NULL && status == RATION_OK; v = ration_vcpu_next(v)) {
		if (x->q->vcpu != RATION_CONTROL_ALL && ration_vcpu_idx(v) != x->q->vcpu)
			continue;
		if (count == CHANGE_PIN_MAX) {
			ration_reason_text(&x->why, "more than 48 vCPUs, expected one at a time");
			status = RATION_E_FULL;
			break;
		}
		ration_vcpu_info_get(v, &info);
		before[count] = info.affinity;
		status = ration_record_pin(rec, v, to, now, &fx, why);
		ration_port_effects(x->control->port, &fx);
		count += status == RATION_OK;
	}
	if (status == RATION_OK)
		return count != 0 ? RATION_OK : RATION_CONTROL_E_NONE;
	if (x->q->vcpu != RATION_CONTROL_ALL)
		return status;
	/* What was admitted a moment ago is admitted again. */
	v = ration_vcpu_first(dom);
	for (uint32_t i = 0; i < count; i++, v = ration_vcpu_next(v)) {
		(void)ration_record_pin(rec, v, before[i], now, &fx, NULL);
		ration_port_effects(x->control->port, &fx);
	}
	return status;
}

int ration_control__pin(struct control_call *x)
{
	struct ration_refusal why = { .reason = RATION_REFUSED_NOTHING };
	ration_ns now = ration_port_begin(x->control->port, RATION_CPU_NONE);
	struct ration_dom *dom = ration_dom_find(change_record(x)->instance, x->q->dom);
	int status = dom != NULL ? change_pin(x, dom, now, &why) : RATION_OK;

	ration_port_end(x->control->port, NULL);
	if (dom == NULL)
		return ration_control__no_domain(x);
	if (status == RATION_CONTROL_E_NONE)
		return ration_control__no_such(x, "vCPU", x->q->vcpu);
	if (status == RATION_E_INVALID)
		ration_reason_text(&x->why, "no CPU is left, expected one at least");
	if (status == RATION_E_RANGE) {
		ration_reason_text(&x->why, "a CPU that the machine does not have, expected 0 to ");
		ration_reason_number(&x->why, x->control->config->limits.cpu_count - 1);
	}
	return change_refused(x, status, &why);
}

int ration_control__vcpu(struct control_call *x)
{
	ration_ns now = ration_port_begin(x->control->port, RATION_CPU_NONE);
	struct ration_dom *dom = ration_dom_find(change_record(x)->instance, x->q->dom);
	struct ration_vcpu *v = change_find(dom, x->q->vcpu);
	struct ration_effects fx;

	if (v != NULL && x->q->on != 0)
		ration_record_up(change_record(x), v, now, &fx);
	else if (v != NULL)
		ration_record_down(change_record(x), v, now, &fx);
	ration_port_end(x->control->port, v != NULL ? &fx : NULL);
	if (dom == NULL)
		return ration_control__no_domain(x);
	return v != NULL ? RATION_OK : ration_control__no_such(x, "vCPU", x->q->vcpu);
}

/* ---- The machine ------------------------------------------------------- */

int ration_control__cpu(struct control_call *x)
{
	struct ration_refusal why = { .reason = RATION_REFUSED_NOTHING };
	struct ration *r = change_record(x)->instance;
	ration_cpu c = x->q->cpu;
	struct ration_effects fx;
	bool is_online;
	ration_ns now;
	int status;

	if (c >= x->control->config->limits.cpu_count)
		return ration_control__no_such(x, "CPU", c);
	now = ration_port_begin(x->control->port, RATION_CPU_NONE);
	is_online = ration_cpuset_has(ration_cpu_online(r), c);
	if (x->q->on == 1)
		status = ration_record_cpu_up(change_record(x), c, now, &fx);
	else
		status = ration_record_cpu_down(change_record(x), c, x->q->on == 2, now, &fx, &why);
	ration_port_end(x->control->port, &fx);
	if (status == RATION_E_INVALID)
		ration_reason_text(&x->why, is_online ? "it is on line" : x->q->on != 1 ?
		                   "it is off line" : "its last vCPU is not saved yet");
	return change_refused(x, status, &why);
}

/* Is it the name, which has no 0 at its end? */
static bool change_is_called(const struct ration_policy *policy, const uint8_t *name,
                             uint32_t length)
{
	const char *text = ration_policy_name(policy);
	uint32_t i = 0;

	while (i < length && text[i] != '\0' && (uint8_t)text[i] == name[i])
		i++;
	return i == length && text[i] == '\0';
}

int ration_control__policy(struct control_call *x)
{
	struct ration_refusal why = { .reason = RATION_REFUSED_NOTHING };
	const struct ration_config *config = x->control->config;
	struct ration_effects fx;
	ration_ns now;
	uint32_t i = 0;
	int status;

	while (i < config->policy_count &&
	       !change_is_called(config->policies[i], x->q->bytes, x->q->length))
		i++;
	if (i == config->policy_count) {
		ration_reason_text(&x->why, "no policy of that name, expected ");
		for (i = 0; i < config->policy_count; i++) {
			ration_reason_text(&x->why, i == 0 ? "" :
			                   i + 1 == config->policy_count ? " or " : ", ");
			ration_reason_text(&x->why, ration_policy_name(config->policies[i]));
		}
		return RATION_CONTROL_E_NONE;
	}
	now = ration_port_begin(x->control->port, RATION_CPU_NONE);
	status = ration_record_policy_set(change_record(x), config->policies[i], now, &fx, &why);
	ration_port_end(x->control->port, &fx);
	return change_refused(x, status, &why);
}

int ration_control__params(struct control_call *x)
{
	uint32_t set = x->q->attr_set;
	struct ration_params params;
	struct ration_effects fx;
	ration_ns now;
	int status;

	if (set == 0 || (set & ~(uint32_t)CHANGE_PARAMS) != 0) {
		ration_reason_text(&x->why, "a set of parameters, expected tslice or ratelimit");
		return RATION_E_RANGE;
	}
	now = ration_port_begin(x->control->port, RATION_CPU_NONE);
	ration_params_get(change_record(x)->instance, &params);
	if ((set & RATION_ATTR_TSLICE) != 0)
		params.tslice_ns = x->q->params.tslice_ns;
	if ((set & RATION_ATTR_RATELIMIT) != 0)
		params.ratelimit_ns = x->q->params.ratelimit_ns;
	status = ration_record_params_set(change_record(x), &params, now, &fx);
	if (status == RATION_E_POLICY)
		change_unhonoured(x, set);
	ration_port_end(x->control->port, &fx);
	if (status == RATION_E_RANGE)
		ration_reason_text(&x->why, "out of range, expected a tslice of 100us to 1s and a "
		                   "ratelimit of 0 to 500ms, not above it");
	return change_refused(x, status, NULL);
}
