/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * admin.h - what the hypervisor does beside running guests: domains that end, commands
 * at their times, the end of the run.  Done by whichever CPU finds hv.work set, between
 * two guests; what has a time, by CPU 0.
 */
#ifndef ADMIN_H
#define ADMIN_H

#include "ration_types.h"

/* The run ends then whatever runs; RATION_NEVER: when the last domain has gone. */
void admin_init(ration_ns end_ns);

/* The run ends soon, when answers that are on their way are out: off, or anew. */
void admin_shutdown(bool is_reset);

/* When CPU 0 has to come by. */
ration_ns admin_next(void);

/* Do what there is to do. */
void admin_work(void);

/* The run ends: report, the log, and off.  Never returns. */
void admin_finish(void) __attribute__((noreturn));

#endif
