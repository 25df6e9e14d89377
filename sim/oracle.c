/* SPDX-License-Identifier: BSD-2-Clause */
/* What is alike is put together, solved, and handed out again. */
#include "oracle.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "oracle_program.h"

/* The vCPUs of one domain that cannot be told apart. */
struct kind {
	ration_cpuset hard;      /* on line */
	double demand;           /* 0..1 */
	uint32_t count;
	double rate;             /* the answer, for each */
};

/* A domain with its vCPUs in a canonical order. */
struct form {
	double weight, lower, upper;
	struct kind *kind;       /* those that can run at all */
	uint32_t kind_count;
	uint32_t group;          /* where upper is above 0 */
	uint32_t domain;
	double floor;            /* what can be kept of it */
};

/* Domains that cannot be told apart, one after the other in oracle.order. */
struct group {
	uint32_t form, count;
};

struct oracle {
	const struct oracle_machine *machine;
	struct oracle_result *result;
	struct form *form;               /* as machine->domain */
	struct form **order;             /* the owed ones, equal ones side by side */
	uint32_t order_count;
	struct kind *kind;               /* of all domains */
	struct group *group;
	uint32_t group_count;
	ration_cpuset part[RATION_CPU_MAX];
	struct program program;
	struct program_filled *filled;   /* room for all kinds and groups */
	double *total;                   /* of each group, all its domains together */
};

/* ---- Putting together -------------------------------------------------- */

static int kind_order(const void *x, const void *y)
{
	const struct kind *a = x, *b = y;

	if (a->hard != b->hard)
		return a->hard < b->hard ? -1 : 1;
	return (a->demand > b->demand) - (a->demand < b->demand);
}

static struct kind vcpu_kind(const struct oracle_machine *m, const struct oracle_vcpu *v)
{
	struct kind kind = { v->hard & m->online, fmin(v->demand, 1.0), 1, 0.0 };

	return kind;
}

static void form_kinds(struct form *f, const struct oracle_machine *m,
                       const struct oracle_domain *d)
{
	uint32_t i, kept = 0;

	for (i = 0; i < d->vcpu_count; i++) {
		struct kind kind = vcpu_kind(m, &d->vcpu[i]);

		if (kind.hard != 0 && kind.demand > 0.0)
			f->kind[f->kind_count++] = kind;
	}
	qsort(f->kind, f->kind_count, sizeof(*f->kind), kind_order);
	for (i = 0; i < f->kind_count; i++)
		if (kept != 0 && kind_order(&f->kind[kept - 1], &f->kind[i]) == 0)
			f->kind[kept - 1].count++;
		else
			f->kind[kept++] = f->kind[i];
	f->kind_count = kept;
}

static void oracle_form(struct oracle *o, uint32_t i, struct kind *room)
{
	const struct oracle_domain *d = &o->machine->domain[i];
	struct form *f = &o->form[i];
	uint32_t k;

	assert(d->weight > 0.0);
	f->domain = i;
	f->weight = d->weight;
	f->kind = room;
	if (!d->absent)
		form_kinds(f, o->machine, d);
	for (k = 0; k < f->kind_count; k++)
		f->upper += f->kind[k].count * f->kind[k].demand;
	if (d->cap > 0.0)
		f->upper = fmin(f->upper, d->cap);
	f->lower = f->floor = fmin(d->floor, f->upper);
	if (f->upper > 0.0)
		o->order[o->order_count++] = f;
}

static int number_order(double a, double b)
{
	return (a > b) - (a < b);
}

static int form_order(const struct form *a, const struct form *b)
{
	int order = number_order(a->weight, b->weight);

	if (order == 0)
		order = number_order(a->lower, b->lower);
	if (order == 0)
		order = number_order(a->upper, b->upper);
	if (order == 0)
		order = number_order(a->kind_count, b->kind_count);
	for (uint32_t k = 0; k < a->kind_count && order == 0; k++) {
		order = kind_order(&a->kind[k], &b->kind[k]);
		if (order == 0)
			order = number_order(a->kind[k].count, b->kind[k].count);
	}
	return order;
}

static int form_pointer_order(const void *x, const void *y)
{
	const struct form *const *a = x, *const *b = y;
	int order = form_order(*a, *b);

	return order != 0 ? order : number_order((*a)->domain, (*b)->domain);
}

static void oracle_groups(struct oracle *o)
{
	uint32_t i;

	qsort(o->order, o->order_count, sizeof(struct form *), form_pointer_order);
	for (i = 0; i < o->order_count; i++) {
		if (i == 0 || form_order(o->order[i - 1], o->order[i]) != 0)
			o->group[o->group_count++].form = i;
		o->group[o->group_count - 1].count++;
		o->order[i]->group = o->group_count - 1;
	}
}

/* CPUs that are in the same masks are one part. */
static void oracle_parts(struct oracle *o)
{
	struct program *p = &o->program;
	uint32_t g, k, i, count;

	o->part[0] = o->machine->online;
	p->part_count = o->machine->online != 0;
	for (g = 0; g < o->group_count; g++) {
		const struct form *f = o->order[o->group[g].form];

		for (k = 0; k < f->kind_count; k++) {
			count = p->part_count;
			for (i = 0; i < count; i++) {
				ration_cpuset in = o->part[i] & f->kind[k].hard;

				if (in == 0 || in == o->part[i])
					continue;
				o->part[p->part_count++] = o->part[i] & ~in;
				o->part[i] = in;
			}
		}
	}
	for (i = 0; i < p->part_count; i++)
		p->part_size[i] = ration_cpuset_count(o->part[i]);
}

static void oracle_program(struct oracle *o)
{
	struct program *p = &o->program;
	uint32_t g, k, i;

	for (g = 0; g < o->group_count; g++) {
		const struct form *f = o->order[o->group[g].form];
		struct program_group *group = &p->group[p->group_count++];
		double count = o->group[g].count;

		group->kind = p->kind_count;
		group->kind_count = f->kind_count;
		group->lower = f->lower * count;
		group->upper = f->upper * count;
		for (k = 0; k < f->kind_count; k++) {
			struct program_kind *kind = &p->kind[p->kind_count++];

			kind->limit = f->kind[k].count * f->kind[k].demand * count;
			kind->parts = 0;
			for (i = 0; i < p->part_count; i++)
				if ((o->part[i] & f->kind[k].hard) != 0)
					kind->parts |= (uint64_t)1 << i;
		}
	}
}

static void oracle_init(struct oracle *o)
{
	const struct oracle_machine *m = o->machine;
	uint32_t vcpus = 0, i;

	for (i = 0; i < m->domain_count; i++)
		vcpus += m->domain[i].vcpu_count;
	o->form = allocate(m->domain_count, sizeof(*o->form));
	o->order = allocate(m->domain_count, sizeof(struct form *));
	o->group = allocate(m->domain_count, sizeof(*o->group));
	o->total = allocate(m->domain_count, sizeof(*o->total));
	o->kind = allocate(vcpus, sizeof(*o->kind));
	o->program.kind = allocate(vcpus, sizeof(*o->program.kind));
	o->program.group = allocate(m->domain_count, sizeof(*o->program.group));
	o->filled = allocate((size_t)vcpus + m->domain_count, sizeof(*o->filled));
	o->result->share = allocate(m->domain_count, sizeof(*o->result->share));
	o->result->memory = allocate(vcpus, sizeof(double));
	vcpus = 0;
	for (i = 0; i < m->domain_count; i++) {
		o->result->share[i].vcpu = o->result->memory + vcpus;
		oracle_form(o, i, o->kind + vcpus);
		vcpus += m->domain[i].vcpu_count;
	}
	oracle_groups(o);
	oracle_parts(o);
	oracle_program(o);
}

static void oracle_fini(struct oracle *o)
{
	free(o->form);
	free(o->order);
	free(o->group);
	free(o->total);
	free(o->kind);
	free(o->program.kind);
	free(o->program.group);
	free(o->filled);
}

/* ---- Solving ----------------------------------------------------------- */

static enum program_status oracle_fill(struct oracle *o, uint32_t filled_count)
{
	return program_fill(&o->program, o->filled, filled_count, &o->result->solves);
}

static enum program_status oracle_fill_domains(struct oracle *o)
{
	enum program_status status;
	uint32_t g;

	for (g = 0; g < o->group_count; g++) {
		struct program_filled filled = {
			.group = g, .kind = PROGRAM_WHOLE,
			.weight = o->order[o->group[g].form]->weight * o->group[g].count,
			.lower = o->program.group[g].lower, .upper = o->program.group[g].upper,
		};

		o->filled[g] = filled;
	}
	status = oracle_fill(o, o->group_count);
	for (g = 0; g < o->group_count; g++)
		o->total[g] = o->filled[g].value;
	return status;
}

/* Floors that are too much in all: fill them first, in proportion. */
static enum program_status oracle_cut_floors(struct oracle *o)
{
	enum program_status status;
	uint32_t g, i, count = 0;

	for (g = 0; g < o->group_count; g++) {
		struct program_group *group = &o->program.group[g];
		struct program_filled filled = {
			.group = g, .kind = PROGRAM_WHOLE, .weight = group->lower,
			.upper = group->lower,
		};

		if (group->lower > 0.0)
			o->filled[count++] = filled;
		group->lower = 0.0;
	}
	status = oracle_fill(o, count);
	for (i = 0; i < count; i++) {
		const struct program_filled *f = &o->filled[i];

		o->result->missing += f->upper - f->value;
		o->program.group[f->group].lower = f->value;
	}
	return status;
}

/* With what the domains have fixed: the kinds of those that have several. */
static enum program_status oracle_fill_vcpus(struct oracle *o)
{
	struct program *p = &o->program;
	enum program_status status;
	uint32_t g, k, i, count = 0;

	for (g = 0; g < o->group_count; g++) {
		struct form *f = o->order[o->group[g].form];
		struct program_group *group = &p->group[g];

		group->lower = group->upper = o->total[g];
		if (f->kind_count == 1)
			f->kind[0].rate = o->total[g] / (o->group[g].count * f->kind[0].count);
		for (k = 0; k < f->kind_count && f->kind_count != 1; k++) {
			struct program_filled filled = {
				.group = g, .kind = group->kind + k,
				.weight = (double)o->group[g].count * f->kind[k].count,
				.upper = p->kind[group->kind + k].limit,
			};

			o->filled[count++] = filled;
		}
	}
	status = oracle_fill(o, count);
	for (i = 0; i < count; i++) {
		const struct program_filled *f = &o->filled[i];

		k = f->kind - p->group[f->group].kind;
		o->order[o->group[f->group].form]->kind[k].rate = f->value / f->weight;
	}
	return status;
}

/* ---- Handing out ------------------------------------------------------- */

static void oracle_hand_out(struct oracle *o, struct form *f)
{
	const struct oracle_domain *d = &o->machine->domain[f->domain];
	const struct form *first = o->order[o->group[f->group].form];
	struct oracle_share *share = &o->result->share[f->domain];
	double count = o->group[f->group].count, sum = 0.0;
	uint32_t i;

	share->entitled = o->total[f->group] / count;
	share->wanted = f->lower;
	share->floor = f->floor;
	for (i = 0; i < d->vcpu_count; i++) {
		struct kind kind = vcpu_kind(o->machine, &d->vcpu[i]);
		const struct kind *found;

		if (kind.hard == 0 || kind.demand <= 0.0)
			continue;
		found = bsearch(&kind, first->kind, first->kind_count, sizeof(kind), kind_order);
		assert(found != NULL);
		share->vcpu[i] = found->rate;
		sum += found->rate;
	}
	/* what rounding left */
	for (i = 0; i < d->vcpu_count && sum > 0.0; i++)
		share->vcpu[i] *= share->entitled / sum;
}

static enum oracle_status oracle_run(struct oracle *o)
{
	enum program_status status = oracle_fill_domains(o);
	enum oracle_status answer = ORACLE_OK;
	uint32_t i;

	if (status == PROGRAM_INFEASIBLE) {
		answer = ORACLE_FLOORS;
		status = oracle_cut_floors(o);
		if (status == PROGRAM_OK)
			status = oracle_fill_domains(o);
	}
	for (i = 0; i < o->order_count; i++)
		o->order[i]->floor = o->program.group[o->order[i]->group].lower /
		                     o->group[o->order[i]->group].count;
	if (status == PROGRAM_OK)
		status = oracle_fill_vcpus(o);
	if (status != PROGRAM_OK)
		return ORACLE_FAILED;
	for (i = 0; i < o->order_count; i++)
		oracle_hand_out(o, o->order[i]);
	return answer;
}

enum oracle_status oracle_solve(const struct oracle_machine *machine,
                                struct oracle_result *result)
{
	struct oracle o = { .machine = machine, .result = result };

	memset(result, 0, sizeof(*result));
	oracle_init(&o);
	result->status = oracle_run(&o);
	oracle_fini(&o);
	return result->status;
}

void oracle_result_free(struct oracle_result *result)
{
	free(result->share);
	free(result->memory);
	memset(result, 0, sizeof(*result));
}
