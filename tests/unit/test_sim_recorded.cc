/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests as a log has them: bursts, one after the other and over again. */
#include "simulation.h"

#include <vector>

namespace {

constexpr ration_ns US = 1000, MS = 1000000;

struct Recorded {
	std::vector<std::vector<scenario_burst>> vcpu;   /* none: never blocks */
	std::vector<ration_ns> phase;                    /* none: at once */
};

/* A scenario whose first domain does what is given. */
struct RecordedScenario : Scenario {
	Recorded load;
	std::vector<scenario_recorded> list;

	RecordedScenario(const std::string &text, Recorded of) : Scenario(text), load(std::move(of))
	{
		for (auto &bursts : load.vcpu)
			list.push_back({bursts.data(), bursts.size()});
		load.phase.resize(list.size());
		EXPECT_EQ(s.domain[0].vcpu_count, list.size());
		s.domain[0].workload.kind = WORKLOAD_RECORDED;
		s.domain[0].workload.recorded = list.data();
		s.domain[0].workload.phase_ns = load.phase.data();
	}
};

std::string machine(const std::string &rest)
{
	return "host: {topology: \"pack:1 core:1 pu:1\"}\n" + rest;
}

const std::string one = machine("time: 100ms\ndomains: [{name: a, vcpus: 1}]\n");

TEST(SimRecorded, ABurstIsSixteenBytes)
{
	static_assert(sizeof(scenario_burst) == 16, "ten million of them are 160 MB");
}

struct Row {
	const char *what;
	std::vector<scenario_burst> bursts;
	ration_ns ran_ns;        /* of 100 ms */
	uint64_t loops;
	uint64_t dispatches;
};

TEST(SimRecorded, WhatIsRecordedIsDoneOverAndOver)
{
	static const Row rows[] = {
		{"a hog", {}, 100 * MS, 0, 4},           /* slices of 30 ms */
		{"a loop", {{2 * MS, 8 * MS}}, 20 * MS, 10, 10},
		{"two bursts", {{1 * MS, 4 * MS}, {3 * MS, 2 * MS}}, 40 * MS, 20, 20},
		{"no sleep at all", {{5 * MS, 0}}, 100 * MS, 19, 20},
		{"for good", {{7 * MS, 1 * MS}, {2 * MS, BURST_SLEEPS}}, 9 * MS, 2, 2},
		/* runs 2, sleeps 3, and from 5 on each 6 ms: runs 1 + 2 without a pause, sleeps 3 */
		{"cut off", {{2 * MS, 3 * MS}, {1 * MS, BURST_GOES_ON}}, 2 * MS + 16 * 3 * MS, 17, 17},
		{"only cut off", {{2 * MS, BURST_GOES_ON}}, 100 * MS, 0, 4},
		/* no time of its own: still 1 ns, and time moves on */
		{"nothing", {{0, 1 * MS}}, 100, 100, 100},
	};

	for (const Row &row : rows) {
		RecordedScenario s(one, {{row.bursts}, {}});
		Simulation run(s);

		EXPECT_EQ(run["a"].ledger.running_ns, row.ran_ns) << row.what;
		EXPECT_EQ(run["a"].loops, row.loops) << row.what;
		EXPECT_EQ(run["a"].dispatches, row.dispatches) << row.what;
	}
}

TEST(SimRecorded, IsTheLoopThatItIsRecordedOf)
{
	const std::string beside = "{name: b, workload: {hog: {}}}]\n";
	const std::string begin = machine("time: 1s\nseed: 3\ndomains: [{name: a, vcpus: 1, ");
	Scenario loop(begin + "workload: {loop: {run: 2ms, block: 3ms, phase: 1ms}}}, " + beside);
	RecordedScenario again(begin + "workload: {hog: {}}}, " + beside,
	                       {{{{2 * MS, 3 * MS}}}, {1 * MS}});
	Simulation a(loop), b(again);

	EXPECT_EQ(a.result.trace_hash, b.result.trace_hash);
	EXPECT_EQ(a["a"].loops, b["a"].loops);
	EXPECT_NE(a["a"].loops, 0u);
}

TEST(SimRecorded, TheSleepBeginsWhereTheBurstEndsHere)
{
	/* b has the CPU for the first 10 ms: a's burst of 1 ms ends at 11 ms, not at 1 ms,
	 * and it wakes 5 ms after that */
	RecordedScenario s(machine("time: 16500us\npolicy: {name: rr, tslice: 10ms}\n"
	                           "domains: [{name: a, vcpus: 1}, "
	                           "{name: b, workload: {loop: {run: 10ms, block: 1s}}}]\n"),
	                   {{{{1 * MS, 5 * MS}}}, {1 * US}});
	Simulation run(s, Simulation::CHECK | Simulation::LOG);

	EXPECT_EQ(run["a"].wake_ns.max, 10 * MS - 1 * US);
	EXPECT_NE(run.log.find("      16000000   0  wake a/v0"), std::string::npos) << run.log;
	EXPECT_EQ(run["a"].ledger.running_ns, 1500 * US);
}

TEST(SimRecorded, AYieldLetsOthersGoFirst)
{
	/* a yields after each ms; b gets its slice of 10 ms in between */
	RecordedScenario s(machine("time: 110ms\npolicy: {name: rr, tslice: 10ms}\n"
	                           "domains: [{name: a, vcpus: 1}, {name: b}]\n"),
	                   {{{{1 * MS, BURST_YIELDS}}}, {}});
	Simulation run(s);

	EXPECT_EQ(run["a"].ledger.running_ns, 10 * MS);
	EXPECT_EQ(run["b"].ledger.running_ns, 100 * MS);
	EXPECT_EQ(run["a"].ledger.blocked_ns, 0u);
}

TEST(SimRecorded, EachVcpuHasItsOwn)
{
	/* a hog that begins at 40 ms, a loop of another phase, one that never wakes */
	RecordedScenario s("host: {topology: \"pack:1 core:4 pu:1\"}\ntime: 100ms\n"
	                   "domains: [{name: a, vcpus: 3}]\n",
	                   {{{}, {{10 * MS, 20 * MS}}, {{1 * MS, 1 * MS}}},
	                    {40 * MS, 5 * MS, 100 * MS}});
	Simulation run(s);

	EXPECT_EQ(run["a"].ledger.running_ns, 60 * MS + 35 * MS);
	EXPECT_EQ(run["a"].wake_ns.count, 1u + 4u);
}

TEST(SimRecorded, SleepsGoOnWhileItIsPaused)
{
	/* paused from 1 ms to 50 ms: its wake-up at 12 ms waits for the end of that */
	RecordedScenario s(machine("time: 60ms\ndomains: [{name: a, vcpus: 1}]\n"
	                           "events: [{at: 4ms, domain: a, pause: true}, "
	                           "{at: 50ms, domain: a, resume: true}]\n"),
	                   {{{{2 * MS, 10 * MS}}}, {}});
	Simulation run(s);

	EXPECT_EQ(run["a"].ledger.running_ns, 4 * MS);
	EXPECT_EQ(run["a"].ledger.down_ns, 46 * MS);
	EXPECT_EQ(run["a"].ledger.blocked_ns, 10 * MS);   /* 2 before, 8 after */
}

} /* namespace */
