/* SPDX-License-Identifier: BSD-2-Clause */
/* replay_parts.h - what the parts of a replay (replay*.c) share. */
#ifndef REPLAY_PARTS_H
#define REPLAY_PARTS_H

#include "replay.h"

#ifdef __cplusplus
extern "C" {
#endif

#define REPLAY_NAME_SIZE 80u

/* Find what the record names, into r->answer; and NULL, or why the verb must
 * not be called now: as "the vCPU does not run". */
const char *replay_forbids(struct replay *r, const struct log_record *record);

/* Call the verb, recorded. */
void replay_apply(struct replay *r, const struct log_record *record);

/* A vCPU as "web1/v0"; NULL: "idle".  Returns buffer. */
char *replay_vcpu_name(const struct replay *r, const struct ration_vcpu *v,
                       char buffer[REPLAY_NAME_SIZE]);

/*
 * Say how the log and the replay part at this record: both answers, then the
 * state on both sides.  `forbids` not NULL: the verb could not even be called;
 * else `word` is the first word that differs.
 */
void replay_tell(const struct replay *r, const struct log_record *record, const char *forbids,
                 uint32_t word, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
