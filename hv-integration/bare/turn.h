/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turn.h - under `qemu -icount`: CPUs run their guests in turns, and all get as many.
 *
 * There QEMU runs all CPUs in one thread, each up to the next timer of any of them, or
 * a PAUSE or HLT; and one CPU may be first after each such timer, so that others get next
 * to nothing of the instructions of a second.  So only one of our CPUs at a time is in a
 * guest, for hv_turn_us; the others wait, with PAUSE and open to interrupts, and get their
 * turns in the order of their numbers.  To a guest that is a CPU that is slower, as
 * much as any other.  With hv_turn_us=0, the default but on QEMU's emulator, none of
 * this happens.
 */
#ifndef TURN_H
#define TURN_H

#include "hv.h"

/* Before the first guest. */
void turn_init(ration_ns length_ns);

/* Before each entry into a guest: true when this CPU may; false when it is to leave
 * (cpu->leave) before its turn came. */
bool turn_take(struct cpu *cpu);
/* This CPU has nothing to run. */
void turn_give(struct cpu *cpu);
/* Its guest spins, perhaps for what another CPU has to do: the next one's turn.  False:
 * nobody waits for one. */
bool turn_yield(struct cpu *cpu);
/* When its turn ends; RATION_NEVER: nobody else wants one. */
ration_ns turn_end(const struct cpu *cpu);

#endif
