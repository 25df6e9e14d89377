/* SPDX-License-Identifier: BSD-2-Clause */
/* What the domains of a scenario demand and are owed: at the start and over a run. */
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "demand.h"
#include "distribution.h"
#include "entitled.h"
#include "read_scenario.h"

namespace {

const std::string host2 = "host: {topology: \"pack:1 core:2 pu:1\"}\ntime: 10s\n";

constexpr double NEAR = 1e-6;

demand_when full_speed(double speed = 1)
{
	return {10 * RATION_NS_PER_S, speed};
}

/* Of each domain at the start, in CPUs. */
std::vector<double> owed(const std::string &text, bool all = false,
                         oracle_status status = ORACLE_OK)
{
	ReadScenario read(text);
	EXPECT_TRUE(read.ok) << read.message;
	std::vector<double> demand(read.s.domain_count), x;
	oracle_result result;

	EXPECT_EQ(entitled_at_start(&read.s, read.s.policy, all, &result, demand.data()), status);
	for (uint32_t i = 0; i < read.s.domain_count; i++)
		x.push_back(result.share[i].entitled);
	oracle_result_free(&result);
	return x;
}

/* Of each domain over a run. */
std::vector<double> owed_over_run(const std::string &text, uint32_t refusals = 0)
{
	ReadScenario read(text);
	EXPECT_TRUE(read.ok) << read.message;
	std::vector<double> x;
	sim_options options = {};
	sim_result r;

	options.check = true;
	EXPECT_TRUE(sim_run(&read.s, &options, &r));
	EXPECT_EQ(r.refusal_count, refusals);
	EXPECT_FALSE(r.is_entitled);
	entitled_over_run(&read.s, &r);
	EXPECT_TRUE(r.is_entitled);
	for (uint32_t i = 0; i < r.domain_count; i++)
		x.push_back(r.domain[i].entitled);
	sim_result_free(&r);
	return x;
}

void expect_near(const std::vector<double> &got, const std::vector<double> &expected,
                 double near = NEAR)
{
	ASSERT_EQ(got.size(), expected.size());
	for (size_t i = 0; i < got.size(); i++)
		EXPECT_NEAR(got[i], expected[i], near) << "domain " << i;
}

/* ---- Demand ------------------------------------------------------------- */

TEST(demand, the_mean_of_a_length_of_time_is_that_of_its_draws)
{
	const scenario_dist dists[] = {
		{DIST_CONST, 5000000, 0, 0},
		{DIST_UNIFORM, 1000000, 4000000, 0},
		{DIST_EXP, 3000000, 0, 0},
		{DIST_LOGNORMAL, 2000000, 0, 700000},
		{DIST_LOGNORMAL, 2000000, 0, 2000000},
	};
	constexpr unsigned STEPS = 1u << 20;

	for (const scenario_dist &dist : dists) {
		double sum = 0;

		for (uint64_t i = 0; i < STEPS; i++)
			sum += static_cast<double>(distribution_draw(&dist, (i << 44) + (1ull << 43)));
		EXPECT_NEAR(demand_mean_ns(&dist) / (sum / STEPS), 1, .002) << "kind " << dist.kind;
	}
}

TEST(demand, of_each_workload)
{
	ReadScenario read(host2 + "domains:\n"
	    "- {name: idle, workload: {idle: {}}}\n"
	    "- {name: hog}\n"
	    "- {name: loop, workload: {loop: {run: 1ms, block: 3ms}}}\n"
	    "- {name: never, workload: {loop: {run: 1ms, block: 0}}}\n"
	    "- {name: rt, workload: {periodic: {period: 10ms, run: 4ms}}}\n"
	    "- {name: late, workload: {periodic: {period: 10ms, run: 14ms}}}\n"
	    "- {name: web, vcpus: 2, workload: {server: {arrivals: poisson(100/s), service: 5ms}}}\n"
	    "- {name: busy, workload: {server: {arrivals: poisson(1000/s), service: 5ms}}}\n"
	    "- {name: lock, workload: {spinlock: {run: 1ms, hold: 1ms}}}\n");
	const double expected[] = {0, 1, .25, 1, .4, 1, .25, 1, 1};

	for (uint32_t i = 0; i < read.s.domain_count; i++) {
		EXPECT_NEAR(demand_vcpu(&read.s.domain[i], 0, full_speed()), expected[i], NEAR)
		    << read.s.domain[i].name;
		EXPECT_EQ(demand_in_dom0(&read.s.domain[i], full_speed()), 0);
	}
	/* half as fast: 2 ms of work take 4 ms */
	EXPECT_NEAR(demand_vcpu(&read.domain("loop"), 0, full_speed(.5)), .4, NEAR);
	EXPECT_NEAR(demand_vcpu(&read.domain("rt"), 0, full_speed(.5)), .8, NEAR);
	EXPECT_NEAR(demand_vcpu(&read.domain("web"), 0, full_speed(.5)), .5, NEAR);
}

TEST(demand, dom0_works_for_others)
{
	ReadScenario read(host2 + "dom0: {}\ndomains:\n"
	    "- {name: web, workload: {server: {arrivals: poisson(100/s), service: 5ms, through_dom0: 1ms}}}\n"
	    "- {name: loop, vcpus: 2, workload: {loop: {run: 1ms, block: 2ms, through_dom0: 1ms}}}\n");

	EXPECT_NEAR(demand_in_dom0(&read.domain("web"), full_speed()), .1, NEAR);
	EXPECT_NEAR(demand_in_dom0(&read.domain("loop"), full_speed()), .5, NEAR);
	EXPECT_NEAR(demand_vcpu(&read.domain("loop"), 0, full_speed()), .25, NEAR);
}

TEST(demand, siblings_and_slow_cores_make_bursts_longer)
{
	ReadScenario even(host2 + "domains: [{name: a}]\n");
	ReadScenario smt("host: {topology: \"pack:1 core:2 pu:2\", costs: {smt: 0.6}}\ntime: 1s\n"
	                 "domains: [{name: a}]\n");

	EXPECT_DOUBLE_EQ(demand_speed(&even.s, 3, 1), 1);
	EXPECT_DOUBLE_EQ(demand_speed(&smt.s, 15, 0), 1);
	EXPECT_DOUBLE_EQ(demand_speed(&smt.s, 15, 1), .6);
	EXPECT_DOUBLE_EQ(demand_speed(&smt.s, 15, .5), .8);
	EXPECT_DOUBLE_EQ(demand_speed(&smt.s, 5, 1), 1) << "the siblings are off line";
	EXPECT_DOUBLE_EQ(demand_speed(&smt.s, 0, 1), 1);
	even.s.topology.cpu[1].capacity = RATION_CAPACITY_FULL / 2;
	EXPECT_DOUBLE_EQ(demand_speed(&even.s, 3, 1), .75);
}

/* ---- At the start --------------------------------------------------------- */

TEST(entitled, weights_caps_floors_and_pins_of_a_scenario)
{
	expect_near(owed(host2 + "domains:\n"
	    "- {name: a, weight: 256, cpus: \"0\"}\n"
	    "- {name: b, weight: 512, cpus: \"0\"}\n"
	    "- {name: c, weight: 1024, cpus: \"0\"}\n"), {1 / 7., 2 / 7., 4 / 7.});
	expect_near(owed(host2 + "domains: [{name: a, vcpus: 4}, {name: b}]\n"), {1, 1});
	expect_near(owed(host2 + "dom0: {vcpus: 2, weight: 1, floor: 50, workload: {hog: {}}}\n"
	    "domains: [{name: a, vcpus: 4, cap: 40, weight: 1000}, {name: b, vcpus: 2, weight: 1000}]\n"),
	    {.5, .4, 1.1});
}

TEST(entitled, dom0_is_owed_for_what_it_does_for_others)
{
	expect_near(owed(host2 + "dom0: {vcpus: 2, workload: {idle: {}}}\ndomains:\n"
	    "- {name: web, workload: {server: {arrivals: poisson(100/s), service: 4ms, through_dom0: 1ms}}}\n"
	    "- {name: hog, vcpus: 2}\n"), {.1, .4, 1.5});
}

TEST(entitled, who_comes_later_counts_if_asked_for)
{
	const std::string text = host2 + "domains: [{name: a, vcpus: 2}, {name: b, vcpus: 2, start: 1s}]\n";

	expect_near(owed(text), {2, 0});
	expect_near(owed(text, true), {1, 1});
}

TEST(entitled, slices_count_where_the_policy_honours_them)
{
	const std::string domains = "domains:\n"
	    "- {name: rt, slice: 2ms, period: 10ms, extratime: false, weight: 60000}\n"
	    "- {name: more, slice: 4ms, period: 10ms, weight: 1}\n"
	    "- {name: hog, weight: 9}\n";
	const std::string host1 = "host: {topology: \"pack:1 core:1 pu:1\"}\ntime: 1s\n";

	expect_near(owed(host1 + "policy: sedf\n" + domains), {.2, .4, .4});
	expect_near(owed(host1 + "policy: credit\n" + domains),
	            {60000 / 60010., 1 / 60010., 9 / 60010.});
}

TEST(entitled, floors_that_cannot_all_be_kept)
{
	expect_near(owed(host2 + "domains:\n"
	    "- {name: a, floor: 80, cpus: \"0\"}\n"
	    "- {name: b, floor: 80, cpus: \"0\"}\n"
	    "- {name: c}\n", false, ORACLE_FLOORS), {.5, .5, 1});
}

TEST(entitled, busy_siblings_raise_a_demand)
{
	/* all four threads busy: 0.3 of a thread's full speed are 0.5 of one at 0.6 */
	expect_near(owed("host: {topology: \"pack:1 core:2 pu:2\", costs: {smt: 0.6}}\ntime: 1s\n"
	    "domains:\n"
	    "- {name: rt, workload: {periodic: {period: 10ms, run: 3ms}}}\n"
	    "- {name: hog, vcpus: 4}\n"), {.5, 3.5}, 1e-4);
	expect_near(owed("host: {topology: \"pack:1 core:2 pu:2\", costs: {smt: 0.6}}\ntime: 1s\n"
	    "domains: [{name: rt, workload: {periodic: {period: 10ms, run: 3ms}}}]\n"),
	    {(1 - std::sqrt(1 - .12)) / .2}, 1e-4);
}

/* ---- Over a run ------------------------------------------------------------ */

TEST(entitled, over_a_run_it_is_the_mean_over_time)
{
	expect_near(owed_over_run(host2 + "domains: [{name: a, vcpus: 2}, {name: b, vcpus: 2}]\n"),
	            {1, 1});
	/* alone for 4 s, then halves for 6 s */
	expect_near(owed_over_run(host2 + "domains: [{name: a, vcpus: 2}, {name: b, vcpus: 2, start: 4s}]\n"),
	            {1.4, .6});
	expect_near(owed_over_run(host2 + "domains: [{name: a, vcpus: 2}, {name: b, vcpus: 2}]\n"
	    "events: [{at: 4s, domain: b, destroy: true}]\n"), {1.6, .4});
}

struct Change {
	const char *events;
	std::vector<double> owed;
	uint32_t refusals;
};

TEST(entitled, over_a_run_every_change_counts_from_its_time)
{
	static const Change changes[] = {
		{"{at: 5s, domain: b, set: {weight: 768}}", {.75, 1.25}, 0},
		{"{at: 5s, domain: b, set: {cap: 40}}", {1.3, .7}, 0},
		{"{at: 5s, domain: b, set: {cap: 40, shadow: true}}", {1, 1}, 0},
		{"{at: 2s, domain: b, set: {cap: 40}}, {at: 5s, domain: b, set: {shadow: true}}, "
		 "{at: 6s, domain: b, set: {shadow: false}}", {1.42, .58}, 0},
		{"{at: 5s, domain: a, set: {floor: 150}}", {1.25, .75}, 0},
		{"{at: 5s, domain: b, pause: true}, {at: 7s, domain: b, resume: true}", {1.2, .8}, 0},
		{"{at: 5s, domain: b, pause: true}, {at: 6s, domain: b, pause: true}, "
		 "{at: 7s, domain: b, resume: true}, {at: 9s, domain: b, resume: true}", {1.4, .6}, 0},
		{"{at: 5s, domain: b, vcpus: 1}, {at: 6s, domain: b, set: {weight: 768}}", {1, 1}, 0},
		{"{at: 5s, cpu: 1, offline: true}", {.75, .75}, 0},
		{"{at: 5s, cpu: 1, offline: true}, {at: 7s, cpu: 1, online: true}", {.9, .9}, 0},
		{"{at: 5s, domain: a, pin: {cpus: 0}}, {at: 5s, domain: b, pin: {cpus: 0}}", {.75, .75}, 0},
		{"{at: 5s, domain: a, pin: {cpus: 0}}, {at: 6s, domain: b, set: {weight: 768}}", {.8, 1.2}, 0},
		/* what was refused did not happen */
		{"{at: 1s, domain: a, set: {floor: 150}}, {at: 5s, domain: b, set: {floor: 150}}",
		 {1.45, .55}, 1},
		/* at the very end nothing is left to count */
		{"{at: 9999ms, domain: b, set: {weight: 256}}", {1, 1}, 0},
	};

	for (const Change &c : changes) {
		SCOPED_TRACE(c.events);
		expect_near(owed_over_run(host2 + "domains: [{name: a, vcpus: 2}, {name: b, vcpus: 2}]\n"
		                          "events: [" + c.events + "]\n", c.refusals), c.owed);
	}
}

TEST(entitled, a_domain_that_was_refused_when_it_came_is_owed_nothing)
{
	expect_near(owed_over_run(host2 + "domains: [{name: a, vcpus: 2, floor: 150}, "
	                          "{name: b, vcpus: 2, floor: 100, start: 5s}]\n", 1), {2, 0});
}

TEST(entitled, a_change_of_policy_changes_what_slices_mean)
{
	expect_near(owed_over_run("host: {topology: \"pack:1 core:1 pu:1\"}\ntime: 10s\npolicy: credit\n"
	    "domains: [{name: a, slice: 2ms, period: 10ms, extratime: false}, {name: b}]\n"
	    "events: [{at: 5s, policy: sedf}]\n"), {.35, .65});
}

TEST(entitled, the_run_itself_knows_nothing_of_it)
{
	ReadScenario read(host2 + "domains: [{name: a}, {name: b, weight: 300}, {name: c}]\n");
	sim_options options = {};
	sim_result r;
	uint64_t hash;

	EXPECT_TRUE(sim_run(&read.s, &options, &r));
	hash = r.trace_hash;
	entitled_over_run(&read.s, &r);
	sim_result_free(&r);
	EXPECT_TRUE(sim_run(&read.s, &options, &r));
	EXPECT_EQ(r.trace_hash, hash);
	sim_result_free(&r);
}

/* ---- Admission --------------------------------------------------------------- */

TEST(admission, asks_without_running)
{
	const std::string text = host2 + "domains:\n"
	    "- {name: a, floor: 80, cpus: \"0\"}\n"
	    "- {name: b, floor: 50, cpus: \"0\", start: 1s}\n";
	ReadScenario read(text);
	sim_result r;

	EXPECT_TRUE(sim_admission(&read.s, false, &r));
	EXPECT_EQ(r.refusal_count, 0u);
	EXPECT_EQ(r.events, 0u);
	sim_result_free(&r);
	EXPECT_FALSE(sim_admission(&read.s, true, &r));
	ASSERT_EQ(r.refusal_count, 1u);
	EXPECT_EQ(r.refusal[0].status, RATION_E_CAPACITY);
	EXPECT_EQ(r.refusal[0].why.reason, RATION_REFUSED_FLOOR);
	EXPECT_EQ(r.refusal[0].why.cpus, 1u);
	EXPECT_EQ(r.refusal[0].why.missing_ppm, 300000u);
	EXPECT_EQ(r.refusal[0].mark.line, 5u);
	EXPECT_EQ(r.events, 0u);
	sim_result_free(&r);
}

} // namespace
