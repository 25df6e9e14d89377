/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig.h - a machine made of POSIX threads: each stands for a
 * physical CPU and runs the loop of ration_port.h.
 *
 * CONTEXTS.  What a vCPU would have in its registers is a struct context, which
 * is copied into the CPU that runs it (load) and back when the port says so
 * (save).  While it is loaded the copy at home is poisoned, and a load of what
 * was not saved ends the program at once.  So does the classic mistake of
 * hypervisors: to let a vCPU be dispatched, after a block or a preemption,
 * before its context is saved; there another CPU runs it from stale registers
 * while it is still live on the first, and it fails once in a while, later, and
 * somewhere else.  Here it fails at the load.
 *
 * KICKS AND TIMERS are signals (SIGUSR1 by pthread_kill(), SIGUSR2 by the
 * thread's own POSIX timer).  Their handler sets `leave`, which the guest reads
 * every few hundred nanoseconds, as a CPU looks at its interrupt line between
 * two instructions.  A CPU clears it before, never after, it enters the port,
 * so that a kick which comes outside of guest and wait ends the next one.
 * In a wait the signals are blocked, and taken by sigtimedwait().
 *
 * TIME is CLOCK_MONOTONIC since rig_go(); 0 before.
 */
#ifndef RIG_H
#define RIG_H

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "ration_port.h"
#include "request.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Flags ------------------------------------------------------------- */

/* Words that threads share without a lock. */
static inline uint64_t flag_get(const uint64_t *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static inline void flag_set(uint64_t *flag, uint64_t value)
{
	__atomic_store_n(flag, value, __ATOMIC_SEQ_CST);
}

/* What it was; it is 0 now. */
static inline uint64_t flag_take(uint64_t *flag)
{
	return __atomic_exchange_n(flag, 0, __ATOMIC_SEQ_CST);
}

/* From `from` to `to`; false: it was something else. */
static inline bool flag_change(uint64_t *flag, uint64_t from, uint64_t to)
{
	return __atomic_compare_exchange_n(flag, &from, to, false, __ATOMIC_SEQ_CST,
	                                   __ATOMIC_SEQ_CST);
}

/* ---- Contexts ---------------------------------------------------------- */

/* What a vCPU does. */
enum activity {
	ACTIVITY_NONE,           /* it looks for something to do */
	ACTIVITY_WORK,
	ACTIVITY_SPIN,           /* burns time; left_ns until it yields */
	ACTIVITY_HELP            /* dom0: works for another domain, its own doing waits */
};

struct context {
	uint32_t mark;                   /* CONTEXT_SAVED, or it is loaded somewhere */
	uint8_t activity, own_activity;  /* enum activity */
	bool holds;                      /* spinlock: in its section */
	bool blocked;                    /* it left its CPU to sleep */
	ration_ns left_ns, own_left_ns;
	ration_ns arrival_ns;            /* of the job or request at hand */
	uint64_t count;                  /* periodic: jobs done; barrier: 1 + round */
	struct request help;

	/* the machine's books */
	ration_ns loaded_ns, saved_ns;
	ration_ns run_done_ns, wait_done_ns;
	uint64_t dispatches, migrations;
	ration_cpu last_cpu;
};

/* A context at rest: 0 but for the mark. */
void context_init(struct context *x);

/* ---- The machine ------------------------------------------------------- */

struct rig;

struct rig_cpu {
	struct rig *machine;
	ration_cpu id;
	pthread_t thread;
	timer_t timer;
	uint64_t leave;                  /* a flag: a kick or a timer came */
	uint64_t entries;                /* of the port */

	/* its own thread's */
	struct ration_vcpu *loaded;      /* whose context `live` is; NULL: nobody's */
	struct context *home, live;
	bool fresh;                      /* it was loaded just now */
};

struct rig_guest {
	/* Run what is loaded on the CPU until it has a reason to leave. */
	struct ration_port_exit (*run)(void *world, struct rig_cpu *cpu);
	/* Has v, which is about to block, got an event that it has not seen?  Under
	 * the port's lock. */
	bool (*pending)(void *world, struct context *home);
};

struct rig {
	struct ration_port port;
	pthread_mutex_t lock;            /* the port's */
	const struct rig_guest *guest;
	void *world;
	struct context **home;           /* by slot of the vCPU; under the lock */
	struct ration *ration;
	void *memory;                    /* the instance */
	size_t memory_size;
	ration_ns start_ns;              /* CLOCK_MONOTONIC at rig_go(); 0: before */
	uint64_t stop;                   /* a flag */
	uint32_t cpu_count, thread_count;

	/* the start, under the lock */
	pthread_cond_t news;
	uint32_t ready_count;
	int error;                       /* of a thread that cannot run */
	bool going;

	struct rig_cpu cpu[RATION_CPU_MAX];
};

/* An instance for `config`, and the port around it. */
void rig_init(struct rig *m, const struct ration_config *config,
                  const struct rig_guest *guest, void *world);
void rig_fini(struct rig *m);

/* The context of a vCPU that was admitted, between begin and end. */
void rig_home_set(struct rig *m, const struct ration_vcpu *v, struct context *home);

/* Make a thread for each CPU; they stand ready.  False, with errno set. */
bool rig_begin(struct rig *m);
/* The time begins, and the CPUs run. */
void rig_go(struct rig *m);
/* They end; all contexts are saved. */
void rig_end(struct rig *m);

/* Block the signals of kicks and timers in this thread and those it makes. */
void rig_signals_block(void);

/* Does v run on some CPU, or will it before the CPU decides again?  Takes the lock. */
bool rig_is_on_cpu(struct rig *m, const struct ration_vcpu *v);

/* CPUs that this process may use. */
uint32_t rig_host_cpus(void);

static inline ration_ns rig_clock(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (ration_ns)t.tv_sec * RATION_NS_PER_S + (ration_ns)t.tv_nsec;
}

static inline ration_ns rig_now(const struct rig *m)
{
	return m->start_ns == 0 ? 0 : rig_clock() - m->start_ns;
}

/* Work of about 100 ns. */
static inline void rig_burn(void)
{
	uint64_t x = 0x9E3779B97F4A7C15u;
	unsigned i;

	for (i = 0; i < 48; i++) {
		x = (x ^ x >> 29) * 0xBF58476D1CE4E5B9u;
		__asm__ volatile("" : "+r"(x));
	}
}

#ifdef __cplusplus
}
#endif
#endif
