/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quick_machine.h - a host for tests of shares: hours of virtual time in seconds.
 *
 * vCPUs run for ever (hogs), or run and sleep in turns.  What host.h checks at
 * every step is checked here by the test when it likes; what counts is what
 * each vCPU got, how long it waited, and how long a CPU stood idle meanwhile.
 *
 *      quick_open(&q, limits, params);
 *      d = quick_dom_add(&q, &attr);
 *      quick_vcpu_add(&q, d, 0x3, run_ns, sleep_ns);       ready at once
 *      quick_run(&q, 10 * RATION_NS_PER_S);
 *      quick_close(&q);
 *
 * Between two runs the test may call any verb on q.r at q.now with &q.fx, and
 * then quick_take(&q).
 */
#ifndef QUICK_MACHINE_H
#define QUICK_MACHINE_H

#include "histogram.h"
#include "ration.h"

#ifdef __cplusplus
extern "C" {
#endif

#define QUICK_VCPU_MAX 264u      /* limits.vcpu_count, at most */

struct quick_vcpu {
	struct ration_vcpu *vcpu;        /* NULL: none at this place */
	ration_cpuset hard;
	ration_ns run_ns, sleep_ns;      /* run_ns 0: a hog */
	ration_ns left_ns, wake_at_ns;
	ration_ns ready_at_ns;           /* it waits since then, or NEVER */
	bool woke;                       /* and that wait began with a wake-up */
	/* What was seen; the test may set it to 0. */
	ration_ns wait_max_ns;           /* longest time ready without running */
	struct histogram *wake;          /* from wake-up to running; may be NULL */
};

struct quick_cpu {
	struct ration_vcpu *vcpu;
	ration_ns kick_at_ns, save_at_ns, until_ns;      /* NEVER: not */
	ration_ns since_ns;              /* its vCPU's run is taken up to here */
};

struct quick {
	struct ration *r;
	void *memory;
	ration_ns now, expire_ns;
	uint32_t step_count;             /* at `now` */
	ration_ns ipi_ns, switch_ns;     /* costs: from a kick to the decide; to save a context */
	uint32_t cpu_count, next_id, sleeper_count;
	struct ration_effects fx;
	struct quick_cpu cpu[RATION_CPU_MAX];
	struct quick_vcpu vcpu[QUICK_VCPU_MAX];          /* by slot */
	uint32_t sleeper[QUICK_VCPU_MAX];                /* slots of those that are no hogs */
	/* With `watch`: how long a CPU stood idle while a vCPU waited that may run there
	 * and that is not held by its cap.  CPUs about to come or go do not count. */
	bool watch;
	ration_ns episode_at_ns[RATION_CPU_MAX];         /* the present one's begin, or NEVER */
	ration_ns episode_max_ns, episode_sum_ns;
};

/* An instance under credit, at time 0.  False: there is no memory. */
bool quick_open(struct quick *q, struct ration_limits limits, struct ration_params params);
void quick_close(struct quick *q);

struct ration_dom *quick_dom_add(struct quick *q, const struct ration_attr *attr);
/* A vCPU that is ready at once; NULL: refused. */
struct quick_vcpu *quick_vcpu_add(struct quick *q, struct ration_dom *d, ration_cpuset hard,
                                  ration_ns run_ns, ration_ns sleep_ns);

/* Do what the last verb asks for. */
void quick_take(struct quick *q);
/* Let time pass. */
void quick_run(struct quick *q, ration_ns until);

/* What it got so far. */
ration_ns quick_dom_got(const struct quick *q, const struct ration_dom *d);
ration_ns quick_got(const struct quick *q, const struct quick_vcpu *v);

#ifdef __cplusplus
}
#endif
#endif
