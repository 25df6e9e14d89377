/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_record.cc - what the recorder writes down: each verb with its arguments,
 * times, the ring when it is full, blocks and the header byte for byte.
 */
#include <algorithm>
#include <thread>
#include <tuple>

#include "record_rig.h"

namespace {

/* Every verb once, a nanosecond after the one before. */
void guests_and_cpus(Rig &g)
{
	ration_decision d;
	g.rec.from = 2;
	g.domain(attr_of(512, 150, 10), 77);
	g.admit(5, {3, 1});
	g.admit(6);
	ration_vcpu *v = g.vcpu[0], *w = g.vcpu[1];
	ration_record_wake(&g.rec, v, 10, &g.fx);
	ration_record_decide(&g.rec, 0, 11, &d, &g.fx);
	ASSERT_EQ(v, d.vcpu);
	ration_record_saved(&g.rec, 0, 12, &g.fx);
	ration_record_yield(&g.rec, v, 13, &g.fx);
	ration_record_yield_to(&g.rec, v, w, 14, &g.fx);
	ration_record_block(&g.rec, v, 15, &g.fx);
	ration_record_decide(&g.rec, 0, 16, &d, &g.fx);
	ASSERT_EQ(nullptr, d.vcpu);
	ration_record_saved(&g.rec, 0, 17, &g.fx);
	g.rec.from = RATION_CPU_NONE;
	ration_record_expire(&g.rec, 18, &g.fx);
}

void controls(Rig &g)
{
	ration_decision d;
	ration_params p = {20 * MS, 500 * US};
	ration_attr a = attr_of(300, 150, 10);
	ration_vcpu *v = g.vcpu[0], *w = g.vcpu[1];
	ration_record_pause(&g.rec, w, 19, &g.fx);
	ration_record_resume(&g.rec, w, 20, &g.fx);
	ration_record_down(&g.rec, w, 21, &g.fx);
	ration_record_up(&g.rec, w, 22, &g.fx);
	EXPECT_EQ(RATION_OK, ration_record_pin(&g.rec, w, {4, 6}, 23, &g.fx, nullptr));
	ration_record_dom_pause(&g.rec, g.dom, 24, &g.fx);
	ration_record_dom_resume(&g.rec, g.dom, 25, &g.fx);
	ration_record_dom_charge(&g.rec, g.dom, 999, RATION_HELPER_EMULATOR, 26, &g.fx);
	EXPECT_EQ(RATION_OK, ration_record_dom_set(&g.rec, g.dom, &a, 27, &g.fx, &g.why));
	EXPECT_EQ(RATION_OK, ration_record_params_set(&g.rec, &p, 28, &g.fx));
	EXPECT_EQ(RATION_OK, ration_record_cpu_down(&g.rec, 1, true, 29, &g.fx, &g.why));
	ration_record_decide(&g.rec, 1, 30, &d, &g.fx);
	EXPECT_EQ(RATION_OK, ration_record_cpu_up(&g.rec, 1, 31, &g.fx));
	EXPECT_EQ(RATION_E_INVALID, ration_record_cpu_up(&g.rec, 128, 32, &g.fx));
	EXPECT_EQ(RATION_E_INVALID, ration_record_cpu_down(&g.rec, 200, 0, 33, &g.fx, nullptr));
	EXPECT_EQ(RATION_OK, ration_record_policy_set(&g.rec, &ration_rr, 34, &g.fx, &g.why));
	EXPECT_EQ(RATION_OK, ration_record_leave(&g.rec, w, 35, &g.fx));
	EXPECT_EQ(RATION_OK, ration_record_leave(&g.rec, v, 36, &g.fx));
	EXPECT_EQ(RATION_OK, ration_record_dom_leave(&g.rec, g.dom, 37, &g.fx));
	ration_record_end(&g.rec, 38);
}

TEST(Record, EachVerbWithItsArguments)
{
	Rig g;
	guests_and_cpus(g);
	controls(g);
	ration_attr a = attr_of(512, 150, 10), b = attr_of(300, 150, 10);
	uint64_t attr[RATION_RECORD_ATTR_WORDS], set[RATION_RECORD_ATTR_WORDS];
	ration_record_attr_put(&a, attr);
	ration_record_attr_put(&b, set);
	const uint32_t none = RATION_CPU_NONE;
	const std::vector<std::tuple<uint32_t, uint32_t, uint32_t, std::vector<uint64_t>>> expected = {
		{RECORD_DOM_ADMIT, 2, 0, {77, attr[0], attr[1], attr[2], attr[3], attr[4], attr[5]}},
		{RECORD_ADMIT, 2, 0, {5, 3, 1}},
		{RECORD_ADMIT, 2, 0, {6, 7, 7}},
		{RECORD_WAKE, 2, 0, {}},
		{RECORD_DECIDE, 0, 0, {}},
		{RECORD_SAVED, 0, 0, {}},
		{RECORD_YIELD, 2, 0, {}},
		{RECORD_YIELD_TO, 2, 0, {1}},
		{RECORD_BLOCK, 2, 0, {}},
		{RECORD_IDLE, 0, 0, {}},
		{RECORD_SAVED, 0, 0, {}},
		{RECORD_EXPIRE, none, 0, {}},
		{RECORD_PAUSE, none, 1, {}},
		{RECORD_RESUME, none, 1, {}},
		{RECORD_DOWN, none, 1, {}},
		{RECORD_UP, none, 1, {}},
		{RECORD_PIN, none, 1, {4, 6}},
		{RECORD_DOM_PAUSE, none, 0, {}},
		{RECORD_DOM_RESUME, none, 0, {}},
		{RECORD_DOM_CHARGE, none, 0, {999, RATION_HELPER_EMULATOR}},
		{RECORD_DOM_SET, none, 0, {set[0], set[1], set[2], set[3], set[4], set[5]}},
		{RECORD_PARAMS, none, 0, {20 * MS, 500 * US}},
		{RECORD_CPU_DOWN, 1, 1, {}},
		{RECORD_IDLE, 1, 0, {}},
		{RECORD_CPU_UP, 1, 0, {}},
		{RECORD_CPU_UP, none, 0, {}},
		{RECORD_CPU_DOWN, none, 0, {}},
		{RECORD_POLICY, none, 2, {}},
		{RECORD_LEAVE, none, 1, {}},
		{RECORD_LEAVE, none, 0, {}},
		{RECORD_DOM_LEAVE, none, 0, {}},
		{RECORD_END, none, 0, {}},
	};
	std::vector<Record> got = g.records();
	ASSERT_EQ(expected.size(), got.size());
	for (size_t i = 0; i < got.size(); i++) {
		SCOPED_TRACE(ration_record_verb_name(got[i].verb));
		auto &[verb, cpu, slot, arg] = expected[i];
		EXPECT_EQ(verb, got[i].verb);
		EXPECT_EQ(cpu, got[i].cpu);
		EXPECT_EQ(slot, got[i].slot);
		EXPECT_EQ(arg, got[i].arg);
		EXPECT_EQ(i < 3 ? 0 : 7 + i, got[i].at);
	}
	EXPECT_EQ(expected.size() - 1, ration_record_events(&g.rec));
	EXPECT_EQ(0u, ration_record_lost(&g.rec));
	std::vector<bool> seen(RECORD_VERB_COUNT);
	for (const Record &r : got)
		seen[r.verb] = true;
	for (uint32_t verb = RECORD_IDLE; verb < RECORD_VERB_COUNT; verb++)
		EXPECT_TRUE(seen[verb]) << ration_record_verb_name(verb);
}

TEST(Record, TimesOfAnyLength)
{
	Rig g(4096, 5);
	g.two();
	const ration_ns short_ns = (1 << 20) - 1;
	std::vector<ration_ns> times = {5, 6, 6 + short_ns, 6 + 2 * short_ns + 1, 1000 * S,
	                                RATION_TIME_MAX};
	for (ration_ns at : times) {
		g.now = at;
		g.event();
	}
	std::vector<Record> got = g.records(5);
	std::vector<ration_ns> seen;
	std::vector<uint64_t> long_ns;
	for (const Record &r : got)
		if (r.verb == RECORD_PAUSE)
			seen.push_back(r.at);
		else if (r.verb == RECORD_TIME)
			long_ns.push_back(r.arg[0]);
	EXPECT_EQ(times, seen);
	EXPECT_EQ(long_ns, (std::vector<uint64_t>{short_ns + 1, times[4] - times[3],
	                                          times[5] - times[4]}));
}

TEST(Record, TheLastSlot)
{
	Rig g;
	g.two();
	g.vcpu[0]->slot = 65535;
	g.dom->slot = 4095;
	g.event();
	ration_record_dom_pause(&g.rec, g.dom, 1, &g.fx);
	std::vector<Record> got = g.records();
	EXPECT_EQ(65535u, got[3].slot);
	EXPECT_EQ(RECORD_PAUSE, got[3].verb);
	EXPECT_EQ(0u, got[3].at);
	EXPECT_EQ(4095u, got[4].slot);
}

TEST(Record, TheRingGoesRound)
{
	Rig g(RATION_RECORD_WORDS_MIN);
	g.two();
	for (uint64_t i = 0; i < 10000; i++) {
		g.now++;
		ration_record_dom_charge(&g.rec, g.dom, i, RATION_HELPER_BACKEND, g.now, &g.fx);
		if (ration_record_pending(&g.rec) > 200)
			while (g.reader.drain(64 + i % 400))
				;
	}
	uint64_t next = 0;
	for (const Record &r : g.records())
		if (r.verb == RECORD_DOM_CHARGE) {
			EXPECT_EQ(next, r.arg[0]);
			EXPECT_EQ(++next, r.at);
		}
	EXPECT_EQ(10000u, next);
	EXPECT_EQ(10003u, ration_record_events(&g.rec));
}

TEST(Record, BlocksOfAnySize)
{
	for (size_t size : {63, 64, 71, 72, 1000, 1 << 20}) {
		Rig g(1 << 14);
		g.two();
		for (int i = 0; i < 12000; i++)
			g.event();
		uint64_t words = ration_record_pending(&g.rec);
		size_t most = std::min<size_t>((size - 24) / 8, RATION_RECORD_BLOCK_WORDS);
		while (g.reader.drain(size))
			;
		EXPECT_EQ(size < RATION_RECORD_BLOCK_MIN ? 0 : (words + most - 1) / most,
		          g.reader.blocks) << size;
		EXPECT_EQ(size < RATION_RECORD_BLOCK_MIN ? words : 0, ration_record_pending(&g.rec));
	}
}

/* So many events come and find no room: a gap says so, and it goes on. */
TEST(Record, AFullRingLosesAndSaysSo)
{
	for (ration_ns pause_ns : {ration_ns(1), 2 * S}) {
		Rig g(RATION_RECORD_WORDS_MIN);
		g.two();
		uint64_t kept = 0;
		for (; ration_record_lost(&g.rec) == 0; kept++)
			g.event();
		ration_record_name(&g.rec, g.dom, "a name is no event");
		for (int i = 0; i < 99; i++)
			g.event();
		EXPECT_EQ(100u, ration_record_lost(&g.rec));
		EXPECT_EQ(3 + --kept, ration_record_events(&g.rec));
		EXPECT_LE(ration_record_pending(&g.rec), RATION_RECORD_WORDS_MIN);
		size_t before = g.records().size();
		EXPECT_EQ(3 + kept, before);
		g.now += pause_ns;
		g.event();
		g.event();
		std::vector<Record> got = g.records();
		ASSERT_GE(got.size(), before + 3);
		EXPECT_EQ(RECORD_GAP, got[before].verb);
		EXPECT_EQ(std::vector<uint64_t>{100}, got[before].arg);
		EXPECT_EQ(RECORD_PAUSE, got.back().verb);
		EXPECT_EQ(pause_ns, got.back().at);
		EXPECT_EQ(100u, ration_record_lost(&g.rec));
		EXPECT_EQ(std::count_if(got.begin(), got.end(), [](const Record &r) {
			return r.verb == RECORD_GAP; }), 1);
	}
}

TEST(Record, ANameThatIsLostLeavesNoGap)
{
	Rig g(RATION_RECORD_WORDS_MIN);
	g.two();
	while (ration_record_pending(&g.rec) < RATION_RECORD_WORDS_MIN - 8)
		g.event();
	ration_record_name(&g.rec, g.dom, std::string(100, 'x').c_str());
	(void)g.words();
	g.event();
	for (const Record &r : g.records())
		EXPECT_TRUE(r.verb != RECORD_GAP && r.verb != RECORD_NAME);
	EXPECT_EQ(0u, ration_record_lost(&g.rec));
}

/* The end finds room in a ring where nothing else does, and is the last. */
TEST(Record, TheEnd)
{
	for (bool full : {false, true}) {
		Rig g(RATION_RECORD_WORDS_MIN);
		g.two();
		do
			g.event();
		while (full && ration_record_lost(&g.rec) == 0);
		g.now = 5 * S;
		ration_record_end(&g.rec, g.now);
		uint64_t events = ration_record_events(&g.rec);
		g.event();
		ration_record_name(&g.rec, g.dom, "late");
		ration_record_end(&g.rec, g.now);
		EXPECT_EQ(events, ration_record_events(&g.rec));
		std::vector<Record> got = g.records();
		ASSERT_GT(got.size(), 3u);
		EXPECT_EQ(RECORD_END, got.back().verb);
		EXPECT_EQ(5 * S, got.back().at);
		EXPECT_EQ(RECORD_TIME, got[got.size() - 2].verb);
		EXPECT_EQ(full, got[got.size() - 3].verb == RECORD_GAP);
		EXPECT_EQ(1, std::count_if(got.begin(), got.end(), [](const Record &r) {
			return r.verb == RECORD_END; }));
	}
}

TEST(Record, Names)
{
	Rig g;
	g.two();
	std::vector<std::string> names = {"", "a", "web1", "12345678", "123456789",
	                                  std::string(255, 'n'), std::string(400, 'n')};
	for (const std::string &name : names)
		ration_record_name(&g.rec, g.dom, name.c_str());
	std::vector<Record> got = g.records();
	ASSERT_EQ(3 + names.size(), got.size());
	for (size_t i = 0; i < names.size(); i++) {
		const Record &r = got[3 + i];
		std::string text;
		for (uint64_t word : r.arg)
			for (int b = 0; b < 8; b++)
				text += char(word >> 8 * b);
		std::string kept = names[i].substr(0, RATION_RECORD_NAME_MAX);
		EXPECT_EQ(RECORD_NAME, r.verb);
		EXPECT_EQ((kept.size() + 7) / 8, r.arg.size());
		kept.resize(8 * r.arg.size());
		EXPECT_EQ(kept, text);
	}
	EXPECT_EQ(3u, ration_record_events(&g.rec));
}

TEST(Record, Attributes)
{
	ration_attr a = {65535, 4200000000u, 999999, 10 * S, 9 * S, 8 * S, 7 * S, true, false}, b = {};
	uint64_t word[RATION_RECORD_ATTR_WORDS];
	for (bool extratime : {true, false})
		for (bool shadow : {true, false}) {
			a.extratime = extratime;
			a.shadow = shadow;
			ration_record_attr_put(&a, word);
			b.shadow = !shadow;
			ration_record_attr_take(word, &b);
			EXPECT_TRUE(attr_is_equal(a, b));
		}
	/* as it was written before there were shadow caps */
	word[1] = uint64_t(1) << 32 | 999999;
	ration_record_attr_take(word, &b);
	EXPECT_TRUE(b.extratime);
	EXPECT_FALSE(b.shadow);
	EXPECT_EQ(999999u, b.floor_ppm);
}

TEST(Record, TheCrcIsEthernets)
{
	EXPECT_EQ(0xCBF43926u, ration_record_crc("123456789", 9));
	EXPECT_EQ(0u, ration_record_crc("", 0));
}

TEST(Record, HeaderByteForByte)
{
	Rig g(0);
	std::vector<uint8_t> b(RATION_RECORD_HEADER_MAX, 0xEE);
	static ration_topology t;
	ration_topology_error error;
	ASSERT_EQ(RATION_OK, ration_topology_parse("node:2 l3:1 core:2 pu:2", 23, &t, &error));
	t.cpu[2].online = false;
	g.config.topology = &t;
	std::string machine(200, 'm');
	EXPECT_EQ(0u, ration_record_header(&g.config, 9, "w", "m", b.data(), b.size() - 1));
	g.config.policy_count = 65;
	EXPECT_EQ(0u, ration_record_header(&g.config, 9, "w", "m", b.data(), b.size()));
	g.config.policy_count = 3;
	g.config.margins = {5000, 125000};
	size_t size = ration_record_header(&g.config, 0x0123456789ABCDEF, "ration run 0.1",
	                                   machine.c_str(), b.data(), b.size());
	ASSERT_EQ(192u + 3 * 16 + 3 * 12 + 4 + 4, size);
	EXPECT_EQ(0, std::memcmp(b.data(), "RATION\x1A\n\1\0\0\0", 12));
	EXPECT_EQ(size, number_at(&b[12], 4));
	EXPECT_EQ(3u, number_at(&b[16], 4));
	EXPECT_EQ(8u, number_at(&b[20], 4));
	EXPECT_EQ(32u, number_at(&b[24], 4));
	EXPECT_EQ(3u, number_at(&b[28], 4));
	EXPECT_EQ(RATION_TSLICE_DEFAULT_NS, number_at(&b[32], 4));
	EXPECT_EQ(5000u, number_at(&b[36], 4));
	EXPECT_EQ(RATION_RATELIMIT_DEFAULT_NS, number_at(&b[40], 4));
	EXPECT_EQ(125000u, number_at(&b[44], 4));
	EXPECT_EQ(0x0123456789ABCDEFu, number_at(&b[48], 8));
	EXPECT_EQ(2u, number_at(&b[56], 4));
	EXPECT_EQ(0u, number_at(&b[60], 4));
	EXPECT_STREQ("ration run 0.1", reinterpret_cast<char *>(&b[64]));
	EXPECT_EQ(std::string(95, 'm'), reinterpret_cast<char *>(&b[96]));
	EXPECT_STREQ("credit", reinterpret_cast<char *>(&b[192]));
	EXPECT_STREQ("sedf", reinterpret_cast<char *>(&b[208]));
	EXPECT_STREQ("rr", reinterpret_cast<char *>(&b[224]));
	for (uint32_t c = 0; c < 3; c++) {
		const uint8_t *at = &b[240 + 12 * c];
		const ration_topology_cpu &cpu = t.cpu[c];
		const uint16_t value[6] = {cpu.core, cpu.llc, cpu.package, cpu.node, cpu.capacity,
		                           uint16_t(c != 2)};
		for (int i = 0; i < 6; i++)
			EXPECT_EQ(value[i], number_at(at + 2 * i, 2)) << c << " " << i;
	}
	EXPECT_EQ(0, std::memcmp(&b[276], "\12\24\24\12", 4));
	EXPECT_EQ(ration_record_crc(b.data(), size - 4), number_at(&b[size - 4], 4));
	g.config.topology = nullptr;
	EXPECT_EQ(192u + 3 * 16 + 4,
	          ration_record_header(&g.config, 0, "", "", b.data(), b.size()));
	EXPECT_EQ(0u, number_at(&b[56], 4));
}

/* A writer and a reader who do not wait for each other. */
TEST(Record, DrainedWhileItIsWritten)
{
	Rig g(RATION_RECORD_WORDS_MIN);
	g.two();
	bool done = false;
	std::thread reader([&] {
		while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
			if (!g.reader.drain(800))
				std::this_thread::yield();
	});
	for (uint64_t i = 0; i < 100000; i++) {
		g.now += i % 1000 == 0 ? 2 * MS : 1;
		ration_record_dom_charge(&g.rec, g.dom, i, RATION_HELPER_BACKEND, g.now, &g.fx);
		if (i % 64 == 0)
			std::this_thread::yield();
	}
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	reader.join();
	ration_record_end(&g.rec, g.now);
	uint64_t next = 0, events = 0;
	for (const Record &r : g.records()) {
		events += r.verb >= RECORD_IDLE;
		if (r.verb == RECORD_GAP) {
			next += r.arg[0];
		} else if (r.verb == RECORD_DOM_CHARGE) {
			ASSERT_EQ(next++, r.arg[0]);
		}
	}
	EXPECT_EQ(100000u, next);
	EXPECT_EQ(100003u, events + ration_record_lost(&g.rec));
	EXPECT_EQ(events, ration_record_events(&g.rec));
}

}
