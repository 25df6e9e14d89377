/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_affinity.h - hard and soft affinity.
 *
 * `hard`: the CPUs that a vCPU may run on.  It never runs on another one, also
 *         when all of them are off line: then it waits (cause `offline`) and
 *         runs again when one of them is back.  Nothing ever widens it.
 * `soft`: the CPUs that it prefers.  Soft affinity only orders choices: where
 *         no soft CPU is to be had, any hard one will do, and no CPU is left
 *         idle for its sake.
 */
#ifndef RATION_AFFINITY_H
#define RATION_AFFINITY_H

#include "ration_cpuset.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ration_affinity {
	ration_cpuset hard;
	ration_cpuset soft;
};

/* The CPUs of `among` to choose from: those that are hard and soft, or, where
 * there is none, those that are hard.  O(1). */
static inline ration_cpuset ration_affinity_choose(struct ration_affinity a, ration_cpuset among)
{
	ration_cpuset hard = among & a.hard;
	ration_cpuset both = hard & a.soft;

	return both != 0 ? both : hard;
}

/* Does soft affinity make a difference at all for this pair?  It does not
 * where it holds every hard CPU, or none.  O(1). */
static inline bool ration_affinity_is_soft(struct ration_affinity a)
{
	return (a.hard & ~a.soft) != 0 && (a.hard & a.soft) != 0;
}

/*
 * Is this pair acceptable on a machine of `cpu_count` CPUs?  RATION_OK, or
 * RATION_E_INVALID: hard is empty; RATION_E_RANGE: hard names a CPU that the
 * machine does not have.  Soft may name anything; what is not there is never
 * chosen.  O(1).
 */
int ration_affinity_check(struct ration_affinity a, uint32_t cpu_count);

#ifdef __cplusplus
}
#endif
#endif
