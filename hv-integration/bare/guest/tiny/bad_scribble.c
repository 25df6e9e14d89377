/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Isolation: it writes over its memory, and then over its page tables: first so that
 * they map all of the 4 GiB's addresses and more to everything that there might be, and
 * it reads and writes there; at last with noise, until it faults.
 */
#include "tiny.h"

#define MIB (UINT64_C(1) << 20)
#define IMAGE_END (2 * MIB)
#define LARGE 0x83u    /* present, writable, 2 MiB or 1 GiB */

static uint64_t noise(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void fill(uint64_t from, uint64_t to, uint64_t *state)
{
	for (uint64_t at = from; at < to; at += 64)
		*(volatile uint64_t *)(uintptr_t)at = noise(state);
}

void tiny_main(void)
{
	uint64_t state = 88172645463325252u, cr3;
	uint64_t memory = tiny_option("mem", 16) * MIB;
	volatile uint64_t *pml4, *pdpt;

	fill(IMAGE_END, memory, &state);
	tiny_say("memory written over");
	__asm__("mov %%cr3, %0" : "=r"(cr3));
	pml4 = (volatile uint64_t *)(uintptr_t)(cr3 & ~UINT64_C(4095));
	pdpt = (volatile uint64_t *)(uintptr_t)(pml4[0] & ~UINT64_C(4095) & 0xffffffffffff);
	/* The last entries lead to physical memory that no guest of this size has. */
	for (unsigned i = 0; i < 256; i++)
		pdpt[4 + i] = (uint64_t)i << 30 | LARGE;
	__asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
	if (*(volatile uint64_t *)(uintptr_t)((4 + 0) * 1024 * MIB + MIB) !=
	    *(volatile uint64_t *)(uintptr_t)MIB)
		tiny_say("another address of the same memory differs");
	tiny_say("page tables written over");
	fill(0, MIB, &state);
	fill(0, memory, &state);
	tiny_say("and it still runs");
}
