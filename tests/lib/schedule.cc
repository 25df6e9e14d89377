/* SPDX-License-Identifier: BSD-2-Clause */
#include "schedule.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <gtest/gtest.h>

#include "ration_policy.h"

namespace schedule {

ration_cpuset cpus_of(const std::string &list, uint32_t cpu_count)
{
	ration_cpuset set = 0;

	if (ration_cpulist_parse(list.data(), list.size(), cpu_count, &set, nullptr) != RATION_OK)
		ADD_FAILURE() << "bad CPU list in a test: " << list;
	return set;
}

Table::Table(const ration_policy *policy, uint32_t cpus, std::vector<const ration_policy *> others,
             uint32_t vcpus)
    : policies(std::move(others)), cpu_count(cpus), until(cpus, RATION_NEVER)
{
	ration_config config = {};
	size_t size;

	policies.insert(policies.begin(), policy);
	config.limits = {cpus, vcpus, vcpus};
	config.policies = policies.data();
	config.policy_count = static_cast<uint32_t>(policies.size());
	config.params = {RATION_TSLICE_DEFAULT_NS, RATION_RATELIMIT_DEFAULT_NS};
	size = ration_size(config.policies, config.policy_count, &config.limits);
	memory.resize(size / 8 + 3);
	void *block = memory.data();
	if (reinterpret_cast<uintptr_t>(block) % 16 != 0)
		block = memory.data() + 1;
	if (ration_init(block, size, &config, 0, &r) != RATION_OK) {
		ADD_FAILURE() << "ration_init failed";
		std::abort();
	}
}

int Table::admit(const std::string &name, ration_dom *dom, const std::string &cpus,
                 const std::string &soft)
{
	ration_affinity affinity = {cpus_of(cpus, cpu_count), cpus_of(soft, cpu_count)};
	ration_effects fx = {};
	ration_vcpu *v = nullptr;
	uint32_t idx = 0;

	for (const Slot &s : slot)
		idx += s.dom == dom;
	if (ration_vcpu_admit(r, dom, idx, affinity, now, &fx, &v, &why) != RATION_OK)
		return -1;
	slot.push_back({name, v, dom});
	follow(fx);
	EXPECT_EQ(settle(), "");
	return static_cast<int>(slot.size()) - 1;
}

int Table::add(const std::string &name, const ration_attr &attr, const std::string &cpus,
               const std::string &soft)
{
	ration_effects fx = {};
	ration_dom *dom = nullptr;
	int status = ration_dom_admit(r, dom_count++, &attr, now, &fx, &dom), v;

	EXPECT_EQ(status, RATION_OK) << "of domain " << name;
	if (status != RATION_OK)
		return -1;
	follow(fx);
	v = admit(name, dom, cpus, soft);
	if (v < 0)
		ration_dom_leave(r, dom, now, &fx);
	return v;
}

int Table::add(const std::string &name, const std::string &cpus)
{
	ration_attr attr;

	ration_attr_default(&attr);
	return add(name, attr, cpus);
}

int Table::add_sibling(const std::string &name, int sibling, const std::string &cpus)
{
	return admit(name, slot[static_cast<size_t>(sibling)].dom, cpus, "all");
}

static std::string time_text(ration_ns ns)
{
	std::ostringstream text;

	if (ns == RATION_NEVER)
		return "never";
	text << static_cast<double>(ns) / 1e6 << " ms";
	return text.str();
}

/* ---- The host ------------------------------------------------------------ */

void Table::follow(const ration_effects &fx)
{
	resched |= fx.resched;
	expire = fx.expire_ns;
}

void Table::decide(ration_cpu c)
{
	ration_decision d = {};
	ration_effects fx = {};

	resched &= ~ration_cpuset_of(c);
	ration_decide(r, c, now, &d, &fx);
	follow(fx);
	decide_count++;
	until[c] = d.until_ns;
	if (!d.switched)
		return;
	switch_count++;
	ration_cpu_saved(r, c, now, &fx);
	follow(fx);
}

std::string Table::settle()
{
	const char *broken;
	ration_cpu_ledger ledger;

	for (int steps = 0; resched != 0 || expire <= now; steps++) {
		ration_effects fx = {};

		if (steps > 10000)
			return "the host does not come to rest";
		if (expire <= now) {
			ration_expire(r, now, &fx);
			follow(fx);
		}
		if (resched != 0)
			decide(ration_cpuset_first(resched));
	}
	broken = checks ? ration_check(r) : nullptr;
	if (broken != nullptr)
		return broken;
	for (ration_cpu c = 0; c < cpu_count; c++) {
		ration_cpu_ledger_get(r, c, now, &ledger);
		if (ledger.refusals != 0)
			return "the core refused a decision of the policy";
	}
	return "";
}

/* A spare decide changes nothing and renews nothing. */
std::string Table::spare()
{
	for (ration_cpu c = 0; c < cpu_count; c++) {
		ration_vcpu *before = ration_cpu_vcpu(r, c);
		ration_decision d = {};
		ration_effects fx = {};

		if (until[c] <= now)
			continue;                /* not spare: its timer is due */
		ration_decide(r, c, now, &d, &fx);
		if (fx.resched != 0 || fx.expire_ns != expire)
			return "a spare decide had effects";
		if (d.switched)
			ration_cpu_saved(r, c, now, &fx);
		if (d.switched || d.vcpu != before)
			return "a spare decide switched";
		if (d.until_ns != until[c])
			return "a spare decide on CPU " + std::to_string(c) + " moved the timer from " +
			       time_text(until[c]) + " to " + time_text(d.until_ns);
	}
	return "";
}

ration_ns Table::next_timer() const
{
	ration_ns next = expire;

	for (ration_ns u : until)
		next = u < next ? u : next;
	return next;
}

std::string Table::advance(ration_ns to, bool inclusive)
{
	for (;;) {
		ration_ns next = next_timer();
		std::string broken;

		if (next > to || (next == to && !inclusive))
			break;
		if (next > now)
			now = next;
		for (ration_cpu c = 0; c < cpu_count; c++)
			if (until[c] <= now)
				resched |= ration_cpuset_of(c);
		broken = settle();
		if (broken != "")
			return broken;
		if (next_timer() <= now)
			return "a timer in the past";
	}
	now = to;
	return "";
}

std::string Table::happen(const Event &event)
{
	int status = event.act(*this);
	std::string broken;

	if (status != event.expected)
		return std::string("status: ") + ration_status_text(status);
	broken = settle();
	if (broken == "")
		broken = spare();
	if (broken == "" && ration_check(r) != nullptr)
		broken = ration_check(r);
	return broken;
}

/* ---- Rows ---------------------------------------------------------------- */

std::string Table::name_of(int v) const
{
	return v < 0 ? "idle" : slot[static_cast<size_t>(v)].name;
}

int Table::who(ration_cpu c) const
{
	const ration_vcpu *v = ration_cpu_vcpu(r, c);

	for (size_t i = 0; i < slot.size(); i++)
		if (v != nullptr && slot[i].vcpu == v)
			return static_cast<int>(i);
	return IDLE;
}

std::string Table::dump() const
{
	static const char *const state[] = {"blocked", "down", "waiting", "running"};
	std::ostringstream text;

	text << "at " << time_text(now) << ", policy " << ration_policy_name(ration_policy_get(r))
	     << ", expire " << time_text(expire) << "\n";
	for (ration_cpu c = 0; c < cpu_count; c++)
		text << "  cpu " << c << ": " << name_of(who(c)) << " until " << time_text(until[c])
		     << "\n";
	for (const Slot &s : slot) {
		ration_vcpu_info info;

		if (s.vcpu == nullptr)
			continue;
		ration_vcpu_info_get(s.vcpu, &info);
		text << "  " << s.name << ": " << state[info.state];
		if (info.state == RATION_STATE_WAITING)
			text << " (" << ration_wait_name(info.cause) << ")";
		text << ", ran " << time_text(ran_ns(static_cast<int>(&s - slot.data()))) << "\n";
	}
	return text.str();
}

void Table::row(const char *file, int line, double ms, const Event &event,
                const std::vector<int> &runs, ration_ns next)
{
	/* After a row that failed the others mean nothing. */
	if (failed)
		return;
	std::ostringstream wrong;
	std::string broken = advance(ms_ns(ms), !event.before_timers);

	if (broken == "")
		broken = happen(event);
	if (broken == "" && event.before_timers)
		broken = advance(ms_ns(ms), true);
	if (broken != "")
		wrong << "  " << broken << "\n";
	for (ration_cpu c = 0; c < cpu_count; c++) {
		int expected = c < runs.size() ? runs[c] : IDLE;

		if (who(c) != expected)
			wrong << "  cpu " << c << ": expected " << name_of(expected) << ", runs "
			      << name_of(who(c)) << "\n";
	}
	ration_ns is = cpu_timers_only ? *std::min_element(until.begin(), until.end()) : next_timer();
	if (is != next)
		wrong << "  next timer: expected " << time_text(next) << ", is " << time_text(is) << "\n";
	if (wrong.str() == "")
		return;
	failed = true;
	ADD_FAILURE_AT(file, line) << "at " << ms << " ms, " << event.text << ":\n"
	                           << wrong.str() << dump();
}

ration_ns Table::ran_ns(int v) const
{
	ration_ledger ledger;

	ration_vcpu_ledger_get(r, slot[static_cast<size_t>(v)].vcpu, now, &ledger);
	return ledger.running_ns;
}

ration_ns Table::waited_ns(int v, ration_wait cause) const
{
	ration_ledger ledger;

	ration_vcpu_ledger_get(r, slot[static_cast<size_t>(v)].vcpu, now, &ledger);
	return ledger.wait_ns[cause];
}

} /* namespace schedule */
