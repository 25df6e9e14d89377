/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sedf under random load: an admitted set misses no deadline, whatever those
 * without one do, and whatever comes, changes and goes beside it.
 *
 * Each seed makes a machine and its vCPUs.  After every event ration_check()
 * runs, and so do the test's own rules (see Load::rules()).
 */
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "random.h"
#include "ration_rr.h"
#include "schedule_sedf.h"

using namespace schedule;

namespace {

struct Random {
	uint64_t state;

	uint64_t next() { return random_splitmix(&state); }
	uint64_t below(uint64_t n)
	{
		return next() % n;
	}
	bool one_in(uint64_t n)
	{
		return below(n) == 0;
	}
};

enum Kind {
	JOBS,          /* releases of at least a period, each needs at most a slice */
	HOG,           /* never blocks: overruns its slice for ever */
	LOOP           /* best effort: runs and sleeps at random */
};

struct Guest {
	Kind kind;
	int v;
	ration_attr attr;
	ration_cpuset hard;
	ration_ns release = 0;       /* next release, or end of sleep */
	ration_ns deadline = 0;      /* of the present job */
	ration_ns done_at_ran = 0;   /* its run time when the present job is done */
	bool active = false;         /* there is one */
	ration_ns woke = 0;
	uint64_t jobs = 0;
};

class Load {
public:
	Load(uint64_t seed, uint32_t cpu_count)
	    : random{seed}, cpus(cpu_count), t(&ration_sedf, cpu_count)
	{
	}

	std::string cpulist(bool single)
	{
		if (single)
			return std::to_string(random.below(cpus));
		std::string list;
		for (uint32_t c = 0; c < cpus; c++)
			if (random.one_in(2))
				list += (list.empty() ? "" : ",") + std::to_string(c);
		return list.empty() ? "all" : list;
	}

	/* A vCPU of that kind, if it is admitted. */
	bool add(Kind kind, const ration_attr &attr, const std::string &list)
	{
		Guest g = {};

		g.kind = kind;
		g.attr = attr;
		g.hard = cpus_of(list, cpus);
		g.v = t.add(std::to_string(guest.size()), attr, list);
		if (g.v < 0)
			return false;
		g.release = t.now + random.below(20000000);
		guest.push_back(g);
		return true;
	}

	ration_attr server()
	{
		ration_attr a = promise(10, 1, random.one_in(2));

		a.period_ns = (random.below(40) + 1) * (random.one_in(2) ? 500000 : 333333);
		a.slice_ns = std::max<uint64_t>(5000, a.period_ns * (random.below(60) + 1) / 100);
		a.weight = static_cast<uint32_t>(random.below(1000) + 1);
		return a;
	}

	/* What would have been admitted instead, if it is a slice. */
	bool fit(ration_attr &a)
	{
		a.slice_ns = t.why.fit_ppm * a.period_ns / 1000000;
		return a.slice_ns >= 5000;
	}

	/* Servers until no more fit, the last ones filling what is left. */
	void fill(bool single)
	{
		for (int refused = 0; refused < 4;) {
			ration_attr a = server();
			Kind kind = random.one_in(3) ? HOG : JOBS;
			std::string list = cpulist(single);

			if (add(kind, a, list))
				continue;
			refused++;
			EXPECT_EQ(t.why.reason, RATION_REFUSED_DEADLINE);
			EXPECT_GT(t.why.missing_ppm, 0u);
			/* What is said to fit does, and fills the CPU to a millionth. */
			EXPECT_TRUE(!fit(a) || add(kind, a, list)) << t.why.fit_ppm;
		}
	}

	void step(ration_ns end);
	void run(ration_ns end)
	{
		while (t.now < end && !::testing::Test::HasFailure())
			step(end);
		for (Guest &g : guest)
			finish(g);
	}

	Random random;
	uint32_t cpus;
	Table t;
	std::vector<Guest> guest;
	bool work_conserving = true;
	bool roam = false;               /* those that are disturbed are not pinned to one CPU */
	bool steady = false;             /* jobs come every period, and need a whole slice */
	void disturb(size_t first, bool changes);
	void crowd(uint64_t seed);

private:
	void event(const Event &e)
	{
		ASSERT_EQ(t.happen(e), "") << e.text << "\n" << t.dump();
	}
	bool runs(const Guest &g) const
	{
		for (ration_cpu c = 0; c < cpus; c++)
			if (t.who(c) == g.v)
				return true;
		return false;
	}
	ration_ns due(const Guest &g) const;
	void complete(Guest &g);
	void release(Guest &g);
	void rules();
	void finish(const Guest &g);
};

/* When something happens to it of its own, as things stand. */
ration_ns Load::due(const Guest &g) const
{
	if (g.kind != HOG && g.active && runs(g))
		return std::min(g.kind == JOBS ? g.release : NEVER,
		                t.now + (g.done_at_ran - t.ran_ns(g.v)));
	return g.active && g.kind != JOBS ? NEVER : g.release;
}

void Load::complete(Guest &g)
{
	g.active = false;
	g.jobs++;
	if (g.kind == JOBS)
		EXPECT_LE(t.now, g.deadline) << "job " << g.jobs << " of " << g.v << "\n" << t.dump();
	else
		g.release = t.now + random.below(3000000);
	event(BLOCK(g.v));
}

void Load::release(Guest &g)
{
	ration_ns period = g.attr.period_ns;

	EXPECT_FALSE(g.active) << "job " << g.jobs + 1 << " of " << g.v << " is late\n" << t.dump();
	g.active = true;
	g.woke = t.now;
	if (g.kind == JOBS) {
		g.deadline = t.now + period;
		g.release = t.now + period +
		            (!steady && random.one_in(4) ? random.below(period) : 0);
		g.done_at_ran = t.ran_ns(g.v) +
		                (!steady && random.one_in(3) ?
		                 random.below(g.attr.slice_ns) + 1 : g.attr.slice_ns);
	} else {
		g.done_at_ran = t.ran_ns(g.v) + random.below(2000000) + 1;
	}
	event(WAKE(g.v));
}

void Load::step(ration_ns end)
{
	ration_ns next = std::min(end, t.next_timer());

	for (const Guest &g : guest)
		next = std::min(next, due(g));
	ASSERT_EQ(t.advance(next, false), "") << t.dump();
	for (Guest &g : guest)
		if (g.kind != HOG && g.active && runs(g) && t.ran_ns(g.v) >= g.done_at_ran)
			complete(g);
	ASSERT_EQ(t.advance(next, true), "") << t.dump();
	for (Guest &g : guest)
		if ((!g.active || g.kind == JOBS) && g.release == t.now)
			release(g);
	rules();
}

/* No CPU idles while a vCPU waits that may use it; nobody waits for its budget
 * longer than for its deadline. */
void Load::rules()
{
	if (!work_conserving)
		return;
	for (const Guest &g : guest) {
		ration_vcpu_info info;

		ration_vcpu_info_get(t.slot[static_cast<size_t>(g.v)].vcpu, &info);
		if (info.state != RATION_STATE_WAITING)
			continue;
		if (!g.attr.extratime && g.attr.slice_ns != 0)
			continue;
		for (ration_cpu c = 0; c < cpus; c++)
			if (t.who(c) == IDLE && ration_cpuset_has(g.hard, c))
				FAIL() << "cpu " << c << " idles, " << g.v << " waits\n" << t.dump();
	}
}

/* A server that never blocked has had its slice in every period. */
void Load::finish(const Guest &g)
{
	uint64_t periods;

	if (g.kind != HOG || !g.active || g.attr.slice_ns == 0)
		return;
	periods = (t.now - g.woke) / g.attr.period_ns;
	EXPECT_GE(t.ran_ns(g.v), periods * g.attr.slice_ns) << g.v << "\n" << t.dump();
	EXPECT_TRUE(g.attr.extratime || t.ran_ns(g.v) <= (periods + 1) * g.attr.slice_ns) << g.v;
}

/* Something happens to one of the guests from `first` on, which are hogs. */
void Load::disturb(size_t first, bool changes)
{
	Guest &g = guest[first + random.below(guest.size() - first)];
	ration_attr attr = random.one_in(4) ? best_effort() : server();
	std::string list = cpulist(!roam);
	int status;

	switch (random.below(changes ? 7 : 2)) {
	case 0:
		for (ration_cpu c = 0; c < cpus; c++)
			if (t.who(c) == g.v)
				event(changes && random.one_in(2) ? YIELD(g.v) : BLOCK(g.v));
		break;
	case 1:
		event(WAKE(g.v));
		break;
	case 2:
	case 3:
		status = SET(g.v, attr).act(t);
		if (status == RATION_E_CAPACITY && fit(attr))
			status = SET(g.v, attr).act(t);
		if (status == RATION_OK)
			g.attr = attr;
		break;
	case 4:
		status = PIN(g.v, list).act(t);
		if (status == RATION_OK)
			g.hard = cpus_of(list, cpus);
		break;
	case 5:
		event(PAUSE(g.v));
		event(LEAVE(g.v));
		g.v = t.add("new", attr, list);
		if (g.v < 0 && fit(attr))
			g.v = t.add("new", attr, list);
		if (g.v < 0)
			g.v = t.add("new", list);
		event(WAKE(g.v));
		break;
	default:
		event(PAUSE(g.v));
		event(RESUME(g.v));
		break;
	}
	event(NOTHING());
}

uint64_t seeds(uint64_t sample, uint64_t proof)
{
	return std::getenv("RATION_PROVE") != nullptr ? proof : sample;
}

TEST(SedfRandom, AdmittedMeansNoMiss)
{
	uint64_t jobs = 0;

	for (uint64_t seed = 1; seed <= seeds(60, 3000) && !HasFailure(); seed++) {
		SCOPED_TRACE("seed " + std::to_string(seed));
		Load load(seed, static_cast<uint32_t>(seed % 4 + 1));

		load.fill(seed % 3 == 0);
		for (uint64_t i = load.random.below(5); i > 0; i--) {
			bool hog = load.random.one_in(2);

			load.add(hog ? HOG : LOOP,
			         best_effort(static_cast<uint32_t>(load.random.below(65535) + 1)),
			         load.cpulist(false));
		}
		load.run(ms_ns(300));
		for (const Guest &g : load.guest)
			jobs += g.kind == JOBS ? g.jobs : 0;
	}
	EXPECT_GT(jobs, 10000u);
}

/* One quiet server on each CPU, of long periods; hogs take all the rest. */
void Load::crowd(uint64_t seed)
{
	steady = true;
	for (uint32_t c = 0; c < cpus; c++)
		add(JOBS, promise(30, 10 + static_cast<double>(seed % 7)), std::to_string(c));
	for (uint32_t i = 0; i < 3 * cpus; i++) {
		ration_attr a = server();
		std::string list = cpulist(!roam);

		if (!add(HOG, a, list) && fit(a))
			add(HOG, a, list);
	}
	add(HOG, best_effort(), cpulist(true));
	for (size_t i = cpus; i < guest.size(); i++)
		guest[i].release = 0;
}

/* Some servers are left alone and miss nothing, while hogs that fill their CPUs
 * are disturbed at random instants.  The first ones are pinned, so that no placement
 * moves them; the hogs too, or they roam, and are split. */
void disturb_all(bool changes, bool roam, uint64_t seed_count, uint64_t jobs_min)
{
	uint64_t jobs = 0;

	for (uint64_t seed = 1; seed <= seed_count && !::testing::Test::HasFailure(); seed++) {
		SCOPED_TRACE("seed " + std::to_string(seed));
		Load load(seed, static_cast<uint32_t>(seed % 2 + 1) * (roam ? 2 : 1));

		load.roam = roam;
		load.work_conserving = false;
		load.crowd(seed);
		while (load.t.now < ms_ns(200) && !::testing::Test::HasFailure()) {
			ration_ns until = load.t.now + load.random.below(2000000);

			while (load.t.now < until && !::testing::Test::HasFailure())
				load.step(until);
			load.disturb(load.cpus, changes);
		}
		for (size_t i = 0; i < load.cpus; i++)
			jobs += load.guest[i].jobs;
	}
	EXPECT_GT(jobs, jobs_min);
}

TEST(SedfRandom, WakesHurtNobodyElse)
{
	disturb_all(false, false, seeds(150, 5000), 1000);
}

TEST(SedfRandom, ChangesHurtNobodyElse)
{
	disturb_all(true, false, seeds(150, 5000), 1000);
}

TEST(SedfRandom, ChangesOfWhatRoamsHurtNobodyElse)
{
	disturb_all(true, true, seeds(60, 3000), 1000);
}

/* Do these slices of a 10 ms period fit, largest first, on the first (or fullest)
 * CPU with room? */
bool packs(std::vector<int> slices, uint32_t cpus, bool fullest)
{
	std::vector<int> used(cpus, 0);

	std::sort(slices.rbegin(), slices.rend());
	for (int slice : slices) {
		int best = -1;

		for (uint32_t c = 0; c < cpus; c++)
			if (used[c] + slice <= 10000 &&
			    (best < 0 || (fullest && used[c] > used[static_cast<size_t>(best)])))
				best = static_cast<int>(c);
		if (best < 0)
			return false;
		used[static_cast<size_t>(best)] += slice;
	}
	return true;
}

/* What first fit or best fit decreasing can place is admitted, at once too. */
TEST(SedfRandom, WhatPacksIsPlaced)
{
	int tight = 0;

	for (uint64_t seed = 1; seed <= 2000; seed++) {
		Random random{seed};
		uint32_t cpus = static_cast<uint32_t>(random.below(6) + 1);
		Table t(&ration_rr, cpus, {&ration_sedf});
		std::vector<int> slices;
		int sum = 0;

		while (sum < static_cast<int>(cpus) * 9500) {
			int slice = static_cast<int>(random.below(6000) + 500);

			if (sum + slice > static_cast<int>(cpus) * 10000)
				continue;
			sum += slice;
			slices.push_back(slice);
			t.add("A", promise(10, slice / 1000.0));
		}
		bool fits = packs(slices, cpus, false) || packs(slices, cpus, true);
		int status = POLICY(&ration_sedf).act(t);

		tight += fits;
		EXPECT_TRUE(!fits || status == RATION_OK) << "seed " << seed;
		EXPECT_EQ(ration_check(t.r), nullptr);
	}
	EXPECT_GT(tight, 200);
}

} /* namespace */
