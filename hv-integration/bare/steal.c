/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steal time: how long a vCPU was runnable and did not run, from the ledger, in the form
 * in which KVM's guests ask for it: 64 bytes of their memory, which are written anew
 * each time that the vCPU gets a CPU.  (KVM's "MSR_KVM_STEAL_TIME", as its interface
 * is documented.)
 *
 * `preempted` tells the others of the domain that the vCPU waits: then their paravirtual
 * yields name it.
 */
#include "steal.h"

#include "vcpu.h"

#define STEAL_ON 1u

struct steal_area {
	uint64_t steal_ns;
	uint32_t version, flags;           /* odd: being written */
	uint8_t preempted, reserved[47];
};

_Static_assert(sizeof(struct steal_area) == 64, "as KVM has it");

static struct steal_area *steal_area(const struct vcpu *v)
{
	if ((v->steal_gpa & STEAL_ON) == 0)
		return NULL;
	return npt_bytes(v->dom, v->steal_gpa & ~63ull, sizeof(struct steal_area));
}

/* Only what is wholly in its memory; bits 1 to 5 are reserved. */
bool steal_set(struct vcpu *v, uint64_t value)
{
	if ((value & 0x3E) != 0)
		return false;
	v->steal_gpa = value;
	if ((value & STEAL_ON) != 0 && steal_area(v) == NULL) {
		v->steal_gpa = 0;
		return false;
	}
	if ((value & STEAL_ON) != 0)
		steal_load(cpu_self(), v);
	return true;
}

ration_ns steal_waiting(const struct ration_ledger *ledger)
{
	ration_ns sum = 0;
	uint32_t i;

	for (i = 0; i < RATION_WAIT_COUNT; i++)
		sum += ledger->wait_ns[i];
	return sum;
}

void steal_load(struct cpu *cpu, struct vcpu *v)
{
	struct steal_area *a = steal_area(v);
	struct ration_ledger ledger;
	ration_ns now;

	if (a == NULL)
		return;
	now = ration_port_begin(&hv.port, cpu->id);
	ration_vcpu_ledger_get(hv.ration, v->ration, now, &ledger);
	ration_port_end(&hv.port, NULL);
	FLAG_SET(a->version, a->version + 1);
	a->steal_ns = steal_waiting(&ledger);
	a->preempted = 0;
	FLAG_SET(a->version, a->version + 1);
}

void steal_save(struct vcpu *v)
{
	struct steal_area *a = steal_area(v);

	if (a != NULL && !FLAG_GET(v->sleeping))
		FLAG_SET(a->preempted, 1);
}
