/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers of vCPUs that sleep: a list for each CPU, of those that fell asleep there, the
 * earliest first.  Whoever runs has its timer beside the CPU's own; whoever only waits
 * for a CPU looks when it gets one.
 */
#include "admin.h"
#include "turn.h"
#include "vcpu.h"

void timer_add(struct cpu *cpu, struct vcpu *v)
{
	struct vcpu **at;

	if (v->apic.fire_ns == RATION_NEVER)
		return;
	ration_lock_take(&cpu->timer_lock);
	for (at = &cpu->timer_first; *at != NULL; at = &(*at)->timer_next)
		if ((*at)->apic.fire_ns > v->apic.fire_ns)
			break;
	v->timer_next = *at;
	*at = v;
	FLAG_SET(v->timer_cpu, cpu->id);
	ration_lock_release(&cpu->timer_lock);
}

void timer_remove(struct vcpu *v)
{
	uint32_t c = FLAG_GET(v->timer_cpu);
	struct vcpu **at;

	if (c == RATION_CPU_NONE)
		return;
	ration_lock_take(&hv.cpu[c].timer_lock);
	for (at = &hv.cpu[c].timer_first; *at != NULL && *at != v; at = &(*at)->timer_next)
		;
	if (*at == v)
		*at = v->timer_next;
	FLAG_SET(v->timer_cpu, RATION_CPU_NONE);
	ration_lock_release(&hv.cpu[c].timer_lock);
}

/* The lock is held over the wake: who takes a vCPU away comes by here first. */
void timer_expire(struct cpu *cpu, ration_ns now)
{
	struct vcpu *v;

	ration_lock_take(&cpu->timer_lock);
	while ((v = cpu->timer_first) != NULL && v->apic.fire_ns <= now) {
		cpu->timer_first = v->timer_next;
		FLAG_SET(v->timer_cpu, RATION_CPU_NONE);
		ration_port_wake(&hv.port, cpu->id, v->ration);
	}
	ration_lock_release(&cpu->timer_lock);
}

void timer_arm(struct cpu *cpu, const struct vcpu *v)
{
	ration_ns at = cpu->port_timer_ns, now, admin;

	ration_lock_take(&cpu->timer_lock);
	if (cpu->timer_first != NULL && cpu->timer_first->apic.fire_ns < at)
		at = cpu->timer_first->apic.fire_ns;
	ration_lock_release(&cpu->timer_lock);
	if (v != NULL && v->apic.fire_ns < at)
		at = v->apic.fire_ns;
	if (v != NULL && v->look_ns < at)
		at = v->look_ns;
	if (v != NULL && turn_end(cpu) < at)
		at = turn_end(cpu);
	admin = cpu->id == 0 ? admin_next() : RATION_NEVER;
	at = admin < at ? admin : at;
	if (at == cpu->armed_ns)
		return;
	cpu->armed_ns = at;
	now = clock_now();
	apic_timer(at == RATION_NEVER ? RATION_NEVER : at > now ? at - now : 0);
}
