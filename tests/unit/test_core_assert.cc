// SPDX-License-Identifier: BSD-2-Clause
//
// Every stated precondition of ration.h stops the program with its text when it is broken.
#include <gtest/gtest.h>

#include "host.h"

namespace {

// One CPU, A runs, B waits; nothing happens by itself.
struct core_assert : testing::Test {
	Host h{host_of(1, {&ration_credit, &ration_rr}, true)};
	ration_vcpu *a = h.hog(), *b = h.hog();
	ration_decision d;

	void SetUp() override
	{
		GTEST_FLAG_SET(death_test_style, "threadsafe");
		ASSERT_EQ(a, h.decide(0));
		h.saved(0);
		h.now = 10 * MS;
		h.wake(b);                     // nothing, but the time of the last verb
	}
};

TEST_F(core_assert, time_never_goes_back)
{
	EXPECT_DEATH(ration_vcpu_wake(h.r, b, 10 * MS - 1, &h.fx), "panic: .*now >= r->now_ns");
	EXPECT_DEATH(ration_decide(h.r, 0, 0, &d, &h.fx), "now >= r->now_ns");
	EXPECT_DEATH(ration_expire(h.r, 0, &h.fx), "now >= r->now_ns");
	EXPECT_DEATH(ration_cpu_down(h.r, 0, true, 0, &h.fx, nullptr), "now >= r->now_ns");
	EXPECT_DEATH(ration_policy_set(h.r, &ration_rr, 0, &h.fx, nullptr), "now >= r->now_ns");
	EXPECT_DEATH(ration_dom_pause(h.r, ration_vcpu_dom(a), 0, &h.fx), "now >= r->now_ns");
}

TEST_F(core_assert, time_has_an_end)
{
	ration_vcpu_wake(h.r, b, RATION_TIME_MAX, &h.fx);
	EXPECT_DEATH(ration_vcpu_wake(h.r, b, RATION_TIME_MAX + 1, &h.fx), "RATION_TIME_MAX");
}

TEST_F(core_assert, books_are_not_read_before_the_last_verb)
{
	ration_ledger l;
	ration_cpu_ledger c;
	EXPECT_DEATH(ration_vcpu_ledger_get(h.r, a, 10 * MS - 1, &l), "now >= r->now_ns");
	EXPECT_DEATH(ration_dom_ledger_get(h.r, ration_vcpu_dom(a), 0, &l), "now >= r->now_ns");
	EXPECT_DEATH(ration_cpu_ledger_get(h.r, 0, 0, &c), "now >= r->now_ns");
}

TEST_F(core_assert, only_a_running_vcpu_blocks_or_yields)
{
	EXPECT_DEATH(ration_vcpu_block(h.r, b, 10 * MS, &h.fx), "RATION_VCPU_CURRENT");
	EXPECT_DEATH(ration_vcpu_yield(h.r, b, 10 * MS, &h.fx), "RATION_VCPU_CURRENT");
	EXPECT_DEATH(ration_vcpu_yield_to(h.r, b, a, 10 * MS, &h.fx), "RATION_VCPU_CURRENT");
}

TEST_F(core_assert, a_vcpu_that_is_being_loaded_does_not_run_yet)
{
	h.yield(a);
	ASSERT_EQ(b, h.decide(0));
	EXPECT_DEATH(ration_vcpu_block(h.r, b, 10 * MS, &h.fx), "switching");
	EXPECT_DEATH(ration_vcpu_block(h.r, a, 10 * MS, &h.fx), "RATION_VCPU_CURRENT");
	EXPECT_DEATH(ration_vcpu_yield(h.r, b, 10 * MS, &h.fx), "switching");
}

TEST_F(core_assert, decide_wants_the_last_switch_saved)
{
	h.yield(a);
	h.decide(0);
	EXPECT_DEATH(ration_decide(h.r, 0, 10 * MS, &d, &h.fx), "!cpu->switching");
}

TEST_F(core_assert, saved_wants_a_switch)
{
	EXPECT_DEATH(ration_cpu_saved(h.r, 0, 10 * MS, &h.fx), "cpu->switching");
	h.yield(a);
	h.decide(0), h.saved(0);
	EXPECT_DEATH(ration_cpu_saved(h.r, 0, 10 * MS, &h.fx), "cpu->switching");
}

TEST_F(core_assert, resuming_what_is_not_paused)
{
	EXPECT_DEATH(ration_vcpu_resume(h.r, b, 10 * MS, &h.fx), "pause_count > 0");
	EXPECT_DEATH(ration_dom_resume(h.r, ration_vcpu_dom(b), 10 * MS, &h.fx), "pause_count > 0");
	h.pause(b), h.resume(b);
	EXPECT_DEATH(ration_vcpu_resume(h.r, b, 10 * MS, &h.fx), "pause_count > 0");
	h.pause(ration_vcpu_dom(b));
	EXPECT_DEATH(ration_vcpu_resume(h.r, b, 10 * MS, &h.fx), "pause_count > 0");
}

TEST_F(core_assert, pauses_of_a_vcpu_are_counted_in_16_bits)
{
	for (int i = 0; i < UINT16_MAX; i++)
		ration_vcpu_pause(h.r, b, 10 * MS, &h.fx);
	EXPECT_EQ(uint32_t(UINT16_MAX), h.info(b).pause_count);
	EXPECT_DEATH(ration_vcpu_pause(h.r, b, 10 * MS, &h.fx), "UINT16_MAX");
}

TEST_F(core_assert, only_cpus_that_exist)
{
	ration_cpu_ledger c;
	for (ration_cpu none : {ration_cpu(1), ration_cpu(64), RATION_CPU_NONE}) {
		EXPECT_DEATH(ration_decide(h.r, none, 10 * MS, &d, &h.fx), "c < r->limits.cpu_count");
		EXPECT_DEATH(ration_cpu_saved(h.r, none, 10 * MS, &h.fx), "c < r->limits.cpu_count");
		EXPECT_DEATH((void)ration_cpu_vcpu(h.r, none), "c < r->limits.cpu_count");
		EXPECT_DEATH(ration_cpu_ledger_get(h.r, none, 10 * MS, &c), "c < r->limits.cpu_count");
	}
}

TEST_F(core_assert, helper_work_is_of_a_known_kind_and_bounded)
{
	ration_dom *dom = ration_vcpu_dom(a);
	ration_helper none = RATION_HELPER_COUNT;
	EXPECT_DEATH(ration_dom_charge(h.r, dom, 1, none, 10 * MS, &h.fx), "kind < RATION_HELPER_COUNT");
	EXPECT_DEATH((void)ration_dom_helper_get(dom, none), "kind < RATION_HELPER_COUNT");
	EXPECT_DEATH(ration_dom_charge(h.r, dom, RATION_TIME_MAX + 1, RATION_HELPER_BACKEND, 10 * MS,
	                               &h.fx), "ns <= RATION_TIME_MAX");
	EXPECT_DEATH((void)ration_wait_name(RATION_WAIT_COUNT), "cause < RATION_WAIT_COUNT");
}

TEST_F(core_assert, who_has_left_is_not_used)
{
	ration_dom *dom = ration_vcpu_dom(b);
	ration_attr attr = attr_of();
	ration_vcpu *v;
	ASSERT_EQ(RATION_OK, h.leave(b));
	EXPECT_DEATH(ration_vcpu_wake(h.r, b, 10 * MS, &h.fx), "RATION_VCPU_USED");
	EXPECT_DEATH(ration_vcpu_leave(h.r, b, 10 * MS, &h.fx), "RATION_VCPU_USED");
	EXPECT_DEATH(ration_vcpu_pin(h.r, b, {1, 1}, 10 * MS, &h.fx, nullptr), "RATION_VCPU_USED");
	EXPECT_DEATH(ration_vcpu_yield_to(h.r, a, b, 10 * MS, &h.fx), "RATION_VCPU_USED");
	EXPECT_DEATH(ration_vcpu_pause(h.r, b, 10 * MS, &h.fx), "RATION_VCPU_USED");
	EXPECT_DEATH(ration_vcpu_down(h.r, b, 10 * MS, &h.fx), "RATION_VCPU_USED");
	EXPECT_DEATH(ration_vcpu_up(h.r, b, 10 * MS, &h.fx), "RATION_VCPU_USED");
	ASSERT_EQ(RATION_OK, h.leave(dom));
	EXPECT_DEATH(ration_dom_leave(h.r, dom, 10 * MS, &h.fx), "dom->used");
	EXPECT_DEATH(ration_dom_set(h.r, dom, &attr, 10 * MS, &h.fx, nullptr), "dom->used");
	EXPECT_DEATH(ration_dom_pause(h.r, dom, 10 * MS, &h.fx), "dom->used");
	EXPECT_DEATH(ration_vcpu_admit(h.r, dom, 0, {1, 1}, 10 * MS, &h.fx, &v, nullptr), "dom->used");
}

TEST_F(core_assert, a_policy_reads_only_slots_that_exist)
{
	EXPECT_DEATH((void)ration_vcpu_slot(h.r, 64), "slot < r->limits.vcpu_count");
	EXPECT_DEATH((void)ration_dom_slot(h.r, 64), "slot < r->limits.dom_count");
}

TEST_F(core_assert, a_policy_books_only_waiting_vcpus_to_its_own_causes)
{
	EXPECT_DEATH(ration_wait_set(h.r, a, RATION_WAIT_CAP, 10 * MS), "RATION_VCPU_READY");
	EXPECT_DEATH(ration_wait_set(h.r, b, RATION_WAIT_OFFLINE, 10 * MS), "RATION_WAIT_QUEUE");
	EXPECT_DEATH(ration_wait_set(h.r, b, RATION_WAIT_KICK, 10 * MS), "RATION_WAIT_QUEUE");
	EXPECT_DEATH(ration_kick(h.r, 1, b, 10 * MS, &h.fx), "c < r->limits.cpu_count");
}

}  // namespace
