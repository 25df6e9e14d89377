/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_control.h - how a machine that libration schedules is seen and changed
 * from outside: requests and answers over a line of bytes, and who carries them
 * out.  One parser for every world: a hypervisor's serial port and hypercalls,
 * the simulator, the threads.
 *
 * THE LINE carries frames, either way.  All numbers are little-endian, nothing
 * is padded.
 *
 *      byte  0  A7 52 43 54 (RATION_CONTROL_MAGIC)
 *            4  u8   version (1)
 *            5  u8   kind: 0 request, 1 answer
 *            6  u16  op, enum ration_control_op
 *            8  u32  id: the answer has its request's
 *           12  u32  length of the payload: 0..1024 of a request, ..8256 of an answer
 *           16  u32  CRC-32 (Ethernet's) of the payload
 *           20  u32  CRC-32 of bytes 0..19
 *           24  payload
 *
 * What is no frame is skipped up to the next magic, byte by byte; a frame whose
 * payload has another CRC is dropped whole, since a payload may contain what a
 * guest wrote, and must not be read as frames.  Nothing is answered then: a
 * client that gets no answer in time asks again, after RATION_CONTROL_REQUEST_MAX
 * bytes of 0, which end a frame that somebody else began.  A request with
 * another version is answered with RATION_CONTROL_E_VERSION.  Requests are answered in order;
 * while an answer waits to be taken no further request is read.
 *
 * AN ANSWER'S payload is i32 status; if that is not 0, a sentence in the rest
 * (no 0 at its end): what was wrong and what was expected.  Else the body.
 *
 *      op              request                         body of the answer
 *      INFO            -                               struct ration_control_info
 *      TOPOLOGY        -                               u32 CPUs, u32 nodes, then each CPU:
 *                                                      struct ration_control_cpu; then the
 *                                                      distances, u8, row by row
 *      LIST            u32 first id                    domains by rising id, as many as fit:
 *                                                      struct ration_control_domain each
 *      VCPUS           u32 dom, u32 how many to skip   vCPUs in the order in which they came:
 *                                                      struct ration_control_vcpu each
 *      LEDGER          u32 dom, u32 vCPU or ALL        struct ration_control_ledger
 *      CREATE          text: what the host makes       u32 id
 *                      domains of
 *      DESTROY         u32 dom                         -
 *      PAUSE           u32 dom, u32 1 pause, 0 go on   -
 *      SET             u32 dom, u32 set of             -
 *                      RATION_ATTR_x, attributes
 *      PIN             u32 dom, u32 vCPU or ALL,       -
 *                      u64 hard, u64 soft
 *      VCPU            u32 dom, u32 vCPU, u32 on line  -
 *      CPU             u32 CPU, u32 1 on line, 2 off   -
 *                      line by force, 0 off line
 *      POLICY          text: name                      -
 *      PARAMS          u32 set of RATION_ATTR_TSLICE   -
 *                      and _RATELIMIT, u64 tslice ns,
 *                      u64 ratelimit ns
 *      CONSOLE_READ    u32 dom, u64 from byte          u64 first byte (later than asked for,
 *                                                      if that is gone), bytes
 *      CONSOLE_WRITE   u32 dom, bytes                  u32 how many were taken
 *      LOG             u32 1 end, 0 go on, u64 from    u64 from, u32 1 if nothing follows,
 *                      byte                            bytes
 *      SHUTDOWN        u32 0 power off, 1 reset        -
 *
 * Structures are their fields in the order of the declarations below, u8, u16,
 * u32, u64 or i64, texts padded with 0 to their whole size, and:
 *      attributes  u32 weight, cap (ppm), floor (ppm), bit 0 extratime and 1 shadow;
 *                  u64 burst, period, slice, latency (ns)
 *      affinity    u64 hard, soft
 *      ledger      u64 running; waiting by enum ration_wait (8); blocked, down (ns)
 *
 * LIST and VCPUS are asked again from where they ended until they answer nothing.
 * The LOG is handed out once: `from` is where it stands, and what was read cannot
 * be read again but for the header.  A request whose answer is lost may have been
 * carried out.
 *
 * WHO MAY.  A channel is privileged (a serial line, dom0) or belongs to a domain,
 * which may ask LIST, VCPUS and LEDGER of itself, and sees nobody else.
 */
#ifndef RATION_CONTROL_H
#define RATION_CONTROL_H

#include "ration_lock.h"
#include "ration_port.h"
#include "ration_reason.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RATION_CONTROL_VERSION     1u
#define RATION_CONTROL_MAGIC       0x544352A7u   /* as a u32 */
#define RATION_CONTROL_HEAD        24u
#define RATION_CONTROL_REQUEST_MAX 1024u         /* bytes of payload */
#define RATION_CONTROL_ANSWER_MAX  8256u
#define RATION_CONTROL_FRAME_MAX   (RATION_CONTROL_HEAD + RATION_CONTROL_ANSWER_MAX)
#define RATION_CONTROL_ALL         UINT32_MAX    /* every vCPU of the domain */
#define RATION_CONTROL_NAME_SIZE   32u
#define RATION_CONTROL_POLICY_MAX  8u

enum ration_control_kind { RATION_CONTROL_REQUEST, RATION_CONTROL_ANSWER };

enum ration_control_op {
	RATION_CONTROL_INFO = 1,
	RATION_CONTROL_TOPOLOGY,
	RATION_CONTROL_LIST,
	RATION_CONTROL_VCPUS,
	RATION_CONTROL_LEDGER,
	RATION_CONTROL_CREATE,
	RATION_CONTROL_DESTROY,
	RATION_CONTROL_PAUSE,
	RATION_CONTROL_SET,
	RATION_CONTROL_PIN,
	RATION_CONTROL_VCPU,
	RATION_CONTROL_CPU,
	RATION_CONTROL_POLICY,
	RATION_CONTROL_PARAMS,
	RATION_CONTROL_CONSOLE_READ,
	RATION_CONTROL_CONSOLE_WRITE,
	RATION_CONTROL_LOG,
	RATION_CONTROL_SHUTDOWN,
	RATION_CONTROL_OP_END
};

/* Besides enum ration_status. */
enum ration_control_status {
	RATION_CONTROL_E_VERSION = -32,  /* another version of this format */
	RATION_CONTROL_E_OP = -33,       /* no such op */
	RATION_CONTROL_E_FORM = -34,     /* the payload is not what the op has */
	RATION_CONTROL_E_RIGHT = -35,    /* not from there */
	RATION_CONTROL_E_NONE = -36,     /* no such domain, vCPU, CPU or policy */
	RATION_CONTROL_E_HOST = -37      /* the host cannot */
};

/* ---- Frames ------------------------------------------------------------ */

struct ration_control_frame {
	uint32_t version, kind, op, id, length;
	const uint8_t *payload;
};

/* Where a frame is put together from bytes as they come.  Zeroed, but for `kind`
 * (what is expected; frames of the other kind are skipped): empty. */
struct ration_control_reader {
	uint32_t kind;
	uint32_t length;
	bool is_complete;            /* until more is fed, `bytes` holds a frame */
	uint64_t skipped;            /* bytes that were no frame's */
	uint8_t bytes[RATION_CONTROL_FRAME_MAX];
};

/* Take bytes until a frame is complete: *frame then, whose payload is good until
 * the next call, and *is_complete.  Returns how many were taken.  O(size), and up
 * to O(frame) for each byte that is no frame's. */
size_t ration_control_feed(struct ration_control_reader *reader, const uint8_t *bytes, size_t size,
                           struct ration_control_frame *frame, bool *is_complete);

/* Write the head of the frame whose payload stands already at to + RATION_CONTROL_HEAD,
 * `version` as it is; returns the length of the whole. */
size_t ration_control_seal(const struct ration_control_frame *frame, uint8_t *to);

/* ---- Payloads ---------------------------------------------------------- */

/* A payload as it is read or written.  The functions below do either: what is read
 * is put into what they point to. */
struct ration_control_wire {
	uint8_t *bytes;
	uint32_t size, at;
	bool is_reading;
	bool is_short;               /* something did not fit, or was not there */
};

struct ration_control_request {
	uint32_t op;
	uint32_t dom;                /* an id; of LIST the first one wanted */
	uint32_t vcpu;               /* a number; of VCPUS how many to skip */
	uint32_t cpu;
	uint32_t on;                 /* PAUSE, VCPU, CPU, LOG and SHUTDOWN: which */
	uint32_t attr_set;           /* which of the attributes or parameters are meant */
	struct ration_attr attr;
	struct ration_affinity affinity;
	struct ration_params params;
	uint64_t from;
	const uint8_t *bytes;        /* what has no fixed length, `length` of it */
	uint32_t length;
};

struct ration_control_info {
	char writer[32];             /* "libration-hv 0.1.0" */
	char machine[96];
	uint32_t cpu_count, dom_limit, vcpu_limit;
	uint32_t policy, policy_count;   /* the one in force: its index below */
	uint32_t honoured;           /* RATION_ATTR_x that it acts on */
	uint64_t online;             /* CPUs */
	uint64_t now_ns, start_ns, tslice_ns, ratelimit_ns;
	uint64_t events, lost;       /* of the recorder */
	uint64_t log_at;             /* bytes of the log handed out */
	uint32_t is_recording;
	char policy_name[RATION_CONTROL_POLICY_MAX][RATION_RECORD_POLICY_SIZE];
};

struct ration_control_cpu {
	uint16_t core, llc, package, node, capacity, online;
	uint64_t busy_ns, idle_ns, overhead_ns, offline_ns, dispatches, migrations;
};

enum ration_control_flag {
	RATION_CONTROL_PRIVILEGED = 1u << 0,
	RATION_CONTROL_PAUSED = 1u << 1,
	RATION_CONTROL_DYING = 1u << 2
};

struct ration_control_domain {
	uint32_t id;
	uint32_t flags;              /* RATION_CONTROL_x */
	char name[RATION_CONTROL_NAME_SIZE];
	uint64_t memory_bytes;
	uint32_t vcpu_count;
	uint32_t running_count;      /* of its vCPUs, at this moment */
	uint64_t running_ns, waiting_ns;
	struct ration_attr attr;
};

struct ration_control_vcpu {
	uint32_t idx;
	uint8_t state, cause;        /* enum ration_state, enum ration_wait */
	uint8_t online, paused;
	uint32_t cpu;                /* RATION_CPU_NONE: it never ran */
	struct ration_affinity affinity;
	uint64_t running_ns, waiting_ns;
	int64_t lag_ns;
};

struct ration_control_ledger {
	uint64_t now_ns;             /* the moment at which the books stand so */
	struct ration_ledger ledger;
	uint64_t helper_ns[RATION_HELPER_COUNT];  /* of a domain; else 0, and so below */
	uint64_t held_count, held_ns;             /* struct ration_shadow */
};

/* Read or write the payload of a request of q->op.  0, RATION_CONTROL_E_OP or _FORM. */
int ration_control_wire_request(struct ration_control_wire *w, struct ration_control_request *q);

/* Read the status of an answer: its body follows in *w, or the sentence in the rest. */
void ration_control_wire_answer(const struct ration_control_frame *frame,
                                struct ration_control_wire *w, int32_t *status);

/* Parts of bodies.  False, and nothing is moved: it is not there, or does not fit. */
bool ration_control_wire_u32(struct ration_control_wire *w, uint32_t *value);
bool ration_control_wire_u64(struct ration_control_wire *w, uint64_t *value);
bool ration_control_wire_bytes(struct ration_control_wire *w, void *bytes, uint32_t size);
bool ration_control_wire_info(struct ration_control_wire *w, struct ration_control_info *info);
bool ration_control_wire_cpu(struct ration_control_wire *w, struct ration_control_cpu *cpu);
bool ration_control_wire_domain(struct ration_control_wire *w,
                                struct ration_control_domain *domain);
bool ration_control_wire_vcpu(struct ration_control_wire *w, struct ration_control_vcpu *vcpu);
bool ration_control_wire_ledger(struct ration_control_wire *w,
                                struct ration_control_ledger *ledger);

/* ---- Who carries them out ---------------------------------------------- */

/*
 * What is not the scheduler's.  Each returns 0, or a status with, if it likes, a
 * sentence in *why.  Called without the port's lock: they may call the port.
 */
struct ration_control_host {
	void *context;
	/* Make a domain out of `length` bytes of text; *id is its number. */
	int (*create)(void *context, const char *text, uint32_t length, uint32_t *id,
	              struct ration_reason *why);
	int (*destroy)(void *context, uint32_t dom, struct ration_reason *why);
	/* To pause what is paused, and to let go on what is not, is no error. */
	int (*pause)(void *context, uint32_t dom, bool pause, struct ration_reason *why);
	/* Fill in flags, name and memory of the domain; RATION_CONTROL_E_NONE: it is gone. */
	int (*describe)(void *context, uint32_t dom, struct ration_control_domain *domain);
	/* What the domain printed, from byte *from on: at most *size bytes, which is set to
	 * how many, and *from to the first one that is still there, or where it will go on. */
	int (*console_read)(void *context, uint32_t dom, uint64_t *from, uint8_t *to,
	                    uint32_t *size, struct ration_reason *why);
	/* Type so many bytes; *size is set to how many were taken. */
	int (*console_write)(void *context, uint32_t dom, const uint8_t *bytes, uint32_t *size,
	                     struct ration_reason *why);
	/* Soon: the answer should get out before. */
	int (*shutdown)(void *context, bool is_reset, struct ration_reason *why);
};

/* A machine that can be controlled; its channels share it. */
struct ration_control {
	struct ration_port *port;
	const struct ration_config *config;     /* given to ration_init(); with its topology it stays */
	struct ration_control_host host;
	ration_ns start_ns;
	const char *writer, *machine;           /* for INFO and the header of the log */
	struct ration_lock log_lock;            /* what follows: how far the log was handed out */
	uint64_t log_at;
	bool log_is_begun;                      /* beyond the header */
};

/* The recorder, if it is to be read, was started before the first verb. */
void ration_control_init(struct ration_control *control, struct ration_port *port,
                         const struct ration_config *config, ration_ns start_ns,
                         const struct ration_control_host *host, const char *writer,
                         const char *machine);

/* One who asks.  Used by one CPU at a time. */
struct ration_control_channel {
	struct ration_control *control;
	bool is_privileged;
	uint32_t dom;                           /* whose channel it is, if not privileged */
	uint32_t answer_length, answer_at;      /* of the answer that is being taken */
	struct ration_control_reader reader;
	uint8_t answer[RATION_CONTROL_FRAME_MAX];
};

/* `dom` counts where it is not privileged. */
void ration_control_open(struct ration_control_channel *channel, struct ration_control *control,
                         bool is_privileged, uint32_t dom);

/*
 * Bytes from the line.  A request that they complete is carried out in this call.
 * Returns how many were taken: fewer while an answer waits to be taken.  Called
 * without any lock that the host's functions or the port take.
 */
size_t ration_control_put(struct ration_control_channel *channel, const uint8_t *bytes,
                          size_t size);

/* Bytes for the line: how many, at most `size`. */
size_t ration_control_take(struct ration_control_channel *channel, uint8_t *bytes, size_t size);

/*
 * Carry out one request, into *w, which is writing: status, then body or sentence.
 * For hosts that have no line, but calls.  O() as the verbs that it needs; LIST
 * O(domains) for each one that it lists.
 */
void ration_control_do(struct ration_control *control, bool is_privileged, uint32_t caller_dom,
                       const struct ration_control_request *q, struct ration_control_wire *w);

#ifdef __cplusplus
}
#endif
#endif
