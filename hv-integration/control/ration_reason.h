/* SPDX-License-Identifier: BSD-2-Clause */
/* ration_reason.h - why something was refused, as a sentence; for hosts without a C library. */
#ifndef RATION_REASON_H
#define RATION_REASON_H

#include "ration.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RATION_REASON_SIZE 256u

/* A sentence that grows, cut off at the end of its place; always terminated.  Zeroed: "". */
struct ration_reason {
	uint32_t length;
	char text[RATION_REASON_SIZE];
};

/* Add text; a number; millionths of a CPU as per cent with one decimal, rounded: "12.5 %". */
void ration_reason_text(struct ration_reason *to, const char *text);
void ration_reason_number(struct ration_reason *to, uint64_t number);
void ration_reason_percent(struct ration_reason *to, uint64_t ppm);

/* Add what a person calls the domain of that id. */
typedef void ration_reason_name(void *context, uint32_t id, struct ration_reason *to);

/*
 * Add what a verb answered: of RATION_E_CAPACITY which CPUs, how much is missing
 * there, what would have fitted and who holds it; of others the status in words.
 * Of a deadline, also as a slice or a period, if `attr` is what was asked for.  `why`
 * and `attr` may be NULL.  O(holders).
 */
void ration_reason_refusal(struct ration_reason *to, int status, const struct ration_refusal *why,
                           const struct ration_attr *attr, ration_reason_name *name, void *context);

/* Add which attribute is out of its range, and what was expected; nothing if none is. */
void ration_reason_attr(struct ration_reason *to, const struct ration_attr *attr);

/* The name of an attribute as users write it: "weight", "extratime", ... */
const char *ration_reason_attr_name(enum ration_attr_bit bit);

#ifdef __cplusplus
}
#endif
#endif
