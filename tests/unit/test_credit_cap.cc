// SPDX-License-Identifier: BSD-2-Clause
//
// credit: caps, bursts, refills, in virtual time.
#include <gtest/gtest.h>

#include <algorithm>

#include "host.h"

namespace {

// What d gets in each whole second: the least and the most.
struct Windows {
	ration_ns least = RATION_NEVER, most = 0;

	Windows(Host &h, const ration_dom *d, int count, ration_ns window = S)
	{
		for (int i = 0; i < count; i++) {
			ration_ns before = h.ledger(d).running_ns;
			h.run_for(window);
			ration_ns got = h.ledger(d).running_ns - before;
			least = std::min(least, got);
			most = std::max(most, got);
		}
	}
};

TEST(credit_cap, alone_a_hog_gets_its_cap_in_every_second)
{
	for (uint32_t cap : {1u, 5u, 10u, 25u, 50u, 75u, 90u, 99u}) {
		Host h(host_of(1, {&ration_credit}));
		ration_vcpu *a = h.hog(attr_of(256, cap));
		Windows w(h, ration_vcpu_dom(a), 10);
		EXPECT_EQ(cap * 10 * MS, w.most) << "cap " << cap;
		EXPECT_EQ(cap * 10 * MS, w.least) << "cap " << cap;
	}
}

TEST(credit_cap, contended_it_gets_no_more_than_its_cap_in_any_second)
{
	for (uint32_t cap : {5u, 25u, 40u}) {
		Host h(host_of(1, {&ration_credit}));
		ration_vcpu *a = h.hog(attr_of(256, cap));
		h.hog(), h.hog();                    // due a third: 33 %
		h.run_for(S);
		Windows w(h, ration_vcpu_dom(a), 10);
		EXPECT_LE(w.most, std::min(cap * 10 * MS + 5 * MS, S / 3 + 60 * MS)) << "cap " << cap;
		EXPECT_GE(w.least, std::min(cap * 10 * MS - 5 * MS, S / 3 - 60 * MS)) << "cap " << cap;
	}
}

TEST(credit_cap, of_several_vcpus_holds_for_their_sum)
{
	Host h(host_of(4, {&ration_credit}));
	ration_dom *d = h.dom(attr_of(256, 250));
	std::vector<ration_vcpu *> v;
	for (int i = 0; i < 4; i++) {
		v.push_back(h.vcpu(d));
		h.wake(v.back());
	}
	Windows w(h, d, 10);
	EXPECT_LE(w.most, 2500 * MS);
	EXPECT_GE(w.least, 2490 * MS);
	for (ration_vcpu *u : v)                     // and they share it
		EXPECT_LT(2300 * MS, h.got(u)) << h.name(u);
	EXPECT_EQ(nullptr, ration_check(h.r));
}

// cocoon#204: a cap shared with helper threads froze every vCPU of the VM.
TEST(credit_cap, many_vcpus_under_a_small_cap_all_run_and_none_is_frozen)
{
	Host h(host_of(8, {&ration_credit}));
	ration_dom *d = h.dom(attr_of(256, 50));
	std::vector<ration_vcpu *> v;
	for (int i = 0; i < 8; i++) {
		v.push_back(h.vcpu(d));
		h.wake(v.back());
	}
	h.run_until(10 * S);
	EXPECT_LE(h.ledger(d).running_ns, 5005 * MS);
	EXPECT_GE(h.ledger(d).running_ns, 4995 * MS);
	for (ration_vcpu *u : v)
		EXPECT_LT(500 * MS, h.got(u)) << h.name(u);
}

TEST(credit_cap, no_vcpu_stands_still_for_more_than_a_period_by_its_cap)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(256, 10));
	ration_ns stood = 0, longest = 0, had = 0;
	for (int i = 0; i < 20000; i++) {
		h.run_for(100 * US);
		stood = h.got(a) == had ? stood + 100 * US : 0;
		longest = std::max(longest, stood);
		had = h.got(a);
	}
	EXPECT_LE(longest, 9 * MS);
	EXPECT_EQ(200 * MS, had);
}

TEST(credit_cap, sleeping_saves_nothing_without_burst)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.vcpu(h.dom(attr_of(256, 20)));
	h.run_until(5 * S);
	h.wake(a);
	Windows w(h, ration_vcpu_dom(a), 3);
	EXPECT_LE(w.most, 202 * MS);
}

TEST(credit_cap, what_is_left_unused_is_saved_up_to_the_burst)
{
	Host h(host_of(1, {&ration_credit}));
	ration_attr attr = attr_of(256, 20);
	attr.burst_ns = 100 * MS;
	ration_vcpu *a = h.vcpu(h.dom(attr));
	h.wake(a);
	h.run_until(1 * S);
	EXPECT_EQ(200 * MS, h.got(a)) << "nothing was saved up yet";
	h.block(h.on(0) == a ? a : (h.run_until(1010 * MS), a));
	h.run_until(3 * S);                          // saves 20 % of 2 s: cut at 100 ms
	ration_ns before = h.got(a);
	h.wake(a);
	h.run_for(100 * MS);
	EXPECT_EQ(100 * MS, h.got(a) - before) << "at full speed as long as it lasts";
	h.run_for(900 * MS);
	EXPECT_GE(h.got(a) - before, 298 * MS);
	EXPECT_LE(h.got(a) - before, 303 * MS);
	before = h.got(a);
	h.run_for(1 * S);
	EXPECT_EQ(200 * MS, h.got(a) - before) << "and then the cap again";
}

// Burning one period's budget at its end and the next one's at its beginning.
TEST(credit_cap, over_any_window_it_is_the_cap_and_one_budget_more)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.vcpu(h.dom(attr_of(256, 30)));
	std::vector<ration_ns> got;
	uint64_t draw = 1;
	for (int i = 0; i < 4000; i++) {             // wakes and blocks as it likes
		draw = draw * 6364136223846793005ULL + 1;
		if (h.on(0) == a && (draw >> 33) % 3 == 0)
			h.block(a);
		else
			h.wake(a);
		h.run_for(MS);
		got.push_back(h.got(a));
	}
	for (size_t span : {10u, 50u, 100u, 1000u})
		for (size_t i = span; i < got.size(); i++)
			ASSERT_LE(got[i] - got[i - span], 3 * MS * (span / 10) + 3 * MS)
				<< span << " ms up to " << i;
}

TEST(credit_cap, helper_work_is_paid_from_the_budget)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(256, 50));
	for (int i = 0; i < 500; i++) {
		h.run_for(20 * MS);
		h.charge(ration_vcpu_dom(a), 4 * MS); // 20 % of a CPU, outside
	}
	EXPECT_LE(h.got(a), 3010 * MS);
	EXPECT_GE(h.got(a), 2970 * MS);
}

TEST(credit_cap, a_cap_set_on_a_running_vcpu_holds_at_once)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog();
	h.run_until(7 * MS);
	EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), attr_of(256, 20)));
	ration_ns before = h.got(a);
	h.run_for(10 * MS);
	EXPECT_EQ(2 * MS, h.got(a) - before);
	before = h.got(a);
	h.run_for(1 * S);
	EXPECT_EQ(200 * MS, h.got(a) - before);
}

TEST(credit_cap, a_cap_taken_away_frees_who_is_held_at_once)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(256, 10));
	h.run_until(5 * MS);
	ASSERT_EQ(RATION_WAIT_CAP, h.info(a).cause);
	EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), attr_of(256, 0)));
	EXPECT_EQ(a, h.on(0));
	h.run_for(1 * S);
	EXPECT_EQ(1001 * MS, h.got(a));
	EXPECT_EQ(RATION_NEVER, h.expire_at());
}

TEST(credit_cap, a_cap_that_changes_while_held_or_running)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(256, 10));
	h.run_until(5 * MS);                         // held until 10
	EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), attr_of(256, 60)));
	h.run_until(10 * MS);
	ration_ns before = h.got(a);
	h.run_for(1 * S);
	EXPECT_EQ(600 * MS, h.got(a) - before);
	h.run_until(1012 * MS);
	ASSERT_EQ(a, h.on(0));                       // it runs, granted 6 ms
	EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), attr_of(256, 10)));
	h.run_until(1020 * MS);
	before = h.got(a);
	h.run_for(1 * S);
	EXPECT_LE(h.got(a) - before, 100 * MS);
	EXPECT_GE(h.got(a) - before, 96 * MS);
}

// Flipping the cap renews nothing.
TEST(credit_cap, setting_the_same_cap_over_and_over_gives_nothing)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(256, 20));
	for (int i = 0; i < 2000; i++) {
		h.run_for(500 * US);
		EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), attr_of(256 + uint32_t(i % 2), 20)));
	}
	EXPECT_LE(h.got(a), 202 * MS);
	EXPECT_GE(h.got(a), 198 * MS);
}

TEST(credit_cap, held_vcpus_are_paused_pinned_removed_and_lose_their_cpu)
{
	Host h(host_of(2, {&ration_credit}));
	ration_dom *d = h.dom(attr_of(256, 10));
	ration_vcpu *v[4];
	for (auto &u : v) {
		u = h.vcpu(d, 1);
		h.wake(u);
	}
	h.run_until(5 * MS);
	for (ration_vcpu *u : v)
		ASSERT_EQ(RATION_WAIT_CAP, h.info(u).cause);
	h.pause(v[0]);
	EXPECT_EQ(RATION_STATE_DOWN, h.info(v[0]).state);
	h.pin(v[1], 2);
	EXPECT_EQ(RATION_WAIT_CAP, h.info(v[1]).cause);
	EXPECT_EQ(RATION_OK, h.leave(v[2]));
	h.cpu_down(0);
	EXPECT_EQ(RATION_WAIT_OFFLINE, h.info(v[3]).cause);
	h.cpu_up(0);
	EXPECT_EQ(RATION_WAIT_CAP, h.info(v[3]).cause);
	h.resume(v[0]);
	EXPECT_EQ(RATION_WAIT_CAP, h.info(v[0]).cause);
	h.run_until(1005 * MS);
	EXPECT_EQ(nullptr, ration_check(h.r));
	EXPECT_LE(h.ledger(d).running_ns, 101 * MS);
	EXPECT_GE(h.ledger(d).running_ns, 99 * MS);
}

// An expire that comes late, or many at once, gives no more than the cap.
TEST(credit_cap, late_refills_give_no_more_and_no_less)
{
	Host h(host_of(1, {&ration_credit}, true));
	ration_vcpu *a = h.hog(attr_of(256, 20));
	ration_ns got = 0;
	h.decide(0), h.saved(0);
	for (int i = 0; i < 100; i++) {              // the host sleeps for 35 ms each time
		h.now += 2 * MS;
		h.decide(0);
		if (h.last.switched)
			h.saved(0);
		h.now += 33 * MS;
		for (int calls = 0; h.expire_at() <= h.now; calls++) {
			ASSERT_LT(calls, 10);
			h.expire();
		}
		h.decide(0);
		if (h.last.switched)
			h.saved(0);
	}
	got = h.got(a);
	EXPECT_LE(got, 100 * 7 * MS + 2 * MS);
	EXPECT_GE(got, 100 * 2 * MS);
}

// Its CPU is late, and a refill finds the budget full while the debt is not charged
// yet: the gate that shuts when it is still opens again.
TEST(credit_cap, a_debt_after_a_late_slice_is_paid_off)
{
	Host h(host_of(1, {&ration_credit}, true));
	ration_vcpu *a = h.vcpu(h.dom(attr_of(256, 35)));
	h.wake(a);
	ASSERT_EQ(a, h.decide(0));
	h.saved(0);
	h.now = 10 * MS;
	h.expire();
	h.now = 16 * MS;
	h.block(a);
	ASSERT_EQ(nullptr, h.decide(0));
	h.saved(0);
	h.wake(a);
	ASSERT_EQ(RATION_WAIT_CAP, h.info(a).cause);
	while (h.info(a).cause == RATION_WAIT_CAP) {
		ASSERT_NE(RATION_NEVER, h.expire_at()) << "it is held for ever";
		h.now = std::max(h.now, h.expire_at());
		ASSERT_LE(h.now, 60 * MS) << "16 ms at 35 % are paid in 50";
		h.expire();
	}
	EXPECT_EQ(a, h.decide(0));
}

TEST(credit_cap, the_refill_grid_does_not_drift)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(256, 33));
	h.hog(), h.hog();
	h.run_until(100 * S);
	int on_grid = 0;
	for (ration_ns end = h.now + 30 * MS; h.now < end; ) {
		h.run_until(std::min(h.expire_at(), end));
		on_grid += h.now % (10 * MS) == 0;
	}
	EXPECT_EQ(3, on_grid) << "armed at 0, every 10 ms";
	EXPECT_LE(h.got(a), 33010 * MS);
	EXPECT_GE(h.got(a), 32900 * MS);
}

}  // namespace
