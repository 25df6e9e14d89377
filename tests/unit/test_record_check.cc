/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_record_check.cc - recording changes nothing, and a check tells one
 * answer, and any one bit of a record, from another.
 */
#include <functional>

#include "record_rig.h"

namespace {

/* A machine that runs by itself from a seed.  What it decides, as text. */
std::string drive(Rig &g, uint32_t seed, ration_record *rec)
{
	std::string text;
	uint32_t x = seed;
	auto draw = [&x](uint32_t n) {
		x = x * 1664525 + 1013904223;
		return (x >> 8) % n;
	};
	ration_decision d;
	for (uint32_t i = 0; i < 6; i++)
		g.admit(i);
	for (int i = 0; i < 3000; i++) {
		g.now += draw(3 * MS);
		ration_cpu c = draw(3);
		ration_vcpu *v = g.vcpu[draw(6)], *on = ration_cpu_vcpu(g.r, c);
		uint32_t what = draw(8);
		if (what < 3)
			rec ? ration_record_wake(rec, v, g.now, &g.fx) : ration_vcpu_wake(g.r, v, g.now, &g.fx);
		else if (what == 3 && on != nullptr)
			rec ? ration_record_block(rec, on, g.now, &g.fx)
			    : ration_vcpu_block(g.r, on, g.now, &g.fx);
		else if (what == 4 && on != nullptr)
			rec ? ration_record_yield_to(rec, on, v, g.now, &g.fx)
			    : ration_vcpu_yield_to(g.r, on, v, g.now, &g.fx);
		else
			rec ? ration_record_expire(rec, g.now, &g.fx) : ration_expire(g.r, g.now, &g.fx);
		rec ? ration_record_decide(rec, c, g.now, &d, &g.fx)
		    : ration_decide(g.r, c, g.now, &d, &g.fx);
		text += std::to_string(d.vcpu ? int(ration_vcpu_slot_of(d.vcpu)) : -1) + "@" +
		        std::to_string(d.until_ns) + "/" + std::to_string(g.fx.resched) + " ";
		if (d.switched)
			rec ? ration_record_saved(rec, c, g.now, &g.fx)
			    : ration_cpu_saved(g.r, c, g.now, &g.fx);
		EXPECT_EQ(nullptr, ration_check(g.r));
	}
	return text;
}

TEST(Record, ItChangesNothing)
{
	Rig plain(0), off(0), on(1 << 14), again(1 << 14), other(1 << 14);
	for (Rig *g : {&plain, &off, &on, &again, &other})
		g->domain();
	std::string expected = drive(plain, 1, nullptr);
	EXPECT_EQ(expected, drive(off, 1, &off.rec));
	EXPECT_EQ(expected, drive(on, 1, &on.rec));
	EXPECT_EQ(expected, drive(again, 1, &again.rec));
	EXPECT_NE(expected, drive(other, 2, &other.rec));
	EXPECT_EQ(0u, ration_record_pending(&off.rec));
	EXPECT_EQ(0u, ration_record_events(&off.rec));
	(void)on.words(), (void)again.words(), (void)other.words();
	EXPECT_EQ(0u, ration_record_lost(&on.rec));
	EXPECT_EQ(on.reader.bytes, again.reader.bytes);
	EXPECT_NE(on.reader.bytes, other.reader.bytes);
}

/* The same calls, another answer: the check differs from that record on. */
TEST(Record, AnotherAnswerIsAnotherCheck)
{
	Rig a, b(4096, 0, RATION_TSLICE_DEFAULT_NS / 2);
	for (Rig *g : {&a, &b}) {
		g->two();
		for (int i = 0; i < 2; i++) {
			ration_record_wake(&g->rec, g->vcpu[size_t(i)], 0, &g->fx);
			g->decide(0);
		}
		g->event();
		g->event(1);
	}
	std::vector<Record> x = a.records(), y = b.records();
	ASSERT_EQ(x.size(), y.size());
	size_t first = 0;
	while (first < x.size() && x[first].check == y[first].check)
		first++;
	ASSERT_LT(first, x.size());
	EXPECT_TRUE(x[first].verb == RECORD_DECIDE);
	for (size_t i = 0; i < x.size(); i++) {
		EXPECT_EQ(x[i].word >> 16, y[i].word >> 16) << "the calls are the same";
		EXPECT_EQ(i < first, x[i].check == y[i].check) << i;
	}
}

/* Refused both times, and not by as much. */
TEST(Record, ARefusalIsAnAnswer)
{
	uint32_t check[2];
	for (uint32_t i = 0; i < 2; i++) {
		Rig g;
		ration_vcpu *v;
		g.domain(attr_of(256, 0, 60), 1);
		g.admit(0, {1, 1});
		g.domain(attr_of(256, 0, 50 + 10 * i), 2);
		EXPECT_EQ(RATION_E_CAPACITY,
		          ration_record_admit(&g.rec, g.dom, 0, {1, 1}, 0, &g.fx, &v, &g.why));
		EXPECT_EQ(RATION_REFUSED_FLOOR, g.why.reason);
		check[i] = g.records().back().check;
	}
	EXPECT_NE(check[0], check[1]);
}

/* What an event writes, once with and once without one bit changed in it. */
void flip(const std::function<void(Rig &, uint64_t)> &event, uint64_t bit)
{
	auto fold = [](uint64_t w) { return uint32_t((w ^ w >> 16 ^ w >> 32 ^ w >> 48) & 0xFFFF); };
	uint32_t check[2], sum[2] = {0, 0};
	for (int i = 0; i < 2; i++) {
		Rig g;
		g.two();
		size_t before = g.records().size();
		event(g, i == 0 ? 0 : bit);
		std::vector<Record> got = g.records();
		ASSERT_EQ(before + 1, got.size());
		check[i] = got.back().check;
		sum[i] = fold(got.back().word & ~uint64_t(0xFFFF));
		for (uint64_t arg : got.back().arg)
			sum[i] ^= fold(arg);
	}
	EXPECT_NE(check[0], check[1]) << std::hex << bit;
	EXPECT_EQ(check[0] ^ sum[0], check[1] ^ sum[1]) << std::hex << bit;
	EXPECT_EQ(1, __builtin_popcount(check[0] ^ check[1])) << std::hex << bit;
}

TEST(Record, EveryBitCounts)
{
	for (int i = 0; i < 20; i++)
		flip([](Rig &g, uint64_t bit) { g.now += bit, g.event(); }, uint64_t(1) << i);
	for (int i = 0; i < 7; i++)
		flip([](Rig &g, uint64_t bit) { g.rec.from = ration_cpu(64 ^ bit), g.event(); },
		     uint64_t(1) << i);
	for (int i = 0; i < 16; i++)
		flip([](Rig &g, uint64_t bit) { g.vcpu[0]->slot = uint32_t(bit), g.event(); },
		     uint64_t(1) << i);
	for (int i = 0; i < 3; i++)
		flip([](Rig &g, uint64_t bit) {
			ration_record_pin(&g.rec, g.vcpu[0], {7, 7 ^ bit}, 0, &g.fx, nullptr);
		}, uint64_t(1) << i);
	for (int i = 0; i < 62; i++)
		flip([](Rig &g, uint64_t bit) {
			ration_record_dom_charge(&g.rec, g.dom, bit, RATION_HELPER_BACKEND, 0, &g.fx);
		}, uint64_t(1) << i);
}

}
