/* SPDX-License-Identifier: BSD-2-Clause */
/* What the port asks of the machine; and the loop of each CPU. */
#include "admin.h"
#include "turn.h"
#include "vcpu.h"

#define CHARGE_NS  (200 * RATION_NS_PER_US)
#define VCPU_SLOTS (DOMAIN_MAX * DOMAIN_VCPU_MAX)

struct hv hv;
static struct vcpu *host_vcpu[VCPU_SLOTS];   /* by ration_vcpu_slot_of() */

void host_vcpu_set(struct vcpu *v)
{
	host_vcpu[ration_vcpu_slot_of(v->ration)] = v;
}

static struct vcpu *host_vcpu_of(const struct ration_vcpu *v)
{
	return host_vcpu[ration_vcpu_slot_of(v)];
}

/* ---- What the port asks for -------------------------------------------- */

static void host_lock(void *context)
{
	ration_lock_take(&((struct hv *)context)->port_lock);
}

static void host_unlock(void *context)
{
	ration_lock_release(&((struct hv *)context)->port_lock);
}

static ration_ns host_now(void *context)
{
	(void)context;
	return clock_now();
}

void host_kick(uint32_t c)
{
	if (c == cpu_self()->id)
		FLAG_SET(hv.cpu[c].leave, true);
	else
		apic_send(hv.cpu[c].apic_id, VECTOR_KICK);
}

static void host_port_kick(void *context, ration_cpu c)
{
	(void)context;
	host_kick(c);
}

static void host_timer(void *context, ration_cpu c, ration_ns at_ns)
{
	(void)context;
	hv.cpu[c].port_timer_ns = at_ns;
}

/* The port may decide twice before it lets the CPU go on: what was picked in between was
 * never loaded. */
static void host_save(void *context, ration_cpu c, struct ration_vcpu *v)
{
	struct cpu *cpu = &hv.cpu[c];

	(void)context;
	cpu->save_ns = clock_now();
	if (cpu->loaded != NULL && cpu->loaded->ration == v)
		svm_save(cpu, cpu->loaded);
}

static bool host_pending(void *context, struct ration_vcpu *v)
{
	(void)context;
	return vcpu_is_pending(host_vcpu_of(v));
}

void host_init(void)
{
	const struct ration_port_host host = { &hv, host_lock, host_unlock, host_now, host_port_kick,
	                                       host_timer, host_save, host_pending };

	ration_port_init(&hv.port, &host, hv.ration, &hv.config);
}

/* ---- The loop ---------------------------------------------------------- */

static void host_idle(struct cpu *cpu)
{
	turn_give(cpu);
	timer_arm(cpu, NULL);
	if (!FLAG_GET(cpu->leave))
		interrupts_wait();
}

static struct vcpu *host_load(struct cpu *cpu, const struct ration_vcpu *v)
{
	struct vcpu *next = host_vcpu_of(v);

	if (cpu->loaded != next)
		svm_load(cpu, next);
	return next;
}

/*
 * A guest that blocked or yielded pays for the switch, from its save to here, which
 * is in nobody's running time: however often it does that, the others get their due.
 * Booked in pieces, each of which is a verb in the log.
 */
static void host_charge(struct cpu *cpu, struct domain *d)
{
	struct ration_effects fx = { 0, RATION_NEVER };
	ration_ns ns = clock_now() - cpu->save_ns, now;

	ns += __atomic_fetch_add(&d->owed_ns, ns, __ATOMIC_SEQ_CST);
	if (ns < CHARGE_NS)
		return;
	now = ration_port_begin(&hv.port, cpu->id);
	ns = __atomic_exchange_n(&d->owed_ns, 0, __ATOMIC_SEQ_CST);
	fx.expire_ns = hv.port.expire_ns;
	if (d->ration != NULL && ns != 0)
		ration_record_dom_charge(&hv.port.record, d->ration, ns, RATION_HELPER_EMULATOR, now,
		                         &fx);
	ration_port_end(&hv.port, &fx);
}

/* What runs next, after `exit`.  Who runs because another one named it does not name the
 * next: else two that name each other would never let a third one run. */
static struct ration_vcpu *host_decide(struct cpu *cpu, struct ration_port_exit exit)
{
	struct vcpu *before = exit.why != RATION_EXIT_NONE ? cpu->loaded : NULL;
	struct domain *d = before != NULL ? before->dom : NULL;
	struct ration_vcpu *v;

	if (exit.why == RATION_EXIT_YIELD_TO && cpu->is_named)
		exit.why = RATION_EXIT_YIELD;
	v = ration_port_run(&hv.port, cpu->id, exit);
	if (cpu->loaded == NULL || cpu->loaded->ration != v)
		cpu->is_named = exit.why == RATION_EXIT_YIELD_TO && v == exit.other;
	if (d != NULL && cpu->loaded != before)
		host_charge(cpu, d);
	return v;
}

static void host_stand(struct cpu *cpu)
{
	turn_give(cpu);
	FLAG_SET(cpu->stands, true);
	halt_for_ever();
}

void host_run(struct cpu *cpu)
{
	struct ration_port_exit exit = { RATION_EXIT_NONE, NULL };
	struct ration_vcpu *v;

	for (;;) {
		FLAG_SET(cpu->leave, false);
		if (FLAG_GET(hv.stop))
			host_stand(cpu);
		timer_expire(cpu, clock_now());
		v = host_decide(cpu, exit);
		exit = (struct ration_port_exit){ RATION_EXIT_NONE, NULL };
		if (FLAG_GET(hv.work) != 0 || (cpu->id == 0 && clock_now() >= admin_next())) {
			admin_work();
			/* It may have taken long, or what runs here away. */
			if (FLAG_GET(cpu->leave))
				continue;
		}
		if (v != NULL)
			exit = vcpu_run(cpu, host_load(cpu, v));
		else
			host_idle(cpu);
	}
}
