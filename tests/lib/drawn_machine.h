/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drawn_machine.h - machines drawn from a seed: 2-16 CPUs, 2-32 domains of 1-8 vCPUs, weights
 * log-uniform 1..65535, caps, floors, pins; what credit gives them in ten seconds, and what
 * they are owed.  SEED=n runs that one alone and prints it; RATION_PROVE=1 runs all.
 */
#ifndef DRAWN_MACHINE_H
#define DRAWN_MACHINE_H

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "oracle.h"
#include "quick_machine.h"
#include "random.h"

namespace drawn {

constexpr ration_ns MS = RATION_NS_PER_MS, S = RATION_NS_PER_S;
constexpr uint32_t SECONDS = 10;

// splitmix64
struct Random {
	uint64_t state;

	uint64_t next() { return random_splitmix(&state); }
	uint32_t below(uint32_t n) { return uint32_t(next() % n); }
	double unit() { return double(next() >> 11) / 9007199254740992.0; }
	double log_uniform(double a, double b) { return a * std::exp(unit() * std::log(b / a)); }
	ration_cpuset some_of(ration_cpuset set)
	{
		ration_cpuset some;
		do
			some = next() & set;
		while (some == 0);
		return some;
	}
};

struct DrawnVcpu {
	ration_cpuset hard;
	ration_ns run_ns = 0, sleep_ns = 0;          // run_ns 0: a hog
};

struct DrawnDomain {
	ration_attr attr;
	bool blocks = false;
	std::vector<DrawnVcpu> vcpus;
};

struct Drawn {
	uint64_t seed;
	uint32_t cpu_count;
	bool pinned;
	std::vector<DrawnDomain> domains;

	Drawn(uint64_t the_seed, bool blockers) : seed(the_seed), random{the_seed * 7919}
	{
		random.next();
		cpu_count = 2 + random.below(15);
		uint32_t domain_count = 2 + random.below(31);
		pinned = random.next() & 1;
		caps = random.next() & 1;
		floors = random.next() & 1;
		for (uint32_t i = 0; i < domain_count; i++)
			domains.push_back(domain(blockers));
	}
	ration_cpuset all() const { return ration_cpuset_first_count(cpu_count); }
	uint32_t vcpu_count() const
	{
		uint32_t n = 0;
		for (const DrawnDomain &d : domains)
			n += uint32_t(d.vcpus.size());
		return n;
	}

private:
	Random random;
	bool caps, floors;
	double floor_sum = 0;

	DrawnDomain domain(bool blockers)
	{
		DrawnDomain d;
		uint32_t n = 1 + random.below(8);
		ration_attr_default(&d.attr);
		d.attr.weight = uint32_t(random.log_uniform(1, 65535.9));
		ration_cpuset hard = pinned && random.below(3) != 0 ? random.some_of(all()) : all();
		limit(d.attr, n, hard);
		d.blocks = blockers && (random.next() & 1) != 0;
		for (uint32_t i = 0; i < n; i++)
			d.vcpus.push_back(vcpu(hard, d.blocks));
		return d;
	}

	void limit(ration_attr &attr, uint32_t n, ration_cpuset hard)
	{
		uint32_t cap = 0;
		if (caps && random.below(3) == 0)
			cap = 1 + random.below(100 * std::min(n, cpu_count));
		attr.cap_ppm = cap * 10000;
		if (!floors || random.below(4) != 0 || hard != all())
			return;
		uint32_t floor = 1 + random.below(50);
		floor = std::min(floor, cap == 0 ? floor : cap);
		if (floor_sum + floor <= cpu_count * 70) {
			floor_sum += floor;
			attr.floor_ppm = floor * 10000;
		}
	}

	DrawnVcpu vcpu(ration_cpuset domain_hard, bool blocks)
	{
		DrawnVcpu v;
		v.hard = domain_hard;
		if (pinned && random.below(4) == 0) {
			v.hard &= random.next();
			v.hard = v.hard == 0 ? domain_hard : v.hard;
		}
		if (blocks) {
			v.run_ns = ration_ns(random.log_uniform(1, 20) * 1e6);
			v.sleep_ns = ration_ns(random.log_uniform(1, 20) * 1e6);
		}
		return v;
	}
};

// What each domain is owed, in CPUs; demands by vCPU.
struct Owed {
	oracle_status status;
	std::vector<double> cpus;

	Owed(const Drawn &m, const std::vector<double> &demand)
	{
		std::vector<oracle_vcpu> vcpus;
		std::vector<oracle_domain> domains;
		oracle_result result;
		size_t first = 0;
		for (const DrawnDomain &d : m.domains)
			for (const DrawnVcpu &v : d.vcpus)
				vcpus.push_back({v.hard, demand[vcpus.size()]});
		for (const DrawnDomain &d : m.domains) {
			domains.push_back({double(d.attr.weight), d.attr.cap_ppm / 1e6,
			                   d.attr.floor_ppm / 1e6, &vcpus[first],
			                   uint32_t(d.vcpus.size()), false});
			first += d.vcpus.size();
		}
		oracle_machine machine = {m.all(), domains.data(), uint32_t(domains.size())};
		status = oracle_solve(&machine, &result);
		for (size_t i = 0; i < domains.size() && status != ORACLE_FAILED; i++)
			cpus.push_back(result.share[i].entitled);
		oracle_result_free(&result);
	}
};

inline std::vector<double> demand_of(const Drawn &m)
{
	std::vector<double> demand;
	for (const DrawnDomain &d : m.domains)
		for (const DrawnVcpu &v : d.vcpus)
			demand.push_back(v.run_ns == 0 ? 1.0 :
			                 double(v.run_ns) / double(v.run_ns + v.sleep_ns));
	return demand;
}

// The machine, run.  All amounts in CPUs.
struct Run {
	bool refused = false;            // floors that do not fit
	std::vector<std::vector<double>> got;        // by second, by domain
	std::vector<double> used;        // by vCPU
	std::vector<double> beside;      // [n]: the part of time in which n blockers ran at once

	Run(const Drawn &m, ration_params params) : q(new quick)
	{
		EXPECT_TRUE(quick_open(q.get(), {m.cpu_count, uint32_t(m.domains.size()),
		                                 m.vcpu_count()}, params));
		for (const DrawnDomain &d : m.domains)
			if (!come(d)) {
				refused = true;
				break;
			}
		beside.assign(m.cpu_count + 1, 0);
		for (uint32_t s = 1; s <= SECONDS && !refused; s++)
			second(s);
		for (quick_vcpu *v : vcpus)
			used.push_back(double(quick_got(q.get(), v)) / double(SECONDS * S));
		quick_close(q.get());
	}
	double mean(size_t domain) const
	{
		double sum = 0;
		for (const std::vector<double> &s : got)
			sum += s[domain];
		return sum / SECONDS;
	}

private:
	std::unique_ptr<quick> q;
	std::vector<ration_dom *> doms;
	std::vector<quick_vcpu *> vcpus;
	std::vector<ration_ns> before;

	bool come(const DrawnDomain &d)
	{
		doms.push_back(quick_dom_add(q.get(), &d.attr));
		before.push_back(0);
		for (const DrawnVcpu &v : d.vcpus) {
			quick_vcpu *u = quick_vcpu_add(q.get(), doms.back(), v.hard, v.run_ns, v.sleep_ns);
			if (u == nullptr)
				return false;
			vcpus.push_back(u);
		}
		return true;
	}
	// How many blockers run, looked at so often that it aligns with nobody's period.
	void look(ration_ns until)
	{
		constexpr ration_ns STEP = 377 * RATION_NS_PER_US;
		for (ration_ns at = q->now + STEP; at < until; at += STEP) {
			uint32_t n = 0;
			quick_run(q.get(), at);
			for (uint32_t c = 0; c < q->cpu_count; c++)
				n += q->cpu[c].vcpu != nullptr &&
				     q->vcpu[ration_vcpu_slot_of(q->cpu[c].vcpu)].run_ns != 0;
			beside[n] += double(STEP) / double(SECONDS * drawn::S);
		}
	}
	void second(uint32_t s)
	{
		look(s * drawn::S);
		quick_run(q.get(), s * drawn::S);
		EXPECT_STREQ(nullptr, ration_check(q->r));
		got.emplace_back();
		for (size_t i = 0; i < doms.size(); i++) {
			ration_ns now = quick_dom_got(q.get(), doms[i]);
			got.back().push_back(double(now - before[i]) / double(drawn::S));
			before[i] = now;
		}
	}
};

// How far off the worst domain of each machine is, in per cent of a CPU.
struct Worst {
	const char *what;
	std::vector<std::pair<double, uint64_t>> of;         // with its seed

	void add(double error, uint64_t seed) { of.emplace_back(error, seed); }
	double quantile(double part)
	{
		std::sort(of.begin(), of.end());
		return of.empty() ? 0 : of[size_t(part * double(of.size() - 1))].first;
	}
	double max() { return quantile(1); }
	void print(double bar)
	{
		size_t over = 0;
		for (auto &e : of)
			over += e.first > bar;
		std::printf("  %-34s median %6.3f  p90 %6.3f  p99 %6.3f  max %7.3f  (bar %g: %zu of %zu "
		            "over; worst seeds", what, quantile(.5), quantile(.9), quantile(.99), max(),
		            bar, over, of.size());
		for (size_t i = 0; i < 5 && i < of.size(); i++)
			std::printf(" %d", int(of[of.size() - 1 - i].second));
		std::printf(")\n");
	}
};

inline bool whole() { return std::getenv("RATION_PROVE") != nullptr; }

// Calls each(seed) for the seeds that are asked for.
template <typename Each> void for_each_seed(uint64_t few, uint64_t all, Each each)
{
	const char *one = std::getenv("SEED");
	uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
	uint64_t last = one != nullptr ? first : whole() ? all : few;
	for (uint64_t seed = first; seed <= last; seed++)
		each(seed);
}

inline void print_domains(const Drawn &m, const Run &run, const Owed &owed)
{
	if (std::getenv("SEED") == nullptr)
		return;
	std::printf("seed %d: %u CPUs%s\n", int(m.seed), m.cpu_count, m.pinned ? ", pinned" : "");
	for (size_t i = 0, v = 0; i < m.domains.size(); i++) {
		const DrawnDomain &d = m.domains[i];
		std::printf("  %2zu weight %5u cap %3u floor %2u owed %.4f got %.4f:", i, d.attr.weight,
		            d.attr.cap_ppm / 10000, d.attr.floor_ppm / 10000, owed.cpus[i], run.mean(i));
		for (const DrawnVcpu &u : d.vcpus)
			std::printf(" %llx=%.3f[%.1f+%.1f]", (unsigned long long)u.hard, run.used[v++],
			            double(u.run_ns) / 1e6, double(u.sleep_ns) / 1e6);
		std::printf("\n");
	}
}

}  // namespace drawn
#endif
