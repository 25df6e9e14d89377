/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_sedf.h - earliest deadline first: promises of CPU time, admitted and kept.
 *
 * A domain asks for `slice` of CPU time in each `period`; each of its vCPUs gets
 * that.  Before anything is promised it is admitted: every vCPU with a slice is
 * given one CPU, its home, where the shares slice/period of all at home sum to
 * at most one CPU.  Each CPU then runs, of those at home there, the one whose
 * period ends first: on one CPU this misses no deadline up to a sum of exactly
 * 1 (Liu & Layland 1973).  Each is a constant bandwidth server (Abeni & Buttazzo
 * 1998): it runs on a budget of one slice; when that is used up it waits for the
 * end of its period, so that a vCPU that overruns is late itself and makes nobody
 * else late.  What promises leave over is slack, and shared by weight.
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
 * cap, floor, burst, and the instance's tslice and ratelimit mean nothing here.
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
 * that, until they are back at `period`.  Its share stays the same, and so does
 * what was admitted; it gets its turn sooner, at the price of more switches.
 *
 * A yield lets another vCPU have the CPU for half a millisecond; the yielder then
 * competes as one that wakes.  A hint (yield to) is followed unless a deadline
 * earlier than the yielder's waits there; where others are due it is the yielder's
 * budget that pays for it too.  Helper work lowers the domain's next budgets, by
 * at most one slice of each vCPU; without a slice, its virtual time, by a second
 * at most.
 *
 * SLACK
 *
 * Whoever has no slice, or has extratime and no budget left, shares what is left
 * on any CPU of its affinity, by start-time fair queueing (Goyal, Guo, Vin 1996):
 * by weight between domains, equally between those
 * vCPUs of a domain that compete, in quanta of 500 us (10 ms for one that is
 * alone).  A deadline takes the CPU at once.  No CPU idles while such a vCPU waits
 * that may run there: not even a due one with extratime, which, while its home
 * serves an earlier deadline, runs elsewhere on its budget.
 *
 * ADMISSION
 *
 * Those that have a home keep it.  What is new or changed, or whose CPU went, goes
 * where most is left, within its soft affinity if possible.  If that fails all
 * are placed anew, largest first, best and first fit, also with those first that
 * have the fewest CPUs to choose from.  A set that sums to a whole CPU exactly is
 * admitted (five of a fifth, three of a third).  A refusal (RATION_REFUSED_DEADLINE)
 * says which CPUs were looked at, what is missing on the emptiest, what each vCPU
 * of the domain could have there, and who holds most of it.  fit_ppm is admitted
 * for certain; placing all anew might find more.
 *
 * A CPU goes off line if those at home there fit elsewhere; else it is refused
 * (RATION_REFUSED_CPU).  If forced, those that fit nowhere lose their promise: they
 * share slack until there is room again, which is tried whenever they become
 * ready, a CPU comes, or something is admitted; they keep nobody else out.
 * vCPUs pinned to that CPU wait for it.
 *
 * A change never delays those that it does not concern.  A vCPU whose parameters
 * change, that has used more than its share of the present period, ends that
 * period first.  One that leaves or moves in that state leaves its share occupied
 * until its deadline; whoever comes and does not fit beside it begins then.  A
 * vCPU that is moved to make room for another one may so lose part of one period.
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
 *               period and wakes at most once in it, modelled costs aside: time
 *               for switches and interrupts is not charged yet, so leave some
 *   response    at most a period; a late timer of e ns costs e ns
 *   slack       1 quantum of each vCPU that competes, and 4 after changes
 *   cost        decide O(k + log n), ready O(c + log n), expire O(log n) a budget,
 *               admission and changes O(c n + n log n)
 *   memory      80 bytes a vCPU and 8 of scratch, 48 a domain, 80 a CPU, 6 KiB
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
