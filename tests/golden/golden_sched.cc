// SPDX-License-Identifier: BSD-2-Clause
//
// Golden traces: every decision of a short run, as text.  A line is
//     time_us cpu vcpu until_us
// for each decision that changes who runs or until when.  At one instant blocks come
// before kicks, kicks before timers, and wake-ups last; CPUs by number.  Each trace was
// checked by hand: the remarks say why.
#include <gtest/gtest.h>

#include "host.h"

namespace {

void expect_trace(const Host &h, const std::string &golden)
{
	EXPECT_TRUE(golden == "\n" + h.trace) << "expected:" << golden << "got:\n" << h.trace;
}

// rr, two CPUs, quantum 10 ms: A and B hog, C runs 4 ms and sleeps 11 ms.
// 10: CPU 0 takes C, the oldest, and gives A back in time for CPU 1.
// 30: C, awake since 25, is the oldest; A and B go on alone before and after it.
TEST(golden, rr_two_hogs_and_a_sleeper_on_two_cpus)
{
	HostOptions o = host_of(2, {&ration_rr});
	o.params.tslice_ns = 10 * MS;
	Host h(o);
	ration_vcpu *a = h.vcpu(h.dom()), *b = h.vcpu(h.dom()), *c = h.vcpu(h.dom());
	h.loop(c, 4 * MS, 11 * MS);
	h.wake(a), h.wake(b), h.wake(c);
	h.run_until(50 * MS);
	expect_trace(h, R"(
0 0 A 10000
0 1 B 10000
10000 0 C 20000
10000 1 A 20000
14000 0 B 24000
20000 1 A 30000
24000 0 B 34000
30000 1 C 40000
34000 1 A 44000
34000 0 B 44000
44000 0 B 54000
44000 1 A 54000
)");
}

// credit, one CPU: A of cap 20, B of cap 50, C of none.  Refills come every 10 ms from
// the first run on.
// Owed are 20, 40 and 40 %.  B's slices are 5 ms, so that its turn comes earlier than that of
// C, whose slices are 30: at 12, 22 and 32, when B is refilled, it is B's turn, once C has run
// for a ms.  Of its 5 ms 4 are its own, which it is owed, and the fifth is of the pool.
TEST(golden, credit_caps_on_one_cpu)
{
	Host h(host_of(1, {&ration_credit}));
	h.hog(attr_of(256, 20)), h.hog(attr_of(256, 50)), h.hog();
	h.run_until(40 * MS);
	expect_trace(h, R"(
0 0 A 2000
2000 0 B 7000
7000 0 C 37000
10000 0 A 12000
12000 0 C 42000
12000 0 C 13000
13000 0 B 16999
16999 0 B 18000
18000 0 C 48000
20000 0 A 22000
22000 0 C 52000
22000 0 C 23000
23000 0 B 26999
26999 0 B 28000
28000 0 C 58000
30000 0 A 32000
32000 0 C 62000
32000 0 C 33000
33000 0 B 36999
36999 0 B 38000
38000 0 C 68000
40000 0 A 42000
)");
}

// credit, two CPUs, tslice 5 ms: A pinned to CPU 1, B and C free.  CPU 1 goes at 12 ms
// and comes back at 30 ms.
// 5: CPU 1 stays with A, 5 ms like B.  12: A waits for its CPU; C, 7 ms like B, queues.
// 30: A, 10 ms, has had least and keeps CPU 1 until B and C are level with it.
TEST(golden, credit_a_cpu_goes_and_comes)
{
	HostOptions o = host_of(2, {&ration_credit});
	o.params = {5 * MS, MS};
	Host h(o);
	h.hog(attr_of(), 2), h.hog(), h.hog();
	h.run_until(12 * MS);
	h.cpu_down(1);
	h.run_until(30 * MS);
	h.cpu_up(1);
	h.run_until(45 * MS);
	expect_trace(h, R"(
0 1 A 5000
0 0 B 5000
5000 0 C 10000
5000 1 A 10000
10000 0 B 15000
10000 1 C 15000
12000 1 - never
15000 0 C 20000
20000 0 B 25000
25000 0 C 30000
30000 0 B 35000
30000 1 A 35000
35000 0 C 40000
35000 1 A 40000
40000 0 B 45000
40000 1 A 45000
45000 0 C 50000
45000 1 A 50000
)");
}

}  // namespace
