// SPDX-License-Identifier: BSD-2-Clause
//
// credit: shadow caps, which hold nobody; what they would have held, in closed form.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "host.h"
#include "ration_sedf.h"
#include "simulation.h"

namespace {

ration_attr shadow_of(uint32_t cap_percent, uint32_t weight = RATION_WEIGHT_DEFAULT,
                      ration_ns burst_ns = 0)
{
	ration_attr a = attr_of(weight, cap_percent);
	a.burst_ns = burst_ns;
	a.shadow = true;
	return a;
}

struct Shadowed : Host {
	explicit Shadowed(uint32_t cpu_count)
		: Host(host_of(cpu_count, {&ration_credit, &ration_rr, &ration_sedf})) {}

	ration_shadow shadow(const ration_dom *d) const
	{
		ration_shadow s;
		ration_dom_shadow_get(r, d, now, &s);
		return s;
	}
	ration_shadow shadow(const ration_vcpu *v) const { return shadow(ration_vcpu_dom(v)); }
};

#define EXPECT_SHADOW(count, ns, got) \
	do { \
		ration_shadow s_ = (got); \
		EXPECT_EQ(uint64_t(count), s_.held_count); \
		EXPECT_EQ(ration_ns(ns), s_.held_ns); \
	} while (0)

TEST(credit_shadow, a_hog_would_be_held_for_the_rest_of_each_period)
{
	for (uint32_t cap : {1u, 5u, 10u, 25u, 50u, 75u, 90u, 99u}) {
		SCOPED_TRACE(cap);
		Shadowed h(1);
		ration_vcpu *a = h.hog(shadow_of(cap));
		h.run_until(10 * S);
		EXPECT_EQ(10 * S, h.got(a)) << "and is not";
		EXPECT_SHADOW(1000, (100 - cap) * 100 * MS, h.shadow(a));
	}
}

TEST(credit_shadow, is_known_at_any_time_between_events)
{
	Shadowed h(1);
	ration_vcpu *a = h.hog(shadow_of(25));
	for (int i = 1; i < 2000; i++) {
		h.run_for(100 * US);
		ration_ns into = h.now % (10 * MS), rest = into > 2500 * US ? into - 2500 * US : 0;
		EXPECT_SHADOW(h.now / (10 * MS) + (rest != 0), h.now / (10 * MS) * 7500 * US + rest,
		              h.shadow(a));
	}
}

// One look after a long time is as good as many.
TEST(credit_shadow, any_number_of_periods_at_once)
{
	for (uint32_t cap : {1u, 33u, 60u, 99u, 100u, 150u, 199u, 200u, 250u, 399u, 400u}) {
		for (ration_ns burst : {ration_ns(0), 7 * MS, 333 * MS}) {
			SCOPED_TRACE(testing::Message() << "cap " << cap << " burst " << burst);
			Shadowed often(4), once(4);
			for (Shadowed *h : {&often, &once}) {
				ration_dom *d = h->dom(shadow_of(cap, 256, burst));
				for (int i = 0; i < 4; i++)
					h->vcpu(d);
				h->run_until(1200 * MS);
				h->charge(d, 40 * MS);
				h->wake(ration_vcpu_first(d));
				h->wake(ration_vcpu_next(ration_vcpu_first(d)));
			}
			ration_dom *d = ration_dom_find(often.r, 1), *e = ration_dom_find(once.r, 1);
			for (int i = 0; i < 1777; i++) {
				often.run_for(MS);
				/* changes nothing but brings the books up to date */
				ration_attr a = shadow_of(cap, 256, burst);
				EXPECT_EQ(RATION_OK, often.set(d, a));
			}
			once.run_until(often.now);
			ration_shadow x = often.shadow(d), y = once.shadow(e);
			EXPECT_EQ(x.held_count, y.held_count);
			EXPECT_EQ(x.held_ns, y.held_ns);
			EXPECT_EQ(nullptr, ration_check(once.r));
		}
	}
}

TEST(credit_shadow, a_domain_below_its_cap_would_never_be_held)
{
	Shadowed h(1);
	ration_vcpu *a = h.vcpu(h.dom(shadow_of(30)));
	h.loop(a, MS, 3 * MS);
	h.wake(a);
	h.run_until(5 * S);
	EXPECT_EQ(1250 * MS, h.got(a));
	EXPECT_SHADOW(0, 0, h.shadow(a));
	ration_vcpu *idle = h.vcpu(h.dom(shadow_of(1)));
	h.run_until(6 * S);
	EXPECT_SHADOW(0, 0, h.shadow(idle));
}

TEST(credit_shadow, the_burst_is_used_up_first)
{
	Shadowed h(1);
	ration_vcpu *a = h.vcpu(h.dom(shadow_of(20, 256, 80 * MS)));
	h.loop(a, 10 * US, 30 * MS);
	h.wake(a);
	h.run_until(3 * S);                          // fills 2 + 2 + 80 ms, less what it ran
	h.loop(a, S, 10 * S);
	EXPECT_SHADOW(0, 0, h.shadow(a));
	h.run_for(4 * S);
	ration_ns held = h.shadow(a).held_ns;
	/* of 1 s it could have run 200 ms and some 84 that were saved up */
	EXPECT_NEAR(double(held), double(S - 284 * MS), double(5 * MS));
}

TEST(credit_shadow, two_vcpus_use_it_up_twice_as_fast)
{
	Shadowed h(2);
	ration_dom *d = h.dom(shadow_of(50));
	h.wake(h.vcpu(d)), h.wake(h.vcpu(d));
	h.run_until(1 * S);
	EXPECT_SHADOW(100, 750 * MS, h.shadow(d));   // 5 ms in 2.5 of 10
	ration_dom *wide = h.dom(shadow_of(200));
	EXPECT_SHADOW(0, 0, h.shadow(wide));
}

TEST(credit_shadow, ready_and_waiting_would_be_held_too)
{
	Shadowed h(1);
	ration_vcpu *a = h.hog(shadow_of(10)), *b = h.hog();
	h.run_until(31 * MS);                        // a ran its slice of 30 ms, b runs
	ASSERT_EQ(b, h.on(0));
	ASSERT_EQ(30 * MS, h.got(a));
	/* three budgets of 1 ms in a's slice; the fourth came at 30 and lasts */
	EXPECT_SHADOW(3, 27 * MS, h.shadow(a));
	h.charge(ration_vcpu_dom(a), 4 * MS);        // but helpers' work empties it
	h.run_until(36 * MS);
	EXPECT_SHADOW(4, 32 * MS, h.shadow(a));
}

TEST(credit_shadow, who_sleeps_is_not_held_and_a_shut_gate_counts_once)
{
	Shadowed h(1);
	ration_vcpu *a = h.hog(shadow_of(20));
	h.run_until(3 * MS);                         // 1 ms beyond the budget of 2
	h.block(a);
	EXPECT_SHADOW(1, 1 * MS, h.shadow(a));
	h.run_until(6 * MS);
	EXPECT_SHADOW(1, 1 * MS, h.shadow(a));
	h.wake(a);
	h.run_until(8 * MS);
	EXPECT_SHADOW(1, 3 * MS, h.shadow(a));
	h.run_until(13 * MS);                        // to the refill, and 1 ms beyond it
	EXPECT_SHADOW(2, 6 * MS, h.shadow(a));
}

// As a cap: who comes back after a pause finds 2 and 2 ms at most.
TEST(credit_shadow, what_is_left_unused_fades_as_with_a_cap)
{
	Shadowed h(1);
	ration_vcpu *a = h.vcpu(h.dom(shadow_of(20)));
	h.wake(a);
	h.run_until(1 * MS);
	h.block(a);
	while (h.now < 1003 * MS) {                  // however often it is looked at
		h.run_for(3 * MS);
		EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), shadow_of(20)));
	}
	ASSERT_EQ(1003 * MS, h.now);
	h.wake(a);
	h.run_until(1009 * MS);
	EXPECT_SHADOW(1, 2 * MS, h.shadow(a));
	h.run_until(1014 * MS);                      // refilled 10 ms after it began again
	EXPECT_SHADOW(1, 6 * MS, h.shadow(a));
}

/* ---- Changes ------------------------------------------------------------- */

TEST(credit_shadow, turned_on_it_frees_who_is_held_and_keeps_the_books)
{
	Shadowed h(1);
	ration_vcpu *a = h.hog(attr_of(256, 10));
	h.run_until(5 * MS);
	ASSERT_EQ(RATION_WAIT_CAP, h.info(a).cause);
	EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), shadow_of(10)));
	EXPECT_EQ(a, h.on(0));
	EXPECT_SHADOW(0, 0, h.shadow(a));
	h.run_until(1 * S);
	EXPECT_EQ(996 * MS, h.got(a));
	EXPECT_SHADOW(100, 5 * MS + 99 * 9 * MS, h.shadow(a));
	EXPECT_EQ(nullptr, ration_check(h.r));
}

// The host's timer is late: the refills of 10 and 20 ms have not been seen to.
TEST(credit_shadow, turned_on_while_a_refill_is_late)
{
	Shadowed h(1);
	ration_attr capped = shadow_of(25);
	capped.shadow = false;
	ration_vcpu *a = h.hog(capped);
	h.run_until(5 * MS);
	h.now += 20 * MS;
	ASSERT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), shadow_of(25)));
	EXPECT_EQ(nullptr, ration_check(h.r));
	h.run_until(30 * MS);                        /* the grid is that of before */
	ration_ns held_ns = h.shadow(a).held_ns;
	h.run_until(130 * MS);
	EXPECT_EQ(held_ns + 10 * 7500 * US, h.shadow(a).held_ns);
}

TEST(credit_shadow, turned_off_it_is_enforced_with_the_budget_as_it_stands)
{
	for (int at : {1, 2, 4, 9}) {                // of 10 ms: 3 are its budget
		SCOPED_TRACE(at);
		Shadowed h(1);
		ration_vcpu *a = h.hog(shadow_of(30));
		h.run_until(ration_ns(40 + at) * MS);
		ration_ns before = h.got(a);
		EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), attr_of(256, 30)));
		h.run_until(50 * MS - 1);
		EXPECT_EQ(ration_ns(std::max(3 - at, 0)) * MS, h.got(a) - before);
		h.run_until(50 * MS);
		EXPECT_EQ(a, h.on(0)) << "on the same grid";
		h.run_until(1050 * MS);
		EXPECT_EQ(ration_ns(std::max(3 - at, 0)) * MS + 300 * MS, h.got(a) - before);
		EXPECT_SHADOW(4 + (at > 3), 28 * MS + ration_ns(std::max(at - 3, 0)) * MS, h.shadow(a));
	}
}

// Flipping it renews nothing: what it ran while held, it ran in the shadow.
TEST(credit_shadow, flipping_it_gives_nothing)
{
	Shadowed h(1);
	ration_vcpu *a = h.hog(attr_of(256, 20));
	ration_ns enforced = 0;
	for (int i = 0; i < 1000; i++) {
		ration_ns before = h.got(a);
		h.run_for(10 * MS - 100 * US);
		enforced += h.got(a) - before;
		EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), shadow_of(20)));
		h.run_for(100 * US);
		EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), attr_of(256, 20)));
	}
	EXPECT_LE(enforced, 2002 * MS);
	EXPECT_GE(enforced, 1998 * MS);
	EXPECT_EQ(1000u, h.shadow(a).held_count);
	EXPECT_EQ(100 * MS, h.shadow(a).held_ns);
}

TEST(credit_shadow, on_and_off_in_every_state)
{
	for (bool on : {true, false}) {
		Shadowed h(2);
		ration_attr from = on ? attr_of(256, 10) : shadow_of(10);
		ration_attr to = on ? shadow_of(10) : attr_of(256, 10);
		ration_dom *d = h.dom(from);
		ration_vcpu *v[6];
		for (auto &u : v)
			u = h.vcpu(d, 1);
		for (int i = 0; i < 5; i++)          // v[5] is blocked
			h.wake(v[i]);
		h.run_until(5 * MS);
		h.pause(v[0]);
		h.down(v[1]);
		EXPECT_EQ(RATION_OK, h.set(d, to));
		EXPECT_EQ(nullptr, ration_check(h.r));
		h.resume(v[0]);
		h.up(v[1]);
		h.wake(v[5]);
		h.cpu_down(0);
		EXPECT_EQ(RATION_OK, h.set(d, from));
		EXPECT_EQ(RATION_OK, h.set(d, to));
		h.cpu_up(0);
		h.run_until(15 * MS);
		ration_ns before = h.ledger(d).running_ns;
		h.run_for(1 * S);
		// Of a cap's budget each of the six may carry a piece over.
		EXPECT_NEAR(on ? 1e9 : 1e8, double(h.ledger(d).running_ns - before), on ? 0 : 6 * 250e3);
		EXPECT_EQ(nullptr, ration_check(h.r));
	}
}

TEST(credit_shadow, the_books_go_on_under_another_cap)
{
	Shadowed h(1);
	ration_vcpu *a = h.hog(shadow_of(25));
	h.run_until(1 * S);
	EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), shadow_of(50)));
	h.run_until(2 * S);
	/* the budget of 2.5 ms that came at 1 s, then 5 ms each */
	EXPECT_SHADOW(200, 750 * MS + 500 * MS + 2500 * US, h.shadow(a));
	EXPECT_EQ(RATION_OK, h.set(ration_vcpu_dom(a), attr_of()));
	h.run_until(3 * S);
	EXPECT_SHADOW(200, 750 * MS + 500 * MS + 2500 * US, h.shadow(a));
}

TEST(credit_shadow, what_was_counted_outlasts_a_change_of_policy)
{
	Shadowed h(1);
	ration_vcpu *a = h.hog(shadow_of(25));
	h.run_until(1005 * MS);
	for (const ration_policy *p : {&ration_rr, &ration_sedf, &ration_rr}) {
		EXPECT_EQ(RATION_OK, h.policy(p));
		h.run_for(100 * MS);
		EXPECT_SHADOW(101, 750 * MS + 2500 * US, h.shadow(a));
	}
	EXPECT_EQ(RATION_OK, h.policy(&ration_credit));
	h.run_for(100 * MS);
	EXPECT_SHADOW(111, 750 * MS + 2500 * US + 75 * MS, h.shadow(a));
	EXPECT_EQ(nullptr, ration_check(h.r));
}

TEST(credit_shadow, leaves_with_its_vcpus)
{
	Shadowed h(1);
	ration_dom *d = h.dom(shadow_of(25));
	ration_vcpu *a = h.vcpu(d);
	h.wake(a);
	h.run_until(15 * MS);
	h.block(a);
	EXPECT_EQ(RATION_OK, h.leave(a));
	h.run_until(1 * S);
	EXPECT_SHADOW(2, 10 * MS, h.shadow(d));
}

/* ---- It changes nothing ---------------------------------------------------- */

// The same schedule as with no cap at all, event for event.
TEST(credit_shadow, the_schedule_is_that_without_a_cap)
{
	const char *const shapes[] = {
		"  - {name: a, vcpus: 2, weight: 512%s}\n"
		"  - {name: b%s, workload: {loop: {run: 2ms, block: exp(6ms)}}}\n"
		"  - {name: c, vcpus: 3, cpus: \"0\"%s}\n",
		"  - {name: a, floor: 10%s, workload: {loop: {run: 300us, block: exp(1ms)}}}\n"
		"  - {name: b, vcpus: 4%s}\n"
		"  - {name: c, cap: 30, vcpus: 3, workload: {barrier: {run: 1ms}}}\n",
	};
	for (const char *shape : shapes)
		for (const char *policy : {"credit", "{name: credit, tslice: 1ms}"}) {
			uint64_t hash[2], held[2] = {0, 0};
			std::string log[2];
			for (int shadow : {0, 1}) {
				std::string text = std::string("host: {topology: \"pack:1 core:2 pu:1\", "
				                               "costs: typical}\npolicy: ") + policy +
				                   "\ntime: 2s\ndomains:\n" + shape;
				for (size_t at; (at = text.find("%s")) != std::string::npos; )
					text.replace(at, 2, shadow ? ", cap: 20, shadow: true" : "");
				Scenario scenario(text);
				Simulation run(scenario);
				hash[shadow] = run.result.trace_hash;
				for (uint32_t i = 0; i < run.result.domain_count; i++)
					held[shadow] += run.result.domain[i].shadow.held_count;
				log[shadow] = std::to_string(run.result.events);
			}
			EXPECT_EQ(hash[0], hash[1]) << shape << policy;
			EXPECT_EQ(log[0], log[1]) << "not one event more";
			EXPECT_EQ(0u, held[0]);
			EXPECT_LT(50u, held[1]);
		}
}

TEST(credit_shadow, an_event_turns_it_on_and_off)
{
	Scenario scenario("host: {topology: \"pack:1 core:1 pu:1\"}\ntime: 3s\n"
	                  "domains: [{name: a, cap: 20}, {name: b, workload: idle}]\n"
	                  "events:\n"
	                  "- {at: 1s, domain: a, set: {shadow: true}}\n"
	                  "- {at: 2s, domain: a, set: {shadow: false}}\n");
	Simulation run(scenario);
	EXPECT_EQ(1400 * MS, run["a"].ledger.running_ns);
	EXPECT_EQ(100u, run["a"].shadow.held_count);
	EXPECT_EQ(800 * MS, run["a"].shadow.held_ns);
}

TEST(credit_shadow, arms_no_timer)
{
	Shadowed h(1);
	h.hog(shadow_of(25));
	h.run_until(1 * S);
	EXPECT_EQ(RATION_NEVER, h.expire_at());
}

TEST(credit_shadow, counts_for_nothing_in_what_is_owed)
{
	Shadowed h(1);
	ration_vcpu *a = h.hog(shadow_of(10, 512)), *b = h.hog(attr_of(256));
	h.run_until(3 * S);
	EXPECT_NEAR(double(h.got(a)), 2e9, 40e6);
	EXPECT_NEAR(double(h.got(b)), 1e9, 40e6);
	EXPECT_EQ(0u, h.waited(a, RATION_WAIT_CAP));
}

}  // namespace
