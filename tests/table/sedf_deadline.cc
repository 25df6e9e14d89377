/* SPDX-License-Identifier: BSD-2-Clause */
/* sedf: servers on one CPU, their deadlines, budgets and wake-ups. */
#include <gtest/gtest.h>

#include "schedule_sedf.h"

using namespace schedule;

/* The worked example of ration_sedf.h. */
TEST(SedfDeadline, ManualExample)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 2)), B = t.add("B", promise(20, 10)), C = t.add("C");

	ROW(0, WAKE(C), RUNS(C), NEXT_MS(10));     /* slack, alone */
	ROW(3, WAKE(B), RUNS(B), NEXT_MS(13));     /* deadline 23 */
	ROW(4, WAKE(A), RUNS(A), NEXT_MS(6));      /* deadline 14 is earlier */
	ROW(5, BLOCK(A), RUNS(B), NEXT_MS(14));    /* 9 ms left */
	ROW(14, NOTHING(), RUNS(C), NEXT_MS(23));  /* B is held until its deadline */
	ROW(23, NOTHING(), RUNS(B), NEXT_MS(33));
}

TEST(SedfDeadline, LaterDeadlineWaitsItsTurn)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4)), B = t.add("B", promise(20, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(1, WAKE(B), RUNS(A), NEXT_MS(4));      /* 21 against 10 */
	ROW(2, BLOCK(A), RUNS(B), NEXT_MS(6));
	ROW(3, WAKE(A), RUNS(A), NEXT_MS(5));      /* deadline 10, 2 ms left */
	ROW(5, NOTHING(), RUNS(B), NEXT_MS(8));    /* B: 3 ms left */
	ROW(8, NOTHING(), RUNS(IDLE), NEXT_MS(10)); /* both held */
	ROW(10, NOTHING(), RUNS(A), NEXT_MS(14));
	ROW(14, NOTHING(), RUNS(IDLE), NEXT_MS(20));
	ROW(20, NOTHING(), RUNS(A), NEXT_MS(21));  /* B's budget comes at 21 */
	ROW(21, NOTHING(), RUNS(A), NEXT_MS(24));  /* 41 against 30 */
}

/* One deadline for two: the lower slot first; who runs is not preempted. */
TEST(SedfDeadline, EqualDeadlines)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 2)), B = t.add("B", promise(10, 2)),
	    C = t.add("C", promise(10, 2));

	ROW(0, WAKE(B), RUNS(B), NEXT_MS(2));
	ROW(0, WAKE(C), RUNS(B), NEXT_MS(2));
	ROW(0, WAKE(A), RUNS(B), NEXT_MS(2));
	ROW(2, NOTHING(), RUNS(A), NEXT_MS(4));
	ROW(4, NOTHING(), RUNS(C), NEXT_MS(6));
}

/* A vCPU that never blocks gets its slice in every period, and not more. */
TEST(SedfDeadline, OverrunIsHeld)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 3)), B = t.add("B", promise(20, 5));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(3));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(3));
	ROW(3, NOTHING(), RUNS(B), NEXT_MS(8));
	ROW(8, NOTHING(), RUNS(IDLE), NEXT_MS(10));
	ROW(1000, NOTHING(), RUNS(A), NEXT_MS(1003));
	EXPECT_EQ(t.ran_ns(A), ms_ns(300));
	EXPECT_EQ(t.ran_ns(B), ms_ns(250));
	EXPECT_EQ(t.waited_ns(A, RATION_WAIT_BUDGET), ms_ns(700));
	EXPECT_EQ(t.waited_ns(B, RATION_WAIT_BUDGET), ms_ns(600));
}

/* A slice as long as its period never stops at a deadline. */
TEST(SedfDeadline, WholeCpu)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 10));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(10));
	ROW(10, NOTHING(), RUNS(A), NEXT_MS(20));
	ROW(1000, NOTHING(), RUNS(A), NEXT_MS(1010));
	EXPECT_EQ(t.ran_ns(A), ms_ns(1000));
	EXPECT_EQ(t.switch_count, 1u);
}

/* Xen f2927d8343: a frame was begun at `now`, and drifted.  Here 10^6 periods
 * end exactly where they should, though each time another vCPU is in the way. */
TEST(SedfDeadline, NoDriftOverAMillionPeriods)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(1, 0.25)), B = t.add("B", promise(0.7, 0.4));

	t.checks = false;
	ROW(0, WAKE(A), RUNS(A), NEXT_MS(0.25));
	ROW(0.05, WAKE(B), RUNS(B), NEXT_MS(0.45));
	EXPECT_EQ(t.advance(ms_ns(1000000), true), "");
	EXPECT_EQ(t.ran_ns(A), ms_ns(250000));
	/* 10^6 ms at B's wake-up of 0.05: 1428571 periods and 0.25 ms, all of them run. */
	EXPECT_EQ(t.ran_ns(B), 1428571 * ms_ns(0.4) + ms_ns(0.25));
}

/* ---- Wake-ups: the rule of the constant bandwidth server ------------------ */

/* Xen's sedf forfeited the rest of the period after a short block. */
TEST(SedfWake, ShortBlockForfeitsNothing)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(2, BLOCK(A), RUNS(IDLE), NEVER);
	ROW(4, WAKE(A), RUNS(A), NEXT_MS(6));      /* 2 of 4 left, 6 to go: 2 <= 2.4 */
	ROW(6, NOTHING(), RUNS(IDLE), NEXT_MS(10));
	ROW(10, NOTHING(), RUNS(A), NEXT_MS(14));
}

TEST(SedfWake, LateWakeGetsALaterDeadline)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4)), B = t.add("B", promise(11, 2));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(1, BLOCK(A), RUNS(IDLE), NEVER);
	ROW(6, WAKE(A), RUNS(A), NEXT_MS(10));     /* 3 > 4 * 0.4: 4 ms until 16 */
	ROW(7, WAKE(B), RUNS(A), NEXT_MS(10));     /* 18 against 16, not 10 */
	ROW(10, NOTHING(), RUNS(B), NEXT_MS(12));
	ROW(12, NOTHING(), RUNS(IDLE), NEXT_MS(16));
	ROW(16, NOTHING(), RUNS(A), NEXT_MS(18));  /* B's next budget */
}

/* Exactly the share is not more than the share. */
TEST(SedfWake, ExactShareKeepsTheDeadline)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(2, BLOCK(A), RUNS(IDLE), NEVER);
	ROW(5, WAKE(A), RUNS(A), NEXT_MS(7));      /* 2 == 5 * 0.4 */
	ROW(7, NOTHING(), RUNS(IDLE), NEXT_MS(10));
}

TEST(SedfWake, AfterTheDeadlineAPeriodBeginsNow)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(1, BLOCK(A), RUNS(IDLE), NEVER);
	ROW(13, WAKE(A), RUNS(A), NEXT_MS(17));
	ROW(17, NOTHING(), RUNS(IDLE), NEXT_MS(23));
}

/* Blocking does not bring a budget back that is used up. */
TEST(SedfWake, BlockWhenDepletedStealsNothing)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4)), B = t.add("B");

	ROW(0, WAKE(B), RUNS(B), NEXT_MS(10));
	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(4, BLOCK(A), RUNS(B), NEXT_MS(14));    /* at the very end of its budget */
	ROW(5, WAKE(A), RUNS(B), NEXT_MS(10));     /* held; B is alone with the slack */
	ROW(10, NOTHING(), RUNS(A), NEXT_MS(14));
}

/* The wake-up comes at the deadline itself. */
TEST(SedfWake, AtTheDeadline)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(4, BLOCK(A), RUNS(IDLE), NEVER);
	ROW(10, WAKE(A), RUNS(A), NEXT_MS(14));
	ROW(14, BLOCK(A), RUNS(IDLE), NEVER);
	ROW(20, WAKE(A), RUNS(A), NEXT_MS(24));
}

/* A wake-up that undoes a block before the decision is none. */
TEST(SedfWake, BlockUndone)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));
	ration_effects fx;

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	EXPECT_EQ(t.advance(ms_ns(1), true), "");
	ration_vcpu_block(t.r, t.slot[0].vcpu, t.now, &fx);
	ROW(1, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(4, NOTHING(), RUNS(IDLE), NEXT_MS(10));
}

TEST(SedfWake, PauseIsABlock)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4)), B = t.add("B", promise(10, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(4));
	ROW(1, PAUSE(A), RUNS(B), NEXT_MS(5));
	ROW(2, DOM_PAUSE(B), RUNS(IDLE), NEVER);
	ROW(4, RESUME(A), RUNS(A), NEXT_MS(8));    /* 3 > 6 * 0.4: 4 ms until 14 */
	ROW(5, DOM_RESUME(B), RUNS(A), NEXT_MS(8)); /* 3 > 2: 4 ms until 15 */
	ROW(6, DOWN(A), RUNS(B), NEXT_MS(10));
	ROW(12, UP(A), RUNS(A), NEXT_MS(15));      /* 2 > 2 * 0.4: 4 ms until 22 */
	ROW(15, NOTHING(), RUNS(A), NEXT_MS(16));  /* 22 against 25 */
}

/* ---- Latency -------------------------------------------------------------- */

/* The period of a vCPU that wakes begins at latency, and doubles. */
TEST(SedfLatency, PeriodStretchesBack)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(40, 8, false, 5));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(1));      /* 1 of 5 */
	ROW(1, NOTHING(), RUNS(IDLE), NEXT_MS(5));
	ROW(5, NOTHING(), RUNS(A), NEXT_MS(7));    /* 2 of 10, until 15 */
	ROW(7, NOTHING(), RUNS(IDLE), NEXT_MS(15));
	ROW(15, NOTHING(), RUNS(A), NEXT_MS(19));  /* 4 of 20, until 35 */
	ROW(35, NOTHING(), RUNS(A), NEXT_MS(43));  /* 8 of 40, until 75 */
	ROW(75, NOTHING(), RUNS(A), NEXT_MS(83));
	ROW(80, BLOCK(A), RUNS(IDLE), NEVER);
	ROW(90, WAKE(A), RUNS(A), NEXT_MS(93));    /* before 115: 3 ms are left of 8 */
	ROW(92, BLOCK(A), RUNS(IDLE), NEVER);
	ROW(200, WAKE(A), RUNS(A), NEXT_MS(201));  /* 1 of 5 again */
}

/* It does what it says: the woken vCPU comes before one with a longer period. */
TEST(SedfLatency, WokenComesFirst)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(40, 8, false, 5)), B = t.add("B", promise(20, 10));

	ROW(0, WAKE(B), RUNS(B), NEXT_MS(10));
	ROW(2, WAKE(A), RUNS(A), NEXT_MS(3));      /* 7 against 20 */
	ROW(3, NOTHING(), RUNS(B), NEXT_MS(7));
	ROW(7, NOTHING(), RUNS(A), NEXT_MS(9));    /* 17 against 20 */
	ROW(9, NOTHING(), RUNS(B), NEXT_MS(13));
}

/* A latency that would leave a slice below 5 us begins with a longer period. */
TEST(SedfLatency, SliceIsWorthASwitch)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(1000, 10, false, 0.1));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(0.008));  /* 0.8 ms * 10 / 1000 */
	ROW(0.008, NOTHING(), RUNS(IDLE), NEXT_MS(0.8));
	ROW(0.8, NOTHING(), RUNS(A), NEXT_MS(0.816));
}

/* ---- Yield ------------------------------------------------------------------ */

/* It is held until it would be owed as much as it got: 1 ms of 5 in 10 is even at 2. */
TEST(SedfYield, ToALaterDeadline)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 5)), B = t.add("B", promise(20, 10));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(5));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(5));
	ROW(1, YIELD(A), RUNS(B), NEXT_MS(2));
	ROW(2, NOTHING(), RUNS(A), NEXT_MS(7));    /* 12 against 20, a full slice */
	ROW(7, NOTHING(), RUNS(B), NEXT_MS(12));
}

/* Whoever has got nothing yet waits for a quantum, and comes back with a later
 * deadline, so that nobody else is late for it. */
TEST(SedfYield, PaysWithItsDeadline)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 5)), B = t.add("B", promise(10, 5)), C = t.add("C");

	ROW(0, WAKE(C), RUNS(C), NEXT_MS(10));
	ROW(0, WAKE(A), RUNS(A), NEXT_MS(5));
	ROW(0, YIELD(A), RUNS(C), NEXT_MS(0.5));
	ROW(0.2, WAKE(B), RUNS(B), NEXT_MS(0.5));
	ROW(0.5, NOTHING(), RUNS(B), NEXT_MS(5.2)); /* 10.2 against 10.5 */
	ROW(5.2, NOTHING(), RUNS(A), NEXT_MS(10.2));
	ROW(10.2, NOTHING(), RUNS(B), NEXT_MS(10.5)); /* 20.2 against A's 20.5 */
}

TEST(SedfYield, NobodyElse)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 5));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(5));
	ROW(1, YIELD(A), RUNS(A), NEXT_MS(5));
	ROW(5, NOTHING(), RUNS(IDLE), NEXT_MS(10));
}

/* While it is held after a yield, events are events. */
TEST(SedfYield, HeldAsAnyOther)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(20, 5)), B = t.add("B", promise(40, 10)),
	    C = t.add("C", promise(10, 1));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(5));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(5));
	ROW(1, YIELD(A), RUNS(B), NEXT_MS(4));     /* 1 of 5 in 20: even at 4 */
	ROW(1.1, PAUSE(A), RUNS(B), NEXT_MS(11));
	ROW(1.2, RESUME(A), RUNS(B), NEXT_MS(4));  /* no way around it */
	ROW(2.1, WAKE(C), RUNS(C), NEXT_MS(3.1));
	ROW(3.1, BLOCK(C), RUNS(B), NEXT_MS(4));
	ROW(4, NOTHING(), RUNS(A), NEXT_MS(9));
	ROW(5, YIELD(A), RUNS(B), NEXT_MS(8));
	ROW(5.1, SET(A, promise(20, 6)), RUNS(B), NEXT_MS(8));
	ROW(8, NOTHING(), RUNS(A), NEXT_MS(14));
	ROW(9, YIELD(A), RUNS(B), NEXT_MS(11.333334));
	ROW(9.1, LEAVE(A), RUNS(B), NEXT_MS(14));
}

TEST(SedfYieldTo, BestEffortBeforeOthersOfItsKind)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 5)), B = t.add("B"), C = t.add("C");

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(5));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(5));
	ROW(0, WAKE(C), RUNS(A), NEXT_MS(5));
	ROW(1, YIELD_TO(A, C), RUNS(C), NEXT_MS(1.5));
	ROW(1.5, NOTHING(), RUNS(B), NEXT_MS(2));
	ROW(2, NOTHING(), RUNS(A), NEXT_MS(7));
	EXPECT_EQ(t.ran_ns(C), ms_ns(0.5));
	EXPECT_EQ(t.ran_ns(B), ms_ns(0.5));
}

/* Nobody's deadline is made to wait for a hint. */
TEST(SedfYieldTo, NotBeforeALaterDeadline)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 5)), B = t.add("B", promise(12, 6)), C = t.add("C");

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(5));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(5));
	ROW(0, WAKE(C), RUNS(A), NEXT_MS(5));
	ROW(1, YIELD_TO(A, C), RUNS(B), NEXT_MS(2));
	ROW(2, NOTHING(), RUNS(B), NEXT_MS(7));    /* 12 and 12: B goes on */
	ROW(7, NOTHING(), RUNS(A), NEXT_MS(12));
}

TEST(SedfYieldTo, NotBeforeAnEarlierDeadline)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A"), B = t.add("B", promise(10, 5)), C = t.add("C");
	ration_effects fx;

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(10));
	ROW(0, WAKE(C), RUNS(A), NEXT_MS(0.5));
	ration_vcpu_wake(t.r, t.slot[1].vcpu, t.now, &fx);
	t.follow(fx);
	ROW(0, YIELD_TO(A, C), RUNS(B), NEXT_MS(5));
}

TEST(SedfYieldTo, HeldIsNotToBeHad)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A"), B = t.add("B", promise(10, 2));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(10));
	ROW(0, WAKE(B), RUNS(B), NEXT_MS(2));
	ROW(2, NOTHING(), RUNS(A), NEXT_MS(10));
	ROW(3, YIELD_TO(A, B), RUNS(A), NEXT_MS(10));
}

/* ---- Helper work ------------------------------------------------------------ */

TEST(SedfCharge, NextBudgetPays)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(1, CHARGE(A, 1.5), RUNS(A), NEXT_MS(4));   /* this one is given */
	ROW(4, NOTHING(), RUNS(IDLE), NEXT_MS(10));
	ROW(10, NOTHING(), RUNS(A), NEXT_MS(12.5));
	ROW(12.5, NOTHING(), RUNS(IDLE), NEXT_MS(20));
	ROW(20, NOTHING(), RUNS(A), NEXT_MS(24));
}

/* No more than one slice of each vCPU, however much it was. */
TEST(SedfCharge, DebtIsBounded)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(1, CHARGE(A, 1e9), RUNS(A), NEXT_MS(4));
	ROW(4, NOTHING(), RUNS(IDLE), NEXT_MS(10));
	ROW(10, NOTHING(), RUNS(IDLE), NEXT_MS(20));   /* the whole slice is owed */
	ROW(20, NOTHING(), RUNS(A), NEXT_MS(24));
}
