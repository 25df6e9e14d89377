// SPDX-License-Identifier: BSD-2-Clause
//
// The books: conserved, each cause where only it can arise, CPUs, counts.
#include <gtest/gtest.h>

#include "host.h"
#include "ration_sedf.h"

namespace {

ration_ns total(const ration_ledger &l)
{
	ration_ns sum = l.running_ns + l.blocked_ns + l.down_ns;
	for (ration_ns w : l.wait_ns)
		sum += w;
	return sum;
}

// v has waited `ns` for `cause`, and for nothing else.
void waited_only(const Host &h, const ration_vcpu *v, ration_wait cause, ration_ns ns)
{
	ration_ledger l = h.ledger(v);
	for (int i = 0; i < RATION_WAIT_COUNT; i++)
		EXPECT_EQ(i == int(cause) ? ns : 0, l.wait_ns[i])
			<< ration_wait_name(ration_wait(i)) << " of " << h.name(v);
}

TEST(core_ledger, offline_is_the_time_without_any_cpu)
{
	Host h(host_of(2, {&ration_rr}));
	ration_vcpu *a = h.hog(attr_of(), 2);
	h.run_until(3 * MS);
	h.cpu_down(1);
	h.run_until(10 * MS);
	waited_only(h, a, RATION_WAIT_OFFLINE, 7 * MS);
	h.pause(a);
	h.run_until(14 * MS);
	h.resume(a);
	h.run_until(15 * MS);
	waited_only(h, a, RATION_WAIT_OFFLINE, 8 * MS);
	EXPECT_EQ(4 * MS, h.ledger(a).down_ns);
	EXPECT_EQ(3 * MS, h.got(a));
}

TEST(core_ledger, affinity_is_the_queueing_while_a_forbidden_cpu_idles)
{
	Host h(host_of(2, {&ration_rr}));
	ration_vcpu *a = h.hog(attr_of(), 1), *b = h.hog(attr_of(), 1), *c = h.vcpu(h.dom(), 2);
	h.run_until(30 * MS);                        // CPU 1 idles
	waited_only(h, b, RATION_WAIT_AFFINITY, 30 * MS);
	waited_only(h, a, RATION_WAIT_AFFINITY, 0);
	h.wake(c);
	h.run_until(60 * MS);                        // B ran, A queued, nobody idled
	waited_only(h, a, RATION_WAIT_QUEUE, 30 * MS);
	EXPECT_EQ(30 * MS, h.got(b));
}

// The split of queueing, piece by piece, against numbers worked out by hand.
TEST(core_ledger, affinity_and_queue_split_where_the_other_cpus_go_idle_and_busy)
{
	Host h(host_of(3, {&ration_rr}));
	ration_vcpu *a = h.hog(attr_of(), 1), *waits = h.hog(attr_of(), 1);
	ration_vcpu *b = h.vcpu(h.dom(), 2), *c = h.vcpu(h.dom(), 4);
	h.run_until(1 * MS);                         // 0..1 both others idle
	h.wake(b);
	h.run_until(3 * MS);                         // 1..3 CPU 2 idles
	h.wake(c);
	h.run_until(6 * MS);                         // 3..6 none does
	h.block(b);
	h.run_until(10 * MS);                        // 6..10 CPU 1 does
	h.block(c);
	h.run_until(15 * MS);                        // 10..15 both
	h.cpu_down(1);
	h.run_until(21 * MS);                        // 15..21 CPU 2 does
	h.cpu_down(2);
	h.run_until(28 * MS);                        // 21..28 none: they are off line
	EXPECT_EQ((3 + 4 + 5 + 6) * MS, h.waited(waits, RATION_WAIT_AFFINITY));
	EXPECT_EQ((3 + 7) * MS, h.waited(waits, RATION_WAIT_QUEUE));
	EXPECT_EQ(28 * MS, h.got(a));
	EXPECT_EQ(28 * MS, total(h.ledger(waits)));
}

TEST(core_ledger, a_vcpu_that_changes_its_mask_is_split_by_each_mask_in_its_time)
{
	Host h(host_of(3, {&ration_rr}));
	ration_vcpu *a = h.hog(attr_of(), 1), *b = h.hog(attr_of(), 2), *waits = h.hog(attr_of(), 1);
	h.run_until(4 * MS);                         // CPU 2 idles: affinity
	h.pin(waits, 2);
	h.run_until(9 * MS);                         // and now still
	ration_vcpu *c = h.hog(attr_of(), 4);
	h.run_until(11 * MS);                        // nobody idles
	h.pin(waits, 3);
	h.run_until(12 * MS);
	h.block(c);
	h.run_until(14 * MS);
	EXPECT_EQ((9 + 2) * MS, h.waited(waits, RATION_WAIT_AFFINITY));
	EXPECT_EQ(3 * MS, h.waited(waits, RATION_WAIT_QUEUE));
	EXPECT_EQ(28 * MS, h.got(a) + h.got(b));
}

TEST(core_ledger, a_mask_that_is_new_begins_with_who_idles_now)
{
	Host h(host_of(3, {&ration_rr}));
	h.hog(attr_of(), 1), h.hog(attr_of(), 2);
	h.run_until(5 * MS);
	ration_vcpu *waits = h.hog(attr_of(), 3);    // the first one of this mask
	h.run_until(9 * MS);
	waited_only(h, waits, RATION_WAIT_AFFINITY, 4 * MS);
}

TEST(core_ledger, cap_is_the_time_held)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog(attr_of(256, 20));
	h.run_until(100 * MS);
	EXPECT_EQ(20 * MS, h.got(a));
	waited_only(h, a, RATION_WAIT_CAP, 80 * MS);
}

TEST(core_ledger, budget_is_the_time_held)
{
	Host h(host_of(1, {&ration_sedf}));
	ration_attr attr = attr_of();
	attr.period_ns = 10 * MS, attr.slice_ns = 2 * MS, attr.extratime = false;
	ration_vcpu *a = h.hog(attr);
	h.run_until(100 * MS);
	EXPECT_EQ(20 * MS, h.got(a));
	waited_only(h, a, RATION_WAIT_BUDGET, 80 * MS);
}

TEST(core_ledger, switch_is_the_time_of_saving_and_loading)
{
	Host h(host_of(1, {&ration_rr}, true));
	ration_vcpu *a = h.hog(), *b = h.vcpu(h.dom());
	h.decide(0);
	h.now += 5 * US;
	h.saved(0);
	waited_only(h, a, RATION_WAIT_SWITCH, 5 * US);
	h.wake(b);
	h.yield(a);
	EXPECT_EQ(b, h.decide(0));
	h.now += 3 * US;
	h.saved(0);
	waited_only(h, a, RATION_WAIT_SWITCH, 8 * US);
	waited_only(h, b, RATION_WAIT_SWITCH, 3 * US);
}

TEST(core_ledger, kick_is_the_time_until_the_cpu_decides)
{
	Host h(host_of(1, {&ration_rr}, true));
	ration_vcpu *a = h.hog();
	h.now += 9 * US;
	h.decide(0), h.saved(0);
	waited_only(h, a, RATION_WAIT_KICK, 9 * US);
}

TEST(core_ledger, ratelimit_is_the_time_for_which_the_runner_is_protected)
{
	HostOptions o = host_of(1, {&ration_credit});
	o.params.ratelimit_ns = 4 * MS;
	Host h(o);
	ration_vcpu *a = h.hog(), *b = h.vcpu(h.dom());
	h.run_until(1 * MS);
	h.wake(b);
	h.run_until(3 * MS);
	EXPECT_EQ(RATION_WAIT_RATELIMIT, h.info(b).cause);
	h.run_until(4 * MS);
	EXPECT_EQ(b, h.on(0));
	waited_only(h, b, RATION_WAIT_RATELIMIT, 3 * MS);
	EXPECT_EQ(4 * MS, h.got(a));
}

// Better than what was protected, then beaten to it by another: that is queueing.
TEST(core_ledger, ratelimit_ends_when_the_protected_vcpu_leaves_the_cpu)
{
	HostOptions o = host_of(1, {&ration_credit});
	o.params.ratelimit_ns = 4 * MS;
	Host h(o);
	ration_vcpu *a = h.hog(attr_of(512)), *x = h.vcpu(h.dom()), *y = h.vcpu(h.dom());
	h.run_until(1 * MS);
	h.wake(y);
	EXPECT_EQ(RATION_WAIT_RATELIMIT, h.info(y).cause);
	h.wake(x);                                   // level with Y: the lower slot first
	h.run_until(4 * MS);
	EXPECT_EQ(x, h.on(0));
	EXPECT_EQ(RATION_WAIT_QUEUE, h.info(y).cause);
	h.run_until(20 * MS);
	EXPECT_EQ(x, h.on(0));
	EXPECT_LE(h.waited(y, RATION_WAIT_RATELIMIT), 3 * MS);
	EXPECT_EQ(19 * MS, h.waited(y, RATION_WAIT_RATELIMIT) + h.waited(y, RATION_WAIT_QUEUE));
	EXPECT_EQ(4 * MS, h.got(a));
}

TEST(core_ledger, ratelimit_ends_when_the_protected_vcpu_blocks)
{
	HostOptions o = host_of(2, {&ration_credit});
	o.params.ratelimit_ns = 10 * MS;
	Host h(o);
	ration_vcpu *a = h.hog(attr_of(), 1), *b = h.vcpu(h.dom(), 1), *other = h.hog(attr_of(), 2);
	h.run_until(1 * MS);
	h.wake(b);
	h.run_until(2 * MS);
	h.cpu_down(0);
	h.run_until(5 * MS);
	EXPECT_EQ(1 * MS, h.waited(b, RATION_WAIT_RATELIMIT));
	EXPECT_EQ(3 * MS, h.waited(b, RATION_WAIT_OFFLINE));
	EXPECT_EQ(2 * MS, h.got(a));
	EXPECT_EQ(5 * MS, h.got(other));
}

TEST(core_ledger, queue_is_the_time_of_others)
{
	Host h(host_of(1, {&ration_rr}));
	ration_vcpu *a = h.hog(), *b = h.hog();
	h.run_until(45 * MS);
	waited_only(h, b, RATION_WAIT_QUEUE, 30 * MS);
	waited_only(h, a, RATION_WAIT_QUEUE, 15 * MS);
}

TEST(core_ledger, blocked_and_down_are_told_apart)
{
	Host h(host_of(1, {&ration_rr}));
	ration_vcpu *a = h.vcpu(h.dom());
	h.run_until(1 * MS);                         // blocked, as it came
	h.pause(a);
	h.run_until(3 * MS);
	h.wake(a);
	h.run_until(6 * MS);                         // down, though it has work
	h.resume(a);
	h.run_until(10 * MS);
	h.block(a);
	h.run_until(15 * MS);
	h.down(a);
	h.run_until(21 * MS);
	h.up(a);
	h.run_until(28 * MS);
	ration_ledger l = h.ledger(a);
	EXPECT_EQ((1 + 5 + 7) * MS, l.blocked_ns);
	EXPECT_EQ((5 + 6) * MS, l.down_ns);
	EXPECT_EQ(4 * MS, l.running_ns);
	EXPECT_EQ(28 * MS, total(l));
}

TEST(core_ledger, a_vcpu_that_comes_into_a_paused_domain_is_down)
{
	Host h(host_of(1, {&ration_rr}));
	ration_dom *d = h.dom();
	h.pause(d);
	ration_vcpu *a = h.vcpu(d);
	h.run_until(2 * MS);
	EXPECT_EQ(2 * MS, h.ledger(a).down_ns);
	h.resume(d);
	h.run_until(3 * MS);
	EXPECT_EQ(1 * MS, h.ledger(a).blocked_ns);
}

TEST(core_ledger, the_books_of_a_domain_keep_those_who_left)
{
	Host h(host_of(2, {&ration_rr}));
	ration_dom *d = h.dom();
	ration_vcpu *a = h.vcpu(d), *b = h.vcpu(d);
	h.wake(a), h.wake(b);
	h.run_until(10 * MS);
	EXPECT_EQ(RATION_E_BUSY, h.leave(a));
	EXPECT_EQ(RATION_OK, h.leave(a));
	h.run_until(14 * MS);
	EXPECT_EQ(24 * MS, h.ledger(d).running_ns);
	EXPECT_EQ(24 * MS, total(h.ledger(d)));
}

TEST(core_ledger, reading_changes_nothing_and_counts_up_to_now)
{
	Host h(host_of(1, {&ration_rr}));
	ration_vcpu *a = h.hog(), *b = h.hog();
	h.run_until(1 * MS);
	for (int i = 0; i < 3; i++) {
		ration_ledger l;
		ration_vcpu_ledger_get(h.r, a, 2 * MS, &l);
		EXPECT_EQ(2 * MS, l.running_ns);
		ration_vcpu_ledger_get(h.r, b, 5 * MS, &l);
		EXPECT_EQ(5 * MS, l.wait_ns[RATION_WAIT_QUEUE]);
		EXPECT_EQ(1 * MS, h.got(a));
	}
}

TEST(core_ledger, every_ns_of_every_vcpu_and_cpu_is_booked_once)
{
	Host h(host_of(3, {&ration_credit, &ration_rr}));
	std::vector<ration_vcpu *> v;
	for (int i = 0; i < 12; i++) {
		v.push_back(h.vcpu(h.dom(attr_of(uint32_t(100 + 50 * i), i % 3 == 0 ? 30 : 0)),
		                   i % 4 == 0 ? 7 : 1u << i % 3));
		h.loop(v.back(), ration_ns(i + 1) * 700 * US, ration_ns(12 - i) * 900 * US);
		h.wake(v.back());
	}
	for (int i = 0; i < 40; i++) {
		h.run_for(25 * MS + 333 * US);
		if (i % 8 == 3)
			h.cpu_down(ration_cpu(i / 8 % 3));
		if (i % 8 == 6)
			h.cpu_up(ration_cpu(i / 8 % 3));
		if (i == 20)
			h.policy(&ration_rr);
		ration_ns running = 0, busy = 0;
		for (ration_vcpu *u : v) {
			ASSERT_EQ(h.now, total(h.ledger(u))) << h.name(u);
			running += h.got(u);
		}
		for (ration_cpu c = 0; c < 3; c++) {
			ration_cpu_ledger l = h.books(c);
			ASSERT_EQ(h.now, l.busy_ns + l.idle_ns + l.overhead_ns + l.offline_ns);
			busy += l.busy_ns;
		}
		ASSERT_EQ(busy, running);
	}
}

TEST(core_ledger, cpus_count_dispatches_preemptions_and_migrations)
{
	HostOptions o = host_of(2, {&ration_credit});
	o.params.ratelimit_ns = 0;
	Host h(o);
	ration_vcpu *a = h.hog(attr_of(), 1);        // 1 dispatch on CPU 0
	h.run_until(5 * MS);
	ration_vcpu *b = h.hog(attr_of(), 1);        // preempts: 2
	EXPECT_EQ(b, h.on(0));
	EXPECT_EQ(2u, h.books(0).dispatches);
	EXPECT_EQ(1u, h.books(0).preemptions);
	h.run_until(8 * MS);
	h.yield(b);                                  // 3; no preemption
	EXPECT_EQ(a, h.on(0));
	h.block(a);                                  // 4: B
	EXPECT_EQ(b, h.on(0));
	EXPECT_EQ(4u, h.books(0).dispatches);
	EXPECT_EQ(1u, h.books(0).preemptions);
	h.run_until(38 * MS);                        // alone, a new slice: 5
	EXPECT_EQ(5u, h.books(0).dispatches);
	EXPECT_EQ(0u, h.books(0).migrations);
	h.pin(b, 2);                                 // moved: 1 on CPU 1
	EXPECT_EQ(1u, h.books(1).dispatches);
	EXPECT_EQ(1u, h.books(1).migrations);
	h.pin(b, 1);
	EXPECT_EQ(6u, h.books(0).dispatches);
	EXPECT_EQ(1u, h.books(0).migrations);
	h.pause(b);                                  // stopped, not preempted
	EXPECT_EQ(1u, h.books(0).preemptions);
	EXPECT_EQ(0u, h.books(1).preemptions);
	EXPECT_EQ(0u, h.books(0).refusals + h.books(1).refusals);
}

TEST(core_ledger, cpu_time_is_busy_idle_overhead_and_offline)
{
	Host h(host_of(1, {&ration_rr}, true));
	ration_vcpu *a = h.vcpu(h.dom());
	h.now = 3 * MS;                              // idle
	h.cpu_down(0);
	h.decide(0);
	h.now = 7 * MS;                              // off line
	h.cpu_up(0);
	h.decide(0);
	h.now = 8 * MS;
	h.wake(a);
	h.decide(0);
	h.now = 10 * MS;                             // loading
	h.saved(0);
	h.now = 15 * MS;
	h.cpu_down(0);                               // it runs until it decides
	h.now = 16 * MS;
	h.decide(0);
	h.now = 18 * MS;
	h.saved(0);
	h.now = 20 * MS;
	ration_cpu_ledger l = h.books(0);
	EXPECT_EQ(4 * MS, l.idle_ns);
	EXPECT_EQ(4 * MS, l.overhead_ns);
	EXPECT_EQ(6 * MS, l.busy_ns);
	EXPECT_EQ(6 * MS, l.offline_ns);
	EXPECT_EQ(6 * MS, h.got(a));
}

TEST(core_ledger, helper_work_stands_beside_the_books_and_saturates)
{
	Host h(host_of(1, {&ration_credit}));
	ration_vcpu *a = h.hog();
	ration_dom *d = ration_vcpu_dom(a);
	h.run_until(5 * MS);
	h.charge(d, 3 * MS);
	h.charge(d, 4 * MS);
	ration_dom_charge(h.r, d, MS, RATION_HELPER_EMULATOR, h.now, &h.fx);
	EXPECT_EQ(7 * MS, ration_dom_helper_get(d, RATION_HELPER_BACKEND));
	EXPECT_EQ(1 * MS, ration_dom_helper_get(d, RATION_HELPER_EMULATOR));
	EXPECT_EQ(5 * MS, total(h.ledger(d)));
	h.charge(d, RATION_TIME_MAX);
	h.charge(d, RATION_TIME_MAX);
	EXPECT_EQ(RATION_TIME_MAX, ration_dom_helper_get(d, RATION_HELPER_BACKEND));
	h.charge(d, 0);
}

}  // namespace
