/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oracle_program.h - progressive filling as a row of linear programs (Clp).
 *
 * The machine as flows: kind k of vCPUs sends f[k][p] >= 0 into part p of the
 * CPUs.  A kind stands for all vCPUs that cannot be told apart, a part for all
 * CPUs that cannot; amounts are those of all of them together.
 *
 *     group     lower <= sum of f over its kinds and their parts <= upper
 *     kind      sum of f over its parts <= limit
 *     part      sum of f over all kinds <= size
 *     filled    sum of f over its kinds >= weight * level
 *
 * The level is made as high as it goes.  Whose row has a dual value then stands
 * in the way of it in every optimal solution: it stops there, its sum is fixed,
 * and the others go on.  That test needs no tolerance for sums: a domain that
 * stands still in one optimal solution and could have more in another has none.
 */
#ifndef ORACLE_PROGRAM_H
#define ORACLE_PROGRAM_H

#include "ration_cpuset.h"

#ifdef __cplusplus
extern "C" {
#endif

struct program_kind {
	uint64_t parts;          /* bit p: part p */
	double limit;
};

struct program_group {
	uint32_t kind, kind_count;       /* its kinds stand side by side */
	double lower, upper;
};

struct program {
	double part_size[RATION_CPU_MAX];
	uint32_t part_count;
	struct program_kind *kind;
	uint32_t kind_count;
	struct program_group *group;
	uint32_t group_count;
};

/* One that takes part in the filling: a whole group, or a kind of it. */
struct program_filled {
	uint32_t group;
	uint32_t kind;           /* PROGRAM_WHOLE: the group */
	double weight;           /* > 0 */
	double lower, upper;     /* of its sum */
	double value;            /* the answer */
	bool is_fixed;           /* false at first: it still rises */
};

#define PROGRAM_WHOLE UINT32_MAX

enum program_status {
	PROGRAM_OK,
	PROGRAM_INFEASIBLE,      /* the lower bounds cannot all be kept */
	PROGRAM_FAILED
};

/* Fill.  *solves grows by the number of linear programs. */
enum program_status program_fill(const struct program *p, struct program_filled *filled,
                                 uint32_t filled_count, uint32_t *solves);

#ifdef __cplusplus
}
#endif
#endif
