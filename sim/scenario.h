/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scenario.h - a machine, its domains, what their guests do, and what happens
 * when: the model that the reader (scenario_read.c) fills and the engine
 * (sim.h) runs.
 *
 * Values in it are checked: the engine asserts, it does not report.  Each thing
 * that can still be refused at run time (a domain, an event) keeps its mark, so
 * that the message can say where it was asked for.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "ration.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SCENARIO_DOMAIN_MAX 4096u
#define SCENARIO_VCPU_MAX   1024u      /* of one domain */

/* A place in an input file; line and column from 1, 0: unknown. */
struct scenario_mark {
	const char *file;
	unsigned line, column;
};

/* How a length of time is drawn. */
enum scenario_dist_kind {
	DIST_CONST,          /* a_ns */
	DIST_UNIFORM,        /* a_ns..b_ns, both included */
	DIST_EXP,            /* mean a_ns */
	DIST_LOGNORMAL       /* median a_ns, sigma (of the logarithm) in ppm */
};

struct scenario_dist {
	enum scenario_dist_kind kind;
	ration_ns a_ns, b_ns;
	uint32_t sigma_ppm;
};

enum scenario_random {
	RANDOM_PHILOX,       /* keyed by seed, domain, vCPU and purpose */
	RANDOM_SPLITMIX      /* vCPU i starts from splitmix_seed + i (reference workloads) */
};

enum scenario_workload_kind {
	WORKLOAD_IDLE,       /* never wakes */
	WORKLOAD_HOG,        /* always wants the CPU */
	WORKLOAD_LOOP,       /* run, block, run, ... */
	WORKLOAD_PERIODIC,   /* a job each period, with a deadline */
	WORKLOAD_SERVER,     /* requests arrive, any vCPU of the domain serves the oldest */
	WORKLOAD_SPINLOCK,   /* think, take the domain's one lock (spinning), hold, release */
	WORKLOAD_BARRIER,    /* run, then spin or block until all vCPUs of the domain have */
	WORKLOAD_RECORDED    /* what a log has of each vCPU, again and again (load.h) */
};

/* CPU time of a recorded vCPU, and how it ended: blocked for so long, or one of BURST_x. */
struct scenario_burst {
	ration_ns run_ns, then_ns;
};
#define BURST_SLEEPS  RATION_NEVER          /* blocked for good */
#define BURST_YIELDS  (RATION_NEVER - 1)    /* yielded */
#define BURST_GOES_ON (RATION_NEVER - 2)    /* the log ended: runs on into the next burst */

/* The bursts of a vCPU, the first one again after the last; 0: it never blocks. */
struct scenario_recorded {
	struct scenario_burst *burst;
	uint64_t count;
};

struct scenario_workload {
	enum scenario_workload_kind kind;
	struct scenario_dist run;        /* loop, periodic: a burst; server: service of a
	                                  * request; spinlock: outside of the lock; barrier */
	struct scenario_dist block;      /* loop */
	struct scenario_dist hold;       /* spinlock */
	ration_ns period_ns;             /* periodic */
	ration_ns deadline_ns;           /* periodic: after release; server: after arrival, 0: none */
	bool yield;                      /* periodic: yields between a job and a pending one */
	bool spin;                       /* barrier: spins; else blocks */
	ration_ns spin_ns;               /* spinlock, barrier: spin so long, then yield; 0: for ever */
	struct scenario_dist gap;        /* server: between arrivals (exp: Poisson) */
	ration_ns *arrival_ns;           /* server: recorded arrivals instead, ascending */
	size_t arrival_count;
	ration_ns through_dom0_ns;       /* server, loop: CPU time that dom0 spends on each request
	                                  * (on each wake-up) before it reaches the guest */
	bool helper_charged;             /* book that dom0 time to the domain (ration_dom_charge) */
	struct scenario_recorded *recorded;      /* recorded: one per vCPU */
	/* When vCPU i begins: phase_ns[i] if given (one per vCPU), else
	 * (i * phase_step_ns) mod phase_wrap_ns (wrap 0: no wrap). */
	ration_ns *phase_ns;
	ration_ns phase_step_ns, phase_wrap_ns;
	enum scenario_random random;
	uint64_t splitmix_seed;
};

struct scenario_domain {
	char *name;
	struct scenario_mark mark;
	bool is_dom0;
	uint32_t vcpu_count;
	struct ration_attr attr;
	uint32_t attr_given;             /* RATION_ATTR_x that were written down */
	struct ration_affinity *affinity;/* one per vCPU */
	struct scenario_workload workload;
	char *pool;                      /* kept, not acted on */
	char *ignored;                   /* keys of its Xen file that mean nothing here, or NULL */
	ration_ns start_ns;              /* comes then; 0: with the machine */
};

enum scenario_event_kind {
	EVENT_DOM_SET,           /* attr, as given in attr_given */
	EVENT_DOM_PIN,           /* affinity of all its vCPUs (vcpu == ALL) or of one */
	EVENT_DOM_PAUSE, EVENT_DOM_RESUME,
	EVENT_DOM_DESTROY,       /* its vCPUs leave */
	EVENT_VCPU_COUNT,        /* vCPUs 0..count-1 are on line, the others off */
	EVENT_CPU_OFFLINE, EVENT_CPU_ONLINE,
	EVENT_POLICY             /* switch policy, and tslice/ratelimit if given */
};

#define SCENARIO_ALL UINT32_MAX

struct scenario_event {
	ration_ns at_ns;
	struct scenario_mark mark;
	enum scenario_event_kind kind;
	uint32_t domain;                 /* index into domains */
	uint32_t vcpu;                   /* EVENT_DOM_PIN: index or SCENARIO_ALL */
	uint32_t count;
	struct ration_attr attr;
	uint32_t attr_given;
	struct ration_affinity affinity;
	bool hard_given, soft_given;     /* which half of the affinity changes */
	ration_cpu cpu;
	bool force;                      /* EVENT_CPU_OFFLINE */
	const struct ration_policy *policy;
	struct ration_params params;
	uint32_t params_given;           /* RATION_ATTR_TSLICE, _RATELIMIT */
};

/* What the modelled machine charges.  All 0: an ideal machine. */
struct scenario_costs {
	ration_ns switch_ns;             /* from decide to saved, where the vCPU changes */
	ration_ns ipi_ns;                /* from a kick to the decide */
	ration_ns timer_ns;              /* a timer fires so much late */
	ration_ns migrate_ns[RATION_DISTANCE_COUNT];  /* extra work of a vCPU that moved so far */
	uint32_t smt_ppm;                /* speed of a thread whose sibling is busy; PPM: no loss */
};

struct scenario {
	char *file;
	struct ration_topology topology;
	char *topology_name;             /* as given: string, file or "this" */
	struct scenario_mark topology_mark;
	struct scenario_costs costs;
	const struct ration_policy *policy;
	struct ration_params params;
	struct ration_margins margins;   /* its overhead: of the costs */
	ration_ns time_ns;
	uint64_t seed;
	struct scenario_domain *domain;  /* dom0 first, if there is one */
	uint32_t domain_count;
	struct scenario_event *event;    /* by at_ns, then as written */
	uint32_t event_count;
	char **owned;                    /* what marks, names, pins, phases and arrivals point into */
	size_t owned_count;
};

/* The policies that a scenario can name, in the order in which lists print
 * them: credit, sedf, rr.  NULL if there is no such name. */
extern const struct ration_policy *const scenario_policies[];
extern const uint32_t scenario_policy_count;
const struct ration_policy *scenario_policy_find(const char *name);

/* What an event changes of what was: the attributes, the halves of an affinity, the
 * parameters that it gives. */
void scenario_attr_change(struct ration_attr *attr, const struct scenario_event *e);
void scenario_affinity_change(struct ration_affinity *affinity, const struct scenario_event *e);
void scenario_params_change(struct ration_params *params, const struct scenario_event *e);

/* The attributes in which a and b differ, as a set of RATION_ATTR_x. */
uint32_t scenario_attr_differ(const struct ration_attr *a, const struct ration_attr *b);

/* When vCPU idx of that workload begins. */
ration_ns scenario_phase(const struct scenario_workload *w, uint32_t idx);

void scenario_free(struct scenario *s);

#ifdef __cplusplus
}
#endif
#endif
