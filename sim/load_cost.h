/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_cost.h - what the machine of a log costs, measured off the log: so that
 * what would have been can be held against what was.
 *
 *   switch   the mean from a decision that switches to its saved
 *   IPI      the median from a verb whose effects name a CPU, other than the one
 *            that the verb comes from, to that CPU's next decision
 *   timer    the median by which a CPU that nothing else called decided after its
 *            until_ns, and ration_expire() came after its time
 *
 * The medians are those of the last LOAD_COST_SAMPLES.
 */
#ifndef LOAD_COST_H
#define LOAD_COST_H

#include "replay.h"
#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LOAD_COST_SAMPLES 4096u

struct load_cost_samples {
	uint64_t count;
	ration_ns ns[LOAD_COST_SAMPLES];     /* a ring */
};

struct load_cost {
	uint64_t switches;
	ration_ns switch_ns;                 /* of all together */
	struct load_cost_samples ipi, timer;
	ration_ns expire_ns;                 /* when it is wanted */
	struct load_cost_cpu {
		ration_ns decided_ns, until_ns;
		ration_ns kicked_ns;             /* RATION_NEVER: not */
	} cpu[RATION_CPU_MAX];
};

/* It is of some size: 70 kB. */
void load_cost_init(struct load_cost *cost);
struct replay_observer load_cost_observer(struct load_cost *cost);

/* switch_ns, ipi_ns and timer_ns of *costs: 0 where there was none.  Sorts. */
void load_cost_get(struct load_cost *cost, struct scenario_costs *costs);

#ifdef __cplusplus
}
#endif
#endif
