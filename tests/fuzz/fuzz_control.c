/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_control.c - no line of bytes makes a controlled machine stop or break.  The
 * first byte says who asks.  Of the rest, what begins with 0 is the line as it
 * stands; else it is requests, each op, length and payload, which get their heads
 * here, so that the fuzzer need not find checksums.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "../lib/control_desk.c"

void ration_panic(const char *file, int line, const char *text)
{
	(void)file, (void)line, (void)text;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_requests(struct desk *d, const uint8_t *data, size_t size)
{
	static uint8_t frame[RATION_CONTROL_FRAME_MAX], reply[3 * RATION_CONTROL_FRAME_MAX];
	struct ration_control_frame head = { RATION_CONTROL_VERSION, RATION_CONTROL_REQUEST, 0, 0, 0,
		NULL };

	while (size >= 2) {
		size_t length = data[1] < size - 2 ? data[1] : size - 2;

		head.op = data[0];
		head.id++;
		head.length = (uint32_t)length;
		memcpy(frame + RATION_CONTROL_HEAD, data + 2, length);
		(void)desk_talk(d, frame, ration_control_seal(&head, frame), reply, sizeof reply);
		RATION_ASSERT(ration_check(d->r) == NULL);
		data += 2 + length;
		size -= 2 + length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t reply[3 * RATION_CONTROL_FRAME_MAX];
	static struct desk d;

	if (size < 2)
		return 0;
	desk_open(&d, 1 + data[0] % 4, NULL);
	(void)desk_create(&d, "name=dom0 image=hog vcpus=2 weight=512");
	(void)desk_create(&d, "name=web image=hog vcpus=1");
	d.channel.is_privileged = data[0] < 192;
	d.channel.dom = 2;
	if (data[1] == 0)
		(void)desk_talk(&d, data + 2, size - 2, reply, sizeof reply);
	else
		fuzz_requests(&d, data + 1, size - 1);
	desk_run(&d, RATION_NS_PER_MS);
	RATION_ASSERT(ration_check(d.r) == NULL);
	RATION_ASSERT(d.channel.is_privileged || d.shut_down == 0);
	desk_close(&d);
	return 0;
}
