/* SPDX-License-Identifier: BSD-2-Clause */
/* Scenario files that are right: every key means what docs/scenario.md says. */
#include "read_scenario.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace {

const std::string host = "host: {topology: \"pack:1 core:4 pu:1\"}\n";

TEST(Scenario, DefaultsAreThoseOfTheManual)
{
	ReadScenario r(host + "domains: [{name: a}]\n");

	ASSERT_TRUE(r.ok) << r.message;
	EXPECT_STREQ(r.s.file, "t.yaml");
	EXPECT_STREQ(r.s.topology_name, "pack:1 core:4 pu:1");
	EXPECT_EQ(r.s.topology.cpu_count, 4u);
	EXPECT_STREQ(ration_policy_name(r.s.policy), "credit");
	EXPECT_EQ(r.s.params.tslice_ns, RATION_TSLICE_DEFAULT_NS);
	EXPECT_EQ(r.s.params.ratelimit_ns, RATION_RATELIMIT_DEFAULT_NS);
	EXPECT_EQ(r.s.time_ns, 10 * RATION_NS_PER_S);
	EXPECT_EQ(r.s.seed, 1u);
	EXPECT_EQ(r.s.costs.switch_ns, 0u);
	EXPECT_EQ(r.s.costs.smt_ppm, RATION_PPM);
	ASSERT_EQ(r.s.domain_count, 1u);
	EXPECT_EQ(r.s.event_count, 0u);

	const scenario_domain &a = r.domain("a");
	EXPECT_EQ(a.vcpu_count, 1u);
	EXPECT_EQ(a.attr.weight, 256u);
	EXPECT_EQ(a.attr.cap_ppm, 0u);
	EXPECT_EQ(a.attr_given, 0u);
	EXPECT_EQ(a.affinity[0].hard, 0xfu);
	EXPECT_EQ(a.affinity[0].soft, 0xfu);
	EXPECT_EQ(a.workload.kind, WORKLOAD_HOG);
	EXPECT_EQ(a.start_ns, 0u);
	EXPECT_FALSE(a.is_dom0);
	EXPECT_EQ(a.mark.line, 2u);
	EXPECT_EQ(a.mark.column, 11u);
}

TEST(Scenario, EveryKeyOfADomain)
{
	ReadScenario r(host +
	               "policy: {name: sedf, tslice: 5ms, ratelimit: 500us, reserve: 12.5}\n"
	               "time: 2.5s\n"
	               "seed: 77\n"
	               "dom0: {vcpus: 2, cpus: \"0\", weight: 1000, floor: 12.5, workload: hog}\n"
	               "domains:\n"
	               "  - name: a\n"
	               "    vcpus: 3\n"
	               "    cpus: \"1-3,^2\"\n"
	               "    soft_cpus: [1, \"3\", \"\"]\n"
	               "    weight: 65535\n"
	               "    cap: 250.5%\n"
	               "    floor: 10\n"
	               "    burst: 20ms\n"
	               "    period: 10ms\n"
	               "    slice: 2ms\n"
	               "    latency: 1ms\n"
	               "    extratime: no\n"
	               "    shadow: true\n"
	               "    pool: green\n"
	               "    start: 1s\n");

	ASSERT_TRUE(r.ok) << r.message;
	EXPECT_STREQ(ration_policy_name(r.s.policy), "sedf");
	EXPECT_EQ(r.s.params.tslice_ns, 5000000u);
	EXPECT_EQ(r.s.params.ratelimit_ns, 500000u);
	EXPECT_EQ(r.s.margins.reserve_ppm, 125000u);
	EXPECT_EQ(r.s.time_ns, 2500000000u);
	EXPECT_EQ(r.s.seed, 77u);
	ASSERT_EQ(r.s.domain_count, 2u);
	EXPECT_TRUE(r.s.domain[0].is_dom0);
	EXPECT_STREQ(r.s.domain[0].name, "dom0");
	EXPECT_EQ(r.s.domain[0].vcpu_count, 2u);
	EXPECT_EQ(r.s.domain[0].affinity[1].hard, 1u);
	EXPECT_EQ(r.s.domain[0].attr.floor_ppm, 125000u);
	EXPECT_EQ(r.s.domain[0].workload.kind, WORKLOAD_HOG);

	const scenario_domain &a = r.domain("a");
	EXPECT_EQ(a.vcpu_count, 3u);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(a.affinity[i].hard, 0xau);
	EXPECT_EQ(a.affinity[0].soft, 0x2u);
	EXPECT_EQ(a.affinity[1].soft, 0x8u);
	EXPECT_EQ(a.affinity[2].soft, 0xfu);
	EXPECT_EQ(a.attr.weight, 65535u);
	EXPECT_EQ(a.attr.cap_ppm, 2505000u);
	EXPECT_EQ(a.attr.floor_ppm, 100000u);
	EXPECT_EQ(a.attr.burst_ns, 20000000u);
	EXPECT_EQ(a.attr.period_ns, 10000000u);
	EXPECT_EQ(a.attr.slice_ns, 2000000u);
	EXPECT_EQ(a.attr.latency_ns, 1000000u);
	EXPECT_FALSE(a.attr.extratime);
	EXPECT_TRUE(a.attr.shadow);
	EXPECT_EQ(a.attr_given, 0x1ffu);
	EXPECT_STREQ(a.pool, "green");
	EXPECT_EQ(a.start_ns, RATION_NS_PER_S);
}

TEST(Scenario, EveryKeyOfTheHost)
{
	ReadScenario r("host:\n"
	               "  topology: \"pack:1 core:2 pu:2\"\n"
	               "  costs: {switch: 3us, ipi: 2us, timer: 1us, smt: 0.7,\n"
	               "          migrate: {core: 1us, llc: 2us, package: 3us, node: 4us, remote: 5us}}\n"
	               "domains: [{name: a}]\n");

	ASSERT_TRUE(r.ok) << r.message;
	EXPECT_EQ(r.s.costs.switch_ns, 3000u);
	EXPECT_EQ(r.s.costs.ipi_ns, 2000u);
	EXPECT_EQ(r.s.costs.timer_ns, 1000u);
	EXPECT_EQ(r.s.costs.smt_ppm, 700000u);
	EXPECT_EQ(r.s.costs.migrate_ns[RATION_SAME_CPU], 0u);
	EXPECT_EQ(r.s.costs.migrate_ns[RATION_SAME_CORE], 1000u);
	EXPECT_EQ(r.s.costs.migrate_ns[RATION_REMOTE], 5000u);

	ReadScenario typical("host: {topology: \"pack:1 core:2 pu:2\", costs: typical}\n"
	                     "domains: [{name: a}]\n");
	ASSERT_TRUE(typical.ok) << typical.message;
	EXPECT_EQ(typical.s.costs.smt_ppm, 674000u);
	EXPECT_GT(typical.s.costs.switch_ns, 0u);
	for (int i = RATION_SAME_CORE; i + 1 < RATION_DISTANCE_COUNT; i++)
		EXPECT_LT(typical.s.costs.migrate_ns[i], typical.s.costs.migrate_ns[i + 1]);
}

TEST(Scenario, EveryWorkload)
{
	ReadScenario r(host +
	               "dom0: {}\n"
	               "domains:\n"
	               "  - {name: idle, workload: {idle: {}}}\n"
	               "  - {name: bare, workload: {hog: }}\n"
	               "  - {name: hog, workload: {hog: {phase: 3ms}}, vcpus: 2}\n"
	               "  - {name: loop, workload: {loop: {run: exp(2ms), block: 8ms,\n"
	               "     through_dom0: 50us, charge: true, random: {splitmix: 129}, phase: {step: 10us, wrap: 1ms}}}}\n"
	               "  - {name: rt, vcpus: 2, workload: {periodic: {period: 10ms, run: 1.9ms,\n"
	               "     yield: true, phase: [1ms, 2ms]}}}\n"
	               "  - {name: late, workload: {periodic: {period: 10ms, run: uniform(0..1ms),\n"
	               "     deadline: 4ms}}}\n"
	               "  - {name: web, workload: {server: {arrivals: poisson(200/s), service: exp(1ms),\n"
	               "     deadline: 20ms, through_dom0: 60us}}}\n"
	               "  - {name: gap, workload: {server: {arrivals: uniform(1ms..3ms),\n"
	               "     service: 1ms}}}\n"
	               "  - {name: lock, workload: {spinlock: {run: exp(100us), hold: 10us,\n"
	               "     spin: 30us}}}\n"
	               "  - {name: forever, workload: {spinlock: {run: exp(100us), hold: 10us}}}\n"
	               "  - {name: bar, workload: {barrier: {run: 1ms, spin: true}}}\n"
	               "  - {name: block, workload: {barrier: {run: \"lognormal(1ms, 0.5)\"}}}\n");

	ASSERT_TRUE(r.ok) << r.message;
	EXPECT_EQ(r.s.domain[0].workload.kind, WORKLOAD_IDLE);
	EXPECT_EQ(r.domain("idle").workload.kind, WORKLOAD_IDLE);
	EXPECT_EQ(r.domain("bare").workload.kind, WORKLOAD_HOG);
	EXPECT_EQ(r.domain("hog").workload.phase_ns[1], 3000000u);

	const scenario_workload &loop = r.domain("loop").workload;
	EXPECT_EQ(loop.kind, WORKLOAD_LOOP);
	EXPECT_EQ(loop.run.kind, DIST_EXP);
	EXPECT_EQ(loop.block.a_ns, 8000000u);
	EXPECT_EQ(loop.through_dom0_ns, 50000u);
	EXPECT_TRUE(loop.helper_charged);
	EXPECT_EQ(loop.random, RANDOM_SPLITMIX);
	EXPECT_EQ(loop.splitmix_seed, 129u);
	EXPECT_EQ(loop.phase_ns, nullptr);
	EXPECT_EQ(loop.phase_step_ns, 10000u);
	EXPECT_EQ(loop.phase_wrap_ns, 1000000u);

	const scenario_workload &rt = r.domain("rt").workload;
	EXPECT_EQ(rt.kind, WORKLOAD_PERIODIC);
	EXPECT_EQ(rt.period_ns, 10000000u);
	EXPECT_EQ(rt.deadline_ns, 10000000u);
	EXPECT_EQ(rt.run.a_ns, 1900000u);
	EXPECT_TRUE(rt.yield);
	EXPECT_EQ(rt.phase_ns[0], 1000000u);
	EXPECT_EQ(rt.phase_ns[1], 2000000u);
	EXPECT_EQ(rt.random, RANDOM_PHILOX);
	EXPECT_EQ(r.domain("late").workload.deadline_ns, 4000000u);

	const scenario_workload &web = r.domain("web").workload;
	EXPECT_EQ(web.kind, WORKLOAD_SERVER);
	EXPECT_EQ(web.gap.kind, DIST_EXP);
	EXPECT_EQ(web.gap.a_ns, 5000000u);
	EXPECT_EQ(web.run.kind, DIST_EXP);
	EXPECT_EQ(web.deadline_ns, 20000000u);
	EXPECT_FALSE(web.helper_charged);
	EXPECT_EQ(r.domain("gap").workload.gap.kind, DIST_UNIFORM);
	EXPECT_EQ(r.domain("gap").workload.deadline_ns, 0u);

	EXPECT_EQ(r.domain("lock").workload.spin_ns, 30000u);
	EXPECT_EQ(r.domain("lock").workload.hold.a_ns, 10000u);
	EXPECT_EQ(r.domain("forever").workload.spin_ns, 0u);
	EXPECT_TRUE(r.domain("bar").workload.spin);
	EXPECT_FALSE(r.domain("block").workload.spin);
	EXPECT_EQ(r.domain("block").workload.run.sigma_ppm, 500000u);
}

TEST(Scenario, CountNumbersTheCopies)
{
	ReadScenario r(host + "domains: [{name: b, count: 3, weight: 7}, {name: c, count: 1}, {}]\n");

	ASSERT_TRUE(r.ok) << r.message;
	ASSERT_EQ(r.s.domain_count, 5u);
	EXPECT_STREQ(r.s.domain[0].name, "b1");
	EXPECT_STREQ(r.s.domain[2].name, "b3");
	EXPECT_EQ(r.s.domain[2].attr.weight, 7u);
	EXPECT_STREQ(r.s.domain[3].name, "c1");
	EXPECT_STREQ(r.s.domain[4].name, "dom5");
}

TEST(Scenario, ARatelimitAboveTheGivenTsliceFollowsIt)
{
	ReadScenario r(host + "policy: {tslice: 300us}\ndomains: [{name: a}]\n");

	ASSERT_TRUE(r.ok) << r.message;
	EXPECT_EQ(r.s.params.ratelimit_ns, 300000u);
}

TEST(Scenario, AnchorsAliasesAndMerges)
{
	ReadScenario r(host +
	               "domains:\n"
	               "  - &base {name: a, weight: 512, vcpus: 2, cpus: &pins [0, 1]}\n"
	               "  - {name: b, vcpus: 2, cpus: *pins}\n"
	               "  - {<<: *base, name: c, weight: 100}\n");

	ASSERT_TRUE(r.ok) << r.message;
	EXPECT_EQ(r.domain("b").affinity[1].hard, 2u);
	EXPECT_EQ(r.domain("c").attr.weight, 100u);
	EXPECT_EQ(r.domain("c").vcpu_count, 2u);
	EXPECT_EQ(r.domain("c").affinity[1].hard, 2u);
}

TEST(Scenario, TheCommandLineStandsAboveTheFile)
{
	static ration_topology machine;
	scenario_options options = {};

	ration_topology_flat(&machine, 2);
	options.topology = &machine;
	options.topology_name = "two";
	options.policy = scenario_policy_find("rr");
	options.time_ns = 5;
	options.seed_given = true;
	options.seed = 0;
	ReadScenario r("domains: [{name: a, cpus: \"1\"}]\nseed: 9\ntime: 1s\npolicy: credit\n",
	               options);
	ASSERT_TRUE(r.ok) << r.message;
	EXPECT_EQ(r.s.topology.cpu_count, 2u);
	EXPECT_STREQ(r.s.topology_name, "two");
	EXPECT_STREQ(ration_policy_name(r.s.policy), "rr");
	EXPECT_EQ(r.s.time_ns, 5u);
	EXPECT_EQ(r.s.seed, 0u);

	ReadScenario bad("domains: [{name: a, cpus: \"2\"}]\n", options);
	EXPECT_FALSE(bad.ok);
	EXPECT_NE(bad.message.find("the machine \"two\" has 2"), std::string::npos) << bad.message;
}

/* ---- Files beside the scenario ----------------------------------------- */

class Files : public testing::Test {
protected:
	void SetUp() override
	{
		char name[] = "/tmp/ration-test-XXXXXX";

		ASSERT_NE(mkdtemp(name), nullptr);
		folder = name;
		ASSERT_EQ(mkdir((folder + "/vm").c_str(), 0700), 0);
	}
	void TearDown() override
	{
		for (const std::string &file : files)
			unlink(file.c_str());
		rmdir((folder + "/vm").c_str());
		rmdir(folder.c_str());
	}
	void write(const char *name, const std::string &text)
	{
		files.push_back(folder + "/" + name);
		std::ofstream(files.back()) << text;
	}
	std::string path(const char *name) const { return folder + "/" + name; }

	std::string folder;
	std::vector<std::string> files;
};

TEST_F(Files, AXenConfigurationGivesWhatTheYamlDoesNot)
{
	write("vm/b.cfg", "name = 'bee'\nvcpus = 2\nmaxvcpus = 4\ncpus = ['0-1', '3']\n"
	                  "cpu_weight = 300\ncpu_cap = 50\npool = 'green'\nmemory = 512\n"
	                  "period = 20\nslice = 5\nlatency = 10\nextratime = 0\n"
	                  "disk = ['x']\ncpus_soft = \"1\"\n");
	ReadScenario r(host + "domains: [{config: vm/b.cfg}, {name: c, config: vm/b.cfg, weight: 9,\n"
	               " vcpus: 1, cpus: \"2\", soft_cpus: \"\", cap: 0}]\n", {}, path("s.yaml").c_str());

	ASSERT_TRUE(r.ok) << r.message;
	const scenario_domain &b = r.domain("bee");
	EXPECT_EQ(b.vcpu_count, 2u);
	EXPECT_EQ(b.affinity[0].hard, 3u);
	EXPECT_EQ(b.affinity[1].hard, 8u);
	EXPECT_EQ(b.affinity[0].soft, 2u);
	EXPECT_EQ(b.attr.weight, 300u);
	EXPECT_EQ(b.attr.cap_ppm, 500000u);
	EXPECT_EQ(b.attr.period_ns, 20000000u);
	EXPECT_EQ(b.attr.slice_ns, 5000000u);
	EXPECT_EQ(b.attr.latency_ns, 10000000u);
	EXPECT_FALSE(b.attr.extratime);
	EXPECT_STREQ(b.pool, "green");
	EXPECT_STREQ(b.ignored, "memory, disk");

	const scenario_domain &c = r.domain("c");
	EXPECT_EQ(c.vcpu_count, 1u);
	EXPECT_EQ(c.attr.weight, 9u);
	EXPECT_EQ(c.attr.cap_ppm, 0u);
	EXPECT_EQ(c.affinity[0].hard, 4u);
	EXPECT_EQ(c.affinity[0].soft, 0xfu);
}

TEST_F(Files, CpuStandsBeforeCpus)
{
	write("vm/a.cfg", "cpu = 2\ncpus = '3'\n");
	write("vm/b.cfg", "cpus = ['1', '1']\ncpu = 2\nvcpus = 2\n");
	write("vm/c.cfg", "cpu = 1\nvcpus = 2\n");
	write("vm/d.cfg", "cpu = -1\ncpus = []\n");
	ReadScenario r(host + "domains: [{name: a, config: vm/a.cfg}, {name: b, config: vm/b.cfg},\n"
	               " {name: c, config: vm/c.cfg}, {name: d, config: vm/d.cfg}]\n", {},
	               path("s.yaml").c_str());

	ASSERT_TRUE(r.ok) << r.message;
	EXPECT_EQ(r.domain("a").affinity[0].hard, 0xcu);
	EXPECT_EQ(r.domain("b").affinity[0].hard, 0x6u);
	EXPECT_EQ(r.domain("b").affinity[1].hard, 0x2u);
	EXPECT_EQ(r.domain("c").affinity[1].hard, 0x2u);
	EXPECT_EQ(r.domain("d").affinity[0].hard, 0xfu);
}

TEST_F(Files, RecordedArrivals)
{
	write("a.txt", "# log\n0\n0.5\n 1.25s # late\n\n1500ms\r\n1.5\n");
	ReadScenario r(host + "domains: [{name: a, count: 2, workload: {server: {arrivals: file(a.txt), "
	               "service: 1ms}}}]\n", {}, path("s.yaml").c_str());

	ASSERT_TRUE(r.ok) << r.message;
	const scenario_workload &w = r.domain("a2").workload;
	ASSERT_EQ(w.arrival_count, 5u);
	EXPECT_EQ(w.arrival_ns[0], 0u);
	EXPECT_EQ(w.arrival_ns[1], 500000000u);
	EXPECT_EQ(w.arrival_ns[2], 1250000000u);
	EXPECT_EQ(w.arrival_ns[4], 1500000000u);
}

struct BadFile {
	const char *text, *says;
};

TEST_F(Files, BadConfigurationsSayWhere)
{
	static const BadFile cases[] = {
		{"vcpus = 'two'\n", "/vm/x.cfg:1:9: vcpus is wrong, expected a whole number"},
		{"vcpus = 0\n", "/vm/x.cfg:1:9: vcpus 0 is out of range, expected 1 to 1024"},
		{"vcpus = 4\nmaxvcpus = 2\n", "/vm/x.cfg:2:12: maxvcpus 2 is less than vcpus"},
		{"cpu_weight = 0\n", "/vm/x.cfg:1:14: cpu_weight 0 is out of range, expected 1 to 65535"},
		{"cpu_weight = 65536\n", "/vm/x.cfg:1:14: cpu_weight 65536 is out of range"},
		{"cap = 101\n", "/vm/x.cfg:1:7: cap 101 is above what 1 vCPU can use"},
		{"cpu_cap = 'x'\n", "/vm/x.cfg:1:11: cpu_cap is wrong, expected a percentage"},
		{"cpus = '0-9'\n", "/vm/x.cfg:1:9: cpus '0-9' names a CPU that is not there"},
		{"cpus = '1,7'\n", "/vm/x.cfg:1:11: cpus '1,7' names a CPU that is not there"},
		{"cpus = ['0', '1']\n", "/vm/x.cfg:1:8: cpus has 2 items for 1 vCPUs"},
		{"cpus = [['0']]\n", "/vm/x.cfg:1:9: cpus is wrong, expected a CPU list"},
		{"cpus = '^0'\n", "/vm/x.cfg:1:9: cpus '^0' leaves no CPU"},
		{"cpu = 'x'\n", "/vm/x.cfg:1:7: cpu is wrong, expected the number of a CPU"},
		{"name = 'a b'\n", "/vm/x.cfg:1:8: name is wrong, expected letters"},
		{"name = 5\n", "/vm/x.cfg:1:8: name is wrong"},
		{"pool = 3\n", "/vm/x.cfg:1:8: pool is wrong"},
		{"vcpus += 3\n", "/vm/x.cfg:1:1: 'vcpus +=' adds to a value"},
		{"period = 10\nslice = 20\n", "/vm/x.cfg:2:9: slice of 20 ms is out of range"},
		{"period = '10ms'\n", "/vm/x.cfg:1:10: period is wrong, expected a number of milliseconds"},
		{"extratime = 2\n", "/vm/x.cfg:1:13: extratime 2 is out of range"},
		{"vcpus = range(3)\n", "/vm/x.cfg:1:9: 'range' is not a literal"},
	};
	for (const BadFile &c : cases) {
		write("vm/x.cfg", c.text);
		ReadScenario r(host + "domains: [{name: a, config: vm/x.cfg}]\n", {},
		               path("s.yaml").c_str());

		EXPECT_FALSE(r.ok) << c.text;
		EXPECT_EQ(r.message.rfind(folder + c.says, 0), 0u) << c.text << ": " << r.message;
	}
}

TEST_F(Files, BadArrivalsSayWhere)
{
	static const BadFile cases[] = {
		{"1\n2\nx\n", "/a.txt:3:1: 'x' is no arrival"},
		{"1\n  -2\n", "/a.txt:2:3: '-2' is no arrival"},
		{"1\n0.5\n", "/a.txt:2:1: '0.5' is before the arrival above it"},
		{"# nothing\n", "/a.txt: holds no arrivals"},
		{"1 2\n", "/a.txt:1:1: '1 2' is no arrival"},
	};
	for (const BadFile &c : cases) {
		write("a.txt", c.text);
		ReadScenario r(host + "domains: [{name: a, workload: {server: {arrivals: file(a.txt), "
		               "service: 1ms}}}]\n", {}, path("s.yaml").c_str());

		EXPECT_FALSE(r.ok) << c.text;
		EXPECT_EQ(r.message.rfind(folder + c.says, 0), 0u) << c.text << ": " << r.message;
	}
}

TEST_F(Files, ATopologyFileIsRelativeToTheScenario)
{
	ReadScenario r("host: {topology: none.xml}\ndomains: [{name: a}]\n", {},
	               path("s.yaml").c_str());

	EXPECT_FALSE(r.ok);
	EXPECT_NE(r.message.find("s.yaml:1:18: topology: " + folder + "/none.xml: cannot read"),
	          std::string::npos) << r.message;
}

} // namespace
