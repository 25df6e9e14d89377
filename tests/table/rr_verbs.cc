/* SPDX-License-Identifier: BSD-2-Clause */
/* rr: wake, block, yield, pause, down, leave, tslice; who runs and until when. */
#include <gtest/gtest.h>

#include "ration_credit.h"
#include "ration_rr.h"
#include "schedule.h"

using namespace schedule;

/* The example of ration.h. */
TEST(RrWake, ManualExample)
{
	Table t(&ration_rr, 2);
	int A = t.add("A"), B = t.add("B");

	ROW(0, WAKE(A),  RUNS(A, IDLE), NEXT_MS(30));
	ROW(1, WAKE(B),  RUNS(A, B),    NEXT_MS(30));
	ROW(2, BLOCK(A), RUNS(IDLE, B), NEXT_MS(31));
}

TEST(RrWake, FirstInFirstOut)
{
	Table t(&ration_rr, 1);
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0,   WAKE(C),   RUNS(C), NEXT_MS(30));   /* an idle CPU: at once */
	ROW(1,   WAKE(B),   RUNS(C), NEXT_MS(30));   /* a busy one: preempts nobody */
	ROW(2,   WAKE(A),   RUNS(C), NEXT_MS(30));
	ROW(30,  NOTHING(), RUNS(B), NEXT_MS(60));
	ROW(60,  NOTHING(), RUNS(A), NEXT_MS(90));
	ROW(90,  NOTHING(), RUNS(C), NEXT_MS(120));
	ROW(100, BLOCK(C),  RUNS(B), NEXT_MS(130));  /* a whole slice from here */
	ROW(105, WAKE(C),   RUNS(B), NEXT_MS(130));  /* to the tail */
	ROW(130, NOTHING(), RUNS(A), NEXT_MS(160));
	ROW(160, NOTHING(), RUNS(C), NEXT_MS(190));
	EXPECT_EQ(ms_ns(60), t.ran_ns(A));
}

TEST(RrWake, TheAwakeAreNotWokenAgain)
{
	Table t(&ration_rr, 1);
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0,  WAKE(A),   RUNS(A), NEXT_MS(30));
	ROW(1,  WAKE(B),   RUNS(A), NEXT_MS(30));
	ROW(2,  WAKE(C),   RUNS(A), NEXT_MS(30));
	ROW(3,  WAKE(B),   RUNS(A), NEXT_MS(30));    /* it waits: not to the tail */
	ROW(4,  WAKE(A),   RUNS(A), NEXT_MS(30));    /* it runs: not remembered */
	ROW(30, NOTHING(), RUNS(B), NEXT_MS(60));
	ROW(31, BLOCK(B),  RUNS(C), NEXT_MS(61));
	ROW(32, BLOCK(C),  RUNS(A), NEXT_MS(62));
	ROW(33, BLOCK(A),  RUNS(IDLE), NEVER);
}

TEST(RrWake, TheLastCpuFirstThenTheLowestIdleOne)
{
	Table t(&ration_rr, 3);
	int A = t.add("A"), B = t.add("B");

	ROW(0, WAKE(A),  RUNS(A, IDLE, IDLE), NEXT_MS(30));
	ROW(0, WAKE(B),  RUNS(A, B, IDLE),    NEXT_MS(30));
	ROW(1, BLOCK(A), RUNS(IDLE, B, IDLE), NEXT_MS(30));
	ROW(2, BLOCK(B), RUNS(IDLE, IDLE, IDLE), NEVER);
	ROW(3, WAKE(B),  RUNS(IDLE, B, IDLE), NEXT_MS(33));
	ROW(3, WAKE(A),  RUNS(A, B, IDLE),    NEXT_MS(33));
}

TEST(RrSlice, AloneItGoesOnWithoutASwitch)
{
	Table t(&ration_rr, 1);
	int A = t.add("A");

	ROW(0,   WAKE(A),   RUNS(A), NEXT_MS(30));
	ROW(30,  NOTHING(), RUNS(A), NEXT_MS(60));
	ROW(300, NOTHING(), RUNS(A), NEXT_MS(330));
	EXPECT_EQ(1u, t.switch_count);
	EXPECT_EQ(ms_ns(300), t.ran_ns(A));
}

TEST(RrSlice, AnIdleCpuPullsTheOldest)
{
	Table t(&ration_rr, 2);
	int A = t.add("A"), B = t.add("B"), C = t.add("C"), D = t.add("D");

	ROW(0, WAKE(A),  RUNS(A, IDLE), NEXT_MS(30));
	ROW(0, WAKE(B),  RUNS(A, B),    NEXT_MS(30));
	ROW(1, WAKE(C),  RUNS(A, B),    NEXT_MS(30));
	ROW(2, WAKE(D),  RUNS(A, B),    NEXT_MS(30));
	ROW(5, BLOCK(B), RUNS(A, C),    NEXT_MS(30));
	ROW(6, BLOCK(A), RUNS(D, C),    NEXT_MS(35));
}

TEST(RrSlice, TsliceHoldsFromTheNextSliceOn)
{
	Table t(&ration_rr, 1);
	int A = t.add("A"), B = t.add("B");

	ROW(0,  WAKE(A),          RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(B),          RUNS(A), NEXT_MS(30));
	ROW(10, PARAMS(5, 1),     RUNS(A), NEXT_MS(30));
	ROW(30, NOTHING(),        RUNS(B), NEXT_MS(35));
	ROW(35, NOTHING(),        RUNS(A), NEXT_MS(40));
	ROW(36, REFUSED(PARAMS(5, 2), RATION_E_POLICY), RUNS(A), NEXT_MS(40));
	ROW(37, REFUSED(PARAMS(0.05, 0), RATION_E_RANGE), RUNS(A), NEXT_MS(40));
	ROW(37, PARAMS(1000, 1),  RUNS(A), NEXT_MS(40));
	ROW(40, NOTHING(),        RUNS(B), NEXT_MS(1040));
	ROW(41, BLOCK(B),         RUNS(A), NEXT_MS(1041));
}

TEST(RrYield, ToTheTail)
{
	Table t(&ration_rr, 1);
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0,  WAKE(A),   RUNS(A), NEXT_MS(30));
	ROW(1,  YIELD(A),  RUNS(A), NEXT_MS(31));    /* nobody else: a new slice */
	ROW(2,  WAKE(B),   RUNS(A), NEXT_MS(31));
	ROW(3,  WAKE(C),   RUNS(A), NEXT_MS(31));
	ROW(4,  YIELD(A),  RUNS(B), NEXT_MS(34));
	ROW(5,  YIELD(B),  RUNS(C), NEXT_MS(35));
	ROW(35, NOTHING(), RUNS(A), NEXT_MS(65));
}

TEST(RrYield, ToAnotherThatWaits)
{
	Table t(&ration_rr, 1);
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0,  WAKE(A),        RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(B),        RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(C),        RUNS(A), NEXT_MS(30));
	ROW(4,  YIELD_TO(A, C), RUNS(C), NEXT_MS(34));   /* out of its turn */
	ROW(34, NOTHING(),      RUNS(B), NEXT_MS(64));
	ROW(64, NOTHING(),      RUNS(A), NEXT_MS(94));
}

/* Blocked, running elsewhere, not allowed here, oneself: a plain yield. */
TEST(RrYield, ToAnotherThatCannotBeTaken)
{
	Table t(&ration_rr, 2);
	int A = t.add("A", "0"), B = t.add("B", "1"), C = t.add("C", "0"), D = t.add("D", "1"),
	    E = t.add("E");

	ROW(0, WAKE(A),        RUNS(A, IDLE), NEXT_MS(30));
	ROW(0, WAKE(B),        RUNS(A, B),    NEXT_MS(30));
	ROW(0, WAKE(C),        RUNS(A, B),    NEXT_MS(30));
	ROW(0, WAKE(D),        RUNS(A, B),    NEXT_MS(30));
	ROW(1, YIELD_TO(A, E), RUNS(C, B),    NEXT_MS(30));   /* E is blocked */
	ROW(2, YIELD_TO(C, B), RUNS(A, B),    NEXT_MS(30));   /* B runs on CPU 1 */
	ROW(3, YIELD_TO(A, D), RUNS(C, B),    NEXT_MS(30));   /* D may not run here */
	ROW(4, YIELD_TO(C, C), RUNS(A, B),    NEXT_MS(30));   /* itself */
	ROW(5, PAUSE(C),       RUNS(A, B),    NEXT_MS(30));
	ROW(6, YIELD_TO(A, C), RUNS(A, B),    NEXT_MS(30));   /* paused */
	ROW(30, NOTHING(),     RUNS(A, D),    NEXT_MS(36));
}

TEST(RrPause, NestsInEveryState)
{
	Table t(&ration_rr, 1);
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0,  WAKE(A),       RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(B),       RUNS(A), NEXT_MS(30));
	ROW(1,  PAUSE(A),      RUNS(B), NEXT_MS(31));   /* running */
	ROW(2,  PAUSE(A),      RUNS(B), NEXT_MS(31));
	ROW(3,  RESUME(A),     RUNS(B), NEXT_MS(31));   /* one of two */
	ROW(4,  DOM_PAUSE(A),  RUNS(B), NEXT_MS(31));
	ROW(5,  RESUME(A),     RUNS(B), NEXT_MS(31));   /* its domain still is */
	ROW(6,  DOM_RESUME(A), RUNS(B), NEXT_MS(31));   /* it queues again */
	ROW(7,  PAUSE(A),      RUNS(B), NEXT_MS(31));   /* queued */
	ROW(31, NOTHING(),     RUNS(B), NEXT_MS(61));   /* nobody else */
	ROW(32, RESUME(A),     RUNS(B), NEXT_MS(61));
	ROW(33, PAUSE(C),      RUNS(B), NEXT_MS(61));   /* blocked */
	ROW(34, WAKE(C),       RUNS(B), NEXT_MS(61));   /* remembered */
	ROW(61, NOTHING(),     RUNS(A), NEXT_MS(91));
	ROW(62, RESUME(C),     RUNS(A), NEXT_MS(91));
	ROW(91, NOTHING(),     RUNS(B), NEXT_MS(121));
	ROW(121, NOTHING(),    RUNS(C), NEXT_MS(151));
	ROW(122, PAUSE(C),     RUNS(A), NEXT_MS(152));
	ROW(123, RESUME(C),    RUNS(A), NEXT_MS(152));  /* still awake */
	ROW(152, NOTHING(),    RUNS(B), NEXT_MS(182));
}

TEST(RrPause, OfADomainStopsAllItsVcpus)
{
	Table t(&ration_rr, 2);
	int A = t.add("A"), A2 = t.add_sibling("A2", A), A3 = t.add_sibling("A3", A), B = t.add("B");

	ROW(0, WAKE(A),       RUNS(A, IDLE), NEXT_MS(30));
	ROW(0, WAKE(A2),      RUNS(A, A2),   NEXT_MS(30));
	ROW(0, WAKE(B),       RUNS(A, A2),   NEXT_MS(30));
	ROW(1, DOM_PAUSE(A),  RUNS(B, IDLE), NEXT_MS(31));
	ROW(2, DOM_PAUSE(A),  RUNS(B, IDLE), NEXT_MS(31));
	ROW(3, WAKE(A3),      RUNS(B, IDLE), NEXT_MS(31));
	ROW(4, DOM_RESUME(A), RUNS(B, IDLE), NEXT_MS(31));
	ROW(5, DOM_RESUME(A), RUNS(B, A),    NEXT_MS(31));
	ROW(6, BLOCK(B),      RUNS(A2, A),   NEXT_MS(35));
	ROW(7, BLOCK(A2),     RUNS(A3, A),   NEXT_MS(35));
}

TEST(RrDown, IsNotNestedAndRemembersWakes)
{
	Table t(&ration_rr, 1);
	int A = t.add("A"), B = t.add("B");

	ROW(0,  WAKE(A),   RUNS(A),    NEXT_MS(30));
	ROW(1,  DOWN(A),   RUNS(IDLE), NEVER);
	ROW(2,  DOWN(A),   RUNS(IDLE), NEVER);
	ROW(3,  DOWN(B),   RUNS(IDLE), NEVER);       /* blocked */
	ROW(4,  WAKE(B),   RUNS(IDLE), NEVER);
	ROW(5,  UP(A),     RUNS(A),    NEXT_MS(35));
	ROW(6,  UP(B),     RUNS(A),    NEXT_MS(35));
	ROW(7,  DOWN(B),   RUNS(A),    NEXT_MS(35)); /* queued */
	ROW(8,  UP(A),     RUNS(A),    NEXT_MS(35)); /* it is up */
	ROW(35, NOTHING(), RUNS(A),    NEXT_MS(65));
	ROW(36, UP(B),     RUNS(A),    NEXT_MS(65));
	ROW(37, PAUSE(B),  RUNS(A),    NEXT_MS(65));
	ROW(38, DOWN(B),   RUNS(A),    NEXT_MS(65)); /* paused */
	ROW(39, RESUME(B), RUNS(A),    NEXT_MS(65));
	ROW(65, NOTHING(), RUNS(A),    NEXT_MS(95));
	ROW(66, UP(B),     RUNS(A),    NEXT_MS(95));
	ROW(95, NOTHING(), RUNS(B),    NEXT_MS(125));
}

TEST(RrLeave, InEveryState)
{
	Table t(&ration_rr, 1);
	int A = t.add("A"), B = t.add("B"), C = t.add("C"), D = t.add("D");

	ROW(0,  WAKE(A),   RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(B),   RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(C),   RUNS(A), NEXT_MS(30));
	ROW(1,  REFUSED(LEAVE(A), RATION_E_BUSY), RUNS(B), NEXT_MS(31));   /* it ran */
	ROW(2,  WAKE(A),   RUNS(B), NEXT_MS(31));    /* never dispatched again */
	ROW(3,  LEAVE(A),  RUNS(B), NEXT_MS(31));
	ROW(4,  LEAVE(C),  RUNS(B), NEXT_MS(31));    /* it queued */
	ROW(5,  LEAVE(D),  RUNS(B), NEXT_MS(31));    /* it was blocked */
	ROW(31, NOTHING(), RUNS(B), NEXT_MS(61));
}

TEST(RrAttributes, AreKeptAndNotHonoured)
{
	Table t(&ration_rr, 1, {&ration_credit});
	ration_attr heavy, other;
	ration_attr_default(&heavy);
	heavy.weight = 60000;
	heavy.cap_ppm = 10000;
	int A = t.add("A", heavy), B = t.add("B");

	ROW(0,   WAKE(A),   RUNS(A), NEXT_MS(30));
	ROW(0,   WAKE(B),   RUNS(A), NEXT_MS(30));
	ROW(30,  NOTHING(), RUNS(B), NEXT_MS(60));
	ROW(600, NOTHING(), RUNS(A), NEXT_MS(630));
	EXPECT_EQ(ms_ns(300), t.ran_ns(A));
	other = heavy;
	other.weight = 1;
	ROW(601, REFUSED(SET(A, other), RATION_E_POLICY), RUNS(A), NEXT_MS(630));
	ROW(602, SET(A, heavy), RUNS(A), NEXT_MS(630));
	ROW(603, CHARGE(A, 20), RUNS(A), NEXT_MS(630));   /* nothing to rr */
	ROW(630, NOTHING(),     RUNS(B), NEXT_MS(660));
}
