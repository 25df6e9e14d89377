/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay.h - feeds a recorded log to the same scheduler again, and compares.
 *
 * A replay makes an instance of its own from the log's header, calls the verb
 * of each record with the log's time and arguments, has the event recorded once
 * more, and compares the two records word by word: which vCPU was picked, and
 * the digest of everything else that the verb answered.  Nothing of what the
 * log says was answered goes into the answer.
 *
 *     replay_open(&r, &log);
 *     replay_observe(&r, &table);
 *     result = replay_run(&r, &options);      (0, 1 or 2: the command's exit code)
 *     replay_close(&r);
 *
 * Observers are how tables, traces and loads are made out of a log.  They see
 * the instance, with ration.h's readers, before and after each event.
 *
 * What would have been (what_if.h) begins with a replay too: its observer
 * gathers the load, and only where the result is REPLAY_SAME it is used.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "log.h"

#ifdef __cplusplus
extern "C" {
#endif

enum replay_result {
	REPLAY_SAME = 0,
	REPLAY_DIVERGED = 1,     /* or a broken invariant */
	REPLAY_DAMAGED = 2       /* the log, or it has a gap */
};

/* What the verb of a record answered here. */
struct replay_answer {
	int status;                          /* of verbs that have one; else RATION_OK */
	struct ration_effects fx;
	struct ration_decision decision;     /* decide */
	struct ration_vcpu *vcpu;            /* the record's vCPU; of admit: the new one */
	struct ration_dom *dom;              /* the record's, or the vCPU's; of dom_admit: new */
	struct ration_refusal why;
};

struct replay;

/* Either call may be NULL.  Both see NAME and END too. */
struct replay_observer {
	void *context;
	/* The record's preconditions hold, it is not applied yet: answer.vcpu and
	 * answer.dom are set where the record names them. */
	void (*before)(void *context, const struct replay *r, const struct log_record *record);
	/* It was applied, and answered as the log says.  A vCPU or domain that has
	 * left is no longer to be read. */
	void (*after)(void *context, const struct replay *r, const struct log_record *record);
};

#define REPLAY_OBSERVER_MAX 4u

struct replay_options {
	bool check;                          /* ration_check() after every event */
	FILE *errors;                        /* where to say what is wrong; NULL: nowhere */
	/* Called now and then; NULL: not. */
	void (*progress)(void *context, ration_ns now_ns);
	void *progress_context;
};

struct replay {
	struct log *log;
	struct ration *instance;
	struct replay_answer answer;         /* of the present record */
	uint64_t decisions;                  /* so far */
	const char *broken;                  /* the invariant that is, or NULL */

	/* the rest is the replay's own */
	struct ration_record record;
	uint64_t *ring;
	void *memory;
	char **dom_name;                     /* by slot */
	struct replay_observer observer[REPLAY_OBSERVER_MAX];
	uint32_t observer_count;
};

/* An instance as the log's header has it.  False: log->message says why (a
 * configuration that this library does not take). */
bool replay_open(struct replay *r, struct log *log);
void replay_close(struct replay *r);

/* Called in the order in which they were added. */
void replay_observe(struct replay *r, struct replay_observer observer);

/* To the end of the log, or to the first thing that is wrong, which is said. */
enum replay_result replay_run(struct replay *r, const struct replay_options *options);

/* What the domain of a slot is called: by the log, else "domID".  `size`: of
 * the buffer.  Returns the name, which may be the buffer. */
const char *replay_dom_name(const struct replay *r, const struct ration_dom *dom, char *buffer,
                            size_t size);

/* Is a record an event of a verb, and not NAME or END? */
static inline bool replay_is_event(const struct log_record *record)
{
	return record->verb >= RECORD_IDLE;
}

/* A record's attributes, affinity, ... as ration.h has them. */
struct ration_attr replay_attr(const struct log_record *record);
struct ration_affinity replay_affinity(const struct log_record *record);

#ifdef __cplusplus
}
#endif
#endif
