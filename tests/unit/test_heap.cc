/* SPDX-License-Identifier: BSD-2-Clause */
/* test_heap.cc - sched/base/heap.h, against std::set as the model. */
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <utility>
#include <vector>

extern "C" {
#include "heap.h"
}

namespace {

std::vector<uint64_t> drain(struct heap *h)
{
	std::vector<uint64_t> keys;

	while (heap_first(h)) {
		struct heap_node *n = heap_first(h);

		keys.push_back(n->key);
		ration_heap__remove(h, n);
		EXPECT_EQ(ration_heap__check(h), nullptr);
	}
	return keys;
}

TEST(heap, zeroed_heap_is_empty)
{
	struct heap h = {};

	EXPECT_EQ(heap_first(&h), nullptr);
	EXPECT_EQ(ration_heap__check(&h), nullptr);
}

TEST(heap, every_order_of_seven_keys_comes_out_sorted)
{
	/* Keys wrap: what lies less than 2^63 before comes out before. */
	const std::vector<uint64_t> sorted = {UINT64_MAX - 1, UINT64_MAX, 0, 1, 2, 2, 3};
	std::vector<uint64_t> keys = {0, 1, 2, 2, 3, UINT64_MAX - 1, UINT64_MAX};

	do {
		struct heap h = {};
		struct heap_node node[7] = {};

		for (size_t i = 0; i < keys.size(); i++) {
			ration_heap__insert(&h, &node[i], keys[i]);
			ASSERT_EQ(ration_heap__check(&h), nullptr);
			ASSERT_EQ(h.count, i + 1);
		}
		ASSERT_EQ(drain(&h), sorted);
		ASSERT_EQ(h.count, 0u);
	} while (std::next_permutation(keys.begin(), keys.end()));
}

TEST(heap, equal_keys_come_out_in_index_order)
{
	struct heap h = {};
	struct heap_node node[32] = {};

	for (size_t i = 0; i < 32; i++)
		ration_heap__insert(&h, &node[(i * 7) % 32], 5);
	for (size_t i = 0; i < 32; i++) {
		EXPECT_EQ(heap_first(&h), &node[i]);
		ration_heap__remove(&h, heap_first(&h));
	}
}

/* Remove each position of heaps of each size: the hole is filled by the last
 * node, which may have to rise or to sink. */
TEST(heap, any_node_can_be_removed)
{
	std::mt19937_64 random(3);

	for (size_t count = 1; count <= 33; count++) {
		for (size_t victim = 0; victim < count; victim++) {
			struct heap h = {};
			std::vector<struct heap_node> node(count);
			std::vector<uint64_t> rest;

			for (size_t i = 0; i < count; i++)
				ration_heap__insert(&h, &node[i], random() % 100);
			ration_heap__remove(&h, &node[victim]);
			ASSERT_EQ(ration_heap__check(&h), nullptr) << count << " less " << victim;
			for (size_t i = 0; i < count; i++)
				if (i != victim)
					rest.push_back(node[i].key);
			std::sort(rest.begin(), rest.end());
			ASSERT_EQ(drain(&h), rest) << count << " less " << victim;
		}
	}
}

TEST(heap, agrees_with_std_set_over_random_changes)
{
	std::mt19937_64 random(2);
	std::vector<struct heap_node> node(200);
	std::vector<bool> in(node.size());
	std::set<std::pair<uint64_t, struct heap_node *>> model;
	struct heap h = {};

	for (int step = 0; step < 20000; step++) {
		size_t i = random() % node.size();

		if (in[i]) {
			model.erase({node[i].key, &node[i]});
			ration_heap__remove(&h, &node[i]);
		} else {
			uint64_t key = random() % 50;

			ration_heap__insert(&h, &node[i], key);
			model.insert({key, &node[i]});
		}
		in[i] = !in[i];
		ASSERT_EQ(h.count, model.size());
		ASSERT_EQ(heap_first(&h), model.empty() ? nullptr : model.begin()->second) << step;
		if (step % 16 == 0) {
			ASSERT_EQ(ration_heap__check(&h), nullptr) << step;
		}
	}
}

TEST(heap, check_names_what_is_broken)
{
	struct heap h = {};
	struct heap_node node[4] = {};

	for (size_t i = 0; i < 4; i++)
		ration_heap__insert(&h, &node[i], i);
	ASSERT_EQ(ration_heap__check(&h), nullptr);

	node[3].key = 0;
	node[1].key = 9;
	EXPECT_NE(ration_heap__check(&h), nullptr) << "a child comes before its parent";
	node[1].key = 1;
	node[3].key = 3;
	ASSERT_EQ(ration_heap__check(&h), nullptr);

	std::swap(node[1].parent, node[3].parent);
	EXPECT_NE(ration_heap__check(&h), nullptr) << "a parent link points elsewhere";
	std::swap(node[1].parent, node[3].parent);
	ASSERT_EQ(ration_heap__check(&h), nullptr);

	h.count = 5;
	EXPECT_NE(ration_heap__check(&h), nullptr) << "a node is missing";
	h.count = 3;
	EXPECT_NE(ration_heap__check(&h), nullptr) << "a node too many";
}

} // namespace
