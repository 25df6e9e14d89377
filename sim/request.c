/* SPDX-License-Identifier: BSD-2-Clause */
#include "request.h"
#include "allocate.h"

#include <assert.h>
#include <stdlib.h>

#define SIZE_FIRST 16u

void request_queue_free(struct request_queue *q)
{
	free(q->ring);
	q->ring = NULL;
	q->size = q->first = q->count = 0;
}

static void request_grow(struct request_queue *q)
{
	uint32_t size = q->size == 0 ? SIZE_FIRST : 2 * q->size, i;
	struct request *ring = allocate(size, sizeof *ring);

	assert(q->size < UINT32_MAX / 2);
	for (i = 0; i < q->count; i++)
		ring[i] = *request_at(q, i);
	free(q->ring);
	q->ring = ring;
	q->size = size;
	q->first = 0;
}

void request_push(struct request_queue *q, const struct request *request)
{
	if (q->count == q->size)
		request_grow(q);
	q->count++;
	*request_at(q, q->count - 1) = *request;
}

void request_push_back(struct request_queue *q, const struct request *request)
{
	if (q->count == q->size)
		request_grow(q);
	q->first = (q->first + q->size - 1) & (q->size - 1);
	q->count++;
	*request_at(q, 0) = *request;
}

struct request request_pop(struct request_queue *q)
{
	struct request request;

	assert(q->count != 0);
	request = *request_at(q, 0);
	q->first = (q->first + 1) & (q->size - 1);
	q->count--;
	return request;
}
