/* SPDX-License-Identifier: BSD-2-Clause */
/* What a domain could get that wants less. */
#include "entitle.h"

uint64_t ration_entitle_level_ppb(const struct ration_entitle *e, uint32_t slot,
                                  ration_cpuset hard)
{
	const struct entitle_dom *d = &e->dom[slot];
	uint32_t k = 0;

	RATION_ASSERT(e->phase == PHASE_DONE && slot < e->limits.dom_count);
	while (k < e->class_end && e->class_of[k].hard != (hard & e->online))
		k++;
	if (!entitle_is_in(e, d) || k == e->class_end)
		return 0;
	/* A level times a weight: see LEVEL_MAX. */
	return (d->weight * e->part[e->class_of[k].part].level >> LEVEL_SHIFT) * GRAIN_PPB;
}
