/* SPDX-License-Identifier: BSD-2-Clause */
/* frame.c - frames on a line of bytes, found again after what is none. */
#include "control.h"

enum frame_offset {
	FRAME_VERSION = 4,
	FRAME_KIND = 5,
	FRAME_OP = 6,
	FRAME_ID = 8,
	FRAME_LENGTH = 12,
	FRAME_PAYLOAD_CRC = 16,
	FRAME_HEAD_CRC = 20
};

static uint32_t frame_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static void frame_u32_put(uint8_t *at, uint32_t value)
{
	for (uint32_t i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

size_t ration_control_seal(const struct ration_control_frame *frame, uint8_t *to)
{
	RATION_ASSERT(frame->length <= RATION_CONTROL_ANSWER_MAX);

	frame_u32_put(to, RATION_CONTROL_MAGIC);
	to[FRAME_VERSION] = (uint8_t)frame->version;
	to[FRAME_KIND] = (uint8_t)frame->kind;
	to[FRAME_OP] = (uint8_t)frame->op;
	to[FRAME_OP + 1] = (uint8_t)(frame->op >> 8);
	frame_u32_put(to + FRAME_ID, frame->id);
	frame_u32_put(to + FRAME_LENGTH, frame->length);
	frame_u32_put(to + FRAME_PAYLOAD_CRC,
	              ration_record_crc(to + RATION_CONTROL_HEAD, frame->length));
	frame_u32_put(to + FRAME_HEAD_CRC, ration_record_crc(to, FRAME_HEAD_CRC));
	return RATION_CONTROL_HEAD + frame->length;
}

/* Could these bytes, fewer than a head or as many, begin a frame of that kind? */
static bool frame_may_begin(const struct ration_control_reader *r)
{
	uint32_t most = r->kind == RATION_CONTROL_REQUEST ? RATION_CONTROL_REQUEST_MAX :
	                RATION_CONTROL_ANSWER_MAX;

	for (uint32_t i = 0; i < 4 && i < r->length; i++)
		if (r->bytes[i] != (uint8_t)(RATION_CONTROL_MAGIC >> 8 * i))
			return false;
	if (r->length < RATION_CONTROL_HEAD)
		return true;
	return frame_u32(r->bytes + FRAME_HEAD_CRC) == ration_record_crc(r->bytes, FRAME_HEAD_CRC) &&
	       r->bytes[FRAME_KIND] == r->kind && frame_u32(r->bytes + FRAME_LENGTH) <= most;
}

static void frame_drop(struct ration_control_reader *r, uint32_t count)
{
	r->length -= count;
	__builtin_memmove(r->bytes, r->bytes + count, r->length);
}

/* How many bytes the frame at the beginning has, as far as is known. */
static uint32_t frame_length(const struct ration_control_reader *r)
{
	if (r->length < RATION_CONTROL_HEAD)
		return RATION_CONTROL_HEAD;
	return RATION_CONTROL_HEAD + frame_u32(r->bytes + FRAME_LENGTH);
}

/* The bytes at the beginning are a frame: tell what it is, if it is whole and sound. */
static bool frame_open(struct ration_control_reader *r, struct ration_control_frame *frame)
{
	uint32_t length = frame_length(r);

	frame->version = r->bytes[FRAME_VERSION];
	frame->kind = r->kind;
	frame->op = (uint32_t)r->bytes[FRAME_OP] | (uint32_t)r->bytes[FRAME_OP + 1] << 8;
	frame->id = frame_u32(r->bytes + FRAME_ID);
	frame->length = length - RATION_CONTROL_HEAD;
	frame->payload = r->bytes + RATION_CONTROL_HEAD;
	if (ration_record_crc(frame->payload, frame->length) ==
	    frame_u32(r->bytes + FRAME_PAYLOAD_CRC))
		return true;
	r->skipped += length;
	frame_drop(r, length);
	return false;
}

size_t ration_control_feed(struct ration_control_reader *r, const uint8_t *bytes, size_t size,
                           struct ration_control_frame *frame, bool *is_complete)
{
	size_t taken = 0;

	if (r->is_complete)
		frame_drop(r, frame_length(r));
	r->is_complete = false;
	while (!r->is_complete) {
		uint32_t want, count;

		while (r->length != 0 && !frame_may_begin(r)) {
			frame_drop(r, 1);
			r->skipped++;
		}
		want = frame_length(r) - r->length;
		if (want == 0) {
			r->is_complete = frame_open(r, frame);
			continue;
		}
		/* To the end of the head, and then to the end of the frame. */
		count = size - taken < want ? (uint32_t)(size - taken) : want;
		if (count == 0)
			break;
		__builtin_memcpy(r->bytes + r->length, bytes + taken, count);
		r->length += count;
		taken += count;
	}
	*is_complete = r->is_complete;
	return taken;
}
