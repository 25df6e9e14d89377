/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_call.h - the calls of ration_guest.h, for guests in C: the tiny ones at
 * ring 0, and processes of Linux guests at ring 3.
 */
#ifndef GUEST_CALL_H
#define GUEST_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ration_guest.h"

/* In the order of call.S.  The bytes of a call lie in rcx..r15, which follow each other. */
struct guest_regs {
	uint64_t rax, rbx;
	uint64_t rcx, rdx, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
};

/* VMMCALL with these registers, which then are what the hypervisor left. */
void guest_call(struct guest_regs *regs);

/* One number and up to two arguments; RAX is the answer. */
static inline int64_t guest_ask(uint64_t number, uint64_t rbx, uint64_t rcx)
{
	struct guest_regs regs = { .rax = number, .rbx = rbx, .rcx = rcx };

	guest_call(&regs);
	return (int64_t)regs.rax;
}

static inline void guest_cpuid(uint32_t leaf, uint32_t out[4])
{
	__asm__ volatile("cpuid"
	                 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
	                 : "a"(leaf), "c"(0));
}

/* Is this a guest of the hypervisor?  Elsewhere VMMCALL is an undefined instruction. */
static inline bool guest_is(void)
{
	uint32_t r[4];

	guest_cpuid(RATION_GUEST_LEAF, r);
	return r[1] == 0x49544152 && r[2] == 0x482d4e4f && r[3] == 0x20202056;
}

/* To the console of the domain.  No end of line is added. */
void guest_write(const char *text, size_t length);

#endif
