/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_log.c - no log makes the replay stop the program.  An input that begins
 * with 0 is a log, as it stands; any other is records, for an instance that has
 * two domains and five vCPUs under the policy that it names, applied one after
 * the other whatever the scheduler answers: what replay_forbids() lets through
 * breaks no precondition, and leaves no invariant broken.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "ration_assert.h"
#include "replay_parts.h"
#include "scenario.h"

#define WORDS_MAX 1024u

void ration_panic(const char *file, int line, const char *text)
{
	(void)file, (void)line, (void)text;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_log(const uint8_t *data, size_t size)
{
	uint8_t copy[4096];
	struct replay_options options = { true, NULL, NULL, NULL };
	struct replay r;
	struct log l;
	FILE *file;

	if (size == 0 || size > sizeof(copy))
		return;
	memcpy(copy, data, size);
	file = fmemopen(copy, size, "rb");
	if (file == NULL || !log_open_stream(&l, file, "log"))
		return;
	if (replay_open(&r, &l)) {
		(void)replay_run(&r, &options);
		replay_close(&r);
	}
	log_close(&l);
}

/* A log of two CPUs in which so many words stand. */
static size_t log_make(uint8_t *to, size_t room, const uint8_t *words, size_t size,
                       const struct ration_policy *first)
{
	const struct ration_policy *policies[2] = { first, scenario_policies[2] };
	struct ration_config config = { { 2, 3, 6 }, policies, 2, { 10000000, 1000000 }, NULL,
	                                { 0 } };
	size_t at = ration_record_header(&config, 0, "fuzz", "", to, room), i;
	uint32_t crc;

	memcpy(to + at, "RBLK", 4);
	memset(to + at + 4, 0, 12);
	to[at + 4] = (uint8_t)(size / 8);
	to[at + 5] = (uint8_t)(size / 8 >> 8);
	memcpy(to + at + RATION_RECORD_BLOCK_HEAD, words, size);
	crc = ration_record_crc(words, size);
	for (i = 0; i < 4; i++)
		to[at + 16 + i] = (uint8_t)(crc >> 8 * i);
	crc = ration_record_crc(to + at, 20);
	for (i = 0; i < 4; i++)
		to[at + 20 + i] = (uint8_t)(crc >> 8 * i);
	return at + RATION_RECORD_BLOCK_HEAD + size;
}

static void populate(struct replay *r)
{
	struct ration_effects fx;
	struct ration_attr attr;
	struct ration_dom *dom;
	struct ration_vcpu *v;
	uint32_t d, i;

	ration_attr_default(&attr);
	for (d = 0; d < 2; d++) {
		attr.weight = 256 * (d + 1);
		(void)ration_record_dom_admit(&r->record, d + 1, &attr, 0, &fx, &dom);
		for (i = 0; i < 2 + d; i++) {
			struct ration_affinity affinity = { 3u - (i == 2), RATION_CPUSET_ALL };

			(void)ration_record_admit(&r->record, dom, i, affinity, 0, &fx, &v, NULL);
			ration_record_wake(&r->record, v, 0, &fx);
			r->record.tail = r->record.head;
		}
	}
}

static void fuzz_records(const uint8_t *data, size_t size, const struct ration_policy *first)
{
	static uint8_t made[RATION_RECORD_HEADER_MAX + 8 * WORDS_MAX + RATION_RECORD_BLOCK_HEAD];
	struct log_record record;
	struct replay r;
	struct log l;
	bool ok;

	size = size / 8 < WORDS_MAX ? size / 8 * 8 : 8 * WORDS_MAX;
	if (size == 0)
		return;
	size = log_make(made, sizeof(made), data, size, first);
	ok = log_open_stream(&l, fmemopen(made, size, "rb"), "log");
	RATION_ASSERT(ok);
	ok = replay_open(&r, &l);
	RATION_ASSERT(ok);
	populate(&r);
	while (log_next(&l, &record) == LOG_RECORD) {
		if (replay_forbids(&r, &record) != NULL)
			continue;
		replay_apply(&r, &record);
		r.record.tail = r.record.head;
		RATION_ASSERT(ration_check(r.instance) == NULL);
	}
	replay_close(&r);
	log_close(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 0)
		fuzz_log(data + 1, size - 1);
	else
		fuzz_records(data + 1, size - 1, scenario_policies[data[0] % scenario_policy_count]);
	return 0;
}
