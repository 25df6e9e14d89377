/* SPDX-License-Identifier: BSD-2-Clause */
#include "quick_machine.h"

#include <stdlib.h>
#include <string.h>

#include "ration_credit.h"

bool quick_open(struct quick *q, struct ration_limits limits, struct ration_params params)
{
	static const struct ration_policy *const policies[] = {&ration_credit};
	struct ration_config config = {0};
	size_t size;

	memset(q, 0, sizeof *q);
	q->cpu_count = limits.cpu_count;
	q->expire_ns = RATION_NEVER;
	for (uint32_t c = 0; c < RATION_CPU_MAX; c++) {
		q->cpu[c].kick_at_ns = q->cpu[c].save_at_ns = q->cpu[c].until_ns = RATION_NEVER;
		q->episode_at_ns[c] = RATION_NEVER;
	}
	config.limits = limits;
	config.policies = policies;
	config.policy_count = 1;
	config.params = params;
	size = ration_size(policies, 1, &config.limits);
	q->memory = aligned_alloc(16, (size + 15) / 16 * 16);
	return q->memory != NULL && ration_init(q->memory, size, &config, 0, &q->r) == RATION_OK;
}

void quick_close(struct quick *q)
{
	free(q->memory);
	q->memory = NULL;
}

struct ration_dom *quick_dom_add(struct quick *q, const struct ration_attr *attr)
{
	struct ration_dom *d = NULL;

	if (ration_dom_admit(q->r, q->next_id++, attr, q->now, &q->fx, &d) != RATION_OK)
		return NULL;
	quick_take(q);
	return d;
}

struct quick_vcpu *quick_vcpu_add(struct quick *q, struct ration_dom *d, ration_cpuset hard,
                                  ration_ns run_ns, ration_ns sleep_ns)
{
	struct ration_affinity affinity = {hard, hard};
	struct ration_vcpu *vcpu = NULL;
	struct quick_vcpu *v;
	uint32_t idx = 0;

	for (struct ration_vcpu *u = ration_vcpu_first(d); u != NULL; u = ration_vcpu_next(u))
		idx = ration_vcpu_idx(u) + 1;
	if (ration_vcpu_admit(q->r, d, idx, affinity, q->now, &q->fx, &vcpu, NULL) != RATION_OK)
		return NULL;
	quick_take(q);
	v = &q->vcpu[ration_vcpu_slot_of(vcpu)];
	memset(v, 0, sizeof *v);
	v->vcpu = vcpu;
	v->hard = hard;
	v->run_ns = v->left_ns = run_ns;
	v->sleep_ns = sleep_ns;
	v->wake_at_ns = q->now;
	v->ready_at_ns = RATION_NEVER;
	q->sleeper[q->sleeper_count++] = ration_vcpu_slot_of(vcpu);
	return v;
}

void quick_take(struct quick *q)
{
	ration_ns at_ns = q->now + q->ipi_ns;

	for (ration_cpuset s = q->fx.resched; s != 0; s = ration_cpuset_rest(s)) {
		struct quick_cpu *cpu = &q->cpu[ration_cpuset_first(s)];

		if (at_ns < cpu->kick_at_ns)
			cpu->kick_at_ns = at_ns;
	}
	q->expire_ns = q->fx.expire_ns;
}

static struct quick_vcpu *quick_of(struct quick *q, const struct ration_vcpu *vcpu)
{
	return &q->vcpu[ration_vcpu_slot_of(vcpu)];
}

/* What the vCPU on c ran up to now. */
static void quick_settle(struct quick *q, struct quick_cpu *cpu)
{
	struct quick_vcpu *v;

	if (cpu->vcpu != NULL && cpu->save_at_ns == RATION_NEVER) {
		v = quick_of(q, cpu->vcpu);
		if (v->run_ns != 0)
			v->left_ns -= q->now - cpu->since_ns;
	}
	cpu->since_ns = q->now;
}

static void quick_saved(struct quick *q, ration_cpu c)
{
	struct quick_cpu *cpu = &q->cpu[c];
	struct quick_vcpu *v;

	cpu->save_at_ns = RATION_NEVER;
	cpu->since_ns = q->now;
	ration_cpu_saved(q->r, c, q->now, &q->fx);
	quick_take(q);
	if (cpu->vcpu == NULL)
		return;
	v = quick_of(q, cpu->vcpu);
	if (q->now - v->ready_at_ns > v->wait_max_ns)
		v->wait_max_ns = q->now - v->ready_at_ns;
	if (v->woke && v->wake != NULL)
		histogram_add(v->wake, q->now - v->ready_at_ns);
	v->ready_at_ns = RATION_NEVER;
	v->woke = false;
}

static void quick_decide(struct quick *q, ration_cpu c)
{
	struct quick_cpu *cpu = &q->cpu[c];
	struct ration_decision decision;
	struct quick_vcpu *v;

	quick_settle(q, cpu);
	cpu->kick_at_ns = RATION_NEVER;
	ration_decide(q->r, c, q->now, &decision, &q->fx);
	quick_take(q);
	cpu->until_ns = decision.until_ns;
	if (!decision.switched)
		return;
	if (cpu->vcpu != NULL) {
		v = quick_of(q, cpu->vcpu);
		if (v->wake_at_ns == RATION_NEVER && v->ready_at_ns == RATION_NEVER)
			v->ready_at_ns = q->now;
	}
	cpu->vcpu = decision.vcpu;
	cpu->save_at_ns = q->now + q->switch_ns;
	if (q->switch_ns == 0)
		quick_saved(q, c);
}

static void quick_block(struct quick *q, ration_cpu c)
{
	struct quick_vcpu *v = quick_of(q, q->cpu[c].vcpu);

	quick_settle(q, &q->cpu[c]);
	v->left_ns = v->run_ns;
	v->wake_at_ns = q->now + v->sleep_ns;
	ration_vcpu_block(q->r, v->vcpu, q->now, &q->fx);
	quick_take(q);
	quick_decide(q, c);
}

static void quick_wake(struct quick *q, struct quick_vcpu *v)
{
	v->wake_at_ns = RATION_NEVER;
	v->ready_at_ns = q->now;
	v->woke = true;
	ration_vcpu_wake(q->r, v->vcpu, q->now, &q->fx);
	quick_take(q);
}

/* ---- Idle CPUs --------------------------------------------------------- */

static ration_cpuset quick_wanted(const struct quick *q, ration_cpuset idle)
{
	ration_cpuset wanted = 0;

	for (uint32_t i = 0; idle != 0 && i < QUICK_VCPU_MAX; i++) {
		struct ration_vcpu_info info;

		if (q->vcpu[i].vcpu == NULL || q->vcpu[i].ready_at_ns == RATION_NEVER)
			continue;
		ration_vcpu_info_get(q->vcpu[i].vcpu, &info);
		if (info.state == RATION_STATE_WAITING && info.cause != RATION_WAIT_CAP &&
		    info.cause != RATION_WAIT_SWITCH)
			wanted |= info.affinity.hard & idle;
	}
	return wanted;
}

/* An episode lasts as long as the CPU is idle and somebody waits for it. */
static void quick_watch(struct quick *q)
{
	ration_cpuset idle = 0, wanted;

	for (uint32_t c = 0; c < q->cpu_count; c++)
		if (q->cpu[c].vcpu == NULL && q->cpu[c].save_at_ns == RATION_NEVER)
			idle |= (ration_cpuset)1 << c;
	wanted = quick_wanted(q, idle & ration_cpu_online(q->r));
	for (uint32_t c = 0; c < q->cpu_count; c++) {
		bool is = ration_cpuset_has(wanted, (ration_cpu)c);
		ration_ns lasted;

		if (is && q->episode_at_ns[c] == RATION_NEVER)
			q->episode_at_ns[c] = q->now;
		if (is || q->episode_at_ns[c] == RATION_NEVER)
			continue;
		lasted = q->now - q->episode_at_ns[c];
		q->episode_at_ns[c] = RATION_NEVER;
		q->episode_sum_ns += lasted;
		if (lasted > q->episode_max_ns)
			q->episode_max_ns = lasted;
	}
}

/* ---- Time -------------------------------------------------------------- */

enum quick_what { QUICK_NOTHING, QUICK_SAVE, QUICK_BLOCK, QUICK_DECIDE, QUICK_EXPIRE, QUICK_WAKE };

struct quick_due {
	ration_ns at_ns;
	enum quick_what what;
	uint32_t who;
};

static void quick_sooner(struct quick_due *due, ration_ns at_ns, enum quick_what what, uint32_t who)
{
	if (at_ns >= due->at_ns)
		return;
	due->at_ns = at_ns;
	due->what = what;
	due->who = who;
}

static struct quick_due quick_next(struct quick *q)
{
	struct quick_due due = {RATION_NEVER, QUICK_NOTHING, 0};

	for (uint32_t c = 0; c < q->cpu_count; c++) {
		const struct quick_cpu *cpu = &q->cpu[c];

		if (cpu->save_at_ns != RATION_NEVER) {
			quick_sooner(&due, cpu->save_at_ns, QUICK_SAVE, c);
			continue;
		}
		if (cpu->vcpu != NULL && quick_of(q, cpu->vcpu)->run_ns != 0)
			quick_sooner(&due, cpu->since_ns + quick_of(q, cpu->vcpu)->left_ns,
			             QUICK_BLOCK, c);
		quick_sooner(&due, cpu->kick_at_ns, QUICK_DECIDE, c);
		quick_sooner(&due, cpu->until_ns, QUICK_DECIDE, c);
	}
	quick_sooner(&due, q->expire_ns, QUICK_EXPIRE, 0);
	for (uint32_t i = 0; i < q->sleeper_count; i++)
		quick_sooner(&due, q->vcpu[q->sleeper[i]].wake_at_ns, QUICK_WAKE, q->sleeper[i]);
	return due;
}

/* Hogs have woken once and are asleep no more. */
static void quick_forget_hogs(struct quick *q)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < q->sleeper_count; i++) {
		const struct quick_vcpu *v = &q->vcpu[q->sleeper[i]];

		if (v->run_ns != 0 || v->wake_at_ns != RATION_NEVER)
			q->sleeper[kept++] = q->sleeper[i];
	}
	q->sleeper_count = kept;
}

static void quick_step(struct quick *q, struct quick_due due)
{
	if (due.at_ns > q->now) {
		q->now = due.at_ns;
		q->step_count = 0;
	}
	/* Two that displace each other for ever would do so at one instant. */
	RATION_ASSERT(q->step_count++ < 100000);
	switch (due.what) {
	case QUICK_SAVE:
		quick_saved(q, due.who);
		break;
	case QUICK_BLOCK:
		quick_block(q, due.who);
		break;
	case QUICK_DECIDE:
		quick_decide(q, due.who);
		break;
	case QUICK_EXPIRE:
		q->expire_ns = RATION_NEVER;
		ration_expire(q->r, q->now, &q->fx);
		quick_take(q);
		break;
	default:
		quick_wake(q, &q->vcpu[due.who]);
		if (q->vcpu[due.who].run_ns == 0)
			quick_forget_hogs(q);
		break;
	}
}

void quick_run(struct quick *q, ration_ns until)
{
	for (;;) {
		struct quick_due due = quick_next(q);

		if (due.what == QUICK_NOTHING || due.at_ns > until)
			break;
		quick_step(q, due);
		if (q->watch)
			quick_watch(q);
	}
	q->now = until;
}

ration_ns quick_dom_got(const struct quick *q, const struct ration_dom *d)
{
	struct ration_ledger ledger;

	ration_dom_ledger_get(q->r, d, q->now, &ledger);
	return ledger.running_ns;
}

ration_ns quick_got(const struct quick *q, const struct quick_vcpu *v)
{
	struct ration_ledger ledger;

	ration_vcpu_ledger_get(q->r, v->vcpu, q->now, &ledger);
	return ledger.running_ns;
}
