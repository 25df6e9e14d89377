/* SPDX-License-Identifier: BSD-2-Clause */
/* What runs in the vCPUs: each kind of guest against what must come out. */
#include "simulation.h"

#include "ration_rr.h"

namespace {

constexpr ration_ns US = 1000, MS = 1000000, S = RATION_NS_PER_S;

double mean(const histogram &h)
{
	return static_cast<double>(h.sum) / static_cast<double>(h.count);
}

std::string machine(int cpus, const std::string &rest)
{
	return "host: {topology: \"pack:1 core:" + std::to_string(cpus) + " pu:1\"}\n" + rest;
}

TEST(Guest, IdleNeverWakes)
{
	Scenario s(machine(1, R"(
time: 1s
domains: [{name: a, vcpus: 2, workload: {idle: {}}}]
)"));
	Simulation run(s);

	EXPECT_EQ(run["a"].wake_ns.count, 0u);
	EXPECT_EQ(run["a"].ledger.blocked_ns, 2 * S);
}

TEST(Guest, HogTakesAll)
{
	Scenario s(machine(1, "time: 1s\n"
	                      "domains: [{name: a, vcpus: 1, workload: {hog: {phase: 10ms}}}]"));
	Simulation run(s);

	EXPECT_EQ(run["a"].ledger.running_ns, 990 * MS);
}

TEST(Guest, LoopRunsAndBlocks)
{
	Scenario s(machine(1, R"(
time: 1s
domains: [{name: a, vcpus: 1, workload: {loop: {run: 2ms, block: 8ms}}}]
)"));
	Simulation run(s);

	EXPECT_EQ(run["a"].loops, 100u);
	EXPECT_EQ(run["a"].run_done_ns, 200 * MS);
	EXPECT_EQ(run["a"].wake_ns.count, 100u);
	EXPECT_EQ(run["a"].wake_ns.max, 0u);
}

TEST(Guest, PeriodicKeepsItsGridWhateverItsJobsTake)
{
	/* a job each 10 ms on a grid from 3 ms on, with lengths of 1 to 9 ms */
	Scenario s(machine(1, R"(
time: 10s
domains:
  - {name: a, vcpus: 1, workload: {periodic: {period: 10ms, run: uniform(1ms..9ms), phase: 3ms}}}
)"));
	Simulation run(s, Simulation::CHECK | Simulation::LOG);

	EXPECT_EQ(run["a"].jobs, 1000u - (run["a"].ledger.running_ns > run["a"].run_done_ns));
	EXPECT_EQ(run["a"].misses, 0u);
	EXPECT_EQ(run["a"].response_ns.sum, run["a"].run_done_ns);
	EXPECT_NE(run.log.find("    9993000000   0  wake a/v0"), std::string::npos);
}

TEST(Guest, PeriodicJobsThatWaitAreCounted)
{
	/* jobs of 15 ms each 10 ms: one after the other, released at 0, 10, 20, ... and
	 * complete at 15, 30, 45, 60, 75, 90; all late */
	Scenario s(machine(1, R"(
time: 100ms
domains: [{name: a, vcpus: 1, workload: {periodic: {period: 10ms, run: 15ms}}}]
)"));
	Simulation run(s);

	EXPECT_EQ(run["a"].jobs, 6u);
	EXPECT_EQ(run["a"].late, 6u);
	EXPECT_EQ(run["a"].response_ns.max, 40 * MS);
	/* released at 60, 70 and 80 and due before the end: missed as well; at 90: due at it */
	EXPECT_EQ(run["a"].misses, 9u);
	EXPECT_EQ(run["a"].wake_ns.count, 1u);
}

TEST(Guest, ADeadlineCanBeShorterThanThePeriod)
{
	Scenario s(machine(1, R"(
time: 100ms
policy: {name: rr, tslice: 5ms}
domains:
  - {name: a, vcpus: 1, workload: {periodic: {period: 50ms, run: 6ms, deadline: 8ms}}}
  - {name: b, vcpus: 1, workload: {hog: {}}}
)"));
	Simulation run(s);

	EXPECT_EQ(run["a"].jobs, 2u);
	EXPECT_EQ(run["a"].late, 2u);            /* 5 ms, then b's 5 ms, then 1 ms */
	EXPECT_EQ(run["a"].misses, 2u);
}

TEST(Guest, AJobThatIsDoneAtItsDeadlineIsInTime)
{
	Scenario s(machine(1, R"(
time: 100ms
domains:
  - {name: a, vcpus: 1, workload: {periodic: {period: 10ms, run: 5ms, deadline: 5ms}}}
)"));
	Simulation run(s);

	EXPECT_EQ(run["a"].jobs, 10u);
	EXPECT_EQ(run["a"].misses, 0u);
}

TEST(Guest, YieldBetweenJobsLetsOthersGoFirst)
{
	std::string text = R"(
time: 40ms
policy: {name: rr, tslice: 10ms}
domains:
  - {name: a, vcpus: 1, workload: {periodic: {period: 1ms, run: 1ms%s}}}
  - {name: b, vcpus: 1, workload: {hog: {phase: 500us}}}
)";
	auto jobs = [&](const char *yield) {
		std::string with = text;

		Scenario s(machine(1, with.replace(with.find("%s"), 2, yield)));
		Simulation run(s);
		return run["a"].jobs;
	};
	/* the first one is done when b has come: b has 1 ms to 11 ms */
	EXPECT_EQ(jobs(", yield: true"), 4u);    /* from 0, 11, 22 and 33 ms on */
	EXPECT_EQ(jobs(""), 19u);                /* 1, then 10 from 11 ms and 8 from 31 ms on */
}

/* ---- Servers ----------------------------------------------------------- */

TEST(Guest, OneServerIsAnMM1Queue)
{
	/* 200/s and 2.5 ms: half busy, a mean response of 1 / (400 - 200) s */
	Scenario s(machine(1, R"(
time: 500s
domains:
  - {name: a, vcpus: 1, workload: {server: {arrivals: poisson(200/s), service: exp(2.5ms)}}}
)"));
	Simulation run(s, 0);

	EXPECT_NEAR(static_cast<double>(run["a"].jobs), 100000, 1000);
	EXPECT_NEAR(run.used("a"), 50, 0.5);
	EXPECT_NEAR(mean(run["a"].response_ns), 5e6, 0.15e6);
	/* the median of an exponential */
	EXPECT_NEAR(static_cast<double>(histogram_quantile(&run["a"].response_ns, 500000)),
	            5e6 * 0.693, 5e6 * 0.05);
}

TEST(Guest, TwoServersAreAnMM2Queue)
{
	/* rho 0.5: mean response = service / (1 - rho^2) */
	Scenario s(machine(2, R"(
time: 500s
domains:
  - {name: a, vcpus: 2, workload: {server: {arrivals: poisson(400/s), service: exp(2.5ms)}}}
)"));
	Simulation run(s, 0);

	EXPECT_NEAR(mean(run["a"].response_ns), 2.5e6 / 0.75, 0.07e6);
}

TEST(Guest, RecordedArrivalsComeWhenTheyCame)
{
	Scenario s(machine(1, R"(
time: 100ms
domains:
  - {name: a, vcpus: 1, workload: {server: {arrivals: 1ms, service: 2ms, deadline: 3ms}}}
)"));
	ration_ns times[] = {1 * MS, 1 * MS, 1 * MS, 50 * MS, 99 * MS, 200 * MS};

	s.s.domain[0].workload.arrival_ns = times;
	s.s.domain[0].workload.arrival_count = 6;
	Simulation run(s);

	s.s.domain[0].workload.arrival_ns = nullptr;
	EXPECT_EQ(run["a"].jobs, 4u);            /* after 2, 4, 6 ms; 2 ms; the last is not done */
	EXPECT_EQ(run["a"].late, 2u);
	EXPECT_EQ(run["a"].misses, 2u);
	EXPECT_EQ(run["a"].response_ns.sum, 14 * MS);
	EXPECT_EQ(run["a"].wake_ns.count, 3u);
}

TEST(Guest, RequestsUnfinishedPastTheirDeadlineAreMissed)
{
	Scenario s(machine(1, R"(
time: 100ms
domains:
  - {name: a, vcpus: 1, workload: {server: {arrivals: 10ms, service: 40ms, deadline: 15ms}}}
)"));
	Simulation run(s);

	/* arrivals at 10 .. 90; done at 50 and 90, late; of those that came at 30 .. 90
	 * the ones up to 80 are overdue at 100 */
	EXPECT_EQ(run["a"].jobs, 2u);
	EXPECT_EQ(run["a"].late, 2u);
	EXPECT_EQ(run["a"].misses, 2u + 6u);
}

/* ---- Through dom0 ------------------------------------------------------ */

const char through[] = R"(
time: 100ms
policy: {name: rr, tslice: 10ms}
dom0: {vcpus: 1, cpus: "0", workload: {%s: {}}}
domains:
  - name: web
    vcpus: 1
    cpus: "1"
    workload: {server: {arrivals: 10ms, service: 1ms, through_dom0: 60us}}
  - {name: other, vcpus: 1, cpus: "%s", workload: {hog: {}}}
)";

std::string through_with(const char *load, const char *cpu)
{
	char text[2000];

	snprintf(text, sizeof text, through, load, cpu);
	return machine(3, text);
}

TEST(Guest, RequestsPassThroughAnIdleDom0)
{
	Scenario s(through_with("idle", "2"));
	Simulation run(s);

	EXPECT_EQ(run["web"].jobs, 9u);
	EXPECT_EQ(run["web"].response_ns.sum, 9 * 1060 * US);
	EXPECT_EQ(run["web"].helper_ns, 9 * 60 * US);
	EXPECT_EQ(run["dom0"].ledger.running_ns, 9 * 60 * US);
	EXPECT_EQ(run["dom0"].wake_ns.count, 9u);
}

TEST(Guest, RequestsInterruptABusyDom0)
{
	Scenario s(through_with("hog", "2"));
	Simulation run(s);

	EXPECT_EQ(run["web"].response_ns.sum, 9 * 1060 * US);
	EXPECT_EQ(run["web"].helper_ns, 9 * 60 * US);
	EXPECT_EQ(run["dom0"].ledger.running_ns, 100 * MS);
}

TEST(Guest, RequestsWaitForADom0ThatHasNoCpu)
{
	/* dom0 has CPU 0 from 0, 20, 40, 60, 80 ms on, the other hog in between */
	Scenario s(through_with("hog", "0"));
	Simulation run(s);

	EXPECT_EQ(run["web"].jobs, 8u);          /* that of 90 ms still waits */
	EXPECT_EQ(run["web"].response_ns.max, 11060 * US);
	EXPECT_EQ(run["web"].helper_ns, 8 * 60 * US);
}

TEST(Guest, WithoutDom0NothingPassesThroughIt)
{
	Scenario s(machine(1, R"(
time: 100ms
domains:
  - {name: web, vcpus: 1, workload: {server: {arrivals: 10ms, service: 1ms}}}
)"));
	s.s.domain[0].workload.through_dom0_ns = 60 * US;
	Simulation run(s);

	EXPECT_EQ(run["web"].response_ns.sum, 9 * MS);
	EXPECT_EQ(run["web"].helper_ns, 0u);
}

TEST(Guest, WakeUpsOfALoopPassThroughDom0)
{
	Scenario s(machine(2, R"(
time: 100ms
dom0: {vcpus: 1, cpus: "0", workload: {periodic: {period: 10ms, run: 1ms, phase: 5ms}}}
domains:
  - {name: a, vcpus: 1, cpus: "1", workload: {loop: {run: 1ms, block: 9ms, through_dom0: 100us}}}
)"));
	Simulation run(s);

	EXPECT_EQ(run["a"].loops, 10u);
	EXPECT_EQ(run["a"].helper_ns, 10 * 100 * US);
	EXPECT_EQ(run["a"].wake_ns.max, 0u);     /* from when dom0 is done */
	EXPECT_EQ(run["dom0"].jobs, 10u);
}

ration_ns charged_ns;

void count_help(ration *r, ration_dom *d, ration_vcpu *v, ration_ns ns, ration_ns now,
                ration_effects *fx)
{
	if (v == nullptr) {
		EXPECT_EQ(ration_dom_id(d), 1u);
		charged_ns += ns;
	}
	ration_rr.charge(r, d, v, ns, now, fx);
}

TEST(Guest, HelpIsChargedToWhomItIsFor)
{
	ration_policy counting = ration_rr;

	counting.charge = count_help;
	for (bool is_charged : {true, false}) {
		Scenario s(through_with("idle", "2"));

		charged_ns = 0;
		s.s.policy = &counting;
		s.s.domain[1].workload.helper_charged = is_charged;
		Simulation run(s);
		EXPECT_EQ(charged_ns, is_charged ? 9 * 60 * US : 0u);
	}
}

TEST(Guest, Dom0sOwnJobIsPutAsideAndGoesOn)
{
	/* dom0's job of 5 ms begins at 8 ms; the request of 10 ms costs it 60 us */
	Scenario s(machine(2, R"(
time: 20ms
dom0: {vcpus: 1, cpus: "0", workload: {periodic: {period: 1s, run: 5ms, phase: 8ms}}}
domains:
  - name: web
    vcpus: 1
    cpus: "1"
    workload: {server: {arrivals: 10ms, service: 1ms, through_dom0: 60us}}
)"));
	Simulation run(s);

	EXPECT_EQ(run["dom0"].response_ns.max, 5060 * US);
	EXPECT_EQ(run["web"].response_ns.max, 1060 * US);
}

/* ---- Locks and barriers ------------------------------------------------ */

TEST(Guest, ALockPassesFromHolderToSpinner)
{
	/* think 1 ms, hold 1 ms, two vCPUs: from 1 ms on the lock is always held */
	Scenario s(machine(2, R"(
time: 101ms
domains: [{name: a, vcpus: 2, workload: {spinlock: {run: 1ms, hold: 1ms}}}]
)"));
	Simulation run(s);

	EXPECT_EQ(run["a"].loops, 99u);          /* the 100th ends with the run */
	/* both want it at 1 ms, one spins until 2 ms; from then on they alternate */
	EXPECT_EQ(run["a"].spin_ns, 1 * MS);
}

TEST(Guest, WhoSpinsLongestHasTheLockFirst)
{
	/* four that always want it: each waits for the three others, no more, no less */
	Scenario s(machine(4, R"(
time: 1s
domains: [{name: a, vcpus: 4, workload: {spinlock: {run: 1us, hold: 1ms}}}]
)"));
	Simulation run(s);

	EXPECT_EQ(run["a"].loops, 999u);
	EXPECT_LE(run["a"].response_ns.max, 3 * MS);
	EXPECT_GE(histogram_quantile(&run["a"].response_ns, 10000), 2800 * US);
}

const char lock_text[] = R"(
time: 10s
policy: {name: rr, tslice: 30ms}
domains:
  - {name: a, vcpus: 2, cpus: ["0", "1"], workload: {spinlock: {run: 100us, hold: 50us%s}}}
  - {name: b, vcpus: 1, cpus: "%s", workload: {hog: {}}}
)";

std::string lock_with(const char *spin, const char *cpu)
{
	char text[2000];

	snprintf(text, sizeof text, lock_text, spin, cpu);
	return machine(3, text);
}

TEST(Guest, APreemptedHolderMakesOthersSpin)
{
	Scenario free(lock_with("", "2")), shared(lock_with("", "1"));
	Simulation x(free), y(shared);

	/* alone, a waits little; when a hog preempts one of its vCPUs in the lock (a
	 * third of the slices end there), the other one burns 30 ms */
	EXPECT_LT(x["a"].spin_ns, 1 * S);
	EXPECT_GT(y["a"].spin_ns, x["a"].spin_ns + 1 * S);
	EXPECT_LT(y["a"].loops, x["a"].loops * 3 / 4);
	EXPECT_NEAR(y.used("a"), 150, 0.5);
}

TEST(Guest, ASpinnerThatYieldsToTheHolderFreesTheLock)
{
	/* all on one CPU: who spins for ever burns its slice; who yields to the holder
	 * after 20 us burns nearly nothing */
	const char text[] = R"(
time: 10s
policy: {name: rr, tslice: 10ms}
domains: [{name: a, vcpus: 2, workload: {spinlock: {run: 100us, hold: 50us%s}}}]
)";
	auto spun = [&](const char *spin) {
		char with[1000];

		snprintf(with, sizeof with, text, spin);
		Scenario s(machine(1, with));
		Simulation run(s);
		EXPECT_EQ(run["a"].ledger.running_ns, 10 * S);
		return run["a"].spin_ns;
	};
	EXPECT_GT(spun(""), 1 * S);
	EXPECT_LT(spun(", spin: 20us"), 1 * S / 2);
}

TEST(Guest, SpinnersWaitAtABarrier)
{
	const char text[] = R"(
time: 1s
policy: {name: rr, tslice: 10ms}
domains:
  - {name: a, vcpus: 2, cpus: ["0", "1"], workload: {barrier: {run: 1ms, spin: true}}}
  - {name: b, vcpus: 1, cpus: "%s", workload: {hog: {}}}
)";
	auto loops = [&](const char *cpu) {
		char with[1000];

		snprintf(with, sizeof with, text, cpu);
		Scenario s(machine(3, with));
		Simulation run(s);
		EXPECT_LE(run["a"].spin_ns + run["a"].loops * MS, run["a"].ledger.running_ns);
		EXPECT_GE(run["a"].spin_ns + (run["a"].loops + 2) * MS, run["a"].ledger.running_ns);
		return run["a"].loops;
	};
	EXPECT_EQ(loops("2"), 2u * 999);         /* the last round ends with the run */
	EXPECT_NEAR(static_cast<double>(loops("1")), 1000, 60);   /* as fast as the slower one */
}

TEST(Guest, SleepersWaitAtABarrier)
{
	/* vCPU 1 shares its CPU: its mate sleeps meanwhile */
	Scenario s(machine(2, R"(
time: 1s
policy: {name: rr, tslice: 10ms}
domains:
  - {name: a, vcpus: 2, cpus: ["0", "1"], workload: {barrier: {run: uniform(500us..1500us)}}}
  - {name: b, vcpus: 1, cpus: "1", workload: {hog: {}}}
)"));
	Simulation run(s);

	EXPECT_EQ(run["a"].spin_ns, 0u);
	EXPECT_GT(run["a"].loops, 100u);
	EXPECT_GT(run["a"].ledger.blocked_ns, 500 * MS);
	EXPECT_GT(run["a"].wake_ns.count, 50u);
}

TEST(Guest, ABarrierYieldsAfterSpinning)
{
	/* four on one CPU: who spins for ever keeps the others from arriving */
	const char text[] = R"(
time: 1s
policy: {name: rr, tslice: 10ms}
domains: [{name: a, vcpus: 4, workload: {barrier: {run: 100us, spin: %s}}}]
)";
	auto loops = [&](const char *spin) {
		char with[1000];

		snprintf(with, sizeof with, text, spin);
		Scenario s(machine(1, with));
		Simulation run(s);
		return run["a"].loops;
	};
	EXPECT_GT(loops("20us"), 10 * loops("true"));
}

}
