/* SPDX-License-Identifier: BSD-2-Clause */
/* Hard and soft affinity in every state of a vCPU, the same under every policy. */
#include <gtest/gtest.h>

#include "ration_credit.h"
#include "ration_rr.h"
#include "schedule.h"

using namespace schedule;

namespace {

/* No wake-up preempts, as under rr: what is protected is protected for a whole slice. */
class CorePin : public testing::TestWithParam<const ration_policy *> {
public:
	void quiet(Table &t)
	{
		int status = GetParam() == &ration_rr ? RATION_E_POLICY : RATION_OK;
		EXPECT_EQ("", t.happen(REFUSED(PARAMS(30, 30), status)));
	}
};

TEST_P(CorePin, RunningWhereItMayNotAnyMore)
{
	Table t(GetParam(), 2);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B", "0"), C = t.add("C", "1");

	quiet(t);
	ROW(0,  WAKE(A),       RUNS(A, IDLE),    NEXT_MS(30));
	ROW(5,  PIN(A, "1"),   RUNS(IDLE, A),    NEXT_MS(35));   /* moves at once */
	ROW(6,  WAKE(B),       RUNS(B, A),       NEXT_MS(35));
	ROW(7,  PIN(A, "0-1"), RUNS(B, A),       NEXT_MS(35));   /* it may stay */
	ROW(8,  PIN(A, "1"),   RUNS(B, A),       NEXT_MS(35));
	ROW(9,  PIN(A, "0"),   RUNS(B, IDLE),    NEXT_MS(36));   /* it waits for B */
	ROW(10, WAKE(C),       RUNS(B, C),       NEXT_MS(36));
	ROW(12, BLOCK(B),      RUNS(A, C),       NEXT_MS(40));
	EXPECT_EQ(ms_ns(1), t.waited_ns(A, RATION_WAIT_AFFINITY));   /* CPU 1 idled: 9..10 */
	EXPECT_EQ(ms_ns(2), t.waited_ns(A, RATION_WAIT_QUEUE));
}

TEST_P(CorePin, Queued)
{
	Table t(GetParam(), 2);
	t.cpu_timers_only = true;
	int A = t.add("A", "0"), B = t.add("B", "0"), C = t.add("C", "0");

	quiet(t);
	ROW(0, WAKE(A),       RUNS(A, IDLE), NEXT_MS(30));
	ROW(0, WAKE(B),       RUNS(A, IDLE), NEXT_MS(30));
	ROW(0, WAKE(C),       RUNS(A, IDLE), NEXT_MS(30));
	ROW(3, PIN(C, "1"),   RUNS(A, C),    NEXT_MS(30));       /* an idle CPU: at once */
	ROW(4, PIN(B, "0-1"), RUNS(A, C),    NEXT_MS(30));
	ROW(5, BLOCK(C),      RUNS(A, B),    NEXT_MS(30));       /* pulled */
	EXPECT_EQ(ms_ns(3), t.waited_ns(B, RATION_WAIT_AFFINITY));
	EXPECT_EQ(ms_ns(2), t.waited_ns(B, RATION_WAIT_QUEUE) +
	                    t.waited_ns(B, RATION_WAIT_RATELIMIT));
}

TEST_P(CorePin, BlockedPausedAndDown)
{
	Table t(GetParam(), 2);
	t.cpu_timers_only = true;
	int A = t.add("A", "0"), B = t.add("B", "0"), C = t.add("C", "0");

	quiet(t);
	ROW(0, PIN(A, "1"), RUNS(IDLE, IDLE), NEVER);
	ROW(1, WAKE(A),     RUNS(IDLE, A),    NEXT_MS(31));
	ROW(2, WAKE(B),     RUNS(B, A),       NEXT_MS(31));
	ROW(2, PAUSE(B),    RUNS(IDLE, A),    NEXT_MS(31));
	ROW(3, PIN(B, "1"), RUNS(IDLE, A),    NEXT_MS(31));
	ROW(4, RESUME(B),   RUNS(IDLE, A),    NEXT_MS(31));
	ROW(5, WAKE(C),     RUNS(C, A),       NEXT_MS(31));
	ROW(5, DOWN(C),     RUNS(IDLE, A),    NEXT_MS(31));
	ROW(6, PIN(C, "1"), RUNS(IDLE, A),    NEXT_MS(31));
	ROW(7, UP(C),       RUNS(IDLE, A),    NEXT_MS(31));
	ROW(8, BLOCK(A),    RUNS(IDLE, B),    NEXT_MS(38));
	ROW(9, BLOCK(B),    RUNS(IDLE, C),    NEXT_MS(39));
}

/* Between a block and its decide, and for one that yields: see test_core_delay.cc. */
TEST_P(CorePin, ToACpuThatIsOffLine)
{
	Table t(GetParam(), 2);
	t.cpu_timers_only = true;
	int A = t.add("A", "0"), B = t.add("B", "0");

	quiet(t);
	ROW(0, CPU_DOWN(1),   RUNS(IDLE, IDLE), NEVER);
	ROW(0, WAKE(A),       RUNS(A, IDLE),    NEXT_MS(30));
	ROW(0, WAKE(B),       RUNS(A, IDLE),    NEXT_MS(30));
	ROW(1, PIN(B, "1"),   RUNS(A, IDLE),    NEXT_MS(30));    /* queued */
	ROW(2, PIN(A, "1"),   RUNS(IDLE, IDLE), NEVER);          /* running */
	ROW(5, PIN(A, "0"),   RUNS(A, IDLE),    NEXT_MS(35));
	ROW(6, CPU_UP(1),     RUNS(A, B),       NEXT_MS(35));
	EXPECT_EQ(ms_ns(3), t.waited_ns(A, RATION_WAIT_OFFLINE));
	EXPECT_EQ(ms_ns(5), t.waited_ns(B, RATION_WAIT_OFFLINE));
}

/* Soft affinity orders choices; it never leaves a CPU idle. */
TEST_P(CorePin, SoftChoosesAmongIdleCpus)
{
	Table t(GetParam(), 3);
	t.cpu_timers_only = true;
	ration_attr attr;
	ration_attr_default(&attr);
	int A = t.add("A", attr, "all", "2"), B = t.add("B", attr, "all", "2"),
	    C = t.add("C", attr, "0-1", "2");

	quiet(t);
	ROW(0, WAKE(A),              RUNS(IDLE, IDLE, A), NEXT_MS(30));
	ROW(1, WAKE(B),              RUNS(B, IDLE, A),    NEXT_MS(30));   /* 2 is busy */
	ROW(2, WAKE(C),              RUNS(B, C, A),       NEXT_MS(30));   /* soft outside of hard */
	ROW(3, BLOCK(A),             RUNS(B, C, IDLE),    NEXT_MS(31));
	ROW(4, PIN(A, "all", "0-1"), RUNS(B, C, IDLE),    NEXT_MS(31));   /* only its soft one changes */
	ROW(5, WAKE(A),              RUNS(B, C, A),       NEXT_MS(31));   /* 0 and 1 are busy */
	ROW(6, BLOCK(A),             RUNS(B, C, IDLE),    NEXT_MS(31));
	ROW(7, BLOCK(B),             RUNS(IDLE, C, IDLE), NEXT_MS(32));
	ROW(8, WAKE(A),              RUNS(A, C, IDLE),    NEXT_MS(32));   /* 0, not where it ran */
}

TEST_P(CorePin, ASetIsNotWidenedWhateverHappens)
{
	Table t(GetParam(), 3);
	t.cpu_timers_only = true;
	int A = t.add("A", "0-1"), B = t.add("B", "2"), C = t.add("C", "0-1"), D = t.add("D", "0-1");

	quiet(t);
	ROW(0,    WAKE(A),       RUNS(A, IDLE, IDLE), NEXT_MS(30));
	ROW(0,    WAKE(C),       RUNS(A, C, IDLE),    NEXT_MS(30));
	ROW(0,    WAKE(D),       RUNS(A, C, IDLE),    NEXT_MS(30));
	EXPECT_EQ("", t.advance(ms_ns(1000), true));
	EXPECT_EQ(IDLE, t.who(2));
	EXPECT_EQ(ms_ns(2000), t.ran_ns(A) + t.ran_ns(C) + t.ran_ns(D));
	EXPECT_EQ(ms_ns(1000), t.waited_ns(A, RATION_WAIT_AFFINITY) +
	                       t.waited_ns(C, RATION_WAIT_AFFINITY) +
	                       t.waited_ns(D, RATION_WAIT_AFFINITY));
	EXPECT_EQ(0u, t.ran_ns(B));
}

INSTANTIATE_TEST_SUITE_P(Policies, CorePin, testing::Values(&ration_rr, &ration_credit),
                         [](const auto &p) { return std::string(p.param->name); });

}  /* namespace */
