/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Isolation: all its vCPUs flood the hypervisor, for good: what=0 with exits (CPUID),
 * 1 with IPIs to each other, to all and to nobody, 2 with calls, 3 with wake-ups
 * (timers of the shortest length), 4 with nested faults of its own.
 */
#include "tiny.h"

static uint64_t what;
static unsigned count;

static void taken(struct tiny_frame *frame)
{
	(void)frame;
}

static void skip_ud2(struct tiny_frame *frame)
{
	frame->rip += 2;
}

static void flood_ipis(unsigned cpu)
{
	for (uint64_t i = 0;; i++) {
		tiny_ipi((cpu + 1) % count, 0x41);
		tiny_wrmsr(MSR_X2APIC_ICR, 0x84041);              /* all, itself too */
		tiny_ipi((unsigned)(i % 300), 0x41);              /* most are not there */
		tiny_wrmsr(MSR_X2APIC_ICR, 0xffffffff00004041u);  /* broadcast */
		tiny_sti();
		tiny_cli();
	}
}

static void flood_calls(unsigned cpu)
{
	for (;;) {
		(void)guest_ask(RATION_GUEST_NONE, 0, 0);
		(void)guest_ask(RATION_GUEST_KICK, 0, (cpu + 1) % count);
		(void)guest_ask(RATION_GUEST_YIELD_TO, (cpu + 1) % count, 0);
		(void)guest_ask(RATION_GUEST_YIELD, 0, 0);
		(void)guest_ask(RATION_GUEST_LEDGER, RATION_GUEST_ALL, 0);
		(void)guest_ask(RATION_GUEST_CONSOLE, 0, 0);
		(void)guest_ask(RATION_GUEST_CALL_END, 0, 0);
	}
}

static void flood(unsigned cpu)
{
	uint32_t r[4];

	if (what == 1)
		flood_ipis(cpu);
	if (what == 2)
		flood_calls(cpu);
	for (;;) {
		if (what == 0)
			guest_cpuid(0, r);
		else if (what == 4)
			__asm__ volatile("ud2");
		else {
			tiny_timer(0x40, tiny_rdtsc());
			tiny_sleep();
		}
	}
}

void tiny_main(void)
{
	what = tiny_option("what", 0);
	count = tiny_cpu_count();
	tiny_vector_set(6, skip_ud2);
	tiny_vector_set(0x40, taken);
	tiny_vector_set(0x41, taken);
	for (unsigned cpu = 1; cpu < count; cpu++)
		(void)tiny_cpu_start(cpu, flood);
	tiny_say("flood %u", what);
	flood(0);
}
