/* SPDX-License-Identifier: BSD-2-Clause */
#include "random.h"

#define ROUNDS 10u

void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
	uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
	uint32_t k0 = key[0], k1 = key[1], round;

	for (round = 0; round < ROUNDS; round++) {
		uint64_t p0 = (uint64_t)0xD2511F53u * c0;
		uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;

		c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)p1;
		c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)p0;
		k0 += 0x9E3779B9u;
		k1 += 0xBB67AE85u;
	}
	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

uint64_t random_draw(uint64_t seed, uint64_t entity, enum random_purpose purpose,
                     uint64_t index)
{
	const uint32_t counter[4] = {
		(uint32_t)index, (uint32_t)(index >> 32 & 0xFFFFFFu) << 8 | (uint32_t)purpose,
		(uint32_t)entity, (uint32_t)(entity >> 32)
	};
	const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
	uint32_t out[4];

	random_philox(counter, key, out);
	return (uint64_t)out[1] << 32 | out[0];
}

uint64_t random_entity(const char *name, uint32_t idx)
{
	uint64_t hash = 0xCBF29CE484222325u;    /* FNV-1a */
	const unsigned char *byte;

	for (byte = (const unsigned char *)name; *byte != 0; byte++)
		hash = (hash ^ *byte) * 0x100000001B3u;
	hash ^= idx;
	return random_splitmix(&hash);
}
