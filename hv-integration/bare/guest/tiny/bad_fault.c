/* SPDX-License-Identifier: BSD-2-Clause */
/* Isolation: after `after=` it touches memory that is not there (how=0), or it breaks
 * its interrupt table and faults three times in one (how=1). */
#include "tiny.h"

static void last_act(struct tiny_frame *frame)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) nothing = { 0, 0 };

	(void)frame;
	tiny_say("now");
	if (tiny_option("how", 0) == 0)
		*(volatile uint64_t *)(uintptr_t)0xc0000000 = 1;
	__asm__ volatile("lidt %0; ud2" : : "m"(nothing));
}

void tiny_main(void)
{
	tiny_vector_set(0x40, last_act);
	tiny_timer(0x40, tiny_tsc_in(tiny_option("after", 200 * NS_PER_MS)));
	tiny_sti();
	for (;;)
		__asm__ volatile("" : : : "memory");
}
