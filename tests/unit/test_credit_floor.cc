// SPDX-License-Identifier: BSD-2-Clause
//
// credit: what a floor guarantees, and how soon who wakes runs.
#include <gtest/gtest.h>

#include <algorithm>

#include "host.h"

namespace {

// `count` hogs of the heaviest weight.
void crowd(Host &h, int count, ration_cpuset hard = RATION_CPUSET_ALL)
{
	for (int i = 0; i < count; i++)
		h.hog(attr_of(RATION_WEIGHT_MAX), hard);
}

TEST(credit_floor, a_light_domain_gets_its_floor_from_heavy_ones)
{
	for (uint32_t floor : {5u, 10u, 25u, 50u, 90u}) {
		Host h(host_of(1, {&ration_credit}));
		ration_vcpu *a = h.hog(attr_of(1, 0, floor));
		crowd(h, 8);
		h.run_for(S);
		for (int i = 0; i < 10; i++) {
			ration_ns before = h.got(a);
			h.run_for(S);
			EXPECT_GE(h.got(a) - before, floor * 10 * MS - 10 * MS) << "floor " << floor;
			EXPECT_LE(h.got(a) - before, floor * 10 * MS + 40 * MS) << "floor " << floor;
		}
	}
}

TEST(credit_floor, every_floor_is_kept_at_once)
{
	Host h(host_of(2, {&ration_credit}));
	const uint32_t floor[] = {50, 40, 30, 20, 20};
	std::vector<ration_vcpu *> v;
	for (uint32_t f : floor)
		v.push_back(h.hog(attr_of(1, 0, f)));
	crowd(h, 6);
	h.run_for(S);
	std::vector<ration_ns> before;
	for (ration_vcpu *u : v)
		before.push_back(h.got(u));
	h.run_for(10 * S);
	for (size_t i = 0; i < v.size(); i++)
		EXPECT_GE(h.got(v[i]) - before[i], floor[i] * 100 * MS - 50 * MS) << "floor " << floor[i];
	EXPECT_EQ(0u, h.books(0).idle_ns + h.books(1).idle_ns);
}

TEST(credit_floor, a_floor_of_several_vcpus_is_for_their_sum)
{
	Host h(host_of(4, {&ration_credit}));
	ration_dom *d = h.dom(attr_of(1, 0, 150));
	for (int i = 0; i < 3; i++)
		h.wake(h.vcpu(d));
	crowd(h, 12);
	h.run_for(S);
	ration_ns before = h.ledger(d).running_ns;
	h.run_for(10 * S);
	EXPECT_GE(h.ledger(d).running_ns - before, 14800 * MS);
}

TEST(credit_floor, what_is_not_wanted_is_left_to_the_others)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.vcpu(h.dom(attr_of(256, 0, 80))), *b = h.hog();
	h.loop(a, 1 * MS, 9 * MS);
	h.wake(a);
	h.run_until(10 * S);
	EXPECT_GE(h.got(b), 8900 * MS);
	EXPECT_EQ(10 * S, h.got(a) + h.got(b));
}

TEST(credit_floor, more_than_the_floor_goes_by_weight)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(256, 0, 10)), *b = h.hog();
	h.run_until(10 * S);
	EXPECT_GE(h.got(a), 4900 * MS) << "half, not a tenth more";
	EXPECT_LE(h.got(a), 5200 * MS);
	EXPECT_GE(h.got(b), 4800 * MS);
}

// Under its floor a vCPU waits for the rate limit at most, whatever the others weigh.
TEST(credit_floor, a_wake_up_under_the_floor_waits_for_the_rate_limit_at_most)
{
	for (ration_ns limit : {0 * MS, 1 * MS, 3 * MS}) {
		HostOptions o = host_of(1, {&ration_credit});
		o.params.ratelimit_ns = limit;
		o.begin_ns = S;                          // the floor has filled
		Host h(o);
		ration_vcpu *a = h.vcpu(h.dom(attr_of(1, 0, 25)));
		h.loop(a, 1 * MS, 7 * MS + 130 * US);    // 12 %
		crowd(h, 6);
		h.wake(a);
		h.run_for(20 * S);
		EXPECT_LE(h.latency_max(a), limit);
		EXPECT_GE(h.got(a), 2000 * MS);
	}
}

TEST(credit_floor, wake_ups_at_one_instant_each_find_their_own_cpu)
{
	Host h(host_of(3, {&ration_credit}));
	ration_vcpu *v[3];
	for (auto &u : v) {
		u = h.vcpu(h.dom(attr_of(1, 0, 30)));
		h.loop(u, 1 * MS, 9 * MS);
	}
	crowd(h, 6);
	h.run_until(5 * MS);
	for (ration_vcpu *u : v)
		h.wake(u);
	h.run_until(2 * S);
	for (ration_vcpu *u : v)
		EXPECT_LE(h.latency_max(u), 1 * MS) << h.name(u);
}

TEST(credit_floor, wake_ups_while_all_are_protected_each_wait_for_their_own_cpu)
{
	HostOptions o = host_of(2, {&ration_credit});
	o.params.ratelimit_ns = 5 * MS;
	o.begin_ns = S;
	Host h(o);
	ration_vcpu *x = h.vcpu(h.dom(attr_of(1, 0, 30))), *y = h.vcpu(h.dom(attr_of(1, 0, 30)));
	crowd(h, 4);
	h.run_for(1 * MS);
	h.wake(x), h.wake(y);
	h.run_for(4 * MS);
	EXPECT_EQ(RATION_STATE_RUNNING, h.info(x).state);
	EXPECT_EQ(RATION_STATE_RUNNING, h.info(y).state);
}

// dom0 of one vCPU with a floor, pinned to a CPU that everybody may use.
TEST(credit_floor, dom0_answers_within_the_rate_limit_under_overcommit)
{
	Host h(host_of(4, {&ration_credit}));
	ration_vcpu *dom0 = h.vcpu(h.dom(attr_of(256, 0, 25)), 1);
	h.loop(dom0, 60 * US, 940 * US);
	crowd(h, 16);
	h.wake(dom0);
	h.run_until(1 * S);
	h.latency_forget(dom0);                      // of the first one: the floor had to fill
	h.run_until(5 * S);
	EXPECT_LE(h.latency_max(dom0), 1 * MS);
}

TEST(credit_floor, a_vcpu_that_waits_gets_its_floor_without_waking)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(1, 0, 20));
	crowd(h, 3);
	h.run_until(1 * S);
	ration_ns stood = 0, longest = 0, had = h.got(a);
	for (int i = 0; i < 20000; i++) {
		h.run_for(100 * US);
		stood = h.got(a) == had ? stood + 100 * US : 0;
		longest = std::max(longest, stood);
		had = h.got(a);
	}
	EXPECT_LE(longest, 10 * MS);
}

TEST(credit_floor, it_holds_from_the_moment_it_is_set_and_ends_when_it_is_taken_away)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(1));
	crowd(h, 4);
	h.run_until(1 * S);
	ration_ns before = h.got(a);
	EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), attr_of(1, 0, 30)));
	h.run_for(1 * S);
	EXPECT_GE(h.got(a) - before, 290 * MS);
	EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), attr_of(1, 0, 0)));
	before = h.got(a);
	h.run_for(1 * S);
	EXPECT_LE(h.got(a) - before, 30 * MS);
	EXPECT_EQ(RATION_NEVER, h.expire_at());
}

TEST(credit_floor, a_cap_holds_above_a_floor)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(60000, 30, 20));
	crowd(h, 4);
	h.run_for(S);
	ration_ns before = h.got(a);
	h.run_for(10 * S);
	EXPECT_GE(h.got(a) - before, 1980 * MS);
	EXPECT_LE(h.got(a) - before, 3005 * MS);
}

TEST(credit_floor, helper_work_uses_it_up)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(1, 0, 20));
	crowd(h, 4);
	h.run_for(S);
	ration_ns before = h.got(a);
	for (int i = 0; i < 1000; i++) {
		h.run_for(5 * MS);
		h.charge(ration_vcpu_dom(a), 500 * US);   // half of it
	}
	EXPECT_GE(h.got(a) - before, 400 * MS);
	EXPECT_LE(h.got(a) - before, 700 * MS);
}

/* ---- Without a floor --------------------------------------------------- */

TEST(credit_wake, who_sleeps_mostly_runs_within_the_rate_limit)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.vcpu(h.dom());
	h.loop(a, 500 * US, 20 * MS);
	h.hog(), h.hog(), h.hog();
	h.wake(a);
	h.run_until(1 * S);
	h.latency_forget(a);                         // of the first one: all began level
	h.run_until(10 * S);
	EXPECT_LE(h.latency_max(a), 1 * MS);
}

TEST(credit_wake, an_idle_cpu_needs_no_rate_limit)
{
	Host h(host_of(2, {&ration_credit}));
	ration_vcpu *a = h.vcpu(h.dom());
	h.loop(a, 500 * US, 3 * MS);
	h.hog(attr_of(), 1);
	h.wake(a);
	h.run_until(1 * S);
	EXPECT_EQ(0u, h.latency_max(a));
}

TEST(credit_wake, the_boost_is_repaid)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.vcpu(h.dom()), *b = h.hog();
	h.loop(a, 15 * MS, 5 * MS);                  // wants 75 %, is due 50 %
	h.wake(a);
	h.run_until(20 * S);
	EXPECT_LE(h.got(a), 10 * S + 100 * MS);
	EXPECT_GE(h.got(b), 10 * S - 100 * MS);
}

/* Of two busy CPUs a wake-up takes the one whose vCPU has had more than its due. */
TEST(credit_wake, it_preempts_where_most_is_overdrawn)
{
	Host h(host_of(2, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(), 1), *b = h.vcpu(h.dom(), 2), *c = h.vcpu(h.dom());
	h.run_until(25 * MS);
	h.wake(b);
	h.run_until(28 * MS);                        // A 28 ms, B 3 ms
	h.wake(c);
	EXPECT_EQ(c, h.on(0));
	EXPECT_EQ(b, h.on(1));
	EXPECT_EQ(RATION_STATE_WAITING, h.info(a).state);
}

/* What was charged already is not counted again; and who has had more than it is owed is
 * found by that, not by its weight: each is owed all of its CPU. */
TEST(credit_wake, it_preempts_where_most_is_overdrawn_after_many_slices)
{
	Host h(host_of(2, {&ration_credit}));
	h.hog(attr_of(200), 1);
	ration_vcpu *b = h.hog(attr_of(256), 2), *c = h.vcpu(h.dom());
	h.run_until(100 * MS);
	h.charge(ration_vcpu_dom(b), 20 * MS);       // done for B elsewhere
	h.run_until(305 * MS);                       // 5 ms since the last slice began
	h.wake(c);
	EXPECT_EQ(c, h.on(1)) << "A has had 305 ms, B 325";
	EXPECT_EQ(RATION_STATE_WAITING, h.info(b).state);
}

}  // namespace
