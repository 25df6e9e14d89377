/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader of logs: what it takes, and where it says that something is wrong. */
#include <set>

#include "recorded_log.h"

static std::string open_message(const std::string &bytes)
{
	FILE *file = fmemopen(const_cast<char *>(bytes.data()), bytes.size(), "rb");
	log l;

	if (!log_open_stream(&l, file, "log"))
		return l.message;
	log_close(&l);
	return "";
}

TEST(Log, Header)
{
	RecordedLog recorded;
	recorded.end();
	FILE *file = fmemopen(recorded.bytes.data(), recorded.bytes.size(), "rb");
	log l;

	ASSERT_TRUE(log_open_stream(&l, file, "log")) << l.message;
	EXPECT_STREQ(l.writer, "a test 0.1.0");
	EXPECT_STREQ(l.machine, "a flat machine");
	EXPECT_EQ(l.start_ns, 5000u);
	EXPECT_EQ(l.config.limits.cpu_count, 2u);
	EXPECT_EQ(l.config.limits.dom_count, 3u);
	EXPECT_EQ(l.config.limits.vcpu_count, 6u);
	EXPECT_EQ(l.config.params.tslice_ns, 10 * RATION_NS_PER_MS);
	ASSERT_EQ(l.config.policy_count, 3u);
	EXPECT_EQ(l.config.policies[2], &ration_sedf);
	ASSERT_NE(l.config.topology, nullptr);
	EXPECT_EQ(l.config.topology->cpu_count, 2u);
	EXPECT_EQ(l.config.topology->core_count, 2u);
	EXPECT_EQ(l.config.topology->distance[0][0], 10);
	log_close(&l);
}

TEST(Log, EveryVerb)
{
	RecordedLog recorded;
	std::set<uint32_t> seen;
	uint64_t events = 0;
	ration_ns now = 0;

	recorded.every_verb();
	for (const log_record &record : log_records(recorded.bytes)) {
		seen.insert(record.verb);
		events += record.verb >= RECORD_IDLE;
		EXPECT_EQ(record.index, events);
		EXPECT_GE(record.now_ns, now);
		EXPECT_FALSE(record.suspect);
		now = record.now_ns;
		if (record.raw_count > record.arg_count + 1)
			seen.insert(RECORD_TIME);
		for (uint32_t i = 0; i < record.raw_count; i++)
			EXPECT_EQ(log_get(recorded.bytes, record.raw[i].offset, 8), record.raw[i].word);
	}
	EXPECT_EQ(events, ration_record_events(&recorded.rec));
	EXPECT_EQ(now, recorded.now);
	for (uint32_t verb = RECORD_NONE + 1; verb < RECORD_VERB_COUNT; verb++)
		EXPECT_EQ(seen.count(verb), verb != RECORD_GAP) << ration_record_verb_name(verb);
}

TEST(Log, BlocksMayCutRecords)
{
	RecordedOptions small;
	small.block = RATION_RECORD_BLOCK_MIN;
	RecordedLog whole, cut(small);

	whole.every_verb();
	cut.every_verb();
	ASSERT_GT(cut.bytes.size(), whole.bytes.size());
	std::vector<log_record> a = log_records(whole.bytes), b = log_records(cut.bytes);
	ASSERT_EQ(a.size(), b.size());
	for (size_t i = 0; i < a.size(); i++) {
		EXPECT_EQ(a[i].verb, b[i].verb);
		EXPECT_EQ(a[i].now_ns, b[i].now_ns);
		ASSERT_EQ(a[i].raw_count, b[i].raw_count);
		for (uint32_t k = 0; k < a[i].raw_count; k++)
			EXPECT_EQ(a[i].raw[k].word, b[i].raw[k].word);
	}
}

TEST(Log, Foreign)
{
	RecordedLog recorded;
	recorded.every_verb();
	std::string bytes = recorded.bytes;

	EXPECT_EQ(open_message(""), "log: byte 0: the file is empty, expected a log as 'ration run "
	                            "--record' writes");
	EXPECT_EQ(open_message("host: {topology: ...}\n"), "log: byte 0: this is no log, expected one "
	          "as 'ration run --record' writes");
	log_put(bytes, 8, 4, 2);
	log_reseal(bytes);
	EXPECT_EQ(open_message(bytes), "log: byte 8: a log of version 2, expected version 1");
	bytes = recorded.bytes;
	bytes.replace(192, 6, "lottry");
	log_reseal(bytes);
	EXPECT_EQ(open_message(bytes), "log: byte 192: a log under policy 'lottry', expected one that "
	          "this program has: credit, sedf or rr");
}

/* Numbers out of range, with right checksums. */
TEST(Log, HeaderRanges)
{
	RecordedLog recorded;
	recorded.every_verb();
	const struct { size_t at; unsigned size; uint64_t value; const char *says; } wrong[] = {
		{16, 4, 0, "0 CPUs"}, {16, 4, 65, "65 CPUs"}, {16, 4, 3, "bytes, expected"},
		{20, 4, 0, "0 domains"}, {20, 4, 4097, "4097 domains"}, {24, 4, 65537, "65537 vCPUs"},
		{28, 4, 0, "0 policies"}, {28, 4, 65, "65 policies"}, {48, 8, 1ull << 63, "146 years"},
		{56, 4, 65, "65 nodes"}, {56, 4, 2, "bytes, expected"},
		{192 + 3 * 16, 2, 5, "a machine that cannot be"},
		{192 + 3 * 16 + 8, 2, 0, "a machine that cannot be"},
	};

	for (const auto &w : wrong) {
		std::string bytes = recorded.bytes;
		log_put(bytes, w.at, w.size, w.value);
		log_reseal(bytes);
		EXPECT_NE(open_message(bytes).find(w.says), std::string::npos)
			<< w.at << ": " << open_message(bytes);
	}
	std::string bytes = recorded.bytes;
	log_put(bytes, 32, 8, 7);        /* tslice: the scheduler says so */
	log_reseal(bytes);
	Replayed replayed(bytes);
	EXPECT_EQ(replayed.result, REPLAY_DAMAGED);
	EXPECT_NE(replayed.message.find("does not take"), std::string::npos) << replayed.message;
}

TEST(Log, NoSuchFile)
{
	log l;

	EXPECT_FALSE(log_open(&l, "/nowhere/at/all.log"));
	EXPECT_STREQ(l.message, "/nowhere/at/all.log: cannot be read: No such file or directory");
}

/* Blocks that are missing, twice there, or not in order. */
TEST(Log, BlocksInOrder)
{
	RecordedOptions small;
	small.block = 128;
	RecordedLog recorded(small);
	recorded.every_verb();
	const std::string &good = recorded.bytes;
	size_t first = recorded.header_size;
	size_t size = RATION_RECORD_BLOCK_HEAD + 8 * log_get(good, first + 4, 4);
	std::string missing = good.substr(0, first) + good.substr(first + size);
	std::string twice = good.substr(0, first + size) + good.substr(first);

	EXPECT_EQ(Replayed(missing).result, REPLAY_DAMAGED);
	EXPECT_NE(Replayed(missing).message.find("expected word 0"), std::string::npos);
	EXPECT_EQ(Replayed(twice).result, REPLAY_DAMAGED);
	EXPECT_NE(Replayed(twice).message.find("begins with word 0"), std::string::npos);
	EXPECT_NE(Replayed(good + "x").message.find("nothing behind the end"), std::string::npos);
	EXPECT_NE(Replayed(good + good.substr(first)).message.find("nothing behind the end"),
	          std::string::npos);
}

TEST(Log, CutAtEveryByte)
{
	RecordedOptions small;
	small.block = 200;
	RecordedLog recorded(small);
	recorded.every_verb();
	ASSERT_EQ(Replayed(recorded.bytes).result, REPLAY_SAME);

	for (size_t size = 0; size < recorded.bytes.size(); size++) {
		Replayed replayed(recorded.bytes.substr(0, size));

		ASSERT_EQ(replayed.result, REPLAY_DAMAGED) << size;
		if (size >= recorded.header_size) {
			ASSERT_EQ(replayed.byte(), size) << replayed.message;
		}
		if (size >= 16) {
			ASSERT_NE(replayed.message.find("cut off"), std::string::npos)
				<< size << " " << replayed.message;
		}
	}
}

/* Each bit of a log: caught, and one in a record at that record. */
TEST(Log, EveryBit)
{
	RecordedOptions small;
	small.block = 500;
	RecordedLog recorded(small);
	recorded.every_verb();
	std::vector<uint64_t> event_of(recorded.bytes.size(), 0);   /* 0: not in a record */

	for (const log_record &record : log_records(recorded.bytes))
		for (uint32_t i = 0; i < record.raw_count; i++)
			for (size_t k = 0; k < 8; k++)
				event_of[record.raw[i].offset + k] =
					record.index + (record.verb < RECORD_IDLE);
	for (size_t bit = 0; bit < 8 * recorded.bytes.size(); bit++) {
		std::string bytes = recorded.bytes;

		bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
		Replayed replayed(bytes);
		ASSERT_EQ(replayed.result, REPLAY_DAMAGED) << bit / 8 << " " << replayed.message;
		if (event_of[bit / 8] != 0) {
			ASSERT_EQ(replayed.event(), event_of[bit / 8])
				<< "byte " << bit / 8 << " bit " << bit % 8 << ": " << replayed.message;
		}
	}
}

/* A ring that is full loses events; the log says how many, and stops there. */
TEST(Log, Gap)
{
	RecordedOptions late;
	late.drains = false;
	late.ring = RATION_RECORD_WORDS_MIN;
	RecordedLog recorded(late);
	ration_vcpu *v = recorded.vcpu(recorded.domain(1, "one"), 0);

	recorded.wake(v);
	while (ration_record_lost(&recorded.rec) < 3)
		recorded.run_for(1);
	uint64_t events = ration_record_events(&recorded.rec);
	recorded.drain();
	recorded.run_for(1);
	recorded.end();
	Replayed replayed(recorded.bytes);
	EXPECT_EQ(replayed.result, REPLAY_DAMAGED);
	EXPECT_GE(replayed.lost, 3u);
	EXPECT_EQ(replayed.events, events);
	EXPECT_EQ(replayed.event(), events + 1);
	EXPECT_NE(replayed.message.find("events are lost"), std::string::npos) << replayed.message;
}
