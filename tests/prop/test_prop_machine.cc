// SPDX-License-Identifier: BSD-2-Clause
//
// Property test: machines, domains and events drawn from a seed, every verb of
// ration.h in every state, ration_check() after every event.  Contexts are
// saved, and kicks arrive, after a random while, as on a real machine.
//
// SEED=n runs that seed alone; SEEDS=n runs so many.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "random.h"
#include "ration_credit.h"
#include "ration_rr.h"
#include "ration_sedf.h"

namespace {

const ration_policy *const policies[] = {&ration_credit, &ration_sedf, &ration_rr};

// splitmix64: one word of state, any seed is good.
struct Random {
	uint64_t state;

	uint64_t next() { return random_splitmix(&state); }
	uint64_t below(uint64_t n) { return next() % n; }
	bool one_in(uint64_t n) { return below(n) == 0; }
};

struct Cpu {
	ration_ns kick_at = RATION_NEVER, until = RATION_NEVER, save_at = RATION_NEVER;
};

class Machine {
public:
	Machine(uint64_t seed) : random{seed}
	{
		limits = {uint32_t(1 + random.below(random.one_in(4) ? 64 : 6)), 12, 64};
		first = uint32_t(random.below(3));
		const ration_policy *order[] = {policies[first], policies[(first + 1) % 3],
		                                policies[(first + 2) % 3]};
		size_t size = ration_size(order, 3, &limits);
		memory.reset(new (std::align_val_t(16)) char[size]);
		held.assign(order, order + 3);
		ration_config config = {};
		config.limits = limits;
		config.policies = held.data();
		config.policy_count = 3;
		config.params = {RATION_TSLICE_DEFAULT_NS, random.one_in(2) ? 0 : RATION_NS_PER_MS};
		EXPECT_EQ(RATION_OK, ration_init(memory.get(), size, &config, now, &r));
		cpus.resize(limits.cpu_count);
	}

	std::string describe() const
	{
		return "cpus " + std::to_string(limits.cpu_count) + ", policy " +
		       ration_policy_name(ration_policy_get(r));
	}

	// One event: what is due next on the machine, or a verb drawn at random.
	void step()
	{
		ration_ns due = RATION_NEVER;
		ration_cpu who = RATION_CPU_NONE;
		enum { KICK, TIMER, SAVE, EXPIRE } what = EXPIRE;
		for (ration_cpu c = 0; c < limits.cpu_count; c++) {
			const Cpu &cpu = cpus[c];
			if (cpu.save_at < due) { due = cpu.save_at; who = c; what = SAVE; }
			if (cpu.save_at != RATION_NEVER) continue;
			if (cpu.kick_at < due) { due = cpu.kick_at; who = c; what = KICK; }
			if (cpu.until < due) { due = cpu.until; who = c; what = TIMER; }
		}
		if (expire_at < due) { due = expire_at; what = EXPIRE; }
		ration_ns verb_at = now + random.below(3 * RATION_NS_PER_MS);
		if (due > verb_at) {
			now = verb_at;
			verb();
			return;
		}
		now = due > now ? due : now;
		ration_effects fx;
		if (what == EXPIRE) {
			ration_expire(r, now, &fx);
			// A late call may leave periods behind, but it must get ahead.
			take(fx);
		} else if (what == SAVE) {
			cpus[who].save_at = RATION_NEVER;
			ration_cpu_saved(r, who, now, &fx);
			take(fx);
		} else {
			decide(who);
		}
	}

	ration *r = nullptr;

	// Everything leaves; the books must still add up.
	void drain()
	{
		for (int round = 0; round < 1000 && !vcpus.empty(); round++) {
			for (ration_cpu c = 0; c < limits.cpu_count; c++)
				settle(c);
			vcpu_leave(0);
			const char *broken = ration_check(r);
			ASSERT_EQ(nullptr, broken) << broken;
		}
		EXPECT_TRUE(vcpus.empty());
	}

private:
	Random random;
	ration_limits limits;
	uint32_t first;
	std::vector<const ration_policy *> held;
	struct Delete {
		void operator()(char *p) const { ::operator delete[](p, std::align_val_t(16)); }
	};
	std::unique_ptr<char[], Delete> memory;
	ration_ns now = RATION_NS_PER_S, expire_at = RATION_NEVER;
	std::vector<Cpu> cpus;
	std::vector<ration_dom *> doms;
	std::vector<int> dom_pauses;
	struct Vcpu {
		ration_vcpu *v;
		int pauses;
		bool leaving;
	};
	std::vector<Vcpu> vcpus;
	uint32_t next_id = 0, next_idx = 0;

	void take(const ration_effects &fx)
	{
		EXPECT_EQ(0u, fx.resched & ~ration_cpuset_first_count(limits.cpu_count));
		for (ration_cpuset s = fx.resched; s != 0; s = ration_cpuset_rest(s)) {
			ration_ns at = now + (random.one_in(2) ? 0 : random.below(20000));
			Cpu &cpu = cpus[ration_cpuset_first(s)];
			if (at < cpu.kick_at)
				cpu.kick_at = at;
		}
		expire_at = fx.expire_ns;
	}

	void decide(ration_cpu c)
	{
		ration_decision d;
		ration_effects fx;
		cpus[c].kick_at = RATION_NEVER;
		ration_decide(r, c, now, &d, &fx);
		EXPECT_GT(d.until_ns, now);
		cpus[c].until = d.until_ns;
		EXPECT_EQ(d.vcpu, ration_cpu_vcpu(r, c));
		ration_cpu_ledger books;
		ration_cpu_ledger_get(r, c, now, &books);
		EXPECT_EQ(0u, books.refusals) << "the core refused a decision";
		if (d.switched)
			cpus[c].save_at = now + (random.one_in(2) ? 0 : random.below(5000));
		if (d.vcpu != nullptr) {
			ration_vcpu_info info;
			ration_vcpu_info_get(d.vcpu, &info);
			EXPECT_TRUE(ration_cpuset_has(info.affinity.hard, c)) << "runs where it may not";
			EXPECT_TRUE(ration_cpuset_has(ration_cpu_online(r), c));
		}
		take(fx);
		if (random.one_in(16) && !d.switched)
			spare(c, d);
	}

	// A spare call changes nothing and renews nothing.
	void spare(ration_cpu c, const ration_decision &d)
	{
		ration_decision again;
		ration_effects fx;
		if (cpus[c].kick_at != RATION_NEVER)
			return;
		ration_decide(r, c, now, &again, &fx);
		EXPECT_EQ(d.vcpu, again.vcpu);
		EXPECT_EQ(d.until_ns, again.until_ns);
		EXPECT_FALSE(again.switched);
		take(fx);
	}

	// Let CPU c finish what it is about.
	void settle(ration_cpu c)
	{
		ration_effects fx;
		for (int i = 0; i < 4; i++) {
			if (cpus[c].save_at != RATION_NEVER) {
				cpus[c].save_at = RATION_NEVER;
				ration_cpu_saved(r, c, now, &fx);
				take(fx);
			}
			if (cpus[c].kick_at != RATION_NEVER)
				decide(c);
		}
	}

	ration_affinity draw_affinity()
	{
		ration_cpuset all = ration_cpuset_first_count(limits.cpu_count);
		ration_affinity a = {all, all};
		if (random.one_in(2))
			a.hard = random.next() & all;
		if (random.one_in(3))
			a.hard = ration_cpuset_of(ration_cpu(random.below(limits.cpu_count)));
		if (a.hard == 0)
			a.hard = all;
		if (random.one_in(3))
			a.soft = random.next();
		return a;
	}

	ration_attr draw_attr()
	{
		ration_attr a;
		ration_attr_default(&a);
		a.weight = uint32_t(1 + random.below(random.one_in(2) ? 65535 : 1024));
		if (random.one_in(3))
			a.cap_ppm = uint32_t(1 + random.below(2 * RATION_PPM));
		if (random.one_in(4))
			a.floor_ppm = uint32_t(random.below(RATION_PPM / 2));
		if (a.cap_ppm != 0 && a.floor_ppm > a.cap_ppm)
			a.floor_ppm = a.cap_ppm;
		if (random.one_in(3))
			a.burst_ns = random.below(100 * RATION_NS_PER_MS);
		if (random.one_in(2)) {
			a.period_ns = (1 + random.below(50)) * RATION_NS_PER_MS;
			a.slice_ns = a.period_ns / (2 + random.below(20));
			if (a.slice_ns < 5 * RATION_NS_PER_US)
				a.slice_ns = 0;
		}
		if (random.one_in(4))
			a.latency_ns = 1 + random.below(a.period_ns);
		a.extratime = random.one_in(2);
		a.shadow = random.one_in(4);
		return a;
	}

	void verb()
	{
		ration_effects fx;
		ration_refusal why;
		if (doms.size() < 2 || random.one_in(40)) {
			ration_dom *d;
			ration_attr a = draw_attr();
			if (ration_dom_admit(r, next_id++, &a, now, &fx, &d) == RATION_OK) {
				doms.push_back(d);
				dom_pauses.push_back(0);
			}
			take(fx);
			return;
		}
		if (vcpus.size() < 4 || random.one_in(12)) {
			ration_vcpu *v;
			if (ration_vcpu_admit(r, doms[random.below(doms.size())], next_idx++ % 65536,
			                      draw_affinity(), now, &fx, &v, &why) == RATION_OK)
				vcpus.push_back({v, 0, false});
			take(fx);
			return;
		}
		switch (random.below(16)) {
		case 0: machine_verb(); break;
		case 1: case 2: domain_verb(); break;
		default: vcpu_verb(); break;
		}
	}

	void machine_verb()
	{
		ration_effects fx;
		ration_refusal why;
		ration_cpu c = ration_cpu(random.below(limits.cpu_count));
		switch (random.below(4)) {
		case 0:
			ration_cpu_down(r, c, random.one_in(2), now, &fx, &why);
			break;
		case 1:
			ration_cpu_up(r, c, now, &fx);
			break;
		case 2:
			ration_policy_set(r, policies[random.below(3)], now, &fx, &why);
			break;
		default: {
			ration_params p = {(1 + random.below(30)) * RATION_NS_PER_MS, 0};
			if (random.one_in(2))
				p.ratelimit_ns = random.below(p.tslice_ns);
			ration_params_set(r, &p, now, &fx);
		}
		}
		take(fx);
	}

	void domain_verb()
	{
		ration_effects fx;
		ration_refusal why;
		size_t i = random.below(doms.size());
		ration_attr a = draw_attr();
		switch (random.below(5)) {
		case 0: ration_dom_pause(r, doms[i], now, &fx); dom_pauses[i]++; break;
		case 1:
			if (dom_pauses[i] == 0)
				return;
			ration_dom_resume(r, doms[i], now, &fx);
			dom_pauses[i]--;
			break;
		case 2: ration_dom_set(r, doms[i], &a, now, &fx, &why); break;
		case 3:
			ration_dom_charge(r, doms[i], random.below(3 * RATION_NS_PER_MS),
			                  RATION_HELPER_BACKEND, now, &fx);
			break;
		default:
			if (ration_dom_leave(r, doms[i], now, &fx) == RATION_OK) {
				doms.erase(doms.begin() + long(i));
				dom_pauses.erase(dom_pauses.begin() + long(i));
			}
		}
		take(fx);
	}

	void vcpu_leave(size_t i)
	{
		ration_effects fx;
		int status = ration_vcpu_leave(r, vcpus[i].v, now, &fx);
		if (status == RATION_OK)
			vcpus.erase(vcpus.begin() + long(i));
		else
			vcpus[i].leaving = true;
		EXPECT_TRUE(status == RATION_OK || status == RATION_E_BUSY);
		take(fx);
	}

	// The CPU that really runs v: occupied, and past its switch.
	bool runs(const ration_vcpu *v, ration_cpu *c) const
	{
		for (*c = 0; *c < limits.cpu_count; ++*c)
			if (ration_cpu_vcpu(r, *c) == v)
				return cpus[*c].save_at == RATION_NEVER;
		return false;
	}

	void vcpu_verb()
	{
		ration_effects fx;
		ration_refusal why;
		size_t i = random.below(vcpus.size());
		Vcpu &u = vcpus[i];
		ration_cpu c;
		if (u.leaving || random.one_in(60)) {
			vcpu_leave(i);
			return;
		}
		switch (random.below(12)) {
		case 0: ration_vcpu_pause(r, u.v, now, &fx); u.pauses++; break;
		case 1:
			if (u.pauses == 0)
				return;
			ration_vcpu_resume(r, u.v, now, &fx);
			u.pauses--;
			break;
		case 2: ration_vcpu_down(r, u.v, now, &fx); break;
		case 3: ration_vcpu_up(r, u.v, now, &fx); break;
		case 4: ration_vcpu_pin(r, u.v, draw_affinity(), now, &fx, &why); break;
		case 5: case 6: case 7:
			if (!runs(u.v, &c)) {
				ration_vcpu_wake(r, u.v, now, &fx);
				break;
			}
			give_up(u.v, c);
			return;
		default: ration_vcpu_wake(r, u.v, now, &fx); break;
		}
		take(fx);
	}

	void give_up(ration_vcpu *v, ration_cpu c)
	{
		ration_effects fx;
		switch (random.below(3)) {
		case 0: ration_vcpu_yield(r, v, now, &fx); break;
		case 1:
			ration_vcpu_yield_to(r, v, vcpus[random.below(vcpus.size())].v, now, &fx);
			break;
		default: ration_vcpu_block(r, v, now, &fx); break;
		}
		take(fx);
		if (random.one_in(10)) {                // an event came before the decide
			ration_vcpu_wake(r, v, now, &fx);
			take(fx);
		}
		decide(c);
	}
};

uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text != nullptr ? strtoull(text, nullptr, 10) : otherwise;
}

bool run(uint64_t seed, int steps)
{
	Machine machine(seed);
	for (int i = 0; i < steps; i++) {
		machine.step();
		const char *broken = ration_check(machine.r);
		if (broken != nullptr || ::testing::Test::HasFailure()) {
			ADD_FAILURE() << (broken != nullptr ? broken : "failed") << "\n  SEED=" << seed
			              << " step " << i << ", " << machine.describe();
			return false;
		}
	}
	machine.drain();
	const char *broken = ration_check(machine.r);
	EXPECT_EQ(nullptr, broken) << (broken ? broken : "") << " SEED=" << seed;
	return !::testing::Test::HasFailure();
}

TEST(PropMachine, EveryVerbInEveryStateKeepsTheInvariants)
{
	uint64_t only = from_environment("SEED", 0);
	uint64_t count = from_environment("SEEDS", 300);

	if (only != 0) {
		run(only, 3000);
		return;
	}
	for (uint64_t seed = 1; seed <= count; seed++)
		if (!run(seed, 3000))
			return;
}

}  // namespace
