/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU on a CPU: what it wants, its interrupts, its exits. */
#include "vcpu.h"

#include "domain.h"
#include "text.h"
#include "turn.h"

/*
 * A guest that executed so many PAUSEs, each soon after the one before, spins: it yields.
 * Where it is back at once, since nobody else could run, its PAUSEs are let be until the
 * next interrupt: each look at one costs an exit.
 */
#define SPIN_COUNT 6u
#define SPIN_NS    (20 * RATION_NS_PER_US)

/* A vCPU that has just begun to run does not give up: switches, for whom one after the
 * other yields, would take more of the CPU than they do. */
#define YIELD_LEAST_NS (1 * RATION_NS_PER_MS)

static const struct ration_port_exit go_on = { RATION_EXIT_NONE, NULL };

/* ---- From other CPUs --------------------------------------------------- */

void vcpu_notify(struct vcpu *v)
{
	uint32_t c;

	if (FLAG_GET(v->sleeping)) {
		ration_port_wake(&hv.port, cpu_self()->id, v->ration);
		return;
	}
	c = FLAG_GET(v->on_cpu);
	if (c != RATION_CPU_NONE && c != cpu_self()->id)
		host_kick(c);
}

void vcpu_want(struct vcpu *v, uint32_t want)
{
	(void)__atomic_fetch_or(&v->want, want, __ATOMIC_SEQ_CST);
	vcpu_notify(v);
}

bool vcpu_is_pending(const struct vcpu *v)
{
	uint32_t want = FLAG_GET(v->want);

	if (v->waits_for_sipi)
		return (want & (WANT_INIT | WANT_SIPI)) != 0;
	if (!v->halted || (want & (WANT_INIT | WANT_NMI | WANT_KICK)) != 0)
		return true;
	if ((v->vmcb->rflags & RFLAGS_IF) == 0)
		return false;
	return vapic_pending(v) != 0 || clock_now() >= v->apic.fire_ns;
}

/* ---- Before it runs ---------------------------------------------------- */

static void vcpu_init(struct vcpu *v)
{
	svm_reset(v);
	v->waits_for_sipi = true;
}

static void vcpu_sipi(struct vcpu *v)
{
	uint32_t page = FLAG_GET(v->sipi_page) & 0xFF;

	if (!v->waits_for_sipi)
		return;
	v->waits_for_sipi = false;
	v->vmcb->cs.selector = (uint16_t)(page << 8);
	v->vmcb->cs.base = page << 12;
	v->vmcb->rip = 0;
}

/*
 * What others wanted of it, in the order in which it can have been meant.  A kick that
 * finds it running is kept for its next HLT: it may just have made up its mind.
 */
static void vcpu_wants(struct vcpu *v)
{
	uint32_t want = FLAG_GET(v->want), take = WANT_INIT | WANT_SIPI;

	if (v->halted)
		take |= WANT_KICK;
	if ((want & take) == 0)
		return;
	want = __atomic_fetch_and(&v->want, ~take, __ATOMIC_SEQ_CST) & take;
	if ((want & WANT_INIT) != 0)
		vcpu_init(v);
	if ((want & WANT_SIPI) != 0)
		vcpu_sipi(v);
	if ((want & WANT_KICK) != 0)
		v->halted = false;
}

/* An NMI goes before interrupts, and not into another one. */
static void vcpu_inject_nmi(struct vcpu *v)
{
	if ((FLAG_GET(v->want) & WANT_NMI) == 0 || v->in_nmi)
		return;
	(void)__atomic_fetch_and(&v->want, ~WANT_NMI, __ATOMIC_SEQ_CST);
	v->vmcb->inject = EVENT_VALID | EVENT_NMI;
	v->vmcb->intercept3 |= INTERCEPT_IRET;
	v->in_nmi = true;
}

/*
 * The highest interrupt is offered: the processor delivers it as soon as the guest takes
 * one, with no exit.  It is not injected as an event: QEMU's emulator delivers those a
 * second time where its own loop is left before the next exit, wherever the guest is then.
 */
static void vcpu_offer(struct vcpu *v)
{
	struct vmcb *b = v->vmcb;
	uint32_t vector;

	/* The guest writes CR8 without an exit. */
	if ((b->virtual_interrupt & VIRTUAL_TPR) != v->apic.tpr >> 4)
		v->apic.tpr = (uint32_t)(b->virtual_interrupt & VIRTUAL_TPR) << 4;
	if ((b->inject & EVENT_VALID) == 0)
		vcpu_inject_nmi(v);
	vector = vapic_pending(v);
	b->virtual_interrupt &= VIRTUAL_TPR | VIRTUAL_MASKING;
	if (vector != 0)
		b->virtual_interrupt |= VIRTUAL_IRQ | (uint64_t)(vector >> 4) << VIRTUAL_PRIORITY |
		                        (uint64_t)vector << VIRTUAL_VECTOR;
	v->offered = vector;
}

/* The guest has left: did it take what was offered?  Not where it left on the way there. */
static void vcpu_offered(struct vcpu *v)
{
	if (v->offered != 0 && (v->vmcb->virtual_interrupt & VIRTUAL_IRQ) == 0 &&
	    !svm_is_interrupt(v->vmcb->exit_event))
		vapic_take(v, v->offered);
	v->offered = 0;
}

/* ---- Exits ------------------------------------------------------------- */

static struct ration_port_exit vcpu_msr(struct vcpu *v)
{
	struct vmcb *b = v->vmcb;
	uint32_t msr = (uint32_t)v->reg[1];
	uint64_t value = (v->reg[2] << 32) | (uint32_t)b->rax;
	bool is_write = (b->exit_info1 & 1) != 0;
	bool good = is_write ? msr_set(v, msr, value) : msr_get(v, msr, &value);

	if (!good) {
		svm_exception(v, EXCEPTION_GP, true);
		return go_on;
	}
	if (!is_write) {
		b->rax = (uint32_t)value;
		v->reg[2] = value >> 32;
	}
	svm_skip(v, 2);
	return go_on;
}

/* Bits of exit_info1: 0 in, 2 string, 4 to 6 size, 16 on port.  exit_info2: the next RIP. */
static struct ration_port_exit vcpu_io(struct vcpu *v)
{
	struct vmcb *b = v->vmcb;
	uint32_t size = b->exit_info1 >> 4 & 7, value;
	uint16_t port = (uint16_t)(b->exit_info1 >> 16);

	/* Strings: no device here takes them. */
	if ((b->exit_info1 & 4) != 0) {
		svm_exception(v, EXCEPTION_GP, true);
		return go_on;
	}
	if ((b->exit_info1 & 1) == 0) {
		value = (uint32_t)b->rax & (uint32_t)((1ull << size * 8) - 1);
		ioport_write(v, port, size, value);
	} else {
		value = ioport_read(v, port, size);
		if (size == 4)
			b->rax = value;
		else
			memcpy(&b->rax, &value, size);
	}
	b->rip = b->exit_info2;
	b->shadow &= ~1ull;
	return go_on;
}

static struct ration_port_exit vcpu_pause(struct cpu *cpu, struct vcpu *v)
{
	ration_ns now = clock_now();

	svm_skip(v, 2);
	v->pause_count = now - v->pause_ns < SPIN_NS ? v->pause_count + 1 : 0;
	v->pause_ns = now;
	if (v->pause_count < SPIN_COUNT)
		return go_on;
	v->pause_count = 0;
	if (!turn_yield(cpu))
		v->vmcb->intercept3 &= ~INTERCEPT_PAUSE;
	return (struct ration_port_exit){ RATION_EXIT_YIELD, NULL };
}

static struct ration_port_exit vcpu_nested_fault(struct vcpu *v)
{
	uint64_t gpa = v->vmcb->exit_info2;

	if (!npt_fault(v->dom, gpa)) {
		say("%s: vCPU %u at %lx touches %lx, where nothing is", v->dom->config.name, v->idx,
		    v->vmcb->rip, gpa);
		domain_end(v->dom, DOMAIN_ENDS, "no memory there");
	}
	return go_on;
}

static struct ration_port_exit vcpu_down(struct vcpu *v)
{
	say("%s: vCPU %u shuts down at %lx", v->dom->config.name, v->idx, v->vmcb->rip);
	domain_end(v->dom, DOMAIN_RESETS, "triple fault");
	return go_on;
}

static struct ration_port_exit vcpu_odd(struct vcpu *v)
{
	say("%s: vCPU %u at %lx leaves for an unknown reason: %lx %lx %lx", v->dom->config.name,
	    v->idx, v->vmcb->rip, v->vmcb->exit_code, v->vmcb->exit_info1, v->vmcb->exit_info2);
	domain_end(v->dom, DOMAIN_ENDS, "unknown exit");
	return go_on;
}

static struct ration_port_exit vcpu_exit_rare(struct vcpu *v)
{
	switch (v->vmcb->exit_code) {
	case SVM_EXIT_EXCEPTION + EXCEPTION_DB:
		svm_exception(v, EXCEPTION_DB, false);
		return go_on;
	case SVM_EXIT_EXCEPTION + EXCEPTION_AC:
		svm_exception(v, EXCEPTION_AC, true);
		return go_on;
	case SVM_EXIT_IRET:
		v->in_nmi = false;
		v->vmcb->intercept3 &= ~INTERCEPT_IRET;
		return go_on;
	case SVM_EXIT_INVD:
	case SVM_EXIT_WBINVD:
		svm_skip(v, 2);
		return go_on;
	case SVM_EXIT_RDPMC:
	case SVM_EXIT_XSETBV:
		svm_exception(v, EXCEPTION_GP, true);
		return go_on;
	case SVM_EXIT_INVLPGA:
	case SVM_EXIT_VMRUN:
	case SVM_EXIT_VMLOAD:
	case SVM_EXIT_VMSAVE:
	case SVM_EXIT_STGI:
	case SVM_EXIT_CLGI:
	case SVM_EXIT_SKINIT:
	case SVM_EXIT_MONITOR:
	case SVM_EXIT_MWAIT:
	case SVM_EXIT_MWAIT_ARMED:
		svm_exception(v, EXCEPTION_UD, false);
		return go_on;
	case SVM_EXIT_DOWN:
		return vcpu_down(v);
	default:
		return vcpu_odd(v);
	}
}

static struct ration_port_exit vcpu_exit(struct cpu *cpu, struct vcpu *v)
{
	switch (v->vmcb->exit_code) {
	case SVM_EXIT_INTR:
	case SVM_EXIT_NMI:
	case SVM_EXIT_SMI:
	case SVM_EXIT_INIT:
		v->vmcb->intercept3 |= INTERCEPT_PAUSE;
		return go_on;
	case SVM_EXIT_MSR:
		return vcpu_msr(v);
	case SVM_EXIT_IO:
		return vcpu_io(v);
	case SVM_EXIT_CPUID:
		cpuid_exit(v);
		return go_on;
	case SVM_EXIT_HLT:
		svm_skip(v, 1);
		v->halted = true;
		return go_on;
	case SVM_EXIT_PAUSE:
		return vcpu_pause(cpu, v);
	case SVM_EXIT_VMMCALL:
		return hypercall_exit(cpu, v);
	case SVM_EXIT_NESTED_FAULT:
		return vcpu_nested_fault(v);
	default:
		return vcpu_exit_rare(v);
	}
}

/* ---- The loop ---------------------------------------------------------- */

/* Nothing for it to do?  It says that it sleeps before it looks for the last time. */
static bool vcpu_sleeps(struct vcpu *v)
{
	if (!v->waits_for_sipi && !v->halted)
		return false;
	FLAG_SET(v->sleeping, true);
	if (!vcpu_is_pending(v))
		return true;
	FLAG_SET(v->sleeping, false);
	return false;
}

static struct ration_port_exit vcpu_go(struct cpu *cpu, struct vcpu *v)
{
	struct ration_port_exit exit = go_on;

	while (exit.why == RATION_EXIT_NONE && FLAG_GET(v->dom->state) == DOMAIN_LIVES) {
		vcpu_wants(v);
		if (v->apic.fire_ns != RATION_NEVER)
			vapic_timer_check(v, clock_now());
		if (vcpu_sleeps(v))
			return (struct ration_port_exit){ RATION_EXIT_BLOCK, NULL };
		if (v->waits_for_sipi)
			continue;
		if (!turn_take(cpu))
			break;
		vcpu_offer(v);
		v->halted = false;
		timer_arm(cpu, v);
		if (FLAG_GET(cpu->leave))
			break;
		svm_run(cpu, v);
		vcpu_offered(v);
		exit = vcpu_exit(cpu, v);
		if (exit.why != RATION_EXIT_NONE && clock_now() < cpu->load_ns + YIELD_LEAST_NS)
			exit = go_on;
	}
	return exit;
}

struct ration_port_exit vcpu_run(struct cpu *cpu, struct vcpu *v)
{
	struct ration_port_exit exit;

	FLAG_SET(v->sleeping, false);
	FLAG_SET(v->on_cpu, cpu->id);
	exit = vcpu_go(cpu, v);
	FLAG_SET(v->on_cpu, RATION_CPU_NONE);
	return exit;
}
