/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All vCPUs take turns at one ticket lock for `for=`.  Who waits executes PAUSE; with more
 * vCPUs than CPUs it would burn the slice that the next in turn needs, if that did not
 * make it yield.
 */
#include "tiny.h"

static uint32_t next_ticket, now_served;
static uint64_t taken[TINY_CPU_MAX];
static uint64_t end_tsc;

static void spin(unsigned cpu)
{
	while (tiny_rdtsc() < end_tsc) {
		uint32_t mine = __atomic_fetch_add(&next_ticket, 1, __ATOMIC_RELAXED);

		while (__atomic_load_n(&now_served, __ATOMIC_ACQUIRE) != mine)
			tiny_pause();
		taken[cpu]++;
		__atomic_store_n(&now_served, mine + 1, __ATOMIC_RELEASE);
	}
}

void tiny_main(void)
{
	unsigned count = tiny_cpu_count();
	uint64_t sum = 0, least = UINT64_MAX;

	end_tsc = tiny_tsc_in(tiny_option("for", 500 * NS_PER_MS));
	for (unsigned cpu = 1; cpu < count; cpu++)
		(void)tiny_cpu_start(cpu, spin);
	spin(0);
	for (unsigned cpu = 0; cpu < count; cpu++) {
		sum += taken[cpu];
		least = taken[cpu] < least ? taken[cpu] : least;
	}
	tiny_say("%u vCPUs took the lock %u times, the unluckiest %u", (uint64_t)count, sum, least);
}
