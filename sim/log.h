/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - a recorded log (hv-integration/port/ration_record.h), read record by
 * record, from a file or a pipe, in bounded memory.
 *
 *     if (!log_open(&l, "-"))
 *             fail(l.message);
 *     while ((status = log_next(&l, &record)) == LOG_RECORD)
 *             ...
 *     if (status == LOG_BAD)
 *             fail(l.message);
 *     log_close(&l);
 *
 * What is wrong with a log is one sentence that says where, at the byte of the
 * file (from 0) and the event (from 1):
 *
 *     FILE: byte 8120 (event 1,234): the log ends, expected ...
 *
 * A block whose sum is wrong is delivered all the same, with `suspect` set in
 * its records: a replay finds which of them is not as it was, and calls
 * log_damage().  Whoever only reads stops at the first suspect record.
 */
#ifndef LOG_H
#define LOG_H

#include <stdio.h>

#include "ration_record.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LOG_TEXT_SIZE    96u
#define LOG_MESSAGE_SIZE 512u
#define LOG_RAW_MAX      (RATION_RECORD_ARG_MAX + 3u)   /* a RECORD_TIME and a record */

enum log_status {
	LOG_RECORD,      /* *record is filled */
	LOG_DONE,        /* RECORD_END was the record before, and nothing follows */
	LOG_BAD          /* damaged, cut off, or a gap: see message */
};

/* A word of the file, and the byte at which it stands. */
struct log_word {
	uint64_t word, offset;
};

/* A record: an event (RECORD_IDLE .. RECORD_POLICY), RECORD_NAME or RECORD_END.
 * RECORD_TIME is part of the record that it stands before. */
struct log_record {
	uint32_t verb;               /* enum ration_record_verb */
	ration_cpu cpu;              /* see ration_record.h; RATION_CPU_NONE: nowhere in particular */
	uint32_t slot;
	ration_ns now_ns;
	uint32_t arg_count;
	uint64_t arg[RATION_RECORD_ARG_MAX];
	uint64_t index;              /* of the event, from 1; of NAME and END: of the one before */
	uint64_t offset;             /* of the record's first word behind any RECORD_TIME */
	bool suspect;                /* a part of it stands in a block whose sum is wrong */
	/* as it stands in the file, any RECORD_TIME first */
	uint32_t raw_count;
	struct log_word raw[LOG_RAW_MAX];
};

struct log {
	/* what the header says; pointers point into the struct */
	struct ration_config config;         /* topology NULL: a flat machine */
	ration_ns start_ns;
	char writer[LOG_TEXT_SIZE], machine[LOG_TEXT_SIZE];

	/* after log_open() failed, log_next() was LOG_BAD, or log_damage() */
	char message[LOG_MESSAGE_SIZE];
	uint64_t lost;               /* LOG_BAD at a gap: events that were lost there; else 0 */

	/* progress */
	uint64_t events;             /* delivered so far */
	ration_ns now_ns;            /* of the last record */

	/* the rest is the reader's own */
	FILE *file;
	char *name;
	const struct ration_policy *policy[RATION_RECORD_POLICY_MAX];
	struct ration_topology topology;
	uint64_t offset;             /* bytes read */
	uint8_t *block;              /* the words of the present block */
	uint64_t block_offset;       /* of its first word, in the file */
	uint64_t word_count, word_next;
	uint64_t words;              /* in the blocks before */
	bool suspect;                /* the present block's sum is wrong */
	bool cut;                    /* the file ends in the present block */
	bool ended;
};

/* Open "-" (standard input) or a file, and read the header.  The struct needs
 * no preparation.  False: message says why, and nothing is left to close.
 * The struct must not be moved afterwards. */
bool log_open(struct log *l, const char *path);

/* The same, of a stream that log_close() closes; `name` is for messages. */
bool log_open_stream(struct log *l, FILE *stream, const char *name);

/* The next record.  After LOG_DONE and LOG_BAD it must not be called again.
 * O(record). */
enum log_status log_next(struct log *l, struct log_record *record);

/* Fill message: a suspect record turned out to be damaged, at this byte. */
void log_damage(struct log *l, const struct log_record *record, uint64_t offset);

/* Fill message: "FILE: byte N (event M): TEXT". */
__attribute__((format(printf, 4, 5)))
void log_wrong(struct log *l, uint64_t offset, uint64_t event, const char *format, ...);

void log_close(struct log *l);

/* For log_open.c: as fread(), and counted. */
size_t log__read(struct log *l, void *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
