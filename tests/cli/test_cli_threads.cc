/* SPDX-License-Identifier: BSD-2-Clause */
/* ration-threads as a user meets it: real threads, so no test says how fast. */
#include "run_ration.h"

#include <jansson.h>

#include <csignal>
#include <cmath>

namespace {

const std::string host = "host: {topology: \"pack:1 core:2 pu:1\"}\ntime: 200ms\n";
const std::string small = host + "domains: [{name: a}, {name: b, weight: 512}]\n";

/* Every kind of workload and of event. */
const std::string everything =
    "host: {topology: \"pack:1 core:3 pu:1\", costs: typical}\n"
    "policy: {name: credit, tslice: 1ms, ratelimit: 100us}\n"
    "time: 600ms\n"
    "dom0: {vcpus: 2, floor: 20, workload: {loop: {run: exp(100us), block: exp(1ms)}}}\n"
    "domains:\n"
    "  - {name: hog, vcpus: 2, workload: {hog: {}}}\n"
    "  - {name: idle, workload: {idle: {}}}\n"
    "  - {name: loop, vcpus: 2, workload: {loop: {run: exp(100us), block: exp(300us),"
    " through_dom0: 20us, charge: true}}}\n"
    "  - {name: job, workload: {periodic: {period: 2ms, run: 200us, yield: true}}}\n"
    "  - {name: web, vcpus: 2, workload: {server: {arrivals: poisson(2000/s),"
    " service: exp(100us), deadline: 50ms, through_dom0: 10us}}}\n"
    "  - {name: lock, vcpus: 3, workload: {spinlock: {run: exp(5us), hold: 5us, spin: 10us}}}\n"
    "  - {name: sleep, vcpus: 3, workload: {barrier: {run: uniform(20us..80us)}}}\n"
    "  - {name: spin, vcpus: 2, workload: {barrier: {run: uniform(20us..80us), spin: 30us}}}\n"
    "  - {name: big, vcpus: 3, floor: 300, start: 130ms, workload: {hog: {}}}\n"
    "  - {name: late, vcpus: 2, start: 100ms, workload: {loop: {run: 50us, block: 50us}}}\n"
    "events:\n"
    "  - {at: 50ms, domain: hog, set: {weight: 1000, cap: 150}}\n"
    "  - {at: 80ms, domain: loop, pin: {vcpu: 0, cpus: \"1\"}}\n"
    "  - {at: 120ms, domain: spin, pause: true}\n"
    "  - {at: 150ms, domain: web, vcpus: 1}\n"
    "  - {at: 160ms, domain: dom0, vcpus: 1}\n"
    "  - {at: 170ms, domain: sleep, vcpus: 1}\n"
    "  - {at: 180ms, domain: lock, vcpus: 1}\n"
    "  - {at: 200ms, domain: spin, resume: true}\n"
    "  - {at: 210ms, cpu: 2, offline: true}\n"
    "  - {at: 240ms, policy: rr}\n"
    "  - {at: 260ms, cpu: 2, online: true}\n"
    "  - {at: 270ms, cpu: 2, online: true}\n"
    "  - {at: 280ms, domain: web, vcpus: 2}\n"
    "  - {at: 290ms, domain: dom0, vcpus: 2}\n"
    "  - {at: 300ms, domain: sleep, vcpus: 3}\n"
    "  - {at: 310ms, domain: lock, vcpus: 3}\n"
    "  - {at: 330ms, policy: {name: credit, tslice: 2ms}}\n"
    "  - {at: 400ms, domain: lock, destroy: true}\n"
    "  - {at: 420ms, domain: web, destroy: true}\n"
    "  - {at: 440ms, domain: hog, destroy: true}\n"
    "  - {at: 460ms, domain: big, set: {weight: 1}}\n";

class Threads : public RunRation {
protected:
	void SetUp() override
	{
		RunRation::SetUp();
		ration = binary;
		threads = binary.substr(0, binary.rfind('/') + 1) + "ration-threads";
		binary = threads;
	}
	int run_scenario(const std::string &text, std::vector<std::string> arguments = {})
	{
		write("s.yaml", text);
		arguments.insert(arguments.begin(), "s.yaml");
		return run(arguments);
	}
	/* What the log says happened is what the scheduler does again. */
	void replays(const char *log)
	{
		binary = ration;
		EXPECT_EQ(run({"replay", log}), 0) << err;
		binary = threads;
	}
	json_t *document()
	{
		json_error_t error;
		json_t *d = json_loads(out.c_str(), 0, &error);

		EXPECT_NE(d, nullptr) << error.text << "\n" << out << err;
		return d;
	}
	/* The share of each domain, in % of one CPU. */
	std::vector<double> shares()
	{
		std::vector<double> used;
		json_t *d = document(), *domains = json_object_get(d, "domains");

		for (size_t i = 0; i < json_array_size(domains); i++)
			used.push_back(json_number_value(
			    json_object_get(json_array_get(domains, i), "used")));
		json_decref(d);
		return used;
	}
	/* A signal is held back until the run is ready for it. */
	static bool is_ready(pid_t child)
	{
		std::ifstream status("/proc/" + std::to_string(child) + "/status");

		for (std::string line; std::getline(status, line);)
			if (line.rfind("SigBlk:", 0) == 0)
				return (std::stoull(line.substr(7), nullptr, 16) >> (SIGINT - 1) & 1) != 0;
		return false;
	}

	std::string ration, threads;
};

TEST_F(Threads, HelpAndVersion)
{
	EXPECT_EQ(run({"--help"}), 0);
	EXPECT_NE(out.find("Usage: ration-threads"), std::string::npos);
	EXPECT_EQ(err, "");
	EXPECT_EQ(run({"--version"}), 0);
	EXPECT_EQ(out.rfind("ration-threads ", 0), 0u);
}

TEST_F(Threads, PrintsTheTable)
{
	EXPECT_EQ(run_scenario(small, {"--seed", "7"}), 0) << err;
	EXPECT_NE(out.find("on threads, seed 7\n"), std::string::npos) << out;
	EXPECT_NE(out.find("domain  vCPUs  weight"), std::string::npos) << out;
	EXPECT_NE(out.find("2 CPUs: "), std::string::npos) << out;
	EXPECT_NE(out.find("the scheduler was entered "), std::string::npos) << out;
}

TEST_F(Threads, JsonAloneOnStandardOutput)
{
	ASSERT_EQ(run_scenario(small, {"--json", "-", "--time", "100ms", "--policy", "rr"}), 0) << err;
	json_t *d = document();

	ASSERT_NE(d, nullptr);
	EXPECT_STREQ(json_string_value(json_object_get(d, "policy")), "rr");
	EXPECT_GE(json_integer_value(json_object_get(d, "sim_ns")), 100000000);
	EXPECT_EQ(json_array_size(json_object_get(d, "domains")), 2u);
	EXPECT_EQ(json_array_size(json_object_get(d, "cpus")), 2u);
	json_decref(d);
	for (double used : shares())
		EXPECT_GT(used, 0.0);
}

struct Wrong {
	std::vector<std::string> arguments;
	const char *says;
};

TEST_F(Threads, WrongUsageExits2WithAHint)
{
	static const Wrong cases[] = {
		{{}, "ration-threads: no scenario, expected 'ration-threads SCENARIO'"},
		{{"--rceord", "x", "s.yaml"}, "(did you mean '--record'?)"},
		{{"--cpus", "65", "s.yaml"}, "--cpus '65' is no number of CPUs, expected 1 to 64"},
		{{"--cpus", "0", "s.yaml"}, "expected 1 to 64"},
		{{"--time", "1us", "s.yaml"}, "--time '1us' is too short, expected at least 1ms"},
		{{"--policy", "credit,rr", "s.yaml"}, "expected one"},
		{{"--record", "-", "s.yaml"}, "expected a file"},
		{{"--record", "x", "--json", "x", "s.yaml"}, "expected two files"},
		{{"--record", "none/x", "s.yaml"}, "--record: none/x: cannot write: No such file"},
		{{"--stress", "1s", "s.yaml"}, "'s.yaml' with --stress, expected no scenario"},
		{{"--stress", "1s", "--policy", "rr"}, "--stress with --policy"},
		{{"--stress", "1s", "--topology", "core:2 pu:1"}, "expected --cpus"},
		{{"gone.yaml"}, "gone.yaml"},
	};

	write("s.yaml", small);
	for (const Wrong &c : cases) {
		EXPECT_EQ(run(c.arguments), 2) << c.says;
		EXPECT_NE(err.find(c.says), std::string::npos) << err;
		EXPECT_EQ(out, "");
	}
	EXPECT_EQ(files(), std::set<std::string>({"s.yaml"}));
}

TEST_F(Threads, WhatCannotBeAdmittedExits2AndLeavesNothing)
{
	EXPECT_EQ(run_scenario(host + "policy: sedf\ndomains:\n"
	                              "  - {name: rt, vcpus: 3, slice: 9ms, period: 10ms}\n",
	                       {"--record", "log", "--json", "out.json"}), 2);
	EXPECT_NE(err.find("s.yaml:5:5: domain rt: vCPU 2"), std::string::npos) << err;
	EXPECT_EQ(files(), std::set<std::string>({"s.yaml"}));
}

TEST_F(Threads, EveryWorkloadAndEventRunsAndReplays)
{
	ASSERT_EQ(run_scenario(everything, {"--record", "log"}), 0) << err;
	EXPECT_NE(err.find("costs of the host are not charged"), std::string::npos) << err;
	EXPECT_NE(out.find("CPU 2 on line refused: it is on line already"), std::string::npos) << out;
	EXPECT_NE(out.find("domain big: vCPU 2 under a floor of 300.0 % refused: "),
	          std::string::npos) << out;
	EXPECT_NE(out.find("event for domain big refused: the domain is not there"),
	          std::string::npos) << out;
	EXPECT_NE(out.find(" events recorded, 0 lost, "), std::string::npos) << out;
	replays("log");
	for (const char *name : {"dom0", "loop", "job", "web", "lock", "sleep", "spin", "late"})
		EXPECT_NE(out.find(std::string("\n") + name), std::string::npos) << out;
}

TEST_F(Threads, ASignalEndsTheRunWithTableAndLog)
{
	for (int number : {SIGINT, SIGTERM}) {
		pid_t child;

		write("s.yaml", small);
		child = start({"s.yaml", "--time", "300s", "--record", "log"});
		for (int i = 0; i < 20000 && !is_ready(child); i++)
			usleep(500);
		usleep(20000);
		ASSERT_EQ(kill(child, number), 0);
		EXPECT_EQ(wait_for(child), 0) << err;
		EXPECT_NE(err.find(number == SIGINT ? "ended by SIGINT after" : "ended by SIGTERM after"),
		          std::string::npos) << err;
		EXPECT_NE(out.find("2 CPUs: "), std::string::npos) << out;
		replays("log");
	}
}

TEST_F(Threads, StressIsSoundAndReplays)
{
	for (const char *cpus : {"1", "3", "64"}) {
		ASSERT_EQ(run({"--stress", "200ms", "--cpus", cpus, "--record", "log"}), 0) << out << err;
		EXPECT_NE(out.find("nothing is broken\n"), std::string::npos) << out;
		replays("log");
	}
}

/* The share that each hog gets is what the simulator says, within 3 % of a CPU.
 * Others may run beside this test: hence several attempts, of which one counts;
 * whole, 9 of 10 do. */
TEST_F(Threads, SharesAreThoseOfTheSimulator)
{
	const bool whole = std::getenv("RATION_PROVE") != nullptr;
	const int attempts = whole ? 10 : 3, wanted = whole ? 9 : 1;
	const std::string scenario = shipped("shares"), length = whole ? "5s" : "3s";
	std::ostringstream said;
	int good = 0;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		GTEST_SKIP() << "two threads need two CPUs";
	binary = ration;
	ASSERT_EQ(run({"run", scenario, "--time", length, "--json", "-"}), 0) << err;
	const std::vector<double> simulated = shares();

	binary = threads;
	for (int i = 0; i < attempts && (whole || good < wanted); i++) {
		double worst = 0.0;

		ASSERT_EQ(run({scenario, "--time", length, "--json", "-"}), 0) << err;
		const std::vector<double> real = shares();

		ASSERT_EQ(real.size(), simulated.size());
		for (size_t k = 0; k < real.size(); k++)
			worst = std::max(worst, std::fabs(real[k] - simulated[k]));
		good += worst <= 3.0;
		said << " " << worst;
	}
	RecordProperty("worst", said.str());
	EXPECT_GE(good, wanted) << "worst differences, in % of one CPU:" << said.str();
}

}  // namespace
