/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.h - a circular doubly linked list whose nodes live in their owners.
 *
 * Invariants: 1. n->next->prev == n and n->prev->next == n for every node.
 * 2. A node that is in no list has next == NULL (zeroed memory will do).
 * Every operation is O(1).
 */
#ifndef LIST_H
#define LIST_H

#include "ration_types.h"

struct list_node {
	struct list_node *next, *prev;
};

/* The head is a node of its own; an empty list points at itself. */
static inline void list_init(struct list_node *head)
{
	head->next = head->prev = head;
}

static inline bool list_is_empty(const struct list_node *head)
{
	return head->next == head;
}

static inline bool list_is_linked(const struct list_node *n)
{
	return n->next != NULL;
}

/* Insert n before `at`: with the head as `at`, at the tail. */
static inline void list_insert(struct list_node *at, struct list_node *n)
{
	n->next = at;
	n->prev = at->prev;
	at->prev->next = n;
	at->prev = n;
}

static inline void list_remove(struct list_node *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->next = n->prev = NULL;
}

#endif
