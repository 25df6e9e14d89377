/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle_program.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include <coin/Clp_C_Interface.h>

#include "allocate.h"

/* Of CPUs: what Clp may break a bound by, and how near counts as there. */
#define TOLERANCE    1e-9
#define ROUNDING     1e-7
/* The dual values of all that still rise, each times its weight, add up to 1;
 * weights of 1 among thousands of 65535 are above this, noise is below. */
#define DUAL_MIN     1e-10

/* Rows: groups, kinds that are not alone in their group, parts, filled. */
struct solver {
	const struct program *p;
	struct program_filled *filled;
	uint32_t filled_count;
	double weight_max;
	Clp_Simplex *model;
	int rows, columns;
	int *kind_row;                   /* also: of the group, where it is alone */
	int *kind_filled;                /* the row of who it fills, or -1 */
	int part_row, filled_row;        /* the first ones */
	double *lower, *upper;           /* of the rows */
};

/* ---- Building ---------------------------------------------------------- */

static int solver_bound_row(const struct solver *s, const struct program_filled *f)
{
	return f->kind == PROGRAM_WHOLE ? (int)f->group : s->kind_row[f->kind];
}

static double solver_weight(const struct solver *s, const struct program_filled *f)
{
	return f->weight / s->weight_max;
}

static void solver_number_rows(struct solver *s)
{
	const struct program *p = s->p;
	uint32_t g, k, i;

	s->rows = (int)p->group_count;
	for (g = 0; g < p->group_count; g++)
		for (k = p->group[g].kind; k < p->group[g].kind + p->group[g].kind_count; k++) {
			s->kind_row[k] = p->group[g].kind_count == 1 ? (int)g : s->rows++;
			s->kind_filled[k] = -1;
		}
	s->part_row = s->rows;
	s->filled_row = s->part_row + (int)p->part_count;
	s->rows = s->filled_row + (int)s->filled_count;
	for (i = 0; i < s->filled_count; i++) {
		const struct program_filled *f = &s->filled[i];

		if (f->kind != PROGRAM_WHOLE) {
			s->kind_filled[f->kind] = s->filled_row + (int)i;
			continue;
		}
		for (k = 0; k < p->group[f->group].kind_count; k++)
			s->kind_filled[p->group[f->group].kind + k] = s->filled_row + (int)i;
	}
}

static void solver_bounds(struct solver *s)
{
	const struct program *p = s->p;
	uint32_t i;
	int row;

	for (row = 0; row < s->rows; row++) {
		s->lower[row] = 0.0;
		s->upper[row] = DBL_MAX;
	}
	for (i = 0; i < p->kind_count; i++)
		s->upper[s->kind_row[i]] = p->kind[i].limit;
	for (i = 0; i < p->group_count; i++) {
		s->lower[i] = p->group[i].lower;
		s->upper[i] = fmin(s->upper[i], p->group[i].upper);
	}
	for (i = 0; i < p->part_count; i++)
		s->upper[s->part_row + (int)i] = p->part_size[i];
	for (i = 0; i < s->filled_count; i++) {
		const struct program_filled *f = &s->filled[i];

		row = solver_bound_row(s, f);
		s->lower[row] = fmax(s->lower[row], f->lower);
		s->upper[row] = fmin(s->upper[row], f->upper);
	}
}

/* The matrix by columns: the level, then the flows. */
struct matrix {
	int *start, *row;
	double *value;
	int columns, entries;
};

static void matrix_put(struct matrix *m, int row, double value)
{
	m->row[m->entries] = row;
	m->value[m->entries++] = value;
}

static void matrix_flows(struct matrix *m, const struct solver *s, uint32_t g)
{
	const struct program_group *group = &s->p->group[g];
	uint64_t parts;
	uint32_t k;

	for (k = group->kind; k < group->kind + group->kind_count; k++)
		for (parts = s->p->kind[k].parts; parts != 0; parts &= parts - 1) {
			m->start[m->columns++] = m->entries;
			matrix_put(m, (int)g, 1.0);
			if (s->kind_row[k] != (int)g)
				matrix_put(m, s->kind_row[k], 1.0);
			matrix_put(m, s->part_row + __builtin_ctzll(parts), 1.0);
			if (s->kind_filled[k] >= 0)
				matrix_put(m, s->kind_filled[k], 1.0);
		}
}

static void solver_load(struct solver *s)
{
	struct matrix m = { NULL, NULL, NULL, 0, 0 };
	double *column_lower, *objective;
	uint32_t flows = 0, i;

	for (i = 0; i < s->p->kind_count; i++)
		flows += (uint32_t)__builtin_popcountll(s->p->kind[i].parts);
	m.start = allocate(flows + 2u, sizeof(*m.start));
	m.row = allocate((size_t)flows * 4 + s->filled_count, sizeof(*m.row));
	m.value = allocate((size_t)flows * 4 + s->filled_count, sizeof(*m.value));
	m.start[m.columns++] = 0;
	for (i = 0; i < s->filled_count; i++)
		matrix_put(&m, s->filled_row + (int)i, -solver_weight(s, &s->filled[i]));
	for (i = 0; i < s->p->group_count; i++)
		matrix_flows(&m, s, i);
	m.start[m.columns] = m.entries;
	column_lower = allocate((size_t)m.columns, sizeof(*column_lower));
	objective = allocate((size_t)m.columns, sizeof(*objective));
	objective[0] = 1.0;
	s->columns = m.columns;
	Clp_loadProblem(s->model, m.columns, s->rows, m.start, m.row, m.value, column_lower, NULL,
	                objective, s->lower, s->upper);
	free(m.start);
	free(m.row);
	free(m.value);
	free(column_lower);
	free(objective);
}

static void solver_init(struct solver *s)
{
	uint32_t i;

	s->weight_max = 0.0;
	for (i = 0; i < s->filled_count; i++)
		s->weight_max = fmax(s->weight_max, s->filled[i].weight);
	s->kind_row = allocate(s->p->kind_count, sizeof(*s->kind_row));
	s->kind_filled = allocate(s->p->kind_count, sizeof(*s->kind_filled));
	solver_number_rows(s);
	s->lower = allocate((size_t)s->rows, sizeof(*s->lower));
	s->upper = allocate((size_t)s->rows, sizeof(*s->upper));
	solver_bounds(s);
	s->model = Clp_newModel();
	Clp_setLogLevel(s->model, 0);
	Clp_setOptimizationDirection(s->model, -1.0);
	Clp_setPrimalTolerance(s->model, TOLERANCE);
	Clp_setDualTolerance(s->model, TOLERANCE);
	solver_load(s);
}

static void solver_fini(struct solver *s)
{
	Clp_deleteModel(s->model);
	free(s->kind_row);
	free(s->kind_filled);
	free(s->lower);
	free(s->upper);
}

/* ---- Solving ----------------------------------------------------------- */

static bool solver_is_done(const struct solver *s)
{
	uint32_t i;

	for (i = 0; i < s->filled_count; i++)
		if (!s->filled[i].is_fixed)
			return false;
	return true;
}

/* Fixed sums were rounded: where that is too much for Clp, a little room. */
static void solver_loosen(struct solver *s)
{
	uint32_t i;

	for (i = 0; i < s->filled_count; i++)
		if (s->filled[i].is_fixed)
			s->lower[solver_bound_row(s, &s->filled[i])] -= TOLERANCE;
}

static enum program_status solver_solve(struct solver *s, bool is_first)
{
	Clp_chgRowLower(s->model, s->lower);
	Clp_chgRowUpper(s->model, s->upper);
	(void)Clp_primal(s->model, 0);
	if (Clp_status(s->model) == 0)
		return PROGRAM_OK;
	if (is_first && Clp_status(s->model) == 1 &&
	    Clp_sumPrimalInfeasibilities(s->model) > ROUNDING)
		return PROGRAM_INFEASIBLE;
	/* What an earlier program left of rounding is no reason. */
	Clp_setPrimalTolerance(s->model, ROUNDING);
	solver_loosen(s);
	Clp_chgRowLower(s->model, s->lower);
	(void)Clp_initialDualSolve(s->model);
	return Clp_status(s->model) == 0 ? PROGRAM_OK : PROGRAM_FAILED;
}

static void solver_fix(struct solver *s, uint32_t i, double value)
{
	struct program_filled *f = &s->filled[i];
	int row = solver_bound_row(s, f);

	f->is_fixed = true;
	f->value = value;
	s->lower[row] = s->upper[row] = value;
	s->lower[s->filled_row + (int)i] = -DBL_MAX;
}

/* Those that stop at this level.  At least one does: the dual values of the
 * rest, each times its weight, add up to 1. */
static void solver_stop(struct solver *s)
{
	const double level = Clp_primalColumnSolution(s->model)[0];
	const double *dual = Clp_dualRowSolution(s->model);
	double most = -1.0, least;
	uint32_t i;

	for (i = 0; i < s->filled_count; i++)
		if (!s->filled[i].is_fixed)
			most = fmax(most, solver_weight(s, &s->filled[i]) *
			                  fabs(dual[s->filled_row + (int)i]));
	least = fmin(most, DUAL_MIN);
	for (i = 0; i < s->filled_count; i++) {
		struct program_filled *f = &s->filled[i];
		double weight = solver_weight(s, f), value = weight * level;

		if (f->is_fixed)
			continue;
		if (value >= f->upper - TOLERANCE / 10.0)
			solver_fix(s, i, f->upper);
		else if (weight * fabs(dual[s->filled_row + (int)i]) >= least)
			solver_fix(s, i, fmax(value, f->lower));
	}
}

enum program_status program_fill(const struct program *p, struct program_filled *filled,
                                 uint32_t filled_count, uint32_t *solves)
{
	struct solver s = { .p = p, .filled = filled, .filled_count = filled_count };
	enum program_status status = PROGRAM_OK;
	bool is_first = true;

	if (filled_count == 0)
		return PROGRAM_OK;
	solver_init(&s);
	while (status == PROGRAM_OK && (is_first || !solver_is_done(&s))) {
		status = solver_solve(&s, is_first);
		*solves += 1;
		is_first = false;
		if (status == PROGRAM_OK)
			solver_stop(&s);
	}
	solver_fini(&s);
	return status;
}
