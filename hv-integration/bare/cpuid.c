/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUID: what a guest is told of its processor: what the machine's has, of that what is
 * named here, and what the hypervisor adds.
 */
#include "ration_guest.h"
#include "vcpu.h"

/* FPU VME DE PSE TSC MSR PAE CX8 APIC SEP PGE CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2 */
#define LEAF1_EDX  0x078BAB7Fu
/* SSE3 PCLMUL SSSE3 CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES RDRAND */
#define LEAF1_ECX  0x42D82203u
/* x2APIC, TSC deadline, hypervisor */
#define ADDED1_ECX (1u << 21 | 1u << 24 | 1u << 31)
/* FSGSBASE BMI1 SMEP BMI2 ADX CLFLUSHOPT.  Not ERMS: by bytes is slow on the emulator. */
#define LEAF7_EBX  0x00880189u
/* LAHF, CMP_LEGACY, CR8, ABM, SSE4A, MISALIGNSSE, 3DNOWPREFETCH */
#define EXT1_ECX   0x000001F3u
/* as LEAF1, SYSCALL NX MMXEXT FFXSR 1GIB LM */
#define EXT1_EDX   0x27D3AB7Fu
#define INVARIANT  (1u << 8)
#define ARAT       (1u << 2)

/* KVM's features. */
#define KVM_STEAL_TIME  (1u << 5)
#define KVM_PV_UNHALT   (1u << 7)
#define KVM_SEND_IPI    (1u << 11)
#define KVM_SCHED_YIELD (1u << 13)

static void cpuid_set(struct cpuid *r, uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	r->eax = eax;
	r->ebx = ebx;
	r->ecx = ecx;
	r->edx = edx;
}

/* Bits of an APIC id that tell vCPUs apart. */
static uint32_t cpuid_id_bits(uint32_t count)
{
	uint32_t bits = 0;

	while (1u << bits < count)
		bits++;
	return bits;
}

static void cpuid_features(const struct vcpu *v, struct cpuid *r)
{
	uint32_t count = v->dom->config.vcpu_count;

	r->ebx = v->idx << 24 | count << 16 | (r->ebx & 0xFF00);
	r->ecx = (r->ecx & LEAF1_ECX) | ADDED1_ECX;
	r->edx = (r->edx & LEAF1_EDX) | (count > 1 ? 1u << 28 : 0);
}

/* One thread a core, all in one package. */
static void cpuid_topology(const struct vcpu *v, uint32_t level, struct cpuid *r)
{
	uint32_t count = v->dom->config.vcpu_count;

	if (level == 0)
		cpuid_set(r, 0, 1, 0x100, v->idx);
	else if (level == 1)
		cpuid_set(r, cpuid_id_bits(count), count, 0x201, v->idx);
	else
		cpuid_set(r, 0, 0, level, v->idx);
}

static void cpuid_basic(const struct vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid *r)
{
	if (leaf == 0)
		r->eax = 0xD;
	else if (leaf == 1)
		cpuid_features(v, r);
	else if (leaf == 6)
		cpuid_set(r, ARAT, 0, 0, 0);
	else if (leaf == 7 && sub == 0)
		cpuid_set(r, 0, r->ebx & LEAF7_EBX, 0, 0);
	else if (leaf == 0xB)
		cpuid_topology(v, sub, r);
	else if (leaf != 2)
		cpuid_set(r, 0, 0, 0, 0);
}

static void cpuid_extended(const struct vcpu *v, uint32_t leaf, struct cpuid *r)
{
	if (leaf == 0x80000000u)
		r->eax = 0x80000008u;
	else if (leaf == 0x80000001u)
		cpuid_set(r, r->eax, 0, r->ecx & EXT1_ECX, r->edx & EXT1_EDX);
	else if (leaf == 0x80000007u)
		cpuid_set(r, 0, 0, 0, INVARIANT);
	else if (leaf == 0x80000008u)
		cpuid_set(r, r->eax, 0, v->dom->config.vcpu_count - 1, 0);
	else if (leaf < 0x80000002u || leaf > 0x80000006u)
		cpuid_set(r, 0, 0, 0, 0);
}

static void cpuid_hypervisor(const struct vcpu *v, uint32_t leaf, struct cpuid *r)
{
	cpuid_set(r, 0, 0, 0, 0);
	if (leaf == 0x40000000u)               /* "KVMKVMKVM" */
		cpuid_set(r, 0x40000010u, 0x4B4D564Bu, 0x564B4D56u, 0x4Du);
	else if (leaf == 0x40000001u)
		r->eax = KVM_STEAL_TIME | KVM_PV_UNHALT | KVM_SEND_IPI | KVM_SCHED_YIELD;
	else if (leaf == 0x40000010u)
		cpuid_set(r, clock_khz(), 1000000, 0, 0);
	else if (leaf == RATION_GUEST_LEAF)    /* "RATION-HV   " */
		cpuid_set(r, RATION_GUEST_LEAF + 1, 0x49544152u, 0x482D4E4Fu, 0x20202056u);
	else if (leaf == RATION_GUEST_LEAF + 1)
		cpuid_set(r, RATION_GUEST_ABI, v->dom->id, v->idx, 0);
}

void cpuid_exit(struct vcpu *v)
{
	uint32_t leaf = (uint32_t)v->vmcb->rax, sub = (uint32_t)v->reg[1];
	struct cpuid r = cpuid_read(leaf, sub);

	if (leaf < 0x40000000u)
		cpuid_basic(v, leaf, sub, &r);
	else if (leaf < 0x80000000u)
		cpuid_hypervisor(v, leaf, &r);
	else
		cpuid_extended(v, leaf, &r);
	v->vmcb->rax = r.eax;
	v->reg[3] = r.ebx;
	v->reg[1] = r.ecx;
	v->reg[2] = r.edx;
	svm_skip(v, 2);
}
