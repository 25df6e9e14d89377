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

static bool smp_wake(struct cpu *cpu, uint8_t *stack)
{
	ration_ns end = clock_now() + TRY_NS;

	smp_stack = stack + STACK_SIZE;
	*(struct cpu **)(void *)stack = cpu;
	apic_wake(cpu->apic_id, TRAMPOLINE / PAGE_SIZE);
	while (!FLAG_GET(cpu->present) && clock_now() < end)
		ration_lock_relax();
	return FLAG_GET(cpu->present);
}

/* This CPU has the stack of CPU 0, which then has this one's. */
void smp_start(const struct cpu *self)
{
	size_t size = (size_t)(trampoline_end - trampoline_begin);
	uint8_t kept[256];
	uint32_t c;

	/* Something of the loader's may lie there. */
	RATION_ASSERT(size <= sizeof(kept));
	memcpy(kept, (void *)TRAMPOLINE, size);
	memcpy((void *)TRAMPOLINE, trampoline_begin, size);
	for (c = 0; c < hv.cpu_count; c++)
		if (c != self->id && !smp_wake(&hv.cpu[c], cpu_stacks[c != 0 ? c : self->id]))
			say("CPU %u (APIC id %u) does not come up: it stays off line", c,
			    hv.cpu[c].apic_id);
	memcpy((void *)TRAMPOLINE, kept, size);
}
