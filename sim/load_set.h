/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_set.h - what would have been under something else: changes to a
 * scenario that was read off a log.
 *
 *      DOMAIN.ATTR=VALUE    weight cap floor burst period slice latency extratime shadow,
 *                           cpus (hard affinity of all its vCPUs)
 *      ATTR=VALUE           tslice ratelimit
 *
 * VALUE is written as in a scenario file.  What is set holds for the whole run:
 * what the log says was made of that attribute later is left out.  Of domains
 * of the same name, one after the other, it holds for all.
 */
#ifndef LOAD_SET_H
#define LOAD_SET_H

#include "diagnostics.h"
#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Apply `count` changes, in order, then see whether each domain is still sound.
 * `label` stands before what is reported: "LABEL 'web.weight=0': ...".  False:
 * reported, and some of it may have been applied.
 */
bool load_set(struct scenario *s, const char *const *text, uint32_t count, const char *label,
              struct diagnostics *errors);

/* Another policy from the beginning to the end: changes of it are left out. */
void load_set_policy(struct scenario *s);

/*
 * Another machine, of at most RATION_CPU_MAX CPUs.  Who could use all CPUs can
 * use all of this one; other pins keep their numbers, and CPUs that are not
 * there are left out of them.  load_set() must come after it, and reports who
 * has none left.
 */
void load_set_topology(struct scenario *s, const struct ration_topology *topology,
                       const char *name);

#ifdef __cplusplus
}
#endif
#endif
