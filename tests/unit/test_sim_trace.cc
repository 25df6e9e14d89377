/* SPDX-License-Identifier: BSD-2-Clause */
/* The file for ui.perfetto.dev: a JSON document that says what ran where. */
#include "simulation.h"

#include <jansson.h>

#include <map>
#include <string>

namespace {

constexpr ration_ns MS = 1000000;

struct Trace {
	json_t *root;
	json_error_t error;

	explicit Trace(const std::string &text) : root(json_loads(text.c_str(), 0, &error))
	{
		EXPECT_NE(root, nullptr) << error.text << " at " << error.line;
	}
	~Trace() { json_decref(root); }
	size_t size() const { return json_array_size(json_object_get(root, "traceEvents")); }
	json_t *at(size_t i) const
	{
		return json_array_get(json_object_get(root, "traceEvents"), i);
	}
};

std::string text_of(json_t *event, const char *key)
{
	return json_string_value(json_object_get(event, key));
}

/* Us with decimals back into ns. */
ration_ns time_of(json_t *event, const char *key)
{
	return static_cast<ration_ns>(json_number_value(json_object_get(event, key)) * 1000 + 0.5);
}

TEST(SimTrace, HasATrackForEachCpuAndAllThatRan)
{
	Scenario s = Scenario::of_file("tests/build/mixed.yaml");
	Simulation run(s, Simulation::TRACE);
	Trace t(run.trace);
	std::map<json_int_t, ration_ns> busy, end;
	std::map<json_int_t, std::string> name;

	for (size_t i = 0; i < t.size(); i++) {
		json_t *e = t.at(i);
		json_int_t track = json_integer_value(json_object_get(e, "tid"));

		if (text_of(e, "ph") == "M" && text_of(e, "name") == "thread_name")
			name[track] = text_of(json_object_get(e, "args"), "name");
		if (text_of(e, "ph") != "X")
			continue;
		ASSERT_GE(time_of(e, "ts"), end[track]) << "two run at once on a CPU";
		end[track] = time_of(e, "ts") + time_of(e, "dur");
		busy[track] += time_of(e, "dur");
	}
	for (uint32_t c = 0; c < run.result.cpu_count; c++) {
		EXPECT_EQ(name[c + 1], "CPU " + std::to_string(c));
		EXPECT_EQ(busy[c + 1], run.result.cpu[c].busy_ns);
	}
}

const char two_hogs[] = R"(
host: {topology: "pack:1 core:1 pu:1"}
policy: {name: rr, tslice: 10ms}
time: 100ms
domains: [{name: a, vcpus: 2, workload: {hog: {}}}]
)";

TEST(SimTrace, IsClippedToItsWindow)
{
	Scenario s(two_hogs);
	Simulation run(s, Simulation::TRACE, 15 * MS, 35 * MS + 500);
	Trace t(run.trace);
	std::string got;

	for (size_t i = 0; i < t.size(); i++)
		if (text_of(t.at(i), "ph") == "X")
			got += text_of(t.at(i), "name") + " " + std::to_string(time_of(t.at(i), "ts")) + "+" +
			       std::to_string(time_of(t.at(i), "dur")) + "\n";
	EXPECT_EQ(got, "a/v1 15000000+5000000\n"
	               "a/v0 20000000+10000000\n"
	               "a/v1 30000000+5000500\n");
	EXPECT_NE(run.trace.find("\"ts\":30000.000,\"dur\":5000.500"), std::string::npos);
}

TEST(SimTrace, IsADocumentAlsoWhereNothingHappens)
{
	Scenario s(two_hogs);
	Simulation run(s, Simulation::TRACE, 200 * MS, 300 * MS);
	Trace t(run.trace);

	for (size_t i = 0; i < t.size(); i++)
		EXPECT_EQ(text_of(t.at(i), "ph"), "M");
}

TEST(SimTrace, EndsWhatStillRunsAtTheEnd)
{
	Scenario s("host: {topology: \"pack:1 core:1 pu:1\"}\ntime: 1s\n"
	           "domains: [{name: a, vcpus: 1, workload: {hog: {}}}]");
	s.s.params.tslice_ns = RATION_NS_PER_S;
	Simulation run(s, Simulation::TRACE);

	EXPECT_NE(run.trace.find("\"dur\":1000000.000"), std::string::npos);
}

TEST(SimTrace, QuotesTheNameOfTheMachine)
{
	Scenario s(two_hogs);
	char name[] = "a \"b\" \\ \t c";
	char *old = s.s.topology_name;

	s.s.topology_name = name;
	Simulation run(s, Simulation::TRACE);
	s.s.topology_name = old;
	Trace t(run.trace);
	EXPECT_EQ(text_of(json_object_get(t.at(0), "args"), "name"), name);
}

TEST(SimTrace, MarksWakeUpsAndWhatTheScenarioDoes)
{
	Scenario s(std::string(two_hogs) + "events: [{at: 5ms, domain: a, pause: true}]\n");
	Simulation run(s, Simulation::TRACE | Simulation::LOG);

	EXPECT_NE(run.trace.find("\"name\":\"wake a/v1\",\"ts\":0.000"), std::string::npos);
	EXPECT_NE(run.trace.find("\"name\":\"pause a\",\"ts\":5000.000"), std::string::npos);
	EXPECT_NE(run.log.find("       5000000   -  pause a\n"), std::string::npos);
}

}
