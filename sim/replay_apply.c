/* SPDX-License-Identifier: BSD-2-Clause */
/* A record's verb: may it be called, and the call. */
#include "replay_parts.h"

#include <string.h>

#include "ration_policy.h"

struct ration_attr replay_attr(const struct log_record *record)
{
	struct ration_attr attr;

	ration_record_attr_take(record->arg + (record->verb == RECORD_DOM_ADMIT), &attr);
	return attr;
}

struct ration_affinity replay_affinity(const struct log_record *record)
{
	const uint64_t *arg = record->arg + (record->verb == RECORD_ADMIT);
	struct ration_affinity affinity = { arg[0], arg[1] };

	return affinity;
}

/* ---- What a verb asks for ---------------------------------------------- */

/* What the record's slot stands for. */
enum slot_kind { SLOT_NOTHING, SLOT_VCPU, SLOT_DOM };

static enum slot_kind slot_of(uint32_t verb)
{
	switch (verb) {
	case RECORD_WAKE: case RECORD_BLOCK: case RECORD_YIELD: case RECORD_YIELD_TO:
	case RECORD_PAUSE: case RECORD_RESUME: case RECORD_DOWN: case RECORD_UP: case RECORD_PIN:
	case RECORD_LEAVE:
		return SLOT_VCPU;
	case RECORD_NAME: case RECORD_ADMIT: case RECORD_DOM_LEAVE: case RECORD_DOM_SET:
	case RECORD_DOM_PAUSE: case RECORD_DOM_RESUME: case RECORD_DOM_CHARGE:
		return SLOT_DOM;
	default:
		return SLOT_NOTHING;
	}
}

static struct ration_vcpu *vcpu_at(const struct replay *r, uint64_t slot)
{
	return slot < r->log->config.limits.vcpu_count ?
	       ration_vcpu_slot(r->instance, (uint32_t)slot) : NULL;
}

static const char *forbids_cpu(const struct replay *r, const struct log_record *record)
{
	if (record->cpu >= r->log->config.limits.cpu_count)
		return "there is no such CPU";
	if (ration_cpu_get(r->instance, record->cpu)->switching != (record->verb == RECORD_SAVED))
		return record->verb == RECORD_SAVED ? "that CPU has nothing to save" :
		       "what that CPU ran before is not saved yet";
	return NULL;
}

static const char *forbids_running(const struct replay *r, const struct ration_vcpu *v)
{
	return !ration_vcpu_is_current(v) || ration_cpu_get(r->instance, v->cpu)->switching ?
	       "that vCPU does not run" : NULL;
}

static const char *forbids_vcpu(const struct replay *r, const struct log_record *record)
{
	const struct ration_vcpu *v = r->answer.vcpu;

	switch (record->verb) {
	case RECORD_YIELD_TO:
		if (vcpu_at(r, record->arg[0]) == NULL)
			return "the vCPU that it yields to is not there";
		return forbids_running(r, v);
	case RECORD_BLOCK:
	case RECORD_YIELD:
		return forbids_running(r, v);
	case RECORD_PAUSE:
		return v->pause_count == UINT16_MAX ? "that vCPU is paused too often" : NULL;
	case RECORD_RESUME:
		return v->pause_count == 0 ? "that vCPU is not paused" : NULL;
	default:
		return NULL;
	}
}

static const char *forbids_dom(const struct replay *r, const struct log_record *record)
{
	const struct ration_dom *d = r->answer.dom;

	switch (record->verb) {
	case RECORD_DOM_PAUSE:
		return d->pause_count == UINT32_MAX ? "that domain is paused too often" : NULL;
	case RECORD_DOM_RESUME:
		return d->pause_count == 0 ? "that domain is not paused" : NULL;
	case RECORD_DOM_CHARGE:
		return record->arg[0] > RATION_TIME_MAX || record->arg[1] >= RATION_HELPER_COUNT ?
		       "no domain can be charged that" : NULL;
	default:
		return NULL;
	}
}

const char *replay_forbids(struct replay *r, const struct log_record *record)
{
	r->answer.vcpu = NULL;
	r->answer.dom = NULL;
	r->answer.status = RATION_OK;
	switch (slot_of(record->verb)) {
	case SLOT_VCPU:
		r->answer.vcpu = vcpu_at(r, record->slot);
		if (r->answer.vcpu == NULL)
			return "there is no vCPU at that place";
		r->answer.dom = ration_vcpu_dom(r->answer.vcpu);
		return forbids_vcpu(r, record);
	case SLOT_DOM:
		if (record->slot < r->log->config.limits.dom_count)
			r->answer.dom = ration_dom_slot(r->instance, record->slot);
		if (r->answer.dom == NULL)
			return "there is no domain at that place";
		return forbids_dom(r, record);
	case SLOT_NOTHING:
		break;
	}
	if (record->verb == RECORD_IDLE || record->verb == RECORD_DECIDE ||
	    record->verb == RECORD_SAVED)
		return forbids_cpu(r, record);
	if (record->verb == RECORD_POLICY && record->slot >= r->log->config.policy_count)
		return "there is no such policy";
	return NULL;
}

/* ---- The calls --------------------------------------------------------- */

static void apply_name(struct replay *r, const struct log_record *record)
{
	char text[RATION_RECORD_ARG_MAX * 8 + 1];
	uint32_t i;

	for (i = 0; i < record->arg_count * 8; i++)
		text[i] = (char)(record->arg[i / 8] >> i % 8 * 8);
	text[i] = '\0';
	ration_record_name(&r->record, r->answer.dom, text);
}

static void apply_cpu(struct replay *r, const struct log_record *record)
{
	struct replay_answer *a = &r->answer;
	ration_ns now = record->now_ns;

	if (record->verb == RECORD_SAVED)
		ration_record_saved(&r->record, record->cpu, now, &a->fx);
	else if (record->verb == RECORD_CPU_DOWN)
		a->status = ration_record_cpu_down(&r->record, record->cpu, record->slot != 0, now,
		                                   &a->fx, &a->why);
	else if (record->verb == RECORD_CPU_UP)
		a->status = ration_record_cpu_up(&r->record, record->cpu, now, &a->fx);
	else
		ration_record_decide(&r->record, record->cpu, now, &a->decision, &a->fx);
}

static void apply_vcpu(struct replay *r, const struct log_record *record)
{
	struct ration_effects *fx = &r->answer.fx;
	struct ration_vcpu *v = r->answer.vcpu;
	ration_ns now = record->now_ns;

	switch (record->verb) {
	case RECORD_WAKE:
		ration_record_wake(&r->record, v, now, fx);
		break;
	case RECORD_BLOCK:
		ration_record_block(&r->record, v, now, fx);
		break;
	case RECORD_YIELD:
		ration_record_yield(&r->record, v, now, fx);
		break;
	case RECORD_YIELD_TO:
		ration_record_yield_to(&r->record, v, vcpu_at(r, record->arg[0]), now, fx);
		break;
	case RECORD_PAUSE:
		ration_record_pause(&r->record, v, now, fx);
		break;
	case RECORD_RESUME:
		ration_record_resume(&r->record, v, now, fx);
		break;
	case RECORD_DOWN:
		ration_record_down(&r->record, v, now, fx);
		break;
	case RECORD_UP:
		ration_record_up(&r->record, v, now, fx);
		break;
	case RECORD_PIN:
		r->answer.status = ration_record_pin(&r->record, v, replay_affinity(record), now, fx,
		                                     &r->answer.why);
		break;
	default:
		r->answer.status = ration_record_leave(&r->record, v, now, fx);
		break;
	}
}

static void apply_dom(struct replay *r, const struct log_record *record)
{
	struct replay_answer *a = &r->answer;
	struct ration_attr attr;
	ration_ns now = record->now_ns;

	switch (record->verb) {
	case RECORD_NAME:
		apply_name(r, record);
		break;
	case RECORD_ADMIT:
		a->status = ration_record_admit(&r->record, a->dom, (uint32_t)record->arg[0],
		                                replay_affinity(record), now, &a->fx, &a->vcpu,
		                                &a->why);
		break;
	case RECORD_DOM_LEAVE:
		a->status = ration_record_dom_leave(&r->record, a->dom, now, &a->fx);
		break;
	case RECORD_DOM_SET:
		attr = replay_attr(record);
		a->status = ration_record_dom_set(&r->record, a->dom, &attr, now, &a->fx, &a->why);
		break;
	case RECORD_DOM_PAUSE:
		ration_record_dom_pause(&r->record, a->dom, now, &a->fx);
		break;
	case RECORD_DOM_RESUME:
		ration_record_dom_resume(&r->record, a->dom, now, &a->fx);
		break;
	default:
		ration_record_dom_charge(&r->record, a->dom, record->arg[0],
		                         (enum ration_helper)record->arg[1], now, &a->fx);
		break;
	}
}

static void apply_machine(struct replay *r, const struct log_record *record)
{
	struct replay_answer *a = &r->answer;
	struct ration_params params;
	struct ration_attr attr;
	ration_ns now = record->now_ns;

	switch (record->verb) {
	case RECORD_END:
		ration_record_end(&r->record, now);
		break;
	case RECORD_EXPIRE:
		ration_record_expire(&r->record, now, &a->fx);
		break;
	case RECORD_DOM_ADMIT:
		attr = replay_attr(record);
		a->status = ration_record_dom_admit(&r->record, (uint32_t)record->arg[0], &attr, now,
		                                    &a->fx, &a->dom);
		break;
	case RECORD_PARAMS:
		params.tslice_ns = record->arg[0];
		params.ratelimit_ns = record->arg[1];
		a->status = ration_record_params_set(&r->record, &params, now, &a->fx);
		break;
	case RECORD_POLICY:
		a->status = ration_record_policy_set(&r->record,
		                                     r->log->config.policies[record->slot], now,
		                                     &a->fx, &a->why);
		break;
	default:
		apply_cpu(r, record);
		break;
	}
}

void replay_apply(struct replay *r, const struct log_record *record)
{
	r->record.from = record->cpu;
	switch (slot_of(record->verb)) {
	case SLOT_VCPU:
		apply_vcpu(r, record);
		break;
	case SLOT_DOM:
		apply_dom(r, record);
		break;
	case SLOT_NOTHING:
		apply_machine(r, record);
		break;
	}
}
