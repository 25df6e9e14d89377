// SPDX-License-Identifier: BSD-2-Clause
//
// ration_check() finds what is broken, and names it.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "host.h"
#include "spy.h"

namespace {

// A runs on CPU 0, B waits, C is blocked.
struct Broken : Host {
	ration_vcpu *a, *b, *c;

	Broken(const ration_policy *p) : Host(host_of(2, {p}, true))
	{
		a = hog(attr_of(), 1), b = hog(attr_of(), 1), c = vcpu(dom());
		decide(0), saved(0);
		now = 5 * MS;
		expire();
	}
	ration_cpu_state &cpu(ration_cpu i)
	{
		return *const_cast<ration_cpu_state *>(ration_cpu_get(r, i));
	}
};

struct Row {
	const char *text;
	std::function<void(Broken &)> breaks;
};

const Row rows[] = {
	{"in two places", [](Broken &h) { h.a->flags |= RATION_VCPU_READY; }},
	{"not its CPU's current one", [](Broken &h) { h.a->cpu = 1; }},
	{"not its CPU's unsaved one", [](Broken &h) {
		h.c->cpu = 1;
		h.c->flags |= RATION_VCPU_UNSAVED;
	}},
	{"is ready and cannot run", [](Broken &h) { h.c->flags |= RATION_VCPU_READY; }},
	{"can run and is nowhere", [](Broken &h) { h.c->flags |= RATION_VCPU_RUNNABLE; }},
	{"can run and is nowhere", [](Broken &h) { h.b->flags &= uint8_t(~RATION_VCPU_READY); }},
	{"booked into the future", [](Broken &h) { h.b->since_ns = h.now + 1; }},
	{"ledger is not conserved", [](Broken &h) { h.b->ledger.running_ns++; }},
	{"ledger is not conserved", [](Broken &h) { h.c->ledger.wait_ns[RATION_WAIT_CAP]++; }},
	{"ledger is not conserved", [](Broken &h) { h.cpu(1).ledger.idle_ns++; }},
	{"class has another mask", [](Broken &h) { h.c->affinity.hard = 1; }},
	{"runs where it may not", [](Broken &h) {
		h.a->affinity.hard = h.b->affinity.hard = 2;
	}},
	{"waits for a kick that is not under way", [](Broken &h) { h.b->book = RATION_WAIT_KICK; }},
	{"not its own", [](Broken &h) { h.c->dom = h.a->dom; }},
	{"vCPUs are miscounted", [](Broken &h) { h.c->dom->vcpu_count++; }},
	{"vCPUs are miscounted", [](Broken &h) { h.c->dom->first = nullptr; }},
	{"is in no domain", [](Broken &h) {
		h.c->dom->first = h.c->dom->last = nullptr;
		h.c->dom->vcpu_count = 0;
	}},
	{"not its CPU's current one", [](Broken &h) { h.cpu(0).current = nullptr; }},
	{"the set of idle CPUs is wrong", [](Broken &h) { h.cpu(1).current = h.c; }},
	{"CPU saves a vCPU that does not know it", [](Broken &h) { h.cpu(1).unsaved = h.c; }},
	{"a CPU's class set is wrong", [](Broken &h) { h.cpu(1).classes.word[1] = 1; }},
	{"a class's vCPUs are miscounted", [](Broken &h) {
		h.c->class_idx = h.a->class_idx;
		h.c->affinity = h.a->affinity;
	}},
};

TEST(core_check, names_the_first_broken_invariant)
{
	for (const Row &t : rows) {
		SCOPED_TRACE(t.text);
		Broken h(&ration_rr);
		ASSERT_EQ(nullptr, ration_check(h.r));
		t.breaks(h);
		const char *broken = ration_check(h.r);
		ASSERT_NE(nullptr, broken);
		EXPECT_NE(nullptr, strstr(broken, t.text)) << broken;
	}
}

TEST(core_check, asks_the_policy_last)
{
	ration_policy watched = spy_on(&ration_rr);
	Broken h(&watched);
	EXPECT_EQ(nullptr, ration_check(h.r));
	spy.broken = "what the policy said";
	EXPECT_STREQ("what the policy said", ration_check(h.r));
	h.b->ledger.running_ns++;
	EXPECT_STRNE("what the policy said", ration_check(h.r));
}

// The private data lie behind the core's structs: spoil a byte after the other, and most
// of what matters to a queue must be noticed; nothing may crash.
TEST(core_check, a_policy_notices_a_spoiled_queue)
{
	for (const ration_policy *p : {&ration_rr, &ration_credit}) {
		Broken h(p);
		std::vector<unsigned char> zero(p->vcpu_size, 0);
		std::vector<unsigned char> kept(p->vcpu_size);
		void *queued = ration_policy_vcpu(h.b);
		memcpy(kept.data(), queued, kept.size());
		ASSERT_EQ(nullptr, ration_check(h.r));
		memcpy(queued, zero.data(), zero.size());    // as if it were in no queue
		EXPECT_NE(nullptr, ration_check(h.r)) << p->name;
		memcpy(queued, kept.data(), kept.size());
		EXPECT_EQ(nullptr, ration_check(h.r)) << p->name;
	}
}

}  // namespace
