/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * distribution.h - lengths of time out of random words, in integers.
 *
 * Each kind is its quantile function: one word makes one length, a greater
 * word never a shorter one.  Tables and integer arithmetic only, so that
 * compilers and mathematical libraries have no say in a trace.
 *
 * kind         error against the exact quantile
 * uniform      none but a_ns + r % (b_ns - a_ns + 1), as the reference workloads have it
 * exp          1e-5 of the mean, up to 44 means
 * lognormal    1e-4 * (1 + sigma), relative, up to 6 sigma either way
 */
#ifndef DISTRIBUTION_H
#define DISTRIBUTION_H

#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The word r as a length of time: at most RATION_TIME_MAX.  A mean or median
 * above 2^50 ns (13 days) counts as that, sigma above 16 as 16.  O(1). */
ration_ns distribution_draw(const struct scenario_dist *d, uint64_t r);

/* Does it take a random word at all? */
static inline bool distribution_is_random(const struct scenario_dist *d)
{
	return d->kind != DIST_CONST;
}

#ifdef __cplusplus
}
#endif
#endif
