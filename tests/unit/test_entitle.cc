// SPDX-License-Identifier: BSD-2-Clause
//
// The entitlement engine: known shares, random machines against the oracle, its limits in memory
// and steps, snapshots, and whether floors fit.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "oracle.h"
#include "ration_entitle.h"

namespace {

struct Vcpu {
	ration_cpuset hard;
	double demand = 1;
};

struct Domain {
	uint32_t weight = 256;
	double cap = 0, floor = 0;
	std::vector<Vcpu> vcpus;
};

Domain of(uint32_t weight, uint32_t vcpu_count, ration_cpuset hard = RATION_CPUSET_ALL)
{
	Domain d;
	d.weight = weight;
	d.vcpus.assign(vcpu_count, {hard, 1});
	return d;
}
Domain capped(Domain d, double cap) { return d.cap = cap, d; }
Domain floored(Domain d, double floor) { return d.floor = floor, d; }
Domain busy(Domain d, double demand)
{
	for (Vcpu &v : d.vcpus)
		v.demand = demand;
	return d;
}

struct Machine {
	ration_cpuset online;
	std::vector<Domain> domains;
};

uint64_t ppb(double cpus) { return uint64_t(std::llround(cpus * 1e9)); }

/* An engine in memory of its own, with a guard behind it. */
struct Engine {
	explicit Engine(const ration_limits &l) : limits(l)
	{
		memory.assign(ration_entitle_size(&limits) / 8 + 2, 0x5a5a5a5a5a5a5a5aULL);
		e = ration_entitle_init(memory.data(), &limits);
	}
	~Engine()
	{
		size_t size = ration_entitle_size(&limits);
		const char *end = reinterpret_cast<const char *>(memory.data()) + size;
		for (int i = 0; i < 8; i++)
			EXPECT_EQ(0x5a, end[i]) << "wrote behind its memory";
	}
	void fill(const Machine &m)
	{
		ration_entitle_begin(e, m.online);
		for (uint32_t i = 0; i < m.domains.size(); i++) {
			const Domain &d = m.domains[i];
			ration_entitle_dom(e, i, d.weight, ppb(d.cap), ppb(d.floor));
			for (const Vcpu &v : d.vcpus)
				ration_entitle_vcpu(e, v.hard, ppb(v.demand));
		}
	}
	uint32_t solve()
	{
		uint32_t steps = 1;
		while (!ration_entitle_step(e))
			if (++steps == 10000000) {
				ADD_FAILURE() << "does not end";
				break;
			}
		return steps;
	}
	double dom(uint32_t slot) const { return double(ration_entitle_dom_ppb(e, slot)) / 1e9; }
	double vcpu(uint32_t slot, ration_cpuset hard) const
	{
		return double(ration_entitle_vcpu_ppb(e, slot, hard)) / 1e9;
	}

	ration_limits limits;
	std::vector<uint64_t> memory;
	ration_entitle *e;
};

constexpr ration_limits SMALL = {16, 64, 512};

std::vector<double> shares(const Machine &m)
{
	Engine engine(SMALL);
	engine.fill(m);
	engine.solve();
	std::vector<double> got;
	for (uint32_t i = 0; i < m.domains.size(); i++)
		got.push_back(engine.dom(i));
	return got;
}

void expect_shares(const Machine &m, const std::vector<double> &want)
{
	std::vector<double> got = shares(m);
	for (size_t i = 0; i < want.size(); i++)
		EXPECT_NEAR(want[i], got[i], 2e-7) << "domain " << i;
}

ration_cpuset cpus(uint32_t count) { return ration_cpuset_first_count(count); }

TEST(entitle, without_pins)
{
	expect_shares({cpus(2), {of(10, 1), of(1, 1), of(1, 1)}}, {1, .5, .5});
	expect_shares({cpus(4), {of(8, 1), of(1, 1), of(1, 1), of(1, 1)}}, {1, 1, 1, 1});
	expect_shares({cpus(4), {of(512, 2), of(256, 4), of(256, 1)}}, {2, 1, 1});
	expect_shares({cpus(4), {capped(of(256, 4), 1.5), of(256, 4)}}, {1.5, 2.5});
	expect_shares({cpus(4), {of(1, 1, 1), of(2, 4, 0xe), of(1, 4, 0xe)}}, {1, 2, 1});
	expect_shares({cpus(2), {of(256, 4), of(256, 1)}}, {1, 1});
	expect_shares({cpus(16), {}}, {});
	expect_shares({0, {of(1, 1)}}, {0});
}

TEST(entitle, under_pins)
{
	expect_shares({cpus(4), {of(512, 1, 1), of(256, 1, 1)}}, {2 / 3., 1 / 3.});
	expect_shares({cpus(2), {of(256, 1, 2), of(512, 1, 2), of(1024, 1, 2)}},
	              {1 / 7., 2 / 7., 4 / 7.});
	// CPU 0 is wanted by two, of whom one has another CPU.
	expect_shares({cpus(2), {of(1, 1, 1), of(9, 2)}}, {.2, 1.8});
	// A chain of pins: 0-1, 1-2, 2-3.
	expect_shares({cpus(4), {of(1, 2, 3), of(1, 2, 6), of(1, 2, 12), of(1, 1, 1)}},
	              {1, 1, 1, 1});
	expect_shares({0x1, {of(1, 1, 1), of(1, 1, 2)}}, {1, 0});
}

TEST(entitle, floors_and_demands)
{
	expect_shares({cpus(1), {floored(of(1, 1), .5), of(9, 1), of(9, 1)}}, {.5, .25, .25});
	expect_shares({cpus(1), {floored(busy(of(1, 1), .1), .5), of(9, 1)}}, {.1, .9});
	expect_shares({cpus(2), {busy(of(1, 2), .25), of(9, 1), of(1, 1)}}, {.5, 1, .5});
	// Floors that do not fit: those that compete are cut in proportion.
	expect_shares({cpus(2), {floored(of(1, 1, 1), .9), floored(of(1, 1, 1), .6),
	                         floored(of(1, 1, 2), .7), of(99, 1, 2)}}, {.6, .4, .7, .3});
}

// What a domain that wants little could have, by its weight.
TEST(entitle, the_level_that_a_sleeper_would_reach)
{
	Engine engine(SMALL);
	engine.fill({cpus(2), {busy(of(2, 1, 1), .1), of(1, 1, 1), of(1, 1, 2),
	                       capped(of(1, 1, 2), .3)}});
	engine.solve();
	auto level = [&](uint32_t slot, ration_cpuset hard) {
		return double(ration_entitle_level_ppb(engine.e, slot, hard)) / 1e9;
	};
	EXPECT_NEAR(.1, engine.dom(0), 1e-6);
	EXPECT_NEAR(1.8, level(0, 1), 1e-5) << "on CPU 0 a weight of 1 stands for 0.9";
	EXPECT_NEAR(.9, level(1, 1), 1e-5);
	EXPECT_NEAR(.7, level(2, 2), 1e-5);
	EXPECT_EQ(0, level(0, 4));
}

TEST(entitle, inside_a_domain_shares_are_even_where_they_can_be)
{
	Engine engine(SMALL);
	Domain d = of(1, 1, 1);
	d.vcpus.push_back({3, 1});
	d.vcpus.push_back({3, 1});
	engine.fill({cpus(2), {capped(d, 1.5)}});
	engine.solve();
	EXPECT_NEAR(.5, engine.vcpu(0, 1), 1e-7);
	EXPECT_NEAR(.5, engine.vcpu(0, 3), 1e-7);
	engine.fill({cpus(2), {d, of(1, 1, 1)}});
	engine.solve();
	EXPECT_NEAR(1, engine.dom(0), 1e-7);
	EXPECT_NEAR(1, engine.vcpu(0, 1) + 2 * engine.vcpu(0, 3), 1e-7);
	EXPECT_NEAR(0, engine.vcpu(0, 1), 1e-7) << "CPU 0 is the other domain's";
	d.vcpus[1].demand = d.vcpus[2].demand = .2;
	engine.fill({cpus(2), {capped(d, .8)}});
	engine.solve();
	EXPECT_NEAR(.4, engine.vcpu(0, 1), 1e-7);
	EXPECT_NEAR(.2, engine.vcpu(0, 3), 1e-7);
}

/* ---- Random machines ---- */

struct Draw {
	explicit Draw(uint64_t seed) : r(seed) {}
	uint32_t upto(uint32_t n) { return uint32_t(r() % n); }
	double unit() { return double(r() >> 11) / 9007199254740992.0; }

	ration_cpuset mask(uint32_t cpu_count)
	{
		ration_cpuset set = 0;
		uint32_t want = 1 + upto(upto(3) == 0 ? cpu_count : 2);
		for (uint32_t i = 0; i < want; i++)
			set |= ration_cpuset_of(upto(cpu_count));
		return set;
	}
	Machine machine()
	{
		uint32_t cpu_count = 2 + upto(15), count = 2 + upto(31);
		Machine m = {cpus(cpu_count), {}};
		double floors = upto(2) ? unit() * cpu_count : 0;
		double pinned = upto(4) ? unit() : 0;
		std::vector<ration_cpuset> usual;
		for (uint32_t i = 0; i <= upto(6); i++)
			usual.push_back(mask(cpu_count));
		for (uint32_t i = 0; i < count; i++) {
			Domain d = of(uint32_t(std::exp(unit() * std::log(65535.99))), 1 + upto(8), m.online);
			for (Vcpu &v : d.vcpus) {
				if (unit() < pinned)
					v.hard = upto(2) ? usual[upto(uint32_t(usual.size()))] : mask(cpu_count);
				if (upto(3) == 0)
					v.demand = std::floor(unit() * 1e6) / 1e6;
			}
			if (upto(3) == 0)
				d.cap = (1 + upto(uint32_t(d.vcpus.size()) * 100)) / 100.;
			if (floors > 0 && upto(3) == 0) {
				d.floor = std::floor(unit() * floors / 2 * 1000) / 1000;
				if (d.cap != 0 && d.floor > d.cap)
					d.floor = d.cap;
				floors -= d.floor;
			}
			m.domains.push_back(d);
		}
		return m;
	}
	std::mt19937_64 r;
};

struct Owed {
	explicit Owed(const Machine &m)
	{
		std::vector<std::vector<oracle_vcpu>> vcpus(m.domains.size());
		std::vector<oracle_domain> domains;
		for (size_t i = 0; i < m.domains.size(); i++) {
			const Domain &d = m.domains[i];
			for (const Vcpu &v : d.vcpus)
				vcpus[i].push_back({v.hard, v.demand});
			domains.push_back({double(d.weight), d.cap, d.floor, vcpus[i].data(),
			                   uint32_t(vcpus[i].size()), false});
		}
		oracle_machine machine = {m.online, domains.data(), uint32_t(domains.size())};
		oracle_solve(&machine, &result);
	}
	~Owed() { oracle_result_free(&result); }
	oracle_result result = {};
};

/* The CPUs of any set must have room for the vCPUs that are confined to it. */
void expect_feasible(const Machine &m, const std::vector<std::vector<double>> &rates)
{
	for (ration_cpuset set = 1; set <= m.online; set++) {
		double sum = 0;
		for (size_t i = 0; i < m.domains.size(); i++)
			for (size_t v = 0; v < rates[i].size(); v++)
				if (ration_cpuset_within(m.domains[i].vcpus[v].hard & m.online, set))
					sum += rates[i][v];
		EXPECT_LE(sum, ration_cpuset_count(set) + 1e-6) << "CPUs " << set;
	}
}

/* What the engine and the oracle differ by, over some machines. */
struct Difference {
	void add(uint32_t seed)
	{
		Machine m = Draw(seed).machine();
		Owed owed(m);
		Engine engine(SMALL);
		engine.fill(m);
		steps = std::max(steps, engine.solve());
		machines++;
		if (owed.result.status == ORACLE_FAILED) {
			unsolved++;
			return;
		}
		cut += owed.result.status == ORACLE_FLOORS;
		std::vector<std::vector<double>> rates(m.domains.size());
		for (uint32_t i = 0; i < m.domains.size(); i++)
			compare(owed.result.share[i], engine, m.domains[i], i, &rates[i]);
		if (m.online <= 0xff)
			expect_feasible(m, rates);
	}
	void compare(const oracle_share &share, const Engine &engine, const Domain &d, uint32_t slot,
	             std::vector<double> *rates)
	{
		double sum = 0;
		largest = std::max(largest, std::fabs(share.entitled - engine.dom(slot)));
		for (size_t v = 0; v < d.vcpus.size(); v++) {
			double rate = engine.vcpu(slot, d.vcpus[v].hard);
			rates->push_back(rate);
			sum += rate;
			vcpus++;
			starved += rate < share.vcpu[v] / 4 && share.vcpu[v] > .02;
		}
		EXPECT_NEAR(engine.dom(slot), sum, 1e-6);
	}
	double largest = 0;
	uint32_t machines = 0, unsolved = 0, cut = 0, steps = 0, vcpus = 0, starved = 0;
};

TEST(entitle, random_machines_match_the_oracle)
{
	const uint32_t count = getenv("RATION_PROVE") != nullptr ? 10000 : 300;
	Difference all;
	for (uint32_t seed = 1; seed <= count && !HasFailure(); seed++) {
		all.add(seed);
		ASSERT_LT(all.largest, 1e-5) << "seed " << seed;
	}
	printf("%u machines (%u with floors that do not fit): largest difference %.2f ppm of a CPU; "
	       "at most %u steps; %u of %u vCPUs have less than a quarter of an even share; "
	       "%u without an answer of the oracle\n",
	       all.machines, all.cut, all.largest * 1e6, all.steps, all.starved, all.vcpus,
	       all.unsolved);
	EXPECT_GT(all.cut, 0u);
	EXPECT_EQ(0u, all.unsolved);
	EXPECT_LE(all.starved, all.vcpus / 1000);
	EXPECT_LE(all.steps, 1000u);
}

/* ---- Homes ---- */

// Two domains that can use nothing but CPU 0 are owed all of it: who may go elsewhere should.
TEST(entitle, who_is_at_home_where)
{
	Engine engine(SMALL);
	engine.fill({cpus(2), {of(9, 1, 1), of(9, 1, 1), of(1, 1, 3)}});
	engine.solve();
	EXPECT_EQ(1u, ration_entitle_home(engine.e, 1));
	EXPECT_EQ(2u, ration_entitle_home(engine.e, 3));
	EXPECT_EQ(12u, ration_entitle_home(engine.e, 12)) << "not in the snapshot";
	engine.fill({cpus(2), {busy(of(9, 1, 1), .5), of(1, 1, 3)}});
	engine.solve();
	EXPECT_EQ(3u, ration_entitle_home(engine.e, 3)) << "half of CPU 0 is left";
}

// Were all pinned to their homes, all would be owed the same.
TEST(entitle, homes_are_enough)
{
	const uint32_t count = getenv("RATION_PROVE") != nullptr ? 10000 : 100;
	uint32_t narrower = 0;
	for (uint32_t seed = 1; seed <= count && !HasFailure(); seed++) {
		Machine m = Draw(seed).machine(), home = m;
		Engine engine(SMALL);
		engine.fill(m);
		engine.solve();
		for (Domain &d : home.domains)
			for (Vcpu &v : d.vcpus) {
				ration_cpuset hard = v.hard & m.online;
				v.hard = ration_entitle_home(engine.e, v.hard) & m.online;
				EXPECT_TRUE(ration_cpuset_within(v.hard, hard));
				narrower += v.hard != hard;
			}
		std::vector<double> before = shares(m), after = shares(home);
		for (size_t i = 0; i < before.size(); i++)
			EXPECT_NEAR(before[i], after[i], 1e-5) << "seed " << seed << " domain " << i;
	}
	EXPECT_GT(narrower, count);
}

/* ---- Size ---- */

/* Shares of weights on one CPU, none more than the whole of it. */
std::vector<double> fill_one(std::vector<uint32_t> weights)
{
	std::vector<double> share(weights.size(), 0);
	double left = 1, sum = 0;
	for (uint32_t w : weights)
		sum += w;
	for (size_t i = 0; i < weights.size(); i++)
		share[i] = left * weights[i] / sum;
	return share;
}

TEST(entitle, the_largest_machine_of_one_class)
{
	Machine m = {cpus(64), {}};
	double light = 0;
	for (uint32_t i = 0; i < 4096; i++) {
		m.domains.push_back(of(i % 64 == 0 ? 65535 : 1 + i % 3, 16, m.online));
		light += i % 64 == 0 ? 0 : 1 + i % 3;
	}
	Engine engine({64, 4096, 65536});
	engine.fill(m);
	uint32_t steps = engine.solve();
	EXPECT_LE(steps, 1500u);
	// 64 domains of weight 65535 take nearly all; nobody stops at a bound.
	double all = 64 * 65535. + light;
	for (uint32_t i = 0; i < 4096; i++)
		ASSERT_NEAR(64 * m.domains[i].weight / all, engine.dom(i), 1e-4) << i;
}

TEST(entitle, the_largest_machine_of_a_class_for_each_cpu_and_pair)
{
	Engine engine({64, 4096, 65536});
	Machine m = {cpus(64), {}};
	std::vector<std::vector<uint32_t>> weights(64);
	for (uint32_t i = 0; i < 4096; i++) {
		uint32_t weight = i < 64 ? 65535 : 1 + i * 7919 % 999;
		m.domains.push_back(of(weight, 1, ration_cpuset_of(i % 64)));
		weights[i % 64].push_back(weight);
	}
	engine.fill(m);
	EXPECT_LE(engine.solve(), 15000u);
	for (uint32_t c = 0; c < 64; c++) {
		std::vector<double> want = fill_one(weights[c]);
		for (uint32_t i = 0; i < want.size(); i++)
			ASSERT_NEAR(want[i], engine.dom(i * 64 + c), 1e-5) << i << " on " << c;
	}
	// 64 classes more, and 16 vCPUs each, everywhere: equal domains, equal shares.
	for (uint32_t i = 0; i < 4096; i++) {
		m.domains[i].weight = 1;
		m.domains[i].vcpus.clear();
		for (uint32_t v = 0; v < 16; v++) {
			ration_cpuset one = ration_cpuset_of((i + v * 5) % 64);
			ration_cpuset next = ration_cpuset_of((i + v * 5 + 1) % 64);
			m.domains[i].vcpus.push_back({v % 2 ? one : one | next, 1});
		}
	}
	engine.fill(m);
	EXPECT_LE(engine.solve(), 30000u);
	for (uint32_t i = 0; i < 4096; i++)
		ASSERT_NEAR(64 / 4096., engine.dom(i), 1e-5) << i;
}

TEST(entitle, a_domain_of_more_vcpus_than_there_are_cpus)
{
	Engine engine({64, 4, 65536});
	engine.fill({cpus(64), {of(1, 60000), of(1, 1), floored(of(1, 100), 40)}});
	engine.solve();
	EXPECT_NEAR(23, engine.dom(0), 1e-6);
	EXPECT_NEAR(1, engine.dom(1), 1e-6);
	EXPECT_NEAR(40, engine.dom(2), 1e-6);
	EXPECT_NEAR(23 / 60000., engine.vcpu(0, cpus(64)), 1e-6);
}

TEST(entitle, a_step_is_small)
{
	Machine m = {cpus(64), {}};
	for (uint32_t i = 0; i < 2048; i++)
		m.domains.push_back(of(1 + i, 1, m.online));
	Engine engine({64, 4096, 4096});
	engine.fill(m);
	// Four sweeps of 2,048 at the least, of 64 a step.
	uint32_t steps = engine.solve();
	EXPECT_GE(steps, 4 * 2048 / 64u);
	EXPECT_LE(steps, 300u);
}

/* ---- Snapshots ---- */

TEST(entitle, results_stand_until_the_next_snapshot_begins)
{
	Engine engine(SMALL);
	engine.fill({cpus(2), {of(1, 1), of(3, 1), of(4, 1)}});
	engine.solve();
	EXPECT_TRUE(ration_entitle_step(engine.e)) << "a spare step changes nothing";
	EXPECT_NEAR(.25, engine.dom(0), 1e-6);
	EXPECT_NEAR(.25, engine.vcpu(0, 3), 1e-6);
	EXPECT_EQ(0, engine.vcpu(0, 1)) << "no such class";
	EXPECT_EQ(0, engine.dom(63)) << "no such domain";
	// Left half-way, and begun anew without the last domain.
	engine.fill({cpus(2), {of(1, 2), of(3, 2), of(4, 2)}});
	EXPECT_FALSE(ration_entitle_step(engine.e));
	engine.fill({cpus(1), {of(1, 1), of(1, 1)}});
	engine.solve();
	EXPECT_NEAR(.5, engine.dom(0), 1e-6);
	EXPECT_NEAR(.5, engine.dom(1), 1e-6);
	EXPECT_EQ(0, engine.dom(2));
}

TEST(entitle, one_engine_for_many_snapshots_is_as_good_as_new)
{
	Engine used(SMALL);
	for (uint32_t seed = 500; seed < 560; seed++) {
		Machine m = Draw(seed).machine();
		Engine fresh(SMALL);
		fresh.fill(m), fresh.solve();
		used.fill(m), used.solve();
		for (uint32_t i = 0; i < m.domains.size(); i++) {
			EXPECT_EQ(fresh.dom(i), used.dom(i)) << "seed " << seed;
			for (const Vcpu &v : m.domains[i].vcpus)
				EXPECT_EQ(fresh.vcpu(i, v.hard), used.vcpu(i, v.hard)) << "seed " << seed;
		}
	}
}

TEST(entitle_death, results_are_not_read_before_they_stand)
{
	Engine engine(SMALL);
	engine.fill({cpus(1), {of(1, 1)}});
	EXPECT_DEATH(engine.dom(0), "PHASE_DONE");
}

/* ---- Floors ---- */

struct Floors : Engine {
	explicit Floors(const Machine &m) : Engine(SMALL)
	{
		fill(m);
		fit = ration_entitle_floors_fit(e, &lack);
	}
	double held(uint32_t slot) const { return double(ration_entitle_held_ppb(e, slot)) / 1e9; }
	ration_entitle_lack lack;
	bool fit;
};

TEST(entitle, floors_fit)
{
	EXPECT_TRUE(Floors({cpus(2), {of(1, 4), of(1, 4)}}).fit) << "no floors at all";
	EXPECT_TRUE(Floors({cpus(2), {floored(of(1, 2), 1.2), floored(of(1, 1), .8)}}).fit);
	EXPECT_TRUE(Floors({cpus(2), {floored(of(1, 1), 2), floored(of(1, 1), 1)}}).fit)
		<< "a vCPU can take one CPU";
	EXPECT_TRUE(Floors({cpus(1), {floored(capped(of(1, 1), .4), .9), floored(of(1, 1), .6)}}).fit)
		<< "a capped one its cap";
	EXPECT_TRUE(Floors({cpus(1), {floored(of(1, 1, 2), 1), floored(of(1, 1), 1)}}).fit)
		<< "one without a CPU nothing";
}

TEST(entitle, where_floors_do_not_fit)
{
	// CPUs 1 and 2 lack 0.3; CPU 0 is just full; CPU 3 has room.
	Floors f({cpus(4), {floored(of(1, 1, 1), 1), floored(of(1, 1, 2), .9),
	                    floored(of(1, 2, 6), 1.1), floored(of(1, 1, 4), .3),
	                    floored(of(1, 1, 8), .5)}});
	EXPECT_FALSE(f.fit);
	EXPECT_EQ(0x6u, f.lack.cpus);
	EXPECT_EQ(300000000u, f.lack.missing_ppb);
	EXPECT_NEAR(0, f.held(0), 1e-9);
	EXPECT_NEAR(.9, f.held(1), 1e-9);
	EXPECT_NEAR(1.1, f.held(2), 1e-9);
	EXPECT_NEAR(.3, f.held(3), 1e-9);
	EXPECT_NEAR(0, f.held(4), 1e-9);
	// What does not go elsewhere: half of the second domain's floor.
	Domain d = floored(of(1, 1, 1), 1.5);
	d.vcpus.push_back({2, 1});
	Floors g({cpus(2), {floored(of(1, 1, 1), .75), d}});
	EXPECT_EQ(0x1u, g.lack.cpus);
	EXPECT_EQ(250000000u, g.lack.missing_ppb);
	EXPECT_NEAR(.5, g.held(1), 1e-9);
}

// What is missing is what the oracle cuts.
TEST(entitle, floors_lack_what_the_oracle_cuts)
{
	uint32_t lacking = 0;
	for (uint32_t seed = 1; seed <= 200; seed++) {
		Machine m = Draw(seed).machine();
		for (Domain &d : m.domains)
			if (d.floor > 0)
				d.floor = std::floor(d.floor * 1.6e6) / 1e6;
		Owed owed(m);
		if (owed.result.status == ORACLE_FAILED)
			continue;
		Floors f(m);
		EXPECT_EQ(owed.result.status == ORACLE_FLOORS, !f.fit) << "seed " << seed;
		EXPECT_NEAR(owed.result.missing, double(f.lack.missing_ppb) / 1e9, 2e-5) << "seed " << seed;
		lacking += !f.fit;
	}
	EXPECT_GT(lacking, 10u);
}

}  // namespace
