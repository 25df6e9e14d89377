/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All vCPUs take turns at one spin lock for `for=`: what waits executes PAUSE, and
 * with more vCPUs than CPUs it would burn the slice that the holder needs.
 */
#include "tiny.h"

static unsigned lock;
static uint64_t taken[TINY_CPU_MAX];
static uint64_t end_tsc;

static void spin(unsigned cpu)
{
	while (tiny_rdtsc() < end_tsc) {
		while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE) != 0)
			tiny_pause();
		for (volatile unsigned i = 0; i < 1000; i++)
			;
		taken[cpu]++;
		__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
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
