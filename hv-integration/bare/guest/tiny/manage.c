/* SPDX-License-Identifier: BSD-2-Clause */
/* As dom0: the control protocol by calls, with the parser that hypervisor and client have:
 * lists the domains, gives the last one weight 512, and lists them again. */
#include "ration_control.h"
#include "tiny.h"

/* What the parser needs, besides what every tiny guest has. */
void *memmove(void *to, const void *from, size_t size);

void *memmove(void *to, const void *from, size_t size)
{
	const uint8_t *source = from;
	uint8_t *target = to;

	for (size_t i = 0; i < size; i++) {
		size_t at = target <= source ? i : size - 1 - i;

		target[at] = source[at];
	}
	return to;
}

void ration_panic(const char *file, int line, const char *text)
{
	tiny_say("%s:%u: %s", file, (uint64_t)(unsigned)line, text);
	tiny_off();
}

static struct ration_control_reader reader = { .kind = RATION_CONTROL_ANSWER };

/* False: not permitted. */
static bool put(const uint8_t *bytes, size_t size)
{
	while (size != 0) {
		struct guest_regs regs = { .rax = RATION_GUEST_CONTROL_PUT };
		size_t count = size < RATION_GUEST_CONSOLE_MAX ? size : RATION_GUEST_CONSOLE_MAX;

		regs.rbx = count;
		__builtin_memcpy(&regs.rcx, bytes, count);
		guest_call(&regs);
		if ((int64_t)regs.rax < 0) {
			tiny_say("refused");
			return false;
		}
		bytes += regs.rax;
		size -= regs.rax;
	}
	return true;
}

static bool take(struct ration_control_frame *frame)
{
	bool is_complete = false;

	while (!is_complete) {
		struct guest_regs regs = { .rax = RATION_GUEST_CONTROL_TAKE };

		guest_call(&regs);
		if ((int64_t)regs.rax <= 0) {
			tiny_say("the answer is cut off");
			return false;
		}
		(void)ration_control_feed(&reader, (const uint8_t *)&regs.rcx, regs.rax, frame,
		                          &is_complete);
	}
	return true;
}

static bool ask(struct ration_control_request *q, struct ration_control_wire *body)
{
	static uint8_t bytes[RATION_CONTROL_HEAD + RATION_CONTROL_REQUEST_MAX];
	struct ration_control_wire w = { .bytes = bytes + RATION_CONTROL_HEAD,
		                             .size = RATION_CONTROL_REQUEST_MAX };
	struct ration_control_frame frame = { RATION_CONTROL_VERSION, RATION_CONTROL_REQUEST, q->op, 7,
		                                  0, NULL };
	int32_t status;

	(void)ration_control_wire_request(&w, q);
	frame.length = w.at;
	if (!put(bytes, ration_control_seal(&frame, bytes)) || !take(&frame))
		return false;
	ration_control_wire_answer(&frame, body, &status);
	if (status != 0)
		tiny_say("op %u: status %u", (uint64_t)q->op, (uint64_t)(uint32_t)-status);
	return status == 0;
}

/* The id of the last one; false: no list. */
static bool list(uint32_t *last)
{
	struct ration_control_request q = { .op = RATION_CONTROL_LIST };
	struct ration_control_domain domain;
	struct ration_control_wire body;

	if (!ask(&q, &body))
		return false;
	while (ration_control_wire_domain(&body, &domain)) {
		tiny_say("domain %u is %s, weight %u, vCPUs %u", (uint64_t)domain.id, domain.name,
		         (uint64_t)domain.attr.weight, (uint64_t)domain.vcpu_count);
		*last = domain.id;
	}
	return true;
}

void tiny_main(void)
{
	struct ration_control_request set = { .op = RATION_CONTROL_SET,
		                                  .attr_set = RATION_ATTR_WEIGHT };
	struct ration_control_wire body;

	set.attr.weight = 512;
	if (list(&set.dom) && ask(&set, &body) && list(&set.dom))
		tiny_say("done");
}
