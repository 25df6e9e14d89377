/* SPDX-License-Identifier: BSD-2-Clause */
/* Time: the TSC, measured against the PIT. */
#include "hv.h"

#define PIT_HZ      1193182u
#define PIT_CONTROL 0x43u
#define PIT_GATE    0x61u
#define SAMPLES     5
#define SAMPLE_HZ   100u               /* 10 ms each */

static struct {
	uint64_t begin_tsc;
	uint64_t ns_per_tsc;               /* << 32 */
	uint64_t tsc_per_ns;               /* << 32 */
	uint32_t khz;
} clk;

/* TSC ticks of one hundredth of a second, by PIT channel 2. */
static uint64_t clock_sample(void)
{
	uint32_t count = PIT_HZ / SAMPLE_HZ;
	uint8_t gate = inb(PIT_GATE) & 0xFC;
	uint64_t begin;

	outb(PIT_GATE, gate);
	outb(PIT_CONTROL, 0xB0);           /* channel 2, mode 0: out goes up at the end */
	outb(0x42, (uint8_t)count);
	outb(0x42, (uint8_t)(count >> 8));
	outb(PIT_GATE, gate | 1);
	begin = tsc_read();
	while ((inb(PIT_GATE) & 0x20) == 0)
		ration_lock_relax();
	return tsc_read() - begin;
}

/* The least of some samples: who is held up in one measures too much.  Rounded to a
 * whole MHz where that is within what the PIT can tell. */
static uint32_t clock_measure(void)
{
	uint64_t least = UINT64_MAX, khz, near;
	int i;

	for (i = 0; i < SAMPLES; i++) {
		uint64_t sample = clock_sample();

		least = sample < least ? sample : least;
	}
	khz = least * SAMPLE_HZ / 1000;
	near = (khz + 500) / 1000 * 1000;
	if (khz + khz / 2000 >= near && near + khz / 2000 >= khz)
		khz = near;
	return khz != 0 ? (uint32_t)khz : 1;
}

void clock_init(void)
{
	outb(0x21, 0xFF);
	outb(0xA1, 0xFF);
	clk.khz = clock_measure();
	clk.ns_per_tsc = shift32_divide(1000000, clk.khz);
	clk.tsc_per_ns = shift32_divide(clk.khz, 1000000);
	clk.begin_tsc = tsc_read();
}

uint32_t clock_khz(void)
{
	return clk.khz;
}

/* 2^64 ticks are more than a century. */
ration_ns clock_of_tsc(uint64_t tsc)
{
	return tsc > clk.begin_tsc ? multiply_shift32(tsc - clk.begin_tsc, clk.ns_per_tsc) : 0;
}

uint64_t clock_to_tsc(ration_ns ns)
{
	return clk.begin_tsc + multiply_shift32(ns, clk.tsc_per_ns);
}

ration_ns clock_now(void)
{
	return clock_of_tsc(tsc_read());
}

void clock_wait(ration_ns ns)
{
	ration_ns end = clock_now() + ns;

	while (clock_now() < end)
		ration_lock_relax();
}
