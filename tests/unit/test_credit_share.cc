// SPDX-License-Identifier: BSD-2-Clause
//
// The arithmetic of credit's virtual time, at its limits.
#include <gtest/gtest.h>

#include "host.h"

// sched/credit/credit.h is for C only.
extern "C" {
uint64_t ration_credit__pace(uint64_t rate_ppb);
uint64_t ration_credit__advance(ration_ns ns, uint64_t pace, uint16_t *rest);
int64_t ration_credit__time(int64_t vtime, uint64_t pace);
}

namespace {

constexpr uint64_t PPB = 1000000000;         // a whole CPU
constexpr uint64_t ONE = 1 << 16;            // its pace
constexpr uint64_t PACE_MAX = 1ULL << 32;
constexpr ration_ns RUN_MAX = 1ULL << 30;    // of one charge

uint64_t advance(ration_ns ns, uint64_t pace)
{
	uint16_t rest = 0;
	return ration_credit__advance(ns, pace, &rest);
}

TEST(credit_share, a_pace_is_one_by_what_is_owed)
{
	EXPECT_EQ(ONE, ration_credit__pace(PPB));
	EXPECT_EQ(2 * ONE, ration_credit__pace(PPB / 2));
	EXPECT_EQ(4 * ONE, ration_credit__pace(PPB / 4));
	EXPECT_EQ(10 * ONE, ration_credit__pace(PPB / 10));
	EXPECT_EQ(3 * ONE - 1, ration_credit__pace(PPB / 3 + 1)) << "cut off, not rounded";
}

// No vCPU runs on two CPUs; none is owed so little that its virtual time could overflow.
TEST(credit_share, a_pace_stays_between_a_cpu_and_its_65536th)
{
	EXPECT_EQ(ONE, ration_credit__pace(PPB + 1));
	EXPECT_EQ(ONE, ration_credit__pace(64 * PPB));
	EXPECT_EQ(ONE, ration_credit__pace(UINT64_MAX));
	EXPECT_EQ(PACE_MAX, ration_credit__pace(0));
	EXPECT_EQ(PACE_MAX, ration_credit__pace(1));
	EXPECT_EQ(PACE_MAX, ration_credit__pace(PPB / 65536));
	EXPECT_GT(PACE_MAX, ration_credit__pace(PPB / 65536 + 1));
}

TEST(credit_share, who_is_owed_more_never_goes_faster)
{
	uint64_t before = PACE_MAX;
	for (uint64_t rate = 1; rate <= 2 * PPB; rate += rate / 7 + 1) {
		uint64_t pace = ration_credit__pace(rate);
		EXPECT_LE(pace, before) << rate;
		before = pace;
	}
}

TEST(credit_share, virtual_time_is_cpu_time_by_what_is_owed)
{
	EXPECT_EQ(0u, advance(0, ONE));
	EXPECT_EQ(1000u, advance(1000, ONE));
	EXPECT_EQ(4000u, advance(1000, 4 * ONE));
	EXPECT_EQ(1500u, advance(1000, ONE + ONE / 2));
	EXPECT_EQ(65536000u, advance(1000, PACE_MAX));
}

TEST(credit_share, the_maxima_fit)
{
	uint16_t rest = UINT16_MAX;
	EXPECT_EQ(1ULL << 46, advance(RUN_MAX, PACE_MAX));
	EXPECT_EQ(1ULL << 46, ration_credit__advance(RUN_MAX, PACE_MAX, &rest));
	EXPECT_EQ(UINT16_MAX, rest);
	EXPECT_EQ(RUN_MAX, ration_credit__advance(RUN_MAX, ONE, &rest));
	EXPECT_EQ(UINT16_MAX, rest) << "2^16 * 2^30 leaves nothing of its own";
}

TEST(credit_share, a_longer_run_is_cut_not_wrapped)
{
	EXPECT_EQ(advance(RUN_MAX, ONE), advance(RUN_MAX + 1, ONE));
	EXPECT_EQ(advance(RUN_MAX, PACE_MAX), advance(RATION_NEVER, PACE_MAX));
}

// What is cut off is not lost: any number of small charges is as much as one.
TEST(credit_share, small_charges_add_up_to_the_large_one)
{
	for (uint64_t pace : {ONE, ONE + 1, 2 * ONE - 1, 3 * ONE + 12345, PACE_MAX - 1, PACE_MAX}) {
		uint16_t rest = 0;
		uint64_t sum = 0;
		for (int i = 0; i < 10007; i++)
			sum += ration_credit__advance(1, pace, &rest);
		EXPECT_EQ(10007 * pace >> 16, sum) << pace;
		EXPECT_EQ(10007 * pace % ONE, rest) << pace;
	}
}

TEST(credit_share, time_is_the_inverse)
{
	for (uint64_t pace : {ONE, ONE + 1, 3 * ONE, 1000 * ONE + 7, PACE_MAX})
		for (int64_t ns : {int64_t(0), int64_t(1000), int64_t(30 * MS), int64_t(999 * MS)}) {
			int64_t vtime = int64_t(advance(ration_ns(ns), pace));
			EXPECT_NEAR(double(ns), double(ration_credit__time(vtime, pace)), 1) << pace;
			EXPECT_NEAR(double(-ns), double(ration_credit__time(-vtime, pace)), 1) << pace;
		}
}

TEST(credit_share, time_saturates_at_a_second_either_way)
{
	const int64_t second = int64_t(S);
	for (uint64_t pace : {ONE, 5 * ONE / 2, PACE_MAX}) {
		int64_t most = int64_t(advance(S, pace));
		EXPECT_EQ(second, ration_credit__time(INT64_MAX, pace));
		EXPECT_EQ(-second, ration_credit__time(INT64_MIN, pace));
		EXPECT_EQ(second, ration_credit__time(most + 1, pace));
		EXPECT_EQ(-second, ration_credit__time(-most - 1, pace));
		EXPECT_EQ(second, ration_credit__time(most, pace));
	}
	EXPECT_EQ(second - 1, ration_credit__time(second - 1, ONE));
	EXPECT_EQ(0, ration_credit__time(0, PACE_MAX));
	EXPECT_EQ(0, ration_credit__time(65535, PACE_MAX)) << "less than 1 ns of CPU time";
}

/* ---- Virtual times that are far apart ---------------------------------- */

// A, B and a sleeper of weight 1, where a domain of 65,535 could claim the CPU and does not;
// the host is a second late every time, and never lets the slow loop correct the first guess.
// The virtual time of A and B moves by 2^45 a turn, the CPU's own by 2^31 at most: after
// 100,000 turns they are a quarter of the circle ahead.
struct Ahead : Host {
	ration_vcpu *a, *b, *sleeper;
	ration_decision d;

	static HostOptions options_of()
	{
		HostOptions o = host_of(1, {&ration_credit}, true);
		o.work_conserving = false;
		return o;
	}
	Ahead() : Host(options_of())
	{
		dom(attr_of(RATION_WEIGHT_MAX));
		a = vcpu(dom(attr_of(1))), b = vcpu(dom(attr_of(1))), sleeper = vcpu(dom(attr_of(1)));
		wake(a), wake(b);
	}
	void turns(int count)
	{
		for (int i = 0; i < count; i++) {
			ration_decide(r, 0, now, &d, &fx);
			if (d.switched)
				ration_cpu_saved(r, 0, now, &fx);
			now += S;
		}
	}
};

TEST(credit_share, shares_hold_however_far_ahead_of_the_clock)
{
	Ahead h;
	for (int i = 0; i < 20; i++) {
		ration_ns before = h.now, had = h.got(h.a);
		h.turns(10000);
		ration_ns got = h.got(h.a) - had;
		EXPECT_LE(got, (h.now - before) / 2 + 2 * S) << i;
		EXPECT_GE(got, (h.now - before) / 2 - 2 * S) << i;
	}
	EXPECT_EQ(nullptr, ration_check(h.r));
}

TEST(credit_share, who_slept_meanwhile_is_not_starved)
{
	for (int turns : {1000, 50000, 100000, 200000}) {
		Ahead h;
		h.turns(turns);
		ration_vcpu_wake(h.r, h.sleeper, h.now, &h.fx);
		ration_ns before = h.now;
		h.turns(3000);
		EXPECT_GE(h.got(h.sleeper), (h.now - before) / 3 - 3 * S) << turns;
	}
}

}  // namespace
