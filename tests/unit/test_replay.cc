/* SPDX-License-Identifier: BSD-2-Clause */
/* Replays: the same log answers the same, a forged one does not. */
#include <cstdlib>
#include <map>

#include "read_scenario.h"
#include "recorded_log.h"
#include "replay_table.h"
#include "simulation.h"

TEST(Replay, EveryVerbIsTheSame)
{
	RecordedLog recorded;
	recorded.every_verb();
	Replayed replayed(recorded.bytes, true);

	EXPECT_EQ(replayed.result, REPLAY_SAME) << replayed.message;
	EXPECT_EQ(replayed.events, ration_record_events(&recorded.rec));
	EXPECT_GT(replayed.decisions, 50u);
}

TEST(Replay, EachPolicyFirst)
{
	for (const ration_policy *first : {&ration_credit, &ration_rr, &ration_sedf}) {
		RecordedOptions options;
		options.policies = {first, &ration_rr};
		RecordedLog recorded(options);
		ration_dom *dom = recorded.domain(3, nullptr);

		for (uint32_t i = 0; i < 4; i++)
			recorded.wake(recorded.vcpu(dom, i));
		recorded.run_for(20);
		recorded.end();
		EXPECT_EQ(Replayed(recorded.bytes, true).result, REPLAY_SAME) << ration_policy_name(first);
	}
}

/* ---- Forged logs: right checksums, right checks ------------------------- */

/* Records of the verb, one after the other, with word `word` changed. */
struct Forged {
	std::string bytes;
	log_record record;

	Forged(const std::string &good, uint32_t verb, size_t word, uint64_t change, uint32_t skip = 0)
	    : bytes(good), record()
	{
		for (const log_record &r : log_records(good)) {
			if (r.verb != verb || skip-- != 0)
				continue;
			record = r;
			word += r.raw_count - r.arg_count - 1;
			log_forge(bytes, r, word, r.raw[word].word ^ change);
			return;
		}
		ADD_FAILURE() << "no such record";
	}
};

/* This is what a replay that repeats what the log says would not see. */
TEST(Replay, AnotherDecision)
{
	RecordedLog recorded;
	recorded.every_verb();
	const uint64_t slot = 1ull << 28;        /* another vCPU */
	Forged forged(recorded.bytes, RECORD_DECIDE, 0, slot, 3);
	Replayed replayed(forged.bytes, false, true);

	EXPECT_EQ(replayed.result, REPLAY_DIVERGED) << replayed.message;
	EXPECT_EQ(replayed.event(), forged.record.index);
	EXPECT_EQ(replayed.byte(), forged.record.offset);
	EXPECT_NE(replayed.told.find("the event:  decide of CPU "), std::string::npos);
	EXPECT_NE(replayed.told.find("the log:    one/v"), std::string::npos) << replayed.told;
	EXPECT_NE(replayed.told.find("What waits:"), std::string::npos);
}

TEST(Replay, IdleInPlaceOfAVcpu)
{
	RecordedLog recorded;
	recorded.every_verb();
	const uint64_t verb = (uint64_t(RECORD_DECIDE) ^ uint64_t(RECORD_IDLE)) << 16;
	std::vector<log_record> records = log_records(recorded.bytes);
	std::string bytes = recorded.bytes;

	for (const log_record &r : records)
		if (r.verb == RECORD_DECIDE && r.slot == 0) {
			log_forge(bytes, r, r.raw_count - 1, r.raw[r.raw_count - 1].word ^ verb);
			Replayed replayed(bytes, false, true);
			EXPECT_EQ(replayed.result, REPLAY_DIVERGED);
			EXPECT_EQ(replayed.event(), r.index);
			EXPECT_NE(replayed.told.find("the log:    idle"), std::string::npos) << replayed.told;
			return;
		}
	ADD_FAILURE();
}

/* A log that was changed and whose blocks have right checksums, but whose
 * records were not sealed again: at that very event. */
TEST(Replay, EachChangeAtItsEvent)
{
	RecordedLog recorded;
	recorded.every_verb();
	size_t checked = 0;

	for (const log_record &r : log_records(recorded.bytes)) {
		if (r.verb < RECORD_IDLE)
			continue;
		for (uint64_t change : {1ull << 44, 1ull << 3, 1ull << 28}) {
			std::string bytes = recorded.bytes;
			log_put(bytes, r.offset, 8, r.raw[r.raw_count - r.arg_count - 1].word ^ change);
			log_reseal(bytes);
			Replayed replayed(bytes);
			ASSERT_EQ(replayed.result, REPLAY_DIVERGED) << replayed.message;
			ASSERT_EQ(replayed.event(), r.index) << replayed.message;
			checked++;
		}
	}
	EXPECT_GT(checked, 300u);
}

/* Another weight, sealed: nothing of the weight is in the digest, so the replay
 * parts where the weight first makes a difference, which is where a recording
 * under that weight parts. */
TEST(Replay, AnotherWeight)
{
	RecordedOptions heavy;
	heavy.weight = 256 * 8;
	RecordedLog light, other(heavy);
	light.every_verb();
	other.every_verb();
	Forged forged(light.bytes, RECORD_DOM_ADMIT, 2, 256 ^ heavy.weight, 1);
	std::vector<log_record> a = log_records(light.bytes), b = log_records(other.bytes);
	uint64_t parts = 0;

	for (size_t i = 0; i < a.size() && i < b.size() && parts == 0; i++)
		if (a[i].verb != RECORD_DOM_ADMIT &&
		    a[i].raw[a[i].raw_count - a[i].arg_count - 1].word !=
		    b[i].raw[b[i].raw_count - b[i].arg_count - 1].word)
			parts = a[i].index;
	ASSERT_GT(parts, 6u);
	Replayed replayed(forged.bytes, false, true);
	EXPECT_EQ(replayed.result, REPLAY_DIVERGED);
	EXPECT_EQ(replayed.event(), parts) << replayed.told;
}

TEST(Replay, AnotherTime)
{
	RecordedLog recorded;
	recorded.every_verb();
	/* the block of a running vCPU, a microsecond later */
	Forged forged(recorded.bytes, RECORD_BLOCK, 0, 1000ull << 44);
	Replayed replayed(forged.bytes);

	EXPECT_EQ(replayed.result, REPLAY_DIVERGED) << replayed.message;
	EXPECT_GE(replayed.event(), forged.record.index);
}

/* Verbs that must not be called are told, not called. */
TEST(Replay, WhatCannotBe)
{
	RecordedLog recorded;
	recorded.every_verb();
	const struct { uint32_t from, to; const char *says; } changes[] = {
		{RECORD_DECIDE, RECORD_SAVED, "that CPU has nothing to save"},
		{RECORD_SAVED, RECORD_IDLE, "is not saved yet"},
		{RECORD_WAKE, RECORD_BLOCK, "that vCPU does not run"},
		{RECORD_PAUSE, RECORD_RESUME, "that vCPU is not paused"},
		{RECORD_DOM_PAUSE, RECORD_DOM_RESUME, "that domain is not paused"},
	};

	for (const auto &change : changes) {
		Forged forged(recorded.bytes, change.from, 0, uint64_t(change.from ^ change.to) << 16);
		Replayed replayed(forged.bytes, false, true);
		EXPECT_EQ(replayed.result, REPLAY_DIVERGED);
		EXPECT_EQ(replayed.event(), forged.record.index);
		EXPECT_NE(replayed.told.find(change.says), std::string::npos) << replayed.told;
	}
	const struct { uint32_t verb; size_t word; uint64_t change; const char *says; } wrong[] = {
		{RECORD_WAKE, 0, 5ull << 28, "there is no vCPU at that place"},
		{RECORD_WAKE, 0, 0xFFFFull << 28, "there is no vCPU at that place"},
		{RECORD_ADMIT, 0, 2ull << 28, "there is no domain at that place"},
		{RECORD_ADMIT, 0, 0xFFFFull << 28, "there is no domain at that place"},
		{RECORD_DECIDE, 0, 0x70ull << 21, "there is no such CPU"},
		{RECORD_POLICY, 0, 16ull << 28, "there is no such policy"},
		{RECORD_YIELD_TO, 1, 1ull << 40, "the vCPU that it yields to is not there"},
		{RECORD_DOM_CHARGE, 1, 1ull << 63, "no domain can be charged that"},
		{RECORD_DOM_CHARGE, 2, 1ull << 8, "no domain can be charged that"},
	};
	for (const auto &w : wrong) {
		Forged forged(recorded.bytes, w.verb, w.word, w.change);
		Replayed replayed(forged.bytes, false, true);
		EXPECT_EQ(replayed.result, REPLAY_DIVERGED);
		EXPECT_EQ(replayed.event(), forged.record.index);
		EXPECT_NE(replayed.told.find(w.says), std::string::npos) << replayed.told;
	}
}

TEST(Replay, AnotherWriterIsNamed)
{
	RecordedOptions options;
	options.writer = "ration-threads 9.9.9";
	RecordedLog recorded(options);
	recorded.every_verb();
	Forged forged(recorded.bytes, RECORD_DECIDE, 0, 1ull << 28, 3);

	EXPECT_NE(Replayed(forged.bytes, false, true).told.find("written by ration-threads 9.9.9; this "
	          "is ration "), std::string::npos);
}

/* ---- What the simulator records ----------------------------------------- */

struct Run {
	std::string bytes;
	sim_result result;

	Run(const scenario &s, bool record)
	{
		sim_options options = {};
		char *text = nullptr;
		size_t size = 0;

		options.record = record ? open_memstream(&text, &size) : nullptr;
		options.record_writer = "ration run";
		EXPECT_TRUE(sim_run(&s, &options, &result));
		if (!record)
			return;
		fclose(options.record);
		bytes.assign(text, size);
		free(text);
	}
	~Run() { sim_result_free(&result); }
	Run(const Run &) = delete;
};

static void expect_same(const ration_ledger &a, const ration_ledger &b)
{
	EXPECT_EQ(a.running_ns, b.running_ns);
	EXPECT_EQ(a.blocked_ns, b.blocked_ns);
	EXPECT_EQ(a.down_ns, b.down_ns);
	for (uint32_t w = 0; w < RATION_WAIT_COUNT; w++)
		EXPECT_EQ(a.wait_ns[w], b.wait_ns[w]) << ration_wait_name(static_cast<ration_wait>(w));
}

static void expect_same(const scenario_domain &s, const sim_domain &a, const scenario_domain &t,
                        const sim_domain &b)
{
	SCOPED_TRACE(s.name);
	EXPECT_EQ(s.vcpu_count, t.vcpu_count);
	EXPECT_EQ(s.attr.weight, t.attr.weight);
	EXPECT_EQ(s.attr.cap_ppm, t.attr.cap_ppm);
	EXPECT_EQ(s.attr.floor_ppm, t.attr.floor_ppm);
	EXPECT_EQ(s.attr.slice_ns, t.attr.slice_ns);
	expect_same(a.ledger, b.ledger);
	EXPECT_EQ(a.run_done_ns, b.run_done_ns);
	EXPECT_EQ(a.wait_done_ns, b.wait_done_ns);
	EXPECT_EQ(a.dispatches, b.dispatches);
	EXPECT_EQ(a.migrations, b.migrations);
	EXPECT_EQ(memcmp(&a.wake_ns, &b.wake_ns, sizeof(a.wake_ns)), 0);
	if (s.workload.kind == WORKLOAD_HOG) {
		EXPECT_EQ(t.workload.kind, WORKLOAD_HOG);
	}
}

/* A recorded run replays the same, and its accounts are the run's. */
static void expect_replays(const scenario &s)
{
	Run plain(s, false), run(s, true);
	FILE *file = fmemopen(run.bytes.data(), run.bytes.size(), "rb");
	replay_options options = {};
	sim_options none = {};
	replay_table table;
	std::map<std::string, uint32_t> row;
	replay r;
	log l;

	EXPECT_EQ(plain.result.trace_hash, run.result.trace_hash) << "recording changed the run";
	ASSERT_TRUE(log_open_stream(&l, file, "log")) << l.message;
	ASSERT_TRUE(replay_open(&r, &l));
	replay_table_init(&table, &r, &none);
	options.errors = stderr;
	options.check = run.bytes.size() < 1000000;
	EXPECT_EQ(replay_run(&r, &options), REPLAY_SAME) << l.message;
	replay_table_end(&table);
	EXPECT_EQ(table.result.trace_hash, run.result.trace_hash);
	EXPECT_EQ(table.result.sim_ns, run.result.sim_ns);
	EXPECT_EQ(table.result.dispatches, run.result.dispatches);
	EXPECT_EQ(table.result.preemptions, run.result.preemptions);
	EXPECT_EQ(table.result.migrations, run.result.migrations);
	EXPECT_EQ(table.result.cpu_count, run.result.cpu_count);
	for (uint32_t c = 0; c < run.result.cpu_count; c++) {
		EXPECT_EQ(table.result.cpu[c].busy_ns, run.result.cpu[c].busy_ns);
		EXPECT_EQ(table.result.cpu[c].idle_ns, run.result.cpu[c].idle_ns);
		EXPECT_EQ(table.result.cpu[c].overhead_ns, run.result.cpu[c].overhead_ns);
		EXPECT_EQ(table.result.cpu[c].offline_ns, run.result.cpu[c].offline_ns);
	}
	for (uint32_t i = 0; i < table.scenario.domain_count; i++)
		row[table.scenario.domain[i].name] = i;
	for (uint32_t i = 0; i < s.domain_count; i++) {
		if (s.domain[i].start_ns >= s.time_ns)
			continue;
		ASSERT_EQ(row.count(s.domain[i].name), 1u) << s.domain[i].name;
		uint32_t k = row[s.domain[i].name];
		expect_same(s.domain[i], run.result.domain[i], table.scenario.domain[k],
		            table.result.domain[k]);
	}
	replay_table_fini(&table);
	replay_close(&r);
	log_close(&l);
}

TEST(Replay, ShippedScenarios)
{
	for (const char *name : {"server", "hotplug", "locks", "overcommit", "edf95", "cap", "floor",
	                         "weights", "recorded", "rw2"}) {
		SCOPED_TRACE(name);
		Scenario from = Scenario::of_file((std::string("sim/scenarios/") + name + ".yaml").c_str());
		ASSERT_TRUE(from.ok);
		if (from.s.time_ns > 2 * RATION_NS_PER_S)
			from.s.time_ns = 2 * RATION_NS_PER_S;
		for (const ration_policy *policy : {&ration_credit, &ration_rr}) {
			if (policy != &ration_credit && std::string(name) != "server")
				continue;
			from.s.policy = policy == &ration_credit ? from.s.policy : policy;
			expect_replays(from.s);
		}
	}
}

/* Whatever a scenario can make happen: in the log, and the same again. */
TEST(Replay, ScenarioEvents)
{
	Scenario from(R"(
host: {topology: "core:4 pu:1", costs: typical}
time: 500ms
dom0: {vcpus: 2, floor: 20}
domains:
  - {name: a, vcpus: 3, weight: 512, workload: {loop: {run: exp(1ms), block: exp(1ms)}}}
  - {name: s, workload: {server: {arrivals: poisson(2000/s), service: exp(300us),
     through_dom0: 60us, charge: true}}}
  - {name: b, vcpus: 2, cap: 50, workload: {hog: {}}}
  - {name: c, vcpus: 2, start: 50ms, workload: {loop: {run: 300us, block: 2ms}}}
events:
  - {at: 60ms, domain: a, set: {weight: 100}}
  - {at: 80ms, domain: b, pause: true}
  - {at: 120ms, domain: b, resume: true}
  - {at: 150ms, domain: a, vcpus: 1}
  - {at: 200ms, domain: a, vcpus: 3}
  - {at: 210ms, domain: a, pin: {vcpu: 1, cpus: "0-1"}}
  - {at: 220ms, cpu: 1, offline: true}
  - {at: 260ms, cpu: 1, online: true}
  - {at: 300ms, domain: c, destroy: true}
  - {at: 350ms, policy: rr}
)");

	ASSERT_TRUE(from.ok);
	expect_replays(from.s);
}

/* `make prove`: ten million decisions, streamed; else a sample. */
TEST(Replay, TenMillionDecisions)
{
	bool whole = std::getenv("RATION_PROVE") != nullptr;
	Scenario from = Scenario::of_file("sim/scenarios/server.yaml");
	FILE *file = tmpfile();
	sim_options options = {};
	replay_options no_options = {};
	sim_result result;
	replay r;
	log l;

	ASSERT_NE(file, nullptr);
	from.s.time_ns = (whole ? 420 : 10) * RATION_NS_PER_S;
	options.record = file;
	ASSERT_TRUE(sim_run(&from.s, &options, &result));
	sim_result_free(&result);
	rewind(file);
	ASSERT_TRUE(log_open_stream(&l, file, "log")) << l.message;
	ASSERT_TRUE(replay_open(&r, &l));
	EXPECT_EQ(replay_run(&r, &no_options), REPLAY_SAME) << l.message;
	EXPECT_GE(r.decisions, whole ? 10000000u : 200000u);
	replay_close(&r);
	log_close(&l);
}
