/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's local APIC in x2APIC mode: MSRs 0x800..0x83F, each intercepted.  (Intel's
 * Software Developer's Manual, volume 3, chapter 11.)
 *
 * IRR is the only part that others write to: one atomic bit at a time.
 */
#include "text.h"
#include "vcpu.h"

#define MSR_BASE       0x800u
#define REG_ID         0x02u
#define REG_VERSION    0x03u
#define REG_TPR        0x08u
#define REG_PPR        0x0Au
#define REG_EOI        0x0Bu
#define REG_LDR        0x0Du
#define REG_SVR        0x0Fu
#define REG_ISR        0x10u
#define REG_TMR        0x18u
#define REG_IRR        0x20u
#define REG_ESR        0x28u
#define REG_ICR        0x30u
#define REG_LVT        0x32u
#define REG_COUNT      0x38u
#define REG_NOW        0x39u
#define REG_DIVIDE     0x3Eu
#define REG_SELF       0x3Fu

#define APIC_VERSION   0x00050014u     /* six LVT entries */
#define SVR_ENABLED    (1u << 8)
#define LVT_MASKED     (1u << 16)
#define LVT_MODE       (3u << 17)
#define LVT_PERIODIC   (1u << 17)
#define LVT_DEADLINE   (2u << 17)
#define ICR_LOGICAL    (1u << 11)
#define MODE_FIXED     0u
#define MODE_LOWEST    1u
#define MODE_NMI       4u
#define MODE_INIT      5u
#define MODE_SIPI      6u

void vapic_reset(struct vcpu *v)
{
	struct vapic *a = &v->apic;
	uint32_t i;

	memset(a, 0, sizeof(*a));
	a->svr = 0xFF;
	for (i = 0; i < 6; i++)
		a->lvt[i] = LVT_MASKED;
	a->fire_ns = RATION_NEVER;
}

/* ---- Interrupts -------------------------------------------------------- */

static uint32_t vapic_highest(const uint32_t set[8])
{
	uint32_t i = 8, word;

	while (i-- != 0) {
		word = __atomic_load_n(&set[i], __ATOMIC_SEQ_CST);
		if (word != 0)
			return i * 32 + 31 - (uint32_t)__builtin_clz(word);
	}
	return 0;
}

static uint32_t vapic_ppr(const struct vcpu *v)
{
	uint32_t serviced = vapic_highest(v->apic.isr) & 0xF0, tpr = v->apic.tpr;

	return (tpr & 0xF0) >= serviced ? tpr : serviced;
}

void vapic_raise(struct vcpu *v, uint32_t vector)
{
	if (vector >= 16)
		(void)__atomic_fetch_or(&v->apic.irr[vector / 32], 1u << vector % 32, __ATOMIC_SEQ_CST);
}

uint32_t vapic_pending(const struct vcpu *v)
{
	uint32_t vector = vapic_highest(v->apic.irr);

	return (vector & 0xF0) > (vapic_ppr(v) & 0xF0) ? vector : 0;
}

void vapic_take(struct vcpu *v, uint32_t vector)
{
	(void)__atomic_fetch_and(&v->apic.irr[vector / 32], ~(1u << vector % 32), __ATOMIC_SEQ_CST);
	v->apic.isr[vector / 32] |= 1u << vector % 32;
}

static void vapic_eoi(struct vcpu *v)
{
	uint32_t vector = vapic_highest(v->apic.isr);

	v->apic.isr[vector / 32] &= ~(1u << vector % 32);
}

/* ---- The timer --------------------------------------------------------- */

void vapic_timer_check(struct vcpu *v, ration_ns now)
{
	struct vapic *a = &v->apic;

	if (now < a->fire_ns)
		return;
	if ((a->lvt[LVT_TIMER] & LVT_MASKED) == 0)
		vapic_raise(v, a->lvt[LVT_TIMER] & 0xFF);
	a->deadline_tsc = 0;
	if (a->period_ns == 0)
		a->fire_ns = RATION_NEVER;
	else
		a->fire_ns += ((now - a->fire_ns) / a->period_ns + 1) * a->period_ns;
}

void vapic_deadline_set(struct vcpu *v, uint64_t tsc)
{
	struct vapic *a = &v->apic;

	if ((a->lvt[LVT_TIMER] & LVT_MODE) != LVT_DEADLINE)
		return;
	a->deadline_tsc = tsc;
	a->period_ns = 0;
	a->fire_ns = RATION_NEVER;
	/* A time that cannot come for centuries is none. */
	if (tsc != 0 && tsc < (uint64_t)1 << 62)
		a->fire_ns = clock_of_tsc(tsc + v->dom->tsc_begin);
}

/* Divide configuration: bits 0, 1 and 3; the timer counts ns. */
static uint32_t vapic_divider(const struct vapic *a)
{
	uint32_t code = (a->divide & 3) | (a->divide >> 1 & 4);

	return code == 7 ? 1 : 2u << code;
}

static void vapic_count_set(struct vapic *a, uint64_t count)
{
	uint64_t ns = count * vapic_divider(a);

	if ((a->lvt[LVT_TIMER] & LVT_MODE) == LVT_DEADLINE)
		return;
	a->count = count;
	a->period_ns = (a->lvt[LVT_TIMER] & LVT_PERIODIC) != 0 ? ns : 0;
	/* No period is shorter than what it takes to handle it. */
	if (a->period_ns != 0 && a->period_ns < 10 * RATION_NS_PER_US)
		a->period_ns = 10 * RATION_NS_PER_US;
	a->fire_ns = count != 0 ? clock_now() + ns : RATION_NEVER;
}

static uint64_t vapic_count_now(const struct vapic *a)
{
	ration_ns now = clock_now();

	if (a->fire_ns == RATION_NEVER || a->fire_ns <= now ||
	    (a->lvt[LVT_TIMER] & LVT_MODE) == LVT_DEADLINE)
		return 0;
	return (a->fire_ns - now) / vapic_divider(a);
}

static void vapic_lvt_set(struct vapic *a, uint32_t i, uint32_t value)
{
	if (i == LVT_TIMER && ((value ^ a->lvt[i]) & LVT_MODE) != 0) {
		a->fire_ns = RATION_NEVER;
		a->period_ns = 0;
		a->deadline_tsc = 0;
	}
	a->lvt[i] = value;
}

/* ---- Interrupts to others ---------------------------------------------- */

bool vapic_send(struct domain *d, uint32_t id, uint32_t mode, uint32_t vector)
{
	struct vcpu *v;

	if (id >= d->config.vcpu_count)
		return false;
	v = d->vcpu[id];
	if (mode == MODE_FIXED || mode == MODE_LOWEST) {
		vapic_raise(v, vector);
		vcpu_notify(v);
	} else if (mode == MODE_NMI) {
		vcpu_want(v, WANT_NMI);
	} else if (mode == MODE_INIT) {
		vcpu_want(v, WANT_INIT);
	} else if (mode == MODE_SIPI) {
		FLAG_SET(v->sipi_page, vector);
		vcpu_want(v, WANT_SIPI);
	}
	return true;
}

/* Logical ids of x2APIC: the cluster above, one bit for each of its sixteen below. */
static bool vapic_is_logical(uint32_t id, uint32_t destination)
{
	return destination >> 16 == id >> 4 && (destination >> (id & 15) & 1) != 0;
}

/* Is APIC `id` meant?  Shorthand 0: by its id; 1 self; 2 all; 3 all but self. */
static bool vapic_is_meant(const struct vcpu *v, uint32_t id, uint64_t icr)
{
	uint32_t destination = (uint32_t)(icr >> 32);

	switch (icr >> 18 & 3) {
	case 1:
		return id == v->idx;
	case 2:
		return true;
	case 3:
		return id != v->idx;
	default:
		if (destination == UINT32_MAX)
			return true;
		return (icr & ICR_LOGICAL) != 0 ? vapic_is_logical(id, destination) :
		                                  id == destination;
	}
}

static void vapic_icr_set(struct vcpu *v, uint64_t icr)
{
	uint32_t mode = icr >> 8 & 7, i;

	v->apic.icr = icr;
	/* INIT level de-assert: nothing since the Pentium 4. */
	if (mode == MODE_INIT && (icr & 0xC000) == 0x8000)
		return;
	for (i = 0; i < v->dom->config.vcpu_count; i++) {
		if (!vapic_is_meant(v, i, icr))
			continue;
		(void)vapic_send(v->dom, i, mode, (uint32_t)icr & 0xFF);
		if (mode == MODE_LOWEST)
			return;
	}
}

/* ---- Registers --------------------------------------------------------- */

bool vapic_get(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	const struct vapic *a = &v->apic;
	uint32_t reg = msr - MSR_BASE;

	*value = 0;
	if (reg >= REG_ISR && reg < REG_ISR + 8)
		*value = a->isr[reg - REG_ISR];
	else if (reg >= REG_TMR && reg < REG_TMR + 8)
		*value = 0;
	else if (reg >= REG_IRR && reg < REG_IRR + 8)
		*value = __atomic_load_n(&a->irr[reg - REG_IRR], __ATOMIC_SEQ_CST);
	else if (reg >= REG_LVT && reg < REG_LVT + 6)
		*value = a->lvt[reg - REG_LVT];
	else if (reg == REG_ID)
		*value = v->idx;
	else if (reg == REG_VERSION)
		*value = APIC_VERSION;
	else if (reg == REG_TPR)
		*value = a->tpr;
	else if (reg == REG_PPR)
		*value = vapic_ppr(v);
	else if (reg == REG_LDR)
		*value = (uint64_t)(v->idx >> 4) << 16 | 1u << (v->idx & 15);
	else if (reg == REG_SVR)
		*value = a->svr;
	else if (reg == REG_ICR)
		*value = a->icr;
	else if (reg == REG_COUNT)
		*value = a->count;
	else if (reg == REG_NOW)
		*value = vapic_count_now(a);
	else if (reg == REG_DIVIDE)
		*value = a->divide;
	else if (reg != REG_ESR)
		return false;
	return true;
}

static void vapic_tpr_set(struct vcpu *v, uint64_t value)
{
	v->apic.tpr = (uint32_t)value;
	v->vmcb->virtual_interrupt = (v->vmcb->virtual_interrupt & ~VIRTUAL_TPR) | value >> 4;
}

bool vapic_set(struct vcpu *v, uint32_t msr, uint64_t value)
{
	struct vapic *a = &v->apic;
	uint32_t reg = msr - MSR_BASE;

	if (reg != REG_ICR && value > UINT32_MAX)
		return false;
	if (reg >= REG_LVT && reg < REG_LVT + 6)
		vapic_lvt_set(a, reg - REG_LVT, (uint32_t)value);
	else if (reg == REG_TPR && value <= 0xFF)
		vapic_tpr_set(v, value);
	else if (reg == REG_EOI && value == 0)
		vapic_eoi(v);
	else if (reg == REG_SVR)
		a->svr = (uint32_t)value & 0x1FF;
	else if (reg == REG_ICR)
		vapic_icr_set(v, value);
	else if (reg == REG_COUNT)
		vapic_count_set(a, value);
	else if (reg == REG_DIVIDE)
		a->divide = (uint32_t)value & 0xB;
	else if (reg == REG_SELF)
		vapic_raise(v, (uint32_t)value & 0xFF);
	else if (reg != REG_ESR)
		return false;
	return true;
}
