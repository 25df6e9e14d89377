/* SPDX-License-Identifier: BSD-2-Clause */
/* credit: caps, bursts and floors, in every state; who runs and until when.  Refills are
 * at the 10 ms after the first run; they and the slow loop are no CPU's timers. */
#include <gtest/gtest.h>

#include "ration_credit.h"
#include "ration_rr.h"
#include "schedule.h"

using namespace schedule;

namespace {

ration_attr limits(uint32_t cap_percent, uint32_t floor_percent = 0, double burst_ms = 0)
{
	ration_attr a;

	ration_attr_default(&a);
	a.cap_ppm = cap_percent * 10000;
	a.floor_ppm = floor_percent * 10000;
	a.burst_ns = ms_ns(burst_ms);
	return a;
}

TEST(CreditCap, ABudgetEveryTenMs)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A", limits(20)), B = t.add("B");

	ROW(0,  WAKE(A),   RUNS(A),    NEXT_MS(2));
	ROW(2,  NOTHING(), RUNS(IDLE), NEVER);
	ROW(2,  WAKE(B),   RUNS(B),    NEXT_MS(32));   /* A is held */
	ROW(10, NOTHING(), RUNS(A),    NEXT_MS(12));   /* A 2 of the 2 that it is owed, B 8 */
	ROW(12, NOTHING(), RUNS(B),    NEXT_MS(42));
	ROW(14, YIELD_TO(B, A), RUNS(B), NEXT_MS(44)); /* held: a plain yield */
	ROW(20, NOTHING(), RUNS(A),    NEXT_MS(22));
	EXPECT_EQ(ms_ns(16), t.waited_ns(A, RATION_WAIT_CAP));   /* 2..10, 12..20 */
}

TEST(CreditCap, SiblingsShareTheBudget)
{
	Table t(&ration_credit, 2);
	t.cpu_timers_only = true;
	int A = t.add("A", limits(40)), A2 = t.add_sibling("A2", A);

	ROW(0,     WAKE(A),   RUNS(A, IDLE),    NEXT_MS(4));
	ROW(0,     WAKE(A2),  RUNS(A, IDLE),    NEXT_MS(4));      /* A has all of it */
	ROW(4,     NOTHING(), RUNS(IDLE, IDLE), NEVER);
	ROW(10,    NOTHING(), RUNS(A2, A),      NEXT_MS(12));     /* each is owed 2 ms */
	ROW(12,    NOTHING(), RUNS(IDLE, IDLE), NEVER);
	ROW(20,    NOTHING(), RUNS(A2, A),      NEXT_MS(22));
	ROW(21,    BLOCK(A2), RUNS(IDLE, A),    NEXT_MS(22));
	ROW(22,    NOTHING(), RUNS(IDLE, A),    NEXT_MS(23));     /* and what A2 left */
	ROW(23,    NOTHING(), RUNS(IDLE, IDLE), NEVER);
}

TEST(CreditCap, WhatASiblingGivesBackFreesTheOthers)
{
	Table t(&ration_credit, 2);
	t.cpu_timers_only = true;
	int A = t.add("A", limits(40)), A2 = t.add_sibling("A2", A);

	ROW(0, WAKE(A),  RUNS(A, IDLE),  NEXT_MS(4));
	ROW(0, WAKE(A2), RUNS(A, IDLE),  NEXT_MS(4));
	ROW(1, BLOCK(A), RUNS(A2, IDLE), NEXT_MS(4));             /* 3 of 4 ms */
	ROW(4, NOTHING(), RUNS(IDLE, IDLE), NEVER);
}

TEST(CreditCap, BurstIsWhatWasLeftUnused)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A", limits(20, 0, 4));

	ROW(0,  WAKE(A),   RUNS(A),    NEXT_MS(2));
	ROW(10, NOTHING(), RUNS(A),    NEXT_MS(12));
	ROW(11, BLOCK(A),  RUNS(IDLE), NEVER);   /* 1 ms left */
	ROW(20, NOTHING(), RUNS(IDLE), NEVER);   /* 3 */
	ROW(30, NOTHING(), RUNS(IDLE), NEVER);   /* 5 */
	ROW(40, NOTHING(), RUNS(IDLE), NEVER);   /* 7, and 8 would be full: 2, 2 carried, 4 */
	ROW(45, WAKE(A),   RUNS(A),    NEXT_MS(47));   /* slices of 2 ms, one after the other */
	ROW(53.5, NOTHING(), RUNS(A),  NEXT_MS(54));   /* of the refill at 50 */
	ROW(54, NOTHING(), RUNS(IDLE), NEVER);
	ROW(60, NOTHING(), RUNS(A),    NEXT_MS(62));
}

/* A refill in mid-run finds room for what the run has used up to then. */
TEST(CreditCap, RefillsInMidRunAreNotLost)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A", limits(50, 0, 20));

	ROW(0,   WAKE(A),   RUNS(A),    NEXT_MS(5));
	ROW(1,   BLOCK(A),  RUNS(IDLE), NEVER);
	ROW(50,  NOTHING(), RUNS(IDLE), NEVER);        /* 29: full; 5, 4 carried, 20 */
	ROW(60,  WAKE(A),   RUNS(A),    NEXT_MS(65));  /* slices of 5 ms */
	ROW(63,  BLOCK(A),  RUNS(IDLE), NEVER);        /* 26 */
	ROW(64,  WAKE(A),   RUNS(A),    NEXT_MS(69));
	ROW(70,  NOTHING(), RUNS(A),    NEXT_MS(74));  /* 6 of 10 ms used, 16 left, 5 come */
	ROW(101, NOTHING(), RUNS(A),    NEXT_MS(104)); /* 1 left at 94, 5 at 100 */
	ROW(109, NOTHING(), RUNS(A),    NEXT_MS(110));
	ROW(110, NOTHING(), RUNS(A),    NEXT_MS(114));
	ROW(114, NOTHING(), RUNS(A),    NEXT_MS(115));
	ROW(115, NOTHING(), RUNS(IDLE), NEVER);        /* 26 and five refills: 51 since 64 */
}

TEST(CreditCap, BurstSetAndTakenAway)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A", limits(20));

	ROW(0,  WAKE(A),   RUNS(A),    NEXT_MS(2));
	ROW(3,  SET(A, limits(20, 0, 10)), RUNS(IDLE), NEVER);   /* held: nothing to save */
	ROW(10, NOTHING(), RUNS(A),    NEXT_MS(12));
	ROW(11, SET(A, limits(20, 0, 8)), RUNS(A), NEXT_MS(12));       /* running */
	ROW(11, BLOCK(A),  RUNS(IDLE), NEVER);                   /* 1 ms left */
	ROW(50, NOTHING(), RUNS(IDLE), NEVER);                   /* 9 */
	ROW(51, SET(A, limits(20, 0, 1)), RUNS(IDLE), NEVER);    /* 5: 2, 2 carried, 1 */
	ROW(52, WAKE(A),   RUNS(A),    NEXT_MS(54));
	ROW(56, NOTHING(), RUNS(A),    NEXT_MS(57));
	ROW(57, NOTHING(), RUNS(IDLE), NEVER);
	ROW(60, NOTHING(), RUNS(A),    NEXT_MS(62));
}

TEST(CreditCap, SetRaisedLoweredAndTakenAwayInEveryState)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A");

	ROW(0,  WAKE(A),           RUNS(A),    NEXT_MS(30));
	ROW(5,  SET(A, limits(50)), RUNS(A),   NEXT_MS(10));     /* running: 5 ms from now */
	ROW(10, NOTHING(),         RUNS(IDLE), NEVER);
	ROW(11, SET(A, limits(80)), RUNS(IDLE), NEVER);    /* held: from the refill on */
	ROW(15, NOTHING(),         RUNS(A),    NEXT_MS(23));
	ROW(17, SET(A, limits(10)), RUNS(A),   NEXT_MS(19));     /* no more than 2 is ever saved */
	ROW(19, NOTHING(),         RUNS(IDLE), NEVER);
	ROW(25, NOTHING(),         RUNS(A),    NEXT_MS(26));
	ROW(65, NOTHING(),         RUNS(A),    NEXT_MS(66));
	ROW(66, NOTHING(),         RUNS(IDLE), NEVER);
	ROW(75, NOTHING(),         RUNS(A),    NEXT_MS(76));
	ROW(76, NOTHING(),         RUNS(IDLE), NEVER);
	ROW(77, SET(A, limits(0)), RUNS(A),    NEXT_MS(107));    /* held: free at once */
	ROW(80, BLOCK(A),          RUNS(IDLE), NEVER);
	ROW(81, SET(A, limits(10)), RUNS(IDLE), NEVER);          /* blocked */
	ROW(82, WAKE(A),           RUNS(A),    NEXT_MS(83));
	ROW(83, PAUSE(A),          RUNS(IDLE), NEVER);
	ROW(84, SET(A, limits(30)), RUNS(IDLE), NEVER);    /* paused */
	ROW(85, RESUME(A),         RUNS(IDLE), NEVER);
	ROW(92, NOTHING(),         RUNS(A),    NEXT_MS(95));
}

TEST(CreditCap, HelperWorkUsesItUp)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A", limits(50));

	ROW(0,  WAKE(A),      RUNS(A),    NEXT_MS(5));
	ROW(1,  CHARGE(A, 3), RUNS(A),    NEXT_MS(5));           /* granted already: a debt */
	ROW(5,  NOTHING(),    RUNS(IDLE), NEVER);
	ROW(10, NOTHING(),    RUNS(A),    NEXT_MS(12));
	ROW(12, NOTHING(),    RUNS(IDLE), NEVER);
	ROW(20, NOTHING(),    RUNS(A),    NEXT_MS(25));
}

/* A floor of 50 fills by 1 ms in 2; 1 ms of it makes who waits urgent. */
TEST(CreditFloor, RunsBeforeTheOthersAsLongAsThereIsAny)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A", limits(0, 50)), B = t.add("B");

	ROW(0,  WAKE(B),   RUNS(B), NEXT_MS(30));
	ROW(10, WAKE(A),   RUNS(A), NEXT_MS(15));     /* full: 5 ms */
	ROW(15, NOTHING(), RUNS(A), NEXT_MS(45));     /* used up; A 5, B 10 */
	ROW(45, NOTHING(), RUNS(B), NEXT_MS(75));     /* A 35; urgent again at 47 */
	ROW(47, NOTHING(), RUNS(A), NEXT_MS(48));
	ROW(48, NOTHING(), RUNS(B), NEXT_MS(78));     /* half a ms is left, urgent at 49 */
	ROW(49, NOTHING(), RUNS(A), NEXT_MS(50));
	ROW(49.5, SET(A, limits(0)), RUNS(A), NEXT_MS(50));
	ROW(50, NOTHING(), RUNS(B), NEXT_MS(80));
}

TEST(CreditFloor, ASiblingThatCameTooLateIsNotUrgentAnyMore)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	ration_attr light = limits(0, 20);
	light.weight = 1;
	int A = t.add("A", light), A2 = t.add_sibling("A2", A), B = t.add("B");

	ROW(0,  WAKE(A2),  RUNS(A2), NEXT_MS(2));     /* a new floor is full */
	ROW(2,  BLOCK(A2), RUNS(IDLE), NEVER);
	ROW(2,  WAKE(B),   RUNS(B), NEXT_MS(32));
	ROW(22, WAKE(A),   RUNS(A), NEXT_MS(24));     /* full: 2 ms */
	ROW(23, WAKE(A2),  RUNS(A), NEXT_MS(24));     /* urgent, as far as is known */
	ROW(24, NOTHING(), RUNS(A2), NEXT_MS(54));    /* 0.2 left: nobody is urgent; A2's turn */
}

TEST(CreditFloor, SetOnOneThatWaits)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B");

	ROW(0,  WAKE(A),              RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(B),              RUNS(A), NEXT_MS(30));
	ROW(30, NOTHING(),            RUNS(B), NEXT_MS(60));
	ROW(31, SET(A, limits(0, 20)), RUNS(A), NEXT_MS(33));    /* full: 2 ms */
	ROW(33, NOTHING(),            RUNS(B), NEXT_MS(63));     /* A 32, B 1; 1 ms in 5 */
	ROW(34, SET(A, limits(0, 40)), RUNS(B), NEXT_MS(63));    /* 0.2 there, 0.8 in 2 */
	ROW(36, NOTHING(),            RUNS(A), NEXT_MS(37));
}

TEST(CreditFloor, WaitsForTheRateLimitAndNoLonger)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A", limits(0, 20)), B = t.add("B");

	ROW(0,  PARAMS(30, 6), RUNS(IDLE), NEVER);
	ROW(10, WAKE(B),       RUNS(B), NEXT_MS(40));
	ROW(11, WAKE(A),       RUNS(B), NEXT_MS(16));
	ROW(16, NOTHING(),     RUNS(A), NEXT_MS(18));
	EXPECT_EQ(ms_ns(5), t.waited_ns(A, RATION_WAIT_RATELIMIT));
}

/* What cannot be kept is refused, and nothing changes. */
TEST(CreditFloor, AdmissionByVerb)
{
	Table t(&ration_credit, 2, {&ration_rr});
	t.cpu_timers_only = true;
	int A = t.add("A", limits(0, 60), "0"), B = t.add("B", limits(0, 90)), C;

	ROW(20, WAKE(A),               RUNS(A, IDLE), NEXT_MS(26));
	ROW(20, REFUSED(PIN(B, "0"), RATION_E_CAPACITY), RUNS(A, IDLE), NEXT_MS(26));
	C = t.add("C", limits(0, 51));
	EXPECT_EQ(-1, C);
	EXPECT_EQ(RATION_REFUSED_FLOOR, t.why.reason);
	EXPECT_EQ(10000u, t.why.missing_ppm);
	EXPECT_EQ(500000u, t.why.fit_ppm);
	ROW(21, REFUSED(CPU_DOWN(1), RATION_E_CAPACITY), RUNS(A, IDLE), NEXT_MS(26));
	ROW(22, CPU_FORCE_DOWN(1),     RUNS(A, IDLE), NEXT_MS(26));
	ROW(23, CPU_UP(1),             RUNS(A, IDLE), NEXT_MS(26));
	ROW(24, POLICY(&ration_rr),    RUNS(A, IDLE), NEXT_MS(54));
	ROW(25, REFUSED(SET(A, limits(0, 70)), RATION_E_POLICY), RUNS(A, IDLE), NEXT_MS(54));
	EXPECT_LE(0, t.add("C", limits(0, 51)));
	ROW(26, REFUSED(POLICY(&ration_credit), RATION_E_CAPACITY), RUNS(A, IDLE), NEXT_MS(54));
}

}  /* namespace */
