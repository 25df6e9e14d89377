/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * credit.h - the private data of the credit policy, and what its files share.
 *
 * Invariants, in the order in which credit_check() tests them:
 *  1. A ready vCPU is in exactly one place: its class's queue, its class's
 *     urgent queue, or held; one that is not ready is in none.
 *  2. Held vCPUs belong to a capped domain whose gate is shut, and are booked to `cap`.
 *  3. A class is marked in `waiting` or `rushing` exactly if that queue of it
 *     is not empty.
 *  4. A domain counts as active its vCPUs that are ready or run.
 *  5. A capped domain's budget, with what its running vCPUs have been granted,
 *     never exceeds one period's quota plus its burst.
 *  6. Heaps are in order.
 */
#ifndef CREDIT_H
#define CREDIT_H

#include "heap.h"
#include "ration_credit.h"

#define CREDIT_PERIOD_NS     (10 * RATION_NS_PER_MS)   /* of caps and floors */
#define CREDIT_GRANT_MIN_NS  (250 * RATION_NS_PER_US)  /* least run out of a cap's budget */
#define CREDIT_RUSH_NS       (1 * RATION_NS_PER_MS)  /* a run out of a floor that fills so far */
#define CREDIT_DEBT_MAX_NS   RATION_NS_PER_S           /* helper work not yet paid for */
#define CREDIT_RUN_MAX_NS    ((ration_ns)1 << 36)      /* one charge, 68 s */

enum credit_place {
	CREDIT_NOWHERE,          /* not ready */
	CREDIT_QUEUED,
	CREDIT_RUSHING,          /* in the urgent queue: under its floor */
	CREDIT_HELD              /* by its cap */
};

struct credit_vcpu {
	struct heap_node node;   /* key: vtime, or when it became urgent */
	uint64_t vtime;          /* CPU time got, divided by its share of weight; may wrap */
	uint32_t rest;           /* of the last division */
	uint8_t place;           /* enum credit_place */
	bool active;
	uint8_t limited_by;      /* 1 + the CPU whose rate limit it waits for, or 0 */
	ration_ns folded_ns;     /* of the present run, in vtime though not charged yet */
	int64_t grant_ns;        /* what is left of the cap's budget given to this run */
};

struct credit_dom {
	uint32_t active_count;
	uint32_t awake_count;    /* after a policy switch: how many will be active */
	uint32_t weight;         /* by which its vCPUs' virtual times were measured last */
	bool capped, shut;       /* shut: the budget is used up */
	ration_ns debt_ns;       /* helper work, paid by the next charges */
	int64_t budget_ns;       /* of the cap: what may still be granted */
	int64_t floor_ns;        /* what it may run at once on account of its floor */
	ration_ns floor_at_ns;   /* floor_ns was computed then */
	uint32_t floor_rest, floor_ppm;   /* floor_ppm: in force */
	/* Timers; key 0: not armed. */
	struct heap_node refill; /* the budget is filled next */
	struct heap_node rush;   /* floor_ns will be worth a run */
};

struct credit_cpu {
	uint64_t vclock;         /* the latest vtime with which a slice began here */
	ration_ns slice_end_ns;
	bool contested;          /* a wake-up asked for this CPU in mid-slice */
	bool rushing;            /* current was picked on account of its floor */
	uint32_t limited;        /* slot of the vCPU that waits for the rate limit here, if
	                          * its limited_by agrees */
};

struct credit {
	uint32_t vcpu_count;
	struct heap refills, rushes;
	struct ration_classes waiting, rushing;
	struct heap queue[RATION_CLASS_MAX], urgent[RATION_CLASS_MAX];
};

static inline struct credit *credit_of(const struct ration *r)
{
	return ration_policy_instance(r);
}

static inline struct credit_vcpu *credit_vcpu_of(const struct ration_vcpu *v)
{
	return ration_policy_vcpu(v);
}

static inline struct credit_dom *credit_dom_of(const struct ration_dom *d)
{
	return ration_policy_dom(d);
}

static inline struct credit_cpu *credit_cpu_of(const struct ration *r, ration_cpu c)
{
	return ration_policy_cpu(r, c);
}

/* The vCPU whose queue node this is: the node is the first member. */
static inline struct ration_vcpu *credit_vcpu_from(struct heap_node *n)
{
	return ration_vcpu_of(n);
}

/* ---- share.c: virtual time, pure arithmetic ---------------------------- */

/* How far vtime moves for `ns` of CPU time of one of `active` vCPUs (>= 1) of
 * a domain of that weight; *rest carries what the division leaves. */
uint64_t ration_credit__advance(ration_ns ns, uint32_t active, uint32_t weight, uint32_t *rest);

/* The inverse for a difference of vtimes: CPU time, saturating at one second. */
int64_t ration_credit__time(int64_t vtime, uint32_t active, uint32_t weight);

/* ---- clock.c ----------------------------------------------------------- */

/* v's vtime, what it has run and not been charged for yet included. */
uint64_t ration_credit__vtime(const struct ration_vcpu *v, ration_ns now);
/* How many of d's vCPUs want to run is about to change: those that run pay for
 * the time up to now by how many it was.  O(c). */
void ration_credit__fold(struct ration *r, struct ration_dom *d, ration_ns now);
/* v has run `ns`, what was folded included, and pays `debt_ns` besides. */
void ration_credit__pay(struct ration_vcpu *v, ration_ns ns, ration_ns debt_ns);
/* The virtual time that v meets where it may run: of those CPUs, the least clock
 * of the busy ones, or else the highest, lest a vCPU that slept while nothing ran
 * wakes with a claim on all that time. */
uint64_t ration_credit__clock(const struct ration *r, const struct ration_vcpu *v);
/* v wakes: the time asleep is not saved up, but for one tslice. */
void ration_credit__clock_wake(const struct ration *r, struct ration_vcpu *v);
/* v begins a slice on c. */
void ration_credit__clock_start(struct ration *r, ration_cpu c, struct ration_vcpu *v);
/* v may run elsewhere than before: it is ahead of the furthest clock there by no
 * more than a tslice of its own, lest it starve until those catch up. */
void ration_credit__clock_move(const struct ration *r, struct ration_vcpu *v);
/* v's domain had that weight: what v is ahead or behind stays the same CPU time. */
void ration_credit__clock_reweigh(const struct ration *r, struct ration_vcpu *v, uint32_t weight);

/* ---- queue.c ----------------------------------------------------------- */

/* Put v, which is nowhere or held, into the queue where it belongs now. */
void ration_credit__enqueue(struct ration *r, struct ration_vcpu *v, ration_ns now);
void ration_credit__dequeue(struct ration *r, struct ration_vcpu *v);
/* The best queued vCPU for that CPU, urgent ones first; NULL if there is none. */
struct ration_vcpu *ration_credit__best(struct ration *r, ration_cpu c, ration_ns now);
/* v was queued: kick the idle CPU, or where `preempts` the busy one, that should run it. */
void ration_credit__place(struct ration *r, struct ration_vcpu *v, bool preempts, ration_ns now,
                          struct ration_effects *fx);

/* ---- cap.c ------------------------------------------------------------- */

void ration_credit__cap_set(struct ration *r, struct ration_dom *d, ration_ns now,
                            struct ration_effects *fx);
/* What a vCPU of d that begins to run may use; NEVER without a cap. */
ration_ns ration_credit__cap_offer(const struct ration_dom *d);
/* v begins to run, or goes on, with that offer. */
void ration_credit__cap_grant(struct ration *r, struct ration_vcpu *v, ration_ns now);
/* v stops: what is left goes back. */
void ration_credit__cap_return(struct ration *r, struct ration_vcpu *v, ration_ns now,
                               struct ration_effects *fx);
/* Helper work of d. */
void ration_credit__cap_spend(struct ration *r, struct ration_dom *d, ration_ns ns, ration_ns now);
/* The refill of d is due. */
void ration_credit__cap_refill(struct ration *r, struct ration_dom *d, ration_ns now,
                               struct ration_effects *fx);
/* What the domain's running vCPUs have been granted and not used. */
int64_t ration_credit__cap_granted(const struct ration_dom *d, ration_ns now);
void ration_credit__hold(struct ration *r, struct ration_vcpu *v, ration_ns now);

/* ---- floor.c ----------------------------------------------------------- */

/* d's floor is new, or changed: what filled so far stays. */
void ration_credit__floor_set(struct ration_dom *d, ration_ns now);
/* Bring floor_ns up to `now` and return it; 0 without a floor. */
int64_t ration_credit__floor_left(struct ration_dom *d, ration_ns now);
void ration_credit__floor_spend(struct ration_dom *d, ration_ns ns, ration_ns now);
/* Is there enough of it for d's vCPUs to be urgent? */
bool ration_credit__floor_is_due(struct ration_dom *d, ration_ns now);
/* v of d queues and is not under its floor: when it will be, wake up. */
void ration_credit__floor_arm(struct ration *r, struct ration_dom *d, ration_ns now);
/* That time has come: d's queued vCPUs become urgent. */
void ration_credit__floor_rush(struct ration *r, struct ration_dom *d, ration_ns now,
                               struct ration_effects *fx);

/* ---- timer.c ----------------------------------------------------------- */

void ration_credit__refill_arm(struct ration *r, struct credit_dom *dom, ration_ns at_ns);
void ration_credit__refill_disarm(struct ration *r, struct credit_dom *dom);
void ration_credit__rush_arm(struct ration *r, struct credit_dom *dom, ration_ns at_ns);
void ration_credit__rush_disarm(struct ration *r, struct credit_dom *dom);
void ration_credit__expire(struct ration *r, ration_ns now, struct ration_effects *fx);

/* ---- admit.c ----------------------------------------------------------- */

int ration_credit__admit(const struct ration *r, bool active, void *scratch,
                         struct ration_refusal *why);

/* ---- check.c ----------------------------------------------------------- */

const char *ration_credit__check(const struct ration *r);

#endif
