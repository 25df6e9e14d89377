/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h - what happened, for people: a file that ui.perfetto.dev opens, and a
 * text log for tests.
 *
 * The file is trace-event JSON: one process, the machine; one track per
 * physical CPU, named "CPU n"; an event of type X for each stretch of time in
 * which a vCPU runs, named "domain/vN", clipped to the window; instants for
 * wake-ups (on the track of the CPU where the vCPU last ran) and for what the
 * scenario makes happen.  Times are microseconds with three decimals.  It is
 * always a whole document; beyond TRACE_SIZE_MAX bytes it ends early and says so.
 *
 * The log has one line per event: time in ns (14 columns), CPU (4), what.
 */
#ifndef TRACE_H
#define TRACE_H

#include "sim.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TRACE_SIZE_MAX 400000000u

struct trace;

/* NULL where the options want neither. */
struct trace *trace_open(const struct sim_options *options, const char *machine,
                         uint32_t cpu_count);
/* Ends what still runs, and the document. */
void trace_close(struct trace *t, ration_ns now_ns);

/* A vCPU that wanted to run since then runs on this CPU; has a new slice; does
 * not run any more. */
void trace_start(struct trace *t, ration_ns now_ns, ration_cpu c, const char *domain,
                 uint32_t idx, ration_ns since_ns);
void trace_again(struct trace *t, ration_ns now_ns, ration_cpu c);
void trace_stop(struct trace *t, ration_ns now_ns, ration_cpu c);

/* Something happened: to a vCPU, to a domain (idx UINT32_MAX), or to a CPU or
 * the machine (domain NULL).  `c` may be RATION_CPU_NONE. */
void trace_note(struct trace *t, ration_ns now_ns, ration_cpu c, const char *what,
                const char *domain, uint32_t idx);

#ifdef __cplusplus
}
#endif
#endif
