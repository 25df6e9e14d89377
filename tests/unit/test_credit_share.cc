// SPDX-License-Identifier: BSD-2-Clause
//
// The arithmetic of credit's virtual time, at its limits.
#include <gtest/gtest.h>

#include "host.h"

// sched/credit/credit.h is for C only.
extern "C" {
uint64_t ration_credit__advance(ration_ns ns, uint32_t active, uint32_t weight, uint32_t *rest);
int64_t ration_credit__time(int64_t vtime, uint32_t active, uint32_t weight);
}

namespace {

constexpr ration_ns RUN_MAX = 1ULL << 36;

uint64_t advance(ration_ns ns, uint32_t active, uint32_t weight)
{
	uint32_t rest = 0;
	return ration_credit__advance(ns, active, weight, &rest);
}

TEST(credit_share, counts_256ths_of_a_ns_at_weight_1)
{
	EXPECT_EQ(0u, advance(0, 1, 1));
	EXPECT_EQ(256u, advance(1, 1, 1));
	EXPECT_EQ(256u * 7 * 3, advance(7, 3, 1));
	EXPECT_EQ(1000u, advance(1000, 1, 256));
	EXPECT_EQ(500u, advance(1000, 1, 512));
}

TEST(credit_share, the_maxima_fit)
{
	EXPECT_EQ(1ULL << 56, advance(RUN_MAX, 4096, 1));
	EXPECT_EQ((1ULL << 56) / 65535, advance(RUN_MAX, 4096, 65535));
	EXPECT_EQ(1ULL << 44, advance(RUN_MAX, 1, 1));
	uint32_t rest = 65534;
	EXPECT_EQ(((1ULL << 56) + 65534) / 65535, ration_credit__advance(RUN_MAX, 4096, 65535, &rest));
	EXPECT_LT(rest, 65535u);
}

TEST(credit_share, beyond_the_maxima_it_is_cut_not_wrapped)
{
	EXPECT_EQ(advance(RUN_MAX, 1, 1), advance(RUN_MAX + 1, 1, 1));
	EXPECT_EQ(advance(RUN_MAX, 1, 1), advance(RATION_NEVER, 1, 1));
	EXPECT_EQ(advance(1000, 4096, 1), advance(1000, 65536, 1));
	EXPECT_EQ(advance(1000, 4096, 1), advance(1000, UINT32_MAX, 1));
}

// What a division leaves is not lost: any number of small charges is as much as one.
TEST(credit_share, small_charges_add_up_to_the_large_one)
{
	for (uint32_t weight : {1u, 3u, 255u, 257u, 1000u, 65535u})
		for (uint32_t active : {1u, 5u, 4096u}) {
			uint32_t rest = 0;
			uint64_t sum = 0;
			for (int i = 0; i < 10007; i++) {
				sum += ration_credit__advance(1, active, weight, &rest);
				ASSERT_LT(rest, weight);
			}
			EXPECT_EQ(256ULL * 10007 * active / weight, sum) << weight << " " << active;
		}
}

TEST(credit_share, time_is_the_inverse)
{
	for (uint32_t weight : {1u, 256u, 65535u})
		for (uint32_t active : {1u, 7u, 4096u})
			for (int64_t ns : {int64_t(0), int64_t(1000), int64_t(30 * MS), int64_t(999 * MS)}) {
				int64_t vtime = int64_t(advance(ration_ns(ns), active, weight));
				EXPECT_NEAR(double(ns), double(ration_credit__time(vtime, active, weight)),
				            double(weight) / 256 + 1) << weight << " " << active;
				EXPECT_NEAR(double(-ns), double(ration_credit__time(-vtime, active, weight)),
				            double(weight) / 256 + 1) << weight << " " << active;
			}
}

TEST(credit_share, time_saturates_at_a_second_either_way)
{
	const int64_t second = int64_t(S);
	EXPECT_EQ(second, ration_credit__time(INT64_MAX, 1, 1));
	EXPECT_EQ(-second, ration_credit__time(INT64_MIN, 1, 1));
	EXPECT_EQ(second, ration_credit__time(INT64_MAX, 4096, 65535));
	EXPECT_EQ(-second, ration_credit__time(INT64_MIN, 4096, 65535));
	EXPECT_EQ(second, ration_credit__time(1LL << 46, 1, 65535));
	EXPECT_EQ(-second, ration_credit__time(-(1LL << 46), 1, 65535));
	EXPECT_EQ(second, ration_credit__time(256 * second + 256, 1, 1));
	EXPECT_EQ(second - 1, ration_credit__time(256 * (second - 1), 1, 1));
	EXPECT_EQ(0, ration_credit__time(0, 0, 1));
	EXPECT_EQ(1, ration_credit__time(256, 0, 1)) << "nobody awake counts as one";
}

TEST(credit_share, a_weight_of_zero_stops_the_program)
{
	uint32_t rest = 0;
	EXPECT_DEATH(ration_credit__advance(1, 1, 0, &rest), "weight >= 1");
}

/* ---- Virtual time that wraps ------------------------------------------- */

// A and B, of the least weight, on a host that comes 60 s late every time, each of a domain
// of 64 that want to run: virtual time moves by 2^49 each turn, and passes 2^64 after 33,000.
// (The siblings wait for CPU 1, which never decides.)
struct Wrap : Host {
	ration_vcpu *a, *b, *sleeper;
	ration_decision d;

	static HostOptions large()
	{
		HostOptions o = host_of(2, {&ration_credit}, true);
		o.vcpu_count = 192;
		o.work_conserving = false;
		return o;
	}
	Wrap() : Host(large())
	{
		for (ration_vcpu **v : {&a, &b, &sleeper}) {
			ration_dom *dom_of_64 = dom(attr_of(1));
			*v = vcpu(dom_of_64, 1);
			for (int i = 0; i < 63; i++)
				ration_vcpu_wake(r, vcpu(dom_of_64, 2), 0, &fx);
		}
		wake(a), wake(b);
	}
	void turns(int count)
	{
		for (int i = 0; i < count; i++) {
			ration_decide(r, 0, now, &d, &fx);
			if (d.switched)
				ration_cpu_saved(r, 0, now, &fx);
			now += 60 * S;
		}
	}
};

TEST(credit_share, shares_hold_across_the_wrap)
{
	Wrap h;
	ration_ns got = 0;
	for (int i = 0; i < 24; i++) {               // 36,000
		ration_ns before = h.now, had = h.got(h.a);
		h.turns(1500);
		got = h.got(h.a) - had;
		EXPECT_LE(got, (h.now - before) / 2 + 120 * S) << i;
		EXPECT_GE(got, (h.now - before) / 2 - 120 * S) << i;
	}
	EXPECT_EQ(nullptr, ration_check(h.r));
}

TEST(credit_share, who_slept_for_half_the_circle_or_more_is_not_starved)
{
	for (int turns : {8000, 15000, 17000, 20000, 30000}) {
		Wrap h;
		h.turns(turns);
		ration_vcpu_wake(h.r, h.sleeper, h.now, &h.fx);
		ration_ns before = h.now;
		h.turns(300);
		EXPECT_GE(h.got(h.sleeper), (h.now - before) / 3 - 180 * S) << turns;
		EXPECT_LE(h.got(h.sleeper), (h.now - before) / 3 + 180 * S) << turns;
	}
}

}  // namespace
