/* SPDX-License-Identifier: BSD-2-Clause */
/* affinity.c - is a pair of hard and soft affinity acceptable? */
#include "ration_affinity.h"

#include "ration_assert.h"

int ration_affinity_check(struct ration_affinity a, uint32_t cpu_count)
{
	RATION_ASSERT(cpu_count >= 1);
	RATION_ASSERT(cpu_count <= RATION_CPU_MAX);

	if (a.hard == RATION_CPUSET_NONE)
		return RATION_E_INVALID;
	if (!ration_cpuset_within(a.hard, ration_cpuset_first_count(cpu_count)))
		return RATION_E_RANGE;
	return RATION_OK;
}
