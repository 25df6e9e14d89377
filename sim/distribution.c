/* SPDX-License-Identifier: BSD-2-Clause */
#include "distribution.h"
#include "quantile_table.h"

#define SCALE_MAX_NS ((ration_ns)1 << 50)
#define SIGMA_MAX_PPM (16 * RATION_PPM)
#define LOG2_E_Q24   24204406          /* log2(e) * 2^24 */

static uint64_t distribution_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Between two entries of a table, `part` of 2^32 of the way. */
static uint32_t distribution_between(uint32_t from, uint32_t to, uint32_t part)
{
	return from <= to ? from + (uint32_t)((uint64_t)(to - from) * part >> 32)
	                  : from - (uint32_t)((uint64_t)(from - to) * part >> 32);
}

/* -ln(u) * 2^26 for u = r / 2^64, r odd: at most 64 * ln 2 * 2^26 < 2^32. */
static uint32_t distribution_ln(uint64_t r)
{
	uint32_t zeros = (uint32_t)__builtin_clzll(r);
	uint64_t rest = r << zeros << 1;        /* the digits behind the first 1 */
	uint32_t i = (uint32_t)(rest >> 57);
	uint32_t part = (uint32_t)(rest << 7 >> 32);

	return zeros * quantile_ln[0] +
	       distribution_between(quantile_ln[i], quantile_ln[i + 1], part);
}

static ration_ns distribution_exp(ration_ns mean_ns, uint64_t r)
{
	/* A small u is a long time: a greater r shall be one, too. */
	uint64_t e = distribution_ln(~r | 1);
	uint64_t mean = distribution_min(mean_ns, SCALE_MAX_NS);

	/* mean * e / 2^26, in two parts: 2^24 * 2^32 and 2^26 * 2^32 */
	return (mean >> 26) * e + ((mean & ((1u << 26) - 1)) * e >> 26);
}

/* The standard normal quantile of (r + 0.5) / 2^64, times 2^24: |z| < 7 * 2^24. */
static int64_t distribution_normal(uint64_t r)
{
	bool is_upper = r >> 63 != 0;
	uint64_t tail = (is_upper ? ~r : r) << 1 | 1;    /* of 2^65 */
	uint32_t zeros = (uint32_t)__builtin_clzll(tail);
	uint64_t rest = ~(tail << zeros << 1);           /* grows as the tail shrinks */
	uint32_t i, part;
	int64_t z;

	if (zeros >= 32) {
		z = quantile_normal[1024];
	} else {
		i = zeros << 5 | (uint32_t)(rest >> 59);
		part = (uint32_t)(rest << 5 >> 32);
		z = distribution_between(quantile_normal[i], quantile_normal[i + 1], part);
	}
	return is_upper ? z : -z;
}

/* median * e^(sigma * z) as median * 2^whole * 2^part. */
static ration_ns distribution_lognormal(const struct scenario_dist *d, uint64_t r)
{
	int64_t sigma = (int64_t)distribution_min(d->sigma_ppm, SIGMA_MAX_PPM);
	uint64_t median = distribution_min(d->a_ns, SCALE_MAX_NS);
	/* 2^24 * 2^27; then 2^32 * 2^25 */
	int64_t log2 = sigma * distribution_normal(r) / RATION_PPM * LOG2_E_Q24;
	int64_t whole = log2 / ((int64_t)1 << 48);
	uint64_t rest, factor;

	if (log2 < whole * ((int64_t)1 << 48))
		whole--;                                 /* towards minus infinity */
	rest = (uint64_t)(log2 - whole * ((int64_t)1 << 48)) << 16;
	factor = distribution_between(quantile_exp2[rest >> 57], quantile_exp2[(rest >> 57) + 1],
	                              (uint32_t)(rest << 7 >> 32));
	/* 2^20 * 2^31 and 2^30 * 2^31 */
	median = (median >> 30) * factor + ((median & ((1u << 30) - 1)) * factor >> 30);
	if (whole < 0)
		return whole <= -64 ? 0 : median >> -whole;
	if (whole >= 62 || median > RATION_TIME_MAX >> whole)
		return RATION_TIME_MAX;
	return median << whole;
}

ration_ns distribution_draw(const struct scenario_dist *d, uint64_t r)
{
	switch (d->kind) {
	case DIST_UNIFORM:
		return d->a_ns + r % (d->b_ns - d->a_ns + 1);
	case DIST_EXP:
		return distribution_exp(d->a_ns, r);
	case DIST_LOGNORMAL:
		return distribution_lognormal(d, r);
	case DIST_CONST:
	default:
		return d->a_ns;
	}
}
