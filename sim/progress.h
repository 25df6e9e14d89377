/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress.h - a bar on a terminal's standard error for runs that take more
 * than half a second.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "ration_types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct progress {
	bool wanted, drawn;
	const char *name;            /* what runs */
	ration_ns end_ns;            /* of the simulation */
	ration_ns begun_ns, next_ns; /* wall clock */
};

/* `allowed`: false draws nothing at all. */
void progress_begin(struct progress *p, const char *name, ration_ns end_ns, bool allowed);
/* For sim_options.progress, with a struct progress as context. */
void progress_step(void *context, ration_ns now_ns);
/* Wipe it away. */
void progress_end(struct progress *p);

#ifdef __cplusplus
}
#endif
#endif
