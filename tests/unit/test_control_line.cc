/* SPDX-License-Identifier: BSD-2-Clause */
/* test_control_line.cc - frames and payloads of the control protocol. */
#include "control_client.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

namespace {

const uint8_t some_bytes[] = "FILE name=web\0\xff\xA7RCT";

/* One of each op, with every field at its maximum. */
std::vector<ration_control_request> every_request()
{
	std::vector<ration_control_request> all;

	for (uint32_t op = 1; op < RATION_CONTROL_OP_END; op++) {
		ration_control_request q = request_of(op, UINT32_MAX, UINT32_MAX);
		q.cpu = q.on = q.attr_set = UINT32_MAX;
		q.attr = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
		          UINT64_MAX, true, true};
		q.affinity = {RATION_CPUSET_ALL, RATION_CPUSET_ALL};
		q.params = {UINT64_MAX, UINT64_MAX};
		q.from = UINT64_MAX;
		q.bytes = some_bytes;
		q.length = sizeof some_bytes;
		all.push_back(q);
	}
	return all;
}

bool has_rest(uint32_t op)
{
	return op == RATION_CONTROL_CREATE || op == RATION_CONTROL_POLICY ||
	       op == RATION_CONTROL_CONSOLE_WRITE;
}

TEST(control_wire, every_request_comes_back_as_it_was)
{
	for (const ration_control_request &q : every_request()) {
		Bytes payload = payload_of(q), again;
		ration_control_wire in = {payload.data(), uint32_t(payload.size()), 0, true, false};
		ration_control_request back = request_of(q.op);

		ASSERT_EQ(RATION_OK, ration_control_wire_request(&in, &back)) << q.op;
		again = payload_of(back);
		EXPECT_EQ(payload, again) << q.op;
		for (uint8_t b : payload)
			EXPECT_TRUE(b == 0xFF || has_rest(q.op) || q.op == RATION_CONTROL_SET) << q.op;
	}
}

TEST(control_wire, bytes_stand_where_the_manual_says)
{
	ration_control_request q = request_of(RATION_CONTROL_SET, 0x01020304);
	q.attr_set = 0x0B;
	q.attr = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, true, true};
	EXPECT_EQ(payload_of(q), (Bytes{4, 3, 2, 1, 0x0B, 0, 0, 0, 0x11, 0, 0, 0, 0x22, 0, 0, 0,
	                                0x33, 0, 0, 0, 3, 0, 0, 0, 0x44, 0, 0, 0, 0, 0, 0, 0,
	                                0x55, 0, 0, 0, 0, 0, 0, 0, 0x66, 0, 0, 0, 0, 0, 0, 0,
	                                0x77, 0, 0, 0, 0, 0, 0, 0}));
	q = request_of(RATION_CONTROL_PIN, 1, 2);
	q.affinity = {3, 4};
	EXPECT_EQ(payload_of(q), (Bytes{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
	                                4, 0, 0, 0, 0, 0, 0, 0}));
	Bytes frame = frame_of(RATION_CONTROL_DESTROY, {9, 0, 0, 0}, 0x04030201);
	EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 16),
	          (Bytes{0xA7, 'R', 'C', 'T', 1, 0, 7, 0, 1, 2, 3, 4, 4, 0, 0, 0}));
	EXPECT_EQ(ration_record_crc(&frame[24], 4), uint32_t(frame[16] | frame[17] << 8 |
	          frame[18] << 16) | uint32_t(frame[19]) << 24);
}

TEST(control_wire, a_request_of_another_length_is_refused)
{
	Client c;

	for (const ration_control_request &q : every_request()) {
		Bytes payload = payload_of(q);
		uint64_t events = c.info().events;

		for (size_t length = 0; length <= payload.size() + 1; length++) {
			Bytes cut = payload;

			cut.resize(length);
			if (length == payload.size() || (has_rest(q.op) && length >= 4))
				continue;
			if (q.op == RATION_CONTROL_CREATE || q.op == RATION_CONTROL_POLICY)
				continue;
			EXPECT_EQ(RATION_CONTROL_E_FORM, c.ask_bytes(q.op, cut).status) << q.op;
		}
		EXPECT_EQ(events, c.info().events);
	}
}

TEST(control_wire, bodies_come_back_as_they_were)
{
	uint8_t place[1024];
	ration_control_vcpu v = {UINT32_MAX, 3, 7, 1, 1, RATION_CPU_NONE, {1, 2}, UINT64_MAX, 5,
	                         INT64_MIN}, u = {};
	ration_control_wire out = {place, sizeof place, 0, false, false};

	ASSERT_TRUE(ration_control_wire_vcpu(&out, &v));
	for (uint32_t size = 0; size <= out.at; size++) {
		ration_control_wire in = {place, size, 0, true, false};

		EXPECT_EQ(size == out.at, ration_control_wire_vcpu(&in, &u));
		EXPECT_EQ(size == out.at ? size : 0, in.at) << "moved, and yet not whole";
	}
	uint8_t again[1024];
	ration_control_wire second = {again, sizeof again, 0, false, false};
	ASSERT_TRUE(ration_control_wire_vcpu(&second, &u));
	EXPECT_EQ(0, std::memcmp(place, again, out.at));
	EXPECT_EQ(INT64_MIN, u.lag_ns);

	/* A name that fills its field is cut off, not run over. */
	ration_control_domain d = {}, e = {};
	std::memset(d.name, 'x', sizeof d.name);
	out = {place, sizeof place, 0, false, false};
	ASSERT_TRUE(ration_control_wire_domain(&out, &d));
	ration_control_wire in = {place, out.at, 0, true, false};
	ASSERT_TRUE(ration_control_wire_domain(&in, &e));
	EXPECT_EQ(std::string(31, 'x'), e.name);
}

/* ---- Frames -------------------------------------------------------------- */

TEST(control_frame, arrives_in_pieces_of_any_size)
{
	Bytes line;

	for (uint32_t i = 0; i < 5; i++) {
		Bytes frame = frame_of(RATION_CONTROL_INFO, {}, i);
		line.insert(line.end(), frame.begin(), frame.end());
	}
	for (size_t piece = 1; piece <= line.size(); piece++) {
		Client c;
		size_t count = 0;

		for (size_t at = 0; at < line.size(); at += piece) {
			size_t end = std::min(line.size(), at + piece);
			Bytes part(line.begin() + long(at), line.begin() + long(end));
			count += c.answers(c.talk(part)).size();
		}
		ASSERT_EQ(5u, count) << piece;
	}
}

TEST(control_frame, is_found_after_garbage)
{
	std::mt19937 random(5);
	Client c;

	for (int i = 0; i < 2000; i++) {
		Bytes line;
		size_t length = random() % 60;

		for (size_t k = 0; k < length; k++)
			line.push_back(random() % 3 ? uint8_t(random()) : uint8_t("\xA7RCT"[random() % 4]));
		if (random() % 4 == 0)              /* the beginning of one that never ends */
			for (uint8_t b : frame_of(RATION_CONTROL_INFO, {}, 1)) {
				if (random() % 20 == 0)
					break;
				line.push_back(b);
			}
		Bytes frame = frame_of(RATION_CONTROL_LIST, {0, 0, 0, 0}, 77);
		line.insert(line.end(), frame.begin(), frame.end());
		auto all = c.answers(c.talk(line));
		ASSERT_GE(all.size(), 1u) << i;
		EXPECT_EQ(77u, c.last_id);
		EXPECT_EQ(0, all.back().status);
	}
}

TEST(control_frame, a_changed_bit_makes_it_none)
{
	Client c;

	c.create("name=dom0 image=hog");
	for (const ration_control_request &q : every_request()) {
		Bytes frame = frame_of(q.op, payload_of(q));

		for (size_t bit = 0; bit < 8 * frame.size(); bit++) {
			Bytes changed = frame;

			changed[bit / 8] ^= uint8_t(1 << bit % 8);
			ASSERT_EQ(0u, c.talk(changed).size()) << q.op << ", bit " << bit;
		}
		for (size_t length = 0; length < frame.size(); length++) {
			Client d(1);

			ASSERT_EQ(0u, d.talk(Bytes(frame.begin(), frame.begin() + long(length))).size());
			/* Zeros end what was begun. */
			(void)d.talk(Bytes(RATION_CONTROL_REQUEST_MAX));
			ASSERT_EQ(1u, d.info().cpu_count);
		}
	}
	EXPECT_EQ(0, c.desk->shut_down);
	EXPECT_EQ(1u, c.list().size());
}

/* What a guest printed stands in answers: it must not be taken for one. */
TEST(control_frame, a_frame_within_a_broken_one_is_none)
{
	Client c;
	Bytes inner = frame_of(RATION_CONTROL_SHUTDOWN, {0, 0, 0, 0}), payload = {1, 0, 0, 0};

	payload.insert(payload.end(), inner.begin(), inner.end());
	Bytes outer = frame_of(RATION_CONTROL_CONSOLE_WRITE, payload);
	outer.back() ^= 1;
	EXPECT_EQ(0u, c.talk(outer).size());
	EXPECT_EQ(0, c.desk->shut_down);
	EXPECT_EQ(outer.size(), c.desk->channel.reader.skipped);
	EXPECT_EQ(2u, c.info().cpu_count);
}

TEST(control_frame, too_long_or_of_the_other_kind_or_another_version)
{
	Client c;

	EXPECT_EQ(0u, c.talk(frame_of(RATION_CONTROL_CREATE,
	                              Bytes(RATION_CONTROL_REQUEST_MAX + 1, 'x'))).size());
	EXPECT_EQ(0u, c.talk(frame_of(RATION_CONTROL_INFO, {}, 1, RATION_CONTROL_ANSWER)).size());
	auto all = c.answers(c.talk(frame_of(RATION_CONTROL_INFO, {}, 1, RATION_CONTROL_REQUEST, 2)));
	ASSERT_EQ(1u, all.size());
	EXPECT_EQ(RATION_CONTROL_E_VERSION, all[0].status);
	EXPECT_EQ("another version of the protocol, expected 1", all[0].text);
	EXPECT_EQ(RATION_CONTROL_E_OP, c.ask_bytes(0, {}).status);
	EXPECT_EQ(RATION_CONTROL_E_OP, c.ask_bytes(RATION_CONTROL_OP_END, {}).status);
	EXPECT_EQ(RATION_CONTROL_E_OP, c.ask_bytes(65535, {}).status);
}

TEST(control_frame, waits_while_an_answer_is_not_taken)
{
	Client c;
	Bytes line = frame_of(RATION_CONTROL_INFO, {}, 1);
	Bytes second = frame_of(RATION_CONTROL_INFO, {}, 2);
	uint8_t byte;

	line.insert(line.end(), second.begin(), second.end());
	size_t taken = ration_control_put(&c.desk->channel, line.data(), line.size());
	EXPECT_EQ(second.size(), taken);
	EXPECT_EQ(0u, ration_control_put(&c.desk->channel, &line[taken], line.size() - taken));
	Bytes reply;
	while (ration_control_take(&c.desk->channel, &byte, 1) == 1)
		reply.push_back(byte);
	EXPECT_EQ(1u, c.answers(reply).size());
	EXPECT_EQ(second.size(), ration_control_put(&c.desk->channel, &line[taken],
	                                            line.size() - taken));
}

/* ---- The fuzzer's finds -------------------------------------------------- */

TEST(control_corpus, is_survived)
{
	size_t count = 0;

	for (const auto &entry : std::filesystem::directory_iterator("tests/fuzz/corpus/control")) {
		std::ifstream file(entry.path(), std::ios::binary);
		Bytes data((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
		Client c(data.size() > 1 ? 1 + data[0] % 4 : 1);

		ASSERT_GE(data.size(), 2u) << entry.path();
		c.create("name=dom0 image=hog vcpus=2 weight=512");
		c.create("name=web image=hog vcpus=1");
		c.desk->channel.is_privileged = data[0] < 192;
		c.desk->channel.dom = 2;
		if (data[1] == 0)
			(void)c.talk(Bytes(data.begin() + 2, data.end()));
		for (size_t at = 1; data[1] != 0 && at + 2 <= data.size();) {
			size_t length = std::min<size_t>(data[at + 1], data.size() - at - 2);
			auto from = data.begin() + long(at) + 2;

			EXPECT_TRUE(c.ask_bytes(data[at], Bytes(from, from + long(length))).is_there);
			at += 2 + length;
		}
		EXPECT_TRUE(c.desk->channel.is_privileged || c.desk->shut_down == 0);
		count++;
	}
	EXPECT_GE(count, 5u);
}

} // namespace
