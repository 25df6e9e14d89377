/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole scenarios drawn from a seed - machine, costs, policy, guests, events -
 * with ration_check() and engine_check() after every event.  SEED=n runs that
 * one alone and prints it; RATION_PROVE=1 runs many.
 */
#include "simulation.h"

#include "random.h"

#include <initializer_list>
#include <string>
#include <vector>

namespace {

struct Drawn {
	uint64_t state;
	std::string text;
	uint32_t cpus = 1;
	std::vector<std::string> names;

	explicit Drawn(uint64_t seed) : state(seed) {}
	uint64_t number(uint64_t a, uint64_t b) { return a + random_splitmix(&state) % (b - a + 1); }
	bool one_in(uint64_t n) { return number(1, n) == 1; }
	std::string us(uint64_t a, uint64_t b) { return std::to_string(number(a, b)) + "us"; }
	std::string any(std::initializer_list<std::string> list)
	{
		return list.begin()[number(0, list.size() - 1)];
	}

	std::string dist()
	{
		return any({"exp(" + us(50, 3000) + ")", us(20, 3000),
		            "uniform(" + us(10, 500) + ".." + us(500, 4000) + ")",
		            "\"lognormal(" + us(50, 2000) + ", 0.8)\""});
	}
	std::string list()
	{
		uint64_t a = number(0, cpus - 1);

		return "\"" + std::to_string(a) + "-" + std::to_string(number(a, cpus - 1)) + "\"";
	}
	std::string workload(bool has_dom0)
	{
		std::string through, spin = any({"", ", spin: 30us", ", spin: 1us"});

		if (has_dom0 && one_in(2))
			through = ", through_dom0: " + us(5, 300) + any({"", ", charge: true"});
		return any({"{idle: {}}", "{hog: {}}",
		            "{loop: {run: " + dist() + ", block: " + dist() + through + "}}",
		            "{periodic: {period: " + us(500, 20000) + ", run: " + dist() +
		                any({", yield: true}}", "}}"}),
		            "{server: {arrivals: poisson(" + std::to_string(number(10, 2000)) +
		                "/s), service: " + dist() + ", deadline: " + us(1000, 20000) + through + "}}",
		            "{spinlock: {run: " + dist() + ", hold: " + dist() + spin + "}}",
		            "{barrier: {run: " + dist() + spin + "}}"});
	}
	std::string attributes(const std::string &policy)
	{
		std::string s;

		if (policy == "credit" && one_in(2))
			s += ", weight: " + std::to_string(number(1, 2000));
		if (policy == "credit" && one_in(3))
			s += ", cap: " + std::to_string(number(5, 90));
		if (policy == "sedf" && one_in(2)) {
			uint64_t period = number(2, 20);

			s += ", period: " + std::to_string(period) + "ms, slice: " + us(50, period * 100) +
			     ", extratime: " + std::to_string(number(0, 1));
		}
		return s;
	}
	void head(const std::string &policy)
	{
		static const struct { const char *text; uint32_t cpus; } machines[] = {
			{"pack:1 core:1 pu:1", 1}, {"pack:1 core:2 pu:1", 2}, {"pack:1 core:2 pu:2", 4},
			{"pack:2 core:2 pu:1", 4}, {"pack:2 l3:2 core:2 pu:2", 16}};
		size_t i = number(0, 4);

		cpus = machines[i].cpus;
		text = std::string("host: {topology: \"") + machines[i].text + "\"" +
		       any({"", ", costs: typical", ", costs: {switch: 3us}",
		            ", costs: {ipi: 2us, timer: 5us}",
		            ", costs: {smt: 0.674, migrate: {llc: 20us, package: 50us}}",
		            ", costs: {switch: " + us(1, 50) + ", ipi: " + us(1, 50) + ", timer: " +
		                us(1, 50) + ", smt: 0.5}"}) + "}\n" +
		       "policy: " + policy + "\ntime: " + us(20000, 100000) + "\nseed: " +
		       std::to_string(number(0, 1000)) + "\n";
	}
	void event(uint64_t at_us, std::vector<bool> &gone)
	{
		size_t i = number(0, names.size() - 1);
		std::string at = "  - {at: " + std::to_string(at_us) + "us, ";
		std::string domain = at + "domain: " + names[i] + ", ";

		if (gone[i] || one_in(3)) {
			text += at + any({"cpu: " + std::to_string(number(0, cpus - 1)) +
			                      any({", offline: true", ", online: true"}),
			                  "policy: " + any({"rr", "credit", "sedf"})}) + "}\n";
		} else if (one_in(6) && names[i] != "dom0") {
			text += domain + "destroy: true}\n";
			gone[i] = true;
		} else if (one_in(4)) {
			text += domain + "pause: true}\n" + domain + "pause: true}\n" +
			        domain + "resume: true}\n";
		} else {
			text += domain + any({"vcpus: 1", "set: {cpus: " + list() + "}",
			                      "set: {weight: " + std::to_string(number(1, 65535)) + "}"}) + "}\n";
		}
	}
	const std::string &draw()
	{
		std::string policy = any({"rr", "credit", "sedf"});
		bool has_dom0 = one_in(2);
		uint64_t at_us = 25000;

		head(policy);
		if (has_dom0) {
			names.push_back("dom0");
			text += "dom0: {vcpus: " + std::to_string(number(1, 3)) + ", workload: " +
			        workload(false) + "}\n";
		}
		text += "domains:\n";
		for (uint64_t i = number(1, 6); i-- != 0;) {
			names.push_back("d" + std::to_string(i));
			text += "  - {name: " + names.back() + ", vcpus: " + std::to_string(number(1, 4)) +
			        (one_in(2) ? ", cpus: " + list() : "") + attributes(policy) +
			        (one_in(5) ? ", start: " + us(1, 20000) : "") + ", workload: " +
			        workload(has_dom0) + "}\n";
		}
		text += "events:\n  - {at: 24ms, policy: " + policy + "}\n";
		std::vector<bool> gone(names.size());
		for (uint64_t i = number(1, 14); i-- != 0; at_us += number(0, 9000))
			event(at_us, gone);
		return text;
	}
};

void run_seed(uint64_t seed)
{
	Drawn drawn(seed);
	Scenario s(drawn.draw());

	SCOPED_TRACE("SEED=" + std::to_string(seed));
	ASSERT_TRUE(s.ok);
	Simulation run(s, Simulation::CHECK | Simulation::LOG);
	ration_ns busy_ns = 0, running_ns = 0;

	if (!run.admitted)
		return;
	for (uint32_t i = 0; i < run.result.cpu_count; i++)
		busy_ns += run.result.cpu[i].busy_ns;
	for (uint32_t i = 0; i < run.result.domain_count; i++) {
		const sim_domain &d = run.result.domain[i];

		running_ns += d.ledger.running_ns;
		EXPECT_LE(d.run_done_ns, d.ledger.running_ns);
		EXPECT_LE(d.spin_ns, d.ledger.running_ns);
		EXPECT_LE(d.late, d.misses);
	}
	EXPECT_EQ(busy_ns, running_ns);
	EXPECT_EQ(run.result.refused_decisions, 0u);

	Simulation again(s, Simulation::LOG);
	EXPECT_EQ(run.result.trace_hash, again.result.trace_hash);
	EXPECT_EQ(run.log, again.log);
}

TEST(SimRandom, NoScenarioBreaksAnInvariant)
{
	const char *one = getenv("SEED");
	uint64_t seeds = getenv("RATION_PROVE") != nullptr ? 3000 : 40;

	if (one != nullptr) {
		printf("%s", Drawn(strtoull(one, nullptr, 0)).draw().c_str());
		run_seed(strtoull(one, nullptr, 0));
		return;
	}
	for (uint64_t seed = 1; seed <= seeds && !HasFailure(); seed++)
		run_seed(seed);
}

}
