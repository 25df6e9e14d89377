/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_record.h - drives an instance and writes down every event that enters
 * it, so that `ration replay` can feed the same events to the same machine code
 * and compare each answer.
 *
 * A host that calls ration_record_<verb>() in place of ration_<verb>() has its
 * events recorded while the recorder is on; while it is off the cost is one
 * branch.  The calls are made as the verbs are: one at a time, under the host's
 * lock.  Recording must be on from the first verb after ration_init().
 *
 * THE RING is the host's memory.  Verbs write to it; one reader at a time
 * drains it with ration_record_drain(), at any moment and from any CPU, with no
 * lock.  Nothing that is not drained is ever overwritten: an event that finds
 * no room is lost, and the next one that does is preceded by a gap, which says
 * how many are.  A replay stops there, since what follows cannot be checked.
 * Five words are kept free for the end, which is never lost.
 *
 * THE LOG is a file header, then blocks, all numbers little-endian:
 *
 *      header  byte 0 "RATION\x1a\n"; u32 at 8 version, 12 bytes of the header,
 *              16 CPUs, 20 domains, 24 vCPUs, 28 policies, 32 tslice, 36
 *              overhead, 40 ratelimit, 44 reserve; u64 at 48 start time; u32 at
 *              56 NUMA nodes (0: a flat machine); text at 64 who wrote it (32
 *              bytes), 96 the machine (96); at 192 the policies' names (16 bytes
 *              each); where there are nodes: of each CPU core, llc, package, node,
 *              capacity, on line (u16 each), and the distances, row by row (u8);
 *              CRC-32 of all that
 *      block   "RBLK", word count, index of the first word, CRC-32 of the
 *              words, CRC-32 of the four; words of 8 bytes
 *
 * The words of all blocks are one stream of records; a record may span two
 * blocks.  The first word of a record:
 *
 *      bit  0..15  check    44..63  ns since the record before (a RECORD_TIME
 *          16..20  verb             record stands before, if 20 bits are too few)
 *          21..27  CPU: the argument of decide, saved, cpu_down and cpu_up;
 *                  else where the event came from (127: nowhere in particular)
 *          28..43  slot: a vCPU or domain, see the table at the verbs
 *
 * and then as many words of arguments as the verb has.  `check` holds what the
 * verb answered (status, effects, decision), chained from record to record: a
 * replay that answers otherwise has another check from that record on.  Every
 * bit of a record counts into its check too: where one bit is changed and the
 * answer stays the same, the check is wrong.  (Where the answer changes with
 * it, the two can cancel out, once in 65,536; the next record's check is wrong
 * then, and the CRC of the block is in any case.)
 *
 * COST.  About 40 instructions and 8 bytes an event.
 */
#ifndef RATION_RECORD_H
#define RATION_RECORD_H

#include "ration.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RATION_RECORD_VERSION   1u
#define RATION_RECORD_WORDS_MIN 256u        /* of a ring */
#define RATION_RECORD_NAME_MAX  255u        /* bytes of a name */

/* What a record is.        slot                 words of arguments */
enum ration_record_verb {
	RECORD_NONE,
	RECORD_TIME,         /*                              1: ns more until the next record */
	RECORD_GAP,          /*                              1: events lost before the next record */
	RECORD_END,          /* nothing follows; its time is the end of the recording */
	RECORD_NAME,         /* domain; CPU: n               n words of text, padded with 0 */
	RECORD_IDLE,         /* decide, which answered idle */
	RECORD_DECIDE,       /* decide: the vCPU that it answered */
	RECORD_SAVED,
	RECORD_EXPIRE,
	RECORD_WAKE,         /* vCPU */
	RECORD_BLOCK,        /* vCPU */
	RECORD_YIELD,        /* vCPU */
	RECORD_YIELD_TO,     /* vCPU;                        1: the other's slot */
	RECORD_PAUSE,        /* vCPU */
	RECORD_RESUME,       /* vCPU */
	RECORD_DOWN,         /* vCPU */
	RECORD_UP,           /* vCPU */
	RECORD_PIN,          /* vCPU;                        2: hard, soft */
	RECORD_ADMIT,        /* domain;                      3: idx, hard, soft */
	RECORD_LEAVE,        /* vCPU */
	RECORD_DOM_ADMIT,    /*                              7: id, attributes */
	RECORD_DOM_LEAVE,    /* domain */
	RECORD_DOM_SET,      /* domain;                      6: attributes */
	RECORD_DOM_PAUSE,    /* domain */
	RECORD_DOM_RESUME,   /* domain */
	RECORD_DOM_CHARGE,   /* domain;                      2: ns, kind */
	RECORD_CPU_DOWN,     /* 1: forced */
	RECORD_CPU_UP,
	RECORD_PARAMS,       /*                              2: tslice, ratelimit */
	RECORD_POLICY,       /* index among the configured */
	RECORD_VERB_COUNT
};

#define RATION_RECORD_ATTR_WORDS 6u
#define RATION_RECORD_ARG_MAX    32u         /* words of any record but the first */

/* The first word of a record, taken apart. */
struct ration_record_word {
	uint32_t verb, cpu, slot;    /* cpu: RATION_CPU_NONE for 127 */
	uint32_t delta_ns, check;
};

struct ration_record {
	struct ration *instance;
	ration_cpu from;             /* whose verbs come now; RATION_CPU_NONE: no CPU's */

	/* the rest is the recorder's own */
	const struct ration_policy *const *policies;
	uint32_t policy_count;
	uint64_t *word;              /* the ring, for the writer; NULL: off */
	uint64_t *ring;              /* the same, for the reader, who goes on after the end */
	uint64_t mask;               /* words - 1 */
	uint64_t chain;
	ration_ns last_ns;
	uint64_t head;               /* words written; published for the reader */
	uint64_t room;               /* words that may be written before tail is read again */
	uint64_t tail;               /* words drained; published for the writer */
	uint64_t events, lost, lost_total;
};

/*
 * A recorder that is off, for the instance that was made with `config`
 * (whose policies outlive it).  O(1).
 */
void ration_record_init(struct ration_record *rec, struct ration *instance,
                        const struct ration_config *config);

/*
 * On: from now into the ring of `words` words, a power of two, at least
 * RATION_RECORD_WORDS_MIN.  `start_ns` is the time given to ration_init().
 * Asserts that it is off, and nothing left to drain.  O(1).
 */
void ration_record_start(struct ration_record *rec, uint64_t *ring, uint64_t words,
                         ration_ns start_ns);

/* Is it on?  Under the host's lock. */
static inline bool ration_record_is_on(const struct ration_record *rec)
{
	return rec->word != NULL;
}

/* The last record; then it is off, and what is in the ring can be drained.  O(1). */
void ration_record_end(struct ration_record *rec, ration_ns now);

/* What a person calls the domain; cut off after RATION_RECORD_NAME_MAX bytes, and
 * left out where there is no room.  O(length). */
void ration_record_name(struct ration_record *rec, const struct ration_dom *dom, const char *text);

/* Events recorded and lost so far (END and names not counted).  Read as verbs are
 * called: under the host's lock. */
uint64_t ration_record_events(const struct ration_record *rec);
uint64_t ration_record_lost(const struct ration_record *rec);

/* Words that wait to be drained: when to drain is the host's choice.  At any
 * moment, from anywhere. */
uint64_t ration_record_pending(const struct ration_record *rec);

/*
 * The file header into buffer: returns its bytes, or 0 if `size` is less than
 * RATION_RECORD_HEADER_MAX or there are more policies than RATION_RECORD_POLICY_MAX.
 * `writer` says who: "ration run 0.1.0", at most 31 bytes of it; `machine` what
 * on, at most 95.  config->topology may be NULL.  O(CPUs + nodes^2).
 */
#define RATION_RECORD_MAGIC       "RATION\x1A\n"
#define RATION_RECORD_HEADER_MAX  8192u
#define RATION_RECORD_POLICY_MAX  64u
#define RATION_RECORD_POLICY_SIZE 16u         /* bytes of a policy's name, padded with 0 */
#define RATION_RECORD_CPU_SIZE    12u         /* bytes of a CPU of the topology */
size_t ration_record_header(const struct ration_config *config, ration_ns start_ns,
                            const char *writer, const char *machine, void *buffer, size_t size);

/*
 * The next block into buffer, of at least RATION_RECORD_BLOCK_MIN bytes:
 * returns its bytes, 0 when nothing waits.  May run while verbs are recorded.
 * O(bytes).
 */
#define RATION_RECORD_BLOCK_HEAD  24u
#define RATION_RECORD_BLOCK_MIN   64u
#define RATION_RECORD_BLOCK_WORDS 8192u       /* at most, whatever the buffer */
size_t ration_record_drain(struct ration_record *rec, void *buffer, size_t size);

/* For readers: CRC-32 (the one of Ethernet) of bytes; a first word taken apart;
 * words of arguments of such a record; the attributes in six words, and back. */
uint32_t ration_record_crc(const void *bytes, size_t size);
struct ration_record_word ration_record_split(uint64_t word);
uint32_t ration_record_args(struct ration_record_word head);
void ration_record_attr_put(const struct ration_attr *attr, uint64_t word[]);
void ration_record_attr_take(const uint64_t word[], struct ration_attr *attr);

/* "decide", "wake", ...; never NULL. */
const char *ration_record_verb_name(uint32_t verb);

/* ---- The verbs of ration.h, recorded ----------------------------------- */

/* Arguments, answers and costs are those of ration_<verb>(); of the protocol: */
void ration_record_decide(struct ration_record *rec, ration_cpu c, ration_ns now,
                          struct ration_decision *decision, struct ration_effects *fx);
void ration_record_saved(struct ration_record *rec, ration_cpu c, ration_ns now,
                         struct ration_effects *fx);
void ration_record_expire(struct ration_record *rec, ration_ns now, struct ration_effects *fx);

/* of vCPUs: ration_vcpu_<verb>(); */
void ration_record_wake(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                        struct ration_effects *fx);
void ration_record_block(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx);
void ration_record_yield(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx);
void ration_record_yield_to(struct ration_record *rec, struct ration_vcpu *v,
                            struct ration_vcpu *other, ration_ns now, struct ration_effects *fx);
void ration_record_pause(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                         struct ration_effects *fx);
void ration_record_resume(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                          struct ration_effects *fx);
void ration_record_down(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                        struct ration_effects *fx);
void ration_record_up(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                      struct ration_effects *fx);
int ration_record_pin(struct ration_record *rec, struct ration_vcpu *v,
                      struct ration_affinity affinity, ration_ns now, struct ration_effects *fx,
                      struct ration_refusal *why);
int ration_record_admit(struct ration_record *rec, struct ration_dom *dom, uint32_t idx,
                        struct ration_affinity affinity, ration_ns now, struct ration_effects *fx,
                        struct ration_vcpu **vcpu, struct ration_refusal *why);
int ration_record_leave(struct ration_record *rec, struct ration_vcpu *v, ration_ns now,
                        struct ration_effects *fx);

/* of domains; */
int ration_record_dom_admit(struct ration_record *rec, uint32_t id, const struct ration_attr *attr,
                            ration_ns now, struct ration_effects *fx, struct ration_dom **dom);
int ration_record_dom_leave(struct ration_record *rec, struct ration_dom *dom, ration_ns now,
                            struct ration_effects *fx);
int ration_record_dom_set(struct ration_record *rec, struct ration_dom *dom,
                          const struct ration_attr *attr, ration_ns now, struct ration_effects *fx,
                          struct ration_refusal *why);
void ration_record_dom_pause(struct ration_record *rec, struct ration_dom *dom, ration_ns now,
                             struct ration_effects *fx);
void ration_record_dom_resume(struct ration_record *rec, struct ration_dom *dom, ration_ns now,
                              struct ration_effects *fx);
void ration_record_dom_charge(struct ration_record *rec, struct ration_dom *dom, ration_ns ns,
                              enum ration_helper kind, ration_ns now, struct ration_effects *fx);

/* and of the instance. */
int ration_record_cpu_down(struct ration_record *rec, ration_cpu c, bool force, ration_ns now,
                           struct ration_effects *fx, struct ration_refusal *why);
int ration_record_cpu_up(struct ration_record *rec, ration_cpu c, ration_ns now,
                         struct ration_effects *fx);
int ration_record_params_set(struct ration_record *rec, const struct ration_params *params,
                             ration_ns now, struct ration_effects *fx);
/* The policy is one of the configured (asserted: a record names it by its index). */
int ration_record_policy_set(struct ration_record *rec, const struct ration_policy *policy,
                             ration_ns now, struct ration_effects *fx, struct ration_refusal *why);

#ifdef __cplusplus
}
#endif
#endif
