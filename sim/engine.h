/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine.h - the inside of the engine: what machine.c (CPUs), guest*.c (what
 * runs in the vCPUs), action.c (what the scenario says happens) and sim.c (the
 * loop) share.
 *
 * WHO CALLS WHOM.  sim.c takes an event and calls machine_* for a CPU's,
 * guest_event() for a vCPU's, action_* for the scenario's.  The machine calls
 * guest_done() when what a running vCPU does is done; guests answer with
 * guest_begin(), machine_block() or machine_yield().  Every verb of the
 * library is called through its recorder (off, unless asked for), and goes
 * through sim_effects(), which only notes kicks; machine_kicks() acts on them
 * when the event is dealt with.
 *
 * WORK.  A vCPU has `left_ns` of work at full speed.  It shrinks only while
 * the vCPU runs, from saved to decide.  Where speeds differ (`scaled`) the
 * fraction of a nanosecond that is left over when a speed changes is kept in
 * `carry`, so that nothing is lost or won.
 *
 * Invariants (engine_check() tests those that it can):
 *  1. cpu->running == v  <=>  v->cpu == cpu; and the library says the same.
 *  2. left_ns and the books of spinning are right as of cpu->synced_ns.
 *  3. Of a CPU's completion and timer only the earlier one is pending; in a
 *     switch neither is.
 *  4. asleep: the library was told that the vCPU blocked, and not of a wake.
 *  5. dom->running and dom->sleeping say the same as the vCPUs.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "event.h"
#include "random.h"
#include "ration_record.h"
#include "request.h"
#include "sim.h"
#include "trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a vCPU does. */
enum activity {
	ACTIVITY_NONE,           /* nothing: it sleeps, or finds that out when it runs */
	ACTIVITY_WORK,
	ACTIVITY_SPIN,           /* burns time; left_ns until it yields */
	ACTIVITY_HELP            /* dom0: works for another domain, its own doing waits */
};

struct cpu {
	/* constant */
	ration_cpu id;
	uint32_t full_speed, shared_speed;   /* of sim->speed_unit: alone, and beside a sibling */
	ration_cpuset siblings;              /* other threads of the core, if they matter */

	struct vcpu *running;
	struct vcpu *next;                   /* runs once saved */
	struct vcpu *old;                    /* is being saved */
	bool switching;
	bool again;                          /* decide was asked for in a switch */
	uint32_t speed;
	ration_ns synced_ns;
	ration_ns until_ns;                  /* of the last decision */
	struct event completion, timer, kick, saved;
};

struct vcpu {
	struct event event;                  /* its next wake-up, release or arrival */
	struct ration_vcpu *ration;          /* NULL: not there (yet, or any more) */
	struct domain *dom;
	struct cpu *cpu;                     /* where it runs; NULL: it does not */
	ration_ns left_ns;                   /* work left, RATION_NEVER: endless */
	ration_ns since_ns;                  /* runs, or wants to run, since */
	ration_ns woken_ns;                  /* RATION_NEVER: not waiting after a wake-up */
	ration_ns arrival_ns;                /* of the job or request at hand */
	ration_ns own_left_ns;               /* while it helps: what waits */
	uint64_t pending;                    /* periodic: releases waiting; barrier: round;
	                                      * recorded: the burst at hand */
	uint64_t entity;                     /* whose random words it draws */
	uint64_t draws[2];                   /* made so far; [0] in splitmix mode: state */
	uint32_t carry, own_carry;           /* of left_ns, in 1 / speed_unit ns */
	uint32_t last_cpu;                   /* RATION_CPU_NONE: never ran */
	uint16_t idx;
	uint8_t activity, own_activity;      /* enum activity */
	bool asleep;
	bool is_down;                        /* taken off line */
	bool leaving;
	struct request help;
};

struct domain {
	/* constant */
	const struct scenario_domain *scenario;
	const struct scenario_workload *load;
	struct sim_domain *result;
	struct vcpu *vcpu;
	uint32_t vcpu_count;
	uint32_t id;                         /* in the library */

	struct ration_dom *ration;           /* NULL: not there (yet, or any more) */
	struct ration_affinity *affinity;    /* as in force, one per vCPU */
	ration_cpuset running;               /* CPUs that run a vCPU of it */
	uint32_t pause_count;
	uint32_t present;                    /* vCPUs admitted and not left */
	bool leaving;
	struct event come;
	uint64_t *sleeping;                  /* vCPUs asleep and on line, a bitmap */
	struct request_queue queue;          /* server: requests */
	uint64_t arrivals;                   /* server: so far */
	struct vcpu *holder;                 /* spinlock */
	uint32_t online, arrived;            /* barrier: takes part; stands at it */
	uint64_t round;
};

struct sim {
	/* constant */
	const struct scenario *scenario;
	const struct sim_options *options;
	struct scenario_costs costs;
	uint32_t speed_unit;
	bool scaled;                         /* speeds differ */
	struct domain *dom0;                 /* NULL: nobody helps */

	struct ration *ration;
	struct ration_record record;         /* of it: all verbs go through this */
	struct event_queue queue;
	ration_ns now_ns;
	ration_cpuset kicked;                /* to decide at once */
	ration_ns expire_ns;                 /* as the library wants it */
	struct event expire, action;
	uint32_t next_action;
	uint64_t events, hash;
	struct request_queue help;           /* what dom0 has not begun with */
	ration_cpuset up_wanted;             /* CPUs to come back when they are idle */
	struct trace *trace;                 /* NULL: nobody looks */
	struct recording *recording;         /* NULL: nobody records */
	struct sim_result *result;
	struct cpu cpu[RATION_CPU_MAX];
	uint32_t cpu_count, domain_count, vcpu_count;
	struct domain *domain;
	struct vcpu *vcpu;                   /* of all domains, in the order of the file */
	uint32_t first_id;                   /* of domain[0] in the library: 0 for dom0, else 1 */
	void *memory;                        /* the instance */
};

/* ---- sim.c ------------------------------------------------------------- */

/* Kicks that take time to arrive, and a new time for ration_expire(). */
void sim_kick(struct sim *s, ration_cpuset set);
void sim_expire_set(struct sim *s, ration_ns at_ns);

/* Note what the library wants.  `self`: the CPU that is going to decide anyway,
 * or RATION_CPU_NONE. */
static inline void sim_effects(struct sim *s, const struct ration_effects *fx, ration_cpu self)
{
	ration_cpuset set = fx->resched;

	if (self != RATION_CPU_NONE)
		set &= ~ration_cpuset_of(self);
	if (s->costs.ipi_ns == 0)
		s->kicked |= set;
	else if (set != 0)
		sim_kick(s, set);
	if (fx->expire_ns != s->expire_ns)
		sim_expire_set(s, fx->expire_ns);
}

/* The simulator's vCPU behind the library's. */
static inline struct vcpu *sim_vcpu(const struct sim *s, const struct ration_vcpu *v)
{
	uint32_t id = ration_dom_id(ration_vcpu_dom(v));

	return &s->domain[id - s->first_id].vcpu[ration_vcpu_idx(v)];
}

/* A broken invariant: the first one is kept, and the run ends. */
void sim_broken(struct sim *s, const char *text);

/* ---- machine.c --------------------------------------------------------- */

void machine_init(struct sim *s);

/* Decide for all CPUs that were kicked, the lowest first. */
void machine_kicks(struct sim *s);

/* Events of a CPU. */
void machine_completion(struct sim *s, struct cpu *c);
void machine_decide(struct sim *s, struct cpu *c);
void machine_saved(struct sim *s, struct cpu *c);

/* Account for what `c` runs up to now. */
void machine_sync(struct sim *s, struct cpu *c);

/* What the vCPU on `c` does, or its length, has changed; `c` is synced. */
void machine_rearm(struct sim *s, struct cpu *c);

/* The running vCPU has nothing to do, or lets others go first (`other` may be
 * NULL); its CPU decides. */
void machine_block(struct sim *s, struct vcpu *v);
void machine_yield(struct sim *s, struct vcpu *v, struct vcpu *other);

/* Wake a vCPU that is asleep. */
void machine_wake(struct sim *s, struct vcpu *v);

/* ---- guest.c ----------------------------------------------------------- */

/* A vCPU was admitted: its life begins now. */
void guest_come(struct sim *s, struct vcpu *v);

/* Its event has come. */
void guest_event(struct sim *s, struct vcpu *v);

/* What the running vCPU does is done; its CPU is synced. */
void guest_done(struct sim *s, struct vcpu *v);

/* It has just got a CPU. */
void guest_start(struct sim *s, struct vcpu *v);

/* It goes on with its own doing: where it spins, is there still a reason? */
void guest_look(struct sim *s, struct vcpu *v);

/* Dom0 has done its part of waking v. */
void guest_helped(struct sim *s, struct vcpu *v);

/* It goes off line, or comes back. */
void guest_down(struct sim *s, struct vcpu *v);
void guest_up(struct sim *s, struct vcpu *v);

/* At the end of the run: jobs that are late already. */
void guest_end(struct sim *s, struct domain *d);

/* Its own activity changes, wherever it is; a sleeper is woken, unless it leaves. */
void guest_begin(struct sim *s, struct vcpu *v, enum activity activity, ration_ns left_ns);

/* Its own activity is over, and there is no other. */
void guest_rest(struct sim *s, struct vcpu *v);

/* A length of time for it, at least `least`. */
ration_ns guest_draw(struct sim *s, struct vcpu *v, const struct scenario_dist *d,
                     enum random_purpose purpose, ration_ns least);

/* A job or request that came at arrival_ns is complete. */
void guest_job_done(struct sim *s, struct vcpu *v, ration_ns arrival_ns);

/* An event that is due at at_ns; none if the run ends before. */
static inline void sim_arm(struct sim *s, struct event *e, ration_ns at_ns)
{
	if (at_ns >= s->scenario->time_ns)
		event_cancel(&s->queue, e);
	else
		event_arm(&s->queue, e, at_ns);
}

/* What the vCPU does for itself, also while it helps. */
static inline enum activity guest_own(const struct vcpu *v)
{
	return (enum activity)(v->activity == ACTIVITY_HELP ? v->own_activity : v->activity);
}

/* ---- guest_server.c, guest_help.c -------------------------------------- */

/* A vCPU of d that is asleep and on line, the lowest; or NULL. */
struct vcpu *domain_sleeper(const struct domain *d);

void server_come(struct sim *s, struct vcpu *v);
/* A request has reached its domain. */
void server_request(struct sim *s, const struct request *request);
void server_arrival(struct sim *s, struct vcpu *v);
void server_done(struct sim *s, struct vcpu *v);
/* The running vCPU has nothing to do: is there a request?  False: no. */
bool server_take(struct sim *s, struct vcpu *v);
void server_down(struct sim *s, struct vcpu *v);
void server_up(struct sim *s, struct vcpu *v);
void server_end(struct sim *s, struct domain *d);

/* Dom0 has to work on this first; at once where nobody helps. */
void help_ask(struct sim *s, const struct request *request);
void help_done(struct sim *s, struct vcpu *v);
/* The running vCPU of dom0 does no help: is there some?  False: no. */
bool help_take(struct sim *s, struct vcpu *v);
void help_down(struct sim *s, struct vcpu *v);
/* Domain d leaves: its requests come to nothing. */
void help_forget(struct sim *s, struct domain *d);
/* At the end of the run: requests that are late already. */
void help_end(struct sim *s);

/* ---- guest_lock.c ------------------------------------------------------ */

void spinlock_done(struct sim *s, struct vcpu *v);
void spinlock_look(struct sim *s, struct vcpu *v);
void spinlock_down(struct sim *s, struct vcpu *v);
void barrier_done(struct sim *s, struct vcpu *v);
void barrier_look(struct sim *s, struct vcpu *v);
void barrier_down(struct sim *s, struct vcpu *v);
void barrier_up(struct sim *s, struct vcpu *v);

/* ---- guest_recorded.c -------------------------------------------------- */

void recorded_event(struct sim *s, struct vcpu *v);
void recorded_done(struct sim *s, struct vcpu *v);

/* ---- action.c ---------------------------------------------------------- */

/* Domain d comes.  False: refused, and result->refusal says why. */
bool action_come(struct sim *s, struct domain *d);

/* The next event of the scenario. */
void action_next(struct sim *s);

/* The old vCPU of a CPU is saved and wants to leave. */
void action_leave(struct sim *s, struct vcpu *v);

/* A CPU runs nothing now: does it wait to come back on line? */
void action_cpu_idle(struct sim *s, ration_cpu c);

/* ---- recording.c ------------------------------------------------------- */

/* The instance is made: a recorder for it, on if the options want one. */
void recording_begin(struct sim *s, const struct ration_config *config);
/* Between two events, if there is a recording: write what waits, if it is much. */
void recording_drain(struct sim *s);
/* The last record, and all that waits. */
void recording_end(struct sim *s);

/* ---- engine_check.c ---------------------------------------------------- */

/* NULL, or the first broken invariant.  O(everything). */
const char *engine_check(const struct sim *s);

/* ---- refuse.c ---------------------------------------------------------- */

/* List a refusal: "SUBJECT: WHAT refused: reason".  `why` may be NULL. */
void refuse(struct sim *s, struct scenario_mark mark, const char *subject, int status,
            const struct ration_refusal *why, const struct ration_attr *attr);
/* The same, with a reason in words. */
void refuse_because(struct sim *s, struct scenario_mark mark, const char *subject,
                    const char *reason);

#ifdef __cplusplus
}
#endif
#endif
