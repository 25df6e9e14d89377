/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APICs of the machine, by their registers in memory. */
#include "hv.h"

#define APIC_ID       0x020u
#define APIC_TPR      0x080u
#define APIC_EOI      0x0B0u
#define APIC_SVR      0x0F0u
#define APIC_ICR_LOW  0x300u
#define APIC_ICR_HIGH 0x310u
#define APIC_TIMER    0x320u
#define APIC_LINT0    0x350u
#define APIC_LINT1    0x360u
#define APIC_ERROR    0x370u
#define APIC_COUNT    0x380u
#define APIC_NOW      0x390u
#define APIC_DIVIDE   0x3E0u

#define ICR_BUSY      (1u << 12)
#define ICR_INIT      0x4500u
#define ICR_SIPI      0x4600u
#define MASKED        (1u << 16)
#define DIVIDE_BY_1   0x0Bu

static uint64_t apic_base;
static uint64_t apic_per_ns;           /* timer ticks << 32 */

static uint32_t apic_get(uint32_t reg)
{
	return *(volatile uint32_t *)(uintptr_t)(apic_base + reg);
}

static void apic_set(uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(uintptr_t)(apic_base + reg) = value;
}

/* The timer's rate, against the clock; to a whole MHz. */
static void apic_measure(void)
{
	ration_ns begin, ns;
	uint64_t ticks, khz;

	apic_set(APIC_COUNT, UINT32_MAX);
	begin = clock_now();
	clock_wait(2 * RATION_NS_PER_MS);
	ticks = UINT32_MAX - apic_get(APIC_NOW);
	ns = clock_now() - begin;
	apic_set(APIC_COUNT, 0);
	khz = (ticks * 1000000 / ns + 500) / 1000 * 1000;
	apic_per_ns = shift32_divide(khz != 0 ? khz : 1000, 1000000);
}

void apic_init(uint64_t base)
{
	apic_base = base;
	apic_begin();
	apic_measure();
}

void apic_begin(void)
{
	msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | 1u << 11);
	apic_set(APIC_SVR, 1u << 8 | VECTOR_SPURIOUS);
	apic_set(APIC_TPR, 0);
	apic_set(APIC_LINT0, MASKED);
	apic_set(APIC_LINT1, MASKED);
	apic_set(APIC_ERROR, MASKED);
	apic_set(APIC_DIVIDE, DIVIDE_BY_1);
	apic_set(APIC_TIMER, VECTOR_TIMER);
	apic_set(APIC_COUNT, 0);
}

uint32_t apic_id(void)
{
	return apic_get(APIC_ID) >> 24;
}

void apic_end_of_interrupt(void)
{
	apic_set(APIC_EOI, 0);
}

static void apic_command(uint32_t apic, uint32_t command)
{
	while ((apic_get(APIC_ICR_LOW) & ICR_BUSY) != 0)
		ration_lock_relax();
	apic_set(APIC_ICR_HIGH, apic << 24);
	apic_set(APIC_ICR_LOW, command);
}

void apic_send(uint32_t apic, uint32_t vector)
{
	apic_command(apic, 1u << 14 | vector);
}

void apic_wake(uint32_t apic, uint32_t page)
{
	apic_command(apic, ICR_INIT);
	clock_wait(200 * RATION_NS_PER_US);
	apic_command(apic, ICR_SIPI | page);
}

void apic_timer(ration_ns ns)
{
	uint64_t ticks = 0;

	if (ns != RATION_NEVER) {
		ns = ns < RATION_NS_PER_S ? ns : RATION_NS_PER_S;
		ticks = multiply_shift32(ns, apic_per_ns) + 1;
	}
	apic_set(APIC_COUNT, ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX);
}
