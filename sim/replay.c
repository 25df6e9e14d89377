/* SPDX-License-Identifier: BSD-2-Clause */
/* Feeds a log to the scheduler, and compares what it answers. */
#include "replay_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"

#define PROGRESS_MASK 0xFFFFu

/* ---- Begin and end ----------------------------------------------------- */

bool replay_open(struct replay *r, struct log *log)
{
	const struct ration_config *config = &log->config;
	size_t size = ration_size(config->policies, config->policy_count, &config->limits);
	int status;

	memset(r, 0, sizeof(*r));
	r->log = log;
	r->memory = allocate(1, size);
	status = ration_init(r->memory, size, config, log->start_ns, &r->instance);
	if (status != RATION_OK) {
		log_wrong(log, 0, 0, "the scheduler does not take what the header says: %s",
		          ration_status_text(status));
		free(r->memory);
		return false;
	}
	r->ring = allocate(RATION_RECORD_WORDS_MIN, sizeof(*r->ring));
	r->dom_name = allocate(config->limits.dom_count, sizeof(*r->dom_name));
	ration_record_init(&r->record, r->instance, config);
	ration_record_start(&r->record, r->ring, RATION_RECORD_WORDS_MIN, log->start_ns);
	return true;
}

void replay_close(struct replay *r)
{
	uint32_t i;

	for (i = 0; i < r->log->config.limits.dom_count; i++)
		free(r->dom_name[i]);
	free(r->dom_name);
	free(r->ring);
	free(r->memory);
}

void replay_observe(struct replay *r, struct replay_observer observer)
{
	assert(r->observer_count < REPLAY_OBSERVER_MAX);
	r->observer[r->observer_count++] = observer;
}

/* ---- Names ------------------------------------------------------------- */

const char *replay_dom_name(const struct replay *r, const struct ration_dom *dom, char *buffer,
                            size_t size)
{
	const char *name = r->dom_name[ration_dom_slot_of(dom)];

	if (name != NULL)
		return name;
	(void)snprintf(buffer, size, "dom%" PRIu32, ration_dom_id(dom));
	return buffer;
}

char *replay_vcpu_name(const struct replay *r, const struct ration_vcpu *v,
                       char buffer[REPLAY_NAME_SIZE])
{
	char name[24];

	if (v == NULL)
		(void)snprintf(buffer, REPLAY_NAME_SIZE, "idle");
	else
		(void)snprintf(buffer, REPLAY_NAME_SIZE, "%.64s/v%" PRIu32,
		               replay_dom_name(r, ration_vcpu_dom(v), name, sizeof(name)),
		               ration_vcpu_idx(v));
	return buffer;
}

/* The name of a domain comes, or goes with it.  What a terminal would act on
 * comes out as '?'. */
static void replay_name(struct replay *r, const struct log_record *record)
{
	uint32_t slot = record->slot, i;
	char *name;

	if (record->verb == RECORD_DOM_ADMIT && r->answer.status == RATION_OK)
		slot = ration_dom_slot_of(r->answer.dom);
	else if (record->verb != RECORD_NAME)
		return;
	free(r->dom_name[slot]);
	r->dom_name[slot] = NULL;
	if (record->verb != RECORD_NAME || record->arg_count == 0)
		return;
	name = allocate(record->arg_count, 8);
	name = allocate_again(name, record->arg_count + 1, 8);
	for (i = 0; i < record->arg_count * 8; i++) {
		name[i] = (char)(record->arg[i / 8] >> i % 8 * 8);
		if ((unsigned char)name[i] < 0x20 && name[i] != '\0')
			name[i] = '?';
	}
	name[i] = '\0';
	r->dom_name[slot] = name;
}

/* ---- The comparison ---------------------------------------------------- */

/* The first word in which the record made here differs from the log's;
 * UINT32_MAX: they are the same. */
static uint32_t replay_compare(struct replay *r, const struct log_record *record)
{
	struct ration_record *made = &r->record;
	uint64_t count = made->head - made->tail;
	uint32_t differs = UINT32_MAX, i;

	for (i = 0; i < record->raw_count && i < count && differs == UINT32_MAX; i++)
		if (record->raw[i].word != r->ring[(made->tail + i) & (RATION_RECORD_WORDS_MIN - 1)])
			differs = i;
	if (differs == UINT32_MAX && count != record->raw_count)
		differs = count < record->raw_count ? (uint32_t)count : record->raw_count - 1;
	made->tail = made->head;
	return differs;
}

static enum replay_result replay_wrong(struct replay *r, const struct replay_options *options,
                                       const struct log_record *record, const char *forbids,
                                       uint32_t word)
{
	if (record->suspect) {
		log_damage(r->log, record,
		           forbids == NULL ? record->raw[word].offset : record->offset);
		if (options->errors != NULL)
			fprintf(options->errors, "%s\n", r->log->message);
		return REPLAY_DAMAGED;
	}
	log_wrong(r->log, record->offset, record->index, "the replay parts from the log");
	if (options->errors != NULL)
		replay_tell(r, record, forbids, word, options->errors);
	return REPLAY_DIVERGED;
}

static bool replay_holds(struct replay *r, const struct replay_options *options,
                         const struct log_record *record)
{
	r->broken = ration_check(r->instance);
	if (r->broken == NULL)
		return true;
	log_wrong(r->log, record->offset, record->index, "a broken invariant: %s", r->broken);
	if (options->errors != NULL)
		fprintf(options->errors, "%s\n", r->log->message);
	return false;
}

/* One record. */
static enum replay_result replay_step(struct replay *r, const struct replay_options *options,
                                      const struct log_record *record)
{
	const char *forbids = replay_forbids(r, record);
	uint32_t i, word;

	if (forbids != NULL)
		return replay_wrong(r, options, record, forbids, 0);
	for (i = 0; i < r->observer_count; i++)
		if (r->observer[i].before != NULL)
			r->observer[i].before(r->observer[i].context, r, record);
	replay_apply(r, record);
	word = replay_compare(r, record);
	if (word != UINT32_MAX)
		return replay_wrong(r, options, record, NULL, word);
	replay_name(r, record);
	r->decisions += record->verb == RECORD_DECIDE || record->verb == RECORD_IDLE;
	for (i = 0; i < r->observer_count; i++)
		if (r->observer[i].after != NULL)
			r->observer[i].after(r->observer[i].context, r, record);
	if ((options->check || record->verb == RECORD_END) && !replay_holds(r, options, record))
		return REPLAY_DIVERGED;
	return REPLAY_SAME;
}

enum replay_result replay_run(struct replay *r, const struct replay_options *options)
{
	struct log_record record;
	enum replay_result result;
	enum log_status status;

	while ((status = log_next(r->log, &record)) == LOG_RECORD) {
		result = replay_step(r, options, &record);
		if (result != REPLAY_SAME)
			return result;
		if (options->progress != NULL && (record.index & PROGRESS_MASK) == 0)
			options->progress(options->progress_context, record.now_ns);
	}
	if (status == LOG_DONE)
		return REPLAY_SAME;
	if (options->errors != NULL)
		fprintf(options->errors, "%s\n", r->log->message);
	return REPLAY_DAMAGED;
}
