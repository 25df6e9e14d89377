/* SPDX-License-Identifier: BSD-2-Clause */
/* Scenario files that are wrong: the message says where, what, and what was expected. */
#include "read_scenario.h"

#include <algorithm>

namespace {

struct Bad {
	const char *text, *says;    /* the beginning of the first message */
};

#define HOST "host: {topology: \"pack:1 core:4 pu:1\"}\n"

void refuse(const Bad *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ReadScenario r(cases[i].text);

		EXPECT_FALSE(r.ok) << cases[i].text;
		EXPECT_EQ(r.message.rfind(std::string("t.yaml:") + cases[i].says, 0), 0u)
		    << cases[i].text << "\n-> " << r.message;
		EXPECT_NE(r.message.find("expected"), std::string::npos) << r.message;
	}
}

#define REFUSE(cases) refuse(cases, sizeof(cases) / sizeof(cases[0]))

TEST(Bad, Files)
{
	static const Bad cases[] = {
		{"", " an empty scenario, expected a mapping with the keys host and domains"},
		{"# nothing\n", " an empty scenario"},
		{"hello world\n", "1:1: a scenario is one word, expected a mapping"},
		{"- a\n- b\n", "1:1: a scenario is a list, expected a mapping"},
		{"host: {topology: [1\n", "2:1: did not find expected ',' or ']' while parsing a flow "
		 "sequence that begins in line 1, expected valid YAML"},
		{"a: b: c\n", "1:5: mapping values are not allowed in this context, expected valid YAML"},
		{"a:\n\t- b\n", "2:1: found character that cannot start any token while scanning"},
		{"host: *nobody\n", "1:7: found undefined alias, expected valid YAML"},
		{"a: \"x\n", "2:1: found unexpected end of stream while scanning a quoted scalar"},
		{"ho\x01st: 1\n", "1:3: not a text file (control characters are not allowed)"},
		{"host: \xff\xfe\n", "1:7: not a text file (invalid leading UTF-8 octet)"},
		{HOST "domains: [{name: a}]\n---\nx: y\n", "3:1: a second document, expected one"},
		{HOST, "1:1: no domains, expected domains:"},
		{"domains: [{name: a}]\n", "1:1: no host, expected host:"},
		{HOST "domain: []\n", "2:1: unknown key 'domain' of a scenario (did you mean 'domains'?), "
		 "expected one of: host, policy, time, seed, dom0, domains, events"},
		{HOST HOST, "2:1: 'host' is given twice (first in line 1)"},
		{HOST "? [a]\n: b\n", "2:3: a key of a scenario is not a word"},
		{HOST "domains: {a: {}}\n", "2:10: domains is no list"},
		{HOST "domains: []\n", "2:10: no domain at all"},
		{HOST "domains: [a]\n", "2:11: a domain is one word, expected a mapping"},
		{HOST "domains: [{name: a}]\nevents: {}\n", "3:9: events is no list"},
		{HOST "domains: [{name: a}]\nevents: soon\n", "3:9: events is no list"},
		{HOST "domains: [&x {<<: *x, name: a}]\n", "2:11: '<<' nested too deeply"},
		{HOST "domains: [{<<: {}, <<: {}, name: a}]\n", "2:20: '<<' is given twice"},
		{HOST "domains: [{<<: [1], name: a}]\n", "2:16: a domain is a list"},
	};
	REFUSE(cases);
}

TEST(Bad, Values)
{
	static const Bad cases[] = {
		{HOST "time: -1s\n", "2:7: time '-1s' is negative"},
		{HOST "time: 10\n", "2:9: time '10' has no unit"},
		{HOST "time: 0\n", "2:7: time of 0 is out of range, expected 1 us to"},
		{HOST "time: 500h 3\n", "2:11: time '500h 3' has more behind it"},
		{HOST "time: 9000h\n", "2:7: time '9000h' is too long"},
		{HOST "time: [1s]\n", "2:7: time is a list, expected a length of time"},
		{HOST "time: {a: b}\n", "2:7: time is a mapping, expected a length of time"},
		{HOST "time:\n", "2:6: time has no value, expected a length of time"},
		{HOST "time: \"\"\n", "2:8: time '' is not a length of time"},
		{HOST "seed: -1\n", "2:7: seed '-1' is negative"},
		{HOST "seed: 1.5\n", "2:10: seed '1.5' is no whole number"},
		{HOST "seed: 9223372036854775808\n", "2:7: seed '9223372036854775808' is too large"},
		{HOST "policy: cerdit\n", "2:9: there is no policy 'cerdit', expected credit, sedf or rr "
		 "(did you mean 'credit'?)"},
		{HOST "policy: {name: x}\n", "2:16: there is no policy 'x'"},
		{HOST "policy: {tslice: 50us}\n", "2:18: tslice of 50 us is out of range, expected 100 us "
		 "to 1 s"},
		{HOST "policy: {tslice: 2s}\n", "2:18: tslice of 2 s is out of range"},
		{HOST "policy: {ratelimit: 501ms}\n", "2:21: ratelimit of 501 ms is out of range"},
		{HOST "policy: {tslice: 1ms, ratelimit: 2ms}\n", "2:9: ratelimit is above tslice"},
		{HOST "policy: {name: sedf, reserve: 95%}\n", "2:31: reserve is above 90 %, expected 0 to 90"},
		{HOST "policy: [credit]\n", "2:9: policy is a list, expected a mapping"},
		{HOST "policy: {quantum: 1ms}\n", "2:10: unknown key 'quantum' of policy"},
		{"host: x\n", "1:7: host is one word, expected a mapping"},
		{"host: {topologie: x}\n", "1:8: unknown key 'topologie' of host (did you mean 'topology'?)"},
		{"host: {topology: [a]}\n", "1:18: topology is a list, expected \"pack:2"},
		{"host: {topology: none.xml}\n", "1:18: topology: none.xml: cannot read"},
		{"host: {topology: \"pack:2 core:x\"}\n", "1:19: topology: \"pack:2 core:x\":1:"},
		{"host: {topology: \"pack:2 core:64 pu:2\"}\n", "1:19: the machine \"pack:2 core:64 pu:2\" "
		 "has 256 CPUs, expected at most 64: one instance of the scheduler holds that many"},
		{"host: {topology: \"pack:1 pu:2\", costs: cheap}\n", "1:40: costs is one word, expected "
		 "typical, or"},
		{"host: {topology: \"pack:1 pu:2\", costs: {swich: 1us}}\n", "1:41: unknown key 'swich' of "
		 "costs (did you mean 'switch'?)"},
		{"host: {topology: \"pack:1 pu:2\", costs: {switch: 2s}}\n", "1:49: switch of 2 s is out of "
		 "range, expected 0 to 1 s"},
		{"host: {topology: \"pack:1 pu:2\", costs: {smt: 1.5}}\n", "1:46: smt '1.5' is out of range"},
		{"host: {topology: \"pack:1 pu:2\", costs: {smt: 0}}\n", "1:46: smt '0' is out of range"},
		{"host: {topology: \"pack:1 pu:2\", costs: {migrate: {far: 1us}}}\n", "1:51: unknown key 'far' "
		 "of migrate"},
	};
	REFUSE(cases);
}

#define DOMAIN(text) HOST "domains: [{" text "}]\n"

TEST(Bad, Domains)
{
	static const Bad cases[] = {
		{DOMAIN("name: a, wieght: 3"), "2:21: unknown key 'wieght' of a domain (did you mean "
		 "'weight'?)"},
		{DOMAIN("name: a, weight: 0"), "2:29: weight 0 is out of range, expected 1 to 65535"},
		{DOMAIN("name: a, weight: 65536"), "2:29: weight 65536 is out of range, expected 1 to 65535"},
		{DOMAIN("name: a, weight: 4294967552"), "2:29: weight 4294967552 is out of range"},
		{DOMAIN("name: a, weight: heavy"), "2:29: weight 'heavy' is no whole number"},
		{DOMAIN("name: a, weight: -3"), "2:29: weight '-3' is negative"},
		{DOMAIN("name: a, cap: 101"), "2:26: cap 101 is above what 1 vCPU can use, expected 0 to "
		 "100 (100 is one CPU)"},
		{DOMAIN("name: a, vcpus: 2, cap: 200.0001"), "2:36: cap 200.0001 is above what 2 vCPUs can "
		 "use, expected 0 to 200"},
		{DOMAIN("name: a, cap: -1"), "2:26: cap '-1' is negative"},
		{DOMAIN("name: a, cap: 5000000"), "2:26: cap '5000000' is too much"},
		{DOMAIN("name: a, floor: 101"), "2:28: floor 101 is above what 1 vCPU can use"},
		{DOMAIN("name: a, cap: 20, floor: 30"), "2:37: floor 30 is above the cap, expected at most 20"},
		{DOMAIN("name: a, burst: 11s"), "2:28: burst of 11 s is out of range"},
		{DOMAIN("name: a, period: 9us"), "2:29: period of 9 us is out of range, expected 10 us"},
		{DOMAIN("name: a, period: 11s"), "2:29: period of 11 s is out of range"},
		{DOMAIN("name: a, slice: 4us"), "2:28: slice of 4 us is out of range, expected 5 us"},
		{DOMAIN("name: a, period: 10ms, slice: 11ms"), "2:42: slice of 11 ms is out of range, "
		 "expected 5 us to its period of 10 ms"},
		{DOMAIN("name: a, period: 10ms, latency: 11ms"), "2:44: latency of 11 ms is out of range"},
		{DOMAIN("name: a, extratime: maybe"), "2:32: extratime 'maybe' is neither"},
		{DOMAIN("name: a, cap: 20, shadow: maybe"), "2:38: shadow 'maybe' is neither"},
		{DOMAIN("name: a, shadow: true"), "2:29: shadow without a cap, expected a cap"},
		{DOMAIN("name: a, cap: 0, shadow: true"), "2:37: shadow without a cap, expected a cap"},
		{DOMAIN("name: a}]\nevents: [{at: 1s, domain: a, set: {shadow: true}"),
		 "3:10: shadow without a cap"},
		{DOMAIN("name: a, vcpus: 0"), "2:28: vcpus 0 is out of range, expected 1 to 1024"},
		{DOMAIN("name: a, vcpus: 1025"), "2:28: vcpus 1025 is out of range"},
		{DOMAIN("name: a, vcpus: 1.5"), "2:31: vcpus '1.5' is no whole number"},
		{DOMAIN("name: a, cpus: \"0-4\""), "2:28: cpus '0-4' names a CPU that is not there, expected "
		 "0 to 3: the machine \"pack:1 core:4 pu:1\" has 4"},
		{DOMAIN("name: a, cpus: \"1,64\""), "2:30: cpus '1,64' names a CPU that is not there"},
		{DOMAIN("name: a, cpus: \"1,x\""), "2:30: cpus '1,x' is no CPU list, expected"},
		{DOMAIN("name: a, cpus: \"3-1\""), "2:28: cpus '3-1' is no CPU list"},
		{DOMAIN("name: a, cpus: \"0,^0\""), "2:28: cpus '0,^0' leaves no CPU"},
		{DOMAIN("name: a, vcpus: 2, cpus: [0]"), "2:37: cpus has 1 items for 2 vCPUs, expected one "
		 "for each vCPU, or one text for all"},
		{DOMAIN("name: a, vcpus: 2, cpus: [0, [1]]"), "2:41: cpus is a list, expected a CPU list"},
		{DOMAIN("name: a, vcpus: 2, cpus: [0, 9]"), "2:41: cpus '9' names a CPU that is not there"},
		{DOMAIN("name: a, soft_cpus: \"9\""), "2:33: soft_cpus '9' names a CPU that is not there"},
		{DOMAIN("name: a b"), "2:18: name 'a b' cannot be a domain's"},
		{DOMAIN("name: \"\""), "2:19: name '' cannot be a domain's"},
		{DOMAIN("name: \"a\\0b\""), "2:18: name holds a NUL"},
		{DOMAIN("name: [a]"), "2:18: name is a list"},
		{DOMAIN("name: a, count: 0"), "2:28: count 0 is out of range, expected 1 to 4096"},
		{DOMAIN("name: a, count: 5000"), "2:28: count 5000 is out of range"},
		{DOMAIN("name: a, count: 4096}, {name: b"), "2:35: too many domains, expected at most 4096"},
		{DOMAIN("name: a, count: 65, vcpus: 1024"), "2:11: too many vCPUs, expected at most 65536"},
		{DOMAIN("name: a, start: -1s"), "2:28: start '-1s' is negative"},
		{DOMAIN("name: a}, {name: b}, {name: a"), "2:40: there is a domain 'a' already (t.yaml:2:11)"},
		{DOMAIN("name: a1}, {name: a, count: 2"), "2:30: there is a domain 'a1' already"},
		{DOMAIN("name: a, config: no/such.cfg"), "2:29: config 'no/such.cfg': cannot read: No such "
		 "file"},
		{DOMAIN("name: a, config: ."), "2:29: config '.': cannot read: Is a directory"},
		{HOST "dom0: {name: x}\ndomains: [{}]\n", "2:8: unknown key 'name' of dom0"},
		{HOST "dom0: 3\ndomains: [{}]\n", "2:7: dom0 is one word, expected a mapping"},
	};
	REFUSE(cases);
}

#define WORKLOAD(text) HOST "domains: [{name: a, workload: " text "}]\n"

TEST(Bad, Workloads)
{
	static const Bad cases[] = {
		{WORKLOAD("sleep"), "2:31: workload is one word, expected a mapping"},
		{WORKLOAD("{}"), "2:31: workload has 0 kinds, expected one of hog"},
		{WORKLOAD("{hog: {}, idle: {}}"), "2:31: workload has 2 kinds"},
		{WORKLOAD("{hgo: {}}"), "2:32: unknown key 'hgo' of workload (did you mean 'hog'?)"},
		{WORKLOAD("{hog: {run: 1ms}}"), "2:38: unknown key 'run' of workload hog"},
		{WORKLOAD("{loop: {run: 1ms}}"), "2:38: workload loop has no block"},
		{WORKLOAD("{loop: hog}"), "2:38: workload loop is one word"},
		{WORKLOAD("{loop: {run: 0, block: 1ms}}"), "2:44: run is never more than 0"},
		{WORKLOAD("{loop: {run: 10ns, block: 0}}"), "2:38: run and block together are too short"},
		{WORKLOAD("{loop: {run: exp(2), block: 0}}"), "2:49: run 'exp(2)' has no unit"},
		{WORKLOAD("{loop: {run: exp(2ms, block: 0}}"), "2:44: run 'exp(2ms' has no closing ')'"},
		{WORKLOAD("{loop: {run: lognormal(2ms, 0.5), block: 0}}"), "2:59: unknown key '0.5)' of "
		 "workload loop, expected a value with a comma in it to stand in quotes"},
		{WORKLOAD("{loop: {run: \"uniform(2ms..1ms)\", block: 0}}"), "2:61: run 'uniform(2ms..1ms)' "
		 "ends before it begins"},
		{WORKLOAD("{loop: {run: 1ms, block: 1ms, charge: true}}"), "2:61: charge without work of dom0"},
		{WORKLOAD("{loop: {run: 1ms, block: 1ms, through_dom0: 1us}}"), "2:75: through_dom0 without a "
		 "dom0"},
		{WORKLOAD("{periodic: {run: 1ms}}"), "2:42: workload periodic has no period"},
		{WORKLOAD("{periodic: {run: 1ms, period: 0}}"), "2:61: period of 0 is out of range"},
		{WORKLOAD("{periodic: {run: 1ms, period: 100ns}}"), "2:61: period is too short"},
		{WORKLOAD("{periodic: {run: 1ms, period: 1ms, deadline: 0}}"), "2:76: deadline of 0 is out"},
		{WORKLOAD("{periodic: {run: 1ms, period: 1ms, phase: [1ms, 2ms]}}"), "2:73: phase has 2 items "
		 "for 1 vCPUs"},
		{WORKLOAD("{periodic: {run: 1ms, period: 1ms, phase: {wrap: 1ms}}}"), "2:73: phase has no step"},
		{WORKLOAD("{periodic: {run: 1ms, period: 1ms, phase: -1ms}}"), "2:73: phase '-1ms' is negative"},
		{WORKLOAD("{periodic: {run: 1ms, period: 1ms, random: {}}}"), "2:74: random names no generator"},
		{WORKLOAD("{periodic: {run: 1ms, period: 1ms, random: {splitmix: x}}}"), "2:85: splitmix 'x' is "
		 "no whole number"},
		{WORKLOAD("{server: {arrivals: poisson(200/s)}}"), "2:40: workload server has no service"},
		{WORKLOAD("{server: {arrivals: poisson(200), service: 1ms}}"), "2:62: arrivals 'poisson(200)' "
		 "has no '/'"},
		{WORKLOAD("{server: {arrivals: poisson(0/s), service: 1ms}}"), "2:59: arrivals 'poisson(0/s)' "
		 "is out of range"},
		{WORKLOAD("{server: {arrivals: often, service: 1ms}}"), "2:51: arrivals 'often' is no pattern"},
		{WORKLOAD("{server: {arrivals: 10ns, service: 1ms}}"), "2:51: arrivals '10ns' come too often"},
		{WORKLOAD("{server: {arrivals: file(no.txt), service: 1ms}}"), "2:51: arrivals 'no.txt': cannot "
		 "read"},
		{WORKLOAD("{server: {arrivals: file(), service: 1ms}}"), "2:51: arrivals '': cannot read"},
		{WORKLOAD("{spinlock: {run: 1ms}}"), "2:42: workload spinlock has no hold"},
		{WORKLOAD("{spinlock: {run: 1ms, hold: 1us, spin: false}}"), "2:70: spin is false"},
		{WORKLOAD("{barrier: {run: 1ms, spin: maybe}}"), "2:58: spin 'maybe' is neither"},
		{WORKLOAD("{barrier: {run: 1ms, spin: 5}}"), "2:59: spin '5' has no unit"},
	};
	REFUSE(cases);
}

TEST(Bad, SeveralErrorsAreNamedAtOnce)
{
	ReadScenario r(HOST "time: -1s\ndomains:\n- {name: a, weight: 0}\n- {name: b, cap: 500}\n");

	EXPECT_EQ(r.count, 3u) << r.message;
	EXPECT_NE(r.message.find("t.yaml:2:7:"), std::string::npos);
	EXPECT_NE(r.message.find("t.yaml:4:21:"), std::string::npos);
	EXPECT_NE(r.message.find("t.yaml:5:18:"), std::string::npos);
}

TEST(Bad, ButNotWithoutEnd)
{
	std::string text = HOST "domains:\n";

	for (int i = 0; i < 1000; i++)
		text += "- {weight: 0}\n";
	ReadScenario r(text);
	EXPECT_EQ(std::count(r.message.begin(), r.message.end(), '\n'), 11);
	EXPECT_NE(r.message.find("t.yaml: more errors follow\n"), std::string::npos);
}

TEST(Bad, ControlCharactersDoNotReachTheTerminal)
{
	ReadScenario r(HOST "\"\\e[31mred\": 1\n");

	EXPECT_EQ(r.message.rfind("t.yaml:2:1: unknown key '?[31mred' of a scenario", 0), 0u)
	    << r.message;
}

TEST(Bad, DeepAndWideFilesEndSoon)
{
	ReadScenario deep(std::string(1000000, '['));
	EXPECT_EQ(deep.message.rfind("t.yaml:1:33: nested too deeply", 0), 0u) << deep.message;

	std::string wide;
	for (int i = 0; i < 1000001; i++)
		wide += "- a\n";
	ReadScenario many(wide);
	EXPECT_NE(many.message.find("too many values"), std::string::npos) << many.message;

	/* aliases that would be ten thousand million nodes if they were copied */
	std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
	for (int i = 1; i < 10; i++) {
		std::string last = "*a" + std::to_string(i - 1);

		laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
		for (int k = 1; k < 10; k++)
			laughs += ", " + last;
		laughs += "]\n";
	}
	EXPECT_FALSE(ReadScenario(laughs).ok);
}

} // namespace
