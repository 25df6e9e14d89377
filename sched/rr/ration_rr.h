/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_rr.h - first in, first out, with a quantum: the example policy.
 *
 * Who becomes ready goes to the tail; an idle CPU takes the oldest that may
 * run on it; after `tslice` the running vCPU goes to the tail behind those
 * that may run there.  A wake-up preempts nobody.  Weights, caps and floors
 * mean nothing to it.
 *
 * parameter   range            default
 * tslice      100 us .. 1 s    30 ms
 *
 * Bounds: on one CPU with m ready vCPUs each runs at least once in m tslices.
 * Cost: ready, start O(1); decide O(k), k classes that may run on the CPU.
 */
#ifndef RATION_RR_H
#define RATION_RR_H

#include "ration_policy.h"

#ifdef __cplusplus
extern "C" {
#endif
extern const struct ration_policy ration_rr;
#ifdef __cplusplus
}
#endif
#endif
