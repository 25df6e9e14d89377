/* SPDX-License-Identifier: BSD-2-Clause */
/* wire.c - payloads: one description of each, by which it is read and written. */
#include "control.h"

/* Little-endian numbers of `size` bytes, out of a word or into it. */
static bool wire_number(struct ration_control_wire *w, uint64_t *value, uint32_t size)
{
	uint64_t read = 0;

	if (w->is_short || w->size - w->at < size) {
		w->is_short = true;
		return false;
	}
	for (uint32_t i = 0; i < size; i++) {
		if (w->is_reading)
			read |= (uint64_t)w->bytes[w->at + i] << 8 * i;
		else
			w->bytes[w->at + i] = (uint8_t)(*value >> 8 * i);
	}
	if (w->is_reading)
		*value = read;
	w->at += size;
	return true;
}

bool ration_control_wire_u64(struct ration_control_wire *w, uint64_t *value)
{
	return wire_number(w, value, 8);
}

bool ration_control_wire_u32(struct ration_control_wire *w, uint32_t *value)
{
	uint64_t wide = w->is_reading ? 0 : *value;
	bool ok = wire_number(w, &wide, 4);

	*value = (uint32_t)wide;
	return ok;
}

static void wire_u16(struct ration_control_wire *w, uint16_t *value)
{
	uint64_t wide = w->is_reading ? 0 : *value;

	(void)wire_number(w, &wide, 2);
	*value = (uint16_t)wide;
}

static void wire_u8(struct ration_control_wire *w, uint8_t *value)
{
	uint64_t wide = w->is_reading ? 0 : *value;

	(void)wire_number(w, &wide, 1);
	*value = (uint8_t)wide;
}

bool ration_control_wire_bytes(struct ration_control_wire *w, void *bytes, uint32_t size)
{
	if (w->is_short || w->size - w->at < size) {
		w->is_short = true;
		return false;
	}
	if (size == 0)
		return true;
	if (w->is_reading)
		__builtin_memcpy(bytes, w->bytes + w->at, size);
	else
		__builtin_memcpy(w->bytes + w->at, bytes, size);
	w->at += size;
	return true;
}

/* A text in a field of its own; what is read ends with a 0 whatever came. */
static void wire_text(struct ration_control_wire *w, char *text, uint32_t size)
{
	(void)ration_control_wire_bytes(w, text, size);
	if (w->is_reading && !w->is_short)
		text[size - 1] = '\0';
}

static void wire_attr(struct ration_control_wire *w, struct ration_attr *attr)
{
	uint32_t flags = 0;

	if (!w->is_reading)
		flags = (uint32_t)attr->extratime | (uint32_t)attr->shadow << 1;
	(void)ration_control_wire_u32(w, &attr->weight);
	(void)ration_control_wire_u32(w, &attr->cap_ppm);
	(void)ration_control_wire_u32(w, &attr->floor_ppm);
	(void)ration_control_wire_u32(w, &flags);
	(void)ration_control_wire_u64(w, &attr->burst_ns);
	(void)ration_control_wire_u64(w, &attr->period_ns);
	(void)ration_control_wire_u64(w, &attr->slice_ns);
	(void)ration_control_wire_u64(w, &attr->latency_ns);
	attr->extratime = (flags & 1) != 0;
	attr->shadow = (flags & 2) != 0;
}

static void wire_affinity(struct ration_control_wire *w, struct ration_affinity *affinity)
{
	(void)ration_control_wire_u64(w, &affinity->hard);
	(void)ration_control_wire_u64(w, &affinity->soft);
}

/* All that is left; written, q->length bytes. */
static void wire_rest(struct ration_control_wire *w, struct ration_control_request *q)
{
	if (w->is_short)
		return;
	if (!w->is_reading) {
		/* Cast: it is only read. */
		(void)ration_control_wire_bytes(w, (void *)(uintptr_t)q->bytes, q->length);
		return;
	}
	q->bytes = w->bytes + w->at;
	q->length = w->size - w->at;
	w->at = w->size;
}

/* The requests of one domain. */
static bool wire_of_domain(struct ration_control_wire *w, struct ration_control_request *q)
{
	if (q->op < RATION_CONTROL_LIST ||
	    (q->op > RATION_CONTROL_VCPU && q->op != RATION_CONTROL_CONSOLE_READ &&
	     q->op != RATION_CONTROL_CONSOLE_WRITE))
		return false;
	if (q->op == RATION_CONTROL_CREATE)
		return false;
	(void)ration_control_wire_u32(w, &q->dom);
	switch (q->op) {
	case RATION_CONTROL_VCPUS:
	case RATION_CONTROL_LEDGER:
		(void)ration_control_wire_u32(w, &q->vcpu);
		break;
	case RATION_CONTROL_PAUSE:
		(void)ration_control_wire_u32(w, &q->on);
		break;
	case RATION_CONTROL_SET:
		(void)ration_control_wire_u32(w, &q->attr_set);
		wire_attr(w, &q->attr);
		break;
	case RATION_CONTROL_PIN:
		(void)ration_control_wire_u32(w, &q->vcpu);
		wire_affinity(w, &q->affinity);
		break;
	case RATION_CONTROL_VCPU:
		(void)ration_control_wire_u32(w, &q->vcpu);
		(void)ration_control_wire_u32(w, &q->on);
		break;
	case RATION_CONTROL_CONSOLE_READ:
		(void)ration_control_wire_u64(w, &q->from);
		break;
	case RATION_CONTROL_CONSOLE_WRITE:
		wire_rest(w, q);
		break;
	default:
		break;
	}
	return true;
}

static int wire_of_machine(struct ration_control_wire *w, struct ration_control_request *q)
{
	switch (q->op) {
	case RATION_CONTROL_INFO:
	case RATION_CONTROL_TOPOLOGY:
		break;
	case RATION_CONTROL_CREATE:
	case RATION_CONTROL_POLICY:
		wire_rest(w, q);
		break;
	case RATION_CONTROL_CPU:
		(void)ration_control_wire_u32(w, &q->cpu);
		(void)ration_control_wire_u32(w, &q->on);
		break;
	case RATION_CONTROL_PARAMS:
		(void)ration_control_wire_u32(w, &q->attr_set);
		(void)ration_control_wire_u64(w, &q->params.tslice_ns);
		(void)ration_control_wire_u64(w, &q->params.ratelimit_ns);
		break;
	case RATION_CONTROL_LOG:
		(void)ration_control_wire_u32(w, &q->on);
		(void)ration_control_wire_u64(w, &q->from);
		break;
	case RATION_CONTROL_SHUTDOWN:
		(void)ration_control_wire_u32(w, &q->on);
		break;
	default:
		return RATION_CONTROL_E_OP;
	}
	return RATION_OK;
}

int ration_control_wire_request(struct ration_control_wire *w, struct ration_control_request *q)
{
	int status = RATION_OK;

	if (!wire_of_domain(w, q))
		status = wire_of_machine(w, q);
	if (status == RATION_OK && (w->is_short || (w->is_reading && w->at != w->size)))
		status = RATION_CONTROL_E_FORM;
	return status;
}

void ration_control_wire_answer(const struct ration_control_frame *frame,
                                struct ration_control_wire *w, int32_t *status)
{
	uint32_t bits = 0;

	/* Cast: it is only read. */
	w->bytes = (uint8_t *)(uintptr_t)frame->payload;
	w->size = frame->length;
	w->at = 0;
	w->is_reading = true;
	w->is_short = false;
	*status = ration_control_wire_u32(w, &bits) ? (int32_t)bits : RATION_CONTROL_E_FORM;
}

/* ---- Parts of bodies --------------------------------------------------- */

/* The end of a part: all of it, or back to where it began. */
static bool wire_whole(struct ration_control_wire *w, uint32_t begin)
{
	if (!w->is_short)
		return true;
	w->at = begin;
	return false;
}

bool ration_control_wire_info(struct ration_control_wire *w, struct ration_control_info *info)
{
	uint32_t begin = w->at;

	wire_text(w, info->writer, sizeof info->writer);
	wire_text(w, info->machine, sizeof info->machine);
	(void)ration_control_wire_u32(w, &info->cpu_count);
	(void)ration_control_wire_u32(w, &info->dom_limit);
	(void)ration_control_wire_u32(w, &info->vcpu_limit);
	(void)ration_control_wire_u32(w, &info->policy);
	(void)ration_control_wire_u32(w, &info->policy_count);
	(void)ration_control_wire_u32(w, &info->honoured);
	(void)ration_control_wire_u64(w, &info->online);
	(void)ration_control_wire_u64(w, &info->now_ns);
	(void)ration_control_wire_u64(w, &info->start_ns);
	(void)ration_control_wire_u64(w, &info->tslice_ns);
	(void)ration_control_wire_u64(w, &info->ratelimit_ns);
	(void)ration_control_wire_u64(w, &info->events);
	(void)ration_control_wire_u64(w, &info->lost);
	(void)ration_control_wire_u64(w, &info->log_at);
	(void)ration_control_wire_u32(w, &info->is_recording);
	for (uint32_t i = 0; i < RATION_CONTROL_POLICY_MAX; i++)
		wire_text(w, info->policy_name[i], sizeof info->policy_name[i]);
	return wire_whole(w, begin);
}

bool ration_control_wire_cpu(struct ration_control_wire *w, struct ration_control_cpu *cpu)
{
	uint32_t begin = w->at;

	wire_u16(w, &cpu->core);
	wire_u16(w, &cpu->llc);
	wire_u16(w, &cpu->package);
	wire_u16(w, &cpu->node);
	wire_u16(w, &cpu->capacity);
	wire_u16(w, &cpu->online);
	(void)ration_control_wire_u64(w, &cpu->busy_ns);
	(void)ration_control_wire_u64(w, &cpu->idle_ns);
	(void)ration_control_wire_u64(w, &cpu->overhead_ns);
	(void)ration_control_wire_u64(w, &cpu->offline_ns);
	(void)ration_control_wire_u64(w, &cpu->dispatches);
	(void)ration_control_wire_u64(w, &cpu->migrations);
	return wire_whole(w, begin);
}

bool ration_control_wire_domain(struct ration_control_wire *w,
                                struct ration_control_domain *domain)
{
	uint32_t begin = w->at;

	(void)ration_control_wire_u32(w, &domain->id);
	(void)ration_control_wire_u32(w, &domain->flags);
	wire_text(w, domain->name, sizeof domain->name);
	(void)ration_control_wire_u64(w, &domain->memory_bytes);
	(void)ration_control_wire_u32(w, &domain->vcpu_count);
	(void)ration_control_wire_u32(w, &domain->running_count);
	(void)ration_control_wire_u64(w, &domain->running_ns);
	(void)ration_control_wire_u64(w, &domain->waiting_ns);
	wire_attr(w, &domain->attr);
	return wire_whole(w, begin);
}

bool ration_control_wire_vcpu(struct ration_control_wire *w, struct ration_control_vcpu *vcpu)
{
	uint32_t begin = w->at;
	uint64_t lag = w->is_reading ? 0 : (uint64_t)vcpu->lag_ns;

	(void)ration_control_wire_u32(w, &vcpu->idx);
	wire_u8(w, &vcpu->state);
	wire_u8(w, &vcpu->cause);
	wire_u8(w, &vcpu->online);
	wire_u8(w, &vcpu->paused);
	(void)ration_control_wire_u32(w, &vcpu->cpu);
	wire_affinity(w, &vcpu->affinity);
	(void)ration_control_wire_u64(w, &vcpu->running_ns);
	(void)ration_control_wire_u64(w, &vcpu->waiting_ns);
	(void)ration_control_wire_u64(w, &lag);
	vcpu->lag_ns = (int64_t)lag;
	return wire_whole(w, begin);
}

bool ration_control_wire_ledger(struct ration_control_wire *w,
                                struct ration_control_ledger *books)
{
	uint32_t begin = w->at;

	(void)ration_control_wire_u64(w, &books->now_ns);
	(void)ration_control_wire_u64(w, &books->ledger.running_ns);
	for (uint32_t i = 0; i < RATION_WAIT_COUNT; i++)
		(void)ration_control_wire_u64(w, &books->ledger.wait_ns[i]);
	(void)ration_control_wire_u64(w, &books->ledger.blocked_ns);
	(void)ration_control_wire_u64(w, &books->ledger.down_ns);
	for (uint32_t i = 0; i < RATION_HELPER_COUNT; i++)
		(void)ration_control_wire_u64(w, &books->helper_ns[i]);
	(void)ration_control_wire_u64(w, &books->held_count);
	(void)ration_control_wire_u64(w, &books->held_ns);
	return wire_whole(w, begin);
}
