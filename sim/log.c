/* SPDX-License-Identifier: BSD-2-Clause */
/* The blocks of a log, and the records in them. */
#include "log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define DAMAGED "the log is damaged here: the checksum of this block is wrong, and this is the " \
	"first of its records that is not as it was written"

static const char block_magic[4] = { 'R', 'B', 'L', 'K' };

/* ---- What is wrong ----------------------------------------------------- */

void log_wrong(struct log *l, uint64_t offset, uint64_t event, const char *format, ...)
{
	int length = snprintf(l->message, sizeof(l->message), "%.200s: byte %" PRIu64
	                      " (event %" PRIu64 "): ", l->name, offset, event);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(l->message + length, sizeof(l->message) - (size_t)length, format, arguments);
	va_end(arguments);
}

void log_damage(struct log *l, const struct log_record *record, uint64_t offset)
{
	log_wrong(l, offset, record->index + (record->verb < RECORD_IDLE), DAMAGED);
}

/* ---- Bytes ------------------------------------------------------------- */

static uint64_t log_number(const uint8_t *at, uint32_t bytes)
{
	uint64_t value = 0;

	while (bytes-- != 0)
		value = value << 8 | at[bytes];
	return value;
}

size_t log__read(struct log *l, void *buffer, size_t size)
{
	size_t got = fread(buffer, 1, size, l->file);

	l->offset += got;
	return got;
}

/* ---- Blocks ------------------------------------------------------------ */

static bool block_head(struct log *l, const uint8_t head[RATION_RECORD_BLOCK_HEAD], size_t got)
{
	uint64_t at = l->offset - got, count = log_number(head + 4, 4);

	if (got < RATION_RECORD_BLOCK_HEAD)
		log_wrong(l, l->offset, l->events, "the log is cut off within the head of a block, "
		          "expected all of it and an end");
	else if (memcmp(head, block_magic, sizeof(block_magic)) != 0)
		log_wrong(l, at, l->events, "the log is damaged: no block begins here, expected one");
	else if (ration_record_crc(head, 20) != log_number(head + 20, 4))
		log_wrong(l, at, l->events, "the log is damaged: the checksum of the head of this "
		          "block is wrong");
	else if (count == 0 || count > RATION_RECORD_BLOCK_WORDS)
		log_wrong(l, at + 4, l->events, "a block of %" PRIu64 " words, expected 1 to %u",
		          count, RATION_RECORD_BLOCK_WORDS);
	else if (log_number(head + 8, 8) != l->words)
		log_wrong(l, at + 8, l->events, "a block that begins with word %" PRIu64 ", expected "
		          "word %" PRIu64 ": blocks are missing, or not in order",
		          log_number(head + 8, 8), l->words);
	else
		return true;
	return false;
}

/* Is there anything left to say of the block that is done with? */
static bool block_done(struct log *l)
{
	if (l->suspect && !l->cut)
		log_wrong(l, l->block_offset, l->events, "the log is damaged: the checksum of this "
		          "block is wrong, though each of its records holds");
	else if (l->cut)
		log_wrong(l, l->offset, l->events, "the log is cut off within a block, expected all "
		          "of it and an end");
	else
		return true;
	return false;
}

/* False: message says why. */
static bool block_next(struct log *l)
{
	uint8_t head[RATION_RECORD_BLOCK_HEAD];
	size_t size, got;

	if (!block_done(l))
		return false;
	l->words += l->word_count;
	got = log__read(l, head, sizeof(head));
	if (got == 0) {
		log_wrong(l, l->offset, l->events, "the log is cut off: it ends without an end, as "
		          "when its writer was stopped");
		return false;
	}
	if (!block_head(l, head, got))
		return false;
	l->block_offset = l->offset;
	size = 8 * (size_t)log_number(head + 4, 4);
	got = log__read(l, l->block, size);
	l->cut = got < size;
	l->suspect = l->cut || ration_record_crc(l->block, size) != log_number(head + 16, 4);
	l->word_count = got / 8;
	l->word_next = 0;
	return got >= 8 || block_done(l);
}

/* ---- Records ----------------------------------------------------------- */

/* The next word, added to the record. */
static bool record_word(struct log *l, struct log_record *record)
{
	struct log_word *to = &record->raw[record->raw_count];

	if (l->word_next == l->word_count && l->suspect && !l->cut && record->raw_count != 0) {
		log_wrong(l, record->raw[0].offset, l->events + 1, DAMAGED);
		return false;
	}
	if (l->word_next == l->word_count && !block_next(l))
		return false;
	to->offset = l->block_offset + 8 * l->word_next;
	to->word = log_number(l->block + 8 * l->word_next, 8);
	l->word_next++;
	record->raw_count++;
	record->suspect |= l->suspect;
	return true;
}

/* A first word and its arguments. */
static bool record_whole(struct log *l, struct log_record *record)
{
	struct ration_record_word head;
	uint64_t bits;
	uint32_t i;

	if (!record_word(l, record))
		return false;
	record->offset = record->raw[record->raw_count - 1].offset;
	bits = record->raw[record->raw_count - 1].word;
	head = ration_record_split(bits);
	record->verb = head.verb;
	record->cpu = head.cpu;
	record->slot = head.slot;
	record->now_ns += head.delta_ns;
	record->arg_count = ration_record_args(head);
	if (record->verb == RECORD_NONE || record->verb >= RECORD_VERB_COUNT) {
		log_wrong(l, record->offset, l->events + 1, "a record of kind %" PRIu32 ", expected 1 "
		          "to %d", record->verb, RECORD_VERB_COUNT - 1);
		return false;
	}
	for (i = 0; i < record->arg_count; i++) {
		if (!record_word(l, record))
			return false;
		record->arg[i] = record->raw[record->raw_count - 1].word;
	}
	return true;
}

/* Time goes on by the arguments of RECORD_TIME. */
static bool record_time(struct log *l, struct log_record *record)
{
	record->now_ns += record->arg[0];
	if (record->arg[0] > RATION_TIME_MAX || record->now_ns > RATION_TIME_MAX) {
		log_wrong(l, record->offset, l->events + 1, "%" PRIu64 " ns more, expected a time "
		          "within 146 years", record->arg[0]);
		return false;
	}
	if (!record_whole(l, record))
		return false;
	if (record->verb != RECORD_TIME)
		return true;
	log_wrong(l, record->offset, l->events + 1, "two records of time, expected one");
	return false;
}

/* Nothing may follow the end. */
static enum log_status log_finish(struct log *l)
{
	uint8_t byte;

	if (l->word_next < l->word_count)
		log_wrong(l, l->block_offset + 8 * l->word_next, l->events,
		          "more words, expected nothing behind the end");
	else if (block_done(l) && log__read(l, &byte, 1) == 0)
		return LOG_DONE;
	else if (!l->suspect)
		log_wrong(l, l->offset - 1, l->events, "more bytes, expected nothing behind the end");
	return LOG_BAD;
}

enum log_status log_next(struct log *l, struct log_record *record)
{
	if (l->ended)
		return log_finish(l);
	record->raw_count = 0;
	record->suspect = false;
	record->now_ns = l->now_ns;
	if (!record_whole(l, record) ||
	    (record->verb == RECORD_TIME && !record_time(l, record)))
		return LOG_BAD;
	if (record->now_ns > RATION_TIME_MAX) {
		log_wrong(l, record->offset, l->events + 1, "a time of %" PRIu64 " ns, expected one "
		          "within 146 years", record->now_ns);
		return LOG_BAD;
	}
	if (record->verb == RECORD_GAP && record->suspect) {
		record->index = l->events;
		log_damage(l, record, record->offset);
		return LOG_BAD;
	}
	if (record->verb == RECORD_GAP) {
		l->lost = record->arg[0] != 0 ? record->arg[0] : 1;
		log_wrong(l, record->offset, l->events + 1, "a gap: the recorder's ring was full, and "
		          "%" PRIu64 " event%s lost; what follows cannot be checked", record->arg[0],
		          record->arg[0] == 1 ? " is" : "s are");
		return LOG_BAD;
	}
	l->events += record->verb >= RECORD_IDLE;
	l->now_ns = record->now_ns;
	l->ended = record->verb == RECORD_END;
	record->index = l->events;
	return LOG_RECORD;
}
