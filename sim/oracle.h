/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oracle.h - what each domain is owed: exact weighted max-min fair shares by
 * linear programming, on their own, without a line of the scheduler's code.
 *
 * UNIT     All amounts are CPUs: 0.25 is a quarter of one CPU.
 *
 * RULES    A vCPU gets at most min(1, its demand), from the CPUs of its mask;
 *          an on-line CPU gives 1.  A domain gets the sum over its vCPUs: at
 *          most its cap, at least its floor (or, if less, what it can use).
 *
 * OWED     Of all vectors of domains that the rules allow it is the one that
 *          progressive filling finds: a level rises for all, each domain has
 *          weight * level, at least its floor, until it cannot have more
 *          without somebody below it having less.  Weights need no common
 *          unit.  Then, with what the domains have fixed, the vCPUs are filled
 *          in the same way, all at once and with equal weights.  Both vectors
 *          are unique.
 *
 * FLOORS   that cannot all be kept at once are cut first: they are filled in
 *          proportion to themselves, so that only those that share the CPUs
 *          that lack lose, each the same part of its floor.
 *
 * EXACT    to ORACLE_EXACT, at weights up to 65535:1.
 * COST     Equal vCPUs of a domain, equal domains and interchangeable CPUs count
 *          as one.  One linear program for each level at which somebody stops,
 *          each begun from the last one: 32 domains of 8 vCPUs pinned at random
 *          on 16 CPUs take milliseconds.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "ration_cpuset.h"

#ifdef __cplusplus
extern "C" {
#endif

struct oracle_vcpu {
	ration_cpuset hard;      /* where it may run; CPUs that are not on line do not count */
	double demand;           /* 0: idle, or not there; 1 (or more): always wants to run */
};

struct oracle_domain {
	double weight;           /* > 0 */
	double cap;              /* 0: none */
	double floor;            /* 0: none */
	const struct oracle_vcpu *vcpu;
	uint32_t vcpu_count;
	bool absent;             /* owed nothing */
};

struct oracle_machine {
	ration_cpuset online;
	const struct oracle_domain *domain;
	uint32_t domain_count;
};

#define ORACLE_EXACT 1e-8        /* how near an answer is, in CPUs */

enum oracle_status {
	ORACLE_OK,
	ORACLE_FLOORS,           /* the floors cannot all be kept: owed are the cut ones */
	ORACLE_FAILED            /* the solver gave up (never seen): there is no answer */
};

struct oracle_share {
	double entitled;         /* the domain */
	double wanted;           /* its floor, or what it can use of that */
	double floor;            /* what of that can be kept */
	double *vcpu;            /* its vCPUs; their sum is `entitled` */
};

struct oracle_result {
	enum oracle_status status;
	double missing;          /* ORACLE_FLOORS: what is cut from all floors together */
	uint32_t solves;         /* linear programs */
	struct oracle_share *share;      /* one per domain */
	double *memory;          /* of the vCPUs */
};

/* Solve; *result is for oracle_result_free() whatever the status. */
enum oracle_status oracle_solve(const struct oracle_machine *machine,
                                struct oracle_result *result);
void oracle_result_free(struct oracle_result *result);

#ifdef __cplusplus
}
#endif
#endif
