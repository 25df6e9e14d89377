/* SPDX-License-Identifier: BSD-2-Clause */
#include "heap.h"

/* Let the link that held `old` (below `parent`, or the root) hold `n`. */
static void heap_relink(struct heap *h, struct heap_node *parent, const struct heap_node *old,
                        struct heap_node *n)
{
	if (parent == NULL)
		h->root = n;
	else if (parent->left == old)
		parent->left = n;
	else
		parent->right = n;
	if (n != NULL)
		n->parent = parent;
}

/* Let p and its child c change places. */
static void heap_swap(struct heap *h, struct heap_node *p, struct heap_node *c)
{
	struct heap_node *left = c->left, *right = c->right, *sibling;

	heap_relink(h, p->parent, p, c);
	if (p->left == c) {
		sibling = p->right;
		c->left = p;
		c->right = sibling;
	} else {
		sibling = p->left;
		c->left = sibling;
		c->right = p;
	}
	if (sibling != NULL)
		sibling->parent = c;
	p->parent = c;
	p->left = left;
	p->right = right;
	if (left != NULL)
		left->parent = p;
	if (right != NULL)
		right->parent = p;
}

static void heap_up(struct heap *h, struct heap_node *n)
{
	while (n->parent != NULL && heap_is_before(n, n->parent))
		heap_swap(h, n->parent, n);
}

static void heap_down(struct heap *h, struct heap_node *n)
{
	for (;;) {
		struct heap_node *least = n->left;

		if (least == NULL)
			return;
		if (n->right != NULL && heap_is_before(n->right, least))
			least = n->right;
		if (!heap_is_before(least, n))
			return;
		heap_swap(h, n, least);
	}
}

/* The node of number `i`, or for the first free number its parent: from the
 * root down by the bits of i below the highest, without the `skip` lowest. */
static struct heap_node *heap_at(const struct heap *h, uint32_t i, unsigned skip)
{
	struct heap_node *n = h->root;
	int bit = 30 - __builtin_clz(i);

	for (; bit >= (int)skip; bit--)
		n = (i >> bit & 1u) != 0 ? n->right : n->left;
	return n;
}

void ration_heap__insert(struct heap *h, struct heap_node *n, uint64_t key)
{
	uint32_t i = ++h->count;

	n->key = key;
	n->left = n->right = NULL;
	n->parent = i == 1 ? NULL : heap_at(h, i, 1);
	if (n->parent == NULL)
		h->root = n;
	else if ((i & 1u) != 0)
		n->parent->right = n;
	else
		n->parent->left = n;
	heap_up(h, n);
}

void ration_heap__remove(struct heap *h, struct heap_node *n)
{
	struct heap_node *last = heap_at(h, h->count, 0);

	heap_relink(h, last->parent, last, NULL);
	h->count--;
	if (last != n) {
		heap_relink(h, n->parent, n, last);
		last->left = n->left;
		last->right = n->right;
		if (last->left != NULL)
			last->left->parent = last;
		if (last->right != NULL)
			last->right->parent = last;
		heap_up(h, last);
		heap_down(h, last);
	}
	n->parent = n->left = n->right = NULL;
}

const char *ration_heap__check(const struct heap *h)
{
	if ((h->count == 0) != (h->root == NULL))
		return "heap: the root is missing, or one too many";
	if (h->root != NULL && h->root->parent != NULL)
		return "heap: the root has a parent";
	for (uint32_t i = 1; i <= h->count; i++) {
		const struct heap_node *n = heap_at(h, i, 0);

		if (n == NULL)
			return "heap: the tree is not complete";
		if ((n->left != NULL) != (2 * (uint64_t)i <= h->count) ||
		    (n->right != NULL) != (2 * (uint64_t)i + 1 <= h->count))
			return "heap: the tree is not complete";
		if ((n->left != NULL && n->left->parent != n) ||
		    (n->right != NULL && n->right->parent != n))
			return "heap: a parent link does not point back";
		if (n->parent != NULL && heap_is_before(n, n->parent))
			return "heap: a node comes before its parent";
	}
	return NULL;
}
