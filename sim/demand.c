/* SPDX-License-Identifier: BSD-2-Clause */
#include "demand.h"

#include <math.h>

/* Draws of a normal end there (distribution.h). */
#define NORMAL_END 6.0

double demand_mean_ns(const struct scenario_dist *dist)
{
	double sigma = dist->sigma_ppm / (double)RATION_PPM;

	switch (dist->kind) {
	case DIST_UNIFORM:
		return ((double)dist->a_ns + (double)dist->b_ns) / 2.0;
	case DIST_LOGNORMAL:
		return (double)dist->a_ns * exp(sigma * sigma / 2.0) *
		       erfc((sigma - NORMAL_END) / sqrt(2.0)) / 2.0;
	case DIST_CONST:
	case DIST_EXP:
		break;
	}
	return (double)dist->a_ns;
}

static double demand_ratio(double part, double whole)
{
	return part < whole ? part / whole : 1.0;
}

static double demand_loop_ns(const struct scenario_workload *w, double speed)
{
	return (demand_mean_ns(&w->run) + (double)w->through_dom0_ns) / speed +
	       demand_mean_ns(&w->block);
}

/* Requests in a ns. */
static double demand_requests(const struct scenario_domain *d, ration_ns sim_ns)
{
	const struct scenario_workload *w = &d->workload;
	double gap = demand_mean_ns(&w->gap);
	size_t count = 0;

	if (w->arrival_ns == NULL)
		return 1.0 / (gap > 1.0 ? gap : 1.0);
	if (sim_ns <= d->start_ns)
		return 0.0;
	while (count < w->arrival_count && w->arrival_ns[count] < sim_ns - d->start_ns)
		count++;
	return (double)count / (double)(sim_ns - d->start_ns);
}

static double demand_recorded(const struct scenario_recorded *recorded, double speed)
{
	double run = 0.0, blocked = 0.0;

	if (recorded->count == 0)
		return 1.0;
	for (uint64_t i = 0; i < recorded->count; i++) {
		const struct scenario_burst *burst = &recorded->burst[i];

		if (burst->then_ns == BURST_SLEEPS)
			return 0.0;
		run += (double)burst->run_ns / speed;
		if (burst->then_ns < BURST_GOES_ON)
			blocked += (double)burst->then_ns;
	}
	return demand_ratio(run, run + blocked);
}

double demand_vcpu(const struct scenario_domain *d, uint32_t idx, struct demand_when when)
{
	const struct scenario_workload *w = &d->workload;
	double run = demand_mean_ns(&w->run) / when.speed;

	switch (w->kind) {
	case WORKLOAD_IDLE:
		return 0.0;
	case WORKLOAD_LOOP:
		return demand_ratio(run, demand_loop_ns(w, when.speed));
	case WORKLOAD_PERIODIC:
		return demand_ratio(run, (double)w->period_ns);
	case WORKLOAD_SERVER:
		return demand_ratio(run * demand_requests(d, when.sim_ns), d->vcpu_count);
	case WORKLOAD_RECORDED:
		return demand_recorded(&w->recorded[idx], when.speed);
	case WORKLOAD_HOG:
	case WORKLOAD_SPINLOCK:
	case WORKLOAD_BARRIER:
		break;
	}
	return 1.0;
}

double demand_in_dom0(const struct scenario_domain *d, struct demand_when when)
{
	const struct scenario_workload *w = &d->workload;
	double help = (double)w->through_dom0_ns / when.speed;

	if (help <= 0.0 || d->is_dom0)
		return 0.0;
	if (w->kind == WORKLOAD_SERVER)
		return help * demand_requests(d, when.sim_ns);
	if (w->kind == WORKLOAD_LOOP)
		return help / demand_loop_ns(w, when.speed) * d->vcpu_count;
	return 0.0;
}

double demand_speed(const struct scenario *s, ration_cpuset online, double busy)
{
	const struct ration_topology *t = &s->topology;
	const double shared = s->costs.smt_ppm / (double)RATION_PPM;
	double sum = 0.0, fastest = 1.0;

	if (online == 0)
		return 1.0;
	for (ration_cpu c = 0; c < t->cpu_count; c++)
		fastest = fmax(fastest, t->cpu[c].capacity);
	for (ration_cpuset set = online; set != 0; set = ration_cpuset_rest(set)) {
		ration_cpu c = ration_cpuset_first(set);
		ration_cpuset siblings = ration_topology_core_cpus(t, c) & ~ration_cpuset_of(c);
		double beside = 1.0 - pow(1.0 - busy, ration_cpuset_count(siblings & online));

		sum += t->cpu[c].capacity / fastest * (1.0 - beside * (1.0 - shared));
	}
	return sum / ration_cpuset_count(online);
}
