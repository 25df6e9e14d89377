/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock_model.cc - how long 64 CPUs wait for the one lock of an instance, by how
 * long it is held: a machine that is not at hand, simulated.
 *
 * Each CPU gets wake-ups at random (exponential times between them) and ends
 * its slice when nothing else happened for that long.  A wake-up takes the
 * lock once for the wake, and after 1 us, when the kick is there, twice as a
 * slice's end does: to decide and, 1 us later, when the context is saved, to
 * say so.  The lock is given in the order of asking, and held for the same
 * time each time.  A CPU that waits does nothing else.
 *
 * THE CHECK.  Requests at random to one server with a fixed service time D are
 * the queue M/D/1: the mean wait is D rho / (2 (1 - rho)) (Pollaczek and
 * Khinchine), its distribution Erlang's.  Of 64 CPUs that never wait for
 * themselves, the other 63 make the queue.  With requests that come one by one
 * the simulation has to agree with that, where the lock is used up to half of
 * the time, within 3 %; exits with 1 if not.  Beside the machine's own rows the
 * closed form stands for comparison: a switch's requests come in threes.
 *
 *      lock_model [POLICY NS]...       holds that were measured
 */
#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <queue>
#include <string>
#include <vector>

#include "random.h"
#include "table.h"

namespace {

constexpr unsigned CPUS = 64;
constexpr double US = 1e3, MS = 1e6, S = 1e9, DELAY_NS = 1 * US;
constexpr int REQUESTS = 400000;
constexpr double CHECK_TOLERANCE = 0.03;

struct Load {
	double slice_ns, wakes;         /* a second and CPU */
	bool is_single;                 /* every event takes the lock once (the check) */
};

struct Waits {
	double rate;                    /* requests a second, all CPUs */
	double used;                    /* part of the time that the lock is held */
	double mean_ns, p99_ns;
};

/* One CPU: requests of the lock that are still to come of the present event. */
struct Cpu {
	uint64_t random;
	int left;
};

struct Request {
	double time_ns;
	unsigned cpu;

	bool operator<(const Request &b) const { return time_ns > b.time_ns; }
};

double exponential(uint64_t *random, double mean_ns)
{
	return -std::log((static_cast<double>(random_splitmix(random) >> 11) + 1) * 0x1p-53) * mean_ns;
}

/* How long after its last request c asks again. */
double think(Cpu *c, const Load &load)
{
	if (c->left > 0) {
		c->left--;
		return DELAY_NS;
	}
	const double wake_ns = exponential(&c->random, S / load.wakes);
	if (load.is_single)
		return wake_ns;
	c->left = wake_ns < load.slice_ns ? 2 : 1;
	return std::min(wake_ns, load.slice_ns);
}

Waits simulate(const Load &load, double hold_ns)
{
	std::priority_queue<Request> requests;
	std::vector<Cpu> cpus(CPUS);
	std::vector<double> waits;
	double free_ns = 0, sum = 0, from = 0;

	for (unsigned i = 0; i < CPUS; i++) {
		cpus[i] = { i + 1, 0 };
		requests.push({ exponential(&cpus[i].random, std::min(load.slice_ns, S / load.wakes)), i });
	}
	for (int i = -REQUESTS / 10; i < REQUESTS; i++) {
		const Request q = requests.top();
		const double start = std::max(free_ns, q.time_ns);

		requests.pop();
		if (i == 0)
			from = free_ns;
		if (i >= 0) {
			waits.push_back(start - q.time_ns);
			sum += start - q.time_ns;
		}
		free_ns = start + hold_ns;
		requests.push({ free_ns + think(&cpus[q.cpu], load), q.cpu });
	}
	auto p99 = waits.begin() + REQUESTS / 100 * 99;
	std::nth_element(waits.begin(), p99, waits.end());
	const double rate = REQUESTS / (free_ns - from);
	return { rate * S, rate * hold_ns, sum / REQUESTS, *p99 };
}

/* The queue M/D/1 at the load that the other CPUs make; NaN where it is none. */
double rho_of(const Waits &w)
{
	return w.used * (CPUS - 1) / CPUS;
}

double md1_mean(const Waits &w, double hold_ns)
{
	const double rho = rho_of(w);

	return rho > 0.9 ? NAN : hold_ns * rho / (2 * (1 - rho));
}

/* P(wait <= x services). */
double md1_below(double rho, double x)
{
	double sum = 0, factorial = 1;

	for (int k = 0; k <= static_cast<int>(x); k++) {
		factorial *= k == 0 ? 1 : k;
		sum += std::pow(rho * (k - x), k) / factorial * std::exp(-rho * (k - x));
	}
	return (1 - rho) * sum;
}

double md1_p99(const Waits &w, double hold_ns)
{
	const double rho = rho_of(w);
	double low = 0, high = 20;

	if (rho > 0.75)                 /* the alternating sum loses its digits */
		return NAN;
	if (1 - rho >= 0.99)
		return 0;
	for (int i = 0; i < 50; i++) {
		const double middle = (low + high) / 2;

		(md1_below(rho, middle) < 0.99 ? low : high) = middle;
	}
	return low * hold_ns;
}

void add_ns(table *t, double ns)
{
	if (std::isnan(ns))
		table_add_cell(t, STYLE_DIM, "-");
	else if (ns < 10 * US)
		table_add_cell(t, STYLE_PLAIN, "%.0f ns", ns);
	else
		table_add_cell(t, STYLE_PLAIN, "%.1f us", ns / US);
}

void add_columns(table *t)
{
	for (const char *name : { "slice", "wakes/s", "hold" })
		table_add_column(t, nullptr, name, TABLE_RIGHT);
	for (const char *name : { "k/s", "used %" })
		table_add_column(t, "lock", name, TABLE_RIGHT);
	for (const char *name : { "mean", "p99" })
		table_add_column(t, "wait", name, TABLE_RIGHT);
	for (const char *name : { "mean ", "p99 " })
		table_add_column(t, "M/D/1", name, TABLE_RIGHT);
}

void add_row(table *t, const Load &load, double hold_ns, const Waits &w)
{
	if (load.is_single)
		table_add_cell(t, STYLE_DIM, "-");
	else
		table_add_cell(t, STYLE_PLAIN, "%.0f ms", load.slice_ns / MS);
	table_add_cell(t, STYLE_PLAIN, "%.0f", load.wakes);
	add_ns(t, hold_ns);
	table_add_cell(t, STYLE_PLAIN, "%.0f", w.rate / 1e3);
	table_add_cell(t, w.used > 0.5 ? STYLE_WARN : STYLE_PLAIN, "%.1f", w.used * 100);
	for (double ns : { w.mean_ns, w.p99_ns, md1_mean(w, hold_ns), md1_p99(w, hold_ns) })
		add_ns(t, ns);
}

/* One by one: the simulation against the closed form. */
bool check()
{
	const page page = page_of(stdout);
	table t = {};
	double worst = 0;

	add_columns(&t);
	for (double rho : { 0.1, 0.2, 0.3, 0.4, 0.5, 0.7 }) {
		const double hold_ns = 1 * US;
		const Load load = { S, rho * S / hold_ns / CPUS, true };
		const Waits w = simulate(load, hold_ns);

		add_row(&t, load, hold_ns, w);
		if (rho <= 0.5)
			worst = std::max(worst, std::fabs(w.mean_ns / md1_mean(w, hold_ns) - 1));
	}
	std::printf("The check: requests one by one\n\n");
	table_print(&t, &page);
	table_free(&t);
	std::printf("\nmean wait against M/D/1, up to half used: %.1f %% apart at most; bar %.0f %%: %s\n\n",
	            worst * 100, CHECK_TOLERANCE * 100, worst <= CHECK_TOLERANCE ? "met" : "MISSED");
	return worst <= CHECK_TOLERANCE;
}

}

int main(int argc, char **argv)
{
	const page page = page_of(stdout);
	const bool ok = check();
	table t = {};

	add_columns(&t);
	for (double slice_ns : { 1 * MS, 30 * MS })
		for (double wakes : { 100.0, 1000.0, 10000.0 })
			for (double hold_ns : { 100.0, 200.0, 500.0, 1 * US, 2 * US, 5 * US }) {
				const Load load = { slice_ns, wakes, false };

				add_row(&t, load, hold_ns, simulate(load, hold_ns));
			}
	std::printf("64 CPUs, one lock\n\n");
	table_print(&t, &page);
	table_free(&t);
	for (int i = 1; i + 1 < argc; i += 2) {
		const double hold_ns = std::atof(argv[i + 1]);

		for (double wakes : { 1000.0, 10000.0 }) {
			const Waits w = simulate({ 30 * MS, wakes, false }, hold_ns);

			std::printf("%s%s, held %.0f ns as measured, %.0f wake-ups a second and CPU: used "
			            "%.1f %%, wait %.0f ns, p99 %.0f ns\n", i == 1 && wakes < 2000 ? "\n" : "",
			            argv[i], hold_ns, wakes, w.used * 100, w.mean_ns, w.p99_ns);
		}
	}
	return ok ? 0 : 1;
}
