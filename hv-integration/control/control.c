/* SPDX-License-Identifier: BSD-2-Clause */
/* control.c - channels, and which request goes where. */
#include "control.h"

void ration_control_init(struct ration_control *control, struct ration_port *port,
                         const struct ration_config *config, ration_ns start_ns,
                         const struct ration_control_host *host, const char *writer,
                         const char *machine)
{
	__builtin_memset(control, 0, sizeof *control);
	control->port = port;
	control->config = config;
	control->host = *host;
	control->start_ns = start_ns;
	control->writer = writer;
	control->machine = machine;
}

void ration_control_open(struct ration_control_channel *channel, struct ration_control *control,
                         bool is_privileged, uint32_t dom)
{
	channel->control = control;
	channel->is_privileged = is_privileged;
	channel->dom = dom;
	channel->answer_length = channel->answer_at = 0;
	channel->reader.kind = RATION_CONTROL_REQUEST;
	channel->reader.length = 0;
	channel->reader.is_complete = false;
	channel->reader.skipped = 0;
}

/* ---- Words ------------------------------------------------------------- */

int ration_control__no_domain(struct control_call *x)
{
	return ration_control__no_such(x, "domain", x->q->dom);
}

int ration_control__no_such(struct control_call *x, const char *what, uint64_t number)
{
	ration_reason_text(&x->why, "no ");
	ration_reason_text(&x->why, what);
	ration_reason_text(&x->why, " ");
	ration_reason_number(&x->why, number);
	return RATION_CONTROL_E_NONE;
}

void ration_control__name(void *context, uint32_t dom, struct ration_reason *to)
{
	struct ration_control *control = context;
	struct ration_control_domain domain;

	__builtin_memset(&domain, 0, sizeof domain);
	if (control->host.describe(control->host.context, dom, &domain) == RATION_OK) {
		ration_reason_text(to, domain.name);
		return;
	}
	ration_reason_text(to, "domain ");
	ration_reason_number(to, dom);
}

static const char *control_status_text(int status)
{
	switch (status) {
	case RATION_CONTROL_E_VERSION:
		return "another version of the protocol, expected 1";
	case RATION_CONTROL_E_OP:
		return "a request that is not known here";
	case RATION_CONTROL_E_FORM:
		return "a request of another length than its kind has";
	case RATION_CONTROL_E_RIGHT:
		return "not permitted: an unprivileged domain may ask about itself only";
	case RATION_CONTROL_E_NONE:
		return "no such thing";
	case RATION_CONTROL_E_HOST:
		return "the host cannot do that";
	default:
		return ration_status_text(status);
	}
}

/* ---- What the host does ------------------------------------------------ */

static int control_create(struct control_call *x)
{
	const struct ration_control_host *host = &x->control->host;
	uint32_t id = 0;
	int status = host->create(host->context, (const char *)x->q->bytes, x->q->length, &id,
	                          &x->why);

	if (status == RATION_OK)
		(void)ration_control_wire_u32(x->w, &id);
	return status;
}

static int control_console_read(struct control_call *x)
{
	const struct ration_control_host *host = &x->control->host;
	struct ration_control_wire *w = x->w;
	uint64_t from = x->q->from;
	uint32_t at = w->at, size;
	int status;

	if (!ration_control_wire_u64(w, &from))
		return RATION_CONTROL_E_FORM;
	size = w->size - w->at;
	status = host->console_read(host->context, x->q->dom, &from, w->bytes + w->at, &size,
	                            &x->why);
	if (status != RATION_OK)
		return status;
	RATION_ASSERT(size <= w->size - w->at);
	w->at = at;
	(void)ration_control_wire_u64(w, &from);
	w->at += size;
	return RATION_OK;
}

static int control_console_write(struct control_call *x)
{
	const struct ration_control_host *host = &x->control->host;
	uint32_t size = x->q->length;
	int status = host->console_write(host->context, x->q->dom, x->q->bytes, &size, &x->why);

	if (status == RATION_OK)
		(void)ration_control_wire_u32(x->w, &size);
	return status;
}

static int control_of_host(struct control_call *x)
{
	const struct ration_control_host *host = &x->control->host;

	switch (x->q->op) {
	case RATION_CONTROL_CREATE:
		return control_create(x);
	case RATION_CONTROL_DESTROY:
		return host->destroy(host->context, x->q->dom, &x->why);
	case RATION_CONTROL_PAUSE:
		return host->pause(host->context, x->q->dom, x->q->on != 0, &x->why);
	case RATION_CONTROL_CONSOLE_READ:
		return control_console_read(x);
	case RATION_CONTROL_CONSOLE_WRITE:
		return control_console_write(x);
	case RATION_CONTROL_SHUTDOWN:
		return host->shutdown(host->context, x->q->on != 0, &x->why);
	default:
		return RATION_CONTROL_E_OP;
	}
}

/* ---- Requests ---------------------------------------------------------- */

/* A domain may look at itself. */
static bool control_may(const struct control_call *x)
{
	if (x->is_privileged || x->q->op == RATION_CONTROL_LIST)
		return true;
	return (x->q->op == RATION_CONTROL_VCPUS || x->q->op == RATION_CONTROL_LEDGER) &&
	       x->q->dom == x->caller_dom;
}

static int control_call(struct control_call *x)
{
	if (!control_may(x))
		return RATION_CONTROL_E_RIGHT;
	switch (x->q->op) {
	case RATION_CONTROL_INFO:
		return ration_control__info(x);
	case RATION_CONTROL_TOPOLOGY:
		return ration_control__topology(x);
	case RATION_CONTROL_LIST:
		return ration_control__list(x);
	case RATION_CONTROL_VCPUS:
		return ration_control__vcpus(x);
	case RATION_CONTROL_LEDGER:
		return ration_control__ledger(x);
	case RATION_CONTROL_SET:
		return ration_control__set(x);
	case RATION_CONTROL_PIN:
		return ration_control__pin(x);
	case RATION_CONTROL_VCPU:
		return ration_control__vcpu(x);
	case RATION_CONTROL_CPU:
		return ration_control__cpu(x);
	case RATION_CONTROL_POLICY:
		return ration_control__policy(x);
	case RATION_CONTROL_PARAMS:
		return ration_control__params(x);
	case RATION_CONTROL_LOG:
		return ration_control__log(x);
	default:
		return control_of_host(x);
	}
}

/* Status and, of a refusal, its sentence. */
static void control_conclude(struct control_call *x, int status, uint32_t begin)
{
	uint32_t end = x->w->at, bits = (uint32_t)status;

	x->w->at = begin;
	(void)ration_control_wire_u32(x->w, &bits);
	if (status == RATION_OK) {
		x->w->at = end;
		return;
	}
	if (x->why.length == 0)
		ration_reason_text(&x->why, control_status_text(status));
	(void)ration_control_wire_bytes(x->w, x->why.text, x->why.length);
}

void ration_control_do(struct ration_control *control, bool is_privileged, uint32_t caller_dom,
                       const struct ration_control_request *q, struct ration_control_wire *w)
{
	struct control_call x = { .control = control, .q = q, .w = w,
		.is_privileged = is_privileged, .caller_dom = caller_dom };
	uint32_t begin = w->at, status = 0;

	RATION_ASSERT(!w->is_reading && w->size - w->at >= RATION_CONTROL_ANSWER_MAX);
	(void)ration_control_wire_u32(w, &status);
	control_conclude(&x, control_call(&x), begin);
}

/* ---- Channels ---------------------------------------------------------- */

/* The payload of the answer to a frame; its length. */
static uint32_t control_answer(struct ration_control_channel *ch,
                               const struct ration_control_frame *frame)
{
	struct ration_control_wire out = { .bytes = ch->answer + RATION_CONTROL_HEAD,
		.size = RATION_CONTROL_ANSWER_MAX };
	/* Cast: it is only read. */
	struct ration_control_wire in = { .bytes = (uint8_t *)(uintptr_t)frame->payload,
		.size = frame->length, .is_reading = true };
	struct ration_control_request q = { .op = frame->op };
	struct control_call refused = { .control = ch->control, .q = &q, .w = &out };
	int status = RATION_CONTROL_E_VERSION;

	if (frame->version == RATION_CONTROL_VERSION)
		status = ration_control_wire_request(&in, &q);
	if (status == RATION_OK)
		ration_control_do(ch->control, ch->is_privileged, ch->dom, &q, &out);
	else
		control_conclude(&refused, status, 0);
	return out.at;
}

size_t ration_control_put(struct ration_control_channel *ch, const uint8_t *bytes, size_t size)
{
	size_t taken = 0;

	while (taken < size && ch->answer_at == ch->answer_length) {
		struct ration_control_frame frame;
		bool is_complete;

		taken += ration_control_feed(&ch->reader, bytes + taken, size - taken, &frame,
		                             &is_complete);
		if (!is_complete)
			break;
		frame.length = control_answer(ch, &frame);
		frame.version = RATION_CONTROL_VERSION;
		frame.kind = RATION_CONTROL_ANSWER;
		ch->answer_length = (uint32_t)ration_control_seal(&frame, ch->answer);
		ch->answer_at = 0;
	}
	return taken;
}

size_t ration_control_take(struct ration_control_channel *ch, uint8_t *bytes, size_t size)
{
	size_t left = ch->answer_length - ch->answer_at;

	if (size > left)
		size = left;
	__builtin_memcpy(bytes, ch->answer + ch->answer_at, size);
	ch->answer_at += (uint32_t)size;
	return size;
}
