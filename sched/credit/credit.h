/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * credit.h - the private data of the credit policy, and what its files share.
 *
 * Invariants, in the order in which credit_check() tests them:
 *  1. A ready vCPU is in exactly one place: its class's queue, its class's
 *     urgent queue, or held; one that is not ready is in none.
 *  2. Held are those whose domain's pool is empty and who have nothing of their own;
 *     they are booked to `cap`.
 *  3. A class is marked in `waiting` or `rushing` exactly if that queue of it
 *     is not empty.
 *  4. A domain counts as active its vCPUs that are ready or run.
 *  5. A capped domain's budget, the pool and what its vCPUs have been given, never
 *     exceeds one period's quota, what carries over, its burst, and a piece a vCPU.
 *  6. `busy` are the CPUs on line that run something, `open` some of them.
 *  7. Heaps are in order.
 *  8. A domain counts as running its vCPUs that were started; a shadow cap's budget
 *     does not exceed what it can hold, and its refill is after the last pass.
 */
#ifndef CREDIT_H
#define CREDIT_H

#include "heap.h"
#include "ration_credit.h"
#include "ration_entitle.h"

#define CREDIT_PERIOD_NS     (10 * RATION_NS_PER_MS)   /* of caps and floors */
#define CREDIT_CARRY_NS      (4 * RATION_NS_PER_MS)    /* of a cap's budget, to the next period */
#define CREDIT_GRANT_MIN_NS  (250 * RATION_NS_PER_US)  /* least run out of a cap's budget */
#define CREDIT_RUSH_NS       (1 * RATION_NS_PER_MS)  /* a run out of a floor that fills so far */
#define CREDIT_SHIELD_NS     (5 * RATION_NS_PER_MS)    /* owed more: safe from floors */
#define CREDIT_HINT_NS       (100 * RATION_NS_PER_MS)  /* further ahead, a hint is not followed */
#define CREDIT_DEBT_MAX_NS   RATION_NS_PER_S           /* helper work not yet paid for */
#define CREDIT_RUN_MAX_NS    ((ration_ns)1 << 30)      /* one charge */
#define CREDIT_PPB           (RATION_PPB / RATION_PPM) /* in a ppm */
#define CREDIT_PACE_SHIFT    16
#define CREDIT_PACE_ONE      ((uint64_t)1 << CREDIT_PACE_SHIFT)

enum credit_place {
	CREDIT_NOWHERE,          /* not ready */
	CREDIT_QUEUED,
	CREDIT_RUSHING,          /* in the urgent queue: under its floor */
	CREDIT_HELD              /* by its cap */
};

struct credit_vcpu {
	struct heap_node node;   /* key: its turn */
	uint64_t vtime;          /* CPU time got, times pace; may wrap */
	uint64_t pace;           /* 1 / what it is owed of a CPU; see share.c */
	int64_t grant_ns;        /* of the cap's budget, what is its own */
	uint32_t folded_ns;      /* of the present run, in vtime though not charged yet */
	uint16_t rest;           /* of the last product */
	/* What it wants: see demand.c.  Times in 16,384 ns. */
	uint16_t demand;         /* as given to the engine last, in 1 / 65,535 */
	uint32_t ran, slept;     /* by the ledger, when it was looked at last */
	uint16_t run_sum, sleep_sum;     /* what came since, fading */
	uint8_t place;           /* enum credit_place */
	uint8_t limited_by;      /* 1 + the CPU whose rate limit it waits for, or 0 */
	uint8_t restless : 6;    /* looks since it slept, as far as they are counted */
	bool active : 1;
	bool woken : 1;          /* and has not run since */
};

/* The books of a shadow cap, as they were at `at_ns`: see shadow.c. */
struct credit_shadow {
	int64_t quota_ns;        /* of a period; 0: no shadow cap */
	int64_t most_ns;         /* the budget, at most */
	int64_t budget_ns;
	ration_ns at_ns;
	ration_ns refill_ns;     /* the next one; 0: full, or new, and nobody has run since */
	bool held;               /* since the last refill, and counted */
};

struct credit_dom {
	uint32_t active_count;
	uint32_t running_count;  /* started, and not ready or unready since */
	uint32_t weight;         /* as counted in the sum of weights */
	uint32_t pass;           /* the last one whose snapshot it was in */
	bool capped, shut;       /* shut: there is nothing in the pool */
	ration_ns debt_ns;       /* helper work, paid by the next charges */
	int64_t budget_ns;       /* of the cap: the pool */
	int64_t floor_ns;        /* what it may run at once on account of its floor */
	ration_ns floor_at_ns;   /* floor_ns was computed then */
	uint32_t floor_rest, floor_ppm;   /* floor_ppm: in force */
	/* Timers; key 0: not armed. */
	struct heap_node refill; /* the budget is filled next */
	struct heap_node rush;   /* floor_ns will be worth a run */
	struct credit_shadow shadow;
};

struct credit_cpu {
	ration_ns slice_end_ns;
	bool contested;          /* a wake-up asked for this CPU in mid-slice */
	bool rushing;            /* current was picked on account of its floor */
	struct ration_classes away;      /* those at home elsewhere: see rates.c */
	uint32_t limited;        /* slot of the vCPU that waits for the rate limit here, if
	                          * its limited_by agrees */
};

/* What the slow loop does next. */
enum credit_stage {
	CREDIT_STAGE_REST,
	CREDIT_STAGE_LOOK,       /* at what each vCPU wants: the engine's snapshot */
	CREDIT_STAGE_STEP,       /* the engine computes */
	CREDIT_STAGE_COMMIT      /* each vCPU gets its new pace */
};

struct credit_rates {
	uint8_t stage;           /* enum credit_stage */
	bool dirty;              /* weights, pins, CPUs, ... changed since the pass began */
	bool changed;            /* the pass saw something that did */
	bool urgent;             /* the pass began because of that */
	bool stirred;            /* somebody woke or went to sleep since the pass began */
	bool again;              /* ... or before: what comes of it is to be seen yet */
	uint32_t pass;           /* number of the present or last one, never 0 */
	uint32_t dom_slot;       /* where LOOK and COMMIT are */
	struct ration_vcpu *vcpu;        /* NULL: at the domain's first */
	struct ration_classes homed;     /* COMMIT: classes whose home is known */
	uint64_t scratch_uses;   /* the engine's memory is as it was left */
	uint64_t weight_sum;     /* of all domains */
	ration_ns began_ns;
	ration_ns at_ns;         /* the next step; NEVER: none */
};

/* Of a CPU, what others look at: side by side, since they look at many. */
struct credit_clock {
	uint64_t vtime;          /* as of vtime_at_ns; it goes on as time does: see clock.c */
	ration_ns vtime_at_ns;
	uint64_t turn;           /* of what runs here, as of turn_at_ns; it goes on at its pace */
	ration_ns turn_at_ns;
	uint64_t pace;
};

struct credit {
	uint32_t vcpu_count;
	struct credit_rates rates;
	ration_cpuset busy;      /* CPUs that run something */
	ration_cpuset whole;     /* those whose vCPU is owed (nearly) all of a CPU */
	ration_cpuset open;      /* those that a wake-up may ask for: not rushing, not contested */
	struct credit_clock clock[RATION_CPU_MAX];
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

/* The cap that is enforced, or 0. */
static inline uint32_t credit_cap_ppm(const struct ration_dom *d)
{
	return d->attr.shadow ? 0 : d->attr.cap_ppm;
}

/* The vCPU whose queue node this is: the node is the first member. */
static inline struct ration_vcpu *credit_vcpu_from(struct heap_node *n)
{
	return ration_vcpu_of(n);
}

/* ---- share.c: virtual time, pure arithmetic ---------------------------- */

/* The pace of a vCPU that is owed so much of a CPU. */
uint64_t ration_credit__pace(uint64_t rate_ppb);

/* How far vtime moves for `ns` of CPU time; *rest carries what is cut off. */
uint64_t ration_credit__advance(ration_ns ns, uint64_t pace, uint16_t *rest);

/* The inverse for a difference of vtimes: CPU time, saturating at one second. */
int64_t ration_credit__time(int64_t vtime, uint64_t pace);

/* ---- clock.c ----------------------------------------------------------- */

/* v's vtime, what it has run and not been charged for yet included. */
uint64_t ration_credit__vtime(const struct ration_vcpu *v, ration_ns now);
/* v has run `ns`, what was folded included, and pays `debt_ns` besides. */
void ration_credit__pay(struct ration_vcpu *v, ration_ns ns, ration_ns debt_ns);
/* The virtual time that v meets where it may run: of those CPUs, the least clock
 * of the busy ones, or else the highest, lest a vCPU that slept while nothing ran
 * wakes with a claim on all that time. */
uint64_t ration_credit__clock(const struct ration *r, const struct ration_vcpu *v);
/* v wakes: the time asleep is not saved up, but for a little. */
void ration_credit__clock_wake(const struct ration *r, struct ration_vcpu *v);
/* v begins a slice on c. */
void ration_credit__clock_start(struct ration *r, ration_cpu c, struct ration_vcpu *v,
                                ration_ns now);
/* v runs on c from now on, or its turn or its pace there changed. */
void ration_credit__clock_run(struct ration *r, ration_cpu c, const struct ration_vcpu *v,
                              ration_ns now);
/* The turn of what runs on c. */
uint64_t ration_credit__clock_turn(const struct ration *r, ration_cpu c, ration_ns now);
/* v comes, with its lag and its pace. */
void ration_credit__clock_join(struct ration *r, struct ration_vcpu *v);
/* When v's turn is, in virtual time: with half its next slice done.  Who is owed
 * much has it early; and everyone is, on average, neither ahead nor behind.  Who
 * has just woken, and sleeps much, wants less than a slice: the less, the earlier. */
uint64_t ration_credit__turn(const struct ration *r, const struct ration_vcpu *v, ration_ns now);
/* v's turn comes after that one. */
void ration_credit__clock_after(const struct ration *r, struct ration_vcpu *v, uint64_t turn);
/* The tslice in force, and how long v's slices are. */
ration_ns ration_credit__tslice(const struct ration *r);
ration_ns ration_credit__slice(const struct ration *r, const struct ration_vcpu *v);
/* v may run elsewhere than before: it is ahead of the furthest clock there by no
 * more than a few slices, lest it starve until those catch up. */
void ration_credit__clock_move(const struct ration *r, struct ration_vcpu *v);
/* v goes at another pace from now on: what it is ahead or behind of `clock`, which is
 * ration_credit__clock() of it, stays the same CPU time.  It is in no queue. */
void ration_credit__clock_pace(struct ration *r, struct ration_vcpu *v, uint64_t pace,
                               uint64_t clock, ration_ns now);

/* ---- demand.c ---------------------------------------------------------- */

/* Look at how v spent the time since the last look: what it wants, in 1 / 65,535.
 * Not *settled: that goes on changing though it neither wakes nor sleeps. */
uint32_t ration_credit__demand_look(const struct ration *r, struct ration_vcpu *v, ration_ns now,
                                    bool *settled);
/* What it wanted at the last look, in ppb. */
uint64_t ration_credit__demand_ppb(const struct ration_vcpu *v);

/* ---- rates.c ----------------------------------------------------------- */

/* Domain d is new or has another weight; or goes (`gone`). */
void ration_credit__rates_dom(struct ration *r, struct ration_dom *d, bool gone, ration_ns now);
/* v comes: a first guess.  Or it goes. */
void ration_credit__rates_join(struct ration *r, struct ration_vcpu *v, ration_ns now);
void ration_credit__rates_leave(struct ration *r, struct ration_vcpu *v);
/* Something that the shares depend on changed. */
void ration_credit__rates_dirty(struct ration *r, ration_ns now);
/* Somebody woke or went to sleep. */
void ration_credit__rates_stir(struct ration *r, ration_ns now);
/* The time of the next step has come. */
void ration_credit__rates_step(struct ration *r, ration_ns now);

/* ---- queue.c ----------------------------------------------------------- */

/* Put v, which is nowhere or held, into the queue where it belongs now. */
void ration_credit__enqueue(struct ration *r, struct ration_vcpu *v, ration_ns now);
void ration_credit__dequeue(struct ration *r, struct ration_vcpu *v);
/* The best queued vCPU for that CPU, urgent ones first; NULL if there is none. */
struct ration_vcpu *ration_credit__best(struct ration *r, ration_cpu c, ration_ns now);
/* The best of those that are not urgent. */
struct ration_vcpu *ration_credit__best_calm(struct ration *r, ration_cpu c);
/* Could what runs on c run on an idle CPU? */
bool ration_credit__gives_way(const struct ration *r, ration_cpu c);
/* Is v at home elsewhere: are others, who can run nowhere else, owed all of c? */
bool ration_credit__is_away(const struct ration *r, ration_cpu c, const struct ration_vcpu *v);
/* Is what runs on c owed more CPU time than turns bring with them, or a whole CPU
 * while v can have another, so that not even a floor of v's displaces it?  (Who is
 * owed a whole CPU, alone or with others, cannot make up for what it loses.) */
bool ration_credit__shielded(const struct ration *r, ration_cpu c, const struct ration_vcpu *v,
                             ration_ns now);
/* v is urgent, and c could give it what runs there: does a CPU see to v, or does
 * one now, that can do so with less harm? */
bool ration_credit__divert(struct ration *r, struct ration_vcpu *v, ration_cpu c, ration_ns now,
                           struct ration_effects *fx);
/* v was queued: kick the idle CPU, or the busy one, that should run it.  If it just
 * `ran` it preempts only who is ahead by far. */
void ration_credit__place(struct ration *r, struct ration_vcpu *v, bool ran, ration_ns now,
                          struct ration_effects *fx);

/* ---- cap.c ------------------------------------------------------------- */

void ration_credit__cap_set(struct ration *r, struct ration_dom *d, ration_ns now,
                            struct ration_effects *fx);
/* Has v to wait for the next refill? */
bool ration_credit__cap_holds(const struct ration_vcpu *v);
/* What v may use if it begins to run, or goes on; NEVER without a cap. */
ration_ns ration_credit__cap_offer(const struct ration_vcpu *v);
/* v does so. */
void ration_credit__cap_grant(struct ration *r, struct ration_vcpu *v, ration_ns now);
/* v stops, or wants more: what it has overrun, its domain pays; what it leaves when it
 * goes to sleep, its siblings may use. */
void ration_credit__cap_settle(struct ration *r, struct ration_vcpu *v, ration_ns now,
                               struct ration_effects *fx);
/* Helper work of d. */
void ration_credit__cap_spend(struct ration *r, struct ration_dom *d, ration_ns ns, ration_ns now);
/* The refill of d is due. */
void ration_credit__cap_refill(struct ration *r, struct ration_dom *d, ration_ns now,
                               struct ration_effects *fx);
/* The most that its budget can hold. */
int64_t ration_credit__cap_most(const struct ration_dom *d);
/* What the domain's vCPUs have been given and not used. */
int64_t ration_credit__cap_granted(const struct ration_dom *d, ration_ns now);
void ration_credit__hold(struct ration *r, struct ration_vcpu *v, ration_ns now);

/* ---- shadow.c ---------------------------------------------------------- */

/* d's attributes are new.  Its shadow cap, if quota_ns is not 0, begins or goes on with
 * that budget and the next refill at that time (0: with the next run). */
void ration_credit__shadow_set(struct ration_dom *d, int64_t quota_ns, int64_t budget_ns,
                               ration_ns refill_ns, ration_ns now);
/* Bring the books up to `now` and report: before d's vCPUs become active, or cease to be. */
void ration_credit__shadow_pass(struct ration_dom *d, ration_ns now);
/* One more vCPU of d runs, or one fewer. */
void ration_credit__shadow_run(struct ration_dom *d, bool runs, ration_ns now);
/* Helper work of d. */
void ration_credit__shadow_spend(struct ration_dom *d, ration_ns ns, ration_ns now);
/* What came since the last report, added to *sum; changes nothing. */
void ration_credit__shadow_sum(const struct ration_dom *d, ration_ns now,
                               struct ration_shadow *sum);

/* ---- floor.c ----------------------------------------------------------- */

/* d's floor is new, or changed: what filled so far stays. */
void ration_credit__floor_set(struct ration_dom *d, ration_ns now);
/* Bring floor_ns up to `now` and return it; 0 without a floor. */
int64_t ration_credit__floor_left(struct ration_dom *d, ration_ns now);
/* d ran for so long, before all others if `urgent`. */
void ration_credit__floor_spend(struct ration_dom *d, ration_ns ns, bool urgent, ration_ns now);
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
void ration_credit__rates_arm(struct ration *r, ration_ns at_ns);
void ration_credit__expire(struct ration *r, ration_ns now, struct ration_effects *fx);

/* ---- admit.c ----------------------------------------------------------- */

int ration_credit__admit(const struct ration *r, bool active, void *scratch,
                         struct ration_refusal *why);

/* ---- check.c ----------------------------------------------------------- */

const char *ration_credit__check(const struct ration *r);

#endif
