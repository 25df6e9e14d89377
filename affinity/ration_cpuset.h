/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ration_cpuset.h - a set of at most 64 CPUs, in one word, and its text form.
 *
 * Bit c stands for logical CPU c.  Every operation is O(1) but the text form,
 * which is O(length).
 *
 * CPU lists are written in the grammar that Xen's users know: items separated
 * by commas, each `n`, `a-b`, `all`, or one of those after `^`, which takes
 * CPUs out of what stands before it.  Order matters: "0-3,^1" is 0,2,3 and
 * "0-3,^1,1" is 0-3.  Empty items and blanks are ignored; a list without any
 * item is the empty set.
 */
#ifndef RATION_CPUSET_H
#define RATION_CPUSET_H

#include "ration_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t ration_cpuset;

#define RATION_CPUSET_NONE ((ration_cpuset)0)
#define RATION_CPUSET_ALL  (~(ration_cpuset)0)

/* The set of CPU c alone.  c < RATION_CPU_MAX. */
static inline ration_cpuset ration_cpuset_of(ration_cpu c)
{
	return (ration_cpuset)1 << c;
}

/* CPUs 0..count-1.  count <= RATION_CPU_MAX. */
static inline ration_cpuset ration_cpuset_first_count(uint32_t count)
{
	return count >= RATION_CPU_MAX ? RATION_CPUSET_ALL : ((ration_cpuset)1 << count) - 1;
}

static inline bool ration_cpuset_has(ration_cpuset set, ration_cpu c)
{
	return c < RATION_CPU_MAX && (set >> c & 1) != 0;
}

/* The lowest CPU of a set that is not empty. */
static inline ration_cpu ration_cpuset_first(ration_cpuset set)
{
	return (ration_cpu)__builtin_ctzll(set);
}

/* Is every CPU of `part` in `whole`? */
static inline bool ration_cpuset_within(ration_cpuset part, ration_cpuset whole)
{
	return (part & ~whole) == 0;
}

/* How many CPUs.  Not a builtin: without a popcount instruction gcc would call
 * a function of libgcc, which a hypervisor does not link. */
static inline uint32_t ration_cpuset_count(ration_cpuset set)
{
	set -= set >> 1 & 0x5555555555555555ULL;
	set = (set & 0x3333333333333333ULL) + (set >> 2 & 0x3333333333333333ULL);
	set = (set + (set >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (uint32_t)(set * 0x0101010101010101ULL >> 56);
}

/* Walk a set from the lowest CPU up: at most 64 steps.
 *     for (s = set; s; s = ration_cpuset_rest(s)) use(ration_cpuset_first(s)); */
static inline ration_cpuset ration_cpuset_rest(ration_cpuset set)
{
	return set & (set - 1);
}

/* Where and why a CPU list is wrong. */
struct ration_cpulist_error {
	size_t offset;          /* byte offset of the offending item */
	const char *expected;   /* static text: what should stand there */
};

/*
 * Parse `length` bytes at `text`.  `cpu_count` (1..64) is the number of CPUs
 * of the machine: `all` means all of those, and a higher number is an error
 * (RATION_E_RANGE).  Returns 0 and sets *set; or RATION_E_INVALID or
 * RATION_E_RANGE and fills *error (may be NULL), *set unchanged.
 */
int ration_cpulist_parse(const char *text, size_t length, uint32_t cpu_count,
                         ration_cpuset *set, struct ration_cpulist_error *error);

/* The longest list: 32 ranges or single numbers of two digits, and the end. */
#define RATION_CPULIST_SIZE 128u

/*
 * Write the shortest list that parses back to `set` ("0-3,8") into `buffer`,
 * cut off at `size` but always terminated (size >= 1); the empty set writes
 * "".  Returns the length of the whole list; RATION_CPULIST_SIZE is enough
 * for any set.
 */
size_t ration_cpulist_format(ration_cpuset set, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
