/* SPDX-License-Identifier: BSD-2-Clause */
/* The log as bytes: its header, its blocks, and what readers need of a record. */
#include "record.h"

/* Where the parts of the header are; see ration_record_header(). */
enum {
	HEADER_VERSION = 8,
	HEADER_SIZE = 12,
	HEADER_LIMITS = 16,          /* CPUs, domains, vCPUs, policies */
	HEADER_TSLICE = 32,
	HEADER_OVERHEAD = 36,
	HEADER_RATELIMIT = 40,
	HEADER_RESERVE = 44,
	HEADER_START = 48,
	HEADER_NODES = 56,           /* 0: a flat machine, no topology follows */
	HEADER_WRITER = 64,
	HEADER_MACHINE = 96,
	HEADER_POLICIES = 192,
	HEADER_END = 192
};

static const char block_magic[4] = { 'R', 'B', 'L', 'K' };

/* ---- Numbers as bytes -------------------------------------------------- */

static void put(uint8_t *at, uint64_t value, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* The same of eight bytes, which compilers make one store of. */
static void put_word(uint8_t *at, uint64_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
	at[2] = (uint8_t)(value >> 16);
	at[3] = (uint8_t)(value >> 24);
	at[4] = (uint8_t)(value >> 32);
	at[5] = (uint8_t)(value >> 40);
	at[6] = (uint8_t)(value >> 48);
	at[7] = (uint8_t)(value >> 56);
}

/* ---- The header -------------------------------------------------------- */

/* At most `room` - 1 bytes of text; what is left stays 0. */
static void put_text(uint8_t *at, const char *text, uint32_t room)
{
	uint32_t i;

	for (i = 0; i + 1 < room && text[i] != '\0'; i++)
		at[i] = (uint8_t)text[i];
}

static uint8_t *put_topology(uint8_t *at, const struct ration_topology *t, uint32_t cpu_count)
{
	uint32_t c, node;

	for (c = 0; c < cpu_count; c++, at += RATION_RECORD_CPU_SIZE) {
		put(at, t->cpu[c].core, 2);
		put(at + 2, t->cpu[c].llc, 2);
		put(at + 4, t->cpu[c].package, 2);
		put(at + 6, t->cpu[c].node, 2);
		put(at + 8, t->cpu[c].capacity, 2);
		put(at + 10, t->cpu[c].online, 2);
	}
	for (node = 0; node < t->node_count; node++, at += t->node_count)
		__builtin_memcpy(at, t->distance[node], t->node_count);
	return at;
}

size_t ration_record_header(const struct ration_config *config, ration_ns start_ns,
                            const char *writer, const char *machine, void *buffer, size_t size)
{
	const struct ration_topology *t = config->topology;
	uint8_t *base = buffer, *at = base + HEADER_END;
	uint32_t i;

	if (size < RATION_RECORD_HEADER_MAX || config->policy_count > RATION_RECORD_POLICY_MAX)
		return 0;
	__builtin_memset(base, 0, RATION_RECORD_HEADER_MAX);
	__builtin_memcpy(base, RATION_RECORD_MAGIC, 8);
	put(base + HEADER_VERSION, RATION_RECORD_VERSION, 4);
	put(base + HEADER_LIMITS, config->limits.cpu_count, 4);
	put(base + HEADER_LIMITS + 4, config->limits.dom_count, 4);
	put(base + HEADER_LIMITS + 8, config->limits.vcpu_count, 4);
	put(base + HEADER_LIMITS + 12, config->policy_count, 4);
	/* None is above a second: see ration_init(). */
	put(base + HEADER_TSLICE, config->params.tslice_ns, 4);
	put(base + HEADER_OVERHEAD, config->margins.overhead_ns, 4);
	put(base + HEADER_RATELIMIT, config->params.ratelimit_ns, 4);
	put(base + HEADER_RESERVE, config->margins.reserve_ppm, 4);
	put(base + HEADER_START, start_ns, 8);
	put_text(base + HEADER_WRITER, writer, HEADER_MACHINE - HEADER_WRITER);
	put_text(base + HEADER_MACHINE, machine, HEADER_POLICIES - HEADER_MACHINE);
	for (i = 0; i < config->policy_count; i++, at += RATION_RECORD_POLICY_SIZE)
		put_text(at, ration_policy_name(config->policies[i]), RATION_RECORD_POLICY_SIZE);
	if (t != NULL) {
		put(base + HEADER_NODES, t->node_count, 4);
		at = put_topology(at, t, config->limits.cpu_count);
	}
	size = (size_t)(at - base) + 4;
	put(base + HEADER_SIZE, size, 4);
	put(at, ration_record_crc(base, size - 4), 4);
	return size;
}

/* ---- Blocks ------------------------------------------------------------ */

uint64_t ration_record_pending(const struct ration_record *rec)
{
	/* In this order: else a drain in between would leave less than nothing. */
	uint64_t tail = __atomic_load_n(&rec->tail, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&rec->head, __ATOMIC_ACQUIRE) - tail;
}

size_t ration_record_drain(struct ration_record *rec, void *buffer, size_t size)
{
	uint8_t *base = buffer, *at = base + RATION_RECORD_BLOCK_HEAD;
	uint64_t tail = rec->tail, count = ration_record_pending(rec), i;

	if (size < RATION_RECORD_BLOCK_MIN || count == 0)
		return 0;
	if (count > (size - RATION_RECORD_BLOCK_HEAD) / 8)
		count = (size - RATION_RECORD_BLOCK_HEAD) / 8;
	if (count > RATION_RECORD_BLOCK_WORDS)
		count = RATION_RECORD_BLOCK_WORDS;
	for (i = 0; i < count; i++)
		put_word(at + 8 * i, rec->ring[(tail + i) & rec->mask]);
	/* The words are copied: the writer may have their place. */
	__atomic_store_n(&rec->tail, tail + count, __ATOMIC_RELEASE);
	__builtin_memcpy(base, block_magic, sizeof block_magic);
	put(base + 4, count, 4);
	put(base + 8, tail, 8);
	put(base + 16, ration_record_crc(at, 8 * count), 4);
	put(base + 20, ration_record_crc(base, 20), 4);
	return RATION_RECORD_BLOCK_HEAD + 8 * count;
}

/* ---- For readers ------------------------------------------------------- */

struct ration_record_word ration_record_split(uint64_t word)
{
	struct ration_record_word head;
	uint64_t cpu = word >> RECORD_CPU_SHIFT & RECORD_NOWHERE;

	head.check = (uint32_t)(word & RECORD_CHECK_MASK);
	head.verb = (uint32_t)(word >> RECORD_VERB_SHIFT & RECORD_VERB_MASK);
	head.cpu = cpu == RECORD_NOWHERE ? RATION_CPU_NONE : (ration_cpu)cpu;
	head.slot = (uint32_t)(word >> RECORD_SLOT_SHIFT & UINT16_MAX);
	head.delta_ns = (uint32_t)(word >> RECORD_DELTA_SHIFT);
	return head;
}

uint32_t ration_record_args(struct ration_record_word head)
{
	switch (head.verb) {
	case RECORD_TIME:
	case RECORD_GAP:
	case RECORD_YIELD_TO:
		return 1;
	case RECORD_NAME:
		return head.cpu < RATION_RECORD_ARG_MAX ? head.cpu : RATION_RECORD_ARG_MAX;
	case RECORD_PIN:
	case RECORD_DOM_CHARGE:
	case RECORD_PARAMS:
		return 2;
	case RECORD_ADMIT:
		return 3;
	case RECORD_DOM_ADMIT:
		return 1 + RATION_RECORD_ATTR_WORDS;
	case RECORD_DOM_SET:
		return RATION_RECORD_ATTR_WORDS;
	default:
		return 0;
	}
}

void ration_record_attr_put(const struct ration_attr *attr, uint64_t word[])
{
	word[0] = (uint64_t)attr->cap_ppm << 32 | attr->weight;
	word[1] = (uint64_t)attr->shadow << 33 | (uint64_t)attr->extratime << 32 | attr->floor_ppm;
	word[2] = attr->burst_ns;
	word[3] = attr->period_ns;
	word[4] = attr->slice_ns;
	word[5] = attr->latency_ns;
}

void ration_record_attr_take(const uint64_t word[], struct ration_attr *attr)
{
	attr->weight = (uint32_t)word[0];
	attr->cap_ppm = (uint32_t)(word[0] >> 32);
	attr->floor_ppm = (uint32_t)word[1];
	attr->extratime = (word[1] >> 32 & 1) != 0;
	attr->shadow = (word[1] >> 33 & 1) != 0;
	attr->burst_ns = word[2];
	attr->period_ns = word[3];
	attr->slice_ns = word[4];
	attr->latency_ns = word[5];
}

const char *ration_record_verb_name(uint32_t verb)
{
	static const char *const name[RECORD_VERB_COUNT] = {
		"nothing", "time", "gap", "end", "name", "decide", "decide", "saved", "expire", "wake",
		"block", "yield", "yield_to", "pause", "resume", "down", "up", "pin", "admit", "leave",
		"dom_admit", "dom_leave", "dom_set", "dom_pause", "dom_resume", "dom_charge",
		"cpu_down", "cpu_up", "params_set", "policy_set"
	};

	return verb < RECORD_VERB_COUNT ? name[verb] : "unknown";
}
