// SPDX-License-Identifier: BSD-2-Clause
//
// credit: what each domain gets, against closed forms, in virtual time.
#include <gtest/gtest.h>

#include <algorithm>

#include "host.h"

namespace {

constexpr ration_ns SLICE = RATION_TSLICE_DEFAULT_NS;

// |got - due| <= within
void near(ration_ns due, ration_ns got, ration_ns within, const std::string &who = "")
{
	EXPECT_LE(due > got ? due - got : got - due, within)
		<< who << " is due " << double(due) / 1e6 << " ms and got " << double(got) / 1e6;
}

TEST(credit_shares, equal_hogs_share_equally)
{
	Host h(host_of(2, {&ration_credit}));
	std::vector<ration_vcpu *> v;
	for (int i = 0; i < 4; i++)
		v.push_back(h.hog());
	h.run_until(10 * S);
	for (ration_vcpu *u : v)
		near(5 * S, h.got(u), SLICE, h.name(u));
	EXPECT_EQ(20 * S, h.books(0).busy_ns + h.books(1).busy_ns);
}

TEST(credit_shares, three_hogs_on_two_cpus_get_two_thirds_each)
{
	Host h(host_of(2, {&ration_credit}));
	ration_vcpu *v[] = {h.hog(), h.hog(), h.hog()};
	h.run_until(9 * S);
	for (ration_vcpu *u : v)
		near(6 * S, h.got(u), 2 * SLICE, h.name(u));
}

TEST(credit_shares, weights_512_and_256_share_two_to_one)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(512)), *b = h.hog(attr_of(256));
	h.run_until(9 * S);
	near(6 * S, h.got(a), SLICE, "512");
	near(3 * S, h.got(b), SLICE, "256");
}

// Xen: a pool of two or more CPUs ignored the weights of hogs pinned to one of them.
TEST(credit_shares, weights_hold_under_pinning)
{
	Host h(host_of(4, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(512), 1), *b = h.hog(attr_of(256), 1);
	h.run_until(9 * S);
	near(6 * S, h.got(a), SLICE, "512");
	near(3 * S, h.got(b), SLICE, "256");
}

TEST(credit_shares, weights_one_to_eight)
{
	Host h(host_of(1, {&ration_credit}));
	std::vector<ration_vcpu *> v;
	for (uint32_t w = 1; w <= 8; w++)
		v.push_back(h.hog(attr_of(w)));
	h.run_until(36 * S);
	for (uint32_t w = 1; w <= 8; w++)
		near(w * S, h.got(v[w - 1]), 2 * SLICE, "weight " + std::to_string(w));
}

TEST(credit_shares, only_the_ratio_of_weights_counts)
{
	const uint32_t scale[] = {1, 100, 16383};
	for (uint32_t k : scale) {
		Host h(host_of(1, {&ration_credit}));
		ration_vcpu *a = h.hog(attr_of(1 * k)), *b = h.hog(attr_of(4 * k));
		h.run_until(10 * S);
		near(2 * S, h.got(a), SLICE, "1 * " + std::to_string(k));
		near(8 * S, h.got(b), SLICE, "4 * " + std::to_string(k));
	}
}

TEST(credit_shares, the_lightest_against_the_heaviest)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(1)), *b = h.hog(attr_of(RATION_WEIGHT_MAX));
	h.run_until(4000 * S);
	near(4000 * S / 65536, h.got(a), SLICE, "1");
	EXPECT_EQ(4000 * S, h.got(a) + h.got(b));
	EXPECT_LT(0u, h.got(a));
}

// The unit of sharing is the domain, not the vCPU.
TEST(credit_shares, a_domain_of_four_vcpus_gets_no_more_than_one_of_one)
{
	Host h(host_of(1, {&ration_credit}));
	ration_dom *d = h.dom();
	std::vector<ration_vcpu *> four;
	for (int i = 0; i < 4; i++) {
		four.push_back(h.vcpu(d));
		h.wake(four.back());
	}
	ration_vcpu *one = h.hog();
	h.run_until(8 * S);
	near(4 * S, h.got(one), 2 * SLICE, "the one");
	for (ration_vcpu *u : four)
		near(1 * S, h.got(u), 2 * SLICE, h.name(u));
}

TEST(credit_shares, a_domain_of_four_vcpus_on_two_cpus_with_two_of_one)
{
	Host h(host_of(2, {&ration_credit}));
	ration_dom *d = h.dom();
	ration_ns got = 0;
	for (int i = 0; i < 4; i++)
		h.wake(h.vcpu(d));
	ration_vcpu *a = h.hog(), *b = h.hog();
	h.run_until(9 * S);
	got = h.ledger(d).running_ns;
	near(6 * S, got, 4 * SLICE, "the four");
	near(6 * S, h.got(a), 4 * SLICE, "a");
	near(6 * S, h.got(b), 4 * SLICE, "b");
}

TEST(credit_shares, siblings_that_sleep_leave_their_share_to_those_who_run)
{
	Host h(host_of(1, {&ration_credit}));
	ration_dom *d = h.dom();
	ration_vcpu *works = h.vcpu(d), *one;
	for (int i = 0; i < 7; i++)
		h.vcpu(d);                           // blocked
	h.wake(works);
	one = h.hog();
	h.run_until(8 * S);
	near(4 * S, h.got(works), SLICE, "of eight");
	near(4 * S, h.got(one), SLICE, "the one");
}

// A sibling that cannot run (its CPU is off line) must not thin out the domain's share.
TEST(credit_shares, siblings_without_a_cpu_leave_their_share_to_those_who_run)
{
	Host h(host_of(2, {&ration_credit}));
	ration_dom *d = h.dom();
	ration_vcpu *works = h.vcpu(d, 1), *stuck = h.vcpu(d, 2), *one = h.hog(attr_of(), 1);
	h.wake(works), h.wake(stuck);
	h.run_until(1 * S);
	ASSERT_EQ(RATION_OK, h.cpu_down(1));
	ration_ns before[] = {h.got(works), h.got(one)};
	h.run_until(9 * S);
	near(4 * S, h.got(works) - before[0], 2 * SLICE, "the sibling that runs");
	near(4 * S, h.got(one) - before[1], 2 * SLICE, "the other domain");
}

TEST(credit_shares, a_heavy_domain_that_cannot_use_its_share_leaves_it_to_the_others)
{
	Host h(host_of(2, {&ration_credit}));
	ration_vcpu *heavy = h.hog(attr_of(60000)), *a = h.hog(), *b = h.hog();
	h.run_until(10 * S);
	near(10 * S, h.got(heavy), 3 * SLICE, "one vCPU fits on one CPU");
	near(5 * S, h.got(a), 3 * SLICE, "a");
	near(5 * S, h.got(b), 3 * SLICE, "b");
}

TEST(credit_shares, the_manuals_example)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(512)), *b = h.hog(attr_of(256));
	const struct {
		ration_ns at;
		ration_vcpu *runs;
	} row[] = {{0, a}, {30, b}, {60, a}, {90, a}, {120, b}, {150, a}, {180, a}, {210, b}};
	for (const auto &t : row) {
		h.run_until(t.at * MS);
		EXPECT_EQ(t.runs, h.on(0)) << "at " << t.at << " ms";
	}
}

// At no time do two domains differ from their ratio by more than a slice or two.
TEST(credit_shares, the_error_does_not_grow_with_time)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(300)), *b = h.hog(attr_of(200)), *c = h.hog(attr_of(100));
	for (int i = 1; i <= 1000; i++) {
		h.run_for(60 * MS);
		near(h.now / 2, h.got(a), 2 * SLICE, "300");
		near(h.now / 3, h.got(b), 2 * SLICE, "200");
		near(h.now / 6, h.got(c), 2 * SLICE, "100");
	}
}

TEST(credit_shares, a_short_tslice_is_more_exact)
{
	HostOptions o = host_of(1, {&ration_credit});
	o.params = {MS, MS};
	Host h(o);
	ration_vcpu *a = h.hog(attr_of(300)), *b = h.hog(attr_of(100));
	for (int i = 1; i <= 200; i++) {
		h.run_for(7 * MS);
		near(h.now / 4 * 3, h.got(a), 2 * MS, "300");
		near(h.now / 4, h.got(b), 2 * MS, "100");
	}
}

TEST(credit_shares, a_new_weight_holds_from_now_on)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(100)), *b = h.hog(attr_of(100));
	h.run_until(3 * S);
	ration_ns was[] = {h.got(a), h.got(b)};
	h.set(ration_vcpu_dom(a), attr_of(200));
	h.run_until(12 * S);
	near(6 * S, h.got(a) - was[0], 2 * SLICE, "200");
	near(3 * S, h.got(b) - was[1], 2 * SLICE, "100");
	h.set(ration_vcpu_dom(a), attr_of(1));
	h.set(ration_vcpu_dom(b), attr_of(3));
	was[0] = h.got(a), was[1] = h.got(b);
	h.run_until(20 * S);
	near(2 * S, h.got(a) - was[0], 4 * SLICE, "1");
	near(6 * S, h.got(b) - was[1], 4 * SLICE, "3");
}

TEST(credit_shares, who_runs_half_the_time_gets_what_it_asks_for)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *sleeper = h.vcpu(h.dom()), *b = h.hog();
	h.loop(sleeper, 2 * MS, 8 * MS);             // wants 20 %, is due 50 %
	h.wake(sleeper);
	h.run_until(10 * S);
	EXPECT_LT(1800 * MS, h.got(sleeper));
	EXPECT_EQ(10 * S, h.got(sleeper) + h.got(b));
}

TEST(credit_shares, helper_work_counts_as_the_domains_own)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(), *b = h.hog();
	for (int i = 0; i < 1000; i++) {             // 20 % of a CPU is done for A elsewhere
		h.run_for(10 * MS);
		h.charge(ration_vcpu_dom(a), 2 * MS);
	}
	near(4 * S, h.got(a), 3 * SLICE, "a");       // 4 + 2 of its own
	near(6 * S, h.got(b), 3 * SLICE, "b");
}

TEST(credit_shares, an_idle_cpu_pulls_at_once)
{
	Host h(host_of(2, {&ration_credit}));
	ration_vcpu *a = h.hog(), *b = h.hog(), *c = h.hog();
	h.run_until(100 * MS + 7);
	ration_vcpu *queued = h.on(0) != a && h.on(1) != a ? a :
	                      h.on(0) != b && h.on(1) != b ? b : c;
	h.block(h.on(1));
	EXPECT_EQ(queued, h.on(1));
	h.run_until(200 * MS);
	EXPECT_EQ(0u, h.books(0).idle_ns + h.books(1).idle_ns);
}

// Two domains that play their turns into each other's hands take nothing from a third.
TEST(credit_shares, a_turn_that_is_given_away_is_paid_for)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(), *b = h.hog(), *c = h.hog();
	for (int i = 0; i < 9000; i++) {             // A gives B every one of its turns
		h.run_for(MS);
		if (h.on(0) == a)
			h.yield_to(a, b);
	}
	EXPECT_LT(2900 * MS, h.got(c)) << "its third of 9 s";
	EXPECT_LT(h.got(a), 500 * MS);
	EXPECT_EQ(9 * S, h.got(a) + h.got(b) + h.got(c));
}

TEST(credit_shares, a_hint_does_not_overtake_a_floor)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(), *b = h.hog(), *first = h.vcpu(h.dom(attr_of(256, 0, 20)));
	h.run_until(5 * MS);
	ASSERT_EQ(a, h.on(0));
	h.now += 500 * US;
	h.yield(a);                                  // B runs, protected until 6.5 ms
	h.wake(first);
	h.yield_to(b, a);
	EXPECT_EQ(first, h.on(0));
	h.block(first);                              // and the hint is gone
	EXPECT_EQ(b, h.on(0)) << "B has had 0, A 5.5 ms";
}

}  // namespace
