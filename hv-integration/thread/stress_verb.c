/* SPDX-License-Identifier: BSD-2-Clause */
/* Every verb of the library, at random, on whatever is there. */
#include "stress_world.h"

#include <assert.h>

#include "scenario.h"

#define STRESS_PAUSES_MAX 3u

struct hold {
	struct stress *s;
	struct ration_record *record;
	struct ration *r;
	ration_ns now;
	uint64_t *random;
	struct ration_effects fx;
};

ration_ns stress_begin(struct stress *s)
{
	return ration_port_begin(&s->machine.port, RATION_CPU_NONE);
}

void stress_end(struct stress *s)
{
	struct ration_effects fx = { 0, s->machine.port.expire_ns };

	ration_port_end(&s->machine.port, &fx);
}

static struct hold hold_begin(struct stress *s, uint64_t *random)
{
	struct hold h = { s, &s->machine.port.record, s->machine.ration, stress_begin(s), random,
	                  { 0, RATION_NEVER } };

	return h;
}

/* What the verb wants; `status` of those that have one. */
static int hold_did(struct hold *h, int status)
{
	ration_port_effects(&h->s->machine.port, &h->fx);
	h->s->result->verbs++;
	h->s->result->refused += status != RATION_OK;
	return status;
}

static uint32_t hold_draw(struct hold *h, uint32_t below)
{
	return stress_draw(h->random, below);
}

/* ---- Domains ----------------------------------------------------------- */

static struct ration_attr stress_attr(struct hold *h)
{
	struct ration_attr attr;

	ration_attr_default(&attr);
	attr.weight = 1 + hold_draw(h, 1024);
	if (hold_draw(h, 4) == 0)
		attr.cap_ppm = 10000 * (5 + hold_draw(h, 200));
	if (attr.cap_ppm != 0)
		attr.shadow = hold_draw(h, 4) == 0;
	if (hold_draw(h, 8) == 0)
		attr.floor_ppm = 10000 * hold_draw(h, 30);
	if (attr.cap_ppm != 0 && attr.floor_ppm > attr.cap_ppm)
		attr.floor_ppm = attr.cap_ppm;
	if (hold_draw(h, 8) == 0)
		attr.burst_ns = hold_draw(h, 10000000);
	if (hold_draw(h, 4) == 0) {
		attr.period_ns = RATION_NS_PER_MS * (1 + hold_draw(h, 20));
		attr.slice_ns = attr.period_ns / (4 + hold_draw(h, 20));
		attr.extratime = hold_draw(h, 2) != 0;
	}
	return attr;
}

static struct ration_affinity stress_affinity(struct hold *h)
{
	ration_cpuset all = ration_cpuset_first_count(h->s->machine.cpu_count);
	struct ration_affinity a = { all, all };

	if (hold_draw(h, 2) == 0)
		a.hard = random_splitmix(h->random) & all;
	if (hold_draw(h, 2) == 0)
		a.soft = random_splitmix(h->random) & all;
	if (a.hard == 0)
		a.hard = all;
	return a;
}

static struct ration_dom *stress_dom_admit(struct hold *h)
{
	struct ration_attr attr = stress_attr(h);
	struct ration_dom *dom = NULL;
	int status = hold_did(h, ration_record_dom_admit(h->record, h->s->next_id++, &attr, h->now,
	                                                 &h->fx, &dom));

	if (status != RATION_OK)
		return NULL;
	h->s->dom_pauses[ration_dom_slot_of(dom)] = 0;
	return dom;
}

static void stress_dom_leave(struct hold *h, struct ration_dom *dom)
{
	if (ration_dom_slot_of(dom) >= STRESS_KEPT)
		(void)hold_did(h, ration_record_dom_leave(h->record, dom, h->now, &h->fx));
}

static void stress_dom_set(struct hold *h, struct ration_dom *dom)
{
	struct ration_attr attr = stress_attr(h), old;
	struct ration_refusal why;

	/* Most policies do not honour all of it; then only what they all do. */
	ration_dom_get(dom, &old);
	if (hold_draw(h, 2) == 0) {
		old.weight = attr.weight;
		attr = old;
	}
	(void)hold_did(h, ration_record_dom_set(h->record, dom, &attr, h->now, &h->fx, &why));
}

static void stress_dom_pause(struct hold *h, struct ration_dom *dom)
{
	uint32_t *pauses = &h->s->dom_pauses[ration_dom_slot_of(dom)];

	if (*pauses < STRESS_PAUSES_MAX && hold_draw(h, 2) == 0) {
		++*pauses;
		ration_record_dom_pause(h->record, dom, h->now, &h->fx);
	} else if (*pauses != 0) {
		--*pauses;
		ration_record_dom_resume(h->record, dom, h->now, &h->fx);
	} else {
		return;
	}
	(void)hold_did(h, RATION_OK);
}

static void stress_dom(struct hold *h)
{
	struct ration_dom *dom = ration_dom_slot(h->r, hold_draw(h, STRESS_DOMAINS));

	if (dom == NULL) {
		(void)stress_dom_admit(h);
		return;
	}
	switch (hold_draw(h, 8)) {
	case 0:
		stress_dom_leave(h, dom);
		break;
	case 1:
	case 2:
		stress_dom_set(h, dom);
		break;
	case 3:
		ration_record_dom_charge(h->record, dom, hold_draw(h, 100000), RATION_HELPER_BACKEND,
		                         h->now, &h->fx);
		(void)hold_did(h, RATION_OK);
		break;
	default:
		stress_dom_pause(h, dom);
		break;
	}
}

/* ---- vCPUs ------------------------------------------------------------- */

static void stress_admit(struct hold *h, struct ration_dom *dom)
{
	struct ration_refusal why;
	struct ration_vcpu *v;
	struct stress_vcpu *g;
	int status = hold_did(h, ration_record_admit(h->record, dom, h->s->next_idx++ % 65536,
	                                             stress_affinity(h), h->now, &h->fx, &v, &why));

	if (status != RATION_OK)
		return;
	h->s->result->admitted++;
	g = &h->s->vcpu[ration_vcpu_slot_of(v)];
	assert(flag_get(&g->present) == 0);
	context_init(&g->context);
	g->context.count = random_splitmix(h->random);
	g->context.arrival_ns = ~g->context.count;
	g->leaving = g->down = false;
	flag_set(&g->event, 0);
	rig_home_set(&h->s->machine, v, &g->context);
	flag_set(&g->dom_slot, ration_dom_slot_of(dom));
	flag_set(&g->present, (uintptr_t)v);
}

/* None of the domain is on a CPU, and none comes there. */
static bool stress_is_still(const struct hold *h, const struct ration_dom *dom)
{
	uint32_t c;

	if (h->s->dom_pauses[ration_dom_slot_of(dom)] == 0)
		return false;
	for (c = 0; c < h->s->machine.cpu_count; c++) {
		const struct ration_vcpu *runs = h->s->machine.port.cpu[c].running;
		const struct ration_vcpu *comes = ration_cpu_vcpu(h->r, c);

		if (runs != NULL && ration_vcpu_dom(runs) == dom)
			return false;
		if (comes != NULL && ration_vcpu_dom(comes) == dom)
			return false;
	}
	return true;
}

static void stress_leave(struct hold *h, struct ration_vcpu *v, struct stress_vcpu *g)
{
	uint32_t dom_slot = ration_dom_slot_of(ration_vcpu_dom(v));
	int status;

	if (dom_slot < STRESS_KEPT ||
	    (dom_slot % 2 == 0 && !stress_is_still(h, ration_vcpu_dom(v))))
		return;
	status = hold_did(h, ration_record_leave(h->record, v, h->now, &h->fx));
	if (status == RATION_OK) {
		flag_set(&g->present, 0);
		h->s->result->left++;
	} else {
		assert(status == RATION_E_BUSY);
		g->leaving = true;
		h->s->result->busy++;
	}
}

static void stress_vcpu_pause(struct hold *h, struct ration_vcpu *v)
{
	struct ration_vcpu_info info;

	ration_vcpu_info_get(v, &info);
	if (info.pause_count < STRESS_PAUSES_MAX && hold_draw(h, 3) == 0)
		ration_record_pause(h->record, v, h->now, &h->fx);
	else if (info.pause_count != 0)
		ration_record_resume(h->record, v, h->now, &h->fx);
	else
		return;
	(void)hold_did(h, RATION_OK);
}

static void stress_vcpu_down(struct hold *h, struct ration_vcpu *v, struct stress_vcpu *g)
{
	if (g->down || hold_draw(h, 3) != 0)
		ration_record_up(h->record, v, h->now, &h->fx);
	else
		ration_record_down(h->record, v, h->now, &h->fx);
	g->down = !g->down;
	(void)hold_did(h, RATION_OK);
}

static void stress_vcpu(struct hold *h)
{
	uint32_t slot = hold_draw(h, STRESS_VCPUS);
	struct ration_vcpu *v = ration_vcpu_slot(h->r, slot);
	struct stress_vcpu *g = &h->s->vcpu[slot];
	struct ration_dom *dom;
	struct ration_refusal why;

	if (v == NULL) {
		dom = ration_dom_slot(h->r, hold_draw(h, STRESS_DOMAINS));
		if (dom != NULL)
			stress_admit(h, dom);
		return;
	}
	switch (g->leaving ? 0 : hold_draw(h, 10)) {
	case 0:
		stress_leave(h, v, g);
		break;
	case 1:
	case 2:
		stress_vcpu_pause(h, v);
		break;
	case 3:
		stress_vcpu_down(h, v, g);
		break;
	case 4:
	case 5:
		(void)hold_did(h, ration_record_pin(h->record, v, stress_affinity(h), h->now, &h->fx,
		                                    &why));
		break;
	default:
		flag_set(&g->event, 1);
		ration_record_wake(h->record, v, h->now, &h->fx);
		(void)hold_did(h, RATION_OK);
		break;
	}
}

/* All at once. */
static void stress_storm(struct hold *h)
{
	uint32_t slot;

	for (slot = 0; slot < STRESS_VCPUS; slot++) {
		struct ration_vcpu *v = ration_vcpu_slot(h->r, slot);

		if (v == NULL)
			continue;
		flag_set(&h->s->vcpu[slot].event, 1);
		ration_record_wake(h->record, v, h->now, &h->fx);
		(void)hold_did(h, RATION_OK);
	}
}

/* ---- CPUs, the policy -------------------------------------------------- */

static void stress_cpu(struct hold *h)
{
	ration_cpu c = hold_draw(h, h->s->machine.cpu_count);
	struct ration_refusal why;
	int status;

	if (ration_cpuset_has(ration_cpu_online(h->r), c) && hold_draw(h, 2) == 0)
		status = ration_record_cpu_down(h->record, c, hold_draw(h, 2) != 0, h->now, &h->fx,
		                                &why);
	else
		status = ration_record_cpu_up(h->record, c, h->now, &h->fx);
	h->s->result->cpus += hold_did(h, status) == RATION_OK;
}

static void stress_policy(struct hold *h)
{
	const struct ration_policy *policy = scenario_policies[hold_draw(h, scenario_policy_count)];
	struct ration_params params = { RATION_NS_PER_MS * (1 + hold_draw(h, 10)), 0 };
	struct ration_refusal why;

	if (hold_draw(h, 4) != 0) {
		params.ratelimit_ns = hold_draw(h, 1000000);
		(void)hold_did(h, ration_record_params_set(h->record, &params, h->now, &h->fx));
	} else if (hold_did(h, ration_record_policy_set(h->record, policy, h->now, &h->fx, &why)) ==
	           RATION_OK) {
		h->s->result->policies++;
	}
}

static void stress_check(struct hold *h)
{
	const char *broken = ration_check(h->r);

	h->s->result->checks++;
	if (broken != NULL && h->s->result->broken == NULL)
		h->s->result->broken = broken;
}

/* ---- Threads ----------------------------------------------------------- */

static void stress_some(struct stress *s, uint64_t *random)
{
	struct hold h = hold_begin(s, random);
	uint32_t what, left = 1 + hold_draw(&h, 3);

	while (left-- != 0) {
		what = hold_draw(&h, 100);
		if (what < 60)
			stress_vcpu(&h);
		else if (what < 80)
			stress_dom(&h);
		else if (what < 84)
			stress_cpu(&h);
		else if (what < 86)
			stress_policy(&h);
		else if (what < 89)
			stress_storm(&h);
		else if (what < 92)
			stress_check(&h);
	}
	stress_end(s);
}

/* From outside of any CPU, and with no lock held: one that stays. */
static void stress_poke(struct stress *s, uint64_t *random)
{
	struct stress_vcpu *g = &s->vcpu[stress_draw(random, STRESS_VCPUS)];
	uint64_t v = flag_get(&g->present);

	if (v == 0 || flag_get(&g->dom_slot) >= STRESS_KEPT)
		return;
	/* A slot whose vCPU belongs to a domain that stays is never another one's. */
	flag_set(&g->event, 1);
	(void)__atomic_fetch_add(&s->wakes, 1, __ATOMIC_RELAXED);
	ration_port_wake(&s->machine.port, RATION_CPU_NONE, (struct ration_vcpu *)(uintptr_t)v);
}

void *stress_thread(void *argument)
{
	struct stress_thread *t = argument;
	struct timespec moment = { 0, 0 };

	while (flag_get(&t->stress->stop) == 0) {
		if (stress_draw(&t->random, 3) == 0)
			stress_poke(t->stress, &t->random);
		else
			stress_some(t->stress, &t->random);
		moment.tv_nsec = (long)stress_draw(&t->random, 100000);
		(void)nanosleep(&moment, NULL);
	}
	return NULL;
}

void stress_admit_kept(struct stress *s, uint64_t *random)
{
	struct hold h = hold_begin(s, random);
	uint32_t i, k;

	for (i = 0; i < STRESS_KEPT; i++) {
		struct ration_dom *dom = stress_dom_admit(&h);

		assert(dom != NULL && ration_dom_slot_of(dom) == i);
		for (k = 0; k < s->machine.cpu_count && k < STRESS_VCPUS / 4; k++)
			stress_admit(&h, dom);
	}
	stress_end(s);
}

/* ---- Calm -------------------------------------------------------------- */

static void calm_vcpu(struct hold *h, struct ration_vcpu *v, struct stress_vcpu *g)
{
	/* One CPU each: no other one helps out where a kick is lost. */
	ration_cpuset cpu = ration_cpuset_of(ration_vcpu_slot_of(v) % h->s->machine.cpu_count);
	struct ration_affinity one = { cpu, cpu };
	struct ration_vcpu_info info;
	struct ration_refusal why;

	for (ration_vcpu_info_get(v, &info); info.pause_count != 0; info.pause_count--) {
		ration_record_resume(h->record, v, h->now, &h->fx);
		(void)hold_did(h, RATION_OK);
	}
	ration_record_up(h->record, v, h->now, &h->fx);
	(void)hold_did(h, RATION_OK);
	g->down = false;
	(void)hold_did(h, ration_record_pin(h->record, v, one, h->now, &h->fx, &why));
}

static void calm_dom(struct hold *h, struct ration_dom *dom)
{
	uint32_t slot = ration_dom_slot_of(dom);
	struct ration_attr attr, old;
	struct ration_refusal why;

	for (; h->s->dom_pauses[slot] != 0; h->s->dom_pauses[slot]--) {
		ration_record_dom_resume(h->record, dom, h->now, &h->fx);
		(void)hold_did(h, RATION_OK);
	}
	/* What rr honours is weight alone; caps do not hold anyone back there. */
	ration_dom_get(dom, &old);
	ration_attr_default(&attr);
	old.weight = attr.weight;
	(void)hold_did(h, ration_record_dom_set(h->record, dom, &old, h->now, &h->fx, &why));
}

bool stress_calm(struct stress *s)
{
	uint64_t random = 1;
	struct hold h = hold_begin(s, &random);
	struct ration_refusal why;
	bool done = true;
	uint32_t i;

	if (ration_policy_get(h.r) != scenario_policy_find("rr"))
		(void)hold_did(&h, ration_record_policy_set(h.record, scenario_policy_find("rr"), h.now,
		                                            &h.fx, &why));
	for (i = 0; i < s->machine.cpu_count; i++)
		if (!ration_cpuset_has(ration_cpu_online(h.r), i) &&
		    hold_did(&h, ration_record_cpu_up(h.record, i, h.now, &h.fx)) != RATION_OK)
			done = false;
	for (i = 0; i < STRESS_VCPUS; i++) {
		struct ration_vcpu *v = ration_vcpu_slot(h.r, i);

		if (v != NULL && s->vcpu[i].leaving)
			stress_leave(&h, v, &s->vcpu[i]);
		if (ration_vcpu_slot(h.r, i) == NULL)
			continue;
		done = done && !s->vcpu[i].leaving;
		calm_vcpu(&h, v, &s->vcpu[i]);
	}
	/* Last: one of an even slot that has to leave needs the pause. */
	for (i = 0; done && i < STRESS_DOMAINS; i++)
		if (ration_dom_slot(h.r, i) != NULL)
			calm_dom(&h, ration_dom_slot(h.r, i));
	stress_end(s);
	return done;
}
