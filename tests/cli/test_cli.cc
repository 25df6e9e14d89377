/* SPDX-License-Identifier: BSD-2-Clause */
/* The command as a user meets it: what it prints, where, and how it ends. */
#include "run_ration.h"

#include <jansson.h>

#include <csignal>

namespace {

const std::string host = "host: {topology: \"pack:1 core:4 pu:1\"}\ntime: 100ms\n";
const std::string small = host + "domains: [{name: a}, {name: b, weight: 512}]\n";

class Cli : public RunRation {
protected:
	/* The document on standard output. */
	json_t *document()
	{
		json_error_t error;
		json_t *d = json_loads(out.c_str(), 0, &error);

		EXPECT_NE(d, nullptr) << error.text << "\n" << out;
		return d;
	}
	static json_t *domain(json_t *d, size_t i)
	{
		return json_array_get(json_object_get(d, "domains"), i);
	}
	static double used(json_t *d, size_t i)
	{
		return json_number_value(json_object_get(domain(d, i), "used"));
	}
	static long long count(json_t *object, const char *key)
	{
		EXPECT_TRUE(json_is_integer(json_object_get(object, key))) << key;
		return json_integer_value(json_object_get(object, key));
	}
	std::string hash()
	{
		json_t *d = document();
		std::string text = json_string_value(
		    json_object_get(json_object_get(d, "totals"), "trace_hash"));

		json_decref(d);
		return text;
	}
};

/* ---- Usage ------------------------------------------------------------- */

TEST_F(Cli, HelpGoesToStandardOutput)
{
	for (const char *option : {"--help", "-h", "help"}) {
		EXPECT_EQ(run({option}), 0);
		EXPECT_NE(out.find("Usage: ration COMMAND"), std::string::npos);
		EXPECT_EQ(err, "");
	}
	for (const char *command : {"run", "check", "topology"}) {
		EXPECT_EQ(run({command, "--help"}), 0);
		EXPECT_NE(out.find(std::string("Usage: ration ") + command), std::string::npos) << out;
		std::string said = out;
		EXPECT_EQ(run({"help", command}), 0);
		EXPECT_EQ(out, said);
	}
	EXPECT_EQ(run({"--version"}), 0);
	EXPECT_EQ(out.rfind("ration ", 0), 0u);
}

struct Wrong {
	std::vector<std::string> arguments;
	const char *says;
};

TEST_F(Cli, WrongUsageExits2WithAHint)
{
	static const Wrong cases[] = {
		{{}, "Usage: ration COMMAND"},
		{{"rnu"}, "there is no command 'rnu' (did you mean 'run'?), expected one of run"},
		{{"--verbose"}, "there is no option '--verbose', expected"},
		{{"help", "nothing"}, "there is no command 'nothing'"},
		{{"run"}, "ration run: no scenario, expected 'ration run SCENARIO'"},
		{{"run", "s.yaml", "t.yaml"}, "ration run: 't.yaml' behind the scenario, expected one"},
		{{"run", "--polcy", "rr", "s.yaml"}, "no option '--polcy' (did you mean '--policy'?)"},
		{{"run", "-x", "s.yaml"}, "there is no option '-x'"},
		{{"run", "s.yaml", "--seed"}, "option '--seed' has no value, expected one"},
		{{"run", "--check=yes", "s.yaml"}, "option '--check' takes no value"},
		{{"run", "--policy", "cerdit", "s.yaml"}, "no policy 'cerdit', expected credit, sedf or rr "
		 "(did you mean 'credit'?)"},
		{{"run", "--policy", "rr,rr", "s.yaml"}, "policy 'rr' is given twice"},
		{{"run", "--policy", "", "s.yaml"}, "there is no policy ''"},
		{{"run", "--seed", "one", "s.yaml"}, "--seed 'one' is no whole number"},
		{{"run", "--seed", "-1", "s.yaml"}, "--seed '-1' is negative"},
		{{"run", "--time", "-5s", "s.yaml"}, "--time '-5s' is negative"},
		{{"run", "--time", "5", "s.yaml"}, "--time '5' has no unit"},
		{{"run", "--time", "0", "s.yaml"}, "--time '0' is too short"},
		{{"run", "--topology", "pack:x", "s.yaml"}, "--topology: \"pack:x\":1:"},
		{{"run", "--topology", "none.xml", "s.yaml"}, "--topology: none.xml: cannot read"},
		{{"run", "--trace-window", "1s..2s", "s.yaml"}, "--trace-window without --trace"},
		{{"run", "--trace", "t", "--trace-window", "2s..1s", "s.yaml"}, "ends before it begins"},
		{{"run", "--trace", "t", "--trace-window", "2s", "s.yaml"}, "is no window, expected two"},
		{{"run", "--trace", "t", "--trace-window", "1..2s", "s.yaml"}, "'1' has no unit"},
		{{"run", "--trace", "t", "--policy", "rr,sedf", "s.yaml"}, "--trace with 2 policies"},
		{{"run", "--trace", "t", "--json", "t", "s.yaml"}, "--trace and --json into 't'"},
		{{"run", "--json", "no/such/folder/x", "s.yaml"}, "--json: no/such/folder/x: cannot write"},
		{{"run", "--trace", ".", "s.yaml"}, "--trace: .: cannot write: Is a directory"},
		{{"check", "--policy", "rr,sedf", "s.yaml"}, "several policies, expected one"},
		{{"check", "--json", "x", "s.yaml"}, "there is no option '--json'"},
		{{"topology", "pack:x"}, "pack:x"},
	};
	write("s.yaml", small);
	for (const Wrong &c : cases) {
		EXPECT_EQ(run(c.arguments), 2) << c.says;
		EXPECT_NE(err.find(c.says), std::string::npos) << c.says << "\n-> " << err;
		EXPECT_EQ(out, "") << c.says;
		EXPECT_EQ(files(), std::set<std::string>{"s.yaml"});
	}
}

/* ---- Running ----------------------------------------------------------- */

TEST_F(Cli, PrintsATableAndNothingElse)
{
	EXPECT_EQ(run_text(small), 0);
	EXPECT_EQ(err, "");
	EXPECT_EQ(out.find('\033'), std::string::npos) << "colour belongs on terminals";
	EXPECT_NE(out.find("domain"), std::string::npos);
	EXPECT_NE(out.find("simulated s per wall s\n"), std::string::npos);
	EXPECT_EQ(out.back(), '\n');
}

TEST_F(Cli, ReadsAScenarioFromStandardInput)
{
	write("s.yaml", small);
	EXPECT_EQ(run({"run", "-"}, nullptr, path("s.yaml")), 0);
	EXPECT_NE(out.find("domain"), std::string::npos);
	write("s.yaml", "x");
	EXPECT_EQ(run({"run", "-"}, nullptr, path("s.yaml")), 2);
	EXPECT_EQ(err.rfind("<stdin>:1:1:", 0), 0u) << err;
}

TEST_F(Cli, JsonAloneOnStandardOutput)
{
	ASSERT_EQ(run_text(small, {"--json", "-", "--seed", "7"}), 0);
	json_t *d = document();

	EXPECT_EQ(count(d, "schema"), 1);
	EXPECT_EQ(count(d, "seed"), 7);
	EXPECT_EQ(count(d, "sim_ns"), 100000000);
	EXPECT_STREQ(json_string_value(json_object_get(d, "policy")), "credit");
	EXPECT_EQ(json_array_size(json_object_get(d, "domains")), 2u);
	EXPECT_EQ(json_array_size(json_object_get(d, "cpus")), 4u);
	EXPECT_NEAR(used(d, 0), 100.0, 0.01);
	json_decref(d);
}

TEST_F(Cli, JsonIntoAFileBesideTheTable)
{
	EXPECT_EQ(run_text(small, {"--json", "j"}), 0);
	EXPECT_NE(out.find("domain"), std::string::npos);
	EXPECT_EQ(files(), (std::set<std::string>{"s.yaml", "j"}));
	out = read("j");
	json_decref(document());
}

TEST_F(Cli, JsonOfSeveralPolicies)
{
	ASSERT_EQ(run_text(small, {"--policy", "credit,rr", "--policy", "sedf", "--json", "-"}), 0);
	json_t *d = document(), *runs = json_object_get(d, "runs");

	ASSERT_EQ(json_array_size(runs), 3u);
	EXPECT_STREQ(json_string_value(json_object_get(json_array_get(runs, 1), "policy")), "rr");
	json_decref(d);
	EXPECT_EQ(run_text(small, {"--policy", "credit,rr", "--policy", "sedf"}), 0);
	EXPECT_NE(out.find("credit"), std::string::npos);
	EXPECT_NE(out.find("sedf"), std::string::npos);
}

TEST_F(Cli, OptionsStandAboveTheFile)
{
	ASSERT_EQ(run_text(small, {"--json", "-", "--time", "50ms", "--topology", "pack:1 core:1 pu:2",
	                           "--policy", "rr"}), 0);
	json_t *d = document();

	EXPECT_EQ(count(d, "sim_ns"), 50000000);
	EXPECT_EQ(json_array_size(json_object_get(d, "cpus")), 2u);
	EXPECT_STREQ(json_string_value(json_object_get(d, "topology")), "pack:1 core:1 pu:2");
	EXPECT_STREQ(json_string_value(json_object_get(d, "policy")), "rr");
	json_decref(d);
	EXPECT_NE(err.find("rr does not honour weight (of b)"), std::string::npos) << err;
}

TEST_F(Cli, RunsOnThisMachine)
{
	EXPECT_EQ(run({"topology", "this"}), 0) << err;
	int status = run_text("domains: [{name: a}]\ntime: 1ms\n", {"--topology", "this"});

	if (err.find("one instance of the scheduler holds") != std::string::npos)
		GTEST_SKIP() << "more than 64 CPUs here";
	EXPECT_EQ(status, 0) << err;
}

TEST_F(Cli, OneSeedOneTrace)
{
	std::string text = host + "domains: [{name: a, vcpus: 8, workload: "
	                   "{loop: {run: exp(2ms), block: exp(1ms)}}}]\n";

	ASSERT_EQ(run_text(text, {"--json", "-"}), 0);
	std::string first = hash();
	ASSERT_EQ(run_text(text, {"--json", "-"}), 0);
	EXPECT_EQ(hash(), first);
	ASSERT_EQ(run_text(text, {"--json", "-", "--seed", "2"}), 0);
	EXPECT_NE(hash(), first);
	ASSERT_EQ(run_text(text, {"--json", "-", "--check"}), 0) << "checking changes nothing";
	EXPECT_EQ(hash(), first);
}

TEST_F(Cli, TraceIsWholeJson)
{
	ASSERT_EQ(run_text(small, {"--trace", "t.json", "--trace-window", "10ms..40ms"}), 0) << err;
	out = read("t.json");
	json_t *d = document();
	json_t *events = json_is_array(d) ? d : json_object_get(d, "traceEvents");

	EXPECT_GT(json_array_size(events), 4u);
	json_decref(d);
}

TEST_F(Cli, RefusalsInMidRunAreListedAndTheRunGoesOn)
{
	std::string text = host + "policy: sedf\n"
	                          "domains:\n"
	                          "- {name: a, vcpus: 4, period: 10ms, slice: 6ms}\n"
	                          "- {name: b, start: 50ms, period: 10ms, slice: 6ms}\n"
	                          "events: [{at: 20ms, domain: a, set: {slice: 10ms}},\n"
	                          "         {at: 30ms, cpu: 1, offline: true},\n"
	                          "         {at: 40ms, cpu: 1, online: true}]\n";

	EXPECT_EQ(run_text(text), 0) << err;
	EXPECT_NE(out.find("sedf refused at 30 ms: s.yaml:8:10: CPU 1"), std::string::npos) << out;
	EXPECT_NE(out.find("sedf refused at 50 ms: s.yaml:6:"), std::string::npos) << out;
	ASSERT_EQ(run_text(text, {"--json", "-"}), 0);
	json_t *d = document(), *refusals = json_object_get(d, "refusals");

	ASSERT_GE(json_array_size(refusals), 2u);
	EXPECT_EQ(count(json_array_get(refusals, 0), "at_ns"), 30000000);
	json_decref(d);
}

/* ---- What the issue wants to see --------------------------------------- */

TEST_F(Cli, FourHogsOnTwoCpusGetHalfACpuEach)
{
	ASSERT_EQ(run({"run", shipped("hogs"), "--json", "-"}), 0) << err;
	json_t *d = document();

	for (size_t i = 0; i < 4; i++)
		EXPECT_NEAR(used(d, i), 50.0, 1.0);
	json_decref(d);
}

TEST_F(Cli, WeightsShareACpu)
{
	ASSERT_EQ(run({"run", shipped("weights"), "--json", "-"}), 0) << err;
	json_t *d = document();

	EXPECT_NEAR(used(d, 0), 66.7, 1.0);
	EXPECT_NEAR(used(d, 1), 33.3, 1.0);
	json_decref(d);
}

TEST_F(Cli, ACapIsACap)
{
	ASSERT_EQ(run({"run", shipped("cap"), "--json", "-"}), 0) << err;
	json_t *d = document();

	EXPECT_NEAR(used(d, 0), 25.0, 0.25);
	json_decref(d);
}

TEST_F(Cli, AFloorIsAFloor)
{
	ASSERT_EQ(run({"run", shipped("floor"), "--json", "-"}), 0) << err;
	json_t *d = document();

	EXPECT_GT(used(d, 0), 33.0);
	json_decref(d);
}

TEST_F(Cli, AnAdmittedSetMissesNoDeadline)
{
	ASSERT_EQ(run({"run", shipped("edf95"), "--json", "-"}), 0) << err;
	json_t *d = document();

	EXPECT_EQ(count(d, "sim_ns"), 60000000000);
	for (size_t i = 0; i < 3; i++)
		EXPECT_EQ(count(domain(d, i), "misses"), 0);
	EXPECT_EQ(count(domain(d, 0), "jobs"), 12000);
	json_decref(d);
}

TEST_F(Cli, ATooLargeSetIsRefusedWithTheReason)
{
	for (const char *command : {"run", "check"}) {
		EXPECT_EQ(run({command, shipped("edf105")}), 2);
		EXPECT_EQ(out, "");
		EXPECT_NE(err.find("edf105.yaml:10:5: domain slow"), std::string::npos) << err;
		EXPECT_NE(err.find("refused"), std::string::npos) << err;
	}
	write("j", "as before\n");
	EXPECT_EQ(run({"run", shipped("edf105"), "--json", "j", "--trace", "t"}), 2);
	EXPECT_EQ(files(), std::set<std::string>{"j"});
	EXPECT_EQ(read("j"), "as before\n");
}

TEST_F(Cli, EveryShippedScenarioIsValidAndRuns)
{
	for (const char *name : {"server", "hogs", "weights", "cap", "floor", "edf95", "overcommit",
	                         "hotplug", "locks", "recorded", "rw1a", "rw2"}) {
		EXPECT_EQ(run({"check", shipped(name)}), 0) << err;
		EXPECT_EQ(out.rfind("machine ", 0), 0u) << out;
		EXPECT_EQ(run({"run", shipped(name), "--time", "300ms", "--check"}), 0) << name << err;
	}
}

TEST_F(Cli, CheckSaysWhatWouldRun)
{
	EXPECT_EQ(run({"check", shipped("server"), "--policy", "rr"}), 0) << err;
	for (const char *text : {"32 CPUs, 16 cores, 2 packages, 2 NUMA nodes", "build3", "1024*",
	                         "* not honoured by rr", "mail: its Xen file also has", "8-15,17-31",
	                         "CPU 31 goes off line", "db, weight 2048"})
		EXPECT_NE(out.find(text), std::string::npos) << text << "\n" << out;
	EXPECT_EQ(run({"check", "--quiet", shipped("server")}), 0);
	EXPECT_EQ(out, "");
}

/* ---- The manual -------------------------------------------------------- */

std::string slurp(const std::string &path)
{
	std::ifstream in(path);
	std::ostringstream text;

	text << in.rdbuf();
	return text.str();
}

/* The first block of YAML in a text, indented or fenced. */
std::string yaml_between(const std::string &text, const std::string &begin, const std::string &end)
{
	size_t from = text.find(begin);

	if (from == std::string::npos)
		return "";
	from += begin.size();
	return text.substr(from, text.find(end, from) - from);
}

TEST_F(Cli, TheExamplesOfTheManualRun)
{
	ASSERT_EQ(mkdir(path("vm").c_str(), 0700), 0);
	write("vm/mail.cfg", "name = 'mail'\n");
	std::string page = slurp(source + "/docs/scenario.md");
	std::string man = slurp(source + "/docs/man/ration-scenario.5");
	std::string example = yaml_between(man, ".Sh EXAMPLES\n.Bd -literal\n", ".Ed");

	EXPECT_EQ(run_text(yaml_between(page, "```yaml\n", "```"), {"--time", "10ms"}), 0) << err;
	ASSERT_NE(example, "");
	EXPECT_EQ(run_text(example, {"--time", "10ms"}), 0) << err;
}

TEST_F(Cli, TheManualNamesEveryKey)
{
	static const char *const places[] = {
		"x: 1\n", "host: {x: 1}\n", "host: {costs: {x: 1}}\n", "host: {costs: {migrate: {x: 1}}}\n",
		"host: {}\npolicy: {x: 1}\n", "host: {}\ndomains: [{x: 1}]\n",
		"host: {}\ndomains: [{workload: {x: 1}}]\n", "host: {}\ndomains: [{workload: {loop: {x: 1}}}]\n",
		"host: {}\ndomains: [{workload: {periodic: {x: 1}}}]\n",
		"host: {}\ndomains: [{workload: {server: {x: 1}}}]\n",
		"host: {}\ndomains: [{workload: {spinlock: {x: 1}}}]\n",
		"host: {}\ndomains: [{workload: {barrier: {x: 1}}}]\n",
		"host: {}\ndomains: [{}]\nevents: [{x: 1}]\n",
	};
	std::string page = slurp(source + "/docs/scenario.md");
	std::string man = slurp(source + "/docs/man/ration-scenario.5");

	for (const char *place : places) {
		EXPECT_EQ(run_text(place), 2);
		std::string expected = "expected one of: ";
		size_t at = err.find(expected);
		ASSERT_NE(at, std::string::npos) << place << err;
		std::istringstream keys(err.substr(at + expected.size(),
		                                   err.find('\n', at) - at - expected.size()));
		for (std::string key; std::getline(keys >> std::ws, key, ',');) {
			EXPECT_NE(page.find(key), std::string::npos) << "docs/scenario.md lacks " << key;
			EXPECT_NE(man.find(key), std::string::npos) << "ration-scenario.5 lacks " << key;
		}
	}
}

/* ---- Files ------------------------------------------------------------- */

TEST_F(Cli, AFullDiskIsAnError)
{
	if (access("/dev/full", W_OK) != 0)
		GTEST_SKIP() << "no /dev/full";
	write("s.yaml", small);
	EXPECT_EQ(run({"run", "s.yaml"}, "/dev/full"), 1);
	EXPECT_NE(err.find("cannot write standard output: No space left"), std::string::npos) << err;
	EXPECT_EQ(run({"run", "s.yaml", "--json", "-"}, "/dev/full"), 1);
	EXPECT_NE(err.find("cannot write: No space left"), std::string::npos) << err;
	EXPECT_EQ(run({"--help"}, "/dev/full"), 1);
}

TEST_F(Cli, AFileThatGrowsTooLargeIsNotLeftHalfWritten)
{
	write("s.yaml", small);
	for (const char *trap : {"trap '' XFSZ; ", ""}) {
		std::string command = std::string(trap) + "ulimit -f 1; exec " + binary +
		                      " run s.yaml --json j";
		std::string program = binary;

		binary = "/bin/sh";
		int status = run({"-c", command});
		binary = program;
		if (*trap != '\0') {
			EXPECT_EQ(status, 1);
			EXPECT_NE(err.find("cannot write: File too large"), std::string::npos) << err;
		} else {
			EXPECT_EQ(status, 1000 + SIGXFSZ);
		}
		EXPECT_EQ(out, "");
		EXPECT_EQ(files(), std::set<std::string>{"s.yaml"});
	}
}

/* A pipe of our own: a test that fails must not replace a device of the machine. */
TEST_F(Cli, WhatIsNoFileIsWrittenToAndStays)
{
	struct stat status;
	char text[64] = "";

	write("s.yaml", small);
	ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
	pid_t child = start({"run", "s.yaml", "--json", "pipe"});
	int reader = open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK);

	ASSERT_GE(reader, 0);
	EXPECT_EQ(wait_for(child), 0) << err;
	EXPECT_GT(::read(reader, text, sizeof(text) - 1), 0);
	EXPECT_EQ(text[0], '{');
	close(reader);
	ASSERT_EQ(lstat(path("pipe").c_str(), &status), 0);
	EXPECT_TRUE(S_ISFIFO(status.st_mode));
}

TEST_F(Cli, ALinkStaysALink)
{
	struct stat status;

	write("real", "old");
	ASSERT_EQ(symlink("real", path("link").c_str()), 0);
	EXPECT_EQ(run_text(small, {"--json", "link"}), 0) << err;
	ASSERT_EQ(lstat(path("link").c_str(), &status), 0);
	EXPECT_TRUE(S_ISLNK(status.st_mode));
	EXPECT_EQ(read("real")[0], '{');
}

TEST_F(Cli, AnInterruptedRunLeavesNothing)
{
	std::string slow = host + "domains: [{name: a, vcpus: 64, workload: "
	                   "{loop: {run: 10us, block: 10us}}}]\n";
	bool appeared = false;
	pid_t child;

	write("s.yaml", slow);
	child = start({"run", "s.yaml", "--time", "100h", "--json", "j", "--trace", "t"});
	for (int i = 0; i < 2000 && !appeared; i++) {
		usleep(10000);
		appeared = files().size() >= 3;
	}
	EXPECT_TRUE(appeared) << "the files under way";
	kill(child, SIGINT);
	EXPECT_EQ(wait_for(child), 1000 + SIGINT);
	EXPECT_EQ(files(), std::set<std::string>{"s.yaml"});
}

} // namespace
