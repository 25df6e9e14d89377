/* SPDX-License-Identifier: BSD-2-Clause */
/* See tiny.h. */
#include "tiny.h"

#include <stdarg.h>

#define TRAMPOLINE 0x8000u
#define SPURIOUS 0xffu

extern const unsigned char tiny_vectors[], tiny_trampoline[], tiny_trampoline_end[];
extern const uint64_t tiny_gdt[];

void tiny_boot(const unsigned char *params);
void tiny_boot_other(unsigned cpu);
void tiny_vector(uint64_t vector, struct tiny_frame *frame);

struct idt_entry {
	uint16_t low, selector, type, middle;
	uint32_t high, zero;
};
struct table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static struct idt_entry idt[256];
static void (*handler[256])(struct tiny_frame *frame);
static const char *command_line = "";
static struct {
	void (*run)(unsigned cpu);
	bool came;
} other[TINY_CPU_MAX];

/* gcc may call these. */
void *memset(void *to, int byte, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);

void *memset(void *to, int byte, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((volatile unsigned char *)to)[i] = (unsigned char)byte;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((volatile unsigned char *)to)[i] = ((const unsigned char *)from)[i];
	return to;
}

/* ---- The machine ------------------------------------------------------- */

static void tables_load(void)
{
	struct table gdtr = { 31, (uint64_t)(uintptr_t)tiny_gdt };
	struct table idtr = { sizeof(idt) - 1, (uint64_t)(uintptr_t)idt };

	__asm__ volatile("lgdt %0; lidt %1" : : "m"(gdtr), "m"(idtr));
	tiny_wrmsr(MSR_X2APIC_SVR, 0x100 | SPURIOUS);
}

static void idt_fill(void)
{
	for (unsigned i = 0; i < 256; i++) {
		uint64_t at = (uint64_t)(uintptr_t)tiny_vectors + 16 * i;

		idt[i] = (struct idt_entry){ (uint16_t)at, 0x10, 0x8e00, (uint16_t)(at >> 16),
			                         (uint32_t)(at >> 32), 0 };
	}
}

void tiny_boot(const unsigned char *params)
{
	uint32_t at;

	memcpy(&at, params + 0x228, sizeof(at));
	command_line = (const char *)(uintptr_t)at;
	idt_fill();
	tables_load();
	tiny_main();
	tiny_off();
}

void tiny_boot_other(unsigned cpu)
{
	tables_load();
	__atomic_store_n(&other[cpu].came, true, __ATOMIC_SEQ_CST);
	other[cpu].run(cpu);
	tiny_cli();
}

bool tiny_cpu_start(unsigned cpu, void (*run)(unsigned cpu))
{
	size_t size = (size_t)(tiny_trampoline_end - tiny_trampoline);
	uint64_t cr3, end = tiny_now() + NS_PER_S;

	__asm__("mov %%cr3, %0" : "=r"(cr3));
	other[cpu].run = run;
	memcpy((void *)(uintptr_t)TRAMPOLINE, tiny_trampoline, size);
	memcpy((void *)(uintptr_t)(TRAMPOLINE + size - 16), &cr3, 4);
	tiny_wrmsr(MSR_X2APIC_ICR, (uint64_t)cpu << 32 | 0x4500);
	tiny_wrmsr(MSR_X2APIC_ICR, (uint64_t)cpu << 32 | 0x4600 | TRAMPOLINE >> 12);
	while (!__atomic_load_n(&other[cpu].came, __ATOMIC_SEQ_CST)) {
		if (tiny_now() > end)
			return false;
		tiny_pause();
	}
	return true;
}

void tiny_vector_set(unsigned vector, void (*run)(struct tiny_frame *frame))
{
	handler[vector] = run;
}

void tiny_vector(uint64_t vector, struct tiny_frame *frame)
{
	if (vector == SPURIOUS)
		return;
	if (handler[vector] == NULL) {
		tiny_say("vector %u, error %x, at %x", vector, frame->error, frame->rip);
		tiny_off();
	}
	handler[vector](frame);
	if (vector >= 32)
		tiny_wrmsr(MSR_X2APIC_EOI, 0);
}

unsigned tiny_cpu(void)
{
	return (unsigned)tiny_rdmsr(MSR_X2APIC_ID);
}

static struct guest_regs who(void)
{
	struct guest_regs regs = { .rax = RATION_GUEST_WHO };

	guest_call(&regs);
	return regs;
}

unsigned tiny_cpu_count(void)
{
	return (unsigned)who().rcx;
}

uint64_t tiny_now(void)
{
	return who().rdx;
}

_Noreturn void tiny_off(void)
{
	tiny_outw(0x604, 0x2000);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void tiny_ipi(unsigned cpu, unsigned vector)
{
	tiny_wrmsr(MSR_X2APIC_ICR, (uint64_t)cpu << 32 | 0x4000 | vector);
}

uint64_t tiny_tsc_of(uint64_t ns)
{
	uint32_t r[4];

	guest_cpuid(0x40000010, r);
	/* In kHz; a TSC of 8 GHz and seventy years: below 2^64. */
	return ns / NS_PER_MS * r[0] + ns % NS_PER_MS * r[0] / NS_PER_MS;
}

void tiny_timer(unsigned vector, uint64_t tsc)
{
	tiny_wrmsr(MSR_X2APIC_TIMER, 2u << 17 | vector);
	tiny_wrmsr(MSR_TSC_DEADLINE, tsc);
}

uint64_t tiny_tsc_in(uint64_t ns)
{
	return tiny_rdtsc() + tiny_tsc_of(ns);
}

/* ---- Text -------------------------------------------------------------- */

struct line {
	char text[192];
	size_t length;
};

static void line_put(struct line *l, char c)
{
	if (l->length < sizeof(l->text))
		l->text[l->length++] = c;
}

static void line_number(struct line *l, uint64_t value, unsigned base)
{
	char digit[20];
	unsigned count = 0;

	do {
		digit[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value > 0);
	while (count > 0)
		line_put(l, digit[--count]);
}

void tiny_say(const char *format, ...)
{
	struct line l = { .length = 0 };
	va_list args;

	va_start(args, format);
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			line_put(&l, *format);
			continue;
		}
		format++;
		if (*format == 's') {
			for (const char *s = va_arg(args, const char *); *s != '\0'; s++)
				line_put(&l, *s);
		} else {
			line_number(&l, va_arg(args, uint64_t), *format == 'x' ? 16 : 10);
		}
	}
	va_end(args);
	line_put(&l, '\n');
	guest_write(l.text, l.length);
}

/* Does a word of the command line begin here with `key` and '='?  Then its value. */
static const char *option_here(const char *at, const char *key)
{
	while (*key != '\0' && *at == *key) {
		at++;
		key++;
	}
	return *key == '\0' && *at == '=' ? at + 1 : NULL;
}

uint64_t tiny_option(const char *key, uint64_t otherwise)
{
	const char *at = command_line, *value = NULL;
	uint64_t number = 0;

	while (*at != '\0' && (value = option_here(at, key)) == NULL) {
		while (*at != '\0' && *at != ' ')
			at++;
		while (*at == ' ')
			at++;
	}
	if (value == NULL)
		return otherwise;
	for (; *value >= '0' && *value <= '9'; value++)
		number = number * 10 + (uint64_t)(*value - '0');
	if (value[0] == 'm')
		number *= NS_PER_MS;
	else if (value[0] == 'u')
		number *= NS_PER_US;
	else if (value[0] == 's')
		number *= NS_PER_S;
	return number;
}
