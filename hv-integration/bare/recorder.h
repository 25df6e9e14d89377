/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorder.h - the log of all that enters the library (ration_record.h), kept in memory
 * and written to the second serial port at the end, as it is: a file that `ration replay`
 * takes.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include "ration_types.h"

/* Who writes the log, and on what: the second from recorder_start() on. */
extern const char recorder_writer[];
extern char recorder_machine[];

/* From now on, before the first verb.  `mib`: of memory, a power of two; 0: no log.
 * False: there is not so much. */
bool recorder_start(uint32_t mib);
void recorder_stop(void);
void recorder_write(void);

#endif
