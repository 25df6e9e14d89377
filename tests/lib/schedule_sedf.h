/* SPDX-License-Identifier: BSD-2-Clause */
/* What table tests of sedf ask for, as xm's users write it: times in ms. */
#ifndef SCHEDULE_SEDF_H
#define SCHEDULE_SEDF_H

#include "ration_sedf.h"
#include "schedule.h"

namespace schedule {

/* A promise of slice_ms in every period_ms. */
inline ration_attr promise(double period_ms, double slice_ms, bool extratime = false,
                           double latency_ms = 0)
{
	ration_attr a;

	ration_attr_default(&a);
	a.period_ns = ms_ns(period_ms);
	a.slice_ns = ms_ns(slice_ms);
	a.latency_ns = ms_ns(latency_ms);
	a.extratime = extratime;
	return a;
}

/* No promise: slack by weight. */
inline ration_attr best_effort(uint32_t weight = RATION_WEIGHT_DEFAULT)
{
	ration_attr a;

	ration_attr_default(&a);
	a.weight = weight;
	return a;
}

} /* namespace schedule */

#endif
