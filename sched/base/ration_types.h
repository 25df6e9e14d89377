/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_types.h - the scalar types, limits and status codes of libration.
 *
 * Units stand last in every name: `_ns` is a time or a length of time in
 * nanoseconds, `_ppm` a share in millionths of one CPU (1,000,000 = one whole
 * CPU).  There is no other unit inside the library.
 */
#ifndef RATION_TYPES_H
#define RATION_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A time since the host's epoch, or a length of time.  A time never exceeds
 * RATION_TIME_MAX (146 years): the sum of two times cannot wrap. */
typedef uint64_t ration_ns;

#define RATION_NS_PER_US 1000ULL
#define RATION_NS_PER_MS 1000000ULL
#define RATION_NS_PER_S  1000000000ULL
#define RATION_TIME_MAX  ((ration_ns)1 << 62)
#define RATION_NEVER     UINT64_MAX       /* "no such time": later than any time */

/* A logical CPU number, 0..RATION_CPU_MAX - 1.  Physical numbers (APIC ids,
 * the numbers of an operating system) exist only at the edge, in the host. */
typedef uint32_t ration_cpu;

#define RATION_CPU_MAX  64u               /* CPUs of one instance: a set is one word */
#define RATION_CPU_NONE UINT32_MAX

#define RATION_PPM      1000000u          /* one whole CPU */

/* What a verb that can fail returns: 0, or one of these.  A verb that fails
 * has changed nothing. */
enum ration_status {
	RATION_OK = 0,
	RATION_E_INVALID = -1,    /* malformed input, or not in this state */
	RATION_E_RANGE = -2,      /* a value outside of its stated range */
	RATION_E_FULL = -3,       /* a limit given at ration_init() is reached */
	RATION_E_EXISTS = -4,     /* the id is taken */
	RATION_E_BUSY = -5,       /* still in use: try again after the next saved */
	RATION_E_CAPACITY = -6,   /* the policy cannot promise it: see ration_refusal */
	RATION_E_POLICY = -7,     /* the present policy does not honour this attribute */
	RATION_E_MEMORY = -8      /* the caller's block is too small or misaligned */
};

/* A short English text for a status, never NULL.  O(1). */
const char *ration_status_text(int status);

#ifdef __cplusplus
}
#endif
#endif
