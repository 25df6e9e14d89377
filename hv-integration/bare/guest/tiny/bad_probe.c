/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Isolation: it reads and writes every MSR that there might be, and every port, and
 * tries the instructions of SVM.  What is refused raises an exception, which is counted.
 */
#include "tiny.h"

static volatile uint64_t refused;

/* RDMSR and WRMSR have two bytes, those of SVM three. */
static void refuse_2(struct tiny_frame *frame)
{
	refused++;
	frame->rip += 2;
}

static void refuse_3(struct tiny_frame *frame)
{
	refused++;
	frame->rip += 3;
}

/* Its own end, and interrupts for itself, would be its own affair. */
static bool msr_is_ours(uint32_t msr)
{
	return msr == MSR_X2APIC_ICR || msr == 0x83f || msr == 0xc0000080;
}

static void probe_msrs(uint32_t from, uint32_t count)
{
	for (uint32_t msr = from; msr != from + count; msr++) {
		uint64_t before = refused, value;

		value = tiny_rdmsr(msr);
		if (msr_is_ours(msr))
			continue;
		if (refused == before)
			tiny_wrmsr(msr, value);
		tiny_wrmsr(msr, ~UINT64_C(0));
	}
}

static bool port_ends_us(unsigned port)
{
	return (port >= 0x600 && port < 0x608) || port == 0xcf8 || port == 0xcf9 || port == 0x64;
}

static void probe_ports(void)
{
	for (unsigned port = 0; port < 0x10000; port++) {
		(void)tiny_inb((uint16_t)port);
		if (!port_ends_us(port) && (port < 0x3f8 || port > 0x3ff))
			tiny_outb((uint16_t)port, 0xff);
	}
}

static void probe_svm(void)
{
	__asm__ volatile("vmrun %%rax" : : "a"(0x200000) : "memory");
	__asm__ volatile("vmload %%rax" : : "a"(0x200000) : "memory");
	__asm__ volatile("vmsave %%rax" : : "a"(0x200000) : "memory");
	__asm__ volatile("stgi" : : : "memory");
	__asm__ volatile("clgi" : : : "memory");
	__asm__ volatile("invlpga %%rax, %%ecx" : : "a"(0), "c"(0) : "memory");
}

void tiny_main(void)
{
	tiny_vector_set(13, refuse_2);
	probe_msrs(0, 0x2000);
	probe_msrs(0x40000000, 0x200);
	probe_msrs(0x4b564d00, 0x100);
	probe_msrs(0xc0000000, 0x2000);
	probe_msrs(0xc0010000, 0x2000);
	tiny_say("MSRs: %u refused", refused);
	refused = 0;
	probe_ports();
	tiny_say("ports: %u refused", refused);
	refused = 0;
	tiny_vector_set(6, refuse_3);
	tiny_vector_set(13, refuse_3);
	probe_svm();
	tiny_say("SVM: %u refused of 6", refused);
}
