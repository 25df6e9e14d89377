/* SPDX-License-Identifier: BSD-2-Clause */
/* test_control.cc - requests and what they do, over the same parser as in every world. */
#include "control_client.h"
#include "host.h"

#include <cstring>

namespace {

struct Two : Client {
	explicit Two(uint32_t cpus = 2) : Client(cpus)
	{
		a = create("name=dom0 image=hog vcpus=2 weight=512");
		b = create("name=web image=hog vcpus=2");
	}
	uint64_t ran(uint32_t dom) { return ledger(dom).ledger.running_ns; }
	uint32_t a, b;
};

void expect_refusal(const Answer &a, int32_t status, const std::string &text)
{
	EXPECT_TRUE(a.is_there);
	EXPECT_EQ(status, a.status);
	EXPECT_EQ(text, a.text);
}

/* ---- Looking -------------------------------------------------------------- */

TEST(control, list_says_what_domains_have_and_got)
{
	Two c;
	desk_run(c.desk.get(), 300 * MS);
	auto all = c.list();

	ASSERT_EQ(2u, all.size());
	EXPECT_STREQ("dom0", all[0].name);
	EXPECT_EQ(c.a, all[0].id);
	EXPECT_EQ(uint32_t(RATION_CONTROL_PRIVILEGED), all[0].flags);
	EXPECT_EQ(512u, all[0].attr.weight);
	EXPECT_EQ(RATION_PERIOD_DEFAULT_NS, all[0].attr.period_ns);
	EXPECT_TRUE(all[0].attr.extratime);
	EXPECT_EQ(2u, all[0].vcpu_count);
	EXPECT_EQ(64u << 20, all[0].memory_bytes);
	EXPECT_EQ(0u, all[1].flags);
	EXPECT_EQ(2u, all[0].running_count + all[1].running_count);
	EXPECT_NEAR(400e6, double(all[0].running_ns), 60e6);
	EXPECT_NEAR(200e6, double(all[1].running_ns), 60e6);
	EXPECT_NEAR(double(600 * MS), double(all[1].running_ns + all[1].waiting_ns), 2e6);
	EXPECT_EQ(1u, c.list(c.b).size());
	EXPECT_EQ(0u, c.list(c.b + 1).size());
	EXPECT_EQ(0u, c.list(UINT32_MAX).size());
}

TEST(control, vcpus_and_their_places)
{
	Two c;
	desk_run(c.desk.get(), 100 * MS);
	EXPECT_EQ(0, c.pin(c.b, 1, 2).status);
	auto all = c.vcpus(c.b);

	ASSERT_EQ(2u, all.size());
	EXPECT_EQ(1u, all[1].idx);
	EXPECT_EQ(2u, all[1].affinity.hard);
	EXPECT_EQ(3u, all[0].affinity.hard);
	EXPECT_EQ(1u, all[1].online);
	EXPECT_LT(all[0].cpu, 2u);
	EXPECT_GT(all[0].running_ns, 10 * MS);
	Answer rest = c.ask(request_of(RATION_CONTROL_VCPUS, c.b, 1));
	ration_control_vcpu v;
	ASSERT_TRUE(ration_control_wire_vcpu(&rest.body, &v));
	EXPECT_EQ(1u, v.idx);
	EXPECT_FALSE(ration_control_wire_vcpu(&rest.body, &v));
	expect_refusal(c.ask(request_of(RATION_CONTROL_VCPUS, 9)), RATION_CONTROL_E_NONE, "no domain 9");
}

/* 70 vCPUs do not fit into one answer. */
TEST(control, more_than_an_answer_holds_is_asked_for_again)
{
	Client c;
	uint32_t dom = c.create("name=big image=hog vcpus=80"), next = 0, answers = 0;

	for (;;) {
		Answer a = c.ask(request_of(RATION_CONTROL_VCPUS, dom, next));
		ration_control_vcpu v;
		uint32_t before = next;

		while (ration_control_wire_vcpu(&a.body, &v))
			EXPECT_EQ(next++, v.idx);
		if (next == before)
			break;
		answers++;
	}
	EXPECT_EQ(80u, next);
	EXPECT_EQ(1u, answers);
	static uint8_t place[RATION_CONTROL_ANSWER_MAX];
	ration_control_request q = request_of(RATION_CONTROL_VCPUS, dom, 0);
	ration_control_wire w = {place, sizeof place, 0, false, false};
	ration_control_do(&c.desk->control, true, 0, &q, &w);
	EXPECT_LT(w.at, sizeof place);
}

TEST(control, the_ledger_is_conserved)
{
	Two c;
	desk_run(c.desk.get(), 123 * MS);
	uint64_t sum[2] = {0, 0};

	for (uint32_t which : { RATION_CONTROL_ALL, 0u, 1u }) {
		ration_control_ledger l = c.ledger(c.b, which);
		uint64_t all = l.ledger.running_ns + l.ledger.blocked_ns + l.ledger.down_ns;

		for (uint64_t ns : l.ledger.wait_ns)
			all += ns;
		sum[which != RATION_CONTROL_ALL] += all;
		EXPECT_NEAR(double(which == RATION_CONTROL_ALL ? 246 * MS : 123 * MS), double(all), 1e6);
		EXPECT_EQ(c.desk->clock_ns - 10 * US, l.now_ns);
	}
	expect_refusal(c.ask(request_of(RATION_CONTROL_LEDGER, c.b, 2)), RATION_CONTROL_E_NONE,
	               "no vCPU 2");
}

TEST(control, info_and_topology)
{
	static ration_topology t;
	ration_topology_error error;

	ASSERT_EQ(0, ration_topology_parse("pack:2 [numa] core:2 pu:2", 25, &t, &error));
	t.distance[0][1] = t.distance[1][0] = 21;
	Client c(8, &t);
	ration_control_info i = c.info();
	EXPECT_STREQ("desk 1", i.writer);
	EXPECT_STREQ("a desk", i.machine);
	EXPECT_EQ(8u, i.cpu_count);
	EXPECT_EQ(0xFFu, i.online);
	EXPECT_EQ(3u, i.policy_count);
	EXPECT_EQ(0u, i.policy);
	EXPECT_STREQ("sedf", i.policy_name[1]);
	EXPECT_EQ(30 * MS, i.tslice_ns);
	EXPECT_NE(0u, i.honoured & RATION_ATTR_CAP);
	EXPECT_EQ(1u, i.is_recording);

	Answer a = c.ask(request_of(RATION_CONTROL_TOPOLOGY));
	uint32_t cpus = 0, nodes = 0;
	uint8_t row[2];
	ASSERT_TRUE(ration_control_wire_u32(&a.body, &cpus));
	ASSERT_TRUE(ration_control_wire_u32(&a.body, &nodes));
	EXPECT_EQ(8u, cpus);
	EXPECT_EQ(2u, nodes);
	for (uint32_t k = 0; k < 8; k++) {
		ration_control_cpu cpu;

		ASSERT_TRUE(ration_control_wire_cpu(&a.body, &cpu));
		EXPECT_EQ(k / 2, cpu.core);
		EXPECT_EQ(k / 4, cpu.package);
		EXPECT_EQ(k / 4, cpu.node);
		EXPECT_EQ(1u, cpu.online);
		EXPECT_EQ(cpu.idle_ns, c.desk->clock_ns - 10 * US);
	}
	ASSERT_TRUE(ration_control_wire_bytes(&a.body, row, 2));
	EXPECT_EQ(10u, row[0]);
	EXPECT_EQ(21u, row[1]);
	ASSERT_TRUE(ration_control_wire_bytes(&a.body, row, 2));
	EXPECT_EQ(a.body.at, a.body.size);
	Client flat(64);
	EXPECT_EQ(4u + 8 + 64 * 60 + 1, flat.ask(request_of(RATION_CONTROL_TOPOLOGY)).payload.size());
}

/* ---- Changing ------------------------------------------------------------- */

TEST(control, weight_and_cap_act)
{
	Two c(1);
	ration_attr attr = attr_of(256 * 3);

	EXPECT_EQ(0, c.set(c.b, RATION_ATTR_WEIGHT, attr).status);
	EXPECT_EQ(768u, c.list()[1].attr.weight);
	uint64_t a = c.ran(c.a), b = c.ran(c.b);
	desk_run(c.desk.get(), 2 * S);
	EXPECT_NEAR(1.5, double(c.ran(c.b) - b) / double(c.ran(c.a) - a), 0.05);
	attr.cap_ppm = 250000;
	attr.weight = 1;
	EXPECT_EQ(0, c.set(c.b, RATION_ATTR_CAP, attr).status);
	EXPECT_EQ(768u, c.list()[1].attr.weight) << "what is not named stays";
	b = c.ran(c.b);
	desk_run(c.desk.get(), 2 * S);
	EXPECT_NEAR(0.5e9, double(c.ran(c.b) - b), 20e6);
}

TEST(control, attributes_are_refused_in_words)
{
	Two c;
	ration_attr attr = attr_of();

	attr.weight = 0;
	expect_refusal(c.set(c.b, RATION_ATTR_WEIGHT, attr), RATION_E_RANGE,
	               "weight is out of range, expected 1 to 65535");
	attr.slice_ns = 200 * MS;
	expect_refusal(c.set(c.b, RATION_ATTR_SLICE, attr), RATION_E_RANGE,
	               "slice is out of range, expected 0, or 5us to the period");
	attr.slice_ns = 20 * MS;
	expect_refusal(c.set(c.b, RATION_ATTR_SLICE, attr), RATION_E_POLICY,
	               "credit, the policy in force, does not honour slice");
	expect_refusal(c.set(c.b, 0, attr), RATION_E_RANGE, "a set of attributes, expected 1 to 511");
	expect_refusal(c.set(c.b, 512, attr), RATION_E_RANGE, "a set of attributes, expected 1 to 511");
	expect_refusal(c.set(7, RATION_ATTR_SLICE, attr), RATION_CONTROL_E_NONE, "no domain 7");
	attr.floor_ppm = 1500000;
	EXPECT_EQ(0, c.set(c.a, RATION_ATTR_FLOOR, attr).status);
	attr.floor_ppm = 800000;
	expect_refusal(c.set(c.b, RATION_ATTR_FLOOR, attr), RATION_E_CAPACITY,
	               "CPUs 0-1 lack 30.0 % of a CPU, at most 50.0 % would fit; held by dom0, web");
}

TEST(control, pins_all_or_none)
{
	Two c(4);
	EXPECT_EQ(0, c.pin(c.b, RATION_CONTROL_ALL, 0xC).status);
	desk_run(c.desk.get(), 10 * MS);
	for (const ration_control_vcpu &v : c.vcpus(c.b)) {
		EXPECT_EQ(0xCu, v.affinity.hard);
		EXPECT_GE(v.cpu, 2u);
	}
	expect_refusal(c.pin(c.b, 0, 0), RATION_E_INVALID, "no CPU is left, expected one at least");
	expect_refusal(c.pin(c.b, 0, 0x10), RATION_E_RANGE,
	               "a CPU that the machine does not have, expected 0 to 3");
	expect_refusal(c.pin(c.b, 2, 1), RATION_CONTROL_E_NONE, "no vCPU 2");
	expect_refusal(c.pin(5, 0, 1), RATION_CONTROL_E_NONE, "no domain 5");

	/* Floors of one and a half: its vCPUs do not both fit on one CPU. */
	ration_attr attr = attr_of();
	attr.floor_ppm = 1500000;
	ASSERT_EQ(0, c.set(c.b, RATION_ATTR_FLOOR, attr).status);
	EXPECT_EQ(RATION_E_CAPACITY, c.pin(c.b, RATION_CONTROL_ALL, 0x8).status);
	for (const ration_control_vcpu &v : c.vcpus(c.b))
		EXPECT_EQ(0xCu, v.affinity.hard) << "one of them was left pinned";
	c.create("name=big image=idle vcpus=70");
	expect_refusal(c.pin(3, RATION_CONTROL_ALL, 1), RATION_E_FULL,
	               "more than 48 vCPUs, expected one at a time");
	for (const ration_control_vcpu &v : c.vcpus(3))
		EXPECT_EQ(0xFu, v.affinity.hard);
}

TEST(control, cpus_and_vcpus_go_and_come)
{
	Two c;
	EXPECT_EQ(0, c.cpu(1, 0).status);
	EXPECT_EQ(1u, c.info().online);
	desk_run(c.desk.get(), 20 * MS);
	for (uint32_t dom : { c.a, c.b })
		for (const ration_control_vcpu &v : c.vcpus(dom))
			EXPECT_TRUE(v.state != RATION_STATE_RUNNING || v.cpu == 0);
	expect_refusal(c.cpu(1, 0), RATION_E_INVALID, "it is off line");
	EXPECT_EQ(0, c.cpu(1, 1).status);
	expect_refusal(c.cpu(1, 1), RATION_E_INVALID, "it is on line");
	expect_refusal(c.cpu(2, 1), RATION_CONTROL_E_NONE, "no CPU 2");
	expect_refusal(c.cpu(UINT32_MAX, 0), RATION_CONTROL_E_NONE, "no CPU 4294967295");

	ration_control_request q = request_of(RATION_CONTROL_VCPU, c.b, 1);
	EXPECT_EQ(0, c.ask(q).status);
	EXPECT_EQ(0, c.ask(q).status);
	desk_run(c.desk.get(), 10 * MS);
	EXPECT_EQ(RATION_STATE_DOWN, c.vcpus(c.b)[1].state);
	EXPECT_EQ(0u, c.vcpus(c.b)[1].online);
	q.on = 1;
	EXPECT_EQ(0, c.ask(q).status);
	EXPECT_NE(RATION_STATE_DOWN, c.vcpus(c.b)[1].state);
	q.vcpu = 4;
	expect_refusal(c.ask(q), RATION_CONTROL_E_NONE, "no vCPU 4");
}

TEST(control, policies_change_and_are_refused)
{
	Two c(1);
	ration_attr attr = attr_of();

	expect_refusal(c.ask_text(RATION_CONTROL_POLICY, "fifo"), RATION_CONTROL_E_NONE,
	               "no policy of that name, expected credit, sedf or rr");
	EXPECT_EQ(RATION_CONTROL_E_NONE, c.ask_text(RATION_CONTROL_POLICY, "").status);
	EXPECT_EQ(RATION_CONTROL_E_NONE, c.ask_text(RATION_CONTROL_POLICY, "sed").status);
	EXPECT_EQ(RATION_CONTROL_E_NONE, c.ask_text(RATION_CONTROL_POLICY, "sedfx").status);
	EXPECT_EQ(0, c.ask_text(RATION_CONTROL_POLICY, "sedf").status);
	EXPECT_EQ(1u, c.info().policy);
	attr.period_ns = 10 * MS;
	attr.slice_ns = 2 * MS;
	attr.extratime = false;
	ASSERT_EQ(0, c.set(c.b, RATION_ATTR_PERIOD | RATION_ATTR_SLICE | RATION_ATTR_EXTRATIME,
	                   attr).status);
	uint64_t b = c.ran(c.b);
	desk_run(c.desk.get(), 1 * S);
	EXPECT_NEAR(0.4e9, double(c.ran(c.b) - b), 5e6) << "two vCPUs of 2 ms in 10 ms";
	attr.slice_ns = 8 * MS;
	Answer a = c.set(c.a, RATION_ATTR_PERIOD | RATION_ATTR_SLICE, attr);
	EXPECT_EQ(RATION_E_CAPACITY, a.status);
	EXPECT_NE(std::string::npos, a.text.find("held by web")) << a.text;
	a = c.cpu(0, 0);
	EXPECT_EQ(RATION_E_CAPACITY, a.status);
	EXPECT_NE(std::string::npos, a.text.find("CPU 0 must stay")) << a.text;
	EXPECT_EQ(0, c.cpu(0, 2).status) << "by force";
}

TEST(control, parameters)
{
	Client c;
	ration_control_request q = request_of(RATION_CONTROL_PARAMS);

	q.attr_set = RATION_ATTR_TSLICE;
	q.params = {5 * MS, 77};
	EXPECT_EQ(0, c.ask(q).status);
	EXPECT_EQ(5 * MS, c.info().tslice_ns);
	EXPECT_EQ(1 * MS, c.info().ratelimit_ns) << "what is not named stays";
	q.attr_set = RATION_ATTR_RATELIMIT;
	q.params.ratelimit_ns = 6 * MS;
	expect_refusal(c.ask(q), RATION_E_RANGE, "out of range, expected a tslice of 100us to 1s and "
	               "a ratelimit of 0 to 500ms, not above it");
	q.attr_set = RATION_ATTR_WEIGHT;
	EXPECT_EQ(RATION_E_RANGE, c.ask(q).status);
	ASSERT_EQ(0, c.ask_text(RATION_CONTROL_POLICY, "sedf").status);
	q.attr_set = RATION_ATTR_TSLICE | RATION_ATTR_RATELIMIT;
	q.params = {9 * MS, 1 * MS};
	expect_refusal(c.ask(q), RATION_E_POLICY,
	               "sedf, the policy in force, does not honour tslice, ratelimit");
}

/* ---- The host's ----------------------------------------------------------- */

TEST(control, domains_come_pause_and_go)
{
	Two c;
	ration_control_request q = request_of(RATION_CONTROL_PAUSE, c.b);

	for (uint32_t on : { 1u, 1u }) {
		q.on = on;
		EXPECT_EQ(0, c.ask(q).status);
	}
	desk_run(c.desk.get(), 10 * MS);
	uint64_t ran = c.ran(c.b);
	desk_run(c.desk.get(), 100 * MS);
	EXPECT_EQ(ran, c.ran(c.b));
	EXPECT_EQ(uint32_t(RATION_CONTROL_PAUSED), c.list()[1].flags);
	q.on = 0;
	EXPECT_EQ(0, c.ask(q).status);
	EXPECT_EQ(0, c.ask(q).status);
	desk_run(c.desk.get(), 100 * MS);
	EXPECT_GT(c.ran(c.b), ran + 50 * MS);
	EXPECT_EQ(0, c.ask(request_of(RATION_CONTROL_DESTROY, c.b)).status);
	expect_refusal(c.ask(request_of(RATION_CONTROL_DESTROY, c.b)), RATION_CONTROL_E_NONE,
	               "no domain 2");
	EXPECT_EQ(1u, c.list().size());
	expect_refusal(c.ask_text(RATION_CONTROL_CREATE, "name=x image=bzImage"), RATION_CONTROL_E_HOST,
	               "no image of that name, expected hog or idle");
	EXPECT_EQ(3u, c.create("name=third image=hog"));
	EXPECT_EQ(RATION_E_FULL, c.ask_text(RATION_CONTROL_CREATE, "name=x image=hog vcpus=200").status);
	EXPECT_EQ(0, c.ask(request_of(RATION_CONTROL_SHUTDOWN)).status);
	EXPECT_EQ(1, c.desk->shut_down);
}

TEST(control, consoles_keep_their_last_bytes)
{
	Two c;
	auto read = [&](uint64_t from, uint64_t *first) {
		ration_control_request q = request_of(RATION_CONTROL_CONSOLE_READ, c.b);
		q.from = from;
		Answer a = c.ask(q);
		EXPECT_EQ(0, a.status) << a.text;
		EXPECT_TRUE(ration_control_wire_u64(&a.body, first));
		return std::string(a.payload.begin() + a.body.at, a.payload.end());
	};
	uint64_t first;

	EXPECT_EQ("hello from web\n", read(0, &first));
	EXPECT_EQ("web\n", read(11, &first));
	EXPECT_EQ(11u, first);
	EXPECT_EQ("", read(UINT64_MAX, &first));
	EXPECT_EQ(15u, first);
	for (int i = 0; i < 4; i++) {
		Answer a = c.ask_text(RATION_CONTROL_CONSOLE_WRITE, std::string(200, char('a' + i)), c.b);
		uint32_t taken = 0;
		ASSERT_TRUE(ration_control_wire_u32(&a.body, &taken));
		EXPECT_EQ(100u, taken);
	}
	EXPECT_EQ(std::string(100, 'b') + std::string(100, 'c') + std::string(100, 'd'),
	          read(0, &first));
	EXPECT_EQ(115u, first);
	expect_refusal(c.ask_text(RATION_CONTROL_CONSOLE_WRITE, "x", 8), RATION_CONTROL_E_NONE,
	               "no domain 8");
}

TEST(control, the_log_is_handed_out_once)
{
	Two c;
	auto read = [&](uint64_t from, bool end, uint32_t *is_last) {
		ration_control_request q = request_of(RATION_CONTROL_LOG);
		q.from = from;
		q.on = end;
		Answer a = c.ask(q);
		uint64_t at = 0;
		if (a.status != 0)
			return Bytes();
		EXPECT_TRUE(ration_control_wire_u64(&a.body, &at));
		EXPECT_TRUE(ration_control_wire_u32(&a.body, is_last));
		EXPECT_EQ(from, at);
		return Bytes(a.payload.begin() + a.body.at, a.payload.end());
	};
	uint32_t is_last = 9;
	Bytes header = read(0, false, &is_last), again = read(0, false, &is_last);

	EXPECT_EQ(0, std::memcmp(header.data(), "RATION\x1A\n", 8));
	EXPECT_EQ(header, again);
	EXPECT_EQ(0u, is_last);
	Bytes block = read(header.size(), false, &is_last);
	EXPECT_EQ(0, std::memcmp(block.data(), "RBLK", 4));
	EXPECT_TRUE(read(0, false, &is_last).empty()) << "what was read is gone";
	EXPECT_TRUE(read(header.size(), false, &is_last).empty());
	uint64_t at = header.size() + block.size();
	EXPECT_EQ(at, c.info().log_at);
	desk_run(c.desk.get(), 100 * MS);
	is_last = 0;
	int blocks = 0;
	while (!is_last) {
		block = read(at, true, &is_last);
		at += block.size();
		ASSERT_LT(blocks++, 20);
	}
	EXPECT_EQ(0u, c.info().is_recording);
	EXPECT_TRUE(read(at, true, &is_last).empty());
	expect_refusal(c.ask(request_of(RATION_CONTROL_LOG)), RATION_E_INVALID,
	               "the log was read as far as byte " + std::to_string(at) +
	               ", and what was read is gone");
}

/* ---- Who may -------------------------------------------------------------- */

TEST(control, a_domain_sees_itself_and_changes_nothing)
{
	Two c;
	c.desk->channel.is_privileged = false;
	c.desk->channel.dom = c.b;
	uint64_t events = ration_record_events(&c.desk->port.record);

	for (uint32_t op = 1; op < RATION_CONTROL_OP_END; op++)
		for (uint32_t dom : { c.a, c.b }) {
			bool may = op == RATION_CONTROL_LIST ||
			           (dom == c.b && (op == RATION_CONTROL_VCPUS || op == RATION_CONTROL_LEDGER));
			Answer a = c.ask(request_of(op, dom));
			EXPECT_EQ(may ? 0 : RATION_CONTROL_E_RIGHT, a.status) << op;
			EXPECT_TRUE(may || a.text == "not permitted: an unprivileged domain may ask about "
			                             "itself only");
		}
	desk_run(c.desk.get(), 0);
	auto all = c.list();
	ASSERT_EQ(1u, all.size());
	EXPECT_EQ(c.b, all[0].id);
	EXPECT_EQ(0u, c.list(c.b + 1).size());
	c.desk->channel.is_privileged = true;
	EXPECT_EQ(0u, c.list()[0].flags & RATION_CONTROL_PAUSED);
	EXPECT_EQ(2u, c.list().size());
	EXPECT_GE(ration_record_events(&c.desk->port.record), events);
	EXPECT_EQ(0, c.desk->shut_down);
}

} // namespace
