/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_sedf.h - earliest deadline first: promises of CPU time, admitted and kept.
 *
 * A domain asks for `slice` of CPU time in each `period`; each of its vCPUs gets
 * that.  Before anything is promised it is admitted: every vCPU with a slice is
 * given one CPU, its home, or, where none has room, windows on two.  Each CPU runs,
 * of those at home there, the one whose period ends first: on one CPU this misses
 * no deadline up to a sum of slice/period of exactly 1 (Liu & Layland 1973).  Each is
 * a constant bandwidth server (Abeni & Buttazzo 1998): it runs on a budget of one
 * slice; when that is used up it waits for the end of its period, so that a vCPU that
 * overruns is late itself and makes nobody else late.  What promises leave over is
 * slack, and shared by weight.
 *
 * PARAMETERS, of the domain (as `xm sched-sedf` has them)
 *
 * parameter   unit   range                default
 * period      ns     10 us .. 10 s        100 ms  how often the slice is due
 * slice       ns     5 us .. period, 0    0       CPU time of each vCPU in each period;
 *                                                 0: no promise, slack only
 * latency     ns     0 (off) .. period    0       first period of a vCPU that wakes
 * extratime   -      yes, no              yes     shares slack beside its slice
 * weight      -      1 .. 65535           256     share of slack, of the whole domain
 *
 * and of the instance, fixed at ration_init() (ration_config.margins): `overhead`,
 * what a job costs beside its slice, and `reserve`, a share of each CPU that is
 * promised to nobody.  cap, floor, burst, tslice and ratelimit mean nothing here.
 *
 * WHEN A vCPU WAKES
 *
 * After its deadline a new period begins, with a full slice.  Before it the
 * period goes on: nothing is forfeited.  But where the rest of the budget, used
 * from now on, would be more than the share of what is left of the period, a new
 * period begins instead: nothing is stolen from others.  The next period begins
 * where the last one ended, not when a timer came: there is no drift.  A budget
 * overdrawn by a late timer is paid back by the next.
 *
 * `latency` is for a vCPU that has slept: its first period is latency long, with
 * a slice in proportion (at least 5 us, or the period is longer), the next twice
 * that, until they are back at `period`.  Its share stays the same; it gets its turn
 * sooner, at the price of more switches, which are charged.  A job that needs a whole
 * slice at once may then be done later than a period after it began.
 *
 * A yield is a sleep of half a millisecond, or until the vCPU would be owed as much
 * as it got, if that is later; then a new period begins.  With extratime it may run
 * on slack meanwhile.  A hint (yield to) is followed where nobody else's deadline
 * waits there.  Helper work lowers the domain's next budgets, by at most one slice of
 * each vCPU; without a slice, its virtual time, by a second at most.
 *
 * SLACK
 *
 * Whoever has no slice, or has extratime and no budget left, shares what is left
 * on any CPU of its affinity, by start-time fair queueing (Goyal, Guo, Vin 1996):
 * by weight between domains, equally between those
 * vCPUs of a domain that compete, in quanta of 500 us (10 ms for one that is
 * alone).  A deadline takes the CPU at once.  No CPU idles while such a vCPU waits
 * that may run there: not even a due one with extratime, which, while its home
 * serves an earlier deadline, runs elsewhere on its budget (where switches cost
 * anything, once in a period).
 *
 * The `reserve` is a server of its own on each CPU, with a period of 10 ms, that runs
 * slack: so slack has that much in every second even where deadlines want all, and
 * deadlines have the rest whatever slack wants.
 *
 * ADMISSION
 *
 * A vCPU costs its CPU slice/period and overhead/period (of its first period, where
 * there is a latency; twice, with extratime).  Those that have a place keep it.
 * What is new or changed, or whose CPU went, goes where most is left, within its soft
 * affinity if possible; if it fits nowhere whole, it is split.  If that fails all are
 * placed anew, in the order of how few CPUs they may use, then of size: best, first
 * and worst fit without splits, then with them, then one CPU after the other, splitting
 * what straddles two (McNaughton 1959): a schedule by construction for heavy sets.  A
 * set that sums to a whole CPU exactly is admitted (five of a fifth, three of a third).
 *
 * A refusal (RATION_REFUSED_DEADLINE) says which CPUs were looked at, the largest share
 * that each vCPU of the domain could have in the same period, split or whole, how much
 * that falls short, and who holds most there.  fit_ppm is admitted for certain, in that
 * period or a longer one; placing all anew might find more.
 *
 * SPLIT vCPUs.  Time has slots of 2 ms, or 500 us, the same on all CPUs.  A split vCPU
 * has a window at the end of each slot on its home and at the beginning of the next
 * one on its peer; there it comes before everybody.  It can be split where its period
 * is four slots or more.  A CPU with windows of W ns in each slot of S promises, to
 * those whole at home there, (1 - W/S) * (1 - W/P), P: the shortest of their periods;
 * a split vCPU of share u has u + 4/3 * u * (1 - u) * S/period.  That is what the
 * splits waste: under 2 % of a CPU that has one, for periods of 10 ms.
 *     Why not the pieces of C=D (Burns, Davis, Wang, Zhang 2012), which waste less and
 * migrate once a job: beside a piece without laxity the others' demand has to be taken
 * in steps, as of jobs that never sleep.  A server that sleeps and wakes within its
 * period breaks that, and would make others late.  With windows any wake-up is safe,
 * a late interrupt costs its own length, and the same windows carry heavy sets.
 *
 * A CPU goes off line if those at home there fit elsewhere; else it is refused
 * (RATION_REFUSED_CPU).  If forced, those that fit nowhere lose their promise: they
 * share slack until there is room again, which is tried whenever a CPU comes, a vCPU
 * leaves, or something is admitted; they keep nobody else out.
 * vCPUs pinned to that CPU wait for it.
 *
 * A change never delays those that it does not concern.  A vCPU whose parameters
 * change, that has used more than its share of the present period, ends that
 * period first.  One that leaves or moves in that state leaves its share occupied
 * until its deadline; whoever comes and does not fit beside it begins then.  A
 * vCPU that is moved to make room for another one, or whose windows are, may so lose
 * part of one period.
 *
 * FROM XEN'S sedf IT DIFFERS in that it admits (Xen promised anything), places over
 * CPUs (Xen: each CPU alone), forfeits no period after a short block, implements
 * latency, gives slack gaps shorter than 500 us too, and shares slack by the weight
 * of domains; a weight never turns into a slice.  Period, slice, latency,
 * extratime and weight are as Xen's tools have them.
 *
 * BOUNDS
 *
 *   deadlines   none is missed by an admitted vCPU that needs at most a slice per
 *               period and wakes at most once in it, if `overhead` is two switches, an
 *               interrupt, and twice how late a timer can be; a wake-up more costs
 *               an overhead of its own budget.  Yields and hints are not charged for
 *   response    at most a period; a late timer of e ns costs e ns
 *   slack       1 quantum of each vCPU that competes, and 4 after changes
 *   cost        decide O(k + log n), ready O(c + log n), expire O(log n) a budget;
 *               admission and changes O(c * n + n * sqrt(n)), and O(c * c) a split, up
 *               to 15 times where all are placed anew
 *   memory      80 bytes a vCPU and 8 of scratch, 56 a domain, 192 a CPU, 12 KiB
 *
 * EXAMPLE: one CPU; A has 2 of 10 ms, B 10 of 20 ms (both without extratime), C slack
 *
 *      t=0   wake(C)   C runs, until 10     nobody else
 *      t=3   wake(B)   B runs, until 13     deadline 23; takes the CPU from slack
 *      t=4   wake(A)   A runs, until 6      deadline 14 is earlier
 *      t=5   block(A)  B runs, until 14     9 ms left of its slice
 *      t=14            C runs               B is held (cause `budget`) until 23
 *      t=23            B runs, until 33     the next period, deadline 43
 */
#ifndef RATION_SEDF_H
#define RATION_SEDF_H

#include "ration_policy.h"

#ifdef __cplusplus
extern "C" {
#endif
/* For ration_config.policies and ration_policy_set(). */
extern const struct ration_policy ration_sedf;

/* The CPUs where the slice of v is promised: one, two if it is split, none if it has
 * no slice or lost its promise.  Asserts nothing: sedf has to be in force.  O(1). */
ration_cpuset ration_sedf_cpus(const struct ration_vcpu *v);
#ifdef __cplusplus
}
#endif
#endif
