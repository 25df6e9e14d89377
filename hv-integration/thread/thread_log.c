/* SPDX-License-Identifier: BSD-2-Clause */
#include "thread_log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "scenario.h"
#include "rig.h"

#define LOG_BUFFER_SIZE ((size_t)1 << 18)
#define LOG_PAUSE_NS    1000000L
#define COST_ROUNDS     25
#define COST_VERBS      5000u
#define COST_WORDS      16384u

static void log_write(struct thread_log *l, const void *bytes, size_t size)
{
	if (l->error != 0)
		return;
	errno = 0;
	if (fwrite(bytes, 1, size, l->file) != size)
		l->error = errno != 0 ? errno : EIO;
	else
		l->bytes += size;
}

static void log_drain(struct thread_log *l, void *buffer)
{
	size_t size;

	while ((size = ration_record_drain(l->record, buffer, LOG_BUFFER_SIZE)) != 0)
		log_write(l, buffer, size);
}

static void *log_thread(void *argument)
{
	struct timespec pause = { 0, LOG_PAUSE_NS };
	void *buffer = allocate(1, LOG_BUFFER_SIZE);
	struct thread_log *l = argument;

	while (flag_get(&l->stop) == 0) {
		log_drain(l, buffer);
		(void)nanosleep(&pause, NULL);
	}
	log_drain(l, buffer);
	free(buffer);
	return NULL;
}

bool thread_log_begin(struct thread_log *l, struct ration_record *record, FILE *file,
                      uint64_t words, const struct ration_config *config, const char *machine)
{
	uint8_t *header = allocate(1, RATION_RECORD_HEADER_MAX);
	size_t size;
	int error;

	memset(l, 0, sizeof(*l));
	l->record = record;
	l->file = file;
	l->ring = allocate(words, sizeof(*l->ring));
	size = ration_record_header(config, 0, "ration-threads " RATION_VERSION, machine, header,
	                            RATION_RECORD_HEADER_MAX);
	assert(size != 0);
	log_write(l, header, size);
	free(header);
	ration_record_start(record, l->ring, words, 0);
	error = pthread_create(&l->thread, NULL, log_thread, l);
	if (error == 0)
		return true;
	ration_record_end(record, 0);
	free(l->ring);
	errno = error;
	return false;
}

bool thread_log_end(struct thread_log *l)
{
	flag_set(&l->stop, 1);
	(void)pthread_join(l->thread, NULL);
	free(l->ring);
	errno = 0;
	if (l->error == 0 && fflush(l->file) != 0)
		l->error = errno != 0 ? errno : EIO;
	return l->error == 0;
}

/* ---- What it costs ----------------------------------------------------- */

struct cost {
	const struct ration_config *config;
	struct ration *instance;
	struct ration_record record;
	uint64_t *ring;
	ration_ns now;
};

/* The time of a round of verbs; the ring holds them all. */
static double cost_round(struct cost *c, bool on)
{
	struct ration_decision decision;
	struct ration_effects fx;
	ration_ns begin;
	uint32_t i;

	ration_record_init(&c->record, c->instance, c->config);
	if (on)
		ration_record_start(&c->record, c->ring, COST_WORDS, c->now);
	begin = rig_clock();
	for (i = 0; i < COST_VERBS; i++)
		ration_record_decide(&c->record, 0, c->now++, &decision, &fx);
	begin = rig_clock() - begin;
	if (on)
		ration_record_end(&c->record, c->now);
	return (double)begin / COST_VERBS;
}

double thread_log_cost(void)
{
	struct ration_config config = { .limits = { 1, 1, 1 }, .policies = scenario_policies,
	                                .policy_count = 1,
	                                .params = { RATION_TSLICE_DEFAULT_NS,
	                                            RATION_RATELIMIT_DEFAULT_NS },
	                                .topology = NULL };
	size_t size = ration_size(config.policies, 1, &config.limits);
	void *memory = allocate(1, size);
	double on = 1e9, off = 1e9, ns;
	struct cost c;
	int round, status;

	memset(&c, 0, sizeof(c));
	c.config = &config;
	status = ration_init(memory, size, &config, 0, &c.instance);
	assert(status == RATION_OK);
	(void)status;
	c.ring = allocate(COST_WORDS, sizeof(*c.ring));
	for (round = 0; round < COST_ROUNDS; round++) {
		ns = cost_round(&c, false);
		off = ns < off ? ns : off;
		ns = cost_round(&c, true);
		on = ns < on ? ns : on;
	}
	free(c.ring);
	free(memory);
	return on > off ? on - off : 0.0;
}
