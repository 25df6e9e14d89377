/* SPDX-License-Identifier: BSD-2-Clause */
#include "svm.h"

#include "memory.h"
#include "text.h"
#include "vcpu.h"

#define SVM_LEAF         0x8000000Au
#define SVM_NESTED       (1u << 0)
#define SVM_NEXT_RIP     (1u << 3)
#define VM_CR_DISABLED   (1ull << 4)
#define TLB_FLUSH_ALL    1u

void svm_enter(uint64_t vmcb, uint64_t reg[16]);

static struct {
	uint32_t asid_count;
	bool has_next_rip;
	uint8_t *iopm, *msrpm;             /* the same for all guests: all intercepted but a few */
} svm;

/* ---- The processor ----------------------------------------------------- */

/* Registers that VMLOAD and VMSAVE, or the VMCB, keep for each guest: no need to look. */
static const uint32_t svm_msr_open[] = {
	0x174, 0x175, 0x176,                                   /* SYSENTER */
	0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084,        /* STAR .. SFMASK */
	0xC0000100, 0xC0000101, 0xC0000102                     /* FS, GS, kernel GS base */
};

/* Two bits an MSR: 0..1FFF, then from C0000000, then from C0010000. */
static void svm_msr_allow(uint32_t msr)
{
	uint32_t index = msr < 0x2000 ? msr : 0x2000 + (msr & 0x1FFF);

	svm.msrpm[index / 4] &= (uint8_t)~(3u << index % 4 * 2);
}

const char *svm_check(void)
{
	uint32_t i;

	if (cpuid_read(0x80000000, 0).eax < SVM_LEAF || (cpuid_read(0x80000001, 0).ecx & 4) == 0)
		return "this processor has no AMD-V";
	if ((msr_read(MSR_VM_CR) & VM_CR_DISABLED) != 0)
		return "the firmware has turned AMD-V off";
	if ((cpuid_read(SVM_LEAF, 0).edx & SVM_NESTED) == 0)
		return "this processor has no nested paging";
	svm.has_next_rip = (cpuid_read(SVM_LEAF, 0).edx & SVM_NEXT_RIP) != 0;
	svm.asid_count = cpuid_read(SVM_LEAF, 0).ebx;
	svm.iopm = memory_forever(LARGE_SIZE);
	if (svm.iopm == NULL || svm.asid_count < 3)
		return "there is no memory, or too few address space numbers";
	svm.msrpm = svm.iopm + 4 * PAGE_SIZE;
	memset(svm.iopm, 0xFF, 6 * PAGE_SIZE);
	for (i = 0; i < sizeof(svm_msr_open) / sizeof(svm_msr_open[0]); i++)
		svm_msr_allow(svm_msr_open[i]);
	return NULL;
}

void svm_begin(struct cpu *cpu)
{
	cpu->host_save = memory_page_take();
	cpu->host_state = memory_page_take();
	RATION_ASSERT(cpu->host_save != NULL && cpu->host_state != NULL);
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SVME | EFER_SCE);
	msr_write(MSR_VM_HSAVE_PA, (uintptr_t)cpu->host_save);
	__asm__ volatile("vmsave %%rax" :: "a"(cpu->host_state) : "memory");
	cpu->asid_round = 1;
	cpu->asid_next = 1;
}

/* ---- The state of a vCPU ----------------------------------------------- */

static void svm_segment(struct vmcb_segment *s, uint16_t selector, uint16_t attributes,
                        uint32_t limit, uint64_t base)
{
	s->selector = selector;
	s->attributes = attributes;
	s->limit = limit;
	s->base = base;
}

/* #DB and #AC too: a guest can have them without end while one is delivered, and
 * the processor would not leave it. */
static void svm_control(struct vmcb *b, struct vcpu *v)
{
	b->exceptions = 1u << EXCEPTION_DB | 1u << EXCEPTION_AC;
	b->intercept3 = INTERCEPT_INTR | INTERCEPT_NMI | INTERCEPT_SMI | INTERCEPT_INIT |
	                INTERCEPT_RDPMC | INTERCEPT_CPUID | INTERCEPT_INVD | INTERCEPT_PAUSE |
	                INTERCEPT_HLT | INTERCEPT_INVLPGA | INTERCEPT_IO | INTERCEPT_MSR |
	                INTERCEPT_TASK | INTERCEPT_DOWN;
	b->intercept4 = INTERCEPT4_SVM | INTERCEPT4_WBINVD | INTERCEPT4_WAIT | INTERCEPT4_XSETBV;
	b->iopm = (uintptr_t)svm.iopm;
	b->msrpm = (uintptr_t)svm.msrpm;
	b->tsc_offset = 0 - v->dom->tsc_begin;
	b->asid = 1;
	b->virtual_interrupt = VIRTUAL_MASKING;
	b->nested = 1;
	b->nested_cr3 = (uintptr_t)v->dom->npt;
	b->pat = 0x0007040600070406ull;
}

/* As after RESET: real mode.  What differs where it comes from RESET and INIT (caches,
 * FPU) no guest can tell here. */
void svm_reset(struct vcpu *v)
{
	struct vmcb *b = v->vmcb;

	memset(b, 0, sizeof(*b));
	memset(v->reg, 0, sizeof(v->reg));
	memset(v->dr, 0, sizeof(v->dr));
	memset(v->fpu, 0, sizeof(v->fpu));
	v->fpu[0] = 0x7F;                      /* FCW 037F, MXCSR 1F80: all masked */
	v->fpu[1] = 0x03;
	v->fpu[24] = 0x80;
	v->fpu[25] = 0x1F;
	svm_control(b, v);
	svm_segment(&b->cs, 0xF000, SEGMENT_CODE16, 0xFFFF, 0xFFFF0000);
	svm_segment(&b->ds, 0, SEGMENT_DATA16, 0xFFFF, 0);
	b->es = b->ss = b->fs = b->gs = b->ds;
	svm_segment(&b->gdtr, 0, 0, 0xFFFF, 0);
	svm_segment(&b->idtr, 0, 0, 0xFFFF, 0);
	svm_segment(&b->ldtr, 0, SEGMENT_LDT, 0xFFFF, 0);
	svm_segment(&b->tr, 0, SEGMENT_TASK, 0xFFFF, 0);
	b->efer = EFER_SVME;
	b->cr0 = 0x10;
	b->dr6 = 0xFFFF0FF0;
	b->dr7 = 0x400;
	b->rflags = 2;
	b->rip = 0xFFF0;
	v->reg[2] = 0x600;
	v->in_nmi = false;
	v->halted = false;
	v->shadow_tries = 0;
	v->look_ns = RATION_NEVER;
	v->steal_gpa = 0;
	vapic_reset(v);
}

/* ---- Loading and saving ------------------------------------------------ */

/* Debug registers 0 to 3 are in no VMCB.  DR7 of the host lets them do nothing. */
static void svm_debug_swap(uint64_t dr[4], bool load)
{
	if (load)
		__asm__ volatile("movq %0, %%db0; movq %1, %%db1; movq %2, %%db2; movq %3, %%db3"
		                 :: "r"(dr[0]), "r"(dr[1]), "r"(dr[2]), "r"(dr[3]));
	else
		__asm__ volatile("movq %%db0, %0; movq %%db1, %1; movq %%db2, %2; movq %%db3, %3"
		                 : "=r"(dr[0]), "=r"(dr[1]), "=r"(dr[2]), "=r"(dr[3]));
}

/* A number under which this CPU's TLB holds nothing of anybody else. */
static void svm_asid(struct cpu *cpu, struct vcpu *v)
{
	v->vmcb->tlb = 0;
	if (v->last_cpu == cpu->id && v->asid_round == cpu->asid_round)
		return;
	if (cpu->asid_next >= svm.asid_count) {
		cpu->asid_next = 1;
		cpu->asid_round++;
		v->vmcb->tlb = TLB_FLUSH_ALL;
	}
	v->vmcb->asid = cpu->asid_next++;
	v->asid_round = cpu->asid_round;
	v->last_cpu = cpu->id;
}

void svm_load(struct cpu *cpu, struct vcpu *v)
{
	RATION_ASSERT(cpu->loaded == NULL);
	timer_remove(v);
	svm_asid(cpu, v);
	v->vmcb->intercept3 |= INTERCEPT_PAUSE;
	__asm__ volatile("vmload %%rax" :: "a"(v->vmcb) : "memory");
	__asm__ volatile("fxrstor64 %0" :: "m"(v->fpu));
	svm_debug_swap(v->dr, true);
	cpu->loaded = v;
	steal_load(cpu, v);
	cpu->load_ns = clock_now();
}

void svm_save(struct cpu *cpu, struct vcpu *v)
{
	RATION_ASSERT(cpu->loaded == v);
	steal_save(v);
	__asm__ volatile("vmsave %%rax" :: "a"(v->vmcb) : "memory");
	__asm__ volatile("vmload %%rax" :: "a"(cpu->host_state) : "memory");
	__asm__ volatile("fxsave64 %0" : "=m"(v->fpu));
	svm_debug_swap(v->dr, false);
	cpu->loaded = NULL;
	if (FLAG_GET(v->sleeping))
		timer_add(cpu, v);
}

/* ---- Running ----------------------------------------------------------- */

void svm_run(struct cpu *cpu, struct vcpu *v)
{
	struct vmcb *b = v->vmcb;

	svm_enter((uintptr_t)b, v->reg);
	b->tlb = 0;
	/* What was being delivered when the guest left is delivered again; an interrupt is
	 * offered again, and the INT instruction done again. */
	b->inject = 0;
	if ((b->exit_event & EVENT_VALID) != 0 && !svm_is_interrupt(b->exit_event) &&
	    (b->exit_event & EVENT_TYPE) != EVENT_SOFTWARE)
		b->inject = b->exit_event;
	v->exits++;
	cpu->exits++;
}

void svm_skip(struct vcpu *v, uint32_t length)
{
	struct vmcb *b = v->vmcb;

	b->rip = svm.has_next_rip && b->next_rip > b->rip ? b->next_rip : b->rip + length;
	b->shadow &= ~SHADOW_STI;
}

void svm_exception(struct vcpu *v, uint32_t vector, bool has_error)
{
	v->vmcb->inject = EVENT_VALID | EVENT_EXCEPTION | vector | (has_error ? EVENT_ERROR : 0);
}
