/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts all its vCPUs, which then pass an IPI around in a ring, `rounds=` times. */
#include "tiny.h"

#define TOKEN 0x40u

static unsigned count;
static uint64_t rounds, passed[TINY_CPU_MAX];
static volatile bool done;

static void token_came(struct tiny_frame *frame)
{
	unsigned cpu = tiny_cpu();

	(void)frame;
	if (++passed[cpu] >= rounds && cpu == 0)
		done = true;
	else
		tiny_ipi((cpu + 1) % count, TOKEN);
}

static void other_main(unsigned cpu)
{
	(void)cpu;
	while (!done)
		tiny_sleep();
}

void tiny_main(void)
{
	uint64_t sum = 0;

	count = tiny_cpu_count();
	rounds = tiny_option("rounds", 100);
	tiny_vector_set(TOKEN, token_came);
	for (unsigned cpu = 1; cpu < count; cpu++) {
		if (!tiny_cpu_start(cpu, other_main)) {
			tiny_say("vCPU %u did not start", (uint64_t)cpu);
			return;
		}
	}
	tiny_ipi(1 % count, TOKEN);
	while (!done)
		tiny_sleep();
	for (unsigned cpu = 0; cpu < count; cpu++)
		sum += passed[cpu];
	tiny_say("%u vCPUs started, %u IPIs came", (uint64_t)count, sum);
}
