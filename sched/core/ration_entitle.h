/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_entitle.h - what each domain is owed, and whether all floors fit: for policies.
 *
 * The entitlement of a domain is its weighted max-min fair share of the CPUs
 * that are on line, subject to its cap and its floor, to where its vCPUs may
 * run, and to what they want: each at most one CPU.  No domain can get more
 * without one getting less that has, for its weight, no more; a floor comes
 * before that, as far as the domain wants it.  Inside a domain, vCPUs with the
 * same mask (one affinity class) get the same; the classes even shares where
 * the CPUs allow it, and where they do not, those with most give way first, down
 * to about half of what others have (exact max-min would cost a multiple).  No
 * total suffers for that.
 *
 * A computation works on a snapshot and in bounded steps:
 *
 *      begin -> (dom -> vcpu...)... -> step until true -> read
 *
 * The caller fills the snapshot at its own pace.  There is one buffer: results
 * stand from the last step to the next begin, and the caller copies those that
 * it must have in between ("commit").  Nothing is shared with the core; the
 * engine knows numbers, not structs.
 *
 * Units: ppb, 10^9 = one CPU, in steps of 20 (a demand: of 320).  Error: every
 * result is exact to 40 ppb, plus what demands were rounded down by, plus at
 * most 20 ppb for each domain that competes for the same CPUs.
 *
 * HOW.  CPUs that no class tells apart are one cell.  All classes begin as one
 * part.  A part's level is such that its domains together take what its cells
 * have, each weight x level kept between its floor and its cap; a maximum flow
 * says whether they can.  Where not, the classes of the minimum cut get less
 * than that level and the others more: the part is split in two, and each half
 * gets a level of its own.  All parts advance in the same sweeps, so that there
 * are at most k rounds for k classes, and few where bottlenecks are alike.
 *
 * COST.  d domains, g groups (a domain's vCPUs of one class), k classes, c CPUs.
 * A round: as a rule 3 to 5 sweeps over d for the levels (at most 120); for the
 * flow one over g, and only where pins overlap two for each of some more turns
 * (5 to 10 as a rule); and O(k c).  One class: one round, O(d + c): about 230
 * steps for 2,048 domains.  No recursion, no division but of 64 bits.
 */
#ifndef RATION_ENTITLE_H
#define RATION_ENTITLE_H

#include "ration_policy.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RATION_PPB 1000000000ULL   /* one whole CPU */

struct ration_entitle;

/* Bytes of memory: a fixed part, and for each CPU, domain and vCPU of the
 * limits: what a policy's table can ask for as scratch.  Aligned to 8. */
#define RATION_ENTITLE_SIZE      14512u
#define RATION_ENTITLE_CPU_SIZE  544u
#define RATION_ENTITLE_DOM_SIZE  40u
#define RATION_ENTITLE_VCPU_SIZE 8u

/* The four together. */
size_t ration_entitle_size(const struct ration_limits *limits);

/* An engine without a snapshot, at `memory`.  O(domains of the limits). */
struct ration_entitle *ration_entitle_init(void *memory, const struct ration_limits *limits);

/* ---- The snapshot ------------------------------------------------------ */

/* Begin a new one, whatever state the last is in.  O(c). */
void ration_entitle_begin(struct ration_entitle *e, ration_cpuset online);

/*
 * The domain of that slot, once: weight 1..65535; cap and floor in ppb, at most
 * 64 CPUs; a cap of 0 is none.  Give those that are runnable: what is not in
 * the snapshot gets nothing and holds nothing.  O(1).
 */
void ration_entitle_dom(struct ration_entitle *e, uint32_t slot, uint32_t weight,
                        uint64_t cap_ppb, uint64_t floor_ppb);

/* A vCPU of the domain given last: where it may run, and what it would use of a
 * CPU, 0..10^9 (a hog: 10^9).  Without a CPU on line it gets nothing.  At most
 * RATION_CLASS_MAX different masks.  O(k), O(1) after one of the same mask; and
 * O(classes in that domain). */
void ration_entitle_vcpu(struct ration_entitle *e, ration_cpuset hard, uint64_t demand_ppb);

/* ---- The computation --------------------------------------------------- */

/*
 * Go on; true once the results stand.  A call visits about 64 domains, groups
 * or CPUs, at most those and one domain's groups, of which there can be 128, a
 * few times; or one pass over the classes.
 *
 * Floors that do not fit together (after a CPU was forced off line) are first
 * reduced, those that compete in the same proportion.
 */
bool ration_entitle_step(struct ration_entitle *e);

/* What the domain of that slot is owed, in ppb; 0 if it is not in the snapshot.
 * After the last step.  O(1). */
uint64_t ration_entitle_dom_ppb(const struct ration_entitle *e, uint32_t slot);

/* What each vCPU with that mask in that domain is owed: their average, if they
 * want different amounts.  After the last step.  O(k). */
uint64_t ration_entitle_vcpu_ppb(const struct ration_entitle *e, uint32_t slot,
                                 ration_cpuset hard);

/* Where vCPUs with that mask have to run so that all get what they are owed: not on
 * CPUs that others, who can run nowhere else, are owed all of.  After the last step.
 * O(k + c). */
ration_cpuset ration_entitle_home(const struct ration_entitle *e, ration_cpuset hard);

/* What that domain would get for its weight, of CPUs such as those of that mask,
 * if it wanted more than it does: at least what it is owed but for its floor, and
 * a guess, since others would then get less.  After the last step.  O(k). */
uint64_t ration_entitle_level_ppb(const struct ration_entitle *e, uint32_t slot,
                                  ration_cpuset hard);

/* ---- Admission --------------------------------------------------------- */

/* Where floors do not fit. */
struct ration_entitle_lack {
	ration_cpuset cpus;      /* the smallest set of CPUs that lacks all that is lacking */
	uint64_t missing_ppb;    /* how much: no change of other CPUs' use would help */
};

/*
 * Do the floors of the snapshot, each as far as its domain's cap and vCPUs can
 * take it, fit together?  If not, *lack says where.  Instead of step, on a
 * fresh snapshot; there are no results then.  Reducing one of the floors that
 * hold those CPUs by what is missing makes room, if the others fit by
 * themselves: the largest floor that would fit is the floor minus missing.
 * One round: O(g + k c) for pins that do not overlap.
 */
bool ration_entitle_floors_fit(struct ration_entitle *e, struct ration_entitle_lack *lack);

/* After floors that do not fit: how much that domain's floor asks of the CPUs
 * that lack, in ppb.  O(classes in that domain). */
uint64_t ration_entitle_held_ppb(const struct ration_entitle *e, uint32_t slot);

#ifdef __cplusplus
}
#endif
#endif
