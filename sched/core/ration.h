/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration.h - the vCPU scheduler of libration, for the host that links it in.
 *
 * CONVENTIONS
 *
 * Host.    Whoever calls: a hypervisor, the simulator, a thread runtime.
 * Instance. `struct ration`: a sequential state machine over at most 64 CPUs.
 *          It takes no lock; the host calls one verb at a time (hv-integration/
 *          port has the lock).  No verb calls back into the host, except
 *          ration_panic() when a precondition is broken.
 * Time.    Every verb takes `now`, in ns; from verb to verb it never goes back
 *          (asserted).  The library never asks what time it is.
 * Memory.  The host hands over one block at ration_init() and keeps it until
 *          the end; nothing is ever allocated.  Pointers to domains and vCPUs
 *          stay valid until the domain or vCPU has left.
 * Effects. What the host must do after a verb is in *fx, filled anew by each
 *          verb that takes it: call ration_decide() for every CPU in
 *          `resched`, and ration_expire() at `expire_ns`, from any CPU.
 * Errors.  A verb that can fail returns an enum ration_status and has then
 *          changed nothing.  The hot verbs return void: they cannot fail.
 * NULL.    Allowed only where it is said.
 *
 * THE LIFE OF A vCPU
 *
 *                       wake                decide picks it, saved
 *      blocked  ----------------->  waiting  ----------------->  running
 *         ^                            ^                            |
 *         |                            |  saved          decide     |
 *         |                            +------------ ( unsaved ) <--+
 *         +---------------------- saved, after a block -------------+
 *
 * A new vCPU is blocked.  Paused, off-line and leaving vCPUs are `down`,
 * wherever they were, and remember what wakes them.  Waking a vCPU that is
 * not blocked is not remembered: the host rechecks its events after a block,
 * as kernels do.
 *
 * THE PROTOCOL OF A CPU
 *
 *  1. The host calls ration_decide(c): when c is in an effects struct's
 *     `resched`, at the last decision's `until_ns`, and after its own vCPU
 *     called ration_vcpu_block() or ration_vcpu_yield().  A spare call
 *     changes nothing and renews nothing.
 *  2. If `switched` is set, the host saves the old context, calls
 *     ration_cpu_saved(c), and then runs `vcpu` (NULL: idles).  Until saved,
 *     the old vCPU is offered to no policy (it waits, cause `switch`).
 *  3. It arms the CPU's timer for `until_ns`.
 * The old vCPU pays until decide, the new one from saved; what lies between
 * is the CPU's overhead.
 *
 * EXAMPLE (two CPUs, vCPUs A and B, one after the other; `next` is until_ns)
 *
 *      t=0   wake(A)    -> resched {0}     decide(0) = A, next 30 ms; saved(0)
 *      t=1   wake(B)    -> resched {1}     decide(1) = B, next 31 ms; saved(1)
 *      t=2   block(A)                      decide(0) = idle, never;   saved(0)
 *
 * COST is given as O() in: c CPUs, k affinity classes (distinct hard masks in
 * use, at most 128), n vCPUs of the instance, d vCPUs of one domain.
 */
#ifndef RATION_H
#define RATION_H

#include "ration_affinity.h"
#include "ration_assert.h"
#include "ration_topology.h"
#include "ration_types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ration;
struct ration_dom;
struct ration_vcpu;
struct ration_policy;      /* ration_policy.h */

/* ---- Results ---------------------------------------------------------- */

/* What the host must do now.  Filled anew by every verb that takes it. */
struct ration_effects {
	ration_cpuset resched;   /* call ration_decide() for each of these CPUs */
	ration_ns expire_ns;     /* call ration_expire() then; RATION_NEVER: not at all */
};

/* What a CPU does next. */
struct ration_decision {
	struct ration_vcpu *vcpu;  /* NULL: idle */
	ration_ns until_ns;        /* decide again then; RATION_NEVER: on an event only */
	bool switched;             /* another vCPU (or idle) than before: call saved */
};

/* Why an admission was refused, in numbers; the host makes the sentence. */
enum ration_refusal_reason {
	RATION_REFUSED_NOTHING,
	RATION_REFUSED_FLOOR,      /* floors exceed what `cpus` can give */
	RATION_REFUSED_DEADLINE,   /* slice/period does not fit on any allowed CPU */
	RATION_REFUSED_CPU         /* deadlines are admitted on the CPU that would go */
};

#define RATION_HOLDERS_MAX 8u

struct ration_refusal {
	enum ration_refusal_reason reason;
	ration_cpuset cpus;         /* where there is not enough */
	uint64_t missing_ppm;       /* how much, of one CPU */
	uint64_t fit_ppm;           /* the largest share that would have been admitted */
	uint32_t holder_count;
	uint32_t holder[RATION_HOLDERS_MAX];  /* ids of the domains that hold the most */
};

/* ---- The ledger ------------------------------------------------------- */

/* Why a runnable vCPU does not run.  One cause at a time, the first that holds. */
enum ration_wait {
	RATION_WAIT_OFFLINE,     /* every CPU that it may run on is off line */
	RATION_WAIT_AFFINITY,    /* it queues while a CPU that it may not use stands idle */
	RATION_WAIT_CAP,         /* its domain has used up its cap */
	RATION_WAIT_BUDGET,      /* its slice of this period is used up */
	RATION_WAIT_SWITCH,      /* its context is being saved or loaded */
	RATION_WAIT_KICK,        /* a CPU was told to run it and has not decided yet */
	RATION_WAIT_RATELIMIT,   /* it is better than what runs, which is still protected */
	RATION_WAIT_QUEUE,       /* others' turn */
	RATION_WAIT_COUNT
};

/* The name of a cause as tables print it: "offline", "affinity", ... */
const char *ration_wait_name(enum ration_wait cause);

/*
 * Where the time of a vCPU went.  Conserved: running_ns, every wait_ns,
 * blocked_ns and down_ns add up to the time since it was admitted.  Of a
 * domain: the sum over its vCPUs, those that have left included.
 */
struct ration_ledger {
	ration_ns running_ns;
	ration_ns wait_ns[RATION_WAIT_COUNT];
	ration_ns blocked_ns;
	ration_ns down_ns;
};

/* Where the time of a CPU went, and how often it decided.  The four times are
 * conserved in the same way. */
struct ration_cpu_ledger {
	ration_ns busy_ns;          /* running vCPUs */
	ration_ns idle_ns;
	ration_ns overhead_ns;      /* from decide to saved */
	ration_ns offline_ns;
	uint64_t dispatches;        /* slices begun, also by the vCPU that had the last one */
	uint64_t preemptions;       /* runnable vCPUs displaced before their until_ns */
	uint64_t migrations;        /* dispatches of a vCPU that last ran on another CPU */
	uint64_t refusals;          /* decisions of the policy that the core refused */
};

/* ---- An instance ------------------------------------------------------ */

struct ration_limits {
	uint32_t cpu_count;         /* 1..RATION_CPU_MAX: CPUs 0..cpu_count-1 exist */
	uint32_t dom_count;         /* 1..4096 */
	uint32_t vcpu_count;        /* 1..65536 */
};

/* Parameters of the instance, for the policies that honour them. */
struct ration_params {
	ration_ns tslice_ns;        /* 100 us .. 1 s: rr's and credit's quantum */
	ration_ns ratelimit_ns;     /* 0 .. 500 ms, not above tslice_ns: a vCPU that began
	                             * to run is not preempted before (credit) */
};
#define RATION_TSLICE_DEFAULT_NS    (30 * RATION_NS_PER_MS)
#define RATION_RATELIMIT_DEFAULT_NS (1 * RATION_NS_PER_MS)

/* What is kept back from what is promised (sedf).  0: nothing. */
struct ration_margins {
	ration_ns overhead_ns;      /* 0 .. 1 ms: what a job costs this host beside its slice, two
	                             * switches and an interrupt */
	uint32_t reserve_ppm;       /* 0 .. 900,000: of each CPU, for those with no promise */
};
#define RATION_OVERHEAD_MAX_NS (1 * RATION_NS_PER_MS)
#define RATION_RESERVE_MAX_PPM 900000u

struct ration_config {
	struct ration_limits limits;
	/* Every policy that the instance may ever switch to; [0] is in force first.
	 * The array and the tables outlive the instance. */
	const struct ration_policy *const *policies;
	uint32_t policy_count;
	struct ration_params params;
	/* CPU c of the instance is CPU c of the topology; NULL: a flat machine.
	 * Read by ration_init() only.  CPUs that it marks off line start off line. */
	const struct ration_topology *topology;
	struct ration_margins margins;
};

/* Bytes that ration_init() wants for these policies and limits: the maximum
 * over the policies, so that a running instance can change between them.
 * 0 if a limit is out of range.  O(policies). */
size_t ration_size(const struct ration_policy *const *policies, uint32_t policy_count,
                   const struct ration_limits *limits);

/*
 * Make an instance in the host's block, aligned to 16 bytes, of at least
 * ration_size() bytes.  All CPUs are idle.  RATION_E_MEMORY, RATION_E_RANGE
 * (limits, params, margins, topology with fewer CPUs), or RATION_E_INVALID (a policy
 * table of another ABI or with an empty slot).  O(memory).
 */
int ration_init(void *memory, size_t size, const struct ration_config *config, ration_ns now,
                struct ration **instance);

/* Change tslice and ratelimit.  RATION_E_RANGE; RATION_E_POLICY where the
 * present policy does not honour what is changed.  O(1). */
int ration_params_set(struct ration *r, const struct ration_params *params, ration_ns now,
                      struct ration_effects *fx);
void ration_params_get(const struct ration *r, struct ration_params *params);

/*
 * Put another of the configured policies in force, with vCPUs in any state.
 * Every attribute stays; each vCPU's lag carries over.  The new policy admits
 * first; a set that it refuses (RATION_E_CAPACITY, *why filled, may be NULL)
 * leaves the old one in force.  RATION_E_INVALID: not among the configured.
 * O(n log n).
 */
int ration_policy_set(struct ration *r, const struct ration_policy *policy, ration_ns now,
                      struct ration_effects *fx, struct ration_refusal *why);
const struct ration_policy *ration_policy_get(const struct ration *r);
const char *ration_policy_name(const struct ration_policy *policy);

/* ---- Domains ---------------------------------------------------------- */

/*
 * What a domain asks for.  The core keeps every attribute under every policy;
 * ration_attr_honoured() tells which ones the present policy acts on.
 */
struct ration_attr {
	uint32_t weight;        /* 1..65535: share against others, of the whole domain */
	uint32_t cap_ppm;       /* at most this much of one CPU (2,500,000 = 250 %); 0: no cap */
	uint32_t floor_ppm;     /* at least this much while it wants it; 0: none */
	ration_ns burst_ns;     /* CPU time saved up while under the cap, at most this; to 10 s */
	ration_ns period_ns;    /* sedf: 10 us .. 10 s */
	ration_ns slice_ns;     /* sedf: CPU time of each vCPU in each period; 5 us .. period,
	                         * or 0: best effort by weight */
	ration_ns latency_ns;   /* sedf: 0, or the period of a vCPU that has just woken,
	                         * slice scaled with it; up to period */
	bool extratime;         /* sedf: shares slack by weight */
	bool shadow;            /* the cap is not enforced, only watched: ration_dom_shadow_get() */
};

#define RATION_WEIGHT_DEFAULT 256u
#define RATION_WEIGHT_MAX     65535u
#define RATION_PERIOD_DEFAULT_NS (100 * RATION_NS_PER_MS)

/* The attributes as a set: bit RATION_ATTR_x. */
enum ration_attr_bit {
	RATION_ATTR_WEIGHT = 1u << 0,
	RATION_ATTR_CAP = 1u << 1,
	RATION_ATTR_FLOOR = 1u << 2,
	RATION_ATTR_BURST = 1u << 3,
	RATION_ATTR_PERIOD = 1u << 4,
	RATION_ATTR_SLICE = 1u << 5,
	RATION_ATTR_LATENCY = 1u << 6,
	RATION_ATTR_EXTRATIME = 1u << 7,
	RATION_ATTR_SHADOW = 1u << 8,
	RATION_ATTR_TSLICE = 1u << 9,      /* of the instance */
	RATION_ATTR_RATELIMIT = 1u << 10   /* of the instance */
};

/* weight 256, no cap, no floor; best effort under sedf (slice 0, extratime). */
void ration_attr_default(struct ration_attr *attr);

/* RATION_OK, or RATION_E_RANGE and *bad (may be NULL) is the attribute. */
int ration_attr_check(const struct ration_attr *attr, enum ration_attr_bit *bad);

/* The attributes that `policy` honours, as a set of RATION_ATTR_x. */
uint32_t ration_attr_honoured(const struct ration_policy *policy);

/*
 * A domain comes: no vCPU yet.  `id` is the host's number for it, unique.
 * RATION_E_RANGE, RATION_E_EXISTS, RATION_E_FULL.  What its vCPUs are promised
 * is admitted when they come.  O(1).
 */
int ration_dom_admit(struct ration *r, uint32_t id, const struct ration_attr *attr, ration_ns now,
                     struct ration_effects *fx, struct ration_dom **dom);

/* A domain goes.  RATION_E_BUSY while it has vCPUs.  O(1). */
int ration_dom_leave(struct ration *r, struct ration_dom *dom, ration_ns now,
                     struct ration_effects *fx);

/*
 * Change attributes, with its vCPUs in any state.  RATION_E_RANGE;
 * RATION_E_POLICY if an attribute that changes is not honoured by the present
 * policy; RATION_E_CAPACITY with *why (may be NULL).  O(n) and the policy's admission.
 * Where floors exceed the CPUs since one was forced off line, a change that
 * does not add to what is missing is not refused; so too for vCPUs and pins.
 */
int ration_dom_set(struct ration *r, struct ration_dom *dom, const struct ration_attr *attr,
                   ration_ns now, struct ration_effects *fx, struct ration_refusal *why);
void ration_dom_get(const struct ration_dom *dom, struct ration_attr *attr);

/* Pauses nest, here and with ration_vcpu_pause(): a vCPU runs when both counts
 * are 0.  A running vCPU's CPU is kicked; until it decides, the vCPU runs on.
 * Resuming what is not paused is a programmer's mistake (asserted).  O(d log n). */
void ration_dom_pause(struct ration *r, struct ration_dom *dom, ration_ns now,
                      struct ration_effects *fx);
void ration_dom_resume(struct ration *r, struct ration_dom *dom, ration_ns now,
                       struct ration_effects *fx);

/* What a host did for a domain outside of it. */
enum ration_helper {
	RATION_HELPER_BACKEND,    /* a disk or network back end */
	RATION_HELPER_EMULATOR,   /* device emulation */
	RATION_HELPER_COUNT
};

/*
 * Book `ns` of helper work done for a domain: it lowers its credit or budget,
 * and stands beside the ledger, not in it (that CPU time is some other
 * domain's running time).  ns <= RATION_TIME_MAX; the total saturates.  O(1).
 */
void ration_dom_charge(struct ration *r, struct ration_dom *dom, ration_ns ns,
                       enum ration_helper kind, ration_ns now, struct ration_effects *fx);
ration_ns ration_dom_helper_get(const struct ration_dom *dom, enum ration_helper kind);

/* What a cap would have done, had it been enforced. */
struct ration_shadow {
	uint64_t held_count;     /* so often the domain would have been held */
	ration_ns held_ns;       /* and for so long in all, while it wanted to run */
};

/* What the shadow cap of a domain would have done since it came, up to `now`, under
 * the policies that honour it (ration_credit.h says what counts).  O(1). */
void ration_dom_shadow_get(const struct ration *r, const struct ration_dom *dom, ration_ns now,
                           struct ration_shadow *shadow);

/* The host's number for it. */
uint32_t ration_dom_id(const struct ration_dom *dom);
/* Its place: 0..limits.dom_count-1, unique in the instance while it is there,
 * so an index for tables of the host's own; and back, NULL if none is there.
 * Places are given out in an order that depends on earlier verbs only.  O(1). */
uint32_t ration_dom_slot_of(const struct ration_dom *dom);
struct ration_dom *ration_dom_slot(const struct ration *r, uint32_t slot);
/* The domain of that id, or NULL.  O(domains). */
struct ration_dom *ration_dom_find(const struct ration *r, uint32_t id);

/* ---- vCPUs ------------------------------------------------------------ */

/*
 * vCPU number `idx` (0..65535, unique in the domain) comes, blocked.
 * RATION_E_INVALID or RATION_E_RANGE (affinity, see ration_affinity_check()),
 * RATION_E_EXISTS, RATION_E_FULL (vCPUs, or a 129th distinct hard mask),
 * RATION_E_CAPACITY with *why (may be NULL).  O(n) and the policy's admission.
 */
int ration_vcpu_admit(struct ration *r, struct ration_dom *dom, uint32_t idx,
                      struct ration_affinity affinity, ration_ns now, struct ration_effects *fx,
                      struct ration_vcpu **vcpu, struct ration_refusal *why);

/*
 * A vCPU goes.  RATION_E_BUSY while a CPU holds its context (it runs, or is
 * not saved yet): its CPU is then kicked, it is never dispatched again, and
 * the host tries again after that CPU's ration_cpu_saved().  O(c + log n).
 */
int ration_vcpu_leave(struct ration *r, struct ration_vcpu *v, ration_ns now,
                      struct ration_effects *fx);

/* An event came for it.  Nothing if it is not blocked.  O(c + log n). */
void ration_vcpu_wake(struct ration *r, struct ration_vcpu *v, ration_ns now,
                      struct ration_effects *fx);

/* The vCPU that runs has nothing to do: call ration_decide() for its CPU next.
 * A wake before that undoes it.  Asserts that it runs.  O(1). */
void ration_vcpu_block(struct ration *r, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx);

/* The vCPU that runs gives the CPU to another one that waits, if any: call
 * ration_decide() for its CPU next.  Asserts that it runs.  O(1). */
void ration_vcpu_yield(struct ration *r, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx);

/* The same, and where `other` waits, may run here and is not held by a cap or
 * a budget, the next decide picks it and charges it; else it is a yield.  O(1). */
void ration_vcpu_yield_to(struct ration *r, struct ration_vcpu *v, struct ration_vcpu *other,
                          ration_ns now, struct ration_effects *fx);

/* As ration_dom_pause(), for one vCPU. */
void ration_vcpu_pause(struct ration *r, struct ration_vcpu *v, ration_ns now,
                       struct ration_effects *fx);
void ration_vcpu_resume(struct ration *r, struct ration_vcpu *v, ration_ns now,
                        struct ration_effects *fx);

/* The guest took this vCPU off line, or back: down, not nested. */
void ration_vcpu_down(struct ration *r, struct ration_vcpu *v, ration_ns now,
                      struct ration_effects *fx);
void ration_vcpu_up(struct ration *r, struct ration_vcpu *v, ration_ns now,
                    struct ration_effects *fx);

/* Change where it may run, in any state.  Where it runs and may not any more,
 * that CPU is kicked.  Errors as ration_vcpu_admit().  O(n) and the policy's admission. */
int ration_vcpu_pin(struct ration *r, struct ration_vcpu *v, struct ration_affinity affinity,
                    ration_ns now, struct ration_effects *fx, struct ration_refusal *why);

enum ration_state {
	RATION_STATE_BLOCKED,
	RATION_STATE_DOWN,
	RATION_STATE_WAITING,
	RATION_STATE_RUNNING
};

struct ration_vcpu_info {
	enum ration_state state;
	enum ration_wait cause;          /* where it is waiting */
	ration_cpu cpu;                  /* where it runs or last ran, or RATION_CPU_NONE */
	uint32_t pause_count;            /* its own */
	bool online;                     /* see ration_vcpu_down() */
	struct ration_affinity affinity;
	int64_t lag_ns;                  /* owed minus got, as last reported by a policy */
};

/* What a listing shows of v; its domain; its number there.  O(1). */
void ration_vcpu_info_get(const struct ration_vcpu *v, struct ration_vcpu_info *info);
struct ration_dom *ration_vcpu_dom(const struct ration_vcpu *v);
uint32_t ration_vcpu_idx(const struct ration_vcpu *v);
/* Its place: 0..limits.vcpu_count-1, as ration_dom_slot_of(); and back.  O(1). */
uint32_t ration_vcpu_slot_of(const struct ration_vcpu *v);
struct ration_vcpu *ration_vcpu_slot(const struct ration *r, uint32_t slot);
/* The first vCPU of a domain and the next one, in the order of their admission; NULL at the end. */
struct ration_vcpu *ration_vcpu_first(const struct ration_dom *dom);
struct ration_vcpu *ration_vcpu_next(const struct ration_vcpu *v);

/* ---- CPUs ------------------------------------------------------------- */

/*
 * CPU c goes off line, whatever is pinned to it.  Its vCPU is moved away at
 * its next decide, which answers idle; vCPUs with no other CPU wait (cause
 * `offline`).  A policy may refuse (RATION_E_CAPACITY, *why filled, may be
 * NULL) unless `force`.  RATION_E_INVALID: it is off line.  O(n log n).
 */
int ration_cpu_down(struct ration *r, ration_cpu c, bool force, ration_ns now,
                    struct ration_effects *fx, struct ration_refusal *why);

/* CPU c is back, idle.  RATION_E_INVALID: it is on line, or its last vCPU is
 * not saved yet.  O(n log n). */
int ration_cpu_up(struct ration *r, ration_cpu c, ration_ns now, struct ration_effects *fx);

/* What CPU c does next; see THE PROTOCOL OF A CPU.  Asserts that the last
 * switch of c was saved.  O(k + log n). */
void ration_decide(struct ration *r, ration_cpu c, ration_ns now,
                   struct ration_decision *decision, struct ration_effects *fx);

/* The context that CPU c ran before its last switching decision is saved.
 * Asserts that there was one.  O(c + log n). */
void ration_cpu_saved(struct ration *r, ration_cpu c, ration_ns now, struct ration_effects *fx);

/* The time `expire_ns` has come (an early call changes nothing).  O(log n) for
 * each budget that is due. */
void ration_expire(struct ration *r, ration_ns now, struct ration_effects *fx);

/* The CPUs that are on line, and how many there are with those that are not. */
ration_cpuset ration_cpu_online(const struct ration *r);
uint32_t ration_cpu_count(const struct ration *r);
/* The vCPU that occupies CPU c, or NULL. */
struct ration_vcpu *ration_cpu_vcpu(const struct ration *r, ration_cpu c);

/* ---- Accounts --------------------------------------------------------- */

/* The books as they stand at `now`, which is not before the last verb.  They
 * change nothing.  O(1); of a domain O(d). */
void ration_vcpu_ledger_get(const struct ration *r, const struct ration_vcpu *v, ration_ns now,
                            struct ration_ledger *ledger);
void ration_dom_ledger_get(const struct ration *r, const struct ration_dom *dom, ration_ns now,
                           struct ration_ledger *ledger);
void ration_cpu_ledger_get(const struct ration *r, ration_cpu c, ration_ns now,
                           struct ration_cpu_ledger *ledger);

/*
 * Walk everything and return NULL, or the first broken invariant as a
 * sentence: the core's (a vCPU is in one place; running implies allowed; books
 * are conserved), then the policy's.  For tests and debug keys.  O(n + c).
 */
const char *ration_check(const struct ration *r);

#ifdef __cplusplus
}
#endif
#endif
