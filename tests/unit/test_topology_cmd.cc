/* SPDX-License-Identifier: BSD-2-Clause */
/* test_topology_cmd.cc - `ration topology` as a user calls it. */
#include <gtest/gtest.h>

#include <getopt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cmd_topology.h"

namespace {

struct Outcome {
	int status;
	std::string out, err;
};

Outcome run(std::vector<std::string> arguments)
{
	std::vector<char *> argv;
	Outcome outcome;

	arguments.insert(arguments.begin(), "topology");
	for (std::string &argument : arguments)
		argv.push_back(argument.data());
	argv.push_back(nullptr);
	optind = 0;
	testing::internal::CaptureStdout();
	testing::internal::CaptureStderr();
	outcome.status = cmd_topology((int)arguments.size(), argv.data());
	outcome.out = testing::internal::GetCapturedStdout();
	outcome.err = testing::internal::GetCapturedStderr();
	return outcome;
}

std::string slurp(const std::string &path)
{
	std::ifstream in(path);
	std::stringstream text;

	text << in.rdbuf();
	return text.str();
}

TEST(topology_cmd, draws_in_ascii_where_the_locale_has_no_more)
{
	setenv("LC_ALL", "C", 1);
	Outcome o = run({ "pack:1 core:2 pu:2" });

	EXPECT_EQ(o.status, 0);
	EXPECT_EQ(o.err, "");
	EXPECT_EQ(o.out, R"(pack:1 core:2 pu:2
  4 CPUs, 2 cores, 1 package, 1 NUMA node

  +- Package 0 ---+
  | +-----+-----+ |
  | | 0 1 | 2 3 | |
  | +-----+-----+ |
  +---------------+

  string    pack:1 core:2 pu:2
)");
}

TEST(topology_cmd, draws_boxes_where_the_locale_is_utf8)
{
	setenv("LC_ALL", "C.UTF-8", 1);
	Outcome o = run({ "pu:1" });

	EXPECT_EQ(o.status, 0);
	EXPECT_NE(o.out.find("┌─ Package 0 ─┐"), std::string::npos) << o.out;
	setenv("LC_ALL", "C", 1);
}

TEST(topology_cmd, draws_this_machine_by_default)
{
	Outcome o = run({});

	EXPECT_EQ(o.status, 0);
	EXPECT_EQ(o.out.rfind("this\n", 0), 0u);
	/* The first line but one tells of free memory, which changes. */
	EXPECT_EQ(o.out.substr(o.out.find("Package 0")),
	          run({ "this" }).out.substr(o.out.find("Package 0")));
}

TEST(topology_cmd, prints_the_string)
{
	Outcome o = run({ "--string", "Package:2 [NUMANode] L3Cache:1 Core:4 PU:2" });

	EXPECT_EQ(o.status, 0);
	EXPECT_EQ(o.out, "pack:2 [numa] core:4 pu:2\n");
	o = run({ "[numa] pack:2 [numa] core:2 pu:1", "--string" });
	EXPECT_EQ(o.status, 1);
	EXPECT_EQ(o.out, "");
	EXPECT_EQ(o.err, "ration topology: [numa] pack:2 [numa] core:2 pu:1 has no description "
	          "since its parts are not all alike, expected a regular machine: --xml writes "
	          "down any\n");
}

TEST(topology_cmd, writes_xml_that_it_reads_again)
{
	char name[] = "/tmp/ration-XXXXXX";
	std::string folder = mkdtemp(name), file = folder + "/machine.xml";
	Outcome o = run({ "--xml", file, "pack:2 [numa] l3:2 core:2 pu:2" });

	EXPECT_EQ(o.status, 0);
	EXPECT_EQ(o.out + o.err, "");
	EXPECT_EQ(run({ "--xml=-", "pack:2 [numa] l3:2 core:2 pu:2" }).out, slurp(file));
	EXPECT_EQ(run({ "--string", file }).out, "pack:2 [numa] l3:2 core:2 pu:2\n");

	o = run({ "--xml", folder + "/none/machine.xml", "pu:1" });
	EXPECT_EQ(o.status, 1);
	EXPECT_NE(o.err.find("No such file or directory"), std::string::npos);
	/* Bad input leaves a file as it was. */
	std::ofstream(file) << "mine";
	EXPECT_EQ(run({ "--xml", file, "pack:0" }).status, 2);
	EXPECT_EQ(slurp(file), "mine");
	unlink(file.c_str());
	EXPECT_EQ(rmdir(folder.c_str()), 0);      /* nothing else is left there */
}

TEST(topology_cmd, numbers_cpus_as_the_system_does)
{
	Outcome o = run({ "--physical", "core:2 pu:2(indexes=0,2,1,3)" });

	EXPECT_EQ(o.status, 0);
	EXPECT_NE(o.out.find("| 0 2 | 1 3 |"), std::string::npos) << o.out;
	o = run({ "core:2 pu:2(indexes=0,2,1,3)" });
	EXPECT_NE(o.out.find("| 0 1 | 2 3 |"), std::string::npos) << o.out;
}

TEST(topology_cmd, helps)
{
	Outcome o = run({ "--help" });

	EXPECT_EQ(o.status, 0);
	EXPECT_EQ(o.out.rfind("Usage: ration topology [OPTION]... [SPEC]\n", 0), 0u);
	EXPECT_EQ(run({ "-h" }).out, o.out);
}

TEST(topology_cmd, bad_input_is_2_with_a_message_and_nothing_else)
{
	static const struct {
		std::vector<std::string> arguments;
		const char *error;
	} rows[] = {
		{ { "pack:2 core:x" }, "\"pack:2 core:x\":1:13: not a synthetic topology, expected "
		  "a count of 1 or more, in decimal\n" },
		{ { "nowhere.xml" }, "nowhere.xml: cannot read: No such file or directory, expected "
		  "a file that lstopo saved, or a string such as \"pack:1 core:4 pu:2\", or this\n" },
		{ { "/" }, "/: cannot read: Is a directory, expected a file\n" },
		{ { "pack:2", "core:4" }, "ration topology: 'core:4' behind 'pack:2', expected one "
		  "SPEC: put a description in quotes\n" },
		{ { "--string", "--xml", "-" }, "ration topology: --string and --xml, expected one "
		  "of them\n" },
		{ { "--xlm" }, "ration topology: there is no option '--xlm' (did you mean '--xml'?), "
		  "expected what 'ration topology --help' lists\n" },
		{ { "--xml" }, "ration topology: option '--xml' has no value, expected one; see "
		  "'ration topology --help'\n" },
	};

	for (const auto &row : rows) {
		Outcome o = run(row.arguments);

		EXPECT_EQ(o.status, 2) << row.error;
		EXPECT_EQ(o.out, "") << row.error;
		EXPECT_EQ(o.err, row.error);
	}
}

} // namespace
