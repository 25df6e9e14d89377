/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.h - a host for tests: the memory of one instance, and the machine under it.
 *
 * The machine has no costs: a kick arrives, and a context is saved, at once.
 * Verbs are called through it (`h.wake(v)`) and it does what the effects ask
 * for; run_until() lets time pass.  A vCPU does nothing but run (a hog) unless
 * loop() makes it run and block in turns.  With `manual` set nothing is done
 * by itself: the test calls decide(), saved() and expire().
 *
 * At one instant: blocks before saves, kicks, timers, expire, and wakes last;
 * CPUs and vCPUs by number.  ration_check() follows every step, and that no CPU
 * stands idle while a vCPU queues that may run there.
 */
#ifndef HOST_H
#define HOST_H

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "ration_credit.h"
#include "ration_rr.h"

constexpr ration_ns US = RATION_NS_PER_US, MS = RATION_NS_PER_MS, S = RATION_NS_PER_S;

struct HostOptions {
	uint32_t cpu_count = 1;
	std::vector<const ration_policy *> policies = {&ration_credit};
	ration_params params = {RATION_TSLICE_DEFAULT_NS, RATION_RATELIMIT_DEFAULT_NS};
	uint32_t dom_count = 64, vcpu_count = 64;
	const ration_topology *topology = nullptr;
	ration_ns begin_ns = 0;
	bool manual = false;
	bool work_conserving = true;   /* are the policies? */
};

inline HostOptions host_of(uint32_t cpu_count, std::vector<const ration_policy *> policies,
                           bool manual = false)
{
	HostOptions o;
	o.cpu_count = cpu_count;
	o.policies = std::move(policies);
	o.manual = manual;
	return o;
}

inline ration_attr attr_of(uint32_t weight = RATION_WEIGHT_DEFAULT, uint32_t cap_percent = 0,
                           uint32_t floor_percent = 0)
{
	ration_attr a;
	ration_attr_default(&a);
	a.weight = weight;
	a.cap_ppm = cap_percent * 10000;
	a.floor_ppm = floor_percent * 10000;
	return a;
}

/* Field by field: what lies between the fields is nobody's. */
inline bool attr_is_equal(const ration_attr &a, const ration_attr &b)
{
	return a.weight == b.weight && a.cap_ppm == b.cap_ppm && a.floor_ppm == b.floor_ppm &&
	       a.burst_ns == b.burst_ns && a.period_ns == b.period_ns && a.slice_ns == b.slice_ns &&
	       a.latency_ns == b.latency_ns && a.extratime == b.extratime && a.shadow == b.shadow;
}

class Host {
public:
	explicit Host(const HostOptions &o) : options(o), now(o.begin_ns), cpus(o.cpu_count)
	{
		ration_config config = {};
		config.limits = {o.cpu_count, o.dom_count, o.vcpu_count};
		config.policies = options.policies.data();
		config.policy_count = uint32_t(options.policies.size());
		config.params = o.params;
		config.topology = o.topology;
		size = ration_size(config.policies, config.policy_count, &config.limits);
		memory.reset(new (std::align_val_t(16)) char[size]);
		EXPECT_EQ(RATION_OK, ration_init(memory.get(), size, &config, now, &r));
	}

	/* ---- who is there ---- */

	ration_dom *dom(const ration_attr &a = attr_of())
	{
		ration_dom *d = nullptr;
		EXPECT_EQ(RATION_OK, ration_dom_admit(r, next_id++, &a, now, &fx, &d));
		take();
		return d;
	}

	ration_vcpu *vcpu(ration_dom *d, ration_cpuset hard = RATION_CPUSET_ALL,
	                  ration_cpuset soft = RATION_CPUSET_ALL)
	{
		ration_vcpu *v = nullptr;
		uint32_t idx = 0;
		for (ration_vcpu *u = ration_vcpu_first(d); u != nullptr; u = ration_vcpu_next(u))
			idx = ration_vcpu_idx(u) + 1;
		hard &= ration_cpuset_first_count(options.cpu_count);
		EXPECT_EQ(RATION_OK,
		          ration_vcpu_admit(r, d, idx, {hard, soft}, now, &fx, &v, nullptr));
		std::string letter(1, char('A' + guests.size()));
		guests[v] = Guest();
		guests[v].name = letter;
		take();
		return v;
	}

	/* A domain of one vCPU that is awake. */
	ration_vcpu *hog(const ration_attr &a = attr_of(), ration_cpuset hard = RATION_CPUSET_ALL)
	{
		ration_vcpu *v = vcpu(dom(a), hard);
		wake(v);
		return v;
	}

	/* From its next wake-up on, v runs for `run_ns` of CPU time and sleeps for `sleep_ns`. */
	void loop(ration_vcpu *v, ration_ns run_ns, ration_ns sleep_ns)
	{
		guests[v].run_ns = guests[v].left_ns = run_ns;
		guests[v].sleep_ns = sleep_ns;
	}

	/* ---- verbs ---- */

	void wake(ration_vcpu *v)
	{
		ration_vcpu_info info;
		ration_vcpu_info_get(v, &info);
		if (info.state == RATION_STATE_BLOCKED)
			guests[v].woke_at = now;
		guests[v].wake_at = RATION_NEVER;
		ration_vcpu_wake(r, v, now, &fx);
		take();
	}
	void block(ration_vcpu *v)
	{
		ration_vcpu_block(r, v, now, &fx);
		give_up(v);
	}
	void yield(ration_vcpu *v)
	{
		ration_vcpu_yield(r, v, now, &fx);
		give_up(v);
	}
	void yield_to(ration_vcpu *v, ration_vcpu *other)
	{
		ration_vcpu_yield_to(r, v, other, now, &fx);
		give_up(v);
	}
	void pause(ration_vcpu *v) { ration_vcpu_pause(r, v, now, &fx), take(); }
	void resume(ration_vcpu *v) { ration_vcpu_resume(r, v, now, &fx), take(); }
	void pause(ration_dom *d) { ration_dom_pause(r, d, now, &fx), take(); }
	void resume(ration_dom *d) { ration_dom_resume(r, d, now, &fx), take(); }
	void down(ration_vcpu *v) { ration_vcpu_down(r, v, now, &fx), take(); }
	void up(ration_vcpu *v) { ration_vcpu_up(r, v, now, &fx), take(); }
	int leave(ration_vcpu *v)
	{
		int status = ration_vcpu_leave(r, v, now, &fx);
		guests[v].left = status == RATION_OK;
		return took(status);
	}
	int leave(ration_dom *d) { return took(ration_dom_leave(r, d, now, &fx)); }
	int pin(ration_vcpu *v, ration_cpuset hard, ration_cpuset soft = RATION_CPUSET_ALL)
	{
		return took(ration_vcpu_pin(r, v, {hard, soft}, now, &fx, &why));
	}
	int set(ration_dom *d, const ration_attr &a)
	{
		return took(ration_dom_set(r, d, &a, now, &fx, &why));
	}
	int cpu_down(ration_cpu c, bool force = false)
	{
		return took(ration_cpu_down(r, c, force, now, &fx, &why));
	}
	int cpu_up(ration_cpu c) { return took(ration_cpu_up(r, c, now, &fx)); }
	int policy(const ration_policy *p)
	{
		return took(ration_policy_set(r, p, now, &fx, &why));
	}
	int params(ration_ns tslice_ns, ration_ns ratelimit_ns)
	{
		ration_params p = {tslice_ns, ratelimit_ns};
		return took(ration_params_set(r, &p, now, &fx));
	}
	void charge(ration_dom *d, ration_ns ns)
	{
		ration_dom_charge(r, d, ns, RATION_HELPER_BACKEND, now, &fx);
		take();
	}

	/* ---- the protocol, for manual hosts; the others do it by themselves ---- */

	ration_vcpu *decide(ration_cpu c)
	{
		Cpu &cpu = cpus[c];
		cpu.kicked = false;
		stop(c);
		ration_decide(r, c, now, &last, &fx);
		if (last.vcpu != cpu.vcpu || last.until_ns != cpu.until)
			trace += std::to_string(now / US) + " " + std::to_string(c) + " " +
			         name(last.vcpu) + " " + until_text(last.until_ns) + "\n";
		cpu.vcpu = last.vcpu;
		cpu.until = last.until_ns;
		cpu.saving = last.switched;
		cpu.since = now;
		take();
		return last.vcpu;
	}
	void saved(ration_cpu c)
	{
		ration_cpu_saved(r, c, now, &fx);
		cpus[c].saving = false;
		cpus[c].since = now;
		if (cpus[c].vcpu != nullptr)
			dispatched(guests[cpus[c].vcpu]);
		take();
	}
	void expire()
	{
		ration_expire(r, now, &fx);
		take();
	}

	/* Let time pass, up to and with everything that happens at `until`. */
	void run_until(ration_ns until)
	{
		while (step(until))
			;
		now = until;
	}
	void run_for(ration_ns ns) { run_until(now + ns); }

	/* ---- what there is to see ---- */

	ration_vcpu_info info(const ration_vcpu *v) const
	{
		ration_vcpu_info i;
		ration_vcpu_info_get(v, &i);
		return i;
	}
	ration_ledger ledger(const ration_vcpu *v) const
	{
		ration_ledger l;
		ration_vcpu_ledger_get(r, v, now, &l);
		return l;
	}
	ration_ledger ledger(const ration_dom *d) const
	{
		ration_ledger l;
		ration_dom_ledger_get(r, d, now, &l);
		return l;
	}
	ration_cpu_ledger books(ration_cpu c) const
	{
		ration_cpu_ledger l;
		ration_cpu_ledger_get(r, c, now, &l);
		return l;
	}
	ration_ns got(const ration_vcpu *v) const { return ledger(v).running_ns; }
	ration_ns waited(const ration_vcpu *v, ration_wait cause) const
	{
		return ledger(v).wait_ns[cause];
	}
	ration_vcpu *on(ration_cpu c) const { return ration_cpu_vcpu(r, c); }
	std::string name(const ration_vcpu *v) const
	{
		return v == nullptr ? "-" : guests.at(const_cast<ration_vcpu *>(v)).name;
	}
	/* The longest time from a wake-up to its dispatch so far. */
	ration_ns latency_max(ration_vcpu *v) { return guests[v].latency_max; }
	void latency_forget(ration_vcpu *v) { guests[v].latency_max = 0; }
	bool is_kicked(ration_cpu c) const { return cpus[c].kicked; }
	ration_ns until(ration_cpu c) const { return cpus[c].until; }
	ration_ns expire_at() const { return expire_ns; }

	HostOptions options;
	ration *r = nullptr;
	ration_ns now;
	ration_effects fx = {0, RATION_NEVER};    /* of the last verb */
	ration_decision last = {};                /* of the last decide */
	ration_refusal why = {};                  /* of the last refusal */
	std::string trace;                        /* "time_us cpu vcpu until_us" per decision */
	size_t size;

private:
	struct Delete {
		void operator()(char *p) const { ::operator delete[](p, std::align_val_t(16)); }
	};
	struct Cpu {
		bool kicked = false, saving = false;
		ration_ns until = RATION_NEVER;
		ration_vcpu *vcpu = nullptr;
		ration_ns since = 0;              /* the guest's time is taken up to here */
	};
	struct Guest {
		std::string name;
		bool left = false;
		ration_ns run_ns = 0, sleep_ns = 0, left_ns = 0;   /* run_ns 0: a hog */
		ration_ns wake_at = RATION_NEVER;
		ration_ns woke_at = RATION_NEVER, latency_max = 0;
	};

	std::unique_ptr<char[], Delete> memory;
	std::vector<Cpu> cpus;
	std::map<ration_vcpu *, Guest> guests;
	uint32_t next_id = 1;
	ration_ns expire_ns = RATION_NEVER;
	bool busy = false;

	/* Nobody queues for a CPU that stands idle and is not about to decide. */
	void audit()
	{
		if (!options.work_conserving)
			return;
		for (ration_cpu c = 0; c < cpus.size(); c++) {
			if (on(c) != nullptr || cpus[c].kicked ||
			    !ration_cpuset_has(ration_cpu_online(r), c))
				continue;
			for (auto &[v, g] : guests) {
				if (g.left)
					continue;
				ration_vcpu_info i = info(v);
				bool queues = i.state == RATION_STATE_WAITING &&
				              (i.cause == RATION_WAIT_QUEUE ||
				               i.cause == RATION_WAIT_RATELIMIT);
				EXPECT_FALSE(queues && ration_cpuset_has(i.affinity.hard, c))
					<< g.name << " is stranded and CPU " << c << " idle at " << now;
			}
		}
	}

	static std::string until_text(ration_ns until)
	{
		return until == RATION_NEVER ? "never" : std::to_string(until / US);
	}

	static void dispatched(Guest &g)
	{
		/* The machine calls saved() at the instant of the dispatch. */
		g.woke_at = RATION_NEVER;
	}

	/* What the last verb asks for. */
	void take()
	{
		EXPECT_TRUE(ration_cpuset_within(fx.resched,
		                                 ration_cpuset_first_count(options.cpu_count)));
		for (ration_cpuset s = fx.resched; s != 0; s = ration_cpuset_rest(s))
			cpus[ration_cpuset_first(s)].kicked = true;
		expire_ns = fx.expire_ns;
		const char *broken = ration_check(r);
		EXPECT_EQ(nullptr, broken) << broken << " at " << now << " ns";
		audit();
		if (!options.manual && !busy)
			run_until(now);
	}
	int took(int status)
	{
		take();
		return status;
	}

	/* The CPU of a vCPU that blocked or yielded decides next. */
	void give_up(ration_vcpu *v)
	{
		cpus[info(v).cpu].kicked = true;
		take();
	}

	/* Take the guest's CPU time on c up to now. */
	void stop(ration_cpu c)
	{
		Cpu &cpu = cpus[c];
		if (cpu.vcpu == nullptr || cpu.saving)
			return;
		Guest &g = guests[cpu.vcpu];
		if (g.run_ns != 0)
			g.left_ns -= now - cpu.since;
		cpu.since = now;
	}

	void latency(ration_vcpu *v)
	{
		Guest &g = guests[v];
		if (g.woke_at != RATION_NEVER && now - g.woke_at > g.latency_max)
			g.latency_max = now - g.woke_at;
	}

	enum What { BLOCK, SAVE, KICK, TIMER, EXPIRE, WAKE, NOTHING };
	struct Due {
		ration_ns at;
		What what;
		ration_cpu c;
		ration_vcpu *v;
	};

	static void sooner(Due *due, ration_ns at, What what, ration_cpu c, ration_vcpu *v)
	{
		if (at < due->at || (at == due->at && what < due->what))
			*due = {at, what, c, v};
	}

	Due next()
	{
		Due due = {RATION_NEVER, NOTHING, 0, nullptr};
		for (ration_cpu c = 0; c < cpus.size(); c++) {
			const Cpu &cpu = cpus[c];
			if (cpu.saving) {
				sooner(&due, now, SAVE, c, nullptr);
				continue;
			}
			if (cpu.kicked)
				sooner(&due, now, KICK, c, nullptr);
			sooner(&due, cpu.until, TIMER, c, nullptr);
			if (cpu.vcpu != nullptr && guests[cpu.vcpu].run_ns != 0)
				sooner(&due, cpu.since + guests[cpu.vcpu].left_ns, BLOCK, c, cpu.vcpu);
		}
		if (expire_ns != RATION_NEVER)
			sooner(&due, expire_ns, EXPIRE, 0, nullptr);
		for (auto &[v, g] : guests)
			if (g.wake_at != RATION_NEVER)
				sooner(&due, g.wake_at, WAKE, 0, v);
		return due;
	}

	/* The next thing that happens, if it does by `until`. */
	bool step(ration_ns until)
	{
		Due due = next();
		if (due.what == NOTHING || due.at > until || ::testing::Test::HasFailure())
			return false;
		busy = true;
		now = due.at > now ? due.at : now;
		switch (due.what) {
		case BLOCK:
			stop(due.c);
			guests[due.v].left_ns = guests[due.v].run_ns;
			guests[due.v].wake_at = now + guests[due.v].sleep_ns;
			block(due.v);
			break;
		case SAVE:
			if (cpus[due.c].vcpu != nullptr)
				latency(cpus[due.c].vcpu);
			saved(due.c);
			break;
		case KICK: case TIMER: decide(due.c); break;
		case EXPIRE: expire(); break;
		default: wake(due.v); break;
		}
		busy = false;
		return true;
	}
};

#endif
