/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refusal.h - what was refused in a run, and why, as sentences: a list in
 * struct sim_result that the simulator and the threads fill alike.
 */
#ifndef REFUSAL_H
#define REFUSAL_H

#include "sim.h"

#ifdef __cplusplus
extern "C" {
#endif

#define REFUSAL_SUBJECT_SIZE 160u

/* "domain web: vCPU 1 under a floor of 50.0 %": what a domain asks for. */
void refusal_subject(char text[REFUSAL_SUBJECT_SIZE], const struct scenario_domain *d,
                     uint32_t idx);

/* The name of the domain that the library knows by that id; "?": there is none. */
const char *refusal_name(const struct scenario *s, uint32_t id);

/* List "SUBJECT refused: reason" out of what the library said; `why` may be
 * NULL, and so may `attr`, what was asked for.  Returns the sentence, good until the
 * next one is listed. */
const char *refusal_add(struct sim_result *result, const struct scenario *s, ration_ns at_ns,
                        struct scenario_mark mark, const char *subject, int status,
                        const struct ration_refusal *why, const struct ration_attr *attr);

/* The same, with a reason in words. */
const char *refusal_add_because(struct sim_result *result, ration_ns at_ns,
                                struct scenario_mark mark, const char *subject,
                                const char *reason);

#ifdef __cplusplus
}
#endif
#endif
