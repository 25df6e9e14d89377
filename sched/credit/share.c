/* SPDX-License-Identifier: BSD-2-Clause */
#include "credit.h"

/*
 * The pace of a vCPU that is owed `rate` of a CPU is 1 / rate, with 16 bits of
 * fraction.  Rates count as 2^-16 of a CPU at least, so that a pace is at most
 * 2^32; one charge is at most 2^30 ns: their product, and a rest, fit.
 */
#define SHARE_PACE_MAX ((uint64_t)1 << 32)

uint64_t ration_credit__pace(uint64_t rate_ppb)
{
	uint64_t pace;

	if (rate_ppb >= RATION_PPB)
		return CREDIT_PACE_ONE;
	pace = RATION_PPB * CREDIT_PACE_ONE / (rate_ppb == 0 ? 1 : rate_ppb);   /* < 2^46 */
	return pace < SHARE_PACE_MAX ? pace : SHARE_PACE_MAX;
}

uint64_t ration_credit__advance(ration_ns ns, uint64_t pace, uint16_t *rest)
{
	uint64_t spent;

	if (ns > CREDIT_RUN_MAX_NS)
		ns = CREDIT_RUN_MAX_NS;
	spent = ns * pace + *rest;
	*rest = (uint16_t)spent;
	return spent >> CREDIT_PACE_SHIFT;
}

int64_t ration_credit__time(int64_t vtime, uint64_t pace)
{
	const int64_t limit = (int64_t)RATION_NS_PER_S;
	int64_t most = (int64_t)((uint64_t)limit * pace >> CREDIT_PACE_SHIFT);   /* <= 2^46 */

	if (vtime > most)
		return limit;
	return vtime < -most ? -limit : vtime * (int64_t)CREDIT_PACE_ONE / (int64_t)pace;
}
