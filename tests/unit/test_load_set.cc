/* SPDX-License-Identifier: BSD-2-Clause */
/* What a log's machine costs, and what is made otherwise. */
#include "hand_log.h"

#include "load_set.h"

namespace {

/* ---- Costs ------------------------------------------------------------- */

TEST(LoadCost, SwitchesAreAveragedAndKicksTakenInTheMiddle)
{
	Recorder r(2);
	ration_dom *d = r.dom("web", 1);
	ration_vcpu *v = r.vcpu(d, 0, 1);
	static const double kick[] = {0.1, 0.3, 0.2}, change[] = {0.05, 0.15, 0.1};

	for (int i = 0; i < 3; i++) {
		r.at(10 * i).wake(v);
		r.at(10 * i + kick[i]);
		r.decide(0, change[i]);
		r.at(10 * i + 5);
		ration_record_block(&r.record, v, r.now, &r.fx);
		r.decide(0, change[i]);
	}
	Loaded l(r.log(40));

	EXPECT_EQ(l.costs.switch_ns, 100000u);
	EXPECT_EQ(l.costs.ipi_ns, 200000u);
	EXPECT_EQ(l.costs.timer_ns, 0u);
}

TEST(LoadCost, ACpuThatCallsIsNotKicked)
{
	Recorder r(2);
	ration_vcpu *v = r.vcpu(r.dom("web", 1), 0, 1);

	r.record.from = 0;
	r.at(1).wake(v);
	r.at(3);
	r.decide(0);
	Loaded l(r.log(40));

	EXPECT_EQ(l.costs.ipi_ns, 0u);
}

TEST(LoadCost, TimersAreLate)
{
	Recorder r;
	ration_dom *d = r.dom("web", 1);
	ration_vcpu *v = r.vcpu(d, 0), *w = r.vcpu(d, 1);

	r.at(0).wake(v);
	r.decide(0);
	r.wake(w);
	for (int i = 1; i <= 3; i++) {               /* a slice of 10 ms, 0.25 late */
		r.at(10.25 * i);
		EXPECT_EQ(r.decide(0), i % 2 == 1 ? w : v);
	}
	Loaded l(r.log(40));

	EXPECT_EQ(l.costs.timer_ns, 250000u);
	EXPECT_EQ(l.costs.switch_ns, 0u);
}

/* ---- Changes ----------------------------------------------------------- */

struct Change : testing::Test {
	std::unique_ptr<Loaded> l;
	std::string said;

	void SetUp() override
	{
		Recorder r(4);
		ration_dom *web = r.dom("web.1", 1), *db = r.dom("db", 2);
		ration_vcpu *v = r.vcpu(web, 0), *w = r.vcpu(db, 0, 8);
		ration_attr attr;
		ration_params params = {20 * MS, 5 * MS};

		r.burst(v, 0, 1);
		EXPECT_EQ(ration_record_policy_set(&r.record, &ration_credit, r.now, &r.fx, &r.why), 0);
		r.at(2);
		ration_dom_get(web, &attr);
		attr.weight = 300;
		attr.cap_ppm = 500000;
		EXPECT_EQ(ration_record_dom_set(&r.record, web, &attr, r.now, &r.fx, &r.why), 0);
		EXPECT_EQ(ration_record_params_set(&r.record, &params, r.now, &r.fx), 0);
		EXPECT_EQ(ration_record_pin(&r.record, w, {4, 15}, r.now, &r.fx, &r.why), 0);
		l = std::make_unique<Loaded>(r.log(30));
		ASSERT_TRUE(l->ok);
		ASSERT_EQ(l->events(), "1 policy 0; 2 set 0; 2 policy 0; 2 pin 1");
	}
	bool set(std::vector<const char *> text)
	{
		char *buffer = nullptr;
		size_t size = 0;
		diagnostics errors = {open_memstream(&buffer, &size), 0};
		bool ok = load_set(&l->s, text.data(), static_cast<uint32_t>(text.size()), "--set", &errors);

		fclose(errors.out);
		said = buffer;
		free(buffer);
		EXPECT_EQ(ok, errors.count == 0);
		return ok;
	}
};

TEST_F(Change, HoldsForTheWholeRun)
{
	ASSERT_TRUE(set({"web.1.weight=512", "db.cpus=0-2", "tslice=5ms", "web.1.cap=12.5"})) << said;
	EXPECT_EQ(l->s.domain[0].attr.weight, 512u);
	EXPECT_EQ(l->s.domain[0].attr.cap_ppm, 125000u);
	EXPECT_EQ(l->s.domain[1].affinity[0].hard, 7u);
	EXPECT_EQ(l->s.params.tslice_ns, 5 * MS);
	/* the set and the hard half of the pin are gone, the ratelimit is still set */
	EXPECT_EQ(l->events(), "1 policy 0; 2 policy 0; 2 pin 1");
	EXPECT_EQ(l->s.event[1].params_given, RATION_ATTR_RATELIMIT);
	EXPECT_FALSE(l->s.event[2].hard_given);
	EXPECT_TRUE(l->s.event[2].soft_given);
}

TEST_F(Change, OfOneAttributeLeavesTheOthers)
{
	ASSERT_TRUE(set({"web.1.weight=512"}));
	EXPECT_EQ(l->events(), "1 policy 0; 2 set 0; 2 policy 0; 2 pin 1");
	EXPECT_EQ(l->s.event[1].attr_given, RATION_ATTR_CAP);
}

TEST_F(Change, AttributesAreCheckedTogether)
{
	ASSERT_TRUE(set({"db.slice=20ms", "db.period=40ms", "db.extratime=off", "db.latency=1ms",
	                 "db.floor=25", "db.burst=100ms"})) << said;
	EXPECT_EQ(l->s.domain[1].attr.period_ns, 40 * MS);
	EXPECT_FALSE(l->s.domain[1].attr.extratime);
	EXPECT_EQ(l->s.domain[1].attr_given & RATION_ATTR_FLOOR, RATION_ATTR_FLOOR);
}

TEST_F(Change, ACapMayBeAShadow)
{
	ASSERT_TRUE(set({"db.shadow=true", "db.cap=25"})) << said;
	EXPECT_TRUE(l->s.domain[1].attr.shadow);
	EXPECT_EQ(l->s.domain[1].attr_given & RATION_ATTR_SHADOW, RATION_ATTR_SHADOW);
}

TEST_F(Change, WrongOnesAreNamed)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"weight", "--set 'weight': is no change, expected one such as web1.weight=512"},
		{"web.1.weight", "is no change"},
		{"=5", "is no change"},
		{".weight=5", "is no change"},
		{"db.=5", "is no change"},
		{"bd.weight=5", "no domain 'bd' (did you mean 'db'?)"},
		{"nobody.weight=5", "no domain 'nobody', expected web.1, db"},
		{"db.wieght=5", "a domain has no 'wieght', expected weight, cap, floor, burst, period, "
		                "slice, latency, extratime, shadow or cpus (did you mean 'weight'?)"},
		{"db.shadow=true", "--set 'db.shadow=true': shadow without a cap, expected a cap"},
		{"db.weight=many", "--set 'db.weight=many': weight 'many' "},
		{"db.weight=0", "weight 0 is out of range, expected 1 to 65535"},
		{"db.weight=99999999999", "expected 1 to 65535"},
		{"db.cap=101", "is above what 1 vCPU can use"},
		{"db.slice=20", "slice '20' has no unit"},
		{"db.extratime=maybe", "extratime 'maybe' is neither, expected true or false"},
		{"db.cpus=4", "names a CPU that is not there, expected 0 to 3"},
		{"db.cpus=^0-3", "leaves no CPU"},
		{"db.cpus=a", "is no CPU list"},
		{"tslise=5ms", "there is no 'tslise' of the machine, expected tslice or ratelimit, or "
		               "DOMAIN.ATTRIBUTE (did you mean 'tslice'?)"},
		{"tslice=5", "tslice '5' has no unit"},
		{"tslice=2s", "tslice is out of range, expected 100 us to 1 s"},
		{"ratelimit=50ms", "ratelimit is above tslice"},
	};

	for (const auto &row : rows) {
		EXPECT_FALSE(set({row.text})) << row.text;
		EXPECT_NE(said.find(row.says), std::string::npos) << row.text << ": " << said;
	}
}

TEST_F(Change, AnotherPolicyLeavesOutSwitches)
{
	load_set_policy(&l->s);
	EXPECT_EQ(l->events(), "2 set 0; 2 policy 0; 2 pin 1");
}

TEST_F(Change, AnotherMachine)
{
	ration_topology two;

	ration_topology_flat(&two, 2);
	load_set_topology(&l->s, &two, "two");
	EXPECT_EQ(l->s.domain[0].affinity[0].hard, 3u);          /* all CPUs are all CPUs */
	EXPECT_FALSE(set({}));
	EXPECT_NE(said.find("domain db is pinned to CPUs that the machine \"two\" has not, expected "
	                    "other ones by --set db.cpus=LIST"), std::string::npos) << said;
	EXPECT_TRUE(set({"db.cpus=1"})) << said;
	EXPECT_EQ(l->s.domain[1].affinity[0].hard, 2u);
	EXPECT_STREQ(l->s.topology_name, "two");
}

} /* namespace */
