/* SPDX-License-Identifier: BSD-2-Clause */
/* The other CPUs are woken one after the other. */
#include "console.h"
#include "hv.h"
#include "svm.h"
#include "text.h"

#define TRY_NS (2000 * RATION_NS_PER_MS)

void smp_main(void);

extern const uint8_t trampoline_begin[], trampoline_end[];
uint8_t *smp_stack;                    /* of the CPU that is being woken */
uint8_t cpu_stacks[RATION_CPU_MAX][STACK_SIZE] __attribute__((aligned(STACK_SIZE)));

void smp_main(void)
{
	struct cpu *cpu = cpu_self();

	trap_init();
	apic_begin();
	svm_begin(cpu);
	FLAG_SET(cpu->present, true);
	while (!FLAG_GET(hv.go))
		ration_lock_relax();
	host_run(cpu);
}

static bool smp_wake(struct cpu *cpu)
{
	ration_ns end = clock_now() + TRY_NS;

	smp_stack = cpu_stacks[cpu->id] + STACK_SIZE;
	*(struct cpu **)(void *)cpu_stacks[cpu->id] = cpu;
	apic_wake(cpu->apic_id, TRAMPOLINE / PAGE_SIZE);
	while (!FLAG_GET(cpu->present) && clock_now() < end)
		ration_lock_relax();
	return FLAG_GET(cpu->present);
}

uint32_t smp_start(const uint32_t apic_ids[], uint32_t count)
{
	uint32_t i, self = apic_id(), n = 1;

	memcpy((void *)TRAMPOLINE, trampoline_begin, (size_t)(trampoline_end - trampoline_begin));
	for (i = 0; i < count; i++) {
		if (apic_ids[i] == self)
			continue;
		hv.cpu[n].id = n;
		hv.cpu[n].apic_id = apic_ids[i];
		hv.cpu[n].armed_ns = RATION_NEVER;
		if (!smp_wake(&hv.cpu[n])) {
			say("the CPU with APIC id %u does not come up: left out", apic_ids[i]);
			continue;
		}
		n++;
	}
	return n;
}
