/* SPDX-License-Identifier: BSD-2-Clause */
/* sedf: attributes changed in each state, vCPUs that leave, policy switches. */
#include <gtest/gtest.h>

#include "ration_rr.h"
#include "schedule_sedf.h"

using namespace schedule;

/* It has not used more than its share so far: the new period begins at once. */
TEST(SedfChange, BlockedVcpu)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));

	ROW(0, SET(A, promise(20, 2)), RUNS(IDLE), NEVER);
	ROW(0, WAKE(A), RUNS(A), NEXT_MS(2));
	ROW(1, BLOCK(A), RUNS(IDLE), NEVER);
	ROW(15, SET(A, promise(10, 4)), RUNS(IDLE), NEVER);
	ROW(15, WAKE(A), RUNS(A), NEXT_MS(19));
	ROW(19, NOTHING(), RUNS(IDLE), NEXT_MS(25));
}

/* It is ahead of its share: the period goes on as it was begun, and the new
 * attributes come with the next. */
TEST(SedfChange, RunningVcpuAhead)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4)), B = t.add("B", promise(10, 6));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(4));
	ROW(2, SET(A, promise(5, 1)), RUNS(A), NEXT_MS(3));    /* no more than a slice */
	ROW(3, NOTHING(), RUNS(B), NEXT_MS(9));
	ROW(9, NOTHING(), RUNS(IDLE), NEXT_MS(10));
	ROW(10, NOTHING(), RUNS(A), NEXT_MS(11));
	ROW(11, NOTHING(), RUNS(B), NEXT_MS(15));
	ROW(15, NOTHING(), RUNS(B), NEXT_MS(17));              /* both until 20 */
}

TEST(SedfChange, HeldVcpu)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(4));
	ROW(5, SET(A, promise(10, 8)), RUNS(IDLE), NEXT_MS(10));  /* not at once */
	ROW(10, NOTHING(), RUNS(A), NEXT_MS(18));
	ROW(19, SET(A, promise(100, 1)), RUNS(IDLE), NEXT_MS(20));
	ROW(20, NOTHING(), RUNS(A), NEXT_MS(21));
	ROW(21, NOTHING(), RUNS(IDLE), NEXT_MS(120));
	ROW(22, SET(A, best_effort()), RUNS(A), NEXT_MS(32));     /* no promise, no hold */
	ROW(25, SET(A, promise(10, 3)), RUNS(A), NEXT_MS(28));
}

TEST(SedfChange, WaitingVcpu)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 5)), B = t.add("B", promise(20, 8));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(5));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(5));
	ROW(1, SET(B, promise(4, 1)), RUNS(B), NEXT_MS(2));       /* until 5 */
	ROW(2, NOTHING(), RUNS(A), NEXT_MS(5));
	ROW(3, SET(B, best_effort()), RUNS(A), NEXT_MS(6));
	ROW(6, NOTHING(), RUNS(B), NEXT_MS(10));                  /* A's next budget */
	ROW(7, SET(B, promise(4, 1)), RUNS(B), NEXT_MS(8));
}

/* B ran ahead of its share and gives it up: until its deadline the time that it
 * had in advance is not promised again, or A would be late. */
TEST(SedfChange, GhostOfAShare)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(11, 5.5)), B = t.add("B", promise(10, 5)), C;

	ROW(0, WAKE(B), RUNS(B), NEXT_MS(5));
	ROW(0, WAKE(A), RUNS(B), NEXT_MS(5));
	ROW(5, SET(B, best_effort()), RUNS(A), NEXT_MS(10.5));
	C = t.add("C", promise(4, 2));
	ASSERT_GE(C, 0);
	ROW(5, WAKE(C), RUNS(A), NEXT_MS(10));                    /* held until then */
	ROW(10, NOTHING(), RUNS(A), NEXT_MS(10.5));               /* 11 against 14 */
	ROW(10.5, NOTHING(), RUNS(C), NEXT_MS(11));
}

/* The same where B leaves, and where it goes to another CPU. */
TEST(SedfChange, GhostOfOneThatLeft)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(11, 5.5), "0"), B = t.add("B", promise(10, 5), "0"), C;

	ROW(0, WAKE(B), RUNS(B, IDLE), NEXT_MS(5));
	ROW(0, WAKE(A), RUNS(B, IDLE), NEXT_MS(5));
	ROW(4, PIN(B, "1"), RUNS(A, B), NEXT_MS(5));
	C = t.add("C", promise(4, 2), "0");
	ROW(4, WAKE(C), RUNS(A, B), NEXT_MS(5));
	ROW(5, BLOCK(B), RUNS(A, IDLE), NEXT_MS(9.5));
	ROW(6, LEAVE(B), RUNS(A, IDLE), NEXT_MS(9.5));
	ROW(9.5, NOTHING(), RUNS(IDLE, IDLE), NEXT_MS(10));
	ROW(10, NOTHING(), RUNS(C, IDLE), NEXT_MS(11));
	ROW(11, PIN(C, "1"), RUNS(A, C), NEXT_MS(12));            /* no ghost of B on 1 by now */
}

/* Where there is room beside the ghost, nobody waits for it. */
TEST(SedfChange, RoomBesideAGhost)
{
	Table t(&ration_sedf, 1);
	int B = t.add("B", promise(10, 5)), C;

	ROW(0, WAKE(B), RUNS(B), NEXT_MS(5));
	ROW(4, SET(B, best_effort()), RUNS(B), NEXT_MS(14));
	C = t.add("C", promise(10, 5));
	ROW(4, WAKE(C), RUNS(C), NEXT_MS(9));
}

TEST(SedfChange, LatencyInMidPeriod)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(40, 8, false, 5));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(1));
	ROW(2, SET(A, promise(40, 8)), RUNS(IDLE), NEXT_MS(5));
	ROW(5, NOTHING(), RUNS(A), NEXT_MS(13));
	ROW(14, SET(A, promise(40, 8, false, 40)), RUNS(IDLE), NEXT_MS(45));
	ROW(45, NOTHING(), RUNS(A), NEXT_MS(53));
}

TEST(SedfChange, LeaveInEveryState)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(10, 4)), B = t.add("B", promise(20, 4)),
	    C = t.add("C", promise(40, 4, true)), D = t.add("D");

	for (int v : {A, B, C, D})
		EXPECT_EQ(t.happen(WAKE(v)), "");
	ROW(1, LEAVE(B), RUNS(A), NEXT_MS(4));                    /* due */
	ROW(5, LEAVE(A), RUNS(C), NEXT_MS(8));                    /* held */
	ROW(6, REFUSED(LEAVE(C), RATION_E_BUSY), RUNS(D), NEXT_MS(16));
	ROW(6, LEAVE(C), RUNS(D), NEXT_MS(16));
	ROW(7, REFUSED(LEAVE(D), RATION_E_BUSY), RUNS(IDLE), NEVER);
	ROW(7, LEAVE(D), RUNS(IDLE), NEVER);
}

/* ---- Policy switches ------------------------------------------------------------ */

TEST(SedfSwitch, FromRrAndBack)
{
	Table t(&ration_rr, 2, {&ration_sedf});
	int A = t.add("A", promise(10, 6)), B = t.add("B", promise(20, 10)),
	    C = t.add("C", promise(30, 3)), D = t.add("D");

	for (int v : {A, B, C, D})
		EXPECT_EQ(t.happen(WAKE(v)), "");
	/* rr runs A on 0 and B on 1; sedf has A at home on 0, B and C on 1. */
	ROW(5, POLICY(&ration_sedf), RUNS(A, B), NEXT_MS(11));
	ROW(11, NOTHING(), RUNS(D, B), NEXT_MS(15));
	ROW(15, NOTHING(), RUNS(A, C), NEXT_MS(18));
	ROW(16, POLICY(&ration_rr), RUNS(B, D), NEXT_MS(46));
	/* A had 0.4 ms, and B 4.5 ms, more than their share of the period. */
	ROW(17, POLICY(&ration_sedf), RUNS(A, B), NEXT_MS(22.5));
	EXPECT_EQ(t.advance(ms_ns(1017), true), "");
	EXPECT_NEAR(static_cast<double>(t.ran_ns(A)), 606e6, 8e6);
	EXPECT_NEAR(static_cast<double>(t.ran_ns(B)), 510e6, 10e6);
}

/* What cannot be promised is refused, and the old policy goes on. */
TEST(SedfSwitch, Refused)
{
	Table t(&ration_rr, 1, {&ration_sedf});
	int A = t.add("A", promise(10, 6)), B = t.add("B", promise(20, 10));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(30));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(30));
	ROW(5, REFUSED(POLICY(&ration_sedf), RATION_E_CAPACITY), RUNS(A), NEXT_MS(30));
	EXPECT_EQ(t.why.reason, RATION_REFUSED_DEADLINE);
	EXPECT_EQ(t.why.missing_ppm, 100000u);
	EXPECT_EQ(t.why.fit_ppm, 400000u);
}

/* The placement that was admitted is the one that is taken up: largest first
 * finds one for this set where one after the other would not. */
TEST(SedfSwitch, TakesTheAdmittedPlacement)
{
	Table t(&ration_rr, 2, {&ration_sedf});
	int v[5], i = 0;

	for (double slice : {2.0, 2.0, 4.0, 6.0, 6.0}) {
		v[i] = t.add(std::to_string(i), promise(10, slice));
		EXPECT_EQ(t.happen(WAKE(v[i++])), "");
	}
	EXPECT_EQ(t.happen(POLICY(&ration_sedf)), "");
	EXPECT_EQ(t.advance(ms_ns(1000), true), "");
	for (int k : {0, 1, 2, 3, 4})
		EXPECT_EQ(t.ran_ns(v[k]), ms_ns(k < 2 ? 200 : k == 2 ? 400 : 600));
}

/* Switching is no way to a second budget. */
TEST(SedfSwitch, StealsNothing)
{
	Table t(&ration_sedf, 1, {&ration_rr});
	int A = t.add("A", promise(10, 4)), B = t.add("B");

	EXPECT_EQ(t.happen(WAKE(B)), "");
	EXPECT_EQ(t.happen(WAKE(A)), "");
	for (int i = 1; i <= 100; i++) {
		EXPECT_EQ(t.advance(ms_ns(i * 4), true), "");
		EXPECT_EQ(t.happen(POLICY(&ration_rr)), "");
		EXPECT_EQ(t.happen(POLICY(&ration_sedf)), "");
	}
	EXPECT_NEAR(static_cast<double>(t.ran_ns(A)), 160e6, 10e6);
}
