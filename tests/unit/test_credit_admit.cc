// SPDX-License-Identifier: BSD-2-Clause
//
// credit: floors are admitted, and a refusal says which CPUs lack how much, and who holds it.
#include <gtest/gtest.h>

#include <algorithm>

#include "host.h"

namespace {

struct Admission : Host {
	Admission(uint32_t cpu_count) : Host(host_of(cpu_count, {&ration_credit, &ration_rr})) {}

	// A domain of `vcpus` vCPUs with that floor; what its last vCPU was told.
	int reserve(uint32_t floor_percent, ration_cpuset hard = RATION_CPUSET_ALL, uint32_t vcpus = 1)
	{
		ration_dom *d = dom(attr_of(256, 0, floor_percent));
		int status = RATION_OK;
		hard &= ration_cpuset_first_count(options.cpu_count);
		for (uint32_t i = 0; i < vcpus; i++) {
			ration_vcpu *v = nullptr;
			status = ration_vcpu_admit(r, d, i, {hard, hard}, now, &fx, &v, &why);
			last = v != nullptr ? v : last;
		}
		return status;
	}
	bool holds(uint32_t id) const
	{
		return std::find(why.holder, why.holder + why.holder_count, id) !=
		       why.holder + why.holder_count;
	}
	ration_vcpu *last = nullptr;
};

TEST(credit_admit, floors_up_to_the_whole_machine)
{
	Admission h(2);
	EXPECT_EQ(RATION_OK, h.reserve(100));
	EXPECT_EQ(RATION_OK, h.reserve(60));
	EXPECT_EQ(RATION_OK, h.reserve(40));
	EXPECT_EQ(RATION_E_CAPACITY, h.reserve(1));
	EXPECT_EQ(RATION_OK, h.reserve(0));
}

TEST(credit_admit, a_refusal_says_where_how_much_who_and_what_would_fit)
{
	Admission h(2);
	EXPECT_EQ(RATION_OK, h.reserve(90));         // domain 1
	EXPECT_EQ(RATION_OK, h.reserve(80));         // domain 2
	EXPECT_EQ(RATION_E_CAPACITY, h.reserve(50)); // domain 3
	EXPECT_EQ(RATION_REFUSED_FLOOR, h.why.reason);
	EXPECT_EQ(0x3u, h.why.cpus);
	EXPECT_EQ(200000u, h.why.missing_ppm);
	EXPECT_EQ(300000u, h.why.fit_ppm);
	EXPECT_EQ(3u, h.why.holder_count);
	EXPECT_TRUE(h.holds(1) && h.holds(2) && h.holds(3));
	ration_dom *d = ration_dom_find(h.r, 3);
	EXPECT_EQ(nullptr, ration_vcpu_first(d));
	EXPECT_EQ(nullptr, ration_check(h.r));

	EXPECT_EQ(RATION_OK, h.set(d, attr_of(256, 0, 30)));     // what would fit fits
	ration_vcpu *v;
	EXPECT_EQ(RATION_OK, ration_vcpu_admit(h.r, d, 0, {3, 3}, h.now, &h.fx, &v, nullptr));
}

TEST(credit_admit, a_change_of_attributes_is_refused_and_changes_nothing)
{
	Admission h(1);
	EXPECT_EQ(RATION_OK, h.reserve(50));
	ration_dom *d = ration_vcpu_dom(h.last);
	EXPECT_EQ(RATION_OK, h.reserve(40));
	EXPECT_EQ(RATION_E_CAPACITY, h.set(d, attr_of(700, 0, 75)));
	EXPECT_EQ(RATION_REFUSED_FLOOR, h.why.reason);
	EXPECT_EQ(150000u, h.why.missing_ppm);
	EXPECT_EQ(600000u, h.why.fit_ppm);
	ration_attr a;
	ration_dom_get(d, &a);
	EXPECT_EQ(256u, a.weight);
	EXPECT_EQ(500000u, a.floor_ppm);
	EXPECT_EQ(RATION_OK, h.set(d, attr_of(700, 0, 60)));
	EXPECT_EQ(RATION_OK, ration_dom_set(h.r, d, &a, h.now, &h.fx, nullptr));
	a = attr_of(256, 0, 99);
	EXPECT_EQ(RATION_E_CAPACITY, ration_dom_set(h.r, d, &a, h.now, &h.fx, nullptr));
}

TEST(credit_admit, domains_confined_to_a_cpu_must_fit_there)
{
	Admission h(4);
	EXPECT_EQ(RATION_OK, h.reserve(60, 0x2));    // domain 1
	EXPECT_EQ(RATION_OK, h.reserve(90));         // 2, anywhere
	EXPECT_EQ(RATION_E_CAPACITY, h.reserve(50, 0x2));
	EXPECT_EQ(0x2u, h.why.cpus);
	EXPECT_EQ(100000u, h.why.missing_ppm);
	EXPECT_EQ(400000u, h.why.fit_ppm);
	EXPECT_TRUE(h.holds(1));
	EXPECT_FALSE(h.holds(2)) << "it can go elsewhere";
	EXPECT_EQ(RATION_OK, h.reserve(50, 0x6));
	EXPECT_EQ(RATION_OK, h.reserve(90, 0x6));
	EXPECT_EQ(RATION_E_CAPACITY, h.reserve(10, 0x4)) << "CPUs 1 and 2 are full";
	EXPECT_EQ(0x6u, h.why.cpus);
}

TEST(credit_admit, a_pin_is_refused_where_the_floor_does_not_fit)
{
	Admission h(2);
	EXPECT_EQ(RATION_OK, h.reserve(70, 0x1));
	EXPECT_EQ(RATION_OK, h.reserve(50));
	EXPECT_EQ(RATION_E_CAPACITY, h.pin(h.last, 0x1));
	EXPECT_EQ(0x1u, h.why.cpus);
	EXPECT_EQ(200000u, h.why.missing_ppm);
	EXPECT_EQ(300000u, h.why.fit_ppm);
	EXPECT_EQ(0x3u, h.info(h.last).affinity.hard);
	EXPECT_EQ(RATION_OK, h.pin(h.last, 0x2));
	EXPECT_EQ(nullptr, ration_check(h.r));
}

TEST(credit_admit, a_floor_counts_as_far_as_the_vcpus_can_use_it)
{
	Admission h(2);
	EXPECT_EQ(RATION_OK, h.reserve(200));        // one vCPU can use one CPU
	ration_dom *d = ration_vcpu_dom(h.last);
	EXPECT_EQ(RATION_OK, h.reserve(60));
	ration_vcpu *v = nullptr;
	EXPECT_EQ(RATION_E_CAPACITY,
	          ration_vcpu_admit(h.r, d, 1, {3, 3}, 0, &h.fx, &v, &h.why));
	EXPECT_EQ(600000u, h.why.missing_ppm);
	EXPECT_EQ(1400000u, h.why.fit_ppm);
}

TEST(credit_admit, the_holders_are_those_that_hold_the_most)
{
	Admission h(4);
	for (uint32_t i = 1; i <= 20; i++)           // 1 % .. 20 %: 210 %
		EXPECT_EQ(RATION_OK, h.reserve(i));
	EXPECT_EQ(RATION_E_CAPACITY, h.reserve(200, RATION_CPUSET_ALL, 2));
	EXPECT_EQ(RATION_HOLDERS_MAX, h.why.holder_count);
	EXPECT_TRUE(h.holds(21));
	for (uint32_t id = 14; id <= 20; id++)
		EXPECT_TRUE(h.holds(id)) << id;
}

TEST(credit_admit, a_cpu_with_floors_goes_only_by_force)
{
	Admission h(2);
	EXPECT_EQ(RATION_OK, h.reserve(80));
	EXPECT_EQ(RATION_OK, h.reserve(70));
	EXPECT_EQ(RATION_E_CAPACITY, h.cpu_down(1));
	EXPECT_EQ(0x1u, h.why.cpus);
	EXPECT_EQ(500000u, h.why.missing_ppm);
	EXPECT_EQ(0x3u, ration_cpu_online(h.r));
	EXPECT_EQ(RATION_OK, h.cpu_down(1, true));
	EXPECT_EQ(0x1u, ration_cpu_online(h.r));
	EXPECT_EQ(RATION_OK, h.cpu_up(1));
}

// What lacks already for want of a CPU must not stand in the way of what asks for no more.
TEST(credit_admit, after_a_forced_down_only_what_asks_for_more_is_refused)
{
	Admission h(3);
	EXPECT_EQ(RATION_OK, h.reserve(80));
	ration_vcpu *a = h.last;
	EXPECT_EQ(RATION_OK, h.reserve(90));
	EXPECT_EQ(RATION_OK, h.reserve(70));
	EXPECT_EQ(RATION_OK, h.cpu_down(2, true));   // 240 % on two CPUs
	ration_dom *d = ration_vcpu_dom(a);
	EXPECT_EQ(RATION_OK, h.reserve(0)) << "a domain without a floor";
	EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(h.last), attr_of(512)));
	EXPECT_EQ(RATION_OK, h.pin(h.last, 0x1));
	EXPECT_EQ(RATION_OK, h.set(d, attr_of(512, 0, 80))) << "another weight, the same floor";
	EXPECT_EQ(RATION_OK, h.set(d, attr_of(512, 0, 75))) << "a lower floor, still too much";
	EXPECT_EQ(RATION_E_CAPACITY, h.set(d, attr_of(512, 0, 76)));
	EXPECT_EQ(360000u, h.why.missing_ppm);
	EXPECT_EQ(400000u, h.why.fit_ppm);
	EXPECT_EQ(RATION_E_CAPACITY, h.reserve(1));
	EXPECT_EQ(RATION_OK, h.set(d, attr_of(512, 0, 40)));
	EXPECT_EQ(RATION_E_CAPACITY, h.set(d, attr_of(512, 0, 41)));
	EXPECT_EQ(nullptr, ration_check(h.r));
}

TEST(credit_admit, a_pinned_domain_whose_cpu_is_off_line_asks_for_nothing)
{
	Admission h(2);
	EXPECT_EQ(RATION_OK, h.reserve(80, 0x2));
	EXPECT_EQ(RATION_OK, h.cpu_down(1)) << "it waits for its CPU, wherever the others run";
	EXPECT_EQ(RATION_OK, h.reserve(90, 0x1));
	EXPECT_EQ(RATION_OK, h.cpu_up(1));
}

// Each domain's CPUs have room for what is confined to them; three CPUs together do not.
TEST(credit_admit, pins_that_overlap_in_part)
{
	Admission h(4);
	EXPECT_EQ(RATION_OK, h.reserve(100, 0x3));   // domains 1..4, of one vCPU each:
	EXPECT_EQ(RATION_OK, h.reserve(100, 0x6));   // a ring of CPUs 0, 1, 2 is full
	EXPECT_EQ(RATION_OK, h.reserve(90, 0x5));
	EXPECT_EQ(RATION_OK, h.reserve(80, 0xc));    // this one has CPU 3
	EXPECT_EQ(RATION_E_CAPACITY, h.reserve(20, 0x2));
	EXPECT_EQ(0x7u, h.why.cpus);
	EXPECT_EQ(100000u, h.why.missing_ppm);
	EXPECT_EQ(100000u, h.why.fit_ppm);
	EXPECT_EQ(4u, h.why.holder_count);
	EXPECT_EQ(1u, h.why.holder[0]);
	EXPECT_EQ(2u, h.why.holder[1]);
	EXPECT_EQ(3u, h.why.holder[2]);
	EXPECT_EQ(5u, h.why.holder[3]) << "it asks for the least";
	EXPECT_EQ(RATION_OK, h.reserve(10, 0x2));
	EXPECT_EQ(RATION_OK, h.pin(h.last, 0x8)) << "20 % are left there";
	EXPECT_EQ(RATION_OK, h.reserve(10, 0x1));
}

// A domain's vCPUs may have different pins: so much of its floor as one cannot take
// the others must.
TEST(credit_admit, a_floor_is_spread_over_the_vcpus_that_have_room)
{
	Admission h(2);
	EXPECT_EQ(RATION_OK, h.reserve(70, 0x1));
	ration_dom *d = h.dom(attr_of(256, 0, 130));
	ration_vcpu *a, *b;
	EXPECT_EQ(RATION_OK, ration_vcpu_admit(h.r, d, 0, {2, 2}, h.now, &h.fx, &a, nullptr));
	EXPECT_EQ(RATION_OK, ration_vcpu_admit(h.r, d, 1, {1, 1}, h.now, &h.fx, &b, nullptr));
	EXPECT_EQ(RATION_E_CAPACITY, h.set(d, attr_of(256, 0, 131)));
	EXPECT_EQ(0x1u, h.why.cpus) << "CPU 1 has no more to take either, but all of it is its own";
	EXPECT_EQ(10000u, h.why.missing_ppm);
	EXPECT_EQ(1300000u, h.why.fit_ppm);
	EXPECT_EQ(RATION_E_CAPACITY, h.pin(a, 0x1)) << "then 200 % would have to fit on one";
	EXPECT_EQ(1000000u, h.why.missing_ppm);
	EXPECT_EQ(300000u, h.why.fit_ppm);
}

// What others lack is not held against a domain: the largest floor is beside them.
TEST(credit_admit, what_would_fit_beside_others_that_lack)
{
	Admission h(3);
	EXPECT_EQ(RATION_OK, h.reserve(80, 0x5));
	EXPECT_EQ(RATION_OK, h.reserve(50, 0x5));
	EXPECT_EQ(RATION_OK, h.reserve(30, 0x2));
	EXPECT_EQ(RATION_OK, h.cpu_down(2, true));
	EXPECT_EQ(RATION_E_CAPACITY, h.reserve(90, 0x2));
	EXPECT_EQ(700000u, h.why.fit_ppm);
	EXPECT_EQ(500000u, h.why.missing_ppm) << "30 % of it on CPU 0, as before";
	EXPECT_EQ(RATION_OK, h.reserve(70, 0x2));
}

TEST(credit_admit, rr_promises_nothing_and_a_switch_back_is_refused)
{
	Admission h(1);
	EXPECT_EQ(RATION_OK, h.reserve(60));
	EXPECT_EQ(RATION_OK, h.policy(&ration_rr));
	EXPECT_EQ(RATION_OK, h.reserve(70));
	ration_vcpu *v = h.last;
	EXPECT_EQ(RATION_E_CAPACITY, h.policy(&ration_credit));
	EXPECT_EQ(RATION_REFUSED_FLOOR, h.why.reason);
	EXPECT_EQ(300000u, h.why.missing_ppm);
	EXPECT_TRUE(h.holds(1) && h.holds(2));
	EXPECT_EQ(&ration_rr, ration_policy_get(h.r));
	EXPECT_EQ(RATION_E_CAPACITY,
	          ration_policy_set(h.r, &ration_credit, h.now, &h.fx, nullptr));
	h.wake(v);
	EXPECT_EQ(v, h.on(0)) << "rr goes on";
	EXPECT_EQ(RATION_E_BUSY, h.leave(v));
	EXPECT_EQ(RATION_OK, h.leave(v));
	EXPECT_EQ(RATION_OK, h.policy(&ration_credit));
}

}  // namespace
