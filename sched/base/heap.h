/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heap.h - a binary heap of nodes that live in their owners: least key first.
 *
 * The shape is that of an array heap, with links in place of indices, so that
 * nothing is allocated and any node can be removed: node number i (from 1, in
 * level order) is found by the bits of i.  Ties go to the node that lies lower
 * in memory; owners in one array thus come out in index order.
 *
 * Invariants, in the order of heap_check():
 *  1. The tree is complete: levels are full, the last from the left.
 *  2. A child's parent link points back.
 *  3. No node comes before its parent.
 * Cost: first O(1); insert and remove O(log n), at most 32 levels.
 */
#ifndef HEAP_H
#define HEAP_H

#include "ration_types.h"

struct heap_node {
	struct heap_node *parent, *left, *right;
	uint64_t key;
};

struct heap {
	struct heap_node *root;        /* zeroed memory is an empty heap */
	uint32_t count;
};

static inline struct heap_node *heap_first(const struct heap *h)
{
	return h->root;
}

/* Is key a before key b?  Keys may wrap, as virtual times do: any two of one
 * heap lie within 2^63 of each other, as all times and NEVER / 2 do. */
static inline bool heap_key_is_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/* Does a come out before b? */
static inline bool heap_is_before(const struct heap_node *a, const struct heap_node *b)
{
	return heap_key_is_before(a->key, b->key) || (a->key == b->key && a < b);
}

/* Insert n, which is in no heap, under `key`. */
void ration_heap__insert(struct heap *h, struct heap_node *n, uint64_t key);

/* Remove n, which is in h. */
void ration_heap__remove(struct heap *h, struct heap_node *n);

/* NULL, or the first broken invariant.  O(n). */
const char *ration_heap__check(const struct heap *h);

#endif
