/* SPDX-License-Identifier: BSD-2-Clause */
#include "histogram.h"

#define SUB (1u << HISTOGRAM_SUB_BITS)
#define PPM 1000000u

/* Below 2 * SUB a bucket is one value; above, an octave has SUB buckets. */
static uint32_t histogram_index(uint64_t value)
{
	uint32_t octave;

	if (value < SUB)
		return (uint32_t)value;
	octave = 63u - (uint32_t)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	return (octave << HISTOGRAM_SUB_BITS) + (uint32_t)(value >> octave);
}

static uint64_t histogram_floor(uint32_t index)
{
	uint32_t octave;

	if (index < 2 * SUB)
		return index;
	octave = (index >> HISTOGRAM_SUB_BITS) - 1;
	return (uint64_t)(SUB | (index & (SUB - 1))) << octave;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	uint32_t *bucket = &h->bucket[histogram_index(value)];

	h->count++;
	h->sum += value;
	if (value > h->max)
		h->max = value;
	if (*bucket != UINT32_MAX)
		(*bucket)++;
}

uint64_t histogram_quantile(const struct histogram *h, uint32_t ppm)
{
	/* count * ppm / 10^6, rounded up, without a product that overflows:
	 * 10^6 * 10^6 < 2^40 */
	uint64_t rank = h->count / PPM * ppm + (h->count % PPM * ppm + PPM - 1) / PPM;
	uint64_t seen = 0;
	uint32_t i;

	if (rank == 0)
		rank = 1;
	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= rank)
			return histogram_floor(i);
	}
	return 0;
}

void histogram_merge(struct histogram *a, const struct histogram *b)
{
	uint32_t i;

	a->count += b->count;
	a->sum += b->sum;
	if (b->max > a->max)
		a->max = b->max;
	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		a->bucket[i] = b->bucket[i] <= UINT32_MAX - a->bucket[i] ?
		               a->bucket[i] + b->bucket[i] : UINT32_MAX;
}
