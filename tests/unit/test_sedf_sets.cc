/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sedf against the literature's random sets: what is admitted, and that what is
 * admitted misses no deadline.  Samples; all of it with RATION_PROVE=1.
 */
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "deadline_host.h"

using namespace deadline;

namespace {

constexpr ration_ns MS = RATION_NS_PER_MS, US = RATION_NS_PER_US;

bool whole()
{
	return std::getenv("RATION_PROVE") != nullptr;
}

struct Point {
	int admitted = 0, sets = 0;
	uint64_t jobs = 0;
};

/* Strictly periodic from one instant; from instants of their own; or late at times. */
void phase(Random &random, Task &t, int kind)
{
	t.offset = kind == 0 ? 0 : random.below(t.period);
	t.jitter = kind == 2 ? t.period / 4 : 0;
}

void expect_no_miss(Host &host)
{
	EXPECT_EQ(ration_check(host.r), nullptr);
	EXPECT_EQ(host.misses(), 0u);
	for (const Host::Guest &g : host.guest)
		EXPECT_EQ(g.late_max, 0u) << "period " << g.task.period << " slice " << g.task.slice
		                          << (g.task.extratime ? ", extratime" : "");
}

/* Sets of that many CPUs' worth; each that is admitted runs for `horizon`. */
Point point(uint32_t cpus, double load, double mean, int sets, ration_ns horizon, Host::Costs costs)
{
	ration_ns overhead = costs.overhead();
	double total = load * cpus;
	size_t n = static_cast<size_t>(total / mean + 0.5);
	Point p;

	for (p.sets = 0; p.sets < sets && !::testing::Test::HasFailure(); p.sets++) {
		Random random(cpus * 1000003 + static_cast<uint64_t>(p.sets) * 101 +
		              static_cast<uint64_t>(mean * 1000));
		Host host(cpus, costs);
		bool ok = true;

		SCOPED_TRACE(std::to_string(cpus) + " CPUs, load " + std::to_string(load) + ", mean " +
		             std::to_string(mean) + ", set " + std::to_string(p.sets));
		for (Task &t : draw(random, n, total, 10 * MS, 100 * MS, overhead)) {
			phase(random, t, p.sets % 3);
			ok = ok && host.add(t) >= 0;
		}
		if (!ok)
			continue;
		p.admitted++;
		host.run(horizon);
		expect_no_miss(host);
		p.jobs += host.jobs();
	}
	std::printf("%2u CPUs, mean %.2f, load %.2f: %3d of %3d admitted, %llu jobs\n", cpus, mean,
	            load, p.admitted, p.sets, static_cast<unsigned long long>(p.jobs));
	return p;
}

/* 2 to 20 tasks with periods of 1 to 100 ms that sum to 1 at most, after the charge:
 * all are admitted, and none misses in 100 of the longest periods. */
TEST(SedfSets, OneCpu)
{
	const Host::Costs costs = {2 * US, 1 * US, 1 * US};
	uint64_t jobs = 0;
	double loads = 0;

	for (int i = 0; i < (whole() ? 10000 : 60) && !HasFailure(); i++) {
		Random random(static_cast<uint64_t>(i) + 7);
		Host::Costs price = i % 2 == 0 ? Host::Costs{} : costs;
		ration_ns overhead = price.overhead();
		size_t n = 2 + random.below(19);
		double total = i % 3 == 0 ? 0.5 + random.unit() / 2 : 1, sum = 2;
		std::vector<Task> tasks;

		SCOPED_TRACE("set " + std::to_string(i));
		while (sum > 1) {                /* where a slice was below 5 us */
			tasks = draw(random, n, total, MS, 100 * MS, overhead);
			sum = 0;
			for (const Task &t : tasks)
				sum += static_cast<double>(t.slice + overhead) / static_cast<double>(t.period);
		}
		loads += sum;
		Host host(1, price, 0, 32);
		for (Task &t : tasks) {
			phase(random, t, i % 5 % 3);
			ASSERT_GE(host.add(t), 0) << "missing " << host.why.missing_ppm;
		}
		host.run((whole() ? 100 : 20) * 100 * MS);
		expect_no_miss(host);
		jobs += host.jobs();
	}
	std::printf("%llu jobs, load %.4f on average\n", static_cast<unsigned long long>(jobs),
	            loads / (whole() ? 10000 : 60));
}

/* At 0.95 of the machine at least 95 % are admitted, at 0.90 at least 99 %. */
TEST(SedfSets, ManyCpus)
{
	int sets = whole() ? 300 : 8;

	for (uint32_t cpus : {4, 8, 16})
		for (double mean : {0.1, 0.2, 0.4, 0.6, 0.75}) {
			Point full = point(cpus, 0.95, mean, sets, whole() ? 2000 * MS : 500 * MS, {});
			Point most = point(cpus, 0.90, mean, sets, 500 * MS, {});

			EXPECT_GE(full.admitted * 100, full.sets * 95);
			EXPECT_GE(most.admitted * 100, most.sets * 99);
		}
}

/* The same where switches, interrupts and timers cost: charged, they hurt nobody. */
TEST(SedfSets, ManyCpusWithCosts)
{
	int sets = whole() ? 100 : 6;

	for (uint32_t cpus : {4, 16})
		for (double mean : {0.1, 0.4, 0.75}) {
			Point p = point(cpus, 0.95, mean, sets, 500 * MS, {2 * US, 1 * US, 1 * US});

			EXPECT_GE(p.admitted * 100, (p.sets - (whole() ? 0 : 1)) * 95);
		}
}

/* Hogs that never stop, and those that sleep and wake at any instant, on the same
 * CPUs and in windows beside them: they cost nobody else a deadline. */
TEST(SedfSets, OthersDoAsTheyLike)
{
	uint64_t jobs = 0;

	for (uint64_t i = 0; i < (whole() ? 3000 : 60) && !HasFailure(); i++) {
		Random random(i + 77);
		uint32_t cpus = static_cast<uint32_t>(1 + random.below(6));
		double total = (0.85 + random.unit() / 10) * cpus, mean = 0.1 + random.unit() * 0.6;
		size_t n = std::max<size_t>(cpus + 1, static_cast<size_t>(total / mean + 0.5));
		Host::Costs costs = i % 3 == 0 ? Host::Costs{2 * US, 1 * US, 1 * US} : Host::Costs{};
		Host host(cpus, costs, i % 4 == 0 ? 20000 : 0, 512, i);

		SCOPED_TRACE("set " + std::to_string(i));
		for (Task &t : draw(random, n, total, 5 * MS, 60 * MS, costs.overhead())) {
			phase(random, t, static_cast<int>(random.below(3)));
			t.extratime = random.below(4) == 0;
			switch (random.below(3)) {
			case 0: t.need = 0; break;
			case 1: t.nap = 1 + random.below(2 * t.period); break;
			default: break;
			}
			/* A shorter first period has a shorter slice: no place for a whole job. */
			t.latency = t.need == t.slice && t.nap == 0 ? 0 : t.period / (1 + random.below(5));
			(void)host.add(t);
		}
		for (uint64_t hogs = random.below(4); hogs > 0; hogs--)
			(void)host.add({100 * MS, 0, 0});
		host.run(600 * MS);
		expect_no_miss(host);
		jobs += host.jobs();
	}
	EXPECT_GT(jobs, 3000u);
}

/* ---- Slack ------------------------------------------------------------------- */

/* What is set aside is there in every second, whatever the deadlines do, also where
 * their periods are longer than that. */
TEST(SedfSlackShare, ReserveInEverySecond)
{
	for (int i = 0; i < (whole() ? 60 : 6); i++) {
		Random random(static_cast<uint64_t>(i) + 3);
		uint32_t cpus = static_cast<uint32_t>(1 + random.below(4));
		uint32_t reserve = static_cast<uint32_t>(20000 + random.below(300000));
		Host host(cpus, {}, reserve, 128);
		std::vector<ration_ns> before(8, 0);

		SCOPED_TRACE("machine " + std::to_string(i));
		for (int hogs = 0; hogs < 8; hogs++)
			ASSERT_GE(host.add({100 * MS, 0, 0}), 0);
		for (int tries = 0; tries < 40; tries++) {
			Task t = {};

			t.period = random.log_uniform(MS, 10000 * MS);
			t.slice = std::max<ration_ns>(5 * US, t.period / (1 + random.below(20)));
			t.need = random.below(2) == 0 ? 0 : t.slice;
			if (host.add(t) < 0 && host.why.fit_ppm >= 6000) {
				t.slice = std::max<ration_ns>(5 * US, host.why.fit_ppm * t.period / 1000000);
				t.need = t.need == 0 ? 0 : t.slice;
				EXPECT_GE(host.add(t), 0) << "it was said to fit";
			}
		}
		for (int second = 1; second <= 10; second++) {
			ration_ns got = 0;

			host.run(static_cast<ration_ns>(second) * 1000 * MS);
			for (size_t g = 0; g < 8; g++) {
				got += host.ran(g) - before[g];
				before[g] = host.ran(g);
			}
			EXPECT_GE(static_cast<double>(got) / 1e9, (reserve / 1e6 - 0.01) * cpus);
		}
		expect_no_miss(host);
	}
}

/* By weight, at most one CPU each, what deadlines leave: water-filling. */
std::vector<double> water_fill(const std::vector<double> &weight, const std::vector<double> &most,
                               double total)
{
	double low = 0, high = 1e9;

	for (int i = 0; i < 200; i++) {
		double level = (low + high) / 2, sum = 0;

		for (size_t k = 0; k < weight.size(); k++)
			sum += std::min(most[k], level * weight[k]);
		(sum < total ? low : high) = level;
	}
	std::vector<double> share;
	for (size_t k = 0; k < weight.size(); k++)
		share.push_back(std::min(most[k], low * weight[k]));
	return share;
}

/* Whoever has extratime runs for ever: its slice, and its part of slack. */
TEST(SedfSlackShare, ByWeightWithinOnePercent)
{
	double worst = 0;

	for (int i = 0; i < (whole() ? 200 : 12); i++) {
		Random random(static_cast<uint64_t>(i) + 11);
		uint32_t cpus = static_cast<uint32_t>(1 + random.below(4));
		Host host(cpus, {}, 0, 128);
		std::vector<double> weight, most, promised;
		double left = cpus;

		SCOPED_TRACE("machine " + std::to_string(i));
		for (int k = 0; k < 8; k++) {
			bool extra = k >= 6;
			Task t = {20 * MS, extra ? 2 * MS : 0, 0};

			t.extratime = true;
			t.weight = static_cast<uint32_t>(64 + random.below(1024));
			ASSERT_GE(host.add(t), 0);
			weight.push_back(t.weight);
			promised.push_back(extra ? 0.1 : 0);
			most.push_back(1 - promised.back());
			left -= promised.back();
		}
		for (const Task &t : draw(random, 3 * cpus, 0.4 * cpus, 10 * MS, 100 * MS)) {
			ASSERT_GE(host.add(t), 0);
			left -= static_cast<double>(t.need) / static_cast<double>(t.period);
		}
		host.run(10000 * MS);
		expect_no_miss(host);
		std::vector<double> share = water_fill(weight, most, left);
		for (size_t k = 0; k < 8; k++) {
			double off = static_cast<double>(host.ran(k)) / 1e10 - promised[k] - share[k];

			worst = std::max(worst, std::abs(off));
			EXPECT_LE(std::abs(off), 0.01) << "domain " << k << " of weight " << weight[k];
		}
	}
	std::printf("the worst is %.3f %% of a CPU off\n", 100 * worst);
}

/* ---- The curve ---------------------------------------------------------------- */

/* Do the shares fit on that many CPUs, largest first, on the first with room, or
 * on the fullest? */
bool packs(const std::vector<Task> &tasks, uint32_t cpus, bool fullest)
{
	std::vector<double> share, used(cpus, 0);

	for (const Task &t : tasks)
		share.push_back(static_cast<double>(t.slice) / static_cast<double>(t.period));
	std::sort(share.rbegin(), share.rend());
	for (double s : share) {
		size_t best = cpus;

		for (size_t c = 0; c < cpus; c++)
			if (used[c] + s <= 1 && (best == cpus || (fullest && used[c] > used[best])))
				best = c;
		if (best == cpus)
			return false;
		used[best] += s;
	}
	return true;
}

/* Global EDF, all released at once: does it keep every deadline for that long?  Of
 * sets that fail at other times it knows nothing: it looks better than it is. */
bool runs_globally(const std::vector<Task> &tasks, uint32_t cpus, ration_ns horizon)
{
	struct Job {
		ration_ns left = 0, due = 0, next = 0;
	};
	std::vector<Job> job(tasks.size());
	std::vector<size_t> order;

	for (ration_ns now = 0; now < horizon;) {
		ration_ns step = horizon - now;

		order.clear();
		for (size_t i = 0; i < tasks.size(); i++) {
			if (job[i].next == now) {
				if (job[i].left != 0)
					return false;
				job[i] = {tasks[i].need, now + tasks[i].period, now + tasks[i].period};
			}
			step = std::min(step, job[i].next - now);
			if (job[i].left != 0)
				order.push_back(i);
		}
		std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
			return job[a].due != job[b].due ? job[a].due < job[b].due : a < b;
		});
		order.resize(std::min<size_t>(order.size(), cpus));
		for (size_t i : order)
			step = std::min(step, job[i].left);
		for (size_t i : order)
			job[i].left -= step;
		now += step;
	}
	return true;
}

struct Shares {
	int sedf = 0, partitioned = 0, global = 0;
};

Shares curve_point(uint32_t cpus, double load, double mean, int sets)
{
	size_t n = static_cast<size_t>(load * cpus / mean + 0.5);
	Shares sum;

	for (int i = 0; i < sets; i++) {
		Random random(static_cast<uint64_t>(i) * 7919 + static_cast<uint64_t>(load * 1000));
		std::vector<Task> tasks = draw(random, n, load * cpus, 10 * MS, 100 * MS);
		bool packed = packs(tasks, cpus, false) || packs(tasks, cpus, true), admitted = true;
		Host host(cpus, {});

		for (const Task &t : tasks)
			admitted = admitted && host.add(t) >= 0;
		EXPECT_TRUE(admitted || !packed) << "load " << load << ", mean " << mean << ", set " << i;
		sum.sedf += admitted;
		sum.partitioned += packed;
		sum.global += runs_globally(tasks, cpus, 500 * MS);
	}
	return sum;
}

/* What packs is admitted, and more.  With RATION_CHARTS: the data of the chart. */
TEST(SedfSets, SchedulabilityCurve)
{
	const char *folder = std::getenv("RATION_CHARTS");
	const uint32_t cpus = 8;
	int sets = whole() ? 300 : 10;

	for (double mean : {0.2, 0.4, 0.75}) {
		std::FILE *out = nullptr;

		if (folder != nullptr)
			out = std::fopen((std::string(folder) + "/edf" +
			                  std::to_string(static_cast<int>(mean * 100)) + ".dat").c_str(), "w");
		for (int load = 50; load <= 100; load += whole() ? 1 : 10) {
			Shares s = curve_point(cpus, std::min(load / 100.0, 0.9999), mean, sets);
			double percent = 100.0 / sets;

			EXPECT_TRUE(load > 95 || s.sedf * 100 >= sets * 95) << "load " << load;
			if (out != nullptr)
				std::fprintf(out, "%d %.2f %.2f %.2f\n", load, s.sedf * percent,
				             s.partitioned * percent, s.global * percent);
		}
		if (out != nullptr)
			std::fclose(out);
	}
}

} /* namespace */
