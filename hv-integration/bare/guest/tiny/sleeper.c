/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeps `period=` by the TSC's deadline, `times=` times, each one `step=` longer than the
 * one before, and says how late it woke.  Small steps bring the deadline to each
 * instruction on the way into the sleep.  With `awake=1` it waits without HLT.
 */
#include "tiny.h"

static volatile uint64_t woken;

static void timer_came(struct tiny_frame *frame)
{
	(void)frame;
	woken++;
}

static void wait(bool awake)
{
	uint64_t before = woken;

	while (woken == before)
		if (!awake)
			tiny_sleep();
		else
			tiny_sti();
	tiny_cli();
}

void tiny_main(void)
{
	uint64_t period = tiny_option("period", 10 * NS_PER_MS), times = tiny_option("times", 100);
	uint64_t step = tiny_option("step", 0), worst = 0, early = 0;
	bool awake = tiny_option("awake", 0) != 0;

	tiny_vector_set(0x40, timer_came);
	for (uint64_t i = 0; i < times; i++) {
		uint64_t due = tiny_tsc_in(period + i * step), now;

		tiny_timer(0x40, due);
		wait(awake);
		now = tiny_rdtsc();
		if (now < due)
			early++;
		else if (now - due > worst)
			worst = now - due;
	}
	tiny_say("slept %u times, %u early, worst %u us late", woken, early,
	         worst / tiny_tsc_of(NS_PER_US));
}
