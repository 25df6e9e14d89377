/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load.h - what a log says there was to do, apart from how it was scheduled: a
 * scenario of which another policy, other attributes or another machine can
 * make what they will.  What would have been.
 *
 *     load = load_new(&log);
 *     replay_observe(&replay, load_observer(load));
 *     if (replay_run(...) == REPLAY_SAME && load_scenario(load, path, &s, message))
 *             sim_run(&s, ...);
 *     load_free(load);
 *
 * THE LOAD of a vCPU is a list of bursts: the CPU time that it used, by the
 * ledger, until it blocked or yielded (yield_to counts as yield), and how long
 * it was blocked then.  It is a closed loop: a sleep begins where the burst
 * before it ends in the new run, not where it ended in the log.
 *   - It begins when the vCPU first wanted to run.
 *   - One that never blocked nor yielded is a hog.
 *   - Time in which it was paused or off line by itself counts as blocked.
 *   - What was cut off by the end of the log counts as far as it went.  When
 *     the list is used up, it starts over: a burst that the end cut off runs on
 *     into the first one.
 *   - A vCPU that left for good, long before its domain, sleeps from then on.
 * CPU time is what the vCPU used on the recorded machine, with what moving, busy
 * SMT siblings and slower cores cost it there; the new run adds none of these.
 *
 * EVENTS are replayed at their times: domains that come and go, their pauses,
 * attributes and pins; CPUs off and on line; policies and parameters.  What the
 * log says was refused is not tried again.  Helper work that was booked to a
 * domain (ration_dom_charge) is not booked.
 *
 * A domain that came before any vCPU woke is there from the beginning: where it
 * is refused, so is the run.
 */
#ifndef LOAD_H
#define LOAD_H

#include "replay.h"
#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LOAD_MESSAGE_SIZE 256u

/* vCPUs that leave so long before their domain's last one leave with it. */
#define LOAD_REMOVAL_NS (100 * RATION_NS_PER_MS)

struct load;

/* For an open log, which outlives it, before its replay. */
struct load *load_new(const struct log *log);
void load_free(struct load *load);

struct replay_observer load_observer(struct load *load);

/*
 * After the whole log: its load as a scenario, for scenario_free(), on the
 * machine and under the policy of the log's header, without costs; `file` is
 * what its marks say, and outlives it.  The load has given its bursts away
 * then: once only.  16 bytes a burst.  False: *message says what is missing.
 */
bool load_scenario(struct load *load, const char *file, struct scenario *s,
                   char message[LOAD_MESSAGE_SIZE]);

/* The place of domain i of that scenario among all that were ever admitted in
 * the log: the row of replay_table.h. */
uint32_t load_place(const struct load *load, uint32_t i);

#ifdef __cplusplus
}
#endif
#endif
