/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of a log. */
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "scenario.h"

/* Where its parts are: ration_record.h. */
enum {
	HEADER_VERSION = 8, HEADER_SIZE = 12, HEADER_LIMITS = 16, HEADER_TSLICE = 32,
	HEADER_OVERHEAD = 36, HEADER_RATELIMIT = 40, HEADER_RESERVE = 44,
	HEADER_START = 48, HEADER_NODES = 56, HEADER_WRITER = 64,
	HEADER_MACHINE = 96, HEADER_POLICIES = 192
};

static uint64_t number(const uint8_t *at, uint32_t bytes)
{
	uint64_t value = 0;

	while (bytes-- != 0)
		value = value << 8 | at[bytes];
	return value;
}

/* Returns false. */
__attribute__((format(printf, 3, 4)))
static bool header_wrong(struct log *l, size_t offset, const char *format, ...)
{
	int length = snprintf(l->message, sizeof(l->message), "%.200s: byte %zu: ", l->name, offset);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(l->message + length, sizeof(l->message) - (size_t)length, format, arguments);
	va_end(arguments);
	return false;
}

/* Text that a terminal may show, cut off at `room`. */
static void header_text(char *to, const uint8_t *at, size_t room)
{
	size_t i;

	for (i = 0; i + 1 < room && at[i] != 0; i++)
		to[i] = at[i] < 0x20 || at[i] == 0x7f ? '?' : (char)at[i];
	to[i] = '\0';
}

/* What is read of the file so far, all of it there and as it was written. */
static bool header_load(struct log *l, uint8_t header[RATION_RECORD_HEADER_MAX], size_t *size)
{
	size_t got = log__read(l, header, HEADER_POLICIES);

	if (got == 0 && ferror(l->file))
		return header_wrong(l, 0, "cannot be read: %s", strerror(errno));
	if (got == 0)
		return header_wrong(l, 0, "the file is empty, expected a log as 'ration run "
		                    "--record' writes");
	if (memcmp(header, RATION_RECORD_MAGIC, got < 8 ? got : 8) != 0)
		return header_wrong(l, 0, "this is no log, expected one as 'ration run --record' "
		                    "writes");
	if (got >= HEADER_SIZE && number(header + HEADER_VERSION, 4) != RATION_RECORD_VERSION)
		return header_wrong(l, HEADER_VERSION, "a log of version %" PRIu64 ", expected "
		                    "version %u", number(header + HEADER_VERSION, 4),
		                    RATION_RECORD_VERSION);
	*size = got < HEADER_LIMITS ? 0 : (size_t)number(header + HEADER_SIZE, 4);
	if (got == HEADER_POLICIES && (*size <= HEADER_POLICIES || *size > RATION_RECORD_HEADER_MAX))
		return header_wrong(l, HEADER_SIZE, "a header of %zu bytes, expected %u to %u", *size,
		                    HEADER_POLICIES + RATION_RECORD_POLICY_SIZE + 4,
		                    RATION_RECORD_HEADER_MAX);
	if (got == HEADER_POLICIES)
		got += log__read(l, header + got, *size - got);
	if (got < HEADER_POLICIES || got < *size)
		return header_wrong(l, got, "the log is cut off within its header");
	if (ration_record_crc(header, *size - 4) != number(header + *size - 4, 4))
		return header_wrong(l, 0, "the header is damaged: its checksum is wrong");
	return true;
}

static bool header_policies(struct log *l, const uint8_t *at)
{
	char name[RATION_RECORD_POLICY_SIZE + 1];
	uint32_t i;

	for (i = 0; i < l->config.policy_count; i++) {
		header_text(name, at + i * RATION_RECORD_POLICY_SIZE, sizeof(name));
		l->policy[i] = scenario_policy_find(name);
		if (l->policy[i] == NULL)
			return header_wrong(l, HEADER_POLICIES + i * RATION_RECORD_POLICY_SIZE,
			                    "a log under policy '%s', expected one that this program "
			                    "has: credit, sedf or rr", name);
	}
	return true;
}

static uint32_t past(uint32_t count, uint32_t index)
{
	return index >= count ? index + 1 : count;
}

static bool header_topology(struct log *l, const uint8_t *at, uint32_t nodes, size_t offset)
{
	struct ration_topology *t = &l->topology;
	const char *broken;
	uint32_t c, n;

	t->cpu_count = l->config.limits.cpu_count;
	t->node_count = nodes;
	for (c = 0; c < t->cpu_count; c++, at += RATION_RECORD_CPU_SIZE) {
		struct ration_topology_cpu *cpu = &t->cpu[c];

		cpu->core = (uint16_t)number(at, 2);
		cpu->llc = (uint16_t)number(at + 2, 2);
		cpu->package = (uint16_t)number(at + 4, 2);
		cpu->node = (uint16_t)number(at + 6, 2);
		cpu->capacity = (uint16_t)number(at + 8, 2);
		cpu->online = number(at + 10, 2) != 0;
		t->core_count = past(t->core_count, cpu->core);
		t->llc_count = past(t->llc_count, cpu->llc);
		t->package_count = past(t->package_count, cpu->package);
	}
	for (n = 0; n < nodes; n++, at += nodes)
		memcpy(t->distance[n], at, nodes);
	broken = ration_topology_check(t);
	if (broken != NULL)
		return header_wrong(l, offset, "a machine that cannot be: %s", broken);
	l->config.topology = t;
	return true;
}

/* The numbers; and do all the parts have the length of the whole? */
static bool header_numbers(struct log *l, const uint8_t *header, size_t size)
{
	struct ration_config *config = &l->config;
	uint64_t nodes = number(header + HEADER_NODES, 4), policies, want;

	config->limits.cpu_count = (uint32_t)number(header + HEADER_LIMITS, 4);
	config->limits.dom_count = (uint32_t)number(header + HEADER_LIMITS + 4, 4);
	config->limits.vcpu_count = (uint32_t)number(header + HEADER_LIMITS + 8, 4);
	policies = number(header + HEADER_LIMITS + 12, 4);
	config->params.tslice_ns = number(header + HEADER_TSLICE, 4);
	config->params.ratelimit_ns = number(header + HEADER_RATELIMIT, 4);
	config->margins.overhead_ns = number(header + HEADER_OVERHEAD, 4);
	config->margins.reserve_ppm = (uint32_t)number(header + HEADER_RESERVE, 4);
	config->policies = l->policy;
	config->policy_count = (uint32_t)policies;
	l->start_ns = l->now_ns = number(header + HEADER_START, 8);
	if (config->limits.cpu_count == 0 || config->limits.cpu_count > RATION_CPU_MAX ||
	    nodes > RATION_TOPOLOGY_NODE_MAX || policies == 0 || policies > RATION_RECORD_POLICY_MAX)
		return header_wrong(l, HEADER_LIMITS, "%" PRIu32 " CPUs, %" PRIu64 " nodes, %" PRIu64
		                    " policies, expected at most %u, %u and %u",
		                    config->limits.cpu_count, nodes, policies, RATION_CPU_MAX,
		                    RATION_TOPOLOGY_NODE_MAX, RATION_RECORD_POLICY_MAX);
	if (l->start_ns > RATION_TIME_MAX)
		return header_wrong(l, HEADER_START, "a start at %" PRIu64 " ns, expected a time "
		                    "within 146 years", l->start_ns);
	want = HEADER_POLICIES + policies * RATION_RECORD_POLICY_SIZE + 4;
	if (nodes != 0)
		want += config->limits.cpu_count * RATION_RECORD_CPU_SIZE + nodes * nodes;
	if (want != size)
		return header_wrong(l, HEADER_SIZE, "a header of %zu bytes, expected %" PRIu64
		                    " for what it describes", size, want);
	return true;
}

static bool header_read(struct log *l)
{
	uint8_t header[RATION_RECORD_HEADER_MAX];
	size_t size = 0, at;
	uint32_t nodes;

	if (!header_load(l, header, &size) || !header_numbers(l, header, size) ||
	    !header_policies(l, header + HEADER_POLICIES))
		return false;
	header_text(l->writer, header + HEADER_WRITER, HEADER_MACHINE - HEADER_WRITER);
	header_text(l->machine, header + HEADER_MACHINE, HEADER_POLICIES - HEADER_MACHINE);
	if (ration_size(l->config.policies, l->config.policy_count, &l->config.limits) == 0)
		return header_wrong(l, HEADER_LIMITS, "%" PRIu32 " domains and %" PRIu32 " vCPUs, "
		                    "expected 1 to 4096 and 1 to 65536", l->config.limits.dom_count,
		                    l->config.limits.vcpu_count);
	nodes = (uint32_t)number(header + HEADER_NODES, 4);
	at = HEADER_POLICIES + l->config.policy_count * RATION_RECORD_POLICY_SIZE;
	return nodes == 0 || header_topology(l, header + at, nodes, at);
}

bool log_open_stream(struct log *l, FILE *stream, const char *name)
{
	memset(l, 0, sizeof(*l));
	l->file = stream;
	l->block = allocate(RATION_RECORD_BLOCK_WORDS, 8);
	l->name = allocate_text(name, strlen(name));
	if (header_read(l))
		return true;
	log_close(l);
	return false;
}

bool log_open(struct log *l, const char *path)
{
	FILE *stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");

	if (stream != NULL)
		return log_open_stream(l, stream, stream == stdin ? "standard input" : path);
	memset(l, 0, sizeof(*l));
	(void)snprintf(l->message, sizeof(l->message), "%.200s: cannot be read: %s", path,
	               strerror(errno));
	return false;
}

void log_close(struct log *l)
{
	if (l->file != stdin)
		(void)fclose(l->file);
	free(l->name);
	free(l->block);
	l->file = NULL;
	l->name = NULL;
	l->block = NULL;
}
