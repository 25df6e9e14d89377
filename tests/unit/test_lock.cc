/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lock.cc - ration_lock.h: one at a time, and in the order of asking. */
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "ration_lock.h"

namespace {

TEST(Lock, OneAtATime)
{
	ration_lock lock = {};
	long counter = 0, others = 0;
	bool inside = false;
	auto count = [&] {
		for (int i = 0; i < 20000; i++) {
			ration_lock_take(&lock);
			others += inside;
			inside = true;
			counter = counter + 1;
			inside = false;
			ration_lock_release(&lock);
			/* With more threads than CPUs the one whose turn it is may not run. */
			std::this_thread::yield();
		}
	};
	std::thread a(count), b(count);
	a.join(), b.join();
	EXPECT_EQ(40000, counter);
	EXPECT_EQ(0, others);
	EXPECT_EQ(40000u, lock.next);
	EXPECT_EQ(40000u, lock.serving);
}

/* Three ask while it is held, one after the other; also where tickets wrap. */
TEST(Lock, InTheOrderOfAsking)
{
	for (uint32_t first : {0u, UINT32_MAX, UINT32_MAX - 1}) {
		ration_lock lock = {first, first};
		std::vector<int> order;
		std::vector<std::thread> threads;
		ration_lock_take(&lock);
		for (uint32_t i = 0; i < 3; i++) {
			threads.emplace_back([&lock, &order, i] {
				ration_lock_take(&lock);
				order.push_back(int(i));
				ration_lock_release(&lock);
			});
			while (__atomic_load_n(&lock.next, __ATOMIC_RELAXED) != first + 2 + i)
				std::this_thread::yield();
		}
		EXPECT_TRUE(order.empty());
		ration_lock_release(&lock);
		for (std::thread &t : threads)
			t.join();
		EXPECT_EQ((std::vector<int>{0, 1, 2}), order);
	}
}

}
