/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * histogram.h - log-linear counts of lengths of time: five significant bits,
 * that is 16 buckets an octave, as the reference workloads have them.  A
 * quantile is the floor of its bucket: at most 6.25 % below the true one, and
 * exact below 32 ns.  Integers only: the same everywhere, and two add up.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HISTOGRAM_SUB_BITS 4u
#define HISTOGRAM_BUCKETS  ((64u - HISTOGRAM_SUB_BITS + 1u) << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t count, sum, max;
	uint32_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t value);

/* The floor of the bucket that holds the value of rank ceil(count * ppm / 10^6)
 * (at least 1); 0 if there is none. */
uint64_t histogram_quantile(const struct histogram *h, uint32_t ppm);

/* Add the counts of b to a. */
void histogram_merge(struct histogram *a, const struct histogram *b);

#ifdef __cplusplus
}
#endif
#endif
