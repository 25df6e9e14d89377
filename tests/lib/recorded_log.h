/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorded_log.h - logs to replay, made without a simulator: an instance that
 * is driven through its recorder, and tools to change the bytes.
 *
 *     RecordedLog log;
 *     log.every_verb();
 *     Replayed(log.bytes).result
 */
#ifndef TESTS_LIB_RECORDED_LOG_H
#define TESTS_LIB_RECORDED_LOG_H

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "ration_credit.h"
#include "ration_record.h"
#include "ration_rr.h"
#include "ration_sedf.h"
#include "replay.h"

/* How a log is made: the bytes of a block at most, the words of the ring. */
struct RecordedOptions {
	size_t block = 4096;
	uint64_t ring = 1024;
	const char *writer = "a test 0.1.0";
	std::vector<const ration_policy *> policies = {&ration_credit, &ration_rr, &ration_sedf};
	uint32_t weight = 256;           /* of the domain "two" */
	bool drains = true;              /* false: only at the end */
};

class RecordedLog {
public:
	explicit RecordedLog(const RecordedOptions &o = {}) : options(o), ring(o.ring)
	{
		ration_config config = {};
		std::vector<uint8_t> header(RATION_RECORD_HEADER_MAX);
		size_t size;

		ration_topology_flat(&topology, 2);
		config.limits = {2, 3, 6};
		config.policies = options.policies.data();
		config.policy_count = static_cast<uint32_t>(options.policies.size());
		config.params = {10 * RATION_NS_PER_MS, RATION_NS_PER_MS};
		config.topology = &topology;
		size = ration_size(config.policies, config.policy_count, &config.limits);
		memory.reset(static_cast<char *>(operator new(size, std::align_val_t(16))));
		EXPECT_EQ(ration_init(memory.get(), size, &config, now, &r), RATION_OK);
		ration_record_init(&rec, r, &config);
		ration_record_start(&rec, ring.data(), ring.size(), now);
		size = ration_record_header(&config, now, options.writer, "a flat machine", header.data(),
		                            header.size());
		bytes.assign(reinterpret_cast<char *>(header.data()), size);
		header_size = size;
	}

	/* What was recorded goes into the bytes. */
	void drain()
	{
		std::vector<uint8_t> block(options.block);
		size_t size;

		while ((size = ration_record_drain(&rec, block.data(), block.size())) != 0)
			bytes.append(reinterpret_cast<char *>(block.data()), size);
	}
	void took()
	{
		if (options.drains)
			drain();
	}
	void end()
	{
		took();
		ration_record_end(&rec, now);
		drain();
	}

	ration_dom *domain(uint32_t id, const char *name, uint32_t weight = 256)
	{
		ration_attr attr;
		ration_dom *dom = nullptr;

		ration_attr_default(&attr);
		attr.weight = weight;
		EXPECT_EQ(ration_record_dom_admit(&rec, id, &attr, now, &fx, &dom), RATION_OK);
		if (name != nullptr)
			ration_record_name(&rec, dom, name);
		took();
		return dom;
	}
	ration_vcpu *vcpu(ration_dom *dom, uint32_t idx, ration_cpuset hard = 3)
	{
		ration_vcpu *v = nullptr;

		EXPECT_EQ(ration_record_admit(&rec, dom, idx, {hard, RATION_CPUSET_ALL}, now, &fx, &v,
		                              nullptr), RATION_OK);
		took();
		return v;
	}
	/* CPU c decides, and saves at once. */
	ration_vcpu *decide(ration_cpu c)
	{
		ration_decision d;

		rec.from = c;
		ration_record_decide(&rec, c, now, &d, &fx);
		if (d.switched)
			ration_record_saved(&rec, c, now, &fx);
		rec.from = RATION_CPU_NONE;
		took();
		return d.vcpu;
	}
	void wake(ration_vcpu *v) { ration_record_wake(&rec, v, now, &fx), took(); }

	/* Each kind of record at least once, but for the gap. */
	void every_verb()
	{
		ration_dom *one = domain(1, "one"), *two = domain(7, "a longer name: two", options.weight);
		ration_vcpu *a = vcpu(one, 0), *b = vcpu(one, 1), *c = vcpu(two, 0);

		for (ration_vcpu *v : {a, b, c})
			wake(v);
		run_for(5);
		verbs_of_vcpus(a, c);
		verbs_of_domains(two);
		verbs_of_machine();
		leave(two, c);
		end();
	}

	/* Both CPUs decide now and then. */
	void run_for(uint32_t slices)
	{
		for (uint32_t i = 0; i < slices; i++) {
			decide(i % 2);
			decide((i + 1) % 2);
			now += 4000003;
		}
	}

	RecordedOptions options;
	std::string bytes;
	size_t header_size;
	ration_topology topology;
	ration *r = nullptr;
	ration_record rec;
	ration_ns now = 5000;
	ration_effects fx;

private:
	struct Delete {
		void operator()(char *p) const { operator delete(p, std::align_val_t(16)); }
	};
	std::vector<uint64_t> ring;
	std::unique_ptr<char, Delete> memory;

	/* Some vCPU runs. */
	ration_vcpu *running(ration_cpu *c)
	{
		for (*c = 0; *c < 2; ++*c) {
			ration_vcpu *v = decide(*c);

			if (v != nullptr)
				return v;
		}
		ADD_FAILURE() << "nothing runs";
		return nullptr;
	}
	void verbs_of_vcpus(ration_vcpu *a, ration_vcpu *other)
	{
		ration_cpu cpu;
		ration_vcpu *v = running(&cpu);

		ration_record_yield(&rec, v, now, &fx);
		decide(cpu);
		v = running(&cpu);
		ration_record_yield_to(&rec, v, other, now, &fx);
		decide(cpu);
		now += 1000;
		v = running(&cpu);
		rec.from = cpu;
		ration_record_block(&rec, v, now, &fx);
		decide(cpu);
		now += 3000000;
		wake(v);
		ration_record_pause(&rec, a, now, &fx);
		run_for(2);
		ration_record_resume(&rec, a, now, &fx);
		ration_record_down(&rec, a, now, &fx);
		run_for(2);
		ration_record_up(&rec, a, now, &fx);
		EXPECT_EQ(ration_record_pin(&rec, a, {2, 3}, now, &fx, nullptr), RATION_OK);
		EXPECT_NE(ration_record_pin(&rec, a, {0, 3}, now, &fx, nullptr), RATION_OK);
		run_for(4);
	}
	void verbs_of_domains(ration_dom *dom)
	{
		ration_attr attr;

		ration_dom_get(dom, &attr);
		attr.weight = 777;
		EXPECT_EQ(ration_record_dom_set(&rec, dom, &attr, now, &fx, nullptr), RATION_OK);
		ration_record_dom_pause(&rec, dom, now, &fx);
		run_for(2);
		ration_record_dom_resume(&rec, dom, now, &fx);
		ration_record_dom_charge(&rec, dom, 3000000, RATION_HELPER_BACKEND, now, &fx);
		run_for(4);
	}
	void verbs_of_machine()
	{
		ration_params params = {7 * RATION_NS_PER_MS, 0};

		EXPECT_EQ(ration_record_params_set(&rec, &params, now, &fx), RATION_OK);
		ration_record_expire(&rec, now, &fx);
		EXPECT_EQ(ration_record_cpu_down(&rec, 1, true, now, &fx, nullptr), RATION_OK);
		run_for(3);
		EXPECT_EQ(ration_record_cpu_up(&rec, 1, now, &fx), RATION_OK);
		EXPECT_NE(ration_record_cpu_up(&rec, 1, now, &fx), RATION_OK);
		run_for(3);
		EXPECT_EQ(ration_record_policy_set(&rec, &ration_rr, now, &fx, nullptr), RATION_OK);
		run_for(3);
		took();
	}
	void leave(ration_dom *dom, ration_vcpu *v)
	{
		if (ration_record_leave(&rec, v, now, &fx) == RATION_E_BUSY) {
			run_for(2);
			EXPECT_EQ(ration_record_leave(&rec, v, now, &fx), RATION_OK);
		}
		EXPECT_EQ(ration_record_dom_leave(&rec, dom, now, &fx), RATION_OK);
		run_for(2);
	}
};

/* ---- Bytes -------------------------------------------------------------- */

inline uint64_t log_get(const std::string &bytes, size_t at, unsigned size)
{
	uint64_t value = 0;

	while (size-- != 0)
		value = value << 8 | static_cast<uint8_t>(bytes[at + size]);
	return value;
}

inline void log_put(std::string &bytes, size_t at, unsigned size, uint64_t value)
{
	for (unsigned i = 0; i < size; i++)
		bytes[at + i] = static_cast<char>(value >> 8 * i);
}

/* All checksums as they should be for what the bytes now are. */
inline void log_reseal(std::string &bytes)
{
	size_t header = log_get(bytes, 12, 4), at = header, words;

	log_put(bytes, header - 4, 4, ration_record_crc(bytes.data(), header - 4));
	for (; at + RATION_RECORD_BLOCK_HEAD <= bytes.size(); at += RATION_RECORD_BLOCK_HEAD + words) {
		words = 8 * log_get(bytes, at + 4, 4);
		log_put(bytes, at + 16, 4,
		        ration_record_crc(bytes.data() + at + RATION_RECORD_BLOCK_HEAD, words));
		log_put(bytes, at + 20, 4, ration_record_crc(bytes.data() + at, 20));
	}
}

/* A word is changed, and the check of the record that it belongs to with it, as
 * one who forges a log would. */
inline void log_forge(std::string &bytes, const log_record &record, size_t word, uint64_t value)
{
	size_t at = record.raw[word].offset;
	uint64_t change = log_get(bytes, at, 8) ^ value, fold = change;

	fold ^= fold >> 32;
	fold = (fold ^ fold >> 16) & 0xFFFF;
	log_put(bytes, at, 8, value);
	log_put(bytes, record.offset, 2, log_get(bytes, record.offset, 2) ^ fold);
	log_reseal(bytes);
}

/* All records of a good log. */
inline std::vector<log_record> log_records(const std::string &bytes)
{
	std::vector<log_record> records;
	FILE *file = fmemopen(const_cast<char *>(bytes.data()), bytes.size(), "rb");
	log_record record;
	log l;

	if (!log_open_stream(&l, file, "log")) {
		ADD_FAILURE() << l.message;
		return records;
	}
	enum log_status status;
	while ((status = log_next(&l, &record)) == LOG_RECORD)
		records.push_back(record);
	EXPECT_EQ(status, LOG_DONE) << l.message;
	log_close(&l);
	return records;
}

/* A replay from beginning to end. */
struct Replayed {
	replay_result result = REPLAY_DAMAGED;
	std::string message, told;       /* log.message, and all that was said */
	uint64_t events = 0, decisions = 0, lost = 0;

	explicit Replayed(const std::string &bytes, bool check = false, bool tell = false)
	{
		FILE *file = fmemopen(const_cast<char *>(bytes.data()), bytes.size(), "rb");
		char *text = nullptr;
		size_t size = 0;
		replay_options options = {};
		replay r;
		log l;

		if (!log_open_stream(&l, file, "log")) {
			message = l.message;
			return;
		}
		options.check = check;
		options.errors = tell ? open_memstream(&text, &size) : nullptr;
		if (replay_open(&r, &l)) {
			result = replay_run(&r, &options);
			decisions = r.decisions;
			replay_close(&r);
		}
		message = l.message;
		events = l.events;
		lost = l.lost;
		log_close(&l);
		if (tell) {
			fclose(options.errors);
			told = text;
			free(text);
		}
	}
	/* "(event 12)" */
	uint64_t event() const
	{
		size_t at = message.find("(event ");

		return at == std::string::npos ? UINT64_MAX : std::stoull(message.substr(at + 7));
	}
	uint64_t byte() const
	{
		size_t at = message.find("byte ");

		return at == std::string::npos ? UINT64_MAX : std::stoull(message.substr(at + 5));
	}
};

#endif
