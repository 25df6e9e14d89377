/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tiny.h - what the tiny guests stand on: freestanding, one file each, no Linux.
 *
 * A guest defines tiny_main(), which vCPU 0 enters; the others sleep until
 * tiny_cpu_start().  When tiny_main() returns, the guest powers off.
 */
#ifndef TINY_H
#define TINY_H

#include "guest_call.h"

#define TINY_CPU_MAX 16u
#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC_ID    0x802u
#define MSR_X2APIC_EOI   0x80bu
#define MSR_X2APIC_SVR   0x80fu
#define MSR_X2APIC_ICR   0x830u
#define MSR_X2APIC_TIMER 0x832u

/* ---- What a guest defines --------------------------------------------- */

void tiny_main(void);

/* ---- The machine ------------------------------------------------------ */

/* What the processor pushed; `error` is 0 where there is no error code. */
struct tiny_frame {
	uint64_t error, rip, cs, flags, rsp, ss;
};

/* `run` is called for `vector` on whichever vCPU it comes to, and for an exception with
 * its frame.  Without one an exception is told and ends the guest.  An interrupt's end
 * (EOI) is signalled after it. */
void tiny_vector_set(unsigned vector, void (*run)(struct tiny_frame *frame));

/* vCPU `cpu` enters `run`, with interrupts off; then it sleeps.  Returns when it did
 * come, or false after a second. */
bool tiny_cpu_start(unsigned cpu, void (*run)(unsigned cpu));

unsigned tiny_cpu_count(void);
/* The vCPU that asks. */
unsigned tiny_cpu(void);
/* The time of the hypervisor, in ns. */
uint64_t tiny_now(void);
/* Ends the guest. */
_Noreturn void tiny_off(void);

/* IPI `vector` to vCPU `cpu`; the timer's interrupt `vector` when the TSC is `tsc`. */
void tiny_ipi(unsigned cpu, unsigned vector);
void tiny_timer(unsigned vector, uint64_t tsc);
/* What the TSC counts in `ns`; what it will be then. */
uint64_t tiny_tsc_of(uint64_t ns);
uint64_t tiny_tsc_in(uint64_t ns);

/* ---- Text ------------------------------------------------------------- */

/* One line to the console: %s, %u (uint64_t), %x (uint64_t). */
void tiny_say(const char *format, ...);
/* The value of `key=` on the guest's command line as a number, or `otherwise`.
 * Units: s, ms, us; without one: ns, or a count. */
uint64_t tiny_option(const char *key, uint64_t otherwise);

/* ---- Instructions ----------------------------------------------------- */

static inline uint64_t tiny_rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void tiny_wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
	                 :
	                 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
	                 : "memory");
}

static inline uint64_t tiny_rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline void tiny_outw(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void tiny_outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t tiny_inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void tiny_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void tiny_cli(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void tiny_sti(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/* Interrupts on, and asleep until one has come. */
static inline void tiny_sleep(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

#endif
