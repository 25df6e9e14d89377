/* SPDX-License-Identifier: BSD-2-Clause */
/* The entitlement engine: its snapshot, its phases, its results. */
#include "entitle.h"

_Static_assert(sizeof(struct ration_entitle) <= RATION_ENTITLE_SIZE, "fixed part");
_Static_assert(sizeof(struct entitle_cell) <= RATION_ENTITLE_CPU_SIZE, "a CPU");
_Static_assert(sizeof(struct entitle_dom) <= RATION_ENTITLE_DOM_SIZE, "a domain");
_Static_assert(sizeof(struct entitle_group) == RATION_ENTITLE_VCPU_SIZE, "a vCPU");
_Static_assert(sizeof(struct entitle_many) == RATION_ENTITLE_VCPU_SIZE, "a vCPU more");
_Static_assert(RATION_ENTITLE_SIZE % 8 == 0 && RATION_ENTITLE_CPU_SIZE % 8 == 0, "alignment");

/* How the rate is lowered while shares inside of domains are made even: by halves,
 * from half a CPU down to a 64th, then to nothing. */
#define EVEN_MOST  (GRAINS_PER_CPU / 2)
#define EVEN_LEAST (GRAINS_PER_CPU / 64)

/* ---- The snapshot -------------------------------------------------------- */

size_t ration_entitle_size(const struct ration_limits *limits)
{
	return RATION_ENTITLE_SIZE + (size_t)RATION_ENTITLE_CPU_SIZE * limits->cpu_count +
	       (size_t)RATION_ENTITLE_DOM_SIZE * limits->dom_count +
	       (size_t)RATION_ENTITLE_VCPU_SIZE * limits->vcpu_count;
}

struct ration_entitle *ration_entitle_init(void *memory, const struct ration_limits *limits)
{
	struct ration_entitle *e = memory;
	char *rest = (char *)memory + RATION_ENTITLE_SIZE;

	e->limits = *limits;
	e->cell = (struct entitle_cell *)(void *)rest;
	rest += (size_t)RATION_ENTITLE_CPU_SIZE * limits->cpu_count;
	e->dom = (struct entitle_dom *)(void *)rest;
	rest += (size_t)RATION_ENTITLE_DOM_SIZE * limits->dom_count;
	e->group = (struct entitle_group *)(void *)rest;
	rest += (size_t)RATION_ENTITLE_VCPU_SIZE * limits->vcpu_count;
	e->many_end = (struct entitle_many *)(void *)rest;
	for (uint32_t i = 0; i < limits->dom_count; i++)
		e->dom[i].stamp = 0;
	e->stamp = 0;
	ration_entitle_begin(e, RATION_CPUSET_NONE);
	return e;
}

void ration_entitle_begin(struct ration_entitle *e, ration_cpuset online)
{
	RATION_ASSERT(online >> (e->limits.cpu_count - 1) <= 1);
	/* A stamp of 2^32 snapshots ago does not matter: 497 days of one each 10 ms,
	 * and a slot that was not used in all of them. */
	e->stamp++;
	e->dom_end = e->group_end = e->many_count = e->class_end = e->last_class = 0;
	e->last_dom = UINT32_MAX;
	e->online = e->cells = online;
	e->has_floors = e->has_many = e->floors = e->floors_lack = false;
	e->evening = false;
	e->keep = 0;
	e->phase = PHASE_CELLS;
	e->at = e->at_group = 0;
	e->at_end = e->limits.cpu_count;
	for (ration_cpuset s = online; s != 0; s = ration_cpuset_rest(s)) {
		struct entitle_cell *cell = &e->cell[ration_cpuset_first(s)];

		cell->cpus = s & (~s + 1);
		cell->capacity = GRAINS_PER_CPU;
		cell->users = (struct ration_classes){ { 0, 0 } };
	}
}

uint32_t ration_entitle__class_find(const struct ration_entitle *e, ration_cpuset hard)
{
	uint32_t k = 0;

	if (e->last_class < e->class_end && e->class_of[e->last_class].hard == hard)
		return e->last_class;
	while (k < e->class_end && e->class_of[k].hard != hard)
		k++;
	return k;
}

static void entitle_class_add(struct ration_entitle *e, ration_cpuset hard)
{
	RATION_ASSERT(e->class_end < RATION_CLASS_MAX);
	for (ration_cpuset s = hard; s != 0; s = ration_cpuset_rest(s))
		ration_classes_add(&e->cell[ration_cpuset_first(s)].users, e->class_end);
	e->class_of[e->class_end++].hard = hard;
}

static uint32_t entitle_grains(uint64_t ppb)
{
	return ppb < (uint64_t)GRAINS_MAX * GRAIN_PPB ? (uint32_t)(ppb / GRAIN_PPB) : GRAINS_MAX;
}

void ration_entitle_dom(struct ration_entitle *e, uint32_t slot, uint32_t weight,
                        uint64_t cap_ppb, uint64_t floor_ppb)
{
	struct entitle_dom *d = &e->dom[slot];

	RATION_ASSERT(slot < e->limits.dom_count && !entitle_is_in(e, d));
	RATION_ASSERT(weight - 1 < 65535);
	*d = (struct entitle_dom){
		.weight = weight, .stamp = e->stamp, .group_first = e->group_end,
		.cap = cap_ppb != 0 ? entitle_grains(cap_ppb) : GRAINS_MAX,
		.floor = entitle_grains(floor_ppb)
	};
	if (d->floor > d->cap)
		d->floor = d->cap;
	if (d->floor != 0)
		e->has_floors = true;
	if (e->dom_end <= slot)
		e->dom_end = slot + 1;
	e->last_dom = slot;
}

/* d's group of that class, or NULL. */
static struct entitle_group *entitle_group_find(const struct ration_entitle *e,
                                                const struct entitle_dom *d, uint32_t class_idx)
{
	for (uint32_t i = 0; i < d->group_count; i++)
		if (e->group[d->group_first + i].class_idx == class_idx)
			return &e->group[d->group_first + i];
	return NULL;
}

/* A group with one vCPU more.  More than the machine has is the same as all of it. */
static void group_add(struct ration_entitle *e, struct entitle_group *g, uint32_t want)
{
	struct entitle_many *many;

	if (!g->has_many) {
		many = e->many_end - 1 - e->many_count;
		*many = (struct entitle_many){ .want = g->rest * WANT_GRAINS, .vcpu_count = 1 };
		g->rest = e->many_count++ & 0x3fffff;          /* at most 2^16 */
		g->has_many = 1;
	}
	many = entitle_many_of(e, g);
	many->want = want < GRAINS_MAX - many->want ? many->want + want : GRAINS_MAX;
	many->vcpu_count++;
}

void ration_entitle_vcpu(struct ration_entitle *e, ration_cpuset hard, uint64_t demand_ppb)
{
	struct entitle_dom *d = &e->dom[e->last_dom];
	struct entitle_group *g;
	uint32_t want = entitle_grains(demand_ppb), k;

	RATION_ASSERT(e->last_dom != UINT32_MAX && demand_ppb <= RATION_PPB);
	RATION_ASSERT(e->group_end + e->many_count < e->limits.vcpu_count);
	hard &= e->online;
	if (hard == 0)
		return;
	k = ration_entitle__class_find(e, hard);
	if (k == e->class_end)
		entitle_class_add(e, hard);
	e->last_class = k;
	g = entitle_group_find(e, d, k);
	if (g != NULL) {
		group_add(e, g, want);
		return;
	}
	e->group[e->group_end++] = (struct entitle_group){
		.class_idx = k & (RATION_CLASS_MAX - 1), .rest = want / WANT_GRAINS & 0x3fffff
	};
	d->group_count++;
	e->has_many = e->has_many || d->group_count > 1;
}

/* ---- Parts and cells ------------------------------------------------------- */

/* CPU c joins the cell of the same classes, if a lower CPU has one. */
static uint32_t cells_visit(struct ration_entitle *e, ration_cpu c)
{
	struct entitle_cell *cell = &e->cell[c];
	uint32_t visits = 1;

	if (!ration_cpuset_has(e->online, c))
		return visits;
	for (ration_cpuset s = e->cells; ration_cpuset_first(s) < c; s = ration_cpuset_rest(s)) {
		struct entitle_cell *lower = &e->cell[ration_cpuset_first(s)];

		visits++;
		if (lower->users.word[0] == cell->users.word[0] &&
		    lower->users.word[1] == cell->users.word[1]) {
			lower->cpus |= cell->cpus;
			lower->capacity += cell->capacity;
			e->cells &= ~ration_cpuset_of(c);
			return visits;
		}
	}
	return visits;
}

/* What d can take: bounded by what is shared out, and by its groups. */
static void dom_most_set(const struct ration_entitle *e, struct entitle_dom *d)
{
	uint32_t bound = e->floors ? d->floor : d->cap;
	uint64_t most = d->outside;

	for (uint32_t i = 0; i < d->group_count; i++)
		if (e->group[d->group_first + i].state == GROUP_FREE)
			most += entitle_want(e, &e->group[d->group_first + i]);
	d->most = most < bound ? (uint32_t)most : bound;
}

static uint32_t reset_visit(struct ration_entitle *e, struct entitle_dom *d)
{
	d->part = 0;
	d->outside = 0;
	d->least = d->amount;      /* of floors, or nothing */
	for (uint32_t i = 0; i < d->group_count; i++)
		e->group[d->group_first + i].state = GROUP_FREE;
	dom_most_set(e, d);
	if (e->floors)
		d->floor = d->most;
	return entitle_visits(d);
}

/* Every part that is not done gets a level. */
static void parts_begin(struct ration_entitle *e)
{
	ration_cpuset counted = 0;

	for (uint32_t i = 0; i < e->part_count; i++)
		e->part[i].room = 0;
	for (uint32_t k = 0; k < e->class_end; k++) {
		struct entitle_part *p = entitle_part_of(e, k);
		ration_cpuset s = e->class_of[k].cells & ~counted;

		counted |= s;
		p->room -= (int64_t)e->class_of[k].fixed;
		for (; s != 0; s = ration_cpuset_rest(s))
			p->room += e->cell[ration_cpuset_first(s)].capacity;
	}
	for (uint32_t i = 0; i < e->part_count; i++)
		if (e->part[i].state != PART_DONE)
			ration_entitle__level_begin(e, &e->part[i]);
}

static enum entitle_phase reset_end(struct ration_entitle *e)
{
	for (uint32_t k = 0; k < e->class_end; k++) {
		e->class_of[k].cells = e->class_of[k].hard & e->cells;
		e->class_of[k].fixed = 0;
		e->class_of[k].part = 0;
	}
	e->moved = false;
	e->part_count = 1;
	e->part[0].state = PART_FLOW;
	parts_begin(e);
	/* First see whether they fit as they are. */
	if (e->floors)
		e->part[0].state = PART_FLOW;
	return e->floors ? PHASE_DRAIN : PHASE_LEVEL;
}

/* ---- Flow, and its end ---------------------------------------------------- */

static uint32_t drain_visit(struct ration_entitle *e, ration_cpu c)
{
	if (ration_cpuset_has(e->cells, c)) {
		e->cell[c].users = (struct ration_classes){ { 0, 0 } };
		e->cell[c].spare = e->cell[c].capacity;
	}
	return 1;
}

static void distance_set(struct ration_entitle *e, uint8_t distance)
{
	for (uint32_t k = 0; k < e->class_end; k++)
		e->class_of[k].distance = distance;
}

static void drain_end(struct ration_entitle *e)
{
	for (uint32_t k = 0; k < e->class_end; k++)
		e->class_of[k].excess = entitle_part_of(e, k)->state == PART_FLOW ?
		                        e->class_of[k].fixed : 0;
	distance_set(e, 1);        /* as long as there is nothing in the way */
	e->distance = 1;
}

static enum entitle_phase link_begin(struct ration_entitle *e)
{
	for (uint32_t k = 0; k < e->class_end; k++)
		e->link[k] = (struct ration_classes){ { 0, 0 } };
	distance_set(e, ENTITLE_FAR);
	return PHASE_LINK;
}

static enum entitle_phase cut_begin(struct ration_entitle *e)
{
	e->cut = (struct ration_classes){ { 0, 0 } };
	e->cut_cells = 0;
	return PHASE_CUT;
}

static enum entitle_phase settle_end(struct ration_entitle *e)
{
	if (--e->distance != 0) {
		ration_entitle__near_set(e);
		return PHASE_SETTLE;
	}
	if (!ration_entitle__has_excess(e, false))
		return cut_begin(e);
	return link_begin(e);
}

static enum entitle_phase measure_end(struct ration_entitle *e)
{
	e->distance--;             /* there was none at the last */
	if (ration_entitle__has_excess(e, true)) {
		e->moved = true;
		return PHASE_MOVE;
	}
	if (e->keep == 0)
		return cut_begin(e);
	e->keep = e->keep > EVEN_LEAST ? e->keep / 2 : 0;
	return link_begin(e);
}

static enum entitle_phase move_end(struct ration_entitle *e)
{
	ration_entitle__near_set(e);
	return PHASE_SETTLE;
}

/*
 * All totals stand.  Where domains had to leave even shares, whoever came first
 * gave way; once more, and now only what lies above a rate may move, which is
 * lowered until all fits: those that have most give way first.
 */
static enum entitle_phase even_begin(struct ration_entitle *e)
{
	if (e->evening || !e->moved)
		return PHASE_DONE;
	e->evening = true;
	e->keep = EVEN_MOST;
	for (uint32_t i = 0; i < e->part_count; i++)
		e->part[i].state = PART_FLOW;
	return PHASE_DRAIN;
}

/* A part without a cut is done; one that has a cut is split in two. */
static enum entitle_phase cut_end(struct ration_entitle *e)
{
	const uint32_t before = e->part_count;
	/* The first flow of floors is not preceded by a level, so that all can lack. */
	const bool first = e->floors && !e->floors_lack;
	struct ration_classes in_cut = { { 0, 0 } }, beside = in_cut;   /* parts */

	for (uint32_t k = 0; k < e->class_end; k++)
		ration_classes_add(ration_classes_has(&e->cut, k) ? &in_cut : &beside,
		                   e->class_of[k].part);
	for (uint32_t i = 0; i < before; i++) {
		struct entitle_part *p = &e->part[i];

		p->cut = (uint8_t)i;
		if (!ration_classes_has(&in_cut, i)) {
			p->state = PART_DONE;
		} else if (ration_classes_has(&beside, i)) {
			p->cut = (uint8_t)e->part_count;
			e->part[e->part_count++] = *p;
		} else if (!first) {
			p->state = PART_DONE;      /* cannot be: its level has room */
		}
	}
	e->floors_lack = e->floors_lack || (e->floors && !classes_is_empty(&e->cut));
	for (uint32_t k = 0; k < e->class_end; k++) {
		if (ration_classes_has(&e->cut, k))
			e->class_of[k].part = entitle_part_of(e, k)->cut;
		else
			e->class_of[k].cells &= ~e->cut_cells;
	}
	if (!classes_is_empty(&e->cut))
		return PHASE_SPLIT;
	if (!e->floors)
		return even_begin(e);
	e->floors = false;
	return PHASE_RESET;
}

/* d goes with the cut if it has flow there: then it fills its groups outside,
 * and that is settled.  Else it gets nothing of the cut any more. */
static uint32_t split_visit(struct ration_entitle *e, struct entitle_dom *d)
{
	struct entitle_group *group = &e->group[d->group_first];
	bool inside = false;

	if (e->part[d->part].cut == d->part)
		return 1;
	for (uint32_t i = 0; i < d->group_count; i++)
		inside = inside || (group[i].state == GROUP_FREE && group[i].flow != 0 &&
		                    ration_classes_has(&e->cut, group[i].class_idx));
	for (uint32_t i = 0; i < d->group_count; i++) {
		if (group[i].state != GROUP_FREE ||
		    ration_classes_has(&e->cut, group[i].class_idx) == inside)
			continue;
		group[i].state = inside ? GROUP_FULL : GROUP_EMPTY;
		if (!inside)
			continue;
		e->class_of[group[i].class_idx].fixed += group[i].flow;
		d->outside += group[i].flow;
	}
	if (inside)
		d->part = e->part[d->part].cut;
	else
		dom_most_set(e, d);
	return entitle_visits(d);
}

static enum entitle_phase split_end(struct ration_entitle *e)
{
	parts_begin(e);
	return PHASE_LEVEL;
}

/* ---- Phases --------------------------------------------------------------- */

/* How many things a sweep of this phase visits. */
static uint32_t phase_count(const struct ration_entitle *e)
{
	switch (e->phase) {
	case PHASE_CELLS: case PHASE_DRAIN:
		return e->limits.cpu_count;
	case PHASE_SETTLE:
		return e->class_end;
	case PHASE_LINK: case PHASE_MOVE:
		return e->has_many ? e->dom_end : 0;
	case PHASE_MEASURE: case PHASE_CUT:
		return RATION_CLASS_MAX + 1;
	default:
		return e->dom_end;
	}
}

/* A domain's turn in MOVE: one group at a time. */
static uint32_t phase_move(struct ration_entitle *e, const struct entitle_dom *d)
{
	uint32_t visits = 1;

	if (d->group_count > 1)
		visits = ration_entitle__move(e, d, e->at_group++);
	if (d->group_count > 1 && e->at_group < d->group_count) {
		e->at--;
		return visits;
	}
	e->at_group = 0;
	return visits;
}

/* The domain at e->at, which the phase concerns if its part is in this state. */
static struct entitle_dom *phase_dom(const struct ration_entitle *e, uint32_t at)
{
	struct entitle_dom *d = &e->dom[at];
	enum entitle_part_state state = e->phase == PHASE_LEVEL ? PART_LEVEL : PART_FLOW;

	if (!entitle_is_in(e, d))
		return NULL;
	return e->phase == PHASE_RESET || e->part[d->part].state == state ? d : NULL;
}

static uint32_t phase_visit_dom(struct ration_entitle *e, struct entitle_dom *d)
{
	switch (e->phase) {
	case PHASE_RESET: return reset_visit(e, d);
	case PHASE_POUR: return ration_entitle__pour(e, d);
	case PHASE_LINK: return ration_entitle__link(e, d);
	case PHASE_MOVE: return phase_move(e, d);
	case PHASE_SPLIT: return split_visit(e, d);
	default: ration_entitle__level_visit(e, d); return 1;
	}
}

/* A pass over the classes and cells, which takes a few instructions for each. */
static uint32_t classes_visits(const struct ration_entitle *e)
{
	return 1 + (e->class_end + e->limits.cpu_count) / 8;
}

/* Visit what is at e->at, and step on; returns how much that was. */
static uint32_t phase_visit(struct ration_entitle *e)
{
	uint32_t at = e->at++;
	struct entitle_dom *d;

	switch (e->phase) {
	case PHASE_CELLS: return cells_visit(e, at);
	case PHASE_DRAIN: return drain_visit(e, at);
	case PHASE_SETTLE: return ration_entitle__settle(e, at);
	case PHASE_MEASURE:
		if (!ration_entitle__measure(e))
			e->at = e->at_end;
		return classes_visits(e);
	case PHASE_CUT:
		if (!ration_entitle__cut_grow(e))
			e->at = e->at_end;
		return classes_visits(e);
	default:
		d = phase_dom(e, at);
		return d != NULL ? phase_visit_dom(e, d) : 1;
	}
}

/* The sweep is over: what comes next? */
static enum entitle_phase phase_end(struct ration_entitle *e)
{
	switch (e->phase) {
	case PHASE_CELLS: e->floors = e->has_floors; return PHASE_RESET;
	case PHASE_RESET: return reset_end(e);
	case PHASE_LEVEL: return ration_entitle__level_next(e) ? PHASE_LEVEL : PHASE_DRAIN;
	case PHASE_DRAIN: drain_end(e); return PHASE_POUR;
	case PHASE_POUR: return PHASE_SETTLE;
	case PHASE_SETTLE: return settle_end(e);
	case PHASE_LINK: e->distance = 0; return PHASE_MEASURE;
	case PHASE_MEASURE: return measure_end(e);
	case PHASE_MOVE: return move_end(e);
	case PHASE_CUT: return cut_end(e);
	case PHASE_SPLIT: return split_end(e);
	default: return PHASE_DONE;
	}
}

static uint32_t phase_step(struct ration_entitle *e)
{
	if (e->at < e->at_end)
		return phase_visit(e);
	e->phase = (uint8_t)phase_end(e);
	e->at = 0;
	e->at_end = phase_count(e);
	return classes_visits(e);
}

bool ration_entitle_step(struct ration_entitle *e)
{
	for (uint32_t visits = 0; visits < ENTITLE_VISITS && e->phase != PHASE_DONE; )
		visits += phase_step(e);
	return e->phase == PHASE_DONE;
}

/* ---- Results -------------------------------------------------------------- */

uint64_t ration_entitle_dom_ppb(const struct ration_entitle *e, uint32_t slot)
{
	RATION_ASSERT(e->phase == PHASE_DONE);
	return entitle_is_in(e, &e->dom[slot]) ? (uint64_t)e->dom[slot].amount * GRAIN_PPB : 0;
}

uint64_t ration_entitle_vcpu_ppb(const struct ration_entitle *e, uint32_t slot,
                                 ration_cpuset hard)
{
	const struct entitle_group *g = NULL;

	RATION_ASSERT(e->phase == PHASE_DONE);
	if (entitle_is_in(e, &e->dom[slot]))
		g = entitle_group_find(e, &e->dom[slot], ration_entitle__class_find(e, hard & e->online));
	if (g == NULL || g->state == GROUP_EMPTY)
		return 0;
	return (uint64_t)g->flow * GRAIN_PPB / entitle_count(e, g);
}

ration_cpuset ration_entitle_home(const struct ration_entitle *e, ration_cpuset hard)
{
	uint32_t k = ration_entitle__class_find(e, hard & e->online);
	ration_cpuset home = 0;

	RATION_ASSERT(e->phase == PHASE_DONE);
	if (k == e->class_end)
		return hard;
	for (ration_cpuset s = e->class_of[k].cells; s != 0; s = ration_cpuset_rest(s))
		home |= e->cell[ration_cpuset_first(s)].cpus;
	return home != 0 ? home : hard;
}

bool ration_entitle_floors_fit(struct ration_entitle *e, struct ration_entitle_lack *lack)
{
	RATION_ASSERT(e->phase == PHASE_CELLS);
	do
		(void)phase_step(e);
	while (e->phase == PHASE_CELLS || (e->floors && !e->floors_lack));
	*lack = (struct ration_entitle_lack){ 0, 0 };
	if (!e->floors_lack)
		return true;
	for (ration_cpuset s = e->cut_cells; s != 0; s = ration_cpuset_rest(s))
		lack->cpus |= e->cell[ration_cpuset_first(s)].cpus;
	for (uint32_t k = 0; k < e->class_end; k++)        /* at most 4,096 floors: below 2^44 */
		lack->missing_ppb += e->class_of[k].excess * GRAIN_PPB;
	return false;
}

uint64_t ration_entitle_held_ppb(const struct ration_entitle *e, uint32_t slot)
{
	const struct entitle_dom *d = &e->dom[slot];
	uint64_t held = 0;

	RATION_ASSERT(e->floors_lack);
	for (uint32_t i = 0; entitle_is_in(e, d) && i < d->group_count; i++)
		if (ration_classes_has(&e->cut, e->group[d->group_first + i].class_idx))
			held += (uint64_t)e->group[d->group_first + i].flow * GRAIN_PPB;
	return held;
}
