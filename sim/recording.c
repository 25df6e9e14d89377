/* SPDX-License-Identifier: BSD-2-Clause */
/* A run writes down what it tells the library: `ration run --record`. */
#include "engine.h"

#include "allocate.h"

/* One event of the simulation, or one domain that comes, fills far less than
 * what is left of the ring when it is drained. */
#define RING_WORDS  ((uint64_t)1 << 16)
#define DRAIN_WORDS ((uint64_t)RATION_RECORD_BLOCK_WORDS)

struct recording {
	FILE *out;
	uint64_t ring[RING_WORDS];
	uint8_t block[RATION_RECORD_BLOCK_HEAD + 8 * RATION_RECORD_BLOCK_WORDS];
};

void recording_begin(struct sim *s, const struct ration_config *config)
{
	uint8_t header[RATION_RECORD_HEADER_MAX];
	const char *writer = s->options->record_writer, *machine = s->scenario->topology_name;
	size_t size;

	ration_record_init(&s->record, s->ration, config);
	if (s->options->record == NULL)
		return;
	s->recording = allocate(1, sizeof(*s->recording));
	s->recording->out = s->options->record;
	ration_record_start(&s->record, s->recording->ring, RING_WORDS, s->now_ns);
	size = ration_record_header(config, s->now_ns, writer != NULL ? writer : "",
	                            machine != NULL ? machine : "", header, sizeof(header));
	(void)fwrite(header, 1, size, s->recording->out);
}

static void recording_write(struct sim *s)
{
	struct recording *recording = s->recording;
	size_t size;

	while ((size = ration_record_drain(&s->record, recording->block,
	                                   sizeof(recording->block))) != 0)
		(void)fwrite(recording->block, 1, size, recording->out);
}

void recording_drain(struct sim *s)
{
	if (ration_record_pending(&s->record) < DRAIN_WORDS)
		return;
	recording_write(s);
	if (ration_record_lost(&s->record) != 0)
		sim_broken(s, "more happens at one instant than the recorder holds");
}

void recording_end(struct sim *s)
{
	if (s->recording == NULL)
		return;
	recording_write(s);
	ration_record_end(&s->record, s->now_ns);
	recording_write(s);
}
