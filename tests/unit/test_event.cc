/* SPDX-License-Identifier: BSD-2-Clause */
/* The event queue against a sorted set, over seeded random sequences. */
#include "event.h"
#include "random.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>
#include <vector>

namespace {

using Key = std::tuple<ration_ns, uint32_t, uint32_t>;   /* time, kind, id */

Key key_of(const event &e)
{
	return Key(e.time_ns, e.kind, e.id);
}

struct Queue {
	event_queue q;
	std::vector<event> node;

	explicit Queue(std::vector<uint32_t> count)
	{
		size_t total = 0, at = 0;

		for (uint32_t n : count)
			total += n;
		node.resize(total);
		EXPECT_TRUE(event_queue_init(&q, count.data()));
		for (uint32_t kind = 0; kind < EVENT_KIND_COUNT; kind++)
			for (uint32_t id = 0; id < count[kind]; id++)
				event_init(&q, &node[at++], static_cast<event_kind>(kind), id);
	}
	~Queue() { event_queue_free(&q); }
};

/* What a simulation arms: mostly near, often at one instant, rarely far away. */
ration_ns draw_delay(uint64_t &state)
{
	uint64_t r = random_splitmix(&state);

	switch (r % 8) {
	case 0: return 0;
	case 1: return r >> 8 & 3;
	case 2: return 10000000;
	case 3: return (r >> 8) % 70;
	case 4: return (r >> 8) % 5000;
	case 5: return r >> 8 & ((1ull << 45) - 1);
	default: return (r >> 8) % 2000000;
	}
}

void compare_with_set(uint64_t seed, std::vector<uint32_t> count, int steps)
{
	Queue w(count);
	std::set<Key> expected;
	uint64_t state = seed;

	for (int step = 0; step < steps; step++) {
		event &e = w.node[random_splitmix(&state) % w.node.size()];
		uint64_t what = random_splitmix(&state) % 8;

		ASSERT_TRUE(!event_is_armed(&e) || expected.count(key_of(e)) == 1);
		if (what < 4) {
			if (event_is_armed(&e))
				expected.erase(key_of(e));
			event_arm(&w.q, &e, w.q.base_ns + draw_delay(state));
			expected.insert(key_of(e));
		} else if (what == 4) {
			if (event_is_armed(&e))
				expected.erase(key_of(e));
			event_cancel(&w.q, &e);
		} else {
			event *first = event_next(&w.q);

			ASSERT_EQ(first == nullptr, expected.empty()) << "seed " << seed;
			if (first == nullptr)
				continue;
			ASSERT_EQ(key_of(*first), *expected.begin()) << "seed " << seed << " step " << step;
			ASSERT_FALSE(event_is_armed(first));
			expected.erase(expected.begin());
		}
		if (step % 97 == 0) {
			ASSERT_STREQ(event_queue_check(&w.q), nullptr) << "seed " << seed;
		}
	}
	while (event *first = event_next(&w.q)) {
		ASSERT_EQ(key_of(*first), *expected.begin()) << "seed " << seed;
		expected.erase(expected.begin());
	}
	ASSERT_TRUE(expected.empty());
}

TEST(Event, TakesTheOrderOfASortedSet)
{
	for (uint64_t seed = 1; seed <= 15; seed++) {
		compare_with_set(seed, {1, 1, 1, 1, 1, 3, 1, 1}, 3000);
		compare_with_set(seed, {4, 4, 4, 4, 1, 40, 2, 1}, 6000);
		compare_with_set(seed, {64, 64, 64, 64, 1, 4200, 30, 1}, 6000);
	}
}

TEST(Event, OrdersOneInstantByKindThenId)
{
	Queue w({2, 2, 2, 2, 1, 130, 2, 1});
	std::vector<Key> got;

	for (size_t i = w.node.size(); i-- > 0;)
		event_arm(&w.q, &w.node[i], 1000);
	while (event *e = event_next(&w.q))
		got.push_back(key_of(*e));
	ASSERT_EQ(got.size(), w.node.size());
	for (size_t i = 0; i < got.size(); i++)
		EXPECT_EQ(got[i], Key(1000, w.node[i].kind, w.node[i].id));
}

TEST(Event, ArmedForNowComesBeforeWhatIsLaterInTheOrderOfNow)
{
	Queue w({1, 1, 1, 1, 1, 3, 1, 1});
	event &completion = w.node[0], &wake0 = w.node[5], &wake2 = w.node[7];

	event_arm(&w.q, &wake0, 50);
	event_arm(&w.q, &wake2, 50);
	ASSERT_EQ(event_next(&w.q), &wake0);
	event_arm(&w.q, &completion, 50);
	event_arm(&w.q, &wake0, 50);
	EXPECT_EQ(event_next(&w.q), &completion);
	EXPECT_EQ(event_next(&w.q), &wake0);
	EXPECT_EQ(event_next(&w.q), &wake2);
	EXPECT_EQ(event_next(&w.q), nullptr);
}

TEST(Event, ReachesTheEndOfTime)
{
	Queue w({1, 1, 1, 1, 1, 1, 1, 1});

	event_arm(&w.q, &w.node[0], RATION_TIME_MAX);
	event_arm(&w.q, &w.node[1], RATION_TIME_MAX - 1);
	EXPECT_EQ(event_next(&w.q), &w.node[1]);
	EXPECT_EQ(event_next(&w.q), &w.node[0]);
}

TEST(EventDeath, NeverGoesBack)
{
	Queue w({1, 1, 1, 1, 1, 1, 1, 1});

	event_arm(&w.q, &w.node[0], 10);
	event_next(&w.q);
	EXPECT_DEATH(event_arm(&w.q, &w.node[0], 9), "base_ns");
}

}
