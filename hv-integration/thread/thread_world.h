/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread_world.h - a scenario on a machine of threads: what device.c (guest
 * timers), program*.c (what runs in the vCPUs), control.c (what the scenario
 * says happens) and world.c (setting up, reporting) share.
 *
 * A program is a state machine whose state is its context (rig.h):
 * it computes, in units of about 100 ns, until its work is done or its CPU has
 * to leave, and it counts only the time between entering and leaving a CPU.
 * Lengths of time are drawn as `ration run` draws them: the same seed, the same
 * bursts.
 *
 * LOCKS, in the order in which they are taken:
 *   1. one domain's `lock`: its queue, its vCPUs' events and sleep, what is
 *      said below to be under it.  Never two domains' at a time.
 *   2. the device's, or the port's.
 *
 * SLEEP.  A vCPU that finds nothing to do sets `sleeping` under the lock, and
 * then leaves its CPU.  Who has something for it puts that down and takes
 * `sleeping` away under the same lock, sets `event`, and wakes it.  If that
 * comes before the CPU has told the port of the block, the port's question
 * `pending` finds `event`.
 *
 * LIFE.  `there` is set when a domain's vCPUs are admitted, and cleared before
 * they leave: with the lock held and `there` set, v->ration can be used.
 */
#ifndef THREAD_WORLD_H
#define THREAD_WORLD_H

#include "random.h"
#include "sim.h"
#include "rig.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vcpu {
	struct context context;          /* first: see program_of() */
	struct domain *dom;
	uint16_t idx;
	struct ration_vcpu *ration;      /* NULL: not there (yet, or any more) */

	/* flags */
	uint64_t event;                  /* something came for it */
	uint64_t woken_ns;               /* when, while it slept; 0: nothing did */

	/* under the domain's lock */
	bool sleeping, is_down;
	bool due;                        /* its sleep is over */
	uint64_t released;               /* periodic: releases so far */
	ration_ns first_ns;              /* periodic: of the first one */
	uint64_t stands;                 /* barrier: 1 + the round at whose end it stands */

	/* of whom its context is loaded; server: under the domain's lock */
	uint64_t entity, draws[2];
	struct histogram wake_ns, response_ns;
	uint64_t jobs, late, loops;
	ration_ns spin_ns;

	/* under the device's lock: its next event */
	uint32_t place;                  /* in the heap, from 1; 0: none */
	ration_ns at_ns;
};

struct domain {
	/* constant */
	const struct scenario_domain *scenario;
	const struct scenario_workload *load;
	struct sim_domain *result;
	struct vcpu *vcpu;
	uint32_t vcpu_count;
	uint32_t id;                     /* in the library */

	/* the control thread's */
	struct ration_dom *ration;       /* NULL: not there (yet, or any more) */
	struct ration_affinity *affinity;
	bool gone;
	uint64_t late;                   /* unfinished past their deadline at its end */

	/* flags */
	uint64_t holder;                 /* spinlock: 1 + idx; 0: free */
	uint64_t round;                  /* barrier; changed under the lock */

	pthread_mutex_t lock;
	bool there;
	uint32_t pause_count;
	struct request_queue queue;      /* server: requests; dom0: what to help with */
	uint64_t arrivals;
	uint32_t online, arrived;        /* barrier: takes part; stands at it */
	ration_ns helper_ns;
};

/* Guest timers: at most one for each vCPU. */
struct device {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop;
	struct vcpu **heap;              /* [1..count], the earliest first */
	uint32_t count;
};

struct world {
	/* constant */
	const struct scenario *scenario;
	struct sim_result *result;
	struct domain *domain;
	struct vcpu *vcpu;
	uint32_t domain_count, vcpu_count, first_id;
	struct domain *dom0;             /* NULL: nobody helps */

	struct rig machine;
	struct device device;
	struct request_queue help;       /* what dom0 has not begun with: under dom0's lock */
	uint64_t help_count;             /* a flag: how many those are */
	uint64_t wakes;                  /* a flag: calls of ration_port_wake() */
	ration_ns end_ns;                /* when the run ended */
};

/* ---- device.c ---------------------------------------------------------- */

bool device_begin(struct world *w);
void device_end(struct world *w);
/* v's next event is at at_ns; or none. */
void device_arm(struct world *w, struct vcpu *v, ration_ns at_ns);
void device_cancel(struct world *w, struct vcpu *v);

/* ---- program.c --------------------------------------------------------- */

extern const struct rig_guest program_guest;

/* A vCPU was admitted: its life begins at `now`.  Nothing of it runs yet. */
void program_come(struct world *w, struct vcpu *v, ration_ns now);

/* Its event has come: called by the device. */
void program_event(struct world *w, struct vcpu *v, ration_ns at_ns);

/* It goes off line (and is not on a CPU any more), or comes back.  Under the lock. */
void program_down(struct world *w, struct vcpu *v);
void program_up(struct world *w, struct vcpu *v);

/* Jobs of d that are late already at the end, and nothing of it runs any more. */
uint64_t program_late(const struct world *w, struct domain *d, ration_ns now);

/* ---- for the other program*.c ------------------------------------------ */

static inline struct vcpu *program_of(struct context *home)
{
	return (struct vcpu *)(void *)home;
}

/* A length of time for it, at least `least`. */
ration_ns program_draw(const struct world *w, struct vcpu *v, const struct scenario_dist *d,
                       enum random_purpose purpose, ration_ns least);

/* Something is there for v: if it sleeps, wake it.  Under the domain's lock. */
void program_wake(struct world *w, struct vcpu *v);

/* A job or request that came at arrival_ns is complete. */
void program_job_done(const struct world *w, struct vcpu *v, ration_ns arrival_ns);

static inline void program_begin(struct context *x, enum activity activity, ration_ns left_ns)
{
	x->activity = (uint8_t)activity;
	x->left_ns = left_ns;
}

/* ---- program_lock.c ---------------------------------------------------- */

/* What they do is done, or spun long enough. */
struct ration_port_exit program_spinlock_done(struct world *w, struct vcpu *v, struct context *x);
struct ration_port_exit program_barrier_done(struct world *w, struct vcpu *v, struct context *x);
/* It spins: is what it waits for there?  If so it goes on. */
bool program_lock_is_over(const struct vcpu *v, const struct context *x);
void program_lock_look(struct world *w, struct vcpu *v, struct context *x);
/* Under the lock. */
bool program_barrier_find(struct world *w, struct vcpu *v, struct context *x);
void program_barrier_down(struct world *w, struct vcpu *v);
void program_barrier_up(struct world *w, struct vcpu *v);

/* ---- program_help.c ---------------------------------------------------- */

/* A vCPU of d that sleeps and is on line, the lowest; or NULL.  Under the lock. */
struct vcpu *program_sleeper(const struct domain *d);
/* A request has reached its domain; under its lock. */
void program_request(struct world *w, const struct request *request);
/* Dom0 has to work on this first; at once where nobody helps.  No lock is held. */
void program_help_ask(struct world *w, const struct request *request);
/* Is there something to help with?  v, of dom0, turns to it.  Under dom0's lock. */
bool program_help_take(struct world *w, struct vcpu *v, struct context *x);
void program_help_done(struct world *w, struct vcpu *v, struct context *x);
/* v helps and goes off line: somebody else has to.  Under dom0's lock. */
void program_help_down(struct world *w, struct vcpu *v);

/* ---- control.c --------------------------------------------------------- */

/* Domain d comes.  False: refused, and result->refusal says why. */
bool control_come(struct world *w, struct domain *d);

struct control_options {
	void (*progress)(void *context, ration_ns now_ns);
	void *progress_context;
};

/* What the scenario says happens, until its end or a signal (SIGINT, SIGTERM:
 * blocked in all threads).  Returns the signal, or 0. */
int control_run(struct world *w, const struct control_options *options);

/* ---- world.c ----------------------------------------------------------- */

struct world_options {
	struct control_options control;
	FILE *log;                       /* NULL: nothing is recorded */
	uint64_t log_words;              /* of the ring, a power of two; 0: the default */
};

/* How a run went, beside the table. */
struct world_account {
	int signal;                      /* that ended it early, or 0 */
	uint64_t log_events, log_lost, log_bytes;
	int log_error;                   /* errno of writing, or 0 */
};

enum world_status { WORLD_DONE, WORLD_REFUSED, WORLD_FAILED };

/* Run the scenario in real time.  WORLD_REFUSED: a domain cannot be admitted
 * at time 0, result->refusal[0] says why; WORLD_FAILED: no threads, see errno.
 * sim_result_free() in any case. */
enum world_status world_run(const struct scenario *s, const struct world_options *options,
                            struct sim_result *result, struct world_account *account);

#ifdef __cplusplus
}
#endif
#endif
