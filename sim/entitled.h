/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entitled.h - what the domains of a scenario are owed, by the oracle.
 *
 * Weights, caps and floors count whatever the policy; under one that honours
 * slices (sedf), slice/period is besides a floor of the domain, and without
 * extratime the most that each of its vCPUs can have.  Demands are those of
 * demand.h; what dom0 does for others is its own.
 *
 * It is for afterwards, and for when nothing is simulated at all: floating
 * point must not come near a trace.
 */
#ifndef ENTITLED_H
#define ENTITLED_H

#include "oracle.h"
#include "sim.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * As it is at time 0: the domains that are there then, or with `all` also those
 * that come later.  *result as oracle_solve() fills it, for
 * oracle_result_free(); demand[i], in CPUs, is what domain i would use with the
 * CPUs of its masks to itself.
 */
enum oracle_status entitled_at_start(const struct scenario *s, const struct ration_policy *policy,
                                     bool all, struct oracle_result *result, double *demand);

/*
 * Over a run: sets `entitled` of each domain of the result, in CPUs, to the mean
 * of what the oracle says for each stretch in which nothing changed.  Domains
 * come and go, attributes, affinities, pauses, vCPUs and CPUs change as the
 * scenario has it; what was refused did not happen.
 */
void entitled_over_run(const struct scenario *s, struct sim_result *r);

#ifdef __cplusplus
}
#endif
#endif
