/* SPDX-License-Identifier: BSD-2-Clause */
/* ration replay --policy, --set, --topology: what would have been. */
#include "run_ration.h"

#include <jansson.h>

#include <cmath>

namespace {

const std::string machine = "host: {topology: \"pack:1 core:4 pu:1\"}\ntime: 5s\n";
const std::string typical =
    "host: {topology: \"pack:1 core:4 pu:1\", costs: typical}\ntime: 5s\n";
const std::string load = "domains:\n"
                         "  - {name: web, vcpus: 4, workload: {hog: {}}}\n"
                         "  - {name: db, vcpus: 4, weight: 512, workload: {hog: {}}}\n"
                         "  - {name: io, vcpus: 2, workload: {loop: {run: 1ms, block: 4ms}}}\n";

class WhatIf : public RunRation {
protected:
	json_t *document = nullptr;

	void TearDown() override
	{
		json_decref(document);
		RunRation::TearDown();
	}
	/* Record the scenario into s.log. */
	void record(const std::string &text)
	{
		ASSERT_EQ(run_text(text, {"--record", "s.log"}), 0) << err;
	}
	int replay(std::vector<std::string> arguments)
	{
		arguments.insert(arguments.begin(), {"replay", "s.log"});
		return run(arguments);
	}
	/* The same, as JSON. */
	void replay_json(std::vector<std::string> arguments)
	{
		json_error_t error;

		arguments.insert(arguments.end(), {"--json", "-"});
		ASSERT_EQ(replay(arguments), 0) << err;
		json_decref(document);
		document = json_loads(out.c_str(), 0, &error);
		ASSERT_NE(document, nullptr) << error.text << "\n" << out;
	}
	json_t *side(const char *name) const { return json_object_get(document, name); }
	static json_t *domain(json_t *of, size_t i)
	{
		return json_array_get(json_object_get(of, "domains"), i);
	}
	static double used(json_t *of, size_t i)
	{
		return json_number_value(json_object_get(domain(of, i), "used"));
	}
	static double wake(json_t *of, size_t i, const char *which)
	{
		return json_number_value(
		    json_object_get(json_object_get(domain(of, i), "wake_ns"), which));
	}
	static std::string hash(json_t *of)
	{
		const char *text = json_string_value(
		    json_object_get(json_object_get(of, "totals"), "trace_hash"));

		return text != nullptr ? text : "none";
	}
	long long cost(const char *name) const
	{
		return json_integer_value(json_object_get(side("costs"), name));
	}
};

TEST_F(WhatIf, NothingChangedIsTheSameRunAgain)
{
	record(machine + load);
	replay_json({"--policy", "credit"});
	EXPECT_EQ(hash(side("recorded")), hash(side("what_if")));
	EXPECT_NE(hash(side("recorded")), "none");
}

TEST_F(WhatIf, OnAMachineThatCostsSharesAndLatenciesAreAlike)
{
	record(typical + load);
	replay_json({"--policy", "credit"});
	EXPECT_EQ(cost("switch_ns"), 2000);
	EXPECT_EQ(cost("ipi_ns"), 1000);
	EXPECT_EQ(cost("timer_ns"), 1000);
	for (size_t i = 0; i < 3; i++)
		EXPECT_NEAR(used(side("recorded"), i), used(side("what_if"), i), 0.5) << i;
	EXPECT_NEAR(wake(side("recorded"), 2, "p50"), wake(side("what_if"), 2, "p50"), 500);
	EXPECT_NEAR(wake(side("recorded"), 2, "count"), wake(side("what_if"), 2, "count"), 10);
}

TEST_F(WhatIf, EventsHappenAgain)
{
	record(machine +
	       "domains:\n"
	       "  - {name: a, vcpus: 4}\n"
	       "  - {name: b, vcpus: 2, workload: {loop: {run: 3ms, block: 2ms, phase: 1ms}}}\n"
	       "  - {name: late, vcpus: 2, start: 1s}\n"
	       "events:\n"
	       "  - {at: 500ms, domain: a, set: {weight: 700, cap: 150}}\n"
	       "  - {at: 1200ms, domain: b, pause: true}\n"
	       "  - {at: 1500ms, domain: b, resume: true}\n"
	       "  - {at: 2s, cpu: 3, offline: true}\n"
	       "  - {at: 2500ms, domain: late, set: {cpus: \"0-1\"}}\n"
	       "  - {at: 3s, cpu: 3, online: true}\n"
	       "  - {at: 3500ms, domain: late, destroy: true}\n"
	       "  - {at: 4s, policy: rr}\n"
	       "  - {at: 4500ms, policy: {name: credit, tslice: 5ms}}\n");
	replay_json({"--set", "b.weight=256"});          /* what it was */
	EXPECT_EQ(hash(side("recorded")), hash(side("what_if")));
	EXPECT_EQ(json_array_size(json_object_get(side("what_if"), "refusals")), 0u);
	/* a policy that is asked for stays */
	replay_json({"--policy", "rr"});
	EXPECT_NE(hash(side("recorded")), hash(side("what_if")));
	EXPECT_NEAR(used(side("recorded"), 0), 186, 4);  /* caps of 150 % from 0.5 s to 4 s */
	EXPECT_GT(used(side("what_if"), 0), 220);        /* which rr refuses */
	EXPECT_EQ(json_array_size(json_object_get(side("what_if"), "refusals")), 1u);
}

TEST_F(WhatIf, AnotherWeightIsWhatARunOfItSays)
{
	std::string changed = machine + load;
	json_error_t error;
	json_t *straight;

	record(machine + load);
	replay_json({"--set", "web.weight=1024", "--set", "io.cap=20"});
	changed.replace(changed.find("vcpus: 4, "), 10, "vcpus: 4, weight: 1024, ");
	changed.replace(changed.find("vcpus: 2, "), 10, "vcpus: 2, cap: 20, ");
	ASSERT_EQ(run_text(changed, {"--json", "-"}), 0) << err;
	straight = json_loads(out.c_str(), 0, &error);
	ASSERT_NE(straight, nullptr);
	for (size_t i = 0; i < 3; i++)
		EXPECT_NEAR(used(side("what_if"), i), used(straight, i), 1) << i;
	EXPECT_GT(used(side("what_if"), 0), used(side("recorded"), 0) + 50);
	EXPECT_LT(used(side("what_if"), 2), 20.5);       /* its cap */
	json_decref(straight);
}

TEST_F(WhatIf, TablesStandSideBySide)
{
	record(machine + load);
	ASSERT_EQ(replay({"--set", "web.weight=512", "--set", "tslice=5ms"}), 0) << err;
	EXPECT_NE(out.find("recorded  credit, tslice 30 ms, ratelimit 1 ms; 5 s by ration run"),
	          std::string::npos) << out;
	EXPECT_NE(out.find("what if   credit, tslice 5 ms, ratelimit 1 ms; web.weight=512, tslice=5ms"),
	          std::string::npos) << out;
	EXPECT_NE(out.find("costs as measured: switch 0"), std::string::npos) << out;
	EXPECT_NE(out.find("recorded  what if"), std::string::npos) << out;
	EXPECT_NE(out.find("web         4     512"), std::string::npos) << out;
	ASSERT_EQ(replay({"--policy", "credit,rr", "--json", "j.json"}), 0) << err;
	EXPECT_NE(out.find("recorded  credit      rr"), std::string::npos) << out;
	document = json_loads(read("j.json").c_str(), 0, nullptr);
	ASSERT_NE(document, nullptr);
	EXPECT_EQ(json_integer_value(side("schema")), 1);
	EXPECT_EQ(json_array_size(json_object_get(side("what_if"), "runs")), 2u);
	EXPECT_EQ(json_array_size(json_object_get(side("recorded"), "domains")), 3u);
}

TEST_F(WhatIf, AShadowCapWouldHaveHeldSoMuch)
{
	record("host: {topology: \"pack:1 core:1 pu:1\"}\ntime: 1s\ndomains: [{name: web}]\n");
	replay_json({"--set", "web.cap=25", "--set", "web.shadow=true"});
	EXPECT_EQ(used(side("what_if"), 0), 100);
	json_t *web = domain(side("what_if"), 0);
	EXPECT_TRUE(json_is_true(json_object_get(web, "shadow")));
	EXPECT_EQ(json_integer_value(json_object_get(web, "shadow_held_count")), 100);
	EXPECT_NEAR(json_real_value(json_object_get(web, "shadow_held_s")), 0.75, 1e-6);
	EXPECT_EQ(json_integer_value(json_object_get(domain(side("recorded"), 0),
	                                             "shadow_held_count")), 0);
	ASSERT_EQ(replay({"--set", "web.cap=25", "--set", "web.shadow=true"}), 0) << err;
	EXPECT_NE(out.find("would hold %"), std::string::npos) << out;
	EXPECT_NE(out.find("75.00"), std::string::npos) << out;
	EXPECT_EQ(replay({"--set", "web.shadow=true"}), 2);
	/* and one that was recorded says the same again */
	record("host: {topology: \"pack:1 core:1 pu:1\"}\ntime: 1s\n"
	       "domains: [{name: web, cap: 25, shadow: true}]\n");
	replay_json({});
	EXPECT_EQ(json_integer_value(json_object_get(domain(document, 0), "shadow_held_count")), 100);
	EXPECT_EQ(replay({"--set", "web.cap=0", "--set", "web.shadow=true"}), 2);
	EXPECT_NE(err.find("--set 'web.shadow=true': shadow without a cap"), std::string::npos) << err;
}

TEST_F(WhatIf, TheTraceIsOfWhatWouldHaveBeen)
{
	std::string plain;

	record("host: {topology: \"pack:1 core:1 pu:1\"}\ntime: 200ms\n"
	       "domains: [{name: web}, {name: db}]\n");
	ASSERT_EQ(replay({"--trace", "t.json"}), 0) << err;
	plain = read("t.json");
	ASSERT_EQ(replay({"--trace", "t.json", "--policy", "credit"}), 0) << err;
	EXPECT_EQ(read("t.json"), plain);
	ASSERT_EQ(replay({"--trace", "t.json", "--set", "tslice=1ms", "--trace-window", "0s..50ms"}), 0);
	EXPECT_NE(read("t.json"), plain);
	EXPECT_GT(read("t.json").size(), plain.size());
}

TEST_F(WhatIf, AnotherMachine)
{
	record(machine + load);
	ASSERT_EQ(replay({"--topology", "pack:1 core:2 pu:1"}), 0) << err;
	EXPECT_NE(out.find("pack:1 core:2 pu:1, 2 CPUs (recorded: pack:1 core:4 pu:1)"),
	          std::string::npos) << out;
	record("host: {topology: \"pack:1 core:4 pu:1\"}\ntime: 1s\n"
	       "domains: [{name: a, cpus: \"3\"}, {name: b}]\n");
	EXPECT_EQ(replay({"--topology", "pack:1 core:2 pu:1"}), 2);
	EXPECT_NE(err.find("s.log: domain a is pinned to CPUs that the machine \"pack:1 core:2 pu:1\" "
	                   "has not, expected other ones by --set a.cpus=LIST"), std::string::npos) << err;
	EXPECT_EQ(replay({"--topology", "pack:1 core:2 pu:1", "--set", "a.cpus=1"}), 0) << err;
}

struct Wrong {
	std::vector<std::string> arguments;
	const char *says;
};

TEST_F(WhatIf, WhatIsWrongExits2AndWritesNothing)
{
	static const Wrong cases[] = {
		{{"--policy", "edf"}, "ration replay: there is no policy 'edf', expected credit, sedf or rr"},
		{{"--set", "wbe.weight=2"}, "ration replay: --set 'wbe.weight=2': the log has no domain 'wbe' "
		                            "(did you mean 'web'?)"},
		{{"--set", "web.wieght=2"}, "(did you mean 'weight'?)"},
		{{"--set", "web.weight=two"}, "weight 'two' "},
		{{"--set", "web"}, "is no change, expected one such as"},
		{{"--set", "tslice=1h"}, "tslice is out of range, expected 100 us to 1 s"},
		{{"--set"}, "option '--set' has no value"},
		{{"--set", "web.floor=250", "--set", "db.floor=250"}, "refused: CPUs 0-3 lack"},
		{{"--topology", "pack:1 core:100 pu:1"}, "has 100 CPUs, expected at most 64"},
		{{"--topology", "nonsense:1"}, "ration replay: --topology: "},
	};

	record(machine + load);
	for (const Wrong &one : cases) {
		std::vector<std::string> arguments = one.arguments;

		arguments.insert(arguments.begin(), {"--json", "j.json"});
		EXPECT_EQ(replay(arguments), 2) << one.says;
		EXPECT_NE(err.find(one.says), std::string::npos) << one.says << "\n" << err;
		EXPECT_EQ(out, "");
		EXPECT_EQ(files().count("j.json"), 0u) << one.says;
	}
	EXPECT_EQ(replay({"--policy", "rr,credit", "--trace", "t.json"}), 2);
	EXPECT_NE(err.find("--trace with 2 policies, expected one"), std::string::npos) << err;
}

TEST_F(WhatIf, AnAttributeThatThePolicyDoesNotHonourIsWarnedOf)
{
	record(machine + load);
	EXPECT_EQ(replay({"--policy", "rr", "--set", "web.cap=20"}), 0);
	EXPECT_NE(err.find("policy rr does not honour weight (of db), cap (of web)"),
	          std::string::npos) << err;
}

TEST_F(WhatIf, ADamagedLogIsNoLoad)
{
	std::string log;

	record(machine + load);
	log = read("s.log");
	log[log.size() / 2] = static_cast<char>(log[log.size() / 2] ^ 4);
	write("s.log", log);
	EXPECT_EQ(replay({"--policy", "rr"}), 2);
	EXPECT_EQ(out, "");
	EXPECT_NE(err.find("s.log: byte "), std::string::npos) << err;
	/* also where nothing was replayed before it: the first word behind a block's head */
	log = read("s.log");
	log[log.size() / 2] = static_cast<char>(log[log.size() / 2] ^ 4);
	log[log.find("RBLK") + 24] = static_cast<char>(log[log.find("RBLK") + 24] ^ 1);
	write("s.log", log);
	EXPECT_EQ(replay({"--policy", "rr"}), 2);
	EXPECT_NE(err.find("(event 1)"), std::string::npos) << err;
	EXPECT_EQ(replay({}), 2);
	write("s.log", read("s.log").substr(0, log.size() / 2));
	EXPECT_EQ(replay({"--set", "web.weight=2"}), 2);
	EXPECT_EQ(out, "");
}

} /* namespace */
