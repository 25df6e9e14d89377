/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hand_log.h - a log made by hand, verb by verb, and what is read off it:
 * for tests.
 *
 *     Recorder r;
 *     ration_vcpu *v = r.vcpu(r.dom("web", 1), 0);
 *     r.burst(v, 3, 2);                       (from 3 ms on, 2 ms long)
 *     Loaded l(r.log(10));
 *     l.bursts(0, 0)
 */
#ifndef TESTS_LIB_HAND_LOG_H
#define TESTS_LIB_HAND_LOG_H

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "load.h"
#include "load_cost.h"
#include "ration_credit.h"
#include "ration_rr.h"

constexpr ration_ns MS = 1000000;

/* Verbs by hand, as a log. */
struct Recorder {
	static constexpr ration_ns START = 5000 * MS;    /* times below count from here */
	const ration_policy *policies[2] = {&ration_rr, &ration_credit};
	ration_config config = {};
	std::vector<char> memory;
	std::vector<uint64_t> ring = std::vector<uint64_t>(1 << 16);
	ration *instance = nullptr;
	ration_record record;
	ration_effects fx;
	ration_refusal why;
	ration_ns now = START;

	explicit Recorder(uint32_t cpus = 1)
	{
		config.limits = {cpus, 8, 16};
		config.policies = policies;
		config.policy_count = 2;
		config.params = {10 * MS, 0};
		memory.resize(ration_size(policies, 2, &config.limits) + 16);
		void *at = memory.data() + (16 - reinterpret_cast<uintptr_t>(memory.data()) % 16) % 16;
		EXPECT_EQ(ration_init(at, memory.size() - 16, &config, START, &instance), RATION_OK);
		ration_record_init(&record, instance, &config);
		ration_record_start(&record, ring.data(), ring.size(), START);
	}
	Recorder &at(double ms)
	{
		now = START + static_cast<ration_ns>(ms * 1e6 + 0.5);
		return *this;
	}
	ration_dom *dom(const char *name, uint32_t id)
	{
		ration_attr attr;
		ration_dom *d = nullptr;

		ration_attr_default(&attr);
		EXPECT_EQ(ration_record_dom_admit(&record, id, &attr, now, &fx, &d), RATION_OK);
		ration_record_name(&record, d, name);
		return d;
	}
	ration_vcpu *vcpu(ration_dom *d, uint32_t idx, ration_cpuset hard = RATION_CPUSET_NONE)
	{
		ration_cpuset all = ration_cpuset_first_count(config.limits.cpu_count);
		ration_vcpu *v = nullptr;

		EXPECT_EQ(ration_record_admit(&record, d, idx, {hard != 0 ? hard : all, RATION_CPUSET_ALL},
		                              now, &fx, &v, &why), RATION_OK);
		return v;
	}
	void wake(ration_vcpu *v) { ration_record_wake(&record, v, now, &fx); }
	/* c decides, and its switch takes so long. */
	ration_vcpu *decide(ration_cpu c, double switch_ms = 0)
	{
		ration_decision decision;

		ration_record_decide(&record, c, now, &decision, &fx);
		if (decision.switched) {
			at(static_cast<double>(now - START) / 1e6 + switch_ms);
			ration_record_saved(&record, c, now, &fx);
		}
		return decision.vcpu;
	}
	/* Wake, run for so long, and block. */
	void burst(ration_vcpu *v, double from_ms, double run_ms)
	{
		at(from_ms).wake(v);
		EXPECT_EQ(decide(0), v);
		at(from_ms + run_ms);
		ration_record_block(&record, v, now, &fx);
		decide(0);
	}
	std::string log(double end_ms)
	{
		std::string text(RATION_RECORD_HEADER_MAX, '\0');
		char block[4096];
		size_t size = ration_record_header(&config, START, "test", "here", text.data(),
		                                   text.size());

		at(end_ms);
		ration_record_end(&record, now);
		EXPECT_EQ(ration_record_lost(&record), 0u);
		text.resize(size);
		while ((size = ration_record_drain(&record, block, sizeof(block))) != 0)
			text.append(block, size);
		return text;
	}
};

/* The scenario of a log. */
struct Loaded {
	scenario s = {};
	bool ok = false;
	char message[LOAD_MESSAGE_SIZE] = "";
	scenario_costs costs = {};

	explicit Loaded(const std::string &text)
	{
		std::string copy = text;
		auto l = std::make_unique<log>();
		auto cost = std::make_unique<load_cost>();
		replay r;
		replay_options options = {};
		load *gathered;

		options.errors = stderr;
		if (!log_open_stream(l.get(), fmemopen(copy.data(), copy.size(), "rb"), "test.log")) {
			ADD_FAILURE() << l->message;
			return;
		}
		EXPECT_TRUE(replay_open(&r, l.get())) << l->message;
		gathered = load_new(l.get());
		load_cost_init(cost.get());
		replay_observe(&r, load_observer(gathered));
		replay_observe(&r, load_cost_observer(cost.get()));
		EXPECT_EQ(replay_run(&r, &options), REPLAY_SAME);
		ok = load_scenario(gathered, "test.log", &s, message);
		load_cost_get(cost.get(), &costs);
		load_free(gathered);
		replay_close(&r);
		log_close(l.get());
	}
	~Loaded()
	{
		if (ok)
			scenario_free(&s);
	}
	Loaded(const Loaded &) = delete;

	/* "2,8 1,yields": run and blocked in ms. */
	std::string bursts(uint32_t domain, uint32_t vcpu) const
	{
		const scenario_recorded &of = s.domain[domain].workload.recorded[vcpu];
		std::string text;
		char number[64];

		for (uint64_t i = 0; i < of.count; i++) {
			const scenario_burst &b = of.burst[i];

			snprintf(number, sizeof(number), "%s%g,", i == 0 ? "" : " ",
			         static_cast<double>(b.run_ns) / 1e6);
			text += number;
			snprintf(number, sizeof(number), "%g", static_cast<double>(b.then_ns) / 1e6);
			text += b.then_ns == BURST_SLEEPS ? "sleeps" : b.then_ns == BURST_YIELDS ? "yields" :
			        b.then_ns == BURST_GOES_ON ? "goes on" : number;
		}
		return text;
	}
	double phase(uint32_t domain, uint32_t vcpu) const
	{
		return static_cast<double>(s.domain[domain].workload.phase_ns[vcpu]) / 1e6;
	}
	/* "at 3 set 0 weight; ..." */
	std::string events() const
	{
		static const char *const name[] = {"set", "pin", "pause", "resume", "destroy", "count",
		                                   "offline", "online", "policy"};
		std::string text;
		char line[160];

		for (uint32_t i = 0; i < s.event_count; i++) {
			const scenario_event &e = s.event[i];

			snprintf(line, sizeof(line), "%s%g %s %u", i == 0 ? "" : "; ",
			         static_cast<double>(e.at_ns) / 1e6, name[e.kind],
			         e.kind == EVENT_CPU_OFFLINE || e.kind == EVENT_CPU_ONLINE ? e.cpu : e.domain);
			text += line;
		}
		return text;
	}
};

#endif
