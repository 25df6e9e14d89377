/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request.h - requests to a server, and the work that dom0 does on their way.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "ration_types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct domain;
struct vcpu;

struct request {
	ration_ns arrival_ns;
	ration_ns work_ns;       /* of the server, left */
	ration_ns help_ns;       /* of dom0, left */
	ration_ns cpu_ns;        /* of dom0, spent on it so far */
	struct domain *dom;      /* for whom; NULL: it has left */
	struct vcpu *vcpu;       /* wake this one after the help; NULL: a request */
};

/* First in, first out: a ring that grows by doubling.  Zeroed memory is an
 * empty queue. */
struct request_queue {
	struct request *ring;
	uint32_t size;           /* 0 or a power of two */
	uint32_t first, count;
};

void request_queue_free(struct request_queue *q);

/* At the tail; or, for one that was begun with, back at the head.  O(1) amortised. */
void request_push(struct request_queue *q, const struct request *request);
void request_push_back(struct request_queue *q, const struct request *request);

/* The oldest one.  The queue is not empty.  O(1). */
struct request request_pop(struct request_queue *q);

/* Number i from the head, i < count. */
static inline struct request *request_at(const struct request_queue *q, uint32_t i)
{
	return &q->ring[(q->first + i) & (q->size - 1)];
}

#ifdef __cplusplus
}
#endif
#endif
