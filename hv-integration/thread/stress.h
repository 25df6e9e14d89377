/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress.h - the port under everything at once: CPUs whose guests compute,
 * block, yield and wake each other at random, while other threads bring domains
 * and vCPUs and take them away, pin, pause, change attributes, CPUs and the
 * policy, and walk all invariants.  What runs is random; what must hold is not:
 * ration_check(), the contexts (rig.h), no lost wake-up.
 */
#ifndef STRESS_H
#define STRESS_H

#include <stdio.h>

#include "ration_types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct stress_options {
	ration_ns time_ns;
	uint32_t cpu_count;              /* 1..RATION_CPU_MAX */
	uint64_t seed;
	FILE *log;                       /* NULL: nothing is recorded */
	bool progress;
};

struct stress_result {
	const char *broken;              /* what does not hold, or NULL */
	uint64_t verbs, dispatches, checks, wakes, admitted, left, busy, refused, policies, cpus;
	double wall_s;
	int signal;                      /* that ended it early, or 0 */
	uint64_t log_events, log_lost, log_bytes;
	int log_error;
};

/* False, with errno set: no threads. */
bool stress_run(const struct stress_options *options, struct stress_result *result);

#ifdef __cplusplus
}
#endif
#endif
