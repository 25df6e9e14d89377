/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeps `period=` by the TSC's deadline, `times=` times, and says how late it woke. */
#include "tiny.h"

static volatile uint64_t woken;

static void timer_came(struct tiny_frame *frame)
{
	(void)frame;
	woken++;
}

void tiny_main(void)
{
	uint64_t period = tiny_option("period", 10 * NS_PER_MS), times = tiny_option("times", 100);
	uint64_t worst = 0, early = 0;

	tiny_vector_set(0x40, timer_came);
	for (uint64_t i = 0; i < times; i++) {
		uint64_t due = tiny_tsc_in(period), now;

		tiny_timer(0x40, due);
		for (uint64_t before = woken; woken == before;)
			tiny_sleep();
		now = tiny_rdtsc();
		if (now < due)
			early++;
		else if (now - due > worst)
			worst = now - due;
	}
	tiny_say("slept %u times, %u early, worst %u us late", woken, early,
	         worst / tiny_tsc_of(NS_PER_US));
}
