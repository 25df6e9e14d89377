// SPDX-License-Identifier: BSD-2-Clause
//
// credit against the oracle: vCPUs that always want to run, on a thousand machines.  With
// RATION_CHARTS=DIR what each domain got goes to DIR/shares.dat.
#include <set>
#include <string>
#include <tuple>

#include "drawn_machine.h"

using namespace drawn;

namespace {

// With the default rate limit; and with one of a tenth of a slice.
ration_params params_of(ration_ns tslice_ns)
{
	return {tslice_ns, std::min<ration_ns>(tslice_ns, MS)};
}
constexpr ration_params FINE = {MS, MS / 10};

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

}  // namespace
