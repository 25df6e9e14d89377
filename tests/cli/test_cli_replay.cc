/* SPDX-License-Identifier: BSD-2-Clause */
/* ration run --record and ration replay, as a user meets them. */
#include <jansson.h>

#include <cstdlib>
#include <regex>

#include "run_ration.h"

class CliReplay : public RunRation {
protected:
	const std::string text = "host: {topology: \"core:4 pu:1\", costs: typical}\n"
	                         "time: 300ms\n"
	                         "domains:\n"
	                         "  - {name: web, vcpus: 4, workload: {loop: {run: exp(1ms), block: "
	                         "exp(2ms)}}}\n"
	                         "  - {name: batch, vcpus: 6, cap: 150, workload: {hog: {}}}\n";

	int record(const std::vector<std::string> &more = {})
	{
		std::vector<std::string> arguments = {"--record", "x.log"};

		arguments.insert(arguments.end(), more.begin(), more.end());
		return run_text(text, arguments);
	}
	/* A number of the JSON document of that file. */
	static std::string dump(json_t *from, const char *key)
	{
		json_t *value = json_object_get(from, key);
		char *printed = value != nullptr ? json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS)
		                                 : nullptr;
		std::string out = printed != nullptr ? printed : "";

		free(printed);
		return out;
	}
	/* Lines of the trace that say who ran where and when. */
	static std::multiset<std::string> intervals(const std::string &trace)
	{
		std::multiset<std::string> lines;
		std::istringstream in(trace);

		for (std::string line; std::getline(in, line);)
			if (line.find("\"ph\":\"X\"") != std::string::npos ||
			    line.find("\"name\":\"wake ") != std::string::npos)
				lines.insert(line);
		return lines;
	}
};

TEST_F(CliReplay, TheSame)
{
	ASSERT_EQ(record(), 0) << err;
	std::string table = out;
	EXPECT_EQ(files(), (std::set<std::string>{"s.yaml", "x.log"}));
	ASSERT_EQ(run({"replay", "x.log"}), 0) << err;
	EXPECT_EQ(err, "");
	EXPECT_NE(out.find("300 ms recorded by ration run "), std::string::npos) << out;
	EXPECT_TRUE(std::regex_search(
		out, std::regex("\n[0-9,]+ events, [0-9,]+ decisions: all the same \\(in [0-9.]+ s\\)\n$")))
		<< out;
	/* rows of both tables, word by word, but for what is owed */
	std::smatch mine, theirs;
	std::regex row("\nbatch +6 +256 +150 +- +([0-9.]+)");
	ASSERT_TRUE(std::regex_search(table, theirs, row)) << table;
	ASSERT_TRUE(std::regex_search(out, mine, row)) << out;
	EXPECT_EQ(mine[1], theirs[1]);
	ASSERT_EQ(run({"replay", "-"}, nullptr, path("x.log")), 0) << err;
	ASSERT_EQ(run({"replay", "--check", "--no-progress", "x.log"}), 0) << err;
}

TEST_F(CliReplay, JsonAndTrace)
{
	ASSERT_EQ(record({"--json", "run.json", "--trace", "run.trace"}), 0) << err;
	ASSERT_EQ(run({"replay", "x.log", "--json", "re.json", "--trace", "re.trace"}), 0) << err;
	json_t *a = json_loads(read("run.json").c_str(), 0, nullptr);
	json_t *b = json_loads(read("re.json").c_str(), 0, nullptr);

	ASSERT_NE(a, nullptr);
	ASSERT_NE(b, nullptr);
	EXPECT_EQ(dump(a, "cpus"), dump(b, "cpus"));
	EXPECT_EQ(dump(a, "policy"), dump(b, "policy"));
	EXPECT_EQ(dump(a, "topology"), dump(b, "topology"));
	for (const char *key : {"trace_hash", "dispatches", "preemptions", "migrations"})
		EXPECT_EQ(dump(json_object_get(a, "totals"), key), dump(json_object_get(b, "totals"), key));
	for (size_t i = 0; i < 2; i++)
		for (const char *key : {"name", "id", "vcpus", "weight", "cap", "used", "wait", "blocked",
		                        "wake_ns", "run_ns", "run_done_ns", "wait_done_ns", "dispatches",
		                        "migrations"})
			EXPECT_EQ(dump(json_array_get(json_object_get(a, "domains"), i), key),
			          dump(json_array_get(json_object_get(b, "domains"), i), key)) << key;
	json_decref(a);
	json_decref(b);
	EXPECT_GT(intervals(read("run.trace")).size(), 100u);
	EXPECT_EQ(intervals(read("run.trace")), intervals(read("re.trace")));
	ASSERT_EQ(run({"replay", "x.log", "--json", "-"}), 0) << err;
	EXPECT_EQ(out[0], '{');
	ASSERT_EQ(run({"replay", "x.log", "--trace", "w.trace", "--trace-window", "10ms..20ms"}), 0);
	EXPECT_LT(intervals(read("w.trace")).size(), intervals(read("re.trace")).size() / 4);
}

TEST_F(CliReplay, RecordingChangesNothing)
{
	ASSERT_EQ(record({"--json", "a.json"}), 0) << err;
	ASSERT_EQ(run({"run", "s.yaml", "--json", "b.json"}), 0) << err;
	std::regex hash("\"trace_hash\": \"[0-9a-f]+\"");
	std::smatch a, b;
	std::string x = read("a.json"), y = read("b.json");
	ASSERT_TRUE(std::regex_search(x, a, hash));
	ASSERT_TRUE(std::regex_search(y, b, hash));
	EXPECT_EQ(a[0], b[0]);
	/* the same log, byte for byte */
	ASSERT_EQ(run({"run", "s.yaml", "--record", "y.log"}), 0) << err;
	EXPECT_EQ(read("x.log"), read("y.log"));
	ASSERT_EQ(run({"run", "s.yaml", "--record", "-"}), 0) << err;
	EXPECT_EQ(out, read("x.log"));
}

TEST_F(CliReplay, DamagedIsTwo)
{
	ASSERT_EQ(record(), 0) << err;
	std::string good = read("x.log"), bad = good;

	bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 4);
	write("bad.log", bad);
	EXPECT_EQ(run({"replay", "bad.log", "--json", "no.json", "--trace", "no.trace"}), 2);
	EXPECT_TRUE(std::regex_search(err, std::regex("^bad.log: byte [0-9]+ \\(event [0-9]+\\): the log "
	                                              "is damaged here"))) << err;
	EXPECT_EQ(out, "");
	EXPECT_EQ(files(), (std::set<std::string>{"s.yaml", "x.log", "bad.log"}));
	write("cut.log", good.substr(0, good.size() - 5));
	EXPECT_EQ(run({"replay", "cut.log"}), 2);
	EXPECT_NE(err.find("the log is cut off"), std::string::npos) << err;
	write("empty.log", "");
	EXPECT_EQ(run({"replay", "empty.log"}), 2);
	EXPECT_EQ(err, "empty.log: byte 0: the file is empty, expected a log as 'ration run --record' "
	               "writes\n");
	EXPECT_EQ(run({"replay", "s.yaml"}), 2);
	EXPECT_NE(err.find("s.yaml: byte 0: this is no log"), std::string::npos) << err;
	EXPECT_EQ(run({"replay", "none.log"}), 2);
	EXPECT_EQ(err, "none.log: cannot be read: No such file or directory\n");
	EXPECT_EQ(run({"replay", "."}), 2);
	EXPECT_EQ(err, ".: byte 0: cannot be read: Is a directory\n");
}

TEST_F(CliReplay, Usage)
{
	EXPECT_EQ(run({"replay"}), 2);
	EXPECT_EQ(err, "ration replay: no log, expected 'ration replay LOG'; see 'ration replay "
	               "--help'\n");
	EXPECT_EQ(run({"replay", "a", "b"}), 2);
	EXPECT_NE(err.find("'b' behind the log"), std::string::npos);
	EXPECT_EQ(run({"replay", "--trace-window", "1s..2s", "a"}), 2);
	EXPECT_EQ(run({"replay", "--json", "x", "--trace", "x", "a"}), 2);
	EXPECT_EQ(run({"replay", "--chekc", "a"}), 2);
	EXPECT_NE(err.find("did you mean '--check'"), std::string::npos);
	EXPECT_EQ(run({"replay", "--help"}), 0);
	EXPECT_EQ(out.substr(0, 28), "Usage: ration replay [OPTION");
}

TEST_F(CliReplay, RecordIsRefused)
{
	EXPECT_EQ(record({"--policy", "credit,rr"}), 2);
	EXPECT_NE(err.find("--record with 2 policies, expected one"), std::string::npos) << err;
	EXPECT_EQ(record({"--json", "x.log"}), 2);
	EXPECT_NE(err.find("--record and --json into 'x.log'"), std::string::npos) << err;
	EXPECT_EQ(run({"run", "s.yaml", "--record", "no/such/place"}), 2);
	EXPECT_NE(err.find("--record: no/such/place: cannot write"), std::string::npos) << err;
	/* a set that cannot be admitted leaves no log */
	EXPECT_EQ(run_text("host: {topology: \"core:1 pu:1\"}\ndomains:\n"
	                   "  - {name: a, floor: 200, workload: {hog: {}}}\n", {"--record", "x.log"}), 2);
	EXPECT_EQ(files(), (std::set<std::string>{"s.yaml"}));
}

TEST_F(CliReplay, BrokenOffLeavesNothing)
{
	write("s.yaml", std::regex_replace(text, std::regex("300ms"), "1h"));
	pid_t child = start({"run", "s.yaml", "--record", "x.log"});

	for (int i = 0; i < 500 && files().size() < 2; i++)
		usleep(10000);
	EXPECT_EQ(files().size(), 2u);
	kill(child, SIGTERM);
	EXPECT_EQ(wait_for(child), 1000 + SIGTERM);
	EXPECT_EQ(files(), (std::set<std::string>{"s.yaml"}));
}
