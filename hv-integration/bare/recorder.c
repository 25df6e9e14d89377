/* SPDX-License-Identifier: BSD-2-Clause */
#include "recorder.h"

#include "console.h"
#include "hv.h"
#include "memory.h"
#include "text.h"

#define BUFFER_SIZE 65536u

#ifndef RATION_VERSION
#define RATION_VERSION "unknown"
#endif

const char recorder_writer[] = "libration-hv " RATION_VERSION;
char recorder_machine[64];

static bool recorder_on;
static uint8_t recorder_buffer[BUFFER_SIZE];
static uint8_t recorder_head[RATION_RECORD_HEADER_MAX];
static size_t recorder_head_size;

bool recorder_start(uint32_t mib)
{
	uint64_t bytes = (uint64_t)mib << 20;
	uint64_t *ring;

	(void)text_print(recorder_machine, sizeof(recorder_machine), "bare, %u CPUs", hv.cpu_count);
	if (mib == 0)
		return true;
	ring = memory_forever(bytes);
	if (ring == NULL || (bytes & (bytes - 1)) != 0)
		return false;
	recorder_head_size = ration_record_header(&hv.config, 0, recorder_writer,
	                                          recorder_machine, recorder_head,
	                                          sizeof(recorder_head));
	ration_record_start(&hv.port.record, ring, bytes / sizeof(*ring), 0);
	recorder_on = true;
	return true;
}

void recorder_stop(void)
{
	struct ration_effects fx = { 0, RATION_NEVER };
	ration_ns now = ration_port_begin(&hv.port, cpu_self()->id);

	if (recorder_on)
		ration_record_end(&hv.port.record, now);
	fx.expire_ns = hv.port.expire_ns;
	ration_port_end(&hv.port, &fx);
}

void recorder_write(void)
{
	uint64_t bytes = recorder_head_size;
	size_t size;

	if (!recorder_on)
		return;
	serial2_write(recorder_head, recorder_head_size);
	while ((size = ration_record_drain(&hv.port.record, recorder_buffer, BUFFER_SIZE)) != 0) {
		serial2_write(recorder_buffer, size);
		bytes += size;
	}
	say("log: %lu events, %lu lost, %lu bytes", ration_record_events(&hv.port.record),
	    ration_record_lost(&hv.port.record), bytes);
}
