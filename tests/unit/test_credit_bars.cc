// SPDX-License-Identifier: BSD-2-Clause
//
// credit against published and promised figures: weights, caps, floors, delays, idle CPUs.
// Each test prints what was reached beside the bar; RATION_PROVE=1 runs the whole of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "quick_machine.h"
#include "random.h"
#include "simulation.h"

namespace {

constexpr ration_ns US = RATION_NS_PER_US, MS = RATION_NS_PER_MS, S = RATION_NS_PER_S;

bool whole() { return std::getenv("RATION_PROVE") != nullptr; }

ration_attr attr_of(uint32_t weight = RATION_WEIGHT_DEFAULT, uint32_t cap = 0, uint32_t floor = 0)
{
	ration_attr a;
	ration_attr_default(&a);
	a.weight = weight;
	a.cap_ppm = cap * 10000;
	a.floor_ppm = floor * 10000;
	return a;
}

// A machine whose domains are numbered as they come.
struct Machine {
	std::unique_ptr<quick> q{new quick};
	std::vector<ration_dom *> doms;
	const char *broken = nullptr;    // what ration_check() said first

	explicit Machine(uint32_t cpus, ration_ns tslice_ns = RATION_TSLICE_DEFAULT_NS,
	                 ration_ns ratelimit_ns = RATION_RATELIMIT_DEFAULT_NS)
	{
		EXPECT_TRUE(quick_open(q.get(), {cpus, 260, QUICK_VCPU_MAX}, {tslice_ns, ratelimit_ns}));
	}
	~Machine()
	{
		EXPECT_STREQ(nullptr, broken);
		quick_close(q.get());
	}
	Machine(const Machine &) = delete;

	// The first of its vCPUs.  run_ns 0: hogs.
	quick_vcpu *add(const ration_attr &attr, ration_cpuset hard = RATION_CPUSET_ALL,
	                uint32_t vcpus = 1, ration_ns run_ns = 0, ration_ns sleep_ns = 0)
	{
		quick_vcpu *first = nullptr;
		doms.push_back(quick_dom_add(q.get(), &attr));
		hard &= ration_cpuset_first_count(q->cpu_count);
		for (uint32_t i = 0; i < vcpus; i++) {
			quick_vcpu *v = quick_vcpu_add(q.get(), doms.back(), hard, run_ns, sleep_ns);
			EXPECT_NE(nullptr, v);
			first = first == nullptr ? v : first;
		}
		return first;
	}
	double got(size_t i) const { return double(quick_dom_got(q.get(), doms[i])); }

	// In per cent of a CPU, from `begin` on.
	std::vector<double> run(ration_ns ns)
	{
		std::vector<double> before, percent;
		for (size_t i = 0; i < doms.size(); i++)
			before.push_back(got(i));
		quick_run(q.get(), q->now + ns);
		broken = broken == nullptr ? ration_check(q->r) : broken;
		for (size_t i = 0; i < doms.size(); i++)
			percent.push_back((got(i) - before[i]) / double(ns) * 100);
		return percent;
	}
};

// The least and the most that a domain got in any second of that time, %.
struct Seconds {
	double least = 1e9, most = 0;

	Seconds(Machine &m, size_t domain, uint32_t seconds)
	{
		const uint32_t steps = 200;
		std::vector<double> got;
		for (uint32_t i = 0; i <= seconds * steps; i++) {
			got.push_back(m.got(domain));
			quick_run(m.q.get(), m.q->now + S / steps);
			if (i < steps)
				continue;
			double percent = (got[i] - got[i - steps]) / double(S) * 100;
			least = std::min(least, percent);
			most = std::max(most, percent);
		}
	}
};

void print(const char *what, double is, double bar)
{
	std::printf("  %-60s %8.3f  (bar %g)\n", what, is, bar);
}

void expect_near(const char *what, double is, double bar)
{
	print(what, is, bar);
	EXPECT_LE(is, bar) << what;
}

// Not always within the bar, but always within `bound`.
void expect_within(const char *what, double is, double bar, double bound)
{
	print(what, is, bar);
	EXPECT_LE(is, bound) << what;
}

double worst_of(const std::vector<double> &is, const std::vector<double> &due)
{
	double worst = 0;
	for (size_t i = 0; i < due.size(); i++)
		worst = std::max(worst, std::fabs(is[i] - due[i]));
	return worst;
}

// ---- Weights ---------------------------------------------------------------

// Xen's credit forgets weights where its vCPUs are pinned.
TEST(credit_bars, weights_512_and_256_on_one_cpu_of_four)
{
	Machine m(4);
	m.add(attr_of(512), 1);
	m.add(attr_of(256), 1);
	expect_near("512:256 pinned, 10 s, points", worst_of(m.run(10 * S), {200 / 3., 100 / 3.}), .5);
}

TEST(credit_bars, weights_256_512_and_1024_on_one_cpu_of_two)
{
	Machine m(2);
	for (uint32_t weight : {256, 512, 1024})
		m.add(attr_of(weight), 1);
	expect_near("256:512:1024 pinned, 10 s, points",
	            worst_of(m.run(10 * S), {100 / 7., 200 / 7., 400 / 7.}), .5);
}

TEST(credit_bars, domains_of_four_and_of_one_vcpu_on_two_cpus)
{
	Machine m(2);
	m.add(attr_of(), RATION_CPUSET_ALL, 4);
	m.add(attr_of());
	expect_near("4 vCPUs and 1 vCPU, 10 s, points", worst_of(m.run(10 * S), {100, 100}), .5);
}

// papers: B06.  Shares of eight hogs of weights 1..8, per cent of what is due.
TEST(credit_bars, weights_one_to_eight)
{
	const uint32_t seconds = 60;
	Machine m(1, 500 * US, 0);
	double window = 0, all = 0;
	for (uint32_t weight = 1; weight <= 8; weight++)
		m.add(attr_of(weight));
	for (uint32_t s = 0; s < seconds; s++) {
		std::vector<double> got = m.run(S);
		for (uint32_t i = 0; i < 8; i++) {
			double due = (i + 1) / 36. * 100;
			window = std::max(window, std::fabs(got[i] - due) / due * 100);
		}
	}
	for (uint32_t i = 0; i < 8; i++) {
		double due = (i + 1) / 36. * double(seconds * S);
		all = std::max(all, std::fabs(m.got(i) - due) / due * 100);
	}
	expect_near("weights 1..8, 1 s windows, % of what is due", window, 4);
	expect_near("weights 1..8, 60 s, % of what is due", all, .1);
}

// ---- Caps ------------------------------------------------------------------

struct CapError {
	double window = 0;               // the worst second but the first, points
	ration_ns gap_ns = 0;            // the longest without a run
};

// A hog under that cap, alone or against so many that its fair share is no less: hogs and,
// if there is room for it, one that sleeps and wakes.
CapError cap_error(uint32_t cap, bool contended, uint32_t seconds)
{
	CapError e;
	Machine m(1);
	quick_vcpu *v = m.add(attr_of(256, cap));
	for (uint32_t i = 1; contended && i < std::min(100 / cap, 8u); i++)
		m.add(attr_of(), 1, 1, i == 2 ? 1300 * US : 0, 2900 * US);
	m.run(S);
	v->wait_max_ns = 0;
	Seconds got(m, 0, seconds - 1);
	e.window = std::max(got.most - cap, cap - got.least);
	e.gap_ns = v->wait_max_ns;
	return e;
}

FILE *chart(const char *name)
{
	const char *dir = std::getenv("RATION_CHARTS");
	FILE *f = dir == nullptr ? nullptr : std::fopen((std::string(dir) + name).c_str(), "w");

	EXPECT_TRUE(dir == nullptr || f != nullptr) << dir;
	return f;
}

void caps(bool contended, double bar)
{
	const bool drawn = std::getenv("RATION_CHARTS") != nullptr;
	const uint32_t seconds = whole() ? 20 : 4, step = whole() || drawn ? 1 : 3;
	uint32_t worst_cap = 0, gap_cap = 0;
	CapError worst;
	FILE *f = chart(contended ? "/cap-contended.dat" : "/cap.dat");
	for (uint32_t cap = 1; cap <= (contended ? 50 : 100); cap += step) {
		CapError e = cap_error(cap, contended, seconds);
		if (f != nullptr)
			std::fprintf(f, "%u %.4f\n", cap, e.window);
		if (e.window > worst.window) {
			worst.window = e.window;
			worst_cap = cap;
		}
		if (e.gap_ns > worst.gap_ns) {
			worst.gap_ns = e.gap_ns;
			gap_cap = cap;
		}
	}
	if (f != nullptr)
		std::fclose(f);
	std::printf("  caps %s: worst at %u %%, longest gap at %u %%\n",
	            contended ? "contended" : "uncontended", worst_cap, gap_cap);
	expect_near("  1 s windows, points", worst.window, bar);
	expect_near("  longest gap, ms", double(worst.gap_ns) / 1e6, 2 * 10);
}

TEST(credit_bars, caps_of_a_hog_alone) { caps(false, .1); }
TEST(credit_bars, caps_of_a_hog_among_others) { caps(true, .6); }

// ---- Floors ----------------------------------------------------------------

// Beside dom0 on one CPU: domains with floors, fifteen hogs, and forty that wake all the time.
void floor_machine(Machine &m, uint32_t floors, bool storm)
{
	for (uint32_t i = 0; i < floors; i++)
		m.add(attr_of(256, 0, 10), 1, 1, 300 * US, 2 * MS + i * 77 * US);
	for (uint32_t i = 0; i < 15; i++)
		m.add(attr_of(), 1);
	for (uint32_t i = 0; storm && i < 40; i++)
		m.add(attr_of(), 1, 1, 20 * US + i * 7 * US, MS + i * 131 * US);
}

TEST(credit_bars, a_floor_of_dom0_under_overcommit)
{
	for (ration_ns tslice_ns : {1 * MS, 5 * MS, 30 * MS})
		for (bool storm : {false, true}) {
			const uint32_t seconds = whole() ? 60 : 5;
			Machine m(1, tslice_ns);
			m.add(attr_of(256, 0, 25));              // wants all that it can get
			floor_machine(m, 0, storm);
			double least = Seconds(m, 0, seconds).least;
			std::printf("  tslice %d ms, %s:\n", int(tslice_ns / MS),
			            storm ? "wake storm" : "16-fold overcommit");
			print("  least of a 1 s window under a floor of 25 %", least, 24.5);
			EXPECT_GE(least, 24.5);
		}
}

// dom0, with a floor of 25 %, runs and sleeps so long: how long does it wait when it wakes?
void wake_ups(ration_ns tslice_ns, uint32_t floors, ration_ns run_ns, ration_ns sleep_ns)
{
	const ration_ns switch_ns = 2 * US, ipi_ns = 1 * US, ratelimit_ns = MS;
	std::unique_ptr<histogram> wake(new histogram());
	Machine m(1, tslice_ns, ratelimit_ns);
	m.q->switch_ns = switch_ns;
	m.q->ipi_ns = ipi_ns;
	m.add(attr_of(256, 0, 25), 1, 1, run_ns, sleep_ns)->wake = wake.get();
	floor_machine(m, floors, true);
	quick_run(m.q.get(), (whole() ? 60 : 5) * S);
	// A quantile is the floor of its bucket, up to 6.25 % below.
	double max = double(wake->max) / 1e6;
	double p99 = std::min(double(histogram_quantile(wake.get(), 990000)) / 1e6 * 1.0625, max);
	std::printf("  tslice %d ms, %u other floors on the CPU, %u wake-ups of %u us:\n",
	            int(tslice_ns / MS), floors, unsigned(wake->count), unsigned(run_ns / US));
	// The bar counts one switch; one more can be under way, and the IPI.
	expect_near("  p99, ms", p99, 1.2);
	expect_within("  max, ms", max, double(ratelimit_ns + switch_ns) / 1e6 + .5 * floors,
	              double(ratelimit_ns + 2 * switch_ns + ipi_ns) / 1e6 + .5 * floors);
}

TEST(credit_bars, wake_ups_under_a_floor)
{
	for (ration_ns tslice_ns : {1 * MS, 5 * MS, 30 * MS})
		for (uint32_t floors : {0u, 1u, 3u}) {
			wake_ups(tslice_ns, floors, 200 * US, 1061 * US);
			// Bursts that fill the bucket of 10 ms' worth: far ahead of the others
			wake_ups(tslice_ns, floors, 2400 * US, 7570 * US);
		}
}

// ---- Delays ----------------------------------------------------------------

// papers: B01.  One CPU; seven burners; dom0 and the ping guest, 60 us on each of three hops.
const char ping_host[] = "host: {topology: \"pack:1 core:1 pu:1\", costs: typical}\n"
                         "domains:\n"
                         "  - {name: burn, count: 7, workload: {hog: {}}}\n";

struct Ping {
	double mean_ms, p99_ms, burners;     // burners: (most - least) / most, %
};

void burners_differ(const Simulation &run, Ping *p)
{
	double least = 1e9, most = 0;
	for (int i = 1; i <= 7; i++) {
		double used = run.used(("burn" + std::to_string(i)).c_str());
		least = std::min(least, used);
		most = std::max(most, used);
	}
	p->burners = (most - least) / most * 100;
}

std::string ping_policy(const char *ratelimit, int floor, int seconds)
{
	return "policy: {name: credit, ratelimit: " + std::string(ratelimit) + "}\n" +
	       "time: " + std::to_string(whole() ? 10 * seconds : seconds) + "s\n" +
	       "dom0: {vcpus: 1, floor: " + std::to_string(floor) + "}\n";
}

// At random times, 100 ms apart on average.
Ping ping(const char *ratelimit)
{
	Scenario s(ping_host +
	           std::string("  - {name: ping, workload: {server: {arrivals: \"uniform(1us..200ms)\", "
	                       "service: 60us, through_dom0: 120us}}}\n") +
	           ping_policy(ratelimit, 0, 60));
	Simulation run(s);
	const histogram &h = run["ping"].response_ns;
	Ping p = {double(h.sum) / double(h.count) / 1e6,
	          double(histogram_quantile(&h, 990000)) / 1e6, 0};
	burners_differ(run, &p);
	return p;
}

// Again 200 us after each reply.  Dom0 works a third of the time then, three times its
// share by weight: what it cannot have unless it is promised.
double flood(const char *ratelimit, int floor)
{
	Scenario s(ping_host +
	           std::string("  - {name: ping, workload: {loop: {run: 60us, block: 200us, "
	                       "through_dom0: 120us}}}\n") +
	           ping_policy(ratelimit, floor, 10));
	Simulation run(s);
	return double(run.result.sim_ns) / double(run["ping"].loops) / 1e6 - .2;
}

TEST(credit_bars, ping_among_seven_burners)
{
	Ping free = ping("0"), limited = ping("1ms");
	std::printf("  ping among seven burners (published: 3.5 to 162 ms):\n");
	expect_near("  rate limit 0: mean, ms", free.mean_ms, .5);
	expect_near("  rate limit 0: p99, ms", free.p99_ms, 1);
	expect_near("  rate limit 1 ms: mean, ms", limited.mean_ms, 3.5);
	expect_near("  burners differ by, %", std::max(free.burners, limited.burners), 1);
	print("  flood, rate limit 0: mean, ms", flood("0", 0), .5);
	print("  flood, rate limit 1 ms: mean, ms", flood("1ms", 0), 3.5);
	print("  flood, floor of 40 % for dom0, rate limit 0: mean, ms", flood("0", 40), .5);
}

// Among seven hogs: what it gets, %, that wants a quarter of the CPU in bursts of that length.
double blocks_often(ration_ns tslice_ns, ration_ns run_ns)
{
	Machine m(1, tslice_ns, 0);
	m.add(attr_of(), RATION_CPUSET_ALL, 1, run_ns, 3 * run_ns);
	for (int i = 0; i < 7; i++)
		m.add(attr_of());
	m.run(2 * S);
	return m.run(10 * S)[0];
}

TEST(credit_bars, who_blocks_often_gets_its_share)
{
	for (ration_ns tslice_ns : {1 * MS, 5 * MS, 30 * MS})
		for (ration_ns run_ns : {60 * US, 300 * US, 1 * MS, 5 * MS, 20 * MS}) {
			double got = blocks_often(tslice_ns, run_ns);
			std::printf("  tslice %2d ms, wants 25 %% in bursts of %5d us, owed 12.5 %%: %7.3f\n",
			            int(tslice_ns / MS), int(run_ns / US), got);
			EXPECT_GE(got, 12.5 - 2);
		}
}

// papers: B08, B09.  The longest time that a hog waits, of four on each of twelve CPUs.
double tableau(uint32_t cap, bool background_blocks)
{
	Machine m(12, 2500 * US);
	std::vector<quick_vcpu *> probes;
	uint64_t random = 1;
	for (uint32_t c = 0; c < 12; c++) {
		probes.push_back(m.add(attr_of(256, cap), 1ull << c));
		for (uint32_t i = 0; i < 3; i++) {
			ration_ns run_ns = 0, sleep_ns = 0;
			if (background_blocks) {         // 100 to 500 us each
				run_ns = 100 * US + random_splitmix(&random) % (400 * US);
				sleep_ns = 100 * US + random_splitmix(&random) % (400 * US);
			}
			m.add(attr_of(256, cap), 1ull << c, 1, run_ns, sleep_ns);
		}
	}
	m.run((whole() ? 60 : 5) * S);
	ration_ns longest = 0;
	for (quick_vcpu *v : probes)
		longest = std::max(longest, v->wait_max_ns);
	return double(longest) / 1e6;
}

TEST(credit_bars, forty_eight_machines_on_twelve_cpus)
{
	std::printf("  longest delay of a hog (published: 5 to 220 ms):\n");
	expect_near("  uncapped, CPU-bound neighbours, ms", tableau(0, false), 10);
	// Four slices of 2.5 ms, and a wake-up can come between: 10 ms is within reach, not sure.
	expect_within("  uncapped, neighbours that block, ms", tableau(0, true), 10, 12.5);
	expect_near("  cap 25 %, CPU-bound neighbours, ms", tableau(25, false), 19.3);
	expect_near("  cap 25 %, neighbours that block, ms", tableau(25, true), 19.3);
}

// ---- Idle CPUs -------------------------------------------------------------

// papers: B13.  64 CPUs in 8 nodes; domains of one node, of two, of all; CPUs come and go.
void conserve(uint64_t seed, ration_ns ipi_ns, ration_ns switch_ns, ration_ns *longest)
{
	Machine m(64);
	uint64_t random = seed;
	auto below = [&](uint64_t n) { return random_splitmix(&random) % n; };
	ration_cpuset off = 0;
	m.q->ipi_ns = ipi_ns;
	m.q->switch_ns = switch_ns;
	m.q->watch = true;
	for (int i = 0; i < 24; i++) {
		ration_cpuset node = 0xFFull << 8 * below(8), other = 0xFFull << 8 * below(8);
		ration_cpuset hard = below(3) == 0 ? RATION_CPUSET_ALL : below(2) ? node : node | other;
		bool blocks = below(2) != 0;
		m.add(attr_of(1 + uint32_t(below(1024)), below(5) == 0 ? 40 : 0), hard,
		      1 + uint32_t(below(8)), blocks ? 50 * US + below(5 * MS) : 0,
		      50 * US + below(5 * MS));
	}
	for (int i = 0; i < 40; i++) {
		m.run(below(20 * MS));
		ration_cpu c = ration_cpu(below(64));
		if (ration_cpuset_has(off, c))
			off &= ration_cpu_up(m.q->r, c, m.q->now, &m.q->fx) == RATION_OK ? ~(1ull << c) : ~0ull;
		else if (ration_cpu_down(m.q->r, c, true, m.q->now, &m.q->fx, nullptr) == RATION_OK)
			off |= 1ull << c;
		quick_take(m.q.get());
	}
	*longest = std::max(*longest, m.q->episode_max_ns);
}

TEST(credit_bars, no_cpu_idles_while_one_waits_that_may_run_there)
{
	const ration_ns ipi_ns = 1 * US, switch_ns = 2 * US;
	ration_ns free = 0, longest = 0;
	for (uint64_t seed = 1; seed <= (whole() ? 100 : 4); seed++) {
		conserve(seed, 0, 0, &free);
		conserve(seed, ipi_ns, switch_ns, &longest);
	}
	expect_near("without costs: longest episode, us", double(free) / 1e3, 0);
	// A kick can come while a context is saved, which is followed by that of another CPU.
	expect_within("IPI 1 us, switch 2 us: longest episode, us", double(longest) / 1e3, 3, 5);
}

}  // namespace
