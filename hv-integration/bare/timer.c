/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers of vCPUs that sleep: a list for each CPU, of those that fell asleep there, the
 * earliest first.  Whoever runs has its timer beside the CPU's own; whoever only waits
 * for a CPU looks when it gets one.
 *
 * THE HEARTBEAT.  Under `qemu -icount` CPUs take turns in one thread: one runs until the
 * next timer of any of them, and the same one may go on after that, whoever else has
 * something to do.  So each CPU that runs a guest has an interrupt of its own in each
 * 1/hv_heartbeat s, each at another moment, and executes a PAUSE before it decides,
 * which ends its turn: turns are short, and everybody has one.
 */
#include "admin.h"
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

/* CPU c of n beats at (k + c/n) periods.  No sum of times can wrap. */
static ration_ns timer_beat(struct cpu *cpu)
{
	ration_ns period = hv.heartbeat_ns, phase = period * cpu->id / hv.cpu_count, now;

	if (period == 0 || hv.cpu_count == 1)
		return RATION_NEVER;
	if (cpu->armed_ns == RATION_NEVER) {
		now = clock_now() + period - phase;
		cpu->beat_ns = (now / period + 1) * period - (period - phase);
	}
	return cpu->beat_ns;
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
	if (v != NULL && timer_beat(cpu) < at)
		at = cpu->beat_ns;
	admin = cpu->id == 0 ? admin_next() : RATION_NEVER;
	at = admin < at ? admin : at;
	if (at == cpu->armed_ns)
		return;
	cpu->armed_ns = at;
	now = clock_now();
	apic_timer(at == RATION_NEVER ? RATION_NEVER : at > now ? at - now : 0);
}
