/* SPDX-License-Identifier: BSD-2-Clause */
/* sedf: what deadlines leave over, by weight, on any CPU. */
#include <gtest/gtest.h>

#include "schedule_sedf.h"

using namespace schedule;

/* CPU time of v, in hundredths of one CPU, over the time up to now. */
static double percent(const Table &t, int v)
{
	return 100.0 * static_cast<double>(t.ran_ns(v)) / static_cast<double>(t.now);
}

TEST(SedfSlack, TakesTurns)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A"), B = t.add("B");

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(10));     /* alone: a long quantum */
	ROW(2, WAKE(B), RUNS(B), NEXT_MS(2.5));    /* A has had its quantum, and more */
	ROW(2.2, BLOCK(B), RUNS(A), NEXT_MS(12.2));
	ROW(2.4, WAKE(B), RUNS(A), NEXT_MS(2.7));  /* A's quantum began at 2.2 */
	ROW(2.7, NOTHING(), RUNS(B), NEXT_MS(3.2));
	ROW(3.2, YIELD(B), RUNS(A), NEXT_MS(3.7));
	ROW(3.3, YIELD(A), RUNS(B), NEXT_MS(3.8));
	ROW(3.4, BLOCK(B), RUNS(A), NEXT_MS(13.4));
	ROW(3.5, YIELD(A), RUNS(A), NEXT_MS(13.4));
}

TEST(SedfSlack, YieldTo)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(10));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(0.5));
	ROW(0, WAKE(C), RUNS(A), NEXT_MS(0.5));
	ROW(0.1, YIELD_TO(A, C), RUNS(C), NEXT_MS(0.6));
	ROW(0.2, YIELD(C), RUNS(B), NEXT_MS(0.7));
	ROW(0.3, YIELD_TO(B, A), RUNS(A), NEXT_MS(0.8));
}

TEST(SedfSlack, ByWeight)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", best_effort(512)), B = t.add("B", best_effort(256)),
	    C = t.add("C", best_effort(1)), D = t.add("D", best_effort(65535));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(10));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(0.5));
	EXPECT_EQ(t.advance(ms_ns(3000), true), "");
	EXPECT_NEAR(percent(t, A), 66.667, 0.05);
	EXPECT_NEAR(percent(t, B), 33.333, 0.05);
	EXPECT_EQ(t.happen(WAKE(C)), "");
	EXPECT_EQ(t.happen(WAKE(D)), "");
	ration_ns before = t.ran_ns(A), light = t.ran_ns(C);
	EXPECT_EQ(t.advance(ms_ns(133000), true), "");
	/* 130 s * 512 / 66304, and * 1 / 66304, to a quantum each */
	EXPECT_NEAR(static_cast<double>(t.ran_ns(A) - before), 1.0039e9, 1e6);
	EXPECT_NEAR(static_cast<double>(t.ran_ns(C) - light), 1.96e6, 6e5);
}

/* The share unit is the domain: two vCPUs of one domain together have what one
 * of another has, also when one of them sleeps for a while. */
TEST(SedfSlack, DomainIsTheUnit)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A"), B = t.add("B0"), C = t.add_sibling("B1", B);

	for (int v : {A, B, C})
		EXPECT_EQ(t.happen(WAKE(v)), "");
	EXPECT_EQ(t.advance(ms_ns(1000), true), "");
	EXPECT_NEAR(percent(t, A), 50, 0.1);
	EXPECT_NEAR(percent(t, B), 25, 0.1);
	EXPECT_NEAR(percent(t, C), 25, 0.1);
	EXPECT_EQ(t.happen(PAUSE(B)), "");
	EXPECT_EQ(t.advance(ms_ns(2000), true), "");
	EXPECT_NEAR(percent(t, A), 50, 0.1);
	EXPECT_NEAR(percent(t, C), 37.5, 0.1);
}

TEST(SedfSlack, WhatDeadlinesLeave)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4)), B = t.add("B", best_effort(512)), C = t.add("C");

	for (int v : {A, B, C})
		EXPECT_EQ(t.happen(WAKE(v)), "");
	EXPECT_EQ(t.advance(ms_ns(3000), true), "");
	EXPECT_NEAR(percent(t, A), 40, 0.01);
	EXPECT_NEAR(percent(t, B), 40, 0.1);
	EXPECT_NEAR(percent(t, C), 20, 0.1);
}

/* With extratime a promise is the least, not the most. */
TEST(SedfSlack, ExtratimeCompetes)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4, true)), B = t.add("B");

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(4));
	ROW(4, NOTHING(), RUNS(A), NEXT_MS(4.5));   /* equal virtual times */
	ROW(4.5, NOTHING(), RUNS(B), NEXT_MS(5));
	EXPECT_EQ(t.advance(ms_ns(2000), true), "");
	EXPECT_NEAR(percent(t, A), 70, 0.1);
	EXPECT_NEAR(percent(t, B), 30, 0.1);
	EXPECT_EQ(t.waited_ns(A, RATION_WAIT_BUDGET), 0u);
}

TEST(SedfSlack, ExtratimeAlone)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4, true));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(4, NOTHING(), RUNS(A), NEXT_MS(10));    /* slack, until its budget comes */
	ROW(10, NOTHING(), RUNS(A), NEXT_MS(14));
	EXPECT_EQ(t.switch_count, 1u);
}

/* A deadline takes the CPU from slack at once; slack from nobody. */
TEST(SedfSlack, DeadlinesComeFirst)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 4), "0"), B = t.add("B", "0"), C = t.add("C", "0-1");

	ROW(0, WAKE(B), RUNS(B, IDLE), NEXT_MS(10));
	ROW(1, WAKE(C), RUNS(B, C), NEXT_MS(10));
	ROW(2, WAKE(A), RUNS(A, C), NEXT_MS(6));
	ROW(6, NOTHING(), RUNS(B, C), NEXT_MS(11));
}

/* No CPU idles while somebody waits who may use it. */
TEST(SedfSlack, IdleCpuPullsAtOnce)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(10));
	ROW(0, WAKE(B), RUNS(A, B), NEXT_MS(10));
	ROW(0, WAKE(C), RUNS(A, B), NEXT_MS(0.5));
	ROW(0.2, BLOCK(B), RUNS(A, C), NEXT_MS(0.5));
	ROW(0.5, NOTHING(), RUNS(A, C), NEXT_MS(10));
}

/* Three on two CPUs, equal weights: two thirds each, as three of weight 2:1:1
 * have 1, 1/2, 1/2. */
TEST(SedfSlack, MoreThanCpus)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A"), B = t.add("B"), C = t.add("C");

	for (int v : {A, B, C})
		EXPECT_EQ(t.happen(WAKE(v)), "");
	EXPECT_EQ(t.advance(ms_ns(1000), true), "");
	for (int v : {A, B, C})
		EXPECT_NEAR(percent(t, v), 66.67, 1);
	EXPECT_EQ(t.happen(SET(A, best_effort(10240))), "");
	EXPECT_EQ(t.advance(ms_ns(11000), true), "");
	EXPECT_NEAR(percent(t, A), (66.67 + 1000) / 11, 0.2);
	EXPECT_NEAR(percent(t, B), (66.67 + 500) / 11, 0.2);
	/* What the weight could not use is not owed: with one CPU left, A has
	 * 10240 of 10752, but nobody waits for longer than some quanta at first. */
	EXPECT_EQ(t.happen(SET(A, best_effort())), "");
	EXPECT_EQ(t.happen(CPU_DOWN(1)), "");
	ration_ns before = t.ran_ns(B);
	EXPECT_EQ(t.advance(ms_ns(11100), true), "");
	EXPECT_NEAR(static_cast<double>(t.ran_ns(B) - before), 33.3e6, 3e6);
}

/* Weights hold under pinning, whatever goes on elsewhere (Xen's credit lost them). */
TEST(SedfSlack, WeightsUnderPinning)
{
	Table t(&ration_sedf, 3);
	int A = t.add("A", best_effort(512), "0"), B = t.add("B", best_effort(256), "0"),
	    C = t.add("C", best_effort(), "1"), D = t.add("D", best_effort(), "0-1");

	for (int v : {A, B, C, D})
		EXPECT_EQ(t.happen(WAKE(v)), "");
	EXPECT_EQ(t.advance(ms_ns(3000), true), "");
	EXPECT_NEAR(percent(t, A), 66.67, 1);
	EXPECT_NEAR(percent(t, B), 33.33, 1);
	EXPECT_NEAR(percent(t, C), 50, 1);
	EXPECT_NEAR(percent(t, D), 50, 1);
	/* D has got far ahead of A and B; nobody is made to wait for that. */
	EXPECT_EQ(t.happen(PIN(D, "0")), "");
	ration_ns before = t.ran_ns(D);
	EXPECT_EQ(t.advance(ms_ns(3100), true), "");
	EXPECT_NEAR(static_cast<double>(t.ran_ns(D) - before), 25e6, 3e6);
	EXPECT_NEAR(percent(t, C), (1500.0 + 100) / 31, 1);
}

/* The same where the one that is ahead stays in a class of its own. */
TEST(SedfSlack, ClassesCatchUp)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", best_effort(512), "0"), B = t.add("B", best_effort(256), "0"),
	    C = t.add("C", best_effort(), "1"), D = t.add("D", best_effort(), "0-1");

	for (int v : {A, B, C, D})
		EXPECT_EQ(t.happen(WAKE(v)), "");
	EXPECT_EQ(t.advance(ms_ns(3000), true), "");
	EXPECT_EQ(t.happen(CPU_DOWN(1)), "");
	EXPECT_EQ(t.advance(ms_ns(3100), true), "");
	EXPECT_NEAR(static_cast<double>(t.ran_ns(A)), 2050e6, 10e6);
	EXPECT_NEAR(static_cast<double>(t.ran_ns(B)), 1025e6, 10e6);
	EXPECT_NEAR(static_cast<double>(t.ran_ns(D)), 1525e6, 10e6);
}

/* Whoever slept long has no claim on the time that it slept (ACRN#7944). */
TEST(SedfSlack, SleepIsNotOwed)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A"), B = t.add("B");

	ROW(0, WAKE(B), RUNS(B), NEXT_MS(10));
	ROW(1, BLOCK(B), RUNS(IDLE), NEVER);
	ROW(1, WAKE(A), RUNS(A), NEXT_MS(11));
	EXPECT_EQ(t.advance(ms_ns(100001), true), "");
	EXPECT_EQ(t.happen(WAKE(B)), "");
	EXPECT_EQ(t.advance(ms_ns(100005), true), "");
	EXPECT_EQ(t.ran_ns(B), ms_ns(1 + 2));
}

/* ---- Extratime beside a busy home ------------------------------------------ */

/* A server with extratime that waits for an earlier deadline is pulled by a CPU
 * that would idle, and pays from its budget. */
TEST(SedfPull, IdleCpuRunsItOnItsBudget)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 5), "0"), B = t.add("B", promise(20, 8, true), "0"),
	    X = t.add("X", promise(10, 10), "1");

	EXPECT_EQ(t.happen(PIN(B, "0-1")), "");       /* at home on 0 all the same */
	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(5));
	ROW(1, WAKE(B), RUNS(A, B), NEXT_MS(5));      /* 8 ms, pulled */
	ROW(2, WAKE(X), RUNS(A, X), NEXT_MS(5));      /* a deadline of CPU 1's own */
	ROW(5, NOTHING(), RUNS(B, X), NEXT_MS(10));   /* B: 7 ms left */
	ROW(10, NOTHING(), RUNS(A, X), NEXT_MS(12));  /* 20 against 21 */
	ROW(11, BLOCK(X), RUNS(A, B), NEXT_MS(13));   /* B: 2 ms left */
	ROW(12, NOTHING(), RUNS(A, B), NEXT_MS(13));
	ROW(13, NOTHING(), RUNS(A, B), NEXT_MS(15));  /* B: slack, until 21 */
	ROW(15, NOTHING(), RUNS(IDLE, B), NEXT_MS(20));
	EXPECT_EQ(t.ran_ns(B), ms_ns(1 + 5 + 4));
}

/* Without extratime it waits for its own CPU, and the other one idles. */
TEST(SedfPull, NotWithoutExtratime)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 5), "0"), B = t.add("B", promise(20, 8), "0");

	EXPECT_EQ(t.happen(PIN(B, "0-1")), "");
	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(5));
	ROW(0, WAKE(B), RUNS(A, IDLE), NEXT_MS(5));
	ROW(5, NOTHING(), RUNS(B, IDLE), NEXT_MS(10));
}

/* Slack comes before a pull: the server has a home to go to. */
TEST(SedfPull, AfterSlack)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 5), "0"), B = t.add("B", promise(20, 8, true), "0"),
	    C = t.add("C", "1");

	EXPECT_EQ(t.happen(PIN(B, "0-1")), "");
	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(5));
	ROW(0, WAKE(B), RUNS(A, B), NEXT_MS(5));
	ROW(1, WAKE(C), RUNS(A, C), NEXT_MS(5));
	ROW(2, YIELD(C), RUNS(A, B), NEXT_MS(2.5));
	ROW(2.5, NOTHING(), RUNS(A, C), NEXT_MS(5));
	ROW(3, BLOCK(C), RUNS(A, B), NEXT_MS(5));
	ROW(4, YIELD(B), RUNS(A, B), NEXT_MS(5));
}

/* ---- Extratime toggled in every state (Xen 37b49cb48e) ---------------------- */

TEST(SedfExtratime, OnAHeldVcpu)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(5, SET(A, promise(10, 4, true)), RUNS(A), NEXT_MS(10));   /* slack */
	ROW(6, SET(A, promise(10, 4)), RUNS(IDLE), NEXT_MS(10));
	ROW(10, NOTHING(), RUNS(A), NEXT_MS(14));
	EXPECT_EQ(t.ran_ns(A), ms_ns(5));
}

TEST(SedfExtratime, OnADueVcpu)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 5), "0"), B = t.add("B", promise(20, 8), "0");

	EXPECT_EQ(t.happen(PIN(B, "0-1")), "");
	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(5));
	ROW(0, WAKE(B), RUNS(A, IDLE), NEXT_MS(5));
	ROW(1, SET(B, promise(20, 8, true)), RUNS(A, B), NEXT_MS(5));
	ROW(2, SET(B, promise(20, 8)), RUNS(A, IDLE), NEXT_MS(5));   /* not elsewhere any more */
	ROW(5, NOTHING(), RUNS(B, IDLE), NEXT_MS(10));
}

TEST(SedfExtratime, OnABlockedVcpu)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(4, BLOCK(A), RUNS(IDLE), NEVER);
	ROW(5, SET(A, promise(10, 4, true)), RUNS(IDLE), NEVER);
	ROW(6, WAKE(A), RUNS(A), NEXT_MS(10));
	ROW(7, BLOCK(A), RUNS(IDLE), NEVER);
	ROW(8, SET(A, promise(10, 4)), RUNS(IDLE), NEVER);
	ROW(9, WAKE(A), RUNS(IDLE), NEXT_MS(10));
}

/* Helper work moves the virtual time of a domain without a slice. */
TEST(SedfCharge, BestEffortPaysByVirtualTime)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A"), B = t.add("B");

	EXPECT_EQ(t.happen(WAKE(A)), "");
	EXPECT_EQ(t.happen(WAKE(B)), "");
	EXPECT_EQ(t.advance(ms_ns(100), true), "");
	EXPECT_EQ(t.happen(CHARGE(A, 100)), "");
	EXPECT_EQ(t.advance(ms_ns(1100), true), "");
	EXPECT_NEAR(static_cast<double>(t.ran_ns(A)), 500e6, 2e6);
	EXPECT_NEAR(static_cast<double>(t.ran_ns(B)), 600e6, 2e6);
}
