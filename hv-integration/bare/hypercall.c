/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of ration_guest.h.  All arguments are numbers in registers. */
#include "ration_guest.h"

#include "channel.h"
#include "domain.h"
#include "steal.h"
#include "text.h"

#define RBX 3u
#define RCX 1u
#define RDX 2u
#define RSI 6u
#define RDI 7u

static const struct ration_port_exit go_on = { RATION_EXIT_NONE, NULL };

/* RCX, RDX, RSI, RDI, R8 .. R15: where bytes lie, or go. */
static const uint8_t call_register[RATION_GUEST_CONSOLE_MAX / 8] = { 1, 2, 6, 7, 8, 9, 10, 11, 12,
	                                                                 13, 14, 15 };

static void call_bytes(struct vcpu *v, char byte[RATION_GUEST_CONSOLE_MAX], bool put)
{
	uint32_t i;

	for (i = 0; i < RATION_GUEST_CONSOLE_MAX / 8; i++)
		if (put)
			memcpy(&v->reg[call_register[i]], byte + 8 * i, 8);
		else
			memcpy(byte + 8 * i, &v->reg[call_register[i]], 8);
}

static int64_t call_console(struct vcpu *v)
{
	char byte[RATION_GUEST_CONSOLE_MAX];
	struct domain *d = v->dom;
	uint64_t count = v->reg[RBX], i;

	if (count > sizeof(byte))
		return RATION_GUEST_E_VALUE;
	call_bytes(v, byte, false);
	ration_lock_take(&d->lock);
	for (i = 0; i < count; i++)
		domain_output_put(d, byte[i]);
	ration_lock_release(&d->lock);
	return (int64_t)count;
}

static int64_t call_console_read(struct vcpu *v)
{
	char byte[RATION_GUEST_CONSOLE_MAX] = { 0 };
	struct domain *d = v->dom;
	uint64_t count = 0;

	ration_lock_take(&d->lock);
	while (count < sizeof(byte) && domain_input_is_there(d))
		byte[count++] = (char)domain_input_take(d);
	ration_lock_release(&d->lock);
	call_bytes(v, byte, true);
	return (int64_t)count;
}

/* Only dom0 has a line to the hypervisor. */
static int64_t call_control(struct vcpu *v, bool put)
{
	char byte[RATION_GUEST_CONSOLE_MAX] = { 0 };
	int64_t count;

	if (v->dom->id != 0)
		return RATION_GUEST_E_RIGHT;
	if (put) {
		if (v->reg[RBX] > sizeof(byte))
			return RATION_GUEST_E_VALUE;
		call_bytes(v, byte, false);
		return (int64_t)channel_put((const uint8_t *)byte, v->reg[RBX]);
	}
	count = (int64_t)channel_take((uint8_t *)byte, sizeof(byte));
	call_bytes(v, byte, true);
	return count;
}

static int64_t call_who(struct vcpu *v)
{
	v->reg[RBX] = v->dom->id;
	v->reg[RCX] = v->dom->config.vcpu_count;
	v->reg[RDX] = clock_now();
	return v->idx;
}

static int64_t call_ledger(struct cpu *cpu, struct vcpu *v)
{
	uint64_t idx = v->reg[RBX];
	struct ration_ledger ledger;
	ration_ns now;

	if (idx != RATION_GUEST_ALL && idx >= v->dom->config.vcpu_count)
		return RATION_GUEST_E_VALUE;
	now = ration_port_begin(&hv.port, cpu->id);
	if (idx == RATION_GUEST_ALL)
		ration_dom_ledger_get(hv.ration, v->dom->ration, now, &ledger);
	else
		ration_vcpu_ledger_get(hv.ration, v->dom->vcpu[idx]->ration, now, &ledger);
	ration_port_end(&hv.port, NULL);
	v->reg[RBX] = ledger.running_ns;
	v->reg[RCX] = steal_waiting(&ledger);
	v->reg[RDX] = ledger.blocked_ns;
	v->reg[RSI] = ledger.down_ns;
	v->reg[RDI] = now;
	return 0;
}

static int64_t call_kick(struct vcpu *v)
{
	if (v->reg[RCX] >= v->dom->config.vcpu_count)
		return RATION_GUEST_E_VALUE;
	vcpu_want(v->dom->vcpu[v->reg[RCX]], WANT_KICK);
	return 0;
}

static int64_t call_send_ipi(struct vcpu *v)
{
	uint64_t first = v->reg[RDX], bits, icr = v->reg[RSI];
	int64_t sent = 0;
	uint32_t i;

	if (first >= DOMAIN_VCPU_MAX)
		return 0;
	for (i = 0; i < DOMAIN_VCPU_MAX; i++) {
		bits = i < 64 ? v->reg[RBX] >> i : v->reg[RCX] >> (i - 64);
		if ((bits & 1) != 0 &&
		    vapic_send(v->dom, (uint32_t)first + i, icr >> 8 & 7, (uint32_t)icr & 0xFF))
			sent++;
	}
	return sent;
}

static struct ration_port_exit call_yield_to(struct vcpu *v)
{
	uint64_t idx = v->reg[RBX];

	v->vmcb->rax = 0;
	if (idx >= v->dom->config.vcpu_count || idx == v->idx)
		return go_on;
	return (struct ration_port_exit){ RATION_EXIT_YIELD_TO, v->dom->vcpu[idx]->ration };
}

/* Calls that a process may make too. */
static int64_t call_any(struct cpu *cpu, struct vcpu *v, uint64_t number)
{
	switch (number) {
	case RATION_GUEST_NONE:
		return 0;
	case RATION_GUEST_CONSOLE:
		return call_console(v);
	case RATION_GUEST_CONSOLE_READ:
		return call_console_read(v);
	case RATION_GUEST_WHO:
		return call_who(v);
	case RATION_GUEST_LEDGER:
		return call_ledger(cpu, v);
	case RATION_GUEST_CONTROL_PUT:
	case RATION_GUEST_CONTROL_TAKE:
		return call_control(v, number == RATION_GUEST_CONTROL_PUT);
	default:
		return RATION_GUEST_E_NUMBER;
	}
}

struct ration_port_exit hypercall_exit(struct cpu *cpu, struct vcpu *v)
{
	uint64_t number = v->vmcb->rax;
	int64_t answer;

	svm_skip(v, 3);
	if (number == RATION_GUEST_YIELD) {
		v->vmcb->rax = 0;
		return (struct ration_port_exit){ RATION_EXIT_YIELD, NULL };
	}
	if (number < RATION_GUEST_NONE && v->vmcb->cpl != 0)
		answer = RATION_GUEST_E_RIGHT;
	else if (number == RATION_GUEST_YIELD_TO)
		return call_yield_to(v);
	else if (number == RATION_GUEST_KICK)
		answer = call_kick(v);
	else if (number == RATION_GUEST_SEND_IPI)
		answer = call_send_ipi(v);
	else
		answer = call_any(cpu, v, number);
	v->vmcb->rax = (uint64_t)answer;
	return go_on;
}
