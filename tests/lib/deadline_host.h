/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deadline_host.h - a host for proofs about deadlines: hours of jobs in seconds.
 *
 * vCPUs have jobs: released at least a period apart, each needs so much CPU time
 * and is due a period later.  Or they are hogs.  What a switch, an interrupt and
 * a timer cost are settings.  At one instant ends of jobs come first, then
 * contexts saved, timers, releases, and last the CPUs that were told.
 */
#ifndef DEADLINE_HOST_H
#define DEADLINE_HOST_H

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <vector>

#include <gtest/gtest.h>

#include "random.h"
#include "ration_sedf.h"

namespace deadline {

constexpr ration_ns NEVER = RATION_NEVER;

/* A set of tasks in random shapes. */
struct Random {
	uint64_t state;

	explicit Random(uint64_t seed) : state(seed) {}
	double unit() { return static_cast<double>(random_splitmix(&state) >> 11) * 0x1p-53; }
	uint64_t below(uint64_t n) { return random_splitmix(&state) % n; }

	/* n shares, none above 1, that sum to `total`: UUniFast-discard.  Where they are
	 * large their complements are drawn, which comes to the same. */
	std::vector<double> shares(size_t n, double total)
	{
		bool turned = total > static_cast<double>(n) / 2;
		double sum = turned ? static_cast<double>(n) - total : total;
		std::vector<double> u(n);

		for (;;) {
			double left = sum;

			for (size_t i = 0; i + 1 < n; i++) {
				double next = left * std::pow(unit(), 1.0 / static_cast<double>(n - 1 - i));

				u[i] = left - next;
				left = next;
			}
			u[n - 1] = left;
			if (*std::max_element(u.begin(), u.end()) <= 1)
				break;
		}
		for (double &x : u)
			x = turned ? 1 - x : x;
		return u;
	}
	ration_ns log_uniform(ration_ns low, ration_ns high)
	{
		double ratio = static_cast<double>(high) / static_cast<double>(low);

		return static_cast<ration_ns>(static_cast<double>(low) * std::pow(ratio, unit()));
	}
};

struct Task {
	ration_ns period, slice;       /* of the server */
	ration_ns need;                /* of a job; 0: a hog */
	ration_ns nap = 0;             /* not 0: in place of jobs it runs for up to its slice, and
	                                * sleeps for up to so long, as it likes */
	ration_ns offset = 0;          /* of the first release */
	ration_ns jitter = 0;          /* a release is up to so much later than it could be */
	ration_cpuset hard = RATION_CPUSET_ALL;
	bool extratime = false;
	uint32_t weight = RATION_WEIGHT_DEFAULT;
	ration_ns latency = 0;
};

class Host {
public:
	struct Costs {
		ration_ns switching = 0, ipi = 0, timer = 0;

		/* of a job: it comes and goes */
		ration_ns overhead() const { return 2 * (switching + timer) + ipi; }
	};

	struct Guest {
		Task task;
		ration_vcpu *vcpu = nullptr;
		ration_ns due = 0;               /* of the present job, or of the last one */
		ration_ns left = 0;              /* it still needs; 0: there is none */
		uint64_t jobs = 0, misses = 0;
		ration_ns late_max = 0;          /* tardiness */
		ration_ns response_max = 0;
	};

	Host(uint32_t cpu_count, Costs price, uint32_t reserve_ppm = 0, uint32_t vcpus = 512,
	     uint64_t seed = 1)
	    : costs(price), random(seed), cpu(cpu_count)
	{
		ration_config config = {};

		config.limits = {cpu_count, vcpus, vcpus};
		config.policies = &policy;
		config.policy_count = 1;
		config.params = {RATION_TSLICE_DEFAULT_NS, RATION_RATELIMIT_DEFAULT_NS};
		config.margins = {price.overhead(), reserve_ppm};
		size_t size = ration_size(config.policies, 1, &config.limits);
		memory.resize(size / 8 + 3);
		void *block = memory.data();
		if (reinterpret_cast<uintptr_t>(block) % 16 != 0)
			block = memory.data() + 1;
		EXPECT_EQ(ration_init(block, size, &config, 0, &r), RATION_OK);
		guest.reserve(vcpus);
		by_slot.resize(vcpus);
	}

	/* Admit it; -1: refused, and `why` says why. */
	int add(const Task &task)
	{
		ration_attr attr;
		ration_dom *dom = nullptr;
		ration_effects fx = {};
		Guest g;

		ration_attr_default(&attr);
		attr.period_ns = task.period;
		attr.slice_ns = task.slice;
		attr.latency_ns = task.latency;
		attr.extratime = task.extratime;
		attr.weight = task.weight;
		g.task = task;
		if (ration_dom_admit(r, ids++, &attr, now, &fx, &dom) != RATION_OK)
			return -1;
		follow(fx, CPU_NONE);
		status = ration_vcpu_admit(r, dom, 0,
		                           {task.hard & ration_cpuset_first_count(cpu_count()),
		                            RATION_CPUSET_ALL & ration_cpuset_first_count(cpu_count())},
		                           now, &fx, &g.vcpu, &why);
		if (status != RATION_OK) {
			ration_dom_leave(r, dom, now, &fx);
			return -1;
		}
		follow(fx, CPU_NONE);
		by_slot[ration_vcpu_slot_of(g.vcpu)] = guest.size();
		guest.push_back(g);
		releases.push({now + task.offset, guest.size() - 1});
		return static_cast<int>(guest.size()) - 1;
	}

	void run(ration_ns end)
	{
		while (step(end)) {
		}
		now = end;
	}

	/* Whoever is late by now has missed too. */
	uint64_t misses() const
	{
		uint64_t sum = 0;

		for (const Guest &g : guest)
			sum += g.misses + (g.left != 0 && g.task.need != 0 && now > g.due);
		return sum;
	}
	uint64_t jobs() const
	{
		uint64_t sum = 0;

		for (const Guest &g : guest)
			sum += g.jobs;
		return sum;
	}
	ration_ns ran(size_t i) const
	{
		ration_ledger ledger;

		ration_vcpu_ledger_get(r, guest[i].vcpu, now, &ledger);
		return ledger.running_ns;
	}
	uint32_t cpu_count() const { return static_cast<uint32_t>(cpu.size()); }

	ration *r = nullptr;
	ration_refusal why = {};
	int status = RATION_OK;
	ration_ns now = 0;
	std::vector<Guest> guest;
	Costs costs;
	Random random;
	uint64_t decisions = 0;
	std::function<void()> each;          /* after each event */

	void follow(const ration_effects &fx, uint32_t from)
	{
		expire = fx.expire_ns;
		for (ration_cpuset s = fx.resched; s != 0; s = ration_cpuset_rest(s)) {
			uint32_t c = ration_cpuset_first(s);

			cpu[c].kick = std::min(cpu[c].kick, now + (c == from ? 0 : costs.ipi));
		}
	}

private:
	static constexpr uint32_t CPU_NONE = RATION_CPU_NONE;
	struct Cpu {
		ration_vcpu *vcpu = nullptr;
		Guest *guest = nullptr;
		ration_ns since = 0, until = NEVER, save = NEVER, kick = NEVER;
	};
	struct Release {
		ration_ns at;
		size_t index;

		bool operator>(const Release &o) const
		{
			return at != o.at ? at > o.at : index > o.index;
		}
	};

	Guest *of(ration_vcpu *v) { return &guest[by_slot[ration_vcpu_slot_of(v)]]; }
	/* What runs on c got its time up to now. */
	void pay(Cpu &c)
	{
		if (c.guest == nullptr || c.save != NEVER)
			return;
		if (c.guest->task.need != 0)
			c.guest->left -= std::min(c.guest->left, now - c.since);
		c.since = now;
	}
	ration_ns completion(const Cpu &c) const
	{
		if (c.guest == nullptr || c.save != NEVER || c.guest->task.need == 0)
			return NEVER;
		return c.since + c.guest->left;
	}
	ration_ns timer(const Cpu &c) const
	{
		return c.until == NEVER || c.save != NEVER ? NEVER : std::max(c.until + costs.timer, now);
	}

	void decide(uint32_t i)
	{
		Cpu &c = cpu[i];
		ration_decision d = {};
		ration_effects fx = {};

		pay(c);
		c.kick = NEVER;
		decisions++;
		ration_decide(r, i, now, &d, &fx);
		c.until = d.until_ns;
		follow(fx, i);
		if (!d.switched)
			return;
		c.vcpu = d.vcpu;
		c.guest = d.vcpu == nullptr ? nullptr : of(d.vcpu);
		c.save = now + costs.switching;
	}
	void complete(uint32_t i)
	{
		Cpu &c = cpu[i];
		Guest &g = *c.guest;
		ration_effects fx = {};

		pay(c);
		if (g.task.nap != 0) {
			releases.push({now + random.below(g.task.nap),
			               static_cast<size_t>(c.guest - guest.data())});
		} else {
			g.jobs++;
			g.misses += now > g.due;
			g.late_max = std::max(g.late_max, now > g.due ? now - g.due : 0);
			g.response_max = std::max(g.response_max, now + g.task.period - g.due);
		}
		ration_vcpu_block(r, g.vcpu, now, &fx);
		follow(fx, i);
		decide(i);
	}
	void saved(uint32_t i)
	{
		Cpu &c = cpu[i];
		ration_effects fx = {};

		c.save = NEVER;
		c.since = now;
		ration_cpu_saved(r, i, now, &fx);
		follow(fx, i);
	}
	void release()
	{
		Release next = releases.top();
		Guest &g = guest[next.index];
		ration_effects fx = {};
		ration_ns jitter = g.task.jitter == 0 ? 0 : random.below(g.task.jitter + 1);

		releases.pop();
		if (g.task.need != 0 && g.left != 0) {
			g.misses++;              /* the one before is not done: this one is lost */
			releases.push({next.at + g.task.period, next.index});
			return;
		}
		g.left = g.task.nap != 0 ? 1 + random.below(g.task.slice) : g.task.need;
		g.due = g.task.nap != 0 ? NEVER : now + g.task.period;
		if (g.task.need != 0 && g.task.nap == 0)
			releases.push({next.at + g.task.period + jitter, next.index});
		ration_vcpu_wake(r, g.vcpu, now, &fx);
		follow(fx, CPU_NONE);
	}

	bool step(ration_ns end)
	{
		enum { NONE, COMPLETE, SAVED, TIMER, EXPIRE, RELEASE, KICK } what = NONE;
		ration_ns at = end;
		uint32_t which = 0;
		ration_effects fx = {};
		auto least = [&](ration_ns time, decltype(what) kind, uint32_t index) {
			if (time < at || (time == at && what > kind)) {
				at = time;
				what = kind;
				which = index;
			}
		};

		for (uint32_t i = 0; i < cpu.size(); i++) {
			least(completion(cpu[i]), COMPLETE, i);
			least(cpu[i].save, SAVED, i);
			least(timer(cpu[i]), TIMER, i);
			if (cpu[i].kick != NEVER && cpu[i].save == NEVER)
				least(std::max(cpu[i].kick, now), KICK, i);
		}
		if (expire != NEVER)
			least(std::max(expire + costs.timer, now), EXPIRE, 0);
		if (!releases.empty())
			least(releases.top().at, RELEASE, 0);
		if (what == NONE)
			return false;
		now = at;
		switch (what) {
		case COMPLETE: complete(which); break;
		case SAVED: saved(which); break;
		case RELEASE: release(); break;
		case EXPIRE:
			ration_expire(r, now, &fx);
			follow(fx, 0);
			break;
		default: decide(which); break;
		}
		if (each)
			each();
		return true;
	}

	const ration_policy *policy = &ration_sedf;
	std::vector<uint64_t> memory;
	std::vector<size_t> by_slot;
	std::vector<Cpu> cpu;
	std::priority_queue<Release, std::vector<Release>, std::greater<Release>> releases;
	ration_ns expire = NEVER;
	uint32_t ids = 0;
};

/* Tasks as the literature draws them, whose jobs need all of their slices: they sum
 * to that total, where each job is taken to cost `overhead` more. */
inline std::vector<Task> draw(Random &random, size_t n, double total, ration_ns low, ration_ns high,
                              ration_ns overhead = 0)
{
	std::vector<Task> tasks(n);
	double rest = total;

	for (Task &t : tasks) {
		t.period = random.log_uniform(low, high);
		rest -= static_cast<double>(overhead) / static_cast<double>(t.period);
	}
	std::vector<double> u = random.shares(n, std::max(rest, 0.01));
	for (size_t i = 0; i < n; i++) {
		Task &t = tasks[i];

		t.slice = static_cast<ration_ns>(u[i] * static_cast<double>(t.period));
		t.slice = std::min(std::max<ration_ns>(5000, t.slice), t.period);
		t.need = t.slice;
	}
	return tasks;
}

} /* namespace deadline */

#endif
