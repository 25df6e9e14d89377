/* SPDX-License-Identifier: BSD-2-Clause */
/* Bad input of any kind: file, line and column where there is one, what was
 * expected, exit 2, nothing on standard output, no file left. */
#include "run_ration.h"

#include <random>

namespace {

const std::string host = "host: {topology: \"pack:1 core:4 pu:1\"}\n";

class Bad : public RunRation {
protected:
	/* `run` and `check` must refuse s.yaml, with a first line that begins so. */
	void refuse(const std::string &begins)
	{
		std::set<std::string> before = files();

		for (const std::vector<std::string> &command :
		     {std::vector<std::string>{"run", "s.yaml", "--json", "j", "--trace", "t"},
		      std::vector<std::string>{"check", "s.yaml"}}) {
			EXPECT_EQ(run(command), 2) << begins;
			EXPECT_EQ(err.rfind(begins, 0), 0u) << begins << "\n-> " << err.substr(0, 500);
			EXPECT_NE(err.find("expected"), std::string::npos) << err.substr(0, 500);
			EXPECT_EQ(out, "") << begins;
			EXPECT_EQ(files(), before) << begins;
			EXPECT_LT(err.size(), 20000u);
		}
	}
	void refuse_text(const std::string &text, const std::string &begins)
	{
		write("s.yaml", text);
		refuse(begins);
	}
};

TEST_F(Bad, MissingFile)
{
	refuse("s.yaml: cannot read: No such file or directory, expected");
}

TEST_F(Bad, AFolder)
{
	ASSERT_EQ(mkdir(path("s.yaml").c_str(), 0700), 0);
	refuse("s.yaml: cannot read: Is a directory, expected a file");
}

struct Case {
	const char *text, *says;
};

TEST_F(Bad, EveryKindOfTheIssue)
{
	static const Case cases[] = {
		{"domains: [{name: a, wieght: 1}]\n", "s.yaml:2:21: unknown key 'wieght' of a domain (did "
		 "you mean 'weight'?), expected one of"},
		{"domains: [{name: a, weight: 0}]\n", "s.yaml:2:29: weight 0 is out of range, expected 1 to "
		 "65535"},
		{"domains: [{name: a, weight: 65536}]\n", "s.yaml:2:29: weight 65536 is out of range"},
		{"domains: [{name: a, cap: 150}]\n", "s.yaml:2:26: cap 150 is above what 1 vCPU can use"},
		{"domains: [{name: a, cpus: \"0,4\"}]\n", "s.yaml:2:30: cpus '0,4' names a CPU that is not "
		 "there, expected 0 to 3: the machine \"pack:1 core:4 pu:1\" has 4"},
		{"domains: [{name: a}, {name: a}]\n", "s.yaml:2:29: there is a domain 'a' already"},
		{"domains: [{name: a, vcpus: 0}]\n", "s.yaml:2:28: vcpus 0 is out of range, expected 1 to"},
		{"time: -3s\ndomains: [{name: a}]\n", "s.yaml:2:7: time '-3s' is negative, expected"},
		{"domains: [{name: a\n", "s.yaml:3:1: did not find expected ',' or '}'"},
		{"", "s.yaml:1:1: no domains, expected"},
	};
	for (const Case &c : cases)
		refuse_text(host + c.text, c.says);
}

TEST_F(Bad, EmptyFile)
{
	refuse_text("", "s.yaml: an empty scenario, expected");
}

TEST_F(Bad, TenMegabytesOfNoise)
{
	std::mt19937 random(1);
	std::string noise(10 << 20, '\0');

	for (char &c : noise)
		c = static_cast<char>(random());
	refuse_text(noise, "s.yaml:1:");
	write("noise", noise);
	for (const char *text : {"host: {topology: noise}\ndomains: [{name: a}]\n",
	                         "host: {topology: \"pack:1 core:4 pu:1\"}\n"
	                         "domains: [{name: a, config: noise}]\n",
	                         "host: {topology: \"pack:1 core:4 pu:1\"}\n"
	                         "domains: [{name: a, workload: {server: {arrivals: file(noise), "
	                         "service: 1ms}}}]\n"}) {
		write("s.yaml", text);
		EXPECT_EQ(run({"run", "s.yaml"}), 2);
		EXPECT_NE(err.find("noise:1:"), std::string::npos) << err.substr(0, 500);
		EXPECT_NE(err.find("expected"), std::string::npos);
		EXPECT_EQ(out, "");
	}
}

TEST_F(Bad, TenMegabytesOfLetters)
{
	refuse_text(std::string(10 << 20, 'x'), "s.yaml:1:1: a scenario is one word");
	refuse_text(std::string(10 << 20, '{'), "s.yaml:1:33: nested too deeply");
	refuse_text(std::string(17 << 20, 'x'), "s.yaml: too large: expected at most 16 MiB");
}

TEST_F(Bad, TruncatedXml)
{
	refuse_text("host: {topology: t.xml}\ndomains: [{name: a}]\n",
	            "s.yaml:1:18: topology: t.xml: cannot read");
	write("t.xml", "<?xml version=\"1.0\"?>\n<topology version=\"2.0\">\n");
	refuse_text("host: {topology: t.xml}\ndomains: [{name: a}]\n",
	            "s.yaml:1:18: topology: t.xml:3:1:");
}

TEST_F(Bad, MoreCpusThanAnInstanceHolds)
{
	refuse_text("host: {topology: \"pack:2 core:64 pu:2\"}\ndomains: [{name: a}]\n",
	            "s.yaml:1:19: the machine \"pack:2 core:64 pu:2\" has 256 CPUs, expected at most 64: "
	            "one instance of the scheduler holds that many");
	EXPECT_EQ(run({"topology", "pack:2 core:64 pu:2"}), 0) << err;
}

TEST_F(Bad, AXenConfigurationThatIsAProgram)
{
	write("x.cfg", "vcpus = 2\nimport os\nos.system('touch owned')\n");
	refuse_text(host + "domains: [{name: a, config: x.cfg}]\n",
	            "x.cfg:2:8: 'import' is not followed by '=', expected KEY = VALUE (nothing is executed)");
	write("x.cfg", "vcpus = os.system('touch owned')\n");
	refuse_text(host + "domains: [{name: a, config: x.cfg}]\n",
	            "x.cfg:1:9: 'os.system' is not a literal, expected");
	EXPECT_EQ(files().count("owned"), 0u);
}

TEST_F(Bad, FilesNamedByAFileInAnotherFolder)
{
	ASSERT_EQ(mkdir(path("vm").c_str(), 0700), 0);
	write("vm/s.yaml", host + "domains: [{name: a, config: x.cfg}]\n");
	write("vm/x.cfg", "vcpus = x\n");
	EXPECT_EQ(run({"run", "vm/s.yaml"}), 2);
	EXPECT_EQ(err.rfind("vm/x.cfg:1:9: 'x' is not a literal", 0), 0u) << err;
}

} // namespace
