// SPDX-License-Identifier: BSD-2-Clause
//
// credit against the oracle, on machines drawn from a seed: 2-16 CPUs, 2-32 domains
// of 1-8 vCPUs, weights log-uniform 1..65535, caps, floors, pins; ten seconds each.
//
// SEED=n runs that one alone and prints it; RATION_PROVE=1 runs all 1,000, for each
// tslice.  With RATION_CHARTS=DIR what each domain got goes to DIR/shares.dat.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "oracle.h"
#include "quick_machine.h"
#include "random.h"

namespace {

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

std::vector<double> demand_of(const Drawn &m)
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
			beside[n] += double(STEP) / double(SECONDS * ::S);
		}
	}
	void second(uint32_t s)
	{
		look(s * ::S);
		quick_run(q.get(), s * ::S);
		EXPECT_STREQ(nullptr, ration_check(q->r));
		got.emplace_back();
		for (size_t i = 0; i < doms.size(); i++) {
			ration_ns now = quick_dom_got(q.get(), doms[i]);
			got.back().push_back(double(now - before[i]) / double(::S));
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

bool whole() { return std::getenv("RATION_PROVE") != nullptr; }

// With the default rate limit; and with one of a tenth of a slice.
ration_params params_of(ration_ns tslice_ns)
{
	return {tslice_ns, std::min<ration_ns>(tslice_ns, MS)};
}
constexpr ration_params FINE = {MS, MS / 10};

// Calls each(seed) for the seeds that are asked for.
template <typename Each> void for_each_seed(uint64_t few, uint64_t all, Each each)
{
	const char *one = std::getenv("SEED");
	uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
	uint64_t last = one != nullptr ? first : whole() ? all : few;
	for (uint64_t seed = first; seed <= last; seed++)
		each(seed);
}

void print_domains(const Drawn &m, const Run &run, const Owed &owed)
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

// ---- Hogs ------------------------------------------------------------------

struct Hogs {
	Worst whole_run = {"10 s", {}};
	Worst unpinned = {"1 s windows, unpinned", {}}, pinned = {"1 s windows, pinned", {}};
	Worst first = {"the first second", {}};
	uint32_t refused = 0, unknown = 0;
};

void judge(Hogs &h, const Drawn &m, const Run &run, const Owed &owed)
{
	double mean = 0, window = 0, first = 0;
	for (size_t i = 0; i < m.domains.size(); i++) {
		mean = std::max(mean, std::fabs(run.mean(i) - owed.cpus[i]));
		first = std::max(first, std::fabs(run.got[0][i] - owed.cpus[i]));
		for (uint32_t s = 1; s < SECONDS; s++)
			window = std::max(window, std::fabs(run.got[s][i] - owed.cpus[i]));
	}
	h.whole_run.add(mean * 100, m.seed);
	h.first.add(first * 100, m.seed);
	(m.pinned ? h.pinned : h.unpinned).add(window * 100, m.seed);
}

// Points for a chart with logarithmic axes; those that would fall together once.
class Chart {
public:
	explicit Chart(ration_params params)
	{
		const char *dir = std::getenv("RATION_CHARTS");
		if (dir == nullptr || params.ratelimit_ns != FINE.ratelimit_ns)
			return;
		file = std::fopen((std::string(dir) + "/shares.dat").c_str(), "w");
		EXPECT_NE(nullptr, file) << dir;
	}
	~Chart()
	{
		if (file != nullptr)
			std::fclose(file);
	}
	Chart(const Chart &) = delete;
	void add(double entitled, double got, bool pinned)
	{
		if (file != nullptr && drawn.insert({cell(entitled), cell(got), pinned}).second)
			std::fprintf(file, "%.6f %.6f %d\n", entitled, got, pinned);
	}

private:
	FILE *file = nullptr;
	std::set<std::tuple<int, int, bool>> drawn;

	static int cell(double x) { return int(std::lround(std::log10(std::max(x, 1e-9)) * 30)); }
};

Hogs hogs(ration_params params, uint64_t all)
{
	Hogs h;
	Chart chart(params);
	for_each_seed(60, all, [&](uint64_t seed) {
		Drawn m(seed, false);
		Run run(m, params);
		if (run.refused) {
			h.refused++;
			return;
		}
		Owed owed(m, demand_of(m));
		if (owed.status != ORACLE_OK) {
			std::printf("  seed %d: no answer from the oracle\n", int(seed));
			h.unknown++;
			return;
		}
		print_domains(m, run, owed);
		judge(h, m, run, owed);
		for (size_t i = 0; i < m.domains.size(); i++)
			chart.add(owed.cpus[i], run.mean(i), m.pinned);
	});
	std::printf("tslice %g ms, ratelimit %g ms, %zu machines with hogs (%u refused), worst domain "
	            "of each, %% of a CPU:\n", double(params.tslice_ns) / MS,
	            double(params.ratelimit_ns) / MS, h.whole_run.of.size(), h.refused);
	h.whole_run.print(1);
	h.unpinned.print(1);
	h.pinned.print(4);
	h.first.print(4);
	return h;
}

// The bars are 1 % of a CPU over 10 s, and in windows 1 % unpinned and 4 % pinned, with the
// median within 0.1 %.  Where a machine is beyond them so far (five of 1,000, and two windows),
// what is asserted is that it does not get worse, and that few are.
TEST(credit_machines, hogs_get_what_they_are_owed)
{
	Hogs h = hogs(FINE, 1000);
	EXPECT_EQ(0u, h.unknown);
	EXPECT_LE(h.whole_run.quantile(.5), 0.1);
	EXPECT_LE(h.whole_run.quantile(.994), 1);
	EXPECT_LE(h.unpinned.quantile(.99), 1);
	EXPECT_LE(h.whole_run.max(), whole() ? 2.6 : 1);
	EXPECT_LE(h.unpinned.max(), 1.1);
	EXPECT_LE(h.pinned.max(), 4);
}

// A rate limit as long as the slice: who must move at once waits for it each time.
TEST(credit_machines, hogs_with_a_rate_limit_of_a_slice)
{
	Hogs h = hogs(params_of(MS), 1000);
	EXPECT_LE(h.whole_run.quantile(.5), 0.1);
	EXPECT_LE(h.whole_run.quantile(.99), 1);
	EXPECT_LE(h.unpinned.quantile(.99), 1);
	EXPECT_LE(h.pinned.quantile(.97), 4);
	EXPECT_LE(h.whole_run.max(), whole() ? 3 : 1);
	EXPECT_LE(h.unpinned.max(), whole() ? 2 : 1.2);
	EXPECT_LE(h.pinned.max(), whole() ? 10 : 4);
}

// Machines that were far off once.  A capped domain whose vCPUs' pins overlap others' in
// part (453, 993, 314); floors beside vCPUs that are owed whole CPUs (112, 858), and others
// that are owed all of theirs together (138); a CPU that idles unless a vCPU makes room by
// moving there (846: in its first seconds).
void expect_as_owed(uint64_t seed, double within)
{
	Drawn m(seed, false);
	Run run(m, params_of(MS));
	Owed owed(m, demand_of(m));
	for (size_t i = 0; i < m.domains.size(); i++)
		EXPECT_NEAR(owed.cpus[i], run.mean(i), within) << "seed " << seed << " domain " << i;
}

TEST(credit_machines, those_that_were_far_off_once)
{
	for (uint64_t seed : {453, 993, 314, 112, 858, 138})
		expect_as_owed(seed, .012);
	expect_as_owed(846, .025);
}

// The longer the slices, the coarser: what is reached is printed.
TEST(credit_machines, hogs_with_longer_slices)
{
	if (!whole())
		GTEST_SKIP() << "RATION_PROVE=1 runs it";
	Hogs middle = hogs(params_of(5 * MS), 1000), longest = hogs(params_of(30 * MS), 1000);
	EXPECT_LE(middle.whole_run.quantile(.5), 0.2);
	EXPECT_LE(middle.whole_run.quantile(.95), 1.5);
	EXPECT_LE(longest.whole_run.quantile(.5), 1);
	EXPECT_LE(longest.whole_run.quantile(.95), 5);
}

// ---- Blockers --------------------------------------------------------------

struct Blockers {
	Worst blockers = {"blockers, below what they are owed", {}};     // for each of its vCPUs
	Worst hogs = {"hogs, off what they are owed", {}};
	Worst free_blockers = {"  without pins: blockers", {}}, free_hogs = {"  without pins: hogs", {}};
	Worst possible = {"  without pins: hogs, below theory", {}};
	uint32_t unknown = 0;
};

// How far hogs are below what any schedule could give them beside blockers that ran when
// they did.  While n of these run, of c CPUs, hogs with k vCPUs use at most min(k, c - n):
// the oracle knows means only.  Without pins; of all sets of domains, those that are owed
// most by each vCPU are the ones that this binds.
double below_theory(const Drawn &m, const Run &run, const Owed &given)
{
	std::vector<size_t> hogs;
	double owed = 0, got = 0, below = 0;
	uint32_t vcpus = 0;
	for (size_t i = 0; i < m.domains.size(); i++)
		if (!m.domains[i].blocks)
			hogs.push_back(i);
	auto each = [&](size_t i) { return given.cpus[i] / double(m.domains[i].vcpus.size()); };
	std::sort(hogs.begin(), hogs.end(), [&](size_t a, size_t b) { return each(a) > each(b); });
	for (size_t i : hogs) {
		double most = 0;
		owed += given.cpus[i];
		got += run.mean(i);
		vcpus += uint32_t(m.domains[i].vcpus.size());
		for (uint32_t n = 0; n < m.cpu_count; n++)
			most += run.beside[n] * std::min(vcpus, m.cpu_count - n);
		below = std::max(below, std::min(owed, most) - got);
	}
	return below;
}

void judge_blockers(Blockers &b, const Drawn &m, const Run &run, const Owed &owed,
                    const Owed &given)
{
	double below = 0, off = 0;
	for (size_t i = 0; i < m.domains.size(); i++) {
		const DrawnDomain &d = m.domains[i];
		if (d.blocks)
			below = std::max(below, (owed.cpus[i] - run.mean(i)) / double(d.vcpus.size()));
		else
			off = std::max(off, std::fabs(run.mean(i) - given.cpus[i]));
	}
	b.blockers.add(below * 100, m.seed);
	b.hogs.add(off * 100, m.seed);
	if (m.pinned)
		return;
	b.free_blockers.add(below * 100, m.seed);
	b.free_hogs.add(off * 100, m.seed);
	b.possible.add(below_theory(m, run, given) * 100, m.seed);
}

// Hogs are owed what is left, given what the blockers did use.
std::vector<double> demand_given(const Drawn &m, const Run &run)
{
	std::vector<double> demand = run.used;
	size_t v = 0;
	for (const DrawnDomain &d : m.domains)
		for (size_t i = 0; i < d.vcpus.size(); i++, v++)
			demand[v] = d.blocks ? demand[v] : 1;
	return demand;
}

Blockers blockers(ration_params params)
{
	Blockers b;
	for_each_seed(60, 1000, [&](uint64_t seed) {
		Drawn m(seed, true);
		Run run(m, params);
		if (run.refused)
			return;
		Owed owed(m, demand_of(m)), given(m, demand_given(m, run));
		if (owed.status != ORACLE_OK || given.status == ORACLE_FAILED) {
			std::printf("  seed %d: no answer from the oracle\n", int(seed));
			b.unknown++;
			return;
		}
		print_domains(m, run, owed);
		judge_blockers(b, m, run, owed, given);
	});
	std::printf("tslice %g ms, ratelimit %g ms, %zu machines with blockers among hogs, worst domain "
	            "of each, %% of a CPU:\n", double(params.tslice_ns) / MS, double(params.ratelimit_ns) / MS,
	            b.hogs.of.size());
	b.blockers.print(2);
	b.hogs.print(2);
	b.free_blockers.print(2);
	b.free_hogs.print(2);
	b.possible.print(2);
	return b;
}

// The bars are 2 % of a CPU: for each vCPU of a blocker below, for a hog off what it is owed.
// What stands between: a vCPU that wakes may wait for the rate limit, each time, which one
// that runs for 1 ms and sleeps for 1 feels most.  And a hog that is owed nearly a whole CPU
// cannot make up for the times when many of the blockers are awake at once: what is left at
// other times goes to the lighter ones.
TEST(credit_machines, blockers_get_what_they_are_owed)
{
	Blockers b = blockers({MS, 0});
	EXPECT_EQ(0u, b.unknown);
	EXPECT_LE(b.blockers.quantile(.5), 0.1);
	EXPECT_LE(b.blockers.quantile(.9), 3);
	EXPECT_LE(b.blockers.max(), 12);
	EXPECT_LE(b.hogs.quantile(.5), .5);
	EXPECT_LE(b.free_blockers.max(), whole() ? 5 : 2);
	EXPECT_LE(b.free_hogs.quantile(.9), 2);
	EXPECT_LE(b.possible.quantile(.5), .2);
	EXPECT_LE(b.possible.quantile(.9), 3);
}

// Machines that were far off once: where those of a domain that want little came first, what
// they leave was counted twice (20); who runs for longer than from look to look was taken to
// want more than it does (43), and with each sleep got further ahead of all others (436).
void expect_blockers_as_owed(uint64_t seed, double within)
{
	Drawn m(seed, true);
	Run run(m, {MS, 0});
	Owed owed(m, demand_of(m)), given(m, demand_given(m, run));
	Blockers b;
	judge_blockers(b, m, run, owed, given);
	EXPECT_LE(b.blockers.max(), within) << "seed " << seed;
	EXPECT_LE(b.hogs.max(), within) << "seed " << seed;
}

TEST(credit_machines, blockers_that_were_far_off_once)
{
	expect_blockers_as_owed(20, .1);
	expect_blockers_as_owed(43, .6);
	expect_blockers_as_owed(436, 1);
}

TEST(credit_machines, blockers_under_the_rate_limit)
{
	if (!whole())
		GTEST_SKIP() << "RATION_PROVE=1 runs it";
	Blockers b = blockers({MS, MS});
	EXPECT_EQ(0u, b.unknown);
	EXPECT_LE(b.blockers.quantile(.5), 1);
	EXPECT_LE(b.blockers.max(), 15);
	EXPECT_LE(b.hogs.quantile(.5), 1);
}

TEST(credit_machines, blockers_with_the_default_slice)
{
	Blockers b = blockers({30 * MS, MS});
	EXPECT_EQ(0u, b.unknown);
	EXPECT_LE(b.blockers.quantile(.5), 2);
	EXPECT_LE(b.blockers.max(), 30);
	EXPECT_LE(b.hogs.quantile(.5), 2);
}

}  // namespace
