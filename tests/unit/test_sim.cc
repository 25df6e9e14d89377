/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's machine: order of events, costs, speeds, and that one seed is one trace. */
#include "simulation.h"

#include "ration_rr.h"

namespace {

constexpr ration_ns US = 1000, MS = 1000000;

TEST(Sim, TakesCompletionBeforeTimerBeforeWake)
{
	/* at 1 ms a's burst and its slice end together; at 2 ms b's slice ends and a wakes */
	Scenario s(R"(
host: {topology: "pack:1 core:1 pu:1"}
policy: {name: rr, tslice: 1ms}
time: 3500us
domains:
  - {name: a, vcpus: 1, workload: {loop: {run: 1ms, block: 1ms}}}
  - {name: b, vcpus: 1, workload: {hog: {}}}
)");
	Simulation run(s, Simulation::CHECK | Simulation::LOG);

	EXPECT_EQ(run.log,
	          "             0   -  wake a/v0\n"
	          "             0   0  run a/v0\n"
	          "             0   -  wake b/v0\n"
	          "       1000000   0  stop a/v0\n"
	          "       1000000   0  run b/v0\n"
	          "       2000000   0  again b/v0\n"
	          "       2000000   0  wake a/v0\n"
	          "       3000000   0  stop b/v0\n"
	          "       3000000   0  run a/v0\n");
	EXPECT_EQ(run.result.events, 6u);        /* 3 wakes, 1 completion, 2 timers */
	EXPECT_EQ(run.result.dispatches, 4u);
	EXPECT_EQ(run["a"].wait_done_ns, 1 * MS);
	EXPECT_EQ(run["a"].run_done_ns, 1 * MS);
	EXPECT_EQ(run["a"].ledger.running_ns, 1500 * US);
	EXPECT_EQ(run["b"].run_done_ns, 2 * MS);
	EXPECT_EQ(run["b"].wake_ns.max, 1 * MS);
}

TEST(Sim, ChargesSwitchesKicksAndTimers)
{
	Scenario s(R"(
host: {topology: "pack:1 core:2 pu:1", costs: {switch: 2us, ipi: 1us, timer: 3us}}
policy: {name: rr, tslice: 1ms}
time: 2100us
domains:
  - {name: a, vcpus: 2, cpus: "0", workload: {hog: {}}}
  - {name: b, vcpus: 1, cpus: "1", workload: {loop: {run: 500us, block: 900us}}}
)");
	Simulation run(s, Simulation::CHECK | Simulation::LOG);

	/* a kick after 1 us, a switch of 2 us; a timer 3 us late, a switch of 2 us */
	EXPECT_EQ(run.log,
	          "             0   -  wake a/v0\n"
	          "             0   -  wake a/v1\n"
	          "             0   -  wake b/v0\n"
	          "          3000   0  run a/v0\n"
	          "          3000   1  run b/v0\n"
	          "        503000   1  stop b/v0\n"
	          "       1004000   0  stop a/v0\n"
	          "       1006000   0  run a/v1\n"
	          "       1403000   1  wake b/v0\n"
	          "       1406000   1  run b/v0\n"
	          "       1906000   1  stop b/v0\n"
	          "       2007000   0  stop a/v1\n"
	          "       2009000   0  run a/v0\n");
	EXPECT_EQ(run.result.cpu[0].overhead_ns, 6 * US);
	EXPECT_EQ(run.result.cpu[0].idle_ns, 1 * US);
	EXPECT_EQ(run.result.cpu[1].overhead_ns, 8 * US);
	EXPECT_EQ(run["b"].ledger.wait_ns[RATION_WAIT_KICK], 2 * US);
	EXPECT_EQ(run["b"].ledger.wait_ns[RATION_WAIT_SWITCH], 4 * US);
	EXPECT_EQ(run["b"].wake_ns.max, 3 * US);
}

const char two_jobs[] = R"(
host: {topology: "pack:1 core:1 pu:2", costs: {smt: %s}}
policy: rr
time: 100ms
domains:
  - {name: a, vcpus: 1, cpus: "0", workload: {periodic: {period: 100ms, run: 10ms}}}
  - {name: b, vcpus: 1, cpus: "1", workload: {periodic: {period: 100ms, run: 10ms, phase: 5ms}}}
)";

std::string with(const char *format, const char *value)
{
	char text[2000];

	snprintf(text, sizeof text, format, value);
	return text;
}

TEST(Sim, SiblingsSlowEachOtherDown)
{
	/* each has 5 ms alone and 5 ms of work beside the other at half speed */
	Scenario s(with(two_jobs, "0.5"));
	Simulation run(s);

	EXPECT_EQ(run["a"].response_ns.max, 15 * MS);
	EXPECT_EQ(run["b"].response_ns.max, 15 * MS);
}

TEST(Sim, SpeedsLoseAndWinNothing)
{
	/* 5 ms of work at 0.674: 7,418,397.63 ns; then b has done as much, and
	 * 5 ms are left at full speed, less what the last fraction did */
	Scenario s(with(two_jobs, "0.674"));
	Simulation run(s);

	EXPECT_EQ(run["a"].response_ns.max, 5 * MS + 7418398);
	EXPECT_EQ(run["b"].response_ns.max, 7418398 + 5 * MS);
	EXPECT_EQ(run.result.cpu[0].busy_ns, 5 * MS + 7418398);
}

TEST(Sim, ManyChangesOfSpeedAddUpExactly)
{
	/* beside a sibling that comes and goes every 3 us, at a speed that is no round
	 * number, a job must not drift by a nanosecond */
	Scenario s(R"(
host: {topology: "pack:1 core:1 pu:2", costs: {smt: 0.333333}}
policy: rr
time: 40ms
domains:
  - {name: a, vcpus: 1, cpus: "0", workload: {periodic: {period: 1s, run: 10ms}}}
  - {name: b, vcpus: 1, cpus: "1", workload: {periodic: {period: 3us, run: 333333ns}}}
)");
	/* b never catches up: it is always there, so that a runs at 1/3 throughout */
	Simulation run(s);

	EXPECT_EQ(run["a"].response_ns.max, 30000031u);   /* 10 ms / 0.333333, rounded up */

	s.s.domain[1].workload.period_ns = 3 * US;
	s.s.domain[1].workload.run.a_ns = 333;             /* 999.001 ns, that is 1000 of 3000 */
	Simulation light(s);
	/* in 3000 ns a does 2000 + 333.333: in 4285 times that 9,998,331.905, then
	 * 333.333 in 1000 ns, and the last 1334.762 alone */
	EXPECT_EQ(light["a"].response_ns.max, 4285u * 3000 + 1000 + 1335);
	EXPECT_EQ(light["b"].jobs, light["b"].wake_ns.count);
}

TEST(Sim, CapacityIsSpeed)
{
	Scenario s(R"(
host: {topology: "pack:1 core:2 pu:1"}
policy: rr
time: 100ms
domains:
  - {name: big, vcpus: 1, cpus: "0", workload: {periodic: {period: 100ms, run: 10ms}}}
  - {name: little, vcpus: 1, cpus: "1", workload: {periodic: {period: 100ms, run: 10ms}}}
)");
	s.s.topology.cpu[1].capacity = 256;
	Simulation run(s);

	EXPECT_EQ(run["big"].response_ns.max, 10 * MS);
	EXPECT_EQ(run["little"].response_ns.max, 40 * MS);
}

TEST(Sim, EqualCapacitiesAreFullSpeed)
{
	Scenario s(R"(
host: {topology: "pack:1 core:1 pu:1"}
policy: rr
time: 100ms
domains: [{name: a, vcpus: 1, workload: {periodic: {period: 100ms, run: 10ms}}}]
)");
	s.s.topology.cpu[0].capacity = 512;
	Simulation run(s);

	EXPECT_EQ(run["a"].response_ns.max, 10 * MS);
}

TEST(Sim, MigrationIsPaidByDistance)
{
	/* two L3 groups: from CPU 0 to 1 (same cache) costs 1 ms, on to 2 costs 4 ms */
	Scenario s(R"(
host: {topology: "pack:1 l3:2 core:2 pu:1", costs: {migrate: {llc: 1ms, package: 4ms}}}
policy: rr
time: 100ms
domains: [{name: a, vcpus: 1, cpus: "0", workload: {periodic: {period: 100ms, run: 10ms}}}]
events:
  - {at: 2ms, domain: a, set: {cpus: "1"}}
  - {at: 4ms, domain: a, set: {cpus: "2"}}
)");
	Simulation run(s);

	EXPECT_EQ(run["a"].response_ns.max, 15 * MS);
	EXPECT_EQ(run["a"].migrations, 2u);
	EXPECT_EQ(run.result.migrations, 2u);
}

TEST(Sim, AKickInASwitchIsNotLost)
{
	/* the CPU is told to go off line while it loads a */
	Scenario s(R"(
host: {topology: "pack:1 core:2 pu:1", costs: {switch: 100us}}
policy: rr
time: 100ms
domains: [{name: a, vcpus: 1, cpus: "1", workload: {hog: {}}}]
events: [{at: 50us, cpu: 1, offline: true}]
)");
	Simulation run(s);

	EXPECT_EQ(run["a"].ledger.running_ns, 0u);
	EXPECT_EQ(run.result.cpu[1].overhead_ns, 200 * US);
}

TEST(Sim, OneSeedIsOneTrace)
{
	Scenario s = Scenario::of_file("tests/build/mixed.yaml");
	Simulation a(s, Simulation::CHECK | Simulation::LOG | Simulation::TRACE);
	Simulation b(s, Simulation::LOG | Simulation::TRACE);

	EXPECT_EQ(a.result.trace_hash, b.result.trace_hash);
	EXPECT_EQ(a.log, b.log);
	EXPECT_EQ(a.trace, b.trace);
	s.s.seed++;
	Simulation c(s, Simulation::LOG);
	EXPECT_NE(a.result.trace_hash, c.result.trace_hash);
	EXPECT_NE(a.log, c.log);
}

TEST(Sim, AnotherDomainShiftsNobodysDraws)
{
	const char text[] = R"(
host: {topology: "pack:1 core:3 pu:1"}
policy: rr
time: 1s
domains:
%s  - {name: a, vcpus: 1, cpus: "0", workload: {loop: {run: exp(1ms), block: exp(1ms)}}}
)";
	Scenario alone(with(text, ""));
	Scenario beside(with(text, "  - {name: z, vcpus: 2, cpus: \"1-2\", "
	                           "workload: {loop: {run: exp(1ms), block: 1ms}}}\n"));
	Simulation x(alone), y(beside);

	EXPECT_EQ(x["a"].run_done_ns, y["a"].run_done_ns);
	EXPECT_EQ(x["a"].loops, y["a"].loops);
	EXPECT_NE(x["a"].loops, 0u);
}

TEST(Sim, BooksAreConserved)
{
	Scenario s = Scenario::of_file("tests/build/mixed.yaml");
	Simulation run(s);
	ration_ns busy_ns = 0, running_ns = 0;

	for (uint32_t i = 0; i < run.result.cpu_count; i++) {
		const ration_cpu_ledger &c = run.result.cpu[i];

		busy_ns += c.busy_ns;
		EXPECT_EQ(c.busy_ns + c.idle_ns + c.overhead_ns + c.offline_ns, run.result.sim_ns);
	}
	for (uint32_t i = 0; i < run.result.domain_count; i++) {
		const ration_ledger &l = run.result.domain[i].ledger;
		ration_ns sum_ns = l.running_ns + l.blocked_ns + l.down_ns;

		for (ration_ns wait_ns : l.wait_ns)
			sum_ns += wait_ns;
		EXPECT_EQ(sum_ns, run.result.sim_ns * s.s.domain[i].vcpu_count);
		running_ns += l.running_ns;
		EXPECT_LE(run.result.domain[i].run_done_ns, l.running_ns);
	}
	EXPECT_EQ(busy_ns, running_ns);
}

void decide_and_ask_again(ration *r, ration_cpu c, ration_ns now, ration_decision *out,
                          ration_effects *fx)
{
	ration_rr.decide(r, c, now, out, fx);
	fx->resched |= ration_cpuset_of(c);
}

TEST(Sim, APolicyThatNeverComesToRestIsFound)
{
	Scenario s(R"(
host: {topology: "pack:1 core:1 pu:1"}
time: 1ms
domains: [{name: a, vcpus: 1, workload: {hog: {}}}]
)");
	ration_policy restless = ration_rr;
	sim_options options = {};
	sim_result result;

	restless.decide = decide_and_ask_again;
	s.s.policy = &restless;
	ASSERT_TRUE(sim_run(&s.s, &options, &result));
	EXPECT_STREQ(result.broken, "the policy asks for decisions without end");
	sim_result_free(&result);
}

const char *check_fails(const ration *)
{
	return "test: broken";
}

TEST(Sim, ABrokenInvariantIsReported)
{
	Scenario s(R"(
host: {topology: "pack:1 core:1 pu:1"}
time: 1ms
domains: [{name: a, vcpus: 1, workload: {hog: {}}}]
)");
	ration_policy wrong = ration_rr;
	sim_options options = {};
	sim_result result;

	wrong.check = check_fails;
	s.s.policy = &wrong;
	options.check = true;
	ASSERT_TRUE(sim_run(&s.s, &options, &result));
	EXPECT_STREQ(result.broken, "test: broken");
	EXPECT_EQ(result.events, 1u);            /* and the run ends there */
	sim_result_free(&result);
}

TEST(Sim, ProgressIsReportedNowAndThen)
{
	Scenario s = Scenario::of_file("sim/scenarios/rw1a.yaml");
	struct Seen {
		unsigned calls;
		ration_ns last_ns;
	} seen = {};
	sim_options options = {};
	sim_result result;

	s.s.time_ns = 10 * RATION_NS_PER_S;
	options.progress_context = &seen;
	options.progress = [](void *context, ration_ns now_ns) {
		Seen *to = static_cast<Seen *>(context);

		EXPECT_GT(now_ns, to->last_ns);
		to->last_ns = now_ns;
		to->calls++;
	};
	ASSERT_TRUE(sim_run(&s.s, &options, &result));
	EXPECT_GE(seen.calls, 2u);
	EXPECT_LE(seen.calls, 100u);
	sim_result_free(&result);
}

}
