/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_machine.h - a machine for tests of the port: in one thread, with a clock
 * that the test sets and CPUs that it steps.
 *
 * It holds the port to its promises to the host: the lock is not taken twice,
 * `now` and `pending` are called under it and nothing else is, a context is
 * saved once and by the CPU that ran it.  What else the port does is in `log`.
 * While a context is saved the test may do what other CPUs do: on_save().
 */
#ifndef FAKE_MACHINE_H
#define FAKE_MACHINE_H

#include <functional>

#include "host.h"
#include "ration_port.h"
#include "ration_sedf.h"

class FakeMachine {
public:
	struct Cpu {
		bool kicked = false, fired = false;   /* its next guest or wait ends at once */
		bool inside = false;                  /* in ration_port_run() */
		ration_ns timer_ns = RATION_NEVER;
	};

	explicit FakeMachine(uint32_t cpu_count,
	                     std::vector<const ration_policy *> p = {&ration_rr, &ration_credit,
	                                                             &ration_sedf},
	                     ration_ns begin_ns = 0)
		: policies(std::move(p)), cpu(cpu_count), clock(begin_ns)
	{
		config.limits = {cpu_count, 16, 16};
		config.policies = policies.data();
		config.policy_count = uint32_t(policies.size());
		config.params = {30 * MS, 1 * MS};
		size_t size = ration_size(config.policies, config.policy_count, &config.limits);
		memory.resize(size / 8 + 2);
		char *block = reinterpret_cast<char *>(memory.data());
		block += 16 - (uintptr_t(block) & 15);
		EXPECT_EQ(RATION_OK, ration_init(block, size, &config, clock, &r));
		const ration_port_host host = {this, lock, unlock, now, kick, timer, save, pending};
		ration_port_init(&port, &host, r, &config);
	}
	FakeMachine(const FakeMachine &) = delete;

	/* ---- what tests call ---- */

	ration_vcpu *run(ration_cpu c, ration_exit why = RATION_EXIT_NONE,
	                 ration_vcpu *other = nullptr)
	{
		EXPECT_FALSE(cpu[c].inside);
		cpu[c].inside = true;
		if (why == RATION_EXIT_NONE)
			cpu[c].kicked = cpu[c].fired = false;
		ration_vcpu *v = ration_port_run(&port, c, {why, other});
		cpu[c].inside = false;
		EXPECT_EQ(ration_cpu_vcpu(r, c), v);
		checked();
		return v;
	}
	void wake(ration_vcpu *v, ration_cpu from = RATION_CPU_NONE)
	{
		ration_port_wake(&port, from, v);
		checked();
	}
	/* One verb under the lock: control([&](ration_ns now, ration_effects *fx) { ... }). */
	template <typename Verb> auto control(Verb verb, ration_cpu from = RATION_CPU_NONE)
	{
		ration_effects fx;
		ration_ns at = ration_port_begin(&port, from);
		auto answer = verb(at, &fx);
		ration_port_end(&port, &fx);
		checked();
		return answer;
	}
	ration_dom *dom(const ration_attr &a = attr_of())
	{
		return control([&](ration_ns at, ration_effects *fx) {
			ration_dom *d = nullptr;
			EXPECT_EQ(RATION_OK, ration_record_dom_admit(&port.record, next_id++, &a, at, fx,
			                                             &d));
			return d;
		});
	}
	ration_vcpu *vcpu(ration_cpuset hard = RATION_CPUSET_ALL, const ration_attr &a = attr_of())
	{
		ration_dom *d = dom(a);
		hard &= ration_cpuset_first_count(uint32_t(cpu.size()));
		ration_vcpu *v = control([&](ration_ns at, ration_effects *fx) {
			ration_vcpu *u = nullptr;
			EXPECT_EQ(RATION_OK, ration_record_admit(&port.record, d, 0, {hard, hard}, at, fx,
			                                         &u, nullptr));
			return u;
		});
		return v;
	}
	int cpu_down(ration_cpu c)
	{
		return control([&](ration_ns at, ration_effects *fx) {
			return ration_record_cpu_down(&port.record, c, true, at, fx, nullptr);
		});
	}
	int cpu_up(ration_cpu c)
	{
		return control([&](ration_ns at, ration_effects *fx) {
			return ration_record_cpu_up(&port.record, c, at, fx);
		});
	}

	/* What the port asked of the host since the last call. */
	std::string took()
	{
		std::string text;
		text.swap(log);
		return text;
	}
	ration_vcpu_info info(const ration_vcpu *v) const
	{
		ration_vcpu_info i;
		ration_vcpu_info_get(v, &i);
		return i;
	}
	ration_ns got(const ration_vcpu *v) const
	{
		ration_ledger l;
		ration_vcpu_ledger_get(r, v, port.now_ns, &l);
		return l.running_ns;
	}
	/* Timers that are due fire. */
	void fire()
	{
		for (Cpu &c : cpu)
			if (c.timer_ns <= clock) {
				c.timer_ns = RATION_NEVER;
				c.fired = true;
			}
	}

	std::vector<const ration_policy *> policies;
	std::vector<Cpu> cpu;
	ration_ns clock;
	ration *r = nullptr;
	ration_port port;
	std::string log;
	bool quiet = false;                                      /* no log */
	std::function<void(ration_cpu)> on_save = [](ration_cpu) {};
	std::function<void()> on_now = [] {};
	std::function<bool(ration_vcpu *)> is_pending = [](ration_vcpu *) { return false; };
	ration_config config = {};

private:
	std::vector<uint64_t> memory;
	uint32_t next_id = 1;
	int held = 0;

	void checked()
	{
		const char *broken = ration_check(r);
		EXPECT_EQ(nullptr, broken) << broken;
		EXPECT_EQ(0, held);
	}
	void say(const std::string &text)
	{
		EXPECT_EQ(0, held) << text << " under the lock";
		if (!quiet)
			log += text + " ";
	}
	static FakeMachine &of(void *context) { return *static_cast<FakeMachine *>(context); }

	static void lock(void *context) { EXPECT_EQ(1, ++of(context).held); }
	static void unlock(void *context) { EXPECT_EQ(0, --of(context).held); }
	static ration_ns now(void *context)
	{
		FakeMachine &m = of(context);
		EXPECT_EQ(1, m.held);
		m.on_now();
		return m.clock;
	}
	static void kick(void *context, ration_cpu c)
	{
		of(context).say("kick" + std::to_string(c));
		ASSERT_LT(c, of(context).cpu.size());
		of(context).cpu[c].kicked = true;
	}
	static void timer(void *context, ration_cpu c, ration_ns at_ns)
	{
		FakeMachine &m = of(context);
		m.say("timer" + std::to_string(c) + "=" +
		      (at_ns == RATION_NEVER ? "never" : std::to_string(at_ns / US)));
		EXPECT_TRUE(m.cpu[c].inside);
		m.cpu[c].timer_ns = at_ns;
	}
	static void save(void *context, ration_cpu c, ration_vcpu *v)
	{
		FakeMachine &m = of(context);
		m.say("save" + std::to_string(c) + ":" + std::to_string(ration_vcpu_slot_of(v)));
		EXPECT_TRUE(m.cpu[c].inside);
		EXPECT_NE(0, v->flags & RATION_VCPU_UNSAVED);
		m.on_save(c);
		EXPECT_NE(0, v->flags & RATION_VCPU_UNSAVED) << "reported saved too early";
	}
	static bool pending(void *context, ration_vcpu *v)
	{
		EXPECT_EQ(1, of(context).held);
		return of(context).is_pending(v);
	}
};

#endif
