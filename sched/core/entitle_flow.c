/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A maximum flow from domains over their groups' classes into cells.
 *
 * Domains pour all that they take into their groups; a class that has more
 * than its cells can hold has an excess, which moves: into a cell with room; to
 * a class whose flow it displaces from a full cell; or, by a domain that has a
 * group in either, to another class.  Moves lead only from a class to one that
 * is nearer to room by one (exact distances, measured anew in each turn: the
 * preflow-push method on classes).  They end when what excess is left is far
 * from any room; the classes that it can reach are the minimum cut.
 */
#include "entitle.h"

static uint32_t flow_least(uint64_t excess, uint32_t amount)
{
	return excess < amount ? (uint32_t)excess : amount;
}

static uint32_t group_room(const struct ration_entitle *e, const struct entitle_group *g)
{
	return g->state == GROUP_FREE ? entitle_want(e, g) - g->flow : 0;
}

/* ---- Domains into classes ----------------------------------------------- */

/* Turns after which a domain's classes need not be even any more. */
#define POUR_TURNS 4u

/* Raise d's groups to `each` a vCPU, as far as they want it; *sum: what they have
 * then.  Returns how many vCPUs want more. */
static uint32_t pour_up_to(struct ration_entitle *e, const struct entitle_dom *d, uint64_t each,
                           uint32_t *sum)
{
	uint32_t greedy = 0;

	*sum = 0;
	for (uint32_t i = 0; i < d->group_count; i++) {
		struct entitle_group *g = &e->group[d->group_first + i];
		uint32_t want = entitle_want(e, g), count = entitle_count(e, g);

		if (g->state != GROUP_FREE)
			continue;
		/* `each` is below 2^32, and a count at most 2^16. */
		g->flow = each * count < want ? (uint32_t)each * count : want;
		greedy += g->flow < want ? count : 0;
		*sum += g->flow;
	}
	return greedy;
}

/* `amount` over d's groups, each vCPU the same as far as it wants it: in each
 * turn what the modest leave goes to the others. */
static uint32_t pour_evenly(struct ration_entitle *e, const struct entitle_dom *d, uint32_t amount)
{
	uint32_t each = 0, sum, turn = 0, greedy = pour_up_to(e, d, each, &sum);

	for (; turn < POUR_TURNS && greedy != 0 && amount - sum >= greedy; turn++) {
		each += (amount - sum) / greedy;
		greedy = pour_up_to(e, d, each, &sum);
	}
	amount -= sum;                                 /* what division left */
	for (uint32_t i = 0; i < d->group_count && amount != 0; i++) {
		struct entitle_group *g = &e->group[d->group_first + i];
		uint32_t more = flow_least(group_room(e, g), amount);

		g->flow += more;
		amount -= more;
	}
	return turn + 2;
}

uint32_t ration_entitle__pour(struct ration_entitle *e, struct entitle_dom *d)
{
	struct entitle_group *group = &e->group[d->group_first];
	uint32_t turns = 1;

	d->amount = ration_entitle__amount(e, d, e->part[d->part].level);
	if (d->group_count == 1)
		group->flow = d->amount;
	else
		turns = pour_evenly(e, d, d->amount - d->outside);
	for (uint32_t i = 0; i < d->group_count; i++)
		if (group[i].state == GROUP_FREE)
			e->class_of[group[i].class_idx].excess += group[i].flow;
	return turns * entitle_visits(d);
}

/* ---- Classes into cells -------------------------------------------------- */

/* Flow of class k into cell c, of which there is room, or was made. */
static void settle_add(struct ration_entitle *e, struct entitle_cell *cell, uint32_t k,
                       uint32_t amount)
{
	/* Flow of those that are not users is left over from another turn. */
	if (!ration_classes_has(&cell->users, k))
		cell->flow[k] = 0;
	ration_classes_add(&cell->users, k);
	cell->flow[k] += amount;
	e->class_of[k].excess -= amount;
}

/* Displace flow of nearer classes from a full cell. */
static uint32_t settle_displace(struct ration_entitle *e, struct entitle_cell *cell, uint32_t k)
{
	struct ration_classes who = {
		{ cell->users.word[0] & e->near.word[0], cell->users.word[1] & e->near.word[1] }
	};
	uint32_t visits = 0;

	for (; !classes_is_empty(&who) && e->class_of[k].excess != 0; visits++) {
		uint32_t other = classes_first(&who);
		uint32_t amount = flow_least(e->class_of[k].excess, cell->flow[other]);

		ration_classes_remove(&who, other);
		cell->flow[other] -= amount;
		if (cell->flow[other] == 0)
			ration_classes_remove(&cell->users, other);
		e->class_of[other].excess += amount;
		settle_add(e, cell, k, amount);
	}
	return visits;
}

uint32_t ration_entitle__settle(struct ration_entitle *e, uint32_t class_idx)
{
	struct entitle_class *k = &e->class_of[class_idx];
	uint32_t visits = 1;

	if (k->distance != e->distance || k->excess == 0)
		return visits;
	for (ration_cpuset s = k->cells; s != 0 && k->excess != 0; s = ration_cpuset_rest(s)) {
		struct entitle_cell *cell = &e->cell[ration_cpuset_first(s)];
		uint32_t amount = flow_least(k->excess, cell->spare);

		visits++;
		if (e->distance > 1) {
			visits += settle_displace(e, cell, class_idx);
		} else if (amount != 0) {
			cell->spare -= amount;
			settle_add(e, cell, class_idx, amount);
		}
	}
	return visits;
}

void ration_entitle__near_set(struct ration_entitle *e)
{
	e->near = (struct ration_classes){ { 0, 0 } };
	for (uint32_t k = 0; k < e->class_end; k++)
		if (e->class_of[k].distance + 1u == e->distance)
			ration_classes_add(&e->near, k);
}

/* ---- Domains between classes --------------------------------------------- */

/* What may be moved away from g: not what its vCPUs shall keep. */
static uint32_t group_movable(const struct ration_entitle *e, const struct entitle_group *g)
{
	uint64_t keep = e->keep == 0 ? 0 : (uint64_t)e->keep * entitle_count(e, g);

	return g->state == GROUP_FREE && g->flow > keep ? g->flow - (uint32_t)keep : 0;
}

uint32_t ration_entitle__link(struct ration_entitle *e, const struct entitle_dom *d)
{
	const struct entitle_group *group = &e->group[d->group_first];
	struct ration_classes to = { { 0, 0 } };

	if (d->group_count < 2)
		return 1;
	for (uint32_t i = 0; i < d->group_count; i++)
		if (group_room(e, &group[i]) != 0)
			ration_classes_add(&to, group[i].class_idx);
	for (uint32_t i = 0; i < d->group_count; i++)
		if (group_movable(e, &group[i]) != 0)
			classes_join(&e->link[group[i].class_idx], &to);
	return entitle_visits(d);
}

/* From d's i-th group to others whose classes are nearer. */
uint32_t ration_entitle__move(struct ration_entitle *e, const struct entitle_dom *d, uint32_t i)
{
	struct entitle_group *group = &e->group[d->group_first], *from = &group[i];
	struct entitle_class *k = &e->class_of[from->class_idx];
	uint32_t movable = group_movable(e, from);

	if (k->excess == 0 || k->distance == ENTITLE_FAR)
		return 1;
	for (uint32_t j = 0; j < d->group_count && k->excess != 0 && movable != 0; j++) {
		struct entitle_class *nearer = &e->class_of[group[j].class_idx];
		uint32_t amount;

		if (nearer->distance + 1u != k->distance)
			continue;
		amount = flow_least(k->excess, flow_least(movable, group_room(e, &group[j])));
		from->flow -= amount;
		movable -= amount;
		k->excess -= amount;
		group[j].flow += amount;
		nearer->excess += amount;
	}
	return d->group_count;
}

/* ---- How far, and what not at all ---------------------------------------- */

bool ration_entitle__has_excess(const struct ration_entitle *e, bool near)
{
	for (uint32_t k = 0; k < e->class_end; k++)
		if (e->class_of[k].excess != 0 &&
		    (!near || e->class_of[k].distance != ENTITLE_FAR))
			return true;
	return false;
}

bool ration_entitle__measure(struct ration_entitle *e)
{
	struct ration_classes next = { { 0, 0 } };
	ration_cpuset cells = 0;

	for (ration_cpuset s = e->cells; s != 0; s = ration_cpuset_rest(s)) {
		const struct entitle_cell *cell = &e->cell[ration_cpuset_first(s)];

		if (e->distance == 0 ? cell->spare != 0 : classes_meet(&cell->users, &e->near))
			cells |= s & (~s + 1);
	}
	e->distance++;
	for (uint32_t k = 0; k < e->class_end; k++) {
		struct entitle_class *class = &e->class_of[k];

		if (class->distance != ENTITLE_FAR || ((class->cells & cells) == 0 &&
		    (e->distance == 1 || !classes_meet(&e->link[k], &e->near))))
			continue;
		class->distance = e->distance;
		ration_classes_add(&next, k);
	}
	e->near = next;
	return !classes_is_empty(&next);
}

bool ration_entitle__cut_grow(struct ration_entitle *e)
{
	struct ration_classes before = e->cut;

	for (uint32_t k = 0; k < e->class_end; k++) {
		if (e->class_of[k].excess == 0 && !ration_classes_has(&before, k))
			continue;
		ration_classes_add(&e->cut, k);
		classes_join(&e->cut, &e->link[k]);
		e->cut_cells |= e->class_of[k].cells;
	}
	for (ration_cpuset s = e->cut_cells; s != 0; s = ration_cpuset_rest(s))
		classes_join(&e->cut, &e->cell[ration_cpuset_first(s)].users);
	return before.word[0] != e->cut.word[0] || before.word[1] != e->cut.word[1];
}
