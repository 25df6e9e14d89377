/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event.h - the pending events of a simulation, in a total order.
 *
 * ORDER.  (time, kind, id): at one instant the kinds go as listed below, and
 * within a kind the lower id goes first.  Each (kind, id) has one node, which
 * is pending at most once, so that there are no further ties: the order never
 * depends on the queue's structure, nor on the order of arming.  What happens
 * at one instant and of one id in sequence (scenario events) shares a node
 * whose owner walks the sequence.
 *
 * STRUCTURE.  A hierarchical timing wheel of 64 slots a level and 11 levels.
 * A node lies at the level of the highest base-64 digit in which its time
 * differs from `base_ns`, in the slot of its own digit there.  A level's slots
 * are words of a bitmap, a slot is an intrusive list, so that arming and
 * cancelling are O(1).  When the earliest slot holds several nodes, those of
 * the least time are due at once and the others move down: each node moves at
 * most 11 times.  Nodes that are due now are a set of ranks (kind, id) in a
 * 64-ary bitmap of three levels: ties cost O(1) each, too.
 *
 * Invariants:
 *  1. base_ns is the time of the last event taken; no pending node is earlier.
 *  2. Nodes with time base_ns are in the due set, all others in the wheel.
 *  3. A bit is set where, and only where, a slot holds a node.
 */
#ifndef EVENT_H
#define EVENT_H

#include "ration_types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum event_kind {
	EVENT_KIND_COMPLETION,   /* id: CPU.  What its vCPU is doing is done */
	EVENT_KIND_TIMER,        /* id: CPU.  The CPU's own timer: decide again */
	EVENT_KIND_KICK,         /* id: CPU.  An IPI arrives: decide */
	EVENT_KIND_SAVED,        /* id: CPU.  The context switch is over */
	EVENT_KIND_EXPIRE,       /* id: 0.  ration_expire() */
	EVENT_KIND_WAKE,         /* id: vCPU, counted over all domains in the order of the
	                          * file.  End of a sleep, release of a job, arrival of a
	                          * request (of its domain: id of its first vCPU) */
	EVENT_KIND_COME,         /* id: domain, by its place in the file: it is admitted */
	EVENT_KIND_SCENARIO,     /* id: 0.  What the scenario says happens */
	EVENT_KIND_COUNT
};

#define EVENT_LEVELS 11u
#define EVENT_IDLE   UINT16_MAX  /* place of a node that is not pending */
#define EVENT_DUE    (UINT16_MAX - 1u)
#define EVENT_RANKS_MAX (64u * 64u * 64u)

struct event {
	struct event *next, **link;   /* link: the pointer that points here */
	ration_ns time_ns;
	uint32_t id;
	uint16_t place;               /* level * 64 + slot, EVENT_DUE or EVENT_IDLE */
	uint8_t kind;
};

struct event_queue {
	ration_ns base_ns;
	uint32_t levels;                          /* which levels hold a node */
	uint64_t slots[EVENT_LEVELS];             /* which slots of a level do */
	struct event *slot[EVENT_LEVELS * 64u];
	/* due now: bit r of due0 for rank r, and words of due0 and due1 that are not 0 */
	uint64_t due2, due1[64], *due0;
	struct event **by_rank;
	uint32_t first_rank[EVENT_KIND_COUNT + 1];
};

/* An empty queue at time 0 for ids 0..count[kind]-1 of each kind, at most
 * EVENT_RANKS_MAX in all (asserted).  False: no memory. */
bool event_queue_init(struct event_queue *q, const uint32_t count[EVENT_KIND_COUNT]);
void event_queue_free(struct event_queue *q);

/* Make the one node of (kind, id), not pending.  It stays where it is. */
void event_init(struct event_queue *q, struct event *e, enum event_kind kind, uint32_t id);

static inline bool event_is_armed(const struct event *e)
{
	return e->place != EVENT_IDLE;
}

/* It happens at time_ns, not before base_ns (asserted); pending or not.  O(1). */
void event_arm(struct event_queue *q, struct event *e, ration_ns time_ns);

/* It does not happen.  Nothing if it is not pending.  O(1). */
void event_cancel(struct event_queue *q, struct event *e);

/* Take the first event; NULL: none is pending.  O(1) amortised. */
struct event *event_next(struct event_queue *q);

/* NULL, or the first broken invariant.  O(nodes).  For tests. */
const char *event_queue_check(const struct event_queue *q);

#ifdef __cplusplus
}
#endif
#endif
