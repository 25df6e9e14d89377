// SPDX-License-Identifier: BSD-2-Clause
//
// credit's slow loop: when it runs, what it survives, and what it learns of what vCPUs want.
#include <gtest/gtest.h>

#include <algorithm>

#include "host.h"
#include "ration_sedf.h"

namespace {

constexpr ration_ns SLICE = RATION_TSLICE_DEFAULT_NS;

// How often the slow loop steps in `ns`, where nothing else has a timer.
int steps_in(Host &h, ration_ns ns)
{
	int count = 0;
	for (ration_ns until = h.now + ns; h.now < until; ) {
		ration_ns due = h.expire_at();
		h.run_for(10 * US);
		count += due <= h.now;
	}
	return count;
}

/* ---- When it runs ------------------------------------------------------ */

TEST(credit_rates, nothing_runs_where_nobody_is)
{
	Host h(host_of(4, {&ration_credit}));
	EXPECT_EQ(RATION_NEVER, h.expire_at());
}

TEST(credit_rates, it_rests_where_nobody_wakes_or_sleeps)
{
	Host h(host_of(2, {&ration_credit}));
	for (int i = 0; i < 5; i++)
		h.hog();
	h.run_until(1 * S);
	EXPECT_EQ(RATION_NEVER, h.expire_at()) << "five hogs want what they wanted";
	h.run_until(10 * S);
	EXPECT_EQ(RATION_NEVER, h.expire_at());
}

TEST(credit_rates, a_change_starts_it_at_once)
{
	Host h(host_of(2, {&ration_credit}));
	ration_vcpu *a = h.hog(), *b = h.hog();
	h.hog(), h.hog();
	h.run_until(1 * S);
	auto settle = [&](const char *what) {
		EXPECT_LE(h.expire_at(), h.now + MS) << what;
		h.run_for(100 * MS);
		EXPECT_EQ(RATION_NEVER, h.expire_at()) << what;
	};
	h.set(ration_vcpu_dom(a), attr_of(512)), settle("weight");
	h.pin(a, 1), settle("pin");
	h.cpu_down(1), settle("CPU down");
	h.cpu_up(1), settle("CPU up");
	h.hog(), settle("another domain");
	h.block(h.on(0) == b || h.on(1) == b ? b : h.on(1));
	h.run_for(S);
	EXPECT_EQ(RATION_NEVER, h.expire_at()) << "blocked for long, and nothing new since";
}

TEST(credit_rates, a_sleeper_starts_it_every_10_ms_at_most)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.vcpu(h.dom());
	h.hog(), h.hog();
	h.loop(a, 200 * US, 300 * US);
	h.wake(a);
	h.run_until(1 * S);
	int count = steps_in(h, 1 * S);
	EXPECT_GE(count, 50) << "it goes on as long as somebody wakes and sleeps";
	EXPECT_LE(count, 1000) << "100 passes of a few steps";
}

/* ---- What it survives -------------------------------------------------- */

// A machine large enough that a pass takes several calls, that nobody disturbs in the
// meantime: the host is manual, and vCPU `v[i]` are hogs that no CPU has fetched yet.
struct Large : Host {
	std::vector<ration_vcpu *> v;

	static HostOptions options_of()
	{
		HostOptions o = host_of(2, {&ration_credit, &ration_rr}, true);
		o.dom_count = 128, o.vcpu_count = 512;
		o.work_conserving = false;
		return o;
	}
	Large() : Host(options_of())
	{
		for (int i = 0; i < 100; i++) {
			ration_dom *d = dom();
			for (int k = 0; k < 3; k++)
				v.push_back(vcpu(d)), wake(v.back());
		}
	}
	// So many steps of the slow loop; false: it rests.
	bool steps(int count)
	{
		for (int i = 0; i < count && expire_at() != RATION_NEVER; i++) {
			now = std::max(now, expire_at());
			expire();
		}
		return expire_at() != RATION_NEVER;
	}
	void settles()
	{
		steps(2000);
		EXPECT_EQ(RATION_NEVER, expire_at());
		EXPECT_EQ(nullptr, ration_check(r));
	}
};

TEST(credit_rates, a_pass_takes_more_than_one_call)
{
	Large h;
	EXPECT_TRUE(h.steps(4)) << "300 vCPUs are not looked at in four times 64";
	h.settles();
}

// Whatever comes between two steps, it ends and the state is sound.
TEST(credit_rates, changes_in_mid_pass)
{
	for (int at = 1; at < 24; at++) {
		Large h;
		h.steps(at);
		h.pin(h.v[size_t(at) * 7], 1);
		h.steps(at);
		h.vcpu(h.dom());
		h.steps(3);
		h.set(ration_vcpu_dom(h.v[0]), attr_of(1000));
		h.steps(2);
		h.cpu_down(1);
		h.steps(5);
		h.cpu_up(1);
		h.settles();
	}
}

// An admission uses the same memory as the engine.
TEST(credit_rates, an_admission_test_in_mid_pass)
{
	for (int at = 1; at < 24; at++) {
		Large h;
		h.steps(at);
		EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(h.v[1]), attr_of(256, 0, 20)));
		h.steps(at);
		EXPECT_EQ(RATION_E_CAPACITY, h.set(ration_vcpu_dom(h.v[9]), attr_of(256, 0, 190)));
		h.settles();
	}
}

// Each vCPU at which the pass may stand goes, and then a whole domain and its slot.
TEST(credit_rates, vcpus_and_domains_that_leave_in_mid_pass)
{
	for (size_t at = 0; at < 300; at += 7)
		for (int steps : {1, 3, 8, 12, 20}) {
			Large h;
			h.steps(steps);
			for (size_t i = at; i < std::min(at + 70, h.v.size()); i++) {
				ration_dom *d = ration_vcpu_dom(h.v[i]);
				ASSERT_EQ(RATION_OK, h.leave(h.v[i]));
				if (ration_vcpu_first(d) == nullptr) {
					ASSERT_EQ(RATION_OK, h.leave(d));
					h.wake(h.vcpu(h.dom(attr_of(7))));   // in its slot
				}
			}
			h.settles();
		}
}

TEST(credit_rates, a_policy_switch_in_mid_pass)
{
	for (int at = 1; at < 24; at += 3) {
		Large h;
		h.steps(at);
		EXPECT_EQ(RATION_OK, h.policy(&ration_rr));
		EXPECT_EQ(RATION_NEVER, h.expire_at());
		EXPECT_EQ(RATION_OK, h.policy(&ration_credit));
		h.steps(1);
		h.settles();
	}
}

/* ---- What vCPUs want --------------------------------------------------- */

// A blocks and gets what it wants; what it leaves goes to the others by weight, and not to
// A's sibling alone.
TEST(credit_rates, what_a_sleeper_leaves_is_shared_by_weight)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.vcpu(h.dom()), *b = h.hog(attr_of(512)), *c = h.hog(attr_of(256));
	h.loop(a, 1 * MS, 9 * MS);                   // 10 %, is due a quarter
	h.wake(a);
	h.run_until(2 * S);
	ration_ns was[] = {h.got(a), h.got(b), h.got(c)};
	h.run_for(10 * S);
	EXPECT_GE(h.got(a) - was[0], 800 * MS);
	EXPECT_NEAR(double(h.got(b) - was[1]) / double(h.got(c) - was[2]), 2.0, 0.06);
}

TEST(credit_rates, a_sleeper_that_becomes_a_hog_gets_its_share_at_once)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.vcpu(h.dom());
	h.hog(), h.hog(), h.hog();
	h.loop(a, 200 * US, 20 * MS);
	h.wake(a);
	h.run_until(5 * S);
	h.loop(a, 0, 0);
	h.wake(a);
	ration_ns was = h.got(a);
	h.run_for(1 * S);
	EXPECT_GE(h.got(a) - was, 250 * MS - 2 * SLICE);
	EXPECT_LE(h.got(a) - was, 250 * MS + 2 * SLICE);
}

TEST(credit_rates, a_hog_that_sleeps_now_leaves_its_share_at_once)
{
	Host h(host_of(2, {&ration_credit}));
	ration_dom *d = h.dom();
	ration_vcpu *a = h.vcpu(d, 1), *b = h.vcpu(d, 2), *c = h.hog(attr_of(), 1);
	h.wake(a), h.wake(b);                        // C is due 1, A is of a domain that has B
	h.run_until(2 * S);
	h.block(b);
	h.run_for(200 * MS);
	ration_ns was[] = {h.got(a), h.got(c)};
	h.run_for(2 * S);
	EXPECT_NEAR(double(h.got(a) - was[0]), 1e9, double(2 * SLICE));
	EXPECT_NEAR(double(h.got(c) - was[1]), 1e9, double(2 * SLICE));
}

/* ---- What changes carry over ------------------------------------------- */

// B is ahead by what A lacks; whatever the weights are then, A gets it back first.
TEST(credit_rates, a_live_weight_change_keeps_the_lag_as_cpu_time)
{
	for (uint32_t weight : {64u, 256u, 1024u}) {
		Host h(host_of(1, {&ration_credit}));
		ration_vcpu *a = h.hog(), *b = h.hog();
		h.run_until(1 * S);
		ration_ns gap = 0;
		while (h.got(a) < h.got(b) + 20 * MS && h.now < 2 * S)
			h.run_for(MS);
		gap = h.got(a) - h.got(b);
		ASSERT_GE(gap, 20 * MS);
		ration_ns was[] = {h.got(a), h.got(b)};
		h.set(ration_vcpu_dom(a), attr_of(weight)), h.set(ration_vcpu_dom(b), attr_of(weight));
		h.run_for(10 * S);
		// Equal shares from now on, and what A was ahead is repaid.
		ration_ns more = h.got(b) - was[1] - std::min(h.got(b) - was[1], h.got(a) - was[0]);
		EXPECT_LE(more, gap + SLICE + MS) << weight;
		EXPECT_LE(h.got(a) - was[0], h.got(b) - was[1] + SLICE) << weight;
	}
}

// Two hogs take turns, so that what one is ahead goes from some g to g - 30 ms and back: also
// after a switch to another policy and back at any time in between, and not further.
TEST(credit_rates, through_another_policy_and_back_keeps_the_lag)
{
	for (const ration_policy *other : {&ration_rr, &ration_sedf})
		for (ration_ns at : {1005 * MS, 1012 * MS, 1025 * MS, 1037 * MS, 1050 * MS}) {
			Host h(host_of(1, {&ration_credit, other}));
			ration_vcpu *a = h.hog(), *b = h.hog();
			h.run_until(at);
			ASSERT_EQ(RATION_OK, h.policy(other));
			ASSERT_EQ(RATION_OK, h.policy(&ration_credit));
			h.run_for(2 * S);
			for (int i = 0; i < 100; i++) {
				h.run_for(MS);
				EXPECT_LE(h.got(a), h.got(b) + SLICE + MS) << at;
				EXPECT_LE(h.got(b), h.got(a) + SLICE + MS) << at;
			}
		}
}

}  // namespace
