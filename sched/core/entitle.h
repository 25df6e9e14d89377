/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entitle.h - the inside of the entitlement engine; ration_entitle.h says what it does.
 *
 * Amounts are in grains of 20 ppb: the whole machine, 64 CPUs, fits 32 bits, and
 * caps and floors (ppm) are exact.  A level is grains per weight, times 2^16; or,
 * while floors are shared out, a part of the floor, times 2^32.
 *
 * Invariants, while no flow is under way:
 *  1. A class, and so a group, belongs to one part; a domain to one part, in
 *     which all of its FREE groups are.  No two parts share a cell.
 *  2. A domain's FULL groups get what they want, whatever its level: their sum
 *     is `outside`, and counts in their classes' `fixed`.  EMPTY ones get nothing.
 *  3. Each part's cells have room for its classes' fixed amounts and for its
 *     domains at their least (max of floor and outside).
 */
#ifndef ENTITLE_H
#define ENTITLE_H

#include "ration_entitle.h"

#define GRAIN_PPB       20u
#define GRAINS_PER_CPU  50000000u
#define GRAINS_MAX      (GRAINS_PER_CPU * RATION_CPU_MAX)      /* below 2^32 */

#define LEVEL_SHIFT     16u
#define LEVEL_SHIFT_FLOORS 32u
/* At these a domain is at its upper bound: of weight 1, or of its floor.  Times
 * the weight, below 2^16, or the floor, below 3.2 * 10^9: below 2^64. */
#define LEVEL_MAX       ((uint64_t)GRAINS_MAX << LEVEL_SHIFT)
#define LEVEL_MAX_FLOORS ((uint64_t)1 << LEVEL_SHIFT_FLOORS)

#define ENTITLE_VISITS  64u        /* of a step */
#define ENTITLE_FAR     255u       /* a class from which no room can be reached */

/* CPUs that no class tells apart; kept at the lowest of them. */
struct entitle_cell {
	ration_cpuset cpus;
	struct ration_classes users;           /* those with flow here */
	uint32_t capacity, spare;
	uint32_t flow[RATION_CLASS_MAX];       /* of users */
};

struct entitle_class {
	ration_cpuset hard;        /* of those on line */
	ration_cpuset cells;       /* of its part */
	uint64_t fixed;            /* of FULL groups */
	uint64_t excess;           /* of its groups' flow, what has no cell */
	uint8_t part;
	uint8_t distance;          /* moves to a cell with room; ENTITLE_FAR */
};

enum entitle_group_state { GROUP_FREE, GROUP_FULL, GROUP_EMPTY };

/* The vCPUs of one domain and class: of one vCPU, eight bytes; of several, eight
 * more, from the other end of the same memory. */
struct entitle_group {
	uint32_t flow;
	uint32_t rest : 22;            /* what the vCPU wants, in WANT_GRAINS; or, where
	                                * there are several, their number in `many` */
	uint32_t class_idx : 7;
	uint32_t state : 2;            /* enum entitle_group_state */
	uint32_t has_many : 1;
};

#define WANT_GRAINS 16u                /* one CPU: 3,125,000 of them, below 2^22 */

struct entitle_many {
	uint32_t want, vcpu_count;
};

struct entitle_dom {
	uint32_t weight, cap, floor;           /* floor: what can be kept of it */
	uint32_t most;                         /* what cap, vCPUs and part allow */
	uint32_t outside;                      /* of its FULL groups */
	uint32_t least;                        /* of what it was given: the floors that fit */
	uint32_t amount;                       /* what it gets */
	uint32_t group_first;
	uint32_t stamp;                        /* it is in the snapshot of that number */
	uint16_t group_count;
	uint8_t part;
};

enum entitle_part_state { PART_DONE, PART_LEVEL, PART_FLOW };

struct entitle_part {
	int64_t room;                          /* for its domains, inside of it */
	uint64_t level;
	uint64_t below, above;                 /* levels that fit, and that do not */
	int64_t sum;                           /* what the domains take at `level` */
	uint64_t slope;                        /* the weights that rise with it */
	uint32_t rising;                       /* how many domains those are */
	uint8_t pass_count;
	uint8_t state;
	uint8_t cut;                           /* the part that its cut becomes; itself: none */
};

enum entitle_phase {
	PHASE_CELLS,               /* merge CPUs into cells */
	PHASE_RESET,               /* all in one part */
	PHASE_LEVEL,               /* what the domains take at their parts' levels */
	PHASE_DRAIN,               /* no flow */
	PHASE_POUR,                /* domains into classes */
	PHASE_SETTLE,              /* classes into cells, the farthest first */
	PHASE_LINK,                /* which classes a domain can move flow between */
	PHASE_MEASURE,             /* how far each class is from room */
	PHASE_MOVE,                /* domains move flow to nearer classes */
	PHASE_CUT,                 /* what cannot be reached, and what is done */
	PHASE_SPLIT,               /* domains follow their parts */
	PHASE_DONE
};

struct ration_entitle {
	/* constant */
	struct ration_limits limits;
	struct entitle_cell *cell;
	struct entitle_dom *dom;
	struct entitle_group *group;
	struct entitle_many *many_end;         /* many number i lies i + 1 before it */

	/* the snapshot */
	uint32_t stamp;
	uint32_t dom_end;                      /* the highest slot + 1 */
	uint32_t group_end, many_count;        /* at most a vCPU of the limits each */
	uint32_t last_dom;
	uint32_t class_end;
	uint32_t last_class;
	ration_cpuset online;
	ration_cpuset cells;

	/* the computation */
	uint8_t phase;
	uint8_t distance;                      /* being settled or measured */
	bool floors;                           /* floors are what is shared out */
	bool floors_lack;
	bool has_floors;
	bool has_many;                         /* a domain has several groups */
	bool moved;                            /* domains had to leave even shares */
	bool evening;                          /* the last flow: as even as can be */
	uint32_t keep;                         /* of each vCPU's flow; no domain moves that */
	uint32_t at, at_group;                 /* the place of the sweep */
	uint32_t at_end;
	uint32_t part_count;
	struct ration_classes near;            /* classes at the distance before */
	struct ration_classes cut;
	ration_cpuset cut_cells;
	struct entitle_class class_of[RATION_CLASS_MAX];
	struct ration_classes link[RATION_CLASS_MAX];   /* where domains can move flow to */
	struct entitle_part part[RATION_CLASS_MAX];
};

static inline bool classes_meet(const struct ration_classes *a, const struct ration_classes *b)
{
	return ((a->word[0] & b->word[0]) | (a->word[1] & b->word[1])) != 0;
}

static inline void classes_join(struct ration_classes *a, const struct ration_classes *b)
{
	a->word[0] |= b->word[0];
	a->word[1] |= b->word[1];
}

static inline bool classes_is_empty(const struct ration_classes *s)
{
	return (s->word[0] | s->word[1]) == 0;
}

/* The lowest class of a set that is not empty. */
static inline uint32_t classes_first(const struct ration_classes *s)
{
	return s->word[0] != 0 ? (uint32_t)__builtin_ctzll(s->word[0])
	                       : 64u + (uint32_t)__builtin_ctzll(s->word[1]);
}

static inline struct entitle_many *entitle_many_of(const struct ration_entitle *e,
                                                   const struct entitle_group *g)
{
	return e->many_end - 1 - g->rest;
}

static inline uint32_t entitle_want(const struct ration_entitle *e, const struct entitle_group *g)
{
	return g->has_many ? entitle_many_of(e, g)->want : g->rest * WANT_GRAINS;
}

static inline uint32_t entitle_count(const struct ration_entitle *e, const struct entitle_group *g)
{
	return g->has_many ? entitle_many_of(e, g)->vcpu_count : 1;
}

static inline bool entitle_is_in(const struct ration_entitle *e, const struct entitle_dom *d)
{
	return d->stamp == e->stamp;
}

/* What it counts for to visit each of d's groups. */
static inline uint32_t entitle_visits(const struct entitle_dom *d)
{
	return d->group_count > 1 ? d->group_count : 1;
}

static inline struct entitle_part *entitle_part_of(struct ration_entitle *e, uint32_t class_idx)
{
	return &e->part[e->class_of[class_idx].part];
}

/* The class of that mask of CPUs on line, or class_end. */
uint32_t ration_entitle__class_find(const struct ration_entitle *e, ration_cpuset hard);

/* ---- entitle_level.c: the levels of the parts -------------------------- */

/* What d takes at that level. */
uint32_t ration_entitle__amount(const struct ration_entitle *e, const struct entitle_dom *d,
                                uint64_t level);
void ration_entitle__level_begin(struct ration_entitle *e, struct entitle_part *p);
void ration_entitle__level_visit(struct ration_entitle *e, struct entitle_dom *d);
/* A sweep is over: does a part need another one? */
bool ration_entitle__level_next(struct ration_entitle *e);

/* ---- entitle_flow.c: the flow at those levels -------------------------- */

/* Each returns how much it visited. */
uint32_t ration_entitle__pour(struct ration_entitle *e, struct entitle_dom *d);
uint32_t ration_entitle__settle(struct ration_entitle *e, uint32_t class_idx);
uint32_t ration_entitle__link(struct ration_entitle *e, const struct entitle_dom *d);
uint32_t ration_entitle__move(struct ration_entitle *e, const struct entitle_dom *d, uint32_t i);

/* Is there any class with excess, and one that is not far? */
bool ration_entitle__has_excess(const struct ration_entitle *e, bool near);
/* Before the classes at e->distance settle: those that are nearer by one. */
void ration_entitle__near_set(struct ration_entitle *e);
/* Find the classes at e->distance + 1; were there any? */
bool ration_entitle__measure(struct ration_entitle *e);
/* Let e->cut and e->cut_cells, empty at first, grow by what can be reached from
 * them at once: the smallest minimum cut when it is false, that they grew. */
bool ration_entitle__cut_grow(struct ration_entitle *e);

#endif
