/* SPDX-License-Identifier: BSD-2-Clause */
/* Model-specific registers: the few that a guest has.  All others raise #GP. */
#include "vcpu.h"

#define MSR_TSC           0x10u
#define MSR_TSC_ADJUST    0x3Bu
#define MSR_MICROCODE     0x8Bu
#define MSR_MTRR_CAP      0xFEu
#define MSR_MISC_ENABLE   0x1A0u
#define MSR_PAT           0x277u
#define MSR_TSC_DEADLINE  0x6E0u
#define MSR_X2APIC        0x800u
#define MSR_X2APIC_END    0x840u
#define MSR_TSC_AUX       0xC0000103u
#define MSR_SYSCFG        0xC0010010u
#define MSR_HWCR          0xC0010015u
#define MSR_INT_PENDING   0xC0010055u
#define MSR_KVM_STEAL     0x4B564D03u
#define HWCR_TSC_FREQ     (1ull << 24)  /* the TSC does not follow the core's clock */

#define EFER_GUEST (EFER_SCE | EFER_LME | EFER_NXE | EFER_FFXSR)

/* The boot vCPU's bit, enabled, x2APIC. */
static uint64_t msr_apic_base(const struct vcpu *v)
{
	return 0xFEE00000u | 0xC00u | (vcpu_is_boot(v) ? 0x100u : 0);
}

static uint64_t msr_tsc(const struct vcpu *v)
{
	return tsc_read() + v->vmcb->tsc_offset;
}

bool msr_get(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	*value = 0;
	if (msr >= MSR_X2APIC && msr < MSR_X2APIC_END)
		return vapic_get(v, msr, value);
	switch (msr) {
	case MSR_TSC:
		*value = msr_tsc(v);
		return true;
	case MSR_APIC_BASE:
		*value = msr_apic_base(v);
		return true;
	case MSR_PAT:
		*value = v->vmcb->pat;
		return true;
	case MSR_TSC_DEADLINE:
		*value = v->apic.deadline_tsc;
		return true;
	case MSR_EFER:
		*value = v->vmcb->efer & ~EFER_SVME;
		return true;
	case MSR_HWCR:
		*value = HWCR_TSC_FREQ;
		return true;
	case MSR_KVM_STEAL:
		*value = v->steal_gpa;
		return true;
	case MSR_MICROCODE:
	case MSR_MTRR_CAP:
	case MSR_MISC_ENABLE:
	case MSR_SYSCFG:
	case MSR_INT_PENDING:
		return true;
	default:
		return false;
	}
}

/* Long mode is turned on and off by CR0, which the processor looks after. */
static bool msr_efer_set(struct vcpu *v, uint64_t value)
{
	struct vmcb *b = v->vmcb;

	if ((value & ~(EFER_GUEST | EFER_LMA)) != 0)
		return false;
	if ((b->cr0 & CR0_PG) != 0 && ((value ^ b->efer) & EFER_LME) != 0)
		return false;
	b->efer = (value & EFER_GUEST) | (b->efer & EFER_LMA) | EFER_SVME;
	return true;
}

/* Eight types of memory, each one that there is. */
static bool msr_pat_set(struct vcpu *v, uint64_t value)
{
	uint32_t i, type;

	for (i = 0; i < 8; i++) {
		type = (uint32_t)(value >> i * 8) & 0xFF;
		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	v->vmcb->pat = value;
	return true;
}

bool msr_set(struct vcpu *v, uint32_t msr, uint64_t value)
{
	if (msr >= MSR_X2APIC && msr < MSR_X2APIC_END)
		return vapic_set(v, msr, value);
	switch (msr) {
	case MSR_TSC_DEADLINE:
		vapic_deadline_set(v, value);
		return true;
	case MSR_EFER:
		return msr_efer_set(v, value);
	case MSR_PAT:
		return msr_pat_set(v, value);
	case MSR_APIC_BASE:
		return value == msr_apic_base(v);
	case MSR_KVM_STEAL:
		return steal_set(v, value);
	case MSR_TSC:                      /* the clock of all its vCPUs is not one's to change */
	case MSR_MICROCODE:
	case MSR_MISC_ENABLE:
	case MSR_HWCR:
	case MSR_INT_PENDING:
		return true;
	default:
		return false;
	}
}
