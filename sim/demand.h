/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * demand.h - how much CPU time a guest would use if nobody else were there, as
 * a share of one CPU, in the mean over a long time.
 *
 *     idle                 0
 *     hog                  1
 *     loop                 run / (run + block), the way through dom0 a part of block
 *     periodic             run / period
 *     server               service / gap, spread over the vCPUs of the domain; of
 *                          recorded arrivals, those within the run
 *     spinlock, barrier    1: the faster it goes, the more rounds it makes
 *     recorded             as it ran and blocked in the log
 *
 * None is above 1.  Where CPUs differ in speed, or a busy sibling slows them
 * down, bursts take longer: `speed` is that of a mean CPU, of the fastest alone.
 */
#ifndef DEMAND_H
#define DEMAND_H

#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/* When and how fast. */
struct demand_when {
	ration_ns sim_ns;        /* length of the run */
	double speed;            /* above 0, up to 1 */
};

/* Of vCPU `idx`.  O(its recorded arrivals or bursts). */
double demand_vcpu(const struct scenario_domain *d, uint32_t idx, struct demand_when when);

/* What dom0 does for it, all its vCPUs together, in CPUs. */
double demand_in_dom0(const struct scenario_domain *d, struct demand_when when);

/* Of the CPUs on line when each is busy for that part of the time. */
double demand_speed(const struct scenario *s, ration_cpuset online, double busy);

/* The mean of a length of time, in ns. */
double demand_mean_ns(const struct scenario_dist *dist);

#ifdef __cplusplus
}
#endif
#endif
