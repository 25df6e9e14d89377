/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verbs.cc - what each verb costs, in instructions.  bench/verbs.sh runs
 *
 *      verbs run LOAD CPUS VCPUS DECISIONS [off|on]
 *
 * under Callgrind, which collects inside of the verbs only and writes down
 * what it has collected after each call, by name: every call's exact count,
 * the same on every run, without any privilege (hardware counters are out of
 * reach in most containers and virtual machines; stepping through single
 * instructions works there, but took 20 us for each).  `off` and `on`: through
 * the recorder, and all calls together.  For LOAD `entitle` and `entitle-pins`
 * it is the entitlement engine that works, DECISIONS times.  Then
 *
 *      verbs table DIRECTORY
 *
 * reads these files back (LOAD.CPUS.VCPUS) and prints mean, 99th percentile
 * and maximum of each verb, and what one decision costs with all that goes with
 * it: the instructions of all verbs, divided by the calls of ration_decide().
 *
 *      verbs record DIRECTORY
 *
 * compares LOAD.CPUS.VCPUS.on with .off and with the verbs called directly;
 * .drain is what the recorder's reader costs.
 * Both exit with 1 if a bar is missed.
 */
#include <algorithm>
#include <cctype>
#include <cinttypes>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>

#include "verb_load.h"
#include "ration_entitle.h"
#include "table.h"

namespace {

using namespace load;

constexpr const char *POLICIES[] = { "credit", "sedf", "rr" };
constexpr const char *VARIANTS[] = { "credit-caps", "credit-pins" };
constexpr const char *ENGINES[] = { "entitle", "entitle-pins" };
/* The bars: the largest machine at most so many hundredths of the smallest. */
struct Size {
	uint32_t cpus, vcpus[3], bar;
};
constexpr Size SIZES[] = { { 4, { 16, 256, 2048 }, 275 }, { 64, { 128, 512, 2048 }, 200 } };
constexpr double RECORD_BAR = 1.15;
constexpr uint64_t BATCH = 1000;            /* decisions between two drains */

struct Sample {
	std::vector<uint64_t> cost[KIND_COUNT];     /* ascending */
	uint64_t whole = 0, decisions = 0;          /* where calls were not told apart */

	uint64_t total() const
	{
		uint64_t sum = whole;

		for (const std::vector<uint64_t> &c : cost)
			sum = std::accumulate(c.begin(), c.end(), sum);
		return sum;
	}
	double per_decision() const
	{
		uint64_t count = cost[TICK].size() + cost[DECIDE].size() + cost[FILL].size() +
		                 decisions;

		return count == 0 ? 0 : static_cast<double>(total()) / static_cast<double>(count);
	}
};

std::string file_of(const std::string &directory, const char *policy, uint32_t cpus, uint32_t vcpus)
{
	return directory + "/" + policy + "." + std::to_string(cpus) + "." + std::to_string(vcpus);
}

/* Each part of the file is one call: who asked for it, and the total. */
Sample read(const std::string &path)
{
	const std::string trigger = "desc: Trigger: Client Request: ", totals = "totals: ";
	std::ifstream file(path);
	std::string line, name;
	Sample s;

	while (std::getline(file, line)) {
		if (line.compare(0, trigger.size(), trigger) == 0)
			name = line.substr(trigger.size());
		if (name.empty() || line.compare(0, totals.size(), totals) != 0)
			continue;
		const uint64_t total = std::stoull(line.substr(totals.size()));
		for (int k = 0; k < KIND_COUNT; k++)
			if (name == KIND_NAME[k])
				s.cost[k].push_back(total);
		if (std::isdigit(name[0])) {
			s.decisions = std::stoull(name);
			s.whole = total;
		}
		name.clear();
	}
	for (std::vector<uint64_t> &c : s.cost)
		std::sort(c.begin(), c.end());
	return s;
}

void add_count(table *t, uint64_t value, enum style style = STYLE_PLAIN)
{
	table_add_cell(t, style, "%" PRIu64, value);
}

void add_cost(table *t, const std::vector<uint64_t> &c)
{
	if (c.empty()) {
		for (int i = 0; i < 3; i++)
			table_add_cell(t, STYLE_DIM, "-");
		return;
	}
	add_count(t, std::accumulate(c.begin(), c.end(), uint64_t(0)) / c.size());
	add_count(t, c[(c.size() * 99 + 99) / 100 - 1]);
	add_count(t, c.back());
}

void add_columns(table *t, const Size &size, char group[3][32])
{
	table_add_column(t, nullptr, "load", TABLE_LEFT);
	table_add_column(t, nullptr, "verb", TABLE_LEFT);
	for (int i = 0; i < 3; i++) {
		std::snprintf(group[i], 32, "%u vCPUs", size.vcpus[i]);
		for (const char *name : { "mean", "p99", "max" })
			table_add_column(t, group[i], name, TABLE_RIGHT);
	}
}

void add_policy(table *t, const char *policy, const Sample (&sample)[3])
{
	for (int k = 0; k < KIND_COUNT; k++) {
		if (sample[0].cost[k].empty() && sample[2].cost[k].empty())
			continue;
		table_add_cell(t, STYLE_PLAIN, "%s", policy);
		table_add_cell(t, STYLE_PLAIN, "%s", KIND_NAME[k]);
		for (const Sample &s : sample)
			add_cost(t, s.cost[k]);
	}
	table_add_cell(t, STYLE_HEAD, "%s", policy);
	table_add_cell(t, STYLE_HEAD, "all");
	for (const Sample &s : sample) {
		table_add_cell(t, STYLE_HEAD, "%.0f", s.per_decision());
		table_add_cell(t, STYLE_DIM, " ");
		table_add_cell(t, STYLE_DIM, " ");
	}
}

/* True: the bar is met, or there is nothing to compare. */
bool add_verdict(std::string *text, const char *policy, const Size &size, const Sample (&sample)[3])
{
	const double ratio = sample[2].per_decision() / sample[0].per_decision();
	const bool is_met = ratio * 100 <= size.bar;
	char line[160];

	std::snprintf(line, sizeof(line),
	              "%u CPUs, %s: %u vCPUs cost %.2f times what %u do; bar %.2f: %s\n", size.cpus,
	              policy, size.vcpus[2], ratio, size.vcpus[0], size.bar / 100.0,
	              is_met ? "met" : "MISSED");
	*text += line;
	return is_met;
}

/* True: no bar is missed. */
bool print_size(const std::string &directory, const Size &size)
{
	const page page = page_of(stdout);
	std::vector<const char *> names(std::begin(POLICIES), std::end(POLICIES));
	char group[3][32];
	table t = {};
	std::string verdicts;
	bool ok = true;

	names.insert(names.end(), std::begin(VARIANTS), std::end(VARIANTS));
	names.insert(names.end(), std::begin(ENGINES), std::end(ENGINES));
	add_columns(&t, size, group);
	for (const char *name : names) {
		Sample sample[3];

		for (int i = 0; i < 3; i++)
			sample[i] = read(file_of(directory, name, size.cpus, size.vcpus[i]));
		if (sample[0].total() == 0 || sample[2].total() == 0)
			continue;
		add_policy(&t, name, sample);
		if (std::find(std::begin(POLICIES), std::end(POLICIES), name) != std::end(POLICIES))
			ok = add_verdict(&verdicts, name, size, sample) && ok;
	}
	std::printf("%u CPUs: instructions a call (all: of all verbs, by decision or computation)\n\n",
	            size.cpus);
	table_print(&t, &page);
	table_free(&t);
	std::printf("\n%s\n", verdicts.c_str());
	return ok;
}

/* True: the bar is met, or there is nothing to compare. */
bool add_recording(table *t, const std::string &directory, const char *policy, uint32_t cpus,
                   uint32_t vcpus)
{
	const std::string path = file_of(directory, policy, cpus, vcpus);
	const double direct = read(path).per_decision(), off = read(path + ".off").per_decision();
	const double on = read(path + ".on").per_decision(), drain = read(path + ".drain").per_decision();

	if (off == 0 || on == 0)
		return true;
	bool ok = on / off < RECORD_BAR;
	table_add_cell(t, STYLE_PLAIN, "%s", policy);
	add_count(t, cpus);
	add_count(t, vcpus);
	for (double cost : { direct, off, on, drain })
		table_add_cell(t, STYLE_PLAIN, "%.0f", cost);
	table_add_cell(t, ok ? STYLE_GOOD : STYLE_BAD, "%.1f", (on / off - 1) * 100);
	table_add_cell(t, ok ? STYLE_GOOD : STYLE_BAD, "%s", ok ? "met" : "MISSED");
	// The example policy does so little that a record of 8 bytes weighs: seen, not failed.
	return ok || std::string(policy) == "rr";
}

bool print_recording(const std::string &directory)
{
	const page page = page_of(stdout);
	table t = {};
	bool ok = true;

	table_add_column(&t, nullptr, "policy", TABLE_LEFT);
	table_add_column(&t, nullptr, "CPUs", TABLE_RIGHT);
	table_add_column(&t, nullptr, "vCPUs", TABLE_RIGHT);
	for (const char *name : { "no recorder", "off", "on", "drain" })
		table_add_column(&t, "instructions/decision", name, TABLE_RIGHT);
	table_add_column(&t, nullptr, "on adds %", TABLE_RIGHT);
	table_add_column(&t, nullptr, "< 15 %", TABLE_LEFT);
	for (const char *policy : POLICIES)
		for (const Size &size : SIZES)
			for (uint32_t vcpus : size.vcpus)
				ok = add_recording(&t, directory, policy, size.cpus, vcpus) && ok;
	std::printf("Recording: off is the host that calls ration_record_*(), as the port does; drain is\n"
	            "the reader's work, outside of the lock\n\n");
	table_print(&t, &page);
	table_free(&t);
	return ok;
}

/*
 * The entitlement engine, step by step, on the same domains with blockers that
 * want anything up to a whole CPU; `pins`: each domain on one of sixteen
 * overlapping sets of CPUs.  A computation counts as a decision.
 */
int run_entitle(bool is_pinned, uint32_t cpus, uint32_t vcpus, uint64_t computations)
{
	Instance instance("rr", cpus, vcpus);
	ration_record off;
	std::vector<uint64_t> memory(ration_entitle_size(&instance.config.limits) / 8 + 1);
	ration_entitle *e = ration_entitle_init(memory.data(), &instance.config.limits);
	const ration_cpuset all = ration_cpuset_first_count(cpus);
	uint64_t random = 1;

	ration_record_init(&off, instance.r, &instance.config);
	instance.fill(&off);
	CALLGRIND_START_INSTRUMENTATION;
	for (uint64_t i = 0; i < computations; i++) {
		ration_entitle_begin(e, all);
		for (uint32_t slot = 0; slot < vcpus; slot++) {
			const ration_dom *dom = ration_dom_slot(instance.r, slot);
			ration_attr attr;

			if (dom == nullptr)
				continue;
			ration_dom_get(dom, &attr);
			ration_entitle_dom(e, slot, attr.weight, 0, 0);
			for (ration_vcpu *v = ration_vcpu_first(dom); v != nullptr; v = ration_vcpu_next(v)) {
				const uint64_t demand = instance.guest(v).is_blocker ?
				                        random_splitmix(&random) % RATION_PPB : RATION_PPB;

				ration_entitle_vcpu(e, is_pinned ? pins(slot, cpus) : all, demand);
			}
		}
		CALLGRIND_DUMP_STATS_AT(KIND_NAME[FILL]);
		for (bool is_done = false; !is_done;) {
			is_done = ration_entitle_step(e);
			CALLGRIND_DUMP_STATS_AT(KIND_NAME[STEP]);
		}
	}
	CALLGRIND_STOP_INSTRUMENTATION;
	return 0;
}

/* So many decisions more; the recorder's reader keeps up. */
void go_on(Machine *m, ration_record *record, uint64_t decisions)
{
	static char block[1 << 16];

	for (uint64_t done = 0; done < decisions; done += BATCH) {
		m->run(BATCH);
		while (ration_record_drain(record, block, sizeof(block)) != 0)
			;
	}
}

int run(const char *load, uint32_t cpus, uint32_t vcpus, uint64_t decisions,
        const std::string &recorder)
{
	Instance instance(load, cpus, vcpus);
	ration_record record;
	std::vector<uint64_t> ring(1 << 16);

	ration_record_init(&record, instance.r, &instance.config);
	if (recorder == "on")
		ration_record_start(&record, ring.data(), ring.size(), 0);
	Machine m(instance, &record, !recorder.empty());
	/* Until the queues are as they will be. */
	go_on(&m, &record, 20000 + 10 * vcpus);
	CALLGRIND_START_INSTRUMENTATION;
	m.verbs.is_dumping = recorder.empty();
	std::fill(m.verbs.count, m.verbs.count + KIND_COUNT, 0);
	go_on(&m, &record, decisions);
	if (!recorder.empty())
		CALLGRIND_DUMP_STATS_AT(std::to_string(m.verbs.decisions()).c_str());
	CALLGRIND_STOP_INSTRUMENTATION;
	must(ration_record_lost(&record) == 0, "the recorder lost events");
	must(ration_check(instance.r) == nullptr, ration_check(instance.r));
	std::printf("%-11s %2u CPUs %4u vCPUs, %.1f %% busy:", load, cpus, vcpus,
	            static_cast<double>(m.busy_ppm()) / 1e4);
	for (int k = 0; k < KIND_COUNT; k++)
		std::printf(" %" PRIu64 " %s", m.verbs.count[k], KIND_NAME[k]);
	std::printf("\n");
	must(m.busy_ppm() >= 980000, "the load does not keep the CPUs busy");
	return 0;
}

}

int main(int argc, char **argv)
{
	const std::string what = argc > 1 ? argv[1] : "";

	const bool is_pinned = argc > 2 && std::strcmp(argv[2], ENGINES[1]) == 0;
	if (what == "run" && argc >= 6 && (is_pinned || std::strcmp(argv[2], ENGINES[0]) == 0))
		return run_entitle(is_pinned, static_cast<uint32_t>(std::atoi(argv[3])),
		                   static_cast<uint32_t>(std::atoi(argv[4])),
		                   static_cast<uint64_t>(std::atoll(argv[5])));
	if (what == "run" && argc >= 6)
		return run(argv[2], static_cast<uint32_t>(std::atoi(argv[3])),
		           static_cast<uint32_t>(std::atoi(argv[4])),
		           static_cast<uint64_t>(std::atoll(argv[5])), argc > 6 ? argv[6] : "");
	if (what == "table" && argc == 3) {
		bool ok = true;

		for (const Size &size : SIZES)
			ok = print_size(argv[2], size) && ok;
		return ok ? 0 : 1;
	}
	if (what == "record" && argc == 3)
		return print_recording(argv[2]) ? 0 : 1;
	std::fprintf(stderr, "verbs run|table|record ...: see verbs.cc\n");
	return 2;
}
