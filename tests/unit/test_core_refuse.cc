// SPDX-License-Identifier: BSD-2-Clause
//
// A policy that decides wrongly: the core refuses, counts, and no harm is done.
#include <gtest/gtest.h>

#include "host.h"

namespace {

// rr, but what `lie` makes of its decisions on CPU 0.
void (*lie)(ration *r, ration_ns now, ration_decision *out);
ration_vcpu *victim;

void wrong_decide(ration *r, ration_cpu c, ration_ns now, ration_decision *out, ration_effects *fx)
{
	ration_rr.decide(r, c, now, out, fx);
	if (c == 0 && lie != nullptr)
		lie(r, now, out);
}

void pick_victim(ration *, ration_ns now, ration_decision *out)
{
	out->vcpu = victim;
	out->until_ns = now + MS;
}

void until_now(ration *, ration_ns now, ration_decision *out)
{
	out->until_ns = now;
}

void until_past(ration *, ration_ns, ration_decision *out)
{
	out->until_ns = 0;
}

void idle_until_past(ration *, ration_ns, ration_decision *out)
{
	*out = {nullptr, 1, false};
}

struct core_refuse : testing::Test {
	ration_policy wrong = ration_rr;
	std::unique_ptr<Host> host;

	Host &machine(bool manual = true)
	{
		lie = nullptr, victim = nullptr;
		wrong.decide = wrong_decide;
		host.reset(new Host(host_of(2, {&wrong, &ration_rr}, manual)));
		host->options.work_conserving = false;
		return *host;
	}
	void TearDown() override
	{
		lie = nullptr;
		const char *broken = ration_check(host->r);
		EXPECT_EQ(nullptr, broken) << broken;
	}
	// CPU 0 decides; the core must say no, and go on with `instead` for a tslice.
	void refused(ration_vcpu *instead)
	{
		uint64_t before = host->books(0).refusals;
		host->decide(0);
		EXPECT_EQ(before + 1, host->books(0).refusals);
		EXPECT_EQ(instead, host->last.vcpu);
		EXPECT_EQ(host->now + RATION_TSLICE_DEFAULT_NS, host->last.until_ns);
		EXPECT_EQ(instead, host->on(0));
		const char *broken = ration_check(host->r);
		EXPECT_EQ(nullptr, broken) << broken;
	}
};

TEST_F(core_refuse, a_blocked_vcpu)
{
	Host &h = machine();
	victim = h.vcpu(h.dom());
	lie = pick_victim;
	refused(nullptr);
	EXPECT_FALSE(h.last.switched);
	EXPECT_EQ(RATION_STATE_BLOCKED, h.info(victim).state);
}

TEST_F(core_refuse, the_current_vcpu_that_just_blocked)
{
	Host &h = machine();
	victim = h.hog();
	h.decide(0), h.saved(0);
	h.now += MS;
	h.block(victim);
	lie = pick_victim;
	refused(nullptr);
	EXPECT_TRUE(h.last.switched);
	h.saved(0);
	EXPECT_EQ(RATION_STATE_BLOCKED, h.info(victim).state);
}

TEST_F(core_refuse, a_paused_vcpu_and_one_that_is_down)
{
	Host &h = machine();
	victim = h.hog();
	lie = pick_victim;
	h.pause(victim);
	refused(nullptr);
	h.down(victim), h.resume(victim);
	refused(nullptr);
	h.up(victim);
	EXPECT_EQ(victim, h.decide(0)) << "now it is right";
}

TEST_F(core_refuse, a_vcpu_that_may_not_run_here)
{
	Host &h = machine();
	ration_vcpu *current = h.hog(attr_of(), 1);
	victim = h.hog(attr_of(), 2);
	h.decide(0), h.saved(0);
	lie = pick_victim;
	refused(current);
	EXPECT_FALSE(h.last.switched);
	EXPECT_EQ(victim, h.decide(1));
}

TEST_F(core_refuse, a_vcpu_that_runs_elsewhere)
{
	Host &h = machine();
	victim = h.hog();
	h.decide(0), h.saved(0);
	ration_vcpu *other = h.hog();
	h.decide(1), h.saved(1);
	std::swap(victim, other);                    // it runs on CPU 1
	lie = pick_victim;
	refused(other);
	EXPECT_EQ(victim, h.on(1));
	EXPECT_EQ(RATION_STATE_RUNNING, h.info(victim).state);
}

TEST_F(core_refuse, a_vcpu_that_is_not_saved_yet)
{
	Host &h = machine();
	victim = h.hog();
	h.decide(0), h.saved(0);
	h.pin(victim, 2);
	h.decide(0), h.saved(0);
	h.decide(1), h.saved(1);                     // it runs on CPU 1
	h.pin(victim, 3);
	h.yield(victim);
	ration_vcpu *other = h.hog(attr_of(), 2);
	ASSERT_EQ(other, h.decide(1));               // and is being saved there
	lie = pick_victim;
	refused(nullptr);
	EXPECT_EQ(RATION_WAIT_SWITCH, h.info(victim).cause);
	h.saved(1);
	EXPECT_EQ(victim, h.decide(0));
}

TEST_F(core_refuse, a_vcpu_that_waits_for_its_cpu_to_come_back)
{
	Host &h = machine();
	victim = h.hog(attr_of(), 2);
	h.cpu_down(1);
	h.decide(1);
	lie = pick_victim;
	refused(nullptr);
	EXPECT_EQ(RATION_WAIT_OFFLINE, h.info(victim).cause);
}

TEST_F(core_refuse, a_vcpu_that_is_leaving)
{
	Host &h = machine();
	victim = h.hog();
	h.decide(0), h.saved(0);
	EXPECT_EQ(RATION_E_BUSY, h.leave(victim));
	lie = pick_victim;
	refused(nullptr);
	h.saved(0);
	refused(nullptr);
	EXPECT_EQ(RATION_OK, h.leave(victim));
}

TEST_F(core_refuse, a_vcpu_that_is_held)
{
	Host &h = machine();
	victim = h.hog();
	ration_wait_set(h.r, victim, RATION_WAIT_CAP, h.now);
	lie = pick_victim;
	refused(nullptr);
	ration_wait_set(h.r, victim, RATION_WAIT_BUDGET, h.now);
	refused(nullptr);
	EXPECT_EQ(RATION_WAIT_BUDGET, h.info(victim).cause);
	ration_wait_set(h.r, victim, RATION_WAIT_QUEUE, h.now);
	EXPECT_EQ(victim, h.decide(0));
}

TEST_F(core_refuse, an_end_that_is_not_in_the_future)
{
	Host &h = machine();
	ration_vcpu *current = h.hog();
	h.decide(0), h.saved(0);
	h.now = 50 * MS;
	h.wake(h.vcpu(h.dom()));
	for (auto wrongly : {until_now, until_past, idle_until_past}) {
		lie = wrongly;
		refused(current);
	}
	h.block(current);
	refused(nullptr);
}

TEST_F(core_refuse, hints_that_cannot_be_taken_never_reach_the_policy)
{
	Host &h = machine();
	static const ration_vcpu *hint;
	wrong.decide = [](ration *r, ration_cpu c, ration_ns now, ration_decision *out,
	                  ration_effects *fx) {
		hint = ration_cpu_get(r, c)->hint;
		ration_rr.decide(r, c, now, out, fx);
	};
	ration_vcpu *a = h.hog(attr_of(), 1);
	h.decide(0), h.saved(0);
	ration_vcpu *good = h.vcpu(h.dom()), *elsewhere = h.hog(attr_of(), 2);
	for (ration_vcpu *other : {good, elsewhere, a}) {    // blocked, not here, itself
		h.yield_to(a, other);
		EXPECT_EQ(a, h.decide(0));
		EXPECT_EQ(nullptr, hint) << h.name(other);
	}
	h.wake(good);
	ration_wait_set(h.r, good, RATION_WAIT_CAP, h.now);
	h.pause(a), h.resume(a);
	h.yield_to(a, good);
	h.decide(0);
	EXPECT_EQ(nullptr, hint) << "held";
	EXPECT_EQ(a, h.on(0));
	ration_wait_set(h.r, good, RATION_WAIT_QUEUE, h.now);
	h.yield_to(a, good);
	EXPECT_EQ(good, h.decide(0));
	EXPECT_EQ(good, hint);
}

// A policy that is wrong all the time starves its vCPUs of that CPU, and no more.
TEST_F(core_refuse, a_policy_that_is_always_wrong_does_no_harm)
{
	Host &h = machine(false);
	victim = h.vcpu(h.dom());
	lie = pick_victim;
	ration_vcpu *a = h.hog(attr_of(), 2), *b = h.hog(attr_of(), 2);
	h.run_for(10 * S);
	EXPECT_EQ(0u, h.books(0).refusals) << "it was never kicked";
	ration_vcpu *c = h.hog(attr_of(), 1);
	h.run_for(3 * S);
	EXPECT_EQ(101u, h.books(0).refusals) << "at once, and every 30 ms";
	EXPECT_EQ(0u, h.got(c));
	EXPECT_EQ(0u, h.books(1).refusals);
	EXPECT_EQ(13 * S, h.books(1).busy_ns);
	EXPECT_EQ(13 * S, h.books(0).idle_ns);
	EXPECT_EQ(13 * S, h.got(a) + h.got(b));
}

}  // namespace
