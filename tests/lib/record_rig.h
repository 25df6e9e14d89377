/* SPDX-License-Identifier: BSD-2-Clause */
/* record_rig.h - an instance with a recorder, and a reader that takes its blocks apart. */
#ifndef RECORD_RIG_H
#define RECORD_RIG_H

#include <cstring>

#include "host.h"
#include "ration_record.h"
#include "ration_sedf.h"

inline uint64_t number_at(const uint8_t *at, int bytes)
{
	uint64_t value = 0;
	for (int i = bytes; i-- > 0;)
		value = value << 8 | at[i];
	return value;
}

struct Record {
	uint32_t verb, cpu, slot;
	ration_ns at;
	std::vector<uint64_t> arg;
	uint32_t check;
	uint64_t word;
};

/* Takes the stream of words apart; what stands before a record is in its time. */
inline std::vector<Record> records_of(const std::vector<uint64_t> &words, ration_ns at = 0)
{
	std::vector<Record> all;
	for (size_t i = 0; i < words.size();) {
		ration_record_word head = ration_record_split(words[i]);
		uint32_t count = ration_record_args(head);
		Record r = {head.verb, head.cpu, head.slot, at += head.delta_ns, {}, head.check,
		            words[i++]};
		EXPECT_LE(i + count, words.size()) << "a record is cut off";
		if (i + count > words.size())
			break;
		r.arg.assign(words.begin() + long(i), words.begin() + long(i + count));
		i += count;
		if (head.verb == RECORD_TIME)
			at += r.arg[0];
		all.push_back(r);
	}
	return all;
}

/* Drains until nothing waits, and holds every block against its description. */
struct Reader {
	ration_record *rec;
	std::vector<uint64_t> words;
	std::vector<uint8_t> bytes;
	size_t blocks = 0;

	bool drain(size_t size = 1 << 16)
	{
		std::vector<uint8_t> b(size);
		size_t got = ration_record_drain(rec, b.data(), size);
		if (got == 0)
			return false;
		uint64_t count = number_at(&b[4], 4);
		EXPECT_EQ(0, std::memcmp(b.data(), "RBLK", 4));
		EXPECT_EQ(RATION_RECORD_BLOCK_HEAD + 8 * count, got);
		EXPECT_EQ(words.size(), number_at(&b[8], 8));
		EXPECT_EQ(ration_record_crc(&b[24], 8 * count), number_at(&b[16], 4));
		EXPECT_EQ(ration_record_crc(b.data(), 20), number_at(&b[20], 4));
		for (uint64_t i = 0; i < count; i++)
			words.push_back(number_at(&b[24 + 8 * i], 8));
		bytes.insert(bytes.end(), b.begin(), b.begin() + long(got));
		blocks++;
		return true;
	}
};

struct Rig {
	std::vector<const ration_policy *> policies = {&ration_credit, &ration_sedf, &ration_rr};
	std::vector<uint64_t> ring;
	std::vector<uint64_t> memory;
	ration_config config = {};
	ration *r = nullptr;
	ration_record rec;
	ration_effects fx = {};
	ration_refusal why = {};
	ration_ns now;
	ration_dom *dom = nullptr;
	std::vector<ration_vcpu *> vcpu;
	Reader reader = {&rec, {}, {}};

	explicit Rig(uint64_t words = 4096, ration_ns start_ns = 0,
	             ration_ns tslice_ns = RATION_TSLICE_DEFAULT_NS)
		: ring(words), now(start_ns)
	{
		config.limits = {3, 8, 32};
		config.policies = policies.data();
		config.policy_count = uint32_t(policies.size());
		config.params = {tslice_ns, RATION_RATELIMIT_DEFAULT_NS};
		size_t size = ration_size(config.policies, config.policy_count, &config.limits);
		memory.resize(size / 8 + 2);
		char *block = reinterpret_cast<char *>(memory.data());
		block += 16 - (uintptr_t(block) & 15);
		EXPECT_EQ(RATION_OK, ration_init(block, size, &config, now, &r));
		ration_record_init(&rec, r, &config);
		if (words != 0)
			ration_record_start(&rec, ring.data(), words, now);
	}
	Rig(const Rig &) = delete;

	void domain(const ration_attr &a = attr_of(), uint32_t id = 7)
	{
		ASSERT_EQ(RATION_OK, ration_record_dom_admit(&rec, id, &a, now, &fx, &dom));
	}
	void admit(uint32_t idx, ration_affinity affinity = {7, 7})
	{
		ration_vcpu *v = nullptr;
		ASSERT_EQ(RATION_OK,
		          ration_record_admit(&rec, dom, idx, affinity, now, &fx, &v, &why));
		vcpu.push_back(v);
	}
	void two()
	{
		domain();
		admit(0);
		admit(1);
	}
	void decide(ration_cpu c)
	{
		ration_decision d;
		ration_record_decide(&rec, c, now, &d, &fx);
		if (d.switched)
			ration_record_saved(&rec, c, now, &fx);
	}
	/* An event of one word that answers always the same. */
	void event(size_t i = 0)
	{
		ration_record_pause(&rec, vcpu[i], now, &fx);
	}
	std::vector<uint64_t> words()
	{
		while (reader.drain())
			;
		return reader.words;
	}
	std::vector<Record> records(ration_ns at = 0) { return records_of(words(), at); }
};

#endif
