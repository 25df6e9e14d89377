/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_port.cc - the port, call by call: what it asks of its host and in what
 * order.  `log` reads: kick1 = kick CPU 1; timer0=30000 = CPU 0's timer to
 * 30 ms; save0:2 = save on CPU 0 the context of vCPU 2.
 */
#include "fake_machine.h"

namespace {

/* The verbs that were called, and from which CPU: what the recorder saw. */
std::vector<std::pair<uint32_t, uint32_t>> verbs_of(FakeMachine &m)
{
	std::vector<uint8_t> b(1 << 16);
	std::vector<std::pair<uint32_t, uint32_t>> all;
	size_t size = ration_record_drain(&m.port.record, b.data(), b.size());
	for (size_t at = RATION_RECORD_BLOCK_HEAD; at + 8 <= size;) {
		uint64_t word = 0;
		for (int i = 8; i-- > 0;)
			word = word << 8 | b[at + size_t(i)];
		ration_record_word head = ration_record_split(word);
		at += 8 * (1 + ration_record_args(head));
		if (head.verb != RECORD_TIME)
			all.push_back({head.verb, head.cpu});
	}
	return all;
}

using Verbs = std::vector<std::pair<uint32_t, uint32_t>>;

struct Recorded : FakeMachine {
	std::vector<uint64_t> ring = std::vector<uint64_t>(4096);
	explicit Recorded(uint32_t cpu_count, std::vector<const ration_policy *> p = {&ration_rr})
		: FakeMachine(cpu_count, std::move(p))
	{
		ration_record_start(&port.record, ring.data(), ring.size(), 0);
	}
};

TEST(Port, BlockAndDecideInOneHold)
{
	Recorded m(1);
	ration_vcpu *a = m.vcpu(), *b = m.vcpu();
	m.wake(a), m.wake(b);
	EXPECT_EQ(a, m.run(0));
	EXPECT_EQ("kick0 timer0=30000 ", m.took());
	(void)verbs_of(m);
	int holds = 0;
	m.on_now = [&] { holds++; };
	m.on_save = [&](ration_cpu) {
		EXPECT_EQ(1, holds) << "block and decide in the first hold";
		EXPECT_EQ((Verbs{{RECORD_BLOCK, 0}, {RECORD_DECIDE, 0}}), verbs_of(m));
	};
	m.clock = 5 * MS;
	EXPECT_EQ(b, m.run(0, RATION_EXIT_BLOCK));
	EXPECT_EQ(2, holds);
	EXPECT_EQ((Verbs{{RECORD_SAVED, 0}}), verbs_of(m));
	EXPECT_EQ("save0:0 timer0=35000 ", m.took());
	EXPECT_EQ(RATION_STATE_BLOCKED, m.info(a).state);
	m.on_save = [&](ration_cpu) { (void)verbs_of(m); };
	EXPECT_EQ(nullptr, m.run(0, RATION_EXIT_BLOCK));
	EXPECT_EQ("save0:1 timer0=never ", m.took());
}

/* No context to save: one hold for the whole switch. */
TEST(Port, FromIdleTheLockIsTakenOnce)
{
	FakeMachine m(1);
	ration_vcpu *a = m.vcpu();
	m.wake(a);
	int holds = 0;
	m.on_now = [&] { holds++; };
	EXPECT_EQ(a, m.run(0));
	EXPECT_EQ(1, holds);
}

TEST(Port, AVcpuIsNobodysUntilItIsSaved)
{
	FakeMachine m(2);
	ration_vcpu *a = m.vcpu();
	m.wake(a);
	EXPECT_EQ("kick0 ", m.took());
	ASSERT_EQ(a, m.run(0));
	m.on_save = [&](ration_cpu c) {
		EXPECT_EQ(0u, c);
		m.wake(a, 1);
		EXPECT_EQ(RATION_STATE_WAITING, m.info(a).state);
		EXPECT_EQ(RATION_WAIT_SWITCH, m.info(a).cause);
		EXPECT_EQ(nullptr, m.run(1));
	};
	/* It blocked, and is woken while it is saved: it goes on as soon as it is. */
	ration_vcpu *next = m.run(0, RATION_EXIT_BLOCK);
	if (next == nullptr) {
		EXPECT_TRUE(m.cpu[1].kicked);
		next = m.run(1);
	}
	EXPECT_EQ(a, next);
}

TEST(Port, AWakeBetweenTheLastLookAndTheBlock)
{
	Recorded m(1);
	ration_vcpu *a = m.vcpu();
	m.wake(a);
	ASSERT_EQ(a, m.run(0));
	(void)m.took(), (void)verbs_of(m);
	int asked = 0;
	m.is_pending = [&](ration_vcpu *v) { return asked++, v == a; };
	EXPECT_EQ(a, m.run(0, RATION_EXIT_BLOCK)) << "the wake-up is lost";
	EXPECT_EQ(1, asked);
	EXPECT_EQ((Verbs{{RECORD_BLOCK, 0}, {RECORD_WAKE, 0}, {RECORD_DECIDE, 0}}), verbs_of(m));
	EXPECT_EQ("", m.took());
	EXPECT_EQ(a, m.run(0, RATION_EXIT_YIELD));
	EXPECT_EQ(1, asked) << "who yields does not block";
}

TEST(Port, AWakeKicksTheCpuOnce)
{
	Recorded m(4);
	ration_vcpu *a = m.vcpu(4), *b = m.vcpu(4);
	(void)verbs_of(m);
	m.wake(a);
	EXPECT_EQ("kick2 ", m.took());
	m.wake(b);
	m.wake(a);
	EXPECT_EQ("", m.took()) << "its kick is under way";
	EXPECT_EQ(a, m.run(2));
	EXPECT_EQ("timer2=30000 ", m.took());
	EXPECT_EQ((Verbs{{RECORD_WAKE, RATION_CPU_NONE}, {RECORD_WAKE, RATION_CPU_NONE},
	                 {RECORD_WAKE, RATION_CPU_NONE}, {RECORD_DECIDE, 2}, {RECORD_SAVED, 2}}),
	          verbs_of(m));
	EXPECT_EQ(b, m.run(2, RATION_EXIT_BLOCK));
	EXPECT_EQ(nullptr, m.run(2, RATION_EXIT_BLOCK));
	(void)m.took();
	m.wake(a, 2);
	EXPECT_EQ("kick2 ", m.took()) << "a CPU that wakes a vCPU for itself is kicked too";
}

/* Told to decide again while it saves: it does, before it goes on. */
TEST(Port, AKickDuringASave)
{
	FakeMachine m(2);
	ration_vcpu *a = m.vcpu(1), *b = m.vcpu(1);
	m.wake(a), m.wake(b);
	ASSERT_EQ(a, m.run(0));
	(void)m.took();
	int saves = 0;
	m.on_save = [&](ration_cpu) {
		if (saves++ != 0)
			return;
		m.control([&](ration_ns at, ration_effects *fx) {
			ration_record_pause(&m.port.record, b, at, fx);
			return 0;
		}, 1);
	};
	EXPECT_EQ(a, m.run(0, RATION_EXIT_YIELD)) << "b is paused: not even entered";
	EXPECT_EQ(2, saves);
	EXPECT_EQ("save0:0 kick0 save0:1 ", m.took());
	EXPECT_TRUE(m.cpu[0].kicked) << "a kick too many does no harm";
	EXPECT_EQ(a, m.run(0));
}

/* Whoever tells it so again and again does not keep it here for ever. */
TEST(Port, NotMoreThanEightRounds)
{
	FakeMachine m(1);
	ration_vcpu *a = m.vcpu(), *b = m.vcpu();
	m.wake(a), m.wake(b);
	ASSERT_EQ(a, m.run(0));
	(void)m.took();
	int saves = 0;
	m.clock = 30 * MS;
	m.fire();
	bool endless = true;
	m.on_save = [&](ration_cpu) {
		saves++;
		m.control([&](ration_ns at, ration_effects *fx) {
			ration_vcpu *next = ration_cpu_vcpu(m.r, 0), *other = next == a ? b : a;
			ration_record_pause(&m.port.record, next, at, fx);
			ration_port_effects(&m.port, fx);
			if (m.info(other).pause_count != 0)
				ration_record_resume(&m.port.record, other, at, fx);
			return 0;
		});
		ASSERT_LT(saves, 100);
		if (!endless)
			m.on_save = [](ration_cpu) {};
	};
	(void)m.run(0, RATION_EXIT_YIELD);
	EXPECT_EQ(8, saves);
	EXPECT_EQ(30 * MS, m.cpu[0].timer_ns) << "it comes back at once";
	EXPECT_NE(0u, m.port.kicked & 1);
	endless = false;
	m.cpu[0].kicked = m.cpu[0].fired = false;
	m.fire();
	ASSERT_TRUE(m.cpu[0].fired) << "nothing brings CPU 0 back";
	(void)m.run(0);
	EXPECT_EQ(0u, m.port.kicked);
	EXPECT_GT(m.cpu[0].timer_ns, 30 * MS);
}

TEST(Port, TimersOfDecisions)
{
	FakeMachine m(1);
	ration_vcpu *a = m.vcpu(), *b = m.vcpu();
	m.wake(a), m.wake(b);
	ASSERT_EQ(a, m.run(0));
	(void)m.took();
	m.clock = 10 * MS;
	m.fire();
	EXPECT_FALSE(m.cpu[0].fired);
	EXPECT_EQ(a, m.run(0));
	EXPECT_EQ("timer0=30000 ", m.took()) << "early: set again, and nobody decides";
	m.clock = 30 * MS - 1;
	EXPECT_EQ(a, m.run(0));
	EXPECT_EQ("timer0=30000 ", m.took());
	m.clock = 30 * MS;
	m.fire();
	EXPECT_TRUE(m.cpu[0].fired);
	EXPECT_EQ(b, m.run(0));
	EXPECT_EQ("save0:0 timer0=60000 ", m.took());
}

TEST(Port, TimeNeverGoesBack)
{
	Recorded m(2);
	ration_vcpu *a = m.vcpu(1), *b = m.vcpu(2);
	m.clock = 5 * MS;
	m.wake(a);
	m.clock = 4 * MS;
	m.wake(b);
	EXPECT_EQ(a, m.run(0));
	EXPECT_EQ(5 * MS, m.port.now_ns);
	EXPECT_EQ("kick0 kick1 timer0=35000 ", m.took());
	m.clock = 6 * MS;
	EXPECT_EQ(b, m.run(1));
	EXPECT_EQ(6 * MS, m.port.now_ns);

	/* Not even before the instance was made. */
	FakeMachine late(1, {&ration_rr}, 1 * S);
	late.clock = 1 * S - 1;
	EXPECT_EQ(nullptr, late.run(0));
	EXPECT_EQ(1 * S, late.port.now_ns);
}

TEST(Port, YieldTo)
{
	FakeMachine m(1);
	ration_vcpu *a = m.vcpu(), *b = m.vcpu(), *c = m.vcpu();
	m.wake(a), m.wake(b), m.wake(c);
	ASSERT_EQ(a, m.run(0));
	EXPECT_EQ(c, m.run(0, RATION_EXIT_YIELD_TO, c));
	EXPECT_EQ(b, m.run(0, RATION_EXIT_YIELD_TO, nullptr)) << "a mere yield";
	EXPECT_EQ(a, m.run(0, RATION_EXIT_YIELD));
}

/* What an idle CPU says of a guest is about nobody. */
TEST(Port, AnIdleCpuDoesNotBlock)
{
	Recorded m(1);
	EXPECT_EQ(nullptr, m.run(0, RATION_EXIT_BLOCK));
	EXPECT_EQ(nullptr, m.run(0, RATION_EXIT_YIELD));
	EXPECT_EQ(Verbs{}, verbs_of(m));
}

TEST(Port, SeveralVerbsInOneHold)
{
	FakeMachine m(4);
	std::vector<ration_vcpu *> v = {m.vcpu(1), m.vcpu(2), m.vcpu(4)};
	int holds = 0;
	m.on_now = [&] { holds++; };
	m.control([&](ration_ns at, ration_effects *fx) {
		for (int i = 0; i < 3; i++) {
			ration_record_wake(&m.port.record, v[size_t(i)], at, fx);
			if (i != 2)
				ration_port_effects(&m.port, fx);
		}
		return 0;
	});
	EXPECT_EQ("kick0 kick1 kick2 ", m.took());
	EXPECT_EQ(1, holds);
	(void)ration_port_begin(&m.port, 0);
	ration_port_end(&m.port, nullptr);
	EXPECT_EQ("", m.took());
}

/* ---- Who calls ration_expire() ---- */

/* A vCPU with a cap of 10 % that runs on CPU c until the cap holds it. */
ration_vcpu *held(FakeMachine &m, ration_cpu c)
{
	ration_vcpu *v = m.vcpu(ration_cpuset_of(c), attr_of(256, 10));
	m.wake(v);
	EXPECT_EQ(v, m.run(c));
	for (int i = 0; i < 20 && ration_cpu_vcpu(m.r, c) != nullptr; i++) {
		m.clock = m.cpu[c].timer_ns;
		m.fire();
		(void)m.run(c);
	}
	EXPECT_EQ(RATION_WAIT_CAP, m.info(v).cause);
	EXPECT_NE(RATION_NEVER, m.port.expire_ns);
	(void)m.took();
	return v;
}

TEST(Port, TheTimerOfAnIdleCpuExpires)
{
	FakeMachine m(2, {&ration_credit});
	ration_vcpu *v = held(m, 1);
	EXPECT_EQ(1u, m.port.expirer);
	EXPECT_EQ(m.port.expire_ns, m.cpu[1].timer_ns) << "nobody would expire";
	m.clock = m.port.expire_ns;
	m.fire();
	ASSERT_TRUE(m.cpu[1].fired);
	EXPECT_EQ(v, m.run(1)) << "its budget is new";
}

TEST(Port, AnExpirerThatGoesOffLine)
{
	FakeMachine m(3, {&ration_credit});
	ration_vcpu *v = held(m, 1);
	ration_vcpu *w = m.vcpu(1, attr_of(256, 10));
	m.wake(w);
	(void)m.run(0), (void)m.took();
	EXPECT_EQ(RATION_OK, m.cpu_down(1));
	EXPECT_EQ(0u, m.port.expirer);
	(void)m.run(1);
	EXPECT_EQ(w, m.run(0));
	EXPECT_LE(m.cpu[0].timer_ns, m.port.expire_ns);
	EXPECT_EQ(RATION_WAIT_OFFLINE, m.info(v).cause);
}

/* It learns that it is off line only when it runs; then it passes the duty on,
 * and tells the other one. */
TEST(Port, AnOffLineCpuPassesTheDutyOn)
{
	FakeMachine m(3, {&ration_credit});
	(void)held(m, 1);
	(void)m.run(0), (void)m.run(2), (void)m.took();
	EXPECT_EQ(RATION_OK, m.cpu_down(1));
	(void)m.run(0);
	EXPECT_EQ(m.port.expire_ns, m.cpu[0].timer_ns);
	m.port.cpu[0].timer_ns = RATION_NEVER;     /* as if only now it were too late */
	(void)m.took();
	(void)m.run(1);
	EXPECT_EQ("kick0 timer1=never ", m.took());
	EXPECT_TRUE(ration_cpuset_has(m.port.sent, 0));
	(void)m.run(0);
	EXPECT_EQ(0u, m.port.sent & 1);
	EXPECT_EQ(m.port.expire_ns, m.cpu[0].timer_ns);
}

/* An expiry that comes earlier than the expirer knows: it is told, once. */
TEST(Port, AnEarlierExpiryIsToldToTheExpirer)
{
	FakeMachine m(2, {&ration_credit});
	(void)held(m, 0);
	(void)m.run(1), (void)m.took();
	m.port.cpu[0].timer_ns = m.cpu[0].timer_ns = m.port.expire_ns + 1;
	ration_port_begin(&m.port, 1);
	ration_port_end(&m.port, nullptr);
	EXPECT_EQ("kick0 ", m.took());
	ration_port_begin(&m.port, 1);
	ration_port_end(&m.port, nullptr);
	EXPECT_EQ("", m.took());
	(void)m.run(0);
	EXPECT_EQ(m.port.expire_ns, m.cpu[0].timer_ns);
}

}
