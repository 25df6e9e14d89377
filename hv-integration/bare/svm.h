/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svm.h - AMD-V: the control block of a vCPU, and going in and out of guests.
 * (AMD64 Architecture Programmer's Manual, volume 2, chapter 15 and appendix B.)
 */
#ifndef SVM_H
#define SVM_H

#include "ration_types.h"

struct cpu;
struct vcpu;

struct vmcb_segment {
	uint16_t selector, attributes;
	uint32_t limit;
	uint64_t base;
};

/* Attributes as the VMCB packs them. */
#define SEGMENT_CODE64   0x0A9Bu
#define SEGMENT_CODE16   0x009Bu
#define SEGMENT_DATA     0x0C93u
#define SEGMENT_DATA16   0x0093u
#define SEGMENT_TASK     0x008Bu
#define SEGMENT_LDT      0x0082u

struct vmcb {
	/* control */
	uint16_t cr_read, cr_write, dr_read, dr_write;     /* 0x000 */
	uint32_t exceptions;
	uint32_t intercept3, intercept4, intercept5;       /* 0x00C */
	uint8_t reserved0[0x28];
	uint64_t iopm, msrpm, tsc_offset;                  /* 0x040 */
	uint32_t asid;
	uint8_t tlb, reserved1[3];
	uint64_t virtual_interrupt;                        /* 0x060 */
	uint64_t shadow;
	uint64_t exit_code, exit_info1, exit_info2, exit_event;
	uint64_t nested;                                   /* 0x090: bit 0 */
	uint8_t reserved2[0x10];
	uint64_t inject;                                   /* 0x0A8 */
	uint64_t nested_cr3, lbr;
	uint32_t clean, reserved3;
	uint64_t next_rip;                                 /* 0x0C8 */
	uint8_t reserved4[0x400 - 0xD0];

	/* state */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved5[0x2B];
	uint8_t cpl;                                       /* 0x4CB */
	uint32_t reserved6;
	uint64_t efer;                                     /* 0x4D0 */
	uint8_t reserved7[0x70];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;     /* 0x548 */
	uint8_t reserved8[0x58];
	uint64_t rsp;                                      /* 0x5D8 */
	uint8_t reserved9[0x18];
	uint64_t rax, star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
	uint8_t reserved10[0x20];
	uint64_t pat;                                      /* 0x668 */
	uint8_t reserved11[0x1000 - 0x670];
};

_Static_assert(sizeof(struct vmcb) == 0x1000, "a page");
_Static_assert(__builtin_offsetof(struct vmcb, iopm) == 0x40, "iopm");
_Static_assert(__builtin_offsetof(struct vmcb, inject) == 0xA8, "inject");
_Static_assert(__builtin_offsetof(struct vmcb, next_rip) == 0xC8, "next_rip");
_Static_assert(__builtin_offsetof(struct vmcb, cpl) == 0x4CB, "cpl");
_Static_assert(__builtin_offsetof(struct vmcb, efer) == 0x4D0, "efer");
_Static_assert(__builtin_offsetof(struct vmcb, cr4) == 0x548, "cr4");
_Static_assert(__builtin_offsetof(struct vmcb, rsp) == 0x5D8, "rsp");
_Static_assert(__builtin_offsetof(struct vmcb, rax) == 0x5F8, "rax");
_Static_assert(__builtin_offsetof(struct vmcb, cr2) == 0x640, "cr2");
_Static_assert(__builtin_offsetof(struct vmcb, pat) == 0x668, "pat");

/* virtual_interrupt */
#define VIRTUAL_TPR       0x0Full
#define VIRTUAL_IRQ       (1ull << 8)
#define VIRTUAL_PRIORITY  16u          /* the first of four bits */
#define VIRTUAL_MASKING   (1ull << 24)
#define VIRTUAL_VECTOR    32u          /* the first of eight */

/* shadow: the instruction before this one was STI */
#define SHADOW_STI        (1ull << 0)

/* intercept3 and 4 */
#define INTERCEPT_INTR    (1u << 0)
#define INTERCEPT_NMI     (1u << 1)
#define INTERCEPT_SMI     (1u << 2)
#define INTERCEPT_INIT    (1u << 3)
#define INTERCEPT_RDPMC   (1u << 15)
#define INTERCEPT_CPUID   (1u << 18)
#define INTERCEPT_IRET    (1u << 20)
#define INTERCEPT_INVD    (1u << 22)
#define INTERCEPT_PAUSE   (1u << 23)
#define INTERCEPT_HLT     (1u << 24)
#define INTERCEPT_INVLPGA (1u << 26)
#define INTERCEPT_IO      (1u << 27)
#define INTERCEPT_MSR     (1u << 28)
#define INTERCEPT_TASK    (1u << 29)
#define INTERCEPT_DOWN    (1u << 31)
#define INTERCEPT4_SVM    0x7Fu        /* VMRUN .. SKINIT */
#define INTERCEPT4_WBINVD (1u << 9)
#define INTERCEPT4_WAIT   (7u << 10)   /* MONITOR, MWAIT */
#define INTERCEPT4_XSETBV (1u << 13)

/* exit_event and inject */
#define EVENT_VALID       (1ull << 31)
#define EVENT_ERROR       (1ull << 11)
#define EVENT_TYPE        (7ull << 8)
#define EVENT_INTERRUPT   (0ull << 8)
#define EVENT_NMI         (2ull << 8 | 2)
#define EVENT_EXCEPTION   (3ull << 8)
#define EVENT_SOFTWARE    (4ull << 8)

enum svm_exit {
	SVM_EXIT_EXCEPTION = 0x40,         /* + vector */
	SVM_EXIT_INTR = 0x60, SVM_EXIT_NMI, SVM_EXIT_SMI, SVM_EXIT_INIT, SVM_EXIT_VINTR,
	SVM_EXIT_RDPMC = 0x6F,
	SVM_EXIT_CPUID = 0x72,
	SVM_EXIT_IRET = 0x74,
	SVM_EXIT_INVD = 0x76, SVM_EXIT_PAUSE, SVM_EXIT_HLT,
	SVM_EXIT_INVLPGA = 0x7A, SVM_EXIT_IO, SVM_EXIT_MSR, SVM_EXIT_TASK,
	SVM_EXIT_DOWN = 0x7F,
	SVM_EXIT_VMRUN = 0x80, SVM_EXIT_VMMCALL, SVM_EXIT_VMLOAD, SVM_EXIT_VMSAVE, SVM_EXIT_STGI,
	SVM_EXIT_CLGI, SVM_EXIT_SKINIT,
	SVM_EXIT_WBINVD = 0x89, SVM_EXIT_MONITOR, SVM_EXIT_MWAIT, SVM_EXIT_MWAIT_ARMED,
	SVM_EXIT_XSETBV,
	SVM_EXIT_NESTED_FAULT = 0x400
};

/* NULL, or why this machine will not do.  Once, before the others. */
const char *svm_check(void);
/* On each CPU, before its first guest. */
void svm_begin(struct cpu *cpu);

/* A vCPU as it is after RESET or INIT; one that is to run in long mode. */
void svm_reset(struct vcpu *v);

/* Have this CPU hold v's context; and put it back to where others can have it. */
void svm_load(struct cpu *cpu, struct vcpu *v);
void svm_save(struct cpu *cpu, struct vcpu *v);

/* Run v until it exits; what was under way is put in again by the next call. */
void svm_run(struct cpu *cpu, struct vcpu *v);

/* Was it an interrupt that was being delivered?  (QEMU calls it an exception then.) */
static inline bool svm_is_interrupt(uint64_t event)
{
	return (event & EVENT_VALID) != 0 &&
	       ((event & EVENT_TYPE) == EVENT_INTERRUPT ||
	        ((event & EVENT_TYPE) == EVENT_EXCEPTION && (event & 0xFF) >= 32));
}

/* Go on behind the instruction that exited, which has `length` bytes. */
void svm_skip(struct vcpu *v, uint32_t length);
/* The guest gets an exception in place of it. */
void svm_exception(struct vcpu *v, uint32_t vector, bool has_error);
#define EXCEPTION_DB 1u
#define EXCEPTION_UD 6u
#define EXCEPTION_GP 13u
#define EXCEPTION_AC 17u

#endif
