/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables that line up, and the JSON document's keys. */
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "read_scenario.h"
#include "report.h"
#include "table.h"

namespace {

/* What `print` writes on a page of that width. */
template <typename Print> std::string printed(unsigned width, Print print, bool colour = false)
{
	char *buffer = nullptr;
	size_t size = 0;
	page p = {open_memstream(&buffer, &size), width, colour};

	print(&p);
	std::fclose(p.out);
	std::string text = buffer;
	std::free(buffer);
	return text;
}

std::vector<std::string> lines(const std::string &text)
{
	std::vector<std::string> all;
	std::istringstream in(text);

	for (std::string line; std::getline(in, line);)
		all.push_back(line);
	return all;
}

/* ---- Tables ------------------------------------------------------------ */

struct Table {
	table t = {};
	~Table() { table_free(&t); }
};

TEST(Table, LinesUpAndHasNoBlanksAtTheEnd)
{
	Table x;

	table_add_column(&x.t, nullptr, "name", TABLE_LEFT);
	table_add_column(&x.t, nullptr, "n", TABLE_RIGHT);
	table_add_column(&x.t, nullptr, "what", TABLE_LEFT);
	table_add_cell(&x.t, STYLE_PLAIN, "a");
	table_add_cell(&x.t, STYLE_PLAIN, "%d", 12345);
	table_add_cell(&x.t, STYLE_PLAIN, "short");
	table_add_cell(&x.t, STYLE_PLAIN, "l\xc3\xa4nger");
	table_add_cell(&x.t, STYLE_PLAIN, "%d", 7);
	table_add_cell(&x.t, STYLE_PLAIN, "%s", "");
	EXPECT_EQ(printed(80, [&](page *p) { table_print(&x.t, p); }),
	          "name        n  what\n"
	          "a       12345  short\n"
	          "l\xc3\xa4nger      7\n");
}

TEST(Table, HeadsGroupsAndFoldsBetweenThem)
{
	static const char group[] = "g";
	Table x;

	table_add_column(&x.t, nullptr, "key", TABLE_LEFT);
	table_add_column(&x.t, nullptr, "alone", TABLE_RIGHT);
	table_add_column(&x.t, group, "first", TABLE_RIGHT);
	table_add_column(&x.t, group, "second", TABLE_RIGHT);
	for (const char *cell : {"k", "1", "2", "3"})
		table_add_cell(&x.t, STYLE_PLAIN, "%s", cell);
	EXPECT_EQ(printed(80, [&](page *p) { table_print(&x.t, p); }),
	          "             ----- g -----\n"
	          "key  alone   first  second\n"
	          "k        1       2       3\n");
	/* one column too narrow: the whole group goes below */
	EXPECT_EQ(printed(25, [&](page *p) { table_print(&x.t, p); }),
	          "key  alone\n"
	          "k        1\n"
	          "\n"
	          "      ----- g -----\n"
	          "key   first  second\n"
	          "k         2       3\n");
	/* narrower than anything: a column at a time, never none */
	EXPECT_EQ(lines(printed(1, [&](page *p) { table_print(&x.t, p); })).size(), 2u + 1 + 3 + 1 + 3);
}

TEST(Table, ColoursOnlyWhereThePageHasThem)
{
	Table x;

	table_add_column(&x.t, nullptr, "k", TABLE_LEFT);
	table_add_column(&x.t, nullptr, "v", TABLE_RIGHT);
	table_add_cell(&x.t, STYLE_HEAD, "a");
	table_add_cell(&x.t, STYLE_BAD, "1");
	EXPECT_EQ(printed(80, [&](page *p) { table_print(&x.t, p); }).find('\033'), std::string::npos);
	EXPECT_NE(printed(80, [&](page *p) { table_print(&x.t, p); }, true).find("\033[1;31m1\033[0m"),
	          std::string::npos);
}

/* ---- Runs -------------------------------------------------------------- */

/* A result made by hand for a scenario of dom0, a hog and a periodic guest. */
class Report : public testing::Test {
protected:
	explicit Report(uint32_t cpus = 4)
	    : read("host: {topology: \"pack:1 core:" + std::to_string(cpus) + " pu:1\"}\n"
	           "policy: rr\nseed: 5\ntime: 10s\n"
	           "dom0: {floor: 25}\n"
	           "domains:\n"
	           "- {name: a-rather-long-name-for-a-domain, weight: 65535, cap: 100, vcpus: 2}\n"
	           "- {name: rt, workload: {periodic: {period: 10ms, run: 1ms}}}\n")
	{
		r.policy = read.s.policy;
		r.sim_ns = 10 * RATION_NS_PER_S;
		r.events = 1234567;
		r.dispatches = 1000;
		r.migrations = 10;
		r.trace_hash = 0xabcdef;
		r.wall_s = 0.5;
		r.domain = domains;
		r.domain_count = 3;
		r.cpu_count = cpus;
		for (uint32_t c = 0; c < cpus; c++)
			r.cpu[c].idle_ns = r.sim_ns;
		domains[1].ledger.running_ns = 5 * RATION_NS_PER_S;
		domains[1].ledger.wait_ns[RATION_WAIT_CAP] = 15 * RATION_NS_PER_S;
		domains[2].ledger.running_ns = RATION_NS_PER_S;
		domains[2].ledger.wait_ns[RATION_WAIT_QUEUE] = RATION_NS_PER_S / 8;
		domains[2].jobs = 1000;
		domains[2].misses = 3;
		for (uint64_t i = 1; i <= 1000; i++) {
			histogram_add(&domains[2].wake_ns, i * 1000);
			histogram_add(&domains[2].response_ns, 1000000);
		}
	}
	std::string run(unsigned width)
	{
		return printed(width, [&](page *p) { report_run(p, &read.s, &r); });
	}

	ReadScenario read;
	sim_domain domains[3] = {};
	sim_result r = {};
};

TEST_F(Report, ShowsTheColumnsThatHaveSomething)
{
	std::string text = run(0);

	for (const char *word : {"weight", "cap", "floor", "CPU %", "wait %", "queue", "wake-up", "p50",
	                         "p99", "max", "jobs", "done", "missed"})
		EXPECT_NE(text.find(word), std::string::npos) << word;
	for (const char *word : {"budget", "ratelimit", "offline", "spun", "burst"})
		EXPECT_EQ(text.find(word), std::string::npos) << word;
	EXPECT_NE(text.find("65535*"), std::string::npos) << "weight is not honoured by rr";
	EXPECT_NE(text.find("\n* not honoured by rr\n"), std::string::npos);
	EXPECT_NE(text.find("150.00"), std::string::npos) << "waits for its cap";
	EXPECT_NE(text.find("4 CPUs: 0.00 % busy, 100.00 % idle"), std::string::npos);
}

TEST_F(Report, ShowsWhatIsOwedOnceThatIsKnown)
{
	EXPECT_EQ(run(0).find("entitled"), std::string::npos);
	r.is_entitled = true;
	domains[1].entitled = 0.625;
	domains[2].entitled = 0.1;
	std::string text = run(0);

	EXPECT_NE(text.find("  CPU %  entitled "), std::string::npos) << text;
	EXPECT_NE(text.find("  50.00     62.50 "), std::string::npos) << text;
	EXPECT_NE(text.find("  60.00     72.50 "), std::string::npos) << "their sum\n" << text;
}

TEST_F(Report, EndsWithTheLineOfSpeed)
{
	EXPECT_EQ(lines(run(120)).back(),
	          "1,234,567 events in 0.500 s: 2,469,134 events/s, 20 simulated s per wall s");
}

/* Each line of a table is as long as its heading, or ends in blanks cut off. */
TEST_F(Report, FitsThePage)
{
	for (unsigned width : {80u, 100u, 120u, 200u})
		for (const std::string &line : lines(run(width)))
			EXPECT_LE(text_width(line.c_str()), width) << line;
}

TEST_F(Report, FoldsEqualNeighbours)
{
	r.cpu[1].busy_ns = r.sim_ns / 2;
	r.cpu[1].idle_ns = r.sim_ns / 2;
	std::string text = run(120);

	EXPECT_NE(text.find("\n  0       -  100.00           -\n"
	                    "  1   50.00   50.00           -\n"
	                    "2-3       -  100.00           -\n"), std::string::npos) << text;
}

class Report64 : public Report {
protected:
	Report64() : Report(64) {}
};

TEST_F(Report64, SetsManyCpusSideBySide)
{
	for (uint32_t c = 0; c < 64; c++) {
		r.cpu[c].busy_ns = r.sim_ns / 100 * c;
		r.cpu[c].idle_ns = r.sim_ns - r.cpu[c].busy_ns;
	}
	size_t tall = lines(run(40)).size(), wide = lines(run(120)).size();

	EXPECT_GE(tall, wide + 40);
	EXPECT_NE(run(120).find(" 22   22.00   78.00           -    44   44.00"), std::string::npos)
	    << run(120);
}

TEST_F(Report, ListsWhatWasRefused)
{
	sim_refusal refusal = {};

	refusal.at_ns = 5 * RATION_NS_PER_S;
	refusal.mark = {"s.yaml", 12, 5};
	std::snprintf(refusal.text, sizeof(refusal.text), "domain rt: no room");
	r.refusal = &refusal;
	r.refusal_count = 1;
	EXPECT_NE(run(120).find("\nrr refused at 5 s: s.yaml:12:5: domain rt: no room\n"),
	          std::string::npos);
}

TEST_F(Report, SetsPoliciesSideBySide)
{
	sim_result runs[2] = {r, r};

	runs[1].policy = scenario_policy_find("credit");
	std::string text = printed(200, [&](page *p) { report_compare(p, &read.s, runs, 2); });

	EXPECT_NE(text.find("-- CPU % ---"), std::string::npos) << text;
	EXPECT_NE(text.find("rr  credit"), std::string::npos);
	EXPECT_NE(text.find("jobs missed"), std::string::npos);
	EXPECT_EQ(lines(text).back(), "2,469,134 events in 1.000 s: 2,469,134 events/s, 20 simulated s "
	                              "per wall s");
}

TEST_F(Report, OneColumnOfWhatIsOwedWhereAllPoliciesOweTheSame)
{
	sim_domain others[3];
	sim_result runs[2] = {r, r};
	auto text = [&] {
		return printed(200, [&](page *p) { report_compare(p, &read.s, runs, 2); });
	};

	EXPECT_EQ(text().find("entitled"), std::string::npos);
	domains[1].entitled = 0.625;
	std::copy(domains, domains + 3, others);
	runs[1].policy = scenario_policy_find("sedf");
	runs[1].domain = others;
	EXPECT_NE(text().find("  entitled   "), std::string::npos) << text();
	EXPECT_EQ(text().find("- entitled -"), std::string::npos) << text();
	others[1].entitled = 0.5;
	EXPECT_NE(text().find("- entitled -"), std::string::npos) << text();
	EXPECT_NE(text().find("62.50  50.00"), std::string::npos) << text();
}

TEST_F(Report, WarnsOfWhatThePolicyDoesNotHonour)
{
	char *buffer = nullptr;
	size_t size = 0;
	FILE *out = open_memstream(&buffer, &size);

	report_warn(out, &read.s, scenario_policy_find("rr"));
	std::fclose(out);
	EXPECT_STREQ(buffer, "ration: warning: policy rr does not honour weight "
	                     "(of a-rather-long-name-for-a-domain), cap (of a-rather-long-name-for-a-"
	                     "domain), floor (of dom0)\n");
	std::free(buffer);
	out = open_memstream(&buffer, &size);
	report_warn(out, &read.s, scenario_policy_find("credit"));
	std::fclose(out);
	EXPECT_STREQ(buffer, "");
	std::free(buffer);
}

TEST_F(Report, WhatAShadowWouldHoldStandsWhereThereIsOne)
{
	std::string text = printed(200, [&](page *p) { report_run(p, &read.s, &r); });
	EXPECT_EQ(text.find("would hold"), std::string::npos);
	EXPECT_EQ(text.find("~"), std::string::npos);
	read.s.domain[1].attr.shadow = true;
	domains[1].shadow = {1234, 2500 * RATION_NS_PER_MS};
	text = printed(200, [&](page *p) { report_run(p, &read.s, &r); });
	EXPECT_NE(text.find("would hold"), std::string::npos) << text;
	EXPECT_NE(text.find("times  time %"), std::string::npos) << text;
	EXPECT_NE(text.find(" 100~*"), std::string::npos) << text;
	EXPECT_NE(text.find(" 1,234   25.00"), std::string::npos) << text;
	EXPECT_NE(text.find("\n~ a shadow: not enforced\n"), std::string::npos) << text;
	text = printed(200, [&](page *p) { report_check(p, &read.s); });
	EXPECT_NE(text.find(" 100~*"), std::string::npos) << text;
	EXPECT_NE(text.find("\n~ a shadow: not enforced\n"), std::string::npos) << text;
	/* off by now: what was counted stands */
	read.s.domain[1].attr.shadow = false;
	text = printed(200, [&](page *p) { report_run(p, &read.s, &r); });
	EXPECT_NE(text.find(" 1,234   25.00"), std::string::npos) << text;
	EXPECT_EQ(text.find("~"), std::string::npos) << text;
}

TEST_F(Report, ChecksWithoutRunning)
{
	std::string text = printed(200, [&](page *p) { report_check(p, &read.s); });

	EXPECT_NE(text.find("machine  pack:1 core:4 pu:1, 4 CPUs\n"), std::string::npos) << text;
	EXPECT_NE(text.find("costs    none\n"), std::string::npos);
	EXPECT_NE(text.find("time     10 s, seed 5\n"), std::string::npos);
	EXPECT_NE(text.find("periodic, run 1 ms, period 10 ms\n"), std::string::npos);
}

/* ---- JSON -------------------------------------------------------------- */

json_t *at(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	EXPECT_NE(value, nullptr) << key;
	return value;
}

TEST_F(Report, JsonHasTheKeysOfTheManual)
{
	json_t *d = report_json(&read.s, &r);

	EXPECT_EQ(json_object_get(json_array_get(at(d, "domains"), 1), "entitled"), nullptr);
	json_decref(d);
	r.is_entitled = true;
	domains[1].entitled = 0.625;
	domains[1].shadow = {1234, 2500 * RATION_NS_PER_MS};
	read.s.domain[1].attr.shadow = true;
	d = report_json(&read.s, &r);
	EXPECT_EQ(json_integer_value(at(d, "schema")), 1);
	EXPECT_STREQ(json_string_value(at(d, "policy")), "rr");
	EXPECT_STREQ(json_string_value(at(d, "topology")), "pack:1 core:4 pu:1");
	EXPECT_EQ(json_integer_value(at(d, "seed")), 5);
	EXPECT_EQ(json_integer_value(at(d, "sim_ns")), 10000000000);
	json_t *totals = at(d, "totals");
	EXPECT_EQ(json_integer_value(at(totals, "events")), 1234567);
	EXPECT_DOUBLE_EQ(json_real_value(at(totals, "wall_s")), 0.5);
	EXPECT_DOUBLE_EQ(json_real_value(at(totals, "events_per_s")), 2469134.0);
	EXPECT_EQ(json_integer_value(at(totals, "dispatches")), 1000);
	EXPECT_EQ(json_integer_value(at(totals, "migrations")), 10);
	EXPECT_STREQ(json_string_value(at(totals, "trace_hash")), "0000000000abcdef");
	ASSERT_EQ(json_array_size(at(d, "domains")), 3u);
	json_t *a = json_array_get(at(d, "domains"), 1), *rt = json_array_get(at(d, "domains"), 2);
	EXPECT_EQ(json_integer_value(at(a, "id")), 1);
	EXPECT_EQ(json_integer_value(at(a, "vcpus")), 2);
	EXPECT_EQ(json_integer_value(at(a, "weight")), 65535);
	EXPECT_DOUBLE_EQ(json_real_value(at(a, "cap")), 100.0);
	EXPECT_DOUBLE_EQ(json_real_value(at(a, "floor")), 0.0);
	EXPECT_DOUBLE_EQ(json_real_value(at(a, "used")), 50.0);
	EXPECT_DOUBLE_EQ(json_real_value(at(a, "entitled")), 62.5);
	EXPECT_EQ(json_integer_value(at(a, "misses")), 0);
	EXPECT_TRUE(json_is_true(at(a, "shadow")));
	EXPECT_TRUE(json_is_false(at(rt, "shadow")));
	EXPECT_EQ(json_integer_value(at(a, "shadow_held_count")), 1234);
	EXPECT_DOUBLE_EQ(json_real_value(at(a, "shadow_held_s")), 2.5);
	ASSERT_EQ(json_object_size(at(a, "wait")), static_cast<size_t>(RATION_WAIT_COUNT));
	EXPECT_DOUBLE_EQ(json_real_value(at(at(a, "wait"), "cap")), 150.0);
	EXPECT_STREQ(json_string_value(json_array_get(at(a, "not_honoured"), 0)), "weight");
	EXPECT_STREQ(json_string_value(at(rt, "name")), "rt");
	EXPECT_EQ(json_integer_value(at(rt, "jobs")), 1000);
	EXPECT_EQ(json_integer_value(at(rt, "misses")), 3);
	json_t *wake = at(rt, "wake_ns");
	EXPECT_EQ(json_integer_value(at(wake, "count")), 1000);
	EXPECT_EQ(json_integer_value(at(wake, "max")), 1000000);
	EXPECT_LE(json_integer_value(at(wake, "p50")), 500000);
	EXPECT_GE(json_integer_value(at(wake, "p50")), 484000);
	EXPECT_LE(json_integer_value(at(wake, "p99")), json_integer_value(at(wake, "p999")));
	ASSERT_EQ(json_array_size(at(d, "cpus")), 4u);
	EXPECT_DOUBLE_EQ(json_real_value(at(json_array_get(at(d, "cpus"), 3), "idle")), 100.0);
	json_decref(d);
}

TEST_F(Report, JsonOfSeveralRuns)
{
	sim_result runs[2] = {r, r};
	json_t *d = report_json_runs(&read.s, runs, 2);

	EXPECT_EQ(json_integer_value(at(d, "schema")), 1);
	ASSERT_EQ(json_array_size(at(d, "runs")), 2u);
	EXPECT_EQ(json_integer_value(at(json_array_get(at(d, "runs"), 1), "schema")), 1);
	json_decref(d);
}

TEST_F(Report, JsonThatCannotBeWrittenIsNoticed)
{
	json_t *d = report_json(&read.s, &r);
	FILE *full = std::fopen("/dev/full", "w");

	if (full != nullptr) {
		std::setvbuf(full, nullptr, _IONBF, 0);
		EXPECT_FALSE(report_json_write(d, full));
		std::fclose(full);
	}
	json_decref(d);
}

TEST(Count, GroupsDigits)
{
	char text[REPORT_COUNT_SIZE];

	EXPECT_STREQ(report_count(0, text), "0");
	EXPECT_STREQ(report_count(999, text), "999");
	EXPECT_STREQ(report_count(1000, text), "1,000");
	EXPECT_STREQ(report_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

} // namespace
