/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUs go off line and come back, with vCPUs in every state, the same under every policy. */
#include <gtest/gtest.h>

#include "ration_credit.h"
#include "ration_rr.h"
#include "schedule.h"

using namespace schedule;

namespace {

/* No wake-up preempts, as under rr: what is protected is protected for a whole slice. */
class CoreCpus : public testing::TestWithParam<const ration_policy *> {
public:
	void quiet(Table &t)
	{
		int status = GetParam() == &ration_rr ? RATION_E_POLICY : RATION_OK;
		EXPECT_EQ("", t.happen(REFUSED(PARAMS(30, 30), status)));
	}
};

TEST_P(CoreCpus, APinnedVcpuWaitsAndRunsAgainWhenItsCpuIsBack)
{
	Table t(GetParam(), 2);
	t.cpu_timers_only = true;
	int A = t.add("A", "1");

	quiet(t);
	ROW(0,   WAKE(A),     RUNS(IDLE, A),    NEXT_MS(30));
	ROW(5,   CPU_DOWN(1), RUNS(IDLE, IDLE), NEVER);      /* it ran */
	ROW(100, NOTHING(),   RUNS(IDLE, IDLE), NEVER);      /* never elsewhere */
	ROW(105, CPU_UP(1),   RUNS(IDLE, A),    NEXT_MS(135));
	ROW(106, BLOCK(A),    RUNS(IDLE, IDLE), NEVER);
	ROW(107, CPU_DOWN(1), RUNS(IDLE, IDLE), NEVER);
	ROW(110, WAKE(A),     RUNS(IDLE, IDLE), NEVER);      /* woken in the meantime */
	ROW(120, CPU_UP(1),   RUNS(IDLE, A),    NEXT_MS(150));
	EXPECT_EQ(ms_ns(110), t.waited_ns(A, RATION_WAIT_OFFLINE));
	EXPECT_EQ(0u, t.waited_ns(A, RATION_WAIT_AFFINITY) + t.waited_ns(A, RATION_WAIT_QUEUE));
}

TEST_P(CoreCpus, AnUnpinnedVcpuMovesAtOnce)
{
	Table t(GetParam(), 3);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	quiet(t);
	ROW(0, WAKE(A),     RUNS(A, IDLE, IDLE), NEXT_MS(30));
	ROW(0, WAKE(B),     RUNS(A, B, IDLE),    NEXT_MS(30));
	ROW(5, CPU_DOWN(1), RUNS(A, IDLE, B),    NEXT_MS(30));
	ROW(6, WAKE(C),     RUNS(A, IDLE, B),    NEXT_MS(30));
	ROW(7, CPU_UP(1),   RUNS(A, C, B),       NEXT_MS(30));   /* it pulls at once */
	EXPECT_EQ(ms_ns(1), t.waited_ns(C, RATION_WAIT_QUEUE) +
	                    t.waited_ns(C, RATION_WAIT_RATELIMIT));
	EXPECT_EQ(0u, t.waited_ns(B, RATION_WAIT_QUEUE));
}

TEST_P(CoreCpus, QueuedVcpusStayWithTheCpusThatAreLeft)
{
	Table t(GetParam(), 2);
	t.cpu_timers_only = true;
	int A = t.add("A", "0"), B = t.add("B", "1"), C = t.add("C", "0-1"), D = t.add("D", "1");

	quiet(t);
	ROW(0,  WAKE(A),     RUNS(A, IDLE), NEXT_MS(30));
	ROW(0,  WAKE(B),     RUNS(A, B),    NEXT_MS(30));
	ROW(0,  WAKE(C),     RUNS(A, B),    NEXT_MS(30));
	ROW(0,  WAKE(D),     RUNS(A, B),    NEXT_MS(30));
	ROW(10, CPU_DOWN(1), RUNS(A, IDLE), NEXT_MS(30));
	ROW(30, NOTHING(),   RUNS(C, IDLE), NEXT_MS(60));
	ROW(50, BLOCK(C),    RUNS(A, IDLE), NEXT_MS(80));
	ROW(51, BLOCK(A),    RUNS(IDLE, IDLE), NEVER);
	EXPECT_EQ(ms_ns(41), t.waited_ns(B, RATION_WAIT_OFFLINE));
	EXPECT_EQ(ms_ns(41), t.waited_ns(D, RATION_WAIT_OFFLINE));
	EXPECT_EQ(ms_ns(10), t.waited_ns(D, RATION_WAIT_QUEUE));
}

TEST_P(CoreCpus, BlockedPausedAndDownVcpusLoseNothing)
{
	Table t(GetParam(), 2);
	t.cpu_timers_only = true;
	int A = t.add("A", "1"), B = t.add("B", "1"), C = t.add("C", "1");

	quiet(t);
	ROW(0,  WAKE(B),     RUNS(IDLE, B),    NEXT_MS(30));
	ROW(0,  PAUSE(B),    RUNS(IDLE, IDLE), NEVER);
	ROW(0,  WAKE(C),     RUNS(IDLE, C),    NEXT_MS(30));
	ROW(0,  DOWN(C),     RUNS(IDLE, IDLE), NEVER);
	ROW(1,  CPU_DOWN(1), RUNS(IDLE, IDLE), NEVER);
	ROW(2,  RESUME(B),   RUNS(IDLE, IDLE), NEVER);
	ROW(3,  UP(C),       RUNS(IDLE, IDLE), NEVER);
	ROW(4,  PAUSE(B),    RUNS(IDLE, IDLE), NEVER);           /* offline, then paused */
	ROW(5,  CPU_UP(1),   RUNS(IDLE, C),    NEXT_MS(35));
	ROW(6,  WAKE(A),     RUNS(IDLE, C),    NEXT_MS(35));
	ROW(7,  RESUME(B),   RUNS(IDLE, C),    NEXT_MS(35));
	EXPECT_EQ(ms_ns(2), t.waited_ns(B, RATION_WAIT_OFFLINE));
	EXPECT_EQ(ms_ns(2), t.waited_ns(C, RATION_WAIT_OFFLINE));
}

TEST_P(CoreCpus, TheLastCpuMayGoToo)
{
	Table t(GetParam(), 2);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B");

	quiet(t);
	ROW(0,  WAKE(A),     RUNS(A, IDLE),    NEXT_MS(30));
	ROW(0,  WAKE(B),     RUNS(A, B),       NEXT_MS(30));
	ROW(1,  CPU_DOWN(0), RUNS(IDLE, B),    NEXT_MS(30));
	ROW(2,  CPU_DOWN(1), RUNS(IDLE, IDLE), NEVER);
	ROW(9,  CPU_UP(1),   RUNS(IDLE, A),    NEXT_MS(39));
	ROW(10, CPU_UP(0),   RUNS(B, A),       NEXT_MS(39));
	EXPECT_EQ(ms_ns(7), t.waited_ns(A, RATION_WAIT_OFFLINE));
	EXPECT_EQ(ms_ns(7), t.waited_ns(B, RATION_WAIT_OFFLINE));
	EXPECT_EQ(ms_ns(1), t.waited_ns(A, RATION_WAIT_QUEUE) + t.waited_ns(A, RATION_WAIT_AFFINITY));
}

TEST_P(CoreCpus, ACpuThatComesBackIsChosenAgain)
{
	Table t(GetParam(), 2);
	t.cpu_timers_only = true;
	int A = t.add("A", "0"), B = t.add("B", "1");

	quiet(t);
	ROW(0, CPU_DOWN(0), RUNS(IDLE, IDLE), NEVER);
	ROW(0, CPU_DOWN(1), RUNS(IDLE, IDLE), NEVER);
	ROW(0, WAKE(A),     RUNS(IDLE, IDLE), NEVER);
	ROW(0, WAKE(B),     RUNS(IDLE, IDLE), NEVER);
	ROW(1, CPU_UP(1),   RUNS(IDLE, B),    NEXT_MS(31));
	ROW(2, PIN(B, "0"), RUNS(IDLE, IDLE), NEVER);
	ROW(3, CPU_UP(0),   RUNS(A, IDLE),    NEXT_MS(33));
	ROW(4, BLOCK(A),    RUNS(B, IDLE),    NEXT_MS(34));
}

/* Xen f294e3abe4, ea1d785a5f: the CPU that owned a timer went, and its queue with it. */
TEST_P(CoreCpus, EveryCpuGoesAndComesAtEveryMillisecond)
{
	Table t(GetParam(), 3);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B", "1"), C = t.add("C", "0-1"), D = t.add("D", "2");

	ROW(0, PARAMS(1, 1), RUNS(IDLE, IDLE, IDLE), NEVER);
	ROW(0, WAKE(A), RUNS(A, IDLE, IDLE), NEXT_MS(1));
	ROW(0, WAKE(B), RUNS(A, B, IDLE),    NEXT_MS(1));
	ROW(0, WAKE(C), RUNS(A, B, IDLE),    NEXT_MS(1));
	ROW(0, WAKE(D), RUNS(A, B, D),       NEXT_MS(1));
	for (uint32_t ms = 1; ms <= 600; ms++) {
		ASSERT_EQ("", t.advance(ms_ns(ms), true));
		bool on = ration_cpuset_has(ration_cpu_online(t.r), ms % 3);
		ASSERT_EQ("", t.happen(on ? CPU_DOWN(ms % 3) : CPU_UP(ms % 3)));
		/* Nobody stands idle while somebody queues for it. */
		for (ration_cpu c = 0; c < 3; c++)
			if (ration_cpuset_has(ration_cpu_online(t.r), c) && t.who(c) == IDLE)
				for (const auto &s : t.slot) {
					ration_vcpu_info i;
					ration_vcpu_info_get(s.vcpu, &i);
					EXPECT_FALSE(i.state == RATION_STATE_WAITING &&
					             ration_cpuset_has(i.affinity.hard, c))
						<< s.name << " waits at " << ms << " ms\n" << t.dump();
				}
	}
	for (int v : {A, B, C, D})
		EXPECT_LT(ms_ns(100), t.ran_ns(v)) << t.name_of(v);
}

INSTANTIATE_TEST_SUITE_P(Policies, CoreCpus, testing::Values(&ration_rr, &ration_credit),
                         [](const auto &p) { return std::string(p.param->name); });

}  /* namespace */
