/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_credit.h - proportional shares by weight, with caps and floors.
 *
 * WHAT IS OWED.  Every domain is owed its weighted max-min fair share of the CPUs
 * that are on line, subject to caps, floors, pins, and what its vCPUs want: the
 * entitlement of ration_entitle.h.  A slow loop computes it, at most once in
 * 10 ms and only while vCPUs wake or sleep or something was changed, in steps of
 * about 64 vCPUs; what a vCPU wants is the time that it ran against the time that
 * it ran or slept, over the last tenth of a second.  A vCPU that wants less than
 * it could have is owed what it could have, for as long as it runs.
 *
 * WHO RUNS.  Each vCPU has a virtual time: the CPU time that it got, divided by
 * what it is owed of a CPU.  Where all get what they are owed, all virtual times
 * go as fast as time.  A CPU takes, of all vCPUs that may run on it, the one whose
 * turn comes first: its virtual time with half of its next slice done.  A slice
 * is one `tslice`; of a vCPU that is owed so little that it would have less than
 * one in a second, less, down to 250 us.  Queues are one heap for each affinity
 * class, so an idle CPU sees at once every vCPU that it may run.  (Virtual time:
 * Goyal, Guo, Vin, "Start-time fair queueing", 1996; the place at wake-up: Duda,
 * Cheriton, "Borrowed-virtual-time scheduling", 1999; that serving who is behind
 * most keeps up with any rates that can be kept up with: Tassiulas, Ephremides,
 * "Stability properties of constrained queueing systems", 1992.)
 *
 * HOME.  Where pins make a bottleneck, those who can run nowhere else are owed all
 * of its CPUs, and whoever else may run there is at home elsewhere: the minimum
 * cuts of ration_entitle.h say where.  A CPU takes who is away there only if nobody
 * who is at home waits, and gives it up to the first who does.
 *
 * WAKE-UP.  A vCPU wakes with its own virtual time, but at most one tslice, or
 * 30 ms, behind the least in service where it may run: no longer sleep saves
 * more.  It preempts the vCPU that is furthest ahead, once that has run for
 * `ratelimit`; or one that can go on at once on an idle CPU where it cannot itself.
 * It is charged for every ns, so that what it takes early it waits for later: the
 * boost is repaid.
 *
 * CHANGES.  With another entitlement, what a vCPU is ahead or behind stays the
 * same CPU time.  Where it moves (by a pin, a CPU that goes or comes) it is ahead
 * of the others there by four slices at most.
 *
 * YIELD.  The best of the others runs, or the one that is yielded to, unless a
 * floor is due or that one is ahead by 100 ms of virtual time.  A turn that is given
 * to another is paid for: who gives it comes after the vCPU whose turn it would have
 * been.
 *
 * CAP.  A capped domain has a budget of cap * 10 ms in each 10 ms, and of what it left
 * unused 4 ms (beyond 100 %: for each CPU of the cap) and `burst`.  Each vCPU that is
 * awake is given as much of it as it is owed; the rest is a pool, from which they draw
 * 250 us to 10 ms at a time.  With neither, a vCPU is held until the next refill.  A
 * part of less than 250 us adds up to that, or to the quota, first.  Overruns are
 * debts, so the cap is exact in the long run, and of n vCPUs none stands still longer
 * by the cap alone than 10 ms, or n * 250 us / cap if that is more.
 *
 * SHADOW.  A cap with `shadow` holds nobody, counts for nothing in what is owed, and
 * changes no decision; but its budget is kept, the same one, refilled on the same
 * grid.  Each vCPU that runs empties it, from its dispatch to its end, context
 * switches included.  What runs while it is empty costs nothing: held, it would not
 * have run.  The domain WOULD HAVE BEEN HELD while the budget is used up and a vCPU
 * of it runs or is ready: so long, and once for each refill that it waits for (see
 * ration_dom_shadow_get()).  A guest that was held would have asked for the rest
 * later; that is not imagined, so what is counted is how the load as it is fits
 * under the cap.  Turned off, the cap is enforced with the budget as it stands.
 *
 * FLOOR.  A floor is part of what a domain is owed; and it is given early.  It
 * fills a bucket at its rate, up to 10 ms' worth.  A new one is full.  While a
 * piece of it is there (1 ms, or half a bucket), the domain's vCPUs run before
 * all that have none, and preempt them after `ratelimit`: the one that is
 * furthest ahead, and none that is behind by 5 ms more than they are, which it
 * could perhaps not make up for; nor, but at a wake-up, one that is owed a whole CPU
 * while another CPU could serve them.  Floors are admitted: by flow, all together.
 *
 * DEPARTURES from Xen's credit: charged by timestamps at every deschedule,
 * never by sampling at a tick; sharing by domain; the slice ends by virtual
 * time and not by two classes; caps by budget and not by parking for a whole
 * accounting period; a floor exists; an idle CPU pulls without a rate limit.
 *
 * parameter   unit                 range               default
 * weight      -                    1 .. 65535          256
 * cap         ppm of one CPU       0 (none) .. 64 CPUs 0
 * burst       ns                   0 .. 10 s           0
 * shadow      -                    false, true         false
 * floor       ppm of one CPU       0 .. cap or 64 CPUs 0
 * tslice      ns                   100 us .. 1 s       30 ms
 * ratelimit   ns                   0 .. tslice, 500 ms 1 ms
 *
 * BOUNDS.  vCPUs that always want to run get what they are owed within a slice or
 * two each, however long they run; of a thousand random machines five are off by more
 * than 1 % of a CPU over 10 s, at most by 2.5, with a tslice of 1 ms and a ratelimit of
 * 100 us.  With one of 1 ms nine are: who is owed a whole CPU, and must move whenever
 * one that can run only there is due, waits each time for the rate limit.
 * Who sleeps and wakes may wait that long at each wake-up.  Several such vCPUs may
 * together want more CPUs for a while than there are; what all are owed is of the
 * mean: k that never sleep, beside n of c CPUs that others use, get min(k, c - n).
 * Cost: ready O(c + log n); decide O(k + log n), where a floor waits O(c) more; a
 * refill O(d log n); a step of the slow loop about 64 visits, O(log n) each; a CPU
 * that goes or comes O(n (c + log n)); admission: see ration_entitle_floors_fit().
 *
 * EXAMPLE.  One CPU, A of weight 512 and B of weight 256, tslice 30 ms: A is owed
 * 2/3, so that a slice is 45 ms of its virtual time, and B 1/3: 90 ms.
 *      t=0    A's turn is 22.5, B's 45        A runs
 *      t=30   A's is 67.5                     B runs
 *      t=60   B's is 135                      A runs; A's turn is then 112.5
 *      t=90   112.5 < 135                     A runs; then B; 2:1 from here on
 */
#ifndef RATION_CREDIT_H
#define RATION_CREDIT_H

#include "ration_policy.h"

#ifdef __cplusplus
extern "C" {
#endif
extern const struct ration_policy ration_credit;
#ifdef __cplusplus
}
#endif
#endif
