/* SPDX-License-Identifier: BSD-2-Clause */
/* sedf: admission and placement, CPUs that go and come, refusals. */
#include <gtest/gtest.h>

#include "schedule_sedf.h"

using namespace schedule;

/* Is it refused, and does the refusal say that? */
#define REFUSAL(v, reason_, cpus_, missing, fit) do { \
	EXPECT_LT(v, 0); \
	EXPECT_EQ(t.why.reason, reason_); \
	EXPECT_EQ(t.why.cpus, static_cast<ration_cpuset>(cpus_)); \
	EXPECT_EQ(t.why.missing_ppm, static_cast<uint64_t>(missing)); \
	EXPECT_EQ(t.why.fit_ppm, static_cast<uint64_t>(fit)); \
} while (0)

/* ---- One CPU: the sum of the shares ----------------------------------------- */

TEST(SedfAdmit, ExactlyOneCpu)
{
	Table t(&ration_sedf, 1);

	for (int i = 0; i < 5; i++)
		EXPECT_GE(t.add("A", promise(10, 2)), 0);     /* 0.2 has no end in binary */
	REFUSAL(t.add("B", promise(10000, 0.005)), RATION_REFUSED_DEADLINE, 1, 1, 0);
}

TEST(SedfAdmit, ThirdsAndSevenths)
{
	Table t(&ration_sedf, 2);

	for (int i = 0; i < 3; i++)
		EXPECT_GE(t.add("A", promise(30, 10), "0"), 0);
	for (int i = 0; i < 7; i++)
		EXPECT_GE(t.add("B", promise(0.7, 0.1), "1"), 0);
	EXPECT_LT(t.add("C", promise(10000, 0.005)), 0);
}

/* Liu & Layland: earliest deadline first goes to 1 where fixed priorities stop at 0.83. */
TEST(SedfAdmit, LiuLayland)
{
	Table t(&ration_sedf, 1);
	int A = t.add("A", promise(4, 2)), B = t.add("B", promise(8, 4));

	ROW(0, WAKE(A), RUNS(A), NEXT_MS(2));
	ROW(0, WAKE(B), RUNS(A), NEXT_MS(2));
	ROW(2, NOTHING(), RUNS(B), NEXT_MS(4));
	ROW(4, NOTHING(), RUNS(B), NEXT_MS(6));    /* 8 and 8: who runs goes on */
	ROW(6, NOTHING(), RUNS(A), NEXT_MS(8));
	REFUSAL(t.add("C", promise(100, 1)), RATION_REFUSED_DEADLINE, 1, 10000, 0);
	EXPECT_EQ(t.why.holder_count, 2u);
}

TEST(SedfAdmit, OnePointZeroFive)
{
	Table t(&ration_sedf, 1);

	EXPECT_GE(t.add("A", promise(10, 5)), 0);
	EXPECT_GE(t.add("B", promise(100, 45)), 0);
	REFUSAL(t.add("C", promise(10, 1)), RATION_REFUSED_DEADLINE, 1, 50000, 50000);
	EXPECT_EQ(t.why.holder_count, 2u);
	EXPECT_EQ(t.why.holder[0], 0u);             /* 50 % */
	EXPECT_EQ(t.why.holder[1], 1u);             /* 45 % */
	EXPECT_GE(t.add("C", promise(100, 5)), 0);
}

TEST(SedfAdmit, BestEffortIsAlwaysAdmitted)
{
	Table t(&ration_sedf, 1);

	EXPECT_GE(t.add("A", promise(10, 10)), 0);
	EXPECT_GE(t.add("B"), 0);
}

/* ---- Many CPUs ---------------------------------------------------------------- */

/* Dhall: globally, one long and m short ones miss at little more than 1 of m CPUs.
 * In partitions they do not. */
TEST(SedfPlace, DhallEffect)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 1)), B = t.add("B", promise(10, 1)),
	    C = t.add("C", promise(11, 10.5));

	ASSERT_GE(C, 0);
	for (int v : {A, B, C})
		EXPECT_EQ(t.happen(WAKE(v)), "");
	EXPECT_EQ(t.advance(ms_ns(1100), true), "");
	EXPECT_EQ(t.ran_ns(A), ms_ns(110));
	EXPECT_EQ(t.ran_ns(B), ms_ns(110));
	EXPECT_EQ(t.ran_ns(C), ms_ns(1050));
}

TEST(SedfPlace, WhereMostIsLeft)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 5)), B = t.add("B", promise(10, 4)),
	    C = t.add("C", promise(10, 3));

	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(5));
	ROW(0, WAKE(B), RUNS(A, B), NEXT_MS(4));
	ROW(0, WAKE(C), RUNS(A, B), NEXT_MS(4));
	ROW(4, NOTHING(), RUNS(A, C), NEXT_MS(5));
}

/* Half a CPU is left on each; a whole one fits once all are placed anew. */
TEST(SedfPlace, AnewWhereItHelps)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 5)), B = t.add("B", promise(20, 10)), C;

	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(5));
	ROW(0, WAKE(B), RUNS(A, B), NEXT_MS(5));
	EXPECT_EQ(t.advance(ms_ns(1), true), "");
	C = t.add("C", promise(10, 10));
	ASSERT_GE(C, 0);
	ROW(1, WAKE(C), RUNS(C, A), NEXT_MS(5));   /* 4 ms of A's budget are left */
}

/* Largest first; one that has little choice before one that has much. */
TEST(SedfPlace, LittleChoiceFirst)
{
	Table t(&ration_sedf, 2);

	EXPECT_GE(t.add("A", promise(1, 0.6)), 0);              /* CPU 0 */
	EXPECT_GE(t.add("B", promise(10, 5), "0"), 0);          /* A makes room */
	REFUSAL(t.add("C", promise(1, 0.5), "1"), RATION_REFUSED_DEADLINE, 2, 100000, 400000);
	EXPECT_GE(t.add("C", promise(1, 0.4), "1"), 0);
}

TEST(SedfPlace, SoftAffinityIfThereIsRoom)
{
	Table t(&ration_sedf, 3);
	int A = t.add("A", promise(10, 6), "all", "2"), B = t.add("B", promise(10, 6), "all", "2");

	ROW(0, WAKE(A), RUNS(IDLE, IDLE, A), NEXT_MS(6));
	ROW(0, WAKE(B), RUNS(B, IDLE, A), NEXT_MS(6));
}

/* All vCPUs of a domain ask for the same. */
TEST(SedfPlace, EachVcpuOfADomain)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A0", promise(1, 0.6)), B = t.add_sibling("A1", A);

	ASSERT_GE(B, 0);
	EXPECT_LT(t.add_sibling("A2", A), 0);       /* its period is too short to split it */
	EXPECT_EQ(t.happen(REFUSED(SET(A, promise(10, 11)), RATION_E_RANGE)), "");
	EXPECT_EQ(t.happen(SET(A, promise(1, 0.5))), "");
	EXPECT_GE(t.add_sibling("A2", A), 0);
	EXPECT_EQ(t.happen(REFUSED(SET(A, promise(1, 0.6)), RATION_E_CAPACITY)), "");
	EXPECT_EQ(t.why.reason, RATION_REFUSED_DEADLINE);
	EXPECT_EQ(t.why.missing_ppm, 100000u);
	EXPECT_EQ(t.why.fit_ppm, 500000u);          /* each of the three */
	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(0.5)); /* the old slice stands */
}

TEST(SedfPlace, HoldersLargestFirst)
{
	Table t(&ration_sedf, 2);

	for (int i = 0; i < 10; i++)
		ASSERT_GE(t.add("A", promise(100, 5 + i % 3), "0"), 0);
	EXPECT_LT(t.add("B", promise(100, 50), "0"), 0);
	EXPECT_EQ(t.why.holder_count, 8u);
	EXPECT_EQ(t.why.holder[0], 2u);             /* 7, 7, 7, then 6, 6, 6, then 5 */
	EXPECT_EQ(t.why.holder[1], 5u);
	EXPECT_EQ(t.why.holder[2], 8u);
	EXPECT_EQ(t.why.holder[3], 1u);
	EXPECT_EQ(t.why.holder[6], 0u);
	EXPECT_EQ(t.why.holder[7], 3u);
}

/* ---- Split over two CPUs ---------------------------------------------------------- */

/* Three of 0.6 on two CPUs: C has a window of 0.71 ms at the end of each 2 ms on one,
 * and of 0.62 ms at the beginning of each on the other. */
TEST(SedfSplit, WindowsOnTwoCpus)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 6)), B = t.add("B", promise(10, 6)),
	    C = t.add("C", promise(10, 6));
	const double head = 0.619504, tail = 1.291503;

	for (int v : {A, B, C})
		ASSERT_GE(v, 0);
	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(6));
	ROW(0, WAKE(B), RUNS(A, B), NEXT_MS(6));
	ROW(0.1, WAKE(C), RUNS(A, C), NEXT_MS(head));         /* its window is open */
	ROW(head, NOTHING(), RUNS(A, B), NEXT_MS(tail));
	ROW(tail, NOTHING(), RUNS(C, B), NEXT_MS(2));         /* before A's deadline */
	ROW(2, NOTHING(), RUNS(A, C), NEXT_MS(2 + head));     /* handed over */
	ROW(2.1, BLOCK(C), RUNS(A, B), NEXT_MS(2 + tail));  /* A's timer stays */
	ROW(3.5, WAKE(C), RUNS(C, B), NEXT_MS(4));
	ROW(3.6, YIELD(C), RUNS(A, B), NEXT_MS(4));   /* for half a millisecond */
	ROW(4.1, NOTHING(), RUNS(A, C), NEXT_MS(4 + head));
	ROW(5, PAUSE(C), RUNS(A, B), NEXT_MS(4 + tail));
	ROW(6.1, RESUME(C), RUNS(A, C), NEXT_MS(6 + head));
	EXPECT_EQ(t.advance(ms_ns(100), true), "");
	for (int v : {A, B, C})
		EXPECT_GE(t.ran_ns(v), ms_ns(54)) << v;
}

/* What is split gets its slice in every period, and not more; the others too. */
TEST(SedfSplit, NoMoreThanItsSlice)
{
	Table t(&ration_sedf, 2);
	int v[3];

	for (int &i : v)
		i = t.add("A", promise(20, 12.5));
	for (int i : v)
		ASSERT_EQ(t.happen(WAKE(i)), "");
	for (int period = 1; period <= 50; period++) {
		EXPECT_EQ(t.advance(ms_ns(20 * period), false), "");
		for (int i : v)
			EXPECT_EQ(t.ran_ns(i), ms_ns(12.5 * period));
	}
}

/* With extratime any CPU that would idle runs it, on its budget. */
TEST(SedfSplit, ExtratimeBetweenWindows)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 6)), B = t.add("B", promise(10, 6)),
	    C = t.add("C", promise(10, 6, true));

	ROW(1, WAKE(C), RUNS(C, IDLE), NEXT_MS(1.291503));    /* none is open */
	ROW(1.2, WAKE(A), RUNS(A, C), NEXT_MS(1.291503));
	ROW(1.25, WAKE(B), RUNS(A, B), NEXT_MS(1.291503));
	ROW(1.3, NOTHING(), RUNS(C, B), NEXT_MS(2));
}

/* Heavy ones: four CPUs' worth less a twentieth, in five. */
TEST(SedfSplit, OneCpuAfterTheOther)
{
	Table t(&ration_sedf, 4);
	int v[5];

	for (int &i : v) {
		i = t.add("A", promise(40, 30.4));
		ASSERT_GE(i, 0);
		EXPECT_EQ(t.happen(WAKE(i)), "");
	}
	EXPECT_EQ(t.advance(ms_ns(400), false), "");
	for (int i : v)
		EXPECT_EQ(t.ran_ns(i), ms_ns(304));
}

/* Its CPUs go and come at each instant; its windows go along. */
TEST(SedfSplit, CpusGoAndCome)
{
	for (ration_cpu c = 0; c < 3; c++)
		for (int step = 0; step < 40; step++) {
			Table t(&ration_sedf, 3);
			int A = t.add("A", promise(10, 6)), B = t.add("B", promise(10, 6), "0-1"),
			    C = t.add("C", promise(12, 7)), D = t.add("D");

			for (int v : {A, B, C, D})
				EXPECT_EQ(t.happen(WAKE(v)), "");
			EXPECT_EQ(t.advance(static_cast<ration_ns>(step) * 250000, true), "");
			ASSERT_EQ(t.happen(CPU_DOWN(c)), "");
			EXPECT_EQ(t.advance(t.now + ms_ns(25.3), true), "");
			EXPECT_EQ(t.happen(SET(C, promise(12, 6.5))), "");
			EXPECT_EQ(t.advance(t.now + ms_ns(5.3), true), "");
			EXPECT_EQ(t.happen(CPU_UP(c)), "");
			EXPECT_EQ(t.advance(t.now + ms_ns(100), true), "");
			EXPECT_GE(t.ran_ns(A), ms_ns(66));
			EXPECT_GE(t.ran_ns(B), ms_ns(66));
			EXPECT_GE(t.ran_ns(C), ms_ns(55));
		}
}

/* ---- Pins --------------------------------------------------------------------- */

TEST(SedfPin, MovesItsHome)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 4), "0"), B = t.add("B", promise(20, 8), "0"),
	    C = t.add("C", promise(10, 8), "1");

	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(4));
	ROW(0, WAKE(B), RUNS(A, IDLE), NEXT_MS(4));
	ROW(1, REFUSED(PIN(A, "1"), RATION_E_CAPACITY), RUNS(A, IDLE), NEXT_MS(4));
	EXPECT_EQ(t.why.missing_ppm, 200000u);
	EXPECT_EQ(t.why.fit_ppm, 200000u);
	EXPECT_EQ(t.why.holder_count, 1u);
	EXPECT_EQ(t.why.holder[0], 2u);
	ROW(1, SET(C, promise(10, 2)), RUNS(A, IDLE), NEXT_MS(4));
	ROW(2, PIN(B, "1"), RUNS(A, B), NEXT_MS(4));      /* while it waits */
	ROW(3, PIN(A, "1"), RUNS(IDLE, A), NEXT_MS(4));   /* while it runs: 1 ms left */
	ROW(3.5, BLOCK(A), RUNS(IDLE, B), NEXT_MS(10.5));
	ROW(4, PIN(A, "0"), RUNS(IDLE, B), NEXT_MS(10.5)); /* while it is blocked */
	ROW(5, WAKE(A), RUNS(A, B), NEXT_MS(5.5));
	ROW(5.5, NOTHING(), RUNS(IDLE, B), NEXT_MS(10));
	ROW(6, PIN(A, "0-1"), RUNS(IDLE, B), NEXT_MS(10)); /* while it is held */
	ROW(10, NOTHING(), RUNS(A, B), NEXT_MS(10.5));
}

/* Off line: refused where it cannot be kept, unless forced. */
TEST(SedfCpu, DownMovesWhatFitsElsewhere)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 4)), B = t.add("B", promise(20, 8));

	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(4));
	ROW(0, WAKE(B), RUNS(A, B), NEXT_MS(4));
	ROW(1, CPU_DOWN(0), RUNS(IDLE, A), NEXT_MS(4));
	ROW(4, NOTHING(), RUNS(IDLE, B), NEXT_MS(10));
	ROW(5, REFUSED(CPU_DOWN(1), RATION_E_CAPACITY), RUNS(IDLE, B), NEXT_MS(10));
	EXPECT_EQ(t.why.reason, RATION_REFUSED_CPU);
	ROW(6, CPU_UP(0), RUNS(IDLE, B), NEXT_MS(10));
	ROW(10, NOTHING(), RUNS(IDLE, B), NEXT_MS(11));   /* 20 and 20: B goes on */
	ROW(12, CPU_DOWN(1), RUNS(A, IDLE), NEXT_MS(15));
}

TEST(SedfCpu, DownIsRefused)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 6)), B = t.add("B", promise(20, 14));

	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(6));
	ROW(0, WAKE(B), RUNS(A, B), NEXT_MS(6));
	ROW(1, REFUSED(CPU_DOWN(1), RATION_E_CAPACITY), RUNS(A, B), NEXT_MS(6));
	EXPECT_EQ(t.why.reason, RATION_REFUSED_CPU);
	EXPECT_EQ(t.why.cpus, 1u);
	EXPECT_EQ(t.why.missing_ppm, 300000u);
	EXPECT_EQ(t.why.fit_ppm, 400000u);
	EXPECT_EQ(t.why.holder_count, 1u);
	EXPECT_EQ(t.why.holder[0], 0u);
	ROW(6, NOTHING(), RUNS(IDLE, B), NEXT_MS(10));
}

/* Forced: B has no home; it shares slack until there is room again. */
TEST(SedfCpu, ForcedDownSuspendsThePromise)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 6)), B = t.add("B", promise(20, 14)), C = t.add("C");

	ROW(0, WAKE(A), RUNS(A, IDLE), NEXT_MS(6));
	ROW(0, WAKE(B), RUNS(A, B), NEXT_MS(6));
	ROW(1, WAKE(C), RUNS(A, B), NEXT_MS(6));
	ROW(2, CPU_FORCE_DOWN(1), RUNS(A, IDLE), NEXT_MS(6));
	EXPECT_EQ(t.advance(ms_ns(10), true), "");
	EXPECT_EQ(t.ran_ns(A), ms_ns(6));
	EXPECT_EQ(t.ran_ns(B), ms_ns(2 + 1.5));
	EXPECT_EQ(t.ran_ns(C), ms_ns(2.5));
	/* What is promised still holds, and what was lost before bars nobody. */
	EXPECT_GE(t.add("D", promise(10, 4)), 0);
	EXPECT_EQ(t.happen(LEAVE(3)), "");
	ROW(15, CPU_UP(1), RUNS(A, B), NEXT_MS(16));
	ROW(16, NOTHING(), RUNS(C, B), NEXT_MS(20));
	ROW(29, NOTHING(), RUNS(C, IDLE), NEXT_MS(30));
}

/* A vCPU whose only CPU goes waits for it, and never runs elsewhere. */
TEST(SedfCpu, PinnedWaitsForItsCpu)
{
	Table t(&ration_sedf, 2);
	int A = t.add("A", promise(10, 6), "1"), B = t.add("B", promise(10, 2), "1");

	ROW(0, WAKE(A), RUNS(IDLE, A), NEXT_MS(6));
	ROW(0, WAKE(B), RUNS(IDLE, A), NEXT_MS(6));
	ROW(1, REFUSED(CPU_DOWN(1), RATION_E_CAPACITY), RUNS(IDLE, A), NEXT_MS(6));
	EXPECT_EQ(t.why.cpus, 2u);
	ROW(1, CPU_FORCE_DOWN(1), RUNS(IDLE, IDLE), NEVER);
	EXPECT_LT(t.add("C", promise(10, 1), "1"), 0);
	EXPECT_EQ(t.why.cpus, 2u);
	EXPECT_EQ(t.why.fit_ppm, 0u);
	ROW(30, CPU_UP(1), RUNS(IDLE, A), NEXT_MS(36));
	ROW(36, NOTHING(), RUNS(IDLE, B), NEXT_MS(38));
	EXPECT_EQ(t.waited_ns(A, RATION_WAIT_OFFLINE), ms_ns(29));
	EXPECT_EQ(t.waited_ns(B, RATION_WAIT_OFFLINE), ms_ns(29));
}

/* Each CPU off and on, forced, at many instants, with vCPUs in every state
 * (Xen f294e3abe4): the table's checks find what breaks. */
TEST(SedfCpu, OffAtEachInstant)
{
	for (ration_cpu c = 0; c < 3; c++)
		for (int step = 0; step < 80; step++) {
			Table t(&ration_sedf, 3);
			int A = t.add("A", promise(10, 3)), B = t.add("B", promise(8, 3, true)),
			    C = t.add("C", promise(12, 5)), D = t.add("D"), E = t.add("E", "1");

			for (int v : {A, B, C, D, E})
				EXPECT_EQ(t.happen(WAKE(v)), "");
			EXPECT_EQ(t.advance(static_cast<ration_ns>(step) * 250000, true), "");
			EXPECT_EQ(t.happen(CPU_FORCE_DOWN(c)), "");
			EXPECT_EQ(t.advance(t.now + ms_ns(5.3), true), "");
			EXPECT_EQ(t.happen(CPU_FORCE_DOWN((c + 1) % 3)), "");
			EXPECT_EQ(t.advance(t.now + ms_ns(5.3), true), "");
			EXPECT_EQ(t.happen(CPU_UP(c)), "");
			EXPECT_EQ(t.advance(t.now + ms_ns(100), true), "");
			EXPECT_GE(t.ran_ns(A), ms_ns(30));
			EXPECT_GE(t.ran_ns(B), ms_ns(36));
		}
}
