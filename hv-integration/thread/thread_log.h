/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread_log.h - a thread that drains the recorder's ring into a file while the
 * CPUs write to it.
 */
#ifndef THREAD_LOG_H
#define THREAD_LOG_H

#include <pthread.h>
#include <stdio.h>

#include "ration_record.h"

#ifdef __cplusplus
extern "C" {
#endif

#define THREAD_LOG_WORDS ((uint64_t)1 << 20)

struct thread_log {
	struct ration_record *record;
	FILE *file;
	uint64_t *ring;
	pthread_t thread;
	uint64_t stop;               /* a flag */
	uint64_t bytes;              /* written */
	int error;                   /* errno of writing, or 0: the rest is dropped */
};

/* Write the header, turn the recorder on, and start the thread.  `machine`: a
 * name for it.  False, with errno set: no thread, nothing is recorded. */
bool thread_log_begin(struct thread_log *l, struct ration_record *record, FILE *file,
                      uint64_t words, const struct ration_config *config, const char *machine);

/* After ration_record_end(): write what is left.  False: see l->error. */
bool thread_log_end(struct thread_log *l);

/* What recording an event costs, in ns: measured here and now, as the least
 * difference of rounds of verbs with the recorder on and off. */
double thread_log_cost(void);

#ifdef __cplusplus
}
#endif
#endif
