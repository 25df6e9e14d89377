/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slow loop: what each vCPU is owed of a CPU, by the entitlement engine.
 *
 * A pass looks at what the vCPUs want, which fills the engine's snapshot; has the
 * engine compute; and gives each vCPU its pace.  A call does about 64 vCPUs'
 * worth of it.  Until a pass is through, the old paces hold.  A pass that finds
 * nothing changed ends with the look; and one after nobody woke or slept any more,
 * and all demands are settled, none begins.
 */
#include "credit.h"

#define RATES_BUDGET    64u
#define RATES_PERIOD_NS (10 * RATION_NS_PER_MS)     /* from pass to pass, at least */
#define RATES_SOON_NS   (50 * RATION_NS_PER_US)     /* from call to call, after a change */
#define RATES_STEP_NS   (1 * RATION_NS_PER_MS)      /* from call to call, else */
#define RATES_SAME      1024u      /* a difference of demand, of 65,535, that is none */
#define RATES_ROUNDS    4u         /* of rates_level() */
#define RATES_ROUNDING  1000u      /* ppb by which the engine's answer may be short of a want */

static struct ration_entitle *rates_engine(const struct ration *r)
{
	return ration_policy_scratch(r);
}

static struct credit_rates *rates_of(const struct ration *r)
{
	return &credit_of(r)->rates;
}

/* ---- What starts a pass ------------------------------------------------ */

void ration_credit__rates_dirty(struct ration *r, ration_ns now)
{
	struct credit_rates *rates = rates_of(r);

	/* Until the shares are known, all are at home wherever they may run. */
	for (ration_cpu c = 0; c < ration_limits_get(r)->cpu_count; c++)
		credit_cpu_of(r, c)->away = (struct ration_classes){ { 0, 0 } };
	rates->dirty = true;
	if (rates->at_ns > now + RATES_SOON_NS)
		ration_credit__rates_arm(r, now + RATES_SOON_NS);
}

/* The next pass begins a period after the last one did. */
static void rates_rest(struct ration *r, ration_ns now)
{
	ration_ns at_ns = rates_of(r)->began_ns + RATES_PERIOD_NS;

	ration_credit__rates_arm(r, at_ns > now ? at_ns : now + RATES_STEP_NS);
}

void ration_credit__rates_stir(struct ration *r, ration_ns now)
{
	struct credit_rates *rates = rates_of(r);

	rates->stirred = true;
	if (rates->at_ns == RATION_NEVER)
		rates_rest(r, now);
}

void ration_credit__rates_dom(struct ration *r, struct ration_dom *d, bool gone, ration_ns now)
{
	struct credit_dom *dom = credit_dom_of(d);

	rates_of(r)->weight_sum -= dom->weight;
	dom->weight = gone ? 0 : d->attr.weight;
	rates_of(r)->weight_sum += dom->weight;
	ration_credit__rates_dirty(r, now);
}

/* The first guess is its share if nobody is pinned. */
void ration_credit__rates_join(struct ration *r, struct ration_vcpu *v, ration_ns now)
{
	uint64_t cpus = ration_cpuset_count(ration_cpu_online(r));
	uint64_t parts = rates_of(r)->weight_sum * v->dom->vcpu_count;

	/* 64 * 65,535 * 10^9 is below 2^52. */
	credit_vcpu_of(v)->pace =
		ration_credit__pace(cpus * credit_dom_of(v->dom)->weight * RATION_PPB / parts);
	credit_vcpu_of(v)->demand = UINT16_MAX;
	ration_credit__rates_dirty(r, now);
}

void ration_credit__rates_leave(struct ration *r, struct ration_vcpu *v)
{
	struct credit_rates *rates = rates_of(r);

	if (rates->vcpu != v)
		return;
	rates->vcpu = v->next;
	if (v->next == NULL)
		rates->dom_slot++;
}

/* ---- Looking ----------------------------------------------------------- */

static void rates_begin(struct ration *r, ration_ns now)
{
	struct credit_rates *rates = rates_of(r);

	if (rates->scratch_uses != ration_policy_scratch_uses(r) || rates->pass == 0)
		(void)ration_entitle_init(rates_engine(r), ration_limits_get(r));
	rates->scratch_uses = ration_policy_scratch_uses(r);
	ration_entitle_begin(rates_engine(r), ration_cpu_online(r));
	if (++rates->pass == 0)
		rates->pass = 1;
	rates->stage = CREDIT_STAGE_LOOK;
	rates->changed = rates->urgent = rates->dirty;
	rates->again = rates->stirred;
	rates->dirty = rates->stirred = false;
	rates->began_ns = now;
	rates->dom_slot = 0;
	rates->vcpu = NULL;
}

/* The next vCPU; *first: of its domain.  NULL: the end, or the budget is spent. */
static struct ration_vcpu *rates_next(const struct ration *r, bool *first, uint32_t *budget)
{
	struct credit_rates *rates = rates_of(r);
	uint32_t dom_count = ration_limits_get(r)->dom_count;
	struct ration_vcpu *v = rates->vcpu;

	*first = v == NULL;
	for (; *budget != 0 && v == NULL && rates->dom_slot < dom_count; (*budget)--) {
		const struct ration_dom *d = ration_dom_slot(r, rates->dom_slot);

		v = d == NULL ? NULL : d->first;
		if (v == NULL)
			rates->dom_slot++;
	}
	if (*budget == 0 || v == NULL)
		return NULL;
	(*budget)--;
	rates->vcpu = v->next;
	if (v->next == NULL)
		rates->dom_slot++;
	return v;
}

static void rates_look_vcpu(struct ration *r, struct ration_vcpu *v, bool first, ration_ns now)
{
	struct ration_entitle *e = rates_engine(r);
	struct credit_rates *rates = rates_of(r);
	struct credit_vcpu *self = credit_vcpu_of(v);
	const struct ration_attr *attr = &v->dom->attr;
	bool settled;
	uint32_t was = self->demand, is = ration_credit__demand_look(r, v, now, &settled);

	if (!settled || (is > was ? is - was : was - is) > was / 16 + RATES_SAME)
		rates->changed = true;
	self->demand = (uint16_t)is;
	if (first) {
		ration_entitle_dom(e, v->dom->slot, attr->weight, credit_cap_ppm(v->dom) * CREDIT_PPB,
		                   attr->floor_ppm * CREDIT_PPB);
		credit_dom_of(v->dom)->pass = rates->pass;
	}
	ration_entitle_vcpu(e, v->affinity.hard, ration_credit__demand_ppb(v));
}

/* True: through. */
static bool rates_look(struct ration *r, ration_ns now)
{
	uint32_t budget = RATES_BUDGET;
	struct ration_vcpu *v;
	bool first;

	while ((v = rates_next(r, &first, &budget)) != NULL)
		rates_look_vcpu(r, v, first, now);
	return budget != 0;
}

/* ---- Committing -------------------------------------------------------- */

/* What of v's class in its domain is left to each vCPU that wants more: where
 * all get `mean`, those that want less leave the rest to the others.  (In large
 * domains they keep it.) */
static uint64_t rates_level(const struct ration_vcpu *v, uint64_t mean_ppb)
{
	uint64_t level = mean_ppb;
	uint32_t rounds = v->dom->vcpu_count > RATES_BUDGET ? 0 : RATES_ROUNDS;

	for (uint32_t round = 0; round < rounds; round++) {
		uint64_t all = 0, used = 0, greedy = 0;

		for (const struct ration_vcpu *w = v->dom->first; w != NULL; w = w->next) {
			uint64_t wants = ration_credit__demand_ppb(w);

			if (w->class_idx != v->class_idx)
				continue;
			all += mean_ppb;
			if (wants > level)
				greedy++;
			else
				used += wants;
		}
		if (greedy == 0)
			break;
		level = all > used ? (all - used) / greedy : 0;
	}
	return level;
}

/* What was found last, in one call of rates_commit(). */
struct rates_found {
	const struct ration_dom *dom;    /* whose class has this level; NULL: none yet */
	uint32_t class_idx;
	uint64_t level_ppb;
	ration_cpuset hard;              /* who may run there meet this clock; 0: none yet */
	uint64_t clock;
};

static uint64_t rates_level_of(const struct ration_vcpu *v, uint64_t mean_ppb,
                               struct rates_found *found)
{
	if (found->dom != v->dom || found->class_idx != v->class_idx)
		found->level_ppb = rates_level(v, mean_ppb);
	found->dom = v->dom;
	found->class_idx = v->class_idx;
	return found->level_ppb;
}

static uint64_t rates_clock_of(const struct ration *r, const struct ration_vcpu *v,
                               struct rates_found *found)
{
	if (found->hard != v->affinity.hard)
		found->clock = ration_credit__clock(r, v);
	found->hard = v->affinity.hard;
	return found->clock;
}

/* What v is owed.  Who wants less than it could have is not held to that: when it
 * wakes it is owed what it could have. */
static uint64_t rates_owed(const struct ration *r, const struct ration_vcpu *v,
                           struct rates_found *found)
{
	const struct ration_entitle *e = rates_engine(r);
	uint64_t mean = ration_entitle_vcpu_ppb(e, v->dom->slot, v->affinity.hard);
	uint64_t wants = ration_credit__demand_ppb(v), level;

	if (wants > mean + RATES_ROUNDING) {
		level = v->dom->vcpu_count == 1 ? mean : rates_level_of(v, mean, found);
		return level < wants ? level : wants;
	}
	level = ration_entitle_level_ppb(e, v->dom->slot, v->affinity.hard) / v->dom->vcpu_count;
	return level > mean ? level : mean;
}

/* CPUs that others are owed all of, who can run nowhere else, are no home of v's
 * class: it runs there only if none of those wants to. */
static void rates_home(struct ration *r, const struct ration_vcpu *v)
{
	struct credit_rates *rates = rates_of(r);
	ration_cpuset home;

	if (ration_classes_has(&rates->homed, v->class_idx))
		return;
	ration_classes_add(&rates->homed, v->class_idx);
	home = ration_entitle_home(rates_engine(r), v->affinity.hard);
	for (ration_cpuset s = v->affinity.hard; s != 0; s = ration_cpuset_rest(s)) {
		struct credit_cpu *cpu = credit_cpu_of(r, ration_cpuset_first(s));

		if (ration_cpuset_has(home, ration_cpuset_first(s)))
			ration_classes_remove(&cpu->away, v->class_idx);
		else
			ration_classes_add(&cpu->away, v->class_idx);
	}
}

static void rates_commit_vcpu(struct ration *r, struct ration_vcpu *v, struct rates_found *found,
                              ration_ns now)
{
	struct credit_rates *rates = rates_of(r);
	struct credit_vcpu *self = credit_vcpu_of(v);
	uint64_t owed, pace;
	bool queued = self->place == CREDIT_QUEUED;

	if (credit_dom_of(v->dom)->pass != rates->pass)
		return;                   /* it came later */
	if ((v->affinity.hard & ration_cpu_online(r)) == 0)
		return;                   /* it is owed nothing until a CPU is back */
	owed = rates_owed(r, v, found);
	if (owed == 0 && rates->dirty)
		return;                   /* it may have moved meanwhile */
	if (!rates->dirty)
		rates_home(r, v);
	pace = ration_credit__pace(owed);
	if (pace == self->pace)
		return;
	if (queued)
		ration_credit__dequeue(r, v);
	ration_credit__clock_pace(r, v, pace, rates_clock_of(r, v, found), now);
	if (queued)
		ration_credit__enqueue(r, v, now);
}

static bool rates_commit(struct ration *r, ration_ns now)
{
	uint32_t budget = RATES_BUDGET;
	struct rates_found found = { NULL, 0, 0, 0, 0 };
	struct ration_vcpu *v;
	bool first;

	while ((v = rates_next(r, &first, &budget)) != NULL)
		rates_commit_vcpu(r, v, &found, now);
	return budget != 0;
}

/* ---- Steps ------------------------------------------------------------- */

/* One call's worth of the pass. */
static void rates_go_on(struct ration *r, ration_ns now)
{
	struct credit_rates *rates = rates_of(r);

	/* An admission overwrote the snapshot, or what it shows changed meanwhile. */
	if (rates->scratch_uses != ration_policy_scratch_uses(r) ||
	    (rates->stage == CREDIT_STAGE_LOOK && rates->dirty)) {
		rates->stage = CREDIT_STAGE_REST;
		rates->dirty = true;
	}
	if (rates->stage == CREDIT_STAGE_REST)
		rates_begin(r, now);
	if (rates->stage == CREDIT_STAGE_LOOK) {
		if (rates_look(r, now))
			rates->stage = rates->changed ? CREDIT_STAGE_STEP : CREDIT_STAGE_REST;
	} else if (rates->stage == CREDIT_STAGE_STEP) {
		if (ration_entitle_step(rates_engine(r))) {
			rates->stage = CREDIT_STAGE_COMMIT;
			rates->homed = (struct ration_classes){ { 0, 0 } };
			rates->dom_slot = 0;
			rates->vcpu = NULL;
		}
	} else if (rates_commit(r, now)) {
		rates->stage = CREDIT_STAGE_REST;
	}
}

void ration_credit__rates_step(struct ration *r, ration_ns now)
{
	struct credit_rates *rates = rates_of(r);

	rates_go_on(r, now);
	if (rates->dirty)
		ration_credit__rates_arm(r, now + RATES_SOON_NS);
	else if (rates->stage != CREDIT_STAGE_REST)
		ration_credit__rates_arm(r, now + (rates->urgent ? RATES_SOON_NS : RATES_STEP_NS));
	else if (rates->changed || rates->stirred || rates->again)
		rates_rest(r, now);
	else
		ration_credit__rates_arm(r, RATION_NEVER);
}
