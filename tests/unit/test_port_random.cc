/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_port_random.cc - the port on a machine that does anything at any moment:
 * guests that block, yield and wake each other, timers that fire early, time
 * that differs from CPU to CPU, control verbs, and all of that also while a
 * context is saved.  SEEDS machines are drawn (200 where it is not set).
 *
 * After every call: no CPU idles that nobody told of a vCPU which may run there;
 * every CPU's timer is set that is needed, and so is one for ration_expire(); no
 * vCPU is blocked that has an event it did not see.  And at the end, left alone
 * but for its timers, the machine does not stall.
 */
#include <cstdlib>

#include "fake_machine.h"

namespace {

class World {
public:
	explicit World(uint32_t seed)
		: x(seed * 2654435761u + 1), m(1 + draw(4)), ring(1 << 12)
	{
		m.quiet = true;
		if (draw(2) != 0)
			ration_record_start(&m.port.record, ring.data(), ring.size(), 0);
		m.on_now = [this] { skew(); };
		m.is_pending = [this](ration_vcpu *v) { return event[v]; };
		m.on_save = [this](ration_cpu) {
			for (uint32_t n = draw(4); depth < 3 && n-- != 0;)
				step();
		};
		for (uint32_t n = 2 + draw(6); n-- != 0;)
			come();
	}

	void run()
	{
		for (int i = 0; i < 400 && !::testing::Test::HasFailure(); i++)
			step();
		settle();
		live();
	}

private:
	uint32_t x;
	FakeMachine m;
	std::vector<uint64_t> ring;
	std::vector<ration_vcpu *> all;
	std::map<ration_vcpu *, bool> event;      /* came, and v has not seen it */
	ration_ns true_ns = 0;
	int depth = 0;

	uint32_t draw(uint32_t n)
	{
		x = x * 1664525 + 1013904223;
		return (x >> 8) % n;
	}
	ration_vcpu *any() { return all[draw(uint32_t(all.size()))]; }
	ration_cpuset mask()
	{
		uint32_t count = uint32_t(m.cpu.size());
		ration_cpuset set = draw(1u << count) & ration_cpuset_first_count(count);
		return set != 0 ? set : RATION_CPUSET_ALL & ration_cpuset_first_count(count);
	}

	/* Each CPU's clock is up to 20 us behind. */
	void skew() { m.clock = true_ns - std::min<ration_ns>(true_ns, draw(20) * US); }

	void come()
	{
		if (all.size() >= 12)
			return;
		ration_vcpu *v = m.vcpu(mask(), attr_of(64 + draw(512), draw(3) == 0 ? 5 + draw(60) : 0));
		all.push_back(v);
		event[v] = false;
	}
	void go()
	{
		size_t i = draw(uint32_t(all.size()));
		ration_vcpu *v = all[i];
		ration_dom *d = ration_vcpu_dom(v);
		int status = m.control([&](ration_ns at, ration_effects *fx) {
			int left = ration_record_leave(&m.port.record, v, at, fx);
			if (left != RATION_OK)
				return left;
			ration_port_effects(&m.port, fx);
			return ration_record_dom_leave(&m.port.record, d, at, fx);
		});
		if (status != RATION_OK)
			return;
		all.erase(all.begin() + long(i));
		event.erase(v);
	}

	void come_or_go()
	{
		if (all.size() > 2 && draw(2) == 0)
			go();
		else
			come();
	}

	void pause(ration_vcpu *v)
	{
		m.control([&](ration_ns at, ration_effects *fx) {
			if (m.info(v).pause_count != 0)
				ration_record_resume(&m.port.record, v, at, fx);
			else
				ration_record_pause(&m.port.record, v, at, fx);
			return 0;
		});
	}
	void plug(ration_vcpu *v)
	{
		m.control([&](ration_ns at, ration_effects *fx) {
			if (m.info(v).online)
				ration_record_down(&m.port.record, v, at, fx);
			else
				ration_record_up(&m.port.record, v, at, fx);
			return 0;
		});
	}
	void pin(ration_vcpu *v)
	{
		m.control([&](ration_ns at, ration_effects *fx) {
			return ration_record_pin(&m.port.record, v, {mask(), mask()}, at, fx, nullptr);
		});
	}
	void set(ration_dom *d)
	{
		m.control([&](ration_ns at, ration_effects *fx) {
			ration_attr a;
			ration_dom_get(d, &a);
			a.weight = 64 + draw(512);
			a.cap_ppm = draw(2) * (50000 + draw(500000));
			return ration_record_dom_set(&m.port.record, d, &a, at, fx, nullptr);
		});
	}
	void policy()
	{
		m.control([&](ration_ns at, ration_effects *fx) {
			return ration_record_policy_set(&m.port.record, m.policies[draw(3)], at, fx, nullptr);
		});
	}
	void charge(ration_dom *d)
	{
		m.control([&](ration_ns at, ration_effects *fx) {
			ration_record_dom_charge(&m.port.record, d, draw(100) * US, RATION_HELPER_BACKEND, at,
			                         fx);
			return 0;
		});
	}
	void cpu_turn(ration_cpu c)
	{
		if (ration_cpuset_has(ration_cpu_online(m.r), c))
			(void)m.cpu_down(c);
		else
			(void)m.cpu_up(c);
	}

	void wake(ration_vcpu *v)
	{
		event[v] = true;
		m.wake(v, draw(2) != 0 ? RATION_CPU_NONE : draw(uint32_t(m.cpu.size())));
	}

	void pass(ration_ns ns)
	{
		true_ns += ns;
		m.clock = true_ns;
		m.fire();
	}

	bool is_called(ration_cpu c) const { return m.cpu[c].kicked || m.cpu[c].fired; }

	/* c leaves its guest or wait: it is called, or the guest asks for something. */
	void exit(ration_cpu c)
	{
		if (m.cpu[c].inside)
			return;
		ration_vcpu *v = m.port.cpu[c].running;
		if (v == nullptr || draw(2) == 0) {
			if (is_called(c) || draw(8) == 0)
				(void)m.run(c);
			return;
		}
		switch (draw(4)) {
		case 0: ask(c, RATION_EXIT_YIELD); break;
		case 1: ask(c, RATION_EXIT_YIELD_TO, any()); break;
		default:
			if (event[v]) {
				event[v] = false;         /* it looks, and has something to do */
				break;
			}
			if (draw(3) == 0)
				wake(v);
			ask(c, RATION_EXIT_BLOCK);
		}
	}

	/* A guest comes to its host on its own: a kick that is there is served with that. */
	void ask(ration_cpu c, ration_exit why, ration_vcpu *other = nullptr)
	{
		if (draw(2) == 0)
			m.cpu[c].kicked = false;
		(void)m.run(c, why, other);
	}

	void step()
	{
		depth++;
		switch (draw(24)) {
		case 0: case 1: case 2: case 3: wake(any()); break;
		case 4: pause(any()); break;
		case 5: plug(any()); break;
		case 6: pin(any()); break;
		case 7: set(ration_vcpu_dom(any())); break;
		case 8: cpu_turn(draw(uint32_t(m.cpu.size()))); break;
		case 9: come_or_go(); break;
		case 10: draw(4) == 0 ? policy() : charge(ration_vcpu_dom(any())); break;
		case 11: pass(draw(10) * MS); break;
		case 12: pass(draw(100) * US); break;
		case 13:
			/* A timer that fires early. */
			for (FakeMachine::Cpu &c : m.cpu)
				if (c.timer_ns <= true_ns + 50 * US)
					c.fired = true, c.timer_ns = RATION_NEVER;
			break;
		default: exit(draw(uint32_t(m.cpu.size()))); break;
		}
		audit();
		depth--;
	}

	bool may_run(ration_vcpu *v, ration_cpu c)
	{
		ration_vcpu_info i = m.info(v);
		return i.state == RATION_STATE_WAITING && i.cause >= RATION_WAIT_KICK &&
		       ration_cpuset_has(i.affinity.hard & ration_cpu_online(m.r), c);
	}

	void audit()
	{
		bool anyone = false;
		for (ration_cpu c = 0; c < m.cpu.size(); c++) {
			const FakeMachine::Cpu &cpu = m.cpu[c];
			bool comes = cpu.inside || is_called(c);
			anyone = anyone || comes || cpu.timer_ns <= m.port.expire_ns;
			EXPECT_TRUE(comes || !ration_cpuset_has(m.port.kicked, c)) << "lost kick of " << c;
			EXPECT_TRUE(comes || !ration_cpuset_has(m.port.sent, c)) << "kick not sent to " << c;
			EXPECT_TRUE(comes || cpu.timer_ns <= m.port.cpu[c].until_ns) << "no timer on " << c;
			if (comes || ration_cpu_vcpu(m.r, c) != nullptr)
				continue;
			for (ration_vcpu *v : all)
				EXPECT_FALSE(may_run(v, c) && !is_promised(v, c))
					<< "vCPU " << ration_vcpu_slot_of(v) << " waits (" << ration_policy_name(
						ration_policy_get(m.r)) << ": " << ration_wait_name(m.info(v).cause)
					<< "), CPU " << c << " idles";
		}
		EXPECT_TRUE(anyone || m.port.expire_ns == RATION_NEVER ||
		            ration_cpu_online(m.r) == 0) << "nobody will expire";
		for (ration_vcpu *v : all)
			EXPECT_FALSE(event[v] && m.info(v).state == RATION_STATE_BLOCKED) << "lost wake-up";
	}

	/* Another CPU is on its way, and takes it, or went off line and passes it on. */
	bool is_promised(ration_vcpu *v, ration_cpu but)
	{
		for (ration_cpu c = 0; c < m.cpu.size(); c++)
			if (c != but && (m.cpu[c].inside || is_called(c)) &&
			    (may_run(v, c) || ration_cpu_get(m.r, c)->kicked_for == v))
				return true;
		return false;
	}

	/* Whoever is called comes, until nobody is. */
	void settle()
	{
		bool busy = true;
		m.on_save = [](ration_cpu) {};
		for (int i = 0; busy && i < 1000; i++) {
			busy = false;
			m.clock = true_ns;
			m.fire();
			for (ration_cpu c = 0; c < m.cpu.size(); c++)
				if (is_called(c)) {
					(void)m.run(c);
					busy = true;
				}
		}
		EXPECT_FALSE(busy) << "it does not come to rest";
		EXPECT_EQ(0u, m.port.kicked);
		EXPECT_EQ(0u, m.port.sent);
		audit();
	}

	/* Everybody wants to run; nothing happens but timers. */
	void live()
	{
		m.on_now = [this] { m.clock = true_ns; };
		for (ration_vcpu *v : all) {
			m.wake(v);
			while (m.info(v).pause_count != 0)
				pause(v);
			if (!m.info(v).online)
				plug(v);
		}
		settle();
		std::map<ration_vcpu *, ration_ns> before;
		for (ration_vcpu *v : all)
			before[v] = m.got(v);
		for (ration_ns end = true_ns + 4 * S; !::testing::Test::HasFailure();) {
			ration_ns next = RATION_NEVER;
			for (const FakeMachine::Cpu &c : m.cpu)
				next = std::min(next, c.timer_ns);
			if (next > end)
				break;
			true_ns = std::max(true_ns, next);
			settle();
		}
		for (ration_vcpu *v : all) {
			ration_vcpu_info i = m.info(v);
			bool leaving = (v->flags & RATION_VCPU_LEAVING) != 0;
			bool placed = (i.affinity.hard & ration_cpu_online(m.r)) != 0;
			EXPECT_TRUE(leaving || !placed || before[v] < m.got(v))
				<< "vCPU " << ration_vcpu_slot_of(v) << " waits for ever: "
				<< ration_wait_name(i.cause);
		}
	}
};

TEST(PortRandom, NothingIsLostAndNothingStalls)
{
	const char *text = std::getenv("SEEDS");
	uint32_t seeds = text != nullptr ? uint32_t(std::atoi(text)) : 200;
	uint32_t first = std::getenv("SEED") != nullptr ? uint32_t(std::atoi(std::getenv("SEED"))) : 1;
	for (uint32_t seed = first; seed <= seeds && !HasFailure(); seed++) {
		SCOPED_TRACE("SEED=" + std::to_string(seed));
		World(seed).run();
	}
}

}
