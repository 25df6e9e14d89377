/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress_world.h - what stress.c (guests, the run) and stress_verb.c (what the
 * other threads do) share.
 *
 * Domains 0 and 1 (by slot) and their vCPUs stay: anyone may wake them at any
 * moment.  In other domains of even slots a guest may name another vCPU of its
 * domain, to wake it or to yield to it; so one of those leaves only while the
 * domain is paused and none of it is on a CPU, which is seen to under the lock
 * in which it leaves.  In odd slots a vCPU leaves at any moment, and perhaps
 * not at once (RATION_E_BUSY).
 */
#ifndef STRESS_WORLD_H
#define STRESS_WORLD_H

#include "random.h"
#include "stress.h"
#include "rig.h"

#ifdef __cplusplus
extern "C" {
#endif

#define STRESS_DOMAINS 12u
#define STRESS_VCPUS   48u
#define STRESS_KEPT    2u            /* domains that stay */
#define STRESS_THREADS 3u            /* beside the CPUs */

struct stress_vcpu {
	struct context context;      /* first; count: its random state; arrival_ns: ~count */
	uint64_t event;              /* a flag: something came for it */
	uint64_t runs;               /* a flag: how often it did something */
	uint64_t present;            /* a flag: the library's vCPU, as a number; 0: none */
	uint64_t dom_slot;           /* a flag */

	/* under the lock */
	bool leaving, down;
};

struct stress {
	struct rig machine;
	const struct stress_options *options;
	struct stress_vcpu vcpu[STRESS_VCPUS];
	uint64_t stop;               /* a flag: for the threads beside the CPUs */
	uint64_t wakes;              /* a flag: by guests */

	/* under the lock */
	uint32_t dom_pauses[STRESS_DOMAINS];
	uint32_t next_id, next_idx;
	ration_ns now;               /* of the present hold */
	struct stress_result *result;
};

/* One of the threads beside the CPUs: it does verbs until `stop`. */
struct stress_thread {
	struct stress *stress;
	pthread_t thread;
	uint64_t random;             /* its state */
};
void *stress_thread(void *argument);

/* A domain, and vCPUs in it, that stay.  Before the CPUs run. */
void stress_admit_kept(struct stress *s, uint64_t *random);

/* Everything that may run can run again; what still leaves is gone.  False: a CPU
 * is not there yet, again later. */
bool stress_calm(struct stress *s);

static inline uint32_t stress_draw(uint64_t *random, uint32_t below)
{
	return (uint32_t)(random_splitmix(random) >> 33) % below;
}

/* A hold of the lock. */
ration_ns stress_begin(struct stress *s);
void stress_end(struct stress *s);

#ifdef __cplusplus
}
#endif
#endif
