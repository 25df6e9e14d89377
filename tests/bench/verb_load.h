/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verb_load.h - the load of the benchmarks: an instance, its guests, and the least
 * host that drives them through virtual time.
 *
 * THE GUESTS.  Of eight vCPUs three run for ever (hogs), one runs for ever and
 * yields every 2 ms or so, and four run for 0.5 ms or so and sleep (blockers).
 * A blocker asks for half of an even share of the machine: with more vCPUs it
 * sleeps longer, so that wake-ups, blocks and ticks come in much the same
 * proportions whatever the number of vCPUs, every CPU is always busy, and the
 * cost of a decision can be compared.  Domains have 1 to 4 vCPUs and weights of
 * 64 to 2048.  Under sedf every other domain has slices that add up to half of
 * the machine, the rest takes part in the slack.
 *
 * `credit-caps` is the same under credit with a cap of half of its even share for
 * every fourth domain and a floor of a quarter of it for every eighth;
 * `credit-pins` with each domain on one of sixteen overlapping halves of the CPUs.
 *
 * THE HOST.  A kick arrives, and a context is saved, after 1 us.
 */
#ifndef VERB_LOAD_H
#define VERB_LOAD_H

#include <valgrind/callgrind.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "event.h"
#include "random.h"
#include "ration_credit.h"
#include "ration_record.h"
#include "ration_rr.h"
#include "ration_sedf.h"

namespace load {

constexpr ration_ns US = RATION_NS_PER_US, MS = RATION_NS_PER_MS;
constexpr ration_ns RUN_NS = 500 * US, YIELD_NS = 2 * MS, DELAY_NS = US;
constexpr uint32_t WEIGHTS[] = { 256, 512, 64, 1024, 128, 2048 };

/* What stands before a dash in the name of a load. */
inline const ration_policy *policy_of(const std::string &load)
{
	for (const ration_policy *p : { &ration_credit, &ration_sedf, &ration_rr })
		if (load.substr(0, load.find('-')) == ration_policy_name(p))
			return p;
	std::fprintf(stderr, "no policy for the load %s\n", load.c_str());
	std::exit(2);
}

/* The CPUs of the domain in that slot, where there are pins. */
inline ration_cpuset pins(uint32_t slot, uint32_t cpus)
{
	return ration_cpuset_first_count(cpus / 2) << slot * 7 % 16 * cpus / 16 &
	       ration_cpuset_first_count(cpus);
}

inline void must(bool is_so, const char *what)
{
	if (is_so)
		return;
	std::fprintf(stderr, "load: %s\n", what);
	std::exit(1);
}

/* A guest: what one vCPU does. */
struct Guest {
	ration_vcpu *v;
	bool is_blocker, is_yielder;
	uint64_t random;
	ration_ns run_ns, sleep_ns;  /* means; of a hog 0 */
	ration_ns left_ns;           /* to run until it blocks or yields */

	/* Between half and one and a half of the mean. */
	ration_ns draw(ration_ns mean_ns)
	{
		return mean_ns / 2 + random_splitmix(&random) % (mean_ns + 1);
	}
	bool is_hog() const { return run_ns == 0; }
};

/* An instance and its guests, the recorder between them off unless started. */
struct Instance {
	uint32_t cpu_count, vcpu_count;
	bool has_caps, has_pins;
	const ration_policy *policy;
	ration_config config{};
	std::unique_ptr<char, decltype(&std::free)> memory{ nullptr, &std::free };
	ration *r = nullptr;
	std::vector<Guest> guests;      /* by the slot of their vCPU */

	Instance(const std::string &load, uint32_t cpus, uint32_t vcpus)
		: cpu_count(cpus), vcpu_count(vcpus), has_caps(load == "credit-caps"),
		  has_pins(load == "credit-pins"), policy(policy_of(load)), guests(vcpus)
	{
		config.limits = { cpus, vcpus, vcpus };
		config.policies = &policy;
		config.policy_count = 1;
		config.params = { RATION_TSLICE_DEFAULT_NS, RATION_RATELIMIT_DEFAULT_NS };
		size_t size = ration_size(&policy, 1, &config.limits);
		memory.reset(static_cast<char *>(std::aligned_alloc(64, (size + 63) / 64 * 64)));
		must(ration_init(memory.get(), size, &config, 0, &r) == RATION_OK, "ration_init");
	}
	Instance(const Instance &) = delete;

	/* All domains and vCPUs come, blocked. */
	void fill(ration_record *record)
	{
		uint32_t n = 0;

		for (uint32_t d = 0; n < vcpu_count; d++) {
			ration_effects fx;
			ration_dom *dom;
			ration_attr attr = attributes(d);

			must(ration_record_dom_admit(record, d, &attr, 0, &fx, &dom) == RATION_OK,
			     "a domain was refused");
			for (uint32_t i = 0; i < d % 4 + 1 && n < vcpu_count; i++, n++)
				admit(record, dom, i, n);
		}
	}

	Guest &guest(const ration_vcpu *v) { return guests[ration_vcpu_slot_of(v)]; }

private:
	ration_attr attributes(uint32_t d) const
	{
		ration_attr attr;

		ration_attr_default(&attr);
		attr.weight = WEIGHTS[d % 6];
		if (policy == &ration_sedf && d % 2 == 0) {
			/* slice / period is an even share of the machine */
			attr.slice_ns = MS;
			attr.period_ns = MS * vcpu_count / cpu_count;
			attr.extratime = d % 4 == 0;
		}
		const uint32_t share_ppm = 1000000 * cpu_count / vcpu_count * (d % 4 + 1);
		if (has_caps && d % 4 == 1)
			attr.cap_ppm = share_ppm / 2;
		if (has_caps && d % 8 == 3)
			attr.floor_ppm = share_ppm / 4;
		return attr;
	}

	void admit(ration_record *record, ration_dom *dom, uint32_t idx, uint32_t n)
	{
		ration_effects fx;
		ration_vcpu *v;
		const ration_cpuset hard = has_pins ? pins(ration_dom_slot_of(dom), cpu_count) :
		                                      ration_cpuset_first_count(cpu_count);

		must(ration_record_admit(record, dom, idx, { hard, hard }, 0, &fx, &v, nullptr) ==
		     RATION_OK, "a vCPU was refused");
		Guest &g = guest(v);
		g.v = v;
		g.random = n + 1;
		g.is_blocker = n % 2 == 1;
		g.is_yielder = n % 8 == 4;
		if (g.is_blocker) {
			g.run_ns = RUN_NS;
			g.sleep_ns = RUN_NS * 2 * vcpu_count / cpu_count - RUN_NS;
		} else if (g.is_yielder) {
			g.run_ns = YIELD_NS;
		}
		g.left_ns = g.is_hog() ? RATION_NEVER : g.draw(g.run_ns);
	}
};

/* What is measured, and how it is called in a table; the last two are the
 * entitlement engine's: a snapshot, and one step. */
enum Kind { TICK, DECIDE, SAVED, WAKE, BLOCK, YIELD, EXPIRE, FILL, STEP, KIND_COUNT };
constexpr const char *KIND_NAME[] = { "tick", "decide", "saved", "wake", "block", "yield",
                                      "expire", "fill", "step" };

/* The verbs, recorded or not; after each one Callgrind, if it is there, writes
 * down what it cost. */
class Verbs {
public:
	Verbs(ration *r, ration_record *record) : r_(r), record_(record) {}

	void decide(Kind kind, ration_cpu c, ration_ns now, ration_decision *out, ration_effects *fx)
	{
		if (record_ != nullptr)
			ration_record_decide(record_, c, now, out, fx);
		else
			ration_decide(r_, c, now, out, fx);
		took(kind);
	}
	void saved(ration_cpu c, ration_ns now, ration_effects *fx)
	{
		if (record_ != nullptr)
			ration_record_saved(record_, c, now, fx);
		else
			ration_cpu_saved(r_, c, now, fx);
		took(SAVED);
	}
	void wake(ration_vcpu *v, ration_ns now, ration_effects *fx)
	{
		if (record_ != nullptr)
			ration_record_wake(record_, v, now, fx);
		else
			ration_vcpu_wake(r_, v, now, fx);
		took(WAKE);
	}
	void block(ration_vcpu *v, ration_ns now, ration_effects *fx)
	{
		if (record_ != nullptr)
			ration_record_block(record_, v, now, fx);
		else
			ration_vcpu_block(r_, v, now, fx);
		took(BLOCK);
	}
	void yield(ration_vcpu *v, ration_ns now, ration_effects *fx)
	{
		if (record_ != nullptr)
			ration_record_yield(record_, v, now, fx);
		else
			ration_vcpu_yield(r_, v, now, fx);
		took(YIELD);
	}
	void expire(ration_ns now, ration_effects *fx)
	{
		if (record_ != nullptr)
			ration_record_expire(record_, now, fx);
		else
			ration_expire(r_, now, fx);
		took(EXPIRE);
	}

	bool is_dumping = false;
	uint64_t count[KIND_COUNT] = {};

	uint64_t decisions() const { return count[TICK] + count[DECIDE]; }

private:
	void took(Kind kind)
	{
		count[kind]++;
		if (is_dumping)
			CALLGRIND_DUMP_STATS_AT(KIND_NAME[kind]);
	}

	ration *r_;
	ration_record *record_;
};

/* The host. */
class Machine {
public:
	Machine(Instance &instance, ration_record *record, bool is_recorded)
		: verbs(instance.r, is_recorded ? record : nullptr), in_(instance),
		  cpus_(instance.cpu_count), wakes_(instance.vcpu_count)
	{
		uint32_t count[EVENT_KIND_COUNT] = {};

		for (event_kind k : { EVENT_KIND_COMPLETION, EVENT_KIND_TIMER, EVENT_KIND_KICK,
		                      EVENT_KIND_SAVED })
			count[k] = instance.cpu_count;
		count[EVENT_KIND_EXPIRE] = 1;
		count[EVENT_KIND_WAKE] = instance.vcpu_count;
		must(event_queue_init(&queue_, count), "no memory");
		for (uint32_t c = 0; c < instance.cpu_count; c++) {
			event_init(&queue_, &cpus_[c].completion, EVENT_KIND_COMPLETION, c);
			event_init(&queue_, &cpus_[c].timer, EVENT_KIND_TIMER, c);
			event_init(&queue_, &cpus_[c].kick, EVENT_KIND_KICK, c);
			event_init(&queue_, &cpus_[c].save, EVENT_KIND_SAVED, c);
		}
		event_init(&queue_, &expire_, EVENT_KIND_EXPIRE, 0);
		instance.fill(record);
		for (uint32_t i = 0; i < instance.vcpu_count; i++) {
			event_init(&queue_, &wakes_[i], EVENT_KIND_WAKE, i);
			event_arm(&queue_, &wakes_[i], 1 + i * 10 * US);
		}
	}
	~Machine() { event_queue_free(&queue_); }
	Machine(const Machine &) = delete;

	/* Until that many decisions more were made. */
	void run(uint64_t decisions)
	{
		const uint64_t end = verbs.decisions() + decisions;

		while (verbs.decisions() < end)
			step();
	}

	ration_ns now() const { return queue_.base_ns; }

	/* In ppm, from the beginning. */
	uint64_t busy_ppm() const
	{
		uint64_t busy = 0;

		for (uint32_t c = 0; c < in_.cpu_count; c++) {
			ration_cpu_ledger ledger;

			ration_cpu_ledger_get(in_.r, c, now(), &ledger);
			busy += ledger.busy_ns;
		}
		return busy / (now() * in_.cpu_count / 1000000);
	}

	Verbs verbs;

private:
	struct Cpu {
		event completion, timer, kick, save;
		ration_vcpu *running = nullptr;
		ration_ns since_ns = 0;
		bool is_switching = false, is_kicked = false;
	};

	void step()
	{
		event *e = event_next(&queue_);

		switch (e->kind) {
		case EVENT_KIND_COMPLETION:
			complete(e->id);
			break;
		case EVENT_KIND_TIMER:
			decide(TICK, e->id);
			break;
		case EVENT_KIND_KICK:
			decide(DECIDE, e->id);
			break;
		case EVENT_KIND_SAVED:
			saved(e->id);
			break;
		case EVENT_KIND_EXPIRE:
			verbs.expire(now(), &fx_);
			take();
			break;
		default:
			verbs.wake(in_.guests[e->id].v, now(), &fx_);
			take();
		}
	}

	void complete(ration_cpu c)
	{
		ration_vcpu *v = cpus_[c].running;
		Guest &g = in_.guest(v);

		if (g.is_blocker) {
			verbs.block(v, now(), &fx_);
			event_arm(&queue_, &wakes_[ration_vcpu_slot_of(v)], now() + g.draw(g.sleep_ns));
		} else {
			verbs.yield(v, now(), &fx_);
		}
		take();
		pause(c);
		g.left_ns = g.draw(g.run_ns);
		decide(DECIDE, c);
	}

	/* What runs on c does not run on for now. */
	void pause(ration_cpu c)
	{
		Cpu &cpu = cpus_[c];

		if (cpu.running == nullptr)
			return;
		Guest &g = in_.guest(cpu.running);
		if (!g.is_hog())
			g.left_ns -= now() - cpu.since_ns;
		cpu.since_ns = now();
		event_cancel(&queue_, &cpu.completion);
	}

	void go_on(ration_cpu c)
	{
		Cpu &cpu = cpus_[c];

		cpu.since_ns = now();
		if (cpu.running != nullptr && !in_.guest(cpu.running).is_hog())
			event_arm(&queue_, &cpu.completion, now() + in_.guest(cpu.running).left_ns);
	}

	void decide(Kind kind, ration_cpu c)
	{
		Cpu &cpu = cpus_[c];
		ration_decision d;

		cpu.is_kicked = cpu.is_switching;
		if (cpu.is_switching)
			return;
		event_cancel(&queue_, &cpu.kick);
		pause(c);
		verbs.decide(kind, c, now(), &d, &fx_);
		cpu.running = d.vcpu;
		event_cancel(&queue_, &cpu.timer);
		if (d.until_ns != RATION_NEVER)
			event_arm(&queue_, &cpu.timer, d.until_ns);
		cpu.is_switching = d.switched;
		if (d.switched)
			event_arm(&queue_, &cpu.save, now() + DELAY_NS);
		else
			go_on(c);
		take();
	}

	void saved(ration_cpu c)
	{
		Cpu &cpu = cpus_[c];

		verbs.saved(c, now(), &fx_);
		cpu.is_switching = false;
		go_on(c);
		take();
		if (cpu.is_kicked)
			decide(DECIDE, c);
	}

	/* What the last verb asks for. */
	void take()
	{
		for (ration_cpuset s = fx_.resched; s != 0; s &= s - 1) {
			Cpu &cpu = cpus_[ration_cpuset_first(s)];

			if (!event_is_armed(&cpu.kick))
				event_arm(&queue_, &cpu.kick, now() + DELAY_NS);
		}
		event_cancel(&queue_, &expire_);
		if (fx_.expire_ns != RATION_NEVER)
			event_arm(&queue_, &expire_, fx_.expire_ns < now() ? now() : fx_.expire_ns);
	}

	Instance &in_;
	event_queue queue_{};
	event expire_{};
	std::vector<Cpu> cpus_;
	std::vector<event> wakes_;
	ration_effects fx_{};
};

}

#endif
