/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim.h - the discrete-event engine: runs a scenario on libration.a.
 *
 * Deterministic: events are ordered by (time, kind, id, sequence), kinds in
 * the order of enum event_kind (event.h); one seed gives one trace, byte for
 * byte, whatever the compiler.  The engine drives the library through
 * ration.h only.
 */
#ifndef SIM_H
#define SIM_H

#include <stdio.h>

#include "histogram.h"
#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A refused request: at time 0 it ends the run (sim_run returns false), later
 * it is listed and the run goes on. */
struct sim_refusal {
	ration_ns at_ns;
	struct scenario_mark mark;
	char text[384];                  /* "domain rt: floor of 60 % refused: ..." */
	int status;                      /* of the library, or RATION_OK: only words */
	struct ration_refusal why;       /* with RATION_E_CAPACITY */
};

/* The jobs of one vCPU. */
struct sim_jobs {
	uint64_t done, misses;           /* completed; and past their deadline, also at the end */
	struct histogram response_ns;
	struct histogram tardiness_ns;   /* of those that were late: by how much */
};

struct sim_domain {
	struct ration_ledger ledger;     /* at the end of the run */
	struct ration_shadow shadow;     /* the same */
	/* Without what was in flight at the end: time of finished dispatches, and
	 * of waits that ended in one. */
	ration_ns run_done_ns, wait_done_ns;
	struct histogram wake_ns;        /* from wake-up to running */
	struct histogram response_ns;    /* jobs and requests: from release or arrival to completion;
	                                  * spin lock: from wanting it to having it */
	uint64_t jobs;                   /* completed */
	struct sim_jobs *vcpu;           /* of each vCPU, where they are periodic; or NULL */
	ration_cpuset *promised;         /* by sim_admission() under sedf: the CPUs where the slice
	                                  * of each vCPU is promised; or NULL */
	uint64_t late;                   /* completed after their deadline */
	uint64_t misses;                 /* those, and unfinished past their deadline at the end */
	uint64_t loops;                  /* bursts, lock or barrier rounds completed */
	ration_ns helper_ns;             /* dom0's CPU time for this domain */
	ration_ns spin_ns;               /* CPU time spun away */
	uint64_t dispatches, migrations;
	double entitled;                 /* CPUs owed, see entitled_over_run() */
};

struct sim_result {
	const struct ration_policy *policy;   /* in force at the start */
	const char *label;               /* what a comparison calls it; NULL: as its policy */
	ration_ns sim_ns;
	uint64_t events, dispatches, preemptions, migrations, refused_decisions;
	uint64_t trace_hash;
	double wall_s;
	size_t instance_bytes;           /* ration_size() */
	size_t heap_bytes;               /* allocated by the engine (jemalloc's count), 0: unknown */
	struct sim_domain *domain;       /* as scenario->domain */
	bool is_entitled;                /* their `entitled` is known */
	uint32_t domain_count;
	struct ration_cpu_ledger cpu[RATION_CPU_MAX];
	uint32_t cpu_count;
	struct sim_refusal *refusal;
	uint32_t refusal_count;
	const char *broken;              /* the invariant that ration_check() found broken, or NULL */
};

/* The trace hash with one dispatch more: of vCPU idx of the domain of that id, or of
 * nobody (dom_id and idx UINT32_MAX). */
static inline uint64_t sim_hash(uint64_t hash, ration_ns at_ns, ration_cpu c, uint32_t dom_id,
                                uint32_t idx)
{
	uint64_t who = dom_id == UINT32_MAX ? UINT64_MAX : (uint64_t)dom_id << 16 | idx;

	hash = (hash ^ at_ns) * 0x9E3779B97F4A7C15u;
	return (hash ^ hash >> 32 ^ (who << 8 | c)) * 0xD6E8FEB86659FD93u;
}

struct sim_options {
	bool check;                      /* ration_check() after every event */
	FILE *trace;                     /* trace-event JSON, or NULL */
	ration_ns trace_from_ns, trace_to_ns;
	FILE *log;                       /* one line of text per event, or NULL (tests) */
	FILE *record;                    /* what `ration replay` reads, or NULL */
	const char *record_writer;       /* who wrote it: "ration run 0.1.0" */
	/* Called now and then with the simulated time; NULL: no progress. */
	void (*progress)(void *context, ration_ns now_ns);
	void *progress_context;
};

/*
 * Run the scenario under its policy.  Returns true and fills *result; or, when
 * a domain cannot be admitted at time 0, false with result->refusal[0] set.
 * sim_result_free() either way.
 */
bool sim_run(const struct scenario *s, const struct sim_options *options,
             struct sim_result *result);

/*
 * Would the domains be admitted together under the scenario's policy, those of
 * time 0 or with `all` also those that come later?  No time passes, nothing
 * runs.  Returns true; or false with result->refusal[0] set.
 * sim_result_free() either way.
 */
bool sim_admission(const struct scenario *s, bool all, struct sim_result *result);
void sim_result_free(struct sim_result *result);

#ifdef __cplusplus
}
#endif
#endif
