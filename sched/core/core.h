/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core.h - the inside of an instance, private to sched/core.
 *
 * Invariants, in the order in which ration_check() tests them:
 *  1. A vCPU is in one place: current on one CPU, unsaved on one CPU, or neither;
 *     ready only if neither.
 *  2. Ready implies eligible (runnable, not paused, on line, not leaving), and
 *     that a CPU of its hard mask is on line.
 *  3. Current implies allowed there and that the CPU is on line, or a kick of
 *     that CPU is under way.
 *  4. A CPU is in `idle` exactly if it is on line and has no current vCPU.
 *  5. Each vCPU's class has its hard mask; a class counts its vCPUs; a CPU's
 *     class set has exactly the classes whose mask holds the CPU.
 *  6. Each vCPU's ledger adds up to the time since it was admitted, each CPU's
 *     to the time since the instance began.
 *  7. A vCPU whose wait is booked to `kick` is that of exactly one CPU.
 */
#ifndef CORE_H
#define CORE_H

#include "ration_policy.h"

#define CORE_ALIGN      16u
#define CORE_DOM_MAX    4096u
#define CORE_VCPU_MAX   65536u
#define CORE_LAG_MAX_NS ((int64_t)RATION_NS_PER_S)

/* The vCPUs with one hard mask. */
struct core_class {
	ration_cpuset hard;
	uint32_t vcpu_count;      /* 0: free */
	/* How long, since the beginning, some CPU outside of the mask stood idle:
	 * away_ns, plus the time since `away_since_ns` if that is not NEVER.  It
	 * splits a vCPU's queueing in two, `affinity` and `queue`, without walking
	 * the vCPUs when a CPU goes idle. */
	ration_ns away_ns;
	ration_ns away_since_ns;
};

struct ration {
	/* constant after init */
	const struct ration_policy *const *policies;
	uint32_t policy_count;
	struct ration_limits limits;
	ration_ns begin_ns;
	uint32_t cpu_stride, dom_stride, vcpu_stride;   /* of the arrays below */
	struct ration_cpu_state *cpu;
	char *cpu_private;
	char *dom;
	char *vcpu;
	void *instance_private;
	void *scratch;
	uint64_t scratch_uses;      /* admissions so far */
	size_t private_size[2];                 /* of instance_private, of cpu_private */

	const struct ration_policy *policy;     /* in force */
	struct ration_params params;
	struct ration_margins margins;
	ration_ns now_ns;                       /* of the last verb */
	ration_ns expire_ns;
	ration_cpuset online, idle;
	ration_cpuset kicked;                   /* a decide was asked for and has not come */
	bool adopting;                          /* a policy is being switched: kicks are moot */
	struct core_class class_of[RATION_CLASS_MAX];
};

/* ---- Small things, used everywhere ------------------------------------ */

static inline struct ration_dom *core_dom_at(const struct ration *r, uint32_t slot)
{
	return (struct ration_dom *)(void *)(r->dom + (size_t)slot * r->dom_stride);
}

static inline struct ration_vcpu *core_vcpu_at(const struct ration *r, uint32_t slot)
{
	return (struct ration_vcpu *)(void *)(r->vcpu + (size_t)slot * r->vcpu_stride);
}

/* Begin and end of every verb. */
static inline void core_enter(struct ration *r, ration_ns now, struct ration_effects *fx)
{
	RATION_ASSERT(now >= r->now_ns);
	RATION_ASSERT(now <= RATION_TIME_MAX);
	r->now_ns = now;
	fx->resched = 0;
}

static inline void core_exit(const struct ration *r, struct ration_effects *fx)
{
	fx->expire_ns = r->expire_ns;
}

/* Could it run, were there a CPU? */
static inline bool core_is_eligible(const struct ration_vcpu *v)
{
	const unsigned mask = RATION_VCPU_RUNNABLE | RATION_VCPU_OFFLINE | RATION_VCPU_LEAVING;

	return (v->flags & mask) == RATION_VCPU_RUNNABLE && v->pause_count == 0 &&
	       v->dom->pause_count == 0;
}

static inline bool core_is_allowed(const struct ration *r, const struct ration_vcpu *v,
                                   ration_cpu c)
{
	return ration_cpuset_has(v->affinity.hard & r->online, c);
}

/* ---- place.c: where a vCPU is ----------------------------------------- */

/* Its flags or its dom's pause count changed: tell the policy, kick its CPU,
 * book its time to what it is now. */
void ration_core__settle(struct ration *r, struct ration_vcpu *v, enum ration_ready why,
                         ration_ns now, struct ration_effects *fx);

/* Offer v to the policy, or let it wait for a CPU to come on line. */
void ration_core__ready(struct ration *r, struct ration_vcpu *v, enum ration_ready why,
                        ration_ns now, struct ration_effects *fx);
void ration_core__unready(struct ration *r, struct ration_vcpu *v, ration_ns now,
                          struct ration_effects *fx);
/* v ran and does not go on, nor queue: tell the policy, if it was not told yet. */
void ration_core__retire(struct ration *r, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx);

/* v pays for the time that it has run up to now. */
void ration_core__charge(struct ration *r, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx);

/* v's kick, if it has one, is moot: forget which CPU it was. */
void ration_core__kick_forget(struct ration *r, const struct ration_vcpu *v);

/* ---- ledger.c: what time is booked to --------------------------------- */

/* Book v's time up to now, and from now on to `book`. */
void ration_core__book(struct ration *r, struct ration_vcpu *v, uint8_t book, ration_ns now);

/* Book c's time up to now.  Called before its state changes. */
void ration_core__cpu_book(struct ration *r, ration_cpu c, ration_ns now);

/* The set of idle CPUs changes: the classes' away times follow.  O(k). */
void ration_core__idle_set(struct ration *r, ration_cpuset idle, ration_ns now);

void ration_core__ledger_add(struct ration_ledger *sum, const struct ration_ledger *part);
ration_ns ration_core__ledger_total(const struct ration_ledger *ledger);

/* ---- class.c ---------------------------------------------------------- */

/* The class of that mask, or a free one; RATION_CLASS_MAX if all are taken by others. */
uint32_t ration_core__class_find(const struct ration *r, ration_cpuset hard);
/* v, whose affinity is set, joins that class, which begins if it is free. */
void ration_core__class_take(struct ration *r, struct ration_vcpu *v, uint32_t class_idx,
                             ration_ns now);
void ration_core__class_drop(struct ration *r, struct ration_vcpu *v);
/* How long some CPU outside of the class has stood idle, up to now. */
ration_ns ration_core__class_away(const struct ration *r, uint32_t class_idx, ration_ns now);

/* ---- policy.c --------------------------------------------------------- */

/* Ask the policy in force whether the machine as it is written down can be
 * promised.  `dom` is the domain that changed, or NULL. */
int ration_core__admit(struct ration *r, struct ration_dom *dom, struct ration_refusal *why);

/* A change was refused for `why`, and undone: was there as much missing before
 * it, after a CPU was forced off line?  Then it may be made all the same. */
bool ration_core__lacked(struct ration *r, const struct ration_refusal *why);

#endif
