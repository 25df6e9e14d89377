/* SPDX-License-Identifier: BSD-2-Clause */
#include "event.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_BITS 6u
#define SLOT_MASK 63u

static uint32_t event_rank(const struct event_queue *q, const struct event *e)
{
	return q->first_rank[e->kind] + e->id;
}

bool event_queue_init(struct event_queue *q, const uint32_t count[EVENT_KIND_COUNT])
{
	uint32_t kind, ranks = 0;

	memset(q, 0, sizeof *q);
	for (kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		q->first_rank[kind] = ranks;
		assert(count[kind] <= EVENT_RANKS_MAX - ranks);
		ranks += count[kind];
	}
	q->first_rank[kind] = ranks;
	q->due0 = calloc((size_t)ranks / 64 + 1, sizeof *q->due0);
	q->by_rank = calloc((size_t)ranks + 1, sizeof *q->by_rank);
	if (q->due0 != NULL && q->by_rank != NULL)
		return true;
	event_queue_free(q);
	return false;
}

void event_queue_free(struct event_queue *q)
{
	free(q->due0);
	free(q->by_rank);
	q->due0 = NULL;
	q->by_rank = NULL;
}

void event_init(struct event_queue *q, struct event *e, enum event_kind kind, uint32_t id)
{
	assert(id < q->first_rank[kind + 1] - q->first_rank[kind]);
	e->next = NULL;
	e->link = NULL;
	e->time_ns = RATION_NEVER;
	e->id = id;
	e->place = EVENT_IDLE;
	e->kind = (uint8_t)kind;
	q->by_rank[event_rank(q, e)] = e;
}

/* ---- The due set ------------------------------------------------------- */

static void due_add(struct event_queue *q, struct event *e)
{
	uint32_t rank = event_rank(q, e);

	e->place = EVENT_DUE;
	q->due0[rank >> 6] |= (uint64_t)1 << (rank & SLOT_MASK);
	q->due1[rank >> 12] |= (uint64_t)1 << (rank >> 6 & SLOT_MASK);
	q->due2 |= (uint64_t)1 << (rank >> 12);
}

static void due_remove(struct event_queue *q, struct event *e)
{
	uint32_t rank = event_rank(q, e);

	e->place = EVENT_IDLE;
	q->due0[rank >> 6] &= ~((uint64_t)1 << (rank & SLOT_MASK));
	if (q->due0[rank >> 6] != 0)
		return;
	q->due1[rank >> 12] &= ~((uint64_t)1 << (rank >> 6 & SLOT_MASK));
	if (q->due1[rank >> 12] == 0)
		q->due2 &= ~((uint64_t)1 << (rank >> 12));
}

static struct event *due_first(const struct event_queue *q)
{
	uint32_t rank = (uint32_t)__builtin_ctzll(q->due2);

	rank = rank << 6 | (uint32_t)__builtin_ctzll(q->due1[rank]);
	rank = rank << 6 | (uint32_t)__builtin_ctzll(q->due0[rank]);
	return q->by_rank[rank];
}

/* ---- The wheel --------------------------------------------------------- */

/* e->time_ns > base_ns. */
static void wheel_insert(struct event_queue *q, struct event *e)
{
	uint32_t bit = 63u - (uint32_t)__builtin_clzll(e->time_ns ^ q->base_ns);
	uint32_t level = bit / SLOT_BITS;
	uint32_t slot = (uint32_t)(e->time_ns >> (level * SLOT_BITS)) & SLOT_MASK;
	struct event **head = &q->slot[level << SLOT_BITS | slot];

	e->place = (uint16_t)(level << SLOT_BITS | slot);
	e->link = head;
	e->next = *head;
	if (e->next != NULL)
		e->next->link = &e->next;
	*head = e;
	q->slots[level] |= (uint64_t)1 << slot;
	q->levels |= 1u << level;
}

static void wheel_clear(struct event_queue *q, uint32_t place)
{
	uint32_t level = place >> SLOT_BITS;

	q->slots[level] &= ~((uint64_t)1 << (place & SLOT_MASK));
	if (q->slots[level] == 0)
		q->levels &= ~(1u << level);
}

static void wheel_remove(struct event_queue *q, struct event *e)
{
	*e->link = e->next;
	if (e->next != NULL)
		e->next->link = e->link;
	else if (q->slot[e->place] == NULL)
		wheel_clear(q, e->place);
	e->place = EVENT_IDLE;
}

void event_arm(struct event_queue *q, struct event *e, ration_ns time_ns)
{
	if (event_is_armed(e))
		event_cancel(q, e);
	assert(time_ns >= q->base_ns && time_ns <= RATION_TIME_MAX);
	e->time_ns = time_ns;
	if (time_ns == q->base_ns)
		due_add(q, e);
	else
		wheel_insert(q, e);
}

void event_cancel(struct event_queue *q, struct event *e)
{
	if (e->place < EVENT_DUE)
		wheel_remove(q, e);
	else if (e->place == EVENT_DUE)
		due_remove(q, e);
}

/* The earliest slot holds several nodes: those of the least time become due,
 * the others go to where they belong as seen from there. */
static struct event *wheel_cascade(struct event_queue *q, uint32_t place)
{
	struct event *e = q->slot[place], *next;
	ration_ns first_ns = e->time_ns;

	for (next = e->next; next != NULL; next = next->next)
		if (next->time_ns < first_ns)
			first_ns = next->time_ns;
	q->slot[place] = NULL;
	wheel_clear(q, place);
	q->base_ns = first_ns;
	for (; e != NULL; e = next) {
		next = e->next;
		if (e->time_ns == first_ns)
			due_add(q, e);
		else
			wheel_insert(q, e);
	}
	e = due_first(q);
	due_remove(q, e);
	return e;
}

struct event *event_next(struct event_queue *q)
{
	struct event *e;
	uint32_t level, place;

	if (q->due2 != 0) {
		e = due_first(q);
		due_remove(q, e);
		return e;
	}
	if (q->levels == 0)
		return NULL;
	level = (uint32_t)__builtin_ctz(q->levels);
	place = level << SLOT_BITS | (uint32_t)__builtin_ctzll(q->slots[level]);
	e = q->slot[place];
	if (e->next != NULL)
		return wheel_cascade(q, place);
	q->slot[place] = NULL;
	wheel_clear(q, place);
	e->place = EVENT_IDLE;
	q->base_ns = e->time_ns;
	return e;
}

/* ---- For tests --------------------------------------------------------- */

static const char *event_check(const struct event_queue *q, const struct event *e)
{
	bool is_due = (q->due0[event_rank(q, e) >> 6] >> (event_rank(q, e) & SLOT_MASK) & 1) != 0;
	uint32_t level;

	if (is_due != (e->place == EVENT_DUE))
		return "a node is in the due set where, and only where, it says so";
	if (e->place == EVENT_IDLE)
		return NULL;
	if (e->time_ns < q->base_ns)
		return "no pending node is earlier than the last event taken";
	if (is_due != (e->time_ns == q->base_ns))
		return "a node is due where, and only where, its time is now";
	if (is_due)
		return NULL;
	level = e->place >> SLOT_BITS;
	if ((e->time_ns ^ q->base_ns) >> (level * SLOT_BITS) >> SLOT_BITS != 0 ||
	    (e->time_ns >> (level * SLOT_BITS) & SLOT_MASK) != (e->place & SLOT_MASK))
		return "a node lies where the digits of its time say";
	if ((q->slots[level] >> (e->place & SLOT_MASK) & 1) == 0 || *e->link != e)
		return "a pending node hangs in its slot, whose bit is set";
	return NULL;
}

const char *event_queue_check(const struct event_queue *q)
{
	const char *broken;
	uint32_t i;

	for (i = 0; i < q->first_rank[EVENT_KIND_COUNT]; i++) {
		broken = q->by_rank[i] == NULL ? NULL : event_check(q, q->by_rank[i]);
		if (broken != NULL)
			return broken;
	}
	for (i = 0; i < EVENT_LEVELS * 64u; i++)
		if ((q->slot[i] != NULL) != ((q->slots[i >> SLOT_BITS] >> (i & SLOT_MASK) & 1) != 0))
			return "a bit is set where, and only where, a slot holds a node";
	return NULL;
}
