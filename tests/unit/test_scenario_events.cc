/* SPDX-License-Identifier: BSD-2-Clause */
/* Events of a scenario: what they become, in which order, and what cannot be. */
#include "read_scenario.h"

namespace {

const std::string begin = "host: {topology: \"pack:1 core:4 pu:1\"}\n"
                          "dom0: {}\n"
                          "domains: [{name: a, vcpus: 2}, {name: b, start: 2s}]\n"
                          "events:\n";

TEST(Events, EachKind)
{
	ReadScenario r(begin +
	               "- {at: 1s, domain: a, set: {weight: 1024, cap: 50}}\n"
	               "- {at: 2s, domain: a, set: {cpus: \"1-3,^2\"}}\n"
	               "- {at: 3s, domain: a, set: {soft_cpus: [0, 1]}}\n"
	               "- {at: 4s, domain: a, pin: {vcpu: 1, cpus: \"2\"}}\n"
	               "- {at: 5s, domain: a, pause: true}\n"
	               "- {at: 6s, domain: a, resume: true}\n"
	               "- {at: 7s, domain: a, vcpus: 1}\n"
	               "- {at: 8s, cpu: 3, offline: true, force: true}\n"
	               "- {at: 9s, cpu: 3, online: true}\n"
	               "- {at: 10s, policy: {name: rr, tslice: 10ms}}\n"
	               "- {at: 11s, policy: credit}\n"
	               "- {at: 12s, policy: {ratelimit: 2ms}}\n"
	               "- {at: 13s, domain: a, destroy: true}\n"
	               "- {at: 14s, domain: dom0, set: {weight: 2, cpus: \"0\", soft_cpus: \"\"}}\n");

	ASSERT_TRUE(r.ok) << r.message;
	ASSERT_EQ(r.s.event_count, 16u);
	const scenario_event *e = r.s.event;
	EXPECT_EQ(e[0].kind, EVENT_DOM_SET);
	EXPECT_EQ(e[0].domain, 1u);
	EXPECT_EQ(e[0].at_ns, RATION_NS_PER_S);
	EXPECT_EQ(e[0].attr_given, RATION_ATTR_WEIGHT | RATION_ATTR_CAP);
	EXPECT_EQ(e[0].attr.weight, 1024u);
	EXPECT_EQ(e[0].attr.cap_ppm, 500000u);
	EXPECT_EQ(e[0].mark.line, 5u);
	EXPECT_EQ(e[0].mark.column, 3u);
	EXPECT_EQ(e[1].kind, EVENT_DOM_PIN);
	EXPECT_EQ(e[1].vcpu, SCENARIO_ALL);
	EXPECT_TRUE(e[1].hard_given);
	EXPECT_FALSE(e[1].soft_given);
	EXPECT_EQ(e[1].affinity.hard, 0xau);
	EXPECT_EQ(e[2].vcpu, 0u);
	EXPECT_EQ(e[3].vcpu, 1u);
	EXPECT_FALSE(e[3].hard_given);
	EXPECT_EQ(e[3].affinity.soft, 2u);
	EXPECT_EQ(e[4].vcpu, 1u);
	EXPECT_EQ(e[4].affinity.hard, 4u);
	EXPECT_EQ(e[5].kind, EVENT_DOM_PAUSE);
	EXPECT_EQ(e[6].kind, EVENT_DOM_RESUME);
	EXPECT_EQ(e[7].kind, EVENT_VCPU_COUNT);
	EXPECT_EQ(e[7].count, 1u);
	EXPECT_EQ(e[8].kind, EVENT_CPU_OFFLINE);
	EXPECT_EQ(e[8].cpu, 3u);
	EXPECT_TRUE(e[8].force);
	EXPECT_EQ(e[9].kind, EVENT_CPU_ONLINE);
	EXPECT_EQ(e[10].kind, EVENT_POLICY);
	EXPECT_EQ(e[10].policy, scenario_policy_find("rr"));
	EXPECT_EQ(e[10].params_given, static_cast<uint32_t>(RATION_ATTR_TSLICE));
	EXPECT_EQ(e[10].params.tslice_ns, 10000000u);
	EXPECT_EQ(e[11].policy, scenario_policy_find("credit"));
	EXPECT_EQ(e[12].policy, nullptr);
	EXPECT_EQ(e[12].params.ratelimit_ns, 2000000u);
	EXPECT_EQ(e[13].kind, EVENT_DOM_DESTROY);
	EXPECT_EQ(e[14].kind, EVENT_DOM_SET);
	EXPECT_EQ(e[14].domain, 0u);
	EXPECT_EQ(e[15].kind, EVENT_DOM_PIN);
	EXPECT_EQ(e[15].affinity.hard, 1u);
	EXPECT_EQ(e[15].affinity.soft, 0xfu);
	EXPECT_EQ(e[15].attr_given, 0u);
}

TEST(Events, AreSortedByTimeAndThenAsWritten)
{
	ReadScenario r(begin +
	               "- {at: 3s, domain: a, set: {weight: 1}}\n"
	               "- {at: 1s, domain: a, set: {weight: 2}}\n"
	               "- {at: 3s, domain: a, set: {weight: 3}}\n"
	               "- {at: 1s, domain: a, set: {weight: 4}}\n"
	               "- {at: 0, domain: a, set: {weight: 5}}\n");
	static const uint32_t order[] = {5, 2, 4, 1, 3};

	ASSERT_TRUE(r.ok) << r.message;
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(r.s.event[i].attr.weight, order[i]) << i;
}

TEST(Events, AttributesAreJudgedAsTheyStandByThen)
{
	ReadScenario good(begin +
	                  "- {at: 2s, domain: a, set: {slice: 15ms}}\n"
	                  "- {at: 1s, domain: a, set: {period: 20ms}}\n");
	EXPECT_TRUE(good.ok) << good.message;

	ReadScenario bad(begin +
	                 "- {at: 1s, domain: a, set: {slice: 15ms}}\n"
	                 "- {at: 2s, domain: a, set: {period: 10ms}}\n");
	EXPECT_FALSE(bad.ok);
	EXPECT_EQ(bad.message.rfind("t.yaml:6:3: slice of 15 ms is out of range", 0), 0u)
	    << bad.message;
}

struct Bad {
	const char *event, *says;
};

TEST(Events, SayWhatIsWrong)
{
	static const Bad cases[] = {
		{"{domain: a, pause: true}", "5:3: event without a time"},
		{"{at: -1s, domain: a, pause: true}", "5:8: at '-1s' is negative"},
		{"{at: 1, domain: a, pause: true}", "5:9: at '1' has no unit"},
		{"{at: 1s}", "5:3: event about nothing"},
		{"{at: 1s, domain: a}", "5:3: event that says nothing of its domain"},
		{"{at: 1s, domain: a, cpu: 1, offline: true}", "5:3: event about several things"},
		{"{at: 1s, domain: a, pause: true, resume: true}",
		 "5:3: event that says what does not go together"},
		{"{at: 1s, domain: a, offline: true}", "5:3: event that says what does not go together"},
		{"{at: 1s, cpu: 1, pause: true}", "5:3: event that says what does not go together"},
		{"{at: 1s, cpu: 1}", "5:3: event that says nothing of its CPU"},
		{"{at: 1s, cpu: 4, offline: true}", "5:17: cpu 4 is out of range, expected 0 to 3"},
		{"{at: 1s, cpu: 1, offline: false}", "5:29: offline is false, expected true"},
		{"{at: 1s, cpu: 1, online: true, force: true}", "5:34: force without offline"},
		{"{at: 1s, domain: c, pause: true}", "5:20: there is no domain 'c', expected the name"},
		{"{at: 1s, domain: dom, pause: true}",
		 "5:20: there is no domain 'dom', expected the name of one (did you mean 'dom0'?)"},
		{"{at: 1s, domain: a, set: {}}", "5:28: set changes nothing"},
		{"{at: 1s, domain: a, set: {weight: 0}}", "5:37: weight 0 is out of range"},
		{"{at: 1s, domain: a, set: {cap: 201}}", "5:3: cap 201 is above what 2 vCPUs can use"},
		{"{at: 1s, domain: a, set: {cpus: \"4\"}}",
		 "5:36: cpus '4' names a CPU that is not there, expected 0 to 3"},
		{"{at: 1s, domain: a, set: {cpus: [0]}}", "5:35: cpus has 1 items for 2 vCPUs"},
		{"{at: 1s, domain: a, set: {vcpus: 1}}", "5:29: unknown key 'vcpus' of set"},
		{"{at: 1s, domain: a, vcpus: 3}", "5:30: vcpus 3 is out of range, expected 1 to 2"},
		{"{at: 1s, domain: a, vcpus: 0}", "5:30: vcpus 0 is out of range, expected 1 to 2"},
		{"{at: 1s, domain: a, pin: {vcpu: 2, cpus: \"1\"}}", "5:35: vcpu 2 is out of range"},
		{"{at: 1s, domain: a, pin: {vcpu: 1}}", "5:28: pin without CPUs"},
		{"{at: 1s, domain: a, resume: true}", "5:3: domain a is not paused at 1 s"},
		{"{at: 1s, domain: b, pause: true}", "5:3: domain b starts at 2 s only"},
		{"{at: 1s, domain: dom0, destroy: true}", "5:3: dom0 cannot be destroyed"},
		{"{at: 1s, policy: {name: fifo}}", "5:27: there is no policy 'fifo'"},
		{"{at: 1s, policy: {tslice: 500us}}", "5:3: tslice is now below the ratelimit"},
		{"{at: 1s, policy: {name: sedf, reserve: 5}}", "5:20: a reserve in an event, expected it at "
		 "the top"},
		{"{at: 1s, policy: rr, cpu: 1}", "5:3: event about several things"},
		{"{at: 1s, policy: rr, pause: true}", "5:3: event that says what does not go together"},
		{"{at: 1s, what: 1}", "5:12: unknown key 'what' of an event"},
		{"now", "5:3: an event is one word, expected a mapping"},
	};
	for (const Bad &c : cases) {
		ReadScenario r(begin + "- " + c.event + "\n");

		EXPECT_FALSE(r.ok) << c.event;
		EXPECT_EQ(r.message.rfind(std::string("t.yaml:") + c.says, 0), 0u)
		    << c.event << ": " << r.message;
		EXPECT_NE(r.message.find("expected"), std::string::npos) << r.message;
	}
}

TEST(Events, NothingHappensToWhatIsGone)
{
	ReadScenario r(begin +
	               "- {at: 2s, domain: a, destroy: true}\n"
	               "- {at: 3s, domain: a, pause: true}\n");

	EXPECT_EQ(r.message.rfind("t.yaml:6:3: domain a was destroyed at 2 s", 0), 0u) << r.message;
}

} // namespace
