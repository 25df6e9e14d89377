/* SPDX-License-Identifier: BSD-2-Clause */
#include "credit.h"

/* vtime counts ns of CPU time at weight 1, in 1/2^SHIFT. */
#define SHARE_SHIFT      8u
#define SHARE_ACTIVE_MAX 4096u

/* ns <= 2^36 and active <= 2^12 after clamping: their product, shifted by 8, is
 * at most 2^56, and *rest < weight < 2^16. */
uint64_t ration_credit__advance(ration_ns ns, uint32_t active, uint32_t weight, uint32_t *rest)
{
	uint64_t spent;

	RATION_ASSERT(weight >= 1);
	if (ns > CREDIT_RUN_MAX_NS)
		ns = CREDIT_RUN_MAX_NS;
	if (active > SHARE_ACTIVE_MAX)
		active = SHARE_ACTIVE_MAX;
	spent = (ns * active << SHARE_SHIFT) + *rest;
	*rest = (uint32_t)(spent % weight);
	return spent / weight;
}

int64_t ration_credit__time(int64_t vtime, uint32_t active, uint32_t weight)
{
	const int64_t limit = (int64_t)RATION_NS_PER_S;
	int64_t unit, most;

	RATION_ASSERT(weight >= 1);
	if (active == 0)
		active = 1;
	if (active > SHARE_ACTIVE_MAX)
		active = SHARE_ACTIVE_MAX;
	unit = (int64_t)active << SHARE_SHIFT;         /* of a ns at weight 1: <= 2^20 */
	most = limit * unit / (int64_t)weight;         /* times the weight: <= 2^50 */
	if (vtime > most)
		return limit;
	return vtime < -most ? -limit : vtime * (int64_t)weight / unit;
}
