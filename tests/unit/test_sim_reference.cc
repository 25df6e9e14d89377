/* SPDX-License-Identifier: BSD-2-Clause */
/* The two reference workloads, whose figures several independent simulators agree on. */
#include "simulation.h"

namespace {

struct Row {
	const char *name;
	uint64_t run_ns, wait_ns, wakes, wake_max_ns, wake_p99_ns, jobs, late;
};

void expect_row(const Simulation &run, const Row &row)
{
	const sim_domain &d = run[row.name];

	SCOPED_TRACE(row.name);
	EXPECT_EQ(d.run_done_ns, row.run_ns);
	EXPECT_EQ(d.wait_done_ns, row.wait_ns);
	EXPECT_EQ(d.wake_ns.count, row.wakes);
	EXPECT_EQ(d.wake_ns.max, row.wake_max_ns);
	EXPECT_EQ(histogram_quantile(&d.wake_ns, 990000), row.wake_p99_ns);
	EXPECT_EQ(d.jobs, row.jobs);
	EXPECT_EQ(d.late, row.late);
}

TEST(Reference, RoundRobinOn64CpusWith256VcpusIsExact)
{
	Scenario s = Scenario::of_file("sim/scenarios/rw1a.yaml");
	Simulation run(s, 0);

	ASSERT_TRUE(run.admitted);
	EXPECT_EQ(run.result.events, 1489491u);
	EXPECT_EQ(run.result.dispatches, 814535u);
	EXPECT_EQ(run.result.preemptions, 0u);
	EXPECT_EQ(run.result.migrations, 0u);
	EXPECT_EQ(run.result.refused_decisions, 0u);
	/* the figures of tests/bench/rw1_priority_queue.cc, to the nanosecond */
	expect_row(run, {"hog", 2327110000000, 1512536896323, 64, 0, 0, 0, 0});
	expect_row(run, {"periodic", 232708000000, 3606454855344, 120, 20535287, 19922944,
	                 232708, 232652});
	expect_row(run, {"interactive", 116363827494, 3257770224885, 232708, 20807204, 19922944,
	                 0, 0});
	expect_row(run, {"batch", 1163490000000, 931053395068, 58188, 11834031, 5242880, 0, 0});
	/* 6000 releases for each vCPU; those not complete are all past their
	 * deadline but the last of each, which is due after the end */
	EXPECT_EQ(run["periodic"].misses, 232652u + (64 * 6000u - 232708) - 64);
}

TEST(Reference, EarliestDeadlineFirstIsExact)
{
	Scenario s = Scenario::of_file("sim/scenarios/rw2.yaml");
	Simulation run(s, 0);
	uint64_t jobs = 0, misses = 0;

	ASSERT_TRUE(run.admitted) << run.result.refusal[0].text;
	for (uint32_t i = 0; i < run.result.domain_count; i++) {
		jobs += run.result.domain[i].jobs;
		misses += run.result.domain[i].misses;
	}
	EXPECT_EQ(jobs, 800000u);
	EXPECT_EQ(misses, 0u);
	EXPECT_EQ(run.result.dispatches, 992000u);
	EXPECT_EQ(run.result.preemptions, 192000u);
}

}
