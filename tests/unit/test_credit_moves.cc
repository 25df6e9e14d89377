// SPDX-License-Identifier: BSD-2-Clause
//
// credit: a vCPU that moves between CPUs of which one has been far less contended, by a
// pin, by CPUs that go and come, or by a policy switch, is neither starved nor ahead there.
#include <gtest/gtest.h>

#include "host.h"

namespace {

constexpr ration_ns SLICE = RATION_TSLICE_DEFAULT_NS;

// CPU 0 runs A alone for 100 s, CPU 1 runs B, C and D: their virtual times are 67 s apart.
struct Apart : Host {
	ration_vcpu *a, *b, *c, *d;

	Apart(ration_cpuset a_may = 1) : Host(host_of(2, {&ration_credit, &ration_rr}))
	{
		a = hog(attr_of(), a_may);
		b = hog(attr_of(), 2), c = hog(attr_of(), 2), d = hog(attr_of(), 2);
		run_until(100 * S);
		EXPECT_EQ(100 * S, got(a));
	}
	// From now on these are treated alike for `ns`.
	void alike(std::vector<ration_vcpu *> v, ration_ns ns)
	{
		std::vector<ration_ns> was;
		for (ration_vcpu *u : v)
			was.push_back(got(u));
		run_for(ns);
		for (size_t i = 0; i < v.size(); i++) {
			EXPECT_GE(got(v[i]) - was[i], ns / v.size() - 3 * SLICE) << name(v[i]);
			EXPECT_LE(got(v[i]) - was[i], ns / v.size() + 3 * SLICE) << name(v[i]);
		}
	}
};

TEST(credit_moves, running_to_where_virtual_time_is_slower)
{
	Apart h;
	h.pin(h.a, 2);
	h.alike({h.a, h.b, h.c, h.d}, 2 * S);
}

TEST(credit_moves, queued_to_where_virtual_time_is_slower)
{
	Apart h;
	ration_vcpu *rival = h.hog(attr_of(), 1);
	h.run_for(2 * S);
	ration_vcpu *queued = h.on(0) == h.a ? rival : h.a;
	h.pin(queued, 2);
	h.alike({queued, h.b, h.c, h.d}, 2 * S);
}

TEST(credit_moves, blocked_to_where_virtual_time_is_slower)
{
	Apart h;
	h.block(h.a);
	h.pin(h.a, 2);
	h.wake(h.a);
	h.alike({h.a, h.b, h.c, h.d}, 2 * S);
}

TEST(credit_moves, to_where_virtual_time_is_faster)
{
	Apart h;
	h.pin(h.b, 1);                               // running or queued
	h.alike({h.a, h.b}, 2 * S);
	h.pin(h.c, 1);
	h.alike({h.a, h.b, h.c}, 3 * S);
}

TEST(credit_moves, back_and_forth)
{
	Apart h;
	for (int i = 0; i < 10; i++) {
		h.pin(h.a, 2);
		h.alike({h.a, h.b, h.c, h.d}, 1 * S);
		h.pin(h.a, 1);
		h.run_for(1 * S);
	}
}

TEST(credit_moves, running_on_a_cpu_that_goes)
{
	Apart h(3);
	h.cpu_down(0);
	h.alike({h.a, h.b, h.c, h.d}, 2 * S);
}

TEST(credit_moves, queued_for_a_cpu_that_goes)
{
	Apart h(3);
	ration_vcpu *rival = h.hog(attr_of(), 3);
	h.run_for(2 * S);
	h.cpu_down(0);
	h.alike({h.a, rival, h.b, h.c, h.d}, 2500 * MS);
}

TEST(credit_moves, blocked_when_its_cpu_goes)
{
	Apart h(3);
	h.block(h.a);
	h.cpu_down(0);
	h.wake(h.a);
	h.alike({h.a, h.b, h.c, h.d}, 2 * S);
}

TEST(credit_moves, a_cpu_that_comes_back_begins_level)
{
	Apart h(3);
	h.cpu_down(0);
	h.run_for(10 * S);
	h.cpu_up(0);
	h.pin(h.b, 1);
	h.pin(h.a, 1);
	h.alike({h.a, h.b}, 2 * S);
}

TEST(credit_moves, through_rr_and_back)
{
	Apart h;
	h.policy(&ration_rr);
	h.pin(h.a, 2);
	h.run_for(100 * MS);
	h.policy(&ration_credit);
	h.alike({h.a, h.b, h.c, h.d}, 4 * S);
}

}  // namespace
