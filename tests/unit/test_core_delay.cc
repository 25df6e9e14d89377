// SPDX-License-Identifier: BSD-2-Clause
//
// The protocol of a CPU when kicks arrive and contexts are saved after a while:
// nobody is offered who is not saved, and nobody is forgotten.
#include <gtest/gtest.h>

#include "host.h"
#include "spy.h"

namespace {

class core_delay : public testing::TestWithParam<const ration_policy *> {
public:
	std::unique_ptr<Host> host;

	Host &machine(uint32_t cpu_count)
	{
		host.reset(new Host(host_of(cpu_count, {GetParam()}, true)));
		return *host;
	}
	// CPU c decides, saves, and runs what it picked.
	ration_vcpu *turn(ration_cpu c)
	{
		host->decide(c);
		if (host->last.switched)
			host->saved(c);
		return host->on(c);
	}
	bool asked(ration_cpu c) const { return ration_cpuset_has(host->fx.resched, c); }
};

TEST_P(core_delay, a_woken_vcpu_waits_for_the_kick)
{
	Host &h = machine(2);
	ration_vcpu *a = h.vcpu(h.dom());
	h.wake(a);
	EXPECT_EQ(0x1u, h.fx.resched);
	EXPECT_EQ(RATION_STATE_WAITING, h.info(a).state);
	EXPECT_EQ(RATION_WAIT_KICK, h.info(a).cause);
	h.now += 7 * US;
	EXPECT_EQ(a, h.decide(0));
	EXPECT_EQ(7 * US, h.waited(a, RATION_WAIT_KICK));
	EXPECT_EQ(RATION_WAIT_SWITCH, h.info(a).cause);
	h.now += 2 * US;
	h.saved(0);
	EXPECT_EQ(2 * US, h.waited(a, RATION_WAIT_SWITCH));
	EXPECT_EQ(RATION_STATE_RUNNING, h.info(a).state);
}

TEST_P(core_delay, a_second_wake_goes_to_another_idle_cpu)
{
	Host &h = machine(2);
	ration_vcpu *a = h.hog(), *b = h.vcpu(h.dom()), *c = h.vcpu(h.dom());
	h.wake(b);
	EXPECT_EQ(0x2u, h.fx.resched);
	h.wake(c);                                   // both are spoken for: it queues
	EXPECT_EQ(0x0u, h.fx.resched);
	EXPECT_EQ(RATION_WAIT_QUEUE, h.info(c).cause);
	EXPECT_EQ(a, h.decide(0));
	EXPECT_EQ(b, h.decide(1));
}

TEST(core_delay_credit, who_is_kicked_for_and_passed_over_gets_another_idle_cpu)
{
	Host h(host_of(2, {&ration_credit}, true));
	ration_vcpu *a = h.hog(), *b = h.vcpu(h.dom(), 1);
	h.decide(0), h.saved(0);
	h.now = 20 * MS;
	h.block(a);
	h.decide(0), h.saved(0);
	h.wake(a);
	EXPECT_EQ(0x1u, h.fx.resched);               // CPU 0 is kicked for A
	h.wake(b);
	EXPECT_EQ(0x0u, h.fx.resched);
	EXPECT_EQ(b, h.decide(0));                   // B has had less
	EXPECT_EQ(0x2u, h.fx.resched);
	EXPECT_EQ(RATION_WAIT_KICK, h.info(a).cause);
	EXPECT_EQ(a, h.decide(1));
}

// scx#3687: a runnable task was stranded on a CPU that went idle without a tick.
TEST_P(core_delay, who_is_kicked_for_is_not_lost_with_the_cpu_that_goes_off_line)
{
	Host &h = machine(2);
	ration_vcpu *a = h.vcpu(h.dom());
	h.wake(a);                                   // CPU 0 is kicked for A
	EXPECT_EQ(RATION_OK, h.cpu_down(0));
	turn(0);
	EXPECT_TRUE(h.is_kicked(1));
	EXPECT_EQ(RATION_WAIT_KICK, h.info(a).cause);
	EXPECT_EQ(a, h.decide(1));
}

TEST_P(core_delay, an_unsaved_vcpu_is_offered_to_nobody)
{
	Host &h = machine(2);
	ration_vcpu *a = h.hog(), *b = h.hog(attr_of(), 1);
	turn(0);
	turn(1);                                     // nothing for it
	h.now = S;
	EXPECT_EQ(b, h.decide(0));                   // A is preempted: not saved
	EXPECT_EQ(RATION_WAIT_SWITCH, h.info(a).cause);
	EXPECT_EQ(nullptr, h.decide(1)) << "A's context is still on CPU 0";
	h.now += 3 * US;
	h.saved(0);
	EXPECT_EQ(3 * US, h.waited(a, RATION_WAIT_SWITCH));
	EXPECT_TRUE(asked(1)) << "saved finds the idle CPU";
	EXPECT_EQ(RATION_WAIT_KICK, h.info(a).cause);
	EXPECT_EQ(a, turn(1));
}

TEST_P(core_delay, a_vcpu_that_is_saved_may_come_straight_back)
{
	Host &h = machine(1);
	ration_vcpu *a = h.hog(), *b = h.hog();
	turn(0);
	h.now = S;
	h.yield(a);
	EXPECT_EQ(b, turn(0));
	h.yield(b);
	EXPECT_EQ(a, turn(0));
	h.block(a);
	EXPECT_EQ(b, h.decide(0));
	h.wake(a);                                   // before it is saved
	EXPECT_EQ(RATION_WAIT_SWITCH, h.info(a).cause);
	h.saved(0);
	EXPECT_EQ(RATION_STATE_WAITING, h.info(a).state);
	EXPECT_NE(RATION_WAIT_SWITCH, h.info(a).cause);
	h.block(b);
	EXPECT_EQ(a, turn(0));
}

TEST_P(core_delay, a_wake_between_block_and_decide_undoes_the_block)
{
	Host &h = machine(1);
	ration_vcpu *a = h.hog();
	turn(0);
	ration_ns until = h.last.until_ns;
	h.now = 5 * MS;
	h.block(a);
	h.wake(a);
	EXPECT_EQ(a, h.decide(0));
	EXPECT_FALSE(h.last.switched);
	EXPECT_EQ(until, h.last.until_ns);
	EXPECT_EQ(5 * MS, h.got(a));
	EXPECT_EQ(0u, h.ledger(a).blocked_ns);
}

TEST_P(core_delay, a_pause_undone_before_the_decide_changes_nothing)
{
	Host &h = machine(1);
	ration_vcpu *a = h.hog();
	turn(0);
	ration_ns until = h.last.until_ns;
	h.now = 5 * MS;
	h.pause(a);
	EXPECT_TRUE(asked(0)) << "the CPU of a paused vCPU is kicked";
	EXPECT_EQ(RATION_STATE_RUNNING, h.info(a).state) << "until it decides it runs on";
	h.now = 6 * MS;
	h.resume(a);
	EXPECT_EQ(a, h.decide(0));
	EXPECT_FALSE(h.last.switched);
	EXPECT_EQ(until, h.last.until_ns);
	EXPECT_EQ(6 * MS, h.got(a));
}

TEST_P(core_delay, a_paused_vcpu_runs_on_until_its_cpu_decides)
{
	Host &h = machine(1);
	ration_vcpu *a = h.hog();
	turn(0);
	h.now = 5 * MS;
	h.pause(a);
	h.now = 7 * MS;
	EXPECT_EQ(nullptr, h.decide(0));
	EXPECT_EQ(RATION_STATE_DOWN, h.info(a).state);
	h.now = 9 * MS;
	h.saved(0);
	EXPECT_EQ(7 * MS, h.got(a));
	EXPECT_EQ(2 * MS, h.ledger(a).down_ns);
}

TEST_P(core_delay, pinned_away_between_decide_and_saved_it_runs_until_its_cpu_decides_again)
{
	Host &h = machine(2);
	ration_vcpu *a = h.hog();
	EXPECT_EQ(a, h.decide(0));
	EXPECT_EQ(RATION_OK, h.pin(a, 2));
	EXPECT_TRUE(asked(0));
	h.saved(0);
	EXPECT_EQ(RATION_STATE_RUNNING, h.info(a).state);
	EXPECT_EQ(nullptr, h.decide(0));
	EXPECT_FALSE(asked(1)) << "not saved yet";
	h.saved(0);
	EXPECT_TRUE(asked(1));
	EXPECT_EQ(a, turn(1));
}

TEST_P(core_delay, yielded_then_blocked_before_the_decide_it_is_blocked)
{
	Host &h = machine(1);
	ration_vcpu *a = h.hog(), *b = h.hog();
	turn(0);
	h.now = MS;
	h.yield(a);
	h.block(a);
	EXPECT_EQ(b, turn(0));
	EXPECT_EQ(RATION_STATE_BLOCKED, h.info(a).state);
	h.yield_to(b, a);                            // blocked: b goes on, and no hint stays
	EXPECT_EQ(b, h.decide(0));
	h.wake(a);
	h.now = 2 * MS;
	EXPECT_EQ(RATION_OK, h.leave(a));
	EXPECT_EQ(b, h.decide(0));
}

TEST_P(core_delay, a_hint_whose_vcpu_leaves_before_the_decide_is_forgotten)
{
	Host &h = machine(1);
	ration_vcpu *a = h.hog(), *oldest = h.hog(), *b = h.hog();
	turn(0);
	h.now = MS;
	h.yield_to(a, b);
	EXPECT_EQ(RATION_OK, h.leave(b));
	ration_vcpu *heir = h.hog();                 // takes B's slot
	ASSERT_EQ(heir, b);
	EXPECT_EQ(oldest, turn(0));
	EXPECT_EQ(0u, h.books(0).refusals);
}

TEST_P(core_delay, leave_is_busy_until_saved_and_the_vcpu_is_never_dispatched_again)
{
	Host &h = machine(2);
	ration_vcpu *a = h.hog();
	turn(0);
	h.now = MS;
	EXPECT_EQ(RATION_E_BUSY, h.leave(a));
	EXPECT_TRUE(asked(0)) << "its CPU is kicked";
	EXPECT_EQ(RATION_E_BUSY, h.leave(a));
	EXPECT_EQ(nullptr, h.decide(0));
	EXPECT_EQ(RATION_E_BUSY, h.leave(a)) << "its context is not saved";
	EXPECT_EQ(RATION_STATE_DOWN, h.info(a).state);
	h.wake(a);
	h.saved(0);
	EXPECT_EQ(0u, h.fx.resched) << "nobody is asked to run it";
	EXPECT_EQ(nullptr, h.decide(0));
	EXPECT_EQ(nullptr, h.decide(1));
	ration_dom *d = ration_vcpu_dom(a);
	EXPECT_EQ(RATION_E_BUSY, h.leave(d));
	EXPECT_EQ(RATION_OK, h.leave(a));
	EXPECT_EQ(RATION_OK, h.leave(d));
}

TEST_P(core_delay, leaving_while_queued_or_blocked_takes_one_call)
{
	Host &h = machine(1);
	ration_vcpu *a = h.hog(), *queued = h.hog(), *blocked = h.vcpu(h.dom()), *kicked;
	turn(0);
	EXPECT_EQ(RATION_OK, h.leave(queued));
	EXPECT_EQ(RATION_OK, h.leave(blocked));
	h.block(a), turn(0);
	kicked = h.hog();
	EXPECT_EQ(RATION_WAIT_KICK, h.info(kicked).cause);
	EXPECT_EQ(RATION_OK, h.leave(kicked));
	EXPECT_EQ(nullptr, turn(0));
}

TEST_P(core_delay, a_spare_decide_renews_nothing_and_charges_what_was_used)
{
	Host &h = machine(1);
	ration_vcpu *a = h.hog();
	h.hog();
	turn(0);
	ration_ns until = h.last.until_ns;
	uint64_t dispatches = h.books(0).dispatches;
	for (int i = 1; i < 1000; i++) {
		h.now = ration_ns(i) * 30 * US;
		EXPECT_EQ(a, h.decide(0));
		EXPECT_EQ(until, h.last.until_ns) << "at " << h.now;
		EXPECT_FALSE(h.last.switched);
		EXPECT_EQ(0u, h.fx.resched);
	}
	EXPECT_EQ(dispatches, h.books(0).dispatches);
	EXPECT_EQ(h.now, h.got(a));
	h.now = until;
	EXPECT_NE(a, h.decide(0));
}

TEST_P(core_delay, an_early_expire_changes_nothing)
{
	Host &h = machine(1);
	ration_vcpu *a = h.hog(attr_of());
	turn(0);
	if (GetParam() == &ration_credit)
		h.set(ration_vcpu_dom(a), attr_of(256, 10));
	turn(0);
	ration_ns at = h.expire_at();
	h.now = 1;
	h.expire();
	EXPECT_EQ(at, h.expire_at());
	EXPECT_EQ(0u, h.fx.resched);
}

TEST(core_delay_credit, an_early_expire_does_not_reach_the_policy)
{
	ration_policy watched = spy_on(&ration_credit);
	Host h(host_of(1, {&watched}, true));
	h.hog(attr_of(256, 10));
	h.decide(0), h.saved(0);
	while (h.expire_at() < 10 * MS) {            // the slow loop: it comes to rest
		h.now = h.expire_at();
		h.expire();
	}
	ASSERT_EQ(10 * MS, h.expire_at());
	spy.calls["expire"] = 0;
	h.now = 10 * MS - 1;
	h.expire();
	EXPECT_EQ(0u, spy.calls["expire"]);
	h.now = 10 * MS;
	h.expire();
	EXPECT_EQ(1u, spy.calls["expire"]);
}

TEST_P(core_delay, a_cpu_that_goes_in_mid_switch_finishes_it_first)
{
	Host &h = machine(2);
	ration_vcpu *a = h.hog(), *b = h.hog(attr_of(), 1);
	turn(0);
	h.now = S;
	EXPECT_EQ(b, h.decide(0));
	EXPECT_EQ(RATION_OK, h.cpu_down(0));
	h.saved(0);                                  // A is free, and CPU 1 idle
	EXPECT_TRUE(h.is_kicked(1));
	EXPECT_EQ(nullptr, h.decide(0));
	EXPECT_EQ(a, turn(1));
	h.saved(0);
	EXPECT_EQ(RATION_WAIT_OFFLINE, h.info(b).cause);
	EXPECT_EQ(RATION_OK, h.cpu_up(0));
	EXPECT_EQ(b, turn(0));
}

TEST_P(core_delay, the_old_vcpu_pays_until_decide_and_the_new_one_from_saved)
{
	Host &h = machine(1);
	ration_vcpu *a = h.hog(), *b = h.hog();
	h.now = 1 * US;
	h.decide(0);
	h.now = 4 * US;
	h.saved(0);
	h.now = 10 * US;
	h.yield(a);
	h.now = 12 * US;
	EXPECT_EQ(b, h.decide(0));
	h.now = 17 * US;
	h.saved(0);
	h.now = 20 * US;
	EXPECT_EQ(8 * US, h.got(a));                 // 4 .. 12
	EXPECT_EQ(3 * US, h.got(b));                 // 17 .. 20
	ration_cpu_ledger l = h.books(0);
	EXPECT_EQ(1 * US, l.idle_ns);
	EXPECT_EQ(8 * US, l.overhead_ns);            // 1 .. 4, 12 .. 17
	EXPECT_EQ(11 * US, l.busy_ns);
	EXPECT_EQ(2u, l.dispatches);
}

INSTANTIATE_TEST_SUITE_P(policies, core_delay, testing::Values(&ration_rr, &ration_credit),
                         [](const auto &p) { return std::string(p.param->name); });

}  // namespace
