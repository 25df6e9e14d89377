// SPDX-License-Identifier: BSD-2-Clause
//
// Another policy is put in force under vCPUs in any state: nobody is lost, attributes
// stay, what is owed carries over.
#include <gtest/gtest.h>

#include <cstring>

#include "host.h"
#include "ration_sedf.h"

namespace {

using Pair = std::pair<const ration_policy *, const ration_policy *>;

class core_switch : public testing::TestWithParam<Pair> {
public:
	const ration_policy *from = GetParam().first, *to = GetParam().second;
};

// Who runs goes on until its CPU decides; every CPU is told to.
TEST_P(core_switch, in_every_state_of_a_vcpu)
{
	Host h(host_of(3, {from, to}, true));
	ration_vcpu *runs = h.hog(attr_of(), 1), *queued = h.hog(attr_of(), 1);
	ration_vcpu *unsaved = h.hog(attr_of(), 2), *loading = h.hog(attr_of(), 2);
	ration_vcpu *blocked = h.vcpu(h.dom()), *paused = h.hog(attr_of(), 1);
	ration_vcpu *down = h.hog(attr_of(), 1), *leaving = h.hog(attr_of(), 4);
	h.decide(0), h.saved(0);
	h.decide(1), h.saved(1);
	h.decide(2), h.saved(2);
	h.pause(paused), h.down(down);
	ration_vcpu *kicked = h.vcpu(h.dom());
	h.now = S;
	EXPECT_EQ(RATION_E_BUSY, h.leave(leaving));
	h.decide(1);                                 // one out, the other in
	if (h.on(1) == unsaved)
		std::swap(unsaved, loading);
	ASSERT_EQ(loading, h.on(1));
	h.decide(2);
	h.saved(2);
	h.wake(kicked);
	ASSERT_EQ(RATION_WAIT_KICK, h.info(kicked).cause);
	ration_ns got = h.got(runs);

	EXPECT_EQ(RATION_OK, h.policy(to));
	EXPECT_EQ(0x7u, h.fx.resched);
	EXPECT_EQ(to, ration_policy_get(h.r));
	EXPECT_EQ(runs, h.on(0));
	EXPECT_EQ(RATION_STATE_RUNNING, h.info(runs).state);
	EXPECT_EQ(RATION_WAIT_QUEUE, h.info(queued).cause);
	EXPECT_EQ(RATION_WAIT_SWITCH, h.info(unsaved).cause);
	EXPECT_EQ(RATION_WAIT_SWITCH, h.info(loading).cause);
	EXPECT_EQ(RATION_STATE_BLOCKED, h.info(blocked).state);
	EXPECT_EQ(RATION_STATE_DOWN, h.info(paused).state);
	EXPECT_EQ(RATION_STATE_DOWN, h.info(down).state);
	EXPECT_EQ(RATION_WAIT_QUEUE, h.info(kicked).cause);
	EXPECT_EQ(RATION_OK, h.leave(leaving));
	EXPECT_EQ(got, h.got(runs));

	h.saved(1);
	EXPECT_EQ(RATION_STATE_RUNNING, h.info(loading).state);
	EXPECT_EQ(RATION_STATE_WAITING, h.info(unsaved).state);
	for (ration_cpu c = 0; c < 3; c++) {
		h.decide(c);
		if (h.last.switched)
			h.saved(c);
	}
	EXPECT_EQ(RATION_STATE_RUNNING, h.info(kicked).state);
	h.resume(paused), h.up(down), h.wake(blocked);
	for (int i = 0; i < 60; i++) {               // and everyone gets a turn
		h.now += 50 * MS;
		for (ration_cpu c = 0; c < 3; c++) {
			h.decide(c);
			if (h.last.switched)
				h.saved(c);
		}
	}
	for (ration_vcpu *v : {runs, queued, unsaved, loading, blocked, paused, down, kicked})
		EXPECT_LT(100 * MS, h.got(v)) << h.name(v);
	EXPECT_EQ(0u, h.books(0).refusals + h.books(1).refusals + h.books(2).refusals);
}

TEST_P(core_switch, with_cpus_off_line_and_vcpus_that_wait_for_them)
{
	Host h(host_of(2, {from, to}));
	ration_vcpu *stuck = h.hog(attr_of(), 2), *a = h.hog(), *b = h.hog();
	h.run_for(100 * MS);
	h.cpu_down(1);
	EXPECT_EQ(RATION_OK, h.policy(to));
	EXPECT_EQ(0x1u, ration_cpu_online(h.r));
	EXPECT_EQ(RATION_WAIT_OFFLINE, h.info(stuck).cause);
	h.run_for(200 * MS);
	EXPECT_EQ(RATION_WAIT_OFFLINE, h.info(stuck).cause);
	EXPECT_EQ(RATION_OK, h.policy(from));
	h.cpu_up(1);
	h.run_for(300 * MS);
	for (ration_vcpu *v : {stuck, a, b})
		EXPECT_LT(100 * MS, h.got(v)) << h.name(v);
	EXPECT_LE(1000 * MS, h.books(0).busy_ns + h.books(1).busy_ns);
}

// Qubes#10778: after the default scheduler had changed, settings were lost silently.
TEST_P(core_switch, keeps_every_attribute_parameter_and_pin)
{
	Host h(host_of(2, {&ration_credit, &ration_sedf, &ration_rr}));
	EXPECT_EQ(RATION_OK, h.params(7 * MS, RATION_RATELIMIT_DEFAULT_NS));
	EXPECT_EQ(RATION_OK, h.policy(from));
	ration_attr attr = attr_of(777, 60, 10);
	attr.burst_ns = 3 * MS;
	attr.period_ns = 40 * MS, attr.slice_ns = 2 * MS, attr.latency_ns = 5 * MS;
	attr.extratime = attr.shadow = true;
	ration_vcpu *v = h.hog(attr, 2);
	EXPECT_EQ(RATION_OK, h.pin(v, 3, 1));
	for (const ration_policy *p : {to, from, to}) {
		ration_attr now;
		ration_params params;
		h.run_for(33 * MS);
		ASSERT_EQ(RATION_OK, h.policy(p));
		ration_dom_get(ration_vcpu_dom(v), &now);
		ration_params_get(h.r, &params);
		EXPECT_TRUE(attr_is_equal(attr, now));
		EXPECT_EQ(7 * MS, params.tslice_ns);
		EXPECT_EQ(3u, h.info(v).affinity.hard);
		EXPECT_EQ(1u, h.info(v).affinity.soft);
	}
}

TEST_P(core_switch, there_and_back_a_thousand_times)
{
	Host h(host_of(2, {from, to}));
	ration_vcpu *v[] = {h.hog(), h.hog(), h.hog(attr_of(), 1), h.vcpu(h.dom())};
	h.loop(v[3], 2 * MS, 3 * MS);
	h.wake(v[3]);
	for (int i = 0; i < 1000; i++) {
		h.run_for(7 * MS + 13 * US);
		ASSERT_EQ(RATION_OK, h.policy(i % 2 == 0 ? to : from));
	}
	for (ration_vcpu *u : v)
		EXPECT_LT(500 * MS, h.got(u)) << h.name(u);
	EXPECT_LT(14000 * MS, h.books(0).busy_ns + h.books(1).busy_ns);
}

INSTANTIATE_TEST_SUITE_P(policies, core_switch,
                         testing::Values(Pair{&ration_rr, &ration_credit},
                                         Pair{&ration_credit, &ration_rr},
                                         Pair{&ration_credit, &ration_sedf},
                                         Pair{&ration_sedf, &ration_rr}),
                         [](const auto &p) {
	return std::string(p.param.first->name) + "_to_" + p.param.second->name;
});

/* ---- Lag ----------------------------------------------------------------- */

// Switching away and back at one instant must not change who is owed what.
TEST(core_lag, there_and_back_at_one_instant_changes_no_share)
{
	for (bool switches : {false, true}) {
		Host h(host_of(1, {&ration_credit, &ration_rr}));
		ration_dom *d = h.dom();
		for (int i = 0; i < 4; i++)
			h.wake(h.vcpu(d));
		ration_vcpu *one = h.hog();
		for (int i = 0; i < 300; i++) {
			h.run_for(100 * MS);
			if (switches) {
				ASSERT_EQ(RATION_OK, h.policy(&ration_rr));
				ASSERT_EQ(RATION_OK, h.policy(&ration_credit));
			}
		}
		EXPECT_GE(h.got(one), 15 * S - 300 * MS) << switches;
		EXPECT_LE(h.got(one), 15 * S + 300 * MS) << switches;
	}
}

TEST(core_lag, what_a_vcpu_has_had_too_much_it_waits_for_after_the_switch)
{
	Host h(host_of(1, {&ration_credit, &ration_rr}));
	ration_vcpu *a = h.hog(), *b = h.hog();
	h.run_until(29 * MS);
	ASSERT_EQ(a, h.on(0));
	ASSERT_EQ(RATION_OK, h.policy(&ration_rr));
	EXPECT_LE(h.info(a).lag_ns + int64_t(28 * MS), h.info(b).lag_ns);
	ASSERT_EQ(RATION_OK, h.policy(&ration_credit));
	EXPECT_EQ(b, h.on(0)) << "A has had 29 ms, B nothing";
}

TEST(core_lag, is_bounded_by_a_second_and_scaled_by_weight)
{
	Host h(host_of(1, {&ration_credit, &ration_rr}));
	ration_vcpu *a = h.hog(attr_of(RATION_WEIGHT_MAX)), *b = h.hog(attr_of(1));
	ration_vcpu *sleeps = h.vcpu(h.dom());
	h.run_until(100 * S);
	for (int i = 0; i < 3; i++)
		h.charge(ration_vcpu_dom(b), 100 * S);
	h.run_for(30 * S);
	ASSERT_EQ(RATION_OK, h.policy(&ration_rr));
	for (ration_vcpu *v : {a, b, sleeps}) {
		EXPECT_LE(h.info(v).lag_ns, int64_t(S)) << h.name(v);
		EXPECT_GE(h.info(v).lag_ns, -int64_t(S)) << h.name(v);
	}
}

TEST(core_lag, a_policy_cannot_report_more_than_a_second)
{
	Host h(host_of(1, {&ration_rr}));
	ration_vcpu *v = h.vcpu(h.dom());
	for (int64_t ns : {int64_t(S), int64_t(S) + 1, INT64_MAX}) {
		ration_lag_set(v, ns);
		EXPECT_EQ(int64_t(S), h.info(v).lag_ns);
		ration_lag_set(v, -ns);
		EXPECT_EQ(-int64_t(S), h.info(v).lag_ns);
	}
	ration_lag_set(v, INT64_MIN);
	EXPECT_EQ(-int64_t(S), h.info(v).lag_ns);
	ration_lag_set(v, -5);
	EXPECT_EQ(-5, h.info(v).lag_ns);
}

TEST(core_lag, a_new_vcpu_is_owed_nothing)
{
	for (uint32_t weight : {1u, 256u, RATION_WEIGHT_MAX}) {
		Host h(host_of(1, {&ration_credit, &ration_rr}));
		h.hog();
		h.run_until(3 * S);
		ration_vcpu *v = h.vcpu(h.dom(attr_of(weight)));
		EXPECT_EQ(0, h.info(v).lag_ns);
		ASSERT_EQ(RATION_OK, h.policy(&ration_rr));
		EXPECT_EQ(0, h.info(v).lag_ns) << "weight " << weight;
	}
}

TEST(core_lag, repeated_switches_steal_nothing)
{
	Host h(host_of(1, {&ration_credit, &ration_rr}));
	ration_vcpu *a = h.hog(attr_of(512)), *b = h.hog(attr_of(256));
	for (int i = 0; i < 3000; i++) {
		h.run_for(10 * MS);
		ASSERT_EQ(RATION_OK, h.policy(&ration_rr));
		ASSERT_EQ(RATION_OK, h.policy(&ration_credit));
	}
	EXPECT_GE(h.got(a), 19500 * MS);
	EXPECT_LE(h.got(a), 20500 * MS);
	EXPECT_EQ(30 * S, h.got(a) + h.got(b));
}

}  // namespace
