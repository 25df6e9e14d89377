/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts, exceptions of the hypervisor itself, and its end. */
#include "console.h"
#include "hv.h"
#include "text.h"

struct gate {
	uint16_t offset_low, selector, kind, offset_middle;
	uint32_t offset_high, zero;
};

struct trap_frame {
	uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

void trap_handle(struct trap_frame *frame);

extern const uint8_t trap_stubs[];
static struct gate trap_table[256] __attribute__((aligned(16)));

#define TRAP_STUB_SIZE 16u
#define GATE_INTERRUPT 0x8E00u         /* present, ring 0, interrupts off */

void trap_init(void)
{
	struct {
		uint16_t size;
		uint64_t base;
	} __attribute__((packed)) pointer = { sizeof(trap_table) - 1, (uintptr_t)trap_table };
	uint32_t i;

	for (i = 0; i < 256; i++) {
		uint64_t at = (uintptr_t)&trap_stubs[i * TRAP_STUB_SIZE];

		trap_table[i].offset_low = (uint16_t)at;
		trap_table[i].offset_middle = (uint16_t)(at >> 16);
		trap_table[i].offset_high = (uint32_t)(at >> 32);
		trap_table[i].selector = CODE_SELECTOR;
		trap_table[i].kind = GATE_INTERRUPT;
	}
	__asm__ volatile("lidt %0" :: "m"(pointer));
}

void trap_handle(struct trap_frame *frame)
{
	struct cpu *cpu = cpu_self();
	char text[160];
	uint64_t cr2;

	if (frame->vector >= 32) {
		cpu->interrupts++;
		if (frame->vector == VECTOR_TIMER)
			cpu->armed_ns = RATION_NEVER;
		FLAG_SET(cpu->leave, true);
		if (frame->vector != VECTOR_SPURIOUS)
			apic_end_of_interrupt();
		return;
	}
	__asm__("movq %%cr2, %0" : "=r"(cr2));
	text_print(text, sizeof(text),
	           "\n(hv) exception %lu, error %lx, at %lx, cr2 %lx, rsp %lx, CPU %u\n",
	           frame->vector, frame->error, frame->rip, cr2, frame->rsp, cpu->id);
	console_raw(text);
	panic_stop();
}

/* The emulator's door out: its exit status is 2 * value + 1. */
void panic_stop(void)
{
	outb(0xF4, 0x11);
	halt_for_ever();
	__builtin_unreachable();
}

void ration_panic(const char *file, int line, const char *condition)
{
	char text[256];

	text_print(text, sizeof(text), "\n(hv) panic: %s:%d: %s\n", file, line, condition);
	console_raw(text);
	panic_stop();
}
