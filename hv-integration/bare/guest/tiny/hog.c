/* SPDX-License-Identifier: BSD-2-Clause */
/* All its vCPUs burn: for `for=` of the hypervisor's time, or for good. */
#include "tiny.h"

static volatile uint64_t turns[TINY_CPU_MAX];

static void burn(unsigned cpu)
{
	for (;;)
		turns[cpu]++;
}

static void end(struct tiny_frame *frame)
{
	struct guest_regs regs = { .rax = RATION_GUEST_LEDGER, .rbx = RATION_GUEST_ALL };
	uint64_t sum = 0;

	(void)frame;
	for (unsigned cpu = 0; cpu < TINY_CPU_MAX; cpu++)
		sum += turns[cpu];
	guest_call(&regs);
	tiny_say("hog ran %u us, waited %u us, %u turns", regs.rbx / 1000, regs.rcx / 1000, sum);
	tiny_off();
}

void tiny_main(void)
{
	uint64_t length = tiny_option("for", 0);

	tiny_vector_set(0x40, end);
	for (unsigned cpu = 1; cpu < tiny_cpu_count(); cpu++)
		(void)tiny_cpu_start(cpu, burn);
	if (length > 0)
		tiny_timer(0x40, tiny_tsc_in(length));
	tiny_sti();
	burn(0);
}
