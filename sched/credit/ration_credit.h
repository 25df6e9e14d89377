/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_credit.h - proportional shares by weight, with caps and floors.
 *
 * ALGORITHM.  Each vCPU has a virtual time: the CPU time that it got, divided
 * by its share of its domain's weight (weight / vCPUs of the domain that want
 * to run, so that the domain, not the vCPU, is the unit of sharing).  A CPU
 * takes the vCPU with the least virtual time of all that may run on it, for
 * one `tslice`; a vCPU's credit is what its virtual time lacks to that of the
 * others.  Queues are one heap for each affinity class, so an idle CPU sees at
 * once every vCPU that it may run.  (Virtual time: Goyal, Guo, Vin, "Start-time
 * fair queueing", 1996; the borrowing of a place at wake-up: Duda, Cheriton,
 * "Borrowed-virtual-time scheduling", 1999.)
 *
 * WAKE-UP.  A vCPU wakes with its own virtual time, but at most one tslice (of
 * weight 256) behind the least in service where it may run: no longer sleep
 * saves more.  It preempts the vCPU that has overdrawn most since its slice
 * began, once that has run for `ratelimit`.  It is charged for every ns, so
 * that what it takes early it waits for later: the boost is repaid.
 *
 * CHANGES.  How many vCPUs of a domain want to run counts for as long as they
 * do.  With another weight, what a vCPU is ahead or behind stays the same CPU
 * time.  Where it moves (by a pin, a CPU that goes or comes) it is ahead of the
 * others there by one slice at most, and one tslice behind at most.
 *
 * YIELD.  The best of the others runs, or the one that is yielded to, unless a
 * floor is due.  A turn that is given to another is paid for: who gives it comes
 * after the vCPU whose turn it would have been.
 *
 * CAP.  A capped domain has a budget of cap * 10 ms in each 10 ms, and `burst`
 * of what it left unused.  Each dispatch is granted an equal part of it, of
 * 250 us to 10 ms; with nothing left its vCPUs are held until the next
 * refill.  Overruns are debts, so the cap is exact in the long run, and no
 * vCPU stands still longer than 10 ms by the cap alone.
 *
 * FLOOR.  A domain's floor fills a bucket at its rate, up to 10 ms' worth.  A new one is full.
 * While a piece of it is there (1 ms, or half a bucket), the domain's vCPUs run
 * before all that have none, and preempt them after `ratelimit`.  Floors are
 * admitted: those of the domains confined to a set of CPUs fit on it.
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
 * floor       ppm of one CPU       0 .. cap or 64 CPUs 0
 * tslice      ns                   100 us .. 1 s       30 ms
 * ratelimit   ns                   0 .. tslice, 500 ms 1 ms
 *
 * BOUNDS.  On CPUs that the same vCPUs may use, two domains that always want
 * to run differ from their weights' ratio by a slice or two, however long they
 * run.  Where pins make classes overlap in part, shares are those of each
 * CPU's contenders, not yet the max-min optimum of the whole machine.
 * Cost: ready O(c + log n); decide O(k + log n), of a vCPU that stops O(c) more;
 * a refill O(d log n); a CPU that goes or comes O(n (c + log n)); admission
 * O(f (domains + n)) for f domains with a floor.
 *
 * EXAMPLE.  One CPU, A of weight 512 and B of weight 256, tslice 30 ms:
 *      t=0    both wake       A runs (level; the lower slot first)
 *      t=30   A has 30/512    B runs, 0 < 30/512
 *      t=60   B has 30/256    A runs, 30/512 < 30/256
 *      t=90   A has 60/512    level with B: A goes on; then B; 2:1 from here on
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
