/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random.h - where chance comes from: a pure function of (seed, entity,
 * purpose, index of the draw).
 *
 * Each guest thus has streams of its own: a domain more, another policy or
 * another order of events shifts nobody else's draws, and two runs that
 * differ in one thing can be compared pair by pair.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum random_purpose {
	RANDOM_RUN,          /* bursts, services */
	RANDOM_BLOCK,        /* sleeps */
	RANDOM_HOLD,         /* lock sections */
	RANDOM_GAP,          /* times between arrivals */
	RANDOM_PURPOSE_COUNT
};

/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
 * as 1, 2, 3", 2011). */
void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Draw number `index` of a purpose of an entity: Philox with the seed as key
 * and (index of 56 bits, purpose, entity) as counter. */
uint64_t random_draw(uint64_t seed, uint64_t entity, enum random_purpose purpose,
                     uint64_t index);

/* An entity's number from a domain's name and a vCPU's index: where a domain
 * stands in the file does not matter. */
uint64_t random_entity(const char *name, uint32_t idx);

/* splitmix64, one step (the generator of the reference workloads). */
static inline uint64_t random_splitmix(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

#ifdef __cplusplus
}
#endif
#endif
