/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of calls on real CPUs.
 *
 * `kicked` are the CPUs that the library wants to decide; `sent` those whose
 * kick is under way, so that one is not sent twice.  A CPU takes itself out of
 * both when it comes to ration_port_run().
 */
#include "ration_policy.h"
#include "ration_port.h"

/* Decisions that one visit may make because the last one asked for another. */
#define PORT_ROUNDS_MAX 8

void ration_port_init(struct ration_port *p, const struct ration_port_host *host,
                      struct ration *instance, const struct ration_config *config)
{
	ration_cpu c;

	__builtin_memset(p, 0, sizeof *p);
	ration_record_init(&p->record, instance, config);
	p->host = *host;
	p->now_ns = ration_now(instance);
	p->expire_ns = RATION_NEVER;
	for (c = 0; c < RATION_CPU_MAX; c++)
		p->cpu[c].until_ns = p->cpu[c].timer_ns = RATION_NEVER;
}

/* ---- The lock ---------------------------------------------------------- */

static ration_ns port_now(struct ration_port *p)
{
	ration_ns now = p->host.now(p->host.context);

	if (now > p->now_ns)
		p->now_ns = now;
	return p->now_ns;
}

static ration_ns port_lock(struct ration_port *p, ration_cpu c)
{
	p->host.lock(p->host.context);
	p->record.from = c;
	return port_now(p);
}

/* The kicks that are due, but for one to `c`, which looks after itself. */
static ration_cpuset port_kicks(struct ration_port *p, ration_cpu c)
{
	ration_cpuset kicks = p->kicked & ~p->sent;

	if (c != RATION_CPU_NONE)
		kicks &= ~ration_cpuset_of(c);
	p->sent |= kicks;
	return kicks;
}

static void port_unlock(struct ration_port *p, ration_cpuset kicks)
{
	p->host.unlock(p->host.context);
	for (; kicks != 0; kicks = ration_cpuset_rest(kicks))
		p->host.kick(p->host.context, ration_cpuset_first(kicks));
}

/* ---- Effects ----------------------------------------------------------- */

void ration_port_effects(struct ration_port *p, const struct ration_effects *fx)
{
	p->kicked |= fx->resched;
	p->expire_ns = fx->expire_ns;
}

/* Some CPU's timer must see to expire_ns: `c`'s where it is about to set it,
 * else the one that did so last, which is told if it does not know yet. */
static ration_cpuset port_expirer(struct ration_port *p, ration_cpu c)
{
	ration_cpuset online = ration_cpu_online(p->record.instance);

	if (p->expire_ns == RATION_NEVER || online == 0)
		return 0;
	if (ration_cpuset_has(online, p->expirer) && p->cpu[p->expirer].timer_ns <= p->expire_ns)
		return 0;
	if (c != RATION_CPU_NONE && ration_cpuset_has(online, c)) {
		p->expirer = c;
		return 0;
	}
	if (!ration_cpuset_has(online, p->expirer))
		p->expirer = ration_cpuset_first(online);
	if (ration_cpuset_has(p->sent, p->expirer))
		return 0;
	p->sent |= ration_cpuset_of(p->expirer);
	return ration_cpuset_of(p->expirer);
}

/* ---- A CPU ------------------------------------------------------------- */

/* What the guest that ran on c asked for.  True: c has to decide. */
static bool port_exit(struct ration_port *p, struct ration_vcpu *v, struct ration_port_exit exit,
                      ration_ns now)
{
	struct ration_effects fx;

	if (v == NULL || exit.why == RATION_EXIT_NONE)
		return false;
	if (exit.why == RATION_EXIT_BLOCK)
		ration_record_block(&p->record, v, now, &fx);
	else if (exit.why == RATION_EXIT_YIELD_TO && exit.other != NULL)
		ration_record_yield_to(&p->record, v, exit.other, now, &fx);
	else
		ration_record_yield(&p->record, v, now, &fx);
	ration_port_effects(p, &fx);
	if (exit.why == RATION_EXIT_BLOCK && p->host.pending(p->host.context, v)) {
		ration_record_wake(&p->record, v, now, &fx);
		ration_port_effects(p, &fx);
	}
	return true;
}

/* c decides, and where that changes what it runs, the old context is saved:
 * with the lock free, since that takes long, and nobody else can have it yet. */
static ration_ns port_decide(struct ration_port *p, ration_cpu c, ration_ns now)
{
	struct ration_port_cpu *cpu = &p->cpu[c];
	struct ration_decision decision;
	struct ration_effects fx;

	p->kicked &= ~ration_cpuset_of(c);
	ration_record_decide(&p->record, c, now, &decision, &fx);
	ration_port_effects(p, &fx);
	cpu->until_ns = decision.until_ns;
	if (!decision.switched)
		return now;
	if (cpu->running != NULL) {
		port_unlock(p, port_kicks(p, c));
		p->host.save(p->host.context, c, cpu->running);
		now = port_lock(p, c);
	}
	cpu->running = decision.vcpu;
	ration_record_saved(&p->record, c, now, &fx);
	ration_port_effects(p, &fx);
	return now;
}

struct ration_vcpu *ration_port_run(struct ration_port *p, ration_cpu c,
                                    struct ration_port_exit exit)
{
	struct ration_port_cpu *cpu = &p->cpu[c];
	ration_ns now = port_lock(p, c), timer_ns = cpu->timer_ns;
	bool decide = port_exit(p, cpu->running, exit, now);
	struct ration_effects fx;
	ration_cpuset kicks;
	int round;

	p->sent &= ~ration_cpuset_of(c);
	if (now >= p->expire_ns) {
		ration_record_expire(&p->record, now, &fx);
		ration_port_effects(p, &fx);
	}
	decide = decide || now >= cpu->until_ns || ration_cpuset_has(p->kicked, c);
	for (round = 0; decide && round < PORT_ROUNDS_MAX; round++) {
		now = port_decide(p, c, now);
		decide = ration_cpuset_has(p->kicked, c);
	}
	/* Its own timer, or the library's too; at once where it is not done. */
	kicks = port_expirer(p, c);
	cpu->timer_ns = decide ? now : cpu->until_ns;
	if (p->expirer == c && p->expire_ns < cpu->timer_ns)
		cpu->timer_ns = p->expire_ns;
	port_unlock(p, kicks | port_kicks(p, c));
	/* Perhaps it was the timer, which is then no longer set. */
	if (exit.why == RATION_EXIT_NONE || cpu->timer_ns != timer_ns || timer_ns <= now)
		p->host.timer(p->host.context, c, cpu->timer_ns);
	return cpu->running;
}

/* ---- Anyone ------------------------------------------------------------ */

ration_ns ration_port_begin(struct ration_port *p, ration_cpu c)
{
	return port_lock(p, c);
}

void ration_port_end(struct ration_port *p, const struct ration_effects *fx)
{
	ration_cpuset kicks;

	if (fx != NULL)
		ration_port_effects(p, fx);
	kicks = port_expirer(p, RATION_CPU_NONE);
	port_unlock(p, kicks | port_kicks(p, RATION_CPU_NONE));
}

void ration_port_wake(struct ration_port *p, ration_cpu c, struct ration_vcpu *v)
{
	ration_ns now = port_lock(p, c);
	struct ration_effects fx;

	ration_record_wake(&p->record, v, now, &fx);
	ration_port_end(p, &fx);
}
