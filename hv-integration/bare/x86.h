/* SPDX-License-Identifier: BSD-2-Clause */
/* x86.h - the instructions of the processor that C has no words for. */
#ifndef X86_H
#define X86_H

#include "ration_types.h"

#define PAGE_SIZE  4096u
#define LARGE_SIZE 0x200000u           /* a large page */

#define MSR_APIC_BASE     0x1Bu
#define MSR_EFER          0xC0000080u
#define MSR_VM_CR         0xC0010114u
#define MSR_VM_HSAVE_PA   0xC0010117u
#define EFER_SCE          (1ull << 0)
#define EFER_LME          (1ull << 8)
#define EFER_LMA          (1ull << 10)
#define EFER_NXE          (1ull << 11)
#define EFER_SVME         (1ull << 12)
#define EFER_FFXSR        (1ull << 14)
#define RFLAGS_IF         (1ull << 9)
#define CR0_PE            (1ull << 0)
#define CR0_PG            (1ull << 31)

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" :: "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint64_t msr_read(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" :: "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
	                 : "memory");
}

static inline uint64_t tsc_read(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) :: "memory");
	return (uint64_t)high << 32 | low;
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid_read(uint32_t leaf, uint32_t sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
	                 : "a"(leaf), "c"(sub));
	return r;
}

static inline void interrupts_off(void)
{
	__asm__ volatile("cli" ::: "memory");
}

/* Take interrupts, sleep until one comes, and off again. */
static inline void interrupts_wait(void)
{
	__asm__ volatile("sti; hlt; cli" ::: "memory");
}

/* Take those that are due. */
static inline void interrupts_take(void)
{
	__asm__ volatile("sti; nop; cli" ::: "memory");
}

static inline void halt_for_ever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* The middle 64 bits of a product: a * b >> 32; the caller sees to it that it fits. */
static inline uint64_t multiply_shift32(uint64_t a, uint64_t b)
{
	uint64_t low, high;

	__asm__("mulq %3" : "=a"(low), "=d"(high) : "a"(a), "rm"(b) : "cc");
	return high << 32 | low >> 32;
}

/* (a << 32) / b, where a < b << 32 holds. */
static inline uint64_t shift32_divide(uint64_t a, uint64_t b)
{
	uint64_t quotient, rest;

	__asm__("divq %4" : "=a"(quotient), "=d"(rest) : "a"(a << 32), "d"(a >> 32), "rm"(b) : "cc");
	return quotient;
}

#define FLAG_GET(flag)        __atomic_load_n(&(flag), __ATOMIC_SEQ_CST)
#define FLAG_SET(flag, value) __atomic_store_n(&(flag), (value), __ATOMIC_SEQ_CST)

#endif
