/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * credit: wake, block, yield, pause, leave, weights, helper work; who runs and
 * until when.  What each has stands in the remarks, in ms of CPU time where all are
 * owed the same.  The slow loop's steps are not shown.
 */
#include <gtest/gtest.h>

#include "ration_credit.h"
#include "ration_rr.h"
#include "schedule.h"

using namespace schedule;

namespace {

ration_attr weight(uint32_t w)
{
	ration_attr a;

	ration_attr_default(&a);
	a.weight = w;
	return a;
}

TEST(CreditWake, IdleBusyProtectedAndAwake)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0,   WAKE(A),   RUNS(A), NEXT_MS(30));   /* an idle CPU: at once */
	ROW(1,   WAKE(B),   RUNS(B), NEXT_MS(31));   /* A 1, B 0; A is not protected any more */
	ROW(1.4, WAKE(C),   RUNS(B), NEXT_MS(2));    /* C 0, B 0.4 is protected until 2 */
	ROW(2,   NOTHING(), RUNS(C), NEXT_MS(32));
	ROW(2.5, WAKE(C),   RUNS(C), NEXT_MS(32));   /* it runs */
	ROW(2.5, WAKE(A),   RUNS(C), NEXT_MS(32));   /* it waits */
	ROW(4,   BLOCK(C),  RUNS(A), NEXT_MS(34));   /* A 1, B 1: the lower slot */
	ROW(5,   WAKE(C),   RUNS(C), NEXT_MS(35));   /* C 2, A 2: level, but it just woke */
	ROW(35,  NOTHING(), RUNS(B), NEXT_MS(65));   /* A 2, B 1, C 32 */
	ROW(65,  NOTHING(), RUNS(A), NEXT_MS(95));   /* A 2, B 31, C 32 */
}

TEST(CreditWake, SleepSavesOneTslice)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B");

	ROW(0,    WAKE(A),   RUNS(A), NEXT_MS(30));
	ROW(995,  NOTHING(), RUNS(A), NEXT_MS(1020));
	ROW(1000, WAKE(B),   RUNS(B), NEXT_MS(1030));  /* the clock is 1000: B 970, A 1000 */
	ROW(1030, NOTHING(), RUNS(B), NEXT_MS(1060));  /* level: B goes on */
	ROW(1060, NOTHING(), RUNS(A), NEXT_MS(1090));
	ROW(1090, NOTHING(), RUNS(B), NEXT_MS(1120));
}

TEST(CreditWake, PreemptsOneOfTwoWhoHasHadMore)
{
	Table t(&ration_credit, 2);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B"), C = t.add("C"), D = t.add("D");

	ROW(0,  WAKE(A),  RUNS(A, IDLE), NEXT_MS(30));
	ROW(10, WAKE(B),  RUNS(A, B),    NEXT_MS(30));
	ROW(20, WAKE(C),  RUNS(C, B),    NEXT_MS(40));   /* A 20, B 10 */
	ROW(20, WAKE(D),  RUNS(C, D),    NEXT_MS(50));   /* C is protected, B is next */
	ROW(21, BLOCK(C), RUNS(B, D),    NEXT_MS(50));   /* B 10, A 20 */
	ROW(22, BLOCK(D), RUNS(B, A),    NEXT_MS(51));
}

TEST(CreditWake, TheRateLimitCanBeChangedAtAnyTime)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0,    WAKE(A),       RUNS(A), NEXT_MS(30));
	ROW(0.1,  PARAMS(30, 0), RUNS(A), NEXT_MS(30));
	ROW(0.2,  WAKE(B),       RUNS(B), NEXT_MS(30.2));
	ROW(0.3,  PARAMS(30, 10), RUNS(B), NEXT_MS(30.2));
	ROW(1,    WAKE(C),       RUNS(B), NEXT_MS(10.2));
	ROW(10.2, NOTHING(),     RUNS(C), NEXT_MS(40.2));
	ROW(11,   PARAMS(5, 1),  RUNS(C), NEXT_MS(40.2)); /* the slice that it has, it keeps */
	ROW(12,   REFUSED(PARAMS(5, 6), RATION_E_RANGE), RUNS(C), NEXT_MS(40.2));
	ROW(40.2, NOTHING(),     RUNS(A), NEXT_MS(45.2)); /* A 0.2, B 10, C 30 */
	ROW(45.2, NOTHING(),     RUNS(A), NEXT_MS(50.2)); /* A 5.2 */
	ROW(50.2, NOTHING(),     RUNS(B), NEXT_MS(55.2)); /* A 10.2, B 10 */
}

TEST(CreditYield, ToTheBestOfTheOthers)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B");

	ROW(0, PARAMS(30, 30), RUNS(IDLE), NEVER);      /* no wake-up preempts */
	ROW(0, WAKE(A),  RUNS(A), NEXT_MS(30));
	ROW(0, WAKE(B),  RUNS(A), NEXT_MS(30));
	ROW(5, YIELD(A), RUNS(B), NEXT_MS(35));
	ROW(6, YIELD(B), RUNS(A), NEXT_MS(36));   /* though A 5 has had more than B 1 */
	ROW(7, YIELD(A), RUNS(B), NEXT_MS(37));
	ROW(8, BLOCK(B), RUNS(A), NEXT_MS(38));
	ROW(9, YIELD(A), RUNS(A), NEXT_MS(39));   /* nobody else */
}

TEST(CreditYield, ToAnotherThatWaits)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0, PARAMS(30, 30), RUNS(IDLE), NEVER);      /* no wake-up preempts */
	ROW(0,  WAKE(A),        RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(B),        RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(C),        RUNS(A), NEXT_MS(30));
	ROW(4,  YIELD_TO(A, C), RUNS(C), NEXT_MS(34));    /* out of B's turn */
	ROW(5,  YIELD_TO(C, A), RUNS(A), NEXT_MS(35));
	ROW(35, NOTHING(),      RUNS(B), NEXT_MS(65));    /* A 34, B 0, C 1: C paid */
	ROW(65, NOTHING(),      RUNS(C), NEXT_MS(95));
}

/* B's turn is given away by A, which is owed more than B: it loses it. */
TEST(CreditYield, WhoGivesItsTurnAwayComesAfterWhoseTurnItWas)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0,   WAKE(B),        RUNS(B), NEXT_MS(30));
	ROW(0,   WAKE(C),        RUNS(B), NEXT_MS(30));
	ROW(10,  WAKE(A),        RUNS(A), NEXT_MS(40));   /* A 0, B 10, C 0 */
	ROW(10,  YIELD_TO(A, B), RUNS(B), NEXT_MS(40));   /* C's turn: A comes after it */
	ROW(40,  NOTHING(),      RUNS(C), NEXT_MS(70));
	ROW(70,  NOTHING(),      RUNS(A), NEXT_MS(100));
}

// A could run on CPU 1, where nobody runs; B, which is far ahead, only where A does.
TEST(CreditPins, WhoCanGoElsewhereGivesWay)
{
	Table t(&ration_credit, 2);
	t.cpu_timers_only = true;
	int A = t.add("A", weight(65535)), B = t.add("B", weight(1), "0");

	ROW(0,   WAKE(B),   RUNS(B, IDLE), NEXT_MS(.25));
	ROW(20,  BLOCK(B),  RUNS(IDLE),    NEVER);
	ROW(20,  WAKE(A),   RUNS(A, IDLE), NEXT_MS(50));
	ROW(22,  WAKE(B),   RUNS(B, A),    NEXT_MS(52));
	ROW(23,  BLOCK(A),  RUNS(B, IDLE), NEXT_MS(52));
}

// B, C and E, on CPU 0 alone, are owed a third each, A and D a half of CPU 1: A stays off
// CPU 0, however far it is behind, but lest it idle.
TEST(CreditPins, ACpuThatOthersAreOwedAllOfIsNoHome)
{
	Table t(&ration_credit, 2);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B", "0"), C = t.add("C", "0"), D = t.add("D", "1"),
	    E = t.add("E", "0");

	ROW(0,   WAKE(B),   RUNS(B, IDLE), NEXT_MS(30));
	ROW(0,   WAKE(C),   RUNS(B, IDLE), NEXT_MS(30));
	ROW(0,   WAKE(E),   RUNS(B, IDLE), NEXT_MS(30));
	ROW(0,   WAKE(D),   RUNS(B, D),    NEXT_MS(30));
	ROW(0,   WAKE(A),   RUNS(B, D),    NEXT_MS(1));    /* the rate limit */
	ROW(1,   NOTHING(), RUNS(B, A),    NEXT_MS(30));
	ROW(30,  NOTHING(), RUNS(C, A),    NEXT_MS(31));
	ROW(31,  NOTHING(), RUNS(C, D),    NEXT_MS(60));
	ROW(60,  NOTHING(), RUNS(E, D),    NEXT_MS(61));
	ROW(61,  NOTHING(), RUNS(E, A),    NEXT_MS(90));
	ROW(70,  BLOCK(E),  RUNS(B, A),    NEXT_MS(91));   /* not D */
	ROW(71,  BLOCK(B),  RUNS(C, A),    NEXT_MS(91));
	ROW(72,  BLOCK(A),  RUNS(C, D),    NEXT_MS(101));
	ROW(73,  BLOCK(C),  RUNS(IDLE, D), NEXT_MS(102));
	ROW(74,  WAKE(A),   RUNS(A, D),    NEXT_MS(102));  /* it does not idle */
	ROW(75,  WAKE(C),   RUNS(C, D),    NEXT_MS(102));
}

TEST(CreditYield, ToAnotherThatCannotBeTaken)
{
	Table t(&ration_credit, 2);
	t.cpu_timers_only = true;
	int A = t.add("A", "0"), B = t.add("B", "1"), C = t.add("C", "0"), D = t.add("D", "1"),
	    E = t.add("E");

	ROW(0, PARAMS(30, 30), RUNS(IDLE, IDLE), NEVER);      /* no wake-up preempts */
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

TEST(CreditPause, NestsInEveryState)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0,  WAKE(A),       RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(B),       RUNS(A), NEXT_MS(30));
	ROW(1,  PAUSE(A),      RUNS(B), NEXT_MS(31));
	ROW(2,  PAUSE(A),      RUNS(B), NEXT_MS(31));
	ROW(3,  RESUME(A),     RUNS(B), NEXT_MS(31));
	ROW(4,  DOM_PAUSE(A),  RUNS(B), NEXT_MS(31));
	ROW(5,  RESUME(A),     RUNS(B), NEXT_MS(31));
	ROW(6,  DOM_RESUME(A), RUNS(A), NEXT_MS(36));   /* A 1, B 5 */
	ROW(7,  PAUSE(A),      RUNS(B), NEXT_MS(37));
	ROW(8,  PAUSE(C),      RUNS(B), NEXT_MS(37));   /* blocked */
	ROW(9,  WAKE(C),       RUNS(B), NEXT_MS(37));   /* remembered */
	ROW(10, RESUME(C),     RUNS(C), NEXT_MS(40));   /* C 0, B 8 */
	ROW(11, RESUME(A),     RUNS(A), NEXT_MS(41));   /* A 2, C 1: who just woke comes first */
	ROW(12, DOM_PAUSE(C),  RUNS(A), NEXT_MS(41));
	ROW(13, DOM_RESUME(C), RUNS(C), NEXT_MS(43));   /* C 1, A 4 */
}

TEST(CreditDown, IsNotNestedAndRemembersWakes)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B");

	ROW(0,  WAKE(A),   RUNS(A),    NEXT_MS(30));
	ROW(1,  DOWN(A),   RUNS(IDLE), NEVER);
	ROW(2,  DOWN(A),   RUNS(IDLE), NEVER);
	ROW(3,  DOWN(B),   RUNS(IDLE), NEVER);
	ROW(4,  WAKE(B),   RUNS(IDLE), NEVER);
	ROW(5,  UP(A),     RUNS(A),    NEXT_MS(35));
	ROW(10, UP(B),     RUNS(B),    NEXT_MS(40));    /* B 0, A 6 */
	ROW(11, DOWN(A),   RUNS(B),    NEXT_MS(40));    /* queued */
	ROW(40, NOTHING(), RUNS(B),    NEXT_MS(70));
	ROW(41, UP(A),     RUNS(A),    NEXT_MS(71));
}

TEST(CreditLeave, InEveryState)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B"), C = t.add("C"), D = t.add("D");

	ROW(0, PARAMS(30, 30), RUNS(IDLE), NEVER);      /* no wake-up preempts */
	ROW(0,  WAKE(A),   RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(B),   RUNS(A), NEXT_MS(30));
	ROW(0,  WAKE(C),   RUNS(A), NEXT_MS(30));
	ROW(1,  REFUSED(LEAVE(A), RATION_E_BUSY), RUNS(B), NEXT_MS(31));
	ROW(2,  WAKE(A),   RUNS(B), NEXT_MS(31));
	ROW(3,  LEAVE(A),  RUNS(B), NEXT_MS(31));
	ROW(4,  LEAVE(C),  RUNS(B), NEXT_MS(31));
	ROW(5,  LEAVE(D),  RUNS(B), NEXT_MS(31));
	ROW(31, NOTHING(), RUNS(B), NEXT_MS(61));
}

/* In virtual time, slices of 30 ms take 60 at half of the CPU, 45 at two thirds, 90 at one;
 * a turn is half of that later.  The clock is where the last slice began.  (The slow loop
 * takes 0.05 ms to see to a change, so that what changes at 10 and 101 does so a bit later.) */
TEST(CreditWeight, SetOnOneThatRunsWaitsOrSleeps)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0, PARAMS(30, 30), RUNS(IDLE), NEVER);      /* no wake-up preempts */
	ROW(0,   WAKE(A),             RUNS(A), NEXT_MS(30));
	ROW(0,   WAKE(B),             RUNS(A), NEXT_MS(30));
	ROW(10,  SET(A, weight(512)), RUNS(A), NEXT_MS(30));   /* 20 ahead is now 15; B 0 */
	ROW(40,  NOTHING(),           RUNS(B), NEXT_MS(60));   /* at 30: A 45, B 0 */
	ROW(70,  NOTHING(),           RUNS(A), NEXT_MS(90));   /* at 60: A 45, B 90 */
	ROW(100, NOTHING(),           RUNS(A), NEXT_MS(120));  /* at 90: turns A 112, B 135 */
	ROW(101, SET(A, weight(256)), RUNS(A), NEXT_MS(120));  /* 16.5 past the clock is now 22 */
	ROW(130, NOTHING(),           RUNS(B), NEXT_MS(150));  /* at 120: A 150, B 90 */
	ROW(131, SET(C, weight(1)),   RUNS(B), NEXT_MS(150));
	ROW(131, REFUSED(SET(C, weight(0)), RATION_E_RANGE), RUNS(B), NEXT_MS(150));
	ROW(160, NOTHING(),           RUNS(A), NEXT_MS(180));  /* at 150: level, but for 0.05 */
}

TEST(CreditCharge, HelperWorkIsPaidWithTheNextRun)
{
	Table t(&ration_credit, 1);
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0, PARAMS(30, 30), RUNS(IDLE), NEVER);      /* no wake-up preempts */
	ROW(0,   WAKE(A),       RUNS(A), NEXT_MS(30));
	ROW(0,   WAKE(B),       RUNS(A), NEXT_MS(30));
	ROW(5,   CHARGE(A, 20), RUNS(A), NEXT_MS(30));
	ROW(6,   CHARGE(C, 20), RUNS(A), NEXT_MS(30));         /* blocked: nothing to see */
	ROW(30,  NOTHING(),     RUNS(B), NEXT_MS(60));         /* A 50 */
	ROW(60,  NOTHING(),     RUNS(B), NEXT_MS(90));         /* B 30 */
	ROW(90,  NOTHING(),     RUNS(A), NEXT_MS(120));        /* B 60 */
}

TEST(CreditPolicy, ToRrAndBackKeepsWhatIsOwed)
{
	Table t(&ration_credit, 1, {&ration_rr});
	t.cpu_timers_only = true;
	int A = t.add("A"), B = t.add("B");

	ROW(0, PARAMS(30, 30), RUNS(IDLE), NEVER);      /* no wake-up preempts */
	ROW(0,   WAKE(A),                RUNS(A), NEXT_MS(30));
	ROW(0,   WAKE(B),                RUNS(A), NEXT_MS(30));
	ROW(10,  POLICY(&ration_rr),     RUNS(B), NEXT_MS(40));
	ROW(40,  NOTHING(),              RUNS(A), NEXT_MS(70));
	ROW(50,  POLICY(&ration_credit), RUNS(B), NEXT_MS(80));   /* A 10, B 0, as at 10 */
	ROW(80,  NOTHING(),              RUNS(A), NEXT_MS(110));  /* B 30 */
	ROW(110, NOTHING(),              RUNS(B), NEXT_MS(140));  /* A 40 */
}

}  /* namespace */
