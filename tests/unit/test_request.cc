/* SPDX-License-Identifier: BSD-2-Clause */
#include "request.h"

#include <gtest/gtest.h>

#include <deque>

namespace {

request of(ration_ns arrival_ns)
{
	request r = {};

	r.arrival_ns = arrival_ns;
	return r;
}

TEST(Request, FirstInFirstOut)
{
	request_queue q = {};

	for (ration_ns i = 0; i < 100; i++) {
		request r = of(i);
		request_push(&q, &r);
	}
	for (ration_ns i = 0; i < 100; i++)
		EXPECT_EQ(request_pop(&q).arrival_ns, i);
	EXPECT_EQ(q.count, 0u);
	request_queue_free(&q);
}

TEST(Request, AgreesWithADequeWhileItGrowsAndWraps)
{
	request_queue q = {};
	std::deque<ration_ns> expected;
	uint64_t state = 1;

	for (ration_ns i = 0; i < 20000; i++) {
		request r = of(i);

		state = state * 6364136223846793005u + 1442695040888963407u;
		switch (state >> 62) {
		case 0:
			request_push_back(&q, &r);
			expected.push_front(i);
			break;
		case 1:
			request_push(&q, &r);
			expected.push_back(i);
			break;
		default:
			if (expected.empty())
				break;
			ASSERT_EQ(request_pop(&q).arrival_ns, expected.front());
			expected.pop_front();
		}
		ASSERT_EQ(q.count, expected.size());
		if (!expected.empty()) {
			ASSERT_EQ(request_at(&q, q.count - 1)->arrival_ns, expected.back());
		}
	}
	request_queue_free(&q);
}

}
