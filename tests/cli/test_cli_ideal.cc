/* SPDX-License-Identifier: BSD-2-Clause */
/* What is owed and what can be promised, as a user asks for it. */
#include "run_ration.h"

#include <jansson.h>

#include <cmath>

namespace {

const std::string host = "host: {topology: \"pack:1 core:2 pu:1\"}\ntime: 100ms\n";
const std::string small = host + "domains: [{name: a, vcpus: 4}, {name: b}]\n";
/* 80 and 50 % on CPU 0 */
const std::string crowded = host + "domains:\n"
                                   "- {name: a, floor: 80, cpus: \"0\"}\n"
                                   "- {name: b, floor: 50, cpus: \"0\"}\n"
                                   "- {name: c}\n";

class Ideal : public RunRation {
protected:
	/* Ask something of a scenario of that text. */
	int ask(const std::string &command, const std::string &text,
	        std::vector<std::string> arguments = {})
	{
		write("s.yaml", text);
		arguments.insert(arguments.begin(), {command, "s.yaml"});
		return run(arguments);
	}
	/* The document in that text, kept until the test ends. */
	json_t *document(const std::string &text)
	{
		json_error_t error;

		json_decref(held);
		held = json_loads(text.c_str(), 0, &error);
		EXPECT_NE(held, nullptr) << error.text << "\n" << text;
		return held;
	}
	/* What the domains are owed by `ration COMMAND`, in % of one CPU. */
	std::vector<double> entitled(const std::string &command, const std::string &text,
	                             std::vector<std::string> arguments = {})
	{
		std::vector<double> shares;

		arguments.insert(arguments.end(), {"--json", "-"});
		EXPECT_EQ(ask(command, text, arguments), 0) << err;
		json_t *domains = json_object_get(document(out), "domains");
		for (size_t i = 0; i < json_array_size(domains); i++) {
			json_t *x = json_object_get(json_array_get(domains, i), "entitled");

			EXPECT_TRUE(json_is_real(x));
			shares.push_back(std::round(json_real_value(x) * 1e4) / 1e4);
		}
		return shares;
	}
	void TearDown() override
	{
		json_decref(held);
		RunRation::TearDown();
	}

	json_t *held = nullptr;
};

double real(json_t *object, const char *key)
{
	EXPECT_TRUE(json_is_real(json_object_get(object, key))) << key;
	return json_real_value(json_object_get(object, key));
}

std::string text(json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	EXPECT_NE(value, nullptr) << key;
	return value != nullptr ? value : "";
}

/* ---- Usage ---------------------------------------------------------------- */

TEST_F(Ideal, Help)
{
	EXPECT_EQ(run({"--help"}), 0);
	for (const char *command : {"ideal", "admit"}) {
		std::string list = out, usage = std::string("Usage: ration ") + command;

		EXPECT_NE(list.find(command), std::string::npos);
		EXPECT_EQ(run({command, "--help"}), 0);
		EXPECT_EQ(out.rfind(usage, 0), 0u) << out;
		usage = out;
		EXPECT_EQ(run({"help", command}), 0);
		EXPECT_EQ(out, usage);
		EXPECT_EQ(err, "");
		out = list;
	}
}

struct Wrong {
	std::vector<std::string> arguments;
	const char *says;
};

TEST_F(Ideal, WrongUsageExits2WithAHint)
{
	static const Wrong cases[] = {
		{{"ideal"}, "ration ideal: no scenario, expected 'ration ideal SCENARIO'"},
		{{"admit"}, "ration admit: no scenario, expected 'ration admit SCENARIO'"},
		{{"ideal", "s.yaml", "t"}, "ration ideal: 't' behind the scenario, expected one"},
		{{"ideal", "--ell", "s.yaml"}, "no option '--ell' (did you mean '--all'?)"},
		{{"ideal", "--seed", "1", "s.yaml"}, "no option '--seed'"},
		{{"admit", "--all", "s.yaml"}, "ration admit: there is no option '--all'"},
		{{"admit", "s.yaml", "--json"}, "option '--json' has no value, expected one"},
		{{"ideal", "--policy", "rr,sedf", "s.yaml"}, "several policies, expected one"},
		{{"ideal", "--policy", "crdit", "s.yaml"}, "(did you mean 'credit'?)"},
		{{"ideal", "--topology", "pack:x", "s.yaml"}, "ration ideal: --topology: \"pack:x\":1:"},
		{{"ideal", "--json", "no/such/x", "s.yaml"}, "ideal: --json: no/such/x: cannot write"},
		{{"admit", "--json", "no/such/x", "s.yaml"}, "admit: --json: no/such/x: cannot write"},
		{{"ideal", "none.yaml"}, "none.yaml: cannot"},
		{{"admit", "none.yaml"}, "none.yaml: cannot"},
		{{"ideal", "bad.yaml"}, "bad.yaml:3:"},
		{{"admit", "bad.yaml"}, "bad.yaml:3:"},
		{{"ieal", "s.yaml"}, "did you mean 'ideal'?"},
	};

	write("s.yaml", small);
	write("bad.yaml", host + "domains: [{name: a, floor: 120}]\n");
	for (const Wrong &c : cases) {
		EXPECT_EQ(run(c.arguments), 2) << c.says;
		EXPECT_NE(err.find(c.says), std::string::npos) << c.says << "\n-> " << err;
		EXPECT_EQ(out, "") << c.says;
		EXPECT_EQ(files(), (std::set<std::string>{"bad.yaml", "s.yaml"}));
	}
}

/* ---- Owed ----------------------------------------------------------------- */

TEST_F(Ideal, PrintsATable)
{
	EXPECT_EQ(ask("ideal", small), 0);
	EXPECT_EQ(err, "");
	EXPECT_EQ(out, "pack:1 core:2 pu:1, 2 CPUs\n"
	               "\n"
	               "domain  vCPUs  weight  cap  floor  demand  entitled  each vCPU\n"
	               "a           4     256    -      -  400.00    100.00  25.00\n"
	               "b           1     256    -      -  100.00    100.00  100.00\n"
	               "\n"
	               "2 CPUs on line: 200.00 % owed, 0.00 % left over\n");
	EXPECT_EQ(ask("ideal", host + "domains:\n"
	              "- {name: a, vcpus: 3, cpus: [\"0\", all, all]}\n"
	              "- {name: b, cpus: \"0\"}\n"), 0);
	EXPECT_NE(out.find("  0.00, 2 x 50.00\n"), std::string::npos) << out;
}

TEST_F(Ideal, TheTableOfTheIssue)
{
	EXPECT_EQ(entitled("ideal", "host: {topology: \"pack:1 core:4 pu:1\"}\ntime: 1s\ndomains:\n"
	                   "- {name: a, weight: 512, cpus: \"0\"}\n"
	                   "- {name: b, weight: 256, cpus: \"0\"}\n"),
	          (std::vector<double>{66.6667, 33.3333}));
	EXPECT_EQ(entitled("ideal", host + "domains:\n"
	                   "- {name: a, weight: 256, cpus: \"0\"}\n"
	                   "- {name: b, weight: 512, cpus: \"0\"}\n"
	                   "- {name: c, weight: 1024, cpus: \"0\"}\n"),
	          (std::vector<double>{14.2857, 28.5714, 57.1429}));
	EXPECT_EQ(entitled("ideal", small), (std::vector<double>{100, 100}));
}

TEST_F(Ideal, JsonHasTheVcpus)
{
	EXPECT_EQ(ask("ideal", host + "domains:\n"
	              "- {name: a, vcpus: 2, cap: 80, floor: 20, weight: 512}\n"
	              "- {name: b}\n", {"--json", "j"}), 0);
	EXPECT_NE(out.find("80.00  40.00\n"), std::string::npos) << out;
	json_t *d = document(read("j"));
	EXPECT_EQ(json_integer_value(json_object_get(d, "schema")), 1);
	EXPECT_EQ(text(d, "policy"), "credit");
	EXPECT_EQ(text(d, "topology"), "pack:1 core:2 pu:1");
	json_t *a = json_array_get(json_object_get(d, "domains"), 0);
	EXPECT_EQ(text(a, "name"), "a");
	EXPECT_EQ(json_integer_value(json_object_get(a, "weight")), 512);
	EXPECT_DOUBLE_EQ(real(a, "cap"), 80);
	EXPECT_DOUBLE_EQ(real(a, "floor"), 20);
	EXPECT_DOUBLE_EQ(real(a, "demand"), 200);
	EXPECT_NEAR(real(a, "entitled"), 80, 1e-6);
	json_t *vcpus = json_object_get(a, "vcpus");
	ASSERT_EQ(json_array_size(vcpus), 2u);
	EXPECT_NEAR(json_real_value(json_array_get(vcpus, 1)), 40, 1e-6);
}

TEST_F(Ideal, ThoseThatComeLaterCountIfAskedFor)
{
	const std::string later = host + "domains: [{name: a, vcpus: 2}, "
	                                 "{name: b, vcpus: 2, start: 10ms}]\n";

	EXPECT_EQ(entitled("ideal", later), (std::vector<double>{200}));
	EXPECT_EQ(entitled("ideal", later, {"--all"}), (std::vector<double>{100, 100}));
	EXPECT_EQ(ask("ideal", later), 0);
	EXPECT_NE(out.find("\n1 domain comes later, see --all\n"), std::string::npos) << out;
}

TEST_F(Ideal, AnotherMachineAndPolicy)
{
	EXPECT_EQ(entitled("ideal", small, {"--topology", "pack:1 core:1 pu:1"}),
	          (std::vector<double>{50, 50}));
	const std::string slices = host + "domains: [{name: a, slice: 2ms, period: 10ms, "
	                                  "extratime: false}, {name: b, vcpus: 2}]\n";
	EXPECT_EQ(entitled("ideal", slices, {"--policy", "sedf"}), (std::vector<double>{20, 180}));
	EXPECT_EQ(entitled("ideal", slices), (std::vector<double>{100, 100}));
	EXPECT_EQ(ask("ideal", slices), 0);
	EXPECT_NE(out.find("* not honoured by credit\n"), std::string::npos) << out;
}

TEST_F(Ideal, AShadowCapLimitsNobody)
{
	const std::string text = host + "domains: [{name: a, vcpus: 2, cap: 40, shadow: true}, "
	                                "{name: b, vcpus: 2}]\n";

	EXPECT_EQ(entitled("ideal", text), (std::vector<double>{100, 100}));
	EXPECT_EQ(ask("ideal", text), 0);
	EXPECT_NE(out.find(" 40~ "), std::string::npos) << out;
}

TEST_F(Ideal, FloorsThatCannotAllBeKeptAreAnError)
{
	EXPECT_EQ(ask("ideal", crowded, {"--json", "j"}), 2);
	EXPECT_EQ(out, "");
	EXPECT_NE(err.find("s.yaml:4:3: domain a: 80.00 % of a CPU cannot be kept for it beside what "
	                   "others are promised, expected at most 61.54 %\n"), std::string::npos) << err;
	EXPECT_NE(err.find("s.yaml:5:3: domain b: 50.00 % of a CPU cannot be kept"), std::string::npos);
	EXPECT_EQ(err.find("domain c"), std::string::npos);
	EXPECT_EQ(files(), std::set<std::string>{"s.yaml"});
}

TEST_F(Ideal, EveryShippedScenarioHasAnAnswer)
{
	for (const char *name : {"server", "hogs", "weights", "cap", "floor", "edf95", "overcommit",
	                         "hotplug", "locks", "recorded", "rw1a", "rw2"}) {
		EXPECT_EQ(run({"ideal", shipped(name), "--all"}), 0) << name << err;
		EXPECT_NE(out.find(" % owed, "), std::string::npos) << out;
		EXPECT_EQ(err, "");
		EXPECT_EQ(run({"admit", shipped(name)}), 0) << name << out << err;
		EXPECT_EQ(out.rfind("admitted by ", 0), 0u) << out;
	}
}

/* ---- Beside what they got -------------------------------------------------- */

TEST_F(Ideal, ARunShowsItBesideWhatWasGot)
{
	EXPECT_EQ(ask("run", small), 0);
	EXPECT_NE(out.find("   CPU %  entitled "), std::string::npos) << out;
	EXPECT_EQ(entitled("run", small), (std::vector<double>{100, 100}));
	/* half of the time alone */
	EXPECT_EQ(entitled("run", host + "domains: [{name: a, vcpus: 2}, "
	                                 "{name: b, vcpus: 2, start: 50ms}]\n"),
	          (std::vector<double>{150, 50}));
	EXPECT_EQ(ask("run", small, {"--policy", "credit,rr"}), 0);
	EXPECT_NE(out.find("   entitled "), std::string::npos) << out;
}

/* ---- Admitted --------------------------------------------------------------- */

TEST_F(Ideal, AdmitSaysYes)
{
	EXPECT_EQ(ask("admit", small, {"--json", "j"}), 0);
	EXPECT_EQ(out, "admitted by credit: 2 domains on pack:1 core:2 pu:1, 2 CPUs\n");
	EXPECT_EQ(err, "");
	json_t *d = document(read("j"));
	EXPECT_TRUE(json_is_true(json_object_get(d, "admitted")));
	EXPECT_EQ(text(d, "reason"), "");
	EXPECT_EQ(text(d, "cpus"), "");
	EXPECT_DOUBLE_EQ(real(d, "missing"), 0);
	EXPECT_EQ(json_array_size(json_object_get(d, "held_by")), 0u);
	EXPECT_TRUE(json_is_null(json_object_get(d, "would_fit")));
}

TEST_F(Ideal, AdmitSaysNoAndWhy)
{
	EXPECT_EQ(ask("admit", crowded, {"--json", "j"}), 1);
	EXPECT_EQ(err, "");
	EXPECT_EQ(out.rfind("not admitted by credit: s.yaml:5:3: domain b: ", 0), 0u) << out;
	for (const char *word : {"50.0 %", "CPU 0 lacks 30.0 % of a CPU", "20.0 % would fit", "held by a"})
		EXPECT_NE(out.find(word), std::string::npos) << word << "\n" << out;
	json_t *d = document(read("j"));
	EXPECT_TRUE(json_is_false(json_object_get(d, "admitted")));
	EXPECT_NE(out.find(text(d, "reason")), std::string::npos);
	EXPECT_EQ(text(d, "cpus"), "0");
	EXPECT_DOUBLE_EQ(real(d, "missing"), 30);
	EXPECT_DOUBLE_EQ(real(d, "would_fit"), 20);
	json_t *held_by = json_object_get(d, "held_by");
	ASSERT_GE(json_array_size(held_by), 1u);
	EXPECT_STREQ(json_string_value(json_array_get(held_by, 0)), "a");
	/* the answer alone on standard output */
	EXPECT_EQ(ask("admit", crowded, {"--json", "-"}), 1);
	EXPECT_TRUE(json_is_false(json_object_get(document(out), "admitted")));
}

TEST_F(Ideal, AdmitAsksThePolicy)
{
	EXPECT_EQ(ask("admit", crowded, {"--policy", "rr"}), 0) << out;
	EXPECT_EQ(ask("admit", crowded, {"--topology", "pack:1 core:4 pu:1"}), 1);
	EXPECT_EQ(run({"admit", shipped("edf105")}), 1);
	EXPECT_NE(out.find("domain slow: vCPU 0 with a slice of 21 ms in 70 ms refused"),
	          std::string::npos) << out;
	EXPECT_EQ(run({"admit", shipped("edf105"), "--policy", "credit"}), 0);
	EXPECT_EQ(err, "");
}

/* Three of 0.6 on two CPUs: one of them on both. */
TEST_F(Ideal, AdmitSaysWhere)
{
	const std::string three =
	        "host: {topology: \"pack:1 core:2 pu:1\"}\n"
	        "policy: {name: sedf, reserve: 2%}\n"
	        "domains:\n"
	        "- {name: a, count: 3, period: 20ms, slice: 12ms, workload: {periodic: {period: 20ms, "
	        "run: 12ms}}}\n";

	EXPECT_EQ(ask("admit", three, {"--json", "j"}), 0);
	EXPECT_NE(out.find("\na1.0  12 ms   20 ms  0\na2.0  12 ms   20 ms  1\na3.0  12 ms   20 ms  0-1\n"),
	          std::string::npos) << out;
	json_t *placement = json_object_get(document(read("j")), "placement");
	ASSERT_EQ(json_array_size(placement), 3u);
	EXPECT_EQ(text(json_array_get(placement, 2), "domain"), "a3");
	EXPECT_EQ(text(json_array_get(placement, 2), "cpus"), "0-1");
	/* and the run keeps it */
	EXPECT_EQ(ask("run", three, {"--json", "j"}), 0);
	EXPECT_NE(out.find("sedf, reserve 2 %; "), std::string::npos) << out;
	json_t *d = json_array_get(json_object_get(document(read("j")), "domains"), 2);
	json_t *jobs = json_array_get(json_object_get(d, "vcpu_jobs"), 0);
	EXPECT_EQ(json_integer_value(json_object_get(jobs, "jobs")), 500);
	EXPECT_EQ(json_integer_value(json_object_get(jobs, "misses")), 0);
	EXPECT_EQ(json_integer_value(json_object_get(json_object_get(jobs, "tardiness_ns"), "count")), 0);
	/* what does not fit: what would */
	EXPECT_EQ(ask("admit", three + "- {name: b, period: 10ms, slice: 9ms}\n"), 1);
	EXPECT_NE(out.find("would fit: a slice of "), std::string::npos) << out;
}

TEST_F(Ideal, AdmitTakesAllTogetherWheneverTheyCome)
{
	const std::string later = host + "domains:\n"
	                                 "- {name: a, floor: 80, cpus: \"0\"}\n"
	                                 "- {name: b, floor: 50, cpus: \"0\", start: 50ms}\n";

	EXPECT_EQ(ask("run", later), 0) << err;
	EXPECT_EQ(ask("check", later), 0) << err;
	EXPECT_EQ(ask("admit", later), 1);
}

TEST_F(Ideal, AFullDiskIsNoAnswer)
{
	if (access("/dev/full", W_OK) != 0)
		GTEST_SKIP() << "no /dev/full";
	write("s.yaml", small);
	EXPECT_EQ(run({"ideal", "s.yaml"}, "/dev/full"), 1);
	EXPECT_NE(err.find("cannot write standard output"), std::string::npos);
	EXPECT_EQ(run({"ideal", "s.yaml", "--json", "/dev/full"}), 1);
	EXPECT_NE(err.find("--json: /dev/full: cannot write"), std::string::npos) << err;
	/* 1 would be an answer */
	EXPECT_EQ(run({"admit", "s.yaml", "--json", "/dev/full"}), 2);
	EXPECT_EQ(run({"admit", "s.yaml"}, "/dev/full"), 2);
}

} // namespace
