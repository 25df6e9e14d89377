// SPDX-License-Identifier: BSD-2-Clause
//
// What the core promises a policy, watched by a spy; and that every slot of
// every policy is reached.
#include <gtest/gtest.h>

#include "host.h"
#include "ration_sedf.h"
#include "spy.h"

namespace {

class core_spy : public testing::TestWithParam<const ration_policy *> {
public:
	ration_policy watched = spy_on(GetParam());
	std::unique_ptr<Host> host;

	Host &machine(uint32_t cpu_count, bool manual)
	{
		host.reset(new Host(host_of(cpu_count, {&watched, &ration_rr}, manual)));
		return *host;
	}
	void TearDown() override
	{
		EXPECT_EQ("", spy.broken);
		const char *broken = ration_check(host->r);
		EXPECT_EQ(nullptr, broken) << broken;
	}
};

// A set of attributes that makes the policy ask for a timer.
ration_attr timed(const ration_policy *p)
{
	ration_attr a = attr_of();
	if (p == &ration_credit)
		a.cap_ppm = 100000;
	if (p == &ration_sedf)
		a.period_ns = 10 * MS, a.slice_ns = MS, a.extratime = false;
	return a;
}

TEST_P(core_spy, every_slot_is_reached)
{
	Host &h = machine(2, false);
	ration_dom *d = h.dom();
	ration_vcpu *a = h.vcpu(d), *b = h.hog(), *c = h.hog();
	h.wake(a);
	h.run_for(200 * MS);
	h.pause(c), h.run_for(MS), h.resume(c);
	h.yield(h.on(0));
	EXPECT_EQ(RATION_OK, h.cpu_down(1));
	h.run_for(50 * MS);
	EXPECT_EQ(RATION_OK, h.cpu_up(1));
	h.charge(d, MS);
	EXPECT_EQ(RATION_OK, h.set(d, timed(GetParam())));
	h.run_for(100 * MS);
	h.pause(b);
	EXPECT_EQ(RATION_OK, h.leave(b));
	EXPECT_EQ(RATION_OK, h.leave(ration_vcpu_dom(b)));
	for (const char *slot : {"admit", "init", "cpu_set on", "cpu_set off", "dom_set", "dom_leave",
	                         "join", "leave", "ready 0", "ready 1", "ready 2", "ready 3",
	                         "ready 4", "unready", "charge vcpu", "charge helper", "decide",
	                         "start", "check"})
		EXPECT_LT(0u, spy.calls[slot]) << slot;
	// rr never asks for a timer.
	EXPECT_EQ(GetParam() != &ration_rr, spy.calls["expire"] > 0);
}

TEST_P(core_spy, a_vcpu_preempted_and_paused_before_it_is_saved_is_unready)
{
	Host &h = machine(1, true);
	ration_vcpu *a = h.hog(), *b = h.hog();
	h.decide(0), h.saved(0);
	h.now += S;
	ASSERT_EQ(b, h.decide(0));                    // A is preempted, and not saved
	h.pause(a);
	h.saved(0);
	EXPECT_EQ(Spy::AWAY, spy.state[a]);
	h.resume(a);
	EXPECT_EQ(Spy::READY, spy.state[a]);
}

TEST_P(core_spy, a_vcpu_preempted_and_removed_before_it_is_saved_is_unready_then_leaves)
{
	Host &h = machine(1, true);
	ration_vcpu *a = h.hog(), *b = h.hog();
	h.decide(0), h.saved(0);
	h.now += S;
	ASSERT_EQ(b, h.decide(0));
	EXPECT_EQ(RATION_E_BUSY, h.leave(a));
	h.saved(0);
	EXPECT_EQ(Spy::AWAY, spy.state[a]);
	EXPECT_EQ(RATION_OK, h.leave(a));
	EXPECT_EQ(Spy::GONE, spy.state[a]);
}

TEST_P(core_spy, a_running_vcpu_whose_only_cpu_goes_off_line_is_unready)
{
	Host &h = machine(2, true);
	ration_vcpu *a = h.hog(attr_of(), 2);
	h.decide(1), h.saved(1);
	h.now += MS;
	EXPECT_EQ(RATION_OK, h.cpu_down(1));
	h.decide(1), h.saved(1);
	EXPECT_EQ(Spy::AWAY, spy.state[a]);
	EXPECT_EQ(RATION_WAIT_OFFLINE, h.info(a).cause);
	EXPECT_EQ(RATION_OK, h.cpu_up(1));
	EXPECT_EQ(Spy::READY, spy.state[a]);
}

TEST_P(core_spy, a_vcpu_whose_last_cpu_goes_before_it_is_saved_is_unready)
{
	Host &h = machine(2, true);
	ration_vcpu *a = h.hog(attr_of(), 2), *b = h.hog(attr_of(), 2);
	h.decide(1), h.saved(1);
	h.now += S;
	ASSERT_EQ(b, h.decide(1));
	EXPECT_EQ(RATION_OK, h.cpu_down(1));
	h.saved(1);
	EXPECT_EQ(Spy::AWAY, spy.state[a]);
	EXPECT_EQ(RATION_WAIT_OFFLINE, h.info(a).cause);
	h.decide(1), h.saved(1);
	EXPECT_EQ(Spy::AWAY, spy.state[b]);
	EXPECT_EQ(RATION_OK, h.pin(a, 1));
	EXPECT_EQ(Spy::READY, spy.state[a]);
}

TEST_P(core_spy, a_block_that_is_undone_before_the_decide_is_not_told)
{
	Host &h = machine(1, true);
	ration_vcpu *a = h.hog();
	h.decide(0), h.saved(0);
	h.now += MS;
	h.block(a), h.wake(a);
	h.decide(0);
	EXPECT_FALSE(h.last.switched);
	EXPECT_EQ(Spy::RUNNING, spy.state[a]);
	EXPECT_EQ(1u, spy.calls["ready 0"]);
	EXPECT_EQ(0u, spy.calls["unready"]);
}

TEST_P(core_spy, a_wake_before_saved_is_ready_after_saved)
{
	Host &h = machine(1, true);
	ration_vcpu *a = h.hog();
	h.decide(0), h.saved(0);
	h.now += MS;
	h.block(a);
	h.decide(0);
	EXPECT_EQ(Spy::AWAY, spy.state[a]);
	h.wake(a);
	EXPECT_EQ(Spy::AWAY, spy.state[a]);
	EXPECT_EQ(RATION_WAIT_SWITCH, h.info(a).cause);
	h.saved(0);
	EXPECT_EQ(Spy::READY, spy.state[a]);
	EXPECT_EQ(2u, spy.calls["ready 0"]);          // woken, both times
}

TEST_P(core_spy, a_policy_switch_tells_the_new_policy_of_everyone)
{
	watched = spy_on(GetParam());
	HostOptions o = host_of(2, {&ration_rr, &watched}, true);
	host.reset(new Host(o));
	Host &h = *host;
	ration_vcpu *runs = h.hog(attr_of(), 1), *waits = h.hog(attr_of(), 1);
	ration_vcpu *loading = h.hog(attr_of(), 2), *unsaved = h.hog(attr_of(), 2);
	ration_vcpu *blocked = h.vcpu(h.dom());
	h.decide(0), h.saved(0);
	h.decide(1), h.saved(1);
	std::swap(loading, unsaved);                  // the first one runs, then the other
	h.now += S;
	h.decide(1);
	EXPECT_EQ(RATION_OK, h.policy(&watched));
	EXPECT_EQ(0x3u, h.fx.resched);
	EXPECT_EQ(Spy::RUNNING, spy.state[runs]);
	EXPECT_EQ(Spy::READY, spy.state[waits]);
	EXPECT_EQ(Spy::RUNNING, spy.state[loading]);
	EXPECT_EQ(Spy::AWAY, spy.state[unsaved]);
	EXPECT_EQ(Spy::AWAY, spy.state[blocked]);
	EXPECT_EQ(5u, spy.calls["join"]);
	EXPECT_EQ(2u, spy.calls["cpu_set on"]);
	h.saved(1);
	EXPECT_EQ(Spy::READY, spy.state[unsaved]);
	EXPECT_EQ(RATION_OK, h.policy(&ration_rr));
	EXPECT_EQ(5u, spy.calls["leave"]);
	spy.state.clear();
}

// A seed of verbs in any state, with decides and saves that come late.
struct Drawn {
	Host &h;
	uint64_t state;
	std::vector<ration_vcpu *> v = {};
	std::vector<int> pauses = {};
	bool saving[3] = {};

	uint64_t below(uint64_t n)
	{
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		return (state >> 33) % n;
	}
	bool runs(ration_vcpu *u)
	{
		ration_cpu c = h.info(u).cpu;
		return c != RATION_CPU_NONE && h.on(c) == u && !saving[c];
	}
	void turn(ration_cpu c)
	{
		if (saving[c]) {
			h.saved(c);
			saving[c] = false;
		} else {
			h.decide(c);
			saving[c] = h.last.switched;
		}
	}
	void step()
	{
		size_t i = below(v.size());
		h.now += below(2 * MS);
		switch (below(14)) {
		case 0: h.pause(v[i]), pauses[i]++; break;
		case 1:
			if (pauses[i] > 0)
				h.resume(v[i]), pauses[i]--;
			break;
		case 2: h.cpu_down(ration_cpu(below(3))); break;
		case 3: h.cpu_up(ration_cpu(below(3))); break;
		case 4: h.pin(v[i], 1 + below(7)); break;
		case 5: case 6: h.wake(v[i]); break;
		case 7:
			if (runs(v[i])) {
				h.block(v[i]);
				turn(h.info(v[i]).cpu);
			}
			break;
		case 8: h.now < h.expire_at() ? (void)0 : h.expire(); break;
		case 9: h.down(v[i]); break;
		case 10: h.up(v[i]); break;
		default: turn(ration_cpu(below(3))); break;
		}
	}
};

TEST_P(core_spy, keeps_its_promises_in_any_order_of_events)
{
	for (uint64_t seed = 1; seed <= 50 && !HasFailure(); seed++) {
		SCOPED_TRACE(testing::Message() << "seed " << seed);
		watched = spy_on(GetParam());
		Drawn drawn = {machine(3, true), seed};
		drawn.h.options.work_conserving = GetParam() != &ration_sedf;
		for (int i = 0; i < 6; i++) {
			drawn.v.push_back(drawn.h.vcpu(drawn.h.dom(timed(GetParam()))));
			drawn.pauses.push_back(0);
		}
		for (int i = 0; i < 400 && !HasFailure(); i++)
			drawn.step();
	}
}

INSTANTIATE_TEST_SUITE_P(policies, core_spy,
                         testing::Values(&ration_rr, &ration_credit, &ration_sedf),
                         [](const auto &p) { return std::string(p.param->name); });

}  // namespace
