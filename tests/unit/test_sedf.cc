/* SPDX-License-Identifier: BSD-2-Clause */
/* sedf: its arithmetic, its sizes, late timers, extreme attributes, RW-2. */
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "ration_policy.h"
#include "schedule_sedf.h"

extern "C" {
uint64_t ration_sedf__scale(uint64_t a, uint64_t b, uint64_t c);
uint64_t ration_sedf__share(ration_ns slice_ns, ration_ns period_ns);
}

using namespace schedule;

namespace {

constexpr uint64_t ONE = 1ULL << 60;
constexpr uint64_t LONGEST = 10 * RATION_NS_PER_S;

__extension__ typedef unsigned __int128 wide;

uint64_t mix(uint64_t &state)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 20;
}

/* ---- Arithmetic ------------------------------------------------------------- */

TEST(SedfArithmetic, ScaleIsExact)
{
	uint64_t state = 1;

	for (int i = 0; i < 100000; i++) {
		uint64_t c = mix(state) % LONGEST + 1, a = mix(state) % (c + 1);
		uint64_t b = i % 3 == 0 ? (1ULL << 34) - 1 - mix(state) % 9 : mix(state) % (1ULL << 34);

		EXPECT_EQ(ration_sedf__scale(a, b, c), static_cast<uint64_t>((wide)a * b / c));
	}
	EXPECT_EQ(ration_sedf__scale((1ULL << 34) - 1, (1ULL << 34) - 1, (1ULL << 34) - 1),
	          (1ULL << 34) - 1);
	EXPECT_EQ(ration_sedf__scale(0, LONGEST, 1), 0u);
}

TEST(SedfArithmetic, ShareIsTheFloor)
{
	uint64_t state = 2;

	for (int i = 0; i < 100000; i++) {
		uint64_t period = mix(state) % LONGEST + 1, slice = mix(state) % (period + 1);

		EXPECT_EQ(ration_sedf__share(slice, period),
		          static_cast<uint64_t>((wide)slice * ONE / period));
	}
	EXPECT_EQ(ration_sedf__share(LONGEST, LONGEST), ONE);
	EXPECT_EQ(ration_sedf__share(0, LONGEST), 0u);
	EXPECT_GT(ration_sedf__share(5000, LONGEST), 0u);
}

/* n equal parts of a whole fit, whatever n: the sum of floors is not above it. */
TEST(SedfArithmetic, PartsOfAWholeFit)
{
	for (uint64_t n = 1; n <= 2000; n++) {
		uint64_t share = ration_sedf__share(5000, 5000 * n);

		EXPECT_LE(share * n, ONE);
		EXPECT_GT(share * n, ONE - n);
	}
}

/* ---- Sizes ------------------------------------------------------------------- */

TEST(SedfSize, OfEachThing)
{
	const ration_policy *policy = &ration_sedf;
	ration_limits l = {8, 64, 64};
	size_t size = ration_size(&policy, 1, &l);

	l.vcpu_count += 64;
	EXPECT_LE(ration_size(&policy, 1, &l) - size, 64 * 256u);
	l = {8, 128, 64};
	EXPECT_LE(ration_size(&policy, 1, &l) - size, 64 * 512u);
	l = {16, 64, 64};
	EXPECT_LE(ration_size(&policy, 1, &l) - size, 8 * 2048u);
}

/* ---- A host whose timers are late ---------------------------------------------- */

/* One CPU, one vCPU that never blocks.  Every timer comes up to 3 us late. */
struct LateHost {
	Table t{&ration_sedf, 1};
	uint64_t state = 7;
	ration_ns until = RATION_NEVER, expire = RATION_NEVER;

	void decide()
	{
		ration_decision d = {};
		ration_effects fx = {};

		ration_decide(t.r, 0, t.now, &d, &fx);
		until = d.until_ns;
		expire = fx.expire_ns;
		if (d.switched)
			ration_cpu_saved(t.r, 0, t.now, &fx);
		follow(fx);
	}
	void follow(const ration_effects &fx)
	{
		expire = fx.expire_ns;
		if (fx.resched != 0)
			decide();
	}
	void wake(int v)
	{
		ration_effects fx = {};

		ration_vcpu_wake(t.r, t.slot[static_cast<size_t>(v)].vcpu, t.now, &fx);
		follow(fx);
	}
	void timer()
	{
		bool expires = expire < until;
		ration_effects fx = {};

		t.now = (expires ? expire : until) + mix(state) % 3000;
		if (expires) {
			ration_expire(t.r, t.now, &fx);
			follow(fx);
		} else {
			decide();
		}
	}
};

/* Xen f2927d8343: periods counted from `now` drift.  Here each begins where the
 * last one ended, and what a late timer gave is paid back. */
TEST(SedfLate, NoDriftOverAMillionPeriods)
{
	LateHost host;
	int A = host.t.add("A", promise(1, 0.3));

	host.wake(A);
	while (host.t.now < 1000000 * RATION_NS_PER_MS)
		host.timer();
	EXPECT_LT(host.t.now, 1000000 * RATION_NS_PER_MS + 3000);
	EXPECT_NEAR(static_cast<double>(host.t.ran_ns(A)), 1000000 * 300e3, 3000);
	EXPECT_EQ(ration_check(host.t.r), nullptr);
}

/* ---- Extremes -------------------------------------------------------------------- */

TEST(SedfExtreme, ShortestAndLongestPeriods)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(0.01, 0.005), "0"), B = t.add("B", promise(10000, 5000), "0"),
	    C = t.add("C", promise(10000, 10000, true, 0.01), "1");

	t.checks = false;
	for (int v : {A, B, C})
		EXPECT_EQ(t.happen(WAKE(v)), "");
	EXPECT_EQ(t.advance(ms_ns(20000), true), "");
	EXPECT_EQ(t.ran_ns(A), ms_ns(10000));
	EXPECT_EQ(t.ran_ns(B), ms_ns(10000));
	EXPECT_EQ(t.ran_ns(C), ms_ns(20000));
}

/* The whole range of times: a century between two events. */
TEST(SedfExtreme, LongAgo)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4)), B = t.add("B", best_effort(1));
	const ration_ns late = RATION_TIME_MAX - ms_ns(100000);

	EXPECT_EQ(t.happen(WAKE(A)), "");
	EXPECT_EQ(t.advance(ms_ns(1), true), "");
	EXPECT_EQ(t.happen(BLOCK(A)), "");
	t.now = late;
	EXPECT_EQ(t.happen(WAKE(A)), "");
	EXPECT_EQ(t.happen(WAKE(B)), "");
	EXPECT_EQ(t.advance(late + ms_ns(1000), true), "");
	EXPECT_EQ(t.ran_ns(A), ms_ns(401));
	EXPECT_EQ(t.ran_ns(B), ms_ns(600));
}

/* A vCPU that nobody interrupts for hours, and helper work of a century. */
TEST(SedfExtreme, LongRunsAndDebts)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", best_effort(1)), B = t.add("B", best_effort(65535));
	ration_effects fx;

	EXPECT_EQ(t.happen(WAKE(A)), "");
	t.now = ms_ns(3600e3);                        /* the host was asleep: one charge of an hour */
	EXPECT_EQ(t.happen(WAKE(B)), "");
	for (int i = 0; i < 3; i++)
		ration_dom_charge(t.r, t.slot[0].dom, RATION_TIME_MAX, RATION_HELPER_EMULATOR, t.now, &fx);
	EXPECT_EQ(t.happen(CHARGE(B, 1)), "");
	EXPECT_EQ(t.advance(t.now + ms_ns(10000), true), "");
	EXPECT_GE(t.ran_ns(B), ms_ns(9990));
}

/* ration_check() sees what is broken. */
TEST(SedfCheck, FindsWhatIsBroken)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));
	ration_vcpu *v = t.slot[static_cast<size_t>(A)].vcpu;
	char *bytes = static_cast<char *>(ration_policy_vcpu(v)), saved[80];

	EXPECT_EQ(t.happen(WAKE(A)), "");
	EXPECT_EQ(t.advance(ms_ns(4), true), "");
	ASSERT_EQ(ration_check(t.r), nullptr);
	std::memcpy(saved, bytes, sizeof(saved));
	for (size_t at = 64; at < 78; at++) {         /* budget, rest, flags, home, scale */
		bytes[at] = static_cast<char>(~bytes[at]);
		EXPECT_EQ(ration_check(t.r) == nullptr, at == 72 || at == 73 || at == 77)
		        << "byte " << at;
		std::memcpy(bytes, saved, sizeof(saved));
	}
	ASSERT_EQ(ration_check(t.r), nullptr);
}

/* ---- RW-2: partitioned EDF, 64 CPUs, 256 periodic servers ---------------------------- */

struct Rw2 {
	static constexpr uint32_t CPUS = 64, COUNT = 256;

	explicit Rw2(ration_ns end) : t(&ration_sedf, CPUS, {}, COUNT)
	{
		t.checks = false;
		for (uint32_t v = 0; v < COUNT; v++) {
			period[v] = ms_ns(10) * (1 + v / CPUS);
			t.add(std::to_string(v), promise(10.0 * (1 + v / CPUS), 2.0 * (1 + v / CPUS)),
			      std::to_string(v % CPUS));
		}
		while (step(end)) {
		}
	}

	/* Completions before timers before releases. */
	bool step(ration_ns end)
	{
		ration_ns next = t.next_timer();

		for (uint32_t v = 0; v < COUNT; v++)
			next = release[v] < next ? release[v] : next;
		if (next >= end)
			return false;
		EXPECT_EQ(t.advance(next, false), "");
		for (ration_cpu c = 0; c < CPUS; c++) {
			int v = t.who(c);

			if (v >= 0 && t.ran_ns(v) == done[v])
				complete(v);
		}
		EXPECT_EQ(t.advance(next, true), "");
		for (uint32_t v = 0; v < COUNT; v++)
			if (release[v] == next)
				start(v);
		return true;
	}

	void complete(int v)
	{
		jobs++;
		misses += t.now > release[v];
		active[v] = false;
		verb(v, ration_vcpu_block, true);
	}

	void start(uint32_t v)
	{
		misses += active[v];
		active[v] = true;
		done[v] = t.ran_ns(static_cast<int>(v)) + period[v] / 5;
		release[v] += period[v];
		verb(static_cast<int>(v), ration_vcpu_wake, false);
	}

	/* Without the checks of Table::happen(), which would take most of the time. */
	void verb(int v, void (*act)(ration *, ration_vcpu *, ration_ns, ration_effects *), bool decide)
	{
		ration_effects fx = {};

		act(t.r, t.slot[static_cast<size_t>(v)].vcpu, t.now, &fx);
		if (decide)
			fx.resched |= ration_cpuset_of(static_cast<ration_cpu>(v) % CPUS);
		t.follow(fx);
		t.settle();
	}

	Table t;
	ration_ns period[COUNT], release[COUNT] = {}, done[COUNT] = {};
	bool active[COUNT] = {};
	uint64_t jobs = 0, misses = 0;
};

/* The golden figures of 60 s, or a fiftieth of them: 1.2 s are ten rounds. */
TEST(SedfRw2, GoldenFigures)
{
	const bool whole = std::getenv("RATION_PROVE") != nullptr;
	const uint64_t part = whole ? 1 : 50;
	Rw2 rw2(60 * RATION_NS_PER_S / part);
	uint64_t dispatches = 0, preemptions = 0;

	for (ration_cpu c = 0; c < Rw2::CPUS; c++) {
		ration_cpu_ledger ledger;

		ration_cpu_ledger_get(rw2.t.r, c, rw2.t.now, &ledger);
		dispatches += ledger.dispatches;
		preemptions += ledger.preemptions;
		EXPECT_EQ(ledger.refusals, 0u);
	}
	EXPECT_EQ(rw2.jobs, 800000 / part);
	EXPECT_EQ(dispatches, 992000 / part);
	EXPECT_EQ(preemptions, 192000 / part);
	EXPECT_EQ(rw2.misses, 0u);
}

} /* namespace */
