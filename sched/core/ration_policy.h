/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_policy.h - what a policy is, for those who write one.
 *
 * A policy decides which vCPU a CPU runs next and until when.  It does nothing
 * else: the core tracks states, charges time, keeps affinity, validates each
 * decision before anyone acts on it, and keeps the books.  docs/policy.md
 * walks through sched/rr, which is a whole policy of a hundred lines.
 *
 * WHAT A POLICY SEES OF A vCPU
 *
 *      join ... ready -> start -> (charge) -> ready ... unready ... leave
 *
 *  - `ready`: it can be dispatched from now on: it is runnable, its context is
 *    saved, and a CPU that it may run on is on line.  The policy queues it, and
 *    kicks a CPU for it where it should run at once.
 *  - `start`: the core accepted the policy's decision for it; it runs.  The
 *    policy takes it off its queue here, not in decide.
 *  - after its run it comes back through `ready`, once saved, if it still can
 *    run; or `unready` tells that it cannot (blocked, paused, leaving, all its
 *    CPUs off line), whether it was queued or running.
 *  - a vCPU that changes its hard mask while queued gets unready, then ready.
 *
 * RULES
 *  - Private data lies behind the core's structs, zeroed before `init` and
 *    `join`; its sizes stand in the table.  A policy keeps nothing anywhere else.
 *  - A policy writes the core's structs through the functions below only.
 *  - Every loop has a bound.  No recursion, no floating point, no 128-bit
 *    division.
 */
#ifndef RATION_POLICY_H
#define RATION_POLICY_H

#include "ration.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RATION_POLICY_ABI 2u
#define RATION_CLASS_MAX  128u     /* distinct hard masks in use in an instance */

/* ---- What the core keeps, and a policy may read ----------------------- */

/* A set of affinity classes. */
struct ration_classes {
	uint64_t word[RATION_CLASS_MAX / 64];
};

static inline bool ration_classes_has(const struct ration_classes *s, uint32_t class_idx)
{
	return (s->word[class_idx / 64] >> (class_idx % 64) & 1) != 0;
}

static inline void ration_classes_add(struct ration_classes *s, uint32_t class_idx)
{
	s->word[class_idx / 64] |= (uint64_t)1 << (class_idx % 64);
}

static inline void ration_classes_remove(struct ration_classes *s, uint32_t class_idx)
{
	s->word[class_idx / 64] &= ~((uint64_t)1 << (class_idx % 64));
}

/* What the bits of ration_vcpu.flags mean.  Core only. */
enum ration_vcpu_flag {
	RATION_VCPU_RUNNABLE = 1u << 0,  /* not blocked */
	RATION_VCPU_OFFLINE = 1u << 1,   /* taken off line by its guest */
	RATION_VCPU_LEAVING = 1u << 2,   /* being removed */
	RATION_VCPU_CURRENT = 1u << 3,   /* occupies `cpu` */
	RATION_VCPU_UNSAVED = 1u << 4,   /* its context is still on `cpu` */
	RATION_VCPU_READY = 1u << 5,     /* the policy was told `ready` */
	RATION_VCPU_USED = 1u << 6,      /* the slot is taken */
	RATION_VCPU_STARTED = 1u << 7    /* the policy was told `start`, nothing since */
};

/* What a vCPU's time is booked to at the moment: an enum ration_wait, or: */
enum ration_book {
	RATION_BOOK_RUNNING = RATION_WAIT_COUNT,
	RATION_BOOK_BLOCKED,
	RATION_BOOK_DOWN
};

struct ration_vcpu {
	/* constant while it is admitted */
	struct ration_dom *dom;
	struct ration_vcpu *next;          /* in the domain, by order of admission */
	uint32_t slot;                     /* 0..limits.vcpu_count-1, unique in the instance */
	uint16_t idx;                      /* number in its domain */

	/* kept by the core, read by policies */
	uint8_t class_idx;                 /* of affinity.hard */
	uint8_t flags;                     /* enum ration_vcpu_flag */
	struct ration_affinity affinity;
	ration_ns since_ns;                /* booked up to here; a running one, charged */
	ration_cpu cpu;                    /* where it runs or last ran; RATION_CPU_NONE */

	/* core only */
	uint8_t book;                      /* enum ration_book or ration_wait */
	uint8_t ready_why;                 /* enum ration_ready, told when it is saved */
	uint16_t pause_count;
	int64_t lag_ns;                    /* see ration_lag_set() */
	ration_ns admitted_ns;
	ration_ns away_ns;                 /* its class's away time when it began to queue */
	struct ration_ledger ledger;
};

struct ration_dom {
	/* constant while it is admitted */
	uint32_t id;
	uint32_t slot;                     /* 0..limits.dom_count-1 */

	/* kept by the core, read by policies */
	struct ration_attr attr;
	struct ration_vcpu *first, *last;  /* its vCPUs */
	uint32_t vcpu_count;

	/* core only */
	uint32_t pause_count;
	bool used;
	struct ration_ledger left;         /* of vCPUs that have left */
	ration_ns helper_ns[RATION_HELPER_COUNT];
	struct ration_shadow shadow;       /* as reported: see ration_shadow_add() */
};

struct ration_cpu_state {
	/* constant */
	ration_cpuset core_cpus, llc_cpus, node_cpus;   /* with itself */
	uint16_t capacity;

	/* kept by the core, read by policies */
	struct ration_classes classes;     /* those that may run here */
	struct ration_vcpu *current;       /* occupies this CPU; NULL: idle */
	ration_ns since_ns;                /* current has run here since then, in one go */
	ration_ns until_ns;                /* end of the present decision */
	bool stay;                         /* in decide: current can go on here */
	bool yielded;                      /* in decide: current yielded */
	struct ration_vcpu *hint;          /* in decide: run this one, if not NULL */

	/* core only */
	bool switching;                    /* decided, not saved */
	struct ration_vcpu *unsaved;       /* the context that is being saved */
	struct ration_vcpu *kicked_for;    /* whose cause is `kick` because of this CPU */
	ration_ns booked_ns;               /* ledger is booked up to here */
	struct ration_cpu_ledger ledger;
};

/* Why a vCPU is ready. */
enum ration_ready {
	RATION_READY_WAKE,       /* it was blocked */
	RATION_READY_RESUME,     /* it was paused, off line, or without a CPU */
	RATION_READY_PREEMPT,    /* it ran, and another one was picked */
	RATION_READY_YIELD,      /* it yielded */
	RATION_READY_MOVE        /* its affinity, its CPU or the policy changed */
};

/* ---- The table -------------------------------------------------------- */

struct ration_policy {
	const char *name;                  /* "rr" */
	uint32_t abi;                      /* RATION_POLICY_ABI */
	uint32_t honours;                  /* RATION_ATTR_x */

	/* private bytes, each rounded up to 8 by the core */
	uint32_t instance_size;
	uint32_t cpu_size, dom_size, vcpu_size;
	/* scratch for `admit`: a fixed part, and per CPU, domain and vCPU of the limits */
	uint32_t scratch_size, scratch_cpu_size, scratch_dom_size, scratch_vcpu_size;

	/*
	 * Could the machine as the core's structs describe it now be promised?
	 * Called before a change is made known: a vCPU that comes, an attribute, a
	 * pin, a CPU that goes (already missing from ration_cpu_online()), or a
	 * switch to this policy.  Reads the core's fields, and its own private
	 * data if it is in force (`active`); writes `scratch` only.  Returns
	 * RATION_OK or RATION_E_CAPACITY with *why filled.
	 */
	int (*admit)(const struct ration *r, bool active, void *scratch, struct ration_refusal *why);

	/* Private data is zero.  CPUs on line, domains and vCPUs follow through
	 * the callbacks below; after a policy switch vCPUs that run come through
	 * `ready` and `start` at once, and every CPU decides anew. */
	void (*init)(struct ration *r, ration_ns now);

	/* CPU c came on line or went (`online`). */
	void (*cpu_set)(struct ration *r, ration_cpu c, bool online, ration_ns now,
	                struct ration_effects *fx);

	/* Domain d came, or its attributes changed (dom->attr is new), or the
	 * affinity of one of its vCPUs did. */
	void (*dom_set)(struct ration *r, struct ration_dom *d, ration_ns now,
	                struct ration_effects *fx);

	/* Domain d, which has no vCPU left, goes. */
	void (*dom_leave)(struct ration *r, struct ration_dom *d, ration_ns now);

	/* vCPU v came, not ready; its private data is zero; lag_ns says what it is owed. */
	void (*join)(struct ration *r, struct ration_vcpu *v, ration_ns now);

	/* vCPU v goes, not ready; before a policy switch it may be ready or run,
	 * and says here with ration_lag_set() what it is owed. */
	void (*leave)(struct ration *r, struct ration_vcpu *v, ration_ns now);

	/* v can be dispatched: queue it, kick a CPU for it. */
	void (*ready)(struct ration *r, struct ration_vcpu *v, enum ration_ready why, ration_ns now,
	              struct ration_effects *fx);

	/* v, queued or running, cannot be dispatched any more.  Told once; of one
	 * that ran, when its CPU decides or, at the latest, when it is saved. */
	void (*unready)(struct ration *r, struct ration_vcpu *v, ration_ns now,
	                struct ration_effects *fx);

	/* v ran `ns` (already in its ledger); or v is NULL and helper work of
	 * `ns` was done for d. */
	void (*charge)(struct ration *r, struct ration_dom *d, struct ration_vcpu *v, ration_ns ns,
	               ration_ns now, struct ration_effects *fx);

	/*
	 * Pick for CPU c: fill out->vcpu and out->until_ns (`switched` is the
	 * core's).  Only if cpu->stay may the answer be cpu->current.  A vCPU that
	 * is not ready, not allowed on c, or held is refused by the core and
	 * counted; the CPU then goes on with current if it can stay, else idles.
	 */
	void (*decide)(struct ration *r, ration_cpu c, ration_ns now, struct ration_decision *out,
	               struct ration_effects *fx);

	/* The decision was accepted: v, which was ready, occupies c from now on.
	 * Not called when current goes on. */
	void (*start)(struct ration *r, struct ration_vcpu *v, ration_cpu c, ration_ns now);

	/* The time set with ration_expire_set() has come. */
	void (*expire)(struct ration *r, ration_ns now, struct ration_effects *fx);

	/* NULL, or the first broken invariant of the private data. */
	const char *(*check)(const struct ration *r);

	/* Add to *sum what d's shadow cap would have done since that was last reported
	 * with ration_shadow_add(), up to `now`.  Changes nothing else. */
	void (*shadow)(const struct ration_dom *d, ration_ns now, struct ration_shadow *sum);
};

/* ---- What a policy may call ------------------------------------------- */

/* Private data. */
void *ration_policy_instance(const struct ration *r);
void *ration_policy_cpu(const struct ration *r, ration_cpu c);
/* The scratch that `admit` is given: working memory for callbacks too.  Any
 * policy's `admit` overwrites it: how often one ran tells whether it is as it was. */
void *ration_policy_scratch(const struct ration *r);
uint64_t ration_policy_scratch_uses(const struct ration *r);

static inline void *ration_policy_dom(const struct ration_dom *d)
{
	return (void *)(uintptr_t)(d + 1);
}

static inline void *ration_policy_vcpu(const struct ration_vcpu *v)
{
	return (void *)(uintptr_t)(v + 1);
}

/* The vCPU, or the domain, whose private data `p` is. */
static inline struct ration_vcpu *ration_vcpu_of(const void *p)
{
	return (struct ration_vcpu *)(uintptr_t)p - 1;
}

static inline struct ration_dom *ration_dom_of(const void *p)
{
	return (struct ration_dom *)(uintptr_t)p - 1;
}

/* CPU c as the core sees it, and the limits of the instance.  O(1). */
const struct ration_cpu_state *ration_cpu_get(const struct ration *r, ration_cpu c);
const struct ration_limits *ration_limits_get(const struct ration *r);
const struct ration_margins *ration_margins_get(const struct ration *r);

/* Does it run now? */
static inline bool ration_vcpu_is_current(const struct ration_vcpu *v)
{
	return (v->flags & RATION_VCPU_CURRENT) != 0;
}

/* How long v has run that its policy has not been charged for yet. */
static inline ration_ns ration_vcpu_uncharged(const struct ration_vcpu *v, ration_ns now)
{
	return v->book == RATION_BOOK_RUNNING ? now - v->since_ns : 0;
}

/* The time of the last verb: for `check`. */
ration_ns ration_now(const struct ration *r);

/*
 * The best idle CPU for v that no kick is under way to, or RATION_CPU_NONE:
 * soft before hard; of those, one whose core is wholly idle, then the nearest
 * to where v last ran (itself, core, cache, node), then the lowest.  O(c).
 */
ration_cpu ration_idle_pick(const struct ration *r, const struct ration_vcpu *v);

/*
 * Tell CPU c to decide, for the sake of v (NULL: of nobody in particular),
 * which waits with cause `kick` until it does.  If c then decides otherwise
 * the core kicks another idle CPU for v.  A CPU that is kicked already for
 * another vCPU stays so; v then only queues.  O(1).
 */
void ration_kick(struct ration *r, ration_cpu c, struct ration_vcpu *v, ration_ns now,
                 struct ration_effects *fx);

/*
 * Book v's waiting to `cause` from now on: RATION_WAIT_CAP or
 * RATION_WAIT_BUDGET while the policy holds v (it must not be dispatched, not
 * by a hint either), RATION_WAIT_RATELIMIT, RATION_WAIT_QUEUE.  Asserts that
 * v is ready and waits.  A pending `kick` outlasts queue and ratelimit.  O(1).
 */
void ration_wait_set(struct ration *r, struct ration_vcpu *v, enum ration_wait cause,
                     ration_ns now);

/* Is v held by cap or budget? */
bool ration_wait_is_held(const struct ration_vcpu *v);

/* Is a kick for v under way? */
static inline bool ration_wait_is_kicked(const struct ration_vcpu *v)
{
	return v->book == RATION_WAIT_KICK;
}

/* When the policy wants `expire`; RATION_NEVER: not at all.  The last call holds. */
void ration_expire_set(struct ration *r, ration_ns at_ns);

/* Report what d's shadow cap would have done since the last report: in `leave` at the
 * latest, after which another policy may follow. */
void ration_shadow_add(struct ration_dom *d, struct ration_shadow more);

/* Report v's lag (owed minus got): kept within one second either way. */
void ration_lag_set(struct ration_vcpu *v, int64_t lag_ns);

#ifdef __cplusplus
}
#endif
#endif
