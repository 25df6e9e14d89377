/* SPDX-License-Identifier: BSD-2-Clause */
#include "credit.h"

/* vtime counts ns of CPU time at weight 1, in 1/2^SHIFT. */
#define SHARE_SHIFT 8u

/* ns <= 2^36 and active <= 2^12 after clamping: their product, shifted by 8, is
 * at most 2^56, and *rest < weight < 2^16. */
uint64_t ration_credit__advance(ration_ns ns, uint32_t active, uint32_t weight, uint32_t *rest)
{
	uint64_t spent;

	RATION_ASSERT(weight >= 1);
	if (ns > CREDIT_RUN_MAX_NS)
		ns = CREDIT_RUN_MAX_NS;
	if (active > 4096)
		active = 4096;
	spent = (ns * active << SHARE_SHIFT) + *rest;
	*rest = (uint32_t)(spent % weight);
	return spent / weight;
}

int64_t ration_credit__time(int64_t vtime, uint32_t active, uint32_t weight)
{
	const int64_t limit = (int64_t)RATION_NS_PER_S;
	const int64_t most = (int64_t)1 << 46;         /* times a weight < 2^16 fits */
	int64_t ns;

	if (active == 0)
		active = 1;
	if (vtime > most || vtime < -most)
		return vtime > 0 ? limit : -limit;
	ns = vtime * (int64_t)weight / ((int64_t)active << SHARE_SHIFT);
	if (ns > limit)
		return limit;
	return ns < -limit ? -limit : ns;
}
