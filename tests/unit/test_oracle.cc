/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle against published vectors, against hand calculation, and over
 * random machines against a second oracle that knows no linear programming:
 * what the domains of a set can get together is a minimal cut, found by trying
 * all sets of CPUs; the shares are filled up to the tightest set of domains,
 * found by trying them all.  Of more domains than that allows it is tested
 * that the CPUs are used up and that nobody could have more.
 */
#include "oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr double EXACT = 1e-8;

struct Domain {
	double weight = 256;
	std::vector<oracle_vcpu> vcpu;
	double cap = 0, floor = 0;
	bool absent = false;
};

/* count vCPUs with that mask and demand */
Domain hogs(uint32_t count, double weight, ration_cpuset hard = RATION_CPUSET_ALL,
            double demand = 1)
{
	Domain d;

	d.weight = weight;
	d.vcpu.assign(count, oracle_vcpu{hard, demand});
	return d;
}
Domain with_cap(Domain d, double cap)
{
	d.cap = cap;
	return d;
}
Domain with_floor(Domain d, double floor)
{
	d.floor = floor;
	return d;
}

struct Machine {
	ration_cpuset online;
	std::vector<Domain> domain;
};

struct Answer {
	oracle_status status;
	double missing;
	uint32_t solves;
	std::vector<double> entitled, floor;
	std::vector<std::vector<double>> vcpu;
};

Answer solve(const Machine &m)
{
	std::vector<oracle_domain> domain;
	oracle_machine machine = {};
	oracle_result result;
	Answer answer;

	for (const Domain &d : m.domain)
		domain.push_back({d.weight, d.cap, d.floor, d.vcpu.data(),
		                  static_cast<uint32_t>(d.vcpu.size()), d.absent});
	machine = {m.online, domain.data(), static_cast<uint32_t>(domain.size())};
	answer.status = oracle_solve(&machine, &result);
	answer.missing = result.missing;
	answer.solves = result.solves;
	for (size_t i = 0; i < domain.size(); i++) {
		const oracle_share &share = result.share[i];

		answer.entitled.push_back(share.entitled);
		answer.floor.push_back(share.floor);
		answer.vcpu.emplace_back(share.vcpu, share.vcpu + m.domain[i].vcpu.size());
	}
	oracle_result_free(&result);
	return answer;
}

void expect_shares(const Machine &m, const std::vector<double> &shares,
                   oracle_status status = ORACLE_OK)
{
	Answer a = solve(m);

	EXPECT_EQ(a.status, status);
	ASSERT_EQ(a.entitled.size(), shares.size());
	for (size_t i = 0; i < shares.size(); i++)
		EXPECT_NEAR(a.entitled[i], shares[i], EXACT) << "domain " << i;
}

/* ---- Vectors ------------------------------------------------------------ */

TEST(oracle, water_filling)
{
	expect_shares({3, {hogs(1, 10), hogs(1, 1), hogs(1, 1)}}, {1, .5, .5});
	expect_shares({15, {hogs(1, 8), hogs(1, 1), hogs(1, 1), hogs(1, 1)}}, {1, 1, 1, 1});
	expect_shares({15, {hogs(2, 512), hogs(4, 256), hogs(1, 256)}}, {2, 1, 1});
	expect_shares({15, {with_cap(hogs(4, 256), 1.5), hogs(4, 256)}}, {1.5, 2.5});
	expect_shares({15, {with_floor(hogs(4, 1), 1), hogs(4, 200), hogs(4, 100)}}, {1, 2, 1});
}

TEST(oracle, weights_hold_under_pinning)
{
	expect_shares({15, {hogs(1, 512, 1), hogs(1, 256, 1)}}, {2 / 3., 1 / 3.});
	expect_shares({3, {hogs(1, 256, 1), hogs(1, 512, 1), hogs(1, 1024, 1)}},
	              {1 / 7., 2 / 7., 4 / 7.});
}

TEST(oracle, the_share_unit_is_the_domain)
{
	expect_shares({3, {hogs(4, 256), hogs(1, 256)}}, {1, 1});
	expect_shares({3, {hogs(8, 256), hogs(3, 256)}}, {1, 1});
}

TEST(oracle, who_is_pinned_away_leaves_more_to_others)
{
	/* a and b share CPU 0, c and b CPU 1: b takes what makes all equal */
	expect_shares({3, {hogs(1, 1, 1), hogs(2, 1, 3), hogs(1, 1, 2)}},
	              {2 / 3., 2 / 3., 2 / 3.});
	/* three on CPU 0; the one that may go elsewhere does */
	expect_shares({3, {hogs(1, 1, 1), hogs(1, 1, 1), hogs(1, 1, 3)}}, {.5, .5, 1});
	/* a bottleneck behind a bottleneck */
	expect_shares({7, {hogs(1, 1, 1), hogs(1, 1, 1), hogs(1, 1, 1), hogs(2, 1, 3), hogs(2, 1, 7)}},
	              {1 / 3., 1 / 3., 1 / 3., 1, 1});
}

TEST(oracle, demand_bounds_a_share)
{
	expect_shares({1, {hogs(1, 256, 1, .1), hogs(1, 256)}}, {.1, .9});
	expect_shares({3, {hogs(4, 256, 3, .125), hogs(4, 256)}}, {.5, 1.5});
	expect_shares({1, {hogs(1, 256, 1, 7.5), hogs(1, 256)}}, {.5, .5});
	expect_shares({1, {hogs(1, 256, 1, 0), hogs(1, 256)}}, {0, 1});
	expect_shares({15, {hogs(1, 256, 15, .25), hogs(1, 256)}}, {.25, 1});
}

TEST(oracle, who_is_not_there_is_owed_nothing)
{
	Machine m = {1, {hogs(1, 512), hogs(1, 256)}};

	m.domain[0].absent = true;
	m.domain[0].floor = 1;
	expect_shares(m, {0, 1});
	expect_shares({1, {hogs(1, 256, 2), hogs(1, 256)}}, {0, 1});   /* CPU 1 is off line */
	expect_shares({0, {hogs(1, 256)}}, {0});
	expect_shares({0, {}}, {});
	expect_shares({3, {}}, {});
}

TEST(oracle, floors_stand_above_weights)
{
	expect_shares({1, {with_floor(hogs(1, 1), .25), hogs(1, 1000), hogs(1, 2000)}},
	              {.25, .25, .5});
	/* no more than it can use */
	expect_shares({1, {with_floor(hogs(1, 1, 1, .1), .25), hogs(1, 900)}}, {.1, .9});
	/* a cap below the floor holds */
	expect_shares({1, {with_cap(with_floor(hogs(1, 900), .5), .25), hogs(1, 1)}}, {.25, .75});
	/* a floor below what the weight gives changes nothing */
	expect_shares({1, {with_floor(hogs(1, 300), .25), hogs(1, 100)}}, {.75, .25});
}

TEST(oracle, floors_that_lack_a_cpu_are_cut_where_it_lacks)
{
	Machine m = {3, {with_floor(hogs(1, 1, 1), .8), with_floor(hogs(1, 9, 1), .4),
	                 with_floor(hogs(1, 1, 2), .5), hogs(1, 1, 2)}};
	Answer a = solve(m);

	expect_shares(m, {2 / 3., 1 / 3., .5, .5}, ORACLE_FLOORS);
	EXPECT_NEAR(a.missing, .2, EXACT);
	EXPECT_NEAR(a.floor[0], 2 / 3., EXACT);
	EXPECT_NEAR(a.floor[1], 1 / 3., EXACT);
	EXPECT_NEAR(a.floor[2], .5, EXACT);
	EXPECT_NEAR(a.floor[3], 0, EXACT);
	/* just enough is enough */
	m.domain[0].floor = .6;
	expect_shares(m, {.6, .4, .5, .5});
	/* two vCPUs on one CPU use no more than it */
	expect_shares({3, {with_floor(hogs(2, 1, 1), 1.5)}}, {1}, ORACLE_FLOORS);
}

TEST(oracle, weights_of_all_sizes)
{
	expect_shares({1, {hogs(1, 1), hogs(1, 65535)}}, {1 / 65536., 65535 / 65536.});
	Machine m = {1, {hogs(1, 1)}};
	for (int i = 0; i < 31; i++)
		m.domain.push_back(hogs(1, 65535));
	Answer a = solve(m);
	EXPECT_NEAR(a.entitled[0] * (1 + 31 * 65535.), 1, 1e-6);
	/* a small one alone on its CPU is not held back by the great ones */
	expect_shares({7, {hogs(1, 1, 4), hogs(1, 65535, 3), hogs(2, 65535, 3)}}, {1, 1, 1});
	expect_shares({7, {hogs(8, 1, 7), hogs(1, 65535, 1), hogs(1, 65535, 2)}}, {1, 1, 1});
	expect_shares({3, {hogs(8, 1, 3), hogs(2, 65535, 3)}}, {2 / 65536., 2 - 2 / 65536.});
}

TEST(oracle, inside_of_a_domain_vcpus_are_equal_where_they_can)
{
	Answer a = solve({3, {hogs(4, 256), hogs(1, 256)}});
	for (double rate : a.vcpu[0])
		EXPECT_NEAR(rate, .25, EXACT);

	Domain d = hogs(3, 768);          /* one is pinned beside another domain */
	d.vcpu[0].hard = 1;
	d.vcpu[2].demand = .1;
	a = solve({3, {d, hogs(1, 256, 1)}});
	EXPECT_NEAR(a.entitled[0], 1.5, EXACT);
	EXPECT_NEAR(a.entitled[1], .5, EXACT);
	EXPECT_NEAR(a.vcpu[0][0], .5, EXACT);
	EXPECT_NEAR(a.vcpu[0][1], .9, EXACT);
	EXPECT_NEAR(a.vcpu[0][2], .1, EXACT);

	d = with_cap(hogs(3, 256), 1.2);
	d.vcpu[1].demand = .2;
	a = solve({7, {d}});
	EXPECT_NEAR(a.vcpu[0][0], .5, EXACT);
	EXPECT_NEAR(a.vcpu[0][1], .2, EXACT);
	EXPECT_NEAR(a.vcpu[0][2], .5, EXACT);
}

TEST(oracle, equal_domains_count_as_one)
{
	Machine m = {RATION_CPUSET_ALL, {}};
	for (int i = 0; i < 2000; i++)
		m.domain.push_back(hogs(8, 256, i % 2 == 0 ? 0xffff : RATION_CPUSET_ALL));
	Answer a = solve(m);
	EXPECT_LE(a.solves, 4u);
	for (size_t i = 0; i < a.entitled.size(); i++)
		EXPECT_NEAR(a.entitled[i], (i % 2 == 0 ? 16 : 48) / 1000., EXACT);
}

/* ---- The second oracle --------------------------------------------------- */

/* What the domains can have together, domain i no more than most[i]: the least
 * that a set of CPUs gives together with what may run elsewhere. */
double least_cut(const Machine &m, const std::vector<double> &most, unsigned cpus)
{
	double least = 1e9;

	for (unsigned cut = 0; cut < 1u << cpus; cut++) {
		double sum = ration_cpuset_count(cut & m.online);

		for (size_t i = 0; i < m.domain.size(); i++) {
			double through = 0;

			if (most[i] <= 0)
				continue;
			for (const oracle_vcpu &v : m.domain[i].vcpu)
				if ((v.hard & m.online & ~static_cast<ration_cpuset>(cut)) != 0)
					through += std::min(1.0, v.demand);
			sum += std::min(most[i], through);
		}
		least = std::min(least, sum);
	}
	return least;
}

/* What the domains of a set can have together, the others nothing. */
double rank(const Machine &m, unsigned set, unsigned cpus)
{
	std::vector<double> most(m.domain.size());

	for (size_t i = 0; i < most.size(); i++)
		if ((set >> i & 1) != 0 && !m.domain[i].absent)
			most[i] = m.domain[i].cap > 0 ? m.domain[i].cap : 1e9;
	return least_cut(m, most, cpus);
}

/* Nobody could have more, even if all that have more by weight went down to its
 * level (or their floors). */
void expect_max_min(const Machine &m, const Answer &a, unsigned cpus)
{
	constexpr double MORE = 1e-5;

	for (size_t i = 0; i < m.domain.size(); i++) {
		double level = a.entitled[i] / m.domain[i].weight, sum = 0;
		std::vector<double> wanted = a.entitled;

		if (m.domain[i].absent || (m.domain[i].cap > 0 && a.entitled[i] > m.domain[i].cap - MORE))
			continue;
		wanted[i] += MORE;
		for (size_t k = 0; k < wanted.size(); k++) {
			if (k != i)
				wanted[k] = std::min(wanted[k],
				                     std::max(a.floor[k], m.domain[k].weight * level));
			sum += wanted[k];
		}
		EXPECT_LT(least_cut(m, wanted, cpus), sum - MORE / 2)
		    << "domain " << i << " could have more";
	}
}

/* The level at which the set's domains have `limit` together: bisection knows
 * nothing of slopes. */
template <class Sum> double level_of(Sum sum, double limit)
{
	double low = 0, high = 1e7;

	if (sum(high) <= limit)
		return high;
	for (int i = 0; i < 200; i++) {
		double middle = (low + high) / 2;

		(sum(middle) <= limit ? low : high) = middle;
	}
	return low;
}

/* Progressive filling over all sets; empty where the floors do not fit. */
std::vector<double> second_oracle(const Machine &m, unsigned cpus)
{
	const size_t n = m.domain.size();
	std::vector<double> ranks(1u << n), floor(n), fixed(n, -1);
	double most = 0;

	for (unsigned set = 0; set < 1u << n; set++)
		ranks[set] = rank(m, set, cpus);
	for (const Domain &d : m.domain)
		most = std::max(most, d.weight);
	for (size_t i = 0; i < n; i++)
		floor[i] = std::min(m.domain[i].floor, ranks[1u << i]);
	for (unsigned set = 0; set < 1u << n; set++) {
		double sum = 0;

		for (size_t i = 0; i < n; i++)
			sum += (set >> i & 1) != 0 ? floor[i] : 0;
		if (sum > ranks[set] + 1e-9)
			return {};
	}
	while (std::count(fixed.begin(), fixed.end(), -1.0) != 0) {
		auto at = [&](size_t i, double level) {
			return fixed[i] >= 0 ? fixed[i]
			                     : std::max(floor[i], m.domain[i].weight / most * level);
		};
		double level = 1e9;
		std::vector<double> levels(1u << n, 1e9);

		for (unsigned set = 1; set < 1u << n; set++) {
			bool any = false;

			for (size_t i = 0; i < n; i++)
				any |= (set >> i & 1) != 0 && fixed[i] < 0;
			if (!any)
				continue;
			levels[set] = level_of([&](double l) {
				double sum = 0;
				for (size_t i = 0; i < n; i++)
					sum += (set >> i & 1) != 0 ? at(i, l) : 0;
				return sum - 1e-12;
			}, ranks[set]);
			level = std::min(level, levels[set]);
		}
		std::vector<double> now = fixed;
		for (unsigned set = 1; set < 1u << n; set++)
			for (size_t i = 0; i < n && levels[set] <= level + 1e-9; i++)
				if ((set >> i & 1) != 0 && fixed[i] < 0)
					now[i] = at(i, level);
		fixed = now;
	}
	return fixed;
}

Machine random_machine(std::mt19937_64 &random, unsigned cpus, unsigned domains, unsigned vcpus)
{
	auto draw = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
	Machine m = {ration_cpuset_first_count(cpus), {}};
	unsigned floors = draw(8) == 0 ? 1 : 5;

	for (unsigned i = 0; i < 1 + draw(domains); i++) {
		Domain d = hogs(1 + draw(vcpus), std::exp2(draw(2) != 0 ? draw(160) / 10.0 : draw(3)));

		d.weight = std::min(65535.0, std::floor(d.weight));
		if (draw(3) == 0)
			d.cap = (1 + draw(static_cast<unsigned>(d.vcpu.size()) * 20)) / 20.0;
		if (draw(floors) == 0)
			d.floor = draw(10) / 20.0;
		if (draw(10) == 0)
			d.absent = true;
		ration_cpuset pin = draw(2) != 0 ? 1 + random() % m.online : m.online;
		for (oracle_vcpu &v : d.vcpu) {
			v.hard = draw(4) == 0 ? 1 + random() % m.online : pin;
			v.demand = draw(3) == 0 ? draw(11) / 10.0 : 1;
		}
		m.domain.push_back(d);
	}
	if (draw(8) == 0)
		m.online &= ~static_cast<ration_cpuset>(1);
	return m;
}

/* Can the vCPUs have these rates at once?  By Hall's condition. */
bool is_feasible(const Machine &m, const std::vector<std::vector<double>> &rate, unsigned cpus)
{
	for (unsigned set = 0; set < 1u << cpus; set++) {
		double sum = 0;

		for (size_t i = 0; i < rate.size(); i++)
			for (size_t v = 0; v < rate[i].size(); v++)
				if (ration_cpuset_within(m.domain[i].vcpu[v].hard & m.online, set))
					sum += rate[i][v];
		if (sum > ration_cpuset_count(set & m.online) + 1e-7)
			return false;
	}
	return true;
}

/* No vCPU can have more at the cost of one of its siblings that has more. */
void expect_fair_inside(const Machine &m, const Answer &a, unsigned cpus)
{
	for (size_t i = 0; i < a.vcpu.size(); i++)
		for (size_t v = 0; v < a.vcpu[i].size(); v++)
			for (size_t w = 0; w < a.vcpu[i].size(); w++) {
				std::vector<std::vector<double>> moved = a.vcpu;

				if (a.vcpu[i][v] > a.vcpu[i][w] - 1e-5 ||
				    a.vcpu[i][v] > std::min(1.0, m.domain[i].vcpu[v].demand) - 1e-5)
					continue;
				moved[i][v] += 4e-6;
				moved[i][w] -= 4e-6;
				EXPECT_FALSE(is_feasible(m, moved, cpus))
				    << "domain " << i << ": vCPU " << v << " from " << w;
			}
}

/* RATION_PROVE: as many as it takes to be sure. */
unsigned many(unsigned few, unsigned all)
{
	return std::getenv("RATION_PROVE") != nullptr ? all : few;
}

TEST(oracle, agrees_with_the_second_one_on_random_machines)
{
	unsigned refused = 0;

	for (unsigned seed = 1; seed <= many(400, 5000); seed++) {
		std::mt19937_64 random(seed);
		unsigned cpus = 1 + static_cast<unsigned>(random() % 5);
		Machine m = random_machine(random, cpus, 6, 4);
		std::vector<double> expected = second_oracle(m, cpus);
		Answer a = solve(m);

		SCOPED_TRACE("seed " + std::to_string(seed));
		ASSERT_EQ(a.status, expected.empty() ? ORACLE_FLOORS : ORACLE_OK);
		refused += expected.empty();
		for (size_t i = 0; i < expected.size(); i++)
			ASSERT_NEAR(a.entitled[i], expected[i], 1e-7) << "domain " << i;
		for (size_t i = 0; i < a.vcpu.size(); i++) {
			double sum = 0;

			for (double rate : a.vcpu[i])
				sum += rate;
			ASSERT_NEAR(sum, a.entitled[i], EXACT);
		}
		ASSERT_TRUE(is_feasible(m, a.vcpu, cpus));
		expect_fair_inside(m, a, cpus);
		if (HasFailure())
			break;
	}
	EXPECT_GT(refused, 0u) << "no machine with too much of floors was drawn";
}

TEST(oracle, large_random_machines_are_fair_and_full)
{
	for (unsigned seed = 1; seed <= many(60, 10000); seed++) {
		std::mt19937_64 random(seed);
		unsigned cpus = 2 + static_cast<unsigned>(random() % 15);
		Machine m = random_machine(random, cpus, 32, 8);
		Answer a = solve(m);
		double sum = 0;

		SCOPED_TRACE("seed " + std::to_string(seed));
		ASSERT_NE(a.status, ORACLE_FAILED);
		for (size_t i = 0; i < a.entitled.size(); i++) {
			const Domain &d = m.domain[i];

			ASSERT_LE(a.entitled[i], (d.cap > 0 ? d.cap : 1e9) + EXACT);
			ASSERT_GE(a.entitled[i], a.floor[i] - EXACT);
			sum += a.entitled[i];
		}
		if (cpus <= 8) {
			ASSERT_TRUE(is_feasible(m, a.vcpu, cpus));
			unsigned all = static_cast<unsigned>((1ull << m.domain.size()) - 1);

			expect_max_min(m, a, cpus);
			ASSERT_FALSE(HasFailure());
			ASSERT_NEAR(sum, rank(m, all, cpus), 1e-7) << "a CPU stands idle";
		}
	}
}

} // namespace
