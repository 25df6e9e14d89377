/* SPDX-License-Identifier: BSD-2-Clause */
/* control_client.h - a desk, and one who asks it over its channel. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "control_desk.h"

using Bytes = std::vector<uint8_t>;

inline ration_control_request request_of(uint32_t op, uint32_t dom = 0, uint32_t vcpu = 0)
{
	ration_control_request q = {};
	q.op = op;
	q.dom = dom;
	q.vcpu = vcpu;
	return q;
}

/* A frame of a payload as it stands. */
inline Bytes frame_of(uint32_t op, const Bytes &payload, uint32_t id = 1,
                      uint32_t kind = RATION_CONTROL_REQUEST, uint32_t version = 1)
{
	Bytes frame(RATION_CONTROL_HEAD + payload.size());
	ration_control_frame head = {version, kind, op, id, uint32_t(payload.size()), nullptr};
	std::copy(payload.begin(), payload.end(), frame.begin() + RATION_CONTROL_HEAD);
	EXPECT_EQ(frame.size(), ration_control_seal(&head, frame.data()));
	return frame;
}

inline Bytes payload_of(ration_control_request q)
{
	Bytes payload(RATION_CONTROL_REQUEST_MAX);
	ration_control_wire w = {payload.data(), uint32_t(payload.size()), 0, false, false};
	EXPECT_EQ(RATION_OK, ration_control_wire_request(&w, &q));
	payload.resize(w.at);
	return payload;
}

struct Answer {
	bool is_there = false;
	int32_t status = 0;
	std::string text;               /* of a refusal */
	Bytes payload;
	ration_control_wire body = {};  /* into payload */
};

class Client {
public:
	explicit Client(uint32_t cpus = 2, const ration_topology *topology = nullptr)
		: desk(std::make_unique<struct desk>())
	{
		desk_open(desk.get(), cpus, topology);
		reader = std::make_unique<ration_control_reader>();
		reader->kind = RATION_CONTROL_ANSWER;
	}
	~Client() { desk_close(desk.get()); }

	Bytes talk(const Bytes &bytes)
	{
		Bytes reply(4 * RATION_CONTROL_FRAME_MAX);
		reply.resize(desk_talk(desk.get(), bytes.data(), bytes.size(), reply.data(),
		                       reply.size()));
		EXPECT_EQ(nullptr, ration_check(desk->r));
		return reply;
	}
	std::vector<Answer> answers(const Bytes &reply)
	{
		std::vector<Answer> all;
		for (size_t at = 0; at < reply.size();) {
			ration_control_frame frame;
			bool is_complete;
			at += ration_control_feed(reader.get(), &reply[at], reply.size() - at, &frame,
			                          &is_complete);
			if (!is_complete)
				break;
			Answer a;
			a.is_there = true;
			a.payload.assign(frame.payload, frame.payload + frame.length);
			frame.payload = a.payload.data();
			ration_control_wire_answer(&frame, &a.body, &a.status);
			if (a.status != 0)
				a.text.assign(a.payload.begin() + 4, a.payload.end());
			last_id = frame.id;
			all.push_back(std::move(a));
		}
		return all;
	}
	Answer ask_bytes(uint32_t op, const Bytes &payload)
	{
		auto all = answers(talk(frame_of(op, payload, ++id)));
		EXPECT_LE(all.size(), 1u);
		if (all.size() != 1)
			return {};
		EXPECT_EQ(id, last_id);
		return std::move(all[0]);
	}
	Answer ask(const ration_control_request &q) { return ask_bytes(q.op, payload_of(q)); }
	Answer ask_text(uint32_t op, const std::string &text, uint32_t dom = 0)
	{
		ration_control_request q = request_of(op, dom);
		q.bytes = reinterpret_cast<const uint8_t *>(text.data());
		q.length = uint32_t(text.size());
		return ask(q);
	}
	uint32_t create(const std::string &text)
	{
		Answer a = ask_text(RATION_CONTROL_CREATE, text);
		uint32_t dom = 0;
		EXPECT_EQ(0, a.status) << a.text;
		EXPECT_TRUE(ration_control_wire_u32(&a.body, &dom));
		return dom;
	}
	std::vector<ration_control_domain> list(uint32_t first = 0)
	{
		std::vector<ration_control_domain> all;
		Answer a = ask(request_of(RATION_CONTROL_LIST, first));
		ration_control_domain d;
		EXPECT_EQ(0, a.status) << a.text;
		while (ration_control_wire_domain(&a.body, &d))
			all.push_back(d);
		EXPECT_EQ(a.body.at, a.body.size);
		return all;
	}
	std::vector<ration_control_vcpu> vcpus(uint32_t dom)
	{
		std::vector<ration_control_vcpu> all;
		Answer a = ask(request_of(RATION_CONTROL_VCPUS, dom));
		ration_control_vcpu v;
		EXPECT_EQ(0, a.status) << a.text;
		while (ration_control_wire_vcpu(&a.body, &v))
			all.push_back(v);
		return all;
	}
	ration_control_ledger ledger(uint32_t dom, uint32_t vcpu = RATION_CONTROL_ALL)
	{
		Answer a = ask(request_of(RATION_CONTROL_LEDGER, dom, vcpu));
		ration_control_ledger l = {};
		EXPECT_EQ(0, a.status) << a.text;
		EXPECT_TRUE(ration_control_wire_ledger(&a.body, &l));
		return l;
	}
	ration_control_info info()
	{
		Answer a = ask(request_of(RATION_CONTROL_INFO));
		ration_control_info i = {};
		EXPECT_EQ(0, a.status) << a.text;
		EXPECT_TRUE(ration_control_wire_info(&a.body, &i));
		return i;
	}
	Answer set(uint32_t dom, uint32_t which, const ration_attr &attr)
	{
		ration_control_request q = request_of(RATION_CONTROL_SET, dom);
		q.attr_set = which;
		q.attr = attr;
		return ask(q);
	}
	Answer pin(uint32_t dom, uint32_t vcpu, ration_cpuset hard)
	{
		ration_control_request q = request_of(RATION_CONTROL_PIN, dom, vcpu);
		q.affinity = {hard, RATION_CPUSET_ALL};
		return ask(q);
	}
	Answer cpu(uint32_t c, uint32_t on)
	{
		ration_control_request q = request_of(RATION_CONTROL_CPU);
		q.cpu = c;
		q.on = on;
		return ask(q);
	}

	std::unique_ptr<struct desk> desk;
	std::unique_ptr<ration_control_reader> reader;
	uint32_t id = 100, last_id = 0;
};

#endif
