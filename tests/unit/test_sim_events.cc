/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scenario makes happen, and what is refused. */
#include "simulation.h"

namespace {

constexpr ration_ns US = 1000, MS = 1000000;

std::string machine(int cpus, const std::string &rest)
{
	return "host: {topology: \"pack:1 core:" + std::to_string(cpus) + " pu:1\"}\n" + rest;
}

TEST(SimEvent, ADomainComesLater)
{
	Scenario s(machine(1, R"(
time: 100ms
domains:
  - {name: a, vcpus: 1, workload: {hog: {}}}
  - {name: b, vcpus: 2, start: 40ms, workload: {periodic: {period: 20ms, run: 1ms, phase: 5ms}}}
)"));
	Simulation run(s, Simulation::CHECK | Simulation::LOG);
	const ration_ledger &l = run["b"].ledger;
	ration_ns there_ns = l.running_ns + l.blocked_ns;

	for (ration_ns wait_ns : l.wait_ns)
		there_ns += wait_ns;
	EXPECT_NE(run.log.find("      40000000   -  come b\n"), std::string::npos);
	EXPECT_NE(run.log.find("      45000000   -  wake b/v0\n"), std::string::npos);
	EXPECT_EQ(there_ns, 2 * 60 * MS);
}

TEST(SimEvent, ADomainLeavesFromAnyState)
{
	/* one vCPU runs, one waits, one sleeps; then with costs in between */
	for (const char *costs : {"", ", costs: {switch: 7us, ipi: 5us}"}) {
		Scenario s("host: {topology: \"pack:1 core:2 pu:1\"" + std::string(costs) + R"(}
policy: {name: rr, tslice: 10ms}
time: 100ms
domains:
  - {name: a, vcpus: 1, cpus: "0", workload: {hog: {}}}
  - {name: b, vcpus: 2, cpus: "0", workload: {hog: {}}}
  - {name: c, vcpus: 1, cpus: "1", workload: {hog: {}}}
  - {name: d, vcpus: 1, cpus: "1", workload: {loop: {run: 1ms, block: 50ms}}}
events:
  - {at: 35ms, domain: b, destroy: true}
  - {at: 35ms, domain: c, destroy: true}
  - {at: 35ms, domain: d, destroy: true}
)");
		Simulation run(s);
		const ration_ledger &b = run["b"].ledger;

		EXPECT_EQ(run.result.refusal_count, 0u);
		EXPECT_NEAR(static_cast<double>(b.running_ns + b.wait_ns[RATION_WAIT_QUEUE]), 70e6, 2e5);
		EXPECT_LT(b.down_ns, 1 * MS);            /* they were there until 35 ms only */
		EXPECT_LT(run["c"].ledger.down_ns, 1 * MS);
		EXPECT_NEAR(static_cast<double>(run["c"].ledger.running_ns), 34e6, 1e5);
		EXPECT_GT(run.used("a"), 75);
		EXPECT_NEAR(static_cast<double>(run.result.cpu[1].idle_ns), 65e6, 2e5);
	}
}

TEST(SimEvent, WhatIsGoneIsNotWokenAnyMore)
{
	/* requests on their way through dom0, and in the queue, when their domain leaves */
	Scenario s(machine(2, R"(
time: 100ms
dom0: {vcpus: 1, cpus: "0", workload: {idle: {}}}
domains:
  - name: web
    vcpus: 2
    cpus: "1"
    workload:
      server: {arrivals: 1ms, service: 5ms, through_dom0: 1500us, deadline: 10ms}
events: [{at: 50500us, domain: web, destroy: true}]
)"));
	Simulation run(s);

	EXPECT_GE(run["web"].jobs, 8u);
	EXPECT_GT(run["web"].misses, 15u);       /* counted when it leaves */
	/* of 50 requests 33 are through at 50.5 ms; the others come to nothing */
	EXPECT_EQ(run["web"].helper_ns, 33 * 1500 * US);
	EXPECT_EQ(run["dom0"].ledger.running_ns, 50 * 1500 * US);
}

TEST(SimEvent, WhoFinishesOnTheWayOutDoesNotComeBack)
{
	/* told to leave at 10 ms, the kick takes 2 ms: meanwhile a's burst ends, and
	 * b's second vCPU completes a barrier at which the first one slept */
	Scenario s(R"(
host: {topology: "pack:1 core:3 pu:1", costs: {ipi: 2ms}}
policy: rr
time: 50ms
domains:
  - {name: a, vcpus: 1, cpus: "0", workload: {loop: {run: 9ms, block: 1ms}}}
  - name: b
    vcpus: 2
    cpus: ["1", "2"]
    workload: {barrier: {run: 4ms, phase: [0ms, 5ms]}}
events:
  - {at: 10ms, domain: a, destroy: true}
  - {at: 10ms, domain: b, destroy: true}
)");
	Simulation run(s);

	EXPECT_EQ(run["a"].loops, 1u);
	EXPECT_EQ(run["b"].loops, 2u);
	EXPECT_EQ(run["a"].ledger.running_ns, 9 * MS);
	EXPECT_EQ(run["b"].ledger.running_ns, (4 + 5) * MS);
}

TEST(SimEvent, PauseAndResumeNest)
{
	Scenario s(machine(1, R"(
time: 100ms
domains: [{name: a, vcpus: 1, workload: {loop: {run: 3ms, block: 7ms}}}]
events:
  - {at: 11ms, domain: a, pause: true}
  - {at: 12ms, domain: a, pause: true}
  - {at: 25ms, domain: a, resume: true}
  - {at: 31ms, domain: a, resume: true}
  - {at: 45ms, domain: a, pause: true}
  - {at: 55ms, domain: a, resume: true}
)"));
	Simulation run(s, Simulation::CHECK | Simulation::LOG);

	/* down from 11 to 31 in the middle of a burst, and from 45 to 55 across a
	 * wake-up, which gives no sample */
	EXPECT_EQ(run["a"].ledger.down_ns, 30 * MS);
	EXPECT_NE(run.log.find("      33000000   0  stop a/v0\n"), std::string::npos);
	EXPECT_NE(run.log.find("      50000000   0  wake a/v0\n"), std::string::npos);
	EXPECT_NE(run.log.find("      55000000   0  run a/v0\n"), std::string::npos);
	EXPECT_EQ(run["a"].wake_ns.max, 0u);
}

TEST(SimEvent, ACpuGoesAndComesBack)
{
	Scenario s(machine(2, R"(
time: 100ms
policy: {name: rr, tslice: 10ms}
domains:
  - {name: a, vcpus: 1, cpus: "1", workload: {hog: {}}}
  - {name: b, vcpus: 1, workload: {hog: {}}}
events:
  - {at: 30ms, cpu: 1, offline: true}
  - {at: 70ms, cpu: 1, online: true}
)"));
	Simulation run(s);

	EXPECT_EQ(run.result.cpu[1].offline_ns, 40 * MS);
	EXPECT_EQ(run["a"].ledger.wait_ns[RATION_WAIT_OFFLINE], 40 * MS);
	EXPECT_EQ(run["a"].ledger.running_ns, 60 * MS);
	EXPECT_EQ(run["b"].ledger.running_ns, 100 * MS);
}

TEST(SimEvent, ACpuThatStillSwitchesComesBackAfterIt)
{
	Scenario s(R"(
host: {topology: "pack:1 core:2 pu:1", costs: {switch: 100us, ipi: 50us}}
time: 10ms
domains: [{name: a, vcpus: 1, cpus: "1", workload: {hog: {}}}]
events:
  - {at: 3ms, cpu: 1, offline: true}
  - {at: 3010us, cpu: 1, online: true}
)");
	Simulation run(s);

	EXPECT_EQ(run.result.refusal_count, 0u);
	/* off at 3.00, decides at 3.05, saved at 3.15, on again; runs from 3.3 on at the latest */
	EXPECT_GE(run["a"].ledger.running_ns, 9500 * US);
	EXPECT_EQ(run["a"].dispatches, 2u);
}

TEST(SimEvent, VcpusGoOffLineAndComeBack)
{
	Scenario s(machine(4, R"(
time: 100ms
domains: [{name: a, vcpus: 4, workload: {hog: {}}}]
events:
  - {at: 20ms, domain: a, vcpus: 1}
  - {at: 60ms, domain: a, vcpus: 3}
)"));
	Simulation run(s);

	EXPECT_EQ(run["a"].ledger.running_ns, (4 * 20 + 40 + 3 * 40) * MS);
	EXPECT_EQ(run["a"].ledger.down_ns, (3 * 40 + 40) * MS);
}

TEST(SimEvent, ARequestIsNotLostWithItsVcpu)
{
	/* vCPU 1 goes with a request in hand; vCPU 0 has the rest of it */
	Scenario s(machine(2, R"(
time: 100ms
domains:
  - {name: a, vcpus: 2, workload: {server: {arrivals: 10ms, service: 15ms}}}
events: [{at: 22ms, domain: a, vcpus: 1}, {at: 70ms, domain: a, vcpus: 2}]
)"));
	Simulation run(s);

	/* in hand: 10 .. 25 on vCPU 0; 20 .. on vCPU 1, put back at 22 with 13 ms left,
	 * 25 .. 38 on vCPU 0; 38 .. 53, 53 .. 68, 68 .. 83; and from 70 on two at once */
	EXPECT_EQ(run["a"].jobs, 7u);
	EXPECT_EQ(run["a"].ledger.running_ns, (90 + 2 + 30) * MS);
}

TEST(SimEvent, ALockIsNotLostWithItsHolder)
{
	Scenario s(machine(2, R"(
time: 100ms
domains: [{name: a, vcpus: 2, workload: {spinlock: {run: 1us, hold: 10ms}}}]
events: [{at: 15ms, domain: a, vcpus: 1}]
)"));
	Simulation run(s);

	EXPECT_GE(run["a"].loops, 8u);
}

TEST(SimEvent, ABarrierWaitsForNobodyWhoIsOffLine)
{
	for (const char *spin : {"true", "false"}) {
		Scenario s(machine(3, R"(
time: 100ms
domains: [{name: a, vcpus: 3, workload: {barrier: {run: uniform(500us..1500us), spin: )" +
		                   std::string(spin) + R"(}}}]
events: [{at: 20ms, domain: a, vcpus: 2}, {at: 60ms, domain: a, vcpus: 3}]
)"));
		Simulation run(s);

		EXPECT_GT(run["a"].loops, 180u) << spin;
	}
}

TEST(SimEvent, WhoStandsAtABarrierAndGoesIsNotCounted)
{
	/* vCPU 2 stands there at 1 ms and goes; 0 comes at 6 ms, and waits for 1 */
	Scenario s(machine(3, R"(
time: 15ms
domains:
  - {name: a, vcpus: 3, workload: {barrier: {run: 1ms, phase: [5ms, 20ms, 0ms]}}}
events: [{at: 3ms, domain: a, vcpus: 2}]
)"));
	Simulation run(s);

	EXPECT_EQ(run["a"].loops, 2u);
}

TEST(SimEvent, WhoStandsAtABarrierAndComesBackIsCounted)
{
	Scenario s(machine(3, R"(
time: 100ms
domains:
  - {name: a, vcpus: 3, workload: {barrier: {run: 1ms, phase: [50ms, 50ms, 0ms]}}}
events: [{at: 3ms, domain: a, vcpus: 2}, {at: 10ms, domain: a, vcpus: 3}]
)"));
	Simulation run(s);

	/* rounds end at 51, 52, ... 99 ms */
	EXPECT_EQ(run["a"].loops, 3u * 49);
}

TEST(SimEvent, OneHalfOfAnAffinityChangesAlone)
{
	Scenario s(machine(2, R"(
time: 100ms
domains: [{name: a, vcpus: 1, cpus: "0", workload: {hog: {}}}]
events:
  - {at: 10ms, domain: a, set: {cpus: "1"}}
  - {at: 20ms, domain: a, set: {soft_cpus: "0"}}
)"));
	Simulation run(s);

	EXPECT_EQ(run.result.cpu[0].busy_ns, 10 * MS);
	EXPECT_EQ(run.result.cpu[1].busy_ns, 90 * MS);
}

TEST(SimEvent, AttributesPinsAndPolicyChange)
{
	Scenario s(machine(2, R"(
policy: credit
time: 10s
domains:
  - {name: a, vcpus: 1, cpus: "0", workload: {hog: {}}}
  - {name: b, vcpus: 1, cpus: "0", workload: {hog: {}}}
events:
  - {at: 2s, domain: a, set: {weight: 768}}
  - {at: 4s, domain: b, set: {cpus: "1"}}
  - {at: 6s, domain: a, set: {cpus: "1"}}
  - {at: 6s, policy: {name: rr, tslice: 5ms}}
)"));
	Simulation run(s);

	EXPECT_EQ(run.result.refusal_count, 0u);
	EXPECT_NEAR(run.used("a"), 10 + 15 + 20 + 20, 2);
	EXPECT_NEAR(run.used("b"), 10 + 5 + 20 + 20, 2);
	EXPECT_NEAR(static_cast<double>(run.result.cpu[0].idle_ns), 4e9, 1e8);
}

TEST(SimEvent, WhatIsRefusedIsListedAndTheRunGoesOn)
{
	Scenario s(machine(1, R"(
policy: rr
time: 100ms
domains: [{name: a, vcpus: 1, workload: {hog: {}}}]
events:
  - {at: 10ms, domain: a, set: {weight: 512}}
  - {at: 20ms, cpu: 0, online: true}
)"));
	Simulation run(s);

	ASSERT_EQ(run.result.refusal_count, 2u);
	EXPECT_STREQ(run.result.refusal[0].text, "domain a: new attributes refused: "
	                                         "the policy in force does not honour it");
	EXPECT_EQ(run.result.refusal[0].at_ns, 10 * MS);
	EXPECT_EQ(run.result.refusal[0].mark.line, 7u);
	EXPECT_EQ(run.result.refusal[1].at_ns, 20 * MS);
	EXPECT_EQ(run["a"].ledger.running_ns, 100 * MS);
}

TEST(SimEvent, ASetThatCannotBeAdmittedSaysWhy)
{
	Scenario s(machine(2, R"(
policy: sedf
time: 1s
domains:
  - {name: a, vcpus: 1, cpus: "1", period: 10ms, slice: 7ms, workload: {hog: {}}}
  - {name: b, vcpus: 1, cpus: "1", period: 10ms, slice: 5ms, workload: {hog: {}}}
)"));
	Simulation run(s);

	EXPECT_FALSE(run.admitted);
	ASSERT_EQ(run.result.refusal_count, 1u);
	EXPECT_STREQ(run.result.refusal[0].text,
	             "domain b: vCPU 0 with a slice of 5 ms in 10 ms refused: "
	             "CPU 1 lacks 20.0 % of a CPU, at most 30.0 % would fit: a slice of 3 ms, or a "
	             "period of 16.667 ms; held by a");
	EXPECT_EQ(run.result.refusal[0].mark.line, 7u);
}

TEST(SimEvent, ARefusedDomainThatComesLaterLeavesNoTrace)
{
	Scenario s(machine(1, R"(
policy: sedf
time: 1s
domains:
  - {name: a, vcpus: 1, period: 10ms, slice: 7ms, workload: {hog: {}}}
  - {name: b, vcpus: 2, period: 10ms, slice: 2ms, start: 500ms, workload: {hog: {}}}
events: [{at: 600ms, domain: b, pause: true}]
)"));
	Simulation run(s);

	EXPECT_TRUE(run.admitted);
	ASSERT_EQ(run.result.refusal_count, 2u);
	EXPECT_EQ(run.result.refusal[0].at_ns, 500 * MS);
	EXPECT_EQ(run["b"].ledger.running_ns, 0u);
	EXPECT_EQ(run["b"].dispatches, 0u);
}

}
