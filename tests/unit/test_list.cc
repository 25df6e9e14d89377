/* SPDX-License-Identifier: BSD-2-Clause */
/* test_list.cc - sched/base/list.h. */
#include <gtest/gtest.h>

#include <iterator>
#include <list>
#include <random>
#include <vector>

extern "C" {
#include "list.h"
}

namespace {

struct item {
	struct list_node node;
	int value;
};

/* The values in order of the next links, after checking that the prev links agree. */
std::vector<int> values(struct list_node *head)
{
	std::vector<int> out;

	for (struct list_node *n = head->next; n != head; n = n->next) {
		EXPECT_EQ(n->next->prev, n);
		EXPECT_EQ(n->prev->next, n);
		EXPECT_TRUE(list_is_linked(n));
		out.push_back(reinterpret_cast<struct item *>(n)->value);
	}
	return out;
}

TEST(list, new_list_is_empty)
{
	struct list_node head;

	list_init(&head);
	EXPECT_TRUE(list_is_empty(&head));
	EXPECT_EQ(values(&head), std::vector<int>());
}

TEST(list, zeroed_node_is_in_no_list)
{
	struct item a = {};

	EXPECT_FALSE(list_is_linked(&a.node));
}

TEST(list, insert_before_head_is_at_the_tail)
{
	struct list_node head;
	struct item a = {{}, 1}, b = {{}, 2}, c = {{}, 3};

	list_init(&head);
	list_insert(&head, &a.node);
	EXPECT_FALSE(list_is_empty(&head));
	list_insert(&head, &b.node);
	list_insert(&head, &c.node);
	EXPECT_EQ(values(&head), (std::vector<int>{1, 2, 3}));
}

TEST(list, insert_before_first_is_at_the_front)
{
	struct list_node head;
	struct item a = {{}, 1}, b = {{}, 2};

	list_init(&head);
	list_insert(&head, &a.node);
	list_insert(head.next, &b.node);
	EXPECT_EQ(values(&head), (std::vector<int>{2, 1}));
}

TEST(list, removed_node_is_unlinked_and_can_come_back)
{
	struct list_node head;
	struct item a = {{}, 1}, b = {{}, 2}, c = {{}, 3};

	list_init(&head);
	list_insert(&head, &a.node);
	list_insert(&head, &b.node);
	list_insert(&head, &c.node);
	list_remove(&b.node);
	EXPECT_FALSE(list_is_linked(&b.node));
	EXPECT_EQ(values(&head), (std::vector<int>{1, 3}));
	list_insert(&head, &b.node);
	EXPECT_EQ(values(&head), (std::vector<int>{1, 3, 2}));
	list_remove(&a.node);
	list_remove(&b.node);
	list_remove(&c.node);
	EXPECT_TRUE(list_is_empty(&head));
}

TEST(list, agrees_with_std_list_over_random_changes)
{
	std::mt19937 random(1);
	std::vector<struct item> items(20);
	std::list<int> model;
	struct list_node head;

	list_init(&head);
	for (int i = 0; i < 20; i++)
		items[static_cast<size_t>(i)] = {{}, i};
	for (int step = 0; step < 2000; step++) {
		struct item &it = items[random() % items.size()];

		if (list_is_linked(&it.node)) {
			list_remove(&it.node);
			model.remove(it.value);
		} else {
			size_t before = random() % (model.size() + 1);
			struct list_node *at = head.next;

			for (size_t i = 0; i < before; i++)
				at = at->next;
			list_insert(at, &it.node);
			model.insert(std::next(model.begin(), static_cast<long>(before)), it.value);
		}
		ASSERT_EQ(values(&head), std::vector<int>(model.begin(), model.end())) << step;
	}
}

} // namespace
