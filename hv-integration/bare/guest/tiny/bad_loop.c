/* SPDX-License-Identifier: BSD-2-Clause */
/* Isolation: it loops with interrupts off, on every vCPU. */
#include "tiny.h"

static void loop(unsigned cpu)
{
	(void)cpu;
	tiny_cli();
	for (;;)
		__asm__ volatile("" : : : "memory");
}

void tiny_main(void)
{
	for (unsigned cpu = 1; cpu < tiny_cpu_count(); cpu++)
		(void)tiny_cpu_start(cpu, loop);
	tiny_say("interrupts off");
	loop(0);
}
