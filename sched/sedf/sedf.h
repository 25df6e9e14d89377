/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sedf.h - the private data of the sedf policy, and what its files share.
 *
 *   sedf.c    the table and its callbacks       decide.c  what a CPU runs next
 *   edf.c     the arithmetic of one server      file.c    where a ready vCPU waits
 *   fit.c     what a CPU can promise            place.c   which vCPU goes where
 *   refuse.c  what would fit instead            home.c    placements put into force
 *   slack.c   virtual time of those who share slack       check.c  the invariants
 *
 * A vCPU with a slice is a server: a budget, and a deadline at which the budget
 * is filled again.  Its `home` is the CPU where it was admitted.  One that is
 * split has a `peer` too: it has a window at the end of each slot at home, and
 * one at the beginning of each slot at its peer.  Slots are of one length on all
 * CPUs, and begin at its multiples.
 *
 * Invariants, in the order in which ration_check() tests them:
 *  1. A ready vCPU that does not run waits in one of three places: among the due,
 *     among the held, or in the slack queue alone.  One that is not ready, or runs,
 *     is in none.
 *  2. A home is on line and in the hard mask of its vCPU, which has a slice; so is
 *     a peer.
 *  3. The due have budget; the held have none.  A held one without extratime
 *     is booked to `budget`.
 *  4. The due with extratime are in the spare queue of their class also, the
 *     held with extratime in the slack queue.
 *  5. What is used of a CPU is its reserve and the shares of those that are whole
 *     and at home there; with its windows, at most one whole CPU.  The windows
 *     of a split vCPU are at its home and at its peer, and nobody else's are.
 *  6. A budget is at most a slice, but for a run that is not paid for yet, and
 *     never overdrawn by more than a slice.
 *  7. A domain counts those of its vCPUs that compete for slack.
 *  8. A class is marked waiting exactly if its queue is not empty.
 *  9. Heaps are in order.
 */
#ifndef SEDF_H
#define SEDF_H

#include "heap.h"
#include "ration_sedf.h"

#define SEDF_QUANTUM_NS   (500 * RATION_NS_PER_US)  /* of slack, while others wait for it */
#define SEDF_ALONE_NS     (10 * RATION_NS_PER_MS)   /* of slack, while nobody does */
#define SEDF_SLICE_MIN_NS (5 * RATION_NS_PER_US)    /* where latency makes slices shorter */
#define SEDF_DEBT_MAX_NS  RATION_NS_PER_S           /* helper work of a best-effort domain */
#define SEDF_RUN_MAX_NS   ((ration_ns)1 << 36)      /* one charge, 68 s */

#define SEDF_RESERVE_NS   (10 * RATION_NS_PER_MS)   /* period of what is set aside for slack */
#define SEDF_SLOT_LONG_NS (2 * RATION_NS_PER_MS)    /* switches less, */
#define SEDF_SLOT_SHORT_NS (500 * RATION_NS_PER_US) /* wastes less */
#define SEDF_WINDOW_NS    (10 * RATION_NS_PER_US)   /* no window is shorter */
#define SEDF_PERIOD_MAX_NS (((ration_ns)1 << 34) - 1)

#define SEDF_HOME_NONE    255u
#define SEDF_SCALE_FULL   255u

/* The windows of a CPU: at the beginning of a slot its owner's slot began at home,
 * in the one before; at the end of a slot its owner goes on at its peer. */
#define SEDF_HEAD 0u
#define SEDF_TAIL 1u

/* One whole CPU, as shares are counted: see ration_sedf__share(). */
#define SEDF_ONE          ((uint64_t)1 << 60)

enum sedf_flag {
	SEDF_JOINED = 1u << 0,
	SEDF_DUE = 1u << 1,        /* has budget: whole, in the queue of its home by deadline;
	                            * split, waits for its windows */
	SEDF_HELD = 1u << 2,       /* waits for its budget to be filled, by deadline */
	SEDF_SLACK = 1u << 3,      /* in its class's slack queue, by virtual time */
	SEDF_SPARE = 1u << 4,      /* due, and any CPU that would idle may run it */
	SEDF_PULLED = 1u << 5,     /* in this period it began to run away from home */
	SEDF_COUNTED = 1u << 6,    /* in its domain's slack_count */
	SEDF_NEW = 1u << 7,        /* has not been ready yet */
	SEDF_CHANGED = 1u << 8,    /* while home.c puts a placement into force: its home or */
	SEDF_MOVED = 1u << 9       /* its attributes differ; its home differs */
};
#define SEDF_FILED (SEDF_DUE | SEDF_HELD | SEDF_SLACK | SEDF_SPARE)

struct sedf_vcpu {
	struct heap_node due;      /* key: the deadline, also when it is in no heap */
	struct heap_node turn;     /* key: virtual time, also when it is in no heap */
	int64_t budget_ns;         /* below 0: debt, paid by the next budget */
	uint16_t rest;             /* of the division that made the virtual time */
	uint16_t flags;            /* enum sedf_flag */
	uint8_t home;              /* a CPU, or SEDF_HOME_NONE */
	uint8_t scale;             /* its period is latency << scale; SCALE_FULL: period */
	uint8_t turn_class;        /* the class whose clock `turn` goes by */
	uint8_t peer;              /* the CPU of its other window, or SEDF_HOME_NONE: it is whole */
};

/* The attributes in force: dom->attr may be newer, while it is being admitted. */
struct sedf_dom {
	uint64_t share;            /* of each vCPU, in parts of SEDF_ONE, with overheads */
	ration_ns period_ns, slice_ns, latency_ns;
	ration_ns first_ns;        /* the shortest period that it can have */
	ration_ns debt_ns;         /* helper work not yet paid for */
	uint32_t slack_count;
	bool extratime;
};

enum sedf_mode {
	SEDF_IDLE,
	SEDF_BY_DEADLINE,          /* at home, or in its window, on its budget */
	SEDF_BY_PULL,              /* elsewhere, on its budget: that CPU would idle */
	SEDF_BY_SLACK              /* without a budget, on its virtual time */
};

struct sedf_window {
	struct ration_vcpu *v;     /* or NULL */
	uint32_t length_ns, open_ns;    /* its end is for the switch to whoever comes next */
};

struct sedf_cpu {
	struct heap due;
	struct sedf_window window[2];   /* SEDF_HEAD, SEDF_TAIL */
	uint64_t used;             /* the reserve, and the shares of those whole at home here */
	uint64_t room;             /* what could be used beside that and the windows */
	uint64_t ghost;            /* shares that left, after more than their part of a period, */
	ration_ns ghost_until_ns;  /* and count until then */
	ration_ns run_deadline_ns; /* an earlier one takes the CPU; NEVER: any */
	ration_ns slack_from_ns;   /* the present quantum began */
	struct sedf_vcpu reserve;  /* slack as a server: its budget and deadline */
	bool reserve_wanted;       /* somebody waits for slack, or has it */
	uint8_t mode;              /* enum sedf_mode, of the present decision */
	bool told;                 /* something changed: the decision does not hold any more */
};

struct sedf {
	struct heap held;
	/* [0] those that compete for slack, [1] the spare; and the classes that have any. */
	struct heap turns[2][RATION_CLASS_MAX];
	struct ration_classes waiting[2];
	/* Virtual time of a class: the latest that began to run, and what is added
	 * to compare it with another class's. */
	uint64_t clock[RATION_CLASS_MAX], base[RATION_CLASS_MAX];
	struct sedf_dom reserve;   /* what each CPU sets aside for slack; slice 0: nothing */
	ration_ns slot_ns;         /* of the windows, if there are any */
	ration_cpuset alone;       /* CPUs with SEDF_ALONE_NS to run */
	uint32_t adopt_count;      /* vCPUs that are still to join after a policy switch */
	uint32_t homeless_count;   /* vCPUs with a slice that fit nowhere */
	ration_ns kick_all_ns;     /* a verb without effects changed things: act then, or NEVER */
};

static inline struct sedf *sedf_of(const struct ration *r)
{
	return ration_policy_instance(r);
}

static inline struct sedf_cpu *sedf_cpu_of(const struct ration *r, ration_cpu c)
{
	return ration_policy_cpu(r, c);
}

static inline struct sedf_dom *sedf_dom_of(const struct ration_dom *d)
{
	return ration_policy_dom(d);
}

static inline struct sedf_vcpu *sedf_vcpu_of(const struct ration_vcpu *v)
{
	return ration_policy_vcpu(v);
}

/* The vCPU whose node that is. */
static inline struct ration_vcpu *sedf_from_due(struct heap_node *n)
{
	return ration_vcpu_of(n);
}

static inline struct ration_vcpu *sedf_from_turn(struct heap_node *n)
{
	return ration_vcpu_of((char *)n - offsetof(struct sedf_vcpu, turn));
}

/* Is it a server, with a CPU where its slice is promised? */
static inline bool sedf_is_server(const struct ration_vcpu *v)
{
	return sedf_vcpu_of(v)->home != SEDF_HOME_NONE;
}

static inline bool sedf_is_split(const struct ration_vcpu *v)
{
	return sedf_vcpu_of(v)->peer != SEDF_HOME_NONE;
}

static inline bool sedf_has_budget(const struct ration_vcpu *v)
{
	return sedf_is_server(v) && sedf_vcpu_of(v)->budget_ns > 0;
}

/* May it use what is left over?  A slice that is promised nowhere does. */
static inline bool sedf_has_extra(const struct ration_vcpu *v)
{
	return !sedf_is_server(v) || sedf_dom_of(v->dom)->extratime;
}

/* ---- edf.c: one server; arithmetic only -------------------------------- */

/* floor(a * b / c), where a, b, c < 2^34 and the result < 2^47. */
uint64_t ration_sedf__scale(uint64_t a, uint64_t b, uint64_t c);

/* slice / period in parts of SEDF_ONE, rounded down; slice <= period < 2^34. */
uint64_t ration_sedf__share(ration_ns slice_ns, ration_ns period_ns);

/* What a vCPU with those attributes asks for, in *ask. */
void ration_sedf__ask(const struct ration *r, const struct ration_attr *attr, struct sedf_dom *ask);

/* What each CPU sets aside for slack, asked for in the same way; slice 0: nothing. */
void ration_sedf__reserve(const struct ration *r, struct sedf_dom *ask);

/* What the server may use until its deadline without using more than its share. */
ration_ns ration_sedf__fluid(const struct sedf_dom *dom, const struct sedf_vcpu *self,
                             ration_ns now);

/* A period begins now: of length latency, where that is set. */
void ration_sedf__renew(struct sedf_dom *dom, struct sedf_vcpu *self, ration_ns now);
/* The deadline has come: the next period of the grid that contains now. */
void ration_sedf__refill(struct sedf_dom *dom, struct sedf_vcpu *self, ration_ns now);
/* It was blocked: the rule of the constant bandwidth server. */
void ration_sedf__wake(struct sedf_dom *dom, struct sedf_vcpu *self, ration_ns now);
/* It yielded: it sleeps for a quantum, or until it is owed as much as it got. */
void ration_sedf__yield(const struct sedf_dom *dom, struct sedf_vcpu *self, ration_ns now);
/* Owed minus got in this period. */
int64_t ration_sedf__lag(const struct sedf_dom *dom, const struct sedf_vcpu *self, ration_ns now);

/* ---- slack.c ----------------------------------------------------------- */

/* v ran ns on slack. */
void ration_sedf__advance(struct ration_vcpu *v, ration_ns ns);
/* v competes for slack from now on, or does not. */
void ration_sedf__count(struct ration_vcpu *v, bool counted);
/* v's virtual time, given what it is owed; its lag in ns. */
void ration_sedf__turn_set(struct ration *r, struct ration_vcpu *v, int64_t lag_ns);
int64_t ration_sedf__turn_lag(const struct ration *r, const struct ration_vcpu *v);
/* Into its class's queue: SEDF_SLACK or SEDF_SPARE; and out of it. */
void ration_sedf__turn_insert(struct ration *r, struct ration_vcpu *v, enum sedf_flag queue,
                              bool woke);
void ration_sedf__turn_remove(struct ration *r, struct ration_vcpu *v);
/* v begins to run on slack. */
void ration_sedf__slack_start(struct ration *r, const struct ration_vcpu *v);
/* Who has the next quantum of CPU c: cur (may be NULL), or one that waits; or NULL. */
struct ration_vcpu *ration_sedf__slack_next(struct ration *r, ration_cpu c,
                                            struct ration_vcpu *cur);
struct ration_vcpu *ration_sedf__spare_next(const struct ration *r, ration_cpu c);
/* Does anybody but `except` wait for slack of CPU c? */
bool ration_sedf__slack_waits(const struct ration *r, ration_cpu c,
                              const struct ration_vcpu *except);

/* ---- file.c ------------------------------------------------------------ */

/* v is ready and does not run: let it wait where it belongs. */
void ration_sedf__file(struct ration *r, struct ration_vcpu *v, bool woke, ration_ns now);
void ration_sedf__unfile(struct ration *r, struct ration_vcpu *v);
/* v was filed: kick the CPU that should run it, if any. */
void ration_sedf__tell(struct ration *r, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx);
/* When that window of CPU c begins that ends next. */
ration_ns ration_sedf__window_begin(const struct ration *r, ration_cpu c, uint32_t side,
                                    ration_ns now);
/* Kick CPU c for v (may be NULL).  fx NULL: at the next expire, which is now. */
void ration_sedf__kick(struct ration *r, ration_cpu c, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx);
void ration_sedf__expire(struct ration *r, ration_ns now, struct ration_effects *fx);

/* ---- decide.c ---------------------------------------------------------- */

void ration_sedf__decide(struct ration *r, ration_cpu c, ration_ns now,
                         struct ration_decision *out, struct ration_effects *fx);
void ration_sedf__start(struct ration *r, struct ration_vcpu *v, ration_cpu c, ration_ns now);

/* ---- A plan: where every server goes; what `admit` writes into its scratch -- */

struct sedf_plan_cpu {
	uint64_t used;             /* as in struct sedf_cpu */
	ration_ns least_ns;        /* the shortest period of those whole at home here */
	uint32_t window[2];        /* lengths in ns, with overheads */
	uint32_t room_ns;          /* for one more window: while somebody is split */
};

/* One vCPU of a plan, and, unrelated, the slot of the vCPU that is placed
 * order-th: two arrays in one, since scratch is dear. */
struct sedf_plan_item {
	uint32_t mark;             /* enum sedf_mark; the largest is placed first */
	uint16_t order;
	uint8_t home, peer;        /* as in struct sedf_vcpu; while it has none: at present */
};

struct sedf_plan {
	struct sedf_plan_cpu cpu[RATION_CPU_MAX], kept[RATION_CPU_MAX];
	uint32_t overhead_ns;      /* of a window: to come, after a switch under way; and to go */
	ration_ns slot_ns;         /* of the windows, where there are any */
	bool anew;                 /* all are placed anew: no window is what it was */
	ration_cpuset opened;      /* while CPUs are filled one after the other */
	uint32_t count;            /* of vCPUs in order */
	uint32_t failed;           /* the first slot that fits nowhere */
	struct sedf_plan_item item[];   /* by slot */
};

/* ---- fit.c: pure arithmetic over a plan's CPUs -------------------------- */

enum sedf_fit {
	SEDF_FIT_BEST,             /* where least is left */
	SEDF_FIT_FIRST,
	SEDF_FIT_WORST,
	SEDF_FIT_WRAP,             /* one CPU after the other, split at its end */
	SEDF_FIT_COUNT
};

/* What CPU c has left for one more server whose periods are at least least_ns. */
uint64_t ration_sedf__room(const struct sedf_plan *plan, ration_cpu c, ration_ns least_ns);
/* Find a place among the `allowed` for what is asked, or two halves of it, and take it. */
bool ration_sedf__fit(struct sedf_plan *plan, const struct sedf_dom *ask, ration_cpuset allowed,
                      ration_cpuset preferred, enum sedf_fit fit, struct sedf_plan_item *item);

/* ---- place.c: pure, writes the plan only -------------------------------- */

/* With how few CPUs it may run on in bits 24 to 30, and its share in bits 8 to 23. */
enum sedf_mark {
	SEDF_MARK_SERVER = 1,
	SEDF_MARK_TODO = 2,        /* has no CPU in the plan yet */
	SEDF_MARK_VARIES = 4       /* it is new, or its share or CPU changes */
};
#define SEDF_MARK_MUST (1u << 31)  /* else the plan fails; not so what had no CPU before */

/* The CPUs on line that v may run on. */
static inline ration_cpuset sedf_allowed(const struct ration *r, const struct ration_vcpu *v)
{
	return v->affinity.hard & ration_cpu_online(r);
}

/* Place every server; false if one fits nowhere.  It then has no home in the plan. */
bool ration_sedf__plan(const struct ration *r, bool active, struct sedf_plan *plan);
/* Place what stays, and all that is new or changes but what is of `except`. */
void ration_sedf__plan_without(const struct ration *r, bool active, const struct ration_dom *except,
                               struct sedf_plan *plan);

/* ---- refuse.c: pure, writes the plan only ------------------------------- */

int ration_sedf__admit(const struct ration *r, bool active, void *scratch,
                       struct ration_refusal *why);

/* ---- home.c ------------------------------------------------------------ */

/* Something changed: d (may be NULL) asks for something else, or CPUs or masks
 * changed.  Place anew what has to be; what fits nowhere has no home.  fx NULL:
 * the CPUs concerned decide at the next expire. */
void ration_sedf__replace(struct ration *r, struct ration_dom *d, ration_ns now,
                          struct ration_effects *fx);
/* The CPUs are used as the plan in the scratch says. */
void ration_sedf__apply(struct ration *r);
/* v, which joins, has the home that the plan in the scratch gives it. */
void ration_sedf__home_take(struct ration *r, struct ration_vcpu *v, ration_ns now);
/* v, which is not filed, leaves its home. */
void ration_sedf__home_leave(struct ration *r, struct ration_vcpu *v, ration_ns now);

/* ---- check.c ----------------------------------------------------------- */

const char *ration_sedf__check(const struct ration *r);

#endif
